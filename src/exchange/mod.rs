//! The request and response model, and one file per format that reads or writes it.
//!
//! Readers are strict and bounded: what they return has been understood completely, and everything else is a
//! [`ReadError`] with its place. Whether a well-formed document may be signed is judged elsewhere. Writers are
//! byte-stable: the same model gives the same bytes, and reading them gives the model again. `docs/formats.md` describes
//! the formats.

mod anchors;
#[cfg(test)]
mod arbitrary;
mod bind;
mod bundles;
mod detect;
mod field;
mod fit;
mod knot;
mod model;
mod presentation;
mod record;
mod xml_element;
mod xml_markup;
mod xml_policy;
mod xml_read;
mod xml_record;
mod xml_write;

pub use self::anchors::{TrustAnchor, write_trust_anchors};
pub use self::field::is_visible;
pub use self::fit::WriteError;
pub use self::model::{
    Document, Format, Key, KeyParameters, Records, Request, RequestBundle, RequestKey, Response, ResponseBundle,
    RootRequest, RootResponse, Signature, SignatureAlgorithm, SignedSet, SignerPolicy, Stamp,
};
pub use self::xml_write::escaped;

use thiserror::Error;

use self::detect::Detected;
use self::field::{Unread, excerpt};

/// Bundles of one document.
const MAX_BUNDLES: usize = 100_000;
/// Keys, signatures, digests or algorithms in one list of a bundle or policy.
const MAX_ITEMS: usize = 64;
/// Octets of an identifier or a program's version.
const MAX_TEXT: usize = 256;
/// Octets of the RDATA of one record.
const MAX_RDATA: usize = 4096;

/// Bounds for what is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Octets of one document.
    pub document_bytes: usize,
}

impl Default for Limits {
    /// One MiB: fifty times the root zone's request.
    fn default() -> Self {
        Self { document_bytes: 1 << 20 }
    }
}

/// Why a document cannot be read.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{}{field}: expected {expected}; found {found}", place(*.line, *.column))]
pub struct ReadError {
    /// Line, from 1, where there is one.
    pub line: Option<u32>,
    /// Column, from 1, where there is one.
    pub column: Option<u32>,
    /// The element, field or part that is wrong.
    pub field: String,
    /// What should stand there.
    pub expected: String,
    /// What stands there, escaped and cut.
    pub found: String,
}

impl ReadError {
    fn document(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { line: None, column: None, field: "document".to_owned(), expected: expected.into(), found: found.into() }
    }

    fn at(place: Place, field: impl Into<String>, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            line: Some(place.line),
            column: Some(place.column),
            field: field.into(),
            expected: expected.into(),
            found: found.into(),
        }
    }

    fn unread(place: Place, field: impl Into<String>, unread: Unread) -> Self {
        Self::at(place, field, unread.expected, unread.found)
    }
}

fn place(line: Option<u32>, column: Option<u32>) -> String {
    match (line, column) {
        (Some(line), Some(column)) => format!("line {line}, column {column}: "),
        (Some(line), None) => format!("line {line}: "),
        _ => String::new(),
    }
}

/// A place in a text, both numbers from 1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Place {
    line: u32,
    column: u32,
}

impl Place {
    /// From numbers that start at 0.
    fn new(line: usize, column: usize) -> Self {
        let number = |index: usize| u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
        Self { line: number(line), column: number(column) }
    }

    /// The place of what follows this text.
    fn behind(text: &str) -> Self {
        let last = text.rsplit('\n').next().unwrap_or_default();
        Self::new(text.matches('\n').count(), last.chars().count())
    }

    /// So many columns to the right.
    fn right(self, columns: usize) -> Self {
        let columns = u32::try_from(columns).unwrap_or(u32::MAX);
        Self { column: self.column.saturating_add(columns), ..self }
    }
}

/// Reads a request or a response; its format is found out by content.
///
/// # Errors
/// [`ReadError`] for everything that is not completely understood, and for documents over the limit.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ReadError> {
    let text = detect::text(bytes, limits)?;
    match detect::format(text)? {
        Detected::Xml => xml_read::read(text),
        Detected::Bind(kind) => bundles::read(text, kind, &bind::DIALECT),
        Detected::Knot(kind) => bundles::read(text, kind, &knot::DIALECT),
    }
}

/// Reads a request; a response is refused.
///
/// # Errors
/// As [`read`].
pub fn read_request(bytes: &[u8], limits: &Limits) -> Result<Request, ReadError> {
    match read(bytes, limits)? {
        Document::Request(request) => Ok(request),
        Document::Response(response) => {
            Err(ReadError::document("a request", format!("a response for `{}`", excerpt(&response.zone.to_string()))))
        }
    }
}

/// Reads a response; a request is refused.
///
/// # Errors
/// As [`read`].
pub fn read_response(bytes: &[u8], limits: &Limits) -> Result<Response, ReadError> {
    match read(bytes, limits)? {
        Document::Response(response) => Ok(response),
        Document::Request(request) => {
            Err(ReadError::document("a response", format!("a request for `{}`", excerpt(&request.zone.to_string()))))
        }
    }
}

/// Writes a response in its own format. What the format has no place for (as a key's identifier in BIND's) is left out.
///
/// # Errors
/// [`WriteError`] where the format needs what is missing, or cannot hold what is there.
pub fn write_response(response: &Response) -> Result<Vec<u8>, WriteError> {
    fit::response(response, false)?;
    match response.format {
        Format::RootXml => xml_write::response(response),
        Format::Bind => bind::response(response),
        Format::Knot => knot::response(response),
    }
    .map(String::into_bytes)
}

/// Whether a response can be written once its signatures, empty so far, are made.
///
/// # Errors
/// As [`write_response`], but for the octets of signatures.
pub fn fits(planned: &Response) -> Result<(), WriteError> {
    fit::response(planned, true)
}

/// Writes a request in its own format, as [`write_response`] does.
///
/// # Errors
/// As [`write_response`].
pub fn write_request(request: &Request) -> Result<Vec<u8>, WriteError> {
    fit::request(request)?;
    match request.format {
        Format::RootXml => xml_write::request(request),
        Format::Bind => bind::request(request),
        Format::Knot => knot::request(request),
    }
    .map(String::into_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mutated(document: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
        let changes = proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0..4_u8), 1..6);
        changes.prop_map(move |changes| {
            let mut bytes = document.clone();
            for (index, octet, kind) in changes {
                if bytes.is_empty() {
                    break;
                }
                let index = index.index(bytes.len());
                match kind {
                    0 => bytes[index] = octet,
                    1 => bytes.insert(index, octet),
                    2 => bytes.truncate(index),
                    _ => drop(bytes.remove(index)),
                }
            }
            bytes
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn responses_read_as_they_were_written(response in arbitrary::response()) {
            let bytes = write_response(&response).unwrap();
            prop_assert_eq!(read_response(&bytes, &Limits::default()), Ok(response));
        }

        #[test]
        fn requests_read_as_they_were_written(request in arbitrary::request()) {
            let bytes = write_request(&request).unwrap();
            prop_assert_eq!(read_request(&bytes, &Limits::default()), Ok(request));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
            let _ = read(&bytes, &Limits::default());
        }

        #[test]
        fn arbitrary_text_behind_a_header_never_panics(
            head in prop_oneof![
                Just(";; SignedKeyResponse 1.0 20261122014106 (Sun Nov 22 01:41:06 2026)\n"),
                Just(";; KeySigningRequest 1.0 1795311672 (2026-11-22T01:41:12Z) =========\n"),
                Just("<KSR id='a' serial='1' domain='.'>"),
            ],
            rest in "[ -~\\n\\t()]{0,200}",
        ) {
            let _ = read(format!("{head}{rest}").as_bytes(), &Limits::default());
        }

        #[test]
        fn damaged_documents_never_panic_and_what_is_read_can_be_written(
            bytes in prop_oneof![
                arbitrary::response().prop_map(|response| write_response(&response).unwrap()),
                arbitrary::request().prop_map(|request| write_request(&request).unwrap()),
            ]
            .prop_flat_map(mutated),
        ) {
            let again = match read(&bytes, &Limits::default()) {
                Ok(Document::Response(response)) => write_response(&response).unwrap(),
                Ok(Document::Request(request)) => write_request(&request).unwrap(),
                Err(_) => return Ok(()),
            };
            prop_assert!(read(&again, &Limits::default()).is_ok());
        }
    }

    #[test]
    fn the_page_on_formats_has_the_bounds_of_the_program() {
        let page = include_str!("../../docs/formats.md");
        for line in [
            format!("| bundles of a document | {MAX_BUNDLES} |"),
            format!("algorithms of a policy | {MAX_ITEMS} each |"),
            format!("| octets of an identifier or a program's version | {MAX_TEXT} |"),
            format!("| attributes of an XML element | {} |", xml_markup::MAX_ATTRIBUTES),
            format!("RDATA of a record has at most {MAX_RDATA} octets"),
            format!("the profile, {} MiB where it says nothing", Limits::default().document_bytes >> 20),
        ] {
            assert!(page.contains(&line), "{line}");
        }
    }

    #[test]
    fn the_examples_of_the_page_on_formats_can_be_read() {
        let page = include_str!("../../docs/formats.md");
        let examples: Vec<&str> = page.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        let formats =
            examples.iter().map(|example| read_request(example.as_bytes(), &Limits::default()).unwrap().format);
        assert_eq!(formats.collect::<Vec<_>>(), [Format::Bind, Format::Knot]);
    }

    #[test]
    fn refuses_a_document_over_the_limit_before_it_is_looked_at() {
        let error = read(&[0xff; 11], &Limits { document_bytes: 10 }).unwrap_err();
        assert_eq!(error.to_string(), "document: expected at most 10 octets; found 11 octets");
    }

    #[test]
    fn a_response_is_no_request_and_the_other_way_round() {
        let response = arbitrary::example_response(Format::Bind);
        let error = read_request(&write_response(&response).unwrap(), &Limits::default()).unwrap_err();
        assert_eq!(error.to_string(), "document: expected a request; found a response for `example.org.`");
        let request = arbitrary::example_request(Format::Knot);
        let error = read_response(&write_request(&request).unwrap(), &Limits::default()).unwrap_err();
        assert_eq!(error.to_string(), "document: expected a response; found a request for `example.org.`");
    }

    #[test]
    fn every_truncation_is_refused() {
        for format in [Format::RootXml, Format::Bind, Format::Knot] {
            let bytes = write_response(&arbitrary::example_response(format)).unwrap();
            // The last line feed of XML is white space after the document.
            let whole = if format == Format::RootXml { bytes.len() - 1 } else { bytes.len() };
            for length in 0..whole {
                assert!(read(&bytes[..length], &Limits::default()).is_err(), "{format} {length}");
            }
        }
    }

    #[test]
    fn ten_thousand_bundles_are_read() {
        for format in [Format::RootXml, Format::Bind, Format::Knot] {
            let mut response = arbitrary::example_response(format);
            let bundle = response.bundles[0].clone();
            response.bundles = vec![bundle; 10_000];
            let bytes = write_response(&response).unwrap();
            let read = read_response(&bytes, &Limits { document_bytes: bytes.len() }).unwrap();
            assert_eq!(read.bundles.len(), 10_000);
        }
    }
}
