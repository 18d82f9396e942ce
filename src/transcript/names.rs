//! Names of folders and files in a record.

use crate::dns::{Name, Time, sha256};
use crate::steps::Mode;

/// The profile.
pub const PROFILE: &str = "profile.toml";
/// The plan.
pub const PLAN: &str = "plan.json";
/// What the next ceremony must know.
pub const STATE: &str = "state.json";
/// The transcript.
pub const TRANSCRIPT: &str = "transcript.jsonl";
/// SSHSIG over the transcript.
pub const TRANSCRIPT_SIG: &str = "transcript.jsonl.sig";
/// Raw signature over the transcript.
pub const TRANSCRIPT_RAW: &str = "transcript.jsonl.ed25519";
/// The ceremony's public key as PEM.
pub const KEY_PEM: &str = "ceremony.pem";
/// The ceremony's public key for `ssh-keygen`.
pub const ALLOWED_SIGNERS: &str = "allowed_signers";
/// The report.
pub const REPORT: &str = "report.txt";
/// The report as HTML.
pub const REPORT_HTML: &str = "report.html";
/// Sums over all files of the record.
pub const SUMS: &str = "SHA256SUMS";
/// SSHSIG over the sums.
pub const SUMS_SIG: &str = "SHA256SUMS.sig";
/// What happened while writing; outside of the sums.
pub const DELIVERY: &str = "delivery.jsonl";
/// SSHSIG over the delivery log.
pub const DELIVERY_SIG: &str = "delivery.jsonl.sig";
/// An empty file that stands in a record while its delivery log is written; its name is one entry on FAT.
pub const DELIVERING: &str = "DELIVERY.TMP";
/// The folder of signatures that witnesses add later; outside of the sums, and of all that is read of a record.
pub const COSIGNATURES: &str = "cosignatures";
/// The signed head of a journal.
pub const JOURNAL_HEAD: &str = "journal.head";
/// RRsets of a response in presentation format, in its job's folder.
pub const DNSKEY: &str = "dnskey.txt";

/// Octets that a part of a name may have; with the mark, time and prefix around it a name stays below 100.
const MAX_PART: usize = 64;

/// The name of a record's folder: `YYYYMMDDTHHMMSSZ-<zone or name>`, marked in a rehearsal.
///
/// One zone gives its own name, several that of the profile.
#[must_use]
pub fn record_name(mode: &Mode, opened_at: Time, zones: &[Name], profile_name: &str) -> String {
    let name = match zones {
        [zone] => bounded(zone.file_name()),
        _ => {
            bounded(file_name(&profile_name.to_ascii_lowercase(), |octet| octet.is_ascii_lowercase() || octet == b'.'))
        }
    };
    format!("{}{}-{name}", mode.mark(), opened_at.compact())
}

/// The folder of a job in the record, with its final slash: `jobs/01-example/`.
#[must_use]
pub fn job_folder(number: usize, zone: &Name) -> String {
    format!("jobs/{number:02}-{}/", bounded(zone.file_name()))
}

/// Where the files of one job lie in the record; no two of them meet, also where case does not count (FAT).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JobPaths {
    /// The request.
    pub request: String,
    /// The previous response.
    pub previous: String,
    /// The response.
    pub response: String,
    /// Name of the response on the request medium.
    pub response_file: String,
    /// The response's RRsets in presentation format.
    pub dnskey: String,
}

impl JobPaths {
    /// The paths for a request's and a previous response's file as their media name them.
    #[must_use]
    pub fn new(number: usize, zone: &Name, request_file: &str, previous_file: &str) -> Self {
        let folder = job_folder(number, zone);
        let request = request_name(request_file);
        let response_file = response_file_name(request_file);
        Self {
            previous: format!("{folder}previous-{}", safe_file_name(previous_file)),
            dnskey: format!("{folder}{DNSKEY}"),
            response: format!("{folder}{response_file}"),
            request: format!("{folder}{request}"),
            response_file,
        }
    }
}

/// The name of the response to a request: the first `ksr` becomes `skr`, in the same case; without one, `skr-` is put
/// before it.
#[must_use]
pub fn response_file_name(request_file: &str) -> String {
    let name = request_name(request_file);
    let lower = name.to_ascii_lowercase();
    let Some((before, after)) = lower.find("ksr").and_then(|at| name.split_at_checked(at)) else {
        return format!("skr-{name}");
    };
    let skr = if after.starts_with("KSR") { "SKR" } else { "skr" };
    format!("{before}{skr}{}", after.get(3..).unwrap_or_default())
}

/// A name from a medium with everything but `[A-Za-z0-9._-]` as `_XX`, without a leading dot, of bounded length.
#[must_use]
pub fn safe_file_name(name: &str) -> String {
    let safe = file_name(name, |octet| octet.is_ascii_alphanumeric() || octet == b'.' || octet == b'_');
    bounded(match safe.strip_prefix('.') {
        Some(rest) => format!("_2E{rest}"),
        None => safe,
    })
}

/// The name of a request in its job's folder: not one of the names that other files there have.
fn request_name(request_file: &str) -> String {
    let name = safe_file_name(request_file);
    let lower = name.to_ascii_lowercase();
    if lower.starts_with("previous-") || lower == DNSKEY { format!("ksr-{name}") } else { name }
}

fn file_name(name: &str, keep: impl Fn(u8) -> bool) -> String {
    let mut text = String::new();
    for octet in name.trim_end_matches('.').bytes() {
        if keep(octet) || octet.is_ascii_digit() || octet == b'-' {
            text.push(char::from(octet));
        } else {
            text.push_str(&format!("_{octet:02X}"));
        }
    }
    if text.is_empty() { "unnamed".to_owned() } else { text }
}

/// Cuts what is too long for FAT and puts the begin of its SHA-256 in place of the rest, so that names stay different.
fn bounded(name: String) -> String {
    if name.len() <= MAX_PART {
        return name;
    }
    let digest = sha256(name.as_bytes()).to_string();
    format!("{}-{}", name.get(..MAX_PART - 9).unwrap_or_default(), digest.get(..8).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn records_are_named_by_time_and_zone_or_profile() {
        let time: Time = "2026-11-22T03:00:00Z".parse().unwrap();
        let name = |mode, zones: &[Name]| record_name(&mode, time, zones, "Two zones.");
        assert_eq!(name(Mode::Ceremony, &[Name::root()]), "20261122T030000Z-root");
        assert_eq!(name(Mode::Rehearsal, &[zone("a_b.example.")]), "REHEARSAL-20261122T030000Z-a_5Fb.example");
        assert_eq!(name(Mode::Unattended, &[zone("a."), zone("b.")]), "20261122T030000Z-two_20zones");
        assert_eq!(job_folder(3, &Name::root()), "jobs/03-root/");
    }

    #[test]
    fn responses_are_named_after_their_requests() {
        assert_eq!(response_file_name("ksr-root-2017-q2-0.xml"), "skr-root-2017-q2-0.xml");
        assert_eq!(response_file_name("KSR.TXT"), "SKR.TXT");
        assert_eq!(response_file_name("example.ksr"), "example.skr");
        assert_eq!(response_file_name("keys.txt"), "skr-keys.txt");
    }

    #[test]
    fn names_from_media_become_harmless() {
        assert_eq!(safe_file_name("../a b\u{1b}.xml"), "_2E._2Fa_20b_1B.xml");
        assert_eq!(safe_file_name("é.."), "_C3_A9");
        assert_eq!(safe_file_name(""), "unnamed");
        let (long, other) = ("x".repeat(400), "x".repeat(401));
        assert_eq!(safe_file_name(&long).len(), 64);
        assert_ne!(safe_file_name(&long), safe_file_name(&other));
    }

    #[test]
    fn no_two_files_of_a_job_meet() {
        for request in ["ksr.txt", "previous-skr.txt", "DNSKEY.TXT", "skr.txt", "x", "", "Previous-KSR", "skr-ksr"] {
            for previous in ["skr.txt", "dnskey.txt", "", "ksr"] {
                let paths = JobPaths::new(1, &Name::root(), request, previous);
                let all = [paths.request, paths.previous, paths.response, paths.dnskey].map(|p| p.to_ascii_lowercase());
                for (index, path) in all.iter().enumerate() {
                    assert!(!all[..index].contains(path), "{request} {previous}: {all:?}");
                }
            }
        }
    }
}
