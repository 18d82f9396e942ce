//! Text from outside made harmless, and text for people broken into lines.

/// `text` in printable ASCII of at most `max` columns.
///
/// Control and non-ASCII characters stand as `\u{hex}`, a backslash doubled; what does not fit is cut off at a whole
/// character and `...` put in its place. So a name from a medium can neither move a cursor nor look like another name.
#[must_use]
pub fn escape(text: &str, max: usize) -> String {
    const CUT: &str = "...";
    let mut shown = String::new();
    let mut fits_with_cut = 0;
    for sign in text.chars() {
        match sign {
            '\\' => shown.push_str("\\\\"),
            ' '..='~' => shown.push(sign),
            _ => shown.extend(sign.escape_unicode()),
        }
        if shown.len() > max {
            shown.truncate(fits_with_cut);
            shown.push_str(CUT.get(..max.min(CUT.len())).unwrap_or_default());
            return shown;
        }
        if shown.len() + CUT.len() <= max {
            fits_with_cut = shown.len();
        }
    }
    shown
}

/// `text` broken between words into lines of at most `width` columns; a longer word is broken itself.
///
/// Line ends in the text stay; an empty line stays empty. A width of 0 counts as 1.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    text.lines().flat_map(|line| wrap_line(line, width.max(1))).collect()
}

fn wrap_line(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut columns = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if columns > 0 && columns + 1 + length > width {
            lines.push(std::mem::take(&mut line));
            columns = 0;
        }
        if columns > 0 {
            line.push(' ');
            columns += 1;
        }
        for sign in word.chars() {
            if columns == width {
                lines.push(std::mem::take(&mut line));
                columns = 0;
            }
            line.push(sign);
            columns += 1;
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shows_control_and_foreign_signs_by_number() {
        assert_eq!(escape("ksr\u{1b}[2J\n", 40), "ksr\\u{1b}[2J\\u{a}");
        assert_eq!(escape("k\u{202e}é\\", 40), "k\\u{202e}\\u{e9}\\\\");
    }

    #[test]
    fn cuts_at_a_whole_sign_and_says_so() {
        assert_eq!(escape("abcdefgh", 8), "abcdefgh");
        assert_eq!(escape("abcdefghi", 8), "abcde...");
        assert_eq!(escape("abéd", 6), "ab...");
        assert_eq!(escape("abc", 2), "..");
    }

    #[test]
    fn wraps_between_words_and_breaks_long_ones() {
        assert_eq!(wrap("the quick brown fox", 10), ["the quick", "brown fox"]);
        assert_eq!(wrap("a abcdefghij b", 4), ["a", "abcd", "efgh", "ij b"]);
        assert_eq!(wrap("one\n\ntwo", 10), ["one", "", "two"]);
        assert_eq!(wrap("ab", 0), ["a", "b"]);
    }

    proptest! {
        #[test]
        fn never_leaves_printable_ascii_or_its_width(text: String, max in 0_usize..50) {
            let shown = escape(&text, max);
            prop_assert!(shown.len() <= max && shown.bytes().all(|sign| (b' '..=b'~').contains(&sign)));
        }

        #[test]
        fn wraps_within_the_width_and_loses_no_sign(text: String, width in 1_usize..40) {
            let lines = wrap(&text, width);
            prop_assert!(lines.iter().all(|line| line.chars().count() <= width));
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(bare(&lines.join("")), bare(&text));
        }
    }
}
