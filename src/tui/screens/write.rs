//! `write`: what is written where, and read back.

use super::super::page::{Page, Pane};
use super::super::panel::{Panel, Shape};
use super::super::reply::Reply;
use super::super::text::{self, pages};
use super::super::theme::Tone;
use super::super::widgets::Choices;
use super::{Look, transcript};
use crate::ceremony::{MediumWanted, Question, Unfit, View, WrittenView};
use crate::render;
use crate::steps::{VolumeFacts, VolumeId};

pub(super) fn panes<'a>(look: &Look<'a>, width: usize) -> Vec<Pane<'a>> {
    let mut page = Page::new(width);
    if let Question::WriteFault { name, label, message, .. } = &look.view.question {
        page.say(Tone::Bad, &pages::not_written(name, &render::escape(label, 24)));
        page.say(Tone::Text, message);
        page.blank();
    }
    written(look.view, &mut page);
    if let Some(fingerprint) = &look.view.fingerprint {
        page.blank();
        page.digest(pages::FINGERPRINT, fingerprint);
    }
    let mut panes = vec![Pane::new(pages::WRITE, page)];
    panes.extend(transcript(look, width));
    panes
}

/// One entry a thing to write: name and medium, then its state.
pub(super) fn written(view: &View, page: &mut Page<'_>) {
    for written in &view.written {
        page.verbatim(Tone::Text, &pages::written(&written.name, &render::escape(&written.label, 24)));
        let (mark, tone) = mark(written);
        page.hanging(tone, &format!(" {mark}  "), Tone::Quiet, &written.state);
    }
    if view.written.is_empty() {
        page.say(Tone::Quiet, pages::WRITTEN_NONE);
    }
}

fn mark(written: &WrittenView) -> (&'static str, Tone) {
    match written.state.as_str() {
        "read back: identical" => ("OK", Tone::Good),
        "waiting" | "writing" => ("..", Tone::Quiet),
        _ => ("!!", Tone::Bad),
    }
}

/// Whether a medium has another use in this ceremony, so that nobody wonders why it does not do.
fn is_known(view: &View, volume: &VolumeFacts) -> bool {
    let share = &view.labels.share;
    let bound = view.record_volumes.iter().chain(&view.request_volume).any(|bound| bound.id == volume.id);
    bound || (!share.is_empty() && volume.label.starts_with(share.as_str()))
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
    let unfit = others().filter(|other| !is_known(view, other) || wanted.unfit(other) != Some(Unfit::Label));
    let unfit = unfit.filter_map(|other| {
        let reason = text::unfit(wanted.unfit(other)?, wanted);
        Some(format!("{}: {reason}", render::escape(&other.label, 24)))
    });
    unfit.take(NAMED).fold(panel.explain(text::WRITE_FAULT_HOW), Panel::explain).act(choices)
}
