//! `close`: the fingerprints go onto paper; the delivery log is signed, and the ceremony key is wiped.

use crate::steps::Step;

use super::machine::{Ceremony, Failure};
use super::outbox::Writing;
use super::{Answer, Effect, Question, Refusal};

impl Ceremony {
    pub(super) fn begin_close(&mut self) -> Result<(), Refusal> {
        self.enter(Step::Close);
        self.view.codes.clone_from(&self.outbox.codes);
        self.ask(Question::Close);
        Ok(())
    }

    pub(super) fn answer_close(&mut self, answer: &Answer) -> Result<(), Refusal> {
        if !matches!(answer, Answer::Done) {
            return Err(Refusal::NotAsked);
        }
        // From now on the log takes no entry, so that the same one is on every record.
        self.outbox.closed = true;
        self.outbox.copies.clone().into_iter().for_each(|medium| self.enqueue(Writing::Log(medium)));
        self.write_next()
    }

    /// Nothing is left to write: now, and not while a delivery log may still have to be signed, the key is wiped.
    pub(super) fn finish(&mut self) {
        self.unspooled = false;
        self.view.spool_fault = None; // nothing is left to go on with
        self.effects.push(Effect::ForgetSpool);
        self.ledger.wipe_key();
        self.setup.seed.wipe();
        let outcome = if self.failure == Some(Failure::Media) { "media" } else { self.outcome };
        self.ask(Question::Finished { outcome: outcome.to_owned() });
    }

    /// The exit code: 0 done and good, 1 refused or stopped, 4 the token, 5 media.
    pub(super) fn exit_code(&self) -> u8 {
        match self.failure {
            Some(Failure::Token) => 4,
            Some(Failure::Media) => 5,
            None if self.outcome == "complete" => 0,
            None => 1,
        }
    }
}
