//! What is on a block device: one FAT file system with its label and serial, or something else, by name.
//!
//! Reads a few bounded pieces and trusts none of them (Microsoft FAT specification, August 2005, sections 3 and 6).

use std::io;

/// Octets that are read at the start: boot sector, ext superblock, both within it.
const HEAD: usize = 4096;
/// Where ISO 9660 has its first volume descriptor (ECMA-119, 6.2.1).
const ISO_DESCRIPTOR: u64 = 16 * 2048;
/// Octets of the root folder in which a label is looked for.
const MAX_ROOT: usize = 64 << 10;
/// Octets of a table of FAT16, which has fewer than 65525 clusters.
const MAX_TABLE: usize = 2 * 65527;
/// A folder entry.
const ENTRY: usize = 32;

/// Reads some octets at an offset; fewer only at the end of the device.
pub(super) type Read<'r> = dyn FnMut(u64, usize) -> io::Result<Vec<u8>> + 'r;

/// What was found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Content {
    /// A FAT file system.
    Fat(Fat),
    /// The medium that an image of ours was written to.
    OurImage,
    /// Something else: what people call it.
    Other(&'static str),
}

/// A FAT file system.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Fat {
    /// FAT12, FAT16 or FAT32.
    pub(super) kind: Kind,
    /// The label of the root folder, else of the boot sector; empty for none. Printable ASCII; `?` for other signs.
    pub(super) label: String,
    /// The serial number, `XXXX-XXXX` as other tools print it.
    pub(super) serial: String,
    /// Octets of the file system.
    pub(super) size: u64,
    /// Octets that are free, as its tables have it; none where they do not tell.
    pub(super) free: Option<u64>,
}

/// The width of its entries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Floppies.
    Fat12,
    /// Small media.
    Fat16,
    /// All others.
    Fat32,
}

/// Looks what a device of `size` octets holds.
///
/// # Errors
/// Those of `read`: the device cannot be read.
pub(super) fn probe(read: &mut Read<'_>, size: u64) -> io::Result<Content> {
    let head = read(0, HEAD)?;
    let descriptor = read(ISO_DESCRIPTOR, 2048)?;
    if text_at(&descriptor, 1, 5) == b"CD001" {
        let ours = text_at(&descriptor, 40, 32).starts_with(b"CLAVIGER");
        return Ok(if ours { Content::OurImage } else { Content::Other("ISO 9660 image") });
    }
    if let Some(name) = other(&head) {
        return Ok(Content::Other(name));
    }
    match Layout::of(&head) {
        None => Ok(Content::Other("unknown file system")),
        Some(layout) if layout.octets > size => Ok(Content::Other("FAT, cut off")),
        Some(layout) => Ok(Content::Fat(layout.fat(&head, read)?)),
    }
}

/// Octets of an image of ours: to the last sector that its partition table names, else as ISO 9660 has it.
///
/// # Errors
/// Those of `read`.
pub(super) fn image_size(read: &mut Read<'_>) -> io::Result<Option<u64>> {
    const SECTOR: u64 = 512;
    let head = read(0, HEAD)?;
    if text_at(&head, 512, 8) == b"EFI PART" {
        // UEFI 2.10, 5.3.2: the block of the other copy of this table, which is the last one.
        let last = head.get(512 + 32..512 + 40).and_then(|octets| octets.try_into().ok()).map(u64::from_le_bytes);
        return Ok(last.and_then(|last| last.checked_add(1)?.checked_mul(SECTOR)));
    }
    let descriptor = read(ISO_DESCRIPTOR, 2048)?;
    Ok(double(&descriptor, 80).map(|blocks| u64::from(blocks) * 2048))
}

/// Other file systems by their marks.
fn other(head: &[u8]) -> Option<&'static str> {
    match text_at(head, 3, 8) {
        b"EXFAT   " => return Some("exFAT"),
        b"NTFS    " => return Some("NTFS"),
        b"-FVE-FS-" => return Some("BitLocker"),
        _ => {}
    }
    if text_at(head, 0, 6) == b"LUKS\xba\xbe" {
        return Some("LUKS, encrypted");
    }
    if text_at(head, 1024 + 56, 2) == b"\x53\xef" {
        return Some("ext2, ext3 or ext4");
    }
    if text_at(head, 512, 8) == b"EFI PART" {
        return Some("GPT without partition");
    }
    head.iter().all(|octet| *octet == 0).then_some("no file system")
}

/// Where the parts of a FAT file system lie, in octets.
struct Layout {
    kind: Kind,
    octets: u64,
    root: u64,
    root_octets: usize,
    /// Where the first table lies, and the sector with the counts of FAT32.
    table: u64,
    counts: u64,
    clusters: u64,
    /// Octets of a cluster.
    cluster: u64,
}

impl Layout {
    /// From a boot sector that is one.
    fn of(head: &[u8]) -> Option<Self> {
        let jump = matches!((octet(head, 0)?, octet(head, 2)?), (0xeb, 0x90) | (0xe9, _));
        if !jump || text_at(head, 510, 2) != b"\x55\xaa" {
            return None;
        }
        let sector = u64::from(word(head, 11)?);
        let cluster = u64::from(octet(head, 13)?);
        let reserved = u64::from(word(head, 14)?);
        let tables = u64::from(octet(head, 16)?);
        let entries = u64::from(word(head, 17)?);
        let media = octet(head, 21)?;
        let either = |short: u16, long: u32| if short == 0 { u64::from(long) } else { u64::from(short) };
        let sectors = either(word(head, 19)?, double(head, 32)?);
        let table = either(word(head, 22)?, double(head, 36)?);
        let sane = matches!(sector, 512 | 1024 | 2048 | 4096)
            && cluster.is_power_of_two()
            && reserved > 0
            && (1..=4).contains(&tables)
            && table > 0
            && (media == 0xf0 || media >= 0xf8);
        let before_root = reserved + tables * table;
        let data = before_root + (entries * ENTRY as u64).div_ceil(sector.max(1));
        if !sane || sectors <= data {
            return None;
        }
        let clusters = (sectors - data) / cluster;
        let kind = match (word(head, 22)?, clusters) {
            (0, _) => Kind::Fat32,
            (_, ..4085) => Kind::Fat12,
            _ => Kind::Fat16,
        };
        let (root, root_octets) = if kind == Kind::Fat32 {
            let first = u64::from(double(head, 44)?).checked_sub(2).filter(|first| *first < clusters)?;
            ((data + first * cluster) * sector, cluster * sector)
        } else {
            (before_root * sector, entries * ENTRY as u64)
        };
        let root_octets = usize::try_from(root_octets).unwrap_or(MAX_ROOT).min(MAX_ROOT);
        Some(Self {
            kind,
            octets: sectors * sector,
            root,
            root_octets,
            table: reserved * sector,
            counts: u64::from(word(head, 48)?) * sector,
            clusters,
            cluster: cluster * sector,
        })
    }

    fn fat(&self, head: &[u8], read: &mut Read<'_>) -> io::Result<Fat> {
        // The mark 0x29 says that serial and label are there, 0x28 that the serial is.
        let mark = if self.kind == Kind::Fat32 { 66 } else { 38 };
        let extended = octet(head, mark).unwrap_or_default();
        let number = double(head, mark + 1).filter(|_| matches!(extended, 0x28 | 0x29)).unwrap_or_default();
        let in_head = text_at(head, mark + 5, 11);
        let in_head = if extended == 0x29 && in_head != b"NO NAME    " { readable(in_head) } else { String::new() };
        let root = read(self.root, self.root_octets)?;
        Ok(Fat {
            kind: self.kind,
            label: label_entry(&root).unwrap_or(in_head),
            serial: format!("{:04X}-{:04X}", number >> 16, number & 0xffff),
            size: self.octets,
            free: self.free(read)?.and_then(|clusters| clusters.checked_mul(self.cluster)),
        })
    }

    /// Free clusters: counted in the table, or of FAT32, whose table is large, as its own count has it.
    fn free(&self, read: &mut Read<'_>) -> io::Result<Option<u64>> {
        let count = usize::try_from(self.clusters).unwrap_or(0);
        let entries = count + 2;
        let table = match self.kind {
            Kind::Fat12 => read(self.table, (entries * 3).div_ceil(2))?,
            Kind::Fat16 => read(self.table, entries.saturating_mul(2).min(MAX_TABLE))?,
            Kind::Fat32 => {
                let counts = read(self.counts, 512)?;
                let marked = text_at(&counts, 0, 4) == b"RRaA" && text_at(&counts, 484, 4) == b"rrAa";
                let free = double(&counts, 488).map(u64::from).filter(|free| marked && *free <= self.clusters);
                return Ok(free);
            }
        };
        let entry = |number: usize| match self.kind {
            Kind::Fat12 => {
                let pair = word(&table, number + number / 2)?;
                Some(if number.is_multiple_of(2) { pair & 0xfff } else { pair >> 4 })
            }
            _ => word(&table, number * 2),
        };
        let free = (2..entries).map(entry).try_fold(0, |free, entry| Some(free + u64::from(entry? == 0)));
        Ok(free)
    }
}

/// The label in a root folder: the entry with the attribute of a label alone.
fn label_entry(root: &[u8]) -> Option<String> {
    const LABEL: u8 = 0x08;
    // 0x3f are the attributes in use; a piece of a long name has 0x0f.
    let entries = root.chunks_exact(ENTRY).take_while(|entry| entry.first() != Some(&0));
    let mut live = entries.filter(|entry| entry.first() != Some(&0xe5));
    let entry = live.find(|entry| entry.get(11).is_some_and(|attributes| attributes & 0x3f & !0x20 == LABEL))?;
    Some(readable(text_at(entry, 0, 11)))
}

fn readable(octets: &[u8]) -> String {
    let sign = |octet: &u8| if matches!(octet, b' '..=b'~') { char::from(*octet) } else { '?' };
    octets.iter().map(sign).collect::<String>().trim_end().to_owned()
}

/// `count` octets at `offset`; empty where there are not so many.
fn text_at(octets: &[u8], offset: usize, count: usize) -> &[u8] {
    octets.get(offset..offset + count).unwrap_or_default()
}

fn octet(octets: &[u8], offset: usize) -> Option<u8> {
    octets.get(offset).copied()
}

fn word(octets: &[u8], offset: usize) -> Option<u16> {
    octets.get(offset..offset + 2)?.try_into().ok().map(u16::from_le_bytes)
}

fn double(octets: &[u8], offset: usize) -> Option<u32> {
    octets.get(offset..offset + 4)?.try_into().ok().map(u32::from_le_bytes)
}

/// Small file systems as octets, for the tests of this room.
#[cfg(test)]
pub(super) mod fixture {
    /// The boot sector and root folder of a floppy of 1.44 MB (FAT12).
    pub(in crate::appliance) fn floppy(label: &[u8; 11], serial: u32) -> Vec<u8> {
        let mut image = vec![0; 2880 * 512];
        let fields: [(usize, &[u8]); 13] = [
            (0, &[0xeb, 0x3c, 0x90]),
            (11, &512_u16.to_le_bytes()),
            (13, &[1]),
            (14, &1_u16.to_le_bytes()),
            (16, &[2]),
            (17, &224_u16.to_le_bytes()),
            (19, &2880_u16.to_le_bytes()),
            (21, &[0xf0]),
            (22, &9_u16.to_le_bytes()),
            (38, &[0x29]),
            (39, &serial.to_le_bytes()),
            (43, b"NO NAME    "),
            (510, &[0x55, 0xaa]),
        ];
        for (offset, octets) in fields {
            image[offset..offset + octets.len()].copy_from_slice(octets);
        }
        let root = 19 * 512;
        image[root..root + 11].copy_from_slice(label);
        image[root + 11] = 0x08;
        image
    }

    /// An image of ours of so many sectors, with a partition table.
    pub(in crate::appliance) fn our_image(sectors: u16) -> Vec<u8> {
        let mut image: Vec<u8> = (0..usize::from(sectors) * 512).map(|at| (at % 251) as u8).collect();
        image[512..520].copy_from_slice(b"EFI PART");
        image[544..552].copy_from_slice(&(u64::from(sectors) - 1).to_le_bytes());
        image[32769..32774].copy_from_slice(b"CD001");
        image[32808..32816].copy_from_slice(b"CLAVIGER");
        image
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rustix::process::{Pid, WaitOptions, waitpid};

    use super::*;
    use crate::process::{Streams, launch};

    fn look(image: &[u8]) -> Content {
        let mut read = |offset: u64, octets: usize| {
            let start = usize::try_from(offset).unwrap().min(image.len());
            Ok(image[start..image.len().min(start + octets)].to_vec())
        };
        probe(&mut read, image.len() as u64).unwrap()
    }

    fn fat(image: &[u8]) -> Fat {
        match look(image) {
            Content::Fat(fat) => fat,
            other => panic!("{other:?}"),
        }
    }

    /// What `mkfs.fat` makes.
    fn made(arguments: &[&str], kib: u64) -> Vec<u8> {
        let program = Path::new("/usr/sbin/mkfs.fat");
        assert!(program.exists(), "mkfs.fat is not installed: run `apt-get install dosfstools`");
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(kib << 10).unwrap();
        let arguments: Vec<_> = arguments.iter().map(AsRef::as_ref).chain([file.path().as_os_str()]).collect();
        let pid = Pid::from_raw(launch(program, &arguments, None, Streams::Nowhere).unwrap().try_into().unwrap());
        let (_, status) = waitpid(pid, WaitOptions::empty()).unwrap().unwrap();
        assert_eq!(status.exit_status(), Some(0), "{arguments:?}");
        std::fs::read(file.path()).unwrap()
    }

    #[test]
    fn reads_label_and_serial_of_a_floppy_from_its_root_folder() {
        let fat = fat(&fixture::floppy(b"KSR        ", 0x1234_abcd));
        let free = Some(2847 * 512);
        let expected =
            Fat { kind: Kind::Fat12, label: "KSR".into(), serial: "1234-ABCD".into(), size: 1_474_560, free };
        assert_eq!(fat, expected);
    }

    #[test]
    fn reads_what_mkfs_fat_writes() {
        let cases = [("12", 1440, Kind::Fat12), ("16", 16 << 10, Kind::Fat16), ("32", 40 << 10, Kind::Fat32)];
        for (width, kib, kind) in cases {
            let image = made(&["-F", width, "-n", "RECORD-A", "-i", "0badcafe"], kib);
            let fat = fat(&image);
            assert_eq!((fat.kind, fat.label.as_str(), fat.serial.as_str()), (kind, "RECORD-A", "0BAD-CAFE"), "{width}");
            assert!(fat.size <= image.len() as u64 && fat.size > image.len() as u64 * 9 / 10, "{width}");
            let free = fat.free.unwrap();
            assert!(free < fat.size && free > fat.size * 9 / 10, "{width}: {free} of {}", fat.size);
            assert_eq!(self::fat(&made(&["-F", width], kib)).label, "", "{width}");
        }
    }

    #[test]
    fn counts_what_is_free_on_a_floppy() {
        let mut image = fixture::floppy(b"KSR        ", 1);
        image[512..512 + 9 * 512].fill(0xff);
        assert_eq!(fat(&image).free, Some(0), "a full one");
        image[512 + 3] = 0; // cluster 2, and the lower half of cluster 3
        image[512 + 4] = 0xf0;
        assert_eq!(fat(&image).free, Some(512));
    }

    #[test]
    fn the_label_of_the_root_folder_wins_and_deleted_ones_and_long_names_are_none() {
        let mut image = fixture::floppy(b"OLD        ", 1);
        image[43..54].copy_from_slice(b"IN HEAD    ");
        assert_eq!(fat(&image).label, "OLD");
        let root = 19 * 512;
        image[root] = 0xe5;
        assert_eq!(fat(&image).label, "IN HEAD");
        image[root + 32..root + 43].copy_from_slice(b"Along name ");
        image[root + 43] = 0x0f;
        assert_eq!(fat(&image).label, "IN HEAD");
        image[root + 64..root + 75].copy_from_slice(b"N\x1b[2J\xff NEW ");
        image[root + 75] = 0x28;
        assert_eq!(fat(&image).label, "N?[2J? NEW");
    }

    #[test]
    fn names_what_is_no_fat() {
        let with = |offset: usize, mark: &[u8]| {
            let mut image = vec![0; 64 << 10];
            image[offset..offset + mark.len()].copy_from_slice(mark);
            look(&image)
        };
        for (offset, mark, name) in [
            (3, b"EXFAT   ".as_slice(), "exFAT"),
            (3, b"NTFS    ", "NTFS"),
            (1080, b"\x53\xef", "ext2, ext3 or ext4"),
            (512, b"EFI PART", "GPT without partition"),
            (0, b"LUKS\xba\xbe", "LUKS, encrypted"),
            (32769, b"CD001", "ISO 9660 image"),
            (9, b"x", "unknown file system"),
            (9, b"\0", "no file system"),
        ] {
            assert_eq!(with(offset, mark), Content::Other(name));
        }
        let mut image = vec![0; 64 << 10];
        image[32769..32774].copy_from_slice(b"CD001");
        image[32808..32816].copy_from_slice(b"CLAVIGER");
        assert_eq!(look(&image), Content::OurImage);
        assert_eq!(look(&[]), Content::Other("no file system"));
    }

    #[test]
    fn a_file_system_larger_than_its_device_is_refused() {
        let image = fixture::floppy(b"KSR        ", 1);
        assert_eq!(look(&image[..720 << 10]), Content::Other("FAT, cut off"));
    }

    #[test]
    fn any_damaged_octet_of_the_boot_sector_leads_to_an_answer() {
        let image = fixture::floppy(b"KSR        ", 1);
        for offset in 0..64 {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut damaged = image.clone();
                damaged[offset] = value;
                look(&damaged);
            }
        }
    }
}
