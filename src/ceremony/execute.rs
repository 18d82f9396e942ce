//! `execute`: the actions run from the first one not done to the last.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use crate::dns::sha256;
use crate::steps::{Actor, Step};
use crate::token::TokenError;
use crate::transcript::{Batch, BatchDone, Body, Note};

use super::machine::{AfterToken, Ceremony, Waiting};
use super::{Effect, KeyWanted, Question, Refusal, SignItem, SignKey, Task, ToSign, TokenFault, Working};

/// Signatures between two entries: so many that the time to flush the journal between them does not count.
const BATCH: usize = 4096;

impl Ceremony {
    pub(super) fn begin_execute(&mut self) -> Result<(), Refusal> {
        self.enter(Step::Execute);
        self.sign_next()
    }

    /// One batch: the entry first, then the effect.
    fn sign_next(&mut self) -> Result<(), Refusal> {
        let done = self.signatures.len();
        let batch = self.next_batch(done)?;
        if batch.items.is_empty() {
            let note = Note { note: "all is signed: the session is ended".to_owned() };
            return self.close_token(AfterToken::Done, note);
        }
        self.record(Actor::Program, Body::Signing(Batch { from: done + 1, to: done + batch.items.len() }))?;
        let total = self.view.signatures.1;
        let since = match &self.view.question {
            Question::Working(working) if working.total == total => working.since,
            _ => self.at.uptime,
        };
        self.wait(Waiting::Signatures, "signing", Effect::Sign(batch));
        self.view.question = Question::Working(Working { what: "signing".to_owned(), done, total, since });
        Ok(())
    }

    fn next_batch(&self, done: usize) -> Result<ToSign, Refusal> {
        let (admitted, _) = self.plan.as_ref().ok_or(Refusal::NotAsked)?;
        let plan = admitted.plan();
        let mut batch = ToSign { plan: Arc::clone(admitted), keys: Vec::new(), items: Vec::new() };
        let mut places = BTreeMap::new();
        for task in plan.tasks().skip(done).take(BATCH) {
            let key = match places.entry((task.job, task.key)) {
                Entry::Occupied(place) => *place.get(),
                Entry::Vacant(place) => {
                    let key =
                        plan.jobs.get(task.job).and_then(|job| job.keys.get(task.key)).ok_or(Refusal::NotAsked)?;
                    let looked_for = KeyWanted::of(key);
                    let wanted = self.wanted.iter().position(|other| Some(other) == looked_for.as_ref());
                    let wanted = wanted.ok_or(Refusal::NotAsked)?;
                    batch.keys.push(SignKey { wanted, dnskey: key.dnskey.clone() });
                    *place.insert(batch.keys.len() - 1)
                }
            };
            batch.items.push(SignItem { key, task });
        }
        Ok(batch)
    }

    pub(super) fn progress(&mut self, done: usize) {
        let before = self.signatures.len();
        if self.waiting == Waiting::Signatures
            && let Question::Working(working) = &mut self.view.question
        {
            // Reports come from several threads and may overtake each other.
            working.done = working.done.max(before + done);
            self.view.signatures.0 = working.done;
        }
    }

    pub(super) fn signed(&mut self, signatures: Vec<Vec<u8>>, fault: Option<TokenError>) -> Result<(), Refusal> {
        self.keep(signatures)?;
        if let Some(error) = fault {
            // Signatures come in the plan's order: it failed at the first one that is not there.
            let place = format!("signature {} of {}", self.signatures.len() + 1, self.view.signatures.1);
            return self.token_fault(TokenFault::from(error).at(&place));
        }
        if self.stop.is_some() {
            let note = Note { note: "people stopped: the session is ended".to_owned() };
            return self.close_token(AfterToken::Stop, note);
        }
        if std::mem::take(&mut self.pause) {
            if self.signatures.len() < self.view.signatures.1 {
                let note =
                    format!("people made a pause after {} signatures: the session is ended", self.signatures.len());
                self.forget_officers();
                return self.close_token(AfterToken::Pause, Note { note });
            }
            let note = Note { note: "all was signed meanwhile, so that nobody has to unlock again".to_owned() };
            self.record(Actor::Program, Body::Continued(note))?;
        }
        self.sign_next()
    }

    /// What was signed and verified counts, however it ended.
    pub(super) fn keep(&mut self, signatures: Vec<Vec<u8>>) -> Result<(), Refusal> {
        let from = self.signatures.len() + 1;
        if !signatures.is_empty() {
            let sha256 = sha256(&signatures.concat());
            self.signatures.extend(signatures);
            let to = self.signatures.len();
            self.record(Actor::Program, Body::Signed(BatchDone { from, to, sha256 }))?;
        }
        self.view.signatures.0 = self.signatures.len();
        Ok(())
    }

    /// The session ends; the entry says so before the host is told.
    pub(super) fn close_token(&mut self, after: AfterToken, note: Note) -> Result<(), Refusal> {
        self.record(Actor::Program, Body::TokenClosed(note))?;
        self.wait(Waiting::TokenEnd(after), "ending the token host", Effect::CloseToken);
        Ok(())
    }

    pub(super) fn token_closed(&mut self, after: AfterToken) -> Result<(), Refusal> {
        self.waiting = Waiting::Nothing;
        match after {
            AfterToken::Done => self.begin_review(),
            AfterToken::Pause => {
                self.ask(Question::Paused);
                Ok(())
            }
            // People had asked for it while the token was silent.
            AfterToken::Fault(_) if self.stop.is_some() => self.stopped(),
            AfterToken::Fault(message) if self.unattended() => self.stop(&message),
            AfterToken::Fault(message) => {
                self.enter(Step::Unlock);
                self.ask(Question::Fault { message });
                Ok(())
            }
            AfterToken::Again => self.begin_unlock(),
            AfterToken::Stop => self.stopped(),
        }
    }

    pub(super) fn ask_pause(&mut self) -> Result<(), Refusal> {
        if self.waiting != Waiting::Signatures {
            return Err(Refusal::NoPause);
        }
        if !std::mem::replace(&mut self.pause, true) {
            let note = Note { note: format!("asked for after {} signatures", self.view.signatures.0) };
            self.record(Actor::Operator, Body::Paused(note))?;
            self.effects.push(Effect::Interrupt);
        }
        Ok(())
    }

    /// People stop the ceremony: what happened is sealed and written.
    pub(super) fn stop(&mut self, reason: &str) -> Result<(), Refusal> {
        if self.image.is_some() {
            return Err(Refusal::Sealed);
        }
        let reason = crate::transcript::clean_text(reason.trim());
        if reason.is_empty() {
            return Err(Refusal::Empty);
        }
        if self.stop.is_some() {
            // Once is enough; but a token that is silent is not waited for by whoever stops once more.
            return match self.waiting {
                Waiting::Signatures => self.close_host(),
                Waiting::TokenEnd(_) => self.end_at_once(),
                _ => Ok(()),
            };
        }
        if self.ledger.is_open() {
            self.record(Actor::Operator, Body::Stopped(Note { note: reason.clone() }))?;
        }
        self.stop = Some(reason);
        match self.waiting {
            Waiting::Signatures => {
                self.effects.push(Effect::Interrupt);
                Ok(())
            }
            Waiting::TokenEnd(_) => self.end_at_once(),
            // Whatever the host is doing, it is ended first.
            _ if self.has_host() => self.close_host(),
            _ => self.stopped(),
        }
    }

    /// The host is being ended, as the transcript says; one that does not end is killed by being told again.
    fn end_at_once(&mut self) -> Result<(), Refusal> {
        self.wait(Waiting::TokenEnd(AfterToken::Stop), "ending the token host", Effect::CloseToken);
        Ok(())
    }

    fn close_host(&mut self) -> Result<(), Refusal> {
        self.forget_officers();
        let note = Note { note: "people stopped: the token host is ended".to_owned() };
        self.close_token(AfterToken::Stop, note)
    }

    /// Nothing is left to be ended: on to the seal.
    pub(super) fn stopped(&mut self) -> Result<(), Refusal> {
        self.outcome = "stopped";
        self.view.stopped_in = Some(self.view.step);
        // What was signed and not accepted does not leave.
        self.made.clear();
        self.view.results.clear();
        self.forget_shares();
        self.draft = None;
        if !self.ledger.is_open() {
            // Nothing has happened yet, so there is nothing to seal.
            self.ask(Question::Finished { outcome: "stopped".to_owned() });
            return Ok(());
        }
        self.begin_write()
    }

    /// All is signed and the token host is gone: the responses are made and judged.
    pub(super) fn begin_review(&mut self) -> Result<(), Refusal> {
        self.enter(Step::Review);
        let (plan, _) = self.plan.as_ref().ok_or(Refusal::NotAsked)?;
        let plan = std::sync::Arc::clone(plan);
        let task = Task::Finish { judging: self.judging()?, plan, signatures: self.signatures.clone() };
        self.wait(Waiting::Responses, "checking the responses", Effect::Compute(Box::new(task)));
        Ok(())
    }
}
