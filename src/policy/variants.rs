//! A valid chain passes; with one fault it is refused by exactly the check that names the fault.

mod alone;
mod faults;

use std::sync::Arc;

use self::faults::all;
use super::{Check, Finding, check_plan, check_request, check_response, check_response_alone, check_together};
use crate::dns::{Algorithm, AlgorithmNumber, DigestType, Dnskey, Ds, Duration, RrType, Time, hex, key_rdatas, sha256};
use crate::exchange::{
    Format, Key, KeyParameters, Records, Request, RequestKey, Response, SignatureAlgorithm, SignerPolicy,
    write_response,
};
use crate::plan::fixture::{self, after, at, days};
use crate::plan::{JobInput, Plan, Previous, build};
use crate::profile::{
    KskPolicy, Limit, Policy, Profile, RequestPolicy, Schedule, Schema, Signing, Timeline, Zone, ZoneKey,
};
use crate::steps::Verdict;

/// One ceremony from request to response, with places to break it.
struct Case {
    profile: Profile,
    input: JobInput,
    now: Time,
    break_plan: fn(&mut Plan),
    break_input: fn(&mut JobInput),
    break_response: fn(&mut Response),
}

impl Case {
    fn new(profile: Profile, input: JobInput) -> Self {
        Self { profile, input, now: fixture::now(), break_plan: |_| {}, break_input: |_| {}, break_response: |_| {} }
    }

    fn root() -> Self {
        Self::new(fixture::root_profile(), fixture::root_input())
    }

    fn bind() -> Self {
        Self::new(fixture::bind_profile(), fixture::bind_input())
    }

    fn knot() -> Self {
        Self::new(fixture::knot_profile(), fixture::knot_input())
    }

    fn zone(&mut self) -> &mut Zone {
        self.profile.zones.values_mut().next().unwrap()
    }

    fn key(&mut self, name: &str) -> &mut ZoneKey {
        self.zone().keys.get_mut(name).unwrap()
    }

    fn policy(&mut self) -> &mut Policy {
        Arc::make_mut(&mut self.zone().policy)
    }

    fn limits(&mut self) -> &mut RequestPolicy {
        &mut self.policy().request
    }

    fn schema(&mut self, name: &str) -> &mut Schema {
        self.input.schema = Some(name.to_owned());
        match &mut self.policy().signing {
            Signing::Schemas { schemas, .. } => schemas.get_mut(name).unwrap(),
            Signing::Schedule(_) => panic!("schemas"),
        }
    }

    fn ksk(&mut self) -> &mut KskPolicy {
        match &mut self.policy().signing {
            Signing::Schemas { ksk, .. } => ksk,
            Signing::Schedule(_) => panic!("schemas"),
        }
    }

    fn schedule(&mut self) -> &mut Schedule {
        match &mut self.policy().signing {
            Signing::Schedule(schedule) => schedule,
            Signing::Schemas { .. } => panic!("a schedule"),
        }
    }

    fn request(&mut self) -> &mut Request {
        &mut self.input.request
    }

    fn first(&self) -> Time {
        self.input.request.bundles[0].inception
    }

    fn claimed(&mut self) -> &mut SignerPolicy {
        &mut self.request().root.as_mut().unwrap().zsk_policy
    }

    fn previous(&mut self) -> &mut Response {
        match &mut self.input.previous {
            Previous::Response { response, .. } => response,
            Previous::First => panic!("a previous response"),
        }
    }

    /// All findings of the stages up to the first that refuses.
    fn findings(mut self) -> Vec<Finding> {
        let refused = |findings: &[Finding]| findings.iter().any(|finding| finding.verdict == Verdict::Fail);
        let mut findings = check_request(&self.profile, &self.input, self.now, 2);
        if refused(&findings) {
            return findings;
        }
        let mut plan = match build(&self.profile, std::slice::from_ref(&self.input), self.now, "test") {
            Ok(plan) => plan,
            Err(error) => {
                findings.push(Finding::unplanned(&error));
                return findings;
            }
        };
        (self.break_plan)(&mut plan);
        (self.break_input)(&mut self.input);
        findings.extend(check_plan(&self.profile, std::slice::from_ref(&self.input), &plan, self.now));
        if refused(&findings) {
            return findings;
        }
        let mut response = fixture::signed(&plan.jobs[0]);
        (self.break_response)(&mut response);
        findings.extend(check_response(&self.profile, &plan.jobs[0], &response, self.now, 3));
        findings
    }
}

fn named(findings: &[Finding], verdict: Verdict) -> Vec<&str> {
    let mut names: Vec<&str> =
        findings.iter().filter(|finding| finding.verdict == verdict).map(|finding| finding.check.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn root(change: impl FnOnce(&mut Case)) -> Case {
    let mut case = Case::root();
    change(&mut case);
    case
}

/// With the proofs of possession made anew.
fn proved(change: impl FnOnce(&mut Case)) -> Case {
    root(|case| {
        change(case);
        fixture::prove_again(&mut case.input.request);
    })
}

/// With one field of a proof in bundle 4 changed, and that proof made anew.
fn proof(change: impl FnOnce(&mut crate::exchange::Signature)) -> Case {
    root(|case| {
        let zone = case.request().zone.clone();
        let bundle = &mut case.request().bundles[3];
        let rdatas = key_rdatas(bundle.keys.iter().map(|key| &key.key.dnskey));
        let signature = &mut bundle.signatures[0];
        change(signature);
        let data = signature.rrsig.signed_data(&zone, &rdatas);
        signature.rrsig.signature = fixture::sign(&bundle.keys[0].key.dnskey, &data);
    })
}

/// With the previous response changed and signed again.
fn previous(change: impl FnOnce(&mut Response)) -> Case {
    root(|case| {
        change(case.previous());
        fixture::sign_again(case.previous());
    })
}

fn bind(change: impl FnOnce(&mut Case)) -> Case {
    let mut case = Case::bind();
    change(&mut case);
    case
}

fn knot(change: impl FnOnce(&mut Case)) -> Case {
    let mut case = Case::knot();
    change(&mut case);
    case
}

fn shift(request: &mut Request, bundle: usize, by: Duration) {
    let bundle = &mut request.bundles[bundle];
    bundle.inception = after(bundle.inception, by);
    bundle.expiration = bundle.expiration.map(|expiration| after(expiration, by));
}

fn moved(case: &mut Case, first: &str, seeds: [u8; 3]) {
    case.input.request = fixture::root_request("q2", at(first), seeds);
}

/// Another key with the same tag: two of its words are swapped.
fn same_tag(key: &Dnskey) -> Dnskey {
    let mut other = key.clone();
    other.key.swap(0, 2);
    other.key.swap(1, 3);
    other
}

fn dnskeys(plan: &mut Plan, bundle: usize) -> &mut Vec<crate::exchange::Key> {
    match &mut plan.jobs[0].response.bundles[bundle].sets[0].records {
        Records::Dnskey(keys) => keys,
        _ => panic!("DNSKEY first"),
    }
}

fn p256_ksk() -> Dnskey {
    Dnskey::ksk(Algorithm::EcdsaP256Sha256, vec![7; 64])
}

/// A key for a request of BIND or Knot.
fn plain(dnskey: Dnskey) -> RequestKey {
    RequestKey { ttl: fixture::TTL, key: Key { identifier: None, declared_tag: None, dnskey } }
}

/// The base point of P-256, whose private key is 1.
fn p256_zsk() -> RequestKey {
    let point = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
                 4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    plain(Dnskey { flags: Dnskey::ZSK, ..Dnskey::ksk(Algorithm::EcdsaP256Sha256, hex::decode(point).unwrap()) })
}

#[test]
fn a_valid_chain_passes_every_check_without_a_warning() {
    for case in [Case::root(), Case::bind(), Case::knot()] {
        let format = case.input.request.format;
        let findings = case.findings();
        assert!(named(&findings, Verdict::Fail).is_empty(), "{format}: {findings:#?}");
        assert!(named(&findings, Verdict::Warn).is_empty(), "{format}: {findings:#?}");
        for check in Check::ALL {
            assert!(findings.iter().any(|finding| finding.check == check.name()), "{format}: {}", check.name());
        }
        let silent = findings.iter().find(|f| f.verdict == Verdict::Skipped && f.reason.is_none());
        assert_eq!(silent, None, "a check that is skipped says why");
    }
}

#[test]
fn every_schema_of_a_rollover_passes() {
    for schema in ["normal", "pre-publish", "rollover", "revoke"] {
        let mut case = Case::root();
        case.schema(schema);
        let findings = case.findings();
        let expected: &[&str] = &[];
        assert_eq!(named(&findings, Verdict::Fail), expected, "{schema}: {findings:#?}");
    }
}

#[test]
fn every_fault_is_named_by_exactly_its_check() {
    for (name, check, case) in all() {
        let findings = case().findings();
        let refused: Vec<_> = findings.iter().filter(|finding| finding.verdict == Verdict::Fail).collect();
        assert_eq!(named(&findings, Verdict::Fail), [check.name()], "{name}: {refused:#?}");
    }
}

#[test]
fn faults_that_more_than_one_check_must_name_are_named_by_each() {
    let nothing_claimed = root(|c| c.claimed().algorithms.clear());
    assert_eq!(named(&nothing_claimed.findings(), Verdict::Fail), ["KSR-BUNDLE-KEYS", "KSR-POLICY-ALG"]);
    let empty = bind(|c| c.previous().bundles.clear());
    assert_eq!(named(&empty.findings(), Verdict::Fail), ["KSR-CHAIN-KEYS", "SKR-PREVIOUS"]);
    let backwards = previous(|p| {
        let bundle = &mut p.bundles[4];
        bundle.expiration = Some(bundle.inception);
        bundle.sets[0].signatures[0].rrsig.expiration = bundle.inception;
    });
    assert_eq!(named(&backwards.findings(), Verdict::Fail), ["SKR-PREVIOUS", "SKR-PREVIOUS-SIG"]);
    let no_set = root(|c| c.break_response = |r| r.bundles[4].sets.clear());
    assert_eq!(named(&no_set.findings(), Verdict::Fail), ["SKR-PLANNED", "SKR-SIGNED"]);
    let no_key = root(|c| c.break_response = |r| r.bundles[4].sets[0].signatures[0].rrsig.key_tag ^= 1);
    assert_eq!(named(&no_key.findings(), Verdict::Fail), ["SKR-PLANNED", "SKR-SIGNED", "SKR-VERIFY"]);
}

#[test]
fn a_zone_that_the_profile_does_not_have_is_refused_at_every_stage() {
    let (root, other, now) = (fixture::root_plan(), fixture::bind_profile(), fixture::now());
    let response = fixture::signed(&root.jobs[0]);
    let refused = |findings: &[Finding], check: &str, stage: &[Check]| {
        assert_eq!(named(findings, Verdict::Fail), [check]);
        for check in stage {
            assert!(findings.iter().any(|finding| finding.check == check.name()), "{}", check.name());
        }
    };
    let input = fixture::root_input();
    refused(&check_request(&other, &input, now, 2), "KSR-DOMAIN", Check::REQUEST);
    refused(&check_plan(&other, &[input], &root, now), "PLAN-INPUTS", Check::PLAN);
    refused(&check_response(&other, &root.jobs[0], &response, now, 2), "SKR-PLANNED", Check::RESPONSE);
    refused(&check_response_alone(&other, &response, now, 2), "SKR-PLANNED", Check::RESPONSE);
}

#[test]
fn every_check_that_can_refuse_has_a_variant() {
    let tested: Vec<Check> = all().into_iter().map(|(_, check, _)| check).collect();
    // These only warn.
    let warnings = [Check::KsrPolicyRollover, Check::KsrNotice, Check::KsrFirst, Check::SkrHoldDown, Check::SkrSize];
    for check in Check::ALL.iter().filter(|check| !warnings.contains(check)) {
        assert!(tested.contains(check), "{}", check.name());
    }
    assert!(all().len() >= 80, "{}", all().len());
}

#[test]
fn a_first_request_is_a_warning_and_skips_the_chain() {
    let mut case = Case::root();
    case.input.previous = Previous::First;
    case.input.head = None;
    let findings = case.findings();
    assert!(named(&findings, Verdict::Fail).is_empty());
    assert_eq!(named(&findings, Verdict::Warn), ["KSR-FIRST"]);
    let skipped: Vec<&str> = findings
        .iter()
        .filter(|finding| finding.reason.as_deref() == Some("first"))
        .map(|finding| finding.check.as_str())
        .collect();
    assert_eq!(
        skipped,
        [
            "KSR-CHAIN-HEAD",
            "SKR-PREVIOUS",
            "SKR-PREVIOUS-SIG",
            "KSR-CHAIN-KEYS",
            "KSR-CHAIN-OVERLAP",
            "KSR-POLICY-SAFETY"
        ]
    );
}

#[test]
fn warnings_name_what_is_odd() {
    let notices = root(|c| c.request().notices.push("a Signer element".into()));
    assert_eq!(named(&notices.findings(), Verdict::Warn), ["KSR-NOTICE"]);
    let lost = root(|c| c.input.previous = Previous::First);
    assert_eq!(named(&lost.findings(), Verdict::Warn), ["KSR-CHAIN-HEAD", "KSR-FIRST"]);
    let other = bind(|c| c.previous().format = Format::Knot);
    assert_eq!(named(&other.findings(), Verdict::Warn), ["SKR-PREVIOUS"]);
    let cut = bind(|c| c.input.until = Some(after(c.first(), days(20))));
    assert_eq!(named(&cut.findings(), Verdict::Warn), ["SKR-KEYS"]);
    let island = knot(|c| {
        let distant = Some(at("2035-01-01T00:00:00Z"));
        c.key("current").timeline.ds_from = distant;
    });
    assert_eq!(named(&island.findings(), Verdict::Warn), ["SKR-CHAIN"]);
    let leaving = knot(|c| c.zone().delete_ds_from = Some(after(c.first(), days(20))));
    assert_eq!(named(&leaving.findings(), Verdict::Warn), ["SKR-CHAIN"]);
    let hasty = root(|c| c.input.schema = Some("rollover".into()));
    assert_eq!(named(&hasty.findings(), Verdict::Warn), ["SKR-HOLD-DOWN"]);
    let large = bind(|c| {
        c.request().bundles[1].keys = (11..45).map(|seed| plain(fixture::zsk(seed))).collect();
    });
    assert_eq!(named(&large.findings(), Verdict::Warn), ["SKR-SIZE"]);
}

#[test]
fn a_response_that_the_next_ceremony_cannot_read_is_told() {
    for make in [Case::root, Case::bind, Case::knot] {
        let case = make();
        let limited = |octets: usize| {
            let mut case = make();
            case.profile.document_bytes = octets;
            case.findings()
        };
        let plan = build(&case.profile, std::slice::from_ref(&case.input), case.now, "test").unwrap();
        let octets = write_response(&fixture::signed(&plan.jobs[0])).unwrap().len();
        assert!(named(&limited(octets), Verdict::Warn).is_empty());
        let findings = limited(octets - 1);
        assert_eq!(named(&findings, Verdict::Warn), ["SKR-SIZE"]);
        let warning = findings.iter().find(|finding| finding.verdict == Verdict::Warn).unwrap();
        assert_eq!(warning.found.as_deref(), Some(format!("{octets} octets").as_str()));
    }
}

#[test]
fn a_key_that_signs_alone_is_trusted_before_where_resolvers_follow_the_zone() {
    let warned = |findings: &[Finding]| named(findings, Verdict::Warn).contains(&"SKR-HOLD-DOWN");
    // The previous response has published the next key for so many of its nine bundles, ten days apart.
    let after_bundles = |count: usize| {
        root(|c| {
            c.schema("rollover");
            for bundle in c.previous().bundles.iter_mut().rev().take(count) {
                if let Records::Dnskey(keys) = &mut bundle.sets[0].records {
                    keys.push(Key { identifier: Some("Knext".into()), declared_tag: None, dnskey: fixture::ksk(102) });
                }
            }
            fixture::sign_again(c.previous());
        })
    };
    // It signs alone in the second bundle, a hundred days after the first of the previous response.
    for (count, expected) in [(0, true), (1, true), (2, true), (3, false), (8, false), (9, false)] {
        let findings = after_bundles(count).findings();
        assert_eq!(warned(&findings), expected, "{count}: {findings:#?}");
    }
    let mut gap = after_bundles(8);
    if let Records::Dnskey(keys) = &mut gap.previous().bundles[7].sets[0].records {
        keys.pop();
    }
    fixture::sign_again(gap.previous());
    assert!(warned(&gap.findings()), "who is missing once waits anew");
    let mut alone = after_bundles(0);
    alone.zone().rfc5011 = false;
    assert!(!warned(&alone.findings()));
    let mut both = after_bundles(0);
    for slot in &mut both.schema("rollover").slots {
        slot.sign = vec!["current".into(), "next".into()];
    }
    assert!(!warned(&both.findings()), "a key that is trusted signs as well");
    let first = root(|c| {
        c.schema("rollover");
        c.input.previous = Previous::First;
        c.input.head = None;
    });
    assert!(!warned(&first.findings()), "what is there first may have been there for long");
}

#[test]
fn a_revoked_ksk_stays_until_resolvers_have_seen_it() {
    let hold_down = |findings: &[Finding]| {
        let told = |finding: &&Finding| finding.message.contains("before every resolver has seen");
        findings.iter().find(told).is_some_and(|finding| finding.check == "SKR-HOLD-DOWN")
    };
    // Revoked from the second bundle on for so many of them, ten days each.
    let revoked_for = |count: usize| {
        root(|c| {
            c.schema("revoke");
            for slot in c.schema("revoke").slots.iter_mut().skip(1 + count) {
                (slot.publish, slot.sign, slot.revoke) = (vec!["next".into()], vec!["next".into()], Vec::new());
            }
        })
    };
    for (count, expected) in [(1, true), (2, true), (3, false), (7, false)] {
        let findings = revoked_for(count).findings();
        assert!(named(&findings, Verdict::Fail).is_empty(), "{count}: {findings:#?}");
        assert_eq!(hold_down(&findings), expected, "{count}: {findings:#?}");
    }
    let mut alone = revoked_for(1);
    alone.zone().rfc5011 = false;
    assert!(!hold_down(&alone.findings()), "nobody follows it");
}

#[test]
fn a_revoked_algorithm_signs_until_its_zsk_is_gone() {
    // Another algorithm is in both bundles from the second on; its KSK is revoked in the third.
    let mut case = faults::other_algorithm(|publish, end| Timeline { publish, revoke: end, ..Timeline::default() });
    case.key("next").timeline.ds_until = case.key("next").timeline.publish;
    case.request().bundles[2].keys.push(p256_zsk());
    // The plan passes; this test's signer has no such key, which only the response shows.
    assert_eq!(named(&case.findings(), Verdict::Fail), ["SKR-VERIFY"]);
}

#[test]
fn all_zsks_at_once_are_a_warning() {
    let case = bind(|c| c.request().bundles[1].keys = vec![plain(fixture::zsk(13)), plain(fixture::zsk(14))]);
    assert_eq!(named(&case.findings(), Verdict::Warn), ["KSR-POLICY-ROLLOVER"]);
    let one = bind(|c| c.request().bundles[1].keys[0] = plain(fixture::zsk(13)));
    assert!(named(&one.findings(), Verdict::Warn).is_empty());
}

#[test]
fn a_ds_stands_alone_a_ttl_after_its_key_has_signed() {
    let swapped = |wait: Duration| {
        let case = knot(|c| {
            let publish = after(c.first(), days(10));
            let swap = after(publish, wait);
            c.key("current").timeline.ds_until = Some(swap);
            c.key("current").timeline.unpublish = Some(after(swap, days(10)));
            c.key("next").timeline = Timeline { publish: Some(publish), ds_from: Some(swap), ..Timeline::default() };
        });
        named(&case.findings(), Verdict::Fail).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(swapped(Duration::from_seconds(fixture::TTL - 1)), ["SKR-CHAIN"]);
    assert!(swapped(Duration::from_seconds(fixture::TTL)).is_empty());
}

#[test]
fn an_algorithm_that_cannot_be_used_is_refused_by_name() {
    for (number, why) in [
        (1, "1 (RSAMD5) must not sign"),
        (3, "3 (DSA) must not sign"),
        (5, "5 (RSASHA1) must not sign"),
        (6, "6 (DSA-NSEC3-SHA1) must not sign"),
        (7, "7 (RSASHA1-NSEC3-SHA1) must not sign"),
        (12, "12 (ECC-GOST) must not sign"),
        (16, "16 (ED448) cannot be verified"),
        (200, "200 is not known"),
    ] {
        let case = bind(|c| c.request().bundles[1].keys[1].key.dnskey.algorithm = AlgorithmNumber(number));
        let findings = case.findings();
        assert_eq!(named(&findings, Verdict::Fail), ["KSR-POLICY-ALG"]);
        let refused = findings.iter().find(|finding| finding.verdict == Verdict::Fail).unwrap();
        assert!(refused.message.contains(why), "{refused}");
        // The root zone's requests name algorithms before their keys do.
        let parameters = KeyParameters::Rsa { size: 2048, exponent: 65537 };
        let claim = SignatureAlgorithm { algorithm: AlgorithmNumber(number), parameters };
        let findings = root(|c| c.claimed().algorithms.push(claim)).findings();
        assert_eq!(named(&findings, Verdict::Fail), ["KSR-POLICY-ALG"]);
        let refused = findings.iter().find(|finding| finding.verdict == Verdict::Fail).unwrap();
        assert!(refused.message.contains(why), "{refused}");
    }
}

#[test]
fn a_tag_names_one_key_of_a_previous_response() {
    // Keys of one tag and algorithm: their words are the same in another order.
    let crowded = |at: usize| {
        previous(|p| {
            let Records::Dnskey(keys) = &mut p.bundles[4].sets[0].records else { panic!("DNSKEY first") };
            let mut other = keys.iter().find(|key| key.dnskey.is_sep()).unwrap().clone();
            other.identifier = Some("Kother".into());
            other.dnskey.key.rotate_left(2);
            keys.insert(at.min(keys.len()), other);
        })
    };
    for at in [0, usize::MAX] {
        assert_eq!(named(&crowded(at).findings(), Verdict::Fail), ["SKR-PREVIOUS-SIG"], "{at}");
    }
}

#[test]
fn two_bundles_of_one_time_are_bind_s_own_and_go_on() {
    let twice = |case: &mut Case| {
        let response = case.previous();
        let mut second = response.bundles[3].clone();
        second.id = second.id.map(|id| id + "-again");
        response.bundles.insert(4, second);
    };
    for format in [Case::bind, Case::knot] {
        let mut case = format();
        twice(&mut case);
        let findings = check_request(&case.profile, &case.input, case.now, 2);
        assert!(named(&findings, Verdict::Fail).is_empty(), "{findings:#?}");
    }
    let mut case = Case::root();
    case.limits().num_bundles = Limit::Unchecked;
    twice(&mut case);
    assert_eq!(named(&case.findings(), Verdict::Fail), ["SKR-PREVIOUS"]);
}

#[test]
fn a_rollover_by_double_ds_may_fall_between_two_responses() {
    let seam = |wanted: bool| {
        let mut case = Case::knot();
        let first = case.first();
        let next = fixture::ksk(112);
        if wanted {
            for set in case.previous().bundles.iter_mut().flat_map(|bundle| &mut bundle.sets) {
                match &mut set.records {
                    Records::Cdnskey(keys) => keys.push(next.clone()),
                    Records::Cds(list) => list.push(next.ds(&fixture::example(), DigestType::Sha256)),
                    Records::Dnskey(_) => {}
                }
            }
            fixture::sign_again(case.previous());
        }
        case.key("current").timeline.unpublish = Some(first);
        case.key("current").timeline.ds_until = Some(after(first, days(10)));
        let from = at("2026-12-01T00:00:00Z");
        case.key("next").timeline = Timeline { publish: Some(first), ds_from: Some(from), ..Timeline::default() };
        let findings = case.findings();
        named(&findings, Verdict::Fail).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(seam(true).is_empty(), "{:?}", seam(true));
    assert_eq!(seam(false), ["SKR-CHAIN"], "the timeline says it, the response does not");
}

#[test]
fn forged_earlier_bundles_do_not_make_a_key_look_old() {
    // Another key signs alone at once; bundles by a stranger before the previous response show it for long.
    let hasty = |forged: bool| {
        let mut case = Case::knot();
        case.zone().rfc5011 = true;
        if forged {
            let stranger = fixture::ksk(103);
            for bundle in case.previous().bundles.iter_mut().take(5) {
                for set in &mut bundle.sets {
                    if let Records::Dnskey(keys) = &mut set.records {
                        keys.retain(|key| !key.dnskey.is_sep());
                        keys.push(Key { identifier: None, declared_tag: None, dnskey: stranger.clone() });
                    }
                    set.signatures[0].rrsig.key_tag = stranger.key_tag();
                }
            }
            fixture::sign_again(case.previous());
        }
        let findings = check_request(&case.profile, &case.input, case.now, 2);
        named(&findings, Verdict::Fail).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(hasty(false).is_empty());
    assert_eq!(hasty(true), ["SKR-PREVIOUS"]);
}

#[test]
fn two_algorithms_that_both_sign_everything_are_admitted() {
    let case = bind(|c| {
        c.limits().approved_algorithms.push(Algorithm::EcdsaP256Sha256);
        c.request().bundles[1].keys.push(p256_zsk());
        let from = c.input.request.bundles[1].inception;
        c.key("next").dnskey = Some(p256_ksk());
        c.key("next").timeline.publish = Some(from);
    });
    // The plan passes; this test's signer has no such key, which only the response shows.
    assert_eq!(named(&case.findings(), Verdict::Fail), ["SKR-VERIFY"]);
}

#[test]
fn findings_do_not_depend_on_the_number_of_threads() {
    let mut case = Case::root();
    case.request().bundles[2].signatures[0].rrsig.signature[0] ^= 1;
    case.request().bundles[7].signatures[0].rrsig.signature[0] ^= 1;
    let judged = |threads| check_request(&case.profile, &case.input, case.now, threads);
    assert_eq!(judged(1), judged(2));
    assert_eq!(judged(1), judged(64));
}

#[test]
fn a_bind_rollover_by_double_signature_is_admitted() {
    let case = bind(|c| {
        let first = c.first();
        c.key("next").timeline = Timeline { publish: Some(after(first, days(10))), ..Timeline::default() };
        c.key("current").timeline.unpublish = Some(after(first, days(40)));
        c.schedule().cdnskey = false;
    });
    assert!(named(&case.findings(), Verdict::Fail).is_empty());
}

#[test]
fn the_revoked_form_of_a_ksk_must_not_clash_either() {
    let ksk = fixture::ksk(101);
    let mut zsk = Dnskey { flags: Dnskey::ZSK, ..ksk.clone() };
    // One flag less, 128 for the revocation more: the same sum in another key.
    let word = u16::from_be_bytes([zsk.key[0], zsk.key[1]]);
    zsk.key[..2].copy_from_slice(&(word + 129).to_be_bytes());
    assert_eq!(zsk.key_tag(), ksk.revoked().key_tag());
    let mut plan = fixture::root_plan();
    dnskeys(&mut plan, 4)[0].dnskey = ksk;
    dnskeys(&mut plan, 4)[1].dnskey = zsk;
    let findings = check_plan(&fixture::root_profile(), &[fixture::root_input()], &plan, fixture::now());
    assert!(named(&findings, Verdict::Fail).contains(&"SKR-KEY-TAGS"));
}

#[test]
fn every_check_of_a_stage_reports_at_that_stage() {
    let reports = |findings: &[Finding], stage: &[Check]| {
        for check in stage {
            assert!(findings.iter().any(|finding| finding.check == check.name()), "{}", check.name());
        }
    };
    for case in [Case::root(), Case::bind(), Case::knot()] {
        let inputs = [case.input];
        let plan = build(&case.profile, &inputs, case.now, "test").unwrap();
        let response = fixture::signed(&plan.jobs[0]);
        reports(&check_request(&case.profile, &inputs[0], case.now, 2), Check::REQUEST);
        reports(&check_plan(&case.profile, &inputs, &plan, case.now), Check::PLAN);
        reports(&check_response(&case.profile, &plan.jobs[0], &response, case.now, 2), Check::RESPONSE);
        reports(&check_response_alone(&case.profile, &response, case.now, 2), Check::RESPONSE);
    }
}

#[test]
fn several_jobs_report_by_zone() {
    let (mut profile, root) = (fixture::root_profile(), fixture::root_input());
    profile.zones.extend(fixture::bind_profile().zones);
    let inputs = [root, fixture::bind_input()];
    let plan = build(&profile, &inputs, fixture::now(), "test").unwrap();
    let findings = check_plan(&profile, &inputs, &plan, fixture::now());
    assert!(named(&findings, Verdict::Fail).is_empty());
    for zone in [". ", "example. "] {
        assert!(findings.iter().filter(|finding| finding.message.starts_with(zone)).count() >= Check::PLAN.len());
    }
    let findings = check_plan(&profile, &inputs[..1], &plan, fixture::now());
    assert_eq!(named(&findings, Verdict::Fail), ["PLAN-INPUTS"]);
}

#[test]
fn each_of_several_requests_for_one_zone_is_warned_of_and_told_from_the_others() {
    let (mut profile, root) = (fixture::root_profile(), fixture::root_input());
    profile.zones.extend(fixture::bind_profile().zones);
    let (first, mut second) = (fixture::bind_input(), fixture::bind_input());
    second.request_sha256 = sha256(b"the second one");
    let alone = [root.clone(), first.clone()];
    assert!(check_together(&alone).is_empty());
    let inputs = [first, root, second];
    let plan = build(&profile, &inputs, fixture::now(), "test").unwrap();
    let findings = check_plan(&profile, &inputs, &plan, fixture::now());
    assert!(named(&findings, Verdict::Fail).is_empty());
    let warned: Vec<Finding> = findings
        .into_iter()
        .filter(|finding| finding.check == "PLAN-INPUTS" && finding.verdict == Verdict::Warn)
        .collect();
    assert_eq!(warned, check_together(&inputs));
    let [first, second] = &warned[..] else { panic!("{warned:?}") };
    assert!(first.message.starts_with("example. another request"), "{first}");
    assert!(second.message.starts_with("example. an earlier request"), "{second}");
    let both = format!("{}, {}", inputs[0].request_sha256, inputs[2].request_sha256);
    assert_eq!((&first.found, &second.found), (&Some(both.clone()), &Some(both)));
}
