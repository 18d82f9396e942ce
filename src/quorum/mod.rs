//! Shares: from bytes to a PIN and back.
//!
//! A random 256-bit key seals the token's PIN and is split among officers by Shamir's scheme over GF(256); each share
//! is sealed under its officer's own PIN and lies in that officer's file. Fewer shares than the threshold say nothing of
//! the key. This quorum is enforced by software: whoever controls the machine during the ceremony sees the PIN.
//!
//! ```text
//! create:  PIN, officers' PINs, entropy -> one ShareFile an officer
//! unlock:  bytes -> ShareFile::read -> Assembly::check -> ShareFile::open (officer's PIN) -> Assembly::add
//!          -> Assembly::unseal -> PIN
//! ```
//!
//! The room is pure: entropy and files come in as values.

mod assembly;
mod create;
mod error;
mod file;
mod kdf;
mod seal;
mod secret;
mod shamir;
mod terms;
mod text;

pub use self::assembly::Assembly;
pub use self::create::{MIN_PIN_SIGNS, check_new, create};
pub use self::error::QuorumError;
pub use self::file::{MAX_FILE_OCTETS, Share, ShareFile};
pub use self::kdf::Argon2Parameters;
pub use self::terms::THRESHOLD;
