//! What ends a command before its result: one form for all rooms' errors, for people and for JSON.

use std::fmt;

use serde::Serialize;

use crate::ceremony::TokenFault;
use crate::exchange::ReadError;
use crate::media::MediaError;
use crate::plan::PlanError;
use crate::profile::ProfileError;
use crate::quorum::QuorumError;
use crate::render::escape;
use crate::token::TokenError;

use super::input::MAX_SHOWN;

/// Exit status for wrong usage.
pub(super) const USAGE: u8 = 2;
/// Exit status for trouble with what is written.
pub(super) const MEDIA: u8 = 5;

/// What kind of thing is wrong; it decides the exit status.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// The arguments.
    Usage,
    /// A file or folder that is read.
    Input,
    /// The profile.
    Profile,
    /// The HSM, or a PIN.
    Token,
    /// A medium that is written.
    Media,
    /// This program.
    Internal,
}

/// Why a command has no result: what happened, where, expected, found, what to do.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub(super) struct CliError(Box<Parts>);

#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
struct Parts {
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<String>,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl CliError {
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            kind,
            file: None,
            line: None,
            column: None,
            field: None,
            expected: None,
            found: None,
            message: message.into(),
            advice: None,
        }))
    }

    /// Wrong arguments.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Something that cannot be read.
    pub(super) fn input(message: impl Into<String>) -> Self {
        Self::new(Kind::Input, message)
    }

    /// A defect of this program, or a computer without what every computer has.
    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::new(Kind::Internal, message).advice("report this with the program's version")
    }

    /// A medium that cannot be written, or a folder that cannot be made.
    pub(super) fn media(message: impl Into<String>) -> Self {
        Self::new(Kind::Media, message)
    }

    /// The token, or a PIN.
    pub(super) fn token(message: impl Into<String>) -> Self {
        Self::new(Kind::Token, message)
    }

    /// A document that is none.
    pub(super) fn document(file: &str, error: ReadError) -> Self {
        let ReadError { line, column, field, expected, found } = error;
        let mut made = Self::input("this is no request or response that can be read");
        (made.0.line, made.0.column) = (line, column);
        let made = made.file(file).field(field).expected(expected).found(found);
        made.advice("ask its maker for another copy; nothing in it is guessed")
    }

    /// A profile that is none.
    pub(super) fn profile(file: &str, error: ProfileError) -> Self {
        let ProfileError { line, column, field, expected, found, message, advice } = error;
        let mut made = Self::new(Kind::Profile, message);
        (made.0.line, made.0.column) = (Some(line), Some(column));
        let made = if field.is_empty() { made } else { made.field(field) };
        made.file(file).expected(expected).found(found).advice(advice)
    }

    /// The same about the profile, which cannot even be read.
    pub(super) fn of_profile(mut self) -> Self {
        self.0.kind = Kind::Profile;
        self
    }

    /// A share file that is none, or an officer's PIN that does not open it.
    pub(super) fn quorum(file: &str, error: &QuorumError) -> Self {
        let secret = matches!(error, QuorumError::WrongPin { .. } | QuorumError::TooFew { .. } | QuorumError::Unseal);
        Self::new(if secret { Kind::Token } else { Kind::Input }, error.to_string()).file(file)
    }

    /// A plan that the arguments make impossible; `None` where it is for the profile and the request to be judged.
    pub(super) fn choice(error: &PlanError) -> Option<Self> {
        let made = Self::usage(error.to_string());
        match error {
            PlanError::Schema { known, found, .. } => Some(made.field("--schema").expected(known).found(found)),
            PlanError::NoSchemas { schema, .. } => Some(made.field("--schema").expected("none").found(schema)),
            PlanError::NoUntil { until, .. } => Some(made.field("--until").expected("none").found(until.to_string())),
            _ => None,
        }
    }

    /// The same with the file concerned, as programs take it; people are shown it escaped.
    pub(super) fn file(mut self, file: impl Into<String>) -> Self {
        self.0.file = Some(file.into());
        self
    }

    /// The same with the line concerned, from 1.
    pub(super) fn line(mut self, line: u64) -> Self {
        self.0.line = u32::try_from(line).ok();
        self
    }

    /// The same with the argument or key concerned.
    pub(super) fn field(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// The same with what should be.
    pub(super) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.0.expected = Some(expected.into());
        self
    }

    /// The same with what is.
    pub(super) fn found(mut self, found: impl Into<String>) -> Self {
        self.0.found = Some(found.into());
        self
    }

    /// The same with what to do.
    pub(super) fn advice(mut self, advice: impl Into<String>) -> Self {
        self.0.advice = Some(advice.into());
        self
    }

    /// The exit status of the design.
    pub(super) fn exit_code(&self) -> u8 {
        match self.0.kind {
            Kind::Usage => USAGE,
            Kind::Input | Kind::Profile => 3,
            Kind::Token => 4,
            Kind::Media => MEDIA,
            Kind::Internal => 70,
        }
    }
}

/// Something that cannot be read: to a command, what it reads is input wherever it lies.
pub(super) fn unreadable(file: &str, error: &MediaError) -> CliError {
    let (message, expected, found) = match error {
        MediaError::Gone { .. } => ("it is not there any more", "a medium".to_owned(), "none".to_owned()),
        MediaError::Missing { .. } => ("there is nothing of this name", "a file".to_owned(), "nothing".to_owned()),
        MediaError::TooLarge { limit, found, .. } => {
            ("it is too large", format!("at most {limit} octets"), format!("{found} octets or more"))
        }
        MediaError::TooMany { limit, .. } => {
            ("there is too much in it", format!("at most {limit} entries or levels of folders"), "more".to_owned())
        }
        MediaError::WrongKind { expected, found, .. } => {
            ("it is something else", format!("a {expected}"), format!("a {found}"))
        }
        MediaError::Name { name, fault } => {
            ("the name is not allowed", "a plain name".to_owned(), format!("`{name}`: {fault}"))
        }
        MediaError::Io { reason, .. } => ("it cannot be read", "a file that may be read".to_owned(), reason.clone()),
        // Only writing ends in these.
        MediaError::Full { .. }
        | MediaError::ReadOnly { .. }
        | MediaError::Exists { .. }
        | MediaError::Differs { .. } => ("it cannot be read", "a file that may be read".to_owned(), error.to_string()),
    };
    CliError::input(message).file(file).expected(expected).found(found).advice(error.advice())
}

/// A medium that cannot be written.
impl From<MediaError> for CliError {
    fn from(error: MediaError) -> Self {
        Self::new(Kind::Media, error.to_string()).advice(error.advice())
    }
}

impl From<TokenFault> for CliError {
    fn from(fault: TokenFault) -> Self {
        let mut made = Self::new(Kind::Token, fault.message);
        (made.0.expected, made.0.found) = (fault.expected, fault.found);
        made
    }
}

impl From<TokenError> for CliError {
    fn from(error: TokenError) -> Self {
        let made = Self::new(Kind::Token, error.to_string());
        let made = match error.expected_and_found() {
            Some((expected, found)) => made.expected(expected).found(found),
            None => made,
        };
        match error {
            TokenError::PinIncorrect { .. } | TokenError::PinUnfit { .. } => {
                made.advice("check which PIN belongs to this token; nothing is tried again by itself")
            }
            TokenError::Module { .. } => made.field("hsm.module"),
            _ => made,
        }
    }
}

/// `claviger: file:3:9: field: message`, then expected, found and what to do, each on a line of its own.
impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("claviger: ")?;
        if let Some(file) = &self.0.file {
            // A backslash stays single: what comes from a medium was escaped there.
            f.write_str(&escape(file, MAX_SHOWN).replace("\\\\", "\\"))?;
            for number in [self.0.line, self.0.column].into_iter().flatten() {
                write!(f, ":{number}")?;
            }
            f.write_str(": ")?;
        }
        if let Some(field) = &self.0.field {
            write!(f, "{field}: ")?;
        }
        writeln!(f, "{}", self.0.message)?;
        let rest = [("expected", &self.0.expected), ("found", &self.0.found), ("to do", &self.0.advice)];
        for (name, text) in rest {
            if let Some(text) = text {
                writeln!(f, "  {name:<9} {text}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{self, Limits};

    #[test]
    fn says_what_happened_where_expected_found_and_what_to_do() {
        let error = exchange::read(b"<KSR>\n<x></KSR>", &Limits::default()).unwrap_err();
        let error = CliError::document("q2/ksr.xml", error);
        let text = error.to_string();
        assert!(text.starts_with("claviger: q2/ksr.xml:2:"), "{text}");
        for part in ["\n  expected ", "\n  found ", "\n  to do "] {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(error.exit_code(), 3);
        let text = CliError::internal("there is no randomness").to_string();
        assert!(!text.contains("written"), "whether something was, it does not know: {text}");
    }

    #[test]
    fn every_kind_has_the_exit_status_of_the_design() {
        let code = |kind| CliError::new(kind, "").exit_code();
        let kinds = [Kind::Usage, Kind::Input, Kind::Profile, Kind::Token, Kind::Media, Kind::Internal];
        assert_eq!(kinds.map(code), [2, 3, 3, 4, 5, 70]);
        assert_eq!(CliError::from(TokenError::NotOpen).exit_code(), 4);
        assert_eq!(CliError::from(MediaError::ReadOnly { volume: "A".to_owned() }).exit_code(), 5);
    }
}
