//! The ceremony profile (TOML), one module per format version.
//!
//! [`read`] is the only way to a [`Profile`]: what it returns is whole, and nothing in it is a text that could be a
//! type. `docs/profile.md` describes every key.

mod error;
#[cfg(test)]
pub(crate) mod fixture;
mod model;
mod source;
mod v1;

pub use self::error::ProfileError;
pub use self::model::{
    HashIn, Hsm, KskPolicy, Limit, LoginKind, MAX_OFFSET, Media, Policy, Profile, Quorum, RequestPolicy, Schedule,
    Schema, Sequence, Signing, Slot, Timeline, Zone, ZoneKey,
};

use self::source::Source;

/// Octets that a profile may have: 1 MiB.
pub const MAX_OCTETS: usize = 1 << 20;
/// Profiles that one medium may have, to be chosen from.
pub const MAX_ON_MEDIUM: usize = 32;
/// Octets that all profiles of one medium may have together: 4 MiB.
pub const MAX_OCTETS_ON_MEDIUM: usize = 4 << 20;

/// Reads a profile and checks everything in it that can be checked without a request, a token or a clock.
///
/// # Errors
/// The first [`ProfileError`] found, with its place.
pub fn read(bytes: &[u8]) -> Result<Profile, ProfileError> {
    if bytes.len() > MAX_OCTETS {
        return Err(ProfileError {
            line: 1,
            column: 1,
            field: String::new(),
            expected: format!("at most {MAX_OCTETS} octets"),
            found: format!("{} octets", bytes.len()),
            message: "the file is too large for a profile".to_owned(),
            advice: "choose the profile and not another file",
        });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error.valid_up_to()))?;
    let source = Source::parse(text)?;
    let field = source.root().key("profile-version");
    match source.integer("profile-version") {
        None => Err(field.missing("profile-version = 1", "a profile says first which version of the format it is")),
        Some(Ok(1)) => v1::read(bytes, &source),
        Some(found) => Err(field.refuse(
            "another version of the profile's format",
            "1",
            found.map_or_else(|text| text, |number| number.to_string()),
            "use a profile of version 1, or a program that knows this version",
        )),
    }
}

/// The error for octets that are no text; the place is that of the first one.
fn not_utf8(bytes: &[u8], valid: usize) -> ProfileError {
    let before = bytes.get(..valid).unwrap_or_default();
    let (line, column) = source::place(std::str::from_utf8(before).unwrap_or_default(), valid);
    ProfileError {
        line,
        column,
        field: String::new(),
        expected: "text in UTF-8".to_owned(),
        found: bytes.get(valid).map_or_else(|| "the end".to_owned(), |octet| format!("the octet 0x{octet:02x}")),
        message: "this is no text".to_owned(),
        advice: "choose the profile and not another file, and save it as UTF-8",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dns::{Dnskey, Name};

    const ROOT_ZONE: &str = include_str!("../../image/profiles/root-zone.toml");
    const TLD_BIND: &str = include_str!("../../image/profiles/tld-bind.toml");
    const TLD_KNOT: &str = include_str!("../../image/profiles/tld-knot.toml");
    const SMALL_ZONE: &str = include_str!("../../image/profiles/small-zone.toml");

    /// The root's KSK-2010, key tag 19036, which signed in 2017.
    const KSK_2010: &str = "257 3 8 AwEAAagAIKlVZrpC6Ia7gEzahOR+9W29euxhJhVVLOyQbSEW0O8gcCjFFVQUTf6v58fLjwBd0YI0EzrAcQqBGCzh/RStIoO8g0NfnfL2MTJRkxoXbfDaUeVPQuYEhg37NZWAJQ9VnMVDxP/VHL496M/QZxkjf5/Efucp2gaDX6RS6CXpoY68LsvPVjR0ZSwzz1apAzvN9dlzEheX7ICJBBtuA6G3LQpzW5hOA2hzCTMjJPJ8LbqF6dsV6DoBQzgul0sGIcGOYl7OyQdXfZ57relSQageu+ipAdTTJ25AsRTAoub8ONGcLmqrAmRLKBP1dfwhYB4N7knNnulqQxA+Uk1ihz0=";

    #[test]
    fn every_shipped_profile_reads() {
        for text in [ROOT_ZONE, TLD_BIND, TLD_KNOT, SMALL_ZONE] {
            let profile = read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(profile.sha256, crate::dns::sha256(text.as_bytes()));
        }
    }

    #[test]
    fn the_root_zone_profile_has_the_keys_and_schemas_of_the_root() {
        let profile = read(ROOT_ZONE.as_bytes()).unwrap();
        let zone = profile.zone(&Name::root()).unwrap();
        let tag = |name: &str| zone.keys[name].dnskey.as_ref().map(Dnskey::key_tag);
        assert_eq!((tag("current"), tag("next")), (Some(20326), Some(38696)));
        let Signing::Schemas { schemas, .. } = &zone.policy.signing else { panic!("the root zone has schemas") };
        let names: Vec<_> = schemas.keys().map(String::as_str).collect();
        assert_eq!(names, ["normal", "pre-publish", "publish+", "revoke", "revoke+", "rollover", "rollover+"]);
        let revoke = &schemas["revoke"].slots;
        assert_eq!((revoke[0].revoke.len(), &revoke[1].revoke[..]), (0, &["current".to_owned()][..]));
        assert_eq!((revoke[8].revoke.len(), &revoke[8].publish[..]), (0, &["next".to_owned()][..]));
    }

    #[test]
    fn the_root_zone_profile_takes_the_key_of_2017() {
        let (head, tail) = ROOT_ZONE.split_once("[zones.\".\".keys.current]").unwrap();
        let (_, next) = tail.split_once("[zones.\".\".keys.next]").unwrap();
        let key = format!(
            "label = \"Kjqmt7v\"\nalgorithm = \"RSASHA256\"\ndnskey = \"{KSK_2010}\"\nkey-tag = 19036\nds-sha256 = \"49AAC11D7B6F6446702E54A1607371607A1A41855200FD2CE1CDDE32F24E8FB5\"\nvalid-from = 2010-07-15T00:00:00Z\n"
        );
        let text = format!("{head}[zones.\".\".keys.current]\n{key}[zones.\".\".keys.next]{next}");
        let profile = read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(profile.zone(&Name::root()).unwrap().keys["current"].label, "Kjqmt7v");
    }

    #[test]
    fn the_version_is_looked_at_before_anything_else() {
        let error = read(b"\nprofile-version = 2\nnews = true\n").unwrap_err();
        assert_eq!((error.line, error.field.as_str()), (2, "profile-version"));
        assert_eq!((error.expected.as_str(), error.found.as_str()), ("1", "2"));
        let error = read(b"profile-version = \"1\"").unwrap_err();
        assert_eq!((error.expected.as_str(), error.found.as_str()), ("1", "string"));
        let error = read(b"name = \"x\"").unwrap_err();
        assert_eq!((error.field.as_str(), error.found.as_str()), ("profile-version", "nothing"));
    }

    #[test]
    fn refuses_what_is_no_profile_at_all() {
        let error = read(&vec![b'#'; MAX_OCTETS + 1]).unwrap_err();
        assert_eq!((error.expected.as_str(), error.found.as_str()), ("at most 1048576 octets", "1048577 octets"));
        let error = read(b"# a\n#\xff\n").unwrap_err();
        assert_eq!((error.line, error.column, error.found.as_str()), (2, 2, "the octet 0xff"));
        let error = read(b"profile-version = 1\nname = \n").unwrap_err();
        assert_eq!((error.line, error.field.as_str()), (2, ""));
        let error = read(b"").unwrap_err();
        assert_eq!(error.field, "profile-version");
        let deep = format!("profile-version = 1\n{} = 1", vec!["a"; 100_000].join("."));
        assert!(read(deep.as_bytes()).unwrap_err().message.contains("recursion limit"));
    }

    proptest! {
        #[test]
        fn arbitrary_octets_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes);
        }

        #[test]
        fn a_damaged_profile_never_panics(at in 0..TLD_BIND.len(), length in 0..40_usize, with in "[ -~\n]{0,20}") {
            let mut bytes = TLD_BIND.as_bytes().to_vec();
            bytes.splice(at..(at + length).min(TLD_BIND.len()), with.bytes());
            let _ = read(&bytes);
            let at = at % ROOT_ZONE.len();
            let mut bytes = ROOT_ZONE.as_bytes().to_vec();
            bytes.splice(at..(at + length).min(ROOT_ZONE.len()), with.bytes());
            let _ = read(&bytes);
        }

        #[test]
        fn arbitrary_tables_never_panic(lines in proptest::collection::vec(
            "(\\[(hsm|media|quorum|policies\\.p|policies\\.p\\.schemas\\.s|zones\\.\"a\\.\"\\.keys\\.k)\\]|[a-z-]{1,8} = (1|\"x\"|\\[1\\]|\\{\\}|2026-01-01T00:00:00Z))",
            0..20,
        )) {
            let _ = read(format!("profile-version = 1\n{}", lines.join("\n")).as_bytes());
        }
    }
}
