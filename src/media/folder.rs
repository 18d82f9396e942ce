//! A folder on a medium, held open; everything in it is reached from there, one part of a name after another.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, RenameFlags, ResolveFlags, Stat};
use rustix::io::{Errno, retry_on_intr};

use super::error::{FileKind, MediaError};
use super::name::{MAX_DEPTH, parts, shown};
use super::read::MAX_ENTRIES;
use super::volume::Access;

/// Octets that even an empty file or folder is taken to need.
pub(super) const CLUSTER: u64 = 4096;
/// A file in a rehearsed stick's folder that limits its size, decimal octets: full sticks can be rehearsed.
pub(super) const CAPACITY: &str = ".capacity";
/// A file in a rehearsed stick's folder that makes it write-protected.
pub(super) const READ_ONLY: &str = ".read-only";

/// Entries of a played stick that are counted against its capacity.
const MAX_COUNTED: usize = 10 * MAX_ENTRIES;

/// A folder on a medium that is held open: it stays the same one whatever happens to its name.
#[derive(Clone, Debug)]
pub struct Folder {
    fd: Arc<OwnedFd>,
    shown: String,
    root: Arc<Root>,
}

/// The medium that a folder is on.
#[derive(Debug)]
struct Root {
    fd: Arc<OwnedFd>,
    label: String,
    access: Access,
    /// Whether the folder plays a stick, and obeys [`CAPACITY`] and [`READ_ONLY`]; on a real one they are files as any.
    played: bool,
}

/// One entry of a folder, as `stat` describes it.
pub(super) struct Entry {
    pub(super) name: OsString,
    pub(super) kind: FileKind,
    pub(super) size: u64,
}

impl Folder {
    /// The uppermost folder of a medium.
    pub(super) fn root(fd: OwnedFd, label: String, access: Access) -> Self {
        Self::on(fd, label, access, false)
    }

    /// The same of a folder that plays a stick, and is as full or as protected as files in it say.
    pub(super) fn played(fd: OwnedFd, label: String, access: Access) -> Self {
        Self::on(fd, label, access, true)
    }

    fn on(fd: OwnedFd, label: String, access: Access, played: bool) -> Self {
        let fd = Arc::new(fd);
        Self { fd: Arc::clone(&fd), shown: label.clone(), root: Arc::new(Root { fd, label, access, played }) }
    }

    /// Medium and path, escaped, for messages.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// A folder below this one.
    ///
    /// # Errors
    /// [`MediaError::Name`], [`MediaError::Missing`], [`MediaError::WrongKind`] for links, and those of the system.
    pub fn folder(&self, path: impl AsRef<OsStr>) -> Result<Self, MediaError> {
        parts(path.as_ref())?.into_iter().try_fold(self.clone(), |folder, part| folder.enter(part))
    }

    /// The folder that a path's last part is in, and that part.
    pub(super) fn parent<'p>(&self, path: &'p OsStr) -> Result<(Self, &'p OsStr), MediaError> {
        let mut parts = parts(path)?;
        let last = parts.pop().unwrap_or_default(); // a path that was taken has a part
        Ok((parts.into_iter().try_fold(self.clone(), |folder, part| folder.enter(part))?, last))
    }

    fn enter(&self, name: &OsStr) -> Result<Self, MediaError> {
        self.expect_kind(name, FileKind::Folder)?;
        let fd = open_beneath(&self.fd, name, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())
            .map_err(|errno| self.fault("open", name, errno))?;
        Ok(Self { fd: Arc::new(fd), shown: self.place(name), root: Arc::clone(&self.root) })
    }

    /// What stands behind a name here; `None` for nothing.
    pub(super) fn kind(&self, name: &OsStr) -> Result<Option<FileKind>, MediaError> {
        match self.stat(name) {
            Ok(stat) => Ok(Some(kind(&stat))),
            Err(Errno::NOENT) if !self.is_gone() => Ok(None),
            Err(errno) => Err(self.fault("look at", name, errno)),
        }
    }

    fn stat(&self, name: &OsStr) -> Result<Stat, Errno> {
        rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW)
    }

    // Looks before opening: to open a device can have an effect of its own.
    fn expect_kind(&self, name: &OsStr, expected: FileKind) -> Result<(), MediaError> {
        let stat = self.stat(name).map_err(|errno| self.fault("look at", name, errno))?;
        let found = kind(&stat);
        if found == expected { Ok(()) } else { Err(self.wrong_kind(name, expected, found)) }
    }

    fn wrong_kind(&self, name: &OsStr, expected: FileKind, found: FileKind) -> MediaError {
        MediaError::WrongKind { file: self.place(name), expected, found }
    }

    /// Opens a regular file for reading, and tells its size.
    pub(super) fn open_regular(&self, name: &OsStr) -> Result<(OwnedFd, u64), MediaError> {
        self.open_file(name, OFlags::RDONLY)
    }

    /// Opens a regular file for writing, and tells its size.
    pub(super) fn open_to_write(&self, name: &OsStr) -> Result<(OwnedFd, u64), MediaError> {
        self.open_file(name, OFlags::WRONLY)
    }

    fn open_file(&self, name: &OsStr, flags: OFlags) -> Result<(OwnedFd, u64), MediaError> {
        self.expect_kind(name, FileKind::Regular)?;
        let fault = |errno| self.fault("open", name, errno);
        // Not blocking, should a pipe have taken the name since.
        let flags = flags | OFlags::NONBLOCK | OFlags::NOCTTY;
        let fd = open_beneath(&self.fd, name, flags, Mode::empty()).map_err(fault)?;
        let stat = rustix::fs::fstat(&fd).map_err(fault)?;
        match kind(&stat) {
            FileKind::Regular => Ok((fd, size(&stat))),
            found => Err(self.wrong_kind(name, FileKind::Regular, found)),
        }
    }

    /// Creates a file that must not be there yet.
    pub(super) fn create(&self, name: &str) -> Result<OwnedFd, MediaError> {
        let name = OsStr::new(name);
        self.expect_room(CLUSTER)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        open_beneath(&self.fd, name, flags, Mode::from_raw_mode(0o644))
            .map_err(|errno| self.fault("create", name, errno))
    }

    /// Creates a folder that must not be there yet.
    pub(super) fn make(&self, name: &str) -> Result<Self, MediaError> {
        let name = OsStr::new(name);
        self.expect_room(CLUSTER)?;
        rustix::fs::mkdirat(&self.fd, name, Mode::from_raw_mode(0o755))
            .map_err(|errno| self.fault("create", name, errno))?;
        self.enter(name)
    }

    /// Writes all octets at an offset of a file opened here.
    pub(super) fn write_at(&self, name: &str, fd: &OwnedFd, octets: &[u8], offset: u64) -> Result<(), MediaError> {
        let name = OsStr::new(name);
        let fault = |errno| match errno {
            Errno::NOSPC | Errno::DQUOT | Errno::FBIG if !self.is_gone() => self.full(clusters(octets.len() as u64)),
            _ => self.fault("write", name, errno),
        };
        let before = size(&rustix::fs::fstat(fd).map_err(fault)?);
        let after = before.max(offset.saturating_add(octets.len() as u64));
        self.expect_room(clusters(after) - clusters(before))?;
        let (mut rest, mut offset) = (octets, offset);
        while !rest.is_empty() {
            let count = retry_on_intr(|| rustix::io::pwrite(fd, rest, offset)).map_err(fault)?;
            if count == 0 {
                return Err(fault(Errno::IO));
            }
            rest = rest.get(count..).unwrap_or_default();
            offset += count as u64;
        }
        Ok(())
    }

    /// Waits until a file opened here is on the medium, and lets go of the copy in RAM, so that it is read from there.
    pub(super) fn sync_file(&self, name: &str, fd: &OwnedFd) -> Result<(), MediaError> {
        retry_on_intr(|| rustix::fs::fsync(fd)).map_err(|errno| self.fault("write", OsStr::new(name), errno))?;
        // Only a hint: a file system without such a copy may refuse it.
        let _ = rustix::fs::fadvise(fd, 0, None, rustix::fs::Advice::DontNeed);
        Ok(())
    }

    /// Waits until this folder's names are on the medium.
    pub(super) fn sync(&self) -> Result<(), MediaError> {
        match retry_on_intr(|| rustix::fs::fsync(&self.fd)) {
            Ok(()) | Err(Errno::INVAL) => Ok(()), // some file systems know no fsync of a folder
            Err(errno) => Err(self.fault("write", OsStr::new(""), errno)),
        }
    }

    /// Renames within this folder; a name that is taken is refused.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), MediaError> {
        let fault = |errno| self.fault("rename to", OsStr::new(to), errno);
        match rustix::fs::renameat_with(&self.fd, from, &self.fd, to, RenameFlags::NOREPLACE) {
            Ok(()) => {}
            Err(Errno::INVAL | Errno::NOSYS) => match self.kind(OsStr::new(to))? {
                Some(_) => return Err(fault(Errno::EXIST)),
                None => rustix::fs::renameat(&self.fd, from, &self.fd, to).map_err(fault)?,
            },
            Err(errno) => return Err(fault(errno)),
        }
        self.settle(to)
    }

    /// Renames within this folder in place of what has the name: our own journal's files alone.
    pub(super) fn replace(&self, from: &str, to: &str) -> Result<(), MediaError> {
        // While it is open the room of the old file is not given away, whatever the medium calls by that name meanwhile.
        let old = self.open_regular(OsStr::new(to)).ok();
        let fault = |errno| self.fault("replace", OsStr::new(to), errno);
        rustix::fs::renameat(&self.fd, from, &self.fd, to).map_err(fault)?;
        self.settle(to)?;
        drop(old);
        Ok(())
    }

    /// Waits until the new name of what was renamed leads to it on the medium as well.
    ///
    /// Linux writes the place and size in a FAT entry only when what it names is flushed, not with the folder: a fall of
    /// power in between would leave a name that leads nowhere (`vfat_rename` in `fs/fat/namei_vfat.c`).
    fn settle(&self, name: &str) -> Result<(), MediaError> {
        let fault = |errno| self.fault("write", OsStr::new(name), errno);
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let fd = open_beneath(&self.fd, OsStr::new(name), flags, Mode::empty()).map_err(fault)?;
        match retry_on_intr(|| rustix::fs::fsync(&fd)) {
            Ok(()) | Err(Errno::INVAL) => Ok(()), // some file systems know no fsync of a folder
            Err(errno) => Err(fault(errno)),
        }
    }

    /// Removes a file, or whatever else but a folder has its name.
    pub(super) fn remove(&self, name: &OsStr) -> Result<(), MediaError> {
        rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()).map_err(|errno| self.fault("remove", name, errno))
    }

    /// Removes a folder of our own with all that is in it; links go themselves, not what they lead to.
    pub(super) fn remove_folder(&self, name: &OsStr) -> Result<(), MediaError> {
        self.remove_below(name, MAX_DEPTH)
    }

    fn remove_below(&self, name: &OsStr, depth: usize) -> Result<(), MediaError> {
        let folder = self.enter(name)?;
        let Some(depth) = depth.checked_sub(1) else { return Err(folder.too_many(MAX_DEPTH)) };
        for entry in folder.entries()? {
            match entry.kind {
                FileKind::Folder => folder.remove_below(&entry.name, depth)?,
                _ => folder.remove(&entry.name)?,
            }
        }
        rustix::fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR).map_err(|errno| self.fault("remove", name, errno))
    }

    /// All entries but `.` and `..`, by name; at most [`MAX_ENTRIES`].
    pub(super) fn entries(&self) -> Result<Vec<Entry>, MediaError> {
        let fault = |errno| self.fault("list", OsStr::new(""), errno);
        if self.is_gone() {
            return Err(MediaError::Gone { volume: self.root.label.clone() });
        }
        let mut entries = Vec::new();
        for found in Dir::read_from(&self.fd).map_err(fault)? {
            let found = found.map_err(fault)?;
            let name = OsStr::from_bytes(found.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            if entries.len() == MAX_ENTRIES {
                return Err(self.too_many(MAX_ENTRIES));
            }
            match self.stat(name) {
                Ok(stat) => entries.push(Entry { name: name.to_owned(), kind: kind(&stat), size: size(&stat) }),
                Err(Errno::NOENT) => {} // removed while looking
                Err(errno) => return Err(self.fault("look at", name, errno)),
            }
        }
        entries.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(entries)
    }

    pub(super) fn too_many(&self, limit: usize) -> MediaError {
        MediaError::TooMany { folder: self.shown.clone(), limit }
    }

    /// Refuses where the medium was opened for reading alone.
    pub(super) fn expect_writable(&self) -> Result<(), MediaError> {
        match self.root.access {
            Access::Write => Ok(()),
            Access::Read => Err(MediaError::ReadOnly { volume: self.root.label.clone() }),
        }
    }

    /// Whether the medium lets itself be written.
    pub(super) fn is_writable(&self) -> bool {
        let allowed = rustix::fs::accessat(&self.root.fd, ".", rustix::fs::Access::WRITE_OK, AtFlags::empty());
        let protected = || rustix::fs::statat(&self.root.fd, READ_ONLY, AtFlags::SYMLINK_NOFOLLOW).is_ok();
        allowed.is_ok() && !(self.root.played && protected())
    }

    /// Size and free room of the medium in octets.
    pub(super) fn room(&self) -> Result<(u64, u64), MediaError> {
        let facts =
            rustix::fs::fstatvfs(&self.root.fd).map_err(|errno| self.fault("look at", OsStr::new(""), errno))?;
        let (size, free) =
            (facts.f_blocks.saturating_mul(facts.f_frsize), facts.f_bavail.saturating_mul(facts.f_frsize));
        let medium = self.medium();
        match medium.capacity()? {
            Some(capacity) => {
                let used = medium.used(MAX_DEPTH, &mut Budget::of(MAX_COUNTED))?;
                Ok((capacity, capacity.saturating_sub(used).min(free)))
            }
            None => Ok((size, free)),
        }
    }

    /// Refuses unless so many octets are free.
    pub(super) fn expect_free(&self, needed: u64) -> Result<(), MediaError> {
        let (_, free) = self.room()?;
        if needed <= free { Ok(()) } else { Err(MediaError::Full { volume: self.root.label.clone(), needed, free }) }
    }

    // The same as `expect_free` where the folder only plays a stick; a real one says itself when it is full.
    fn expect_room(&self, needed: u64) -> Result<(), MediaError> {
        self.expect_writable()?;
        if needed == 0 || self.medium().capacity()?.is_none() { Ok(()) } else { self.expect_free(needed) }
    }

    fn medium(&self) -> Self {
        Self { fd: Arc::clone(&self.root.fd), shown: self.root.label.clone(), root: Arc::clone(&self.root) }
    }

    fn capacity(&self) -> Result<Option<u64>, MediaError> {
        if !self.root.played || self.kind(OsStr::new(CAPACITY))?.is_none() {
            return Ok(None);
        }
        let text = super::read::read_file(self, CAPACITY, 32)?;
        match std::str::from_utf8(&text).ok().and_then(|text| text.trim_ascii().parse().ok()) {
            Some(octets) => Ok(Some(octets)),
            None => Err(MediaError::Io {
                action: "use as a capacity",
                file: self.place(OsStr::new(CAPACITY)),
                reason: "expected decimal octets".to_owned(),
            }),
        }
    }

    fn used(&self, depth: usize, budget: &mut Budget) -> Result<u64, MediaError> {
        let Some(depth) = depth.checked_sub(1) else { return Err(self.too_many(MAX_DEPTH)) };
        let mut used = 0;
        for entry in self.entries()?.into_iter().filter(|entry| entry.name != CAPACITY) {
            budget.take(self)?;
            used += match entry.kind {
                FileKind::Folder => CLUSTER + self.enter(&entry.name)?.used(depth, budget)?,
                _ => clusters(entry.size),
            };
        }
        Ok(used)
    }

    /// Medium, path and name, escaped.
    pub(super) fn place(&self, name: &OsStr) -> String {
        if name.is_empty() { self.shown.clone() } else { format!("{}/{}", self.shown, shown(name)) }
    }

    fn full(&self, needed: u64) -> MediaError {
        let free = self.room().map_or(0, |(_, free)| free);
        MediaError::Full { volume: self.root.label.clone(), needed, free }
    }

    // A folder that plays a stick is yanked by removing it: then nothing links to it any more.
    fn is_gone(&self) -> bool {
        rustix::fs::fstat(&self.root.fd).map_or(true, |stat| stat.st_nlink == 0)
    }

    /// What the system's refusal means here.
    pub(super) fn fault(&self, action: &'static str, name: &OsStr, errno: Errno) -> MediaError {
        let volume = || self.root.label.clone();
        match errno {
            Errno::NODEV | Errno::NXIO | Errno::NOMEDIUM | Errno::STALE | Errno::SHUTDOWN => {
                MediaError::Gone { volume: volume() }
            }
            _ if self.is_gone() => MediaError::Gone { volume: volume() },
            Errno::NOSPC | Errno::DQUOT => self.full(CLUSTER),
            Errno::ROFS => MediaError::ReadOnly { volume: volume() },
            Errno::NOENT => MediaError::Missing { file: self.place(name) },
            Errno::EXIST => MediaError::Exists { file: self.place(name) },
            Errno::LOOP => self.wrong_kind(name, FileKind::Regular, FileKind::Link),
            _ => MediaError::Io { action, file: self.place(name), reason: errno.to_string() },
        }
    }
}

/// How many entries of a tree may still be looked at, whatever they are and wherever in it.
pub(super) struct Budget {
    all: usize,
    left: usize,
}

impl Budget {
    /// So many.
    pub(super) const fn of(all: usize) -> Self {
        Self { all, left: all }
    }

    /// One more, in this folder.
    pub(super) fn take(&mut self, folder: &Folder) -> Result<(), MediaError> {
        self.left = self.left.checked_sub(1).ok_or_else(|| folder.too_many(self.all))?;
        Ok(())
    }
}

/// Opens one part of a name in a folder: never through a link, never out of it.
fn open_beneath(folder: impl AsFd, name: &OsStr, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    match retry_on_intr(|| rustix::fs::openat2(&folder, name, flags, mode, resolve)) {
        // For a single checked part O_NOFOLLOW alone says the same.
        Err(Errno::NOSYS) => retry_on_intr(|| rustix::fs::openat(&folder, name, flags, mode)),
        result => result,
    }
}

fn kind(stat: &Stat) -> FileKind {
    FileType::from_raw_mode(stat.st_mode).into()
}

fn size(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

/// Octets in whole clusters, at least one.
pub(super) const fn clusters(octets: u64) -> u64 {
    let whole = octets.div_ceil(CLUSTER);
    if whole == 0 { CLUSTER } else { whole.saturating_mul(CLUSTER) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &std::path::Path, access: Access) -> Folder {
        let fd = rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
        Folder::root(fd, "STICK".into(), access)
    }

    #[test]
    fn follows_no_link_to_a_folder() {
        let stick = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc", stick.path().join("etc")).unwrap();
        let folder = open(stick.path(), Access::Read);
        let error = folder.folder("etc").unwrap_err();
        assert_eq!(error.to_string(), "STICK/etc: expected a folder, found a symbolic link");
        assert!(matches!(folder.parent(OsStr::new("etc/passwd")), Err(MediaError::WrongKind { .. })));
        assert_eq!(
            open_beneath(&folder.fd, OsStr::new("etc"), OFlags::RDONLY, Mode::empty()).unwrap_err(),
            Errno::LOOP
        );
    }

    #[test]
    fn counts_whole_clusters_against_the_capacity() {
        let stick = tempfile::tempdir().unwrap();
        std::fs::write(stick.path().join(CAPACITY), "16384\n").unwrap();
        std::fs::create_dir(stick.path().join("d")).unwrap();
        std::fs::write(stick.path().join("d/f"), [0; 4097]).unwrap();
        let fd = super::super::volume::open_root(stick.path()).unwrap();
        let folder = Folder::played(fd, "STICK".into(), Access::Write);
        assert_eq!(folder.room().unwrap(), (16384, 4096));
        assert!(folder.expect_free(4096).is_ok());
        assert_eq!(
            folder.expect_free(4097),
            Err(MediaError::Full { volume: "STICK".into(), needed: 4097, free: 4096 })
        );
        std::fs::write(stick.path().join(CAPACITY), "much").unwrap();
        assert!(folder.room().unwrap_err().to_string().contains("expected decimal octets"));
    }

    #[test]
    fn on_a_real_stick_these_files_mean_nothing() {
        let stick = tempfile::tempdir().unwrap();
        std::fs::write(stick.path().join(CAPACITY), "much").unwrap();
        std::fs::write(stick.path().join(READ_ONLY), "").unwrap();
        let folder = open(stick.path(), Access::Write);
        assert!(folder.is_writable() && folder.room().is_ok_and(|(size, _)| size > 16384));
    }

    #[test]
    fn renames_over_nothing() {
        let stick = tempfile::tempdir().unwrap();
        std::fs::write(stick.path().join("a"), "a").unwrap();
        std::fs::write(stick.path().join("b"), "b").unwrap();
        let folder = open(stick.path(), Access::Write);
        assert_eq!(folder.rename("a", "b"), Err(MediaError::Exists { file: "STICK/b".into() }));
        assert_eq!(std::fs::read(stick.path().join("b")).unwrap(), b"b");
        assert_eq!(folder.rename("none", "c"), Err(MediaError::Missing { file: "STICK/c".into() }));
    }

    #[test]
    fn removes_links_and_not_what_they_lead_to() {
        let stick = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        std::fs::write(other.path().join("kept"), "").unwrap();
        std::fs::create_dir_all(stick.path().join("d/e")).unwrap();
        std::os::unix::fs::symlink(other.path(), stick.path().join("d/e/link")).unwrap();
        open(stick.path(), Access::Write).remove_folder(OsStr::new("d")).unwrap();
        assert!(!stick.path().join("d").exists() && other.path().join("kept").exists());
    }
}
