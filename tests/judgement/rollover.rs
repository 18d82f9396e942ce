//! A rollover of the root's kind: pre-publish, rollover, revoke, remove; each quarter's response the next one's previous.

use std::collections::BTreeMap;

use claviger::dns::{Algorithm, Dnskey, Duration, Name, RrType, Rrsig, Sha256Digest, Time, key_rdatas, sha256};
use claviger::exchange::{
    Format, Key, KeyParameters, Limits, Request, RequestBundle, RequestKey, Response, ResponseBundle, RootRequest,
    Signature, SignatureAlgorithm, SignerPolicy, read_request, read_response, write_request, write_response,
};
use claviger::plan::{JobInput, Previous, build};
use claviger::policy::{admit, check_plan, check_request, check_response};
use claviger::profile::{self, Profile};
use claviger::steps::Verdict;
use ed25519_dalek::{Signer as _, SigningKey};

use super::resolver::{Resolver, State};
use super::{assert_good, named};

const ROOT_ZONE: &str = include_str!("../../image/profiles/root-zone.toml");
const TTL: u32 = 172_800;
/// Numbers of the two KSKs.
const OLD: u8 = 101;
const NEW: u8 = 102;

pub(super) fn at(text: &str) -> Time {
    text.parse().unwrap()
}

fn days(time: Time, days: u16) -> Time {
    time.checked_add(Duration::from_days(days)).unwrap()
}

fn secret(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

pub(super) fn dnskey(number: u8, flags: u16) -> Dnskey {
    Dnskey { flags, ..Dnskey::ksk(Algorithm::Ed25519, secret(number).verifying_key().to_bytes().to_vec()) }
}

/// The shipped profile with keys of this test.
fn profile(current: u8, next: u8, change: impl Fn(String) -> String) -> Profile {
    let text = profile_text(current, next, change);
    profile::read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

fn profile_text(current: u8, next: u8, change: impl Fn(String) -> String) -> String {
    let (head, _) = ROOT_ZONE.split_once("[zones.\".\".keys.current]").unwrap();
    let head = head.replace("approved-algorithms = [\"RSASHA256\"]", "approved-algorithms = [\"ED25519\"]");
    let key = |name: &str, number: u8| {
        let dnskey = dnskey(number, Dnskey::KSK);
        format!("[zones.\".\".keys.{name}]\nlabel = \"K{number}\"\nalgorithm = \"ED25519\"\ndnskey = \"{dnskey}\"\n")
    };
    change(head) + &key("current", current) + &key("next", next)
}

/// The files for the quarter in which the new key takes over.
pub(super) struct Files {
    /// The profile.
    pub(super) profile: String,
    /// The request of the third quarter of 2027.
    pub(super) request: Vec<u8>,
    /// The response of the second one, which has published the new key.
    pub(super) previous: Vec<u8>,
}

/// The files for the schema `rollover`, with the time at which they are judged.
pub(super) fn files() -> (Files, &'static str) {
    let mut operator = Operator::default();
    let before = profile(OLD, NEW, |text| text);
    operator.quarter(1, "2027-01-01T00:00:00Z", "normal", &before);
    operator.quarter(2, "2027-04-01T00:00:00Z", "pre-publish", &before);
    let (previous, _) = operator.last.unwrap();
    let request = write_request(&request_with(&OfNumbers, 3, at("2027-07-01T00:00:00Z"))).unwrap();
    let previous = write_response(&previous).unwrap();
    (Files { profile: profile_text(OLD, NEW, |text| text), request, previous }, "2027-06-01T00:00:00Z")
}

/// The ZSK operator's keys, by number.
pub(super) trait Zsks {
    /// The key of that number.
    fn dnskey(&self, number: u8) -> Dnskey;
    /// Its signature.
    fn sign(&self, number: u8, data: &[u8]) -> Vec<u8>;
    /// What a request claims of them.
    fn claimed(&self) -> SignatureAlgorithm;
}

/// Ed25519 keys made of their numbers.
struct OfNumbers;

impl Zsks for OfNumbers {
    fn dnskey(&self, number: u8) -> Dnskey {
        dnskey(number, Dnskey::ZSK)
    }

    fn sign(&self, number: u8, data: &[u8]) -> Vec<u8> {
        secret(number).sign(data).to_bytes().to_vec()
    }

    fn claimed(&self) -> SignatureAlgorithm {
        let parameters = KeyParameters::Eddsa { size: 256 };
        SignatureAlgorithm { algorithm: Algorithm::Ed25519.number(), parameters }
    }
}

fn zsk_policy(claimed: SignatureAlgorithm) -> SignerPolicy {
    SignerPolicy {
        publish_safety: Duration::from_days(10),
        retire_safety: Duration::from_days(10),
        max_signature_validity: Duration::from_days(21),
        min_signature_validity: Duration::from_days(21),
        max_validity_overlap: Duration::from_days(12),
        min_validity_overlap: Duration::from_days(9),
        algorithms: vec![claimed],
    }
}

/// A quarter's request as it comes from the ZSK operator: written, and read again.
fn request(quarter: u8, first: Time) -> Request {
    read_request(&write_request(&request_with(&OfNumbers, quarter, first)).unwrap(), &Limits::default()).unwrap()
}

/// A quarter's request with proofs of possession by these keys.
pub(super) fn request_with(zsks: &dyn Zsks, quarter: u8, first: Time) -> Request {
    let bundles = (0..9_u16).map(|slot| {
        let inception = days(first, slot * 10);
        let numbers = match slot {
            0 => vec![quarter, quarter + 1],
            8 => vec![quarter + 1, quarter + 2],
            _ => vec![quarter + 1],
        };
        let keys: Vec<Dnskey> = numbers.iter().map(|number| zsks.dnskey(*number)).collect();
        let rdatas = key_rdatas(&keys);
        let made = first.checked_sub(Duration::from_days(60)).unwrap();
        let proofs = keys.iter().zip(&numbers).map(|(key, number)| {
            let mut rrsig = Rrsig {
                type_covered: RrType::Dnskey,
                algorithm: key.algorithm,
                labels: 0,
                original_ttl: TTL,
                expiration: days(made, 60),
                inception: made,
                key_tag: key.key_tag(),
                signer: Name::root(),
                signature: Vec::new(),
            };
            rrsig.signature = zsks.sign(*number, &rrsig.signed_data(&Name::root(), &rdatas));
            Signature { identifier: Some(format!("zsk-{number}")), ttl: TTL, rrsig }
        });
        let key = |(dnskey, number): (&Dnskey, &u8)| {
            let (identifier, declared_tag) = (Some(format!("zsk-{number}")), Some(dnskey.key_tag()));
            RequestKey { ttl: TTL, key: Key { identifier, declared_tag, dnskey: dnskey.clone() } }
        };
        RequestBundle {
            id: Some(format!("q{quarter}-{slot}")),
            inception,
            expiration: Some(days(inception, 21)),
            keys: keys.iter().zip(&numbers).map(key).collect(),
            signatures: proofs.collect(),
        }
    });
    let root =
        RootRequest { id: format!("q{quarter}"), serial: 0, timestamp: None, zsk_policy: zsk_policy(zsks.claimed()) };
    Request {
        format: Format::RootXml,
        zone: Name::root(),
        root: Some(root),
        bundles: bundles.collect(),
        stamp: None,
        notices: Vec::new(),
    }
}

/// All that was ever published, by inception: a newer bundle replaces an older one.
#[derive(Default)]
pub(super) struct Published(BTreeMap<Time, ResponseBundle>);

impl Published {
    pub(super) fn add(&mut self, response: &Response) {
        self.0.extend(response.bundles.iter().map(|bundle| (bundle.inception, bundle.clone())));
    }

    /// Asks every day of a time for the bundle in force; the days on which no chain of trust led to it.
    pub(super) fn days_without_chain(&self, resolver: &mut Resolver, from: &str, until: &str) -> Vec<Time> {
        let count = u16::try_from(at(until).seconds_since(at(from)) / 86_400).unwrap();
        let days = (0..count).map(|day| days(at(from), day).checked_add(Duration::from_seconds(3600)).unwrap());
        days.filter(|now| {
            let (_, bundle) = self.0.range(..=*now).next_back().unwrap();
            !resolver.query(*now, bundle)
        })
        .collect()
    }
}

/// The root zone's KSK operator: a chain of ceremonies.
#[derive(Default)]
struct Operator {
    /// The last response, and the SHA-256 of its file, as the record of that ceremony says.
    last: Option<(Response, Sha256Digest)>,
    published: Published,
}

impl Operator {
    /// One ceremony, forty days before its quarter; every check must pass.
    fn quarter(&mut self, number: u8, first: &str, schema: &str, profile: &Profile) {
        let warnings: &[&str] = if self.last.is_none() { &["KSR-FIRST"] } else { &[] };
        self.warned(number, first, schema, profile, warnings);
    }

    /// One in which these checks warn.
    fn warned(&mut self, number: u8, first: &str, schema: &str, profile: &Profile, warnings: &[&str]) {
        let now = at(first).checked_sub(Duration::from_days(40)).unwrap();
        let request = request(number, at(first));
        let previous = self.last.clone();
        let head = previous.as_ref().map(|(_, sha256)| *sha256);
        let previous = previous.map_or(Previous::First, |(response, sha256)| Previous::Response { response, sha256 });
        let request_sha256 = sha256(&write_request(&request).unwrap());
        let input = JobInput { request, request_sha256, previous, head, schema: Some(schema.to_owned()), until: None };
        let mut findings = check_request(profile, &input, now, 2);
        let plan = build(profile, std::slice::from_ref(&input), now, "test").unwrap();
        findings.extend(check_plan(profile, std::slice::from_ref(&input), &plan, now));
        assert_good(&findings, warnings, schema);
        let admitted = admit(plan, &findings).unwrap();
        let job = &admitted.plan().jobs[0];
        let signatures = (0..job.signatures.len()).map(|index| {
            let task = job.task(index).unwrap();
            let key = [OLD, NEW].map(secret).into_iter();
            let key = key.into_iter().find(|key| key.verifying_key().to_bytes()[..] == job.keys[task.key].dnskey.key);
            key.unwrap().sign(&task.data).to_bytes().to_vec()
        });
        let octets = write_response(&job.completed(signatures.collect())).unwrap();
        let response = read_response(&octets, &Limits::default()).unwrap();
        assert_good(&check_response(profile, job, &response, now, 2), &[], schema);
        self.published.add(&response);
        self.last = Some((response, sha256(&octets)));
    }
}

#[test]
fn a_resolver_follows_the_rollover_to_the_new_key_and_forgets_the_old_one() {
    let mut operator = Operator::default();
    let before = profile(OLD, NEW, |text| text);
    operator.quarter(1, "2027-01-01T00:00:00Z", "normal", &before);
    operator.quarter(2, "2027-04-01T00:00:00Z", "pre-publish", &before);
    operator.quarter(3, "2027-07-01T00:00:00Z", "rollover", &before);
    operator.quarter(4, "2027-10-01T00:00:00Z", "revoke", &before);
    // After the rollover the keys change their names.
    operator.quarter(5, "2028-01-01T00:00:00Z", "normal", &profile(NEW, 103, |text| text));

    let (old, new) = (dnskey(OLD, Dnskey::KSK), dnskey(NEW, Dnskey::KSK));
    let mut resolver = Resolver::trusting(&old);
    for (from, until, states) in [
        ("2027-01-01T00:00:00Z", "2027-04-11T00:00:00Z", (Some(State::Valid), None)),
        (
            "2027-04-11T00:00:00Z",
            "2027-05-11T00:00:00Z",
            (Some(State::Valid), Some(State::AddPend(at("2027-04-11T01:00:00Z")))),
        ),
        ("2027-05-11T00:00:00Z", "2027-10-11T00:00:00Z", (Some(State::Valid), Some(State::Valid))),
        (
            "2027-10-11T00:00:00Z",
            "2027-11-10T00:00:00Z",
            (Some(State::Revoked(at("2027-10-11T01:00:00Z"))), Some(State::Valid)),
        ),
        ("2027-11-10T00:00:00Z", "2028-04-01T00:00:00Z", (Some(State::Removed), Some(State::Valid))),
    ] {
        let dark = operator.published.days_without_chain(&mut resolver, from, until);
        assert!(dark.is_empty(), "no chain of trust on {dark:?}");
        assert_eq!((resolver.state(&old), resolver.state(&new)), states, "before {until}");
    }

    // Who was set up with the new key sees no difference; who slept through the rollover needs a new anchor.
    let mut other = Resolver::trusting(&new);
    assert!(
        operator.published.days_without_chain(&mut other, "2027-07-11T00:00:00Z", "2028-04-01T00:00:00Z").is_empty()
    );
    let mut late = Resolver::trusting(&old);
    let dark = operator.published.days_without_chain(&mut late, "2027-12-20T00:00:00Z", "2028-04-01T00:00:00Z");
    assert_eq!((dark.len(), late.state(&new)), (103, None));
}

#[test]
fn a_key_that_signs_within_the_hold_down_leaves_resolvers_in_the_dark() {
    // As the root zone's own profile has it, ten days of publication are enough, and people are warned.
    let mut operator = Operator::default();
    let hasty = profile(OLD, NEW, |text| text);
    operator.quarter(1, "2027-01-01T00:00:00Z", "normal", &hasty);
    let before = operator.last.clone();
    operator.warned(2, "2027-04-01T00:00:00Z", "rollover", &hasty, &["SKR-HOLD-DOWN"]);
    let mut resolver = Resolver::trusting(&dnskey(OLD, Dnskey::KSK));
    let dark = operator.published.days_without_chain(&mut resolver, "2027-01-01T00:00:00Z", "2027-07-01T00:00:00Z");
    assert_eq!(dark.first(), Some(&at("2027-04-11T01:00:00Z")));

    // A publish-safety as long as the hold-down refuses that.
    let careful = profile(OLD, NEW, |text| text.replace("publish-safety = \"PT0S\"", "publish-safety = \"P30D\""));
    let (response, sha256) = before.unwrap();
    let input = JobInput {
        request: request(2, at("2027-04-01T00:00:00Z")),
        request_sha256: Sha256Digest::ZERO,
        previous: Previous::Response { response, sha256 },
        head: Some(sha256),
        schema: Some("rollover".to_owned()),
        until: None,
    };
    let now = at("2027-03-01T00:00:00Z");
    let plan = build(&careful, std::slice::from_ref(&input), now, "test").unwrap();
    let findings = check_plan(&careful, &[input], &plan, now);
    assert_eq!(named(&findings, Verdict::Fail), ["KSR-POLICY-SAFETY"], "{findings:#?}");
}

#[test]
fn a_genuine_but_older_response_is_not_the_head_of_the_record() {
    let mut operator = Operator::default();
    let profile = profile(OLD, NEW, |text| text);
    operator.quarter(1, "2027-01-01T00:00:00Z", "normal", &profile);
    let (stale, stale_sha256) = operator.last.clone().unwrap();
    // The same quarter is answered anew: both responses are genuine, and both fit what follows.
    operator.last = None;
    operator.quarter(1, "2027-01-01T00:00:00Z", "pre-publish", &profile);
    let (_, head) = operator.last.clone().unwrap();
    let input = JobInput {
        request: request(2, at("2027-04-01T00:00:00Z")),
        request_sha256: Sha256Digest::ZERO,
        previous: Previous::Response { response: stale, sha256: stale_sha256 },
        head: Some(head),
        schema: Some("normal".to_owned()),
        until: None,
    };
    let findings = check_request(&profile, &input, at("2027-03-01T00:00:00Z"), 2);
    assert_eq!(named(&findings, Verdict::Fail), ["KSR-CHAIN-HEAD"], "{findings:#?}");
}
