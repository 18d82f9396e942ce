//! What is true of every response: planned, just made, read back, or the previous one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use super::check::{Check, Fault, Report};
use super::judge::{Job, UNCHECKED};
use super::parallel::in_parallel;
use super::request_policy;
use super::words::{self, Range, limit};
use crate::dns::{Dnskey, Name, RrType, Rrsig, Time, verify};
use crate::exchange::{Format, Key, Response, ResponseBundle, RootResponse, Signature, SignedSet, Stamp};
use crate::plan::{PlannedJob, covered_until};
use crate::profile::MAX_OFFSET;

/// What lies further apart has no order in the serial arithmetic of RRSIG times (RFC 4034, section 3.1.5).
const SERIAL_SPAN: i64 = 1 << 31;

/// The KSKs of a bundle that have signed its set of that type, by the tags of its signatures.
///
/// Whose they are shows [`check_signatures`], and [`check_tags`] that no other key of the bundle has the tag.
pub(super) fn signers(bundle: &ResponseBundle, rr_type: RrType) -> impl Iterator<Item = &Dnskey> {
    let signatures = bundle.set(rr_type).map(|set| set.signatures.as_slice()).unwrap_or_default();
    let tags: BTreeSet<u16> = signatures.iter().map(|signature| signature.rrsig.key_tag).collect();
    bundle.dnskeys().filter(move |key| key.is_sep() && tags.contains(&key.key_tag()))
}

fn rrsigs(bundle: &ResponseBundle) -> impl Iterator<Item = &Rrsig> {
    bundle.sets.iter().flat_map(|set| &set.signatures).map(|signature| &signature.rrsig)
}

/// Sets without a signature.
pub(super) fn unsigned(bundle: &ResponseBundle) -> Vec<Fault> {
    let mut faults = Vec::new();
    if bundle.set(RrType::Dnskey).is_none() {
        faults.push(Fault::fail("the bundle has no DNSKEY RRset").expected("one").found("none"));
    }
    for set in bundle.sets.iter().filter(|set| set.signatures.is_empty()) {
        let fault = Fault::fail(format!("the {} RRset is not signed", set.records.rr_type()));
        faults.push(fault.expected("at least one signature").found("none"));
    }
    faults
}

/// Signatures whose fields do not fit their set, or that do not verify.
pub(super) fn signature_faults(zone: &Name, bundle: &ResponseBundle) -> Vec<Fault> {
    let faults = bundle.sets.iter().flat_map(|set| {
        let rdatas = set.records.rdatas();
        let faults = set.signatures.iter().flat_map(|signature| fields(zone, bundle, set, signature, &rdatas));
        faults.collect::<Vec<_>>()
    });
    faults.collect()
}

fn fields(
    zone: &Name,
    bundle: &ResponseBundle,
    set: &SignedSet,
    signature: &Signature,
    rdatas: &[Vec<u8>],
) -> Vec<Fault> {
    let (rrsig, rr_type) = (&signature.rrsig, set.records.rr_type());
    let name = format!("the {rr_type} signature with tag {}", rrsig.key_tag);
    let mut faults = Vec::new();
    let mut field = |what: &str, right: bool, expected: &dyn Display, found: &dyn Display| {
        if !right {
            let fault = Fault::fail(format!("{name} has another {what}"));
            faults.push(fault.expected(expected).found(found));
        }
    };
    field("covered type", rrsig.type_covered == rr_type, &rr_type, &rrsig.type_covered);
    let labels = zone.label_count();
    field("number of labels", rrsig.labels == labels, &labels, &rrsig.labels);
    field("original TTL", rrsig.original_ttl == set.ttl, &set.ttl, &rrsig.original_ttl);
    field("TTL", signature.ttl == set.ttl, &set.ttl, &signature.ttl);
    field("signer", rrsig.signer == *zone, zone, &rrsig.signer);
    // A KSK alone, and the first of its tag alone: with all of them, 64 keys of one tag and 64 signatures would be 4096
    // verifications a bundle (KeyTrap, CVE-2023-50387). That there is another one is a fault of its own.
    let named = bundle.keys().iter().filter(|key| key.dnskey.is_sep()).find(|key| {
        (signature.identifier.is_none() || key.identifier == signature.identifier)
            && (key.dnskey.key_tag(), key.dnskey.algorithm) == (rrsig.key_tag, rrsig.algorithm)
    });
    let Some(Key { dnskey: key, .. }) = named else {
        let ksks = words::keys(bundle.dnskeys().filter(|key| key.is_sep()));
        let fault = Fault::fail(format!("{name} is by no KSK of the bundle"));
        let found = format!("{} (algorithm {})", rrsig.key_tag, rrsig.algorithm);
        faults.push(fault.expected(format!("one of {ksks}")).found(found));
        return faults;
    };
    if verify(key, &rrsig.signed_data(zone, rdatas), &rrsig.signature).is_err() {
        let fault = Fault::fail(format!("{name} does not verify"));
        faults.push(fault.expected(format!("a signature by key {}", words::key(key))).found("another"));
    }
    faults
}

/// Signatures that are not valid for their bundle's time.
pub(super) fn window_faults(format: Format, bundle: &ResponseBundle) -> Vec<Fault> {
    let faults = rrsigs(bundle).filter_map(|rrsig| {
        let found = format!("{} to {}", rrsig.inception, rrsig.expiration);
        let name = format!("the {} signature with tag {}", rrsig.type_covered, rrsig.key_tag);
        if format == Format::RootXml {
            let expiration = bundle.expiration?;
            let same = (rrsig.inception, rrsig.expiration) == (bundle.inception, expiration);
            let fault = Fault::fail(format!("{name} has another validity than its bundle"));
            (!same).then(|| fault.expected(format!("{} to {expiration}", bundle.inception)).found(found))
        } else {
            let valid = rrsig.inception <= bundle.inception && bundle.inception < rrsig.expiration;
            let fault = Fault::fail(format!("{name} is not valid when its bundle begins"));
            (!valid).then(|| fault.expected(format!("valid at {}", bundle.inception)).found(found))
        }
    });
    let mut faults: Vec<Fault> = faults.collect();
    faults.extend(rrsigs(bundle).filter_map(|rrsig| {
        let length = rrsig.expiration.seconds_since(rrsig.inception);
        let fault = Fault::fail("a signature is valid for longer than an RRSIG can say (RFC 4034, section 3.1.5)");
        (length >= SERIAL_SPAN).then(|| fault.expected("less than 2^31 seconds").found(words::span(length)))
    }));
    if format == Format::RootXml && bundle.expiration.is_none_or(|expiration| expiration <= bundle.inception) {
        let end = bundle.expiration.map_or_else(|| "no expiration".to_owned(), |expiration| expiration.to_string());
        let fault = Fault::fail("the bundle expires before it begins");
        faults.push(fault.expected(format!("after {}", bundle.inception)).found(end));
    }
    faults
}

/// Bundles out of order, and times that no bundle covers.
///
/// `dnssec-ksr` may end one request's part and begin the next with the same time: `named` passes over the first.
pub(super) fn gaps(response: &Response) -> Vec<Fault> {
    let mut faults = Vec::new();
    if response.bundles.is_empty() {
        faults.push(Fault::fail("the response has no bundle").expected("at least one").found("none"));
    }
    let pairs = response.bundles.iter().zip(response.bundles.iter().skip(1)).enumerate();
    for (index, (before, bundle)) in pairs {
        let place = |fault: Fault| fault.bundle(index + 1, bundle.id.as_ref());
        let twice = bundle.inception == before.inception && response.format == Format::RootXml;
        if twice || bundle.inception < before.inception {
            let fault = Fault::fail("the bundle does not begin after the one before");
            faults.push(place(fault.expected(format!("after {}", before.inception)).found(bundle.inception)));
        }
        if let Some(end) = before.end().filter(|end| *end < bundle.inception) {
            let fault = Fault::fail("there is a gap before the bundle");
            faults.push(place(fault.expected(format!("a begin until {end}")).found(bundle.inception)));
        }
    }
    faults
}

/// SKR-PLANNED: field by field.
pub(super) fn check_planned(planned: &PlannedJob, response: &Response, report: &mut Report) {
    let plan = &planned.response;
    let mut faults = Vec::new();
    let mut same = |what: &str, same: bool, expected: String, found: String| {
        if !same {
            faults.push(Fault::fail(format!("{what} is not as planned")).expected(expected).found(found));
        }
    };
    same("the format", plan.format == response.format, plan.format.to_string(), response.format.to_string());
    same("the zone", plan.zone == response.zone, plan.zone.to_string(), response.zone.to_string());
    let (expected, found) = (head(plan.root.as_ref()), head(response.root.as_ref()));
    same("the head", plan.root == response.root, expected, found);
    let (expected, found) = (stamp(plan.stamp.as_ref()), stamp(response.stamp.as_ref()));
    same("the stamp", plan.stamp == response.stamp, expected, found);
    let (expected, found) = (plan.bundles.len(), response.bundles.len());
    same("the number of bundles", expected == found, expected.to_string(), found.to_string());
    for (index, (plan, bundle)) in plan.bundles.iter().zip(&response.bundles).enumerate() {
        let places = bundle_differences(plan, bundle).into_iter();
        faults.extend(places.map(|fault| fault.bundle(index, plan.id.as_ref())));
    }
    report.judge(Check::SkrPlanned, "the response is as planned", faults);
}

fn head(root: Option<&RootResponse>) -> String {
    let Some(root) = root else { return "none".to_owned() };
    let timestamp = root.timestamp.map_or_else(|| "none".to_owned(), |time| time.to_string());
    let (ksk, zsk) = (words::policy(&root.ksk_policy), words::policy(&root.zsk_policy));
    format!("id {}, serial {}, timestamp {timestamp}, KSK policy {ksk}, ZSK policy {zsk}", root.id, root.serial)
}

fn stamp(stamp: Option<&Stamp>) -> String {
    stamp.map_or_else(|| "none".to_owned(), |stamp| format!("{} by {}", stamp.time, stamp.by))
}

/// What is right is not put into words: there may be thousands of bundles.
fn bundle_differences(plan: &ResponseBundle, bundle: &ResponseBundle) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut differs = |what: String, [expected, found]: [String; 2]| {
        faults.push(Fault::fail(format!("{what} is not as planned")).expected(expected).found(found));
    };
    if (&plan.id, plan.inception, plan.expiration) != (&bundle.id, bundle.inception, bundle.expiration) {
        let head = |bundle: &ResponseBundle| {
            let expiration = bundle.expiration.map_or_else(|| "-".to_owned(), |time| time.to_string());
            format!("{} {} {expiration}", bundle.id.as_deref().unwrap_or("-"), bundle.inception)
        };
        differs("the head of the bundle".to_owned(), [plan, bundle].map(head));
    }
    let types = |bundle: &ResponseBundle| {
        bundle.sets.iter().map(|set| set.records.rr_type().mnemonic()).collect::<Vec<_>>().join(" ")
    };
    let [expected, found] = [plan, bundle].map(types);
    if expected != found {
        differs("the list of RRsets".to_owned(), [expected, found]);
    }
    for (plan, set) in plan.sets.iter().zip(&bundle.sets) {
        let name = plan.records.rr_type();
        let both = [plan, set];
        if plan.ttl != set.ttl {
            differs(format!("the TTL of {name}"), both.map(|set| set.ttl.to_string()));
        }
        if plan.records != set.records {
            differs(format!("the {name} RRset"), both.map(|set| set.records.lines().join(" | ")));
        }
        let mut pairs = plan.signatures.iter().zip(&set.signatures);
        if plan.signatures.len() != set.signatures.len() || !pairs.all(|(plan, found)| is_as_planned(plan, found)) {
            let fields = |set: &SignedSet| set.signatures.iter().map(without_octets).collect::<Vec<_>>().join(" | ");
            differs(format!("the list of {name} signatures"), both.map(fields));
        }
    }
    faults
}

/// Whether every field but the octets is the same.
fn is_as_planned(plan: &Signature, found: &Signature) -> bool {
    plan.identifier == found.identifier
        && plan.ttl == found.ttl
        && plan.rrsig.rdata_to_sign() == found.rrsig.rdata_to_sign()
}

/// Every field of a signature but its octets.
fn without_octets(signature: &Signature) -> String {
    let rrsig = Rrsig { signature: Vec::new(), ..signature.rrsig.clone() };
    format!("{} {} {}", signature.identifier.as_deref().unwrap_or("-"), signature.ttl, rrsig.to_string().trim_end())
}

/// SKR-KEY-TAGS.
pub(super) fn check_tags(job: &Job<'_>, report: &mut Report) {
    let bundles = job.response.bundles.iter().enumerate();
    let faults = bundles.flat_map(|(index, bundle)| {
        clashes(bundle).into_iter().map(move |fault| fault.bundle(index, bundle.id.as_ref()))
    });
    report.judge(Check::SkrKeyTags, "no two keys of a bundle share a tag or an identifier", faults.collect());
}

/// Different keys of a bundle with one tag or one identifier; a KSK counts with both its forms.
///
/// A signature names its key by these alone: where they stand for one key, it is that key's.
pub(super) fn clashes(bundle: &ResponseBundle) -> Vec<Fault> {
    let mut tags: BTreeMap<u16, &Dnskey> = BTreeMap::new();
    let mut identifiers: BTreeMap<&str, &Dnskey> = BTreeMap::new();
    let mut faults = Vec::new();
    let is_other = |one: &Dnskey, other: &Dnskey| (one.algorithm, &one.key) != (other.algorithm, &other.key);
    for Key { identifier, dnskey: key, .. } in bundle.keys() {
        let other = key.is_sep().then(|| Dnskey { flags: key.flags ^ Dnskey::REVOKE, ..key.clone() }.key_tag());
        for (tag, form) in [(Some(key.key_tag()), "as it stands"), (other, "plain or revoked")] {
            let Some(tag) = tag else { continue };
            let first = *tags.entry(tag).or_insert(key);
            if is_other(first, key) {
                let fault = Fault::fail(format!("two keys share tag {tag} ({form})"));
                faults.push(fault.expected("a tag of its own for each key").found(words::keys([first, key])));
            }
        }
        let Some(identifier) = identifier else { continue };
        let first = *identifiers.entry(identifier).or_insert(key);
        if first != key {
            let fault = Fault::fail(format!("two keys share identifier {identifier}"));
            faults.push(fault.expected("an identifier of its own for each key").found(words::keys([first, key])));
        }
    }
    faults
}

/// SKR-VERIFY.
pub(super) fn check_signatures(response: &Response, threads: usize, report: &mut Report) {
    let faults = in_parallel(&response.bundles, threads, |index, bundle| {
        let faults = signature_faults(&response.zone, bundle).into_iter();
        faults.map(|fault| fault.bundle(index, bundle.id.as_ref())).collect::<Vec<_>>()
    });
    let count: usize = response.bundles.iter().map(|bundle| rrsigs(bundle).count()).sum();
    let faults = faults.into_iter().flatten().collect();
    report.judge(Check::SkrVerify, format!("{count} signatures verified"), faults);
}

/// The KSKs of a bundle that have signed any of its sets.
pub(super) fn all_signers(bundle: &ResponseBundle) -> BTreeSet<&Dnskey> {
    bundle.sets.iter().flat_map(|set| signers(bundle, set.records.rr_type())).collect()
}

/// SKR-KEY-USAGE: signers are keys of the profile, and permission covers the bundle's time up to their signatures' end.
pub(super) fn check_usage(job: &Job<'_>, report: &mut Report) {
    let keys = job.zone.ksks();
    let mut faults = Vec::new();
    for (index, bundle) in job.response.bundles.iter().enumerate() {
        let place = |fault: Fault| fault.bundle(index, bundle.id.as_ref());
        for signer in all_signers(bundle) {
            let own = rrsigs(bundle).filter(|rrsig| rrsig.key_tag == signer.key_tag());
            let ends = own.map(|rrsig| rrsig.expiration).max();
            let Some(key) = keys.get(signer.key.as_slice()) else {
                let fault = Fault::fail(format!("key {} signs and is not in the profile", words::key(signer)));
                faults.push(place(fault.expected("a KSK of the profile").found(words::key(signer))));
                continue;
            };
            let name = &key.name;
            if let Some(from) = key.valid_from.filter(|from| bundle.inception < *from) {
                let fault = Fault::fail(format!("key {name} may not sign yet"));
                faults.push(place(fault.expected(format!("from {from} on")).found(bundle.inception)));
            }
            if let Some((until, end)) = key.valid_until.zip(ends).filter(|(until, end)| until < end) {
                let fault = Fault::fail(format!("key {name} may not sign for so long"));
                faults.push(place(fault.expected(format!("until {until}")).found(end)));
            }
        }
    }
    report.judge(Check::SkrKeyUsage, "every key is permitted to sign what it signs", faults);
}

/// SKR-SIGNED.
pub(super) fn check_signed(job: &Job<'_>, report: &mut Report) {
    let mut faults = Vec::new();
    for (index, bundle) in job.response.bundles.iter().enumerate() {
        let mut found = unsigned(bundle);
        for set in bundle.sets.iter().filter(|set| !set.signatures.is_empty()) {
            let rr_type = set.records.rr_type();
            if signers(bundle, rr_type).all(Dnskey::is_revoked) {
                let fault = Fault::fail(format!("the {rr_type} RRset is signed by no KSK that counts"));
                found.push(fault.expected("a signature by a KSK that is not revoked").found("none"));
            }
        }
        let signing: BTreeSet<&Dnskey> = signers(bundle, RrType::Dnskey).collect();
        for key in bundle.dnskeys().filter(|key| key.is_revoked() && !signing.contains(key)) {
            let fault = Fault::fail(format!("revoked key {} does not sign its own revocation", words::key(key)));
            found.push(fault.expected("a signature (RFC 5011, section 2.1)").found("none"));
        }
        faults.extend(found.into_iter().map(|fault| fault.bundle(index, bundle.id.as_ref())));
    }
    report.judge(Check::SkrSigned, "every set is signed", faults);
}

/// The signature of a bundle that begins first, where that is too early: no limit counts what lies before the bundle.
fn early(bundle: &ResponseBundle) -> Option<Fault> {
    let first = rrsigs(bundle).map(|rrsig| rrsig.inception).min()?;
    let offset = bundle.inception.seconds_since(first);
    let fault =
        Fault::fail("a signature begins long before its bundle").expected(format!("at most {MAX_OFFSET} before"));
    (offset > i64::from(MAX_OFFSET.seconds())).then(|| fault.found(words::span(offset)))
}

/// SKR-VALIDITY and SKR-HORIZON.
pub(super) fn check_times(job: &Job<'_>, report: &mut Report) {
    let limits = &job.zone.policy.request;
    let validity = job.ksk().map_or_else(
        || Range::profile(&limits.min_signature_validity, &limits.max_signature_validity),
        |ksk| Range::stated("profile", ksk.min_signature_validity, ksk.max_signature_validity),
    );
    let overlap = job.ksk().map(|ksk| Range::stated("profile", ksk.min_validity_overlap, ksk.max_validity_overlap));
    let days = limit(&limits.signature_horizon_days);
    let (mut windows, mut horizon) = (Vec::new(), Vec::new());
    let mut before: Option<&ResponseBundle> = None;
    for (index, bundle) in job.response.bundles.iter().enumerate() {
        let place = |fault: Fault| fault.bundle(index, bundle.id.as_ref());
        windows.extend(window_faults(job.response.format, bundle).into_iter().map(place));
        if job.response.format != Format::RootXml {
            windows.extend(early(bundle).map(place));
        }
        let ends: BTreeSet<Time> = rrsigs(bundle).map(|rrsig| rrsig.expiration).collect();
        for end in ends {
            // Counted from the bundle's time on: an earlier inception only allows for clocks that are slow.
            let length = end.seconds_since(bundle.inception);
            if let Some(expected) = words::violated(&[validity], length) {
                let fault = Fault::fail("the validity is out of bounds");
                windows.push(place(fault.expected(expected).found(words::span(length))));
            }
            horizon.extend(request_policy::horizon(end, job.now, days).map(place));
        }
        let length = before.and_then(ResponseBundle::end).map(|end| end.seconds_since(bundle.inception));
        if let Some((range, length)) = overlap.zip(length)
            && let Some(expected) = words::violated(&[range], length)
        {
            let fault = Fault::fail("the overlap with the bundle before is out of bounds");
            windows.push(place(fault.expected(expected).found(words::span(length))));
        }
        before = Some(bundle);
    }
    if job.ksk().is_none() {
        windows.extend(request_policy::open(&validity).filter(|_| limit(&limits.max_signature_validity).is_none()));
    }
    if days.is_none() {
        horizon.push(Fault::skipped("the profile sets no horizon", UNCHECKED));
    }
    report.judge(Check::SkrValidity, "every signature is valid for its bundle's time", windows);
    report.judge(Check::SkrHorizon, "every signature ends within the horizon", horizon);
}

/// SKR-COVERAGE: no gap from the first bundle on until `until`.
pub(super) fn check_coverage(job: &Job<'_>, until: Time, report: &mut Report) {
    let mut faults = gaps(job.response);
    let covered = covered_until(job.response);
    if let Some(covered) = covered.filter(|covered| *covered < until) {
        let fault = Fault::fail("the signatures end too early");
        faults.push(fault.expected(format!("covered until {until}")).found(covered));
    }
    let well = covered.map_or_else(String::new, |covered| format!("covered until {covered}"));
    report.judge(Check::SkrCoverage, well, faults);
}
