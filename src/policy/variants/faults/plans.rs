//! A plan: its inputs, its keys, the chain of trust, its importer, its times.

use super::super::*;
use super::Variant;

/// All of them.
pub(super) fn all() -> Vec<Variant> {
    [inputs(), keys(), usage(), signers(), algorithms(), trust(), safety(), importers(), validity(), coverage()]
        .concat()
}

fn inputs() -> Vec<Variant> {
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
    ]
}

fn keys() -> Vec<Variant> {
    vec![
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
    ]
}

fn usage() -> Vec<Variant> {
    vec![
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
    ]
}

fn signers() -> Vec<Variant> {
    vec![
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
    ]
}

/// The second bundle has a ZSK of another algorithm, and a KSK of that has this timeline, by the bundle's begin and end.
pub(in super::super) fn other_algorithm(timeline: fn(Option<Time>, Option<Time>) -> Timeline) -> Case {
    bind(|c| {
        let begin = c.input.request.bundles[1].inception;
        let end = after(begin, days(10));
        let third = crate::exchange::RequestBundle { inception: end, ..c.input.request.bundles[1].clone() };
        c.request().bundles.push(third);
        c.limits().approved_algorithms.push(Algorithm::EcdsaP256Sha256);
        c.request().bundles[1].keys.push(p256_zsk());
        c.key("next").dnskey = Some(p256_ksk());
        c.key("next").timeline = timeline(Some(begin), Some(end));
    })
}

fn algorithms() -> Vec<Variant> {
    vec![
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
        ("last keys of an algorithm that leave with its DS, BIND", Check::SkrAlgorithms, || {
            other_algorithm(|publish, end| Timeline { publish, unpublish: end, ..Timeline::default() })
        }),
        ("revoked KSK whose ZSKs are gone, BIND", Check::SkrAlgorithms, || {
            other_algorithm(|publish, end| Timeline { publish, ds_until: publish, revoke: end, ..Timeline::default() })
        }),
    ]
}

fn trust() -> Vec<Variant> {
    vec![
        ("signs alone when it is first published", Check::SkrChain, || {
            root(|c| {
                let first = &mut c.schema("rollover").slots[0];
                first.publish = vec!["current".into()];
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
        ("KSK that takes over with its DS between two responses", Check::SkrChain, || {
            knot(|c| {
                let first = Some(c.first());
                c.key("current").timeline.unpublish = first;
                c.key("next").timeline = Timeline { ds_from: first, ..Timeline::default() };
                // It has signed long enough, but its DS is asked for by nobody yet.
                fixture::join(c.previous(), &fixture::ksk(112));
            })
        }),
        ("DS of a KSK that resolvers do not have yet", Check::SkrChain, || {
            knot(|c| {
                let (swap, end) = (after(c.first(), days(10)), after(c.first(), days(30)));
                c.key("current").timeline.ds_until = Some(swap);
                c.key("current").timeline.unpublish = Some(end);
                c.key("next").timeline.publish = Some(swap);
            })
        }),
    ]
}

fn safety() -> Vec<Variant> {
    vec![
        ("no KSK signs on from a bundle of the same time, Knot", Check::KsrPolicySafety, || {
            knot(|c| {
                let first = c.first();
                let earlier = c.previous().bundles.len() - 1;
                c.previous().bundles.drain(..earlier);
                c.previous().bundles[0].inception = first;
                c.key("current").timeline.unpublish = Some(first);
                c.key("next").timeline.publish = Some(first);
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
    ]
}

fn importers() -> Vec<Variant> {
    vec![
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
    ]
}

fn validity() -> Vec<Variant> {
    vec![
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
    ]
}

fn coverage() -> Vec<Variant> {
    vec![
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
