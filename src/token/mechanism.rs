//! Which mechanism signs for which algorithm, and what it is given.

use std::borrow::Cow;

use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::{Mechanism as Ckm, MechanismType};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha512};

use crate::dns::{Algorithm, ecdsa_sha256, ecdsa_sha384};

/// Who hashes for RSA; ECDSA is hashed in software and Ed25519 by the token either way.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mechanism {
    /// The token: `CKM_SHA256_RSA_PKCS`, `CKM_SHA512_RSA_PKCS`.
    #[default]
    Hashed,
    /// This program: `CKM_RSA_PKCS` over the DigestInfo (RFC 8017, section 9.2).
    Raw,
}

/// DER of a DigestInfo before the digest (RFC 8017, section 9.2, note 1).
const SHA256_INFO: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20];
const SHA512_INFO: [u8; 19] =
    [0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40];

/// How one key signs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Method {
    algorithm: Algorithm,
    mechanism: Mechanism,
}

impl Method {
    /// How keys of `algorithm` sign.
    pub(super) const fn new(algorithm: Algorithm, mechanism: Mechanism) -> Self {
        Self { algorithm, mechanism }
    }

    /// The mechanism for C_SignInit.
    pub(super) fn ckm(self) -> Ckm<'static> {
        match (self.algorithm, self.mechanism) {
            (Algorithm::RsaSha256, Mechanism::Hashed) => Ckm::Sha256RsaPkcs,
            (Algorithm::RsaSha512, Mechanism::Hashed) => Ckm::Sha512RsaPkcs,
            (Algorithm::RsaSha256 | Algorithm::RsaSha512, Mechanism::Raw) => Ckm::RsaPkcs,
            (Algorithm::EcdsaP256Sha256 | Algorithm::EcdsaP384Sha384, _) => Ckm::Ecdsa,
            (Algorithm::Ed25519, _) => Ckm::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519)),
        }
    }

    /// Its number, as the token lists it.
    pub(super) fn listed_as(self) -> MechanismType {
        self.ckm().mechanism_type()
    }

    /// Its name in the specification.
    pub(super) const fn name(self) -> &'static str {
        match (self.algorithm, self.mechanism) {
            (Algorithm::RsaSha256, Mechanism::Hashed) => "CKM_SHA256_RSA_PKCS",
            (Algorithm::RsaSha512, Mechanism::Hashed) => "CKM_SHA512_RSA_PKCS",
            (Algorithm::RsaSha256 | Algorithm::RsaSha512, Mechanism::Raw) => "CKM_RSA_PKCS",
            (Algorithm::EcdsaP256Sha256 | Algorithm::EcdsaP384Sha384, _) => "CKM_ECDSA",
            (Algorithm::Ed25519, _) => "CKM_EDDSA",
        }
    }

    /// What C_Sign is given for `data`.
    pub(super) fn input(self, data: &[u8]) -> Cow<'_, [u8]> {
        match (self.algorithm, self.mechanism) {
            (Algorithm::RsaSha256, Mechanism::Raw) => [SHA256_INFO.as_slice(), &Sha256::digest(data)].concat().into(),
            (Algorithm::RsaSha512, Mechanism::Raw) => [SHA512_INFO.as_slice(), &Sha512::digest(data)].concat().into(),
            (Algorithm::EcdsaP256Sha256, _) => ecdsa_sha256(data).into(),
            (Algorithm::EcdsaP384Sha384, _) => ecdsa_sha384(data).into(),
            (Algorithm::RsaSha256 | Algorithm::RsaSha512, Mechanism::Hashed) | (Algorithm::Ed25519, _) => data.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_info_announces_the_length_of_what_it_holds() {
        for (algorithm, digest) in [(Algorithm::RsaSha256, 32), (Algorithm::RsaSha512, 64)] {
            let input = Method::new(algorithm, Mechanism::Raw).input(b"data").into_owned();
            assert_eq!(input.len(), 19 + digest);
            assert_eq!((usize::from(input[1]), usize::from(input[18])), (17 + digest, digest));
        }
    }

    #[test]
    fn only_rsa_depends_on_who_hashes() {
        for algorithm in Algorithm::ALL {
            let [hashed, raw] = [Mechanism::Hashed, Mechanism::Raw].map(|mechanism| Method::new(algorithm, mechanism));
            assert_eq!(hashed.name() != raw.name(), algorithm.is_rsa());
            assert_eq!(hashed.listed_as().to_string(), hashed.name());
        }
    }
}
