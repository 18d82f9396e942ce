//! DNSKEY: flags, key tags, key lengths, fingerprints.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::point::{is_ed25519, is_on_p256, is_on_p384};
use super::{Algorithm, AlgorithmNumber, DigestType, Ds, Name, Sha256Digest, base64, decimal, sha256};

/// The RDATA of a DNSKEY (RFC 4034, section 2), or of a CDNSKEY (RFC 7344), as it stands in a document.
///
/// It can hold what no check admits; [`Dnskey::check`] is the way from here to a key that may be used.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Dnskey {
    /// Flags: 256 zone key, 1 secure entry point, 128 revoked.
    pub flags: u16,
    /// Must be 3.
    pub protocol: u8,
    /// The algorithm.
    pub algorithm: AlgorithmNumber,
    /// The public key: RFC 3110 for RSA, RFC 6605 for ECDSA, RFC 8080 for Ed25519.
    pub key: Vec<u8>,
}

/// What makes a DNSKEY unusable.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum KeyFault {
    /// The protocol field is not 3 (RFC 4034, section 2.1.2).
    #[error("expected protocol 3; found {0}")]
    Protocol(u8),
    /// The algorithm is none of ours.
    #[error("expected algorithm 8, 10, 13, 14 or 15; found {0}")]
    Algorithm(AlgorithmNumber),
    /// The public key has another length than its algorithm demands, in octets.
    #[error("expected a public key of {expected} octets; found {found}")]
    Length {
        /// What the algorithm demands.
        expected: usize,
        /// What stands there.
        found: usize,
    },
    /// The RSA key is not as RFC 3110 and RFC 5702 demand.
    #[error("expected an RSA key of 1024 to 4096 bits with an odd exponent of at most 64 bits; found {0}")]
    Rsa(String),
    /// No private key belongs to these octets, or everybody has it.
    #[error("expected a public key that a private key belongs to; found {0}")]
    Nobodys(&'static str),
}

/// Size and exponent of an RSA key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RsaParameters {
    /// Bits of the modulus.
    pub bits: u32,
    /// The public exponent.
    pub exponent: u64,
}

impl Dnskey {
    /// The REVOKE bit (RFC 5011, section 2.1).
    pub const REVOKE: u16 = 0x0080;
    /// The SEP bit (RFC 4034, section 2.1.1).
    pub const SEP: u16 = 0x0001;
    /// Flags of a zone signing key.
    pub const ZSK: u16 = 256;
    /// Flags of a key signing key.
    pub const KSK: u16 = 257;

    /// A KSK (flags 257, protocol 3) around a public key.
    #[must_use]
    pub fn ksk(algorithm: Algorithm, key: Vec<u8>) -> Self {
        Self { flags: Self::KSK, protocol: 3, algorithm: algorithm.number(), key }
    }

    /// The CDNSKEY that asks the parent to remove every DS (RFC 8078, section 4): `0 3 0 AA==`.
    #[must_use]
    pub fn delete() -> Self {
        Self { flags: 0, protocol: 3, algorithm: AlgorithmNumber(0), key: vec![0] }
    }

    /// RDATA in wire format.
    #[must_use]
    pub fn rdata(&self) -> Vec<u8> {
        let mut wire = Vec::with_capacity(4 + self.key.len());
        wire.extend_from_slice(&self.flags.to_be_bytes());
        wire.extend_from_slice(&[self.protocol, self.algorithm.0]);
        wire.extend_from_slice(&self.key);
        wire
    }

    /// The key tag (RFC 4034, appendix B); that of algorithm 1 is made otherwise (appendix B.1).
    #[must_use]
    pub fn key_tag(&self) -> u16 {
        if self.algorithm.0 == 1 {
            return match self.key.as_slice() {
                [.., high, low, _] => u16::from_be_bytes([*high, *low]),
                _ => 0,
            };
        }
        let sum = self.rdata().chunks(2).fold(0_u32, |sum, pair| {
            let high = pair.first().copied().unwrap_or(0);
            let low = pair.get(1).copied().unwrap_or(0);
            sum.wrapping_add(u32::from(u16::from_be_bytes([high, low])))
        });
        let folded = sum.wrapping_add(sum >> 16) & 0xffff;
        u16::try_from(folded).unwrap_or(u16::MAX) // masked to 16 bits above
    }

    /// Whether the SEP bit is set, as in every KSK.
    #[must_use]
    pub const fn is_sep(&self) -> bool {
        self.flags & Self::SEP != 0
    }

    /// Whether the REVOKE bit is set.
    #[must_use]
    pub const fn is_revoked(&self) -> bool {
        self.flags & Self::REVOKE != 0
    }

    /// The same key with the REVOKE bit, and so with another key tag.
    #[must_use]
    pub fn revoked(&self) -> Self {
        Self { flags: self.flags | Self::REVOKE, ..self.clone() }
    }

    /// The fingerprint that is read aloud: SHA-256 over owner name and RDATA, the digest of the DS record
    /// (RFC 4034, section 5.1.4; RFC 4509).
    #[must_use]
    pub fn fingerprint(&self, owner: &Name) -> Sha256Digest {
        let mut octets = owner.wire().to_vec();
        octets.extend_from_slice(&self.rdata());
        sha256(&octets)
    }

    /// The DS record of this key (RFC 4034, section 5.1.4).
    #[must_use]
    pub fn ds(&self, owner: &Name, digest_type: DigestType) -> Ds {
        let mut octets = owner.wire().to_vec();
        octets.extend_from_slice(&self.rdata());
        Ds {
            key_tag: self.key_tag(),
            algorithm: self.algorithm,
            digest_type: digest_type.number(),
            digest: digest_type.digest(&octets),
        }
    }

    /// Whether the key has the right shape: protocol, algorithm, lengths. Flags are left to the caller.
    ///
    /// # Errors
    /// The first [`KeyFault`] found.
    pub fn check(&self) -> Result<Algorithm, KeyFault> {
        if self.protocol != 3 {
            return Err(KeyFault::Protocol(self.protocol));
        }
        let algorithm = self.algorithm.known().ok_or(KeyFault::Algorithm(self.algorithm))?;
        let expected = match algorithm {
            Algorithm::EcdsaP256Sha256 => 64,
            Algorithm::EcdsaP384Sha384 => 96,
            Algorithm::Ed25519 => 32,
            Algorithm::RsaSha256 | Algorithm::RsaSha512 => {
                let rsa = self.rsa().ok_or_else(|| KeyFault::Rsa("no such structure".to_owned()))?;
                if !(1024..=4096).contains(&rsa.bits) || rsa.exponent < 3 || rsa.exponent.is_multiple_of(2) {
                    return Err(KeyFault::Rsa(format!("{} bits, exponent {}", rsa.bits, rsa.exponent)));
                }
                return Ok(algorithm);
            }
        };
        let found = self.key.len();
        if found == expected { Ok(algorithm) } else { Err(KeyFault::Length { expected, found }) }
    }

    /// Whether the key has the right shape ([`Dnskey::check`]), and a private key can belong to it: an odd modulus, a
    /// point of the curve, none of small order. This costs about as much as a signature takes to verify.
    ///
    /// Whoever has verified a signature knows this already, but for the small order.
    ///
    /// # Errors
    /// The first [`KeyFault`] found.
    pub fn check_key(&self) -> Result<Algorithm, KeyFault> {
        let algorithm = self.check()?;
        let (good, found) = match algorithm {
            Algorithm::RsaSha256 | Algorithm::RsaSha512 => {
                (self.key.last().is_some_and(|octet| octet % 2 == 1), "an even RSA modulus")
            }
            Algorithm::EcdsaP256Sha256 => (is_on_p256(&self.key), "no point of the curve P-256"),
            Algorithm::EcdsaP384Sha384 => (is_on_p384(&self.key), "no point of the curve P-384"),
            Algorithm::Ed25519 => (is_ed25519(&self.key), "no point of edwards25519, or one of small order"),
        };
        if good { Ok(algorithm) } else { Err(KeyFault::Nobodys(found)) }
    }

    /// Size and exponent, if this has the structure of an RSA key (RFC 3110) without leading zeros.
    ///
    /// The form for exponents of more than 255 octets is none of ours: RFC 3110 leaves it to those alone.
    #[must_use]
    pub fn rsa(&self) -> Option<RsaParameters> {
        let (length, rest) = self.key.split_first()?;
        let (exponent, modulus) = rest.split_at_checked(usize::from(*length))?;
        let first = modulus.first().filter(|octet| **octet != 0)?;
        if exponent.is_empty() || exponent.len() > 8 || exponent.first() == Some(&0) {
            return None;
        }
        let exponent = exponent.iter().fold(0_u64, |sum, octet| sum << 8 | u64::from(*octet));
        let bits = u32::try_from(modulus.len()).ok()?.checked_mul(8)?.checked_sub(first.leading_zeros())?;
        Some(RsaParameters { bits, exponent })
    }

    /// The bits of the key, as people speak of them: modulus, or curve.
    #[must_use]
    pub fn bits(&self) -> Option<u32> {
        match self.algorithm.known()? {
            Algorithm::RsaSha256 | Algorithm::RsaSha512 => self.rsa().map(|rsa| rsa.bits),
            Algorithm::EcdsaP256Sha256 | Algorithm::Ed25519 => Some(256),
            Algorithm::EcdsaP384Sha384 => Some(384),
        }
    }

    /// Octets of a signature by this key in an RRSIG (RFC 5702, 6605, 8080), which is also what `C_Sign` returns; 0 for a key
    /// that is none of ours.
    #[must_use]
    pub fn signature_length(&self) -> usize {
        match self.algorithm.known() {
            Some(Algorithm::EcdsaP256Sha256 | Algorithm::Ed25519) => 64,
            Some(Algorithm::EcdsaP384Sha384) => 96,
            Some(Algorithm::RsaSha256 | Algorithm::RsaSha512) | None => {
                self.rsa().and_then(|rsa| usize::try_from(rsa.bits.div_ceil(8)).ok()).unwrap_or_default()
            }
        }
    }
}

/// Presentation format of the RDATA on one line: `257 3 13 RCsH…`.
impl fmt::Display for Dnskey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.flags, self.protocol, self.algorithm.0, base64::encode(&self.key))
    }
}

/// Text that is no DNSKEY RDATA.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("expected DNSKEY RDATA, as `257 3 13 <base64>`; found `{0}`")]
pub struct InvalidDnskey(pub String);

/// Reads presentation format; the base64 may contain spaces.
impl FromStr for Dnskey {
    type Err = InvalidDnskey;

    fn from_str(text: &str) -> Result<Self, InvalidDnskey> {
        let invalid = || InvalidDnskey(text.chars().take(60).collect());
        let mut fields = text.split_ascii_whitespace();
        let mut field = || fields.next().ok_or_else(invalid);
        let flags = decimal(field()?).ok_or_else(invalid)?;
        let protocol = decimal(field()?).ok_or_else(invalid)?;
        let algorithm = AlgorithmNumber(decimal(field()?).ok_or_else(invalid)?);
        let key = base64::decode(&fields.collect::<String>()).filter(|key| !key.is_empty()).ok_or_else(invalid)?;
        Ok(Self { flags, protocol, algorithm, key })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The root's KSK-2017, whose tag and digest are public.
    const KSK_2017: &str = "257 3 8 AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq7HrxRixHlFlExOLAJr5emLvN7SWXgnLh4+B5xQlNVz8Og8kvArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWezF0jLHwVN8efS3rCj/EWgvIWgb9tarpVUDK/b58Da+sqqls3eNbuv7pr+eoZG+SrDK6nWeL3c6H5Apxz7LjVc1uTIdsIXxuOLYA4/ilBmSVIzuDWfdRUfhHdY6+cn8HFRm+2hM8AnXGXws9555KrUB5qihylGa8subX2Nn6UwNR1AkUTV74bU=";

    #[test]
    fn knows_tag_and_digest_of_the_roots_ksk() {
        let key: Dnskey = KSK_2017.parse().unwrap();
        assert_eq!(key.key_tag(), 20326);
        assert_eq!(
            key.fingerprint(&Name::root()).to_string(),
            "e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d"
        );
        assert_eq!(key.check(), Ok(Algorithm::RsaSha256));
        assert_eq!(key.rsa(), Some(RsaParameters { bits: 2048, exponent: 65537 }));
        assert_eq!(key.to_string(), KSK_2017);
    }

    #[test]
    fn revoking_changes_the_tag() {
        let key: Dnskey = KSK_2017.parse().unwrap();
        assert_eq!(key.revoked().flags, 385);
        assert_ne!(key.revoked().key_tag(), key.key_tag());
    }

    #[test]
    fn refuses_keys_of_another_length_or_protocol() {
        let key = Dnskey::ksk(Algorithm::EcdsaP256Sha256, vec![7; 63]);
        assert_eq!(key.check(), Err(KeyFault::Length { expected: 64, found: 63 }));
        let key = Dnskey { protocol: 4, ..Dnskey::ksk(Algorithm::Ed25519, vec![7; 32]) };
        assert_eq!(key.check(), Err(KeyFault::Protocol(4)));
        let key = Dnskey { algorithm: AlgorithmNumber(5), ..Dnskey::ksk(Algorithm::RsaSha256, vec![]) };
        assert_eq!(key.check(), Err(KeyFault::Algorithm(AlgorithmNumber(5))));
    }

    /// An RSA key of 1024 bits, but for its length field and the last octet of its modulus.
    fn rsa(exponent: &[u8], last: u8) -> Dnskey {
        let modulus = [&[0x80][..], &[0; 126], &[last]].concat();
        Dnskey::ksk(Algorithm::RsaSha256, [exponent, &modulus].concat())
    }

    #[test]
    fn refuses_rsa_keys_out_of_shape() {
        for key in [vec![], vec![1, 3], vec![3, 1, 0, 1], vec![1, 3, 0, 1], vec![0], vec![200, 1], vec![1, 2, 255]] {
            assert!(Dnskey::ksk(Algorithm::RsaSha256, key).check().is_err());
        }
        assert_eq!(rsa(&[3, 1, 0, 1], 1).check_key(), Ok(Algorithm::RsaSha256));
        for (exponent, what) in [
            (&[0, 0, 3, 1, 0, 1][..], "the long form for a short exponent"),
            (&[4, 0, 1, 0, 1], "a leading zero"),
            (&[9, 1, 0, 0, 0, 0, 0, 0, 0, 1], "an exponent of 65 bits"),
            (&[1, 1], "an exponent of 1"),
            (&[1, 4], "an even exponent"),
            (&[0], "no exponent"),
        ] {
            assert!(matches!(rsa(exponent, 1).check(), Err(KeyFault::Rsa(_))), "{what}");
        }
        assert_eq!(rsa(&[3, 1, 0, 1], 2).check_key(), Err(KeyFault::Nobodys("an even RSA modulus")));
    }

    #[test]
    fn refuses_points_that_are_nobodys_key() {
        for (algorithm, length) in
            [(Algorithm::EcdsaP256Sha256, 64), (Algorithm::EcdsaP384Sha384, 96), (Algorithm::Ed25519, 32)]
        {
            let key = Dnskey::ksk(algorithm, vec![0; length]);
            assert_eq!(key.check(), Ok(algorithm), "the shape is right");
            assert!(matches!(key.check_key(), Err(KeyFault::Nobodys(_))));
        }
    }

    #[test]
    fn the_tag_of_algorithm_1_is_taken_from_the_modulus() {
        let key =
            Dnskey { algorithm: AlgorithmNumber(1), ..Dnskey::ksk(Algorithm::RsaSha256, vec![1, 3, 9, 0xab, 0xcd, 7]) };
        assert_eq!(key.key_tag(), 0xabcd);
        assert_eq!(Dnskey { key: vec![1], ..key }.key_tag(), 0);
    }

    #[test]
    fn refuses_numbers_that_are_not_plain() {
        for text in
            ["+257 3 13 AQ==", "0257 3 13 AQ==", "257 03 13 AQ==", "257 3 +13 AQ==", "65536 3 13 AQ==", "257 3 13"]
        {
            assert!(text.parse::<Dnskey>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_key_reads_as_it_was_printed(
            flags: u16, protocol: u8, algorithm: u8, key in proptest::collection::vec(any::<u8>(), 1..100),
        ) {
            let key = Dnskey { flags, protocol, algorithm: AlgorithmNumber(algorithm), key };
            prop_assert_eq!(key.to_string().parse(), Ok(key));
        }
    }
}
