//! The state machine of the steps, without I/O.
