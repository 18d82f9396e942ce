//! A path that signs on one core and verifies on another, against a bare loop that has one core.
//!
//! It needs two cores that work side by side as fast as one alone, which not every machine has at every moment: cores of
//! a virtual machine can be the two threads of one real core for seconds at a time, or share it with another machine,
//! and need up to twice the time then; nothing tells the machine. So each round asks without any part of ours, before
//! and after: a bare loop on one core while another does bare verifying. Verdicts are of the rounds where both were at
//! full speed; how many of all these were, and the median of all, stand beside them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;
use std::time::Duration;

use crate::bare::Bare;
use crate::read::{Signed, verifier};
use crate::table::{Table, median_ratio, timed};

/// Full speed: the fastest that was seen, but for what a core that is left alone varies by.
const FULL: f64 = 1.15;
/// Of a round's signatures, what it takes to see the speed.
const PART: usize = 8;

/// The bare side: so many signatures of a key of the token, and as many verified.
pub(crate) struct Pair<'a> {
    pub(crate) bare: &'a mut Bare,
    /// The key's label.
    pub(crate) label: &'a str,
    /// Signatures of a round.
    pub(crate) count: usize,
    /// Octets of what is signed, on average.
    pub(crate) octets: usize,
    /// Good signatures of the key, to be verified.
    pub(crate) signed: &'a [Signed],
}

/// Seconds that a signature takes, and its verifying, while the other core does the other.
#[derive(Clone, Copy)]
struct Speeds {
    signing: f64,
    verifying: f64,
}

/// Times of a path, each with those of the bare loops before and after it.
pub(crate) struct Rounds {
    pub(crate) times: Vec<Duration>,
    /// The mean of the two loops of each round.
    pub(crate) loops: Vec<Duration>,
    /// Before and after each round.
    speeds: Vec<[Speeds; 2]>,
    fastest: Speeds,
}

impl Pair<'_> {
    /// Measures a path until so many rounds were at full speed, but at most four times as often. It is made `ready`, so
    /// that what comes before and after it is as close as can be when it is `run`; its time is known at the `end`.
    pub(crate) fn rounds<T>(
        &mut self,
        wanted: usize,
        mut ready: impl FnMut() -> T,
        mut run: impl FnMut(&mut T),
        mut end: impl FnMut(T) -> Duration,
    ) -> Rounds {
        let fastest = self.speeds();
        let mut rounds = Rounds { times: Vec::new(), loops: Vec::new(), speeds: Vec::new(), fastest };
        while rounds.at_full_speed().len() < wanted && rounds.times.len() < 4 * wanted {
            let mut path = ready();
            let (loop_before, speeds_before) = (self.alone(self.count), self.speeds());
            run(&mut path);
            let (speeds_after, loop_after) = (self.speeds(), self.alone(self.count));
            rounds.add(end(path), (loop_before + loop_after) / 2, [speeds_before, speeds_after]);
            rounds.fastest.signing = rounds.fastest.signing.min(loop_after.as_secs_f64() / self.count as f64);
        }
        rounds
    }

    fn alone(&mut self, count: usize) -> Duration {
        self.bare.sign(self.label, count, self.octets)
    }

    /// A bare loop while another core verifies.
    fn speeds(&mut self) -> Speeds {
        let (signed, count) = (self.signed, self.count / PART);
        let done = AtomicBool::new(false);
        scope(|scope| {
            let other = scope.spawn(|| {
                let verify = verifier(&signed[0].0);
                let until_done = || signed.iter().cycle().take_while(|_| !done.load(Ordering::Relaxed));
                let (verified, time) = timed(|| until_done().inspect(|one| verify(one)).count());
                time.as_secs_f64() / verified.max(1) as f64
            });
            let signing = self.alone(count).as_secs_f64() / count as f64;
            done.store(true, Ordering::Relaxed);
            Speeds { signing, verifying: other.join().expect("a verifying thread") }
        })
    }
}

impl Rounds {
    fn add(&mut self, time: Duration, loops: Duration, speeds: [Speeds; 2]) {
        self.times.push(time);
        self.loops.push(loops);
        self.speeds.push(speeds);
        let verifying = speeds.map(|speeds| speeds.verifying);
        self.fastest.verifying = verifying.into_iter().fold(self.fastest.verifying, f64::min);
    }

    /// The rounds in which both cores were at full speed, before and after.
    fn at_full_speed(&self) -> Vec<usize> {
        let full = |speeds: &Speeds| {
            speeds.signing <= FULL * self.fastest.signing && speeds.verifying <= FULL * self.fastest.verifying
        };
        (0..self.times.len()).filter(|round| self.speeds[*round].iter().all(full)).collect()
    }

    /// Time of the path by that of the loops, as a median: of the rounds at full speed, where there are enough for one,
    /// and of all.
    pub(crate) fn ratios(&self) -> (Option<f64>, f64) {
        const ENOUGH: usize = 5;
        let full = self.at_full_speed();
        let of = |times: &[Duration]| full.iter().map(|round| times[*round]).collect::<Vec<_>>();
        let ratio = (full.len() >= ENOUGH).then(|| median_ratio(&of(&self.times), &of(&self.loops)));
        (ratio, median_ratio(&self.times, &self.loops))
    }

    /// How often both cores were at full speed.
    pub(crate) fn note(&self, table: &mut Table, what: &str) {
        let found = format!("{} of {}", self.at_full_speed().len(), self.times.len());
        table.note(&format!("{what}: rounds with two cores at full speed"), found);
    }
}
