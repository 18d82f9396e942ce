//! Octets of fixed length as hexadecimal text in JSON, and the one way to write JSON.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::render::hex;

/// Exactly `N` octets, lower-case hexadecimal in JSON.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Hex<const N: usize>(pub(super) [u8; N]);

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(&self.0))
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let octets = hex::decode(&text).and_then(|octets| octets.try_into().ok());
        octets.map(Self).ok_or_else(|| D::Error::custom(format_args!("expected {} hexadecimal digits", 2 * N)))
    }
}

/// The RFC 8785 form of a value whose fields are declared in the order of their names and hold no floats.
pub(super) fn canonical<T: Serialize>(value: &T) -> Vec<u8> {
    // Fails only for maps with other keys than strings and for failing `Serialize`, of which this room has none.
    serde_json::to_vec(value).unwrap_or_default()
}
