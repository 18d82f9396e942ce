//! Argon2id (RFC 9106): an officer's PIN becomes a key.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::QuorumError;
use super::secret::Key;
use crate::steps::Pin;

/// The cost of Argon2id; stored in the file, and bounded, so that a hostile file can neither hang the ceremony nor fill
/// the memory of the smallest machine, which has 256 MiB: no file asks for more than this program does.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Argon2Parameters {
    lanes: u32,
    memory_kib: u32,
    passes: u32,
}

impl Argon2Parameters {
    /// Memory of 8192 to 65536 KiB, 1 to 10 passes, 1 to 4 lanes.
    ///
    /// # Errors
    ///
    /// The first value outside its bounds.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, QuorumError> {
        Self { lanes, memory_kib, passes }.checked()
    }

    pub(super) fn checked(self) -> Result<Self, QuorumError> {
        let values = [
            ("Argon2 memory in KiB", self.memory_kib, 8 * 1024..=64 * 1024),
            ("the number of Argon2 passes", self.passes, 1..=10),
            ("the number of Argon2 lanes", self.lanes, 1..=4),
        ];
        for (field, found, bounds) in values {
            if !bounds.contains(&found) {
                let expected = format!("{} to {}", bounds.start(), bounds.end());
                return Err(QuorumError::OutOfBounds { field, expected, found: found.to_string() });
            }
        }
        Ok(self)
    }

    /// The key that an officer's PIN gives with this salt.
    pub(super) fn derive(self, pin: &Pin, salt: &[u8; 16]) -> Result<Key, QuorumError> {
        let failed =
            |error: argon2::Error| QuorumError::Primitive { primitive: "Argon2id", message: error.to_string() };
        let parameters = Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).map_err(failed)?;
        let mut memory = Zeroizing::new(Vec::<Block>::new());
        let blocks = parameters.block_count();
        memory.try_reserve_exact(blocks).map_err(|_| QuorumError::Memory { kib: self.memory_kib })?;
        memory.resize(blocks, Block::new());
        let mut key = Key::default();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
        argon2
            .hash_password_into_with_memory(pin.expose(), salt, key.as_mut_slice(), memory.as_mut_slice())
            .map_err(failed)?;
        Ok(key)
    }
}

/// 64 MiB, 3 passes, 1 lane: the second recommendation of RFC 9106, section 4, with one lane.
impl Default for Argon2Parameters {
    fn default() -> Self {
        Self { lanes: 1, memory_kib: 64 * 1024, passes: 3 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_parameters_out_of_bounds() {
        for (memory, passes, lanes) in
            [(8191, 1, 1), (65_537, 1, 1), (8192, 0, 1), (8192, 11, 1), (8192, 1, 0), (8192, 1, 5)]
        {
            let refused = Argon2Parameters::new(memory, passes, lanes);
            assert!(matches!(refused, Err(QuorumError::OutOfBounds { .. })), "{memory} {passes} {lanes}");
        }
        assert!(Argon2Parameters::new(65_536, 10, 4).is_ok());
        assert_eq!(Argon2Parameters::default().checked(), Ok(Argon2Parameters::default()));
    }

    #[test]
    fn derives_another_key_from_another_pin_salt_or_cost() {
        let pin = |text: &str| Pin::from_octets(text.as_bytes()).unwrap();
        let cost = Argon2Parameters::new(8192, 1, 1).unwrap();
        let key = cost.derive(&pin("12345678"), &[1; 16]).unwrap();
        assert_eq!(*key, *cost.derive(&pin("12345678"), &[1; 16]).unwrap());
        assert_ne!(*key, *cost.derive(&pin("12345679"), &[1; 16]).unwrap());
        assert_ne!(*key, *cost.derive(&pin("12345678"), &[2; 16]).unwrap());
        assert_ne!(*key, *Argon2Parameters::new(8192, 2, 1).unwrap().derive(&pin("12345678"), &[1; 16]).unwrap());
    }
}
