//! One file per command; prints, decides nothing.
