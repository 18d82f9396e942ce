//! What people hold in their hands: the printed script of a ceremony, and the report of its transcript.
//!
//! Both are a [`Sheet`](sheet::Sheet) of blocks first; text and HTML are made of the same blocks.

mod html;
mod report;
mod script;
mod sheet;
mod text;

pub use self::report::report;
pub use self::script::{Ask, Printed, Screen, Script, ScriptJob, script};
