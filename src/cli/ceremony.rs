//! `ceremony`: the whole ceremony at the screen.

use std::path::PathBuf;

use crate::crew::{SpoolFolder, Stage};
use crate::media::FolderVolumes;
use crate::steps::{DrillName, Mode};

use super::error::CliError;
use super::json::Report;
use super::player::{self, channel};
use super::{Done, Env, Run, appliance};

/// Hold a ceremony at the screen
///
/// Media are the folders named by --medium, each with its label as its name, and every folder in --media, as file
/// systems are mounted there. A ceremony whose process died goes on where it was, if --spool names the same folder.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A ceremony profile to choose; may be given several times
    #[arg(long, required_unless_present = "appliance", value_name = "P.toml")]
    profile: Vec<PathBuf>,
    /// A folder that is a medium; its name is the label
    #[arg(long, value_name = "DIR")]
    medium: Vec<PathBuf>,
    /// A folder whose folders are media, as /media/user
    #[arg(long, value_name = "DIR")]
    media: Option<PathBuf>,
    /// A folder in RAM for what a process that is started again needs
    #[arg(long, value_name = "DIR", default_value = "/dev/shm/claviger")]
    spool: PathBuf,
    /// Hold a drill: a ceremony on the real token, marked as practice everywhere
    #[arg(long, value_name = "NAME")]
    drill: Option<DrillName>,
    /// As PID 1 of the image starts it: with the image's profiles and the broker's media
    #[arg(long, hide = true, conflicts_with_all = ["profile", "medium", "media", "spool", "drill"])]
    appliance: bool,
    /// SHA-256 of the image's manifest
    #[arg(long, hide = true, requires = "appliance", default_value = "none", value_name = "HEX")]
    build_id: String,
    /// The keyboard layout that is loaded; none: the terminal is no screen of this computer
    #[arg(long, hide = true, requires = "appliance", value_name = "NAME")]
    keymap: Option<String>,
    /// Mark everything as a rehearsal
    #[arg(long, hide = true, requires = "appliance")]
    rehearsal: bool,
}

impl Run for Args {
    fn run(&self, env: &Env, _: &mut Report) -> Result<Done, CliError> {
        if self.appliance {
            let started = appliance::Started {
                build_id: &self.build_id,
                keymap: self.keymap.as_deref(),
                rehearsal: self.rehearsal,
            };
            return appliance::hold(env, &started);
        }
        // Media come and go, and what the token's host must write stands in a profile that nobody has chosen yet.
        let mode = self.drill.clone().map_or(Mode::Ceremony, Mode::Drill);
        let mut setup = player::setup(None, mode, env)?;
        setup.profiles = self.profile.iter().map(|path| player::profile_file(path)).collect::<Result<_, _>>()?;
        let volumes = FolderVolumes::new(self.medium.clone(), self.media.clone());
        let spool = SpoolFolder::new(self.spool.clone()).map_err(|error| CliError::input(error.to_string()))?;
        let left = spool.left().map_err(|error| CliError::input(error.to_string()))?;
        let (sender, receiver, report) = channel();
        let crew = player::crew(env, Box::new(volumes), Some(spool), report)?;
        let clock = std::sync::Arc::clone(&env.clock);
        let stage = match left {
            None => Stage::begin(setup, crew, clock, None),
            Some(spool) if spool.mode != setup.mode => {
                let error = CliError::input("an interrupted ceremony of another mode was found").field("--spool");
                let error = error.expected(setup.mode.to_string()).found(spool.mode.to_string());
                return Err(error.advice("go on with it as it was begun; name another --spool to begin anew"));
            }
            Some(spool) => Stage::resume(setup, spool, crew, clock).map_err(|why| {
                let error = CliError::input(format!("an interrupted ceremony was found and cannot go on: {why}"));
                error.advice("audit its journal on the record medium; name another --spool to begin anew")
            })?,
        };
        match player::show(stage, &sender, &receiver)? {
            0 => Ok(Done { good: true, text: String::new() }),
            _ => Ok(Done { good: false, text: String::new() }),
        }
    }
}
