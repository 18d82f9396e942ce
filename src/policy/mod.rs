//! The named checks; only this room can make an admitted plan.
//!
//! Every check always runs and yields at least one [`Finding`]: pass, fail, warn, or skipped with a reason. Nothing
//! stops at the first fault. Where the root zone's own signer has a name for a check, it is ours as well.

mod admit;
mod chain;
mod check;
mod finding;
mod hold_down;
mod importer;
mod judge;
mod parallel;
mod parent;
mod planned;
mod possession;
mod request_policy;
mod request_structure;
mod response;
mod safety;
#[cfg(test)]
mod variants;
mod words;

pub use self::admit::{Admitted, Refused, admit};
pub use self::check::Check;
pub use self::finding::{BundleRef, Finding};
pub use self::judge::{check_plan, check_request, check_response, check_response_alone, check_together};
