//! How many signatures may be outstanding at once: as many as the token makes in a moment.
//!
//! Few with a slow token, since whoever stops has to wait for them; many with a fast one, so that its process has enough
//! to do while ours is held up.

/// Before it is known how fast the token is.
const FIRST: usize = 4;
/// So many of the longest answers, an RSA signature of 4096 bits each, fit into a socket that nobody reads (212 992
/// octets): a client that is still writing can never keep the host from sending them.
const LARGEST: usize = 256;
/// A moment, in milliseconds.
const MOMENT: usize = 20;

/// The window of one run. Times are milliseconds.
#[derive(Debug)]
pub(super) struct Window {
    size: usize,
    /// When the present size began to be tried.
    since: u64,
    /// Answers since then.
    answered: usize,
}

impl Window {
    /// A small one.
    pub(super) const fn new(now: u64) -> Self {
        Self { size: FIRST, since: now, answered: 0 }
    }

    /// Whether one more may be outstanding.
    pub(super) const fn has_room(&self, outstanding: usize) -> bool {
        outstanding < self.size
    }

    /// Takes note of an answer. After as many as there may be it grows to what the token makes, and never shrinks: a
    /// token does not become slower, but a computer is held up.
    pub(super) fn answered(&mut self, now: u64) {
        self.answered += 1;
        if self.answered < self.size {
            return;
        }
        let time = usize::try_from(now.saturating_sub(self.since)).unwrap_or(usize::MAX).max(1);
        let made = self.answered.saturating_mul(MOMENT) / time;
        self.size = made.clamp(self.size, LARGEST);
        (self.since, self.answered) = (now, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size after so many answers, each after so many microseconds.
    fn size(answers: u64, each: u64) -> usize {
        let mut window = Window::new(7);
        (1..=answers).for_each(|number| window.answered(7 + number * each / 1000));
        window.size
    }

    #[test]
    fn it_holds_what_a_token_makes_in_a_moment() {
        let (slow, small, quick, quicker) = (size(1000, 500_000), size(1000, 2800), size(1000, 120), size(10_000, 1));
        assert_eq!((slow, small, quick, quicker), (FIRST, 7, 168, LARGEST));
        assert_eq!(size(3, 1), FIRST);
    }

    #[test]
    fn it_has_room_for_as_many_as_its_size() {
        let window = Window::new(0);
        assert!(window.has_room(0) && window.has_room(FIRST - 1) && !window.has_room(FIRST));
    }
}
