//! How much one record holds: what would be too much for it is told before the token is opened.
//!
//! A record that cannot be written, or not be read again, would take all its signatures with it.

use crate::dns::sha256;
use crate::exchange;
use crate::media::MAX_ENTRIES;
use crate::plan::{Plan, PlannedJob};
use crate::policy::Finding;
use crate::transcript::{self, MAX_RECORD};

use super::Refusal;
use super::machine::{Ceremony, SourceFile};

/// Entries of every record: the 12 files beside the jobs, and the folder of the jobs.
const OF_RECORD: usize = 13;
/// Entries of a job: its folder, request, previous response, response, and the response's RRsets.
const OF_JOB: usize = 5;
/// Entries left for what comes into a record later: the delivery log, and what witnesses add.
const LATER: usize = 187;
/// Octets left for the same.
const LATER_OCTETS: u64 = 4 << 20;

/// Jobs that one record has room for.
pub const MAX_JOBS: usize = (MAX_ENTRIES - OF_RECORD - LATER) / OF_JOB;

/// Octets that a record may have when it is sealed.
const MAX_SEALED: u64 = MAX_RECORD - LATER_OCTETS;
/// Octets for all that does not depend on the size of documents: seal, sums, state, the entries of a batch or of a job, the
/// token's, and hundreds of exceptions and faults, all of them with what the reports say of them.
const MARGIN: u64 = 8 << 20;
/// Octets of a record for one of the transcript: itself, and what both reports make of it. They make most of a hash, whose
/// 64 digits become eight rows of words in each.
const TOLD: u64 = 10;
/// Octets in which most media give room to a file.
const CLUSTER: u64 = 4096;
/// How often findings come: what the checks say before the token, they say of the plan and of the response, or people
/// acknowledge it.
const FOUND: u64 = 2;

impl Ceremony {
    /// Refuses one more job than a record has room for.
    pub(super) fn expect_place(&self) -> Result<(), Refusal> {
        if self.jobs.len() < MAX_JOBS { Ok(()) } else { Err(Refusal::TooManyJobs(MAX_JOBS)) }
    }

    /// Refuses where the record of the jobs, with the one that is being prepared, could become too large.
    pub(super) fn expect_room(&self) -> Result<(), Refusal> {
        let needed = self.reckoned();
        if needed <= MAX_SEALED { Ok(()) } else { Err(Refusal::RecordTooLarge { limit: MAX_SEALED, needed }) }
    }

    /// Refuses where a medium does not have the room for what is planned, as far as its room is known.
    ///
    /// # Errors
    /// [`Refusal::VolumeFull`] for the first of them.
    pub(super) fn expect_media(&self) -> Result<(), Refusal> {
        let responses = self.plan.iter().flat_map(|(plan, _)| &plan.plan().jobs);
        let responses: u64 =
            responses.map(|job| length(&exchange::write_response(&job.unsigned()).unwrap_or_default()) + CLUSTER).sum();
        let record = self.reckoned_alone();
        let asked = self.view.request_volume.as_ref().map(|volume| volume.id);
        for volume in &self.view.record_volumes {
            let needed = record + if asked == Some(volume.id) { responses } else { 0 };
            if volume.free < needed {
                return Err(Refusal::VolumeFull { label: volume.label.clone(), needed, free: volume.free });
            }
        }
        Ok(())
    }

    /// Octets that the record of a run without people takes on a medium: nobody records an exception, and a fault ends it.
    pub(super) fn reckoned_alone(&self) -> u64 {
        self.reckoned() - MARGIN + CLUSTER * (OF_RECORD + OF_JOB * self.jobs.len()) as u64
    }

    /// Octets that the record will have at most, as far as can be known before the token.
    pub(super) fn reckoned(&self) -> u64 {
        let octets = |request: &SourceFile, previous: Option<&SourceFile>, room: u64| {
            room + length(&request.octets) + previous.map_or(0, |file| length(&file.octets))
        };
        let jobs = self.jobs.iter().map(|job| octets(&job.request, job.previous.as_ref(), job.room)).sum::<u64>();
        let draft = self.draft.as_ref().map_or(0, |draft| {
            let previous = draft.previous.as_ref().and_then(|(source, _)| source.as_ref());
            octets(&draft.request, previous, draft.room)
        });
        let profile = self.profile.as_ref().map_or(0, |(_, octets)| length(octets));
        MARGIN + profile + TOLD * length(self.ledger.chain().octets()) + jobs + draft
    }
}

/// Octets that a record needs for what comes of a plan: itself, its responses in both forms, and what is found of it.
pub(super) fn of_plan<'a>(plan: &Plan, findings: impl Iterator<Item = &'a Finding>) -> u64 {
    // In a plan of many jobs their numbers have more digits.
    let json = length(&plan.to_json()) + 4 * plan.count() as u64;
    let responses: u64 = plan.jobs.iter().map(of_response).sum();
    let findings: u64 = findings.map(|finding| length(&serde_json::to_vec(finding).unwrap_or_default())).sum();
    json + responses + FOUND * TOLD * findings
}

/// Octets of a response and of its RRsets.
fn of_response(job: &PlannedJob) -> u64 {
    let response = job.unsigned();
    // One that cannot be written fails a check of the plan.
    let file = exchange::write_response(&response).unwrap_or_default();
    length(&file) + transcript::rrsets(&response, &sha256(&file)).len() as u64
}

/// Refuses a record that could not be read again once its delivery log is added.
///
/// # Errors
/// [`Refusal::Unsealed`] with both sizes.
pub(super) fn expect_readable(octets: u64) -> Result<(), Refusal> {
    if octets <= MAX_SEALED {
        return Ok(());
    }
    Err(Refusal::Unsealed(format!("expected at most {MAX_SEALED} octets; found {octets}")))
}

const fn length(octets: &[u8]) -> u64 {
    octets.len() as u64
}
