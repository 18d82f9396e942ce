//! Media that come and go in one running machine: the screen follows, and nothing is lost.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::ceremony::{FIRST, RECORDS, REQUEST, Requester};
use crate::common::crew::{Console as _, Crew, numbered};
use crate::common::pty::{STOP, Screen};
use crate::common::rehearsal::claviger;
use crate::figures;
use crate::keys::KEYBOARD;
use crate::machine::{Firmware, Machine, Medium, iso};
use crate::sticks::{Drawer, copy_off, copy_onto};

/// Bundles that take a machine in emulation long enough to sign for a keyboard to be pulled meanwhile.
const BUNDLES: u16 = 4000;
/// The question at which the media are plugged in.
const WHICH: &str = "Which 2 media take the record?";

/// Waits until a medium of the list is described so; its number.
fn listed(machine: &Machine, choice: &str) -> u32 {
    machine.wait(&format!("`{choice}` among the media"), |screen| offered(screen, choice))
}

/// Waits until no medium of the list is described so; what was said of it still stands below.
fn gone(machine: &Machine, choice: &str) {
    machine.wait(&format!("`{choice}` to go"), |screen| {
        (screen.question.contains(WHICH) && offered(screen, choice).is_none()).then_some(())
    });
}

/// The number of a medium in the list.
fn offered(screen: &Screen, choice: &str) -> Option<u32> {
    numbered(&screen.question, &format!("[ ] {choice}"))
}

/// Chooses a medium that must be refused in these words.
fn refused(machine: &mut Machine, choice: &str, words: &str) {
    let number = listed(machine, choice);
    machine.press(&format!("{number}\r"));
    machine.see(words);
}

/// How long the screen took to follow the hands. The machine's clock goes as this computer's.
#[derive(Default)]
struct Follows {
    plugged: Vec<Duration>,
    pulled: Vec<Duration>,
    inserted: Vec<Duration>,
    ejected: Vec<Duration>,
}

impl Follows {
    fn note(self) {
        figures::note_times("a stick is plugged in, and the screen shows it", self.plugged);
        figures::note_times("a stick is pulled, and the screen shows it no more", self.pulled);
        figures::note_times("a floppy is put in, and the screen shows it", self.inserted);
        figures::note_times("a floppy is taken out, and the screen shows it no more", self.ejected);
    }
}

/// What hands do, and how long until the screen has followed.
fn timed(machine: &Machine, times: &mut Vec<Duration>, hands: impl FnOnce(&Machine), followed: impl FnOnce(&Machine)) {
    let start = Instant::now();
    hands(machine);
    followed(machine);
    times.push(start.elapsed());
}

/// A stick that must be refused in these words: shown when it is plugged in, and gone when it is pulled.
fn foreign_stick(machine: &mut Machine, image: &Path, told: &str, follows: &mut Follows) {
    let show = |machine: &Machine| _ = listed(machine, told);
    timed(machine, &mut follows.plugged, |machine| machine.plug("foreign", image), show);
    let label = told.split(" serial").next().unwrap();
    refused(machine, told, &format!("label begins with RECORD; found {label}"));
    let go = |machine: &Machine| gone(machine, told);
    timed(machine, &mut follows.pulled, |machine| machine.pull("foreign"), go);
}

/// Sticks that are none for us, told by what was found.
fn foreign_sticks(machine: &mut Machine, drawer: &Drawer, follows: &mut Follows) {
    let sticks = [
        (drawer.halves("halves"), "(two or more partitions)"),
        (drawer.foreign("ext4", &["mkfs.ext4", "-q", "-L", "RECORD-E"]), "(ext2, ext3 or ext4)"),
        (drawer.foreign("exfat", &["mkfs.exfat", "-L", "RECORD-X"]), "(exFAT)"),
        (drawer.empty("empty", 16 << 20), "(no file system)"),
        (drawer.foreign("nameless", &["mkfs.vfat"]), "(no label) serial foreign"),
        (drawer.fat("HOLIDAYS"), "HOLIDAYS"),
    ];
    for (image, told) in sticks {
        foreign_stick(machine, &image, told, follows);
    }
}

/// The floppy drive: no medium tells by itself that it came or went.
fn floppies(machine: &mut Machine, drawer: &Drawer, follows: &mut Follows) {
    let image = drawer.floppy("RECORD-F");
    let show = |machine: &Machine| _ = listed(machine, "RECORD-F");
    let go = |machine: &Machine| gone(machine, "RECORD-F");
    timed(machine, &mut follows.inserted, |machine| machine.insert(&image, true), show);
    refused(machine, "RECORD-F", "RECORD-F is write-protected; open its lock, or take another one");
    timed(machine, &mut follows.ejected, Machine::eject, go);
    let open = |machine: &Machine| {
        machine.wait("a floppy that can be written", |screen| {
            (offered(screen, "RECORD-F").is_some() && !screen.question.contains("free, write-protected")).then_some(())
        });
    };
    timed(machine, &mut follows.inserted, |machine| machine.insert(&image, false), open);
    timed(machine, &mut follows.ejected, Machine::eject, go);
}

/// The layout of the keyboard, tried out on its line: the key beside T is z on a German one.
fn layouts(machine: &mut Machine) {
    machine.see(FIRST);
    for (choice, sign) in [("3", "z"), ("1", "y")] {
        machine.press(&format!("{choice}\r"));
        let mark = format!("[{choice}] [x]");
        machine.wait(&format!("`{mark}`"), |screen| screen.has(&mark).then_some(()));
        machine.press("\ty");
        machine.wait(&format!("`{sign}` on the test line"), |screen| {
            screen.rows.iter().any(|row| row.contains(&format!("Test line [{sign}"))).then_some(())
        });
        machine.press("\x7f\t");
    }
}

/// Keys that lead out of programs elsewhere.
fn no_key_leads_out(machine: &mut Machine) {
    for keys in [["alt", "f2"].as_slice(), &["ctrl", "alt", "f3"], &["alt", "right"], &["ctrl", "alt", "delete"]] {
        machine.press_chord(keys);
    }
    // Sync, unmount, boot; the last key alone would do.
    for key in ["s", "u", "b"] {
        machine.press_chord(&["alt", "sysrq", key]);
    }
    machine.press_chord(&["scroll_lock"]); // it would hold the screen, and all that follows here
    machine.press("\x15"); // what was a sign is no answer
    machine.see(WHICH);
}

/// Devices that are no media: a network card is refused, a second keyboard waits until somebody lets it in.
fn other_devices(machine: &mut Machine) {
    let refused = "USB device refused, take it out: ";
    machine.qmp("device_add", &json!({ "driver": "usb-net", "id": "net", "bus": "xhci.0" }));
    machine.see(refused);
    machine.unplug("net");
    machine.wait("the refused device to be forgotten", |screen| (!screen.has(refused)).then_some(()));
    let waits = "New keyboard, types nothing yet, F5 decides: ";
    machine.plug_other_keyboard();
    machine.see(waits);
    machine.press_other(STOP);
    machine.press(KEYBOARD);
    machine.answer("May this keyboard type?", "CA\rALLOW\r");
    let screen = machine.wait("the keyboard to be let in", |screen| (!screen.has(waits)).then(|| screen.clone()));
    assert!(!screen.has("Stop the ceremony?"), "it typed before it was let in: {screen}");
    types(machine, |machine| machine.press_other(STOP));
    machine.unplug("other");
    machine.see(WHICH);
}

/// Waits until a keyboard types, by the dialog that a key of it opens; its driver may need a moment.
fn types(machine: &mut Machine, press_stop: impl Fn(&mut Machine)) {
    const DIALOG: &str = "Stop the ceremony?";
    let start = Instant::now();
    while !Screen::new(machine.rows()).has(DIALOG) {
        assert!(start.elapsed() < machine.patience(), "the keyboard does not type:\n{}", Screen::new(machine.rows()));
        press_stop(machine);
        thread::sleep(Duration::from_secs(2));
    }
    machine.press("\x1b");
    machine.wait("the dialog to go", |screen| (!screen.has(DIALOG)).then_some(()));
}

/// The only keyboard of the machine is pulled, and is itself when it comes back.
fn the_same_keyboard_again(machine: &mut Machine) {
    machine.unplug("own");
    machine.plug_keyboard("own", "OWN");
    types(machine, |machine| machine.press(STOP));
    let screen = machine.see(WHICH);
    assert!(!screen.has("New keyboard"), "{screen}");
}

/// Beside a PIN, which nobody sees, stands what would change it.
fn locks_are_shown(machine: &mut Machine, crew: &mut Crew) {
    crew.until(machine, ": type your PIN, for token");
    for state in ["!! Caps Lock ON", "Caps Lock off"] {
        machine.press_chord(&["caps_lock"]);
        machine.see(state);
    }
}

/// The only keyboard is pulled, and nobody can let in the next one: it is let in by an exception that nobody decided,
/// what was opened is closed, and the officers begin anew.
fn no_keyboard_is_left(machine: &mut Machine, crew: &mut Crew, pulled: &str, next: &str) {
    machine.unplug(pulled);
    machine.plug_keyboard(next, &next.to_uppercase());
    let screen = machine.see("Pause. Is everybody back?");
    assert!(screen.has("The token session is closed and no PIN is kept."), "{screen}");
    types(machine, |machine| machine.press(STOP));
    crew.until(machine, "Who enters a PIN next? 2 more");
}

/// Once between two officers' PINs, and once when the token is open and signs.
fn keyboards_go_at_the_token(machine: &mut Machine, crew: &mut Crew) {
    crew.until(machine, "Who enters a PIN next? 1 more");
    no_keyboard_is_left(machine, crew, "own", "spare");
    crew.until(machine, "Who enters a PIN next? 1 more");
    crew.until(machine, ": type your PIN, for token");
    crew.step(machine);
    busy(machine, "signing", |screen| screen.has("Please wait: signing"));
    no_keyboard_is_left(machine, crew, "spare", "last");
}

/// Waits until the machine does this; the screen moves all the time meanwhile.
fn busy(machine: &Machine, what: &str, is_at_it: impl Fn(&Screen) -> bool) {
    let start = Instant::now();
    while !is_at_it(&Screen::new(machine.rows())) {
        let screen = || Screen::new(machine.rows());
        assert!(start.elapsed() < machine.patience(), "{what} does not begin:\n{}", screen());
        thread::sleep(Duration::from_millis(50));
    }
}

/// Whether a record is being written to a medium.
fn writes(screen: &Screen, label: &str) -> bool {
    screen.between("Please wait: writing ", &format!(" to {label}")).is_some()
}

/// A stick is pulled while it is written, plugged in again and tried again, until the next one is written.
fn pulled_while_written(machine: &mut Machine, crew: &mut Crew, stick: &Path) {
    const FAULT: &str = "could not be written to RECORD-1. What now?";
    crew.until(machine, "Two people confirm the responses. The second one");
    crew.step(machine);
    busy(machine, "writing", |screen| writes(screen, RECORDS[0]));
    machine.pull("first");
    crew.until(machine, FAULT);
    machine.plug("first", stick);
    let start = Instant::now();
    loop {
        let screen = Screen::new(machine.rows());
        if writes(&screen, RECORDS[1]) {
            return;
        }
        assert!(start.elapsed() < machine.patience(), "the stick is not found again:\n{screen}");
        if screen.has(FAULT) {
            machine.press("a\r"); // too early is as good as too late: the question comes again
            thread::sleep(Duration::from_secs(1));
        }
    }
}

#[test]
fn media_come_and_go_and_nothing_is_lost() {
    let drawer = Drawer::new();
    let requester = Requester::with_bundles(BUNDLES);
    let request = drawer.fat(REQUEST);
    copy_onto(&request, &requester.request());
    let records = RECORDS.map(|label| drawer.fat(label));
    // No PS/2 in this machine: its one keyboard can be pulled.
    let keyboard = ["-machine", "i8042=off", "-device", "usb-kbd,id=own,bus=xhci.0,serial=OWN"];
    let mut machine = Machine::with(&iso("rehearsal"), Firmware::Bios, Medium::Usb, &keyboard);
    let mut crew = requester.crew();
    layouts(&mut machine);
    machine.unplug("boot-stick"); // everything is in RAM
    crew.until(&mut machine, WHICH);
    no_key_leads_out(&mut machine);
    let mut follows = Follows::default();
    foreign_sticks(&mut machine, &drawer, &mut follows);
    floppies(&mut machine, &drawer, &mut follows);
    follows.note();
    other_devices(&mut machine);
    the_same_keyboard_again(&mut machine);
    machine.plug("request", &request);
    machine.plug("first", &records[0]);
    machine.plug("second", &records[1]);
    for label in [REQUEST, RECORDS[0], RECORDS[1]] {
        listed(&machine, label);
    }
    locks_are_shown(&mut machine, &mut crew);
    keyboards_go_at_the_token(&mut machine, &mut crew);
    pulled_while_written(&mut machine, &mut crew, &records[0]);
    // And now the power fails: QEMU is killed while the other stick is written.
    machine.cut();

    let audits = |name: &str, image: &Path| {
        let folder = drawer.path(name);
        copy_off(image, &folder);
        let folders = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let audit = |path: std::path::PathBuf| {
            let run = claviger(&["audit", path.to_str().unwrap()], &folder);
            (path.extension().is_none(), run.code, run.out, path)
        };
        folders.map(audit).collect::<Vec<_>>()
    };
    let written = audits("pulled", &records[0]);
    let whole = written.iter().find(|(record, code, ..)| *record && *code == 0);
    let (.., record) = whole.unwrap_or_else(|| panic!("the stick that was pulled: {written:?}"));
    keyboards_are_told(&std::fs::read_to_string(record.join("transcript.jsonl")).unwrap());
    let cut = audits("cut", &records[1]);
    assert!(cut.iter().any(|(record, code, out, _)| out.contains("INTERRUPTED") || *record && *code == 0), "{cut:?}");
    assert!(cut.iter().all(|(record, code, ..)| !record || *code == 0), "half a record: {cut:?}");
}

/// What the transcript says of the devices that came and went.
fn keyboards_are_told(transcript: &str) {
    let entries = transcript.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let told = entries.filter_map(|entry| {
        let kind = entry["kind"].as_str().unwrap().to_owned();
        let who = entry["body"]["decided_by"].as_str().unwrap_or_default();
        let usb = ["usb-refused", "usb-allowed", "exception", "paused", "token-closed", "signing"];
        usb.contains(&kind.as_str()).then(|| format!("{kind} {who}").trim_end().to_owned())
    });
    let told: Vec<String> = told.collect();
    let expected = [
        "usb-refused",
        "usb-allowed CA",
        "exception nobody", // the same keyboard that came back before that is no event
        "usb-allowed nobody",
        "paused",
        "token-closed",
        "signing",
        "exception nobody",
        "usb-allowed nobody",
        "paused",
        "token-closed",
        "signing",
    ];
    assert_eq!(told[..expected.len()], expected, "{told:?}");
    assert!(!told[expected.len()..].iter().any(|entry| entry.starts_with("exception")), "{told:?}");
}
