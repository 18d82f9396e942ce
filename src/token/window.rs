//! How many signatures may be outstanding at once: as many as the token makes in a moment.
//!
//! Few with a slow token, since whoever stops has to wait for them; many with a fast one, so that its process has enough
//! to do while ours is held up.

use std::collections::VecDeque;

/// Before it is known how fast the token is.
const FIRST: usize = 4;
/// The answers to so many fit into a socket as well.
const LARGEST: usize = 256;
/// No more is sent while so many octets are outstanding: they fit into a socket that nobody reads (212 992 octets), so
/// that client and host never wait for each other to read.
const OCTETS: usize = 128 << 10;
/// A moment, in milliseconds.
const MOMENT: usize = 20;

/// The window of one run. Times are milliseconds.
#[derive(Debug)]
pub(super) struct Window {
    size: usize,
    /// Octets of each request that is outstanding, in order.
    sent: VecDeque<usize>,
    /// All of them together.
    octets: usize,
    /// When the present size began to be tried.
    since: u64,
    /// Answers since then.
    answered: usize,
}

impl Window {
    /// A small one.
    pub(super) const fn new(now: u64) -> Self {
        Self { size: FIRST, sent: VecDeque::new(), octets: 0, since: now, answered: 0 }
    }

    /// Whether one more may be outstanding.
    pub(super) fn has_room(&self) -> bool {
        self.sent.len() < self.size && self.octets < OCTETS
    }

    /// Whether nothing is outstanding.
    pub(super) fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    /// Takes note of a request.
    pub(super) fn sent(&mut self, octets: usize) {
        self.sent.push_back(octets);
        self.octets += octets;
    }

    /// Takes note of an answer. After as many as there may be outstanding it grows to what the token makes. It never
    /// shrinks, since a computer is held up now and then; where keys differ in speed it is the fastest one's.
    pub(super) fn answered(&mut self, now: u64) {
        self.octets -= self.sent.pop_front().unwrap_or_default();
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
    fn it_has_room_for_as_many_as_its_size_and_for_as_much_as_a_socket_holds() {
        for (octets, room) in [(1, FIRST), (OCTETS / 2, 2), (OCTETS * 2, 1)] {
            let mut window = Window::new(0);
            while window.has_room() {
                window.sent(octets);
            }
            assert_eq!(window.sent.len(), room);
            window.answered(1);
            assert!(window.has_room());
            (1..room).for_each(|_| window.answered(1));
            assert!(window.is_empty() && window.octets == 0);
        }
    }
}
