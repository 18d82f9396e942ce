//! How the program runs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How the program runs; every record says so.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(into = "String", try_from = "String")]
pub enum Mode {
    /// People at the screen.
    Ceremony,
    /// The `sign` command: nobody confirmed.
    Unattended,
    /// A software token with throw-away keys; everything is marked.
    Rehearsal,
    /// People practise on the token of the profile; everything is marked, and what is signed is valid all the same.
    Drill(DrillName),
}

/// What is practised: 1 to 24 of `[a-z0-9-]`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DrillName(String);

/// A text that names no mode, or no drill.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("expected {0}")]
pub struct InvalidMode(&'static str);

impl Mode {
    /// What stands before the names of folders and files that are no ceremony's.
    pub const MARK: &'static str = "REHEARSAL-";

    /// Whether it is practice: nothing of it may pass for a ceremony's.
    #[must_use]
    pub const fn is_practice(&self) -> bool {
        match self {
            Self::Ceremony | Self::Unattended => false,
            Self::Rehearsal | Self::Drill(_) => true,
        }
    }

    /// What stands before the names of folders and files: empty, or [`Mode::MARK`].
    #[must_use]
    pub const fn mark(&self) -> &'static str {
        if self.is_practice() { Self::MARK } else { "" }
    }

    /// What stands before the namespace of a signature, so that none of practice passes for a ceremony's.
    #[must_use]
    pub const fn namespace_mark(&self) -> &'static str {
        if self.is_practice() { "rehearsal-" } else { "" }
    }
}

/// Its name, as in the transcript: `ceremony`, `unattended`, `rehearsal`, `drill:NAME`.
impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ceremony => f.pad("ceremony"),
            Self::Unattended => f.pad("unattended"),
            Self::Rehearsal => f.pad("rehearsal"),
            Self::Drill(name) => f.pad(&format!("drill:{name}")),
        }
    }
}

impl FromStr for Mode {
    type Err = InvalidMode;

    fn from_str(text: &str) -> Result<Self, InvalidMode> {
        match text {
            "ceremony" => Ok(Self::Ceremony),
            "unattended" => Ok(Self::Unattended),
            "rehearsal" => Ok(Self::Rehearsal),
            _ => match text.strip_prefix("drill:") {
                Some(name) => name.parse().map(Self::Drill),
                None => Err(InvalidMode("ceremony, unattended, rehearsal or drill:NAME")),
            },
        }
    }
}

impl TryFrom<String> for Mode {
    type Error = InvalidMode;

    fn try_from(text: String) -> Result<Self, InvalidMode> {
        text.parse()
    }
}

impl From<Mode> for String {
    fn from(mode: Mode) -> Self {
        mode.to_string()
    }
}

impl DrillName {
    /// Signs that it may have.
    const MAX: usize = 24; // with the rest of the banner it fits into 80 columns
}

impl FromStr for DrillName {
    type Err = InvalidMode;

    fn from_str(text: &str) -> Result<Self, InvalidMode> {
        let sign = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-';
        if (1..=Self::MAX).contains(&text.len()) && text.bytes().all(sign) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidMode("the name of a drill, 1 to 24 of a-z, 0-9 and -"))
    }
}

impl fmt::Display for DrillName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_is_read_as_it_is_written() {
        for text in ["ceremony", "unattended", "rehearsal", "drill:lost-officer-2"] {
            let mode: Mode = text.parse().unwrap();
            assert_eq!(mode.to_string(), text);
            let json = serde_json::to_string(&mode).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<Mode>(&json).unwrap(), mode);
        }
        let long = format!("drill:{}", "x".repeat(25));
        for text in ["", "Ceremony", "drill", "drill:", "drill:A", "drill:a b", "drill:a\n", "drill:a:b", &long] {
            assert!(text.parse::<Mode>().is_err(), "{text}");
            assert!(serde_json::from_str::<Mode>(&format!("{text:?}")).is_err(), "{text}");
        }
    }

    #[test]
    fn practice_is_marked_and_nothing_else_is() {
        for (text, marks) in [
            ("ceremony", ("", "")),
            ("unattended", ("", "")),
            ("rehearsal", ("REHEARSAL-", "rehearsal-")),
            ("drill:x", ("REHEARSAL-", "rehearsal-")),
        ] {
            let mode: Mode = text.parse().unwrap();
            assert_eq!((mode.mark(), mode.namespace_mark()), marks, "{text}");
        }
    }
}
