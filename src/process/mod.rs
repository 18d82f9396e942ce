//! Clock, entropy, children: spawning, confinement, framing; what is asked of the broker.

mod broker;
mod confine;
pub mod env;
mod frame;
mod launch;
mod leash;
mod lights;
mod link;
mod spawn;
mod syscalls;

pub use self::broker::{
    Answer, BROKER_SOCKET, BootMedium, BrokerClient, KEYMAPS, MEDIA_FOLDER, Plugged, Refused, Request, SLOTS, Seen,
};
pub use self::confine::{Confinement, Extent, Measure, confine, lock_memory};
pub(crate) use self::env::last_tick;
pub use self::env::{Clock, Deadline, Entropy, FixedClock, SeededEntropy, SystemClock, SystemEntropy};
pub use self::frame::{Frame, FrameError, FrameReader, FrameWriter, MAX_FRAME};
pub use self::launch::{Streams, launch, run};
pub use self::leash::{LAUNCHER_SOCKET, SOFT_TOKEN, lead};
pub use self::lights::keyboard_locks;
pub use self::link::Link;
pub use self::spawn::{Child, Killer, Starter, inherited_listener, inherited_socket};
