//! Records of real rehearsals: whole, followed by another one, and damaged in every file.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic, in its helpers too"
)]

mod common;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::LazyLock;

use claviger::dns::{Sha256Digest, sha256};
use claviger::paper::report;
use claviger::policy::Finding;
use claviger::render::words;
use claviger::steps::Verdict;
use claviger::transcript::{Audit, AuditVerdict, Body, Entry, audit as judge};
use common::rehearsal::{
    self, Files, Rehearsals, claviger, entries, files, on_disk, summed_again, with, with_lines, without,
};
use rustix::fs::{CWD, FileType, mknodat};

const SUMS: &str = "SHA256SUMS";
const TRANSCRIPT: &str = "transcript.jsonl";

/// Two in a row, the second after the first.
static PLAYED: LazyLock<Rehearsals> = LazyLock::new(|| Rehearsals::play(1, &["2026-11-21", "2026-11-22"]));
/// The second one's record, which has every file that a record can have.
static GOOD: LazyLock<Files> = LazyLock::new(|| files(&PLAYED.records[1]));
/// A rehearsal of other people, with other keys.
static OTHER: LazyLock<(Rehearsals, Files)> = LazyLock::new(|| {
    let played = Rehearsals::play(2, &["2026-11-21", "2026-11-22"]);
    let files = files(&played.records[1]);
    (played, files)
});

fn audit(files: &Files) -> Audit {
    judge(files, None, 1, report)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The files that failures name: what stands before the first colon.
fn named(audit: &Audit) -> Vec<String> {
    let places = audit.failures().map(|finding| finding.message.split(": ").next().unwrap().to_owned());
    places.flat_map(|place| place.split(", ").map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// That the audit fails and names this file.
fn blames(files: &Files, path: &str, what: &str) {
    let audit = audit(files);
    assert_eq!(audit.verdict, AuditVerdict::Failed, "{what} of {path}: {:?}", audit.lines());
    assert!(named(&audit).iter().any(|name| name == path), "{what} of {path}: {:#?}", audit.lines());
    for finding in audit.failures() {
        assert!(finding.expected.is_some() && finding.found.is_some(), "{what} of {path}: {finding}");
    }
}

fn fingerprint(files: &Files) -> Sha256Digest {
    sha256(&files["transcript.jsonl"])
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

#[test]
fn a_record_is_consistent_and_with_its_fingerprint_from_paper_authentic() {
    let folder = text(&PLAYED.records[0]);
    let run = claviger(&["audit", folder], Path::new("."));
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
    assert!(run.out.lines().next().unwrap().starts_with("REHEARSAL: NOT ANCHORED: consistent"), "{}", run.out);
    let digest = fingerprint(&files(&PLAYED.records[0]));
    let hex = digest.to_string();
    for paper in [hex.clone(), hex.to_uppercase(), words(digest.as_bytes()).join(" ")] {
        let run = claviger(&["audit", "--fingerprint", &paper, folder], Path::new("."));
        assert!(run.code == 0 && run.out.starts_with("REHEARSAL: AUTHENTIC: "), "{}{}", run.out, run.err);
    }
    let other = sha256(b"another paper").to_string();
    let run = claviger(&["audit", "--fingerprint", &other, folder], Path::new("."));
    assert!(run.code == 1 && run.out.starts_with("REHEARSAL: FAILED"), "{}", run.out);
    assert!(run.out.contains("FAIL    AUDIT-FINGERPRINT: transcript.jsonl: "), "{}", run.out);
}

#[test]
fn what_is_no_file_fails_the_record_that_has_it_and_no_other() {
    for (path, is_pipe) in [("notes", false), ("plan.json", false), ("jobs/pipe", true)] {
        let record = on_disk(&GOOD);
        let place = record.path().join(path);
        let _ = fs::remove_file(&place);
        if is_pipe {
            mknodat(CWD, &place, FileType::Fifo, 0o600.into(), 0).unwrap();
        } else {
            symlink("/etc/hostname", &place).unwrap();
        }
        let run = claviger(&["audit", text(&PLAYED.records[0]), text(record.path())], Path::new("."));
        assert_eq!((run.code, run.err.as_str()), (1, ""), "{}", run.out);
        assert!(run.out.starts_with("REHEARSAL: NOT ANCHORED: consistent"), "{}", run.out);
        assert!(run.out.contains(&format!("FAIL    AUDIT-FILES: {path}: no record has this")), "{}", run.out);
    }
    // A folder that is no record is none.
    let other = tempfile::tempdir().unwrap();
    symlink("/etc/hostname", other.path().join("name")).unwrap();
    let run = claviger(&["audit", text(other.path())], Path::new("."));
    assert!(run.code == 3 && run.err.contains("audit the folder of the record itself"), "{}", run.err);
}

#[test]
fn all_record_media_have_the_same_octets() {
    let sticks = PLAYED.folder().join("sticks");
    for record in &PLAYED.records {
        let name = record.file_name().unwrap();
        assert_eq!(files(&sticks.join("RECORD-A").join(name)), files(&sticks.join("RECORD-B").join(name)));
    }
    assert_eq!(fs::read_dir(sticks.join("RECORD-A")).unwrap().count(), 2, "no journal is left");
    assert!(!PLAYED.folder().join("spool").exists(), "the ceremony key is gone");
}

#[test]
fn the_same_clock_and_seed_give_the_same_course() {
    let again = Rehearsals::play(1, &["2026-11-21"]);
    let shape = |files: &Files| {
        let kinds = entries(files).into_iter().map(|entry| {
            let value = serde_json::to_value(&entry.body).unwrap();
            (entry.step, value["kind"].as_str().unwrap().to_owned())
        });
        (files.keys().cloned().collect::<Vec<_>>(), kinds.collect::<Vec<_>>())
    };
    assert_eq!(shape(&files(&again.records[0])), shape(&files(&PLAYED.records[0])));
}

#[test]
fn a_second_ceremony_follows_the_first() {
    let (first, second) = (text(&PLAYED.records[0]), text(&PLAYED.records[1]));
    let run = claviger(&["audit", "--previous", first, second], Path::new("."));
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
    let before = files(&PLAYED.records[0]);
    let named = entries(&GOOD).into_iter().find_map(|entry| match entry.body {
        Body::PreviousRecord(record) => Some(record),
        _ => None,
    });
    let named = named.expect("a previous record");
    assert_eq!(named.fingerprint, fingerprint(&before));
    assert_eq!(named.heads.keys().collect::<Vec<_>>(), [".", "example."]);
    for (path, octets) in GOOD.iter().filter(|(path, _)| path.contains("/previous-")) {
        let skr = before.iter().find(|(name, _)| name.replace("skr", "previous-skr") == *path);
        assert_eq!(skr.map(|(_, octets)| octets), Some(octets), "{path}");
    }
    let wrong = text(&OTHER.0.records[0]);
    let run = claviger(&["audit", "--previous", wrong, second], Path::new("."));
    assert!(run.code == 1 && run.out.contains("FAIL    AUDIT-PREVIOUS: transcript.jsonl: it names another record"));
    for zone in [". ", "example. "] {
        assert!(run.out.contains(zone), "{}", run.out);
    }
    let run = claviger(&["audit", "--previous", second, first], Path::new("."));
    assert!(run.code == 1 && run.out.contains("no previous record is named"), "{}", run.out);
}

#[test]
fn reports_fit_on_paper_and_are_marked() {
    for files in [&files(&PLAYED.records[0]), &GOOD] {
        let report = String::from_utf8(files["report.txt"].clone()).unwrap();
        for line in report.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        assert!(report.contains("R E H E A R S A L"));
    }
    for name in ["RECORD-A", "RECORD-B", "KSR"] {
        for entry in fs::read_dir(PLAYED.folder().join("sticks").join(name)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(name.starts_with("REHEARSAL-") || name.starts_with("ksr-"), "{name}");
        }
    }
}

#[test]
fn a_flipped_bit_anywhere_is_found_and_its_file_named() {
    let mut dice = Dice(1);
    for (path, octets) in GOOD.iter() {
        let all = octets.len() <= 128;
        let some = [0, octets.len() / 2, octets.len() - 1].into_iter();
        let places: Vec<usize> = if all {
            (0..octets.len()).collect()
        } else {
            some.chain((0..10).map(|_| dice.below(octets.len()))).collect()
        };
        for place in places {
            let mut changed = octets.clone();
            changed[place] ^= 1 << dice.below(8);
            blames(&with(&GOOD, path, changed), path, &format!("a bit of octet {place}"));
        }
    }
}

#[test]
fn the_binary_says_so_too() {
    for path in [
        "SHA256SUMS",
        "delivery.jsonl",
        "jobs/01-example/skr-example.txt",
        "report.txt",
        "report.html",
        "transcript.jsonl.sig",
    ] {
        let mut changed = GOOD[path].clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        let folder = on_disk(&with(&GOOD, path, changed));
        let run = claviger(&["audit", "."], folder.path());
        assert!(run.code == 1 && run.out.starts_with("REHEARSAL: FAILED"), "{path}: {}", run.out);
        let blamed = run.out.lines().any(|line| line.starts_with("FAIL ") && line.contains(path));
        assert!(blamed && run.err.is_empty(), "{path}: {}{}", run.out, run.err);
        let run = claviger(&["audit", "--json", "."], folder.path());
        let value: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!((run.code, &value["verdict"], &value["records"][0]["audit"]), (1, &"fail".into(), &"failed".into()));
    }
    let folder = on_disk(&with_lines(&GOOD, "transcript.jsonl", |lines| lines[0].insert(2, 'x')));
    let run = claviger(&["audit", "."], folder.path());
    assert!(run.code == 1 && run.out.starts_with("FAILED"), "an unreadable mode marks nothing: {}", run.out);
}

#[test]
fn files_that_are_missing_unknown_or_cut_are_named() {
    for (path, octets) in GOOD.iter() {
        blames(&without(&GOOD, path), path, "the loss");
        blames(&with(&GOOD, path, Vec::new()), path, "nothing");
        blames(&with(&GOOD, path, octets[..octets.len() - 1].to_vec()), path, "a cut");
        blames(&with(&GOOD, path, [octets.as_slice(), b"\n"].concat()), path, "an added line end");
    }
    for path in
        ["more.txt", "jobs/01-example/more.txt", "jobs/03-other/ksr.txt", "journal.head", ".hidden", "report.html"]
    {
        blames(&with(&GOOD, path, b"x".to_vec()), path, "the unknown file");
        blames(&summed_again(&with(&GOOD, path, b"x".to_vec())), path, "the unknown, summed file");
    }
    for path in ["EVIL/", "jobs/03-evil/", "delivery.jsonl.old/", ".hidden/", "cosignatures.old/"] {
        let bare = with(&GOOD, path, Vec::new());
        blames(&bare, path, "the folder");
        assert_eq!(files(on_disk(&bare).path()), bare, "{path}");
    }
    let cosigned = with(&GOOD, "cosignatures/IW.sig", b"x".to_vec());
    assert_eq!(audit(&cosigned).verdict, AuditVerdict::Consistent);
    let undelivered = without(&without(&GOOD, "delivery.jsonl"), "delivery.jsonl.sig");
    assert_eq!(audit(&undelivered).verdict, AuditVerdict::Consistent);
    let warned = |finding: &&Finding| finding.verdict == Verdict::Warn;
    assert_eq!(audit(&undelivered).findings.iter().filter(warned).count(), 1);
    assert_eq!(audit(&GOOD).findings.iter().find(warned), None);
}

#[test]
fn a_sealed_transcript_alone_is_not_taken_for_a_journal() {
    let kept =
        ["transcript.jsonl", "allowed_signers", "ceremony.pem"].map(|path| (path.to_owned(), GOOD[path].clone()));
    let folder = on_disk(&Files::from(kept));
    let run = claviger(&["audit", "."], folder.path());
    assert!(run.code == 1 && run.out.starts_with("REHEARSAL: FAILED"), "{}", run.out);
    assert!(run.out.contains("the other files of its record are missing") && !run.out.contains("INTERRUPTED"));
    // Whoever takes the seal away has no signature left.
    let kept = with_lines(&files(folder.path()), TRANSCRIPT, |lines| drop(lines.pop()));
    let run = claviger(&["audit", "."], on_disk(&kept).path());
    let headline = run.out.lines().next().unwrap();
    assert!(run.code == 1 && headline.starts_with("REHEARSAL: INTERRUPTED, NOT SIGNED: "), "{}", run.out);
    assert!(!headline.contains("good"), "{headline}");
}

#[test]
fn files_in_each_others_place_are_named() {
    let paths: Vec<&String> = GOOD.keys().collect();
    for (index, one) in paths.iter().enumerate() {
        let other = paths[(index + 1) % paths.len()];
        let swapped = with(&with(&GOOD, one, GOOD[other].clone()), other, GOOD[*one].clone());
        blames(&swapped, one, "the exchange");
        blames(&swapped, other, "the exchange");
        let pair = [one.as_str(), other.as_str()];
        if !pair.contains(&SUMS) {
            // Without a transcript nothing else tells what the other file should be.
            let known = |path: &&&str| !pair.contains(&TRANSCRIPT) || **path == TRANSCRIPT;
            for path in pair.iter().filter(known) {
                blames(&summed_again(&swapped), path, "the exchange, summed again,");
            }
        }
    }
}

#[test]
fn lines_that_are_missing_doubled_moved_or_added_are_named() {
    for path in ["transcript.jsonl", "delivery.jsonl", "SHA256SUMS"] {
        let count = GOOD[path].iter().filter(|octet| **octet == b'\n').count();
        for line in 0..count {
            let changed = |change: &dyn Fn(&mut Vec<String>)| with_lines(&GOOD, path, change);
            let removed = changed(&|lines| drop(lines.remove(line)));
            blames(&removed, path, "the loss of a line");
            let doubled = changed(&|lines| lines.insert(line, lines[line].clone()));
            blames(&doubled, path, "the doubling of a line");
            let moved = changed(&|lines| lines.swap(line, (line + 1) % count));
            blames(&moved, path, "the moving of a line");
        }
        blames(&with_lines(&GOOD, path, |lines| lines.push("{}\n".to_owned())), path, "a new line");
    }
}

#[test]
fn sums_that_were_made_again_hide_nothing() {
    for (path, octets) in GOOD.iter().filter(|(path, _)| *path != SUMS) {
        let mut changed = octets.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 2;
        blames(&summed_again(&with(&GOOD, path, changed)), path, "a change, summed again");
    }
}

#[test]
fn files_of_another_record_are_named() {
    for (path, octets) in &OTHER.1 {
        assert_ne!(Some(octets), GOOD.get(path), "{path} is the same in both");
        let mixed = with(&GOOD, path, octets.clone());
        blames(&mixed, path, "the mixing in");
        if path != SUMS {
            blames(&summed_again(&mixed), path, "the mixing in, summed again,");
        }
    }
    let of_key =
        |path: &str| path.starts_with("transcript") || path.starts_with("SHA256") || path.starts_with("report.");
    let mut mixed = GOOD.clone();
    mixed.extend(OTHER.1.iter().filter(|(path, _)| of_key(path)).map(|(path, octets)| (path.clone(), octets.clone())));
    assert_eq!(audit(&mixed).verdict, AuditVerdict::Failed);
    let mut both = OTHER.1.clone();
    both.extend(GOOD.iter().filter(|(path, _)| path.starts_with("delivery")).map(|(p, o)| (p.clone(), o.clone())));
    blames(&both, "delivery.jsonl", "the mixing in");
    // As a whole it is another record; only the paper knows.
    assert_eq!(judge(&OTHER.1, Some(fingerprint(&OTHER.1)), 1, report).verdict, AuditVerdict::Authentic);
    let found = judge(&OTHER.1, Some(fingerprint(&GOOD)), 1, report);
    assert_eq!((found.verdict, named(&found)), (AuditVerdict::Failed, vec!["transcript.jsonl".to_owned()]));
}

/// A forger seals again what they changed.
fn forged(change: impl FnOnce(&mut Vec<Entry>, &mut Files)) -> Files {
    rehearsal::forged(&GOOD, change)
}

#[test]
fn what_a_forger_seals_anew_is_judged_anew_and_has_another_fingerprint() {
    let same = forged(|_, _| {});
    assert_eq!(audit(&same).verdict, AuditVerdict::Consistent, "{:#?}", audit(&same).lines());
    assert_eq!(judge(&same, Some(fingerprint(&GOOD)), 1, report).verdict, AuditVerdict::Failed);
    let sealed: Vec<String> = GOOD.keys().filter(|path| forged(|_, _| {}).contains_key(*path)).cloned().collect();
    let derived = |path: &&String| {
        path.starts_with("jobs/") || ["profile.toml", "plan.json", "state.json"].contains(&path.as_str())
    };
    for path in sealed.iter().filter(derived) {
        let changed = forged(|_, files| {
            let octets = files.get_mut(path).unwrap();
            let place = octets.iter().rposition(u8::is_ascii_digit).unwrap();
            octets[place] = if octets[place] == b'1' { b'2' } else { b'1' };
        });
        blames(&changed, path, "a digit, sealed anew,");
    }
}

#[test]
fn a_forgers_transcript_cannot_leave_out_what_must_be_said() {
    type Is = fn(&Body) -> bool;
    let kinds: [(&str, Is); 19] = [
        ("person", |body| matches!(body, Body::Person(_))),
        ("time-confirmed", |body| matches!(body, Body::TimeConfirmed(_))),
        ("time-agreed", |body| matches!(body, Body::TimeAgreed(_))),
        ("previous-record", |body| matches!(body, Body::PreviousRecord(_))),
        ("compared", |body| matches!(body, Body::ReadBack(_) | Body::NoIndependentHash(_))),
        ("document", |body| matches!(body, Body::Document(_))),
        ("findings", |body| matches!(body, Body::Findings(_))),
        ("planned", |body| matches!(body, Body::Planned(_))),
        ("confirmed", |body| matches!(body, Body::Confirmed(_))),
        ("job", |body| matches!(body, Body::Job(_))),
        ("token-chosen", |body| matches!(body, Body::TokenChosen(_))),
        ("share", |body| matches!(body, Body::Share(_))),
        ("unlocking", |body| matches!(body, Body::Unlocking(_))),
        ("unlocked", |body| matches!(body, Body::Unlocked(_))),
        ("signing", |body| matches!(body, Body::Signing(_))),
        ("signed", |body| matches!(body, Body::Signed(_))),
        ("response", |body| matches!(body, Body::Response(_))),
        ("reviewed", |body| matches!(body, Body::Reviewed(_))),
        ("judged-at", |body| matches!(body, Body::JudgedAt(_))),
    ];
    for (kind, is) in kinds {
        let count = entries(&GOOD).iter().filter(|entry| is(&entry.body)).count();
        assert_ne!(count, 0, "{kind}");
        for number in 0..count {
            let changed = forged(|entries, _| {
                let place = entries.iter().enumerate().filter(|(_, entry)| is(&entry.body)).nth(number).unwrap().0;
                entries.remove(place);
            });
            let audit = audit(&changed);
            assert_eq!(audit.verdict, AuditVerdict::Failed, "{kind} {number} left out");
        }
    }
    let bare = forged(|entries, _| {
        entries.retain(|entry| !matches!(entry.body, Body::TokenChosen(_) | Body::Share(_) | Body::Unlocking(_)));
    });
    assert_eq!(audit(&bare).verdict, AuditVerdict::Failed, "an opening without officers");
    let failed = forged(|entries, _| {
        for entry in entries {
            if let Body::Findings(findings) = &mut entry.body {
                findings.findings[0].verdict = Verdict::Fail;
            }
        }
    });
    assert_eq!(audit(&failed).verdict, AuditVerdict::Failed);
}
