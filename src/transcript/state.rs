//! `state.json`: what one ceremony must know of the last.

use super::{Head, JsonError, State, json};
use crate::dns::{Name, Sha256Digest};
use crate::profile::Profile;

impl State {
    /// The version of the format.
    pub const VERSION: u32 = 1;

    /// The octets of the file: canonical JSON without a line end.
    ///
    /// # Errors
    /// [`JsonError`] if a zone's name is no printable ASCII, which no [`crate::dns::Name`] prints.
    pub fn write(&self) -> Result<Vec<u8>, JsonError> {
        json::to_canonical(self)
    }

    /// Reads the file; it must be in canonical form.
    ///
    /// # Errors
    /// [`JsonError`] with what is wrong.
    pub fn read(octets: &[u8]) -> Result<Self, JsonError> {
        let state: Self = json::from_canonical(octets, "a state file of version 1")?;
        if state.state_version == Self::VERSION {
            return Ok(state);
        }
        Err(JsonError::Shape { expected: "state_version 1", found: state.state_version.to_string() })
    }

    /// The state after a ceremony: `previous` with the heads of its responses, in the order of their jobs.
    ///
    /// Where a zone had several jobs (as for a stand-by key), its first one is what the next ceremony goes on from.
    /// Without an accepted response the heads stay as they were.
    #[must_use]
    pub fn after(previous: &Self, profile: &Profile, responses: impl IntoIterator<Item = (Name, Head)>) -> Self {
        let mut made = std::collections::BTreeMap::new();
        for (zone, head) in responses {
            made.entry(zone.to_string()).or_insert(head);
        }
        let mut zones = previous.zones.clone();
        zones.extend(made);
        Self {
            state_version: Self::VERSION,
            profile_sha256: profile.sha256.to_string(),
            share_set: profile.quorum.as_ref().map(|quorum| quorum.share_set.to_string()).unwrap_or_default(),
            zones,
        }
    }

    /// What the last response of a zone must be, if there is one.
    #[must_use]
    pub fn head(&self, zone: &Name) -> Option<Sha256Digest> {
        self.zones.get(&zone.to_string()).map(|head| head.sha256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::Time;

    #[test]
    fn is_read_as_it_was_written() {
        let head = Head { sha256: Sha256Digest::ZERO, covered_until: Time::MAX };
        let zones = [(".".to_owned(), head)].into();
        let state =
            State { state_version: 1, profile_sha256: Sha256Digest::ZERO.to_string(), zones, ..State::default() };
        let octets = state.write().unwrap();
        assert_eq!(State::read(&octets), Ok(state.clone()));
        assert_eq!(state.head(&Name::root()), Some(Sha256Digest::ZERO));
        let newer = State { state_version: 2, ..state };
        assert!(State::read(&newer.write().unwrap()).is_err());
        assert!(State::read(&[octets.as_slice(), b"\n"].concat()).is_err());
    }
}
