//! The program as the peers' other side: a token, a profile, a key, and responses signed on the command line.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use super::peers::{Algorithm, ZONE};
use super::profile;
use super::softhsm::SoftHsm;

/// A KSK operator with a software token.
pub struct Signer {
    folder: TempDir,
    // Its folder goes with it.
    _store: SoftHsm,
    /// The key as the program printed it, `257 3 13 …`.
    pub key: String,
}

impl Signer {
    /// A token, and a key generated on it by `claviger key generate`, which the profile then names.
    pub fn new(algorithm: Algorithm) -> Self {
        Self::with_keys(algorithm, &[("ksk", "")]).0
    }

    /// A token with keys, each with its line of a timeline or none; their DNSKEYs in the same order.
    pub fn with_keys(algorithm: Algorithm, keys: &[(&str, &str)]) -> (Self, Vec<String>) {
        let store = SoftHsm::with_token("interop");
        let profile = profile_text(&store, mnemonic(algorithm), keys);
        let mut signer = Self::on(store, &profile);
        let made: Vec<_> = keys.iter().map(|(name, _)| signer.generate(name)).collect();
        signer.key.clone_from(&made[0]);
        (signer, made)
    }

    /// A signer with this token and profile.
    pub fn on(store: SoftHsm, profile: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let pin = folder.path().join("pin");
        fs::write(&pin, format!("{}\n", SoftHsm::PIN)).expect("the PIN file");
        fs::set_permissions(&pin, fs::Permissions::from_mode(0o600)).expect("the PIN file");
        fs::write(folder.path().join("profile.toml"), profile).expect("the profile");
        Self { folder, _store: store, key: String::new() }
    }

    /// Generates a key of the profile, adds the line that is printed, and returns the DNSKEY.
    pub fn generate(&self, name: &str) -> String {
        let words =
            ["key", "generate", "--profile", "profile.toml", "--zone", ZONE, "--name", name, "--pin-file", "pin"];
        let output = self.claviger(&words);
        let printed = said(&output);
        assert!(output.status.success(), "claviger key generate: {printed}");
        let stdout = String::from_utf8_lossy(&output.stdout);
        let line = stdout.lines().find(|line| line.starts_with("dnskey = \""));
        let line = line.unwrap_or_else(|| panic!("no line `dnskey = \"…\"` in: {printed}"));
        let label = format!("label = \"K{name}\"\n");
        self.change_profile(&label, &format!("{label}{line}\n"));
        line.trim_start_matches("dnskey = ").trim_matches('"').to_owned()
    }

    /// Replaces a text of the profile, which must be there.
    pub fn change_profile(&self, from: &str, to: &str) {
        profile::change(&self.folder.path().join("profile.toml"), from, to);
    }

    /// What `claviger sign` says of a request that it refuses.
    pub fn refuses(&self, ksr: &str, judged_at: Option<i64>) -> String {
        let output = self.run_sign(ksr, judged_at);
        assert_eq!(output.status.code(), Some(1), "claviger sign: {}", said(&output));
        said(&output)
    }

    /// The folder with `profile.toml` and the token's PIN in `pin`.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Signs a request as a first one and returns the response's text.
    ///
    /// `judged_at` is the time of judgement where it is not now.
    pub fn sign(&self, ksr: &str, judged_at: Option<i64>) -> String {
        let output = self.run_sign(ksr, judged_at);
        assert!(output.status.success(), "claviger sign: {}", said(&output));

        let mut responses = Vec::new();
        find_responses(&self.folder.path().join("out"), &mut responses);
        let mut texts: Vec<_> = responses.iter().map(|path| fs::read_to_string(path).expect("a response")).collect();
        texts.dedup();
        assert_eq!(texts.len(), 1, "one response, in all places the same, in {responses:?}");
        texts.remove(0)
    }

    fn run_sign(&self, ksr: &str, judged_at: Option<i64>) -> Output {
        fs::write(self.folder.path().join("ksr.txt"), ksr).expect("the request");
        let mut words = vec!["sign", "--profile", "profile.toml", "--first", "--pin-file", "pin", "--out", "out"];
        let judged_at = judged_at.map(|time| jiff::Timestamp::from_second(time).expect("a time").to_string());
        if let Some(time) = &judged_at {
            words.extend(["--now", time]);
        }
        words.push("ksr.txt");
        self.claviger(&words)
    }

    fn claviger(&self, words: &[&str]) -> Output {
        let out = self.folder.path().join("out");
        fs::create_dir_all(out).expect("the folder for records");
        Command::new("timeout")
            .args(["-k", "5", "120", env!("CARGO_BIN_EXE_claviger")])
            .args(words)
            .current_dir(self.folder.path())
            .output()
            .expect("`timeout` of coreutils")
    }
}

fn said(output: &Output) -> String {
    format!(
        "{:?}\n{}{}",
        output.status.code(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Every file named `skr…` below a folder, such as `jobs/01-peer.test/skr.txt` of a record.
fn find_responses(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder of the response") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            find_responses(&path, found);
        } else if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("skr")) {
            found.push(path);
        }
    }
}

const fn mnemonic(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Rsa2048 => "RSASHA256",
        Algorithm::Rsa2048Sha512 => "RSASHA512",
        Algorithm::P256 => "ECDSAP256SHA256",
        Algorithm::P384 => "ECDSAP384SHA384",
        Algorithm::Ed25519 => "ED25519",
    }
}

/// A profile of the zone with keys, each with its line of a timeline or none.
pub fn profile_text(store: &SoftHsm, name: &str, keys: &[(&str, &str)]) -> String {
    let keys = keys.iter().map(|(key, timeline)| profile::key(ZONE, key, &format!("K{key}"), name, timeline));
    let head = profile::head(store.module.display(), "token-label = \"interop\"", &store.conf());
    head + &profile::schedule("peer", name, "P60D") + &profile::zone(ZONE, "peer") + &keys.collect::<String>()
}
