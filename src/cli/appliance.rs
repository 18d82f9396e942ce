//! `ceremony --appliance`: the ceremony on the image, as PID 1 starts it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::ceremony::{Appliance, ProfileFile, Setup, Spool};
use crate::crew::{Preparation, SpoolFolder, Stage, StationConfig, is_profile};
use crate::media::{BothVolumes, BrokerVolumes, FolderVolumes, Volumes};
use crate::process::{BROKER_SOCKET, BrokerClient, KEYMAPS, LAUNCHER_SOCKET, Request, SOFT_TOKEN, Starter};
use crate::steps::Mode;
use crate::tui;

use super::error::CliError;
use super::player::{self, channel};
use super::rehearse::{self, SoftToken};
use super::{Done, Env};

/// All that a ceremony on the image writes lies below: its media, its spool, a rehearsal.
const RUN: &str = "/run/claviger";
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

/// What PID 1 says.
pub(super) struct Started<'a> {
    /// SHA-256 of the image's manifest.
    pub(super) build_id: &'a str,
    /// The keyboard layout that is loaded; none where the terminal is no screen of this computer.
    pub(super) keymap: Option<&'a str>,
    /// Whether everything is marked as a rehearsal.
    pub(super) rehearsal: bool,
}

/// Holds the ceremony, and has the computer switched off at its end.
///
/// The screen comes first; the appliance starts behind it, and nothing goes on before its door is shut. A rehearsal is
/// prepared on a software token. A ceremony takes its profile from a medium labelled `CLAVIGER` or from the image. One
/// whose process died goes on where it was.
pub(super) fn hold(env: &Env, started: &Started<'_>) -> Result<Done, CliError> {
    let env = &Env { hosts: Starter::Launcher(PathBuf::from(LAUNCHER_SOCKET)), ..env.clone() };
    let spool = SpoolFolder::new(PathBuf::from(SPOOL)).map_err(|error| CliError::input(error.to_string()))?;
    let left = spool.left().map_err(|error| CliError::input(error.to_string()))?;
    let broker = BrokerClient::at(Path::new(BROKER_SOCKET));
    let setup = setup(env, started, left.as_ref())?;
    let station = StationConfig {
        broker: Some(broker.clone()),
        clock: Some(Arc::clone(&env.clock)),
        preparation: setup.appliance.as_ref().filter(|appliance| appliance.prepares).map(|_| preparation(env)),
    };
    let mut volumes: Box<dyn Volumes> = Box::new(BrokerVolumes::appliance(broker.clone()));
    if started.rehearsal {
        let sticks = FolderVolumes::rehearsed(rehearse::sticks(Path::new(REHEARSAL)));
        volumes = Box::new(BothVolumes::new(volumes, Box::new(sticks)));
    }
    let (sender, receiver, report) = channel();
    let crew = player::crew_on(station, env, volumes, Some(spool), report)?;
    let clock = Arc::clone(&env.clock);
    let stage = match left {
        None => Stage::begin(setup, crew, clock, None),
        Some(spool) => Stage::resume(setup, spool, crew, clock).map_err(|why| {
            let error = CliError::input(format!("an interrupted ceremony was found and cannot go on: {why}"));
            error.advice("switch off; audit its journal on the record medium")
        })?,
    };
    let code = player::show(stage, &sender, &receiver)?;
    // PID 1 switches off as well when this process ends.
    let _ = broker.ask(Request::PowerOff);
    Ok(Done { good: code == 0, text: String::new() })
}

/// How it begins. One that goes on finds its rehearsal prepared.
fn setup(env: &Env, started: &Started<'_>, left: Option<&Spool>) -> Result<Setup, CliError> {
    let mode = if started.rehearsal { Mode::Rehearsal } else { Mode::Ceremony };
    if !env.entropy.is_ready() {
        let _ = tui::announce(&mode); // a console that takes nothing is said when the screen is opened
    }
    let mut setup = player::setup(Some(&[PathBuf::from(RUN)]), mode, env)?;
    started.build_id.clone_into(&mut setup.build_id);
    setup.profiles = from_image(Path::new(PROFILES))?;
    setup.appliance = Some(Appliance {
        prepares: started.rehearsal && left.is_none(),
        keymaps: if started.keymap.is_some() { KEYMAPS.map(str::to_owned).to_vec() } else { Vec::new() },
        keymap: KEYMAPS.iter().position(|name| Some(*name) == started.keymap).unwrap_or_default(),
    });
    Ok(setup)
}

/// The profiles in a folder of the image, by name; none if there is no such folder.
fn from_image(folder: &Path) -> Result<Vec<ProfileFile>, CliError> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).filter(|path| is_profile(path)).collect();
    paths.sort_unstable();
    paths.iter().map(|path| player::profile_file(path)).collect()
}

/// Makes token, keys, requests and what plays sticks.
fn preparation(env: &Env) -> Preparation {
    let env = env.clone();
    Box::new(move || {
        let told = |error: CliError| error.to_string();
        let soft = SoftToken { module: PathBuf::from(MODULE), conf: Some(PathBuf::from(SOFT_TOKEN)) };
        let prepared = rehearse::prepared(Path::new(REHEARSAL), &soft, BUNDLES, &env).map_err(told)?;
        player::profile_file(&prepared.profile).map_err(told)
    })
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
}
