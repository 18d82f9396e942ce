//! The real program at a real screen: all nine steps, and what goes wrong on the way.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may panic and starts programs"
)]

mod common;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::crew::{self, Crew, Room};
use common::look::{audit, entries, holds, holds_no_pin};
use common::pty::{self, EXCEPTION, LARGE, PATIENCE, PAUSE, SMALL, STOP, Terminal};
use common::rehearsal::claviger;
use rustix::process::Signal;

const BIND: &str = "ksr-example.txt";
const ROOT: &str = "ksr-root-rehearsal.xml";
/// Empties a field.
const CLEAR: &str = "\x15";

/// Turns through the pages, and looks at each.
fn leaf(terminal: &mut Terminal) {
    for _ in 0..5 {
        let before = terminal.rows();
        terminal.press("\x1bOS\x1b[6~");
        terminal.wait("another page", |screen| (screen.rows != before).then_some(()));
    }
}

/// Asks for help and goes back.
fn help(terminal: &mut Terminal) {
    terminal.press("\x1bOP");
    terminal.see("what you should see, and what to do");
    terminal.press("\x1bOP");
    terminal.wait("the way back", |screen| (!screen.has("what you should see, and what to do")).then_some(()));
}

/// From the beginning to the question which file is the request, with what goes wrong before it.
fn a_wrong_word(room: &Room, crew: &mut Crew, terminal: &mut Terminal) {
    terminal.see("Is this the profile that was agreed on?");
    help(terminal);
    terminal.press("\r"); // alone it answers nothing
    terminal.see("Choose first: press Y or N");
    crew.until(terminal, "which file is the request (KSR)?");
    help(terminal);
    crew.until(terminal, "From paper: which are words ");
    let screen = terminal.see("of the request of job 1?");
    let asked = screen.between("which are words ", " of the ").unwrap();
    let right = crew::from_paper(&room.stick("KSR").join(BIND), asked);
    let (first, rest) = right.split_once(' ').unwrap();
    let wrong = if first == "absurd" { "acme" } else { "absurd" };
    terminal.press(&format!("{wrong} {rest}\r"));
    terminal.see("the words differ from the hash on the screen");
    terminal.see(&format!("{wrong} {rest}")); // it stays, to be mended
    terminal.press(&format!("{CLEAR}{right}\r"));
}

fn an_exception(crew: &mut Crew, terminal: &mut Terminal) {
    crew.until(terminal, "Job 1: is this request part of the ceremony?");
    leaf(terminal);
    terminal.press(EXCEPTION);
    terminal.answer("Record an exception", "seal 4711\rseal 4712\r");
    terminal.press("the bag was weighed\rCA\r");
    terminal.wait("the question", |screen| (!screen.has("Record an exception")).then_some(()));
}

fn a_wrong_first_word(crew: &mut Crew, terminal: &mut Terminal) {
    let screen = crew.until(terminal, "Two people confirm the plan. The first one");
    leaf(terminal);
    let heading = "SHA-256 of the plan";
    // The pages were turned: the first one comes again.
    let word = match screen.words(heading) {
        Some(mut words) => words.swap_remove(0),
        None => panic!("no words of the plan:\n{screen}"),
    };
    let wrong = if word == "absurd" { "acme" } else { "absurd" };
    terminal.press(&format!("1\rAA\r{wrong}\r"));
    terminal.see(&format!("expected the first word of the hash; found `{wrong}`"));
    terminal.press(&format!("{CLEAR}{word}\r"));
    let screen = terminal.see("Two people confirm the plan. The second one");
    assert!(screen.has("Confirmed by CA; now another person."));
    // Whoever confirmed is not in the list any more; a page with the plan's words may be another one now.
    terminal.press(&format!("1\rIW\r{word}\r"));
}

fn a_wrong_pin(crew: &mut Crew, terminal: &mut Terminal) {
    crew.until(terminal, "CO1: type your PIN");
    terminal.press("rehearse-CO7\r");
    terminal.see("this PIN does not open the share of CO1; enter it again");
    // The share of someone else is named before a PIN is asked for.
    terminal.press("\x1b");
    let screen = terminal.see("Who enters a PIN next? 2 more officers are needed.");
    let number = crew::numbered(&screen.question, "CO1").unwrap();
    terminal.press(&format!("{number}\r"));
    let screen = terminal.see("CO1: plug in your medium.");
    let number = crew::numbered(&screen.question, "RECORD-A").unwrap();
    terminal.press(&format!("{number}\r"));
    let screen = terminal.see("expected a medium whose label begins with SHARE; found RECORD-A");
    let number = crew::numbered(&screen.question, "SHARE-CO2").unwrap();
    terminal.press(&format!("{number}\r"));
    terminal.see("share-CO1.json: there is nothing of this name");
    // So does a wrong token lead back to the choice of the token.
    crew.until(terminal, "Who enters a PIN next? 1 more officer is needed.");
    let screen = terminal.see("every officer begins anew");
    assert!(screen.has("[T] Not token"), "{}", screen.question);
    terminal.press("t\r");
    let screen = terminal.see("Which token signs?");
    assert!(!screen.has("[x]"), "no officer counts any more");
}

/// All nine steps; the record is audited with the fingerprint's words as they stood on the screen.
fn nine_steps(size: (u16, u16), other_medium: bool) {
    let room = Room::new(3);
    let mut terminal = room.open(size);
    let mut crew = Crew::new(&room, &[BIND, ROOT]);
    a_wrong_word(&room, &mut crew, &mut terminal);
    an_exception(&mut crew, &mut terminal);
    a_wrong_first_word(&mut crew, &mut terminal);
    a_wrong_pin(&mut crew, &mut terminal);

    crew.until(&mut terminal, "Are these the responses that were planned?");
    leaf(&mut terminal);
    fs::write(room.stick("RECORD-B").join(".capacity"), "4096").unwrap();
    crew.until(&mut terminal, "could not be written to RECORD-B. What now?");
    terminal.see("it is full");
    if other_medium {
        fs::create_dir(room.stick("RECORD-C")).unwrap();
        let screen = terminal.see("Write to RECORD-C instead");
        let number = crew::numbered(&screen.question, "Write to RECORD-C instead").unwrap();
        terminal.press(&format!("{number}\r"));
    } else {
        terminal.press("a\r"); // still full
        terminal.wait("the same question", |screen| (!screen.has("► [A]") && screen.has("[A] Try")).then_some(()));
        fs::remove_file(room.stick("RECORD-B").join(".capacity")).unwrap();
        terminal.press("a\r");
    }

    let screen = crew.until(&mut terminal, "Does every witness have the transcript fingerprint on paper?");
    let words = screen.words("Transcript fingerprint").unwrap_or_else(|| panic!("no words:\n{screen}"));
    assert_eq!(words.len(), 32, "{screen}");
    terminal.press("q");
    terminal.see("Q Back N P Turn");
    terminal.press("n");
    terminal
        .wait("the next code", |screen| (!screen.has("Transcript fingerprint") && screen.has("Q Back")).then_some(()));
    terminal.press("q");
    terminal.see("Does every witness have the transcript fingerprint on paper?");
    crew.until(&mut terminal, "The ceremony is over: complete.");
    terminal.press("l\r");
    assert_eq!(terminal.exit(), 0);
    assert!(terminal.is_restored(), "the terminal is not as it was");

    let second = if other_medium { "RECORD-C" } else { "RECORD-B" };
    for label in ["RECORD-A", second] {
        let (code, said) = audit(&room.record(label, false), Some(&words.join(" ")));
        assert!(code == 0 && said.contains("AUTHENTIC"), "{code} {said}");
    }
    let record = room.record("RECORD-A", false);
    assert_eq!(entries(&record, "transcript.jsonl", "exception").len(), 1);
    assert_eq!(entries(&record, "transcript.jsonl", "job").len(), 2);
    assert_eq!(entries(&record, "transcript.jsonl", "read-back")[0]["body"]["attempts"], 2);
    let shares = entries(&record, "transcript.jsonl", "share");
    assert_eq!(shares.iter().filter(|share| share["body"]["accepted"] == false).count(), 2);
    assert!(!entries(&record, "delivery.jsonl", "write-failed").is_empty());
    verify_without_our_program(&record);
    holds_no_pin(&room, &[&terminal]);
}

/// What a witness runs accepts the record, with the fingerprint in hexadecimal.
fn verify_without_our_program(record: &Path) {
    let has =
        |tool: &str| ["/usr/bin", "/bin", "/usr/local/bin"].iter().any(|path| Path::new(path).join(tool).exists());
    if let Some(tool) = ["ssh-keygen", "openssl", "ldns-verify-zone"].into_iter().find(|tool| !has(tool)) {
        return common::skip::skip(&format!("{tool} is not installed, which verify-record.sh needs"));
    }
    let fingerprint = claviger::dns::sha256(&fs::read(record.join("transcript.jsonl")).unwrap()).to_string();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("witness-scripts/verify-record.sh");
    let output = Command::new(script).arg(record).arg(fingerprint).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn nine_steps_at_80x25_with_what_goes_wrong() {
    nine_steps(SMALL, false);
}

#[test]
fn nine_steps_at_128x48_with_what_goes_wrong() {
    nine_steps(LARGE, true);
}

/// How many signatures the screen says are made.
fn signatures(screen: &pty::Screen) -> Option<usize> {
    let row = screen.rows.iter().find(|row| row.contains(" % ") && row.contains(" of "))?;
    let (_, row) = row.split_once('│')?;
    row.split_whitespace().next()?.parse().ok()
}

#[test]
fn a_ceremony_whose_process_is_killed_in_execute_goes_on() {
    let room = Room::new(2000);
    let mut crew = Crew::new(&room, &[BIND]);
    let mut killed = room.open(SMALL);
    crew.until(&mut killed, "CO2: type your PIN");
    killed.press("rehearse-CO2\r");
    killed.glimpse("signatures", |screen| screen.has("Please wait: signing") && signatures(screen) > Some(0));
    let hosts = killed.children();
    killed.signal(Signal::KILL);
    assert_eq!(killed.exit(), 0x100);
    // The token host does not outlive the one who gave it the PIN.
    assert!(!hosts.is_empty());
    wait_for("the end of the token host", || {
        hosts.iter().all(|host| rustix::process::test_kill_process(*host).is_err())
    });

    let mut terminal = room.open(SMALL);
    terminal.see("An interrupted ceremony was found. Go on with it?");
    terminal.see("signatures were made and are kept.");
    crew.until(&mut terminal, "CO2: type your PIN");
    terminal.press("rehearse-CO2\r");
    terminal.glimpse("signatures", |screen| screen.has("Please wait: signing"));
    terminal.press(PAUSE);
    terminal.press("y\r");
    let screen = terminal.see("Pause. Is everybody back?");
    assert!(screen.has("The token session is closed and no PIN is kept."));
    assert!(terminal.children().is_empty(), "the token host runs in a pause");
    crew.until(&mut terminal, "The ceremony is over: complete.");
    terminal.press("l\r");
    assert_eq!(terminal.exit(), 0);

    let record = room.record("RECORD-B", false);
    let fingerprint = claviger::dns::sha256(&fs::read(record.join("transcript.jsonl")).unwrap()).to_string();
    let (code, said) = audit(&record, Some(&fingerprint));
    assert!(code == 0 && said.contains("AUTHENTIC"), "{said}");
    for kind in ["resumed", "paused", "continued"] {
        assert_eq!(entries(&record, "transcript.jsonl", kind).len(), 1, "{kind}");
    }
    let confirmed = entries(&record, "transcript.jsonl", "confirmed");
    assert_eq!(confirmed.iter().filter(|entry| entry["body"]["subject"] == "resume").count(), 2);
    assert!(!room.path().join("spool").exists(), "the spool is still there");
    holds_no_pin(&room, &[&killed, &terminal]);
}

#[test]
fn a_ceremony_whose_process_is_killed_after_the_seal_writes_the_same_record_on() {
    let kill = |mut terminal: Terminal| {
        terminal.signal(Signal::KILL);
        assert_eq!(terminal.exit(), 0x100);
    };
    let room = Room::new(3);
    let mut crew = Crew::new(&room, &[BIND]);
    let mut terminal = room.open(SMALL);
    crew.until(&mut terminal, "Are these the responses that were planned?");
    fs::write(room.stick("RECORD-B").join(".capacity"), "4096").unwrap();
    crew.until(&mut terminal, "could not be written to RECORD-B. What now?");
    let sealed = fs::read(room.record("RECORD-A", false).join("transcript.jsonl")).unwrap();
    kill(terminal);

    let mut terminal = room.open(SMALL);
    terminal.see("could not be written to RECORD-B. What now?");
    fs::remove_file(room.stick("RECORD-B").join(".capacity")).unwrap();
    terminal.press("a\r");
    crew.until(&mut terminal, "Does every witness have the transcript fingerprint on paper?");
    fs::write(room.stick("RECORD-B").join(".read-only"), "").unwrap();
    crew.until(&mut terminal, "delivery.jsonl could not be written to RECORD-B. What now?");
    kill(terminal);

    let mut terminal = room.open(SMALL);
    terminal.see("delivery.jsonl could not be written to RECORD-B. What now?");
    assert!(room.path().join("spool").exists(), "the key was wiped before the log was on every record");
    fs::remove_file(room.stick("RECORD-B").join(".read-only")).unwrap();
    terminal.press("a\r");
    crew.until(&mut terminal, "The ceremony is over: complete.");
    terminal.press("l\r");
    assert_eq!(terminal.exit(), 0);
    for label in ["RECORD-A", "RECORD-B"] {
        assert_eq!(room.records(label).len(), 1, "one record and no journal on {label}");
        let record = room.record(label, false);
        assert_eq!(fs::read(record.join("transcript.jsonl")).unwrap(), sealed, "{label}");
        let (code, said) = audit(&record, None);
        assert!(code == 0 && said.contains("consistent"), "{said}");
        assert_eq!(entries(&record, "delivery.jsonl", "resumed").len(), 1, "{label}");
    }
    assert!(!room.path().join("spool").exists(), "the spool is still there");
}

fn wait_for(what: &str, mut ask: impl FnMut() -> bool) {
    let start = Instant::now();
    while !ask() {
        assert!(start.elapsed() < PATIENCE, "waited for {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn what_happened_before_a_kill_can_be_sealed_instead() {
    let room = Room::new(3);
    let mut crew = Crew::new(&room, &[BIND]);
    let mut killed = room.open(SMALL);
    crew.until(&mut killed, "Are these the responses that were planned?");
    killed.signal(Signal::KILL);
    killed.exit();
    let mut terminal = room.open(SMALL);
    terminal.answer("An interrupted ceremony was found. Go on with it?", "n\r");
    terminal.answer("End the interrupted ceremony here and seal what happened?", "SEAL\r");
    crew.until(&mut terminal, "The ceremony is over: stopped.");
    terminal.press("l\r");
    assert_eq!(terminal.exit(), 1);
    let record = room.record("RECORD-A", false);
    let (code, said) = audit(&record, None);
    assert!(code == 0 && said.contains("consistent"), "{said}");
    assert!(
        !record.join("jobs").join("01-example").join("skr-example.txt").exists(),
        "a response that nobody accepted"
    );
    assert_eq!(fs::read_dir(room.stick("KSR")).unwrap().count(), 2, "a response on the request medium");
}

#[test]
fn a_boot_leaves_the_signed_journal() {
    let room = Room::new(3);
    let mut crew = Crew::new(&room, &[BIND]);
    let mut killed = room.open(SMALL);
    crew.until(&mut killed, "Who enters a PIN next? 1 more officer");
    for label in ["RECORD-A", "RECORD-B"] {
        // What is on the screen may be on its way to the media still.
        wait_for("the last flush", || {
            let journal = room.record(label, true);
            let text = fs::read_to_string(journal.join("transcript.jsonl")).unwrap();
            text.contains(r#""kind":"share""#) && !audit(&journal, None).1.contains("AUDIT-")
        });
    }
    for host in killed.children() {
        rustix::process::kill_process(host, Signal::KILL).unwrap();
    }
    killed.signal(Signal::KILL);
    killed.exit();
    fs::remove_dir_all(room.path().join("spool")).unwrap();
    for label in ["RECORD-A", "RECORD-B"] {
        let journal = room.record(label, true);
        let (code, said) = audit(&journal, None);
        assert!(code == 1 && said.contains("INTERRUPTED"), "{code} {said}");
        assert!(!said.contains("FAIL") && !said.contains("not signed"), "{said}");
        assert_eq!(entries(&journal, "transcript.jsonl", "confirmed").len(), 6);
        // A crash can come between the writing of a file and its renaming.
        fs::write(journal.join("journal.head.new"), "half").unwrap();
        let (code, said) = audit(&journal, None);
        assert!(code == 1 && said.contains("INTERRUPTED") && said.contains("it was being written"), "{said}");
    }
    let mut terminal = room.open(SMALL);
    let mut crew = Crew::new(&room, &[BIND]);
    let screen = crew.until(&mut terminal, "Which record is the last ceremony's?");
    let number = crew::numbered(&screen.question, "!! INTERRUPTED: REHEARSAL-").unwrap();
    terminal.press(&format!("{number}\r"));
    terminal.see("the journal of a ceremony that did not come to its end; it is good as far as it is signed");
    crew.until(&mut terminal, "which file is the request (KSR)?");
    let journals = room.records("RECORD-A");
    let told = journals.iter().flat_map(|journal| entries(journal, "transcript.jsonl", "previous-record"));
    let told: Vec<_> = told.map(|entry| entry["body"]["verdict"].clone()).collect();
    assert_eq!(told, ["interrupted"]);
}

#[test]
fn a_stop_seals_what_happened() {
    let room = Room::new(3);
    let mut crew = Crew::new(&room, &[BIND]);
    let mut terminal = room.open(SMALL);
    crew.until(&mut terminal, "Who enters a PIN next? 1 more officer");
    terminal.press(STOP);
    terminal.answer("Stop the ceremony?", "smoke in the room\r");
    terminal.press("stop\r");
    terminal.see("type STOP in capital letters");
    terminal.press(&format!("{CLEAR}STOP\r"));
    crew.until(&mut terminal, "The ceremony is over: stopped.");
    terminal.press("l\r");
    assert_eq!(terminal.exit(), 1);
    assert!(terminal.is_restored());
    for label in ["RECORD-A", "RECORD-B"] {
        let record = room.record(label, false);
        let (code, said) = audit(&record, None);
        assert!(code == 0 && said.contains("consistent"), "{said}");
        let stopped = entries(&record, "transcript.jsonl", "stopped");
        assert_eq!(stopped[0]["body"]["note"], "smoke in the room");
    }
    holds_no_pin(&room, &[&terminal]);
}

#[test]
fn a_plan_can_be_left_a_job_dropped_and_no_request_taken_twice() {
    let room = Room::new(3);
    let mut crew = Crew::new(&room, &[BIND, ROOT]);
    let mut terminal = room.open(SMALL);
    crew.until(&mut terminal, "Two people confirm the plan. The first one");
    terminal.press("\x1b");
    let screen = terminal.see("Is there another request for this ceremony?");
    assert!(screen.has("3 ► request") && screen.has("[2] Drop job 2"), "{screen}");
    terminal.press("y\r");
    let screen = terminal.see("which file is the request (KSR)?");
    let number = crew::numbered(&screen.question, BIND).unwrap();
    terminal.press(&format!("{number}\r"));
    terminal.see("the request of job 1 has the same SHA-256");
    terminal.press("n\r");
    terminal.see("Is there another request for this ceremony?");
    terminal.press("2\r");
    terminal.answer("Drop this job?", "y\r");
    terminal.wait("the job dropped", |screen| screen.has("dropped").then_some(()));
    crew.until(&mut terminal, "The ceremony is over: complete.");
    terminal.press("l\r");
    assert_eq!(terminal.exit(), 0);
    let record = room.record("RECORD-A", false);
    let (code, said) = audit(&record, None);
    assert!(code == 0 && said.contains("consistent"), "{said}");
    let count = |kind| entries(&record, "transcript.jsonl", kind).len();
    assert_eq!(["planned", "plan-withdrawn", "response"].map(count), [2, 1, 1]);
    assert!(room.stick("KSR").join("REHEARSAL-skr-example.txt").exists());
    holds_no_pin(&room, &[&terminal]);
}

#[test]
fn sigterm_means_stop_and_gives_the_terminal_back() {
    let room = Room::new(3);
    let mut crew = Crew::new(&room, &[BIND]);
    let mut terminal = room.open(SMALL);
    crew.until(&mut terminal, "which file is the request (KSR)?");
    terminal.signal(Signal::TERM);
    crew.until(&mut terminal, "The ceremony is over: stopped.");
    terminal.press("l\r");
    assert_eq!(terminal.exit(), 1);
    assert!(terminal.is_restored());
    let octets = terminal.octets();
    assert!(holds(&octets[octets.len() - 200..], b"\x1b[?1049l") && holds(&octets[octets.len() - 200..], b"\x1b[?25h"));
    let record = room.record("RECORD-A", false);
    assert_eq!(audit(&record, None).0, 0);
    let stopped = entries(&record, "transcript.jsonl", "stopped");
    assert_eq!(stopped[0]["body"]["note"], "the system asked the program to end");
}

#[test]
fn a_stick_that_is_pulled_is_missed_and_found_again() {
    let room = Room::new(3);
    let mut crew = Crew::new(&room, &[BIND]);
    let mut terminal = room.open(SMALL);
    let screen = crew.until(&mut terminal, "which file is the request (KSR)?");
    let away = room.path().join("pulled");
    fs::rename(room.stick("KSR"), &away).unwrap();
    let number = crew::numbered(&screen.question, BIND).unwrap();
    terminal.press(&format!("{number}\r"));
    terminal.see("it is not there any more");
    terminal.press("l\r");
    terminal.see("No file was found there.");
    fs::rename(&away, room.stick("KSR")).unwrap();
    terminal.wait("the files", |screen| {
        (screen.question.contains(BIND) && !screen.has("not there any more")).then_some(())
    });
    // The other medium of the record, when it is to be written.
    crew.until(&mut terminal, "Accept the responses? Two people confirm it");
    fs::rename(room.stick("RECORD-B"), &away).unwrap();
    crew.until(&mut terminal, "could not be written to RECORD-B. What now?");
    terminal.see("it is not there any more");
    fs::rename(&away, room.stick("RECORD-B")).unwrap();
    terminal.press("a\r");
    crew.until(&mut terminal, "The ceremony is over: complete.");
    terminal.press("l\r");
    assert_eq!(terminal.exit(), 0);
    for label in ["RECORD-A", "RECORD-B"] {
        let (code, said) = audit(&room.record(label, false), None);
        assert_eq!(code, 0, "{said}");
    }
}

#[test]
fn a_wrong_stick_leads_back_and_the_last_record_may_lie_on_one_that_takes_nothing() {
    let room = Room::prepared(3);
    let wrong = room.stick("KSR-OLD");
    fs::create_dir(&wrong).unwrap();
    fs::write(wrong.join("notes.txt"), "nothing to sign\n").unwrap();
    let mut crew = Crew::new(&room, &[BIND]);
    crew.request = "KSR-OLD";
    let mut terminal = room.open(SMALL);
    let screen = crew.until(&mut terminal, "which file is the request (KSR)?");
    let listed = |name| crew::numbered(&screen.question, name).is_some();
    assert!(listed("notes.txt") && !listed(BIND), "{screen}");
    terminal.press("n\r");
    terminal.see("Which medium holds the request?");
    crew.request = "KSR";
    crew.until(&mut terminal, "The ceremony is over: complete.");
    terminal.press("l\r");
    assert_eq!(terminal.exit(), 0);
    assert!(room.stick("KSR").join("REHEARSAL-skr-example.txt").exists());
    let (record, name) = (room.record("RECORD-A", false), "notes.txt");
    assert_eq!(fs::read_dir(&wrong).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>(), [name]);
    assert_eq!(audit(&record, None).0, 0);
    let bound = entries(&record, "transcript.jsonl", "volume-bound");
    let bound: Vec<_> = bound.iter().map(|entry| entry["body"]["label"].as_str().unwrap()).collect();
    assert_eq!(bound, ["RECORD-A", "RECORD-B", "KSR-OLD", "KSR"]);

    // Next time its copies lie in a safe; one of them is fetched.
    let safe = room.path().join("safe");
    fs::create_dir(&safe).unwrap();
    let folder = record.file_name().unwrap().to_str().unwrap().to_owned();
    fs::rename(&record, safe.join(&folder)).unwrap();
    fs::remove_dir_all(room.record("RECORD-B", false)).unwrap();
    let mut terminal = room.open(SMALL);
    let screen = Crew::new(&room, &[BIND]).until(&mut terminal, "Which record is the last ceremony's?");
    assert!(screen.has("Plug in the medium that has it; its label begins with RECORD"), "{screen}");
    fs::rename(&safe, room.stick("RECORD-SAFE")).unwrap();
    let screen = terminal.see("on RECORD-SAFE");
    let number = crew::numbered(&screen.question, &folder).unwrap();
    terminal.press(&format!("{number}\r"));
    terminal.see("From paper: which are words");
}

#[test]
fn without_a_record_medium_nothing_is_asked_of_the_token() {
    let room = Room::new(3);
    let mut crew = Crew::new(&room, &[BIND]);
    let mut terminal = room.open(SMALL);
    crew.until(&mut terminal, "Who enters a PIN next? 1 more officer is needed.");
    let sticks = ["RECORD-A", "RECORD-B"].map(|label| (room.stick(label), room.path().join(label)));
    for (stick, pulled) in &sticks {
        // What is open would be written all the same: a stick that is pulled has no such file any more.
        fs::remove_file(room.record(&stick.file_name().unwrap().to_string_lossy(), true).join("transcript.jsonl"))
            .unwrap();
        fs::rename(stick, pulled).unwrap();
    }
    crew.until(&mut terminal, "Is a record medium back? Unlock the token again and go on?");
    let screen = terminal.see("!! NO RECORD MEDIUM");
    assert!(screen.has("Nothing more was asked of the token: no record medium takes the journal."), "{screen}");
    // One is enough.
    terminal.see("!! RECORD-B was taken out: put it in again.");
    fs::rename(&sticks[1].1, &sticks[1].0).unwrap();
    terminal.wait("RECORD-B", |screen| (!screen.has("RECORD-B was taken out")).then_some(()));
    terminal.press("y\r");
    crew.until(&mut terminal, "Are these the responses that were planned?");
    fs::rename(&sticks[0].1, &sticks[0].0).unwrap();
    crew.until(&mut terminal, "The ceremony is over: complete.");
    terminal.press("l\r");
    assert_eq!(terminal.exit(), 0);
    let record = room.record("RECORD-A", false);
    let (code, said) = audit(&record, None);
    assert_eq!(code, 0, "{said}");
    let good = entries(&record, "transcript.jsonl", "unlocked");
    assert_eq!(good.len(), 1, "the token was opened once: {good:?}");
    let of = |kind| entries(&record, "transcript.jsonl", kind).len();
    assert_eq!((of("withheld"), of("token-fault")), (1, 0), "the token did nothing wrong");
    assert!(fs::read_to_string(record.join("report.txt")).unwrap().contains("HELD BACK"));
}

/// Files that are no requests: name, octets, and what is said of them.
fn damaged(good: &[u8]) -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let dtd = b"<?xml version=\"1.0\"?>\n<!DOCTYPE KSR [<!ENTITY a \"b\">]>\n<KSR/>\n".to_vec();
    vec![
        ("a-empty.txt", Vec::new(), "empty"),
        ("b-binary.txt", (0..=255).cycle().take(5000).collect(), "line"),
        ("c-dtd.xml", dtd, "found `<!DOCTYPE`"),
        ("d-cut.txt", good[..good.len() / 2].to_vec(), "line"),
        ("e-large.txt", vec![b'a'; 1_048_577], "too large"),
    ]
}

#[test]
fn damaged_files_a_missing_token_and_a_wrong_module_lead_back() {
    let room = Room::new(3);
    let mut crew = Crew::new(&room, &[BIND]);
    let mut terminal = room.open(SMALL);
    crew.until(&mut terminal, "Which record is the last ceremony's?");
    let files = damaged(&fs::read(room.stick("KSR").join(BIND)).unwrap());
    for (name, octets, _) in &files {
        fs::write(room.stick("KSR").join(name), octets).unwrap();
    }
    symlink("/etc/passwd", room.stick("KSR").join("f-link.txt")).unwrap();
    let told = files.iter().map(|(name, _, told)| (*name, *told)).chain([("f-link.txt", "link")]);
    for (name, told) in told {
        let screen = crew.until(&mut terminal, "which file is the request (KSR)?");
        let number = crew::numbered(&screen.question, name).unwrap();
        terminal.press(&format!("{number}\r"));
        terminal.wait(&format!("`{told}` of {name}"), |screen| {
            let (_, refusal) = screen.question.split_once("!! ")?;
            (refusal.contains(name) && refusal.contains(told)).then_some(())
        });
    }
    // No token: what to do is said, and it goes on when the token is there again.
    crew.until(&mut terminal, "Two people confirm the plan. The second one");
    let (token, away) = (room.path().join("token"), room.path().join("pulled"));
    fs::rename(&token, &away).unwrap();
    fs::create_dir(&token).unwrap();
    crew.until(&mut terminal, "The token failed. Unlock it again and go on?");
    terminal.see("THE TOKEN FAILED");
    terminal.see("found none; connect it or choose another");
    fs::remove_dir_all(&token).unwrap();
    fs::rename(&away, &token).unwrap();
    terminal.press("y\r");
    crew.until(&mut terminal, "Who enters a PIN next? 2 more officers are needed.");
    // A module that is not there, in the next ceremony.
    drop(terminal);
    fs::remove_dir_all(room.path().join("spool")).unwrap();
    let profile = room.path().join("profile.toml");
    let text = fs::read_to_string(&profile).unwrap();
    let module = text.lines().find(|line| line.starts_with("module = ")).unwrap();
    fs::write(&profile, text.replace(module, "module = \"/usr/lib/nowhere/libhsm.so\"")).unwrap();
    let mut terminal = room.open(SMALL);
    let mut crew = Crew::new(&room, &[BIND]);
    crew.until(&mut terminal, "The token failed. Unlock it again and go on?");
    terminal.see("/usr/lib/nowhere/libhsm.so");
    terminal.press(STOP);
    terminal.answer("Stop the ceremony?", "wrong module\rSTOP\r");
    crew.until(&mut terminal, "The ceremony is over: stopped.");
    terminal.press("l\r");
    assert_eq!(terminal.exit(), 1);
    let (code, said) = audit(&room.record("RECORD-A", false), None);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_drill_is_marked_on_every_screen_and_no_ceremony_goes_on_from_it() {
    let room = Room::prepared(2);
    let mut terminal = room.ceremony(&["--drill", "lost-officer"], "DRILL");
    let mut crew = Crew::new(&room, &[BIND]);
    crew.until(&mut terminal, "DRILL lost-officer: practice, yet its signatures are valid");
    crew.until(&mut terminal, "The ceremony is over: complete.");
    terminal.press("l\r");
    assert_eq!(terminal.exit(), 0);
    let record = room.record("RECORD-A", false);
    assert!(record.file_name().unwrap().to_str().unwrap().starts_with("REHEARSAL-"), "{record:?}");
    let (code, said) = audit(&record, None);
    assert!(code == 0 && said.starts_with("DRILL lost-officer: NOT ANCHORED"), "{said}");
    assert_eq!(entries(&record, "transcript.jsonl", "opened")[0]["body"]["mode"], "drill:lost-officer");
    assert!(room.stick("KSR").join("REHEARSAL-skr-example.txt").exists());

    // The real one is offered that record, and does not take it.
    let mut terminal = room.ceremony(&[], "CEREMONY");
    let screen = Crew::new(&room, &[BIND]).until(&mut terminal, "REHEARSAL-20");
    let number = crew::numbered(&screen.question, "REHEARSAL-20").unwrap();
    terminal.press(&format!("{number}\r"));
    terminal.see("no ceremony goes on from it");
    terminal.press(STOP);
}

#[test]
fn an_interrupted_drill_does_not_go_on_as_a_ceremony() {
    let room = Room::prepared(2);
    let mut terminal = room.ceremony(&["--drill", "lost-officer"], "DRILL");
    Crew::new(&room, &[BIND]).until(&mut terminal, "which file is the request (KSR)?");
    terminal.signal(Signal::KILL);
    terminal.exit();
    let [profile, spool] = ["profile.toml", "ceremony-spool"].map(|name| room.path().join(name));
    let words = ["ceremony", "--profile", profile.to_str().unwrap(), "--spool", spool.to_str().unwrap()];
    let run = claviger(&words, room.beside());
    let told = run.err.contains("expected  ceremony\n  found     drill:lost-officer\n");
    assert!(run.code == 3 && told, "{}", run.err);
}
