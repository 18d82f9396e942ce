//! A response judged alone, without the plan that it came from.

use crate::dns::{RrType, Time};
use crate::exchange::Response;
use crate::plan::{PlannedJob, PlannedKey, PlannedSignature};
use crate::policy::{self, Check, Finding};
use crate::profile::{Profile, Zone};
use crate::steps::Verdict;

/// What the checks of a response say of it. Which keys sign is taken from the response itself, so that permissions,
/// signatures, times and coverage are judged; that it is as planned cannot be.
pub(super) fn check(profile: &Profile, response: &Response, now: Time, threads: usize) -> Vec<Finding> {
    let zone = profile.zone(&response.zone);
    let claimed = claimed(response, zone);
    let mut findings = policy::check_response(profile, &claimed, response, now, threads);
    let planned = |finding: &Finding| finding.check == Check::SkrPlanned.name() && finding.verdict == Verdict::Pass;
    for finding in findings.iter_mut().filter(|finding| planned(finding)) {
        finding.verdict = Verdict::Skipped;
        finding.reason = Some("there is no plan beside the response".to_owned());
        finding.message = "not checked".to_owned();
    }
    findings.extend(zone.map(|zone| check_keys(zone, response)));
    findings
}

/// The response as if it were its own plan, with those of its KSKs that the profile has.
fn claimed(response: &Response, zone: Option<&Zone>) -> PlannedJob {
    let keys: Vec<PlannedKey> = zone
        .into_iter()
        .flat_map(|zone| zone.keys.values())
        .filter_map(|key| {
            let dnskey = key.dnskey.clone()?;
            let (name, label, cka_id) = (key.name.clone(), key.label.clone(), key.cka_id.clone());
            Some(PlannedKey { name, label, cka_id, dnskey, signs: true })
        })
        .collect();
    let mut signatures = Vec::new();
    for (bundle, at) in response.bundles.iter().enumerate() {
        for (signature, made) in at.set(RrType::Dnskey).iter().flat_map(|set| &set.signatures).enumerate() {
            let tag = made.rrsig.key_tag;
            let signs = |key: &PlannedKey| key.dnskey.key_tag() == tag || key.dnskey.revoked().key_tag() == tag;
            if let Some(key) = keys.iter().position(signs) {
                signatures.push(PlannedSignature { bundle, rr_type: RrType::Dnskey, signature, key });
            }
        }
    }
    PlannedJob {
        zone: response.zone.clone(),
        format: response.format,
        request_sha256: crate::dns::Sha256Digest::ZERO,
        previous_sha256: None,
        policy: zone.map(|zone| zone.policy_name.clone()).unwrap_or_default(),
        schema: None,
        keys,
        response: response.clone(),
        signatures,
    }
}

/// Every KSK must be one of the profile's: whoever signs with another key is somebody else.
fn check_keys(zone: &Zone, response: &Response) -> Finding {
    let known =
        |key: &[u8]| zone.keys.values().any(|known| known.dnskey.as_ref().is_some_and(|known| known.key == key));
    let mut foreign = response.bundles.iter().enumerate().flat_map(|(index, bundle)| {
        let keys = bundle.keys().iter().map(|key| &key.dnskey);
        keys.filter(|key| key.is_sep() && !known(&key.key)).map(move |key| (index, bundle, key))
    });
    let check = Check::SkrKeys.name();
    match foreign.next() {
        None => Finding::new(check, Verdict::Pass, "every KSK is one of the profile's"),
        Some((index, bundle, key)) => {
            let expected: Vec<String> = zone
                .keys
                .values()
                .filter_map(|key| Some(format!("{} ({})", key.dnskey.as_ref()?.key_tag(), key.name)))
                .collect();
            Finding {
                bundle: Some(policy::BundleRef { index: index + 1, id: bundle.id.clone() }),
                expected: Some(expected.join(", ")),
                found: Some(key.key_tag().to_string()),
                ..Finding::new(check, Verdict::Fail, "a KSK is not one of the profile's")
            }
        }
    }
}
