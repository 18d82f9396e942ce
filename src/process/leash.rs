//! A child under another user, started by the appliance's launcher: both ends of the leash that it is held on.
//!
//! Who is no root cannot start a process under another user, nor end one. So the launcher runs under that user and does
//! both: one connection is one child. The client sends the child's socket and its environment; the launcher answers
//! with the process id, and with how it ended. When the client lets go, however it came to that, the child is killed.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde::{Deserialize, Serialize};

use super::env::Deadline;
use super::frame::FrameError;
use super::link::Link;
use super::spawn::Child;

/// The launcher's socket on the appliance; it belongs to the ceremony's user alone.
pub const LAUNCHER_SOCKET: &str = "/run/claviger/launcher.sock";
/// Configuration of the software token on a rehearsal's image; token and configuration are the hosts' own.
pub const SOFT_TOKEN: &str = "/run/claviger/token/softhsm2.conf";

/// How long either end waits for the other one.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the launcher says.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Said {
    /// The child runs, under this process id.
    Started(u32),
    /// It cannot be started, for this reason.
    Refused(String),
    /// It is gone: how it ended.
    Ended(String),
}

/// The client's end.
#[derive(Debug)]
pub(super) struct Leash {
    stream: UnixStream,
    end: Mutex<End>,
}

#[derive(Debug)]
struct End {
    link: Link,
    status: Option<String>,
}

impl Leash {
    /// Has a child started with this socket as its standard input; also its process id.
    pub(super) fn start(
        launcher: &Path,
        env: &BTreeMap<String, String>,
        socket: &UnixStream,
    ) -> io::Result<(Self, u32)> {
        let stream = UnixStream::connect(launcher)?;
        give(&stream, socket)?;
        let mut link = Link::over(stream.try_clone()?)?;
        let deadline = Deadline::after(PATIENCE);
        link.send(env, deadline).map_err(io::Error::other)?;
        match link.receive(deadline).map_err(io::Error::other)? {
            Said::Started(pid) => Ok((Self { stream, end: Mutex::new(End { link, status: None }) }, pid)),
            Said::Refused(reason) => Err(io::Error::other(reason)),
            Said::Ended(_) => Err(ErrorKind::InvalidData.into()),
        }
    }

    /// Lets go: the launcher kills the child, if it still runs, and tells how it ended.
    pub(super) fn let_go(&self) -> io::Result<()> {
        match self.stream.shutdown(Shutdown::Write) {
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(()), // the launcher itself is gone
            result => result,
        }
    }

    /// How the child ended, if it has.
    pub(super) fn ended(&self) -> io::Result<Option<String>> {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        if end.status.is_none() && end.link.has_arrived() {
            end.status = Some(match end.link.receive(Deadline::after(PATIENCE)) {
                Ok(Said::Ended(status)) => status,
                Ok(_) => "its launcher says something else than was asked".to_owned(),
                Err(error) => format!("its launcher is gone: {error}"), // and the child with it
            });
        }
        Ok(end.status.clone())
    }
}

/// The launcher's end: starts `program role` for one client, and returns when the child is gone.
///
/// # Errors
/// When the client sends something else than a socket and an environment; nothing is started then. Or it cannot be told
/// how the child ended, which is gone all the same.
pub fn lead(client: UnixStream, program: &Path, role: &str) -> Result<(), FrameError> {
    let socket = take(&client)?;
    let mut link = Link::over(client.try_clone()?)?;
    let env: BTreeMap<String, String> = link.receive(Deadline::after(PATIENCE))?;
    let mut child = match Child::spawn(program, role, &env, UnixStream::from(socket)) {
        Ok(child) => child,
        Err(error) => return link.send(&Said::Refused(error.to_string()), Deadline::after(PATIENCE)),
    };
    let told = link.send(&Said::Started(child.pid()), Deadline::after(PATIENCE));
    let status = told.map_err(io::Error::other).and_then(|()| watch(&client, child.pid())).and_then(|()| child.kill());
    let status = status.unwrap_or_else(|error| error.to_string());
    link.send(&Said::Ended(status), Deadline::after(PATIENCE))
}

/// Waits until the child has ended or the client has let go.
fn watch(client: &UnixStream, pid: u32) -> io::Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(ErrorKind::InvalidInput)?;
    let child = pidfd_open(pid, PidfdFlags::empty())?;
    loop {
        let ends = [PollFd::new(&child, PollFlags::IN), PollFd::new(client, PollFlags::IN | PollFlags::RDHUP)];
        match poll(&mut { ends }, None) {
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return Ok(()),
        }
    }
}

/// Sends a descriptor, with one octet that carries it.
fn give(stream: &UnixStream, socket: &UnixStream) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let descriptors = [socket.as_fd()];
    if !ancillary.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(ErrorKind::OutOfMemory.into());
    }
    sendmsg(stream, &[IoSlice::new(&[0])], &mut ancillary, SendFlags::empty())?;
    Ok(())
}

/// Receives the one descriptor that the client sends first.
fn take(stream: &UnixStream) -> io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut octet = [0];
    recvmsg(stream, &mut [IoSliceMut::new(&mut octet)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let descriptors = ancillary.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    descriptors.flatten().next().ok_or_else(|| ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixListener;
    use std::thread;

    use super::*;
    use crate::process::Starter;

    /// A launcher of shells, and what starts them through it.
    fn launcher(place: &Path) -> Starter {
        let socket = place.join("launcher.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        thread::spawn(move || {
            for client in listener.incoming() {
                thread::spawn(|| lead(client.unwrap(), Path::new("/bin/sh"), "-s"));
            }
        });
        Starter::Launcher(socket)
    }

    #[test]
    fn a_led_child_has_the_socket_and_the_environment_that_were_sent() {
        let place = tempfile::tempdir().unwrap();
        let env = BTreeMap::from([("ONLY".to_owned(), "this".to_owned())]);
        let (mut child, mut socket) = launcher(place.path()).start("-s", &env).unwrap();
        socket.write_all(b"cat /proc/self/environ >&0; exit 7\n").unwrap();
        assert_eq!(child.wait_or_kill(PATIENCE).unwrap(), "it ended with exit code 7");
        let mut found = String::new();
        socket.set_nonblocking(true).unwrap();
        let _ = socket.read_to_string(&mut found);
        assert!(found.contains("ONLY=this") && !found.contains("CARGO"), "{found}");
    }

    #[test]
    fn who_lets_go_of_a_child_ends_it_in_whatever_way() {
        let place = tempfile::tempdir().unwrap();
        let starter = launcher(place.path());
        let start = || starter.start("-s", &BTreeMap::new()).unwrap();
        let gone = |pid: u32| !Path::new(&format!("/proc/{pid}")).exists();
        let (mut child, _socket) = start();
        assert_eq!(child.try_wait().unwrap(), None);
        child.killer().kill();
        assert_eq!(child.wait_or_kill(PATIENCE).unwrap(), "it was ended by signal 9 (SIGKILL)");
        let (child, _socket) = start();
        let pid = child.pid();
        drop(child);
        assert!(gone(pid));
    }

    #[test]
    fn a_client_that_sends_no_socket_or_nonsense_starts_nothing() {
        for sends_socket in [false, true] {
            let (near, far) = UnixStream::pair().unwrap();
            if sends_socket {
                give(&near, &near).unwrap();
            }
            (&near).write_all(&[0; 64]).unwrap();
            assert!(lead(far, Path::new("/bin/sh"), "-s").is_err());
        }
    }

    #[test]
    fn a_launcher_that_is_not_there_or_cannot_start_is_an_error() {
        let place = tempfile::tempdir().unwrap();
        let nowhere = Starter::Launcher(place.path().join("nowhere"));
        assert!(nowhere.start("-s", &BTreeMap::new()).is_err());
        let socket = place.path().join("launcher.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let served = thread::spawn(move || lead(listener.accept().unwrap().0, Path::new("/nowhere"), "-s"));
        let error = Starter::Launcher(socket).start("-s", &BTreeMap::new()).unwrap_err();
        assert!(error.to_string().contains("No such file"), "{error}");
        served.join().unwrap().unwrap();
    }
}
