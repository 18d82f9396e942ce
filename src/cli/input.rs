//! Reading files and folders by path: bounded, regular files only, links not followed.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::Path;

use crate::dns::{Sha256Digest, sha256};
use crate::exchange::{self, Document, Limits};
use crate::media::{self, Access, Folder, FolderVolumes, MediaError, Volumes as _};
use crate::profile::{self, Profile};
use crate::render::escape;
use crate::transcript::{MAX_RECORD, names};

use super::error::{CliError, unreadable};
use super::json::Report;

/// Columns of a path in messages.
pub(super) const MAX_SHOWN: usize = 200;
/// Octets of the largest document that any profile allows.
pub(super) const MAX_DOCUMENT: usize = 64 << 20;

/// A document with its path and its SHA-256.
pub(super) struct Read {
    /// The path, whole.
    pub(super) name: String,
    /// SHA-256 of the file.
    pub(super) sha256: Sha256Digest,
    /// What it says.
    pub(super) document: Document,
}

/// A path as it may be shown to people.
pub(super) fn shown(path: &Path) -> String {
    escape(&path.to_string_lossy(), MAX_SHOWN)
}

/// A path as programs take it, whole; what is no UTF-8 in it cannot be told in JSON.
pub(super) fn whole(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Reads a regular file of at most `limit` octets.
pub(super) fn file(path: &Path, limit: usize) -> Result<Vec<u8>, CliError> {
    let name = whole(path);
    let Some(file) = path.file_name() else {
        let error = CliError::input("it is something else").file(name);
        return Err(error.expected("a regular file").found("a folder").advice("name the file itself"));
    };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let folder = folder(parent)?;
    media::read_file(&folder, file, limit as u64).map_err(|error| unreadable(&name, &error))
}

/// Opens a folder.
pub(super) fn folder(path: &Path) -> Result<Folder, CliError> {
    let name = whole(path);
    let mut volumes = FolderVolumes::new(vec![path.to_owned()], None);
    let listed = volumes.list().map_err(|error| unreadable(&name, &error))?;
    let Some(volume) = listed.first() else {
        let found = match path.metadata() {
            Ok(facts) if facts.is_dir() => "a folder that may not be read, or a link to one".to_owned(),
            Ok(_) => "something else".to_owned(),
            Err(error) if error.kind() == ErrorKind::NotFound => "nothing".to_owned(),
            Err(error) => error.to_string(),
        };
        let error = CliError::input("this folder cannot be opened").file(name).expected("a folder that may be read");
        return Err(error.found(found).advice("check the path"));
    };
    volumes.open(volume.id, Access::Read).map_err(|error| unreadable(&name, &error))
}

/// Reads all files of a record, those below it too; what witnesses add later is left alone.
pub(super) fn record(path: &Path) -> Result<crate::transcript::Files, CliError> {
    let folder = folder(path)?;
    media::read_record(&folder, names::COSIGNATURES, MAX_RECORD).map_err(|error| of_record(path, &error))
}

/// Why the files of a record cannot be read.
pub(super) fn of_record(path: &Path, error: &MediaError) -> CliError {
    let below = match error {
        MediaError::WrongKind { file, .. } | MediaError::Io { file, .. } => file.split_once('/'),
        _ => None,
    };
    let name = below.map_or_else(|| whole(path), |(_, below)| format!("{}/{below}", whole(path)));
    let made = unreadable(&name, error);
    match error {
        MediaError::Io { .. } => made,
        _ => made.advice("a record has regular files only; audit the folder of the record itself"),
    }
}

/// Reads the profile and notes its hash.
pub(super) fn profile(path: &Path, report: &mut Report) -> Result<Profile, CliError> {
    let octets = file(path, profile::MAX_OCTETS).map_err(CliError::of_profile)?;
    report.profile_sha256 = Some(sha256(&octets));
    profile::read(&octets).map_err(|error| CliError::profile(&whole(path), error))
}

/// Reads a request or response of at most `limit` octets.
pub(super) fn document(path: &Path, limit: usize) -> Result<Read, CliError> {
    let octets = file(path, limit)?;
    let name = whole(path);
    let document = exchange::read(&octets, &Limits { document_bytes: limit });
    let document = document.map_err(|error| CliError::document(&name, error))?;
    Ok(Read { name, sha256: sha256(&octets), document })
}

/// Whether the path names a folder; whether it can be read is seen later.
pub(super) fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|facts| facts.is_dir()) || path.as_os_str() == OsStr::new(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_devices_and_folders_are_no_files() {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("real"), "12345").unwrap();
        std::os::unix::fs::symlink("real", place.path().join("link")).unwrap();
        assert_eq!(file(&place.path().join("real"), 5).unwrap(), b"12345");
        for (path, limit, found) in [
            (place.path().join("link"), 9, "a symbolic link"),
            (place.path().to_owned(), 9, "a folder"),
            ("/dev/null".into(), 9, "a device"),
            (place.path().join("none"), 9, "nothing"),
            (place.path().join("real"), 4, "5 octets or more"),
            (place.path().join("no/such"), 4, "  found     nothing\n"),
            (place.path().join("real/such"), 4, "something else"),
            ("/".into(), 4, "a folder"),
        ] {
            let error = file(&path, limit).unwrap_err();
            assert!(error.exit_code() == 3 && error.to_string().contains(found), "{error}");
        }
    }

    #[test]
    fn names_are_shown_escaped() {
        assert_eq!(shown(Path::new("a\u{1b}[2J/b")), "a\\u{1b}[2J/b");
    }
}
