//! Octets that open something: keys, shares, a PIN in its padding.

use std::fmt;
use std::ops::{Deref, DerefMut};

use zeroize::Zeroize;

/// `N` secret octets in a buffer that never moves and is wiped when it goes.
///
/// Whoever is given it gets a pointer; an array would leave a copy wherever it was handed on.
pub(super) struct Secret<const N: usize>(Box<[u8; N]>);

/// 256 bits of key.
pub(super) type Key = Secret<32>;

impl<const N: usize> Secret<N> {
    /// The same octets in a buffer of its own. The caller wipes those that it has.
    pub(super) fn copied(octets: &[u8; N]) -> Self {
        let mut secret = Self::default();
        secret.copy_from_slice(octets);
        secret
    }
}

/// Zeros, to be written over in place.
impl<const N: usize> Default for Secret<N> {
    fn default() -> Self {
        Self(Box::new([0; N]))
    }
}

impl<const N: usize> Deref for Secret<N> {
    type Target = [u8; N];

    fn deref(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> DerefMut for Secret<N> {
    fn deref_mut(&mut self) -> &mut [u8; N] {
        &mut self.0
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_where_it_is_and_shows_nothing() {
        let key = Key::copied(&[7; 32]);
        let place = key.as_ptr();
        let moved = [Some(key)];
        let [Some(key)] = moved else { unreachable!() };
        assert_eq!((key.as_ptr(), *key), (place, [7; 32]));
        assert_eq!(format!("{key:?}"), "Secret(…)");
    }
}
