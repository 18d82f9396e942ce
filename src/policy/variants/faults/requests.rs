//! A request by itself: ids, keys, proofs of possession.

use super::super::*;
use super::{P256, Variant};

/// All of them.
pub(super) fn all() -> Vec<Variant> {
    [ids(), shapes(), keys(), numbers(), possession()].concat()
}

fn ids() -> Vec<Variant> {
    vec![
        ("zone of no profile", Check::KsrDomain, || root(|c| c.request().zone = fixture::example())),
        ("id answered already", Check::KsrId, || root(|c| c.request().root.as_mut().unwrap().id = "q1".into())),
        ("empty id", Check::KsrId, || root(|c| c.request().root.as_mut().unwrap().id.clear())),
        ("bundle id twice", Check::KsrBundleUnique, || root(|c| c.request().bundles[4].id = Some("q2-3".into()))),
        ("bundle id answered", Check::KsrBundleUnique, || root(|c| c.request().bundles[4].id = Some("q1-3".into()))),
        ("no bundle id", Check::KsrBundleUnique, || root(|c| c.request().bundles[4].id = None)),
        ("time twice", Check::KsrBundleUnique, || bind(|c| c.request().bundles[1].inception = c.first())),
    ]
}

fn shapes() -> Vec<Variant> {
    vec![
        ("flags 257", Check::KsrBundleKeys, || {
            proved(|c| {
                let key = &mut c.request().bundles[8].keys[1].key;
                key.dnskey.flags = 257;
                key.declared_tag = Some(key.dnskey.key_tag());
            })
        }),
        ("protocol 4", Check::KsrBundleKeys, || {
            proved(|c| {
                let key = &mut c.request().bundles[8].keys[1].key;
                key.dnskey.protocol = 4;
                key.declared_tag = None;
            })
        }),
        ("short key", Check::KsrBundleKeys, || {
            proved(|c| {
                let key = &mut c.request().bundles[8].keys[1].key;
                key.dnskey.key.pop();
                key.declared_tag = None;
            })
        }),
        ("wrong tag", Check::KsrBundleKeys, || root(|c| c.request().bundles[4].keys[0].key.declared_tag = Some(1))),
        ("KSK in another guise, BIND", Check::KsrBundleKeys, || {
            bind(|c| {
                let ksk = fixture::ksk(111);
                c.request().bundles[1].keys.push(plain(Dnskey { flags: Dnskey::ZSK, ..ksk }));
            })
        }),
        ("no point of its curve, BIND", Check::KsrBundleKeys, || {
            bind(|c| {
                c.limits().approved_algorithms.push(Algorithm::EcdsaP256Sha256);
                let mut key = p256_zsk();
                key.key.dnskey.key[63] ^= 1;
                c.request().bundles[1].keys.push(key);
            })
        }),
        ("point of small order, Knot", Check::KsrBundleKeys, || {
            knot(|c| {
                let identity = [&[1][..], &[0; 31]].concat();
                let key = Dnskey { flags: Dnskey::ZSK, ..Dnskey::ksk(Algorithm::Ed25519, identity) };
                c.request().bundles[1].keys.push(plain(key));
            })
        }),
    ]
}

fn keys() -> Vec<Variant> {
    vec![
        ("identifier of another key", Check::KsrBundleKeys, || {
            proved(|c| c.request().bundles[8].keys[1].key.identifier = Some("zsk-2".into()))
        }),
        ("no identifier", Check::KsrBundleKeys, || proved(|c| c.request().bundles[8].keys[1].key.identifier = None)),
        ("identifier of a KSK", Check::KsrBundleKeys, || {
            proved(|c| c.request().bundles[8].keys[1].key.identifier = Some("Knext".into()))
        }),
        ("kind not claimed", Check::KsrBundleKeys, || {
            root(|c| {
                c.claimed().algorithms = vec![P256];
                c.limits().approved_algorithms = vec![Algorithm::Ed25519, Algorithm::EcdsaP256Sha256];
            })
        }),
        ("key twice", Check::KsrBundleKeys, || {
            let mut case = proved(|c| {
                c.request().bundles[8].keys[1] = fixture::root_key(3);
                c.limits().num_different_keys_in_all_bundles = Limit::Is(2);
            });
            case.request().bundles[8].signatures.pop();
            case
        }),
        ("no key", Check::KsrBundleKeys, || {
            proved(|c| {
                c.request().bundles[4].keys.clear();
                c.limits().num_keys_per_bundle = Limit::Unchecked;
            })
        }),
    ]
}

fn numbers() -> Vec<Variant> {
    vec![
        ("one bundle less", Check::KsrBundleCount, || {
            root(|c| {
                c.request().bundles.pop();
                c.limits().num_different_keys_in_all_bundles = Limit::Is(2);
                c.limits().min_cycle_inception_length = Limit::Unchecked;
            })
        }),
        ("short cycle", Check::KsrBundleCycleDuration, || {
            root(|c| c.limits().min_cycle_inception_length = Limit::Is(days(81)))
        }),
        ("long cycle", Check::KsrBundleCycleDuration, || {
            root(|c| c.limits().max_cycle_inception_length = Limit::Is(days(79)))
        }),
    ]
}

fn possession() -> Vec<Variant> {
    vec![
        ("proofs swapped", Check::KsrBundlePop, || {
            root(|c| {
                let [first, second] = c.request().bundles[0].signatures.as_mut_slice() else { panic!("two proofs") };
                std::mem::swap(&mut first.rrsig.signature, &mut second.rrsig.signature);
            })
        }),
        ("proof missing", Check::KsrBundlePop, || root(|c| drop(c.request().bundles[0].signatures.pop()))),
        ("proof twice", Check::KsrBundlePop, || {
            root(|c| {
                let bundle = &mut c.request().bundles[4];
                bundle.signatures.push(bundle.signatures[0].clone());
            })
        }),
        ("proof by a stranger", Check::KsrBundlePop, || {
            root(|c| {
                let stranger = c.request().bundles[0].signatures[0].clone();
                c.request().bundles[4].signatures.push(stranger);
            })
        }),
        ("proof with another algorithm", Check::KsrBundlePop, || proof(|p| p.rrsig.algorithm = AlgorithmNumber(13))),
        ("proof with labels", Check::KsrBundlePop, || proof(|p| p.rrsig.labels = 1)),
        ("proof with another original TTL", Check::KsrBundlePop, || proof(|p| p.rrsig.original_ttl = 60)),
        ("proof with another TTL", Check::KsrBundlePop, || proof(|p| p.ttl = 60)),
        ("proof with another tag", Check::KsrBundlePop, || proof(|p| p.rrsig.key_tag ^= 1)),
        ("proof with another signer", Check::KsrBundlePop, || proof(|p| p.rrsig.signer = fixture::example())),
        ("proof of another type", Check::KsrBundlePop, || proof(|p| p.rrsig.type_covered = RrType::Cds)),
        ("proof that ends first", Check::KsrBundlePop, || proof(|p| p.rrsig.expiration = p.rrsig.inception)),
    ]
}
