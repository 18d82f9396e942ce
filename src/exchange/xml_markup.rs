//! The markup of an XML document, bounded before a parser sees it.
//!
//! A parser compares each attribute of an element with every other, and lets an element that declares a namespace
//! inherit all those around it: with thousands of either, a file of one MiB would keep it busy for minutes or fill the
//! memory. The schema knows three attributes, and neither namespaces nor document types.

use super::field::excerpt;
use super::{Place, ReadError};

/// Attributes that one element may have.
pub(super) const MAX_ATTRIBUTES: usize = 8;

/// What stands in a document, and should not.
struct Refused {
    expected: String,
    found: &'static str,
}

/// Refuses document types, namespaces, and elements with more than [`MAX_ATTRIBUTES`] attributes.
///
/// Everything else is the parser's to judge, as an end that is missing.
pub(super) fn check(text: &str) -> Result<(), ReadError> {
    let mut rest = text;
    while let Some((_, markup)) = rest.split_once('<') {
        let place = || Place::behind(text.get(..text.len() - markup.len() - 1).unwrap_or_default());
        let behind = |open: &str, close: &str| {
            let inside = markup.strip_prefix(open)?;
            Some(inside.split_once(close).map_or("", |(_, behind)| behind))
        };
        rest = match behind("!--", "-->").or_else(|| behind("![CDATA[", "]]>")).or_else(|| behind("?", "?>")) {
            Some(behind) => behind,
            None if markup.starts_with('!') => {
                let expected = "XML without document type definition";
                let word = markup.split([' ', '\t', '\r', '\n', '>']).next().unwrap_or_default();
                return Err(ReadError::at(place(), "document", expected, format!("`<{}`", excerpt(word))));
            }
            None => behind_tag(markup)
                .map_err(|Refused { expected, found }| ReadError::at(place(), "document", expected, found))?,
        };
    }
    Ok(())
}

/// What follows the tag at whose begin, behind the `<`, this text starts.
fn behind_tag(markup: &str) -> Result<&str, Refused> {
    let mut quote = None;
    let mut attributes = 0;
    let mut before = b' ';
    for (index, octet) in markup.bytes().enumerate() {
        match (octet, quote) {
            (_, Some(open)) if octet == open => quote = None,
            (_, Some(_)) => {}
            (b'>', None) => return Ok(markup.get(index + 1..).unwrap_or_default()),
            (b'"' | b'\'', None) => {
                quote = Some(octet);
                attributes += 1;
                if attributes > MAX_ATTRIBUTES {
                    let expected = format!("at most {MAX_ATTRIBUTES} attributes in an element");
                    return Err(Refused { expected, found: "one more" });
                }
            }
            (b'x', None)
                if before.is_ascii_whitespace()
                    && markup.get(index..).is_some_and(|rest| rest.starts_with("xmlns")) =>
            {
                return Err(Refused {
                    expected: "XML without namespaces".to_owned(),
                    found: "an element with `xmlns`",
                });
            }
            _ => {}
        }
        before = octet;
    }
    Ok("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        check(text).unwrap_err().to_string()
    }

    #[test]
    fn attributes_of_an_element_are_bounded() {
        let element = |count: usize| format!("<a>\n<b{}/></a>", " x=\"'>\"".repeat(count));
        assert_eq!(check(&element(MAX_ATTRIBUTES)), Ok(()));
        let message = "line 2, column 1: document: expected at most 8 attributes in an element; found one more";
        assert_eq!(refused(&element(MAX_ATTRIBUTES + 1)), message);
        assert_eq!(refused(&element(100_000)), message);
    }

    #[test]
    fn refuses_namespaces_and_document_types_wherever_they_stand() {
        for text in ["<a xmlns='x'/>", "<a\n\txmlns:x=\"y\">", "<!-- > --><a><b c='' xmlns = ''/></a>"] {
            assert!(
                refused(text).ends_with("expected XML without namespaces; found an element with `xmlns`"),
                "{text}"
            );
        }
        for text in
            ["<!DOCTYPE a>", "<?xml version='1.0'?>\n<!DOCTYPE\na [<!ENTITY b 'c'>]><a/>", "<a><!DOCTYPE a></a>"]
        {
            let message = refused(text);
            assert!(message.ends_with("without document type definition; found `<!DOCTYPE`"), "{text}: {message}");
        }
        assert!(refused("<a/><!ELEMENT a ANY>").ends_with("found `<!ELEMENT`"));
    }

    #[test]
    fn what_is_no_tag_is_left_alone() {
        for text in [
            "",
            "xmlns",
            "<a b=' xmlns='> xmlns = \"\" '' ''</a>",
            "<!-- <!DOCTYPE a> <a xmlns=''> --><a/>",
            "<a><![CDATA[<!DOCTYPE a><a xmlns=''>]]></a>",
            "<?x <!DOCTYPE a>?><a/>",
            "<a notxmlns='' />",
            "<!-- without end <!DOCTYPE",
            "<a b='without end <!DOCTYPE",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }
}
