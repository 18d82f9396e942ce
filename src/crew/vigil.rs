//! How long a thread that waits for the token stays awake.
//!
//! Who sleeps is woken by the token host, and with that the token is what waits: the wake is an interrupt sent to another
//! core, which on a virtual machine can take longer than several signatures. So whoever has a core to spare looks again
//! and again for a moment, and sleeps only where a slow token leaves it time to.

use std::hint::spin_loop;

/// The wait for one answer. Times are milliseconds.
#[derive(Debug)]
pub(super) struct Vigil {
    /// Whether there is a core for whoever waits besides the token's.
    spare: bool,
    /// When the wait began.
    since: Option<u64>,
}

impl Vigil {
    /// Longer than the host keeps signatures back, which is a tick of the kernel (10 at most).
    const MOMENT: u64 = 12;
    /// Between two looks: a microsecond or two, in which a core that is shared works for the other one.
    const PAUSES: usize = 32;

    pub(super) const fn new(cores: usize) -> Self {
        Self { spare: cores > 1, since: None }
    }

    /// Something came: the next wait is a new one.
    pub(super) const fn ends(&mut self) {
        self.since = None;
    }

    /// Whether to look again at once; `false`: sleep until something comes.
    pub(super) fn goes_on(&mut self, now: u64) -> bool {
        if !self.spare {
            return false;
        }
        let since = *self.since.get_or_insert(now);
        (0..Self::PAUSES).for_each(|_| spin_loop());
        now.saturating_sub(since) < Self::MOMENT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lasts_a_moment_from_the_last_that_came() {
        let mut vigil = Vigil::new(2);
        let awake = |vigil: &mut Vigil, times: &[u64]| times.iter().filter(|now| vigil.goes_on(**now)).count();
        assert_eq!(awake(&mut vigil, &[100, 105, 111, 112, 500]), 3);
        vigil.ends();
        assert_eq!(awake(&mut vigil, &[500, 511, 512]), 2);
    }

    #[test]
    fn the_tokens_only_core_is_left_to_it() {
        for cores in [0, 1] {
            assert!(!Vigil::new(cores).goes_on(0));
        }
    }
}
