//! What an entry can say; one struct a kind.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::dns::{Name, Sha256Digest, Time};
use crate::exchange::Format;
use crate::policy::Finding;
use crate::steps::{Mode, Role, TokenFacts};

/// The kind of an entry with its body.
///
/// An entry stands in the transcript before the effect that it announces runs.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", content = "body", rename_all = "kebab-case")]
pub enum Body {
    /// The first entry.
    Opened(Opened),
    /// Someone takes part.
    Person(PersonEntered),
    /// The keyboard layout was tried out.
    Keyboard(Keyboard),
    /// A USB device is not let in.
    UsbRefused(UsbRefused),
    /// A keyboard, or the like, that was plugged in later is let in.
    UsbAllowed(UsbAllowed),
    /// One of two people compared UTC with the own watch.
    TimeConfirmed(TimeConfirmed),
    /// UTC was agreed on.
    TimeAgreed(TimeAgreed),
    /// The computer's clock was set to the agreed time, or could not be.
    ClockSet(Outcome),
    /// The hardware clock beside the agreed time.
    ClockDrift(ClockDrift),
    /// What confines a process of ours, as the kernel granted it.
    Confined(Confined),
    /// A medium was bound to a use.
    VolumeBound(VolumeBound),
    /// The previous record was opened and audited.
    PreviousRecord(PreviousRecord),
    /// It was declared that something has no predecessor.
    First(First),
    /// A file was read.
    Document(DocumentRead),
    /// Words of a hash were typed from paper.
    ReadBack(ReadBack),
    /// Nobody had the hash on paper.
    NoIndependentHash(NotCompared),
    /// Paper has another hash.
    PaperDiffers(PaperDiffers),
    /// The one time that all judgement uses.
    JudgedAt(JudgedAt),
    /// What the checks say.
    Findings(Findings),
    /// A job became part of the ceremony, or was dropped.
    Job(JobDecision),
    /// The plan was made.
    Planned(Planned),
    /// The plan made last holds no longer: people left it before they confirmed it, or its checks failed.
    PlanWithdrawn(PlanWithdrawn),
    /// A warning was acknowledged by name.
    Acknowledged(Acknowledged),
    /// One of two people confirmed.
    Confirmed(Confirmed),
    /// A token was chosen.
    TokenChosen(TokenFacts),
    /// An officer's share was looked at.
    Share(ShareSeen),
    /// The token is about to be opened.
    Unlocking(Unlocking),
    /// The token is open, or refused.
    Unlocked(Outcome),
    /// A batch of signatures is about to be made.
    Signing(Batch),
    /// A batch of signatures was made and verified.
    Signed(BatchDone),
    /// The token failed.
    TokenFault(Note),
    /// Opening the token, or signing, was held back: no record medium took the journal. The session is ended.
    Withheld(Note),
    /// The session ended and the token host is gone.
    TokenClosed(Note),
    /// People made a pause.
    Paused(Note),
    /// People went on.
    Continued(Note),
    /// A response was made.
    Response(ResponseMade),
    /// The responses were accepted, or refused.
    Reviewed(Outcome),
    /// Something did not go as the script says.
    Exception(Exception),
    /// The ceremony process was started again and went on from the spool.
    Resumed(Note),
    /// People stopped the ceremony.
    Stopped(Note),
    /// A confirmation that nobody gave, in an unattended run.
    Unconfirmed(Subject),
    /// The last entry.
    Seal(Seal),
    /// A record was written and read back (delivery).
    RecordWritten(Written),
    /// A response was written and read back (delivery).
    ResponseWritten(Written),
    /// Writing failed (delivery).
    WriteFailed(WriteFailed),
}

/// Body of the first entry.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Opened {
    /// Version of the transcript's format: 1.
    pub transcript_version: u32,
    /// Version of the program.
    pub claviger: String,
    /// Build id of the image, or `none` on an ordinary computer; self-reported.
    pub build_id: String,
    /// How the program runs.
    pub mode: Mode,
    /// Name of the profile.
    pub profile: String,
    /// SHA-256 of the profile.
    pub profile_sha256: Sha256Digest,
    /// The ceremony's Ed25519 public key, base64.
    pub ceremony_key: String,
    /// Its fingerprint as `ssh-keygen -l` prints it.
    pub key_fingerprint: String,
}

impl Opened {
    /// How the program names itself in plans and responses; an audit by a later version must name the same one.
    #[must_use]
    pub fn program(&self) -> String {
        format!("claviger {}", self.claviger)
    }
}

/// Someone takes part.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PersonEntered {
    /// The role.
    pub role: Role,
    /// The name, as entered.
    pub name: String,
}

/// A USB device is not let in (image).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct UsbRefused {
    /// What it calls itself.
    pub name: String,
    /// Vendor and product number, as `1d6b:0002`.
    pub product: String,
    /// Classes of its interfaces, as `02 0a`; or what is wrong with its descriptors.
    pub classes: String,
    /// Why.
    pub reason: String,
}

/// A keyboard, or the like, that was plugged in later is let in (image).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct UsbAllowed {
    /// What it calls itself.
    pub name: String,
    /// Vendor and product number, as `1d6b:0002`.
    pub product: String,
    /// Classes of its interfaces, as `03`.
    pub classes: String,
    /// Who decided; `nobody` where no other keyboard was left to decide with.
    pub decided_by: String,
}

/// The keyboard layout was tried out (image).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Keyboard {
    /// Its name in the image's list, as `de`.
    pub layout: String,
}

/// One of two people compared UTC with the own watch; attested, not authenticated.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TimeConfirmed {
    /// Who.
    pub role: Role,
    /// Initials, as typed.
    pub initials: String,
    /// UTC on the own watch, `HH:MM`.
    pub watch: String,
    /// UTC on the screen at that moment.
    pub shown: Time,
    /// UTC on the screen minus the computer's clock, in seconds.
    pub offset_seconds: i64,
}

/// The hardware clock beside the agreed time.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClockDrift {
    /// What the hardware clock (RTC) said.
    pub rtc: Time,
    /// Agreed time at that moment.
    pub agreed: Time,
    /// RTC minus agreed, in seconds.
    pub drift_seconds: i64,
}

/// UTC was agreed on.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TimeAgreed {
    /// What the hardware clock (RTC) said; none where there is none, and in an unattended run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtc: Option<Time>,
    /// What the computer's clock showed.
    pub shown: Time,
    /// What people agreed on.
    pub agreed: Time,
    /// Agreed minus shown, in seconds.
    pub offset_seconds: i64,
}

/// What confines a process of ours.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Confined {
    /// The process: `ceremony`, `token-host`.
    pub process: String,
    /// One short line a measure, as `landlock: enforced`.
    pub measures: Vec<String>,
}

/// A medium was bound to a use.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct VolumeBound {
    /// `record` or `request`.
    pub purpose: String,
    /// Its label.
    pub label: String,
    /// The device's serial number.
    pub serial: String,
    /// The file system's UUID.
    pub uuid: String,
    /// Capacity in octets, 0 where unknown.
    pub size: u64,
}

/// The previous record was opened and audited.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PreviousRecord {
    /// Its folder.
    pub folder: String,
    /// Its transcript's fingerprint.
    pub fingerprint: Sha256Digest,
    /// What its audit said, as `consistent`.
    pub verdict: String,
    /// Heads of its state, by zone.
    pub heads: BTreeMap<String, Head>,
}

/// It was declared that something has no predecessor.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct First {
    /// `record`, or `response` with the job's number as in `job 1`.
    pub subject: String,
    /// Why.
    pub reason: String,
}

/// A file was read.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentRead {
    /// Number of the job, from 1.
    pub job: usize,
    /// `request` or `previous`.
    pub purpose: String,
    /// The file's name on its medium; what no text can hold in it escaped.
    pub file: String,
    /// Where it lies in the record.
    pub path: String,
    /// SHA-256 of the file.
    pub sha256: Sha256Digest,
    /// Octets.
    pub octets: u64,
    /// The format.
    pub format: Format,
    /// The zone.
    pub zone: Name,
    /// Bundles.
    pub bundles: usize,
}

/// Words of a hash were typed from paper.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReadBack {
    /// What the hash is of, as `request of job 1`.
    pub subject: String,
    /// The hash.
    pub sha256: Sha256Digest,
    /// Which words were asked for, from 1.
    pub words: Vec<usize>,
    /// Attempts, the right one included.
    pub attempts: u32,
}

/// Nobody had a hash on paper.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NotCompared {
    /// What the hash is of, as `request of job 1`.
    pub subject: String,
    /// Attempts with other words before it; left out where there was none.
    #[serde(default, skip_serializing_if = "none")]
    pub attempts: u32,
}

/// Paper has another hash than what was read.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PaperDiffers {
    /// What the hash is of: `request of job 1`, `previous record`.
    pub subject: String,
    /// The hash of what was read; what paper has is not known.
    pub sha256: Sha256Digest,
    /// Attempts with other words before it; left out where there was none.
    #[serde(default, skip_serializing_if = "none")]
    pub attempts: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn none(count: &u32) -> bool {
    *count == 0
}

/// Names what an entry is about.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// As `request of job 1`.
    pub subject: String,
}

/// The one time that all judgement uses.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct JudgedAt {
    /// UTC.
    pub time: Time,
}

/// What the checks say.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Findings {
    /// Number of the job, from 1; 0 for the plan as a whole and for the token.
    pub job: usize,
    /// `request`, `plan`, `token` or `response`.
    pub stage: String,
    /// All of them.
    pub findings: Vec<Finding>,
}

/// A job became part of the ceremony, or was dropped.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct JobDecision {
    /// Number of the job, from 1.
    pub job: usize,
    /// The zone.
    pub zone: Name,
    /// Whether it is part of the ceremony.
    pub accepted: bool,
    /// The schema, under a policy with schemas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The end of coverage asked for, if not the schedule's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
}

/// The plan was made.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// SHA-256 of `plan.json`.
    pub plan_sha256: Sha256Digest,
    /// Signatures to make.
    pub signatures: usize,
    /// Last covered moment of each job, in order.
    pub covered_until: Vec<Time>,
}

/// The plan made last holds no longer.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlanWithdrawn {
    /// SHA-256 of `plan.json`, as in `planned`.
    pub plan_sha256: Sha256Digest,
}

/// A warning was acknowledged by name.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledged {
    /// Number of the job, from 1; 0 for the plan as a whole.
    pub job: usize,
    /// The check.
    pub check: String,
    /// Its message.
    pub message: String,
}

/// One of two people confirmed; attested, not authenticated.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmed {
    /// What: `plan`, `responses`, `first: record`, …
    pub subject: String,
    /// The hash concerned.
    pub sha256: Sha256Digest,
    /// Who.
    pub role: Role,
    /// Initials, as typed.
    pub initials: String,
    /// The word typed.
    pub word: String,
}

/// An officer's share was looked at.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ShareSeen {
    /// The officer.
    pub officer: Role,
    /// Whether the share counts; in a sequence, whether the token took the officer's PIN.
    pub accepted: bool,
    /// The share set, or why it does not count; in a sequence, how many more are needed.
    pub note: String,
}

/// The token is about to be opened.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Unlocking {
    /// `pin`, `shares`, `protected`, `sequence` or `preloaded`.
    pub login: String,
    /// The token's serial.
    pub serial: String,
    /// Officers whose shares are used, a quorum that software enforces; in a sequence those who log in at the token.
    pub officers: Vec<Role>,
}

/// How something ended.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Whether it ended well.
    pub good: bool,
    /// One sentence.
    pub note: String,
}

/// A batch of signatures, by their numbers in the plan, from 1.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// The first.
    pub from: usize,
    /// The last.
    pub to: usize,
}

/// A batch of signatures was made and verified.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BatchDone {
    /// The first.
    pub from: usize,
    /// The last.
    pub to: usize,
    /// SHA-256 over the signatures' octets, one after another.
    pub sha256: Sha256Digest,
}

/// One sentence.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// The sentence.
    pub note: String,
}

/// A response was made.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ResponseMade {
    /// Number of the job, from 1.
    pub job: usize,
    /// Where it lies in the record.
    pub path: String,
    /// Its name on the request medium.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: Sha256Digest,
    /// Octets.
    pub octets: u64,
}

/// Something did not go as the script says.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// What was expected.
    pub expected: String,
    /// What happened.
    pub happened: String,
    /// What was done.
    pub action: String,
    /// Who decided.
    pub decided_by: String,
}

/// The last entry of a transcript.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// Lines before this one.
    pub entries: u64,
    /// How the ceremony ended: `complete`, `refused`, `stopped`.
    pub outcome: String,
    /// SHA-256 of every sealed file, by path in the record.
    pub files: BTreeMap<String, Sha256Digest>,
}

/// Something was written and read back.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// Folder or file.
    pub name: String,
    /// Label of the medium.
    pub label: String,
    /// UUID of the medium.
    pub uuid: String,
    /// SHA-256: of `SHA256SUMS` for a record, of the file for a response.
    pub sha256: Sha256Digest,
    /// Octets.
    pub octets: u64,
}

/// Writing failed; nothing is lost.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WriteFailed {
    /// Folder or file.
    pub name: String,
    /// Label of the medium.
    pub label: String,
    /// Why.
    pub reason: String,
}

/// `state.json`: what one ceremony must know of the last.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Version of this format: 1.
    pub state_version: u32,
    /// SHA-256 of the profile.
    pub profile_sha256: String,
    /// Share set of the officers; empty without a quorum.
    pub share_set: String,
    /// By zone: the last response.
    pub zones: BTreeMap<String, Head>,
}

/// The last response of a zone.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// SHA-256 of the response's file.
    pub sha256: Sha256Digest,
    /// Its last covered moment.
    pub covered_until: Time,
}
