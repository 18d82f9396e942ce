//! Turns at a folder: records are named by the second in which their run began, so no two begin in the same.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::retry_on_intr;

use crate::process::Clock;
use crate::steps;

/// Between two looks at the clock.
const PAUSE: Duration = Duration::from_millis(20);

/// The right to write into a folder, until it is dropped or the process ends.
#[derive(Debug)]
pub(super) struct Turn(#[expect(dead_code, reason = "it is held open: closing it gives the turn on")] Option<OwnedFd>);

impl Turn {
    /// Waits until nobody else has the turn, and until no record or journal in the folder is of this second.
    ///
    /// # Errors
    /// The folder cannot be opened or listed.
    pub(super) fn take(folder: &Path, clock: &dyn Clock) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let file = rustix::fs::open(folder, flags, Mode::empty())?;
        // Some file systems of networks know no locks; there the second alone keeps records apart.
        let locked = retry_on_intr(|| flock(&file, FlockOperation::LockExclusive)).is_ok();
        while is_taken(folder, &clock.now().compact())? {
            thread::sleep(PAUSE);
        }
        Ok(Self(locked.then_some(file)))
    }
}

/// Whether a record or a journal in the folder was begun in this second.
fn is_taken(folder: &Path, second: &str) -> io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        let name = name.strip_prefix(steps::Mode::MARK).unwrap_or(&name);
        if name.strip_prefix(second).is_some_and(|rest| rest.starts_with('-')) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::Time;
    use crate::process::FixedClock;

    #[test]
    fn a_second_that_a_record_or_journal_has_is_waited_out() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["20261201T000000Z-root", "REHEARSAL-20261201T000001Z-x.journal", "20261201T000002Zx", "notes"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let start: Time = "2026-12-01T00:00:00Z".parse().unwrap();
        let clock = FixedClock::new(start, 500);
        Turn::take(folder.path(), &clock).unwrap();
        // Four readings were of seconds 0 and 1, the fifth was free.
        assert_eq!(clock.now().compact(), "20261201T000002Z");
        assert!(Turn::take(&folder.path().join("none"), &clock).is_err());
    }

    #[test]
    fn whoever_has_the_turn_keeps_others_waiting_until_it_is_given_on() {
        let folder = tempfile::tempdir().unwrap();
        let clock = FixedClock::new("2026-12-01T00:00:00Z".parse().unwrap(), 1000);
        let turn = Turn::take(folder.path(), &clock).unwrap();
        let other = fs::File::open(folder.path()).unwrap();
        assert_eq!(flock(&other, FlockOperation::NonBlockingLockExclusive), Err(rustix::io::Errno::WOULDBLOCK));
        drop(turn);
        assert_eq!(flock(&other, FlockOperation::NonBlockingLockExclusive), Ok(()));
    }
}
