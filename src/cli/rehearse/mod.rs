//! `rehearse`: a ceremony on a software token, with everything prepared.

mod auto;
mod prepare;
mod requests;

use std::path::{Path, PathBuf};
use std::slice;
use std::sync::Arc;
use std::sync::mpsc;

use crate::crew::{SpoolFolder, Stage};
use crate::dns::Time;
use crate::media::FolderVolumes;
use crate::process::{FixedClock, SeededEntropy};
use crate::steps::Mode;

use self::prepare::Rehearsal;
pub(super) use self::prepare::SoftToken;
use super::error::CliError;
use super::input;
use super::json::Report;
use super::player::{self, channel};
use super::{Done, Env, Run};

/// Milliseconds that a fixed clock advances with every reading.
const CLOCK_STEP: u64 = 200;

/// Rehearse a ceremony on a software token
///
/// Everything is prepared in a new folder: a software token with keys made for it, three officers with a quorum of
/// two, sample requests, and folders that play the sticks. Everything that is written is marked as a rehearsal. The
/// screen says how the officers' PINs are made; they stand in PINS.txt, too.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Walk through all steps without a person; prints the record's folder
    #[arg(long)]
    auto: bool,
    /// The folder of the rehearsal [default: rehearsal-<time> in the working folder]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// A clock that begins at this time and advances with every reading
    #[arg(long, value_name = "TIME", requires = "seed")]
    clock: Option<Time>,
    /// 64 hexadecimal digits in place of randomness, for what the ceremony itself draws
    #[arg(long, value_name = "HEX", requires = "clock")]
    seed: Option<crate::dns::Sha256Digest>,
    /// The PKCS#11 module of the software token
    #[arg(long, value_name = "FILE", default_value = "/usr/lib/softhsm/libsofthsm2.so")]
    module: PathBuf,
    /// Bundles of the sample request in the format of BIND
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    bundles: u16,
}

impl Run for Args {
    fn run(&self, env: &Env, report: &mut Report) -> Result<Done, CliError> {
        if !self.auto {
            player::expect_terminal()?;
        }
        let env = self.fixed(env);
        let dir = self.dir.clone().unwrap_or_else(|| format!("rehearsal-{}", env.clock.now().compact()).into());
        let soft = SoftToken { module: self.module.clone(), conf: None };
        let rehearsal = prepared(&dir, &soft, self.bundles, &env)?;
        let mut setup = player::setup(Some(slice::from_ref(&rehearsal.folder)), Mode::Rehearsal, &env)?;
        setup.profiles.push(player::profile_file(&rehearsal.profile)?);
        let volumes = Box::new(FolderVolumes::rehearsed(rehearsal.sticks.clone()));
        let spool = SpoolFolder::new(rehearsal.spool.clone()).map_err(|error| CliError::input(error.to_string()))?;
        let left = spool.left().map_err(|error| CliError::input(error.to_string()))?;
        if left.is_none() {
            rehearsal.renew(&env)?;
        }
        let clock = Arc::clone(&env.clock);
        if self.auto {
            let (sender, receiver) = mpsc::channel();
            let send = Arc::new(move |work| {
                let _ = sender.send(work); // a command that ended needs no news
            });
            let crew = player::crew(&env, volumes, Some(spool), send)?;
            let mut stage = match left {
                None => Stage::begin(setup, crew, clock, None),
                Some(spool) => Stage::resume(setup, spool, crew, clock).map_err(CliError::input)?,
            };
            // What happened until then tells why: the folder stays.
            let record =
                auto::walk(&mut stage, &receiver).map_err(|error| error.file(input::whole(&rehearsal.folder)))?;
            let path = rehearsal.sticks.join(record.0).join(record.1);
            report.put("record", input::whole(&path));
            return Ok(Done { good: true, text: format!("{}\n", input::shown(&path)) });
        }
        let (sender, receiver, send) = channel();
        let crew = player::crew(&env, volumes, Some(spool), send)?;
        let stage = match left {
            None => Stage::begin(setup, crew, clock, None),
            Some(spool) => Stage::resume(setup, spool, crew, clock).map_err(CliError::input)?,
        };
        let code = player::show(stage, &sender, &receiver)?;
        report.put("media", input::whole(&rehearsal.sticks));
        Ok(Done { good: code == 0, text: format!("{}\n", input::shown(&rehearsal.sticks)) })
    }
}

/// Prepares a rehearsal in a folder, or finds the one that was prepared there. A folder that was made for one that could
/// not be prepared goes again.
pub(super) fn prepared(dir: &Path, soft: &SoftToken, bundles: u16, env: &Env) -> Result<Rehearsal, CliError> {
    if dir.join(prepare::PROFILE).is_file() {
        return Rehearsal::again(dir);
    }
    let new = dir.symlink_metadata().is_err();
    let prepared = Rehearsal::prepare(dir, soft, bundles, env);
    if prepared.is_err() && new {
        let _ = std::fs::remove_dir_all(dir); // the error to show is the first
    }
    prepared
}

/// Where the folders are that play sticks, once a rehearsal is prepared in `dir`.
pub(super) fn sticks(dir: &Path) -> PathBuf {
    Rehearsal::at(dir).sticks
}

impl Args {
    fn fixed(&self, env: &Env) -> Env {
        match (self.clock, self.seed) {
            (Some(start), Some(seed)) => Env {
                clock: Arc::new(FixedClock::new(start, CLOCK_STEP)),
                entropy: Arc::new(SeededEntropy::new(*seed.as_bytes())),
                hosts: env.hosts.clone(),
            },
            _ => env.clone(),
        }
    }
}
