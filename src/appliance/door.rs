//! The door: once it is shut nothing can be added to the kernel; before that no medium is touched.

use std::fs;
use std::io;
use std::path::Path;

/// Where the state of the door stands; only PID 1 writes it.
const DOOR: &str = "/run/claviger/door";
/// How a shut door's state begins.
const SHUT: &str = "shut";

/// Whether the door was reported shut.
pub(super) fn is_shut() -> bool {
    fs::read_to_string(DOOR).is_ok_and(|text| text.starts_with(SHUT))
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
