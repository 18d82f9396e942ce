//! `check`: judge a request or a response, without HSM.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::dns::{Name, Sha256Digest, Time};
use crate::exchange::{Document, Format};
use crate::plan::{self, JobInput, PlannedJob};
use crate::policy::{self, Finding};
use crate::render::escape;
use crate::steps::Verdict;

use super::error::CliError;
use super::input::{MAX_SHOWN, Read};
use super::jobs::{Bench, JobArgs, Judged};
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
    #[command(flatten)]
    jobs: JobArgs,
    /// Show the plan's hash, what changes, and until when the zone is covered
    #[arg(long)]
    plan: bool,
    /// A KSR or SKR, of any format; told apart by content
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Run for Args {
    fn run(&self, env: &Env, report: &mut Report) -> Result<Done, CliError> {
        let (bench, files) = self.jobs.read(&self.files, env, report)?;
        self.judge(&bench, files, report)
    }
}

impl Args {
    fn judge(&self, bench: &Bench<'_>, files: Vec<Read>, report: &mut Report) -> Result<Done, CliError> {
        let mut text = Text::default();
        let (mut documents, mut inputs) = (Vec::new(), Vec::new());
        for file in files {
            text.blank();
            text.fact("file", escape(&file.name, MAX_SHOWN));
            text.digest("SHA-256", &file.sha256);
            text::document(&mut text, &file.document);
            text.blank();
            let findings = match file.document {
                Document::Response(response) => {
                    documents.push(head(&file.name, "response", &response.zone, response.format, &file.sha256));
                    let findings = policy::check_response_alone(&bench.profile, &response, bench.now, bench.threads);
                    text.findings(&findings);
                    findings
                }
                Document::Request(request) => {
                    documents.push(head(&file.name, "request", &request.zone, request.format, &file.sha256));
                    let input = bench.input(request, file.sha256);
                    let findings = judge_request(bench, &input, &mut text)?;
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
        let together = policy::check_together(&inputs);
        if !together.is_empty() {
            text.blank();
            text.line("All requests together");
            text.findings(&together);
            report.findings.extend(together);
        }
        if self.plan {
            show_plan(bench, &inputs, report, &mut text);
        }
        let failed = count(&report.findings, Verdict::Fail);
        text.blank();
        text.line(summary(&report.findings, bench.now));
        text.line(if failed == 0 { "PASS".to_owned() } else { format!("FAIL {failed}") });
        Ok(Done { good: failed == 0, text: text.finish() })
    }
}

/// Judges the request and the plan for it alone, and shows both.
fn judge_request(bench: &Bench<'_>, input: &JobInput, text: &mut Text) -> Result<Vec<Finding>, CliError> {
    let Judged { request, preview, plan } = bench.judge(input)?;
    let findings: Vec<Finding> = request.into_iter().chain(preview).collect();
    text.findings(&findings);
    for job in plan.iter().flat_map(|plan| &plan.jobs) {
        text.blank();
        let schema = job.schema.as_ref().map_or_else(String::new, |schema| format!(", schema {schema}"));
        text.line(format!("Plan: policy {}{schema}, {} signatures", job.policy, job.signatures.len()));
        text.lines(job.table());
        text.line(format!("covered until {}", job.covered_until()));
    }
    Ok(findings)
}

/// Shows the plan of all requests together, as a ceremony would confirm it.
fn show_plan(bench: &Bench<'_>, inputs: &[JobInput], report: &mut Report, text: &mut Text) {
    text.blank();
    let plan = match bench.plan(inputs) {
        Ok(plan) => plan,
        Err(error) => return text.line(format!("There is no plan: {error}")),
    };
    for (input, job) in inputs.iter().zip(&plan.jobs) {
        text.line(format!("Changes for {}", job.zone));
        text.lines(plan::changes(input, job).iter().map(|line| format!("  {line}")));
        text.blank();
    }
    let hash = plan.hash();
    text.digest("plan", &hash);
    let covered = |job: &PlannedJob| json!({ "zone": job.zone.to_string(), "until": job.covered_until().to_string() });
    report.put(
        "plan",
        json!({
            "sha256": hash.to_string(), "signatures": plan.count(),
            "covered": plan.jobs.iter().map(covered).collect::<Vec<_>>(),
        }),
    );
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
