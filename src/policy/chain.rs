//! The place of a request after the previous response.

use std::collections::BTreeSet;

use super::check::{Check, Fault, Report};
use super::judge::{Asked, FIRST};
use super::parallel::in_parallel;
use super::words::{self, Range};
use super::{request_policy, response};
use crate::dns::{Dnskey, RrType, Time};
use crate::exchange::{Format, Response, ResponseBundle};
use crate::plan::Previous;
use crate::profile::{Limit, Zone};

pub(super) fn check(asked: &Asked<'_>, report: &mut Report) {
    request_policy::check_notices(asked, report);
    check_head(asked, report);
    let Some(previous) = asked.previous() else {
        for check in [Check::SkrPrevious, Check::SkrPreviousSig, Check::KsrChainKeys, Check::KsrChainOverlap] {
            report.skip(check, FIRST);
        }
        return;
    };
    report.judge(Check::SkrPrevious, "the previous response is whole", whole(asked, previous));
    let faults = in_parallel(&previous.bundles, asked.threads, |index, bundle| {
        let mut faults = response::unsigned(bundle);
        faults.extend(response::clashes(bundle));
        faults.extend(response::signature_faults(&previous.zone, bundle));
        faults.extend(response::window_faults(previous.format, bundle));
        faults.into_iter().map(|fault| fault.bundle(index, bundle.id.as_ref())).collect::<Vec<_>>()
    });
    let faults = faults.into_iter().flatten().collect();
    report.judge(Check::SkrPreviousSig, "every signature of the previous response verifies", faults);
    check_keys(asked, previous, report);
    check_overlap(asked, previous, report);
}

fn check_head(asked: &Asked<'_>, report: &mut Report) {
    match (&asked.input.previous, &asked.input.head) {
        (Previous::First, head) => {
            let fault = Fault::warn("there is no previous response: nothing ties this request to an earlier ceremony");
            report.judge(Check::KsrFirst, "", vec![fault]);
            match head {
                None => report.skip(Check::KsrChainHead, FIRST),
                Some(head) => {
                    let fault = Fault::warn("the previous record names a response, and yet none is given");
                    let fault = fault.expected(format!("SHA-256 {head}")).found("none");
                    report.judge(Check::KsrChainHead, "", vec![fault]);
                }
            }
        }
        (Previous::Response { sha256, .. }, head) => {
            report.judge(Check::KsrFirst, "a previous response is given", Vec::new());
            match head {
                None => report.skip(Check::KsrChainHead, "no previous record names a response"),
                Some(head) => {
                    let fault = Fault::fail("the previous response is not the one that the previous record names");
                    let fault = (head != sha256).then(|| fault.expected(head).found(sha256));
                    let well = "the previous response is the one that the previous record names";
                    report.judge(Check::KsrChainHead, well, fault.into_iter().collect());
                }
            }
        }
    }
}

fn whole(asked: &Asked<'_>, previous: &Response) -> Vec<Fault> {
    let mut faults = Vec::new();
    if previous.zone != asked.zone.name {
        let fault = Fault::fail("the previous response is for another zone");
        faults.push(fault.expected(&asked.zone.name).found(&previous.zone));
    }
    if previous.format != asked.request().format {
        let fault = Fault::warn("the previous response has another format");
        faults.push(fault.expected(asked.request().format).found(previous.format));
    }
    if let (Format::RootXml, Limit::Is(expected)) = (previous.format, &asked.limits().num_bundles)
        && previous.bundles.len() != *expected
    {
        let fault = Fault::fail("the previous response has another number of bundles than the profile demands");
        faults.push(fault.expected(expected).found(previous.bundles.len()));
    }
    faults.extend(response::gaps(previous));
    faults.extend(strangers(asked.zone, previous));
    faults
}

/// Bundles that somebody else may have put before the last one, to make a key look long published: each is signed by a
/// KSK of the profile, or by one that the bundle after it has.
fn strangers(zone: &Zone, previous: &Response) -> Vec<Fault> {
    let profile = zone.ksks();
    let pairs = previous.bundles.iter().zip(previous.bundles.iter().skip(1)).enumerate();
    let faults = pairs.filter_map(|(index, (bundle, next))| {
        let later: BTreeSet<&Dnskey> = next.dnskeys().filter(|key| key.is_sep()).collect();
        let is_known = |key: &Dnskey| profile.contains_key(key.key.as_slice()) || later.contains(key);
        let signers = || response::signers(bundle, RrType::Dnskey);
        // That nobody signs at all is SKR-PREVIOUS-SIG's.
        if signers().next().is_none() || signers().any(is_known) {
            return None;
        }
        let fault = Fault::fail("no KSK of the profile or of the bundle after it signs the bundle");
        Some(fault.bundle(index, bundle.id.as_ref()).expected("a KSK that is known").found(words::keys(signers())))
    });
    faults.collect()
}

/// The bundle of the previous response that is served when the request's first begins.
///
/// The root's responses overlap: there it is the last. Elsewhere it is the newest that has begun.
fn meeting(previous: &Response, first: Time) -> Option<&ResponseBundle> {
    match previous.format {
        Format::RootXml => previous.bundles.last(),
        Format::Bind | Format::Knot => previous.bundles.iter().rev().find(|bundle| bundle.inception <= first),
    }
}

fn check_keys(asked: &Asked<'_>, previous: &Response, report: &mut Report) {
    let mut faults = Vec::new();
    let first = asked.request().bundles.first();
    match first.and_then(|first| meeting(previous, first.inception).map(|before| (before, first))) {
        None => {
            let fault = Fault::fail("the previous response has no bundle for the time when the request begins");
            let first = first.map_or_else(|| "nothing".to_owned(), |first| first.inception.to_string());
            let begin = previous.bundles.first().map_or_else(|| "no bundle".to_owned(), |b| b.inception.to_string());
            faults.push(fault.expected(format!("a bundle that has begun at {first}")).found(begin));
        }
        Some((before, first)) => {
            let served: BTreeSet<&Dnskey> = before.dnskeys().filter(|key| !key.is_sep()).collect();
            let wanted: BTreeSet<&Dnskey> =
                first.keys.iter().map(|key| &key.key.dnskey).filter(|key| key.flags == Dnskey::ZSK).collect();
            let place = |fault: Fault| fault.bundle(0, first.id.as_ref());
            for key in wanted.difference(&served) {
                let fault =
                    Fault::fail(format!("key {} is not in the previous response when both meet", words::key(key)));
                faults.push(place(fault.expected(words::keys(served.iter().copied())).found(words::key(key))));
            }
            for key in served.difference(&wanted) {
                let fault = Fault::fail(format!("key {} of the previous response vanishes too early", words::key(key)));
                faults.push(place(fault.expected(words::key(key)).found(words::keys(wanted.iter().copied()))));
            }
            faults.extend(foreign_signers(asked.zone, before));
        }
    }
    report.judge(Check::KsrChainKeys, "the keys go on from the previous response", faults);
}

/// KSKs that have signed a bundle and are not in the profile: the response of somebody else.
fn foreign_signers(zone: &Zone, bundle: &ResponseBundle) -> Vec<Fault> {
    let known = zone.ksks();
    let foreign =
        response::all_signers(bundle).into_iter().filter(|key| !known.contains_key(key.key.as_slice())).map(|key| {
            let fault =
                Fault::fail(format!("key {} signed the previous response and is not in the profile", words::key(key)));
            fault.expected("a KSK of the profile").found(words::key(key))
        });
    foreign.collect()
}

fn check_overlap(asked: &Asked<'_>, previous: &Response, report: &mut Report) {
    let mut faults = Vec::new();
    let covered = previous.bundles.last().and_then(ResponseBundle::end);
    if let (Some(covered), Some(first)) = (covered, asked.request().bundles.first()) {
        let place = |fault: Fault| fault.bundle(0, first.id.as_ref());
        let overlap = covered.seconds_since(first.inception);
        if let Some(claimed) = asked.claimed() {
            let limits = asked.limits();
            let own = Range::stated("request", claimed.min_validity_overlap, claimed.max_validity_overlap);
            let profile = Range::profile(&limits.min_validity_overlap, &limits.max_validity_overlap);
            if let Some(expected) = words::violated(&[own, profile], overlap) {
                let fault = Fault::fail("the overlap with the previous response is out of bounds");
                faults.push(place(fault.expected(expected).found(words::span(overlap))));
            }
            faults.extend(request_policy::open(&profile));
        } else if overlap < 0 {
            let fault = Fault::fail("the previous response ends before the request begins");
            faults.push(place(fault.expected(format!("covered until {} or later", first.inception)).found(covered)));
        }
    }
    report.judge(Check::KsrChainOverlap, "the previous response reaches the request", faults);
}
