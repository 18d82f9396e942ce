//! A ceremony at the screen.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Signal, test_kill_process};
use serde_json::Value;

use super::common::crew::{self, Crew, Room};
use super::common::faults::Rules;
use super::common::look::{audit, entries, holds, holds_no_pin};
use super::common::peers::wait_for;
use super::common::pty::{SMALL, STOP, Terminal};

pub(super) const BIND: &str = "ksr-example.txt";

/// A rehearsal whose token goes wrong; without officers it is opened in another way.
pub(super) struct FaultyRoom {
    pub(super) room: Room,
    pub(super) rules: Rules,
    pub(super) pin: String,
}

impl FaultyRoom {
    pub(super) fn new(login: &str) -> Self {
        let room = Room::prepared(3);
        let rules = Rules::before(&room.profile(), &room.path());
        let pin = room.token_pin();
        if login != "shares" {
            room.login(login);
        }
        Self { room, rules, pin }
    }

    pub(super) fn open(&self) -> (Crew, Terminal) {
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
    pub(super) fn completes(&self, crew: &mut Crew, terminal: &mut Terminal) -> PathBuf {
        crew.until(terminal, "The ceremony is over: complete.");
        terminal.press("l\r");
        assert_eq!(terminal.exit(), 0);
        self.sealed(terminal)
    }

    /// The record of a ceremony that people stop, whatever its host is doing: that one is gone.
    fn stopped(&self, crew: &mut Crew, terminal: &mut Terminal) -> PathBuf {
        crew.until(terminal, "The ceremony is over: stopped.");
        assert!(terminal.children().is_empty(), "a host that blocks is still there");
        terminal.press("l\r");
        assert_eq!(terminal.exit(), 1);
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
fn a_host_that_blocks_while_signing_is_killed_at_its_deadline_and_nothing_is_lost() {
    let stand = FaultyRoom::new("shares");
    stand.room.change_profile("[media]", "sign-within = \"PT3S\"\n\n[media]");
    stand.rules.set(&["sign = 4 block"]);
    let (mut crew, mut terminal) = stand.open();
    crew.until(&mut terminal, "Please wait: signing");
    let hosts = terminal.children();
    let [host] = hosts.as_slice() else { panic!("{hosts:?}") };
    let screen = crew.until(&mut terminal, "The token failed. Unlock it again and go on?");
    assert!(screen.has("the token did not answer within 3 s while signing; its host was ended"), "{screen}");
    assert!(test_kill_process(*host).is_err(), "the host is still there");
    stand.rules.set(&[]);
    terminal.press("y\r");
    let record = stand.completes(&mut crew, &mut terminal);
    // What had come before the silence is kept: every signature once, the first batch before the fourth.
    let made = batches(&record);
    let last = made.iter().fold(0, |last, (from, to)| {
        assert_eq!(*from, last + 1, "{made:?}");
        *to
    });
    assert!(made.len() == 1 || made[0].1 <= 3, "{made:?}");
    let planned = entries(&record, "transcript.jsonl", "signing").pop().unwrap();
    assert_eq!(planned["body"]["to"], last, "{made:?}");
    assert_eq!(entries(&record, "transcript.jsonl", "unlocked").len(), 2);
    assert_eq!(entries(&record, "transcript.jsonl", "token-fault").len(), 1);
}

#[test]
fn who_stops_once_more_does_not_wait_for_a_host_that_blocks() {
    let stand = FaultyRoom::new("shares");
    stand.room.change_profile("[media]", "sign-within = \"PT1H\"\n\n[media]");
    stand.rules.set(&["sign = 4 block"]);
    let (mut crew, mut terminal) = stand.open();
    crew.until(&mut terminal, "Please wait: signing");
    for reason in ["it is silent", "it is silent still"] {
        terminal.press(STOP);
        terminal.answer("Stop the ceremony?", &format!("{reason}\rSTOP\r"));
    }
    let record = stand.stopped(&mut crew, &mut terminal);
    assert!(batches(&record).iter().all(|(from, to)| (*from, *to) <= (1, 3)), "{:?}", batches(&record));
    let stopped = entries(&record, "transcript.jsonl", "stopped");
    assert_eq!(stopped[0]["body"]["note"], "it is silent", "{stopped:?}");
}

#[test]
fn who_stops_does_not_wait_for_a_module_that_blocks_while_it_is_loaded() {
    let stand = FaultyRoom::new("shares");
    stand.rules.set(&["initialize = block"]);
    let (mut crew, mut terminal) = stand.open();
    crew.until(&mut terminal, "Please wait: starting the token host");
    terminal.press(STOP);
    terminal.answer("Stop the ceremony?", "the module is silent\rSTOP\r");
    let record = stand.stopped(&mut crew, &mut terminal);
    assert!(entries(&record, "transcript.jsonl", "token-fault").is_empty(), "it was killed, and not found silent");
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
    stand.stopped(&mut crew, &mut terminal);
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
    assert!(wait_for(gone).is_some(), "the host is still there");
    // What was signed before is kept, and the ceremony goes on.
    stand.rules.set(&[]);
    let (mut crew, mut terminal) = stand.open();
    terminal.see("An interrupted ceremony was found. Go on with it?");
    stand.completes(&mut crew, &mut terminal);
}
