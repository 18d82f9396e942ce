//! What goes wrong with shares, for people.

use thiserror::Error;

use crate::dns::Sha256Digest;
use crate::steps::Role;

/// Why a share file, a PIN or a quorum is refused; no message says anything of a secret.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum QuorumError {
    /// The file is larger than any share file.
    #[error("the share file has {found} octets, at most {limit} are read; choose the officer's share-….json")]
    TooLarge {
        /// Octets found.
        found: usize,
        /// Octets allowed.
        limit: usize,
    },
    /// The file does not have the fields of a share file.
    #[error("not a share file: line {line}, column {column}: {message}; choose the officer's share-….json")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser expected and found, escaped.
        message: String,
    },
    /// The octets are not the RFC 8785 form of what they say.
    #[error("the share file is not as this program writes it (RFC 8785); use the original or the officer's spare copy")]
    NotCanonical,
    /// The file has changed since it was written.
    #[error("the share file is damaged: checksum {expected} expected, {found} found; use the officer's spare copy")]
    Damaged {
        /// The checksum that stands in the file.
        expected: Sha256Digest,
        /// The checksum of what stands there.
        found: Sha256Digest,
    },
    /// A value outside its bounds, in a file or at creation.
    #[error("{field} is {found}; expected {expected}")]
    OutOfBounds {
        /// Which value.
        field: &'static str,
        /// What may stand there.
        expected: String,
        /// What stands there, escaped.
        found: String,
    },
    /// An officer stands twice in a list.
    #[error("officer {officer} stands twice among the officers; each has one share")]
    SameOfficer {
        /// Who.
        officer: Role,
    },
    /// A PIN at creation that is too short.
    #[error("the PIN of {officer} has {found} characters; at least {expected} are needed")]
    ShortPin {
        /// Whose.
        officer: Role,
        /// Characters needed.
        expected: usize,
        /// Characters found.
        found: usize,
    },
    /// The share belongs to another quorum.
    #[error("the share of {officer} belongs to share set {found}, not to {expected}; use the share of this set")]
    ForeignSet {
        /// Who.
        officer: Role,
        /// The set of the profile.
        expected: Sha256Digest,
        /// The set of the file.
        found: Sha256Digest,
    },
    /// The share opens another token.
    #[error("the share of {officer} is for token {found}, not for {expected}; use the share of this token")]
    WrongToken {
        /// Who.
        officer: Role,
        /// The token chosen, escaped.
        expected: String,
        /// The token of the file, escaped.
        found: String,
    },
    /// The share set has another threshold than the profile.
    #[error("the share of {officer} needs {found} officers, the profile {expected}; correct the profile")]
    WrongThreshold {
        /// Who.
        officer: Role,
        /// The threshold of the profile.
        expected: u8,
        /// The threshold of the file.
        found: u8,
    },
    /// The officer's share is already there.
    #[error("the share of {officer} is already in; another officer is needed")]
    Duplicate {
        /// Who.
        officer: Role,
    },
    /// Two files of the share set hold another sealed PIN, or generation: their officers could have changed their own,
    /// and nothing in the two tells which of them is as it was made.
    #[error(
        "the share files of {first} (generation {expected}) and {officer} (generation {found}) do not hold the same sealed PIN: \
         one of the two is wrong, or of an earlier making, and they alone do not tell which. Try each of them with the \
         file of a third officer: the one that goes with it is right; note an exception for the other"
    )]
    Disagree {
        /// Whose file was there first.
        first: Role,
        /// Whose came now.
        officer: Role,
        /// The generation in the first file.
        expected: u32,
        /// The generation in this one.
        found: u32,
    },
    /// The officer's PIN does not open the share.
    #[error("this PIN does not open the share of {officer}; enter it again")]
    WrongPin {
        /// Whose.
        officer: Role,
    },
    /// The PIN was right, and yet the share is not the one that was committed to.
    #[error("the share of {officer} is not the one that its set commits to; do not use it, note an exception")]
    Commitment {
        /// Whose.
        officer: Role,
    },
    /// Too few shares.
    #[error("{expected} officers are needed, {found} have given their share")]
    TooFew {
        /// The threshold.
        expected: usize,
        /// Shares in.
        found: usize,
    },
    /// The key is there and does not open the token's PIN.
    #[error("the shares together do not open the sealed PIN; use files that were made together")]
    Unseal,
    /// There is no memory for Argon2id.
    #[error("no memory for Argon2id: {kib} KiB expected; close what else runs, or use a machine with more memory")]
    Memory {
        /// KiB needed.
        kib: u32,
    },
    /// The entropy source failed.
    #[error("the entropy source failed: {0}; nothing was made")]
    Entropy(String),
    /// A primitive refused what was prepared for it.
    #[error("{primitive} failed: {message}; nothing was made, report this")]
    Primitive {
        /// Which.
        primitive: &'static str,
        /// Its message.
        message: String,
    },
}
