//! `plan`: the exact list of actions is made, shown, and confirmed by two people.

use std::sync::Arc;

use crate::dns::Sha256Digest;
use crate::policy::Finding;
use crate::steps::{Actor, Step, Verdict};
use crate::transcript::{Acknowledged, Body, Findings, PlanWithdrawn, Planned};

use super::machine::{Ceremony, Failure, Matter, Waiting};
use super::task::PlanMade;
use super::{Answer, Effect, Judging, PlanView, Question, Refusal, Task};

impl Ceremony {
    pub(super) fn begin_plan(&mut self) -> Result<(), Refusal> {
        self.enter(Step::Plan);
        let task = Task::Plan { judging: self.judging()?, findings: self.findings_of_jobs() };
        self.wait(Waiting::Plan, "making the plan", Effect::Compute(Box::new(task)));
        Ok(())
    }

    /// What the checks have said of the jobs in the plan.
    pub(super) fn findings_of_jobs(&self) -> Vec<Finding> {
        self.jobs.iter().flat_map(|job| job.findings.iter().cloned()).collect()
    }

    pub(super) fn judging(&mut self) -> Result<Judging, Refusal> {
        Ok(Judging {
            profile: self.profile()?,
            inputs: self.jobs.iter().map(|job| Arc::clone(&job.input)).collect(),
            judged_at: self.judgement_time()?,
        })
    }

    pub(super) fn planned(&mut self, plan: Result<Box<PlanMade>, String>) -> Result<(), Refusal> {
        let made = match plan {
            Ok(made) => made,
            Err(message) => return self.no_plan(None, Refusal::Plan(message)),
        };
        let covered_until = made.view.jobs.iter().map(|job| job.covered_until).collect();
        let body = Planned { plan_sha256: made.view.sha256, signatures: made.view.signatures, covered_until };
        self.record(Actor::Program, Body::Planned(body))?;
        let findings = Findings { job: 0, stage: "plan".to_owned(), findings: made.findings.clone() };
        self.record(Actor::Program, Body::Findings(findings))?;
        let admitted = match made.admitted {
            Ok(admitted) => admitted,
            Err(refused) => return self.no_plan(Some(made.view.sha256), Refusal::Plan(refused)),
        };
        self.view.signatures = (0, made.view.signatures);
        self.warnings = self.collect_warnings(&made.findings);
        self.show_plan(made.view);
        self.plan = Some((Arc::new(admitted), made.json));
        self.next_warning(1)
    }

    /// Shows the plan; its jobs keep the numbers that they were judged under.
    pub(super) fn show_plan(&mut self, mut view: PlanView) {
        for (planned, job) in view.jobs.iter_mut().zip(&self.jobs) {
            planned.number = job.number;
        }
        self.view.plan = Some(Arc::new(view));
    }

    /// The jobs do not fit together: they are chosen again.
    fn no_plan(&mut self, made: Option<Sha256Digest>, refusal: Refusal) -> Result<(), Refusal> {
        if self.unattended() {
            self.stop(&refusal.to_string())?;
            return Err(refusal);
        }
        self.withdraw_plan(Actor::Program, made)?;
        while !self.jobs.is_empty() {
            self.remove_job(Actor::Program, 0)?;
        }
        self.begin_job()?;
        Err(refusal)
    }

    /// People leave the plan before they have confirmed it: the jobs are chosen anew.
    pub(super) fn leave_plan(&mut self) -> Result<(), Refusal> {
        self.withdraw_plan(Actor::Operator, self.view.plan.as_ref().map(|plan| plan.sha256))?;
        self.ask(Question::MoreJobs);
        Ok(())
    }

    /// The plan, if one was made, holds no longer; nothing can be signed by it, and it is not sealed.
    fn withdraw_plan(&mut self, actor: Actor, made: Option<Sha256Digest>) -> Result<(), Refusal> {
        (self.plan, self.view.plan, self.view.signatures) = (None, None, (0, 0));
        self.warnings.clear();
        if let Some(plan_sha256) = made {
            self.record(actor, Body::PlanWithdrawn(PlanWithdrawn { plan_sha256 }))?;
        }
        self.enter(Step::Request);
        Ok(())
    }

    /// The warnings of all jobs and of the plan, one a check and job, the last one first.
    fn collect_warnings(&self, of_plan: &[Finding]) -> Vec<(usize, String, String)> {
        let of_jobs = self.jobs.iter().flat_map(|job| job.findings.iter().map(|finding| (job.number, finding)));
        let all = of_jobs.chain(of_plan.iter().map(|finding| (0, finding)));
        let mut warnings: Vec<(usize, String, String, usize)> = Vec::new();
        for (job, finding) in all.filter(|(_, finding)| finding.verdict == Verdict::Warn) {
            match warnings.iter_mut().find(|(of, check, ..)| *of == job && *check == finding.check) {
                Some((.., more)) => *more += 1,
                None => warnings.push((job, finding.check.clone(), finding.to_string(), 0)),
            }
        }
        let text = |message: String, more| if more == 0 { message } else { format!("{message} (and {more} more)") };
        warnings.into_iter().rev().map(|(job, check, message, more)| (job, check, text(message, more))).collect()
    }

    fn next_warning(&mut self, number: usize) -> Result<(), Refusal> {
        if self.unattended() {
            for (_, check, _) in std::mem::take(&mut self.warnings).into_iter().rev() {
                self.unconfirmed(&format!("warning {check}"))?;
            }
        }
        let total = (number + self.warnings.len()).saturating_sub(1);
        let Some((job, check, message)) = self.warnings.last().cloned() else {
            let sha256 = self.view.plan.as_ref().map(|plan| plan.sha256);
            return self.ask_two_people(Matter::Plan, sha256.ok_or(Refusal::NotAsked)?);
        };
        self.ask(Question::Acknowledge { job, check, message, number, total });
        Ok(())
    }

    pub(super) fn answer_warning(
        &mut self,
        job: usize,
        check: String,
        message: String,
        answer: Answer,
    ) -> Result<(), Refusal> {
        match answer {
            Answer::Text(text) if text.trim().eq_ignore_ascii_case(&check) => {
                let Question::Acknowledge { number, .. } = self.view.question else { return Err(Refusal::NotAsked) };
                self.record(Actor::Operator, Body::Acknowledged(Acknowledged { job, check, message }))?;
                self.warnings.pop();
                self.next_warning(number + 1)
            }
            Answer::Text(_) => Err(Refusal::WarningName(check)),
            Answer::No => self.leave_plan(),
            _ => Err(Refusal::NotAsked),
        }
    }

    pub(super) fn plan_confirmed(&mut self) -> Result<(), Refusal> {
        self.confirmed_plan = true;
        // Where there are people, a medium that turns out to be full is a question to them.
        if self.unattended()
            && let Err(full) = self.expect_media()
        {
            let told = full.to_string();
            self.failure = Some(Failure::Media);
            self.view.faults.push(told.clone());
            return self.stop(&told);
        }
        self.begin_unlock()
    }
}
