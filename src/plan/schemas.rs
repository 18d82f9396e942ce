//! Responses of the root zone's kind: the request has the times, a schema says which KSKs stand in which slot.

use std::collections::{BTreeMap, BTreeSet};

use super::build::{Keys, Signer, Window};
use super::{JobInput, PlanError};
use crate::dns::{Dnskey, Name, Time};
use crate::exchange::{
    Format, Key, Records, RequestBundle, Response, ResponseBundle, RootResponse, SignatureAlgorithm, SignerPolicy,
};
use crate::profile::{KskPolicy, Schema, Slot};

/// The schema that is taken where none is named.
pub const USUAL_SCHEMA: &str = "normal";

/// The name of the schema and the response to `input`, still without signatures.
pub(super) fn respond(
    keys: &mut Keys<'_>,
    schemas: &BTreeMap<String, Schema>,
    ksk: &KskPolicy,
    input: &JobInput,
) -> Result<(String, Response), PlanError> {
    let zone_name = keys.zone();
    let zone = || zone_name.clone();
    let request = &input.request;
    let (name, schema) = chosen_schema(zone_name, schemas, input.schema.as_deref(), input.until)?;
    let root = request.root.as_ref().ok_or_else(|| PlanError::Incomplete { zone: zone(), part: "head" })?;
    if schema.slots.len() < request.bundles.len() {
        let (slots, bundles) = (schema.slots.len(), request.bundles.len());
        return Err(PlanError::Slots { zone: zone(), schema: name.to_owned(), slots, bundles });
    }
    let bundles = request.bundles.iter().zip(&schema.slots).map(|(asked, slot)| bundle(keys, asked, slot));
    let bundles = bundles.collect::<Result<Vec<_>, _>>()?;
    let response = Response {
        format: Format::RootXml,
        zone: zone(),
        root: Some(RootResponse {
            id: root.id.clone(),
            serial: root.serial,
            timestamp: None,
            ksk_policy: declared(ksk, &bundles),
            zsk_policy: root.zsk_policy.clone(),
        }),
        bundles,
        stamp: None,
    };
    Ok((name.to_owned(), response))
}

/// The schema for a request of a zone: the one named, the only one, or the usual one.
///
/// # Errors
/// [`PlanError::Schema`] where there is none such, and [`PlanError::NoUntil`] where an end of coverage was chosen, too: the
/// request has its times.
pub fn chosen_schema<'a>(
    zone: &Name,
    schemas: &'a BTreeMap<String, Schema>,
    name: Option<&str>,
    until: Option<Time>,
) -> Result<(&'a str, &'a Schema), PlanError> {
    if let Some(until) = until {
        return Err(PlanError::NoUntil { zone: zone.clone(), until });
    }
    let found = match (name, schemas.len()) {
        (Some(name), _) => schemas.get_key_value(name),
        (None, 1) => schemas.first_key_value(),
        (None, _) => schemas.get_key_value(USUAL_SCHEMA),
    };
    let (name, schema) = found.ok_or_else(|| PlanError::Schema {
        zone: zone.clone(),
        known: schemas.keys().cloned().collect::<Vec<_>>().join(", "),
        found: name.unwrap_or("none").to_owned(),
    })?;
    Ok((name.as_str(), schema))
}

fn bundle(keys: &mut Keys<'_>, asked: &RequestBundle, slot: &Slot) -> Result<ResponseBundle, PlanError> {
    let zone = keys.zone();
    let incomplete = || PlanError::Incomplete { zone: zone.clone(), part: "expiration in every bundle" };
    let expiration = asked.expiration.ok_or_else(incomplete)?;
    let mut set: Vec<Key> =
        asked.keys.iter().map(|zsk| Key { declared_tag: Some(zsk.key.dnskey.key_tag()), ..zsk.key.clone() }).collect();
    let mut signers = Vec::new();
    let names: BTreeSet<&String> = slot.publish.iter().chain(&slot.sign).chain(&slot.revoke).collect();
    for name in names {
        let (name, plain) = keys.use_key(name)?;
        let listed = |list: &[String]| list.iter().any(|listed| listed == name);
        let revoked = listed(&slot.revoke);
        let dnskey = if revoked { plain.revoked() } else { plain.clone() };
        set.push(Key { identifier: keys.label(name), declared_tag: Some(dnskey.key_tag()), dnskey: dnskey.clone() });
        if revoked || listed(&slot.sign) {
            signers.push(Signer::new(name, dnskey));
        }
    }
    set.sort_by_cached_key(|key| by_tag(&key.dnskey));
    signers.sort_by_cached_key(|signer| by_tag(&signer.dnskey));
    let window = Window { inception: asked.inception, expiration };
    let mut signed = keys.sign(Records::Dnskey(set), keys.policy().ttl, window, &signers);
    for (signature, signer) in signed.signatures.iter_mut().zip(&signers) {
        signature.identifier = keys.label(signer.name);
    }
    let id = asked.id.clone();
    Ok(ResponseBundle { id, inception: asked.inception, expiration: Some(expiration), sets: vec![signed] })
}

/// The order of keys and signatures: by tag, then by RDATA, so that the bytes are the same on every run.
fn by_tag(key: &Dnskey) -> (u16, Vec<u8>) {
    (key.key_tag(), key.rdata())
}

/// The KSK operator's policy with the algorithms of the KSKs that appear.
fn declared(ksk: &KskPolicy, bundles: &[ResponseBundle]) -> SignerPolicy {
    let keys = bundles.iter().flat_map(ResponseBundle::keys).filter(|key| key.dnskey.is_sep());
    let algorithms: BTreeSet<SignatureAlgorithm> = keys.filter_map(|key| SignatureAlgorithm::of(&key.dnskey)).collect();
    SignerPolicy {
        publish_safety: ksk.publish_safety,
        retire_safety: ksk.retire_safety,
        max_signature_validity: ksk.max_signature_validity,
        min_signature_validity: ksk.min_signature_validity,
        max_validity_overlap: ksk.max_validity_overlap,
        min_validity_overlap: ksk.min_validity_overlap,
        algorithms: algorithms.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{build, fixture};
    use super::*;

    fn planned(schema: &str) -> crate::plan::PlannedJob {
        let input = JobInput { schema: Some(schema.to_owned()), ..fixture::root_input() };
        build(&fixture::root_profile(), &[input], fixture::now(), "test").unwrap().jobs.remove(0)
    }

    #[test]
    fn keys_and_signatures_are_sorted_by_tag() {
        let job = planned("revoke");
        for bundle in &job.response.bundles {
            let tags: Vec<u16> = bundle.keys().iter().map(|key| key.dnskey.key_tag()).collect();
            assert!(tags.is_sorted(), "{tags:?}");
            let signatures = &bundle.sets[0].signatures;
            assert!(signatures.iter().map(|signature| signature.rrsig.key_tag).is_sorted());
        }
    }

    #[test]
    fn a_revoked_key_has_its_new_tag_in_key_and_signature() {
        let job = planned("revoke");
        let bundle = &job.response.bundles[1];
        let revoked = bundle.keys().iter().find(|key| key.dnskey.is_revoked()).unwrap();
        assert_eq!(revoked.dnskey.flags, 385);
        assert_eq!(revoked.declared_tag, Some(revoked.dnskey.key_tag()));
        let tags: Vec<u16> = bundle.sets[0].signatures.iter().map(|signature| signature.rrsig.key_tag).collect();
        assert_eq!(tags.len(), 2);
        assert!(tags.contains(&revoked.dnskey.key_tag()));
    }

    #[test]
    fn heads_and_windows_are_the_requests() {
        let input = fixture::root_input();
        let job = planned("normal");
        let (asked, answered) = (input.request.root.unwrap(), job.response.root.unwrap());
        assert_eq!((answered.id, answered.serial, answered.zsk_policy), (asked.id, asked.serial, asked.zsk_policy));
        assert_eq!(answered.ksk_policy.algorithms.len(), 1);
        for (asked, answered) in input.request.bundles.iter().zip(&job.response.bundles) {
            assert_eq!((&asked.id, asked.inception), (&answered.id, answered.inception));
            let rrsig = &answered.sets[0].signatures[0].rrsig;
            assert_eq!((rrsig.inception, Some(rrsig.expiration)), (asked.inception, asked.expiration));
        }
    }

    #[test]
    fn without_a_name_the_only_or_the_usual_schema_is_taken() {
        let mut input = fixture::root_input();
        input.schema = None;
        let mut profile = fixture::root_profile();
        let mut build = |input: &JobInput, keep: &[&str]| {
            if let crate::profile::Signing::Schemas { schemas, .. } =
                &mut std::sync::Arc::make_mut(&mut profile.zones.values_mut().next().unwrap().policy).signing
            {
                schemas.retain(|name, _| keep.contains(&name.as_str()));
            }
            build(&profile, std::slice::from_ref(input), fixture::now(), "test")
        };
        let schema = |plan: crate::plan::Plan| plan.jobs[0].schema.clone().unwrap();
        assert_eq!(build(&input, &["normal", "revoke", "rollover"]).map(schema).unwrap(), "normal");
        assert!(matches!(build(&input, &["revoke", "rollover"]), Err(PlanError::Schema { .. })));
        assert_eq!(build(&input, &["revoke"]).map(schema).unwrap(), "revoke");
        input.schema = Some("other".to_owned());
        assert!(matches!(build(&input, &["revoke"]), Err(PlanError::Schema { .. })));
        input.schema = None;
        input.until = Some(fixture::now());
        assert!(matches!(build(&input, &["revoke"]), Err(PlanError::NoUntil { .. })));
    }

    #[test]
    fn a_key_in_use_must_be_in_the_profile() {
        let mut profile = fixture::root_profile();
        profile.zones.values_mut().next().unwrap().keys.get_mut("next").unwrap().dnskey = None;
        let input = |schema: &str| JobInput { schema: Some(schema.to_owned()), ..fixture::root_input() };
        assert!(build(&profile, &[input("normal")], fixture::now(), "test").is_ok());
        let error = build(&profile, &[input("rollover")], fixture::now(), "test");
        assert!(matches!(error, Err(PlanError::NoDnskey { .. })));
    }
}
