//! A valid chain passes; with one fault it is refused by exactly the check that names the fault.

use super::{Check, Finding, check_plan, check_request, check_response, check_response_alone};
use crate::dns::{Algorithm, AlgorithmNumber, Dnskey, Duration, RrType, Time, key_rdatas, sha256};
use crate::exchange::{KeyParameters, Records, Request, Response, SignatureAlgorithm, SignerPolicy};
use crate::plan::fixture::{self, after, at, days};
use crate::plan::{JobInput, Plan, Previous, build};
use crate::profile::{KskPolicy, Limit, Profile, Schedule, Schema, Signing, Timeline, Zone, ZoneKey};
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

    fn limits(&mut self) -> &mut crate::profile::RequestPolicy {
        &mut self.zone().policy.request
    }

    fn schema(&mut self, name: &str) -> &mut Schema {
        self.input.schema = Some(name.to_owned());
        match &mut self.zone().policy.signing {
            Signing::Schemas { schemas, .. } => schemas.get_mut(name).unwrap(),
            Signing::Schedule(_) => panic!("schemas"),
        }
    }

    fn ksk(&mut self) -> &mut KskPolicy {
        match &mut self.zone().policy.signing {
            Signing::Schemas { ksk, .. } => ksk,
            Signing::Schedule(_) => panic!("schemas"),
        }
    }

    fn schedule(&mut self) -> &mut Schedule {
        match &mut self.zone().policy.signing {
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
        let mut plan = build(&self.profile, std::slice::from_ref(&self.input), self.now, "test").unwrap();
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

type Variant = (&'static str, Check, fn() -> Case);

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

const P256: SignatureAlgorithm =
    SignatureAlgorithm { algorithm: AlgorithmNumber(13), parameters: KeyParameters::Ecdsa { size: 256 } };
const RSA: fn(u32, u64) -> SignatureAlgorithm = |size, exponent| SignatureAlgorithm {
    algorithm: AlgorithmNumber(8),
    parameters: KeyParameters::Rsa { size, exponent },
};

fn structure() -> Vec<Variant> {
    vec![
        ("zone of no profile", Check::KsrDomain, || root(|c| c.request().zone = fixture::example())),
        ("id answered already", Check::KsrId, || root(|c| c.request().root.as_mut().unwrap().id = "q1".into())),
        ("empty id", Check::KsrId, || root(|c| c.request().root.as_mut().unwrap().id.clear())),
        ("bundle id twice", Check::KsrBundleUnique, || root(|c| c.request().bundles[4].id = Some("q2-3".into()))),
        ("bundle id answered", Check::KsrBundleUnique, || root(|c| c.request().bundles[4].id = Some("q1-3".into()))),
        ("no bundle id", Check::KsrBundleUnique, || root(|c| c.request().bundles[4].id = None)),
        ("time twice", Check::KsrBundleUnique, || bind(|c| c.request().bundles[1].inception = c.first())),
        ("flags 257", Check::KsrBundleKeys, || {
            proved(|c| {
                let key = &mut c.request().bundles[8].keys[1].key;
                key.dnskey.flags = 257;
                key.declared_tag = Some(key.dnskey.key_tag());
            })
        }),
        ("protocol 4", Check::KsrBundleKeys, || {
            proved(|c| {
                let key = &mut c.request().bundles[8].keys[1].key;
                key.dnskey.protocol = 4;
                key.declared_tag = None;
            })
        }),
        ("short key", Check::KsrBundleKeys, || {
            proved(|c| {
                let key = &mut c.request().bundles[8].keys[1].key;
                key.dnskey.key.pop();
                key.declared_tag = None;
            })
        }),
        ("wrong tag", Check::KsrBundleKeys, || root(|c| c.request().bundles[4].keys[0].key.declared_tag = Some(1))),
        ("identifier of another key", Check::KsrBundleKeys, || {
            proved(|c| c.request().bundles[8].keys[1].key.identifier = Some("zsk-2".into()))
        }),
        ("no identifier", Check::KsrBundleKeys, || proved(|c| c.request().bundles[8].keys[1].key.identifier = None)),
        ("kind not claimed", Check::KsrBundleKeys, || {
            root(|c| {
                c.claimed().algorithms = vec![P256];
                c.limits().approved_algorithms = vec![Algorithm::Ed25519, Algorithm::EcdsaP256Sha256];
            })
        }),
        ("key twice", Check::KsrBundleKeys, || {
            let mut case = proved(|c| {
                c.request().bundles[8].keys[1] = fixture::root_key(3);
                c.limits().num_different_keys_in_all_bundles = Limit::Is(2);
            });
            case.request().bundles[8].signatures.pop();
            case
        }),
        ("no key", Check::KsrBundleKeys, || {
            proved(|c| {
                c.request().bundles[4].keys.clear();
                c.limits().num_keys_per_bundle = Limit::Unchecked;
            })
        }),
        ("one bundle less", Check::KsrBundleCount, || {
            root(|c| {
                c.request().bundles.pop();
                c.limits().num_different_keys_in_all_bundles = Limit::Is(2);
                c.limits().min_cycle_inception_length = Limit::Unchecked;
            })
        }),
        ("short cycle", Check::KsrBundleCycleDuration, || {
            root(|c| c.limits().min_cycle_inception_length = Limit::Is(days(81)))
        }),
        ("long cycle", Check::KsrBundleCycleDuration, || {
            root(|c| c.limits().max_cycle_inception_length = Limit::Is(days(79)))
        }),
    ]
}

fn possession() -> Vec<Variant> {
    vec![
        ("proofs swapped", Check::KsrBundlePop, || {
            root(|c| {
                let [first, second] = c.request().bundles[0].signatures.as_mut_slice() else { panic!("two proofs") };
                std::mem::swap(&mut first.rrsig.signature, &mut second.rrsig.signature);
            })
        }),
        ("proof missing", Check::KsrBundlePop, || root(|c| drop(c.request().bundles[0].signatures.pop()))),
        ("proof twice", Check::KsrBundlePop, || {
            root(|c| {
                let bundle = &mut c.request().bundles[4];
                bundle.signatures.push(bundle.signatures[0].clone());
            })
        }),
        ("proof by a stranger", Check::KsrBundlePop, || {
            root(|c| {
                let stranger = c.request().bundles[0].signatures[0].clone();
                c.request().bundles[4].signatures.push(stranger);
            })
        }),
        ("proof with another algorithm", Check::KsrBundlePop, || proof(|p| p.rrsig.algorithm = AlgorithmNumber(13))),
        ("proof with labels", Check::KsrBundlePop, || proof(|p| p.rrsig.labels = 1)),
        ("proof with another original TTL", Check::KsrBundlePop, || proof(|p| p.rrsig.original_ttl = 60)),
        ("proof with another TTL", Check::KsrBundlePop, || proof(|p| p.ttl = 60)),
        ("proof with another tag", Check::KsrBundlePop, || proof(|p| p.rrsig.key_tag ^= 1)),
        ("proof with another signer", Check::KsrBundlePop, || proof(|p| p.rrsig.signer = fixture::example())),
        ("proof of another type", Check::KsrBundlePop, || proof(|p| p.rrsig.type_covered = RrType::Cds)),
        ("proof that ends first", Check::KsrBundlePop, || proof(|p| p.rrsig.expiration = p.rrsig.inception)),
    ]
}

fn limits() -> Vec<Variant> {
    vec![
        ("keys in a bundle", Check::KsrPolicyKeys, || {
            root(|c| c.limits().num_keys_per_bundle = Limit::Is(vec![2, 1, 1, 1, 1, 1, 1, 1, 1]))
        }),
        ("keys for more bundles", Check::KsrPolicyKeys, || {
            root(|c| {
                c.limits().num_bundles = Limit::Unchecked;
                c.limits().num_keys_per_bundle = Limit::Is(vec![2, 1, 1, 1, 1, 1, 1, 1, 2, 2]);
            })
        }),
        ("keys in all", Check::KsrPolicyKeys, || root(|c| c.limits().num_different_keys_in_all_bundles = Limit::Is(4))),
        ("algorithm not approved", Check::KsrPolicyAlg, || {
            root(|c| c.limits().approved_algorithms = vec![Algorithm::RsaSha256])
        }),
        ("algorithm 5", Check::KsrPolicyAlg, || {
            root(|c| {
                let parameters = KeyParameters::Rsa { size: 2048, exponent: 65537 };
                c.claimed().algorithms.push(SignatureAlgorithm { algorithm: AlgorithmNumber(5), parameters });
            })
        }),
        ("parameters of another algorithm", Check::KsrPolicyAlg, || {
            root(|c| {
                let parameters = KeyParameters::Ecdsa { size: 256 };
                c.claimed().algorithms.push(SignatureAlgorithm { algorithm: AlgorithmNumber(15), parameters });
            })
        }),
        ("RSA size", Check::KsrPolicyAlg, || {
            root(|c| {
                c.limits().approved_algorithms.push(Algorithm::RsaSha256);
                c.claimed().algorithms.push(RSA(1024, 65537));
            })
        }),
        ("RSA exponent", Check::KsrPolicyAlg, || {
            root(|c| {
                c.limits().approved_algorithms.push(Algorithm::RsaSha256);
                c.claimed().algorithms.push(RSA(2048, 3));
            })
        }),
        ("algorithm not approved, BIND", Check::KsrPolicyAlg, || {
            bind(|c| c.limits().approved_algorithms = vec![Algorithm::EcdsaP256Sha256])
        }),
        ("overlap beyond the profile", Check::KsrPolicySigOverlap, || {
            root(|c| {
                moved(c, "2027-04-02T00:00:00Z", [2, 3, 4]);
                c.limits().max_validity_overlap = Limit::Is(days(10));
            })
        }),
        ("overlap beyond the claim", Check::KsrPolicySigOverlap, || {
            root(|c| {
                moved(c, "2027-04-02T00:00:00Z", [2, 3, 4]);
                c.claimed().max_validity_overlap = days(10);
            })
        }),
        ("validity beyond both", Check::KsrPolicySigValidity, || {
            root(|c| {
                let bundle = &mut c.request().bundles[4];
                bundle.expiration = Some(after(bundle.inception, days(22)));
            })
        }),
        ("validity beyond the profile", Check::KsrPolicySigValidity, || {
            root(|c| {
                c.claimed().max_signature_validity = days(60);
                let bundle = &mut c.request().bundles[4];
                bundle.expiration = Some(after(bundle.inception, days(22)));
            })
        }),
        ("validity below the claim", Check::KsrPolicySigValidity, || {
            root(|c| {
                c.claimed().min_signature_validity = days(22);
                c.claimed().max_signature_validity = days(22);
            })
        }),
        ("too early", Check::KsrPolicySigHorizon, || root(|c| c.now = at("2026-12-01T00:00:00Z"))),
        ("too late", Check::KsrPolicySigHorizon, || root(|c| c.now = at("2027-04-22T00:00:00Z"))),
        ("interval", Check::KsrPolicyBundleIntervals, || {
            root(|c| {
                c.limits().max_bundle_interval = Limit::Is(days(10));
                shift(c.request(), 4, days(1));
            })
        }),
        ("TTL", Check::KsrPolicyTtl, || proved(|c| c.request().bundles[4].keys[0].ttl = 60)),
        ("TTL, Knot", Check::KsrPolicyTtl, || knot(|c| c.request().bundles[1].keys[0].ttl = 60)),
    ]
}

fn chain() -> Vec<Variant> {
    vec![
        ("stale previous response", Check::KsrChainHead, || root(|c| c.input.head = Some(sha256(b"newer")))),
        ("previous of another zone", Check::SkrPrevious, || {
            previous(|p| {
                p.zone = fixture::example();
                for rrsig in p.bundles.iter_mut().map(|bundle| &mut bundle.sets[0].signatures[0].rrsig) {
                    rrsig.signer = fixture::example();
                    rrsig.labels = 1;
                }
            })
        }),
        ("previous with a gap", Check::SkrPrevious, || previous(|p| drop(p.bundles.drain(3..6)))),
        ("previous out of order", Check::SkrPrevious, || previous(|p| p.bundles.swap(3, 4))),
        ("previous with a bad signature", Check::SkrPreviousSig, || {
            root(|c| c.previous().bundles[4].sets[0].signatures[0].rrsig.signature[7] ^= 1)
        }),
        ("previous without a signature", Check::SkrPreviousSig, || {
            root(|c| c.previous().bundles[4].sets[0].signatures.clear())
        }),
        ("previous with another original TTL", Check::SkrPreviousSig, || {
            previous(|p| p.bundles[4].sets[0].signatures[0].rrsig.original_ttl = 60)
        }),
        ("previous with labels", Check::SkrPreviousSig, || {
            previous(|p| p.bundles[4].sets[0].signatures[0].rrsig.labels = 3)
        }),
        ("previous with another validity", Check::SkrPreviousSig, || {
            previous(|p| {
                let rrsig = &mut p.bundles[4].sets[0].signatures[0].rrsig;
                rrsig.expiration = after(rrsig.expiration, days(1));
            })
        }),
        ("new key in the first bundle", Check::KsrChainKeys, || root(|c| moved(c, "2027-04-01T00:00:00Z", [9, 3, 4]))),
        ("key that vanishes", Check::KsrChainKeys, || {
            proved(|c| {
                drop(c.request().bundles[0].keys.remove(0));
                c.limits().num_keys_per_bundle = Limit::Unchecked;
                c.limits().num_different_keys_in_all_bundles = Limit::Is(2);
            })
        }),
        ("previous by a foreign KSK", Check::KsrChainKeys, || {
            root(|c| c.key("current").dnskey = Some(fixture::ksk(103)))
        }),
        ("ZSK that vanishes, BIND", Check::KsrChainKeys, || bind(|c| drop(c.request().bundles[0].keys.pop()))),
        ("too late after the previous", Check::KsrChainOverlap, || {
            root(|c| moved(c, "2027-04-05T00:00:00Z", [2, 3, 4]))
        }),
        ("too early before its end", Check::KsrChainOverlap, || root(|c| moved(c, "2027-03-28T00:00:00Z", [2, 3, 4]))),
        ("after the end, BIND", Check::KsrChainOverlap, || {
            bind(|c| {
                for bundle in &mut c.request().bundles {
                    bundle.inception = after(bundle.inception, days(20));
                }
            })
        }),
    ]
}

fn plans() -> Vec<Variant> {
    vec![
        ("plan for another request", Check::PlanInputs, || {
            root(|c| c.break_plan = |p| p.jobs[0].request_sha256 = sha256(b"other"))
        }),
        ("plan after another response", Check::PlanInputs, || {
            root(|c| c.break_plan = |p| p.jobs[0].previous_sha256 = None)
        }),
        ("schema with a slot too many", Check::PlanSchema, || {
            root(|c| {
                let schema = c.schema("normal");
                schema.slots.push(schema.slots[0].clone());
            })
        }),
        ("foreign ZSK", Check::SkrKeys, || {
            root(|c| {
                c.break_plan = |p| {
                    for key in dnskeys(p, 4).iter_mut().filter(|key| !key.dnskey.is_sep()) {
                        key.dnskey = fixture::zsk(9);
                    }
                }
            })
        }),
        ("bundle with another id", Check::SkrKeys, || {
            root(|c| c.break_plan = |p| p.jobs[0].response.bundles[4].id = Some("x".into()))
        }),
        ("two ZSKs with one tag", Check::SkrKeyTags, || {
            root(|c| {
                c.break_input = |i| {
                    let bundle = &mut i.request.bundles[8];
                    bundle.keys[1].key.dnskey = same_tag(&bundle.keys[0].key.dnskey);
                };
                c.break_plan = |p| {
                    let (now, next) = (fixture::zsk(3), fixture::zsk(4));
                    for key in dnskeys(p, 8).iter_mut().filter(|key| key.dnskey == next) {
                        key.dnskey = same_tag(&now);
                    }
                };
            })
        }),
        ("not permitted yet", Check::SkrKeyUsage, || {
            root(|c| c.key("current").valid_from = Some(at("2027-04-01T00:00:01Z")))
        }),
        ("not permitted for so long", Check::SkrKeyUsage, || {
            root(|c| c.key("current").valid_until = Some(at("2027-07-10T00:00:00Z")))
        }),
        ("slot that nobody signs", Check::SkrSigned, || root(|c| c.schema("normal").slots[4].sign.clear())),
        ("slot that only a revoked key signs", Check::SkrSigned, || {
            root(|c| c.schema("normal").slots[8].revoke = vec!["current".into()])
        }),
        ("revoked key that does not sign", Check::SkrSigned, || {
            root(|c| {
                c.schema("revoke");
                c.schema("revoke").slots[0].sign = vec!["current".into()];
                c.break_plan = |p| {
                    let revoked = fixture::ksk(101).revoked().key_tag();
                    let set = &mut p.jobs[0].response.bundles[4].sets[0];
                    set.signatures.retain(|signature| signature.rrsig.key_tag != revoked);
                };
            })
        }),
        ("new algorithm that does not sign", Check::SkrAlgorithms, || {
            root(|c| {
                c.schema("pre-publish");
                c.key("next").dnskey = Some(Dnskey::ksk(Algorithm::EcdsaP256Sha256, vec![7; 64]));
            })
        }),
        ("KSK with a DS that stops signing", Check::SkrChain, || {
            knot(|c| {
                let first = c.first();
                c.key("current").timeline.sign_until = Some(after(first, days(10)));
                c.key("next").timeline =
                    Timeline { publish: Some(first), ds_from: Some(after(first, days(300))), ..Timeline::default() };
            })
        }),
        ("signs without having been published", Check::KsrPolicySafety, || {
            root(|c| {
                for slot in &mut c.schema("rollover").slots {
                    slot.sign = vec!["next".into()];
                }
            })
        }),
        ("signs too soon", Check::KsrPolicySafety, || {
            root(|c| {
                c.schema("rollover");
                c.ksk().publish_safety = days(11);
            })
        }),
        ("gone too early", Check::KsrPolicySafety, || {
            root(|c| {
                for slot in &mut c.schema("rollover").slots[2..] {
                    slot.publish = vec!["next".into()];
                }
            })
        }),
        ("no KSK signs on, Knot", Check::KsrPolicySafety, || {
            knot(|c| {
                let first = c.first();
                c.key("current").timeline.unpublish = Some(first);
                c.key("next").timeline.publish = Some(first);
            })
        }),
        ("stand-by KSK, BIND", Check::SkrImport, || {
            bind(|c| {
                let first = c.first();
                let timeline = &mut c.key("next").timeline;
                timeline.publish = Some(after(first, days(5)));
                timeline.sign_from = Some(after(first, days(20)));
                timeline.ds_from = timeline.sign_from;
            })
        }),
        ("another TTL, BIND", Check::SkrImport, || {
            bind(|c| c.break_plan = |p| p.jobs[0].response.bundles[2].sets[1].ttl = 60)
        }),
        ("signatures that end with their bundle, Knot", Check::SkrImport, || {
            knot(|c| {
                c.break_plan = |p| {
                    let bundles = &mut p.jobs[0].response.bundles;
                    bundles[0].sets[0].signatures[0].rrsig.expiration = bundles[1].inception;
                }
            })
        }),
        ("validity beyond the KSK policy", Check::SkrValidity, || root(|c| c.ksk().max_signature_validity = days(20))),
        ("overlap beyond the KSK policy", Check::SkrValidity, || root(|c| c.ksk().max_validity_overlap = days(10))),
        ("validity beyond the profile, BIND", Check::SkrValidity, || {
            bind(|c| c.limits().max_signature_validity = Limit::Is(days(13)))
        }),
        ("not valid when the bundle begins, BIND", Check::SkrValidity, || {
            bind(|c| {
                c.break_plan = |p| {
                    let rrsig = &mut p.jobs[0].response.bundles[2].sets[0].signatures[0].rrsig;
                    rrsig.inception = after(rrsig.inception, days(1));
                }
            })
        }),
        ("beyond the horizon, BIND", Check::SkrHorizon, || {
            bind(|c| c.limits().signature_horizon_days = Limit::Is(100))
        }),
        ("expired, BIND", Check::SkrHorizon, || bind(|c| c.now = after(c.first(), days(15)))),
        ("ends too early, BIND", Check::SkrCoverage, || {
            bind(|c| c.break_input = |i| i.until = Some(at("2028-01-01T00:00:00Z")))
        }),
        ("gap, BIND", Check::SkrCoverage, || {
            bind(|c| {
                c.break_plan = |p| {
                    let bundle = &mut p.jobs[0].response.bundles[2];
                    bundle.sets[0].signatures[0].rrsig.expiration = after(bundle.inception, days(1));
                }
            })
        }),
    ]
}

fn responses() -> Vec<Variant> {
    vec![
        ("another serial", Check::SkrPlanned, || root(|c| c.break_response = |r| r.root.as_mut().unwrap().serial = 9)),
        ("another bundle id", Check::SkrPlanned, || {
            root(|c| c.break_response = |r| r.bundles[4].id = Some("x".into()))
        }),
        ("another order of keys", Check::SkrPlanned, || {
            root(|c| {
                c.break_response = |r| {
                    if let Records::Dnskey(keys) = &mut r.bundles[4].sets[0].records {
                        keys.reverse();
                    }
                }
            })
        }),
        ("another identifier", Check::SkrPlanned, || {
            root(|c| {
                c.break_response = |r| {
                    if let Records::Dnskey(keys) = &mut r.bundles[4].sets[0].records {
                        keys.iter_mut().filter(|key| !key.dnskey.is_sep()).for_each(|key| key.identifier = None);
                    }
                }
            })
        }),
        ("another stamp", Check::SkrPlanned, || bind(|c| c.break_response = |r| r.stamp = None)),
        ("a set less", Check::SkrPlanned, || bind(|c| c.break_response = |r| drop(r.bundles[4].sets.pop()))),
        ("a flipped bit", Check::SkrVerify, || {
            root(|c| c.break_response = |r| r.bundles[4].sets[0].signatures[0].rrsig.signature[9] ^= 1)
        }),
        ("an empty signature", Check::SkrVerify, || {
            knot(|c| c.break_response = |r| r.bundles[2].sets[2].signatures[0].rrsig.signature.clear())
        }),
    ]
}

fn all() -> Vec<Variant> {
    [structure(), possession(), limits(), chain(), plans(), responses()].concat()
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
fn every_check_that_can_refuse_has_a_variant() {
    let tested: Vec<Check> = all().into_iter().map(|(_, check, _)| check).collect();
    // These three only warn.
    let warnings = [Check::KsrNotice, Check::KsrFirst, Check::SkrSize];
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
    let cut = bind(|c| c.input.until = Some(after(c.first(), days(20))));
    assert_eq!(named(&cut.findings(), Verdict::Warn), ["SKR-KEYS"]);
    let island = knot(|c| {
        let distant = Some(at("2035-01-01T00:00:00Z"));
        c.key("current").timeline.ds_from = distant;
    });
    assert_eq!(named(&island.findings(), Verdict::Warn), ["SKR-CHAIN"]);
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
