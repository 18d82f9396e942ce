//! A KSK of a zone: `[zones."NAME".keys.KEY]`.

use serde::Deserialize;
use toml::value::Datetime;

use super::super::error::quoted;
use super::super::source::{Field, Table};
use super::super::{ProfileError, ZoneKey};
use super::limits::algorithm;
use super::timeline::{RawTimeline, in_order, time};
use crate::dns::{Algorithm, Dnskey, Name, Sha256Digest, hex};

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
    timeline: Option<Table<RawTimeline>>,
}

impl RawKey {
    /// Reads the key; only with `scheduled` may it have a timeline.
    pub(super) fn read(
        self,
        field: &Field<'_>,
        name: &str,
        zone: &Name,
        scheduled: bool,
    ) -> Result<ZoneKey, ProfileError> {
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
            timeline: self.timeline.map(|Table(raw)| raw.read(&timeline)).transpose()?.unwrap_or_default(),
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
    if let Err(fault) = key.check_key() {
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
    let octets = if (1..=128).contains(&text.len()) { hex::decode(text) } else { None };
    octets.ok_or_else(|| {
        let expected = "2 to 128 hexadecimal digits, two for each octet";
        field.refuse("no CKA_ID", expected, quoted(text), "write it as the token's tool prints it, without colons")
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::{DNSKEY, KEY, SCHEDULE, assert_refused, changed, key, with_lines};
    use super::*;

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
        assert_eq!(key(&with_lines("cka-id = \"a1Ff\"")).cka_id, Some(vec![0xa1, 0xff]));
        for wrong in ["", "a", "a1:ff", "gg", "é", &"00".repeat(65)] {
            let text = with_lines(&format!("cka-id = \"{wrong}\""));
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
        let point = format!("257 3 15 {}=", "A".repeat(43));
        assert_refused(&with(&point), &path, "a private key belongs to", "no point of edwards25519");
        let text = changed(SCHEDULE, "algorithm = \"ED25519\"", "algorithm = \"DSA\"");
        assert_refused(&text, &format!("{KEY}.algorithm"), "one of RSASHA256", "`DSA`");
    }

    #[test]
    fn tag_and_digest_are_those_of_the_key() {
        let dnskey: Dnskey = DNSKEY.parse().unwrap();
        let (tag, digest) = (dnskey.key_tag(), dnskey.fingerprint(&"example.".parse().unwrap()));
        assert_eq!(key(&with_lines(&format!("key-tag = {tag}\nds-sha256 = \"{digest}\""))).dnskey, Some(dnskey));
        assert_refused(&with_lines("key-tag = 1"), &format!("{KEY}.key-tag"), &tag.to_string(), "1");
        assert_refused(&with_lines("key-tag = 65536"), &format!("{KEY}.key-tag"), "0 to 65535", "65536");
        let text = with_lines(&format!("ds-sha256 = \"{}\"", "0".repeat(64)));
        assert_refused(&text, &format!("{KEY}.ds-sha256"), &digest.to_string(), "0000");
        assert_refused(&with_lines("ds-sha256 = \"00\""), &format!("{KEY}.ds-sha256"), "64 hexadecimal digits", "`00`");
        let text = changed(&with_lines("key-tag = 1"), &format!("dnskey = \"{DNSKEY}\"\n"), "");
        assert_refused(&text, &format!("{KEY}.key-tag"), "dnskey beside it", "nothing");
    }
}
