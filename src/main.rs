//! The `claviger` binary: one of its internal roles if it was started as one, else a command.

use std::ffi::OsStr;
use std::io::{stderr, stdout};
use std::path::Path;
use std::process::ExitCode;

use claviger::{appliance, cli, token};

fn main() -> ExitCode {
    let mut words = std::env::args_os();
    let name = words.next().unwrap_or_default();
    let role = words.next().unwrap_or_default();
    // The kernel starts `/init` without an argument.
    if role == appliance::INIT_ROLE || Path::new(&name).file_name() == Some(OsStr::new(appliance::INIT_ROLE)) {
        return ExitCode::from(appliance::run_init());
    }
    if role == appliance::BROKER_ROLE {
        return ExitCode::from(appliance::run_broker());
    }
    if role == appliance::LAUNCHER_ROLE {
        return ExitCode::from(appliance::run_launcher());
    }
    if role == token::HOST_ROLE {
        return ExitCode::from(token::run_host());
    }
    ExitCode::from(cli::run(std::env::args_os(), &mut stdout(), &mut stderr(), &cli::Env::system()))
}
