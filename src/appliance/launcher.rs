//! The launcher's process: starts token hosts under a user of their own, when the ceremony asks for one.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;

use crate::process::{LAUNCHER_SOCKET, confine, inherited_listener, lead};
use crate::token::HOST_ROLE;

use super::user::USER;

/// This program.
const PROGRAM: &str = "/proc/self/exe";

/// Makes the socket, for the ceremony's user alone; as root, which the launcher itself is not.
///
/// # Errors
/// When there is no socket to be had.
pub(super) fn bind() -> io::Result<UnixListener> {
    let path = Path::new(LAUNCHER_SOCKET);
    let _ = fs::remove_file(path); // of a launcher before this one
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    chown(path, Some(USER), Some(USER))?;
    Ok(listener)
}

/// Serves for ever: one connection is one host.
///
/// # Errors
/// When standard input is no socket, or nobody can connect to it any more.
pub(super) fn serve() -> io::Result<()> {
    let listener = inherited_listener()?;
    let _ = confine(None, None); // each host restricts its own files, and tells what holds for it
    loop {
        let (client, _) = listener.accept()?;
        // Whom nothing could be told is gone, and so is the host.
        thread::Builder::new().spawn(move || lead(client, Path::new(PROGRAM), HOST_ROLE))?;
    }
}
