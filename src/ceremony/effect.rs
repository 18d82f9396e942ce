//! What the ceremony wants done, and what comes back.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::dns::{Algorithm, Dnskey, Sha256Digest, Time};
use crate::media::FolderImage;
use crate::plan::{JobInput, PlannedKey, SignTask};
use crate::policy::Admitted;
use crate::profile::{Hsm, Profile};
use crate::steps::{KeyFacts, Locks, Mode, Person, Pin, Role, TokenFacts, UsbState, VolumeFacts, VolumeId};
use crate::token::TokenError;
use crate::transcript::State;

use super::{FileChoice, ProfileFile, RecordChoice, Sealed, Seed};

/// Something to be done outside; carried out one after another, in this order.
#[derive(Debug)]
pub enum Effect {
    /// Look which volumes are there: [`Work::Volumes`], now and whenever it changes.
    WatchVolumes,
    /// Wait until the appliance has started, and hash its boot medium: [`Work::Identified`].
    Identify,
    /// Prepare the rehearsal that the crew was given: [`Work::Prepared`].
    Prepare,
    /// Read the hardware clock: [`Work::Rtc`].
    ReadRtc,
    /// Load the keyboard layout of this number: [`Work::KeymapLoaded`].
    LoadKeymap(usize),
    /// Decide on a keyboard that waits: [`Work::UsbDecided`].
    DecideUsb {
        /// Which.
        device: u32,
        /// Whether it is let in.
        allow: bool,
    },
    /// Set the computer's clock to this time, UTC: [`Work::ClockSet`].
    SetClock(Time),
    /// Read the profiles on a volume: [`Work::Profiles`].
    ReadProfiles(VolumeId),
    /// Look for records: [`Work::Records`].
    ListRecords(Vec<VolumeId>),
    /// Read a whole record: [`Work::Record`].
    ReadRecord(RecordChoice),
    /// List the files of a volume: [`Work::Files`].
    ListFiles(VolumeId),
    /// Read a file: [`Work::File`].
    ReadFile {
        /// The medium.
        volume: VolumeId,
        /// Index in the list of [`Work::Files`].
        index: usize,
        /// Octets that it may have.
        limit: usize,
    },
    /// Read an officer's share: [`Work::ShareFile`].
    ReadShare {
        /// The medium.
        volume: VolumeId,
        /// The officer.
        officer: Role,
    },
    /// Compute something that takes a while: [`Work::Computed`].
    Compute(Box<super::Task>),
    /// Append to the journal on the record media: [`Work::Journalled`].
    Journal(JournalPart),
    /// Keep in RAM what a process that is started again needs; [`Work::Spooled`] if that fails, and when it works again.
    Spool(Box<Spool>),
    /// Forget what is kept in RAM.
    ForgetSpool,
    /// Start the token host: [`Work::TokenStarted`].
    StartToken(Box<Hsm>),
    /// Open the token: [`Work::LoggedIn`].
    Login {
        /// The token's serial.
        serial: String,
        /// How.
        login: Login,
    },
    /// Look for keys on the open token: [`Work::KeysFound`].
    FindKeys(Vec<KeyWanted>),
    /// Sign: [`Work::Progress`] now and then, then [`Work::Signed`].
    Sign(ToSign),
    /// End signing at the next signature.
    Interrupt,
    /// End the session and the token host: [`Work::TokenClosed`].
    CloseToken,
    /// Write a record and read it back: [`Work::RecordWritten`].
    WriteRecord {
        /// The medium.
        volume: VolumeId,
        /// What.
        image: Arc<FolderImage>,
    },
    /// Write a response and read it back: [`Work::ResponseWritten`].
    WriteResponse {
        /// The medium.
        volume: VolumeId,
        /// Its name.
        name: String,
        /// What.
        octets: Arc<Vec<u8>>,
    },
    /// Add files to a written record and remove its journal: [`Work::Delivered`].
    Deliver {
        /// The medium.
        volume: VolumeId,
        /// The record's folder.
        folder: String,
        /// The journal's folder.
        journal: String,
        /// The files.
        files: BTreeMap<String, Vec<u8>>,
    },
    /// It is over; the exit code.
    Finish(u8),
}

impl Effect {
    /// Whether it reads or computes and changes nothing, neither on a medium nor on a token.
    pub(super) const fn only_looks(&self) -> bool {
        matches!(
            self,
            Self::WatchVolumes
                | Self::Identify
                | Self::ReadRtc
                | Self::ReadProfiles(_)
                | Self::ListRecords(_)
                | Self::ReadRecord(_)
                | Self::ListFiles(_)
                | Self::ReadFile { .. }
                | Self::ReadShare { .. }
                | Self::Compute(_)
        )
    }
}

/// How a token is opened.
#[derive(Debug)]
pub enum Login {
    /// With this PIN.
    Pin(Pin),
    /// At the device.
    Protected,
    /// As one of several users of the token, one after another.
    User {
        /// `CK_USER_TYPE`.
        user_type: u32,
        /// What the token is given.
        pin: Pin,
        /// Whether nobody else has logged in before.
        first: bool,
    },
    /// It is open already.
    Preloaded,
}

/// A key that must be on the token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyWanted {
    /// `CKA_LABEL`.
    pub label: String,
    /// `CKA_ID`, if it must have one.
    pub cka_id: Option<Vec<u8>>,
    /// What it signs with.
    pub algorithm: Algorithm,
}

impl KeyWanted {
    /// What the token must have for a planned key.
    #[must_use]
    pub fn of(key: &PlannedKey) -> Option<Self> {
        let algorithm = key.dnskey.algorithm.known()?;
        Some(Self { label: key.label.clone(), cka_id: key.cka_id.clone(), algorithm })
    }
}

/// Signatures to make, in this order. What they are over is put together when it is asked for, so that the token has
/// something to do meanwhile.
#[derive(Clone, Debug)]
pub struct ToSign {
    /// Whose signatures they are.
    pub plan: Arc<Admitted>,
    /// The keys.
    pub keys: Vec<SignKey>,
    /// The signatures.
    pub items: Vec<SignItem>,
}

/// A key that signs.
#[derive(Clone, Debug)]
pub struct SignKey {
    /// Index in the list of [`Effect::FindKeys`].
    pub wanted: usize,
    /// The public key, for verifying at once.
    pub dnskey: Dnskey,
}

/// A signature to make.
#[derive(Clone, Copy, Debug)]
pub struct SignItem {
    /// Index in [`ToSign::keys`].
    pub key: usize,
    /// Its place in the plan.
    pub task: SignTask,
}

impl ToSign {
    /// The octets that an item is over; `None` where the plan has no such signature.
    #[must_use]
    pub fn data(&self, item: SignItem) -> Option<Vec<u8>> {
        self.plan.plan().data(item.task)
    }
}

/// Lines for the journal.
#[derive(Clone, Debug)]
pub struct JournalPart {
    /// The record media.
    pub volumes: Vec<VolumeId>,
    /// The record's folder.
    pub folder: String,
    /// The whole transcript so far.
    pub lines: Vec<u8>,
    /// Files that stand beside it: signature of the head, public key.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// What comes back from outside.
#[derive(Debug)]
pub enum Work {
    /// What is plugged in.
    Volumes(Vec<VolumeFacts>),
    /// The appliance has started, its door is shut; SHA-256 of its boot medium, or why there is none: `absent`.
    Identified {
        /// SHA-256 of its boot medium, or why there is none: `absent`.
        medium: String,
        /// What went wrong while it started, and what holds since.
        started: Vec<String>,
    },
    /// The rehearsal is prepared: its profile.
    Prepared(Result<ProfileFile, String>),
    /// What the hardware clock says; none where there is none.
    Rtc(Option<Time>),
    /// The keyboard layout is loaded.
    KeymapLoaded(Result<(), String>),
    /// Which USB devices are not let in.
    Usb(UsbState),
    /// A keyboard was let in or kept out.
    UsbDecided(Result<(), String>),
    /// A lock of the keyboard was turned on or off.
    Locks(Locks),
    /// The computer's clock was set.
    ClockSet(Result<(), String>),
    /// The profiles on a volume.
    Profiles {
        /// The medium.
        volume: VolumeId,
        /// What was found.
        found: Result<Vec<ProfileFile>, String>,
    },
    /// Records and journals were looked for.
    Records {
        /// Those found.
        found: Vec<RecordChoice>,
        /// Why they could not be looked for on a medium, one sentence each.
        faults: Vec<String>,
    },
    /// A record's files by path, or what went wrong.
    Record(Result<BTreeMap<String, Vec<u8>>, String>),
    /// The files of a volume.
    Files(Result<Vec<FileChoice>, String>),
    /// A file.
    File(Result<FileRead, String>),
    /// An officer's share file.
    ShareFile(Result<Vec<u8>, String>),
    /// Something was computed.
    Computed(Box<super::Outcome>),
    /// The journal is written, or what went wrong on which media.
    Journalled(Vec<String>),
    /// What a process that is started again needs was not kept, or is kept again.
    Spooled(Result<(), String>),
    /// The token was not asked to open or to sign: no record medium took the entry before it.
    Withheld,
    /// The token host runs, with what confines it and the tokens that it sees.
    TokenStarted(Result<TokenSeen, TokenError>),
    /// The token is open, or not.
    LoggedIn(Result<(), Box<LoginFailed>>),
    /// One result a key, in order.
    KeysFound(Result<Vec<Result<KeyFacts, TokenError>>, TokenError>),
    /// So many signatures of the batch are made and verified.
    Progress(usize),
    /// The signatures made and verified so far, in order, and why there are not more.
    Signed {
        /// Octets of each.
        signatures: Vec<Vec<u8>>,
        /// What went wrong; none also for an interruption.
        fault: Option<TokenError>,
    },
    /// The token host is gone.
    TokenClosed,
    /// A record was written and read back.
    RecordWritten {
        /// The medium.
        volume: VolumeId,
        /// What went wrong.
        result: Result<(), String>,
    },
    /// A response was written and read back.
    ResponseWritten {
        /// The medium.
        volume: VolumeId,
        /// What went wrong.
        result: Result<(), String>,
    },
    /// The delivery log was written and read back, and the journal removed.
    Delivered {
        /// The medium.
        volume: VolumeId,
        /// What went wrong.
        result: Result<(), String>,
    },
}

/// A file that was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FileRead {
    /// Its name; it is escaped wherever it is shown.
    pub name: String,
    /// Its octets.
    pub octets: Vec<u8>,
}

/// What a token host sees.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenSeen {
    /// One line a measure that confines it.
    pub measures: Vec<String>,
    /// The tokens.
    pub tokens: Vec<TokenFacts>,
}

/// Why a token did not open.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LoginFailed {
    /// What happened.
    pub error: TokenError,
    /// The token's flags after it, where they could be read.
    pub token: Option<TokenFacts>,
}

impl LoginFailed {
    /// Whether another PIN may help; otherwise the host is gone or the token locked.
    pub(super) const fn another_pin_helps(&self) -> bool {
        matches!(self.error, TokenError::PinIncorrect { .. } | TokenError::PinUnfit { .. })
    }
}

/// All that a process that is started again needs; lies in RAM and nowhere else.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Spool {
    /// Version of the program that wrote it: another one does not read it.
    pub claviger: String,
    /// How the program runs.
    pub mode: Mode,
    /// The seed of the ceremony: no part of the text, which would leave copies of it behind; it is kept beside it.
    #[serde(skip)]
    pub seed: Option<Seed>,
    /// The profile, base64.
    pub profile: String,
    /// Agreed UTC, the computer's clock then.
    pub agreed: (Time, Time),
    /// The time of all judgement.
    pub judged_at: Option<Time>,
    /// Who takes part.
    pub people: Vec<Person>,
    /// The record media.
    pub record_media: Vec<VolumeFacts>,
    /// The request medium.
    pub request_medium: Option<VolumeFacts>,
    /// The journal's folder.
    pub journal_folder: String,
    /// The state in the previous record.
    pub previous: Option<State>,
    /// The jobs.
    pub jobs: Vec<SpooledJob>,
    /// Whether two people have confirmed the plan.
    pub confirmed: bool,
    /// The transcript so far.
    pub transcript: String,
    /// Signatures made so far, base64, in the plan's order.
    pub signatures: Vec<String>,
    /// What is sealed; then nothing else is done but to write it, and jobs and signatures are left out.
    pub sealed: Option<Sealed>,
}

/// A job in the spool.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SpooledJob {
    /// From 1.
    pub number: usize,
    /// File name of the request.
    pub request_file: String,
    /// The request, base64.
    pub request: String,
    /// The previous response with its file name, base64.
    pub previous: Option<(String, String)>,
    /// What the last record says the previous response must be.
    pub head: Option<Sha256Digest>,
    /// The schema.
    pub schema: Option<String>,
    /// The end of coverage.
    pub until: Option<Time>,
}

/// What a computation starts from; the whole of it is in RAM.
#[derive(Clone, Debug)]
pub struct Judging {
    /// The profile.
    pub profile: Arc<Profile>,
    /// The jobs.
    pub inputs: Vec<Arc<JobInput>>,
    /// The one time of all judgement.
    pub judged_at: Time,
}
