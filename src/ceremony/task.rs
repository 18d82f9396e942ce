//! Computations that take a while, so that the screen does not wait for them; pure, and run by a worker.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::dns::{DigestType, Sha256Digest, Time, sha256};
use crate::exchange::{self, Document, Limits};
use crate::plan::{self, JobInput, Plan};
use crate::policy::{self, Admitted, Finding};
use crate::quorum::{Share, ShareFile};
use crate::render::escape;
use crate::steps::Pin;
use crate::transcript::{self, Audit};

use super::{Code, Judging, PlanView, PlannedKeyView, PlannedView, Purpose, room};

/// Something to compute.
#[derive(Debug)]
pub enum Task {
    /// Audit a record.
    Audit(BTreeMap<String, Vec<u8>>),
    /// Read a document.
    Read {
        /// What it must be.
        purpose: Purpose,
        /// The file's name.
        name: String,
        /// Its octets.
        octets: Vec<u8>,
        /// Octets that it may have.
        limit: usize,
    },
    /// Judge one job.
    Judge(Judging),
    /// Make and judge the plan of all jobs.
    Plan {
        /// The jobs.
        judging: Judging,
        /// What the checks have said of each of them.
        findings: Vec<Finding>,
    },
    /// Open an officer's share.
    OpenShare {
        /// The file.
        file: Box<ShareFile>,
        /// The officer's PIN.
        pin: Pin,
    },
    /// Make and judge the responses.
    Finish {
        /// The jobs.
        judging: Judging,
        /// The plan.
        plan: Arc<Admitted>,
        /// All signatures, in the plan's order.
        signatures: Vec<Vec<u8>>,
    },
}

/// What was computed.
#[derive(Debug)]
pub enum Outcome {
    /// The audit of a record, and its files.
    Audited(Box<Audit>, BTreeMap<String, Vec<u8>>),
    /// A document, or why it cannot be read.
    Read(Result<DocumentMade, String>),
    /// What the checks say of a request, and of a plan for it alone.
    Judged {
        /// Of the request.
        request: Vec<Finding>,
        /// Of a plan with this one job.
        preview: Vec<Finding>,
        /// Octets that the record needs for what comes of it.
        room: u64,
    },
    /// The plan, or why there is none.
    Planned(Result<Box<PlanMade>, String>),
    /// An officer's share, or why it does not open.
    Share(Result<Share, String>),
    /// The responses, or why there are none.
    Finished(Result<Vec<ResponseMade>, String>),
}

/// A document that was read.
#[derive(Debug)]
pub struct DocumentMade {
    /// The file's name.
    pub name: String,
    /// Its octets.
    pub octets: Vec<u8>,
    /// Their SHA-256.
    pub sha256: Sha256Digest,
    /// What stands in it.
    pub document: Document,
}

/// A plan that was made.
#[derive(Debug)]
pub struct PlanMade {
    /// `plan.json`.
    pub json: Vec<u8>,
    /// The admitted plan, or why it is not.
    pub admitted: Result<Admitted, String>,
    /// What the checks say of the plan as a whole.
    pub findings: Vec<Finding>,
    /// For the screen.
    pub view: PlanView,
}

/// A response that was made.
#[derive(Debug)]
pub struct ResponseMade {
    /// The file.
    pub octets: Vec<u8>,
    /// Their SHA-256.
    pub sha256: Sha256Digest,
    /// Its RRsets in presentation format.
    pub dnskey_text: String,
    /// The last covered moment.
    pub covered_until: Time,
    /// What the checks say.
    pub findings: Vec<Finding>,
    /// The table of bundles, ready to show.
    pub table: Vec<String>,
    /// DS records of its signing keys.
    pub codes: Vec<Code>,
}

impl Task {
    /// Computes it, with up to `threads` threads of its own.
    #[must_use]
    pub fn run(self, program: &str, threads: usize) -> Outcome {
        match self {
            Self::Audit(files) => {
                Outcome::Audited(Box::new(transcript::audit(&files, None, threads, crate::paper::report)), files)
            }
            Self::Read { purpose, name, octets, limit } => Outcome::Read(read(purpose, name, octets, limit)),
            Self::Judge(judging) => judge(&judging, program, threads),
            Self::Plan { judging, findings } => Outcome::Planned(make_plan(&judging, findings, program).map(Box::new)),
            Self::OpenShare { file, pin } => Outcome::Share(file.open(&pin).map_err(|error| error.to_string())),
            Self::Finish { judging, plan, signatures } => {
                Outcome::Finished(finish(&judging, &plan, signatures, threads))
            }
        }
    }
}

fn read(purpose: Purpose, name: String, octets: Vec<u8>, limit: usize) -> Result<DocumentMade, String> {
    let limits = Limits { document_bytes: limit };
    let document = match purpose {
        Purpose::Request => exchange::read_request(&octets, &limits).map(Document::Request),
        Purpose::Previous => exchange::read_response(&octets, &limits).map(Document::Response),
    };
    let document = document.map_err(|error| format!("{}: {error}", escape(&name, 100)))?;
    Ok(DocumentMade { name, sha256: sha256(&octets), octets, document })
}

/// Everything that can be said of one job before the HSM: its request's checks, and those of a plan for it alone.
fn judge(judging: &Judging, program: &str, threads: usize) -> Outcome {
    let profile = judging.profile.as_ref();
    let inputs: Vec<JobInput> = judging.inputs.iter().map(|input| input.as_ref().clone()).collect();
    let request = inputs.iter().flat_map(|input| policy::check_request(profile, input, judging.judged_at, threads));
    let request: Vec<Finding> = request.collect();
    let (preview, room) = match plan::build(profile, &inputs, judging.judged_at, program) {
        Ok(plan) => {
            let preview = policy::check_plan(profile, &inputs, &plan, judging.judged_at);
            let room = room::of_plan(&plan, request.iter().chain(&preview));
            (preview, room)
        }
        Err(error) => (vec![Finding::unplanned(&error)], 0), // it is no job of any record
    };
    Outcome::Judged { request, preview, room }
}

fn make_plan(judging: &Judging, of_jobs: Vec<Finding>, program: &str) -> Result<PlanMade, String> {
    let profile = judging.profile.as_ref();
    let inputs: Vec<JobInput> = judging.inputs.iter().map(|input| input.as_ref().clone()).collect();
    let plan = plan::build(profile, &inputs, judging.judged_at, program).map_err(|error| error.to_string())?;
    let findings = policy::check_plan(profile, &inputs, &plan, judging.judged_at);
    let json = plan.to_json();
    let view = plan_view(&plan, sha256(&json), &inputs, findings.clone());
    let all: Vec<Finding> = of_jobs.into_iter().chain(findings.clone()).collect();
    Ok(PlanMade { json, admitted: policy::admit(plan, &all).map_err(|refused| refused.to_string()), findings, view })
}

fn plan_view(plan: &Plan, sha256: Sha256Digest, inputs: &[JobInput], findings: Vec<Finding>) -> PlanView {
    let jobs = plan.jobs.iter().zip(inputs).enumerate().map(|(index, (job, input))| PlannedView {
        number: index + 1,
        zone: job.zone.clone(),
        schema: job.schema.clone(),
        keys: job
            .keys
            .iter()
            .map(|key| PlannedKeyView {
                name: key.name.clone(),
                label: key.label.clone(),
                fingerprint: key.dnskey.fingerprint(&job.zone),
                dnskey: key.dnskey.clone(),
                signs: key.signs,
            })
            .collect(),
        table: job.table(),
        difference: plan::changes(input, job),
        covered_until: job.covered_until(),
    });
    PlanView { sha256, signatures: plan.count(), jobs: jobs.collect(), findings }
}

fn finish(
    judging: &Judging,
    plan: &Admitted,
    signatures: Vec<Vec<u8>>,
    threads: usize,
) -> Result<Vec<ResponseMade>, String> {
    let mut signatures = signatures.into_iter();
    let mut made = Vec::new();
    for job in &plan.plan().jobs {
        let own: Vec<Vec<u8>> = signatures.by_ref().take(job.signatures.len()).collect();
        let response = job.completed(own);
        let octets = exchange::write_response(&response).map_err(|error| error.to_string())?;
        // The file itself is judged, not the values that it was written from.
        let limits = Limits { document_bytes: octets.len() };
        let read = exchange::read_response(&octets, &limits).map_err(|error| error.to_string())?;
        let sha256 = sha256(&octets);
        let findings = policy::check_response(&judging.profile, job, &read, judging.judged_at, threads);
        let codes = job.keys.iter().filter(|key| key.signs).map(|key| {
            let ds = key.dnskey.ds(&job.zone, DigestType::Sha256);
            Code {
                title: format!("DS of {} {}", job.zone, key.name),
                payload: format!("{} IN DS {ds}", job.zone),
                sha256: Some(key.dnskey.fingerprint(&job.zone)),
            }
        });
        made.push(ResponseMade {
            dnskey_text: transcript::rrsets(&read, &sha256),
            covered_until: job.covered_until(),
            sha256,
            table: job.table(),
            codes: codes.collect(),
            octets,
            findings,
        });
    }
    Ok(made)
}
