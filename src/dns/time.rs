//! Points in time and durations, in whole seconds of UTC.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use thiserror::Error;

/// A point in time: seconds since 1970-01-01T00:00:00Z, within the years 1970 to 2105.
///
/// The upper bound is that of the 32-bit times in RRSIG (RFC 4034, section 3.1.5): a later time would wrap there, so
/// it is refused when it is read and comparisons need no serial arithmetic.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Time(u32);

/// Why a text or number is no [`Time`].
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("expected {expected}; found `{found}`")]
pub struct InvalidTime {
    /// The form that was asked for.
    pub expected: &'static str,
    /// What stood there.
    pub found: String,
}

impl Time {
    /// The last point in time that an RRSIG can express, 2106-02-07T06:28:15Z.
    pub const MAX: Self = Self(u32::MAX);

    /// From seconds since the epoch, if they fit.
    #[must_use]
    pub fn from_unix(seconds: i64) -> Option<Self> {
        u32::try_from(seconds).ok().map(Self)
    }

    /// Seconds since the epoch, as RRSIG has them.
    #[must_use]
    pub const fn unix(self) -> u32 {
        self.0
    }

    /// Reads `YYYYMMDDhhmmss` (RFC 4034, section 3.2).
    ///
    /// # Errors
    /// [`InvalidTime`] for anything but 14 digits of a date that exists between 1970 and 2105.
    pub fn from_digits(text: &str) -> Result<Self, InvalidTime> {
        let invalid = || InvalidTime { expected: "14 digits YYYYMMDDhhmmss", found: text.to_owned() };
        if text.len() != 14 || !text.bytes().all(|sign| sign.is_ascii_digit()) {
            return Err(invalid());
        }
        DateTime::strptime("%Y%m%d%H%M%S", text).ok().and_then(Self::from_civil).ok_or_else(invalid)
    }

    /// Reads decimal seconds since the epoch.
    ///
    /// # Errors
    /// [`InvalidTime`] for anything but one to ten digits below 2^32.
    pub fn from_unix_digits(text: &str) -> Result<Self, InvalidTime> {
        let invalid = || InvalidTime { expected: "seconds since 1970, below 2^32", found: text.to_owned() };
        if text.is_empty() || text.len() > 10 || !text.bytes().all(|sign| sign.is_ascii_digit()) {
            return Err(invalid());
        }
        text.parse().map(Self).map_err(|_| invalid())
    }

    /// Reads an XML Schema `dateTime` in UTC: `2017-04-01T00:00:00`, with `Z`, `+00:00` or no zone.
    ///
    /// # Errors
    /// [`InvalidTime`] for another form or another zone.
    pub fn from_xsd(text: &str) -> Result<Self, InvalidTime> {
        let invalid = || InvalidTime { expected: "YYYY-MM-DDThh:mm:ss in UTC", found: text.to_owned() };
        let civil = text.strip_suffix('Z').or_else(|| text.strip_suffix("+00:00")).unwrap_or(text);
        let shape = b"0000-00-00T00:00:00";
        let shaped = civil.len() == shape.len()
            && civil.bytes().zip(shape).all(
                |(sign, form)| {
                    if *form == b'0' { sign.is_ascii_digit() } else { sign == *form }
                },
            );
        if !shaped {
            return Err(invalid());
        }
        DateTime::strptime("%Y-%m-%dT%H:%M:%S", civil).ok().and_then(Self::from_civil).ok_or_else(invalid)
    }

    /// `YYYYMMDDhhmmss` (RFC 4034, section 3.2).
    #[must_use]
    pub fn digits(self) -> String {
        self.format("%Y%m%d%H%M%S")
    }

    /// `2017-04-01T00:00:00+00:00`, as the root zone's SKR writes it.
    #[must_use]
    pub fn xsd(self) -> String {
        self.format("%Y-%m-%dT%H:%M:%S+00:00")
    }

    /// `Fri Mar  5 02:46:06 2027`, as ctime(3) does in UTC.
    #[must_use]
    pub fn ctime(self) -> String {
        self.format("%a %b %e %H:%M:%S %Y")
    }

    /// `2017-04-01`.
    #[must_use]
    pub fn date(self) -> String {
        self.format("%Y-%m-%d")
    }

    /// `20170401T000000Z`, as it stands in the name of a record.
    #[must_use]
    pub fn compact(self) -> String {
        self.format("%Y%m%dT%H%M%SZ")
    }

    /// The later point, or `None` past the year 2105.
    #[must_use]
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration.0).map(Self)
    }

    /// The earlier point, or `None` before 1970.
    #[must_use]
    pub fn checked_sub(self, duration: Duration) -> Option<Self> {
        self.0.checked_sub(duration.0).map(Self)
    }

    /// Seconds from `earlier` to here; negative where `earlier` is later.
    #[must_use]
    pub fn seconds_since(self, earlier: Self) -> i64 {
        i64::from(self.0) - i64::from(earlier.0)
    }

    fn from_civil(civil: DateTime) -> Option<Self> {
        let zoned = civil.to_zoned(TimeZone::UTC).ok()?;
        Self::from_unix(zoned.timestamp().as_second())
    }

    fn format(self, form: &str) -> String {
        // Every u32 is within jiff's range; the epoch stands in for what cannot happen.
        let timestamp = Timestamp::from_second(i64::from(self.0)).unwrap_or(Timestamp::UNIX_EPOCH);
        strtime::format(form, &timestamp.to_zoned(TimeZone::UTC)).unwrap_or_default()
    }
}

/// RFC 3339 with `Z`: `2017-04-01T00:00:00Z`.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.format("%Y-%m-%dT%H:%M:%SZ"))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads RFC 3339 with `Z` or `+00:00`, to the second.
impl FromStr for Time {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let zoned = text.ends_with('Z') || text.ends_with("+00:00");
        Self::from_xsd(text)
            .ok()
            .filter(|_| zoned)
            .ok_or_else(|| InvalidTime { expected: "RFC 3339 UTC, as 2017-04-01T00:00:00Z", found: text.to_owned() })
    }
}

/// A length of time in whole seconds, never negative.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Duration(u32);

/// Text that is no duration of ours.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("expected an ISO 8601 duration of weeks, days, hours, minutes and seconds, as P21D or PT1H; found `{0}`")]
pub struct InvalidDuration(pub String);

impl Duration {
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

/// Reads `P[nW][nD][T[nH][nM][nS]]` with at least one part; years and months have no fixed length and are refused.
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
    use super::*;

    #[test]
    fn prints_every_form_that_peers_read() {
        let time = Time::from_digits("20270305024606").unwrap();
        assert_eq!(time.ctime(), "Fri Mar  5 02:46:06 2027");
        assert_eq!(time.to_string(), "2027-03-05T02:46:06Z");
        assert_eq!(time.xsd(), "2027-03-05T02:46:06+00:00");
        assert_eq!(time.compact(), "20270305T024606Z");
        assert_eq!(time.digits(), "20270305024606");
        assert_eq!(Time::from_unix_digits(&time.unix().to_string()), Ok(time));
    }

    #[test]
    fn reads_utc_with_z_offset_or_no_zone_and_nothing_else() {
        let time = Time::from_xsd("2017-04-01T00:00:00").unwrap();
        assert_eq!(Time::from_xsd("2017-04-01T00:00:00Z"), Ok(time));
        assert_eq!(Time::from_xsd("2017-04-01T00:00:00+00:00"), Ok(time));
        for wrong in ["2017-04-01T00:00:00+01:00", "2017-04-31T00:00:00", "2017-4-1T0:0:0", "2017-04-01", "", "Z"] {
            assert!(Time::from_xsd(wrong).is_err(), "{wrong}");
        }
        assert!("2017-04-01T00:00:00".parse::<Time>().is_err());
    }

    #[test]
    fn refuses_times_that_would_wrap_in_an_rrsig() {
        assert!(Time::from_digits("21060207062816").is_err());
        assert!(Time::from_digits("19691231235959").is_err());
        assert!(Time::from_unix_digits("4294967296").is_err());
        assert_eq!(Time::from_digits("21060207062815"), Ok(Time::MAX));
        assert_eq!(Time::MAX.checked_add(Duration::from_seconds(1)), None);
    }

    #[test]
    fn durations_read_and_print() {
        for text in ["PT0S", "P21D", "PT1H", "P1DT12H", "PT60S"] {
            let duration: Duration = text.parse().unwrap();
            assert_eq!(duration.to_string().parse(), Ok(duration));
        }
        assert_eq!("P1W".parse(), Ok(Duration::from_days(7)));
        assert_eq!("PT3600S".parse::<Duration>().unwrap().to_string(), "PT1H");
    }

    #[test]
    fn refuses_durations_without_a_fixed_length() {
        for text in ["P1Y", "P1M", "P", "PT", "P1D2W", "1D", "P-1D", "PT1M1H", "P99999999W", "P1.5D", "P1DT"] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }
}
