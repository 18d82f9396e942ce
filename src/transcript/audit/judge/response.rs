//! Responses and their signatures.

use super::super::files::dnskey_of;
use super::{RESPONSE, Remarks, Trail, same_findings};
use crate::dns::sha256;
use crate::exchange::{self, Limits, Response};
use crate::plan::{Plan, PlannedJob, PlannedSignature};
use crate::policy;
use crate::profile::Profile;
use crate::transcript::{Files, ResponseMade, names, rrsets};

pub(super) fn check(
    files: &Files,
    profile: &Profile,
    plan: &Plan,
    trail: &Trail<'_>,
    threads: usize,
    remarks: &mut Remarks,
) {
    let mut signatures = Some(Vec::new());
    for (planned, (number, job)) in plan.jobs.iter().zip(trail.accepted()) {
        let Some(made) = job.response else {
            if trail.complete() {
                remarks.fail(RESPONSE, names::TRANSCRIPT, &format!("job {number} has no response"), "one", "none");
            }
            signatures = None;
            continue;
        };
        let Some(response) = read(files, profile, trail, planned, made, remarks) else {
            signatures = None;
            continue;
        };
        let findings = policy::check_response(profile, planned, &response, plan.judged_at, threads);
        same_findings(RESPONSE, &format!("response of job {number}"), job.response_findings, &findings, remarks);
        if let Some(failed) = findings.iter().find(|finding| finding.verdict == crate::steps::Verdict::Fail)
            && trail.complete()
        {
            remarks.fail(RESPONSE, &made.path, "it was accepted although a check fails", "no failure", failed);
        }
        if let Some(signatures) = &mut signatures {
            signatures.extend(taken(planned, &response));
        }
    }
    match signatures {
        Some(signatures) => check_batches(&signatures, trail, remarks),
        None => remarks.skip("AUDIT-BATCHES", "not every job has a response"),
    }
    remarks.pass(RESPONSE, "the responses are the plan with signatures that verify");
}

/// Reads a response and makes it again from the plan and its signatures.
fn read(
    files: &Files,
    profile: &Profile,
    trail: &Trail<'_>,
    planned: &PlannedJob,
    made: &ResponseMade,
    remarks: &mut Remarks,
) -> Option<Response> {
    let octets = files.get(&made.path)?;
    let digest = sha256(octets);
    if digest != made.sha256 || u64::try_from(octets.len()) != Ok(made.octets) {
        remarks.fail(RESPONSE, &made.path, "it is not the response that was made", made.sha256, digest);
    }
    let name = made.path.rsplit('/').next().unwrap_or_default();
    let expected = format!("{}{name}", trail.opened.map_or("", |opened| opened.mode.mark()));
    if made.file != expected {
        let found = made.file.escape_debug();
        remarks.fail(RESPONSE, &made.path, "it has another name on the request medium", expected, found);
    }
    let limits = Limits { document_bytes: profile.document_bytes.max(octets.len()) };
    let response = match exchange::read_response(octets, &limits) {
        Ok(response) => response,
        Err(error) => {
            remarks.fail(RESPONSE, &made.path, "it cannot be read", "a response", error);
            return None;
        }
    };
    match exchange::write_response(&planned.completed(taken(planned, &response))) {
        Ok(expected) => remarks.same(RESPONSE, &made.path, Some(octets), &expected),
        Err(error) => remarks.fail(RESPONSE, &made.path, "the plan makes no response", "a response", error),
    }
    let expected = rrsets(&response, &digest);
    let path = dnskey_of(&made.path);
    remarks.same(RESPONSE, &path, files.get(&path), expected.as_bytes());
    Some(response)
}

/// The signatures of a response in the order of the plan; an empty one where there is none.
fn taken(planned: &PlannedJob, response: &Response) -> Vec<Vec<u8>> {
    let one = |place: &PlannedSignature| {
        let set = response.bundles.get(place.bundle)?.set(place.rr_type)?;
        Some(set.signatures.get(place.signature)?.rrsig.signature.clone())
    };
    planned.signatures.iter().map(|place| one(place).unwrap_or_default()).collect()
}

/// The batches that the token made are the signatures that the responses have.
fn check_batches(signatures: &[Vec<u8>], trail: &Trail<'_>, remarks: &mut Remarks) {
    const CHECK: &str = "AUDIT-BATCHES";
    for batch in &trail.signed {
        let octets = signatures.get(batch.from.saturating_sub(1)..batch.to).unwrap_or_default().concat();
        let digest = sha256(&octets);
        if digest != batch.sha256 {
            let message = format!("signatures {} to {} are not those of the responses", batch.from, batch.to);
            remarks.fail(CHECK, names::TRANSCRIPT, &message, digest, batch.sha256);
        }
    }
    remarks.pass(CHECK, "the signatures that were made are those of the responses");
}
