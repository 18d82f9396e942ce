//! Children of PID 1, which reaps them itself: daemons, helpers, the broker, the ceremony.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a child of PID 1 finds; helpers of others expect a search path.
const ENVIRONMENT: [(&str, &str); 2] = [("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), ("TERM", "linux")];

/// What a child of PID 1 has as its streams.
#[derive(Clone, Copy, Debug)]
pub enum Streams<'a> {
    /// Nothing.
    Nowhere,
    /// This terminal, as all three.
    Terminal(&'a File),
    /// This socket as its standard input, and nothing else.
    Socket(&'a UnixListener),
}

/// Starts a program that nobody here waits for; returns its process id.
///
/// It runs as the user and group of number `user`, without any
/// further group and, unless that is root, without capabilities; without `user` it runs as root.
///
/// # Errors
/// When the program cannot be started.
#[expect(clippy::disallowed_methods, reason = "PID 1 starts its children here, and reaps whatever ends")]
pub fn launch(
    program: &Path,
    arguments: &[impl AsRef<OsStr>],
    user: Option<u32>,
    streams: Streams<'_>,
) -> io::Result<u32> {
    let stream = || match streams {
        Streams::Terminal(file) => file.try_clone().map(Stdio::from),
        Streams::Nowhere | Streams::Socket(_) => Ok(Stdio::null()),
    };
    let input = match streams {
        Streams::Socket(socket) => Stdio::from(OwnedFd::from(socket.try_clone()?)),
        Streams::Nowhere | Streams::Terminal(_) => stream()?,
    };
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(ENVIRONMENT).current_dir("/");
    command.stdin(input).stdout(stream()?).stderr(stream()?);
    if let Some(number) = user {
        command.gid(number).uid(number); // from root this drops all further groups, too
    }
    command.spawn().map(|child| child.id())
}

/// Runs a helper to its end, as this user, without streams; whether it succeeded.
///
/// # Errors
/// When it cannot be started.
#[expect(clippy::disallowed_methods, reason = "helpers of the image's own processes are started here")]
pub fn run(program: &Path, arguments: &[impl AsRef<OsStr>]) -> io::Result<bool> {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(ENVIRONMENT).current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().map(|status| status.success())
}

#[cfg(test)]
mod tests {
    use rustix::process::{Pid, WaitOptions, waitpid};

    use super::*;

    fn ended(pid: u32) -> Option<i32> {
        let pid = Pid::from_raw(pid.try_into().unwrap());
        waitpid(pid, WaitOptions::empty()).unwrap().unwrap().1.exit_status()
    }

    #[test]
    fn a_child_has_its_arguments_our_environment_and_no_streams() {
        let script = "test -z \"$HOME\" && test -n \"$PATH\" && test \"$1\" = ours && ! read line && exit 7";
        let pid = launch(Path::new("/bin/sh"), &["-c", script, "sh", "ours"], None, Streams::Nowhere).unwrap();
        assert_eq!(ended(pid), Some(7));
        launch(Path::new("/nowhere"), &[] as &[&str], None, Streams::Nowhere).unwrap_err();
    }

    #[test]
    fn a_helper_tells_whether_it_succeeded() {
        assert!(run(Path::new("/bin/sh"), &["-c", "exit 0"]).unwrap());
        assert!(!run(Path::new("/bin/sh"), &["-c", "exit 3"]).unwrap());
        run(Path::new("/nowhere"), &[] as &[&str]).unwrap_err();
    }

    #[test]
    fn another_user_has_no_further_group_and_no_capability() {
        if !rustix::process::geteuid().is_root() {
            return; // only root can become another
        }
        let script = "test \"$(id -u):$(id -G)\" = 900:900 && grep -q '^CapEff:.*0000000000000000$' /proc/self/status";
        let pid = launch(Path::new("/bin/sh"), &["-c", script], Some(900), Streams::Nowhere).unwrap();
        assert_eq!(ended(pid), Some(0));
    }
}
