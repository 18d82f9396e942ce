//! What was compared with paper, and what was declared to have no predecessor.

use std::collections::BTreeMap;

use super::course::two_people;
use super::{Remarks, Trail};
use crate::dns::Sha256Digest;
use crate::transcript::{Body, Entry, names};

const CHECK: &str = "AUDIT-COMPARED";

/// Hashes that still have to be compared, by what they are of, as `request of job 1`.
type Open = BTreeMap<String, Sha256Digest>;

pub(super) fn check(entries: &[Entry], trail: &Trail<'_>, people: bool, remarks: &mut Remarks) {
    check_record(entries, remarks);
    let mut open = Open::new();
    for (index, entry) in entries.iter().enumerate() {
        match &entry.body {
            Body::PreviousRecord(record) => drop(open.insert("previous record".to_owned(), record.fingerprint)),
            Body::Document(document) if document.purpose == "request" => {
                expect_compared(&open, "previous record", entry, remarks);
                open.insert(request_of(document.job), document.sha256);
            }
            Body::ReadBack(read) if open.get(&read.subject) == Some(&read.sha256) => drop(open.remove(&read.subject)),
            Body::ReadBack(read) => {
                let expected = open.get(&read.subject).map_or_else(|| "nothing".to_owned(), ToString::to_string);
                let message = format!("entry {}: another hash was compared than read", entry.seq);
                remarks.fail(CHECK, names::TRANSCRIPT, &message, expected, read.sha256);
            }
            Body::NoIndependentHash(subject) => drop(open.remove(&subject.subject)),
            Body::Job(decision) if decision.accepted => {
                expect_compared(&open, &request_of(decision.job), entry, remarks);
            }
            Body::First(first) => {
                if first.subject == "record" {
                    open.remove("previous record");
                }
                if people {
                    let before = entries.get(..index).unwrap_or_default();
                    let subject = format!("first: {}", first.subject);
                    two_people(before, trail, &subject, declared_with(before, trail, &first.subject), remarks);
                }
            }
            _ => {}
        }
    }
    remarks.pass(CHECK, "what was read was compared with paper, or nobody had its hash; firsts were declared");
}

/// Before anything is judged it is known which record this ceremony goes on from, or that there is none.
fn check_record(entries: &[Entry], remarks: &mut Remarks) {
    let settled = |entry: &Entry| match &entry.body {
        Body::PreviousRecord(_) => true,
        Body::First(first) => first.subject == "record",
        _ => false,
    };
    let judged = entries.iter().position(|entry| matches!(entry.body, Body::JudgedAt(_)));
    if let Some(judged) = judged
        && !entries.iter().take(judged).any(settled)
    {
        let message = "no previous record is named, and nobody declared that there is none";
        remarks.fail(CHECK, names::TRANSCRIPT, message, "`previous-record` or `first`", "none");
    }
}

fn request_of(job: usize) -> String {
    format!("request of job {job}")
}

fn expect_compared(open: &Open, subject: &str, entry: &Entry, remarks: &mut Remarks) {
    if let Some(sha256) = open.get(subject) {
        let message = format!("entry {}: before it the {subject} was not compared with paper", entry.seq);
        remarks.fail(CHECK, names::TRANSCRIPT, &message, format!("`read-back` of {sha256}"), "nothing");
    }
}

/// What two people confirm with a declaration: the request that is the first of its zone, or the profile.
fn declared_with(before: &[Entry], trail: &Trail<'_>, subject: &str) -> Sha256Digest {
    let request = before.iter().rev().find_map(|entry| match &entry.body {
        Body::Document(read) if read.purpose == "request" && subject == format!("response of job {}", read.job) => {
            Some(read.sha256)
        }
        _ => None,
    });
    request.or_else(|| trail.opened.map(|opened| opened.profile_sha256)).unwrap_or(Sha256Digest::ZERO)
}
