//! Why an answer was not taken; the question stays.

use thiserror::Error;

use crate::steps::Role;

/// Why an answer was not taken. Nothing is lost by it: the same question is asked again.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Refusal {
    /// The answer is of another kind than the question.
    #[error("this is not what is asked for now")]
    NotAsked,
    /// A number outside the list.
    #[error("there is no number {0} in the list")]
    NoSuchChoice(usize),
    /// A profile that cannot be used.
    #[error("this profile cannot be used: {0}")]
    Profile(String),
    /// A role that is none.
    #[error("`{0}` is no role; a role has 1 to 8 letters and digits, a letter first, as CA or CO1")]
    Role(String),
    /// A role that someone has.
    #[error("{0} is taken; with several of a kind number them, as EW1 and EW2")]
    RoleTaken(Role),
    /// A name that someone has.
    #[error("{0} has a role already; one person holds one role")]
    NameTaken(String),
    /// Nothing was entered.
    #[error("nothing was entered")]
    Empty,
    /// Roles are missing.
    #[error("still missing: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    RolesMissing(Vec<Role>),
    /// Two people are needed.
    #[error("two people are needed to confirm what cannot be undone; enter at least two")]
    TooFewPeople,
    /// No such time.
    #[error("expected UTC as 2026-11-22 13:00:00; found `{0}`")]
    Time(String),
    /// A keyboard was not let in or kept out.
    #[error("the keyboard: {0}; take it out and plug it in again")]
    Usb(String),
    /// A keyboard that is not there.
    #[error("this keyboard is not there any more, or it was decided on")]
    KeyboardGone,
    /// The clock was not set.
    #[error("{0}; the ceremony goes on by the agreed time")]
    Clock(String),
    /// Another time than on the screen.
    #[error(
        "expected UTC on your own watch as HH:MM, within a minute of {shown}; found `{found}`: look again, or set the time"
    )]
    Watch {
        /// UTC on the screen.
        shown: String,
        /// What was typed.
        found: String,
    },
    /// A volume that is not there.
    #[error("this medium is not there any more; put it in again")]
    VolumeGone,
    /// A volume of another label.
    #[error("expected a medium whose label begins with {expected}; found {found}")]
    VolumeLabel {
        /// What the profile says.
        expected: String,
        /// Its label.
        found: String,
    },
    /// A volume that cannot be written.
    #[error("{0} is write-protected; open its lock, or take another one")]
    VolumeReadOnly(String),
    /// A volume that has another use.
    #[error("{0} is in use for something else in this ceremony; take another one")]
    VolumeTaken(String),
    /// A volume with too little room.
    #[error("{label} has {free} octets free, and {needed} are needed; take another one, or make room on it elsewhere")]
    VolumeFull {
        /// Its label.
        label: String,
        /// Octets to write.
        needed: u64,
        /// Octets that are free.
        free: u64,
    },
    /// Too few record media.
    #[error("expected {expected} record media; found {found}")]
    TooFewRecordMedia {
        /// What the profile demands.
        expected: usize,
        /// Chosen so far.
        found: usize,
    },
    /// A record that is none, or damaged.
    #[error("this record does not count: {0}")]
    Record(String),
    /// Words that are not those of the hash.
    #[error(
        "the words differ from the hash on the screen: expected the words asked for, in order; compare with the paper again"
    )]
    Words,
    /// A file that cannot be read.
    #[error("{0}")]
    Document(String),
    /// A failed check.
    #[error(
        "a check failed, and a fail is never overridden: drop this job, and bring another request or another profile"
    )]
    Failed,
    /// A request that is part of the ceremony already.
    #[error("{file} is a job already: the request of job {job} has the same SHA-256; choose another one")]
    SameRequest {
        /// The file.
        file: String,
        /// The job.
        job: usize,
    },
    /// Two responses would have one name.
    #[error(
        "{file} would be answered by {response}, and so is the request of job {job}; give one of them another name and \
         bring it again"
    )]
    ResponseTaken {
        /// The file.
        file: String,
        /// The name of the response.
        response: String,
        /// The job.
        job: usize,
    },
    /// Nothing was confirmed yet.
    #[error("no plan had been confirmed: what happened can only be sealed")]
    NoPlan,
    /// No job.
    #[error("there is no job yet; add one, or stop the ceremony")]
    NoJob,
    /// A record takes no more jobs.
    #[error("a record has room for {0} jobs, and there are as many: hold a second ceremony for the rest")]
    TooManyJobs(usize),
    /// The record could become too large to be read again.
    #[error(
        "the record may have {limit} octets, and with these jobs it could need {needed}: drop a job, and hold a second \
         ceremony for it"
    )]
    RecordTooLarge {
        /// Octets that it may have.
        limit: u64,
        /// Octets that it could need.
        needed: u64,
    },
    /// What would be sealed could not be written, or not be read again.
    #[error(
        "the record cannot be made, and nothing is sealed: {0}; refuse the responses or stop, and hold ceremonies of \
         fewer jobs"
    )]
    Unsealed(String),
    /// The plan cannot be made.
    #[error("the plan cannot be made: {0}")]
    Plan(String),
    /// Another name than the warning's.
    #[error("type the name of the warning, {0}, to acknowledge it")]
    WarningName(String),
    /// Someone who is not here, or has just confirmed.
    #[error("{0} cannot confirm: two different people, entered at the beginning, confirm one after another")]
    Confirmer(Role),
    /// Initials that are none.
    #[error("expected initials of one to four letters; found `{0}`")]
    Initials(String),
    /// Another word than the first of the hash.
    #[error("expected the first word of the hash; found `{0}`")]
    FirstWord(String),
    /// The token is not there, or not usable.
    #[error("{0}")]
    Token(String),
    /// A share that does not count.
    #[error("{0}")]
    Share(String),
    /// No PIN.
    #[error("no PIN was entered")]
    PinEmpty,
    /// A PIN with more octets than a token is ever given.
    #[error("this PIN is too long")]
    PinTooLong,
    /// Responses with a failed check.
    #[error("a check of the responses failed: they can only be refused")]
    ResponsesFailed,
    /// It cannot be left out.
    #[error("this must be written before the ceremony can go on; try again, or take another medium")]
    MustBeWritten,
    /// Too late.
    #[error("the transcript is sealed; finish the writing, or go on without a medium that cannot be written")]
    Sealed,
    /// Nothing to pause.
    #[error("a pause is possible while signatures are made")]
    NoPause,
    /// There is no medium left that it would reach.
    #[error("the record is closed and takes no entry any more; write it down on paper")]
    Over,
    /// Something of our own went wrong.
    #[error("internal: {0}; record an exception and stop")]
    Internal(String),
}
