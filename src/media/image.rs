//! What is to be written: a whole folder in RAM.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;

use super::error::{MediaError, NameFault};
use super::folder::{CLUSTER, clusters};
use super::name::{check_own, check_own_path, refused};
use super::read::MAX_ENTRIES;

/// A folder with all its files in RAM: the master copy of what goes onto each medium.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FolderImage {
    name: String,
    files: BTreeMap<String, Vec<u8>>,
    last: Vec<String>,
}

impl FolderImage {
    /// A folder `name` of `files` by relative path, of which `last` are written last in this order (`SHA256SUMS`).
    ///
    /// # Errors
    /// [`MediaError::Name`] for a name with signs outside `[A-Za-z0-9._-]`, for two names that FAT does not tell apart,
    /// and for one in `last` that is not in `files` or twice; [`MediaError::TooMany`] for more files and folders than are read
    /// ([`MAX_ENTRIES`]).
    pub fn new(name: String, files: BTreeMap<String, Vec<u8>>, last: Vec<String>) -> Result<Self, MediaError> {
        check_own(&name)?;
        files.keys().try_for_each(|path| check_own_path(path))?;
        let mut seen = BTreeSet::new();
        let unlisted = |path: &&String| !files.contains_key(*path) || !seen.insert((*path).clone());
        if let Some(path) = last.iter().find(unlisted) {
            return Err(refused(OsStr::new(path), NameFault::Unlisted));
        }
        let image = Self { name, files, last };
        if image.entries() > MAX_ENTRIES {
            return Err(MediaError::TooMany { folder: image.name, limit: MAX_ENTRIES });
        }
        image.refuse_collisions()?;
        Ok(image)
    }

    /// The folder's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The files by relative path.
    #[must_use]
    pub const fn files(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.files
    }

    /// The files in the order in which they are written.
    pub fn in_order(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let first = self.files.iter().filter(|(path, _)| !self.last.contains(path));
        let last = self.last.iter().filter_map(|path| self.files.get_key_value(path));
        first.chain(last).map(|(path, octets)| (path.as_str(), octets.as_slice()))
    }

    /// Files and folders in it, as a reader counts them.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.folders().into_values().map(|names| names.len()).sum()
    }

    /// Octets of all files.
    #[must_use]
    pub fn octets(&self) -> u64 {
        self.files.values().map(|octets| octets.len() as u64).sum()
    }

    /// Octets needed on a medium: files and folders in whole clusters of 4096.
    #[must_use]
    pub fn octets_on_medium(&self) -> u64 {
        let files: u64 = self.files.values().map(|octets| clusters(octets.len() as u64)).sum();
        let folders = self.folders().into_values().map(folder_octets).sum::<u64>();
        files.saturating_add(folders)
    }

    // Each folder's path (the uppermost: empty) with the names in it.
    fn folders(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut folders: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::from([("", BTreeSet::new())]);
        for path in self.files.keys() {
            let mut rest = path.as_str();
            while !rest.is_empty() {
                let (above, name) = rest.rsplit_once('/').unwrap_or(("", rest));
                folders.entry(above).or_default().insert(name);
                rest = above;
            }
        }
        folders
    }

    fn refuse_collisions(&self) -> Result<(), MediaError> {
        let folders = self.folders();
        if let Some(path) = self.files.keys().find(|path| folders.contains_key(path.as_str())) {
            return Err(refused(OsStr::new(path), NameFault::Collides));
        }
        for names in folders.values() {
            let mut seen = BTreeSet::new();
            if let Some(name) = names.iter().find(|name| !seen.insert(name.to_ascii_lowercase())) {
                return Err(refused(OsStr::new(name), NameFault::Collides));
            }
        }
        Ok(())
    }
}

// FAT takes 32 octets for a short name and 32 for each 13 signs of a long one; two entries are `.` and `..`.
fn folder_octets(names: BTreeSet<&str>) -> u64 {
    let entries: usize = names.iter().map(|name| 1 + name.len().div_ceil(13)).sum();
    (((entries + 2) * 32) as u64).next_multiple_of(CLUSTER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{Access, FolderVolumes, Volumes as _, read_folder, write_folder};

    fn image(files: &[&str], last: &[&str]) -> Result<FolderImage, MediaError> {
        let files = files.iter().map(|path| ((*path).to_owned(), vec![0; 10])).collect();
        FolderImage::new("rec".into(), files, last.iter().map(|path| (*path).to_owned()).collect())
    }

    #[test]
    fn writes_the_last_ones_last() {
        let image = image(
            &["SHA256SUMS", "SHA256SUMS.sig", "jobs/01-root/skr.xml", "a", "z"],
            &["SHA256SUMS", "SHA256SUMS.sig"],
        );
        let order: Vec<String> = image.unwrap().in_order().map(|(path, _)| path.to_owned()).collect();
        assert_eq!(order, ["a", "jobs/01-root/skr.xml", "z", "SHA256SUMS", "SHA256SUMS.sig"]);
    }

    #[test]
    fn counts_files_and_folders_in_whole_clusters() {
        assert_eq!(image(&[], &[]).unwrap().octets_on_medium(), 4096);
        assert_eq!(image(&["a", "d/e/b"], &[]).unwrap().octets_on_medium(), 5 * 4096);
        let long: Vec<String> = (0..100).map(|number| format!("{number:0>64}")).collect();
        let long: Vec<&str> = long.iter().map(String::as_str).collect();
        // 100 names of 1 + 5 entries and two more, 32 octets each
        assert_eq!(image(&long, &[]).unwrap().octets_on_medium(), 100 * 4096 + 5 * 4096);
    }

    #[test]
    fn refuses_names_that_fat_does_not_tell_apart() {
        for bad in [["a", "A"], ["d/a", "D/b"], ["a", "a/b"], ["d/x", "d/X"]] {
            let error = image(&bad, &[]).unwrap_err();
            assert!(matches!(error, MediaError::Name { fault: NameFault::Collides, .. }), "{bad:?}: {error}");
        }
        assert!(image(&["a/x", "b/X"], &[]).is_ok());
    }

    #[test]
    fn what_is_full_to_the_last_entry_is_read_again_and_one_more_is_refused() {
        let tree = |folders: usize| -> BTreeMap<String, Vec<u8>> {
            (0..folders).map(|number| (format!("jobs/{number}/a"), vec![7])).chain([("z".into(), vec![8])]).collect()
        };
        let full = (MAX_ENTRIES - 2) / 2;
        let image = FolderImage::new("rec".into(), tree(full), Vec::new()).unwrap();
        assert_eq!(image.entries(), MAX_ENTRIES);
        let stick = tempfile::tempdir().unwrap();
        let mut volumes = FolderVolumes::new(vec![stick.path().to_owned()], None);
        let id = volumes.list().unwrap()[0].id;
        write_folder(&mut volumes, id, &image, &mut |_| {}).unwrap();
        let read = read_folder(&volumes.open(id, Access::Read).unwrap().folder("rec").unwrap(), 1 << 20).unwrap();
        assert_eq!(&read, image.files());
        // Half of it are folders: there are far fewer files than entries.
        let refused = FolderImage::new("rec".into(), tree(full + 1), Vec::new());
        assert!(matches!(refused, Err(MediaError::TooMany { limit: MAX_ENTRIES, .. })));
    }

    #[test]
    fn refuses_odd_names_and_lists() {
        for bad in ["../a", "a b", "/a", "a\0", ".a", ""] {
            assert!(image(&[bad], &[]).is_err(), "{bad:?}");
        }
        assert!(matches!(image(&["a"], &["b"]), Err(MediaError::Name { fault: NameFault::Unlisted, .. })));
        assert!(image(&["a"], &["a", "a"]).is_err());
        assert!(FolderImage::new("a/b".into(), BTreeMap::new(), Vec::new()).is_err());
    }
}
