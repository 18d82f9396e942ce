//! Requests and a policy become an ordered list of typed actions.
//!
//! Nothing here judges: [`build`] makes what the profile says from what the request asks, and the checks of `policy`
//! look at both. Only what cannot be made at all is a [`PlanError`].

mod build;
mod error;
#[cfg(test)]
pub(crate) mod fixture;
mod json;
mod model;
mod schedule;
mod schemas;
mod table;
mod tasks;

pub use self::build::build;
pub use self::error::PlanError;
pub use self::model::{JobInput, Plan, PlannedJob, PlannedKey, PlannedSignature, Previous, TokenName};
pub use self::schedule::wants_ds;
pub use self::schemas::{USUAL_SCHEMA, chosen_schema};
pub use self::table::{changes, covered_until};
pub use self::tasks::{SignTask, Task};
