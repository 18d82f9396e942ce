//! How the pages are spread on the screen: one at a time, or side by side on a large one.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::page::Pane;
use super::super::theme::{Tone, plain};
use super::frame::{Drawn, PAGES, Seen};

/// From this size of the pages on, several stand side by side: left one with a digest, right one with the rest.
const SIDE_BY_SIDE: (u16, u16) = (114, 26);
const LEFT: u16 = 59;

/// Draws one page under the titles of all, or several on a large screen.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, drawn: &Drawn<'_>) -> Seen {
    if area.width >= SIDE_BY_SIDE.0 && area.height >= SIDE_BY_SIDE.1 {
        let rows = grid(&super::panes(&drawn.look, usize::from(LEFT - 2)), usize::from(area.width - LEFT - 2));
        if rows.len() > 1 || rows.first().is_some_and(|row| row.len() > 1) {
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

/// Pages in rows of two; those that need it have the whole width. Where there are too many, the row of the page with the
/// scroll keys is the first, and its title says how many there are.
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
    let focus_row = rows.iter().position(|row| row.contains(&focus)).unwrap_or(0);
    let (first, shares) = window(&desires, focus_row, usize::from(area.height));
    let all = shares.len() == rows.len();
    let number = if all { String::new() } else { format!("{} of {}  ", focus + 1, titles.len()) };
    let mut seen = Seen { titles, ..Seen::default() };
    let mut y = area.y;
    for (row, height) in rows.iter().skip(first).zip(shares) {
        let height = u16::try_from(height).unwrap_or(0);
        for (column, index) in row.iter().enumerate() {
            let (place, panes) = match (row.len(), column) {
                (1, _) => (Rect { y, height, ..area }, &wide_panes),
                (_, 0) => (Rect { y, height, width: LEFT, ..area }, &left_panes),
                _ => (Rect { x: area.x + LEFT, y, height, width: right }, &right_panes),
            };
            let Some(pane) = panes.get(*index).filter(|_| height > 1) else { continue };
            let focused = *index == focus;
            let title = if focused { format!("{number}{}", pane.title) } else { pane.title.clone() };
            tabs(buffer, Rect { height: 1, ..place }, &[title], focused.then_some(0), true);
            let body = Rect { y: place.y + 1, height: place.height - 1, ..place };
            let (first, height, rows) = pane_body(buffer, body, pane, (drawn.scroll)(&pane.title));
            if focused {
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

/// The first row that is shown, and the heights from there on: all rows where they have room, else the one with the focus
/// and those behind it, each with what it needs up to half of the room; the last one has what is left.
fn window(desires: &[usize], focus: usize, room: usize) -> (usize, Vec<usize>) {
    let least = usize::from(PAGES);
    if desires.len() * least <= room {
        return (0, heights(desires, room));
    }
    let wants: Vec<usize> = desires.iter().map(|desire| (*desire).min(room / 2).max(least)).collect();
    let mut first = focus;
    while first > 0 && wants.iter().skip(first - 1).sum::<usize>() <= room {
        first -= 1;
    }
    let mut shares = Vec::new();
    let mut left = room;
    for want in wants.iter().skip(first) {
        if left < least {
            break;
        }
        let share = (*want).min(left);
        shares.push(share);
        left -= share;
    }
    if let Some(last) = shares.last_mut() {
        *last += left;
    }
    (first, shares)
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
    fn too_many_rows_begin_with_the_focus_and_end_with_the_last() {
        let desires = [16, 18, 12, 14, 30];
        assert_eq!(window(&desires, 0, 46), (0, vec![16, 18, 12]));
        assert_eq!(window(&desires, 1, 46), (1, vec![18, 12, 16]));
        assert_eq!(window(&desires, 4, 46), (3, vec![14, 32]));
        assert_eq!(window(&[10, 100], 1, 40), (0, heights(&[10, 100], 40)), "all have room");
        assert_eq!(window(&[5; 9], 8, 26), (7, vec![10, 16]));
    }

    #[test]
    fn shares_rows_by_need() {
        assert_eq!(heights(&[10, 100], 40), [10, 30]);
        assert_eq!(heights(&[100, 100], 40), [20, 20]);
        assert_eq!(heights(&[5, 5], 40), [5, 35]);
        assert_eq!(heights(&[], 40), [0; 0]);
    }
}
