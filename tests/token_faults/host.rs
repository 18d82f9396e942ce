//! The token host and its client alone.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use claviger::dns::{Algorithm, sha256};
use claviger::process::{Deadline, Frame, FrameReader, FrameWriter, Starter};
use claviger::steps::Pin;
use claviger::token::{HOST_ROLE, KeyQuery, Login, NewKey, PinState, Token, TokenError};

use super::common::faults::{self, Rules};
use super::common::softhsm::SoftHsm;

/// A software token behind the module that goes wrong, and its rules.
pub(super) struct Stand {
    store: SoftHsm,
    pub(super) rules: Rules,
    pub(super) folder: tempfile::TempDir,
}

impl Stand {
    pub(super) fn new() -> Self {
        let store = SoftHsm::with_token("ceremony");
        let folder = tempfile::tempdir().unwrap();
        let rules = Rules::new(folder.path(), &store.module);
        Self { store, rules, folder }
    }

    pub(super) fn start(&self, rules: &[&str]) -> Result<Token, TokenError> {
        self.rules.set(rules);
        let mut config = self.store.config(Starter::Program(PathBuf::from(env!("CARGO_BIN_EXE_claviger"))));
        config.module = faults::module().to_owned();
        config.env.insert(faults::VARIABLE.to_owned(), self.rules.file().display().to_string());
        config.writable.push(self.folder.path().to_owned()); // the log of logins
        config.deadlines.sign = Duration::from_secs(1);
        Token::start(&config).map(|(token, _)| token)
    }

    /// What a login with the right PIN comes to.
    pub(super) fn login(&self, rules: &[&str]) -> Result<Token, TokenError> {
        let mut token = self.start(rules)?;
        let serial = token.tokens()?.remove(0).serial;
        token.login(&serial, &Login::Pin(&Pin::from_octets(SoftHsm::PIN.as_bytes()).unwrap())).map(|()| token)
    }
}

#[test]
fn confinement_and_hash_are_told_before_any_code_of_the_module_runs() {
    let stand = Stand::new();
    stand.rules.set(&["initialize = abort"]);
    let module = faults::module();
    let mut env = stand.store.env();
    env.insert(faults::VARIABLE.to_owned(), stand.rules.file().display().to_string());
    let program = Starter::Program(PathBuf::from(env!("CARGO_BIN_EXE_claviger")));
    let (_child, socket) = program.start(HOST_ROLE, &env).unwrap();
    let hello = serde_json::json!({ "module": module, "writable": [], "mechanism": "hashed" });
    let within = || Deadline::after(Duration::from_secs(20));
    let mut writer = FrameWriter::new(socket.try_clone().unwrap());
    writer.push(1, &[hello.to_string().as_bytes()]).unwrap();
    writer.flush(within()).unwrap();
    let mut reader = FrameReader::new(socket);
    let Ok(Frame::Plain { body, .. }) = reader.next(within()) else { panic!("the module was run first") };
    let told: serde_json::Value = serde_json::from_slice(&body[4..]).unwrap();
    let hash = sha256(&std::fs::read(module).unwrap()).to_string();
    assert_eq!(told["Ok"]["Confined"]["module"], hash, "{told}");
    assert!(told["Ok"]["Confined"]["confinement"].is_object(), "{told}");
    assert!(reader.next(within()).is_err(), "the module has ended the host");
    // A client takes none of it for the module's word.
    let error = stand.start(&["initialize = abort"]).unwrap_err();
    assert!(matches!(&error, TokenError::Died { during, .. } if during == "loading the module"), "{error}");
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
    let result = token.sign_many((0..10).map(|_| (&key, "data")), |_, signature| {
        match signature {
            _ if fault.is_some() => {} // what the token had been asked for before it
            Ok(_) => made += 1,
            Err(error) => fault = Some(error),
        }
        if fault.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
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
        let result = token.sign_many((0..10).map(|_| (&key, "data")), |_, _| {
            made += 1;
            ControlFlow::Continue(())
        });
        (made, result.unwrap_err())
    };
    assert_eq!(error, TokenError::TimedOut { during: "signing".into(), seconds: 1 });
    assert!(made <= 3);
    assert!(!Path::new(&format!("/proc/{pid}")).exists(), "a host that blocks is still there");
}

pub(super) fn query(label: &str) -> KeyQuery {
    KeyQuery { label: label.into(), cka_id: None, algorithm: Algorithm::EcdsaP256Sha256 }
}

#[test]
fn a_module_that_does_not_initialize_is_named_with_its_answer() {
    let error = Stand::new().start(&["initialize = CKR_GENERAL_ERROR"]).unwrap_err();
    assert!(matches!(&error, TokenError::Module { reason, .. } if reason.contains("CKR_GENERAL_ERROR")), "{error}");
}
