//! Every input in `fuzz/corpus`, as the fuzzer's targets take it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic, in its helpers too"
)]

use std::fs;
use std::path::Path;

use claviger::dns::Sha256Digest;
use claviger::exchange::{Document, Limits, read, write_request, write_response};
use claviger::paper::report;
use claviger::quorum::ShareFile;
use claviger::transcript::{Files, audit, names, read_good};

fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files
}

fn write(document: &Document) -> Option<Vec<u8>> {
    match document {
        Document::Request(request) => write_request(request).ok(),
        Document::Response(response) => write_response(response).ok(),
    }
}

#[test]
fn documents_are_refused_or_written_as_they_are_read() {
    let mut formats = Vec::new();
    for (name, octets) in corpus("exchange") {
        let Ok(document) = read(&octets, &Limits::default()) else { continue };
        formats.push(match &document {
            Document::Request(request) => request.format,
            Document::Response(response) => response.format,
        });
        let written = write(&document).unwrap_or_else(|| panic!("{name} cannot be written"));
        let again = read(&written, &Limits { document_bytes: written.len() });
        let again = again.unwrap_or_else(|error| panic!("{name}, written: {error}"));
        assert_eq!(write(&again), Some(written), "{name}");
    }
    formats.sort_by_key(|format| format.name());
    formats.dedup();
    assert_eq!(formats.len(), 3, "the corpus has documents of all formats");
}

#[test]
fn profiles_are_read_or_refused_with_a_reason() {
    for (name, octets) in corpus("profile") {
        if let Err(error) = claviger::profile::read(&octets) {
            assert!(!error.to_string().is_empty(), "{name}");
        }
    }
}

#[test]
fn share_files_are_refused_or_written_octet_for_octet() {
    for (name, octets) in corpus("share") {
        if let Ok(share) = ShareFile::read(&octets) {
            assert_eq!(share.write(), octets, "{name}");
        }
    }
}

#[test]
fn a_transcript_alone_is_never_a_good_record() {
    let profile = corpus("profile").into_iter().find(|(name, _)| name.ends_with("/rehearsal.toml")).unwrap().1;
    for (name, octets) in corpus("transcript") {
        let (entries, fault) = read_good(&octets, Sha256Digest::ZERO);
        assert_eq!(fault.is_none(), claviger::transcript::read(&octets, Sha256Digest::ZERO).is_ok(), "{name}");
        assert!(!report(&entries).text.is_empty());
        let mut files = Files::from([(names::TRANSCRIPT.to_owned(), octets)]);
        assert!(!audit(&files, None, 1, report).verdict.is_good(), "{name}");
        files.insert(names::PROFILE.to_owned(), profile.clone());
        assert!(!audit(&files, None, 1, report).verdict.is_good(), "{name}");
    }
}
