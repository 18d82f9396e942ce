//! The `claviger` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|role| role == claviger::token::HOST_ROLE) {
        return ExitCode::from(claviger::token::run_host());
    }
    ExitCode::SUCCESS
}
