//! Keys with tag, algorithm, length and fingerprint.

use ratatui::text::Line;

use super::super::theme::Tone;
use crate::dns::{Dnskey, Sha256Digest};
use crate::render;

/// Rows of a key: two of text, eight of its fingerprint, an empty one.
pub(super) const ROWS: usize = 11;

/// Row `row` of a key.
pub(super) fn row(name: &str, note: &str, key: &Dnskey, fingerprint: &Sha256Digest, row: usize) -> Line<'static> {
    match row {
        0 => Tone::Head.line(format!("{name}  {}", describe(key))),
        1 => Tone::Quiet.line(note),
        _ => Tone::Text.line(render::lines(fingerprint).get(row - 2).map(String::as_str).unwrap_or_default()),
    }
}

/// `ZSK  tag 14796  8 (RSASHA256)  2048 bits`.
fn describe(key: &Dnskey) -> String {
    let kind = match (key.is_sep(), key.is_revoked()) {
        (false, false) => "ZSK",
        (true, false) => "KSK",
        (_, true) => "REVOKED",
    };
    let bits = key.bits().map_or_else(|| "length unknown".to_owned(), |bits| format!("{bits} bits"));
    let exponent = match key.rsa() {
        Some(rsa) if key.algorithm.known().is_some_and(|algorithm| algorithm.is_rsa()) => {
            format!(" e={}", rsa.exponent)
        }
        _ => String::new(),
    };
    format!("{kind}  tag {}  {}  {bits}{exponent}", key.key_tag(), key.algorithm)
}
