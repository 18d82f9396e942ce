//! USB devices that are not let in: what was refused is told, and a new keyboard waits for a person's decision.

use crate::steps::{Actor, UsbFacts, UsbState};
use crate::transcript::{self, Body, Exception, Note, UsbAllowed, UsbRefused};

use super::machine::{AfterToken, Ceremony, Waiting};
use super::{Effect, Refusal};

impl Ceremony {
    /// Something was plugged in or out.
    pub(super) fn usb_changed(&mut self, state: UsbState) -> Result<(), Refusal> {
        let before = std::mem::replace(&mut self.view.computer.usb, state.clone());
        self.view.computer.usb.waiting.retain(|facts| !self.usb_decided.contains(&facts.id));
        for facts in state.refused.iter().filter(|facts| !before.refused.contains(facts)) {
            // One that people have refused has its entry already.
            if !self.usb_decided.contains(&facts.id) {
                self.usb_refused(facts, "devices of these classes are not let in")?;
            }
        }
        let there = |facts: &UsbFacts| state.waiting.iter().chain(&state.refused).any(|other| other.id == facts.id);
        for facts in before.waiting.iter().filter(|facts| !there(facts)) {
            if !self.usb_decided.contains(&facts.id) {
                self.usb_refused(facts, "it was taken out before anybody had decided")?;
            }
        }
        let listed = |id: &u32| state.waiting.iter().chain(&state.refused).any(|facts| facts.id == *id);
        self.usb_decided.retain(listed);
        let screen = self.setup.appliance.as_ref().is_some_and(|appliance| !appliance.keymaps.is_empty());
        match state.waiting.iter().find(|facts| !self.usb_decided.contains(&facts.id)).cloned() {
            Some(next) if state.keyboards == 0 && screen => self.force_usb(&next),
            _ => Ok(()),
        }
    }

    /// Nobody can type a decision: the next keyboard is let in, and whoever sits at it must open the token anew.
    fn force_usb(&mut self, facts: &UsbFacts) -> Result<(), Refusal> {
        self.view.exceptions += 1;
        let exception = Exception {
            expected: "a keyboard that was there when the door was shut, or one that a person let in".to_owned(),
            happened: format!("none was left; {} ({}) was plugged in", shown(facts), facts.product),
            action: "it was let in; an open session of the token is ended".to_owned(),
            decided_by: "nobody".to_owned(),
        };
        self.record(Actor::Program, Body::Exception(exception))?;
        self.usb_allowed(Actor::Program, facts, "nobody")?;
        self.pause_for_usb()
    }

    /// Whatever the token is doing ends; `unlock` comes again.
    fn pause_for_usb(&mut self) -> Result<(), Refusal> {
        match self.waiting {
            Waiting::Signatures => self.ask_pause(),
            Waiting::TokenEnd(_) => Ok(()),
            _ if !self.has_host() => Ok(()),
            _ => {
                self.forget_officers();
                let note = Note { note: "another keyboard had to be let in".to_owned() };
                self.record(Actor::Program, Body::Paused(note.clone()))?;
                self.close_token(AfterToken::Pause, note)
            }
        }
    }

    /// The broker did as was decided, or could not; then the device is asked about again.
    pub(super) fn usb_done(&mut self, result: Result<(), String>) -> Result<(), Refusal> {
        if result.is_err() {
            self.usb_decided.clear();
        }
        result.map_err(Refusal::Usb)
    }

    /// A person decides on a keyboard that waits.
    pub(super) fn decide_usb(&mut self, device: u32, allow: bool, decided_by: &str) -> Result<(), Refusal> {
        let decided_by = transcript::clean_text(decided_by.trim());
        if decided_by.is_empty() {
            return Err(Refusal::Empty);
        }
        let facts = self.view.computer.usb.waiting.iter().find(|facts| facts.id == device).cloned();
        let facts = facts.ok_or(Refusal::KeyboardGone)?;
        if allow {
            return self.usb_allowed(Actor::Operator, &facts, &decided_by);
        }
        self.usb_decided.push(device);
        self.view.computer.usb.waiting.retain(|facts| facts.id != device);
        self.effects.push(Effect::DecideUsb { device, allow });
        self.usb_refused(&facts, &format!("decided by {decided_by}"))
    }

    fn usb_allowed(&mut self, actor: Actor, facts: &UsbFacts, decided_by: &str) -> Result<(), Refusal> {
        self.usb_decided.push(facts.id);
        self.view.computer.usb.waiting.retain(|other| other.id != facts.id);
        self.effects.push(Effect::DecideUsb { device: facts.id, allow: true });
        let body = UsbAllowed {
            name: shown(facts),
            product: facts.product.clone(),
            classes: facts.classes.clone(),
            decided_by: transcript::clean_text(decided_by),
        };
        self.record(actor, Body::UsbAllowed(body))
    }

    fn usb_refused(&mut self, facts: &UsbFacts, reason: &str) -> Result<(), Refusal> {
        let body = UsbRefused {
            name: shown(facts),
            product: facts.product.clone(),
            classes: facts.classes.clone(),
            reason: transcript::clean_text(reason),
        };
        self.record(Actor::Program, Body::UsbRefused(body))
    }
}

fn shown(facts: &UsbFacts) -> String {
    if facts.name.is_empty() { "without a name".to_owned() } else { transcript::clean_text(&facts.name) }
}
