//! Plans that were made and left, and hashes that paper contradicted.

use super::*;
use crate::transcript::PlanWithdrawn;

fn hash_of_plan(draft: &Draft) -> Sha256Digest {
    sha256(&draft.files["plan.json"])
}

fn withdrawn(plan_sha256: Sha256Digest) -> (Step, Actor, Body) {
    (Step::Plan, Actor::Operator, Body::PlanWithdrawn(PlanWithdrawn { plan_sha256 }))
}

/// Where the first entry stands for which this holds.
fn at(draft: &Draft, wanted: fn(&Body) -> bool) -> usize {
    draft.happened.iter().position(|(.., body)| wanted(body)).unwrap()
}

fn is_planned(body: &Body) -> bool {
    matches!(body, Body::Planned(_))
}

#[test]
fn a_plan_can_be_left_and_made_again() {
    let mut draft = draft(Mode::Ceremony);
    let planned = at(&draft, is_planned);
    let entry = draft.happened[planned].clone();
    let gone = withdrawn(hash_of_plan(&draft));
    draft.happened.splice(planned..planned, [entry, gone]);
    let found = judged(&draft.seal().files);
    assert_eq!(found.verdict, AuditVerdict::Consistent, "{:#?}", found.lines());
}

#[test]
fn nothing_is_signed_by_a_plan_that_was_left() {
    for check in ["AUDIT-COURSE", "AUDIT-PEOPLE"] {
        expect_failure(check, "transcript.jsonl", |draft| {
            let unlocking = at(draft, |body| matches!(body, Body::Unlocking(_)));
            let gone = withdrawn(hash_of_plan(draft));
            draft.happened.insert(unlocking, gone);
        });
    }
    expect_failure("AUDIT-FILES", "plan.json", |draft| {
        let unlocking = at(draft, |body| matches!(body, Body::Unlocking(_)));
        let gone = withdrawn(hash_of_plan(draft));
        draft.happened.insert(unlocking, gone);
    });
}

#[test]
fn a_plan_made_again_is_confirmed_again() {
    expect_failure("AUDIT-PEOPLE", "transcript.jsonl", |draft| {
        let unlocking = at(draft, |body| matches!(body, Body::Unlocking(_)));
        let planned = at(draft, is_planned);
        let again = draft.happened[planned].clone();
        let gone = withdrawn(hash_of_plan(draft));
        draft.happened.splice(unlocking..unlocking, [gone, again]);
    });
}

#[test]
fn only_the_plan_made_last_is_left_and_only_before_the_token_is_open() {
    expect_failure("AUDIT-COURSE", "transcript.jsonl", |draft| {
        let planned = at(draft, is_planned);
        draft.happened.insert(planned, withdrawn(hash_of_plan(draft)));
    });
    expect_failure("AUDIT-COURSE", "transcript.jsonl", |draft| {
        let planned = at(draft, is_planned);
        let again = draft.happened[planned].clone();
        draft.happened.splice(planned..planned, [again, withdrawn(sha256(b"another plan"))]);
    });
    expect_failure("AUDIT-COURSE", "transcript.jsonl", |draft| {
        let signing = at(draft, |body| matches!(body, Body::Signing(_)));
        draft.happened.insert(signing, withdrawn(hash_of_plan(draft)));
    });
}

/// Whether it tells that a ceremony went on after a stop.
fn of_stop(finding: &Finding) -> bool {
    finding.to_string().contains("people had stopped")
}

#[test]
fn nothing_more_is_signed_once_a_pause_or_a_stop_was_asked_for() {
    let note = |note: &str| Note { note: note.to_owned() };
    let [paused, stopped] = [Body::Paused(note("asked for")), Body::Stopped(note("fire"))];
    // Who stops twice does not wait for the token.
    let closed = vec![stopped.clone(), Body::TokenClosed(note("closed"))];
    for asked in [vec![paused], vec![stopped], closed] {
        // What had been announced is told after it, and that is all.
        for (batches, good) in [(1, true), (2, false)] {
            let mut draft = draft(Mode::Ceremony);
            let signing = at(&draft, |body| matches!(body, Body::Signing(_)));
            let chosen = at(&draft, |body| matches!(body, Body::TokenChosen(_)));
            let opening = draft.happened[chosen..signing].to_vec();
            let place = signing + 1 + if batches == 1 { 0 } else { 1 };
            let entries = asked.iter().map(|body| (Step::Execute, Actor::Operator, body.clone()));
            draft.happened.splice(place..place, entries);
            if good {
                // The officers begin anew.
                let after = signing + 2 + asked.len();
                draft.happened.splice(after..after, opening);
            }
            let found = judged(&draft.seal().files);
            let (after_stop, course): (Vec<_>, Vec<_>) = found
                .failures()
                .filter(|finding| finding.check == "AUDIT-COURSE")
                .partition(|finding| of_stop(finding));
            assert_eq!(course.is_empty(), good, "{asked:?}: {:#?}", found.lines());
            // Who made a pause goes on; who stopped does not.
            assert_eq!(after_stop.is_empty(), matches!(asked[0], Body::Paused(_)), "{:#?}", found.lines());
        }
    }
}
