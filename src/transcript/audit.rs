//! Judging a record from its files alone.
//!
//! Nothing that the record says of itself is taken for granted: sums, chain, seal and signatures are checked, then every
//! verdict is reached anew from profile, requests and responses, and every file that can be derived is made again and
//! compared octet by octet.

mod compared;
mod course;
mod delivery;
mod files;
mod journal;
mod judge;
mod remarks;
mod signatures;
#[cfg(test)]
mod tests;
mod time;
mod trail;

use std::collections::BTreeMap;
use std::fmt;

use super::{Body, Ending, Entry, Files, Head, Opened, PublicKey, Report, State, chain, names};
use crate::dns::{Sha256Digest, sha256};
use crate::policy::Finding;
use crate::steps::{Mode, Verdict};

use self::remarks::Remarks;
use self::trail::Trail;

/// What an audit says in one word.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AuditVerdict {
    /// Everything holds, and the fingerprint is that of the paper.
    Authentic,
    /// Everything holds together; whoever could replace all of it could have made another one.
    Consistent,
    /// The journal of a ceremony that did not come to its end, good as far as it is signed.
    Interrupted,
    /// The same, and nothing of it is signed: anybody may have written it.
    Unsigned,
    /// Something does not hold.
    Failed,
}

impl AuditVerdict {
    /// Whether a record of this verdict can be gone on from.
    #[must_use]
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Authentic | Self::Consistent)
    }

    /// Its name, as in transcripts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authentic => "authentic",
            Self::Consistent => "consistent",
            Self::Interrupted => "interrupted",
            Self::Unsigned => "unsigned",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for AuditVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The result of an audit.
#[derive(Clone, Debug)]
pub struct Audit {
    /// In one word.
    pub verdict: AuditVerdict,
    /// What each check says; every failure names its file, what was expected and what was found.
    pub findings: Vec<Finding>,
    /// The transcript's fingerprint; of a journal, the hash of what is there.
    pub fingerprint: Option<Sha256Digest>,
    /// The entries, as far as they are good.
    pub entries: Vec<Entry>,
    /// What the next ceremony must know, where the record has it.
    pub state: Option<State>,
}

impl Audit {
    /// Of a record whose files could not be read, for a reason that is its own.
    #[must_use]
    pub fn unread(transcript: Sha256Digest, why: Finding) -> Self {
        let (verdict, findings) = (AuditVerdict::Failed, vec![why]);
        Self { verdict, findings, fingerprint: Some(transcript), entries: Vec::new(), state: None }
    }

    /// How the ceremony ran, if the transcript says so.
    #[must_use]
    pub fn mode(&self) -> Option<&Mode> {
        self.entries.first().and_then(opened).map(|opened| &opened.mode)
    }

    /// How the ceremony ended, if it was sealed: `complete`, `refused` or `stopped`.
    #[must_use]
    pub fn outcome(&self) -> Option<&str> {
        self.entries.last().and_then(|entry| match &entry.body {
            Body::Seal(seal) => Some(seal.outcome.as_str()),
            _ => None,
        })
    }

    /// The failures.
    pub fn failures(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.verdict == Verdict::Fail)
    }

    /// The first line for people: how the ceremony ended where it is not complete, and what all of this is worth.
    #[must_use]
    pub fn headline(&self) -> String {
        let ending = match self.outcome().and_then(Ending::from_name) {
            Some(Ending::Stopped) => "STOPPED: ",
            Some(Ending::Refused) => "RESPONSES REFUSED: ",
            Some(Ending::Complete) | None => "",
        };
        let mark = match self.mode() {
            Some(Mode::Rehearsal) => "REHEARSAL: ".to_owned(),
            Some(Mode::Unattended) => "UNATTENDED: ".to_owned(),
            Some(Mode::Drill(name)) => format!("DRILL {name}: "),
            Some(Mode::Ceremony) | None => String::new(),
        };
        let text = match self.verdict {
            AuditVerdict::Authentic => "AUTHENTIC: everything holds, and the fingerprint is that of the paper",
            AuditVerdict::Consistent => {
                "NOT ANCHORED: consistent with itself; give the fingerprint from a witness's paper to know more"
            }
            AuditVerdict::Interrupted => {
                "INTERRUPTED: the journal of a ceremony that did not come to its end; it is good as far as it is signed"
            }
            AuditVerdict::Unsigned => {
                "INTERRUPTED, NOT SIGNED: it looks like a journal's beginning, and anybody may have written it"
            }
            AuditVerdict::Failed if self.fingerprint.is_none() => "FAILED: this is no record, there is no transcript",
            AuditVerdict::Failed => "FAILED: this is not what it says it is",
        };
        format!("{mark}{ending}{text}")
    }

    /// In one line: the headline, and the first failure.
    #[must_use]
    pub fn summary(&self) -> String {
        let first = self.failures().next().map(|finding| format!("; {finding}"));
        self.headline() + &first.unwrap_or_default()
    }

    /// All of it for people: the headline, and every finding but those that pass.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.headline()];
        let loud = self.findings.iter().filter(|finding| finding.verdict != Verdict::Pass);
        lines.extend(loud.map(ToString::to_string));
        lines
    }
}

/// Judges a record, or what is left of one, from its files by path.
///
/// `expected` is the fingerprint from paper; `report` makes the report of a transcript; signatures are verified on
/// `threads` threads.
#[must_use]
pub fn audit(
    files: &Files,
    expected: Option<Sha256Digest>,
    threads: usize,
    report: impl Fn(&[Entry]) -> Report,
) -> Audit {
    if journal::is_journal(files) {
        return journal::audit(files, expected);
    }
    let mut remarks = Remarks::new();
    let state = files.get(names::STATE).and_then(|octets| State::read(octets).ok());
    let fingerprint = files.get(names::TRANSCRIPT).map(|octets| sha256(octets));
    let entries = read_chain(files, &mut remarks);
    let trail = Trail::new(&entries);
    files::check(files, &entries, &trail, &mut remarks);
    let key = signatures::check(files, &trail, &mut remarks);
    if entries.is_empty() {
        remarks.skip("AUDIT-COURSE", "there are no entries to judge");
    } else {
        course::check(&entries, &trail, &mut remarks);
        time::check(&entries, &trail, &mut remarks);
        judge::check(files, &trail, threads, &mut remarks);
        check_report(files, &entries, report, &mut remarks);
    }
    delivery::check(files, &trail, key, fingerprint, &mut remarks);
    check_fingerprint(expected, fingerprint, &mut remarks);
    let findings = remarks.finish();
    let failed = findings.iter().any(|finding| finding.verdict == Verdict::Fail);
    let verdict = match (failed, expected) {
        (true, _) => AuditVerdict::Failed,
        (false, Some(_)) => AuditVerdict::Authentic,
        (false, None) => AuditVerdict::Consistent,
    };
    Audit { verdict, findings, fingerprint, entries, state }
}

/// Whether the record that a ceremony names as its predecessor is this one.
///
/// `entries` are those of the later ceremony. The finding fails where it named another one, or none.
#[must_use]
pub fn check_previous(entries: &[Entry], previous: &Audit) -> Vec<Finding> {
    const CHECK: &str = "AUDIT-PREVIOUS";
    let mut remarks = Remarks::new();
    // The last word counts: whoever named a record may have gone back and declared that there is none.
    let named = entries.iter().fold(None, |named, entry| match &entry.body {
        Body::PreviousRecord(record) => Some(record),
        Body::First(first) if first.subject == "record" => None,
        _ => named,
    });
    let found = previous.fingerprint.map_or_else(|| "no transcript".to_owned(), |digest| digest.to_string());
    let later = entries.first().and_then(opened).map(|opened| &opened.mode);
    if let (Some(later), Some(before)) = (later, previous.mode())
        && before.is_practice()
        && !later.is_practice()
    {
        remarks.fail(CHECK, names::TRANSCRIPT, "no ceremony goes on from practice", "a ceremony", before);
    }
    match named {
        None => remarks.fail(CHECK, names::TRANSCRIPT, "no previous record is named", "one", "none"),
        Some(record) => {
            if Some(record.fingerprint) != previous.fingerprint {
                remarks.fail(CHECK, names::TRANSCRIPT, "it names another record", record.fingerprint, found);
            }
            let heads = previous.state.as_ref().map(|state| state.zones.clone()).unwrap_or_default();
            if heads != record.heads {
                let (expected, found) = (listed(&record.heads), listed(&heads));
                remarks.fail(CHECK, names::STATE, "the last responses are others", expected, found);
            }
        }
    }
    remarks.pass(CHECK, "the record before this one is the one that it names");
    remarks.finish()
}

fn opened(entry: &Entry) -> Option<&Opened> {
    match &entry.body {
        Body::Opened(opened) => Some(opened),
        _ => None,
    }
}

fn listed(heads: &BTreeMap<String, Head>) -> String {
    let line = |(zone, head): (&String, &Head)| format!("{} {}", zone.escape_debug(), head.sha256);
    let lines: Vec<String> = heads.iter().map(line).collect();
    if lines.is_empty() { "none".to_owned() } else { lines.join(", ") }
}

fn read_chain(files: &Files, remarks: &mut Remarks) -> Vec<Entry> {
    const CHECK: &str = "AUDIT-CHAIN";
    let Some(octets) = files.get(names::TRANSCRIPT) else {
        remarks.fail(CHECK, names::TRANSCRIPT, "it is missing", "a transcript", "none");
        return Vec::new();
    };
    let (entries, fault) = chain::read_good(octets, Sha256Digest::ZERO);
    if let Some(fault) = fault {
        let place = format!("line {} is wrong", fault.line);
        remarks.fail(CHECK, names::TRANSCRIPT, &place, fault.expected, fault.found);
    }
    if entries.is_empty() {
        remarks.fail(CHECK, names::TRANSCRIPT, "it has no good entry", "entries", "none");
    }
    remarks.pass(CHECK, &format!("{} entries, each bound to the one before it", entries.len()));
    entries
}

fn check_report(files: &Files, entries: &[Entry], report: impl Fn(&[Entry]) -> Report, remarks: &mut Remarks) {
    const CHECK: &str = "AUDIT-REPORT";
    let Report { text, html } = report(entries);
    remarks.same(CHECK, names::REPORT, files.get(names::REPORT), text.as_bytes());
    remarks.same(CHECK, names::REPORT_HTML, files.get(names::REPORT_HTML), html.as_bytes());
    remarks.pass(CHECK, "the report is what the transcript makes of it");
}

const FINGERPRINT: &str = "AUDIT-FINGERPRINT";

fn check_fingerprint(expected: Option<Sha256Digest>, found: Option<Sha256Digest>, remarks: &mut Remarks) {
    const CHECK: &str = FINGERPRINT;
    match (expected, found) {
        (None, _) => remarks.skip(CHECK, "no fingerprint from paper was given"),
        (Some(expected), Some(found)) if expected == found => {}
        (Some(expected), Some(found)) => {
            remarks.fail(CHECK, names::TRANSCRIPT, "the fingerprint is not that of the paper", expected, found);
        }
        (Some(expected), None) => remarks.fail(CHECK, names::TRANSCRIPT, "it is missing", expected, "none"),
    }
    remarks.pass(CHECK, "the fingerprint is that of the paper");
}
