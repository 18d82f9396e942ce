//! `open`: program, profile, people, time and ceremony key are established. Then the first entry.

use std::sync::Arc;

use crate::dns::{Sha256Digest, Time};
use crate::profile::Profile;
use crate::steps::{Actor, Person, Role, Step};
use crate::transcript::{self, Body, Confined, Opened, PersonEntered, Subject, TimeAgreed};

use super::machine::Ceremony;
use super::{Answer, Labels, Question, Refusal};

impl Ceremony {
    pub(super) fn answer_open(&mut self, question: Question, answer: Answer) -> Result<(), Refusal> {
        match (question, answer) {
            (Question::Profile(choices), Answer::Choose(index)) => {
                let choice = choices.get(index).ok_or(Refusal::NoSuchChoice(index + 1))?;
                if let Some(fault) = &choice.fault {
                    return Err(Refusal::Profile(fault.clone()));
                }
                self.ask(Question::ConfirmProfile(choice.clone()));
                Ok(())
            }
            (Question::ConfirmProfile(choice), Answer::Yes) => self.choose_profile(&choice.sha256),
            (Question::ConfirmProfile(_), Answer::No) => {
                self.ask_profile();
                Ok(())
            }
            (Question::People { .. }, Answer::Person { role, name }) => self.person(&role, &name),
            (Question::People { .. }, Answer::Remove(index)) => {
                if index >= self.view.people.len() {
                    return Err(Refusal::NoSuchChoice(index + 1));
                }
                self.view.people.remove(index);
                self.ask_people()
            }
            (Question::People { missing }, Answer::Done) => {
                if !missing.is_empty() {
                    return Err(Refusal::RolesMissing(missing));
                }
                if self.view.people.len() < 2 {
                    return Err(Refusal::TooFewPeople);
                }
                self.begin_time();
                Ok(())
            }
            (Question::Time(asked), answer) => self.answer_time(asked, answer),
            _ => Err(Refusal::NotAsked),
        }
    }

    fn choose_profile(&mut self, sha256: &Sha256Digest) -> Result<(), Refusal> {
        let (profile, octets) = self.offered(sha256).ok_or(Refusal::NotAsked)?;
        self.take_profile(profile, octets);
        if self.unattended() {
            self.unconfirmed("profile")?;
            self.unconfirmed("people")?;
            self.unconfirmed("time")?;
            return self.agree_on(self.at.time);
        }
        self.ask_people()
    }

    /// From now on this profile holds, and people see what it says of them and of their media.
    pub(super) fn take_profile(&mut self, profile: Arc<Profile>, octets: Vec<u8>) {
        self.view.title.clone_from(&profile.name);
        self.view.profile_sha256 = Some(profile.sha256);
        self.view.labels = Labels {
            record: profile.media.record_label.clone(),
            request: profile.media.request_label.clone(),
            share: profile.media.share_label.clone(),
        };
        if let Some((threshold, officers)) = profile.officers() {
            self.view.threshold = threshold;
            self.view.officers = officers.into_iter().map(|officer| (officer, false)).collect();
            self.view.officers_at_token = profile.sequence.is_some();
        }
        self.profile = Some((profile, octets));
    }

    pub(super) fn ask_people(&mut self) -> Result<(), Refusal> {
        let required = &self.profile()?.required_roles;
        let there = |role: &&Role| !self.view.people.iter().any(|person| person.role == **role);
        let missing = required.iter().filter(there).cloned().collect();
        self.ask(Question::People { missing });
        Ok(())
    }

    fn person(&mut self, role: &str, name: &str) -> Result<(), Refusal> {
        let typed = role.trim().to_uppercase();
        let role = Role::new(&typed).ok_or_else(|| Refusal::Role(transcript::clean_text(role)))?;
        let name = transcript::clean_text(name.trim());
        if name.is_empty() {
            return Err(Refusal::Empty);
        }
        if self.view.people.iter().any(|person| person.role == role) {
            return Err(Refusal::RoleTaken(role));
        }
        if self.view.people.iter().any(|person| person.name.to_lowercase() == name.to_lowercase()) {
            return Err(Refusal::NameTaken(name));
        }
        self.view.people.push(Person { role, name });
        self.ask_people()
    }

    /// Time is agreed; the key is made, and the first entries with it.
    pub(super) fn agree_on(&mut self, agreed: Time) -> Result<(), Refusal> {
        let profile = self.profile()?;
        let shown = self.at.time;
        let offset_seconds = agreed.seconds_since(shown);
        self.ledger.agree(agreed, self.at.uptime);
        let public = self.ledger.key().public();
        let fingerprint = public.fingerprint();
        self.view.key_fingerprint = Some(fingerprint.clone());
        let first = Body::Opened(Opened {
            transcript_version: 1,
            claviger: self.setup.version.clone(),
            build_id: self.setup.build_id.clone(),
            mode: self.setup.mode.clone(),
            profile: transcript::clean_text(&profile.name),
            profile_sha256: profile.sha256,
            ceremony_key: public.base64(),
            key_fingerprint: fingerprint,
        });
        self.ledger.open(self.at, first).map_err(|error| Refusal::Internal(error.to_string()))?;
        for person in self.view.people.clone() {
            let actor = Actor::Role(person.role.clone());
            self.record(actor, Body::Person(PersonEntered { role: person.role, name: person.name }))?;
        }
        self.record_time(TimeAgreed { rtc: self.rtc(), shown, agreed, offset_seconds })?;
        let started = self.view.computer.started.clone();
        if !started.is_empty() {
            self.record(
                Actor::Program,
                Body::Confined(Confined { process: "appliance".to_owned(), measures: started }),
            )?;
        }
        let confined = Confined { process: "ceremony".to_owned(), measures: self.setup.measures.clone() };
        self.record(Actor::Program, Body::Confined(confined))?;
        self.enter(Step::Media);
        self.begin_media()
    }

    /// An unattended run lists every confirmation that nobody gave.
    pub(super) fn unconfirmed(&mut self, subject: &str) -> Result<(), Refusal> {
        self.record(Actor::Program, Body::Unconfirmed(Subject { subject: subject.to_owned() }))
    }
}
