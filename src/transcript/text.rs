//! Free text as a transcript holds it.

use unicode_normalization::{UnicodeNormalization as _, is_nfc};

/// Characters that one text may have.
pub const MAX_TEXT: usize = 1000;

/// `text` in Unicode Normalization Form C (Standard Annex 15), without control characters, at most 1000 characters.
///
/// Control characters, line and paragraph separators and the signs that turn the direction of text become blanks; what
/// is too long is cut.
#[must_use]
pub fn clean_text(text: &str) -> String {
    if is_clean(text) {
        return text.to_owned();
    }
    text.chars().map(|sign| if is_control(sign) { ' ' } else { sign }).nfc().take(MAX_TEXT).collect()
}

/// Whether [`clean_text`] would change nothing.
#[must_use]
pub fn is_clean(text: &str) -> bool {
    // Nearly every text is short ASCII, which is in NFC.
    if text.len() <= MAX_TEXT && text.bytes().all(|sign| matches!(sign, b' '..=b'~')) {
        return true;
    }
    text.chars().count() <= MAX_TEXT && !text.chars().any(is_control) && is_nfc(text)
}

fn is_control(sign: char) -> bool {
    sign.is_control()
        || matches!(sign, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_composed_and_without_control_characters() {
        assert_eq!(clean_text("Zoe\u{308} \u{1b}[2J\u{202e}x\u{61c}\r\n"), "Zo\u{eb}  [2J x   ");
        assert_eq!(clean_text("plain"), "plain");
    }

    #[test]
    fn text_is_cut_at_a_thousand_characters() {
        assert_eq!(clean_text(&"\u{e9}".repeat(1001)), "\u{e9}".repeat(1000));
        assert!(is_clean(&"\u{e9}".repeat(1000)));
        assert!(!is_clean(&"x".repeat(1001)));
    }

    #[test]
    fn cleaning_twice_changes_nothing_more() {
        for text in ["e\u{301}\u{323}", "\u{1100}\u{1161}\u{11a8}", "\u{0}\u{344}", &"a\u{301}".repeat(1200)] {
            let once = clean_text(text);
            assert!(is_clean(&once), "{once:?}");
            assert_eq!(clean_text(&once), once);
        }
    }
}
