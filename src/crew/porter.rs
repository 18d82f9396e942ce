//! The porter: everything that goes to and from media.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use crate::ceremony::{FileChoice, FileRead, JournalPart, ProfileFile, RecordChoice, Work};
use crate::media::{self, Access, FolderImage, Journal, MediaError, Volumes};
use crate::profile;
use crate::quorum;
use crate::steps::{Mode, Role, VolumeFacts, VolumeId};
use crate::transcript::{MAX_RECORD, names};

use super::Report;

/// What a folder's name ends with that is only a journal.
const JOURNAL: &str = ".journal";

/// The media, and the journals that are open on them.
pub(super) struct Porter {
    volumes: Box<dyn Volumes>,
    /// Whether the ceremony is kept, so that people can go on with another medium.
    kept: bool,
    report: Report,
    seen: Vec<VolumeFacts>,
    /// Labels of all that was ever seen: a message may be about one that was pulled out.
    labels: BTreeMap<VolumeId, String>,
    names: BTreeMap<VolumeId, Vec<(OsString, String)>>,
    journals: BTreeMap<VolumeId, Open>,
}

/// A journal that is open, and what is in it.
struct Open {
    journal: Journal,
    written: usize,
    files: BTreeMap<String, Vec<u8>>,
}

impl Porter {
    pub(super) fn new(volumes: Box<dyn Volumes>, kept: bool, report: Report) -> Self {
        let (seen, labels) = (Vec::new(), BTreeMap::new());
        Self { volumes, kept, report, seen, labels, names: BTreeMap::new(), journals: BTreeMap::new() }
    }

    /// Looks which volumes are there, and tells if that has changed, or in any case: somebody waits for it. Where one
    /// cannot even look, what was seen last stands.
    pub(super) fn look(&mut self, tell: bool) {
        let volumes = self.volumes.list().unwrap_or_else(|_| self.seen.clone());
        let still = |a: &VolumeFacts, b: &VolumeFacts| a.id == b.id && a.writable == b.writable;
        let same = volumes.len() == self.seen.len() && volumes.iter().zip(&self.seen).all(|(a, b)| still(a, b));
        if tell || !same {
            self.labels.extend(volumes.iter().map(|volume| (volume.id, volume.label.clone())));
            self.seen.clone_from(&volumes);
            (self.report)(Work::Volumes(volumes));
        }
    }

    /// Reads the profiles on a medium, by their ending.
    pub(super) fn read_profiles(&mut self, id: VolumeId) {
        let origin = self.seen.iter().find(|volume| volume.id == id);
        let origin = origin.map(|volume| format!("{} ({})", volume.label, volume.uuid)).unwrap_or_default();
        let found = self.on(id, Access::Read, |medium| profiles_on(medium, &origin));
        let found = found.map_err(|error| told(&error)).and_then(|found| found);
        (self.report)(Work::Profiles { volume: id, found });
    }

    pub(super) fn list_records(&mut self, ids: &[VolumeId]) {
        let (mut found, mut faults) = (Vec::new(), Vec::new());
        for id in ids {
            let label = self.label(*id);
            let folders = match self.on(*id, Access::Read, media::list_folders) {
                Ok(folders) => folders,
                Err(error) => {
                    faults.push(format!("the records on {label}: {}", told(&error)));
                    continue;
                }
            };
            let mut names: Vec<String> = folders
                .into_iter()
                .filter_map(|folder| folder.name.into_string().ok())
                .filter(|name| is_record(name))
                .collect();
            names.sort_unstable();
            found.extend(names.into_iter().rev().map(|folder| RecordChoice {
                volume: *id,
                label: label.clone(),
                interrupted: folder.ends_with(JOURNAL),
                folder,
            }));
        }
        let unread = !faults.is_empty();
        (self.report)(Work::Records { found, faults });
        if unread {
            self.look(false); // as for files
        }
    }

    pub(super) fn read_record(&mut self, choice: &RecordChoice) {
        let files = self.on(choice.volume, Access::Read, |medium| {
            media::read_record(&medium.folder(&choice.folder)?, names::COSIGNATURES, MAX_RECORD)
        });
        (self.report)(Work::Record(files.map_err(|error| told(&error))));
    }

    pub(super) fn list_files(&mut self, id: VolumeId) {
        let place = self.label(id);
        let files = self.on(id, Access::Read, media::list_files);
        let files = files.map(|files| {
            let names = files.iter().map(|file| (file.name.clone(), media::kept(&file.name))).collect();
            self.names.insert(id, names);
            files
                .into_iter()
                .map(|file| FileChoice { place: place.clone(), name: media::kept(&file.name), size: file.size })
                .collect()
        });
        let gone = files.is_err();
        (self.report)(Work::Files(files.map_err(|error| told(&error))));
        if gone {
            // Seen to be gone, so that its return is seen as well.
            self.look(false);
        }
    }

    pub(super) fn read_file(&mut self, id: VolumeId, index: usize, limit: usize) {
        let listed = self.names.get(&id).and_then(|names| names.get(index)).cloned();
        let Some((name, kept)) = listed else {
            return (self.report)(Work::File(Err("this file was not listed; look again".to_owned())));
        };
        let octets = self.on(id, Access::Read, |medium| media::read_file(medium, &name, limit as u64));
        let file = octets.map(|octets| FileRead { name: kept, octets });
        (self.report)(Work::File(file.map_err(|error| told(&error))));
    }

    pub(super) fn read_share(&mut self, id: VolumeId, officer: &Role) {
        let name = format!("share-{officer}.json");
        let limit = quorum::MAX_FILE_OCTETS as u64;
        let octets = self.on(id, Access::Read, |medium| media::read_file(medium, &name, limit));
        (self.report)(Work::ShareFile(octets.map_err(|error| told(&error))));
    }

    /// Brings the journal on each medium up to the master copy; a medium that was away gets all that it missed. Whether
    /// it stands on one of them.
    pub(super) fn journal(&mut self, part: &JournalPart) -> bool {
        let mut faults = Vec::new();
        for id in &part.volumes {
            if let Err(error) = self.journal_on(*id, part) {
                self.journals.remove(id);
                let memory = if self.kept { "; it is kept in memory" } else { "" };
                faults.push(format!("the journal on {}: {}{memory}", self.label(*id), self.unwritten(&error)));
            }
        }
        let kept = faults.len() < part.volumes.len();
        (self.report)(Work::Journalled(faults));
        kept
    }

    fn journal_on(&mut self, id: VolumeId, part: &JournalPart) -> Result<(), MediaError> {
        if !self.journals.contains_key(&id) {
            let medium = self.volumes.open(id, Access::Write)?;
            let (journal, written) = match Journal::create(medium.clone(), &part.folder) {
                Err(MediaError::Exists { .. }) => {
                    (Journal::resume(medium, &part.folder, &part.lines)?, part.lines.len())
                }
                created => (created?, 0),
            };
            self.journals.insert(id, Open { journal, written, files: BTreeMap::new() });
        }
        let Some(open) = self.journals.get_mut(&id) else { return Ok(()) };
        let rest = part.lines.get(open.written..).unwrap_or_default();
        if !rest.is_empty() {
            open.journal.append(rest)?;
            open.written = part.lines.len();
        }
        for (name, octets) in &part.files {
            if open.files.get(name) != Some(octets) {
                open.journal.put(name, octets)?;
                open.files.insert(name.clone(), octets.clone());
            }
        }
        Ok(())
    }

    pub(super) fn write_record(&mut self, id: VolumeId, image: &FolderImage) {
        self.journals.remove(&id); // it holds the medium open
        let written = media::write_folder(self.volumes.as_mut(), id, image, &mut |_| {});
        let result = written.map(|_| ()).map_err(|error| self.unwritten(&error));
        if result.is_err() {
            self.look(true); // what is free where, now that another medium may be taken
        }
        (self.report)(Work::RecordWritten { volume: id, result });
    }

    pub(super) fn write_response(&mut self, id: VolumeId, name: &str, octets: &[u8]) {
        let written = media::write_file(self.volumes.as_mut(), id, name, octets, &mut |_| {});
        let result = written.map(|_| ()).map_err(|error| self.unwritten(&error));
        if result.is_err() {
            self.look(true); // as for a record
        }
        (self.report)(Work::ResponseWritten { volume: id, result });
    }

    /// Adds the delivery log to a record, and removes the journal that the record has replaced.
    pub(super) fn deliver(&mut self, id: VolumeId, folder: &str, journal: &str, files: &BTreeMap<String, Vec<u8>>) {
        self.journals.remove(&id); // as for a record
        let added = media::add_files(self.volumes.as_mut(), id, folder, names::DELIVERING, files);
        let removed = added.and_then(|()| self.on(id, Access::Write, |medium| media::remove_journal(medium, journal)));
        let result = removed.map_err(|error| self.unwritten(&error));
        if result.is_err() {
            self.look(true); // as for a record
        }
        (self.report)(Work::Delivered { volume: id, result });
    }

    /// What could not be written, and what people can do about it, where there are any.
    fn unwritten(&self, error: &MediaError) -> String {
        if self.kept { told(error) } else { error.to_string() }
    }

    fn label(&self, id: VolumeId) -> String {
        self.labels.get(&id).cloned().unwrap_or_else(|| "a medium that was not seen".to_owned())
    }

    fn on<T>(
        &mut self,
        id: VolumeId,
        access: Access,
        work: impl FnOnce(&media::Folder) -> Result<T, MediaError>,
    ) -> Result<T, MediaError> {
        let medium = self.volumes.open(id, access)?;
        let result = work(&medium);
        drop(medium);
        if !self.journals.contains_key(&id) {
            self.volumes.release(id)?;
        }
        result
    }
}

/// The profiles of a medium that anybody may have plugged in: few and small, or it is the medium's fault.
fn profiles_on(medium: &media::Folder, origin: &str) -> Result<Result<Vec<ProfileFile>, String>, MediaError> {
    let files = media::list_files(medium)?.into_iter().filter(|file| is_profile(Path::new(&file.name)));
    let files: Vec<_> = files.collect();
    let most = profile::MAX_ON_MEDIUM;
    if files.len() > most {
        return Ok(Err(format!("expected at most {most} files NAME.toml; found {}", files.len())));
    }
    let mut rest = profile::MAX_OCTETS_ON_MEDIUM;
    let mut found = Vec::with_capacity(files.len());
    for file in files {
        let octets = media::read_file(medium, &file.name, profile::MAX_OCTETS as u64)?;
        let Some(left) = rest.checked_sub(octets.len()) else {
            let most = profile::MAX_OCTETS_ON_MEDIUM >> 20;
            return Ok(Err(format!("expected profiles of at most {most} MiB together; found more")));
        };
        rest = left;
        found.push(ProfileFile { origin: format!("{origin}: {}", file.shown), octets });
    }
    Ok(Ok(found))
}

/// Whether a file is a profile, by its name.
#[must_use]
pub fn is_profile(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"))
}

/// What happened, and what to do.
fn told(error: &MediaError) -> String {
    format!("{error}: {}", error.advice())
}

/// Whether a folder is named like a record or a journal: `[MARK-]YYYYMMDDThhmmssZ-…`.
fn is_record(name: &str) -> bool {
    let plain = name.strip_prefix(Mode::MARK).unwrap_or(name);
    let Some((time, rest)) = plain.split_once('-') else { return false };
    let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|sign| sign.is_ascii_digit());
    let dated = time.strip_suffix('Z').and_then(|time| time.split_once('T'));
    let dated = dated.is_some_and(|(date, clock)| digits(date, 8) && digits(clock, 6));
    dated && !rest.is_empty() && !rest.contains(".part") && !name.contains(names::SUMS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read from a medium with these files.
    fn profiles(files: &[(&str, usize)]) -> Result<Vec<ProfileFile>, String> {
        let bay = tempfile::tempdir().unwrap();
        let stick = bay.path().join("CLAVIGER");
        std::fs::create_dir(&stick).unwrap();
        for (name, octets) in files {
            std::fs::write(stick.join(name), name.repeat(*octets)).unwrap();
        }
        let (sender, works) = std::sync::mpsc::channel();
        let volumes = media::FolderVolumes::new(Vec::new(), Some(bay.path().to_owned()));
        let mut porter =
            Porter::new(Box::new(volumes), true, std::sync::Arc::new(move |work| sender.send(work).unwrap()));
        porter.look(true);
        let Ok(Work::Volumes(volumes)) = works.recv() else { panic!("no volumes") };
        porter.read_profiles(volumes[0].id);
        let Ok(Work::Profiles { found, .. }) = works.recv() else { panic!("no answer") };
        found
    }

    #[test]
    fn reads_the_profiles_of_a_medium_and_nothing_else() {
        let found = profiles(&[("b.toml", 1), ("a.TOML", 1), ("notes.txt", 1)]).unwrap();
        let octets: Vec<_> = found.iter().map(|file| file.octets.as_slice()).collect();
        assert_eq!(octets, [b"a.TOML".as_slice(), b"b.toml"]);
        assert!(found[0].origin.starts_with("CLAVIGER (") && found[0].origin.ends_with("): a.TOML"));
    }

    /// Media of which nothing but this can be had.
    struct Broken(Vec<Result<Vec<VolumeFacts>, MediaError>>);

    fn fault(action: &'static str) -> MediaError {
        MediaError::Io { action, file: "REC".to_owned(), reason: "input/output error".to_owned() }
    }

    impl Volumes for Broken {
        fn list(&mut self) -> Result<Vec<VolumeFacts>, MediaError> {
            self.0.pop().unwrap_or_else(|| Err(fault("list")))
        }

        fn open(&mut self, _: VolumeId, _: Access) -> Result<media::Folder, MediaError> {
            Err(fault("open"))
        }

        fn release(&mut self, _: VolumeId) -> Result<(), MediaError> {
            Ok(())
        }
    }

    fn broken(lists: Vec<Result<Vec<VolumeFacts>, MediaError>>) -> (Porter, std::sync::mpsc::Receiver<Work>) {
        let (sender, works) = std::sync::mpsc::channel();
        let report = std::sync::Arc::new(move |work| sender.send(work).unwrap());
        (Porter::new(Box::new(Broken(lists)), true, report), works)
    }

    fn stick() -> VolumeFacts {
        let (label, serial, uuid) = ("REC".to_owned(), "S".to_owned(), "U".to_owned());
        VolumeFacts { id: VolumeId(1), label, serial, uuid, size: 1, free: 1, writable: true }
    }

    #[test]
    fn who_waits_for_what_is_plugged_in_is_told_even_where_one_cannot_look() {
        let (mut porter, works) = broken(vec![Ok(vec![stick()])]);
        porter.look(true);
        porter.look(false);
        porter.look(true);
        let told: Vec<Work> = works.try_iter().collect();
        assert_eq!(told.len(), 2, "{told:?}");
        for work in told {
            assert!(matches!(work, Work::Volumes(volumes) if volumes == [stick()]));
        }
    }

    #[test]
    fn a_medium_that_cannot_be_read_is_not_one_without_records() {
        let (mut porter, works) = broken(vec![Ok(vec![stick()])]);
        porter.look(false);
        porter.list_records(&[VolumeId(1)]);
        let told = works.try_iter().find_map(|work| match work {
            Work::Records { found, faults } => Some((found, faults)),
            _ => None,
        });
        let (found, faults) = told.unwrap();
        assert!(found.is_empty() && faults.len() == 1);
        assert!(
            faults[0].starts_with("the records on REC: ") && faults[0].contains("input/output error"),
            "{faults:?}"
        );
    }

    #[test]
    fn a_medium_that_was_pulled_out_is_still_called_by_its_label() {
        let (mut porter, works) = broken(vec![Ok(Vec::new()), Ok(vec![stick()])]);
        porter.look(true);
        porter.look(true);
        let part = |id| {
            let (folder, lines) = ("20260101T000000Z-ceremony".to_owned(), b"a\n".to_vec());
            JournalPart { volumes: vec![VolumeId(id)], folder, files: BTreeMap::new(), lines }
        };
        for (id, label) in [(1, "REC"), (2, "a medium that was not seen")] {
            assert!(!porter.journal(&part(id)));
            let told = works.try_iter().find_map(|work| match work {
                Work::Journalled(faults) => faults.first().cloned(),
                _ => None,
            });
            let told = told.unwrap_or_default();
            assert!(told.starts_with(&format!("the journal on {label}: ")), "{told}");
        }
    }

    /// Work on the token waits for this answer.
    #[test]
    fn a_journal_is_kept_where_one_medium_takes_it() {
        let bay = tempfile::tempdir().unwrap();
        for label in ["REC-A", "REC-B"] {
            std::fs::create_dir(bay.path().join(label)).unwrap();
        }
        let volumes = media::FolderVolumes::new(Vec::new(), Some(bay.path().to_owned()));
        let mut porter = Porter::new(Box::new(volumes), true, std::sync::Arc::new(|_| ()));
        porter.look(true);
        let volumes: Vec<_> = porter.seen.iter().map(|volume| volume.id).collect();
        let mut keeps = |lines: &[u8]| {
            let (folder, lines) = ("20260101T000000Z-ceremony".to_owned(), lines.to_vec());
            porter.journal(&JournalPart { volumes: volumes.clone(), folder, files: BTreeMap::new(), lines })
        };
        assert!(keeps(b"a\n"));
        let pulled = tempfile::tempdir().unwrap();
        let file = "20260101T000000Z-ceremony.journal/transcript.jsonl";
        let pull = |label| {
            std::fs::rename(bay.path().join(label), pulled.path().join(label)).unwrap();
            // What is open would be written all the same.
            std::fs::remove_file(pulled.path().join(label).join(file)).unwrap();
        };
        pull("REC-A");
        assert!(keeps(b"a\nb\n"));
        pull("REC-B");
        assert!(!keeps(b"a\nb\nc\n"));
        assert!(!keeps(b"a\nb\nc\n"));
        std::fs::rename(pulled.path().join("REC-A"), bay.path().join("REC-A")).unwrap();
        assert!(keeps(b"a\nb\nc\nd\n"));
        let journal = std::fs::read(bay.path().join("REC-A").join(file)).unwrap();
        assert_eq!(journal, b"a\nb\nc\nd\n", "it gets all that it missed");
    }

    #[test]
    fn a_medium_with_too_many_or_too_large_profiles_is_at_fault_and_fills_no_memory() {
        let names: Vec<String> = (0..33).map(|number| format!("{number:02}.toml")).collect();
        let mut files: Vec<(&str, usize)> = names.iter().map(|name| (name.as_str(), 1)).collect();
        assert!(profiles(&files[..32]).is_ok_and(|found| found.len() == 32));
        assert_eq!(profiles(&files).unwrap_err(), "expected at most 32 files NAME.toml; found 33");
        for file in &mut files {
            file.1 = 140_000; // seven octets each time: below one MiB, and the fifth is one too many
        }
        assert_eq!(profiles(&files[..4]).unwrap().len(), 4);
        let fault = profiles(&files[..5]).unwrap_err();
        assert_eq!(fault, "expected profiles of at most 4 MiB together; found more");
    }

    #[test]
    fn knows_records_and_journals_by_name() {
        assert!(is_record("20260101T000000Z-root"));
        assert!(is_record("REHEARSAL-20260101T000000Z-example"));
        assert!(is_record("REHEARSAL-20260101T000000Z-ceremony.journal"));
        for name in ["20260101T000000Z-root.part", "20260101T000000Z-root.part-old-1", "photos", "2026-root", "x-y"] {
            assert!(!is_record(name), "{name}");
        }
    }
}
