//! `plan.json`: a plan as canonical JSON (RFC 8785), and its hash.

use serde_json::{Map, Value, json};

use super::{Plan, PlannedJob, PlannedKey, PlannedSignature, TokenName};
use crate::dns::{DigestType, Rrsig, Sha256Digest, sha256};
use crate::exchange::{KeyParameters, Records, ResponseBundle, SignerPolicy};

/// Version of the form of `plan.json`.
const VERSION: u32 = 1;

impl Plan {
    /// The octets of `plan.json`: canonical JSON (RFC 8785) without a final newline.
    ///
    /// It has the token, the inputs by SHA-256, and every action with the complete records and the SHA-256 of what is
    /// to be signed; numbers that could leave the range of 2^53 are strings. Bundles and jobs count from 1.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let token = match &self.token {
            TokenName::Serial(serial) => json!({ "serial": serial }),
            TokenName::Label(label) => json!({ "label": label }),
        };
        let jobs: Vec<Value> = self.jobs.iter().map(job).collect();
        // Our maps sort their keys, all ASCII, and there are neither floats nor nulls: this is canonical.
        let rest = json!({
            "plan_version": VERSION,
            "judged_at": self.judged_at.to_string(),
            "token": token,
            "jobs": jobs,
        });
        let rest = rest.to_string();
        // The actions, of which there may be thousands, become text one by one; their name sorts before the others.
        let actions = self.jobs.iter().enumerate().flat_map(|(index, job)| actions(index, job));
        let actions = actions.map(|action| action.to_string()).collect::<Vec<_>>().join(",");
        format!("{{\"actions\":[{actions}],{}", rest.trim_start_matches('{')).into_bytes()
    }

    /// The plan hash: SHA-256 of [`Plan::to_json`], which people confirm.
    #[must_use]
    pub fn hash(&self) -> Sha256Digest {
        sha256(&self.to_json())
    }
}

fn put(object: &mut Value, key: &str, value: Option<Value>) {
    if let (Some(object), Some(value)) = (object.as_object_mut(), value) {
        object.insert(key.to_owned(), value);
    }
}

fn job(job: &PlannedJob) -> Value {
    let mut value = json!({
        "zone": job.zone.to_string(),
        "format": job.format.name(),
        "policy": job.policy,
        "request_sha256": job.request_sha256.to_string(),
        "bundles": job.response.bundles.len(),
        "signatures": job.signatures.len(),
        "covered_until": job.covered_until().to_string(),
    });
    let previous = job.previous_sha256.map_or_else(|| "first".to_owned(), |digest| digest.to_string());
    put(&mut value, "previous_sha256", Some(previous.into()));
    put(&mut value, "schema", job.schema.clone().map(Value::from));
    let stamp = job.response.stamp.as_ref();
    put(&mut value, "stamp", stamp.map(|stamp| json!({ "time": stamp.time.to_string(), "by": stamp.by })));
    let head = job.response.root.as_ref().map(|root| {
        json!({
            "id": root.id,
            "serial": root.serial.to_string(),
            "ksk_policy": signer_policy(&root.ksk_policy),
            "zsk_policy": signer_policy(&root.zsk_policy),
        })
    });
    put(&mut value, "head", head);
    let shown = job.keys.iter().filter(|key| !key.signs).map(|shown| key(job, shown));
    put(&mut value, "keys_not_signing", Some(Value::Array(shown.collect())));
    value
}

fn signer_policy(policy: &SignerPolicy) -> Value {
    let algorithms = policy.algorithms.iter().map(|algorithm| {
        let (kind, size, exponent) = match algorithm.parameters {
            KeyParameters::Rsa { size, exponent } => ("RSA", size, Some(exponent)),
            KeyParameters::Ecdsa { size } => ("ECDSA", size, None),
            KeyParameters::Eddsa { size } => ("EdDSA", size, None),
        };
        let mut value = json!({ "algorithm": algorithm.algorithm.0, "kind": kind, "size": size });
        put(&mut value, "exponent", exponent.map(|exponent| exponent.to_string().into()));
        value
    });
    json!({
        "publish_safety": policy.publish_safety.to_string(),
        "retire_safety": policy.retire_safety.to_string(),
        "min_signature_validity": policy.min_signature_validity.to_string(),
        "max_signature_validity": policy.max_signature_validity.to_string(),
        "min_validity_overlap": policy.min_validity_overlap.to_string(),
        "max_validity_overlap": policy.max_validity_overlap.to_string(),
        "algorithms": algorithms.collect::<Vec<_>>(),
    })
}

fn key(job: &PlannedJob, key: &PlannedKey) -> Value {
    let mut value = json!({
        "name": key.name,
        "label": key.label,
        "key_tag": key.dnskey.key_tag(),
        "dnskey": key.dnskey.to_string(),
        "ds": key.dnskey.ds(&job.zone, DigestType::Sha256).to_string(),
    });
    let id = key.cka_id.as_ref().map(|id| id.iter().map(|octet| format!("{octet:02x}")).collect::<String>());
    put(&mut value, "cka_id", id.map(Value::from));
    value
}

/// The actions of one job: the keys that the token must have, then every signature in order.
fn actions(index: usize, job: &PlannedJob) -> impl Iterator<Item = Value> {
    let head = move |action: &str| {
        let mut head = Map::new();
        head.insert("action".to_owned(), action.into());
        head.insert("job".to_owned(), (index + 1).into());
        head
    };
    let have = job.keys.iter().filter(|key| key.signs).map(move |signs| {
        let mut value = Value::Object(head("have"));
        put(&mut value, "key", Some(key(job, signs)));
        value
    });
    let sign = job.signatures.iter().enumerate().filter_map(move |(number, planned)| {
        let mut value = Value::Object(head("sign-keyset"));
        for (key, content) in sign_keyset(job, number, planned)? {
            put(&mut value, &key, Some(content));
        }
        Some(value)
    });
    have.chain(sign)
}

fn sign_keyset(job: &PlannedJob, number: usize, planned: &PlannedSignature) -> Option<Map<String, Value>> {
    let bundle = job.response.bundles.get(planned.bundle)?;
    let set = bundle.set(planned.rr_type)?;
    let signature = set.signatures.get(planned.signature)?;
    let mut value = json!({
        "bundle": bundle_head(planned.bundle, bundle),
        "key": job.keys.get(planned.key)?.name,
        "rr_type": planned.rr_type.mnemonic(),
        "ttl": set.ttl,
        "records": set.records.lines(),
        "rrsig": rrsig(signature.ttl, &signature.rrsig),
        "sha256": sha256(&job.task(number)?.data).to_string(),
    });
    put(&mut value, "identifier", signature.identifier.clone().map(Value::from));
    if let Records::Dnskey(keys) = &set.records {
        let identifiers: Option<Vec<Value>> = keys.iter().map(|key| key.identifier.clone().map(Value::from)).collect();
        put(&mut value, "identifiers", identifiers.map(Value::Array));
    }
    match value {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

fn bundle_head(index: usize, bundle: &ResponseBundle) -> Value {
    let mut value = json!({ "index": index + 1, "inception": bundle.inception.to_string() });
    put(&mut value, "id", bundle.id.clone().map(Value::from));
    put(&mut value, "expiration", bundle.expiration.map(|time| time.to_string().into()));
    value
}

fn rrsig(ttl: u32, rrsig: &Rrsig) -> Value {
    json!({
        "ttl": ttl,
        "type_covered": rrsig.type_covered.mnemonic(),
        "algorithm": rrsig.algorithm.0,
        "labels": rrsig.labels,
        "original_ttl": rrsig.original_ttl,
        "expiration": rrsig.expiration.to_string(),
        "inception": rrsig.inception.to_string(),
        "key_tag": rrsig.key_tag,
        "signer": rrsig.signer.to_string(),
    })
}

#[cfg(test)]
mod tests {
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
    fn every_action_is_in_the_plan() {
        let plan = fixture::root_plan();
        let value: Value = serde_json::from_slice(&plan.to_json()).unwrap();
        assert_eq!(value["plan_version"], 1);
        let actions = value["actions"].as_array().unwrap();
        assert_eq!(actions.len(), 1 + plan.count());
        assert_eq!(actions[0]["action"], "have");
        assert_eq!(actions[1]["action"], "sign-keyset");
        let data = plan.tasks().next().unwrap().data;
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
