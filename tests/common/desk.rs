//! `claviger sign` on a desk: a software token, a profile, requests, and what comes out.

use std::fs;
use std::path::{Path, PathBuf};

use claviger::dns::Dnskey;
use claviger::exchange::{Format, Key, Request, RequestBundle, RequestKey, Stamp, write_request};

use super::claviger::Signer;
use super::peers::{Algorithm, ZONE};
use super::rehearsal::{Files, claviger, files};

/// The day of judgement.
pub const NOW: &str = "2026-12-01T00:00:00Z";

/// A ZSK that everybody has: the base point of P-256, whose private key is 1.
pub const ZSK: &str =
    "256 3 13 axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==";

/// A request in the format of BIND, for a number of bundles a month apart; December 2026 is month 12.
pub fn ksr(first_month: u32, bundles: u32) -> String {
    let dnskey: Dnskey = ZSK.parse().unwrap();
    let bundle = |month: u32| {
        let (year, month) = (2026 + (month - 1) / 12, (month - 1) % 12 + 1);
        let key = Key { identifier: None, declared_tag: None, dnskey: dnskey.clone() };
        RequestBundle {
            id: None,
            inception: format!("{year}-{month:02}-02T00:00:00Z").parse().unwrap(),
            expiration: None,
            keys: vec![RequestKey { ttl: 3600, key }],
            signatures: Vec::new(),
        }
    };
    let request = Request {
        format: Format::Bind,
        zone: ZONE.parse().unwrap(),
        root: None,
        bundles: (first_month..first_month + bundles).map(bundle).collect(),
        stamp: Some(Stamp { time: NOW.parse().unwrap(), by: "a test".to_owned() }),
        notices: Vec::new(),
    };
    String::from_utf8(write_request(&request).unwrap()).unwrap()
}

/// A desk with a token, a profile, a PIN file and a request.
pub struct Desk {
    /// The KSK operator.
    pub signer: Signer,
}

impl Desk {
    /// A desk with everything in order.
    pub fn new() -> Self {
        let desk = Self { signer: Signer::new(Algorithm::P256) };
        desk.write("ksr.txt", &ksr(12, 2));
        desk.write("wrong", "4321-Falsch\n");
        desk
    }

    /// Puts a file onto it.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.signer.path().join(name), text).unwrap();
    }

    /// The words of `quorum create` for two of these officers, each with a PIN in `CO1.pin` and so on.
    pub fn quorum_words(&self, officers: &[(&str, &str)]) -> Vec<String> {
        let words = ["quorum", "create", "--profile", "profile.toml", "--threshold", "2", "--pin-file", "pin"];
        let mut words = words.map(str::to_owned).to_vec();
        for (officer, pin) in officers {
            self.write(&format!("{officer}.pin"), &format!("{pin}\n"));
            words.extend([format!("--pin-file={officer}={officer}.pin"), format!("--share={officer}={officer}.json")]);
        }
        words
    }

    /// From now on two of the officers open the token, by what `quorum create` has printed.
    pub fn by_shares(&self, printed: &str) {
        let (_, quorum) = printed.split_once("[quorum]").unwrap_or_else(|| panic!("no [quorum] in {printed}"));
        self.signer.change_profile("login = \"pin\"", "login = \"shares\"");
        self.signer.change_profile("[roles]", &format!("[quorum]\n{}\n[roles]", quorum.trim()));
    }

    /// Signs as of [`NOW`] unless told otherwise; returns the exit code and what `--json` says.
    pub fn sign(&self, words: &[&str]) -> (i32, serde_json::Value) {
        let mut all = vec!["sign", "--json"];
        for (name, value) in [("--profile", "profile.toml"), ("--pin-file", "pin"), ("--out", "out"), ("--now", NOW)] {
            let given = words.iter().any(|word| word.split('=').next() == Some(name));
            if !given {
                all.extend([name, value]);
            }
        }
        all.extend(words);
        let run = claviger(&all, self.signer.path());
        let value = serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}{}", run.out, run.err));
        (run.code, value)
    }

    /// The record that `--json` names.
    pub fn folder(&self, value: &serde_json::Value) -> PathBuf {
        self.signer.path().join(value["record"].as_str().unwrap_or_else(|| panic!("no record: {value}")))
    }

    /// The one record below `out`, and that it audits as consistent, and as stopped where it was.
    pub fn audited(&self, folder: &Path) -> Files {
        let run = claviger(&["audit", folder.to_str().unwrap()], self.signer.path());
        let files = files(folder);
        let stopped = String::from_utf8_lossy(&files["transcript.jsonl"]).contains(r#""outcome":"stopped""#);
        let first = if stopped { "UNATTENDED: STOPPED: NOT ANCHORED: " } else { "UNATTENDED: NOT ANCHORED: " };
        assert!(run.code == 0 && run.out.starts_with(first), "{}{}", run.out, run.err);
        files
    }

    /// The records below a folder.
    pub fn records(&self, out: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.signer.path().join(out)).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_dir()).collect()
    }
}
