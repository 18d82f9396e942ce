//! Tokens that go wrong: what is said, what is kept, and how it goes on; over the module of `tests/faults`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may panic and starts programs"
)]

mod common;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use claviger::dns::Algorithm;
use claviger::process::Starter;
use claviger::steps::Pin;
use claviger::token::{Deadlines, Login, Mechanism, NewKey, PinState, Token, TokenConfig, TokenError};
use common::crew::{self, Crew, Room};
use common::desk::{Desk, NOW};
use common::faults::{self, Rules};
use common::look::{audit, entries, holds, holds_no_pin};
use common::pty::{SMALL, STOP, Terminal};
use common::rehearsal::claviger;
use common::softhsm::SoftHsm;
use rustix::process::{Signal, test_kill_process};
use serde_json::Value;

/// A software token behind the module that goes wrong, and its rules.
struct Stand {
    store: SoftHsm,
    rules: Rules,
    _folder: tempfile::TempDir,
}

impl Stand {
    fn new() -> Self {
        let store = SoftHsm::with_token("ceremony");
        let folder = tempfile::tempdir().unwrap();
        let rules = Rules::new(folder.path(), &store.module);
        Self { store, rules, _folder: folder }
    }

    fn start(&self, rules: &[&str]) -> Result<Token, TokenError> {
        self.rules.set(rules);
        let mut env = self.store.env();
        env.insert(faults::VARIABLE.to_owned(), self.rules.file().display().to_string());
        let config = TokenConfig {
            hosts: Starter::Program(PathBuf::from(env!("CARGO_BIN_EXE_claviger"))),
            module: faults::module().to_owned(),
            env,
            writable: Vec::new(),
            mechanism: Mechanism::Hashed,
            deadlines: Deadlines { sign: Duration::from_secs(1), ..Deadlines::default() },
        };
        Token::start(&config).map(|(token, _)| token)
    }

    /// What a login with the right PIN comes to.
    fn login(&self, rules: &[&str]) -> Result<Token, TokenError> {
        let mut token = self.start(rules)?;
        let serial = token.tokens()?.remove(0).serial;
        token.login(&serial, &Login::Pin(&Pin::from_octets(SoftHsm::PIN.as_bytes()).unwrap())).map(|()| token)
    }
}

#[test]
fn a_locked_pin_is_named_and_a_token_that_says_so_is_not_even_asked() {
    let stand = Stand::new();
    let error = stand.login(&["login = CKR_PIN_LOCKED"]).unwrap_err();
    assert!(matches!(error, TokenError::PinLocked { .. }), "{error}");
    assert_eq!(stand.rules.logins().len(), 1);
    let error = stand.login(&["flag = CKF_USER_PIN_LOCKED"]).unwrap_err();
    assert!(matches!(error, TokenError::PinLocked { .. }), "{error}");
    assert_eq!(stand.rules.logins().len(), 1, "a PIN was sent to a token that is locked");
}

#[test]
fn the_flags_say_what_a_wrong_pin_has_done() {
    let stand = Stand::new();
    for (flag, state) in
        [("CKF_USER_PIN_COUNT_LOW", PinState::CountLow), ("CKF_USER_PIN_FINAL_TRY", PinState::FinalTry)]
    {
        let mut token = stand.start(&[&format!("flag = {flag}"), "login = CKR_PIN_INCORRECT"]).unwrap();
        let facts = token.tokens().unwrap().remove(0);
        assert_eq!(
            (facts.pin_count_low, facts.pin_final_try),
            (state == PinState::CountLow, state == PinState::FinalTry)
        );
        let error = token.login(&facts.serial, &Login::Pin(&Pin::from_octets(b"4321").unwrap())).unwrap_err();
        assert_eq!(error, TokenError::PinIncorrect { serial: facts.serial, state });
    }
}

#[test]
fn a_pin_pad_is_asked_without_a_pin_and_a_preloaded_token_not_at_all() {
    let stand = Stand::new();
    let mut token = stand.start(&[&format!("pad = {}", SoftHsm::PIN)]).unwrap();
    let facts = token.tokens().unwrap().remove(0);
    assert!(facts.protected_path);
    token.login(&facts.serial, &Login::Protected).unwrap();
    token.generate(&NewKey { label: "k".into(), cka_id: "01".into(), algorithm: Algorithm::Ed25519, bits: 0 }).unwrap();
    assert_eq!(stand.rules.logins(), ["C_Login 1 0"]);
    drop(token);
    let mut token = stand.start(&[&format!("preloaded = {}", SoftHsm::PIN)]).unwrap();
    token.login(&facts.serial, &Login::Preloaded).unwrap();
    assert_eq!(token.inventory().unwrap().keys.len(), 1);
    token.logout().unwrap();
    assert_eq!(stand.rules.logins().len(), 1, "C_Login at a token that is open");
    // With a PIN such a token opens to any: that is no login.
    let error = stand.login(&[&format!("preloaded = {}", SoftHsm::PIN)]).unwrap_err();
    assert!(matches!(&error, TokenError::AlreadyOpen { serial } if *serial == facts.serial), "{error}");
}

#[test]
fn a_token_that_is_said_to_be_open_and_is_not_has_no_keys() {
    let stand = Stand::new();
    let mut token = stand.login(&[]).unwrap();
    token.generate(&NewKey { label: "k".into(), cka_id: "01".into(), algorithm: Algorithm::Ed25519, bits: 0 }).unwrap();
    let serial = token.tokens().unwrap().remove(0).serial;
    token.close().unwrap();
    let mut token = stand.start(&[]).unwrap();
    token.login(&serial, &Login::Preloaded).unwrap();
    let error = token.find_keys(&[query("k")]).unwrap().remove(0).unwrap_err();
    assert_eq!(error, TokenError::KeyHidden { key: "\"k\"".into() });
}

/// Signs ten times; how many signatures came, and what ended it.
fn sign_ten(token: &mut Token) -> (usize, Option<TokenError>) {
    let key = NewKey { label: "k".into(), cka_id: "01".into(), algorithm: Algorithm::EcdsaP256Sha256, bits: 0 };
    let key = token.generate(&key).unwrap();
    let (mut made, mut fault) = (0, None);
    let result = token.sign_many((0..10).map(|_| (key.index, "data")), |_, signature| match signature {
        Ok(_) => {
            made += 1;
            ControlFlow::Continue(())
        }
        Err(error) => {
            fault = Some(error);
            ControlFlow::Break(())
        }
    });
    (made, result.err().or(fault))
}

#[test]
fn what_happens_at_a_signature_is_told_from_what_was_made_before() {
    for (fault, code) in [("CKR_DEVICE_ERROR", "CKR_DEVICE_ERROR"), ("CKR_DEVICE_REMOVED", "CKR_DEVICE_REMOVED")] {
        let stand = Stand::new();
        let (made, error) = sign_ten(&mut stand.login(&[&format!("sign = 4 {fault}")]).unwrap());
        let error = error.unwrap();
        assert_eq!(made, 3);
        assert!(error.to_string().contains(code), "{error}");
        assert_eq!(matches!(error, TokenError::TokenGone { .. }), code == "CKR_DEVICE_REMOVED", "{error}");
    }
    // The host may have had no time to send what it had made.
    let stand = Stand::new();
    let (made, error) = sign_ten(&mut stand.login(&["sign = 4 abort"]).unwrap());
    assert!(made <= 3);
    assert!(
        matches!(error.as_ref().unwrap(), TokenError::Died { status, .. } if status.contains("SIGABRT")),
        "{error:?}"
    );
    let mut token = stand.login(&["sign = 4 block"]).unwrap();
    let pid = token.pid();
    let (made, error) = {
        let key = token.find_keys(&[query("k")]).unwrap().remove(0).unwrap();
        let mut made = 0;
        let result = token.sign_many((0..10).map(|_| (key.index, "data")), |_, _| {
            made += 1;
            ControlFlow::Continue(())
        });
        (made, result.unwrap_err())
    };
    assert_eq!(error, TokenError::TimedOut { during: "signing".into(), seconds: 1 });
    assert!(made <= 3);
    assert!(!Path::new(&format!("/proc/{pid}")).exists(), "a host that blocks is still there");
}

fn query(label: &str) -> claviger::token::KeyQuery {
    claviger::token::KeyQuery { label: label.into(), cka_id: None, algorithm: Algorithm::EcdsaP256Sha256 }
}

#[test]
fn a_module_that_does_not_initialize_is_named_with_its_answer() {
    let error = Stand::new().start(&["initialize = CKR_GENERAL_ERROR"]).unwrap_err();
    assert!(matches!(&error, TokenError::Module { reason, .. } if reason.contains("CKR_GENERAL_ERROR")), "{error}");
}

/// A desk whose token goes wrong.
struct FaultyDesk {
    desk: Desk,
    rules: Rules,
}

impl FaultyDesk {
    fn new() -> Self {
        let desk = Desk::new();
        let folder = desk.signer.path();
        let rules = Rules::before(&folder.join("profile.toml"), folder);
        Self { desk, rules }
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
fn said_well(value: &Value) {
    assert_eq!((&value["verdict"], &value["error"]["kind"]), (&"error".into(), &"token".into()), "{value}");
    for part in ["message", "expected", "found"] {
        assert!(value["error"][part].as_str().is_some_and(|text| !text.is_empty()), "{part} in {value}");
    }
    assert!(!value.to_string().contains(SoftHsm::PIN), "{value}");
}

fn message(value: &Value) -> &str {
    value["error"]["message"].as_str().unwrap()
}

#[test]
fn without_people_a_token_in_trouble_ends_in_one_error_and_a_sealed_record() {
    let desk = FaultyDesk::new();
    let preloaded = format!("preloaded = {}", SoftHsm::PIN);
    let cases: [(&[&str], &str, usize); 9] = [
        (&["initialize = CKR_GENERAL_ERROR"], "could not be loaded: it answered CKR_GENERAL_ERROR", 0),
        (&["flag = CKF_USER_PIN_LOCKED"], "is locked", 0),
        (&["login = CKR_PIN_LOCKED"], "is locked", 1),
        (&["login = CKR_DEVICE_REMOVED"], "the token is gone (CKR_DEVICE_REMOVED)", 1),
        (&[&preloaded], "is open already", 1),
        (&["sign = 3 CKR_DEVICE_ERROR"], "signature 3 of ", 1),
        (&["sign = 3 CKR_DEVICE_REMOVED"], "the token is gone (CKR_DEVICE_REMOVED)", 1),
        (&["sign = 3 wrong"], "signature 3 of ", 1),
        (&["sign = 3 abort"], "SIGABRT", 1),
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
    let store = Path::new(good.split('"').find(|text| text.ends_with("softhsm2.conf")).unwrap()).to_owned();
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
    let made = Command::new("softhsm2-util").args(words).env("SOFTHSM2_CONF", &store).output().unwrap();
    assert!(made.status.success());
    both("twins", "one token with label \"interop\"", "), \"interop\" (serial ");
    desk.rules.set(&["serial = 4711"]);
    with(label, "token-serial = \"4711\"");
    both("same", "one token with serial \"4711\"", "\"interop\" (serial 4711), \"interop\" (serial 4711)");
    // No token at all.
    desk.rules.set(&[]);
    with(label, label);
    fs::remove_dir_all(store.with_file_name("tokens")).unwrap();
    fs::create_dir(store.with_file_name("tokens")).unwrap();
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
    assert_eq!(desk.rules.logins(), ["C_Login 1 0"]);
    // A PIN file that nobody asks for is wrong usage.
    let (code, value) = desk.desk.sign(&["--first", "--out", "more", "ksr.txt"]);
    assert_eq!(code, 2, "{value}");
}

const BIND: &str = "ksr-example.txt";

/// A rehearsal whose token goes wrong; without officers it is opened in another way.
struct FaultyRoom {
    room: Room,
    rules: Rules,
    pin: String,
}

impl FaultyRoom {
    fn new(login: &str) -> Self {
        let room = Room::prepared(3);
        let rules = Rules::before(&room.profile(), room.beside());
        let pin = room.token_pin();
        if login != "shares" {
            room.login(login);
        }
        Self { room, rules, pin }
    }

    fn open(&self) -> (Crew, Terminal) {
        let mut terminal = self.room.open(SMALL);
        terminal.never(&self.pin);
        (Crew::new(&self.room, &[BIND]), terminal)
    }

    /// People type the token's PIN when they are asked for it.
    fn type_pin(&self, crew: &mut Crew, terminal: &mut Terminal) {
        crew.until(terminal, "Type the PIN of token ");
        terminal.press(&format!("{}\r", self.pin));
    }

    /// The rest of the ceremony; its record, which audits, and no PIN anywhere.
    fn completes(&self, crew: &mut Crew, terminal: &mut Terminal) -> PathBuf {
        crew.until(terminal, "The ceremony is over: complete.");
        terminal.press("l\r");
        assert_eq!(terminal.exit(), 0);
        self.sealed(terminal)
    }

    fn sealed(&self, terminal: &Terminal) -> PathBuf {
        let record = self.room.record("RECORD-A", false);
        let (code, said) = audit(&record, None);
        assert!(code == 0 && said.contains("consistent"), "{said}");
        holds_no_pin(&self.room, &[terminal]);
        assert!(!holds(&terminal.octets(), self.pin.as_bytes()), "the token's PIN was written to the terminal");
        for file in ["transcript.jsonl", "report.txt", "delivery.jsonl"] {
            assert!(!holds(&fs::read(record.join(file)).unwrap(), self.pin.as_bytes()), "the token's PIN in {file}");
        }
        record
    }
}

/// First and last signature of each batch that was made.
fn batches(record: &Path) -> Vec<(u64, u64)> {
    let number = |entry: &Value, name: &str| entry["body"][name].as_u64().unwrap();
    let made = entries(record, "transcript.jsonl", "signed");
    made.iter().map(|entry| (number(entry, "from"), number(entry, "to"))).collect()
}

#[test]
fn flags_of_the_pin_are_seen_before_it_is_asked_for_and_a_locked_one_leads_back() {
    let stand = FaultyRoom::new("pin");
    stand.rules.set(&["flag = CKF_USER_PIN_LOCKED"]);
    let (mut crew, mut terminal) = stand.open();
    crew.until(&mut terminal, "Which token signs? Read its serial aloud.");
    terminal.see("!! LOCKED: the token refuses every PIN");
    terminal.press("1\r");
    terminal.see("is locked; its security officer has to unlock it, or take another token");
    terminal.see("Which token signs? Read its serial aloud.");
    // Its security officer has been there: the token is looked at anew.
    stand.rules.set(&["flag = CKF_USER_PIN_FINAL_TRY", "login = CKR_PIN_LOCKED"]);
    terminal.press("l\r");
    terminal.see("!! FINAL TRY: one more wrong PIN locks the token.");
    terminal.press("1\r");
    let screen = terminal.see("Type the PIN of token ");
    assert!(screen.has("!! FINAL TRY: one more wrong PIN locks the token."), "{screen}");
    assert!(stand.rules.logins().is_empty(), "a PIN was sent before it was typed");
    stand.type_pin(&mut crew, &mut terminal);
    terminal.see("THE TOKEN FAILED");
    let screen = terminal.see("The token failed. Unlock it again and go on?");
    assert!(screen.has("is locked; its security officer has to unlock it"), "{screen}");
    // A wrong PIN leads back to the question, with what the token says of it.
    stand.rules.set(&["flag = CKF_USER_PIN_COUNT_LOW", "login = CKR_PIN_INCORRECT"]);
    terminal.press("y\r");
    stand.type_pin(&mut crew, &mut terminal);
    terminal.see("refused the PIN as wrong; it has counted wrong PINs since the last right one");
    terminal.see("Type the PIN of token ");
    stand.rules.set(&[]);
    terminal.press("\x1b");
    terminal.answer("Which token signs? Read its serial aloud.", "l\r");
    terminal.see("OK: no warning reported");
    stand.type_pin(&mut crew, &mut terminal);
    let record = stand.completes(&mut crew, &mut terminal);
    assert_eq!(stand.rules.logins().len(), 3, "each PIN that was typed was sent once");
    let opened = entries(&record, "transcript.jsonl", "unlocked");
    assert_eq!(opened.iter().map(|entry| &entry["body"]["good"]).collect::<Vec<_>>(), [false, false, true]);
}

#[test]
fn after_each_fault_the_same_plan_goes_on_at_the_first_action_not_done() {
    let stand = FaultyRoom::new("shares");
    stand.rules.set(&["sign = 4 abort"]);
    let (mut crew, mut terminal) = stand.open();
    let faults = [
        ("sign = 3 wrong", "the token host died while signing: it was ended by signal 6 (SIGABRT)"),
        ("sign = 2 CKR_DEVICE_REMOVED", "expected a signature by the key with tag "),
        ("sign = 2 CKR_DEVICE_ERROR", "the token is gone (CKR_DEVICE_REMOVED); connect it and unlock it again"),
        ("", "signing: the token answered CKR_DEVICE_ERROR: the device reports a fault"),
    ];
    for (next, told) in faults {
        let screen = crew.until(&mut terminal, "The token failed. Unlock it again and go on?");
        assert!(screen.has("THE TOKEN FAILED") && screen.has(told), "{told}:\n{screen}");
        assert!(screen.has("signature "), "{screen}");
        assert!(terminal.children().is_empty(), "the token host is still there");
        stand.rules.set(&[next].into_iter().filter(|rule| !rule.is_empty()).collect::<Vec<_>>());
        terminal.press("y\r");
        terminal.see("Which token signs? Read its serial aloud.");
    }
    let record = stand.completes(&mut crew, &mut terminal);
    // Every signature once: nothing is left out, and nothing is signed again.
    let made = batches(&record);
    let last = made.iter().fold(0, |last, (from, to)| {
        assert_eq!(*from, last + 1, "{made:?}");
        *to
    });
    let planned = entries(&record, "transcript.jsonl", "signing").pop().unwrap();
    assert_eq!(planned["body"]["to"], last, "{made:?}");
    // How much of the first batch had arrived when the host died is not certain; the others stop where they were told.
    let aborted = if made.len() == 5 { made[0].1 } else { 0 };
    assert!(aborted <= 3, "{made:?}");
    let after: Vec<u64> = made.iter().map(|(_, to)| to - aborted).filter(|count| *count > 0).collect();
    assert_eq!(after[..3], [2, 3, 4], "{made:?}");
    let faults = entries(&record, "transcript.jsonl", "token-fault");
    let places: Vec<&str> = faults.iter().map(|fault| fault["body"]["note"].as_str().unwrap()).collect();
    let place = |after: u64| format!("signature {} of {last}: ", aborted + after);
    for (note, number) in places.iter().zip([1, 3, 4, 5]) {
        assert!(note.starts_with(&place(number)), "{places:?}");
    }
}

#[test]
fn of_two_tokens_of_one_label_people_choose_by_serial() {
    let stand = FaultyRoom::new("pin");
    let profile = fs::read_to_string(stand.room.profile()).unwrap();
    let (before, rest) = profile.split_once("token-serial = \"").unwrap();
    let (serial, after) = rest.split_once('"').unwrap();
    fs::write(stand.room.profile(), format!("{before}token-label = \"rehearsal\"{after}")).unwrap();
    let words = ["--init-token", "--free", "--label", "rehearsal", "--pin", &stand.pin, "--so-pin", "5678"];
    let conf = stand.room.path().join("softhsm2.conf");
    let made = Command::new("softhsm2-util").args(words).env("SOFTHSM2_CONF", conf).output().unwrap();
    assert!(made.status.success());
    let (mut crew, mut terminal) = stand.open();
    let screen = crew.until(&mut terminal, "Which token signs? Read its serial aloud.");
    let right = crew::numbered(&screen.question, &format!("serial {serial}")).unwrap();
    let wrong = 3 - right;
    let other = screen.between(&format!("[{wrong}] serial "), " rehearsal").unwrap().to_owned();
    assert_ne!(other, serial);
    // The other one has the label and the PIN, but not the key.
    terminal.press(&format!("{wrong}\r"));
    let screen = terminal.see("Type the PIN of token ");
    assert!(screen.has(&format!("Type the PIN of token {other}")), "{screen}");
    terminal.press(&format!("{}\r", stand.pin));
    terminal.see("expected a private key \"KSK-example\" on the token; found none");
    terminal.press("y\r");
    terminal.answer("Which token signs? Read its serial aloud.", &format!("{right}\r"));
    stand.type_pin(&mut crew, &mut terminal);
    let record = stand.completes(&mut crew, &mut terminal);
    let chosen = entries(&record, "transcript.jsonl", "token-chosen");
    let chosen: Vec<&str> = chosen.iter().map(|entry| entry["body"]["serial"].as_str().unwrap()).collect();
    assert_eq!(chosen, [other.as_str(), serial]);
}

#[test]
fn a_login_at_the_device_walks_a_whole_ceremony_and_can_be_stopped_while_it_waits() {
    let stand = FaultyRoom::new("protected");
    let pad = format!("pad = {}", stand.pin);
    stand.rules.set(&[&pad, "login = CKR_FUNCTION_CANCELED"]);
    let (mut crew, mut terminal) = stand.open();
    crew.until(&mut terminal, "The token failed. Unlock it again and go on?");
    terminal.see("CKR_FUNCTION_CANCELED: it was cancelled at the device");
    stand.rules.set(&[&pad]);
    let record = stand.completes(&mut crew, &mut terminal);
    assert_eq!(stand.rules.logins(), ["C_Login 1 0", "C_Login 1 0"]);
    let unlocking = entries(&record, "transcript.jsonl", "unlocking");
    assert!(unlocking.iter().all(|entry| entry["body"]["login"] == "protected"), "{unlocking:?}");

    let stand = FaultyRoom::new("protected");
    stand.rules.set(&[&format!("pad = {}", stand.pin), "login = block"]);
    let (mut crew, mut terminal) = stand.open();
    crew.until(&mut terminal, "Please wait: the device asks for cards, keys or a PIN");
    terminal.press(STOP);
    terminal.answer("Stop the ceremony?", "nobody has the cards\rSTOP\r");
    crew.until(&mut terminal, "The ceremony is over: stopped.");
    assert!(terminal.children().is_empty(), "a host that blocks is still there");
    terminal.press("l\r");
    assert_eq!(terminal.exit(), 1);
    stand.sealed(&terminal);
}

#[test]
fn a_token_that_is_open_already_walks_a_whole_ceremony_without_a_login() {
    let stand = FaultyRoom::new("preloaded");
    // Nobody has opened it yet.
    let (mut crew, mut terminal) = stand.open();
    crew.until(&mut terminal, "The token failed. Unlock it again and go on?");
    terminal.see("found none, and nobody is logged in: open the token first");
    stand.rules.set(&[&format!("preloaded = {}", stand.pin)]);
    let record = stand.completes(&mut crew, &mut terminal);
    assert!(stand.rules.logins().is_empty(), "{:?}", stand.rules.logins());
    let unlocking = entries(&record, "transcript.jsonl", "unlocking");
    assert!(unlocking.iter().all(|entry| entry["body"]["login"] == "preloaded"), "{unlocking:?}");
}

#[test]
fn a_host_that_blocks_does_not_outlive_a_ceremony_that_is_killed() {
    let stand = FaultyRoom::new("shares");
    stand.rules.set(&["sign = 4 block"]);
    let (mut crew, mut terminal) = stand.open();
    crew.until(&mut terminal, "Please wait: signing");
    let hosts = terminal.children();
    let [host] = hosts.as_slice() else { panic!("{hosts:?}") };
    terminal.signal(Signal::KILL);
    assert_eq!(terminal.exit(), 0x100);
    let gone = || test_kill_process(*host).is_err().then_some(());
    assert!(common::peers::wait_for(gone).is_some(), "the host is still there");
    // What was signed before is kept, and the ceremony goes on.
    stand.rules.set(&[]);
    let (mut crew, mut terminal) = stand.open();
    terminal.see("An interrupted ceremony was found. Go on with it?");
    stand.completes(&mut crew, &mut terminal);
}

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
        (&["CO1=alice", "CO1=bob"], "one of CO1"),
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
    fs::write(room.beside().join("one"), crew::PINS[0]).unwrap();
    let run = |second: &str, out: &str| {
        fs::write(room.beside().join("two"), second).unwrap();
        let share = |officer: &str| {
            let path = room.stick(&format!("SHARE-{officer}")).join(format!("share-{officer}.json"));
            format!("{officer}={}", path.display())
        };
        let (first, second) = (share("CO1"), share("CO2"));
        let request = room.stick("KSR").join(BIND).display().to_string();
        let words =
            ["sign", "--json", "--profile", "rehearsal/profile.toml", "--first", "--out", out, "--share", &first];
        let pins = ["--share", &second, "--pin-file", "CO1=one", "--pin-file", "CO2=two", &request];
        let run = claviger(&[&words[..], &pins].concat(), room.beside());
        let value: Value = serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}", run.err));
        (run.code, value)
    };
    let (code, value) = run("rehearse-CO9", "wrong");
    assert_eq!((code, value["error"]["kind"].as_str()), (4, Some("token")), "{value}");
    assert!(message(&value).contains("does not open the share of CO2"), "{value}");
    let [record] = &fs::read_dir(room.beside().join("wrong")).unwrap().collect::<Vec<_>>()[..] else { panic!() };
    let (code, said) = audit(&record.as_ref().unwrap().path(), None);
    assert!(code == 0 && said.contains("consistent"), "{said}");
    let (code, value) = run(crew::PINS[1], "good");
    assert_eq!(code, 0, "{value}");
}
