//! A zone: `[zones."NAME"]` with its keys.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::error::quoted;
use super::super::source::{Field, Table};
use super::super::{ProfileError, Signing, Zone, ZoneKey};
use super::key::RawKey;
use super::policy::ReadPolicy;
use crate::dns::Name;

/// The most keys of a zone; each is compared with each.
const MAX_KEYS: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawZone {
    policy: String,
    keys: BTreeMap<String, Table<RawKey>>,
}

impl RawZone {
    /// Reads the zone; the number is what its schemas need when unfolded.
    pub(super) fn read(
        self,
        field: &Field<'_>,
        name: Name,
        policies: &BTreeMap<String, ReadPolicy<'_>>,
    ) -> Result<(Zone, usize), ProfileError> {
        let Some(policy) = policies.get(&self.policy) else {
            let known: Vec<_> = policies.keys().map(String::as_str).collect();
            let expected = format!("a policy of this profile ({})", known.join(", "));
            let advice = "correct the name, or add the policy";
            return Err(field.key("policy").refuse("there is no such policy", expected, quoted(&self.policy), advice));
        };
        let scheduled = matches!(policy.policy.signing, Signing::Schedule(_));
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
        if let Some(unknown) = policy.uses.iter().find(|usage| !keys.contains_key(&usage.key)) {
            let expected = format!("a key of zone {name}");
            let advice = "correct the name, or add the key to the zone; every zone of a policy has its schemas' keys";
            return Err(unknown.field.refuse("the schema's key is missing", expected, quoted(&unknown.key), advice));
        }
        let zone = Zone { name, policy_name: self.policy, policy: policy.policy.clone(), keys };
        Ok((zone, policy.unfolded))
    }
}

/// Refuses a key that a token, or a key tag, would not tell from another key of the zone.
fn distinct(field: &Field<'_>, key: &ZoneKey, others: &BTreeMap<String, ZoneKey>) -> Result<(), ProfileError> {
    let tags = |key: &ZoneKey| key.dnskey.as_ref().map(|dnskey| [dnskey.key_tag(), dnskey.revoked().key_tag()]);
    for other in others.values() {
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
    fn a_zone_has_a_policy_of_the_profile() {
        let text = changed(SCHEDULE, "policy = \"p\"", "policy = \"q\"");
        assert_refused(&text, "zones.\"example.\".policy", "a policy of this profile (p)", "`q`");
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
        assert_refused(&text, path, "other key tags than those of key `ksk`", "");
        // Another key whose revoked form has the tag of the first: 128 less in an octet of low weight.
        let mut other: Dnskey = DNSKEY.parse().unwrap();
        let at = other.key.iter().skip(1).step_by(2).position(|octet| *octet >= 128).unwrap() * 2 + 1;
        other.key[at] -= 128;
        let first: Dnskey = DNSKEY.parse().unwrap();
        assert_eq!(other.revoked().key_tag(), first.key_tag());
        let text = changed(SCHEMAS, "label = \"K2\"", &format!("label = \"K2\"\ndnskey = \"{other}\""));
        assert_refused(&text, path, "plain or revoked", &first.key_tag().to_string());
    }
}
