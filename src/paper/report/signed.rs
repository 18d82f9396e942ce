//! Who opened the token, what it signed, and the responses that came of it.

use super::super::sheet::{Sheet, shown};
use super::subject_of;
use crate::render::{Column, Table};
use crate::steps::TokenFacts;
use crate::transcript::{Body, Entry};

pub(super) fn token(page: &mut Sheet, entries: &[Entry]) {
    page.heading("Token and officers");
    for entry in entries {
        match &entry.body {
            Body::TokenChosen(token) => show_token(page, token),
            Body::Share(share) => {
                let verdict = if share.accepted { "accepted" } else { "REFUSED" };
                page.field(&format!("Officer {}", share.officer), &format!("{verdict}: {}", shown(&share.note)));
            }
            Body::Unlocking(unlocking) => {
                let officers: Vec<String> = unlocking.officers.iter().map(ToString::to_string).collect();
                let officers = if officers.is_empty() { "no officers".to_owned() } else { officers.join(", ") };
                let text = format!("serial {} by {} ({officers})", shown(&unlocking.serial), shown(&unlocking.login));
                page.field("Unlocking", &text);
                if !unlocking.officers.is_empty() {
                    let by_token = unlocking.login == "sequence";
                    let quorum =
                        if by_token { "enforced by the token" } else { "enforced by software, not by the token" };
                    page.field("Quorum", quorum);
                }
            }
            Body::Unlocked(outcome) => {
                page.field(if outcome.good { "Unlocked" } else { "NOT UNLOCKED" }, &shown(&outcome.note));
            }
            Body::TokenFault(note) => page.field("TOKEN FAULT", &shown(&note.note)),
            Body::Withheld(note) => page.field("HELD BACK", &shown(&note.note)),
            Body::TokenClosed(note) => page.field("Token closed", &shown(&note.note)),
            Body::Confined(confined) => {
                page.field(
                    "Confined",
                    &format!("{}: {}", shown(&confined.process), shown(&confined.measures.join("; "))),
                );
            }
            _ => {}
        }
    }
}

fn show_token(page: &mut Sheet, token: &TokenFacts) {
    page.field("Token", &format!("serial {}, label {}", shown(&token.serial), shown(&token.label)));
    page.field(
        "",
        &format!("{} {}, firmware {}", shown(&token.manufacturer), shown(&token.model), shown(&token.firmware)),
    );
    let flags = [
        (token.pin_count_low, "a wrong PIN was entered before"),
        (token.pin_final_try, "FINAL TRY"),
        (token.pin_locked, "LOCKED"),
    ];
    let flags: Vec<&str> = flags.iter().filter(|(set, _)| *set).map(|(_, text)| *text).collect();
    if !flags.is_empty() {
        page.field("PIN", &flags.join("; "));
    }
}

pub(super) fn signatures(page: &mut Sheet, entries: &[Entry]) {
    page.heading("Signatures");
    let mut table = Table::new([Column::left("Signatures"), Column::left("SHA-256 over their octets")]);
    let mut made = 0;
    for entry in entries {
        if let Body::Signed(batch) = &entry.body {
            made += (batch.to + 1).saturating_sub(batch.from);
            table.push([format!("{} to {}", batch.from, batch.to), batch.sha256.to_string()]);
        }
    }
    page.text(&format!("{made} made, each verified in software at once"));
    if made > 0 {
        page.table(table);
    }
}

pub(super) fn responses(page: &mut Sheet, entries: &[Entry]) {
    page.heading("Responses");
    let mut any = false;
    for entry in entries {
        match &entry.body {
            Body::Response(response) => {
                any = true;
                let text = format!("{} ({} octets)", shown(&response.file), response.octets);
                page.field(&subject_of(response.job), &text);
                page.digest("its SHA-256", &response.sha256);
            }
            Body::Reviewed(outcome) => {
                let verdict = if outcome.good { "Accepted" } else { "REFUSED" };
                page.field(verdict, &shown(&outcome.note));
            }
            _ => {}
        }
    }
    if !any {
        page.text("none was made");
    }
}
