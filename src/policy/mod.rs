//! The named checks; only this room can make an admitted plan.
