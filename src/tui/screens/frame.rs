//! The frame around every screen: top line, banner, steps, pages, question, keys.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::page::Pane;
use super::super::panel::Panel;
use super::super::text;
use super::super::theme::{Tone, plain};
use super::ask::Laid;
use super::{Look, close};
use crate::ceremony::{Code, Question, View};
use crate::steps::Step;

/// The smallest screen.
pub(crate) const SMALLEST: (u16, u16) = (80, 24);

/// Columns of the steps, with the line beside them.
const STEPS: u16 = 12;

/// Rows of pages that always stay: nine steps, or heading and eight rows of a digest.
const PAGES: u16 = 10;

/// Rows of pages that stay beside a question with a very long explanation.
const FEWEST: u16 = 4;

/// From this size of the pages on, several stand side by side: left one with a digest, right one with the rest.
const SIDE_BY_SIDE: (u16, u16) = (114, 26);
const LEFT: u16 = 59;

/// What is drawn besides the view.
pub(crate) struct Drawn<'a> {
    /// The view and what goes with it.
    pub(crate) look: Look<'a>,
    /// Where people answer.
    pub(crate) panel: &'a Panel,
    /// The page that has the scroll keys.
    pub(crate) page: usize,
    /// Why the last answer was not taken.
    pub(crate) refusal: Option<&'a str>,
    /// The first row of a page that is seen.
    pub(crate) scroll: &'a dyn Fn(&str) -> usize,
    /// The code and its frame that are shown instead of everything.
    pub(crate) code: Option<(&'a Code, usize)>,
}

/// What could be seen; the keys depend on it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Seen {
    /// Titles of the pages.
    pub(crate) titles: Vec<String>,
    /// Rows of the page with the scroll keys that are seen at once.
    pub(crate) height: usize,
    /// Rows of it.
    pub(crate) rows: usize,
    /// The first of them that is seen.
    pub(crate) first: usize,
    /// Frames of the code.
    pub(crate) frames: usize,
}

/// Draws everything.
pub(crate) fn draw(frame: &mut Frame<'_>, drawn: &Drawn<'_>) -> Seen {
    let area = frame.area();
    frame.buffer_mut().set_style(area, Tone::Text.style());
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        for (line, y) in text::too_small(area.width, area.height).iter().zip(area.y..area.bottom()) {
            frame.buffer_mut().set_stringn(area.x, y, line, usize::from(area.width), Tone::Text.style());
        }
        return Seen::default();
    }
    let view = drawn.look.view;
    top(frame.buffer_mut(), Rect { height: 1, ..area }, &drawn.look);
    let mut rest = Rect { y: area.y + 1, height: area.height - 1, ..area };
    if let Some((code, number)) = drawn.code {
        close::draw(frame.buffer_mut(), Rect { height: rest.height - 1, ..rest }, code, number);
        let keys = [("Q", text::KEY_HELP_OFF.1), text::KEY_TURN];
        bottom(frame.buffer_mut(), Rect { y: area.bottom() - 1, height: 1, ..area }, &keys);
        let frames = close::frames(code, Rect { height: rest.height - 1, ..rest });
        return Seen { frames, ..Seen::default() };
    }
    if let Some(line) = text::banner(&view.mode) {
        banner(frame.buffer_mut(), Rect { height: 1, ..rest }, &line);
        rest = Rect { y: rest.y + 1, height: rest.height - 1, ..rest };
    }
    let progress = match &view.question {
        Question::Working(working) if !drawn.panel.is_dialog() && view.step != Step::Execute => {
            super::working(working, drawn.look.now, usize::from(area.width) - 4)
        }
        _ => Vec::new(),
    };
    let notices = text::usb_notices(&view.computer.usb);
    let laid = Laid::new(drawn.panel, &notices, drawn.refusal, progress, area.width);
    let most = usize::from(rest.height.saturating_sub(PAGES + 2));
    let most = most.max(laid.least().min(usize::from(rest.height.saturating_sub(FEWEST + 2))));
    let height = u16::try_from(laid.rows().min(most)).unwrap_or(0);
    let question = Rect { y: area.bottom() - 1 - height, height, ..area };
    let pages = Rect { height: rest.height - height - 2, ..rest };
    let rule = format!("{}┴{}", "─".repeat(usize::from(STEPS) - 1), "─".repeat(usize::from(area.width - STEPS)));
    frame.buffer_mut().set_stringn(area.x, pages.bottom(), rule, usize::from(area.width), Tone::Rule.style());
    let seen = middle(frame.buffer_mut(), pages, drawn);
    let cursor = laid.draw(frame.buffer_mut(), question);
    let keys = fitting(keys(drawn, &seen), area.width);
    bottom(frame.buffer_mut(), Rect { y: area.bottom() - 1, height: 1, ..area }, &keys);
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
    seen
}

fn top(buffer: &mut Buffer, area: Rect, look: &Look<'_>) {
    buffer.set_style(area, Tone::Bar.style());
    let width = usize::from(area.width);
    let right = format!(" {}   UTC {} ", text::mode(&look.view.mode), look.now.time);
    let room = width.saturating_sub(right.len());
    let left = format!(" {}  {}", text::PROGRAM, look.view.title);
    buffer.set_stringn(area.x, area.y, plain(&left), room, Tone::Bar.style());
    let at = area.x + u16::try_from(room).unwrap_or(0);
    buffer.set_stringn(at, area.y, &right, right.len(), Tone::Bar.style());
}

fn banner(buffer: &mut Buffer, area: Rect, line: &str) {
    buffer.set_style(area, Tone::Banner.style());
    let line = format!("{line:^0$}", usize::from(area.width));
    buffer.set_stringn(area.x, area.y, line, usize::from(area.width), Tone::Banner.style());
}

fn bottom(buffer: &mut Buffer, area: Rect, keys: &[(&str, &str)]) {
    buffer.set_style(area, Tone::Bar.style());
    let mut x = area.x;
    for (key, word) in keys {
        for (text, tone) in [(format!(" {key} "), Tone::BarKey), ((*word).to_owned(), Tone::Bar)] {
            let room = usize::from(area.right().saturating_sub(x));
            (x, _) = buffer.set_stringn(x, area.y, text, room, tone.style());
        }
    }
}

fn keys(drawn: &Drawn<'_>, seen: &Seen) -> Vec<(&'static str, &'static str)> {
    let view = drawn.look.view;
    let running = !drawn.panel.is_dialog() && !matches!(view.question, Question::Finished { .. });
    let mut keys = vec![if drawn.look.help { text::KEY_HELP_OFF } else { text::KEY_HELP }];
    if running {
        keys.push(text::KEY_EXCEPTION);
    }
    if running && view.may_pause() {
        keys.push(text::KEY_PAUSE);
    }
    if seen.titles.len() > 1 {
        keys.push(text::KEY_PAGE);
    }
    if running && !view.computer.usb.waiting.is_empty() {
        keys.push(text::KEY_KEYBOARD);
    }
    if running && view.may_stop() {
        keys.push(text::KEY_STOP);
    }
    if seen.first + seen.height < seen.rows {
        keys.push(text::KEY_MORE);
    } else if seen.height < seen.rows {
        keys.push(text::KEY_UP);
    }
    if view.step == Step::Close && !view.codes.is_empty() && !drawn.look.help && !drawn.panel.is_dialog() {
        keys.push(text::KEY_QR);
    }
    if drawn.panel.fields.len() > 1 {
        keys.push(text::KEY_FIELD);
    }
    match drawn.panel.escape_key() {
        _ if drawn.look.help => {}
        Some(true) => keys.push(text::KEY_NO),
        Some(false) => keys.push(text::KEY_ESCAPE),
        None => {}
    }
    if !drawn.panel.fields.is_empty() {
        keys.push(text::KEY_ENTER);
    }
    keys
}

/// The keys that have room, those that are known from everywhere left out first.
fn fitting(mut keys: Vec<(&'static str, &'static str)>, width: u16) -> Vec<(&'static str, &'static str)> {
    let columns = |keys: &[(&str, &str)]| keys.iter().map(|(key, word)| key.len() + word.len() + 2).sum::<usize>();
    for known in [text::KEY_FIELD, text::KEY_UP, text::KEY_MORE, text::KEY_ENTER] {
        if columns(&keys) > usize::from(width) {
            keys.retain(|key| *key != known);
        }
    }
    keys
}

fn middle(buffer: &mut Buffer, area: Rect, drawn: &Drawn<'_>) -> Seen {
    steps(buffer, Rect { width: STEPS, ..area }, drawn.look.view);
    let area = Rect { x: area.x + STEPS, width: area.width - STEPS, ..area };
    if area.width >= SIDE_BY_SIDE.0 && area.height >= SIDE_BY_SIDE.1 {
        let rows = grid(&super::panes(&drawn.look, usize::from(LEFT - 2)), usize::from(area.width - LEFT - 2));
        let several = rows.len() > 1 || rows.first().is_some_and(|row| row.len() > 1);
        if several && rows.len() * usize::from(PAGES) <= usize::from(area.height) {
            return side_by_side(buffer, area, drawn);
        }
    }
    let panes = super::panes(&drawn.look, usize::from(area.width - 2));
    let focus = drawn.page.min(panes.len().saturating_sub(1));
    let titles: Vec<String> = panes.iter().map(|pane| pane.title.clone()).collect();
    tabs(buffer, Rect { height: 1, ..area }, &titles, Some(focus), titles.len() > 1);
    let Some(pane) = panes.get(focus) else { return Seen::default() };
    let below = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let (first, height, rows) = pane_body(buffer, below, pane, (drawn.scroll)(&pane.title));
    Seen { titles, height, rows, first, frames: 0 }
}

/// The steps by number: `√` taken, `►` now, blank to come; after a stop `!` broken off, `-` never taken.
fn steps(buffer: &mut Buffer, area: Rect, view: &View) {
    for (step, y) in Step::ALL.into_iter().zip(area.y..area.bottom()) {
        let (mark, tone) = match (step, view.stopped_in) {
            (step, Some(stopped)) if step == stopped => ('!', Tone::Bad),
            (step, _) if step == view.step => ('►', Tone::Field),
            // Without a record medium nothing is written, either.
            (step, Some(stopped)) if step > stopped && (step < Step::Write || view.step < Step::Write) => {
                ('-', Tone::Quiet)
            }
            (step, _) if step < view.step => ('√', Tone::Good),
            _ => (' ', Tone::Quiet),
        };
        let width = usize::from(area.width) - 1;
        buffer.set_stringn(area.x, y, format!("{} {mark} {step:<7}", step.number()), width, tone.style());
    }
    for y in area.y..area.bottom() {
        buffer.set_stringn(area.right() - 1, y, "│", 1, Tone::Rule.style());
    }
}

/// One line with the titles of the pages, the shown one marked; where they have no room, its number and those around it.
fn tabs(buffer: &mut Buffer, area: Rect, titles: &[String], focus: Option<usize>, several: bool) {
    let line: String = "─".repeat(usize::from(area.width));
    buffer.set_stringn(area.x, area.y, line, usize::from(area.width), Tone::Rule.style());
    let mut x = area.x + 1;
    let mut shown = 0..titles.len();
    let place = format!(" {} of {} ", focus.unwrap_or(0) + 1, titles.len());
    if columns(titles) + 2 > usize::from(area.width) {
        (x, _) = buffer.set_stringn(x, area.y, &place, place.len(), Tone::Quiet.style());
        x += 1;
        let room = usize::from(area.width).saturating_sub(place.len() + 3);
        shown = around(titles, focus.unwrap_or(0), room);
    }
    for (index, title) in titles.iter().enumerate().skip(shown.start).take(shown.len()) {
        let tone = if focus == Some(index) { Tone::Field } else { Tone::Quiet };
        let mark = if focus == Some(index) && several { "►" } else { " " };
        let room = usize::from(area.right().saturating_sub(x));
        (x, _) = buffer.set_stringn(x, area.y, plain(&format!("{mark}{title} ")), room, tone.style());
        x += 1;
    }
}

/// Columns of these titles, each with its mark, a blank and the line behind it.
fn columns(titles: &[String]) -> usize {
    titles.iter().map(|title| title.chars().count() + 3).sum()
}

/// The titles around `focus` that have room together, as many of those behind it as possible.
fn around(titles: &[String], focus: usize, room: usize) -> std::ops::Range<usize> {
    let fits = |from: usize, to: usize| titles.get(from..to).is_some_and(|titles| columns(titles) <= room);
    let (mut from, mut to) = (focus, focus + 1);
    while to < titles.len() && fits(from, to + 1) {
        to += 1;
    }
    while from > 0 && fits(from - 1, to) {
        from -= 1;
    }
    from..to
}

/// Draws head and rows of a page with its scroll bar; returns the first row seen, the rows seen at once and all rows.
fn pane_body(buffer: &mut Buffer, area: Rect, pane: &Pane<'_>, scroll: usize) -> (usize, usize, usize) {
    let text = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let mut y = text.y;
    for line in pane.head.iter().take(usize::from(area.height)) {
        buffer.set_line(text.x, y, line, text.width);
        y += 1;
    }
    let body = Rect { y, height: area.bottom() - y, ..text };
    let (height, rows) = (usize::from(body.height), pane.page.rows());
    let first = scroll.min(rows.saturating_sub(height));
    pane.page.draw(buffer, body, first);
    if rows > height && height > 2 {
        scroll_bar(buffer, Rect { x: area.right() - 1, width: 1, ..body }, first, rows);
    }
    (first, height, rows)
}

fn scroll_bar(buffer: &mut Buffer, area: Rect, first: usize, rows: usize) {
    let height = usize::from(area.height);
    let track = height - 2;
    let most = rows - height;
    let thumb = first * (track - 1) / most.max(1);
    for (row, y) in (area.y..area.bottom()).enumerate() {
        let sign = match row {
            0 => "▲",
            row if row == height - 1 => "▼",
            row if row - 1 == thumb => "█",
            _ => "░",
        };
        buffer.set_stringn(area.x, y, sign, 1, Tone::Rule.style());
    }
}

/// Pages in rows of two; those that need it have the whole width.
fn side_by_side(buffer: &mut Buffer, area: Rect, drawn: &Drawn<'_>) -> Seen {
    let right = area.width - LEFT;
    let left_panes = super::panes(&drawn.look, usize::from(LEFT - 2));
    let right_panes = super::panes(&drawn.look, usize::from(right - 2));
    let wide_panes = super::panes(&drawn.look, usize::from(area.width - 2));
    let titles: Vec<String> = left_panes.iter().map(|pane| pane.title.clone()).collect();
    let focus = drawn.page.min(titles.len().saturating_sub(1));
    let rows = grid(&left_panes, usize::from(right - 2));
    let desires: Vec<usize> = rows
        .iter()
        .map(|row| row.iter().filter_map(|index| left_panes.get(*index)).map(Pane::rows).max().unwrap_or(0))
        .collect();
    let mut seen = Seen { titles, ..Seen::default() };
    let mut y = area.y;
    for (row, height) in rows.iter().zip(heights(&desires, usize::from(area.height))) {
        let height = u16::try_from(height).unwrap_or(0);
        for (column, index) in row.iter().enumerate() {
            let (place, panes) = match (row.len(), column) {
                (1, _) => (Rect { y, height, ..area }, &wide_panes),
                (_, 0) => (Rect { y, height, width: LEFT, ..area }, &left_panes),
                _ => (Rect { x: area.x + LEFT, y, height, width: right }, &right_panes),
            };
            let Some(pane) = panes.get(*index).filter(|_| height > 1) else { continue };
            let title = std::slice::from_ref(&pane.title);
            tabs(buffer, Rect { height: 1, ..place }, title, (*index == focus).then_some(0), true);
            let body = Rect { y: place.y + 1, height: place.height - 1, ..place };
            let (first, height, rows) = pane_body(buffer, body, pane, (drawn.scroll)(&pane.title));
            if *index == focus {
                (seen.first, seen.height, seen.rows) = (first, height, rows);
            }
        }
        y += height;
    }
    seen
}

/// Indexes of the panes, row by row; `right` is the width beside the left one, too narrow for some.
fn grid(panes: &[Pane<'_>], right: usize) -> Vec<Vec<usize>> {
    let mut rows: Vec<Vec<usize>> = Vec::new();
    let mut open = false;
    for (index, pane) in panes.iter().enumerate() {
        match rows.last_mut().filter(|_| open && !pane.wide && pane.page.fits(right)) {
            Some(row) => {
                row.push(index);
                open = false;
            }
            None => {
                rows.push(vec![index]);
                open = !pane.wide;
            }
        }
    }
    rows
}

/// Shares `room` among rows: each gets what it needs as long as that is no more than its fair share of the rest.
fn heights(desires: &[usize], room: usize) -> Vec<usize> {
    let mut shares = vec![0; desires.len()];
    let mut order: Vec<usize> = (0..desires.len()).collect();
    order.sort_by_key(|index| desires.get(*index).copied().unwrap_or(0));
    let mut left = room;
    for (done, index) in order.iter().enumerate() {
        let fair = left / (desires.len() - done);
        let want = desires.get(*index).copied().unwrap_or(0);
        let share = if done + 1 == desires.len() { left } else { want.min(fair) };
        if let Some(slot) = shares.get_mut(*index) {
            *slot = share;
        }
        left -= share;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_titles_around_the_page_that_is_seen() {
        let titles: Vec<String> = ["Warning", "Plan", "Changes", "Table", "KSKs"].map(str::to_owned).to_vec();
        assert_eq!(columns(&titles), 42);
        assert_eq!(around(&titles, 0, 20), 0..2);
        assert_eq!(around(&titles, 1, 20), 1..3);
        assert_eq!(around(&titles, 4, 20), 3..5);
        assert_eq!(around(&titles, 2, 3), 2..3);
    }

    #[test]
    fn leaves_out_the_keys_that_everybody_knows_first() {
        let keys = vec![text::KEY_HELP, text::KEY_FIELD, text::KEY_ENTER];
        assert_eq!(fitting(keys.clone(), 80), keys);
        assert_eq!(fitting(keys, 20), [text::KEY_HELP, text::KEY_ENTER]);
    }

    #[test]
    fn shares_rows_by_need() {
        assert_eq!(heights(&[10, 100], 40), [10, 30]);
        assert_eq!(heights(&[100, 100], 40), [20, 20]);
        assert_eq!(heights(&[5, 5], 40), [5, 35]);
        assert_eq!(heights(&[], 40), [0; 0]);
    }
}
