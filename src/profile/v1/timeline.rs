//! The times of a key.

use serde::Deserialize;
use toml::value::Datetime;

use super::super::source::Field;
use super::super::{ProfileError, Timeline};
use crate::dns::Time;

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

/// Reads a point in time, in UTC and to the second.
pub(super) fn time(field: &Field<'_>, key: &str, raw: Option<Datetime>) -> Result<Option<Time>, ProfileError> {
    raw.map(|raw| field.key(key).parse(&raw.to_string(), "a time in UTC to the second, as 2017-02-02T00:00:00Z"))
        .transpose()
}

/// A time of a key with its name.
pub(super) type Named<'a> = (&'a str, Option<Time>);

/// Refuses times in the wrong order; `strict` also refuses equal ones.
pub(super) fn in_order(
    field: &Field<'_>,
    first: Named<'_>,
    strict: bool,
    second: Named<'_>,
) -> Result<(), ProfileError> {
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
    /// Reads the times and compares each two whose order matters.
    pub(super) fn read(self, field: &Field<'_>) -> Result<Timeline, ProfileError> {
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
            (publish, true, ds_until),
            (publish, true, sign_until),
            (publish, true, unpublish),
            (publish, true, revoke),
            (sign_from, true, sign_until),
            (sign_from, true, unpublish),
            (sign_until, false, unpublish),
            (ds_from, true, ds_until),
            (ds_from, true, unpublish),
            (ds_from, true, revoke),
            (ds_until, false, revoke),
            (revoke, true, unpublish),
        ];
        order.into_iter().try_for_each(|(first, strict, second)| in_order(field, first, strict, second))?;
        Ok(times)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::{KEY, SCHEMAS, assert_refused, key, with_lines};
    use super::*;

    #[test]
    fn a_timeline_belongs_to_a_schedule() {
        let text = format!("{SCHEMAS}timeline = {{}}\n");
        let expected = "no timeline, because the zone's policy has schemas";
        assert_refused(&text, &format!("{KEY}.timeline"), expected, "timeline");
        assert_eq!(key(&with_lines("timeline = {}")).timeline, Timeline::default());
    }

    #[test]
    fn the_times_of_a_key_are_in_order() {
        let month = |number: u32| format!("2026-{number:02}-01T00:00:00Z");
        let names = ["publish", "sign-from", "ds-from", "ds-until", "revoke", "sign-until", "unpublish"];
        let line = |months: [u32; 7]| {
            let times = names.iter().zip(months).filter(|(_, number)| *number > 0);
            let times: Vec<_> = times.map(|(name, number)| format!("{name} = {}", month(number))).collect();
            with_lines(&format!("timeline = {{ {} }}", times.join(", ")))
        };
        assert!(key(&line([1, 1, 1, 2, 2, 3, 3])).timeline.unpublish.is_some());
        assert!(key(&line([1, 2, 3, 4, 5, 6, 7])).timeline.revoke.is_some());
        // Double DS: the parent has the DS before the key is published, and still after it is gone.
        assert!(key(&line([2, 2, 1, 4, 0, 3, 3])).timeline.ds_from.is_some());
        for (months, field, earlier) in [
            ([2, 1, 0, 0, 0, 0, 0], "sign-from", "not before publish"),
            ([2, 0, 0, 2, 0, 0, 0], "ds-until", "after publish"),
            ([1, 0, 0, 0, 0, 1, 0], "sign-until", "after publish"),
            ([1, 0, 0, 0, 0, 0, 1], "unpublish", "after publish"),
            ([1, 0, 0, 0, 1, 0, 0], "revoke", "after publish"),
            ([0, 1, 0, 0, 0, 1, 0], "sign-until", "after sign-from"),
            ([0, 1, 0, 0, 0, 0, 1], "unpublish", "after sign-from"),
            ([0, 0, 0, 0, 0, 2, 1], "unpublish", "not before sign-until"),
            ([0, 0, 1, 1, 0, 0, 0], "ds-until", "after ds-from"),
            ([0, 0, 1, 0, 0, 0, 1], "unpublish", "after ds-from"),
            ([0, 0, 1, 0, 1, 0, 0], "revoke", "after ds-from"),
            ([0, 0, 0, 2, 1, 0, 0], "revoke", "not before ds-until"),
            ([0, 0, 0, 0, 1, 0, 1], "unpublish", "after revoke"),
        ] {
            assert_refused(&line(months), &format!("{KEY}.timeline.{field}"), earlier, "2026-");
        }
    }

    #[test]
    fn times_are_in_utc_to_the_second() {
        let path = format!("{KEY}.valid-from");
        for wrong in ["2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00+01:00"] {
            assert_refused(&with_lines(&format!("valid-from = {wrong}")), &path, "a time in UTC", "`2026-01-01");
        }
        assert_refused(&with_lines("valid-from = 2200-01-01T00:00:00Z"), &path, "a time in UTC", "`2200");
        assert_refused(&with_lines("valid-from = \"x\""), &path, "a time without quotes", "string \"x\"");
    }

    #[test]
    fn a_key_is_valid_from_before_until() {
        let key = key(&with_lines("valid-from = 2026-01-01T00:00:00Z\nvalid-until = 2026-01-01T00:00:01Z"));
        assert_eq!(key.valid_until.unwrap().seconds_since(key.valid_from.unwrap()), 1);
        let text = with_lines("valid-from = 2026-01-01T00:00:00Z\nvalid-until = 2026-01-01T00:00:00Z");
        let expected = "a time after valid-from, 2026-01-01T00:00:00Z";
        assert_refused(&text, &format!("{KEY}.valid-until"), expected, "2026-01-01T00:00:00Z");
    }
}
