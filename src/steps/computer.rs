//! What the computer tells of itself, as plain values.

/// Which locks of the keyboard are on; none where that is not known.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Locks {
    /// Caps Lock.
    pub caps: Option<bool>,
    /// Num Lock.
    pub num: Option<bool>,
}
