//! DNSSEC algorithm numbers.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// An algorithm that this program signs or verifies with (RFC 9904 and the registry that it names).
///
/// Everything else that a document may claim stays an [`AlgorithmNumber`] until a check has refused it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Algorithm {
    /// 8, RSA/SHA-256 (RFC 5702).
    RsaSha256,
    /// 10, RSA/SHA-512 (RFC 5702).
    RsaSha512,
    /// 13, ECDSA P-256 with SHA-256 (RFC 6605).
    EcdsaP256Sha256,
    /// 14, ECDSA P-384 with SHA-384 (RFC 6605).
    EcdsaP384Sha384,
    /// 15, Ed25519 (RFC 8080).
    Ed25519,
}

impl Algorithm {
    /// All of them, by number.
    pub const ALL: [Self; 5] =
        [Self::RsaSha256, Self::RsaSha512, Self::EcdsaP256Sha256, Self::EcdsaP384Sha384, Self::Ed25519];

    /// The number in DNSKEY, DS and RRSIG.
    #[must_use]
    pub const fn number(self) -> AlgorithmNumber {
        AlgorithmNumber(match self {
            Self::RsaSha256 => 8,
            Self::RsaSha512 => 10,
            Self::EcdsaP256Sha256 => 13,
            Self::EcdsaP384Sha384 => 14,
            Self::Ed25519 => 15,
        })
    }

    /// The mnemonic of the IANA registry, as profiles write it.
    #[must_use]
    pub const fn mnemonic(self) -> &'static str {
        match self {
            Self::RsaSha256 => "RSASHA256",
            Self::RsaSha512 => "RSASHA512",
            Self::EcdsaP256Sha256 => "ECDSAP256SHA256",
            Self::EcdsaP384Sha384 => "ECDSAP384SHA384",
            Self::Ed25519 => "ED25519",
        }
    }

    /// Whether its keys are RSA keys, with a size and an exponent of their own.
    #[must_use]
    pub const fn is_rsa(self) -> bool {
        matches!(self, Self::RsaSha256 | Self::RsaSha512)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.mnemonic())
    }
}

/// A name that is no algorithm of ours.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("expected one of RSASHA256, RSASHA512, ECDSAP256SHA256, ECDSAP384SHA384, ED25519; found `{0}`")]
pub struct UnknownAlgorithm(pub String);

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(text: &str) -> Result<Self, UnknownAlgorithm> {
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.mnemonic().eq_ignore_ascii_case(text));
        found.ok_or_else(|| UnknownAlgorithm(text.to_owned()))
    }
}

/// An algorithm number as it stands in a document, ours or not.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AlgorithmNumber(pub u8);

impl AlgorithmNumber {
    /// The algorithm, if it is one that this program works with.
    #[must_use]
    pub fn known(self) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().find(|algorithm| algorithm.number() == self)
    }

    /// The mnemonic of the IANA registry, also for algorithms that are refused; `None` for unassigned numbers.
    #[must_use]
    pub const fn mnemonic(self) -> Option<&'static str> {
        Some(match self.0 {
            1 => "RSAMD5",
            3 => "DSA",
            5 => "RSASHA1",
            6 => "DSA-NSEC3-SHA1",
            7 => "RSASHA1-NSEC3-SHA1",
            8 => "RSASHA256",
            10 => "RSASHA512",
            12 => "ECC-GOST",
            13 => "ECDSAP256SHA256",
            14 => "ECDSAP384SHA384",
            15 => "ED25519",
            16 => "ED448",
            _ => return None,
        })
    }
}

impl From<Algorithm> for AlgorithmNumber {
    fn from(algorithm: Algorithm) -> Self {
        algorithm.number()
    }
}

/// `13 (ECDSAP256SHA256)`, or the bare number where it is unassigned.
impl fmt::Display for AlgorithmNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mnemonic() {
            Some(mnemonic) => write!(f, "{} ({mnemonic})", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mnemonic_names_its_own_number() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.mnemonic().parse(), Ok(algorithm));
            assert_eq!(algorithm.number().known(), Some(algorithm));
            assert_eq!(algorithm.number().mnemonic(), Some(algorithm.mnemonic()));
        }
    }

    #[test]
    fn refuses_algorithms_that_are_not_ours() {
        assert!("RSASHA1".parse::<Algorithm>().is_err());
        assert_eq!(AlgorithmNumber(5).known(), None);
        assert_eq!(AlgorithmNumber(5).to_string(), "5 (RSASHA1)");
    }
}
