//! Requests with all that they are judged by, as `check` and `script` are given them.

use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use crate::dns::{Name, Sha256Digest, Time};
use crate::exchange::{Document, Format, Request, Response};
use crate::plan::{self, JobInput, Plan, PlanError, Previous};
use crate::policy::{self, Finding};
use crate::profile::{Profile, Signing};

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
    #[command(flatten)]
    choices: Choices,
    /// Judge as of this time [default: the computer's clock]
    #[arg(long, value_name = "TIME")]
    now: Option<Time>,
}

/// What is chosen for requests; beside others, a choice is meant for those requests that it can be made for.
#[derive(Debug, clap::Args)]
pub(super) struct Choices {
    /// The schema, for a zone whose policy has schemas [default: the only one, or `normal`]
    #[arg(long, value_name = "NAME")]
    pub(super) schema: Option<String>,
    /// The end of coverage, for a zone whose policy has a schedule, as 2027-01-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(super) until: Option<Time>,
}

/// The previous response of a zone.
struct Before {
    name: String,
    sha256: Sha256Digest,
    response: Response,
}

/// What the checks say of a request.
pub(super) struct Judged {
    /// Of the request itself.
    pub(super) request: Vec<Finding>,
    /// Of a plan for it alone.
    pub(super) preview: Vec<Finding>,
    /// That plan.
    pub(super) plan: Option<Plan>,
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
        let requests: Vec<(&str, &Request)> =
            files.iter().filter_map(|file| Some((file.name.as_str(), request_of(file)?))).collect();
        let named: Vec<(&str, &Name)> =
            before.iter().map(|other| (other.name.as_str(), &other.response.zone)).collect();
        fit(&requests, &named)?;
        match without(&requests, &named) {
            Some((file, zone)) if !self.first => {
                let error = unsaid(file, zone, "--previous SKR, or --first", "neither");
                return Err(error.advice("give the previous SKR, or declare with --first that there is none"));
            }
            _ => {}
        }
        self.choices.fit(&profile, &requests)?;
        let several = requests.len() > 1;
        let program = format!("claviger {}", env!("CARGO_PKG_VERSION"));
        let threads = available_parallelism().map_or(1, usize::from);
        Ok((Bench { args: self, before, several, profile, now, threads, program }, files))
    }
}

impl Choices {
    /// The schema and the end of coverage that are meant for a request of this format.
    fn of(&self, format: Format, several: bool) -> (Option<String>, Option<Time>) {
        let slots = format == Format::RootXml;
        let schema = self.schema.clone().filter(|_| slots || !several);
        (schema, self.until.filter(|_| !slots || !several))
    }

    /// Refuses a choice that cannot be made for a request that it is meant for, or that is meant for none.
    pub(super) fn fit(&self, profile: &Profile, requests: &[(&str, &Request)]) -> Result<(), CliError> {
        let meant: Vec<(Option<String>, Option<Time>)> =
            requests.iter().map(|(_, request)| self.of(request.format, requests.len() > 1)).collect();
        if let Some(schema) = self.schema.as_ref().filter(|_| meant.iter().all(|(schema, _)| schema.is_none())) {
            let error = CliError::usage("a schema was chosen, and no request takes one").field("--schema");
            return Err(error.expected("none").found(schema).advice("leave it out"));
        }
        if let Some(until) = self.until.filter(|_| meant.iter().all(|(_, until)| until.is_none())) {
            let error = CliError::usage("an end of coverage was chosen, and no request takes one").field("--until");
            return Err(error.expected("none").found(until.to_string()).advice("leave it out"));
        }
        for ((file, request), (schema, until)) in requests.iter().zip(meant) {
            let misfit = misfit(profile, request, schema, until);
            if let Some(error) = misfit.as_ref().and_then(CliError::choice) {
                return Err(error.file(*file));
            }
        }
        Ok(())
    }
}

/// What a plan would be refused for that the choices make impossible; other trouble is for the request to be judged.
fn misfit(profile: &Profile, request: &Request, schema: Option<String>, until: Option<Time>) -> Option<PlanError> {
    let policy = profile.zones.get(&request.zone)?;
    let zone = request.zone.clone();
    match (&policy.policy.signing, request.format) {
        (Signing::Schemas { schemas, .. }, Format::RootXml) => {
            plan::chosen_schema(&zone, schemas, schema.as_deref(), until).err()
        }
        (Signing::Schedule(_), Format::Bind | Format::Knot) => {
            schema.map(|schema| PlanError::NoSchemas { zone, schema, policy: policy.policy_name.clone() })
        }
        _ => None,
    }
}

/// Refuses previous responses that are doubled, or for no request; each is told by its file.
pub(super) fn fit(requests: &[(&str, &Request)], before: &[(&str, &Name)]) -> Result<(), CliError> {
    for (index, (file, zone)) in before.iter().enumerate() {
        let error = || CliError::usage("this previous response belongs to no request").file(*file).field("--previous");
        let advice = "give each zone's own previous SKR, once";
        if !requests.iter().any(|(_, request)| request.zone == **zone) {
            let known = requests.iter().map(|(_, request)| request.zone.to_string()).collect::<Vec<_>>().join(", ");
            let known =
                if known.is_empty() { "no previous SKR without a KSR".to_owned() } else { format!("one for {known}") };
            return Err(error().expected(known).found(format!("one for {zone}")).advice(advice));
        }
        if before.iter().take(index).any(|(_, earlier)| earlier == zone) {
            return Err(error().expected(format!("one for {zone}")).found("two").advice(advice));
        }
    }
    Ok(())
}

/// The first request without a previous response: its file and zone.
pub(super) fn without<'a>(
    requests: &[(&'a str, &'a Request)],
    before: &[(&str, &Name)],
) -> Option<(&'a str, &'a Name)> {
    let lone = requests.iter().find(|(_, request)| !before.iter().any(|(_, zone)| **zone == request.zone));
    lone.map(|(file, request)| (*file, &request.zone))
}

/// What came before a request was not said in any of the ways expected.
pub(super) fn unsaid(file: &str, zone: &Name, expected: &str, found: &str) -> CliError {
    let error = CliError::usage(format!("what came before this request for {zone} must be said")).file(file);
    error.field("--previous").expected(expected).found(found)
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

fn request_of(file: &Read) -> Option<&Request> {
    match &file.document {
        Document::Request(request) => Some(request),
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
        let (schema, until) = self.args.choices.of(request.format, self.several);
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
    pub(super) fn judge(&self, input: &JobInput) -> Result<Judged, CliError> {
        let request = policy::check_request(&self.profile, input, self.now, self.threads);
        if self.profile.zone(&input.request.zone).is_none() {
            return Ok(Judged { request, preview: Vec::new(), plan: None });
        }
        match self.plan(std::slice::from_ref(input)) {
            Ok(plan) => {
                let preview = self.judge_plan(std::slice::from_ref(input), &plan);
                Ok(Judged { request, preview, plan: Some(plan) })
            }
            Err(error) => match CliError::choice(&error) {
                Some(error) => Err(error),
                None => Ok(Judged { request, preview: vec![Finding::unplanned(&error)], plan: None }),
            },
        }
    }

    /// Judges a plan of these requests.
    pub(super) fn judge_plan(&self, inputs: &[JobInput], plan: &Plan) -> Vec<Finding> {
        policy::check_plan(&self.profile, inputs, plan, self.now)
    }

    /// The plan of all requests together, as a ceremony would confirm it.
    pub(super) fn plan(&self, inputs: &[JobInput]) -> Result<Plan, PlanError> {
        plan::build(&self.profile, inputs, self.now, &self.program)
    }
}
