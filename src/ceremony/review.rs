//! `review`: the responses are shown, and accepted or refused.

use std::sync::Arc;

use crate::dns::Sha256Digest;
use crate::steps::{Actor, Verdict};
use crate::transcript::{self, Body, Findings, Outcome};

use super::machine::{Ceremony, Matter};
use super::{Answer, Question, Refusal, ResponseMade, ResultView};

impl Ceremony {
    pub(super) fn responses_made(&mut self, made: Result<Vec<ResponseMade>, String>) -> Result<(), Refusal> {
        let made = match made {
            Ok(made) => made,
            Err(message) => return self.stop(&message),
        };
        self.view.results.clear();
        for (job, response) in self.jobs.clone().iter().zip(&made) {
            let file = format!("{}{}", self.setup.mode.mark(), job.paths.response_file);
            let sha256 = response.sha256;
            let octets = response.octets.len() as u64;
            let body = transcript::ResponseMade {
                job: job.number,
                path: job.paths.response.clone(),
                file: file.clone(),
                sha256,
                octets,
            };
            self.record(Actor::Program, Body::Response(body))?;
            let mut findings = response.findings.clone();
            let body = Findings { job: job.number, stage: "response".to_owned(), findings: findings.clone() };
            self.record(Actor::Program, Body::Findings(body))?;
            findings.sort_by_key(|finding| std::cmp::Reverse(finding.verdict));
            self.view.results.push(ResultView {
                number: job.number,
                zone: job.input.request.zone.clone(),
                file,
                sha256,
                octets,
                table: response.table.clone(),
                findings: Arc::new(findings),
            });
        }
        self.made = made;
        self.ask_review();
        Ok(())
    }

    pub(super) fn ask_review(&mut self) {
        let mut findings = self.view.results.iter().flat_map(|result| result.findings.iter());
        let failed = findings.any(|finding| finding.verdict == Verdict::Fail);
        self.ask(Question::Review { failed });
    }

    pub(super) fn answer_review(&mut self, failed: bool, answer: &Answer) -> Result<(), Refusal> {
        match answer {
            Answer::Yes if failed => Err(Refusal::ResponsesFailed),
            Answer::Yes => {
                let digest = self.responses_digest();
                self.ask_two_people(Matter::Responses, digest)
            }
            Answer::No => {
                let note = "the responses were refused; none is written".to_owned();
                self.record(Actor::Operator, Body::Reviewed(Outcome { good: false, note }))?;
                self.outcome = "refused";
                self.made.clear();
                self.view.results.clear();
                self.begin_write()
            }
            _ => Err(Refusal::NotAsked),
        }
    }

    /// What two people confirm: the one response's SHA-256, or that of the list of several as `sha256sum` prints it.
    fn responses_digest(&self) -> Sha256Digest {
        let results = self.view.results.iter().map(|result| (result.sha256, result.file.as_str()));
        transcript::responses_digest(&results.collect::<Vec<_>>())
    }

    pub(super) fn responses_accepted(&mut self) -> Result<(), Refusal> {
        let note = "the responses were accepted".to_owned();
        self.record(Actor::Operator, Body::Reviewed(Outcome { good: true, note }))?;
        self.begin_write()
    }
}
