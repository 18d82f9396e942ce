//! What several tests share; each uses its part.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "each test is a crate of its own, uses a part of this, may panic and starts programs"
)]

pub mod claviger;
pub mod crew;
pub mod desk;
pub mod faults;
pub mod look;
pub mod peers;
pub mod profile;
pub mod pty;
pub mod rehearsal;
pub mod rrsets;
pub mod shares;
pub mod skip;
pub mod softhsm;
