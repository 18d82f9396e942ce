//! Schemas: which KSKs stand in which slot.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::super::error::quoted;
use super::super::source::{Field, Table};
use super::super::{ProfileError, Schema, Slot};
use super::add_unfolded;

/// The slots by their ranges, `N` or `N-M`.
pub(super) type RawSchema = BTreeMap<String, Table<RawSlot>>;

/// The most bundles that a schema can be for, and that a request can be demanded to have.
pub(super) const MAX_SLOT: u16 = 10_000;
/// The most keys that one list of a slot can name.
const MAX_KEYS: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawSlot {
    publish: Option<Vec<String>>,
    sign: Vec<String>,
    revoke: Option<Vec<String>>,
}

/// The keys that schemas name, each with the first place that does.
pub(super) type Uses<'a> = BTreeMap<String, Field<'a>>;

/// One entry of a schema, before it is unfolded.
struct Range<'a> {
    field: Field<'a>,
    first: usize,
    last: usize,
    slot: Slot,
}

/// Reads the schemas of a policy, notes every key that they name and adds up what they need when unfolded.
pub(super) fn read_schemas<'a>(
    field: &Field<'a>,
    raw: BTreeMap<String, RawSchema>,
    bundles: Option<usize>,
    uses: &mut Uses<'a>,
    unfolded: &mut usize,
) -> Result<BTreeMap<String, Schema>, ProfileError> {
    if raw.is_empty() {
        return Err(field.refuse("no schema", "at least one schema", "none", "add one, as `normal`"));
    }
    let mut schemas = BTreeMap::new();
    for (name, raw) in raw {
        let field = field.key(&name);
        field.name(&name)?;
        let ranges = read_ranges(&field, raw, uses)?;
        for range in &ranges {
            let names = range.slot.publish.len() + range.slot.sign.len() + range.slot.revoke.len();
            add_unfolded(&range.field, unfolded, (range.last - range.first + 1).saturating_mul(1 + names))?;
        }
        let slots = ranges.iter().flat_map(|range| (range.first..=range.last).map(|_| range.slot.clone())).collect();
        let schema = Schema { slots };
        let count = schema.slots.len();
        match bundles {
            Some(bundles) if bundles != count => {
                let expected = format!("{bundles} slots, one for each of num-bundles");
                let advice = "correct the slots, or num-bundles in the policy's request table";
                return Err(field.refuse("the schema fits no request", expected, count.to_string(), advice));
            }
            _ => schemas.insert(name, schema),
        };
    }
    Ok(schemas)
}

/// Reads the entries of one schema, which cover the slots from 1 on without gap or overlap.
fn read_ranges<'a>(field: &Field<'a>, raw: RawSchema, uses: &mut Uses<'a>) -> Result<Vec<Range<'a>>, ProfileError> {
    let mut ranges = Vec::new();
    for (text, Table(raw)) in raw {
        let field = field.key(&text);
        let Some((first, last)) = slot_range(&text) else {
            let expected = format!("N or N-M, from 1 to {MAX_SLOT}, without leading zeros");
            return Err(field.refuse("this names no slots", expected, quoted(&text), "write \"3\", or \"2-8\""));
        };
        let slot = raw.read(&field, uses)?;
        ranges.push(Range { field, first, last, slot });
    }
    ranges.sort_by_key(|range| range.first);
    let mut next = 1;
    for range in &ranges {
        if range.first != next {
            let (message, advice) = if range.first < next {
                ("a slot stands here twice", "give each slot once")
            } else {
                ("a slot is missing", "give each slot once, without gaps")
            };
            let found = format!("slot {}", range.first);
            return Err(range.field.refuse(message, format!("slot {next} next"), found, advice));
        }
        next = range.last + 1;
    }
    if ranges.is_empty() {
        return Err(field.refuse("a schema without slots", "slot 1", "none", "add the slots"));
    }
    keeps_the_chain(&ranges)?;
    Ok(ranges)
}

/// Refuses slots into which no chain of trust leads: a key is believed only after it was published, and a revoked one
/// never again.
fn keeps_the_chain(ranges: &[Range<'_>]) -> Result<(), ProfileError> {
    let mut revoked: BTreeSet<&String> = BTreeSet::new();
    for (before, range) in ranges.iter().zip(ranges.iter().skip(1)) {
        let slot = &range.slot;
        revoked.extend(&before.slot.revoke);
        if let Some(name) = slot.publish.iter().find(|name| revoked.contains(name) && !slot.revoke.contains(name)) {
            let expected = format!("{} in revoke, or not at all", quoted(name));
            let advice = "a revoked key never comes back (RFC 5011, section 2.1)";
            let message = "a key that was revoked is not any more";
            return Err(range.field.refuse(message, expected, "published without revocation", advice));
        }
        let known = |name: &&String| before.slot.publish.contains(name) && !revoked.contains(name);
        if !slot.sign.iter().any(|name| known(&name)) {
            let names: Vec<_> = before.slot.publish.iter().filter(known).map(|name| quoted(name)).collect();
            let expected = format!("a key to sign that slot {} publishes ({})", before.last, names.join(", "));
            let found = slot.sign.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
            let advice = "publish a key before it signs alone";
            return Err(range.field.key("sign").refuse("no chain of trust leads here", expected, found, advice));
        }
    }
    Ok(())
}

/// Reads `N` or `N-M`.
fn slot_range(text: &str) -> Option<(usize, usize)> {
    let number = |text: &str| {
        let plain = text.bytes().all(|sign| sign.is_ascii_digit()) && !text.starts_with('0');
        text.parse().ok().filter(|number| plain && (1..=usize::from(MAX_SLOT)).contains(number))
    };
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some((first, last))
}

impl RawSlot {
    fn read<'a>(self, field: &Field<'a>, uses: &mut Uses<'a>) -> Result<Slot, ProfileError> {
        let mut names = |key: &str, names: Vec<String>| {
            let list = field.key(key);
            let mut sorted: Vec<String> = Vec::new();
            for (index, name) in names.into_iter().enumerate() {
                let field = list.index(index);
                if sorted.contains(&name) {
                    let found = quoted(&name);
                    return Err(field.refuse("a key stands here twice", "each key once", found, "remove one of them"));
                }
                if sorted.len() == MAX_KEYS {
                    let expected = format!("at most {MAX_KEYS}");
                    return Err(list.refuse("too many keys", expected, "more", "remove some"));
                }
                uses.entry(name.clone()).or_insert(field);
                sorted.push(name);
            }
            sorted.sort();
            Ok(sorted)
        };
        let mut publish = names("publish", self.publish.unwrap_or_default())?;
        let sign = names("sign", self.sign)?;
        let revoke = names("revoke", self.revoke.unwrap_or_default())?;
        if let Some(name) = revoke.iter().find(|name| !sign.contains(name)) {
            let expected = format!("{} in sign as well", quoted(name));
            let advice = "a revoked key signs the set, or nobody believes its revocation (RFC 5011, section 2.1)";
            return Err(field.key("revoke").refuse("a revoked key does not sign", expected, "not there", advice));
        }
        if sign.iter().all(|name| revoke.contains(name)) {
            let found = if sign.is_empty() { "none" } else { "revoked keys alone" };
            let advice = "add a key to sign; validators trust no revoked key";
            let field = field.key("sign");
            return Err(field.refuse("nobody could validate this slot", "a key that is not revoked", found, advice));
        }
        publish.extend(sign.iter().cloned()); // whoever signs is published
        publish.sort();
        publish.dedup();
        Ok(Slot { publish, sign, revoke })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::{SCHEMAS, assert_refused, changed, read_text};
    use super::super::super::{Profile, Signing};
    use super::*;

    const SLOTS: &str = "\"1-2\" = { publish = [\"ksk\"], sign = [\"ksk\"] }";

    fn with(slots: &str) -> String {
        changed(SCHEMAS, SLOTS, slots)
    }

    fn slots(profile: &Profile) -> &[Slot] {
        let Signing::Schemas { schemas, .. } = &profile.zones.values().next().unwrap().policy.signing else {
            panic!("schemas")
        };
        &schemas["normal"].slots
    }

    fn one(name: &str) -> Vec<String> {
        vec![name.to_owned()]
    }

    #[test]
    fn slots_are_unfolded_in_order() {
        let profile = read_text(&with("2 = { publish = [\"next\"], sign = [\"ksk\"] }\n\"1\" = { sign = [\"ksk\"] }"));
        let profile = profile.unwrap();
        assert_eq!(slots(&profile)[0], Slot { publish: one("ksk"), sign: one("ksk"), revoke: vec![] });
        let both = vec!["ksk".to_owned(), "next".to_owned()];
        assert_eq!(slots(&profile)[1], Slot { publish: both, sign: one("ksk"), revoke: vec![] });
    }

    #[test]
    fn numbers_of_slots_are_compared_as_numbers() {
        let text = changed(SCHEMAS, "num-bundles = 2", "num-bundles = 11");
        let text = changed(&text, "num-keys-per-bundle = [2, 1]", "num-keys-per-bundle = \"unchecked\"");
        let text = changed(
            &text,
            SLOTS,
            "10 = { sign = [\"ksk\", \"next\"] }\n\"2-9\" = { sign = [\"ksk\"] }\n1 = { sign = [\"ksk\"] }\n11 = { sign = [\"ksk\"] }",
        );
        let profile = read_text(&text).unwrap();
        let both = vec!["ksk".to_owned(), "next".to_owned()];
        assert_eq!((slots(&profile).len(), &slots(&profile)[9].sign), (11, &both));
    }

    #[test]
    fn each_slot_stands_there_exactly_once() {
        let path = "policies.p.schemas.normal";
        let slot = "{ sign = [\"ksk\"] }";
        assert_refused(&with(&format!("2 = {slot}")), &format!("{path}.2"), "slot 1 next", "slot 2");
        let text = with(&format!("1 = {slot}\n3 = {slot}"));
        assert_refused(&text, &format!("{path}.3"), "slot 2 next", "slot 3");
        let text = with(&format!("1-2 = {slot}\n2 = {slot}"));
        assert_refused(&text, &format!("{path}.2"), "slot 3 next", "slot 2");
        assert_refused(&with(""), path, "slot 1", "none");
        for wrong in ["0", "01", "+1", "2-1", "1-", "-", "a", "1-99999", "1 - 2", ""] {
            let text = with(&format!("\"{wrong}\" = {slot}"));
            let error = read_text(&text).unwrap_err();
            assert_eq!(error.expected, "N or N-M, from 1 to 10000, without leading zeros");
            assert_eq!(error.found, format!("`{wrong}`"));
        }
    }

    #[test]
    fn a_schema_has_a_slot_for_each_bundle() {
        let text = with("1 = { sign = [\"ksk\"] }");
        assert_refused(&text, "policies.p.schemas.normal", "2 slots, one for each of num-bundles", "1");
    }

    #[test]
    fn a_revoked_key_signs() {
        let text = with("\"1-2\" = { sign = [\"ksk\"], revoke = [\"next\"] }");
        assert_refused(&text, "policies.p.schemas.normal.1-2.revoke", "`next` in sign as well", "not there");
        let profile = read_text(&with("\"1-2\" = { sign = [\"next\", \"ksk\"], revoke = [\"next\"] }")).unwrap();
        assert_eq!((slots(&profile)[0].publish.len(), slots(&profile)[0].revoke.len()), (2, 1));
    }

    #[test]
    fn in_every_slot_a_key_signs_that_is_not_revoked() {
        let path = "policies.p.schemas.normal.1-2.sign";
        let text = with("\"1-2\" = { sign = [\"ksk\"], revoke = [\"ksk\"] }");
        assert_refused(&text, path, "a key that is not revoked", "revoked keys alone");
        let text = with("\"1-2\" = { publish = [\"ksk\"], sign = [] }");
        assert_refused(&text, path, "a key that is not revoked", "none");
    }

    #[test]
    fn a_chain_of_trust_leads_into_every_slot() {
        let text = with("\"1\" = { sign = [\"ksk\"] }\n\"2\" = { publish = [\"ksk\"], sign = [\"next\"] }");
        let path = "policies.p.schemas.normal.2.sign";
        assert_refused(&text, path, "a key to sign that slot 1 publishes (`ksk`)", "`next`");
        let text = with("\"1\" = { publish = [\"next\"], sign = [\"ksk\"] }\n\"2\" = { sign = [\"next\"] }");
        assert!(read_text(&text).is_ok());
        let text = with("\"1\" = { sign = [\"ksk\"] }\n\"2\" = { sign = [\"ksk\", \"next\"] }");
        assert!(read_text(&text).is_ok(), "one that is known signs");
    }

    #[test]
    fn a_revoked_key_never_comes_back() {
        let text = with(
            "\"1\" = { sign = [\"ksk\", \"next\"], revoke = [\"ksk\"] }\n\"2\" = { publish = [\"ksk\"], sign = [\"next\"] }",
        );
        assert_refused(&text, "policies.p.schemas.normal.2", "`ksk` in revoke, or not at all", "published");
    }

    #[test]
    fn a_key_stands_in_a_list_once() {
        let text = with("\"1-2\" = { sign = [\"ksk\", \"ksk\"] }");
        assert_refused(&text, "policies.p.schemas.normal.1-2.sign.1", "each key once", "`ksk`");
    }

    #[test]
    fn a_schema_names_keys_that_every_zone_has() {
        let text = with("\"1-2\" = { publish = [\"other\"], sign = [\"ksk\"] }");
        let path = "policies.p.schemas.normal.1-2.publish.0";
        assert_refused(&text, path, "a key of zone example.", "`other`");
    }
}
