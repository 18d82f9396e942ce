//! What a transcript says, put in order by what it is about.

use std::collections::{BTreeMap, BTreeSet};

use crate::dns::Time;
use crate::policy::Finding;
use crate::steps::{Role, TokenFacts};
use crate::transcript::{
    BatchDone, Body, DocumentRead, Entry, Head, JobDecision, Opened, Outcome, PersonEntered, Planned, ResponseMade,
    Seal, Unlocking,
};

/// The last word of a transcript on everything that it speaks of.
#[derive(Default)]
pub(super) struct Trail<'a> {
    pub(super) opened: Option<&'a Opened>,
    pub(super) people: Vec<&'a PersonEntered>,
    pub(super) judged_at: Vec<Time>,
    /// Heads of the previous record's state.
    pub(super) heads: BTreeMap<&'a str, Head>,
    /// Numbers of the jobs of which it was declared that they have no previous response.
    pub(super) firsts: BTreeSet<usize>,
    /// The jobs by number, also those that were dropped.
    pub(super) jobs: BTreeMap<usize, JobTrail<'a>>,
    pub(super) planned: Option<&'a Planned>,
    pub(super) plan_findings: Option<&'a [Finding]>,
    /// The tokens that were chosen, one after another.
    pub(super) tokens: Vec<&'a TokenFacts>,
    /// Officers whose shares count for the token chosen last.
    shares: BTreeSet<&'a Role>,
    pub(super) openings: Vec<Opening<'a>>,
    /// What the token said of the keys, before anything was signed with them: once for each session that signed.
    pub(super) key_checks: Vec<&'a [Finding]>,
    /// The same for the token that is open now.
    keys: Option<&'a [Finding]>,
    pub(super) signed: Vec<&'a BatchDone>,
    pub(super) reviewed: Option<&'a Outcome>,
    pub(super) seal: Option<&'a Seal>,
}

/// A token that was opened: once, or again after a fault or a pause.
pub(super) struct Opening<'a> {
    pub(super) unlocking: &'a Unlocking,
    /// The token chosen before it.
    pub(super) token: Option<&'a TokenFacts>,
    /// Officers whose shares count, or whom the token has let in before.
    pub(super) shares: BTreeSet<&'a Role>,
    /// Whether the token was open then.
    pub(super) good: bool,
}

/// What a transcript says of one job.
#[derive(Default)]
pub(super) struct JobTrail<'a> {
    pub(super) request: Option<&'a DocumentRead>,
    pub(super) previous: Option<&'a DocumentRead>,
    pub(super) request_findings: Option<&'a [Finding]>,
    pub(super) decision: Option<&'a JobDecision>,
    pub(super) response: Option<&'a ResponseMade>,
    pub(super) response_findings: Option<&'a [Finding]>,
}

impl JobTrail<'_> {
    pub(super) fn accepted(&self) -> bool {
        self.decision.is_some_and(|decision| decision.accepted)
    }
}

impl<'a> Trail<'a> {
    pub(super) fn new(entries: &'a [Entry]) -> Self {
        let mut trail = Self::default();
        for entry in entries {
            trail.take(&entry.body);
        }
        trail
    }

    fn take(&mut self, body: &'a Body) {
        match body {
            Body::Opened(opened) => self.opened = self.opened.or(Some(opened)),
            Body::Person(person) => self.people.push(person),
            Body::JudgedAt(judged) => self.judged_at.push(judged.time),
            Body::PreviousRecord(record) => {
                self.heads = record.heads.iter().map(|(zone, head)| (zone.as_str(), head.clone())).collect();
            }
            Body::First(first) if first.subject == "record" => self.heads.clear(),
            // It was not that record: nothing of it counts.
            Body::PaperDiffers(differs) if differs.subject == "previous record" => self.heads.clear(),
            Body::First(first) => self.firsts.extend(number_of(&first.subject)),
            Body::Document(document) => self.document(document),
            Body::Job(decision) => self.job(decision.job).decision = Some(decision),
            Body::Findings(findings) => match findings.stage.as_str() {
                "request" => self.job(findings.job).request_findings = Some(&findings.findings),
                "plan" => self.plan_findings = Some(&findings.findings),
                "token" => self.keys = Some(&findings.findings),
                "response" => self.job(findings.job).response_findings = Some(&findings.findings),
                _ => {}
            },
            Body::Planned(planned) => self.planned = Some(planned),
            // Whether it is the last one, and stands where it may, the course says.
            Body::PlanWithdrawn(_) => (self.planned, self.plan_findings) = (None, None),
            Body::TokenChosen(token) => {
                self.tokens.push(token);
                self.shares.clear();
            }
            Body::Share(share) if share.accepted => drop(self.shares.insert(&share.officer)),
            Body::Unlocking(unlocking) => {
                let (token, shares) = (self.tokens.last().copied(), self.shares.clone());
                self.openings.push(Opening { unlocking, token, shares, good: false });
            }
            Body::Unlocked(outcome) => {
                if let Some(opening) = self.openings.last_mut() {
                    opening.good = outcome.good;
                }
            }
            Body::Signing(_) => self.key_checks.extend(self.keys.take()),
            Body::Signed(batch) => self.signed.push(batch),
            Body::Response(response) => self.job(response.job).response = Some(response),
            Body::Reviewed(outcome) => self.reviewed = Some(outcome),
            Body::Seal(seal) => self.seal = Some(seal),
            _ => {}
        }
    }

    /// A request begins its job anew: people may have gone back and chosen another one.
    fn document(&mut self, document: &'a DocumentRead) {
        let is_request = document.purpose == "request";
        if is_request {
            self.firsts.remove(&document.job);
        }
        let job = self.job(document.job);
        if is_request {
            *job = JobTrail { request: Some(document), ..JobTrail::default() };
        } else {
            job.previous = Some(document);
        }
    }

    fn job(&mut self, number: usize) -> &mut JobTrail<'a> {
        self.jobs.entry(number).or_default()
    }

    /// The jobs that are part of the ceremony, in the order of the plan.
    pub(super) fn accepted(&self) -> impl Iterator<Item = (usize, &JobTrail<'a>)> {
        self.jobs.iter().filter(|(_, job)| job.accepted()).map(|(number, job)| (*number, job))
    }

    /// Whether the seal says that everything planned was done and accepted.
    pub(super) fn complete(&self) -> bool {
        self.seal.is_some_and(|seal| seal.outcome == "complete")
    }
}

/// The number in `job 1` or `response of job 1`.
fn number_of(subject: &str) -> Option<usize> {
    let (before, number) = subject.rsplit_once(' ')?;
    if before.ends_with("job") { number.parse().ok() } else { None }
}
