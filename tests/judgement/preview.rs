//! What people see of a plan before they confirm it: the screen, `check --plan` and the printed script show the same.

use std::fs;
use std::path::Path;

use claviger::dns::{Dnskey, Duration, Time};
use claviger::exchange::{Format, Key, Request, RequestBundle, RequestKey, Stamp, write_request};

use super::common::crew::Crew;
use super::common::profile;
use super::common::pty::{LARGE, Terminal};
use super::common::rehearsal::claviger;
use super::rollover::{self, Files, at, dnskey};

const ROOT: &str = "ksr-root.xml";
const BIND: &str = "ksr-example.txt";
const PREVIOUS: &str = "skr-before.xml";

/// A zone on BIND whose KSK is rolled over by double signature.
fn scheduled() -> String {
    const ZONE: &str = "example.";
    let key = |name: &str, number: u8, timeline: &str| {
        let lines = format!("dnskey = \"{}\"\ntimeline = {{ {timeline} }}", dnskey(number, Dnskey::KSK));
        profile::key(ZONE, name, &format!("E{name}"), "ED25519", &lines)
    };
    let goes = "ds-until = 2027-08-05T00:00:00Z, unpublish = 2027-08-10T00:00:00Z";
    let comes = "publish = 2027-07-20T00:00:00Z, ds-from = 2027-07-21T00:00:00Z";
    profile::schedule("tld", "ED25519", "P90D")
        + &profile::zone(ZONE, "tld")
        + &key("ksk-2026", 111, goes)
        + &key("ksk-2027", 112, comes)
}

/// The zone's request: one ZSK, and another one a month later.
fn request(first: Time) -> Vec<u8> {
    let key = |number: u8| RequestKey {
        ttl: 3600,
        key: Key { identifier: None, declared_tag: None, dnskey: dnskey(number, Dnskey::ZSK) },
    };
    let bundle = |day: u16, numbers: &[u8]| RequestBundle {
        id: None,
        inception: first.checked_add(Duration::from_days(day)).unwrap(),
        expiration: None,
        keys: numbers.iter().copied().map(key).collect(),
        signatures: Vec::new(),
    };
    let request = Request {
        format: Format::Bind,
        zone: "example.".parse().unwrap(),
        root: None,
        bundles: vec![bundle(0, &[21]), bundle(30, &[21, 22])],
        stamp: Some(Stamp { time: first, by: "a test".to_owned() }),
        notices: Vec::new(),
    };
    write_request(&request).unwrap()
}

/// The pages of the plan, as people turn them.
fn pages(folder: &Path) -> Vec<String> {
    let words = ["ceremony", "--profile", "p.toml", "--medium", "HSMFD", "--medium", "KSR", "--spool", "spool"];
    let mut terminal = Terminal::start(LARGE, &words, folder);
    let mut crew = Crew::at(folder.join("KSR"), &[ROOT, BIND]);
    crew.previous = Some(PREVIOUS);
    crew.schema = "rollover";
    crew.time = Some("2027-06-01 00:00:00");
    crew.until(&mut terminal, "Two people confirm the plan. The first one");
    let mut rows = terminal.rows();
    for _ in 0..8 {
        let before = terminal.rows();
        terminal.press("\x1bOS"); // F4
        rows.extend(terminal.wait("another page", |screen| (screen.rows != before).then(|| screen.rows.clone())));
    }
    rows
}

#[test]
fn screen_check_and_script_show_the_same_table_of_a_rollover() {
    let (Files { profile, request: root, previous }, now) = rollover::files();
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let text =
        profile.replace("record-copies = 2", "record-copies = 1").replace("\"IW\", \"SSC1\", \"SSC2\"", "\"IW\"");
    fs::write(folder.join("p.toml"), text + &scheduled()).unwrap();
    for name in ["HSMFD", "KSR"] {
        fs::create_dir(folder.join(name)).unwrap();
    }
    let files = [(ROOT, root), (BIND, request(at("2027-07-01T00:00:00Z"))), (PREVIOUS, previous)];
    for (name, octets) in files {
        fs::write(folder.join("KSR").join(name), octets).unwrap();
    }
    let pages = pages(folder);
    let judged = |command: &[&str], more: &[&str]| {
        let run = claviger(&[command, &["--profile", "p.toml", "--now", now], more].concat(), folder);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
        run.out
    };
    let of_root = ["--schema", "rollover", "--previous", "KSR/skr-before.xml", "KSR/ksr-root.xml"];
    let of_example = ["--first", "KSR/ksr-example.txt"];
    for (more, expected) in [
        (&of_root[..], ["979/P 59053/SP", "979/SP 59053/P", "KSK 59053(current), label K101", ", label zsk-4"]),
        (&of_example[..], ["/SPD", "/SP ", "(ksk-2026), label Eksk-2026", "(ksk-2027), label Eksk-2027"]),
    ] {
        let (check, script) = (judged(&["check", "--plan"], more), judged(&["script"], more));
        let table = check.lines().skip_while(|line| !(line.starts_with("# ") && line.ends_with("KSKs")));
        let table: Vec<&str> = table.take_while(|line| !line.starts_with("covered until")).collect();
        for part in expected {
            assert!(table.iter().any(|line| line.contains(part)), "{part} in {table:#?}");
        }
        let changes = check.lines().skip_while(|line| !line.starts_with("Changes for ")).skip(1);
        let changes: Vec<&str> = changes.take_while(|line| !line.is_empty()).map(str::trim_start).collect();
        for line in table.iter().chain(&changes) {
            assert!(script.lines().any(|shown| shown == *line), "`{line}` in the script:\n{script}");
            // A page that can be scrolled has a bar at its right.
            let shows = |row: &String| row.trim_end_matches(['▲', '█', '░', '▼', ' ']).ends_with(line);
            assert!(pages.iter().any(shows), "`{line}` in:\n{}", pages.join("\n"));
        }
    }
}
