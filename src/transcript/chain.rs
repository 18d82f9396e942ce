//! Entries, each bound to the one before it.

use thiserror::Error;

use super::{Body, Entry, JsonError};
use crate::dns::{Sha256Digest, sha256};
use crate::steps::{Actor, Moment, Step};

/// A growing transcript or delivery log; its octets here are the master copy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Chain {
    first_prev: Sha256Digest,
    octets: Vec<u8>,
    last_line: usize,
    entries: Vec<Entry>,
}

/// Why lines are no chain.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("line {line}: expected {expected}; found {found}")]
pub struct ChainError {
    /// The line, from 1.
    pub line: u64,
    /// What should stand there.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

impl Chain {
    /// An empty transcript: its first `prev` is 64 zeros.
    #[must_use]
    pub const fn new() -> Self {
        Self::following(Sha256Digest::ZERO)
    }

    /// An empty log that goes on where a transcript of that fingerprint ended.
    #[must_use]
    pub const fn following(fingerprint: Sha256Digest) -> Self {
        Self { first_prev: fingerprint, octets: Vec::new(), last_line: 0, entries: Vec::new() }
    }

    /// A transcript read again, to go on with it.
    ///
    /// # Errors
    /// [`ChainError`] with the first line that is wrong.
    pub fn resume(octets: &[u8]) -> Result<Self, ChainError> {
        Self::resume_after(octets, Sha256Digest::ZERO)
    }

    /// A log that follows a transcript, read again, to go on with it.
    ///
    /// # Errors
    /// [`ChainError`] with the first line that is wrong.
    pub fn resume_after(octets: &[u8], first_prev: Sha256Digest) -> Result<Self, ChainError> {
        let entries = read(octets, first_prev)?;
        let last_line = octets.strip_suffix(b"\n").and_then(|lines| lines.iter().rposition(|octet| *octet == b'\n'));
        let last_line = last_line.map_or(0, |end| end + 1);
        Ok(Self { first_prev, octets: octets.to_vec(), last_line, entries })
    }

    /// Adds an entry and returns its line, to be written before the effect that it announces runs.
    ///
    /// Text in the body is cleaned ([`super::clean_text`]); [`Self::entries`] has it as the line has it. Nothing is
    /// added on an error.
    ///
    /// # Errors
    /// [`JsonError`] for what a line cannot hold: numbers from 2^53 on, keys that are not ASCII, too much.
    pub fn append(&mut self, moment: Moment, step: Step, actor: &Actor, body: Body) -> Result<&[u8], JsonError> {
        let seq = u64::try_from(self.entries.len()).unwrap_or(u64::MAX) + 1; // memory holds far fewer
        let Moment { time, uptime } = moment;
        let entry = Entry { seq, time, uptime, step, actor: actor.clone(), prev: self.head(), body };
        let line = entry.line()?;
        let entry = Entry::read(line.strip_suffix(b"\n").unwrap_or(&line))?;
        self.last_line = self.octets.len();
        self.octets.extend_from_slice(&line);
        self.entries.push(entry);
        Ok(self.last_line())
    }

    /// All lines, as they are written to a file.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// The last line with its line end; empty where there is none.
    #[must_use]
    pub fn last_line(&self) -> &[u8] {
        self.octets.get(self.last_line..).unwrap_or_default()
    }

    /// The entries in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What the next entry has as `prev`.
    #[must_use]
    pub fn head(&self) -> Sha256Digest {
        if self.entries.is_empty() { self.first_prev } else { sha256(self.last_line()) }
    }

    /// SHA-256 of all lines: of a sealed transcript, what goes onto paper.
    #[must_use]
    pub fn fingerprint(&self) -> Sha256Digest {
        sha256(&self.octets)
    }
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

/// Reads a whole chain whose first entry must have `first_prev`.
///
/// Each line is in canonical form, numbered, bound to the one before it, and neither the time nor, until the program is
/// started again, the uptime runs backwards.
///
/// # Errors
/// [`ChainError`] with the first line that is wrong.
pub fn read(octets: &[u8], first_prev: Sha256Digest) -> Result<Vec<Entry>, ChainError> {
    match read_good(octets, first_prev) {
        (entries, None) => Ok(entries),
        (_, Some(error)) => Err(error),
    }
}

/// Reads as far as a chain is good: the entries until then, and what is wrong behind them.
#[must_use]
pub fn read_good(octets: &[u8], first_prev: Sha256Digest) -> (Vec<Entry>, Option<ChainError>) {
    let mut entries: Vec<Entry> = Vec::new();
    let mut prev = first_prev;
    for (number, line) in (1..).zip(octets.split_inclusive(|octet| *octet == b'\n')) {
        match read_line(number, line, prev, entries.last()) {
            Ok(entry) => entries.push(entry),
            Err(error) => return (entries, Some(error)),
        }
        prev = sha256(line);
    }
    (entries, None)
}

fn read_line(number: u64, line: &[u8], prev: Sha256Digest, before: Option<&Entry>) -> Result<Entry, ChainError> {
    let error = |expected: String, found: String| ChainError { line: number, expected, found };
    let Some(content) = line.strip_suffix(b"\n") else {
        return Err(error("a line end".to_owned(), "the end of the file".to_owned()));
    };
    let entry = Entry::read(content).map_err(|fault| error("an entry".to_owned(), fault.to_string()))?;
    if entry.prev != prev {
        return Err(error(format!("prev {prev}"), entry.prev.to_string()));
    }
    if entry.seq != number {
        return Err(error(format!("seq {number}"), entry.seq.to_string()));
    }
    let Some(before) = before else { return Ok(entry) };
    if entry.time < before.time && !matches!(entry.body, Body::TimeAgreed(_)) {
        return Err(error(format!("a time from {} on", before.time), entry.time.to_string()));
    }
    if entry.uptime < before.uptime && !matches!(entry.body, Body::Resumed(_)) {
        return Err(error(format!("an uptime from {} ms on", before.uptime), format!("{} ms", entry.uptime)));
    }
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::super::Note;
    use super::*;

    fn at(seconds: i64, uptime: u64) -> Moment {
        Moment { time: crate::dns::Time::from_unix(1_800_000_000 + seconds).unwrap(), uptime }
    }

    fn note(text: &str) -> Note {
        Note { note: text.to_owned() }
    }

    fn sample() -> Chain {
        let mut chain = Chain::new();
        for (number, text) in (0..).zip(["one", "two\u{7}", "three"]) {
            let moment = at(number, 10 * number as u64);
            chain.append(moment, Step::Open, &Actor::Program, Body::Paused(note(text))).unwrap();
        }
        chain
    }

    #[test]
    fn each_entry_holds_the_hash_of_the_line_before() {
        let chain = sample();
        let lines: Vec<&[u8]> = chain.octets().split_inclusive(|octet| *octet == b'\n').collect();
        assert_eq!(chain.entries()[0].prev, Sha256Digest::ZERO);
        assert_eq!(chain.entries()[2].prev, sha256(lines[1]));
        assert_eq!((chain.head(), chain.last_line()), (sha256(lines[2]), lines[2]));
        assert_eq!(chain.entries()[1].body, Body::Paused(note("two ")), "text is held as the line has it");
    }

    #[test]
    fn a_chain_goes_on_where_it_was_read() {
        let mut chain = sample();
        let mut again = Chain::resume(chain.octets()).unwrap();
        assert_eq!(again, chain);
        let body = Body::Resumed(note("after a fault"));
        let line = chain.append(at(9, 0), Step::Unlock, &Actor::Program, body.clone()).unwrap().to_vec();
        assert_eq!(again.append(at(9, 0), Step::Unlock, &Actor::Program, body).unwrap(), line);
        assert!(read(again.octets(), Sha256Digest::ZERO).is_ok());
    }

    #[test]
    fn any_flipped_bit_is_found() {
        let chain = sample();
        for place in 0..chain.octets().len() {
            let mut octets = chain.octets().to_vec();
            octets[place] ^= 1;
            let damaged = read(&octets, Sha256Digest::ZERO);
            // The last line is bound by the seal's signature alone.
            let in_last_line = place >= chain.octets().len() - chain.last_line().len();
            assert!(damaged.is_err() || in_last_line, "octet {place}");
        }
    }

    #[test]
    fn names_the_first_wrong_line() {
        let chain = sample();
        let text = String::from_utf8(chain.octets().to_vec()).unwrap();
        let error = |text: String| read(text.as_bytes(), Sha256Digest::ZERO).unwrap_err();
        assert_eq!(error(text.replace("two", "2")).line, 3);
        let without_second: String =
            text.split_inclusive('\n').enumerate().filter(|(n, _)| *n != 1).map(|(_, l)| l).collect();
        assert_eq!(error(without_second).line, 2);
        assert_eq!(error(text.trim_end().to_owned()).line, 3);
        assert_eq!(read(text.as_bytes(), sha256(b"other")).unwrap_err().line, 1);
    }

    #[test]
    fn clocks_do_not_run_backwards() {
        let mut chain = sample();
        chain.append(at(1, 100), Step::Open, &Actor::Program, Body::Continued(note("x"))).unwrap();
        assert_eq!(read(chain.octets(), Sha256Digest::ZERO).unwrap_err().line, 4);
        let mut chain = sample();
        chain.append(at(9, 1), Step::Open, &Actor::Program, Body::Continued(note("x"))).unwrap();
        assert_eq!(read(chain.octets(), Sha256Digest::ZERO).unwrap_err().line, 4);
    }
}
