//! A defect ends the command with its place; what was said with it might hold a secret, and is not shown.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, PoisonError};

/// Where the first panic was.
static PLACE: Mutex<Option<String>> = Mutex::new(None);

/// Runs `work`; if it panics, on whichever thread, the place `file:line:column` of the first panic is the error.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let first = || PLACE.lock().unwrap_or_else(PoisonError::into_inner);
    *first() = None;
    panic::set_hook(Box::new(move |info| {
        let place = info.location().map(ToString::to_string);
        let mut first = first();
        *first = first.take().or(place);
    }));
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    let _ = panic::take_hook();
    result.map_err(|_| first().take().unwrap_or_else(|| "an unknown place".to_owned()))
}
