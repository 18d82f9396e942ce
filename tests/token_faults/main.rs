//! Tokens that go wrong: what is said, what is kept, and how it goes on; over the module of `tests/faults`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may panic and starts programs"
)]

#[path = "../common/mod.rs"]
mod common;

mod desk;
mod host;
mod officers;
mod room;
