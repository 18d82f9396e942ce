//! A zone: `[zones."NAME"]` with its keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use toml::value::Datetime;

use super::super::error::quoted;
use super::super::source::{Field, Table};
use super::super::{ProfileError, Signing, Zone, ZoneKey};
use super::key::RawKey;
use super::policy::ReadPolicy;
use super::timeline::time;
use crate::dns::Name;

/// The most keys of a zone; each is compared with each.
const MAX_KEYS: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawZone {
    policy: String,
    delete_ds_from: Option<Datetime>,
    rfc5011: Option<bool>,
    keys: BTreeMap<String, Table<RawKey>>,
}

impl RawZone {
    /// Reads the zone.
    pub(super) fn read(
        self,
        field: &Field<'_>,
        name: Name,
        policies: &BTreeMap<String, ReadPolicy<'_>>,
    ) -> Result<Zone, ProfileError> {
        let Some(policy) = policies.get(&self.policy) else {
            let known: Vec<_> = policies.keys().map(String::as_str).collect();
            let expected = format!("a policy of this profile ({})", known.join(", "));
            let advice = "correct the name, or add the policy";
            return Err(field.key("policy").refuse("there is no such policy", expected, quoted(&self.policy), advice));
        };
        let scheduled = matches!(policy.policy.signing, Signing::Schedule(_));
        let delete_ds_from = time(field, "delete-ds-from", self.delete_ds_from)?;
        if delete_ds_from.is_some() {
            can_delete_ds(&field.key("delete-ds-from"), &policy.policy.signing)?;
        }
        let field = field.key("keys");
        if self.keys.is_empty() {
            return Err(field.refuse("the zone has no key", "at least one key", "none", "add the zone's KSK"));
        }
        if self.keys.len() > MAX_KEYS {
            let expected = format!("at most {MAX_KEYS} keys");
            return Err(field.refuse("too many keys", expected, self.keys.len().to_string(), "remove old keys"));
        }
        let mut keys = BTreeMap::new();
        for (key_name, Table(raw)) in self.keys {
            let field = field.key(&key_name);
            field.name(&key_name)?;
            let key = raw.read(&field, &key_name, &name, scheduled)?;
            distinct(&field, &key, &keys)?;
            keys.insert(key_name, key);
        }
        if let Some((key, place)) = policy.uses.iter().find(|(key, _)| !keys.contains_key(*key)) {
            let expected = format!("a key of zone {name}");
            let advice = "correct the name, or add the key to the zone; every zone of a policy has its schemas' keys";
            return Err(place.refuse("the schema's key is missing", expected, quoted(key), advice));
        }
        let rfc5011 = self.rfc5011.unwrap_or_else(|| name == Name::root());
        let policy_name = self.policy;
        Ok(Zone { name, policy_name, policy: Arc::clone(&policy.policy), delete_ds_from, rfc5011, keys })
    }
}

/// Refuses to ask the parent where nothing is published that could ask.
fn can_delete_ds(field: &Field<'_>, signing: &Signing) -> Result<(), ProfileError> {
    let (expected, found) = match signing {
        Signing::Schedule(schedule) if schedule.cdnskey || !schedule.cds_digest_types.is_empty() => return Ok(()),
        Signing::Schedule(_) => ("a schedule with CDS or CDNSKEY", "a schedule without either"),
        Signing::Schemas { .. } => ("a policy with a schedule", "one with schemas"),
    };
    let advice = "remove the time, or let the schedule publish CDS or CDNSKEY";
    Err(field.refuse("nothing would ask the parent", expected, found, advice))
}

/// Refuses a key that a token, or a key tag, would not tell from another key of the zone.
fn distinct(field: &Field<'_>, key: &ZoneKey, others: &BTreeMap<String, ZoneKey>) -> Result<(), ProfileError> {
    let tags = |key: &ZoneKey| key.dnskey.as_ref().map(|dnskey| [dnskey.key_tag(), dnskey.revoked().key_tag()]);
    for other in others.values() {
        if let (Some(mine), Some(theirs)) = (&key.dnskey, &other.dnskey)
            && mine.key == theirs.key
        {
            let expected = format!("another public key than that of key `{}`", other.name);
            let advice = "remove one of the keys; what is said of a key must not depend on its name";
            let found = "the same one";
            return Err(field.key("dnskey").refuse("one key has two names", expected, found, advice));
        }
        let ids_differ = key.cka_id.is_some() && other.cka_id.is_some() && key.cka_id != other.cka_id;
        if key.label == other.label && !ids_differ {
            let expected = format!("another label or cka-id than that of key `{}`", other.name);
            let advice = "give each key its own label, or both a cka-id";
            let found = quoted(&key.label);
            return Err(field.key("label").refuse("two keys cannot be told apart on a token", expected, found, advice));
        }
        let (Some(mine), Some(theirs)) = (tags(key), tags(other)) else { continue };
        if let Some(tag) = mine.iter().find(|tag| theirs.contains(tag)) {
            let expected = format!("other key tags than those of key `{}`, plain or revoked", other.name);
            let advice = "remove one of the keys; validators and name servers find keys by their tags";
            return Err(field.key("dnskey").refuse("two keys have one key tag", expected, tag.to_string(), advice));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::{DNSKEY, SCHEDULE, SCHEMAS, assert_refused, changed, read_text};
    use crate::dns::Dnskey;

    #[test]
    fn only_the_roots_keys_are_followed_unless_the_profile_says_so() {
        let followed = |text: &str| read_text(text).unwrap().zones.into_values().next().unwrap().rfc5011;
        assert!(!followed(SCHEMAS) && followed(&SCHEMAS.replace("\"example.\"", "\".\"")));
        let stated =
            |value: &str| changed(SCHEMAS, "[zones.\"example.\"]", &format!("[zones.\"example.\"]\nrfc5011 = {value}"));
        assert!(followed(&stated("true")) && !followed(&stated("false")));
        assert_refused(&stated("1"), "zones.\"example.\".rfc5011", "a boolean", "integer `1`");
    }

    #[test]
    fn a_zone_has_a_policy_of_the_profile() {
        let text = changed(SCHEDULE, "policy = \"p\"", "policy = \"q\"");
        assert_refused(&text, "zones.\"example.\".policy", "a policy of this profile (p)", "`q`");
    }

    #[test]
    fn the_parent_is_asked_to_remove_the_ds_only_where_something_can_ask() {
        let line = "policy = \"p\"\ndelete-ds-from = 2027-01-01T00:00:00Z";
        let path = "zones.\"example.\".delete-ds-from";
        let text = changed(SCHEDULE, "policy = \"p\"", line);
        let zone = read_text(&text).unwrap().zones.into_values().next().unwrap();
        assert_eq!(zone.delete_ds_from, Some("2027-01-01T00:00:00Z".parse().unwrap()));
        let text = changed(&changed(&text, "[\"SHA-256\"]", "[]"), "cdnskey = true", "cdnskey = false");
        assert_refused(&text, path, "a schedule with CDS or CDNSKEY", "a schedule without either");
        assert_refused(&changed(SCHEMAS, "policy = \"p\"", line), path, "a policy with a schedule", "one with schemas");
        let text = changed(SCHEDULE, "policy = \"p\"", "policy = \"p\"\ndelete-ds-from = true");
        assert_refused(&text, path, "a time without quotes", "");
    }

    #[test]
    fn a_zone_has_a_key() {
        let text = format!("{}keys = {{}}\n", SCHEDULE.split_once("[zones.\"example.\".keys").unwrap().0);
        assert_refused(&text, "zones.\"example.\".keys", "at least one key", "none");
        let keys: Vec<_> = (0..101)
            .map(|number| format!("k{number} = {{ label = \"K{number}\", algorithm = \"ED25519\" }}"))
            .collect();
        let text = changed(&text, "keys = {}", &format!("keys = {{ {} }}", keys.join(", ")));
        assert_refused(&text, "zones.\"example.\".keys", "at most 100 keys", "101");
        let text = changed(SCHEDULE, "keys.ksk]", "keys.\"a b\"]");
        assert_refused(&text, "zones.\"example.\".keys.\"a b\"", "1 to 32 letters", "`a b`");
    }

    #[test]
    fn keys_can_be_told_apart_on_the_token() {
        let text = changed(SCHEMAS, "\"K2\"", "\"K1\"");
        let path = "zones.\"example.\".keys.next.label";
        assert_refused(&text, path, "another label or cka-id than that of key `ksk`", "`K1`");
        let text = changed(&text, "label = \"K1\"", "cka-id = \"01\"\nlabel = \"K1\"");
        assert_refused(&text, path, "another label or cka-id", "`K1`");
        let text = changed(
            &text,
            "\nlabel = \"K1\"\nalgorithm = \"ED25519\"\ndnskey",
            "\nlabel = \"K1\"\ncka-id = \"02\"\nalgorithm = \"ED25519\"\ndnskey",
        );
        assert!(read_text(&text).is_ok());
    }

    #[test]
    fn key_tags_of_a_zone_do_not_clash() {
        let text = changed(SCHEMAS, "label = \"K2\"", &format!("label = \"K2\"\ndnskey = \"{DNSKEY}\""));
        let path = "zones.\"example.\".keys.next.dnskey";
        assert_refused(&text, path, "another public key than that of key `ksk`", "the same one");
        // One RSA key under two algorithms has two tags.
        let rsa = |algorithm: u8| format!("257 3 {algorithm} AwEAAYA{}B", "A".repeat(168));
        let text = changed(
            SCHEMAS,
            "algorithm = \"ED25519\"",
            &format!("algorithm = \"RSASHA512\"\ndnskey = \"{}\"", rsa(10)),
        );
        let text = changed(&changed(&text, "\"ED25519\"", "\"RSASHA256\""), DNSKEY, &rsa(8));
        assert_refused(&text, path, "another public key than that of key", "the same one");
        // An RSA key whose revoked form has the tag of the first: of all its first words one has the sum that is needed.
        let first: Dnskey = DNSKEY.parse().unwrap();
        let mut other: Dnskey = rsa(8).parse().unwrap();
        let found = (0x8000..=u16::MAX).find(|word| {
            other.key[4..6].copy_from_slice(&word.to_be_bytes());
            other.revoked().key_tag() == first.key_tag()
        });
        assert!(found.is_some());
        let text = changed(
            SCHEMAS,
            "label = \"K2\"\nalgorithm = \"ED25519\"",
            &format!("label = \"K2\"\nalgorithm = \"RSASHA256\"\ndnskey = \"{other}\""),
        );
        assert_refused(&text, path, "plain or revoked", &first.key_tag().to_string());
    }
}
