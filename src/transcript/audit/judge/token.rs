//! People and token as the profile demands them.

use super::{Remarks, Trail};
use crate::profile::{Profile, Quorum};
use crate::steps::{Mode, Role, TokenFacts};
use crate::transcript::{Unlocking, names};

const CHECK: &str = "AUDIT-TOKEN";

pub(super) fn check(profile: &Profile, trail: &Trail<'_>, remarks: &mut Remarks) {
    let attended = trail.opened.is_none_or(|opened| opened.mode != Mode::Unattended);
    let missing = |role: &&Role| !trail.people.iter().any(|person| person.role == **role);
    if let Some(role) = profile.required_roles.iter().find(missing).filter(|_| attended && trail.planned.is_some()) {
        remarks.fail(CHECK, names::TRANSCRIPT, "a role that the profile demands was not there", role, "nobody");
    }
    if let Some(token) = trail.token {
        check_token(profile, token, remarks);
    }
    for unlocking in &trail.unlockings {
        check_unlocking(profile, trail, unlocking, remarks);
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

fn check_unlocking(profile: &Profile, trail: &Trail<'_>, unlocking: &Unlocking, remarks: &mut Remarks) {
    let login = profile.hsm.login.name();
    if unlocking.login != login {
        let found = unlocking.login.escape_debug();
        remarks.fail(CHECK, names::TRANSCRIPT, "the token was opened in another way", login, found);
    }
    if let Some(token) = trail.token.filter(|token| token.serial != unlocking.serial) {
        let found = unlocking.serial.escape_debug();
        remarks.fail(CHECK, names::TRANSCRIPT, "another token was opened than chosen", &token.serial, found);
    }
    if let Some(quorum) = &profile.quorum {
        check_quorum(quorum, trail, unlocking, remarks);
    }
}

fn check_quorum(quorum: &Quorum, trail: &Trail<'_>, unlocking: &Unlocking, remarks: &mut Remarks) {
    let mut officers: Vec<&Role> = unlocking.officers.iter().collect();
    officers.sort_unstable();
    officers.dedup();
    let counts = |officer: &&&Role| quorum.officers.contains(officer) && trail.shares.contains(**officer);
    let counted = officers.iter().filter(counts).count();
    if counted < usize::from(quorum.threshold) {
        let message = "fewer officers than the quorum had a share that counts";
        remarks.fail(CHECK, names::TRANSCRIPT, message, quorum.threshold, counted);
    }
}
