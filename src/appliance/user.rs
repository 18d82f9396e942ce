//! The users of the image that are not root.

/// Number of the user and of the group `claviger`, which own the ceremony's terminal, sockets and folders.
pub(super) const USER: u32 = 900;
/// Number of the user and of the group `claviger-token`, under which vendors' libraries run.
pub(super) const TOKEN_USER: u32 = 901;
