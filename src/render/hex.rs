//! Octets as hexadecimal digits, and as they are read aloud.

pub use crate::dns::hex::{decode, encode};

/// Groups of four digits, as they are read aloud; the last is shorter where the count of octets is odd.
#[must_use]
pub fn groups(octets: &[u8]) -> Vec<String> {
    octets.chunks(2).map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_four_digits() {
        assert_eq!(groups(&[0x4f, 0x2a, 0x91, 0xbc, 0x0d]), ["4f2a", "91bc", "0d"]);
    }
}
