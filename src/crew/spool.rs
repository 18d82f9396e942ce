//! The spool: what a ceremony process that is started again needs, in RAM.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, flock};
use rustix::io::{Errno, retry_on_intr};
use thiserror::Error;

use crate::ceremony::{Seed, Spool};

/// Everything but the seed, as text.
const FILE: &str = "ceremony.json";
/// The seed's 32 octets: no text, of which writing and reading would leave copies.
const SEED: &str = "ceremony.seed";
/// Octets that the text may have.
const LIMIT: u64 = 1 << 30;

/// A folder of our own on a file system in RAM. As long as it is held no other process has it: a ceremony that is going
/// on is not taken for one that was interrupted.
#[derive(Clone, Debug)]
pub struct SpoolFolder {
    folder: PathBuf,
    /// The folder itself, locked; closing the last one gives it free, and so does the end of the process.
    _held: Arc<File>,
}

/// What is wrong with a spool; the ceremony itself goes on.
#[derive(Debug, Error)]
pub enum SpoolError {
    /// The folder is not ours alone.
    #[error("expected {0} to belong to this user and to be closed to others; remove it or name another --spool")]
    NotOurs(PathBuf),
    /// Another process holds it.
    #[error(
        "expected no ceremony to be going on in {0}; found one: go on with it where it is shown; a second one needs a folder \
         of its own"
    )]
    Held(PathBuf),
    /// The file is not one of ours.
    #[error(
        "expected an interrupted ceremony in {path}; found {found}: it cannot go on. Audit the journal on the record medium, \
         and begin anew with another --spool"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        found: String,
    },
    /// It cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl SpoolFolder {
    /// The folder, made if it is not there; only its owner may look into it, and only one process holds it.
    ///
    /// # Errors
    /// [`SpoolError::NotOurs`], [`SpoolError::Held`], [`SpoolError::Io`].
    pub fn new(folder: PathBuf) -> Result<Self, SpoolError> {
        let failed = |source| SpoolError::Io { path: folder.clone(), source };
        loop {
            match fs::DirBuilder::new().mode(0o700).create(&folder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
                _ => {}
            }
            let facts = fs::symlink_metadata(&folder).map_err(failed)?;
            let own = facts.is_dir() && facts.mode() & 0o077 == 0 && facts.uid() == rustix::process::geteuid().as_raw();
            if !own {
                return Err(SpoolError::NotOurs(folder));
            }
            let held = File::open(&folder).map_err(failed)?;
            match retry_on_intr(|| flock(&held, FlockOperation::NonBlockingLockExclusive)) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => return Err(SpoolError::Held(folder)),
                Err(_) => {} // some file systems know no locks; in RAM there are
            }
            // A ceremony that was over just now removed its folder.
            let locked = held.metadata().map_err(failed)?;
            if fs::symlink_metadata(&folder).is_ok_and(|now| (now.dev(), now.ino()) == (locked.dev(), locked.ino())) {
                return Ok(Self { folder, _held: Arc::new(held) });
            }
        }
    }

    /// What an earlier process left; none if it left nothing.
    ///
    /// # Errors
    /// [`SpoolError::Damaged`], [`SpoolError::Io`].
    pub fn left(&self) -> Result<Option<Spool>, SpoolError> {
        let path = self.folder.join(FILE);
        let octets = match read(&path) {
            Ok(octets) => octets,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.forget_seed(); // of one that was over, or had not begun
                return Ok(None);
            }
            Err(source) => return Err(SpoolError::Io { path, source }),
        };
        let spool = serde_json::from_slice(&octets);
        let mut spool: Spool = spool.map_err(|error| SpoolError::Damaged { path, found: error.to_string() })?;
        let path = self.folder.join(SEED);
        let seed = read_seed(&path).map_err(|error| SpoolError::Damaged { path, found: error.to_string() })?;
        spool.seed = Some(seed);
        Ok(Some(spool))
    }

    /// Keeps it, in place of what was kept before: wholly the new or wholly the old.
    pub(super) fn keep(&self, spool: &Spool) -> Result<(), SpoolError> {
        let path = self.folder.join(FILE);
        let failed = |source| SpoolError::Io { path: path.clone(), source };
        // The seed is there before the text that needs it, and stays the same with all that follow.
        if let Some(seed) = &spool.seed
            && !read_seed(&self.folder.join(SEED)).is_ok_and(|kept| kept.expose() == seed.expose())
        {
            self.replace(SEED, seed.expose()).map_err(failed)?;
        }
        let octets = serde_json::to_vec(spool).map_err(|error| failed(error.into()))?;
        self.replace(FILE, &octets).map_err(failed)
    }

    fn replace(&self, name: &str, octets: &[u8]) -> io::Result<()> {
        let new = self.folder.join(new_of(name));
        let mut file = options().create(true).truncate(true).write(true).open(&new)?;
        file.write_all(octets)?;
        drop(file);
        fs::rename(&new, self.folder.join(name))
    }

    /// Forgets it: the ceremony is over.
    pub(super) fn forget(&self) {
        // The text goes first: nobody goes on with a ceremony whose seed is half wiped.
        self.remove(FILE);
        self.forget_seed();
        let _ = fs::remove_dir(&self.folder);
    }

    fn forget_seed(&self) {
        // In RAM, overwriting in place is wiping.
        for name in [SEED.to_owned(), new_of(SEED)] {
            let _ = options().write(true).open(self.folder.join(name)).and_then(|mut file| file.write_all(&[0; 32]));
        }
        self.remove(SEED);
    }

    fn remove(&self, name: &str) {
        let _ = fs::remove_file(self.folder.join(name));
        let _ = fs::remove_file(self.folder.join(new_of(name)));
    }
}

/// What a file is called until it replaces the old one.
fn new_of(name: &str) -> String {
    format!("{name}.new")
}

/// The seed, straight into its own memory.
fn read_seed(path: &Path) -> io::Result<Seed> {
    let mut file = File::open(path)?;
    Seed::new(|octets| file.read_exact(octets))
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    File::open(path)?.take(LIMIT).read_to_end(&mut octets)?;
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_at_a_time_holds_it() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("spool");
        let folder = SpoolFolder::new(path.clone()).unwrap();
        let clone = folder.clone();
        drop(folder);
        assert!(matches!(SpoolFolder::new(path.clone()), Err(SpoolError::Held(_))));
        clone.forget();
        drop(clone);
        assert!(!path.exists());
        drop(SpoolFolder::new(path.clone()).unwrap());
        SpoolFolder::new(path).unwrap();
    }

    #[test]
    fn a_seed_without_its_text_is_wiped_and_nothing_was_left() {
        let place = tempfile::tempdir().unwrap();
        let folder = SpoolFolder::new(place.path().join("spool")).unwrap();
        let seed = place.path().join("spool").join(SEED);
        fs::write(&seed, [7; 32]).unwrap();
        let kept = place.path().join("kept");
        fs::hard_link(&seed, &kept).unwrap();
        assert!(folder.left().unwrap().is_none());
        assert!(!seed.exists());
        assert_eq!(fs::read(kept).unwrap(), [0; 32]);
    }
}
