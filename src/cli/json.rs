//! The one object that `--json` prints.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::dns::{Sha256Digest, Time};
use crate::exchange::Format;
use crate::policy::Finding;

use super::error::CliError;

/// How a command ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Outcome {
    /// Good.
    Pass,
    /// Refused.
    Fail,
    /// It has no result.
    Error,
}

/// What a command learned, as it learned it; what is unknown or does not apply is left out.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    version: u8,
    command: String,
    claviger: &'static str,
    /// How it ended.
    pub(super) verdict: Outcome,
    /// The time of the judgement.
    pub(super) now: Time,
    /// The profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) profile_sha256: Option<Sha256Digest>,
    /// The document's format, where there is exactly one document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) format: Option<Format>,
    /// The document, or the transcript, where there is exactly one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<Sha256Digest>,
    /// All findings of all documents.
    pub(super) findings: Vec<Finding>,
    /// What belongs to one command alone.
    #[serde(flatten)]
    details: Map<String, Value>,
    /// Why there is no result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<CliError>,
}

impl Report {
    /// A report that knows nothing yet.
    pub(super) fn new(command: &str, now: Time) -> Self {
        Self {
            version: 1,
            command: command.to_owned(),
            claviger: env!("CARGO_PKG_VERSION"),
            verdict: Outcome::Error,
            now,
            profile_sha256: None,
            format: None,
            sha256: None,
            findings: Vec::new(),
            details: Map::new(),
            error: None,
        }
    }

    /// Adds a member of this command's own.
    pub(super) fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.details.insert(name.to_owned(), value.into());
    }

    /// The object on a line of its own.
    pub(super) fn line(&self) -> String {
        // Every part is a map with text keys, which cannot fail.
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned()) + "\n"
    }
}

/// Adds a member to an object where there is something to add.
pub(super) fn put(object: &mut Value, name: &str, value: Option<impl Into<Value>>) {
    if let (Some(object), Some(value)) = (object.as_object_mut(), value) {
        object.insert(name.to_owned(), value.into());
    }
}
