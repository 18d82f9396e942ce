//! Lines and tokens of BIND's and Knot's files: headers, blank lines, and records over one or more lines.

use super::field::excerpt;
use super::{Place, ReadError};

/// A word of a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    pub(super) place: Place,
}

/// What stands in a file, one after another.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Item<'a> {
    /// A line that begins with two semicolons.
    Header(Token<'a>),
    /// An empty line.
    Blank(Place),
    /// The words of a record, at least one.
    Record(Vec<Token<'a>>),
}

/// Goes through a file item by item.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    lines: std::iter::Enumerate<std::str::Lines<'a>>,
}

impl<'a> Scanner<'a> {
    /// Starts on a text of printable ASCII whose last line ends, as every line, in LF; CR LF is for the caller to judge.
    pub(super) fn new(text: &'a str) -> Result<Self, ReadError> {
        for (number, line) in text.lines().enumerate() {
            if let Some((column, sign)) = line.char_indices().find(|(_, sign)| !matches!(sign, ' '..='~' | '\t')) {
                let found = format!("`{}`", excerpt(sign.encode_utf8(&mut [0; 4])));
                return Err(ReadError::at(Place::new(number, column), "line", "printable ASCII and tabs", found));
            }
        }
        if !text.ends_with('\n') {
            let number = text.lines().count().saturating_sub(1);
            let last = text.lines().next_back().unwrap_or_default();
            let place = Place::new(number, last.len());
            return Err(ReadError::at(
                place,
                "last line",
                "a line feed at its end",
                "the end of the file: is it cut off?",
            ));
        }
        Ok(Self { lines: text.lines().enumerate() })
    }

    /// The next item, or `None` behind the last line.
    pub(super) fn next(&mut self) -> Result<Option<Item<'a>>, ReadError> {
        let Some((number, line)) = self.lines.next() else { return Ok(None) };
        let place = Place::new(number, 0);
        let refuse = |expected, found: &str| Err(ReadError::at(place, "line", expected, found));
        match line.as_bytes().first() {
            None => Ok(Some(Item::Blank(place))),
            Some(b';') if line.starts_with(";;") => Ok(Some(Item::Header(Token { text: line, place }))),
            Some(b';') => refuse("a header or a record", "a comment on a line of its own"),
            Some(b'$') => refuse("a header or a record", &format!("the directive `{}`", excerpt(line))),
            Some(b' ' | b'\t') => {
                refuse("a header, or a record with its owner name", "a line that begins with white space")
            }
            Some(_) => self.record(number, line).map(|tokens| Some(Item::Record(tokens))),
        }
    }

    /// The words of the record that begins on `line`, to the end of that line or behind its closing parenthesis.
    fn record(&mut self, number: usize, line: &'a str) -> Result<Vec<Token<'a>>, ReadError> {
        let mut tokens = Vec::new();
        let mut open = None;
        split(number, line, &mut open, &mut tokens)?;
        while let Some(place) = open {
            let Some((number, line)) = self.lines.next() else {
                return Err(ReadError::at(place, "record", "a closing parenthesis", "the end of the file"));
            };
            let found = match line.trim_ascii_start().as_bytes().first() {
                None => Some("a blank line inside parentheses"),
                Some(b';') => Some("a comment or header inside parentheses"),
                Some(_) => None,
            };
            if let Some(found) = found {
                return Err(ReadError::at(Place::new(number, 0), "record", "the rest of the record", found));
            }
            split(number, line, &mut open, &mut tokens)?;
        }
        if tokens.is_empty() {
            return Err(ReadError::at(Place::new(number, 0), "record", "an owner name", "an empty record"));
        }
        Ok(tokens)
    }
}

/// Splits a line into words (RFC 1035, section 5.1); `open` is the place of a parenthesis that is still open.
fn split<'a>(
    number: usize,
    line: &'a str,
    open: &mut Option<Place>,
    tokens: &mut Vec<Token<'a>>,
) -> Result<(), ReadError> {
    let mut signs = line.bytes().enumerate().peekable();
    while let Some((start, sign)) = signs.next() {
        let place = Place::new(number, start);
        match (sign, *open) {
            (b' ' | b'\t', _) => {}
            (b';', _) => break,
            (b'(', None) => *open = Some(place),
            (b')', Some(_)) => *open = None,
            (b'(' | b')' | b'"', _) => {
                let found = format!("`{}`", char::from(sign));
                return Err(ReadError::at(place, "record", "a word, or a matching parenthesis", found));
            }
            _ => {
                let mut end = start + 1;
                let mut escaped = sign == b'\\';
                while let Some((index, sign)) = signs.next_if(|(_, sign)| escaped || !is_delimiter(*sign)) {
                    escaped = !escaped && sign == b'\\';
                    end = index + 1;
                }
                // Both ends are next to ASCII, for the whole text is ASCII.
                tokens.push(Token { text: line.get(start..end).unwrap_or_default(), place });
            }
        }
    }
    Ok(())
}

const fn is_delimiter(sign: u8) -> bool {
    matches!(sign, b' ' | b'\t' | b';' | b'(' | b')' | b'"')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(text: &str) -> Result<Vec<Item<'_>>, ReadError> {
        let mut scanner = Scanner::new(text)?;
        std::iter::from_fn(|| scanner.next().transpose()).collect()
    }

    fn words(text: &str) -> Vec<&str> {
        match items(text).unwrap().remove(0) {
            Item::Record(tokens) => tokens.iter().map(|token| token.text).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn records_span_lines_in_parentheses_and_end_with_a_comment() {
        assert_eq!(words("a. 1 CDS 1 (\n\tAB\n\tCD\n\t) ; KSK, id = 1\n"), ["a.", "1", "CDS", "1", "AB", "CD"]);
        assert_eq!(words("a. (1)2 ; c\n"), ["a.", "1", "2"]);
    }

    #[test]
    fn a_backslash_keeps_the_next_sign() {
        assert_eq!(words("a\\;b\\(\\\\. 1\n"), ["a\\;b\\(\\\\.", "1"]);
    }

    #[test]
    fn tokens_know_their_places() {
        let Item::Record(tokens) = items("a. (\n  b )\n").unwrap().remove(0) else { panic!() };
        assert_eq!(tokens[1], Token { text: "b", place: Place { line: 2, column: 3 } });
    }

    #[test]
    fn refuses_what_is_neither_header_nor_record() {
        for (text, found) in [
            ("; comment\n", "a comment on a line of its own"),
            ("$INCLUDE /etc/passwd\n", "the directive `$INCLUDE /etc/passwd`"),
            ("$ORIGIN org.\n", "the directive"),
            (" a. 1\n", "a line that begins with white space"),
            ("a. ( 1\n", "the end of the file"),
            ("a. (\n;; SignedKeyResponse 1.0\n", "a comment or header inside parentheses"),
            ("a. (\n \t\n1 )\n", "a blank line inside parentheses"),
            ("a. (\n \t ; comment\n1 )\n", "a comment or header inside parentheses"),
            ("a. ) 1\n", "`)`"),
            ("a. ((1))\n", "`(`"),
            ("a. \"1\"\n", "`\"`"),
            ("(\n)\n", "an empty record"),
            ("a. 1", "is it cut off?"),
            ("a. \u{e9}\n", "`\\u{e9}`"),
            ("a. \u{1b}[2J\n", "`\\u{1b}`"),
        ] {
            let message = items(text).unwrap_err().to_string();
            assert!(message.contains(found), "{text:?}: {message}");
            assert!(message.starts_with("line "), "{message}");
        }
    }
}
