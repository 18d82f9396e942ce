//! A path that signs on one core and verifies on another, against a bare loop that has one core.
//!
//! It needs two cores that work side by side as fast as one alone, which not every machine has at every moment: cores of
//! a virtual machine can be the two threads of one real core for seconds at a time, or one of them is shared with another
//! machine, and need up to twice the time then; nothing tells the machine. So each round asks without any part of ours,
//! before and after: a bare loop on one core while another does bare verifying, and each of them alone. Verdicts are of
//! all rounds; what those with two such cores say, and how many these were, stands beside them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;
use std::time::Duration;

use crate::bare::Bare;
use crate::read::{Signed, verifier};
use crate::table::{median_ratio, timed};

/// As fast as alone, but for what two measurements of the same differ by.
const AS_FAST: f64 = 1.1;
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

/// Times of a path, each with those of the bare loops before and after it.
pub(crate) struct Rounds {
    pub(crate) times: Vec<Duration>,
    /// The mean of the two loops of each round.
    pub(crate) loops: Vec<Duration>,
    /// Whether there were two cores, before and after.
    two: Vec<bool>,
}

impl Pair<'_> {
    /// Measures a path until so many rounds had two cores, but at most four times as often. It is made `ready`, so
    /// that what comes before and after it is as close as can be when it is `run`; its time is known at the `end`.
    pub(crate) fn rounds<T>(
        &mut self,
        wanted: usize,
        mut ready: impl FnMut() -> T,
        mut run: impl FnMut(&mut T),
        mut end: impl FnMut(T) -> Duration,
    ) -> Rounds {
        let mut rounds = Rounds { times: Vec::new(), loops: Vec::new(), two: Vec::new() };
        while rounds.with_two().len() < wanted && rounds.times.len() < 4 * wanted {
            let mut path = ready();
            let (loop_before, two_before) = (self.alone(self.count), self.are_two());
            run(&mut path);
            let (two_after, loop_after) = (self.are_two(), self.alone(self.count));
            rounds.times.push(end(path));
            rounds.loops.push((loop_before + loop_after) / 2);
            rounds.two.push(two_before && two_after);
        }
        rounds
    }

    fn alone(&mut self, count: usize) -> Duration {
        self.bare.sign(self.label, count, self.octets)
    }

    /// Whether bare signing and bare verifying, side by side, are as fast as each alone.
    fn are_two(&mut self) -> bool {
        let count = self.count / PART;
        let verify = verifier(&self.signed[0].0);
        let verifying = timed(|| self.signed.iter().cycle().take(count).for_each(&verify)).1;
        let alone = [self.alone(count), verifying].map(|time| time.as_secs_f64() / count as f64);
        self.beside().iter().zip(alone).all(|(beside, alone)| *beside <= AS_FAST * alone)
    }

    /// Seconds that a signature of a bare loop takes, and its verifying on another core meanwhile.
    fn beside(&mut self) -> [f64; 2] {
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
            [signing, other.join().expect("a verifying thread")]
        })
    }
}

impl Rounds {
    /// The rounds with two cores.
    fn with_two(&self) -> Vec<usize> {
        (0..self.two.len()).filter(|round| self.two[*round]).collect()
    }

    /// Time of the path by that of the loops, as a median of all rounds.
    pub(crate) fn ratio(&self) -> f64 {
        median_ratio(&self.times, &self.loops)
    }

    /// The same of the rounds with two cores, and how many of all these were.
    pub(crate) fn with_two_cores(&self) -> String {
        let two = self.with_two();
        let of = |times: &[Duration]| two.iter().map(|round| times[*round]).collect::<Vec<_>>();
        let counted = format!("{} of {}", two.len(), self.times.len());
        if two.is_empty() {
            counted
        } else {
            format!("{:.3}; {counted}", median_ratio(&of(&self.times), &of(&self.loops)))
        }
    }
}
