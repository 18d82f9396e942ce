//! What stands on the pages above the question.

use crate::dns::{Name, Time};
use crate::policy::BundleRef;
use crate::render;
use crate::steps::{Role, Step};

// --- titles of pages

/// Help.
pub(crate) const HELP: &str = "Help";
/// The last entries.
pub(crate) const TRANSCRIPT: &str = "Transcript";
/// The words that are asked for.
pub(crate) const COMPARE: &str = "Compare";
/// What two people confirm.
pub(crate) const CONFIRM: &str = "Confirm";
/// A pause.
pub(crate) const PAUSE: &str = "Pause";
/// The step `open`.
pub(crate) const OPEN: &str = "Open";
/// What is plugged in.
pub(crate) const MEDIA: &str = "Media";
/// All jobs.
pub(crate) const JOBS: &str = "Jobs";
/// A request.
pub(crate) const REQUEST: &str = "Request";
/// Its bundles.
pub(crate) const BUNDLES: &str = "Bundles";
/// What the checks say.
pub(crate) const CHECKS: &str = "Checks";
/// The plan.
pub(crate) const PLAN: &str = "Plan";
/// What changes.
pub(crate) const CHANGES: &str = "Changes";
/// The bundles of plan or response.
pub(crate) const TABLE: &str = "Table";
/// The keys that sign.
pub(crate) const KSKS: &str = "KSKs";
/// A warning.
pub(crate) const WARNING: &str = "Warning";
/// The token.
pub(crate) const TOKEN: &str = "Token";
/// The step `execute`.
pub(crate) const EXECUTE: &str = "Execute";
/// A response.
pub(crate) const RESPONSE: &str = "Response";
/// What was written.
pub(crate) const WRITE: &str = "Write";
/// The same, afterwards.
pub(crate) const WRITTEN: &str = "Written";
/// How it ended.
pub(crate) const RESULT: &str = "Result";

/// The keys of a request.
pub(crate) fn keys(count: usize) -> String {
    format!("Keys ({count})")
}

/// What the checks say, with what is worst.
pub(crate) fn checks(fail: usize, warn: usize) -> String {
    match (fail, warn) {
        (0, 0) => CHECKS.to_owned(),
        (0, warn) => format!("{CHECKS}: {warn} WARN"),
        (fail, _) => format!("{CHECKS}: {fail} FAIL"),
    }
}

/// A page of one of several jobs.
pub(crate) fn of_job(title: &str, job: usize, several: bool) -> String {
    if several { format!("{title} {job}") } else { title.to_owned() }
}

// --- labels before what they are of

/// The program.
pub(crate) const LABEL_PROGRAM: &str = "Program";
/// The image's build.
pub(crate) const LABEL_BUILD: &str = "Build";
/// How the image started.
pub(crate) const LABEL_STARTED: &str = "Started";
/// The boot medium.
pub(crate) const LABEL_MEDIUM: &str = "Medium";
/// How the program runs.
pub(crate) const LABEL_MODE: &str = "Mode";
/// The profile.
pub(crate) const LABEL_PROFILE: &str = "Profile";
/// Where it comes from.
pub(crate) const LABEL_FROM: &str = "From";
/// A digest.
pub(crate) const LABEL_SHA256: &str = "SHA-256";
/// The ceremony's key.
pub(crate) const LABEL_KEY: &str = "Key";
/// The computer's clock.
pub(crate) const LABEL_COMPUTER: &str = "Computer";
/// The hardware clock.
pub(crate) const LABEL_RTC: &str = "RTC";
/// A record.
pub(crate) const LABEL_RECORD: &str = "Record";
/// What its audit says.
pub(crate) const LABEL_AUDIT: &str = "Audit";
/// A reason.
pub(crate) const LABEL_REASON: &str = "Reason";
/// A zone.
pub(crate) const LABEL_ZONE: &str = "Zone";
/// The previous response.
pub(crate) const LABEL_PREVIOUS: &str = "Previous";
/// What a plan makes.
pub(crate) const LABEL_MAKES: &str = "Makes";
/// A serial number.
pub(crate) const LABEL_SERIAL: &str = "Serial";
/// A label.
pub(crate) const LABEL_LABEL: &str = "Label";
/// The maker.
pub(crate) const LABEL_MADE_BY: &str = "Made by";
/// A PIN.
pub(crate) const LABEL_PIN: &str = "PIN";

/// A job by its number.
pub(crate) fn job(number: usize) -> String {
    format!("Job {number}")
}

// --- any step

/// Heading of the help.
pub(crate) fn help(step: Step) -> String {
    format!("Step {}, {step}: what you should see, and what to do", step.number())
}

/// Headings below it: who does what, and the keys.
pub(crate) const HELP_OPERATOR: &str = "Operator";
/// The same for the witnesses.
pub(crate) const HELP_WITNESSES: &str = "Witnesses";
/// The keys.
pub(crate) const HELP_KEYS: &str = "Keys";

/// The digest with words left out.
pub(crate) fn holes(subject: &str) -> String {
    format!("SHA-256 of the {subject}, as this computer found it")
}

// --- open

/// What image and program say of themselves.
pub(crate) const SELF_REPORTED: &str = "What runs here, as it reports itself";
/// A digest that is self-reported.
pub(crate) fn self_reported(title: &str) -> String {
    format!("SHA-256: {title} (self-reported)")
}

/// The boot medium's digest.
pub(crate) const BOOT_MEDIUM: &str = "Boot medium";
/// No profile yet.
pub(crate) const PROFILE_NONE: &str = "not chosen yet";
/// The profile's digest.
pub(crate) const PROFILE_SHA256: &str = "SHA-256 of the profile";
/// Who is there.
pub(crate) const PEOPLE: &str = "People";
/// A required role without a person.
pub(crate) const PERSON_MISSING: &str = "still missing";
/// An officer who was not entered.
pub(crate) const OFFICER_MISSING: &str = "officer, not entered";

/// How many officers it takes.
pub(crate) fn officers_wanted(threshold: usize, officers: usize) -> String {
    format!(
        "{threshold} of {officers} officers open the HSM. Enter those who are here: their names then stand in the record."
    )
}

// --- media

/// Heading of the list.
pub(crate) const PLUGGED_IN: &str = "Plugged in";
/// Its columns.
pub(crate) const MEDIA_HEADS: [&str; 4] = ["Label", "Serial", "Free", "Use"];
/// Bound for the record.
pub(crate) const USE_RECORD: &str = "record";
/// Bound for requests.
pub(crate) const USE_REQUEST: &str = "request";
/// Of no use.
pub(crate) const USE_FOREIGN: &str = "cannot be used";
/// Read-only.
pub(crate) const USE_PROTECTED: &str = "write-protected";
/// Bound, and not there.
pub(crate) const USE_ABSENT: &str = "NOT PLUGGED IN";
/// Its room.
pub(crate) const FREE_ABSENT: &str = "-";
/// Heading of the last record.
pub(crate) const LAST_CEREMONY: &str = "Last ceremony";
/// None.
pub(crate) const LAST_CEREMONY_NONE: &str = "Not chosen yet, or there is none.";
/// Its digest.
pub(crate) const LAST_FINGERPRINT: &str = "Fingerprint of its transcript";

// --- request

/// No job yet.
pub(crate) const JOBS_NONE: &str = "No request has been chosen yet.";
/// Columns of the jobs.
pub(crate) const JOBS_HEADS: [&str; 5] = ["Job", "Zone", "Format", "Request", "State"];
/// A job that is being prepared.
pub(crate) const JOB_OPEN: &str = "being judged";
/// Part of the ceremony.
pub(crate) const JOB_TAKEN: &str = "taken";
/// Not part of it.
pub(crate) const JOB_DROPPED: &str = "dropped";
/// The request's digest.
pub(crate) const REQUEST_SHA256: &str = "SHA-256 of the request";
/// The previous response's digest.
pub(crate) const PREVIOUS_SHA256: &str = "SHA-256 of the previous response";
/// It was not chosen yet.
pub(crate) const PREVIOUS_OPEN: &str = "not chosen yet";
/// There is none.
pub(crate) const PREVIOUS_NONE: &str = "none: this is the zone's first response";

/// A file with its size.
pub(crate) fn file(name: &str, octets: &str) -> String {
    format!("{} ({octets})", render::escape(name, 100))
}

/// A job's zone with number and format.
pub(crate) fn zone(zone: &Name, job: usize, format: impl std::fmt::Display) -> String {
    format!("{zone} (job {job}, format {format})")
}

/// How many bundles, and when.
pub(crate) fn bundles(count: usize, from: impl std::fmt::Display, until: impl std::fmt::Display) -> String {
    format!("{count}, {from} to {until}")
}

/// Columns of the bundles.
pub(crate) const BUNDLE_HEADS: [&str; 4] = ["No", "From (UTC)", "Until (UTC)", "ZSK tags"];
/// An end that the request leaves open.
pub(crate) const BUNDLE_OPEN: &str = "set by the plan";

/// Where a key stands.
pub(crate) fn key_in(count: usize, first: usize, last: usize) -> String {
    match count {
        1 => format!("in bundle {first} alone"),
        count if count == last - first + 1 => format!("in bundles {first} to {last}"),
        count => format!("in {count} bundles between {first} and {last}"),
    }
}

/// The bundle of a finding.
pub(crate) fn bundle(bundle: &BundleRef) -> String {
    format!("bundle {}", bundle.index)
}

/// Labels below a finding.
pub(crate) const FINDING: [&str; 3] = ["expected ", "found    ", "reason   "];

/// What was not checked, and why.
pub(crate) fn skipped(message: &str, reason: &str) -> String {
    format!("{}: {reason}", message.trim_end_matches('.'))
}

// --- plan

/// Its digest.
pub(crate) const PLAN_SHA256: &str = "SHA-256 of the plan";

/// What it makes.
pub(crate) fn makes(signatures: usize, jobs: usize) -> String {
    format!("{} in {}", super::count(signatures, "signature"), super::count(jobs, "job"))
}

/// What becomes of a job.
pub(crate) fn planned(zone: &Name, schema: Option<&str>, until: Time) -> String {
    let schema = schema.map(|schema| format!("schema {schema}, ")).unwrap_or_default();
    format!("zone {zone}: {schema}covered until {until}")
}

/// Who signs.
pub(crate) fn signed_by(name: &str, tag: u16) -> String {
    format!("signed by {name} (tag {tag})")
}

/// What changes.
pub(crate) fn changes(zone: &Name) -> String {
    format!("zone {zone}: changes against the previous response")
}

/// What a KSK does.
pub(crate) fn ksk(label: &str, signs: bool) -> String {
    format!("label {label}, {}", if signs { "signs" } else { "is published only" })
}

/// What the checks said of a request.
pub(crate) fn reminder(job: usize, warn: usize, skipped: usize) -> String {
    format!("Request of job {job}: {}, {skipped} skipped.", super::count(warn, "warning"))
}

// --- unlock

/// No token yet.
pub(crate) const TOKEN_NONE: &str = "No token has been chosen yet.";
/// Its PIN counter is as it should be.
pub(crate) const PIN_GOOD: &str = "OK: no warning reported";

/// Who made it.
pub(crate) fn made_by(manufacturer: &str, model: &str, firmware: &str) -> String {
    format!("{manufacturer} {model}, firmware {firmware}")
}

/// How many officers there are.
pub(crate) fn officers(count: usize, threshold: usize) -> String {
    format!("Officers: {count} of {threshold} needed")
}

/// An officer whose name nobody entered.
pub(crate) const OFFICER_UNNAMED: &str = "(name not entered at open)";

// --- execute

/// Nothing was asked of the token.
pub(crate) const WITHHELD: &str = "!! NO RECORD MEDIUM";
/// The token failed.
pub(crate) const TOKEN_FAILED: &str = "!! THE TOKEN FAILED";
/// Heading of the count.
pub(crate) const SIGNATURES: &str = "Signatures made and verified";

/// How many.
pub(crate) fn made(made: usize, total: usize) -> String {
    format!("{made} of {total}")
}

/// How the plan's digest begins.
pub(crate) fn plan_begins(groups: &str) -> String {
    format!("SHA-256 begins {groups}")
}

/// A token's serial.
pub(crate) fn serial(serial: &str) -> String {
    format!("serial {serial}")
}

// --- review

/// None yet.
pub(crate) const RESPONSES_NONE: &str = "The responses are being put together.";
/// A response's digest.
pub(crate) const RESPONSE_SHA256: &str = "SHA-256 of the response";
/// What the one digest of several responses is of.
pub(crate) const RESPONSES_LIST: &str = "The digest of the list of all responses, as sha256sum prints it:";

// --- write

/// A medium failed.
pub(crate) fn not_written(name: &str, label: &str) -> String {
    format!("!! NOT WRITTEN: {name} to {label}")
}

/// What is written where.
pub(crate) fn written(name: &str, label: &str) -> String {
    format!("{name}  on {label}")
}

/// Nothing yet.
pub(crate) const WRITTEN_NONE: &str = "Nothing has been written yet.";
/// The fingerprint.
pub(crate) const FINGERPRINT: &str = "Transcript fingerprint (SHA-256)";

// --- close

/// What the titles of digests begin with, on paper as well.
pub(crate) const SHA256_OF: &str = "SHA-256 of ";
/// What the QR code holds.
pub(crate) const IN_THE_CODE: &str = "In the QR code (Q shows it):";
/// The keys beside the code.
pub(crate) const CODE_KEYS: &str = "N, P: next, previous. Q: back to the words.";

/// One of several frames.
pub(crate) fn code_frame(frame: usize, count: usize) -> String {
    format!("QR code {frame} of {count}: scan them all, in order.")
}

/// An officer, where the name is known or not.
pub(crate) fn officer(role: &Role, name: Option<&str>) -> String {
    format!("{role:<8} {}", name.unwrap_or(OFFICER_UNNAMED))
}
