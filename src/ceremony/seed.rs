//! The randomness of a ceremony.

use std::fmt;

use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, Zeroizing};

use crate::steps::wiping_stack;

/// 32 random octets from which the ceremony's key and its questions follow; they never move and are wiped.
#[derive(Clone)]
pub struct Seed(Box<[u8; 32]>);

impl Seed {
    /// A seed that `fill` writes in place.
    ///
    /// # Errors
    /// Those of `fill`.
    pub fn new<E>(fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut seed = Self(Box::new([0; 32]));
        fill(seed.0.as_mut_slice())?;
        Ok(seed)
    }

    /// A seed of these octets, if there are 32. The caller wipes its own copy.
    #[must_use]
    pub fn from_octets(octets: &[u8]) -> Option<Self> {
        let mut seed = Self(Box::new([0; 32]));
        if octets.len() != seed.0.len() {
            return None;
        }
        seed.0.copy_from_slice(octets);
        Some(seed)
    }

    /// The octets themselves; for whoever keeps them in RAM.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// What follows from it for a purpose: SHA-256 of the purpose, the seed and `more`.
    pub(super) fn derive(&self, purpose: &str, more: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        wiping_stack(|| {
            let mut hash = Sha256::new().chain_update(purpose).chain_update([0]).chain_update(self.0.as_slice());
            more.iter().for_each(|part| hash.update(part));
            let mut derived = Zeroizing::new([0; 32]);
            hash.finalize_into((&mut *derived).into());
            derived
        })
    }

    /// Forgets it; only zeros are left.
    pub(super) fn wipe(&mut self) {
        self.0.zeroize();
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_32_octets_and_shows_none() {
        assert!(Seed::from_octets(&[7; 31]).is_none());
        let mut seed = Seed::from_octets(&[7; 32]).unwrap();
        assert_eq!(format!("{seed:?}"), "Seed(…)");
        seed.wipe();
        assert_eq!(seed.expose(), &[0; 32]);
        assert!(Seed::new(|_| Err(())).is_err());
    }
}
