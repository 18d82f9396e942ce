//! RRsets of keys, their signatures, and the octets that are signed.

use std::fmt;

use super::{AlgorithmNumber, Dnskey, Ds, Name, Time, base64};

/// The types of RRsets that a ceremony signs.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum RrType {
    /// DNSKEY (RFC 4034).
    Dnskey,
    /// CDS (RFC 7344).
    Cds,
    /// CDNSKEY (RFC 7344).
    Cdnskey,
}

impl RrType {
    /// The number in wire format.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Dnskey => 48,
            Self::Cds => 59,
            Self::Cdnskey => 60,
        }
    }

    /// The type of that mnemonic, in any case.
    #[must_use]
    pub fn from_mnemonic(text: &str) -> Option<Self> {
        [Self::Dnskey, Self::Cds, Self::Cdnskey].into_iter().find(|t| t.mnemonic().eq_ignore_ascii_case(text))
    }

    /// The mnemonic.
    #[must_use]
    pub const fn mnemonic(self) -> &'static str {
        match self {
            Self::Dnskey => "DNSKEY",
            Self::Cds => "CDS",
            Self::Cdnskey => "CDNSKEY",
        }
    }
}

impl fmt::Display for RrType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.mnemonic())
    }
}

/// The RDATA of an RRSIG (RFC 4034, section 3) over one of our types.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Rrsig {
    /// The type that is signed.
    pub type_covered: RrType,
    /// Algorithm of the signing key.
    pub algorithm: AlgorithmNumber,
    /// Labels of the owner name.
    pub labels: u8,
    /// TTL of the signed RRset, in seconds.
    pub original_ttl: u32,
    /// End of validity.
    pub expiration: Time,
    /// Begin of validity.
    pub inception: Time,
    /// Tag of the signing key, as it stands in the RRset.
    pub key_tag: u16,
    /// The signer: the zone.
    pub signer: Name,
    /// The signature; empty as long as it is only planned.
    pub signature: Vec<u8>,
}

impl Rrsig {
    /// RDATA in wire format without the signature: what comes first in the signed data.
    #[must_use]
    pub fn rdata_to_sign(&self) -> Vec<u8> {
        let mut wire = self.type_covered.number().to_be_bytes().to_vec();
        wire.extend_from_slice(&[self.algorithm.0, self.labels]);
        wire.extend_from_slice(&self.original_ttl.to_be_bytes());
        wire.extend_from_slice(&self.expiration.unix().to_be_bytes());
        wire.extend_from_slice(&self.inception.unix().to_be_bytes());
        wire.extend_from_slice(&self.key_tag.to_be_bytes());
        wire.extend_from_slice(self.signer.wire());
        wire
    }

    /// The octets that are signed (RFC 4034, section 3.1.8.1): this RDATA without the signature, then `rdatas` of the
    /// RRset at `owner` as canonical records, sorted and without duplicates (section 6.3).
    #[must_use]
    pub fn signed_data(&self, owner: &Name, rdatas: &[Vec<u8>]) -> Vec<u8> {
        let mut sorted: Vec<&[u8]> = rdatas.iter().map(Vec::as_slice).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let head = [
            owner.wire(),
            &self.type_covered.number().to_be_bytes(),
            &1_u16.to_be_bytes(),
            &self.original_ttl.to_be_bytes(),
        ]
        .concat();
        let mut octets = self.rdata_to_sign();
        octets.reserve_exact(sorted.iter().map(|rdata| head.len() + 2 + rdata.len()).sum());
        for rdata in sorted {
            octets.extend_from_slice(&head);
            // Readers bound a document, so no RDATA comes near 64 KiB.
            octets.extend_from_slice(&u16::try_from(rdata.len()).unwrap_or(u16::MAX).to_be_bytes());
            octets.extend_from_slice(rdata);
        }
        octets
    }
}

/// Presentation format of the RDATA on one line; expiration stands before inception (RFC 4034, section 3.2).
impl fmt::Display for Rrsig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {} {} {} {} {} {} {}",
            self.type_covered,
            self.algorithm.0,
            self.labels,
            self.original_ttl,
            self.expiration.digits(),
            self.inception.digits(),
            self.key_tag,
            self.signer,
            base64::encode(&self.signature)
        )
    }
}

/// The RDATAs of a set of keys.
#[must_use]
pub fn key_rdatas<'a>(keys: impl IntoIterator<Item = &'a Dnskey>) -> Vec<Vec<u8>> {
    keys.into_iter().map(Dnskey::rdata).collect()
}

/// The RDATAs of a set of CDS.
#[must_use]
pub fn ds_rdatas<'a>(set: impl IntoIterator<Item = &'a Ds>) -> Vec<Vec<u8>> {
    set.into_iter().map(Ds::rdata).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Algorithm, verify};
    use super::*;

    fn rrsig(key: &Dnskey, owner: &Name) -> Rrsig {
        Rrsig {
            type_covered: RrType::Dnskey,
            algorithm: key.algorithm,
            labels: owner.label_count(),
            original_ttl: 3600,
            expiration: Time::from_digits("20270305024606").unwrap(),
            inception: Time::from_digits("20270205024606").unwrap(),
            key_tag: key.key_tag(),
            signer: owner.clone(),
            signature: Vec::new(),
        }
    }

    #[test]
    fn a_signature_made_over_the_signed_data_verifies() {
        use ed25519_dalek::Signer as _;
        let signing = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let owner: Name = "example.".parse().unwrap();
        let key = Dnskey::ksk(Algorithm::Ed25519, signing.verifying_key().to_bytes().to_vec());
        let sig = rrsig(&key, &owner);
        let data = sig.signed_data(&owner, &key_rdatas([&key, &key]));
        assert_eq!(data, sig.signed_data(&owner, &key_rdatas([&key])), "duplicates fall out");
        let signature = signing.sign(&data).to_bytes();
        assert_eq!(verify(&key, &data, &signature), Ok(()));
        let mut wrong = signature;
        wrong[0] ^= 1;
        assert!(verify(&key, &data, &wrong).is_err());
    }

    #[test]
    fn records_are_sorted_as_octets_and_a_shorter_one_stands_first() {
        let owner: Name = "example.".parse().unwrap();
        let sig = rrsig(&Dnskey::ksk(Algorithm::Ed25519, vec![1; 32]), &owner);
        let rdatas = [vec![1, 2], vec![0x80], vec![1], vec![], vec![1, 2]];
        let data = sig.signed_data(&owner, &rdatas);
        let record = |rdata: &[u8]| {
            let head = b"\x07example\x00\x00\x30\x00\x01\x00\x00\x0e\x10\x00";
            [&head[..], &[rdata.len() as u8], rdata].concat()
        };
        let expected = [record(&[]), record(&[1]), record(&[1, 2]), record(&[0x80])].concat();
        assert_eq!(data.strip_prefix(sig.rdata_to_sign().as_slice()), Some(expected.as_slice()));
    }

    #[test]
    fn the_order_of_keys_does_not_matter() {
        let owner: Name = "example.".parse().unwrap();
        let a = Dnskey::ksk(Algorithm::Ed25519, vec![1; 32]);
        let b = Dnskey { flags: Dnskey::ZSK, ..Dnskey::ksk(Algorithm::Ed25519, vec![2; 32]) };
        let sig = rrsig(&a, &owner);
        assert_eq!(sig.signed_data(&owner, &key_rdatas([&a, &b])), sig.signed_data(&owner, &key_rdatas([&b, &a])));
    }
}
