//! Requests and responses of all formats: whatever is read can be written, and reads as the same again.
#![no_main]

use claviger::exchange::{Document, Limits, read, write_request, write_response};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let Ok(document) = read(octets, &Limits::default()) else { return };
    let written = match &document {
        Document::Request(request) => write_request(request),
        Document::Response(response) => write_response(response),
    };
    let Ok(written) = written else { return };
    let limits = Limits { document_bytes: written.len().max(1) };
    let again = read(&written, &limits).unwrap_or_else(|error| panic!("what was written is refused: {error}"));
    let rewritten = match &again {
        Document::Request(request) => write_request(request),
        Document::Response(response) => write_response(response),
    };
    assert_eq!(rewritten.ok(), Some(written), "written otherwise the second time");
});
