//! `audit`: recompute everything in a record from its files alone.

use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use serde_json::{Value, json};

use crate::dns::Sha256Digest;
use crate::paper;
use crate::render::parse_digest;
use crate::transcript::{self, Audit, AuditVerdict};

use super::error::CliError;
use super::input;
use super::json::{Report, put};
use super::text::Text;
use super::{Done, Env, Run};

/// Recompute everything in a record: sums, chain, seal, signatures, every check, plan against result
///
/// Without a fingerprint from a witness's paper the verdict is at best
/// `consistent`, and the first line says NOT ANCHORED: whoever could replace the
/// whole record could have made another one. With the fingerprint it is
/// `authentic`. What is left of an interrupted ceremony is `interrupted`, or
/// `unsigned` where nothing of it is signed.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Args {
    /// The transcript's fingerprint from paper: 64 hexadecimal digits, or 32 words in quotes
    #[arg(long, value_name = "HEX|WORDS", value_parser = fingerprint)]
    fingerprint: Option<Sha256Digest>,
    /// The record of the ceremony before, which the first one given must name
    #[arg(long, value_name = "DIR")]
    previous: Option<PathBuf>,
    /// A record's folder
    #[arg(required = true, value_name = "DIR")]
    records: Vec<PathBuf>,
}

fn fingerprint(text: &str) -> Result<Sha256Digest, String> {
    parse_digest(text).map_err(|error| error.to_string())
}

impl Run for Args {
    fn run(&self, _env: &Env, report: &mut Report) -> Result<Done, CliError> {
        if self.fingerprint.is_some() && self.records.len() > 1 {
            let error = CliError::usage("one fingerprint belongs to one record").field("--fingerprint");
            let error = error.expected("one folder").found(format!("{} folders", self.records.len()));
            return Err(error.advice("audit each record with the fingerprint from its own paper"));
        }
        let mut text = Text::default();
        let mut good = true;
        let mut records = Vec::new();
        let mut first = None;
        for path in &self.records {
            let mut audit = judge(path, self.fingerprint)?;
            if let Some(previous) = self.previous.as_ref().filter(|_| first.is_none()) {
                let before = judge(previous, None)?;
                audit.findings.extend(transcript::check_previous(&audit.entries, &before));
                if audit.failures().next().is_some() {
                    audit.verdict = AuditVerdict::Failed;
                }
                good &= write(previous, &before, &mut text);
                records.push(value(previous, &before));
                report.findings.extend(before.findings);
            }
            good &= write(path, &audit, &mut text);
            records.push(value(path, &audit));
            first = first.or(audit.fingerprint);
            report.findings.append(&mut audit.findings);
        }
        report.sha256 = first.filter(|_| self.records.len() == 1);
        report.put("records", records);
        Ok(Done { good, text: text.finish() })
    }
}

fn judge(path: &Path, expected: Option<Sha256Digest>) -> Result<Audit, CliError> {
    let files = input::record(path)?;
    let threads = available_parallelism().map_or(1, usize::from);
    Ok(transcript::audit(&files, expected, threads, paper::report))
}

/// Writes the audit and tells whether it is good.
fn write(path: &Path, audit: &Audit, text: &mut Text) -> bool {
    text.blank();
    text.lines(audit.lines());
    text.fact("record", input::shown(path));
    if let Some(fingerprint) = &audit.fingerprint {
        text.digest("transcript fingerprint", fingerprint);
    }
    matches!(audit.verdict, AuditVerdict::Authentic | AuditVerdict::Consistent)
}

fn value(path: &Path, audit: &Audit) -> Value {
    let mut value = json!({ "folder": input::whole(path), "audit": audit.verdict.name() });
    put(&mut value, "fingerprint", audit.fingerprint.map(|fingerprint| fingerprint.to_string()));
    put(&mut value, "mode", audit.mode().map(ToString::to_string));
    put(&mut value, "outcome", audit.outcome());
    value
}
