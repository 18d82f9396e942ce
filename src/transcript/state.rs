//! `state.json`: what one ceremony must know of the last.

use super::{JsonError, State, json};
use crate::dns::Sha256Digest;

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

    /// What the last response of a zone must be, if there is one.
    #[must_use]
    pub fn head(&self, zone: &crate::dns::Name) -> Option<Sha256Digest> {
        self.zones.get(&zone.to_string()).map(|head| head.sha256)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Head;
    use super::*;
    use crate::dns::{Name, Time};

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
