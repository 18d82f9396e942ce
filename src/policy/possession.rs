//! Proof of possession: every ZSK has signed the keys of its bundle.

use std::collections::{BTreeMap, BTreeSet};

use super::check::{Check, Fault, Report};
use super::judge::{Asked, NO_FORMAT};
use super::parallel::in_parallel;
use super::words;
use crate::dns::{Name, RrType, key_rdatas, verify};
use crate::exchange::{RequestBundle, RequestKey, Signature};

pub(super) fn check(asked: &Asked<'_>, report: &mut Report) {
    let request = asked.request();
    if request.root.is_none() {
        return report.skip(Check::KsrBundlePop, NO_FORMAT);
    }
    let zone = &request.zone;
    let faults = in_parallel(&request.bundles, asked.threads, |index, bundle| {
        let faults = proofs(zone, bundle).into_iter();
        faults.map(|fault| fault.bundle(index, bundle.id.as_ref())).collect::<Vec<_>>()
    });
    let faults = faults.into_iter().flatten().collect();
    let count: usize = request.bundles.iter().map(|bundle| bundle.signatures.len()).sum();
    report.judge(Check::KsrBundlePop, format!("{count} proofs of possession verified"), faults);
}

fn proofs(zone: &Name, bundle: &RequestBundle) -> Vec<Fault> {
    let rdatas = key_rdatas(bundle.keys.iter().map(|key| &key.key.dnskey));
    let keys: BTreeMap<Option<&String>, &RequestKey> =
        bundle.keys.iter().map(|key| (key.key.identifier.as_ref(), key)).collect();
    let mut proved = BTreeSet::new();
    let mut faults = Vec::new();
    for signature in &bundle.signatures {
        let identifier = signature.identifier.as_ref();
        let Some(key) = keys.get(&identifier) else {
            let fault = Fault::fail("a proof of possession is by no key of the bundle");
            faults.push(fault.found(identifier.map_or("no identifier", String::as_str)));
            continue;
        };
        if !proved.insert(identifier) {
            let name = words::key(&key.key.dnskey);
            faults.push(Fault::fail(format!("key {name} has two proofs of possession")).expected("one").found("two"));
        }
        faults.extend(proof(zone, key, signature, &rdatas));
    }
    for key in bundle.keys.iter().filter(|key| !proved.contains(&key.key.identifier.as_ref())) {
        let name = words::key(&key.key.dnskey);
        faults.push(Fault::fail(format!("key {name} has no proof of possession")).expected("one").found("none"));
    }
    faults
}

/// Every field of one proof, then the signature itself.
fn proof(zone: &Name, asked: &RequestKey, signature: &Signature, rdatas: &[Vec<u8>]) -> Vec<Fault> {
    let (key, rrsig) = (&asked.key.dnskey, &signature.rrsig);
    let name = words::key(key);
    let mut faults = Vec::new();
    let mut field = |what: &str, right: bool, expected: String, found: String| {
        if !right {
            let fault = Fault::fail(format!("the proof of key {name} has another {what}"));
            faults.push(fault.expected(expected).found(found));
        }
    };
    let tag = key.key_tag();
    let covered = rrsig.type_covered;
    field("covered type", covered == RrType::Dnskey, "DNSKEY".to_owned(), covered.to_string());
    field("algorithm", rrsig.algorithm == key.algorithm, key.algorithm.to_string(), rrsig.algorithm.to_string());
    let labels = zone.label_count();
    field("number of labels", rrsig.labels == labels, labels.to_string(), rrsig.labels.to_string());
    field("original TTL", rrsig.original_ttl == asked.ttl, asked.ttl.to_string(), rrsig.original_ttl.to_string());
    field("TTL", signature.ttl == asked.ttl, asked.ttl.to_string(), signature.ttl.to_string());
    field("key tag", rrsig.key_tag == tag, tag.to_string(), rrsig.key_tag.to_string());
    field("signer", rrsig.signer == *zone, zone.to_string(), rrsig.signer.to_string());
    // Its own time is that of the request's making, not the bundle's; it only has to be one.
    let after = format!("after {}", rrsig.inception);
    field("order of times", rrsig.inception < rrsig.expiration, after, rrsig.expiration.to_string());
    if key.check().is_err() {
        faults.push(Fault::skipped(format!("key {name} cannot verify anything"), "named by another check"));
    } else if verify(key, &rrsig.signed_data(zone, rdatas), &rrsig.signature).is_err() {
        let fault = Fault::fail(format!("the proof of possession of key {name} does not verify"));
        faults.push(fault.expected("a signature by this key over the bundle's keys").found("another signature"));
    }
    faults
}
