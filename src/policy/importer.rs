//! What the name server on the other side can load, what fits into a datagram, and what can be read next time.

use std::collections::BTreeSet;

use super::check::{Check, Fault, Report};
use super::judge::Job;
use super::{response, words};
use crate::dns::{Dnskey, RrType};
use crate::exchange::{self, Format, ResponseBundle, SignedSet};
use crate::plan::PlannedJob;

/// A DNS message that crosses the Internet without fragments (DNS Flag Day 2020).
const DATAGRAM: usize = 1232;

/// SKR-IMPORT.
pub(super) fn check(job: &Job<'_>, report: &mut Report) {
    let rule: fn(&Job<'_>, &ResponseBundle, Option<&ResponseBundle>) -> Vec<Fault> = match job.response.format {
        Format::RootXml => return report.skip(Check::SkrImport, "no importer sets rules for this format"),
        Format::Bind => |job, bundle, _| bind(job, bundle),
        Format::Knot => knot,
    };
    let bundles = &job.response.bundles;
    let next = bundles.iter().skip(1).map(Some).chain(std::iter::once(None));
    let faults = bundles.iter().zip(next).enumerate().flat_map(|(index, (bundle, next))| {
        rule(job, bundle, next).into_iter().map(move |fault| fault.bundle(index, bundle.id.as_ref()))
    });
    let name = if job.response.format == Format::Bind { "BIND" } else { "Knot" };
    report.judge(Check::SkrImport, format!("{name} can load every bundle"), faults.collect());
}

fn ttl(set: &SignedSet, expected: u32, reason: &str) -> Option<Fault> {
    let fault = || Fault::fail(format!("the {} RRset has a TTL that {reason}", set.records.rr_type()));
    (set.ttl != expected).then(|| fault().expected(expected).found(set.ttl))
}

/// `named` looks up a signature by the tag of every SEP key, for each set, and compares TTLs with its policy.
fn bind(job: &Job<'_>, bundle: &ResponseBundle) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    for set in &bundle.sets {
        let rr_type = set.records.rr_type();
        faults.extend(ttl(set, job.zone.policy.ttl, "named refuses: it must be that of the policy"));
        let signing: BTreeSet<&Dnskey> = response::signers(bundle, rr_type).collect();
        for key in bundle.dnskeys().filter(|key| key.is_sep()) {
            let must = rr_type == RrType::Dnskey || !key.is_revoked();
            if must && !signing.contains(key) {
                let message =
                    format!("key {} is published but does not sign {rr_type}: named cannot load that", words::key(key));
                let fault = Fault::fail(message).expected("a key that signs exactly while it is published");
                faults.push(fault.found("published alone"));
            }
            if !must && signing.contains(key) {
                let fault = Fault::fail(format!("revoked key {} signs {rr_type}", words::key(key)));
                faults.push(fault.expected("DNSKEY alone").found(rr_type));
            }
        }
    }
    faults
}

/// `keymgr` validates each set at its bundle's time, and that it outlives the next bundle's begin.
fn knot(job: &Job<'_>, bundle: &ResponseBundle, next: Option<&ResponseBundle>) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    for set in &bundle.sets {
        let expected = if set.records.rr_type() == RrType::Dnskey { job.zone.policy.ttl } else { 0 };
        faults.extend(ttl(set, expected, "keymgr does not expect"));
    }
    if let (Some(next), Some(end)) = (next, bundle.end())
        && end <= next.inception
    {
        let fault = Fault::fail("signatures end before the next bundle begins: keymgr cannot load that");
        faults.push(fault.expected(format!("after {}", next.inception)).found(end));
    }
    faults
}

/// SKR-SIZE: one warning for all bundles that are too large, naming the largest; another one for the file, which is read
/// again as the previous response of the next ceremony, within the same limit.
pub(super) fn check_size(job: &Job<'_>, planned: &PlannedJob, document_bytes: usize, report: &mut Report) {
    let sizes = job.response.bundles.iter().enumerate().map(|(index, bundle)| (size(job, bundle), index));
    let large: Vec<(usize, usize)> = sizes.clone().filter(|(size, _)| *size > DATAGRAM).collect();
    let largest = sizes.map(|(size, _)| size).max().unwrap_or(0);
    let mut faults = Vec::new();
    if let Some((size, index)) = large.iter().max_by_key(|(size, index)| (*size, std::cmp::Reverse(*index))) {
        let id = job.response.bundles.get(*index).and_then(|bundle| bundle.id.as_ref());
        let (some, all) = (large.len(), job.response.bundles.len());
        let message = format!("in {some} of {all} bundles the DNSKEY response does not fit into a UDP datagram");
        let fault = Fault::warn(message).bundle(*index, id);
        faults.push(fault.expected(format!("at most {DATAGRAM} octets")).found(format!("{size} octets")));
    }
    // One that cannot be written fails SKR-KEYS.
    let file = exchange::write_response(&planned.unsigned()).unwrap_or_default().len();
    if file > document_bytes {
        let message =
            "the next ceremony cannot read the response: raise the profile's limits.document-bytes until then";
        faults.push(
            Fault::warn(message).expected(format!("at most {document_bytes} octets")).found(format!("{file} octets")),
        );
    }
    report.judge(Check::SkrSize, format!("at most {largest} octets in an answer, {file} in the file"), faults);
}

/// Octets of the answer to a DNSKEY query with EDNS: header, question, records with compressed owners, OPT.
fn size(job: &Job<'_>, bundle: &ResponseBundle) -> usize {
    let zone = job.response.zone.wire().len();
    let owner = zone.min(2); // a compression pointer, or the root itself
    let fixed = owner + 10;
    let Some(set) = bundle.set(RrType::Dnskey) else { return 0 };
    let keys: usize = set.records.rdatas().iter().map(|rdata| fixed + rdata.len()).sum();
    let signatures: usize =
        response::signers(bundle, RrType::Dnskey).map(|key| fixed + 18 + zone + key.signature_length()).sum();
    12 + zone + 4 + keys + signatures + 11
}
