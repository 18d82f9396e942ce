//! The keyboard: what people type, as QEMU's key codes of a US layout.

use crate::common::pty::{EXCEPTION, PAUSE, STOP};

/// F5.
pub const KEYBOARD: &str = "\x1b[15~";

/// Keys that are pressed together.
pub type Chord = Vec<&'static str>;

/// The chords for a text; the sequences that the tests of the terminal know stand for function keys.
pub fn chords(text: &str) -> Vec<Chord> {
    let mut rest = text;
    let mut chords = Vec::new();
    'text: while let Some(sign) = rest.chars().next() {
        for (sequence, key) in
            [(EXCEPTION, "f2"), (PAUSE, "f3"), (KEYBOARD, "f5"), (STOP, "f10"), ("\x1b[A", "up"), ("\x1b[B", "down")]
        {
            if let Some(after) = rest.strip_prefix(sequence) {
                chords.push(vec![key]);
                rest = after;
                continue 'text;
            }
        }
        chords.push(chord(sign));
        rest = &rest[sign.len_utf8()..];
    }
    chords
}

fn chord(sign: char) -> Chord {
    if let Some(place) = LOWER.find(sign) {
        return vec![CODES[place]];
    }
    if let Some(place) = UPPER.find(sign) {
        return vec!["shift", CODES[place]];
    }
    match sign {
        '\r' => vec!["ret"],
        '\t' => vec!["tab"],
        '\x1b' => vec!["esc"],
        '\x7f' => vec!["backspace"],
        '\x15' => vec!["ctrl", "u"],
        other => panic!("no key for {other:?}"),
    }
}

/// The signs of a US keyboard, and with shift, in the order of `CODES`.
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz0123456789 -=[];'`\\,./";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ)!@#$%^&*(\u{0}_+{}:\"~|<>?";
const CODES: [&str; 48] = [
    "a",
    "b",
    "c",
    "d",
    "e",
    "f",
    "g",
    "h",
    "i",
    "j",
    "k",
    "l",
    "m",
    "n",
    "o",
    "p",
    "q",
    "r",
    "s",
    "t",
    "u",
    "v",
    "w",
    "x",
    "y",
    "z",
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
    "spc",
    "minus",
    "equal",
    "bracket_left",
    "bracket_right",
    "semicolon",
    "apostrophe",
    "grave_accent",
    "backslash",
    "comma",
    "dot",
    "slash",
];
