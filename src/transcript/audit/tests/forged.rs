//! What someone with the ceremony key could say in a transcript sealed anew.

use super::*;
use crate::transcript::{Exception, UsbRefused};

#[test]
fn a_token_is_open_only_after_it_was_chosen_and_its_opening_announced() {
    let drops: [fn(&Body) -> bool; 3] = [
        |body| matches!(body, Body::TokenChosen(_)),
        |body| matches!(body, Body::Unlocking(_)),
        |body| matches!(body, Body::TokenChosen(_) | Body::Share(_) | Body::Unlocking(_)),
    ];
    // A second opening, after a pause.
    let again = |draft: &mut Draft, unwanted: fn(&Body) -> bool| {
        let of_token = |body: &Body| match body {
            Body::TokenChosen(_) | Body::Unlocking(_) | Body::Unlocked(_) => true,
            Body::Findings(findings) => findings.stage == "token",
            _ => false,
        };
        let opening = draft.happened.iter().filter(|(_, _, body)| of_token(body) && !unwanted(body));
        let opening: Vec<_> = opening.cloned().collect();
        let after = draft.happened.iter().position(|(_, _, body)| matches!(body, Body::Signed(_))).unwrap() + 1;
        let paused = (Step::Execute, Actor::Operator, Body::Paused(Note { note: "lunch".to_owned() }));
        draft.happened.splice(after..after, std::iter::once(paused).chain(opening));
    };
    assert_eq!(failures(|draft| again(draft, |_| false)), Vec::<String>::new());
    for unwanted in drops {
        expect_failure("AUDIT-COURSE", "transcript.jsonl", |draft| remove(draft, unwanted));
        expect_failure("AUDIT-COURSE", "transcript.jsonl", |draft| again(draft, unwanted));
    }
}

#[test]
fn the_token_was_asked_for_every_key_before_it_signed() {
    let keys = |with: fn(&mut Vec<Finding>)| {
        move |draft: &mut Draft| {
            change(draft, |body| {
                if let Body::Findings(findings) = body
                    && findings.stage == "token"
                {
                    with(&mut findings.findings);
                }
            });
        }
    };
    expect_failure("AUDIT-COURSE", "transcript.jsonl", keys(Vec::clear));
    let changes: [fn(&mut Vec<Finding>); 4] = [
        |findings| drop(findings.pop()),
        |findings| drop(findings.remove(0)),
        |findings| findings[0].found = Some("another".to_owned()),
        |findings| findings[0].verdict = Verdict::Warn,
    ];
    for with in changes {
        expect_failure("AUDIT-TOKEN-KEYS", "transcript.jsonl", keys(with));
    }
}

/// The first batch is answered late: these entries come before its answer, and a second opening after those that follow.
fn late(draft: &mut Draft, before: &[Body], after: &[Body]) {
    let of_token = |body: &Body| match body {
        Body::TokenChosen(_) | Body::Unlocking(_) | Body::Unlocked(_) => true,
        Body::Findings(findings) => findings.stage == "token",
        _ => false,
    };
    let all = |bodies: &[Body]| -> Vec<_> {
        bodies.iter().map(|body| (Step::Execute, Actor::Program, body.clone())).collect()
    };
    let opening: Vec<_> = draft.happened.iter().filter(|(_, _, body)| of_token(body)).cloned().collect();
    let signed = place(draft, |body| matches!(body, Body::Signed(_)));
    draft.happened.splice(signed + 1..signed + 1, all(after).into_iter().chain(opening));
    draft.happened.splice(signed..signed, all(before));
}

/// Failures but those that tell that it went on after a stop, as every draft does.
fn but_of_a_stop(change: impl FnOnce(&mut Draft)) -> Vec<String> {
    failures(change).into_iter().filter(|failure| !failure.contains("people had stopped")).collect()
}

#[test]
fn what_says_nothing_of_the_token_may_come_before_its_late_answer_and_what_ends_its_session_may_not() {
    let note = || Note { note: "x".to_owned() };
    let [paused, stopped] = [Body::Paused(note()), Body::Stopped(note())];
    let [closed, fault, resumed] = [Body::TokenClosed(note()), Body::TokenFault(note()), Body::Resumed(note())];
    let [withheld, continued] = [Body::Withheld(note()), Body::Continued(note())];
    let text = || "x".to_owned();
    let exception = Exception { expected: text(), happened: text(), action: text(), decided_by: text() };
    let refused = UsbRefused { name: text(), product: text(), classes: text(), reason: text() };
    let (rtc, agreed) = (fixture::now(), fixture::now());
    let drift = Body::ClockDrift(ClockDrift { rtc, agreed, drift_seconds: 0 });
    let meanwhile = [Body::Exception(exception), Body::UsbRefused(refused), drift];
    for asked in [&paused, &stopped] {
        let before: Vec<Body> = [asked.clone()].into_iter().chain(meanwhile.clone()).collect();
        assert_eq!(but_of_a_stop(|draft| late(draft, &before, std::slice::from_ref(&closed))), Vec::<String>::new());
        for end in [&fault, &resumed, &withheld, &continued] {
            let before = [asked.clone(), end.clone()];
            expect("AUDIT-COURSE", |draft| late(draft, &before, &[]));
        }
        expect("AUDIT-COURSE", |draft| {
            let again = draft.happened.iter().find(|(_, _, body)| matches!(body, Body::Signed(_))).unwrap().2.clone();
            late(draft, &before, &[again]);
        });
    }
    // Only who stops does not wait for the answer.
    let before = |asked: &Body| [asked.clone(), closed.clone(), meanwhile[0].clone()];
    assert_eq!(but_of_a_stop(|draft| late(draft, &before(&stopped), &[])), Vec::<String>::new());
    expect("AUDIT-COURSE", |draft| late(draft, &before(&paused), &[]));
    expect("AUDIT-COURSE", |draft| late(draft, &before(&meanwhile[1]), &[]));
}

/// Expects a failure of this check in the transcript.
#[track_caller]
fn expect(check: &str, change: impl FnOnce(&mut Draft)) {
    expect_failure(check, "transcript.jsonl", change);
}

/// The place of the first entry like this.
fn place(draft: &Draft, is: impl Fn(&Body) -> bool) -> usize {
    draft.happened.iter().position(|(_, _, body)| is(body)).unwrap()
}

#[test]
fn every_time_is_that_of_its_entry_and_time_goes_as_the_monotonic_clock() {
    let later = fixture::now().checked_add(crate::dns::Duration::from_seconds(60)).unwrap();
    expect("AUDIT-TIME", |draft| {
        change(draft, |body| {
            if let Body::JudgedAt(judged) = body {
                judged.time = later;
            }
        });
    });
    let agreed_later = |draft: &mut Draft| {
        change(draft, |body| match body {
            Body::TimeAgreed(agreed) => (agreed.agreed, agreed.shown) = (later, later),
            Body::TimeConfirmed(confirmed) => {
                (confirmed.shown, confirmed.watch) = (later, Watch::at(later).to_string());
            }
            _ => {}
        });
    };
    expect("AUDIT-TIME", agreed_later);
    expect("AUDIT-TIME", |draft| {
        change(draft, |body| {
            if let Body::TimeConfirmed(confirmed) = body {
                (confirmed.shown, confirmed.watch) = (later, Watch::at(later).to_string());
            }
        });
    });
    let entries = judged(&draft(Mode::Ceremony).seal().files).entries;
    let told = |change: fn(&mut Entry)| {
        let mut entries = entries.clone();
        entries.iter_mut().skip(20).for_each(change);
        let mut remarks = Remarks::new();
        time::check(&entries, &Trail::new(&entries), &mut remarks);
        remarks.finish().iter().any(|finding| finding.message.contains("time and uptime since entry 1 differ"))
    };
    assert!(!told(|_| {}));
    assert!(told(|entry| entry.uptime += 3000));
    assert!(told(|entry| entry.time = Time::MAX));
    let resumed = Note { note: "from the spool".to_owned() };
    let mut entries = entries.clone();
    entries[20].body = Body::Resumed(resumed);
    entries.iter_mut().skip(20).for_each(|entry| entry.uptime += 90_000);
    let mut remarks = Remarks::new();
    time::check(&entries, &Trail::new(&entries), &mut remarks);
    assert!(remarks.finish().iter().all(|finding| finding.verdict != Verdict::Fail), "another process, another clock");
}

#[test]
fn what_was_read_was_compared_with_paper_or_nobody_had_its_hash() {
    let of = |name: &'static str| move |body: &Body| matches!(body, Body::ReadBack(read) if read.subject == name);
    for name in ["previous record", "request of job 1", "request of job 2"] {
        expect("AUDIT-COMPARED", |draft| remove(draft, of(name)));
        expect("AUDIT-COMPARED", |draft| {
            change(draft, |body| match body {
                Body::ReadBack(read) if read.subject == name => read.sha256 = sha256(b"another"),
                _ => {}
            });
        });
        let without_paper = failures(|draft| {
            change(draft, |body| {
                if of(name)(body) {
                    *body = Body::NoIndependentHash(NotCompared { subject: name.to_owned(), attempts: 1 });
                }
            });
        });
        assert_eq!(without_paper, Vec::<String>::new());
    }
}

#[test]
fn a_record_goes_on_from_another_or_two_people_have_declared_that_there_is_none() {
    expect("AUDIT-COMPARED", |draft| {
        remove(draft, |body| match body {
            Body::PreviousRecord(_) => true,
            Body::ReadBack(read) => read.subject == "previous record",
            _ => false,
        });
    });
    let first = |people: bool| {
        move |draft: &mut Draft| {
            let profile = profile::read(profile_text().as_bytes()).unwrap().sha256;
            let at = place(draft, |body| matches!(body, Body::JudgedAt(_)));
            let after = draft.happened.split_off(at);
            if people {
                draft.confirm(Step::Media, "first: record", profile);
            }
            let (subject, reason) = ("record".to_owned(), "lost".to_owned());
            draft.push(Step::Media, Body::First(First { subject, reason }));
            draft.happened.extend(after);
        }
    };
    let told = |people| failures(first(people)).iter().any(|failure| failure.contains("AUDIT-PEOPLE"));
    assert!(!told(true));
    assert!(told(false));
    expect("AUDIT-PEOPLE", |draft| {
        let of_first = |body: &Body| matches!(body, Body::Confirmed(c) if c.subject == "first: response of job 2");
        remove(draft, |body| of_first(body) && matches!(body, Body::Confirmed(c) if c.role == role("CA")));
    });
}

#[test]
fn after_the_process_had_died_two_people_went_on() {
    let resumed = |people: bool| {
        move |draft: &mut Draft| {
            let plan = draft.happened.iter().find_map(|(_, _, body)| match body {
                Body::Planned(planned) => Some(planned.plan_sha256),
                _ => None,
            });
            let at = place(draft, |body| matches!(body, Body::TokenChosen(_)));
            let after = draft.happened.split_off(at);
            draft.push(Step::Unlock, Body::Resumed(Note { note: "from the spool".to_owned() }));
            if people {
                draft.confirm(Step::Unlock, "resume", plan.unwrap());
            }
            draft.happened.extend(after);
        }
    };
    assert_eq!(failures(resumed(true)), Vec::<String>::new());
    expect("AUDIT-PEOPLE", resumed(false));
}

#[test]
fn a_stage_is_one_that_is_known_and_people_are_entered_first() {
    expect("AUDIT-COURSE", |draft| {
        let findings = Findings { job: 1, stage: "lunch".to_owned(), findings: Vec::new() };
        let at = place(draft, |body| matches!(body, Body::Planned(_)));
        draft.happened.insert(at, (Step::Plan, Actor::Program, Body::Findings(findings)));
    });
    expect("AUDIT-COURSE", |draft| {
        let at = place(draft, |body| matches!(body, Body::Person(person) if person.role == role("IW")));
        let late = draft.happened.remove(at);
        let end = draft.happened.len();
        draft.happened.insert(end, late);
    });
}

/// Failures of the delivery of a record that ended so, with these entries.
fn delivered(ending: Ending, entries: &[Body]) -> Vec<String> {
    let draft = draft(Mode::Ceremony);
    let mut chain = Chain::new();
    for (uptime, (step, actor, body)) in (0..).zip(draft.happened) {
        chain.append(moment(uptime), step, &actor, body).unwrap();
    }
    let mut record = seal(&mut chain, &key(), &draft.mode, draft.files, ending, moment(1000), report).unwrap();
    let mut log = Chain::following(record.fingerprint);
    for body in entries.iter().cloned() {
        let body = match body {
            Body::RecordWritten(written) => Body::RecordWritten(Written { sha256: record.sums_sha256, ..written }),
            other => other,
        };
        log.append(moment(1001), Step::Write, &Actor::Program, body).unwrap();
    }
    record.files.extend(delivery(&log, &key(), &draft.mode));
    let failures = judged(&record.files).findings.into_iter().filter(|finding| finding.verdict == Verdict::Fail);
    failures.filter(|finding| finding.check == "AUDIT-DELIVERY").map(|finding| finding.to_string()).collect()
}

#[test]
fn a_response_leaves_after_a_record_is_written_and_only_where_it_was_accepted() {
    let response = draft(Mode::Ceremony).happened.into_iter().find_map(|(_, _, body)| match body {
        Body::Response(made) => Some(made.sha256),
        _ => None,
    });
    let written = |name: &str, sha256| {
        let [name, label, uuid] = [name, "KSR", "AAAA-BBBB"].map(str::to_owned);
        Written { name, label, uuid, sha256, octets: 1 }
    };
    let record = Body::RecordWritten(written("20270301T000000Z-x", sha256(b"sums")));
    let response = Body::ResponseWritten(written("skr.xml", response.unwrap()));
    let both = [record.clone(), response.clone()];
    assert_eq!(delivered(Ending::Complete, &both), Vec::<String>::new());
    assert!(delivered(Ending::Complete, &[response, record])[0].contains("before any record"));
    for ending in [Ending::Refused, Ending::Stopped] {
        assert!(delivered(ending, &both)[0].contains("none was accepted"));
    }
}
