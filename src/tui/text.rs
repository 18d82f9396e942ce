//! Every text for people on the screens: here the frame and the questions, those of `unlock` in [`unlock`], in [`pages`]
//! what stands above them; the longer ones for F1 stand in `help`.

pub(crate) mod pages;
pub(crate) mod unlock;

use super::widgets::Choices;
use crate::ceremony::{MediumWanted, Unfit};
use crate::dns::Time;
use crate::render;
use crate::steps::{Mode, Role, UsbFacts, UsbState, VolumeFacts};

// --- Frame

/// The program's name.
pub(crate) const PROGRAM: &str = "Claviger";
/// Stands on every screen of practice.
pub(crate) fn banner(mode: &Mode) -> Option<String> {
    match mode {
        Mode::Ceremony | Mode::Unattended => None,
        Mode::Rehearsal => Some("REHEARSAL - throw-away keys, nothing made here is valid - REHEARSAL".to_owned()),
        Mode::Drill(name) => Some(format!("DRILL {name}: practice, yet its signatures are valid")),
    }
}

/// Before the first screen, on a computer that has no randomness to give yet.
pub(crate) const GATHERING: [&str; 3] =
    [PROGRAM, "", "Please wait: the computer gathers randomness for the ceremony's key."];

/// The keys of the bottom line.
pub(crate) const KEY_HELP: (&str, &str) = ("F1", "Help");
/// Back from help.
pub(crate) const KEY_HELP_OFF: (&str, &str) = ("F1", "Back");
/// Exception.
pub(crate) const KEY_EXCEPTION: (&str, &str) = ("F2", "Exception");
/// Pause.
pub(crate) const KEY_PAUSE: (&str, &str) = ("F3", "Pause");
/// Next page.
pub(crate) const KEY_PAGE: (&str, &str) = ("F4", "Page");
/// A keyboard waits.
pub(crate) const KEY_KEYBOARD: (&str, &str) = ("F5", "Keyboard");
/// Stop.
pub(crate) const KEY_STOP: (&str, &str) = ("F10", "Stop");
/// There is more below.
pub(crate) const KEY_MORE: (&str, &str) = ("PgDn", "More");
/// This is the end of it.
pub(crate) const KEY_UP: (&str, &str) = ("PgUp", "Up");
/// Field to field.
pub(crate) const KEY_FIELD: (&str, &str) = ("Tab", "Field");
/// Takes the answer.
pub(crate) const KEY_ENTER: (&str, &str) = ("Enter", "OK");
/// Leads back.
pub(crate) const KEY_ESCAPE: (&str, &str) = ("Esc", "Back");
/// Moves to No.
pub(crate) const KEY_NO: (&str, &str) = ("Esc", "No");
/// QR code.
pub(crate) const KEY_QR: (&str, &str) = ("Q", "QR code");
/// Turns QR codes.
pub(crate) const KEY_TURN: (&str, &str) = ("N P", "Turn");

/// How the mode is called in the top line.
pub(crate) const fn mode(mode: &Mode) -> &'static str {
    match mode {
        Mode::Ceremony => "CEREMONY",
        Mode::Unattended => "UNATTENDED",
        Mode::Rehearsal => "REHEARSAL",
        Mode::Drill(_) => "DRILL",
    }
}

/// `1 job`, `2 jobs`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Too small a screen.
pub(crate) fn too_small(width: u16, height: u16) -> [String; 3] {
    [
        format!("This window has {width} columns and {height} rows."),
        "The ceremony needs at least 80 x 24.".to_owned(),
        "Make it larger. Nothing is lost.".to_owned(),
    ]
}

// --- Panel

/// A sign that cannot be typed here.
pub(crate) const SIGN_REFUSED: &str = "This sign cannot be used here; write it with the letters of the console's font.";
/// Text would be lost.
pub(crate) const LEAVE: &str = "Go back? What was typed here is not kept.";
/// Does it.
pub(crate) const SURE_YES: &str = "Yes";
/// Does not do it.
pub(crate) const SURE_NO: &str = "No, back to the question";
/// Leaves what was typed.
pub(crate) const LEAVE_YES: &str = "Yes, go back";
/// Does not.
pub(crate) const LEAVE_NO: &str = "No, stay here";
/// Signs that go nowhere, where there are fields.
pub(crate) const TO_THE_FIELDS: &str = "Nothing is typed here; Tab leads to the fields.";
/// Signs that go nowhere, where somebody has to be chosen first.
pub(crate) const PICK_FIRST: &str = "Choose your own name first: its number, or an arrow; then Enter.";
/// Nothing is signed at the moment.
pub(crate) const NO_PAUSE: &str = "A pause is possible while signatures are made.";
/// Too late to stop.
pub(crate) const NO_STOP: &str = "The transcript is sealed: finish the writing. Nothing is signed any more.";
/// Field of a typed word.
pub(crate) const WORD: &str = "Word";

/// Enter without a choice.
pub(crate) fn press_first(choices: &Choices) -> String {
    let keys: Vec<String> =
        choices.items().iter().filter(|item| item.key != ' ').map(|item| item.key.to_string()).collect();
    format!("Choose first: press {}, or an arrow; then Enter.", keys.join(" or "))
}

/// Enter in an empty field.
pub(crate) fn fill_in(label: &str) -> String {
    format!("Empty: {label}. Fill it in, then press Enter.")
}

/// A word has to be typed.
pub(crate) fn type_word(word: &str) -> String {
    format!("To do so, type {word} in capital letters and press Enter; Esc leads back.")
}

/// The request medium has too little room for the responses.
pub(crate) fn review_room(volume: &VolumeFacts, needed: u64) -> String {
    let label = render::escape(&volume.label, 24);
    let (free, needed) = (octets(volume.free), octets(needed));
    format!("!! {label} has {free} free and {needed} are needed: have another medium of this label ready.")
}

/// Why a medium does not do.
pub(crate) fn unfit(unfit: Unfit, wanted: &MediumWanted) -> String {
    match unfit {
        Unfit::Foreign => "cannot be used, a FAT file system is needed".to_owned(),
        Unfit::Label => format!("its label does not begin with {}", wanted.label),
        Unfit::Protected => "write-protected".to_owned(),
        Unfit::Taken => "has a copy of its own".to_owned(),
        Unfit::Full(free) => format!("{} free, {} needed", octets(free), octets(wanted.octets)),
    }
}

/// Room on a medium.
pub(crate) fn octets(count: u64) -> String {
    if count == VolumeFacts::UNKNOWN { "?".to_owned() } else { render::octets(count) }
}

/// Media in a list, label below label and serial below serial.
pub(crate) fn media(volumes: &[VolumeFacts]) -> Vec<String> {
    let cells = |volume: &VolumeFacts| (render::escape(&volume.label, 24), render::escape(&volume.serial, 20));
    let cells: Vec<(String, String)> = volumes.iter().map(cells).collect();
    let widest = |widths: &mut dyn Iterator<Item = usize>| widths.max().unwrap_or(0);
    let label = widest(&mut cells.iter().map(|(label, _)| label.chars().count()));
    let serial = widest(&mut cells.iter().map(|(_, serial)| serial.chars().count()));
    let line = |((name, number), volume): (&(String, String), &VolumeFacts)| {
        let start = format!("{name:<label$}  serial {number:<serial$}  ");
        match (volume.is_foreign(), volume.writable) {
            (true, _) => format!("{start}cannot be used, needs FAT"),
            (false, true) => format!("{start}{} free", octets(volume.free)),
            (false, false) => format!("{start}{} free, write-protected", octets(volume.free)),
        }
    };
    cells.iter().zip(volumes).map(line).collect()
}

/// Title of the exception dialog.
pub(crate) const EXCEPTION: &str = "Record an exception";
/// What an exception is.
pub(crate) const EXCEPTION_HOW: &str = "It stands in the transcript for good and changes no verdict.";
/// Its fields.
pub(crate) const EXCEPTION_FIELDS: [&str; 4] = ["Expected", "Happened", "Action taken", "Decided by"];
/// It is recorded.
pub(crate) fn exception_recorded(count: usize) -> String {
    format!("The exception is recorded. So far: {count}.")
}

/// Title of the stop dialog.
pub(crate) const STOP: &str = "Stop the ceremony?";
/// What stopping means.
pub(crate) const STOP_HOW: &str =
    "Nothing more is signed. The transcript of what happened is sealed and written. This cannot be taken back.";
/// A reason.
pub(crate) const REASON: &str = "Reason";
/// The word that stops.
pub(crate) const STOP_WORD: &str = "STOP";
/// The field of that word.
pub(crate) const STOP_FIELD: &str = "Type STOP";
/// What is told at any step while a ceremony whose process died would not go on from here.
pub(crate) fn unspooled(fault: &str) -> String {
    format!("!! A crash of this program would end the ceremony; make room, or stop: {}", render::escape(fault, 120))
}

/// What is told of USB devices at any step.
pub(crate) fn usb_notices(usb: &UsbState) -> Vec<String> {
    const MOST: usize = 2;
    let named = |facts: &UsbFacts| format!("{} ({})", render::escape(&facts.name, 24), facts.product);
    let waiting =
        usb.waiting.iter().map(|facts| format!("!! New keyboard, types nothing yet, F5 decides: {}", named(facts)));
    let refused = usb.refused.iter().map(|facts| format!("!! USB device refused, take it out: {}", named(facts)));
    waiting.chain(refused).take(MOST).collect()
}

/// A new keyboard.
pub(crate) fn keyboard_new(device: &UsbFacts) -> String {
    let name = render::escape(&device.name, 32);
    format!("May this keyboard type? {name} ({}), classes {}", device.product, device.classes)
}

/// What to mind.
pub(crate) const KEYBOARD_NEW_HOW: &str =
    "It says so itself. Let it in only if somebody here has plugged in a keyboard or mouse. Esc leaves it waiting.";
/// Its fields.
pub(crate) const KEYBOARD_NEW_FIELDS: [&str; 2] = ["Decided by", "ALLOW or REFUSE"];
/// Lets it in.
pub(crate) const KEYBOARD_ALLOW: &str = "ALLOW";
/// Keeps it out.
pub(crate) const KEYBOARD_REFUSE: &str = "REFUSE";
/// Another word was typed.
pub(crate) const KEYBOARD_WORDS: &str = "Type ALLOW or REFUSE in capital letters.";
/// Title of the pause dialog.
pub(crate) const PAUSE: &str = "Make a pause?";
/// What a pause means.
pub(crate) const PAUSE_HOW: &str =
    "The action that runs is finished, then the HSM is logged out. Going on needs the officers again.";
/// Makes it.
pub(crate) const PAUSE_YES: &str = "Yes, pause at the next action";
/// Does not.
pub(crate) const PAUSE_NO: &str = "No, go on signing";

// --- open

/// The boot medium, before it is known.
pub(crate) const BOOT_MEDIUM_WAITING: &str = "its SHA-256 is made once the door is shut";
/// What it is good for.
pub(crate) const IMAGE_COMPARE: &str = "Compare build and medium with what is published for this image. Who could change them could change this screen, \
     too: what counts is that the medium was checked elsewhere.";

/// The keyboard's layout.
pub(crate) const KEYBOARD: &str = "Which keyboard is this? Try it out below.";
/// How.
pub(crate) const KEYBOARD_HOW: &str = "Enter loads the layout; Tab leads to the line where everything typed is seen.";
/// It is the right one.
pub(crate) const KEYBOARD_DONE: &str = "Every key gives its sign, go on";
/// The test line.
pub(crate) const KEYBOARD_FIELD: &str = "Test line";
/// What to try.
pub(crate) const KEYBOARD_TRY: &str = "Before anything else: the keyboard";
/// Signs that differ between layouts.
pub(crate) const KEYBOARD_WHAT: &str =
    "Try y and z, the digits in both rows, and - : / @ # as names, times and PINs have them. Never type a PIN here.";

/// What a layout is called.
pub(crate) fn layout(name: &str) -> &'static str {
    match name {
        "us" => "English (United States)",
        "uk" => "English (United Kingdom)",
        "de" => "German",
        "fr" => "French",
        "es" => "Spanish",
        "it" => "Italian",
        "pt" => "Portuguese",
        "be" => "Belgian",
        "dk" => "Danish",
        "se" => "Swedish",
        "no" => "Norwegian",
        "de-ch" => "German (Switzerland)",
        "fr-ch" => "French (Switzerland)",
        _ => "",
    }
}

/// Which profile.
pub(crate) const PROFILE: &str = "Which profile is used today?";
/// No profile anywhere.
pub(crate) const PROFILE_NONE: &str =
    "No profile was found. Plug in the medium with the profile; it appears here by itself.";
/// Whether it is the right one.
pub(crate) const CONFIRM_PROFILE: &str = "Is this the profile that was agreed on?";
/// How to find out.
pub(crate) const CONFIRM_PROFILE_HOW: &str = "Compare the SHA-256 above with the witnesses' script, word by word.";
/// It is.
pub(crate) const CONFIRM_PROFILE_YES: &str = "Yes, name and SHA-256 are those on paper";
/// It is not.
pub(crate) const CONFIRM_PROFILE_NO: &str = "No, choose another one";
/// Who is here.
pub(crate) const PEOPLE: &str = "Who takes part?";
/// Fields of a person.
pub(crate) const PERSON_FIELDS: [&str; 2] = ["Role", "Name"];
/// Everybody is entered.
pub(crate) const PEOPLE_DONE: &str = "All are entered, go on";
/// Somebody was typed, and not entered.
pub(crate) const PEOPLE_HALF: &str =
    "Who stands in the fields is not entered yet: press Enter there, or empty them with Ctrl-U.";
/// Two people compare their watches.
pub(crate) fn time(second: bool) -> String {
    let which = if second { "second" } else { "first" };
    format!("Two people confirm UTC by their own watches. The {which} one: who are you?")
}

/// How.
pub(crate) const TIME_HOW: &str = "Read your own watch, not this screen; a minute more or less is taken.";
/// Its fields.
pub(crate) const TIME_FIELDS: [&str; 2] = ["Initials", "UTC now, HH:MM"];
/// Another time.
pub(crate) const TIME_WRONG: &str = "This is not UTC: set another time";
/// Which.
pub(crate) const TIME_SET: &str = "What is UTC?";
/// Form of a time.
pub(crate) const TIME_SET_HOW: &str =
    "As 2026-11-22 13:00:00; type a time to come and press Enter when it is there. Two people confirm it then.";
/// Its field.
pub(crate) const TIME_SET_FIELD: &str = "UTC";
/// No hardware clock.
pub(crate) const NO_RTC: &str = "no hardware clock is known here";

/// What the large clock shows.
pub(crate) const fn time_source(offset: Option<i64>) -> &'static str {
    match offset {
        None => "UTC, by this computer's clock",
        Some(_) => "UTC, as it was set just now",
    }
}

/// A clock beside UTC.
pub(crate) fn clock(time: Time, ahead: i64) -> String {
    let apart = span(ahead.unsigned_abs());
    let apart = match ahead {
        0 => "the same".to_owned(),
        1.. => format!("{apart} ahead"),
        _ => format!("{apart} behind"),
    };
    format!("{time}, {apart}")
}

/// `7 s`, `38 min 22 s`, `2 h 0 min` or `3 days`.
fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
        _ => count(usize::try_from(seconds / 86_400).unwrap_or(usize::MAX), "day"),
    }
}

/// An interrupted ceremony.
pub(crate) const RESUME: &str = "An interrupted ceremony was found. Go on with it?";
/// Going on.
pub(crate) const RESUME_YES: &str = "Yes, go on: the officers unlock the HSM again";
/// Sealing.
pub(crate) const RESUME_NO: &str = "No, seal and write what happened";
/// An interrupted ceremony without a confirmed plan.
pub(crate) const RESUME_NO_PLAN: &str =
    "An interrupted ceremony was found. It cannot go on: no plan was confirmed yet.";
/// All that can be done with it.
pub(crate) const RESUME_SEAL: &str = "Seal and write what happened; then begin a new ceremony";
/// Asked before sealing.
pub(crate) const RESUME_SURE: &str = "End the interrupted ceremony here and seal what happened?";
/// The word for it.
pub(crate) const SEAL_WORD: &str = "SEAL";

/// Roles that still have nobody.
pub(crate) fn people_missing(roles: &[Role]) -> String {
    if roles.is_empty() {
        return "Every required role is filled. Enter the others too, officers as well.".to_owned();
    }
    let roles: Vec<&str> = roles.iter().map(Role::as_str).collect();
    format!("Still missing: {}. Type role (as CA, CO1) and name.", roles.join(", "))
}

/// Takes someone off the list.
pub(crate) fn remove(person: &str) -> String {
    format!("Remove {person}")
}

/// What an interrupted ceremony had done.
pub(crate) fn resume_state(entries: usize, signatures: usize) -> String {
    format!("Its transcript has {entries} entries; {signatures} signatures were made and are kept.")
}

// --- media

/// Which volumes take the record.
pub(crate) fn record_volumes(needed: usize) -> String {
    let media = if needed == 1 { "medium takes" } else { "media take" };
    format!("Which {needed} {media} the record?")
}

/// How to say so, and how its label begins.
pub(crate) fn record_volumes_how(label: &str) -> String {
    format!("Labels begin with {label}. Enter marks a medium [x], or takes the mark away.")
}

/// How a medium's label begins.
pub(crate) fn labelled(label: &str) -> String {
    format!("Its label begins with {label}. Read label and serial aloud.")
}

/// Marked.
pub(crate) const RECORD_VOLUMES_DONE: &str = "These are the record media, go on";
/// Which volume has the request.
pub(crate) const REQUEST_VOLUME: &str = "Which medium holds the request?";
/// No volume.
pub(crate) const NO_VOLUMES: &str = "No medium is plugged in. Plug one in; it appears here by itself.";
/// The last ceremony.
pub(crate) const PREVIOUS_RECORD: &str = "Which record is the last ceremony's?";
/// None was found.
pub(crate) const PREVIOUS_RECORD_NOWHERE: &str = "No record was found.";

/// Where it is looked for.
pub(crate) fn previous_record_where(label: &str) -> String {
    format!("Not here? Plug in the medium that has it; its label begins with {label}.")
}

/// There is none.
pub(crate) const PREVIOUS_RECORD_NONE: &str = "There is none: this is the first ceremony";
/// Asked before.
pub(crate) const PREVIOUS_RECORD_SURE: &str = "Declare that there is no record of an earlier ceremony?";

/// A first is declared.
pub(crate) fn reason(subject: &str) -> String {
    format!("Why is there no previous {subject}?")
}

/// What becomes of the reason.
pub(crate) const REASON_HOW: &str = "The reason stands in the transcript. Two people confirm it next.";

// --- comparisons

/// Words from paper.
pub(crate) fn read_back(subject: &str, words: &[impl std::fmt::Display]) -> String {
    let numbers: Vec<String> = words.iter().map(ToString::to_string).collect();
    match numbers.split_last() {
        Some((last, [])) => format!("From paper: which is word {last} of the {subject}?"),
        Some((last, rest)) => format!("From paper: which are words {} and {last} of the {subject}?", rest.join(", ")),
        None => format!("From paper: the words of the {subject}?"),
    }
}

/// How to count them.
pub(crate) const READ_BACK_HOW: &str = "They are left out above, each with its number. Someone reads them from paper.";
/// The field.
pub(crate) const READ_BACK_FIELD: &str = "Words";
/// Paper has another one.
pub(crate) const READ_BACK_DIFFERS: &str = "Paper has another hash: it is not this one";
/// Asked before.
pub(crate) const READ_BACK_DIFFERS_SURE: &str =
    "Leave it, and choose another one? The transcript says that paper has another hash.";
/// Without paper.
pub(crate) const READ_BACK_NO: &str = "Nobody has it on paper, go on without a comparison";
/// Asked before.
pub(crate) const READ_BACK_SURE: &str = "Go on without a comparison? The transcript says: no independent hash.";

/// Two people.
pub(crate) fn two_people(subject: &str, second: bool) -> String {
    let which = if second { "second" } else { "first" };
    format!("Two people confirm {}. The {which} one: who are you?", confirmed(subject))
}

/// What two people confirm.
fn confirmed(subject: &str) -> String {
    match subject.strip_prefix("first: ") {
        Some("record") => "there is no earlier record".to_owned(),
        Some(response) => match response.strip_prefix("response of ") {
            Some(job) => format!("{job} has no previous response"),
            None => format!("there is no previous {response}"),
        },
        None if subject == "resume" => "the resumption".to_owned(),
        None => format!("the {subject}"),
    }
}

/// The hash that two people look at.
pub(crate) fn confirmed_hash(subject: &str) -> String {
    match subject.strip_prefix("first: ") {
        Some("record") => "SHA-256 of the profile".to_owned(),
        Some(_) => "SHA-256 of the request".to_owned(),
        None if subject == "resume" => "SHA-256 of the plan".to_owned(),
        None => format!("SHA-256 of the {subject}"),
    }
}

/// What is chosen before initials are typed.
pub(crate) const OWN_NAME: &str = "your own name";
/// What it is worth.
pub(crate) const TWO_PEOPLE_HOW: &str = "Attested, not authenticated: the program cannot know who types.";
/// Its fields.
pub(crate) const TWO_PEOPLE_FIELDS: [&str; 2] = ["Initials", "Word 1 of row 1"];

/// Who was first.
pub(crate) fn confirmed_by(role: &Role) -> String {
    format!("Confirmed by {role}; now another person.")
}

// --- request

/// Which file.
pub(crate) fn document(job: usize, previous: bool) -> String {
    let what = if previous { "the previous response (SKR)" } else { "the request (KSR)" };
    format!("Job {job}: which file is {what}?")
}

/// The medium is not there.
pub(crate) fn medium_gone(volume: &VolumeFacts) -> String {
    format!("!! {} was taken out: put it in again.", render::escape(&volume.label, 24))
}

/// No file.
pub(crate) const NO_FILES: &str = "No file was found there.";
/// The medium has changed.
pub(crate) const DOCUMENT_AGAIN: &str = "Look again which files there are";
/// There is no further request.
pub(crate) const DOCUMENT_NO_REQUEST: &str = "None of these: no further job";
/// It lies elsewhere.
pub(crate) const DOCUMENT_ELSEWHERE: &str = "None of these: another medium holds the request";
/// None is the previous response.
pub(crate) const DOCUMENT_NO_PREVIOUS: &str = "There is none: this is the zone's first response";
/// Asked before.
pub(crate) const DOCUMENT_SURE: &str = "Declare that the zone has no previous response?";

/// What the checks say.
pub(crate) fn judged(job: usize, failed: bool) -> String {
    if failed {
        format!("Job {job}: a check has FAILED. This request cannot be signed.")
    } else {
        format!("Job {job}: is this request part of the ceremony?")
    }
}

/// Counts of findings.
pub(crate) fn verdicts(fail: usize, warn: usize, skipped: usize, pass: usize) -> String {
    let warnings = count(warn, "warning");
    format!("Checks: {fail} failed, {warnings}, {skipped} skipped, {pass} passed. F4 shows them all.")
}

/// It is.
pub(crate) const JUDGED_YES: &str = "Yes, take it into the ceremony";
/// It is not.
pub(crate) const JUDGED_NO: &str = "No, drop this job";
/// Asked before.
pub(crate) const JUDGED_SURE: &str = "Drop this job? Its files stay as they are; it can be chosen again.";
/// Another one.
pub(crate) const MORE_JOBS: &str = "Is there another request for this ceremony?";
/// There is.
pub(crate) const MORE_JOBS_YES: &str = "Yes, choose another one";
/// There is not.
pub(crate) const MORE_JOBS_NO: &str = "No, that is all: make the plan";
/// One that was taken is not to be.
pub(crate) fn more_jobs_drop(job: usize, file: &str) -> String {
    format!("Drop job {job}, {}", render::escape(file, 100))
}

// --- plan

/// Which schema.
pub(crate) fn schema(job: usize, zone: &str) -> String {
    format!("Job {job}: which schema for {zone}?")
}

/// A warning.
pub(crate) fn acknowledge(number: usize, total: usize, job: usize) -> String {
    let place = if job == 0 { "the plan".to_owned() } else { format!("job {job}") };
    format!("Warning {number} of {total}, for {place}: is it acknowledged?")
}

/// How.
pub(crate) fn acknowledge_how(check: &str) -> String {
    format!("Read it above. Type its name, {check}, to acknowledge it.")
}

/// Field.
pub(crate) const ACKNOWLEDGE_FIELD: &str = "Check";
/// Not acknowledged.
pub(crate) const ACKNOWLEDGE_NO: &str = "It is not acknowledged";
/// Asked before.
pub(crate) const ACKNOWLEDGE_SURE: &str = "Do not acknowledge this warning? The plan does not go on.";

/// The profile has no schema.
pub(crate) const NO_SCHEMA: &str = "The profile has no schema for this zone.";

// --- execute

/// A fault.
pub(crate) const FAULT: &str = "The token failed. Unlock it again and go on?";
/// No medium would have known of what the token was to do.
pub(crate) const WITHHELD: &str = "Is a record medium back? Unlock the token again and go on?";

/// Another medium for the record.
pub(crate) fn record_volume_too(medium: &str) -> String {
    format!("Take {medium} for the record, too")
}

/// What is kept.
pub(crate) const FAULT_HOW: &str = "What is done is kept; it goes on at the first action not done. F10 stops.";
/// Goes on.
pub(crate) const FAULT_YES: &str = "Yes, unlock and go on";
/// In a pause.
pub(crate) const PAUSED: &str = "Pause. Is everybody back?";
/// What it takes.
pub(crate) const PAUSED_HOW: &str = "The HSM is logged out. Going on needs the officers.";
/// Goes on.
pub(crate) const PAUSED_YES: &str = "Yes, unlock and go on";
/// On the screen of a pause.
pub(crate) const PAUSED_SCREEN: [&str; 3] =
    ["PAUSE", "The token session is closed and no PIN is kept.", "At least two people stay with the equipment."];

// --- review

/// The responses.
pub(crate) fn review(failed: bool) -> &'static str {
    if failed {
        "A check of the responses has FAILED. They cannot be accepted."
    } else {
        "Are these the responses that were planned?"
    }
}

/// What became of the HSM.
pub(crate) fn review_made((made, total): (usize, usize)) -> String {
    format!("{made} of {total} signatures are made and verified; the HSM session is closed.")
}

/// Accept.
pub(crate) const REVIEW_YES: &str = "Yes, accept and write them";
/// Asked before.
pub(crate) const REVIEW_YES_SURE: &str =
    "Accept the responses? Two people confirm it, then they are sealed and written.";
/// Refuse.
pub(crate) const REVIEW_NO: &str = "No, refuse them all: none is written";
/// Asked before.
pub(crate) const REVIEW_NO_SURE: &str = "Refuse every response? None is written, the record says so.";
/// The word for it.
pub(crate) const REFUSE_WORD: &str = "REFUSE";

// --- write

/// A medium failed.
pub(crate) fn write_fault(name: &str, label: &str) -> String {
    format!("{name} could not be written to {label}. What now?")
}

/// Again.
pub(crate) const WRITE_AGAIN: &str = "Try this medium again";
/// Without.
pub(crate) const WRITE_WITHOUT: &str = "Go on without this medium";
/// Asked before.
pub(crate) const WRITE_WITHOUT_SURE: &str = "Go on without this medium? The delivery log says so.";
/// Nothing is lost.
pub(crate) const WRITE_FAULT_HOW: &str = "Nothing is lost: the memory holds it all. Another medium may be plugged in.";

/// Asked before, where it is the delivery log alone.
pub(crate) const WRITE_WITHOUT_LOG_SURE: &str =
    "Leave the record there without its delivery log? Its journal stays, too: write both down on paper.";
/// What is there already.
pub(crate) const WRITE_FAULT_LOG_HOW: &str =
    "The record is there and was read back. Its delivery log is kept until you decide.";

/// A medium by its label, and by its serial where another one has the same label.
pub(crate) fn medium(label: &str, serial: Option<&str>) -> String {
    let label = render::escape(label, 24);
    match serial {
        Some(serial) => format!("{label}, serial {}", render::escape(serial, 20)),
        None => label,
    }
}

/// Another medium.
pub(crate) fn write_other(label: &str) -> String {
    format!("Write to {label} instead")
}

// --- close

/// On paper?
pub(crate) const CLOSE: &str = "Does every witness have the transcript fingerprint on paper?";
/// How to see all.
pub(crate) const CLOSE_HOW: &str = "N and P turn the pages, Q shows the QR code. Then the ceremony key is wiped.";
/// They have.
pub(crate) const CLOSE_YES: &str = "Yes, all have it: wipe the key and close";
/// Asked before.
pub(crate) const CLOSE_SURE: &str = "Close the ceremony? The fingerprints cannot be shown again afterwards.";

/// It is over.
pub(crate) fn finished(outcome: &str) -> String {
    format!("The ceremony is over: {outcome}.")
}

/// Leaves.
pub(crate) const FINISHED_YES: &str = "Leave";
/// What remains to be done.
pub(crate) const FINISHED_HOW: &str = "Take the media out. Nothing more will be written.";
/// What is not there.
pub(crate) fn finished_without_log(count: usize) -> String {
    format!(
        "!! NOT WRITTEN: the delivery log of {count} record{}. Write it down on paper.",
        if count == 1 { "" } else { "s" }
    )
}

/// Nothing was written at all.
pub(crate) const FINISHED_UNWRITTEN: &str = "Nothing was written: there was no record medium yet.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_far_a_clock_is_off() {
        let time: Time = "2026-11-22T13:00:07Z".parse().unwrap();
        let off = |seconds| clock(time, seconds).split_once(", ").unwrap().1.to_owned();
        assert_eq!(
            [0, 7, -2302, 7_200, -90_000].map(off),
            ["the same", "7 s ahead", "38 min 22 s behind", "2 h 0 min ahead", "1 day behind"]
        );
    }

    #[test]
    fn counts_octets_in_decimal_units() {
        let shown = [VolumeFacts::UNKNOWN, 0, 999, 1_474_560, 59_642, 3_812_000_000].map(octets);
        assert_eq!(shown, ["?", "0 B", "999 B", "1.4 MB", "59.6 kB", "3.8 GB"]);
    }
}
