//! Records as text, read without the program's own readers: key responses, and what `dig` prints.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A record without its owner; RDATA in one form whatever the white space was.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Record {
    /// `DNSKEY`, `RRSIG` and so on.
    pub rr_type: String,
    /// TTL in seconds.
    pub ttl: u32,
    /// The fields, one blank between them; base64 or hex at the end in one piece.
    pub rdata: String,
}

impl Record {
    /// One field of the RDATA, from 0.
    pub fn field(&self, index: usize) -> &str {
        self.rdata.split(' ').nth(index).unwrap_or_default()
    }

    /// Whether it belongs to the RRset of this type: a record of it or a signature over it.
    pub fn is_of(&self, rr_type: &str) -> bool {
        self.rr_type == rr_type || (self.rr_type == "RRSIG" && self.field(0) == rr_type)
    }

    /// Whether it is a DNSKEY with the SEP flag.
    pub fn is_sep(&self) -> bool {
        self.rr_type == "DNSKEY" && self.field(0).parse::<u16>().is_ok_and(|flags| flags & 1 == 1)
    }
}

/// A bundle of a request or response.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// Unix time of its header.
    pub time: i64,
    /// Its records in their order.
    pub records: Vec<Record>,
}

impl Bundle {
    /// The RRset of this type with its signatures, sorted.
    pub fn set(&self, rr_type: &str) -> Vec<Record> {
        sorted(self.records.iter().filter(|record| record.is_of(rr_type)).cloned())
    }

    /// Whether CDS and CDNSKEY have their delete forms alone (RFC 8078, section 4).
    pub fn asks_for_no_ds(&self) -> bool {
        [("CDS", "0 0 0 00"), ("CDNSKEY", "0 3 0 AA==")].iter().all(|(rr_type, form)| {
            let mut records = self.records.iter().filter(|record| record.rr_type == *rr_type);
            records.next().is_some_and(|record| record.rdata == *form) && records.next().is_none()
        })
    }
}

/// Sorted records.
pub fn sorted(records: impl Iterator<Item = Record>) -> Vec<Record> {
    let mut records: Vec<_> = records.collect();
    records.sort();
    records
}

/// The bundles of a key request or response of BIND or Knot.
pub fn bundles(text: &str) -> Vec<Bundle> {
    let mut bundles: Vec<Bundle> = Vec::new();
    let mut part = String::new();
    for line in text.lines() {
        if let Some(time) = header_time(line) {
            if let Some(bundle) = bundles.last_mut() {
                bundle.records = records(&part);
            }
            part.clear();
            bundles.push(Bundle { time, records: Vec::new() });
        } else {
            part += line;
            part += "\n";
        }
    }
    if let Some(bundle) = bundles.last_mut() {
        bundle.records = records(&part);
    }
    bundles
}

/// The bundle in force at a time: the last that has begun.
pub fn active(bundles: &[Bundle], now: i64) -> &Bundle {
    bundles.iter().rev().find(|bundle| bundle.time <= now).expect("a bundle that has begun")
}

/// The records of presentation format, with or without class, over one line or several.
pub fn records(text: &str) -> Vec<Record> {
    let mut found = Vec::new();
    let mut record = String::new();
    for line in text.lines() {
        record += line.split(';').next().unwrap_or_default();
        record += " ";
        if record.matches('(').count() > record.matches(')').count() {
            continue;
        }
        let plain = record.replace(['(', ')'], " ");
        let words: Vec<_> = plain.split_whitespace().collect();
        if let [_owner, ttl, rest @ ..] = words.as_slice() {
            let rest = rest.strip_prefix(&["IN"]).unwrap_or(rest);
            let (rr_type, fields) = rest.split_first().expect("a type");
            let ttl = ttl.parse().expect("a TTL");
            found.push(Record { rr_type: (*rr_type).to_owned(), ttl, rdata: one_form(rr_type, fields) });
        }
        record.clear();
    }
    found
}

/// `257 3 13 <base64>` of the only key with the SEP flag in a text.
pub fn sep_key(text: &str) -> String {
    let mut keys = text.lines().filter(|line| !line.starts_with(';')).filter_map(|line| {
        let fields: Vec<_> = line.split_once("DNSKEY ")?.1.split_whitespace().collect();
        (fields.first() == Some(&"257")).then(|| one_form("DNSKEY", &fields))
    });
    let key = keys.next().unwrap_or_else(|| panic!("no key with the SEP flag in {text:?}"));
    assert_eq!(keys.next(), None, "a second key with the SEP flag");
    key
}

/// The response with another first octet in the signature over the DNSKEY RRset of a bundle.
pub fn with_flipped_signature(text: &str, bundle: &Bundle) -> String {
    let is_header = |line: &&str| header_time(line) == Some(bundle.time);
    let header = text.lines().find(is_header).expect("the bundle's header");
    let start = text.find(header).expect("the header");
    let sets = start + text[start..].find("RRSIG").map(|at| at + "RRSIG".len()).expect("a signature");
    let mut at = sets;
    // Type, algorithm, labels, TTL, expiration, inception, key tag and signer stand before the signature.
    let mut fields = 0;
    while fields < 9 {
        at += text[at..].find(|c: char| !c.is_whitespace()).expect("more fields");
        let length = text[at..].find(char::is_whitespace).expect("an end");
        let field = &text[at..at + length];
        if field != "(" {
            fields += 1;
            if fields == 1 && field != "DNSKEY" {
                // Another set's signature: on to the next.
                at += text[at..].find("RRSIG").expect("a signature over DNSKEY") + "RRSIG".len();
                fields = 0;
                continue;
            }
            if fields == 9 {
                break;
            }
        }
        at += length;
    }
    let other = if text[at..].starts_with('A') { "B" } else { "A" };
    format!("{}{other}{}", &text[..at], &text[at + 1..])
}

/// Unix time of `YYYYMMDDHHMMSS`.
pub fn unix(digits: &str) -> i64 {
    let time = DateTime::strptime("%Y%m%d%H%M%S", digits).expect("YYYYMMDDHHMMSS");
    time.to_zoned(TimeZone::UTC).expect("a time in UTC").timestamp().as_second()
}

/// `YYYYMMDDHHMMSS` of a Unix time.
pub fn digits(unix: i64) -> String {
    jiff::Timestamp::from_second(unix).expect("a time").strftime("%Y%m%d%H%M%S").to_string()
}

/// A line of a profile in which `{N}` is the time N days after a start.
pub fn at_days(line: &str, start: i64) -> String {
    let mut parts = line.split('{');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('}').and_then(|(days, rest)| Some((days.parse::<i64>().ok()?, rest))) {
            Some((days, rest)) => {
                let time = jiff::Timestamp::from_second(start + days * 86_400).expect("a time");
                text += &format!("{time}{rest}");
            }
            None => text += &format!("{{{part}"),
        }
    }
    text
}

/// The time of `;; SignedKeyResponse 1.0 TIME …`, as 14 digits (BIND) or Unix time (Knot); none for other lines.
fn header_time(line: &str) -> Option<i64> {
    let words: Vec<_> = line.split_whitespace().take(4).collect();
    let [";;", "SignedKeyResponse" | "KeySigningRequest", "1.0", time] = words.as_slice() else { return None };
    let number = time.parse().ok()?;
    Some(if time.len() == 14 { unix(time) } else { number })
}

fn one_form(rr_type: &str, fields: &[&str]) -> String {
    let plain = match rr_type {
        "RRSIG" => 8,
        "DNSKEY" | "CDNSKEY" | "CDS" => 3,
        _ => return fields.join(" "),
    };
    let (plain, tail) = fields.split_at(plain.min(fields.len()));
    let tail = tail.concat();
    let tail = if rr_type == "CDS" { tail.to_uppercase() } else { tail };
    format!("{} {tail}", plain.join(" "))
}
