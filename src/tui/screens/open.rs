//! `open`: profile, people, time.

use super::super::page::{Page, Pane};
use super::super::panel::{Panel, Shape};
use super::super::reply::Reply;
use super::super::text::{self, pages};
use super::super::theme::Tone;
use super::super::widgets::Choices;
use super::{Look, choose, hash, media, transcript};
use crate::ceremony::{ProfileChoice, Question, TimeAsked, View};
use crate::dns::{Sha256Digest, Time};
use crate::render;
use crate::steps::{Person, Role};

pub(super) fn panes<'a>(look: &Look<'a>, width: usize) -> Vec<Pane<'a>> {
    let view = look.view;
    let mut page = Page::new(width);
    match &view.question {
        Question::Profile(choices) => {
            for choice in choices {
                page.say(Tone::Head, &choice.name);
                page.pair(pages::LABEL_FROM, Tone::Text, &choice.origin);
                match &choice.fault {
                    Some(fault) => page.pair("!!", Tone::Warn, fault),
                    None => grouped(&mut page, pages::LABEL_SHA256, &choice.sha256),
                }
                page.blank();
            }
        }
        Question::ConfirmProfile(choice) => {
            identity(view, &mut page);
            page.pair(pages::LABEL_PROFILE, Tone::Text, &choice.name);
            page.pair(pages::LABEL_FROM, Tone::Text, &choice.origin);
            page.blank();
            page.digest(pages::PROFILE_SHA256, &choice.sha256);
        }
        Question::People { missing } => attendance(view, missing, &mut page),
        Question::Time(asked) => clocks(&mut page, look, asked),
        Question::Keyboard { .. } => {
            page.say(Tone::Head, text::KEYBOARD_TRY);
            page.say(Tone::Text, text::KEYBOARD_WHAT);
            page.blank();
            image(look, &mut page);
        }
        Question::Working(_) if view.title.is_empty() => image(look, &mut page),
        _ => overview(look, &mut page),
    }
    let mut panes = vec![Pane::new(pages::OPEN, page)];
    match &view.question {
        Question::Profile(_) => {
            panes.push(Pane::new(pages::MEDIA, media::plugged_in(view, width)));
            panes.extend(hashes(view, width));
        }
        Question::Working(_) | Question::Keyboard { .. } | Question::ConfirmProfile(_) => {
            panes.extend(hashes(view, width));
        }
        _ => {}
    }
    panes.extend(transcript(look, width));
    panes
}

/// What image and program say of themselves, while nothing is asked yet.
fn image<'a>(look: &Look<'a>, page: &mut Page<'a>) {
    page.say(Tone::Head, pages::SELF_REPORTED);
    identity(look.view, page);
    page.pair(pages::LABEL_MODE, Tone::Text, text::mode(&look.view.mode));
    if look.view.computer.build_id.is_some() {
        page.blank();
        page.say(Tone::Quiet, text::IMAGE_COMPARE);
        page.blank();
        for (row, line) in look.view.computer.started.iter().enumerate() {
            page.pair(if row == 0 { pages::LABEL_STARTED } else { "" }, Tone::Text, line);
        }
    }
}

/// Program, and on the image its build and its boot medium.
fn identity<'a>(view: &View, page: &mut Page<'a>) {
    page.pair(pages::LABEL_PROGRAM, Tone::Text, &view.program);
    let Some(build) = &view.computer.build_id else { return };
    let medium = view.computer.boot_medium.as_deref().unwrap_or(text::BOOT_MEDIUM_WAITING);
    for (label, text) in [(pages::LABEL_BUILD, build.as_str()), (pages::LABEL_MEDIUM, medium)] {
        match text.parse() {
            Ok(sha256) => grouped(page, label, &sha256),
            Err(_) => page.pair(label, Tone::Text, text),
        }
    }
}

/// A digest in two rows of groups of four.
fn grouped(page: &mut Page<'_>, label: &str, sha256: &Sha256Digest) {
    let groups = render::hex::groups(sha256.as_bytes());
    for (row, groups) in groups.chunks(8).enumerate() {
        page.pair(if row == 0 { label } else { "" }, Tone::Text, &groups.join(" "));
    }
}

/// The hashes of image and boot medium with their words.
fn hashes<'a>(view: &View, width: usize) -> impl Iterator<Item = Pane<'a>> {
    let computer = &view.computer;
    let known = [(pages::BOOT_MEDIUM, &computer.boot_medium), (pages::LABEL_BUILD, &computer.build_id)];
    known.into_iter().filter_map(move |(title, text)| {
        let sha256 = text.as_ref()?.parse().ok()?;
        let mut page = Page::new(width);
        page.digest(&pages::self_reported(title), &sha256);
        Some(Pane::new(title, page))
    })
}

fn overview<'a>(look: &Look<'a>, page: &mut Page<'a>) {
    let view = look.view;
    identity(view, page);
    page.pair(pages::LABEL_MODE, Tone::Text, text::mode(&view.mode));
    page.pair(pages::LABEL_PROFILE, Tone::Text, if view.title.is_empty() { pages::PROFILE_NONE } else { &view.title });
    if let Some(key) = &view.key_fingerprint {
        page.pair(pages::LABEL_KEY, Tone::Text, key);
    }
    if !view.people.is_empty() {
        page.blank();
        page.say(Tone::Head, pages::PEOPLE);
    }
    for person in &view.people {
        page.pair(person.role.as_str(), Tone::Text, &person.name);
    }
    if let Some(sha256) = &view.profile_sha256 {
        page.blank();
        page.digest(pages::PROFILE_SHA256, sha256);
    }
}

/// Who is there, who is missing, and which officers were not entered.
fn attendance<'a>(view: &View, missing: &[Role], page: &mut Page<'a>) {
    page.say(Tone::Head, pages::PEOPLE);
    for person in &view.people {
        page.pair(person.role.as_str(), Tone::Text, &person.name);
    }
    for role in missing {
        page.pair(role.as_str(), Tone::Warn, pages::PERSON_MISSING);
    }
    let entered = |role: &Role| missing.contains(role) || view.people.iter().any(|person| person.role == *role);
    let officers = view.officers.iter().filter(|(role, _)| !entered(role));
    for (role, _) in officers {
        page.pair(role.as_str(), Tone::Quiet, pages::OFFICER_MISSING);
    }
    if !view.officers.is_empty() {
        page.blank();
        page.say(Tone::Quiet, &pages::officers_wanted(view.threshold, view.officers.len()));
    }
    page.blank();
    page.pair(pages::LABEL_MODE, Tone::Text, text::mode(&view.mode));
    page.pair(pages::LABEL_PROFILE, Tone::Text, &view.title);
}

/// UTC to confirm, and the clocks behind it.
fn clocks(page: &mut Page<'_>, look: &Look<'_>, asked: &TimeAsked) {
    let shifted = |seconds: i64| Time::from_unix(i64::from(look.now.time.unix()) + seconds).unwrap_or(look.now.time);
    big_clock(page, text::time_source(asked.offset), shifted(asked.offset.unwrap_or(0)));
    page.blank();
    page.pair(pages::LABEL_COMPUTER, Tone::Text, &text::clock(look.now.time, asked.offset.map_or(0, |offset| -offset)));
    match look.view.computer.rtc {
        Some(rtc) => {
            page.pair(pages::LABEL_RTC, Tone::Text, &text::clock(shifted(rtc), rtc - asked.offset.unwrap_or(0)));
        }
        None => page.pair(pages::LABEL_RTC, Tone::Quiet, text::NO_RTC),
    }
}

/// Digits of five rows, so that the last row can compare its watch.
fn big_clock(page: &mut Page<'_>, heading: &str, time: Time) {
    let shown = time.to_string();
    let (date, clock) = shown.split_once('T').unwrap_or((&shown, ""));
    page.say(Tone::Head, heading);
    page.say(Tone::Text, date);
    for row in 0..5 {
        let cells = clock.trim_end_matches('Z').chars().map(|sign| format!("{:<7}", glyph(sign, row)));
        page.line(Tone::Text.line(cells.collect::<String>()));
    }
}

const fn glyph(sign: char, row: usize) -> &'static str {
    let rows: [&str; 5] = match sign {
        '0' => ["█████", "█   █", "█   █", "█   █", "█████"],
        '1' => ["  █  ", " ██  ", "  █  ", "  █  ", "█████"],
        '2' => ["█████", "    █", "█████", "█    ", "█████"],
        '3' => ["█████", "    █", " ████", "    █", "█████"],
        '4' => ["█   █", "█   █", "█████", "    █", "    █"],
        '5' => ["█████", "█    ", "█████", "    █", "█████"],
        '6' => ["█████", "█    ", "█████", "█   █", "█████"],
        '7' => ["█████", "    █", "   █ ", "  █  ", "  █  "],
        '8' => ["█████", "█   █", "█████", "█   █", "█████"],
        '9' => ["█████", "█   █", "█████", "    █", "█████"],
        _ => ["     ", "  █  ", "     ", "  █  ", "     "],
    };
    match row {
        0 => rows[0],
        1 => rows[1],
        2 => rows[2],
        3 => rows[3],
        _ => rows[4],
    }
}

pub(super) fn keyboard(layouts: &[String], loaded: usize) -> Panel {
    let mark = |index| if index == loaded { "[x]" } else { "[ ]" };
    let items = layouts
        .iter()
        .enumerate()
        .map(|(index, name)| (format!("{} {name:<6} {}", mark(index), text::layout(name)), Reply::Choose(index)));
    let mut choices = Choices::numbered(items);
    choices.push('D', text::KEYBOARD_DONE, Reply::Done);
    choices.choose(&Reply::Choose(loaded));
    Panel::new(text::KEYBOARD, Shape::Choices).explain(text::KEYBOARD_HOW).act(choices).text(text::KEYBOARD_FIELD)
}

pub(super) fn profile(choices: &[ProfileChoice]) -> Panel {
    let label = |choice: &ProfileChoice| match &choice.fault {
        Some(_) => format!("!! {} ({}): cannot be used", choice.name, choice.origin),
        None => format!("{} ({})", choice.name, choice.origin),
    };
    let items = choices.iter().enumerate().map(|(index, choice)| (label(choice), Reply::Choose(index)));
    choose(text::PROFILE, Choices::numbered(items), text::PROFILE_NONE)
}

pub(super) fn confirm_profile(_: &ProfileChoice) -> Panel {
    let panel = Panel::new(text::CONFIRM_PROFILE, Shape::Choices).explain(text::CONFIRM_PROFILE_HOW);
    panel.yes_no((text::CONFIRM_PROFILE_YES, Reply::Yes), (text::CONFIRM_PROFILE_NO, Reply::No))
}

pub(super) fn people(missing: &[Role], people: &[Person]) -> Panel {
    let panel = Panel::new(text::PEOPLE, Shape::Person).explain(text::people_missing(missing));
    let [role, name] = text::PERSON_FIELDS;
    let mut choices = Choices::default();
    choices.push(' ', text::PEOPLE_DONE, Reply::Done);
    for (index, person) in people.iter().enumerate() {
        choices.push(' ', text::remove(&person.to_string()), Reply::Remove(index));
    }
    panel.short(role).text(name).act(choices)
}

pub(super) fn time(asked: &TimeAsked, people: &[Person]) -> Panel {
    let panel = Panel::new(text::time(asked.first.is_some()), Shape::Confirm);
    let panel = panel.explain(match &asked.first {
        Some(first) => text::confirmed_by(first),
        None => text::TIME_HOW.to_owned(),
    });
    let [initials, watch] = text::TIME_FIELDS;
    let mut choices = Choices::default();
    choices.push('S', text::TIME_WRONG, Reply::SetTime);
    panel.field(hash::pick_person(people, asked.first.as_ref())).short(initials).short(watch).act(choices).back()
}

pub(super) fn resume(view: &View, entries: usize, signatures: usize) -> Panel {
    let state = text::resume_state(entries, signatures);
    let no = Reply::No.word(text::RESUME_SURE, text::SEAL_WORD);
    if view.plan.is_none() {
        let mut choices = Choices::default();
        choices.push('S', text::RESUME_SEAL, no);
        return Panel::new(text::RESUME_NO_PLAN, Shape::Choices).explain(state).act(choices);
    }
    let panel = Panel::new(text::RESUME, Shape::Choices).explain(state);
    panel.yes_no((text::RESUME_YES, Reply::Yes), (text::RESUME_NO, no))
}
