//! Everything that a face needs to draw.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::dns::{Dnskey, Name, Sha256Digest, Time};
use crate::exchange::Format;
use crate::policy::Finding;
use crate::steps::{Locks, Mode, Person, Role, Step, TokenFacts, UsbState, VolumeFacts};
use crate::token::TokenError;

use super::{LogLine, Question};

/// The state of a ceremony, as people may see it.
#[derive(Clone, Debug)]
pub struct View {
    /// How the program runs.
    pub mode: Mode,
    /// The program with version and build, as it reports itself.
    pub program: String,
    /// Name of the profile; empty before it is chosen.
    pub title: String,
    /// The step that runs.
    pub step: Step,
    /// The step in which people stopped; those between it and `write` were never taken.
    pub stopped_in: Option<Step>,
    /// What is asked now.
    pub question: Question,
    /// Why the last answer was not taken.
    pub refusal: Option<String>,
    /// The profile, once chosen.
    pub profile_sha256: Option<Sha256Digest>,
    /// `SHA256:…`, once the key is made.
    pub key_fingerprint: Option<String>,
    /// Who takes part.
    pub people: Vec<Person>,
    /// What is plugged in.
    pub volumes: Vec<VolumeFacts>,
    /// Media bound for the record.
    pub record_volumes: Vec<VolumeFacts>,
    /// The medium bound for requests.
    pub request_volume: Option<VolumeFacts>,
    /// How the labels of media begin; empty before the profile is chosen.
    pub labels: Labels,
    /// The previous record.
    pub previous_record: Option<PreviousView>,
    /// The jobs, the one being prepared last.
    pub jobs: Vec<JobView>,
    /// The plan, once made.
    pub plan: Option<Arc<PlanView>>,
    /// The token, once chosen.
    pub token: Option<TokenFacts>,
    /// Officers and whether their share is in; empty without a quorum.
    pub officers: Vec<(Role, bool)>,
    /// Officers needed.
    pub threshold: usize,
    /// Whether the token itself counts the officers; otherwise it is this program.
    pub officers_at_token: bool,
    /// Signatures made and to make.
    pub signatures: (usize, usize),
    /// The responses, once made.
    pub results: Vec<ResultView>,
    /// What was written where.
    pub written: Vec<WrittenView>,
    /// The transcript's fingerprint, once sealed.
    pub fingerprint: Option<Sha256Digest>,
    /// What goes onto paper and into QR codes at `close`.
    pub codes: Vec<Code>,
    /// Exceptions recorded.
    pub exceptions: usize,
    /// What went wrong with the token or a medium, the last one last.
    pub faults: Vec<String>,
    /// Why a ceremony that goes on after its process died would not go on from here, for as long as that holds.
    pub spool_fault: Option<String>,
    /// What went wrong with the token last; none where nothing was asked of it, for no medium would have known.
    pub token_fault: Option<TokenFault>,
    /// The last entries, one line each, the newest last.
    pub log: Vec<LogLine>,
    /// What the computer tells of itself.
    pub computer: ComputerView,
}

/// How the labels of media begin, by what the media are for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Labels {
    /// Media for the record.
    pub record: String,
    /// The medium with requests.
    pub request: String,
    /// Officers' media.
    pub share: String,
}

impl Labels {
    const fn new() -> Self {
        Self { record: String::new(), request: String::new(), share: String::new() }
    }
}

/// What the computer tells of itself, besides its media.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ComputerView {
    /// Build id of the image; none on an ordinary computer.
    pub build_id: Option<String>,
    /// Which USB devices are not let in.
    pub usb: UsbState,
    /// Which locks of the keyboard are on.
    pub locks: Locks,
    /// The hardware clock minus the computer's, in seconds; none where there is none.
    pub rtc: Option<i64>,
    /// SHA-256 of the boot medium, or why there is none; none before it is known.
    pub boot_medium: Option<String>,
    /// What went wrong while the image started, and what holds since.
    pub started: Vec<String>,
}

impl ComputerView {
    const fn new() -> Self {
        Self {
            build_id: None,
            usb: UsbState { refused: Vec::new(), waiting: Vec::new(), keyboards: 0 },
            locks: Locks { caps: None, num: None },
            rtc: None,
            boot_medium: None,
            started: Vec::new(),
        }
    }
}

impl View {
    /// An empty view at its first question.
    #[must_use]
    pub const fn new(mode: Mode, question: Question) -> Self {
        Self {
            mode,
            program: String::new(),
            title: String::new(),
            step: Step::Open,
            stopped_in: None,
            question,
            refusal: None,
            profile_sha256: None,
            key_fingerprint: None,
            people: Vec::new(),
            volumes: Vec::new(),
            record_volumes: Vec::new(),
            request_volume: None,
            labels: Labels::new(),
            previous_record: None,
            jobs: Vec::new(),
            plan: None,
            token: None,
            officers: Vec::new(),
            threshold: 0,
            officers_at_token: false,
            signatures: (0, 0),
            results: Vec::new(),
            written: Vec::new(),
            fingerprint: None,
            codes: Vec::new(),
            exceptions: 0,
            faults: Vec::new(),
            spool_fault: None,
            token_fault: None,
            log: Vec::new(),
            computer: ComputerView::new(),
        }
    }
}

impl View {
    /// Whether a pause can be made: while signatures are.
    #[must_use]
    pub const fn may_pause(&self) -> bool {
        // What else runs there, as the end of the host, has no count.
        matches!((self.step, &self.question), (Step::Execute, Question::Working(working)) if working.total > 0)
    }

    /// Whether people can still stop: until the transcript is sealed.
    #[must_use]
    pub const fn may_stop(&self) -> bool {
        self.fingerprint.is_none()
    }
}

/// What went wrong with the token, or with opening it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenFault {
    /// For people: what happened, expected, found, what to do.
    pub message: String,
    /// What should be.
    pub expected: Option<String>,
    /// What is.
    pub found: Option<String>,
}

impl TokenFault {
    /// A fault that is told in one sentence.
    pub(super) const fn new(message: String) -> Self {
        Self { message, expected: None, found: None }
    }

    /// The same, and where it happened before it.
    pub(super) fn at(self, place: &str) -> Self {
        Self { message: format!("{place}: {}", self.message), ..self }
    }
}

impl From<TokenError> for TokenFault {
    fn from(error: TokenError) -> Self {
        let (expected, found) = error.expected_and_found().unzip();
        Self { message: error.to_string(), expected, found }
    }
}

/// The previous record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PreviousView {
    /// Its folder.
    pub folder: String,
    /// Its transcript's fingerprint.
    pub fingerprint: Sha256Digest,
    /// What its audit says.
    pub verdict: String,
}

/// A job.
#[derive(Clone, Debug)]
pub struct JobView {
    /// From 1.
    pub number: usize,
    /// The zone.
    pub zone: Name,
    /// The format.
    pub format: Format,
    /// The request.
    pub request: DocumentView,
    /// The previous response; none for a first.
    pub previous: Option<DocumentView>,
    /// Bundles of the request.
    pub bundles: Arc<Vec<BundleView>>,
    /// What the checks say, worst first.
    pub findings: Arc<Vec<Finding>>,
    /// The schema chosen.
    pub schema: Option<String>,
    /// What became of it.
    pub state: JobState,
}

/// What became of a job.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum JobState {
    /// It is being prepared.
    Open,
    /// It is part of the ceremony.
    Taken,
    /// It is not; its number is not given again.
    Dropped,
}

/// A document that was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DocumentView {
    /// File name; it is escaped wherever it is shown.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: Sha256Digest,
    /// Octets.
    pub octets: u64,
}

/// A bundle of a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BundleView {
    /// From 1.
    pub number: usize,
    /// Its id, where the format has one.
    pub id: Option<String>,
    /// Inception.
    pub inception: Time,
    /// Expiration, where the format has one.
    pub expiration: Option<Time>,
    /// The ZSKs with their fingerprints.
    pub keys: Vec<(Dnskey, Sha256Digest)>,
}

/// The plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanView {
    /// SHA-256 of `plan.json`.
    pub sha256: Sha256Digest,
    /// Signatures to make.
    pub signatures: usize,
    /// One a job.
    pub jobs: Vec<PlannedView>,
    /// What the checks say of the plan as a whole.
    pub findings: Vec<Finding>,
}

/// A job's part of the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedView {
    /// From 1.
    pub number: usize,
    /// The zone.
    pub zone: Name,
    /// The schema.
    pub schema: Option<String>,
    /// The KSKs: name, label, key, fingerprint, whether it signs.
    pub keys: Vec<PlannedKeyView>,
    /// The table of bundles, ready to show, heads first.
    pub table: Vec<String>,
    /// What changes against the previous response.
    pub difference: Vec<String>,
    /// The last covered moment.
    pub covered_until: Time,
}

/// A KSK in the plan.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PlannedKeyView {
    /// Name in the profile.
    pub name: String,
    /// `CKA_LABEL`.
    pub label: String,
    /// The key.
    pub dnskey: Dnskey,
    /// SHA-256 of owner name and RDATA: the digest of its DS.
    pub fingerprint: Sha256Digest,
    /// Whether it signs.
    pub signs: bool,
}

/// A response.
#[derive(Clone, Debug)]
pub struct ResultView {
    /// Number of the job, from 1.
    pub number: usize,
    /// The zone.
    pub zone: Name,
    /// File name on the request medium.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: Sha256Digest,
    /// Octets.
    pub octets: u64,
    /// The table of bundles, ready to show, heads first.
    pub table: Vec<String>,
    /// What the checks say.
    pub findings: Arc<Vec<Finding>>,
}

/// Something to write.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct WrittenView {
    /// Folder or file.
    pub name: String,
    /// Label of the medium.
    pub label: String,
    /// Its serial number.
    pub serial: String,
    /// `waiting`, `writing`, `read back: identical`, or what went wrong.
    pub state: String,
}

impl WrittenView {
    /// What [`state`](Self::state) says of what was written and read back.
    pub(super) const WRITTEN: &str = "read back: identical";

    /// Whether it was written and read back.
    #[must_use]
    pub fn is_written(&self) -> bool {
        self.state == Self::WRITTEN
    }
}

/// A payload for paper and QR code.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Code {
    /// What it is, as `Transcript fingerprint`.
    pub title: String,
    /// The text in the QR code.
    pub payload: String,
    /// The hash behind it, to be shown in hex and words.
    pub sha256: Option<Sha256Digest>,
}
