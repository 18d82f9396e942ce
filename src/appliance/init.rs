//! PID 1: starts everything, reaps everything, switches off. It never ends.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, waitpid};
use rustix::system::{RebootCommand, reboot};

use crate::dns::sha256;
use crate::process::{KEYMAPS, Streams, launch};

use super::console::{self, CommandLine};
use super::supervise::{Child, End, Next, Supervisor};
use super::user::{TOKEN_USER, USER};
use super::{BROKER_ROLE, LAUNCHER_ROLE, devices, launcher, modules, prepare};

/// This program.
const PROGRAM: &str = "/proc/self/exe";
/// The image's own facts.
const FLAVOUR: &str = "/etc/claviger/flavour";
const MANIFEST: &str = "/etc/claviger/manifest";
const MODULES: &str = "/etc/claviger/modules";
/// Helpers of others; one that is not in the image is passed over.
const UDEVD: &str = "/usr/lib/systemd/systemd-udevd";
const UDEVADM: &str = "/usr/bin/udevadm";
const PCSCD: &str = "/usr/sbin/pcscd";
const BUSYBOX: &str = "/bin/busybox";
/// Subsystems whose devices are looked for again once everything runs; all others cost time and serve nothing here.
const SUBSYSTEMS: [&str; 5] = ["usb", "block", "scsi", "input", "hidraw"];
/// Where the `debug` flavour has its shells.
const SHELLS: [&str; 2] = ["tty2", "ttyS0"];

/// What one image is made for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Flavour {
    Ceremony,
    Rehearsal,
    Debug,
}

impl Flavour {
    fn read() -> Result<Self, String> {
        let text = fs::read_to_string(FLAVOUR).map_err(|error| format!("{FLAVOUR}: {error}"))?;
        match text.trim() {
            "ceremony" => Ok(Self::Ceremony),
            "rehearsal" => Ok(Self::Rehearsal),
            "debug" => Ok(Self::Debug),
            other => Err(format!("{FLAVOUR}: expected ceremony, rehearsal or debug; found {}", other.escape_debug())),
        }
    }

    const fn banner(self) -> &'static str {
        match self {
            Self::Ceremony => "Claviger: ceremony",
            Self::Rehearsal => "Claviger: REHEARSAL, no key that matters may be used",
            Self::Debug => "Claviger: DEBUG, with a shell; never for a ceremony",
        }
    }
}

/// A step of starting, beside the ceremony.
#[derive(Clone, Copy, Debug)]
enum Step {
    LoadModules,
    Run(&'static str, &'static [&'static str]),
    Keymap,
    Trigger,
    Pcscd,
    ShutDoor,
}

const STEPS: [Step; 7] = [
    Step::LoadModules,
    Step::Keymap,
    Step::Run(UDEVD, &["--daemon"]),
    Step::Trigger,
    Step::Run(UDEVADM, &["settle", "--timeout=20"]),
    Step::Pcscd,
    Step::ShutDoor,
];

/// Runs the appliance until it is switched off; only as PID 1, else it says so with exit status 2.
#[must_use]
pub fn run_init() -> u8 {
    if std::process::id() != 1 {
        let _ =
            io::Write::write_all(&mut io::stderr(), b"claviger: `init` runs as PID 1 of the image and nowhere else\n");
        return 2;
    }
    let command_line = match prepare::mount_pseudo() {
        Ok(()) => CommandLine::read(),
        Err(message) => {
            console::show_last(Path::new("/dev/console"), &message);
            power_off()
        }
    };
    let device = command_line.device();
    let ended = catch_unwind(AssertUnwindSafe(|| run(command_line)));
    // A panic's own words are never shown.
    let ended = ended.unwrap_or_else(|_| Err("The first process of the image failed within itself.".to_owned()));
    if let Err(message) = ended {
        end_all();
        console::show_last(&device, &message);
    }
    power_off()
}

/// Ends every other process, so that the last screen is nobody else's, nor the keys pressed at it, and no session of a
/// token stays open behind it.
fn end_all() {
    let running = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = running.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    for pid in numbers.filter(|number| *number > 1).filter_map(Pid::from_raw) {
        let _ = kill_process(pid, Signal::KILL); // the kernel's own threads do not heed it
    }
    for _ in 0..20 {
        while waitpid(None, WaitOptions::NOHANG).is_ok_and(|ended| ended.is_some()) {}
        thread::sleep(Duration::from_millis(50));
    }
}

fn run(command_line: CommandLine) -> Result<(), String> {
    prepare::settle_kernel();
    prepare::expect_memory()?;
    prepare::expect_whole_image()?;
    prepare::make_folders()?;
    let flavour = Flavour::read()?;
    if flavour != Flavour::Ceremony {
        prepare::configure_soft_token()?;
    }
    console::show(&command_line.device(), &[flavour.banner(), "starting ..."]);
    let mut init = Init::new(flavour, command_line);
    init.start(Child::Broker)?;
    init.start(Child::Launcher)?;
    init.start(Child::Ceremony)?;
    if flavour == Flavour::Debug {
        (0..SHELLS.len()).for_each(|place| {
            let _ = init.start(Child::Shell(place)); // a computer may lack one of the terminals
        });
    }
    init.reap()
}

fn power_off() -> ! {
    rustix::fs::sync();
    devices::unmount_all();
    loop {
        let _ = reboot(RebootCommand::PowerOff);
        thread::sleep(Duration::from_secs(60)); // a computer that cannot: people pull the plug
    }
}

/// What PID 1 knows.
struct Init {
    flavour: Flavour,
    command_line: CommandLine,
    build_id: String,
    supervisor: Supervisor,
    steps: VecDeque<Step>,
    /// The helper that the next step waits for.
    waiting: Option<&'static str>,
    told: Vec<String>,
}

impl Init {
    fn new(flavour: Flavour, command_line: CommandLine) -> Self {
        Self {
            flavour,
            command_line,
            build_id: fs::read(MANIFEST).map_or_else(|_| "none".to_owned(), |octets| sha256(&octets).to_string()),
            supervisor: Supervisor::default(),
            steps: STEPS.into(),
            waiting: None,
            told: Vec::new(),
        }
    }

    /// One loop owns all children; between two ends the next steps of starting are taken.
    fn reap(&mut self) -> Result<(), String> {
        loop {
            self.advance()?;
            let (pid, end) = match waitpid(None, WaitOptions::empty()) {
                Ok(Some((pid, status))) => match end_of(status) {
                    Some(end) => (pid.as_raw_nonzero().get().cast_unsigned(), end),
                    None => continue,
                },
                Ok(None) | Err(Errno::INTR) => continue,
                Err(errno) => return Err(format!("No process is left that could be waited for: {errno}.")),
            };
            match self.supervisor.ended(pid, end) {
                Next::Wait => {}
                Next::Start(child) => self.start_again(child)?,
                Next::Proceed(good) => {
                    let helper = self.waiting.take().unwrap_or_default();
                    if !good {
                        self.told.push(format!("{helper}: it failed with {}", end.text()));
                    }
                }
                Next::PowerOff => return Ok(()),
                Next::Stop(message) => return Err(message),
            }
        }
    }

    fn start_again(&mut self, child: Child) -> Result<(), String> {
        thread::sleep(Duration::from_millis(500)); // what fails at once must not take the whole computer
        match (self.start(child), child) {
            (Err(message), Child::Broker | Child::Launcher | Child::Ceremony) => Err(message),
            (_, _) => Ok(()),
        }
    }

    fn start(&mut self, child: Child) -> Result<(), String> {
        let started = match child {
            Child::Broker => launch(Path::new(PROGRAM), &[BROKER_ROLE], None, Streams::Nowhere),
            Child::Launcher => launcher::bind().and_then(|socket| {
                launch(Path::new(PROGRAM), &[LAUNCHER_ROLE], Some(TOKEN_USER), Streams::Socket(&socket))
            }),
            Child::Ceremony => self.launch_ceremony(),
            Child::Pcscd => launch(Path::new(PCSCD), &["--foreground", "--disable-polkit"], None, Streams::Nowhere),
            Child::Shell(place) => self.launch_shell(place),
            Child::Step => return Ok(()), // a step is taken once
        };
        let pid = started.map_err(|error| format!("{child:?} cannot be started: {error}"))?;
        self.supervisor.started(pid, child);
        Ok(())
    }

    fn launch_ceremony(&self) -> io::Result<u32> {
        let terminal = console::open(&self.command_line.device())?;
        let mut arguments = vec!["ceremony", "--appliance", "--build-id", &self.build_id];
        if self.flavour != Flavour::Ceremony {
            arguments.push("--rehearsal");
        }
        if self.command_line.has_keyboard() {
            arguments.extend(["--keymap", self.command_line.keymap.as_deref().unwrap_or(KEYMAPS[0])]);
        }
        launch(Path::new(PROGRAM), &arguments, Some(USER), Streams::Terminal(&terminal))
    }

    fn launch_shell(&self, place: usize) -> io::Result<u32> {
        let name = SHELLS.get(place).filter(|name| **name != self.command_line.console);
        let name = name.ok_or(io::ErrorKind::AddrInUse)?;
        let terminal = console::open(&Path::new("/dev").join(name))?;
        launch(Path::new(BUSYBOX), &["setsid", "-c", "sh"], None, Streams::Terminal(&terminal))
    }

    /// Takes steps until one has to be waited for.
    fn advance(&mut self) -> Result<(), String> {
        while self.waiting.is_none() {
            let Some(step) = self.steps.pop_front() else { return Ok(()) };
            match step {
                Step::LoadModules => match modules::load_listed(Path::new(MODULES)) {
                    Ok(faults) => self.told.extend(faults),
                    Err(error) => self.told.push(format!("modules: {error}")),
                },
                Step::Run(program, arguments) => self.helper(program, arguments),
                Step::Keymap => {
                    let name = self.command_line.keymap.as_deref().unwrap_or(KEYMAPS[0]);
                    self.helper(devices::LOADKEYS, &devices::keymap_arguments(name));
                }
                Step::Trigger => {
                    let mut arguments = vec!["trigger".to_owned(), "--action=add".to_owned()];
                    arguments.extend(SUBSYSTEMS.map(|name| format!("--subsystem-match={name}")));
                    self.helper(UDEVADM, &arguments);
                }
                Step::Pcscd if Path::new(PCSCD).exists() => {
                    if let Err(message) = self.start(Child::Pcscd) {
                        self.told.push(message);
                    }
                }
                Step::Pcscd => {}
                Step::ShutDoor => prepare::shut_door(std::mem::take(&mut self.told))?,
            }
        }
        Ok(())
    }

    fn helper(&mut self, program: &'static str, arguments: &[impl AsRef<std::ffi::OsStr>]) {
        match launch(Path::new(program), arguments, None, Streams::Nowhere) {
            Ok(pid) => {
                self.supervisor.started(pid, Child::Step);
                self.waiting = Some(program);
            }
            Err(error) => self.told.push(format!("{program}: {error}")),
        }
    }
}

/// How a process ended; none if it was only stopped.
fn end_of(status: WaitStatus) -> Option<End> {
    status.exit_status().map(End::Status).or_else(|| status.terminating_signal().map(End::Signal))
}
