//! The parent's side: whose DS it is asked for by CDS and CDNSKEY, and whose it has.

use std::collections::BTreeSet;
use std::iter;

use super::check::{Check, Fault, Report};
use super::judge::Job;
use super::{response, words};
use crate::dns::{AlgorithmNumber, DigestType, Dnskey, Ds, RrType, Time};
use crate::exchange::{Records, ResponseBundle};
use crate::plan::wants_ds;
use crate::profile::{Signing, Zone};

/// The keys whose DS the parent has, by their timelines.
fn anchored<'a>(zone: &'a Zone, bundle: &ResponseBundle) -> BTreeSet<&'a Dnskey> {
    let keys = zone.keys.values().filter(|key| wants_ds(&key.timeline, bundle.inception));
    keys.filter_map(|key| key.dnskey.as_ref()).collect()
}

/// The keys whose DS a bundle asks for; by their timelines where it has neither CDS nor CDNSKEY.
pub(super) fn asked<'a>(zone: &'a Zone, bundle: &ResponseBundle) -> BTreeSet<&'a Dnskey> {
    let mut sets = bundle.sets.iter().filter(|set| set.records.rr_type() != RrType::Dnskey).peekable();
    if sets.peek().is_none() {
        return anchored(zone, bundle);
    }
    let keys = || zone.keys.values().filter_map(|key| key.dnskey.as_ref());
    sets.flat_map(|set| keys().filter(|key| asks_for(zone, &set.records, key))).collect()
}

fn asks_for(zone: &Zone, records: &Records, key: &Dnskey) -> bool {
    match records {
        Records::Dnskey(_) => false,
        Records::Cdnskey(keys) => keys.contains(key),
        Records::Cds(list) => list.iter().any(|ds| ds.is_of(key, &zone.name)),
    }
}

/// For each bundle the keys whose DS the parent had before it, by the bundle before or the previous response's last; none
/// where nothing is known.
///
/// The parent needs time to take over what a bundle asks for, and resolvers keep the DS RRset that they have; for how
/// long is not known here.
pub(super) fn had<'a>(job: &Job<'a>, earlier: &[&ResponseBundle]) -> Vec<BTreeSet<&'a Dnskey>> {
    let before = earlier.last().map(|bundle| asked(job.zone, bundle)).unwrap_or_default();
    let planned = job.response.bundles.iter().map(|bundle| anchored(job.zone, bundle));
    iter::once(before).chain(planned).take(job.response.bundles.len()).collect()
}

/// Algorithms of the DS RRset, as it is and as it was `before`, that no DNSKEY has: validators that know both take the
/// zone for bogus.
pub(super) fn algorithms(zone: &Zone, bundle: &ResponseBundle, before: &BTreeSet<&Dnskey>) -> Vec<Fault> {
    let served: BTreeSet<AlgorithmNumber> =
        bundle.dnskeys().filter(|key| !key.is_revoked()).map(|key| key.algorithm).collect();
    let wanted: BTreeSet<AlgorithmNumber> =
        anchored(zone, bundle).iter().chain(before).map(|key| key.algorithm).collect();
    let faults = wanted.difference(&served).map(|algorithm| {
        let fault = Fault::fail("the parent has a DS of an algorithm that no key of the bundle has");
        fault.expected(format!("a key of algorithm {algorithm}")).found("none")
    });
    faults.collect()
}

/// Bundles without a signature by a key with a DS, and what leads to an insecure zone.
///
/// Of the keys whose DS the parent had before, one must sign as well. And of those whose DS it has from a bundle on, one
/// must have signed each DNSKEY RRset that resolvers may still have, which they keep for its TTL.
pub(super) fn anchors(job: &Job<'_>, earlier: &[&ResponseBundle]) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    let mut islands = Vec::new();
    let served: Vec<&ResponseBundle> = earlier.iter().copied().chain(&job.response.bundles).collect();
    for ((index, bundle), before) in job.response.bundles.iter().enumerate().zip(had(job, earlier)) {
        let anchored = anchored(job.zone, bundle);
        let signs = |keys: &BTreeSet<&Dnskey>| response::signers(bundle, RrType::Dnskey).any(|key| keys.contains(key));
        let mut fault = |message: &str, keys: &BTreeSet<&Dnskey>, signed: &ResponseBundle| {
            let expected = format!("one of {}", words::keys(keys.iter().copied()));
            let found = words::keys(response::signers(signed, RrType::Dnskey));
            let fault = Fault::fail(message).bundle(index, bundle.id.as_ref());
            faults.push(fault.expected(expected).found(found));
        };
        if anchored.is_empty() {
            islands.push(index);
        } else if !signs(&anchored) {
            fault("no KSK with a DS signs the DNSKEY RRset", &anchored, bundle);
        }
        if !before.is_empty() && !signs(&before) {
            fault("no KSK signs whose DS the parent had before this bundle", &before, bundle);
        }
        let unknown = cached(served.get(..earlier.len() + index).unwrap_or_default(), bundle, job.zone.policy.ttl)
            .find(|cached| {
                let mut signers = response::signers(cached, RrType::Dnskey).peekable();
                signers.peek().is_some() && !signers.any(|key| anchored.contains(key))
            });
        if let Some(cached) = unknown.filter(|_| !anchored.is_empty()) {
            let ttl = job.zone.policy.ttl;
            let message = format!("the DS RRset changes before resolvers have its KSKs: they keep others for {ttl} s");
            fault(&message, &anchored, cached);
        }
    }
    if let Some(first) = islands.first() {
        let fault = Fault::warn("no KSK has a DS by its timeline: the zone is not secure");
        faults.push(fault.bundle(*first, None).expected("a DS").found(format!("none in {} bundles", islands.len())));
    }
    let leaving = job.response.bundles.iter().position(|bundle| leaves(job.zone, bundle.inception));
    if let (Some(first), Some(from)) = (leaving, job.zone.delete_ds_from) {
        let fault = Fault::warn("CDS and CDNSKEY ask the parent to remove every DS: the zone will not be secure");
        faults.push(fault.bundle(first, None).expected("a zone that stays secure").found(format!("from {from} on")));
    }
    faults
}

/// Of what was served before a bundle, in order, what resolvers may still have when it begins, the newest first: what was
/// served within a TTL, in seconds.
fn cached<'a>(
    before: &'a [&'a ResponseBundle],
    bundle: &'a ResponseBundle,
    ttl: u32,
) -> impl Iterator<Item = &'a ResponseBundle> {
    let mut end = bundle.inception;
    before.iter().rev().copied().take_while(move |before| {
        let kept = bundle.inception.seconds_since(end) < i64::from(ttl);
        end = before.inception;
        kept
    })
}

/// Whether the parent shall remove every DS at that time.
fn leaves(zone: &Zone, time: Time) -> bool {
    zone.delete_ds_from.is_some_and(|from| from <= time)
}

/// Sets of a planned bundle that are not what the profile asks the parent for at its time.
pub(super) fn planned(zone: &Zone, bundle: &ResponseBundle) -> Vec<Fault> {
    let faults = wanted(zone, bundle).into_iter().filter_map(|wanted| {
        let rr_type = wanted.rr_type();
        let found = bundle.set(rr_type).map(|set| &set.records);
        let rdatas = |records: &Records| records.rdatas().into_iter().collect::<BTreeSet<_>>();
        let same = rdatas(&wanted) == found.map(rdatas).unwrap_or_default();
        let lines = |records: &Records| records.lines().join(" | ");
        let words = |lines: String| if lines.is_empty() { "none".to_owned() } else { lines };
        let fault = Fault::fail(format!("the {rr_type} RRset is not what the profile asks for at this time"));
        (!same).then(|| fault.expected(words(lines(&wanted))).found(words(found.map(lines).unwrap_or_default())))
    });
    faults.collect()
}

/// CDNSKEY and CDS as the profile asks for them when a bundle begins; either may be empty.
fn wanted(zone: &Zone, bundle: &ResponseBundle) -> [Records; 2] {
    let (mut cdnskey, mut cds) = (Vec::new(), Vec::new());
    if let Signing::Schedule(schedule) = &zone.policy.signing {
        let leaves = leaves(zone, bundle.inception);
        let keys = anchored(zone, bundle);
        if schedule.cdnskey {
            cdnskey = if leaves { vec![Dnskey::delete()] } else { keys.iter().copied().cloned().collect() };
        }
        cds = match schedule.cds_digest_types.as_slice() {
            [] => Vec::new(),
            _ if leaves => vec![Ds::delete()],
            types => keys.iter().flat_map(|key| types.iter().map(|digest| key.ds(&zone.name, *digest))).collect(),
        };
    }
    [Records::Cdnskey(cdnskey), Records::Cds(cds)]
}

/// SKR-KEYS, as far as it can be judged without the request: whoever publishes another KSK, or asks for its DS, is
/// somebody else; and nobody asks the parent to remove every DS but the profile.
pub(super) fn check_ksks(job: &Job<'_>, report: &mut Report) {
    let forms = job.zone.ksk_forms();
    let plain: BTreeSet<&Dnskey> = forms.iter().filter(|key| !key.is_revoked()).collect();
    let mut faults = Vec::new();
    for (index, bundle) in job.response.bundles.iter().enumerate() {
        let strange = |message: &str, found: String| {
            Fault::fail(message).expected("a KSK of the profile as it stands there").found(found)
        };
        let mut found = Vec::new();
        for set in &bundle.sets {
            match &set.records {
                Records::Dnskey(keys) => {
                    let keys = keys.iter().map(|key| &key.dnskey);
                    let foreign = keys.filter(|key| key.is_sep() && !forms.contains(*key));
                    found.extend(foreign.map(|key| strange("a KSK is not one of the profile's", words::key(key))));
                }
                Records::Cdnskey(keys) => {
                    let foreign = keys.iter().filter(|key| **key != Dnskey::delete() && !plain.contains(key));
                    found.extend(foreign.map(|key| strange("a CDNSKEY is of no KSK of the profile", key.to_string())));
                }
                Records::Cds(list) => found.extend(list.iter().filter_map(|ds| foreign_ds(job.zone, &plain, ds))),
            }
        }
        found.extend(deletions(job.zone, bundle));
        faults.extend(found.into_iter().map(|fault| fault.bundle(index, bundle.id.as_ref())));
    }
    report.judge(Check::SkrKeys, "every KSK is one of the profile's", faults);
}

fn foreign_ds(zone: &Zone, ksks: &BTreeSet<&Dnskey>, ds: &Ds) -> Option<Fault> {
    if *ds == Ds::delete() || ksks.iter().any(|key| ds.is_of(key, &zone.name)) {
        return None;
    }
    let known = DigestType::from_number(ds.digest_type).is_some();
    if !known && ksks.iter().any(|key| (key.key_tag(), key.algorithm) == (ds.key_tag, ds.algorithm)) {
        let fault = Fault::warn("a CDS has a digest that cannot be compared, and the tag of a KSK of the profile");
        return Some(fault.expected("digest type 2 or 4").found(ds));
    }
    Some(Fault::fail("a CDS is of no KSK of the profile").expected("a digest of a KSK of the profile").found(ds))
}

/// The delete forms where they do not belong (RFC 8078, section 4): beside another record, in one set of two, or
/// when the profile does not ask for them.
fn deletions(zone: &Zone, bundle: &ResponseBundle) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut deletes = BTreeSet::new();
    for set in &bundle.sets {
        let (count, removes) = match &set.records {
            Records::Dnskey(_) => continue,
            Records::Cdnskey(keys) => (keys.len(), keys.contains(&Dnskey::delete())),
            Records::Cds(list) => (list.len(), list.contains(&Ds::delete())),
        };
        deletes.insert(removes);
        if removes && count > 1 {
            let fault = Fault::fail(format!("the {} RRset has its delete form and more", set.records.rr_type()));
            faults
                .push(fault.expected("the delete form alone (RFC 8078, section 4)").found(format!("{count} records")));
        }
    }
    if deletes.len() > 1 {
        let fault = Fault::fail("one of CDS and CDNSKEY asks the parent to remove every DS, the other does not");
        faults.push(fault.expected("the same of both (RFC 7344, section 4)").found("a delete form in one of them"));
    }
    if deletes.contains(&true) && !leaves(zone, bundle.inception) {
        let fault = Fault::fail("the bundle asks the parent to remove every DS");
        let from = zone.delete_ds_from.map_or_else(|| "never".to_owned(), |from| format!("from {from} on"));
        faults.push(fault.expected(format!("{from} (delete-ds-from of the profile)")).found(bundle.inception));
    }
    faults
}
