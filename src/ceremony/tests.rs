//! Whole ceremonies, in one thread and in memory.

use super::fake::{World, right, setup, start};
use super::*;
use crate::steps::{Mode, Moment, Pin, Step};
use crate::transcript::{self, Body, Entry};

/// Answers rightly until a question is asked for which `until` holds, or all is over.
fn play(world: &mut World, until: impl Fn(&Question) -> bool) {
    world.settle();
    for _ in 0..200 {
        if world.finished.is_some() || until(&world.ceremony.view().question) {
            return;
        }
        let answer = right(world.ceremony.view());
        let question = format!("{:?}", world.ceremony.view().question);
        world.answer(answer).unwrap_or_else(|refusal| panic!("{question}: {refusal}"));
        assert_eq!(world.ceremony.view().refusal, None, "{question}");
    }
    panic!("no end: {:?}", world.ceremony.view().question);
}

fn entries(world: &World) -> Vec<Entry> {
    let record = world.records.values().next().expect("a record");
    transcript::read(&record["transcript.jsonl"], crate::dns::Sha256Digest::ZERO).unwrap()
}

fn kinds(world: &World) -> Vec<String> {
    let kind = |entry: &Entry| serde_json::to_value(&entry.body).unwrap()["kind"].as_str().unwrap().to_owned();
    entries(world).iter().map(kind).collect()
}

#[test]
fn a_whole_ceremony_ends_with_identical_records_and_the_response() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |_| false);
    assert_eq!(world.finished, Some(0));
    assert_eq!(world.records.len(), 2);
    let mut records = world.records.values();
    assert_eq!(records.next(), records.next());
    let skr = &world.responses["skr-example.txt"];
    let record = world.records.values().next().unwrap();
    assert_eq!(&record["jobs/01-example/skr-example.txt"], skr);
    assert_eq!(world.spool.as_ref().map(|_| ()), None, "the spool is forgotten");
}

#[test]
fn the_same_inputs_give_the_same_octets() {
    let run = || {
        let mut world = World::new(Mode::Ceremony);
        play(&mut world, |_| false);
        (world.records, world.responses)
    };
    assert_eq!(run(), run());
}

#[test]
fn an_entry_is_in_the_journal_before_its_effect_runs() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |_| false);
    let at = |name: &str| world.seen.iter().position(|(seen, _)| seen == name).unwrap();
    let text = String::from_utf8(world.journal.clone()).unwrap();
    for (effect, entry) in [("Login", "\"kind\":\"unlocking\""), ("Sign", "\"kind\":\"signing\"")] {
        let (_, journal) = &world.seen[at(effect)];
        assert!(text[..*journal].contains(entry), "{effect} ran before its entry was on the media");
    }
}

#[test]
fn typos_lead_back_to_the_question() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::People { .. }));
    let person = |role: &str, name: &str| Answer::Person { role: role.to_owned(), name: name.to_owned() };
    assert_eq!(world.answer(Answer::Done), Err(Refusal::RolesMissing(vec![role("CA"), role("IW")])));
    assert!(matches!(world.answer(person("1A", "Ada")), Err(Refusal::Role(_))));
    world.answer(person("ca", "Ada")).unwrap();
    assert_eq!(world.answer(person("CA", "Bob")), Err(Refusal::RoleTaken(role("CA"))));
    assert!(matches!(world.answer(person("IW", "ada")), Err(Refusal::NameTaken(_))));
    play(&mut world, |question| matches!(question, Question::ReadBack(_)));
    assert_eq!(world.answer(Answer::Text("wrong words here".to_owned())), Err(Refusal::Words));
    assert!(matches!(world.ceremony.view().question, Question::ReadBack(_)));
    play(&mut world, |question| matches!(question, Question::TwoPeople(asked) if asked.subject == "plan"));
    let wrong = Answer::Confirm { role: role("CA"), initials: "al".to_owned(), word: "aardvarkk".to_owned() };
    assert!(matches!(world.answer(wrong), Err(Refusal::FirstWord(_))));
    play(&mut world, |question| matches!(question, Question::Pin(_)));
    let _ = world.answer(Answer::Pin(Pin::from_octets(b"0000").unwrap()));
    assert!(matches!(world.ceremony.view().question, Question::Pin(_)), "a wrong PIN leads back to the PIN");
    assert!(world.ceremony.view().refusal.is_some());
    play(&mut world, |_| false);
    assert_eq!(world.finished, Some(0));
    let outcomes = entries(&world).into_iter().filter_map(|entry| match entry.body {
        Body::Unlocked(outcome) => Some(outcome.good),
        _ => None,
    });
    assert_eq!(outcomes.collect::<Vec<_>>(), [false, true]);
}

#[test]
fn one_person_cannot_confirm_twice() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::TwoPeople(asked) if asked.first.is_some()));
    let Question::TwoPeople(asked) = world.ceremony.view().question.clone() else { panic!() };
    let word = crate::render::word(0, asked.sha256.as_bytes()[0]).to_owned();
    let again = Answer::Confirm { role: asked.first.clone().unwrap(), initials: "al".to_owned(), word };
    assert_eq!(world.answer(again), Err(Refusal::Confirmer(role("CA"))));
}

#[test]
fn after_a_token_fault_the_plan_goes_on_at_the_first_signature_not_made() {
    let mut world = World::new(Mode::Ceremony);
    world.sign_faults.push_back(3);
    play(&mut world, |question| matches!(question, Question::Fault { .. }));
    assert_eq!(world.ceremony.view().signatures.0, 3);
    assert_eq!(world.ceremony.view().step, Step::Unlock);
    play(&mut world, |_| false);
    assert_eq!(world.finished, Some(0));
    let batches = entries(&world).into_iter().filter_map(|entry| match entry.body {
        Body::Signed(batch) => Some((batch.from, batch.to)),
        _ => None,
    });
    let batches: Vec<_> = batches.collect();
    assert_eq!(batches[0], (1, 3));
    assert_eq!(batches[1].0, 4);
    assert!(kinds(&world).contains(&"token-fault".to_owned()));
}

#[test]
fn an_exception_can_be_recorded_at_every_question_and_stays() {
    let mut world = World::new(Mode::Ceremony);
    let mut count = 0;
    world.settle();
    for _ in 0..100 {
        if world.finished.is_some() {
            break;
        }
        let text = |text: &str| text.to_owned();
        let exception = Input::Exception {
            expected: text("a red stick"),
            happened: text("a blue one"),
            action: text("went on"),
            decided_by: text("CA"),
        };
        world.input(exception).unwrap();
        count += 1;
        let answer = right(world.ceremony.view());
        world.answer(answer).unwrap();
    }
    let record = world.records.values().next().unwrap();
    let delivered = String::from_utf8(record["delivery.jsonl"].clone()).unwrap();
    let sealed = kinds(&world).iter().filter(|kind| *kind == "exception").count();
    assert!(sealed >= 15 && delivered.contains("\"kind\":\"exception\""), "{sealed} of {count}");
}

#[test]
fn a_stop_seals_and_writes_what_happened() {
    for until in ["Judged", "Pin", "Review"] {
        let mut world = World::new(Mode::Ceremony);
        play(&mut world, |question| format!("{question:?}").starts_with(until));
        world.input(Input::Stop("fire alarm".to_owned())).unwrap();
        play(&mut world, |_| false);
        assert_eq!(world.finished, Some(1), "{until}");
        assert_eq!(world.records.len(), 2, "{until}");
        assert!(world.responses.is_empty(), "{until}");
        let entries = entries(&world);
        let Body::Seal(seal) = &entries.last().unwrap().body else { panic!("no seal") };
        assert_eq!(seal.outcome, "stopped");
    }
}

#[test]
fn refused_responses_are_not_written() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::Review { .. }));
    world.answer(Answer::No).unwrap();
    play(&mut world, |_| false);
    assert_eq!(world.finished, Some(1));
    assert!(world.responses.is_empty());
    let record = world.records.values().next().unwrap();
    assert!(!record.keys().any(|path| path.contains("skr")), "a refused response is not in the record");
}

#[test]
fn two_jobs_share_one_plan_one_unlock_and_one_transcript() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::MoreJobs));
    world.answer(Answer::Yes).unwrap();
    world.answer(Answer::Choose(1)).unwrap();
    play(&mut world, |_| false);
    assert_eq!(world.finished, Some(0));
    assert_eq!(world.responses.len(), 2);
    assert_eq!(kinds(&world).iter().filter(|kind| *kind == "unlocked").count(), 1);
}

#[test]
fn the_next_ceremony_finds_the_last_response_in_the_previous_record() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |_| false);
    let mut next = World::new(Mode::Ceremony);
    next.records = world.records;
    play(&mut next, |question| matches!(question, Question::Judged { .. }));
    let view = next.ceremony.view();
    assert!(view.previous_record.is_some());
    assert_eq!(view.jobs[0].previous.as_ref().unwrap().file, "skr-example.txt");
}

#[test]
fn a_full_stick_is_a_question_and_nothing_is_lost() {
    let mut world = World::new(Mode::Ceremony);
    world.write_faults.extend(["the stick is full", "", ""]);
    play(&mut world, |question| matches!(question, Question::WriteFault { .. }));
    assert!(world.responses.is_empty(), "no response leaves before a record is whole");
    play(&mut world, |_| false);
    assert_eq!(world.finished, Some(0));
    assert_eq!(world.records.len(), 2);
    let record = world.records.values().next().unwrap();
    assert!(String::from_utf8(record["delivery.jsonl"].clone()).unwrap().contains("the stick is full"));
}

#[test]
fn a_process_that_died_while_signing_goes_on_from_the_spool() {
    let mut world = World::new(Mode::Ceremony);
    world.sign_faults.push_back(3);
    play(&mut world, |question| matches!(question, Question::Fault { .. }));
    let spool = world.spool.clone().unwrap();
    let mut again = World::new(Mode::Ceremony);
    let at = Moment { time: start(), uptime: 0 };
    let (ceremony, effects) = Ceremony::resume(setup(Mode::Ceremony, Vec::new()), spool, at).unwrap();
    again.ceremony = ceremony;
    again.todo = effects.into();
    again.journal = world.journal.clone();
    play(&mut again, |_| false);
    assert_eq!(again.finished, Some(0));
    let kinds = kinds(&again);
    assert!(kinds.contains(&"resumed".to_owned()));
    assert_eq!(kinds.iter().filter(|kind| *kind == "opened").count(), 1);
    assert_eq!(again.responses.len(), 1);
}

#[test]
fn nobody_is_asked_in_an_unattended_run_and_the_transcript_says_so() {
    let mut world = World::new(Mode::Unattended);
    play(&mut world, |_| false);
    assert_eq!(world.finished, Some(0));
    let unconfirmed = entries(&world).into_iter().filter_map(|entry| match entry.body {
        Body::Unconfirmed(subject) => Some(subject.subject),
        _ => None,
    });
    let unconfirmed: Vec<_> = unconfirmed.collect();
    for subject in ["profile", "people", "time", "plan", "responses"] {
        assert!(unconfirmed.contains(&subject.to_owned()), "{subject}");
    }
}

fn role(text: &str) -> crate::steps::Role {
    crate::steps::Role::new(text).unwrap()
}
