//! Responses for Knot DNS, imported by `keymgr`, served by `knotd` and validated by its clients.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic, in its helpers too"
)]

mod common;

use std::collections::BTreeSet;

use common::claviger::Signer;
use common::peers::{Algorithm, Ran, Served, Server, Workplace, ZONE, ZONE_FILE, free_port, now};
use common::rrsets::{active, at_days, bundles, digits, sep_key, with_flipped_signature};
use common::skip::skip;

const DAY: i64 = 24 * 3600;

/// Both sides of a zone in Knot: `zsk` is the server, `ksk` Knot's own signer.
struct Knot {
    place: Workplace,
    algorithm: Algorithm,
    start: i64,
    zsk_days: i64,
}

impl Knot {
    /// Makes ZSKs with the real `keymgr`, each for so many days, 0 for ever; none where Knot cannot run here.
    fn new(algorithm: Algorithm, start: i64, zsk_days: i64) -> Option<Self> {
        let place = Workplace::new().map_err(|reason| skip(&reason)).ok()?;
        let knot = Self { place, algorithm, start, zsk_days };
        knot.place.write("zsk/zone.db", ZONE_FILE);
        for side in ["zsk", "ksk"] {
            for folder in ["run", "db"] {
                knot.place.write(&format!("{side}/{folder}/.keep"), "");
            }
            knot.configure(side, 5399);
        }
        let time = digits(start);
        let times = [format!("created={time}"), format!("publish={time}"), format!("active={time}")];
        let mut words = vec!["generate", "ksk=no", "zsk=yes"];
        words.extend(times.iter().map(String::as_str));
        knot.keymgr("zsk", &words).expect("keymgr generate");
        if zsk_days > 0 {
            knot.keymgr("zsk", &["pregenerate", &time, &knot.end()]).expect("keymgr pregenerate");
        }
        Some(knot)
    }

    fn configure(&self, side: &str, port: u16) {
        let (folder, algorithm, zsk_days) = (self.place.inside(side), self.algorithm.peer_name(), self.zsk_days);
        let conf = format!(
            r#"server:
    rundir: "{folder}/run"
    listen: 127.0.0.1@{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: debug
database:
    storage: "{folder}/db"
policy:
  - id: offline
    manual: on
    offline-ksk: on
    algorithm: {algorithm}
    dnskey-ttl: 3600
    zone-max-ttl: 300
    zsk-lifetime: {zsk_days}d
    propagation-delay: 1h
    rrsig-lifetime: 14d
    rrsig-refresh: 5d
    cds-cdnskey-publish: always
acl:
  - id: xfr
    address: 127.0.0.1
    action: transfer
zone:
  - domain: {ZONE}
    storage: "{folder}"
    file: zone.db
    zonefile-sync: -1
    zonefile-load: difference-no-serial
    journal-content: all
    dnssec-signing: on
    dnssec-policy: offline
    acl: xfr
"#
        );
        self.place.write(&format!("{side}.conf"), &conf);
    }

    fn keymgr(&self, side: &str, words: &[&str]) -> Ran {
        let conf = self.place.inside(&format!("{side}.conf"));
        let mut all = vec!["-c", conf.as_str(), ZONE];
        all.extend(words);
        self.place.run("keymgr", &all)
    }

    fn end(&self) -> String {
        digits(self.start + 60 * DAY)
    }

    /// The request that goes to the ceremony, for sixty days.
    fn request(&self) -> String {
        let words = ["generate-ksr", &digits(self.start), &self.end()];
        self.keymgr("zsk", &words).expect("keymgr generate-ksr")
    }

    /// Knot's own answer to a request, and its KSK.
    fn sign(&self, ksr: &str) -> (String, String) {
        self.place.write("ksr.txt", ksr);
        // A key that is younger than the request finds no use.
        let time = digits(self.start - 30 * DAY);
        let times = ["created", "publish", "ready", "active"].map(|name| format!("{name}={time}"));
        let mut words = vec!["generate", "ksk=yes", "zsk=no"];
        words.extend(times.iter().map(String::as_str));
        self.keymgr("ksk", &words).expect("keymgr generate");
        let key = sep_key(&self.keymgr("ksk", &["dnskey"]).expect("keymgr dnskey"));
        let skr = self.keymgr("ksk", &["sign-ksr", &self.place.inside("ksr.txt")]).expect("keymgr sign-ksr");
        (skr, key)
    }

    fn import(&self, skr: &str) -> Ran {
        self.place.write("import.skr", skr);
        self.keymgr("zsk", &["import-skr", &self.place.inside("import.skr")])
    }

    /// Starts `knotd` with what was imported.
    fn serve(&self) -> (Server, u16) {
        let port = free_port();
        self.configure("zsk", port);
        let server = self.place.start("knotd", &["-c", &self.place.inside("zsk.conf")], "knotd.log");
        assert!(Served { place: &self.place, port }.is_signed(), "no signed DNSKEY RRset:\n{}", server.log());
        (server, port)
    }

    /// Imports and serves a response, and compares everything with it.
    fn accepts(&self, skr: &str, key: &str) {
        self.place.write("validate.skr", skr);
        // keymgr ends with 0 whatever it found; its messages decide.
        let found = self.keymgr("zsk", &["validate-skr", &self.place.inside("validate.skr")]);
        assert!(found.ok && !found.stderr.contains("error"), "keymgr validate-skr: {}{}", found.stdout, found.stderr);
        self.import(skr).expect("keymgr import-skr");
        let (_server, port) = self.serve();
        Served { place: &self.place, port }.is_right(active(&bundles(skr), now()), key);
    }
}

#[test]
fn the_rig_accepts_what_knot_signs_itself() {
    let Some(knot) = Knot::new(Algorithm::P256, now() - 60, 0) else { return };
    let (skr, key) = knot.sign(&knot.request());
    assert!(bundles(&skr).len() > 2);
    knot.accepts(&skr, &key);
}

#[test]
fn the_rig_accepts_what_knot_signs_itself_over_zsk_rollovers() {
    let Some(knot) = Knot::new(Algorithm::P256, now() - 25 * DAY, 20) else { return };
    let ksr = knot.request();
    let keys: BTreeSet<_> = bundles(&ksr).into_iter().flat_map(|bundle| bundle.records).collect();
    assert!(keys.len() > 2, "the request has {} ZSKs", keys.len());
    let (skr, key) = knot.sign(&ksr);
    knot.accepts(&skr, &key);
}

#[test]
fn the_rig_sees_one_flipped_octet_of_a_signature() {
    let Some(knot) = Knot::new(Algorithm::P256, now() - 60, 0) else { return };
    let (skr, _) = knot.sign(&knot.request());
    let damaged = with_flipped_signature(&skr, active(&bundles(&skr), now()));
    let differing = skr.bytes().zip(damaged.bytes()).filter(|(one, other)| one != other).count();
    assert_eq!((differing, skr.len()), (1, damaged.len()));
    assert!(!knot.import(&damaged).ok, "keymgr import-skr took a damaged response");
    assert!(knot.import(&skr).ok);
}

#[test]
fn the_rig_sees_a_response_that_is_not_the_one_imported() {
    let Some(knot) = Knot::new(Algorithm::P256, now() - 60, 0) else { return };
    let ksr = knot.request();
    let (skr, key) = knot.sign(&ksr);
    let again = knot.keymgr("ksk", &["sign-ksr", &knot.place.inside("ksr.txt")]).expect("keymgr sign-ksr");
    knot.import(&skr).expect("keymgr import-skr");
    let (_server, port) = knot.serve();
    let served = Served { place: &knot.place, port };
    // Both are right, and only one is served.
    assert_eq!(served.serves(active(&bundles(&skr), now())), Ok(()));
    assert!(served.serves(active(&bundles(&again), now())).is_err());
    assert_eq!(served.validates_from(&key), Ok(()));
}

/// Signs Knot's request here and brings the response into `knotd`.
fn knot_accepts_ours(algorithm: Algorithm, start: i64, zsk_days: i64) {
    let Some(knot) = Knot::new(algorithm, start, zsk_days) else { return };
    let signer = Signer::new(algorithm);
    // A start in the past is the day of the ceremony.
    let skr = signer.sign(&knot.request(), (start < now() - 3600).then_some(start));
    knot.accepts(&skr, &signer.key);
}

#[test]
fn knotd_serves_our_rsa_signatures() {
    knot_accepts_ours(Algorithm::Rsa2048, now() - 60, 0);
}

#[test]
fn knotd_serves_our_p256_signatures() {
    knot_accepts_ours(Algorithm::P256, now() - 60, 0);
}

#[test]
fn knotd_serves_our_rsa_sha_512_signatures() {
    knot_accepts_ours(Algorithm::Rsa2048Sha512, now() - 60, 0);
}

#[test]
fn knotd_serves_our_p384_signatures() {
    knot_accepts_ours(Algorithm::P384, now() - 60, 0);
}

#[test]
fn knotd_serves_our_ed25519_signatures() {
    knot_accepts_ours(Algorithm::Ed25519, now() - 60, 0);
}

#[test]
fn knotd_serves_our_bundle_that_began_seconds_ago() {
    knot_accepts_ours(Algorithm::P256, now() - 9 * DAY - 2, 0);
}

#[test]
fn knotd_serves_our_bundles_over_zsk_rollovers() {
    knot_accepts_ours(Algorithm::Ed25519, now() - 25 * DAY, 20);
}

/// A KSK rollover whose moments lie so many days after the request's start; the server is started at one of them.
fn knot_rolls_at(day: i64, keys: [&str; 2], key: usize) {
    let start = now() - day * DAY;
    let Some(knot) = Knot::new(Algorithm::P256, start, 0) else { return };
    let keys = keys.map(|line| at_days(line, start));
    let (signer, made) = Signer::with_keys(Algorithm::P256, &[("old", &keys[0]), ("new", &keys[1])]);
    knot.accepts(&signer.sign(&knot.request(), Some(start)), &made[key]);
}

#[test]
fn knotd_loads_every_moment_of_a_rollover_by_double_signature() {
    let keys = [
        "timeline = { ds-until = {15}, sign-until = {25}, unpublish = {25} }",
        "timeline = { publish = {10}, sign-from = {10}, ds-from = {15} }",
    ];
    for (day, key) in [(5, 0), (12, 1), (20, 1), (30, 1)] {
        knot_rolls_at(day, keys, key);
    }
}

#[test]
fn knotd_loads_every_moment_of_a_rollover_by_double_ds() {
    let keys = [
        "timeline = { ds-until = {25}, sign-until = {15}, unpublish = {15} }",
        "timeline = { ds-from = {10}, publish = {15}, sign-from = {15} }",
    ];
    for (day, key) in [(12, 0), (20, 1), (30, 1)] {
        knot_rolls_at(day, keys, key);
    }
}

#[test]
fn knotd_loads_every_moment_of_a_rollover_by_pre_publication() {
    // From day 20 to day 25 the old key is there and signs no more; its DS stays until nobody has its signatures.
    let keys = [
        "timeline = { ds-until = {21}, sign-until = {20}, unpublish = {25} }",
        "timeline = { publish = {5}, sign-from = {20}, ds-from = {10} }",
    ];
    for (day, key) in [(7, 0), (15, 0), (22, 1), (30, 1)] {
        knot_rolls_at(day, keys, key);
    }
}

#[test]
fn knotd_loads_the_delete_forms_of_cds_and_cdnskey() {
    let start = now() - 12 * DAY;
    let Some(knot) = Knot::new(Algorithm::P256, start, 0) else { return };
    let signer = Signer::new(Algorithm::P256);
    signer.change_profile("policy = \"peer\"\n", &at_days("policy = \"peer\"\ndelete-ds-from = {10}\n", start));
    let skr = signer.sign(&knot.request(), Some(start));
    assert!(active(&bundles(&skr), now()).asks_for_no_ds(), "{skr}");
    knot.accepts(&skr, &signer.key);
}
