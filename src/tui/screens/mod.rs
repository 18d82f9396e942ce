//! One file a step: what is shown, and what is asked. `frame` and `ask` draw it.

pub(crate) mod ask;
mod close;
mod execute;
pub(crate) mod findings;
pub(crate) mod frame;
mod hash;
mod keys;
mod media;
mod open;
mod plan;
mod request;
mod review;
mod spread;
mod unlock;
mod write;

use ratatui::text::Line;

use super::cache::Cache;
use super::help;
use super::page::{Page, Pane};
use super::panel::{Panel, Shape};
use super::reply::Reply;
use super::text::{self, pages};
use super::theme::Tone;
use super::widgets::{Choices, progress};
use crate::ceremony::{Question, View, Working};
use crate::steps::{Moment, Step, VolumeFacts};

/// What a screen is made from.
pub(crate) struct Look<'a> {
    /// The state of the ceremony.
    pub(crate) view: &'a View,
    /// Agreed time.
    pub(crate) now: Moment,
    /// What has been counted already.
    pub(crate) cache: &'a Cache,
    /// Whether F1 was pressed.
    pub(crate) help: bool,
}

/// The pages that can be looked at while the question is asked.
pub(crate) fn panes<'a>(look: &Look<'a>, width: usize) -> Vec<Pane<'a>> {
    if look.help {
        return vec![helping(look.view.step, width)];
    }
    match &look.view.question {
        // Everything else may show what is asked from paper.
        Question::ReadBack(asked) => vec![hash::holes(asked, width)],
        Question::Paused => vec![execute::paused(width)],
        // What failed is said in whatever step it did.
        Question::Fault { .. } => execute::panes(look, width),
        // The plan's own page begins with its digest.
        Question::TwoPeople(asked) if look.view.step != Step::Plan => {
            let mut panes = vec![hash::confirmed(look.view, asked, width)];
            panes.extend(of_step(look, width));
            panes
        }
        _ => of_step(look, width),
    }
}

fn of_step<'a>(look: &Look<'a>, width: usize) -> Vec<Pane<'a>> {
    match look.view.step {
        Step::Open => open::panes(look, width),
        Step::Media => media::panes(look, width),
        Step::Request => request::panes(look, width),
        Step::Plan => plan::panes(look, width),
        Step::Unlock => unlock::panes(look, width),
        Step::Execute => execute::panes(look, width),
        Step::Review => review::panes(look, width),
        Step::Write => write::panes(look, width),
        Step::Close => close::panes(look, width),
    }
}

/// The question as a panel; while something runs there is nothing to answer.
pub(crate) fn panel(view: &View) -> Panel {
    match &view.question {
        Question::Working(working) => Panel::new(format!("Please wait: {}", working.what), Shape::Choices),
        Question::Keyboard { layouts, loaded } => open::keyboard(layouts, *loaded),
        Question::Profile(choices) => open::profile(choices),
        Question::ConfirmProfile(choice) => open::confirm_profile(choice),
        Question::People { missing } => open::people(missing, &view.people),
        Question::Time(asked) => open::time(asked, &view.people),
        Question::Resume { entries, signatures } => open::resume(view, *entries, *signatures),
        Question::RecordVolumes { needed } => media::record_volumes(view, *needed),
        Question::RequestVolume => media::request_volume(view),
        Question::PreviousRecord(records) => media::previous_record(view, records),
        Question::Reason { subject, typed } => hash::reason(subject, typed),
        Question::TwoPeople(asked) => hash::two_people(asked, &view.people),
        Question::ReadBack(asked) => hash::read_back(asked),
        Question::Document(asked) => request::document(view, asked),
        Question::Judged { job, failed } => request::judged(view, *job, *failed),
        Question::MoreJobs => request::more_jobs(view),
        Question::Schema { job, choices } => plan::schema(view, *job, choices),
        Question::Acknowledge { job, check, number, total, .. } => plan::acknowledge(*job, check, *number, *total),
        Question::Token(tokens) => unlock::token(tokens),
        Question::Officer { choices, missing } => unlock::officer(choices, *missing, view),
        Question::ShareVolume { officer } => unlock::share_volume(officer, view),
        Question::Pin(asked) => unlock::pin(asked, view),
        Question::Fault { .. } => execute::fault(view),
        Question::Paused => execute::going_on(),
        Question::Review { failed } => review::accept(view, *failed),
        Question::WriteFault { wanted: None, name, volume, label, message, .. } => {
            write::log_fault(view, (name, *volume, label), message)
        }
        Question::WriteFault { name, volume, label, optional, wanted: Some(wanted), .. } => {
            write::fault(view, (name, *volume, label), *optional, wanted)
        }
        Question::Close => close::on_paper(),
        Question::Finished { outcome } => close::finished(outcome, &view.written),
    }
}

/// How far the running work is, in the panel of the question.
pub(crate) fn working(working: &Working, now: Moment, width: usize) -> Vec<Line<'static>> {
    progress(working.done, working.total, now.uptime.saturating_sub(working.since), width)
}

/// A page of the last entries of the transcript, the newest first.
fn transcript<'a>(look: &Look<'a>, width: usize) -> Option<Pane<'a>> {
    let log = &look.view.log;
    let mut page = Page::new(width);
    for line in log.iter().rev() {
        let clock: String = line.time.to_string().chars().skip("2026-11-22T".len()).take("13:00:07".len()).collect();
        page.hanging(Tone::Quiet, &format!("{:>4} {clock}  ", line.seq), Tone::Text, &line.text);
    }
    (!log.is_empty()).then(|| Pane::new(pages::TRANSCRIPT, page))
}

fn helping<'a>(step: Step, width: usize) -> Pane<'a> {
    let help = help::help(step);
    let mut page = Page::new(width);
    page.say(Tone::Head, &pages::help(step));
    page.say(Tone::Text, help.purpose);
    for (title, lines) in [(pages::HELP_OPERATOR, help.operator), (pages::HELP_WITNESSES, help.witnesses)] {
        page.blank();
        page.say(Tone::Head, title);
        for line in lines {
            page.hanging(Tone::Text, "- ", Tone::Text, line);
        }
    }
    page.blank();
    page.say(Tone::Head, pages::HELP_KEYS);
    for (keys, meaning) in help::KEYS {
        page.line(Line::from(vec![Tone::Warn.span(format!("{keys:<13}")), Tone::Text.span(meaning)]));
    }
    Pane::new(pages::HELP, page)
}

/// Numbered volumes to choose from, the first whose label begins so chosen.
fn volumes(view: &View, label: &str) -> Choices {
    let items = text::media(&view.volumes).into_iter().zip(&view.volumes);
    let mut choices = Choices::numbered(items.map(|(text, volume)| (text, Reply::Volume(volume.id))));
    fitting(&mut choices, view, label);
    choices
}

/// Chooses the first volume whose label begins so and that is not bound yet; where there is none, nothing changes.
fn fitting(choices: &mut Choices, view: &View, label: &str) {
    let is_bound = |volume: &VolumeFacts| {
        view.record_volumes.iter().chain(&view.request_volume).any(|bound| bound.id == volume.id)
    };
    if let Some(volume) = view.volumes.iter().find(|volume| volume.label.starts_with(label) && !is_bound(volume)) {
        choices.choose(&Reply::Volume(volume.id));
    }
}

/// A panel of choices alone, with another text where there is none.
fn choose(title: impl Into<String>, choices: Choices, none: &str) -> Panel {
    let panel = Panel::new(title, Shape::Choices);
    let panel = if choices.items().iter().any(|item| matches!(item.reply, Reply::Choose(_) | Reply::Volume(_))) {
        panel
    } else {
        panel.explain(none)
    };
    panel.act(choices)
}
