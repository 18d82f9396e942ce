//! Lengths of time, in whole seconds.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

use thiserror::Error;

/// A length of time in whole seconds, never negative.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Duration(u32);

/// Text that is no duration of ours.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error(
    "expected an ISO 8601 duration of weeks, days, hours, minutes and seconds, as P21D or PT1H, at most {most}; found `{0}`",
    most = Duration::MAX
)]
pub struct InvalidDuration(pub String);

impl Duration {
    /// The longest one.
    pub const MAX: Self = Self(u32::MAX);

    /// From seconds.
    #[must_use]
    pub const fn from_seconds(seconds: u32) -> Self {
        Self(seconds)
    }

    /// From whole days.
    #[must_use]
    pub const fn from_days(days: u16) -> Self {
        Self(days as u32 * 86_400)
    }

    /// Its length in seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.0
    }
}

/// Reads `P[nW][nD][T[nH][nM][nS]]` with at least one part and no leading zero; years and months have no fixed length
/// and are refused.
impl FromStr for Duration {
    type Err = InvalidDuration;

    fn from_str(text: &str) -> Result<Self, InvalidDuration> {
        let invalid = || InvalidDuration(text.to_owned());
        let rest = text.strip_prefix('P').ok_or_else(invalid)?;
        let (date, clock) = match rest.split_once('T') {
            Some((_, "")) => return Err(invalid()),
            Some((date, clock)) => (date, clock),
            None => (rest, ""),
        };
        let total = parts(date, &[('W', 604_800), ('D', 86_400)])
            .zip(parts(clock, &[('H', 3600), ('M', 60), ('S', 1)]))
            .and_then(|(days, seconds)| days.checked_add(seconds));
        if rest.is_empty() { Err(invalid()) } else { total.map(Self).ok_or_else(invalid) }
    }
}

/// Sums `nXnY…` where each unit stands at most once and in order; `None` for anything else or on overflow.
fn parts(mut text: &str, units: &[(char, u32)]) -> Option<u32> {
    let mut total = 0_u32;
    for (unit, seconds) in units {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = text.split_at_checked(digits)?;
        if let Some(rest) = rest.strip_prefix(*unit) {
            if digits > 1 && number.starts_with('0') {
                return None;
            }
            total = number.parse::<u32>().ok()?.checked_mul(*seconds)?.checked_add(total)?;
            text = rest;
        }
    }
    text.is_empty().then_some(total)
}

/// ISO 8601 as the root zone's files write it: `P21D`, `PT1H`, `P1DT12H`, `PT0S`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = self.0 % 86_400;
        let parts = [(clock / 3600, 'H'), (clock / 60 % 60, 'M'), (clock % 60, 'S')];
        f.write_str("P")?;
        if self.0 >= 86_400 {
            write!(f, "{}D", self.0 / 86_400)?;
        }
        if clock > 0 {
            f.write_str("T")?;
            for (number, unit) in parts.into_iter().filter(|(number, _)| *number > 0) {
                write!(f, "{number}{unit}")?;
            }
        } else if self.0 == 0 {
            f.write_str("T0S")?;
        }
        Ok(())
    }
}

impl Add for Duration {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Duration {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_peers_write() {
        assert_eq!("P1W".parse(), Ok(Duration::from_days(7)));
        assert_eq!("PT60M".parse(), Ok(Duration::from_seconds(3600)), "as the root zone's signer prints an hour");
        assert_eq!("PT3600S".parse::<Duration>().unwrap().to_string(), "PT1H");
        assert_eq!(Duration::default().to_string(), "PT0S");
    }

    #[test]
    fn refuses_durations_without_a_fixed_length() {
        for text in ["P1Y", "P1M", "P", "PT", "P1D2W", "1D", "P-1D", "PT1M1H", "P99999999W", "P1.5D", "P1DT", "PTT1S"] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
        for text in ["P021D", "PT00S", "P1DT01H"] {
            assert!(text.parse::<Duration>().is_err(), "{text}: one text for one number");
        }
        let told = "PT4294967296S".parse::<Duration>().unwrap_err().to_string();
        assert!(told.contains(", at most P49710DT6H28M15S;"), "{told}");
    }

    proptest! {
        #[test]
        fn every_duration_reads_as_it_was_printed(seconds: u32) {
            let duration = Duration::from_seconds(seconds);
            prop_assert_eq!(duration.to_string().parse(), Ok(duration));
        }
    }
}
