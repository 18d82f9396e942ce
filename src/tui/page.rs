//! What stands above the question: rows that scroll. Only those that are seen are formatted.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::theme::Tone;
use crate::dns::Sha256Digest;
use crate::render;

/// Columns of the widest row of a digest.
const DIGEST: usize = 57;

/// Columns of a label in [`Page::pair`].
const LABEL: usize = 10;

/// Rows in order, made for one width.
pub(crate) struct Page<'a> {
    width: usize,
    rows: usize,
    digests: bool,
    parts: Vec<Part<'a>>,
}

enum Part<'a> {
    One(Line<'static>),
    Many { rows: usize, row: Box<dyn Fn(usize) -> Line<'static> + 'a> },
}

impl<'a> Page<'a> {
    /// An empty page of so many columns.
    pub(crate) const fn new(width: usize) -> Self {
        Self { width, rows: 0, digests: false, parts: Vec::new() }
    }

    /// Columns.
    pub(crate) const fn width(&self) -> usize {
        self.width
    }

    /// Says that there are digests among rows that are made when they are seen.
    pub(crate) const fn has_digests(&mut self) {
        self.digests = true;
    }

    /// Whether no digest is cut off in so many columns.
    pub(crate) const fn fits(&self, width: usize) -> bool {
        !self.digests || width >= DIGEST
    }

    /// Rows.
    pub(crate) const fn rows(&self) -> usize {
        self.rows
    }

    /// Adds a row as it is.
    pub(crate) fn line(&mut self, line: Line<'static>) {
        self.rows += 1;
        self.parts.push(Part::One(line));
    }

    /// Adds an empty row, but not as the first.
    pub(crate) fn blank(&mut self) {
        if self.rows > 0 {
            self.line(Line::default());
        }
    }

    /// Adds text, broken between words.
    pub(crate) fn say(&mut self, tone: Tone, text: &str) {
        for line in render::wrap(text, self.width) {
            self.line(tone.line(line));
        }
    }

    /// Adds a line that has its own layout; what is too long goes on in the next row.
    pub(crate) fn verbatim(&mut self, tone: Tone, text: &str) {
        for part in 0..parts(text, self.width) {
            self.line(tone.line(part_of(text, self.width, part)));
        }
    }

    /// Adds lines that have their own layout, as [`Page::verbatim`]; each row is made when it is seen.
    pub(crate) fn verbatim_lines(&mut self, lines: &'a [String], tone: impl Fn(usize) -> Tone + 'a) {
        let width = self.width;
        let mut rows = 0;
        let mut starts = Vec::with_capacity(lines.len());
        for line in lines {
            starts.push(rows);
            rows += parts(line, width);
        }
        self.many(rows, move |row| {
            let index = starts.partition_point(|start| *start <= row).saturating_sub(1);
            let (Some(line), Some(start)) = (lines.get(index), starts.get(index)) else { return Line::default() };
            tone(index).line(part_of(line, width, row - start))
        });
    }

    /// Adds a label and what stands for it, broken between words.
    pub(crate) fn pair(&mut self, label: &str, tone: Tone, text: &str) {
        self.hanging(Tone::Quiet, &format!("{label:<LABEL$}"), tone, text);
    }

    /// Adds text, broken between words, with something before its first row that leaves a gap before the others.
    pub(crate) fn hanging(&mut self, before: Tone, mark: &str, tone: Tone, text: &str) {
        let gap = " ".repeat(mark.chars().count());
        for (index, line) in render::wrap(text, self.width.saturating_sub(gap.len())).into_iter().enumerate() {
            let mark = if index == 0 { mark } else { &gap };
            self.line(Line::from(vec![before.span(mark), tone.span(line)]));
        }
    }

    /// Adds a heading and the eight rows of a digest.
    pub(crate) fn digest(&mut self, heading: &str, digest: &Sha256Digest) {
        self.digests = true;
        self.say(Tone::Head, heading);
        for row in render::lines(digest) {
            self.line(Tone::Text.line(row));
        }
    }

    /// Adds many rows, each made when it is seen.
    pub(crate) fn many(&mut self, rows: usize, row: impl Fn(usize) -> Line<'static> + 'a) {
        self.rows += rows;
        self.parts.push(Part::Many { rows, row: Box::new(row) });
    }

    /// Draws the rows from `first` on.
    pub(crate) fn draw(&self, buffer: &mut Buffer, area: Rect, first: usize) {
        let mut start = 0;
        let end = first + usize::from(area.height);
        for part in &self.parts {
            let rows = match part {
                Part::One(_) => 1,
                Part::Many { rows, .. } => *rows,
            };
            for index in first.max(start)..end.min(start + rows) {
                let Ok(below) = u16::try_from(index - first) else { return };
                let y = area.y + below;
                match part {
                    Part::One(line) => buffer.set_line(area.x, y, line, area.width),
                    Part::Many { row, .. } => buffer.set_line(area.x, y, &row(index - start), area.width),
                };
            }
            start += rows;
            if start >= end {
                return;
            }
        }
    }
}

/// What stands before the second and every further row of a line that is too long.
const INDENT: &str = "    ";

/// Columns of a line that are new in every further row.
const fn further(width: usize) -> usize {
    let columns = width.saturating_sub(INDENT.len());
    if columns == 0 { 1 } else { columns }
}

/// Rows that a line needs.
fn parts(line: &str, width: usize) -> usize {
    1 + line.chars().count().saturating_sub(width).div_ceil(further(width))
}

/// One of the rows of a line.
fn part_of(line: &str, width: usize, part: usize) -> String {
    match part.checked_sub(1) {
        None => line.chars().take(width).collect(),
        Some(before) => {
            let signs = line.chars().skip(width + before * further(width)).take(further(width));
            INDENT.chars().chain(signs).collect()
        }
    }
}

/// A page with its title.
pub(crate) struct Pane<'a> {
    /// What it shows, in a word or two.
    pub(crate) title: String,
    /// Rows that stay when the rest scrolls.
    pub(crate) head: Vec<Line<'static>>,
    /// The rest.
    pub(crate) page: Page<'a>,
    /// Whether it needs the whole width where several panes are shown side by side.
    pub(crate) wide: bool,
}

impl<'a> Pane<'a> {
    /// A pane without a head.
    pub(crate) fn new(title: impl Into<String>, page: Page<'a>) -> Self {
        Self { title: title.into(), head: Vec::new(), page, wide: false }
    }

    /// Rows with title and head.
    pub(crate) fn rows(&self) -> usize {
        1 + self.head.len() + self.page.rows()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn formats_only_what_is_seen() {
        let formatted = Cell::new(0);
        let mut page = Page::new(20);
        page.say(Tone::Text, "head");
        page.many(10_000, |row| {
            formatted.set(formatted.get() + 1);
            Tone::Text.line(format!("row {row}"))
        });
        let area = Rect::new(0, 0, 20, 5);
        let mut buffer = Buffer::empty(area);
        page.draw(&mut buffer, area, 9_000);
        assert_eq!((page.rows(), formatted.get()), (10_001, 5));
        assert_eq!(buffer.cell((4, 0)).unwrap().symbol(), "8"); // row 8999
    }

    #[test]
    fn loses_nothing_of_a_line_that_is_too_long() {
        let lines = ["abcdefg".to_owned(), String::new(), "h".to_owned()];
        let mut page = Page::new(6);
        page.verbatim(Tone::Text, "abcdefghij");
        page.verbatim_lines(&lines, |_| Tone::Text);
        let area = Rect::new(0, 0, 6, 7);
        let mut buffer = Buffer::empty(area);
        page.draw(&mut buffer, area, 0);
        let text: String = buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(text, "abcdef    gh    ijabcdef    g       h     ");
        assert_eq!(page.rows(), 7);
    }
}
