//! A policy: `[policies.NAME]`, its `ksk` table and its schedule.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::super::error::quoted;
use super::super::source::{Field, Table};
use super::super::{KskPolicy, MAX_OFFSET, Policy, ProfileError, Schedule, Signing};
use super::limits::{DURATION, RawRequest, ordered};
use super::schema::{RawSchema, Uses, read_schemas};
use crate::dns::{DigestType, Duration};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawPolicy {
    ttl: i64,
    request: Table<RawRequest>,
    ksk: Option<Table<RawKsk>>,
    schemas: Option<BTreeMap<String, RawSchema>>,
    schedule: Option<Table<RawSchedule>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawKsk {
    publish_safety: String,
    retire_safety: String,
    min_signature_validity: String,
    max_signature_validity: String,
    min_validity_overlap: String,
    max_validity_overlap: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawSchedule {
    coverage: String,
    signatures_validity_dnskey: String,
    signatures_refresh: String,
    inception_offset: String,
    cds_digest_types: Vec<String>,
    cdnskey: bool,
}

/// A policy, and what is needed to judge the zones that use it.
pub(super) struct ReadPolicy<'a> {
    /// The policy.
    pub(super) policy: Arc<Policy>,
    /// The keys that its schemas name.
    pub(super) uses: Uses<'a>,
}

impl RawPolicy {
    /// Reads the table; `unfolded` counts slots and names in the schemas of the whole profile.
    pub(super) fn read<'a>(self, field: &Field<'a>, unfolded: &mut usize) -> Result<ReadPolicy<'a>, ProfileError> {
        let ttl = field.key("ttl").number(self.ttl, 0..=(1 << 31) - 1)?; // RFC 2181, section 8
        let request = self.request.0.read(&field.key("request"), self.schemas.is_some())?;
        let mut uses = Uses::new();
        let signing = match (self.schemas, self.schedule) {
            (Some(raw), None) => {
                let Some(Table(ksk)) = self.ksk else {
                    let advice = "add the table; it is declared in the response and enforced";
                    return Err(field.key("ksk").missing("the table ksk, because there are schemas", advice));
                };
                let ksk = ksk.read(&field.key("ksk"))?;
                let bundles = request.num_bundles.as_option().copied();
                let schemas = read_schemas(&field.key("schemas"), raw, bundles, &mut uses, unfolded)?;
                Signing::Schemas { schemas, ksk }
            }
            (None, Some(Table(schedule))) => {
                if self.ksk.is_some() {
                    let advice = "remove the table; the schedule says it all";
                    let expected = "no ksk, because there is a schedule";
                    return Err(field.key("ksk").refuse("ksk belongs to schemas", expected, "ksk", advice));
                }
                let schedule = schedule.read(&field.key("schedule"))?;
                validity_within_limit(field, &schedule, request.max_signature_validity.as_option())?;
                Signing::Schedule(schedule)
            }
            (schemas, _) => {
                let found = if schemas.is_some() { "both" } else { "neither" };
                let advice = "keep schemas for requests of the root zone's kind, schedule for those of BIND and Knot";
                return Err(field.refuse("how is this zone signed?", "either schemas or schedule", found, advice));
            }
        };
        Ok(ReadPolicy { policy: Arc::new(Policy { ttl, request, signing }), uses })
    }
}

fn validity_within_limit(field: &Field<'_>, schedule: &Schedule, limit: Option<&Duration>) -> Result<(), ProfileError> {
    match limit {
        Some(limit) if schedule.signatures_validity_dnskey > *limit => {
            let field = field.key("schedule").key("signatures-validity-dnskey");
            let expected = format!("at most max-signature-validity, {limit}");
            let found = schedule.signatures_validity_dnskey.to_string();
            let advice = "shorten the validity, or raise the limit";
            Err(field.refuse("the schedule breaks the policy's own limit", expected, found, advice))
        }
        _ => Ok(()),
    }
}

impl RawKsk {
    fn read(self, field: &Field<'_>) -> Result<KskPolicy, ProfileError> {
        let span = |key: &str, text: &str| field.key(key).parse::<Duration>(text, DURATION);
        let ksk = KskPolicy {
            publish_safety: span("publish-safety", &self.publish_safety)?,
            retire_safety: span("retire-safety", &self.retire_safety)?,
            min_signature_validity: span("min-signature-validity", &self.min_signature_validity)?,
            max_signature_validity: span("max-signature-validity", &self.max_signature_validity)?,
            min_validity_overlap: span("min-validity-overlap", &self.min_validity_overlap)?,
            max_validity_overlap: span("max-validity-overlap", &self.max_validity_overlap)?,
        };
        let (min, max) = (ksk.min_signature_validity, ksk.max_signature_validity);
        ordered(field, "signature-validity", Some(min), Some(max))?;
        let (min, max) = (ksk.min_validity_overlap, ksk.max_validity_overlap);
        ordered(field, "validity-overlap", Some(min), Some(max))?;
        Ok(ksk)
    }
}

impl RawSchedule {
    fn read(self, field: &Field<'_>) -> Result<Schedule, ProfileError> {
        let span = |key: &str, text: &str| field.key(key).parse::<Duration>(text, DURATION);
        let schedule = Schedule {
            coverage: span("coverage", &self.coverage)?,
            signatures_validity_dnskey: span("signatures-validity-dnskey", &self.signatures_validity_dnskey)?,
            signatures_refresh: span("signatures-refresh", &self.signatures_refresh)?,
            inception_offset: span("inception-offset", &self.inception_offset)?,
            cds_digest_types: digest_types(&field.key("cds-digest-types"), &self.cds_digest_types)?,
            cdnskey: self.cdnskey,
        };
        if schedule.coverage.seconds() == 0 {
            let advice = "say how long the responses of one ceremony shall last";
            return Err(field.key("coverage").refuse("nothing is covered", "more than PT0S", "PT0S", advice));
        }
        if schedule.inception_offset > MAX_OFFSET {
            let found = schedule.inception_offset.to_string();
            let advice = "it allows for clocks that are slow, and no limit counts it; shorten it";
            let field = field.key("inception-offset");
            return Err(field.refuse(
                "signatures would begin too early",
                format!("at most {MAX_OFFSET}"),
                found,
                advice,
            ));
        }
        if schedule.signatures_refresh >= schedule.signatures_validity_dnskey {
            let expected = format!("less than signatures-validity-dnskey, {}", schedule.signatures_validity_dnskey);
            let found = schedule.signatures_refresh.to_string();
            let advice = "each bundle begins so long before the signatures of the last one end; shorten it";
            let field = field.key("signatures-refresh");
            return Err(field.refuse("no bundle would follow another", expected, found, advice));
        }
        Ok(schedule)
    }
}

fn digest_types(field: &Field<'_>, texts: &[String]) -> Result<Vec<DigestType>, ProfileError> {
    let mut types = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let field = field.index(index);
        let digest_type = match text.as_str() {
            "SHA-256" => DigestType::Sha256,
            "SHA-384" => DigestType::Sha384,
            _ => {
                let advice = "choose among these; an empty list turns CDS off";
                return Err(field.refuse("no such digest type", "SHA-256 or SHA-384", quoted(text), advice));
            }
        };
        if types.contains(&digest_type) {
            let found = quoted(text);
            return Err(field.refuse("a digest type stands here twice", "each once", found, "remove one of them"));
        }
        types.push(digest_type);
    }
    Ok(types)
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::{SCHEDULE, SCHEMAS, assert_refused, changed, read_text};

    const A_SCHEDULE: &str = "[policies.p.schedule]\ncoverage = \"P90D\"\nsignatures-validity-dnskey = \"P14D\"\nsignatures-refresh = \"P5D\"\ninception-offset = \"PT1H\"\ncds-digest-types = [\"SHA-256\"]\ncdnskey = true\n";

    #[test]
    fn a_policy_has_either_schemas_or_a_schedule() {
        let text = changed(SCHEMAS, "[zones.\"example.\"]", &format!("{A_SCHEDULE}[zones.\"example.\"]"));
        assert_refused(&text, "policies.p", "either schemas or schedule", "both");
        assert_refused(&changed(SCHEDULE, A_SCHEDULE, ""), "policies.p", "either schemas or schedule", "neither");
    }

    #[test]
    fn the_ksk_table_belongs_to_schemas() {
        let (head, tail) = SCHEMAS.split_once("[policies.p.ksk]").unwrap();
        let (ksk, schemas) = tail.split_once("[policies.p.schemas").unwrap();
        let text = format!("{head}[policies.p.schemas{schemas}");
        assert_refused(&text, "policies.p.ksk", "the table ksk, because there are schemas", "nothing");
        let text = changed(SCHEDULE, "[zones.\"example.\"]", &format!("[policies.p.ksk]{ksk}[zones.\"example.\"]"));
        assert_refused(&text, "policies.p.ksk", "no ksk, because there is a schedule", "ksk");
        for key in ["publish-safety", "retire-safety", "max-validity-overlap"] {
            let line = ksk.lines().find(|line| line.starts_with(key)).unwrap();
            let text = format!("{head}[policies.p.ksk]{}[policies.p.schemas{schemas}", changed(ksk, line, ""));
            assert_refused(&text, &format!("policies.p.ksk.{key}"), "the key `", "nothing");
        }
        for name in ["signature-validity", "validity-overlap"] {
            let line = ksk.lines().find(|line| line.starts_with(&format!("max-{name}"))).unwrap();
            let ksk = changed(ksk, line, &format!("max-{name} = \"PT1S\""));
            let text = format!("{head}[policies.p.ksk]{ksk}[policies.p.schemas{schemas}");
            assert_refused(&text, &format!("policies.p.ksk.min-{name}"), "PT1S", "P");
        }
    }

    #[test]
    fn a_ttl_has_31_bits() {
        for (ttl, good) in [("-1", false), ("0", true), ("2147483647", true), ("2147483648", false)] {
            let text = changed(SCHEMAS, "ttl = 3600", &format!("ttl = {ttl}"));
            assert_eq!(read_text(&text).is_ok(), good, "{ttl}");
            if !good {
                assert_refused(&text, "policies.p.ttl", "0 to 2147483647", ttl);
            }
        }
    }

    #[test]
    fn a_new_bundle_begins_before_the_old_signatures_end() {
        let path = "policies.p.schedule.signatures-refresh";
        for (refresh, found) in [("P14D", "P14D"), ("P2W1D", "P15D")] {
            let text = changed(SCHEDULE, "refresh = \"P5D\"", &format!("refresh = \"{refresh}\""));
            assert_refused(&text, path, "less than signatures-validity-dnskey, P14D", found);
        }
    }

    #[test]
    fn a_schedule_covers_something() {
        let text = changed(SCHEDULE, "coverage = \"P90D\"", "coverage = \"PT0S\"");
        assert_refused(&text, "policies.p.schedule.coverage", "more than PT0S", "PT0S");
        let text = changed(SCHEDULE, "coverage = \"P90D\"", "coverage = \"P3M\"");
        assert_refused(&text, "policies.p.schedule.coverage", "an ISO 8601 duration", "`P3M`");
    }

    #[test]
    fn a_schedule_keeps_the_limit_of_its_policy() {
        let text = changed(SCHEDULE, "dnskey = \"P14D\"", "dnskey = \"P22D\"");
        let path = "policies.p.schedule.signatures-validity-dnskey";
        assert_refused(&text, path, "at most max-signature-validity, P21D", "P22D");
    }

    #[test]
    fn signatures_begin_at_most_a_day_early() {
        let with = |to: &str| changed(SCHEDULE, "offset = \"PT1H\"", &format!("offset = \"{to}\""));
        assert!(read_text(&with("P1D")).is_ok());
        assert_refused(&with("P1DT1S"), "policies.p.schedule.inception-offset", "at most P1D", "P1DT1S");
    }

    #[test]
    fn digest_types_are_known_and_differ() {
        let path = "policies.p.schedule.cds-digest-types";
        let with = |to: &str| changed(SCHEDULE, "[\"SHA-256\"]", to);
        assert!(read_text(&with("[]")).is_ok());
        assert_refused(&with("[\"SHA-1\"]"), &format!("{path}.0"), "SHA-256 or SHA-384", "`SHA-1`");
        assert_refused(&with("[\"SHA-384\", \"SHA-384\"]"), &format!("{path}.1"), "each once", "`SHA-384`");
    }

    #[test]
    fn policies_have_plain_names() {
        let text = SCHEDULE.replace("policies.p", "policies.\"a b\"");
        assert_refused(&text, "policies.\"a b\"", "1 to 32 letters", "`a b`");
    }
}
