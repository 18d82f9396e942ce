//! Points in time, in whole seconds of UTC.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use thiserror::Error;

use super::Duration;

/// The days of the week and the months, as ctime(3) has them.
const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A point in time: seconds since 1970-01-01T00:00:00Z, until 2106-02-07T06:28:15Z.
///
/// The upper bound is that of the 32-bit times in RRSIG (RFC 4034, section 3.1.5): a later time would wrap there, so
/// it is refused when it is read and comparisons need no serial arithmetic. There are no leap seconds.
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

impl InvalidTime {
    fn new(expected: &'static str, found: &str) -> Self {
        Self { expected, found: found.to_owned() }
    }
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
    /// [`InvalidTime`] for anything but 14 digits of a date that exists from 1970 until [`Time::MAX`].
    pub fn from_digits(text: &str) -> Result<Self, InvalidTime> {
        let time = Self::from_shape(text, "00000000000000");
        time.ok_or_else(|| InvalidTime::new("14 digits YYYYMMDDhhmmss, 19700101000000 to 21060207062815", text))
    }

    /// Reads decimal seconds since the epoch.
    ///
    /// # Errors
    /// [`InvalidTime`] for anything but one to ten digits below 2^32.
    pub fn from_unix_digits(text: &str) -> Result<Self, InvalidTime> {
        let digits = (1..=10).contains(&text.len()) && text.bytes().all(|sign| sign.is_ascii_digit());
        let seconds = text.parse().ok().filter(|_| digits);
        seconds.map(Self).ok_or_else(|| InvalidTime::new("seconds since 1970, below 2^32", text))
    }

    /// Reads an XML Schema `dateTime` in UTC: `2017-04-01T00:00:00`, with `Z`, `+00:00` or no zone.
    ///
    /// # Errors
    /// [`InvalidTime`] for another form or another zone.
    pub fn from_xsd(text: &str) -> Result<Self, InvalidTime> {
        let civil = text.strip_suffix('Z').or_else(|| text.strip_suffix("+00:00")).unwrap_or(text);
        let time = Self::from_shape(civil, "0000-00-00T00:00:00");
        time.ok_or_else(|| {
            InvalidTime::new("YYYY-MM-DDThh:mm:ss in UTC, 1970-01-01T00:00:00 to 2106-02-07T06:28:15", text)
        })
    }

    /// Reads what [`Time::ctime`] prints; the text does not say its zone, which is taken as UTC.
    ///
    /// # Errors
    /// [`InvalidTime`] for another form, and for a day of the week that is not the date's.
    pub fn from_ctime(text: &str) -> Result<Self, InvalidTime> {
        let part = |start, end| text.get(start..end).unwrap_or_default();
        let month = MONTHS.iter().position(|month| *month == part(4, 7)).map_or(0, |index| index + 1);
        let day = part(8, 10).trim_start();
        let digits = format!("{}{month:02}{day:0>2}{}{}{}", part(20, 24), part(11, 13), part(14, 16), part(17, 19));
        let time = Self::from_digits(&digits).ok().filter(|time| time.ctime() == text);
        time.ok_or_else(|| InvalidTime::new("a time as `Sun Nov 22 01:41:06 2026`", text))
    }

    /// `YYYYMMDDhhmmss` (RFC 4034, section 3.2).
    #[must_use]
    pub fn digits(self) -> String {
        let [year, month, day, hour, minute, second] = self.parts();
        format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
    }

    /// `2017-04-01T00:00:00+00:00`, as the root zone's SKR writes it.
    #[must_use]
    pub fn xsd(self) -> String {
        let [year, month, day, hour, minute, second] = self.parts();
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+00:00")
    }

    /// `Fri Mar  5 02:46:06 2027`, as ctime(3) does in UTC.
    #[must_use]
    pub fn ctime(self) -> String {
        let [year, month, day, hour, minute, second] = self.parts();
        let name = |names: &[&'static str], index: i16| {
            usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
        };
        let weekday = name(&DAYS, self.civil().weekday().to_sunday_zero_offset().into());
        let month = name(&MONTHS, month - 1);
        format!("{weekday} {month} {day:>2} {hour:02}:{minute:02}:{second:02} {year:04}")
    }

    /// `2017-04-01`.
    #[must_use]
    pub fn date(self) -> String {
        let [year, month, day, ..] = self.parts();
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// `20170401T000000Z`, as it stands in the name of a record.
    #[must_use]
    pub fn compact(self) -> String {
        let [year, month, day, hour, minute, second] = self.parts();
        format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
    }

    /// The later point, or `None` past [`Time::MAX`].
    #[must_use]
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration.seconds()).map(Self)
    }

    /// The earlier point, or `None` before 1970.
    #[must_use]
    pub fn checked_sub(self, duration: Duration) -> Option<Self> {
        self.0.checked_sub(duration.seconds()).map(Self)
    }

    /// Seconds from `earlier` to here; negative where `earlier` is later.
    #[must_use]
    pub fn seconds_since(self, earlier: Self) -> i64 {
        i64::from(self.0) - i64::from(earlier.0)
    }

    /// Reads a text with a digit for each `0` of `shape`, 14 in all, and every other sign as it stands there.
    fn from_shape(text: &str, shape: &str) -> Option<Self> {
        let mut digits = [0_i16; 14];
        let mut places = digits.iter_mut();
        if text.len() != shape.len() {
            return None;
        }
        for (sign, form) in text.bytes().zip(shape.bytes()) {
            match (sign, form) {
                (b'0'..=b'9', b'0') => *places.next()? = i16::from(sign - b'0'),
                (_, b'0') => return None,
                _ if sign == form => {}
                _ => return None,
            }
        }
        let [thousands, hundreds, tens, ones, ..] = digits;
        let year = thousands * 1000 + hundreds * 100 + tens * 10 + ones;
        let mut pairs = digits.chunks_exact(2).skip(2);
        let mut pair = || match pairs.next() {
            Some([tens, ones]) => i8::try_from(tens * 10 + ones).ok(),
            _ => None,
        };
        let civil = DateTime::new(year, pair()?, pair()?, pair()?, pair()?, pair()?, 0).ok()?;
        Self::from_unix(Offset::UTC.to_timestamp(civil).ok()?.as_second())
    }

    fn civil(self) -> DateTime {
        // Every u32 is within jiff's range; the epoch stands in for what cannot happen.
        let timestamp = Timestamp::from_second(i64::from(self.0)).unwrap_or(Timestamp::UNIX_EPOCH);
        Offset::UTC.to_datetime(timestamp)
    }

    /// Year, month, day, hour, minute, second.
    fn parts(self) -> [i16; 6] {
        let civil = self.civil();
        let [month, day, hour, minute, second] =
            [civil.month(), civil.day(), civil.hour(), civil.minute(), civil.second()].map(i16::from);
        [civil.year(), month, day, hour, minute, second]
    }
}

/// RFC 3339 with `Z`: `2017-04-01T00:00:00Z`.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [year, month, day, hour, minute, second] = self.parts();
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
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
        let time = Self::from_xsd(text).ok().filter(|_| zoned);
        time.ok_or_else(|| {
            InvalidTime::new("RFC 3339 UTC, as 2017-04-01T00:00:00Z, from 1970 to 2106-02-07T06:28:15Z", text)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn prints_every_form_that_peers_read() {
        let time = Time::from_digits("20270305024606").unwrap();
        assert_eq!(time.ctime(), "Fri Mar  5 02:46:06 2027");
        assert_eq!(time.to_string(), "2027-03-05T02:46:06Z");
        assert_eq!(time.xsd(), "2027-03-05T02:46:06+00:00");
        assert_eq!(time.compact(), "20270305T024606Z");
        assert_eq!(time.digits(), "20270305024606");
        assert_eq!(time.date(), "2027-03-05");
    }

    #[test]
    fn reads_utc_with_z_offset_or_no_zone_and_nothing_else() {
        let time = Time::from_xsd("2017-04-01T00:00:00").unwrap();
        assert_eq!(Time::from_xsd("2017-04-01T00:00:00Z"), Ok(time));
        assert_eq!(Time::from_xsd("2017-04-01T00:00:00+00:00"), Ok(time));
        for wrong in [
            "2017-04-01T00:00:00+01:00",
            "2017-04-01T00:00:00-00:00",
            "2017-04-01T00:00:00Z+00:00",
            "2017-04-31T00:00:00",
            "2017-02-29T00:00:00",
            "2017-04-01T24:00:00",
            "2017-4-1T0:0:0",
            "2017-04-01 00:00:00",
            "2017-04-01",
            "+017-04-01T00:00:00",
            "2\u{660}17-04-01T00:00:0",
            "",
            "Z",
        ] {
            assert!(Time::from_xsd(wrong).is_err(), "{wrong}");
        }
        assert!("2017-04-01T00:00:00".parse::<Time>().is_err());
    }

    #[test]
    fn a_leap_second_is_no_second_of_an_rrsig() {
        assert!(Time::from_digits("20161231235960").is_err());
        assert!(Time::from_xsd("2016-12-31T23:59:60Z").is_err());
        assert!(Time::from_ctime("Sat Dec 31 23:59:60 2016").is_err());
    }

    #[test]
    fn refuses_times_that_would_wrap_in_an_rrsig() {
        assert!(Time::from_digits("21060207062816").is_err());
        assert!(Time::from_digits("19691231235959").is_err());
        assert!(Time::from_unix_digits("4294967296").is_err());
        assert!(Time::from_unix_digits("+1").is_err());
        assert_eq!(Time::from_digits("21060207062815"), Ok(Time::MAX));
        assert_eq!(Time::MAX.checked_add(Duration::from_seconds(1)), None);
        assert_eq!(Time::from_unix(0).unwrap().checked_sub(Duration::from_seconds(1)), None);
    }

    #[test]
    fn whoever_is_out_of_bounds_is_told_the_bounds() {
        let last = Time::MAX.to_string();
        for text in ["2106-02-07T06:28:16Z", "1969-12-31T23:59:59Z"] {
            let told = text.parse::<Time>().unwrap_err().to_string();
            assert!(told.contains("from 1970 to ") && told.contains(&last), "{told}");
        }
        let told = Time::from_xsd("2107-01-01T00:00:00").unwrap_err().to_string();
        assert!(told.contains("2106-02-07T06:28:15"), "{told}");
        let told = Time::from_digits("21070101000000").unwrap_err().to_string();
        assert!(told.contains(&Time::MAX.digits()), "{told}");
    }

    #[test]
    fn a_day_of_the_week_is_that_of_the_date() {
        assert!(Time::from_ctime("Fri Mar  5 02:46:06 2027").is_ok());
        for wrong in ["Sat Mar  5 02:46:06 2027", "Fri Mar 05 02:46:06 2027", "Fri Mar  5 02:46:06 2027 ", "Fri", ""] {
            assert!(Time::from_ctime(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_time_reads_as_it_was_printed_in_every_form(seconds: u32) {
            let time = Time(seconds);
            prop_assert_eq!(time.to_string().parse(), Ok(time));
            prop_assert_eq!(Time::from_digits(&time.digits()), Ok(time));
            prop_assert_eq!(Time::from_xsd(&time.xsd()), Ok(time));
            prop_assert_eq!(Time::from_ctime(&time.ctime()), Ok(time));
            prop_assert_eq!(Time::from_unix_digits(&seconds.to_string()), Ok(time));
            prop_assert_eq!(Time::from_unix(seconds.into()), Some(time));
        }
    }
}
