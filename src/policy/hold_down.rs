//! SKR-HOLD-DOWN: resolvers that follow RFC 5011 trust a KSK before it signs alone.

use std::collections::BTreeMap;

use super::check::{Check, Fault, Report};
use super::judge::{Job, earlier};
use super::{response, words};
use crate::dns::{Dnskey, RrType, Time};
use crate::exchange::ResponseBundle;
use crate::plan::JobInput;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// For how long a resolver has to see a new KSK, in seconds: the hold-down of 30 days or the TTL, whichever is greater
/// (RFC 5011, section 2.4.1), and two queries more, one that sees the key first and one that accepts it (section 2.3).
fn wait(ttl: u32, validity: i64) -> i64 {
    let ttl = i64::from(ttl);
    let refresh = (15 * DAY).min(ttl / 2).min(validity / 2).max(HOUR);
    (30 * DAY).max(ttl) + 2 * refresh
}

/// Warns where every KSK that signs a bundle is too new, and where a revoked one goes too early, by the previous response
/// and the plan.
///
/// What the first bundle of all has may have been there for long.
pub(super) fn check(job: &Job<'_>, input: &JobInput, report: &mut Report) {
    if !job.zone.rfc5011 {
        return report.skip(Check::SkrHoldDown, "no resolver follows the zone's keys by RFC 5011, says the profile");
    }
    let faults = hasty(job, input).into_iter().chain(forgotten(job, input)).collect();
    report.judge(Check::SkrHoldDown, "resolvers trust a KSK that signs, and see each revocation", faults);
}

fn hasty(job: &Job<'_>, input: &JobInput) -> Option<Fault> {
    let mut since: BTreeMap<&[u8], Option<Time>> = BTreeMap::new();
    for (position, (index, bundle)) in timeline(job, input).enumerate() {
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

/// Warns where a revoked KSK goes before resolvers must have seen that it is revoked: it stays for the remove hold-down of
/// 30 days (RFC 5011, section 6.2). One that is forgotten earlier is trusted for good.
fn forgotten(job: &Job<'_>, input: &JobInput) -> Option<Fault> {
    let mut since: BTreeMap<&[u8], (&Dnskey, Option<Time>)> = BTreeMap::new();
    for (position, (index, bundle)) in timeline(job, input).enumerate() {
        let begin = (position > 0).then_some(bundle.inception);
        let gone = since.iter().filter(|(public, _)| !bundle.dnskeys().any(|key| key.key == **public));
        for (key, begin) in gone.map(|(_, of)| *of) {
            let Some((index, begin)) = index.zip(begin) else { continue };
            let stayed = bundle.inception.seconds_since(begin);
            if stayed < 30 * DAY {
                let message = format!("revoked key {} goes before every resolver has seen that it is", words::key(key));
                let fault = Fault::warn(message).bundle(index, bundle.id.as_ref());
                return Some(fault.expected("revoked for 30 days (RFC 5011)").found(words::span(stayed)));
            }
        }
        let revoked = bundle.dnskeys().filter(|key| key.is_revoked());
        since = revoked
            .map(|key| (key.key.as_slice(), since.get(key.key.as_slice()).copied().unwrap_or((key, begin))))
            .collect();
    }
    None
}

/// What is served, bundle by bundle, those of the previous response first; with the index of those that are planned.
fn timeline<'a>(job: &Job<'a>, input: &'a JobInput) -> impl Iterator<Item = (Option<usize>, &'a ResponseBundle)> {
    let planned = job.response.bundles.iter().enumerate().map(|(index, bundle)| (Some(index), bundle));
    earlier(job, input).into_iter().map(|bundle| (None, bundle)).chain(planned)
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
