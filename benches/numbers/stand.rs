//! What is measured on: a token with keys, profiles, requests, and the program itself.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration as Span;

use claviger::dns::{Algorithm, Dnskey, Duration, Name, RrType, Rrsig, Time, key_rdatas};
use claviger::exchange::{
    self, Format, Key, KeyParameters, Request, RequestBundle, RequestKey, RootRequest, Signature, SignatureAlgorithm,
    SignerPolicy, Stamp,
};
use claviger::process::Starter;
use claviger::profile::{self, Hsm, Profile};
use claviger::steps::Pin;
use claviger::token::{FoundKey, Login, NewKey, Taker, Token, TokenError};
use tempfile::TempDir;

use crate::common::softhsm::SoftHsm;
use crate::common::{self, peers::ZONE};
use crate::table::timed;

/// The program under measurement.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_claviger");
/// Labels of the keys that sign.
pub(crate) const KSKS: [&str; 3] = ["ksk-p256", "ksk-rsa2048", "ksk-ed25519"];
/// When everything is judged: nothing here depends on the day of the measurement.
pub(crate) const NOW: &str = "2026-11-01T00:00:00Z";
/// Slots of a request of the root zone's kind.
const SLOTS: u16 = 9;
const ROOT_TTL: u32 = 172_800;
const TTL: u32 = 3600;

/// A token with keys, and a folder.
pub(crate) struct Stand {
    pub(crate) store: SoftHsm,
    pub(crate) serial: String,
    pub(crate) keys: BTreeMap<String, FoundKey>,
    token: Token,
    folder: TempDir,
    /// Plays the media: in RAM, so that no disk is measured.
    media: TempDir,
}

/// What a key of this label signs with.
pub(crate) fn algorithm_of(label: &str) -> Algorithm {
    match label.rsplit_once('-').map(|(_, name)| name) {
        Some("p256") => Algorithm::EcdsaP256Sha256,
        Some("ed25519") => Algorithm::Ed25519,
        _ => Algorithm::RsaSha256,
    }
}

/// Something to sign, another one for each number.
pub(crate) fn data(number: usize, octets: usize) -> Vec<u8> {
    let mut data = vec![0x5a; octets];
    data[..8].copy_from_slice(&(number as u64).to_be_bytes());
    data
}

/// The user's PIN.
pub(crate) fn pin() -> Pin {
    Pin::from_octets(SoftHsm::PIN.as_bytes()).expect("a PIN")
}

fn time(text: &str) -> Time {
    text.parse().expect("a time")
}

impl Stand {
    /// A new token with a KSK of each kind, and ZSKs as other signers would have them.
    pub(crate) fn new() -> Self {
        let store = SoftHsm::with_token("bench");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let media = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary folder");
        let config = store.config(Starter::Program(PathBuf::from(PROGRAM)));
        let (mut token, _) = Token::start(&config).expect("a token host");
        let serial = token.tokens().expect("tokens")[0].serial.clone();
        token.login(&serial, &Login::Pin(&pin())).expect("a login");
        let zsks = [
            ["zsk1-rsa2048", "zsk2-rsa2048", "zsk3-rsa2048"].as_slice(),
            &["zsk1-p256", "zsk2-p256"],
            &["zsk1-ed25519", "zsk2-ed25519"],
        ];
        let mut keys = BTreeMap::new();
        for (number, label) in KSKS.iter().chain(zsks.into_iter().flatten()).enumerate() {
            let algorithm = algorithm_of(label);
            let bits = if algorithm.is_rsa() { 2048 } else { 0 };
            let new = NewKey { label: (*label).to_owned(), cka_id: format!("{:02x}", number + 1), algorithm, bits };
            keys.insert((*label).to_owned(), token.generate(&new).expect("a key"));
        }
        let pin = folder.path().join("pin");
        fs::write(&pin, format!("{}\n", SoftHsm::PIN)).expect("the PIN file");
        fs::set_permissions(&pin, fs::Permissions::from_mode(0o600)).expect("the PIN file");
        Self { store, serial, keys, token, folder, media }
    }

    /// How long so many signatures take through the token host, with nobody verifying them.
    pub(crate) fn sign_unverified(&mut self, label: &str, count: usize, octets: usize) -> Span {
        let key = &self.keys[label];
        let jobs = (0..count).map(|number| (key, data(number, octets)));
        timed(|| self.token.sign_with(jobs, &mut Unverified).expect("a token")).1
    }

    /// A path in the stand's folder, on disk.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A key as it is published by the zone's operator.
    fn zsk(&self, label: &str) -> Dnskey {
        Dnskey { flags: Dnskey::ZSK, ..self.keys[label].dnskey.clone() }
    }

    /// Writes a profile with one zone and one key.
    pub(crate) fn profile(&self, name: &str, zone: &str, label: &str, policy: &str) -> Profile {
        let token = format!("token-serial = \"{}\"", self.serial);
        let (module, conf) = (self.store.module.display(), self.store.conf());
        let dnskey = format!("dnskey = \"{}\"", self.keys[label].dnskey);
        let text = common::profile::head(module, token, &conf)
            + "[limits]\ndocument-bytes = 67108864\n"
            + policy
            + &common::profile::zone(zone, POLICY)
            + &common::profile::key(zone, "current", label, algorithm_of(label), &dnskey);
        fs::write(self.path(name), &text).expect("a profile");
        profile::read(text.as_bytes()).expect("a profile of ours")
    }

    /// The token as a profile has it.
    pub(crate) fn hsm(&self) -> Hsm {
        let (ksk, algorithm) = (KSKS[0], algorithm_of(KSKS[0]));
        let policy = common::profile::schedule(POLICY, algorithm, "P30D");
        self.profile("token.toml", ZONE, ksk, &policy).hsm
    }

    /// A request of the root zone's kind with RSA keys, in `ksr.xml`, and its profile, `root.toml`.
    pub(crate) fn root(&mut self) {
        self.profile("root.toml", ".", "ksk-rsa2048", &root_policy());
        let first = time("2026-12-01T00:00:00Z");
        let bundles = (0..SLOTS).map(|slot| {
            let zsks: &[&str] = match slot {
                0 => &["zsk1-rsa2048", "zsk2-rsa2048"],
                8 => &["zsk2-rsa2048", "zsk3-rsa2048"],
                _ => &["zsk2-rsa2048"],
            };
            let inception = first.checked_add(Duration::from_days(slot * 10)).expect("a time");
            self.root_bundle(slot, zsks, inception)
        });
        let bundles = bundles.collect();
        let algorithm = SignatureAlgorithm {
            algorithm: Algorithm::RsaSha256.number(),
            parameters: KeyParameters::Rsa { size: 2048, exponent: 65537 },
        };
        let zsk_policy = SignerPolicy {
            publish_safety: Duration::from_days(10),
            retire_safety: Duration::from_days(10),
            max_signature_validity: Duration::from_days(21),
            min_signature_validity: Duration::from_days(21),
            max_validity_overlap: Duration::from_days(12),
            min_validity_overlap: Duration::from_days(9),
            algorithms: vec![algorithm],
        };
        let root = Some(RootRequest { id: "bench-1".to_owned(), serial: 1, timestamp: None, zsk_policy });
        let request =
            Request { format: Format::RootXml, zone: Name::root(), root, bundles, stamp: None, notices: Vec::new() };
        fs::write(self.path("ksr.xml"), exchange::write_request(&request).expect("a KSR")).expect("a KSR");
    }

    fn root_bundle(&mut self, slot: u16, labels: &[&str], inception: Time) -> RequestBundle {
        let owner = Name::root();
        let zsks: Vec<Dnskey> = labels.iter().map(|label| self.zsk(label)).collect();
        let rdatas = key_rdatas(&zsks);
        let expiration = inception.checked_add(Duration::from_days(21)).expect("a time");
        let identifier = |key: &Dnskey| Some(format!("zsk-{}", key.key_tag()));
        let mut signatures = Vec::new();
        for (label, key) in labels.iter().zip(&zsks) {
            let mut rrsig = Rrsig {
                type_covered: RrType::Dnskey,
                algorithm: key.algorithm,
                labels: 0,
                original_ttl: ROOT_TTL,
                expiration,
                inception,
                key_tag: key.key_tag(),
                signer: owner.clone(),
                signature: Vec::new(),
            };
            let job = (&self.keys[*label], rrsig.signed_data(&owner, &rdatas));
            let signed = self.token.sign_many([job], |_, signature| {
                rrsig.signature = signature.expect("a signature");
                ControlFlow::Continue(())
            });
            signed.expect("a token");
            signatures.push(Signature { identifier: identifier(key), ttl: ROOT_TTL, rrsig });
        }
        let keys = zsks.into_iter().map(|dnskey| RequestKey {
            ttl: ROOT_TTL,
            key: Key { identifier: identifier(&dnskey), declared_tag: Some(dnskey.key_tag()), dnskey },
        });
        let (id, expiration) = (Some(format!("bench-1-{}", slot + 1)), Some(expiration));
        RequestBundle { id, inception, expiration, keys: keys.collect(), signatures }
    }

    /// A request with so many bundles a day apart, and the profile `NAME.toml` for it; returns the request's octets.
    pub(crate) fn daily(&self, name: &str, kind: &str, format: Format, count: usize) -> (Vec<u8>, Profile) {
        let (ksk, zsks) = (format!("ksk-{kind}"), [format!("zsk1-{kind}"), format!("zsk2-{kind}")]);
        let policy = common::profile::schedule(POLICY, algorithm_of(&ksk), &format!("P{count}D"));
        let policy = policy.replace("signature-horizon-days = 400", "signature-horizon-days = \"unchecked\"");
        let profile = self.profile(&format!("{name}.toml"), ZONE, &ksk, &policy);
        let keys = zsks.map(|label| self.zsk(&label));
        let key = |dnskey: Dnskey| RequestKey { ttl: TTL, key: Key { identifier: None, declared_tag: None, dnskey } };
        let mut inception = time("2026-12-01T00:00:00Z");
        let bundles = (0..count).map(|number| {
            let set = if number % 2 == 0 { &keys[..1] } else { &keys[..] };
            let keys = set.iter().cloned().map(key).collect();
            let bundle = RequestBundle { id: None, inception, expiration: None, keys, signatures: Vec::new() };
            inception = inception.checked_add(Duration::from_days(1)).expect("a time");
            bundle
        });
        let bundles = bundles.collect();
        let stamp = Some(Stamp { time: time(NOW), by: "claviger bench".to_owned() });
        let zone = ZONE.parse().expect("a zone");
        let request = Request { format, zone, root: None, bundles, stamp, notices: Vec::new() };
        let octets = exchange::write_request(&request).expect("a KSR");
        fs::write(self.path(&format!("{name}.ksr")), &octets).expect("a KSR");
        (octets, profile)
    }

    /// Runs the program to its end in the stand's folder; panics with its messages where it fails.
    pub(crate) fn claviger(&self, words: &[&str]) -> (Output, Span) {
        let mut command = Command::new(PROGRAM);
        command.args(words).current_dir(self.folder.path());
        let (output, time) = timed(|| command.output().expect("the program"));
        let messages = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {}{messages}", String::from_utf8_lossy(&output.stdout));
        (output, time)
    }

    /// A folder on the media in RAM.
    pub(crate) fn medium(&self, name: &str) -> PathBuf {
        self.media.path().join(name)
    }

    /// Signs a request by `PROFILE.toml`, as a first one, into a folder; how long the process ran.
    pub(crate) fn sign(&self, profile: &str, ksr: &str, out: &Path) -> Span {
        let (profile, out) = (format!("{profile}.toml"), &out.display().to_string());
        let words = ["sign", "--profile", &profile, "--first", "--now", NOW, "--pin-file", "pin", "--out", out, ksr];
        self.claviger(&words).1
    }

    /// The record and the response in a folder that was signed into.
    pub(crate) fn signed(out: &Path) -> (PathBuf, PathBuf) {
        let entries = fs::read_dir(out).expect("the folder").map(|entry| entry.expect("an entry").path());
        let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = entries.partition(|path| path.is_dir());
        (folders[0].clone(), files[0].clone())
    }
}

/// Milliseconds from the first `signing` to the last `signed` entry of a record, and how many signatures that were.
pub(crate) fn signing_time(record: &Path) -> (usize, Span) {
    let text = fs::read_to_string(record.join("transcript.jsonl")).expect("a transcript");
    let entries: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("an entry")).collect();
    let number = |value: &serde_json::Value| value.as_u64().expect("a number");
    let of = |kind: &'static str| entries.iter().filter(move |entry| entry["kind"] == kind);
    let first = of("signing").next().expect("an entry");
    let last = of("signed").next_back().expect("an entry");
    let count = usize::try_from(number(&last["body"]["to"])).expect("a number");
    (count, Span::from_millis(number(&last["uptime"]) - number(&first["uptime"])))
}

/// Takes signatures as they are, and is as awake meanwhile as whoever verifies them.
struct Unverified;

impl Taker for Unverified {
    fn take(&mut self, _number: usize, signature: Result<Vec<u8>, TokenError>) -> ControlFlow<()> {
        signature.expect("a signature");
        ControlFlow::Continue(())
    }

    fn work(&mut self) -> bool {
        std::hint::spin_loop();
        true
    }
}

/// The policy of every profile here.
const POLICY: &str = "bench";

/// The root zone's policy as it is shipped, with the schema of an ordinary quarter.
fn root_policy() -> String {
    const SHIPPED: &str = include_str!("../../image/profiles/root-zone.toml");
    let (_, policy) = SHIPPED.split_once("[policies.root]").expect("the policy");
    let (policy, _) = policy.split_once("[policies.root.schemas.pre-publish]").expect("the other schemas");
    format!("[policies.root]{policy}").replace("[policies.root", &format!("[policies.{POLICY}"))
}
