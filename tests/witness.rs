//! The witnesses' script on the record of a real rehearsal, whole and damaged in the way that each check looks for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic, in its helpers too"
)]

mod common;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use claviger::dns::sha256;
use claviger::paper::report;
use claviger::transcript::{AuditVerdict, audit};
use common::rehearsal::{Files, Rehearsals, Run, files, on_disk, run, summed_again, with, with_lines, without};

static PLAYED: LazyLock<Rehearsals> = LazyLock::new(|| Rehearsals::play(3, &["2026-11-21"]));
static GOOD: LazyLock<Files> = LazyLock::new(|| files(&PLAYED.records[0]));

fn script(folder: &Path, fingerprint: Option<&str>) -> Run {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("witness-scripts/verify-record.sh");
    let mut words = vec![script.to_str().unwrap(), folder.to_str().unwrap()];
    words.extend(fingerprint);
    run("bash", &words, folder)
}

/// That the script says FAIL in a line with this in it, and the audit fails as well.
fn fails(what: &str, files: &Files, matter: &str) {
    let run = script(on_disk(files).path(), None);
    assert_eq!(run.code, 1, "{what}: {}{}", run.out, run.err);
    let told = run.out.lines().any(|line| line.starts_with("FAIL  ") && line.contains(matter));
    assert!(told && !run.out.contains("verdict                 good"), "{what}: {matter} in {}{}", run.out, run.err);
    assert_eq!(audit(files, None, 1, report).verdict, AuditVerdict::Failed, "{what}: the audit does not fail");
}

fn replaced(path: &str, from: &str, to: &str) -> Files {
    let text = String::from_utf8(GOOD[path].clone()).unwrap();
    assert!(text.contains(from), "{from} in {path}");
    with(&GOOD, path, text.replacen(from, to, 1).into_bytes())
}

fn flipped(path: &str) -> Files {
    let mut octets = GOOD[path].clone();
    let place = octets.len() / 2;
    octets[place] ^= 1;
    with(&GOOD, path, octets)
}

#[test]
fn a_good_record_is_good_and_anchored_by_its_fingerprint() {
    let folder = &PLAYED.records[0];
    let whole = script(folder, None);
    assert!(whole.code == 0 && whole.out.ends_with("verdict                 good\n"), "{}{}", whole.out, whole.err);
    for line in ["THIS IS THE RECORD OF A REHEARSAL", "NOT ANCHORED"] {
        assert!(whole.out.contains(line) && !whole.out.contains("FAIL"), "{}", whole.out);
    }
    let digest = sha256(&GOOD["transcript.jsonl"]).to_string();
    let anchored = script(folder, Some(&digest));
    assert!(anchored.code == 0 && !anchored.out.contains("NOT ANCHORED"), "{}", anchored.out);
    let other = script(folder, Some(&sha256(b"another").to_string()));
    assert_eq!(other.code, 1, "{}", other.out);
    assert!(other.out.contains("FAIL  the transcript's fingerprint is that of the paper"), "{}", other.out);
}

#[test]
fn sums_name_every_file_once_with_its_hash() {
    fails("a changed file", &flipped("report.txt"), "report.txt");
    fails("a changed page", &flipped("report.html"), "report.html");
    fails("an unknown file", &with(&GOOD, "more.txt", b"x".to_vec()), "more.txt");
    fails("an unknown, summed file", &summed_again(&with(&GOOD, "more.txt", b"x".to_vec())), "more.txt");
    fails("a name that shells mistake", &with(&GOOD, "a b", b"x".to_vec()), "a b");
    fails("a missing file", &without(&GOOD, "plan.json"), "plan.json");
    fails("no sums", &without(&GOOD, "SHA256SUMS"), "SHA256SUMS: missing");
    fails(
        "a doubled sum",
        &with_lines(&GOOD, "SHA256SUMS", |lines| lines.push(lines[0].clone())),
        "unknown or missing",
    );
    fails("a line less", &with_lines(&GOOD, "SHA256SUMS", |lines| drop(lines.remove(2))), "unknown or missing");
    fails("no sum", &with_lines(&GOOD, "SHA256SUMS", |lines| lines.push("no sum\n".to_owned())), "SHA256SUMS");
    fails("empty sums", &with(&GOOD, "SHA256SUMS", Vec::new()), "SHA256SUMS");
}

#[test]
fn one_key_stands_in_all_its_places_and_signs() {
    let other = Rehearsals::play(4, &["2026-11-21"]);
    let other = files(&other.records[0]);
    for (path, matter) in [
        ("allowed_signers", "allowed_signers holds the key of the first entry"),
        ("ceremony.pem", "ceremony.pem holds the same key"),
        ("SHA256SUMS.sig", "SHA256SUMS.sig"),
        ("transcript.jsonl.sig", "transcript.jsonl.sig"),
        ("transcript.jsonl.ed25519", "transcript.jsonl.ed25519"),
        ("delivery.jsonl.sig", "delivery.jsonl.sig"),
        ("delivery.jsonl", "delivery.jsonl line 1"),
    ] {
        let mixed = with(&GOOD, path, other[path].clone());
        fails("a file of another record", &mixed, matter);
        fails("a file of another record, summed", &summed_again(&mixed), matter);
    }
    for path in ["allowed_signers", "ceremony.pem", "SHA256SUMS.sig", "transcript.jsonl.ed25519"] {
        fails("a flipped bit", &flipped(path), path);
    }
    let ceremony = replaced("transcript.jsonl", "\"mode\":\"rehearsal\"", "\"mode\":\"ceremony\"");
    fails("a rehearsal as a ceremony", &ceremony, "allowed_signers");
    let unmarked = replaced("allowed_signers", "rehearsal-claviger-record", "claviger-record");
    fails("other namespaces", &unmarked, "allowed_signers");
    fails("an unknown mode", &replaced("transcript.jsonl", "\"mode\":\"rehearsal\"", "\"mode\":\"x\""), "unknown mode");
}

#[test]
fn the_chain_holds_from_line_to_line() {
    let path = "transcript.jsonl";
    let changed = |change: &dyn Fn(&mut Vec<String>)| with_lines(&GOOD, path, change);
    fails("a line less", &changed(&|lines| drop(lines.remove(7))), "transcript.jsonl line 8: expected seq 8");
    fails("a doubled line", &changed(&|lines| lines.insert(7, lines[7].clone())), "transcript.jsonl line 9");
    fails("moved lines", &changed(&|lines| lines.swap(3, 4)), "transcript.jsonl line 4");
    fails("a word", &replaced(path, "Ada Administrator", "Eve Administrator"), "transcript.jsonl line 3");
    fails("half a last line", &changed(&|lines| lines.last_mut().unwrap().truncate(9)), "transcript.jsonl");
    fails("no seal", &changed(&|lines| drop(lines.pop())), "the last entry is the seal");
    fails(
        "a count",
        &changed(&|lines| {
            let seal = lines.last_mut().unwrap();
            *seal = seal.replacen("\"entries\":", "\"entries\":1", 1);
        }),
        "the seal counts the entries",
    );
    let log = |change: &dyn Fn(&mut Vec<String>)| with_lines(&GOOD, "delivery.jsonl", change);
    fails("a delivery less", &log(&|lines| drop(lines.remove(0))), "delivery.jsonl line 1");
    fails("a last delivery less", &log(&|lines| drop(lines.pop())), "delivery.jsonl.sig");
    fails("an unsigned log", &without(&GOOD, "delivery.jsonl.sig"), "delivery.jsonl.sig");
}

#[test]
fn the_seal_binds_what_the_sums_were_made_again_for() {
    for path in [
        "profile.toml",
        "plan.json",
        "state.json",
        "jobs/02-root/skr-root-rehearsal.xml",
        "jobs/01-example/ksr-example.txt",
    ] {
        fails("a change, summed again", &summed_again(&flipped(path)), "seal: ");
        fails("a change, summed again", &summed_again(&flipped(path)), path);
    }
    fails("another profile", &summed_again(&flipped("profile.toml")), "the first entry names the profile");
    fails("another plan", &summed_again(&flipped("plan.json")), "the plan that was confirmed");
}

#[test]
fn every_signature_is_verified_and_stands_in_the_response() {
    let path = "jobs/02-root/dnskey.txt";
    let text = String::from_utf8(GOOD[path].clone()).unwrap();
    let rrsig = text.lines().find(|line| line.split_whitespace().nth(3) == Some("RRSIG")).unwrap();
    let signature = rrsig.split_whitespace().last().unwrap();
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let other = format!("{first}{}", &signature[1..]);
    fails("a false signature", &replaced(path, signature, &other), "jobs/02-root/dnskey.txt bundle 1");
    fails("a signature of nowhere", &replaced(path, signature, &other), "not in jobs/02-root/skr-root-rehearsal.xml");
    let fewer = with(&GOOD, path, text.replacen(&format!("{rrsig}\n"), "", 1).into_bytes());
    fails("a signature less", &fewer, "as many signatures as");
    let key = text.lines().find(|line| line.split_whitespace().nth(3) == Some("DNSKEY")).unwrap();
    fails("a key less", &replaced(path, &format!("{key}\n"), ""), "jobs/02-root/dnskey.txt bundle 1");
    fails("another response", &replaced(path, "; SHA-256 ", "; SHA-256 0"), "made from a response that is not in");
    let ttl = rrsig.split_whitespace().nth(1).unwrap();
    fails("another TTL", &replaced(path, &format!("DNSKEY 13 0 {ttl}"), "DNSKEY 13 0 7"), "bundle 1");
    fails(
        "an empty bundle",
        &with_lines(&GOOD, path, |lines| {
            let second = lines.iter().position(|line| line.starts_with("; bundle 2")).unwrap();
            let line = lines[second].clone();
            lines.insert(second, line);
        }),
        "empty",
    );
}

/// Whatever the sums, the chain, the seal and the signatures show, the script shows, too.
#[test]
fn nothing_that_the_audit_sees_in_the_files_is_good_here() {
    let mut one = 0_u64;
    for (path, octets) in GOOD.iter() {
        for place in [octets.len() / 3, octets.len() - 1] {
            let mut changed = octets.clone();
            one = one.wrapping_add(3);
            changed[place] ^= 1 << (one % 8);
            let damaged = with(&GOOD, path, changed);
            let run = script(on_disk(&damaged).path(), None);
            assert_eq!(run.code, 1, "octet {place} of {path}: {}", run.out);
            let told = run.out.lines().any(|line| line.starts_with("FAIL") && line.contains(path.as_str()));
            assert!(told, "octet {place} of {path}: {}", run.out);
        }
        assert_eq!(script(on_disk(&without(&GOOD, path)).path(), None).code, 1, "{path} is missing");
    }
}

#[test]
fn what_the_auditors_handbook_says_works_as_it_stands() {
    let page = include_str!("../docs/auditor.md");
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
    let blocks: Vec<&str> = blocks.collect();
    assert_eq!(blocks.len(), 3);
    let binary = Path::new(env!("CARGO_BIN_EXE_claviger")).parent().unwrap().to_str().unwrap();
    let head = format!(
        "set -eu; PATH={binary}:$PATH; SCRIPTS={}/witness-scripts; FINGERPRINT={}\n",
        env!("CARGO_MANIFEST_DIR"),
        sha256(&GOOD["transcript.jsonl"])
    );
    let folder = on_disk(&GOOD);
    let told = run("bash", &["-c", &(head + &blocks.concat())], folder.path());
    assert_eq!(told.code, 0, "{}{}", told.out, told.err);
    let key = GOOD["transcript.jsonl"].split(|octet| *octet == b'\n').next().unwrap();
    let key: serde_json::Value = serde_json::from_slice(key).unwrap();
    let link = GOOD["transcript.jsonl"].split(|octet| *octet == b'\n').nth(4).unwrap();
    let link: serde_json::Value = serde_json::from_slice(link).unwrap();
    for part in [
        "verdict                 good",
        "REHEARSAL: AUTHENTIC",
        "Signature Verified Successfully",
        key["body"]["key_fingerprint"].as_str().unwrap(),
        &format!("{}  -", link["prev"].as_str().unwrap()),
    ] {
        assert!(told.out.contains(part), "{part} in {}{}", told.out, told.err);
    }
}
