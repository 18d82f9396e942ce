//! `request`: documents, bundles, keys and what the checks say of them.

use ratatui::text::Line;

use super::super::page::{Page, Pane};
use super::super::panel::{Panel, Shape};
use super::super::reply::Reply;
use super::super::text;
use super::super::theme::Tone;
use super::super::widgets::Choices;
use super::{Look, choose, findings, keys, media};
use crate::ceremony::{BundleView, DocumentAsked, FileChoice, JobView, Purpose, Question, View};
use crate::dns::Time;
use crate::render::{Column, Table};

pub(super) fn panes<'a>(look: &Look<'a>, width: usize) -> Vec<Pane<'a>> {
    let view = look.view;
    let choosing = matches!(&view.question, Question::Document(asked) if asked.purpose == Purpose::Request);
    let Some(job) = view.jobs.last().filter(|_| !choosing) else {
        return vec![Pane::new("Jobs", jobs(view, width)), Pane::new("Media", media::bound(view, width))];
    };
    let mut panes =
        vec![request(job, width), bundles(job, width), key_pane(look, job, width), checks(look, job, width)];
    if view.jobs.len() > 1 || matches!(view.question, Question::MoreJobs) {
        let first = if matches!(view.question, Question::MoreJobs) { 0 } else { panes.len() };
        panes.insert(first, Pane::new("Jobs", jobs(view, width)));
    }
    panes
}

/// All jobs so far.
pub(super) fn jobs<'a>(view: &View, width: usize) -> Page<'a> {
    let mut page = Page::new(width);
    if view.jobs.is_empty() {
        page.say(Tone::Quiet, "No request has been chosen yet.");
        return page;
    }
    let heads = ["Zone", "Format", "Request", "State"].map(Column::left);
    let mut table = Table::new([Column::right("Job")].into_iter().chain(heads)).max_width(width);
    for job in &view.jobs {
        let state = if job.accepted { "taken" } else { "being judged" };
        let format = job.format.to_string();
        table.push([job.number.to_string(), job.zone.to_string(), format, job.request.file.clone(), state.to_owned()]);
    }
    for line in table.lines() {
        page.line(Tone::Text.line(line));
    }
    page
}

fn request<'a>(job: &JobView, width: usize) -> Pane<'a> {
    let mut page = Page::new(width);
    page.pair("Request", Tone::Text, &format!("{}  ({})", job.request.file, text::octets(job.request.octets)));
    page.pair("Zone", Tone::Text, &format!("{} (job {}, format {})", job.zone, job.number, job.format));
    if let (Some(first), Some(last)) = (job.bundles.first(), job.bundles.last()) {
        let end = last.expiration.unwrap_or(last.inception);
        let count = job.bundles.len();
        page.pair("Bundles", Tone::Text, &format!("{count}, {} to {}", first.inception.date(), end.date()));
    }
    page.digest("SHA-256 of the request", &job.request.sha256);
    page.blank();
    match &job.previous {
        None => page.say(Tone::Warn, "WARN  No previous response: this is the zone's first."),
        Some(previous) => {
            page.pair("Previous", Tone::Text, &format!("{}  ({})", previous.file, text::octets(previous.octets)));
            page.digest("SHA-256 of the previous response", &previous.sha256);
        }
    }
    Pane::new("Request", page)
}

fn bundles(job: &JobView, width: usize) -> Pane<'_> {
    let digits = job.bundles.len().to_string().len().max(2);
    let ids = job.bundles.iter().any(|bundle| bundle.id.is_some());
    let rows = if ids { 2 } else { 1 };
    let mut page = Page::new(width);
    page.many(job.bundles.len() * rows, move |row| {
        let Some(bundle) = job.bundles.get(row / rows) else { return Line::default() };
        if row % rows == 1 {
            let id = bundle.id.as_deref().unwrap_or_default();
            return Tone::Quiet.line(format!("{:digits$} id {id}", ""));
        }
        Tone::Text.line(bundle_line(bundle, digits, width))
    });
    let head = format!("{:>digits$} {:<19} {:<19} ZSK tags", "No", "From (UTC)", "Until (UTC)");
    Pane { head: vec![Tone::Head.line(head)], ..Pane::new("Bundles", page) }
}

fn bundle_line(bundle: &BundleView, digits: usize, width: usize) -> String {
    let until = bundle.expiration.map_or_else(|| "set by the plan".to_owned(), moment);
    let mut line = format!("{:>digits$} {:<19} {until:<19}", bundle.number, moment(bundle.inception));
    for (index, (key, _)) in bundle.keys.iter().enumerate() {
        let tag = format!(" {}", key.key_tag());
        let more = format!(" +{}", bundle.keys.len() - index);
        let rest = if index + 1 < bundle.keys.len() { more.len() } else { 0 };
        if line.len() + tag.len() + rest > width {
            return line + &more;
        }
        line.push_str(&tag);
    }
    line
}

/// `2017-04-01 00:00:00`.
fn moment(time: Time) -> String {
    time.to_string().replace('T', " ").trim_end_matches('Z').to_owned()
}

fn key_pane<'a>(look: &Look<'a>, job: &'a JobView, width: usize) -> Pane<'a> {
    let uses = look.cache.keys(&job.bundles);
    let title = format!("Keys ({})", uses.len());
    let mut page = Page::new(width);
    page.has_digests();
    page.many(uses.len() * keys::ROWS, move |row| {
        let used = uses.get(row / keys::ROWS);
        let found = used.and_then(|used| Some((used, job.bundles.get(used.bundle)?.keys.get(used.key)?)));
        let Some((used, (key, fingerprint))) = found else { return Line::default() };
        let place = match used.count {
            1 => format!("in bundle {} alone", used.first),
            count if count == used.last - used.first + 1 => format!("in bundles {} to {}", used.first, used.last),
            count => format!("in {count} bundles between {} and {}", used.first, used.last),
        };
        keys::row(&format!("Key {}", row / keys::ROWS + 1), &place, key, fingerprint, row % keys::ROWS)
    });
    Pane::new(title, page)
}

fn checks<'a>(look: &Look<'a>, job: &'a JobView, width: usize) -> Pane<'a> {
    let [fail, warn, ..] = findings::count(&job.findings);
    let title = match (fail, warn) {
        (0, 0) => "Checks".to_owned(),
        (0, warn) => format!("Checks: {warn} WARN"),
        (fail, _) => format!("Checks: {fail} FAIL"),
    };
    let mut page = Page::new(width);
    findings::page(&mut page, &job.findings, look.cache.findings(&job.findings, width));
    Pane::new(title, page)
}

fn label(file: &FileChoice) -> String {
    format!("{}  ({}, {})", file.name, file.place, text::octets(file.size))
}

pub(super) fn document(asked: &DocumentAsked) -> Panel {
    let previous = asked.purpose == Purpose::Previous;
    let items = asked.files.iter().enumerate().map(|(index, file)| (label(file), Reply::Choose(index)));
    let mut choices = Choices::numbered(items);
    choices.push('L', text::DOCUMENT_AGAIN, Reply::Done);
    if previous {
        choices.push('N', text::DOCUMENT_NO_PREVIOUS, Reply::No.sure(text::DOCUMENT_SURE));
    } else {
        choices.push('N', text::DOCUMENT_NO_REQUEST, Reply::No);
    }
    choose(text::document(asked.job, previous), choices, text::NO_FILES)
}

pub(super) fn judged(view: &View, job: usize, failed: bool) -> Panel {
    let panel = Panel::new(text::judged(job, failed), Shape::Choices);
    let found = view.jobs.iter().find(|view| view.number == job);
    let [fail, warn, skipped, pass] = found.map(|job| findings::count(&job.findings)).unwrap_or_default();
    let verdicts = text::verdicts(fail, warn, skipped, pass);
    let drop = Reply::No.sure(text::JUDGED_SURE);
    if failed {
        let mut choices = Choices::default();
        choices.push('N', text::JUDGED_NO, drop);
        return panel.warn(verdicts).act(choices);
    }
    panel.explain(verdicts).yes_no((text::JUDGED_YES, Reply::Yes), (text::JUDGED_NO, drop))
}

pub(super) fn more_jobs() -> Panel {
    let panel = Panel::new(text::MORE_JOBS, Shape::Choices);
    panel.yes_no((text::MORE_JOBS_YES, Reply::Yes), (text::MORE_JOBS_NO, Reply::No))
}
