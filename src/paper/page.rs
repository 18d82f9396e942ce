//! A page of plain text, 80 columns wide.

use crate::dns::Sha256Digest;
use crate::render::{self, Table};

/// Columns of a page.
pub(super) const WIDTH: usize = 80;

/// Columns of the names of fields.
const NAMES: usize = 18;

/// Text that grows line by line; no line is wider than [`WIDTH`].
pub(super) struct Page(String);

impl Page {
    pub(super) const fn new() -> Self {
        Self(String::new())
    }

    pub(super) fn finish(self) -> String {
        self.0
    }

    pub(super) fn line(&mut self, text: &str) {
        self.0.push_str(text.trim_end());
        self.0.push('\n');
    }

    pub(super) fn blank(&mut self) {
        self.0.push('\n');
    }

    /// A line in the middle of the page.
    pub(super) fn centred(&mut self, text: &str) {
        self.line(&format!("{text:^WIDTH$}"));
    }

    pub(super) fn rule(&mut self) {
        self.line(&"=".repeat(WIDTH));
    }

    /// The title of a section, underlined, with a blank line before it.
    pub(super) fn heading(&mut self, title: &str) {
        self.blank();
        self.line(title);
        self.line(&"-".repeat(title.chars().count()));
    }

    /// A named value; a long one goes on under its own begin.
    pub(super) fn field(&mut self, name: &str, value: &str) {
        self.block(name, &render::wrap(value, WIDTH - NAMES));
    }

    /// A digest in its eight numbered rows.
    pub(super) fn digest(&mut self, name: &str, digest: &Sha256Digest) {
        self.block(name, &render::lines(digest));
    }

    /// A paragraph over the whole width.
    pub(super) fn paragraph(&mut self, text: &str) {
        for line in render::wrap(text, WIDTH) {
            self.line(&line);
        }
    }

    /// A paragraph whose first line begins with `mark`, the others under the text behind it.
    pub(super) fn item(&mut self, mark: &str, text: &str) {
        let indent = mark.chars().count();
        for (index, line) in render::wrap(text, WIDTH.saturating_sub(indent)).iter().enumerate() {
            let before = if index == 0 { mark } else { "" };
            self.line(&format!("{before:indent$}{line}"));
        }
    }

    pub(super) fn table(&mut self, table: Table) {
        for line in table.max_width(WIDTH).lines() {
            self.line(&line);
        }
    }

    fn block(&mut self, name: &str, lines: &[String]) {
        // A name as wide as its column still stands apart from its value.
        let room = NAMES - 1;
        for (index, line) in lines.iter().enumerate() {
            let name = if index == 0 { name } else { "" };
            self.line(&format!("{name:room$} {line}"));
        }
    }
}

/// Text of people and media: printable ASCII and the accented letters of Western Europe as they are, everything else as
/// `\u{hex}`, a backslash doubled, so that no text can pretend to be another or be more than text.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::new();
    for sign in text.chars() {
        match sign {
            '\\' => shown.push_str("\\\\"),
            ' '..='~' => shown.push(sign),
            '\u{c0}'..='\u{ff}' if sign.is_alphabetic() && render::is_cp437(sign) => shown.push(sign),
            _ => shown.extend(sign.escape_unicode()),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_page() {
        let mut page = Page::new();
        page.field("a name", &"word ".repeat(60));
        page.field("a name", &"x".repeat(300));
        page.digest("a digest", &Sha256Digest::from([0xa9; 32]));
        page.item("  12. ", &"y".repeat(200));
        page.paragraph(&"z".repeat(200));
        assert!(page.finish().lines().all(|line| line.chars().count() <= WIDTH));
    }

    #[test]
    fn text_of_people_cannot_be_more_than_text() {
        assert_eq!(shown("Zo\u{eb} O\\N\u{1b}[2J \u{430}"), "Zo\u{eb} O\\\\N\\u{1b}[2J \\u{430}");
    }
}
