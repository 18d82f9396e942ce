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
use super::jobs::{Bench, JobArgs};
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
        report.findings.extend(jobs.iter().flat_map(|job| job.findings.iter().cloned()));
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
        let script = paper::Script { profile: &bench.profile, plan: &plan, jobs: &jobs, program: &bench.program };
        let printed = paper::script(&script, &Spoken);
        let Some(out) = &self.out else {
            return Ok(Done { good: true, text: printed.text });
        };
        let written = [("script.txt", &printed.text), ("script.html", &printed.html)]
            .map(|(name, octets)| write(out, name, octets.as_bytes()));
        let written = written.into_iter().collect::<Result<Vec<String>, _>>()?;
        report.put("script", written.clone());
        text.lines(written);
        Ok(Done { good: true, text: text.finish() })
    }
}

fn job(bench: &Bench<'_>, file: Read) -> Result<ScriptJob, CliError> {
    let Document::Request(request) = file.document else {
        let error = CliError::usage("there is no script for what was signed already").file(file.name);
        return Err(error.expected("a KSR").found("an SKR").advice("give the previous SKR with --previous"));
    };
    let input = bench.input(request, file.sha256);
    let (findings, _) = bench.judge(&input)?;
    let last = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let previous = bench.previous_name(&input.request.zone).map(last);
    Ok(ScriptJob { request: last(&file.name), previous, input, findings })
}

/// Writes a file that is not there yet, and returns its path as it may be shown.
fn write(folder: &Path, name: &str, octets: &[u8]) -> Result<String, CliError> {
    let path = folder.join(name);
    let shown = input::shown(&path);
    let failed = |error: std::io::Error| {
        let error = CliError::media(format!("the script cannot be written: {error}")).file(&shown).field("--out");
        error.advice("name a folder that can be written and has no script yet")
    };
    if !input::is_folder(folder) {
        std::fs::create_dir(folder).map_err(failed)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(failed)?;
    file.write_all(octets).and_then(|()| file.sync_all()).map_err(failed)?;
    Ok(shown)
}
