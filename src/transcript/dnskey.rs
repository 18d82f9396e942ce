//! A response as RRsets in presentation format, for tools that know none of the formats of responses.

use std::fmt::Write as _;

use crate::dns::Sha256Digest;
use crate::exchange::{Response, ResponseBundle};

/// `dnskey.txt`: every RRset of a response with its signatures, bundle by bundle.
///
/// A line `; bundle N of M at YYYYMMDDhhmmss` stands before each; the time is one at which its signatures are valid.
/// What follows is master file text (RFC 1035, section 5), so that `ldns-verify-zone` can judge it.
#[must_use]
pub fn rrsets(response: &Response, response_sha256: &Sha256Digest) -> String {
    let mut text = format!("; RRsets of {} ({})\n; SHA-256 {response_sha256}\n", response.zone, response.format);
    for (number, bundle) in (1..).zip(&response.bundles) {
        let at = bundle.inception.digits();
        // Writing to a String never fails.
        let _ = writeln!(text, "; bundle {number} of {} at {at}", response.bundles.len());
        write_sets(&mut text, response, bundle);
    }
    text
}

fn write_sets(text: &mut String, response: &Response, bundle: &ResponseBundle) {
    for set in &bundle.sets {
        let (zone, ttl, rr_type) = (&response.zone, set.ttl, set.records.rr_type());
        for record in set.records.lines() {
            let _ = writeln!(text, "{zone}\t{ttl}\tIN\t{rr_type}\t{record}");
        }
        for signature in &set.signatures {
            let _ = writeln!(text, "{zone}\t{}\tIN\tRRSIG\t{}", signature.ttl, signature.rrsig);
        }
    }
}
