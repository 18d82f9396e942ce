//! `execute`: the actions run.

use super::super::page::{Page, Pane};
use super::super::panel::{Panel, Shape};
use super::super::reply::Reply;
use super::super::text::{self, pages};
use super::super::theme::Tone;
use super::super::widgets::{Choice, Choices, progress};
use super::{Look, media, transcript};
use crate::ceremony::{Question, View};
use crate::steps::VolumeFacts;

pub(super) fn panes<'a>(look: &Look<'a>, width: usize) -> Vec<Pane<'a>> {
    let view = look.view;
    let mut page = Page::new(width);
    if let Question::Fault { message } = &view.question {
        page.say(Tone::Bad, if view.token_fault.is_some() { pages::TOKEN_FAILED } else { pages::WITHHELD });
        page.blank();
        page.say(Tone::Text, message);
        page.blank();
    }
    let (made, total) = view.signatures;
    page.say(Tone::Head, pages::SIGNATURES);
    match &view.question {
        Question::Working(working) => {
            for line in progress(made, total, look.now.uptime.saturating_sub(working.since), width) {
                page.line(line);
            }
        }
        _ => page.say(Tone::Text, &pages::made(made, total)),
    }
    if let Some(plan) = &view.plan {
        page.blank();
        for job in &plan.jobs {
            page.pair(&pages::job(job.number), Tone::Text, &job.zone.to_string());
        }
        let start =
            crate::render::hex::groups(plan.sha256.as_bytes()).into_iter().take(4).collect::<Vec<_>>().join(" ");
        page.pair(pages::PLAN, Tone::Text, &pages::plan_begins(&start));
    }
    if let Some(token) = &view.token {
        page.pair(pages::TOKEN, Tone::Text, &pages::serial(&token.serial));
    }
    let mut panes = vec![Pane::new(pages::EXECUTE, page)];
    panes.extend(transcript(look, width));
    panes
}

/// The locked screen.
pub(super) fn paused<'a>(width: usize) -> Pane<'a> {
    let mut page = Page::new(width);
    let [title, rest @ ..] = text::PAUSED_SCREEN;
    page.say(Tone::Warn, title);
    for line in rest {
        page.blank();
        page.say(Tone::Text, line);
    }
    Pane::new(pages::PAUSE, page)
}

fn yes(label: &str) -> Choices {
    Choices::new(vec![Choice { key: 'Y', label: label.to_owned(), reply: Reply::Yes }])
}

pub(super) fn fault(view: &View) -> Panel {
    if view.token_fault.is_some() {
        return Panel::new(text::FAULT, Shape::Choices).explain(text::FAULT_HOW).act(yes(text::FAULT_YES));
    }
    let is_bound = |id| view.record_volumes.iter().chain(&view.request_volume).any(|bound| bound.id == id);
    let is_fit = |volume: &VolumeFacts| {
        volume.label.starts_with(&view.labels.record) && volume.writable && !volume.is_foreign() && !is_bound(volume.id)
    };
    let plugged = text::media(&view.volumes).into_iter().zip(&view.volumes).filter(|(_, volume)| is_fit(volume));
    let items = plugged.map(|(label, volume)| (text::record_volume_too(&label), Reply::Volume(volume.id)));
    let mut choices = Choices::numbered(items);
    choices.push('Y', text::FAULT_YES, Reply::Yes);
    let panel = Panel::new(text::WITHHELD, Shape::Choices).explain(text::FAULT_HOW);
    let gone = view.record_volumes.iter().filter(|bound| !media::is_there(view, bound));
    gone.fold(panel, |panel, medium| panel.warn(text::medium_gone(medium))).act(choices)
}

pub(super) fn going_on() -> Panel {
    Panel::new(text::PAUSED, Shape::Choices).explain(text::PAUSED_HOW).act(yes(text::PAUSED_YES))
}
