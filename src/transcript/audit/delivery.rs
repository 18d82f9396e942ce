//! The log of what happened while writing.
//!
//! It is written when the record is complete, so a fall of power can cut it alone. The writer marks it as unfinished
//! until it is whole; under the mark nothing that is there of it counts, and without the mark nothing may be missing.

use super::{PublicKey, Remarks, Trail, chain};
use crate::dns::{Sha256Digest, sha256};
use crate::steps::Mode;
use crate::transcript::{Body, Files, Namespace, Written, names};

const CHECK: &str = "AUDIT-DELIVERY";
/// What FAT calls the log and its signature where their long names did not come onto the medium.
const SHORT: &str = "DELIVE~";

/// Whether the writing of the log came to no end: the mark is there, and empty as it was made.
pub(super) fn is_unfinished(files: &Files) -> bool {
    files.get(names::DELIVERING).is_some_and(Vec::is_empty)
}

/// Whether a file belongs to the log, whole or `unfinished`.
pub(super) fn is_of_it(path: &str, unfinished: bool) -> bool {
    let begun = || !path.contains('/') && (path.starts_with(names::DELIVERY) || path.starts_with(SHORT));
    [names::DELIVERY, names::DELIVERY_SIG].contains(&path) || unfinished && (path == names::DELIVERING || begun())
}

pub(super) fn check(
    files: &Files,
    trail: &Trail<'_>,
    key: Option<PublicKey>,
    fingerprint: Option<Sha256Digest>,
    remarks: &mut Remarks,
) {
    if is_unfinished(files) {
        return unfinished(files, remarks);
    }
    let (log, signature) = (files.get(names::DELIVERY), files.get(names::DELIVERY_SIG));
    let (log, signature) = match (log, signature) {
        (None, None) if trail.complete() => {
            let message = "it is missing; the log is added after the record was written, so what was delivered where, \
                           people or another record medium must say";
            return remarks.warn(CHECK, format!("{}: {message}", names::DELIVERY));
        }
        (None, None) => return remarks.skip(CHECK, "the record has no log of its delivery"),
        (Some(log), Some(signature)) => (log, signature),
        (Some(_), None) => return remarks.fail(CHECK, names::DELIVERY_SIG, "it is missing", "a signature", "none"),
        (None, Some(_)) => return remarks.fail(CHECK, names::DELIVERY, "it is missing", "a log", "none"),
    };
    if let (Some(key), Some(opened)) = (key, trail.opened)
        && let Err(error) = key.verify_sshsig(Namespace::Delivery, &opened.mode, log, signature)
    {
        remarks.unsigned(CHECK, names::DELIVERY, names::DELIVERY_SIG, error);
    }
    let entries = match chain::read(log, fingerprint.unwrap_or(Sha256Digest::ZERO)) {
        Ok(entries) => entries,
        Err(fault) => {
            let place = format!("line {} is wrong", fault.line);
            return remarks.fail(CHECK, names::DELIVERY, &place, fault.expected, fault.found);
        }
    };
    let mut kept = false;
    for entry in &entries {
        match &entry.body {
            Body::RecordWritten(written) => {
                kept = true;
                record(files, trail, written, remarks);
            }
            Body::ResponseWritten(written) => response(trail, written, kept, remarks),
            Body::WriteFailed(failed) => {
                remarks.warn(CHECK, format!("writing {} failed: {}", failed.name, failed.reason));
            }
            Body::Exception(_) | Body::Resumed(_) | Body::ClockDrift(_) | Body::UsbRefused(_) | Body::UsbAllowed(_) => {
            }
            _ => {
                let found = format!("line {}", entry.seq);
                remarks.fail(CHECK, names::DELIVERY, "an entry is none of a delivery", "writing", found);
            }
        }
    }
    remarks.pass(CHECK, &format!("{} entries follow the transcript", entries.len()));
}

fn unfinished(files: &Files, remarks: &mut Remarks) {
    let begun = files.keys().filter(|path| *path != names::DELIVERING && is_of_it(path, true));
    let begun: Vec<String> = begun.map(|path| path.escape_debug().to_string()).collect();
    let begun = if begun.is_empty() { "nothing of it is there".to_owned() } else { begun.join(", ") };
    let message = format!(
        "{}: the log of the delivery was being written when the medium was cut off; it does not count ({begun})",
        names::DELIVERING
    );
    remarks.warn(CHECK, message);
}

fn record(files: &Files, trail: &Trail<'_>, written: &Written, remarks: &mut Remarks) {
    if let Some(sums) = files.get(names::SUMS).map(|octets| sha256(octets))
        && sums != written.sha256
    {
        remarks.fail(CHECK, names::SUMS, "another record was written", written.sha256, sums);
    }
    if let Some(opened) = trail.opened {
        let practice = opened.mode.is_practice();
        if written.name.starts_with(Mode::MARK) != practice {
            let found = written.name.escape_debug();
            let expected = format!("{} mark {}", if practice { "the" } else { "no" }, Mode::MARK);
            remarks.fail(CHECK, names::DELIVERY, "the folder's name belongs to another mode", expected, found);
        }
    }
}

fn response(trail: &Trail<'_>, written: &Written, kept: bool, remarks: &mut Remarks) {
    if !trail.complete() {
        let found = trail.seal.map_or("no seal", |seal| seal.outcome.as_str()).escape_debug();
        let message = "a response was written though none was accepted";
        remarks.fail(CHECK, names::DELIVERY, message, "a ceremony that is complete", found);
    }
    if !kept {
        let message = "a response was written before any record";
        remarks.fail(CHECK, names::DELIVERY, message, "`record-written` before it", "none");
    }
    let known = trail.jobs.values().filter_map(|job| job.response).any(|response| response.sha256 == written.sha256);
    if !known {
        let message = "a response was written that was not made";
        remarks.fail(CHECK, names::DELIVERY, message, "a response of the transcript", written.sha256);
    }
}
