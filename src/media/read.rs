//! Bounded reading: sizes and counts are limited before and while something is read.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use rustix::io::retry_on_intr;

use super::error::{FileKind, MediaError};
use super::folder::{Budget, Entry, Folder};
use super::name::{MAX_DEPTH, shown};

/// Entries (files and folders) of one folder that are looked at, and of a whole tree that is read or written; one with more
/// is refused.
pub const MAX_ENTRIES: usize = 1000;

/// What a folder says of a file or folder in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FileFacts {
    /// The name, escaped: what is shown.
    pub shown: String,
    /// The name itself: what it is opened by.
    pub name: OsString,
    /// Octets, as the folder says; 0 for a folder.
    pub size: u64,
    /// What it is; only a regular file can be read.
    pub kind: FileKind,
}

/// Reads a regular file of at most `limit` octets.
///
/// # Errors
/// [`MediaError::TooLarge`] before or while reading, [`MediaError::WrongKind`] for links, pipes and devices,
/// [`MediaError::Missing`], [`MediaError::Name`], [`MediaError::Gone`], [`MediaError::Io`].
pub fn read_file(folder: &Folder, path: impl AsRef<OsStr>, limit: u64) -> Result<Vec<u8>, MediaError> {
    let (folder, name) = folder.parent(path.as_ref())?;
    let too_large = |found| MediaError::TooLarge { file: folder.place(name), limit, found };
    let (fd, size) = folder.open_regular(name)?;
    if size > limit {
        return Err(too_large(size));
    }
    // The size is only what was said: the file may grow while it is read.
    let mut octets = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = retry_on_intr(|| rustix::io::read(&fd, buffer.as_mut_slice()))
            .map_err(|errno| folder.fault("read", name, errno))?;
        octets.extend_from_slice(buffer.get(..count).unwrap_or_default());
        if octets.len() as u64 > limit {
            return Err(too_large(octets.len() as u64));
        }
        if count == 0 {
            return Ok(octets);
        }
    }
}

/// The files of a folder by name, without hidden ones (a dot first) and folders; what is no regular file shows as what it is.
///
/// # Errors
/// [`MediaError::TooMany`] for more than [`MAX_ENTRIES`], [`MediaError::Gone`], [`MediaError::Io`].
pub fn list_files(folder: &Folder) -> Result<Vec<FileFacts>, MediaError> {
    list(folder, |kind| kind != FileKind::Folder)
}

/// The folders of a folder by name, without hidden ones: the records on a medium.
///
/// # Errors
/// As of [`list_files`].
pub fn list_folders(folder: &Folder) -> Result<Vec<FileFacts>, MediaError> {
    list(folder, |kind| kind == FileKind::Folder)
}

fn list(folder: &Folder, wanted: impl Fn(FileKind) -> bool) -> Result<Vec<FileFacts>, MediaError> {
    let facts = |entry: Entry| FileFacts {
        shown: shown(&entry.name),
        size: if entry.kind == FileKind::Regular { entry.size } else { 0 },
        kind: entry.kind,
        name: entry.name,
    };
    let plain = |entry: &Entry| wanted(entry.kind) && !entry.name.as_bytes().starts_with(b".");
    Ok(folder.entries()?.into_iter().filter(plain).map(facts).collect())
}

/// Reads every file in and below a folder, hidden ones too, by relative path (escaped); at most `limit` octets in all.
///
/// # Errors
/// As of [`read_file`] and [`list_files`]; a link or device anywhere is refused.
pub fn read_folder(folder: &Folder, limit: u64) -> Result<BTreeMap<String, Vec<u8>>, MediaError> {
    read_paths(folder, Walk::through(folder, None)?.files, limit)
}

/// Reads a record: as [`read_folder`], but its folder `outside` is not looked into, whatever is there. A folder that
/// nothing is in comes as its path with a `/` at the end, without octets.
///
/// # Errors
/// As of [`read_folder`]; what is called `outside` and is no folder is a file as any.
pub fn read_record(folder: &Folder, outside: &str, limit: u64) -> Result<BTreeMap<String, Vec<u8>>, MediaError> {
    let Walk { files, bare, .. } = Walk::through(folder, Some(outside))?;
    let mut read = read_paths(folder, files, limit)?;
    read.extend(bare.iter().map(|path| (format!("{}/", shown(path)), Vec::new())));
    Ok(read)
}

fn read_paths(folder: &Folder, paths: Vec<OsString>, limit: u64) -> Result<BTreeMap<String, Vec<u8>>, MediaError> {
    let mut left = limit;
    let mut files = BTreeMap::new();
    for path in paths {
        let octets = read_file(folder, &path, left)?;
        left = left.saturating_sub(octets.len() as u64);
        files.insert(shown(&path), octets);
    }
    Ok(files)
}

/// The relative paths of all files in and below a folder.
pub(super) fn paths_below(folder: &Folder) -> Result<Vec<OsString>, MediaError> {
    Ok(Walk::through(folder, None)?.files)
}

/// What was seen in and below a folder, by relative paths.
struct Walk<'a> {
    /// A folder in the uppermost one that is not looked into.
    outside: Option<&'a str>,
    budget: Budget,
    files: Vec<OsString>,
    /// The folders that nothing is in.
    bare: Vec<OsString>,
}

impl<'a> Walk<'a> {
    fn through(folder: &Folder, outside: Option<&'a str>) -> Result<Self, MediaError> {
        let mut walk = Self { outside, budget: Budget::of(MAX_ENTRIES), files: Vec::new(), bare: Vec::new() };
        walk.enter(folder, OsStr::new(""), MAX_DEPTH)?;
        Ok(walk)
    }

    fn enter(&mut self, folder: &Folder, above: &OsStr, depth: usize) -> Result<(), MediaError> {
        let Some(depth) = depth.checked_sub(1) else { return Err(folder.too_many(MAX_DEPTH)) };
        let entries = folder.entries()?;
        if entries.is_empty() && !above.is_empty() {
            self.bare.push(above.to_owned());
        }
        for entry in entries {
            self.budget.take(folder)?;
            let mut path = above.to_owned();
            if !above.is_empty() {
                path.push("/");
            }
            path.push(&entry.name);
            if entry.kind != FileKind::Folder {
                self.files.push(path);
            } else if self.outside.is_none_or(|outside| path != outside) {
                self.enter(&folder.folder(&entry.name)?, &path, depth)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rustix::fs::{CWD, FileType, Mode};

    use super::*;
    use crate::media::{Access, FolderVolumes, Volumes as _};

    fn open(path: &Path) -> Folder {
        let mut volumes = FolderVolumes::new(vec![path.to_owned()], None);
        let id = volumes.list().unwrap()[0].id;
        volumes.open(id, Access::Read).unwrap()
    }

    #[test]
    fn reads_up_to_the_limit_and_not_an_octet_more() {
        let stick = tempfile::tempdir().unwrap();
        std::fs::create_dir(stick.path().join("q 2")).unwrap();
        std::fs::write(stick.path().join("q 2/ksr.xml"), "12345").unwrap();
        let folder = open(stick.path());
        assert_eq!(read_file(&folder, "q 2/ksr.xml", 5).unwrap(), b"12345");
        let error = read_file(&folder, "q 2/ksr.xml", 4).unwrap_err();
        assert!(matches!(error, MediaError::TooLarge { limit: 4, found: 5, .. }), "{error}");
    }

    #[test]
    fn stops_at_a_file_that_grows_past_what_its_folder_said() {
        let folder = open(Path::new("/proc/self")); // files there say 0 octets and have more
        let error = read_file(&folder, "status", 16).unwrap_err();
        assert!(matches!(error, MediaError::TooLarge { limit: 16, found, .. } if found > 16), "{error}");
    }

    #[test]
    fn refuses_links_pipes_sockets_devices_and_folders_without_opening_them() {
        let stick = tempfile::tempdir().unwrap();
        let path = |name: &str| stick.path().join(name);
        std::fs::write(path("real"), "").unwrap();
        std::os::unix::fs::symlink("real", path("link")).unwrap();
        std::os::unix::fs::symlink("/dev/null", path("null")).unwrap();
        rustix::fs::mknodat(CWD, path("pipe"), FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
        std::fs::create_dir(path("folder")).unwrap();
        let folder = open(stick.path());
        let mut cases = vec![
            ("link", FileKind::Link),
            ("null", FileKind::Link),
            ("pipe", FileKind::Fifo),
            ("socket", FileKind::Socket),
            ("folder", FileKind::Folder),
        ];
        // Only root can make a device.
        let device = rustix::fs::makedev(1, 5);
        let mode = Mode::from_raw_mode(0o644);
        if rustix::fs::mknodat(CWD, path("zero"), FileType::CharacterDevice, mode, device).is_ok() {
            cases.push(("zero", FileKind::Device));
        }
        for (name, kind) in cases {
            match read_file(&folder, name, 100) {
                Err(MediaError::WrongKind { file, expected: FileKind::Regular, found }) => {
                    assert!(found == kind && file.ends_with(name), "{name}");
                }
                other => panic!("{name}: {other:?}"),
            }
        }
        let link = list_files(&folder).unwrap().into_iter().find(|file| file.shown == "link").unwrap();
        assert_eq!((link.kind, link.size), (FileKind::Link, 0));
        assert!(matches!(read_folder(&folder, 1000), Err(MediaError::WrongKind { .. })));
    }

    #[test]
    fn refuses_names_that_lead_out() {
        let stick = tempfile::tempdir().unwrap();
        std::fs::create_dir(stick.path().join("in")).unwrap();
        std::fs::write(stick.path().join("out"), "").unwrap();
        let folder = open(stick.path()).folder("in").unwrap();
        for name in ["../out", "/etc/passwd", "..", ".", "", "a\0b", "x/../../out"] {
            assert!(matches!(read_file(&folder, name, 10), Err(MediaError::Name { .. })), "{name:?}");
        }
        assert!(matches!(read_file(&folder, "out", 10), Err(MediaError::Missing { .. })));
    }

    #[test]
    fn lists_by_name_escaped_and_without_hidden_ones() {
        let stick = tempfile::tempdir().unwrap();
        let odd = OsStr::from_bytes(b"\x1b]0;x\x07\xff");
        for name in [OsStr::new("b"), OsStr::new("a"), odd, OsStr::new(".capacity"), OsStr::new("._a")] {
            std::fs::write(stick.path().join(name), "7").unwrap();
        }
        std::fs::create_dir(stick.path().join("20260101T000000Z-root")).unwrap();
        let folder = open(stick.path());
        let names: Vec<String> = list_files(&folder).unwrap().into_iter().map(|file| file.shown).collect();
        assert_eq!(names, ["\\x1b]0;x\\x07\\xff", "a", "b"]);
        assert_eq!(read_file(&folder, odd, 1).unwrap(), b"7");
        assert_eq!(list_folders(&folder).unwrap()[0].shown, "20260101T000000Z-root");
    }

    #[test]
    fn refuses_a_folder_of_too_many_entries() {
        let stick = tempfile::tempdir().unwrap();
        for number in 0..=MAX_ENTRIES {
            std::fs::write(stick.path().join(number.to_string()), "").unwrap();
        }
        let folder = open(stick.path());
        assert!(matches!(list_files(&folder), Err(MediaError::TooMany { limit: MAX_ENTRIES, .. })));
        std::fs::remove_file(stick.path().join("0")).unwrap();
        assert_eq!(list_files(&folder).unwrap().len(), MAX_ENTRIES);
    }

    #[test]
    fn refuses_a_tree_of_too_many_entries_wherever_they_are() {
        let stick = tempfile::tempdir().unwrap();
        for number in 0..MAX_ENTRIES / 2 {
            std::fs::create_dir_all(stick.path().join(format!("d/{number}/e"))).unwrap();
        }
        let folder = open(stick.path());
        // Not one file, and each folder for itself is small.
        assert!(matches!(read_folder(&folder, 1000), Err(MediaError::TooMany { limit: MAX_ENTRIES, .. })));
        std::fs::remove_dir(stick.path().join("d/0/e")).unwrap();
        assert_eq!(read_folder(&folder, 1000).unwrap().len(), 0);
    }

    #[test]
    fn says_that_a_medium_is_gone() {
        let bay = tempfile::tempdir().unwrap();
        let path = bay.path().join("KSR");
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("a"), "").unwrap();
        let folder = open(&path);
        std::fs::remove_dir_all(&path).unwrap();
        assert_eq!(read_file(&folder, "a", 1), Err(MediaError::Gone { volume: "KSR".into() }));
        assert_eq!(list_files(&folder), Err(MediaError::Gone { volume: "KSR".into() }));
    }

    #[test]
    fn limits_a_whole_folder_by_its_sum() {
        let stick = tempfile::tempdir().unwrap();
        std::fs::create_dir(stick.path().join("d")).unwrap();
        std::fs::write(stick.path().join("a"), "123").unwrap();
        std::fs::write(stick.path().join("d/b"), "45").unwrap();
        let folder = open(stick.path());
        let files = read_folder(&folder, 5).unwrap();
        assert_eq!(files, BTreeMap::from([("a".into(), b"123".to_vec()), ("d/b".into(), b"45".to_vec())]));
        assert!(matches!(read_folder(&folder, 4), Err(MediaError::TooLarge { .. })));
    }

    #[test]
    fn of_a_record_names_bare_folders_and_leaves_alone_what_is_outside() {
        let stick = tempfile::tempdir().unwrap();
        let path = |name: &str| stick.path().join(name);
        for name in ["jobs/01", "jobs/02", "more/and/more", "cosignatures/none", "jobs/cosignatures"] {
            std::fs::create_dir_all(path(name)).unwrap();
        }
        std::fs::write(path("jobs/01/ksr"), "1").unwrap();
        for number in 0..=MAX_ENTRIES {
            std::fs::write(path(&format!("cosignatures/{number}")), "more than the limit").unwrap();
        }
        std::os::unix::fs::symlink("/dev/null", path("cosignatures/link")).unwrap();
        let folder = open(stick.path());
        let files = read_record(&folder, "cosignatures", 1).unwrap();
        let names: Vec<&str> = files.keys().map(String::as_str).collect();
        assert_eq!(names, ["jobs/01/ksr", "jobs/02/", "jobs/cosignatures/", "more/and/more/"]);
        assert!(matches!(read_folder(&folder, 1 << 20), Err(MediaError::TooMany { .. })));
        // What only has its name is looked at.
        std::fs::remove_dir_all(path("cosignatures")).unwrap();
        std::os::unix::fs::symlink("jobs", path("cosignatures")).unwrap();
        assert!(matches!(read_record(&folder, "cosignatures", 1), Err(MediaError::WrongKind { .. })));
        std::fs::remove_file(path("cosignatures")).unwrap();
        std::fs::write(path("cosignatures"), "").unwrap();
        assert!(read_record(&folder, "cosignatures", 1).unwrap().contains_key("cosignatures"));
    }
}
