//! The named checks; only this room can make an admitted plan.

mod finding;

pub use self::finding::{BundleRef, Finding};
