//! Hash words, hex groups, tables, QR matrices: facts as people see and hear them, on the screen and on paper alike.

mod escape;
mod fingerprint;
mod glyphs;
pub mod hex;
mod qr;
mod size;
mod table;
mod words;

pub use self::escape::{escape, wrap};
pub use self::fingerprint::{DigestTextError, HashRow, lines, parse_digest, rows};
pub use self::glyphs::{cp437, is_cp437};
pub use self::qr::{Matrix, TooLong, frames, half_blocks, matrix};
pub use self::size::octets;
pub use self::table::{Column, Table, cut};
pub use self::words::{WordError, octet_of, parse_words, word, words};
