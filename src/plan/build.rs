//! From requests and profile to a plan.

use std::collections::BTreeMap;

use super::{JobInput, Plan, PlanError, PlannedJob, PlannedKey, PlannedSignature, Previous, TokenName};
use super::{schedule, schemas};
use crate::dns::{Dnskey, Name, RrType, Rrsig, Time};
use crate::exchange::{Format, Records, Response, Signature, SignedSet};
use crate::profile::{Policy, Profile, Signing, Zone};

/// Makes the plan of a ceremony: one job for each input, in their order.
///
/// `judged_at` is the one time of the ceremony; with `program` it becomes the stamp of BIND's and Knot's responses.
///
/// # Errors
/// [`PlanError`] where profile, request and choices do not give a plan together.
pub fn build(profile: &Profile, inputs: &[JobInput], judged_at: Time, program: &str) -> Result<Plan, PlanError> {
    if inputs.is_empty() {
        return Err(PlanError::NoJobs);
    }
    let serial = profile.hsm.token_serial.clone().map(TokenName::Serial);
    let token = serial.or_else(|| profile.hsm.token_label.clone().map(TokenName::Label)).ok_or(PlanError::NoToken)?;
    let jobs = inputs.iter().map(|input| job(profile, input, judged_at, program)).collect::<Result<_, _>>()?;
    Ok(Plan { token, judged_at, jobs })
}

fn job(profile: &Profile, input: &JobInput, judged_at: Time, program: &str) -> Result<PlannedJob, PlanError> {
    let request = &input.request;
    let known = || profile.zones.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let zone = profile
        .zones
        .get(&request.zone)
        .ok_or_else(|| PlanError::UnknownZone { zone: request.zone.clone(), known: known() })?;
    let mut keys = Keys::new(zone);
    let (schema, response) = match (&zone.policy.signing, request.format) {
        (Signing::Schemas { schemas, ksk }, Format::RootXml) => {
            let (name, response) = schemas::respond(&mut keys, schemas, ksk, input)?;
            (Some(name), response)
        }
        (Signing::Schedule(schedule), Format::Bind | Format::Knot) => {
            (None, schedule::respond(&mut keys, schedule, input, judged_at, program)?)
        }
        (Signing::Schedule(_), Format::RootXml) => {
            let policy = zone.policy_name.clone();
            return Err(PlanError::NeedsSchemas { zone: zone.name.clone(), format: request.format, policy });
        }
        (Signing::Schemas { .. }, Format::Bind | Format::Knot) => {
            let policy = zone.policy_name.clone();
            return Err(PlanError::NeedsSchedule { zone: zone.name.clone(), format: request.format, policy });
        }
    };
    let (keys, signatures) = keys.finish(&response);
    Ok(PlannedJob {
        zone: zone.name.clone(),
        format: request.format,
        request_sha256: input.request_sha256,
        previous_sha256: match &input.previous {
            Previous::Response { sha256, .. } => Some(*sha256),
            Previous::First => None,
        },
        policy: zone.policy_name.clone(),
        schema,
        keys,
        response,
        signatures,
    })
}

/// The KSKs of a zone, and which of them a plan uses.
pub(super) struct Keys<'a> {
    zone: &'a Zone,
    used: BTreeMap<&'a str, Used<'a>>,
    /// For each signature of the response, in its order: the key that makes it.
    signers: Vec<&'a str>,
}

struct Used<'a> {
    dnskey: &'a Dnskey,
    signs: bool,
}

/// Who signs a set: the key's name in the profile, and the key as it stands in the RRset.
#[derive(Clone)]
pub(super) struct Signer<'a> {
    /// The name.
    pub(super) name: &'a str,
    /// The key with its flags.
    pub(super) dnskey: Dnskey,
    /// Its tag, computed once for many signatures.
    key_tag: u16,
}

impl<'a> Signer<'a> {
    pub(super) fn new(name: &'a str, dnskey: Dnskey) -> Self {
        Self { name, key_tag: dnskey.key_tag(), dnskey }
    }
}

/// The window of a signature.
#[derive(Clone, Copy)]
pub(super) struct Window {
    /// Begin of validity.
    pub(super) inception: Time,
    /// End of validity.
    pub(super) expiration: Time,
}

impl<'a> Keys<'a> {
    fn new(zone: &'a Zone) -> Self {
        Self { zone, used: BTreeMap::new(), signers: Vec::new() }
    }

    pub(super) const fn zone(&self) -> &'a Name {
        &self.zone.name
    }

    pub(super) fn policy(&self) -> &'a Policy {
        &self.zone.policy
    }

    pub(super) const fn profile(&self) -> &'a Zone {
        self.zone
    }

    /// The key of that name, which then appears in the plan.
    pub(super) fn use_key(&mut self, name: &str) -> Result<(&'a str, &'a Dnskey), PlanError> {
        let zone = || self.zone.name.clone();
        let Some((name, key)) = self.zone.keys.get_key_value(name) else {
            return Err(PlanError::UnknownKey { zone: zone(), key: name.to_owned() });
        };
        let dnskey = key.dnskey.as_ref().ok_or_else(|| PlanError::NoDnskey { zone: zone(), key: name.clone() })?;
        self.used.entry(name).or_insert(Used { dnskey, signs: false });
        Ok((name, dnskey))
    }

    /// A set with its planned signatures, in the order of `signers`.
    pub(super) fn sign(&mut self, records: Records, ttl: u32, window: Window, signers: &[Signer<'a>]) -> SignedSet {
        let (type_covered, labels) = (records.rr_type(), self.zone.name.label_count());
        let mut signatures = Vec::with_capacity(signers.len());
        for signer in signers {
            self.signers.push(signer.name);
            if let Some(used) = self.used.get_mut(signer.name) {
                used.signs = true;
            }
            let rrsig = Rrsig {
                type_covered,
                algorithm: signer.dnskey.algorithm,
                labels,
                original_ttl: ttl,
                expiration: window.expiration,
                inception: window.inception,
                key_tag: signer.key_tag,
                signer: self.zone.name.clone(),
                signature: Vec::new(),
            };
            signatures.push(Signature { identifier: None, ttl, rrsig });
        }
        SignedSet { ttl, records, signatures }
    }

    /// `CKA_LABEL` of a key, which the root zone's format shows.
    pub(super) fn label(&self, name: &str) -> Option<String> {
        self.zone.keys.get(name).map(|key| key.label.clone())
    }

    fn finish(self, response: &Response) -> (Vec<PlannedKey>, Vec<PlannedSignature>) {
        let index: BTreeMap<&str, usize> = self.used.keys().enumerate().map(|(index, name)| (*name, index)).collect();
        let places = response.bundles.iter().enumerate().flat_map(|(bundle, content)| {
            content.sets.iter().flat_map(move |set| {
                let rr_type: RrType = set.records.rr_type();
                (0..set.signatures.len()).map(move |signature| (bundle, rr_type, signature))
            })
        });
        let signatures = places.zip(&self.signers).filter_map(|((bundle, rr_type, signature), name)| {
            index.get(name).map(|key| PlannedSignature { bundle, rr_type, signature, key: *key })
        });
        let signatures = signatures.collect();
        let keys = self.used.into_iter().filter_map(|(name, used)| {
            let key = self.zone.keys.get(name)?;
            Some(PlannedKey {
                name: name.to_owned(),
                label: key.label.clone(),
                cka_id: key.cka_id.clone(),
                dnskey: used.dnskey.clone(),
                signs: used.signs,
            })
        });
        (keys.collect(), signatures)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn every_planned_signature_has_its_place_and_its_key() {
        for plan in [fixture::root_plan(), fixture::bind_plan(), fixture::knot_plan()] {
            let job = &plan.jobs[0];
            let count: usize =
                job.response.bundles.iter().flat_map(|bundle| &bundle.sets).map(|set| set.signatures.len()).sum();
            assert_eq!(job.signatures.len(), count);
            for planned in &job.signatures {
                let set = job.response.bundles[planned.bundle].set(planned.rr_type).unwrap();
                let tag = set.signatures[planned.signature].rrsig.key_tag;
                let key = &job.keys[planned.key];
                assert!(key.signs);
                assert!([key.dnskey.key_tag(), key.dnskey.revoked().key_tag()].contains(&tag));
            }
        }
    }

    #[test]
    fn formats_and_policies_that_do_not_fit_are_refused_with_advice() {
        let root = fixture::root_profile();
        let bind = fixture::bind_profile();
        let at = fixture::now();
        assert_eq!(build(&root, &[], at, "test"), Err(PlanError::NoJobs));
        let mut input = fixture::bind_input();
        input.request.zone = Name::root();
        let error = build(&root, &[input], at, "test").unwrap_err();
        assert!(matches!(error, PlanError::NeedsSchedule { format: Format::Bind, .. }), "{error}");
        let mut input = fixture::root_input();
        input.request.zone = fixture::example();
        let error = build(&bind, &[input.clone()], at, "test").unwrap_err();
        assert!(matches!(error, PlanError::NeedsSchemas { .. }), "{error}");
        input.request.zone = "other.".parse().unwrap();
        assert!(matches!(build(&bind, &[input], at, "test"), Err(PlanError::UnknownZone { .. })));
        let mut input = fixture::bind_input();
        input.schema = Some("normal".to_owned());
        assert!(matches!(build(&bind, &[input], at, "test"), Err(PlanError::NoSchemas { .. })));
        let mut profile = fixture::bind_profile();
        profile.hsm.token_label = None;
        assert_eq!(build(&profile, &[fixture::bind_input()], at, "test"), Err(PlanError::NoToken));
    }

    #[test]
    fn the_serial_number_wins_over_the_label() {
        let mut profile = fixture::bind_profile();
        profile.hsm.token_serial = Some("0042".to_owned());
        let plan = build(&profile, &[fixture::bind_input()], fixture::now(), "test").unwrap();
        assert_eq!(plan.token, TokenName::Serial("0042".to_owned()));
    }
}
