//! ChaCha20-Poly1305 (RFC 8439) over secrets of fixed length.

use std::fmt;

use chacha20poly1305::{AeadInOut as _, ChaCha20Poly1305, KeyInit as _};
use serde::{Deserialize, Serialize};

use super::QuorumError;
use super::secret::{Key, Secret};
use super::text::Hex;

/// `N` octets, sealed; only who has the key and names the same associated data gets them back.
#[derive(Clone, Copy, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sealed<const N: usize> {
    nonce: Hex<12>,
    octets: Hex<N>,
    tag: Hex<16>,
}

impl<const N: usize> Sealed<N> {
    /// Stands where nothing has been sealed yet.
    pub(super) const EMPTY: Self = Self { nonce: Hex([0; 12]), octets: Hex([0; N]), tag: Hex([0; 16]) };

    /// Seals `secret`; a key and nonce together are used once.
    pub(super) fn seal(key: &Key, nonce: [u8; 12], data: &[u8], secret: &[u8; N]) -> Result<Self, QuorumError> {
        let cipher = ChaCha20Poly1305::new((&**key).into());
        let mut buffer = Secret::copied(secret);
        let tag = cipher.encrypt_inout_detached(&nonce.into(), data, buffer.as_mut_slice().into());
        let failed = |_| QuorumError::Primitive { primitive: "ChaCha20-Poly1305", message: "nothing sealed".into() };
        Ok(Self { nonce: Hex(nonce), octets: Hex(*buffer), tag: Hex(tag.map_err(failed)?.into()) })
    }

    /// The secret; `None` for another key, other associated data or changed octets, without telling which.
    pub(super) fn open(&self, key: &Key, data: &[u8]) -> Option<Secret<N>> {
        let cipher = ChaCha20Poly1305::new((&**key).into());
        let mut buffer = Secret::copied(&self.octets.0);
        let (nonce, tag) = (self.nonce.0.into(), self.tag.0.into());
        cipher.decrypt_inout_detached(&nonce, data, buffer.as_mut_slice().into(), &tag).ok()?;
        Some(buffer)
    }
}

/// Sealed secrets stay out of logs too: what is under a short PIN can be tried.
impl<const N: usize> fmt::Debug for Sealed<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_with_the_same_key_and_data() {
        let key = Key::copied(&[7; 32]);
        let sealed = Sealed::seal(&key, [1; 12], b"data", b"secret").unwrap();
        assert_eq!(*sealed.open(&key, b"data").unwrap(), *b"secret");
        assert!(sealed.open(&key, b"Data").is_none());
        assert!(sealed.open(&Key::copied(&[8; 32]), b"data").is_none());
        assert!(Sealed::<6>::EMPTY.open(&key, b"data").is_none());
    }

    #[test]
    fn refuses_a_flip_in_nonce_octets_or_tag() {
        let key = Key::copied(&[7; 32]);
        let sealed = Sealed::seal(&key, [1; 12], b"", b"secret").unwrap();
        let (mut nonce, mut octets, mut tag) = (sealed, sealed, sealed);
        nonce.nonce.0[11] ^= 1;
        octets.octets.0[5] ^= 1;
        tag.tag.0[15] ^= 1;
        assert!([nonce, octets, tag].iter().all(|changed| changed.open(&key, b"").is_none()));
    }
}
