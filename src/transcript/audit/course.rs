//! The course of a ceremony: what must come before what, and who must have confirmed it.

use super::{Remarks, Trail, compared};
use crate::dns::Sha256Digest;
use crate::policy::Finding;
use crate::render;
use crate::steps::{Mode, Verdict};
use crate::transcript::{Acknowledged, Body, Confirmed, Entry, names, responses_digest};

const COURSE: &str = "AUDIT-COURSE";
const PEOPLE: &str = "AUDIT-PEOPLE";
const WARNINGS: &str = "AUDIT-WARNINGS";

pub(super) fn check(entries: &[Entry], trail: &Trail<'_>, remarks: &mut Remarks) {
    check_kinds(entries, remarks);
    check_previous(entries, trail, remarks);
    check_signing(entries, trail, remarks);
    check_stopped(entries, trail, remarks);
    remarks.pass(COURSE, "every entry stands where it may stand");
    // Everything that people decide of a plan comes after it was made and before the token is touched.
    let touched = entries.iter().position(|entry| matches!(entry.body, Body::Unlocking(_) | Body::Signing(_)));
    let before = touched.and_then(|index| entries.get(..index)).unwrap_or(entries);
    let made = before.iter().rposition(|entry| matches!(entry.body, Body::Planned(_)));
    let before = made.and_then(|index| before.get(index..)).unwrap_or(before);
    let people = trail.opened.is_none_or(|opened| opened.mode != Mode::Unattended);
    check_words(entries, trail, remarks);
    compared::check(entries, trail, people, remarks);
    if people {
        check_resumed(entries, trail, remarks);
        check_confirmed(before, entries, trail, touched.is_some(), remarks);
    } else if !entries.iter().any(|entry| matches!(entry.body, Body::Unconfirmed(_))) {
        remarks.fail(PEOPLE, names::TRANSCRIPT, "an unattended run must say what nobody confirmed", "entries", "none");
    }
    remarks.pass(PEOPLE, "what needs two people was confirmed by two, or is listed as not confirmed");
    if touched.is_some() {
        check_findings(before, trail, people, remarks);
    }
    remarks.pass(WARNINGS, "every warning before the token was opened was acknowledged");
}

fn fail(remarks: &mut Remarks, entry: &Entry, expected: &str) {
    let message = format!("entry {} stands where it may not", entry.seq);
    remarks.fail(COURSE, names::TRANSCRIPT, &message, expected, format!("entry {}", entry.seq));
}

/// What the checks are told by, in `findings`.
const STAGES: [&str; 5] = ["request", "preview", "plan", "token", "response"];

fn check_kinds(entries: &[Entry], remarks: &mut Remarks) {
    let last = entries.len().saturating_sub(1);
    let agreed = entries.iter().position(|entry| matches!(entry.body, Body::TimeConfirmed(_) | Body::TimeAgreed(_)));
    for (index, entry) in entries.iter().enumerate() {
        match &entry.body {
            Body::Opened(_) if index == 0 => {}
            Body::Opened(_) => fail(remarks, entry, "one `opened`, at the begin"),
            _ if index == 0 => fail(remarks, entry, "`opened`"),
            // Nobody has confirmed anything before being entered.
            Body::Person(_) if agreed.is_some_and(|agreed| agreed < index) => {
                fail(remarks, entry, "all people before UTC is agreed on");
            }
            Body::Findings(told) if !STAGES.contains(&told.stage.as_str()) => {
                fail(remarks, entry, &format!("findings of one of the stages {}", STAGES.join(", ")));
            }
            Body::Seal(_) if index < last => fail(remarks, entry, "one `seal`, at the end"),
            Body::RecordWritten(_) | Body::ResponseWritten(_) | Body::WriteFailed(_) => {
                fail(remarks, entry, "entries of a delivery in the log of the delivery");
            }
            _ => {}
        }
    }
}

/// What was practised is nothing to go on from.
fn check_previous(entries: &[Entry], trail: &Trail<'_>, remarks: &mut Remarks) {
    if trail.opened.is_none_or(|opened| opened.mode.is_practice()) {
        return;
    }
    for entry in entries {
        if matches!(&entry.body, Body::PreviousRecord(record) if record.folder.starts_with(Mode::MARK)) {
            fail(remarks, entry, "the record of a ceremony, not of a rehearsal or drill");
        }
    }
}

/// How far the opening of a token has come; whatever ends a session leads back to the begin.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Token {
    Closed,
    Chosen,
    Unlocking,
    Open { checked: bool },
}

impl Token {
    /// Where an entry about the token leads from here, or what it stands where it may not for lack of.
    fn after(self, body: &Body) -> Result<Self, &'static str> {
        match (body, self) {
            (Body::TokenChosen(_), _) => Ok(Self::Chosen),
            // Each officer of a sequence, and each further try, is announced by itself.
            (Body::Unlocking(_), Self::Chosen | Self::Unlocking) => Ok(Self::Unlocking),
            (Body::Unlocking(_), _) => Err("a token that was chosen before it, and is not open"),
            (Body::Unlocked(outcome), Self::Unlocking) => {
                Ok(if outcome.good { Self::Open { checked: false } } else { Self::Chosen })
            }
            (Body::Unlocked(_), _) => Err("`unlocking` before it, not answered yet"),
            (Body::Findings(told), Self::Open { .. }) if told.stage == "token" => {
                let passed = told.findings.iter().all(|finding| finding.verdict != Verdict::Fail);
                Ok(Self::Open { checked: passed && !told.findings.is_empty() })
            }
            (
                Body::TokenClosed(_)
                | Body::TokenFault(_)
                | Body::Withheld(_)
                | Body::Paused(_)
                | Body::Stopped(_)
                | Body::Resumed(_),
                _,
            ) => Ok(Self::Closed),
            (_, same) => Ok(same),
        }
    }

    fn is_open(self) -> bool {
        matches!(self, Self::Open { .. })
    }
}

/// A token signs only while it is open and its keys were checked, only what was announced, each signature once and in
/// order, and nothing more once people have asked for a pause or a stop; it is open only after it was chosen and its
/// opening was announced, with all who take part.
fn check_signing(entries: &[Entry], trail: &Trail<'_>, remarks: &mut Remarks) {
    let (mut token, mut announced, mut next, mut planned) = (Token::Closed, None, 1, None);
    let mut stopped = false;
    for entry in entries {
        token = token.after(&entry.body).unwrap_or_else(|expected| {
            fail(remarks, entry, expected);
            Token::Closed
        });
        stopped |= matches!(entry.body, Body::Stopped(_));
        // A pause or a stop is entered before its effect: what the token was making until then is told after it, and
        // whatever else happens meanwhile says nothing of it. Only who stops does not wait for a token that is silent.
        let ended = match entry.body {
            Body::TokenChosen(_) | Body::TokenFault(_) | Body::Withheld(_) | Body::Continued(_) | Body::Resumed(_) => {
                true
            }
            Body::TokenClosed(_) => !stopped,
            _ => false,
        };
        if ended {
            announced = None;
        }
        match &entry.body {
            Body::Planned(made) if next == 1 && !token.is_open() => planned = Some(made.plan_sha256),
            Body::Planned(_) => fail(remarks, entry, "no other plan once the token was opened"),
            Body::PlanWithdrawn(gone) if next == 1 && !token.is_open() && planned == Some(gone.plan_sha256) => {
                planned = None;
            }
            Body::PlanWithdrawn(_) => fail(remarks, entry, "the plan made last, before the token was opened"),
            Body::Signing(_) if !token.is_open() || planned.is_none() => {
                fail(remarks, entry, "a plan and an open token before it");
            }
            Body::Signing(_) if token != (Token::Open { checked: true }) => {
                fail(remarks, entry, "findings of the token before it, none of them failed");
            }
            Body::Signing(batch) if batch.from != next || batch.to < batch.from => {
                fail(remarks, entry, &format!("signatures from number {next} on"));
            }
            Body::Signing(batch) => announced = Some(batch.to),
            Body::Signed(batch) => {
                let told = announced.take().is_some_and(|to| batch.from == next && (next..=to).contains(&batch.to));
                if !told {
                    fail(remarks, entry, &format!("signatures from number {next} on, announced before"));
                }
                next = batch.to.saturating_add(1);
            }
            _ => {}
        }
    }
    let made = next - 1;
    if let Some(planned) = trail.planned.filter(|planned| trail.complete() && planned.signatures != made) {
        let message = "another number of signatures was made than planned";
        remarks.fail(COURSE, names::TRANSCRIPT, message, planned.signatures, made);
    }
    if trail.complete() && !trail.reviewed.is_some_and(|outcome| outcome.good) {
        let message = "the outcome is complete, yet nobody accepted the responses";
        remarks.fail(COURSE, names::TRANSCRIPT, message, "accepted", "not accepted");
    }
}

/// A stop cannot be taken back: no token is opened after it, nothing more is asked of one, and nothing is complete.
fn check_stopped(entries: &[Entry], trail: &Trail<'_>, remarks: &mut Remarks) {
    let after = entries.iter().skip_while(|entry| !matches!(entry.body, Body::Stopped(_)));
    for entry in after.clone() {
        if matches!(entry.body, Body::TokenChosen(_) | Body::Unlocking(_) | Body::Signing(_)) {
            fail(remarks, entry, "nothing more of a token once people had stopped");
        }
    }
    if trail.complete() && after.count() > 0 {
        let message = "the outcome is complete, yet people had stopped";
        remarks.fail(COURSE, names::TRANSCRIPT, message, "stopped", "complete");
    }
}

/// Whoever confirmed was entered before, and typed the first word of the hash.
fn check_words(entries: &[Entry], trail: &Trail<'_>, remarks: &mut Remarks) {
    for entry in entries {
        let Body::Confirmed(confirmed) = &entry.body else { continue };
        let message = format!("entry {}: a confirmation does not count", entry.seq);
        if !trail.people.iter().any(|person| person.role == confirmed.role) {
            remarks.fail(PEOPLE, names::TRANSCRIPT, &message, "a role that was entered", &confirmed.role);
        }
        let expected = first_word(&confirmed.sha256);
        if !expected.eq_ignore_ascii_case(&confirmed.word) {
            let found = confirmed.word.escape_debug();
            remarks.fail(PEOPLE, names::TRANSCRIPT, &message, format!("the word {expected}"), found);
        }
    }
}

fn first_word(digest: &Sha256Digest) -> &'static str {
    let [first, ..] = digest.as_bytes();
    render::word(0, *first)
}

fn check_confirmed(before: &[Entry], entries: &[Entry], trail: &Trail<'_>, touched: bool, remarks: &mut Remarks) {
    if touched {
        let plan = trail.planned.map_or(Sha256Digest::ZERO, |planned| planned.plan_sha256);
        two_people(before, trail, "plan", plan, remarks);
    }
    if trail.reviewed.is_some_and(|outcome| outcome.good) {
        let responses: Vec<_> = trail
            .accepted()
            .filter_map(|(_, job)| job.response.map(|made| (made.sha256, made.file.as_str())))
            .collect();
        two_people(entries, trail, "responses", responses_digest(&responses), remarks);
    }
}

/// Whoever goes on after the process had died does so by two people, who saw the plan again.
fn check_resumed(entries: &[Entry], trail: &Trail<'_>, remarks: &mut Remarks) {
    let plan = trail.planned.map_or(Sha256Digest::ZERO, |planned| planned.plan_sha256);
    for (index, _) in entries.iter().enumerate().filter(|(_, entry)| matches!(entry.body, Body::Resumed(_))) {
        let after = entries.get(index + 1..).unwrap_or_default();
        let next = after
            .iter()
            .position(|entry| matches!(entry.body, Body::Resumed(_) | Body::Unlocking(_) | Body::Signing(_)));
        let (before, goes_on) = after.split_at(next.unwrap_or(after.len()));
        if goes_on.first().is_some_and(|entry| !matches!(entry.body, Body::Resumed(_))) {
            two_people(before, trail, "resume", plan, remarks);
        }
    }
}

/// Two different people in different roles have confirmed this hash.
pub(super) fn two_people(
    entries: &[Entry],
    trail: &Trail<'_>,
    subject: &str,
    digest: Sha256Digest,
    remarks: &mut Remarks,
) {
    let confirmed = |entry: &Entry| match &entry.body {
        Body::Confirmed(confirmed) if confirmed.subject == subject && confirmed.sha256 == digest => {
            person(trail, confirmed)
        }
        _ => None,
    };
    let people: Vec<(String, String)> = entries.iter().filter_map(confirmed).collect();
    let two = people.iter().any(|(role, name)| people.iter().any(|(other, named)| other != role && named != name));
    if !two {
        let found: Vec<String> = people.into_iter().map(|(role, name)| format!("{role} {name}")).collect();
        let found = if found.is_empty() { "nobody".to_owned() } else { found.join(", ") };
        let message = format!("the {subject} with SHA-256 {digest} is not confirmed");
        remarks.fail(PEOPLE, names::TRANSCRIPT, &message, "two people in two roles", found.escape_debug());
    }
}

fn person(trail: &Trail<'_>, confirmed: &Confirmed) -> Option<(String, String)> {
    let person = trail.people.iter().find(|person| person.role == confirmed.role)?;
    Some((person.role.to_string(), person.name.trim().to_lowercase()))
}

/// With the token open there is no failure behind, and every warning was acknowledged.
fn check_findings(before: &[Entry], trail: &Trail<'_>, people: bool, remarks: &mut Remarks) {
    let acknowledged: Vec<&Acknowledged> = before
        .iter()
        .filter_map(|entry| match &entry.body {
            Body::Acknowledged(acknowledged) => Some(acknowledged),
            _ => None,
        })
        .collect();
    let requests = trail.accepted().map(|(number, job)| (number, job.request_findings.unwrap_or_default()));
    let plan = (0, trail.plan_findings.unwrap_or_default());
    for (job, finding) in requests.chain([plan]).flat_map(|(job, all)| all.iter().map(move |finding| (job, finding))) {
        let named = |other: &&Acknowledged| is_about(other, job, finding);
        match finding.verdict {
            Verdict::Fail => {
                let message = format!("the token was opened although {} fails", finding.check);
                remarks.fail(WARNINGS, names::TRANSCRIPT, &message, "no failure", &finding.message);
            }
            Verdict::Warn if people && !acknowledged.iter().any(named) => {
                let message = format!("nobody acknowledged {} of job {job}", finding.check);
                remarks.fail(WARNINGS, names::TRANSCRIPT, &message, &finding.message, "nothing");
            }
            _ => {}
        }
    }
}

fn is_about(acknowledged: &Acknowledged, job: usize, finding: &Finding) -> bool {
    // One acknowledgement stands for all findings of a check; it shows the first of them.
    acknowledged.job == job && acknowledged.check == finding.check
}
