//! Media that come and go in one running machine: the screen follows, and nothing is lost.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::ceremony::{RECORDS, REQUEST, Requester};
use crate::common::crew::{Console as _, Crew, numbered};
use crate::common::pty::{STOP, Screen};
use crate::common::rehearsal::claviger;
use crate::keys::KEYBOARD;
use crate::machine::{Firmware, Machine, Medium, iso};
use crate::sticks::{Drawer, copy_off, copy_onto};

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

/// Sticks that are none for us: told by what was found, and gone when they are pulled.
fn foreign_sticks(machine: &mut Machine, drawer: &Drawer) {
    let sticks = [
        (drawer.halves("halves"), "(two or more partitions)"),
        (drawer.foreign("ext4", &["mkfs.ext4", "-q", "-L", "RECORD-E"]), "(ext2, ext3 or ext4)"),
        (drawer.foreign("exfat", &["mkfs.exfat", "-L", "RECORD-X"]), "(exFAT)"),
        (drawer.empty("empty", 16 << 20), "(no file system)"),
    ];
    for (image, told) in sticks {
        machine.plug("foreign", &image);
        refused(machine, told, "label begins with RECORD");
        machine.pull("foreign");
        gone(machine, told);
    }
    for (image, label) in [
        (drawer.foreign("nameless", &["mkfs.vfat"]), "(no label) serial foreign"),
        (drawer.fat("HOLIDAYS"), "HOLIDAYS"),
    ] {
        machine.plug("foreign", &image);
        refused(machine, label, "label begins with RECORD");
        machine.pull("foreign");
        gone(machine, label);
    }
}

/// The floppy drive: no medium tells by itself that it came or went.
fn floppies(machine: &mut Machine, drawer: &Drawer) {
    let image = drawer.floppy("RECORD-F");
    machine.insert(&image, true);
    listed(machine, "RECORD-F");
    refused(machine, "RECORD-F", "RECORD-F is write-protected; open its lock, or take another one");
    machine.eject();
    gone(machine, "RECORD-F");
    machine.insert(&image, false);
    machine.wait("a floppy that can be written", |screen| {
        (offered(screen, "RECORD-F").is_some() && !screen.question.contains("free, read-only")).then_some(())
    });
    machine.eject();
    gone(machine, "RECORD-F");
}

/// Devices that are no media: a network card is refused, a second keyboard waits until somebody lets it in.
fn other_devices(machine: &mut Machine) {
    let refused = "USB device refused, take it out: ";
    machine.qmp("device_add", &json!({ "driver": "usb-net", "id": "net", "bus": "xhci.0" }));
    machine.see(refused);
    machine.unplug("net");
    machine.wait("the refused device to be forgotten", |screen| (!screen.has(refused)).then_some(()));
    let waits = "New keyboard, types nothing yet, F5 decides: ";
    machine.plug_keyboard();
    machine.see(waits);
    machine.press_other(STOP);
    machine.press(KEYBOARD);
    machine.answer("May this keyboard type?", "CA\rALLOW\r");
    let screen = machine.wait("the keyboard to be let in", |screen| (!screen.has(waits)).then(|| screen.clone()));
    assert!(!screen.has("Stop the ceremony?"), "it typed before it was let in: {screen}");
    let start = Instant::now();
    while !Screen::new(machine.rows()).has("Stop the ceremony?") {
        assert!(start.elapsed() < machine.patience(), "it does not type though it was let in");
        machine.press_other(STOP); // its driver may need a moment
        thread::sleep(Duration::from_secs(2));
    }
    machine.press("\x1b");
    machine.wait("the dialog to go", |screen| (!screen.has("Stop the ceremony?")).then_some(()));
    machine.unplug("keyboard");
    machine.see(WHICH);
}

/// Waits until a record is being written to a medium: the screen moves all the time.
fn writing(machine: &Machine, label: &str) {
    let (start, label) = (Instant::now(), format!(" to {label}"));
    while Screen::new(machine.rows()).between("Please wait: writing ", &label).is_none() {
        assert!(start.elapsed() < machine.patience(), "nothing is written{label}:\n{}", Screen::new(machine.rows()));
        thread::sleep(Duration::from_millis(50));
    }
}

/// A stick is pulled while it is written, plugged in again and tried again, until the next one is written.
fn pulled_while_written(machine: &mut Machine, crew: &mut Crew, stick: &Path) {
    const FAULT: &str = "could not be written to RECORD-1. What now?";
    crew.until(machine, "Two people confirm the responses. The second one");
    crew.step(machine);
    writing(machine, RECORDS[0]);
    machine.pull("first");
    crew.until(machine, FAULT);
    machine.plug("first", stick);
    let start = Instant::now();
    loop {
        let screen = Screen::new(machine.rows());
        if screen.between("Please wait: writing ", &format!(" to {}", RECORDS[1])).is_some() {
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
    let requester = Requester::new();
    let request = drawer.fat(REQUEST);
    copy_onto(&request, &requester.request());
    let records = RECORDS.map(|label| drawer.fat(label));
    let mut machine = Machine::start(&iso("rehearsal"), Firmware::Bios, Medium::Usb);
    let mut crew = requester.crew();
    crew.until(&mut machine, WHICH);
    foreign_sticks(&mut machine, &drawer);
    floppies(&mut machine, &drawer);
    other_devices(&mut machine);
    machine.plug("request", &request);
    machine.plug("first", &records[0]);
    machine.plug("second", &records[1]);
    for label in [REQUEST, RECORDS[0], RECORDS[1]] {
        listed(&machine, label);
    }
    pulled_while_written(&mut machine, &mut crew, &records[0]);
    // And now the power fails: QEMU is killed while the other stick is written.
    machine.cut();

    let audits = |image: &Path| {
        let folder = drawer.path("off");
        let _ = std::fs::remove_dir_all(&folder); // of the other stick
        copy_off(image, &folder);
        let folders = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let audit = |path: std::path::PathBuf| {
            let run = claviger(&["audit", path.to_str().unwrap()], &folder);
            (path.extension().is_none(), run.code, run.out)
        };
        folders.map(audit).collect::<Vec<_>>()
    };
    let transcript = std::fs::read(&records[0]).unwrap();
    for kind in ["usb-refused", "usb-allowed"] {
        let entry = format!("\"kind\":\"{kind}\"");
        assert!(transcript.windows(entry.len()).any(|window| window == entry.as_bytes()), "no entry {kind}");
    }
    let written = audits(&records[0]);
    assert!(written.iter().any(|(record, code, _)| *record && *code == 0), "the stick that was pulled: {written:?}");
    let cut = audits(&records[1]);
    let good = |(record, code, out): &(bool, i32, String)| out.contains("INTERRUPTED") || *record && *code == 0;
    assert!(cut.iter().any(good), "the stick in the power cut: {cut:?}");
    assert!(cut.iter().all(|(record, code, _)| !record || *code == 0), "half a record: {cut:?}");
}
