//! Bundles of BIND's and Knot's files: headers and records into a request or a response.

use std::collections::HashSet;

use super::detect::Kind;
use super::field::Unread;
use super::presentation::{Item, Scanner, Token};
use super::record::{Data, Reader, Record};
use super::{
    Document, Format, Key, MAX_BUNDLES, MAX_ITEMS, Place, ReadError, Records, Request, RequestBundle, RequestKey,
    Response, ResponseBundle, Signature, SignedSet, Stamp,
};
use crate::dns::{Dnskey, Ds, RrType, Time};

/// What follows `1.0` in a header.
pub(super) enum Head {
    /// A bundle from this time on.
    Bundle(Time),
    /// The end of the file.
    Footer(Stamp),
}

/// Where the two formats differ.
pub(super) struct Dialect {
    pub(super) format: Format,
    /// Reads a header behind `1.0 `.
    pub(super) head: fn(&str) -> Result<Head, Unread>,
    /// Whether its programs take lines that end in CR LF.
    pub(super) crlf: bool,
    /// Whether blank lines may part the bundles of a response.
    pub(super) blank_lines: bool,
}

/// Said of a request whose bundles were out of order.
pub(super) const SORTED: &str =
    "the bundles did not stand in the order of their inceptions; they have been put in order";
const CRLF: &str = "lines end in CR LF, as no program of this format writes them";

/// Reads a whole document of a kind that its first line has shown.
pub(super) fn read(text: &str, kind: Kind, dialect: &Dialect) -> Result<Document, ReadError> {
    let crlf = text.bytes().enumerate().find(|(_, octet)| *octet == b'\r').map(|(index, _)| index);
    if let (Some(index), false) = (crlf, dialect.crlf) {
        let line = text.bytes().take(index).filter(|octet| *octet == b'\n').count();
        let found = "a carriage return, which its importer refuses";
        return Err(ReadError {
            column: None,
            ..ReadError::at(Place::new(line, 0), "line", "line feeds alone", found)
        });
    }
    let mut file = File { kind, dialect, reader: Reader::default(), drafts: Vec::new(), blank: None };
    let stamp = file.read(text)?;
    file.drafts.iter().try_for_each(Draft::has_keys)?;
    let zone = file.reader.zone().ok_or_else(|| ReadError::document("at least one record", "none"))?;
    let stamp = Some(stamp);
    let mut notices = Vec::from_iter(crlf.map(|_| CRLF.to_owned()));
    Ok(match kind {
        Kind::Request => {
            let mut bundles = file.drafts.into_iter().map(Draft::request).collect::<Vec<_>>();
            if !bundles.is_sorted_by_key(|bundle| bundle.inception) {
                bundles.sort_by_key(|bundle| bundle.inception);
                notices.push(SORTED.to_owned());
            }
            Document::Request(Request { format: dialect.format, zone, root: None, bundles, stamp, notices })
        }
        Kind::Response => {
            let bundles = file.drafts.into_iter().map(Draft::response).collect::<Result<Vec<_>, _>>()?;
            Document::Response(Response { format: dialect.format, zone, root: None, bundles, stamp })
        }
    })
}

/// A document as far as it has been read.
struct File<'a, 'd> {
    kind: Kind,
    dialect: &'d Dialect,
    reader: Reader<'a>,
    drafts: Vec<Draft>,
    /// A blank line that a bundle must follow.
    blank: Option<Place>,
}

impl<'a> File<'a, '_> {
    /// Reads everything; the footer must be the last line, so that a file that was cut off is noticed.
    fn read(&mut self, text: &'a str) -> Result<Stamp, ReadError> {
        let mut scanner = Scanner::new(text)?;
        let mut seen = HashSet::new();
        while let Some(item) = scanner.next()? {
            match item {
                Item::Blank(place) => self.blank_line(place)?,
                Item::Record(tokens) => self.record(&tokens)?,
                Item::Header(line) => match self.header(line)? {
                    Head::Footer(stamp) => return self.footer(line, &mut scanner).map(|()| stamp),
                    Head::Bundle(time) => self.bundle(line.place, time, &mut seen)?,
                },
            }
        }
        let last = Place::new(text.lines().count().saturating_sub(1), 0);
        let expected = format!("the footer `{}generated at ...`", self.kind.header());
        Err(ReadError::at(last, "last line", expected, "the end of the file: is it cut off?"))
    }

    fn blank_line(&mut self, place: Place) -> Result<(), ReadError> {
        if self.kind == Kind::Request || !self.dialect.blank_lines || self.drafts.is_empty() {
            return Err(ReadError::at(place, "line", "a header or a record", "a blank line"));
        }
        self.blank = Some(place);
        Ok(())
    }

    fn record(&mut self, tokens: &[Token<'a>]) -> Result<(), ReadError> {
        self.no_blank_line()?;
        let record = self.reader.record(tokens)?;
        let place = record.place;
        let Some(draft) = self.drafts.last_mut() else {
            return Err(ReadError::at(place, "record", "a header first", "a record that belongs to no bundle"));
        };
        if self.kind == Kind::Request && !matches!(record.data, Data::Dnskey(_)) {
            return Err(ReadError::at(place, "record", "a request to hold DNSKEY alone", "another type"));
        }
        draft.push(record)
    }

    fn no_blank_line(&self) -> Result<(), ReadError> {
        match self.blank {
            Some(place) => Err(ReadError::at(place, "line", "blank lines only before a bundle", "a blank line")),
            None => Ok(()),
        }
    }

    fn header(&self, line: Token<'_>) -> Result<Head, ReadError> {
        let prefix = self.kind.header();
        let Some(rest) = line.text.strip_prefix(prefix) else {
            let expected = format!("`{prefix}` as in the first line");
            return Err(ReadError::unread(line.place, "header", Unread::new(expected, line.text)));
        };
        let place = line.place.right(prefix.len());
        (self.dialect.head)(rest).map_err(|unread| ReadError::unread(place, "header", unread))
    }

    fn bundle(&mut self, place: Place, inception: Time, seen: &mut HashSet<Time>) -> Result<(), ReadError> {
        if self.kind == Kind::Request && !seen.insert(inception) {
            let found = format!("a second bundle for {inception}");
            return Err(ReadError::at(place, "header", "one bundle for each time", found));
        }
        if self.drafts.len() >= MAX_BUNDLES {
            return Err(ReadError::at(place, "header", format!("at most {MAX_BUNDLES} bundles"), "one more"));
        }
        self.blank = None;
        self.drafts.push(Draft::new(place, inception));
        Ok(())
    }

    fn footer(&self, line: Token<'_>, scanner: &mut Scanner<'a>) -> Result<(), ReadError> {
        self.no_blank_line()?;
        let place = match scanner.next()? {
            None => return Ok(()),
            Some(Item::Blank(place) | Item::Header(Token { place, .. })) => place,
            Some(Item::Record(tokens)) => tokens.first().map_or(line.place, |token| token.place),
        };
        Err(ReadError::at(place, "line", "the end of the file behind the footer", "more"))
    }
}

/// A bundle whose records are still coming.
struct Draft {
    place: Place,
    inception: Time,
    dnskeys: Set<Dnskey>,
    cdnskeys: Set<Dnskey>,
    cds: Set<Ds>,
    signatures: Vec<(Place, Signature)>,
}

/// The records of one type and their common TTL.
struct Set<T> {
    ttl: u32,
    items: Vec<T>,
}

impl<T: PartialEq> Set<T> {
    const EMPTY: Self = Self { ttl: 0, items: Vec::new() };

    fn push(&mut self, place: Place, ttl: u32, item: T) -> Result<(), ReadError> {
        let refuse = |expected: String, found: String| Err(ReadError::at(place, "record", expected, found));
        if self.items.len() >= MAX_ITEMS {
            return refuse(format!("at most {MAX_ITEMS} records of a type in a bundle"), "one more".to_owned());
        }
        if !self.items.is_empty() && self.ttl != ttl {
            return refuse(format!("TTL {} as in the rest of the set", self.ttl), format!("TTL {ttl}"));
        }
        if self.items.contains(&item) {
            return refuse("each record once in a bundle".to_owned(), "the same record again".to_owned());
        }
        self.ttl = ttl;
        self.items.push(item);
        Ok(())
    }
}

impl Draft {
    const fn new(place: Place, inception: Time) -> Self {
        Self { place, inception, dnskeys: Set::EMPTY, cdnskeys: Set::EMPTY, cds: Set::EMPTY, signatures: Vec::new() }
    }

    fn push(&mut self, record: Record) -> Result<(), ReadError> {
        let Record { place, ttl, data } = record;
        match data {
            Data::Dnskey(key) => self.dnskeys.push(place, ttl, key),
            Data::Cdnskey(key) => self.cdnskeys.push(place, ttl, key),
            Data::Cds(ds) => self.cds.push(place, ttl, ds),
            Data::Rrsig(signature) => {
                if self.signatures.len() >= MAX_ITEMS {
                    let expected = format!("at most {MAX_ITEMS} signatures in a bundle");
                    return Err(ReadError::at(place, "record", expected, "one more"));
                }
                if self.signatures.iter().any(|(_, other)| *other == signature) {
                    let expected = "each record once in a bundle";
                    return Err(ReadError::at(place, "record", expected, "the same record again"));
                }
                self.signatures.push((place, signature));
                Ok(())
            }
        }
    }

    fn has_keys(&self) -> Result<(), ReadError> {
        if self.dnskeys.items.is_empty() {
            let found = format!("none in the bundle of {}", self.inception);
            return Err(ReadError::at(self.place, "bundle", "at least one DNSKEY", found));
        }
        Ok(())
    }

    fn request(self) -> RequestBundle {
        let ttl = self.dnskeys.ttl;
        let keys = self.dnskeys.items.into_iter().map(|dnskey| RequestKey { ttl, key: bare(dnskey) }).collect();
        RequestBundle { id: None, inception: self.inception, expiration: None, keys, signatures: Vec::new() }
    }

    fn response(self) -> Result<ResponseBundle, ReadError> {
        let Self { inception, dnskeys, cdnskeys, cds, mut signatures, .. } = self;
        let mut sets = Vec::new();
        let mut add = |ttl, records: Records| {
            let covers = |(_, signature): &mut (Place, Signature)| signature.rrsig.type_covered == records.rr_type();
            let own = signatures.extract_if(.., covers).map(|(_, signature)| signature).collect();
            sets.push(SignedSet { ttl, records, signatures: own });
        };
        add(dnskeys.ttl, Records::Dnskey(dnskeys.items.into_iter().map(bare).collect()));
        if !cdnskeys.items.is_empty() {
            add(cdnskeys.ttl, Records::Cdnskey(cdnskeys.items));
        }
        if !cds.items.is_empty() {
            add(cds.ttl, Records::Cds(cds.items));
        }
        if let Some((place, signature)) = signatures.first() {
            let covered: RrType = signature.rrsig.type_covered;
            let found = format!("a signature over {covered}, of which this bundle has none");
            return Err(ReadError::at(*place, "record", "signatures over sets of this bundle", found));
        }
        Ok(ResponseBundle { id: None, inception, expiration: None, sets })
    }
}

/// A key as these formats have it: nothing but itself.
const fn bare(dnskey: Dnskey) -> Key {
    Key { identifier: None, declared_tag: None, dnskey }
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, read, read_response};

    const HEADER: &str = ";; SignedKeyResponse 1.0 20261122014106 (Sun Nov 22 01:41:06 2026)\n";
    const FOOTER: &str = ";; SignedKeyResponse 1.0 generated at Sun Nov 22 01:41:06 2026 by x\n";
    const KEY: &str = "a. 1 DNSKEY 257 3 13 AQ==\n";
    const CDS: &str = "a. 0 CDS 1 13 2 AA\n";

    fn rrsig(covered: &str, octet: u8) -> String {
        let signature = crate::dns::base64::encode(&[octet]);
        format!("a. 1 RRSIG {covered} 13 1 1 20261206014112 20261122001112 1 a. {signature}\n")
    }

    fn refused(records: &str) -> String {
        read(format!("{HEADER}{records}{FOOTER}").as_bytes(), &Limits::default()).unwrap_err().to_string()
    }

    #[test]
    fn signatures_go_to_their_sets_in_any_order() {
        let records = format!("{}{CDS}{}{KEY}", rrsig("CDS", 1), rrsig("DNSKEY", 2));
        let text = format!("{HEADER}{records}{FOOTER}");
        let response = read_response(text.as_bytes(), &Limits::default()).unwrap();
        let sets = &response.bundles[0].sets;
        let found: Vec<_> = sets.iter().map(|set| (set.ttl, set.signatures[0].rrsig.signature[0])).collect();
        assert_eq!(found, [(1, 2), (0, 1)]);
    }

    #[test]
    fn refuses_signatures_over_nothing_and_bundles_without_keys() {
        let found = refused(&format!("{KEY}{}", rrsig("CDS", 1)));
        assert!(found.ends_with("found a signature over CDS, of which this bundle has none"), "{found}");
        assert!(found.starts_with("line 3, column 1"), "{found}");
        assert!(
            refused(CDS).contains("expected at least one DNSKEY; found none in the bundle of 2026-11-22T01:41:06Z")
        );
    }

    #[test]
    fn refuses_doubles_and_more_than_64_of_a_type() {
        assert!(refused(&format!("{KEY}{KEY}")).contains("each record once"));
        assert!(refused(&format!("{KEY}{CDS}{CDS}")).contains("each record once"));
        assert!(refused(&format!("{KEY}{0}{0}", rrsig("DNSKEY", 1))).contains("each record once"));
        let keys: String = (0..65).map(|number| KEY.replace("257", &number.to_string())).collect();
        assert!(refused(&keys).starts_with("line 66, column 1: record: expected at most 64 records of a type"));
        let signatures: String = (0..65).map(|octet| rrsig("DNSKEY", octet)).collect();
        assert!(refused(&format!("{KEY}{signatures}")).contains("expected at most 64 signatures"));
    }
}
