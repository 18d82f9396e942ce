//! The `claviger` binary: the token host if it was started as one, else a command.

use std::io::{stderr, stdout};
use std::process::ExitCode;

use claviger::{cli, token};

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|role| role == token::HOST_ROLE) {
        return ExitCode::from(token::run_host());
    }
    ExitCode::from(cli::run(std::env::args_os(), &mut stdout(), &mut stderr(), &cli::Env::system()))
}
