//! What the ceremony asks of the broker, and its client: framed JSON over a socket that only the ceremony may open.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::env::Deadline;
use super::frame::FrameError;
use super::link::Link;
use crate::dns::Sha256Digest;
use crate::steps::{UsbState, VolumeFacts, VolumeId};

/// The broker's socket on the appliance; it belongs to the ceremony's user alone.
pub const BROKER_SOCKET: &str = "/run/claviger/broker.sock";
/// The folder of the mount points `1` to [`SLOTS`].
pub const MEDIA_FOLDER: &str = "/run/claviger/media";
/// Media that can be mounted at once.
pub const SLOTS: u8 = 8;

/// The image's keyboard layouts; [`Request::Keymap`] names one by its place here.
pub const KEYMAPS: [&str; 13] = ["us", "uk", "de", "fr", "es", "it", "pt", "be", "dk", "se", "no", "de-ch", "fr-ch"];

/// Hashing a slow boot medium takes longest.
const PATIENCE: Duration = Duration::from_secs(120);

/// All that the broker can be asked. No path, option or device name is among it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// What is plugged in: [`Answer::Plugged`].
    Volumes,
    /// Mount a volume: [`Answer::Mounted`]. One that is mounted for reading becomes writable in place.
    Mount {
        /// The volume.
        volume: VolumeId,
        /// Whether it is to be written, too.
        write: bool,
    },
    /// Unmount a volume; also one that is not mounted: [`Answer::Done`].
    Unmount {
        /// The volume.
        volume: VolumeId,
    },
    /// Look at once whether a floppy lies in a drive, then as [`Request::Volumes`].
    ProbeFloppy,
    /// Hash the medium that the appliance was booted from: [`Answer::BootMedium`].
    HashBootMedium,
    /// Which USB devices are not let in: [`Answer::Usb`].
    UsbDevices,
    /// Decide on a keyboard that waits: [`Answer::Done`].
    Usb {
        /// [`UsbFacts::id`](crate::steps::UsbFacts::id).
        device: u32,
        /// Whether it is let in.
        allow: bool,
    },
    /// Load a keyboard layout: [`Answer::Done`].
    Keymap {
        /// Its place in [`KEYMAPS`].
        number: u8,
    },
    /// Set the computer's clock: [`Answer::Done`].
    SetClock {
        /// Seconds since 1970, UTC.
        unix: u32,
    },
    /// Unmount everything and switch off: [`Answer::Done`], and then the end.
    PowerOff,
}

/// What the broker says.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// What is plugged in.
    Plugged(Plugged),
    /// USB devices that are not let in.
    Usb(UsbState),
    /// The volume is mounted at the mount point of this number.
    Mounted {
        /// From 1 to [`SLOTS`].
        slot: u8,
    },
    /// It is done.
    Done,
    /// The boot medium; none if it was taken out.
    BootMedium(Option<BootMedium>),
    /// It is not done.
    Refused(Refused),
}

/// What is plugged in.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Plugged {
    /// What was told when the appliance had started; none: it has not, no medium is touched, and none is listed.
    pub started: Option<Vec<String>>,
    /// Media, in the order in which they were plugged in.
    pub volumes: Vec<Seen>,
}

/// A medium, usable or not.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Seen {
    /// What is known of it.
    pub facts: VolumeFacts,
    /// What was found there instead of one FAT file system, short enough for a label; none if it can be used.
    pub fault: Option<String>,
}

/// The medium that the appliance was booted from, as it is now.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct BootMedium {
    /// SHA-256 of the whole image on it.
    pub sha256: Sha256Digest,
    /// Octets of the image.
    pub size: u64,
}

/// Why something is not done.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refused {
    /// The volume or device of this number is not there any more.
    Gone,
    /// The medium takes no writing.
    ReadOnly,
    /// Anything else, in words for people.
    Because(String),
}

/// The ceremony's end; it connects when it is first asked, and again after a failure.
///
/// The broker listens to one client at a time: all copies of this one share its connection.
#[derive(Clone, Debug)]
pub struct BrokerClient {
    socket: PathBuf,
    link: Arc<Mutex<Option<Link>>>,
}

impl BrokerClient {
    /// A client of the broker that listens at `socket`.
    #[must_use]
    pub fn at(socket: &Path) -> Self {
        Self { socket: socket.to_owned(), link: Arc::default() }
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`FrameError`] if the broker is not there, is gone, or does not answer; nothing is asked twice by itself.
    pub fn ask(&self, request: Request) -> Result<Answer, FrameError> {
        let mut held = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        let mut link = match held.take() {
            Some(link) => link,
            None => Link::over(UnixStream::connect(&self.socket)?)?,
        };
        let deadline = Deadline::after(PATIENCE);
        link.send(&request, deadline)?;
        let answer = link.receive(deadline)?;
        *held = Some(link); // after a failure the next question begins anew
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_question_gets_its_answer_and_a_lost_broker_is_found_again() {
        let place = tempfile::tempdir().unwrap();
        let socket = place.path().join("broker.sock");
        let client = BrokerClient::at(&socket);
        assert!(client.ask(Request::Volumes).is_err(), "there is no broker yet");
        let listener = UnixListener::bind(&socket).unwrap();
        let broker = std::thread::spawn(move || {
            for slot in 1..=2 {
                let mut link = Link::over(listener.accept().unwrap().0).unwrap();
                let asked: Request = link.receive(Deadline::never()).unwrap();
                assert_eq!(asked, Request::Mount { volume: VolumeId(7), write: true });
                link.send(&Answer::Mounted { slot }, Deadline::never()).unwrap();
            }
        });
        let mount = Request::Mount { volume: VolumeId(7), write: true };
        assert_eq!(client.ask(mount).unwrap(), Answer::Mounted { slot: 1 });
        assert!(client.ask(mount).is_err(), "the broker has hung up");
        assert_eq!(client.ask(mount).unwrap(), Answer::Mounted { slot: 2 });
        broker.join().unwrap();
    }

    #[test]
    fn a_request_names_nothing_but_numbers() {
        let taken = |text: &str| serde_json::from_str::<Request>(text).is_ok();
        assert!(taken(r#"{"mount":{"volume":1,"write":false}}"#) && taken(r#""volumes""#));
        for text in [
            r#"{"mount":{"volume":"/dev/sda","write":false}}"#,
            r#"{"mount":{"volume":1,"write":false,"options":"suid"}}"#,
            r#"{"mount":{"volume":-1,"write":false}}"#,
            r#""reboot""#,
        ] {
            assert!(!taken(text), "{text}");
        }
    }
}
