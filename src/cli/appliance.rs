//! `ceremony --appliance`: the ceremony on the image, as PID 1 starts it.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

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
/// Profiles are the image's own. Where it has none, a rehearsal is prepared on a software token, and a ceremony waits
/// for a medium labelled `CLAVIGER`. A ceremony whose process died goes on where it was.
pub(super) fn hold(env: &Env, build_id: &str, rehearsal: bool) -> Result<Done, CliError> {
    let spool = SpoolFolder::new(PathBuf::from(SPOOL)).map_err(|error| CliError::input(error.to_string()))?;
    let left = spool.left().map_err(|error| CliError::input(error.to_string()))?;
    let mut broker = BrokerVolumes::appliance();
    let mut build_id = build_id.to_owned();
    let mut profiles = from_image(Path::new(PROFILES))?;
    let mut sticks = None;
    if profiles.is_empty() && rehearsal {
        say("Preparing a rehearsal: keys are made on a software token.");
        let prepared = rehearse::prepared(Path::new(REHEARSAL), Path::new(MODULE), BUNDLES, env)?;
        profiles.push(player::profile_file(&prepared.profile)?);
        sticks = Some(prepared.sticks);
    } else if profiles.is_empty() && left.is_none() {
        say("This image has no profile of its own. Put in the medium labelled CLAVIGER that holds the profile.");
        profiles = wait_for_medium(&mut broker);
        build_id = format!("{build_id}; medium {}", medium_hash(&mut broker));
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
        Some(spool) => Stage::resume(setup, &spool, crew, clock).map_err(|why| {
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

/// The profiles on the first medium labelled so that has any.
fn wait_for_medium(volumes: &mut dyn Volumes) -> Vec<ProfileFile> {
    let mut told = None;
    loop {
        for facts in volumes.list().unwrap_or_default().iter().filter(|facts| facts.label.starts_with(LABEL)) {
            let found = from_medium(volumes, facts);
            match found {
                Ok(found) if !found.is_empty() => return found,
                _ if told == Some(facts.id) => {}
                Ok(_) => say(&format!("{}: expected a file NAME.toml; found none.", facts.label)),
                Err(error) => say(&format!("{error}: {}.", error.advice())),
            }
            told = Some(facts.id);
        }
        thread::sleep(LOOK);
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
        let found = wait_for_medium(&mut volumes);
        assert_eq!((found.len(), found[0].octets.as_slice()), (1, b"CLAVIGER".as_slice()));
        assert!(found[0].origin.starts_with("CLAVIGER (") && found[0].origin.ends_with("): p.toml"));
    }
}
