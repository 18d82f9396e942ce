//! Limits: what the request claims for itself, and what the profile allows. Both count.

use std::collections::BTreeSet;

use super::check::{Check, Fault, Report};
use super::judge::{Asked, NO_FORMAT, UNCHECKED};
use super::words::{self, Range, limit};
use crate::dns::{Algorithm, AlgorithmNumber, Dnskey, Duration, Time};
use crate::exchange::{KeyParameters, RequestBundle, SignatureAlgorithm};
use crate::profile::{Limit, RequestPolicy};

pub(super) fn check(asked: &Asked<'_>, report: &mut Report) {
    check_keys(asked, report);
    check_algorithms(asked, report);
    check_windows(asked, report);
    check_horizon(asked, report);
    let limits = asked.limits();
    let range = Range::profile(&limits.min_bundle_interval, &limits.max_bundle_interval);
    if words::unbounded(&[range]) {
        report.skip(Check::KsrPolicyBundleIntervals, UNCHECKED);
    } else {
        let faults = pairs(asked, &[range], "the time since the bundle before is out of bounds", |before, bundle| {
            Some(bundle.inception.seconds_since(before.inception))
        });
        report.judge(Check::KsrPolicyBundleIntervals, "every interval is within bounds", faults);
    }
    check_ttl(asked, report);
    check_rollover(asked, report);
}

/// Notices of the reader are warnings.
pub(super) fn check_notices(asked: &Asked<'_>, report: &mut Report) {
    let notices = asked.request().notices.iter().map(Fault::warn).collect();
    report.judge(Check::KsrNotice, "nothing odd", notices);
}

/// A fault for each pair of neighbours whose span violates a range.
fn pairs(
    asked: &Asked<'_>,
    ranges: &[Range],
    message: &str,
    span: impl Fn(&RequestBundle, &RequestBundle) -> Option<i64>,
) -> Vec<Fault> {
    let bundles = &asked.request().bundles;
    let pairs = bundles.iter().zip(bundles.iter().skip(1)).enumerate();
    let faults = pairs.filter_map(|(index, (before, bundle))| {
        let length = span(before, bundle)?;
        let expected = words::violated(ranges, length)?;
        let fault = Fault::fail(message).bundle(index + 1, bundle.id.as_ref());
        Some(fault.expected(expected).found(words::span(length)))
    });
    faults.collect()
}

fn check_keys(asked: &Asked<'_>, report: &mut Report) {
    let (limits, bundles) = (asked.limits(), &asked.request().bundles);
    if limits.num_keys_per_bundle == Limit::Unchecked && limits.num_different_keys_in_all_bundles == Limit::Unchecked {
        return report.skip(Check::KsrPolicyKeys, UNCHECKED);
    }
    let mut faults = Vec::new();
    if let Limit::Is(counts) = &limits.num_keys_per_bundle {
        for (index, (bundle, expected)) in bundles.iter().zip(counts).enumerate() {
            if bundle.keys.len() != *expected {
                let fault = Fault::fail("the bundle has another number of keys than the profile demands");
                faults.push(fault.bundle(index, bundle.id.as_ref()).expected(expected).found(bundle.keys.len()));
            }
        }
        // Where the number of bundles is itself demanded, KSR-BUNDLE-COUNT names the difference.
        if counts.len() != bundles.len() && limits.num_bundles == Limit::Unchecked {
            let fault = Fault::fail("the profile has numbers of keys for another number of bundles");
            faults.push(fault.expected(counts.len()).found(bundles.len()));
        }
    }
    if let Limit::Is(expected) = limits.num_different_keys_in_all_bundles {
        let keys: BTreeSet<&Dnskey> =
            bundles.iter().flat_map(|bundle| &bundle.keys).map(|key| &key.key.dnskey).collect();
        if keys.len() != expected {
            let fault = Fault::fail("the request has another number of different keys than the profile demands");
            faults.push(fault.expected(expected).found(keys.len()));
        }
    }
    report.judge(Check::KsrPolicyKeys, "the numbers of keys are the profile's", faults);
}

fn check_algorithms(asked: &Asked<'_>, report: &mut Report) {
    let limits = asked.limits();
    let keys = || asked.request().bundles.iter().flat_map(|bundle| &bundle.keys).map(|key| &key.key.dnskey);
    let faults = match asked.claimed() {
        // Keys are tied to what is claimed by KSR-BUNDLE-KEYS.
        Some(claimed) if claimed.algorithms.is_empty() => {
            vec![Fault::fail("the request claims no algorithm").expected("at least one").found("none")]
        }
        Some(claimed) => {
            let claimed = &claimed.algorithms;
            // Of a key that can verify nothing no other check knows enough to refuse it.
            let unknown = keys().map(|key| key.algorithm).filter(|algorithm| algorithm.known().is_none());
            let unknown: BTreeSet<AlgorithmNumber> =
                unknown.filter(|algorithm| claimed.iter().all(|claim| claim.algorithm != *algorithm)).collect();
            let unknown = unknown.into_iter().filter_map(|algorithm| approved(limits, algorithm));
            claimed.iter().flat_map(|claim| claim_faults(limits, claim)).chain(unknown).collect()
        }
        None => {
            let keys: BTreeSet<&Dnskey> = keys().collect();
            keys.into_iter().flat_map(|key| key_faults(limits, key)).collect()
        }
    };
    report.judge(Check::KsrPolicyAlg, "every algorithm is approved", faults);
}

fn approved(limits: &RequestPolicy, algorithm: AlgorithmNumber) -> Option<Fault> {
    let list = || limits.approved_algorithms.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match algorithm.known() {
        None => Some(Fault::fail(unusable(algorithm)).expected(list()).found(algorithm)),
        Some(known) if !limits.approved_algorithms.contains(&known) => {
            let fault = Fault::fail(format!("algorithm {algorithm} is not approved by the profile"));
            Some(fault.expected(list()).found(algorithm))
        }
        Some(_) => None,
    }
}

/// Why no key of an algorithm that is not ours can be admitted.
fn unusable(algorithm: AlgorithmNumber) -> String {
    match algorithm.0 {
        1 | 3 | 5 | 6 | 7 | 12 => format!("algorithm {algorithm} must not sign any more (RFC 8624, RFC 9905)"),
        16 => format!("algorithm {algorithm} cannot be verified by this program's crypto library"),
        _ => format!("algorithm {algorithm} is not known here"),
    }
}

fn rsa_faults(limits: &RequestPolicy, what: &str, size: u32, exponent: u64) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Some(sizes) = limit(&limits.rsa_approved_key_sizes).filter(|sizes| !sizes.contains(&size)) {
        let fault = Fault::fail(format!("{what} has an RSA size that the profile does not approve"));
        faults.push(fault.expected(list(&sizes)).found(size));
    }
    if let Some(exponents) = limit(&limits.rsa_approved_exponents).filter(|exponents| !exponents.contains(&exponent)) {
        let fault = Fault::fail(format!("{what} has an RSA exponent that the profile does not approve"));
        faults.push(fault.expected(list(&exponents)).found(exponent));
    }
    faults
}

fn list<T: ToString>(values: &[T]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn claim_faults(limits: &RequestPolicy, claim: &SignatureAlgorithm) -> Vec<Fault> {
    let mut faults: Vec<Fault> = approved(limits, claim.algorithm).into_iter().collect();
    let what = format!("the claimed algorithm {}", claim.algorithm);
    let fits = match (claim.algorithm.known(), claim.parameters) {
        (Some(algorithm), KeyParameters::Rsa { size, exponent }) if algorithm.is_rsa() => {
            faults.extend(rsa_faults(limits, &what, size, exponent));
            true
        }
        (Some(Algorithm::EcdsaP256Sha256), KeyParameters::Ecdsa { size }) => size == 256,
        (Some(Algorithm::EcdsaP384Sha384), KeyParameters::Ecdsa { size }) => size == 384,
        (Some(Algorithm::Ed25519), KeyParameters::Eddsa { size }) => size == 256,
        (Some(_), _) => false,
        (None, _) => true, // refused above
    };
    if !fits {
        let fault = Fault::fail(format!("{what} has parameters of another algorithm"));
        let found = match claim.parameters {
            KeyParameters::Rsa { size, exponent } => format!("RSA, {size} bits, exponent {exponent}"),
            KeyParameters::Ecdsa { size } => format!("ECDSA, {size} bits"),
            KeyParameters::Eddsa { size } => format!("EdDSA, {size} bits"),
        };
        faults.push(fault.expected("the element and the size of its algorithm").found(found));
    }
    faults
}

fn key_faults(limits: &RequestPolicy, key: &Dnskey) -> Vec<Fault> {
    let mut faults: Vec<Fault> = approved(limits, key.algorithm).into_iter().collect();
    if key.algorithm.known().is_some_and(Algorithm::is_rsa)
        && let Some(rsa) = key.rsa()
    {
        faults.extend(rsa_faults(limits, &format!("key {}", words::key(key)), rsa.bits, rsa.exponent));
    }
    faults
}

fn check_windows(asked: &Asked<'_>, report: &mut Report) {
    let Some(claimed) = asked.claimed() else {
        report.skip(Check::KsrPolicySigOverlap, NO_FORMAT);
        return report.skip(Check::KsrPolicySigValidity, NO_FORMAT);
    };
    let limits = asked.limits();
    let own = Range::stated("request", claimed.min_validity_overlap, claimed.max_validity_overlap);
    let profile = Range::profile(&limits.min_validity_overlap, &limits.max_validity_overlap);
    let mut faults = pairs(asked, &[own, profile], "the overlap with the bundle before is out of bounds", overlap);
    faults.extend(open(&profile));
    report.judge(Check::KsrPolicySigOverlap, "every overlap is within bounds", faults);

    let own = Range::stated("request", claimed.min_signature_validity, claimed.max_signature_validity);
    let profile = Range::profile(&limits.min_signature_validity, &limits.max_signature_validity);
    let mut faults: Vec<Fault> = asked
        .request()
        .bundles
        .iter()
        .enumerate()
        .filter_map(|(index, bundle)| {
            let place = |fault: Fault| fault.bundle(index, bundle.id.as_ref());
            let Some(expiration) = bundle.expiration else {
                let fault = Fault::fail("the bundle has no expiration");
                return Some(place(fault.expected(format!("after {}", bundle.inception)).found("none")));
            };
            let validity = expiration.seconds_since(bundle.inception);
            if validity <= 0 {
                let fault = Fault::fail("the bundle expires before it begins");
                return Some(place(fault.expected(format!("after {}", bundle.inception)).found(expiration)));
            }
            let expected = words::violated(&[own, profile], validity)?;
            let fault = Fault::fail("the validity is out of bounds");
            Some(place(fault.expected(expected).found(words::span(validity))))
        })
        .collect();
    faults.extend(open(&profile));
    report.judge(Check::KsrPolicySigValidity, "every validity is within bounds", faults);
}

fn overlap(before: &RequestBundle, bundle: &RequestBundle) -> Option<i64> {
    before.expiration.map(|expiration| expiration.seconds_since(bundle.inception))
}

/// Says that the profile's part of a limit was left out.
pub(super) fn open(profile: &Range) -> Option<Fault> {
    profile.is_open().then(|| Fault::skipped("the profile sets no limit of its own", UNCHECKED))
}

/// What is wrong with an expiration at `now`: past, or more whole days ahead than allowed.
pub(super) fn horizon(expiration: Time, now: Time, days: Option<u32>) -> Option<Fault> {
    let ahead = expiration.seconds_since(now);
    if ahead <= 0 {
        return Some(Fault::fail("it has expired").expected(format!("after {now}")).found(expiration));
    }
    let days = days.filter(|days| ahead / 86_400 > i64::from(*days))?;
    let found = format!("{expiration}, {} days ahead", ahead / 86_400);
    Some(Fault::fail("it expires beyond the horizon").expected(format!("at most {days} days ahead")).found(found))
}

fn check_horizon(asked: &Asked<'_>, report: &mut Report) {
    if asked.claimed().is_none() {
        return report.skip(Check::KsrPolicySigHorizon, NO_FORMAT);
    }
    let days = limit(&asked.limits().signature_horizon_days);
    let bundles = asked.request().bundles.iter().enumerate();
    let mut faults: Vec<Fault> = bundles
        .filter_map(|(index, bundle)| {
            let fault = horizon(bundle.expiration?, asked.now, days)?;
            Some(fault.bundle(index, bundle.id.as_ref()))
        })
        .collect();
    if days.is_none() {
        faults.push(Fault::skipped("the profile sets no horizon", UNCHECKED));
    }
    report.judge(Check::KsrPolicySigHorizon, "every bundle ends within the horizon", faults);
}

fn check_ttl(asked: &Asked<'_>, report: &mut Report) {
    let ttl = asked.zone.policy.ttl;
    let bundles = asked.request().bundles.iter().enumerate();
    let faults = bundles.flat_map(|(index, bundle)| {
        bundle.keys.iter().filter(|key| key.ttl != ttl).map(move |key| {
            let fault =
                Fault::fail(format!("key {} has another TTL than the profile demands", words::key(&key.key.dnskey)));
            fault.bundle(index, bundle.id.as_ref()).expected(seconds(ttl)).found(seconds(key.ttl))
        })
    });
    report.judge(Check::KsrPolicyTtl, format!("every key has TTL {ttl}"), faults.collect());
}

/// A resolver that has the RRset of the bundle before knows none of the keys that sign now (RFC 6781, section 4.1.1).
fn check_rollover(asked: &Asked<'_>, report: &mut Report) {
    let zsks =
        |bundle: &RequestBundle| -> BTreeSet<Dnskey> { bundle.keys.iter().map(|key| key.key.dnskey.clone()).collect() };
    let bundles = &asked.request().bundles;
    let pairs = bundles.iter().zip(bundles.iter().skip(1)).enumerate();
    let faults = pairs.filter_map(|(index, (before, bundle))| {
        let (before, now) = (zsks(before), zsks(bundle));
        let fault = Fault::warn("no ZSK of the bundle before is left: resolvers keep a set without the new ones");
        let fault = fault.bundle(index + 1, bundle.id.as_ref());
        before
            .is_disjoint(&now)
            .then(|| fault.expected(format!("one of {}", words::keys(&before))).found(words::keys(&now)))
    });
    report.judge(Check::KsrPolicyRollover, "each bundle has a ZSK of the bundle before", faults.collect());
}

fn seconds(ttl: u32) -> String {
    format!("{ttl} s ({})", Duration::from_seconds(ttl))
}
