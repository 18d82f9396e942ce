//! The ceremony profile (TOML), one module per format version.
