//! Transcripts: chain, journal, and the audit of a record that has little else.
#![no_main]

use claviger::dns::Sha256Digest;
use claviger::paper::report;
use claviger::transcript::{Files, audit, names, read, read_good};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let (entries, fault) = read_good(octets, Sha256Digest::ZERO);
    assert_eq!(fault.is_none(), read(octets, Sha256Digest::ZERO).is_ok());
    let _ = report(&entries);
    let mut files = Files::from([(names::TRANSCRIPT.to_owned(), octets.to_vec())]);
    let _ = audit(&files, None, 1, report).lines();
    files.insert(names::PROFILE.to_owned(), include_bytes!("../corpus/profile/rehearsal.toml").to_vec());
    assert!(!audit(&files, None, 1, report).verdict.is_good(), "no record is that small");
});
