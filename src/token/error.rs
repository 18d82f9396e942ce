//! What can go wrong with a token, in words for people.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::dns::Algorithm;

/// What a token does most of the time, as [`TokenError::TimedOut`] names it.
pub(super) const SIGNING: &str = "signing";

/// What can go wrong with a token; plain data, since it also crosses from the host.
#[derive(Clone, Debug, Deserialize, Eq, Error, PartialEq, Serialize)]
pub enum TokenError {
    /// The host process could not be started.
    #[error(
        "the token host `{program}` could not be started: {reason}; see whether the program is still there and may be run"
    )]
    Start {
        /// The program.
        program: String,
        /// What the system says.
        reason: String,
    },
    /// The PKCS#11 module could not be loaded or initialized.
    #[error(
        "the PKCS#11 module `{path}` could not be loaded: {reason}; check `module`, `env` and `writable` in the profile"
    )]
    Module {
        /// The module's path.
        path: String,
        /// What the loader or the module says.
        reason: String,
    },
    /// No token is there, or none that was asked for.
    #[error("expected a token with {wanted}; found {found}; connect it or choose another")]
    NoToken {
        /// The serial or label asked for.
        wanted: String,
        /// The tokens that are there.
        found: String,
    },
    /// Several tokens answer to the same name.
    #[error("expected one token with {wanted}; found {found}; disconnect the others or choose by a unique serial")]
    TwoTokens {
        /// The serial or label asked for.
        wanted: String,
        /// Those that have it.
        found: String,
    },
    /// `CKR_PIN_INCORRECT`.
    #[error("token {serial} refused the PIN as wrong; {state}")]
    PinIncorrect {
        /// The token that was asked.
        serial: String,
        /// What the token says about further tries.
        state: PinState,
    },
    /// `CKR_PIN_LEN_RANGE` or `CKR_PIN_INVALID`: it cannot be the PIN.
    #[error("{during}: the token takes no PIN of this length, or with these signs ({code}); enter the right one")]
    PinUnfit {
        /// What was being done.
        during: String,
        /// The PKCS#11 name of what was answered.
        code: String,
    },
    /// `CKR_PIN_LOCKED`, or the token says so before it is asked.
    #[error("the PIN of token {serial} is locked; its security officer has to unlock it")]
    PinLocked {
        /// The token.
        serial: String,
    },
    /// The token says FINAL TRY before it is asked, and nobody is there to decide.
    #[error(
        "token {serial} says FINAL TRY: one more wrong PIN locks it. No PIN was sent, since nobody is there to decide; \
         enter the right one in a ceremony, or allow it with --allow-final-try"
    )]
    FinalTry {
        /// The token.
        serial: String,
    },
    /// `CKR_USER_ALREADY_LOGGED_IN`: whoever asks with a PIN wants it to be checked.
    #[error(
        "token {serial} is open already, so the PIN was not checked; close it there, or say login = \"preloaded\" in the \
         profile"
    )]
    AlreadyOpen {
        /// The token.
        serial: String,
    },
    /// The token was removed, or the session is gone.
    #[error("the token is gone ({code}); connect it and unlock it again")]
    TokenGone {
        /// The PKCS#11 name of what was answered.
        code: String,
    },
    /// No token is open.
    #[error("no token is open; unlock it first")]
    NotOpen,
    /// No such key.
    #[error(
        "expected a {class} key {key} on the token; found none: check its label in the profile, and that this is the token"
    )]
    KeyNotFound {
        /// `private` or `public`.
        class: String,
        /// Label and CKA_ID asked for.
        key: String,
    },
    /// No such key, and nobody is logged in who could see one: a token that should have been open.
    #[error(
        "expected a private key {key} on the token; found none, and nobody is logged in: open the token first, or correct \
         `login` in the profile"
    )]
    KeyHidden {
        /// Label and CKA_ID asked for.
        key: String,
    },
    /// Several keys answer to the same name.
    #[error("expected one {class} key {key} on the token; found {count}; name it by `cka-id` as well")]
    KeyAmbiguous {
        /// `private` or `public`.
        class: String,
        /// Label and CKA_ID asked for.
        key: String,
        /// How many there are.
        count: usize,
    },
    /// A key to be generated has a name that is taken.
    #[error("a key {taken} is on the token already; nothing was generated: take another label and `cka-id`")]
    KeyExists {
        /// Which of the two is taken.
        taken: String,
    },
    /// The key is there but cannot be what it should be.
    #[error("key {key} cannot be used: expected {expected}; found {found}")]
    KeyUnfit {
        /// Label and CKA_ID.
        key: String,
        /// What the algorithm demands.
        expected: String,
        /// What the token has.
        found: String,
    },
    /// A generated key would have a size that its algorithm does not allow.
    #[error("a key of {algorithm} cannot have {bits} bits; nothing was generated")]
    KeySize {
        /// The algorithm.
        algorithm: Algorithm,
        /// The size asked for.
        bits: u32,
    },
    /// The token does not list a mechanism.
    #[error("the token does not offer {mechanism}; choose another `mechanism` or algorithm")]
    MechanismMissing {
        /// Its PKCS#11 name.
        mechanism: String,
    },
    /// The token answered with something that is no signature of this key.
    #[error("expected a signature of {expected} octets from the token; found {found}")]
    SignatureLength {
        /// What algorithm and key demand.
        expected: usize,
        /// What came.
        found: usize,
    },
    /// The token answered with a signature that does not verify.
    #[error(
        "expected a signature by the key with tag {key_tag}; found one that is not: {reason}. The token is not to be \
         trusted"
    )]
    SignatureWrong {
        /// The key that was asked to sign.
        key_tag: u16,
        /// What verifying says.
        reason: String,
    },
    /// Any other PKCS#11 error.
    #[error("{during}: the token answered {code}: {text}")]
    Pkcs11 {
        /// What was being done.
        during: String,
        /// The PKCS#11 name.
        code: String,
        /// What it means, shortly.
        text: String,
    },
    /// The host process died.
    #[error("the token host died while {during}: {status}; nothing is sent again by itself, so unlock the token again")]
    Died {
        /// What was being done.
        during: String,
        /// How it ended.
        status: String,
    },
    /// The host process did not answer in time and was killed.
    #[error(
        "the token did not answer within {seconds} s while {during}; its host was ended; look at the device, then unlock it again{}",
        slow(.during)
    )]
    TimedOut {
        /// What was being done.
        during: String,
        /// The limit.
        seconds: u64,
    },
    /// The host process had ended before.
    #[error("the token host has ended; start it and unlock the token again")]
    NotRunning,
    /// The two processes do not understand each other.
    #[error("the token host and this program do not understand each other: {0}")]
    Protocol(String),
}

impl TokenError {
    /// What should be and what is, where there are such two.
    #[must_use]
    pub fn expected_and_found(&self) -> Option<(String, String)> {
        let (expected, found) = match self {
            Self::Start { program, reason } => (format!("the token host {program}"), reason.clone()),
            Self::Module { path, reason } => (format!("a PKCS#11 module at {path}"), reason.clone()),
            Self::NoToken { wanted, found } => (format!("a token with {wanted}"), found.clone()),
            Self::TwoTokens { wanted, found } => (format!("one token with {wanted}"), found.clone()),
            Self::PinIncorrect { state, .. } => ("the token's user PIN".to_owned(), format!("another one; {state}")),
            Self::PinUnfit { code, .. } => ("a PIN of a length and signs that it takes".to_owned(), code.clone()),
            Self::PinLocked { .. } => ("a PIN that can be entered".to_owned(), "it is locked".to_owned()),
            Self::FinalTry { .. } => ("a token that takes a wrong PIN".to_owned(), "FINAL TRY".to_owned()),
            Self::AlreadyOpen { .. } => ("a token that is closed".to_owned(), "it is open".to_owned()),
            Self::TokenGone { code } => ("the token".to_owned(), code.clone()),
            Self::KeyNotFound { class, key } => (format!("a {class} key {key}"), "none".to_owned()),
            Self::KeyHidden { key } => (format!("a private key {key}"), "none, and nobody is logged in".to_owned()),
            Self::KeyAmbiguous { class, key, count } => (format!("one {class} key {key}"), count.to_string()),
            Self::KeyExists { taken } => ("no such key yet".to_owned(), format!("a key {taken}")),
            Self::KeyUnfit { expected, found, .. } => (expected.clone(), found.clone()),
            Self::SignatureLength { expected, found } => (format!("{expected} octets"), format!("{found} octets")),
            Self::SignatureWrong { key_tag, reason } => (format!("a signature by key {key_tag}"), reason.clone()),
            Self::Pkcs11 { code, .. } => ("CKR_OK".to_owned(), code.clone()),
            Self::Died { status, .. } => ("an answer of the token host".to_owned(), status.clone()),
            Self::TimedOut { seconds, .. } => (format!("an answer within {seconds} s"), "none".to_owned()),
            Self::NotOpen
            | Self::KeySize { .. }
            | Self::MechanismMissing { .. }
            | Self::NotRunning
            | Self::Protocol(_) => return None,
        };
        Some((expected, found))
    }
}

/// What helps a token that is only slow.
fn slow(during: &str) -> &'static str {
    if during == SIGNING { "; where it is only slow, raise `sign-within` in the profile" } else { "" }
}

/// What a token says about further tries of a PIN.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum PinState {
    /// No flag is set; not every token reports.
    NotReported,
    /// `CKF_USER_PIN_COUNT_LOW`.
    CountLow,
    /// `CKF_USER_PIN_FINAL_TRY`.
    FinalTry,
    /// `CKF_USER_PIN_LOCKED`.
    Locked,
}

impl fmt::Display for PinState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotReported => "it does not report how many tries are left",
            Self::CountLow => "it has counted wrong PINs since the last right one",
            Self::FinalTry => "FINAL TRY: one more wrong PIN locks it",
            Self::Locked => "it is locked now",
        })
    }
}
