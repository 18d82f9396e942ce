//! Why no plan can be made.

use thiserror::Error;

use crate::dns::{Name, Time};
use crate::exchange::Format;

/// What a request, the profile and the choices of people cannot give together.
///
/// Each message says what is wrong, what was expected and found, and what to do.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum PlanError {
    /// There is no job.
    #[error("there is no request to plan for; choose at least one")]
    NoJobs,
    /// The profile names neither label nor serial of a token.
    #[error("the profile names no token; give `token-label` or `token-serial` in [hsm]")]
    NoToken,
    /// The profile does not know the zone.
    #[error("the profile has no zone {zone}; it has {known}. Choose the request or the profile of the other zone")]
    UnknownZone {
        /// The zone of the request.
        zone: Name,
        /// The zones of the profile.
        known: String,
    },
    /// A format whose times come with the request, under a schedule.
    #[error(
        "zone {zone}: a {format} request has its own times and needs a policy with `schemas`; policy `{policy}` has a \
         `schedule`. Give the zone another policy"
    )]
    NeedsSchemas {
        /// The zone.
        zone: Name,
        /// The request's format.
        format: Format,
        /// The zone's policy.
        policy: String,
    },
    /// A format whose times the signer fills, under schemas.
    #[error(
        "zone {zone}: a {format} request leaves the times to the signer and needs a policy with a `schedule`; policy \
         `{policy}` has `schemas`. Give the zone another policy"
    )]
    NeedsSchedule {
        /// The zone.
        zone: Name,
        /// The request's format.
        format: Format,
        /// The zone's policy.
        policy: String,
    },
    /// A schema that the policy does not have, or none chosen out of several.
    #[error("zone {zone}: expected a schema out of {known}; found {found}. Choose one of them")]
    Schema {
        /// The zone.
        zone: Name,
        /// The policy's schemas.
        known: String,
        /// The one chosen, or `none`.
        found: String,
    },
    /// A schema for a zone under a schedule.
    #[error("zone {zone}: schema `{schema}` was chosen, but policy `{policy}` has a schedule; leave the schema out")]
    NoSchemas {
        /// The zone.
        zone: Name,
        /// The schema chosen.
        schema: String,
        /// The zone's policy.
        policy: String,
    },
    /// An end of coverage for a request that brings its own.
    #[error("zone {zone}: coverage until {until} was asked for, but the request has its own times; leave it out")]
    NoUntil {
        /// The zone.
        zone: Name,
        /// The end that was asked for.
        until: Time,
    },
    /// The request has more bundles than the schema slots.
    #[error(
        "zone {zone}: schema `{schema}` has {slots} slots; the request has {bundles} bundles. Choose another schema"
    )]
    Slots {
        /// The zone.
        zone: Name,
        /// The schema.
        schema: String,
        /// Its slots.
        slots: usize,
        /// The request's bundles.
        bundles: usize,
    },
    /// A schema names a key that the zone does not have.
    #[error("zone {zone}: the schema names key `{key}`, which the zone does not have; correct the profile")]
    UnknownKey {
        /// The zone.
        zone: Name,
        /// The name.
        key: String,
    },
    /// A key is in use and its DNSKEY is not in the profile.
    #[error(
        "zone {zone}: key `{key}` is used, but the profile has no `dnskey` for it; generate the key and add the line that \
         is printed"
    )]
    NoDnskey {
        /// The zone.
        zone: Name,
        /// The key's name in the profile.
        key: String,
    },
    /// The request lacks what its format must have; its reader would have refused it.
    #[error("zone {zone}: the request has no {part}; ask for a complete one")]
    Incomplete {
        /// The zone.
        zone: Name,
        /// What is missing.
        part: &'static str,
    },
    /// The schedule makes no progress, or leaves the range of times that an RRSIG can express.
    #[error("zone {zone}: at {at} the schedule leads nowhere: {reason}. Correct the schedule in the profile")]
    Cadence {
        /// The zone.
        zone: Name,
        /// The bundle concerned.
        at: Time,
        /// What is wrong.
        reason: &'static str,
    },
    /// The coverage ends before it begins.
    #[error("zone {zone}: coverage until {until} ends before the request begins at {first}; choose a later end")]
    NoCoverage {
        /// The zone.
        zone: Name,
        /// The end of coverage.
        until: Time,
        /// The request's first bundle.
        first: Time,
    },
    /// More bundles than one response can have.
    #[error(
        "zone {zone}: the schedule makes more than {limit} bundles; choose a longer validity or a shorter coverage"
    )]
    TooManyBundles {
        /// The zone.
        zone: Name,
        /// The bound.
        limit: usize,
    },
}
