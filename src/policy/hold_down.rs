//! SKR-HOLD-DOWN: resolvers that follow RFC 5011 trust a KSK before it signs alone.

use std::collections::BTreeMap;

use super::check::{Check, Fault, Report};
use super::judge::Job;
use super::{response, words};
use crate::dns::{Dnskey, RrType, Time};
use crate::exchange::ResponseBundle;
use crate::plan::{JobInput, Previous};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// For how long a resolver has to see a new KSK, in seconds: the hold-down of 30 days or the TTL, whichever is greater
/// (RFC 5011, section 2.4.1), and two queries more, one that sees the key first and one that accepts it (section 2.3).
fn wait(ttl: u32, validity: i64) -> i64 {
    let ttl = i64::from(ttl);
    let refresh = (15 * DAY).min(ttl / 2).min(validity / 2).max(HOUR);
    (30 * DAY).max(ttl) + 2 * refresh
}

/// Warns where every KSK that signs a bundle is too new, by the previous response and the plan.
///
/// What the first bundle of all has may have been there for long.
pub(super) fn check(job: &Job<'_>, input: &JobInput, report: &mut Report) {
    if !job.zone.rfc5011 {
        return report.skip(Check::SkrHoldDown, "no resolver follows the zone's keys by RFC 5011, says the profile");
    }
    let faults = hasty(job, input).map_or_else(Vec::new, |fault| vec![fault]);
    report.judge(Check::SkrHoldDown, "in every bundle a KSK signs that resolvers trust already", faults);
}

fn hasty(job: &Job<'_>, input: &JobInput) -> Option<Fault> {
    let first = job.response.bundles.first()?.inception;
    let earlier = match &input.previous {
        Previous::Response { response, .. } => response.bundles.as_slice(),
        Previous::First => &[],
    };
    let earlier = earlier.iter().filter(|bundle| bundle.inception < first).map(|bundle| (None, bundle));
    let planned = job.response.bundles.iter().enumerate().map(|(index, bundle)| (Some(index), bundle));
    let mut since: BTreeMap<&[u8], Option<Time>> = BTreeMap::new();
    for (position, (index, bundle)) in earlier.chain(planned).enumerate() {
        let begin = (position > 0).then_some(bundle.inception);
        // Whoever is missing once begins anew.
        since = plain(bundle).map(|key| (key, since.get(key).copied().unwrap_or(begin))).collect();
        let Some(index) = index else { continue };
        let end = bundle.end().unwrap_or(bundle.inception);
        let wait = wait(job.zone.policy.ttl, end.seconds_since(bundle.inception));
        let seen = |key: &Dnskey| {
            let begin = since.get(key.key.as_slice()).copied().flatten()?;
            Some(bundle.inception.seconds_since(begin))
        };
        let signers = || response::signers(bundle, RrType::Dnskey).filter(|key| !key.is_revoked());
        let longest = signers().map(|key| seen(key).unwrap_or(i64::MAX)).max();
        // That nobody signs at all is SKR-SIGNED's.
        let Some(longest) = longest.filter(|longest| *longest < wait) else { continue };
        let message = format!("{} signs alone, and resolvers do not trust it yet", words::keys(signers()));
        let fault = Fault::warn(message).bundle(index, bundle.id.as_ref());
        let expected = format!("published for {} before (RFC 5011)", words::span(wait));
        return Some(fault.expected(expected).found(words::span(longest)));
    }
    None
}

fn plain(bundle: &ResponseBundle) -> impl Iterator<Item = &[u8]> {
    bundle.dnskeys().filter(|key| key.is_sep() && !key.is_revoked()).map(|key| key.key.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_the_hold_down_and_two_queries() {
        assert_eq!(wait(172_800, 21 * DAY), 32 * DAY);
        assert_eq!(wait(3600, 14 * DAY), 30 * DAY + 2 * HOUR);
        assert_eq!(wait(60, 14 * DAY), 30 * DAY + 2 * HOUR);
        assert_eq!(wait(40 * 86_400, 2 * DAY), 42 * DAY);
        assert_eq!(wait(40 * 86_400, 60 * DAY), 70 * DAY);
    }
}
