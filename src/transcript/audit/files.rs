//! Files: known, summed, sealed.

use std::collections::{BTreeMap, BTreeSet};

use super::{Remarks, Trail, delivery};
use crate::dns::{Sha256Digest, sha256};
use crate::transcript::{Body, Ending, Entry, Files, Opened, names, sums};

const FILES: &str = "AUDIT-FILES";
const SUMS: &str = "AUDIT-SUMS";
const SEAL: &str = "AUDIT-SEAL";

/// Files that every record has besides the sealed ones, with `SHA256SUMS` over them.
const BINDING: [&str; 7] = [
    names::TRANSCRIPT,
    names::TRANSCRIPT_SIG,
    names::TRANSCRIPT_RAW,
    names::KEY_PEM,
    names::ALLOWED_SIGNERS,
    names::REPORT,
    names::REPORT_HTML,
];

/// The files of a record that its sums are over.
type Inside<'a> = BTreeMap<&'a String, &'a Vec<u8>>;

/// Whether a file stands outside of the sums: theirs, and what comes later.
fn outside(path: &str, undelivered: bool) -> bool {
    [names::SUMS, names::SUMS_SIG].contains(&path)
        || delivery::is_of_it(path, undelivered)
        || path.split_once('/').is_some_and(|(folder, _)| folder == names::COSIGNATURES)
}

/// Whether this is a folder, which has a path of its own only where nothing is in it.
fn is_bare(path: &str) -> bool {
    path.ends_with('/')
}

pub(super) fn check(files: &Files, entries: &[Entry], trail: &Trail<'_>, remarks: &mut Remarks) {
    let (required, admitted) = expected(trail);
    for path in BINDING.into_iter().chain([names::SUMS, names::SUMS_SIG]).chain(required.iter().map(String::as_str)) {
        if !files.contains_key(path) {
            remarks.fail(FILES, path, "it is missing", "a file", "none");
        }
    }
    let undelivered = delivery::is_unfinished(files);
    let known = |path: &str| BINDING.contains(&path) || outside(path, undelivered) || admitted.contains(path);
    for path in files.keys().filter(|path| is_bare(path) && !outside(path, undelivered)) {
        remarks.fail(FILES, path, "no record has a folder with nothing in it", "none", "a folder");
    }
    for path in files.keys().filter(|path| !is_bare(path) && !known(path)) {
        remarks.fail(FILES, path, "no record has such a file", "none", "a file");
    }
    remarks.pass(FILES, &format!("{} files, all of them known", files.len()));
    let inside = |path: &str| !is_bare(path) && !outside(path, undelivered);
    let inside: Inside<'_> = files.iter().filter(|(path, _)| inside(path)).collect();
    check_sums(files, &inside, remarks);
    check_seal(&inside, entries, trail, remarks);
}

/// The sealed files that must be there, and all that may be.
fn expected(trail: &Trail<'_>) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut required: BTreeSet<String> = [names::PROFILE.to_owned()].into();
    let mut admitted: BTreeSet<String> = [names::PROFILE, names::STATE].map(str::to_owned).into();
    // A plan that was withdrawn is in no record.
    admitted.extend(trail.planned.map(|_| names::PLAN.to_owned()));
    if trail.complete() {
        required.extend([names::PLAN, names::STATE].map(str::to_owned));
    }
    for job in trail.jobs.values() {
        let documents = job.request.iter().chain(&job.previous).map(|document| document.path.clone());
        let responses = job.response.iter().flat_map(|response| [response.path.clone(), dnskey_of(&response.path)]);
        let paths: Vec<String> = documents.chain(responses).collect();
        // Whoever stopped or refused may have had no more than some of them.
        if job.accepted() && trail.complete() {
            required.extend(paths.iter().cloned());
        }
        admitted.extend(paths);
    }
    (required, admitted)
}

/// Where the RRsets of a response lie: beside it.
pub(super) fn dnskey_of(response: &str) -> String {
    let folder = response.rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/{}", names::DNSKEY)
}

fn check_sums(files: &Files, inside: &Inside<'_>, remarks: &mut Remarks) {
    let Some(found) = files.get(names::SUMS) else { return };
    let expected = sums(inside.iter().map(|(path, octets)| (*path, *octets)));
    if expected.as_bytes() == found {
        remarks.pass(SUMS, "every file has the hash that SHA256SUMS says");
        return;
    }
    let text = String::from_utf8_lossy(found);
    let mut listed: BTreeMap<&str, &str> = BTreeMap::new();
    for line in text.lines() {
        match line.split_once("  ") {
            Some((digest, path)) => drop(listed.insert(path, digest)),
            None => remarks.fail(SUMS, names::SUMS, "a line is none of sha256sum", "HASH  PATH", line.escape_debug()),
        }
    }
    for (path, octets) in inside {
        let digest = sha256(octets).to_string();
        match listed.remove(path.as_str()) {
            Some(listed) if listed == digest => {}
            Some(listed) => {
                remarks.fail(SUMS, path, "its hash is not that in SHA256SUMS", listed.escape_debug(), digest);
            }
            None => remarks.fail(SUMS, path, "SHA256SUMS does not name it", "a line", "none"),
        }
    }
    for path in listed.into_keys() {
        remarks.fail(SUMS, path, "it is missing", "a file", "none");
    }
    remarks.same(SUMS, names::SUMS, Some(found), expected.as_bytes());
}

fn check_seal(inside: &Inside<'_>, entries: &[Entry], trail: &Trail<'_>, remarks: &mut Remarks) {
    let fail = |remarks: &mut Remarks, message: &str, expected: String, found: String| {
        remarks.fail(SEAL, names::TRANSCRIPT, message, expected, found);
    };
    let Some(Body::Seal(seal)) = entries.last().map(|entry| &entry.body) else {
        let found = entries.last().map_or_else(|| "nothing".to_owned(), |entry| format!("entry {}", entry.seq));
        fail(remarks, "the last entry is no seal", "a seal".to_owned(), found);
        return;
    };
    let before = entries.len().saturating_sub(1);
    if u64::try_from(before) != Ok(seal.entries) {
        fail(remarks, "the seal counts other entries", before.to_string(), seal.entries.to_string());
    }
    if Ending::from_name(&seal.outcome).is_none() {
        let found = seal.outcome.escape_debug().to_string();
        fail(remarks, "the seal knows no such outcome", "complete, refused or stopped".to_owned(), found);
    }
    let sealed: BTreeMap<&String, Sha256Digest> = inside
        .iter()
        .filter(|(path, _)| !BINDING.contains(&path.as_str()))
        .map(|(path, octets)| (*path, sha256(octets)))
        .collect();
    for (path, digest) in &sealed {
        match seal.files.get(path.as_str()) {
            Some(expected) if expected == digest => {}
            Some(expected) => remarks.fail(SEAL, path, "its hash is not that in the seal", expected, digest),
            None => remarks.fail(SEAL, path, "the seal does not name it", "a hash", "none"),
        }
    }
    for path in seal.files.keys().filter(|path| !sealed.contains_key(path)) {
        remarks.fail(SEAL, path, "the seal names it and it is missing", "a file", "none");
    }
    if let Some(opened) = trail.opened {
        check_opened(inside, opened, remarks);
    }
    remarks.pass(SEAL, &format!("the seal binds {} files", seal.files.len()));
}

fn check_opened(files: &Inside<'_>, opened: &Opened, remarks: &mut Remarks) {
    if opened.transcript_version != 1 {
        remarks.fail(SEAL, names::TRANSCRIPT, "another version of the format", 1, opened.transcript_version);
    }
    if let Some((_, profile)) = files.iter().find(|(path, _)| path.as_str() == names::PROFILE) {
        let digest = sha256(profile);
        if digest != opened.profile_sha256 {
            let message = "it is not the profile that the first entry names";
            remarks.fail(SEAL, names::PROFILE, message, opened.profile_sha256, digest);
        }
    }
}
