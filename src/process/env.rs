//! Clock and entropy: the only way in for what differs from run to run.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rustix::time::{ClockId, Timespec, clock_gettime};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroize as _;

use crate::dns::Time;

/// Where the kernel shows the hardware clock, as seconds since 1970.
const RTC: &str = "/sys/class/rtc/rtc0/since_epoch";

/// What time it is.
pub trait Clock: Send + Sync {
    /// The wall clock, UTC.
    fn now(&self) -> Time;

    /// Milliseconds since the program started; never runs backwards.
    fn uptime(&self) -> u64;

    /// What the hardware clock (RTC) says, UTC; none where there is none.
    fn rtc(&self) -> Option<Time> {
        None
    }
}

/// Where random octets come from.
pub trait Entropy: Send + Sync {
    /// Fills `buffer` with random octets.
    ///
    /// # Errors
    /// When the system has none to give.
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()>;

    /// Whether it gives some at once; a computer without a generator gathers for seconds after its start.
    fn is_ready(&self) -> bool;
}

/// The computer's clocks.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Starts counting the uptime.
    #[must_use]
    pub fn start() -> Self {
        Self { started: monotonic() }
    }
}

impl Clock for SystemClock {
    /// A wall clock before 1970 or past February 2106 shows as the nearer end.
    #[expect(clippy::disallowed_methods, reason = "this is where the wall clock is read")]
    fn now(&self) -> Time {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).ok().and_then(Time::from_unix).unwrap_or(Time::MAX)
    }

    fn uptime(&self) -> u64 {
        milliseconds(monotonic().saturating_duration_since(self.started))
    }

    fn rtc(&self) -> Option<Time> {
        rtc_at(Path::new(RTC))
    }
}

/// The time of the kernel's last tick, which comes every 1 to 10 ms: it is for comparing, where a clock would be read
/// after every small thing (`CLOCK_MONOTONIC_COARSE`).
pub(crate) fn last_tick() -> Timespec {
    clock_gettime(ClockId::MonotonicCoarse)
}

fn rtc_at(path: &Path) -> Option<Time> {
    Time::from_unix(std::fs::read_to_string(path).ok()?.trim().parse().ok()?)
}

/// The kernel's random number generator, getrandom(2).
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()> {
        let mut rest = buffer;
        while !rest.is_empty() {
            let filled = match rustix::rand::getrandom(&mut *rest, rustix::rand::GetRandomFlags::empty()) {
                Ok(filled) => filled,
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            rest = rest.get_mut(filled..).unwrap_or_default();
        }
        Ok(())
    }

    fn is_ready(&self) -> bool {
        let flags = rustix::rand::GetRandomFlags::NONBLOCK;
        rustix::rand::getrandom(&mut [0_u8; 1], flags) != Err(rustix::io::Errno::AGAIN)
    }
}

/// A clock for rehearsals: each reading, of either kind, comes one step after the last.
#[derive(Debug)]
pub struct FixedClock {
    start: Time,
    step_ms: u64,
    readings: AtomicU64,
}

impl FixedClock {
    /// A clock that shows `start` first and advances by `step_ms` milliseconds with every reading.
    #[must_use]
    pub const fn new(start: Time, step_ms: u64) -> Self {
        Self { start, step_ms, readings: AtomicU64::new(0) }
    }

    fn elapsed(&self) -> u64 {
        self.readings.fetch_add(1, Ordering::Relaxed).saturating_mul(self.step_ms)
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Time {
        let seconds = u64::from(self.start.unix()).saturating_add(self.elapsed() / 1000);
        i64::try_from(seconds).ok().and_then(Time::from_unix).unwrap_or(Time::MAX)
    }

    fn uptime(&self) -> u64 {
        self.elapsed()
    }
}

/// Entropy for rehearsals: SHA-256 over a seed and a counter. Never for a key that matters.
pub struct SeededEntropy {
    seed: [u8; 32],
    counter: Mutex<u64>,
}

impl SeededEntropy {
    /// The stream that belongs to `seed`, from its beginning.
    #[must_use]
    pub const fn new(seed: [u8; 32]) -> Self {
        Self { seed, counter: Mutex::new(0) }
    }
}

impl Entropy for SeededEntropy {
    /// Each call starts with a fresh block, so that what one caller asks for does not shift what another gets within
    /// a block.
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()> {
        let mut counter = self.counter.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in buffer.chunks_mut(32) {
            let block = Sha256::new().chain_update(self.seed).chain_update(counter.to_be_bytes()).finalize();
            *counter = counter.wrapping_add(1);
            for (octet, random) in chunk.iter_mut().zip(block) {
                *octet = random;
            }
        }
        Ok(())
    }

    fn is_ready(&self) -> bool {
        true
    }
}

impl Drop for SeededEntropy {
    fn drop(&mut self) {
        self.seed.zeroize();
    }
}

impl fmt::Debug for SeededEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SeededEntropy(…)")
    }
}

/// A point on the real monotonic clock by which another process must have answered.
///
/// It never comes from a [`FixedClock`]: a rehearsal with a fixed time still waits for a real process.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Option<Instant>,
}

impl Deadline {
    /// `limit` from now.
    #[must_use]
    pub fn after(limit: Duration) -> Self {
        Self { at: monotonic().checked_add(limit) }
    }

    /// No deadline.
    #[must_use]
    pub const fn never() -> Self {
        Self { at: None }
    }

    /// The time left, zero when it has passed; `None` without a deadline.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.at.map(|at| at.saturating_duration_since(monotonic()))
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where the monotonic clock is read")]
fn monotonic() -> Instant {
    Instant::now()
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_advances_with_every_reading() {
        let start: Time = "2026-01-01T00:00:00Z".parse().unwrap();
        let clock = FixedClock::new(start, 500);
        let readings = [clock.now(), clock.now(), clock.now()];
        assert_eq!(readings.map(|time| time.seconds_since(start)), [0, 0, 1]);
        assert_eq!((clock.uptime(), clock.uptime()), (1500, 2000));
    }

    #[test]
    fn a_hardware_clock_is_read_where_there_is_one() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("since_epoch");
        assert_eq!(rtc_at(&path), None);
        std::fs::write(&path, "1795348800\n").unwrap();
        assert_eq!(rtc_at(&path).unwrap().to_string(), "2026-11-22T12:00:00Z");
        std::fs::write(&path, "-5\n").unwrap();
        assert_eq!(rtc_at(&path), None);
    }

    #[test]
    fn a_seed_names_its_stream() {
        let stream = |seed| {
            let entropy = SeededEntropy::new([seed; 32]);
            let (mut first, mut second) = ([0; 40], [0; 40]);
            entropy.fill(&mut first).unwrap();
            entropy.fill(&mut second).unwrap();
            assert_ne!(first, second);
            (first, second)
        };
        assert_eq!(stream(1), stream(1));
        assert_ne!(stream(1), stream(2));
        assert_eq!(format!("{:?}", SeededEntropy::new([7; 32])), "SeededEntropy(…)");
    }

    #[test]
    fn the_system_fills_every_octet_and_its_clock_runs() {
        let mut buffer = [0; 4096];
        SystemEntropy.fill(&mut buffer).unwrap();
        assert!(SystemEntropy.is_ready(), "it has just given some");
        assert!(SystemEntropy.is_ready(), "it has just given some");
        assert!(buffer.chunks(64).all(|chunk| chunk.iter().any(|octet| *octet != 0)));
        let clock = SystemClock::start();
        assert!(clock.now() > "2024-01-01T00:00:00Z".parse().unwrap());
        assert!(clock.uptime() < 60_000);
    }
}
