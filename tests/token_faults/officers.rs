//! Officers who open the token together.

use std::fs;
use std::path::Path;
use std::process::Command;

use claviger::dns::Algorithm;
use claviger::steps::Pin;
use claviger::token::{Login, NewKey, TokenError};
use serde_json::Value;

use super::common::crew::{self, Crew, PINS, Room};
use super::common::desk::NOW;
use super::common::look::{audit, entries};
use super::common::pty::SMALL;
use super::common::rehearsal::claviger;
use super::common::shares::Opened;
use super::common::softhsm::SoftHsm;
use super::desk::{FaultyDesk, message, said_well};
use super::host::{Stand, query};
use super::room::{BIND, FaultyRoom};

/// Two of these open the token together, each with a login of the own (Utimaco's CKU_CS_GENERIC is 0x83).
const USERS: [&str; 3] = ["user = 131 ALICE,alice-4711", "user = 131 BOB,bob-4712", "user = 131 CAROL,carol-4713"];
const SEQUENCE: &str = "[sequence]\nthreshold = 2\nuser-type = 0x83\nseparator = \",\"\n\
                        users = { CO1 = \"ALICE\", CO2 = \"BOB\", CO3 = \"CAROL\" }\n\n[roles]";

/// The rules of an HSM that two of its users open together.
fn dual_control(pin: &str) -> Vec<String> {
    USERS.iter().map(|user| (*user).to_owned()).chain([format!("quorum = 2 {pin}")]).collect()
}

#[test]
fn users_of_a_token_log_in_one_after_another_on_one_session() {
    let stand = Stand::new();
    let mut token = stand.login(&[]).unwrap();
    token.generate(&NewKey { label: "k".into(), cka_id: "01".into(), algorithm: Algorithm::Ed25519, bits: 0 }).unwrap();
    let rules = dual_control(SoftHsm::PIN);
    let mut token = stand.start(&rules.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    let serial = token.tokens().unwrap().remove(0).serial;
    let mut login = |text: &str, first| {
        let pin = Pin::from_octets(text.as_bytes()).unwrap();
        let result = token.login(&serial, &Login::User { user_type: 131, pin: &pin, first });
        (result, token.find_keys(&[query("k")]).map(|found| found[0].is_ok() || found[0].clone().is_err_and(unfit)))
    };
    assert_eq!(login("BOB,bob-4712", false).0, Err(TokenError::NotOpen), "nobody has begun a session");
    assert_eq!(login("ALICE,alice-4711", true), (Ok(()), Ok(false)), "one alone sees no key");
    let (wrong, seen) = login("BOB,alice-4711", false);
    assert!(matches!(wrong, Err(TokenError::PinIncorrect { .. })) && seen == Ok(false));
    assert_eq!(login("BOB,bob-4712", false), (Ok(()), Ok(true)), "who had logged in before a wrong PIN stays so");
    assert_eq!(login("CAROL,carol-4713", true), (Ok(()), Ok(false)), "another session begins without anybody");
}

/// Whether a key was seen, though it is one of another algorithm than [`query`] asks for.
fn unfit(error: TokenError) -> bool {
    matches!(error, TokenError::KeyUnfit { .. })
}

#[test]
fn without_people_officers_log_in_by_the_order_of_their_pin_files() {
    let desk = FaultyDesk::new();
    let signer = &desk.desk.signer;
    signer.change_profile("login = \"pin\"", "login = \"sequence\"");
    signer.change_profile("[roles]", SEQUENCE);
    let rules = dual_control(SoftHsm::PIN);
    desk.rules.set(&rules.iter().map(String::as_str).collect::<Vec<_>>());
    for (name, pin) in [("alice", "alice-4711"), ("bob", "bob-4712"), ("wrong", "alice-4712")] {
        desk.desk.write(name, pin);
    }
    let run = |out: &str, files: &[&str]| {
        let mut words = vec!["sign", "--json", "--profile", "profile.toml", "--first", "--now", NOW, "--out", out];
        words.extend(files.iter().flat_map(|file| ["--pin-file", file]));
        words.push("ksr.txt");
        let run = claviger(&words, signer.path());
        let value: Value = serde_json::from_str(&run.out).unwrap();
        for pin in ["4711", "4712"] {
            assert!(!run.out.contains(pin) && !run.err.contains(pin), "a PIN in {value}");
        }
        (run.code, value)
    };
    let (code, value) = run("good", &["CO2=bob", "CO1=alice"]);
    assert_eq!(code, 0, "{value}");
    desk.desk.audited(&desk.desk.records("good")[0]);
    // The octets of each C_Login are the user, a comma and the PIN.
    assert_eq!(desk.rules.logins(), ["C_Login 131 16", "C_Login 131 12"].map(str::to_owned));
    let (code, value) = run("refused", &["CO1=alice", "CO2=wrong"]);
    assert_eq!((code, value["error"]["kind"].as_str()), (4, Some("token")), "{value}");
    said_well(&value);
    desk.desk.audited(&desk.desk.records("refused")[0]);
    for (files, expected) in [
        (&["CO1=alice"][..], "2 officers"),
        (&["alice", "CO2=bob"], "OFFICER=FILE"),
        (&["CO1=alice", "CO9=bob"], "CO1, CO2, CO3"),
        (&["CO1=alice", "CO1=bob"], "one PIN of CO1"),
    ] {
        let (code, value) = run("usage", files);
        assert_eq!((code, value["error"]["expected"].as_str()), (2, Some(expected)), "{value}");
    }
    let words = ["key", "inventory", "--json", "--profile", "profile.toml", "--pin-file", "CO1=alice", "--pin-file"];
    let inventory = claviger(&[&words[..], &["CO2=bob"]].concat(), signer.path());
    assert_eq!(inventory.code, 0, "{}{}", inventory.out, inventory.err);
}

#[test]
fn officers_log_in_one_after_another_and_fewer_can_do_nothing() {
    let stand = FaultyRoom::new("sequence");
    let profile = fs::read_to_string(stand.room.profile()).unwrap();
    fs::write(stand.room.profile(), profile.replace("[roles]", SEQUENCE)).unwrap();
    let rules = dual_control(&stand.pin);
    stand.rules.set(&rules.iter().map(String::as_str).collect::<Vec<_>>());
    let (mut crew, mut terminal) = stand.open();
    ["alice-4711", "bob-4712", "carol-4713"].iter().for_each(|pin| terminal.never(pin));
    let screen = crew.until(&mut terminal, "Who enters a PIN next? 2 more officers are needed.");
    assert!(screen.has("This quorum is enforced by the HSM."), "{screen}");
    terminal.press("1\r");
    terminal.answer("CO1: type your PIN", "alice-4712\r");
    terminal.see("refused the PIN as wrong");
    terminal.answer("CO1: type your PIN", "alice-4711\r");
    let screen = terminal.see("Who enters a PIN next? 1 more officer is needed.");
    assert!(screen.has("Officers: 1 of 2 needed") && !screen.question.contains("] CO1"), "{screen}");
    let third = crew::numbered(&screen.question, "CO3").unwrap();
    terminal.press(&format!("{third}\r"));
    terminal.answer("CO3: type your PIN", "carol-4713\r");
    let record = stand.completes(&mut crew, &mut terminal);
    assert_eq!(stand.rules.logins().len(), 3);
    let officers = entries(&record, "transcript.jsonl", "unlocking");
    let officers: Vec<String> = officers.iter().map(|entry| entry["body"]["officers"].to_string()).collect();
    assert_eq!(officers, [r#"["CO1"]"#, r#"["CO1"]"#, r#"["CO1","CO3"]"#]);
    let report = fs::read_to_string(record.join("report.txt")).unwrap();
    assert!(report.contains("enforced by the token") && !report.contains("enforced by software"), "{report}");
}

#[test]
fn without_people_a_wrong_pin_of_an_officer_is_trouble_with_the_token() {
    let room = Room::prepared(3);
    let profile = fs::read_to_string(room.profile()).unwrap().replace("record-copies = 2", "record-copies = 1");
    fs::write(room.profile(), profile).unwrap();
    fs::write(room.beside().join("one"), PINS[0]).unwrap();
    let share_of = |officer: &str| room.stick(&format!("SHARE-{officer}")).join(format!("share-{officer}.json"));
    let with = |second: &str, share: &Path, out: &str| {
        fs::write(room.beside().join("two"), second).unwrap();
        let first = format!("CO1={}", share_of("CO1").display());
        let second = format!("CO2={}", share.display());
        let request = room.stick("KSR").join(BIND).display().to_string();
        let words =
            ["sign", "--json", "--profile", "rehearsal/profile.toml", "--first", "--out", out, "--share", &first];
        let pins = ["--share", &second, "--pin-file", "CO1=one", "--pin-file", "CO2=two", &request];
        let run = claviger(&[&words[..], &pins].concat(), room.beside());
        let value: Value = serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}", run.err));
        (run.code, value)
    };
    let run = |second: &str, out: &str| with(second, &share_of("CO2"), out);
    let (code, value) = run("rehearse-CO9", "wrong");
    assert_eq!((code, value["error"]["kind"].as_str()), (4, Some("token")), "{value}");
    assert!(message(&value).contains("does not open the share of CO2"), "{value}");
    let [record] = &fs::read_dir(room.beside().join("wrong")).unwrap().collect::<Vec<_>>()[..] else { panic!() };
    let (code, said) = audit(&record.as_ref().unwrap().path(), None);
    assert!(code == 0 && said.contains("consistent"), "{said}");
    let (code, value) = run(PINS[1], "good");
    assert_eq!(code, 0, "{value}");
    // A wrong share file is none of the token's faults: it is told as `key inventory` tells it, before anything is begun.
    let expect_early = |share: &Path, told: &str| {
        let (code, value) = with(PINS[1], share, "early");
        assert_eq!((code, value["error"]["kind"].as_str()), (3, Some("input")), "{value}");
        assert!(message(&value).contains(told), "{value}");
        assert!(!room.beside().join("early").exists(), "something was begun");
    };
    expect_early(&room.profile(), "not a share file");
    expect_early(&share_of("CO1"), "another officer's share");
    let other = Room::prepared(3);
    let foreign = room.beside().join("foreign.json");
    fs::copy(other.stick("SHARE-CO2").join("share-CO2.json"), &foreign).unwrap();
    expect_early(&foreign, "belongs to share set");
    // Which token it is shows only when it is there; then the run ends with a record.
    let tool = |words: &[&str]| {
        let mut tool = Command::new("softhsm2-util");
        tool.args(words).env("SOFTHSM2_CONF", room.path().join("softhsm2.conf"));
        assert!(tool.output().unwrap().status.success());
    };
    tool(&["--init-token", "--free", "--label", "other", "--pin", "1234", "--so-pin", "5678"]);
    let profile = fs::read_to_string(room.profile()).unwrap();
    let (before, rest) = profile.split_once("token-serial = \"").unwrap();
    let (_, after) = rest.split_once('"').unwrap();
    fs::write(room.profile(), format!("{before}token-label = \"other\"{after}")).unwrap();
    let (code, value) = run(PINS[1], "other");
    assert_eq!((code, value["error"]["kind"].as_str()), (3, Some("input")), "{value}");
    assert!(message(&value).contains("is for token"), "{value}");
    let record = room.beside().join(value["record"].as_str().unwrap());
    let (code, said) = audit(&record, None);
    assert!(code == 0 && said.contains("consistent"), "{said}");
}

#[test]
fn on_the_screen_both_of_two_share_files_that_disagree_are_named() {
    let room = Room::prepared(1);
    let file = room.stick("SHARE-CO1").join("share-CO1.json");
    fs::write(file, Opened::new(&room, "CO1").poisoned()).unwrap();
    let mut terminal = room.open(SMALL);
    Crew::new(&room, &[BIND]).until(&mut terminal, "do not hold the same sealed PIN");
    terminal.see("CO1 (generation 1) and CO2 (generation 1)");
    terminal.see("note an exception for the other");
    terminal.see("Who enters a PIN next? 1 more");
}
