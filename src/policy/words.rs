//! How keys, spans of time and limits are put into words.

use crate::dns::{Dnskey, Duration};
use crate::exchange::{KeyParameters, SignerPolicy};
use crate::profile::Limit;

/// `14796 (RSASHA256)`.
pub(super) fn key(key: &Dnskey) -> String {
    match key.algorithm.mnemonic() {
        Some(mnemonic) => format!("{} ({mnemonic})", key.key_tag()),
        None => format!("{} (algorithm {})", key.key_tag(), key.algorithm),
    }
}

/// Keys in one line, in their order.
pub(super) fn keys<'a>(keys: impl IntoIterator<Item = &'a Dnskey>) -> String {
    let words: Vec<String> = keys.into_iter().map(key).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

/// A span of seconds as an ISO 8601 duration, with a sign where it is negative.
pub(super) fn span(seconds: i64) -> String {
    let length = Duration::from_seconds(u32::try_from(seconds.unsigned_abs()).unwrap_or(u32::MAX));
    if seconds < 0 { format!("-{length}") } else { length.to_string() }
}

/// A policy's durations in the order of its elements, then its algorithms.
pub(super) fn policy(policy: &SignerPolicy) -> String {
    let durations = [
        policy.publish_safety,
        policy.retire_safety,
        policy.max_signature_validity,
        policy.min_signature_validity,
        policy.max_validity_overlap,
        policy.min_validity_overlap,
    ];
    let algorithms = policy.algorithms.iter().map(|algorithm| match algorithm.parameters {
        KeyParameters::Rsa { size, exponent } => format!("{}/{size}/{exponent}", algorithm.algorithm.0),
        KeyParameters::Ecdsa { size } | KeyParameters::Eddsa { size } => format!("{}/{size}", algorithm.algorithm.0),
    });
    durations.iter().map(ToString::to_string).chain(algorithms).collect::<Vec<_>>().join(" ")
}

/// A range of durations from one source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    /// Who sets it.
    pub(super) source: &'static str,
    /// At least so long.
    pub(super) least: Option<Duration>,
    /// At most so long.
    pub(super) most: Option<Duration>,
}

impl Range {
    /// The profile's limits.
    pub(super) fn profile(least: &Limit<Duration>, most: &Limit<Duration>) -> Self {
        Self { source: "profile", least: limit(least), most: limit(most) }
    }

    /// Limits that a policy states.
    pub(super) const fn stated(source: &'static str, least: Duration, most: Duration) -> Self {
        Self { source, least: Some(least), most: Some(most) }
    }

    /// Whether one of its ends is left open.
    pub(super) const fn is_open(&self) -> bool {
        self.least.is_none() || self.most.is_none()
    }

    const fn is_empty(&self) -> bool {
        self.least.is_none() && self.most.is_none()
    }

    fn holds(&self, seconds: i64) -> bool {
        self.least.is_none_or(|least| i64::from(least.seconds()) <= seconds)
            && self.most.is_none_or(|most| seconds <= i64::from(most.seconds()))
    }

    fn words(&self) -> String {
        let range = match (self.least, self.most) {
            (Some(least), Some(most)) if least == most => least.to_string(),
            (Some(least), Some(most)) => format!("{least} to {most}"),
            (Some(least), None) => format!("at least {least}"),
            (None, Some(most)) => format!("at most {most}"),
            (None, None) => "anything".to_owned(),
        };
        format!("{range} ({})", self.source)
    }
}

/// What the ranges that `seconds` violates expect; `None` if it is within all of them.
pub(super) fn violated(ranges: &[Range], seconds: i64) -> Option<String> {
    let violated: Vec<String> = ranges.iter().filter(|range| !range.holds(seconds)).map(Range::words).collect();
    (!violated.is_empty()).then(|| violated.join(" and "))
}

/// Whether no range says anything.
pub(super) fn unbounded(ranges: &[Range]) -> bool {
    ranges.iter().all(Range::is_empty)
}

/// A limit as an option.
pub(super) fn limit<T: Clone>(limit: &Limit<T>) -> Option<T> {
    match limit {
        Limit::Is(value) => Some(value.clone()),
        Limit::Unchecked => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_a_sign() {
        assert_eq!(span(86_400), "P1D");
        assert_eq!(span(-3600), "-PT1H");
    }

    #[test]
    fn every_violated_range_is_named_with_its_source() {
        let day = |days| Duration::from_days(days);
        let ranges =
            [Range::stated("request", day(15), day(22)), Range { source: "profile", least: None, most: Some(day(21)) }];
        assert_eq!(violated(&ranges, 21 * 86_400), None);
        assert_eq!(violated(&ranges, 22 * 86_400).unwrap(), "at most P21D (profile)");
        assert_eq!(violated(&ranges, 23 * 86_400).unwrap(), "P15D to P22D (request) and at most P21D (profile)");
        assert!(violated(&ranges, -1).is_some());
    }
}
