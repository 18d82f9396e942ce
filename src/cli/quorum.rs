//! `quorum create`: a token's PIN becomes one share an officer.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;

use crate::dns::Sha256Digest;
use crate::quorum::{self, Argon2Parameters, Assembly, MAX_FILE_OCTETS, QuorumError, ShareFile, THRESHOLD};
use crate::render::escape;
use crate::steps::{Pin, Role};
use crate::token::{Login, expect_tries};

use super::error::CliError;
use super::json::Report;
use super::pins::PinArgs;
use super::text::Text;
use super::{Done, Env, Run, hsm, input};

/// Officers who open a token together
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Create(Create),
}

impl Command {
    /// Its name in reports, and how to run it.
    pub(super) fn parts(&self) -> (&'static str, &dyn Run) {
        match self {
            Self::Create(args) => ("quorum create", args),
        }
    }
}

/// Split the token's PIN among officers, one share file each
///
/// The PIN must open the token of the profile, once. Each officer has a PIN of
/// at least 8 characters (`--pin-file OFFICER=FILE`) and a file that is written
/// (`--share OFFICER=FILE`), on the officer's own medium. Nothing is overwritten.
/// What was written is read back, and the officers' PINs must give the token's
/// PIN again. Prints the share set and the lines for the profile.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Create {
    /// The ceremony profile, for its token
    #[arg(long, value_name = "P.toml")]
    profile: PathBuf,
    /// Officers who are needed to open the token
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..))]
    threshold: u8,
    /// Which making of shares for this token this is
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    generation: u32,
    #[command(flatten)]
    pins: PinArgs,
}

impl Run for Create {
    fn run(&self, env: &Env, report: &mut Report) -> Result<Done, CliError> {
        let profile = input::profile(&self.profile, report)?;
        self.pins.fit_new_quorum()?;
        let pin = self.pins.pin_of(None)?;
        let officers: Vec<(Role, &Path)> = self.pins.shares().map(|(role, path)| (role.clone(), path)).collect();
        let pins = officers.iter().map(|(role, _)| self.pins.pin_of(Some(role))).collect::<Result<Vec<Pin>, _>>()?;
        let owners: Vec<(Role, &Pin)> = officers.iter().map(|(role, _)| role.clone()).zip(&pins).collect();
        quorum::check_new(self.threshold, &owners).map_err(|error| unfit(&error))?;
        expect_free(&officers)?;
        let (mut token, facts) = hsm::chosen(&profile, env)?;
        expect_tries(&facts, self.pins.final_try())?;
        token.login(&facts.serial, &Login::Pin(&pin))?;
        token.close()?;

        let mut entropy = |buffer: &mut [u8]| env.entropy.fill(buffer);
        let parameters = Argon2Parameters::default();
        let made =
            quorum::create(&pin, &facts.serial, self.threshold, &owners, self.generation, parameters, &mut entropy)
                .map_err(|error| CliError::quorum("the new shares", &error))?;
        let share_set = made.first().map_or(Sha256Digest::ZERO, ShareFile::share_set);
        write_all(&made, &officers)?;
        self.prove(share_set, &facts.serial, &pin)?;

        let names: Vec<String> = officers.iter().map(|(role, _)| format!("\"{role}\"")).collect();
        report.put(
            "quorum",
            json!({
                "token_serial": facts.serial, "threshold": self.threshold, "generation": self.generation,
                "officers": officers.iter().map(|(role, _)| role.as_str()).collect::<Vec<_>>(),
                "share_set": share_set.to_string(),
            }),
        );
        let mut text = Text::default();
        let (all, serial) = (officers.len(), escape(&facts.serial, 40));
        text.line(format!("{all} shares were written and read back; {} of them open token {serial}.", self.threshold));
        text.blank();
        text.digest("share set", &share_set);
        text.blank();
        text.line("Set login = \"shares\" in [hsm] of the profile, and add:");
        text.line("[quorum]");
        text.line(format!("threshold = {}", self.threshold));
        text.line(format!("officers = [{}]", names.join(", ")));
        text.line(format!("share-set = \"{share_set}\""));
        Ok(Done { good: true, text: text.finish() })
    }
}

impl Create {
    /// Reads every share back and opens it: all of them belong together, and so many give the PIN again.
    fn prove(&self, share_set: Sha256Digest, serial: &str, pin: &Pin) -> Result<(), CliError> {
        let mut assembly = Assembly::new(share_set, self.threshold, serial);
        for (index, (officer, path)) in self.pins.shares().enumerate() {
            let name = input::whole(path);
            let refused = |error| CliError::quorum(&name, &error);
            let share = ShareFile::read(&input::file(path, MAX_FILE_OCTETS)?).map_err(refused)?;
            assembly.check(&share).map_err(refused)?;
            let opened = share.open(&self.pins.pin_of(Some(officer))?).map_err(refused)?;
            if index < usize::from(self.threshold) {
                assembly.add(opened).map_err(refused)?;
            }
        }
        let again = assembly.unseal().map_err(|error| CliError::quorum("the new shares", &error))?;
        if again.expose() == pin.expose() {
            return Ok(());
        }
        Err(CliError::internal("the shares that were read back give another PIN: do not use them"))
    }
}

/// What makes no quorum, as the arguments say it.
fn unfit(error: &QuorumError) -> CliError {
    match error {
        QuorumError::ShortPin { officer, expected, found } => {
            let made = CliError::usage(format!("the PIN of {officer} is too short")).field("--pin-file");
            let made = made.expected(format!("at least {expected} characters")).found(found.to_string());
            made.advice("the officer chooses a longer one; the token was not asked for anything")
        }
        QuorumError::OutOfBounds { field, expected, found } => {
            let option = if *field == THRESHOLD { "--threshold" } else { "--share" };
            let made = CliError::usage(format!("{field} makes no quorum")).field(option);
            made.expected(expected).found(found).advice("correct it; the token was not asked for anything")
        }
        _ => CliError::usage(error.to_string()),
    }
}

/// What could not be written in the end is told before anything is asked of the token.
fn expect_free(officers: &[(Role, &Path)]) -> Result<(), CliError> {
    for (index, (officer, path)) in officers.iter().enumerate() {
        if let Some((other, _)) = officers.iter().take(index).find(|(_, other)| other == path) {
            let error = CliError::usage(format!("{other} and {officer} have one file")).file(input::whole(path));
            return Err(error.field("--share").expected("a file for each officer").found("one for both"));
        }
        if path.symlink_metadata().is_ok() {
            return Err(unwritten(path, &ErrorKind::AlreadyExists.into()));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        if !folder.is_dir() {
            let error =
                CliError::media("the folder of the share is not there").file(input::whole(path)).field("--share");
            return Err(error
                .expected("a folder")
                .found("none")
                .advice("plug in and mount the officer's medium first"));
        }
    }
    Ok(())
}

fn unwritten(path: &Path, error: &io::Error) -> CliError {
    let made = CliError::media(format!("the share cannot be written: {error}")).file(input::whole(path));
    let taken = error.kind() == ErrorKind::AlreadyExists;
    if taken { made.advice("nothing is overwritten: give another name") } else { made }
}

/// Writes each officer's file; where one cannot be written, those before it are taken back.
fn write_all(files: &[ShareFile], officers: &[(Role, &Path)]) -> Result<(), CliError> {
    for (index, (file, (_, path))) in files.iter().zip(officers).enumerate() {
        if let Err(error) = write_new(path, &file.write()) {
            for (_, written) in officers.iter().take(index) {
                let _ = fs::remove_file(written); // a part of a share set is of no use; the error to show is the first
            }
            return Err(unwritten(path, &error));
        }
    }
    Ok(())
}

fn write_new(path: &Path, octets: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let written = file.write_all(octets).and_then(|()| file.sync_all()).and_then(|()| File::open(folder)?.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(path); // half a share is none
    }
    written
}
