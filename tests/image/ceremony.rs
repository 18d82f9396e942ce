//! Whole ceremonies on the image, by key presses, and what they leave on the sticks.

use std::fs;
use std::path::{Path, PathBuf};

use claviger::render;
use serde_json::Value;

use crate::blklog::Log;
use crate::common::crew::{Console as _, Crew};
use crate::common::rehearsal::{Rehearsals, claviger};
use crate::machine::{Firmware, Machine, Medium, iso, logged_stick};
use crate::powercut::{self, State};
use crate::screen::Dump;
use crate::sticks::{Drawer, copy_off, copy_onto};

/// The day of the machine's clock.
const DAY: &str = "2026-03-02";
/// The first question on the image.
pub const FIRST: &str = "Which keyboard is this? Try it out below.";
/// The request.
pub const KSR: &str = "ksr-example.txt";
/// The labels of the media that people bring; the rehearsal has folders that play others.
pub const REQUEST: &str = "KSR-OURS";
pub const RECORDS: [&str; 2] = ["RECORD-1", "RECORD-2"];

/// A request made by our own program on this computer, for a ceremony on the machine's day.
pub struct Requester {
    rehearsals: Rehearsals,
}

impl Requester {
    /// Prepares it.
    pub fn new() -> Self {
        Self { rehearsals: Rehearsals::play(7, &[DAY]) }
    }

    /// The requester's own copy of the request medium.
    pub fn folder(&self) -> PathBuf {
        self.rehearsals.folder().join("sticks").join("KSR")
    }

    /// People who bring it, with our media.
    pub fn crew(&self) -> Crew {
        let mut crew = Crew::at(self.folder(), &[KSR]);
        (crew.request, crew.records) = (REQUEST, &RECORDS);
        crew
    }

    /// The profile of the rehearsal in which it was made.
    pub fn profile(&self) -> PathBuf {
        self.rehearsals.folder().join("profile.toml")
    }

    /// The request.
    pub fn request(&self) -> PathBuf {
        self.folder().join(KSR)
    }
}

/// The one folder of a record on a stick that was copied off.
pub fn record(folder: &Path) -> PathBuf {
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let all: Vec<_> = all.collect();
    assert_eq!(all.len(), 1, "folders on the stick: {all:?}");
    all[0].clone()
}

/// The transcript fingerprint as witnesses write it down, and the same in the QR code as a camera reads it.
fn fingerprint(machine: &mut Machine) -> String {
    let words = machine.wait("the fingerprint's words", |screen| {
        screen.words("Transcript fingerprint").filter(|words| words.len() == 32)
    });
    machine.press("q");
    machine.see("Q: back to the words.");
    let code = scan(&machine.dump());
    machine.press("q");
    machine.see("Does every witness have the transcript fingerprint on paper?");
    let octets: Vec<u8> =
        words.iter().enumerate().map(|(place, word)| render::octet_of(place, word).unwrap()).collect();
    assert_eq!(render::hex::encode(&octets), code, "the QR code is not that of the words");
    words.join(" ")
}

/// What a camera reads off the screen.
fn scan(dump: &Dump) -> String {
    let dark = |x, y| dump.grey(x, y) < 128;
    let mut image = rqrr::PreparedImage::prepare_from_bitmap(dump.width, dump.height, dark);
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1, "QR codes on the screen");
    grids[0].decode().expect("a QR code that can be read").1
}

fn whole_ceremony(firmware: Firmware, medium: Medium) {
    let drawer = Drawer::new();
    let requester = Requester::new();
    let request = drawer.fat(REQUEST);
    copy_onto(&request, &requester.request());
    let records = RECORDS.map(|label| drawer.fat(label));
    let base = drawer.path("base");
    fs::copy(&records[0], &base).unwrap();
    let log = drawer.empty("log", 0);
    let logged = logged_stick("first", &records[0], &log);
    let logged: Vec<&str> = logged.iter().map(String::as_str).collect();
    let mut machine = Machine::with(&iso("rehearsal"), firmware, medium, &logged);
    machine.see(FIRST);
    machine.plug("request", &request);
    machine.plug("second", &records[1]);
    let mut crew = requester.crew();
    crew.until(&mut machine, "Does every witness have the transcript fingerprint on paper?");
    let paper = fingerprint(&mut machine);
    crew.until(&mut machine, "The ceremony is over: complete.");
    machine.press("l\r");
    machine.is_off();

    let answered = drawer.path("answered");
    copy_off(&request, &answered);
    let delivered = fs::read(answered.join("REHEARSAL-skr-example.txt")).unwrap();
    let mut transcripts = Vec::new();
    for (place, image) in records.iter().enumerate() {
        let folder = drawer.path(&format!("off-{place}"));
        copy_off(image, &folder);
        let record = record(&folder);
        let audit = claviger(&["audit", "--fingerprint", &paper, record.to_str().unwrap()], &folder);
        assert!(audit.code == 0 && audit.out.contains("AUTHENTIC"), "{}{}", audit.out, audit.err);
        let recorded = fs::read(record.join("jobs/01-example/skr-example.txt")).unwrap();
        assert!(delivered == recorded, "the response on the request stick is not the recorded one");
        transcripts.push(fs::read(record.join("transcript.jsonl")).unwrap());
    }
    confined(&transcripts[0]);
    let log = Log::read(&log);
    let states = powercut::states(&drawer, &log, &base, &transcripts[0]);
    eprintln!("{} writes, {} flushes: {states:?}", log.len(), log.flushes().len());
    let seen: Vec<State> = states.into_keys().collect();
    assert!([State::Nothing, State::Journal, State::Record].iter().all(|state| seen.contains(state)), "{seen:?}");
}

/// What the transcript says of the processes that read documents and load the vendor's library.
fn confined(transcript: &[u8]) {
    let entries = transcript.split(|octet| *octet == b'\n').filter(|line| !line.is_empty());
    let entries = entries.map(|line| serde_json::from_slice::<Value>(line).unwrap());
    let confined: Vec<Value> = entries.filter(|entry| entry["kind"] == "confined").collect();
    let processes: Vec<&str> = confined.iter().filter_map(|entry| entry["body"]["process"].as_str()).collect();
    assert_eq!(processes, ["ceremony", "token-host"]);
    for entry in &confined {
        let measures = entry["body"]["measures"].to_string();
        let full = ["no new privileges", "no core file", "not dumpable", "memory locked", "system calls"];
        assert!(full.iter().all(|name| measures.contains(&format!("{name}: full"))), "{measures}");
        assert!(measures.contains("sockets other than AF_UNIX"), "{measures}");
    }
}

#[test]
fn a_ceremony_from_cd_on_bios() {
    whole_ceremony(Firmware::Bios, Medium::Cd);
}

#[test]
fn a_ceremony_from_usb_on_uefi() {
    whole_ceremony(Firmware::Uefi, Medium::Usb);
}
