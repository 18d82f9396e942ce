//! The text of one field, read into its type: the same rules in every format.

use super::{MAX_RDATA, MAX_TEXT};
use crate::dns::{AlgorithmNumber, InvalidTime, Name, base64, hex};

/// A text that is not what its field demands; the place is added on the way up.
#[derive(Debug)]
pub(super) struct Unread {
    pub(super) expected: String,
    pub(super) found: String,
}

impl Unread {
    pub(super) fn new(expected: impl Into<String>, found: &str) -> Self {
        Self { expected: expected.into(), found: format!("`{}`", excerpt(found)) }
    }
}

impl From<InvalidTime> for Unread {
    fn from(error: InvalidTime) -> Self {
        Self::new(format!("{}, before 2106-02-07T06:28:16Z", error.expected), &error.found)
    }
}

/// A text cut to 60 signs, with everything but printable ASCII escaped.
pub(super) fn excerpt(text: &str) -> String {
    let mut cut = String::new();
    for (index, sign) in text.chars().enumerate() {
        if index == 60 {
            cut.push_str("...");
            break;
        }
        match sign {
            ' '..='~' => cut.push(sign),
            _ => cut.extend(sign.escape_default()),
        }
    }
    cut
}

/// Reads a decimal number without sign and without leading zeros.
pub(super) fn number<T: TryFrom<u64>>(text: &str, max: u64) -> Result<T, Unread> {
    let invalid = || Unread::new(format!("a decimal number from 0 to {max}"), text);
    if text.len() > 1 && text.starts_with('0') {
        return Err(invalid());
    }
    digits(text, max).ok_or_else(invalid)
}

/// Reads a key tag, which old files pad with zeros to five digits.
pub(super) fn tag(text: &str) -> Result<u16, Unread> {
    let value = if text.len() <= 5 { digits(text, u16::MAX.into()) } else { None };
    value.ok_or_else(|| Unread::new("a key tag from 0 to 65535", text))
}

fn digits<T: TryFrom<u64>>(text: &str, max: u64) -> Option<T> {
    if !text.bytes().all(|sign| sign.is_ascii_digit()) {
        return None; // `u64::from_str` takes a plus sign
    }
    text.parse::<u64>().ok().filter(|value| *value <= max).and_then(|value| T::try_from(value).ok())
}

/// Reads a TTL (RFC 2181, section 8).
pub(super) fn ttl(text: &str) -> Result<u32, Unread> {
    number(text, MAX_TTL.into())
}

/// The longest TTL in seconds (RFC 2181, section 8).
pub(super) const MAX_TTL: u32 = (1 << 31) - 1;

pub(super) fn octet(text: &str) -> Result<u8, Unread> {
    number(text, u8::MAX.into())
}

pub(super) fn algorithm(text: &str) -> Result<AlgorithmNumber, Unread> {
    octet(text).map(AlgorithmNumber)
}

/// Reads an absolute name with its final dot.
pub(super) fn absolute_name(text: &str) -> Result<Name, Unread> {
    // A dot behind an odd number of backslashes is escaped, and so part of the last label.
    let labels = text.strip_suffix('.');
    let escaped = labels.is_some_and(|labels| labels.bytes().rev().take_while(|sign| *sign == b'\\').count() % 2 == 1);
    match labels {
        Some(_) if !escaped => name(text),
        _ => Err(Unread::new("an absolute name, with its final dot", text)),
    }
}

/// Reads a name; a missing final dot is taken as meant.
pub(super) fn name(text: &str) -> Result<Name, Unread> {
    text.parse().map_err(|_| Unread::new("a domain name, as `example.`", text))
}

/// Reads base64 in its one canonical form, not empty.
pub(super) fn octets(text: &str) -> Result<Vec<u8>, Unread> {
    let short = !text.is_empty() && text.len() <= MAX_RDATA.div_ceil(3) * 4;
    let octets = if short { base64::decode(text) } else { None };
    let expected = || format!("1 to {MAX_RDATA} octets in base64, padded, without white space");
    octets.ok_or_else(|| Unread::new(expected(), text))
}

/// Reads pairs of hexadecimal digits of either case, at least one.
pub(super) fn hexadecimal(text: &str) -> Result<Vec<u8>, Unread> {
    let bounded = !text.is_empty() && text.len() <= 2 * MAX_RDATA;
    let octets = if bounded { hex::decode(text) } else { None };
    octets.ok_or_else(|| Unread::new("pairs of hexadecimal digits", text))
}

/// Reads an identifier: not empty, bounded, and nothing in it that cannot be seen.
pub(super) fn identifier(text: &str) -> Result<String, Unread> {
    if is_identifier(text) {
        Ok(text.to_owned())
    } else {
        let expected = format!("1 to {MAX_TEXT} octets of text that can be seen, no space at either end");
        Err(Unread::new(expected, text))
    }
}

pub(super) fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_TEXT && text.trim() == text && text.chars().all(is_visible)
}

/// Whether a sign shows itself: neither a control sign, nor one that hides or turns others, nor another space than
/// ASCII's, nor one that XML forbids.
///
/// Hidden are Unicode's default ignorable code points (Standard Annex 44), and U+2800, which is empty.
#[must_use]
pub fn is_visible(sign: char) -> bool {
    if sign.is_ascii() {
        return matches!(sign, ' '..='~');
    }
    let hidden = matches!(
        sign,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{ffff}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    );
    !hidden && !sign.is_control() && !sign.is_whitespace()
}

/// Whether it can stand as a program's version in a footer.
pub(super) fn is_version(text: &str) -> bool {
    is_identifier(text) && text.is_ascii()
}

/// The second of two equal items; lists are bounded, so each is compared with each.
pub(super) fn duplicate<T: PartialEq>(items: &[T]) -> Option<usize> {
    items.iter().enumerate().position(|(index, item)| items.iter().take(index).any(|other| other == item))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_plain_and_in_range() {
        assert_eq!(number::<u16>("65535", 65535).unwrap(), 65535);
        assert_eq!(number::<u8>("0", 255).unwrap(), 0);
        for wrong in ["", "+1", "-1", "01", "1 ", "256", "99999999999999999999", "1e1", "\u{661}"] {
            assert!(number::<u8>(wrong, 255).is_err(), "{wrong}");
        }
    }

    #[test]
    fn tags_may_be_padded_to_five_digits() {
        assert_eq!(tag("05123").unwrap(), 5123);
        assert!(tag("005123").is_err());
        assert!(tag("65536").is_err());
        assert!(tag("").is_err());
    }

    #[test]
    fn base64_is_canonical_and_bounded() {
        assert_eq!(octets("AQ==").unwrap(), [1]);
        for wrong in ["", "AQ", "AR==", "A Q==", "AQ==AQ=="] {
            assert!(octets(wrong).is_err(), "{wrong}");
        }
        assert!(octets(&"AAAA".repeat(2000)).is_err());
    }

    #[test]
    fn identifiers_hide_nothing() {
        assert!(identifier("Klajeyz").is_ok());
        assert!(identifier("Schl\u{fc}ssel 1").is_ok());
        for wrong in ["", "a\tb", " a", "a ", &"x".repeat(257)] {
            assert!(identifier(wrong).is_err(), "{wrong:?}");
        }
        let hidden = "\u{7f}\u{85}\u{a0}\u{ad}\u{34f}\u{1160}\u{180e}\u{200b}\u{2028}\u{202e}\u{2066}\u{2800}\u{3000}\u{3164}\
            \u{fe0f}\u{feff}\u{ffa0}\u{fffd}\u{e0041}";
        for sign in hidden.chars() {
            assert!(identifier(&format!("a{sign}b")).is_err(), "{sign:?}");
        }
    }

    #[test]
    fn absolute_names_end_in_a_dot_that_is_not_escaped() {
        for text in [".", "a.", "a\\\\.", "a\\..", "a.b."] {
            assert!(absolute_name(text).is_ok(), "{text}");
        }
        for text in ["", "a", "a\\.", "a\\\\\\.", "a.."] {
            assert!(absolute_name(text).is_err(), "{text}");
        }
    }

    #[test]
    fn excerpts_are_short_and_escaped() {
        assert_eq!(excerpt("a\u{202e}\n"), "a\\u{202e}\\n");
        assert_eq!(excerpt(&"x".repeat(70)).len(), 63);
    }

    #[test]
    fn finds_the_second_of_two_equal_items() {
        assert_eq!(duplicate(&[1, 2, 1]), Some(2));
        assert_eq!(duplicate(&[1, 2, 3]), None);
    }
}
