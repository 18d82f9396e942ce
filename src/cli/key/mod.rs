//! `key`: the keys on a token.

mod generate;
mod inventory;

use clap::Subcommand;

use super::Run;

/// Make and list the keys on a token
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Generate(generate::Args),
    Inventory(inventory::Args),
}

impl Command {
    /// Its name in reports, and how to run it.
    pub(super) fn parts(&self) -> (&'static str, &dyn Run) {
        match self {
            Self::Generate(args) => ("key generate", args),
            Self::Inventory(args) => ("key inventory", args),
        }
    }
}
