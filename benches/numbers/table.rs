//! The table of figures, and the small arithmetic behind it.

use std::fmt;
use std::time::{Duration, Instant};

/// A figure beside its target.
struct Row {
    what: String,
    found: String,
    target: String,
    remark: &'static str,
}

/// All figures, in the order in which they were measured; each is printed at once, too.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// A figure without a target.
    pub(crate) fn note(&mut self, what: &str, found: String) {
        self.row(what, found, String::new(), "");
    }

    /// A figure that should be at least so much.
    pub(crate) fn at_least(&mut self, what: &str, found: f64, target: f64) {
        self.row(what, format!("{found:.3}"), format!(">= {target}"), remark(found >= target));
    }

    /// A figure that should be at most so much.
    pub(crate) fn at_most(&mut self, what: &str, found: f64, target: f64, unit: &str) {
        self.row(what, format!("{found:.3}{unit}"), format!("<= {target}{unit}"), remark(found <= target));
    }

    fn row(&mut self, what: &str, found: String, target: String, remark: &'static str) {
        let row = Row { what: what.to_owned(), found, target, remark };
        println!("  {row}");
        self.rows.push(row);
    }
}

fn remark(reached: bool) -> &'static str {
    if reached { "PASS" } else { "MISSED" }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = format!("{:<72} {:>22}  {:<10} {}", self.what, self.found, self.target, self.remark);
        f.write_str(line.trim_end())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rows.iter().try_for_each(|row| writeln!(f, "{row}"))
    }
}

/// What something returns, and how long it took.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

/// A side of a comparison: does its work and says how long that took.
pub(crate) type Side<'a> = &'a mut dyn FnMut() -> Duration;

/// Runs sides in turns, another one first each round; the times of each side.
pub(crate) fn in_turns<const N: usize>(rounds: usize, sides: [Side<'_>; N]) -> [Vec<Duration>; N] {
    let mut times = [const { Vec::new() }; N];
    for round in 0..rounds {
        for turn in 0..N {
            let side = (round + turn) % N;
            times[side].push(sides[side]());
        }
    }
    times
}

/// The middle one of the ratios `over[n] / times[n]`: how close a side comes to another one, round by round.
pub(crate) fn median_ratio(over: &[Duration], times: &[Duration]) -> f64 {
    let ratios = over.iter().zip(times).map(|(over, time)| over.as_secs_f64() / time.as_secs_f64());
    let mut ratios: Vec<f64> = ratios.collect();
    ratios.sort_unstable_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

/// The middle one.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// So many a second.
pub(crate) fn rate(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// Milliseconds, with decimals.
pub(crate) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
