//! `write`: what is written where, and read back.

use super::super::page::{Page, Pane};
use super::super::panel::{Panel, Shape};
use super::super::reply::Reply;
use super::super::text::{self, pages};
use super::super::theme::Tone;
use super::super::widgets::Choices;
use super::{Look, transcript};
use crate::ceremony::{MediumWanted, Question, Unfit, View, WrittenView};
use crate::steps::{VolumeFacts, VolumeId};

pub(super) fn panes<'a>(look: &Look<'a>, width: usize) -> Vec<Pane<'a>> {
    let mut page = Page::new(width);
    if let Question::WriteFault { name, volume, label, message, .. } = &look.view.question {
        page.say(Tone::Bad, &pages::not_written(name, &by_number(look.view, *volume, label)));
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
        let medium = medium(view, &written.label, &written.serial);
        page.verbatim(Tone::Text, &pages::written(&written.name, &medium));
        let (mark, tone) = mark(written);
        page.hanging(tone, &format!(" {mark}  "), Tone::Quiet, &written.state);
    }
    if view.written.is_empty() {
        page.say(Tone::Quiet, pages::WRITTEN_NONE);
    }
}

/// A medium as people tell it from the others.
fn medium(view: &View, label: &str, serial: &str) -> String {
    let media = view.volumes.iter().chain(&view.record_volumes).map(|medium| (&medium.label, &medium.serial));
    let mut media = media.chain(view.written.iter().map(|written| (&written.label, &written.serial)));
    let alike = media.any(|(other, number)| other == label && number != serial);
    text::medium(label, alike.then_some(serial))
}

/// The same, for one whose serial may be known by its number alone.
fn by_number(view: &View, number: VolumeId, label: &str) -> String {
    let bound = view.record_volumes.iter().chain(&view.request_volume);
    let known = bound.chain(&view.volumes).find(|known| known.id == number && known.label == label);
    known.map_or_else(|| text::medium(label, None), |known| medium(view, label, &known.serial))
}

fn mark(written: &WrittenView) -> (&'static str, Tone) {
    match written.state.as_str() {
        _ if written.is_written() => ("OK", Tone::Good),
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
    let failed = by_number(view, volume, label);
    let mut choices = Choices::default();
    choices.push('A', text::WRITE_AGAIN, Reply::Yes);
    let others = || view.volumes.iter().filter(|other| other.id != volume);
    for (index, other) in others().filter(|other| wanted.unfit(other).is_none()).enumerate() {
        let key = u32::try_from(index + 1).ok().and_then(|number| char::from_digit(number, 10)).unwrap_or(' ');
        let shown = medium(view, &other.label, &other.serial);
        choices.push(key, text::write_other(&shown), Reply::Volume(other.id));
    }
    if optional {
        choices.push('N', text::WRITE_WITHOUT, Reply::No.sure(text::WRITE_WITHOUT_SURE));
    }
    let panel = Panel::new(text::write_fault(name, &failed), Shape::Choices);
    let unfit = others().filter(|other| !is_known(view, other) || wanted.unfit(other) != Some(Unfit::Label));
    let unfit = unfit.filter_map(|other| {
        let reason = text::unfit(wanted.unfit(other)?, wanted);
        Some(format!("{}: {reason}", medium(view, &other.label, &other.serial)))
    });
    unfit.take(NAMED).fold(panel.explain(text::WRITE_FAULT_HOW), Panel::explain).act(choices)
}

/// The delivery log, which belongs to the record on one medium and goes to no other.
pub(super) fn log_fault(view: &View, (name, volume, label): (&str, VolumeId, &str), message: &str) -> Panel {
    let mut choices = Choices::default();
    choices.push('A', text::WRITE_AGAIN, Reply::Yes);
    choices.push('N', text::WRITE_WITHOUT, Reply::No.sure(text::WRITE_WITHOUT_LOG_SURE));
    let panel = Panel::new(text::write_fault(name, &by_number(view, volume, label)), Shape::Choices);
    panel.explain(message.to_owned()).explain(text::WRITE_FAULT_LOG_HOW).act(choices)
}
