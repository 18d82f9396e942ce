//! Ceremonies in which people go back, drop something or stop: what was left holds no longer, and the record is honest.

use super::super::fake::{PIN, request, volume};
use super::*;
use crate::quorum::Assembly;
use crate::steps::VolumeId;
use crate::token::TokenError;
use crate::transcript;

/// What an audit finds wrong in the record.
fn failures(world: &World) -> Vec<String> {
    let record = world.records.values().next().expect("a record");
    transcript::audit(record, None, 1, crate::paper::report).failures().map(ToString::to_string).collect()
}

fn count(world: &World, kind: &str) -> usize {
    kinds(world).iter().filter(|other| *other == kind).count()
}

fn stop(world: &mut World) {
    world.input(Input::Stop("fire alarm".to_owned())).unwrap();
    play(world, |_| false);
    assert_eq!(world.finished, Some(1));
}

/// At the question whether there is another request, with the first job taken.
fn with_a_job() -> World {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::MoreJobs));
    world
}

fn take(world: &mut World, file: usize) {
    world.answer(Answer::Yes).unwrap();
    world.answer(Answer::Choose(file)).unwrap();
    play(world, |question| matches!(question, Question::MoreJobs));
}

/// Back from the confirmation of the plan, to the jobs.
fn back_from_the_plan() -> World {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::TwoPeople(asked) if asked.subject == "plan"));
    world.answer(Answer::No).unwrap();
    world
}

#[test]
fn whoever_leaves_the_plan_is_at_the_requests_again_and_the_plan_is_gone() {
    let world = back_from_the_plan();
    let view = world.ceremony.view();
    assert_eq!((view.step, &view.question), (Step::Request, &Question::MoreJobs));
    assert!(view.plan.is_none() && view.signatures == (0, 0) && world.ceremony.plan.is_none());
}

#[test]
fn a_plan_that_people_left_is_not_sealed_and_its_record_is_consistent() {
    for more in [false, true] {
        let mut world = back_from_the_plan();
        if more {
            take(&mut world, 1);
        }
        stop(&mut world);
        assert_eq!(failures(&world), [] as [String; 0], "another job: {more}");
        assert_eq!(count(&world, "plan-withdrawn"), 1);
        let record = world.records.values().next().unwrap();
        assert!(!record.contains_key("plan.json"));
        assert!(String::from_utf8_lossy(&record["report.txt"]).contains("WITHDRAWN"));
    }
}

#[test]
fn a_plan_made_anew_after_one_was_left_is_confirmed_anew_and_signed() {
    let mut world = World::new(Mode::Ceremony);
    // The first of two has confirmed already.
    play(
        &mut world,
        |question| matches!(question, Question::TwoPeople(asked) if asked.subject == "plan" && asked.first.is_some()),
    );
    world.answer(Answer::No).unwrap();
    take(&mut world, 1);
    play(&mut world, |_| false);
    assert_eq!((world.finished, world.responses.len()), (Some(0), 2));
    assert_eq!((count(&world, "planned"), count(&world, "plan-withdrawn")), (2, 1));
    assert_eq!(failures(&world), [] as [String; 0]);
}

#[test]
fn a_plan_whose_checks_fail_is_withdrawn_with_its_jobs() {
    let mut world = with_a_job();
    let at = world.moment();
    for effect in world.ceremony.apply(at, Event::Input(Input::Answer(Answer::No))).unwrap() {
        let Effect::Compute(task) = effect else {
            world.todo.push_back(effect);
            continue;
        };
        let Outcome::Planned(Ok(mut made)) = task.run("claviger test", 1) else { panic!("no plan") };
        made.admitted = Err("a check fails".to_owned());
        let computed = Work::Computed(Box::new(Outcome::Planned(Ok(made))));
        world.todo.extend(world.ceremony.apply(at, Event::Work(computed)).unwrap());
    }
    world.settle();
    let view = world.ceremony.view();
    assert!(matches!(view.question, Question::Document(_)) && view.plan.is_none(), "{:?}", view.question);
    assert_eq!(view.jobs.iter().map(|job| job.state).collect::<Vec<_>>(), [JobState::Dropped]);
    stop(&mut world);
    assert_eq!(count(&world, "plan-withdrawn"), 1);
    assert_eq!(failures(&world), [] as [String; 0]);
}

#[test]
fn without_a_confirmed_plan_no_token_host_is_started() {
    let mut world = back_from_the_plan();
    assert_eq!(world.ceremony.begin_unlock(), Err(Refusal::NoPlan));
    assert!(!world.seen.iter().any(|(effect, _)| effect == "StartToken"));
}

#[test]
fn a_job_that_was_taken_can_be_dropped() {
    let mut world = with_a_job();
    take(&mut world, 1);
    assert_eq!(world.answer(Answer::Remove(2)), Err(Refusal::NoSuchChoice(3)));
    world.answer(Answer::Remove(0)).unwrap();
    let view = world.ceremony.view();
    assert_eq!(view.question, Question::MoreJobs);
    assert_eq!(view.jobs.iter().map(|job| job.state).collect::<Vec<_>>(), [JobState::Dropped, JobState::Taken]);
    play(&mut world, |_| false);
    assert_eq!((world.finished, world.responses.len()), (Some(0), 1));
    assert!(world.responses.contains_key("skr-example1.txt"));
    assert_eq!(failures(&world), [] as [String; 0]);
    let decisions = entries(&world).into_iter().filter_map(|entry| match entry.body {
        Body::Job(job) => Some((job.job, job.accepted)),
        _ => None,
    });
    assert_eq!(decisions.collect::<Vec<_>>(), [(1, true), (2, true), (1, false)]);
}

#[test]
fn with_the_last_job_dropped_a_request_is_asked_for() {
    let mut world = with_a_job();
    world.answer(Answer::Remove(0)).unwrap();
    assert!(matches!(&world.ceremony.view().question, Question::Document(asked) if asked.job == 2));
    play(&mut world, |_| false);
    assert_eq!((world.finished, world.responses.len()), (Some(0), 1), "the same file can be chosen again");
    assert_eq!(failures(&world), [] as [String; 0]);
}

#[test]
fn no_request_is_taken_twice_nor_two_that_one_response_name_would_answer() {
    let mut world = with_a_job();
    world.files.push(("KSR-EXAMPLE.TXT".to_owned(), request(1)));
    for (file, expected) in [(0, "the request of job 1 has the same SHA-256"), (2, "SKR-EXAMPLE.TXT")] {
        world.answer(Answer::Yes).unwrap();
        world.answer(Answer::Choose(file)).unwrap();
        let view = world.ceremony.view();
        assert!(matches!(&view.question, Question::Document(asked) if asked.job == 2), "{:?}", view.question);
        let refusal = view.refusal.clone().unwrap_or_default();
        assert!(refusal.contains(expected), "{refusal}");
        world.answer(Answer::No).unwrap();
    }
    play(&mut world, |_| false);
    assert_eq!((world.finished, world.responses.len()), (Some(0), 1));
    assert_eq!(failures(&world), [] as [String; 0]);
}

#[test]
fn what_no_record_medium_takes_is_not_asked_of_the_token() {
    for entry in ["unlocking", "signing"] {
        let mut world = World::new(Mode::Ceremony);
        world.pulled_before = Some(entry);
        play(&mut world, |question| matches!(question, Question::Pin(_)));
        let _ = world.answer(Answer::Pin(Pin::from_octets(PIN.as_bytes()).unwrap()));
        let view = world.ceremony.view();
        assert!(matches!(view.question, Question::Fault { .. }), "{entry}: {:?}", view.question);
        assert!(view.token_fault.is_none() && view.faults[0].contains("no record medium"), "{:?}", view.faults);
        assert_eq!(view.signatures.0, 0);
        world.pulled_before = None;
        play(&mut world, |_| false);
        assert_eq!(world.finished, Some(0));
        assert_eq!(failures(&world), [] as [String; 0]);
    }
}

#[test]
fn where_no_record_medium_takes_the_journal_another_one_does() {
    let mut world = World::new(Mode::Ceremony);
    world.pulled_before = Some("signing");
    play(&mut world, |question| matches!(question, Question::Pin(_)));
    let _ = world.answer(Answer::Pin(Pin::from_octets(PIN.as_bytes()).unwrap()));
    assert!(matches!(world.ceremony.view().question, Question::Fault { .. }));
    let spare = volume(7, "RECORD-SPARE");
    let full = world.volumes.clone();
    plug(&mut world, full.into_iter().chain([spare.clone()]).collect());
    let add = |world: &mut World, id: u32| world.answer(Answer::Volume(VolumeId(id)));
    assert_eq!(add(&mut world, 1), Err(Refusal::VolumeTaken("RECORD-1".to_owned())));
    assert!(matches!(add(&mut world, 4), Err(Refusal::VolumeLabel { .. })));
    world.pulled_before = None;
    add(&mut world, 7).unwrap();
    assert!(matches!(world.ceremony.view().question, Question::Fault { .. }), "what to do is asked still");
    assert_eq!(world.ceremony.view().record_volumes.last(), Some(&spare));
    play(&mut world, |_| false);
    assert_eq!(world.finished, Some(0));
    assert_eq!(world.records.keys().map(|(id, _)| *id).collect::<Vec<_>>(), [1, 2, 7]);
    assert_eq!(failures(&world), [] as [String; 0]);

    let mut failed = World::new(Mode::Ceremony);
    failed.sign_faults.push_back(1);
    play(&mut failed, |question| matches!(question, Question::Fault { .. }));
    assert_eq!(add(&mut failed, 4), Err(Refusal::NotAsked), "the token failed, no medium did");
}

/// The ceremony of a process that is started again after this one, with what it has done at once.
fn again(world: &World) -> World {
    let at = Moment { time: start(), uptime: 0 };
    let (ceremony, effects) =
        Ceremony::resume(setup(Mode::Ceremony, Vec::new()), world.spool.clone().unwrap(), at).unwrap();
    let mut again = World::new(Mode::Ceremony);
    again.ceremony = ceremony;
    again.todo = effects.into();
    again.journal.clone_from(&world.journal);
    again
}

#[test]
fn a_process_that_died_before_the_plan_was_confirmed_can_only_seal_what_happened() {
    type Until = fn(&Question) -> bool;
    let untils: [(Step, Until); 3] = [
        (Step::Media, |question| matches!(question, Question::PreviousRecord(_))),
        (Step::Request, |question| matches!(question, Question::MoreJobs)),
        (Step::Plan, |question| matches!(question, Question::TwoPeople(asked) if asked.subject == "plan")),
    ];
    for (step, until) in untils {
        let mut world = World::new(Mode::Ceremony);
        play(&mut world, until);
        // It may die twice.
        for _ in 0..2 {
            world = again(&world);
            world.settle();
        }
        let view = world.ceremony.view();
        assert!(matches!(view.question, Question::Resume { signatures: 0, .. }), "{:?}", view.question);
        assert!(view.step == step && view.plan.is_none(), "{step}: {}", view.step);
        assert_eq!(world.answer(Answer::Yes), Err(Refusal::NoPlan));
        world.answer(Answer::No).unwrap();
        play(&mut world, |_| false);
        assert_eq!((world.finished, world.ceremony.view().stopped_in), (Some(1), Some(step)));
        assert_eq!(failures(&world), [] as [String; 0], "{step}");
    }
}

#[test]
fn a_stop_holds_though_the_process_dies_before_the_seal() {
    type Until = fn(&Question) -> bool;
    let untils: [Until; 2] =
        [|question| matches!(question, Question::Token(_)), |question| matches!(question, Question::Pin(_))];
    for until in untils {
        let mut world = World::new(Mode::Ceremony);
        play(&mut world, until);
        let at = world.moment();
        let effects = world.ceremony.apply(at, Event::Input(Input::Stop("fire".to_owned()))).unwrap();
        assert!(effects.iter().any(|effect| matches!(effect, Effect::CloseToken)), "a token host is to be ended first");
        // The stop is entered and kept; the token host never ends.
        world.todo = effects.into_iter().filter(|effect| !matches!(effect, Effect::CloseToken)).collect();
        world.settle();
        world = again(&world);
        play(&mut world, |question| matches!(question, Question::Resume { .. }));
        let view = world.ceremony.view();
        assert_eq!((world.finished, view.stopped_in), (Some(1), Some(Step::Unlock)), "{:?}", view.question);
        assert_eq!((count(&world, "stopped"), count(&world, "resumed")), (1, 1));
        let audit = transcript::audit(world.records.values().next().unwrap(), None, 1, crate::paper::report);
        assert_eq!(audit.outcome(), Some("stopped"));
        assert!(audit.headline().starts_with("STOPPED: NOT ANCHORED"), "{}", audit.headline());
        assert_eq!(failures(&world), [] as [String; 0]);
    }
}

#[test]
fn no_journal_is_written_to_media_that_were_not_looked_for_yet() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::Pin(_)));
    let mut again = again(&world);
    let journals = again.todo.iter().filter_map(|effect| match effect {
        Effect::Journal(part) => Some(part.volumes.len()),
        _ => None,
    });
    assert_eq!(journals.collect::<Vec<_>>(), [0]);
    again.settle();
    let at = again.moment();
    let text = || "x".to_owned();
    let exception = Input::Exception { expected: text(), happened: text(), action: text(), decided_by: text() };
    let effects = again.ceremony.apply(at, Event::Input(exception)).unwrap();
    let volumes = effects.iter().find_map(|effect| match effect {
        Effect::Journal(part) => Some(part.volumes.clone()),
        _ => None,
    });
    assert_eq!(volumes.map(|all| all.len()), Some(2), "once they are seen they get all");
}

/// A ceremony on the image that goes on after its process died while it signed.
fn resumed() -> World {
    let mut world = World::new(Mode::Ceremony);
    world.sign_faults.push_back(3);
    play(&mut world, |question| matches!(question, Question::Fault { .. }));
    let mut setup = setup(Mode::Ceremony, Vec::new());
    setup.appliance = Some(Appliance { keymaps: vec!["us".to_owned()], ..Appliance::default() });
    let at = Moment { time: start(), uptime: 0 };
    let (ceremony, effects) = Ceremony::resume(setup, world.spool.clone().unwrap(), at).unwrap();
    let mut again = World::new(Mode::Ceremony);
    again.ceremony = ceremony;
    again.todo = effects.into();
    again.journal = world.journal;
    again
}

#[test]
fn another_keyboard_does_not_confirm_that_a_ceremony_goes_on() {
    let mut world = resumed();
    play(&mut world, |question| matches!(question, Question::TwoPeople(asked) if asked.subject == "resume"));
    tell_usb(&mut world, &[], &[5], 0);
    let question = world.ceremony.view().question.clone();
    assert!(matches!(question, Question::TwoPeople(_)), "{question:?}");
    play(&mut world, |_| false);
    assert_eq!((world.finished, count(&world, "paused")), (Some(0), 0), "no session was there to be ended");
    assert_eq!(failures(&world), [] as [String; 0]);
}

#[test]
fn a_keyboard_that_comes_before_the_appliance_has_started_does_not_hide_the_question_to_go_on() {
    let mut world = resumed();
    let state = UsbState { refused: Vec::new(), waiting: vec![usb(5)], keyboards: 0 };
    let at = world.moment();
    let effects = world.ceremony.apply(at, Event::Work(Work::Usb(state))).unwrap();
    world.todo.extend(effects);
    world.settle();
    let question = world.ceremony.view().question.clone();
    assert!(matches!(question, Question::Resume { .. }), "{question:?}");
}

#[test]
fn shares_are_forgotten_before_a_token_host_is_ended() {
    type End = fn(&mut World);
    let fault: End = |world| world.ceremony.token_fault(TokenError::NotRunning.into()).unwrap();
    let keyboard: End = |world| {
        let state = UsbState { refused: Vec::new(), waiting: vec![usb(5)], keyboards: 0 };
        let at = world.moment();
        world.ceremony.apply(at, Event::Work(Work::Usb(state))).unwrap();
    };
    for end in [fault, keyboard] {
        let mut world = on_a_screen();
        play(&mut world, |question| matches!(question, Question::Pin(_)));
        let share_set: [u8; 32] = [7; 32];
        world.ceremony.assembly = Some(Assembly::new(share_set.into(), 1, "T1"));
        world.ceremony.view.officers = vec![(role("CO1"), true)];
        end(&mut world);
        assert!(world.ceremony.assembly.is_none(), "before the host is gone");
        assert_eq!(world.ceremony.view().officers, [(role("CO1"), false)]);
    }
}

#[test]
fn a_record_that_paper_contradicts_is_an_entry_and_leaves_no_heads() {
    let mut first = World::new(Mode::Ceremony);
    play(&mut first, |_| false);
    let mut next = World::new(Mode::Ceremony);
    next.records = first.records.clone();
    play(&mut next, |question| matches!(question, Question::ReadBack(_)));
    wrong_words(&mut next);
    next.answer(Answer::Done).unwrap();
    next.records.clear();
    stop(&mut next);
    assert_eq!(failures(&next), [] as [String; 0]);
    let body = body_of(&next, "paper-differs");
    assert_eq!((body["subject"].as_str(), body["attempts"].as_u64()), (Some("previous record"), Some(1)));
    assert_eq!(body["sha256"].as_str().unwrap().len(), 64);
    let report = String::from_utf8_lossy(&next.records.values().next().unwrap()["report.txt"]).into_owned();
    assert!(report.contains("previous record: paper has another hash, after 1 attempt"), "{report}");
}

#[test]
fn wrong_words_before_a_comparison_that_is_left_out_are_counted() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::ReadBack(_)));
    wrong_words(&mut world);
    wrong_words(&mut world);
    world.answer(Answer::No).unwrap();
    play(&mut world, |_| false);
    assert_eq!(body_of(&world, "no-independent-hash")["attempts"].as_u64(), Some(2));
    assert_eq!(failures(&world), [] as [String; 0]);
}

fn wrong_words(world: &mut World) {
    assert_eq!(world.answer(Answer::Text("wrong words here".to_owned())), Err(Refusal::Words));
}

/// The body of the first entry of a kind.
fn body_of(world: &World, kind: &str) -> serde_json::Value {
    let bodies = entries(world).into_iter().map(|entry| serde_json::to_value(&entry.body).unwrap());
    bodies.into_iter().find(|body| body["kind"] == kind).map(|body| body["body"].clone()).unwrap_or_default()
}

/// Whether an entry of this kind was in the journal when an effect ran first.
fn announced(world: &World, effect: &str, kind: &str) -> bool {
    let (_, journal) = world.seen.iter().find(|(seen, _)| seen == effect).expect(effect);
    String::from_utf8_lossy(&world.journal[..*journal]).contains(&format!("\"kind\":\"{kind}\""))
}

#[test]
fn a_stop_and_a_pause_are_in_the_journal_before_the_token_is_told() {
    for (input, kind) in [(Input::Stop("fire".to_owned()), "stopped"), (Input::Pause, "paused")] {
        let mut world = World::new(Mode::Ceremony);
        world.while_signing = vec![input];
        play(&mut world, |question| matches!(question, Question::Paused | Question::Finished { .. }));
        assert!(announced(&world, "Interrupt", kind), "{kind}");
        play(&mut world, |_| false);
        assert_eq!(failures(&world), [] as [String; 0], "{kind}");
    }
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::Pin(_)));
    stop(&mut world);
    assert!(announced(&world, "CloseToken", "token-closed"));
    assert_eq!(failures(&world), [] as [String; 0]);
}

#[test]
fn a_silent_token_that_is_not_waited_for_is_closed_by_an_entry_and_what_it_signed_counts() {
    let mut world = World::new(Mode::Ceremony);
    let stop = || Input::Stop("fire".to_owned());
    world.while_signing = vec![stop(), stop()];
    play(&mut world, |_| false);
    assert!(announced(&world, "CloseToken", "token-closed"));
    assert_eq!((count(&world, "stopped"), count(&world, "token-closed"), count(&world, "signed")), (1, 1, 1));
    assert_eq!(failures(&world), [] as [String; 0]);
}

#[test]
fn what_happens_before_a_slow_token_answers_does_not_spoil_the_record() {
    let text = || "a telephone rang".to_owned();
    let exception = || Input::Exception { expected: text(), happened: text(), action: text(), decided_by: text() };
    type Way = fn() -> Vec<Input>;
    let ways: [(Way, u8); 3] = [
        (|| vec![Input::Pause], 0),
        (|| vec![Input::Stop("fire".to_owned())], 1),
        // The second one does not wait for the token.
        (|| vec![Input::Stop("fire".to_owned()), Input::Stop("fire".to_owned())], 1),
    ];
    for (asked, code) in ways {
        // All is signed meanwhile, or a part.
        for limit in [None, Some(1)] {
            let case = format!("{:?} {limit:?}", asked());
            let mut world = World::new(Mode::Ceremony);
            world.while_signing = asked().into_iter().chain([exception()]).collect();
            let usb = UsbState { refused: vec![usb(5)], ..UsbState::default() };
            world.news_while_signing = vec![Work::Usb(usb), Work::Rtc(Some(start()))];
            world.sign_faults.extend(limit);
            play(&mut world, |_| false);
            assert_eq!(world.finished, Some(code), "{case}");
            for kind in ["exception", "usb-refused", "clock-drift", "signed"] {
                assert!(count(&world, kind) > 0, "{case}: {kind}");
            }
            assert_eq!(failures(&world), [] as [String; 0], "{case}");
        }
    }
}

#[test]
fn whoever_stops_does_not_wait_for_a_host_that_does_not_end() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::Pin(_)));
    world.ceremony.token_fault(TokenError::NotRunning.into()).unwrap();
    let effects = world.ceremony.take_effects();
    world.todo.extend(effects);
    for _ in 0..2 {
        let at = world.moment();
        let effects = world.ceremony.apply(at, Event::Input(Input::Stop("fire".to_owned()))).unwrap();
        assert!(matches!(effects.last(), Some(Effect::CloseToken)), "the hand is told again: {effects:?}");
        world.todo.extend(effects);
    }
    play(&mut world, |_| false);
    assert_eq!((world.finished, count(&world, "stopped")), (Some(1), 1));
    assert_eq!(failures(&world), [] as [String; 0]);
}

#[test]
fn a_pause_that_comes_when_all_is_signed_asks_nobody_to_unlock_again() {
    let mut world = World::new(Mode::Ceremony);
    world.while_signing = vec![Input::Pause, Input::Pause];
    play(&mut world, |question| {
        assert!(!matches!(question, Question::Paused));
        false
    });
    assert_eq!(world.finished, Some(0));
    assert_eq!(["unlocked", "paused", "continued"].map(|kind| count(&world, kind)), [1, 1, 1]);
    assert_eq!(failures(&world), [] as [String; 0]);
}

#[test]
fn whoever_goes_back_to_the_people_confirms_the_time_anew() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::Time(asked) if asked.first.is_some()));
    world.answer(Answer::No).unwrap();
    play(&mut world, |_| false);
    assert_eq!((world.finished, count(&world, "time-confirmed")), (Some(0), 2));
}

#[test]
fn the_time_on_the_screen_is_that_of_the_entries_whatever_the_computers_clock_does() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::Time(_)));
    world.answer(Answer::Time("2026-11-22 15:00".to_owned())).unwrap();
    play(&mut world, |question| matches!(question, Question::RecordVolumes { .. }));
    let shown = |time: crate::dns::Time, uptime: u64| world.ceremony.agreed(Moment { time, uptime }).time;
    let later = shown(start(), world.clock + 60_000);
    assert!(later.to_string().starts_with("2026-11-22T15:01:"), "{later}");
    assert_eq!(shown(crate::dns::Time::MAX, world.clock + 60_000), later, "the computer's clock was set anew");
}

#[test]
fn a_pin_that_the_token_cannot_take_leads_back_to_the_question() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::Pin(_)));
    let at = world.moment();
    let pin = Answer::Pin(Pin::from_octets(b"12").unwrap());
    world.ceremony.apply(at, Event::Input(Input::Answer(pin))).unwrap();
    let error = TokenError::PinUnfit { during: "logging in".to_owned(), code: "CKR_PIN_LEN_RANGE".to_owned() };
    let token = world.ceremony.view().token.clone();
    let failed = Work::LoggedIn(Err(Box::new(LoginFailed { error, token })));
    world.ceremony.apply(at, Event::Work(failed)).unwrap();
    let view = world.ceremony.view();
    assert!(matches!(view.question, Question::Pin(_)), "{:?}", view.question);
    assert!(view.refusal.as_ref().is_some_and(|refusal| refusal.contains("CKR_PIN_LEN_RANGE")), "{:?}", view.refusal);
}

#[test]
fn a_pause_can_be_made_only_while_signatures_are() {
    let working = |total| Question::Working(Working { what: "x".to_owned(), done: 0, total, since: 0 });
    let may = |question| View { step: Step::Execute, ..View::new(Mode::Ceremony, question) }.may_pause();
    assert!(may(working(9)) && !may(working(0)), "a host that ends is no signature");
}

#[test]
fn a_wrong_token_leads_back_to_the_choice_of_the_token() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::Pin(_)));
    // One officer is there already.
    let share_set: [u8; 32] = [7; 32];
    world.ceremony.assembly = Some(Assembly::new(share_set.into(), 2, "T1"));
    world.ceremony.view.officers = vec![(role("CO1"), true), (role("CO2"), false)];
    world.ceremony.ask_officer().unwrap();
    world.answer(Answer::No).unwrap();
    world.settle();
    assert!(matches!(world.ceremony.view().question, Question::Token(_)), "{:?}", world.ceremony.view().question);
    assert_eq!(world.ceremony.view().officers, [(role("CO1"), false), (role("CO2"), false)]);
    assert!(world.ceremony.assembly.is_none());
    play(&mut world, |_| false);
    assert_eq!(world.finished, Some(0));
    let counts = ["token-chosen", "unlocking", "token-closed"].map(|kind| count(&world, kind));
    assert_eq!(counts, [2, 1, 2]);
    assert_eq!(failures(&world), [] as [String; 0]);
}
