//! What comes before the profile on the image: it starts, tells what it is, and prepares a rehearsal.

use crate::steps::Actor;
use crate::transcript::{self, Body, Keyboard};

use super::machine::{Ceremony, Waiting};
use super::profiles::Offer;
use super::{Answer, Effect, ProfileFile, Question, Refusal};

impl Ceremony {
    /// The first question; on the image nothing is asked before its door is shut.
    pub(super) fn begin_open(&mut self) {
        if self.setup.appliance.is_none() {
            return self.begin_profile();
        }
        self.wait(Waiting::Start, "the appliance starts; nothing goes on before its door is shut", Effect::Identify);
    }

    /// The door is shut, and the boot medium was hashed, as far as it is still there.
    pub(super) fn identified(&mut self, medium: String, started: Vec<String>) -> Result<(), Refusal> {
        self.setup.build_id = format!("{}; medium {medium}", self.setup.build_id);
        self.view.computer.boot_medium = Some(medium);
        self.view.computer.started = started.iter().map(|line| transcript::clean_text(line)).collect();
        if self.ledger.is_open() {
            self.ask_resume();
            return Ok(());
        }
        self.begin_keyboard();
        Ok(())
    }

    /// The first question: without the right layout nothing else can be typed.
    fn begin_keyboard(&mut self) {
        match &self.setup.appliance {
            Some(appliance) if !appliance.keymaps.is_empty() => {
                let (layouts, loaded) = (appliance.keymaps.clone(), appliance.keymap);
                self.ask(Question::Keyboard { layouts, loaded });
            }
            _ => self.begin_preparation(),
        }
    }

    pub(super) fn answer_keyboard(&mut self, answer: &Answer) -> Result<(), Refusal> {
        let appliance = self.setup.appliance.as_ref().ok_or(Refusal::NotAsked)?;
        match answer {
            Answer::Choose(number) => {
                let name = appliance.keymaps.get(*number).ok_or(Refusal::NoSuchChoice(number + 1))?;
                let what = format!("loading the keyboard layout {name}");
                self.wait(Waiting::Keymap(*number), &what, Effect::LoadKeymap(*number));
                Ok(())
            }
            Answer::Done => {
                let layout = appliance.keymaps.get(appliance.keymap).cloned().unwrap_or_default();
                self.record(Actor::Operator, Body::Keyboard(Keyboard { layout }))?;
                self.begin_preparation();
                Ok(())
            }
            _ => Err(Refusal::NotAsked),
        }
    }

    /// Another layout is loaded, or the one before is still.
    pub(super) fn keymap_loaded(&mut self, number: usize, result: Result<(), String>) -> Result<(), Refusal> {
        if let (Ok(()), Some(appliance)) = (&result, &mut self.setup.appliance) {
            appliance.keymap = number;
        }
        self.begin_keyboard();
        result.map_err(Refusal::Document)
    }

    fn begin_preparation(&mut self) {
        if self.setup.appliance.as_ref().is_some_and(|appliance| appliance.prepares) {
            let what = "keys are made on a software token, for the rehearsal";
            return self.wait(Waiting::Preparation, what, Effect::Prepare);
        }
        self.begin_profile();
    }

    /// The rehearsal has its token and its sticks; its profile is the first of all.
    pub(super) fn prepared(&mut self, profile: Result<ProfileFile, String>) -> Result<(), Refusal> {
        match profile {
            Ok(profile) => {
                self.offers.insert(0, Offer::of(profile, None));
                self.begin_profile();
                Ok(())
            }
            Err(message) => {
                self.ask_profile();
                Err(Refusal::Document(message))
            }
        }
    }
}
