//! `sign`: the whole ceremony without the screen and without people; the transcript lists every confirmation not given.

use std::path::{Path, PathBuf};
use std::slice;
use std::sync::Arc;
use std::sync::mpsc;

use serde_json::{Value, json};

use crate::ceremony::{Answer, FileRead, Input, MAX_JOBS, Purpose, Question, Refusal, ResultView, View};
use crate::crew::{Given, Stage, Stuck};
use crate::dns::{Name, Time, sha256};
use crate::exchange::{Document, Request};
use crate::media::FolderVolumes;
use crate::plan::USUAL_SCHEMA;
use crate::policy::Finding;
use crate::profile::Profile;
use crate::render::escape;
use crate::steps::{Mode, Role, TokenFacts, Verdict};
use crate::transcript::names;

use super::error::CliError;
use super::input::{self, Read};
use super::jobs::{self, Choices};
use super::json::Report;
use super::pins::PinArgs;
use super::player;
use super::text::Text;
use super::turn::Turn;
use super::{Done, Env, Run};

/// Sign requests without people: mode `unattended`
///
/// The same checks, plan, token, responses and record as in a ceremony; the transcript lists every confirmation that
/// nobody gave. Responses and record are written into the folder --out; runs that write into one folder wait for each
/// other.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The ceremony profile
    #[arg(long, value_name = "P.toml")]
    profile: PathBuf,
    /// The response before the request; once for each zone
    #[arg(long, value_name = "SKR", conflicts_with = "first")]
    previous: Vec<PathBuf>,
    /// There is no response before the requests
    #[arg(long)]
    first: bool,
    /// The record of the ceremony before, in the folder --out: it says which the previous responses are, and has them
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    #[command(flatten)]
    choices: Choices,
    /// Judge as of this time [default: the computer's clock]
    #[arg(long, value_name = "TIME")]
    now: Option<Time>,
    #[command(flatten)]
    pins: PinArgs,
    /// The folder for responses and record
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// A KSR, of any format; told apart by content
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// What to do where nothing that counts was written.
const AGAIN: &str =
    "make room there, or name another folder that can be written, and run it again: no response was written";

/// What was read before anything was begun.
struct Desk {
    documents: Vec<FileRead>,
    /// Indices of the requests, in order.
    requests: Vec<usize>,
    /// Indices of the previous responses, by zone.
    previous: Vec<(Name, usize)>,
}

impl Run for Args {
    fn run(&self, env: &Env, report: &mut Report) -> Result<Done, CliError> {
        self.expect_few()?;
        if let Some(now) = self.now {
            report.now = now;
        }
        let profile = input::profile(&self.profile, report)?;
        self.pins.fit(&profile)?;
        let desk = self.read(&profile, report)?;
        let given = Given { documents: desk.documents.clone(), shares: self.pins.look(&profile)? };
        let out = self.out()?;
        let writable = [profile.hsm.writable.as_slice(), slice::from_ref(&out)].concat();
        let mut setup = player::setup(Some(&writable), Mode::Unattended, env)?;
        setup.profiles.push(player::profile_file(&self.profile)?);
        setup.judged_at = self.now;
        setup.until = self.choices.until;
        setup.final_try = self.pins.final_try();
        setup.previous_given = !self.previous.is_empty();
        let _turn = Turn::take(&out, env.clock.as_ref()).map_err(|error| self.unusable(error))?;
        let record = self.record.as_deref().map(|record| record_in(&out, record)).transpose()?;
        self.expect_names(&desk, &out)?;
        let volumes = FolderVolumes::new(vec![out], None);
        let (sender, receiver) = mpsc::channel();
        let send = Arc::new(move |work| {
            let _ = sender.send(work); // a command that ended needs no news
        });
        let crew = player::crew(env, Box::new(volumes), None, send)?;
        let mut stage = Stage::begin(setup, crew, Arc::clone(&env.clock), Some(given));
        let mut script =
            Script { args: self, profile: &profile, desk: &desk, record, record_chosen: false, next: 0, error: None };
        let played = stage.play(&receiver, |view| script.answer(view), |_| {});
        if let Err(Stuck { refusal: Some(refusal), .. }) = &played {
            let error = script.refused(&stage.view().question, refusal);
            script.error.get_or_insert(error);
        }
        self.told(&stage, played.map_err(|stuck| stuck.why), script.error, report)
    }
}

impl Args {
    /// More than a record has room for is told before anything is read.
    fn expect_few(&self) -> Result<(), CliError> {
        if self.files.len() <= MAX_JOBS {
            return Ok(());
        }
        let error = CliError::usage(format!("a record has room for {MAX_JOBS} requests")).field("FILE");
        let error = error.expected(format!("at most {MAX_JOBS}")).found(self.files.len().to_string());
        Err(error.advice("sign them in several runs"))
    }

    fn read(&self, profile: &Profile, report: &mut Report) -> Result<Desk, CliError> {
        let mut desk = Desk { documents: Vec::new(), requests: Vec::new(), previous: Vec::new() };
        let mut requests: Vec<(String, Request)> = Vec::new();
        for path in &self.files {
            let read = read(path, profile, &mut desk)?;
            let Document::Request(request) = read.document else {
                let error = CliError::usage("this is nothing to sign").file(read.name);
                return Err(error.expected("a KSR").found("an SKR").advice("give the previous SKR with --previous"));
            };
            if profile.zone(&request.zone).is_none() {
                let zones: Vec<String> = profile.zones.keys().map(ToString::to_string).collect();
                let error = CliError::input("the profile does not have this zone").file(read.name).field("zone");
                return Err(error.expected(zones.join(", ")).found(request.zone.to_string()));
            }
            if self.files.len() == 1 {
                report.sha256 = Some(read.sha256);
                report.format = Some(request.format);
            }
            desk.requests.push(desk.documents.len() - 1);
            requests.push((read.name, request));
        }
        let requests: Vec<(&str, &Request)> = requests.iter().map(|(name, request)| (name.as_str(), request)).collect();
        let mut names = Vec::new();
        for path in &self.previous {
            let read = read(path, profile, &mut desk)?;
            let Document::Response(response) = read.document else {
                let error = CliError::usage("this is no previous response").file(read.name).field("--previous");
                return Err(error.expected("an SKR").found("a KSR").advice("give the SKR before the request"));
            };
            desk.previous.push((response.zone, desk.documents.len() - 1));
            names.push(read.name);
        }
        let before = names.iter().zip(&desk.previous).map(|(name, (zone, _))| (name.as_str(), zone));
        let before: Vec<(&str, &Name)> = before.collect();
        jobs::fit(&requests, &before)?;
        match jobs::without(&requests, &before) {
            // A record has the previous responses of its zones, where none is given.
            Some((file, zone)) if !self.first && (self.record.is_none() || !before.is_empty()) => {
                let ways = "--previous SKR for each zone, --first, or --record DIR";
                let error = jobs::unsaid(file, zone, ways, "nothing for this zone");
                return Err(error.advice(
                    "give the previous SKR, declare with --first that there is none, or name the record that has it",
                ));
            }
            _ => {}
        }
        self.choices.fit(profile, &requests)?;
        Ok(desk)
    }

    /// Nothing is overwritten: what could not be written in the end is told before anything is signed.
    fn expect_names(&self, desk: &Desk, out: &Path) -> Result<(), CliError> {
        let mut taken: Vec<String> = Vec::new();
        let mut seen: Vec<&[u8]> = Vec::new();
        for (index, path) in desk.requests.iter().zip(&self.files) {
            let Some(FileRead { name: request, octets }) = desk.documents.get(*index) else { continue };
            if seen.contains(&octets.as_slice()) {
                let error = CliError::usage("this request is given twice").file(input::whole(path));
                return Err(error.expected("another request").found("the octets of an earlier one"));
            }
            seen.push(octets);
            let response = names::response_file_name(request);
            if taken.iter().any(|name| name.eq_ignore_ascii_case(&response)) {
                let error = CliError::usage(format!("two requests would be answered by {response}"));
                let error = error.file(input::whole(path)).expected("a name of its own").found(escape(request, 100));
                return Err(error.advice("rename one of them"));
            }
            if out.join(&response).symlink_metadata().is_ok() {
                let error = CliError::media("the name of the response is taken, and nothing is overwritten");
                let error = error.file(input::whole(&self.out.join(&response))).field("--out");
                let error = error.expected("no such file").found("one");
                return Err(error.advice("move it away, or name another folder"));
            }
            taken.push(response);
        }
        Ok(())
    }

    /// The folder for everything, made if only it is missing.
    fn out(&self) -> Result<PathBuf, CliError> {
        for name in [names::SUMS, names::TRANSCRIPT] {
            if self.out.join(name).symlink_metadata().is_ok() {
                let error = CliError::media("this folder is a record, and what is added to it would ruin it");
                let error = error.file(input::whole(&self.out)).field("--out");
                let error = error.expected("a folder for records").found(format!("a folder with {name}"));
                return Err(error.advice("name the folder in which the record lies, or another one"));
            }
        }
        if !input::is_folder(&self.out) {
            std::fs::create_dir(&self.out).map_err(|error| self.unusable(error))?;
        }
        self.out.canonicalize().map_err(|error| self.unusable(error))
    }

    fn unusable(&self, error: std::io::Error) -> CliError {
        let made = CliError::media(format!("the folder cannot be used: {error}")).file(input::whole(&self.out));
        made.field("--out").advice("name a folder that can be written")
    }

    fn told(
        &self,
        stage: &Stage,
        played: Result<u8, String>,
        error: Option<CliError>,
        report: &mut Report,
    ) -> Result<Done, CliError> {
        let view = stage.view();
        for job in &view.jobs {
            report.findings.extend(job.findings.iter().cloned());
        }
        if let Some(plan) = &view.plan {
            report.findings.extend(plan.findings.iter().cloned());
            report.put("plan_sha256", plan.sha256.to_string());
        }
        for result in &view.results {
            report.findings.extend(result.findings.iter().cloned());
        }
        report.findings.extend(view.token.iter().filter_map(tries));
        // Whatever came of it has a record, where that could be written.
        if let Some(record) = self.record_of(view, &input::whole(&self.out)) {
            report.put("record", record);
        }
        if let Some(fingerprint) = view.fingerprint {
            report.put("fingerprint", fingerprint.to_string());
        }
        let responses: Vec<_> = view.results.iter().map(|result| self.told_of(view, result)).collect();
        if error.is_none() || !responses.is_empty() {
            report.put("responses", responses);
        }
        if let Some(error) = error {
            return Err(error);
        }
        // A script without an answer, or a crew that is gone, is no fault of a medium.
        let code = played.map_err(CliError::internal)?;
        match code {
            4 => Err(view.token_fault.clone().map_or_else(|| CliError::token(last_fault(view)), CliError::from)),
            5 => Err(self.unwritten(view)),
            _ => Ok(self.result(view, code == 0, report)),
        }
    }

    /// The path of the record that was written, in the folder for everything as it is to be told.
    fn record_of(&self, view: &View, out: &str) -> Option<String> {
        let record = view.written.first().filter(|written| written.is_written());
        record.map(|written| format!("{out}/{}", written.name))
    }

    /// A response as programs are told of it.
    fn told_of(&self, view: &View, result: &ResultView) -> Value {
        let file = format!("{}/{}", input::whole(&self.out), result.file);
        json!({"zone": result.zone, "file": file, "sha256": result.sha256, "written": is_written(view, result)})
    }

    /// That not all could be written, and what can be done with what was.
    fn unwritten(&self, view: &View) -> CliError {
        let error = CliError::media(last_fault(view)).file(input::whole(&self.out)).field("--out");
        let (all, written) =
            (view.results.len(), view.results.iter().filter(|result| is_written(view, result)).count());
        let has_record = self.record_of(view, "").is_some();
        if all == 0 || !has_record {
            return error.advice(AGAIN);
        }
        let error =
            error.expected(format!("a record and {all} responses")).found(format!("a record and {written} responses"));
        error.advice(if written == all {
            "only the log of the delivery is missing in the record: note it for the auditors, and do not sign again"
        } else {
            "make room, and copy the responses that are missing from the record (jobs/NN-zone/skr...): do not sign again"
        })
    }

    fn result(&self, view: &View, good: bool, report: &Report) -> Done {
        let mut text = Text::default();
        let out = input::shown(&self.out);
        text.fact("record", self.record_of(view, &out).unwrap_or_default());
        if let Some(fingerprint) = view.fingerprint {
            text.digest("transcript fingerprint", &fingerprint);
        }
        for result in &view.results {
            text.blank();
            text.fact("response", format!("{out}/{}", result.file));
            text.digest("SHA-256", &result.sha256);
            text.lines(&result.table);
        }
        let bad: Vec<_> = report.findings.iter().filter(|finding| finding.verdict != Verdict::Pass).cloned().collect();
        text.blank();
        text.findings(&bad);
        text.line(match (good, view.signatures.0) {
            (true, _) => "SIGNED, unattended: nobody has confirmed anything",
            (false, 0) => "REFUSED: nothing was signed",
            (false, _) => "REFUSED: what was signed is in no response",
        });
        Done { good, text: text.finish() }
    }
}

/// The name of a record's folder, which must lie in the folder for everything.
fn record_in(out: &Path, record: &Path) -> Result<String, CliError> {
    let error = |found: String| {
        let error = CliError::usage("this is no record beside which the new one is written").file(input::whole(record));
        let error = error.field("--record").expected(format!("a folder in {}", input::shown(out))).found(found);
        error.advice("keep the records of a zone in one folder, and name it with --out")
    };
    let path = record.canonicalize().map_err(|fault| error(fault.to_string()))?;
    match (path.parent(), path.file_name().and_then(|name| name.to_str())) {
        (Some(parent), Some(name)) if parent == out => Ok(name.to_owned()),
        _ => Err(error(input::shown(&path))),
    }
}

fn read(path: &Path, profile: &Profile, desk: &mut Desk) -> Result<Read, CliError> {
    let octets = input::file(path, profile.document_bytes)?;
    let name = input::whole(path);
    let limits = crate::exchange::Limits { document_bytes: profile.document_bytes };
    let document = crate::exchange::read(&octets, &limits).map_err(|error| CliError::document(&name, error))?;
    let sha256 = sha256(&octets);
    let file = path.file_name().map(crate::media::kept).unwrap_or_default();
    desk.documents.push(FileRead { name: file, octets });
    Ok(Read { name, sha256, document })
}

/// A warning where the token has counted wrong PINs: whoever reads of a run that nobody saw should know.
fn tries(token: &TokenFacts) -> Option<Finding> {
    let flag = match (token.pin_final_try, token.pin_count_low) {
        (true, _) => "FINAL TRY: one more wrong PIN locks it",
        (false, true) => "that a wrong PIN was entered since the last right one",
        (false, false) => return None,
    };
    Some(Finding::new("TOKEN-PIN-TRIES", Verdict::Warn, format!("token {} says {flag}", token.serial)))
}

/// Whether a response was written and read back.
fn is_written(view: &View, result: &ResultView) -> bool {
    view.written.iter().any(|written| written.name == result.file && written.is_written())
}

/// What went wrong last.
fn last_fault(view: &View) -> String {
    view.faults.last().cloned().unwrap_or_default()
}

/// Answers every question from the arguments.
struct Script<'a> {
    args: &'a Args,
    profile: &'a Profile,
    desk: &'a Desk,
    /// The folder of the previous record.
    record: Option<String>,
    record_chosen: bool,
    next: usize,
    error: Option<CliError>,
}

impl Script<'_> {
    fn answer(&mut self, view: &View) -> Option<Input> {
        let over = matches!(view.question, Question::Finished { .. } | Question::Close);
        if !over && let Some(refusal) = &view.refusal {
            let error = self.meant(&view.question, refusal);
            self.error.get_or_insert(error);
            return None;
        }
        self.chosen(view).map(Input::Answer)
    }

    /// What a refusal says of the arguments; an answer that does not belong to the question is a fault of this program.
    fn refused(&self, question: &Question, refusal: &Refusal) -> CliError {
        match refusal {
            Refusal::NotAsked | Refusal::NoSuchChoice(_) | Refusal::Internal(_) => {
                CliError::internal(refusal.to_string())
            }
            Refusal::TooManyJobs(_) | Refusal::RecordTooLarge { .. } => {
                let error = CliError::usage(refusal.to_string()).field("FILE");
                error.advice("sign them in several runs")
            }
            Refusal::Token(_) | Refusal::Share(_) | Refusal::PinEmpty | Refusal::PinTooLong => {
                CliError::token(refusal.to_string())
            }
            _ => self.meant(question, &refusal.to_string()),
        }
    }

    /// What is at fault where this question is not left.
    fn meant(&self, question: &Question, refusal: &str) -> CliError {
        match question {
            // Where everything is good, there is too much of it for one record.
            Question::Judged { .. } | Question::MoreJobs => CliError::usage(refusal).field("FILE"),
            // Before a record was chosen only the folder can be at fault.
            Question::PreviousRecord(_) if self.record_chosen => CliError::input(refusal),
            _ => CliError::media(refusal).file(input::whole(&self.args.out)).field("--out").advice(AGAIN),
        }
    }

    fn chosen(&mut self, view: &View) -> Option<Answer> {
        Some(match &view.question {
            Question::Profile(_) | Question::Token(_) => Answer::Choose(0),
            Question::ConfirmProfile(_) => Answer::Yes,
            Question::RecordVolumes { .. } if view.record_volumes.is_empty() => {
                Answer::Volume(view.volumes.first()?.id)
            }
            Question::RequestVolume | Question::ShareVolume { .. } => Answer::Volume(view.volumes.first()?.id),
            Question::RecordVolumes { .. } | Question::Close | Question::Finished { .. } => Answer::Done,
            Question::PreviousRecord(records) => match &self.record {
                Some(name) => match records.iter().position(|record| record.folder == *name) {
                    Some(index) => {
                        self.record_chosen = true;
                        Answer::Choose(index)
                    }
                    None => {
                        let error = CliError::input("this folder is not named as a record is").field("--record");
                        self.error = Some(error.expected("YYYYMMDDTHHMMSSZ-NAME").found(name));
                        return None;
                    }
                },
                None => Answer::No,
            },
            Question::Document(asked) if asked.purpose == Purpose::Request => {
                let index = self.desk.requests.get(self.next).copied()?;
                self.next += 1;
                Answer::Choose(index)
            }
            Question::Document(_) => {
                let zone = &view.jobs.last()?.zone;
                match self.desk.previous.iter().find(|(of, _)| of == zone) {
                    Some((_, index)) => Answer::Choose(*index),
                    None if self.args.first => Answer::No,
                    None => {
                        let error = CliError::usage(format!("there is no previous response for {zone}"));
                        self.error = Some(error.field("--previous").advice("give one for each zone, or --first"));
                        return None;
                    }
                }
            }
            Question::Schema { choices, .. } => {
                let wanted = self.args.choices.schema.as_deref().unwrap_or(USUAL_SCHEMA);
                let Some(index) = choices.iter().position(|choice| choice == wanted) else {
                    let error = CliError::usage("the policy does not have this schema").field("--schema");
                    self.error = Some(error.expected(choices.join(", ")).found(wanted));
                    return None;
                };
                Answer::Choose(index)
            }
            Question::Judged { failed, .. } | Question::Review { failed } => {
                if *failed {
                    Answer::No
                } else {
                    Answer::Yes
                }
            }
            Question::MoreJobs if self.next < self.desk.requests.len() => Answer::Yes,
            Question::MoreJobs => Answer::No,
            Question::Officer { choices, .. } => {
                let has = |role: &Role| self.args.pins.has(role);
                let index = choices.iter().position(has)?;
                // The ceremony refuses it as well, and ends with a record.
                let serial = view.token.as_ref().map(|token| token.serial.as_str()).unwrap_or_default();
                if let Err(error) = self.args.pins.expect_token(self.profile, choices.get(index)?, serial) {
                    self.error.get_or_insert(error);
                }
                Answer::Choose(index)
            }
            Question::Pin(asked) => match self.args.pins.pin_of(asked.officer.as_ref()) {
                Ok(pin) => Answer::Pin(pin),
                Err(error) => {
                    self.error = Some(error);
                    return None;
                }
            },
            _ => return None,
        })
    }
}
