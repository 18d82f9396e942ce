//! The bootable image: the real ISO in an emulated machine, its screen read, its keys pressed, its media plugged and pulled.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a test may panic and starts programs, and shares modules with others"
)]

mod blklog;
mod build;
mod ceremony;
#[path = "../common/mod.rs"]
mod common;
mod figures;
mod flavours;
mod keys;
mod line;
mod machine;
mod media;
mod odd;
mod powercut;
mod qmp;
mod screen;
mod sticks;
