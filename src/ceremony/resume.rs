//! What is left when the ceremony process died, and how it goes on.

use std::sync::Arc;

use crate::dns::{base64, sha256};
use crate::exchange::{self, Limits};
use crate::plan::{JobInput, Previous};
use crate::steps::{Actor, Moment, Step, VolumeFacts};
use crate::transcript::{Body, Chain, Entry, Exception, Files, Note, State, clean_text, names};

use super::machine::{Ceremony, Job, Matter, PreviousFiles, SourceFile, UNPLUGGED, Waiting};
use super::profiles::Offer;
use super::task::Task;
use super::{Answer, Effect, Judging, Outcome, ProfileFile, Question, Refusal, Setup, Spool, SpooledJob};

/// Why nobody is asked whether to go on.
const WRITTEN_ON: &str = "the program had ended after the seal: what is sealed is written to its end";
const STOPPED_ON: &str = "the program had ended after people stopped: what happened is sealed and written";

impl Ceremony {
    /// What a process that is started again needs to go on from here; none without people, who alone can go on.
    pub(super) fn spool(&self) -> Option<Spool> {
        if self.unattended() || self.journal_folder.is_empty() {
            return None;
        }
        let (_, profile) = self.profile.as_ref()?;
        let sealed = self.sealed();
        // What was signed from what lies in the record.
        let (jobs, signatures) =
            if sealed.is_some() { Default::default() } else { (self.jobs.as_slice(), self.signatures.as_slice()) };
        let agreed = self.ledger.moment(self.at).time;
        let jobs = jobs.iter().map(|job| SpooledJob {
            number: job.number,
            request_file: job.request.name.clone(),
            request: base64::encode(&job.request.octets),
            previous: job.previous.as_ref().map(|file| (file.name.clone(), base64::encode(&file.octets))),
            head: job.input.head,
            schema: job.input.schema.clone(),
            until: job.input.until,
        });
        Some(Spool {
            claviger: self.setup.version.clone(),
            mode: self.setup.mode.clone(),
            seed: Some(self.setup.seed.clone()),
            profile: base64::encode(profile),
            agreed: (agreed, self.at.time),
            judged_at: self.judged_at,
            people: self.view.people.clone(),
            record_media: self.view.record_volumes.clone(),
            request_medium: self.view.request_volume.clone(),
            journal_folder: self.journal_folder.clone(),
            previous: self.previous.as_ref().map(|previous| previous.state.clone()),
            jobs: jobs.collect(),
            confirmed: self.confirmed_plan,
            transcript: String::from_utf8_lossy(self.ledger.chain().octets()).into_owned(),
            signatures: signatures.iter().map(|signature| base64::encode(signature)).collect(),
            sealed,
        })
    }

    /// What is not kept stands on the screen until it is, and is entered when it begins.
    pub(super) fn spooled(&mut self, kept: Result<(), String>) -> Result<(), Refusal> {
        let fault = kept.err().filter(|_| !self.is_over()).map(|fault| clean_text(&fault));
        let before = std::mem::replace(&mut self.view.spool_fault, fault);
        let Some(fault) = self.view.spool_fault.clone().filter(|_| before.is_none()) else { return Ok(()) };
        let exception = Exception {
            expected: "that what a process that is started again needs is kept in RAM".to_owned(),
            happened: fault,
            action: "it stands on the screen until it is kept again".to_owned(),
            decided_by: "the program".to_owned(),
        };
        self.view.exceptions += 1;
        self.record(Actor::Program, Body::Exception(exception))
    }

    /// Goes on with what an earlier process left in RAM.
    ///
    /// # Errors
    /// A sentence for people if the spool is of another version or does not fit together; nothing is lost by it.
    pub fn resume(setup: Setup, mut spool: Spool, at: Moment) -> Result<(Self, Vec<Effect>), String> {
        if spool.claviger != setup.version {
            return Err(format!(
                "the ceremony was begun by version {} of the program; this is {}",
                spool.claviger, setup.version
            ));
        }
        let decode = |text: &str| base64::decode(text).ok_or_else(|| "the spool is damaged".to_owned());
        let seed = spool.seed.take().ok_or_else(|| "the spool is damaged".to_owned())?;
        let octets = decode(&spool.profile)?;
        let origin = "the ceremony before".to_owned();
        let setup = Setup {
            mode: spool.mode.clone(),
            seed,
            judged_at: spool.judged_at,
            profiles: vec![ProfileFile { origin, octets: octets.clone() }],
            ..setup
        };
        let (mut ceremony, mut effects) = Self::new(setup, at);
        let profile = ceremony.offers.first().and_then(Offer::profile);
        let profile = profile.ok_or_else(|| "the spool is damaged".to_owned())?;
        ceremony.take_profile(profile, octets);
        ceremony.ledger.resume(spool.transcript.as_bytes()).map_err(|error| error.to_string())?;
        if !ceremony.ledger.has_its_key() {
            return Err("the spool is damaged: its key is another one than the ceremony's".to_owned());
        }
        let (agreed, shown) = spool.agreed;
        let passed = u32::try_from(at.time.seconds_since(shown)).unwrap_or(0);
        let now = agreed.checked_add(crate::dns::Duration::from_seconds(passed)).unwrap_or(agreed);
        ceremony.ledger.agree(now, at.uptime);
        ceremony.view.key_fingerprint = Some(ceremony.ledger.key().public().fingerprint());
        ceremony.view.people.clone_from(&spool.people);
        ceremony.view.record_volumes = spool.record_media.iter().cloned().map(unplugged).collect();
        ceremony.view.request_volume = spool.request_medium.clone().map(unplugged);
        ceremony.journal_folder.clone_from(&spool.journal_folder);
        match spool.sealed.take() {
            Some(sealed) => ceremony.written_on(sealed)?,
            None => ceremony.unlocked_again(&spool)?,
        }
        let exception = |entry: &&Entry| matches!(entry.body, Body::Exception(_));
        let logs = ceremony.delivery.iter().chain([ceremony.ledger.chain()]);
        ceremony.view.exceptions = logs.flat_map(Chain::entries).filter(exception).count();
        if ceremony.setup.appliance.is_none() {
            ceremony.ask_resume(); // else once the appliance has started
        }
        effects.extend(ceremony.take_effects());
        Ok((ceremony, effects))
    }

    /// Back to `unlock`, with all that comes before it; without a confirmed plan in the step in which it was, where all
    /// that can be done is to seal what happened.
    fn unlocked_again(&mut self, spool: &Spool) -> Result<(), String> {
        let decode = |text: &str| base64::decode(text).ok_or_else(|| "the spool is damaged".to_owned());
        let state = |state: &State| PreviousFiles { files: Files::new(), state: state.clone() };
        self.previous = spool.previous.as_ref().map(state);
        self.signatures = spool.signatures.iter().map(|text| decode(text)).collect::<Result<_, _>>()?;
        for job in &spool.jobs {
            let job = self.job_again(job)?;
            self.jobs.push(job);
        }
        let last = self.ledger.chain().entries().last().map(|entry| entry.step);
        self.view.step = last.filter(|_| !spool.confirmed).unwrap_or(Step::Unlock);
        let note = Note { note: format!("from the spool, after {} signatures", self.signatures.len()) };
        self.record(Actor::Program, Body::Resumed(note)).map_err(|error| error.to_string())?;
        if spool.confirmed { self.plan_again() } else { Ok(()) }
    }

    fn job_again(&self, job: &SpooledJob) -> Result<Job, String> {
        let decode = |text: &str| base64::decode(text).ok_or_else(|| "the spool is damaged".to_owned());
        let octets = decode(&job.request)?;
        let limits = Limits { document_bytes: octets.len() };
        let request = exchange::read_request(&octets, &limits).map_err(|error| error.to_string())?;
        let source = SourceFile { name: job.request_file.clone(), sha256: sha256(&octets), octets };
        let (previous_file, previous) = match &job.previous {
            None => (None, Previous::First),
            Some((name, text)) => {
                let octets = decode(text)?;
                let limits = Limits { document_bytes: octets.len() };
                let response = exchange::read_response(&octets, &limits).map_err(|error| error.to_string())?;
                let sha256 = sha256(&octets);
                let file = SourceFile { name: name.clone(), octets, sha256 };
                (Some(file), Previous::Response { response, sha256 })
            }
        };
        let previous_name = previous_file.as_ref().map(|file| file.name.as_str()).unwrap_or_default();
        let paths = names::JobPaths::new(job.number, &request.zone, &source.name, previous_name);
        let input = JobInput {
            request,
            request_sha256: source.sha256,
            previous,
            head: job.head,
            schema: job.schema.clone(),
            until: job.until,
        };
        let input = Arc::new(input);
        let profile = self.profile().map_err(|error| error.to_string())?;
        let judging = Judging {
            profile,
            inputs: vec![Arc::clone(&input)],
            judged_at: self.judged_at.ok_or_else(|| "the spool is damaged".to_owned())?,
        };
        let Outcome::Judged { request: findings, room, .. } = Task::Judge(judging).run(&self.setup.program(), 1) else {
            return Err("the request could not be judged again".to_owned());
        };
        let findings = Arc::new(findings);
        Ok(Job { number: job.number, paths, request: source, previous: previous_file, input, findings, room })
    }

    /// The plan is made again from the same inputs, and must be the one that two people have confirmed.
    fn plan_again(&mut self) -> Result<(), String> {
        let judging: Judging = self.judging().map_err(|error| error.to_string())?;
        let program = self.setup.program();
        let findings = self.findings_of_jobs();
        let Outcome::Planned(plan) = Task::Plan { judging, findings }.run(&program, 1) else {
            return Err("the plan could not be made again".to_owned());
        };
        let made = plan?;
        let confirmed = self.ledger.chain().entries().iter().rev().find_map(|entry| match &entry.body {
            Body::Confirmed(confirmed) if confirmed.subject == "plan" => Some(confirmed.sha256),
            _ => None,
        });
        if confirmed != Some(made.view.sha256) {
            return Err("the plan made again differs from the one confirmed".to_owned());
        }
        let admitted = made.admitted?;
        if self.signatures.len() > made.view.signatures {
            return Err("the spool is damaged".to_owned());
        }
        self.view.signatures = (self.signatures.len(), made.view.signatures);
        self.show_plan(made.view);
        self.plan = Some((Arc::new(admitted), made.json));
        self.confirmed_plan = true;
        Ok(())
    }

    /// Nothing is asked where the transcript is sealed: all that can be done is to write it. Nor is anything where people
    /// had stopped, since a stop cannot be taken back.
    pub(super) fn ask_resume(&mut self) {
        if self.image.is_some() {
            self.view.refusal = Some(WRITTEN_ON.to_owned());
            return self.wait(Waiting::Medium, "looking for the media", Effect::WatchVolumes);
        }
        let stop = self.ledger.chain().entries().iter().find_map(|entry| match &entry.body {
            Body::Stopped(note) => Some((entry.step, note.note.clone())),
            _ => None,
        });
        if let Some((step, reason)) = stop {
            self.stop = Some(reason);
            let refused = self.stopped().err();
            self.view.stopped_in = Some(step);
            self.view.refusal = Some(refused.map_or_else(|| STOPPED_ON.to_owned(), |refusal| refusal.to_string()));
            return;
        }
        let entries = self.ledger.chain().entries().len();
        self.ask(Question::Resume { entries, signatures: self.signatures.len() });
    }

    pub(super) fn answer_resume(&mut self, answer: &Answer) -> Result<(), Refusal> {
        match answer {
            Answer::Yes => {
                let sha256 = self.view.plan.as_ref().map(|plan| plan.sha256).ok_or(Refusal::NoPlan)?;
                self.ask_two_people(Matter::Resume, sha256)
            }
            Answer::No => self.stop("the ceremony process had ended; what happened is sealed"),
            _ => Err(Refusal::NotAsked),
        }
    }
}

/// A medium as it was; it has no number until it is seen again.
fn unplugged(volume: VolumeFacts) -> VolumeFacts {
    VolumeFacts { id: UNPLUGGED, ..volume }
}
