//! `close`: what goes onto paper, and its QR codes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::page::{Page, Pane};
use super::super::panel::{Panel, Shape};
use super::super::reply::Reply;
use super::super::text::{self, pages};
use super::super::theme::Tone;
use super::super::widgets::{Choice, Choices, qr};
use super::{Look, transcript, write};
use crate::ceremony::{Code, Question, WrittenView};
use crate::render;
use crate::transcript::names;

pub(super) fn panes<'a>(look: &Look<'a>, width: usize) -> Vec<Pane<'a>> {
    let view = look.view;
    let mut panes: Vec<Pane<'a>> = view.codes.iter().map(|code| Pane::new(tab(code), page(code, width))).collect();
    let mut page = Page::new(width);
    if let Question::Finished { outcome } = &view.question {
        page.say(Tone::Head, &text::finished(outcome));
        page.blank();
        write::written(view, &mut page);
        panes.insert(0, Pane::new(pages::RESULT, page));
    } else {
        write::written(view, &mut page);
        panes.push(Pane::new(pages::WRITTEN, page));
    }
    panes.extend(transcript(look, width));
    panes
}

/// A title short enough to stand beside others.
fn tab(code: &Code) -> &str {
    code.title.strip_prefix(pages::SHA256_OF).unwrap_or(&code.title)
}

fn page<'a>(code: &Code, width: usize) -> Page<'a> {
    let mut page = Page::new(width);
    match &code.sha256 {
        Some(sha256) => page.digest(&code.title, sha256),
        None => page.say(Tone::Head, &code.title),
    }
    page.blank();
    page.say(Tone::Quiet, pages::IN_THE_CODE);
    page.say(Tone::Text, &code.payload);
    page
}

/// Frames into which a code is split in this area.
pub(crate) fn frames(code: &Code, area: Rect) -> usize {
    qr::frames(&code.payload, area.width, area.height).map_or(1, |frames| frames.len())
}

/// Draws one frame of a code, with what it is beside it.
pub(crate) fn draw(buffer: &mut Buffer, area: Rect, code: &Code, frame: usize) {
    let drawn = qr::frames(&code.payload, area.width, area.height)
        .and_then(|frames| Ok((frames.len(), render::matrix(frames.get(frame).map_or(&[], String::as_bytes))?)));
    let mut page;
    let beside = match drawn {
        Ok((count, matrix)) => {
            qr::draw(buffer, area, &matrix);
            let (width, _) = qr::size(&matrix);
            let left = width.saturating_add(2).min(area.width);
            let beside = Rect { x: area.x + left, width: area.width - left, ..area };
            page = Page::new(usize::from(beside.width));
            page.say(Tone::Head, &code.title);
            page.blank();
            if count > 1 {
                page.say(Tone::Warn, &pages::code_frame(frame + 1, count));
                page.blank();
            }
            page.say(Tone::Text, &code.payload);
            page.blank();
            page.say(Tone::Quiet, pages::CODE_KEYS);
            beside
        }
        Err(error) => {
            page = Page::new(usize::from(area.width));
            page.say(Tone::Head, &code.title);
            page.say(Tone::Warn, &format!("!! {error}"));
            area
        }
    };
    page.draw(buffer, beside, 0);
}

pub(super) fn on_paper() -> Panel {
    let yes = Choice { key: 'Y', label: text::CLOSE_YES.to_owned(), reply: Reply::Done.sure(text::CLOSE_SURE) };
    Panel::new(text::CLOSE, Shape::Choices).explain(text::CLOSE_HOW).act(Choices::new(vec![yes]))
}

pub(super) fn finished(outcome: &str, written: &[WrittenView]) -> Panel {
    let leave = Choice { key: 'L', label: text::FINISHED_YES.to_owned(), reply: Reply::Done };
    let panel = Panel::new(text::finished(outcome), Shape::Choices);
    let how = if written.is_empty() { text::FINISHED_UNWRITTEN } else { text::FINISHED_HOW };
    let unlogged = written.iter().filter(|row| row.name == names::DELIVERY && !row.is_written()).count();
    let panel = if unlogged == 0 { panel } else { panel.warn(text::finished_without_log(unlogged)) };
    panel.explain(how).act(Choices::new(vec![leave]))
}
