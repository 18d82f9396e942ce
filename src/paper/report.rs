//! The report: what happened, for people, from the transcript alone.

use super::html::html;
use super::sheet::{Block, Sheet, shown};
use super::text::text;
use crate::dns::{Sha256Digest, sha256};
use crate::render::{Column, Table};
use crate::steps::{Actor, Mode, Step, TokenFacts, Verdict};
use crate::transcript::{Body, DocumentRead, Entry, Findings, Opened, PublicKey, Report};

/// What a report is called.
const TITLE: &str = "Key signing ceremony: report";

/// The report of a transcript, as plain text of 80 columns and as HTML: the same octets for the same entries.
///
/// It says nothing that does not stand in the transcript; an audit makes it again and compares.
#[must_use]
pub fn report(entries: &[Entry]) -> Report {
    let blocks = blocks(entries);
    Report { text: text(&blocks), html: html(TITLE, &blocks) }
}

fn blocks(entries: &[Entry]) -> Vec<Block> {
    let mut page = Sheet::default();
    title(&mut page, entries);
    ceremony(&mut page, entries);
    people(&mut page, entries);
    media(&mut page, entries);
    documents(&mut page, entries);
    findings(&mut page, entries);
    plan(&mut page, entries);
    token(&mut page, entries);
    signatures(&mut page, entries);
    responses(&mut page, entries);
    exceptions(&mut page, entries);
    unconfirmed(&mut page, entries);
    course(&mut page, entries);
    seal(&mut page, entries);
    page.finish()
}

fn opened(entries: &[Entry]) -> Option<&Opened> {
    entries.iter().find_map(|entry| match &entry.body {
        Body::Opened(opened) => Some(opened),
        _ => None,
    })
}

fn title(page: &mut Sheet, entries: &[Entry]) {
    let notes: &[&str] = match opened(entries).map(|opened| &opened.mode) {
        Some(Mode::Rehearsal) => {
            &["R E H E A R S A L", "software token, throw-away keys: nothing here is of any use to a zone"]
        }
        Some(Mode::Unattended) => {
            &["U N A T T E N D E D", "nobody stood at the screen; nothing was confirmed by people"]
        }
        Some(Mode::Ceremony) => &[],
        None => &["THE TRANSCRIPT DOES NOT SAY WHAT THIS WAS"],
    };
    page.title("KEY SIGNING CEREMONY - REPORT", notes);
}

fn ceremony(page: &mut Sheet, entries: &[Entry]) {
    page.heading("Ceremony");
    if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
        page.field("Opened", &first.time.to_string());
        page.field("Last entry", &last.time.to_string());
    }
    let Some(opened) = opened(entries) else { return };
    page.field("Mode", opened.mode.name());
    page.field("Program", &format!("claviger {}", shown(&opened.claviger)));
    page.field("Image", &format!("build {} (self-reported)", shown(&opened.build_id)));
    page.field("Profile", &shown(&opened.profile));
    page.digest("its SHA-256", &opened.profile_sha256);
    page.field("Ceremony key", &shown(&opened.key_fingerprint));
    if let Ok(key) = PublicKey::from_base64(&opened.ceremony_key) {
        page.digest("as words", &key.digest());
    }
    clocks(page, entries);
    computer(page, entries);
}

/// What was plugged into the computer, besides media.
fn computer(page: &mut Sheet, entries: &[Entry]) {
    for entry in entries {
        match &entry.body {
            Body::Keyboard(keyboard) => page.field("Keyboard", &format!("layout {}", shown(&keyboard.layout))),
            Body::UsbRefused(usb) => {
                let text = format!("{} ({}): {}", shown(&usb.name), shown(&usb.product), shown(&usb.reason));
                page.field("USB refused", &text);
            }
            Body::UsbAllowed(usb) => {
                let text = format!("{} ({}), by {}", shown(&usb.name), shown(&usb.product), shown(&usb.decided_by));
                page.field("USB allowed", &text);
            }
            _ => {}
        }
    }
}

/// How the time was agreed on, and how the hardware clock went beside it.
fn clocks(page: &mut Sheet, entries: &[Entry]) {
    let mut drifts = Vec::new();
    for entry in entries {
        match &entry.body {
            Body::TimeAgreed(time) => {
                let rtc = time.rtc.map(|rtc| format!(", the hardware clock {rtc}")).unwrap_or_default();
                let shown = format!("the clock showed {} ({:+} s){rtc}", time.shown, time.offset_seconds);
                page.field("Time agreed", &format!("{}; {shown}", time.agreed));
            }
            Body::TimeConfirmed(time) => {
                let text = format!(
                    "{} (initials {}): {} on the own watch, {} on the screen",
                    time.role,
                    shown(&time.initials),
                    shown(&time.watch),
                    time.shown
                );
                page.field("Time confirmed", &text);
            }
            Body::ClockDrift(drift) => drifts.push(format!("{} {:+} s", entry.step, drift.drift_seconds)),
            _ => {}
        }
    }
    if !drifts.is_empty() {
        page.field("Hardware clock", &format!("minus agreed time: {}", drifts.join(", ")));
    }
}

fn people(page: &mut Sheet, entries: &[Entry]) {
    page.heading("People, as they were entered (attested, not authenticated)");
    let mut table = Table::new([Column::left("Role"), Column::left("Name"), Column::left("Entered")]);
    let mut any = false;
    for entry in entries {
        if let Body::Person(person) = &entry.body {
            table.push([person.role.to_string(), shown(&person.name), entry.time.to_string()]);
            any = true;
        }
    }
    if any { page.table(table) } else { page.text("none") }
}

fn media(page: &mut Sheet, entries: &[Entry]) {
    page.heading("Media and previous record");
    for entry in entries {
        match &entry.body {
            Body::VolumeBound(volume) => {
                let size = if volume.size == 0 { "size unknown".to_owned() } else { format!("{} octets", volume.size) };
                let text = format!(
                    "{}, serial {}, UUID {}, {size}",
                    shown(&volume.label),
                    shown(&volume.serial),
                    shown(&volume.uuid)
                );
                page.field(&format!("{} medium", shown(&volume.purpose)), &text);
            }
            Body::PreviousRecord(record) => {
                page.field("Previous record", &format!("{} ({})", shown(&record.folder), shown(&record.verdict)));
                page.digest("its fingerprint", &record.fingerprint);
                for (zone, digest) in &record.heads {
                    page.digest(&format!("SKR of {}", shown(zone)), &digest.sha256);
                }
            }
            Body::First(first) if first.subject == "record" => {
                page.field("Previous record", &format!("none, it was declared: {}", shown(&first.reason)));
            }
            _ => {}
        }
    }
}

fn documents(page: &mut Sheet, entries: &[Entry]) {
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
            Body::NoIndependentHash(subject) => {
                page.field("NOT COMPARED", &format!("{}: nobody had its hash on paper", shown(&subject.subject)));
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

fn findings(page: &mut Sheet, entries: &[Entry]) {
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

fn subject_of(job: usize) -> String {
    if job == 0 { "All jobs".to_owned() } else { format!("Job {job}") }
}

fn plan(page: &mut Sheet, entries: &[Entry]) {
    page.heading("Plan");
    let mut any = false;
    for entry in entries {
        if let Body::Planned(planned) = &entry.body {
            any = true;
            page.digest("Plan hash", &planned.plan_sha256);
            page.field("Signatures", &planned.signatures.to_string());
            for (number, until) in (1..).zip(&planned.covered_until) {
                page.field("Covered until", &format!("{until} (job {number})"));
            }
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

fn token(page: &mut Sheet, entries: &[Entry]) {
    page.heading("Token and officers");
    for entry in entries {
        match &entry.body {
            Body::TokenChosen(token) => show_token(page, token),
            Body::Share(share) => {
                let verdict = if share.accepted { "accepted" } else { "REFUSED" };
                page.field(&format!("Officer {}", share.officer), &format!("{verdict}: {}", shown(&share.note)));
            }
            Body::Unlocking(unlocking) => {
                let officers: Vec<String> = unlocking.officers.iter().map(ToString::to_string).collect();
                let officers = if officers.is_empty() { "no officers".to_owned() } else { officers.join(", ") };
                let text = format!("serial {} by {} ({officers})", shown(&unlocking.serial), shown(&unlocking.login));
                page.field("Unlocking", &text);
                if !unlocking.officers.is_empty() {
                    let by_token = unlocking.login == "sequence";
                    let quorum =
                        if by_token { "enforced by the token" } else { "enforced by software, not by the token" };
                    page.field("Quorum", quorum);
                }
            }
            Body::Unlocked(outcome) => {
                page.field(if outcome.good { "Unlocked" } else { "NOT UNLOCKED" }, &shown(&outcome.note));
            }
            Body::TokenFault(note) => page.field("TOKEN FAULT", &shown(&note.note)),
            Body::TokenClosed(note) => page.field("Token closed", &shown(&note.note)),
            Body::Confined(confined) => {
                page.field(
                    "Confined",
                    &format!("{}: {}", shown(&confined.process), shown(&confined.measures.join("; "))),
                );
            }
            _ => {}
        }
    }
}

fn show_token(page: &mut Sheet, token: &TokenFacts) {
    page.field("Token", &format!("serial {}, label {}", shown(&token.serial), shown(&token.label)));
    page.field(
        "",
        &format!("{} {}, firmware {}", shown(&token.manufacturer), shown(&token.model), shown(&token.firmware)),
    );
    let flags = [
        (token.pin_count_low, "a wrong PIN was entered before"),
        (token.pin_final_try, "FINAL TRY"),
        (token.pin_locked, "LOCKED"),
    ];
    let flags: Vec<&str> = flags.iter().filter(|(set, _)| *set).map(|(_, text)| *text).collect();
    if !flags.is_empty() {
        page.field("PIN", &flags.join("; "));
    }
}

fn signatures(page: &mut Sheet, entries: &[Entry]) {
    page.heading("Signatures");
    let mut table = Table::new([Column::left("Signatures"), Column::left("SHA-256 over their octets")]);
    let mut made = 0;
    for entry in entries {
        if let Body::Signed(batch) = &entry.body {
            made += (batch.to + 1).saturating_sub(batch.from);
            table.push([format!("{} to {}", batch.from, batch.to), batch.sha256.to_string()]);
        }
    }
    page.text(&format!("{made} made, each verified in software at once"));
    if made > 0 {
        page.table(table);
    }
}

fn responses(page: &mut Sheet, entries: &[Entry]) {
    page.heading("Responses");
    let mut any = false;
    for entry in entries {
        match &entry.body {
            Body::Response(response) => {
                any = true;
                let text = format!("{} ({} octets)", shown(&response.file), response.octets);
                page.field(&subject_of(response.job), &text);
                page.digest("its SHA-256", &response.sha256);
            }
            Body::Reviewed(outcome) => {
                let verdict = if outcome.good { "Accepted" } else { "REFUSED" };
                page.field(verdict, &shown(&outcome.note));
            }
            _ => {}
        }
    }
    if !any {
        page.text("none was made");
    }
}

fn exceptions(page: &mut Sheet, entries: &[Entry]) {
    page.heading("Exceptions");
    let mut number = 0;
    for entry in entries {
        let Body::Exception(exception) = &entry.body else { continue };
        number += 1;
        page.item(&format!("{number:>3}. "), &format!("{}, step {}", entry.time, entry.step));
        page.field("     Expected", &shown(&exception.expected));
        page.field("     Happened", &shown(&exception.happened));
        page.field("     Action", &shown(&exception.action));
        page.field("     Decided by", &shown(&exception.decided_by));
    }
    if number == 0 {
        page.text("none");
    }
    for entry in entries {
        let (what, note) = match &entry.body {
            Body::Paused(note) => ("Paused", note),
            Body::Continued(note) => ("Continued", note),
            Body::Resumed(note) => ("STARTED AGAIN", note),
            Body::Stopped(note) => ("STOPPED", note),
            _ => continue,
        };
        page.field(what, &format!("{}, step {}: {}", entry.time, entry.step, shown(&note.note)));
    }
}

fn unconfirmed(page: &mut Sheet, entries: &[Entry]) {
    page.heading("Not confirmed by anybody");
    let mut any = false;
    for entry in entries {
        let text = match &entry.body {
            Body::Unconfirmed(subject) => shown(&subject.subject),
            Body::NoIndependentHash(subject) => format!("hash of {}", shown(&subject.subject)),
            _ => continue,
        };
        any = true;
        page.item("  - ", &text);
    }
    if !any {
        page.text("nothing");
    }
}

/// The steps in the order in which they were come to; going back is going there again.
fn course(page: &mut Sheet, entries: &[Entry]) {
    page.heading("Course");
    let columns = [Column::left("Step"), Column::left("From"), Column::left("Until"), Column::right("Entries")];
    let mut table = Table::new(columns);
    for run in entries.chunk_by(|before, entry| before.step == entry.step) {
        if let (Some(first), Some(last)) = (run.first(), run.last()) {
            let cells = [step_name(first.step), first.time.to_string(), last.time.to_string(), run.len().to_string()];
            table.push(cells);
        }
    }
    page.table(table);
    let by_program = entries.iter().filter(|entry| entry.actor == Actor::Program).count();
    page.text(&format!("{} entries, {by_program} of them by the program itself", entries.len()));
}

fn step_name(step: Step) -> String {
    step.name().to_owned()
}

fn seal(page: &mut Sheet, entries: &[Entry]) {
    page.heading("Seal");
    let Some(Body::Seal(seal)) = entries.last().map(|entry| &entry.body) else {
        page.text("NO SEAL: this transcript was never finished.");
        return;
    };
    page.field("Outcome", &shown(&seal.outcome));
    page.field("Sealed", &format!("{} entries before the seal, and these files:", seal.entries));
    page.add(Block::Files(seal.files.iter().map(|(path, digest)| (shown(path), *digest)).collect()));
    let advice = "Transcript fingerprint. Compare it, row by row, with what the witnesses wrote onto paper: this report is \
                  worth no more than that comparison.";
    let digest = Block::Digest { name: String::new(), digest: fingerprint(entries) };
    page.add(Block::Framed(vec![Block::Text(advice.to_owned()), digest]));
    page.add(Block::People { roles: Vec::new(), free: 2 });
}

/// SHA-256 of the transcript whose entries these are; every entry that was read or appended has a line.
fn fingerprint(entries: &[Entry]) -> Sha256Digest {
    sha256(&entries.iter().flat_map(|entry| entry.line().unwrap_or_default()).collect::<Vec<u8>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::Time;
    use crate::steps::{Moment, Role};
    use crate::transcript::{
        CeremonyKey, Chain, ClockDrift, Confirmed, Exception, Keyboard, Note, PersonEntered, Seal, TimeAgreed,
        TimeConfirmed, UsbAllowed, UsbRefused,
    };

    fn chain(mode: Mode) -> Chain {
        let key = CeremonyKey::from_seed(&[1; 32]).public();
        let time: Time = "2026-11-22T03:00:00Z".parse().unwrap();
        let role = |text: &str| Role::new(text).unwrap();
        let opened = Opened {
            transcript_version: 1,
            claviger: "0.1.0".to_owned(),
            build_id: "none".to_owned(),
            mode,
            profile: "Root zone, quarterly".to_owned(),
            profile_sha256: sha256(b"profile"),
            ceremony_key: key.base64(),
            key_fingerprint: key.fingerprint(),
        };
        let person =
            PersonEntered { role: role("CA"), name: "Zo\u{eb} \u{202e}\u{430} ".to_owned() + &"x".repeat(200) };
        let exception = Exception {
            expected: "a stick".to_owned(),
            happened: "a \"floppy\"".to_owned(),
            action: "looked for a drive ".repeat(20),
            decided_by: "CA".to_owned(),
        };
        let confirmed = Confirmed {
            subject: "plan".to_owned(),
            sha256: sha256(b"plan"),
            role: role("IW"),
            initials: "ZL".to_owned(),
            word: "island".to_owned(),
        };
        let mut chain = Chain::new();
        let bodies = [
            (Step::Open, Body::Opened(opened)),
            (Step::Open, Body::Person(person)),
            (Step::Media, Body::Exception(exception)),
            (Step::Plan, Body::Confirmed(confirmed)),
            (Step::Plan, Body::Stopped(Note { note: "fire alarm".to_owned() })),
        ];
        for (uptime, (step, body)) in (0..).zip(bodies) {
            chain.append(Moment { time, uptime }, step, &Actor::Operator, body).unwrap();
        }
        chain
    }

    fn sealed(mode: Mode) -> Chain {
        let mut chain = chain(mode);
        let time: Time = "2026-11-22T04:00:00Z".parse().unwrap();
        let files = [("profile.toml".to_owned(), sha256(b"profile"))].into();
        let seal = Body::Seal(Seal { entries: 5, outcome: "stopped".to_owned(), files });
        chain.append(Moment { time, uptime: 9 }, Step::Write, &Actor::Program, seal).unwrap();
        chain
    }

    #[test]
    fn fits_a_page_of_80_columns_and_the_consoles_font() {
        let report = report(sealed(Mode::Rehearsal).entries()).text;
        for line in report.lines() {
            assert!(line.chars().count() <= 80, "{line}");
            assert!(line.chars().all(crate::render::is_cp437), "{line}");
            assert_eq!(line.trim_end(), line);
        }
    }

    #[test]
    fn every_mode_but_the_ceremony_is_marked() {
        let text = |mode| report(sealed(mode).entries()).text;
        assert!(text(Mode::Rehearsal).contains("R E H E A R S A L"));
        assert!(text(Mode::Unattended).contains("U N A T T E N D E D"));
        let ceremony = text(Mode::Ceremony);
        assert!(!ceremony.contains("R E H E A R S A L") && !ceremony.contains("U N A T T E N D E D"));
    }

    #[test]
    fn shows_the_fingerprint_that_the_file_has_and_every_exception() {
        let chain = sealed(Mode::Ceremony);
        let report = report(chain.entries()).text;
        for row in crate::render::lines(&chain.fingerprint()) {
            assert!(report.contains(&row), "{row}");
        }
        for text in ["  1. 2026", "a \"floppy\"", "fire alarm", "plan     IW", "(attested, not authenticated)"] {
            assert!(report.contains(text), "{text}");
        }
    }

    #[test]
    fn both_forms_say_the_same() {
        let Report { text, html } = report(sealed(Mode::Rehearsal).entries());
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        for part in ["R E H E A R S A L", "fire alarm", "Zo\u{eb}", "profile.toml", "Not confirmed by anybody"] {
            assert!(text.contains(part) && html.contains(part), "{part}");
        }
        let html = words(&html.replace(['<', '>'], " "));
        for row in crate::render::lines(&sealed(Mode::Rehearsal).fingerprint()) {
            let row = words(&row);
            assert!(html.windows(row.len()).any(|found| found == row), "{row:?}");
        }
    }

    #[test]
    fn tells_how_the_clocks_went_and_what_was_plugged_in() {
        let time: Time = "2026-11-22T03:00:00Z".parse().unwrap();
        let text = |text: &str| text.to_owned();
        let usb = |name: &str| (text(name), text("1d6b:0002"), text("03"));
        let (name, product, classes) = usb("A modem");
        let refused = UsbRefused { name, product, classes, reason: text("class 02 is not let in") };
        let (name, product, classes) = usb("A keyboard");
        let allowed = UsbAllowed { name, product, classes, decided_by: text("CA") };
        let (role, initials, watch) = (Role::new("IW").unwrap(), text("iw"), text("03:01"));
        let confirmed = TimeConfirmed { role, initials, watch, shown: time, offset_seconds: 0 };
        let agreed = TimeAgreed { rtc: Some(time), shown: time, agreed: time, offset_seconds: 0 };
        let mut chain = self::chain(Mode::Ceremony);
        for body in [
            Body::Keyboard(Keyboard { layout: text("de-ch") }),
            Body::TimeConfirmed(confirmed),
            Body::TimeAgreed(agreed),
            Body::UsbRefused(refused),
            Body::UsbAllowed(allowed),
            Body::ClockDrift(ClockDrift { rtc: time, agreed: time, drift_seconds: -2 }),
        ] {
            chain.append(Moment { time, uptime: 9 }, Step::Media, &Actor::Operator, body).unwrap();
        }
        let told = report(chain.entries()).text;
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            "layout de-ch",
            "03:01 on the own watch",
            "A modem (1d6b:0002): class 02",
            "by CA",
            "media -2 s",
            "hardware clock 2026",
        ] {
            assert!(told.contains(part), "{part} in\n{told}");
        }
    }

    #[test]
    fn says_so_when_the_seal_is_missing() {
        assert!(report(chain(Mode::Ceremony).entries()).text.contains("NO SEAL"));
        assert!(report(&[]).text.contains("NO SEAL"));
    }
}
