//! What the entries say, one line each, for the people who watch.

use crate::dns::Time;
use crate::policy::Finding;
use crate::render::escape;
use crate::steps::{Step, Verdict};
use crate::transcript::{Body, Entry, Findings};

/// An entry of the transcript in one line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogLine {
    /// Its number, from 1.
    pub seq: u64,
    /// When it was made.
    pub time: Time,
    /// The step in which it was made.
    pub step: Step,
    /// Its kind, and what is most worth knowing of it; what came from outside was cleaned when the entry was made.
    pub text: String,
}

impl LogLine {
    /// The line of an entry.
    pub(super) fn of(entry: &Entry) -> Self {
        let says = says(&entry.body);
        let kind = kind(&entry.body);
        let text = if says.is_empty() { kind } else { format!("{kind}: {says}") };
        Self { seq: entry.seq, time: entry.time, step: entry.step, text }
    }
}

/// The kind as it stands in the transcript.
fn kind(body: &Body) -> String {
    let value = serde_json::to_value(body).ok();
    value.and_then(|value| Some(value.get("kind")?.as_str()?.to_owned())).unwrap_or_default()
}

fn says(body: &Body) -> String {
    match body {
        Body::Opened(opened) => format!("{}, {}", opened.mode, opened.profile),
        Body::Person(person) => format!("{} {}", person.role, person.name),
        Body::Keyboard(keyboard) => keyboard.layout.clone(),
        Body::UsbRefused(usb) => format!("{} ({})", usb.name, usb.product),
        Body::UsbAllowed(usb) => format!("{} ({}) by {}", usb.name, usb.product, usb.decided_by),
        Body::TimeConfirmed(time) => format!("{} by {}", time.watch, time.role),
        Body::TimeAgreed(time) => time.agreed.to_string(),
        Body::ClockDrift(drift) => format!("{} s", drift.drift_seconds),
        Body::Confined(confined) => confined.process.clone(),
        Body::VolumeBound(volume) => format!("{}, {}, serial {}", volume.purpose, volume.label, volume.serial),
        Body::PreviousRecord(record) => format!("{}, {}", record.verdict, record.folder),
        Body::First(first) => format!("{}, {}", first.subject, first.reason),
        Body::Document(document) => {
            format!("{} of job {}, {}", document.purpose, document.job, escape(&document.file, 100))
        }
        Body::ReadBack(back) => format!("{}, attempt {}", back.subject, back.attempts),
        Body::NoIndependentHash(left) => left.subject.clone(),
        Body::PaperDiffers(differs) => differs.subject.clone(),
        Body::Unconfirmed(subject) => subject.subject.clone(),
        Body::JudgedAt(judged) => judged.time.to_string(),
        Body::Findings(findings) => counts(findings),
        Body::Job(job) => format!("{}, {}, {}", job.job, job.zone, if job.accepted { "taken" } else { "dropped" }),
        Body::Planned(planned) => format!("{} signatures", planned.signatures),
        Body::PlanWithdrawn(gone) => gone.plan_sha256.to_string().chars().take(16).collect(),
        Body::Acknowledged(warning) => warning.check.clone(),
        Body::Confirmed(confirmed) => format!("{} by {} ({})", confirmed.subject, confirmed.role, confirmed.initials),
        Body::TokenChosen(token) => format!("serial {}", token.serial),
        Body::Share(share) => {
            format!("{}, {}", share.officer, if share.accepted { "accepted" } else { "not accepted" })
        }
        Body::Unlocking(unlocking) => format!("serial {} by {}", unlocking.serial, unlocking.login),
        Body::Signing(batch) => format!("{} to {}", batch.from, batch.to),
        Body::Signed(batch) => format!("{} to {}", batch.from, batch.to),
        Body::Response(response) => response.file.clone(),
        Body::ClockSet(outcome) | Body::Unlocked(outcome) | Body::Reviewed(outcome) => outcome.note.clone(),
        Body::TokenFault(note)
        | Body::Withheld(note)
        | Body::TokenClosed(note)
        | Body::Paused(note)
        | Body::Continued(note)
        | Body::Resumed(note)
        | Body::Stopped(note) => note.note.clone(),
        Body::Exception(exception) => exception.happened.clone(),
        Body::Seal(seal) => seal.outcome.clone(),
        Body::RecordWritten(written) | Body::ResponseWritten(written) => {
            format!("{} on {}", written.name, written.label)
        }
        Body::WriteFailed(failed) => format!("{} on {}", failed.name, failed.label),
    }
}

fn counts(findings: &Findings) -> String {
    let count = |verdict| findings.findings.iter().filter(|finding: &&Finding| finding.verdict == verdict).count();
    let subject =
        if findings.job == 0 { findings.stage.clone() } else { format!("{} of job {}", findings.stage, findings.job) };
    let (fail, warn) = (count(Verdict::Fail), count(Verdict::Warn));
    format!("{subject}, {fail} FAIL, {warn} WARN of {}", findings.findings.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::{Actor, Moment, Role};
    use crate::transcript::{Chain, NotCompared, PersonEntered};

    #[test]
    fn a_line_has_number_time_and_what_the_entry_says() {
        let mut chain = Chain::new();
        let at = Moment { time: "2026-11-22T13:00:07Z".parse().unwrap(), uptime: 7 };
        let role = Role::new("IW").unwrap();
        let person = Body::Person(PersonEntered { role: role.clone(), name: "Zo\u{eb} Kincaid".to_owned() });
        chain.append(at, Step::Open, &Actor::Role(role), person).unwrap();
        let nobody = Body::NoIndependentHash(NotCompared { subject: "request of job 1".to_owned(), attempts: 0 });
        chain.append(at, Step::Request, &Actor::Operator, nobody).unwrap();
        let lines: Vec<LogLine> = chain.entries().iter().map(LogLine::of).collect();
        let expected = [
            (1, Step::Open, "person: IW Zo\u{eb} Kincaid"),
            (2, Step::Request, "no-independent-hash: request of job 1"),
        ];
        for (line, (seq, step, text)) in lines.iter().zip(expected) {
            assert_eq!((line.seq, line.time, line.step, line.text.as_str()), (seq, at.time, step, text));
        }
    }
}
