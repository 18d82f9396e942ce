//! Who must be there: `[quorum]` and `[roles]`.

use serde::Deserialize;

use super::super::error::quoted;
use super::super::source::Field;
use super::super::{LoginKind, ProfileError, Quorum};
use crate::steps::{MAX_OFFICERS, Role};

/// The most roles in one list.
const MAX_ROLES: usize = 255;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawQuorum {
    threshold: i64,
    officers: Vec<String>,
    share_set: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawRoles {
    pub(super) required: Vec<String>,
}

/// Reads a list of roles, each at most once.
pub(super) fn roles(field: &Field<'_>, texts: &[String]) -> Result<Vec<Role>, ProfileError> {
    if texts.len() > MAX_ROLES {
        let expected = format!("at most {MAX_ROLES} roles");
        return Err(field.refuse("too many roles", expected, texts.len().to_string(), "remove some"));
    }
    let mut roles = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let field = field.index(index);
        let found = quoted(text);
        let Some(role) = Role::new(text) else {
            let expected = "1 to 8 upper-case letters and digits, a letter first, as CA or CO1";
            return Err(field.refuse("this is no role", expected, found, "correct the role's name"));
        };
        if roles.contains(&role) {
            return Err(field.refuse("a role stands here twice", "each role once", found, "remove one of them"));
        }
        roles.push(role);
    }
    Ok(roles)
}

/// Reads the quorum, which stands there exactly with `login = "shares"`.
pub(super) fn quorum(
    field: &Field<'_>,
    raw: Option<RawQuorum>,
    login: LoginKind,
) -> Result<Option<Quorum>, ProfileError> {
    let raw = match (raw, login) {
        (None, LoginKind::Shares) => {
            let advice = "add [quorum] as the command `quorum` printed it, or log in in another way";
            return Err(field.missing("[quorum], because hsm.login is `shares`", advice));
        }
        (Some(_), login) if login != LoginKind::Shares => {
            let expected = format!("no [quorum], because hsm.login is `{}`", login.name());
            let advice = "remove [quorum], or set hsm.login to \"shares\"";
            return Err(field.refuse("a quorum that is not used", expected, "[quorum]", advice));
        }
        (None, _) => return Ok(None),
        (Some(raw), _) => raw,
    };
    let officers = roles(&field.key("officers"), &raw.officers)?;
    if !(2..=MAX_OFFICERS).contains(&officers.len()) {
        let (expected, found) = (format!("2 to {MAX_OFFICERS} officers"), officers.len().to_string());
        let advice = "name every officer who holds a share";
        return Err(field.key("officers").refuse("no such quorum", expected, found, advice));
    }
    let count = i64::try_from(officers.len()).unwrap_or(i64::MAX);
    let threshold = field.key("threshold").number(raw.threshold, 2..=count)?;
    let share_set = field.key("share-set").parse(&raw.share_set, "64 hexadecimal digits")?;
    Ok(Some(Quorum { threshold, officers, share_set }))
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::{SCHEMAS, assert_refused, changed, read_text};

    const QUORUM: &str = "[quorum]\nthreshold = 2\nofficers = [\"CO1\", \"CO2\", \"CO3\"]\nshare-set = \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"\n[roles]\n";

    /// The profile with a quorum, in which `from` has become `to`.
    fn with_quorum(from: &str, to: &str) -> String {
        let text = changed(&changed(SCHEMAS, "\"pin\"", "\"shares\""), "[roles]\n", QUORUM);
        changed(&text, from, to)
    }

    #[test]
    fn an_unknown_key_of_the_quorum_is_refused() {
        assert_refused(&with_quorum("threshold", "treshold"), "quorum.treshold", "one of `threshold`", "`treshold`");
    }

    #[test]
    fn a_quorum_stands_there_exactly_with_shares() {
        let quorum = read_text(&with_quorum("threshold = 2", "threshold = 3")).unwrap().quorum.unwrap();
        assert_eq!((quorum.threshold, quorum.officers.len()), (3, 3));
        let text = changed(SCHEMAS, "\"pin\"", "\"shares\"");
        assert_refused(&text, "quorum", "[quorum], because hsm.login is `shares`", "nothing");
        let text = changed(SCHEMAS, "[roles]\n", QUORUM);
        assert_refused(&text, "quorum", "no [quorum], because hsm.login is `pin`", "[quorum]");
    }

    #[test]
    fn the_threshold_is_from_two_to_all_officers() {
        for threshold in ["1", "4", "-1", "300"] {
            let text = with_quorum("threshold = 2", &format!("threshold = {threshold}"));
            assert_refused(&text, "quorum.threshold", "2 to 3", threshold);
        }
        let text = with_quorum("\"CO1\", \"CO2\", \"CO3\"", "\"CO1\"");
        assert_refused(&text, "quorum.officers", "2 to 32 officers", "1");
        // As many as `quorum create` makes shares for, and none more.
        let of = |count| {
            let officers: Vec<_> = (1..=count).map(|number| format!("\"CO{number}\"")).collect();
            with_quorum("\"CO1\", \"CO2\", \"CO3\"", &officers.join(", "))
        };
        assert_eq!(read_text(&of(32)).unwrap().quorum.unwrap().officers.len(), 32);
        assert_refused(&of(33), "quorum.officers", "2 to 32 officers", "33");
    }

    #[test]
    fn officers_and_roles_are_roles_and_differ() {
        assert_refused(&with_quorum("\"CO2\"", "\"CO1\""), "quorum.officers.1", "each role once", "`CO1`");
        assert_refused(&with_quorum("\"CO2\"", "\"co2\""), "quorum.officers.1", "1 to 8 upper-case", "`co2`");
        assert_refused(&changed(SCHEMAS, "\"IW\"", "\"I W\""), "roles.required.1", "1 to 8 upper-case", "`I W`");
        assert_refused(&changed(SCHEMAS, "\"IW\"", "\"CA\""), "roles.required.1", "each role once", "`CA`");
    }

    #[test]
    fn a_list_of_roles_is_bounded() {
        let many: Vec<_> = (0..256).map(|number| format!("\"R{number}\"")).collect();
        let text = changed(SCHEMAS, "\"CA\", \"IW\"", &many.join(", "));
        assert_refused(&text, "roles.required", "at most 255 roles", "256");
    }

    #[test]
    fn a_share_set_is_a_digest() {
        assert_refused(&with_quorum("\"e3b0", "\"e3b"), "quorum.share-set", "64 hexadecimal digits", "`e3bc4429");
    }
}
