//! Clock, entropy, children: spawning, confinement, framing.

mod confine;
pub mod env;
mod frame;
mod spawn;
mod syscalls;

pub use self::confine::{Access, Confinement, Extent, Measure, confine, lock_memory};
pub use self::env::{Clock, Deadline, Entropy, FixedClock, SeededEntropy, SystemClock, SystemEntropy};
pub use self::frame::{Frame, FrameError, FrameReader, FrameWriter, MAX_FRAME};
pub use self::spawn::{Child, Killer, inherited_socket};
