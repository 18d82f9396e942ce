//! Zones, keys, requests and profiles for tests: a valid chain of two quarters in each format.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use ed25519_dalek::{Signer as _, SigningKey};

use super::{JobInput, Plan, PlannedJob, Previous, build};
use crate::dns::{Algorithm, DigestType, Dnskey, Duration, Name, RrType, Rrsig, Time, key_rdatas, sha256};
use crate::exchange::{
    Format, Key, KeyParameters, Records, Request, RequestBundle, RequestKey, Response, RootRequest, Signature,
    SignatureAlgorithm, SignerPolicy,
};
use crate::profile::{
    HashIn, Hsm, KskPolicy, Limit, LoginKind, Media, Policy, Profile, RequestPolicy, Schedule, Schema, Signing, Slot,
    Timeline, Zone, ZoneKey,
};

/// TTL of the root's keys.
pub(crate) const ROOT_TTL: u32 = 172_800;
/// TTL of `example.`'s keys.
pub(crate) const TTL: u32 = 3600;

pub(crate) fn example() -> Name {
    "example.".parse().unwrap()
}

pub(crate) fn at(text: &str) -> Time {
    text.parse().unwrap()
}

/// When everything is judged: a month before the second quarter.
pub(crate) fn now() -> Time {
    at("2027-03-01T00:00:00Z")
}

pub(crate) fn days(days: u16) -> Duration {
    Duration::from_days(days)
}

pub(crate) fn after(time: Time, duration: Duration) -> Time {
    time.checked_add(duration).unwrap()
}

/// Ed25519 key number `seed`.
pub(crate) fn dnskey(seed: u8, flags: u16) -> Dnskey {
    let public = SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes().to_vec();
    Dnskey { flags, ..Dnskey::ksk(Algorithm::Ed25519, public) }
}

pub(crate) fn ksk(seed: u8) -> Dnskey {
    dnskey(seed, Dnskey::KSK)
}

pub(crate) fn zsk(seed: u8) -> Dnskey {
    dnskey(seed, Dnskey::ZSK)
}

/// Signs with the secret key of one of ours, found by its public key.
pub(crate) fn sign(key: &Dnskey, data: &[u8]) -> Vec<u8> {
    static SECRETS: LazyLock<BTreeMap<Vec<u8>, SigningKey>> = LazyLock::new(|| {
        let secrets = (0..=u8::MAX).map(|seed| SigningKey::from_bytes(&[seed; 32]));
        secrets.map(|secret| (secret.verifying_key().to_bytes().to_vec(), secret)).collect()
    });
    SECRETS.get(&key.key).map_or_else(|| vec![0; 64], |secret| secret.sign(data).to_bytes().to_vec())
}

/// The response of a job with every signature made.
pub(crate) fn signed(job: &PlannedJob) -> Response {
    let tasks = (0..job.signatures.len()).map(|index| job.task(index).unwrap());
    job.completed(tasks.map(|task| sign(&job.keys[task.key].dnskey, &task.data)).collect())
}

/// Makes the signatures of a response anew after its records or fields were changed.
pub(crate) fn sign_again(response: &mut Response) {
    let zone = response.zone.clone();
    for bundle in &mut response.bundles {
        let keys: Vec<Dnskey> = bundle.keys().iter().map(|key| key.dnskey.clone()).collect();
        for set in &mut bundle.sets {
            let rdatas = set.records.rdatas();
            for signature in &mut set.signatures {
                let key = keys.iter().find(|key| key.key_tag() == signature.rrsig.key_tag);
                if let Some(key) = key {
                    signature.rrsig.signature = sign(key, &signature.rrsig.signed_data(&zone, &rdatas));
                }
            }
        }
    }
}

/// From the beginning of a response another KSK is there and signs every set.
pub(crate) fn join(response: &mut Response, ksk: &Dnskey) {
    for set in response.bundles.iter_mut().flat_map(|bundle| &mut bundle.sets) {
        if let Records::Dnskey(keys) = &mut set.records {
            keys.push(Key { identifier: None, declared_tag: None, dnskey: ksk.clone() });
        }
        let mut signature = set.signatures[0].clone();
        (signature.rrsig.key_tag, signature.rrsig.algorithm) = (ksk.key_tag(), ksk.algorithm);
        set.signatures.push(signature);
    }
    sign_again(response);
}

/// Makes the proofs of possession anew, one for each key.
pub(crate) fn prove_again(request: &mut Request) {
    let made = at("2027-01-01T00:15:04Z");
    let zone = request.zone.clone();
    for bundle in &mut request.bundles {
        let rdatas = key_rdatas(bundle.keys.iter().map(|key| &key.key.dnskey));
        let proofs = bundle.keys.iter().map(|key| {
            let mut rrsig = Rrsig {
                type_covered: RrType::Dnskey,
                algorithm: key.key.dnskey.algorithm,
                labels: zone.label_count(),
                original_ttl: key.ttl,
                expiration: after(made, days(30)),
                inception: made,
                key_tag: key.key.dnskey.key_tag(),
                signer: zone.clone(),
                signature: Vec::new(),
            };
            rrsig.signature = sign(&key.key.dnskey, &rrsig.signed_data(&zone, &rdatas));
            Signature { identifier: key.key.identifier.clone(), ttl: key.ttl, rrsig }
        });
        bundle.signatures = proofs.collect();
    }
}

/// A ZSK as the root zone's request has it.
pub(crate) fn root_key(seed: u8) -> RequestKey {
    let dnskey = zsk(seed);
    let key = Key { identifier: Some(format!("zsk-{seed}")), declared_tag: Some(dnskey.key_tag()), dnskey };
    RequestKey { ttl: ROOT_TTL, key }
}

/// A request of the root zone's kind for a quarter from `first` on, with proofs of possession.
pub(crate) fn root_request(id: &str, first: Time, [old, now, next]: [u8; 3]) -> Request {
    let bundle = |index: u16| {
        let inception = after(first, days(10 * index));
        let seeds = match index {
            0 => vec![old, now],
            8 => vec![now, next],
            _ => vec![now],
        };
        RequestBundle {
            id: Some(format!("{id}-{index}")),
            inception,
            expiration: Some(after(inception, days(21))),
            keys: seeds.into_iter().map(root_key).collect(),
            signatures: Vec::new(),
        }
    };
    let mut request = Request {
        format: Format::RootXml,
        zone: Name::root(),
        root: Some(RootRequest {
            id: id.to_owned(),
            serial: 1,
            timestamp: None,
            zsk_policy: SignerPolicy {
                publish_safety: days(10),
                retire_safety: days(10),
                max_signature_validity: days(21),
                min_signature_validity: days(21),
                max_validity_overlap: days(12),
                min_validity_overlap: days(9),
                algorithms: vec![SignatureAlgorithm {
                    algorithm: Algorithm::Ed25519.number(),
                    parameters: KeyParameters::Eddsa { size: 256 },
                }],
            },
        }),
        bundles: (0..9).map(bundle).collect(),
        stamp: None,
        notices: Vec::new(),
    };
    prove_again(&mut request);
    request
}

fn profile(zone: Zone) -> Profile {
    Profile {
        sha256: sha256(b"profile"),
        name: "Test".to_owned(),
        hsm: Hsm {
            module: "/usr/lib/softhsm/libsofthsm2.so".into(),
            token_label: Some("ceremony".to_owned()),
            token_serial: None,
            login: LoginKind::Pin,
            env: BTreeMap::new(),
            mechanism: HashIn::Token,
            writable: Vec::new(),
            sign_within: Duration::from_seconds(30),
        },
        media: Media {
            request_label: "KSR".to_owned(),
            record_label: "RECORD".to_owned(),
            share_label: "SHARE".to_owned(),
            record_copies: 1,
        },
        quorum: None,
        sequence: None,
        required_roles: Vec::new(),
        document_bytes: 1 << 20,
        zones: BTreeMap::from([(zone.name.clone(), zone)]),
    }
}

fn zone_key(name: &str, seed: u8, timeline: Timeline) -> (String, ZoneKey) {
    let key = ZoneKey {
        name: name.to_owned(),
        label: format!("K{name}"),
        cka_id: None,
        algorithm: Algorithm::Ed25519,
        dnskey: Some(ksk(seed)),
        valid_from: Some(at("2026-01-01T00:00:00Z")),
        valid_until: None,
        timeline,
    };
    (name.to_owned(), key)
}

fn slot(publish: &[&str], sign: &[&str], revoke: &[&str]) -> Slot {
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Slot { publish: list(publish), sign: list(sign), revoke: list(revoke) }
}

fn schema(first: Slot, middle: Slot, last: Slot) -> Schema {
    let mut slots = vec![first];
    slots.extend(std::iter::repeat_n(middle, 7));
    slots.push(last);
    Schema { slots }
}

/// The root zone as practised, with Ed25519 keys.
pub(crate) fn root_profile() -> Profile {
    let usual = slot(&["current"], &["current"], &[]);
    let both = slot(&["current", "next"], &["current"], &[]);
    let rolled = slot(&["current", "next"], &["next"], &[]);
    let revoked = slot(&["current", "next"], &["current", "next"], &["current"]);
    let schemas = BTreeMap::from([
        ("normal".to_owned(), schema(usual.clone(), usual.clone(), usual.clone())),
        ("pre-publish".to_owned(), schema(usual, both.clone(), both.clone())),
        ("rollover".to_owned(), schema(both.clone(), rolled.clone(), rolled)),
        ("revoke".to_owned(), schema(both, revoked, slot(&["next"], &["next"], &[]))),
    ]);
    let ksk = KskPolicy {
        publish_safety: Duration::from_seconds(0),
        retire_safety: days(28),
        min_signature_validity: days(21),
        max_signature_validity: days(21),
        min_validity_overlap: days(9),
        max_validity_overlap: days(16),
    };
    let request = RequestPolicy {
        num_bundles: Limit::Is(9),
        num_keys_per_bundle: Limit::Is(vec![2, 1, 1, 1, 1, 1, 1, 1, 2]),
        num_different_keys_in_all_bundles: Limit::Is(3),
        approved_algorithms: vec![Algorithm::Ed25519],
        rsa_approved_key_sizes: Limit::Is(vec![2048]),
        rsa_approved_exponents: Limit::Is(vec![65537]),
        min_cycle_inception_length: Limit::Is(days(79)),
        max_cycle_inception_length: Limit::Is(days(81)),
        min_bundle_interval: Limit::Is(days(9)),
        max_bundle_interval: Limit::Is(days(11)),
        min_signature_validity: Limit::Is(days(21)),
        max_signature_validity: Limit::Is(days(21)),
        min_validity_overlap: Limit::Is(days(9)),
        max_validity_overlap: Limit::Is(days(12)),
        signature_horizon_days: Limit::Is(180),
    };
    let timeline = Timeline::default();
    profile(Zone {
        name: Name::root(),
        policy_name: "root".to_owned(),
        policy: Policy { ttl: ROOT_TTL, request, signing: Signing::Schemas { schemas, ksk } }.into(),
        delete_ds_from: None,
        rfc5011: true,
        keys: [zone_key("current", 101, timeline), zone_key("next", 102, timeline)].into(),
    })
}

/// The second quarter of the root, with the first quarter's response before it.
pub(crate) fn root_input() -> JobInput {
    let mut earlier = JobInput {
        request: root_request("q1", at("2027-01-01T00:00:00Z"), [1, 2, 3]),
        request_sha256: sha256(b"q1"),
        previous: Previous::First,
        head: None,
        schema: Some("normal".to_owned()),
        until: None,
    };
    let previous = previous(&root_profile(), &earlier);
    earlier.request = root_request("q2", at("2027-04-01T00:00:00Z"), [2, 3, 4]);
    JobInput { request_sha256: sha256(b"q2"), head: Some(sha256(b"previous")), previous, ..earlier }
}

fn previous(profile: &Profile, input: &JobInput) -> Previous {
    let plan = build(profile, std::slice::from_ref(input), at("2026-12-01T00:00:00Z"), "test").unwrap();
    Previous::Response { response: signed(&plan.jobs[0]), sha256: sha256(b"previous") }
}

pub(crate) fn root_plan() -> Plan {
    build(&root_profile(), &[root_input()], now(), "claviger test").unwrap()
}

fn scheduled(inception_offset: u32) -> Profile {
    let request = RequestPolicy {
        num_bundles: Limit::Unchecked,
        num_keys_per_bundle: Limit::Unchecked,
        num_different_keys_in_all_bundles: Limit::Unchecked,
        approved_algorithms: vec![Algorithm::Ed25519],
        rsa_approved_key_sizes: Limit::Unchecked,
        rsa_approved_exponents: Limit::Unchecked,
        min_cycle_inception_length: Limit::Unchecked,
        max_cycle_inception_length: Limit::Unchecked,
        min_bundle_interval: Limit::Unchecked,
        max_bundle_interval: Limit::Unchecked,
        min_signature_validity: Limit::Unchecked,
        max_signature_validity: Limit::Is(days(21)),
        min_validity_overlap: Limit::Unchecked,
        max_validity_overlap: Limit::Unchecked,
        signature_horizon_days: Limit::Is(400),
    };
    let schedule = Schedule {
        coverage: days(90),
        signatures_validity_dnskey: days(14),
        signatures_refresh: days(5),
        inception_offset: Duration::from_seconds(inception_offset),
        cds_digest_types: vec![DigestType::Sha256],
        cdnskey: true,
    };
    let distant = Some(at("2035-01-01T00:00:00Z"));
    let later = Timeline { publish: distant, ..Timeline::default() };
    profile(Zone {
        name: example(),
        policy_name: "tld".to_owned(),
        policy: Policy { ttl: TTL, request, signing: Signing::Schedule(schedule) }.into(),
        delete_ds_from: None,
        rfc5011: false,
        keys: [zone_key("current", 111, Timeline::default()), zone_key("next", 112, later)].into(),
    })
}

pub(crate) fn bind_profile() -> Profile {
    scheduled(3600)
}

pub(crate) fn knot_profile() -> Profile {
    scheduled(5400)
}

/// A request of BIND's or Knot's kind: `first` with one ZSK, the next one published 30 days later.
pub(crate) fn plain_request(format: Format, first: Time, [now, next]: [u8; 2]) -> Request {
    let key = |seed: u8| {
        let key = Key { identifier: None, declared_tag: None, dnskey: zsk(seed) };
        RequestKey { ttl: TTL, key }
    };
    let bundle = |day: u16, seeds: &[u8]| RequestBundle {
        id: None,
        inception: after(first, days(day)),
        expiration: None,
        keys: seeds.iter().copied().map(key).collect(),
        signatures: Vec::new(),
    };
    let mut bundles = vec![bundle(0, &[now]), bundle(30, &[now, next])];
    if format == Format::Knot {
        bundles.push(bundle(90, &[now, next]));
    }
    Request { format, zone: example(), root: None, bundles, stamp: None, notices: Vec::new() }
}

fn plain_input(profile: &Profile, format: Format) -> JobInput {
    let first = at("2027-01-01T00:00:00Z");
    let mut earlier = JobInput {
        request: plain_request(format, first, [11, 12]),
        request_sha256: sha256(b"q1"),
        previous: Previous::First,
        head: None,
        schema: None,
        until: None,
    };
    let previous = previous(profile, &earlier);
    earlier.request = plain_request(format, after(first, days(90)), [11, 12]);
    for bundle in &mut earlier.request.bundles {
        bundle.keys = earlier_keys();
    }
    JobInput { request_sha256: sha256(b"q2"), head: Some(sha256(b"previous")), previous, ..earlier }
}

fn earlier_keys() -> Vec<RequestKey> {
    let key = |seed: u8| RequestKey { ttl: TTL, key: Key { identifier: None, declared_tag: None, dnskey: zsk(seed) } };
    vec![key(11), key(12)]
}

pub(crate) fn bind_input() -> JobInput {
    plain_input(&bind_profile(), Format::Bind)
}

pub(crate) fn knot_input() -> JobInput {
    plain_input(&knot_profile(), Format::Knot)
}

pub(crate) fn bind_plan() -> Plan {
    build(&bind_profile(), &[bind_input()], now(), "claviger test").unwrap()
}

pub(crate) fn knot_plan() -> Plan {
    build(&knot_profile(), &[knot_input()], now(), "claviger test").unwrap()
}
