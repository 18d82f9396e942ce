//! The machine itself: what has happened so far, and where an event leads.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::dns::{Sha256Digest, Time};
use crate::media::FolderImage;
use crate::plan::{JobInput, Previous};
use crate::policy::{Admitted, Finding};
use crate::profile::Profile;
use crate::quorum::{Assembly, ShareFile};
use crate::steps::{Actor, KeyFacts, Mode, Moment, Role, TokenFacts, VolumeId};
use crate::transcript::names::JobPaths;
use crate::transcript::{self, Body, Chain, State, TimeConfirmed};

use super::ledger::Ledger;
use super::outbox::Outbox;
use super::profiles::Offer;
use super::{
    Answer, Effect, Input, JournalPart, KeyWanted, Outcome, Purpose, Question, RecordChoice, Refusal, ResponseMade,
    Seed, View, Work, Working,
};

/// What a ceremony is started with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// How the program runs.
    pub mode: Mode,
    /// Version of the program, as `0.1.0`.
    pub version: String,
    /// Build id of the image, or `none`.
    pub build_id: String,
    /// What confines the ceremony's own process, one line a measure.
    pub measures: Vec<String>,
    /// Randomness of this ceremony: its key, and which words are asked for.
    pub seed: Seed,
    /// The profiles to choose from.
    pub profiles: Vec<ProfileFile>,
    /// The time of all judgement, where the command line sets it.
    pub judged_at: Option<Time>,
    /// The end of coverage, where the command line sets it.
    pub until: Option<Time>,
    /// What only the image has; none on an ordinary computer.
    pub appliance: Option<Appliance>,
    /// Whether an unattended run may send a PIN to a token that says FINAL TRY.
    pub final_try: bool,
    /// Whether previous responses are asked for even where the previous record has them: the command line gives its own.
    pub previous_given: bool,
}

/// How the image begins.
#[derive(Clone, Debug, Default)]
pub struct Appliance {
    /// Whether a rehearsal is prepared first.
    pub prepares: bool,
    /// Keyboard layouts to choose from; none where the terminal is no screen of this computer.
    pub keymaps: Vec<String>,
    /// The one that is loaded.
    pub keymap: usize,
}

/// A profile as it lies in a file.
#[derive(Clone, Debug)]
pub struct ProfileFile {
    /// Where it comes from.
    pub origin: String,
    /// The file.
    pub octets: Vec<u8>,
}

/// Something that happens.
#[derive(Debug)]
pub enum Event {
    /// People do something.
    Input(Input),
    /// Something comes back from outside.
    Work(Work),
}

/// A ceremony from `open` to `close`.
///
/// It does nothing itself: [`Ceremony::apply`] takes what happens, and says what is to be done. Whoever carries that
/// out must do it in order, so that an entry is in the journal before its effect runs.
#[derive(Debug)]
pub struct Ceremony {
    pub(super) setup: Setup,
    pub(super) view: View,
    pub(super) ledger: Ledger,
    pub(super) at: Moment,
    pub(super) effects: Vec<Effect>,
    pub(super) waiting: Waiting,
    pub(super) offers: Vec<Offer>,
    pub(super) watches: Vec<TimeConfirmed>,
    /// Keyboards that were decided on and are still told as waiting or refused.
    pub(super) usb_decided: Vec<u32>,
    pub(super) profile_media: Vec<VolumeId>,
    pub(super) profile: Option<(Arc<Profile>, Vec<u8>)>,
    pub(super) previous: Option<PreviousFiles>,
    pub(super) matter: Option<Matter>,
    pub(super) reason: String,
    pub(super) attempts: u32,
    pub(super) judged_at: Option<Time>,
    pub(super) jobs: Vec<Job>,
    pub(super) draft: Option<Draft>,
    pub(super) warnings: Vec<(usize, String, String)>,
    pub(super) plan: Option<(Arc<Admitted>, Vec<u8>)>,
    pub(super) tokens: Vec<TokenFacts>,
    pub(super) assembly: Option<Assembly>,
    pub(super) share: Option<ShareFile>,
    pub(super) wanted: Vec<KeyWanted>,
    pub(super) found: Vec<KeyFacts>,
    pub(super) signatures: Vec<Vec<u8>>,
    pub(super) pause: bool,
    pub(super) stop: Option<String>,
    pub(super) made: Vec<ResponseMade>,
    pub(super) outcome: &'static str,
    pub(super) image: Option<Arc<FolderImage>>,
    pub(super) outbox: Outbox,
    pub(super) delivery: Option<Chain>,
    /// Whether what is sealed has got on since it was spooled.
    pub(super) unspooled: bool,
    pub(super) confirmed_plan: bool,
    pub(super) journal_folder: String,
    pub(super) failure: Option<Failure>,
}

/// What the machine waits for from outside; everything else is a late answer and dropped.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Waiting {
    Nothing,
    Start,
    Keymap(usize),
    Preparation,
    Records,
    Record(RecordChoice),
    Audit(RecordChoice),
    Files(Purpose),
    File(Purpose),
    Read,
    Judgement,
    Plan,
    TokenStart,
    ShareFile(Role),
    ShareOpen(Role),
    Login,
    OfficerLogin(Role),
    Keys,
    Signatures,
    TokenEnd(AfterToken),
    Responses,
    Medium,
    Write,
}

/// Why the token host is ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum AfterToken {
    /// All is signed.
    Done,
    /// People made a pause.
    Pause,
    /// It failed; what happened, and what to do.
    Fault(String),
    /// People choose the token again.
    Again,
    /// People stopped.
    Stop,
}

/// What ended an unattended run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Failure {
    Token,
    Media,
}

/// What a confirmation, a reason or a read-back is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Matter {
    FirstRecord,
    FirstResponse,
    Plan,
    Responses,
    Resume,
    Fingerprint,
    Request,
}

/// The files of the previous record, and what its state says.
#[derive(Clone, Debug)]
pub(super) struct PreviousFiles {
    pub(super) files: BTreeMap<String, Vec<u8>>,
    pub(super) state: State,
}

/// A job with all that it is made from.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) number: usize,
    pub(super) paths: JobPaths,
    pub(super) request: SourceFile,
    pub(super) previous: Option<SourceFile>,
    pub(super) input: Arc<JobInput>,
    pub(super) findings: Arc<Vec<Finding>>,
    /// Octets that the record needs for what comes of it.
    pub(super) room: u64,
}

/// A document as it came.
#[derive(Clone, Debug)]
pub(super) struct SourceFile {
    pub(super) name: String,
    pub(super) octets: Vec<u8>,
    pub(super) sha256: Sha256Digest,
}

/// A job that is being prepared.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) number: usize,
    pub(super) paths: JobPaths,
    pub(super) request: SourceFile,
    pub(super) document: crate::exchange::Request,
    pub(super) previous: Option<(Option<SourceFile>, Previous)>,
    pub(super) head: Option<Sha256Digest>,
    pub(super) schema: Option<String>,
    pub(super) findings: Arc<Vec<Finding>>,
    /// As of a [`Job`].
    pub(super) room: u64,
}

/// A medium of a ceremony that goes on, before it is seen again.
pub(super) const UNPLUGGED: VolumeId = VolumeId(0);

impl Setup {
    /// The program with its version, as it stands in responses.
    #[must_use]
    pub fn program(&self) -> String {
        format!("claviger {}", self.version)
    }
}

impl Ceremony {
    /// A ceremony at its first question, and what is to be done at once.
    #[must_use]
    pub fn new(setup: Setup, at: Moment) -> (Self, Vec<Effect>) {
        let offers = setup.profiles.iter().map(|file| Offer::of(file.clone(), None)).collect();
        let mut view = View::new(setup.mode.clone(), Question::Profile(Vec::new()));
        view.program = format!("{} (self-reported)", setup.program());
        view.computer.build_id = setup.appliance.is_some().then(|| setup.build_id.clone());
        let ledger = Ledger::new(setup.mode.clone(), &setup.seed);
        let mut ceremony = Self {
            view,
            ledger,
            at,
            effects: vec![Effect::WatchVolumes],
            waiting: Waiting::Nothing,
            offers,
            watches: Vec::new(),
            usb_decided: Vec::new(),
            profile_media: Vec::new(),
            profile: None,
            previous: None,
            matter: None,
            reason: String::new(),
            attempts: 0,
            judged_at: setup.judged_at,
            jobs: Vec::new(),
            draft: None,
            warnings: Vec::new(),
            plan: None,
            tokens: Vec::new(),
            assembly: None,
            share: None,
            wanted: Vec::new(),
            found: Vec::new(),
            signatures: Vec::new(),
            pause: false,
            stop: None,
            made: Vec::new(),
            outcome: "complete",
            image: None,
            outbox: Outbox::default(),
            delivery: None,
            unspooled: false,
            confirmed_plan: false,
            journal_folder: String::new(),
            failure: None,
            setup,
        };
        ceremony.begin_open();
        let effects = ceremony.take_effects();
        (ceremony, effects)
    }

    /// What people may see now.
    #[must_use]
    pub const fn view(&self) -> &View {
        &self.view
    }

    /// Takes what happened at a moment, and says what is to be done.
    ///
    /// # Errors
    /// [`Refusal`] for an answer that is not taken and has no effect: the question stays, and nothing is lost. A refusal
    /// that has effects, an entry in the journal for example, stands in [`View::refusal`] alone.
    pub fn apply(&mut self, at: Moment, event: Event) -> Result<Vec<Effect>, Refusal> {
        self.at = at;
        let result = match event {
            Event::Input(input) => {
                self.view.refusal = None;
                self.input(input)
            }
            Event::Work(work) => self.work(work),
        };
        if let Err(refusal) = &result {
            self.view.refusal = Some(refusal.to_string());
        }
        let effects = self.take_effects();
        match result {
            Err(refusal) if effects.is_empty() => Err(refusal),
            _ => Ok(effects),
        }
    }

    /// What is to be done, with the journal first.
    pub(super) fn take_effects(&mut self) -> Vec<Effect> {
        self.view.log = self.ledger.log();
        let mut effects = Vec::new();
        // Without people, an entry needs to be on the medium only before something that reaches out.
        let may_wait = self.unattended() && self.effects.iter().all(Effect::only_looks);
        if let Some(lines) = (!may_wait).then(|| self.ledger.grown()).flatten() {
            effects.extend(self.journal(lines));
        }
        if std::mem::take(&mut self.unspooled) {
            effects.extend(self.spool().map(Box::new).map(Effect::Spool));
        }
        effects.append(&mut self.effects);
        effects
    }

    /// Has what was entered so far kept before all that is to be done next, people or not.
    pub(super) fn flush(&mut self) {
        if let Some(lines) = self.ledger.grown() {
            let effects = self.journal(lines);
            self.effects.extend(effects);
        }
    }

    /// The spool comes first: a journal that is behind it is brought up to it, but never one that is ahead.
    fn journal(&self, lines: Vec<u8>) -> Vec<Effect> {
        if self.journal_folder.is_empty() {
            return Vec::new();
        }
        // Media of a ceremony that goes on take it once they are seen.
        let seen = self.view.record_volumes.iter().map(|volume| volume.id).filter(|id| *id != UNPLUGGED);
        let volumes = seen.collect();
        let part =
            JournalPart { volumes, folder: self.journal_folder.clone(), files: self.ledger.journal_files(), lines };
        let spool = self.spool().map(Box::new).map(Effect::Spool);
        spool.into_iter().chain([Effect::Journal(part)]).collect()
    }

    fn input(&mut self, input: Input) -> Result<(), Refusal> {
        match input {
            Input::Answer(answer) => self.answer(answer),
            Input::Exception { .. } if self.is_over() => Err(Refusal::Over),
            Input::Exception { expected, happened, action, decided_by } => {
                let clean = [&expected, &happened, &action, &decided_by].map(|text| transcript::clean_text(text));
                if clean.iter().any(String::is_empty) {
                    return Err(Refusal::Empty);
                }
                let [expected, happened, action, decided_by] = clean;
                let exception = transcript::Exception { expected, happened, action, decided_by };
                self.view.exceptions += 1;
                self.record(Actor::Operator, Body::Exception(exception))
            }
            Input::Keyboard { device, allow, decided_by } => self.decide_usb(device, allow, &decided_by),
            Input::Stop(reason) => self.stop(&reason),
            Input::Pause => self.ask_pause(),
        }
    }

    /// Whether what is entered now would reach no medium any more.
    pub(super) fn is_over(&self) -> bool {
        self.outbox.closed || matches!(self.view.question, Question::Finished { .. })
    }

    fn answer(&mut self, answer: Answer) -> Result<(), Refusal> {
        // The question is taken out for matching and put back unless a new one has been asked.
        let question = self.view.question.clone();
        match question {
            Question::Working(_) => Err(Refusal::NotAsked),
            Question::Keyboard { .. } => self.answer_keyboard(&answer),
            Question::Profile(_) | Question::ConfirmProfile(_) | Question::People { .. } | Question::Time(_) => {
                self.answer_open(question, answer)
            }
            Question::RecordVolumes { .. } | Question::RequestVolume | Question::PreviousRecord(_) => {
                self.answer_media(question, answer)
            }
            Question::Reason { .. } => self.answer_reason(answer),
            Question::TwoPeople(asked) => self.answer_two_people(&asked, answer),
            Question::ReadBack(asked) => self.answer_read_back(&asked, answer),
            Question::Document(_) | Question::Judged { .. } | Question::MoreJobs | Question::Schema { .. } => {
                self.answer_request(question, answer)
            }
            Question::Acknowledge { job, check, message, .. } => self.answer_warning(job, check, message, answer),
            Question::Token(_)
            | Question::Officer { .. }
            | Question::ShareVolume { .. }
            | Question::Pin(_)
            | Question::Fault { .. }
            | Question::Paused => self.answer_unlock(question, answer),
            Question::Review { failed } => self.answer_review(failed, &answer),
            Question::WriteFault { optional, .. } => self.answer_write_fault(optional, &answer),
            Question::Resume { .. } => self.answer_resume(&answer),
            Question::Close => self.answer_close(&answer),
            Question::Finished { .. } => {
                self.effects.push(Effect::Finish(self.exit_code()));
                Ok(())
            }
        }
    }

    fn work(&mut self, work: Work) -> Result<(), Refusal> {
        let waiting = self.waiting.clone();
        match (waiting, work) {
            (_, Work::Volumes(volumes)) => self.volumes_changed(volumes),
            (_, Work::Rtc(rtc)) => self.rtc_read(rtc),
            (_, Work::ClockSet(result)) => self.clock_set(result),
            (_, Work::Profiles { volume, found }) => {
                self.profiles_read(volume, found);
                Ok(())
            }
            (Waiting::Start, Work::Identified { medium, started }) => self.identified(medium, started),
            (Waiting::Keymap(number), Work::KeymapLoaded(result)) => self.keymap_loaded(number, result),
            (_, Work::Usb(state)) => self.usb_changed(state),
            (_, Work::UsbDecided(result)) => self.usb_done(result),
            (_, Work::Locks(locks)) => {
                self.view.computer.locks = locks;
                Ok(())
            }
            (Waiting::Preparation, Work::Prepared(profile)) => self.prepared(profile),
            (_, Work::Journalled(faults)) => {
                if !faults.is_empty() {
                    self.view.refusal = Some(faults.join("; "));
                }
                Ok(())
            }
            (_, Work::Spooled(kept)) => self.spooled(kept),
            (Waiting::Login | Waiting::OfficerLogin(_) | Waiting::Signatures, Work::Withheld) => self.withheld(),
            (_, Work::Progress(done)) => {
                self.progress(done);
                Ok(())
            }
            (Waiting::Records, Work::Records { found, faults }) => self.records_listed(found, &faults),
            (Waiting::Record(choice), Work::Record(files)) => self.record_read(choice, files),
            (Waiting::Files(purpose), Work::Files(files)) => self.files_listed(purpose, files),
            (Waiting::File(purpose), Work::File(file)) => self.file_read(purpose, file),
            (Waiting::TokenStart, Work::TokenStarted(seen)) => self.token_started(seen),
            (Waiting::ShareFile(officer), Work::ShareFile(octets)) => self.share_read(&officer, octets),
            (Waiting::Login, Work::LoggedIn(result)) => self.logged_in(result),
            (Waiting::OfficerLogin(officer), Work::LoggedIn(result)) => self.officer_logged_in(&officer, result),
            (Waiting::Keys, Work::KeysFound(keys)) => self.keys_found(keys),
            (Waiting::Signatures, Work::Signed { signatures, fault }) => self.signed(signatures, fault),
            (Waiting::TokenEnd(AfterToken::Stop), Work::Signed { signatures, .. }) => self.keep(signatures),
            (Waiting::TokenEnd(after), Work::TokenClosed) => self.token_closed(after),
            (
                Waiting::Write,
                Work::RecordWritten { result, .. }
                | Work::ResponseWritten { result, .. }
                | Work::Delivered { result, .. },
            ) => self.write_ended(result),
            (waiting, Work::Computed(outcome)) => self.computed(waiting, *outcome),
            _ => Ok(()), // late: the ceremony was stopped or asked again meanwhile
        }
    }

    fn computed(&mut self, waiting: Waiting, outcome: Outcome) -> Result<(), Refusal> {
        match (waiting, outcome) {
            (Waiting::Audit(choice), Outcome::Audited(audit, files)) => self.record_audited(choice, &audit, files),
            (Waiting::Read, Outcome::Read(document)) => self.document_read(document),
            (Waiting::Judgement, Outcome::Judged { request, preview, room }) => self.judged(request, preview, room),
            (Waiting::Plan, Outcome::Planned(plan)) => self.planned(plan),
            (Waiting::ShareOpen(officer), Outcome::Share(share)) => self.share_opened(&officer, share),
            (Waiting::Responses, Outcome::Finished(made)) => self.responses_made(made),
            _ => Ok(()),
        }
    }

    /// Puts an entry into the transcript; after the seal into the delivery log. What comes after that is signed, as news
    /// of a clock, reaches no medium any more.
    pub(super) fn record(&mut self, actor: Actor, body: Body) -> Result<(), Refusal> {
        let internal = |error: transcript::JsonError| Refusal::Internal(error.to_string());
        if self.outbox.closed {
            return Ok(());
        }
        if let Some(delivery) = &mut self.delivery {
            self.unspooled = true;
            let moment = self.ledger.moment(self.at);
            return delivery.append(moment, self.view.step, &actor, body).map(|_| ()).map_err(internal);
        }
        self.ledger.record(self.at, self.view.step, actor, body).map_err(internal)
    }

    /// Asks something, and waits for nothing from outside.
    pub(super) fn ask(&mut self, question: Question) {
        self.waiting = Waiting::Nothing;
        self.view.question = question;
    }

    /// Has something done, and waits for it.
    pub(super) fn wait(&mut self, waiting: Waiting, what: &str, effect: Effect) {
        self.waiting = waiting;
        self.view.question =
            Question::Working(Working { what: what.to_owned(), done: 0, total: 0, since: self.at.uptime });
        self.effects.push(effect);
    }

    /// The profile; there is one from the second question on.
    pub(super) fn profile(&self) -> Result<Arc<Profile>, Refusal> {
        let profile = self.profile.as_ref().map(|(profile, _)| Arc::clone(profile));
        profile.ok_or_else(|| Refusal::Internal("no profile".to_owned()))
    }

    /// Whether nobody is asked to confirm anything.
    pub(super) fn unattended(&self) -> bool {
        self.setup.mode == Mode::Unattended
    }

    /// Numbers below `below` that nobody can foresee and that the seed fixes.
    pub(super) fn draw(&self, subject: &str, count: usize, below: usize) -> Vec<usize> {
        let mut drawn = Vec::new();
        for round in 0_u32..1000 {
            if drawn.len() >= count.min(below) {
                break;
            }
            let counters = [round.to_be_bytes(), self.attempts.to_be_bytes()].concat();
            let derived = self.setup.seed.derive("claviger draw", &[&counters, subject.as_bytes()]);
            let first = derived.first().copied().unwrap_or(0);
            let number = usize::from(first) % below.max(1);
            if !drawn.contains(&number) {
                drawn.push(number);
            }
        }
        drawn.sort_unstable();
        drawn
    }
}
