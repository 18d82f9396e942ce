//! `plan.json`: a plan as canonical JSON (RFC 8785), and its hash.
//!
//! The fields of every structure here stand in the order of their names, and there are neither floats nor nulls: so what
//! is written is canonical.

use serde::{Serialize, Serializer};

use super::{Plan, PlannedJob, PlannedKey, PlannedSignature, TokenName};
use crate::dns::{DigestType, Dnskey, Ds, Duration, Name, Rrsig, Sha256Digest, Time, hex, sha256};
use crate::exchange::{Format, KeyParameters, Records, ResponseBundle, SignatureAlgorithm, SignerPolicy};

/// Version of the form of `plan.json`.
const VERSION: u32 = 1;

impl Plan {
    /// The octets of `plan.json`: canonical JSON (RFC 8785) without a final newline.
    ///
    /// It has the token, the inputs by SHA-256, and every action with the complete records and the SHA-256 of what is
    /// to be signed; numbers that could leave the range of 2^53 are strings. Bundles and jobs count from 1.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let document = Document {
            actions: Actions(&self.jobs),
            jobs: self.jobs.iter().map(Job::new).collect(),
            judged_at: self.judged_at,
            plan_version: VERSION,
            token: match &self.token {
                TokenName::Serial(serial) => Token::Serial(serial),
                TokenName::Label(label) => Token::Label(label),
            },
        };
        // Fails only for maps with other keys than strings and for failing `Serialize`, of which there are none here.
        serde_json::to_vec(&document).unwrap_or_default()
    }

    /// The plan hash: SHA-256 of [`Plan::to_json`], which people confirm.
    #[must_use]
    pub fn hash(&self) -> Sha256Digest {
        sha256(&self.to_json())
    }
}

#[derive(Serialize)]
struct Document<'a> {
    actions: Actions<'a>,
    jobs: Vec<Job<'a>>,
    judged_at: Time,
    plan_version: u32,
    token: Token<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Token<'a> {
    Label(&'a str),
    Serial(&'a str),
}

#[derive(Serialize)]
struct Job<'a> {
    bundles: usize,
    covered_until: Time,
    format: Format,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<Head<'a>>,
    keys_not_signing: Vec<Key<'a>>,
    policy: &'a str,
    previous_sha256: String,
    request_sha256: Sha256Digest,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'a str>,
    signatures: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    stamp: Option<Stamp<'a>>,
    zone: &'a Name,
}

#[derive(Serialize)]
struct Head<'a> {
    id: &'a str,
    ksk_policy: Policy,
    serial: String,
    zsk_policy: Policy,
}

#[derive(Serialize)]
struct Stamp<'a> {
    by: &'a str,
    time: Time,
}

impl<'a> Job<'a> {
    fn new(job: &'a PlannedJob) -> Self {
        let response = &job.response;
        let head = response.root.as_ref().map(|root| Head {
            id: &root.id,
            ksk_policy: Policy::new(&root.ksk_policy),
            serial: root.serial.to_string(),
            zsk_policy: Policy::new(&root.zsk_policy),
        });
        Self {
            bundles: response.bundles.len(),
            covered_until: job.covered_until(),
            format: job.format,
            head,
            keys_not_signing: job.keys.iter().filter(|key| !key.signs).map(|key| Key::new(job, key)).collect(),
            policy: &job.policy,
            previous_sha256: job.previous_sha256.map_or_else(|| "first".to_owned(), |digest| digest.to_string()),
            request_sha256: job.request_sha256,
            schema: job.schema.as_deref(),
            signatures: job.signatures.len(),
            stamp: response.stamp.as_ref().map(|stamp| Stamp { by: &stamp.by, time: stamp.time }),
            zone: &job.zone,
        }
    }
}

#[derive(Serialize)]
struct Policy {
    algorithms: Vec<Algorithm>,
    max_signature_validity: Duration,
    max_validity_overlap: Duration,
    min_signature_validity: Duration,
    min_validity_overlap: Duration,
    publish_safety: Duration,
    retire_safety: Duration,
}

#[derive(Serialize)]
struct Algorithm {
    algorithm: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    exponent: Option<String>,
    kind: &'static str,
    size: u32,
}

impl Policy {
    fn new(policy: &SignerPolicy) -> Self {
        Self {
            algorithms: policy.algorithms.iter().map(Algorithm::new).collect(),
            max_signature_validity: policy.max_signature_validity,
            max_validity_overlap: policy.max_validity_overlap,
            min_signature_validity: policy.min_signature_validity,
            min_validity_overlap: policy.min_validity_overlap,
            publish_safety: policy.publish_safety,
            retire_safety: policy.retire_safety,
        }
    }
}

impl Algorithm {
    fn new(algorithm: &SignatureAlgorithm) -> Self {
        let (kind, size, exponent) = match algorithm.parameters {
            KeyParameters::Rsa { size, exponent } => ("RSA", size, Some(exponent.to_string())),
            KeyParameters::Ecdsa { size } => ("ECDSA", size, None),
            KeyParameters::Eddsa { size } => ("EdDSA", size, None),
        };
        Self { algorithm: algorithm.algorithm.0, exponent, kind, size }
    }
}

#[derive(Serialize)]
struct Key<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    cka_id: Option<String>,
    dnskey: &'a Dnskey,
    ds: Ds,
    key_tag: u16,
    label: &'a str,
    name: &'a str,
}

impl<'a> Key<'a> {
    fn new(job: &PlannedJob, key: &'a PlannedKey) -> Self {
        Self {
            cka_id: key.cka_id.as_deref().map(hex::encode),
            dnskey: &key.dnskey,
            ds: key.dnskey.ds(&job.zone, DigestType::Sha256),
            key_tag: key.dnskey.key_tag(),
            label: &key.label,
            name: &key.name,
        }
    }
}

/// The actions of each job: the keys that the token must have, then every signature in order. There may be thousands, so
/// they are made one by one, as they are written.
struct Actions<'a>(&'a [PlannedJob]);

impl Serialize for Actions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().zip(1..).flat_map(|(job, number)| {
            let have = job.keys.iter().filter(|key| key.signs);
            let have = have.map(move |key| Action::Have { action: "have", job: number, key: Key::new(job, key) });
            let sign = job.signatures.iter().enumerate();
            have.chain(sign.filter_map(move |(index, planned)| sign_keyset(job, number, index, planned)))
        }))
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Action<'a> {
    Have {
        action: &'static str,
        job: usize,
        key: Key<'a>,
    },
    SignKeyset {
        action: &'static str,
        bundle: Bundle<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        identifier: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        identifiers: Option<Vec<&'a str>>,
        job: usize,
        key: &'a str,
        records: Lines<'a>,
        rr_type: &'static str,
        rrsig: Signature<'a>,
        sha256: Sha256Digest,
        ttl: u32,
    },
}

/// The signature number `index` of a job; none where the plan contradicts itself, which no check lets pass.
fn sign_keyset<'a>(job: &'a PlannedJob, number: usize, index: usize, planned: &PlannedSignature) -> Option<Action<'a>> {
    let bundle = job.response.bundles.get(planned.bundle)?;
    let set = bundle.set(planned.rr_type)?;
    let signature = set.signatures.get(planned.signature)?;
    let identifiers = match &set.records {
        Records::Dnskey(keys) => keys.iter().map(|key| key.identifier.as_deref()).collect(),
        Records::Cdnskey(_) | Records::Cds(_) => None,
    };
    Some(Action::SignKeyset {
        action: "sign-keyset",
        bundle: Bundle::new(planned.bundle, bundle),
        identifier: signature.identifier.as_deref(),
        identifiers,
        job: number,
        key: &job.keys.get(planned.key)?.name,
        records: Lines(&set.records),
        rr_type: planned.rr_type.mnemonic(),
        rrsig: Signature::new(signature.ttl, &signature.rrsig),
        sha256: sha256(&job.task(index)?.data),
        ttl: set.ttl,
    })
}

#[derive(Serialize)]
struct Bundle<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    inception: Time,
    index: usize,
}

impl<'a> Bundle<'a> {
    fn new(index: usize, bundle: &'a ResponseBundle) -> Self {
        let ResponseBundle { id, inception, expiration, .. } = bundle;
        Self { expiration: *expiration, id: id.as_deref(), inception: *inception, index: index + 1 }
    }
}

/// Records in presentation format.
struct Lines<'a>(&'a Records);

impl Serialize for Lines<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Records::Dnskey(keys) => serializer.collect_seq(keys.iter().map(|key| &key.dnskey)),
            Records::Cdnskey(keys) => serializer.collect_seq(keys),
            Records::Cds(list) => serializer.collect_seq(list),
        }
    }
}

/// An RRSIG without the octets that are still to be made.
#[derive(Serialize)]
struct Signature<'a> {
    algorithm: u8,
    expiration: Time,
    inception: Time,
    key_tag: u16,
    labels: u8,
    original_ttl: u32,
    signer: &'a Name,
    ttl: u32,
    type_covered: &'static str,
}

impl<'a> Signature<'a> {
    fn new(ttl: u32, rrsig: &'a Rrsig) -> Self {
        Self {
            algorithm: rrsig.algorithm.0,
            expiration: rrsig.expiration,
            inception: rrsig.inception,
            key_tag: rrsig.key_tag,
            labels: rrsig.labels,
            original_ttl: rrsig.original_ttl,
            signer: &rrsig.signer,
            ttl,
            type_covered: rrsig.type_covered.mnemonic(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::fixture;
    use super::*;

    #[test]
    fn the_hash_of_a_fixed_plan_never_changes() {
        let hashes =
            [fixture::root_plan(), fixture::bind_plan(), fixture::knot_plan()].map(|plan| plan.hash().to_string());
        assert_eq!(hashes, GOLDEN);
    }

    /// A change here means that plans of earlier versions cannot be recomputed: raise [`VERSION`] with it.
    const GOLDEN: [&str; 3] = [
        "e46f863f11581a618b6fe3f0d25c43717f5a3bcbe69e167bbb24932e6eec7a96",
        "1e43dabc0cd26a7f2327d9138b38d24a13445f949f894227a6ac010a72f96b81",
        "bea3c94b61840e2fca18fb6b63ae1ba11871d78d1ecafbbdcfc4b0a543d33a71",
    ];

    #[test]
    fn the_names_of_every_object_are_in_order() {
        for mut plan in [fixture::root_plan(), fixture::bind_plan(), fixture::knot_plan()] {
            plan.jobs[0].keys[0].cka_id = Some(vec![0xa1, 0x0f]);
            plan.jobs[0].schema = Some("normal".to_owned());
            let octets = plan.to_json();
            // The maps of this crate sort their names.
            let value: Value = serde_json::from_slice(&octets).unwrap();
            assert_eq!(value.to_string().into_bytes(), octets);
        }
    }

    #[test]
    fn every_action_is_in_the_plan() {
        let plan = fixture::root_plan();
        let value: Value = serde_json::from_slice(&plan.to_json()).unwrap();
        assert_eq!(value["plan_version"], 1);
        let actions = value["actions"].as_array().unwrap();
        assert_eq!(actions.len(), 1 + plan.count());
        assert_eq!(actions[0]["action"], "have");
        assert_eq!(actions[1]["action"], "sign-keyset");
        let data = plan.data(plan.tasks().next().unwrap()).unwrap();
        assert_eq!(actions[1]["sha256"], sha256(&data).to_string());
    }

    #[test]
    fn anything_that_changes_the_response_changes_the_hash() {
        let plan = fixture::root_plan();
        let hash = plan.hash();
        let changes: [fn(&mut PlannedJob); 7] = [
            |job| job.response.bundles[3].id = Some("other".to_owned()),
            |job| job.response.root.as_mut().unwrap().serial += 1,
            |job| job.response.bundles[8].sets[0].ttl += 1,
            |job| job.response.bundles[8].sets[0].signatures[0].identifier = None,
            |job| job.response.bundles[8].sets[0].signatures[0].rrsig.key_tag ^= 1,
            |job| job.keys[0].label.push('x'),
            |job| job.previous_sha256 = None,
        ];
        for change in changes {
            let mut other = plan.clone();
            change(&mut other.jobs[0]);
            assert_ne!(other.hash(), hash);
        }
    }
}
