//! Version 1 of the profile's format.

mod hsm;
mod key;
mod limits;
mod media;
mod people;
mod policy;
mod schema;
mod sequence;
mod timeline;
mod zone;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use self::hsm::RawHsm;
use self::media::RawMedia;
use self::people::{RawQuorum, RawRoles, quorum, roles};
use self::policy::RawPolicy;
use self::sequence::{RawSequence, sequence};
use self::zone::RawZone;
use super::error::quoted;
use super::source::{Field, Source, Table};
use super::{Profile, ProfileError};
use crate::dns::{Name, sha256};
use crate::exchange::is_visible;

/// Octets of a document where the profile does not say.
const DOCUMENT_OCTETS: usize = 1 << 20;
/// Slots and names in all schemas, unfolded; far more than any zone needs, and little memory.
const MAX_UNFOLDED: usize = 200_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawProfile {
    #[serde(rename = "profile-version")]
    _version: IgnoredAny, // has been looked at before
    name: String,
    hsm: Table<RawHsm>,
    media: Table<RawMedia>,
    quorum: Option<Table<RawQuorum>>,
    sequence: Option<Table<RawSequence>>,
    roles: Table<RawRoles>,
    limits: Option<Table<RawLimits>>,
    policies: BTreeMap<String, Table<RawPolicy>>,
    zones: BTreeMap<String, Table<RawZone>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawLimits {
    document_bytes: Option<i64>,
}

/// Reads the whole profile; `profile-version` has been found to be 1.
pub(super) fn read(bytes: &[u8], source: &Source<'_>) -> Result<Profile, ProfileError> {
    let raw: RawProfile = source.decode()?;
    let root = source.root();
    let hsm = raw.hsm.0.read(&root.key("hsm"))?;
    let mut profile = Profile {
        sha256: sha256(bytes),
        name: profile_name(&root.key("name"), raw.name)?,
        quorum: quorum(&root.key("quorum"), raw.quorum.map(|table| table.0), hsm.login)?,
        sequence: sequence(&root.key("sequence"), raw.sequence.map(|table| table.0), hsm.login)?,
        hsm,
        media: raw.media.0.read(&root.key("media"))?,
        required_roles: roles(&root.key("roles").key("required"), &raw.roles.0.required)?,
        document_bytes: document_bytes(&root.key("limits").key("document-bytes"), raw.limits.map(|table| table.0))?,
        zones: BTreeMap::new(),
    };
    let mut unfolded = 0;
    let field = root.key("policies");
    let mut policies = BTreeMap::new();
    for (name, Table(raw)) in raw.policies {
        let field = field.key(&name);
        field.name(&name)?;
        policies.insert(name, raw.read(&field, &mut unfolded)?);
    }
    let field = root.key("zones");
    if raw.zones.is_empty() {
        return Err(field.refuse("no zone", "at least one zone", "none", "add the zone that is signed for"));
    }
    for (text, Table(raw)) in raw.zones {
        let field = field.key(&text);
        let name: Name = field.parse(&text, "an absolute domain name, as \"example.\"")?;
        if profile.zones.contains_key(&name) {
            let advice = "write each zone once; case and final dot make no difference";
            return Err(field.refuse("the zone stands here twice", "each zone once", format!("{name} again"), advice));
        }
        profile.zones.insert(name.clone(), raw.read(&field, name, &policies)?);
    }
    Ok(profile)
}

/// Keeps the memory for schemas bounded.
fn add_unfolded(field: &Field<'_>, sum: &mut usize, more: usize) -> Result<(), ProfileError> {
    *sum = sum.saturating_add(more);
    if *sum <= MAX_UNFOLDED {
        return Ok(());
    }
    let expected = format!("at most {MAX_UNFOLDED} slots and names in all schemas");
    Err(field.refuse("the schemas are too large", expected, sum.to_string(), "split the profile"))
}

fn profile_name(field: &Field<'_>, name: String) -> Result<String, ProfileError> {
    if (1..=100).contains(&name.chars().count()) && name.trim() == name && name.chars().all(is_visible) {
        return Ok(name);
    }
    let found = quoted(&name);
    let expected = "1 to 100 characters that can be seen, no space at either end";
    Err(field.refuse("the name cannot be used", expected, found, "choose another name"))
}

fn document_bytes(field: &Field<'_>, limits: Option<RawLimits>) -> Result<usize, ProfileError> {
    match limits.and_then(|limits| limits.document_bytes) {
        Some(number) => field.number(number, 1024..=64 << 20),
        None => Ok(DOCUMENT_OCTETS),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{SCHEDULE, SCHEMAS, assert_refused, changed, read_text};
    use super::*;
    use crate::steps::Role;

    #[test]
    fn a_whole_profile_reads() {
        let profile = read_text(SCHEMAS).unwrap();
        assert_eq!(profile.document_bytes, 1 << 20);
        assert_eq!(profile.required_roles, [Role::new("CA").unwrap(), Role::new("IW").unwrap()]);
        assert_eq!((profile.media.record_copies, profile.quorum), (2, None));
        let profile = read_text(&changed(SCHEDULE, "[roles]", "[limits]\ndocument-bytes = 1024\n[roles]")).unwrap();
        assert_eq!(profile.document_bytes, 1024);
    }

    #[test]
    fn an_unknown_key_is_refused_wherever_it_stands() {
        let tables = [
            ("[hsm]", "hsm"),
            ("[media]", "media"),
            ("[roles]", "roles"),
            ("[policies.p]", "policies.p"),
            ("[policies.p.request]", "policies.p.request"),
            ("[zones.\"example.\"]", "zones.\"example.\""),
            ("[zones.\"example.\".keys.ksk]", "zones.\"example.\".keys.ksk"),
        ];
        for (header, path) in tables {
            for text in [SCHEMAS, SCHEDULE] {
                let text = changed(text, header, &format!("{header}\nttx = 1"));
                let error = read_text(&text).unwrap_err();
                let line = text.lines().position(|line| line == "ttx = 1").unwrap() + 1;
                assert_eq!((error.line, error.field), (u32::try_from(line).unwrap(), format!("{path}.ttx")));
                assert_eq!(error.found, "`ttx`");
            }
        }
        for (text, header) in [(SCHEMAS, "[policies.p.ksk]"), (SCHEDULE, "[policies.p.schedule]")] {
            assert_eq!(read_text(&changed(text, header, &format!("{header}\nttx = 1"))).unwrap_err().found, "`ttx`");
        }
        let text = format!("{SCHEDULE}timeline = {{ ttx = 1 }}\n");
        assert_refused(&text, "zones.\"example.\".keys.ksk.timeline.ttx", "one of `publish`", "`ttx`");
        let text = changed(SCHEMAS, "[roles]", "[limits]\nbytes = 1\n[roles]");
        assert_refused(&text, "limits.bytes", "`document-bytes`", "`bytes`");
        let text = changed(SCHEMAS, "\"1-2\" = { ", "\"1-2\" = { ttx = 1, ");
        assert_refused(&text, "policies.p.schemas.normal.1-2.ttx", "one of `publish`", "`ttx`");
        assert_refused(&format!("ttx = 1\n{SCHEMAS}"), "ttx", "one of `profile-version`", "`ttx`");
    }

    #[test]
    fn nothing_but_the_optional_keys_may_be_missing() {
        for (text, keys) in [
            (SCHEMAS, ["name", "module", "login", "mechanism", "request-label", "record-copies", "required", "ttl"]),
            (
                SCHEDULE,
                [
                    "share-label",
                    "coverage",
                    "inception-offset",
                    "cds-digest-types",
                    "cdnskey",
                    "policy",
                    "label",
                    "algorithm",
                ],
            ),
        ] {
            for key in keys {
                let line = text.lines().find(|line| line.starts_with(&format!("{key} = "))).unwrap();
                let error = read_text(&changed(text, &format!("{line}\n"), "")).unwrap_err();
                assert!(error.field == key || error.field.ends_with(&format!(".{key}")), "{error}");
                assert_eq!(error.found, "nothing");
            }
        }
        let error = read_text(&changed(SCHEMAS, "[roles]\nrequired = [\"CA\", \"IW\"]\n", "")).unwrap_err();
        assert_eq!((error.field.as_str(), error.line), ("roles", 1));
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        let text = changed(SCHEMAS, "record-copies = 2", "record-copies = \"2\"");
        assert_refused(&text, "media.record-copies", "an integer", "string \"2\"");
        assert_refused(&changed(SCHEMAS, "[roles]", "[[roles]]"), "roles", "a table", "sequence");
        let text = changed(SCHEMAS, "[roles]\nrequired = [\"CA\", \"IW\"]", "");
        assert_refused(&format!("roles = [[\"CA\"]]\n{text}"), "roles", "a table", "sequence");
    }

    #[test]
    fn the_name_is_for_people() {
        let text = changed(SCHEMAS, "name = \"Test\"", "name = \"a\\u0007b\"");
        assert_refused(&text, "name", "1 to 100 characters that can be seen", "`a\\u{7}b`");
        let text = changed(SCHEMAS, "name = \"Test\"", "name = \"a\\u202eb\"");
        assert_refused(&text, "name", "1 to 100 characters that can be seen", "`a\\u{202e}b`");
        assert_refused(&changed(SCHEMAS, "name = \"Test\"", "name = \"\""), "name", "1 to 100", "``");
    }

    #[test]
    fn documents_have_at_most_64_mib() {
        for (number, good) in [("1023", false), ("1024", true), ("67108864", true), ("67108865", false)] {
            let text = changed(SCHEMAS, "[roles]", &format!("[limits]\ndocument-bytes = {number}\n[roles]"));
            assert_eq!(read_text(&text).is_ok(), good, "{number}");
            if !good {
                assert_refused(&text, "limits.document-bytes", "1024 to 67108864", number);
            }
        }
    }

    #[test]
    fn zones_are_names_and_differ() {
        let text = SCHEDULE.replace("\"example.\"", "\"a..b\"");
        assert_refused(&text, "zones.\"a..b\"", "an absolute domain name", "`a..b`");
        let more = SCHEDULE.split_once("[zones.").unwrap().1.replace("\"example.\"", "\"EXAMPLE\"");
        let error = read_text(&format!("{SCHEDULE}[zones.{more}")).unwrap_err();
        assert_eq!((error.expected.as_str(), error.found.as_str()), ("each zone once", "example. again"));
        let text = format!("{}\n[zones]\n", SCHEDULE.split_once("[zones.").unwrap().0);
        assert_refused(&text, "zones", "at least one zone", "none");
    }

    #[test]
    fn zones_share_the_policy_that_they_name() {
        let more = SCHEDULE.split_once("[zones.").unwrap().1.replace("\"example.\"", "\"other.\"");
        let zones = read_text(&format!("{SCHEDULE}[zones.{more}")).unwrap().zones;
        let policies: Vec<_> = zones.values().map(|zone| &zone.policy).collect();
        assert!(policies.len() == 2 && std::sync::Arc::ptr_eq(policies[0], policies[1]));
    }

    #[test]
    fn schemas_that_would_fill_the_memory_are_refused() {
        let slots = "\"1-9999\" = { sign = [\"ksk\"] }\n";
        let many: String = (0..20).map(|number| format!("[policies.p.schemas.s{number}]\n{slots}")).collect();
        let text = changed(SCHEMAS, "num-bundles = 2", "num-bundles = \"unchecked\"");
        let text = changed(&text, "num-keys-per-bundle = [2, 1]", "num-keys-per-bundle = \"unchecked\"");
        let text = changed(&text, "[zones.\"example.\"]", &format!("{many}[zones.\"example.\"]"));
        assert_refused(&text, "policies.p.schemas.s14.1-9999", "at most 200000 slots and names", "");
    }

    /// A deserializer that only notes the names of a structure's fields.
    struct Names<'a>(&'a mut Vec<&'static str>);

    impl<'de> serde::Deserializer<'de> for Names<'_> {
        type Error = serde::de::value::Error;

        fn deserialize_any<V: serde::de::Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
            Err(serde::de::Error::custom("no structure"))
        }

        fn deserialize_struct<V: serde::de::Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Self::Error> {
            self.0.extend(fields);
            Err(serde::de::Error::custom("noted"))
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    #[test]
    fn every_key_is_documented() {
        let mut names = Vec::new();
        let _ = RawProfile::deserialize(Names(&mut names));
        let _ = media::RawMedia::deserialize(Names(&mut names));
        let _ = people::RawQuorum::deserialize(Names(&mut names));
        let _ = RawSequence::deserialize(Names(&mut names));
        let _ = people::RawRoles::deserialize(Names(&mut names));
        let _ = RawLimits::deserialize(Names(&mut names));
        let _ = RawHsm::deserialize(Names(&mut names));
        let _ = RawPolicy::deserialize(Names(&mut names));
        let _ = limits::RawRequest::deserialize(Names(&mut names));
        let _ = policy::RawKsk::deserialize(Names(&mut names));
        let _ = policy::RawSchedule::deserialize(Names(&mut names));
        let _ = schema::RawSlot::deserialize(Names(&mut names));
        let _ = RawZone::deserialize(Names(&mut names));
        let _ = key::RawKey::deserialize(Names(&mut names));
        let _ = timeline::RawTimeline::deserialize(Names(&mut names));
        assert_eq!(names.len(), 86, "a new structure or key: add it here and to the page");
        let page = include_str!("../../docs/profile.md");
        // A row of a key has its name, meaning, unit, what it means when left out, and origin.
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
        let rows: Vec<_> = rows.filter(|(name, _)| !name.ends_with(".toml")).collect();
        for name in &names {
            assert!(rows.iter().any(|(row, _)| row == name), "{name} is not documented");
        }
        for (name, cells) in rows {
            assert!(names.contains(&name), "{name} is documented, and there is no such key");
            let cells: Vec<&str> = cells.trim_end_matches('|').split('|').map(str::trim).collect();
            assert!(cells.len() == 4 && cells.iter().all(|cell| !cell.is_empty()), "{name}: {cells:?}");
        }
    }
}
