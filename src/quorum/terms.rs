//! What all share files of one making have in common.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::QuorumError;
use super::seal::Sealed;
use super::text::canonical;
use crate::dns::{Sha256Digest, sha256};
use crate::render::escape;
use crate::steps::{MAX_OFFICERS, Pin, Role};

/// The threshold, as [`QuorumError::OutOfBounds`] names it.
pub const THRESHOLD: &str = "the threshold";

/// Octets of a sealed PIN: its length in two, and room for the longest, so that the file does not tell how long it is.
pub(super) const PIN_OCTETS: usize = 2 + Pin::CAPACITY;

/// What all files of one making have in common.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Terms {
    pub(super) generation: u32,
    pub(super) header: Header,
    pub(super) sealed_pin: Sealed<PIN_OCTETS>,
    pub(super) token_serial: String,
}

/// The public header, which the share set is named after.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) commitments: Vec<Sha256Digest>,
    pub(super) officers: Vec<Role>,
    pub(super) threshold: u8,
}

impl Header {
    /// The share-set id: SHA-256 of the header's RFC 8785 form.
    pub(super) fn share_set(&self) -> Sha256Digest {
        sha256(&canonical(self))
    }

    /// Refuses a threshold and officers that no quorum can have.
    pub(super) fn checked(&self) -> Result<(), QuorumError> {
        let (officers, threshold) = (self.officers.len(), usize::from(self.threshold));
        if !(2..=MAX_OFFICERS).contains(&officers) {
            return Err(bounds("the number of officers", format!("2 to {MAX_OFFICERS}"), officers));
        }
        if !(2..=officers).contains(&threshold) {
            return Err(bounds(THRESHOLD, format!("2 to the number of officers, {officers}"), threshold));
        }
        if self.commitments.len() != officers {
            return Err(bounds("the number of commitments", officers, self.commitments.len()));
        }
        for (index, officer) in self.officers.iter().enumerate() {
            if Role::new(officer.as_str()).is_none() {
                let found = escape(officer.as_str(), 20);
                return Err(bounds("an officer's role", "1 to 8 upper-case letters and digits", found));
            }
            if self.officers.iter().take(index).any(|other| other == officer) {
                return Err(QuorumError::SameOfficer { officer: officer.clone() });
            }
        }
        Ok(())
    }
}

impl Terms {
    /// Associated data of the sealed PIN: share set, token serial, threshold, generation.
    pub(super) fn pin_data(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Data<'a> {
            generation: u32,
            share_set: Sha256Digest,
            threshold: u8,
            token_serial: &'a str,
        }
        let data = Data {
            generation: self.generation,
            share_set: self.header.share_set(),
            threshold: self.header.threshold,
            token_serial: &self.token_serial,
        };
        [b"claviger sealed pin 1\0".as_slice(), &canonical(&data)].concat()
    }

    /// Refuses what no quorum can have.
    pub(super) fn checked(&self) -> Result<(), QuorumError> {
        let serial = &self.token_serial;
        if !(1..=64).contains(&serial.chars().count()) || serial.chars().any(char::is_control) {
            return Err(bounds("the token's serial number", "1 to 64 printable characters", escape(serial, 80)));
        }
        self.header.checked()
    }
}

/// A value outside its bounds.
pub(super) fn bounds(field: &'static str, expected: impl fmt::Display, found: impl fmt::Display) -> QuorumError {
    QuorumError::OutOfBounds { field, expected: expected.to_string(), found: found.to_string() }
}
