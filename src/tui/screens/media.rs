//! `media`: which volume is what, and the last ceremony's record.

use super::super::page::{Page, Pane};
use super::super::panel::Panel;
use super::super::reply::Reply;
use super::super::text::{self, pages};
use super::super::theme::Tone;
use super::super::widgets::Choices;
use super::{Look, choose, fitting, transcript, volumes};
use crate::ceremony::{RecordChoice, View};
use crate::render::{self, Column, Table};
use crate::steps::{Step, VolumeFacts};

pub(super) fn panes<'a>(look: &Look<'a>, width: usize) -> Vec<Pane<'a>> {
    let mut panes = vec![Pane::new(pages::MEDIA, bound(look.view, width))];
    panes.extend(transcript(look, width));
    panes
}

/// Everything that is plugged in, and what it is used for.
pub(super) fn plugged_in<'a>(view: &View, width: usize) -> Page<'a> {
    let mut page = Page::new(width);
    page.say(Tone::Head, pages::PLUGGED_IN);
    let absent = view.record_volumes.iter().chain(&view.request_volume).filter(|bound| !is_there(view, bound));
    let absent: Vec<&VolumeFacts> = absent.collect();
    if view.volumes.is_empty() && absent.is_empty() {
        page.say(Tone::Quiet, text::NO_VOLUMES);
    } else {
        let [label, serial, free, usage] = pages::MEDIA_HEADS;
        let heads = [Column::left(label), Column::left(serial), Column::right(free), Column::left(usage)];
        let mut table = Table::new(heads).max_width(width);
        for volume in &view.volumes {
            let label = render::escape(&volume.label, 24);
            table.push([label, render::escape(&volume.serial, 24), text::octets(volume.free), used(view, volume)]);
        }
        for volume in absent {
            let label = render::escape(&volume.label, 24);
            let used = format!("{}, {}", used(view, volume), pages::USE_ABSENT);
            table.push([label, render::escape(&volume.serial, 24), pages::FREE_ABSENT.to_owned(), used]);
        }
        for line in table.lines() {
            page.line(Tone::Text.line(line));
        }
    }
    page
}

/// Everything that is plugged in, and the last record.
pub(super) fn bound<'a>(view: &View, width: usize) -> Page<'a> {
    let mut page = plugged_in(view, width);
    page.blank();
    page.say(Tone::Head, pages::LAST_CEREMONY);
    match &view.previous_record {
        None => page.say(Tone::Quiet, pages::LAST_CEREMONY_NONE),
        Some(previous) => {
            page.pair(pages::LABEL_RECORD, Tone::Text, &previous.folder);
            page.pair(pages::LABEL_AUDIT, Tone::Text, &previous.verdict);
            page.blank();
            page.digest(pages::LAST_FINGERPRINT, &previous.fingerprint);
        }
    }
    page
}

/// Whether it is the same medium, not only the same number, which media that are not there share.
fn is_same(a: &VolumeFacts, b: &VolumeFacts) -> bool {
    a.id == b.id && a.is_same_medium(b)
}

/// Whether a medium that was bound is plugged in.
pub(super) fn is_there(view: &View, bound: &VolumeFacts) -> bool {
    view.volumes.iter().any(|volume| volume.id == bound.id)
}

fn used(view: &View, volume: &VolumeFacts) -> String {
    let mut uses = Vec::new();
    if view.record_volumes.iter().any(|bound| is_same(bound, volume)) {
        uses.push(pages::USE_RECORD);
    }
    if view.request_volume.as_ref().is_some_and(|bound| is_same(bound, volume)) {
        uses.push(pages::USE_REQUEST);
    }
    if volume.is_foreign() {
        uses.push(pages::USE_FOREIGN);
    } else if !volume.writable {
        uses.push(pages::USE_PROTECTED);
    }
    if uses.is_empty() { "-".to_owned() } else { uses.join(", ") }
}

pub(super) fn record_volumes(view: &View, needed: usize) -> Panel {
    let marked = |volume: &VolumeFacts| view.record_volumes.iter().any(|bound| bound.id == volume.id);
    let items = text::media(&view.volumes).into_iter().zip(&view.volumes).map(|(label, volume)| {
        let mark = if marked(volume) { "[x]" } else { "[ ]" };
        (format!("{mark} {label}"), Reply::Volume(volume.id))
    });
    let mut choices = Choices::numbered(items);
    choices.push('D', text::RECORD_VOLUMES_DONE, Reply::Done);
    fitting(&mut choices, view, &view.labels.record);
    let how = text::record_volumes_how(&view.labels.record);
    choose(text::record_volumes(needed), choices, text::NO_VOLUMES).explain(how)
}

pub(super) fn request_volume(view: &View) -> Panel {
    let choices = volumes(view, &view.labels.request);
    let panel = choose(text::REQUEST_VOLUME, choices, text::NO_VOLUMES).explain(text::labelled(&view.labels.request));
    // Once one is bound, Escape leads back to its files.
    if view.step == Step::Request { panel.back() } else { panel }
}

pub(super) fn previous_record(view: &View, records: &[RecordChoice]) -> Panel {
    let label = |record: &RecordChoice| {
        let mark = if record.interrupted { "!! INTERRUPTED: " } else { "" };
        format!("{mark}{} on {}", record.folder, render::escape(&record.label, 24))
    };
    let items = records.iter().enumerate().map(|(index, record)| (label(record), Reply::Choose(index)));
    let mut choices = Choices::numbered(items);
    choices.push('N', text::PREVIOUS_RECORD_NONE, Reply::No.sure(text::PREVIOUS_RECORD_SURE));
    let panel = choose(text::PREVIOUS_RECORD, choices, text::PREVIOUS_RECORD_NOWHERE);
    panel.explain(text::previous_record_where(&view.labels.record))
}
