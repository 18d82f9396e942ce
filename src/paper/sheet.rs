//! What stands on paper, block by block, before it becomes text or HTML.

use crate::dns::Sha256Digest;
use crate::render::{self, Table};

/// A part of a sheet.
#[derive(Clone, Debug)]
pub(super) enum Block {
    /// The top of the first page; the notes stand apart from the title.
    Title { title: String, notes: Vec<String> },
    /// The title of a section.
    Heading(String),
    /// A named value.
    Field { name: String, value: String },
    /// A digest in its eight numbered rows.
    Digest { name: String, digest: Sha256Digest },
    /// Eight numbered rows to be filled in by hand.
    Blank { name: String },
    /// A paragraph.
    Text(String),
    /// A paragraph behind a mark.
    Item { mark: String, text: String },
    /// A table that is laid out anew.
    Table(Table),
    /// Lines as they stand on the screen.
    Verbatim(Vec<String>),
    /// Files with their digests.
    Files(Vec<(String, Sha256Digest)>),
    /// One thing that somebody does.
    Act(Act),
    /// A form to be filled in by hand; each name with so many lines.
    Form(Vec<(&'static str, usize)>),
    /// Roles that are to be filled, and so many free lines: name, signature, time.
    People { roles: Vec<String>, free: usize },
    /// A frame around what has to be seen.
    Framed(Vec<Self>),
}

/// One thing that somebody does, with a box to tick, time and initials.
#[derive(Clone, Debug)]
pub(super) struct Act {
    /// Step and number, as `3.2`.
    pub(super) number: String,
    /// Who speaks or acts: a role.
    pub(super) who: String,
    /// What is done and said.
    pub(super) text: String,
    /// What is looked at and compared meanwhile.
    pub(super) shows: Vec<Block>,
}

/// Blocks that are added one by one.
#[derive(Debug, Default)]
pub(super) struct Sheet(Vec<Block>);

impl Sheet {
    pub(super) fn finish(self) -> Vec<Block> {
        self.0
    }

    pub(super) fn add(&mut self, block: Block) {
        self.0.push(block);
    }

    pub(super) fn title(&mut self, title: &str, notes: &[&str]) {
        self.add(Block::Title {
            title: title.to_owned(),
            notes: notes.iter().map(|note| (*note).to_owned()).collect(),
        });
    }

    pub(super) fn heading(&mut self, title: &str) {
        self.add(Block::Heading(title.to_owned()));
    }

    pub(super) fn field(&mut self, name: &str, value: &str) {
        self.add(Block::Field { name: name.to_owned(), value: value.to_owned() });
    }

    pub(super) fn digest(&mut self, name: &str, digest: &Sha256Digest) {
        self.add(digest_block(name, digest));
    }

    pub(super) fn text(&mut self, text: &str) {
        self.add(Block::Text(text.to_owned()));
    }

    pub(super) fn item(&mut self, mark: &str, text: &str) {
        self.add(Block::Item { mark: mark.to_owned(), text: text.to_owned() });
    }

    pub(super) fn table(&mut self, table: Table) {
        self.add(Block::Table(table));
    }
}

/// A digest under its name.
pub(super) fn digest_block(name: &str, digest: &Sha256Digest) -> Block {
    Block::Digest { name: name.to_owned(), digest: *digest }
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
    fn text_of_people_cannot_be_more_than_text() {
        assert_eq!(shown("Zo\u{eb} O\\N\u{1b}[2J \u{430}"), "Zo\u{eb} O\\\\N\\u{1b}[2J \\u{430}");
    }
}
