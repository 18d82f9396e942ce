//! What a request is made of: ids, keys, numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::check::{Check, Fault, Report};
use super::judge::{Asked, NO_FORMAT, UNCHECKED};
use super::words::{self, Range};
use crate::dns::{Algorithm, Dnskey, KeyFault};
use crate::exchange::{KeyParameters, RequestBundle, SignatureAlgorithm, SignerPolicy};
use crate::profile::Limit;

pub(super) fn check(asked: &Asked<'_>, report: &mut Report) {
    check_id(asked, report);
    report.judge(Check::KsrBundleUnique, "every bundle is unique", unique(asked));
    let mut identifiers = BTreeMap::new();
    let faults = asked.request().bundles.iter().enumerate();
    let faults = faults.flat_map(|(index, bundle)| keys(asked.claimed(), index, bundle, &mut identifiers)).collect();
    report.judge(Check::KsrBundleKeys, "every key is in order", faults);
}

fn check_id(asked: &Asked<'_>, report: &mut Report) {
    let Some(root) = &asked.request().root else { return report.skip(Check::KsrId, NO_FORMAT) };
    let mut faults = Vec::new();
    if root.id.is_empty() {
        faults.push(Fault::fail("the request has no id").expected("an id").found("an empty one"));
    }
    if asked.previous().and_then(|previous| previous.root.as_ref()).is_some_and(|previous| previous.id == root.id) {
        faults.push(
            Fault::fail("the previous response answers this request already").expected("another id").found(&root.id),
        );
    }
    report.judge(Check::KsrId, format!("the request's id is {}", root.id), faults);
}

fn unique(asked: &Asked<'_>) -> Vec<Fault> {
    let previous = asked.previous().map(|previous| previous.bundles.as_slice()).unwrap_or_default();
    let answered: BTreeSet<&String> = previous.iter().filter_map(|bundle| bundle.id.as_ref()).collect();
    let mut ids = BTreeSet::new();
    let mut times = BTreeSet::new();
    let mut faults = Vec::new();
    for (index, bundle) in asked.request().bundles.iter().enumerate() {
        let place = |fault: Fault| fault.bundle(index, bundle.id.as_ref());
        match &bundle.id {
            None if asked.request().root.is_some() => {
                faults.push(place(Fault::fail("the bundle has no id").expected("an id")));
            }
            Some(id) if !ids.insert(id) => {
                faults.push(place(Fault::fail("another bundle has the same id").expected("a new id").found(id)));
            }
            Some(id) if answered.contains(id) => {
                let fault = Fault::fail("the previous response has a bundle with this id");
                faults.push(place(fault.expected("a new id").found(id)));
            }
            _ => {}
        }
        if !times.insert(bundle.inception) {
            let fault = Fault::fail("another bundle begins at the same time");
            faults.push(place(fault.expected("another time").found(bundle.inception)));
        }
    }
    faults
}

fn keys<'a>(
    claimed: Option<&SignerPolicy>,
    index: usize,
    bundle: &'a RequestBundle,
    identifiers: &mut BTreeMap<&'a String, &'a Dnskey>,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    if bundle.keys.is_empty() {
        faults.push(Fault::fail("the bundle has no key").expected("at least one ZSK").found("none"));
    }
    for asked in &bundle.keys {
        let (key, name) = (&asked.key.dnskey, words::key(&asked.key.dnskey));
        if !seen.insert((key.algorithm, &key.key)) {
            faults.push(Fault::fail(format!("key {name} stands twice in the bundle")).expected("once").found("twice"));
        }
        if key.flags != Dnskey::ZSK {
            let fault = Fault::fail(format!("key {name} is not a zone signing key"));
            faults.push(fault.expected("flags 256").found(format!("flags {}", key.flags)));
        }
        if let Some(declared) = asked.key.declared_tag.filter(|declared| *declared != key.key_tag()) {
            let fault = Fault::fail(format!("key {name} is declared with another key tag"));
            faults.push(fault.expected(key.key_tag()).found(declared));
        }
        // An unknown algorithm is KSR-POLICY-ALG's to name.
        match key.check() {
            Ok(_) | Err(KeyFault::Algorithm(_)) => {}
            Err(fault) => faults.push(Fault::fail(format!("key {name}: {fault}"))),
        }
        if let Some(identifier) = &asked.key.identifier {
            let known = *identifiers.entry(identifier).or_insert(key);
            if known != key {
                let fault = Fault::fail(format!("identifier {identifier} stands for two keys"));
                faults.push(fault.expected(words::key(known)).found(&name));
            }
        } else if claimed.is_some() {
            faults.push(Fault::fail(format!("key {name} has no identifier")).expected("an identifier"));
        }
        let listed = claimed.is_none_or(|claimed| claimed.algorithms.iter().any(|listed| describes(listed, key)));
        if !listed && key.check().is_ok() {
            let fault = Fault::fail(format!("key {name} is not of a kind that the request's own policy lists"));
            faults.push(fault.expected("a listed algorithm with its size and exponent").found(kind(key)));
        }
    }
    faults.into_iter().map(|fault| fault.bundle(index, bundle.id.as_ref())).collect()
}

/// Whether a `SignatureAlgorithm` element describes a key.
fn describes(listed: &SignatureAlgorithm, key: &Dnskey) -> bool {
    let parameters = match key.algorithm.known() {
        Some(Algorithm::RsaSha256 | Algorithm::RsaSha512) => {
            key.rsa().map(|rsa| KeyParameters::Rsa { size: rsa.bits, exponent: rsa.exponent })
        }
        Some(Algorithm::EcdsaP256Sha256 | Algorithm::EcdsaP384Sha384) => {
            key.bits().map(|size| KeyParameters::Ecdsa { size })
        }
        Some(Algorithm::Ed25519) => key.bits().map(|size| KeyParameters::Eddsa { size }),
        None => None,
    };
    listed.algorithm == key.algorithm && parameters == Some(listed.parameters)
}

fn kind(key: &Dnskey) -> String {
    let bits = key.bits().map_or_else(|| "?".to_owned(), |bits| bits.to_string());
    let exponent = key.rsa().filter(|_| key.algorithm.known().is_some_and(Algorithm::is_rsa));
    let exponent = exponent.map_or_else(String::new, |rsa| format!(", exponent {}", rsa.exponent));
    format!("algorithm {}, {bits} bits{exponent}", key.algorithm)
}

/// The number of bundles, and the time from the first to the last.
pub(super) fn check_number(asked: &Asked<'_>, report: &mut Report) {
    let bundles = &asked.request().bundles;
    match asked.limits().num_bundles {
        Limit::Unchecked => report.skip(Check::KsrBundleCount, UNCHECKED),
        Limit::Is(expected) => {
            let fault = Fault::fail("the request has another number of bundles than the profile demands");
            let fault = (bundles.len() != expected).then(|| fault.expected(expected).found(bundles.len()));
            report.judge(Check::KsrBundleCount, format!("{expected} bundles"), fault.into_iter().collect());
        }
    }
    let limits = asked.limits();
    let range = Range::profile(&limits.min_cycle_inception_length, &limits.max_cycle_inception_length);
    if words::unbounded(&[range]) {
        return report.skip(Check::KsrBundleCycleDuration, UNCHECKED);
    }
    let ends = bundles.first().zip(bundles.last());
    let length = ends.map_or(0, |(first, last)| last.inception.seconds_since(first.inception));
    let fault = words::violated(&[range], length).map(|expected| {
        let fault = Fault::fail("the time from the first inception to the last is out of bounds");
        fault.expected(expected).found(words::span(length))
    });
    let well = format!("{} from the first inception to the last", words::span(length));
    report.judge(Check::KsrBundleCycleDuration, well, fault.into_iter().collect());
}
