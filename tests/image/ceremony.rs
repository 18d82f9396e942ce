//! Whole ceremonies on the image, by key presses, and what they leave on the sticks.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use claviger::render;
use serde_json::Value;

use crate::blklog::Log;
use crate::common::crew::{Console as _, Crew, numbered};
use crate::common::rehearsal::{Rehearsals, claviger};
use crate::figures;
use crate::machine::{Firmware, Machine, Medium, iso, logged_stick};
use crate::powercut::{self, State};
use crate::screen::Dump;
use crate::sticks::{Drawer, copy_off, copy_onto, fill};

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
    /// Prepares a request of an ordinary size.
    pub fn new() -> Self {
        Self { rehearsals: Rehearsals::play(7, &[DAY]) }
    }

    /// Prepares one of so many bundles.
    pub fn with_bundles(bundles: u16) -> Self {
        Self { rehearsals: Rehearsals::play_with(7, &[DAY], &["--bundles", &bundles.to_string()]) }
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
    machine.see("Q: back to the"); // beside the code there may be two lines of it
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

/// What the request is brought on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Brought {
    /// A stick, with room for the response.
    Stick,
    /// A floppy, with so little room that the response needs another one.
    FullFloppy,
}

/// The response does not fit beside the request: that is told before anything is written, and again where it cannot be
/// written; another floppy takes it.
fn exchange_floppies(machine: &mut Machine, crew: &mut Crew, other: &Path) {
    let label = "KSR-OTHER";
    let told = crew.until(machine, "Are these the responses that were planned?");
    assert!(told.has(&format!("{REQUEST} has 512 B free and")), "{told}");
    assert!(told.has("are needed: have another medium of this label ready."), "{told}");
    let told = crew.until(machine, &format!("could not be written to {REQUEST}. What now?"));
    assert!(told.has("it is full: "), "{told}");
    assert!(told.has("Nothing is lost: the memory holds it all."), "{told}");
    machine.eject();
    machine.insert(other, false);
    let choice = format!("Write to {label} instead");
    let number = machine.wait(&format!("`{choice}`"), |screen| numbered(&screen.question, &choice));
    machine.press(&format!("{number}\r"));
}

/// A whole ceremony, from the first screen to power-off, and what lies on the media then.
pub fn whole_ceremony(firmware: Firmware, medium: Medium, brought: Brought, more: &[&str]) {
    let drawer = Drawer::new();
    let requester = Requester::new();
    let request = match brought {
        Brought::Stick => drawer.fat(REQUEST),
        Brought::FullFloppy => drawer.floppy(REQUEST),
    };
    copy_onto(&request, &requester.request());
    let records = RECORDS.map(|label| drawer.fat(label));
    let base = drawer.path("base");
    fs::copy(&records[0], &base).unwrap();
    let log = drawer.empty("log", 0);
    let logged = logged_stick("first", &records[0], &log);
    let more: Vec<&str> = logged.iter().map(String::as_str).chain(more.iter().copied()).collect();
    let start = Instant::now();
    let mut machine = Machine::with(&iso("rehearsal"), firmware, medium, &more);
    machine.see(FIRST);
    machine.plug("second", &records[1]);
    let mut crew = requester.crew();
    let answered = match brought {
        Brought::Stick => {
            machine.plug("request", &request);
            request
        }
        Brought::FullFloppy => {
            fill(&request, 512);
            machine.insert(&request, false);
            let before = drawer.path("before");
            copy_off(&request, &before);
            let other = drawer.floppy("KSR-OTHER");
            exchange_floppies(&mut machine, &mut crew, &other);
            let after = drawer.path("after");
            copy_off(&request, &after);
            assert_eq!(on_it(&before), on_it(&after), "the full floppy has changed");
            other
        }
    };
    crew.until(&mut machine, "Does every witness have the transcript fingerprint on paper?");
    let paper = fingerprint(&mut machine);
    crew.until(&mut machine, "The ceremony is over: complete.");
    machine.press("l\r");
    machine.is_off();
    let took = start.elapsed().as_secs();
    figures::note(&format!("a ceremony by key presses ({firmware:?}, {medium:?}, {brought:?}): {took} s"));

    let taken_off = drawer.path("answered");
    copy_off(&answered, &taken_off);
    let delivered = fs::read(taken_off.join("REHEARSAL-skr-example.txt")).unwrap();
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
    says_who_it_is(&transcripts[0], medium);
    let log = Log::read(&log);
    let states = powercut::states(&drawer, &log, &base, &transcripts[0]);
    eprintln!("{} writes, {} flushes: {states:?}", log.len(), log.flushes().len());
    let seen: Vec<State> = states.into_keys().collect();
    assert!([State::Nothing, State::Journal, State::Record].iter().all(|state| seen.contains(state)), "{seen:?}");
}

/// The files in a folder by name.
fn on_it(folder: &Path) -> BTreeMap<OsString, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(Result::unwrap);
    files.map(|file| (file.file_name(), fs::read(file.path()).unwrap())).collect()
}

/// The first entry names the image by its manifest, and the medium that it started from, as far as it can be seen.
fn says_who_it_is(transcript: &[u8], medium: Medium) {
    let first = transcript.split(|octet| *octet == b'\n').next().unwrap();
    let first: Value = serde_json::from_slice(first).unwrap();
    let sha256 = |path: &Path| claviger::dns::sha256(&fs::read(path).unwrap()).to_string();
    let medium = if medium == Medium::Usb { sha256(&iso("rehearsal")) } else { "absent".to_owned() };
    let manifest = sha256(&iso("rehearsal").with_extension("manifest"));
    assert_eq!(first["body"]["build_id"], format!("{manifest}; medium {medium}"));
}

/// What the transcript says of the processes that read documents and load the vendor's library.
pub fn confined(transcript: &[u8]) {
    let entries = transcript.split(|octet| *octet == b'\n').filter(|line| !line.is_empty());
    let entries = entries.map(|line| serde_json::from_slice::<Value>(line).unwrap());
    let confined: Vec<Value> = entries.filter(|entry| entry["kind"] == "confined").collect();
    let processes: Vec<&str> = confined.iter().filter_map(|entry| entry["body"]["process"].as_str()).collect();
    assert_eq!(processes, ["appliance", "ceremony", "token-host"]);
    // What PID 1 told of the start: no fault but drivers without a device, and what holds since.
    let started: Vec<&str> =
        confined[0]["body"]["measures"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let holds =
        ["modules: none can be loaded any more", "usb: new devices wait", "lockdown: ", "root file system: read-only"];
    let idle = started.iter().take_while(|told| told.ends_with("no such device in this computer")).count();
    assert_eq!(started.len() - idle, holds.len(), "{started:?}");
    assert!(started[idle..].iter().zip(holds).all(|(told, holds)| told.starts_with(holds)), "{started:?}");
    for entry in &confined[1..] {
        let measures = entry["body"]["measures"].to_string();
        let full =
            ["user", "no new privileges", "no core file", "not dumpable", "memory locked", "files", "system calls"];
        assert!(full.iter().all(|name| measures.contains(&format!("{name}: full"))), "{measures}");
        assert!(measures.contains("sockets other than AF_UNIX"), "{measures}");
    }
}

#[test]
fn a_ceremony_from_cd_on_bios() {
    whole_ceremony(Firmware::Bios, Medium::Cd, Brought::FullFloppy, &[]);
}

#[test]
fn a_ceremony_from_usb_on_uefi() {
    whole_ceremony(Firmware::Uefi, Medium::Usb, Brought::Stick, &[]);
}
