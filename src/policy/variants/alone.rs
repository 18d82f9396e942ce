//! A response of which no plan is at hand.

use super::*;

#[test]
fn a_response_without_a_plan_is_judged_by_the_profile() {
    for mut case in [Case::root(), Case::bind(), Case::knot()] {
        let before = at("2026-12-01T00:00:00Z");
        let response = case.previous().clone();
        let judged = |profile: &Profile, response: &Response| check_response_alone(profile, response, before, 2);
        let findings = judged(&case.profile, &response);
        assert!(named(&findings, Verdict::Fail).is_empty(), "{findings:#?}");
        assert_eq!(findings.iter().filter(|finding| finding.check == "SKR-PLANNED").count(), 1);
        let mut broken = response.clone();
        broken.bundles[2].sets[0].signatures[0].rrsig.signature[0] ^= 1;
        assert_eq!(named(&judged(&case.profile, &broken), Verdict::Fail), ["SKR-VERIFY"]);
        case.key("current").dnskey = Some(fixture::ksk(103));
        assert_eq!(named(&judged(&case.profile, &response), Verdict::Fail), ["SKR-KEY-USAGE", "SKR-KEYS"]);
    }
}

#[test]
fn a_fault_of_a_response_without_a_plan_is_named_by_its_check() {
    type Break = fn(&mut Response);
    let faults: [(Check, Break); 4] = [
        (Check::SkrImport, |r| {
            let set = &mut r.bundles[2].sets[1];
            set.ttl = 60;
            (set.signatures[0].ttl, set.signatures[0].rrsig.original_ttl) = (60, 60);
        }),
        (Check::SkrValidity, |r| {
            let rrsig = &mut r.bundles[2].sets[0].signatures[0].rrsig;
            rrsig.inception = after(rrsig.inception, days(1));
        }),
        (Check::SkrHorizon, |r| {
            let (from, until) = (at("2026-11-20T00:00:00Z"), at("2026-11-30T00:00:00Z"));
            r.bundles.truncate(1);
            r.bundles[0].inception = from;
            for signature in r.bundles[0].sets.iter_mut().flat_map(|set| &mut set.signatures) {
                (signature.rrsig.inception, signature.rrsig.expiration) = (from, until);
            }
        }),
        (Check::SkrCoverage, |r| drop(r.bundles.drain(3..6))),
    ];
    for (check, break_response) in faults {
        let mut case = Case::bind();
        let mut response = case.previous().clone();
        break_response(&mut response);
        fixture::sign_again(&mut response);
        let findings = check_response_alone(&case.profile, &response, at("2026-12-01T00:00:00Z"), 2);
        assert_eq!(named(&findings, Verdict::Fail), [check.name()], "{findings:#?}");
    }
}

/// A KSK and a ZSK with one tag.
fn twins() -> (Dnskey, Dnskey) {
    let (ksk, zsk) = (fixture::ksk(84), fixture::zsk(97));
    assert_eq!(ksk.key_tag(), zsk.key_tag());
    (ksk, zsk)
}

/// The response of a zone whose KSK has a tag in common with a ZSK, all signed by that ZSK.
fn signed_by_a_twin(mut case: Case) -> (Case, Response) {
    let (ksk, zsk) = twins();
    case.key("current").dnskey = Some(ksk.clone());
    let own = if case.input.request.format == Format::RootXml { fixture::ksk(101) } else { fixture::ksk(111) };
    let mut response = case.previous().clone();
    for bundle in &mut response.bundles {
        for set in &mut bundle.sets {
            match &mut set.records {
                Records::Dnskey(keys) => {
                    keys.iter_mut().filter(|key| key.dnskey == own).for_each(|key| key.dnskey = ksk.clone());
                    keys.insert(
                        0,
                        Key { identifier: Some("Kcurrent".into()), declared_tag: None, dnskey: zsk.clone() },
                    );
                }
                Records::Cdnskey(keys) => *keys = vec![ksk.clone()],
                Records::Cds(list) => *list = vec![ksk.ds(&fixture::example(), DigestType::Sha256)],
            }
            set.signatures.iter_mut().for_each(|signature| signature.rrsig.key_tag = ksk.key_tag());
        }
    }
    // The fixture signs with the first key of a tag.
    fixture::sign_again(&mut response);
    (case, response)
}

#[test]
fn a_zsk_with_the_tag_of_a_ksk_signs_for_nobody() {
    for case in [Case::root(), Case::bind(), Case::knot()] {
        let (mut case, response) = signed_by_a_twin(case);
        let findings = check_response_alone(&case.profile, &response, at("2026-12-01T00:00:00Z"), 2);
        assert_eq!(named(&findings, Verdict::Fail), ["SKR-KEY-TAGS", "SKR-VERIFY"], "{findings:#?}");
        *case.previous() = response;
        let findings = check_request(&case.profile, &case.input, case.now, 2);
        assert!(named(&findings, Verdict::Fail).contains(&"SKR-PREVIOUS-SIG"), "{findings:#?}");
    }
}

/// The findings on a response of BIND's kind without a plan, whose third bundle was changed.
fn judged_alone(case: &mut Case, change: &dyn Fn(&mut Records)) -> Vec<Finding> {
    let mut response = case.previous().clone();
    response.bundles[2].sets.iter_mut().for_each(|set| change(&mut set.records));
    fixture::sign_again(&mut response);
    check_response_alone(&case.profile, &response, at("2026-12-01T00:00:00Z"), 2)
}

#[test]
fn a_response_without_a_plan_asks_for_the_ds_of_the_profiles_keys_alone() {
    let (own, foreign) = (fixture::ksk(111), fixture::ksk(103));
    let cds = |ds: Ds| {
        judged_alone(&mut Case::bind(), &|records| {
            if let Records::Cds(list) = records {
                list.push(ds.clone());
            }
        })
    };
    let cdnskey = |key: Dnskey| {
        judged_alone(&mut Case::bind(), &|records| {
            if let Records::Cdnskey(keys) = records {
                keys.push(key.clone());
            }
        })
    };
    let refused: &[&str] = &["SKR-KEYS"];
    for digest_type in [DigestType::Sha256, DigestType::Sha384] {
        assert_eq!(named(&cds(foreign.ds(&fixture::example(), digest_type)), Verdict::Fail), refused);
    }
    let other_digest = |key: &Dnskey| Ds { digest_type: 1, ..key.ds(&fixture::example(), DigestType::Sha256) };
    assert_eq!(named(&cds(other_digest(&foreign)), Verdict::Fail), refused, "no digest makes a stranger one of ours");
    let findings = cds(other_digest(&own));
    assert!(named(&findings, Verdict::Fail).is_empty());
    assert_eq!(named(&findings, Verdict::Warn), refused, "a digest that cannot be made is told");
    for key in [foreign, own.revoked(), Dnskey { protocol: 4, ..own.clone() }] {
        assert_eq!(named(&cdnskey(key), Verdict::Fail), refused);
    }
}

#[test]
fn the_delete_forms_stand_alone_and_in_their_time() {
    let (own, ds) = (fixture::ksk(111), fixture::ksk(111).ds(&fixture::example(), DigestType::Sha256));
    let judged = |from: Option<u16>, keys: &[Dnskey], list: &[Ds]| {
        let mut case = Case::bind();
        let third = case.previous().bundles[2].inception;
        case.zone().delete_ds_from = from.map(|days| after(third, fixture::days(days)));
        let findings = judged_alone(&mut case, &|records| match records {
            Records::Cdnskey(old) => *old = keys.to_vec(),
            Records::Cds(old) => *old = list.to_vec(),
            Records::Dnskey(_) => {}
        });
        named(&findings, Verdict::Fail).contains(&"SKR-KEYS")
    };
    let (no_key, no_ds) = (Dnskey::delete(), Ds::delete());
    let alone = ([no_key.clone()], [no_ds.clone()]);
    assert!(!judged(Some(0), &alone.0, &alone.1));
    assert!(judged(None, &alone.0, &alone.1), "the profile never asks for it");
    assert!(judged(Some(1), &alone.0, &alone.1), "a day too early");
    assert!(judged(Some(0), &[own.clone(), no_key], &alone.1), "beside another CDNSKEY");
    assert!(judged(Some(0), &alone.0, &[ds.clone(), no_ds]), "beside another CDS");
    assert!(judged(Some(0), &[own], &alone.1), "CDNSKEY asks for what CDS removes");
    assert!(judged(Some(0), &alone.0, &[ds]), "CDS asks for what CDNSKEY removes");
}
