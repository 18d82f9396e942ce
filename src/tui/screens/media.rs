//! `media`: which volume is what, and the last ceremony's record.

use super::super::page::{Page, Pane};
use super::super::panel::Panel;
use super::super::reply::Reply;
use super::super::text;
use super::super::theme::Tone;
use super::super::widgets::Choices;
use super::{Look, choose, transcript, volumes};
use crate::ceremony::{RecordChoice, View};
use crate::render::{self, Column, Table};
use crate::steps::VolumeFacts;

pub(super) fn panes<'a>(look: &Look<'a>, width: usize) -> Vec<Pane<'a>> {
    let mut panes = vec![Pane::new("Media", bound(look.view, width))];
    panes.extend(transcript(look, width));
    panes
}

/// Everything that is plugged in, and what it is used for.
pub(super) fn plugged_in<'a>(view: &View, width: usize) -> Page<'a> {
    let mut page = Page::new(width);
    page.say(Tone::Head, "Plugged in");
    if view.volumes.is_empty() {
        page.say(Tone::Quiet, text::NO_VOLUMES);
    } else {
        let heads = [Column::left("Label"), Column::left("Serial"), Column::right("Free"), Column::left("Use")];
        let mut table = Table::new(heads).max_width(width);
        for volume in &view.volumes {
            let label = render::escape(&volume.label, 24);
            table.push([label, render::escape(&volume.serial, 24), text::octets(volume.free), usage(view, volume)]);
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
    page.say(Tone::Head, "Last ceremony");
    match &view.previous_record {
        None => page.say(Tone::Quiet, "Not chosen yet, or there is none."),
        Some(previous) => {
            page.pair("Record", Tone::Text, &previous.folder);
            page.pair("Audit", Tone::Text, &previous.verdict);
            page.blank();
            page.digest("Fingerprint of its transcript", &previous.fingerprint);
        }
    }
    page
}

fn usage(view: &View, volume: &VolumeFacts) -> String {
    let mut uses = Vec::new();
    if view.record_volumes.iter().any(|bound| bound.id == volume.id) {
        uses.push("record");
    }
    if view.request_volume.as_ref().is_some_and(|bound| bound.id == volume.id) {
        uses.push("request");
    }
    if volume.is_foreign() {
        uses.push("cannot be used");
    } else if !volume.writable {
        uses.push("write-protected");
    }
    if uses.is_empty() { "-".to_owned() } else { uses.join(", ") }
}

pub(super) fn record_volumes(view: &View, needed: usize) -> Panel {
    let marked = |volume: &VolumeFacts| view.record_volumes.iter().any(|bound| bound.id == volume.id);
    let items = view.volumes.iter().map(|volume| {
        let mark = if marked(volume) { "[x]" } else { "[ ]" };
        (format!("{mark} {}", text::medium(volume)), Reply::Volume(volume.id))
    });
    let mut choices = Choices::numbered(items);
    choices.push('D', text::RECORD_VOLUMES_DONE, Reply::Done);
    choose(text::record_volumes(needed), choices, text::NO_VOLUMES).explain(text::RECORD_VOLUMES_HOW)
}

pub(super) fn request_volume(view: &View) -> Panel {
    choose(text::REQUEST_VOLUME, volumes(view), text::NO_VOLUMES)
}

pub(super) fn previous_record(records: &[RecordChoice]) -> Panel {
    let label = |record: &RecordChoice| {
        let mark = if record.interrupted { "!! INTERRUPTED: " } else { "" };
        format!("{mark}{} on {}", record.folder, render::escape(&record.label, 24))
    };
    let items = records.iter().enumerate().map(|(index, record)| (label(record), Reply::Choose(index)));
    let mut choices = Choices::numbered(items);
    choices.push('N', text::PREVIOUS_RECORD_NONE, Reply::No.sure(text::PREVIOUS_RECORD_SURE));
    choose(text::PREVIOUS_RECORD, choices, "No record was found on any medium.")
}
