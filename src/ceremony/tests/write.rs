//! What goes wrong while the record, the responses and the delivery log are written.

use super::super::fake::{World, right, setup, start, volume};
use super::super::{Answer, Ceremony, Input, Question, Refusal, Seed, Spool};
use super::{entries, kinds, play, plug};
use crate::steps::{Mode, Moment, VolumeFacts, VolumeId};
use crate::transcript;

const WRITTEN: &str = "read back: identical";

fn is_fault(question: &Question) -> bool {
    matches!(question, Question::WriteFault { .. })
}

fn as_number(id: u32, volume: VolumeFacts) -> VolumeFacts {
    VolumeFacts { id: VolumeId(id), ..volume }
}

fn ids(world: &World) -> Vec<u32> {
    world.records.keys().map(|(id, _)| *id).collect()
}

/// Serial and state of each row of what is written.
fn rows(world: &World) -> Vec<(String, String, String)> {
    let rows = world.ceremony.view().written.iter();
    rows.map(|row| (row.name.clone(), row.serial.clone(), row.state.clone())).collect()
}

fn log(world: &World, id: u32) -> String {
    let (_, record) = world.records.iter().find(|((of, _), _)| *of == id).expect("a record");
    String::from_utf8(record["delivery.jsonl"].clone()).unwrap()
}

fn assert_audited(world: &World) {
    for record in world.records.values() {
        let audit = transcript::audit(record, None, 1, crate::paper::report);
        assert_eq!(audit.failures().map(ToString::to_string).collect::<Vec<_>>(), [] as [String; 0]);
    }
}

/// Two record media of one label, the second of which fails.
fn alike() -> World {
    let mut world = World::new(Mode::Ceremony);
    world.volumes = vec![volume(1, "RECORD"), volume(2, "RECORD"), volume(3, "KSR")];
    world.write_faults.extend(["", "it is not there any more"]);
    play(&mut world, is_fault);
    world
}

#[test]
fn to_try_again_takes_no_other_stick_of_the_same_label() {
    let mut world = alike();
    plug(&mut world, vec![volume(1, "RECORD"), volume(3, "KSR")]);
    world.write_faults.push_back("it is not there any more");
    world.answer(Answer::Yes).unwrap();
    assert!(is_fault(&world.ceremony.view().question), "the stick that was written is not taken for the other one");
    assert_eq!(ids(&world), [1]);
    let back = as_number(9, volume(2, "RECORD"));
    plug(&mut world, vec![volume(1, "RECORD"), volume(3, "KSR"), back]);
    world.answer(Answer::Yes).unwrap();
    play(&mut world, |_| false);
    assert_eq!((world.finished, ids(&world)), (Some(0), vec![1, 9]));
    for id in [1, 9] {
        assert_eq!(log(&world, id).matches("\"kind\":\"record-written\"").count(), 2);
    }
    assert_audited(&world);
}

#[test]
fn states_of_sticks_of_one_label_stand_in_rows_of_their_own() {
    let mut world = alike();
    let of_record = |world: &World| -> Vec<(String, String)> {
        rows(world).into_iter().take(2).map(|(_, serial, state)| (serial, state)).collect()
    };
    let row = |serial: &str, state: &str| (serial.to_owned(), state.to_owned());
    let expected = [row("S1", WRITTEN), row("S2", "it is not there any more")];
    assert_eq!(of_record(&world), expected);
    plug(&mut world, vec![volume(1, "RECORD"), volume(3, "KSR"), volume(8, "RECORD")]);
    world.answer(Answer::Volume(VolumeId(8))).unwrap();
    assert_eq!(of_record(&world), expected, "the row of the stick that failed goes on to say so");
    let (_, serial, state) = rows(&world).remove(3);
    assert_eq!((serial.as_str(), state.as_str()), ("S8", WRITTEN), "{:?}", rows(&world));
    play(&mut world, |_| false);
    assert_eq!((world.finished, ids(&world)), (Some(0), vec![1, 8]));
}

#[test]
fn what_was_reviewed_is_kept_before_anything_that_is_sealed_leaves() {
    for mode in [Mode::Ceremony, Mode::Unattended] {
        let mut world = World::new(mode);
        play(&mut world, |_| false);
        let (_, flushed) = world.seen.iter().find(|(effect, _)| effect == "WriteRecord").unwrap();
        let text = String::from_utf8(world.journal.clone()).unwrap();
        assert!(text[..*flushed].contains("\"kind\":\"reviewed\""));
        assert!(!text.contains("\"kind\":\"seal\""), "a journal is no record");
        let mut files = world.journal_files.clone();
        files.insert("transcript.jsonl".to_owned(), world.journal.clone());
        let audit = transcript::audit(&files, None, 1, crate::paper::report);
        assert_eq!(audit.failures().map(ToString::to_string).collect::<Vec<_>>(), [] as [String; 0]);
        assert_eq!(audit.verdict.name(), "interrupted");
    }
}

/// The spool as it lies in RAM, in a world where this is plugged in, and this record was written.
fn again(mut before: World, volumes: Vec<VolumeFacts>) -> World {
    let spool = before.spool.take().expect("a spool");
    let seed = spool.seed.clone();
    let text = serde_json::to_vec(&spool).unwrap();
    let spool = Spool { seed, ..serde_json::from_slice(&text).unwrap() };
    let at = Moment { time: start(), uptime: 0 };
    let (ceremony, effects) = Ceremony::resume(setup(Mode::Ceremony, Vec::new()), spool, at).unwrap();
    World { ceremony, todo: effects.into(), volumes, clock: 0, ..before }
}

#[test]
fn a_process_that_died_while_writing_writes_the_same_record_on() {
    let mut whole = World::new(Mode::Ceremony);
    play(&mut whole, |_| false);
    let sealed = |world: &World| {
        let mut record = world.records.values().next().unwrap().clone();
        record.retain(|path, _| !path.starts_with("delivery"));
        record
    };

    let mut world = World::new(Mode::Ceremony);
    world.write_faults.extend(["", "the stick is full"]);
    play(&mut world, is_fault);
    let (fingerprint, codes) = (world.ceremony.view().fingerprint, whole.ceremony.view().codes.clone());
    // The second stick was taken out meanwhile, and others lie there, one without a label.
    let there = || vec![as_number(11, volume(1, "RECORD-1")), as_number(13, volume(3, "KSR")), volume(4, "")];
    world.records = world.records.into_iter().map(|((id, folder), files)| ((id + 10, folder), files)).collect();
    let mut world = again(world, there());
    world.settle();
    assert!(is_fault(&world.ceremony.view().question), "{:?}", world.ceremony.view().question);
    assert_eq!((ids(&world), world.ceremony.view().fingerprint), (vec![11], fingerprint));
    assert!(world.responses.is_empty());
    let mut with = there();
    with.push(as_number(12, volume(2, "RECORD-2")));
    plug(&mut world, with);
    play(&mut world, |_| false);
    assert_eq!((world.finished, ids(&world)), (Some(0), vec![11, 12]));
    assert_eq!((sealed(&world), &world.responses), (sealed(&whole), &whole.responses), "octet by octet");
    assert_eq!(world.ceremony.view().codes, codes);
    assert!(!kinds(&world).contains(&"stopped".to_owned()));
    assert_eq!(entries(&world).len(), entries(&whole).len());
    let log = log(&world, 12);
    let kinds = ["record-written", "write-failed", "resumed", "write-failed", "record-written", "response-written"];
    assert_eq!(log.lines().count(), kinds.len(), "{log}");
    for (line, kind) in log.lines().zip(kinds) {
        assert!(line.contains(&format!("\"kind\":\"{kind}\"")), "{kind}: {log}");
    }
    assert_audited(&world);
    assert!(world.spool.is_none());
}

#[test]
fn a_process_that_died_at_the_close_closes_the_same_ceremony() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::Close));
    let volumes = world.volumes.clone();
    let mut world = again(world, volumes.clone());
    play(&mut world, |question| matches!(question, Question::Close));
    assert!(!world.ceremony.view().codes.is_empty());
    world.log_faults.extend(["", "it is not there any more"]);
    play(&mut world, is_fault);
    let first = log(&world, 1);
    // The log is signed: it stays as it is, whatever happens.
    let mut world = again(world, volumes);
    play(&mut world, |_| false);
    assert_eq!(world.finished, Some(0));
    assert_eq!((log(&world, 1), log(&world, 2)), (first.clone(), first));
    assert_eq!(log(&world, 1).matches("\"kind\":\"resumed\"").count(), 1);
    assert_audited(&world);
}

#[test]
fn a_stop_that_was_sealed_is_what_a_process_that_is_started_again_writes() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::Pin(_)));
    world.write_faults.push_back("the stick is full");
    world.input(Input::Stop("fire alarm".to_owned())).unwrap();
    assert!(is_fault(&world.ceremony.view().question));
    let (stopped_in, volumes) = (world.ceremony.view().stopped_in, world.volumes.clone());
    let mut world = again(world, volumes);
    play(&mut world, |_| false);
    assert_eq!((world.finished, world.records.len(), world.responses.len()), (Some(1), 2, 0));
    assert_eq!(world.ceremony.view().stopped_in, stopped_in);
    assert_eq!(kinds(&world).iter().filter(|kind| *kind == "stopped").count(), 1);
    assert_audited(&world);
}

#[test]
fn a_spool_whose_record_is_another_one_than_its_transcript_is_refused() {
    let mut world = World::new(Mode::Ceremony);
    world.write_faults.push_back("the stick is full");
    play(&mut world, is_fault);
    let mut spool = world.spool.take().unwrap();
    spool.transcript = spool.transcript.lines().take(5).map(|line| format!("{line}\n")).collect();
    let at = Moment { time: start(), uptime: 0 };
    let refused = Ceremony::resume(setup(Mode::Ceremony, Vec::new()), spool, at).unwrap_err();
    assert_eq!(refused, "the spool is damaged");
}

#[test]
fn the_key_is_wiped_only_when_each_record_has_its_log_or_people_leave_one_without() {
    let mut world = World::new(Mode::Ceremony);
    world.log_faults.extend(["it is not there any more", "it is not there any more"]);
    play(&mut world, is_fault);
    let Question::WriteFault { name, wanted, optional, .. } = world.ceremony.view().question.clone() else { panic!() };
    assert_eq!((name.as_str(), wanted, optional), ("delivery.jsonl", None, true));
    assert!(world.spool.is_some());
    assert!(world.ceremony.setup.seed.clone().expose() != Seed::from_octets(&[0; 32]).unwrap().expose());
    let text = |text: &str| text.to_owned();
    let exception = Input::Exception {
        expected: text("a log"),
        happened: text("none"),
        action: text("wrote it down"),
        decided_by: text("CA"),
    };
    assert_eq!(world.input(exception), Err(Refusal::Over), "the log is signed");
    assert_eq!(world.answer(Answer::Volume(VolumeId(2))), Err(Refusal::NotAsked), "no other medium will do");
    world.answer(Answer::Yes).unwrap();
    assert!(is_fault(&world.ceremony.view().question));
    world.answer(Answer::No).unwrap();
    assert!(matches!(world.ceremony.view().question, Question::Finished { .. }));
    assert!(world.spool.is_none());
    let logs: Vec<bool> = world.records.values().map(|record| record.contains_key("delivery.jsonl")).collect();
    assert_eq!(logs, [false, true]);
    let rows = rows(&world);
    let of_log: Vec<&str> = rows.iter().filter(|row| row.0 == "delivery.jsonl").map(|row| row.2.as_str()).collect();
    assert_eq!(of_log, ["it is not there any more", WRITTEN], "it is told to the end");
    play(&mut world, |_| false);
    assert_eq!(world.finished, Some(0));
    assert_audited(&world);
}

#[test]
fn without_people_a_delivery_log_tells_of_what_could_not_be_written() {
    let mut world = World::new(Mode::Unattended);
    world.response_faults.push_back("there is another file of this name");
    play_unattended(&mut world);
    assert_eq!((world.finished, world.responses.len()), (Some(5), 0));
    assert!(log(&world, 1).contains("\"kind\":\"write-failed\""), "{}", log(&world, 1));
    assert_eq!(world.ceremony.view().faults.last().unwrap(), "there is another file of this name");

    let mut world = World::new(Mode::Unattended);
    world.log_faults.extend(["the stick is full", ""]);
    play_unattended(&mut world);
    assert_eq!((world.finished, world.responses.len()), (Some(5), 1), "a record without its log is not well");

    let mut world = World::new(Mode::Unattended);
    world.write_faults.push_back("the stick is full");
    play_unattended(&mut world);
    assert_eq!((world.finished, world.records.len(), world.responses.len()), (Some(5), 0, 0));
}

#[test]
fn without_people_nothing_is_signed_that_no_medium_has_on_record() {
    let mut world = World::new(Mode::Unattended);
    world.pulled_before = Some("signing");
    play_unattended(&mut world);
    assert_eq!((world.finished, world.responses.len()), (Some(5), 0));
    assert_eq!(world.ceremony.view().signatures.0, 0);
}

/// As `play`, where a refusal that stands is nothing that anybody could mend.
fn play_unattended(world: &mut World) {
    world.settle();
    while world.finished.is_none() {
        let answer = right(world.ceremony.view());
        world.answer(answer).unwrap();
    }
}

#[test]
fn a_medium_whose_records_cannot_be_read_is_told_and_entered_and_read_when_it_is_back() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::RequestVolume));
    world.list_faults.push("the records on RECORD-2: it cannot be read".to_owned());
    world.answer(Answer::Volume(VolumeId(3))).unwrap();
    assert!(matches!(&world.ceremony.view().question, Question::PreviousRecord(records) if records.is_empty()));
    let told = |world: &World| world.ceremony.view().refusal.clone();
    assert_eq!(told(&world).as_deref(), Some("the records on RECORD-2: it cannot be read"));
    assert_eq!(world.ceremony.view().exceptions, 1);
    let mut first = World::new(Mode::Ceremony);
    play(&mut first, |_| false);
    world.records =
        first.records.into_iter().map(|((id, name), files)| ((if id == 2 { 9 } else { id }, name), files)).collect();
    let mut volumes = world.volumes.clone();
    volumes[1].id = VolumeId(9);
    plug(&mut world, volumes);
    assert!(matches!(&world.ceremony.view().question, Question::PreviousRecord(records) if records.len() == 2));
    assert_eq!(told(&world), None);
    world.records.clear();
    plug(&mut world, vec![volume(1, "RECORD-1"), as_number(10, volume(2, "RECORD-2")), volume(3, "KSR")]);
    play(&mut world, |_| false);
    assert_eq!(kinds(&world).iter().filter(|kind| *kind == "exception").count(), 1);
    assert_audited(&world);
}

#[test]
fn a_spool_that_takes_nothing_is_told_until_it_does_and_is_entered_once() {
    const FAULT: &str = "/run/claviger/spool/ceremony.json: No space left on device";
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::RequestVolume));
    world.spool_fault = Some(FAULT);
    play(
        &mut world,
        |question| matches!(question, Question::TwoPeople(asked) if asked.subject == "plan" && asked.first.is_some()),
    );
    let view = world.ceremony.view();
    assert_eq!((view.spool_fault.as_deref(), view.exceptions), (Some(FAULT), 1), "it stands while people go on");
    assert!(view.refusal.is_none());
    world.spool_fault = None;
    play(&mut world, |question| matches!(question, Question::Pin(_)));
    assert_eq!(world.ceremony.view().spool_fault, None);
    play(&mut world, |_| false);
    assert_eq!(world.finished, Some(0));
    let entered = super::entries(&world).into_iter().filter_map(|entry| match entry.body {
        transcript::Body::Exception(exception) => Some(exception.happened),
        _ => None,
    });
    assert_eq!(entered.collect::<Vec<_>>(), [FAULT]);
    let record = world.records.values().next().unwrap();
    let audit = transcript::audit(record, None, 1, crate::paper::report);
    assert_eq!(audit.failures().map(ToString::to_string).collect::<Vec<_>>(), [] as [String; 0]);
}

#[test]
fn a_spool_that_takes_nothing_after_the_seal_stops_no_writing() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::Review { .. }));
    world.spool = None; // as if nothing of it were there any more
    world.spool_fault = Some("no room");
    play(&mut world, |question| matches!(question, Question::Close));
    assert_eq!(world.ceremony.view().spool_fault.as_deref(), Some("no room"));
    play(&mut world, |_| false);
    assert_eq!((world.finished, world.ceremony.view().spool_fault.as_deref()), (Some(0), None));
}
