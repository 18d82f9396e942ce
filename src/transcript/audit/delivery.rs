//! The log of what happened while writing.

use super::{PublicKey, Remarks, Trail, chain};
use crate::dns::{Sha256Digest, sha256};
use crate::transcript::{Body, Files, Namespace, Written, names};

const CHECK: &str = "AUDIT-DELIVERY";

pub(super) fn check(
    files: &Files,
    trail: &Trail<'_>,
    key: Option<PublicKey>,
    fingerprint: Option<Sha256Digest>,
    remarks: &mut Remarks,
) {
    let (log, signature) = (files.get(names::DELIVERY), files.get(names::DELIVERY_SIG));
    let (log, signature) = match (log, signature) {
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
    for entry in &entries {
        match &entry.body {
            Body::RecordWritten(written) => record(files, trail, written, remarks),
            Body::ResponseWritten(written) => response(trail, written, remarks),
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

fn record(files: &Files, trail: &Trail<'_>, written: &Written, remarks: &mut Remarks) {
    if let Some(sums) = files.get(names::SUMS).map(|octets| sha256(octets))
        && sums != written.sha256
    {
        remarks.fail(CHECK, names::SUMS, "another record was written", written.sha256, sums);
    }
    if let Some(opened) = trail.opened {
        let mark = opened.mode.mark();
        let marked = written.name.starts_with("REHEARSAL-");
        if marked == mark.is_empty() {
            let found = written.name.escape_debug();
            let expected = if mark.is_empty() { "no mark REHEARSAL-" } else { "the mark REHEARSAL-" };
            remarks.fail(CHECK, names::DELIVERY, "the folder's name belongs to another mode", expected, found);
        }
    }
}

fn response(trail: &Trail<'_>, written: &Written, remarks: &mut Remarks) {
    let known = trail.jobs.values().filter_map(|job| job.response).any(|response| response.sha256 == written.sha256);
    if !known {
        let message = "a response was written that was not made";
        remarks.fail(CHECK, names::DELIVERY, message, "a response of the transcript", written.sha256);
    }
}
