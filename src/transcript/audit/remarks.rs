//! What an audit has to say.

use std::fmt::Display;

use crate::dns::sha256;
use crate::policy::Finding;
use crate::steps::Verdict;
use crate::transcript::SignatureError;

/// A place in the record, with whatever is not printable ASCII escaped. A backslash stays single: the names of files were
/// escaped when the record was read.
fn place(file: &str) -> String {
    let mut shown = String::new();
    for sign in file.chars() {
        match sign {
            ' '..='~' => shown.push(sign),
            _ => shown.extend(sign.escape_unicode()),
        }
    }
    shown
}

/// Findings in the order in which they are made.
pub(super) struct Remarks(Vec<Finding>);

impl Remarks {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn finish(self) -> Vec<Finding> {
        self.0
    }

    /// A failure; `file` names the place in the record.
    pub(super) fn fail(&mut self, check: &str, file: &str, message: &str, expected: impl Display, found: impl Display) {
        self.push(check, Verdict::Fail, format!("{}: {message}", place(file)));
        if let Some(finding) = self.0.last_mut() {
            finding.expected = Some(expected.to_string());
            finding.found = Some(found.to_string());
        }
    }

    /// A signature that does not hold: its form is wrong, or it and its file do not belong together.
    pub(super) fn unsigned(&mut self, check: &str, file: &str, signature: &str, error: SignatureError) {
        match error {
            SignatureError::Signature => {
                let both = format!("{file}, {signature}");
                self.fail(check, &both, "they do not belong together", "a signature over this file", error);
            }
            SignatureError::Form | SignatureError::Key => {
                let expected = "a signature by the ceremony key in its namespace";
                self.fail(check, signature, &format!("it does not sign {file}"), expected, "something else");
            }
        }
    }

    /// A check that could not be made.
    pub(super) fn skip(&mut self, check: &str, reason: &str) {
        self.push(check, Verdict::Skipped, "not checked".to_owned());
        if let Some(finding) = self.0.last_mut() {
            finding.reason = Some(reason.to_owned());
        }
    }

    /// Something to know that speaks neither for nor against the record.
    pub(super) fn warn(&mut self, check: &str, message: String) {
        self.push(check, Verdict::Warn, message);
    }

    /// A check that passes, unless it has said something already.
    pub(super) fn pass(&mut self, check: &str, message: &str) {
        if !self.0.iter().any(|finding| finding.check == check && finding.verdict != Verdict::Warn) {
            self.push(check, Verdict::Pass, message.to_owned());
        }
    }

    /// Compares a file with what it must be, octet by octet.
    pub(super) fn same(&mut self, check: &str, file: &str, found: Option<&Vec<u8>>, expected: &[u8]) {
        let Some(found) = found else {
            self.fail(check, file, "it is missing", format!("{} octets", expected.len()), "none");
            return;
        };
        if found == expected {
            return;
        }
        let place = expected.iter().zip(found).take_while(|(expected, found)| expected == found).count();
        let message = format!("it differs from octet {place} on");
        let (expected, found) = (sha256(expected), sha256(found));
        self.fail(check, file, &message, format!("SHA-256 {expected}"), format!("SHA-256 {found}"));
    }

    fn push(&mut self, check: &str, verdict: Verdict, message: String) {
        self.0.push(Finding::new(check, verdict, message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_was_escaped_when_it_was_read_is_not_escaped_again() {
        let mut remarks = Remarks::new();
        remarks.fail("AUDIT-FILES", "\\xc3\\xbc.txt\u{1b}", "it is unknown", "no such file", "one");
        assert_eq!(remarks.finish()[0].message, "\\xc3\\xbc.txt\\u{1b}: it is unknown");
    }
}
