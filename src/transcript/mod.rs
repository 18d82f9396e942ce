//! Entries, chain, seal, audit.

mod audit;
mod body;
mod chain;
mod dnskey;
mod entry;
pub mod json;
mod key;
pub mod names;
mod record;
mod state;
mod text;
mod watch;

pub use self::audit::{Audit, AuditVerdict, audit, check_previous};
pub use self::body::{
    Acknowledged, Batch, BatchDone, Body, ClockDrift, Confined, Confirmed, DocumentRead, Exception, Findings, First,
    Head, JobDecision, JudgedAt, Keyboard, NotCompared, Note, Opened, Outcome, PaperDiffers, PersonEntered,
    PlanWithdrawn, Planned, PreviousRecord, ReadBack, ResponseMade, Seal, ShareSeen, State, Subject, TimeAgreed,
    TimeConfirmed, Unlocking, UsbAllowed, UsbRefused, VolumeBound, WriteFailed, Written,
};
pub use self::chain::{Chain, ChainError, read, read_good};
pub use self::dnskey::rrsets;
pub use self::entry::Entry;
pub use self::json::JsonError;
pub use self::key::{CeremonyKey, Namespace, PRINCIPAL, PublicKey, SignatureError};
pub use self::names::{JobPaths, job_folder, record_name, response_file_name, safe_file_name};
pub use self::record::{
    Ending, Files, JournalHead, MAX_RECORD, Report, SealedRecord, delivery, responses_digest, seal, sums,
};
pub use self::text::{MAX_TEXT, clean_text, is_clean};
pub use self::watch::Watch;
