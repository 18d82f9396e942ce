//! KSR-POLICY-SAFETY: keys are known before they sign, and stay after they have.

use std::collections::{BTreeMap, BTreeSet};

use super::check::{Check, Fault, Report};
use super::judge::{FIRST, Job, earlier};
use super::{parent, response, words};
use crate::dns::{Dnskey, RrType, Time};
use crate::exchange::{Response, ResponseBundle};
use crate::plan::{JobInput, Previous};
use crate::profile::KskPolicy;

/// A key is the same with and without the REVOKE bit.
type Public<'a> = &'a [u8];

pub(super) fn check(job: &Job<'_>, input: &JobInput, report: &mut Report) {
    let previous = match &input.previous {
        Previous::Response { response, .. } => Some(response),
        Previous::First => None,
    };
    let mut faults = match job.ksk() {
        Some(ksk) => {
            let mut faults = publish(ksk, previous, job.response);
            faults.extend(retire(ksk, previous, job.response));
            faults
        }
        None => previous.map(|previous| continues(job, input, previous)).unwrap_or_default(),
    };
    faults.extend(comes_back(previous, job.response));
    if previous.is_none() {
        faults.push(Fault::skipped("not compared with a previous response", FIRST));
    }
    report.judge(Check::KsrPolicySafety, "keys are known before they sign and stay after they have", faults);
}

fn present(bundle: &ResponseBundle) -> BTreeSet<Public<'_>> {
    bundle.dnskeys().map(|key| key.key.as_slice()).collect()
}

fn plain_signers(bundle: &ResponseBundle) -> impl Iterator<Item = &Dnskey> {
    response::signers(bundle, RrType::Dnskey).filter(|key| !key.is_revoked())
}

/// A key that signs has been published without a break for the safety time, and before the first bundle at all.
fn publish(ksk: &KskPolicy, previous: Option<&Response>, planned: &Response) -> Vec<Fault> {
    let earlier = previous.map(|previous| previous.bundles.as_slice()).unwrap_or_default();
    let mut since: BTreeMap<Public<'_>, Option<Time>> = BTreeMap::new();
    let mut faults = Vec::new();
    for (position, bundle) in earlier.iter().chain(&planned.bundles).enumerate() {
        // What the first bundle of all has may have been there for long.
        let begin = (position > 0).then_some(bundle.inception);
        let now: BTreeMap<Public<'_>, Option<Time>> =
            present(bundle).into_iter().map(|key| (key, since.get(key).copied().unwrap_or(begin))).collect();
        let before = std::mem::replace(&mut since, now);
        let Some(index) = position.checked_sub(earlier.len()) else { continue };
        for key in response::signers(bundle, RrType::Dnskey) {
            let public = key.key.as_slice();
            let place = |fault: Fault| fault.bundle(index, bundle.id.as_ref());
            if index == 0 && position > 0 && !before.contains_key(public) {
                let fault = Fault::fail(format!("key {} signs without having been published", words::key(key)));
                let expected = "published in the previous response's last bundle";
                faults.push(place(fault.expected(expected).found("not there")));
            } else if let Some(begin) = since.get(public).copied().flatten() {
                let published = bundle.inception.seconds_since(begin);
                if published < i64::from(ksk.publish_safety.seconds()) {
                    let fault = Fault::fail(format!("key {} signs too soon after its publication", words::key(key)));
                    let expected = format!("published for {}", ksk.publish_safety);
                    faults.push(place(fault.expected(expected).found(words::span(published))));
                }
            }
        }
    }
    faults
}

/// A key that has signed stays: from the previous response for the safety time, within this one until it is revoked.
fn retire(ksk: &KskPolicy, previous: Option<&Response>, planned: &Response) -> Vec<Fault> {
    let mut stays: BTreeMap<Public<'_>, (&Dnskey, Option<Time>)> = BTreeMap::new();
    let last = previous.and_then(|previous| previous.bundles.last());
    if let (Some(last), Some(first)) = (last, planned.bundles.first()) {
        let until = first.inception.checked_add(ksk.retire_safety);
        stays.extend(plain_signers(last).map(|key| (key.key.as_slice(), (key, until))));
    }
    let mut faults = Vec::new();
    for (index, bundle) in planned.bundles.iter().enumerate() {
        let published = present(bundle);
        let revoked: BTreeSet<Public<'_>> =
            bundle.dnskeys().filter(|key| key.is_revoked()).map(|key| key.key.as_slice()).collect();
        stays.retain(|public, (key, until)| {
            if revoked.contains(public) || until.is_some_and(|until| until < bundle.inception) {
                return false;
            }
            if published.contains(public) {
                return true;
            }
            let fault = Fault::fail(format!("key {} has signed and is gone too early", words::key(key)));
            let expected = match until {
                Some(until) => format!("published until {until}, for {}", ksk.retire_safety),
                None => "published until it is revoked or the response ends".to_owned(),
            };
            faults.push(fault.bundle(index, bundle.id.as_ref()).expected(expected).found("not in the RRset"));
            false
        });
        stays.extend(plain_signers(bundle).map(|key| (key.key.as_slice(), (key, None))));
    }
    faults
}

/// A revoked key that stands plain again: validators have forgotten it for good (RFC 5011, section 2.1).
fn comes_back(previous: Option<&Response>, planned: &Response) -> Vec<Fault> {
    let earlier = previous.map(|previous| previous.bundles.as_slice()).unwrap_or_default();
    let mut revoked: BTreeSet<Public<'_>> = BTreeSet::new();
    let mut faults = Vec::new();
    for (position, bundle) in earlier.iter().chain(&planned.bundles).enumerate() {
        let keys = || bundle.dnskeys();
        if let Some(index) = position.checked_sub(earlier.len()) {
            for key in keys().filter(|key| !key.is_revoked() && revoked.contains(key.key.as_slice())) {
                let fault = Fault::fail(format!("key {} was revoked before and is not any more", words::key(key)));
                let fault = fault.expected("revoked, or not there").found("there without the REVOKE bit");
                faults.push(fault.bundle(index, bundle.id.as_ref()));
            }
        }
        revoked.extend(keys().filter(|key| key.is_revoked()).map(|key| key.key.as_slice()));
    }
    faults
}

/// Under a schedule, where nothing is known of the parent's DS (`SKR-CHAIN` judges by it otherwise): a KSK that signs at
/// the end of the previous response signs on.
fn continues(job: &Job<'_>, input: &JobInput, previous: &Response) -> Vec<Fault> {
    let Some(first) = job.response.bundles.first() else { return Vec::new() };
    let before = previous.bundles.iter().rev().find(|bundle| bundle.inception <= first.inception);
    let Some(before) = before else { return Vec::new() };
    let mut known: BTreeSet<&Dnskey> = plain_signers(before).collect();
    known.extend(parent::asked(job.zone, before));
    let is_judged = earlier(job, input).last().is_some_and(|bundle| !parent::asked(job.zone, bundle).is_empty());
    if is_judged || plain_signers(first).any(|key| known.contains(key)) {
        return Vec::new();
    }
    let fault = Fault::fail("no KSK signs that signed in the previous response");
    let (expected, found) = (words::keys(known), words::keys(plain_signers(first)));
    vec![fault.bundle(0, first.id.as_ref()).expected(format!("one of {expected}")).found(found)]
}
