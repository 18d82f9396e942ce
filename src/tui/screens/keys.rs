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
        1 => Tone::Quiet.line(format!("{}, {note}", length(key))),
        _ => Tone::Text.line(render::lines(fingerprint).get(row - 2).map(String::as_str).unwrap_or_default()),
    }
}

/// `ZSK  tag 14796  algorithm 8 (RSASHA256)`.
fn describe(key: &Dnskey) -> String {
    let kind = match (key.is_sep(), key.is_revoked()) {
        (false, false) => "ZSK",
        (true, false) => "KSK",
        (_, true) => "REVOKED",
    };
    format!("{kind}  tag {}  algorithm {}", key.key_tag(), key.algorithm)
}

/// `2048 bits, exponent 65537`.
fn length(key: &Dnskey) -> String {
    let bits = key.bits().map_or_else(|| "length unknown".to_owned(), |bits| format!("{bits} bits"));
    match key.rsa() {
        Some(rsa) if key.algorithm.known().is_some_and(|algorithm| algorithm.is_rsa()) => {
            format!("{bits}, exponent {}", rsa.exponent)
        }
        _ => bits,
    }
}
