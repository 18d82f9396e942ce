//! `unlock`: the token is chosen by its serial, and the officers open it one after another.

use crate::policy::Finding;
use crate::profile::LoginKind;
use crate::quorum::{Assembly, Share, ShareFile};
use crate::steps::{Actor, KeyFacts, Pin, Role, Step, TokenFacts, Verdict, VolumeId};
use crate::token::{self, TokenError};
use crate::transcript::{self, Body, Confined, Findings, Outcome, ShareSeen, Unlocking};

use super::machine::{AfterToken, Ceremony, Failure, Waiting};
use super::{Answer, Effect, KeyWanted, Login, LoginFailed, PinAsked, Question, Refusal, Task, TokenFault, TokenSeen};

impl Ceremony {
    /// Starts a token host, for a plan that was confirmed.
    ///
    /// # Errors
    /// [`Refusal::NoPlan`] without one.
    pub(super) fn begin_unlock(&mut self) -> Result<(), Refusal> {
        if !self.confirmed_plan || self.plan.is_none() {
            return Err(Refusal::NoPlan);
        }
        self.enter(Step::Unlock);
        self.forget_officers();
        self.view.token = None;
        let hsm = Box::new(self.profile()?.hsm.clone());
        self.wait(Waiting::TokenStart, "starting the token host", Effect::StartToken(hsm));
        Ok(())
    }

    /// Nobody has entered a PIN, and no share is kept: the session that they would open, or did, ends.
    pub(super) fn forget_officers(&mut self) {
        self.forget_shares();
        for (_, there) in &mut self.view.officers {
            *there = false;
        }
    }

    /// Whether a token host may run: from its start until it is known to be gone.
    pub(super) const fn has_host(&self) -> bool {
        match &self.waiting {
            Waiting::TokenStart
            | Waiting::ShareFile(_)
            | Waiting::ShareOpen(_)
            | Waiting::Login
            | Waiting::OfficerLogin(_)
            | Waiting::Keys
            | Waiting::Signatures
            | Waiting::TokenEnd(_) => true,
            Waiting::Nothing => matches!(
                self.view.question,
                Question::Token(_) | Question::Officer { .. } | Question::ShareVolume { .. } | Question::Pin(_)
            ),
            _ => false,
        }
    }

    pub(super) fn token_started(&mut self, seen: Result<TokenSeen, TokenError>) -> Result<(), Refusal> {
        let seen = match seen {
            Ok(seen) => seen,
            Err(error) => return self.token_fault(error.into()),
        };
        let confined = Confined { process: "token-host".to_owned(), measures: seen.measures };
        self.record(Actor::Program, Body::Confined(confined))?;
        let hsm = &self.profile()?.hsm;
        let (serial, label) = (hsm.token_serial.as_deref(), hsm.token_label.as_deref());
        let tokens = if self.unattended() {
            token::choose(&seen.tokens, serial, label).map(|only| vec![only.clone()])
        } else {
            token::matching(&seen.tokens, serial, label).map(|all| all.into_iter().cloned().collect())
        };
        let tokens = match tokens {
            Ok(tokens) => tokens,
            Err(error) => return self.token_fault(error.into()),
        };
        self.tokens.clone_from(&tokens);
        self.ask(Question::Token(tokens));
        Ok(())
    }

    pub(super) fn answer_unlock(&mut self, question: Question, answer: Answer) -> Result<(), Refusal> {
        match (question, answer) {
            (Question::Token(tokens), Answer::Choose(index)) => {
                let token = tokens.get(index).ok_or(Refusal::NoSuchChoice(index + 1))?.clone();
                self.token_chosen(token)
            }
            // Another one may have been connected, or its PIN reset: the module is asked anew.
            (Question::Token(_), Answer::Done) => self.begin_unlock(),
            (Question::Officer { choices, .. }, Answer::Choose(index)) => {
                let officer = choices.get(index).ok_or(Refusal::NoSuchChoice(index + 1))?.clone();
                if self.profile()?.sequence.is_some() {
                    return self.ask_officers_pin(&officer);
                }
                self.ask(Question::ShareVolume { officer });
                Ok(())
            }
            (Question::Officer { .. }, Answer::No) => self.token_again(),
            (Question::ShareVolume { officer }, Answer::Volume(id)) => self.share_volume(officer, id),
            (Question::ShareVolume { .. }, Answer::No) => self.ask_officer(),
            (Question::Pin(asked), Answer::Pin(pin)) => self.pin_entered(asked, pin),
            (Question::Pin(asked), Answer::No) => match asked.officer {
                Some(_) => self.ask_officer(),
                None => {
                    let tokens = self.tokens.clone();
                    self.ask(Question::Token(tokens));
                    Ok(())
                }
            },
            (Question::Fault { .. }, Answer::Yes) => self.begin_unlock(),
            (Question::Fault { .. }, Answer::Volume(id)) if self.view.token_fault.is_none() => {
                self.add_record_medium(id)
            }
            (Question::Paused, Answer::Yes) => {
                let note = transcript::Note { note: "people go on after the pause".to_owned() };
                self.record(Actor::Operator, Body::Continued(note))?;
                self.begin_unlock()
            }
            _ => Err(Refusal::NotAsked),
        }
    }

    /// A wrong token, or an officer whom the others do not fit: everybody begins anew, at the choice of the token.
    fn token_again(&mut self) -> Result<(), Refusal> {
        self.forget_officers();
        let note = transcript::Note { note: "people choose the token again: the session is ended".to_owned() };
        self.close_token(AfterToken::Again, note)
    }

    fn token_chosen(&mut self, token: TokenFacts) -> Result<(), Refusal> {
        if token.pin_locked {
            let locked = TokenError::PinLocked { serial: token.serial };
            return if self.unattended() {
                self.token_fault(locked.into())
            } else {
                Err(Refusal::Token(format!("{locked}, or take another token")))
            };
        }
        self.record(Actor::Operator, Body::TokenChosen(token.clone()))?;
        self.view.token = Some(token.clone());
        let profile = self.profile()?;
        let by_pin = !matches!(profile.hsm.login, LoginKind::Protected | LoginKind::Preloaded);
        if by_pin && self.unattended() {
            if let Err(error) = token::expect_tries(&token, self.setup.final_try) {
                return self.token_fault(error.into());
            }
            self.flags_unseen(&token)?;
        }
        match profile.hsm.login {
            LoginKind::Pin => {
                self.ask(Question::Pin(PinAsked { officer: None, token }));
                Ok(())
            }
            LoginKind::Shares => {
                let quorum = profile.quorum.as_ref().ok_or(Refusal::NotAsked)?;
                self.assembly = Some(Assembly::new(quorum.share_set, quorum.threshold, &token.serial));
                self.ask_officer()
            }
            LoginKind::Sequence => self.ask_officer(),
            LoginKind::Protected => self.login(Login::Protected),
            LoginKind::Preloaded => self.login(Login::Preloaded),
        }
    }

    /// What people would have looked at before a PIN is sent.
    fn flags_unseen(&mut self, token: &TokenFacts) -> Result<(), Refusal> {
        let flags = [(token.pin_count_low, "COUNT LOW"), (token.pin_final_try, "FINAL TRY")];
        for (_, flag) in flags.iter().filter(|(set, _)| *set) {
            self.unconfirmed(&format!("a PIN for token {}, which says {flag}", token.serial))?;
        }
        Ok(())
    }

    pub(super) fn ask_officer(&mut self) -> Result<(), Refusal> {
        self.share = None;
        let missing = match &self.assembly {
            Some(assembly) => assembly.missing(),
            None => self.officers_missing(),
        };
        let choices = self.view.officers.iter().filter(|(_, there)| !there).map(|(role, _)| role.clone());
        let choices = choices.collect();
        self.ask(Question::Officer { choices, missing });
        Ok(())
    }

    fn share_volume(&mut self, officer: Role, id: VolumeId) -> Result<(), Refusal> {
        let volume = self.view.volumes.iter().find(|volume| volume.id == id).ok_or(Refusal::VolumeGone)?;
        let expected = self.profile()?.media.share_label.clone();
        if !self.unattended() && !volume.label.starts_with(&expected) {
            return Err(Refusal::VolumeLabel { expected, found: volume.label.clone() });
        }
        let effect = Effect::ReadShare { volume: id, officer: officer.clone() };
        self.wait(Waiting::ShareFile(officer), "reading the share", effect);
        Ok(())
    }

    pub(super) fn share_read(&mut self, officer: &Role, octets: Result<Vec<u8>, String>) -> Result<(), Refusal> {
        let file = octets.and_then(|octets| ShareFile::read(&octets).map_err(|error| error.to_string()));
        let assembly = self.assembly.as_ref().ok_or(Refusal::NotAsked)?;
        let file = file.and_then(|file| {
            assembly.check(&file).map_err(|error| error.to_string())?;
            if file.officer() != officer {
                return Err(format!("expected the share of {officer}; found the one of {}", file.officer()));
            }
            Ok(file)
        });
        match file {
            Ok(file) => {
                self.share = Some(file);
                self.ask_officers_pin(officer)
            }
            Err(message) => {
                self.share_refused(officer, &message)?;
                if self.unattended() {
                    return self.token_fault(TokenFault::new(message));
                }
                self.ask_officer()?;
                Err(Refusal::Share(message))
            }
        }
    }

    pub(super) fn ask_officers_pin(&mut self, officer: &Role) -> Result<(), Refusal> {
        let token = self.view.token.clone().ok_or(Refusal::NotAsked)?;
        self.ask(Question::Pin(PinAsked { officer: Some(officer.clone()), token }));
        Ok(())
    }

    pub(super) fn share_refused(&mut self, officer: &Role, message: &str) -> Result<(), Refusal> {
        let seen = ShareSeen { officer: officer.clone(), accepted: false, note: transcript::clean_text(message) };
        self.record(Actor::Role(officer.clone()), Body::Share(seen))
    }

    fn pin_entered(&mut self, asked: PinAsked, pin: Pin) -> Result<(), Refusal> {
        if pin.is_empty() {
            return Err(Refusal::PinEmpty);
        }
        match asked.officer {
            Some(officer) if self.profile()?.sequence.is_some() => self.officer_login(officer, &pin),
            Some(officer) => {
                let file = Box::new(self.share.clone().ok_or(Refusal::NotAsked)?);
                let task = Task::OpenShare { file, pin };
                self.wait(Waiting::ShareOpen(officer), "opening the share", Effect::Compute(Box::new(task)));
                Ok(())
            }
            None => self.login(Login::Pin(pin)),
        }
    }

    pub(super) fn share_opened(&mut self, officer: &Role, share: Result<Share, String>) -> Result<(), Refusal> {
        let assembly = self.assembly.as_mut().ok_or(Refusal::NotAsked)?;
        let added = share.and_then(|share| assembly.add(share).map_err(|error| error.to_string()));
        if let Err(message) = added {
            self.share_refused(officer, &message)?;
            if self.unattended() {
                return self.token_fault(TokenFault::new(message));
            }
            self.ask_officers_pin(officer)?; // a typo leads back to the question
            return Err(Refusal::Share(message));
        }
        let missing = assembly.missing();
        let share_set = self.share.as_ref().map(|file| file.share_set().to_string()).unwrap_or_default();
        let seen = ShareSeen { officer: officer.clone(), accepted: true, note: format!("share set {share_set}") };
        self.record(Actor::Role(officer.clone()), Body::Share(seen))?;
        for (role, there) in &mut self.view.officers {
            *there |= role == officer;
        }
        if missing > 0 {
            return self.ask_officer();
        }
        let pin = self.assembly.as_ref().ok_or(Refusal::NotAsked)?.unseal();
        match pin {
            Ok(pin) => self.login(Login::Pin(pin)),
            Err(error) if self.unattended() => self.token_fault(TokenFault::new(error.to_string())),
            Err(error) => {
                self.forget_officers();
                let profile = self.profile()?;
                let quorum = profile.quorum.as_ref().ok_or(Refusal::NotAsked)?;
                let serial = self.view.token.as_ref().map(|token| token.serial.clone()).unwrap_or_default();
                self.assembly = Some(Assembly::new(quorum.share_set, quorum.threshold, &serial));
                self.ask_officer()?;
                Err(Refusal::Share(error.to_string()))
            }
        }
    }

    /// Says that the token is about to be opened, with the officers who are there and one more; its serial.
    pub(super) fn unlocking(&mut self, further: Option<&Role>) -> Result<String, Refusal> {
        let serial = self.view.token.as_ref().ok_or(Refusal::NotAsked)?.serial.clone();
        let officers = self.view.officers.iter().filter(|(_, there)| *there).map(|(role, _)| role);
        let officers = officers.chain(further).cloned().collect();
        let login = self.profile()?.hsm.login.name().to_owned();
        self.record(Actor::Program, Body::Unlocking(Unlocking { login, serial: serial.clone(), officers }))?;
        Ok(serial)
    }

    fn login(&mut self, login: Login) -> Result<(), Refusal> {
        let serial = self.unlocking(None)?;
        let what = match login {
            Login::Protected => "the device asks for cards, keys or a PIN; it may take 12 minutes",
            Login::Pin(_) | Login::User { .. } | Login::Preloaded => "opening the token",
        };
        self.wait(Waiting::Login, what, Effect::Login { serial, login });
        Ok(())
    }

    pub(super) fn logged_in(&mut self, result: Result<(), Box<LoginFailed>>) -> Result<(), Refusal> {
        match result {
            Ok(()) => {
                let note = "the token is open".to_owned();
                self.record(Actor::Program, Body::Unlocked(Outcome { good: true, note }))?;
                self.forget_shares();
                self.look_for_keys();
                Ok(())
            }
            Err(failed) => {
                let note = transcript::clean_text(&failed.error.to_string());
                self.record(Actor::Program, Body::Unlocked(Outcome { good: false, note }))?;
                let by_pin = self.profile()?.hsm.login == LoginKind::Pin;
                let again = by_pin && !self.unattended() && failed.another_pin_helps();
                if let Some(token) = failed.token {
                    self.view.token = Some(token);
                }
                let token = self.view.token.clone().filter(|token| !token.pin_locked);
                match token {
                    Some(token) if again => {
                        self.ask(Question::Pin(PinAsked { officer: None, token }));
                        Err(Refusal::Token(failed.error.to_string()))
                    }
                    _ => self.token_fault(failed.error.into()),
                }
            }
        }
    }

    /// The shares have done their work; the PIN that they yielded is wiped with them.
    pub(super) fn forget_shares(&mut self) {
        self.assembly = None;
        self.share = None;
    }

    fn look_for_keys(&mut self) {
        let mut wanted: Vec<KeyWanted> = Vec::new();
        let jobs = self.plan.iter().flat_map(|(plan, _)| &plan.plan().jobs);
        for key in jobs.flat_map(|job| &job.keys).filter(|key| key.signs) {
            if let Some(key) = KeyWanted::of(key).filter(|key| !wanted.contains(key)) {
                wanted.push(key);
            }
        }
        self.wanted.clone_from(&wanted);
        self.wait(Waiting::Keys, "looking for the keys", Effect::FindKeys(wanted));
    }

    pub(super) fn keys_found(
        &mut self,
        keys: Result<Vec<Result<KeyFacts, TokenError>>, TokenError>,
    ) -> Result<(), Refusal> {
        let keys = match keys {
            Ok(keys) => keys,
            Err(error) => return self.token_fault(error.into()),
        };
        let findings = self.check_keys(&keys);
        let body = Findings { job: 0, stage: "token".to_owned(), findings: findings.clone() };
        self.record(Actor::Program, Body::Findings(body))?;
        let failed: Vec<&Finding> = findings.iter().filter(|finding| finding.verdict == Verdict::Fail).collect();
        if let Some(first) = failed.first() {
            let message = failed.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            let (expected, found) = (first.expected.clone(), first.found.clone());
            return self.token_fault(TokenFault { message, expected, found });
        }
        self.found = keys.into_iter().filter_map(Result::ok).collect();
        self.begin_execute()
    }

    /// What only the token can tell: exactly one match, and the same public key as in the plan.
    fn check_keys(&self, keys: &[Result<KeyFacts, TokenError>]) -> Vec<Finding> {
        let jobs = self.plan.iter().flat_map(|(plan, _)| &plan.plan().jobs);
        let planned = jobs.flat_map(|job| job.keys.iter().filter(|key| key.signs).map(|key| (&job.zone, key)));
        let finding = |verdict, expected: String, found: String, message: String| Finding {
            expected: Some(expected),
            found: Some(found),
            ..Finding::new("TOKEN-KEY", verdict, message)
        };
        let check = |(zone, key): (&crate::dns::Name, &crate::plan::PlannedKey)| {
            let expected = key.dnskey.fingerprint(zone).to_string();
            let wanted = KeyWanted::of(key);
            let found = self.wanted.iter().position(|other| Some(other) == wanted.as_ref());
            let found = found.and_then(|index| keys.get(index));
            match found {
                Some(Ok(facts)) if facts.dnskey == key.dnskey => {
                    let message = format!("the token has the key {} of {zone}, and it may sign", key.name);
                    finding(Verdict::Pass, expected.clone(), expected, message)
                }
                Some(Ok(facts)) => {
                    let found = facts.dnskey.fingerprint(zone).to_string();
                    let message = format!("the token has another key under the label {}", key.label);
                    finding(Verdict::Fail, expected, found, message)
                }
                Some(Err(error)) => finding(Verdict::Fail, expected, "no usable key".to_owned(), error.to_string()),
                None => finding(Verdict::Fail, expected, "no key".to_owned(), "the key was not looked for".to_owned()),
            }
        };
        planned.map(check).collect()
    }

    /// The token was not asked, for no medium would have known of it: its host is ended all the same, so that none stays
    /// open while people look for a medium.
    pub(super) fn withheld(&mut self) -> Result<(), Refusal> {
        let message = if self.unattended() {
            "Nothing more was asked of the token: no record medium takes the journal."
        } else {
            "Nothing more was asked of the token: no record medium takes the journal. \
             Put one of them back, or plug in another one."
        };
        self.lose_session(Body::Withheld, message, Failure::Media)
    }

    /// The token failed.
    pub(super) fn token_fault(&mut self, fault: TokenFault) -> Result<(), Refusal> {
        self.lose_session(Body::TokenFault, &fault.message, Failure::Token)?;
        self.view.token_fault = Some(fault);
        Ok(())
    }

    /// The host is ended, and `unlock` is offered again. The plan stays as it was confirmed.
    fn lose_session(
        &mut self,
        entry: fn(transcript::Note) -> Body,
        message: &str,
        failure: Failure,
    ) -> Result<(), Refusal> {
        let told = transcript::clean_text(message);
        self.record(Actor::Program, entry(transcript::Note { note: told.clone() }))?;
        self.view.faults.push(told);
        self.view.token_fault = None;
        self.failure = self.unattended().then_some(failure);
        self.pause = false; // a pause that was asked for meanwhile is one already
        self.forget_officers();
        let after = AfterToken::Fault(message.to_owned());
        self.wait(Waiting::TokenEnd(after), "ending the token host", Effect::CloseToken);
        Ok(())
    }
}
