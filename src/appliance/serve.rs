//! The broker's process: one socket, one client at a time, and no more rights than its verbs need.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process;

use rustix::net::sockopt::socket_peercred;
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities, set_no_new_privs};

use crate::process::{Answer, BROKER_SOCKET, Deadline, FrameError, Link, Request};

use super::broker::Broker;
use super::devices::{Devices, SystemDevices, unmount_all};
use super::user::USER;

/// Serves until the ceremony asks to switch off.
///
/// # Errors
/// When there is no socket to be had, or the rights cannot be given up; nothing is served then.
pub(super) fn serve() -> io::Result<()> {
    let path = Path::new(BROKER_SOCKET);
    let _ = fs::remove_file(path); // of a broker before this one
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    std::os::unix::fs::chown(path, Some(USER), Some(USER))?;
    give_up()?;
    // What a broker before this one had in use is nobody's any more, and none of its numbers means another medium now.
    unmount_all();
    let mut broker = Broker::new(SystemDevices::new(), process::id() << 10);
    let mut served = None;
    loop {
        let (stream, _) = listener.accept()?;
        let Some(peer) = socket_peercred(&stream).ok().filter(|peer| peer.uid.as_raw() == USER) else { continue };
        // Who connects anew has its media still; who takes its place has none.
        if served.replace(peer.pid) != Some(peer.pid) {
            broker.let_go();
        }
        if let Ok(Over::Off) = converse(&mut broker, stream) {
            return Ok(());
        }
    }
}

/// How a conversation ended.
#[derive(Debug, Eq, PartialEq)]
enum Over {
    /// The client has closed its end.
    Gone,
    /// All is to be switched off.
    Off,
}

/// Answers one client until it goes.
fn converse<D: Devices>(broker: &mut Broker<D>, stream: UnixStream) -> Result<Over, FrameError> {
    let mut link = Link::over(stream)?;
    loop {
        let request: Request = match link.receive(Deadline::never()) {
            Ok(request) => request,
            Err(FrameError::Closed) => return Ok(Over::Gone),
            Err(error) => return Err(error),
        };
        let answer: Answer = broker.answer(request);
        let sent = link.send(&answer, Deadline::never());
        if request == Request::PowerOff {
            return Ok(Over::Off);
        }
        sent?;
    }
}

/// Keeps the rights to mount, to set the clock and to load keyboard layouts, and gives up all others for good.
fn give_up() -> io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    set_no_new_privs(true)?;
    let kept = CapabilitySet::SYS_ADMIN | CapabilitySet::SYS_TIME | CapabilitySet::SYS_TTY_CONFIG;
    let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
    Ok(set_capabilities(None, sets)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::VolumeId;

    #[test]
    fn a_client_is_answered_until_it_goes_or_switches_off() {
        let (near, far) = UnixStream::pair().unwrap();
        let served = std::thread::spawn(move || converse(&mut Broker::new(SystemDevices::new(), 1), far));
        let mut link = Link::over(near).unwrap();
        link.send(&Request::Unmount { volume: VolumeId(1) }, Deadline::never()).unwrap();
        assert_eq!(link.receive::<Answer>(Deadline::never()).unwrap(), Answer::Done);
        link.send(&"open sesame", Deadline::never()).unwrap();
        assert!(link.receive::<Answer>(Deadline::never()).is_err(), "who asks anything else is left");
        assert!(served.join().unwrap().is_err());

        let (near, far) = UnixStream::pair().unwrap();
        let served = std::thread::spawn(move || converse(&mut Broker::new(SystemDevices::new(), 1), far));
        Link::over(near).unwrap().send(&Request::PowerOff, Deadline::never()).unwrap();
        assert_eq!(served.join().unwrap().unwrap(), Over::Off);
    }
}
