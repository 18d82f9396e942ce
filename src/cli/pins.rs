//! PINs and shares from files, for commands that run without people: `--pin-file` and `--share`.

use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use rustix::fs::OFlags;
use zeroize::Zeroizing;

use crate::profile::{LoginKind, Profile, Quorum};
use crate::quorum::{Assembly, MAX_FILE_OCTETS, QuorumError, ShareFile};
use crate::steps::{Pin, Role};

use super::error::CliError;
use super::input;

/// The arguments that open a token.
#[derive(Debug, clap::Args)]
pub(super) struct PinArgs {
    /// A file whose first line is the token's PIN, or an officer's with `login = "shares"` or "sequence"
    #[arg(long = "pin-file", value_name = "[OFFICER=]FILE", value_parser = OsStringValueParser::new().map(PinFile::new))]
    pin_files: Vec<PinFile>,
    /// An officer's share file, with `login = "shares"`
    #[arg(long = "share", value_name = "OFFICER=FILE", value_parser = OsStringValueParser::new().try_map(share))]
    shares: Vec<(Role, PathBuf)>,
    /// Send a PIN to a token that says FINAL TRY, too: one more wrong PIN locks it
    #[arg(long)]
    allow_final_try: bool,
}

/// Where a PIN stands, and whose it is.
#[derive(Clone, Debug)]
struct PinFile {
    officer: Option<Role>,
    path: PathBuf,
}

impl PinFile {
    /// `CO1=file`, or a file; a file that looks like the former is written `./CO1=file`.
    fn new(text: OsString) -> Self {
        match officer(&text) {
            Some((officer, path)) => Self { officer: Some(officer), path },
            None => Self { officer: None, path: text.into() },
        }
    }
}

fn share(text: OsString) -> Result<(Role, PathBuf), String> {
    officer(&text).ok_or_else(|| "expected OFFICER=FILE, as CO1=share-CO1.json".to_owned())
}

fn officer(text: &OsStr) -> Option<(Role, PathBuf)> {
    let octets = text.as_bytes();
    let (officer, path) = octets.split_at_checked(octets.iter().position(|octet| *octet == b'=')?)?;
    let officer = Role::new(std::str::from_utf8(officer).ok()?)?;
    Some((officer, OsString::from_vec(path.get(1..)?.to_vec()).into()))
}

impl PinArgs {
    /// Whether a PIN may be sent to a token that says FINAL TRY.
    pub(super) const fn final_try(&self) -> bool {
        self.allow_final_try
    }

    /// Whether these are the PINs and shares that the profile's way to log in needs; nothing is read.
    pub(super) fn fit(&self, profile: &Profile) -> Result<(), CliError> {
        let kind = profile.hsm.login;
        let wrong = |field: &str, expected: String, found: String| {
            let message = format!("the profile says login = \"{}\"", kind.name());
            let error = CliError::usage(message).field(field).expected(expected).found(found);
            Err(error.advice("give what this way to log in needs, and nothing else"))
        };
        if let Some((officer, _)) = self.shares.iter().find(|_| kind != LoginKind::Shares) {
            return wrong("--share", "no share".to_owned(), format!("one share of {officer}"));
        }
        match (kind, profile.quorum.as_ref()) {
            (LoginKind::Pin, _) => match self.pin_files.as_slice() {
                [PinFile { officer: None, .. }] => Ok(()),
                [PinFile { officer: Some(officer), .. }] => {
                    wrong("--pin-file", "the token's PIN, without an officer".to_owned(), format!("one of {officer}"))
                }
                files => wrong("--pin-file", "one PIN file".to_owned(), files.len().to_string()),
            },
            (LoginKind::Shares, Some(quorum)) => self.fit_quorum(quorum),
            (LoginKind::Sequence, _) => self.fit_sequence(profile),
            _ => match self.pin_files.len() {
                0 => Ok(()),
                files => wrong("--pin-file", "no PIN file".to_owned(), files.to_string()),
            },
        }
    }

    fn fit_sequence(&self, profile: &Profile) -> Result<(), CliError> {
        let (threshold, known) = profile.officers().unwrap_or_default();
        let wrong = |expected: String, found: String| {
            let error = CliError::usage("every officer needs one PIN file").field("--pin-file");
            Err(error.expected(expected).found(found).advice("give --pin-file CO1=FILE for each"))
        };
        let mut officers: Vec<&Role> = Vec::new();
        for file in &self.pin_files {
            match &file.officer {
                None => return wrong("OFFICER=FILE".to_owned(), "a file without an officer".to_owned()),
                Some(officer) if !known.contains(officer) => {
                    let known: Vec<&str> = known.iter().map(Role::as_str).collect();
                    return wrong(known.join(", "), officer.to_string());
                }
                Some(officer) if officers.contains(&officer) => {
                    return wrong(format!("one PIN of {officer}"), "two".to_owned());
                }
                Some(officer) => officers.push(officer),
            }
        }
        if officers.len() < threshold {
            return wrong(format!("{threshold} officers"), officers.len().to_string());
        }
        Ok(())
    }

    fn fit_quorum(&self, quorum: &Quorum) -> Result<(), CliError> {
        let wrong = |field: &str, expected: String, found: String| {
            let error = CliError::usage("every officer needs one PIN file and one share").field(field);
            Err(error.expected(expected).found(found).advice("give --pin-file CO1=FILE and --share CO1=FILE for each"))
        };
        let known = || quorum.officers.iter().map(Role::as_str).collect::<Vec<_>>().join(", ");
        for file in &self.pin_files {
            let Some(officer) = &file.officer else {
                return wrong("--pin-file", "OFFICER=FILE".to_owned(), "a file without an officer".to_owned());
            };
            if !quorum.officers.contains(officer) {
                return wrong("--pin-file", known(), officer.to_string());
            }
            let shares = self.shares.iter().filter(|(other, _)| other == officer).count();
            if shares != 1 {
                return wrong("--share", format!("one share of {officer}"), shares.to_string());
            }
        }
        for (officer, _) in &self.shares {
            let pins = self.pin_files.iter().filter(|file| file.officer.as_ref() == Some(officer)).count();
            if pins != 1 {
                return wrong("--pin-file", format!("one PIN of {officer}"), pins.to_string());
            }
        }
        let (expected, found) = (usize::from(quorum.threshold), self.shares.len());
        if found < expected {
            return wrong("--share", format!("at least {expected} officers"), found.to_string());
        }
        Ok(())
    }

    /// Whether these are the token's PIN, and one PIN and one share of each officer; nothing is read.
    pub(super) fn fit_new_quorum(&self) -> Result<(), CliError> {
        let wrong = |field: &str, expected: String, found: usize| {
            let error = CliError::usage("a new quorum needs the token's PIN, and a PIN and a share of each officer");
            Err(error.field(field).expected(expected).found(found.to_string()))
        };
        let pins = |whose: Option<&Role>| self.pin_files.iter().filter(|file| file.officer.as_ref() == whose).count();
        if pins(None) != 1 {
            return wrong("--pin-file", "one without an officer".to_owned(), pins(None));
        }
        for officer in self.pin_files.iter().filter_map(|file| file.officer.as_ref()) {
            let shares = self.shares.iter().filter(|(other, _)| other == officer).count();
            if shares != 1 {
                return wrong("--share", format!("one share of {officer}"), shares);
            }
        }
        for (officer, _) in &self.shares {
            if pins(Some(officer)) != 1 {
                return wrong("--pin-file", format!("one PIN of {officer}"), pins(Some(officer)));
            }
        }
        Ok(())
    }

    /// The token's PIN, read or put together from shares; `None` where the token is opened by its own means.
    ///
    /// The arguments fit the profile, as [`PinArgs::fit`] has found.
    pub(super) fn token_pin(&self, profile: &Profile, serial: &str) -> Result<Option<Pin>, CliError> {
        match (profile.hsm.login, &profile.quorum) {
            (LoginKind::Pin, _) => self.pin_of(None).map(Some),
            (LoginKind::Shares, Some(quorum)) => self.assemble(quorum, serial).map(Some),
            _ => Ok(None),
        }
    }

    /// The officers' share files, which belong to the profile's quorum, once every PIN file can be read as well; no PIN is
    /// kept. What is at fault is told before anything is begun.
    ///
    /// The arguments fit the profile, as [`PinArgs::fit`] has found.
    #[cfg(feature = "sign")]
    pub(super) fn look(&self, profile: &Profile) -> Result<Vec<(Role, Vec<u8>)>, CliError> {
        self.pin_files.iter().try_for_each(|file| read_pin(&file.path).map(drop))?;
        let read = |(officer, path): (&Role, &Path)| {
            let (octets, share) = read_share(officer, path)?;
            // Which token it will be is not known yet.
            expect_admitted(profile, path, &share, share.token_serial())?;
            Ok((officer.clone(), octets))
        };
        self.shares().map(read).collect()
    }

    /// Whether the officer's share, if there is one, is for this token.
    #[cfg(feature = "sign")]
    pub(super) fn expect_token(&self, profile: &Profile, officer: &Role, serial: &str) -> Result<(), CliError> {
        let Some((_, path)) = self.shares().find(|(other, _)| *other == officer) else { return Ok(()) };
        let (_, share) = read_share(officer, path)?;
        expect_admitted(profile, path, &share, serial)
    }

    /// The officers' share files, in the order given.
    pub(super) fn shares(&self) -> impl Iterator<Item = (&Role, &Path)> {
        self.shares.iter().map(|(officer, path)| (officer, path.as_path()))
    }

    /// The PIN of an officer, or the token's.
    pub(super) fn pin_of(&self, officer: Option<&Role>) -> Result<Pin, CliError> {
        let Some(file) = self.pin_files.iter().find(|file| file.officer.as_ref() == officer) else {
            let whose = officer.map_or("the token", Role::as_str);
            return Err(CliError::usage(format!("the PIN of {whose} is missing")).field("--pin-file"));
        };
        read_pin(&file.path)
    }

    /// Whether this officer's PIN was given, and the share that belongs to it.
    #[cfg(feature = "sign")]
    pub(super) fn has(&self, officer: &Role) -> bool {
        self.officers().any(|other| other == officer)
    }

    /// The officers whose PINs were given, in that order.
    pub(super) fn officers(&self) -> impl Iterator<Item = &Role> {
        self.pin_files.iter().filter_map(|file| file.officer.as_ref())
    }

    fn assemble(&self, quorum: &Quorum, serial: &str) -> Result<Pin, CliError> {
        let mut assembly = Assembly::new(quorum.share_set, quorum.threshold, serial);
        for (officer, path) in self.shares().take(usize::from(quorum.threshold)) {
            let name = input::whole(path);
            let refused = |error| match &error {
                QuorumError::Disagree { first, .. } => self.disagree(&error, first, path),
                _ => CliError::quorum(&name, &error),
            };
            let (_, share) = read_share(officer, path)?;
            assembly.check(&share).map_err(refused)?;
            let opened = share.open(&self.pin_of(Some(officer))?).map_err(refused)?;
            assembly.add(opened).map_err(refused)?;
        }
        assembly.unseal().map_err(|error| CliError::quorum("the officers' shares", &error))
    }

    /// Both files by name, and neither as the wrong one.
    fn disagree(&self, error: &QuorumError, first: &Role, path: &Path) -> CliError {
        let other = self.shares().find(|(officer, _)| *officer == first).map(|(_, path)| input::shown(path));
        let made = CliError::input(error.to_string()).field("--share").expected("one sealed PIN in all share files");
        made.found(format!("one in {}, another in {}", other.unwrap_or_default(), input::shown(path)))
    }
}

/// Reads an officer's share file: its octets, and what stands there.
fn read_share(officer: &Role, path: &Path) -> Result<(Vec<u8>, ShareFile), CliError> {
    let octets = input::file(path, MAX_FILE_OCTETS)?;
    let name = input::whole(path);
    let share = ShareFile::read(&octets).map_err(|error| CliError::quorum(&name, &error))?;
    if share.officer() != officer {
        let error = CliError::input("this is another officer's share").file(name);
        return Err(error.expected(officer.as_str()).found(share.officer().as_str()));
    }
    Ok((octets, share))
}

/// Refuses a share of another quorum than the profile's, or for another token.
#[cfg(feature = "sign")]
fn expect_admitted(profile: &Profile, path: &Path, share: &ShareFile, serial: &str) -> Result<(), CliError> {
    let Some(quorum) = &profile.quorum else { return Ok(()) };
    let assembly = Assembly::new(quorum.share_set, quorum.threshold, serial);
    assembly.check(share).map_err(|error| CliError::quorum(&input::whole(path), &error))
}

/// Reads the first line of a file, without its line end, through wiped buffers alone.
fn read_pin(path: &Path) -> Result<Pin, CliError> {
    let name = input::whole(path);
    let refused = |message: &str, expected: &str, found: String| {
        let error = CliError::input(message).file(&name).field("PIN").expected(expected).found(found);
        error.advice("write the PIN alone onto the first line of a regular file")
    };
    let unread = |error: io::Error| refused("the PIN cannot be read", "a file that may be read", error.to_string());
    let regular = || refused("the PIN cannot be read", "a regular file", "something else".to_owned());
    if !path.symlink_metadata().map_err(unread)?.is_file() {
        return Err(regular());
    }
    // Should the name have become a link or a pipe since: neither followed nor waited for.
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY).bits()).unwrap_or_default();
    let mut file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(unread)?;
    if !file.metadata().map_err(unread)?.is_file() {
        return Err(regular());
    }
    let mut buffer = Zeroizing::new([0_u8; Pin::CAPACITY + 2]);
    let mut length = 0;
    while let Some(room) = buffer.get_mut(length..).filter(|room| !room.is_empty()) {
        match file.read(room).map_err(unread)? {
            0 => break,
            count => length += count,
        }
    }
    let line = buffer.get(..length).unwrap_or_default().split(|octet| *octet == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let expected = format!("1 to {} octets on the first line", Pin::CAPACITY);
    match Pin::from_octets(line) {
        Some(pin) if !pin.is_empty() => Ok(pin),
        Some(_) => Err(refused("there is no PIN", &expected, "an empty line".to_owned())),
        None => Err(refused("this is no PIN", &expected, "more".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(octets: &[u8]) -> Result<Vec<u8>, String> {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("pin");
        std::fs::write(&path, octets).unwrap();
        read_pin(&path).map(|pin| pin.expose().to_vec()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_pin_is_the_first_line_without_its_end() {
        for octets in [&b"12 34"[..], b"12 34\n", b"12 34\r\n", b"12 34\nrest\n"] {
            assert_eq!(pin(octets).unwrap(), b"12 34");
        }
        assert_eq!(pin(&[b'1'; 256]).unwrap().len(), 256);
    }

    #[test]
    fn no_pin_and_no_file_are_refused_without_showing_anything() {
        for octets in [&b""[..], b"\n1234", &[b'7'; 257], &[b'7'; 5000]] {
            let error = pin(octets).unwrap_err();
            assert!(error.contains("1 to 256 octets") && !error.contains("77"), "{error}");
        }
        for path in ["/dev/null", "/", "/no/such"] {
            assert_eq!(read_pin(Path::new(path)).unwrap_err().exit_code(), 3);
        }
    }

    #[test]
    fn an_officer_stands_before_the_first_equals_sign() {
        let file = PinFile::new("CO1=a=b".into());
        assert_eq!((file.officer.as_ref().map(Role::as_str), file.path), (Some("CO1"), "a=b".into()));
        let file = PinFile::new("./CO1=a".into());
        assert_eq!((file.officer, file.path), (None, "./CO1=a".into()));
        assert!(share("co1=x".into()).is_err() && share("x".into()).is_err());
    }
}
