//! The door: once it is shut nothing can be added to the kernel; before that no medium is touched.

use std::fs;
use std::io;
use std::path::Path;

/// Where the state of the door stands; only PID 1 writes it.
const DOOR: &str = "/run/claviger/door";
/// The first line of a shut door's state.
const SHUT: &str = "shut";

/// What was reported when the door was shut: what went wrong before, and what holds since; none: it is open.
pub(super) fn report() -> Option<Vec<String>> {
    let text = fs::read_to_string(DOOR).ok()?;
    let mut lines = text.lines().map(str::to_owned);
    (lines.next()? == SHUT).then(|| lines.collect())
}

/// Reports the door shut, with what holds from now on.
///
/// # Errors
/// When the report cannot be written.
pub(super) fn report_shut(what_holds: &[String]) -> io::Result<()> {
    let new = Path::new(DOOR).with_extension("new");
    fs::write(&new, format!("{SHUT}\n{}\n", what_holds.join("\n")))?;
    fs::rename(new, DOOR)
}
