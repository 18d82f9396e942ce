//! `check`: judge a request or a response, without HSM.

use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use serde_json::{Value, json};

use crate::dns::{Name, Sha256Digest, Time};
use crate::exchange::{Document, Format, Request, Response};
use crate::plan::{self, JobInput, Plan, PlannedJob, Previous};
use crate::policy::{self, Finding};
use crate::profile::Profile;
use crate::steps::Verdict;

use super::error::CliError;
use super::input::{self, Read};
use super::json::Report;
use super::text::{self, Text};
use super::{Done, Env, Run};

/// Judge a KSR or an SKR by every named check, without HSM
///
/// A request is judged after the previous response of its zone (--previous), or
/// as the first one of its zone (--first); then the plan is made that a ceremony
/// would confirm, and judged as well. A response is judged by its own signatures
/// and the keys of the profile. Every finding is shown, those that fail first;
/// the last line is PASS, or FAIL and how many.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
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
    /// The schema, for a zone whose policy has schemas [default: the only one, or `normal`]
    #[arg(long, value_name = "NAME")]
    schema: Option<String>,
    /// The end of coverage, for a zone whose policy has a schedule, as 2027-01-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    until: Option<Time>,
    /// Judge as of this time [default: the computer's clock]
    #[arg(long, value_name = "TIME")]
    now: Option<Time>,
    /// Show the plan's hash, what changes, and until when the zone is covered
    #[arg(long)]
    plan: bool,
    /// A KSR or SKR, of any format; told apart by content
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// The previous response of a zone.
struct Before {
    name: String,
    sha256: Sha256Digest,
    response: Response,
}

/// All that one call judges by.
struct Bench<'a> {
    args: &'a Args,
    profile: &'a Profile,
    now: Time,
    threads: usize,
    /// The program with its version, as a plan has it.
    program: String,
}

impl Run for Args {
    fn run(&self, env: &Env, report: &mut Report) -> Result<Done, CliError> {
        let now = self.now.unwrap_or_else(|| env.clock.now());
        report.now = now;
        let profile = input::profile(&self.profile, report)?;
        let read = |path: &PathBuf| input::document(path, profile.document_bytes);
        let files = self.files.iter().map(read).collect::<Result<Vec<Read>, _>>()?;
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
        let bench = Bench { args: self, profile: &profile, now, threads, program };
        bench.judge(files, &before, report)
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

impl Args {
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

fn zone_asked(file: &Read) -> Option<&Name> {
    match &file.document {
        Document::Request(request) => Some(&request.zone),
        Document::Response(_) => None,
    }
}

impl Bench<'_> {
    fn judge(&self, files: Vec<Read>, before: &[Before], report: &mut Report) -> Result<Done, CliError> {
        let mut text = Text::default();
        let (mut documents, mut inputs) = (Vec::new(), Vec::new());
        let several = files.len() > 1;
        for file in files {
            text.blank();
            text.fact("file", &file.name);
            text.digest("SHA-256", &file.sha256);
            text::document(&mut text, &file.document);
            text.blank();
            let findings = match file.document {
                Document::Response(response) => {
                    documents.push(head(&file.name, "response", &response.zone, response.format, &file.sha256));
                    let findings = policy::check_response_alone(self.profile, &response, self.now, self.threads);
                    text.findings(&findings);
                    findings
                }
                Document::Request(request) => {
                    documents.push(head(&file.name, "request", &request.zone, request.format, &file.sha256));
                    let input = self.input(request, file.sha256, before, several);
                    let findings = self.judge_request(&input, &mut text)?;
                    inputs.push(input);
                    findings
                }
            };
            if let Some(Value::Object(document)) = documents.last_mut() {
                document.insert("verdict".to_owned(), verdict(&findings).into());
            }
            report.findings.extend(findings);
        }
        report.put("documents", documents);
        if self.args.plan {
            self.show_plan(&inputs, report, &mut text);
        }
        let failed = count(&report.findings, Verdict::Fail);
        text.blank();
        text.line(summary(&report.findings, self.now));
        text.line(if failed == 0 { "PASS".to_owned() } else { format!("FAIL {failed}") });
        Ok(Done { good: failed == 0, text: text.finish() })
    }

    fn input(&self, request: Request, request_sha256: Sha256Digest, before: &[Before], several: bool) -> JobInput {
        let previous = before.iter().find(|before| before.response.zone == request.zone);
        let previous = previous.map_or(Previous::First, |before| Previous::Response {
            response: before.response.clone(),
            sha256: before.sha256,
        });
        // Beside others, a choice is meant for those requests that it can be made for.
        let slots = request.format == Format::RootXml;
        let schema = self.args.schema.clone().filter(|_| slots || !several);
        let until = self.args.until.filter(|_| !slots || !several);
        JobInput { request, request_sha256, previous, head: None, schema, until }
    }

    /// Judges the request and the plan for it alone, and shows both.
    fn judge_request(&self, input: &JobInput, text: &mut Text) -> Result<Vec<Finding>, CliError> {
        let mut findings = policy::check_request(self.profile, input, self.now, self.threads);
        let mut planned = None;
        if self.profile.zone(&input.request.zone).is_some() {
            match self.plan(std::slice::from_ref(input)) {
                Ok(plan) => {
                    findings.extend(policy::check_plan(self.profile, std::slice::from_ref(input), &plan, self.now));
                    planned = Some(plan);
                }
                Err(error) => match CliError::choice(&error) {
                    Some(error) => return Err(error),
                    None => findings.push(Finding::unplanned(&error)),
                },
            }
        }
        text.findings(&findings);
        for job in planned.iter().flat_map(|plan| &plan.jobs) {
            text.blank();
            let schema = job.schema.as_ref().map_or_else(String::new, |schema| format!(", schema {schema}"));
            text.line(format!("Plan: policy {}{schema}, {} signatures", job.policy, job.signatures.len()));
            text.lines(job.table());
            text.line(format!("covered until {}", job.covered_until()));
        }
        Ok(findings)
    }

    fn plan(&self, inputs: &[JobInput]) -> Result<Plan, plan::PlanError> {
        plan::build(self.profile, inputs, self.now, &self.program)
    }

    /// Shows the plan of all requests together, as a ceremony would confirm it.
    fn show_plan(&self, inputs: &[JobInput], report: &mut Report, text: &mut Text) {
        text.blank();
        let plan = match self.plan(inputs) {
            Ok(plan) => plan,
            Err(error) => return text.line(format!("There is no plan: {error}")),
        };
        for (input, job) in inputs.iter().zip(&plan.jobs) {
            text.line(format!("Changes for {}", job.zone));
            text.lines(changes(input, job).iter().map(|line| format!("  {line}")));
            text.blank();
        }
        let hash = plan.hash();
        text.digest("plan", &hash);
        let covered =
            |job: &PlannedJob| json!({ "zone": job.zone.to_string(), "until": job.covered_until().to_string() });
        report.put(
            "plan",
            json!({
                "sha256": hash.to_string(), "signatures": plan.count(),
                "covered": plan.jobs.iter().map(covered).collect::<Vec<_>>(),
            }),
        );
    }
}

fn changes(input: &JobInput, job: &PlannedJob) -> Vec<String> {
    match &input.previous {
        Previous::Response { response, .. } => plan::difference(response, job),
        Previous::First => vec!["there is no previous response".to_owned()],
    }
}

fn head(name: &str, kind: &str, zone: &Name, format: Format, sha256: &Sha256Digest) -> Value {
    json!({
        "file": name, "kind": kind, "zone": zone.to_string(), "format": format.name(), "sha256": sha256.to_string(),
    })
}

fn count(findings: &[Finding], verdict: Verdict) -> usize {
    findings.iter().filter(|finding| finding.verdict == verdict).count()
}

fn verdict(findings: &[Finding]) -> &'static str {
    if count(findings, Verdict::Fail) == 0 { "pass" } else { "fail" }
}

fn summary(findings: &[Finding], now: Time) -> String {
    let count = |verdict| count(findings, verdict);
    format!(
        "judged as of {now}: {} failed, {} warned, {} skipped, {} passed",
        count(Verdict::Fail),
        count(Verdict::Warn),
        count(Verdict::Skipped),
        count(Verdict::Pass)
    )
}
