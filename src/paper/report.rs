//! The report: what happened, for people, from the transcript alone.

mod ending;
mod judged;
mod signed;

use super::html::html;
use super::sheet::{Block, Sheet, shown};
use super::text::text;
use crate::render::{Column, Table};
use crate::steps::Mode;
use crate::transcript::{Body, Entry, Opened, PublicKey, Report};

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
    judged::documents(&mut page, entries);
    judged::findings(&mut page, entries);
    judged::plan(&mut page, entries);
    signed::token(&mut page, entries);
    signed::signatures(&mut page, entries);
    signed::responses(&mut page, entries);
    ending::exceptions(&mut page, entries);
    ending::unconfirmed(&mut page, entries);
    ending::course(&mut page, entries);
    ending::seal(&mut page, entries);
    page.finish()
}

fn opened(entries: &[Entry]) -> Option<&Opened> {
    entries.iter().find_map(|entry| match &entry.body {
        Body::Opened(opened) => Some(opened),
        _ => None,
    })
}

fn title(page: &mut Sheet, entries: &[Entry]) {
    let drill: String;
    let notes: &[&str] = match opened(entries).map(|opened| &opened.mode) {
        Some(Mode::Rehearsal) => {
            &["R E H E A R S A L", "software token, throw-away keys: nothing here is of any use to a zone"]
        }
        Some(Mode::Unattended) => {
            &["U N A T T E N D E D", "nobody stood at the screen; nothing was confirmed by people"]
        }
        Some(Mode::Drill(name)) => {
            drill = format!("D R I L L   {name}");
            &[&drill, "practice on the token of the profile; what was signed is valid all the same"]
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
    page.field("Mode", &opened.mode.to_string());
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
    // One medium brings the requests: of several, the last one did, and no job was taken from those before.
    let is_request = |entry: &Entry| matches!(&entry.body, Body::VolumeBound(volume) if volume.purpose == "request");
    let request = entries.iter().rposition(is_request);
    for (place, entry) in entries.iter().enumerate() {
        match &entry.body {
            Body::VolumeBound(volume) => {
                let exchanged = is_request(entry) && request != Some(place);
                let end = if exchanged { "; exchanged for another one" } else { "" };
                let size = if volume.size == 0 { "size unknown".to_owned() } else { format!("{} octets", volume.size) };
                let text = format!(
                    "{}, serial {}, UUID {}, {size}{end}",
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

fn subject_of(job: usize) -> String {
    if job == 0 { "All jobs".to_owned() } else { format!("Job {job}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::{Time, sha256};
    use crate::steps::{Actor, Moment, Role, Step};
    use crate::transcript::{
        CeremonyKey, Chain, ClockDrift, Confirmed, Exception, Keyboard, Note, PersonEntered, Seal, TimeAgreed,
        TimeConfirmed, UsbAllowed, UsbRefused, VolumeBound,
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
        for mode in [Mode::Rehearsal, "drill:an-officer-who-is-absent".parse().unwrap()] {
            for line in report(sealed(mode).entries()).text.lines() {
                assert!(line.chars().count() <= 80, "{line}");
                assert!(line.chars().all(crate::render::is_cp437), "{line}");
                assert_eq!(line.trim_end(), line);
            }
        }
    }

    #[test]
    fn every_mode_but_the_ceremony_is_marked() {
        let text = |mode| report(sealed(mode).entries()).text;
        assert!(text(Mode::Rehearsal).contains("R E H E A R S A L"));
        assert!(text(Mode::Unattended).contains("U N A T T E N D E D"));
        assert!(
            text("drill:an-officer-who-is-absent".parse().unwrap()).contains("D R I L L   an-officer-who-is-absent")
        );
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
    fn tells_which_request_medium_was_exchanged() {
        let mut chain = chain(Mode::Ceremony);
        for (purpose, label) in [("record", "RECORD-A"), ("request", "KSR-WRONG"), ("request", "KSR")] {
            let [purpose, label, serial, uuid] = [purpose, label, "4711", "0815"].map(str::to_owned);
            let body = Body::VolumeBound(VolumeBound { purpose, label, serial, uuid, size: 0 });
            let moment = Moment { time: "2026-11-22T03:00:00Z".parse().unwrap(), uptime: 9 };
            chain.append(moment, Step::Media, &Actor::Operator, body).unwrap();
        }
        let told = report(chain.entries()).text.split_whitespace().collect::<Vec<_>>().join(" ");
        for (label, exchanged) in [("RECORD-A", false), ("KSR-WRONG", true), ("KSR", false)] {
            let line = format!("{label}, serial 4711, UUID 0815, size unknown; exchanged");
            assert_eq!(told.contains(&line), exchanged, "{label} in\n{told}");
        }
    }

    #[test]
    fn says_so_when_the_seal_is_missing() {
        assert!(report(chain(Mode::Ceremony).entries()).text.contains("NO SEAL"));
        assert!(report(&[]).text.contains("NO SEAL"));
    }
}
