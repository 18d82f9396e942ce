//! How people confirm: two of them, a reason, words from paper.

use crate::dns::Sha256Digest;
use crate::render;
use crate::steps::{Actor, Role};
use crate::transcript::{self, Body, Confirmed, NotCompared, PaperDiffers, ReadBack};

use super::machine::{Ceremony, Matter};
use super::{Answer, Question, ReadBackAsked, Refusal, TwoPeople};

/// Words of a hash that are asked for.
const WORDS: usize = 3;

impl Ceremony {
    /// What the matter at hand is called, as in the transcript.
    pub(super) fn subject(&self) -> String {
        let job = self.draft.as_ref().map_or(0, |draft| draft.number);
        match self.matter {
            Some(Matter::FirstRecord) => "first: record".to_owned(),
            Some(Matter::FirstResponse) => format!("first: response of job {job}"),
            Some(Matter::Plan) => "plan".to_owned(),
            Some(Matter::Responses) => "responses".to_owned(),
            Some(Matter::Resume) => "resume".to_owned(),
            Some(Matter::Fingerprint) => "previous record".to_owned(),
            Some(Matter::Request) => format!("request of job {job}"),
            None => String::new(),
        }
    }

    pub(super) fn ask_two_people(&mut self, matter: Matter, sha256: Sha256Digest) -> Result<(), Refusal> {
        self.matter = Some(matter);
        let subject = self.subject();
        if self.unattended() {
            self.unconfirmed(&subject)?;
            return self.confirmed();
        }
        let reason = matches!(matter, Matter::FirstRecord | Matter::FirstResponse).then(|| self.reason.clone());
        self.ask(Question::TwoPeople(TwoPeople { subject, sha256, first: None, reason }));
        Ok(())
    }

    pub(super) fn answer_two_people(&mut self, asked: &TwoPeople, answer: Answer) -> Result<(), Refusal> {
        let (role, initials, word) = match answer {
            Answer::Confirm { role, initials, word } => (role, initials, word),
            Answer::No => return self.not_confirmed(),
            _ => return Err(Refusal::NotAsked),
        };
        let initials = self.confirmer(&role, asked.first.as_ref(), &initials)?;
        let first_octet = asked.sha256.as_bytes().first().copied();
        let word = transcript::clean_text(word.trim());
        if render::octet_of(0, &word) != first_octet {
            return Err(Refusal::FirstWord(word));
        }
        let confirmed = Confirmed {
            subject: asked.subject.clone(),
            sha256: asked.sha256,
            role: role.clone(),
            initials,
            word: render::word(0, first_octet.unwrap_or(0)).to_owned(),
        };
        self.record(Actor::Role(role.clone()), Body::Confirmed(confirmed))?;
        if asked.first.is_none() {
            self.ask(Question::TwoPeople(TwoPeople { first: Some(role), ..asked.clone() }));
            return Ok(());
        }
        self.confirmed()
    }

    /// The initials of someone who may confirm after `first` has.
    pub(super) fn confirmer(&self, role: &Role, first: Option<&Role>, initials: &str) -> Result<String, Refusal> {
        if first == Some(role) || !self.view.people.iter().any(|person| person.role == *role) {
            return Err(Refusal::Confirmer(role.clone()));
        }
        let initials = transcript::clean_text(initials.trim());
        if !(1..=4).contains(&initials.chars().count()) || !initials.chars().all(char::is_alphabetic) {
            return Err(Refusal::Initials(initials));
        }
        Ok(initials.to_uppercase())
    }

    /// Both have confirmed: on with it.
    pub(super) fn confirmed(&mut self) -> Result<(), Refusal> {
        match self.matter {
            Some(Matter::FirstRecord) => {
                self.first_confirmed("record")?;
                self.end_media()
            }
            Some(Matter::FirstResponse) => self.first_response_confirmed(),
            Some(Matter::Plan) => self.plan_confirmed(),
            Some(Matter::Responses) => self.responses_accepted(),
            Some(Matter::Resume) => self.begin_unlock(),
            Some(Matter::Fingerprint | Matter::Request) | None => Err(Refusal::NotAsked),
        }
    }

    fn not_confirmed(&mut self) -> Result<(), Refusal> {
        match self.matter {
            Some(Matter::FirstRecord | Matter::FirstResponse) => {
                let subject = self.subject().trim_start_matches("first: ").to_owned();
                self.ask_reason(subject);
            }
            Some(Matter::Plan) => return self.leave_plan(),
            Some(Matter::Responses) => self.ask_review(),
            Some(Matter::Resume) => self.ask_resume(),
            Some(Matter::Fingerprint | Matter::Request) | None => return Err(Refusal::NotAsked),
        }
        Ok(())
    }

    /// Asks why; what was typed before stands there again.
    pub(super) fn ask_reason(&mut self, subject: String) {
        self.ask(Question::Reason { subject, typed: self.reason.clone() });
    }

    pub(super) fn answer_reason(&mut self, answer: Answer) -> Result<(), Refusal> {
        match answer {
            Answer::Text(text) => {
                let reason = transcript::clean_text(text.trim());
                if reason.is_empty() {
                    return Err(Refusal::Empty);
                }
                self.reason = reason;
                let matter = self.matter.ok_or(Refusal::NotAsked)?;
                let profile = self.profile()?.sha256;
                let request = self.draft.as_ref().map(|draft| draft.request.sha256);
                self.ask_two_people(matter, request.unwrap_or(profile))
            }
            Answer::No if self.matter == Some(Matter::FirstRecord) => {
                self.look_again_for_records();
                Ok(())
            }
            Answer::No => self.ask_previous(),
            _ => Err(Refusal::NotAsked),
        }
    }

    pub(super) fn ask_read_back(&mut self, subject: &str, sha256: Sha256Digest) -> Result<(), Refusal> {
        self.attempts = 1;
        if self.unattended() {
            return self.not_compared(Actor::Program, subject);
        }
        let words = self.draw(subject, WORDS, 32).into_iter().map(|word| word + 1).collect();
        let asked = ReadBackAsked { subject: subject.to_owned(), sha256, words };
        self.ask(Question::ReadBack(asked));
        Ok(())
    }

    pub(super) fn answer_read_back(&mut self, asked: &ReadBackAsked, answer: Answer) -> Result<(), Refusal> {
        match answer {
            Answer::Text(text) => {
                let expected = asked.words.iter().map(|word| {
                    let position = word.saturating_sub(1);
                    render::word(position, asked.sha256.as_bytes().get(position).copied().unwrap_or(0))
                });
                let typed = text.split_whitespace().map(str::to_lowercase);
                if !expected.map(str::to_lowercase).eq(typed) {
                    self.attempts += 1;
                    return Err(Refusal::Words);
                }
                let body = ReadBack {
                    subject: asked.subject.clone(),
                    sha256: asked.sha256,
                    words: asked.words.clone(),
                    attempts: self.attempts,
                };
                self.record(Actor::Operator, Body::ReadBack(body))?;
                self.compared()
            }
            Answer::No => self.not_compared(Actor::Operator, &asked.subject),
            Answer::Done => self.differs(asked),
            _ => Err(Refusal::NotAsked),
        }
    }

    /// Attempts at words from paper so far, all of them with other words.
    const fn wrong_attempts(&self) -> u32 {
        self.attempts.saturating_sub(1)
    }

    /// Nobody has it on paper.
    fn not_compared(&mut self, actor: Actor, subject: &str) -> Result<(), Refusal> {
        let body = NotCompared { subject: subject.to_owned(), attempts: self.wrong_attempts() };
        self.record(actor, Body::NoIndependentHash(body))?;
        self.compared()
    }

    /// Paper has another hash: it was not this file, or not this record.
    fn differs(&mut self, asked: &ReadBackAsked) -> Result<(), Refusal> {
        let attempts = self.wrong_attempts();
        let body = PaperDiffers { subject: asked.subject.clone(), sha256: asked.sha256, attempts };
        self.record(Actor::Operator, Body::PaperDiffers(body))?;
        match self.matter {
            Some(Matter::Fingerprint) => {
                self.previous = None;
                self.view.previous_record = None;
                self.look_again_for_records();
                Ok(())
            }
            Some(Matter::Request) => self.drop_job(),
            _ => Err(Refusal::NotAsked),
        }
    }

    fn compared(&mut self) -> Result<(), Refusal> {
        match self.matter {
            Some(Matter::Fingerprint) => self.end_media(),
            Some(Matter::Request) => self.find_previous(),
            _ => Err(Refusal::NotAsked),
        }
    }
}
