//! A zone: `[zones."NAME"]` with its keys and their times.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::value::Datetime;

use super::super::error::quoted;
use super::super::source::Field;
use super::super::{ProfileError, Signing, Timeline, Zone, ZoneKey};
use super::limits::algorithm;
use super::policy::ReadPolicy;
use crate::dns::{Algorithm, Dnskey, Name, Sha256Digest, Time};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawZone {
    policy: String,
    keys: BTreeMap<String, RawKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawKey {
    label: String,
    cka_id: Option<String>,
    algorithm: String,
    dnskey: Option<String>,
    key_tag: Option<i64>,
    ds_sha256: Option<String>,
    valid_from: Option<Datetime>,
    valid_until: Option<Datetime>,
    timeline: Option<RawTimeline>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawTimeline {
    publish: Option<Datetime>,
    sign_from: Option<Datetime>,
    ds_from: Option<Datetime>,
    ds_until: Option<Datetime>,
    sign_until: Option<Datetime>,
    unpublish: Option<Datetime>,
    revoke: Option<Datetime>,
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
        let mut keys = BTreeMap::new();
        for (key_name, raw) in self.keys {
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

impl RawKey {
    fn read(self, field: &Field<'_>, name: &str, zone: &Name, scheduled: bool) -> Result<ZoneKey, ProfileError> {
        let algorithm = algorithm(&field.key("algorithm"), &self.algorithm)?;
        let dnskey = self.dnskey.as_deref().map(|text| dnskey(&field.key("dnskey"), text, algorithm)).transpose()?;
        if let Some(tag) = self.key_tag {
            let field = field.key("key-tag");
            let tag: u16 = field.number(tag, 0..=65535)?;
            cross_check(&field, tag, dnskey.as_ref().map(Dnskey::key_tag))?;
        }
        if let Some(text) = &self.ds_sha256 {
            let field = field.key("ds-sha256");
            let digest: Sha256Digest = field.parse(text, "64 hexadecimal digits")?;
            cross_check(&field, digest, dnskey.as_ref().map(|dnskey| dnskey.fingerprint(zone)))?;
        }
        let valid_from = time(field, "valid-from", self.valid_from)?;
        let valid_until = time(field, "valid-until", self.valid_until)?;
        in_order(field, ("valid-from", valid_from), true, ("valid-until", valid_until))?;
        let timeline = field.key("timeline");
        if self.timeline.is_some() && !scheduled {
            let advice = "remove the timeline; with schemas, the slots say when a key stands where";
            let expected = "no timeline, because the zone's policy has schemas";
            return Err(timeline.refuse("timelines belong to a schedule", expected, "timeline", advice));
        }
        Ok(ZoneKey {
            name: name.to_owned(),
            label: field.key("label").ascii(self.label, 1..=64)?,
            cka_id: self.cka_id.map(|text| cka_id(&field.key("cka-id"), &text)).transpose()?,
            algorithm,
            dnskey,
            valid_from,
            valid_until,
            timeline: self.timeline.map(|raw| raw.read(&timeline)).transpose()?.unwrap_or_default(),
        })
    }
}

/// Reads a KSK of the algorithm.
fn dnskey(field: &Field<'_>, text: &str, algorithm: Algorithm) -> Result<Dnskey, ProfileError> {
    let key: Dnskey = field.parse(text, "DNSKEY RDATA, as \"257 3 13 BASE64\"")?;
    let advice = "copy the key again from where it was published";
    if key.flags != Dnskey::KSK {
        let found = format!("flags {}", key.flags);
        return Err(field.refuse("this is no KSK", "flags 257; revocation is said elsewhere", found, advice));
    }
    if key.algorithm != algorithm.number() {
        let found = key.algorithm.to_string();
        let advice = "correct algorithm, or the key";
        return Err(field.refuse("the key has another algorithm", algorithm.number().to_string(), found, advice));
    }
    if let Err(fault) = key.check() {
        let text = fault.to_string();
        let (expected, found) = text.split_once("; found ").unwrap_or((&text, "another key"));
        let expected = expected.trim_start_matches("expected ");
        return Err(field.refuse("the key cannot be used", expected, found, advice));
    }
    Ok(key)
}

/// Compares what the profile says of a key with the key itself.
fn cross_check<T: PartialEq + ToString>(field: &Field<'_>, said: T, is: Option<T>) -> Result<(), ProfileError> {
    let Some(is) = is else {
        let advice = "add the key's dnskey, or remove this";
        return Err(field.refuse("there is nothing to check this against", "dnskey beside it", "nothing", advice));
    };
    if said == is {
        return Ok(());
    }
    let advice = "find out which of the two is wrong before anything is signed";
    Err(field.refuse("the profile contradicts its own key", is.to_string(), said.to_string(), advice))
}

/// Reads the octets of a CKA_ID.
fn cka_id(field: &Field<'_>, text: &str) -> Result<Vec<u8>, ProfileError> {
    let refused = || {
        let expected = "2 to 128 hexadecimal digits, two for each octet";
        field.refuse("no CKA_ID", expected, quoted(text), "write it as the token's tool prints it, without colons")
    };
    let digit = |sign: u8| char::from(sign).to_digit(16).and_then(|value| u8::try_from(value).ok());
    if text.is_empty() || text.len() > 128 || !text.len().is_multiple_of(2) {
        return Err(refused());
    }
    let octets = text.as_bytes().chunks_exact(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    octets.collect::<Option<Vec<u8>>>().ok_or_else(refused)
}

/// Reads a point in time, in UTC and to the second.
fn time(field: &Field<'_>, key: &str, raw: Option<Datetime>) -> Result<Option<Time>, ProfileError> {
    raw.map(|raw| field.key(key).parse(&raw.to_string(), "a time in UTC to the second, as 2017-02-02T00:00:00Z"))
        .transpose()
}

/// A time of a key with its name.
type Named<'a> = (&'a str, Option<Time>);

/// Refuses times in the wrong order; `strict` also refuses equal ones.
fn in_order(field: &Field<'_>, first: Named<'_>, strict: bool, second: Named<'_>) -> Result<(), ProfileError> {
    let (Some(early), Some(late)) = (first.1, second.1) else { return Ok(()) };
    if early < late || (early == late && !strict) {
        return Ok(());
    }
    let relation = if strict { "after" } else { "not before" };
    let expected = format!("a time {relation} {}, {early}", first.0);
    let advice = "put the key's times in order";
    Err(field.key(second.0).refuse("the times are not in order", expected, late.to_string(), advice))
}

impl RawTimeline {
    fn read(self, field: &Field<'_>) -> Result<Timeline, ProfileError> {
        let times = Timeline {
            publish: time(field, "publish", self.publish)?,
            sign_from: time(field, "sign-from", self.sign_from)?,
            ds_from: time(field, "ds-from", self.ds_from)?,
            ds_until: time(field, "ds-until", self.ds_until)?,
            sign_until: time(field, "sign-until", self.sign_until)?,
            unpublish: time(field, "unpublish", self.unpublish)?,
            revoke: time(field, "revoke", self.revoke)?,
        };
        let publish = ("publish", times.publish);
        let sign_from = ("sign-from", times.sign_from);
        let ds_from = ("ds-from", times.ds_from);
        let ds_until = ("ds-until", times.ds_until);
        let sign_until = ("sign-until", times.sign_until);
        let unpublish = ("unpublish", times.unpublish);
        let revoke = ("revoke", times.revoke);
        // Every pair whose order matters: the one between them may be missing.
        let order = [
            (publish, false, sign_from),
            (publish, false, ds_from),
            (publish, true, sign_until),
            (publish, true, unpublish),
            (publish, true, revoke),
            (sign_from, true, sign_until),
            (sign_from, true, unpublish),
            (sign_until, false, unpublish),
            (ds_from, true, ds_until),
            (ds_from, true, unpublish),
            (ds_from, true, revoke),
            (ds_until, false, unpublish),
            (ds_until, false, revoke),
            (revoke, true, unpublish),
        ];
        order.into_iter().try_for_each(|(first, strict, second)| in_order(field, first, strict, second))?;
        Ok(times)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::{SCHEDULE, SCHEMAS, assert_refused, changed, read_text};
    use super::*;

    const KEY: &str = "zones.\"example.\".keys.ksk";
    const DNSKEY: &str = "257 3 15 3K+eJ9KPG5rpydOJMDkD793nN8UEcfMvWJwCO0Dalc0=";

    /// The profile with more lines in its key.
    fn with(lines: &str) -> String {
        format!("{SCHEDULE}{lines}\n")
    }

    fn key(text: &str) -> ZoneKey {
        read_text(text).unwrap().zones.into_values().next().unwrap().keys.remove("ksk").unwrap()
    }

    #[test]
    fn a_zone_has_a_policy_of_the_profile() {
        let text = changed(SCHEDULE, "policy = \"p\"", "policy = \"q\"");
        assert_refused(&text, "zones.\"example.\".policy", "a policy of this profile (p)", "`q`");
    }

    #[test]
    fn a_zone_has_a_key() {
        let text = format!("{}keys = {{}}\n", SCHEDULE.split_once("[zones.\"example.\".keys").unwrap().0);
        assert_refused(&text, "zones.\"example.\".keys", "at least one key", "none");
        let text = changed(SCHEDULE, "keys.ksk]", "keys.\"a b\"]");
        assert_refused(&text, "zones.\"example.\".keys.\"a b\"", "1 to 32 letters", "`a b`");
    }

    #[test]
    fn labels_are_what_tokens_can_have() {
        let long = "x".repeat(65);
        for label in ["", "a\\u0001", "é", " a", &long] {
            let text = changed(SCHEDULE, "\"K1\"", &format!("\"{label}\""));
            assert_refused(&text, &format!("{KEY}.label"), "1 to 64 printable ASCII", "`");
        }
        assert_eq!(key(&changed(SCHEDULE, "\"K1\"", "\"Root KSK/1\"")).label, "Root KSK/1");
    }

    #[test]
    fn a_cka_id_is_hexadecimal() {
        assert_eq!(key(&with("cka-id = \"a1Ff\"")).cka_id, Some(vec![0xa1, 0xff]));
        for wrong in ["", "a", "a1:ff", "gg", "é", &"00".repeat(65)] {
            let text = with(&format!("cka-id = \"{wrong}\""));
            assert_refused(&text, &format!("{KEY}.cka-id"), "2 to 128 hexadecimal digits", "`");
        }
    }

    #[test]
    fn a_key_is_a_ksk_of_its_algorithm() {
        let path = format!("{KEY}.dnskey");
        let with = |to: &str| changed(SCHEDULE, DNSKEY, to);
        let text = with(&DNSKEY.replace("257", "256"));
        assert_refused(&text, &path, "flags 257", "flags 256");
        let text = with(&DNSKEY.replace("257", "385"));
        assert_refused(&text, &path, "flags 257", "flags 385");
        let text = with(&DNSKEY.replace(" 15 ", " 13 "));
        assert_refused(&text, &path, "15 (ED25519)", "13 (ECDSAP256SHA256)");
        assert_refused(&with(&DNSKEY.replace(" 3 ", " 4 ")), &path, "protocol 3", "4");
        assert_refused(&with("257 3 15 AwEAAQ=="), &path, "a public key of 32 octets", "4");
        assert_refused(&with("257 3 15 !"), &path, "DNSKEY RDATA", "`257 3 15 !`");
        let text = changed(SCHEDULE, "algorithm = \"ED25519\"", "algorithm = \"DSA\"");
        assert_refused(&text, &format!("{KEY}.algorithm"), "one of RSASHA256", "`DSA`");
    }

    #[test]
    fn tag_and_digest_are_those_of_the_key() {
        let dnskey: Dnskey = DNSKEY.parse().unwrap();
        let (tag, digest) = (dnskey.key_tag(), dnskey.fingerprint(&"example.".parse().unwrap()));
        assert_eq!(key(&with(&format!("key-tag = {tag}\nds-sha256 = \"{digest}\""))).dnskey, Some(dnskey));
        assert_refused(&with("key-tag = 1"), &format!("{KEY}.key-tag"), &tag.to_string(), "1");
        assert_refused(&with("key-tag = 65536"), &format!("{KEY}.key-tag"), "0 to 65535", "65536");
        let text = with(&format!("ds-sha256 = \"{}\"", "0".repeat(64)));
        assert_refused(&text, &format!("{KEY}.ds-sha256"), &digest.to_string(), "0000");
        assert_refused(&with("ds-sha256 = \"00\""), &format!("{KEY}.ds-sha256"), "64 hexadecimal digits", "`00`");
        let text = changed(&with("key-tag = 1"), &format!("dnskey = \"{DNSKEY}\"\n"), "");
        assert_refused(&text, &format!("{KEY}.key-tag"), "dnskey beside it", "nothing");
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

    #[test]
    fn a_key_is_valid_from_before_until() {
        let key = key(&with("valid-from = 2026-01-01T00:00:00Z\nvalid-until = 2026-01-01T00:00:01Z"));
        assert_eq!(key.valid_until.unwrap().seconds_since(key.valid_from.unwrap()), 1);
        let text = with("valid-from = 2026-01-01T00:00:00Z\nvalid-until = 2026-01-01T00:00:00Z");
        let expected = "a time after valid-from, 2026-01-01T00:00:00Z";
        assert_refused(&text, &format!("{KEY}.valid-until"), expected, "2026-01-01T00:00:00Z");
    }

    #[test]
    fn times_are_in_utc_to_the_second() {
        let path = format!("{KEY}.valid-from");
        for wrong in ["2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00+01:00"] {
            assert_refused(&with(&format!("valid-from = {wrong}")), &path, "a time in UTC", "`2026-01-01");
        }
        assert_refused(&with("valid-from = 2200-01-01T00:00:00Z"), &path, "a time in UTC", "`2200");
        assert_refused(&with("valid-from = \"x\""), &path, "a time without quotes", "string \"x\"");
    }

    #[test]
    fn a_timeline_belongs_to_a_schedule() {
        let text = format!("{SCHEMAS}timeline = {{}}\n");
        let expected = "no timeline, because the zone's policy has schemas";
        assert_refused(&text, &format!("{KEY}.timeline"), expected, "timeline");
        assert_eq!(key(&with("timeline = {}")).timeline, Timeline::default());
    }

    #[test]
    fn the_times_of_a_key_are_in_order() {
        let month = |number: u32| format!("2026-{number:02}-01T00:00:00Z");
        let names = ["publish", "sign-from", "ds-from", "ds-until", "revoke", "sign-until", "unpublish"];
        let line = |months: [u32; 7]| {
            let times = names.iter().zip(months).filter(|(_, number)| *number > 0);
            let times: Vec<_> = times.map(|(name, number)| format!("{name} = {}", month(number))).collect();
            with(&format!("timeline = {{ {} }}", times.join(", ")))
        };
        assert!(key(&line([1, 1, 1, 2, 2, 3, 3])).timeline.unpublish.is_some());
        assert!(key(&line([1, 2, 3, 4, 5, 6, 7])).timeline.revoke.is_some());
        for (months, field, earlier) in [
            ([2, 1, 0, 0, 0, 0, 0], "sign-from", "not before publish"),
            ([2, 0, 1, 0, 0, 0, 0], "ds-from", "not before publish"),
            ([1, 0, 0, 0, 0, 1, 0], "sign-until", "after publish"),
            ([1, 0, 0, 0, 0, 0, 1], "unpublish", "after publish"),
            ([1, 0, 0, 0, 1, 0, 0], "revoke", "after publish"),
            ([0, 1, 0, 0, 0, 1, 0], "sign-until", "after sign-from"),
            ([0, 1, 0, 0, 0, 0, 1], "unpublish", "after sign-from"),
            ([0, 0, 0, 0, 0, 2, 1], "unpublish", "not before sign-until"),
            ([0, 0, 1, 1, 0, 0, 0], "ds-until", "after ds-from"),
            ([0, 0, 1, 0, 0, 0, 1], "unpublish", "after ds-from"),
            ([0, 0, 1, 0, 1, 0, 0], "revoke", "after ds-from"),
            ([0, 0, 0, 2, 0, 0, 1], "unpublish", "not before ds-until"),
            ([0, 0, 0, 2, 1, 0, 0], "revoke", "not before ds-until"),
            ([0, 0, 0, 0, 1, 0, 1], "unpublish", "after revoke"),
        ] {
            assert_refused(&line(months), &format!("{KEY}.timeline.{field}"), earlier, "2026-");
        }
    }
}
