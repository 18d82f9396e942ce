//! Which format a document has, by its first words.

use super::field::excerpt;
use super::{Limits, Place, ReadError};

/// What a document is, as far as its first words say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Detected {
    /// XML, which names its kind inside.
    Xml,
    Bind(Kind),
    Knot(Kind),
}

/// Which of the two documents.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Request,
    Response,
}

impl Kind {
    /// How headers of BIND and Knot begin; a time or the footer's words follow.
    pub(super) const fn header(self) -> &'static str {
        match self {
            Self::Request => ";; KeySigningRequest 1.0 ",
            Self::Response => ";; SignedKeyResponse 1.0 ",
        }
    }
}

/// How the three formats begin.
const BEGINNINGS: &str = "`<?xml` or `<KSR` (root zone), or `;; KeySigningRequest 1.0 ` or `;; SignedKeyResponse 1.0 ` \
     and 14 digits YYYYMMDDhhmmss (BIND) or seconds since 1970 (Knot)";

/// The bytes as text, if they are within the limit and can be text.
pub(super) fn text<'a>(bytes: &'a [u8], limits: &Limits) -> Result<&'a str, ReadError> {
    let found = |size: usize| format!("{size} octets");
    if bytes.len() > limits.document_bytes {
        let expected = format!("at most {} octets", limits.document_bytes);
        return Err(ReadError::document(expected, found(bytes.len())));
    }
    if bytes.is_empty() {
        return Err(ReadError::document(BEGINNINGS, "an empty file"));
    }
    if let Some(index) = bytes.iter().position(|octet| *octet == 0) {
        return Err(ReadError::at(place(bytes, index), "document", "text in UTF-8", "binary data, with an octet zero"));
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(ReadError::document("text in UTF-8 without byte order mark", "a byte order mark; save it without"));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let octet = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
        let found = format!("an octet 0x{octet:02x} that is not UTF-8");
        ReadError::at(place(bytes, error.valid_up_to()), "document", "text in UTF-8", found)
    })
}

/// Line and column of an octet; columns count octets here, as there are no letters in what is not text.
fn place(bytes: &[u8], index: usize) -> Place {
    let before = bytes.get(..index).unwrap_or_default();
    let line = before.iter().filter(|octet| **octet == b'\n').count();
    let column = before.iter().rev().take_while(|octet| **octet != b'\n').count();
    Place::new(line, column)
}

/// The format by the first content.
pub(super) fn format(text: &str) -> Result<Detected, ReadError> {
    let content = text.trim_start_matches([' ', '\t', '\r', '\n']);
    if content.starts_with('<') {
        return Ok(Detected::Xml);
    }
    let line = content.lines().next().unwrap_or_default();
    let kind = [Kind::Request, Kind::Response].into_iter().find(|kind| line.starts_with(kind.header()));
    let word = kind.and_then(|kind| line.strip_prefix(kind.header())).and_then(|rest| rest.split(' ').next());
    let digits = word.filter(|word| word.bytes().all(|sign| sign.is_ascii_digit())).map_or(0, str::len);
    let detected = match digits {
        14 => kind.map(Detected::Bind),
        1..=10 => kind.map(Detected::Knot),
        _ => None,
    };
    detected.ok_or_else(|| {
        let before = text.strip_suffix(content).unwrap_or_default();
        let found = match word {
            _ if content.is_empty() => "blank lines only".to_owned(),
            Some("generated") => "the footer: there is no bundle".to_owned(),
            _ => format!("`{}`", excerpt(line)),
        };
        ReadError::at(Place::behind(before), "first line", BEGINNINGS, found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bytes: &[u8]) -> String {
        let detected = text(bytes, &Limits::default()).and_then(format);
        detected.unwrap_err().to_string()
    }

    #[test]
    fn the_first_words_decide() {
        assert_eq!(format("\n<KSR/>"), Ok(Detected::Xml));
        let bind = ";; SignedKeyResponse 1.0 20261122014106 (Sun Nov 22 01:41:06 2026)\n";
        assert_eq!(format(bind), Ok(Detected::Bind(Kind::Response)));
        let knot = ";; KeySigningRequest 1.0 1795311672 (2026-11-22T01:41:12Z) =========\n";
        assert_eq!(format(knot), Ok(Detected::Knot(Kind::Request)));
    }

    #[test]
    fn refuses_an_empty_file_and_names_the_three_beginnings() {
        let message = refused(b"");
        assert!(message.ends_with("found an empty file"), "{message}");
        for word in ["<KSR", "KeySigningRequest", "14 digits", "seconds since 1970"] {
            assert!(message.contains(word), "{message}");
        }
        assert!(refused(b" \n\n").ends_with("found blank lines only"));
    }

    #[test]
    fn refuses_binary_data() {
        assert!(refused(b"<KSR>\n\0").starts_with("line 2, column 1: document: expected text in UTF-8; found binary"));
    }

    #[test]
    fn refuses_what_is_not_utf_8() {
        let message = refused(b"<KSR id='\xe9'>");
        assert!(
            message.ends_with("column 10: document: expected text in UTF-8; found an octet 0xe9 that is not UTF-8")
        );
    }

    #[test]
    fn refuses_a_byte_order_mark() {
        assert!(refused(b"\xef\xbb\xbf<KSR/>").contains("byte order mark"));
    }

    #[test]
    fn refuses_a_record_before_the_first_header() {
        let message = refused(b"example.org.\t3600\tIN\tDNSKEY\t256 3 13 AA==\n;; KeySigningRequest 1.0 1 (x)\n");
        assert!(message.starts_with("line 1, column 1: first line: expected `<?xml`"), "{message}");
        assert!(message.contains("found `example.org."), "{message}");
    }

    #[test]
    fn refuses_other_versions_and_a_footer_alone() {
        assert!(refused(b";; KeySigningRequest 2.0 1795311672 (x)\n").contains("found `;; KeySigningRequest 2.0"));
        assert!(refused(b";; KeySigningRequest 1.0 generated at x by y\n").ends_with("there is no bundle"));
        assert!(refused(b";; KeySigningRequest 1.0 202611220141 (x)\n").contains("first line"));
    }
}
