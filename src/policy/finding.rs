//! What a check has found.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Check;
use crate::plan::PlanError;
use crate::steps::Verdict;

/// The result of one named check, or of one place that it looked at.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The check's name, as `KSR-BUNDLE-POP`.
    pub check: String,
    /// What it says.
    pub verdict: Verdict,
    /// Why it was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The bundle concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<BundleRef>,
    /// What should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// One sentence for people.
    pub message: String,
}

impl Finding {
    /// A finding that compares nothing.
    #[must_use]
    pub fn new(check: impl Into<String>, verdict: Verdict, message: impl Into<String>) -> Self {
        Self {
            check: check.into(),
            verdict,
            reason: None,
            bundle: None,
            expected: None,
            found: None,
            message: message.into(),
        }
    }

    /// That no plan can be made.
    #[must_use]
    pub fn unplanned(error: &PlanError) -> Self {
        Self::new(Check::PlanBuild.name(), Verdict::Fail, error.to_string())
    }
}

/// Names a bundle.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BundleRef {
    /// From 1, in the order of the document.
    pub index: usize,
    /// Its id, where the format has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// `FAIL KSR-BUNDLE-POP bundle 1: message (expected …; found …)`.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<7} {}", self.verdict.name().to_uppercase(), self.check)?;
        if let Some(bundle) = &self.bundle {
            write!(f, " bundle {}", bundle.index)?;
        }
        write!(f, ": {}", self.message)?;
        match (&self.expected, &self.found) {
            (Some(expected), Some(found)) => write!(f, " (expected {expected}; found {found})")?,
            (Some(expected), None) => write!(f, " (expected {expected})")?,
            (None, Some(found)) => write!(f, " (found {found})")?,
            (None, None) => {}
        }
        self.reason.as_ref().map_or(Ok(()), |reason| write!(f, " [{reason}]"))
    }
}
