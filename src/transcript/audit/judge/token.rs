//! People and token as the profile demands them.

use super::{Opening, Remarks, Trail};
use crate::profile::{Profile, Quorum};
use crate::steps::{Mode, Role, TokenFacts};
use crate::transcript::names;

const CHECK: &str = "AUDIT-TOKEN";

pub(super) fn check(profile: &Profile, trail: &Trail<'_>, remarks: &mut Remarks) {
    let attended = trail.opened.is_none_or(|opened| opened.mode != Mode::Unattended);
    let missing = |role: &&Role| !trail.people.iter().any(|person| person.role == **role);
    if let Some(role) = profile.required_roles.iter().find(missing).filter(|_| attended && trail.planned.is_some()) {
        remarks.fail(CHECK, names::TRANSCRIPT, "a role that the profile demands was not there", role, "nobody");
    }
    for token in &trail.tokens {
        check_token(profile, token, remarks);
    }
    for opening in &trail.openings {
        check_opening(profile, opening, remarks);
    }
    remarks.pass(CHECK, "people and token are those that the profile demands");
}

fn check_token(profile: &Profile, token: &TokenFacts, remarks: &mut Remarks) {
    let hsm = &profile.hsm;
    let (expected, found) = match (&hsm.token_serial, &hsm.token_label) {
        (Some(serial), _) => (format!("serial {serial}"), format!("serial {}", token.serial)),
        (None, Some(label)) => (format!("label {label}"), format!("label {}", token.label)),
        (None, None) => return,
    };
    if expected != found {
        remarks.fail(CHECK, names::TRANSCRIPT, "another token was chosen", expected, found.escape_debug());
    }
}

fn check_opening(profile: &Profile, opening: &Opening<'_>, remarks: &mut Remarks) {
    let (login, unlocking) = (profile.hsm.login.name(), opening.unlocking);
    if unlocking.login != login {
        let found = unlocking.login.escape_debug();
        remarks.fail(CHECK, names::TRANSCRIPT, "the token was opened in another way", login, found);
    }
    let chosen = opening.token.map_or("none", |token| token.serial.as_str());
    if unlocking.serial != chosen {
        let found = unlocking.serial.escape_debug();
        remarks.fail(CHECK, names::TRANSCRIPT, "another token was opened than chosen", chosen.escape_debug(), found);
    }
    if let Some(quorum) = &profile.quorum {
        check_quorum(quorum, opening, remarks);
    }
}

fn check_quorum(quorum: &Quorum, opening: &Opening<'_>, remarks: &mut Remarks) {
    let mut officers: Vec<&Role> = opening.unlocking.officers.iter().collect();
    officers.sort_unstable();
    officers.dedup();
    let counts = |officer: &&&Role| quorum.officers.contains(officer) && opening.shares.contains(**officer);
    let counted = officers.iter().filter(counts).count();
    if counted < usize::from(quorum.threshold) {
        let message = "fewer officers than the quorum had a share that counts";
        remarks.fail(CHECK, names::TRANSCRIPT, message, quorum.threshold, counted);
    }
}
