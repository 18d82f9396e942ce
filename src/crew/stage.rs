//! The stage: a ceremony with its crew, for whoever plays it, people or a script.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use crate::ceremony::{
    Ceremony, Effect, Event, FileChoice, FileRead, Input, Question, Refusal, Setup, Spool, View, Work,
};
use crate::process::Clock;
use crate::steps::{Moment, Role};

use super::Crew;

/// How long a script without an answer waits for news.
const PATIENCE: Duration = Duration::from_secs(2);

/// Documents and shares that the command line names, instead of media.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Requests and previous responses: name and octets.
    pub documents: Vec<FileRead>,
    /// Share files by officer.
    pub shares: Vec<(Role, Vec<u8>)>,
}

/// A ceremony with its crew.
pub struct Stage {
    ceremony: Ceremony,
    crew: Crew,
    clock: Arc<dyn Clock>,
    given: Option<Given>,
    finished: Option<u8>,
}

impl Stage {
    /// Begins a ceremony.
    #[must_use]
    pub fn begin(setup: Setup, crew: Crew, clock: Arc<dyn Clock>, given: Option<Given>) -> Self {
        let (ceremony, effects) = Ceremony::new(setup, moment(clock.as_ref()));
        let mut stage = Self { ceremony, crew, clock, given, finished: None };
        stage.carry_out(effects);
        stage
    }

    /// Goes on with a ceremony whose process had died.
    ///
    /// # Errors
    /// A sentence for people, if what was kept does not fit together.
    pub fn resume(setup: Setup, spool: Spool, crew: Crew, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let (ceremony, effects) = Ceremony::resume(setup, spool, moment(clock.as_ref()))?;
        let mut stage = Self { ceremony, crew, clock, given: None, finished: None };
        stage.carry_out(effects);
        Ok(stage)
    }

    /// What people may see now.
    #[must_use]
    pub const fn view(&self) -> &View {
        self.ceremony.view()
    }

    /// The clock.
    #[must_use]
    pub fn moment(&self) -> Moment {
        moment(self.clock.as_ref())
    }

    /// Now, by the time that people agreed on.
    #[must_use]
    pub fn agreed(&self) -> Moment {
        self.ceremony.agreed(self.moment())
    }

    /// The exit code, once it is over.
    #[must_use]
    pub const fn finished(&self) -> Option<u8> {
        self.finished
    }

    /// Takes what people do.
    ///
    /// # Errors
    /// Why it was not taken; the view says so, too.
    pub fn input(&mut self, input: Input) -> Result<(), Refusal> {
        self.apply(Event::Input(input))
    }

    /// Takes what came back from the crew. A refusal of it stands in the view.
    pub fn work(&mut self, work: Work) {
        let _ = self.apply(Event::Work(work));
    }

    fn apply(&mut self, event: Event) -> Result<(), Refusal> {
        let moment = self.moment();
        let effects = self.ceremony.apply(moment, event)?;
        self.carry_out(effects);
        Ok(())
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in &effects {
            if let Effect::Finish(code) = effect {
                self.finished = Some(*code);
            }
        }
        if self.given.is_none() {
            return self.crew.carry_out(effects);
        }
        for effect in effects {
            match self.answer_from_given(&effect) {
                Some(work) => self.work(work),
                None => self.crew.carry_out(vec![effect]),
            }
        }
    }

    /// What the command line has given needs no medium.
    fn answer_from_given(&self, effect: &Effect) -> Option<Work> {
        let given = self.given.as_ref()?;
        match effect {
            Effect::ListFiles(_) => {
                let files = given.documents.iter().map(|file| FileChoice {
                    place: "command line".to_owned(),
                    name: file.name.clone(),
                    size: file.octets.len() as u64,
                });
                Some(Work::Files(Ok(files.collect())))
            }
            Effect::ReadFile { index, .. } => {
                let file = given.documents.get(*index).cloned();
                Some(Work::File(file.ok_or_else(|| "no such file was given".to_owned())))
            }
            Effect::ReadShare { officer, .. } => {
                let share = given.shares.iter().find(|(role, _)| role == officer).map(|(_, octets)| octets.clone());
                Some(Work::ShareFile(share.ok_or_else(|| format!("no share file was given for {officer}"))))
            }
            _ => None,
        }
    }

    /// Plays a script to the end: it is asked for an answer whenever a question waits for one.
    ///
    /// `shown` is called with every view. A script without an answer waits a moment for news, and is stuck then.
    /// Returns the exit code.
    ///
    /// # Errors
    /// The question that had no answer, or whose answer was refused, and why.
    pub fn play(
        &mut self,
        work: &Receiver<Work>,
        mut script: impl FnMut(&View) -> Option<Input>,
        mut shown: impl FnMut(&View),
    ) -> Result<u8, Stuck> {
        loop {
            shown(self.view());
            if let Some(code) = self.finished {
                return Ok(code);
            }
            if matches!(self.view().question, Question::Working(_)) {
                let (question, why) = ("work".to_owned(), "the crew is gone".to_owned());
                let stuck = |_| Stuck { question, why, refusal: None };
                let done = work.recv().map_err(stuck)?;
                self.work(done);
                continue;
            }
            // What is plugged in and what is written is told without being asked for.
            while let Ok(done) = work.try_recv() {
                self.work(done);
            }
            let question = format!("{:?}", self.view().question);
            let Some(input) = script(self.view()) else {
                // Perhaps what it needs is only being plugged in.
                match work.recv_timeout(PATIENCE) {
                    Ok(done) => self.work(done),
                    Err(_) => {
                        let none = || "there is no answer to it".to_owned();
                        let why = self.view().refusal.clone().unwrap_or_else(none);
                        return Err(Stuck { question, why, refusal: None });
                    }
                }
                continue;
            };
            if let Err(refusal) = self.input(input) {
                return Err(Stuck { question, why: refusal.to_string(), refusal: Some(refusal) });
            }
        }
    }
}

/// Where a script got stuck.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stuck {
    /// The question, for developers.
    pub question: String,
    /// Why, for people.
    pub why: String,
    /// Why the answer was not taken, where there was one.
    pub refusal: Option<Refusal>,
}

fn moment(clock: &dyn Clock) -> Moment {
    Moment { time: clock.now(), uptime: clock.uptime() }
}
