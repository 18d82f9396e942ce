//! `plan`: what the HSM will be asked to do, to the last signature.

use std::rc::Rc;

use ratatui::text::Line;

use super::super::page::{Page, Pane};
use super::super::panel::{Panel, Shape};
use super::super::reply::Reply;
use super::super::text::{self, pages};
use super::super::theme::Tone;
use super::super::widgets::Choices;
use super::{Look, choose, findings, keys, request};
use crate::ceremony::{JobState, PlanView, PlannedView, Question, View};

pub(super) fn panes<'a>(look: &Look<'a>, width: usize) -> Vec<Pane<'a>> {
    let mut panes = Vec::new();
    if let Question::Acknowledge { check, message, job, .. } = &look.view.question {
        panes.push(warning(look.view, *job, check, message, width));
    }
    match &look.view.plan {
        None => panes.push(Pane::new(pages::JOBS, request::jobs(look.view, width))),
        Some(plan) => planned(look, plan, width, &mut panes),
    }
    panes
}

fn planned<'a>(look: &Look<'a>, plan: &'a PlanView, width: usize, panes: &mut Vec<Pane<'a>>) {
    panes.push(summary(plan, width));
    let several = plan.jobs.len() > 1;
    for job in &plan.jobs {
        let title = |what: &str| pages::of_job(what, job.number, several);
        panes.push(Pane::new(title(pages::CHANGES), difference(job, width)));
        panes.push(Pane { wide: true, ..Pane::new(title(pages::TABLE), verbatim(&job.table, width)) });
        panes.push(Pane::new(title(pages::KSKS), ksks(job, width)));
    }
    let mut page = Page::new(width);
    findings::page(&mut page, &plan.findings, Rc::new(findings::ends(&plan.findings, width)));
    for job in look.view.jobs.iter().filter(|job| job.state == JobState::Taken) {
        let [_, warn, skipped, _] = findings::count(&job.findings);
        page.say(Tone::Quiet, &pages::reminder(job.number, warn, skipped));
    }
    panes.push(Pane::new(pages::CHECKS, page));
}

fn summary<'a>(plan: &PlanView, width: usize) -> Pane<'a> {
    let mut page = Page::new(width);
    page.digest(pages::PLAN_SHA256, &plan.sha256);
    page.blank();
    page.pair(pages::LABEL_MAKES, Tone::Text, &pages::makes(plan.signatures, plan.jobs.len()));
    for job in &plan.jobs {
        let text = pages::planned(&job.zone, job.schema.as_deref(), job.covered_until);
        page.pair(&pages::job(job.number), Tone::Text, &text);
        for key in job.keys.iter().filter(|key| key.signs) {
            page.pair("", Tone::Text, &pages::signed_by(&key.name, key.dnskey.key_tag()));
        }
    }
    Pane::new(pages::PLAN, page)
}

fn difference<'a>(job: &PlannedView, width: usize) -> Page<'a> {
    let mut page = Page::new(width);
    page.say(Tone::Head, &pages::changes(&job.zone));
    for line in &job.difference {
        page.say(Tone::Text, line);
    }
    page
}

/// A table that was made ready to show.
pub(super) fn verbatim(lines: &[String], width: usize) -> Page<'_> {
    let mut page = Page::new(width);
    page.verbatim_lines(lines, |line| if line == 0 { Tone::Head } else { Tone::Text });
    page
}

fn ksks(job: &PlannedView, width: usize) -> Page<'_> {
    let mut page = Page::new(width);
    page.has_digests();
    page.many(job.keys.len() * keys::ROWS, move |row| {
        let Some(key) = job.keys.get(row / keys::ROWS) else { return Line::default() };
        keys::row(&key.name, &pages::ksk(&key.label, key.signs), &key.dnskey, &key.fingerprint, row % keys::ROWS)
    });
    page
}

fn warning<'a>(view: &View, job: usize, check: &str, message: &str, width: usize) -> Pane<'a> {
    let mut page = Page::new(width);
    let of_plan = view.plan.as_ref().map(|plan| plan.findings.iter());
    let of_job = view.jobs.iter().find(|view| view.number == job).map(|job| job.findings.iter());
    let all = if job == 0 { of_plan } else { of_job };
    let named: Vec<_> = all.into_iter().flatten().filter(|finding| finding.check == check).collect();
    if named.is_empty() {
        page.say(Tone::Text, message);
    }
    for finding in named {
        page.blank();
        for line in findings::lines(finding, width) {
            page.line(line);
        }
    }
    Pane::new(pages::WARNING, page)
}

pub(super) fn schema(view: &View, job: usize, names: &[String]) -> Panel {
    let zone = view.jobs.iter().find(|view| view.number == job).map(|job| job.zone.to_string()).unwrap_or_default();
    let items = names.iter().enumerate().map(|(index, name)| (name.clone(), Reply::Choose(index)));
    choose(text::schema(job, &zone), Choices::numbered(items), text::NO_SCHEMA)
}

pub(super) fn acknowledge(job: usize, check: &str, number: usize, total: usize) -> Panel {
    let mut choices = Choices::default();
    choices.push('N', text::ACKNOWLEDGE_NO, Reply::No.sure(text::ACKNOWLEDGE_SURE));
    let panel = Panel::new(text::acknowledge(number, total, job), Shape::Text).explain(text::acknowledge_how(check));
    panel.text(text::ACKNOWLEDGE_FIELD).act(choices)
}
