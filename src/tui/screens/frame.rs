//! The frame around every screen: top line, banner, steps, pages, question, keys.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::panel::Panel;
use super::super::text;
use super::super::theme::{Tone, plain};
use super::ask::Laid;
use super::{Look, close, spread};
use crate::ceremony::{Code, Question, View};
use crate::steps::Step;

/// The smallest screen.
pub(crate) const SMALLEST: (u16, u16) = (80, 24);

/// Columns of the steps, with the line beside them.
const STEPS: u16 = 12;

/// Rows of pages that always stay: nine steps, or heading and eight rows of a digest.
pub(super) const PAGES: u16 = 10;

/// Rows of pages that stay beside a question with a very long explanation.
const FEWEST: u16 = 4;

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
        let lines = text::banner(&drawn.look.view.mode).into_iter().chain(text::too_small(area.width, area.height));
        for (line, y) in lines.zip(area.y..area.bottom()) {
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
    let usb = text::usb_notices(&view.computer.usb);
    let notices: Vec<String> = view.spool_fault.iter().map(|fault| text::unspooled(fault)).chain(usb).collect();
    let laid = Laid::new(drawn.panel, &notices, drawn.refusal, progress, area.width);
    let most = usize::from(rest.height.saturating_sub(PAGES + 2));
    let most = most.max(laid.least().min(usize::from(rest.height.saturating_sub(FEWEST + 2))));
    let height = u16::try_from(laid.rows().min(most)).unwrap_or(0);
    let question = Rect { y: area.bottom() - 1 - height, height, ..area };
    let pages = Rect { height: rest.height - height - 2, ..rest };
    let rule = format!("{}┴{}", "─".repeat(usize::from(STEPS) - 1), "─".repeat(usize::from(area.width - STEPS)));
    frame.buffer_mut().set_stringn(area.x, pages.bottom(), rule, usize::from(area.width), Tone::Rule.style());
    steps(frame.buffer_mut(), Rect { width: STEPS, ..pages }, view);
    let beside = Rect { x: pages.x + STEPS, width: pages.width - STEPS, ..pages };
    let seen = spread::draw(frame.buffer_mut(), beside, drawn);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_out_the_keys_that_everybody_knows_first() {
        let keys = vec![text::KEY_HELP, text::KEY_FIELD, text::KEY_ENTER];
        assert_eq!(fitting(keys.clone(), 80), keys);
        assert_eq!(fitting(keys, 20), [text::KEY_HELP, text::KEY_ENTER]);
    }
}
