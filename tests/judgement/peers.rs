//! Requests and responses that BIND and Knot made themselves, over rollovers of ZSKs and KSKs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use claviger::dns::{Algorithm, DigestType, Dnskey, Duration, RrType, Time, sha256};
use claviger::exchange::{Format, Limits, Records, Request, Response, ResponseBundle, read_request, read_response};
use claviger::plan::{JobInput, Previous, build};
use claviger::policy::{check_plan, check_request, check_response_alone};
use claviger::profile::{self, Profile, Signing, Timeline, ZoneKey};
use claviger::steps::Verdict;

use super::common::skip::skip;
use super::{assert_good, named};

const BIND: &str = include_str!("../../image/profiles/tld-bind.toml");
const KNOT: &str = include_str!("../../image/profiles/tld-knot.toml");
/// The key rollover of BIND's own signer, which BIND's own server cannot load.
const ONE_SIGNS: &str = "bind-alg13-kskroll";

struct Sample {
    name: String,
    request: Request,
    response: Response,
    profile: Profile,
}

fn samples() -> Vec<Sample> {
    let Some(samples) = std::env::var_os("CLAVIGER_SAMPLES") else {
        skip("CLAVIGER_SAMPLES does not name the folder of real files");
        return Vec::new();
    };
    let folders = ["bind", "knot"].map(|peer| fs::read_dir(Path::new(&samples).join(peer)).unwrap());
    let mut folders: Vec<PathBuf> = folders.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert!(folders.len() >= 10, "{folders:?}");
    folders.into_iter().map(|folder| sample(&folder)).collect()
}

fn sample(folder: &Path) -> Sample {
    let octets = |name: &str| fs::read(folder.join(name)).unwrap();
    let request = read_request(&octets("ksr.txt"), &Limits::default()).unwrap();
    let response = read_response(&octets("skr.txt"), &Limits::default()).unwrap();
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    let profile = profile_of(&response);
    Sample { name, request, response, profile }
}

/// A shipped profile with zone, KSKs and timelines as the response has them.
fn profile_of(response: &Response) -> Profile {
    let bind = response.format == Format::Bind;
    let mut profile = profile::read(if bind { BIND } else { KNOT }.as_bytes()).unwrap();
    let (_, mut zone) = profile.zones.pop_first().unwrap();
    let (_, model) = zone.keys.pop_first().unwrap();
    zone.keys.clear();
    let bundles = &response.bundles;
    for bundle in bundles {
        for key in bundle.keys().iter().map(|key| &key.dnskey).filter(|key| key.is_sep()) {
            let name = format!("k{}", key.key_tag());
            let algorithm = key.algorithm.known().unwrap();
            let (dnskey, timeline) = (Some(key.clone()), timeline(bundles, key));
            let (label, cka_id, valid_from) = (name.clone(), None, None);
            let key =
                ZoneKey { name: name.clone(), label, cka_id, algorithm, dnskey, valid_from, timeline, ..model.clone() };
            zone.keys.insert(name, key);
        }
    }
    let has = |rr_type| bundles.iter().any(|bundle| bundle.set(rr_type).is_some());
    let policy = Arc::make_mut(&mut zone.policy);
    let Signing::Schedule(schedule) = &mut policy.signing else { panic!("a schedule") };
    let ends = bundles[0].sets[0].signatures[0].rrsig.expiration;
    let validity = u32::try_from(ends.seconds_since(bundles[0].inception)).unwrap();
    schedule.signatures_validity_dnskey = Duration::from_seconds(validity);
    schedule.signatures_refresh = Duration::from_days(5);
    schedule.inception_offset = Duration::from_seconds(if bind { 3600 } else { 5400 });
    schedule.cdnskey = has(RrType::Cdnskey);
    schedule.cds_digest_types = has(RrType::Cds).then_some(DigestType::Sha256).into_iter().collect();
    policy.ttl = bundles[0].sets[0].ttl;
    policy.request.approved_algorithms = Algorithm::ALL.to_vec();
    zone.name = response.zone.clone();
    profile.zones.insert(response.zone.clone(), zone);
    profile
}

/// The times of a key, as the bundles show them.
fn timeline(bundles: &[ResponseBundle], key: &Dnskey) -> Timeline {
    let silent = bundles.iter().all(|bundle| bundle.sets.len() == 1);
    let span = |holds: &dyn Fn(&ResponseBundle) -> bool| {
        let first = bundles.iter().position(holds);
        let last = bundles.iter().rposition(holds);
        let from =
            first.map_or_else(|| "2099-01-01T00:00:00Z".parse().ok(), |at| (at > 0).then(|| bundles[at].inception));
        (from, last.and_then(|at| bundles.get(at + 1)).map(|bundle| bundle.inception))
    };
    let (publish, unpublish) = span(&|bundle| bundle.keys().iter().any(|other| other.dnskey == *key));
    let (sign_from, sign_until) = span(&|bundle| {
        let set = bundle.set(RrType::Dnskey).unwrap();
        set.signatures.iter().any(|signature| signature.rrsig.key_tag == key.key_tag())
    });
    let (ds_from, ds_until) = span(&|bundle| match (bundle.set(RrType::Cdnskey), bundle.set(RrType::Cds)) {
        (Some(set), _) => matches!(&set.records, Records::Cdnskey(keys) if keys.contains(key)),
        (None, Some(set)) => {
            matches!(&set.records, Records::Cds(set) if set.iter().any(|ds| ds.key_tag == key.key_tag()))
        }
        (None, None) => silent, // CDS is off; the parent has the DS all the same
    });
    Timeline { publish, sign_from, ds_from, ds_until, sign_until, unpublish, revoke: None }
}

fn without_octets(bundle: &ResponseBundle) -> ResponseBundle {
    let mut bundle = bundle.clone();
    for signature in bundle.sets.iter_mut().flat_map(|set| &mut set.signatures) {
        signature.rrsig.signature.clear();
    }
    bundle
}

#[test]
fn what_bind_and_knot_made_is_judged_and_planned_as_they_did_it() {
    for Sample { name, request, response, profile } in samples() {
        let now = request.bundles[0].inception;
        let last: Time = response.bundles.last().unwrap().inception;
        let second = Duration::from_seconds(u32::from(request.format == Format::Bind));
        let input = JobInput {
            request_sha256: sha256(name.as_bytes()),
            previous: Previous::First,
            head: None,
            schema: None,
            until: last.checked_add(second),
            request,
        };
        assert_good(&check_request(&profile, &input, now, 2), &["KSR-FIRST"], &name);

        let refused: &[&str] = if name == ONE_SIGNS { &["SKR-IMPORT"] } else { &[] };
        let findings = check_response_alone(&profile, &response, now, 2);
        assert_eq!(named(&findings, Verdict::Fail), refused, "{name}: {findings:#?}");
        let plan = build(&profile, std::slice::from_ref(&input), now, "test").unwrap();
        let findings = check_plan(&profile, &[input], &plan, now);
        // There CDS changes with the second in which the new key begins to sign, too early for resolvers that have no
        // signature of it.
        let refused: &[&str] = if name == ONE_SIGNS { &["SKR-CHAIN", "SKR-IMPORT"] } else { &[] };
        assert_eq!(named(&findings, Verdict::Fail), refused, "{name}: {findings:#?}");

        // Under a rollover of their KSK the peers also begin bundles in which nothing changes; else all are the same.
        let ours = &plan.jobs[0].response.bundles;
        let theirs: Vec<ResponseBundle> = response.bundles.iter().map(without_octets).collect();
        let same = ours.iter().filter(|bundle| theirs.contains(bundle)).count();
        let enough = if name.ends_with("kskroll") { same > 10 } else { same == ours.len() && same == theirs.len() };
        assert!(enough, "{name}: {same} of {} and {} bundles are the same", ours.len(), theirs.len());
    }
}
