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
use std::path::{Path, PathBuf};

use claviger::dns::{base64, sha256};
use claviger::process::Starter;
use claviger::steps::Pin;
use claviger::token::{Login, Token};
use common::crew::{Crew, PINS, Room};
use common::faults::Rules;
use common::look::{can_look_into_memory, core_of, holds, holds_no_pin, memory_of, places};
use common::pty::{SMALL, Terminal};
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
