//! What client and host say to each other: small JSON for control, raw octets for signing.

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Mechanism, TokenError};
use crate::dns::{Algorithm, Dnskey, Sha256Digest};
use crate::process::Confinement;
use crate::steps::{KeyFacts, TokenFacts};
use crate::transcript::json;

/// Kinds of frames. A request's body starts with its id (u32), which the answer repeats.
pub(super) mod kind {
    /// To the host, once: [`super::Hello`].
    pub(in crate::token) const HELLO: u8 = 1;
    /// To the host: id, [`super::Call`].
    pub(in crate::token) const CALL: u8 = 2;
    /// To the host: id, key (u32), what C_Sign is given.
    pub(in crate::token) const SIGN: u8 = 3;
    /// From the host: id, `Result<`[`super::Reply`]`, TokenError>`.
    pub(in crate::token) const REPLY: u8 = 4;
    /// From the host: id, 0, the signature; or id, 1, a `TokenError`.
    pub(in crate::token) const SIGNED: u8 = 5;
    /// To the host, behind a login or an initialization: a PIN.
    pub(in crate::token) const PIN: u8 = 0x81;
}

/// The first frame.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Hello {
    /// The PKCS#11 module.
    pub(super) module: PathBuf,
    /// What the host may write besides devices.
    pub(super) writable: Vec<PathBuf>,
    /// Who hashes.
    pub(super) mechanism: Mechanism,
}

/// A request.
#[derive(Debug, Deserialize, Serialize)]
pub(super) enum Call {
    Tokens,
    /// Two PIN frames follow: the security officer's, the user's.
    Init {
        label: String,
    },
    Login {
        serial: String,
        how: How,
    },
    Find {
        queries: Vec<KeyQuery>,
    },
    Inventory,
    Generate {
        key: NewKey,
    },
    Logout,
    Close,
}

/// How the user logs in.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) enum How {
    /// A PIN follows as a frame of its own.
    Pin,
    /// At the device.
    Protected,
    /// As a user of the token's own; a PIN follows as a frame of its own.
    User {
        /// `CK_USER_TYPE`.
        user_type: u32,
        /// Whether it begins a session, or adds to those who are logged in.
        first: bool,
    },
    /// The token is open already.
    Preloaded,
}

/// An answer.
#[derive(Debug, Deserialize, Serialize)]
pub(super) enum Reply {
    /// The first, sent before any code of the module runs: whatever comes later, the module may have written.
    Confined {
        confinement: Box<Confinement>,
        /// SHA-256 of the module's file.
        module: Sha256Digest,
    },
    /// The second: the module is loaded, and this is what it says of itself.
    Ready(LibraryFacts),
    Tokens(Vec<TokenFacts>),
    Found(Vec<Result<FoundKey, TokenError>>),
    Inventory(Inventory),
    Generated(FoundKey),
    Done,
}

/// What a PKCS#11 module says of itself.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LibraryFacts {
    /// Who made it.
    pub manufacturer: String,
    /// What it calls itself.
    pub description: String,
    /// Its version, `major.minor`.
    pub version: String,
}

/// A key to look for.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct KeyQuery {
    /// `CKA_LABEL`.
    pub label: String,
    /// `CKA_ID`, hexadecimal, where the label alone does not do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cka_id: Option<String>,
    /// What it signs with: an RSA key does not know by itself whether it is one of algorithm 8 or 10.
    pub algorithm: Algorithm,
}

/// A key to make.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NewKey {
    /// `CKA_LABEL`; no key on the token may have it yet.
    pub label: String,
    /// `CKA_ID`, hexadecimal; no key on the token may have it yet.
    pub cka_id: String,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// Bits of an RSA modulus; for other algorithms the size of their curve, or 0.
    pub bits: u32,
}

/// A key pair found on the token.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FoundKey {
    /// Names it in [`Token::sign_many`](super::Token::sign_many), until the next login or logout.
    pub index: u32,
    /// `CKA_LABEL`.
    pub label: String,
    /// `CKA_ID`, hexadecimal; empty where the token has none.
    pub cka_id: String,
    /// The public key as a DNSKEY with flags 257.
    pub dnskey: Dnskey,
    /// `CKA_SIGN` of the private key.
    pub may_sign: bool,
    /// The mechanism that it signs with.
    pub mechanism: String,
    /// Whether the token lists that mechanism.
    pub mechanism_listed: bool,
}

impl FoundKey {
    /// The key pair as facts.
    #[must_use]
    pub fn facts(&self) -> KeyFacts {
        KeyFacts { label: self.label.clone(), cka_id: self.cka_id.clone(), dnskey: self.dnskey.clone() }
    }

    /// Whether it can sign at all.
    ///
    /// # Errors
    /// The first reason why not.
    pub fn check(&self) -> Result<(), TokenError> {
        if !self.may_sign {
            let key = describe(&self.label, Some(&self.cka_id));
            let expected = "CKA_SIGN true".to_owned();
            return Err(TokenError::KeyUnfit { key, expected, found: "false".to_owned() });
        }
        if !self.mechanism_listed {
            return Err(TokenError::MechanismMissing { mechanism: self.mechanism.clone() });
        }
        Ok(())
    }
}

/// All private keys on a token.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Inventory {
    /// Key pairs that DNSSEC can use; an RSA key shows as algorithm 8.
    pub keys: Vec<FoundKey>,
    /// Why the others are not among them, one line a key.
    pub others: Vec<String>,
}

/// `"label"`, or `"label" (CKA_ID 0a0b)`.
pub(super) fn describe(label: &str, cka_id: Option<&str>) -> String {
    match cka_id.filter(|id| !id.is_empty()) {
        Some(id) => format!("{label:?} (CKA_ID {id})"),
        None => format!("{label:?}"),
    }
}

/// The octets of hexadecimal text; `None` for anything else.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |sign: u8| char::from(sign).to_digit(16).and_then(|value| u8::try_from(value).ok());
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

/// Hexadecimal text of octets.
pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Splits a request or an answer into its id and the rest.
pub(super) fn split_id(body: &[u8]) -> Result<(u32, &[u8]), TokenError> {
    let (id, rest) =
        body.split_first_chunk::<4>().ok_or_else(|| TokenError::Protocol("a frame without an id".to_owned()))?;
    Ok((u32::from_be_bytes(*id), rest))
}

/// Reads JSON of ours.
pub(super) fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, TokenError> {
    serde_json::from_slice(json).map_err(|error| TokenError::Protocol(error.to_string()))
}

/// Reads JSON of a host. A module runs in that process and may have written it: no text keeps a control character, so
/// that it cannot print lines of its own.
pub(super) fn parse_foreign<T: DeserializeOwned>(octets: &[u8]) -> Result<T, TokenError> {
    let value: Value = parse(octets)?;
    let cleaned = json::cleaned(&value).map_err(|error| TokenError::Protocol(error.to_string()))?;
    serde_json::from_value(cleaned).map_err(|error| TokenError::Protocol(error.to_string()))
}

/// Writes JSON of ours.
pub(super) fn print<T: Serialize>(value: &T) -> Result<Vec<u8>, TokenError> {
    serde_json::to_vec(value).map_err(|error| TokenError::Protocol(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_text_comes_back() {
        assert_eq!(unhex(&hex(&[0, 0x0a, 0xff])), Some(vec![0, 0x0a, 0xff]));
        assert_eq!(unhex("0A"), Some(vec![10]));
        for text in ["0", "zz", "é"] {
            assert_eq!(unhex(text), None);
        }
    }

    #[test]
    fn results_cross_as_json() {
        let error = TokenError::PinLocked { serial: "s".to_owned() };
        let sent: Result<Reply, TokenError> = Ok(Reply::Found(vec![Err(error.clone())]));
        let Ok(Reply::Found(found)) = parse::<Result<Reply, TokenError>>(&print(&sent).unwrap()).unwrap() else {
            panic!("another reply");
        };
        assert_eq!(found, [Err(error)]);
    }
}
