//! A previous response, and how a request follows it.

use super::super::*;
use super::Variant;

/// All of them.
pub(super) fn all() -> Vec<Variant> {
    [whole(), signatures(), keys(), overlaps()].concat()
}

fn whole() -> Vec<Variant> {
    vec![
        ("stale previous response", Check::KsrChainHead, || root(|c| c.input.head = Some(sha256(b"newer")))),
        ("previous of another zone", Check::SkrPrevious, || {
            previous(|p| {
                p.zone = fixture::example();
                for rrsig in p.bundles.iter_mut().map(|bundle| &mut bundle.sets[0].signatures[0].rrsig) {
                    rrsig.signer = fixture::example();
                    rrsig.labels = 1;
                }
            })
        }),
        ("previous with a bundle less", Check::SkrPrevious, || previous(|p| drop(p.bundles.remove(0)))),
        ("previous with a gap", Check::SkrPrevious, || bind(|c| drop(c.previous().bundles.drain(3..6)))),
        ("previous with a bundle by a stranger before its last", Check::SkrPrevious, || {
            previous(|p| {
                let stranger = fixture::ksk(103);
                let set = &mut p.bundles[3].sets[0];
                set.signatures[0].rrsig.key_tag = stranger.key_tag();
                let Records::Dnskey(keys) = &mut set.records else { panic!("DNSKEY first") };
                keys.iter_mut().filter(|key| key.dnskey.is_sep()).for_each(|key| key.dnskey = stranger.clone());
            })
        }),
        ("previous out of order", Check::SkrPrevious, || previous(|p| p.bundles.swap(3, 4))),
    ]
}

fn signatures() -> Vec<Variant> {
    vec![
        ("previous with a bad signature", Check::SkrPreviousSig, || {
            root(|c| c.previous().bundles[4].sets[0].signatures[0].rrsig.signature[7] ^= 1)
        }),
        ("previous without a signature", Check::SkrPreviousSig, || {
            root(|c| c.previous().bundles[4].sets[0].signatures.clear())
        }),
        ("previous without a DNSKEY RRset", Check::SkrPreviousSig, || previous(|p| p.bundles[4].sets.clear())),
        ("previous signed by no key of its bundle", Check::SkrPreviousSig, || {
            previous(|p| p.bundles[4].sets[0].signatures[0].rrsig.key_tag ^= 1)
        }),
        ("previous with another original TTL", Check::SkrPreviousSig, || {
            previous(|p| p.bundles[4].sets[0].signatures[0].rrsig.original_ttl = 60)
        }),
        ("previous with labels", Check::SkrPreviousSig, || {
            previous(|p| p.bundles[4].sets[0].signatures[0].rrsig.labels = 3)
        }),
        ("previous with another validity", Check::SkrPreviousSig, || {
            previous(|p| {
                let rrsig = &mut p.bundles[4].sets[0].signatures[0].rrsig;
                rrsig.expiration = after(rrsig.expiration, days(1));
            })
        }),
        ("previous with two keys of one identifier", Check::SkrPreviousSig, || {
            previous(|p| {
                let Records::Dnskey(keys) = &mut p.bundles[4].sets[0].records else { panic!("DNSKEY first") };
                keys.iter_mut().for_each(|key| key.identifier = Some("Kcurrent".into()));
            })
        }),
    ]
}

fn keys() -> Vec<Variant> {
    vec![
        ("new key in the first bundle", Check::KsrChainKeys, || root(|c| moved(c, "2027-04-01T00:00:00Z", [9, 3, 4]))),
        ("one key more in the first bundle", Check::KsrChainKeys, || {
            proved(|c| {
                c.request().bundles[0].keys.push(fixture::root_key(9));
                c.limits().num_keys_per_bundle = Limit::Unchecked;
                c.limits().num_different_keys_in_all_bundles = Limit::Is(4);
            })
        }),
        ("begins before the previous, BIND", Check::KsrChainKeys, || {
            bind(|c| {
                c.request().bundles.truncate(1);
                c.request().bundles[0].inception = at("2026-12-31T23:00:00Z");
            })
        }),
        ("key that vanishes", Check::KsrChainKeys, || {
            proved(|c| {
                drop(c.request().bundles[0].keys.remove(0));
                c.limits().num_keys_per_bundle = Limit::Unchecked;
                c.limits().num_different_keys_in_all_bundles = Limit::Is(2);
            })
        }),
        ("previous by a foreign KSK", Check::KsrChainKeys, || {
            root(|c| c.key("current").dnskey = Some(fixture::ksk(103)))
        }),
        ("ZSK that vanishes, BIND", Check::KsrChainKeys, || bind(|c| drop(c.request().bundles[0].keys.pop()))),
    ]
}

fn overlaps() -> Vec<Variant> {
    vec![
        ("too late after the previous", Check::KsrChainOverlap, || {
            root(|c| moved(c, "2027-04-05T00:00:00Z", [2, 3, 4]))
        }),
        ("too early before its end", Check::KsrChainOverlap, || root(|c| moved(c, "2027-03-28T00:00:00Z", [2, 3, 4]))),
        ("after the end, BIND", Check::KsrChainOverlap, || {
            bind(|c| {
                for bundle in &mut c.request().bundles {
                    bundle.inception = after(bundle.inception, days(20));
                }
            })
        }),
    ]
}
