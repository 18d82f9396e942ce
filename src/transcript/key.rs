//! The ceremony's own key and what it signs.
//!
//! Two forms of one signature, so that auditors can use what they have: SSHSIG (OpenSSH, `PROTOCOL.sshsig`) for
//! `ssh-keygen -Y verify`, and the raw 64 octets of RFC 8032 for `openssl pkeyutl -verify -rawin`.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha512};
use thiserror::Error;

use crate::dns::{Sha256Digest, base64, sha256};
use crate::steps::{Mode, wiping_stack};

/// The principal of every signature.
pub const PRINCIPAL: &str = "ceremony";

const KEY_TYPE: &[u8] = b"ssh-ed25519";
const MAGIC: &[u8] = b"SSHSIG";
const HASH: &[u8] = b"sha512";
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----\n";
const END: &str = "-----END SSH SIGNATURE-----\n";

/// Signs of base64 in a line of an armored signature, as `ssh-keygen` breaks it.
const LINE: usize = 70;

/// What stands before the 32 octets of a key in a SubjectPublicKeyInfo (RFC 8410).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// What a signature is for; part of what is signed, so that none can stand in for another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Namespace {
    /// The sealed transcript.
    Transcript,
    /// `SHA256SUMS` of a record.
    Record,
    /// The head of a journal.
    Journal,
    /// The delivery log.
    Delivery,
}

impl Namespace {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Transcript, Self::Record, Self::Journal, Self::Delivery];

    /// Its text: a rehearsal's never equals a ceremony's.
    #[must_use]
    pub fn text(self, mode: &Mode) -> String {
        let name = match self {
            Self::Transcript => "claviger-transcript",
            Self::Record => "claviger-record",
            Self::Journal => "claviger-journal",
            Self::Delivery => "claviger-delivery",
        };
        format!("{}{name}", mode.namespace_mark())
    }
}

/// The Ed25519 key pair of one ceremony: made at `open`, wiped at `close` when this goes.
pub struct CeremonyKey(Box<SigningKey>);

impl CeremonyKey {
    /// The key of a seed that came from a good source of random octets. The caller wipes its own copy.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(wiping_stack(|| Box::new(SigningKey::from_bytes(seed))))
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// An armored SSHSIG over `message`.
    #[must_use]
    pub fn sshsig(&self, namespace: Namespace, mode: &Mode, message: &[u8]) -> String {
        let namespace = namespace.text(mode);
        let signature = self.raw(&to_sign(&namespace, message));
        armor(&self.public(), &namespace, &signature)
    }

    /// The raw signature over `message` (RFC 8032).
    #[must_use]
    pub fn raw(&self, message: &[u8]) -> [u8; 64] {
        wiping_stack(|| self.0.sign(message).to_bytes())
    }
}

impl fmt::Debug for CeremonyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CeremonyKey(…)")
    }
}

/// The public key of a ceremony.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PublicKey(VerifyingKey);

/// Why a key or a signature does not count.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum SignatureError {
    /// No Ed25519 key in the form that OpenSSH writes.
    #[error("expected an ssh-ed25519 public key in base64; found something else")]
    Key,
    /// No signature of this form, by this key, in this namespace.
    #[error("expected a signature by the ceremony key in its namespace; found something else")]
    Form,
    /// A signature over other octets.
    #[error("the signature by the ceremony key does not verify over these octets")]
    Signature,
}

impl PublicKey {
    /// Reads what [`Self::base64`] writes.
    ///
    /// # Errors
    /// [`SignatureError::Key`] for anything else.
    pub fn from_base64(text: &str) -> Result<Self, SignatureError> {
        let blob = base64::decode(text).ok_or(SignatureError::Key)?;
        let octets: [u8; 32] = *blob.last_chunk().ok_or(SignatureError::Key)?;
        let key = Self(VerifyingKey::from_bytes(&octets).map_err(|_| SignatureError::Key)?);
        if key.blob() == blob { Ok(key) } else { Err(SignatureError::Key) }
    }

    /// The key as OpenSSH encodes it (RFC 8709).
    #[must_use]
    pub fn blob(&self) -> Vec<u8> {
        let mut blob = Vec::new();
        push(&mut blob, KEY_TYPE);
        push(&mut blob, self.0.as_bytes());
        blob
    }

    /// [`Self::blob`] in base64, as in `allowed_signers` and in the first entry.
    #[must_use]
    pub fn base64(&self) -> String {
        base64::encode(&self.blob())
    }

    /// SHA-256 of [`Self::blob`]: for words and hex groups.
    #[must_use]
    pub fn digest(&self) -> Sha256Digest {
        sha256(&self.blob())
    }

    /// The fingerprint as `ssh-keygen -l` prints it: `SHA256:` and base64 without padding.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", base64::encode(self.digest().as_bytes()).trim_end_matches('='))
    }

    /// `ceremony.pem`: the key as SubjectPublicKeyInfo (RFC 8410).
    #[must_use]
    pub fn pem(&self) -> String {
        let octets = [SPKI_PREFIX.as_slice(), self.0.as_bytes()].concat();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", base64::encode(&octets))
    }

    /// `allowed_signers`: the line that `ssh-keygen -Y verify -f` reads.
    #[must_use]
    pub fn allowed_signers(&self, mode: &Mode) -> String {
        let namespaces = Namespace::ALL.map(|namespace| namespace.text(mode)).join(",");
        format!("{PRINCIPAL} namespaces=\"{namespaces}\" ssh-ed25519 {}\n", self.base64())
    }

    /// Verifies an armored SSHSIG that is exactly as [`CeremonyKey::sshsig`] writes it.
    ///
    /// # Errors
    /// [`SignatureError`]: all kinds mean refused.
    pub fn verify_sshsig(
        &self,
        namespace: Namespace,
        mode: &Mode,
        message: &[u8],
        armored: &[u8],
    ) -> Result<(), SignatureError> {
        let namespace = namespace.text(mode);
        let text = std::str::from_utf8(armored).map_err(|_| SignatureError::Form)?;
        let body = text.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).ok_or(SignatureError::Form)?;
        let blob = base64::decode(&body.replace('\n', "")).ok_or(SignatureError::Form)?;
        let signature: &[u8; 64] = blob.last_chunk().ok_or(SignatureError::Form)?;
        // Everything but the last 64 octets is known beforehand, so there is nothing to parse.
        if armor(self, &namespace, signature) != text {
            return Err(SignatureError::Form);
        }
        self.verify(&to_sign(&namespace, message), signature)
    }

    /// Verifies a raw signature (RFC 8032).
    ///
    /// # Errors
    /// [`SignatureError`]: all kinds mean refused.
    pub fn verify_raw(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        self.verify(message, signature.try_into().map_err(|_| SignatureError::Form)?)
    }

    fn verify(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), SignatureError> {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).map_err(|_| SignatureError::Signature)
    }
}

/// Appends a string in SSH's form: its length in four octets, then itself.
fn push(blob: &mut Vec<u8>, octets: &[u8]) {
    // All strings here are constants, hashes, keys and signatures of far less than 4 GiB.
    blob.extend_from_slice(&u32::try_from(octets.len()).unwrap_or(u32::MAX).to_be_bytes());
    blob.extend_from_slice(octets);
}

fn to_sign(namespace: &str, message: &[u8]) -> Vec<u8> {
    let mut blob = MAGIC.to_vec();
    push(&mut blob, namespace.as_bytes());
    push(&mut blob, b""); // reserved
    push(&mut blob, HASH);
    push(&mut blob, &Sha512::digest(message));
    blob
}

fn armor(key: &PublicKey, namespace: &str, signature: &[u8; 64]) -> String {
    let mut inner = Vec::new();
    push(&mut inner, KEY_TYPE);
    push(&mut inner, signature);
    let mut blob = MAGIC.to_vec();
    blob.extend_from_slice(&1_u32.to_be_bytes()); // version
    push(&mut blob, &key.blob());
    push(&mut blob, namespace.as_bytes());
    push(&mut blob, b""); // reserved
    push(&mut blob, HASH);
    push(&mut blob, &inner);
    let mut text = BEGIN.to_owned();
    let mut signs = base64::encode(&blob);
    while signs.len() > LINE {
        let rest = signs.split_off(LINE); // base64 is ASCII
        text.push_str(&signs);
        text.push('\n');
        signs = rest;
    }
    text.push_str(&signs);
    text.push('\n');
    text + END
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> CeremonyKey {
        CeremonyKey::from_seed(&[7; 32])
    }

    #[test]
    fn signatures_hold_for_their_message_key_namespace_and_mode_alone() {
        let public = key().public();
        let armored = key().sshsig(Namespace::Record, &Mode::Ceremony, b"message");
        let verify =
            |namespace, mode: &Mode, message: &[u8]| public.verify_sshsig(namespace, mode, message, armored.as_bytes());
        assert_eq!(verify(Namespace::Record, &Mode::Ceremony, b"message"), Ok(()));
        assert_eq!(verify(Namespace::Record, &Mode::Ceremony, b"other"), Err(SignatureError::Signature));
        assert_eq!(verify(Namespace::Transcript, &Mode::Ceremony, b"message"), Err(SignatureError::Form));
        assert_eq!(verify(Namespace::Record, &Mode::Rehearsal, b"message"), Err(SignatureError::Form));
        let other = CeremonyKey::from_seed(&[8; 32]).public();
        assert!(other.verify_sshsig(Namespace::Record, &Mode::Ceremony, b"message", armored.as_bytes()).is_err());
    }

    #[test]
    fn any_changed_octet_of_a_signature_is_refused() {
        let armored = key().sshsig(Namespace::Transcript, &Mode::Rehearsal, b"message");
        for place in 0..armored.len() {
            let mut octets = armored.clone().into_bytes();
            octets[place] ^= 1;
            let verdict = key().public().verify_sshsig(Namespace::Transcript, &Mode::Rehearsal, b"message", &octets);
            assert!(verdict.is_err(), "octet {place}");
        }
        assert_eq!(key().public().verify_raw(b"message", &key().raw(b"message")), Ok(()));
        assert!(key().public().verify_raw(b"message", &key().raw(b"messagf")).is_err());
        assert!(key().public().verify_raw(b"message", b"short").is_err());
    }

    #[test]
    fn public_keys_are_read_as_they_are_written() {
        let public = key().public();
        assert_eq!(PublicKey::from_base64(&public.base64()), Ok(public));
        assert!(public.base64().starts_with("AAAAC3NzaC1lZDI1NTE5AAAAI"));
        for wrong in ["", "AAAA", &base64::encode(&[7; 51]), &format!("{}=", public.base64())] {
            assert_eq!(PublicKey::from_base64(wrong), Err(SignatureError::Key), "{wrong}");
        }
    }

    #[test]
    fn the_secret_key_is_never_shown() {
        assert_eq!(format!("{:?}", key()), "CeremonyKey(…)");
    }
}
