//! The state machine of the steps, without I/O.
//!
//! [`Ceremony::apply`] takes an [`Event`] and says which [`Effect`]s are to be carried out; [`Ceremony::view`] is what
//! people see. No face, no thread and no terminal is named here, so a whole ceremony runs in a unit test.

mod clock;
mod close;
mod confirm;
mod effect;
mod execute;
#[cfg(test)]
mod fake;
mod ledger;
mod log;
mod machine;
mod media;
mod open;
mod outbox;
mod plan;
mod profiles;
mod question;
mod refusal;
mod request;
mod resume;
mod review;
mod room;
mod seed;
mod sequence;
mod start;
mod task;
#[cfg(test)]
mod tests;
mod unlock;
mod usb;
mod view;
mod write;

pub use self::effect::{
    Effect, FileRead, JournalPart, Judging, KeyWanted, Login, LoginFailed, SignItem, SignKey, Spool, SpooledJob,
    ToSign, TokenSeen, Work,
};
pub use self::log::LogLine;
pub use self::machine::{Appliance, Ceremony, Event, ProfileFile, Setup};
pub use self::outbox::{Outbox, Sealed};
pub use self::question::{
    Answer, DocumentAsked, FileChoice, MediumWanted, PinAsked, ProfileChoice, Purpose, Question, ReadBackAsked,
    RecordChoice, TimeAsked, TwoPeople, Unfit, Working,
};
pub use self::refusal::Refusal;
pub use self::room::MAX_JOBS;
pub use self::seed::Seed;
pub use self::task::{DocumentMade, Outcome, PlanMade, ResponseMade, Task};
pub use self::view::{
    BundleView, Code, ComputerView, DocumentView, JobState, JobView, Labels, PlanView, PlannedKeyView, PlannedView,
    PreviousView, ResultView, TokenFault, View, WrittenView,
};

/// What people do at the screen.
#[derive(Debug)]
pub enum Input {
    /// They answer the question.
    Answer(Answer),
    /// They record an exception.
    Exception {
        /// What was expected.
        expected: String,
        /// What happened.
        happened: String,
        /// What was done.
        action: String,
        /// Who decided.
        decided_by: String,
    },
    /// They decide on a keyboard that was plugged in later.
    Keyboard {
        /// Which, by [`UsbFacts::id`](crate::steps::UsbFacts::id).
        device: u32,
        /// Whether it is let in.
        allow: bool,
        /// Who decided.
        decided_by: String,
    },
    /// They stop the ceremony, for a reason.
    Stop(String),
    /// They make a pause at the next action boundary.
    Pause,
}
