//! Media come, go and turn out to be the wrong ones.

use super::super::fake::{REQUEST, World, volume};
use super::super::*;
use super::{kinds, on_the_image, play, plug};
use crate::steps::{Mode, VolumeFacts, VolumeId};
use crate::transcript;

#[test]
fn a_medium_that_comes_back_under_another_number_is_the_same() {
    let mut world = World::new(Mode::Ceremony);
    world.write_faults.extend(["", "it is not there any more"]);
    play(&mut world, |question| matches!(question, Question::WriteFault { .. }));
    plug(&mut world, vec![volume(1, "RECORD-1"), volume(3, "KSR")]);
    let back = VolumeFacts { id: VolumeId(9), ..volume(2, "RECORD-2") };
    plug(&mut world, vec![volume(1, "RECORD-1"), volume(3, "KSR"), back]);
    world.answer(Answer::Yes).unwrap();
    play(&mut world, |_| false);
    assert_eq!(world.finished, Some(0));
    assert_eq!(world.records.keys().map(|(id, _)| *id).collect::<Vec<_>>(), [1, 9]);
    assert!(world.ceremony.view().written.iter().all(|written| written.state == "read back: identical"));
}

#[test]
fn a_medium_of_another_label_or_size_is_another_one_whatever_its_serial_and_uuid() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::Pin(_)));
    let bound = |world: &World| world.ceremony.view().request_volume.as_ref().map(|volume| volume.id.0);
    let request = VolumeFacts { id: VolumeId(9), ..volume(3, "KSR") };
    let with = |request: VolumeFacts| vec![volume(1, "RECORD-1"), volume(2, "RECORD-2"), request];
    for other in [
        VolumeFacts { label: "KSR-2".to_owned(), ..request.clone() },
        VolumeFacts { size: request.size + 512, ..request.clone() },
    ] {
        plug(&mut world, with(other));
        assert_eq!(bound(&world), Some(3));
    }
    plug(&mut world, with(request));
    assert_eq!(bound(&world), Some(9));
}

#[test]
fn a_mark_for_the_record_goes_with_its_medium() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::RecordVolumes { .. }));
    let marked =
        |world: &World| -> Vec<u32> { world.ceremony.view().record_volumes.iter().map(|volume| volume.id.0).collect() };
    let [one, two, request] = [volume(1, "RECORD-1"), volume(2, "RECORD-2"), volume(3, "KSR")];
    for id in [1, 2] {
        world.answer(Answer::Volume(VolumeId(id))).unwrap();
    }
    plug(&mut world, vec![two.clone(), request.clone()]);
    assert_eq!(marked(&world), [2]);
    assert_eq!(world.answer(Answer::Done), Err(Refusal::TooFewRecordMedia { expected: 2, found: 1 }));
    // It comes back as another one, or another one of its number does.
    let back = VolumeFacts { id: VolumeId(9), ..one };
    let other = VolumeFacts { id: VolumeId(2), ..volume(5, "RECORD-5") };
    plug(&mut world, vec![two, request.clone(), back.clone()]);
    assert_eq!(marked(&world), [2], "it is marked anew or not at all");
    plug(&mut world, vec![other, request, back]);
    assert_eq!(marked(&world), [] as [u32; 0]);
    for id in [9, 2] {
        world.answer(Answer::Volume(VolumeId(id))).unwrap();
    }
    play(&mut world, |_| false);
    assert_eq!(world.finished, Some(0));
    assert_eq!(world.records.keys().map(|(id, _)| *id).collect::<Vec<_>>(), [2, 9]);
    let bound = super::entries(&world).into_iter().filter_map(|entry| match entry.body {
        transcript::Body::VolumeBound(bound) => Some(bound.serial),
        _ => None,
    });
    assert_eq!(bound.collect::<Vec<_>>(), ["S1", "S5", "S3"]);
}

#[test]
fn copies_of_one_medium_are_two_media() {
    let copy = |id: u32| VolumeFacts { id: VolumeId(id), ..volume(1, "RECORD") };
    let with = |volumes: [u32; 2]| [copy(volumes[0]), copy(volumes[1]), volume(3, "KSR")].to_vec();
    let bound = |world: &World| world.ceremony.view().record_volumes.iter().map(|volume| volume.id.0).collect();
    let mut world = World::new(Mode::Ceremony);
    world.volumes = with([1, 2]);
    play(&mut world, |question| matches!(question, Question::Pin(_)));
    let mut tell = |volumes: Vec<VolumeFacts>| -> Vec<u32> {
        plug(&mut world, volumes);
        bound(&world)
    };
    assert_eq!(tell(with([1, 2])), [1, 2]);
    assert_eq!(tell(vec![copy(2), volume(3, "KSR")]), [1, 2], "the one that is left stands for itself alone");
    assert_eq!(tell(with([2, 8])), [8, 2]);
    assert_eq!(tell(vec![volume(3, "KSR")]), [8, 2]);
    assert_eq!(tell(with([10, 11])), [10, 11]);
    play(&mut world, |_| false);
    assert_eq!(world.records.keys().map(|(id, _)| *id).collect::<Vec<_>>(), [10, 11]);
}

#[test]
fn profiles_on_a_medium_appear_and_go_with_it() {
    let mut world = on_the_image(Appliance::default());
    world.settle();
    assert_eq!(world.ceremony.view().question, Question::Profile(Vec::new()));
    let offered = |world: &World| match &world.ceremony.view().question {
        Question::Profile(choices) => choices.len(),
        other => panic!("{other:?}"),
    };
    plug(&mut world, vec![volume(7, "KSR")]);
    assert_eq!(offered(&world), 0, "a medium of another label has none");
    plug(&mut world, vec![volume(7, "KSR"), volume(8, "CLAVIGER")]);
    assert_eq!(offered(&world), 1);
    plug(&mut world, vec![volume(7, "KSR")]);
    assert_eq!(offered(&world), 0, "it went with its medium");
    plug(&mut world, vec![volume(9, "CLAVIGER-2")]);
    world.answer(Answer::Choose(0)).unwrap();
    plug(&mut world, Vec::new());
    world.answer(Answer::Yes).unwrap();
    assert!(world.ceremony.view().profile_sha256.is_some(), "what was read is in memory");
}

#[test]
fn a_wrong_request_medium_is_exchanged_before_anything_is_taken_from_it() {
    let mut world = World::new(Mode::Ceremony);
    let right = volume(9, "KSR-2");
    world.volumes.push(right.clone());
    world.files_on = right.id;
    play(&mut world, |question| matches!(question, Question::Document(_)));
    let empty = |world: &World| match &world.ceremony.view().question {
        Question::Document(asked) => asked.files.is_empty(),
        other => panic!("{other:?}"),
    };
    assert!(empty(&world));
    world.answer(Answer::No).unwrap();
    assert_eq!(world.ceremony.view().question, Question::RequestVolume);
    world.answer(Answer::No).unwrap();
    assert!(empty(&world), "the files of the same one again");
    world.answer(Answer::No).unwrap();
    // The same one again changes nothing.
    world.answer(Answer::Volume(VolumeId(REQUEST))).unwrap();
    assert!(empty(&world));
    world.answer(Answer::No).unwrap();
    world.answer(Answer::Volume(right.id)).unwrap();
    assert!(!empty(&world));
    assert_eq!(world.ceremony.view().request_volume, Some(right));
    play(&mut world, |question| matches!(question, Question::Document(asked) if asked.job == 2));
    play(&mut world, |_| false);
    assert_eq!(world.finished, Some(0));
    assert_eq!(
        kinds(&world).iter().filter(|kind| *kind == "volume-bound").count(),
        4,
        "two for the record, two requests'"
    );
}

#[test]
fn before_a_request_medium_is_bound_nothing_leads_back_from_its_question() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::RequestVolume));
    assert_eq!(world.answer(Answer::No), Err(Refusal::NotAsked));
}

#[test]
fn with_a_job_taken_the_request_medium_stays() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::MoreJobs));
    world.answer(Answer::Yes).unwrap();
    world.answer(Answer::No).unwrap();
    assert_eq!(world.ceremony.view().question, Question::MoreJobs);
}

#[test]
fn the_last_record_may_lie_on_a_medium_that_takes_nothing_today() {
    let mut first = World::new(Mode::Ceremony);
    play(&mut first, |_| false);
    let mut next = World::new(Mode::Ceremony);
    let found = |world: &World| match &world.ceremony.view().question {
        Question::PreviousRecord(records) => records.iter().map(|record| record.volume.0).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let ((_, name), files) = first.records.into_iter().next().unwrap();
    next.records.insert((8, name), files);
    play(&mut next, |question| matches!(question, Question::PreviousRecord(_)));
    assert!(found(&next).is_empty());
    let today = next.volumes.clone();
    let with = |other: VolumeFacts| today.iter().cloned().chain([other]).collect::<Vec<_>>();
    plug(&mut next, with(volume(8, "HOLIDAYS")));
    assert!(found(&next).is_empty(), "its label is not that of a record medium");
    plug(&mut next, with(VolumeFacts { uuid: String::new(), ..volume(8, "RECORD-OLD") }));
    assert!(found(&next).is_empty(), "it cannot be read");
    plug(&mut next, with(volume(8, "RECORD-OLD")));
    assert_eq!(found(&next), [8]);
    plug(&mut next, today.clone());
    assert!(found(&next).is_empty());
    plug(&mut next, with(volume(8, "RECORD-OLD")));
    play(&mut next, |_| false);
    assert_eq!(next.finished, Some(0));
    assert!(next.ceremony.view().previous_record.is_some());
    assert!(next.records.keys().filter(|(id, _)| *id == 8).count() == 1, "nothing was written to it");
}
