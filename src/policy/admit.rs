//! From a plan and its findings to an admitted plan.

use thiserror::Error;

use super::{Check, Finding};
use crate::plan::Plan;
use crate::steps::Verdict;

/// A plan that every check has let pass: all that a runner takes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Admitted(Plan);

impl Admitted {
    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.0
    }
}

/// Why a plan is not admitted.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Refused {
    /// At least one check has failed.
    #[error("refused by {}; another request or another profile is the way out", names(.0))]
    Failed(Vec<Finding>),
    /// A check has not reported for every job, so nothing is known.
    #[error("check {check} reported {found} times for {jobs} jobs; judge the requests and the plan first")]
    NotJudged {
        /// The check.
        check: &'static str,
        /// The plan's jobs.
        jobs: usize,
        /// Its findings.
        found: usize,
    },
}

fn names(findings: &[Finding]) -> String {
    let mut names: Vec<&str> = findings.iter().map(|finding| finding.check.as_str()).collect();
    names.dedup();
    names.join(", ")
}

/// Admits `plan` if `findings`, those of every request and of the plan itself, have no failure and no check is missing.
///
/// # Errors
/// [`Refused`] with every failure, or with the check that did not report for every job.
pub fn admit(plan: Plan, findings: &[Finding]) -> Result<Admitted, Refused> {
    let failed: Vec<Finding> = findings.iter().filter(|finding| finding.verdict == Verdict::Fail).cloned().collect();
    if !failed.is_empty() {
        return Err(Refused::Failed(failed));
    }
    let jobs = plan.jobs.len();
    for check in Check::REQUEST.iter().chain(Check::PLAN) {
        let found = findings.iter().filter(|finding| finding.check == check.name()).count();
        if found < jobs {
            return Err(Refused::NotJudged { check: check.name(), jobs, found });
        }
    }
    Ok(Admitted(plan))
}

#[cfg(test)]
mod tests {
    use super::super::{check_plan, check_request};
    use super::*;
    use crate::plan::fixture;

    #[test]
    fn only_a_plan_that_every_check_has_seen_is_admitted() {
        let (profile, input, plan) = (fixture::root_profile(), fixture::root_input(), fixture::root_plan());
        let mut findings = check_request(&profile, &input, fixture::now(), 2);
        let early = admit(plan.clone(), &findings);
        assert!(matches!(early, Err(Refused::NotJudged { check: "PLAN-BUILD", jobs: 1, found: 0 })), "{early:?}");
        findings.extend(check_plan(&profile, std::slice::from_ref(&input), &plan, fixture::now()));
        assert_eq!(admit(plan.clone(), &findings).unwrap().plan(), &plan);
        findings[3].verdict = Verdict::Fail;
        let refused = admit(plan, &findings).unwrap_err();
        assert!(refused.to_string().contains(&findings[3].check), "{refused}");
    }
}
