//! A request beyond its own limits or the profile's.

use super::super::*;
use super::{RSA, Variant};

/// All of them.
pub(super) fn all() -> Vec<Variant> {
    [keys(), algorithms(), windows(), intervals()].concat()
}

fn keys() -> Vec<Variant> {
    vec![
        ("keys in a bundle", Check::KsrPolicyKeys, || {
            root(|c| c.limits().num_keys_per_bundle = Limit::Is(vec![2, 1, 1, 1, 1, 1, 1, 1, 1]))
        }),
        ("keys for more bundles", Check::KsrPolicyKeys, || {
            root(|c| {
                c.limits().num_bundles = Limit::Unchecked;
                c.limits().num_keys_per_bundle = Limit::Is(vec![2, 1, 1, 1, 1, 1, 1, 1, 2, 2]);
            })
        }),
        ("keys in all", Check::KsrPolicyKeys, || root(|c| c.limits().num_different_keys_in_all_bundles = Limit::Is(4))),
    ]
}

fn algorithms() -> Vec<Variant> {
    vec![
        ("algorithm not approved", Check::KsrPolicyAlg, || {
            root(|c| c.limits().approved_algorithms = vec![Algorithm::RsaSha256])
        }),
        ("algorithm 5", Check::KsrPolicyAlg, || {
            root(|c| {
                let parameters = KeyParameters::Rsa { size: 2048, exponent: 65537 };
                c.claimed().algorithms.push(SignatureAlgorithm { algorithm: AlgorithmNumber(5), parameters });
            })
        }),
        ("parameters of another algorithm", Check::KsrPolicyAlg, || {
            root(|c| {
                let parameters = KeyParameters::Ecdsa { size: 256 };
                c.claimed().algorithms.push(SignatureAlgorithm { algorithm: AlgorithmNumber(15), parameters });
            })
        }),
        ("RSA size", Check::KsrPolicyAlg, || {
            root(|c| {
                c.limits().approved_algorithms.push(Algorithm::RsaSha256);
                c.claimed().algorithms.push(RSA(1024, 65537));
            })
        }),
        ("RSA exponent", Check::KsrPolicyAlg, || {
            root(|c| {
                c.limits().approved_algorithms.push(Algorithm::RsaSha256);
                c.claimed().algorithms.push(RSA(2048, 3));
            })
        }),
        ("key of algorithm 16 that is not claimed", Check::KsrPolicyAlg, || {
            proved(|c| {
                let key = &mut c.request().bundles[8].keys[1].key;
                key.dnskey.algorithm = AlgorithmNumber(16);
                key.declared_tag = Some(key.dnskey.key_tag());
            })
        }),
        ("algorithm not approved, BIND", Check::KsrPolicyAlg, || {
            bind(|c| c.limits().approved_algorithms = vec![Algorithm::EcdsaP256Sha256])
        }),
    ]
}

fn windows() -> Vec<Variant> {
    vec![
        ("overlap beyond the profile", Check::KsrPolicySigOverlap, || {
            root(|c| {
                moved(c, "2027-04-02T00:00:00Z", [2, 3, 4]);
                c.limits().max_validity_overlap = Limit::Is(days(10));
            })
        }),
        ("overlap beyond the claim", Check::KsrPolicySigOverlap, || {
            root(|c| {
                moved(c, "2027-04-02T00:00:00Z", [2, 3, 4]);
                c.claimed().max_validity_overlap = days(10);
            })
        }),
        ("validity beyond both", Check::KsrPolicySigValidity, || {
            root(|c| {
                let bundle = &mut c.request().bundles[4];
                bundle.expiration = Some(after(bundle.inception, days(22)));
            })
        }),
        ("validity beyond the profile", Check::KsrPolicySigValidity, || {
            root(|c| {
                c.claimed().max_signature_validity = days(60);
                let bundle = &mut c.request().bundles[4];
                bundle.expiration = Some(after(bundle.inception, days(22)));
            })
        }),
        ("no expiration", Check::KsrPolicySigValidity, || root(|c| c.request().bundles[4].expiration = None)),
        ("ends when it begins", Check::KsrPolicySigValidity, || {
            root(|c| {
                let last = &mut c.request().bundles[8];
                last.expiration = Some(last.inception);
            })
        }),
        ("validity below the claim", Check::KsrPolicySigValidity, || {
            root(|c| {
                c.claimed().min_signature_validity = days(22);
                c.claimed().max_signature_validity = days(22);
            })
        }),
        ("too early", Check::KsrPolicySigHorizon, || root(|c| c.now = at("2026-12-01T00:00:00Z"))),
        ("too late", Check::KsrPolicySigHorizon, || root(|c| c.now = at("2027-04-22T00:00:00Z"))),
    ]
}

fn intervals() -> Vec<Variant> {
    vec![
        ("interval", Check::KsrPolicyBundleIntervals, || {
            root(|c| {
                c.limits().max_bundle_interval = Limit::Is(days(10));
                shift(c.request(), 4, days(1));
            })
        }),
        ("TTL", Check::KsrPolicyTtl, || proved(|c| c.request().bundles[4].keys[0].ttl = 60)),
        ("TTL, Knot", Check::KsrPolicyTtl, || knot(|c| c.request().bundles[1].keys[0].ttl = 60)),
    ]
}
