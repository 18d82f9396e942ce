//! Draws the panel where people answer.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

use super::super::panel::{Field, Panel};
use super::super::theme::{Tone, plain};
use super::super::widgets::{Choices, Window};
use crate::render;

/// Columns left free on either side.
const MARGIN: u16 = 1;

/// Columns of the brackets around a field.
const FRAME: usize = 2;

/// Columns of the field of a PIN.
const PIN: usize = 40;

/// Rows of a list that are shown at least.
const LIST: usize = 2;

/// A panel laid out for one width: text above the fields, fields, text below.
pub(crate) struct Laid<'a> {
    panel: &'a Panel,
    above: Vec<Line<'static>>,
    below: Vec<Line<'static>>,
    lists: usize,
}

impl<'a> Laid<'a> {
    /// Lays `panel` out; `notices` are told at any step, `refusal` is why the last answer was not taken, `progress` how far
    /// the work is.
    pub(crate) fn new(
        panel: &'a Panel,
        notices: &[String],
        refusal: Option<&str>,
        progress: Vec<Line<'static>>,
        width: u16,
    ) -> Self {
        let width = usize::from(width.saturating_sub(2 * MARGIN));
        let wrapped = |tone: Tone, text: &str| {
            render::wrap(text, width).into_iter().map(move |line| tone.line(line)).collect::<Vec<_>>()
        };
        let mut above: Vec<Line<'static>> = notices.iter().flat_map(|notice| wrapped(Tone::AskBad, notice)).collect();
        above.extend(wrapped(Tone::AskTitle, &panel.title));
        for (tone, line) in &panel.lines {
            above.extend(wrapped(*tone, line));
        }
        above.extend(progress);
        // A hint is about the last key, and so newer than a refusal.
        let below = match (&panel.hint, refusal) {
            (Some(hint), _) => wrapped(Tone::AskTitle, &format!("-> {hint}")),
            (None, Some(refusal)) => wrapped(Tone::AskBad, &format!("!! {refusal}")),
            (None, None) => Vec::new(),
        };
        let lists = panel.fields.iter().map(rows_of_list).sum();
        Self { panel, above, below, lists }
    }

    /// Rows that it needs to show everything.
    pub(crate) fn rows(&self) -> usize {
        self.fixed() + self.lists
    }

    /// Rows without which something could not be read.
    pub(crate) fn least(&self) -> usize {
        self.fixed() + self.panel.fields.iter().map(least_of_list).sum::<usize>()
    }

    fn fixed(&self) -> usize {
        let single = self.panel.fields.iter().filter(|field| rows_of_list(field) == 0).count();
        self.above.len() + self.below.len() + single
    }

    /// Draws it; where the area is too low, lists show only a part around what is chosen.
    ///
    /// Returns where the cursor belongs.
    pub(crate) fn draw(&self, buffer: &mut Buffer, area: Rect) -> Option<Position> {
        buffer.set_style(area, Tone::Ask.style());
        let inner = Rect { x: area.x + MARGIN, width: area.width.saturating_sub(2 * MARGIN), ..area };
        let mut pen = Pen { buffer, inner, y: area.y, cursor: None };
        for line in &self.above {
            pen.line(line);
        }
        let mut room = usize::from(area.height).saturating_sub(self.fixed());
        let mut waiting: usize = self.panel.fields.iter().map(least_of_list).sum();
        let label = self.label_width();
        for (index, field) in self.panel.fields.iter().enumerate() {
            let focused = index == self.panel.focus;
            match field {
                Field::Text(text) => {
                    let width = usize::from(inner.width).saturating_sub(label + FRAME).min(text.columns);
                    pen.field(&text.label, label, (&text.window(width), width), focused);
                }
                Field::Pin(pin) => {
                    let width = usize::from(inner.width).saturating_sub(label + FRAME).min(PIN);
                    let seen: String = pin.mask().chars().take(width.saturating_sub(1)).collect();
                    let cursor = seen.len();
                    let window = Window { seen, cursor, before: false, after: false };
                    pen.field(&pin.label, label, (&window, width), focused);
                }
                Field::Pick(choices) | Field::Act(choices) => {
                    waiting = waiting.saturating_sub(least_of_list(field));
                    let share = room.saturating_sub(waiting).max(1).min(choices.items().len());
                    room = room.saturating_sub(share);
                    pen.choices(choices, share, focused);
                }
            }
        }
        for line in &self.below {
            pen.line(line);
        }
        pen.cursor
    }

    fn label_width(&self) -> usize {
        let labels = self.panel.fields.iter().map(|field| match field {
            Field::Text(text) => text.label.len(),
            Field::Pin(pin) => pin.label.len(),
            Field::Pick(_) | Field::Act(_) => 0,
        });
        labels.max().unwrap_or(0) + 3
    }
}

fn rows_of_list(field: &Field) -> usize {
    match field {
        Field::Text(_) | Field::Pin(_) => 0,
        Field::Pick(choices) | Field::Act(choices) => choices.items().len(),
    }
}

/// Rows of a list that are shown at least.
fn least_of_list(field: &Field) -> usize {
    rows_of_list(field).min(LIST)
}

/// Draws row after row.
struct Pen<'a> {
    buffer: &'a mut Buffer,
    inner: Rect,
    y: u16,
    cursor: Option<Position>,
}

impl Pen<'_> {
    fn is_full(&self) -> bool {
        self.y >= self.inner.bottom()
    }

    fn line(&mut self, line: &Line<'_>) {
        if self.is_full() {
            return;
        }
        self.buffer.set_line(self.inner.x, self.y, line, self.inner.width);
        self.y += 1;
    }

    fn text(&mut self, column: usize, text: &str, tone: Tone) {
        let column = u16::try_from(column).unwrap_or(u16::MAX).min(self.inner.width);
        let width = usize::from(self.inner.width - column);
        self.buffer.set_stringn(self.inner.x + column, self.y, plain(text), width, tone.style());
    }

    fn field(&mut self, label: &str, column: usize, (window, width): (&Window, usize), focused: bool) {
        if self.is_full() {
            return;
        }
        let (arrow, tone) = if focused { ("►", Tone::AskTitle) } else { (" ", Tone::Ask) };
        self.text(0, &format!("{arrow} {label}"), tone);
        let left = if window.before { "«" } else { "[" };
        let right = if window.after { "»" } else { "]" };
        self.text(column, &format!("{left}{:width$}{right}", ""), tone);
        self.text(column + 1, &format!("{:<width$}", window.seen), if focused { Tone::Field } else { Tone::Idle });
        if focused {
            let x = u16::try_from(column + 1 + window.cursor).unwrap_or(u16::MAX);
            self.cursor = Some(Position::new(self.inner.x.saturating_add(x).min(self.inner.right() - 1), self.y));
        }
        self.y += 1;
    }

    fn choices(&mut self, choices: &Choices, rows: usize, focused: bool) {
        let first = choices.first_seen(rows);
        let last = first + rows;
        for (index, item) in choices.items().iter().enumerate().skip(first).take(rows) {
            if self.is_full() {
                return;
            }
            let chosen = choices.index() == Some(index);
            let arrow = match (chosen, focused) {
                (true, true) => "►",
                (true, false) => "·",
                (false, _) => " ",
            };
            let key = if item.key == ' ' { "   ".to_owned() } else { format!("[{}]", item.key) };
            let width = usize::from(self.inner.width);
            let tone = match (chosen, focused) {
                (true, true) => Tone::Field,
                (true, false) => Tone::AskTitle,
                (false, _) => Tone::Ask,
            };
            let label = render::cut(&item.label, width.saturating_sub(key.len() + 3));
            self.text(0, &format!("{:<width$}", format!("{arrow} {key} {label}")), tone);
            let more = match index {
                index if index == first && first > 0 => " ▲ more ",
                index if index + 1 == last && last < choices.items().len() => " ▼ more ",
                _ => "",
            };
            self.text(width.saturating_sub(more.chars().count()), more, Tone::AskQuiet);
            self.y += 1;
        }
    }
}
