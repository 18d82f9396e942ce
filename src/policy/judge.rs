//! The three judgements: of a request, of a plan, of a response.

use super::check::{Check, Fault, Report};
use super::{
    Finding, chain, hold_down, importer, parent, planned, possession, request_policy, request_structure, response,
    safety,
};
use crate::dns::Time;
use crate::exchange::{Request, Response, ResponseBundle, SignerPolicy};
use crate::plan::{JobInput, Plan, PlannedJob, Previous};
use crate::profile::{KskPolicy, Profile, RequestPolicy, Signing, Zone};

/// Why a check is skipped where a format does not have what it looks at.
pub(super) const NO_FORMAT: &str = "format has none";
/// Why a check is skipped that the profile turns off.
pub(super) const UNCHECKED: &str = "unchecked by profile";
/// Why a check is skipped without a previous response.
pub(super) const FIRST: &str = "first";

/// A request and all that it is judged by.
pub(super) struct Asked<'a> {
    pub(super) zone: &'a Zone,
    pub(super) input: &'a JobInput,
    pub(super) now: Time,
    pub(super) threads: usize,
}

impl<'a> Asked<'a> {
    pub(super) const fn request(&self) -> &'a Request {
        &self.input.request
    }

    pub(super) fn limits(&self) -> &'a RequestPolicy {
        &self.zone.policy.request
    }

    /// What the request claims for itself.
    pub(super) fn claimed(&self) -> Option<&'a SignerPolicy> {
        self.input.request.root.as_ref().map(|root| &root.zsk_policy)
    }

    pub(super) const fn previous(&self) -> Option<&'a Response> {
        match &self.input.previous {
            Previous::Response { response, .. } => Some(response),
            Previous::First => None,
        }
    }
}

/// A response, planned or made, and all that it is judged by.
pub(super) struct Job<'a> {
    pub(super) zone: &'a Zone,
    pub(super) response: &'a Response,
    pub(super) now: Time,
}

impl<'a> Job<'a> {
    /// The KSK operator's policy, under schemas.
    pub(super) fn ksk(&self) -> Option<&'a KskPolicy> {
        match &self.zone.policy.signing {
            Signing::Schemas { ksk, .. } => Some(ksk),
            Signing::Schedule(_) => None,
        }
    }
}

/// The previous response's bundles that begin before the job's first one; none after a first.
pub(super) fn earlier<'a>(job: &Job<'a>, input: &'a JobInput) -> Vec<&'a ResponseBundle> {
    let first = job.response.bundles.first().map(|bundle| bundle.inception);
    let earlier = match &input.previous {
        Previous::Response { response, .. } => response.bundles.as_slice(),
        Previous::First => &[],
    };
    earlier.iter().filter(|bundle| first.is_some_and(|first| bundle.inception < first)).collect()
}

/// Judges a request and its place after the previous response; every check of [`Check::REQUEST`] reports.
///
/// Signatures are verified on `threads` threads; the findings are the same for any number of them.
#[must_use]
pub fn check_request(profile: &Profile, input: &JobInput, now: Time, threads: usize) -> Vec<Finding> {
    let mut report = Report::new(String::new());
    let known = || profile.zones.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let Some(zone) = profile.zones.get(&input.request.zone) else {
        let fault = Fault::fail("the profile has no such zone").expected(known()).found(&input.request.zone);
        report.judge(Check::KsrDomain, "", vec![fault]);
        return skip_rest(report, Check::REQUEST);
    };
    report.judge(Check::KsrDomain, format!("the request is for {}", zone.name), Vec::new());
    let asked = Asked { zone, input, now, threads };
    request_structure::check(&asked, &mut report);
    possession::check(&asked, &mut report);
    request_structure::check_number(&asked, &mut report);
    request_policy::check(&asked, &mut report);
    chain::check(&asked, &mut report);
    report.finish()
}

/// Judges a plan against the inputs that it was made from; every check of [`Check::PLAN`] reports for each job.
#[must_use]
pub fn check_plan(profile: &Profile, inputs: &[JobInput], plan: &Plan, now: Time) -> Vec<Finding> {
    let mut findings = Vec::new();
    let several = plan.jobs.len() > 1;
    if plan.jobs.len() != inputs.len() || inputs.is_empty() {
        let fault = Fault::fail("the plan has another number of jobs than there are requests");
        let mut report = Report::new(String::new());
        let fault = fault.expected(inputs.len()).found(plan.jobs.len());
        report.judge(Check::PlanInputs, "", vec![fault]);
        findings.extend(report.finish());
    }
    for (index, (input, planned)) in inputs.iter().zip(&plan.jobs).enumerate() {
        let mut report = Report::new(if several { format!("{} ", planned.zone) } else { String::new() });
        let Some(zone) = profile.zones.get(&planned.zone) else {
            let fault = Fault::fail("the profile has no such zone").found(&planned.zone);
            report.judge(Check::PlanInputs, "", vec![fault]);
            findings.extend(skip_rest(report, Check::PLAN));
            continue;
        };
        let job = Job { zone, response: &planned.response, now };
        report.judge(Check::PlanBuild, "a plan can be made", Vec::new());
        planned::check(&job, planned, input, planned::of_one_zone(inputs, index), &mut report);
        response::check_usage(&job, &mut report);
        response::check_signed(&job, &mut report);
        planned::check_chain(&job, input, &mut report);
        safety::check(&job, input, &mut report);
        hold_down::check(&job, input, &mut report);
        importer::check(&job, &mut report);
        importer::check_size(&job, planned, profile.document_bytes, &mut report);
        response::check_times(&job, &mut report);
        response::check_coverage(&job, planned::until(&job, input), &mut report);
        findings.extend(report.finish());
    }
    findings
}

/// Judges requests that are to be answered together by what no plan for one of them alone shows: [`check_plan`] says the
/// same of the plan for all.
#[must_use]
pub fn check_together(inputs: &[JobInput]) -> Vec<Finding> {
    let doubled = inputs.iter().enumerate().filter_map(|(index, input)| {
        let fault = planned::of_one_zone(inputs, index)?;
        let mut report = Report::new(format!("{} ", input.request.zone));
        report.judge(Check::PlanInputs, "", vec![fault]);
        Some(report.finish())
    });
    doubled.flatten().collect()
}

/// Judges a response, just signed or read back, against its plan; every check of [`Check::RESPONSE`] reports.
///
/// Signatures are verified on `threads` threads; the findings are the same for any number of them.
#[must_use]
pub fn check_response(
    profile: &Profile,
    planned: &PlannedJob,
    response: &Response,
    now: Time,
    threads: usize,
) -> Vec<Finding> {
    let mut report = Report::new(String::new());
    response::check_planned(planned, response, &mut report);
    response::check_signatures(response, threads, &mut report);
    let Some(zone) = profile.zones.get(&planned.zone) else {
        let fault = Fault::fail("the profile has no such zone").found(&planned.zone);
        report.judge(Check::SkrPlanned, "", vec![fault]);
        return skip_rest(report, Check::RESPONSE);
    };
    check_itself(&Job { zone, response, now }, planned.covered_until(), &mut report);
    report.finish()
}

/// Judges a response of which no plan is at hand, as [`check_response`] does but for `SKR-PLANNED`.
#[must_use]
pub fn check_response_alone(profile: &Profile, response: &Response, now: Time, threads: usize) -> Vec<Finding> {
    let mut report = Report::new(String::new());
    report.skip(Check::SkrPlanned, "no plan at hand");
    response::check_signatures(response, threads, &mut report);
    let Some(zone) = profile.zones.get(&response.zone) else {
        let fault = Fault::fail("the profile has no such zone").found(&response.zone);
        report.judge(Check::SkrPlanned, "", vec![fault]);
        return skip_rest(report, Check::RESPONSE);
    };
    let until = response.bundles.last().map_or(now, |bundle| bundle.inception);
    check_itself(&Job { zone, response, now }, until, &mut report);
    report.finish()
}

/// What needs no plan.
fn check_itself(job: &Job<'_>, until: Time, report: &mut Report) {
    parent::check_ksks(job, report);
    response::check_tags(job, report);
    response::check_usage(job, report);
    response::check_signed(job, report);
    importer::check(job, report);
    response::check_times(job, report);
    response::check_coverage(job, until, report);
}

/// Reports every check that has not reported as skipped: without a zone there is nothing to judge by.
fn skip_rest(mut report: Report, checks: &[Check]) -> Vec<Finding> {
    for check in checks {
        if !report.has(*check) {
            report.skip(*check, "the profile has no such zone");
        }
    }
    report.finish()
}
