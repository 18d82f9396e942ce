//! Children: this same program in an internal role, with a socket and nothing else.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::env::Deadline;
use super::leash::Leash;

/// How long a killed child may take to be gone.
const GRACE: Duration = Duration::from_secs(2);

/// Where children of an internal role are started.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Starter {
    /// Here, from this program, under our own user: `/proc/self/exe`.
    Program(PathBuf),
    /// By the appliance's launcher, under a user of their own: its socket. See [`lead`](super::lead).
    Launcher(PathBuf),
}

impl Starter {
    /// Starts a role with one end of a new socket as its standard input; returns the other end.
    ///
    /// # Errors
    /// When there is no socket to be had, or the program cannot be started.
    pub fn start(&self, role: &str, env: &BTreeMap<String, String>) -> io::Result<(Child, UnixStream)> {
        let (ours, theirs) = UnixStream::pair()?;
        let child = match self {
            Self::Program(program) => Child::spawn(program, role, env, theirs)?,
            // The launcher starts one role only.
            Self::Launcher(socket) => {
                let (leash, pid) = Leash::start(socket, env, &theirs)?;
                Child { held: Held::Led(Arc::new(leash)), pid }
            }
        };
        Ok((child, ours))
    }
}

impl fmt::Display for Starter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Program(path) | Self::Launcher(path)) = self;
        path.display().fmt(f)
    }
}

/// A child of ours; killed and reaped when dropped.
#[derive(Debug)]
pub struct Child {
    held: Held,
    pid: u32,
}

/// Ends a child from another thread, while its owner waits for an answer.
#[derive(Clone, Debug)]
pub struct Killer(Held);

#[derive(Clone, Debug)]
enum Held {
    Own(Arc<Mutex<std::process::Child>>),
    Led(Arc<Leash>),
}

impl Held {
    fn kill(&self) -> io::Result<()> {
        match self {
            Self::Own(process) => locked(process).kill(),
            Self::Led(leash) => leash.let_go(),
        }
    }

    fn try_wait(&self) -> io::Result<Option<String>> {
        match self {
            Self::Own(process) => Ok(locked(process).try_wait()?.map(describe)),
            Self::Led(leash) => leash.ended(),
        }
    }
}

impl Child {
    /// Starts `program role` with a socket as its standard input.
    ///
    /// The environment is `env` and nothing else, the working directory `/`; output and diagnostics go nowhere, and
    /// every descriptor of ours is closed on exec.
    ///
    /// # Errors
    /// When the program cannot be started.
    #[expect(clippy::disallowed_methods, reason = "this is where children are started")]
    pub(super) fn spawn<V: AsRef<OsStr>>(
        program: &Path,
        role: &str,
        env: &BTreeMap<String, V>,
        socket: UnixStream,
    ) -> io::Result<Self> {
        let process = Command::new(program)
            .arg(role)
            .env_clear()
            .envs(env)
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(socket)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let pid = process.id();
        Ok(Self { held: Held::Own(Arc::new(Mutex::new(process))), pid })
    }

    /// The process id.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// A handle that ends the child from another thread.
    #[must_use]
    pub fn killer(&self) -> Killer {
        Killer(self.held.clone())
    }

    /// How the child ended, as text, if it has.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn try_wait(&mut self) -> io::Result<Option<String>> {
        self.held.try_wait()
    }

    /// Ends the child and reaps it; how it ended, as text.
    ///
    /// A child that a driver holds inside the kernel cannot be ended; it is left behind after two seconds.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn kill(&mut self) -> io::Result<String> {
        self.held.kill()?;
        Ok(self.wait(GRACE)?.unwrap_or_else(|| "it cannot be ended: it is blocked inside the kernel".to_owned()))
    }

    /// Waits up to `limit` for the child to end by itself, else ends it; how it ended, as text.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn wait_or_kill(&mut self, limit: Duration) -> io::Result<String> {
        match self.wait(limit)? {
            Some(status) => Ok(status),
            None => self.kill(),
        }
    }

    fn wait(&mut self, limit: Duration) -> io::Result<Option<String>> {
        let deadline = Deadline::after(limit);
        loop {
            let status = self.try_wait()?;
            if status.is_some() || deadline.remaining().is_some_and(|left| left.is_zero()) {
                return Ok(status);
            }
            // std has no wait with a limit; this is the end of a child's life, where a millisecond does not count.
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Nothing is left to be told where even this fails; the child also ends when its socket closes.
        let _ = self.kill();
    }
}

impl Killer {
    /// Ends the child; it is reaped by its owner. A child that has ended stays as it is.
    pub fn kill(&self) {
        let _ = self.0.kill();
    }
}

fn locked(process: &Mutex<std::process::Child>) -> MutexGuard<'_, std::process::Child> {
    process.lock().unwrap_or_else(PoisonError::into_inner)
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it ended with exit code {code}"),
        (None, Some(signal)) => {
            let name = match signal {
                4 => " (SIGILL)",
                6 => " (SIGABRT)",
                7 => " (SIGBUS)",
                9 => " (SIGKILL)",
                11 => " (SIGSEGV)",
                15 => " (SIGTERM)",
                31 => " (SIGSYS)",
                _ => "",
            };
            format!("it was ended by signal {signal}{name}")
        }
        (None, None) => "it ended".to_owned(),
    }
}

/// For a child: the socket that came as standard input, which `/dev/null` replaces, so that no library reads from it.
///
/// # Errors
/// When standard input is no Unix socket: somebody called an internal role by hand.
pub fn inherited_socket() -> io::Result<UnixStream> {
    inherited().map(UnixStream::from)
}

/// The same for a socket that others connect to.
///
/// # Errors
/// As of [`inherited_socket`].
pub fn inherited_listener() -> io::Result<UnixListener> {
    inherited().map(UnixListener::from)
}

fn inherited() -> io::Result<OwnedFd> {
    let input = io::stdin();
    if rustix::net::sockopt::socket_domain(input.as_fd())? != rustix::net::AddressFamily::UNIX {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let socket = input.as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(std::fs::File::open("/dev/null")?)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn shell(script: &str) -> (Child, UnixStream) {
        // `sh` reads its script from the socket, as any role reads its frames.
        let starter = Starter::Program("/bin/sh".into());
        let (child, socket) = starter.start("-s", &BTreeMap::from([("ONLY".to_owned(), "this".to_owned())])).unwrap();
        std::io::Write::write_all(&mut &socket, script.as_bytes()).unwrap();
        (child, socket)
    }

    #[test]
    fn a_child_has_our_environment_alone_none_of_our_files_and_the_root_as_its_place() {
        let _ours = std::fs::File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
        let (mut child, mut socket) = shell("cat /proc/self/environ >&0; pwd >&0; ls -l /proc/$$/fd >&0; exit 7\n");
        assert_eq!(child.wait_or_kill(Duration::from_secs(10)).unwrap(), "it ended with exit code 7");
        socket.set_nonblocking(true).unwrap();
        let mut found = String::new();
        let _ = socket.read_to_string(&mut found);
        assert!(found.contains("ONLY=this") && !found.contains("HOME=") && !found.contains("CARGO"), "{found}");
        assert!(found.contains("\0/\n") && found.contains("socket:") && !found.contains("Cargo.toml"), "{found}");
    }

    #[test]
    fn a_child_is_killed_from_elsewhere_and_reaped() {
        let (mut child, _socket) = shell("");
        assert_eq!(child.try_wait().unwrap(), None);
        child.killer().kill();
        assert_eq!(child.wait_or_kill(Duration::from_secs(10)).unwrap(), "it was ended by signal 9 (SIGKILL)");
        let pid = child.pid();
        drop(child);
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
    }

    #[test]
    fn a_child_does_not_outlive_its_owner() {
        let (child, _socket) = shell("");
        let pid = child.pid();
        drop(child);
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
    }
}
