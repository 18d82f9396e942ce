//! One line of text.

use super::super::keys::Action;
use crate::render::is_cp437;

/// Signs that a free text of the transcript may have.
const LIMIT: usize = 1000;

/// Columns of a field for a sentence, however wide the screen is.
const LONG: usize = 72;

/// Columns of a field for initials, a time or a word.
const SHORT: usize = 16;

/// A line that is typed; it scrolls sideways where it is longer than its field.
#[derive(Clone, Debug, Default)]
pub(crate) struct TextField {
    /// What stands before it.
    pub(crate) label: String,
    /// Columns that it has at most.
    pub(crate) columns: usize,
    signs: Vec<char>,
    cursor: usize,
}

/// What is seen of a line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Window {
    /// Its signs.
    pub(crate) seen: String,
    /// The column of the cursor.
    pub(crate) cursor: usize,
    /// Whether there is more to the left.
    pub(crate) before: bool,
    /// Whether there is more to the right.
    pub(crate) after: bool,
}

impl TextField {
    /// An empty field.
    pub(crate) fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), columns: LONG, signs: Vec::new(), cursor: 0 }
    }

    /// An empty field for a few signs.
    pub(crate) fn short(label: impl Into<String>) -> Self {
        Self { columns: SHORT, ..Self::new(label) }
    }

    /// What was typed.
    pub(crate) fn text(&self) -> String {
        self.signs.iter().collect()
    }

    /// Whether nothing but blanks was typed.
    pub(crate) fn is_blank(&self) -> bool {
        self.signs.iter().all(|sign| sign.is_whitespace())
    }

    /// Puts text in, with the cursor behind it.
    pub(crate) fn fill(&mut self, text: &str) {
        self.signs = text.chars().take(LIMIT).collect();
        self.cursor = self.signs.len();
    }

    /// Edits; `false` for what it cannot do with this key or sign.
    pub(crate) fn key(&mut self, action: Action) -> bool {
        match action {
            Action::Sign(sign) if is_cp437(sign) && self.signs.len() < LIMIT => {
                self.signs.insert(self.cursor, sign);
                self.cursor += 1;
            }
            Action::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.signs.remove(self.cursor);
            }
            Action::Delete if self.cursor < self.signs.len() => {
                self.signs.remove(self.cursor);
            }
            Action::Clear => self.fill(""),
            Action::Left => self.cursor = self.cursor.saturating_sub(1),
            Action::Right => self.cursor = self.signs.len().min(self.cursor + 1),
            Action::Home => self.cursor = 0,
            Action::End => self.cursor = self.signs.len(),
            Action::Backspace | Action::Delete => {}
            _ => return false,
        }
        true
    }

    /// What is seen of it in `width` columns.
    pub(crate) fn window(&self, width: usize) -> Window {
        let first = (self.cursor + 1).saturating_sub(width);
        let seen = self.signs.iter().skip(first).take(width).collect();
        let cursor = self.cursor.saturating_sub(first);
        Window { seen, cursor, before: first > 0, after: self.signs.len() > first + width }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> TextField {
        let mut field = TextField::new("Name");
        assert!(text.chars().all(|sign| field.key(Action::Sign(sign))));
        field
    }

    #[test]
    fn edits_in_the_middle() {
        let mut field = typed("Ada Lovlace");
        for action in [Action::Left, Action::Left, Action::Left, Action::Left, Action::Sign('e'), Action::End] {
            assert!(field.key(action));
        }
        assert_eq!(field.text(), "Ada Lovelace");
        field.key(Action::Home);
        field.key(Action::Delete);
        field.key(Action::Backspace);
        assert_eq!(field.text(), "da Lovelace");
        field.key(Action::Clear);
        assert!(field.is_blank());
    }

    #[test]
    fn keeps_the_cursor_in_sight() {
        let mut field = typed("abcdefgh");
        let window = |seen: &str, cursor, before, after| Window { seen: seen.to_owned(), cursor, before, after };
        assert_eq!(field.window(5), window("efgh", 4, true, false));
        field.key(Action::Home);
        assert_eq!(field.window(5), window("abcde", 0, false, true));
        assert_eq!(field.window(9), window("abcdefgh", 0, false, false));
        assert_eq!(field.window(0).seen, "");
    }

    #[test]
    fn takes_only_what_the_console_can_show() {
        let mut field = typed("Zoë");
        assert!(!field.key(Action::Sign('Ł')));
        assert!(!field.key(Action::Sign('\u{1b}')));
        assert!(!field.key(Action::PageUp));
        assert_eq!(field.text(), "Zoë");
    }
}
