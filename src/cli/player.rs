//! A ceremony at the screen: the stage behind it, the full-screen program before it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use crate::ceremony::{Input, ProfileFile, Seed, Setup, View, Work};
use crate::crew::{Crew, CrewConfig, Report, SpoolFolder, Stage, StationConfig};
use crate::media::Volumes;
use crate::process::confine;
use crate::steps::{Mode, Moment};
use crate::tui::{self, Driver, Message, Screen};

use super::Env;
use super::error::CliError;
use super::input;

/// How a ceremony begins: with a process that is confined, and names the program in stamps and transcripts.
///
/// Together with the token hosts that it starts it writes devices and what is `writable`; without that, files are not
/// restricted.
pub(super) fn setup(writable: Option<&[PathBuf]>, mode: Mode, env: &Env) -> Result<Setup, CliError> {
    let failed = |error: io::Error| CliError::internal(format!("there is no randomness: {error}"));
    let seed = Seed::new(|octets| env.entropy.fill(octets)).map_err(failed)?;
    Ok(Setup {
        mode,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        build_id: "none".to_owned(),
        measures: confined(writable),
        seed,
        profiles: Vec::new(),
        judged_at: None,
        until: None,
        appliance: None,
        final_try: false,
        previous_given: false,
    })
}

/// What the ceremony's own process gives up, before any thread is started: nobody looks into its memory, and it opens
/// no socket.
fn confined(writable: Option<&[PathBuf]>) -> Vec<String> {
    let confinement = confine(writable, None);
    confinement.measures().iter().map(|(name, measure)| format!("{name}: {}", measure.text())).collect()
}

/// A profile as the ceremony takes it; whether it can be used is the ceremony's to say.
pub(super) fn profile_file(path: &Path) -> Result<ProfileFile, CliError> {
    Ok(ProfileFile { origin: input::shown(path), octets: input::file(path, crate::profile::MAX_OCTETS)? })
}

/// Starts a crew on an ordinary computer.
pub(super) fn crew(
    env: &Env,
    volumes: Box<dyn Volumes>,
    spool: Option<SpoolFolder>,
    report: Report,
) -> Result<Crew, CliError> {
    let station = StationConfig { clock: Some(Arc::clone(&env.clock)), ..StationConfig::default() };
    crew_on(station, env, volumes, spool, report)
}

/// Starts a crew that reports through `report`.
pub(super) fn crew_on(
    station: StationConfig,
    env: &Env,
    volumes: Box<dyn Volumes>,
    spool: Option<SpoolFolder>,
    report: Report,
) -> Result<Crew, CliError> {
    let config = CrewConfig {
        hosts: env.hosts.clone(),
        name: format!("claviger {}", env!("CARGO_PKG_VERSION")),
        volumes,
        spool,
        threads: thread::available_parallelism().map_or(1, usize::from),
    };
    Crew::start_on(station, config, report)
        .map_err(|error| CliError::internal(format!("there are no threads: {error}")))
}

/// What is posted to the screen besides keys.
pub(super) enum Post {
    /// The crew did something.
    Work(Work),
    /// The system asks the program to end: SIGTERM, SIGHUP.
    Stop,
}

/// A channel to the screen, and a report into it.
pub(super) fn channel() -> (Sender<Message<Post>>, Receiver<Message<Post>>, Report) {
    let (sender, receiver) = mpsc::channel();
    let posts = sender.clone();
    let report: Report = Arc::new(move |work| {
        let _ = posts.send(Message::Work(Post::Work(work))); // a screen that is gone needs no news
    });
    (sender, receiver, report)
}

/// Shows the ceremony on the terminal until it is over; returns the exit code.
pub(super) fn show(
    stage: Stage,
    sender: &Sender<Message<Post>>,
    receiver: &Receiver<Message<Post>>,
) -> Result<u8, CliError> {
    let mut screen = Screen::open().map_err(unshown)?;
    tui::listen(sender);
    listen_to_signals(sender).map_err(unshown)?;
    let mut player = Player { stage };
    let code = tui::run(&mut player, screen.terminal(), receiver);
    drop(screen);
    code.map_err(unshown)
}

/// Refuses where there is no terminal, before anything is prepared for one.
pub(super) fn expect_terminal() -> Result<(), CliError> {
    tui::expect_terminal().map_err(unshown)
}

fn unshown(error: io::Error) -> CliError {
    let error = CliError::input(format!("this is no terminal that a ceremony can be shown on: {error}"));
    error.advice("run it on a terminal; `claviger rehearse --auto` and `claviger sign` need none")
}

/// SIGTERM and SIGHUP mean: stop.
fn listen_to_signals(sender: &Sender<Message<Post>>) -> io::Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP])?;
    let posts = sender.clone();
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for _ in signals.forever() {
            let _ = posts.send(Message::Work(Post::Stop));
        }
    })?;
    Ok(())
}

struct Player {
    stage: Stage,
}

impl Driver for Player {
    type Work = Post;

    fn view(&self) -> &View {
        self.stage.view()
    }

    fn input(&mut self, input: Input) {
        let _ = self.stage.input(input); // the view says why it was not taken
    }

    fn work(&mut self, post: Post) {
        match post {
            Post::Work(work) => self.stage.work(work),
            Post::Stop => self.input(Input::Stop("the system asked the program to end".to_owned())),
        }
    }

    fn now(&self) -> Moment {
        self.stage.agreed()
    }

    fn finished(&self) -> Option<u8> {
        self.stage.finished()
    }
}
