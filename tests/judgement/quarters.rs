//! Four quarters of the root's kind through the program itself: a token signs, each record is the next one's previous.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use claviger::dns::{Algorithm, Dnskey, Name};
use claviger::exchange::{
    Format, Key, KeyParameters, Limits, Request, RequestBundle, RequestKey, Response, SignatureAlgorithm, Stamp,
    read_request, read_response, write_request,
};
use tempfile::TempDir;

use super::common::profile;
use super::common::rehearsal::claviger;
use super::common::softhsm::SoftHsm;
use super::resolver::{Resolver, State};
use super::rollover::{Published, Zsks, at, request_with};
use super::signatures::{dnskey, openssl};

const ROOT_ZONE: &str = include_str!("../../image/profiles/root-zone.toml");
/// The KSKs: the one that goes, the one that comes, and one that is never used.
const KSKS: [&str; 3] = ["old", "new", "later"];

/// RSA keys in files, which OpenSSL signs with.
struct Keys(TempDir);

impl Keys {
    fn make() -> Self {
        let keys = Self(tempfile::tempdir().unwrap());
        let zsks = (1..=6).map(|number| format!("zsk-{number}"));
        for name in KSKS.into_iter().map(str::to_owned).chain(zsks) {
            let file = format!("{name}.pem");
            openssl(
                keys.0.path(),
                &["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", &file],
            );
        }
        keys
    }

    fn ksk(&self, name: &str) -> Dnskey {
        dnskey(self.0.path(), &format!("{name}.pem"), Algorithm::RsaSha256)
    }

    fn sign_with(&self, name: &str, data: &[u8]) -> Vec<u8> {
        fs::write(self.0.path().join("data"), data).unwrap();
        openssl(self.0.path(), &["dgst", "-sha256", "-sign", &format!("{name}.pem"), "data"])
    }
}

impl Zsks for Keys {
    fn dnskey(&self, number: u8) -> Dnskey {
        Dnskey { flags: Dnskey::ZSK, ..self.ksk(&format!("zsk-{number}")) }
    }

    fn sign(&self, number: u8, data: &[u8]) -> Vec<u8> {
        self.sign_with(&format!("zsk-{number}"), data)
    }

    fn claimed(&self) -> SignatureAlgorithm {
        let parameters = KeyParameters::Rsa { size: 2048, exponent: 65537 };
        SignatureAlgorithm { algorithm: Algorithm::RsaSha256.number(), parameters }
    }
}

/// The shipped profile of the root zone on a software token.
fn root_profile(store: &SoftHsm, keys: &Keys, [current, next]: [&str; 2]) -> String {
    let (head, _) = ROOT_ZONE.split_once("[zones.\".\".keys.current]").unwrap();
    let (before, rest) = head.split_once("module = ").unwrap();
    let (_, rest) = rest.split_once("login = ").unwrap();
    let (module, conf) = (store.module.display(), store.conf());
    let hsm = format!("{before}module = \"{module}\"\ntoken-label = \"ceremony\"\nlogin = {rest}");
    let writable = store.tokens();
    let lines = format!("env = {{ SOFTHSM2_CONF = {conf:?} }}\nwritable = [{writable:?}]");
    let hsm = hsm.replace("env = {}", &lines);
    let key = |name: &str, file: &str| {
        let dnskey = keys.ksk(file);
        format!("[zones.\".\".keys.{name}]\nlabel = \"K{file}\"\nalgorithm = \"RSASHA256\"\ndnskey = \"{dnskey}\"\n")
    };
    hsm + &key("current", current) + &key("next", next)
}

/// Keys, a token that has the KSKs, and a folder with its PIN.
fn desk() -> (Keys, SoftHsm, TempDir) {
    let (keys, store) = (Keys::make(), SoftHsm::with_token("ceremony"));
    for (name, cka_id) in KSKS.into_iter().zip(["01", "02", "03"]) {
        let pem = fs::read_to_string(keys.0.path().join(format!("{name}.pem"))).unwrap();
        store.import("ceremony", &format!("K{name}"), cka_id, &pem);
    }
    let place = tempfile::tempdir().unwrap();
    let pin = place.path().join("pin");
    fs::write(&pin, format!("{}\n", SoftHsm::PIN)).unwrap();
    fs::set_permissions(&pin, fs::Permissions::from_mode(0o600)).unwrap();
    (keys, store, place)
}

/// One quarter's ceremony, forty days before it begins; the record's folder and the response.
fn quarter(folder: &Path, keys: &Keys, number: u8, first: &str, words: &[&str]) -> (String, Response) {
    let octets = write_request(&request_with(keys, number, at(first))).unwrap();
    assert!(read_request(&octets, &Limits::default()).is_ok());
    let ksr = format!("ksr-q{number}.xml");
    fs::write(folder.join(&ksr), octets).unwrap();
    let now = at(first).checked_sub(claviger::dns::Duration::from_days(40)).unwrap().to_string();
    let all = ["sign", "--json", "--pin-file", "pin", "--out", "records", "--now", &now];
    let run = claviger(&[&all, words, &[ksr.as_str()]].concat(), folder);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    let value: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let skr = fs::read(folder.join(value["responses"][0]["file"].as_str().unwrap())).unwrap();
    (value["record"].as_str().unwrap().to_owned(), read_response(&skr, &Limits::default()).unwrap())
}

/// Every signature of a response, made again by OpenSSL; how many there are.
fn same_as_openssl(keys: &Keys, response: &Response) -> usize {
    let tags: Vec<(u16, &str)> = KSKS
        .into_iter()
        .flat_map(|name| [(keys.ksk(name).key_tag(), name), (keys.ksk(name).revoked().key_tag(), name)])
        .collect();
    let mut compared = 0;
    for set in response.bundles.iter().flat_map(|bundle| &bundle.sets) {
        for signature in &set.signatures {
            let rrsig = &signature.rrsig;
            let (_, name) = tags.iter().find(|(tag, _)| *tag == rrsig.key_tag).unwrap();
            let data = rrsig.signed_data(&Name::root(), &set.records.rdatas());
            assert_eq!(rrsig.signature, keys.sign_with(name, &data), "{name}");
            compared += 1;
        }
    }
    compared
}

#[test]
fn a_token_signs_a_rollover_over_four_quarters_as_a_resolver_follows_it() {
    let (keys, store, place) = desk();
    let folder = place.path();
    fs::write(folder.join("before.toml"), root_profile(&store, &keys, ["old", "new"])).unwrap();
    // After the rollover the keys change their names.
    fs::write(folder.join("after.toml"), root_profile(&store, &keys, ["new", "later"])).unwrap();

    let mut published = Published::default();
    let mut last: Option<String> = None;
    for (number, first, profile, schema, signatures) in [
        (1, "2027-01-01T00:00:00Z", "before.toml", "pre-publish", 9),
        (2, "2027-04-01T00:00:00Z", "before.toml", "rollover", 9),
        (3, "2027-07-01T00:00:00Z", "before.toml", "revoke", 16),
        (4, "2027-10-01T00:00:00Z", "after.toml", "normal", 9), // the old key is removed
    ] {
        let before: Vec<&str> = last.as_deref().map_or_else(|| vec!["--first"], |record| vec!["--record", record]);
        let words = [&["--profile", profile, "--schema", schema], before.as_slice()].concat();
        let (record, response) = quarter(folder, &keys, number, first, &words);
        assert_eq!(same_as_openssl(&keys, &response), signatures, "{schema}");
        let before: Vec<&str> = last.as_deref().map_or_else(Vec::new, |last| vec!["--previous", last]);
        let run = claviger(&[&["audit"], before.as_slice(), &[record.as_str()]].concat(), folder);
        assert!(run.code == 0 && run.out.starts_with("UNATTENDED: NOT ANCHORED"), "{schema}: {}", run.out);
        published.add(&response);
        last = Some(record);
        std::thread::sleep(std::time::Duration::from_millis(1001)); // records in one folder are named by their second
    }

    let (old, new) = (keys.ksk("old"), keys.ksk("new"));
    let mut resolver = Resolver::trusting(&old);
    let (seen, revoked) = (at("2027-01-11T01:00:00Z"), at("2027-07-11T01:00:00Z"));
    for (from, until, states) in [
        ("2027-01-01T00:00:00Z", "2027-01-11T00:00:00Z", (Some(State::Valid), None)),
        ("2027-01-11T00:00:00Z", "2027-02-10T00:00:00Z", (Some(State::Valid), Some(State::AddPend(seen)))),
        ("2027-02-10T00:00:00Z", "2027-07-11T00:00:00Z", (Some(State::Valid), Some(State::Valid))),
        ("2027-07-11T00:00:00Z", "2027-08-10T00:00:00Z", (Some(State::Revoked(revoked)), Some(State::Valid))),
        ("2027-08-10T00:00:00Z", "2028-01-01T00:00:00Z", (Some(State::Removed), Some(State::Valid))),
    ] {
        let dark = published.days_without_chain(&mut resolver, from, until);
        assert!(dark.is_empty(), "no chain of trust on {dark:?}");
        assert_eq!((resolver.state(&old), resolver.state(&new)), states, "before {until}");
    }
}

/// A zone on BIND beside the root: its profile, and a request of one ZSK.
fn beside(keys: &Keys, first: &str) -> (String, Vec<u8>) {
    let dnskey = format!("dnskey = \"{}\"", keys.ksk("later"));
    let profile = profile::schedule("tld", "RSASHA256", "P60D")
        + &profile::zone("example.", "tld")
        + &profile::key("example.", "ksk", "Klater", "RSASHA256", &dnskey);
    let key = Key { identifier: None, declared_tag: None, dnskey: keys.dnskey(6) };
    let bundle = RequestBundle {
        id: None,
        inception: at(first),
        expiration: None,
        keys: vec![RequestKey { ttl: 3600, key }],
        signatures: Vec::new(),
    };
    let request = Request {
        format: Format::Bind,
        zone: "example.".parse().unwrap(),
        root: None,
        bundles: vec![bundle],
        stamp: Some(Stamp { time: at(first), by: "a test".to_owned() }),
        notices: Vec::new(),
    };
    (profile, write_request(&request).unwrap())
}

#[test]
fn a_choice_is_made_for_the_requests_that_it_fits_and_refused_where_it_fits_none() {
    const FIRST: &str = "2027-01-01T00:00:00Z";
    const UNTIL: &str = "2027-02-15T00:00:00Z";
    let (keys, store, place) = desk();
    let folder = place.path();
    let (tld, bind) = beside(&keys, FIRST);
    let root = root_profile(&store, &keys, ["old", "new"]);
    let (head, rest) = root.split_once("# The quarter in which the next key appears").unwrap();
    let (_, zones) = rest.split_once("[zones.\".\"]").unwrap();
    fs::write(folder.join("p.toml"), format!("{head}[zones.\".\"]{zones}{tld}")).unwrap();
    fs::write(folder.join("ksr.xml"), write_request(&request_with(&keys, 1, at(FIRST))).unwrap()).unwrap();
    fs::write(folder.join("ksr.txt"), bind).unwrap();
    let run = |command: &str, words: &[&str]| {
        let all = ["--json", "--profile", "p.toml", "--first", "--now", "2026-11-22T00:00:00Z"];
        let sign: &[&str] = if command == "sign" { &["--pin-file", "pin", "--out", "records"] } else { &[] };
        let run = claviger(&[&[command], &all[..], sign, words].concat(), folder);
        let value: serde_json::Value = serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{}", run.err));
        (run.code, value)
    };
    // The policy has one schema.
    for (words, field, expected) in [
        (&["--schema", "nope", "ksr.xml"][..], "--schema", "normal"),
        (&["--schema", "nope", "ksr.xml", "ksr.txt"], "--schema", "normal"),
        (&["--until", UNTIL, "ksr.xml"], "--until", "none"),
    ] {
        for command in ["check", "sign"] {
            let (code, value) = run(command, words);
            assert_eq!((code, &value["error"]["field"]), (2, &field.into()), "{command} {words:?}: {value}");
            assert_eq!(value["error"]["expected"], expected, "{command} {words:?}: {value}");
        }
        assert!(!folder.join("records").exists(), "something was begun");
    }
    for command in ["check", "sign"] {
        let (code, value) = run(command, &["--until", UNTIL, "--schema", "normal", "ksr.xml", "ksr.txt"]);
        assert_eq!(code, 0, "{command}: {value}");
    }
    // The audit makes the plan again, with each job's own choices.
    let record = fs::read_dir(folder.join("records")).unwrap().map(|entry| entry.unwrap().path());
    let record = record.filter(|path| path.is_dir()).last().unwrap();
    let audit = claviger(&["audit", record.to_str().unwrap()], folder);
    assert!(audit.code == 0 && audit.out.starts_with("UNATTENDED: NOT ANCHORED"), "{}", audit.out);
}
