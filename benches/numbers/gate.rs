//! A `sign` that stops before it logs in to the token and before it logs out, so that what is measured beside its signing
//! is measured at that moment.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::common::faults::Rules;
use crate::stand::{NOW, PROGRAM, Stand};

/// Where it stops: in the module before the token's own, which otherwise hands everything on.
pub(crate) struct Gate(PathBuf);

impl Gate {
    /// The gate of all who sign by this profile from now on.
    pub(crate) fn before(stand: &Stand, profile: &str) -> Self {
        let gate = stand.path("gate");
        let folder = gate.parent().expect("a folder");
        Rules::before(&stand.path(&format!("{profile}.toml")), folder).set(&[&format!("gate = {}", gate.display())]);
        Self(gate)
    }

    /// Starts to sign a request into `out`; returns when the next thing is the login.
    pub(crate) fn start(&self, stand: &Stand, profile: &str, ksr: &str, out: &Path) -> Waiting {
        let mut command = Command::new(PROGRAM);
        command.args(["sign", "--first", "--now", NOW, "--pin-file", "pin", "--profile", &format!("{profile}.toml")]);
        command.arg("--out").arg(out).arg(ksr).current_dir(stand.path("."));
        let child = command.stdout(Stdio::null()).spawn().expect("the program");
        let mut waiting = Waiting { child, gate: self.0.clone() };
        waiting.comes_to("login");
        waiting
    }
}

/// A `sign` at the gate.
pub(crate) struct Waiting {
    child: Child,
    gate: PathBuf,
}

impl Waiting {
    /// Lets it log in and sign; returns when the next thing is the logout.
    pub(crate) fn sign(&mut self) {
        self.let_through("login");
        self.comes_to("logout");
    }

    /// Lets it come to its end.
    pub(crate) fn end(mut self) {
        self.let_through("logout");
        assert!(self.child.wait().expect("the program").success(), "it has said why");
    }

    fn let_through(&self, call: &str) {
        fs::remove_file(self.gate.with_extension(call)).expect("who waits");
    }

    fn comes_to(&mut self, call: &str) {
        while !self.gate.with_extension(call).exists() {
            assert_eq!(self.child.try_wait().expect("the program"), None, "it has said why");
            sleep(Duration::from_millis(5));
        }
    }
}
