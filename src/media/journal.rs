//! The journal on a record medium: what happened so far, should the record never be written.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;

use super::error::{FileKind, MediaError, NameFault};
use super::folder::Folder;
use super::name::{check_own, refused};
use super::read::read_file;

/// What follows the record's name.
const SUFFIX: &str = ".journal";
/// What follows while it is being removed: such a one is no left-over.
const DONE: &str = ".journal.done";
/// The file that grows.
const TRANSCRIPT: &str = "transcript.jsonl";
/// What follows a file's name until it replaces the old one.
const NEW: &str = ".new";

/// A journal that is being written: folder `NAME.journal` with `transcript.jsonl` and small files put beside it.
///
/// It holds its medium open; drop it before the medium is to be released. Every call returns when its octets are on
/// the medium. After an error the same call can be repeated; after the medium was gone, see [`Journal::resume`].
#[derive(Debug)]
pub struct Journal {
    medium: Folder,
    folder: Folder,
    name: String,
    file: OwnedFd,
    written: u64,
}

impl Journal {
    /// Begins the journal of the record `name` on a medium opened for writing.
    ///
    /// # Errors
    /// [`MediaError::Exists`] for a journal of this name, [`MediaError::Name`], [`MediaError::ReadOnly`],
    /// [`MediaError::Full`], [`MediaError::Gone`], [`MediaError::Io`].
    pub fn create(medium: Folder, name: &str) -> Result<Self, MediaError> {
        check_own(name)?;
        medium.expect_writable()?;
        let folder = medium.make(&format!("{name}{SUFFIX}"))?;
        let file = folder.create(TRANSCRIPT)?;
        folder.sync_file(TRANSCRIPT, &file)?;
        folder.sync()?;
        medium.sync()?;
        Ok(Self { medium, folder, name: name.to_owned(), file, written: 0 })
    }

    /// Goes on with a journal whose lines must be a beginning of `lines`, the master copy in RAM, and completes it.
    ///
    /// # Errors
    /// [`MediaError::Differs`] where it is another ceremony's, [`MediaError::Missing`], and as of [`Journal::append`].
    pub fn resume(medium: Folder, name: &str, lines: &[u8]) -> Result<Self, MediaError> {
        check_own(name)?;
        medium.expect_writable()?;
        let folder = medium.folder(format!("{name}{SUFFIX}"))?;
        let differs = |found: String| MediaError::Differs {
            file: folder.place(OsStr::new(TRANSCRIPT)),
            expected: "a beginning of this ceremony's entries".to_owned(),
            found,
        };
        // A fall of power may have left it without its file, or with half a line.
        if folder.kind(OsStr::new(TRANSCRIPT))?.is_none() {
            folder.create(TRANSCRIPT)?;
        }
        let so_far = match read_file(&folder, TRANSCRIPT, lines.len() as u64) {
            Err(MediaError::TooLarge { found, .. }) => return Err(differs(format!("{found} octets or more"))),
            result => result?,
        };
        let Some(rest) = lines.strip_prefix(so_far.as_slice()) else { return Err(differs("others".to_owned())) };
        let (file, _) = folder.open_to_write(OsStr::new(TRANSCRIPT))?;
        let mut journal = Self { medium, folder, name: name.to_owned(), file, written: so_far.len() as u64 };
        journal.append(rest)?;
        journal.folder.sync()?;
        Ok(journal)
    }

    /// Adds whole lines, and waits until they are on the medium.
    ///
    /// # Errors
    /// [`MediaError::Full`], [`MediaError::Gone`], [`MediaError::Io`]; then the lines do not count and can be added again.
    pub fn append(&mut self, lines: &[u8]) -> Result<(), MediaError> {
        // At its own offset: what a failed attempt left behind is overwritten by the next one.
        let result = self
            .folder
            .write_at(TRANSCRIPT, &self.file, lines, self.written)
            .and_then(|()| self.folder.sync_file(TRANSCRIPT, &self.file))
            .and_then(|()| self.expect_listed());
        match result {
            Ok(()) => self.written += lines.len() as u64,
            Err(_) => {
                let _ = rustix::fs::ftruncate(&self.file, self.written); // if it can; the error to show is the first
            }
        }
        result
    }

    /// Puts a small file beside the lines, in place of an earlier one of this name: wholly the new or wholly the old.
    ///
    /// # Errors
    /// [`MediaError::Name`], [`MediaError::Full`], [`MediaError::Gone`], [`MediaError::Io`]; then the old one stands.
    pub fn put(&mut self, name: &str, octets: &[u8]) -> Result<(), MediaError> {
        check_own(name)?;
        if name == TRANSCRIPT || name.ends_with(NEW) {
            return Err(refused(OsStr::new(name), NameFault::Collides));
        }
        let new = format!("{name}{NEW}");
        if self.folder.kind(OsStr::new(&new))?.is_some() {
            self.folder.remove(OsStr::new(&new))?;
        }
        let file = self.folder.create(&new)?;
        self.folder.write_at(&new, &file, octets, 0)?;
        self.folder.sync_file(&new, &file)?;
        self.folder.replace(&new, name)?;
        self.folder.sync()
    }

    /// Removes the journal: the record is on the medium and was read back.
    ///
    /// # Errors
    /// [`MediaError::Gone`], [`MediaError::Io`]; the journal then is a left-over beside a complete record.
    pub fn finish(self) -> Result<(), MediaError> {
        drop(self.file);
        remove_journal(&self.medium, &self.name)
    }

    // A file that is open can be written long after its name went; that is not on the medium.
    fn expect_listed(&self) -> Result<(), MediaError> {
        match self.folder.kind(OsStr::new(TRANSCRIPT))? {
            Some(FileKind::Regular) => Ok(()),
            _ => Err(MediaError::Missing { file: self.folder.place(OsStr::new(TRANSCRIPT)) }),
        }
    }
}

/// Removes the journal of the record `name` from a medium opened for writing; one that took another's place has none.
///
/// # Errors
/// [`MediaError::ReadOnly`], [`MediaError::Gone`], [`MediaError::Io`].
pub fn remove_journal(medium: &Folder, name: &str) -> Result<(), MediaError> {
    check_own(name)?;
    medium.expect_writable()?;
    // Renamed first, so that half a journal is never found.
    let done = format!("{name}{DONE}");
    if medium.kind(OsStr::new(&done))?.is_some() {
        medium.remove_folder(OsStr::new(&done))?;
    }
    let journal = format!("{name}{SUFFIX}");
    if medium.kind(OsStr::new(&journal))?.is_none() {
        return medium.sync();
    }
    medium.rename(&journal, &done)?;
    medium.sync()?;
    medium.remove_folder(OsStr::new(&done))?;
    medium.sync()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use super::*;
    use crate::media::{Access, FolderVolumes, Volumes as _, list_folders, read_folder};

    const NAME: &str = "20260101T000000Z-root";

    struct Stick {
        bay: tempfile::TempDir,
        volumes: FolderVolumes,
    }

    impl Stick {
        fn new() -> Self {
            let bay = tempfile::tempdir().unwrap();
            std::fs::create_dir(bay.path().join("REC")).unwrap();
            let volumes = FolderVolumes::rehearsed(bay.path().to_owned());
            Self { bay, volumes }
        }

        fn open(&mut self, access: Access) -> Result<Folder, MediaError> {
            let id = self.volumes.list().unwrap()[0].id;
            self.volumes.open(id, access)
        }

        fn journal(&mut self) -> Journal {
            Journal::create(self.open(Access::Write).unwrap(), NAME).unwrap()
        }

        /// What the next ceremony finds in the journal.
        fn left(&mut self) -> BTreeMap<String, Vec<u8>> {
            let folder = self.open(Access::Read).unwrap().folder(format!("{NAME}{SUFFIX}")).unwrap();
            read_folder(&folder, 1 << 20).unwrap()
        }

        /// The names of the folders on the medium.
        fn folders(&mut self) -> Vec<String> {
            let folders = list_folders(&self.open(Access::Read).unwrap()).unwrap();
            folders.into_iter().map(|folder| folder.shown).collect()
        }

        fn path(&self, name: &str) -> PathBuf {
            self.bay.path().join("REC").join(name)
        }
    }

    #[test]
    fn leaves_all_lines_and_the_latest_files_to_the_next_ceremony() {
        let mut stick = Stick::new();
        let mut journal = stick.journal();
        journal.append(b"{1}\n").unwrap();
        journal.put("head.sig", b"one").unwrap();
        journal.append(b"{2}\n{3}\n").unwrap();
        journal.put("head.sig", b"three").unwrap();
        drop(journal);
        assert_eq!(stick.folders(), [format!("{NAME}{SUFFIX}")]);
        let (lines, head) = (b"{1}\n{2}\n{3}\n".to_vec(), b"three".to_vec());
        assert_eq!(stick.left(), BTreeMap::from([(TRANSCRIPT.into(), lines), ("head.sig".into(), head)]));
    }

    #[test]
    fn is_gone_when_the_record_is_complete() {
        let mut stick = Stick::new();
        let mut journal = stick.journal();
        journal.put("head.sig", b"x").unwrap();
        journal.finish().unwrap();
        // A medium that never had one, since it took the place of a full one.
        remove_journal(&stick.open(Access::Write).unwrap(), NAME).unwrap();
        assert_eq!(stick.folders(), Vec::<String>::new());
        assert_eq!(std::fs::read_dir(stick.path("")).unwrap().count(), 0);
    }

    #[test]
    fn is_never_begun_over_another_one() {
        let mut stick = Stick::new();
        drop(stick.journal());
        let medium = stick.open(Access::Write).unwrap();
        assert!(matches!(Journal::create(medium, NAME), Err(MediaError::Exists { .. })));
        let medium = stick.open(Access::Read).unwrap();
        assert!(matches!(Journal::create(medium, "other"), Err(MediaError::ReadOnly { .. })));
    }

    #[test]
    fn goes_on_after_the_medium_was_pulled_with_half_a_line() {
        let mut stick = Stick::new();
        let mut journal = stick.journal();
        journal.append(b"{1}\n{2").unwrap();
        drop(journal);
        let mut journal = Journal::resume(stick.open(Access::Write).unwrap(), NAME, b"{1}\n{2}\n").unwrap();
        journal.append(b"{3}\n").unwrap();
        assert_eq!(stick.left()[TRANSCRIPT], b"{1}\n{2}\n{3}\n");
        for other in [b"{1}\n".as_slice(), b"{1}\n{2}\n{4}\n{5}\n"] {
            let medium = stick.open(Access::Write).unwrap();
            assert!(matches!(Journal::resume(medium, NAME, other), Err(MediaError::Differs { .. })));
        }
    }

    #[test]
    fn says_when_it_was_pulled_while_open() {
        let mut stick = Stick::new();
        let mut journal = stick.journal();
        std::fs::remove_dir_all(stick.path("")).unwrap();
        assert_eq!(journal.append(b"{1}\n"), Err(MediaError::Gone { volume: "REC".into() }));
        assert_eq!(journal.put("head.sig", b""), Err(MediaError::Gone { volume: "REC".into() }));
    }

    #[test]
    fn keeps_what_was_there_when_the_medium_is_full() {
        let mut stick = Stick::new();
        let mut journal = stick.journal();
        journal.append(b"{1}\n").unwrap();
        journal.put("head.sig", b"one").unwrap();
        std::fs::write(stick.path(".capacity"), "12288").unwrap();
        assert!(matches!(journal.append(&[b'x'; 5000]), Err(MediaError::Full { free: 0, .. })));
        assert!(matches!(journal.put("head.sig", b"two"), Err(MediaError::Full { .. })));
        std::fs::remove_file(stick.path(".capacity")).unwrap();
        journal.append(b"{2}\n").unwrap();
        let left = stick.left();
        assert_eq!(left[TRANSCRIPT], b"{1}\n{2}\n");
        assert_eq!(left["head.sig"], b"one");
    }

    #[test]
    fn puts_nothing_in_place_of_its_lines() {
        let mut stick = Stick::new();
        let mut journal = stick.journal();
        for name in ["transcript.jsonl", "../x", "head.sig.new", ""] {
            assert!(matches!(journal.put(name, b"x"), Err(MediaError::Name { .. })), "{name}");
        }
    }

    #[test]
    fn replaces_a_link_instead_of_writing_through_it() {
        let mut stick = Stick::new();
        let mut journal = stick.journal();
        let victim = stick.bay.path().join("victim");
        std::fs::write(&victim, "kept").unwrap();
        for name in ["head.sig", "head.sig.new"] {
            std::os::unix::fs::symlink(&victim, stick.path(&format!("{NAME}.journal/{name}"))).unwrap();
        }
        journal.put("head.sig", b"new").unwrap();
        assert_eq!(std::fs::read(&victim).unwrap(), b"kept");
        assert_eq!(stick.left()["head.sig"], b"new");
    }
}
