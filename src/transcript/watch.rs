//! UTC as somebody reads it off the own watch.

use std::fmt;

use crate::dns::Time;

/// Minutes of a day.
const DAY: u32 = 24 * 60;

/// Hour and minute, whatever the day.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Watch(u32);

impl Watch {
    /// `HH:MM`; a leading zero may be left out.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (hours, minutes) = text.split_once(':')?;
        let number = |text: &str, below: u32| {
            let plain = (1..=2).contains(&text.len()) && text.bytes().all(|sign| sign.is_ascii_digit());
            text.parse::<u32>().ok().filter(|number| plain && *number < below)
        };
        Some(Self(number(hours, 24)? * 60 + number(minutes, 60)?))
    }

    /// What a watch shows at this time that is right.
    #[must_use]
    pub const fn at(time: Time) -> Self {
        Self(time.unix() / 60 % DAY)
    }

    /// Whether it shows this time within one minute.
    #[must_use]
    pub fn agrees(self, time: Time) -> bool {
        let between = self.0.abs_diff(Self::at(time).0);
        between.min(DAY - between) <= 1
    }
}

impl fmt::Display for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agrees(text: &str, time: &str) -> bool {
        Watch::read(text).unwrap().agrees(time.parse().unwrap())
    }

    #[test]
    fn a_watch_may_differ_by_a_minute_also_at_midnight() {
        for text in ["12:59", "13:00", "13:01", "13:1"] {
            assert!(agrees(text, "2026-11-22T13:00:59Z"), "{text}");
        }
        assert!(agrees("23:59", "2026-11-22T00:00:00Z") && agrees("0:00", "2026-11-22T23:59:59Z"));
        assert!(!agrees("12:58", "2026-11-22T13:00:00Z") && !agrees("01:00", "2026-11-22T13:00:00Z"));
    }

    #[test]
    fn hour_and_minute_are_read_and_nothing_else() {
        assert_eq!(Watch::read("9:07").unwrap().to_string(), "09:07");
        for text in ["1:00 pm", "13", "24:00", "13:60", "13:00:00", "", "+1:00", "001:00", "1h00"] {
            assert_eq!(Watch::read(text), None, "{text}");
        }
    }
}
