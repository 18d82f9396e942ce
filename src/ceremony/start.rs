//! What comes before the profile on the image: it starts, tells what it is, and prepares a rehearsal.

use super::machine::{Ceremony, Waiting};
use super::profiles::Offer;
use super::{Effect, ProfileFile, Refusal};

impl Ceremony {
    /// The first question; on the image nothing is asked before its door is shut.
    pub(super) fn begin_open(&mut self) {
        if self.setup.appliance.is_none() {
            return self.begin_profile();
        }
        self.wait(Waiting::Start, "the appliance starts; nothing goes on before its door is shut", Effect::Identify);
    }

    /// The door is shut, and the boot medium was hashed, as far as it is still there.
    pub(super) fn identified(&mut self, medium: String) -> Result<(), Refusal> {
        self.setup.build_id = format!("{}; medium {medium}", self.setup.build_id);
        self.view.computer.boot_medium = Some(medium);
        if self.ledger.is_open() {
            self.ask_resume();
            return Ok(());
        }
        self.begin_preparation();
        Ok(())
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
