//! A response that is not as planned.

use super::super::*;
use super::Variant;

/// All of them.
pub(super) fn all() -> Vec<Variant> {
    [differences(), signatures()].concat()
}

fn differences() -> Vec<Variant> {
    vec![
        ("another serial", Check::SkrPlanned, || root(|c| c.break_response = |r| r.root.as_mut().unwrap().serial = 9)),
        ("another bundle id", Check::SkrPlanned, || {
            root(|c| c.break_response = |r| r.bundles[4].id = Some("x".into()))
        }),
        ("another order of keys", Check::SkrPlanned, || {
            root(|c| {
                c.break_response = |r| {
                    if let Records::Dnskey(keys) = &mut r.bundles[4].sets[0].records {
                        keys.reverse();
                    }
                }
            })
        }),
        ("another identifier", Check::SkrPlanned, || {
            root(|c| {
                c.break_response = |r| {
                    if let Records::Dnskey(keys) = &mut r.bundles[4].sets[0].records {
                        keys.iter_mut().filter(|key| !key.dnskey.is_sep()).for_each(|key| key.identifier = None);
                    }
                }
            })
        }),
        ("another stamp", Check::SkrPlanned, || bind(|c| c.break_response = |r| r.stamp = None)),
        ("a set less", Check::SkrPlanned, || bind(|c| c.break_response = |r| drop(r.bundles[4].sets.pop()))),
    ]
}

fn signatures() -> Vec<Variant> {
    vec![
        ("a flipped bit", Check::SkrVerify, || {
            root(|c| c.break_response = |r| r.bundles[4].sets[0].signatures[0].rrsig.signature[9] ^= 1)
        }),
        ("an empty signature", Check::SkrVerify, || {
            knot(|c| c.break_response = |r| r.bundles[2].sets[2].signatures[0].rrsig.signature.clear())
        }),
    ]
}
