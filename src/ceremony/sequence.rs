//! Officers who log in at the token one after another; the token itself lets fewer do nothing.

use crate::steps::{Actor, Pin, Role};
use crate::transcript::{Body, ShareSeen};

use super::machine::{Ceremony, Waiting};
use super::{Effect, Login, LoginFailed, Refusal};

impl Ceremony {
    /// One officer more logs in at the token, after those who are there.
    pub(super) fn officer_login(&mut self, officer: Role, pin: &Pin) -> Result<(), Refusal> {
        let profile = self.profile()?;
        let sequence = profile.sequence.as_ref().ok_or(Refusal::NotAsked)?;
        let pin = sequence.credential(&officer, pin).ok_or(Refusal::PinTooLong)?;
        let first = self.officers_missing() == self.view.threshold;
        let login = Login::User { user_type: sequence.user_type, pin, first };
        let serial = self.unlocking(Some(&officer))?;
        self.wait(Waiting::OfficerLogin(officer), "logging in", Effect::Login { serial, login });
        Ok(())
    }

    pub(super) fn officer_logged_in(
        &mut self,
        officer: &Role,
        result: Result<(), Box<LoginFailed>>,
    ) -> Result<(), Refusal> {
        let Err(failed) = result else {
            for (role, there) in &mut self.view.officers {
                *there |= role == officer;
            }
            let missing = self.officers_missing();
            if missing == 0 {
                return self.logged_in(Ok(()));
            }
            let note = format!("logged in at the token; {missing} more needed");
            let seen = ShareSeen { officer: officer.clone(), accepted: true, note };
            self.record(Actor::Role(officer.clone()), Body::Share(seen))?;
            return self.ask_officer();
        };
        if self.unattended() || !failed.another_pin_helps() {
            return self.logged_in(Err(failed));
        }
        let message = failed.error.to_string();
        self.share_refused(officer, &message)?;
        self.view.token = failed.token.or_else(|| self.view.token.take());
        self.ask_officers_pin(officer)?; // a typo leads back to the question
        Err(Refusal::Token(message))
    }

    /// Officers who still have to log in at the token.
    pub(super) fn officers_missing(&self) -> usize {
        self.view.threshold.saturating_sub(self.view.officers.iter().filter(|(_, there)| *there).count())
    }
}
