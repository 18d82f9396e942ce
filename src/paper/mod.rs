//! The report and the printed script, from a plan or a transcript.

mod page;
mod report;

pub use self::report::report;
