//! The memory of the real processes: no secret stays in it when it is done with.
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
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use claviger::dns::{base64, sha256};
use claviger::process::Starter;
use claviger::steps::Pin;
use claviger::token::{Login, Token};
use common::crew::{Crew, PINS, Room};
use common::desk::{Desk, NOW};
use common::faults::Rules;
use common::look::{can_look_into_memory, core_of, holds, holds_no_pin, memory_of, places};
use common::pty::{PATIENCE, SMALL, Terminal};
use common::shares::{Opened, quorum_key};
use common::softhsm::SoftHsm;
use ed25519_dalek::SigningKey;
use rustix::process::{Pid, Signal, kill_process};
use sha2::{Digest as _, Sha512};

const BIND: &str = "ksr-example.txt";

#[test]
fn no_pin_is_left_in_files_on_the_terminal_or_in_memory() {
    if !can_look_into_memory() {
        return;
    }
    let room = Room::prepared(3);
    let mut crew = Crew::new(&room, &[BIND]);
    let mut terminal = room.open(SMALL);
    let folder = tempfile::tempdir().unwrap();
    let pin = room.token_pin();
    terminal.never(&pin);
    for officer in ["CO1", "CO2"] {
        crew.until(&mut terminal, &format!("{officer}: type your PIN"));
        // As people type: one key after another.
        for (count, sign) in format!("rehearse-{officer}").chars().enumerate() {
            terminal.press(&sign.to_string());
            terminal.see(&format!("[{} ", "*".repeat(count + 1)));
        }
        if officer == "CO1" {
            // Until it is taken it is there: the search finds what there is.
            let core = core_of(terminal.pid(), folder.path(), "typed");
            assert!(!places(&core, &[PINS[0]]).is_empty(), "the core does not hold what was typed");
            fs::remove_file(core).unwrap();
        }
        terminal.press("\r");
        terminal
            .wait("the officer's share", |screen| (!screen.has(&format!("{officer}: type your PIN"))).then_some(()));
    }
    crew.until(&mut terminal, "Are these the responses that were planned?");
    let core = core_of(terminal.pid(), folder.path(), "review");
    // The beginning of an officer's PIN in a rehearsal is a word of the program; its end is not.
    let ends = PINS[..2].iter().map(|pin| &pin.as_bytes()[pin.len() - 8..]);
    let found: Vec<_> = ends.chain([pin.as_bytes()]).flat_map(|secret| pieces(&core, "a PIN", secret)).collect();
    assert!(found.is_empty(), "in the memory of the ceremony process: {found:?}");
    assert!(!places(&core, &["Are these the responses that were planned?"]).is_empty(), "the core holds nothing");
    crew.until(&mut terminal, "The ceremony is over: complete.");
    terminal.press("l\r");
    assert_eq!(terminal.exit(), 0);
    holds_no_pin(&room, &[&terminal]);
    assert!(!holds(&terminal.octets(), pin.as_bytes()));
}

#[test]
fn a_share_is_in_memory_once_while_it_waits_for_others_and_never_afterwards() {
    let room = Room::prepared(3);
    let rules = Rules::before(&room.profile(), &room.path());
    // The token opens and then signs nothing, so that there is time to look.
    room.change_profile("[media]", "sign-within = \"PT1H\"\n\n[media]");
    rules.set(&["sign = 1 block"]);
    let [first, second] = ["CO1", "CO2"].map(|officer| Opened::new(&room, officer));
    let key = quorum_key(&first, &second);
    let keys = [("the key of CO1", first.key.as_slice()), ("the key of CO2", &second.key), ("the key of all", &key)];
    let shares = [("the share of CO1", first.share()), ("the share of CO2", second.share())];

    let mut terminal = room.open(SMALL);
    let mut crew = Crew::new(&room, &[BIND]);
    crew.until(&mut terminal, "Who enters a PIN next? 1 more");
    let Some(memory) = memory_of(terminal.pid(), room.beside(), "first") else { return };
    // While it is needed it is there: the search finds what there is.
    let own = places(&memory, &[first.share()]);
    assert_eq!(own.len(), 1, "the share of CO1 waits in one place alone, not at {own:?}");
    let further = pieces(&memory, "", first.share()).len() - first.share().len() / 8;
    assert_eq!(further, 0, "pieces of the share of CO1 besides");
    holds_none(&terminal, &memory, &keys);

    let secrets = [&keys[..], &shares].concat();
    crew.until(&mut terminal, "Please wait: signing");
    holds_none(&terminal, &memory_of(terminal.pid(), room.beside(), "unlocked").unwrap(), &secrets);

    // A host that dies leads to the same once more, and this time to its end.
    rules.set(&[]);
    terminal.children().into_iter().for_each(|host| kill_process(host, Signal::KILL).unwrap());
    crew.until(&mut terminal, "Are these the responses that were planned?");
    holds_none(&terminal, &memory_of(terminal.pid(), room.beside(), "review").unwrap(), &secrets);
}

/// A run of the program that is watched; it ends with the test.
struct Child(std::process::Child);

impl Child {
    fn start(folder: &Path, words: &[String], stdout: Stdio) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_claviger"));
        command.args(words).current_dir(folder).stdin(Stdio::null()).stdout(stdout);
        Self(command.spawn().unwrap())
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.0.id().try_into().unwrap()).unwrap()
    }

    /// Waits until the run has come to a point; it must not end before.
    fn wait(&mut self, what: &str, there: impl Fn() -> bool) {
        let until = Instant::now() + PATIENCE;
        while !there() {
            assert_eq!(self.0.try_wait().unwrap(), None, "ended before {what}");
            assert!(Instant::now() < until, "no {what}");
            sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.0.kill(); // it may have ended
        let _ = self.0.wait();
    }
}

/// Fills a pipe of sockets until nobody can write more; how many octets that took.
fn fill(writer: &UnixStream) -> usize {
    writer.set_nonblocking(true).unwrap();
    let mut filled = 0;
    // The last octets one by one, so that no small text finds room.
    for size in [4096, 1] {
        while let Ok(count) = { writer }.write(&vec![b'.'; size]) {
            filled += count;
        }
    }
    writer.set_nonblocking(false).unwrap();
    filled
}

/// Officers of a quorum that is made on a desk.
const OFFICERS: [(&str, &str); 3] = [("CO1", "wetlands-42"), ("CO2", "Grasmilbe.7"), ("CO3", "xylem+Quarz")];

#[test]
fn making_and_using_a_quorum_leaves_no_pin_no_share_and_no_key_in_memory() {
    let desk = Desk::new();
    let path = desk.signer.path();
    let rules = Rules::before(&path.join("profile.toml"), path);
    let gate = path.join("gate");
    rules.set(&[&format!("gate = {}", gate.display())]);
    // What is printed in the end finds a reader that does not read: the program waits there with all its work done.
    let (mut reader, writer) = UnixStream::pair().unwrap();
    let filled = fill(&writer);
    let words = desk.quorum_words(&OFFICERS);
    let mut making = Child::start(path, &words, Stdio::from(OwnedFd::from(writer)));
    let pins: Vec<(&str, &[u8])> = OFFICERS.iter().map(|(officer, pin)| (*officer, pin.as_bytes())).collect();
    let pins = [&pins[..], &[("the token's PIN", SoftHsm::PIN.as_bytes())]].concat();
    for call in ["login", "logout"] {
        let at_gate = gate.with_extension(call);
        making.wait(call, || at_gate.exists());
        let Some(memory) = memory_of(making.pid(), path, call) else { return };
        // While they are needed they are there, in one place alone: the search finds what there is.
        for (name, pin) in &pins {
            assert_eq!(places(&memory, &[*pin]).len(), 1, "{name} at {call}");
        }
        fs::remove_file(at_gate).unwrap();
    }
    making.wait("the shares", || OFFICERS.iter().all(|(officer, _)| path.join(format!("{officer}.json")).exists()));
    let opened = OFFICERS.map(|(officer, pin)| Opened::read(&path.join(format!("{officer}.json")), pin));
    let key = quorum_key(&opened[0], &opened[1]);
    let mut secrets = pins;
    for share in &opened {
        secrets.extend([("a share", share.share()), ("the key of an officer", &share.key)]);
    }
    secrets.push(("the key of all", &key));
    // The PINs are wiped last of all: when they are gone, all is done, and what is there then stays.
    let pid = making.pid();
    let memory = || memory_of(pid, path, "made").unwrap();
    making.wait("end of the PINs", || {
        places(&memory(), &secrets[..4].iter().map(|(_, pin)| *pin).collect::<Vec<_>>()).is_empty()
    });
    let memory = memory();
    assert!(!places(&memory, &["[quorum]\nthreshold = 2"]).is_empty(), "it has not come to its last words");
    let found: Vec<_> = secrets.iter().flat_map(|(name, secret)| pieces(&memory, name, secret)).collect();
    assert!(found.is_empty(), "after quorum create: {found:?}");
    let mut printed = Vec::new();
    reader.read_to_end(&mut printed).unwrap();
    assert!(making.0.wait().unwrap().success());
    let printed = String::from_utf8(printed.split_off(filled)).unwrap();

    desk.by_shares(&printed);
    let mut words =
        ["sign", "--profile", "profile.toml", "--first", "--now", NOW, "--out", "out"].map(str::to_owned).to_vec();
    for (officer, _) in &OFFICERS[..2] {
        words.extend([format!("--pin-file={officer}={officer}.pin"), format!("--share={officer}={officer}.json")]);
    }
    words.push("ksr.txt".to_owned());
    let mut signing = Child::start(path, &words, Stdio::null());
    let [login, logout] = ["login", "logout"].map(|call| gate.with_extension(call));
    signing.wait("login", || login.exists());
    fs::remove_file(login).unwrap();
    signing.wait("logout", || logout.exists());
    let memory = memory_of(signing.pid(), path, "signed").unwrap();
    let found: Vec<_> = secrets.iter().flat_map(|(name, secret)| pieces(&memory, name, secret)).collect();
    assert!(found.is_empty(), "at the logout of sign: {found:?}");
    assert!(!places(&memory, &["CO1.json", "ksr.txt"]).is_empty(), "the search finds nothing");
    fs::remove_file(logout).unwrap();
    assert!(signing.0.wait().unwrap().success());
}

/// None of these, by name, is in the memory of the ceremony's process, whole or in pieces; what its screen shows is.
fn holds_none(terminal: &Terminal, memory: &Path, secrets: &[(&str, &[u8])]) {
    let found: Vec<_> = secrets.iter().flat_map(|(name, secret)| pieces(memory, name, secret)).collect();
    assert!(found.is_empty(), "{found:?} on the screen:\n{}", terminal.rows().join("\n"));
    assert!(!places(memory, &["share-CO1.json", "REHEARSAL"]).is_empty(), "the search finds nothing");
}

/// What must not be there any more, by name.
fn secrets_of_the_key(seed: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let material = [b"claviger ceremony key\0", seed].concat();
    let secret = *sha256(&material).as_bytes();
    // RFC 8032, section 5.1.5: what signs is made of the hash's halves.
    let hash = Sha512::digest(secret);
    let scalar = SigningKey::from_bytes(&secret).to_scalar().to_bytes();
    vec![
        ("the seed", seed.to_vec()),
        ("the seed in base64", base64::encode(seed).into_bytes()),
        ("the secret key", secret.to_vec()),
        ("the hash of the secret key", hash[..32].to_vec()),
        ("the secret scalar", scalar.to_vec()),
        ("the prefix of nonces", hash[32..].to_vec()),
    ]
}

/// The pieces of a secret that a core holds, also with their octets turned round, as they are computed with.
fn pieces(core: &Path, name: &str, secret: &[u8]) -> Vec<String> {
    let turned = |piece: &[u8], by: usize| piece.chunks_exact(by).flat_map(|part| part.iter().rev().copied()).collect();
    let forms = |piece: &[u8]| -> Vec<Vec<u8>> { vec![piece.to_vec(), turned(piece, 8), turned(piece, 4)] };
    let all: Vec<Vec<u8>> = secret.chunks_exact(8).flat_map(forms).collect();
    places(core, &all).into_iter().map(|place| format!("{name} at {place}")).collect()
}

#[test]
fn the_ceremony_key_is_gone_when_the_ceremony_is_over() {
    the_key_is_gone_at_the_end(false);
}

#[test]
fn the_ceremony_key_is_gone_also_when_another_process_has_gone_on() {
    the_key_is_gone_at_the_end(true);
}

fn the_key_is_gone_at_the_end(resumed: bool) {
    if !can_look_into_memory() {
        return;
    }
    let room = Room::prepared(3);
    let mut terminal = room.open(SMALL);
    let mut crew = Crew::new(&room, &[BIND]);
    crew.until(&mut terminal, "Are these the responses that were planned?");
    let seed = fs::read(room.path().join("spool/ceremony.seed")).unwrap();
    let secrets = secrets_of_the_key(&seed);
    if resumed {
        terminal.signal(Signal::KILL);
        terminal.exit();
        terminal = room.open(SMALL);
        crew.until(&mut terminal, "Are these the responses that were planned?");
    }
    // While it is needed it is there: the search finds what there is.
    let core = core_of(terminal.pid(), room.beside(), "review");
    for (name, secret) in secrets.iter().filter(|(name, _)| ["the seed", "the secret key"].contains(name)) {
        assert!(!places(&core, &[secret]).is_empty(), "{name} is not where it is needed");
    }
    fs::remove_file(core).unwrap();
    crew.until(&mut terminal, "The ceremony is over: complete.");
    let core = core_of(terminal.pid(), room.beside(), "over");
    let found: Vec<_> = secrets.iter().flat_map(|(name, secret)| pieces(&core, name, secret)).collect();
    assert!(found.is_empty(), "{found:?}");
    assert!(!places(&core, &["The ceremony is over: complete."]).is_empty(), "the core holds nothing");
    terminal.press("l\r");
    assert_eq!(terminal.exit(), 0);
    assert!(!room.path().join("spool").exists());
}

#[test]
fn a_token_host_forgets_the_pin_when_it_has_logged_in() {
    if !can_look_into_memory() {
        return;
    }
    let store = SoftHsm::with_token("ceremony");
    let folder = tempfile::tempdir().unwrap();
    let config = store.config(Starter::Program(PathBuf::from(env!("CARGO_BIN_EXE_claviger"))));
    let (mut token, _) = Token::start(&config).unwrap();
    let serial = token.tokens().unwrap().remove(0).serial;
    token.login(&serial, &Login::Pin(&Pin::from_octets(SoftHsm::PIN.as_bytes()).unwrap())).unwrap();
    let pid = Pid::from_raw(token.pid().try_into().unwrap()).unwrap();
    let core = core_of(pid, folder.path(), "host");
    let found = pieces(&core, "the PIN", SoftHsm::PIN.as_bytes());
    assert!(found.is_empty(), "in the memory of the token host: {found:?}");
    assert!(!places(&core, &[&serial]).is_empty(), "the core holds nothing");
    assert!(token.inventory().unwrap().keys.is_empty(), "the token is open");
}
