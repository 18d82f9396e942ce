//! Volumes: what can be plugged in; on a laptop folders, or a folder of folders.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::error::MediaError;
use super::folder::Folder;
use super::name::shown;
use crate::dns::sha256;
use crate::steps::{VolumeFacts, VolumeId};

/// What a medium is opened for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Access {
    /// To look.
    Read,
    /// To write too.
    Write,
}

/// The edge towards the devices: folders here, mounted by the broker on the appliance.
pub trait Volumes: Send {
    /// What is plugged in now; a medium that comes back has a new id.
    ///
    /// # Errors
    /// [`MediaError::Io`] where one cannot even look.
    fn list(&mut self) -> Result<Vec<VolumeFacts>, MediaError>;

    /// Opens a medium's uppermost folder.
    ///
    /// # Errors
    /// [`MediaError::Gone`] for another medium than was listed under this id, [`MediaError::ReadOnly`].
    fn open(&mut self, id: VolumeId, access: Access) -> Result<Folder, MediaError>;

    /// Lets a medium go, once all its [`Folder`]s are dropped: then it may be taken out. Also for one that is gone.
    ///
    /// # Errors
    /// [`MediaError::Io`] where it is still in use.
    fn release(&mut self, id: VolumeId) -> Result<(), MediaError>;
}

/// Folders as media: each given one, and each folder in a bay, where sticks are mounted or played.
#[derive(Debug)]
pub struct FolderVolumes {
    folders: Vec<PathBuf>,
    bay: Option<PathBuf>,
    /// Whether the folders play sticks that may be full or write-protected.
    played: bool,
    plugged: Vec<Plugged>,
    /// The label of each that was ever seen.
    labels: BTreeMap<VolumeId, String>,
    next: u32,
}

/// A folder seen at the last listing.
#[derive(Clone, Debug)]
struct Plugged {
    id: VolumeId,
    path: PathBuf,
    label: String,
    device: u64,
    inode: u64,
}

impl FolderVolumes {
    /// Volumes over these folders and all folders in `bay`; those that do not exist are not plugged in.
    #[must_use]
    pub const fn new(folders: Vec<PathBuf>, bay: Option<PathBuf>) -> Self {
        Self { folders, bay, played: false, plugged: Vec::new(), labels: BTreeMap::new(), next: 1 }
    }

    /// The sticks of a rehearsal: folders in `bay`, each as full as its file `.capacity` says, and write-protected where
    /// it has a file `.read-only`. On real media these names mean nothing.
    #[must_use]
    pub fn rehearsed(bay: PathBuf) -> Self {
        Self { played: true, ..Self::new(Vec::new(), Some(bay)) }
    }

    fn root(&self, fd: OwnedFd, label: &str, access: Access) -> Folder {
        let root = if self.played { Folder::played } else { Folder::root };
        root(fd, label.to_owned(), access)
    }

    // Given folders first, then the bay's by name. Links in a bay are no sticks.
    fn paths(&self) -> Result<Vec<PathBuf>, MediaError> {
        let mut paths = self.folders.clone();
        if let Some(bay) = &self.bay {
            let fault = |error: std::io::Error| MediaError::Io {
                action: "list",
                file: shown(bay.as_os_str()),
                reason: error.to_string(),
            };
            let mut found = Vec::new();
            match std::fs::read_dir(bay) {
                Ok(entries) => {
                    for entry in entries {
                        let entry = entry.map_err(fault)?;
                        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                        if is_folder && !entry.file_name().as_bytes().starts_with(b".") {
                            found.push(entry.path());
                        }
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(fault(error)),
            }
            found.sort();
            paths.append(&mut found);
        }
        Ok(paths)
    }

    // The id that the same folder had at the last listing, or a new one.
    fn plug(&mut self, path: PathBuf) -> Option<(Plugged, OwnedFd)> {
        let path = std::fs::canonicalize(path).ok()?;
        let fd = open_root(&path).ok()?;
        let stat = rustix::fs::fstat(&fd).ok()?;
        let same = |known: &&Plugged| known.path == path && (known.device, known.inode) == (stat.st_dev, stat.st_ino);
        let plugged = match self.plugged.iter().find(same) {
            Some(known) => known.clone(),
            None => {
                let id = VolumeId(self.next);
                self.next = self.next.saturating_add(1);
                let label = shown(path.file_name().unwrap_or_else(|| OsStr::new("/")));
                Plugged { id, label, device: stat.st_dev, inode: stat.st_ino, path }
            }
        };
        Some((plugged, fd))
    }
}

impl Volumes for FolderVolumes {
    fn list(&mut self) -> Result<Vec<VolumeFacts>, MediaError> {
        let mut plugged: Vec<Plugged> = Vec::new();
        let mut facts = Vec::new();
        for path in self.paths()? {
            let Some((volume, fd)) = self.plug(path) else { continue };
            if plugged.iter().any(|other| (other.device, other.inode) == (volume.device, volume.inode)) {
                continue;
            }
            let folder = self.root(fd, &volume.label, Access::Read);
            let (size, free) = folder.room().unwrap_or((0, VolumeFacts::UNKNOWN));
            facts.push(VolumeFacts {
                id: volume.id,
                label: volume.label.clone(),
                serial: VolumeFacts::FOLDER.to_owned(),
                uuid: sha256(volume.path.as_os_str().as_bytes()).to_string().chars().take(16).collect(),
                size,
                free,
                writable: folder.is_writable(),
            });
            plugged.push(volume);
        }
        self.labels.extend(plugged.iter().map(|volume| (volume.id, volume.label.clone())));
        self.plugged = plugged;
        Ok(facts)
    }

    fn open(&mut self, id: VolumeId, access: Access) -> Result<Folder, MediaError> {
        let Some(volume) = self.plugged.iter().find(|volume| volume.id == id) else {
            return Err(MediaError::Gone { volume: self.labels.get(&id).cloned().unwrap_or_default() });
        };
        let gone = || MediaError::Gone { volume: volume.label.clone() };
        let fd = open_root(&volume.path).map_err(|errno| match errno {
            Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NODEV | Errno::NXIO | Errno::NOMEDIUM => gone(),
            errno => MediaError::Io { action: "open", file: volume.label.clone(), reason: errno.to_string() },
        })?;
        let stat = rustix::fs::fstat(&fd).map_err(|_| gone())?;
        if (volume.device, volume.inode) != (stat.st_dev, stat.st_ino) {
            return Err(gone());
        }
        let folder = self.root(fd, &volume.label, access);
        if access == Access::Write && !folder.is_writable() {
            return Err(MediaError::ReadOnly { volume: volume.label.clone() });
        }
        Ok(folder)
    }

    fn release(&mut self, _id: VolumeId) -> Result<(), MediaError> {
        Ok(()) // all that was written was waited for; a folder is not mounted
    }
}

pub(super) fn open_root(path: &Path) -> Result<OwnedFd, Errno> {
    rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bay(names: &[&str]) -> (tempfile::TempDir, FolderVolumes) {
        let bay = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::create_dir(bay.path().join(name)).unwrap();
        }
        let volumes = FolderVolumes::new(Vec::new(), Some(bay.path().to_owned()));
        (bay, volumes)
    }

    fn labels(volumes: &mut FolderVolumes) -> Vec<(u32, String)> {
        volumes.list().unwrap().into_iter().map(|facts| (facts.id.0, facts.label)).collect()
    }

    #[test]
    fn lists_each_folder_of_a_bay_by_name_and_nothing_else() {
        let (bay, mut volumes) = bay(&["REC-B", "REC-A", ".hidden"]);
        std::fs::write(bay.path().join("file"), "").unwrap();
        std::os::unix::fs::symlink("/etc", bay.path().join("link")).unwrap();
        assert_eq!(labels(&mut volumes), [(1, "REC-A".into()), (2, "REC-B".into())]);
        let facts = volumes.list().unwrap();
        assert_eq!((facts[0].serial.as_str(), facts[0].uuid.len(), facts[0].writable), ("folder", 16, true));
        assert!(facts[0].uuid != facts[1].uuid && facts[0].size > 0);
    }

    #[test]
    fn gives_a_new_number_to_a_stick_that_comes_back() {
        let (bay, mut volumes) = bay(&["A", "B"]);
        assert_eq!(labels(&mut volumes), [(1, "A".into()), (2, "B".into())]);
        std::fs::rename(bay.path().join("A"), bay.path().join(".A")).unwrap();
        assert_eq!(labels(&mut volumes), [(2, "B".into())]);
        assert_eq!(
            volumes.open(VolumeId(1), Access::Read).unwrap_err().to_string(),
            "medium A: it is not there any more"
        );
        std::fs::rename(bay.path().join(".A"), bay.path().join("A")).unwrap();
        assert_eq!(labels(&mut volumes), [(3, "A".into()), (2, "B".into())]);
    }

    #[test]
    fn opens_no_other_folder_that_took_the_name() {
        let (bay, mut volumes) = bay(&["A"]);
        volumes.list().unwrap();
        std::fs::rename(bay.path().join("A"), bay.path().join("old")).unwrap();
        std::fs::create_dir(bay.path().join("A")).unwrap();
        assert_eq!(volumes.open(VolumeId(1), Access::Read).unwrap_err(), MediaError::Gone { volume: "A".into() });
    }

    #[test]
    fn takes_given_folders_once() {
        let stick = tempfile::tempdir().unwrap();
        let path = stick.path().to_owned();
        let mut volumes = FolderVolumes::new(
            vec![path.clone(), path.join("../").join(path.file_name().unwrap()), path.join("none")],
            None,
        );
        assert_eq!(labels(&mut volumes).len(), 1);
        assert_eq!(FolderVolumes::new(Vec::new(), Some(path.join("none"))).list(), Ok(Vec::new()));
    }

    #[test]
    fn shows_marks_of_capacity_and_write_protection() {
        let (bay, mut volumes) = bay(&["A"]);
        volumes.played = true;
        std::fs::write(bay.path().join("A/.capacity"), "1474560").unwrap();
        std::fs::write(bay.path().join("A/.read-only"), "").unwrap();
        let facts = volumes.list().unwrap().remove(0);
        assert_eq!((facts.size, facts.writable), (1_474_560, false));
        assert_eq!(volumes.open(facts.id, Access::Write).unwrap_err(), MediaError::ReadOnly { volume: "A".into() });
        assert!(volumes.open(facts.id, Access::Read).is_ok());
    }
}
