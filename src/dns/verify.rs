//! Verifying signatures in software, and hashing for them; the one file that calls `domain`'s crypto.

use domain::base::iana::SecurityAlgorithm;
use domain::crypto::common::{DigestBuilder, DigestType, PublicKey};
use thiserror::Error;

use super::{Dnskey, KeyFault};

/// Why a signature does not count.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum VerifyError {
    /// The key itself is out of shape.
    #[error("the key cannot be used: {0}")]
    Key(#[from] KeyFault),
    /// The signature is not by this key over these octets.
    #[error("the signature does not verify")]
    Signature,
}

/// A key made ready to verify many signatures with.
pub struct Verifier(PublicKey);

impl Verifier {
    /// Makes a key ready.
    ///
    /// # Errors
    /// [`VerifyError`]; both kinds mean: nothing verifies with it.
    pub fn new(key: &Dnskey) -> Result<Self, VerifyError> {
        key.check()?;
        let algorithm = SecurityAlgorithm::from_int(key.algorithm.0);
        let dnskey = domain::rdata::Dnskey::new(key.flags, key.protocol, algorithm, key.key.as_slice());
        let dnskey = dnskey.map_err(|_| VerifyError::Signature)?;
        PublicKey::from_dnskey(&dnskey).map(Self).map_err(|_| VerifyError::Signature)
    }

    /// Verifies `signature` in DNSSEC's form over `data` (RFC 4034, 5702, 6605, 8080).
    ///
    /// # Errors
    /// [`VerifyError::Signature`]: refused.
    pub fn verify(&self, data: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
        self.0.verify(data, signature).map_err(|_| VerifyError::Signature)
    }
}

/// Verifies one `signature` in DNSSEC's form over `data` by `key` (RFC 4034, 5702, 6605, 8080).
///
/// # Errors
/// [`VerifyError`]; both kinds mean: refused.
pub fn verify(key: &Dnskey, data: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
    Verifier::new(key)?.verify(data, signature)
}

/// What a token signs for ECDSA P-256 (RFC 6605, section 4): the SHA-256 of `data`, 32 octets. By the library that
/// verifies, since it takes two thirds of the time where the processor has no instructions for it.
#[must_use]
pub fn ecdsa_sha256(data: &[u8]) -> Vec<u8> {
    digest(DigestType::Sha256, data)
}

/// What a token signs for ECDSA P-384 (RFC 6605, section 4): the SHA-384 of `data`, 48 octets.
#[must_use]
pub fn ecdsa_sha384(data: &[u8]) -> Vec<u8> {
    digest(DigestType::Sha384, data)
}

fn digest(kind: DigestType, data: &[u8]) -> Vec<u8> {
    let mut builder = DigestBuilder::new(kind);
    builder.update(data);
    builder.finish().as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::super::{hex, sha256};
    use super::*;

    #[test]
    fn what_is_signed_for_ecdsa_is_the_digest() {
        assert_eq!(ecdsa_sha256(b"abc"), sha256(b"abc").as_bytes());
        // FIPS 180-4, the example of one block.
        let sha384 = "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7";
        assert_eq!(hex::encode(&ecdsa_sha384(b"abc")), sha384);
    }
}
