//! `sign`: records of runs without people, good, refused and stopped, and the exit codes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic, in its helpers too"
)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use claviger::ceremony::MAX_JOBS;
use claviger::dns::{Sha256Digest, sha256};
use claviger::media::MAX_ENTRIES;
use claviger::steps::Mode;
use claviger::transcript::{Body, read};
use common::desk::{Desk, NOW, ksr};
use common::peers::ZONE;
use common::rehearsal::{Files, claviger, run};
use common::shares::Opened;

fn bodies(files: &Files) -> Vec<Body> {
    let entries = read(&files["transcript.jsonl"], Sha256Digest::ZERO).unwrap();
    entries.into_iter().map(|entry| entry.body).collect()
}

fn outcome(files: &Files) -> String {
    let Some(Body::Seal(seal)) = bodies(files).pop() else { panic!("no seal") };
    seal.outcome
}

#[test]
fn a_record_of_a_run_without_people_lists_what_nobody_confirmed() {
    let desk = Desk::new();
    let (code, value) = desk.sign(&["--first", "ksr.txt"]);
    assert_eq!((code, &value["verdict"]), (0, &"pass".into()), "{value}");
    let first = desk.folder(&value);
    let record = desk.audited(&first);
    assert_eq!(outcome(&record), "complete");
    let bodies = bodies(&record);
    assert!(matches!(&bodies[0], Body::Opened(opened) if opened.mode == Mode::Unattended));
    let unconfirmed: Vec<&str> = bodies
        .iter()
        .filter_map(|body| match body {
            Body::Unconfirmed(subject) => Some(subject.subject.as_str()),
            _ => None,
        })
        .collect();
    let report = String::from_utf8(record["report.txt"].clone()).unwrap();
    for subject in ["plan", "responses"] {
        assert!(unconfirmed.iter().any(|told| told.contains(subject)), "{subject} in {unconfirmed:?}");
    }
    assert!(report.lines().all(|line| line.chars().count() <= 80));
    let flat = report.split_whitespace().collect::<Vec<_>>().join(" ");
    for subject in &unconfirmed {
        assert!(flat.contains(subject), "{subject} in {report}");
    }

    // What goes on from it: the next request after its response, and nothing else.
    let skr = value["responses"][0]["file"].as_str().unwrap();
    desk.write("next.txt", &ksr(14, 2));
    let (code, next) = desk.sign(&["--previous", skr, "--out", "next", "next.txt"]);
    assert_eq!(code, 0, "{next}");
    desk.audited(&desk.folder(&next));
    let late = ["--previous", skr, "--out", "late", "--now", "2028-01-01T00:00:00Z", "late.txt"];
    desk.write("late.txt", &ksr(26, 2));
    let (code, late) = desk.sign(&late);
    assert_eq!((code, &late["verdict"]), (1, &"fail".into()), "{late}");
    let failed = late["findings"].as_array().unwrap().iter().any(|finding| finding["verdict"] == "fail");
    assert!(failed && late["responses"].as_array().is_none_or(Vec::is_empty), "{late}");
    for folder in desk.records("late") {
        let record = desk.audited(&folder);
        assert_ne!(outcome(&record), "complete");
        assert!(!record.keys().any(|path| path.contains("/skr")), "{:?}", record.keys());
    }
    assert_eq!(desk.records("late").len(), 1, "a refusal has its record");
}

#[test]
fn a_previous_response_that_is_not_the_records_newest_is_refused_by_the_head() {
    let desk = Desk::new();
    let file = |value: &serde_json::Value| value["responses"][0]["file"].as_str().unwrap().to_owned();
    let (code, stale) = desk.sign(&["--first", "ksr.txt"]);
    assert_eq!(code, 0, "{stale}");
    fs::rename(desk.signer.path().join(file(&stale)), desk.signer.path().join("stale.txt")).unwrap();
    // The same request is answered anew: both responses are genuine, and both fit what follows.
    let (code, newer) = desk.sign(&["--first", "--now", "2026-12-01T01:00:00Z", "ksr.txt"]);
    assert_eq!(code, 0, "{newer}");
    let record = newer["record"].as_str().unwrap();
    desk.write("next.txt", &ksr(14, 2));
    let (code, refused) = desk.sign(&["--record", record, "--previous", "stale.txt", "next.txt"]);
    let failed = refused["findings"].as_array().unwrap().iter().filter(|finding| finding["verdict"] == "fail");
    let failed: Vec<&serde_json::Value> = failed.collect();
    assert_eq!((code, failed.len(), &failed[0]["check"]), (1, 1, &"KSR-CHAIN-HEAD".into()), "{refused}");
    assert_eq!((&failed[0]["expected"], &failed[0]["found"]), (&sha256_of(&newer), &sha256_of(&stale)));

    // The record itself has the right one, and the new record says which record that was.
    let (code, next) = desk.sign(&["--record", record, "next.txt"]);
    assert_eq!(code, 0, "{next}");
    let bodies = bodies(&desk.audited(&desk.folder(&next)));
    let named = bodies.iter().find_map(|body| match body {
        Body::PreviousRecord(previous) => Some(previous.folder.clone()),
        _ => None,
    });
    assert_eq!(named.as_deref(), PathBuf::from(record).file_name().and_then(|name| name.to_str()));

    // What is no record, lies elsewhere, or does not hold together.
    desk.write("later.txt", &ksr(14, 2));
    assert_eq!(desk.sign(&["--record", "out", "later.txt"]).0, 2);
    assert_eq!(desk.sign(&["--record", "none", "later.txt"]).0, 2);
    fs::create_dir(desk.signer.path().join("out/photos")).unwrap();
    assert_eq!(desk.sign(&["--record", "out/photos", "later.txt"]).0, 3);
    fs::write(desk.signer.path().join(record).join("plan.json"), "{}").unwrap();
    let (code, refused) = desk.sign(&["--record", record, "later.txt"]);
    assert_eq!(code, 3, "{refused}");
    // As an audit says it: which file, expected and found.
    let told = refused["error"]["message"].as_str().unwrap();
    let found = sha256(b"{}").to_string();
    assert!(["plan.json", "expected ", &found].iter().all(|part| told.contains(part)), "{told}");
}

#[test]
fn where_two_share_files_disagree_neither_officer_is_blamed_and_a_third_file_tells() {
    let desk = Desk::new();
    let officers = [("CO1", "officer one"), ("CO2", "officer two"), ("CO3", "officer three")];
    let words = desk.quorum_words(&officers);
    let made = claviger(&words.iter().map(String::as_str).collect::<Vec<_>>(), desk.signer.path());
    assert_eq!(made.code, 0, "{}", made.err);
    desk.by_shares(&made.out);
    let share = Opened::read(&desk.signer.path().join("CO1.json"), "officer one");
    desk.write("CO1.json", &share.poisoned());

    let by = |pair: [&str; 2]| {
        pair.iter()
            .flat_map(|officer| {
                [format!("--pin-file={officer}={officer}.pin"), format!("--share={officer}={officer}.json")]
            })
            .collect::<Vec<_>>()
    };
    let says = |value: &serde_json::Value, pair: [&str; 2]| {
        let told = value["error"].to_string();
        assert!(pair.iter().all(|officer| told.contains(officer)), "{value}");
        assert!(told.contains("one of the two is wrong") && told.contains("third officer"), "{value}");
    };
    for (number, pair) in [["CO1", "CO2"], ["CO3", "CO1"]].into_iter().enumerate() {
        let pins = by(pair);
        let pins: Vec<&str> = pins.iter().map(String::as_str).collect();
        let out = format!("out{number}");
        let (code, value) = desk.sign(&[&["--first", "--out", &out, "ksr.txt"], pins.as_slice()].concat());
        assert_eq!(code, 4, "{value}");
        says(&value, pair);
        let inventory = [&["key", "inventory", "--json", "--profile", "profile.toml"], pins.as_slice()].concat();
        let run = claviger(&inventory, desk.signer.path());
        let value: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!((run.code, &value["error"]["file"]), (3, &serde_json::Value::Null), "{value}");
        says(&value, pair);
        let files = pair.map(|officer| format!("{officer}.json"));
        let found = value["error"]["found"].as_str().unwrap();
        assert!(files.iter().all(|file| found.contains(file.as_str())), "{value}");
    }
    // The two that go with each other open the token.
    let pins = by(["CO2", "CO3"]);
    let pins: Vec<&str> = pins.iter().map(String::as_str).collect();
    let (code, value) = desk.sign(&[&["--first", "ksr.txt"], pins.as_slice()].concat());
    assert_eq!(code, 0, "{value}");
}

fn sha256_of(value: &serde_json::Value) -> serde_json::Value {
    value["responses"][0]["sha256"].clone()
}

#[test]
fn runs_that_begin_in_the_same_second_go_one_after_another_and_each_has_its_record() {
    let desk = Desk::new();
    let names: Vec<String> = (0..4).map(|number| format!("ksr-{number}.txt")).collect();
    for name in &names {
        desk.write(name, &ksr(12, 2));
    }
    std::thread::scope(|scope| {
        let runs: Vec<_> = names.iter().map(|name| scope.spawn(|| desk.sign(&["--first", name]))).collect();
        for run in runs {
            let (code, value) = run.join().unwrap();
            assert_eq!(code, 0, "{value}");
        }
    });
    let records = desk.records("out");
    assert_eq!(records.len(), 4, "{records:?}");
    for record in records {
        assert_eq!(outcome(&desk.audited(&record)), "complete");
    }
}

#[test]
fn a_response_that_could_not_be_written_is_told_before_anything_is_signed() {
    let desk = Desk::new();
    desk.write("out/skr.txt", "somebody's");
    let (code, value) = desk.sign(&["--first", "ksr.txt"]);
    assert_eq!((code, &value["error"]["file"]), (5, &"out/skr.txt".into()), "{value}");
    assert!(desk.records("out").is_empty(), "something was begun");
    fs::create_dir(desk.signer.path().join("other")).unwrap();
    desk.write("other/KSR.txt", &ksr(14, 2));
    let again = fs::read_to_string(desk.signer.path().join("ksr.txt")).unwrap();
    desk.write("again.txt", &again);
    for (file, told) in [("other/KSR.txt", "two requests would be answered"), ("again.txt", "is given twice")] {
        let (code, value) = desk.sign(&["--first", "--out", "two", "ksr.txt", file]);
        assert_eq!((code, &value["error"]["file"]), (2, &file.into()), "{value}");
        assert!(value["error"]["message"].as_str().unwrap().contains(told), "{value}");
        assert!(desk.records("two").is_empty(), "something was begun");
    }
}

#[test]
fn more_requests_than_a_record_has_room_for_are_refused_before_anything_is_signed() {
    let desk = Desk::new();
    // Not one of them is looked at.
    let names: Vec<String> = (0..=MAX_JOBS).map(|number| format!("ksr-{number}.txt")).collect();
    let words: Vec<&str> = ["--first"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let (code, value) = desk.sign(&words);
    assert_eq!((code, &value["error"]["kind"]), (2, &"usage".into()), "{value}");
    assert_eq!(value["error"]["expected"], format!("at most {MAX_JOBS}"), "{value}");
    assert_eq!(value["error"]["found"], (MAX_JOBS + 1).to_string(), "{value}");
    assert!(desk.records("out").is_empty(), "something was begun");
}

#[test]
fn a_pin_file_that_cannot_be_read_is_told_before_anything_is_begun() {
    let desk = Desk::new();
    desk.write("empty", "\n");
    fs::create_dir(desk.signer.path().join("folder")).unwrap();
    for file in ["none", "empty", "folder"] {
        let (code, value) = desk.sign(&["--first", "--pin-file", file, "--out", "new", "ksr.txt"]);
        assert_eq!(
            (code, &value["error"]["file"], &value["error"]["field"]),
            (3, &file.into(), &"PIN".into()),
            "{value}"
        );
        assert!(!desk.signer.path().join("new").exists(), "{file}: something was begun");
    }
}

#[test]
fn exit_codes_tell_what_kind_of_trouble_it_was() {
    let desk = Desk::new();
    desk.write("bad.toml", "profile-version = 1\n");
    desk.write("bad.txt", "no request\n");
    desk.write("taken", "a file\n");
    fs::create_dir(desk.signer.path().join("full")).unwrap();
    (0..=MAX_ENTRIES).for_each(|number| desk.write(&format!("full/{number}"), ""));
    for (code, words) in [
        (2, &["ksr.txt"][..]),
        (2, &["--first", "--previous", "ksr.txt", "ksr.txt"]),
        (2, &["--first"]),
        (3, &["--first", "--profile", "bad.toml", "ksr.txt"]),
        (3, &["--first", "bad.txt"]),
        (3, &["--first", "--pin-file", "none", "ksr.txt"]),
        (4, &["--first", "--pin-file", "wrong", "--out", "four", "ksr.txt"]),
        (5, &["--first", "--out", "taken", "ksr.txt"]),
        (5, &["--first", "--out", "no/such/folder", "ksr.txt"]),
        (5, &["--first", "--out", "full", "ksr.txt"]),
        (1, &["--first", "--out", "one", "--now", "2028-01-01T00:00:00Z", "ksr.txt"]),
    ] {
        let (found, value) = desk.sign(words);
        assert_eq!(found, code, "{words:?}: {value}");
        let told = value["error"]["message"].as_str().is_some_and(|message| !message.is_empty());
        assert!(told || code == 1, "{words:?}: {value}");
        assert!(!value.to_string().contains("4321-Falsch"), "{value}");
        if ["four", "one"].iter().any(|out| words.contains(out)) {
            assert!(desk.folder(&value).join("SHA256SUMS").exists(), "{words:?}: {value}");
        }
    }
    // What was begun has a record, and it holds together.
    for out in ["four", "one"] {
        for folder in desk.records(out) {
            let record = desk.audited(&folder);
            assert_ne!(outcome(&record), "complete", "{out}");
        }
        assert_eq!(desk.records(out).len(), 1, "{out}");
    }
}

/// What `check` says of the same.
fn check(desk: &Desk, words: &[&str]) -> (i32, serde_json::Value) {
    let all = ["check", "--json", "--profile", "profile.toml", "--now", NOW];
    let run = claviger(&[&all, words].concat(), desk.signer.path());
    (run.code, serde_json::from_str(&run.out).unwrap())
}

#[test]
fn a_choice_that_fits_no_request_is_wrong_usage_as_it_is_for_check() {
    let desk = Desk::new();
    desk.write("ksr-b.txt", &ksr(14, 2));
    for files in [&["ksr.txt"][..], &["ksr.txt", "ksr-b.txt"]] {
        let words = [&["--first", "--schema", "nope"], files].concat();
        let ((code, signed), (checked_code, checked)) = (desk.sign(&words), check(&desk, &words));
        assert_eq!((code, checked_code), (2, 2), "{files:?}: {signed}{checked}");
        assert_eq!(signed["error"], checked["error"], "{files:?}");
        let error = &signed["error"];
        assert_eq!((&error["field"], &error["expected"]), (&"--schema".into(), &"none".into()), "{error}");
        assert_eq!(error["found"], "nope", "{error}");
        assert!(desk.records("out").is_empty(), "something was begun");
    }
}

#[test]
fn requests_of_one_zone_are_warned_of_wherever_they_are_judged_together() {
    let desk = Desk::new();
    desk.write("ksr-b.txt", &ksr(14, 2));
    let warnings = |value: &serde_json::Value| -> Vec<serde_json::Value> {
        let warned = |finding: &&serde_json::Value| finding["check"] == "PLAN-INPUTS" && finding["verdict"] == "warn";
        value["findings"].as_array().unwrap().iter().filter(warned).cloned().collect()
    };
    let words = ["--first", "ksr.txt", "ksr-b.txt"];
    let ((code, signed), (checked_code, checked)) = (desk.sign(&words), check(&desk, &words));
    assert_eq!((code, checked_code), (0, 0), "{signed}{checked}");
    let told = warnings(&signed);
    assert_eq!(told, warnings(&checked));
    let [first, second] = &told[..] else { panic!("{signed}") };
    for (finding, which) in [(first, "another request"), (second, "an earlier request")] {
        assert!(finding["message"].as_str().unwrap().contains(which), "{finding}");
        assert_eq!(finding["expected"], "one request for a zone", "{finding}");
        let both = finding["found"].as_str().unwrap();
        let documents = checked["documents"].as_array().unwrap();
        assert!(documents.iter().all(|document| both.contains(document["sha256"].as_str().unwrap())), "{finding}");
    }
    // The record says so, too, and the audit finds the same.
    let report = String::from_utf8(desk.audited(&desk.folder(&signed))["report.txt"].clone()).unwrap();
    assert!(report.contains("PLAN-INPUTS"), "{report}");
    assert!(warnings(&check(&desk, &["--first", "ksr.txt"]).1).is_empty());
}

#[test]
fn previous_responses_that_are_doubled_or_for_no_request_are_wrong_usage() {
    let desk = Desk::new();
    let (code, value) = desk.sign(&["--first", "--out", "first", "ksr.txt"]);
    assert_eq!(code, 0, "{value}");
    let skr = value["responses"][0]["file"].as_str().unwrap();
    let text = fs::read_to_string(desk.signer.path().join(skr)).unwrap();
    desk.write("other.txt", &text.replace(ZONE, "other.test."));
    desk.write("next.txt", &ksr(14, 2));
    for (other, found) in [(skr, "two"), ("other.txt", "one for other.test.")] {
        let words = ["--previous", skr, "--previous", other, "next.txt"];
        let ((code, signed), (checked_code, checked)) = (desk.sign(&words), check(&desk, &words));
        assert_eq!((code, checked_code, &signed["error"]["found"]), (2, 2, &found.into()), "{signed}{checked}");
        assert_eq!(signed["error"], checked["error"]);
        assert!(desk.records("out").is_empty(), "something was begun");
    }
    // What came before is said in one of three ways, and all are named.
    let (code, value) = desk.sign(&["next.txt"]);
    let expected = value["error"]["expected"].as_str().unwrap();
    assert!(code == 2 && ["--previous", "--first", "--record"].iter().all(|way| expected.contains(way)), "{value}");
}

#[test]
fn a_folder_that_cannot_be_written_is_trouble_with_a_medium() {
    let desk = Desk::new();
    let out = desk.signer.path().join("shut");
    fs::create_dir(&out).unwrap();
    fs::set_permissions(&out, fs::Permissions::from_mode(0o555)).unwrap();
    let mut words = vec![env!("CARGO_BIN_EXE_claviger"), "sign", "--json", "--profile", "profile.toml"];
    words.extend(["--pin-file", "pin", "--first", "--now", NOW, "--out", "shut", "ksr.txt"]);
    if rustix::process::geteuid().is_root() {
        // Modes hold for root as well, without this.
        words.splice(0..0, ["setpriv", "--bounding-set", "-dac_override"]);
    }
    let run = run(words[0], &words[1..], desk.signer.path());
    let value: serde_json::Value = serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{}", run.err));
    assert_eq!((run.code, &value["error"]["kind"]), (5, &"media".into()), "{value}");
    assert_eq!((&value["error"]["file"], &value["error"]["field"]), (&"shut".into(), &"--out".into()), "{value}");
    assert!(desk.records("shut").is_empty(), "something was begun");
}

/// Signs into a medium of so many octets and files; none where no such medium can be made. A wrong PIN file is never read
/// by a token that is not asked.
fn sign_on(desk: &Desk, size: &str, files: usize, pin: &str) -> Option<(i32, serde_json::Value)> {
    let script = format!(
        "mount -t tmpfs -o size={size},nr_inodes={files} none small && exec \"$0\" sign --json --profile profile.toml \
         --pin-file {pin} --first --now {NOW} --out small ksr.txt"
    );
    let words = ["--map-root-user", "--mount", "sh", "-c", &script, env!("CARGO_BIN_EXE_claviger")];
    let run = run("unshare", &words, desk.signer.path());
    if run.err.contains("unshare") || run.err.contains("mount:") {
        common::skip::skip("no medium can be mounted here");
        return None;
    }
    Some((run.code, serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{}", run.err))))
}

/// Without what only people at a ceremony can do.
fn expect_for_a_shell(value: &serde_json::Value) {
    let error = &value["error"];
    assert_eq!((&error["kind"], &error["file"], &error["field"]), (&"media".into(), &"small".into(), &"--out".into()));
    for word in ["kept in memory", "nothing is lost", "larger medium", "plug in"] {
        assert!(!error.to_string().contains(word), "{error}");
    }
}

#[test]
fn a_medium_without_room_is_told_before_the_token_is_asked() {
    let desk = Desk::new();
    fs::create_dir(desk.signer.path().join("small")).unwrap();
    for size in ["128k", "4k"] {
        // A token that was asked would say that the PIN is wrong.
        let Some((code, value)) = sign_on(&desk, size, 1000, "wrong") else { return };
        assert_eq!(
            (code, value["responses"].is_null() || value["responses"] == serde_json::json!([])),
            (5, true),
            "{value}"
        );
        expect_for_a_shell(&value);
        assert!(value["error"]["advice"].as_str().unwrap().contains("run it again"), "{value}");
    }
}

#[test]
fn where_a_medium_fills_up_the_report_says_which_responses_were_written() {
    let desk = Desk::new();
    fs::create_dir(desk.signer.path().join("small")).unwrap();
    // Octets are reckoned before, and numbers of files are not: one file less at a time.
    let (mut without_record, mut without_response) = (false, false);
    for files in (20..60).rev() {
        let Some((code, value)) = sign_on(&desk, "100m", files, "pin") else { return };
        if code == 0 {
            assert_eq!(value["responses"][0]["written"], true, "{value}");
            continue;
        }
        assert_eq!(code, 5, "{value}");
        expect_for_a_shell(&value);
        let advice = value["error"]["advice"].as_str().unwrap();
        match (value["record"].is_string(), value["responses"][0]["written"].as_bool()) {
            (true, Some(true)) => assert!(advice.contains("do not sign again"), "{value}"),
            (true, written) => {
                assert_eq!(written, Some(false), "{value}");
                assert!(advice.contains("from the record"), "{value}");
                without_response = true;
            }
            (false, written) => {
                assert_ne!(written, Some(true), "{value}");
                assert!(advice.contains("run it again"), "{value}");
                without_record = true;
                break;
            }
        }
    }
    assert!(without_record && without_response);
}

#[test]
fn more_octets_than_a_record_has_room_for_are_wrong_usage() {
    let desk = Desk::new();
    desk.signer.change_profile("[roles]", "[limits]\ndocument-bytes = 67108864\n[roles]");
    // Blanks at the end of a record are nothing to a reader, and octets of the record.
    let wide = |text: &str| text.replacen("==\n", &format!("=={}\n", " ".repeat(60 << 20)), 1);
    desk.write("ksr-a.txt", &wide(&ksr(12, 2)));
    desk.write("ksr-b.txt", &wide(&ksr(14, 2)));
    let (code, value) = desk.sign(&["--first", "ksr-a.txt", "ksr-b.txt"]);
    assert_eq!((code, &value["error"]["kind"]), (2, &"usage".into()), "{value}");
    assert!(value["error"]["message"].as_str().unwrap().contains("the record may have"), "{value}");
    assert!(value["responses"].is_null(), "{value}");
}

#[test]
fn a_record_is_no_folder_for_records() {
    let desk = Desk::new();
    let (code, value) = desk.sign(&["--first", "ksr.txt"]);
    assert_eq!(code, 0, "{value}");
    let (record, folder) = (value["record"].as_str().unwrap(), desk.folder(&value));
    let before = desk.audited(&folder);
    desk.write("next.txt", &ksr(14, 2));
    for left in ["SHA256SUMS", "transcript.jsonl"] {
        let (code, value) = desk.sign(&["--first", "--out", record, "next.txt"]);
        assert_eq!((code, &value["error"]["file"]), (5, &record.into()), "{value}");
        assert!(desk.audited(&folder) == before, "the record was changed");
        // A journal has no sums.
        let (one, other) = (folder.join(left), desk.signer.path().join(left));
        fs::rename(&one, &other).unwrap();
        assert_eq!(desk.sign(&["--first", "--out", record, "next.txt"]).0, 5, "without {left}");
        fs::rename(&other, &one).unwrap();
    }
}

#[test]
fn paths_for_programs_are_whole_and_those_for_people_escaped() {
    let desk = Desk::new();
    let out = "\u{e4}".repeat(100);
    let (code, value) = desk.sign(&["--first", "--out", &out, "ksr.txt"]);
    assert_eq!(code, 0, "{value}");
    let record = value["record"].as_str().unwrap();
    assert!(record.starts_with(&format!("{out}/")) && desk.folder(&value).is_dir(), "{value}");
    let response = value["responses"][0]["file"].as_str().unwrap();
    assert!(desk.signer.path().join(response).is_file(), "{value}");
    let run = claviger(&["audit", "--json", record], desk.signer.path());
    let audited: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(audited["records"][0]["folder"], record, "{audited}");
    let run = claviger(&["audit", record], desk.signer.path());
    assert!(run.out.contains("\\u{e4}") && !run.out.contains('\u{e4}'), "{}", run.out);
}

#[test]
fn a_name_of_other_letters_enters_the_record_as_it_is_and_is_escaped_where_it_is_shown() {
    const NAME: &str = "ksr-\u{e4}-\u{434}.txt";
    let desk = Desk::new();
    desk.write(NAME, &ksr(12, 2));
    let path = desk.signer.path();
    let (code, value) = desk.sign(&["--first", NAME]);
    assert_eq!(code, 0, "{value}");
    assert_eq!(value["responses"][0]["file"], "out/skr-_C3_A4-_D0_B4.txt");
    let files = desk.audited(&desk.folder(&value));
    let text = |name: &str| String::from_utf8_lossy(&files[name]).into_owned();
    assert!(text("transcript.jsonl").contains(&format!("\"file\":\"{NAME}\"")));
    assert!(text("report.txt").contains("ksr-\u{e4}-\\u{434}.txt"), "{}", text("report.txt"));
    let kept: Vec<&String> = files.keys().filter(|name| name.contains("ksr-")).collect();
    assert!(kept.iter().all(|name| name.ends_with("/ksr-_C3_A4-_D0_B4.txt")) && kept.len() == 1, "{kept:?}");

    // Programs are given the path itself, people one that moves nothing.
    let json = |words: &[&str]| -> serde_json::Value {
        let run = claviger(&[words, &["--json"]].concat(), path);
        serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}{}", run.out, run.err))
    };
    let check = ["check", "--profile", "profile.toml", "--now", NOW, "--first", NAME];
    assert_eq!(json(&check)["documents"][0]["file"], NAME);
    let run = claviger(&check, path);
    assert!(run.out.contains("ksr-\\u{e4}-\\u{434}.txt"), "{}", run.out);
    assert_eq!(json(&["show", NAME])["documents"][0]["file"], NAME);
    let script = ["script", "--profile", "profile.toml", "--now", NOW, "--first", "--out", "\u{434}", NAME];
    assert_eq!(json(&script)["script"][0], "\u{434}/script.txt");
    let printed = fs::read_to_string(path.join("\u{434}/script.txt")).unwrap();
    assert!(printed.contains("ksr-\u{e4}-\\u{434}.txt"), "{printed}");
    let none = format!("{}.txt", "\u{434}\\".repeat(80));
    assert_eq!(json(&["show", &none])["error"]["file"], none.as_str());
    let run = claviger(&["show", &none], path);
    assert!(run.err.starts_with("claviger: \\u{434}\\") && run.err.contains("...: "), "{}", run.err);
}
