//! What goes wrong with media, said for people.

use std::fmt;

use rustix::fs::FileType;
use thiserror::Error;

use crate::render::octets;

/// A medium or a file on it is not as it must be; the caller's master copy is untouched.
///
/// The message says what happened, where, what was expected and found; [`MediaError::advice`] what to do next.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum MediaError {
    /// The medium was taken out, or never was there.
    #[error("medium {volume}: it is not there any more")]
    Gone {
        /// The medium's label.
        volume: String,
    },
    /// There is no file or folder of this name.
    #[error("{file}: there is nothing of this name")]
    Missing {
        /// Medium and path.
        file: String,
    },
    /// Not enough room.
    #[error("medium {volume}: it is full: {} needed, {} free", octets(*needed), octets(*free))]
    Full {
        /// The medium's label.
        volume: String,
        /// Octets that were to be written, in whole clusters.
        needed: u64,
        /// Octets that are free.
        free: u64,
    },
    /// The medium takes no writing.
    #[error("medium {volume}: it is write-protected")]
    ReadOnly {
        /// The medium's label.
        volume: String,
    },
    /// The name is taken by other contents.
    #[error("{file}: this name is taken by something else, and nothing is ever overwritten")]
    Exists {
        /// Medium and path.
        file: String,
    },
    /// More octets than are read.
    #[error("{file}: too large: at most {limit} octets expected, {found} or more found")]
    TooLarge {
        /// Medium and path.
        file: String,
        /// Octets that are read at most.
        limit: u64,
        /// Octets seen.
        found: u64,
    },
    /// More entries in a folder, or levels of folders, than are looked at.
    #[error("{folder}: too many entries or levels of folders: at most {limit} expected")]
    TooMany {
        /// Medium and path.
        folder: String,
        /// What is looked at at most.
        limit: usize,
    },
    /// A link, device or folder stands where a file must be, or a file where a folder must be.
    #[error("{file}: expected a {expected}, found a {found}")]
    WrongKind {
        /// Medium and path.
        file: String,
        /// What it must be.
        expected: FileKind,
        /// What it is.
        found: FileKind,
    },
    /// A name that is not written or not looked for.
    #[error("the name `{name}` is not allowed: {fault}")]
    Name {
        /// The name, escaped.
        name: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// What was read back is not what was written.
    #[error("{file}: not the same when read back: expected {expected}, found {found}")]
    Differs {
        /// Medium and path.
        file: String,
        /// SHA-256 or words.
        expected: String,
        /// SHA-256 or words.
        found: String,
    },
    /// The operating system refused.
    #[error("{file}: cannot {action}: {reason}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// Medium and path.
        file: String,
        /// The operating system's reason.
        reason: String,
    },
}

impl MediaError {
    /// What to do next.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Gone { .. } => "put the medium in again, or take another one, and repeat; nothing is lost",
            Self::Missing { .. } => "check the name, or take the medium that holds it",
            Self::Full { .. } => "take an empty or larger medium and repeat; nothing is lost",
            Self::ReadOnly { .. } => "release the medium's write protection, or take another one, and repeat",
            Self::Exists { .. } => "take another medium; what stands there is somebody's record",
            Self::TooLarge { .. } => {
                "check that this is the right file; what a request may have, `document-bytes` of the profile says"
            }
            Self::TooMany { .. } => "take a medium that holds nothing but what the ceremony needs",
            Self::WrongKind { .. } => "copy the file itself onto the medium: links and devices are never followed",
            Self::Name { .. } => "rename it: letters, digits, dot, hyphen and underscore, at most 100 of them",
            Self::Differs { .. } => "trust this medium no more: take another one and repeat; nothing is lost",
            Self::Io { .. } => "check that the medium is well seated and may be used; else repeat with another one",
        }
    }
}

/// What stands behind a name on a medium.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum FileKind {
    /// A regular file, all that is ever read.
    Regular,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// A character or block device.
    Device,
    /// Something that this program does not know.
    Unknown,
}

impl From<FileType> for FileKind {
    fn from(kind: FileType) -> Self {
        match kind {
            FileType::RegularFile => Self::Regular,
            FileType::Directory => Self::Folder,
            FileType::Symlink => Self::Link,
            FileType::Fifo => Self::Fifo,
            FileType::Socket => Self::Socket,
            FileType::CharacterDevice | FileType::BlockDevice => Self::Device,
            FileType::Unknown => Self::Unknown,
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Regular => "regular file",
            Self::Folder => "folder",
            Self::Link => "symbolic link",
            Self::Fifo => "named pipe",
            Self::Socket => "socket",
            Self::Device => "device",
            Self::Unknown => "thing of unknown kind",
        })
    }
}

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, Eq, Error, Hash, PartialEq)]
pub enum NameFault {
    /// Nothing between two slashes, or nothing at all.
    #[error("it has an empty part")]
    Empty,
    /// `.` or `..`.
    #[error("it leads out of its folder")]
    Dots,
    /// An octet that no file system takes, or none of ours.
    #[error("it has a sign that is not taken")]
    Sign,
    /// More octets, or more folders in each other, than every medium takes.
    #[error("it is too long or too deep")]
    Long,
    /// A dot at the start hides a file; a dot at the end is lost on FAT.
    #[error("it begins or ends with a dot")]
    OuterDot,
    /// FAT holds `a` for `A`, and no name can be file and folder.
    #[error("it is the same as another one where letter case is not told apart")]
    Collides,
    /// A list names a file that is not there.
    #[error("it is named to be written last, once, but is not among the files")]
    Unlisted,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_place_expected_and_found() {
        let error = MediaError::Full { volume: "REC-A".into(), needed: 8192, free: 10 };
        assert_eq!(error.to_string(), "medium REC-A: it is full: 8.1 kB needed, 10 B free");
        let error =
            MediaError::WrongKind { file: "KSR/ksr.xml".into(), expected: FileKind::Regular, found: FileKind::Link };
        assert_eq!(error.to_string(), "KSR/ksr.xml: expected a regular file, found a symbolic link");
        assert!(error.advice().contains("links"));
    }
}
