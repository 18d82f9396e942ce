//! What is left of a ceremony that was interrupted.

use super::{Audit, AuditVerdict, FINGERPRINT, PublicKey, Remarks, chain, names};
use crate::dns::{Sha256Digest, sha256};
use crate::steps::{Mode, Verdict};
use crate::transcript::{Body, Entry, Files, JournalHead, Namespace, json};

const CHAIN: &str = "AUDIT-CHAIN";
const HEAD: &str = "AUDIT-JOURNAL";
const FILES: &str = "AUDIT-FILES";
const SEAL: &str = "AUDIT-SEAL";
const SIGNED: &str = "AUDIT-SIGNED";

/// Files that a journal may have.
const KNOWN: [&str; 4] = [names::TRANSCRIPT, names::JOURNAL_HEAD, names::ALLOWED_SIGNERS, names::KEY_PEM];

/// What the name of a file ends with while it is written; a crash may leave one.
const UNFINISHED: &str = ".new";

/// Whether a journal may have this file, whole or as a crash left it.
fn is_known(path: &str) -> bool {
    KNOWN.contains(&path.strip_suffix(UNFINISHED).unwrap_or(path))
}

/// Whether these files are a journal: a transcript without sums, and nothing that only a record has.
pub(super) fn is_journal(files: &Files) -> bool {
    files.contains_key(names::JOURNAL_HEAD)
        || files.contains_key(names::TRANSCRIPT) && files.keys().all(|path| is_known(path))
}

pub(super) fn audit(files: &Files, expected: Option<Sha256Digest>) -> Audit {
    let mut remarks = Remarks::new();
    if let Some(expected) = expected {
        let message = "a journal has no fingerprint: only a sealed transcript has one on paper";
        remarks.fail(FINGERPRINT, names::TRANSCRIPT, message, expected, "none");
    }
    for path in files.keys().filter(|path| !is_known(path)) {
        remarks.fail(FILES, path, "no journal has such a file", "none", "a file");
    }
    for path in files.keys().filter(|path| is_known(path) && path.ends_with(UNFINISHED)) {
        remarks.warn(FILES, format!("{path}: it was being written when the ceremony was interrupted; it is left out"));
    }
    let octets = files.get(names::TRANSCRIPT).map(Vec::as_slice).unwrap_or_default();
    let (entries, fault) = chain::read_good(octets, Sha256Digest::ZERO);
    if entries.is_empty() {
        remarks.fail(CHAIN, names::TRANSCRIPT, "it has no good entry", "entries", "none");
    }
    if let Some(fault) = fault {
        // A crash may cut the last line; whether more than that is damaged, the signed head tells.
        remarks.warn(CHAIN, format!("{}: {fault}; entries before it are good", names::TRANSCRIPT));
    }
    remarks.pass(CHAIN, &format!("{} entries, each bound to the one before it", entries.len()));
    if let Some(seal) = entries.iter().find(|entry| matches!(entry.body, Body::Seal(_))) {
        // The last flush of a journal comes before the seal.
        let message = "the ceremony was sealed, so this is no journal: the other files of its record are missing";
        remarks.fail(SEAL, names::TRANSCRIPT, message, "no seal, or a whole record", format!("entry {}", seal.seq));
    }
    let signed = check_head(files, octets, &entries, &mut remarks);
    tell_signed(&entries, &mut remarks);
    let findings = remarks.finish();
    let failed = findings.iter().any(|finding| finding.verdict == Verdict::Fail);
    let verdict = match (failed, signed) {
        (true, _) => AuditVerdict::Failed,
        (false, true) => AuditVerdict::Interrupted,
        (false, false) => AuditVerdict::Unsigned,
    };
    Audit { verdict, findings, fingerprint: Some(sha256(octets)), entries, state: None }
}

/// Checks the head, and tells whether it signs any entries.
fn check_head(files: &Files, octets: &[u8], entries: &[Entry], remarks: &mut Remarks) -> bool {
    let opened = entries.first().and_then(super::opened);
    let key = opened.and_then(|opened| PublicKey::from_base64(&opened.ceremony_key).ok().zip(Some(&opened.mode)));
    let Some((key, mode)) = key else {
        remarks.skip(HEAD, "the first entry, which names the key, cannot be read");
        return false;
    };
    let forms = [(names::KEY_PEM, key.pem()), (names::ALLOWED_SIGNERS, key.allowed_signers(mode))];
    for (path, expected) in forms {
        if files.contains_key(path) {
            remarks.same(HEAD, path, files.get(path), expected.as_bytes());
        }
    }
    let Some(head) = files.get(names::JOURNAL_HEAD) else {
        // A crash leaves that only before the head was first put onto the medium.
        remarks.warn(HEAD, format!("{} is missing: no entry is signed", names::JOURNAL_HEAD));
        return false;
    };
    let Some(head) = read_head(head, &key, mode) else {
        let message = "it is no head signed by the ceremony key";
        remarks.fail(HEAD, names::JOURNAL_HEAD, message, "a line and its signature", "something else");
        return false;
    };
    let lines = octets.split_inclusive(|octet| *octet == b'\n');
    let signed: Vec<u8> = lines.take(usize::try_from(head.entries).unwrap_or(usize::MAX)).flatten().copied().collect();
    let (count, found) = (entries.len() as u64, sha256(&signed));
    if count < head.entries || found != head.fingerprint {
        let message = format!("the first {} entries are not those that were signed", head.entries);
        remarks.fail(HEAD, names::TRANSCRIPT, &message, head.fingerprint, found);
    } else if count > head.entries {
        remarks.warn(HEAD, format!("entries after number {} are not signed yet", head.entries));
    }
    remarks.pass(HEAD, &format!("{} entries are signed", head.entries));
    head.entries > 0
}

/// What the token has signed, and what it may have: whoever goes on must know.
fn tell_signed(entries: &[Entry], remarks: &mut Remarks) {
    let signed = entries.iter().rev().find_map(|entry| match &entry.body {
        Body::Signed(batch) => Some(batch.to),
        _ => None,
    });
    let announced = entries.iter().rev().find_map(|entry| match &entry.body {
        Body::Signing(batch) => Some((batch.from, batch.to)),
        _ => None,
    });
    let signed = signed.unwrap_or(0);
    match announced {
        None => remarks.pass(SIGNED, "no signature was announced"),
        Some((from, to)) if to > signed => remarks.warn(
            SIGNED,
            format!("signatures 1 to {signed} were made and entered; those numbered {from} to {to} were announced, and some may have been made"),
        ),
        Some(_) => remarks.warn(SIGNED, format!("signatures 1 to {signed} were made and entered")),
    }
}

fn read_head(octets: &[u8], key: &PublicKey, mode: &Mode) -> Option<JournalHead> {
    let end = octets.iter().position(|octet| *octet == b'\n')? + 1;
    let (line, signature) = octets.split_at_checked(end)?;
    key.verify_sshsig(Namespace::Journal, mode, line, signature).ok()?;
    json::from_canonical(line.strip_suffix(b"\n")?, "the head of a journal").ok()
}
