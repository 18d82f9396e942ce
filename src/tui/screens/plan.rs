//! `plan`: what the HSM will be asked to do, to the last signature.

use std::rc::Rc;

use ratatui::text::Line;

use super::super::page::{Page, Pane};
use super::super::panel::{Panel, Shape};
use super::super::reply::Reply;
use super::super::text;
use super::super::theme::Tone;
use super::super::widgets::Choices;
use super::{Look, choose, findings, keys, request};
use crate::ceremony::{PlanView, PlannedView, Question, View};

pub(super) fn panes<'a>(look: &Look<'a>, width: usize) -> Vec<Pane<'a>> {
    let mut panes = Vec::new();
    if let Question::Acknowledge { check, message, job, .. } = &look.view.question {
        panes.push(warning(look.view, *job, check, message, width));
    }
    match &look.view.plan {
        None => panes.push(Pane::new("Jobs", request::jobs(look.view, width))),
        Some(plan) => planned(look, plan, width, &mut panes),
    }
    panes
}

fn planned<'a>(look: &Look<'a>, plan: &'a PlanView, width: usize, panes: &mut Vec<Pane<'a>>) {
    panes.push(summary(plan, width));
    let several = plan.jobs.len() > 1;
    for job in &plan.jobs {
        let title = |what: &str| if several { format!("{what} {}", job.number) } else { what.to_owned() };
        panes.push(Pane::new(title("Changes"), difference(job, width)));
        panes.push(Pane { wide: true, ..Pane::new(title("Table"), verbatim(&job.table, width)) });
        panes.push(Pane::new(title("KSKs"), ksks(job, width)));
    }
    let mut page = Page::new(width);
    findings::page(&mut page, &plan.findings, Rc::new(findings::ends(&plan.findings, width)));
    let reminded = look.view.jobs.iter().map(|job| findings::count(&job.findings));
    for (job, [_, warn, skipped, _]) in look.view.jobs.iter().zip(reminded) {
        page.say(
            Tone::Quiet,
            &format!("Request of job {}: {}, {skipped} skipped.", job.number, text::count(warn, "warning")),
        );
    }
    panes.push(Pane::new("Checks", page));
}

fn summary<'a>(plan: &PlanView, width: usize) -> Pane<'a> {
    let mut page = Page::new(width);
    page.digest("SHA-256 of the plan", &plan.sha256);
    page.blank();
    page.pair(
        "Makes",
        Tone::Text,
        &format!("{} in {}", text::count(plan.signatures, "signature"), text::count(plan.jobs.len(), "job")),
    );
    for job in &plan.jobs {
        let schema = job.schema.as_ref().map(|schema| format!("schema {schema}, ")).unwrap_or_default();
        let text = format!("{}: {schema}covered until {}", job.zone, job.covered_until);
        page.pair(&format!("Job {}", job.number), Tone::Text, &text);
        for key in job.keys.iter().filter(|key| key.signs) {
            page.pair("", Tone::Text, &format!("signed by {} (tag {})", key.name, key.dnskey.key_tag()));
        }
    }
    Pane::new("Plan", page)
}

fn difference<'a>(job: &PlannedView, width: usize) -> Page<'a> {
    let mut page = Page::new(width);
    page.say(Tone::Head, &format!("{}: changes against the previous response", job.zone));
    for line in &job.difference {
        page.verbatim(Tone::Text, line);
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
        let use_ = if key.signs { "signs" } else { "is published only" };
        let note = format!("label {}, {use_}", key.label);
        keys::row(&key.name, &note, &key.dnskey, &key.fingerprint, row % keys::ROWS)
    });
    page
}

fn warning<'a>(view: &View, job: usize, check: &str, message: &str, width: usize) -> Pane<'a> {
    let mut page = Page::new(width);
    let of_plan = view.plan.as_ref().map(|plan| plan.findings.iter());
    let of_job = view.jobs.iter().find(|view| view.number == job).map(|job| job.findings.iter());
    let all = if job == 0 { of_plan } else { of_job };
    let named: Vec<_> = all.into_iter().flatten().filter(|finding| finding.check == check).collect();
    if !named.iter().any(|finding| finding.message == message) {
        page.line(Tone::Warn.line(format!("WARN  {check}")));
        page.say(Tone::Text, message);
    }
    for finding in named {
        page.blank();
        for line in findings::lines(finding, width) {
            page.line(line);
        }
    }
    Pane::new("Warning", page)
}

pub(super) fn schema(view: &View, job: usize, names: &[String]) -> Panel {
    let zone = view.jobs.iter().find(|view| view.number == job).map(|job| job.zone.to_string()).unwrap_or_default();
    let items = names.iter().enumerate().map(|(index, name)| (name.clone(), Reply::Choose(index)));
    choose(text::schema(job, &zone), Choices::numbered(items), "The profile has no schema for this zone.")
}

pub(super) fn acknowledge(job: usize, check: &str, number: usize, total: usize) -> Panel {
    let mut choices = Choices::default();
    choices.push('N', text::ACKNOWLEDGE_NO, Reply::No.sure(text::ACKNOWLEDGE_SURE));
    let panel = Panel::new(text::acknowledge(number, total, job), Shape::Text).explain(text::acknowledge_how(check));
    panel.text(text::ACKNOWLEDGE_FIELD).act(choices)
}
