//! The ceremony profile (TOML), one module per format version.

mod model;

pub use self::model::{
    HashIn, Hsm, KskPolicy, Limit, LoginKind, Media, Policy, Profile, Quorum, RequestPolicy, Schedule, Schema, Signing,
    Slot, Timeline, Zone, ZoneKey,
};
