//! A SHA-256 digest as people compare it: in numbered rows of hex groups and words, or as one text typed from paper.

use std::fmt;

use thiserror::Error;

use super::{WordError, escape, hex, parse_words, word};
use crate::dns::Sha256Digest;

/// Octets in a row; even, so that every row begins with a word of two syllables.
const OCTETS: usize = 4;

/// Letters of the longest word of two and of three syllables: the widths of the columns.
const WIDTHS: [usize; OCTETS] = [9, 11, 9, 11];

/// One row of a digest: four octets, twice.
///
/// Printed it is at most 57 columns wide: `1  78e1 b145  island    tolerance   sailboat  detector`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HashRow {
    /// From 1 to 8.
    pub number: usize,
    /// Two groups of four digits.
    pub hex: [String; 2],
    /// The same octets as words.
    pub words: [&'static str; OCTETS],
}

impl fmt::Display for HashRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = &self.hex;
        write!(f, "{}  {first} {second} ", self.number)?;
        let [words @ .., last] = &self.words;
        for (word, width) in words.iter().zip(WIDTHS) {
            write!(f, " {word:width$}")?;
        }
        write!(f, " {last}")
    }
}

/// The eight rows of a digest.
#[must_use]
pub fn rows(digest: &Sha256Digest) -> Vec<HashRow> {
    let row = |(index, octets): (usize, &[u8; OCTETS])| {
        let [a, b, c, d] = *octets;
        let first = index * OCTETS;
        HashRow {
            number: index + 1,
            hex: [hex::encode(&[a, b]), hex::encode(&[c, d])],
            words: [word(first, a), word(first + 1, b), word(first + 2, c), word(first + 3, d)],
        }
    };
    digest.as_bytes().as_chunks().0.iter().enumerate().map(row).collect()
}

/// The eight rows as text, laid out alike on screen and paper.
#[must_use]
pub fn lines(digest: &Sha256Digest) -> Vec<String> {
    rows(digest).iter().map(ToString::to_string).collect()
}

/// Reads a digest as typed from paper: 64 hexadecimal digits, spaces allowed, or its 32 words; either case.
///
/// # Errors
///
/// What stands in the text instead, with the number of the first wrong word.
pub fn parse_digest(text: &str) -> Result<Sha256Digest, DigestTextError> {
    let digits: String = text.split_whitespace().collect();
    if digits.bytes().all(|sign| sign.is_ascii_hexdigit()) {
        let octets = hex::decode(&digits).and_then(|octets| <[u8; 32]>::try_from(octets).ok());
        return octets.map(Sha256Digest::from).ok_or(DigestTextError::Digits { found: digits.len() });
    }
    if text.split_whitespace().count() == 1 {
        return Err(DigestTextError::Neither { found: escape(&digits, 70) });
    }
    let octets = parse_words(text)?;
    let found = octets.len();
    <[u8; 32]>::try_from(octets).map(Sha256Digest::from).map_err(|_| DigestTextError::Words { found })
}

/// Text that is no SHA-256 digest.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum DigestTextError {
    /// Hexadecimal, but of another length.
    #[error("a SHA-256 digest has 64 hexadecimal digits; found {found}; compare with the paper, group by group")]
    Digits {
        /// How many.
        found: usize,
    },
    /// Words, but of another count.
    #[error("a SHA-256 digest has 32 words; found {found}; compare with the paper, row by row")]
    Words {
        /// How many.
        found: usize,
    },
    /// A wrong word.
    #[error(transparent)]
    Word(#[from] WordError),
    /// Neither digits nor words.
    #[error("expected 64 hexadecimal digits or 32 words of the PGP word list; found `{found}`")]
    Neither {
        /// The text, escaped.
        found: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::sha256;
    use crate::render::words;

    #[test]
    fn lays_out_eight_numbered_rows() {
        let lines = lines(&sha256(b""));
        assert_eq!(lines.len(), 8);
        assert_eq!(lines[0], "1  e3b0 c442  tissue    phonetic    snowslide December");
        assert_eq!(lines[7], "8  7852 b855  island    enrollment  select    equipment");
    }

    #[test]
    fn fits_64_columns_whatever_the_words() {
        for octet in 0..=255 {
            assert!(lines(&[octet; 32].into()).iter().all(|line| line.len() <= 57), "{octet}");
        }
    }

    #[test]
    fn reads_digits_and_words_from_paper() {
        let digest = sha256(b"x");
        let groups = hex::groups(digest.as_bytes()).join(" ").to_uppercase();
        let spoken = words(digest.as_bytes()).join(" ").to_lowercase();
        for text in [digest.to_string(), groups, spoken] {
            assert_eq!(parse_digest(&text), Ok(digest), "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong_with_a_text() {
        assert_eq!(parse_digest("4f2a 91"), Err(DigestTextError::Digits { found: 6 }));
        assert_eq!(parse_digest(""), Err(DigestTextError::Digits { found: 0 }));
        assert_eq!(parse_digest("topmost Istanbul"), Err(DigestTextError::Words { found: 2 }));
        assert!(matches!(parse_digest("topmost topmost"), Err(DigestTextError::Word(_))));
        assert!(matches!(parse_digest("0xe3b0"), Err(DigestTextError::Neither { .. })));
    }
}
