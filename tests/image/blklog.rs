//! The log of a stick's writes, as QEMU's driver `blklogwrites` keeps it, and the stick as it was at any moment.
//!
//! The format is that of Linux' dm-log-writes (Documentation/admin-guide/device-mapper/log-writes.rst): a superblock, then
//! entries, each a sector with its facts and behind it what was written.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// What a log begins with.
const MAGIC: u64 = 0x006a_7366_7773_6872;
/// Octets of a sector of the log.
const SECTOR: usize = 512;
const FLUSH: u64 = 1;
const DISCARD: u64 = 4;

/// One write.
struct Write {
    offset: u64,
    octets: Vec<u8>,
    flush: bool,
}

/// A log of writes.
pub struct Log {
    writes: Vec<Write>,
}

impl Log {
    /// Reads a log to its end; after a power cut of QEMU itself, as far as it was written.
    pub fn read(path: &Path) -> Self {
        let octets = fs::read(path).expect("the log of writes");
        let number = |place: usize| u64::from_le_bytes(octets[place..place + 8].try_into().unwrap());
        assert_eq!((number(0), number(8)), (MAGIC, 1), "the log's superblock");
        let mut writes = Vec::new();
        let mut place = SECTOR;
        while place + SECTOR <= octets.len() && writes.len() < usize::try_from(number(16)).unwrap() {
            let (sector, count, flags) = (number(place), number(place + 8), number(place + 16));
            assert_eq!(flags & DISCARD, 0, "a stick discards nothing");
            place += SECTOR;
            let length = usize::try_from(count).unwrap() * SECTOR;
            let octets = octets[place..place + length].to_vec();
            place += length;
            writes.push(Write { offset: sector * SECTOR as u64, octets, flush: flags & FLUSH != 0 });
        }
        Self { writes }
    }

    /// How many writes and flushes there are.
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// The moments at which the stick was told to keep what it has: how many writes came before each.
    pub fn flushes(&self) -> Vec<usize> {
        self.writes.iter().enumerate().filter(|(_, write)| write.flush).map(|(place, _)| place).collect()
    }
}

/// The stick as it was after some of the writes.
pub struct Replay<'l> {
    log: &'l Log,
    image: PathBuf,
    file: File,
    done: usize,
}

impl<'l> Replay<'l> {
    /// Before the first write; `base` is the image as it was then.
    pub fn begin(log: &'l Log, base: &Path, image: PathBuf) -> Self {
        fs::copy(base, &image).unwrap();
        let file = OpenOptions::new().write(true).open(&image).unwrap();
        Self { log, image, file, done: 0 }
    }

    /// The image after so many writes, never fewer than before.
    pub fn to(&mut self, count: usize) -> &Path {
        for write in &self.log.writes[self.done..count] {
            self.file.write_all_at(&write.octets, write.offset).unwrap();
        }
        self.done = count;
        &self.image
    }
}
