//! Every verdict reached anew: profile, requests, plan, responses, state.

mod response;
mod token;

use super::trail::{JobTrail, Opening};
use super::{Remarks, Trail};
use crate::dns::{Time, sha256};
use crate::exchange::{self, Limits};
use crate::plan::{self, JobInput, Plan, Previous};
use crate::policy::{self, Finding};
use crate::profile::{self, Profile};
use crate::steps::Verdict;
use crate::transcript::{DocumentRead, Files, State, clean_text, json, names};

const PROFILE: &str = "AUDIT-PROFILE";
const REQUEST: &str = "AUDIT-REQUEST";
const PLAN: &str = "AUDIT-PLAN";
const RESPONSE: &str = "AUDIT-RESPONSE";
const STATE: &str = "AUDIT-STATE";

/// Checks that a stage after another one cannot make.
const AFTER_PROFILE: [&str; 4] = [REQUEST, PLAN, RESPONSE, STATE];

pub(super) fn check(files: &Files, trail: &Trail<'_>, threads: usize, remarks: &mut Remarks) {
    let Some(profile) = read_profile(files, trail, remarks) else {
        AFTER_PROFILE.iter().for_each(|check| remarks.skip(check, "there is no profile to judge by"));
        return;
    };
    token::check(&profile, trail, remarks);
    let Some(now) = judged_at(trail, remarks) else {
        AFTER_PROFILE.iter().for_each(|check| remarks.skip(check, "nothing was judged"));
        return;
    };
    let inputs = check_requests(files, &profile, trail, now, threads, remarks);
    let plan = check_plan(files, &profile, trail, inputs, now, remarks);
    match &plan {
        Some(plan) => {
            token::check_keys(plan, trail, remarks);
            response::check(files, &profile, plan, trail, threads, remarks);
        }
        None => remarks.skip(RESPONSE, "there is no plan"),
    }
    check_state(files, &profile, plan.as_ref(), trail, remarks);
}

fn read_profile(files: &Files, trail: &Trail<'_>, remarks: &mut Remarks) -> Option<Profile> {
    let octets = files.get(names::PROFILE)?;
    let profile = match profile::read(octets) {
        Ok(profile) => profile,
        Err(error) => {
            remarks.fail(PROFILE, names::PROFILE, "it cannot be read", "a profile", error);
            return None;
        }
    };
    if let Some(opened) = trail.opened.filter(|opened| opened.profile != clean_text(&profile.name)) {
        let (expected, found) = (opened.profile.escape_debug(), profile.name.escape_debug());
        remarks.fail(PROFILE, names::PROFILE, "the first entry names another profile", expected, found);
    }
    remarks.pass(PROFILE, "the profile can be read");
    Some(profile)
}

/// The one time of all judgement.
fn judged_at(trail: &Trail<'_>, remarks: &mut Remarks) -> Option<Time> {
    let Some(first) = trail.judged_at.first() else {
        if !trail.jobs.is_empty() || trail.planned.is_some() || trail.complete() {
            let message = "nothing says as of when the requests were judged";
            remarks.fail(REQUEST, names::TRANSCRIPT, message, "one time of judgement", "none");
        }
        return None;
    };
    if let Some(other) = trail.judged_at.iter().find(|time| *time != first) {
        remarks.fail(REQUEST, names::TRANSCRIPT, "there is more than one time of judgement", first, other);
    }
    Some(*first)
}

/// The inputs of all accepted jobs in order; `None` if one of them cannot be had.
fn check_requests(
    files: &Files,
    profile: &Profile,
    trail: &Trail<'_>,
    now: Time,
    threads: usize,
    remarks: &mut Remarks,
) -> Option<Vec<JobInput>> {
    let mut inputs = Some(Vec::new());
    for (number, job) in trail.accepted() {
        let missing = |said: &&DocumentRead| !files.contains_key(&said.path);
        if let Some(missing) = job.request.iter().chain(&job.previous).copied().find(missing) {
            // Where it must be there, the check of the files has said so.
            remarks.skip(REQUEST, &format!("{} is not in the record", missing.path));
            inputs = None;
            continue;
        }
        let Some(input) = read_input(files, profile, trail, number, job, remarks) else {
            inputs = None;
            continue;
        };
        let findings = policy::check_request(profile, &input, now, threads);
        same_findings(REQUEST, &format!("request of job {number}"), job.request_findings, &findings, remarks);
        if let Some(inputs) = &mut inputs {
            inputs.push(input);
        }
    }
    remarks.pass(REQUEST, "every check of the requests says what the transcript says");
    inputs
}

fn read_input(
    files: &Files,
    profile: &Profile,
    trail: &Trail<'_>,
    number: usize,
    job: &JobTrail<'_>,
    remarks: &mut Remarks,
) -> Option<JobInput> {
    let limits = Limits { document_bytes: profile.document_bytes };
    let Some((said, octets)) = document(files, job.request, number, remarks) else {
        let message = format!("job {number} has no request");
        remarks.fail(REQUEST, names::TRANSCRIPT, &message, "a request", "none");
        return None;
    };
    let request = match exchange::read_request(octets, &limits) {
        Ok(request) => request,
        Err(error) => {
            remarks.fail(REQUEST, &said.path, "it cannot be read", "a request", error);
            return None;
        }
    };
    let found = (request.format, &request.zone, request.bundles.len());
    same_facts(said, found, remarks);
    let previous = match job.previous {
        None => Previous::First,
        Some(_) => {
            let (said, octets) = document(files, job.previous, number, remarks)?;
            let response = match exchange::read_response(octets, &limits) {
                Ok(response) => response,
                Err(error) => {
                    remarks.fail(REQUEST, &said.path, "it cannot be read", "a response", error);
                    return None;
                }
            };
            same_facts(said, (response.format, &response.zone, response.bundles.len()), remarks);
            Previous::Response { response, sha256: sha256(octets) }
        }
    };
    if job.previous.is_none() && !trail.firsts.contains(&number) {
        let message = format!("job {number} has no previous response, and nobody declared that there is none");
        remarks.fail(REQUEST, names::TRANSCRIPT, &message, "a declaration", "none");
    }
    let decision = job.decision?;
    if decision.zone != request.zone {
        remarks.fail(REQUEST, &said.path, "it is for another zone than its job", &decision.zone, &request.zone);
    }
    Some(JobInput {
        request_sha256: sha256(octets),
        head: trail.heads.get(request.zone.to_string().as_str()).map(|head| head.sha256),
        request,
        previous,
        schema: decision.schema.clone(),
        until: decision.until,
    })
}

/// A document's entry with its octets, if it lies where it should and is the one that was read.
fn document<'a>(
    files: &'a Files,
    said: Option<&'a DocumentRead>,
    number: usize,
    remarks: &mut Remarks,
) -> Option<(&'a DocumentRead, &'a [u8])> {
    let said = said?;
    let octets = files.get(&said.path)?;
    let folder = crate::transcript::job_folder(number, &said.zone);
    if !said.path.starts_with(&folder) {
        remarks.fail(REQUEST, &said.path, "it lies in another job's folder", folder, &said.path);
    }
    let digest = sha256(octets);
    if digest != said.sha256 || u64::try_from(octets.len()) != Ok(said.octets) {
        remarks.fail(REQUEST, &said.path, "it is not the document that was read", said.sha256, digest);
    }
    Some((said, octets))
}

fn same_facts(said: &DocumentRead, found: (exchange::Format, &crate::dns::Name, usize), remarks: &mut Remarks) {
    let expected = (said.format, &said.zone, said.bundles);
    if expected != found {
        let facts = |(format, zone, bundles)| format!("{format}, zone {zone}, bundles: {bundles}");
        let (expected, found) = (facts(expected), facts(found));
        remarks.fail(REQUEST, &said.path, "the transcript says something else of it", expected, found);
    }
}

/// Compares findings as a transcript would hold them.
fn same_findings(check: &str, subject: &str, said: Option<&[Finding]>, found: &[Finding], remarks: &mut Remarks) {
    let Some(said) = said else {
        let found = format!("{} findings", found.len());
        return remarks.fail(check, names::TRANSCRIPT, &format!("no findings on the {subject}"), found, "none");
    };
    let found: Vec<Finding> = found.iter().map(cleaned).collect();
    let different = said.iter().zip(&found).find(|(said, found)| said != found);
    if let Some((said, found)) = different {
        let message = format!("a finding on the {subject} differs");
        return remarks.fail(check, names::TRANSCRIPT, &message, found, said);
    }
    if said.len() != found.len() {
        let message = format!("another number of findings on the {subject}");
        remarks.fail(check, names::TRANSCRIPT, &message, found.len(), said.len());
    }
}

fn cleaned(finding: &Finding) -> Finding {
    let value = json::cleaned(finding).ok();
    value.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_else(|| finding.clone())
}

fn check_plan(
    files: &Files,
    profile: &Profile,
    trail: &Trail<'_>,
    inputs: Option<Vec<JobInput>>,
    now: Time,
    remarks: &mut Remarks,
) -> Option<Plan> {
    let Some((planned, opened)) = trail.planned.zip(trail.opened) else {
        remarks.skip(PLAN, "no plan was made");
        return None;
    };
    let Some(inputs) = inputs else {
        remarks.skip(PLAN, "a request cannot be read");
        return None;
    };
    let plan = match plan::build(profile, &inputs, now, &opened.program()) {
        Ok(plan) => plan,
        Err(error) => {
            remarks.fail(PLAN, names::PLAN, "no plan can be made from these requests", "a plan", error);
            return None;
        }
    };
    // A plan that was not admitted is not sealed.
    let json = plan.to_json();
    if files.contains_key(names::PLAN) || trail.complete() {
        remarks.same(PLAN, names::PLAN, files.get(names::PLAN), &json);
    }
    let hash = sha256(&json);
    if planned.plan_sha256 != hash {
        remarks.fail(PLAN, names::TRANSCRIPT, "another plan was confirmed", hash, planned.plan_sha256);
    }
    let covered: Vec<Time> = plan.jobs.iter().map(plan::PlannedJob::covered_until).collect();
    if (planned.signatures, &planned.covered_until) != (plan.count(), &covered) {
        let facts = |signatures, covered: &Vec<Time>| format!("{signatures} signatures, covered until {covered:?}");
        let (expected, found) = (facts(plan.count(), &covered), facts(planned.signatures, &planned.covered_until));
        remarks.fail(PLAN, names::TRANSCRIPT, "it says something else of the plan", expected, found);
    }
    let findings = policy::check_plan(profile, &inputs, &plan, now);
    same_findings(PLAN, "plan", trail.plan_findings, &findings, remarks);
    let failed = findings.iter().find(|finding| finding.verdict == Verdict::Fail);
    if let Some(failed) = failed.filter(|_| !trail.signed.is_empty()) {
        remarks.fail(PLAN, names::PLAN, "it was carried out although a check fails", "no failure", failed);
    }
    remarks.pass(PLAN, "the requests make this very plan");
    Some(plan)
}

fn check_state(files: &Files, profile: &Profile, plan: Option<&Plan>, trail: &Trail<'_>, remarks: &mut Remarks) {
    let Some(octets) = files.get(names::STATE) else {
        remarks.skip(STATE, "the record has none");
        return;
    };
    let heads = trail.heads.iter().map(|(zone, head)| ((*zone).to_owned(), head.clone()));
    let previous = State { zones: heads.collect(), ..State::default() };
    let jobs = plan.iter().flat_map(|plan| &plan.jobs).zip(trail.accepted()).filter(|_| trail.complete());
    let responses = jobs.filter_map(|(planned, (_, job))| {
        let head = crate::transcript::Head { sha256: job.response?.sha256, covered_until: planned.covered_until() };
        Some((planned.zone.clone(), head))
    });
    let expected = State::after(&previous, profile, responses);
    match expected.write() {
        Ok(expected) => remarks.same(STATE, names::STATE, Some(octets), &expected),
        Err(error) => remarks.fail(STATE, names::STATE, "it cannot be made", "a state file", error),
    }
    remarks.pass(STATE, "the state is what the responses make of the last one");
}
