//! What is going to be done, to the last octet but the signatures.

use crate::dns::{Dnskey, Name, RrType, Sha256Digest, Time};
use crate::exchange::{Format, Request, Response};

/// What a job is made from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JobInput {
    /// The request.
    pub request: Request,
    /// SHA-256 of the request's file.
    pub request_sha256: Sha256Digest,
    /// The previous response, or the declaration that there is none.
    pub previous: Previous,
    /// What the last record's `state.json` says the previous response must be.
    pub head: Option<Sha256Digest>,
    /// The schema chosen, under a policy with schemas.
    pub schema: Option<String>,
    /// The end of coverage, if it is not the schedule's own.
    pub until: Option<Time>,
}

/// The previous response of a zone.
#[expect(clippy::large_enum_variant, reason = "there is one for each job, and no job without it")]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Previous {
    /// It is here.
    Response {
        /// The document.
        response: Response,
        /// SHA-256 of its file.
        sha256: Sha256Digest,
    },
    /// Declared by people: there is none.
    First,
}

/// The ordered list of actions of a ceremony.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Plan {
    /// What a token must have: its serial, or its label.
    pub token: TokenName,
    /// When everything was judged; also the time in the stamps of responses.
    pub judged_at: Time,
    /// The jobs in order.
    pub jobs: Vec<PlannedJob>,
}

/// How the profile names the token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TokenName {
    /// By serial number.
    Serial(String),
    /// By label.
    Label(String),
}

/// One zone's part of a plan.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PlannedJob {
    /// The zone.
    pub zone: Name,
    /// The format of request and response.
    pub format: Format,
    /// SHA-256 of the request's file.
    pub request_sha256: Sha256Digest,
    /// SHA-256 of the previous response's file; none for a first.
    pub previous_sha256: Option<Sha256Digest>,
    /// Name of the policy.
    pub policy: String,
    /// Name of the schema, under a policy with schemas.
    pub schema: Option<String>,
    /// Every KSK that appears, by name in the profile.
    pub keys: Vec<PlannedKey>,
    /// The response as it will be, with every signature's octets empty.
    pub response: Response,
    /// The signatures to make, in order.
    pub signatures: Vec<PlannedSignature>,
}

/// A KSK that a plan uses or shows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PlannedKey {
    /// Its name in the profile.
    pub name: String,
    /// `CKA_LABEL`.
    pub label: String,
    /// `CKA_ID`, if it must have one.
    pub cka_id: Option<Vec<u8>>,
    /// The key without the REVOKE bit.
    pub dnskey: Dnskey,
    /// Whether it signs anything in this plan, so that the token must have it.
    pub signs: bool,
}

/// The place of one signature in [`PlannedJob::response`], and the key that makes it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PlannedSignature {
    /// Index of the bundle.
    pub bundle: usize,
    /// The RRset of the bundle.
    pub rr_type: RrType,
    /// Index among the set's signatures.
    pub signature: usize,
    /// Index of the key in [`PlannedJob::keys`].
    pub key: usize,
}
