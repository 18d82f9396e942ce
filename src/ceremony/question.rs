//! What is asked, and what can be answered.

use crate::dns::{Sha256Digest, Time};
use crate::steps::{Pin, Role, TokenFacts, VolumeFacts, VolumeId};

/// What the ceremony waits for. Whatever is answered wrongly leads back to the same question.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// Something runs; nothing is asked. Stop and pause still work.
    Working(Working),
    /// Does every key give its sign? [`Answer::Choose`] loads another layout, [`Answer::Done`] goes on with this one.
    Keyboard {
        /// Names of the layouts.
        layouts: Vec<String>,
        /// The one that is loaded.
        loaded: usize,
    },
    /// Which profile? [`Answer::Choose`].
    Profile(Vec<ProfileChoice>),
    /// Is this the profile that was agreed on? [`Answer::Yes`] or [`Answer::No`].
    ConfirmProfile(ProfileChoice),
    /// Who takes part? [`Answer::Person`], [`Answer::Remove`], [`Answer::Done`].
    People {
        /// Roles still missing.
        missing: Vec<Role>,
    },
    /// Is this UTC? Two different people compare it with their own watches, one after another: [`Answer::Confirm`] with
    /// `HH:MM` for the word. Or one sets another time, [`Answer::Time`], and then two confirm that; [`Answer::No`] leads
    /// back.
    Time(TimeAsked),
    /// Which volumes take the record? [`Answer::Volume`] toggles one, [`Answer::Done`].
    RecordVolumes {
        /// How many there must be.
        needed: usize,
    },
    /// Which volume holds the request? [`Answer::Volume`].
    RequestVolume,
    /// Which record is the last ceremony's? [`Answer::Choose`], or [`Answer::No`]: there is none.
    PreviousRecord(Vec<RecordChoice>),
    /// Why is there no predecessor? [`Answer::Text`]; [`Answer::No`] leads back.
    Reason {
        /// `record`, or `response` of a job.
        subject: String,
        /// What was typed before, where people have come back to it.
        typed: String,
    },
    /// Two different people confirm, one after another: [`Answer::Confirm`]; [`Answer::No`] leads back.
    TwoPeople(TwoPeople),
    /// Words of the hash on paper: [`Answer::Text`] with the words; [`Answer::No`]: nobody has it on paper;
    /// [`Answer::Done`]: paper has another hash, so that it is another file, or another record.
    ReadBack(ReadBackAsked),
    /// Which file is the request, or the previous response? [`Answer::Choose`]; [`Answer::Done`] looks again;
    /// [`Answer::No`]: there is none, or, as long as no job was taken, it is on another medium.
    Document(DocumentAsked),
    /// Is this job to be part of the ceremony? [`Answer::Yes`], or [`Answer::No`] to drop it.
    Judged {
        /// Number of the job, from 1.
        job: usize,
        /// Whether a check failed, so that it can only be dropped.
        failed: bool,
    },
    /// Another job? [`Answer::Yes`] or [`Answer::No`]; [`Answer::Remove`] drops one that was taken.
    MoreJobs,
    /// Which schema? [`Answer::Choose`].
    Schema {
        /// Number of the job, from 1.
        job: usize,
        /// Names of the schemas.
        choices: Vec<String>,
    },
    /// A warning to acknowledge by name: [`Answer::Text`] with the name of the check; [`Answer::No`] stops there.
    Acknowledge {
        /// Number of the job, from 1; 0 for the plan as a whole.
        job: usize,
        /// The check.
        check: String,
        /// What it says.
        message: String,
        /// Which of the warnings this is, from 1.
        number: usize,
        /// How many there are.
        total: usize,
    },
    /// Which token, by serial? [`Answer::Choose`].
    Token(Vec<TokenFacts>),
    /// Which officer is next? [`Answer::Choose`].
    Officer {
        /// Those who have not yet entered a PIN.
        choices: Vec<Role>,
        /// How many are still needed.
        missing: usize,
    },
    /// Which volume is the officer's? [`Answer::Volume`]; [`Answer::No`] leads back to the officers.
    ShareVolume {
        /// The officer.
        officer: Role,
    },
    /// A PIN: [`Answer::Pin`]; [`Answer::No`] leads back.
    Pin(PinAsked),
    /// The token failed, or was not asked: [`Answer::Yes`] goes on with `unlock` at the first action not done; where no
    /// record medium takes the journal, [`Answer::Volume`] adds one.
    Fault {
        /// What happened, and what to do.
        message: String,
    },
    /// People made a pause; [`Answer::Yes`] goes on with `unlock`.
    Paused,
    /// The responses: [`Answer::Yes`] accepts, [`Answer::No`] refuses them all.
    Review {
        /// Whether a check failed, so that they can only be refused.
        failed: bool,
    },
    /// A medium could not be written: [`Answer::Yes`] tries again, [`Answer::Volume`] takes another one,
    /// [`Answer::No`] goes on without it.
    WriteFault {
        /// What was to be written.
        name: String,
        /// The medium.
        volume: VolumeId,
        /// Its label.
        label: String,
        /// What happened, and what to do.
        message: String,
        /// Whether it is possible to go on without it.
        optional: bool,
        /// What another medium must have; none where no other one will do.
        wanted: Option<MediumWanted>,
    },
    /// A process of an interrupted ceremony was found: [`Answer::Yes`] goes on, [`Answer::No`] seals what happened.
    Resume {
        /// Entries so far.
        entries: usize,
        /// Signatures made so far.
        signatures: usize,
    },
    /// The fingerprints go onto paper; [`Answer::Done`].
    Close,
    /// It is over; [`Answer::Done`] leaves.
    Finished {
        /// `complete`, `refused` or `stopped`.
        outcome: String,
    },
}

/// Something that runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Working {
    /// What, as `reading the request`.
    pub what: String,
    /// How much is done.
    pub done: usize,
    /// Out of how much; 0 where unknown.
    pub total: usize,
    /// Uptime in ms at which it began.
    pub since: u64,
}

/// A profile to choose.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProfileChoice {
    /// Its name, or its file's where it cannot be read.
    pub name: String,
    /// Where it comes from.
    pub origin: String,
    /// SHA-256 of the file.
    pub sha256: Sha256Digest,
    /// Why it cannot be used.
    pub fault: Option<String>,
}

/// A record found on a medium.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordChoice {
    /// The medium.
    pub volume: VolumeId,
    /// Its label.
    pub label: String,
    /// The folder.
    pub folder: String,
    /// Whether it is only the journal of an interrupted ceremony.
    pub interrupted: bool,
}

/// What a medium must have to take what is to be written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MediumWanted {
    /// How its label begins.
    pub label: String,
    /// Octets that are needed on it.
    pub octets: u64,
    /// Media that have their copy, or wait for it.
    pub taken: Vec<VolumeId>,
}

/// Why a medium cannot take what is to be written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unfit {
    /// It has no FAT file system.
    Foreign,
    /// Its label begins otherwise.
    Label,
    /// It is write-protected.
    Protected,
    /// It has its own copy, or waits for it.
    Taken,
    /// So many octets are free, which is not enough.
    Full(u64),
}

impl MediumWanted {
    /// Why a medium does not do; none if it does, as far as is known.
    #[must_use]
    pub fn unfit(&self, volume: &VolumeFacts) -> Option<Unfit> {
        Some(match volume {
            volume if volume.is_foreign() => Unfit::Foreign,
            volume if !volume.label.starts_with(&self.label) => Unfit::Label,
            volume if !volume.writable => Unfit::Protected,
            volume if self.taken.contains(&volume.id) => Unfit::Taken,
            volume if volume.free < self.octets => Unfit::Full(volume.free),
            _ => return None,
        })
    }
}

/// UTC is to be confirmed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TimeAsked {
    /// What the computer's clock said when this was asked.
    pub computer: Time,
    /// UTC to confirm minus the computer's clock, in seconds; none unless somebody set it.
    pub offset: Option<i64>,
    /// Who has confirmed already.
    pub first: Option<Role>,
}

/// Two people confirm.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TwoPeople {
    /// What, as `plan`.
    pub subject: String,
    /// The hash concerned.
    pub sha256: Sha256Digest,
    /// Who has confirmed already.
    pub first: Option<Role>,
    /// Why there is no predecessor, where that is what they confirm.
    pub reason: Option<String>,
}

/// Words of a hash are asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReadBackAsked {
    /// What the hash is of.
    pub subject: String,
    /// The hash.
    pub sha256: Sha256Digest,
    /// Which words, from 1, ascending.
    pub words: Vec<usize>,
}

/// A file is asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DocumentAsked {
    /// Number of the job, from 1.
    pub job: usize,
    /// Whether the request or the previous response is asked for.
    pub purpose: Purpose,
    /// The files on the medium.
    pub files: Vec<FileChoice>,
}

/// What a document is read for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// The request.
    Request,
    /// The previous response.
    Previous,
}

impl Purpose {
    /// Its name, as in the transcript.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Previous => "previous",
        }
    }
}

/// A file to choose.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FileChoice {
    /// Where it lies: the request medium, or the previous record.
    pub place: String,
    /// Its name, escaped.
    pub name: String,
    /// Octets.
    pub size: u64,
}

/// A PIN is asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PinAsked {
    /// The officer whose share it opens; none: the token's own PIN.
    pub officer: Option<Role>,
    /// The token, with its flags.
    pub token: TokenFacts,
}

/// What people answer.
#[derive(Debug)]
pub enum Answer {
    /// The n-th of the choices, from 0.
    Choose(usize),
    /// A volume.
    Volume(VolumeId),
    /// Yes.
    Yes,
    /// No; or back.
    No,
    /// That is all.
    Done,
    /// Someone takes part.
    Person {
        /// The role, as typed.
        role: String,
        /// The name, as typed.
        name: String,
    },
    /// The n-th person does not take part, or the n-th of the jobs that were taken is dropped; from 0.
    Remove(usize),
    /// UTC, as typed: `2026-11-22T13:00:00Z` or `2026-11-22 13:00:00`.
    Time(String),
    /// Free text, words or a name.
    Text(String),
    /// One of two people confirms.
    Confirm {
        /// Who.
        role: Role,
        /// Initials, as typed.
        initials: String,
        /// The first word of the hash, as typed; UTC on the own watch where time is confirmed.
        word: String,
    },
    /// A PIN.
    Pin(Pin),
}
