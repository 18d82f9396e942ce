//! `close`: the fingerprints go onto paper; the delivery log is signed, and the ceremony key is wiped.

use crate::steps::Step;
use crate::transcript;

use super::machine::{Ceremony, Failure, Waiting};
use super::{Answer, Effect, Question, Refusal};

impl Ceremony {
    pub(super) fn begin_close(&mut self) -> Result<(), Refusal> {
        self.enter(Step::Close);
        self.view.codes = self.codes();
        self.ask(Question::Close);
        Ok(())
    }

    pub(super) fn answer_close(&mut self, answer: &Answer) -> Result<(), Refusal> {
        if !matches!(answer, Answer::Done) {
            return Err(Refusal::NotAsked);
        }
        let mode = self.setup.mode.clone();
        let log = self.delivery.as_ref().ok_or(Refusal::NotAsked)?;
        let files = transcript::delivery(log, self.ledger.key(), &mode);
        let folder = self.image.as_ref().map(|image| image.name().to_owned()).unwrap_or_default();
        let effect =
            Effect::Deliver { volumes: self.delivered_to.clone(), folder, journal: self.journal_folder.clone(), files };
        self.wait(Waiting::Delivery, "signing the delivery log", effect);
        Ok(())
    }

    pub(super) fn delivered(&mut self, faults: &[String]) -> Result<(), Refusal> {
        self.effects.push(Effect::ForgetSpool);
        self.ledger.wipe_key();
        self.setup.seed.wipe();
        self.ask(Question::Finished { outcome: self.outcome.to_owned() });
        if faults.is_empty() { Ok(()) } else { Err(Refusal::Document(faults.join("; "))) }
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
