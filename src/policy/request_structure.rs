//! What a request is made of: ids, keys, numbers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::check::{Check, Fault, Report};
use super::judge::{Asked, NO_FORMAT, UNCHECKED};
use super::words::{self, Range};
use crate::dns::{Algorithm, Dnskey, KeyFault};
use crate::exchange::{RequestBundle, RequestKey, SignatureAlgorithm, SignerPolicy};
use crate::profile::{Limit, ZoneKey};

pub(super) fn check(asked: &Asked<'_>, report: &mut Report) {
    check_id(asked, report);
    report.judge(Check::KsrBundleUnique, "every bundle is unique", unique(asked));
    let mut keys = Keys::new(asked);
    let bundles = asked.request().bundles.iter().enumerate();
    let faults = bundles.flat_map(|(index, bundle)| {
        let faults = keys.faults(bundle).into_iter();
        faults.map(move |fault| fault.bundle(index, bundle.id.as_ref()))
    });
    report.judge(Check::KsrBundleKeys, "every key is in order", faults.collect());
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

/// The keys of a request, from bundle to bundle.
struct Keys<'a> {
    claimed: Option<&'a SignerPolicy>,
    /// The profile's KSKs by public keys.
    ksks: BTreeMap<&'a [u8], &'a ZoneKey>,
    /// Their labels: what the response calls them.
    labels: BTreeSet<&'a str>,
    /// The key that each identifier stands for.
    identifiers: BTreeMap<&'a String, &'a Dnskey>,
    /// What is wrong with a key wherever it stands; most keys stand in many bundles.
    own: HashMap<&'a Dnskey, Vec<Fault>>,
}

impl<'a> Keys<'a> {
    fn new(asked: &Asked<'a>) -> Self {
        let labels = asked.zone.keys.values().map(|key| key.label.as_str()).collect();
        let (ksks, claimed) = (asked.zone.ksks(), asked.claimed());
        Self { claimed, ksks, labels, identifiers: BTreeMap::new(), own: HashMap::new() }
    }

    /// What is wrong with the keys of the next bundle.
    fn faults(&mut self, bundle: &'a RequestBundle) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut seen = BTreeSet::new();
        if bundle.keys.is_empty() {
            faults.push(Fault::fail("the bundle has no key").expected("at least one ZSK").found("none"));
        }
        for RequestKey { key: asked, .. } in &bundle.keys {
            let (key, name) = (&asked.dnskey, || words::key(&asked.dnskey));
            if !seen.insert((key.algorithm, &key.key)) {
                let fault = Fault::fail(format!("key {} stands twice in the bundle", name()));
                faults.push(fault.expected("once").found("twice"));
            }
            if let Some(declared) = asked.declared_tag.filter(|declared| *declared != key.key_tag()) {
                let fault = Fault::fail(format!("key {} is declared with another key tag", name()));
                faults.push(fault.expected(key.key_tag()).found(declared));
            }
            if let Some(identifier) = &asked.identifier {
                let known = *self.identifiers.entry(identifier).or_insert(key);
                if known != key {
                    let fault = Fault::fail(format!("identifier {identifier} stands for two keys"));
                    faults.push(fault.expected(words::key(known)).found(name()));
                }
                if self.labels.contains(identifier.as_str()) {
                    let fault = Fault::fail(format!("key {} is called as a KSK of the profile is", name()));
                    faults.push(fault.expected("an identifier that no KSK has as its label").found(identifier));
                }
            } else if self.claimed.is_some() {
                faults.push(Fault::fail(format!("key {} has no identifier", name())).expected("an identifier"));
            }
            let (claimed, ksks) = (self.claimed, &self.ksks);
            let own = self.own.entry(key).or_insert_with(|| own_faults(claimed, ksks, key));
            faults.extend_from_slice(own);
        }
        faults
    }
}

/// What is wrong with a key wherever it stands.
fn own_faults(claimed: Option<&SignerPolicy>, ksks: &BTreeMap<&[u8], &ZoneKey>, key: &Dnskey) -> Vec<Fault> {
    let mut faults = Vec::new();
    let name = words::key(key);
    if key.flags != Dnskey::ZSK {
        let fault = Fault::fail(format!("key {name} is not a zone signing key"));
        faults.push(fault.expected("flags 256").found(format!("flags {}", key.flags)));
    }
    if let Some(ksk) = ksks.get(key.key.as_slice()) {
        let fault = Fault::fail(format!("key {name} is the KSK {} in another guise", ksk.name));
        faults.push(fault.expected("a key of the zone's own").found("the public key of a KSK"));
    }
    let listed =
        claimed.is_none_or(|claimed| SignatureAlgorithm::of(key).is_some_and(|own| claimed.algorithms.contains(&own)));
    match key.check_key() {
        Err(KeyFault::Algorithm(_)) => {} // KSR-POLICY-ALG's to name
        Err(fault) => faults.push(Fault::fail(format!("key {name}: {fault}"))),
        Ok(_) if !listed => {
            let fault = Fault::fail(format!("key {name} is not of a kind that the request's own policy lists"));
            faults.push(fault.expected("a listed algorithm with its size and exponent").found(kind(key)));
        }
        Ok(_) => {}
    }
    faults
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
