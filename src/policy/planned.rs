//! A plan against its inputs: the right keys, in the right bundles, with a chain of trust.

use std::collections::BTreeSet;

use super::check::{Check, Fault, Report};
use super::judge::{Job, earlier};
use super::{parent, response, words};
use crate::dns::{AlgorithmNumber, Dnskey, RrType, Sha256Digest, Time};
use crate::exchange::{self, Format, RequestBundle, Response, ResponseBundle};
use crate::plan::{JobInput, PlannedJob, Previous};
use crate::profile::Signing;

/// Requests of one zone that a finding names.
const NAMED: usize = 4;

/// Until when a response to `input` must last.
pub(super) fn until(job: &Job<'_>, input: &JobInput) -> Time {
    let bundles = &input.request.bundles;
    let last = bundles.iter().map(|bundle| bundle.expiration.unwrap_or(bundle.inception)).max();
    let own = match (&job.zone.policy.signing, job.response.format) {
        (Signing::Schedule(schedule), Format::Bind) => {
            let first = bundles.iter().map(|bundle| bundle.inception).min();
            first.and_then(|first| first.checked_add(schedule.coverage))
        }
        _ => last,
    };
    input.until.or(own).unwrap_or(Time::MAX)
}

/// PLAN-INPUTS, for a request that is not its zone's only one: all of them are judged after one previous response, and the
/// next ceremony goes on from one of theirs.
pub(super) fn of_one_zone(inputs: &[JobInput], index: usize) -> Option<Fault> {
    let input = inputs.get(index)?;
    let of_zone = || inputs.iter().enumerate().filter(|(_, other)| other.request.zone == input.request.zone);
    let (other, _) = of_zone().find(|(other, _)| *other != index)?;
    let message = if index < other {
        "another request of the plan is for this zone: `state.json` will name the response to this one, and a request that \
         follows the other may be refused"
    } else {
        "an earlier request of the plan is for this zone: `state.json` will name the response to that one, and a request \
         that follows this one may be refused"
    };
    let found = of_zone().map(|(_, other)| other.request_sha256.to_string()).take(NAMED).collect::<Vec<_>>().join(", ");
    let more = of_zone().count().saturating_sub(NAMED);
    let found = if more == 0 { found } else { format!("{found} and {more} more") };
    Some(Fault::warn(message).expected("one request for a zone").found(found))
}

pub(super) fn check(
    job: &Job<'_>,
    planned: &PlannedJob,
    input: &JobInput,
    of_one_zone: Option<Fault>,
    report: &mut Report,
) {
    check_inputs(job, planned, input, of_one_zone, report);
    check_schema(job, planned, input, report);
    check_keys(job, input, report);
    response::check_tags(job, report);
}

fn check_inputs(
    job: &Job<'_>,
    planned: &PlannedJob,
    input: &JobInput,
    of_one_zone: Option<Fault>,
    report: &mut Report,
) {
    let mut faults: Vec<Fault> = of_one_zone.into_iter().collect();
    let previous = match &input.previous {
        Previous::Response { sha256, .. } => Some(*sha256),
        Previous::First => None,
    };
    let mut same = |what: &str, expected: String, found: String| {
        if expected != found {
            faults.push(Fault::fail(format!("the plan is for another {what}")).expected(expected).found(found));
        }
    };
    same("request", input.request_sha256.to_string(), planned.request_sha256.to_string());
    same("zone", input.request.zone.to_string(), planned.zone.to_string());
    same("format", input.request.format.to_string(), planned.format.to_string());
    let digest = |digest: Option<Sha256Digest>| digest.map_or_else(|| "first".to_owned(), |digest| digest.to_string());
    same("previous response", digest(previous), digest(planned.previous_sha256));
    same("policy", job.zone.policy_name.clone(), planned.policy.clone());
    report.judge(Check::PlanInputs, format!("the plan answers request {}", planned.request_sha256), faults);
}

fn check_schema(job: &Job<'_>, planned: &PlannedJob, input: &JobInput, report: &mut Report) {
    let Signing::Schemas { schemas, .. } = &job.zone.policy.signing else {
        return report.skip(Check::PlanSchema, "the policy has a schedule");
    };
    let name = planned.schema.as_deref().unwrap_or("none");
    let bundles = input.request.bundles.len();
    let mut faults = Vec::new();
    match schemas.get(name) {
        None => {
            let known = schemas.keys().cloned().collect::<Vec<_>>().join(", ");
            faults.push(Fault::fail("the policy has no such schema").expected(known).found(name));
        }
        Some(schema) if schema.slots.len() != bundles => {
            let fault = Fault::fail(format!("schema {name} is for another number of bundles"));
            faults.push(fault.expected(schema.slots.len()).found(bundles));
        }
        Some(_) => {}
    }
    report.judge(Check::PlanSchema, format!("schema {name} has a slot for each of {bundles} bundles"), faults);
}

/// SKR-KEYS: what is not a KSK of the profile is exactly what the request has at that time.
fn check_keys(job: &Job<'_>, input: &JobInput, report: &mut Report) {
    let ksks = job.zone.ksk_forms();
    let mut asked: Vec<&RequestBundle> = input.request.bundles.iter().collect();
    asked.sort_by_key(|bundle| bundle.inception);
    let mut faults = Vec::new();
    let mut answered = BTreeSet::new();
    for (index, bundle) in job.response.bundles.iter().enumerate() {
        let place = |fault: Fault| fault.bundle(index, bundle.id.as_ref());
        let position = asked.partition_point(|asked| asked.inception <= bundle.inception);
        let Some((position, asked)) =
            position.checked_sub(1).and_then(|last| asked.get(last).map(|asked| (last, asked)))
        else {
            let fault = Fault::fail("the bundle begins before the request").found(bundle.inception);
            faults.push(place(match asked.first() {
                Some(first) => fault.expected(format!("from {} on", first.inception)),
                None => fault.expected("a request with a bundle"),
            }));
            continue;
        };
        answered.insert(position);
        let expected: BTreeSet<&Dnskey> = asked.keys.iter().map(|key| &key.key.dnskey).collect();
        let found: BTreeSet<&Dnskey> = bundle.dnskeys().filter(|key| !ksks.contains(*key)).collect();
        if expected != found {
            let fault = Fault::fail("the ZSKs are not those that the request has at this time");
            faults.push(place(fault.expected(words::keys(expected)).found(words::keys(found))));
        }
        faults.extend(parent::planned(job.zone, bundle).into_iter().map(place));
        let as_asked =
            (&asked.id, asked.inception, asked.expiration) == (&bundle.id, bundle.inception, bundle.expiration);
        if job.response.format == Format::RootXml && !as_asked {
            let head = |id: &Option<String>, inception: Time, expiration: Option<Time>| {
                let expiration = expiration.map_or_else(|| "-".to_owned(), |time| time.to_string());
                format!("{} {inception} {expiration}", id.as_deref().unwrap_or("-"))
            };
            let fault = Fault::fail("the bundle has another id or other times than the request's");
            let fault = fault.expected(head(&asked.id, asked.inception, asked.expiration));
            faults.push(place(fault.found(head(&bundle.id, bundle.inception, bundle.expiration))));
        }
    }
    let left = asked.len() - answered.len();
    if left > 0 {
        // Under a schedule the coverage may end before the request does, which people must know.
        let message = format!("{left} bundles of the request are not answered");
        let fault = if job.response.format == Format::RootXml { Fault::fail(message) } else { Fault::warn(message) };
        faults.push(fault.expected(asked.len()).found(answered.len()));
    }
    if let Err(error) = exchange::fits(job.response) {
        faults.push(Fault::fail(format!("no response could hold what is planned: {error}")));
    }
    report.judge(Check::SkrKeys, "every bundle has the keys of request and profile", faults);
}

/// SKR-ALGORITHMS and SKR-CHAIN.
pub(super) fn check_chain(job: &Job<'_>, input: &JobInput, report: &mut Report) {
    let earlier = earlier(job, input);
    let had = parent::had(job, &earlier);
    let faults = job.response.bundles.iter().zip(&had).enumerate().flat_map(|(index, (bundle, before))| {
        let mut faults = algorithms(bundle);
        if job.ksk().is_none() {
            faults.extend(parent::algorithms(job.zone, bundle, before));
        }
        faults.into_iter().map(move |fault| fault.bundle(index, bundle.id.as_ref()))
    });
    report.judge(Check::SkrAlgorithms, "every algorithm of a set signs it", faults.collect());
    let (well, faults) = match job.ksk() {
        Some(_) => ("a KSK that was there before signs in every bundle", links(job.response)),
        None => ("a KSK with a DS signs in every bundle", parent::anchors(job, &earlier)),
    };
    report.judge(Check::SkrChain, well, faults);
}

/// Under schemas: where the chain of trust breaks from one bundle to the next. The step from the previous response is
/// KSR-POLICY-SAFETY's.
fn links(response: &Response) -> Vec<Fault> {
    let pairs = response.bundles.iter().zip(response.bundles.iter().skip(1)).enumerate();
    let faults = pairs.filter_map(|(index, (before, bundle))| {
        let known: BTreeSet<&Dnskey> = before.dnskeys().filter(|key| key.is_sep() && !key.is_revoked()).collect();
        let signing = || response::signers(bundle, RrType::Dnskey).filter(|key| !key.is_revoked());
        // That nobody signs at all is SKR-SIGNED's.
        let broken = signing().next().is_some() && !signing().any(|key| known.contains(key));
        let fault = Fault::fail("no KSK signs that the bundle before has").bundle(index + 1, bundle.id.as_ref());
        broken.then(|| fault.expected(format!("one of {}", words::keys(known))).found(words::keys(signing())))
    });
    faults.collect()
}

/// Every algorithm of the DNSKEY RRset signs every RRset (RFC 4035, section 2.2), that of a revoked key as well. A revoked
/// key signs nothing but the DNSKEY RRset (RFC 5011, section 2.1), so CDS and CDNSKEY go without an algorithm that no
/// other KSK has.
fn algorithms(bundle: &ResponseBundle) -> Vec<Fault> {
    let of = |wanted: &dyn Fn(&Dnskey) -> bool| -> BTreeSet<AlgorithmNumber> {
        bundle.dnskeys().filter(|key| wanted(key)).map(|key| key.algorithm).collect()
    };
    let list = |set: &BTreeSet<AlgorithmNumber>| set.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let (all, zsks) = (of(&|_| true), of(&|key| !key.is_sep()));
    let (revoked, plain) = (of(&Dnskey::is_revoked), of(&|key| key.is_sep() && !key.is_revoked()));
    let mut faults = Vec::new();
    for set in bundle.sets.iter().filter(|set| !set.signatures.is_empty()) {
        let rr_type = set.records.rr_type();
        let ours = rr_type == RrType::Dnskey;
        let signers = response::signers(bundle, rr_type).filter(|key| ours || !key.is_revoked());
        let signed: BTreeSet<AlgorithmNumber> = signers.map(|key| key.algorithm).collect();
        let spared = |algorithm: &AlgorithmNumber| !ours && revoked.contains(algorithm) && !plain.contains(algorithm);
        let expected: BTreeSet<AlgorithmNumber> = all.iter().copied().filter(|algorithm| !spared(algorithm)).collect();
        if !signed.is_empty() && signed != expected {
            let fault = Fault::fail(format!("the {rr_type} RRset is not signed with every algorithm of the keys"));
            faults.push(fault.expected(list(&expected)).found(list(&signed)));
        }
    }
    if zsks != all {
        let fault = Fault::fail("there is no ZSK of every algorithm of the keys");
        faults.push(fault.expected(list(&all)).found(list(&zsks)));
    }
    faults
}
