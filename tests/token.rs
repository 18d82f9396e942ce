//! The token host as a real process, over SoftHSM2.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic, in its helpers too"
)]

use std::io::Write as _;
use std::net::Shutdown;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use claviger::dns::{Algorithm, sha256, verify};
use claviger::process::{Deadline, Extent, Frame, FrameReader, FrameWriter, Starter};
use claviger::steps::Pin;
use claviger::token::{
    Deadlines, FoundKey, HOST_ROLE, KeyQuery, Login, Mechanism, NewKey, PinState, Taker, Token, TokenConfig,
    TokenError, choose,
};
use rustix::process::{Pid, Signal, kill_process};

#[path = "common/softhsm.rs"]
mod softhsm;

use softhsm::SoftHsm;

fn config(store: &SoftHsm) -> TokenConfig {
    store.config(Starter::Program(PathBuf::from(env!("CARGO_BIN_EXE_claviger"))))
}

fn pin() -> Pin {
    Pin::from_octets(SoftHsm::PIN.as_bytes()).unwrap()
}

fn open_with(config: &TokenConfig) -> Token {
    let (mut token, _) = Token::start(config).unwrap();
    let serial = token.tokens().unwrap()[0].serial.clone();
    token.login(&serial, &Login::Pin(&pin())).unwrap();
    token
}

fn new_key(label: &str, id: &str, algorithm: Algorithm) -> NewKey {
    NewKey { label: label.into(), cka_id: id.into(), algorithm, bits: if algorithm.is_rsa() { 2048 } else { 0 } }
}

fn query(label: &str, cka_id: Option<&str>, algorithm: Algorithm) -> KeyQuery {
    KeyQuery { label: label.into(), cka_id: cka_id.map(Into::into), algorithm }
}

fn find(token: &mut Token, label: &str, algorithm: Algorithm) -> Result<FoundKey, TokenError> {
    token.find_keys(&[query(label, None, algorithm)]).unwrap().remove(0)
}

fn sign(token: &mut Token, key: &FoundKey, data: &[u8]) -> Result<Vec<u8>, TokenError> {
    let mut signature = None;
    token.sign_many([(key, data)], |_, result| {
        signature = Some(result);
        ControlFlow::Continue(())
    })?;
    signature.unwrap()
}

fn signal(token: &Token, signal: Signal) {
    kill_process(Pid::from_raw(i32::try_from(token.pid()).unwrap()).unwrap(), signal).unwrap();
}

fn is_gone(pid: u32) -> bool {
    !Path::new(&format!("/proc/{pid}")).exists()
}

#[test]
fn every_algorithm_signs_what_verifies_with_either_mechanism() {
    let store = SoftHsm::with_token("ceremony");
    let mut hashed = open_with(&config(&store));
    for (id, algorithm) in ["0a", "0b", "0c", "0d", "0e"].into_iter().zip(Algorithm::ALL) {
        let made = hashed.generate(&new_key(algorithm.mnemonic(), id, algorithm)).unwrap();
        assert_eq!((made.dnskey.flags, made.cka_id.as_str()), (257, id));
    }
    let mut raw = open_with(&TokenConfig { mechanism: Mechanism::Raw, ..config(&store) });
    for algorithm in Algorithm::ALL {
        let mut signatures = Vec::new();
        for token in [&mut hashed, &mut raw] {
            let key = find(token, algorithm.mnemonic(), algorithm).unwrap();
            assert_eq!(key.check(), Ok(()));
            assert_eq!(key.dnskey.check(), Ok(algorithm));
            let signature = sign(token, &key, b"to be signed").unwrap();
            assert_eq!(verify(&key.dnskey, b"to be signed", &signature), Ok(()), "{algorithm}");
            assert!(verify(&key.dnskey, b"not to be signed", &signature).is_err());
            signatures.push(signature);
        }
        if algorithm.is_rsa() {
            assert_eq!(signatures[0], signatures[1], "{algorithm}");
        }
    }
    let inventory = hashed.inventory().unwrap();
    assert_eq!((inventory.keys.len(), inventory.others.len()), (5, 0), "{inventory:?}");
    hashed.close().unwrap();
    raw.close().unwrap();
}

#[test]
fn a_host_confines_itself_and_close_takes_it_away() {
    let store = SoftHsm::with_token("ceremony");
    let (mut token, confinement) = Token::start(&config(&store)).unwrap();
    assert_eq!(confinement.system_calls.extent, Extent::Full, "{confinement:?}");
    assert_eq!(confinement.no_core.extent, Extent::Full, "{confinement:?}");
    assert!(token.library().description.contains("PKCS11"), "{:?}", token.library());
    let status = std::fs::read_to_string(format!("/proc/{}/status", token.pid())).unwrap();
    assert!(status.contains("NoNewPrivs:\t1") && status.contains("Seccomp:\t2"), "{status}");
    let module = sha256(&std::fs::read(&config(&store).module).unwrap());
    assert_eq!(token.module_sha256(), module);
    // pid (name) state ppid pgrp session tty: a session of its own, without a terminal.
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", token.pid())).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    assert_eq!((fields[3], fields[4]), (token.pid().to_string().as_str(), "0"), "{stat}");
    let tokens = token.tokens().unwrap();
    assert_eq!(choose(&tokens, None, Some("ceremony")).unwrap().serial, tokens[0].serial);
    let pid = token.pid();
    token.close().unwrap();
    assert!(is_gone(pid));
}

#[test]
fn a_store_that_may_not_be_written_signs_and_takes_no_key() {
    let store = SoftHsm::with_token("ceremony");
    open_with(&config(&store)).generate(&new_key("k", "01", Algorithm::EcdsaP256Sha256)).unwrap();
    let config = TokenConfig { writable: vec![], ..config(&store) };
    let (token, confinement) = Token::start(&config).unwrap();
    drop(token);
    assert_ne!(confinement.files.extent, Extent::None, "{confinement:?}");
    let mut token = open_with(&config);
    let key = find(&mut token, "k", Algorithm::EcdsaP256Sha256).unwrap();
    sign(&mut token, &key, b"to be signed").unwrap();
    let error = token.generate(&new_key("l", "02", Algorithm::EcdsaP256Sha256)).unwrap_err();
    assert!(error.to_string().contains("`writable` in the profile"), "{error}");
}

#[test]
fn a_wrong_pin_is_named_its_flag_shows_and_the_right_one_still_opens() {
    let store = SoftHsm::with_token("ceremony");
    let (mut token, _) = Token::start(&config(&store)).unwrap();
    let facts = token.tokens().unwrap().remove(0);
    assert!(!facts.pin_count_low);
    let wrong = Pin::from_octets(b"4321").unwrap();
    let error = token.login(&facts.serial, &Login::Pin(&wrong)).unwrap_err();
    assert_eq!(error, TokenError::PinIncorrect { serial: facts.serial.clone(), state: PinState::CountLow });
    assert!(token.tokens().unwrap()[0].pin_count_low);
    assert_eq!(token.inventory().unwrap_err(), TokenError::NotOpen);
    token.login(&facts.serial, &Login::Pin(&pin())).unwrap();
    assert!(!token.tokens().unwrap()[0].pin_count_low);
}

#[test]
fn a_token_that_is_not_there_gets_no_pin() {
    let store = SoftHsm::with_token("ceremony");
    let (mut token, _) = Token::start(&config(&store)).unwrap();
    let there = format!("\"ceremony\" (serial {})", token.tokens().unwrap().remove(0).serial);
    let error = token.login("no such", &Login::Pin(&pin())).unwrap_err();
    assert_eq!(error, TokenError::NoToken { wanted: "serial \"no such\"".into(), found: there });
}

#[test]
fn two_tokens_of_one_label_are_told_apart_by_serial_alone() {
    let store = SoftHsm::with_token("ceremony");
    store.init("ceremony");
    let (mut token, _) = Token::start(&config(&store)).unwrap();
    let tokens = token.tokens().unwrap();
    assert!(matches!(choose(&tokens, None, Some("ceremony")), Err(TokenError::TwoTokens { .. })));
    token.login(&tokens[1].serial, &Login::Pin(&pin())).unwrap();
    token.generate(&new_key("k", "01", Algorithm::Ed25519)).unwrap();
    token.login(&tokens[0].serial, &Login::Pin(&pin())).unwrap();
    assert!(matches!(find(&mut token, "k", Algorithm::Ed25519), Err(TokenError::KeyNotFound { .. })));
}

#[test]
fn a_module_that_does_not_load_is_named_with_the_loaders_reason() {
    let store = SoftHsm::new();
    for (module, reason) in [
        ("/nowhere/module.so", "No such file"),
        ("libsofthsm2.so", "absolute path"),
        (env!("CARGO_MANIFEST_DIR"), "module"),
        ("/usr/bin/env", "module"),
    ] {
        let error = Token::start(&TokenConfig { module: module.into(), ..config(&store) }).unwrap_err();
        let TokenError::Module { path, .. } = &error else { panic!("{error}") };
        assert!(path == module && error.to_string().contains(reason), "{error}");
    }
    let nowhere = Starter::Program("/nowhere/claviger".into());
    let error = Token::start(&TokenConfig { hosts: nowhere, ..config(&store) }).unwrap_err();
    assert!(matches!(error, TokenError::Start { .. }), "{error}");
}

#[test]
fn keys_are_found_once_or_named_as_missing_ambiguous_or_unfit() {
    let store = SoftHsm::with_token("ceremony");
    let mut token = open_with(&config(&store));
    token.generate(&new_key("twin", "01", Algorithm::EcdsaP256Sha256)).unwrap();
    for (key, what) in [
        (new_key("twin", "03", Algorithm::Ed25519), "a key with the label \"twin\" is on the token already"),
        (new_key("third", "01", Algorithm::Ed25519), "a key with the CKA_ID 01 is on the token already"),
    ] {
        let error = token.generate(&key).unwrap_err();
        assert!(error.to_string().starts_with(what), "{error}");
    }
    let size = NewKey { bits: 512, ..new_key("small", "04", Algorithm::RsaSha256) };
    assert!(matches!(token.generate(&size), Err(TokenError::KeySize { bits: 512, .. })));
    store.import("ceremony", "twin", "02", TWIN);
    let found = token
        .find_keys(&[
            query("twin", None, Algorithm::EcdsaP256Sha256),
            query("twin", Some("02"), Algorithm::EcdsaP256Sha256),
            query("nobody", None, Algorithm::EcdsaP256Sha256),
            query("twin", Some("01"), Algorithm::EcdsaP384Sha384),
            query("twin", Some("01"), Algorithm::RsaSha256),
            query("twin", Some("xyz"), Algorithm::RsaSha256),
        ])
        .unwrap();
    assert!(matches!(&found[0], Err(TokenError::KeyAmbiguous { count: 2, .. })), "{:?}", found[0]);
    assert_eq!(found[1].as_ref().unwrap().cka_id, "02");
    assert!(matches!(&found[2], Err(TokenError::KeyNotFound { .. })), "{:?}", found[2]);
    for unfit in &found[3..] {
        assert!(matches!(unfit, Err(TokenError::KeyUnfit { .. })), "{unfit:?}");
    }
}

/// A P-256 key made for this test alone.
const TWIN: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgK164NTCgM3NqW07A
wHOTgbES+xyNCgXJAxM+qxZ9YZKhRANCAAT7tHNMRCkqrwr2EyDFqCP1KO+WKRon
QlyE53J1q9oB5EQsxWiqpxmKCZeYli06mqsFm2GieJdbPDueNuSsdy+k
-----END PRIVATE KEY-----";

#[test]
fn signatures_come_in_the_order_of_their_jobs_and_stop_when_told() {
    let store = SoftHsm::with_token("ceremony");
    let mut token = open_with(&config(&store));
    let ecdsa = token.generate(&new_key("a", "01", Algorithm::EcdsaP256Sha256)).unwrap();
    let ed25519 = token.generate(&new_key("b", "02", Algorithm::Ed25519)).unwrap();
    let keys = [&ecdsa, &ed25519];
    let data = |number: usize| format!("data {number} {}", "x".repeat(number * 31));
    let mut seen = 0;
    let jobs = (0..200).map(|number| (keys[number % 2], data(number)));
    token
        .sign_many(jobs, |number, signature| {
            assert_eq!(number, seen);
            verify(&keys[number % 2].dnskey, data(number).as_bytes(), &signature.unwrap()).unwrap();
            seen += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen, 200);

    let mut sent = 0;
    let mut reported = 0;
    let jobs = (0..200).map(|number| (&ecdsa, data(number))).inspect(|_| sent += 1);
    token
        .sign_many(jobs, |number, _| {
            reported += 1;
            if number == 9 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
    assert_eq!(reported, sent, "what the token was asked for before is not lost");
    assert!((10..200).contains(&sent));

    // The stream is still in step, and an error of one job is that job's alone.
    let nobodys = FoundKey { index: 99, ..ecdsa.clone() };
    let mut results = Vec::new();
    token
        .sign_many([(&ecdsa, "a"), (&nobodys, "b"), (&ed25519, "c")], |_, result| {
            results.push(result.is_ok());
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(results, [true, false, true]);
    token.logout().unwrap();
    assert_eq!(sign(&mut token, &ecdsa, b"a"), Err(TokenError::NotOpen));
}

/// Has as much work as there are signatures, a piece for each.
#[derive(Debug, Default)]
struct Worker {
    taken: usize,
    worked: usize,
    idle: usize,
}

impl Taker for Worker {
    fn take(&mut self, number: usize, result: Result<Vec<u8>, TokenError>) -> ControlFlow<()> {
        assert_eq!(number, self.taken);
        self.taken += usize::from(result.is_ok());
        ControlFlow::Continue(())
    }

    fn work(&mut self) -> bool {
        let busy = self.worked < self.taken;
        self.worked += usize::from(busy);
        self.idle += usize::from(!busy);
        busy
    }
}

#[test]
fn whoever_takes_signatures_works_while_the_token_makes_the_next_ones() {
    let store = SoftHsm::with_token("ceremony");
    let mut token = open_with(&config(&store));
    let key = token.generate(&new_key("a", "01", Algorithm::RsaSha256)).unwrap();
    let mut worker = Worker::default();
    token.sign_with((0..50).map(|_| (&key, "data")), &mut worker).unwrap();
    assert_eq!(worker.taken, 50);
    // The pieces are nothing beside a signature. When there is none, the token is waited for, with as few questions.
    assert!(worker.worked > 0 && worker.idle > 0 && worker.idle <= worker.taken, "{worker:?}");
}

#[test]
fn large_data_crosses_though_it_fills_the_socket() {
    let store = SoftHsm::with_token("ceremony");
    let mut token = open_with(&config(&store));
    let key = token.generate(&new_key("a", "01", Algorithm::Ed25519)).unwrap();
    let data = vec![7; 100_000];
    let mut count = 0;
    token
        .sign_many((0..100).map(|_| (&key, &data)), |_, signature| {
            count += usize::from(signature.is_ok());
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(count, 100);
}

#[test]
fn a_host_killed_in_the_middle_is_reported_dead_and_reaped() {
    let store = SoftHsm::with_token("ceremony");
    let mut token = open_with(&config(&store));
    let key = token.generate(&new_key("a", "01", Algorithm::EcdsaP256Sha256)).unwrap();
    let pid = token.pid();
    let raw = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let error = token.sign_many((0..10_000).map(|_| (&key, "data")), |number, _| {
        if number == 50 {
            kill_process(raw, Signal::KILL).unwrap();
        }
        ControlFlow::Continue(())
    });
    let error = error.unwrap_err();
    assert!(matches!(&error, TokenError::Died { status, .. } if status.contains("SIGKILL")), "{error}");
    assert!(is_gone(pid));
    assert_eq!(token.tokens(), Err(TokenError::NotRunning));
}

#[test]
fn a_host_that_stops_misses_its_deadline_and_is_ended() {
    let store = SoftHsm::with_token("ceremony");
    let second = Duration::from_secs(1);
    let deadlines = Deadlines { call: second, sign: second, ..Deadlines::default() };
    let mut token = open_with(&TokenConfig { deadlines, ..config(&store) });
    let key = token.generate(&new_key("a", "01", Algorithm::Ed25519)).unwrap();
    signal(&token, Signal::STOP);
    let pid = token.pid();
    // More than the socket holds: writing has a deadline as well.
    let data = vec![0; 1 << 20];
    let error = token.sign_many((0..64).map(|_| (&key, &data)), |_, _| ControlFlow::Continue(())).unwrap_err();
    assert_eq!(error, TokenError::TimedOut { during: "signing".into(), seconds: 1 });
    assert!(is_gone(pid));

    let mut token = open_with(&TokenConfig { deadlines, ..config(&store) });
    signal(&token, Signal::STOP);
    assert!(matches!(token.tokens(), Err(TokenError::TimedOut { seconds: 1, .. })));
    assert!(is_gone(token.pid()));
}

#[test]
fn a_waiting_request_is_ended_from_another_thread() {
    let store = SoftHsm::with_token("ceremony");
    let mut token = open_with(&config(&store));
    signal(&token, Signal::STOP);
    let killer = token.killer().unwrap();
    let waiting = std::thread::spawn(move || token.tokens());
    std::thread::sleep(Duration::from_millis(100));
    killer.kill();
    assert!(matches!(waiting.join().unwrap(), Err(TokenError::Died { .. })));
}

#[test]
fn a_dropped_token_leaves_no_process() {
    let store = SoftHsm::with_token("ceremony");
    let token = open_with(&config(&store));
    let pid = token.pid();
    drop(token);
    assert!(is_gone(pid));
}

#[test]
fn a_host_ends_by_itself_when_its_client_is_gone() {
    let store = SoftHsm::with_token("ceremony");
    let hello = serde_json::json!({
        "module": store.module, "writable": [], "mechanism": "hashed"
    });
    let (mut child, socket) = config(&store).hosts.start(HOST_ROLE, &store.env()).unwrap();
    let mut writer = FrameWriter::new(socket.try_clone().unwrap());
    writer.push(1, &[hello.to_string().as_bytes()]).unwrap();
    writer.flush(Deadline::after(Duration::from_secs(5))).unwrap();
    let mut reader = FrameReader::new(socket);
    for _ in ["confined", "ready"] {
        let reply = reader.next(Deadline::after(Duration::from_secs(5))).unwrap();
        assert!(matches!(reply, Frame::Plain { kind: 4, .. }));
    }
    drop((reader, writer));
    assert_eq!(child.wait_or_kill(Duration::from_secs(5)).unwrap(), "it ended with exit code 0");
}

#[test]
fn the_role_called_with_nonsense_ends_at_once() {
    let store = SoftHsm::new();
    for nonsense in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"", &[0, 0, 0, 3, 1, b'{', b'}']] {
        let (mut child, mut socket) = config(&store).hosts.start(HOST_ROLE, &store.env()).unwrap();
        socket.write_all(nonsense).unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        assert_eq!(child.wait_or_kill(Duration::from_secs(5)).unwrap(), "it ended with exit code 2");
    }
}

#[test]
fn the_pin_is_in_no_argument_and_no_environment() {
    let store = SoftHsm::with_token("ceremony");
    let mut token = open_with(&config(&store));
    assert!(token.inventory().unwrap().keys.is_empty());
    for file in ["cmdline", "environ"] {
        // Not dumpable: without privileges these cannot even be read.
        let Ok(octets) = std::fs::read(format!("/proc/{}/{file}", token.pid())) else { continue };
        assert!(!octets.windows(SoftHsm::PIN.len()).any(|window| window == SoftHsm::PIN.as_bytes()), "{file}");
    }
}
