//! Officers who log in one after another: `[sequence]`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::source::Field;
use super::super::{LoginKind, ProfileError, Sequence};
use super::people::roles;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawSequence {
    threshold: i64,
    user_type: i64,
    separator: String,
    users: BTreeMap<String, String>,
}

/// Reads the officers, who stand there exactly with `login = "sequence"`.
pub(super) fn sequence(
    field: &Field<'_>,
    raw: Option<RawSequence>,
    login: LoginKind,
) -> Result<Option<Sequence>, ProfileError> {
    let raw = match (raw, login) {
        (None, LoginKind::Sequence) => {
            let advice = "add [sequence] with the HSM's users, or log in in another way";
            return Err(field.missing("[sequence], because hsm.login is `sequence`", advice));
        }
        (Some(_), login) if login != LoginKind::Sequence => {
            let expected = format!("no [sequence], because hsm.login is `{}`", login.name());
            let advice = "remove [sequence], or set hsm.login to \"sequence\"";
            return Err(field.refuse("officers who are not asked", expected, "[sequence]", advice));
        }
        (None, _) => return Ok(None),
        (Some(raw), _) => raw,
    };
    let users = field.key("users");
    let names: Vec<String> = raw.users.keys().cloned().collect();
    let officers = roles(&users, &names)?;
    if officers.len() < 2 {
        let found = officers.len().to_string();
        let advice = "name every officer with the HSM's user; for one alone login = \"pin\" does";
        return Err(users.refuse("no such sequence", "2 to 255 officers", found, advice));
    }
    let mut named: Vec<(_, String)> = Vec::new();
    for (officer, (key, user)) in officers.into_iter().zip(raw.users) {
        let field = users.key(&key);
        let user = field.ascii(user, 1..=64)?;
        if named.iter().any(|(_, other)| *other == user) {
            let advice = "the HSM must know each officer as a user of the own";
            return Err(field.refuse("two officers are one user", "each user once", format!("`{user}`"), advice));
        }
        named.push((officer, user));
    }
    let count = i64::try_from(named.len()).unwrap_or(i64::MAX);
    Ok(Some(Sequence {
        threshold: field.key("threshold").number(raw.threshold, 2..=count)?,
        user_type: field.key("user-type").number(raw.user_type, 1..=i64::from(u32::MAX))?,
        separator: field.key("separator").ascii(raw.separator, 1..=1)?,
        users: named,
    }))
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::{SCHEMAS, assert_refused, changed, read_text};
    use crate::steps::{Pin, Role};

    const TABLE: &str = "[sequence]\nthreshold = 2\nuser-type = 0x83\nseparator = \",\"\n\
                         users = { CO2 = \"BOB\", CO1 = \"ALICE\" }\n\n[roles]";

    fn with(table: &str) -> String {
        changed(&changed(SCHEMAS, "\"pin\"", "\"sequence\""), "[roles]", table)
    }

    #[test]
    fn each_officer_is_a_user_of_the_hsm() {
        let profile = read_text(&with(TABLE)).unwrap();
        let sequence = profile.sequence.as_ref().unwrap();
        let [one, two] = ["CO1", "CO2"].map(|text| Role::new(text).unwrap());
        assert_eq!((sequence.threshold, sequence.user_type), (2, 131));
        assert_eq!(profile.officers(), Some((2, vec![one.clone(), two])));
        let credential = sequence.credential(&one, &Pin::from_octets(b"secret").unwrap()).unwrap();
        assert_eq!(credential.expose(), b"ALICE,secret");
        assert!(sequence.credential(&Role::new("CO9").unwrap(), &Pin::new()).is_none());
        assert!(sequence.credential(&one, &Pin::from_octets(&[b'1'; Pin::CAPACITY]).unwrap()).is_none());
    }

    #[test]
    fn a_sequence_has_a_threshold_and_different_users() {
        let bad = |from: &str, to: &str| with(&changed(TABLE, from, to));
        assert_refused(&bad("threshold = 2", "threshold = 3"), "sequence.threshold", "2 to 2", "3");
        assert_refused(&bad("threshold = 2", "threshold = 1"), "sequence.threshold", "2 to 2", "1");
        assert_refused(&bad("0x83", "0"), "sequence.user-type", "1 to 4294967295", "0");
        assert_refused(&bad("\",\"", "\"\""), "sequence.separator", "1 printable", "``");
        assert_refused(&bad("BOB", "ALICE"), "sequence.users.CO2", "each user once", "`ALICE`");
        assert_refused(&bad("CO2 = \"BOB\", ", ""), "sequence.users", "2 to 255 officers", "1");
        assert_refused(&with("[roles]"), "sequence", "[sequence], because", "nothing");
        let text = changed(SCHEMAS, "[roles]", TABLE);
        assert_refused(&text, "sequence", "no [sequence], because hsm.login is `pin`", "[sequence]");
    }
}
