//! Whole ceremonies, in one thread and in memory.

mod media;
mod room;
mod turns;
mod write;

use super::fake::{STARTED, World, right, setup, start, utc, volume};
use super::*;
use crate::steps::{Mode, Moment, Pin, Step, UsbFacts, UsbState, VolumeFacts};
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

/// From now on these are plugged in.
fn plug(world: &mut World, volumes: Vec<VolumeFacts>) {
    world.settle();
    world.volumes = volumes;
    let (at, told) = (world.moment(), world.volumes.clone());
    if let Ok(effects) = world.ceremony.apply(at, Event::Work(Work::Volumes(told))) {
        world.todo.extend(effects);
    }
    world.settle();
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
        if matches!(world.ceremony.view().question, Question::Finished { .. }) {
            assert_eq!(world.input(exception), Err(Refusal::Over), "it would reach no medium");
        } else {
            world.input(exception).unwrap();
            count += 1;
        }
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
fn a_stop_or_a_pause_while_the_token_is_silent_holds_when_it_has_failed() {
    let mut world = World::new(Mode::Ceremony);
    world.while_signing = vec![Input::Stop("it does not answer".to_owned())];
    world.sign_faults.push_back(2);
    play(&mut world, |_| false);
    assert_eq!((world.finished, world.records.len(), world.responses.len()), (Some(1), 2, 0));
    let kinds_of = kinds(&world);
    let at = |kind: &str| kinds_of.iter().position(|other| other == kind).unwrap();
    assert!(at("stopped") < at("token-fault"), "{kinds_of:?}");

    let mut world = World::new(Mode::Ceremony);
    world.while_signing = vec![Input::Pause];
    world.sign_faults.push_back(2);
    play(&mut world, |question| matches!(question, Question::Fault { .. }));
    play(&mut world, |question| {
        assert!(!matches!(question, Question::Paused), "the fault was the pause");
        false
    });
    assert_eq!(world.finished, Some(0));
}

#[test]
fn who_stops_once_more_does_not_wait_for_a_silent_token() {
    let mut world = World::new(Mode::Ceremony);
    let stop = || Input::Stop("fire".to_owned());
    world.while_signing = vec![stop(), stop(), stop()];
    world.sign_faults.push_back(2);
    play(&mut world, |_| false);
    assert_eq!((world.finished, world.responses.len()), (Some(1), 0));
    let kinds = kinds(&world);
    let of = |kind: &str| kinds.iter().filter(|other| *other == kind).count();
    assert_eq!((of("signed"), of("token-fault"), of("stopped")), (1, 0, 1), "what was signed is kept: {kinds:?}");
}

#[test]
fn without_people_no_pin_is_sent_to_a_token_that_shows_its_final_try() {
    let mut world = World::new(Mode::Unattended);
    world.final_try = true;
    play(&mut world, |_| false);
    assert_eq!(world.finished, Some(4));
    assert!(!world.seen.iter().any(|(effect, _)| effect == "Login"), "{:?}", world.seen);
    let fault = entries(&world).into_iter().find_map(|entry| match entry.body {
        Body::TokenFault(fault) => Some(fault.note),
        _ => None,
    });
    assert!(fault.unwrap().contains("FINAL TRY"));
    let mut world = World::new(Mode::Ceremony);
    world.final_try = true;
    play(&mut world, |_| false);
    assert_eq!(world.finished, Some(0), "people see it, and decide");
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
fn a_drill_is_a_whole_ceremony_with_a_mark_on_all_that_it_leaves() {
    let mode: Mode = "drill:lost-officer".parse().unwrap();
    let mut world = World::new(mode.clone());
    play(&mut world, |_| false);
    assert_eq!(world.finished, Some(0));
    assert!(world.records.keys().all(|(_, folder)| folder.starts_with("REHEARSAL-")), "{:?}", world.records.keys());
    assert!(world.responses.contains_key("REHEARSAL-skr-example.txt"), "{:?}", world.responses.keys());
    let record = world.records.values().next().unwrap();
    let audit = transcript::audit(record, None, 1, crate::paper::report);
    assert!(audit.verdict.is_good() && audit.headline().starts_with("DRILL lost-officer: "), "{:#?}", audit.lines());
    assert!(String::from_utf8_lossy(&record["report.txt"]).contains("D R I L L   lost-officer"));
    let mut ceremony = World::new(Mode::Ceremony);
    play(&mut ceremony, |_| false);
    let (real, drilled) = (ceremony.records.values().next().unwrap(), record);
    let response = "jobs/01-example/skr-example.txt";
    assert_eq!(real[response], drilled[response], "octets of responses carry no mark");
}

#[test]
fn no_ceremony_goes_on_from_practice_and_practice_goes_on_from_either() {
    let drill = || "drill:x".parse::<Mode>().unwrap();
    for (before, after, taken) in [
        (drill(), Mode::Ceremony, false),
        (Mode::Rehearsal, Mode::Ceremony, false),
        (Mode::Ceremony, drill(), true),
        (drill(), drill(), true),
    ] {
        let mut world = World::new(before.clone());
        play(&mut world, |_| false);
        let mut next = World::new(after.clone());
        next.records = world.records;
        play(&mut next, |question| matches!(question, Question::PreviousRecord(_)));
        next.answer(Answer::Choose(0)).unwrap();
        next.settle();
        let view = next.ceremony.view();
        assert_eq!(view.previous_record.is_some(), taken, "{before} before {after}");
        let told = view.refusal.as_ref().is_some_and(|refusal| refusal.contains("no ceremony goes on from it"));
        assert_eq!(told, !taken, "{before} before {after}: {:?}", view.refusal);
    }
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
fn only_a_medium_that_can_be_used_takes_what_another_could_not() {
    let mut world = World::new(Mode::Ceremony);
    world.write_faults.extend(["", "the stick is full"]);
    play(&mut world, |question| matches!(question, Question::WriteFault { .. }));
    let labels = ["RECORD-1", "RECORD-2", "KSR", "RECORD-4", "RECORD-5", "(exFAT)", "RECORD-7"];
    let mut volumes: Vec<_> = (1..).zip(labels).map(|(id, label)| volume(id, label)).collect();
    volumes[3].writable = false;
    volumes[4].free = 512;
    volumes[5].uuid.clear();
    let at = world.moment();
    world.ceremony.apply(at, Event::Work(Work::Volumes(volumes))).unwrap();
    let Question::WriteFault { wanted: Some(wanted), .. } = world.ceremony.view().question.clone() else { panic!() };
    let unfit: Vec<_> = world.ceremony.view().volumes.iter().map(|volume| wanted.unfit(volume)).collect();
    use Unfit::{Foreign, Full, Label, Protected, Taken};
    let expected = [Some(Taken), None, Some(Label), Some(Protected), Some(Full(512)), Some(Foreign), None];
    assert_eq!(unfit, expected);
    let mut take = |id| world.answer(Answer::Volume(crate::steps::VolumeId(id)));
    assert_eq!(take(1), Err(Refusal::VolumeTaken("RECORD-1".to_owned())));
    assert!(matches!(take(3), Err(Refusal::VolumeLabel { .. })));
    assert_eq!(take(4), Err(Refusal::VolumeReadOnly("RECORD-4".to_owned())));
    assert!(matches!(take(5), Err(Refusal::VolumeFull { free: 512, .. })));
    take(7).unwrap();
    play(&mut world, |_| false);
    assert_eq!(world.finished, Some(0));
    assert!(world.records.keys().any(|(id, _)| *id == 7));
}

#[test]
fn a_spool_with_another_key_is_refused() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::Pin(_)));
    let mut spool = world.spool.clone().unwrap();
    spool.seed = Seed::from_octets(&[0; 32]);
    let at = Moment { time: start(), uptime: 0 };
    let refused = Ceremony::resume(setup(Mode::Ceremony, Vec::new()), spool, at).unwrap_err();
    assert!(refused.contains("its key is another one"), "{refused}");
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

fn asked_time(world: &World) -> TimeAsked {
    match &world.ceremony.view().question {
        Question::Time(asked) => asked.clone(),
        other => panic!("{other:?}"),
    }
}

fn by(who: &str, word: String) -> Answer {
    Answer::Confirm { role: role(who), initials: "xy".to_owned(), word }
}

#[test]
fn two_people_confirm_utc_by_their_own_watches() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::Time(_)));
    let right = utc(&asked_time(&world)).to_string();
    assert!(matches!(world.answer(by("CA", "03:33".to_owned())), Err(Refusal::Watch { .. })));
    world.answer(by("CA", right.clone())).unwrap();
    assert_eq!(world.answer(by("CA", right.clone())), Err(Refusal::Confirmer(role("CA"))));
    world.answer(by("IW", right)).unwrap();
    assert_eq!(world.ceremony.view().step, Step::Media);
    assert_eq!(world.clock_set, None, "the clock of a laptop is its owner's");
    play(&mut world, |_| false);
    assert_eq!(kinds(&world)[3..6], ["time-confirmed", "time-confirmed", "time-agreed"]);
}

#[test]
fn another_time_is_set_by_one_and_confirmed_anew_by_two() {
    let mut world = World::new(Mode::Ceremony);
    world.rtc = Some(-7);
    play(&mut world, |question| matches!(question, Question::Time(asked) if asked.first.is_some()));
    assert!(matches!(world.answer(Answer::Time("2026-11-22 1 pm".to_owned())), Err(Refusal::Time(_))));
    world.answer(Answer::Time("2026-11-22 15:00".to_owned())).unwrap();
    let asked = asked_time(&world);
    assert_eq!((asked.first.clone(), utc(&asked).to_string().as_str()), (None, "15:00"), "both confirm the new time");
    play(&mut world, |_| false);
    assert_eq!(world.finished, Some(0));
    let entries = entries(&world);
    let agreed = entries.iter().find_map(|entry| match &entry.body {
        Body::TimeAgreed(agreed) => Some(agreed.clone()),
        _ => None,
    });
    let agreed = agreed.unwrap();
    assert!(agreed.agreed.to_string().starts_with("2026-11-22T15:00:"));
    assert_eq!(agreed.rtc.unwrap().seconds_since(agreed.shown), -7);
    let drifts: Vec<_> = entries
        .iter()
        .filter(|entry| matches!(entry.body, Body::ClockDrift(_)))
        .map(|entry| entry.step.name())
        .collect();
    assert_eq!(drifts, ["media", "request", "plan", "unlock", "execute", "review"]);
    let record = world.records.values().next().unwrap();
    let audit = transcript::audit(record, None, 1, crate::paper::report);
    assert_eq!(audit.failures().map(ToString::to_string).collect::<Vec<_>>(), [] as [String; 0]);
    let delivered = String::from_utf8(record["delivery.jsonl"].clone()).unwrap();
    assert_eq!(delivered.matches("\"kind\":\"clock-drift\"").count(), 2, "while writing, and at the close");
}

#[test]
fn on_the_image_the_computers_clock_follows_the_agreed_time() {
    let mut world = on_the_image(Appliance { prepares: true, ..Appliance::default() });
    play(&mut world, |question| matches!(question, Question::Time(_)));
    world.answer(Answer::Time("2026-11-22 15:00".to_owned())).unwrap();
    play(&mut world, |_| false);
    assert_eq!(world.clock_set.map(|time| time.to_string()[..17].to_owned()), Some("2026-11-22T15:00:".to_owned()));
    assert!(kinds(&world).contains(&"clock-set".to_owned()));
    let confined = entries(&world).into_iter().filter_map(|entry| match entry.body {
        Body::Confined(confined) => Some((confined.process, confined.measures)),
        _ => None,
    });
    assert_eq!(confined.into_iter().next(), Some(("appliance".to_owned(), vec![STARTED.to_owned()])));
}

fn usb(id: u32) -> UsbFacts {
    let text = |text: &str| text.to_owned();
    UsbFacts { id, product: text("0627:0001"), name: format!("Device {id}"), classes: text("03") }
}

/// The broker tells of these devices.
fn tell_usb(world: &mut World, refused: &[u32], waiting: &[u32], keyboards: u32) {
    let facts = |ids: &[u32]| ids.iter().map(|id| usb(*id)).collect();
    let state = UsbState { refused: facts(refused), waiting: facts(waiting), keyboards };
    let at = world.moment();
    let effects = world.ceremony.apply(at, Event::Work(Work::Usb(state))).unwrap();
    world.todo.extend(effects);
    world.settle();
}

fn on_a_screen() -> World {
    let keymaps = vec!["us".to_owned()];
    on_the_image(Appliance { prepares: true, keymaps, keymap: 0 })
}

#[test]
fn a_refused_device_is_told_and_entered_once() {
    let mut world = on_a_screen();
    play(&mut world, |question| matches!(question, Question::People { .. }));
    tell_usb(&mut world, &[5], &[], 1);
    assert_eq!(world.ceremony.view().computer.usb.refused, [usb(5)]);
    tell_usb(&mut world, &[5, 6], &[], 1);
    tell_usb(&mut world, &[], &[], 1);
    play(&mut world, |_| false);
    assert_eq!(kinds(&world).iter().filter(|kind| *kind == "usb-refused").count(), 2);
}

#[test]
fn a_new_keyboard_is_let_in_or_kept_out_by_a_person_at_any_step() {
    let mut world = on_a_screen();
    play(&mut world, |question| matches!(question, Question::MoreJobs));
    tell_usb(&mut world, &[], &[5, 6, 7], 1);
    let decide = |device, allow, who: &str| Input::Keyboard { device, allow, decided_by: who.to_owned() };
    assert_eq!(world.input(decide(5, true, " ")), Err(Refusal::Empty));
    assert_eq!(world.input(decide(9, true, "CA")), Err(Refusal::KeyboardGone));
    world.input(decide(5, true, "CA")).unwrap();
    world.input(decide(6, false, "CA")).unwrap();
    assert_eq!(world.ceremony.view().computer.usb.waiting, [usb(7)]);
    assert!(matches!(world.ceremony.view().question, Question::MoreJobs), "the question stays");
    tell_usb(&mut world, &[6], &[7], 2);
    tell_usb(&mut world, &[6], &[], 2);
    assert_eq!(world.usb, [(5, true), (6, false)]);
    play(&mut world, |_| false);
    let told = entries(&world).into_iter().filter_map(|entry| match entry.body {
        Body::UsbAllowed(allowed) => Some(format!("{} by {}", allowed.name, allowed.decided_by)),
        Body::UsbRefused(refused) => Some(format!("{}: {}", refused.name, refused.reason)),
        _ => None,
    });
    let expected =
        ["Device 5 by CA", "Device 6: decided by CA", "Device 7: it was taken out before anybody had decided"];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

#[test]
fn without_any_keyboard_the_next_one_is_let_in_by_an_exception_and_the_token_is_closed() {
    let mut world = on_a_screen();
    play(&mut world, |question| matches!(question, Question::Pin(_)));
    tell_usb(&mut world, &[], &[], 0);
    assert!(matches!(world.ceremony.view().question, Question::Pin(_)), "nothing happens before one is plugged in");
    tell_usb(&mut world, &[], &[5], 0);
    assert_eq!(world.ceremony.view().question, Question::Paused);
    tell_usb(&mut world, &[], &[], 1);
    play(&mut world, |_| false);
    assert_eq!((world.finished, world.usb.as_slice()), (Some(0), &[(5, true)][..]));
    let kinds = kinds(&world);
    let at = |kind: &str| kinds.iter().position(|other| other == kind).unwrap();
    assert!(at("exception") < at("usb-allowed") && at("usb-allowed") < at("paused") && at("paused") < at("continued"));
    let record = world.records.values().next().unwrap();
    let audit = transcript::audit(record, None, 1, crate::paper::report);
    assert_eq!(audit.failures().map(ToString::to_string).collect::<Vec<_>>(), [] as [String; 0]);
}

#[test]
fn a_serial_console_needs_no_keyboard_of_this_computer() {
    let mut world = on_the_image(Appliance { prepares: true, ..Appliance::default() });
    play(&mut world, |question| matches!(question, Question::Pin(_)));
    tell_usb(&mut world, &[], &[5], 0);
    assert!(matches!(world.ceremony.view().question, Question::Pin(_)));
    assert!(world.usb.is_empty());
}

/// A ceremony on the image that has no profile of its own.
fn on_the_image(appliance: Appliance) -> World {
    let mut setup = setup(Mode::Ceremony, Vec::new());
    setup.profiles.clear();
    setup.appliance = Some(appliance);
    World::of(setup)
}

#[test]
fn on_the_image_nothing_is_asked_before_the_door_is_shut() {
    let mut world = on_the_image(Appliance::default());
    assert!(matches!(world.ceremony.view().question, Question::Working(_)), "the screen is there at once");
    let (at, done) = (world.moment(), Event::Input(Input::Answer(Answer::Done)));
    assert_eq!(world.ceremony.apply(at, done).unwrap_err(), Refusal::NotAsked);
    world.settle();
    let computer = &world.ceremony.view().computer;
    assert_eq!(
        (computer.boot_medium.as_deref(), computer.started.as_slice()),
        (Some("absent"), [STARTED.to_owned()].as_slice())
    );
}

#[test]
fn the_keyboard_is_tried_out_before_anything_else() {
    let keymaps = ["us", "de"].map(str::to_owned).to_vec();
    let mut world = on_the_image(Appliance { prepares: true, keymaps: keymaps.clone(), keymap: 0 });
    world.settle();
    assert_eq!(world.answer(Answer::Choose(2)), Err(Refusal::NoSuchChoice(3)));
    world.answer(Answer::Choose(1)).unwrap();
    assert_eq!(world.ceremony.view().question, Question::Keyboard { layouts: keymaps, loaded: 1 });
    play(&mut world, |_| false);
    let layouts = entries(&world).into_iter().filter_map(|entry| match entry.body {
        Body::Keyboard(keyboard) => Some(keyboard.layout),
        _ => None,
    });
    assert_eq!(layouts.collect::<Vec<_>>(), ["de"]);
}

#[test]
fn a_rehearsal_on_the_image_is_prepared_on_the_screen() {
    let mut world = on_the_image(Appliance { prepares: true, ..Appliance::default() });
    world.settle();
    assert!(matches!(&world.ceremony.view().question, Question::ConfirmProfile(only) if only.origin == "rehearsal"));
    play(&mut world, |question| matches!(question, Question::RequestVolume));
    let text = String::from_utf8(world.journal).unwrap();
    assert!(text.contains("\"build_id\":\"none; medium absent\""));
}

fn role(text: &str) -> crate::steps::Role {
    crate::steps::Role::new(text).unwrap()
}

#[test]
fn a_reason_is_shown_to_those_who_confirm_it_and_stays_when_they_go_back() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::Reason { .. }));
    world.answer(Answer::Text("new site".into())).unwrap();
    let Question::TwoPeople(asked) = world.ceremony.view().question.clone() else { panic!("not confirmed") };
    assert_eq!(asked.reason.as_deref(), Some("new site"));
    world.answer(Answer::No).unwrap();
    let Question::Reason { subject, typed } = world.ceremony.view().question.clone() else { panic!("not back") };
    assert_eq!((subject.as_str(), typed.as_str()), ("record", "new site"));
    // The next reason is another matter: nothing stands there.
    play(&mut world, |question| matches!(question, Question::Reason { subject, .. } if subject != "record"));
    assert!(matches!(&world.ceremony.view().question, Question::Reason { typed, .. } if typed.is_empty()));
    play(&mut world, |question| matches!(question, Question::TwoPeople(asked) if asked.subject == "plan"));
    assert!(matches!(&world.ceremony.view().question, Question::TwoPeople(TwoPeople { reason: None, .. })));
}

#[test]
fn what_differs_from_paper_is_left_and_chosen_anew() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::ReadBack(_)));
    world.answer(Answer::Done).unwrap();
    assert!(matches!(&world.ceremony.view().question, Question::Document(asked) if asked.job == 2));
    assert_eq!(world.ceremony.view().jobs.iter().map(|job| job.state).collect::<Vec<_>>(), [JobState::Dropped]);
    play(&mut world, |_| false);
    assert_eq!(world.finished, Some(0));
    assert!(!kinds(&world).contains(&"no-independent-hash".to_owned()), "it was compared in the end");
}

#[test]
fn a_record_that_is_not_the_one_on_paper_is_no_predecessor() {
    let mut first = World::new(Mode::Ceremony);
    play(&mut first, |_| false);
    let mut next = World::new(Mode::Ceremony);
    next.records = first.records;
    play(&mut next, |question| matches!(question, Question::ReadBack(_)));
    assert!(next.ceremony.view().previous_record.is_some());
    next.answer(Answer::Done).unwrap();
    assert!(matches!(&next.ceremony.view().question, Question::PreviousRecord(_)));
    assert!(next.ceremony.view().previous_record.is_none());
}

#[test]
fn a_dropped_job_is_called_so_and_its_number_is_not_given_again() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::Judged { .. }));
    world.answer(Answer::No).unwrap();
    play(&mut world, |question| matches!(question, Question::TwoPeople(asked) if asked.subject == "plan"));
    let view = world.ceremony.view();
    let jobs: Vec<(usize, JobState)> = view.jobs.iter().map(|job| (job.number, job.state)).collect();
    assert_eq!(jobs, [(1, JobState::Dropped), (2, JobState::Taken)]);
    let planned: Vec<usize> = view.plan.iter().flat_map(|plan| plan.jobs.iter().map(|job| job.number)).collect();
    assert_eq!(planned, [2]);
}
