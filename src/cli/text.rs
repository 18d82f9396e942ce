//! Facts as lines of text, alike in all commands.

use std::collections::{BTreeMap, BTreeSet};

use crate::dns::{DigestType, Dnskey, Name, RrType, Sha256Digest, Time};
use crate::exchange::{Document, Request, Response};
use crate::policy::Finding;
use crate::render::{self, Column, Table, escape, wrap};
use crate::steps::Verdict;

/// Columns of a text that is broken.
const WIDTH: usize = 100;

/// Lines of text for people.
#[derive(Default)]
pub(super) struct Text(String);

impl Text {
    /// Adds a line.
    pub(super) fn line(&mut self, line: impl AsRef<str>) {
        self.0.push_str(line.as_ref());
        self.0.push('\n');
    }

    /// Adds lines.
    pub(super) fn lines(&mut self, lines: impl IntoIterator<Item = impl AsRef<str>>) {
        lines.into_iter().for_each(|line| self.line(line));
    }

    /// Adds an empty line, but none at the top.
    pub(super) fn blank(&mut self) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
    }

    /// Adds a name and its value.
    pub(super) fn fact(&mut self, name: &str, value: impl AsRef<str>) {
        self.line(format!("{name:<10} {}", value.as_ref()));
    }

    /// Adds a digest in hex groups and words, numbered as on paper.
    pub(super) fn digest(&mut self, name: &str, digest: &Sha256Digest) {
        self.fact(name, digest.to_string());
        self.lines(render::lines(digest).iter().map(|line| format!("  {line}")));
    }

    /// Adds all findings: failures first, then warnings and what was skipped; what passed in short. What was found of
    /// the plan and again of its response stands once.
    pub(super) fn findings(&mut self, findings: &[Finding]) {
        let mut told = BTreeSet::new();
        for verdict in [Verdict::Fail, Verdict::Warn, Verdict::Skipped] {
            let these = findings.iter().filter(|finding| finding.verdict == verdict).map(ToString::to_string);
            self.lines(these.filter(|line| told.insert(line.clone())));
        }
        let passed = findings.iter().filter(|finding| finding.verdict == Verdict::Pass);
        let names = passed.map(|finding| finding.check.as_str()).filter(|name| told.insert((*name).to_owned()));
        let names: Vec<&str> = names.collect();
        let names = wrap(&names.join(" "), WIDTH);
        let marks = std::iter::once("PASS").chain(std::iter::repeat(""));
        self.lines(names.iter().zip(marks).map(|(line, mark)| format!("{mark:<7} {line}")));
    }

    /// All of it.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// Text that moves no cursor and hides nothing: control signs, and those that reorder or hide others, escaped.
pub(super) fn clean(text: &str) -> String {
    let hides = |sign: char| {
        (sign.is_control() && sign != '\n')
            || matches!(sign, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let mut shown = String::with_capacity(text.len());
    for sign in text.chars() {
        if hides(sign) {
            shown.extend(sign.escape_unicode());
        } else {
            shown.push(sign);
        }
    }
    shown
}

/// Writes what a document says of itself: kind, format, zone, head, bundles.
pub(super) fn document(text: &mut Text, document: &Document) {
    let (kind, format, zone, stamp) = match document {
        Document::Request(request) => ("Key Signing Request", request.format, &request.zone, &request.stamp),
        Document::Response(response) => ("Signed Key Response", response.format, &response.zone, &response.stamp),
    };
    text.fact("document", kind);
    text.fact("format", format.name());
    text.fact("zone", zone.to_string());
    let head = match document {
        Document::Request(request) => request.root.as_ref().map(|root| (&root.id, root.serial)),
        Document::Response(response) => response.root.as_ref().map(|root| (&root.id, root.serial)),
    };
    if let Some((id, serial)) = head {
        text.fact("id", format!("{}, serial {serial}", escape(id, WIDTH)));
    }
    if let Some(stamp) = stamp {
        text.fact("made", format!("{} by {}", stamp.time, escape(&stamp.by, WIDTH)));
    }
    text.blank();
    match document {
        Document::Request(request) => text.lines(request_table(request)),
        Document::Response(response) => text.lines(response_table(response)),
    }
}

fn time(time: Option<Time>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| time.to_string())
}

fn id(id: Option<&String>) -> String {
    id.map_or_else(|| "-".to_owned(), |id| escape(id, 40))
}

fn table(columns: [&str; 5]) -> Table {
    let [number, rest @ ..] = columns;
    Table::new(std::iter::once(Column::right(number)).chain(rest.map(Column::left)))
}

fn tags<'a>(keys: impl Iterator<Item = &'a Dnskey>) -> String {
    let tags: Vec<String> = keys.map(|key| key.key_tag().to_string()).collect();
    if tags.is_empty() { "-".to_owned() } else { tags.join(" ") }
}

fn request_table(request: &Request) -> Vec<String> {
    let mut table = table(["#", "Inception", "Expiration", "ZSK tags", "Id"]);
    for (index, bundle) in request.bundles.iter().enumerate() {
        table.push([
            (index + 1).to_string(),
            bundle.inception.to_string(),
            time(bundle.expiration),
            tags(bundle.keys.iter().map(|key| &key.key.dnskey)),
            id(bundle.id.as_ref()),
        ]);
    }
    table.lines()
}

fn response_table(response: &Response) -> Vec<String> {
    let mut table = Table::new(
        [Column::right("#")]
            .into_iter()
            .chain(["Inception", "Expiration", "ZSK tags", "KSK tags", "Signed by", "CDS", "Id"].map(Column::left)),
    );
    for (index, bundle) in response.bundles.iter().enumerate() {
        let keys = || bundle.keys().iter().map(|key| &key.dnskey);
        let rrsigs = || bundle.sets.iter().flat_map(|set| &set.signatures).map(|signature| &signature.rrsig);
        let signers: BTreeSet<u16> = rrsigs().map(|rrsig| rrsig.key_tag).collect();
        let signers: Vec<String> = signers.iter().map(ToString::to_string).collect();
        let ends = rrsigs().map(|rrsig| rrsig.expiration).min().or(bundle.expiration);
        let cds = bundle.set(RrType::Cds).is_some() || bundle.set(RrType::Cdnskey).is_some();
        table.push([
            (index + 1).to_string(),
            bundle.inception.to_string(),
            time(ends),
            tags(keys().filter(|key| !key.is_sep())),
            tags(keys().filter(|key| key.is_sep())),
            if signers.is_empty() { "-".to_owned() } else { signers.join(" ") },
            if cds { "yes" } else { "no" }.to_owned(),
            id(bundle.id.as_ref()),
        ]);
    }
    table.lines()
}

/// The different keys of a document, each with the bundles that have it, from 1.
pub(super) fn keys(document: &Document) -> Vec<(&Dnskey, Vec<usize>)> {
    let mut order: Vec<&Dnskey> = Vec::new();
    let mut places: BTreeMap<&Dnskey, Vec<usize>> = BTreeMap::new();
    let mut meet = |index: usize, key| {
        let places = places.entry(key).or_insert_with(|| {
            order.push(key);
            Vec::new()
        });
        places.push(index + 1);
    };
    match document {
        Document::Request(request) => {
            for (index, bundle) in request.bundles.iter().enumerate() {
                bundle.keys.iter().for_each(|key| meet(index, &key.key.dnskey));
            }
        }
        Document::Response(response) => {
            for (index, bundle) in response.bundles.iter().enumerate() {
                bundle.keys().iter().for_each(|key| meet(index, &key.dnskey));
            }
        }
    }
    order.into_iter().map(|key| (key, places.remove(key).unwrap_or_default())).collect()
}

/// `1-3 5`, of numbers that rise.
pub(super) fn ranges(numbers: &[usize]) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, end)) if *end + 1 == *number => *end = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    let text = |(first, last): (usize, usize)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    ranges.into_iter().map(text).collect::<Vec<_>>().join(" ")
}

/// `KSK`, `revoked KSK` or `ZSK`, from the flags.
pub(super) const fn kind(key: &Dnskey) -> &'static str {
    match (key.is_sep(), key.is_revoked()) {
        (true, false) => "KSK",
        (true, true) => "revoked KSK",
        (false, _) => "ZSK",
    }
}

/// `8 (RSASHA256), 2048 bits, exponent 65537`.
pub(super) fn algorithm(key: &Dnskey) -> String {
    let bits = key.bits().map_or_else(String::new, |bits| format!(", {bits} bits"));
    let rsa = key.algorithm.known().filter(|algorithm| algorithm.is_rsa()).and_then(|_| key.rsa());
    let exponent = rsa.map_or_else(String::new, |rsa| format!(", exponent {}", rsa.exponent));
    format!("{}{bits}{exponent}", key.algorithm)
}

/// Writes a key: kind, tag, algorithm, DS of a KSK, and the fingerprint as it is read aloud.
pub(super) fn key(text: &mut Text, zone: &Name, key: &Dnskey) {
    text.fact(kind(key), format!("tag {}, algorithm {}", key.key_tag(), algorithm(key)));
    if key.is_sep() && !key.is_revoked() {
        text.fact("DS", format!("{zone} IN DS {}", key.ds(zone, DigestType::Sha256)));
    }
    text.digest("SHA-256", &key.fingerprint(zone));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_short() {
        assert_eq!(ranges(&[1, 2, 3, 5, 7, 8]), "1-3 5 7-8");
        assert_eq!(ranges(&[4]), "4");
        assert_eq!(ranges(&[]), "");
    }

    #[test]
    fn nothing_moves_the_cursor_or_hides() {
        assert_eq!(clean("a\u{1b}[2J\u{202e}b\r\nc"), "a\\u{1b}[2J\\u{202e}b\\u{d}\nc");
        assert_eq!(clean("Łukasz\n"), "Łukasz\n");
    }

    #[test]
    fn failures_stand_first_passes_are_short_and_nothing_stands_twice() {
        let finding = |check: &str, verdict| Finding {
            check: check.to_owned(),
            verdict,
            reason: None,
            bundle: None,
            expected: None,
            found: None,
            message: "m".to_owned(),
        };
        let findings = [
            finding("A", Verdict::Pass),
            finding("B", Verdict::Warn),
            finding("C", Verdict::Fail),
            finding("D", Verdict::Pass),
            finding("B", Verdict::Warn),
            finding("A", Verdict::Pass),
        ];
        let mut text = Text::default();
        text.findings(&findings);
        assert_eq!(text.finish(), "FAIL    C: m\nWARN    B: m\nPASS    A D\n");
    }
}
