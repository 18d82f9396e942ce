//! One line of text.

use super::super::keys::Action;
use crate::render::is_cp437;

/// Signs that a free text of the transcript may have.
const LIMIT: usize = 1000;

/// A line that is typed; it scrolls sideways where it is longer than its field.
#[derive(Clone, Debug, Default)]
pub(crate) struct TextField {
    /// What stands before it.
    pub(crate) label: String,
    signs: Vec<char>,
    cursor: usize,
}

impl TextField {
    /// An empty field.
    pub(crate) fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), signs: Vec::new(), cursor: 0 }
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

    /// What is seen of it in `width` columns, and the column of the cursor.
    pub(crate) fn window(&self, width: usize) -> (String, usize) {
        let first = (self.cursor + 1).saturating_sub(width);
        (self.signs.iter().skip(first).take(width).collect(), self.cursor.saturating_sub(first))
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
        assert_eq!(field.window(5), ("efgh".to_owned(), 4));
        field.key(Action::Home);
        assert_eq!(field.window(5), ("abcde".to_owned(), 0));
        assert_eq!(field.window(0), (String::new(), 0));
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
