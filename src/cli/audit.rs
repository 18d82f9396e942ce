//! `audit`: recompute everything in a record from its files alone.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use serde_json::{Value, json};

use crate::dns::{Sha256Digest, sha256};
use crate::media::{self, MediaError};
use crate::paper;
use crate::policy::Finding;
use crate::render::parse_digest;
use crate::steps::Verdict;
use crate::transcript::{self, Audit, AuditVerdict, MAX_RECORD, names};

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
    let folder = input::folder(path)?;
    let error = match media::read_record(&folder, names::COSIGNATURES, MAX_RECORD) {
        Ok(files) => {
            let threads = available_parallelism().map_or(1, usize::from);
            return Ok(transcript::audit(&files, expected, threads, paper::report));
        }
        Err(error) => error,
    };
    // What has a transcript is a record, and fails; whatever else was named is none.
    match (foreign(&error), media::read_file(&folder, OsStr::new(names::TRANSCRIPT), MAX_RECORD)) {
        (Some(finding), Ok(transcript)) => Ok(Audit::unread(sha256(&transcript), finding)),
        _ => Err(input::of_record(path, &error)),
    }
}

/// What lies in a folder that no record has, where that is why its files are not read.
fn foreign(error: &MediaError) -> Option<Finding> {
    let below =
        |place: &str| place.split_once('/').map_or_else(|| "the folder".to_owned(), |(_, path)| path.to_owned());
    let (message, expected, found) = match error {
        MediaError::WrongKind { file, expected, found } => {
            (format!("{}: no record has this", below(file)), (*expected).to_string(), (*found).to_string())
        }
        MediaError::TooLarge { file, limit, found } => {
            let message = format!("{}: no record is as large", below(file));
            (message, format!("at most {limit} octets"), format!("{found} octets or more"))
        }
        MediaError::TooMany { folder, limit } => {
            let message = format!("{}: no record has so much in it", below(folder));
            (message, format!("at most {limit} entries or levels of folders"), "more".to_owned())
        }
        _ => return None,
    };
    let (expected, found) = (Some(expected), Some(found));
    Some(Finding { expected, found, ..Finding::new("AUDIT-FILES", Verdict::Fail, message) })
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
