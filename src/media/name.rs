//! Names: strict for what is written, tolerant and escaped for what is found.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use super::error::{MediaError, NameFault};
use crate::transcript::is_clean;

/// Octets in one part of a name that is written; leaves room for `.part-old-99` and `.journal` within 255.
const MAX_OWN: usize = 100;
/// Octets in one part of a name that is found (`NAME_MAX` of Linux).
const MAX_FOUND: usize = 255;
/// Folders in each other.
pub(super) const MAX_DEPTH: usize = 8;

/// The name as it may be shown: printable ASCII as it is, everything else and the backslash escaped, each octet alone.
pub(super) fn shown(name: &OsStr) -> String {
    let mut text = String::new();
    for octet in name.as_bytes() {
        match octet {
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(*octet)),
            _ => text.push_str(&format!("\\x{octet:02x}")),
        }
    }
    text
}

/// The name as text that is kept, in a record for example, and escaped wherever it is shown: the name itself, but one that
/// no text can hold as it is (no UTF-8, control signs, not NFC) as [`shown`].
#[must_use]
pub fn kept(name: &OsStr) -> String {
    match name.to_str() {
        Some(text) if is_clean(text) => text.to_owned(),
        _ => shown(name),
    }
}

/// Refuses a single name that must not be written: `[A-Za-z0-9._-]`, no outer dot, at most 100.
pub(super) fn check_own(name: &str) -> Result<(), MediaError> {
    let sign = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'_' | b'-');
    let fault = match name {
        "" => NameFault::Empty,
        "." | ".." => NameFault::Dots,
        _ if name.len() > MAX_OWN => NameFault::Long,
        _ if !name.bytes().all(sign) => NameFault::Sign,
        _ if name.starts_with('.') || name.ends_with('.') => NameFault::OuterDot,
        _ => return Ok(()),
    };
    Err(refused(OsStr::new(name), fault))
}

/// Refuses a path whose parts must not be written, or of too many parts.
pub(super) fn check_own_path(path: &str) -> Result<(), MediaError> {
    if path.split('/').count() > MAX_DEPTH {
        return Err(refused(OsStr::new(path), NameFault::Long));
    }
    path.split('/').try_for_each(check_own)
}

/// The parts of a path to look for: whatever a foreign system may have written, but nothing that leads out.
pub(super) fn parts(path: &OsStr) -> Result<Vec<&OsStr>, MediaError> {
    let parts: Vec<&[u8]> = path.as_bytes().split(|octet| *octet == b'/').collect();
    let fault = |part: &&[u8]| match *part {
        b"" => Some(NameFault::Empty),
        b"." | b".." => Some(NameFault::Dots),
        part if part.contains(&0) => Some(NameFault::Sign),
        part if part.len() > MAX_FOUND => Some(NameFault::Long),
        _ => None,
    };
    let fault = if parts.len() > MAX_DEPTH { Some(NameFault::Long) } else { parts.iter().find_map(fault) };
    match fault {
        Some(fault) => Err(refused(path, fault)),
        None => Ok(parts.into_iter().map(OsStr::from_bytes).collect()),
    }
}

/// The error for a name, with the name escaped and shortened.
pub(super) fn refused(name: &OsStr, fault: NameFault) -> MediaError {
    MediaError::Name { name: shown(name).chars().take(MAX_FOUND).collect(), fault }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fault(result: Result<(), MediaError>) -> Option<NameFault> {
        match result {
            Ok(()) => None,
            Err(MediaError::Name { fault, .. }) => Some(fault),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn writes_only_plain_names() {
        for good in ["SHA256SUMS", "20260101T000000Z-_2A.example", "jobs/01-root/skr.xml", &"a".repeat(100)] {
            assert_eq!(fault(check_own_path(good)), None, "{good}");
        }
        let cases = [
            ("", NameFault::Empty),
            ("a//b", NameFault::Empty),
            ("/etc/passwd", NameFault::Empty),
            ("a/", NameFault::Empty),
            ("../a", NameFault::Dots),
            ("a/./b", NameFault::Dots),
            ("a b", NameFault::Sign),
            ("a\0", NameFault::Sign),
            ("\u{1b}[2J", NameFault::Sign),
            ("é", NameFault::Sign),
            (".capacity", NameFault::OuterDot),
            ("a.", NameFault::OuterDot),
            ("1/2/3/4/5/6/7/8/9", NameFault::Long),
        ];
        for (bad, expected) in cases {
            assert_eq!(fault(check_own_path(bad)), Some(expected), "{bad:?}");
        }
        assert_eq!(fault(check_own_path(&"a".repeat(101))), Some(NameFault::Long));
    }

    #[test]
    fn looks_for_nothing_that_leads_out() {
        assert_eq!(parts(OsStr::new("a b/\u{e9}.xml")).unwrap().len(), 2);
        for bad in ["", "/", "..", "a/../../b", "a/.", "a\0b", "a//b"] {
            assert!(parts(OsStr::new(bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn escapes_what_a_terminal_would_obey() {
        assert_eq!(shown(OsStr::from_bytes(b"\x1b[2J\xff \\")), "\\x1b[2J\\xff \\\\");
    }

    #[test]
    fn a_name_that_is_text_is_kept_as_it_is() {
        assert_eq!(kept(OsStr::new("k\u{fc} \u{441}.txt")), "k\u{fc} \u{441}.txt");
        for (odd, text) in [(&b"\x1b[2J"[..], "\\x1b[2J"), (b"\xff", "\\xff"), ("u\u{308}".as_bytes(), "u\\xcc\\x88")] {
            assert_eq!(kept(OsStr::from_bytes(odd)), text);
        }
    }

    proptest! {
        #[test]
        fn shows_different_names_differently(left: Vec<u8>, right: Vec<u8>) {
            let (a, b) = (shown(OsStr::from_bytes(&left)), shown(OsStr::from_bytes(&right)));
            prop_assert!(a.bytes().all(|octet| (b' '..=b'~').contains(&octet)));
            prop_assert_eq!(a == b, left == right);
        }
    }
}
