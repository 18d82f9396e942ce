//! Crash-safe writing: a name appears only when all behind it is on the medium, and counts only when it was read back.

use std::collections::BTreeMap;
use std::ffi::OsStr;

use super::error::{FileKind, MediaError};
use super::folder::{Folder, clusters};
use super::image::FolderImage;
use super::name::{check_own, shown};
use super::read::{paths_below, read_file};
use super::volume::{Access, Volumes};
use crate::dns::{Sha256Digest, sha256};
use crate::steps::VolumeId;

/// Octets written between two reports of progress.
const CHUNK: usize = 64 * 1024;
/// Left-overs of one name that a medium may hold.
const MAX_STALE: u32 = 99;

/// What was written, or stood there already, and has been read back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Written {
    /// SHA-256 of each file by relative path, of the octets that came from the medium.
    pub files: BTreeMap<String, Sha256Digest>,
    /// Octets of all files.
    pub octets: u64,
    /// Whether it was written now; not if the very same stood there already, as after a stick was pulled too early.
    pub fresh: bool,
}

/// What is being done.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Phase {
    /// Octets go to the medium.
    Write,
    /// Octets come back from the medium.
    ReadBack,
}

/// How far it is; reported before the first file, within large ones and after each.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Progress<'a> {
    /// What is being done.
    pub phase: Phase,
    /// The file's relative path; empty before the first one.
    pub file: &'a str,
    /// Octets done in this phase.
    pub done: u64,
    /// Octets of this phase.
    pub total: u64,
}

/// Writes a whole folder onto a medium, opens the medium anew and reads everything back.
///
/// It is written as `NAME.part` and renamed when it is complete; a `NAME.part` left by an earlier attempt is kept as
/// `NAME.part-old-N`. A folder `NAME` with exactly these contents is read back and accepted, so that an attempt can
/// be repeated; with others it is never touched.
///
/// # Errors
/// [`MediaError::Full`] before the first octet or on the way, [`MediaError::Exists`], [`MediaError::ReadOnly`],
/// [`MediaError::Gone`], [`MediaError::Differs`], [`MediaError::Io`]. Where it can, it removes what it had begun.
pub fn write_folder(
    volumes: &mut dyn Volumes,
    id: VolumeId,
    image: &FolderImage,
    progress: &mut dyn FnMut(&Progress<'_>),
) -> Result<Written, MediaError> {
    let fresh = on_volume(volumes, id, Access::Write, |medium| {
        if medium.kind(OsStr::new(image.name()))?.is_none() {
            put_folder(medium, image, progress)?;
            return Ok(true);
        }
        match same_folder(medium, image, &mut |_| {}) {
            Ok(_) => Ok(false),
            Err(error) => Err(taken(medium, image.name(), error)),
        }
    })?;
    Ok(Written { fresh, ..verify_folder(volumes, id, image, progress)? })
}

/// Opens a medium for reading alone, and compares a folder on it with the master copy: same files, same octets.
///
/// # Errors
/// [`MediaError::Differs`], [`MediaError::Missing`], [`MediaError::Gone`], [`MediaError::WrongKind`], [`MediaError::Io`].
pub fn verify_folder(
    volumes: &mut dyn Volumes,
    id: VolumeId,
    image: &FolderImage,
    progress: &mut dyn FnMut(&Progress<'_>),
) -> Result<Written, MediaError> {
    progress(&Progress { phase: Phase::ReadBack, file: "", done: 0, total: image.octets() });
    on_volume(volumes, id, Access::Read, |medium| same_folder(medium, image, progress))
}

/// Writes a single file into a medium's uppermost folder as [`write_folder`] does, and reads it back.
///
/// # Errors
/// As of [`write_folder`]; [`MediaError::Name`] for a name that is not written.
pub fn write_file(
    volumes: &mut dyn Volumes,
    id: VolumeId,
    name: &str,
    octets: &[u8],
    progress: &mut dyn FnMut(&Progress<'_>),
) -> Result<Written, MediaError> {
    check_own(name)?;
    let fresh = on_volume(volumes, id, Access::Write, |medium| {
        if medium.kind(OsStr::new(name))?.is_none() {
            put_file(medium, name, octets, progress)?;
            return Ok(true);
        }
        match same_file(medium, name, octets) {
            Ok(_) => Ok(false),
            Err(error) => Err(taken(medium, name, error)),
        }
    })?;
    Ok(Written { fresh, ..verify_file(volumes, id, name, octets, progress)? })
}

/// Opens a medium for reading alone, and compares a file on it with the master copy.
///
/// # Errors
/// As of [`verify_folder`].
pub fn verify_file(
    volumes: &mut dyn Volumes,
    id: VolumeId,
    name: &str,
    octets: &[u8],
    progress: &mut dyn FnMut(&Progress<'_>),
) -> Result<Written, MediaError> {
    let total = octets.len() as u64;
    progress(&Progress { phase: Phase::ReadBack, file: "", done: 0, total });
    let digest = on_volume(volumes, id, Access::Read, |medium| same_file(medium, name, octets))?;
    progress(&Progress { phase: Phase::ReadBack, file: name, done: total, total });
    Ok(Written { files: BTreeMap::from([(name.to_owned(), digest)]), octets: total, fresh: false })
}

/// Adds files to a folder that is on the medium already, each as [`write_file`] does, and reads them back.
///
/// An empty file `mark` stands beside them from before the first until all are on the medium, so that whatever a fall
/// of power leaves of them is known to be unfinished. A name of eight signs and three in upper case is one entry on
/// FAT, which is there as a whole or not at all; a longer one can be cut. An attempt that came to no end can be repeated
/// with the same files.
///
/// # Errors
/// As of [`write_file`]; [`MediaError::Missing`] without the folder; [`MediaError::Exists`] where `mark` is no empty file.
pub fn add_files(
    volumes: &mut dyn Volumes,
    id: VolumeId,
    folder: &str,
    mark: &str,
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<(), MediaError> {
    files.keys().map(String::as_str).chain([mark]).try_for_each(check_own)?;
    on_volume(volumes, id, Access::Write, |medium| {
        let folder = medium.folder(folder)?;
        let is_marked = folder.kind(OsStr::new(mark))?.is_some();
        if !is_marked && files.iter().all(|(name, octets)| same_file(&folder, name, octets).is_ok()) {
            return folder.sync();
        }
        mark_unfinished(&folder, mark, files)?;
        for (name, octets) in files {
            match folder.kind(OsStr::new(name))? {
                None => put_file(&folder, name, octets, &mut |_| {})?,
                Some(_) => same_file(&folder, name, octets).map(|_| ()).map_err(|error| taken(&folder, name, error))?,
            }
        }
        folder.remove(OsStr::new(mark))?;
        folder.sync()
    })?;
    on_volume(volumes, id, Access::Read, |medium| {
        let folder = medium.folder(folder)?;
        files.iter().try_for_each(|(name, octets)| same_file(&folder, name, octets).map(|_| ()))
    })
}

/// Makes the mark, or finds that of an earlier attempt, of which halves go: under the mark they do not count, and without
/// it they would be files that nobody knows.
fn mark_unfinished(folder: &Folder, mark: &str, files: &BTreeMap<String, Vec<u8>>) -> Result<(), MediaError> {
    if folder.kind(OsStr::new(mark))?.is_none() {
        let marked = folder.create(mark)?;
        folder.sync_file(mark, &marked)?;
        return folder.sync();
    }
    read_file(folder, mark, 0).map_err(|error| taken(folder, mark, error))?;
    for name in files.keys() {
        let part = format!("{name}.part");
        if folder.kind(OsStr::new(&part))?.is_some() {
            folder.remove(OsStr::new(&part))?;
        }
    }
    folder.sync()
}

/// Opens a medium, works on it and lets it go, whatever came of the work.
fn on_volume<T>(
    volumes: &mut dyn Volumes,
    id: VolumeId,
    access: Access,
    work: impl FnOnce(&Folder) -> Result<T, MediaError>,
) -> Result<T, MediaError> {
    let medium = volumes.open(id, access)?;
    let result = work(&medium);
    drop(medium);
    let released = volumes.release(id);
    let value = result?; // the first error is the one to show
    released.map(|()| value)
}

fn put_folder(medium: &Folder, image: &FolderImage, progress: &mut dyn FnMut(&Progress<'_>)) -> Result<(), MediaError> {
    let part = format!("{}.part", image.name());
    medium.expect_free(image.octets_on_medium())?;
    set_stale_aside(medium, &part)?;
    let folder = medium.make(&part)?;
    let result = fill(&folder, image, progress).and_then(|()| medium.rename(&part, image.name()));
    if result.is_err() {
        // Ours, just begun and worthless; its room is needed for the next attempt. The error to show is the first.
        let _ = medium.remove_folder(OsStr::new(&part));
    }
    result?;
    medium.sync()
}

fn fill(folder: &Folder, image: &FolderImage, progress: &mut dyn FnMut(&Progress<'_>)) -> Result<(), MediaError> {
    let mut report = Report { phase: Phase::Write, done: 0, total: image.octets(), progress };
    report.at("");
    let mut folders = BTreeMap::from([(String::new(), folder.clone())]);
    for (path, octets) in image.in_order() {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let target = make_folders(&mut folders, folder, above)?;
        put_octets(&target, name, octets, path, &mut report)?;
    }
    // The deepest names first: a folder is complete when those in it are.
    folders.values().rev().try_for_each(Folder::sync)
}

fn make_folders(folders: &mut BTreeMap<String, Folder>, top: &Folder, path: &str) -> Result<Folder, MediaError> {
    let (mut folder, mut at) = (top.clone(), String::new());
    for part in path.split('/').filter(|part| !part.is_empty()) {
        if !at.is_empty() {
            at.push('/');
        }
        at.push_str(part);
        folder = match folders.get(&at) {
            Some(known) => known.clone(),
            None => folder.make(part)?,
        };
        folders.insert(at.clone(), folder.clone());
    }
    Ok(folder)
}

fn put_file(
    medium: &Folder,
    name: &str,
    octets: &[u8],
    progress: &mut dyn FnMut(&Progress<'_>),
) -> Result<(), MediaError> {
    let part = format!("{name}.part");
    let total = octets.len() as u64;
    medium.expect_free(clusters(total))?;
    set_stale_aside(medium, &part)?;
    let mut report = Report { phase: Phase::Write, done: 0, total, progress };
    report.at("");
    let result = put_octets(medium, &part, octets, name, &mut report).and_then(|()| medium.rename(&part, name));
    if result.is_err() {
        let _ = medium.remove(OsStr::new(&part)); // as for a folder
    }
    result?;
    medium.sync()
}

fn put_octets(
    folder: &Folder,
    name: &str,
    octets: &[u8],
    path: &str,
    report: &mut Report<'_>,
) -> Result<(), MediaError> {
    let file = folder.create(name)?;
    let mut offset = 0;
    for chunk in octets.chunks(CHUNK) {
        folder.write_at(name, &file, chunk, offset)?;
        offset += chunk.len() as u64;
        report.done += chunk.len() as u64;
        if offset < octets.len() as u64 {
            report.at(path);
        }
    }
    folder.sync_file(name, &file)?;
    report.at(path);
    Ok(())
}

/// A left-over of an earlier attempt is nothing to trust and nothing to delete.
fn set_stale_aside(medium: &Folder, part: &str) -> Result<(), MediaError> {
    if medium.kind(OsStr::new(part))?.is_none() {
        return Ok(());
    }
    for number in 1..=MAX_STALE {
        match medium.rename(part, &format!("{part}-old-{number}")) {
            Err(MediaError::Exists { .. }) => {}
            result => return result,
        }
    }
    Err(MediaError::Exists { file: medium.place(OsStr::new(part)) })
}

/// The error where a name is taken and does not hold the master copy.
fn taken(medium: &Folder, name: &str, error: MediaError) -> MediaError {
    match error {
        MediaError::Gone { .. } | MediaError::Io { .. } => error,
        _ => MediaError::Exists { file: medium.place(OsStr::new(name)) },
    }
}

fn same_folder(
    medium: &Folder,
    image: &FolderImage,
    progress: &mut dyn FnMut(&Progress<'_>),
) -> Result<Written, MediaError> {
    let folder = medium.folder(image.name())?;
    for path in paths_below(&folder)? {
        if !path.to_str().is_some_and(|path| image.files().contains_key(path)) {
            let file = format!("{}/{}", folder.shown(), shown(&path));
            return Err(MediaError::Differs { file, expected: "no such file".into(), found: "one".into() });
        }
    }
    let mut report = Report { phase: Phase::ReadBack, done: 0, total: image.octets(), progress };
    let mut files = BTreeMap::new();
    for (path, octets) in image.in_order() {
        files.insert(path.to_owned(), same_file(&folder, path, octets)?);
        report.done += octets.len() as u64;
        report.at(path);
    }
    Ok(Written { files, octets: image.octets(), fresh: false })
}

fn same_file(folder: &Folder, path: &str, octets: &[u8]) -> Result<Sha256Digest, MediaError> {
    let expected = sha256(octets);
    let differs = |found: String| {
        let file = format!("{}/{path}", folder.shown());
        MediaError::Differs { file, expected: format!("SHA-256 {expected}"), found }
    };
    match read_file(folder, path, octets.len() as u64) {
        Ok(found) if found == octets => Ok(sha256(&found)),
        Ok(found) => Err(differs(format!("SHA-256 {}", sha256(&found)))),
        Err(MediaError::TooLarge { limit, .. }) => Err(differs(format!("more than its {limit} octets"))),
        Err(MediaError::Missing { .. }) => Err(differs("no file".to_owned())),
        Err(MediaError::WrongKind { found, .. }) if found != FileKind::Regular => Err(differs(format!("a {found}"))),
        Err(error) => Err(error),
    }
}

struct Report<'p> {
    phase: Phase,
    done: u64,
    total: u64,
    progress: &'p mut dyn FnMut(&Progress<'_>),
}

impl Report<'_> {
    fn at(&mut self, file: &str) {
        (self.progress)(&Progress { phase: self.phase, file, done: self.done, total: self.total });
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;
    use crate::media::{FolderVolumes, read_folder};

    const NAME: &str = "20260101T000000Z-root";

    struct Stick {
        bay: tempfile::TempDir,
        volumes: FolderVolumes,
        id: VolumeId,
    }

    impl Stick {
        fn new() -> Self {
            let bay = tempfile::tempdir().unwrap();
            std::fs::create_dir(bay.path().join("REC")).unwrap();
            let mut volumes = FolderVolumes::rehearsed(bay.path().to_owned());
            let id = volumes.list().unwrap()[0].id;
            Self { bay, volumes, id }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.bay.path().join("REC").join(name)
        }

        fn write(&mut self, image: &FolderImage) -> Result<Written, MediaError> {
            self.write_with(image, |_| {})
        }

        fn write_with(
            &mut self,
            image: &FolderImage,
            mut hook: impl FnMut(&Progress<'_>),
        ) -> Result<Written, MediaError> {
            write_folder(&mut self.volumes, self.id, image, &mut hook)
        }

        fn names(&self) -> Vec<String> {
            let entries = std::fs::read_dir(self.path("")).unwrap();
            let mut names: Vec<String> =
                entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    fn record() -> FolderImage {
        let files = [
            ("SHA256SUMS", b"sums".to_vec()),
            ("transcript.jsonl", vec![b'x'; 200_000]),
            ("jobs/01-root/skr.xml", b"<SKR/>".to_vec()),
            ("empty", Vec::new()),
        ];
        let files = files.into_iter().map(|(path, octets)| (path.to_owned(), octets)).collect();
        FolderImage::new(NAME.into(), files, vec!["SHA256SUMS".into()]).unwrap()
    }

    #[test]
    fn writes_a_record_and_reads_it_back() {
        let mut stick = Stick::new();
        let mut seen: Vec<(Phase, String, u64)> = Vec::new();
        let written = stick.write_with(&record(), |at| seen.push((at.phase, at.file.to_owned(), at.done))).unwrap();
        assert!(written.fresh && written.octets == 200_010 && written.files.len() == 4);
        assert_eq!(written.files["SHA256SUMS"], sha256(b"sums"));
        assert_eq!(stick.names(), [NAME]);
        assert_eq!(std::fs::read(stick.path(NAME).join("jobs/01-root/skr.xml")).unwrap(), b"<SKR/>");
        assert!(seen.contains(&(Phase::Write, "transcript.jsonl".into(), 6 + 65_536)), "{seen:?}");
        let last_written = seen.iter().rfind(|at| at.0 == Phase::Write);
        assert_eq!(last_written, Some(&(Phase::Write, "SHA256SUMS".into(), 200_010)));
        assert_eq!(seen.last(), Some(&(Phase::ReadBack, "SHA256SUMS".into(), 200_010)));
    }

    #[test]
    fn accepts_its_own_folder_and_touches_no_other() {
        let mut stick = Stick::new();
        stick.write(&record()).unwrap();
        assert!(!stick.write(&record()).unwrap().fresh);
        std::fs::write(stick.path(NAME).join("note"), "").unwrap();
        assert_eq!(stick.write(&record()), Err(MediaError::Exists { file: format!("REC/{NAME}") }));
        std::fs::remove_file(stick.path(NAME).join("note")).unwrap();
        std::fs::write(stick.path(NAME).join("SHA256SUMS"), "sumx").unwrap();
        assert_eq!(stick.write(&record()), Err(MediaError::Exists { file: format!("REC/{NAME}") }));
        assert_eq!(stick.names(), [NAME]);
    }

    #[test]
    fn says_that_a_stick_is_full_before_the_first_octet() {
        let mut stick = Stick::new();
        let needed = record().octets_on_medium();
        std::fs::write(stick.path(".capacity"), (needed - 1).to_string()).unwrap();
        let full = MediaError::Full { volume: "REC".into(), needed, free: needed - 1 };
        assert_eq!(stick.write_with(&record(), |_| panic!("began")), Err(full));
        assert_eq!(stick.names(), [".capacity"]);
        std::fs::write(stick.path(".capacity"), needed.to_string()).unwrap();
        assert!(stick.write(&record()).unwrap().fresh);
    }

    #[test]
    fn leaves_room_for_the_next_attempt_when_a_stick_fills_up_on_the_way() {
        let mut stick = Stick::new();
        let capacity = stick.path(".capacity");
        let result = stick.write_with(&record(), |at| {
            if at.file == "transcript.jsonl" {
                std::fs::write(&capacity, "100000").unwrap();
            }
        });
        assert!(matches!(result, Err(MediaError::Full { needed, free, .. }) if needed > free), "{result:?}");
        assert_eq!(stick.names(), [".capacity"]);
    }

    #[test]
    fn refuses_a_write_protected_stick() {
        let mut stick = Stick::new();
        std::fs::write(stick.path(".read-only"), "").unwrap();
        assert_eq!(stick.write(&record()), Err(MediaError::ReadOnly { volume: "REC".into() }));
    }

    #[test]
    fn says_that_a_stick_was_pulled_at_every_point() {
        let mut points = Vec::new();
        Stick::new().write_with(&record(), |at| points.push((at.phase, at.file.to_owned(), at.done))).unwrap();
        for point in &points {
            let mut stick = Stick::new();
            let path = stick.path("");
            let result = stick.write_with(&record(), |at| {
                if (at.phase, at.file, at.done) == (point.0, point.1.as_str(), point.2) {
                    std::fs::remove_dir_all(&path).unwrap();
                }
            });
            // After the last octet was read back nothing is left to be noticed.
            if point == points.last().unwrap() {
                assert!(result.is_ok());
            } else {
                assert_eq!(result, Err(MediaError::Gone { volume: "REC".into() }), "{point:?}");
            }
        }
    }

    #[test]
    fn can_be_repeated_on_a_stick_that_was_pulled_and_comes_back() {
        let mut stick = Stick::new();
        let (path, away) = (stick.path(""), stick.bay.path().join(".away"));
        let result = stick.write_with(&record(), |at| {
            if at.phase == Phase::ReadBack && at.file.is_empty() {
                std::fs::rename(&path, &away).unwrap();
            }
        });
        assert_eq!(result, Err(MediaError::Gone { volume: "REC".into() }));
        std::fs::rename(&away, &path).unwrap();
        stick.id = stick.volumes.list().unwrap()[0].id;
        assert!(!stick.write(&record()).unwrap().fresh);
    }

    #[test]
    fn keeps_what_an_interrupted_attempt_left() {
        let mut stick = Stick::new();
        for old in [".part", ".part-old-1"] {
            std::fs::create_dir(stick.path(&format!("{NAME}{old}"))).unwrap();
            std::fs::write(stick.path(&format!("{NAME}{old}")).join("x"), old).unwrap();
        }
        assert!(stick.write(&record()).unwrap().fresh);
        let kept = [NAME.to_owned(), format!("{NAME}.part-old-1"), format!("{NAME}.part-old-2")];
        assert_eq!(stick.names(), kept);
        assert_eq!(std::fs::read(stick.path(&kept[2]).join("x")).unwrap(), b".part");
    }

    #[test]
    fn notices_what_changed_between_writing_and_reading_back() {
        type Change = fn(&std::path::Path);
        let changes: [(Change, &str, &str); 6] = [
            (|folder| std::fs::write(folder.join("SHA256SUMS"), "sumx").unwrap(), "SHA256SUMS", "SHA-256 "),
            (|folder| std::fs::write(folder.join("SHA256SUMS"), "sum").unwrap(), "SHA256SUMS", "SHA-256 "),
            (|folder| std::fs::write(folder.join("empty"), "1").unwrap(), "empty", "more than its 0 octets"),
            (|folder| std::fs::remove_file(folder.join("empty")).unwrap(), "empty", "no file"),
            (|folder| std::fs::write(folder.join("jobs/.x"), "").unwrap(), "jobs/.x", "one"),
            (
                |folder| {
                    std::fs::rename(folder.join("SHA256SUMS"), folder.join("../sums")).unwrap();
                    std::os::unix::fs::symlink("../sums", folder.join("SHA256SUMS")).unwrap();
                },
                "SHA256SUMS",
                "a symbolic link",
            ),
        ];
        for (change, name, expected) in changes {
            let mut stick = Stick::new();
            let folder = stick.path(NAME);
            let result = stick.write_with(&record(), |at| {
                if at.phase == Phase::ReadBack && at.file.is_empty() {
                    change(&folder);
                }
            });
            let Err(MediaError::Differs { file, found, .. }) = result else { panic!("{name}: {result:?}") };
            assert_eq!(file, format!("REC/{NAME}/{name}"));
            assert!(found.starts_with(expected), "{found}");
        }
    }

    #[test]
    fn writes_a_single_file_with_the_same_care() {
        let mut stick = Stick::new();
        let mut write = |name: &str, octets: &[u8]| write_file(&mut stick.volumes, stick.id, name, octets, &mut |_| {});
        let written = write("skr-root.xml", b"<SKR/>").unwrap();
        assert_eq!((written.fresh, written.octets), (true, 6));
        assert_eq!(written.files["skr-root.xml"], sha256(b"<SKR/>"));
        assert!(!write("skr-root.xml", b"<SKR/>").unwrap().fresh);
        for other in [b"<SKR>>".as_slice(), b"<SKR/>\n", b""] {
            assert_eq!(write("skr-root.xml", other), Err(MediaError::Exists { file: "REC/skr-root.xml".into() }));
        }
        for bad in ["../x", "a/b", ".x", "x\0", ""] {
            assert!(matches!(write(bad, b""), Err(MediaError::Name { .. })), "{bad:?}");
        }
        assert_eq!(stick.names(), ["skr-root.xml"]);
        std::fs::write(stick.path("skr-b.xml.part"), "half").unwrap();
        std::os::unix::fs::symlink("/nowhere", stick.path("skr-c.xml")).unwrap();
        let mut write = |name: &str, octets: &[u8]| write_file(&mut stick.volumes, stick.id, name, octets, &mut |_| {});
        assert!(write("skr-b.xml", b"whole").unwrap().fresh);
        assert_eq!(write("skr-c.xml", b"x"), Err(MediaError::Exists { file: "REC/skr-c.xml".into() }));
        assert_eq!(std::fs::read(stick.path("skr-b.xml.part-old-1")).unwrap(), b"half");
    }

    /// What happens to the names in a folder while something is done, as the kernel tells it.
    fn watched(folder: &std::path::Path, work: impl FnOnce()) -> Vec<(&'static str, String)> {
        use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};

        let watch = inotify::init(CreateFlags::NONBLOCK).unwrap();
        let told = [
            (WatchFlags::CREATE, ReadFlags::CREATE, "made"),
            (WatchFlags::MODIFY, ReadFlags::MODIFY, "written"),
            (WatchFlags::MOVED_TO, ReadFlags::MOVED_TO, "renamed to"),
            (WatchFlags::DELETE, ReadFlags::DELETE, "removed"),
        ];
        let flags = told.iter().fold(WatchFlags::empty(), |flags, (flag, ..)| flags | *flag);
        inotify::add_watch(&watch, folder, flags).unwrap();
        work();
        let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&watch, &mut buffer);
        let mut seen = Vec::new();
        while let Ok(event) = reader.next() {
            let what = told.iter().find(|(_, flag, _)| event.events().contains(*flag)).unwrap().2;
            seen.push((what, event.file_name().unwrap().to_str().unwrap().to_owned()));
        }
        seen
    }

    #[test]
    fn the_mark_of_what_is_unfinished_comes_before_and_goes_after_everything_that_is_added() {
        let mut stick = Stick::new();
        stick.write(&record()).unwrap();
        let folder = stick.path(NAME);
        let files = BTreeMap::from([("log".to_owned(), b"lines\n".to_vec()), ("log.sig".to_owned(), b"x".to_vec())]);
        let seen = watched(&folder, || add_files(&mut stick.volumes, stick.id, NAME, "ADD.TMP", &files).unwrap());
        let expected = [
            ("made", "ADD.TMP"),
            ("made", "log.part"),
            ("written", "log.part"),
            ("renamed to", "log"),
            ("made", "log.sig.part"),
            ("written", "log.sig.part"),
            ("renamed to", "log.sig"),
            ("removed", "ADD.TMP"),
        ];
        assert_eq!(seen, expected.map(|(what, name)| (what, name.to_owned())));
        assert_eq!(std::fs::read(folder.join("log")).unwrap(), b"lines\n");
    }

    #[test]
    fn what_could_not_be_added_stays_marked_as_unfinished() {
        let mut stick = Stick::new();
        stick.write(&record()).unwrap();
        let files = BTreeMap::from([("a".to_owned(), b"x".to_vec()), ("b".to_owned(), vec![0; 9000])]);
        let used = record().octets_on_medium() + 3 * 4096;
        std::fs::write(stick.path(".capacity"), used.to_string()).unwrap();
        let result = add_files(&mut stick.volumes, stick.id, NAME, "ADD.TMP", &files);
        assert!(matches!(result, Err(MediaError::Full { .. })), "{result:?}");
        let folder = stick.path(NAME);
        assert!(folder.join("ADD.TMP").exists() && folder.join("a").exists() && !folder.join("b").exists());
        std::fs::remove_file(stick.path(".capacity")).unwrap();
        std::fs::write(folder.join("ADD.TMP"), "something").unwrap();
        let mut again = || add_files(&mut stick.volumes, stick.id, NAME, "ADD.TMP", &files);
        assert_eq!(again(), Err(MediaError::Exists { file: format!("REC/{NAME}/ADD.TMP") }), "no mark of ours");
        std::fs::write(folder.join("ADD.TMP"), "").unwrap();
        std::fs::write(folder.join("b.part"), "half").unwrap();
        std::fs::write(folder.join("a"), "y").unwrap();
        assert_eq!(again(), Err(MediaError::Exists { file: format!("REC/{NAME}/a") }), "another file is never touched");
        assert!(folder.join("ADD.TMP").exists());
        std::fs::write(folder.join("a"), "x").unwrap();
        for _ in 0..2 {
            assert_eq!(again(), Ok(()), "the attempt is repeated");
            assert_eq!(std::fs::read(folder.join("b")).unwrap(), vec![0; 9000]);
            let halves = ["ADD.TMP", "b.part", "b.part-old-1"].map(|name| folder.join(name).exists());
            assert_eq!(halves, [false; 3], "nobody would know them without the mark");
        }
    }

    #[test]
    fn frees_the_room_of_a_single_file_that_did_not_fit() {
        let mut stick = Stick::new();
        let capacity = stick.path(".capacity");
        std::fs::write(&capacity, "8192").unwrap();
        let result = write_file(&mut stick.volumes, stick.id, "skr", &[0; 9000], &mut |_| {});
        assert_eq!(result, Err(MediaError::Full { volume: "REC".into(), needed: 12288, free: 8192 }));
        std::fs::write(&capacity, "131072").unwrap();
        let result = write_file(&mut stick.volumes, stick.id, "skr", &[0; 100_000], &mut |at| {
            if at.done == 65_536 {
                std::fs::write(&capacity, "8192").unwrap();
            }
        });
        assert!(matches!(result, Err(MediaError::Full { .. })), "{result:?}");
        assert_eq!(stick.names(), [".capacity"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn reads_back_what_it_wrote(files in prop::collection::btree_map(
            "[a-d]{1,2}(/[e-h_-][0-9]{0,20}){0,3}",
            prop::collection::vec(any::<u8>(), 0..9000),
            0..8,
        )) {
            let last: Vec<String> = files.keys().take(1).cloned().collect();
            let image = FolderImage::new(NAME.into(), files.clone(), last);
            prop_assume!(image.is_ok()); // a name that is file and folder
            let mut stick = Stick::new();
            let written = stick.write(&image.unwrap()).unwrap();
            let expected = files.iter().map(|(path, octets)| (path.clone(), sha256(octets))).collect();
            prop_assert_eq!(written.files, expected);
            let folder = stick.volumes.open(stick.id, Access::Read).unwrap().folder(NAME).unwrap();
            prop_assert_eq!(read_folder(&folder, 1 << 20).unwrap(), files);
        }
    }
}
