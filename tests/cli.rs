//! The commands as people and scripts run them: the real binary, its exit status, its text and its JSON.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a test may panic, start programs and read its own environment, and shares modules with others"
)]

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

#[path = "common/profile.rs"]
mod profile;
#[path = "common/skip.rs"]
mod skip;
#[path = "common/softhsm.rs"]
mod softhsm;

use skip::skip;
use softhsm::SoftHsm;

/// What a run of the program gave.
struct Run {
    code: i32,
    out: String,
    err: String,
}

fn claviger(folder: &Path, words: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_claviger"));
    let output = command.args(words).current_dir(folder).stdin(Stdio::null()).output().unwrap();
    let text = |octets| String::from_utf8(octets).expect("UTF-8");
    Run { code: output.status.code().expect("an exit status"), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs with `--json`, and checks that stdout is one object on one line, whatever happened.
fn json(folder: &Path, words: &[&str]) -> (i32, Value) {
    let mut all = words.to_vec();
    all.push("--json");
    let run = claviger(folder, &all);
    assert_eq!(run.out.matches('\n').count(), 1, "{words:?}: {}{}", run.out, run.err);
    let value: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((&value["version"], &value["claviger"]), (&1.into(), &env!("CARGO_PKG_VERSION").into()));
    let verdict = value["verdict"].as_str().unwrap();
    let fits = match run.code {
        0 => verdict == "pass",
        1 => verdict == "fail",
        _ => verdict == "error" && value["error"]["message"].is_string() && run.err.contains('\n'),
    };
    assert!(fits && value["findings"].is_array() && value["now"].is_string(), "{} {value}", run.code);
    (run.code, value)
}

fn samples() -> Option<PathBuf> {
    let folder = std::env::var_os("CLAVIGER_SAMPLES").map(PathBuf::from);
    if folder.is_none() {
        skip("CLAVIGER_SAMPLES does not name the folder of real files");
    }
    folder
}

const ROOT_ZONE: &str = include_str!("../image/profiles/root-zone.toml");

/// The shipped profile with the key of 2017, which stands in that year's responses.
fn profile_of_2017(samples: &Path) -> String {
    use claviger::exchange::{Limits, read_response};

    let skr = fs::read(samples.join("root/skr-root-2017-q1-0.xml")).unwrap();
    let skr = read_response(&skr, &Limits::default()).unwrap();
    let key = skr.bundles[0].keys().iter().find(|key| key.dnskey.is_sep()).unwrap();
    assert_eq!((key.identifier.as_deref(), key.dnskey.key_tag()), (Some("Kjqmt7v"), 19036));
    let (head, tail) = ROOT_ZONE.split_once("[zones.\".\".keys.current]").unwrap();
    let (_, next) = tail.split_once("[zones.\".\".keys.next]").unwrap();
    let current = format!("label = \"Kjqmt7v\"\nalgorithm = \"RSASHA256\"\ndnskey = \"{}\"\n", key.dnskey);
    format!("{head}[zones.\".\".keys.current]\n{current}\n[zones.\".\".keys.next]{next}")
}

/// A folder with that profile and the root zone's files.
fn root_place() -> Option<TempDir> {
    let samples = samples()?;
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("2017.toml"), profile_of_2017(&samples)).unwrap();
    for name in ["ksr-root-2017-q2-0", "skr-root-2017-q1-0", "skr-root-2017-q2-0", "ksr-root-2018-q1-0-d_to_e.BAD-POP"]
    {
        let name = format!("{name}.xml");
        fs::copy(samples.join("root").join(&name), place.path().join(&name)).unwrap();
    }
    Some(place)
}

const Q2: [&str; 7] =
    ["check", "--profile", "2017.toml", "--now", "2017-03-01T00:00:00Z", "--previous", "skr-root-2017-q1-0.xml"];

fn with<'a>(words: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [words, more].concat()
}

#[test]
fn the_root_zones_request_of_2017_passes() {
    let Some(place) = root_place() else { return };
    let run = claviger(place.path(), &with(&Q2, &["--plan", "ksr-root-2017-q2-0.xml"]));
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
    assert_eq!(run.out.lines().last(), Some("PASS"));
    for part in ["root-xml", "KSR-BUNDLE-POP", "covered until 2017-07-11T00:00:00Z", "19036/SP", "KSK 19036(current)"] {
        assert!(run.out.contains(part), "{part} in {}", run.out);
    }
    let (code, value) = json(place.path(), &with(&Q2, &["--plan", "ksr-root-2017-q2-0.xml"]));
    assert_eq!((code, &value["format"], &value["command"]), (0, &"root-xml".into(), &"check".into()));
    assert_eq!(value["now"], "2017-03-01T00:00:00Z");
    let hash = value["plan"]["sha256"].as_str().unwrap();
    assert!(run.out.contains(hash), "{hash}");
    let sha256 = claviger::dns::sha256(&fs::read(place.path().join("ksr-root-2017-q2-0.xml")).unwrap());
    assert_eq!(value["sha256"], sha256.to_string());
}

#[test]
fn a_script_is_written_once_and_only_for_what_can_be_signed() {
    let Some(place) = root_place() else { return };
    let words = ["script", "--profile", "2017.toml", "--previous", "skr-root-2017-q1-0.xml"];
    let march = with(&words, &["--now", "2017-03-01T00:00:00Z", "ksr-root-2017-q2-0.xml"]);
    let printed = claviger(place.path(), &march);
    assert_eq!((printed.code, printed.err.as_str()), (0, ""), "{}", printed.out);
    let (code, value) = json(place.path(), &with(&march, &["--out", "paper"]));
    assert_eq!((code, &value["script"]), (0, &serde_json::json!(["paper/script.txt", "paper/script.html"])), "{value}");
    let text = fs::read_to_string(place.path().join("paper/script.txt")).unwrap();
    assert_eq!(text, printed.out);
    assert!(text.lines().all(|line| line.chars().count() <= 80 && line.trim_end() == line), "{text}");
    let html = fs::read_to_string(place.path().join("paper/script.html")).unwrap();
    for name in ["2017.toml", "ksr-root-2017-q2-0.xml", "skr-root-2017-q1-0.xml"] {
        let sha256 = claviger::dns::sha256(&fs::read(place.path().join(name)).unwrap());
        for row in claviger::render::lines(&sha256) {
            assert!(text.contains(&row) && html.contains(&row), "{name}: {row}");
        }
    }
    // Neither what is there is replaced, nor is there a script for what a check refuses, or for a response.
    assert_eq!(claviger(place.path(), &with(&march, &["--out", "paper"])).code, 5);
    assert_eq!(fs::read_to_string(place.path().join("paper/script.txt")).unwrap(), text);
    fs::remove_file(place.path().join("paper/script.txt")).unwrap();
    assert_eq!(claviger(place.path(), &with(&march, &["--out", "paper"])).code, 5);
    assert!(!place.path().join("paper/script.txt").exists(), "half a script");
    // Programs are given what people are.
    let (code, value) = json(place.path(), &march);
    assert_eq!((code, value["text"].as_str()), (0, Some(text.as_str())));
    let late = with(&words, &["--now", "2017-06-01T00:00:00Z", "--out", "late", "ksr-root-2017-q2-0.xml"]);
    let run = claviger(place.path(), &late);
    assert!(run.code == 1 && run.out.contains("FAIL    KSR-POLICY-SIG-HORIZON"), "{}", run.out);
    assert!(!place.path().join("late").exists());
    let of_response = ["script", "--profile", "2017.toml", "--first", "skr-root-2017-q2-0.xml"];
    assert_eq!(claviger(place.path(), &of_response).code, 2);
}

#[test]
fn wrong_proofs_of_possession_fail_and_nothing_else_does() {
    let Some(place) = root_place() else { return };
    let words = ["check", "--profile", "2017.toml", "--now", "2017-12-01T00:00:00Z", "--first"];
    let words = with(&words, &["ksr-root-2018-q1-0-d_to_e.BAD-POP.xml"]);
    let run = claviger(place.path(), &words);
    assert_eq!((run.code, run.out.lines().last()), (1, Some("FAIL 2")), "{}", run.out);
    let (code, value) = json(place.path(), &words);
    assert_eq!(code, 1);
    let failed: Vec<&Value> =
        value["findings"].as_array().unwrap().iter().filter(|finding| finding["verdict"] == "fail").collect();
    assert_eq!(failed.len(), 2);
    for finding in failed {
        assert_eq!((&finding["check"], &finding["bundle"]["index"]), (&"KSR-BUNDLE-POP".into(), &1.into()));
        assert!(finding["expected"].is_string() && finding["found"].is_string(), "{finding}");
    }
}

#[test]
fn a_response_alone_is_judged_by_its_signatures_and_the_profiles_keys() {
    let Some(place) = root_place() else { return };
    let words = ["check", "--profile", "2017.toml", "--now", "2017-03-01T00:00:00Z"];
    let run = claviger(place.path(), &with(&words, &["skr-root-2017-q2-0.xml"]));
    assert_eq!((run.code, run.out.lines().last()), (0, Some("PASS")), "{}", run.out);
    fs::write(place.path().join("shipped.toml"), ROOT_ZONE).unwrap();
    let words = ["check", "--profile", "shipped.toml", "--now", "2017-03-01T00:00:00Z", "skr-root-2017-q2-0.xml"];
    let (code, value) = json(place.path(), &words);
    let failed = |check: &str| {
        let mut findings = value["findings"].as_array().unwrap().iter();
        findings.any(|finding| finding["check"] == check && finding["verdict"] == "fail")
    };
    assert!(code == 1 && failed("SKR-KEYS") && !failed("SKR-VERIFY"), "{value}");
    let text = fs::read_to_string(place.path().join("skr-root-2017-q2-0.xml")).unwrap();
    fs::write(place.path().join("skr.xml"), text.replacen("<Expiration>2017-04-22", "<Expiration>2017-04-23", 1))
        .unwrap();
    let run = claviger(place.path(), &["check", "--profile", "2017.toml", "--now", "2017-03-01T00:00:00Z", "skr.xml"]);
    assert!(run.code == 1 && run.out.contains("FAIL    SKR-VALIDITY"), "{}", run.out);
}

#[test]
fn what_came_before_a_request_must_be_said_and_must_fit() {
    let Some(place) = root_place() else { return };
    let words = ["check", "--profile", "2017.toml"];
    let (ksr, skr) = ("ksr-root-2017-q2-0.xml", "skr-root-2017-q1-0.xml");
    for (more, expected) in [
        (vec![ksr], "--previous SKR, or --first"),
        (vec!["--previous", skr, skr], "no previous SKR without a KSR"),
        (vec!["--previous", skr, "--previous", skr, ksr], "one for ."),
        (vec!["--previous", ksr, ksr], "an SKR"),
        (vec!["--first", "--schema", "no-such", ksr], "normal"),
        (vec!["--first", "--until", "2027-01-01T00:00:00Z", ksr], "none"),
    ] {
        let (code, value) = json(place.path(), &with(&words, &more));
        let error = &value["error"];
        assert_eq!((code, &error["kind"]), (2, &"usage".into()), "{value}");
        assert!(error["expected"].as_str().unwrap().contains(expected), "{value}");
        assert!(error["found"].is_string() && error["field"].is_string(), "{value}");
    }
    assert_eq!(claviger(place.path(), &with(&words, &["--first", "--previous", skr, ksr])).code, 2);
}

#[test]
fn wrong_usage_is_two_and_json_stays_one_object() {
    let place = tempfile::tempdir().unwrap();
    for words in [
        &[][..],
        &["nonsense"],
        &["check"],
        &["check", "--profile", "p"],
        &["check", "--profile", "p", "--now", "yesterday", "f"],
        &["check", "--profile", "p", "--nonsense", "f"],
        &["show"],
        &["audit", "--fingerprint", "aardvark", "d"],
        &["audit", "--fingerprint", &"00".repeat(32), "d", "e"],
        &["key"],
        &["key", "generate", "--profile", "p", "--zone", ".", "--name", "k", "--bits", "7"],
        &["key", "inventory", "--profile", "p", "--share", "f"],
    ] {
        let run = claviger(place.path(), words);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{words:?} {}", run.err);
        if !words.is_empty() {
            let (code, value) = json(place.path(), words);
            assert_eq!((code, &value["error"]["kind"]), (2, &"usage".into()), "{words:?}");
        }
    }
    assert_eq!(claviger(place.path(), &["--version"]).out, format!("claviger {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn every_bad_input_is_named_with_place_expected_and_found() {
    let place = tempfile::tempdir().unwrap();
    let write = |name: &str, octets: &[u8]| fs::write(place.path().join(name), octets).unwrap();
    fs::write(place.path().join("p.toml"), ROOT_ZONE).unwrap();
    let header = ";; KeySigningRequest 1.0 20261122014106 (Sun Nov 22 01:41:06 2026)\n";
    let record = "example. 3600 IN DNSKEY 256 3 13 ";
    let key = claviger::dns::base64::encode(&[7; 64]);
    write("empty", b"");
    write("large", &vec![b' '; 1_048_577]);
    write("binary", &[0, 1, 2, 3, 0xff]);
    write("latin", b"<KSR domain=\"\xe9\"/>");
    write("truncated", b"<KSR id=\"a\" serial=\"1\" domain=\".\">");
    write("dtd", b"<!DOCTYPE KSR SYSTEM \"x\"><KSR id=\"a\" serial=\"1\" domain=\".\"/>");
    write("entity", b"<KSR id=\"&x;\" serial=\"1\" domain=\".\"/>");
    write("two", b"<KSR id=\"a\" serial=\"1\" domain=\".\"/><KSR id=\"a\" serial=\"1\" domain=\".\"/>");
    write("headless", format!("{record}{key}\n{header}").as_bytes());
    write("owner", format!("{header}{record}{key}\nother. 3600 IN DNSKEY 256 3 13 {key}\n").as_bytes());
    write("class", format!("{header}example. 3600 CH DNSKEY 256 3 13 {key}\n").as_bytes());
    write("type", format!("{header}example. 3600 IN TXT \"x\"\n").as_bytes());
    write("include", format!("{header}$INCLUDE /etc/passwd\n").as_bytes());
    write("wraps", header.replace("20261122", "21061122").as_bytes());
    fs::create_dir(place.path().join("folder")).unwrap();
    symlink("empty", place.path().join("link")).unwrap();
    let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o644));
    rustix::fs::mknodat(rustix::fs::CWD, place.path().join("pipe"), kind, mode, 0).unwrap();
    for name in [
        "empty",
        "large",
        "binary",
        "latin",
        "truncated",
        "dtd",
        "entity",
        "two",
        "headless",
        "owner",
        "class",
        "type",
        "include",
        "wraps",
        "folder",
        "link",
        "pipe",
        "/dev/zero",
        "none",
    ] {
        let (code, value) = json(place.path(), &["check", "--profile", "p.toml", "--first", name]);
        let error = &value["error"];
        assert_eq!((code, &error["kind"], &error["file"]), (3, &"input".into(), &name.into()), "{value}");
        for part in ["expected", "found", "advice"] {
            assert!(error[part].as_str().is_some_and(|text| !text.is_empty()), "{name} {part}: {value}");
        }
        let text = claviger(place.path(), &["show", name]);
        let over_limit = name == "large"; // the profile's limit, and `show` has none
        assert!(text.code == 3 && (over_limit || text.err.contains(name)), "{name}: {}", text.err);
    }
}

#[test]
fn a_profile_is_refused_with_its_line() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("unknown.toml"), ROOT_ZONE.replacen("login =", "logout =", 1)).unwrap();
    fs::write(place.path().join("missing.toml"), ROOT_ZONE.replacen("login = \"pin\"", "", 1)).unwrap();
    let line = 1 + ROOT_ZONE.lines().position(|line| line.starts_with("login =")).unwrap();
    for (name, line) in [("unknown.toml", Some(line)), ("missing.toml", None), ("none.toml", None)] {
        let (code, value) = json(place.path(), &["check", "--profile", name, "--first", "f"]);
        let error = &value["error"];
        assert_eq!((code, &error["kind"], &error["file"]), (3, &"profile".into(), &name.into()), "{value}");
        assert!(line.is_none_or(|line| error["line"] == line) && error["found"].is_string(), "{value}");
    }
}

#[test]
fn names_of_files_move_no_cursor() {
    let place = tempfile::tempdir().unwrap();
    let run = claviger(place.path(), &["show", "a\u{1b}[2J\u{202e}b"]);
    assert!(run.code == 3 && run.err.contains("a\\u{1b}[2J\\u{202e}b"), "{}", run.err);
    let run = claviger(place.path(), &["check", "--\u{1b}[2J"]);
    assert!(run.code == 2 && !run.err.contains('\u{1b}'), "{:?}", run.err);
}

#[test]
fn show_says_what_a_document_is() {
    let Some(samples) = samples() else { return };
    for (name, format, kind) in [
        ("root/ksr-root-2017-q2-0.xml", "root-xml", "request"),
        ("bind/bind-alg13-zskroll/ksr.txt", "bind", "request"),
        ("bind/bind-alg13-zskroll/skr.txt", "bind", "response"),
    ] {
        let (code, value) = json(&samples, &["show", name]);
        let document = &value["documents"][0];
        assert_eq!((code, &document["format"], &document["kind"]), (0, &format.into(), &kind.into()), "{value}");
        assert!(!document["keys"].as_array().unwrap().is_empty());
        let run = claviger(&samples, &["show", name]);
        assert!(run.out.contains("tag ") && run.out.contains(document["sha256"].as_str().unwrap()), "{}", run.out);
    }
    let run = claviger(&samples, &["show", "bind/bind-alg13-zskroll/skr.txt"]);
    assert!(run.out.contains("example.org. IN DS 64790 13 2 "), "{}", run.out);
}

/// What IANA publishes of the root's two keys; KSK-2024 has been there since 2024.
const ROOT_DS: [&str; 2] = [
    "20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
    "38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
];

#[test]
fn show_gives_the_keys_of_a_profile_as_parents_take_them() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("p.toml"), ROOT_ZONE).unwrap();
    let run = claviger(place.path(), &["show", "--profile", "p.toml"]);
    for ds in ROOT_DS {
        assert!(run.out.contains(&format!(". IN DS {ds}\n. IN DS ")), "{}", run.out);
        assert!(run.out.contains(&format!(". IN CDS {ds}\n")), "{}", run.out);
    }
    assert_eq!((run.code, run.out.matches(". IN DNSKEY 257 3 8 ").count()), (0, 2));
    let (code, value) = json(place.path(), &["show", "--profile", "p.toml", "--zone", ".", "--key", "next"]);
    let keys = value["keys"].as_array().unwrap();
    assert_eq!((code, keys.len(), &keys[0]["ds"][0]), (0, 1, &ROOT_DS[1].into()));
    let sha384 = keys[0]["cds"][1].as_str().unwrap();
    assert!(sha384.starts_with("38696 8 4 ") && sha384.len() == 10 + 96, "{sha384}");
    assert_eq!(keys[0]["dnskey"], keys[0]["cdnskey"]);

    for (words, code, field) in [
        (&["--zone", "example."][..], 2, "--zone"),
        (&["--key", "none"], 2, "--key"),
        (&["--zone", "example.", "--trust-anchor-xml"], 2, "--zone"),
    ] {
        let (found, value) = json(place.path(), &with(&["show", "--profile", "p.toml"], words));
        assert_eq!((found, &value["error"]["field"]), (code, &field.into()), "{value}");
    }
    assert_eq!(claviger(place.path(), &["show", "--key", "next", "p.toml"]).code, 2, "keys belong to a profile");

    // Those that are not made yet are named.
    let to_come = "[zones.\".\".keys.to-come]\nlabel = \"Kcome\"\nalgorithm = \"RSASHA256\"\n";
    fs::write(place.path().join("p.toml"), format!("{ROOT_ZONE}\n{to_come}")).unwrap();
    let run = claviger(place.path(), &["show", "--profile", "p.toml"]);
    assert!(run.code == 0 && run.out.ends_with("to-come of ., label Kcome: no dnskey line yet\n"), "{}", run.out);
    let (code, value) = json(place.path(), &["show", "--profile", "p.toml"]);
    let incomplete = &value["incomplete"][0];
    assert_eq!((code, &incomplete["name"], &incomplete["label"]), (0, &"to-come".into(), &"Kcome".into()), "{value}");
    assert_eq!(value["keys"].as_array().unwrap().len(), 2);
}

#[test]
fn show_writes_the_trust_anchors_of_the_root() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("p.toml"), ROOT_ZONE).unwrap();
    let words = ["show", "--profile", "p.toml", "--trust-anchor-xml"];
    let run = claviger(place.path(), &words);
    insta::assert_snapshot!("trust_anchors", run.out);
    assert_eq!((run.code, &run.out), (0, &claviger(place.path(), &words).out), "the same bytes again");
    let text = ROOT_ZONE.replace("valid-from = 2024-07-18T00:00:00Z", "");
    fs::write(place.path().join("p.toml"), text).unwrap();
    let (code, value) = json(place.path(), &words);
    assert_eq!((code, &value["error"]["field"]), (3, &"valid-from".into()), "{value}");
    assert_eq!(claviger(place.path(), &with(&words, &["--key", "current"])).code, 0);
}

#[test]
fn audit_of_what_is_no_record_fails_and_a_missing_folder_is_input() {
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("empty")).unwrap();
    let (code, value) = json(place.path(), &["audit", "empty"]);
    assert_eq!((code, &value["records"][0]["audit"]), (1, &"failed".into()), "{value}");
    assert!(claviger(place.path(), &["audit", "empty"]).out.starts_with("FAILED"));
    let (code, value) = json(place.path(), &["audit", "none"]);
    assert_eq!((code, &value["error"]["file"]), (3, &"none".into()));
}

#[test]
fn a_transcript_that_stops_is_shown_and_audited_as_interrupted() {
    use claviger::steps::{Actor, Moment, Step};
    use claviger::transcript::{Body, Chain, Note};

    let mut chain = Chain::new();
    let moment = Moment { time: "2026-01-01T00:00:00Z".parse().unwrap(), uptime: 1 };
    let note = Body::TokenFault(Note { note: "a note".to_owned() });
    chain.append(moment, Step::Open, &Actor::Program, note).unwrap();
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("left")).unwrap();
    fs::write(place.path().join("left/transcript.jsonl"), chain.octets()).unwrap();
    let fingerprint = claviger::dns::sha256(chain.octets()).to_string();
    for name in ["left", "left/transcript.jsonl"] {
        let (code, value) = json(place.path(), &["show", name]);
        assert_eq!((code, &value["sha256"]), (0, &fingerprint.as_str().into()), "{value}");
        assert!(claviger(place.path(), &["show", name]).out.contains("KEY SIGNING CEREMONY - REPORT"));
    }
    let (code, value) = json(place.path(), &["audit", "left"]);
    assert_eq!((code, &value["records"][0]["audit"]), (1, &"unsigned".into()), "{value}");
    assert!(claviger(place.path(), &["audit", "left"]).out.starts_with("INTERRUPTED, NOT SIGNED: "));
    let mut octets = chain.octets().to_vec();
    octets[20] ^= 1;
    fs::write(place.path().join("left/transcript.jsonl"), octets).unwrap();
    let (code, value) = json(place.path(), &["show", "left/transcript.jsonl"]);
    assert_eq!((code, &value["error"]["line"]), (3, &1.into()), "{value}");
}

/// A profile for a software token, whose last table is the key's.
fn small_profile(module: &str, label: &str, conf: &str, algorithm: &str) -> String {
    profile::head(module, format!("token-label = \"{label}\""), Path::new(conf))
        + &profile::schedule("small", algorithm, "P60D")
        + &profile::zone("example.", "small")
        + &profile::key("example.", "ksk", "Ktest", algorithm, "")
}

struct Token {
    store: SoftHsm,
    place: TempDir,
}

const GENERATE: [&str; 10] =
    ["key", "generate", "--profile", "p.toml", "--zone", "example.", "--name", "ksk", "--pin-file", "pin"];
const INVENTORY: [&str; 6] = ["key", "inventory", "--profile", "p.toml", "--pin-file", "pin"];

impl Token {
    fn new(algorithm: &str) -> Self {
        let this = Self { store: SoftHsm::with_token("ceremony"), place: tempfile::tempdir().unwrap() };
        this.profile(&this.store.module.display().to_string(), "ceremony", algorithm);
        fs::write(this.place.path().join("pin"), format!("{}\n", SoftHsm::PIN)).unwrap();
        this
    }

    fn profile(&self, module: &str, label: &str, algorithm: &str) {
        let text = small_profile(module, label, &self.store.conf().display().to_string(), algorithm);
        fs::write(self.place.path().join("p.toml"), text).unwrap();
    }

    fn path(&self) -> &Path {
        self.place.path()
    }
}

#[test]
fn a_generated_keys_line_completes_the_profile() {
    for (algorithm, bits) in [("ECDSAP256SHA256", 256), ("ED25519", 256), ("RSASHA512", 2048)] {
        let token = Token::new(algorithm);
        let run = claviger(token.path(), &GENERATE);
        assert_eq!((run.code, run.err.as_str()), (0, ""));
        let line = run.out.lines().find(|line| line.starts_with("dnskey = \"257 3 ")).unwrap();
        let path = token.path().join("p.toml");
        let mut text = fs::read_to_string(&path).unwrap();
        writeln!(text, "{line}").unwrap();
        fs::write(&path, &text).unwrap();
        let profile = claviger::profile::read(text.as_bytes()).unwrap();
        let zone = profile.zones.values().next().unwrap();
        let key = zone.keys["ksk"].dnskey.as_ref().unwrap();
        assert!(run.out.contains(&format!("example. 3600 IN DNSKEY {key}\n")), "{}", run.out);
        let fingerprint = key.fingerprint(&zone.name).to_string();
        assert!(run.out.contains(&fingerprint) && run.out.contains("example. IN DS "), "{}", run.out);

        let (code, value) = json(token.path(), &INVENTORY);
        let found = &value["keys"][0];
        assert_eq!((code, &found["dnskey"], &found["bits"]), (0, &key.to_string().into(), &bits.into()), "{value}");
        assert_eq!((&found["name"], found["cka_id"].as_str().unwrap().len()), (&"ksk".into(), 32));
        assert!(claviger(token.path(), &INVENTORY).out.contains("Ktest"));

        let (code, value) = json(token.path(), &GENERATE);
        assert_eq!((code, &value["error"]["field"]), (2, &"--name".into()), "made twice: {value}");
        let text = text.replace(line, "");
        fs::write(&path, text).unwrap();
        // Without the line it is known by its label, and has the profile's algorithm.
        let (code, value) = json(token.path(), &INVENTORY);
        let found = &value["keys"][0];
        assert_eq!((code, &found["name"], &found["dnskey"]), (0, &"ksk".into(), &key.to_string().into()), "{value}");
        assert_eq!((&found["dnskey_in_profile"], &value["absent"]), (&false.into(), &serde_json::json!([])), "{value}");
        assert!(claviger(token.path(), &INVENTORY).out.contains("example. ksk, no dnskey line yet"));
        let (code, value) = json(token.path(), &GENERATE);
        assert_eq!((code, &value["error"]["kind"]), (4, &"token".into()), "the label is taken: {value}");
    }
}

#[test]
fn trouble_with_the_token_is_four_and_says_what() {
    let token = Token::new("ED25519");
    let module = token.store.module.display().to_string();
    let failed = |part: &str| {
        let (code, value) = json(token.path(), &INVENTORY);
        let error = &value["error"];
        assert_eq!((code, &error["kind"]), (4, &"token".into()), "{value}");
        assert!(error["message"].as_str().unwrap().contains(part), "{part}: {value}");
        assert!(error["expected"].is_string() && error["found"].is_string(), "{value}");
        assert!(!value.to_string().contains("4321-Falsch"));
    };
    fs::write(token.path().join("pin"), "4321-Falsch\n").unwrap();
    failed("refused the PIN as wrong");
    token.profile(&module, "another", "ED25519");
    failed("label \"another\"");
    token.store.init("ceremony");
    token.profile(&module, "ceremony", "ED25519");
    failed("expected one token");
    token.profile("/nowhere/module.so", "ceremony", "ED25519");
    failed("could not be loaded");
}

#[test]
fn pins_and_keys_that_do_not_fit_the_profile_never_reach_the_token() {
    let token = Token::new("ED25519");
    let inventory = &INVENTORY[..4];
    for more in [
        &[][..],
        &["--pin-file", "pin", "--pin-file", "pin"],
        &["--pin-file", "CO1=pin"],
        &["--pin-file", "pin", "--share", "CO1=f"],
    ] {
        let (code, value) = json(token.path(), &with(inventory, more));
        assert_eq!((code, &value["error"]["kind"]), (2, &"usage".into()), "{more:?}: {value}");
    }
    let (code, value) = json(token.path(), &with(inventory, &["--pin-file", "none"]));
    assert_eq!((code, &value["error"]["file"]), (3, &"none".into()), "{value}");
    for (name, found) in [("--zone", "other."), ("--name", "other")] {
        let words: Vec<&str> = GENERATE
            .iter()
            .enumerate()
            .map(|(index, word)| if index > 0 && GENERATE[index - 1] == name { found } else { *word })
            .collect();
        let (code, value) = json(token.path(), &words);
        assert_eq!((code, &value["error"]["found"]), (2, &found.into()), "{value}");
    }
    let (code, value) = json(token.path(), &with(&GENERATE, &["--bits", "2048"]));
    assert_eq!((code, &value["error"]["field"]), (2, &"--bits".into()), "{value}");
}

#[test]
fn what_makes_no_quorum_is_wrong_usage_before_the_token_is_asked() {
    let token = Token::new("ED25519");
    // Whoever asks this token ends with 4.
    token.profile("/nowhere/module.so", "ceremony", "ED25519");
    for (name, pin) in [("good", "secret of all"), ("short", "seven77")] {
        fs::write(token.path().join(name), format!("{pin}\n")).unwrap();
    }
    let create = |threshold: &str, officers: &[(&str, &str)]| {
        let mut words: Vec<String> =
            ["quorum", "create", "--profile", "p.toml", "--pin-file", "pin", "--threshold", threshold]
                .map(str::to_owned)
                .to_vec();
        for (place, (officer, share)) in officers.iter().enumerate() {
            let pin = if *officer == "SHORT" { "short" } else { "good" };
            let share = if share.is_empty() { format!("{place}.json") } else { (*share).to_owned() };
            words.extend([format!("--pin-file={officer}={pin}"), format!("--share={officer}={share}")]);
        }
        json(token.path(), &words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let roles: Vec<String> = (1..=33).map(|number| format!("CO{number}")).collect();
    let many: Vec<(&str, &str)> = roles.iter().map(|role| (role.as_str(), "")).collect();
    let one_file = [("CO1", "x.json"), ("CO2", "x.json")];
    let short = [("CO1", ""), ("SHORT", "")];
    for (threshold, officers, field, expected, found) in [
        ("4", &many[..3], "--threshold", "2 to the number of officers, 3", "4"),
        ("2", &many, "--share", "2 to 32", "33"),
        ("2", &many[..1], "--share", "2 to 32", "1"),
        ("2", &short, "--pin-file", "at least 8 characters", "7"),
        ("2", &one_file, "--share", "a file for each officer", "one for both"),
    ] {
        let (code, value) = create(threshold, officers);
        let error = &value["error"];
        assert_eq!((code, &error["kind"], &error["field"]), (2, &"usage".into(), &field.into()), "{value}");
        assert_eq!((&error["expected"], &error["found"]), (&expected.into(), &found.into()), "{value}");
        assert!(!value.to_string().contains("seven77"), "{value}");
    }
    // A name that is taken is one of a medium, and told as early.
    let (code, value) = create("2", &[("CO1", ""), ("CO2", "p.toml")]);
    assert_eq!((code, &value["error"]["file"]), (5, &"p.toml".into()), "{value}");
    let (code, value) = create("2", &[("CO1", ""), ("CO2", "nowhere/x")]);
    assert_eq!((code, &value["error"]["file"]), (5, &"nowhere/x".into()), "{value}");
    assert_eq!(create("2", &many[..32]).0, 4, "the largest quorum comes to the token");
}

#[test]
fn officers_open_the_token_together() {
    let token = Token::new("ED25519");
    for officer in ["CO1", "CO2", "CO3"] {
        fs::write(token.path().join(format!("{officer}.pin")), format!("secret of {officer}\n")).unwrap();
    }
    let create = ["quorum", "create", "--profile", "p.toml", "--threshold", "2", "--pin-file", "pin"];
    let officers = ["--pin-file", "CO1=CO1.pin", "--share", "CO1=CO1.json", "--pin-file", "CO2=CO2.pin"];
    let officers = with(&officers, &["--share", "CO2=CO2.json", "--pin-file", "CO3=CO3.pin"]);
    let long = "x".repeat(300); // no file can have such a name, which shows when it is written
    let share = format!("CO3={long}");
    let (code, value) = json(token.path(), &with(&with(&create, &officers), &["--share", &share]));
    assert_eq!((code, &value["error"]["file"]), (5, &long.into()), "{value}");
    assert!(!token.path().join("CO1.json").exists(), "a part of a share set is left behind");
    let officers = with(&officers, &["--share", "CO3=CO3.json"]);
    let run = claviger(token.path(), &with(&create, &officers));
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
    assert!(!run.out.contains("secret of") && !run.out.contains(SoftHsm::PIN));
    let quorum = run.out.split_once("[quorum]").unwrap().1.trim();
    let path = token.path().join("p.toml");
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replace("login = \"pin\"", "login = \"shares\"");
    fs::write(&path, text.replace("[roles]", &format!("[quorum]\n{quorum}\n[roles]"))).unwrap();
    // What is there is not overwritten, and a wrong PIN makes no share.
    let (code, value) = json(token.path(), &with(&create, &officers));
    assert_eq!((code, &value["error"]["file"]), (5, &"CO1.json".into()), "{value}");
    fs::write(token.path().join("wrong"), "0000\n").unwrap();
    let wrong = with(
        &[&create[..7], &["wrong"]].concat(),
        &officers
            .iter()
            .map(|word| match *word {
                "CO1=CO1.json" => "CO1=new.json",
                "CO2=CO2.json" => "CO2=new-2.json",
                "CO3=CO3.json" => "CO3=new-3.json",
                word => word,
            })
            .collect::<Vec<_>>(),
    );
    let (code, _) = json(token.path(), &wrong);
    assert!(code == 4 && !token.path().join("new.json").exists());

    let inventory = &INVENTORY[..4];
    let one = ["--pin-file", "CO1=CO1.pin", "--share", "CO1=CO1.json"];
    let run = claviger(
        token.path(),
        &with(&with(inventory, &one), &["--pin-file", "CO3=CO3.pin", "--share", "CO3=CO3.json"]),
    );
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    for (more, code) in [
        (&[][..], 2),
        (&["--pin-file", "CO2=CO2.pin"], 2),
        (&["--share", "CO2=CO2.json"], 2),
        (&["--pin-file", "CO9=CO2.pin", "--share", "CO9=CO2.json"], 2),
        (&["--pin-file", "CO2=CO2.pin", "--share", "CO2=CO3.json"], 3),
        (&["--pin-file", "CO2=CO2.pin", "--share", "CO2=p.toml"], 3),
        (&["--pin-file", "CO2=CO3.pin", "--share", "CO2=CO2.json"], 4),
    ] {
        let (found, value) = json(token.path(), &with(&with(inventory, &one), more));
        assert_eq!(found, code, "{more:?}: {value}");
        assert!(!value.to_string().contains("secret of"), "{value}");
    }
}

#[test]
fn the_help_texts_are_those_that_were_agreed() {
    let place = tempfile::tempdir().unwrap();
    let mut all = String::new();
    let commands = [
        "ceremony",
        "check",
        "script",
        "sign",
        "show",
        "audit",
        "key",
        "key generate",
        "key inventory",
        "quorum",
        "quorum create",
    ];
    for command in commands {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let run = claviger(place.path(), &words);
        assert_eq!((run.code, run.err.as_str()), (0, ""));
        write!(all, "$ claviger {}\n{}\n", words.join(" "), run.out).unwrap();
    }
    insta::assert_snapshot!("help", all);
}

#[test]
fn every_command_in_the_documents_exists_with_its_flags() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = pages.chain(["README.md", "SECURITY.md"].map(|name| root.join(name)));
    let mut known = 0;
    for page in pages.filter(|path| path.extension().is_some_and(|extension| extension == "md")) {
        let text = fs::read_to_string(&page).unwrap();
        // What stands between backticks, or on a line of its own.
        for piece in text.split(['`', '\n']) {
            let Some(rest) = piece.trim().strip_prefix("claviger ").filter(|rest| !rest.starts_with("init")) else {
                continue;
            };
            let words: Vec<&str> = rest.split_whitespace().collect();
            let names = if ["key", "quorum"].contains(&words[0]) { 2 } else { 1 };
            let run = match words[0].strip_prefix("--") {
                Some(_) => claviger(root, &["--help"]),
                None => claviger(root, &[&words[..names], &["--help"]].concat()),
            };
            assert_eq!(run.code, 0, "{}: {rest}: {}", page.display(), run.err);
            for flag in words.iter().filter(|word| word.starts_with("--")) {
                assert!(run.out.contains(flag), "{}: {rest}: {flag}", page.display());
                known += 1;
            }
        }
    }
    assert!(known >= 8, "{known}");
}

#[test]
fn a_rehearsal_that_cannot_be_held_leaves_nothing_behind() {
    let place = TempDir::new().unwrap();
    let empty = || fs::read_dir(place.path()).unwrap().next().is_none();
    // Without a terminal there is none to take over.
    let mut command = Command::new("setsid");
    let command = command.args(["-w", env!("CARGO_BIN_EXE_claviger"), "rehearse"]).current_dir(place.path());
    let run = command.stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(3), "{told}");
    assert!(told.contains("this is no terminal") && empty(), "{told}");
    // A module that is none ends it while it is prepared.
    for words in [&["--dir", "new"][..], &[]] {
        let words = [&["rehearse", "--auto", "--module", "/dev/null"], words].concat();
        let run = claviger(place.path(), &words);
        assert!(run.code == 4 && empty(), "{words:?}: {} {}", run.code, run.err);
    }
    // What was there before stays.
    fs::create_dir(place.path().join("old")).unwrap();
    fs::write(place.path().join("old/notes"), "ours").unwrap();
    let run = claviger(place.path(), &["rehearse", "--auto", "--module", "/dev/null", "--dir", "old"]);
    assert_eq!((run.code, fs::read_to_string(place.path().join("old/notes")).unwrap().as_str()), (4, "ours"));
}

#[test]
fn a_time_out_of_bounds_is_told_the_bounds() {
    let place = TempDir::new().unwrap();
    let run = claviger(place.path(), &["check", "--profile", "p.toml", "--now", "2200-01-01T00:00:00Z", "ksr.txt"]);
    assert!(run.code == 2 && run.err.contains("from 1970 to 2106-02-07T06:28:15Z"), "{}", run.err);
}
