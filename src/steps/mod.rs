//! The vocabulary of a ceremony as plain types.

mod computer;
mod mode;
mod people;
mod places;
mod secret;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::computer::{Locks, UsbFacts, UsbState};
pub use self::mode::{DrillName, InvalidMode, Mode};
pub use self::people::{Actor, MAX_OFFICERS, Person, Role, rehearsal_pin};
pub use self::places::{KeyFacts, TokenFacts, VolumeFacts, VolumeId};
pub use self::secret::{Pin, wiping_stack};

/// The nine steps of a ceremony, in their only order.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Program, profile, people, time and ceremony key are established.
    Open,
    /// Record and request media are bound; the previous record is audited.
    Media,
    /// Documents are chosen, compared with paper and judged.
    Request,
    /// The exact list of actions is shown and confirmed by two people.
    Plan,
    /// The officers open the token.
    Unlock,
    /// The actions run.
    Execute,
    /// The results are shown, and accepted or refused.
    Review,
    /// The transcript is sealed, written and read back; then the response.
    Write,
    /// Fingerprints go onto paper; the ceremony key is wiped.
    Close,
}

impl Step {
    /// All nine, in order.
    pub const ALL: [Self; 9] = [
        Self::Open,
        Self::Media,
        Self::Request,
        Self::Plan,
        Self::Unlock,
        Self::Execute,
        Self::Review,
        Self::Write,
        Self::Close,
    ];

    /// Its number on screen and script, from 1.
    #[must_use]
    pub const fn number(self) -> usize {
        self as usize + 1
    }

    /// Its name, as in the transcript.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Media => "media",
            Self::Request => "request",
            Self::Plan => "plan",
            Self::Unlock => "unlock",
            Self::Execute => "execute",
            Self::Review => "review",
            Self::Write => "write",
            Self::Close => "close",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a check says.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As it must be.
    Pass,
    /// Not made, with the reason.
    Skipped,
    /// To be acknowledged by name.
    Warn,
    /// Never overridden.
    Fail,
}

impl Verdict {
    /// Its name, as in the transcript.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Skipped => "skipped",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A point in time as the program knows it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Moment {
    /// Agreed UTC.
    pub time: crate::dns::Time,
    /// Milliseconds since the program started, from the monotonic clock.
    pub uptime: u64,
}
