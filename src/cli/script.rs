//! `script`: the printed script of a ceremony that is still to come.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::exchange::Document;
use crate::paper::{self, ScriptJob};
use crate::policy::Finding;
use crate::steps::Verdict;
use crate::tui::Spoken;

use super::error::CliError;
use super::input::{self, Read};
use super::jobs::{Bench, JobArgs, Judged};
use super::json::Report;
use super::text::Text;
use super::{Done, Env, Run};

/// Print the script of a ceremony, from its profile and requests
///
/// It follows the nine steps as the screen asks them: who does and says what,
/// the digests in hex and words, the table of bundles, and blanks for what is
/// known on the day alone. With --out a text of 80 columns and a page of HTML
/// for A4 are written; without it the text is printed. A request that a check
/// refuses has no script: `check` says why.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Args {
    #[command(flatten)]
    jobs: JobArgs,
    /// The folder for script.txt and script.html, made if only it is missing; nothing in it is replaced
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// A KSR, of any format; told apart by content
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Run for Args {
    fn run(&self, env: &Env, report: &mut Report) -> Result<Done, CliError> {
        let (bench, files) = self.jobs.read(&self.files, env, report)?;
        let jobs = files.into_iter().map(|file| job(&bench, file)).collect::<Result<Vec<_>, _>>()?;
        report.findings.extend(jobs.iter().flat_map(|job| job.findings.iter().chain(&job.preview).cloned()));
        let failed = |finding: &&Finding| finding.verdict == Verdict::Fail;
        let mut text = Text::default();
        if report.findings.iter().any(|finding| failed(&finding)) {
            let failures: Vec<Finding> = report.findings.iter().filter(failed).cloned().collect();
            text.findings(&failures);
            text.line("There is no script for what cannot be signed.");
            return Ok(Done { good: false, text: text.finish() });
        }
        let inputs: Vec<_> = jobs.iter().map(|job| job.input.clone()).collect();
        let plan = bench.plan(&inputs).map_err(|error| CliError::usage(error.to_string()))?;
        let findings = bench.judge_plan(&inputs, &plan);
        let (profile, program) = (&bench.profile, bench.program.as_str());
        let script = paper::Script { profile, plan: &plan, jobs: &jobs, findings: &findings, program };
        let printed = paper::script(&script, &Spoken);
        let Some(out) = &self.out else {
            report.put("text", printed.text.clone());
            return Ok(Done { good: true, text: printed.text });
        };
        let written = write(out, &[("script.txt", &printed.text), ("script.html", &printed.html)])?;
        report.put("script", written.iter().map(|path| input::whole(path)).collect::<Vec<_>>());
        text.lines(written.iter().map(|path| input::shown(path)));
        Ok(Done { good: true, text: text.finish() })
    }
}

fn job(bench: &Bench<'_>, file: Read) -> Result<ScriptJob, CliError> {
    let Document::Request(request) = file.document else {
        let error = CliError::usage("there is no script for what was signed already").file(file.name);
        return Err(error.expected("a KSR").found("an SKR").advice("give the previous SKR with --previous"));
    };
    let input = bench.input(request, file.sha256);
    let Judged { request: findings, preview, .. } = bench.judge(&input)?;
    let last = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let previous = bench.previous_name(&input.request.zone).map(last);
    Ok(ScriptJob { request: last(&file.name), previous, input, findings, preview })
}

/// Writes files that are not there yet, all or none; their paths.
fn write(folder: &Path, files: &[(&str, &String)]) -> Result<Vec<PathBuf>, CliError> {
    let failed = |path: &Path, error: std::io::Error| {
        let error = CliError::media(format!("the script cannot be written: {error}")).file(input::whole(path));
        error.field("--out").advice("name a folder that can be written and has no script yet")
    };
    if !input::is_folder(folder) {
        std::fs::create_dir(folder).map_err(|error| failed(folder, error))?;
    }
    let mut written: Vec<PathBuf> = Vec::new();
    for (name, octets) in files {
        let path = folder.join(name);
        let made = OpenOptions::new().write(true).create_new(true).open(&path);
        let made = made.and_then(|mut file| {
            written.push(path.clone());
            file.write_all(octets.as_bytes()).and_then(|()| file.sync_all())
        });
        if let Err(error) = made {
            for path in &written {
                let _ = std::fs::remove_file(path); // half a script is none
            }
            return Err(failed(&path, error));
        }
    }
    Ok(written)
}
