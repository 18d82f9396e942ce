//! What is wrong with a profile, and where.

use std::fmt;

use thiserror::Error;

/// Why a text is no profile: place, expected, found, and what to do next.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub struct ProfileError {
    /// The line, from 1; for something missing, the line of the table that lacks it.
    pub line: u32,
    /// The character within the line, from 1.
    pub column: u32,
    /// The key's path, as `zones."example.".keys.ksk.dnskey`; empty where the text is no TOML.
    pub field: String,
    /// What should stand there.
    pub expected: String,
    /// What stands there.
    pub found: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub advice: &'static str,
}

/// `line 3, column 9, hsm.login: message (expected …; found …); advice`.
impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)?;
        if !self.field.is_empty() {
            write!(f, ", {}", self.field)?;
        }
        write!(f, ": {} (expected {}; found {}); {}", self.message, self.expected, self.found, self.advice)
    }
}

/// A text of the profile for an error: in backticks, control characters escaped, at most 60 characters.
pub(super) fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    if text.chars().nth(60).is_some() {
        short.push('…');
    }
    format!("`{short}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_place_expected_found_and_what_to_do() {
        let error = ProfileError {
            line: 3,
            column: 9,
            field: "hsm.login".to_owned(),
            expected: "pin".to_owned(),
            found: quoted("p\u{1b}in"),
            message: "no such way to log in".to_owned(),
            advice: "choose one",
        };
        let text = "line 3, column 9, hsm.login: no such way to log in (expected pin; found `p\\u{1b}in`); choose one";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(quoted(&"é".repeat(61)), format!("`{}…`", "é".repeat(60)));
        assert_eq!(quoted(&"é".repeat(60)), format!("`{}`", "é".repeat(60)));
    }
}
