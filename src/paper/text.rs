//! A sheet as plain text, 80 columns wide.

use super::sheet::{Act, Block};
use crate::render;

/// Columns of a page.
pub(super) const WIDTH: usize = 80;

/// Columns of the names of fields.
const NAMES: usize = 18;
/// Columns before the text of an act: box, number, role.
const BEFORE: usize = 18;
/// Columns behind it: time and initials.
const BEHIND: usize = 16;
/// A row of a digest to be filled in: the number, two groups, four words.
const EMPTY_ROW: &str = "____ ____  _________ ___________ _________ ___________";

/// The text of a sheet; no line is wider than [`WIDTH`] or ends with a blank.
pub(super) fn text(blocks: &[Block]) -> String {
    let mut page = Page(String::new());
    blocks.iter().for_each(|block| page.block(block));
    page.0
}

/// Text that grows line by line.
struct Page(String);

impl Page {
    fn block(&mut self, block: &Block) {
        match block {
            Block::Title { title, notes } => self.title(title, notes),
            Block::Heading(title) => {
                self.blank();
                self.line(title);
                self.line(&"-".repeat(title.chars().count()));
            }
            // A long value goes on under its own begin.
            Block::Field { name, value } => self.named(name, &render::wrap(value, WIDTH - NAMES)),
            Block::Digest { name, digest } => self.named(name, &render::lines(digest)),
            Block::Blank { name } => {
                let rows: Vec<String> = (1..=8).map(|number| format!("{number}  {EMPTY_ROW}")).collect();
                self.named(name, &rows);
            }
            Block::Text(text) => render::wrap(text, WIDTH).iter().for_each(|line| self.line(line)),
            Block::Item { mark, text } => self.item(mark, text),
            Block::Table(table) => self.lines(&table.clone().max_width(WIDTH).lines()),
            Block::Verbatim(lines) => {
                lines.iter().flat_map(|line| broken(line)).for_each(|line| self.line(&line));
            }
            Block::Files(files) => {
                for (path, digest) in files {
                    self.item("  ", path);
                    self.line(&format!("    {digest}"));
                }
            }
            Block::Act(act) => self.act(act),
            Block::Form(fields) => self.form(fields),
            Block::People { roles, free } => self.people(roles, *free),
            Block::Framed(blocks) => {
                self.blank();
                self.rule();
                blocks.iter().for_each(|block| self.block(block));
                self.rule();
            }
        }
    }

    fn title(&mut self, title: &str, notes: &[String]) {
        let centred = |text: &str| format!("{text:^WIDTH$}");
        self.rule();
        self.line(&centred(title));
        if !notes.is_empty() {
            self.blank();
        }
        notes.iter().for_each(|note| self.line(&centred(note)));
        self.rule();
    }

    fn item(&mut self, mark: &str, text: &str) {
        let indent = mark.chars().count();
        for (index, line) in render::wrap(text, WIDTH.saturating_sub(indent)).iter().enumerate() {
            let before = if index == 0 { mark } else { "" };
            self.line(&format!("{before:indent$}{line}"));
        }
    }

    fn act(&mut self, act: &Act) {
        let Act { number, who, text, shows } = act;
        self.blank();
        let head = format!("[ ] {number:<5} {who}");
        let room = WIDTH - BEFORE - BEHIND;
        for (index, line) in render::wrap(text, room).iter().enumerate() {
            let (before, behind) = if index == 0 { (head.as_str(), "  ___:___  _____") } else { ("", "") };
            self.line(&format!("{before:BEFORE$}{line:room$}{behind}"));
        }
        for block in shows {
            if !matches!(block, Block::Form(_)) {
                self.blank(); // a form stands apart by itself
            }
            self.block(block);
        }
    }

    fn form(&mut self, fields: &[(&str, usize)]) {
        for (name, lines) in fields {
            for index in 0..*lines {
                let name = if index == 0 { name } else { "" };
                self.blank();
                self.line(&format!("{name:NAMES$}{}", "_".repeat(WIDTH - NAMES)));
            }
        }
    }

    fn people(&mut self, roles: &[String], free: usize) {
        self.line("Role      Name                          Signature                     Time UTC");
        let free = std::iter::repeat_n("________", free);
        for role in roles.iter().map(String::as_str).chain(free) {
            self.blank();
            self.line(&format!("{role:<8}  {}  {}  ___:____", "_".repeat(28), "_".repeat(28)));
        }
    }

    fn named(&mut self, name: &str, lines: &[String]) {
        // A name as wide as its column still stands apart from its value.
        let room = NAMES - 1;
        for (index, line) in lines.iter().enumerate() {
            let name = if index == 0 { name } else { "" };
            self.line(&format!("{name:room$} {line}"));
        }
    }

    fn lines(&mut self, lines: &[String]) {
        lines.iter().for_each(|line| self.line(line));
    }

    fn line(&mut self, text: &str) {
        self.0.push_str(text.trim_end());
        self.0.push('\n');
    }

    fn blank(&mut self) {
        self.0.push('\n');
    }

    fn rule(&mut self) {
        self.line(&"=".repeat(WIDTH));
    }
}

/// A line with its blanks, broken where the page ends.
fn broken(line: &str) -> Vec<String> {
    let signs: Vec<char> = line.chars().collect();
    signs.chunks(WIDTH).map(|part| part.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sheet::Sheet;
    use super::*;
    use crate::dns::Sha256Digest;

    #[test]
    fn no_line_is_wider_than_the_page() {
        let mut sheet = Sheet::default();
        sheet.title("a title", &["a note"]);
        sheet.field("a name", &"word ".repeat(60));
        sheet.field("a name", &"x".repeat(300));
        sheet.digest("a digest", &Sha256Digest::from([0xa9; 32]));
        sheet.item("  12. ", &"y".repeat(200));
        sheet.text(&"z".repeat(200));
        sheet.add(Block::Blank { name: "a digest".to_owned() });
        sheet.add(Block::Verbatim(vec!["v".repeat(100)]));
        sheet.add(Block::Form(vec![("Happened", 2)]));
        sheet.add(Block::People { roles: vec!["SSC1".to_owned()], free: 1 });
        let shows = vec![Block::Text("w ".repeat(90))];
        let act = Act { number: "3.12".to_owned(), who: "CONTROL1".to_owned(), text: "act ".repeat(40), shows };
        sheet.add(Block::Framed(vec![Block::Act(act)]));
        let page = text(&sheet.finish());
        for line in page.lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
            assert_eq!(line.trim_end(), line);
        }
        assert!(page.contains("[ ] 3.12  CONTROL1"), "{page}");
    }
}
