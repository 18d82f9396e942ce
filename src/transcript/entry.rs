//! One entry: one line of a transcript.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Body, JsonError, json};
use crate::dns::{Sha256Digest, Time};
use crate::steps::{Actor, Moment, Role, Step};

/// One entry, as it stands in its line.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Entry {
    /// Its number, from 1.
    pub seq: u64,
    /// When it was written: agreed UTC.
    pub time: Time,
    /// Milliseconds since the program started.
    pub uptime: u64,
    /// The step that the ceremony was in.
    pub step: Step,
    /// Who caused it.
    #[serde(serialize_with = "write_actor", deserialize_with = "read_actor")]
    pub actor: Actor,
    /// SHA-256 of the previous line with its line end.
    pub prev: Sha256Digest,
    /// Its kind and what it says.
    #[serde(flatten)]
    pub body: Body,
}

impl Entry {
    /// The moment of the entry.
    #[must_use]
    pub const fn moment(&self) -> Moment {
        Moment { time: self.time, uptime: self.uptime }
    }

    /// Its line: canonical JSON and a line end.
    ///
    /// # Errors
    /// [`JsonError`] for numbers from 2^53 on, keys that are not ASCII, or a line beyond [`json::MAX_LINE`].
    pub fn line(&self) -> Result<Vec<u8>, JsonError> {
        let mut line = json::to_canonical(self)?;
        line.push(b'\n');
        Ok(line)
    }

    /// Reads a line without its line end; it must be in canonical form.
    ///
    /// # Errors
    /// [`JsonError`], with the place of the first octet that differs.
    pub fn read(line: &[u8]) -> Result<Self, JsonError> {
        json::from_canonical(line, "an entry of a transcript")
    }
}

fn write_actor<S: Serializer>(actor: &Actor, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&ActorText(actor))
}

fn read_actor<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Actor, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.as_str() {
        "program" => Ok(Actor::Program),
        "operator" => Ok(Actor::Operator),
        _ => Role::new(&text).map(Actor::Role).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "expected `program`, `operator` or a role; found `{}`",
                text.escape_debug()
            ))
        }),
    }
}

struct ActorText<'a>(&'a Actor);

impl fmt::Display for ActorText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Note;
    use super::*;

    fn entry() -> Entry {
        Entry {
            seq: 7,
            time: "2026-11-22T03:00:00Z".parse().unwrap(),
            uptime: 12_345,
            step: Step::Unlock,
            actor: Actor::Role(Role::new("CO1").unwrap()),
            prev: Sha256Digest::ZERO,
            body: Body::Paused(Note { note: "coffee \"break\"".to_owned() }),
        }
    }

    #[test]
    fn a_line_is_what_the_format_says() {
        let line = String::from_utf8(entry().line().unwrap()).unwrap();
        let zeros = "0".repeat(64);
        assert_eq!(
            line,
            format!(
                "{{\"actor\":\"CO1\",\"body\":{{\"note\":\"coffee \\\"break\\\"\"}},\"kind\":\"paused\",\
                 \"prev\":\"{zeros}\",\"seq\":7,\"step\":\"unlock\",\"time\":\"2026-11-22T03:00:00Z\",\"uptime\":12345}}\n"
            )
        );
        assert_eq!(Entry::read(line.trim_end().as_bytes()), Ok(entry()));
    }

    #[test]
    fn unknown_members_steps_and_actors_are_refused() {
        let line = String::from_utf8(entry().line().unwrap()).unwrap();
        for (from, to) in [
            ("\"seq\"", "\"more\":1,\"seq\""),
            ("unlock", "lunch"),
            ("CO1", "co1"),
            ("paused", "napped"),
            ("03:00:00Z", "03:00:00+00:00"),
            ("12345", "9007199254740992"),
        ] {
            assert!(Entry::read(line.trim_end().replace(from, to).as_bytes()).is_err(), "{to}");
        }
    }
}
