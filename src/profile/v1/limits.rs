//! Limits for requests: `[policies.NAME.request]`.

use serde::Deserialize;
use toml::Value;

use super::super::error::quoted;
use super::super::source::Field;
use super::super::{Limit, ProfileError, RequestPolicy};
use super::schema::MAX_SLOT;
use crate::dns::{Algorithm, Duration};

/// Days within which RRSIG times have an order: 2^31 seconds (RFC 4034, section 3.1.5).
const MAX_HORIZON: i64 = (1 << 31) / 86_400;

/// The most different keys that all bundles of a request can be demanded to have.
const MAX_DIFFERENT_KEYS: i64 = 100_000;

/// Every limit is a [`Value`]: the text `unchecked` may stand in place of any of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawRequest {
    num_bundles: Option<Value>,
    num_keys_per_bundle: Option<Value>,
    num_different_keys_in_all_bundles: Option<Value>,
    approved_algorithms: Vec<String>,
    rsa_approved_key_sizes: Option<Value>,
    rsa_approved_exponents: Option<Value>,
    min_cycle_inception_length: Option<Value>,
    max_cycle_inception_length: Option<Value>,
    min_bundle_interval: Option<Value>,
    max_bundle_interval: Option<Value>,
    min_signature_validity: Option<Value>,
    max_signature_validity: Option<Value>,
    min_validity_overlap: Option<Value>,
    max_validity_overlap: Option<Value>,
    signature_horizon_days: Option<Value>,
}

/// What the limits of one table have in common.
struct Limits<'a> {
    field: &'a Field<'a>,
    /// Under schemas every limit is demanded.
    all: bool,
}

impl RawRequest {
    /// Reads the table; with `all`, every limit must be there.
    pub(super) fn read(self, field: &Field<'_>, all: bool) -> Result<RequestPolicy, ProfileError> {
        let limits = Limits { field, all };
        let span = |key, raw| limits.read(key, raw, duration);
        let count = |key, raw, max| limits.read(key, raw, |field, value| integer(field, value, 1..=max));
        let policy = RequestPolicy {
            num_bundles: count("num-bundles", self.num_bundles, i64::from(MAX_SLOT))?,
            num_keys_per_bundle: limits.read("num-keys-per-bundle", self.num_keys_per_bundle, |field, value| {
                integers(field, value, 1..=1000)
            })?,
            num_different_keys_in_all_bundles: count(
                "num-different-keys-in-all-bundles",
                self.num_different_keys_in_all_bundles,
                MAX_DIFFERENT_KEYS,
            )?,
            approved_algorithms: algorithms(&field.key("approved-algorithms"), &self.approved_algorithms)?,
            rsa_approved_key_sizes: limits.read(
                "rsa-approved-key-sizes",
                self.rsa_approved_key_sizes,
                |field, value| integers(field, value, 1024..=4096),
            )?,
            rsa_approved_exponents: limits.read(
                "rsa-approved-exponents",
                self.rsa_approved_exponents,
                |field, value| integers(field, value, 3..=i64::MAX),
            )?,
            min_cycle_inception_length: span("min-cycle-inception-length", self.min_cycle_inception_length)?,
            max_cycle_inception_length: span("max-cycle-inception-length", self.max_cycle_inception_length)?,
            min_bundle_interval: span("min-bundle-interval", self.min_bundle_interval)?,
            max_bundle_interval: span("max-bundle-interval", self.max_bundle_interval)?,
            min_signature_validity: span("min-signature-validity", self.min_signature_validity)?,
            max_signature_validity: limits.demanded("max-signature-validity", self.max_signature_validity, duration)?,
            min_validity_overlap: span("min-validity-overlap", self.min_validity_overlap)?,
            max_validity_overlap: span("max-validity-overlap", self.max_validity_overlap)?,
            signature_horizon_days: limits.demanded(
                "signature-horizon-days",
                self.signature_horizon_days,
                |field, value| integer(field, value, 1..=MAX_HORIZON),
            )?,
        };
        limits.coherent(&policy)?;
        Ok(policy)
    }
}

impl Limits<'_> {
    /// Reads a limit that may be missing under a schedule.
    fn read<T>(
        &self,
        key: &str,
        raw: Option<Value>,
        read: impl Fn(&Field<'_>, &Value) -> Result<T, ProfileError>,
    ) -> Result<Limit<T>, ProfileError> {
        if raw.is_none() && !self.all { Ok(Limit::Unchecked) } else { self.demanded(key, raw, read) }
    }

    /// Reads a limit that must be there, if only as `unchecked`.
    fn demanded<T>(
        &self,
        key: &str,
        raw: Option<Value>,
        read: impl Fn(&Field<'_>, &Value) -> Result<T, ProfileError>,
    ) -> Result<Limit<T>, ProfileError> {
        let field = self.field.key(key);
        match raw {
            None => {
                let advice = "write the limit; one that shall not be checked is written as \"unchecked\"";
                Err(field.missing("a limit, or \"unchecked\"", advice))
            }
            Some(Value::String(text)) if text == "unchecked" => Ok(Limit::Unchecked),
            Some(value) => read(&field, &value).map(Limit::Is),
        }
    }

    /// Limits that no request could keep together are refused.
    fn coherent(&self, policy: &RequestPolicy) -> Result<(), ProfileError> {
        let pairs = [
            ("cycle-inception-length", &policy.min_cycle_inception_length, &policy.max_cycle_inception_length),
            ("bundle-interval", &policy.min_bundle_interval, &policy.max_bundle_interval),
            ("signature-validity", &policy.min_signature_validity, &policy.max_signature_validity),
            ("validity-overlap", &policy.min_validity_overlap, &policy.max_validity_overlap),
        ];
        for (name, min, max) in pairs {
            ordered(self.field, name, min.as_option().copied(), max.as_option().copied())?;
        }
        let (Some(bundles), Some(keys)) = (policy.num_bundles.as_option(), policy.num_keys_per_bundle.as_option())
        else {
            return Ok(());
        };
        if *bundles == keys.len() {
            return Ok(());
        }
        let expected = format!("{bundles} numbers, one for each of num-bundles");
        let advice = "correct one of the two";
        let field = self.field.key("num-keys-per-bundle");
        Err(field.refuse("this list and num-bundles differ", expected, keys.len().to_string(), advice))
    }
}

/// Refuses `min-NAME` above `max-NAME`.
pub(super) fn ordered(
    field: &Field<'_>,
    name: &str,
    min: Option<Duration>,
    max: Option<Duration>,
) -> Result<(), ProfileError> {
    match (min, max) {
        (Some(min), Some(max)) if min > max => {
            let expected = format!("at most max-{name}, {max}");
            let advice = "exchange the two, or correct one of them";
            let field = field.key(&format!("min-{name}"));
            Err(field.refuse("the shortest is longer than the longest", expected, min.to_string(), advice))
        }
        _ => Ok(()),
    }
}

/// What a duration looks like.
pub(super) const DURATION: &str =
    "an ISO 8601 duration of weeks, days, hours, minutes and seconds, as \"P21D\", at most P49710DT6H28M15S";

fn duration(field: &Field<'_>, value: &Value) -> Result<Duration, ProfileError> {
    match value {
        Value::String(text) => field.parse(text, &format!("{DURATION}, or \"unchecked\"")),
        other => Err(another_type(field, "a duration in quotes, or \"unchecked\"", other)),
    }
}

fn integer<T: TryFrom<i64>>(
    field: &Field<'_>,
    value: &Value,
    bounds: std::ops::RangeInclusive<i64>,
) -> Result<T, ProfileError> {
    match value {
        Value::Integer(number) => field.number(*number, bounds),
        other => Err(another_type(field, "an integer, or \"unchecked\"", other)),
    }
}

fn integers<T: TryFrom<i64>>(
    field: &Field<'_>,
    value: &Value,
    bounds: std::ops::RangeInclusive<i64>,
) -> Result<Vec<T>, ProfileError> {
    match value {
        Value::Array(values) if !values.is_empty() => {
            let numbered = values.iter().enumerate();
            numbered.map(|(index, value)| integer(&field.index(index), value, bounds.clone())).collect()
        }
        Value::Array(_) => {
            Err(field.refuse("the list is empty", "at least one number", "[]", "write \"unchecked\" to have no limit"))
        }
        other => Err(another_type(field, "a list of integers, or \"unchecked\"", other)),
    }
}

fn another_type(field: &Field<'_>, expected: &str, found: &Value) -> ProfileError {
    let found = match found {
        Value::String(text) => quoted(text),
        Value::Integer(number) => quoted(&number.to_string()),
        Value::Boolean(value) => quoted(&value.to_string()),
        other => other.type_str().to_owned(),
    };
    field.refuse("the value has another type", expected, found, "correct it as docs/profile.md describes this key")
}

/// The algorithms of ZSKs; these are always checked.
fn algorithms(field: &Field<'_>, texts: &[String]) -> Result<Vec<Algorithm>, ProfileError> {
    if texts.is_empty() {
        return Err(field.refuse("the list is empty", "at least one algorithm", "[]", "name the ZSKs' algorithm"));
    }
    let mut algorithms = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let field = field.index(index);
        let algorithm = algorithm(&field, text)?;
        if algorithms.contains(&algorithm) {
            let found = quoted(text);
            return Err(field.refuse("an algorithm stands here twice", "each once", found, "remove one of them"));
        }
        algorithms.push(algorithm);
    }
    Ok(algorithms)
}

/// Reads the mnemonic of an algorithm.
pub(super) fn algorithm(field: &Field<'_>, text: &str) -> Result<Algorithm, ProfileError> {
    field.parse(text, &format!("one of {}", Algorithm::ALL.map(Algorithm::mnemonic).join(", ")))
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::{SCHEDULE, SCHEMAS, assert_refused, changed, read_text};
    use super::*;

    const LIMITS: [&str; 14] = [
        "num-bundles",
        "num-keys-per-bundle",
        "num-different-keys-in-all-bundles",
        "rsa-approved-key-sizes",
        "rsa-approved-exponents",
        "min-cycle-inception-length",
        "max-cycle-inception-length",
        "min-bundle-interval",
        "max-bundle-interval",
        "min-signature-validity",
        "max-signature-validity",
        "min-validity-overlap",
        "max-validity-overlap",
        "signature-horizon-days",
    ];

    fn line(text: &str, key: &str) -> String {
        let request = text.split_once("[policies.p.request]").unwrap().1;
        request.lines().find(|line| line.starts_with(&format!("{key} ="))).unwrap().to_owned()
    }

    #[test]
    fn with_schemas_a_limit_is_left_out_only_as_unchecked() {
        for key in LIMITS {
            let line = line(SCHEMAS, key);
            let path = format!("policies.p.request.{key}");
            assert_refused(&changed(SCHEMAS, &line, ""), &path, "a limit, or \"unchecked\"", "nothing");
            let unchecked = format!("{key} = \"unchecked\"");
            assert!(read_text(&changed(SCHEMAS, &line, &unchecked)).is_ok(), "{key}");
            let wrong = format!("{key} = \"none\"");
            assert_refused(&changed(SCHEMAS, &line, &wrong), &path, "\"unchecked\"", "`none`");
            let wrong = format!("{key} = true");
            assert_refused(&changed(SCHEMAS, &line, &wrong), &path, "\"unchecked\"", "`true`");
        }
    }

    #[test]
    fn with_a_schedule_only_three_are_demanded() {
        let request = |text: &str| read_text(text).unwrap().zones.into_values().next().unwrap().policy.request.clone();
        assert_eq!(request(SCHEDULE).num_bundles, Limit::Unchecked);
        assert_eq!(request(SCHEDULE).signature_horizon_days, Limit::Is(400));
        for key in ["max-signature-validity", "signature-horizon-days"] {
            let text = changed(SCHEDULE, &line(SCHEDULE, key), "");
            assert_refused(&text, &format!("policies.p.request.{key}"), "a limit, or \"unchecked\"", "nothing");
        }
        let text = changed(SCHEDULE, &line(SCHEDULE, "approved-algorithms"), "");
        assert_refused(&text, "policies.p.request.approved-algorithms", "the key `", "nothing");
    }

    #[test]
    fn algorithms_are_known_and_always_checked() {
        let path = "policies.p.request.approved-algorithms";
        let with = |to: &str| {
            changed(SCHEMAS, "approved-algorithms = [\"RSASHA256\"]", &format!("approved-algorithms = {to}"))
        };
        assert_refused(&with("[]"), path, "at least one algorithm", "[]");
        assert_refused(&with("\"unchecked\""), path, "a list", "string \"unchecked\"");
        assert_refused(&with("[\"RSASHA1\"]"), &format!("{path}.0"), "one of RSASHA256, RSASHA512", "`RSASHA1`");
        assert_refused(&with("[\"ED25519\", \"ED25519\"]"), &format!("{path}.1"), "each once", "`ED25519`");
    }

    #[test]
    fn the_shortest_is_not_longer_than_the_longest() {
        for name in ["cycle-inception-length", "bundle-interval", "signature-validity", "validity-overlap"] {
            let text = changed(SCHEMAS, &line(SCHEMAS, &format!("max-{name}")), &format!("max-{name} = \"PT1S\""));
            assert_refused(&text, &format!("policies.p.request.min-{name}"), &format!("at most max-{name}, PT1S"), "P");
        }
    }

    #[test]
    fn durations_are_iso_8601() {
        let text = changed(SCHEMAS, &line(SCHEMAS, "min-bundle-interval"), "min-bundle-interval = \"1M\"");
        assert_refused(&text, "policies.p.request.min-bundle-interval", "an ISO 8601 duration", "`1M`");
    }

    #[test]
    fn numbers_lie_within_bounds() {
        let with = |key: &str, to: &str| changed(SCHEMAS, &line(SCHEMAS, key), &format!("{key} = {to}"));
        let path = |key: &str| format!("policies.p.request.{key}");
        assert_refused(&with("num-bundles", "0"), &path("num-bundles"), "1 to 10000", "0");
        assert_refused(&with("num-bundles", "10001"), &path("num-bundles"), "1 to 10000", "10001");
        let key = "num-keys-per-bundle";
        assert_refused(&with(key, "[2, 0]"), &path("num-keys-per-bundle.1"), "1 to 1000", "0");
        assert_refused(&with(key, "[]"), &path(key), "at least one number", "[]");
        assert_refused(&with(key, "[2]"), &path(key), "2 numbers, one for each of num-bundles", "1");
        let key = "rsa-approved-key-sizes";
        assert_refused(&with(key, "[512]"), &path("rsa-approved-key-sizes.0"), "1024 to 4096", "512");
        let key = "signature-horizon-days";
        for wrong in ["-1", "0", "24856"] {
            assert_refused(&with(key, wrong), &path(key), "1 to 24855", wrong);
        }
    }
}
