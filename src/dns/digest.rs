//! SHA-256 digests as values.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::hex;

/// A SHA-256 digest (FIPS 180-4): 32 octets, printed as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Sha256Digest([u8; 32]);

impl Sha256Digest {
    /// 64 zeros: the `prev` of a first entry.
    pub const ZERO: Self = Self([0; 32]);

    /// The octets.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The SHA-256 digest of `octets`.
#[must_use]
pub fn sha256(octets: &[u8]) -> Sha256Digest {
    Sha256Digest(Sha256::digest(octets).into())
}

impl From<[u8; 32]> for Sha256Digest {
    fn from(octets: [u8; 32]) -> Self {
        Self(octets)
    }
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is no SHA-256 digest.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("expected 64 hexadecimal digits; found {0} characters or other signs")]
pub struct InvalidDigest(usize);

/// Reads 64 hexadecimal digits of either case.
impl FromStr for Sha256Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let octets = hex::decode(text).and_then(|octets| octets.try_into().ok());
        octets.map(Self).ok_or(InvalidDigest(text.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_reads_the_digest_of_nothing() {
        let empty = sha256(b"");
        assert_eq!(empty.to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(empty.to_string().to_uppercase().parse(), Ok(empty));
    }

    #[test]
    fn refuses_text_of_another_length_or_alphabet() {
        assert!("e3b0".parse::<Sha256Digest>().is_err());
        assert!("g".repeat(64).parse::<Sha256Digest>().is_err());
        assert!("é".repeat(32).parse::<Sha256Digest>().is_err());
    }
}
