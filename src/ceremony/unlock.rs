//! `unlock`: the token is chosen by its serial, and the officers open it one after another.

use crate::policy::Finding;
use crate::profile::LoginKind;
use crate::quorum::{Assembly, Share, ShareFile};
use crate::steps::{Actor, KeyFacts, Pin, Role, Step, TokenFacts, Verdict, VolumeId};
use crate::transcript::{self, Body, Confined, Findings, Outcome, ShareSeen, Unlocking};

use super::machine::{AfterToken, Ceremony, Failure, Waiting};
use super::{Answer, Effect, KeyWanted, Login, LoginFailed, PinAsked, Question, Refusal, Task, TokenSeen, TokenStart};

impl Ceremony {
    pub(super) fn begin_unlock(&mut self) -> Result<(), Refusal> {
        self.enter(Step::Unlock);
        self.forget_officers();
        self.view.token = None;
        let hsm = &self.profile()?.hsm;
        let start = TokenStart { module: hsm.module.clone(), env: hsm.env.clone(), hash_in: hsm.mechanism };
        self.wait(Waiting::TokenStart, "starting the token host", Effect::StartToken(start));
        Ok(())
    }

    fn forget_officers(&mut self) {
        self.assembly = None;
        self.share = None;
        for (_, there) in &mut self.view.officers {
            *there = false;
        }
    }

    pub(super) fn token_started(&mut self, seen: Result<TokenSeen, String>) -> Result<(), Refusal> {
        let seen = match seen {
            Ok(seen) => seen,
            Err(message) => return self.token_fault(message),
        };
        let confined = Confined { process: "token-host".to_owned(), measures: seen.measures };
        self.record(Actor::Program, Body::Confined(confined))?;
        let profile = self.profile()?;
        let fits = |token: &TokenFacts| match (&profile.hsm.token_serial, &profile.hsm.token_label) {
            (Some(serial), _) => token.serial == *serial,
            (None, Some(label)) => token.label == *label,
            (None, None) => false,
        };
        let others: Vec<String> =
            seen.tokens.iter().map(|token| format!("{} ({})", token.label, token.serial)).collect();
        let tokens: Vec<TokenFacts> = seen.tokens.into_iter().filter(fits).collect();
        if tokens.is_empty() {
            let wanted = profile.hsm.token_serial.as_ref().or(profile.hsm.token_label.as_ref());
            let found = if others.is_empty() { "no token".to_owned() } else { others.join(", ") };
            let message = format!(
                "expected the token {}; found {found}: connect the right token and try again",
                wanted.cloned().unwrap_or_default()
            );
            return self.token_fault(message);
        }
        self.tokens.clone_from(&tokens);
        if self.unattended() && tokens.len() > 1 {
            let message = "several tokens have this label: name one by token-serial in the profile";
            return self.token_fault(message.to_owned());
        }
        self.ask(Question::Token(tokens));
        Ok(())
    }

    pub(super) fn answer_unlock(&mut self, question: Question, answer: Answer) -> Result<(), Refusal> {
        match (question, answer) {
            (Question::Token(tokens), Answer::Choose(index)) => {
                let token = tokens.get(index).ok_or(Refusal::NoSuchChoice(index + 1))?.clone();
                self.token_chosen(token)
            }
            (Question::Officer { choices, .. }, Answer::Choose(index)) => {
                let officer = choices.get(index).ok_or(Refusal::NoSuchChoice(index + 1))?.clone();
                self.ask(Question::ShareVolume { officer });
                Ok(())
            }
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
            (Question::Paused, Answer::Yes) => {
                let note = transcript::Note { note: "people go on after the pause".to_owned() };
                self.record(Actor::Operator, Body::Continued(note))?;
                self.begin_unlock()
            }
            _ => Err(Refusal::NotAsked),
        }
    }

    fn token_chosen(&mut self, token: TokenFacts) -> Result<(), Refusal> {
        if token.pin_locked {
            return Err(Refusal::Token(format!(
                "the PIN of token {} is locked; its security officer must unlock it, or take another token",
                token.serial
            )));
        }
        self.record(Actor::Operator, Body::TokenChosen(token.clone()))?;
        self.view.token = Some(token.clone());
        let profile = self.profile()?;
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
            LoginKind::Protected => self.login(Login::Protected),
            LoginKind::Preloaded => self.login(Login::Preloaded),
        }
    }

    fn ask_officer(&mut self) -> Result<(), Refusal> {
        self.share = None;
        let missing = self.assembly.as_ref().ok_or(Refusal::NotAsked)?.missing();
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
                self.ask_share_pin(officer)
            }
            Err(message) => {
                self.share_refused(officer, &message)?;
                self.ask_officer()?;
                Err(Refusal::Share(message))
            }
        }
    }

    fn ask_share_pin(&mut self, officer: &Role) -> Result<(), Refusal> {
        let token = self.view.token.clone().ok_or(Refusal::NotAsked)?;
        self.ask(Question::Pin(PinAsked { officer: Some(officer.clone()), token }));
        Ok(())
    }

    fn share_refused(&mut self, officer: &Role, message: &str) -> Result<(), Refusal> {
        let seen = ShareSeen { officer: officer.clone(), accepted: false, note: transcript::clean_text(message) };
        self.record(Actor::Role(officer.clone()), Body::Share(seen))
    }

    fn pin_entered(&mut self, asked: PinAsked, pin: Pin) -> Result<(), Refusal> {
        if pin.is_empty() {
            return Err(Refusal::PinEmpty);
        }
        match asked.officer {
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
            self.ask_share_pin(officer)?; // a typo leads back to the question
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

    fn login(&mut self, login: Login) -> Result<(), Refusal> {
        let serial = self.view.token.as_ref().ok_or(Refusal::NotAsked)?.serial.clone();
        let officers = self.view.officers.iter().filter(|(_, there)| *there).map(|(role, _)| role.clone());
        let body = Unlocking {
            login: self.profile()?.hsm.login.name().to_owned(),
            serial: serial.clone(),
            officers: officers.collect(),
        };
        self.record(Actor::Program, Body::Unlocking(body))?;
        self.wait(Waiting::Login, "opening the token", Effect::Login { serial, login });
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
                let note = transcript::clean_text(&failed.message);
                self.record(Actor::Program, Body::Unlocked(Outcome { good: false, note }))?;
                if let Some(token) = failed.token {
                    self.view.token = Some(token);
                }
                let by_pin = self.profile()?.hsm.login == LoginKind::Pin;
                let token = self.view.token.clone().filter(|token| !token.pin_locked);
                match token {
                    Some(token) if failed.again && by_pin && !self.unattended() => {
                        self.ask(Question::Pin(PinAsked { officer: None, token }));
                        Err(Refusal::Token(failed.message))
                    }
                    _ => self.token_fault(failed.message),
                }
            }
        }
    }

    /// The shares have done their work; the PIN that they yielded is wiped with them.
    fn forget_shares(&mut self) {
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

    pub(super) fn keys_found(&mut self, keys: Result<Vec<Result<KeyFacts, String>>, String>) -> Result<(), Refusal> {
        let keys = match keys {
            Ok(keys) => keys,
            Err(message) => return self.token_fault(message),
        };
        let findings = self.check_keys(&keys);
        let body = Findings { job: 0, stage: "token".to_owned(), findings: findings.clone() };
        self.record(Actor::Program, Body::Findings(body))?;
        let failed: Vec<String> =
            findings.iter().filter(|finding| finding.verdict == Verdict::Fail).map(ToString::to_string).collect();
        if !failed.is_empty() {
            return self.token_fault(failed.join("; "));
        }
        self.found = keys.into_iter().filter_map(Result::ok).collect();
        self.begin_execute()
    }

    /// What only the token can tell: exactly one match, and the same public key as in the plan.
    fn check_keys(&self, keys: &[Result<KeyFacts, String>]) -> Vec<Finding> {
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
                Some(Err(message)) => finding(Verdict::Fail, expected, "no usable key".to_owned(), message.clone()),
                None => finding(Verdict::Fail, expected, "no key".to_owned(), "the key was not looked for".to_owned()),
            }
        };
        planned.map(check).collect()
    }

    /// The token failed: its host is ended, and `unlock` is offered again. The plan stays as it was confirmed.
    pub(super) fn token_fault(&mut self, message: String) -> Result<(), Refusal> {
        let note = transcript::Note { note: transcript::clean_text(&message) };
        self.record(Actor::Program, Body::TokenFault(note))?;
        self.view.faults.push(transcript::clean_text(&message));
        self.failure = self.unattended().then_some(Failure::Token);
        self.wait(Waiting::TokenEnd(AfterToken::Fault(message)), "ending the token host", Effect::CloseToken);
        Ok(())
    }
}
