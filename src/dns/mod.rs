//! Names, keys, signatures and times; the only user of `domain` and of its crypto.

/// Serializes a type as the text that it prints, and reads it back from there.
macro_rules! serde_as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

mod algorithm;
pub mod base64;
mod digest;
mod ds;
mod duration;
pub mod hex;
mod key;
mod name;
mod point;
mod rrset;
mod time;
mod verify;

pub use self::algorithm::{Algorithm, AlgorithmNumber, UnknownAlgorithm};
pub use self::digest::{InvalidDigest, Sha256Digest, sha256};
pub use self::ds::{DigestType, Ds};
pub use self::duration::{Duration, InvalidDuration};
pub use self::key::{Dnskey, InvalidDnskey, KeyFault, RsaParameters};
pub use self::name::{InvalidName, Name};
pub use self::rrset::{RrType, Rrsig, ds_rdatas, key_rdatas};
pub use self::time::{InvalidTime, Time};
pub use self::verify::{Verifier, VerifyError, ecdsa_sha256, ecdsa_sha384, verify};

serde_as_text!(Algorithm);
serde_as_text!(Dnskey);
serde_as_text!(Ds);
serde_as_text!(Duration);
serde_as_text!(Name);
serde_as_text!(Sha256Digest);
serde_as_text!(Time);

/// Reads a decimal number without sign and without leading zeros, as presentation format has them.
fn decimal<T: std::str::FromStr>(text: &str) -> Option<T> {
    let plain = text.bytes().all(|sign| sign.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain) // `from_str` takes a plus sign
}
