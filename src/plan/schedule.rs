//! Responses for BIND and Knot: the signer fills the times, keys come and go by their timelines.

use super::build::{Keys, Signer, Window};
use super::{JobInput, PlanError};
use crate::dns::{Dnskey, Ds, Time};
use crate::exchange::{Format, Key, Records, RequestBundle, Response, ResponseBundle, Stamp};
use crate::profile::{Schedule, Timeline, ZoneKey};

/// Bundles of one response; a schedule of seconds must not fill the memory.
const MAX_BUNDLES: usize = 100_000;

/// Whether CDS and CDNSKEY ask for the DS of a key with this timeline at `time`.
///
/// What the timeline leaves out is as long as the key is published and not revoked.
#[must_use]
pub fn wants_ds(timeline: &Timeline, time: Time) -> bool {
    let until = timeline.ds_until.or(timeline.unpublish);
    within(timeline.ds_from.or(timeline.publish), until, time) && timeline.revoke.is_none_or(|revoke| time < revoke)
}

/// The response to `input`, still without signatures.
pub(super) fn respond(
    keys: &mut Keys<'_>,
    schedule: &Schedule,
    input: &JobInput,
    judged_at: Time,
    program: &str,
) -> Result<Response, PlanError> {
    let name = keys.zone();
    let zone = || name.clone();
    let request = &input.request;
    if let Some(schema) = &input.schema {
        let policy = keys.profile().policy_name.clone();
        return Err(PlanError::NoSchemas { zone: zone(), schema: schema.clone(), policy });
    }
    let mut asked: Vec<&RequestBundle> = request.bundles.iter().collect();
    asked.sort_by_key(|bundle| bundle.inception);
    let (Some(first), Some(last)) = (asked.first(), asked.last()) else {
        return Err(PlanError::Incomplete { zone: zone(), part: "bundle" });
    };
    let (first, last) = (first.inception, last.inception);
    let default = || if request.format == Format::Knot { Some(last) } else { first.checked_add(schedule.coverage) };
    let until = input.until.map_or_else(default, Some).unwrap_or(Time::MAX);
    // A Knot request ends with a bundle at its very end; for BIND the end is the first moment that is not covered.
    let end = if request.format == Format::Knot { until } else { until.checked_sub(SECOND).unwrap_or(until) };
    if until < first || end < first {
        return Err(PlanError::NoCoverage { zone: zone(), until, first });
    }
    let events = events(keys);
    let mut era = Era::at(keys, schedule, request.format, &events, first)?;
    let mut bundles = Vec::new();
    for (index, asked_now) in asked.iter().enumerate() {
        let next_asked = asked.get(index + 1).map(|bundle| bundle.inception);
        let mut time = asked_now.inception;
        while time <= end && next_asked.is_none_or(|next| time < next) {
            if bundles.len() >= MAX_BUNDLES {
                return Err(PlanError::TooManyBundles { zone: zone(), limit: MAX_BUNDLES });
            }
            if era.until.is_some_and(|until| until <= time) {
                era = Era::at(keys, schedule, request.format, &events, time)?;
            }
            bundles.push(bundle(keys, schedule, request.format, &era, asked_now, time)?);
            let refresh = refresh(schedule, time).ok_or_else(|| PlanError::Cadence {
                zone: zone(),
                at: time,
                reason: "signatures-refresh is not shorter than signatures-validity-dnskey, or the time is past 2106-02-07T06:28:15Z",
            })?;
            time = era.until.map_or(refresh, |event| refresh.min(event));
        }
    }
    let stamp = Some(Stamp { time: judged_at, by: program.to_owned() });
    Ok(Response { format: request.format, zone: zone(), root: None, bundles, stamp })
}

const SECOND: crate::dns::Duration = crate::dns::Duration::from_seconds(1);

/// When the signatures of a bundle at `time` must be replaced; always later than `time`.
fn refresh(schedule: &Schedule, time: Time) -> Option<Time> {
    let expiration = time.checked_add(schedule.signatures_validity_dnskey)?;
    expiration.checked_sub(schedule.signatures_refresh).filter(|refresh| *refresh > time)
}

/// Every time at which a KSK changes, sorted.
fn events(keys: &Keys<'_>) -> Vec<Time> {
    let times = keys.profile().keys.values().flat_map(|key| {
        let Timeline { publish, sign_from, ds_from, ds_until, sign_until, unpublish, revoke } = key.timeline;
        [publish, sign_from, ds_from, ds_until, sign_until, unpublish, revoke]
    });
    let mut events: Vec<Time> = times.flatten().collect();
    events.extend(keys.profile().delete_ds_from);
    events.sort_unstable();
    events.dedup();
    events
}

fn within(from: Option<Time>, until: Option<Time>, time: Time) -> bool {
    from.is_none_or(|from| from <= time) && until.is_none_or(|until| time < until)
}

/// What the KSKs put into every bundle from one of their events to the next.
struct Era<'a> {
    /// The next event, at which this ends.
    until: Option<Time>,
    /// In the DNSKEY RRset, by algorithm and tag as BIND has them.
    published: Vec<Dnskey>,
    /// Those of them that sign DNSKEY.
    signing: Vec<Signer<'a>>,
    /// Those of these that sign CDNSKEY and CDS: all that are not revoked.
    plain: Vec<Signer<'a>>,
    cdnskey: Vec<Dnskey>,
    cds: Vec<Ds>,
}

impl<'a> Era<'a> {
    /// The era to which `time` belongs.
    fn at(
        keys: &mut Keys<'a>,
        schedule: &Schedule,
        format: Format,
        events: &[Time],
        time: Time,
    ) -> Result<Self, PlanError> {
        let (mut published, mut signing, mut wanted) = (Vec::new(), Vec::new(), Vec::new());
        let zone = keys.profile();
        for ZoneKey { name, timeline, .. } in zone.keys.values() {
            let stands = within(timeline.publish, timeline.unpublish, time);
            let asks = wants_ds(timeline, time);
            if !stands && !asks {
                continue;
            }
            let (name, plain) = keys.use_key(name)?;
            let revoked = timeline.revoke.is_some_and(|revoke| revoke <= time);
            let dnskey = if revoked { plain.revoked() } else { plain.clone() };
            if stands {
                // A revoked key proves its revocation by signing, for as long as it is there (RFC 5011, section 2.1).
                if revoked || within(timeline.sign_from, timeline.sign_until, time) {
                    signing.push(Signer::new(name, dnskey.clone()));
                }
                published.push(dnskey);
            }
            if asks {
                wanted.push(plain);
            }
        }
        published.sort_by_cached_key(by_algorithm);
        signing.sort_by_cached_key(|signer| by_algorithm(&signer.dnskey));
        wanted.sort_by_cached_key(|key| by_algorithm(key));
        let plain = signing.iter().filter(|signer| !signer.dnskey.is_revoked()).cloned().collect();
        let (mut cdnskey, mut cds) = (Vec::new(), Vec::new());
        if zone.delete_ds_from.is_some_and(|from| from <= time) {
            // Nothing else may stand beside the one record that says: remove all (RFC 8078, section 4).
            cdnskey.extend(schedule.cdnskey.then(Dnskey::delete));
            cds.extend((!schedule.cds_digest_types.is_empty()).then(Ds::delete));
        } else {
            cdnskey.extend(wanted.iter().filter(|_| schedule.cdnskey).copied().cloned());
            let digests = |key: &Dnskey| {
                let key = key.clone();
                schedule.cds_digest_types.iter().map(move |digest_type| key.ds(&zone.name, *digest_type))
            };
            cds.extend(wanted.into_iter().flat_map(digests));
        }
        if format == Format::Knot {
            cdnskey.sort_by_cached_key(Dnskey::rdata);
            cds.sort_by_cached_key(Ds::rdata);
        }
        let until = events.get(events.partition_point(|event| *event <= time)).copied();
        Ok(Self { until, published, signing, plain, cdnskey, cds })
    }
}

/// The order in which `dnssec-ksr` lists keys.
fn by_algorithm(key: &Dnskey) -> (u8, u16, Vec<u8>) {
    (key.algorithm.0, key.key_tag(), key.rdata())
}

fn bundle<'a>(
    keys: &mut Keys<'a>,
    schedule: &Schedule,
    format: Format,
    era: &Era<'a>,
    asked: &RequestBundle,
    time: Time,
) -> Result<ResponseBundle, PlanError> {
    let zone = keys.zone();
    let cadence = |reason| PlanError::Cadence { zone: zone.clone(), at: time, reason };
    let expiration = time
        .checked_add(schedule.signatures_validity_dnskey)
        .ok_or_else(|| cadence("signatures would end past 2106-02-07T06:28:15Z, the last time of an RRSIG"))?;
    let inception = time
        .checked_sub(schedule.inception_offset)
        .ok_or_else(|| cadence("inception-offset leads to a time before 1970"))?;
    let window = Window { inception, expiration };
    let zsks = asked.keys.iter().map(|zsk| &zsk.key.dnskey);
    let all = era.published.iter().chain(zsks).cloned();
    let mut set: Vec<Key> = all.map(|dnskey| Key { identifier: None, declared_tag: None, dnskey }).collect();
    let ttl = keys.policy().ttl;
    let mut parent_ttl = ttl;
    if format == Format::Knot {
        set.sort_by_cached_key(|key| key.dnskey.rdata());
        parent_ttl = 0; // Knot's importer expects CDS and CDNSKEY with TTL 0.
    }
    let mut sets = vec![keys.sign(Records::Dnskey(set), ttl, window, &era.signing)];
    if !era.cdnskey.is_empty() {
        sets.push(keys.sign(Records::Cdnskey(era.cdnskey.clone()), parent_ttl, window, &era.plain));
    }
    if !era.cds.is_empty() {
        sets.push(keys.sign(Records::Cds(era.cds.clone()), parent_ttl, window, &era.plain));
    }
    Ok(ResponseBundle { id: None, inception: time, expiration: None, sets })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::{PlannedJob, build, fixture};
    use super::*;
    use crate::dns::{Duration, RrType};
    use crate::profile::{Profile, Signing};

    fn schedule(profile: &mut Profile) -> &mut Schedule {
        match &mut Arc::make_mut(&mut profile.zones.values_mut().next().unwrap().policy).signing {
            Signing::Schedule(schedule) => schedule,
            Signing::Schemas { .. } => panic!("a schedule"),
        }
    }

    fn timeline<'a>(profile: &'a mut Profile, key: &str) -> &'a mut Timeline {
        &mut profile.zones.values_mut().next().unwrap().keys.get_mut(key).unwrap().timeline
    }

    fn plan(profile: &Profile, input: JobInput) -> Result<PlannedJob, PlanError> {
        build(profile, &[input], fixture::now(), "test").map(|mut plan| plan.jobs.remove(0))
    }

    fn times(job: &PlannedJob) -> Vec<Time> {
        job.response.bundles.iter().map(|bundle| bundle.inception).collect()
    }

    fn days(from: Time, days: u16) -> Time {
        from.checked_add(Duration::from_days(days)).unwrap()
    }

    #[test]
    fn bind_bundles_follow_refresh_and_request() {
        let input = fixture::bind_input();
        let first = input.request.bundles[0].inception;
        let job = plan(&fixture::bind_profile(), input).unwrap();
        // P14D/P5D: every 9 days, begun anew at the request's second bundle on day 30, until day 90.
        let expected = [0, 9, 18, 27, 30, 39, 48, 57, 66, 75, 84];
        assert_eq!(times(&job), expected.map(|day| days(first, day)));
        let rrsig = &job.response.bundles[0].sets[0].signatures[0].rrsig;
        assert_eq!(rrsig.inception, first.checked_sub(Duration::from_seconds(3600)).unwrap());
        assert_eq!(rrsig.expiration, days(first, 14));
    }

    #[test]
    fn knot_has_a_bundle_at_the_end_of_its_request() {
        let input = fixture::knot_input();
        let last = input.request.bundles.last().unwrap().inception;
        let job = plan(&fixture::knot_profile(), input).unwrap();
        assert_eq!(times(&job).last(), Some(&last));
        assert_eq!(job.response.bundles[0].set(RrType::Cds).unwrap().ttl, 0);
        let rdatas = job.response.bundles[0].sets[0].records.rdatas();
        assert!(rdatas.is_sorted());
    }

    #[test]
    fn the_delete_forms_stand_alone_from_their_time_on() {
        let mut profile = fixture::knot_profile();
        let input = fixture::knot_input();
        let from = days(input.request.bundles[0].inception, 12);
        profile.zones.values_mut().next().unwrap().delete_ds_from = Some(from);
        let job = plan(&profile, input).unwrap();
        assert!(times(&job).contains(&from), "a bundle begins");
        for bundle in &job.response.bundles {
            let lines = |rr_type| bundle.set(rr_type).unwrap().records.lines();
            let deleted =
                (lines(RrType::Cdnskey), lines(RrType::Cds)) == (vec!["0 3 0 AA==".into()], vec!["0 0 0 00".into()]);
            assert_eq!(deleted, from <= bundle.inception);
            assert!(bundle.sets.iter().all(|set| set.signatures.len() == 1));
        }
    }

    #[test]
    fn key_events_begin_a_bundle() {
        let mut profile = fixture::bind_profile();
        let input = fixture::bind_input();
        let first = input.request.bundles[0].inception;
        let (roll, gone) = (days(first, 11), days(first, 13));
        timeline(&mut profile, "next").publish = Some(roll);
        timeline(&mut profile, "next").ds_until = None;
        timeline(&mut profile, "current").unpublish = Some(gone);
        let job = plan(&profile, input).unwrap();
        assert!(times(&job).contains(&roll) && times(&job).contains(&gone));
        let at = |time| job.response.bundles.iter().find(|bundle| bundle.inception == time).unwrap();
        let ksks = |time| at(time).keys().iter().filter(|key| key.dnskey.is_sep()).count();
        assert_eq!((ksks(first), ksks(roll), ksks(gone)), (1, 2, 1));
        assert_eq!(at(roll).sets[0].signatures.len(), 2, "both sign while both are published");
    }

    #[test]
    fn a_revoked_key_signs_dnskey_alone() {
        let mut profile = fixture::bind_profile();
        let input = fixture::bind_input();
        let first = input.request.bundles[0].inception;
        *timeline(&mut profile, "next") = Timeline::default();
        timeline(&mut profile, "current").revoke = Some(days(first, 10));
        let job = plan(&profile, input).unwrap();
        let bundle = job.response.bundles.iter().find(|bundle| bundle.inception == days(first, 10)).unwrap();
        assert_eq!(bundle.set(RrType::Dnskey).unwrap().signatures.len(), 2);
        assert_eq!(bundle.set(RrType::Cdnskey).unwrap().signatures.len(), 1);
        assert_eq!(bundle.set(RrType::Cds).unwrap().records.lines().len(), 1);
    }

    #[test]
    fn cds_and_cdnskey_can_be_turned_off_and_follow_the_ds_times() {
        let mut profile = fixture::bind_profile();
        let input = fixture::bind_input();
        let first = input.request.bundles[0].inception;
        timeline(&mut profile, "current").ds_from = Some(days(first, 1));
        let job = plan(&profile, input.clone()).unwrap();
        assert_eq!(job.response.bundles[0].sets.len(), 1);
        assert_eq!(job.response.bundles[1].sets.len(), 3);
        schedule(&mut profile).cds_digest_types.clear();
        schedule(&mut profile).cdnskey = false;
        let job = plan(&profile, input).unwrap();
        assert!(job.response.bundles.iter().all(|bundle| bundle.sets.len() == 1));
    }

    #[test]
    fn refuses_schedules_that_lead_nowhere() {
        let mut profile = fixture::bind_profile();
        schedule(&mut profile).signatures_refresh = Duration::from_days(14);
        assert!(matches!(plan(&profile, fixture::bind_input()), Err(PlanError::Cadence { .. })));
        schedule(&mut profile).signatures_validity_dnskey = Duration::from_seconds(2);
        schedule(&mut profile).signatures_refresh = Duration::from_seconds(1);
        assert!(matches!(plan(&profile, fixture::bind_input()), Err(PlanError::TooManyBundles { .. })));
        let mut input = fixture::bind_input();
        input.until = Some(input.request.bundles[0].inception);
        assert!(matches!(plan(&fixture::bind_profile(), input), Err(PlanError::NoCoverage { .. })));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn coverage_has_no_gap_and_signatures_outlive_the_next_bundle(
            validity in 2_u32..40, refresh in 1_u32..39, second in 1_u16..80, event in 0_u16..90, knot: bool,
        ) {
            prop_assume!(refresh < validity);
            let (mut profile, mut input) = if knot {
                (fixture::knot_profile(), fixture::knot_input())
            } else {
                (fixture::bind_profile(), fixture::bind_input())
            };
            let first = input.request.bundles[0].inception;
            input.request.bundles[1].inception = days(first, second);
            let until = days(first, 90);
            input.until = Some(until);
            timeline(&mut profile, "next").publish = Some(days(first, event));
            let schedule = schedule(&mut profile);
            schedule.signatures_validity_dnskey = Duration::from_seconds(validity * 86_400);
            schedule.signatures_refresh = Duration::from_seconds(refresh * 86_400);
            let job = plan(&profile, input).unwrap();
            prop_assert!(times(&job).is_sorted_by(|a, b| a < b));
            for pair in job.response.bundles.windows(2) {
                for signature in pair[0].sets.iter().flat_map(|set| &set.signatures) {
                    prop_assert!(signature.rrsig.expiration > pair[1].inception);
                    prop_assert!(signature.rrsig.inception <= pair[0].inception);
                }
            }
            prop_assert!(job.covered_until() >= until);
            prop_assert!(times(&job).contains(&days(first, event)) || event >= 90);
        }
    }
}
