//! The ceremony's user on the image.

/// Number of the user and of the group `claviger`, which own the ceremony's terminal, socket and folders.
pub(super) const USER: u32 = 900;
