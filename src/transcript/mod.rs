//! Entries, chain, seal, audit.

mod body;

pub use self::body::{
    Acknowledged, Batch, BatchDone, Body, Confined, Confirmed, DocumentRead, Exception, Findings, First, Head,
    JobDecision, JudgedAt, Note, Opened, Outcome, PersonEntered, Planned, PreviousRecord, ReadBack, ResponseMade, Seal,
    ShareSeen, State, Subject, TimeAgreed, Unlocking, VolumeBound, WriteFailed, Written,
};
