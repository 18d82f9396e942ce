//! Entries, chain, seal, audit.
