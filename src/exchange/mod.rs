//! The request and response model, and one file per format that reads or writes it.

mod model;

pub use self::model::{
    Document, Format, Key, KeyParameters, Records, Request, RequestBundle, RequestKey, Response, ResponseBundle,
    RootRequest, RootResponse, Signature, SignatureAlgorithm, SignedSet, SignerPolicy, Stamp,
};

use thiserror::Error;

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

fn place(line: Option<u32>, column: Option<u32>) -> String {
    match (line, column) {
        (Some(line), Some(column)) => format!("line {line}, column {column}: "),
        (Some(line), None) => format!("line {line}: "),
        _ => String::new(),
    }
}
