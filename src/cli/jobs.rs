//! Requests with all that they are judged by, as `check` and `script` are given them.

use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use crate::dns::{Name, Sha256Digest, Time};
use crate::exchange::{Document, Format, Request, Response};
use crate::plan::{self, JobInput, Plan, PlanError, Previous};
use crate::policy::{self, Finding};
use crate::profile::Profile;

use super::Env;
use super::error::CliError;
use super::input::{self, Read};
use super::json::Report;

/// What is judged, and by what.
#[derive(Debug, clap::Args)]
pub(super) struct JobArgs {
    /// The ceremony profile
    #[arg(long, value_name = "P.toml")]
    profile: PathBuf,
    /// The response before the request; once for each zone
    #[arg(long, value_name = "SKR", conflicts_with = "first")]
    previous: Vec<PathBuf>,
    /// There is no response before the requests
    #[arg(long)]
    first: bool,
    /// The schema, for a zone whose policy has schemas [default: the only one, or `normal`]
    #[arg(long, value_name = "NAME")]
    schema: Option<String>,
    /// The end of coverage, for a zone whose policy has a schedule, as 2027-01-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    until: Option<Time>,
    /// Judge as of this time [default: the computer's clock]
    #[arg(long, value_name = "TIME")]
    now: Option<Time>,
}

/// The previous response of a zone.
struct Before {
    name: String,
    sha256: Sha256Digest,
    response: Response,
}

/// All that one call judges by.
pub(super) struct Bench<'a> {
    args: &'a JobArgs,
    before: Vec<Before>,
    /// Whether a choice may be meant for others.
    several: bool,
    /// The profile.
    pub(super) profile: Profile,
    /// The time of judgement.
    pub(super) now: Time,
    /// Threads for signatures.
    pub(super) threads: usize,
    /// The program with its version, as a plan has it.
    pub(super) program: String,
}

impl JobArgs {
    /// Reads profile, documents and previous responses, which must fit together.
    pub(super) fn read<'a>(
        &'a self,
        files: &[PathBuf],
        env: &Env,
        report: &mut Report,
    ) -> Result<(Bench<'a>, Vec<Read>), CliError> {
        let now = self.now.unwrap_or_else(|| env.clock.now());
        report.now = now;
        let profile = input::profile(&self.profile, report)?;
        let read = |path: &PathBuf| input::document(path, profile.document_bytes);
        let files = files.iter().map(read).collect::<Result<Vec<Read>, _>>()?;
        if let [file] = files.as_slice() {
            report.sha256 = Some(file.sha256);
            report.format = Some(match &file.document {
                Document::Request(request) => request.format,
                Document::Response(response) => response.format,
            });
        }
        let before = self.previous.iter().map(|path| previous(path, profile.document_bytes));
        let before = before.collect::<Result<Vec<Before>, _>>()?;
        self.fit(&files, &before)?;
        let program = format!("claviger {}", env!("CARGO_PKG_VERSION"));
        let threads = available_parallelism().map_or(1, usize::from);
        Ok((Bench { args: self, before, several: files.len() > 1, profile, now, threads, program }, files))
    }

    /// Refuses previous responses that are missing, doubled, or for no request.
    fn fit(&self, files: &[Read], before: &[Before]) -> Result<(), CliError> {
        let zones: Vec<(&str, &Name)> =
            files.iter().filter_map(|file| Some((file.name.as_str(), zone_asked(file)?))).collect();
        for (index, other) in before.iter().enumerate() {
            let zone = &other.response.zone;
            let error = || {
                CliError::usage("this previous response belongs to no request").file(&other.name).field("--previous")
            };
            let advice = "give each zone's own previous SKR, once";
            if !zones.iter().any(|(_, asked)| *asked == zone) {
                let known = zones.iter().map(|(_, zone)| zone.to_string()).collect::<Vec<_>>().join(", ");
                let known = if known.is_empty() {
                    "no previous SKR without a KSR".to_owned()
                } else {
                    format!("one for {known}")
                };
                return Err(error().expected(known).found(format!("one for {zone}")).advice(advice));
            }
            if before.iter().take(index).any(|earlier| earlier.response.zone == *zone) {
                return Err(error().expected(format!("one for {zone}")).found("two").advice(advice));
            }
        }
        let lone = zones.iter().find(|(_, zone)| !before.iter().any(|other| other.response.zone == **zone));
        match lone {
            Some((file, zone)) if !self.first => {
                let error =
                    CliError::usage(format!("what came before this request for {zone} must be said")).file(*file);
                let error = error.field("--previous").expected("--previous SKR, or --first").found("neither");
                Err(error.advice("give the previous SKR, or declare with --first that there is none"))
            }
            _ => Ok(()),
        }
    }
}

fn previous(path: &Path, limit: usize) -> Result<Before, CliError> {
    let Read { name, sha256, document } = input::document(path, limit)?;
    match document {
        Document::Response(response) => Ok(Before { name, sha256, response }),
        Document::Request(_) => {
            let error = CliError::usage("this is no previous response").file(name).field("--previous");
            Err(error.expected("an SKR").found("a KSR").advice("give the SKR that answered the request before"))
        }
    }
}

fn zone_asked(file: &Read) -> Option<&Name> {
    match &file.document {
        Document::Request(request) => Some(&request.zone),
        Document::Response(_) => None,
    }
}

impl Bench<'_> {
    /// A request with what came before it, and with the choices that are meant for it.
    pub(super) fn input(&self, request: Request, request_sha256: Sha256Digest) -> JobInput {
        let previous = self.before_of(&request.zone);
        let previous = previous.map_or(Previous::First, |before| Previous::Response {
            response: before.response.clone(),
            sha256: before.sha256,
        });
        // Beside others, a choice is meant for those requests that it can be made for.
        let slots = request.format == Format::RootXml;
        let schema = self.args.schema.clone().filter(|_| slots || !self.several);
        let until = self.args.until.filter(|_| !slots || !self.several);
        JobInput { request, request_sha256, previous, head: None, schema, until }
    }

    /// The name of the file with the previous response of a zone.
    pub(super) fn previous_name(&self, zone: &Name) -> Option<&str> {
        self.before_of(zone).map(|before| before.name.as_str())
    }

    fn before_of(&self, zone: &Name) -> Option<&Before> {
        self.before.iter().find(|before| before.response.zone == *zone)
    }

    /// Judges a request and, where there can be one, the plan for it alone.
    pub(super) fn judge(&self, input: &JobInput) -> Result<(Vec<Finding>, Option<Plan>), CliError> {
        let mut findings = policy::check_request(&self.profile, input, self.now, self.threads);
        if self.profile.zone(&input.request.zone).is_none() {
            return Ok((findings, None));
        }
        match self.plan(std::slice::from_ref(input)) {
            Ok(plan) => {
                findings.extend(policy::check_plan(&self.profile, std::slice::from_ref(input), &plan, self.now));
                Ok((findings, Some(plan)))
            }
            Err(error) => match CliError::choice(&error) {
                Some(error) => Err(error),
                None => {
                    findings.push(Finding::unplanned(&error));
                    Ok((findings, None))
                }
            },
        }
    }

    /// The plan of all requests together, as a ceremony would confirm it.
    pub(super) fn plan(&self, inputs: &[JobInput]) -> Result<Plan, PlanError> {
        plan::build(&self.profile, inputs, self.now, &self.program)
    }
}
