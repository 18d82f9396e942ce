//! Responses for BIND, imported by a running `named` and validated by its clients.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic, in its helpers too"
)]

mod common;

use common::claviger::Signer;
use common::peers::{Algorithm, Served, Server, Workplace, ZONE, ZONE_FILE, free_port, now, wait_for};
use common::rrsets::{Bundle, active, at_days, bundles, digits, sep_key, unix, with_flipped_signature};
use common::skip::skip;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// The operator's side of a zone in `named`: ZSKs, a request, and a server without KSK.
struct Bind {
    place: Workplace,
    algorithm: Algorithm,
    start: i64,
    end: i64,
}

impl Bind {
    /// Makes ZSKs with the real `dnssec-ksr` for sixty days from a start; none where BIND cannot run here.
    fn new(algorithm: Algorithm, start: i64, zsk_lifetime: &str) -> Option<Self> {
        let place = Workplace::new().map_err(|reason| skip(&reason)).ok()?;
        let name = algorithm.peer_name();
        let bits = algorithm.bits();
        let policy = format!(
            r#"dnssec-policy "offline" {{
    offline-ksk yes;
    keys {{
        ksk lifetime unlimited algorithm {name}{bits};
        zsk lifetime {zsk_lifetime} algorithm {name}{bits};
    }};
    dnskey-ttl PT1H;
    signatures-validity P14D;
    signatures-validity-dnskey P14D;
    signatures-refresh P5D;
    signatures-jitter 0;
    cdnskey yes;
    cds-digest-types {{ SHA-256; }};
}};
"#
        );
        place.write("policy.conf", &policy);
        place.write("run/zone.db", ZONE_FILE);
        place.write("zsk/.keep", "");
        place.write("ksk/.keep", "");
        let bind = Self { place, algorithm, start, end: start + 60 * DAY };
        bind.dnssec_ksr("zsk", &[], "keygen");
        Some(bind)
    }

    fn dnssec_ksr(&self, keys: &str, more: &[&str], command: &str) -> String {
        let (keys, policy) = (self.place.inside(keys), self.place.inside("policy.conf"));
        let (start, end) = (digits(self.start), digits(self.end));
        let mut words = vec!["-K", &keys, "-k", "offline", "-l", &policy, "-i", &start, "-e", &end];
        words.extend(more);
        words.extend([command, ZONE]);
        self.place.run("dnssec-ksr", &words).expect(command)
    }

    /// The request that goes to the ceremony.
    fn request(&self) -> String {
        self.dnssec_ksr("zsk", &[], "request")
    }

    /// BIND's own answer to a request, and its KSK.
    fn sign(&self, ksr: &str) -> (String, String) {
        self.place.write("ksr.txt", ksr);
        // With `dnssec-ksr keygen` there would be no CDS on the key's first day.
        let (folder, long_ago) = (self.place.inside("ksk"), digits(self.start - 30 * DAY));
        let name = self.algorithm.peer_name();
        let times = ["-P", &long_ago, "-A", &long_ago, "-P", "sync", &long_ago];
        let mut words = vec!["-q", "-K", &folder, "-a", name, "-f", "KSK"];
        words.extend(times);
        words.push(ZONE);
        let name = self.place.run("dnssec-keygen", &words).expect("dnssec-keygen");
        let key = sep_key(&self.place.read(&format!("ksk/{}.key", name.trim())));
        (self.dnssec_ksr("ksk", &["-f", &self.place.inside("ksr.txt")], "sign"), key)
    }

    /// Starts `named`, imports a response and hands over the port.
    fn serve(&self, skr: &str) -> (Server, u16) {
        let (port, control) = (free_port(), free_port());
        let secret = "key \"k\" { algorithm hmac-sha256; secret \"Y2xhdmlnZXItaW50ZXJvcC10ZXN0LWtleSE=\"; };";
        let file = |name: &str| self.place.inside(name);
        let conf = format!(
            r#"include "{policy}";
{secret}
controls {{ inet 127.0.0.1 port {control} allow {{ 127.0.0.1; }} keys {{ "k"; }}; }};
options {{
    directory "{run}"; pid-file "{run}/named.pid"; session-keyfile "{run}/session.key";
    listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
    recursion no; notify no; dnssec-validation no; empty-zones-enable no;
    allow-transfer {{ 127.0.0.1; }}; minimal-responses yes;
}};
zone "{ZONE}" {{
    type primary; file "zone.db"; key-directory "{zsk}";
    inline-signing yes; dnssec-policy "offline";
}};
"#,
            policy = file("policy.conf"),
            run = file("run"),
            zsk = file("zsk"),
        );
        self.place.write("named.conf", &conf);
        let rndc =
            format!("{secret}\noptions {{ default-server 127.0.0.1; default-port {control}; default-key \"k\"; }};\n");
        self.place.write("rndc.conf", &rndc);
        self.place.write("run/import.skr", skr);

        let mut server =
            self.place.start("named", &["-g", "-d", "1", "-n", "1", "-c", &file("named.conf")], "named.log");
        let up = wait_for(|| (server.log().contains("all zones loaded") || !server.runs()).then_some(()));
        assert!(up.is_some() && server.runs(), "named did not start:\n{}", server.log());
        // rndc ends with 0 whatever happened; what is served decides, and this only makes the reason known earlier.
        let said = self.place.run("rndc", &["-c", &file("rndc.conf"), "skr", "-import", &file("run/import.skr"), ZONE]);
        let said = format!("{}{}", said.stdout, said.stderr);
        assert!(
            !said.contains("failed") && !said.contains("does not have"),
            "rndc skr -import: {said}\n{}",
            server.log()
        );
        assert!(server.runs(), "named ended:\n{}", server.log());
        let served = Served { place: &self.place, port };
        assert!(served.is_signed(), "no signed DNSKEY RRset:\n{}", server.log());
        (server, port)
    }

    /// Serves a response and compares everything with it.
    fn accepts(&self, skr: &str, key: &str) {
        let (_server, port) = self.serve(skr);
        Served { place: &self.place, port }.is_right(active(&bundles(skr), now()), key);
    }
}

#[test]
fn the_rig_accepts_what_bind_signs_itself() {
    for algorithm in [Algorithm::Rsa2048, Algorithm::P256, Algorithm::Ed25519] {
        let Some(bind) = Bind::new(algorithm, now() - 60, "unlimited") else { return };
        let ksr = bind.request();
        let (skr, key) = bind.sign(&ksr);
        holds_at_every_boundary(&bundles(&ksr), &bundles(&skr), bind.end);
        bind.accepts(&skr, &key);
    }
}

#[test]
fn the_rig_accepts_what_bind_signs_itself_over_zsk_rollovers() {
    let Some(bind) = Bind::new(Algorithm::P256, now() - 25 * DAY, "P25D") else { return };
    let ksr = bind.request();
    assert_eq!(bundles(&ksr).len(), 4, "the start, a second key, the end of the first, a third key");
    let (skr, key) = bind.sign(&ksr);
    holds_at_every_boundary(&bundles(&ksr), &bundles(&skr), bind.end);
    bind.accepts(&skr, &key);
}

#[test]
fn the_rig_sees_one_flipped_octet_of_a_signature() {
    let Some(bind) = Bind::new(Algorithm::P256, now() - 60, "unlimited") else { return };
    let (skr, key) = bind.sign(&bind.request());
    let all = bundles(&skr);
    let active = active(&all, now());
    let damaged = with_flipped_signature(&skr, active);
    let differing = skr.bytes().zip(damaged.bytes()).filter(|(one, other)| one != other).count();
    assert_eq!((differing, skr.len()), (1, damaged.len()));

    // named takes it and serves it; the comparison and the validator must not.
    let (_server, port) = bind.serve(&damaged);
    let served = Served { place: &bind.place, port };
    assert!(served.serves(active).is_err());
    assert!(served.validates_from(&key).is_err());
    assert!(served.verifies_whole().is_err());
}

#[test]
fn the_rig_sees_a_foreign_key() {
    let Some(bind) = Bind::new(Algorithm::P256, now() - 60, "unlimited") else { return };
    let (skr, _) = bind.sign(&bind.request());
    let foreign = "257 3 13 oJMRESz5E4gYzS/q6XDrvU1qMPYIjCWzJaOau8XNEZeqCYKD5ar0IRd8KqXXFJkqmVfRvMGPmM1x8fGAa2XhSA==";
    let (_server, port) = bind.serve(&skr);
    assert!(Served { place: &bind.place, port }.validates_from(foreign).is_err());
}

/// Signs BIND's request here and brings the response into `named`.
fn bind_accepts_ours(algorithm: Algorithm, start: i64, zsk_lifetime: &str) {
    let Some(bind) = Bind::new(algorithm, start, zsk_lifetime) else { return };
    let signer = Signer::new(algorithm);
    let ksr = bind.request();
    // A start in the past is the day of the ceremony.
    let skr = signer.sign(&ksr, (start < now() - HOUR).then_some(start));
    holds_at_every_boundary(&bundles(&ksr), &bundles(&skr), bind.end);
    bind.accepts(&skr, &signer.key);
}

#[test]
fn named_serves_our_rsa_signatures() {
    bind_accepts_ours(Algorithm::Rsa2048, now() - 60, "unlimited");
}

#[test]
fn named_serves_our_p256_signatures() {
    bind_accepts_ours(Algorithm::P256, now() - 60, "unlimited");
}

#[test]
fn named_serves_our_rsa_sha_512_signatures() {
    bind_accepts_ours(Algorithm::Rsa2048Sha512, now() - 60, "unlimited");
}

#[test]
fn named_serves_our_p384_signatures() {
    bind_accepts_ours(Algorithm::P384, now() - 60, "unlimited");
}

#[test]
fn named_serves_our_ed25519_signatures() {
    bind_accepts_ours(Algorithm::Ed25519, now() - 60, "unlimited");
}

#[test]
fn named_serves_our_bundle_that_began_seconds_ago() {
    bind_accepts_ours(Algorithm::P256, now() - 9 * DAY - 2, "unlimited");
}

#[test]
fn named_serves_our_bundle_whose_successor_is_near() {
    bind_accepts_ours(Algorithm::P256, now() - 9 * DAY + 10 * 60, "unlimited");
}

#[test]
fn named_serves_our_bundles_over_zsk_rollovers() {
    bind_accepts_ours(Algorithm::Ed25519, now() - 25 * DAY, "P25D");
}

/// A KSK rollover whose moments lie so many days after the request's start; the server is started at one of them.
///
/// `keys` are lines of timelines, with `{N}` for the time N days after the start; `key` is the one that validates.
fn bind_rolls_at(day: i64, keys: [&str; 2], key: usize) {
    let start = now() - day * DAY;
    let Some(bind) = Bind::new(Algorithm::P256, start, "unlimited") else { return };
    let keys = keys.map(|line| at_days(line, start));
    let (signer, made) = Signer::with_keys(Algorithm::P256, &[("old", &keys[0]), ("new", &keys[1])]);
    let skr = signer.sign(&bind.request(), Some(start));
    bind.accepts(&skr, &made[key]);
}

/// Both sign from day 10 to day 25; the new DS is wanted from day 15 on, the old one until then.
const DOUBLE_SIGNATURE: [&str; 2] = [
    "timeline = { ds-until = {15}, sign-until = {25}, unpublish = {25} }",
    "timeline = { publish = {10}, sign-from = {10}, ds-from = {15} }",
];

/// Both DS are wanted from day 10 to day 25; the new key takes over on day 15.
const DOUBLE_DS: [&str; 2] = [
    "timeline = { ds-until = {25}, sign-until = {15}, unpublish = {15} }",
    "timeline = { ds-from = {10}, publish = {15}, sign-from = {15} }",
];

#[test]
fn named_loads_every_moment_of_a_rollover_by_double_signature() {
    for (day, key) in [(5, 0), (12, 0), (12, 1), (20, 1), (30, 1)] {
        bind_rolls_at(day, DOUBLE_SIGNATURE, key);
    }
}

#[test]
fn named_loads_every_moment_of_a_rollover_by_double_ds() {
    for (day, key) in [(5, 0), (12, 0), (20, 1), (30, 1)] {
        bind_rolls_at(day, DOUBLE_DS, key);
    }
}

#[test]
fn named_loads_the_revocation_of_a_key() {
    let keys = [
        "timeline = { ds-until = {15}, revoke = {20}, unpublish = {40} }",
        "timeline = { publish = {5}, sign-from = {5}, ds-from = {15} }",
    ];
    for day in [17, 22, 45] {
        bind_rolls_at(day, keys, 1);
    }
}

#[test]
fn named_loads_the_delete_forms_of_cds_and_cdnskey() {
    let start = now() - 12 * DAY;
    let Some(bind) = Bind::new(Algorithm::P256, start, "unlimited") else { return };
    let signer = Signer::new(Algorithm::P256);
    signer.change_profile("policy = \"peer\"\n", &at_days("policy = \"peer\"\ndelete-ds-from = {10}\n", start));
    let skr = signer.sign(&bind.request(), Some(start));
    assert!(active(&bundles(&skr), now()).asks_for_no_ds(), "{skr}");
    bind.accepts(&skr, &signer.key);
}

#[test]
fn what_named_cannot_load_is_refused_with_the_reason() {
    let start = now() - 60;
    let Some(bind) = Bind::new(Algorithm::P256, start, "unlimited") else { return };
    // Pre-publication: the new key is there on day 5 and signs from day 20 on.
    let new = at_days("timeline = { publish = {5}, sign-from = {20}, ds-from = {20} }", start);
    let (signer, _) = Signer::with_keys(Algorithm::P256, &[("old", ""), ("new", &new)]);
    let said = signer.refuses(&bind.request(), None);
    assert!(said.contains("SKR-IMPORT") && said.contains("named cannot load that"), "{said}");
}

/// What `named` demands of every bundle and of the step from each to the next.
fn holds_at_every_boundary(request: &[Bundle], response: &[Bundle], end: i64) {
    let (first, last) = (response.first().expect("a bundle"), response.last().expect("a bundle"));
    assert_eq!(first.time, request[0].time, "the first bundle begins with the request");
    assert!(response.windows(2).all(|pair| pair[0].time < pair[1].time), "bundles ascend");
    assert!(last.time + 14 * DAY >= end, "the last signatures reach the end of coverage");
    for asked in request {
        assert!(response.iter().any(|bundle| bundle.time == asked.time), "no bundle begins at {}", asked.time);
    }
    for pair in response.windows(2) {
        assert!(pair[1].time <= pair[0].time + (14 - 5) * DAY, "a bundle begins later than the refresh: {pair:#?}");
    }
    for bundle in response {
        let asked = active(request, bundle.time);
        let is_zsk = |record: &&common::rrsets::Record| record.rr_type == "DNSKEY" && !record.is_sep();
        let zsks = |bundle: &Bundle| -> Vec<String> {
            let mut keys: Vec<_> = bundle.records.iter().filter(is_zsk).map(|key| key.rdata.clone()).collect();
            keys.sort();
            keys
        };
        assert_eq!(zsks(bundle), zsks(asked), "the ZSKs at {}", bundle.time);
        assert!(bundle.records.iter().all(|record| record.ttl == 3600), "every TTL is the policy's");

        let seps = bundle.records.iter().filter(|record| record.is_sep()).count();
        assert_eq!(seps, 1);
        for rr_type in ["DNSKEY", "CDNSKEY", "CDS"] {
            let set = bundle.set(rr_type);
            let signatures: Vec<_> = set.iter().filter(|record| record.rr_type == "RRSIG").collect();
            assert_eq!(signatures.len(), seps, "every key with the SEP flag signs {rr_type} at {}", bundle.time);
            for signature in signatures {
                assert_eq!(unix(signature.field(4)), bundle.time + 14 * DAY, "expiration");
                assert_eq!(unix(signature.field(5)), bundle.time - HOUR, "inception");
            }
        }
    }
}
