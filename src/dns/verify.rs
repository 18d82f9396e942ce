//! Verifying signatures in software; the one file that calls `domain`'s crypto.

use domain::base::iana::SecurityAlgorithm;
use domain::crypto::common::PublicKey;
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

/// Verifies `signature` in DNSSEC's form over `data` by `key` (RFC 4034, 5702, 6605, 8080).
///
/// # Errors
/// [`VerifyError`]; both kinds mean: refused.
pub fn verify(key: &Dnskey, data: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
    key.check()?;
    let algorithm = SecurityAlgorithm::from_int(key.algorithm.0);
    let dnskey = domain::rdata::Dnskey::new(key.flags, key.protocol, algorithm, key.key.as_slice());
    let dnskey = dnskey.map_err(|_| VerifyError::Signature)?;
    let public = PublicKey::from_dnskey(&dnskey).map_err(|_| VerifyError::Signature)?;
    public.verify(data, signature).map_err(|_| VerifyError::Signature)
}
