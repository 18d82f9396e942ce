//! The state machine of the steps, without I/O.

mod question;
mod view;

pub use self::question::{
    Answer, DocumentAsked, FileChoice, PinAsked, ProfileChoice, Purpose, Question, ReadBackAsked, RecordChoice,
    TwoPeople, Working,
};
pub use self::view::{
    BundleView, Code, DocumentView, JobView, PlanView, PlannedKeyView, PlannedView, PreviousView, ResultView, View,
    WrittenView,
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
    /// They stop the ceremony, for a reason.
    Stop(String),
    /// They make a pause at the next action boundary.
    Pause,
}
