//! What went otherwise than planned, what nobody confirmed, and how it ended.

use super::super::sheet::{Block, Sheet, shown};
use crate::dns::{Sha256Digest, sha256};
use crate::render::{Column, Table};
use crate::steps::{Actor, Step};
use crate::transcript::{Body, Entry};

pub(super) fn exceptions(page: &mut Sheet, entries: &[Entry]) {
    page.heading("Exceptions");
    let mut number = 0;
    for entry in entries {
        let Body::Exception(exception) = &entry.body else { continue };
        number += 1;
        page.item(&format!("{number:>3}. "), &format!("{}, step {}", entry.time, entry.step));
        page.field("     Expected", &shown(&exception.expected));
        page.field("     Happened", &shown(&exception.happened));
        page.field("     Action", &shown(&exception.action));
        page.field("     Decided by", &shown(&exception.decided_by));
    }
    if number == 0 {
        page.text("none");
    }
    for entry in entries {
        let (what, note) = match &entry.body {
            Body::Paused(note) => ("Paused", note),
            Body::Continued(note) => ("Continued", note),
            Body::Resumed(note) => ("STARTED AGAIN", note),
            Body::Stopped(note) => ("STOPPED", note),
            _ => continue,
        };
        page.field(what, &format!("{}, step {}: {}", entry.time, entry.step, shown(&note.note)));
    }
}

pub(super) fn unconfirmed(page: &mut Sheet, entries: &[Entry]) {
    page.heading("Not confirmed by anybody");
    let mut any = false;
    for entry in entries {
        let text = match &entry.body {
            Body::Unconfirmed(subject) => shown(&subject.subject),
            Body::NoIndependentHash(left) => format!("hash of {}", shown(&left.subject)),
            _ => continue,
        };
        any = true;
        page.item("  - ", &text);
    }
    if !any {
        page.text("nothing");
    }
}

/// The steps in the order in which they were come to; going back is going there again.
pub(super) fn course(page: &mut Sheet, entries: &[Entry]) {
    page.heading("Course");
    let columns = [Column::left("Step"), Column::left("From"), Column::left("Until"), Column::right("Entries")];
    let mut table = Table::new(columns);
    for run in entries.chunk_by(|before, entry| before.step == entry.step) {
        if let (Some(first), Some(last)) = (run.first(), run.last()) {
            let cells = [step_name(first.step), first.time.to_string(), last.time.to_string(), run.len().to_string()];
            table.push(cells);
        }
    }
    page.table(table);
    let by_program = entries.iter().filter(|entry| entry.actor == Actor::Program).count();
    page.text(&format!("{} entries, {by_program} of them by the program itself", entries.len()));
}

fn step_name(step: Step) -> String {
    step.name().to_owned()
}

pub(super) fn seal(page: &mut Sheet, entries: &[Entry]) {
    page.heading("Seal");
    let Some(Body::Seal(seal)) = entries.last().map(|entry| &entry.body) else {
        page.text("NO SEAL: this transcript was never finished.");
        return;
    };
    page.field("Outcome", &shown(&seal.outcome));
    page.field("Sealed", &format!("{} entries before the seal, and these files:", seal.entries));
    page.add(Block::Files(seal.files.iter().map(|(path, digest)| (shown(path), *digest)).collect()));
    let advice = "Transcript fingerprint. Compare it, row by row, with what the witnesses wrote onto paper: this report is \
                  worth no more than that comparison.";
    let digest = Block::Digest { name: String::new(), digest: fingerprint(entries) };
    page.add(Block::Framed(vec![Block::Text(advice.to_owned()), digest]));
    page.add(Block::People { roles: Vec::new(), free: 2 });
}

/// SHA-256 of the transcript whose entries these are; every entry that was read or appended has a line.
fn fingerprint(entries: &[Entry]) -> Sha256Digest {
    sha256(&entries.iter().flat_map(|entry| entry.line().unwrap_or_default()).collect::<Vec<u8>>())
}
