//! Volumes, bounded reading, crash-safe writing.
//!
//! A medium is untrusted: only regular files are opened, links are never followed, sizes and counts are bounded, and
//! names are escaped before they are shown. What is written is never overwritten, appears under its name only when it
//! is complete, and is believed only when it has been read back. RAM holds the master copy: after every error here the
//! caller still has all it had, and asks the operator.

mod broker;
mod error;
mod folder;
mod image;
mod journal;
mod name;
mod read;
mod volume;
mod write;

pub use self::broker::{BothVolumes, BrokerVolumes};
pub use self::error::{FileKind, MediaError, NameFault};
pub use self::folder::Folder;
pub use self::image::FolderImage;
pub use self::journal::{Journal, remove_journal};
pub use self::name::kept;
pub use self::read::{FileFacts, MAX_ENTRIES, list_files, list_folders, read_file, read_folder, read_record};
pub use self::volume::{Access, FolderVolumes, Volumes};
pub use self::write::{Phase, Progress, Written, add_files, verify_file, verify_folder, write_file, write_folder};
