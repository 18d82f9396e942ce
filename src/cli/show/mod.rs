//! `show`: what a file is and says, without judging it.

mod keys;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::dns::{DigestType, Name, Sha256Digest, sha256};
use crate::exchange::{self, Document, Limits};
use crate::paper;
use crate::transcript::{self, Files, names};

use super::error::CliError;
use super::input::{self, MAX_DOCUMENT};
use super::json::{Report, put};
use super::text::{self, Text};
use super::{Done, Env, Run};

/// Show what a KSR, SKR, transcript or record says, or the keys of a profile, without judging it
///
/// A document shows its format, zone, bundles and keys, each key with tag,
/// algorithm, bits and fingerprint, and each KSK with its DS. A transcript, or a
/// record's folder, shows its fingerprint and its report. Nothing is verified:
/// that is what `check` and `audit` do. With --profile in place of files, its keys
/// are shown as a parent or a resolver takes them: DS, CDS, DNSKEY and CDNSKEY, or
/// the root zone's trust anchors in XML (RFC 9718).
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Args {
    /// Show the keys of this profile
    #[arg(long, value_name = "P.toml", conflicts_with = "files")]
    profile: Option<PathBuf>,
    /// Only the keys of this zone of the profile
    #[arg(long, value_name = "ZONE", requires = "profile", conflicts_with = "files")]
    zone: Option<Name>,
    /// Only this key, by its name in the profile; may be given several times
    #[arg(long, value_name = "NAME", requires = "profile", conflicts_with = "files")]
    key: Vec<String>,
    /// Write the root zone's keys as trust anchors in XML (RFC 9718)
    #[arg(long, requires = "profile", conflicts_with = "files")]
    trust_anchor_xml: bool,
    /// A KSR, SKR or transcript.jsonl, or a record's folder
    #[arg(required_unless_present = "profile", value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Run for Args {
    fn run(&self, _env: &Env, report: &mut Report) -> Result<Done, CliError> {
        if let Some(profile) = &self.profile {
            return keys::show(profile, self, report);
        }
        let mut text = Text::default();
        let mut shown = Vec::new();
        for path in &self.files {
            text.blank();
            text.fact("file", input::shown(path));
            let one = if input::is_folder(path) { folder(path, &mut text)? } else { file(path, &mut text)? };
            shown.push(one.value);
            (report.format, report.sha256) = (one.format, Some(one.sha256));
        }
        if self.files.len() > 1 {
            (report.format, report.sha256) = (None, None);
        }
        report.put("documents", shown);
        Ok(Done { good: true, text: text.finish() })
    }
}

/// What one file is.
struct Shown {
    value: Value,
    sha256: Sha256Digest,
    format: Option<exchange::Format>,
}

fn file(path: &Path, text: &mut Text) -> Result<Shown, CliError> {
    let octets = input::file(path, MAX_DOCUMENT)?;
    if octets.starts_with(b"{") {
        return entries(path, &octets, text);
    }
    let name = input::whole(path);
    let document = exchange::read(&octets, &Limits { document_bytes: MAX_DOCUMENT });
    let document = document.map_err(|error| CliError::document(&name, error))?;
    let sha256 = sha256(&octets);
    text.digest("SHA-256", &sha256);
    text::document(text, &document);
    let (kind, zone, format) = match &document {
        Document::Request(request) => ("request", &request.zone, request.format),
        Document::Response(response) => ("response", &response.zone, response.format),
    };
    let mut keys = Vec::new();
    for (key, bundles) in text::keys(&document) {
        text.blank();
        text::key(text, zone, key);
        text.fact("bundles", text::ranges(&bundles));
        let mut value = json!({
            "kind": text::kind(key), "key_tag": key.key_tag(), "algorithm": key.algorithm.0, "bits": key.bits(),
            "dnskey": key.to_string(), "sha256": key.fingerprint(zone).to_string(), "bundles": bundles,
        });
        let ds = key.is_sep().then(|| key.ds(zone, DigestType::Sha256).to_string());
        put(&mut value, "ds", ds);
        keys.push(value);
    }
    let value = json!({
        "file": name, "kind": kind, "zone": zone.to_string(), "format": format.name(), "sha256": sha256.to_string(),
        "keys": keys,
    });
    Ok(Shown { value, sha256, format: Some(format) })
}

fn folder(path: &Path, text: &mut Text) -> Result<Shown, CliError> {
    let files: Files = input::record(path)?;
    let Some(octets) = files.get(names::TRANSCRIPT) else {
        let error = CliError::input("this folder is no record").file(input::whole(path));
        return Err(error.expected(names::TRANSCRIPT).found("no such file").advice("name the record's own folder"));
    };
    entries(path, octets, text)
}

fn entries(path: &Path, octets: &[u8], text: &mut Text) -> Result<Shown, CliError> {
    let name = input::whole(path);
    let entries = transcript::read(octets, Sha256Digest::ZERO).map_err(|error| {
        let made = CliError::input("this is no whole transcript").file(&name).line(error.line);
        let made = made.expected(error.expected).found(error.found);
        made.advice("`claviger audit` says what is left of it")
    })?;
    let sha256 = sha256(octets);
    text.digest("SHA-256", &sha256);
    text.fact("document", format!("transcript of {} entries", entries.len()));
    text.blank();
    text.line(paper::report(&entries).text.trim_end());
    let value = json!({
        "file": name, "kind": "transcript", "sha256": sha256.to_string(), "entries": entries.len(),
    });
    Ok(Shown { value, sha256, format: None })
}
