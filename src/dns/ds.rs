//! DS and CDS: digests of keys.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha384};

use super::{AlgorithmNumber, Dnskey, Name, decimal, hex};

/// A digest algorithm of DS and CDS (RFC 4509, RFC 6605).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum DigestType {
    /// 2.
    #[serde(rename = "SHA-256")]
    Sha256,
    /// 4.
    #[serde(rename = "SHA-384")]
    Sha384,
}

impl DigestType {
    /// The number in DS and CDS.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Sha256 => 2,
            Self::Sha384 => 4,
        }
    }

    /// The type of that number, if it is one of ours.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Sha256, Self::Sha384].into_iter().find(|digest_type| digest_type.number() == number)
    }

    /// The digest of `octets`.
    #[must_use]
    pub fn digest(self, octets: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(octets).to_vec(),
            Self::Sha384 => Sha384::digest(octets).to_vec(),
        }
    }
}

/// The RDATA of a DS (RFC 4034, section 5) or CDS (RFC 7344).
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Ds {
    /// Tag of the key.
    pub key_tag: u16,
    /// Algorithm of the key.
    pub algorithm: AlgorithmNumber,
    /// The number of the digest algorithm.
    pub digest_type: u8,
    /// The digest.
    pub digest: Vec<u8>,
}

impl Ds {
    /// The CDS that asks the parent to remove every DS (RFC 8078, section 4): `0 0 0 00`.
    #[must_use]
    pub fn delete() -> Self {
        Self { key_tag: 0, algorithm: AlgorithmNumber(0), digest_type: 0, digest: vec![0] }
    }

    /// RDATA in wire format.
    #[must_use]
    pub fn rdata(&self) -> Vec<u8> {
        let mut wire = self.key_tag.to_be_bytes().to_vec();
        wire.extend_from_slice(&[self.algorithm.0, self.digest_type]);
        wire.extend_from_slice(&self.digest);
        wire
    }

    /// Whether it is the digest of this key; never for digest types that are not ours.
    #[must_use]
    pub fn is_of(&self, key: &Dnskey, owner: &Name) -> bool {
        let same_head = self.algorithm == key.algorithm && self.key_tag == key.key_tag();
        let digest_type = DigestType::from_number(self.digest_type).filter(|_| same_head);
        digest_type.is_some_and(|digest_type| key.ds(owner, digest_type) == *self)
    }

    /// The digest in upper-case hexadecimal digits.
    #[must_use]
    pub fn digest_hex(&self) -> String {
        hex::encode(&self.digest).to_ascii_uppercase()
    }
}

/// Presentation format of the RDATA: `20326 8 2 E06D44B8…`.
impl fmt::Display for Ds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.key_tag, self.algorithm.0, self.digest_type, self.digest_hex())
    }
}

/// Reads presentation format; the digest may contain spaces. The error is the text itself.
impl FromStr for Ds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || text.chars().take(60).collect::<String>();
        let mut fields = text.split_ascii_whitespace();
        let mut field = || fields.next().ok_or_else(invalid);
        let key_tag = decimal(field()?).ok_or_else(invalid)?;
        let algorithm = AlgorithmNumber(decimal(field()?).ok_or_else(invalid)?);
        let digest_type = decimal(field()?).ok_or_else(invalid)?;
        let digest = hex::decode(&fields.collect::<String>()).filter(|digest| !digest.is_empty());
        Ok(Self { key_tag, algorithm, digest_type, digest: digest.ok_or_else(invalid)? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Algorithm;
    use super::*;

    #[test]
    fn reads_what_it_prints() {
        let text = "36326 13 2 9B663E66CFE4A56E401932F09D5E965A625057E81A72F9FFDE46AD980D63CE88";
        let ds: Ds = text.parse().unwrap();
        assert_eq!(ds.to_string(), text);
        assert_eq!("0 0 0 00".parse::<Ds>().unwrap().digest, [0]);
        for wrong in ["", "1 2 3", "1 2 3 abc", "1 2 x ab", "70000 8 2 ab", "1 8 2 zz", "+1 8 2 ab", "01 8 2 ab"] {
            assert!(wrong.parse::<Ds>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_digest_is_of_its_own_key_and_name() {
        let [name, other] = ["example.", "other."].map(|text| text.parse::<Name>().unwrap());
        let key = Dnskey::ksk(Algorithm::Ed25519, vec![7; 32]);
        for digest_type in [DigestType::Sha256, DigestType::Sha384] {
            let ds = key.ds(&name, digest_type);
            assert!(ds.is_of(&key, &name) && !ds.is_of(&key, &other) && !ds.is_of(&key.revoked(), &name));
            let mut damaged = ds.clone();
            damaged.digest[31] ^= 1;
            assert!(!damaged.is_of(&key, &name));
            assert!(!Ds { digest_type: 1, ..ds }.is_of(&key, &name));
        }
    }

    proptest! {
        #[test]
        fn every_ds_reads_as_it_was_printed(
            key_tag: u16, algorithm: u8, digest_type: u8, digest in proptest::collection::vec(any::<u8>(), 1..100),
        ) {
            let ds = Ds { key_tag, algorithm: AlgorithmNumber(algorithm), digest_type, digest };
            prop_assert_eq!(ds.to_string().parse(), Ok(ds));
        }
    }
}
