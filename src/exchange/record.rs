//! Records of BIND's and Knot's files: words into DNSKEY, CDNSKEY, CDS and RRSIG.

use super::field::{self, Unread, excerpt};
use super::presentation::Token;
use super::{MAX_RDATA, Place, ReadError, Signature};
use crate::dns::{Dnskey, Ds, Name, RrType, Rrsig, Time};

/// A record of the zone.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Record {
    pub(super) place: Place,
    pub(super) ttl: u32,
    pub(super) data: Data,
}

/// Its type and RDATA.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Data {
    Dnskey(Dnskey),
    Cdnskey(Dnskey),
    Cds(Ds),
    Rrsig(Signature),
}

/// Reads records, all of which must have the owner name of the first.
#[derive(Debug, Default)]
pub(super) struct Reader<'a> {
    /// The owner name as it stood there first, so that most records need no parsing of it.
    zone: Option<(&'a str, Name)>,
}

impl<'a> Reader<'a> {
    /// The owner name, once there was a record.
    pub(super) fn zone(self) -> Option<Name> {
        self.zone.map(|(_, name)| name)
    }

    /// Reads `owner TTL [IN] TYPE RDATA`.
    pub(super) fn record(&mut self, tokens: &[Token<'a>]) -> Result<Record, ReadError> {
        let mut fields = Fields::new(tokens);
        let place = fields.end;
        let owner = fields.next("owner name")?;
        self.owner(owner)?;
        let ttl = fields.read("TTL", field::ttl)?;
        let mut rr_type = fields.next("type")?;
        if rr_type.text.eq_ignore_ascii_case("IN") {
            rr_type = fields.next("type")?;
        } else if ["CH", "HS", "ANY", "NONE"].iter().any(|class| rr_type.text.eq_ignore_ascii_case(class)) {
            return Err(ReadError::unread(rr_type.place, "class", Unread::new("IN", rr_type.text)));
        }
        let data = match RrType::from_mnemonic(rr_type.text) {
            Some(RrType::Dnskey) => Data::Dnskey(fields.dnskey()?),
            Some(RrType::Cdnskey) => Data::Cdnskey(fields.dnskey()?),
            Some(RrType::Cds) => Data::Cds(fields.cds()?),
            None if rr_type.text.eq_ignore_ascii_case("RRSIG") => {
                let rrsig = self.rrsig(&mut fields)?;
                Data::Rrsig(Signature { identifier: None, ttl, rrsig })
            }
            None => {
                let unread = Unread::new("DNSKEY, CDNSKEY, CDS or RRSIG", rr_type.text);
                return Err(ReadError::unread(rr_type.place, "type", unread));
            }
        };
        Ok(Record { place, ttl, data })
    }

    fn owner(&mut self, owner: Token<'a>) -> Result<(), ReadError> {
        let unread = |unread| ReadError::unread(owner.place, "owner name", unread);
        match &self.zone {
            Some((text, _)) if *text == owner.text => Ok(()),
            Some((_, name)) if field::absolute_name(owner.text).map_err(unread)? == *name => Ok(()),
            Some((_, name)) => Err(unread(Unread::new(format!("`{name}`, as in the first record"), owner.text))),
            None => {
                self.zone = Some((owner.text, field::absolute_name(owner.text).map_err(unread)?));
                Ok(())
            }
        }
    }

    /// Reads the RDATA of an RRSIG (RFC 4034, section 3.2); expiration stands before inception.
    fn rrsig(&self, fields: &mut Fields<'a, '_>) -> Result<Rrsig, ReadError> {
        let rrsig = Rrsig {
            type_covered: fields.read("type covered", type_covered)?,
            algorithm: fields.read("algorithm", field::algorithm)?,
            labels: fields.read("labels", field::octet)?,
            original_ttl: fields.read("original TTL", field::ttl)?,
            expiration: fields.read("signature expiration", time)?,
            inception: fields.read("signature inception", time)?,
            key_tag: fields.read("key tag", field::tag)?,
            signer: fields.read("signer's name", |text| match &self.zone {
                Some((owner, name)) if *owner == text => Ok(name.clone()),
                _ => field::absolute_name(text),
            })?,
            signature: Vec::new(),
        };
        let head = rrsig.rdata_to_sign().len();
        Ok(Rrsig { signature: fields.rest("signature", head, field::octets)?, ..rrsig })
    }
}

fn type_covered(text: &str) -> Result<RrType, Unread> {
    RrType::from_mnemonic(text).ok_or_else(|| Unread::new("DNSKEY, CDNSKEY or CDS", text))
}

fn time(text: &str) -> Result<Time, Unread> {
    Ok(Time::from_digits(text)?)
}

/// The words of one record, from left to right.
struct Fields<'a, 't> {
    tokens: std::slice::Iter<'t, Token<'a>>,
    /// Place of the last word, for what is missing behind it.
    end: Place,
}

impl<'a, 't> Fields<'a, 't> {
    fn new(tokens: &'t [Token<'a>]) -> Self {
        let end = tokens.first().map_or_else(|| Place::new(0, 0), |token| token.place);
        Self { tokens: tokens.iter(), end }
    }

    fn next(&mut self, name: &str) -> Result<Token<'a>, ReadError> {
        let token = self
            .tokens
            .next()
            .copied()
            .ok_or_else(|| ReadError::at(self.end, name, "a word in this field", "the end of the record"))?;
        self.end = token.place;
        Ok(token)
    }

    fn read<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, Unread>) -> Result<T, ReadError> {
        let token = self.next(name)?;
        read(token.text).map_err(|unread| ReadError::unread(token.place, name, unread))
    }

    /// Reads all words that are left as one, after RDATA of `head` octets.
    fn rest(
        &mut self,
        name: &str,
        head: usize,
        read: impl FnOnce(&str) -> Result<Vec<u8>, Unread>,
    ) -> Result<Vec<u8>, ReadError> {
        let first = self.next(name)?;
        let text: String = std::iter::once(first.text).chain(self.tokens.by_ref().map(|token| token.text)).collect();
        let octets = read(&text).map_err(|unread| ReadError::unread(first.place, name, unread))?;
        let size = head + octets.len();
        if size > MAX_RDATA {
            let expected = format!("RDATA of at most {MAX_RDATA} octets");
            return Err(ReadError::at(first.place, name, expected, format!("{size} octets, `{}`", excerpt(&text))));
        }
        Ok(octets)
    }

    fn dnskey(&mut self) -> Result<Dnskey, ReadError> {
        Ok(Dnskey {
            flags: self.read("flags", |text| field::number(text, u16::MAX.into()))?,
            protocol: self.read("protocol", field::octet)?,
            algorithm: self.read("algorithm", field::algorithm)?,
            key: self.rest("public key", 4, field::octets)?,
        })
    }

    fn cds(&mut self) -> Result<Ds, ReadError> {
        Ok(Ds {
            key_tag: self.read("key tag", field::tag)?,
            algorithm: self.read("algorithm", field::algorithm)?,
            digest_type: self.read("digest type", field::octet)?,
            digest: self.rest("digest", 4, field::hexadecimal)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::presentation::{Item, Scanner};
    use super::*;

    fn read_all(text: &str) -> Result<Vec<Record>, String> {
        let text = format!("{text}\n");
        let mut scanner = Scanner::new(&text).unwrap();
        let mut reader = Reader::default();
        let mut records = Vec::new();
        while let Some(Item::Record(tokens)) = scanner.next().unwrap() {
            records.push(reader.record(&tokens).map_err(|error| error.to_string())?);
        }
        Ok(records)
    }

    #[test]
    fn reads_each_type() {
        let records = read_all(
            "example.org. 3600 IN DNSKEY 256 3 13 AQID BAUG\nExample.ORG. 3600 dnskey 257 3 13 (AQ==)\n\
             example.org. 0 CDNSKEY 0 3 0 AA==\nexample.org. 0 CDS 0 0 0 00\n\
             example.org. 5 RRSIG CDS 13 2 0 20261213014112 20261129001112 07083 example.org. AQ==",
        )
        .unwrap();
        assert!(matches!(&records[0].data, Data::Dnskey(key) if key.key == [1, 2, 3, 4, 5, 6]));
        assert!(matches!(&records[1].data, Data::Dnskey(key) if key.flags == 257));
        assert!(matches!(&records[2].data, Data::Cdnskey(key) if key.key == [0]));
        assert!(matches!(&records[3].data, Data::Cds(ds) if ds.digest == [0]));
        assert!(matches!(&records[4].data, Data::Rrsig(sig) if sig.rrsig.key_tag == 7083 && sig.ttl == 5));
        assert_eq!(records[4].place, Place { line: 5, column: 1 });
    }

    #[test]
    fn names_the_field_that_is_wrong() {
        for (text, message) in [
            ("a. 1 CH DNSKEY 256 3 13 AQ==", "line 1, column 6: class: expected IN; found `CH`"),
            ("a. 1 IN TXT x", "type: expected DNSKEY, CDNSKEY, CDS or RRSIG; found `TXT`"),
            ("a. 1 IN TYPE48 x", "found `TYPE48`"),
            ("a. DNSKEY 256 3 13 AQ==", "TTL: expected a decimal number from 0 to 2147483647; found `DNSKEY`"),
            ("a. 4294967296 DNSKEY 256 3 13 AQ==", "TTL: expected"),
            ("a 1 DNSKEY 256 3 13 AQ==", "owner name: expected an absolute name"),
            ("a. 1 DNSKEY 65536 3 13 AQ==", "flags: expected a decimal number from 0 to 65535"),
            ("a. 1 DNSKEY 256 3", "algorithm: expected a word in this field; found the end of the record"),
            ("a. 1 DNSKEY 256 3 13 A", "public key: expected 1 to 4096 octets in base64"),
            ("a. 1 CDS 1 13 2 ABC", "digest: expected pairs of hexadecimal digits"),
            ("a. 1 RRSIG SOA 13 2 0", "type covered: expected DNSKEY, CDNSKEY or CDS; found `SOA`"),
            (
                "a. 1 RRSIG CDS 13 2 0 21060207062816 20261129001112 1 a. AQ==",
                "signature expiration: expected 14 digits",
            ),
            (
                "a. 1 RRSIG CDS 13 2 0 20261213014112 19691231235959 1 a. AQ==",
                "signature inception: expected 14 digits",
            ),
            (
                "a. 1 CDS 1 1 1 AA\nb. 1 CDS 1 1 1 AB",
                "line 2, column 1: owner name: expected `a.`, as in the first record",
            ),
        ] {
            let found = read_all(text).unwrap_err();
            assert!(found.contains(message), "{text}: {found}");
        }
    }

    #[test]
    fn rdata_is_bounded() {
        let key = |octets: usize| format!("a. 1 DNSKEY 256 3 13 {}", crate::dns::base64::encode(&vec![1; octets]));
        assert!(read_all(&key(4092)).is_ok());
        assert!(read_all(&key(4093)).unwrap_err().contains("RDATA of at most 4096 octets"));
        assert!(read_all(&key(5000)).unwrap_err().contains("1 to 4096 octets"));
    }
}
