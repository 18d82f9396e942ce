//! Requests and a policy become an ordered list of typed actions.

mod model;

pub use self::model::{JobInput, Plan, PlannedJob, PlannedKey, PlannedSignature, Previous, TokenName};
