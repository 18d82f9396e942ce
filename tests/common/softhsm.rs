//! A fresh SoftHSM2 token in a folder of its own, for tests.

#![allow(dead_code, reason = "each test uses its part of this")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use claviger::process::Starter;
use claviger::token::{Deadlines, Mechanism, TokenConfig};

/// Where distributions put the module.
const MODULES: [&str; 4] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
];

/// A token store; its folder goes when it is dropped.
pub(crate) struct SoftHsm {
    folder: tempfile::TempDir,
    /// The PKCS#11 module.
    pub(crate) module: PathBuf,
}

impl SoftHsm {
    /// The user PIN of every token here.
    pub(crate) const PIN: &'static str = "1234-Klajeyz";

    /// An empty store. Panics with advice where SoftHSM2 is not installed.
    pub(crate) fn new() -> Self {
        let module = MODULES.iter().map(PathBuf::from).find(|path| path.exists());
        let module = module.expect("SoftHSM2 is not installed: run `apt-get install softhsm2`");
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join("tokens")).expect("a folder for tokens");
        let conf = format!("directories.tokendir = {}\nlog.level = ERROR\n", folder.path().join("tokens").display());
        std::fs::write(folder.path().join("softhsm2.conf"), conf).expect("softhsm2.conf");
        Self { folder, module }
    }

    /// A store with one token of this label.
    pub(crate) fn with_token(label: &str) -> Self {
        let store = Self::new();
        store.init(label);
        store
    }

    /// Makes one more token; labels may repeat.
    pub(crate) fn init(&self, label: &str) {
        self.run(&["--init-token", "--free", "--label", label, "--pin", Self::PIN, "--so-pin", "5678"]);
    }

    /// The store's configuration file.
    pub(crate) fn conf(&self) -> PathBuf {
        self.folder.path().join("softhsm2.conf")
    }

    /// Where the tokens lie; what a token host must be allowed to write.
    pub(crate) fn tokens(&self) -> PathBuf {
        self.folder.path().join("tokens")
    }

    /// The environment that a process with this module needs.
    pub(crate) fn env(&self) -> BTreeMap<String, String> {
        BTreeMap::from([("SOFTHSM2_CONF".to_owned(), self.conf().display().to_string())])
    }

    /// A token host over this store, which writes nothing but its tokens.
    pub(crate) fn config(&self, hosts: Starter) -> TokenConfig {
        TokenConfig {
            hosts,
            module: self.module.clone(),
            env: self.env(),
            writable: vec![self.tokens()],
            mechanism: Mechanism::Hashed,
            deadlines: Deadlines::default(),
        }
    }

    /// Puts a private key in PKCS #8 onto the token; labels may repeat.
    pub(crate) fn import(&self, token: &str, label: &str, cka_id: &str, pem: &str) {
        let file = self.folder.path().join("key.pem");
        std::fs::write(&file, pem).expect("key.pem");
        let file = file.display().to_string();
        self.run(&["--import", &file, "--token", token, "--label", label, "--id", cka_id, "--pin", Self::PIN]);
    }

    #[allow(clippy::disallowed_methods, reason = "a test starts the token's own tool")]
    fn run(&self, arguments: &[&str]) {
        let output = Command::new("softhsm2-util")
            .args(arguments)
            .env("SOFTHSM2_CONF", self.conf())
            .output()
            .expect("softhsm2-util is not installed: run `apt-get install softhsm2`");
        assert!(output.status.success(), "softhsm2-util: {}", String::from_utf8_lossy(&output.stderr));
    }
}
