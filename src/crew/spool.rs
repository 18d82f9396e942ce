//! The spool: what a ceremony process that is started again needs, in RAM.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::ceremony::{Seed, Spool};

/// Everything but the seed, as text.
const FILE: &str = "ceremony.json";
/// The seed's 32 octets: no text, of which writing and reading would leave copies.
const SEED: &str = "ceremony.seed";
/// Octets that the text may have.
const LIMIT: u64 = 1 << 30;

/// A folder of our own on a file system in RAM.
#[derive(Clone, Debug)]
pub struct SpoolFolder {
    folder: PathBuf,
}

/// What is wrong with a spool; the ceremony itself goes on.
#[derive(Debug, Error)]
pub enum SpoolError {
    /// The folder is not ours alone.
    #[error("expected {0} to belong to this user and to be closed to others; remove it or name another --spool")]
    NotOurs(PathBuf),
    /// The file is not one of ours.
    #[error("expected an interrupted ceremony in {path}; found {found}")]
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
    /// The folder, made if it is not there; only its owner may look into it.
    ///
    /// # Errors
    /// [`SpoolError::NotOurs`], [`SpoolError::Io`].
    pub fn new(folder: PathBuf) -> Result<Self, SpoolError> {
        let failed = |source| SpoolError::Io { path: folder.clone(), source };
        match fs::DirBuilder::new().mode(0o700).create(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
            _ => {}
        }
        let facts = fs::symlink_metadata(&folder).map_err(failed)?;
        let own = facts.is_dir() && facts.mode() & 0o077 == 0 && facts.uid() == rustix::process::geteuid().as_raw();
        if own { Ok(Self { folder }) } else { Err(SpoolError::NotOurs(folder)) }
    }

    /// What an earlier process left; none if it left nothing.
    ///
    /// # Errors
    /// [`SpoolError::Damaged`], [`SpoolError::Io`].
    pub fn left(&self) -> Result<Option<Spool>, SpoolError> {
        let path = self.folder.join(FILE);
        let octets = match read(&path) {
            Ok(octets) => octets,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
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
        let new = self.folder.join(format!("{name}.new"));
        let mut file = options().create(true).truncate(true).write(true).open(&new)?;
        file.write_all(octets)?;
        drop(file);
        fs::rename(&new, self.folder.join(name))
    }

    /// Forgets it: the ceremony is over.
    pub(super) fn forget(&self) {
        let seed = self.folder.join(SEED);
        // In RAM, overwriting in place is wiping.
        let _ = options().write(true).open(&seed).and_then(|mut file| file.write_all(&[0; 32]));
        for name in [FILE, SEED] {
            let _ = fs::remove_file(self.folder.join(name));
            let _ = fs::remove_file(self.folder.join(format!("{name}.new")));
        }
        let _ = fs::remove_dir(&self.folder);
    }
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
