//! What can be wrong with a ceremony's inputs, one fault at a time, and the check that names it.

use super::*;

/// Its name, the check, and how it comes about.
pub(super) type Variant = (&'static str, Check, fn() -> Case);

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
        ("identifier of a KSK", Check::KsrBundleKeys, || {
            proved(|c| c.request().bundles[8].keys[1].key.identifier = Some("Knext".into()))
        }),
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
        ("KSK in another guise, BIND", Check::KsrBundleKeys, || {
            bind(|c| {
                let ksk = fixture::ksk(111);
                c.request().bundles[1].keys.push(plain(Dnskey { flags: Dnskey::ZSK, ..ksk }));
            })
        }),
        ("no point of its curve, BIND", Check::KsrBundleKeys, || {
            bind(|c| {
                c.limits().approved_algorithms.push(Algorithm::EcdsaP256Sha256);
                let mut key = p256_zsk();
                key.key.dnskey.key[63] ^= 1;
                c.request().bundles[1].keys.push(key);
            })
        }),
        ("point of small order, Knot", Check::KsrBundleKeys, || {
            knot(|c| {
                let identity = [&[1][..], &[0; 31]].concat();
                let key = Dnskey { flags: Dnskey::ZSK, ..Dnskey::ksk(Algorithm::Ed25519, identity) };
                c.request().bundles[1].keys.push(plain(key));
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
        ("key of algorithm 16 that is not claimed", Check::KsrPolicyAlg, || {
            proved(|c| {
                let key = &mut c.request().bundles[8].keys[1].key;
                key.dnskey.algorithm = AlgorithmNumber(16);
                key.declared_tag = Some(key.dnskey.key_tag());
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
        ("no expiration", Check::KsrPolicySigValidity, || root(|c| c.request().bundles[4].expiration = None)),
        ("ends when it begins", Check::KsrPolicySigValidity, || {
            root(|c| {
                let last = &mut c.request().bundles[8];
                last.expiration = Some(last.inception);
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
        ("previous with a bundle less", Check::SkrPrevious, || previous(|p| drop(p.bundles.remove(0)))),
        ("previous with a gap", Check::SkrPrevious, || bind(|c| drop(c.previous().bundles.drain(3..6)))),
        ("previous with a bundle by a stranger before its last", Check::SkrPrevious, || {
            previous(|p| {
                let stranger = fixture::ksk(103);
                let set = &mut p.bundles[3].sets[0];
                set.signatures[0].rrsig.key_tag = stranger.key_tag();
                let Records::Dnskey(keys) = &mut set.records else { panic!("DNSKEY first") };
                keys.iter_mut().filter(|key| key.dnskey.is_sep()).for_each(|key| key.dnskey = stranger.clone());
            })
        }),
        ("previous out of order", Check::SkrPrevious, || previous(|p| p.bundles.swap(3, 4))),
        ("previous with a bad signature", Check::SkrPreviousSig, || {
            root(|c| c.previous().bundles[4].sets[0].signatures[0].rrsig.signature[7] ^= 1)
        }),
        ("previous without a signature", Check::SkrPreviousSig, || {
            root(|c| c.previous().bundles[4].sets[0].signatures.clear())
        }),
        ("previous without a DNSKEY RRset", Check::SkrPreviousSig, || previous(|p| p.bundles[4].sets.clear())),
        ("previous signed by no key of its bundle", Check::SkrPreviousSig, || {
            previous(|p| p.bundles[4].sets[0].signatures[0].rrsig.key_tag ^= 1)
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
        ("previous with two keys of one identifier", Check::SkrPreviousSig, || {
            previous(|p| {
                let Records::Dnskey(keys) = &mut p.bundles[4].sets[0].records else { panic!("DNSKEY first") };
                keys.iter_mut().for_each(|key| key.identifier = Some("Kcurrent".into()));
            })
        }),
        ("new key in the first bundle", Check::KsrChainKeys, || root(|c| moved(c, "2027-04-01T00:00:00Z", [9, 3, 4]))),
        ("one key more in the first bundle", Check::KsrChainKeys, || {
            proved(|c| {
                c.request().bundles[0].keys.push(fixture::root_key(9));
                c.limits().num_keys_per_bundle = Limit::Unchecked;
                c.limits().num_different_keys_in_all_bundles = Limit::Is(4);
            })
        }),
        ("begins before the previous, BIND", Check::KsrChainKeys, || {
            bind(|c| {
                c.request().bundles.truncate(1);
                c.request().bundles[0].inception = at("2026-12-31T23:00:00Z");
            })
        }),
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
        ("coverage that ends when it begins, BIND", Check::PlanBuild, || bind(|c| c.input.until = Some(c.first()))),
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
        ("plan by an unknown schema", Check::PlanSchema, || {
            root(|c| c.break_plan = |p| p.jobs[0].schema = Some("no-such".into()))
        }),
        ("begins before the request, BIND", Check::SkrKeys, || {
            bind(|c| {
                c.break_plan = |p| {
                    let bundle = &mut p.jobs[0].response.bundles[0];
                    bundle.inception = bundle.inception.checked_sub(Duration::from_seconds(1800)).unwrap();
                }
            })
        }),
        ("a bundle less than the request", Check::SkrKeys, || {
            root(|c| {
                c.ksk().min_validity_overlap = Duration::from_seconds(0);
                c.break_plan = |p| drop(p.jobs[0].response.bundles.remove(5));
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
        ("more keys than a response can hold, BIND", Check::SkrKeys, || {
            bind(|c| c.request().bundles[1].keys = (11..75).map(|seed| plain(fixture::zsk(seed))).collect())
        }),
        ("CDS of another digest type than the profile's, BIND", Check::SkrKeys, || {
            bind(|c| {
                c.break_plan = |p| {
                    let ds = fixture::ksk(111).ds(&fixture::example(), DigestType::Sha384);
                    p.jobs[0].response.bundles[2].sets[2].records = Records::Cds(vec![ds]);
                }
            })
        }),
        ("CDNSKEY of a key before its time, Knot", Check::SkrKeys, || {
            knot(|c| {
                c.break_plan = |p| {
                    let keys = vec![fixture::ksk(111), fixture::ksk(112)];
                    p.jobs[0].response.bundles[2].sets[1].records = Records::Cdnskey(keys);
                }
            })
        }),
        ("no CDS, BIND", Check::SkrKeys, || {
            bind(|c| c.break_plan = |p| drop(p.jobs[0].response.bundles[2].sets.pop()))
        }),
        ("delete form that the profile does not ask for, Knot", Check::SkrKeys, || {
            knot(|c| {
                c.break_plan = |p| {
                    let set = &mut p.jobs[0].response.bundles[2].sets[1];
                    set.records = Records::Cdnskey(vec![Dnskey::delete()]);
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
        ("not permitted for CDS alone, Knot", Check::SkrKeyUsage, || {
            knot(|c| {
                c.key("next").timeline = Timeline { ds_until: Some(c.first()), ..Timeline::default() };
                c.key("next").valid_from = Some(at("2030-01-01T00:00:00Z"));
                c.break_plan = |p| {
                    for bundle in &mut p.jobs[0].response.bundles {
                        bundle.sets[0].signatures.retain(|s| s.rrsig.key_tag != fixture::ksk(112).key_tag());
                    }
                };
            })
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
        ("ZSK of an algorithm that no KSK has, BIND", Check::SkrAlgorithms, || {
            bind(|c| {
                c.limits().approved_algorithms.push(Algorithm::EcdsaP256Sha256);
                c.request().bundles[1].keys.push(p256_zsk());
            })
        }),
        ("KSK of an algorithm that no ZSK has, BIND", Check::SkrAlgorithms, || {
            bind(|c| {
                let from = c.input.request.bundles[1].inception;
                c.key("next").dnskey = Some(p256_ksk());
                c.key("next").timeline.publish = Some(from);
            })
        }),
        ("DS of an algorithm that no key has, BIND", Check::SkrAlgorithms, || {
            bind(|c| {
                let first = c.first();
                c.key("next").dnskey = Some(p256_ksk());
                c.key("next").timeline.ds_from = Some(first);
            })
        }),
        ("signs alone when it is first published", Check::SkrChain, || {
            root(|c| {
                let first = &mut c.schema("rollover").slots[0];
                first.publish = vec!["current".into()];
            })
        }),
        ("revoked before and plain again", Check::KsrPolicySafety, || {
            root(|c| {
                c.schema("pre-publish");
                let revoked = fixture::ksk(102).revoked();
                if let Records::Dnskey(keys) = &mut c.previous().bundles[3].sets[0].records {
                    keys.push(Key { identifier: Some("Knext".into()), declared_tag: None, dnskey: revoked });
                }
                fixture::sign_again(c.previous());
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
        ("KSK that takes over with its DS in one instant", Check::SkrChain, || {
            knot(|c| {
                let take_over = Some(after(c.first(), days(10)));
                c.key("current").timeline.unpublish = take_over;
                c.key("next").timeline.publish = take_over;
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
        ("revoked KSK that signs CDS, BIND", Check::SkrImport, || {
            bind(|c| {
                let first = c.first();
                c.key("next").timeline = Timeline { publish: Some(after(first, days(10))), ..Timeline::default() };
                let timeline = &mut c.key("current").timeline;
                (timeline.ds_until, timeline.revoke) = (Some(after(first, days(30))), Some(after(first, days(40))));
                c.break_plan = |p| {
                    let revoked = fixture::ksk(111).revoked().key_tag();
                    let bundle = p.jobs[0].response.bundles.last_mut().unwrap();
                    let mut signature = bundle.sets[1].signatures[0].clone();
                    signature.rrsig.key_tag = revoked;
                    bundle.sets[1].signatures.push(signature);
                };
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
        ("valid more than a day before the bundle, BIND", Check::SkrValidity, || {
            bind(|c| {
                c.break_plan = |p| {
                    let bundle = &mut p.jobs[0].response.bundles[2];
                    let early = bundle.inception.checked_sub(Duration::from_seconds(86_401)).unwrap();
                    bundle.sets[0].signatures[0].rrsig.inception = early;
                }
            })
        }),
        ("valid for longer than an RRSIG can say, BIND", Check::SkrValidity, || {
            bind(|c| {
                c.limits().max_signature_validity = Limit::Unchecked;
                c.limits().signature_horizon_days = Limit::Unchecked;
                c.break_plan = |p| {
                    p.jobs[0].response.bundles[2].sets[0].signatures[0].rrsig.expiration = Time::MAX;
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
        ("gap beyond what was asked for, BIND", Check::SkrCoverage, || {
            bind(|c| {
                c.break_input = |i| i.until = Some(after(i.request.bundles[0].inception, days(1)));
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

/// All of them.
pub(super) fn all() -> Vec<Variant> {
    [structure(), possession(), limits(), chain(), plans(), responses()].concat()
}
