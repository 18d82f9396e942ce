//! A record: the sealed files, the transcript, and everything that binds them.

use std::collections::BTreeMap;

use super::names;
use super::{Body, CeremonyKey, Chain, Entry, JsonError, Namespace, Seal, json};
use crate::dns::{Sha256Digest, sha256};
use crate::steps::{Actor, Mode, Moment, Step};

/// Octets that all files of a record may have together, with what is added to it later: 128 MiB, a hundred times a large
/// one's. None that has more is read, and so none is made.
///
/// A record comes from a medium that anybody may have written, and the smallest machine has 256 MiB of memory.
pub const MAX_RECORD: u64 = 128 << 20;

/// Files by path in the record, `/` between folders; a folder that nothing is in has a `/` at the end, and no octets.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The report of a transcript for people, in both its forms.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// `report.txt`.
    pub text: String,
    /// `report.html`.
    pub html: String,
}

/// How a ceremony ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// Everything planned was done and accepted.
    Complete,
    /// Responses were made and refused.
    Refused,
    /// People stopped it.
    Stopped,
}

impl Ending {
    /// Its name, as in the seal.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Refused => "refused",
            Self::Stopped => "stopped",
        }
    }

    /// The ending of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Complete, Self::Refused, Self::Stopped].into_iter().find(|ending| ending.name() == name)
    }
}

/// A record, ready to be written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SealedRecord {
    /// Every file by path.
    pub files: Files,
    /// The transcript's fingerprint: what goes onto paper.
    pub fingerprint: Sha256Digest,
    /// SHA-256 of `SHA256SUMS`: what a delivery log names a record by.
    pub sums_sha256: Sha256Digest,
}

impl SealedRecord {
    /// Octets of all files.
    #[must_use]
    pub fn octets(&self) -> u64 {
        self.files.values().map(|octets| octets.len() as u64).sum()
    }
}

/// Appends the seal, signs the transcript, and puts the record together.
///
/// `sealed` are the files that the seal binds; `report` makes the report from all entries, the seal included.
///
/// # Errors
/// [`JsonError`] if a path is not printable ASCII. The chain is as before then.
pub fn seal(
    chain: &mut Chain,
    key: &CeremonyKey,
    mode: &Mode,
    sealed: Files,
    ending: Ending,
    moment: Moment,
    report: impl FnOnce(&[Entry]) -> Report,
) -> Result<SealedRecord, JsonError> {
    let seal = Seal {
        entries: u64::try_from(chain.entries().len()).unwrap_or(u64::MAX), // memory holds far fewer
        outcome: ending.name().to_owned(),
        files: sealed.iter().map(|(path, octets)| (path.clone(), sha256(octets))).collect(),
    };
    chain.append(moment, Step::Write, &Actor::Program, Body::Seal(seal))?;
    let transcript = chain.octets().to_vec();
    let public = key.public();
    let mut files = sealed;
    let mut add = |path: &str, octets: Vec<u8>| files.insert(path.to_owned(), octets);
    add(names::TRANSCRIPT_SIG, key.sshsig(Namespace::Transcript, mode, &transcript).into_bytes());
    add(names::TRANSCRIPT_RAW, key.raw(&transcript).to_vec());
    add(names::TRANSCRIPT, transcript);
    add(names::KEY_PEM, public.pem().into_bytes());
    add(names::ALLOWED_SIGNERS, public.allowed_signers(mode).into_bytes());
    let Report { text, html } = report(chain.entries());
    add(names::REPORT, text.into_bytes());
    add(names::REPORT_HTML, html.into_bytes());
    let sums = sums(&files).into_bytes();
    let sums_sha256 = sha256(&sums);
    files.insert(names::SUMS_SIG.to_owned(), key.sshsig(Namespace::Record, mode, &sums).into_bytes());
    files.insert(names::SUMS.to_owned(), sums);
    Ok(SealedRecord { files, fingerprint: chain.fingerprint(), sums_sha256 })
}

/// What two people confirm at `review`: the SHA-256 of the one response, or that of the list of several, by their names
/// on the request medium, as `sha256sum` prints it.
#[must_use]
pub fn responses_digest(responses: &[(Sha256Digest, &str)]) -> Sha256Digest {
    match responses {
        [(only, _)] => *only,
        several => {
            let lines = several.iter().map(|(digest, file)| format!("{digest}  {file}\n"));
            sha256(lines.collect::<String>().as_bytes())
        }
    }
}

/// `SHA256SUMS` over files in the order of their paths, as `sha256sum` writes it.
#[must_use]
pub fn sums<'a>(files: impl IntoIterator<Item = (&'a String, &'a Vec<u8>)>) -> String {
    files.into_iter().map(|(path, octets)| format!("{}  {path}\n", sha256(octets))).collect()
}

/// `delivery.jsonl` and its signature, for the folder of a record.
#[must_use]
pub fn delivery(log: &Chain, key: &CeremonyKey, mode: &Mode) -> Files {
    let signature = key.sshsig(Namespace::Delivery, mode, log.octets()).into_bytes();
    [(names::DELIVERY.to_owned(), log.octets().to_vec()), (names::DELIVERY_SIG.to_owned(), signature)].into()
}

/// What the head of a journal says.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct JournalHead {
    /// Lines that it binds.
    pub entries: u64,
    /// SHA-256 of those lines.
    pub fingerprint: Sha256Digest,
}

impl JournalHead {
    /// `journal.head`: one line of canonical JSON, then an SSHSIG over that line with its line end.
    ///
    /// It is one file, so that a crash leaves the old one or the new one and never half of each.
    ///
    /// # Errors
    /// [`JsonError`] never happens for a chain that fits into memory.
    pub fn write(chain: &Chain, key: &CeremonyKey, mode: &Mode) -> Result<Vec<u8>, JsonError> {
        let entries = u64::try_from(chain.entries().len()).unwrap_or(u64::MAX);
        let mut octets = json::to_canonical(&Self { entries, fingerprint: chain.fingerprint() })?;
        octets.push(b'\n');
        let signature = key.sshsig(Namespace::Journal, mode, &octets);
        octets.extend_from_slice(signature.as_bytes());
        Ok(octets)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Note;
    use super::*;

    fn record() -> SealedRecord {
        let mut chain = Chain::new();
        let moment = Moment { time: "2026-11-22T03:00:00Z".parse().unwrap(), uptime: 5 };
        let note = Body::Paused(Note { note: "x".to_owned() });
        chain.append(moment, Step::Open, &Actor::Program, note).unwrap();
        let key = CeremonyKey::from_seed(&[1; 32]);
        let sealed = [("profile.toml".to_owned(), b"x".to_vec())].into();
        let report =
            |entries: &[Entry]| Report { text: format!("{} entries\n", entries.len()), html: "<p>".to_owned() };
        seal(&mut chain, &key, &Mode::Ceremony, sealed, Ending::Complete, moment, report).unwrap()
    }

    #[test]
    fn the_sums_name_every_other_file() {
        let record = record();
        let sums = String::from_utf8(record.files["SHA256SUMS"].clone()).unwrap();
        for (path, octets) in record.files.iter().filter(|(path, _)| !path.starts_with("SHA256SUMS")) {
            let line = format!("{}  {path}\n", sha256(octets));
            assert!(sums.contains(&line), "{path}");
        }
        assert_eq!(sums.lines().count() + 2, record.files.len());
    }

    #[test]
    fn the_seal_counts_the_entries_before_it_and_binds_every_sealed_file() {
        let record = record();
        let entries = super::super::read(&record.files["transcript.jsonl"], Sha256Digest::ZERO).unwrap();
        let Body::Seal(seal) = &entries[1].body else { panic!("no seal") };
        assert_eq!((seal.entries, seal.outcome.as_str()), (1, "complete"));
        assert_eq!(seal.files, [("profile.toml".to_owned(), sha256(b"x"))].into());
        assert_eq!(record.files["report.txt"], b"2 entries\n");
        assert_eq!(record.files["report.html"], b"<p>");
        assert_eq!(record.fingerprint, sha256(&record.files["transcript.jsonl"]));
    }
}
