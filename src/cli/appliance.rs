//! `ceremony --appliance`: the ceremony on the image, as PID 1 starts it.

use std::fs;
use std::io::{self, BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::ceremony::ProfileFile;
use crate::crew::{SpoolFolder, Stage};
use crate::media::{self, Access, BothVolumes, BrokerVolumes, FolderVolumes, Volumes};
use crate::profile;
use crate::steps::{Mode, VolumeFacts};

use super::error::CliError;
use super::player::{self, channel};
use super::{Done, Env, rehearse};

/// The image's own profiles.
const PROFILES: &str = "/etc/claviger/profiles";
/// What the ceremony keeps in RAM.
const SPOOL: &str = "/run/claviger/spool";
/// Where a rehearsal is prepared.
const REHEARSAL: &str = "/run/claviger/home/rehearsal";
/// The software token of a rehearsal.
const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
/// Bundles of its sample request.
const BUNDLES: u16 = 3;
/// How a medium with profiles is labelled.
const LABEL: &str = "CLAVIGER";
/// How often is looked for it.
const LOOK: Duration = Duration::from_millis(500);

/// Holds the ceremony, and has the computer switched off at its end.
///
/// Image and program identify themselves first; the door is shut meanwhile, and nothing goes on before. A rehearsal
/// is prepared on a software token. A ceremony takes its profile from a medium labelled `CLAVIGER` or from the image.
/// One whose process died goes on where it was.
pub(super) fn hold(env: &Env, build_id: &str, rehearsal: bool) -> Result<Done, CliError> {
    let spool = SpoolFolder::new(PathBuf::from(SPOOL)).map_err(|error| CliError::input(error.to_string()))?;
    let left = spool.left().map_err(|error| CliError::input(error.to_string()))?;
    let mut broker = BrokerVolumes::appliance();
    let build_id = identify(&mut broker, build_id);
    let mut profiles = from_image(Path::new(PROFILES))?;
    let mut sticks = None;
    if rehearsal {
        say("Preparing a rehearsal: keys are made on a software token.");
        let prepared = rehearse::prepared(Path::new(REHEARSAL), Path::new(MODULE), BUNDLES, env)?;
        profiles.insert(0, player::profile_file(&prepared.profile)?);
        sticks = Some(prepared.sticks);
    } else if left.is_none() {
        profiles = choose(&mut broker, profiles, &mut entered);
    }
    let volumes: Box<dyn Volumes> = match sticks {
        None => Box::new(broker),
        Some(sticks) => {
            Box::new(BothVolumes::new(Box::new(broker), Box::new(FolderVolumes::new(Vec::new(), Some(sticks)))))
        }
    };
    let mut setup = player::setup(if rehearsal { Mode::Rehearsal } else { Mode::Ceremony }, env)?;
    setup.build_id = build_id;
    setup.profiles = profiles;
    let (sender, receiver, report) = channel();
    let crew = player::crew(env, volumes, Some(spool), report)?;
    let clock = std::sync::Arc::clone(&env.clock);
    let stage = match left {
        None => Stage::begin(setup, crew, clock, None),
        Some(spool) => Stage::resume(setup, spool, crew, clock).map_err(|why| {
            let error = CliError::input(format!("an interrupted ceremony was found and cannot go on: {why}"));
            error.advice("switch off; audit its journal on the record medium")
        })?,
    };
    let code = player::show(stage, &sender, &receiver)?;
    // PID 1 switches off as well when this process ends.
    let _ = BrokerVolumes::appliance().power_off();
    Ok(Done { good: code == 0, text: String::new() })
}

/// The profiles in a folder of the image, by name; none if there is no such folder.
fn from_image(folder: &Path) -> Result<Vec<ProfileFile>, CliError> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).filter(|path| is_profile(path)).collect();
    paths.sort_unstable();
    paths.iter().map(|path| player::profile_file(path)).collect()
}

fn is_profile(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"))
}

/// Says which image and program this are, and waits until the appliance has started; returns what the record says.
fn identify(broker: &mut BrokerVolumes, build_id: &str) -> String {
    say(&format!("Claviger {}. What follows is self-reported.", env!("CARGO_PKG_VERSION")));
    say(&format!("Build id:    {build_id}"));
    while !broker.is_ready() {
        thread::sleep(LOOK); // where it cannot start, PID 1 says why
    }
    let medium = medium_hash(broker);
    say(&format!("Boot medium: {medium}"));
    format!("{build_id}; medium {medium}")
}

/// The profiles on the first medium labelled so that has any, or the image's own once people want them.
fn choose(
    volumes: &mut dyn Volumes,
    own: Vec<ProfileFile>,
    wanted: &mut dyn FnMut(Duration) -> bool,
) -> Vec<ProfileFile> {
    say("Put in the medium labelled CLAVIGER that holds the ceremony profile.");
    if !own.is_empty() {
        say(&format!("Or press Enter to choose among the {} profiles of the image itself.", own.len()));
    }
    let mut told = None;
    loop {
        for facts in volumes.list().unwrap_or_default().iter().filter(|facts| facts.label.starts_with(LABEL)) {
            match from_medium(volumes, facts) {
                Ok(found) if !found.is_empty() => return found,
                _ if told == Some(facts.id) => {}
                Ok(_) => say(&format!("{}: expected a file NAME.toml; found none.", facts.label)),
                Err(error) => say(&format!("{error}: {}.", error.advice())),
            }
            told = Some(facts.id);
        }
        if wanted(LOOK) && !own.is_empty() {
            return own;
        }
    }
}

/// Waits so long for Enter; whether it was pressed.
fn entered(limit: Duration) -> bool {
    let limit = Timespec { tv_sec: 0, tv_nsec: i64::from(limit.subsec_nanos()) };
    let input = io::stdin();
    match poll(&mut [PollFd::new(&input, PollFlags::IN)], Some(&limit)) {
        // A terminal gives whole lines here; one that is gone gives nothing, at once.
        Ok(1..) if matches!(input.lock().read_line(&mut String::new()), Ok(1..)) => true,
        Ok(0) => false,
        _ => {
            thread::sleep(LOOK);
            false
        }
    }
}

fn from_medium(volumes: &mut dyn Volumes, facts: &VolumeFacts) -> Result<Vec<ProfileFile>, media::MediaError> {
    let medium = volumes.open(facts.id, Access::Read)?;
    let files = media::list_files(&medium)?;
    let profiles = files.iter().filter(|file| is_profile(Path::new(&file.name))).map(|file| {
        let octets = media::read_file(&medium, &file.name, profile::MAX_OCTETS as u64)?;
        Ok(ProfileFile { origin: format!("{} ({}): {}", facts.label, facts.uuid, file.shown), octets })
    });
    let profiles = profiles.collect();
    drop(medium);
    volumes.release(facts.id)?;
    profiles
}

/// The hash of the boot medium, self-reported.
fn medium_hash(broker: &mut BrokerVolumes) -> String {
    match broker.boot_medium() {
        Ok(Some(medium)) => medium.sha256.to_string(),
        Ok(None) => "absent".to_owned(),
        Err(error) => format!("not hashed: {error}"),
    }
}

/// A line on the terminal before the screen is taken over.
fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}\r"); // a terminal that is gone shows itself when the screen is opened
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_taken_by_their_ending_in_order_of_their_names() {
        let place = tempfile::tempdir().unwrap();
        for name in ["b.toml", "a.TOML", "notes.txt"] {
            fs::write(place.path().join(name), name).unwrap();
        }
        let octets = |files: Vec<ProfileFile>| files.into_iter().map(|file| file.octets).collect::<Vec<_>>();
        let found = octets(from_image(place.path()).unwrap());
        assert_eq!(found, [b"a.TOML".to_vec(), b"b.toml".to_vec()]);
        assert!(from_image(&place.path().join("none")).unwrap().is_empty());
    }

    #[test]
    fn a_medium_of_that_label_and_no_other_brings_profiles() {
        let bay = tempfile::tempdir().unwrap();
        for label in ["AAA", "CLAVIGER", "KSR"] {
            fs::create_dir(bay.path().join(label)).unwrap();
            fs::write(bay.path().join(label).join("p.toml"), label).unwrap();
        }
        let mut volumes = FolderVolumes::new(Vec::new(), Some(bay.path().to_owned()));
        let found = choose(&mut volumes, Vec::new(), &mut |_| true);
        assert_eq!((found.len(), found[0].octets.as_slice()), (1, b"CLAVIGER".as_slice()));
        assert!(found[0].origin.starts_with("CLAVIGER (") && found[0].origin.ends_with("): p.toml"));
        fs::remove_dir_all(bay.path().join("CLAVIGER")).unwrap();
        let own = vec![ProfileFile { origin: "image".to_owned(), octets: Vec::new() }];
        assert_eq!(choose(&mut volumes, own, &mut |_| true)[0].origin, "image");
    }
}
