//! Files of BIND's `dnssec-ksr`: headers with 14-digit times, one record a line.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::bundles::{Dialect, Head};
use super::detect::Kind;
use super::field::{self, Unread};
use super::{Format, Records, Request, Response, ResponseBundle, Stamp, WriteError};
use crate::dns::{Dnskey, Duration, Time, base64};

/// How BIND's files are read.
pub(super) const DIALECT: Dialect = Dialect { format: Format::Bind, head, crlf: true, blank_lines: true };

/// The text in parentheses and in the footer is ctime(3) in the writer's time zone, which is nowhere more than this
/// far from UTC.
const WIDEST_ZONE: Duration = Duration::from_seconds(14 * 3600);

/// Reads `20261122014106 (Sun Nov 22 01:41:06 2026)` or `generated at Sun Nov 22 01:41:06 2026 by 9.20.30`.
fn head(text: &str) -> Result<Head, Unread> {
    let invalid = || {
        let expected =
            "`YYYYMMDDhhmmss (Www Mmm dd hh:mm:ss yyyy)` or `generated at Www Mmm dd hh:mm:ss yyyy by VERSION`";
        Unread::new(expected, text)
    };
    if let Some(rest) = text.strip_prefix("generated at ") {
        let (time, rest) = rest.split_at_checked(24).ok_or_else(invalid)?;
        let by = rest.strip_prefix(" by ").filter(|by| field::is_version(by)).ok_or_else(invalid)?;
        return Ok(Head::Footer(Stamp { time: Time::from_ctime(time)?, by: by.to_owned() }));
    }
    let (digits, rest) = text.split_once(" (").ok_or_else(invalid)?;
    let time = Time::from_digits(digits)?;
    let local = Time::from_ctime(rest.strip_suffix(')').ok_or_else(invalid)?)?;
    if local.seconds_since(time).unsigned_abs() > u64::from(WIDEST_ZONE.seconds()) {
        return Err(Unread::new(format!("the time {time} in parentheses too"), rest));
    }
    Ok(Head::Bundle(time))
}

/// Writes a request as `dnssec-ksr request` does.
pub(super) fn request(request: &Request) -> Result<String, WriteError> {
    let (mut out, owner) = (String::new(), request.zone.to_string());
    for bundle in &request.bundles {
        bundle_header(&mut out, Kind::Request, bundle.inception);
        for key in &bundle.keys {
            record(&mut out, &owner, key.ttl, "DNSKEY", &dnskey(&key.key.dnskey));
        }
    }
    footer(&mut out, Kind::Request, request.stamp.as_ref())?;
    Ok(out)
}

/// Writes a response as `dnssec-ksr sign` does: KSKs before ZSKs, each set followed by its signatures, and a blank line
/// where the ZSKs change, as they do from one bundle of the request to the next.
pub(super) fn response(response: &Response) -> Result<String, WriteError> {
    let (mut out, owner) = (String::new(), response.zone.to_string());
    let mut served: Option<BTreeSet<&Dnskey>> = None;
    for bundle in &response.bundles {
        let zsks = zsks(bundle);
        if served.as_ref().is_some_and(|served| *served != zsks) {
            out.push('\n');
        }
        served = Some(zsks);
        bundle_header(&mut out, Kind::Response, bundle.inception);
        for set in &bundle.sets {
            let rr_type = set.records.rr_type().mnemonic();
            for rdata in rdatas(&set.records) {
                record(&mut out, &owner, set.ttl, rr_type, &rdata);
            }
            for signature in &set.signatures {
                let rdata = signature.rrsig.to_string();
                // All but the signature, which stands last, is without groups.
                let head = rdata.rsplit_once(' ').map_or("", |(head, _)| head);
                let rdata = format!("{head} {}", grouped(&base64::encode(&signature.rrsig.signature)));
                record(&mut out, &owner, signature.ttl, "RRSIG", &rdata);
            }
        }
    }
    footer(&mut out, Kind::Response, response.stamp.as_ref())?;
    Ok(out)
}

fn zsks(bundle: &ResponseBundle) -> BTreeSet<&Dnskey> {
    bundle.keys().iter().map(|key| &key.dnskey).filter(|key| !key.is_sep()).collect()
}

fn rdatas(records: &Records) -> Vec<String> {
    match records {
        Records::Dnskey(keys) => {
            let (ksks, zsks): (Vec<_>, Vec<_>) = keys.iter().map(|key| &key.dnskey).partition(|key| key.is_sep());
            ksks.into_iter().chain(zsks).map(dnskey).collect()
        }
        Records::Cdnskey(keys) => keys.iter().map(dnskey).collect(),
        Records::Cds(set) => set
            .iter()
            .map(|ds| format!("{} {} {} {}", ds.key_tag, ds.algorithm.0, ds.digest_type, grouped(&ds.digest_hex())))
            .collect(),
    }
}

fn dnskey(key: &Dnskey) -> String {
    format!("{} {} {} {}", key.flags, key.protocol, key.algorithm.0, grouped(&base64::encode(&key.key)))
}

/// Parts base64 and hexadecimal digits into groups of 56.
fn grouped(text: &str) -> String {
    let mut grouped = String::with_capacity(text.len() + text.len() / 56);
    let mut rest = text;
    while let Some((group, more)) = rest.split_at_checked(56).filter(|(_, more)| !more.is_empty()) {
        grouped.push_str(group);
        grouped.push(' ');
        rest = more;
    }
    grouped + rest
}

fn bundle_header(out: &mut String, kind: Kind, time: Time) {
    let _ = writeln!(out, "{}{} ({})", kind.header(), time.digits(), time.ctime());
}

fn footer(out: &mut String, kind: Kind, stamp: Option<&Stamp>) -> Result<(), WriteError> {
    let stamp = stamp.ok_or_else(|| WriteError::missing(Format::Bind, "footer", "time and program"))?;
    let _ = writeln!(out, "{}generated at {} by {}", kind.header(), stamp.time.ctime(), stamp.by);
    Ok(())
}

/// One line: owner, TTL, class, type and RDATA begin at columns 0, 24, 32, 40 and 48, or one sign behind the last.
fn record(out: &mut String, owner: &str, ttl: u32, rr_type: &str, rdata: &str) {
    let mut column = 0;
    for (word, next) in [(owner, 24), (ttl.to_string().as_str(), 32), ("IN", 40), (rr_type, 48)] {
        out.push_str(word);
        column = indent(out, column + word.len(), next);
    }
    out.push_str(rdata);
    out.push('\n');
}

/// Goes from one column to another by tabs of eight, by at least one sign.
fn indent(out: &mut String, from: usize, to: usize) -> usize {
    let to = to.max(from + 1);
    let tabs = to / 8 - from / 8;
    let spaces = if tabs > 0 { to % 8 } else { to - from };
    out.extend(std::iter::repeat_n('\t', tabs).chain(std::iter::repeat_n(' ', spaces)));
    to
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, arbitrary, read, read_request, write_request, write_response};
    use super::*;

    const HEADER: &str = ";; KeySigningRequest 1.0 20261122014106 (Sun Nov 22 01:41:06 2026)\n";
    const KEY: &str = "example.org.\t\t3600\tIN\tDNSKEY\t256 3 13 AQ==\n";
    const FOOTER: &str = ";; KeySigningRequest 1.0 generated at Sun Nov 22 01:41:06 2026 by 9.20.30-1~deb13u1-Debian\n";

    fn refused(text: &str) -> String {
        read(text.as_bytes(), &Limits::default()).unwrap_err().to_string()
    }

    #[test]
    fn reads_and_writes_a_request_byte_by_byte() {
        let text = format!("{HEADER}{KEY}{FOOTER}");
        let request = read_request(text.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(request.zone.to_string(), "example.org.");
        assert_eq!(request.bundles[0].inception.to_string(), "2026-11-22T01:41:06Z");
        assert_eq!(request.bundles[0].keys[0].ttl, 3600);
        assert_eq!(request.stamp.as_ref().unwrap().by, "9.20.30-1~deb13u1-Debian");
        assert!(request.notices.is_empty());
        assert_eq!(String::from_utf8(write_request(&request).unwrap()).unwrap(), text);
    }

    #[test]
    fn long_owner_names_and_ttls_are_followed_by_one_sign() {
        let line = |owner: &str, ttl| {
            let mut out = String::new();
            record(&mut out, owner, ttl, "CDS", "x");
            out
        };
        assert_eq!(line(".", 1), ".\t\t\t1\tIN\tCDS\tx\n");
        assert_eq!(line("a234567890123456789012.", 1), "a234567890123456789012.\t1\tIN\tCDS\tx\n");
        let long = "a234567890123456789012345678901234567890123456789.";
        assert_eq!(line(long, 3600), format!("{long} 3600\tIN CDS x\n"));
    }

    #[test]
    fn carriage_returns_are_a_notice() {
        let text = format!("{HEADER}{KEY}{FOOTER}").replace('\n', "\r\n");
        let request = read_request(text.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(request.notices.len(), 1);
    }

    #[test]
    fn bundles_out_of_order_are_sorted_with_a_notice_and_doubles_are_refused() {
        let earlier = ";; KeySigningRequest 1.0 20261121014106 (Sat Nov 21 01:41:06 2026)\n";
        let text = format!("{HEADER}{KEY}{earlier}{KEY}{FOOTER}");
        let request = read_request(text.as_bytes(), &Limits::default()).unwrap();
        assert!(request.bundles[0].inception < request.bundles[1].inception);
        assert_eq!(request.notices, [super::super::bundles::SORTED]);
        let message = refused(&format!("{HEADER}{KEY}{HEADER}{KEY}{FOOTER}"));
        assert!(message.starts_with("line 3, column 1: header: expected one bundle for each time"), "{message}");
    }

    #[test]
    fn responses_may_have_blank_lines_between_bundles_and_one_time_twice() {
        let response = arbitrary::example_response(Format::Bind);
        let text = String::from_utf8(write_response(&response).unwrap()).unwrap();
        let (bundle, footer) = text.split_at(text.find(";; SignedKeyResponse 1.0 generated").unwrap());
        assert!(read(format!("{bundle}\n{bundle}{footer}").as_bytes(), &Limits::default()).is_ok());
        assert!(refused(&format!("{bundle}\n{footer}")).contains("a blank line"));
        assert!(refused(&format!("\n{bundle}{footer}")).contains("a blank line"));
        assert!(refused(&bundle.replacen(")\n", ")\n\n", 1)).contains("blank lines only before a bundle"));
    }

    #[test]
    fn local_times_in_headers_are_read_and_others_refused() {
        let local = HEADER.replace("Sun Nov 22 01:41:06", "Sun Nov 22 10:41:06");
        assert!(read(format!("{local}{KEY}{FOOTER}").as_bytes(), &Limits::default()).is_ok());
        for (from, to) in [
            ("Sun Nov 22 01", "Tue Nov 24 01"),
            ("Sun Nov", "Mon Nov"),
            (" (Sun Nov 22 01:41:06 2026)", ""),
            ("2026)", "2026) more"),
            ("20261122014106", "20261322014106"),
            ("20261122014106", "21070101000000"),
        ] {
            let message = refused(&format!("{}{KEY}{FOOTER}", HEADER.replace(from, to)));
            assert!(message.starts_with("line 1, column 26: header"), "{to}: {message}");
        }
    }

    #[test]
    fn refuses_what_is_no_request() {
        let other = "example.com.\t\t3600\tIN\tDNSKEY\t256 3 13 AQ==\n";
        for (text, message) in [
            (format!("{HEADER}{FOOTER}"), "line 1, column 1: bundle: expected at least one DNSKEY"),
            (format!("{HEADER}{KEY}"), "line 2, column 1: last line: expected the footer"),
            (format!("{HEADER}{KEY}{FOOTER}{KEY}"), "line 4, column 1: line: expected the end of the file"),
            (format!("{HEADER}{KEY}{FOOTER}{HEADER}"), "expected the end of the file behind the footer"),
            (format!("{HEADER}{KEY}{KEY}{FOOTER}"), "line 3, column 1: record: expected each record once"),
            (format!("{HEADER}{KEY}{other}{FOOTER}"), "owner name: expected `example.org.`"),
            (
                format!("{HEADER}{}{FOOTER}", KEY.replace("IN", "CH")),
                "line 2, column 20: class: expected IN; found `CH`",
            ),
            (format!("{HEADER}$INCLUDE x\n{KEY}{FOOTER}"), "the directive `$INCLUDE x`"),
            (format!("{HEADER}; note\n{KEY}{FOOTER}"), "a comment on a line of its own"),
            (format!("{HEADER}\n{KEY}{FOOTER}"), "a blank line"),
            (format!("{HEADER}example.org. 1 IN CDS 1 8 2 AA\n{FOOTER}"), "a request to hold DNSKEY alone"),
            (format!("{HEADER}{KEY}{}", FOOTER.trim_end()), "a line feed at its end"),
            (
                format!("{HEADER}{KEY}{}{FOOTER}", KEY.replace("3600", "60").replace("AQ==", "Ag==")),
                "expected TTL 3600",
            ),
            (
                format!("{HEADER}{KEY}{}", FOOTER.replace("Request", "Response")),
                "line 3, column 1: header: expected `;; Key",
            ),
        ] {
            let found = refused(&text);
            assert!(found.contains(message), "{text}: {found}");
        }
    }
}
