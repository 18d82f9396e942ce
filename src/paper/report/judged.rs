//! What was asked for, what the checks say of it, and what was planned.

use super::super::sheet::{Sheet, shown};
use super::subject_of;
use crate::render::{Column, Table};
use crate::steps::Verdict;
use crate::transcript::{Body, DocumentRead, Entry, Findings};

pub(super) fn documents(page: &mut Sheet, entries: &[Entry]) {
    page.heading("Documents");
    for entry in entries {
        match &entry.body {
            Body::Document(document) => show_document(page, document),
            Body::ReadBack(read) => {
                let words: Vec<String> = read.words.iter().map(ToString::to_string).collect();
                let attempts = if read.attempts == 1 { "attempt" } else { "attempts" };
                page.field(
                    "Read back",
                    &format!(
                        "{}: words {} typed from paper, {} {attempts}",
                        shown(&read.subject),
                        words.join(", "),
                        read.attempts
                    ),
                );
            }
            Body::NoIndependentHash(left) => {
                let text = format!("{}: nobody had its hash on paper{}", shown(&left.subject), wrong(left.attempts));
                page.field("NOT COMPARED", &text);
            }
            Body::PaperDiffers(differs) => {
                let text = format!("{}: paper has another hash{}", shown(&differs.subject), wrong(differs.attempts));
                page.field("DIFFERS", &text);
                page.digest("what was read", &differs.sha256);
            }
            Body::First(first) if first.subject != "record" => {
                page.field(
                    "No previous",
                    &format!("{}, it was declared: {}", shown(&first.subject), shown(&first.reason)),
                );
            }
            Body::JudgedAt(judged) => page.field("Judged at", &judged.time.to_string()),
            Body::Job(job) => {
                let decision = if job.accepted { "part of the ceremony" } else { "DROPPED" };
                let schema = job.schema.as_ref().map(|name| format!(", schema {}", shown(name))).unwrap_or_default();
                let until = job.until.map(|time| format!(", to cover until {time}")).unwrap_or_default();
                page.field(&format!("Job {}", job.job), &format!("zone {}: {decision}{schema}{until}", job.zone));
            }
            _ => {}
        }
    }
}

/// The attempts at words from paper that were none.
fn wrong(attempts: u32) -> String {
    match attempts {
        0 => String::new(),
        1 => ", after 1 attempt with other words".to_owned(),
        more => format!(", after {more} attempts with other words"),
    }
}

fn show_document(page: &mut Sheet, document: &DocumentRead) {
    page.field(
        &format!("Job {} {}", document.job, shown(&document.purpose)),
        &format!(
            "{} ({}, zone {}, bundles: {}, octets: {})",
            shown(&document.file),
            document.format,
            document.zone,
            document.bundles,
            document.octets
        ),
    );
    page.digest("its SHA-256", &document.sha256);
}

pub(super) fn findings(page: &mut Sheet, entries: &[Entry]) {
    page.heading("Checks");
    for entry in entries {
        if let Body::Findings(findings) = &entry.body {
            show_findings(page, findings);
        }
    }
    for entry in entries {
        if let Body::Acknowledged(acknowledged) = &entry.body {
            let subject = subject_of(acknowledged.job);
            // The message of a finding begins with its verdict and the name of its check.
            let text = if acknowledged.message.contains(&acknowledged.check) {
                format!("{subject}: {}", shown(&acknowledged.message))
            } else {
                format!("{subject}: {}: {}", shown(&acknowledged.check), shown(&acknowledged.message))
            };
            page.field("Acknowledged", &text);
        }
    }
}

fn show_findings(page: &mut Sheet, findings: &Findings) {
    let count = |verdict| findings.findings.iter().filter(|finding| finding.verdict == verdict).count();
    let counts = [Verdict::Pass, Verdict::Skipped, Verdict::Warn, Verdict::Fail]
        .map(|verdict| format!("{} {verdict}", count(verdict)))
        .join(", ");
    page.field(&subject_of(findings.job), &format!("{}: {counts}", shown(&findings.stage)));
    for finding in findings.findings.iter().filter(|finding| finding.verdict != Verdict::Pass) {
        page.item("  - ", &shown(&finding.to_string()));
    }
}

pub(super) fn plan(page: &mut Sheet, entries: &[Entry]) {
    page.heading("Plan");
    let mut any = false;
    for entry in entries {
        match &entry.body {
            Body::Planned(planned) => {
                any = true;
                page.digest("Plan hash", &planned.plan_sha256);
                page.field("Signatures", &planned.signatures.to_string());
                for (number, until) in (1..).zip(&planned.covered_until) {
                    page.field("Covered until", &format!("{until} (job {number})"));
                }
            }
            Body::PlanWithdrawn(gone) => {
                page.field("WITHDRAWN", "this plan was left before it was confirmed by two, or its checks failed");
                page.digest("its hash", &gone.plan_sha256);
            }
            _ => {}
        }
    }
    if !any {
        page.text("none was made");
    }
    confirmations(page, entries);
}

fn confirmations(page: &mut Sheet, entries: &[Entry]) {
    page.heading("Confirmations (attested, not authenticated)");
    let heads = ["Subject", "Role", "Initials", "Word", "SHA-256 begins", "Time"];
    let mut table = Table::new(heads.map(Column::left));
    let mut any = false;
    for entry in entries {
        let Body::Confirmed(confirmed) = &entry.body else { continue };
        any = true;
        table.push([
            shown(&confirmed.subject),
            confirmed.role.to_string(),
            shown(&confirmed.initials),
            shown(&confirmed.word),
            confirmed.sha256.to_string().chars().take(16).collect(),
            // The day stands above; a whole time would leave no room for the subject.
            entry.time.to_string().chars().skip("2026-11-22T".len()).collect(),
        ]);
    }
    if any { page.table(table) } else { page.text("none") }
}
