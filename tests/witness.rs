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
use claviger::transcript::{AuditVerdict, Body, Entry, audit};
use common::rehearsal::{Files, Rehearsals, Run, files, forged, on_disk, run, summed_again, with, with_lines, without};

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
        "not in order",
    );
}

/// A record that a forger sealed again, so that sums, chain, seal and signatures hold: the script says FAIL with this.
fn forgery_fails(what: &str, matter: &str, change: impl FnOnce(&mut Vec<Entry>, &mut Files)) {
    fails(what, &forged(&GOOD, change), matter);
}

const RRSETS: &str = "jobs/01-example/dnskey.txt";
const RESPONSE: &str = "jobs/01-example/skr-example.txt";

/// Changes a response; the transcript and dnskey.txt name the one that comes of it.
fn answered(said: &mut [Entry], files: &mut Files, change: impl FnOnce(&mut String)) {
    let mut text = String::from_utf8(files[RESPONSE].clone()).unwrap();
    change(&mut text);
    let (old, new) = (sha256(&files[RESPONSE]).to_string(), sha256(text.as_bytes()));
    files.insert(RESPONSE.to_owned(), text.into_bytes());
    rrsets(files, |rrsets| *rrsets = rrsets.replace(&old, &new.to_string()));
    for entry in said {
        if let Body::Response(made) = &mut entry.body
            && made.path == RESPONSE
        {
            made.sha256 = new;
        }
    }
}

fn rrsets(files: &mut Files, change: impl FnOnce(&mut String)) {
    let mut text = String::from_utf8(files[RRSETS].clone()).unwrap();
    change(&mut text);
    files.insert(RRSETS.to_owned(), text.into_bytes());
}

/// Whoever made the record may have written anything into it, and still nothing passes that ldns has not verified.
#[test]
fn a_signature_that_is_false_cannot_be_hidden_from_ldns() {
    let false_one = "example.\t3600\tIN\tRRSIG\tDNSKEY 13 1 3600 20261212213047 20261128203047 37164 example. QUJD";
    // Beside a good one of the same RRset, which alone would be enough for ldns.
    forgery_fails("in its bundle", "dnskey.txt bundle 1: not verified: Error: ", |said, files| {
        answered(said, files, |text| text.push_str(&format!("{false_one}\n")));
        rrsets(files, |text| *text = text.replacen("; bundle 2 ", &format!("{false_one}\n; bundle 2 "), 1));
    });
    type Hide<'a> = &'a dyn Fn(&str) -> String;
    let hidden: [(&str, Hide<'_>); 7] = [
        ("over records that are not there", &|text| {
            format!("{text}{}\n", false_one.replace("\tDNSKEY 13", "\tTXT 13"))
        }),
        ("of another owner", &|text| format!("{text}x.{false_one}\n")),
        ("before the first bundle", &|text| text.replacen("; bundle 1 ", &format!("{false_one}\n; bundle 1 "), 1)),
        ("in a comment", &|text| format!("{text}; {}\n", false_one.replacen("example.\t", "", 1))),
        ("behind a sign that ends the record", &|text| format!("{text}{}\n", false_one.replace(" QUJD", ";QUJD x"))),
        ("in parentheses", &|text| format!("{text}example.\t0\tIN\tDNSKEY\t256 3 13 (\n{false_one}\n)\n")),
        ("in a file of its own", &|text| format!("{text}$INCLUDE {false_one}\n")),
    ];
    for (where_to, hide) in hidden {
        forgery_fails(where_to, "lines that should not be there", |said, files| {
            answered(said, files, |text| text.push_str(&format!("{false_one}\n")));
            rrsets(files, |text| *text = hide(text));
        });
    }
    // What the response has more than dnskey.txt, or otherwise.
    forgery_fails(
        "a good signature twice in place of a false one",
        "not in jobs/01-example/skr-example.txt",
        |said, files| {
            answered(said, files, |text| text.push_str(&format!("{false_one}\n")));
            rrsets(files, |text| {
                let good = text.lines().find(|line| line.contains("\tRRSIG\t")).unwrap().to_owned();
                *text = text.replacen("; bundle 2 ", &format!("{good}\n; bundle 2 "), 1);
            });
        },
    );
    forgery_fails("a signature more in the response", "as many signatures as", |said, files| {
        answered(said, files, |text| text.push_str(&format!("{false_one}\n")));
    });
    let key = "example.\t3600\tIN\tDNSKEY\t257 3 13 QUJD\n";
    forgery_fails("a key more in the response", "as many keys as", |said, files| {
        answered(said, files, |text| text.push_str(key));
    });
}

#[test]
fn each_response_of_the_transcript_is_verified_and_no_other() {
    forgery_fails("no RRsets", &format!("{RRSETS}: missing"), |_, files| drop(files.remove(RRSETS)));
    forgery_fails("no response", &format!("{RESPONSE} or "), |_, files| drop(files.remove(RESPONSE)));
    forgery_fails("a hash that fits every file", "made from a response that is not in", |_, files| {
        let digest = sha256(&files[RESPONSE]).to_string();
        rrsets(files, |text| *text = text.replace(&digest, ".*"));
    });
    forgery_fails("a response outside of the record", "../skr.txt or ", |said, _| {
        for entry in said {
            if let Body::Response(made) = &mut entry.body {
                made.path = "jobs/../../skr.txt".to_owned();
            }
        }
    });
    forgery_fails("another response", "is the response of the transcript", |said, _| {
        for entry in said {
            if let Body::Response(made) = &mut entry.body {
                made.sha256 = sha256(b"another");
            }
        }
    });
    forgery_fails("a response that nobody was told of", "of no response in the transcript", |said, _| {
        said.retain(|entry| !matches!(&entry.body, Body::Response(made) if made.path == RESPONSE));
    });
    forgery_fails("no plan at all", "the plan that was confirmed is the one here", |said, files| {
        said.retain(|entry| !matches!(entry.body, Body::Planned(_)));
        files.remove("plan.json");
    });
    forgery_fails("fewer signatures than planned", "as many new signatures as planned", |said, _| {
        for entry in said {
            if let Body::Planned(planned) = &mut entry.body {
                planned.signatures += 1;
            }
        }
    });
}

/// Puts something odd into a good record on disk; the script must say FAIL, and come back.
fn odd(what: &str, matter: &str, put: impl FnOnce(&Path)) {
    let folder = on_disk(&GOOD);
    put(folder.path());
    let run = script(folder.path(), None);
    let told = run.out.lines().any(|line| line.starts_with("FAIL  ") && line.contains(matter));
    assert!(
        run.code == 1 && told && !run.out.contains("verdict                 good"),
        "{what}: {}{}",
        run.out,
        run.err
    );
    assert!(
        run.out.lines().all(|line| line.bytes().all(|octet| (b' '..=b'~').contains(&octet))),
        "{what}: {}",
        run.out
    );
}

#[test]
fn what_lies_in_the_folder_cannot_confuse_the_script() {
    use std::fs;
    use std::os::unix::fs::symlink;

    let write = |folder: &Path, name: &str, octets: &[u8]| fs::write(folder.join(name), octets).unwrap();
    odd("a name with a line end", "no files but plain ones", |folder| write(folder, "x\nreport.txt", b""));
    odd("a folder with a line end", "no files but plain ones", |folder| {
        fs::create_dir_all(folder.join("jobs/a\nb")).unwrap();
    });
    odd("a name with an escape", "no files but plain ones", |folder| write(folder, "\u{1b}[2J", b""));
    odd("a name with a backslash", "no files but plain ones", |folder| write(folder, "a\\nb", b""));
    odd("a name like an option", "unknown or missing files", |folder| write(folder, "--quiet", b""));
    odd("a hidden file", "unknown or missing files", |folder| write(folder, ".x", b""));
    odd("a link in place of a file", "no files but plain ones", |folder| {
        fs::rename(folder.join("report.txt"), folder.join("jobs/copy.txt")).unwrap();
        symlink("jobs/copy.txt", folder.join("report.txt")).unwrap();
    });
    odd("a link to a folder", "no files but plain ones", |folder| symlink("..", folder.join("jobs/up")).unwrap());
    odd("a pipe in place of a file", "no files but plain ones", |folder| {
        fs::remove_file(folder.join("report.txt")).unwrap();
        assert_eq!(run("mkfifo", &["report.txt"], folder).code, 0);
    });
    // Line ends of another system, and octets that a shell drops.
    for path in ["SHA256SUMS", "allowed_signers", "transcript.jsonl", "delivery.jsonl"] {
        odd("carriage returns", path, |folder| {
            let text = fs::read_to_string(folder.join(path)).unwrap();
            write(folder, path, text.replace('\n', "\r\n").as_bytes());
        });
        odd("an octet zero", path, |folder| {
            let mut octets = fs::read(folder.join(path)).unwrap();
            octets.insert(9, 0);
            write(folder, path, &octets);
        });
    }
    odd("sums of comments", "SHA256SUMS: lines that are none", |folder| {
        let sums = fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
        write(folder, "SHA256SUMS", format!("{sums}#{}  more.txt\n", "0".repeat(63)).as_bytes());
        write(folder, "more.txt", b"x");
    });
    odd("an empty signature", "SHA256SUMS.sig", |folder| write(folder, "SHA256SUMS.sig", b""));
    odd("no signature", "SHA256SUMS.sig: missing", |folder| fs::remove_file(folder.join("SHA256SUMS.sig")).unwrap());
}

#[test]
fn a_folder_without_a_file_is_named() {
    for path in ["EVIL/", "jobs/03-evil/", "more/and/more/", "DELIVERY.TMP/", "cosignatures.old/", "jobs/cosignatures/"]
    {
        fails("a bare folder", &with(&GOOD, path, Vec::new()), path);
    }
    let unlogged = without(&without(&GOOD, "delivery.jsonl"), "delivery.jsonl.sig");
    fails("a folder for a log", &with(&unlogged, "delivery.jsonl/", Vec::new()), "delivery.jsonl/");
    fails("a folder for a log, not bare", &with(&unlogged, "delivery.jsonl/x", Vec::new()), "delivery.jsonl/x");
    let cut = with(&unlogged, "DELIVERY.TMP", Vec::new());
    fails("a folder for half a log", &with(&cut, "delivery.jsonl.part/", Vec::new()), "delivery.jsonl.part/");
}

#[test]
fn no_check_depends_on_what_witnesses_add() {
    use std::fs;
    use std::os::unix::fs::symlink;

    let folder = on_disk(&GOOD);
    let added = folder.path().join("cosignatures");
    let good = |what: &str| {
        let told = script(folder.path(), None);
        assert!(
            told.code == 0 && told.out.ends_with("good\n") && told.err.is_empty(),
            "{what}: {}{}",
            told.out,
            told.err
        );
        let told = run(env!("CARGO_BIN_EXE_claviger"), &["audit", "."], folder.path());
        assert!(told.code == 0 && told.out.contains("NOT ANCHORED"), "{what}: {}{}", told.out, told.err);
    };
    fs::create_dir(&added).unwrap();
    good("nothing");
    fs::create_dir(added.join("none")).unwrap();
    fs::write(added.join("x\nreport.txt"), "x").unwrap();
    fs::write(added.join("\u{1b}[2J"), "x").unwrap();
    symlink("/dev/zero", added.join("link")).unwrap();
    symlink("..", added.join("up")).unwrap();
    (0..=1000).for_each(|number| fs::write(added.join(number.to_string()), "x").unwrap());
    good("anything");
    fs::remove_dir_all(&added).unwrap();
    // What is no folder is no such folder.
    for (what, matter) in [("a link", "no files but plain ones: ./cosignatures"), ("a file", "> cosignatures")] {
        match what {
            "a link" => symlink("jobs", &added).unwrap(),
            _ => fs::write(&added, "x").unwrap(),
        }
        let told = script(folder.path(), None);
        let named = told.out.lines().any(|line| line.starts_with("FAIL") && line.contains(matter));
        assert!(told.code == 1 && named, "{what}: {}{}", told.out, told.err);
        let told = run(env!("CARGO_BIN_EXE_claviger"), &["audit", "."], folder.path());
        assert!(told.code != 0, "{what}: {}{}", told.out, told.err);
        assert!((told.out.clone() + &told.err).contains("cosignatures"), "{what}: {}{}", told.out, told.err);
        fs::remove_file(&added).unwrap();
    }
}

#[test]
fn a_complete_record_without_its_delivery_log_is_noted() {
    let unlogged = without(&without(&GOOD, "delivery.jsonl"), "delivery.jsonl.sig");
    let told = script(on_disk(&unlogged).path(), None);
    assert!(told.code == 0 && told.out.contains("note  no delivery log"), "{}{}", told.out, told.err);
    assert!(!script(&PLAYED.records[0], None).out.contains("note  "));
}

#[test]
fn a_delivery_log_that_was_cut_is_told_and_takes_nothing_back() {
    let mut cut = without(&without(&GOOD, "delivery.jsonl"), "delivery.jsonl.sig");
    cut.insert("DELIVERY.TMP".to_owned(), Vec::new());
    for (name, octets) in [("delivery.jsonl.part", 9), ("delivery.jsonl", 0), ("DELIVE~1.PAR", 70)] {
        let half = with(&cut, name, GOOD["delivery.jsonl"][..octets].to_vec());
        let run = script(on_disk(&half).path(), None);
        assert!(run.code == 0 && run.out.contains("note  the delivery log"), "{name}: {}{}", run.out, run.err);
        assert_eq!(audit(&half, None, 1, report).verdict, AuditVerdict::Consistent);
        fails("half a log without the mark", &without(&half, "DELIVERY.TMP"), name);
    }
    fails("a mark with something in it", &with(&GOOD, "DELIVERY.TMP", b"x".to_vec()), "DELIVERY.TMP");
    fails("a mark elsewhere", &with(&GOOD, "jobs/DELIVERY.TMP", Vec::new()), "DELIVERY.TMP");
    fails("another file beside it", &with(&cut, "DELIVERY.TXT", Vec::new()), "DELIVERY.TXT");
}

#[test]
fn the_folder_and_the_fingerprint_are_taken_as_they_are_given() {
    let place = tempfile::tempdir().unwrap();
    let digest = sha256(&GOOD["transcript.jsonl"]).to_string();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/witness-scripts/verify-record.sh");
    let spaced: Vec<String> = digest.to_uppercase().split_inclusive(|_: char| true).map(str::to_owned).collect();
    let spaced = spaced.chunks(4).map(<[String]>::concat).collect::<Vec<_>>().join(" ");
    for name in ["-", "-n", "a b"] {
        std::fs::rename(on_disk(&GOOD).keep(), place.path().join(name)).unwrap();
        let told = run("bash", &[path, name, &spaced], place.path());
        assert!(told.code == 0 && !told.out.contains("NOT ANCHORED"), "{name}: {}{}", told.out, told.err);
    }
    // A fingerprint that was forgotten in a variable is no reason to call the record good.
    for fingerprint in ["", " ", "c827", &format!("{digest}0"), &digest.replace(&digest[..1], "x"), "aardvark"] {
        let told = run("bash", &[path, "a b", fingerprint], place.path());
        assert!(told.code == 2 && told.out.is_empty(), "{fingerprint}: {}{}", told.out, told.err);
    }
    for words in [&[path][..], &[path, "none"], &[path, "a b", &digest, "more"]] {
        assert_eq!(run("bash", words, place.path()).code, 2, "{words:?}");
    }
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
