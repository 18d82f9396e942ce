//! `request`: documents, bundles, keys and what the checks say of them.

use ratatui::text::Line;

use super::super::page::{Page, Pane};
use super::super::panel::{Panel, Shape};
use super::super::reply::Reply;
use super::super::text::{self, pages};
use super::super::theme::Tone;
use super::super::widgets::Choices;
use super::{Look, choose, findings, keys, media, transcript};
use crate::ceremony::{BundleView, DocumentAsked, FileChoice, JobState, JobView, Purpose, Question, View};
use crate::dns::Time;
use crate::render::{self, Column, Table};

pub(super) fn panes<'a>(look: &Look<'a>, width: usize) -> Vec<Pane<'a>> {
    let view = look.view;
    let choosing = match &view.question {
        Question::Document(asked) => asked.purpose == Purpose::Request,
        Question::RequestVolume => true,
        _ => false,
    };
    // What was dropped is in the list of jobs alone.
    let Some(job) = view.jobs.last().filter(|job| !choosing && job.state != JobState::Dropped) else {
        let media = Pane::new(pages::MEDIA, media::bound(view, width));
        let jobs = (!view.jobs.is_empty()).then(|| Pane::new(pages::JOBS, jobs(view, width)));
        let mut panes: Vec<Pane<'a>> = jobs.into_iter().chain([media]).chain(transcript(look, width)).collect();
        if view.question == Question::RequestVolume && !view.jobs.is_empty() {
            panes.swap(0, 1); // the media are what is asked for
        }
        return panes;
    };
    let mut panes =
        vec![request(job, width), bundles(job, width), key_pane(look, job, width), checks(look, job, width)];
    if matches!(view.question, Question::Judged { failed: true, .. }) {
        panes.rotate_right(1); // what failed is read first
    }
    if view.jobs.len() > 1 || matches!(view.question, Question::MoreJobs) {
        let first = if matches!(view.question, Question::MoreJobs) { 0 } else { panes.len() };
        panes.insert(first, Pane::new(pages::JOBS, jobs(view, width)));
    }
    panes
}

/// All jobs so far.
pub(super) fn jobs<'a>(view: &View, width: usize) -> Page<'a> {
    let mut page = Page::new(width);
    if view.jobs.is_empty() {
        page.say(Tone::Quiet, pages::JOBS_NONE);
        return page;
    }
    let [number, heads @ ..] = pages::JOBS_HEADS;
    let heads = heads.map(Column::left);
    let mut table = Table::new([Column::right(number)].into_iter().chain(heads)).max_width(width);
    for job in &view.jobs {
        let state = match job.state {
            JobState::Open => pages::JOB_OPEN,
            JobState::Taken => pages::JOB_TAKEN,
            JobState::Dropped => pages::JOB_DROPPED,
        };
        let format = job.format.to_string();
        table.push([
            job.number.to_string(),
            job.zone.to_string(),
            format,
            render::escape(&job.request.file, 100),
            state.to_owned(),
        ]);
    }
    for line in table.lines() {
        page.line(Tone::Text.line(line));
    }
    page
}

fn request<'a>(job: &JobView, width: usize) -> Pane<'a> {
    let mut page = Page::new(width);
    page.pair(pages::REQUEST, Tone::Text, &pages::file(&job.request.file, &text::octets(job.request.octets)));
    page.pair(pages::LABEL_ZONE, Tone::Text, &pages::zone(&job.zone, job.number, job.format));
    if let (Some(first), Some(last)) = (job.bundles.first(), job.bundles.last()) {
        let end = last.expiration.unwrap_or(last.inception);
        let count = job.bundles.len();
        page.pair(pages::BUNDLES, Tone::Text, &pages::bundles(count, first.inception.date(), end.date()));
    }
    page.digest(pages::REQUEST_SHA256, &job.request.sha256);
    page.blank();
    match &job.previous {
        // Before the checks have run, nobody has said that there is none.
        None if job.findings.is_empty() => page.pair(pages::LABEL_PREVIOUS, Tone::Quiet, pages::PREVIOUS_OPEN),
        None => page.pair(pages::LABEL_PREVIOUS, Tone::Warn, pages::PREVIOUS_NONE),
        Some(previous) => {
            let file = pages::file(&previous.file, &text::octets(previous.octets));
            page.pair(pages::LABEL_PREVIOUS, Tone::Text, &file);
            page.digest(pages::PREVIOUS_SHA256, &previous.sha256);
        }
    }
    Pane::new(pages::REQUEST, page)
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
    let [number, from, until, tags] = pages::BUNDLE_HEADS;
    let head = format!("{number:>digits$} {from:<19} {until:<19} {tags}");
    Pane { head: vec![Tone::Head.line(head)], ..Pane::new(pages::BUNDLES, page) }
}

fn bundle_line(bundle: &BundleView, digits: usize, width: usize) -> String {
    let until = bundle.expiration.map_or_else(|| pages::BUNDLE_OPEN.to_owned(), moment);
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
    let title = pages::keys(uses.len());
    let mut page = Page::new(width);
    page.has_digests();
    page.many(uses.len() * keys::ROWS, move |row| {
        let used = uses.get(row / keys::ROWS);
        let found = used.and_then(|used| Some((used, job.bundles.get(used.bundle)?.keys.get(used.key)?)));
        let Some((used, (key, fingerprint))) = found else { return Line::default() };
        let place = pages::key_in(used.count, used.first, used.last);
        keys::row(&format!("Key {}", row / keys::ROWS + 1), &place, key, fingerprint, row % keys::ROWS)
    });
    Pane::new(title, page)
}

fn checks<'a>(look: &Look<'a>, job: &'a JobView, width: usize) -> Pane<'a> {
    let [fail, warn, ..] = findings::count(&job.findings);
    let mut page = Page::new(width);
    findings::page(&mut page, &job.findings, look.cache.findings(&job.findings, width));
    Pane::new(pages::checks(fail, warn), page)
}

fn label(file: &FileChoice) -> String {
    pages::file(&file.name, &format!("{}, {}", file.place, text::octets(file.size)))
}

pub(super) fn document(view: &View, asked: &DocumentAsked) -> Panel {
    let previous = asked.purpose == Purpose::Previous;
    let items = asked.files.iter().enumerate().map(|(index, file)| (label(file), Reply::Choose(index)));
    let mut choices = Choices::numbered(items);
    choices.push('L', text::DOCUMENT_AGAIN, Reply::Done);
    if previous {
        choices.push('N', text::DOCUMENT_NO_PREVIOUS, Reply::No.sure(text::DOCUMENT_SURE));
    } else if view.jobs.iter().any(|job| job.state == JobState::Taken) {
        choices.push('N', text::DOCUMENT_NO_REQUEST, Reply::No);
    } else {
        choices.push('N', text::DOCUMENT_ELSEWHERE, Reply::No);
    }
    let panel = choose(text::document(asked.job, previous), choices, text::NO_FILES);
    let gone = view.request_volume.as_ref().filter(|bound| !media::is_there(view, bound));
    gone.into_iter().fold(panel, |panel, medium| panel.warn(text::medium_gone(medium)))
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

pub(super) fn more_jobs(view: &View) -> Panel {
    let mut choices = Choices::default();
    choices.push('Y', text::MORE_JOBS_YES, Reply::Yes);
    choices.push('N', text::MORE_JOBS_NO, Reply::No);
    for (index, job) in view.jobs.iter().filter(|job| job.state == JobState::Taken).enumerate() {
        let key = u32::try_from(job.number).ok().and_then(|number| char::from_digit(number, 10));
        let label = text::more_jobs_drop(job.number, &job.request.file);
        choices.push(key.unwrap_or(' '), label, Reply::Remove(index).sure(text::JUDGED_SURE));
    }
    Panel::new(text::MORE_JOBS, Shape::Choices).act(choices)
}
