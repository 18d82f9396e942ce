//! `claviger sign` without people.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::common::desk::{Desk, NOW};
use super::common::faults::{self, Rules};
use super::common::look::{entries, holds};
use super::common::rehearsal::claviger;
use super::common::softhsm::SoftHsm;
use super::host::Stand;

/// A desk whose token goes wrong.
pub(super) struct FaultyDesk {
    pub(super) desk: Desk,
    pub(super) rules: Rules,
}

impl FaultyDesk {
    pub(super) fn new() -> Self {
        let desk = Desk::new();
        let folder = desk.signer.path();
        let rules = Rules::before(&folder.join("profile.toml"), folder);
        Self { desk, rules }
    }

    /// Where its tokens lie.
    fn tokens(&self) -> PathBuf {
        let profile = fs::read_to_string(self.desk.signer.path().join("profile.toml")).unwrap();
        Path::new(profile.split('"').find(|text| text.ends_with("softhsm2.conf")).unwrap()).with_file_name("tokens")
    }

    /// What `sign --json` says of a token in trouble: exit code 4, one object, expected and found, and no PIN anywhere;
    /// what happened until then is sealed in a record that audits.
    fn refused(&self, out: &str, words: &[&str]) -> Value {
        let all = [&["--first", "--out", out, "ksr.txt"], words].concat();
        let (code, value) = self.desk.sign(&all);
        assert_eq!(code, 4, "{value}");
        said_well(&value);
        let folders = self.desk.records(out);
        let [record] = folders.as_slice() else { panic!("{folders:?}") };
        let files = self.desk.audited(record);
        assert!(!files.keys().any(|path| path.contains("/skr")), "{:?}", files.keys());
        for (path, octets) in &files {
            assert!(!holds(octets, SoftHsm::PIN.as_bytes()), "the PIN in {path}");
        }
        let faults = entries(record, "transcript.jsonl", "token-fault");
        assert_eq!(faults.len(), 1, "{faults:?}");
        value
    }
}

/// An error of the token with all its parts, and without the PIN.
pub(super) fn said_well(value: &Value) {
    assert_eq!((&value["verdict"], &value["error"]["kind"]), (&"error".into(), &"token".into()), "{value}");
    for part in ["message", "expected", "found"] {
        assert!(value["error"][part].as_str().is_some_and(|text| !text.is_empty()), "{part} in {value}");
    }
    assert!(!value.to_string().contains(SoftHsm::PIN), "{value}");
}

pub(super) fn message(value: &Value) -> &str {
    value["error"]["message"].as_str().unwrap()
}

#[test]
fn without_people_a_token_in_trouble_ends_in_one_error_and_a_sealed_record() {
    let desk = FaultyDesk::new();
    let preloaded = format!("preloaded = {}", SoftHsm::PIN);
    desk.desk.signer.change_profile("[media]", "sign-within = \"PT3S\"\n[media]");
    let cases: [(&[&str], &str, usize); 11] = [
        (&["initialize = CKR_GENERAL_ERROR"], "could not be loaded: it answered CKR_GENERAL_ERROR", 0),
        (&["flag = CKF_USER_PIN_LOCKED"], "is locked", 0),
        (&["login = CKR_PIN_LOCKED"], "is locked", 1),
        (&["login = CKR_PIN_LEN_RANGE"], "takes no PIN of this length", 1),
        (&["login = CKR_DEVICE_REMOVED"], "the token is gone (CKR_DEVICE_REMOVED)", 1),
        (&[&preloaded], "is open already", 1),
        (&["sign = 3 CKR_DEVICE_ERROR"], "signature 3 of ", 1),
        (&["sign = 3 CKR_DEVICE_REMOVED"], "the token is gone (CKR_DEVICE_REMOVED)", 1),
        (&["sign = 3 wrong"], "signature 3 of ", 1),
        (&["sign = 3 abort"], "SIGABRT", 1),
        (&["sign = 3 block"], "the token did not answer within 3 s while signing; its host was ended", 1),
    ];
    for (number, (rules, told, logins)) in cases.into_iter().enumerate() {
        desk.rules.set(rules);
        let before = desk.rules.logins().len();
        let value = desk.refused(&format!("out{number}"), &[]);
        assert!(message(&value).contains(told), "{rules:?}: {value}");
        assert_eq!(desk.rules.logins().len() - before, logins, "{rules:?}: PINs sent");
    }
    // With the same desk and nothing wrong it is signed.
    desk.rules.set(&[]);
    let (code, value) = desk.desk.sign(&["--first", "--out", "good", "ksr.txt"]);
    assert_eq!(code, 0, "{value}");
}

/// What a run without people lists as confirmed by nobody, and what it warns of, about the token's flags.
fn unseen(desk: &FaultyDesk, out: &str, words: &[&str]) -> (Vec<String>, Vec<String>) {
    let (code, value) = desk.desk.sign(&[&["--first", "--out", out, "ksr.txt"], words].concat());
    assert_eq!(code, 0, "{value}");
    let records = desk.desk.records(out);
    desk.desk.audited(&records[0]);
    let subjects = entries(&records[0], "transcript.jsonl", "unconfirmed").into_iter();
    let subjects = subjects.map(|entry| entry["body"]["subject"].as_str().unwrap().to_owned());
    let warned = value["findings"].as_array().unwrap().iter().filter(|finding| finding["check"] == "TOKEN-PIN-TRIES");
    let warned = warned.map(|finding| finding["message"].as_str().unwrap().to_owned()).collect();
    (subjects.filter(|subject| subject.contains("PIN")).collect(), warned)
}

#[test]
fn without_people_no_pin_is_sent_at_the_last_try_unless_that_was_allowed() {
    let desk = FaultyDesk::new();
    let (none, _) = unseen(&desk, "quiet", &[]);
    assert!(none.is_empty(), "{none:?}");
    // A wrong PIN was counted: the one in the file is tried, and the record says that nobody saw the flag.
    desk.rules.set(&["flag = CKF_USER_PIN_COUNT_LOW"]);
    let (subjects, warned) = unseen(&desk, "low", &[]);
    assert!(subjects.len() == 1 && subjects[0].contains("COUNT LOW"), "{subjects:?}");
    assert!(warned.len() == 1 && warned[0].contains("a wrong PIN was entered"), "{warned:?}");

    let last = ["flag = CKF_USER_PIN_COUNT_LOW", "flag = CKF_USER_PIN_FINAL_TRY"];
    desk.rules.set(&last);
    let before = desk.rules.logins().len();
    let value = desk.refused("last", &[]);
    assert!(message(&value).contains("FINAL TRY") && message(&value).contains("--allow-final-try"), "{value}");
    let inventory = ["key", "inventory", "--json", "--profile", "profile.toml", "--pin-file", "pin"];
    let run = claviger(&inventory, desk.desk.signer.path());
    assert!(run.code == 4 && run.out.contains("--allow-final-try"), "{}{}", run.out, run.err);
    assert_eq!(desk.rules.logins().len(), before, "a PIN was sent at the last try");

    let run = claviger(&[&inventory[..], &["--allow-final-try"]].concat(), desk.desk.signer.path());
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    let (subjects, warned) = unseen(&desk, "allowed", &["--allow-final-try"]);
    assert!(subjects.len() == 2 && subjects[1].contains("FINAL TRY"), "{subjects:?}");
    assert!(warned.len() == 1 && warned[0].contains("FINAL TRY"), "{warned:?}");
    // One that is wrong all the same is sent once.
    desk.rules.set(&[&last[..], &["login = CKR_PIN_INCORRECT"]].concat());
    let before = desk.rules.logins().len();
    let value = desk.refused("locking", &["--allow-final-try"]);
    assert!(message(&value).contains("refused the PIN as wrong; FINAL TRY"), "{value}");
    assert_eq!(desk.rules.logins().len() - before, 1);
}

#[test]
fn a_token_that_is_not_the_one_is_told_with_those_that_are_there() {
    let desk = FaultyDesk::new();
    let path = desk.desk.signer.path().to_owned();
    let good = fs::read_to_string(path.join("profile.toml")).unwrap();
    let tokens = desk.tokens();
    let with = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        fs::write(path.join("profile.toml"), good.replace(from, to)).unwrap();
    };
    let label = "token-label = \"interop\"";
    let inventory = || {
        let words = ["key", "inventory", "--json", "--profile", "profile.toml", "--pin-file", "pin"];
        let run = claviger(&words, &path);
        let value: Value = serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}", run.out));
        assert_eq!(run.code, 4, "{value}");
        said_well(&value);
        value
    };
    let both = |out: &str, expected: &str, found: &str| {
        for value in [desk.refused(out, &[]), inventory()] {
            let error = &value["error"];
            assert_eq!(error["expected"], expected, "{value}");
            assert!(error["found"].as_str().unwrap().contains(found), "{found} in {value}");
            assert!(message(&value).contains(found), "{found} in {value}");
        }
    };
    with(label, "token-serial = \"0123456789abcdef\"");
    both("serial", "a token with serial \"0123456789abcdef\"", "\"interop\" (serial ");
    with(label, "token-label = \"another\"");
    both("label", "a token with label \"another\"", "\"interop\" (serial ");
    // Not a file, not an ELF file, an ELF file that is no module.
    let module = faults::module().display().to_string();
    let libc = fs::read_to_string("/proc/self/maps").unwrap();
    let libc = libc.split_whitespace().find(|path| path.ends_with("/libc.so.6")).unwrap().to_owned();
    let text = path.join("profile.toml").display().to_string();
    for (out, path, found) in [
        ("nowhere", "/nowhere/module.so", "No such file"),
        ("text", text.as_str(), "invalid ELF header"),
        ("libc", libc.as_str(), "C_GetFunctionList"),
    ] {
        with(&module, path);
        both(out, &format!("a PKCS#11 module at {path}"), found);
    }
    // Two tokens of one label, and of one serial.
    with(label, label);
    let words = ["--init-token", "--free", "--label", "interop", "--pin", SoftHsm::PIN, "--so-pin", "5678"];
    let made = Command::new("softhsm2-util")
        .args(words)
        .env("SOFTHSM2_CONF", tokens.with_file_name("softhsm2.conf"))
        .output()
        .unwrap();
    assert!(made.status.success());
    both("twins", "one token with label \"interop\"", "), \"interop\" (serial ");
    desk.rules.set(&["serial = 4711"]);
    with(label, "token-serial = \"4711\"");
    both("same", "one token with serial \"4711\"", "\"interop\" (serial 4711), \"interop\" (serial 4711)");
    // No token at all.
    desk.rules.set(&[]);
    with(label, label);
    fs::remove_dir_all(&tokens).unwrap();
    fs::create_dir(&tokens).unwrap();
    both("none", "a token with label \"interop\"", "none");
}

#[test]
fn without_people_a_device_asks_for_its_own_pin_and_an_open_token_for_none() {
    let desk = FaultyDesk::new();
    let sign = |login: &str, rule: &str| {
        desk.desk.signer.change_profile("login = \"", &format!("login = \"{login}\" # \""));
        desk.rules.set(&[rule]);
        let words = ["sign", "--json", "--profile", "profile.toml", "--first", "--now", NOW, "--out", login, "ksr.txt"];
        let run = claviger(&words, desk.desk.signer.path());
        assert_eq!(run.code, 0, "{login}: {}{}", run.out, run.err);
        desk.desk.audited(&desk.desk.records(login)[0]);
    };
    sign("protected", &format!("pad = {}", SoftHsm::PIN));
    sign("preloaded", &format!("preloaded = {}", SoftHsm::PIN));
    // Where nobody has opened it, no key is seen: that is no empty token.
    desk.rules.set(&[]);
    let run = claviger(&["key", "inventory", "--json", "--profile", "profile.toml"], desk.desk.signer.path());
    let value: Value = serde_json::from_str(&run.out).unwrap();
    said_well(&value);
    assert!(run.code == 4 && message(&value).contains("nobody is logged in: open the token first"), "{value}");
    assert_eq!(desk.rules.logins(), ["C_Login 1 0"]);
    // A PIN file that nobody asks for is wrong usage.
    let (code, value) = desk.desk.sign(&["--first", "--out", "more", "ksr.txt"]);
    assert_eq!(code, 2, "{value}");
}

#[test]
fn a_token_that_pads_its_names_with_other_signs_is_used_like_any() {
    let stand = Stand::new();
    let mut token = stand.start(&["serial = 47\u{1}11"]).unwrap();
    assert_eq!(token.tokens().unwrap()[0].serial, "47 11");
    let desk = FaultyDesk::new();
    desk.rules.set(&["serial = 47\u{1}11\0"]);
    let (code, value) = desk.desk.sign(&["--first", "ksr.txt"]);
    assert_eq!(code, 0, "{value}");
    let chosen = entries(&desk.desk.folder(&value), "transcript.jsonl", "token-chosen");
    assert_eq!(chosen[0]["body"]["serial"], "47 11");
}

#[test]
fn a_module_writes_only_where_its_host_may() {
    let stand = Stand::new();
    let elsewhere = tempfile::tempdir().unwrap();
    for (path, written) in [(stand.folder.path(), true), (elsewhere.path(), false), (Path::new("/dev/shm"), false)] {
        let file = path.join("claviger-test-of-a-module");
        stand.start(&[&format!("write = {}", file.display())]).unwrap();
        assert_eq!(file.exists(), written, "{}", file.display());
    }
    let desk = FaultyDesk::new();
    let file = elsewhere.path().join("by-sign");
    desk.rules.set(&[&format!("write = {}", file.display())]);
    let (code, value) = desk.desk.sign(&["--first", "ksr.txt"]);
    assert_eq!(code, 0, "{value}");
    assert!(!file.exists());
    let confined = entries(&desk.desk.folder(&value), "transcript.jsonl", "confined");
    let host = confined.iter().find(|entry| entry["body"]["process"] == "token-host").unwrap().to_string();
    let (own, tokens) = (desk.desk.signer.path().display(), desk.tokens());
    assert!(host.contains(&format!("writes devices, {own}, {};", tokens.parent().unwrap().display())), "{host}");
    // The ceremony's own process is bound as well: by what its hosts need, and the folder that it writes into.
    let out = desk.desk.signer.path().join("out").canonicalize().unwrap();
    let whole = confined.iter().find(|entry| entry["body"]["process"] == "ceremony").unwrap().to_string();
    assert!(whole.contains(&format!("{}, {};", tokens.parent().unwrap().display(), out.display())), "{whole}");
    let module = faults::module();
    let sha256 = claviger::dns::sha256(&fs::read(module).unwrap());
    assert!(host.contains(&format!("module: {} of SHA-256 {sha256}", module.display())), "{host}");
}
