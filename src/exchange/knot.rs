//! Files of Knot's `keymgr`: headers with times in seconds, records over several lines.

use std::fmt::Write as _;

use super::bundles::{Dialect, Head};
use super::detect::Kind;
use super::field::{self, Unread};
use super::{Format, Records, Request, Response, ResponseBundle, Signature, Stamp, WriteError};
use crate::dns::{Dnskey, Time, base64};

/// How Knot's files are read.
pub(super) const DIALECT: Dialect = Dialect { format: Format::Knot, head, crlf: false, blank_lines: false };

/// Reads `1795311672 (2026-11-22T01:41:12Z) =========` or `generated at 2026-11-22T01:41:12Z by Knot DNS 3.4.6`.
fn head(text: &str) -> Result<Head, Unread> {
    let invalid = || {
        let expected = "`SECONDS (YYYY-MM-DDThh:mm:ssZ) =========` or `generated at YYYY-MM-DDThh:mm:ssZ by VERSION`";
        Unread::new(expected, text)
    };
    if let Some(rest) = text.strip_prefix("generated at ") {
        let (time, by) = rest.split_once(" by ").filter(|(_, by)| field::is_version(by)).ok_or_else(invalid)?;
        let time = time.parse().ok().filter(|parsed: &Time| parsed.to_string() == time).ok_or_else(invalid)?;
        return Ok(Head::Footer(Stamp { time, by: by.to_owned() }));
    }
    let (seconds, rest) = text.split_once(" (").ok_or_else(invalid)?;
    let time = Time::from_unix_digits(seconds)?;
    let same = format!("{}", time.unix()) == seconds && rest.strip_suffix(") =========") == Some(&time.to_string());
    if same { Ok(Head::Bundle(time)) } else { Err(Unread::new(format!("`{} ({time}) =========`", time.unix()), text)) }
}

/// Writes a request as `keymgr generate-ksr` does.
pub(super) fn request(request: &Request) -> Result<String, WriteError> {
    let (mut out, owner) = (String::new(), request.zone.to_string());
    for bundle in &request.bundles {
        bundle_header(&mut out, Kind::Request, bundle.inception);
        let ttl = bundle.keys.first().map_or(0, |key| key.ttl);
        keys(&mut out, &owner, ttl, "DNSKEY", bundle.keys.iter().map(|key| &key.key.dnskey));
    }
    footer(&mut out, Kind::Request, request.stamp.as_ref())?;
    Ok(out)
}

/// Writes a response as `keymgr sign-ksr` does: each set in canonical order, behind them all signatures in theirs.
pub(super) fn response(response: &Response) -> Result<String, WriteError> {
    let (mut out, owner) = (String::new(), response.zone.to_string());
    for bundle in &response.bundles {
        bundle_header(&mut out, Kind::Response, bundle.inception);
        for set in &bundle.sets {
            match &set.records {
                Records::Dnskey(list) => keys(&mut out, &owner, set.ttl, "DNSKEY", list.iter().map(|key| &key.dnskey)),
                Records::Cdnskey(list) => keys(&mut out, &owner, set.ttl, "CDNSKEY", list),
                Records::Cds(list) => {
                    let mut sorted: Vec<_> = list.iter().collect();
                    sorted.sort_by_cached_key(|ds| ds.rdata());
                    for ds in sorted {
                        let fields = format!("{} {} {} (", ds.key_tag, ds.algorithm.0, ds.digest_type);
                        record(&mut out, &owner, set.ttl, "CDS", &fields, &ds.digest_hex(), "");
                    }
                }
            }
        }
        signatures(&mut out, &owner, bundle);
    }
    footer(&mut out, Kind::Response, response.stamp.as_ref())?;
    Ok(out)
}

fn keys<'a>(out: &mut String, owner: &str, ttl: u32, rr_type: &str, keys: impl IntoIterator<Item = &'a Dnskey>) {
    let mut sorted: Vec<_> = keys.into_iter().collect();
    sorted.sort_by_cached_key(|key| key.rdata());
    for key in sorted {
        let fields = format!("{} {} {} (", key.flags, key.protocol, key.algorithm.0);
        record(out, owner, ttl, rr_type, &fields, &base64::encode(&key.key), &comment(key));
    }
}

/// `KSK, ECDSAP256SHA256 (256b), id = 37083` behind a key; nothing behind what is no key, as the delete form is not.
fn comment(key: &Dnskey) -> String {
    let Some(algorithm) = key.algorithm.mnemonic() else { return String::new() };
    let role = if key.is_sep() { "KSK" } else { "ZSK" };
    let bits = match key.algorithm.0 {
        16 => Some(456),
        _ => key.bits().or_else(|| key.rsa().map(|rsa| rsa.bits)), // keys that are refused are written, too
    };
    let bits = bits.map(|bits| format!(" ({bits}b)")).unwrap_or_default();
    format!(" ; {role}, {algorithm}{bits}, id = {}", key.key_tag())
}

fn signatures(out: &mut String, owner: &str, bundle: &ResponseBundle) {
    let mut sorted: Vec<&Signature> = bundle.sets.iter().flat_map(|set| &set.signatures).collect();
    sorted.sort_by_cached_key(|signature| {
        let mut rdata = signature.rrsig.rdata_to_sign();
        rdata.extend_from_slice(&signature.rrsig.signature);
        rdata
    });
    for Signature { ttl, rrsig, .. } in sorted {
        let fields = format!(
            "{} {} {} {} {} (\n{INDENT}{} {} {}",
            rrsig.type_covered,
            rrsig.algorithm.0,
            rrsig.labels,
            rrsig.original_ttl,
            rrsig.expiration.digits(),
            rrsig.inception.digits(),
            rrsig.key_tag,
            rrsig.signer
        );
        record(out, owner, *ttl, "RRSIG", &fields, &base64::encode(&rrsig.signature), "");
    }
}

const INDENT: &str = "\t\t\t\t";

/// One record: the long text in lines of 40 signs, then the closing parenthesis and the comment.
fn record(out: &mut String, owner: &str, ttl: u32, rr_type: &str, fields: &str, long: &str, comment: &str) {
    let _ = write!(out, "{owner:<20}\t{ttl} {rr_type} {fields}");
    for (index, sign) in long.chars().enumerate() {
        if index.is_multiple_of(40) {
            out.push('\n');
            out.push_str(INDENT);
        }
        out.push(sign);
    }
    let _ = writeln!(out, "\n{INDENT}){comment}");
}

fn bundle_header(out: &mut String, kind: Kind, time: Time) {
    let _ = writeln!(out, "{}{} ({time}) =========", kind.header(), time.unix());
}

fn footer(out: &mut String, kind: Kind, stamp: Option<&Stamp>) -> Result<(), WriteError> {
    let stamp = stamp.ok_or_else(|| WriteError::missing(Format::Knot, "footer", "time and program"))?;
    let _ = writeln!(out, "{}generated at {} by {}", kind.header(), stamp.time, stamp.by);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, read, read_request, read_response, write_request, write_response};

    const HEADER: &str = ";; KeySigningRequest 1.0 1795311672 (2026-11-22T01:41:12Z) =========\n";
    const KEY: &str = "example.org.        \t3600 DNSKEY 256 3 13 (\n\
        \t\t\t\t36w/ZseJhp3wBQ5ooI0CuiTWsBRrE5jwLEanZWz4\n\
        \t\t\t\tW5ZUsdSw8Wrn2K8KMu4gHiw1LqM8w6SQSWHkuHzw\n\
        \t\t\t\t/jMCHg==\n\
        \t\t\t\t) ; ZSK, ECDSAP256SHA256 (256b), id = 29804\n";
    const FOOTER: &str = ";; KeySigningRequest 1.0 generated at 2026-11-22T01:41:12Z by Knot DNS 3.4.6\n";

    fn refused(text: &str) -> String {
        read(text.as_bytes(), &Limits::default()).unwrap_err().to_string()
    }

    #[test]
    fn reads_and_writes_a_request_byte_by_byte() {
        let text = format!("{HEADER}{KEY}{FOOTER}");
        let request = read_request(text.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(request.bundles[0].inception.unix(), 1_795_311_672);
        assert_eq!(request.bundles[0].keys[0].key.dnskey.key_tag(), 29804);
        assert_eq!(request.stamp.as_ref().unwrap().by, "Knot DNS 3.4.6");
        assert_eq!(String::from_utf8(write_request(&request).unwrap()).unwrap(), text);
    }

    #[test]
    fn reads_records_of_one_line_too() {
        let line = "example.org. 3600 IN DNSKEY 256 3 13 36w/ZseJhp3wBQ5ooI0CuiTWsBRrE5jwLEanZWz4\
            W5ZUsdSw8Wrn2K8KMu4gHiw1LqM8w6SQSWHkuHzw/jMCHg==\n";
        let request = read_request(format!("{HEADER}{line}{FOOTER}").as_bytes(), &Limits::default()).unwrap();
        assert_eq!(write_request(&request).unwrap(), format!("{HEADER}{KEY}{FOOTER}").into_bytes());
    }

    #[test]
    fn delete_forms_are_read_and_written() {
        let [header, footer] = [HEADER, FOOTER].map(|line| line.replace("KeySigningRequest", "SignedKeyResponse"));
        let delete = "example.org.        \t0 CDNSKEY 0 3 0 (\n\t\t\t\tAA==\n\t\t\t\t)\n\
            example.org.        \t0 CDS 0 0 0 (\n\t\t\t\t00\n\t\t\t\t)\n";
        let text = format!("{header}{KEY}{delete}{footer}");
        let response = read_response(text.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(response.bundles[0].sets.len(), 3);
        assert_eq!(String::from_utf8(write_response(&response).unwrap()).unwrap(), text);
    }

    #[test]
    fn refuses_what_is_no_request() {
        for (text, message) in [
            (format!("{HEADER}{KEY}"), "line 6, column 1: last line: expected the footer"),
            (format!("{HEADER}{KEY}{FOOTER}").replace('\n', "\r\n"), "line 1: line: expected line feeds alone"),
            (format!("{HEADER}{KEY}\n{FOOTER}"), "a blank line"),
            (format!("{HEADER}{KEY}; note\n{FOOTER}"), "a comment on a line of its own"),
            (format!("{HEADER}{}{FOOTER}", KEY.replace(") ;", ";")), "a comment or header inside parentheses"),
            (format!("{}{KEY}{FOOTER}", HEADER.replace("01:41", "01:42")), "header: expected `"),
            (format!("{}{KEY}{FOOTER}", HEADER.replace(" =", "=")), "header"),
            (format!("{}{KEY}{FOOTER}", HEADER.replace("1795311672", "9795311672")), "below 2^32"),
            (format!("{HEADER}{KEY}{}", FOOTER.replace("12Z", "12+00:00")), "header"),
            (format!("{HEADER}{KEY}{}", FOOTER.replace("Knot DNS 3.4.6", "")), "header"),
            (format!("{HEADER}{KEY}{HEADER}{KEY}{FOOTER}"), "one bundle for each time"),
        ] {
            let found = refused(&text);
            assert!(found.contains(message), "{text}: {found}");
        }
    }
}
