//! The launcher as a real process under a user of its own, with the token hosts that it starts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may panic and start programs, in its helpers too"
)]

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use claviger::dns::{Algorithm, verify};
use claviger::process::{Extent, Starter};
use claviger::steps::Pin;
use claviger::token::{Login, NewKey, Token, TokenError};
use rustix::process::{Pid, Signal, kill_process};

mod common;

use common::skip;
use common::softhsm::SoftHsm;

/// The user under which hosts run; nobody has to exist under this number.
const USER: u32 = 901;

/// A launcher, ended when dropped.
struct Launcher {
    process: Child,
    socket: PathBuf,
    store: SoftHsm,
    _folder: tempfile::TempDir,
}

impl Launcher {
    /// None where this test may not become another user.
    fn start() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            skip::skip("only root can start a launcher under another user");
            return None;
        }
        let store = SoftHsm::with_token("ceremony");
        own(store.conf().parent().unwrap());
        let folder = tempfile::tempdir().unwrap();
        // The program may lie where only root gets.
        let program = folder.path().join("claviger");
        fs::copy(env!("CARGO_BIN_EXE_claviger"), &program).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let socket = folder.path().join("launcher.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let user = USER.to_string();
        let process = Command::new("setpriv")
            .args(["--reuid", &user, "--regid", &user, "--clear-groups", "--"])
            .arg(&program)
            .arg("launcher")
            .stdin(Stdio::from(OwnedFd::from(listener)))
            .spawn()
            .expect("setpriv is not installed: run `apt-get install util-linux`");
        Some(Self { process, socket, store, _folder: folder })
    }

    fn token(&self) -> Token {
        let config = self.store.config(Starter::Launcher(self.socket.clone()));
        let (token, confinement) = Token::start(&config).unwrap();
        assert_eq!(confinement.user.extent, Extent::Full);
        assert_eq!(confinement.user.detail, "uid 901, apart from its client's 0");
        let tokens = self.store.tokens().display().to_string();
        assert!(confinement.files.detail.contains(&tokens), "{confinement:?}");
        token
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Gives a folder with all that is in it to the hosts' user.
fn own(path: &Path) {
    chown(path, Some(USER), Some(USER)).unwrap();
    for entry in path.is_dir().then(|| fs::read_dir(path).unwrap()).into_iter().flatten() {
        own(&entry.unwrap().path());
    }
}

fn gone(pid: u32) {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    for _ in 0..500 {
        if !folder.exists() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("the host is still there");
}

#[test]
fn a_host_under_a_user_of_its_own_signs_and_goes_with_its_client() {
    let Some(launcher) = Launcher::start() else { return };
    let mut token = launcher.token();
    let status = fs::read_to_string(format!("/proc/{}/status", token.pid())).unwrap();
    for line in ["Uid:\t901\t901\t901\t901", "Groups:\t \n", "CapEff:\t0000000000000000", "NoNewPrivs:\t1"] {
        assert!(status.contains(line), "{line:?} is not in\n{status}");
    }
    let serial = token.tokens().unwrap()[0].serial.clone();
    token.login(&serial, &Login::Pin(&Pin::from_octets(SoftHsm::PIN.as_bytes()).unwrap())).unwrap();
    let new = NewKey { label: "k".into(), cka_id: "01".into(), algorithm: Algorithm::Ed25519, bits: 0 };
    let key = token.generate(&new).unwrap();
    let mut signature = Vec::new();
    let signed = token.sign_many([(&key, b"data")], |_, made| {
        signature = made.unwrap();
        std::ops::ControlFlow::Continue(())
    });
    signed.unwrap();
    verify(&key.dnskey, b"data", &signature).unwrap();
    let pid = token.pid();
    drop(token);
    gone(pid);
}

#[test]
fn what_becomes_of_a_host_is_told_through_its_launcher() {
    let Some(mut launcher) = Launcher::start() else { return };
    let mut token = launcher.token();
    let pid = token.pid();
    kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), Signal::KILL).unwrap();
    let error = token.tokens().unwrap_err();
    assert!(matches!(&error, TokenError::Died { status, .. } if status.contains("SIGKILL")), "{error}");
    gone(pid);

    // A host does not outlive its launcher, even where the library never comes back.
    let mut token = launcher.token();
    let pid = token.pid();
    kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), Signal::STOP).unwrap();
    launcher.process.kill().unwrap();
    launcher.process.wait().unwrap();
    let error = token.tokens().unwrap_err();
    assert!(matches!(&error, TokenError::Died { .. }), "{error}");
    gone(pid);
}
