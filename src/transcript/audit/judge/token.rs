//! People and token as the profile demands them.

use super::{Opening, Remarks, Trail};
use crate::plan::Plan;
use crate::profile::Profile;
use crate::steps::{Mode, Role, TokenFacts, Verdict};
use crate::transcript::names;

const CHECK: &str = "AUDIT-TOKEN";
const KEYS: &str = "AUDIT-TOKEN-KEYS";

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

/// Whatever signed has passed for each key of the plan that signs: exactly this key is on the token.
pub(super) fn check_keys(plan: &Plan, trail: &Trail<'_>, remarks: &mut Remarks) {
    let planned = plan.jobs.iter().flat_map(|job| {
        job.keys.iter().filter(|key| key.signs).map(|key| (key, key.dnskey.fingerprint(&job.zone).to_string()))
    });
    let planned: Vec<_> = planned.collect();
    for findings in &trail.key_checks {
        let passed = |expected: &str| {
            let told = |fact: &Option<String>| fact.as_deref() == Some(expected);
            findings.iter().any(|finding| {
                finding.check == "TOKEN-KEY"
                    && finding.verdict == Verdict::Pass
                    && told(&finding.expected)
                    && told(&finding.found)
            })
        };
        if let Some((key, fingerprint)) = planned.iter().find(|(_, fingerprint)| !passed(fingerprint)) {
            let message = format!("the token signed and was not asked for the key {}", key.name.escape_debug());
            let expected = format!("TOKEN-KEY passes with {fingerprint}");
            remarks.fail(KEYS, names::TRANSCRIPT, &message, expected, "no such finding");
        }
    }
    remarks.pass(KEYS, "before anything was signed the token had every key of the plan");
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
    if let Some((threshold, known)) = profile.officers() {
        // In a sequence each officer is a login, and only the last one opens the token.
        if opening.good || profile.sequence.is_none() {
            check_officers(threshold, &known, profile.sequence.is_some(), opening, remarks);
        }
    }
}

fn check_officers(threshold: usize, known: &[Role], at_token: bool, opening: &Opening<'_>, remarks: &mut Remarks) {
    let mut officers: Vec<&Role> = opening.unlocking.officers.iter().collect();
    // Whoever came last is let in by the very login that opened the token.
    let last = officers.last().copied().filter(|_| at_token);
    officers.sort_unstable();
    officers.dedup();
    let there = |officer: &Role| opening.shares.contains(officer) || last == Some(officer);
    let counted = officers.iter().filter(|officer| known.contains(officer) && there(officer)).count();
    if counted < threshold {
        let message = "fewer officers than the quorum had a share that counts, or logged in";
        remarks.fail(CHECK, names::TRANSCRIPT, message, threshold, counted);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::transcript::Unlocking;

    fn role(text: &str) -> Role {
        Role::new(text).unwrap()
    }

    /// Whether two of three officers opened the token, by what the transcript says.
    fn counts(at_token: bool, named: &[&str], there: &[&str]) -> bool {
        let known = ["CO1", "CO2", "CO3"].map(role);
        let officers = named.iter().map(|text| role(text)).collect();
        let unlocking = Unlocking { login: String::new(), serial: String::new(), officers };
        let there: Vec<Role> = there.iter().map(|text| role(text)).collect();
        let shares: BTreeSet<&Role> = there.iter().collect();
        let mut remarks = Remarks::new();
        let opening = Opening { unlocking: &unlocking, token: None, shares, good: true };
        check_officers(2, &known, at_token, &opening, &mut remarks);
        remarks.finish().is_empty()
    }

    #[test]
    fn a_quorum_is_different_officers_whose_part_is_in_the_transcript() {
        assert!(counts(false, &["CO1", "CO3"], &["CO1", "CO3"]));
        assert!(!counts(false, &["CO1", "CO3"], &["CO1"]), "a share that was never given");
        assert!(!counts(false, &["CO1", "CO1"], &["CO1"]));
        assert!(!counts(false, &["CO1", "CO9"], &["CO1", "CO9"]), "someone else");
    }

    #[test]
    fn in_a_sequence_the_last_officer_is_let_in_by_the_opening_itself() {
        assert!(counts(true, &["CO1", "CO3"], &["CO1"]));
        assert!(!counts(true, &["CO1", "CO3"], &[]), "only the last one has logged in");
        assert!(!counts(true, &["CO3", "CO3"], &["CO3"]));
        assert!(!counts(true, &["CO1", "CO9"], &["CO1"]));
    }
}
