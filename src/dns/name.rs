//! Absolute domain names in canonical form.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

/// An absolute domain name, kept in lower case (RFC 4034, section 6.2).
///
/// It is shared, not copied: a response holds its zone's name once a signature.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Name(Arc<[u8]>);

/// Text that is no domain name.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("expected an absolute domain name, as `example.`; found `{0}`")]
pub struct InvalidName(pub String);

impl Name {
    /// The root.
    #[must_use]
    pub fn root() -> Self {
        Self(Arc::from([0]))
    }

    /// Wire format, uncompressed, lower case.
    #[must_use]
    pub fn wire(&self) -> &[u8] {
        &self.0
    }

    /// The labels without the root's, from left to right.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.wire();
        std::iter::from_fn(move || {
            let (length, tail) = rest.split_first().filter(|(length, _)| **length > 0)?;
            let (label, tail) = tail.split_at_checked(usize::from(*length))?;
            rest = tail;
            Some(label)
        })
    }

    /// The RRSIG Labels field: labels without the root's and without a leading asterisk (RFC 4034, section 3.1.3).
    #[must_use]
    pub fn label_count(&self) -> u8 {
        let count = self.labels().enumerate().filter(|(index, label)| *index > 0 || *label != b"*").count();
        u8::try_from(count).unwrap_or(u8::MAX) // a name has at most 127 labels
    }

    /// The name as part of a file name: octets outside `[a-z0-9.-]` as `_XX`, no final dot; the root is `root`.
    #[must_use]
    pub fn file_name(&self) -> String {
        let mut text = String::new();
        for label in self.labels() {
            if !text.is_empty() {
                text.push('.');
            }
            for octet in label {
                match octet {
                    b'a'..=b'z' | b'0'..=b'9' | b'-' => text.push(char::from(*octet)),
                    _ => text.push_str(&format!("_{octet:02X}")),
                }
            }
        }
        if text.is_empty() { "root".to_owned() } else { text }
    }
}

/// Reads presentation format (RFC 1035, section 5.1); a missing final dot is taken as meant.
impl FromStr for Name {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let invalid = || InvalidName(text.chars().take(80).collect());
        if text.is_empty() || !text.bytes().all(|sign| sign.is_ascii_graphic()) {
            return Err(invalid());
        }
        let name: domain::base::Name<Vec<u8>> = text.parse().map_err(|_| invalid())?;
        // Length octets are below 64, so lowering the whole wire form touches letters alone.
        Ok(Self(name.as_slice().to_ascii_lowercase().into()))
    }
}

/// Presentation format with the final dot; octets outside printable ASCII as `\DDD`.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() == 1 {
            return f.pad(".");
        }
        let mut text = String::new();
        for label in self.labels() {
            for octet in label {
                match octet {
                    b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => {
                        text.push('\\');
                        text.push(char::from(*octet));
                    }
                    b'!'..=b'~' => text.push(char::from(*octet)),
                    _ => text.push_str(&format!("\\{octet:03}")),
                }
            }
            text.push('.');
        }
        f.pad(&text)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_absolute_and_lower_case() {
        let name: Name = "Example.ORG".parse().unwrap();
        assert_eq!(name.to_string(), "example.org.");
        assert_eq!(name, "example.org.".parse().unwrap());
        assert_eq!(name.wire(), b"\x07example\x03org\x00");
        assert_eq!(name.label_count(), 2);
        assert_eq!(Name::root(), ".".parse().unwrap());
        assert_eq!(Name::root().label_count(), 0);
        assert_eq!("*.example.".parse::<Name>().unwrap().label_count(), 1);
    }

    #[test]
    fn file_names_are_safe() {
        assert_eq!(Name::root().file_name(), "root");
        assert_eq!("Example.org.".parse::<Name>().unwrap().file_name(), "example.org");
        assert_eq!("a/b.\\000_.".parse::<Name>().unwrap().file_name(), "a_2Fb._00_5F");
    }

    #[test]
    fn a_dot_within_a_label_is_no_end_of_it() {
        let [one, two] = ["a\\.b.", "a.b."].map(|text| text.parse::<Name>().unwrap());
        assert_ne!(one, two);
        assert_eq!((one.wire(), one.label_count()), (&b"\x03a.b\x00"[..], 1));
        assert_eq!("\\065\\B\\097.".parse::<Name>().unwrap().to_string(), "aba.");
    }

    #[test]
    fn refuses_what_is_no_name() {
        let long = format!("{0}.{0}.{0}.{1}.", "x".repeat(63), "x".repeat(62));
        for text in ["", "..", "a..b.", ".a.", "a b.", &"x".repeat(64), &long, "é.", "a\n.", "\\256.", "\\25.", "a\\"]
        {
            assert!(text.parse::<Name>().is_err(), "{text}");
        }
        assert!(long[1..].parse::<Name>().is_ok(), "255 octets");
    }

    proptest! {
        #[test]
        fn every_name_reads_as_it_was_printed(
            labels in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..=63), 0..=3),
        ) {
            let wire: Vec<u8> = labels.iter().flat_map(|label| [&[label.len() as u8][..], label].concat()).collect();
            let name = Name([wire.to_ascii_lowercase(), vec![0]].concat().into());
            prop_assert_eq!(name.to_string().parse(), Ok(name.clone()));
            prop_assert_eq!(usize::from(name.label_count()), labels.len() - usize::from(labels.first() == Some(&vec![b'*'])));
        }
    }
}
