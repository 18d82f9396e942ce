//! `request`: documents are chosen, compared with paper and judged, one job after another.

use std::sync::Arc;

use crate::dns::{Sha256Digest, Time};
use crate::exchange::{Document, Format, Request};
use crate::plan::{JobInput, Previous};
use crate::policy::Finding;
use crate::profile::Signing;
use crate::render::escape;
use crate::steps::{Actor, Verdict};
use crate::transcript::names::JobPaths;
use crate::transcript::{self, Body, DocumentRead, Findings, JobDecision};

use super::machine::{Ceremony, Draft, Job, Matter, SourceFile, Waiting};
use super::task::DocumentMade;
use super::{
    Answer, BundleView, DocumentAsked, DocumentView, Effect, FileChoice, FileRead, JobState, JobView, Judging, Purpose,
    Question, Refusal, Task,
};

impl Ceremony {
    pub(super) fn begin_job(&mut self) -> Result<(), Refusal> {
        self.draft = None;
        self.reason.clear();
        self.list_files(Purpose::Request)
    }

    pub(super) fn list_files(&mut self, purpose: Purpose) -> Result<(), Refusal> {
        let volume = self.view.request_volume.as_ref().ok_or(Refusal::VolumeGone)?.id;
        self.wait(Waiting::Files(purpose), "looking for files", Effect::ListFiles(volume));
        Ok(())
    }

    pub(super) fn files_listed(
        &mut self,
        purpose: Purpose,
        files: Result<Vec<FileChoice>, String>,
    ) -> Result<(), Refusal> {
        let (files, fault) = files.map_or_else(|fault| (Vec::new(), Some(fault)), |files| (files, None));
        self.ask(Question::Document(DocumentAsked { job: self.number(), purpose, files }));
        fault.map_or(Ok(()), |fault| Err(Refusal::Document(fault)))
    }

    /// The number of the job that is being prepared.
    fn number(&self) -> usize {
        self.draft.as_ref().map_or(self.view.jobs.len() + 1, |draft| draft.number)
    }

    pub(super) fn answer_request(&mut self, question: Question, answer: Answer) -> Result<(), Refusal> {
        match (question, answer) {
            (Question::Document(asked), Answer::Choose(index)) => {
                if index >= asked.files.len() {
                    return Err(Refusal::NoSuchChoice(index + 1));
                }
                let limit = self.profile()?.document_bytes;
                let volume = self.view.request_volume.as_ref().ok_or(Refusal::VolumeGone)?.id;
                let effect = Effect::ReadFile { volume, index, limit };
                self.wait(Waiting::File(asked.purpose), "reading the file", effect);
                Ok(())
            }
            (Question::Document(asked), Answer::Done) => self.list_files(asked.purpose), // look again
            (Question::Document(asked), Answer::No) => match asked.purpose {
                Purpose::Request if self.jobs.is_empty() => {
                    self.ask(Question::RequestVolume);
                    Ok(())
                }
                Purpose::Request => {
                    self.ask(Question::MoreJobs);
                    Ok(())
                }
                Purpose::Previous => self.no_previous(),
            },
            (Question::Schema { choices, .. }, Answer::Choose(index)) => {
                let name = choices.get(index).ok_or(Refusal::NoSuchChoice(index + 1))?.clone();
                self.schema_chosen(Some(name))
            }
            (Question::Judged { failed, .. }, Answer::Yes) => {
                if failed {
                    return Err(Refusal::Failed);
                }
                self.take_job()
            }
            (Question::Judged { .. }, Answer::No) => self.drop_job(),
            (Question::MoreJobs, Answer::Yes) => {
                self.expect_place()?;
                self.begin_job()
            }
            (Question::MoreJobs, Answer::No) if self.jobs.is_empty() => Err(Refusal::NoJob),
            (Question::MoreJobs, Answer::No) => {
                self.expect_room()?;
                self.begin_plan()
            }
            (Question::MoreJobs, Answer::Remove(index)) => {
                self.remove_job(Actor::Operator, index)?;
                self.ask_jobs()
            }
            _ => Err(Refusal::NotAsked),
        }
    }

    pub(super) fn file_read(&mut self, purpose: Purpose, file: Result<FileRead, String>) -> Result<(), Refusal> {
        match file {
            Ok(file) => self.read(purpose, file.name, file.octets),
            Err(message) => {
                self.list_files(purpose)?;
                Err(Refusal::Document(message))
            }
        }
    }

    fn read(&mut self, purpose: Purpose, name: String, octets: Vec<u8>) -> Result<(), Refusal> {
        let limit = self.profile()?.document_bytes;
        let task = Task::Read { purpose, name, octets, limit };
        self.wait(Waiting::Read, "reading the document", Effect::Compute(Box::new(task)));
        Ok(())
    }

    pub(super) fn document_read(&mut self, document: Result<DocumentMade, String>) -> Result<(), Refusal> {
        let made = match document {
            Ok(made) => made,
            Err(message) => {
                self.list_files(if self.draft.is_some() { Purpose::Previous } else { Purpose::Request })?;
                return Err(Refusal::Document(message));
            }
        };
        let source = SourceFile { name: made.name, octets: made.octets, sha256: made.sha256 };
        match made.document {
            Document::Request(request) => self.request_read(source, request),
            Document::Response(response) => {
                let number = self.number();
                let entry = DocumentRead {
                    job: number,
                    purpose: Purpose::Previous.name().to_owned(),
                    file: transcript::clean_text(&source.name),
                    path: self.previous_path(&source.name),
                    sha256: source.sha256,
                    octets: source.octets.len() as u64,
                    format: response.format,
                    zone: response.zone.clone(),
                    bundles: response.bundles.len(),
                };
                self.record(Actor::Program, Body::Document(entry))?;
                let previous = Previous::Response { sha256: source.sha256, response };
                let view = DocumentView {
                    file: source.name.clone(),
                    sha256: source.sha256,
                    octets: source.octets.len() as u64,
                };
                if let Some(draft) = &mut self.draft {
                    draft.previous = Some((Some(source), previous));
                }
                if let Some(job) = self.view.jobs.last_mut() {
                    job.previous = Some(view);
                }
                self.ask_schema()
            }
        }
    }

    /// Where the previous response lies in the record, now that its file is known.
    fn previous_path(&mut self, file: &str) -> String {
        let Some(draft) = &mut self.draft else { return String::new() };
        draft.paths = JobPaths::new(draft.number, &draft.document.zone, &draft.request.name, file);
        draft.paths.previous.clone()
    }

    fn request_read(&mut self, source: SourceFile, request: Request) -> Result<(), Refusal> {
        let profile = self.profile()?;
        if !profile.zones.contains_key(&request.zone) {
            self.list_files(Purpose::Request)?;
            let zones: Vec<String> = profile.zones.keys().map(ToString::to_string).collect();
            let message = format!(
                "{}: expected a request for a zone of the profile ({}); found one for {}",
                escape(&source.name, 100),
                zones.join(", "),
                request.zone
            );
            return Err(Refusal::Document(message));
        }
        let number = self.number();
        let paths = JobPaths::new(number, &request.zone, &source.name, "");
        if let Err(refusal) = self.expect_another(&source, &paths) {
            self.list_files(Purpose::Request)?;
            return Err(refusal);
        }
        self.judgement_time()?;
        let entry = DocumentRead {
            job: number,
            purpose: Purpose::Request.name().to_owned(),
            file: transcript::clean_text(&source.name),
            path: paths.request.clone(),
            sha256: source.sha256,
            octets: source.octets.len() as u64,
            format: request.format,
            zone: request.zone.clone(),
            bundles: request.bundles.len(),
        };
        self.record(Actor::Program, Body::Document(entry))?;
        self.view.jobs.push(job_view(number, &source, &request));
        let sha256 = source.sha256;
        self.draft = Some(Draft {
            number,
            paths,
            request: source,
            document: request,
            previous: None,
            head: None,
            schema: None,
            findings: Arc::default(),
            room: 0,
        });
        self.matter = Some(Matter::Request);
        let subject = self.subject();
        self.ask_read_back(&subject, sha256)
    }

    /// A request is answered once, and each response has a name of its own, also on FAT, which does not tell `a` from `A`.
    fn expect_another(&self, source: &SourceFile, paths: &JobPaths) -> Result<(), Refusal> {
        let file = escape(&source.name, 100);
        if let Some(job) = self.jobs.iter().find(|job| job.request.sha256 == source.sha256) {
            return Err(Refusal::SameRequest { file, job: job.number });
        }
        let response = &paths.response_file;
        if let Some(job) = self.jobs.iter().find(|job| job.paths.response_file.eq_ignore_ascii_case(response)) {
            return Err(Refusal::ResponseTaken { file, response: response.clone(), job: job.number });
        }
        Ok(())
    }

    /// The previous response comes from the previous record, or from the medium, or there is none.
    pub(super) fn find_previous(&mut self) -> Result<(), Refusal> {
        let Some(draft) = &mut self.draft else { return Err(Refusal::NotAsked) };
        let zone = draft.document.zone.to_string();
        let head = self.previous.as_ref().and_then(|previous| Some(previous.state.zones.get(&zone)?.sha256));
        draft.head = head;
        let kept = head.filter(|_| !self.setup.previous_given).and_then(|head| {
            let files = &self.previous.as_ref()?.files;
            files.iter().find(|(path, octets)| path.starts_with("jobs/") && is_file(octets, head))
        });
        if let Some((path, octets)) = kept {
            let name = path.rsplit('/').next().unwrap_or(path).to_owned();
            let octets = octets.clone();
            return self.read(Purpose::Previous, name, octets);
        }
        self.ask_previous()
    }

    pub(super) fn ask_previous(&mut self) -> Result<(), Refusal> {
        self.list_files(Purpose::Previous)
    }

    fn no_previous(&mut self) -> Result<(), Refusal> {
        self.matter = Some(Matter::FirstResponse);
        if self.unattended() {
            "unattended".clone_into(&mut self.reason);
            let subject = self.subject();
            self.unconfirmed(&subject)?;
            return self.confirmed();
        }
        let subject = format!("response of job {}", self.number());
        self.ask_reason(subject);
        Ok(())
    }

    pub(super) fn first_response_confirmed(&mut self) -> Result<(), Refusal> {
        let subject = format!("response of job {}", self.number());
        self.first_confirmed(&subject)?;
        if let Some(draft) = &mut self.draft {
            draft.previous = Some((None, Previous::First));
        }
        self.ask_schema()
    }

    fn ask_schema(&mut self) -> Result<(), Refusal> {
        let profile = self.profile()?;
        let draft = self.draft.as_ref().ok_or(Refusal::NotAsked)?;
        let zone = profile.zones.get(&draft.document.zone).ok_or(Refusal::NotAsked)?;
        let job = draft.number;
        match &zone.policy.signing {
            Signing::Schedule(_) => self.schema_chosen(None),
            Signing::Schemas { schemas, .. } => {
                let choices: Vec<String> = schemas.keys().cloned().collect();
                if let [only] = choices.as_slice() {
                    let only = only.clone();
                    return self.schema_chosen(Some(only));
                }
                self.ask(Question::Schema { job, choices });
                Ok(())
            }
        }
    }

    fn schema_chosen(&mut self, schema: Option<String>) -> Result<(), Refusal> {
        if let Some(draft) = &mut self.draft {
            draft.schema.clone_from(&schema);
        }
        if let Some(job) = self.view.jobs.last_mut() {
            job.schema = schema;
        }
        let judging = Judging {
            profile: self.profile()?,
            inputs: vec![Arc::new(self.draft_input()?)],
            judged_at: self.judgement_time()?,
        };
        let task = Task::Judge(judging);
        self.wait(Waiting::Judgement, "checking the request", Effect::Compute(Box::new(task)));
        Ok(())
    }

    fn draft_input(&self) -> Result<JobInput, Refusal> {
        let draft = self.draft.as_ref().ok_or(Refusal::NotAsked)?;
        let previous = draft.previous.as_ref().map(|(_, previous)| previous.clone());
        Ok(JobInput {
            request: draft.document.clone(),
            request_sha256: draft.request.sha256,
            previous: previous.ok_or(Refusal::NotAsked)?,
            head: draft.head,
            schema: draft.schema.clone(),
            until: self.until(&draft.document),
        })
    }

    /// The end of coverage that was chosen, for a request that does not bring its own times.
    fn until(&self, request: &Request) -> Option<Time> {
        self.setup.until.filter(|_| request.format != Format::RootXml)
    }

    /// All that the checks say is shown at once; what a plan would fail for is said here already.
    pub(super) fn judged(&mut self, request: Vec<Finding>, preview: Vec<Finding>, room: u64) -> Result<(), Refusal> {
        let job = self.number();
        let body = |stage: &str, findings: &[Finding]| {
            Body::Findings(Findings { job, stage: stage.to_owned(), findings: findings.to_vec() })
        };
        self.record(Actor::Program, body("request", &request))?;
        let fails = |finding: &Finding| finding.verdict == Verdict::Fail;
        if preview.iter().any(fails) {
            let failed: Vec<Finding> = preview.iter().filter(|finding| fails(finding)).cloned().collect();
            self.record(Actor::Program, body("preview", &failed))?;
        }
        let mut all: Vec<Finding> = request.iter().chain(&preview).cloned().collect();
        all.sort_by_key(|finding| std::cmp::Reverse(finding.verdict));
        let failed = all.iter().any(fails);
        if let Some(draft) = &mut self.draft {
            (draft.findings, draft.room) = (Arc::new(request), room);
        }
        if let Some(view) = self.view.jobs.last_mut() {
            view.findings = Arc::new(all);
        }
        self.ask(Question::Judged { job, failed });
        Ok(())
    }

    fn take_job(&mut self) -> Result<(), Refusal> {
        self.expect_place()?;
        self.expect_room()?;
        let input = Arc::new(self.draft_input()?);
        let draft = self.decided(true)?;
        self.jobs.push(Job {
            number: draft.number,
            paths: draft.paths,
            request: draft.request,
            previous: draft.previous.and_then(|(source, _)| source),
            input,
            findings: draft.findings,
            room: draft.room,
        });
        self.ask(Question::MoreJobs);
        Ok(())
    }

    /// What is being prepared does not become part of the ceremony; its files can be chosen again.
    pub(super) fn drop_job(&mut self) -> Result<(), Refusal> {
        self.decided(false)?;
        if self.unattended() {
            return self.stop("a check failed");
        }
        self.ask_jobs()
    }

    /// Whether there is another job; where there is none at all, which one.
    fn ask_jobs(&mut self) -> Result<(), Refusal> {
        if self.jobs.is_empty() {
            return self.begin_job();
        }
        self.ask(Question::MoreJobs);
        Ok(())
    }

    /// A job that was taken is no part of the ceremony any more.
    pub(super) fn remove_job(&mut self, actor: Actor, index: usize) -> Result<(), Refusal> {
        let job = self.jobs.get(index).ok_or(Refusal::NoSuchChoice(index + 1))?;
        let number = job.number;
        let body = JobDecision {
            job: number,
            zone: job.input.request.zone.clone(),
            accepted: false,
            schema: job.input.schema.clone(),
            until: job.input.until,
        };
        self.record(actor, Body::Job(body))?;
        self.jobs.remove(index);
        for view in self.view.jobs.iter_mut().filter(|view| view.number == number) {
            view.state = JobState::Dropped;
        }
        Ok(())
    }

    /// Records what becomes of the job that was being prepared, and hands it over.
    fn decided(&mut self, accepted: bool) -> Result<Draft, Refusal> {
        let draft = self.draft.take().ok_or(Refusal::NotAsked)?;
        let body = JobDecision {
            job: draft.number,
            zone: draft.document.zone.clone(),
            accepted,
            schema: draft.schema.clone(),
            until: self.until(&draft.document),
        };
        self.record(Actor::Operator, Body::Job(body))?;
        if let Some(view) = self.view.jobs.last_mut() {
            view.state = if accepted { JobState::Taken } else { JobState::Dropped };
        }
        Ok(draft)
    }
}

fn is_file(octets: &[u8], sha256: Sha256Digest) -> bool {
    crate::dns::sha256(octets) == sha256
}

fn job_view(number: usize, source: &SourceFile, request: &Request) -> JobView {
    let bundles = request.bundles.iter().enumerate().map(|(index, bundle)| BundleView {
        number: index + 1,
        id: bundle.id.clone(),
        inception: bundle.inception,
        expiration: bundle.expiration,
        keys: bundle
            .keys
            .iter()
            .map(|key| (key.key.dnskey.clone(), key.key.dnskey.fingerprint(&request.zone)))
            .collect(),
    });
    JobView {
        number,
        zone: request.zone.clone(),
        format: request.format,
        request: DocumentView { file: source.name.clone(), sha256: source.sha256, octets: source.octets.len() as u64 },
        previous: None,
        bundles: Arc::new(bundles.collect()),
        findings: Arc::new(Vec::new()),
        schema: None,
        state: JobState::Open,
    }
}
