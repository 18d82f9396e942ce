//! PKCS#11: host process and client, keys, signing; the only user of `cryptoki`.
//!
//! A vendor's library crashes or blocks. So it is loaded in a process of its own, the token host ([`run_host`]), and
//! everybody else holds a [`Token`], the client: every request has a deadline, a host that misses one is killed, and
//! nothing is ever sent twice.

mod client;
mod error;
mod fault;
mod host;
mod keys;
mod mechanism;
mod point;
mod window;
mod wire;

pub use self::client::{Deadlines, Login, Taker, Token, TokenConfig, choose, expect_tries, matching};
pub use self::error::{PinState, TokenError};
pub use self::host::{HOST_ROLE, run_host};
pub use self::mechanism::Mechanism;
pub use self::wire::{FoundKey, Inventory, KeyQuery, LibraryFacts, NewKey};
