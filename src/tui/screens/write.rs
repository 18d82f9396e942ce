//! `write`: what is written where, and read back.

use ratatui::text::Line;

use super::super::page::{Page, Pane};
use super::super::panel::{Panel, Shape};
use super::super::reply::Reply;
use super::super::text;
use super::super::theme::Tone;
use super::super::widgets::Choices;
use super::{Look, transcript};
use crate::ceremony::{MediumWanted, Question, View, WrittenView};
use crate::render;
use crate::steps::VolumeId;

pub(super) fn panes<'a>(look: &Look<'a>, width: usize) -> Vec<Pane<'a>> {
    let mut page = Page::new(width);
    if let Question::WriteFault { name, label, message, .. } = &look.view.question {
        page.say(Tone::Bad, &format!("!! NOT WRITTEN: {name} to {}", render::escape(label, 24)));
        page.say(Tone::Text, message);
        page.blank();
    }
    written(look.view, &mut page);
    if let Some(fingerprint) = &look.view.fingerprint {
        page.blank();
        page.digest("Transcript fingerprint (SHA-256)", fingerprint);
    }
    let mut panes = vec![Pane::new("Write", page)];
    panes.extend(transcript(look, width));
    panes
}

/// One entry a thing to write: name and medium, then its state.
pub(super) fn written(view: &View, page: &mut Page<'_>) {
    for written in &view.written {
        page.verbatim(Tone::Text, &format!("{}  on {}", written.name, render::escape(&written.label, 24)));
        let (mark, tone) = mark(written);
        page.line(Line::from(vec![tone.span(format!(" {mark}")), Tone::Quiet.span(format!("  {}", written.state))]));
    }
    if view.written.is_empty() {
        page.say(Tone::Quiet, "Nothing has been written yet.");
    }
}

fn mark(written: &WrittenView) -> (&'static str, Tone) {
    match written.state.as_str() {
        "read back: identical" => ("OK", Tone::Good),
        "waiting" | "writing" => ("..", Tone::Quiet),
        _ => ("!!", Tone::Bad),
    }
}

/// Media named with the reason why they do not do.
const NAMED: usize = 3;

pub(super) fn fault(
    view: &View,
    (name, volume, label): (&str, VolumeId, &str),
    optional: bool,
    wanted: &MediumWanted,
) -> Panel {
    let label = render::escape(label, 24);
    let mut choices = Choices::default();
    choices.push('A', text::WRITE_AGAIN, Reply::Yes);
    let others = || view.volumes.iter().filter(|other| other.id != volume);
    for (index, other) in others().filter(|other| wanted.unfit(other).is_none()).enumerate() {
        let key = u32::try_from(index + 1).ok().and_then(|number| char::from_digit(number, 10)).unwrap_or(' ');
        let shown = render::escape(&other.label, 24);
        choices.push(key, text::write_other(&shown), Reply::Volume(other.id));
    }
    if optional {
        choices.push('N', text::WRITE_WITHOUT, Reply::No.sure(text::WRITE_WITHOUT_SURE));
    }
    let panel = Panel::new(text::write_fault(name, &label), Shape::Choices);
    let unfit = others().filter_map(|other| {
        let reason = text::unfit(wanted.unfit(other)?, wanted);
        Some(format!("{}: {reason}", render::escape(&other.label, 24)))
    });
    unfit.take(NAMED).fold(panel.explain(text::WRITE_FAULT_HOW), Panel::explain).act(choices)
}
