//! How much a record holds: what fits is written and read again, and what does not is told before the token.

use super::super::fake::{World, request};
use super::super::{Answer, Input, MAX_JOBS, Purpose, Question, Refusal};
use super::{kinds, play};
use crate::media::{self, Access, FolderImage, FolderVolumes, MAX_ENTRIES, MediaError, Volumes as _};
use crate::steps::{Mode, VolumeFacts};
use crate::transcript::{self, MAX_RECORD};

fn is_request(question: &Question) -> bool {
    matches!(question, Question::Document(asked) if asked.purpose == Purpose::Request)
}

fn is_more(question: &Question) -> bool {
    matches!(question, Question::MoreJobs)
}

/// A ceremony with as many jobs as a record has room for, and a request more on the medium.
fn full() -> World {
    let files = MAX_JOBS + 1;
    let mut world = World::with_zones(Mode::Unattended, u32::try_from(files).unwrap());
    world.files = (0..).take(files).map(|number| (format!("ksr-{number}.txt"), request(number))).collect();
    for number in 0..MAX_JOBS {
        play(&mut world, is_request);
        world.answer(Answer::Choose(number)).unwrap();
        play(&mut world, is_more);
        if number + 1 < MAX_JOBS {
            world.answer(Answer::Yes).unwrap();
        }
    }
    world
}

#[test]
fn a_record_of_as_many_jobs_as_it_has_room_for_is_read_again_and_no_more_are_taken() {
    let mut world = full();
    let refused = world.answer(Answer::Yes).unwrap_err();
    assert_eq!(refused, Refusal::TooManyJobs(MAX_JOBS));
    assert!(refused.to_string().contains(&format!("{MAX_JOBS} jobs")), "{refused}");
    assert!(is_more(&world.ceremony.view().question), "nothing is lost");
    // One that is dropped makes room for another.
    world.answer(Answer::Remove(0)).unwrap();
    world.answer(Answer::Yes).unwrap();
    world.answer(Answer::Choose(MAX_JOBS)).unwrap();
    play(&mut world, is_more);
    let (reckoned, alone) = (world.ceremony.reckoned(), world.ceremony.reckoned_alone());
    play(&mut world, |_| false);
    assert_eq!((world.finished, world.responses.len()), (Some(0), MAX_JOBS));
    assert!(on_medium(&world) <= alone, "{} of {alone}", on_medium(&world));

    let ((_, name), record) = world.records.iter().next().unwrap();
    let octets = record.values().map(|octets| octets.len() as u64).sum::<u64>();
    assert!(octets <= reckoned && reckoned <= MAX_RECORD, "{octets} of {reckoned}");
    let audit = transcript::audit(record, None, 2, crate::paper::report);
    assert_eq!(audit.failures().map(ToString::to_string).collect::<Vec<_>>(), [] as [String; 0]);

    let stick = tempfile::tempdir().unwrap();
    let mut volumes = FolderVolumes::new(vec![stick.path().to_owned()], None);
    let id = volumes.list().unwrap()[0].id;
    let image = FolderImage::new(name.clone(), record.clone(), Vec::new()).unwrap();
    media::write_folder(&mut volumes, id, &image, &mut |_| {}).unwrap();
    let mut read = || media::read_folder(&volumes.open(id, Access::Read).unwrap().folder(name).unwrap(), MAX_RECORD);
    assert_eq!(&read().unwrap(), record);
    // With a previous response in each job and all that witnesses may add, there is still room; then there is none.
    let path = |rest: String| stick.path().join(name).join(rest);
    for folder in std::fs::read_dir(path("jobs".to_owned())).unwrap() {
        std::fs::write(folder.unwrap().path().join("previous-skr.txt"), "").unwrap();
    }
    std::fs::create_dir(path("cosignatures".to_owned())).unwrap();
    let left = MAX_ENTRIES - image.entries() - MAX_JOBS - 1;
    assert!(left > 100, "{left}");
    (0..left).for_each(|number| std::fs::write(path(format!("cosignatures/{number}")), "").unwrap());
    assert_eq!(read().unwrap().len(), record.len() + MAX_JOBS + left);
    std::fs::write(path("cosignatures/more".to_owned()), "").unwrap();
    assert!(matches!(read(), Err(MediaError::TooMany { limit: MAX_ENTRIES, .. })));
}

/// Exchanges the octets of the profile, which is all that counts here, and gives back those that it had.
fn swap_profile(world: &mut World, octets: Vec<u8>) -> Vec<u8> {
    let (_, own) = world.ceremony.profile.as_mut().expect("a profile");
    std::mem::replace(own, octets)
}

#[test]
fn a_job_with_which_the_record_could_become_too_large_is_not_taken() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::Judged { .. }));
    let Err(Refusal::RecordTooLarge { limit, .. }) = ({
        let own = swap_profile(&mut world, vec![0; 128 << 20]);
        let refused = world.answer(Answer::Yes);
        swap_profile(&mut world, own);
        refused
    }) else {
        panic!("it was taken")
    };
    assert!(matches!(world.ceremony.view().question, Question::Judged { .. }) && limit < MAX_RECORD);
    // To the last octet it is taken, and with one more there is no plan.
    let own = swap_profile(&mut world, Vec::new());
    let rest = usize::try_from(limit - world.ceremony.reckoned()).unwrap();
    swap_profile(&mut world, vec![0; rest]);
    world.answer(Answer::Yes).unwrap();
    let refused = world.answer(Answer::No).unwrap_err();
    assert!(matches!(refused, Refusal::RecordTooLarge { needed, .. } if needed > limit), "it has an entry more");
    assert!(is_more(&world.ceremony.view().question), "nothing is lost");
    swap_profile(&mut world, own);
    play(&mut world, |_| false);
    assert_eq!(world.finished, Some(0));
}

/// Octets that the records of a world take on a medium, each file in clusters of its own.
fn on_medium(world: &World) -> u64 {
    let record = world.records.values().next().unwrap();
    record.values().map(|octets| (octets.len() as u64).next_multiple_of(4096)).sum()
}

#[test]
fn without_people_a_medium_without_room_for_the_record_is_told_before_the_token_is_asked() {
    let run = |free: u64| {
        let mut world = World::new(Mode::Unattended);
        world.volumes.iter_mut().for_each(|volume| volume.free = free);
        play(&mut world, |_| false);
        world
    };
    let world = run(VolumeFacts::UNKNOWN);
    assert_eq!(world.finished, Some(0));
    let mut planned = World::new(Mode::Unattended);
    play(&mut planned, |question| matches!(question, Question::Token(_)));
    let needed = planned.ceremony.reckoned_alone();
    assert!(on_medium(&world) <= needed && needed < 3 * on_medium(&world), "{} of {needed}", on_medium(&world));
    let world = run(needed / 2);
    assert_eq!(world.finished, Some(5));
    assert!(!kinds(&world).iter().any(|kind| kind == "token-chosen"), "{:?}", kinds(&world));
    assert!(!world.seen.iter().any(|(effect, _)| effect == "StartToken"), "{:?}", world.seen);
    let told = world.ceremony.view().faults.join(" ");
    assert!(told.contains("octets free") && told.contains("are needed"), "{told}");
    assert_eq!((world.records.len(), world.responses.len()), (2, 0), "the record of a stop is small");
    let audit = transcript::audit(world.records.values().next().unwrap(), None, 2, crate::paper::report);
    assert_eq!(audit.failures().map(ToString::to_string).collect::<Vec<_>>(), [] as [String; 0]);
    // People are asked at the media.
    let mut world = World::new(Mode::Ceremony);
    world.volumes.iter_mut().for_each(|volume| volume.free = needed / 2);
    play(&mut world, |_| false);
    assert_eq!(world.finished, Some(0));
}

#[test]
fn what_a_response_needs_is_known_to_the_octet_before_it_is_made() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, is_more);
    let room = world.ceremony.jobs[0].room;
    play(&mut world, |question| matches!(question, Question::Review { .. }));
    let (admitted, json) = world.ceremony.plan.as_ref().unwrap();
    let plan = admitted.plan();
    let made = world.ceremony.made[0].octets.len() + world.ceremony.made[0].dnskey_text.len();
    let without_findings = super::super::room::of_plan(plan, std::iter::empty());
    assert_eq!(without_findings, (made + json.len() + 4 * plan.count()) as u64);
    assert!(room > without_findings);
}

#[test]
fn a_record_that_could_not_be_read_again_is_told_before_the_transcript_is_sealed() {
    let mut world = World::new(Mode::Ceremony);
    play(&mut world, |question| matches!(question, Question::Review { .. }));
    world.ceremony.made[0].octets = vec![0; 128 << 20];
    let last = |question: &Question| matches!(question, Question::TwoPeople(asked) if asked.first.is_some());
    play(&mut world, last);
    let answer = super::right(world.ceremony.view());
    let _ = world.answer(answer); // refused with effects
    let told = world.ceremony.view().refusal.clone().unwrap();
    assert!(told.contains("nothing is sealed") && told.contains("octets"), "{told}");
    assert!(world.records.is_empty() && world.ceremony.image.is_none());
    assert_eq!(world.ceremony.view().fingerprint, None);
    // The way out has no responses.
    world.input(Input::Stop("too large".to_owned())).unwrap();
    play(&mut world, |_| false);
    assert_eq!((world.finished, world.responses.len()), (Some(1), 0));
    assert_eq!(kinds(&world).iter().filter(|kind| *kind == "seal").count(), 1);
}
