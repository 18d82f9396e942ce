//! The devices as the kernel shows them: the only place that reads sysfs, opens block devices and mounts.

use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{FileExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags, mount, mount_remount, unmount};
use rustix::time::{ClockId, Timespec, clock_settime};

use crate::process::{MEDIA_FOLDER, SLOTS, run};
use crate::render;

use super::door;
use super::user::USER;

/// Octets of a fact in sysfs.
const MAX_FACT: usize = 256;
/// Octets of a device's descriptors.
const MAX_DESCRIPTORS: u64 = 64 << 10;
/// The rules of udev that have the classes.
const USB_RULES: &str = "etc/udev/rules.d/10-claviger-usb.rules";
/// Columns of a name that a device gives itself.
const MAX_NAME: usize = 64;

/// A block device, or a partition of one, as it is at this moment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Node {
    /// The kernel's name, as `sda1`.
    pub(super) name: String,
    /// Major and minor number.
    pub(super) number: (u32, u32),
    /// A number that the kernel gives to no other medium until it is switched off.
    pub(super) sequence: u64,
    /// Octets; of a floppy drive meaningless until its medium was read.
    pub(super) size: u64,
}

/// A disk that can be plugged in: on USB, or a floppy drive.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Disk {
    /// The whole of it.
    pub(super) whole: Node,
    /// Its partitions, as the kernel knows them.
    pub(super) partitions: Vec<Node>,
    /// Whether it is a floppy drive, which does not tell when its medium changes.
    pub(super) floppy: bool,
    /// Whether it refuses to be written.
    pub(super) read_only: bool,
    /// The serial number that it gives itself, escaped; `none` without one.
    pub(super) serial: String,
}

/// A USB device as it is at this moment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct UsbDevice {
    /// Names it for as long as it stays plugged in.
    pub(super) id: u32,
    /// Vendor and product number, as `1d6b:0002`.
    pub(super) product: String,
    /// The serial number that it gives itself, escaped; empty without one.
    pub(super) serial: String,
    /// What it calls itself, escaped.
    pub(super) name: String,
    /// Its descriptors, as it has sent them.
    pub(super) descriptors: Vec<u8>,
    /// Whether it is let in.
    pub(super) authorized: bool,
}

/// What the broker needs of the computer.
pub(super) trait Devices {
    /// The disks that are there, by name.
    fn disks(&mut self) -> io::Result<Vec<Disk>>;

    /// Reads up to so many octets of a device that must still be this very one.
    fn read(&mut self, node: &Node, offset: u64, octets: usize) -> io::Result<Vec<u8>>;

    /// Whether the floppy in a drive refuses to be written; the drive sees that only when it is tried.
    fn floppy_is_protected(&mut self, node: &Node) -> bool;

    /// Mounts a FAT file system; afterwards this very device is mounted there, or nothing.
    fn mount(&mut self, node: &Node, slot: u8, write: bool) -> io::Result<()>;

    /// Makes a mount for reading one for writing.
    fn remount_to_write(&mut self, slot: u8) -> io::Result<()>;

    /// Unmounts; `gone`: what was mounted is not there any more, so nothing is waited for.
    fn unmount(&mut self, slot: u8, gone: bool) -> io::Result<()>;

    /// The USB devices that are plugged in, let in or not; not the computer's own hubs.
    fn usb_devices(&mut self) -> Vec<UsbDevice>;

    /// The rules of udev with the classes that are let in; empty if they are not there, and then nothing is.
    fn usb_rules(&mut self) -> String;

    /// Keyboards that type, on whatever bus: not mice, nor buttons.
    fn keyboards(&mut self) -> u32;

    /// Lets a USB device in, or puts it out.
    fn authorize_usb(&mut self, id: u32, allow: bool) -> io::Result<()>;

    /// Disks and optical drives of any kind on which the boot medium may be.
    fn boot_candidates(&mut self) -> Vec<Node>;

    /// Loads the keyboard layout of this name.
    fn load_keymap(&mut self, name: &str) -> io::Result<()>;

    /// Sets the clock, seconds since 1970.
    fn set_clock(&mut self, unix: u32) -> io::Result<()>;

    /// What was told when the door was shut; none: something can still be added to the kernel, and no medium is touched.
    fn door(&mut self) -> Option<Vec<String>>;
}

/// The kernel's own, below a root that is `/` but in tests.
#[derive(Debug)]
pub(super) struct SystemDevices {
    root: PathBuf,
}

impl SystemDevices {
    /// Those of this computer.
    pub(super) fn new() -> Self {
        Self { root: PathBuf::from("/") }
    }

    fn block(&self) -> PathBuf {
        self.root.join("sys/block")
    }

    fn usb(&self) -> PathBuf {
        self.root.join("sys/bus/usb/devices")
    }

    fn node(&self, folder: &Path, name: &str, sequence: u64) -> Option<Node> {
        let sectors: u64 = fact(&folder.join("size"))?.parse().ok()?;
        let (major, minor) = fact(&folder.join("dev")).and_then(|text| {
            let (major, minor) = text.split_once(':')?;
            Some((major.parse().ok()?, minor.parse().ok()?))
        })?;
        Some(Node { name: name.to_owned(), number: (major, minor), sequence, size: sectors.checked_mul(512)? })
    }

    fn whole(&self, name: &str) -> Option<Node> {
        let folder = self.block().join(name);
        // A floppy's changes only when somebody looks; it is known by its contents.
        let sequence = fact(&folder.join("diskseq")).filter(|_| !is_floppy(name));
        let sequence = sequence.and_then(|text| text.parse().ok()).unwrap_or_default();
        self.node(&folder, name, sequence)
    }

    fn disk(&self, name: &str) -> Option<Disk> {
        let folder = self.block().join(name);
        let floppy = is_floppy(name);
        let on_usb = usb_folder(&folder);
        if !floppy && (on_usb.is_none() || !name.starts_with("sd")) {
            return None;
        }
        let whole = self.whole(name)?;
        let mut partitions = Vec::new();
        for part in names(&folder).into_iter().filter(|part| part.starts_with(name)) {
            if folder.join(&part).join("partition").exists() {
                partitions.push(self.node(&folder.join(&part), &part, whole.sequence)?);
            }
        }
        let serial = on_usb.and_then(|usb| fact(&usb.join("serial"))).filter(|serial| !serial.is_empty());
        Some(Disk {
            read_only: fact(&folder.join("ro")).as_deref() == Some("1"),
            whole,
            partitions,
            floppy,
            serial: serial.map_or_else(|| "none".to_owned(), |serial| render::escape(&serial, MAX_NAME)),
        })
    }

    // Opens the device node, and makes sure that it is the device that was looked at.
    fn open(&self, node: &Node) -> io::Result<File> {
        let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::CLOEXEC).bits()).unwrap_or_default();
        let file = OpenOptions::new().read(true).custom_flags(flags).open(self.root.join("dev").join(&node.name))?;
        let facts = file.metadata()?;
        let number = (rustix::fs::major(facts.rdev()), rustix::fs::minor(facts.rdev()));
        // In tests a file plays the device.
        let same =
            if facts.file_type().is_block_device() { number == node.number } else { self.root != Path::new("/") };
        if same { Ok(file) } else { Err(gone()) }
    }

    // Whether the medium was exchanged since it was looked at.
    fn still(&self, node: &Node) -> bool {
        let disk = names(&self.block()).into_iter().find(|disk| {
            *disk == node.name
                || (node.name.starts_with(disk.as_str()) && self.block().join(disk).join(&node.name).exists())
        });
        disk.and_then(|disk| self.whole(&disk)).is_some_and(|whole| whole.sequence == node.sequence)
    }
}

impl Devices for SystemDevices {
    fn disks(&mut self) -> io::Result<Vec<Disk>> {
        fs::metadata(self.block())?;
        Ok(names(&self.block()).iter().filter_map(|name| self.disk(name)).collect())
    }

    fn read(&mut self, node: &Node, offset: u64, octets: usize) -> io::Result<Vec<u8>> {
        let file = self.open(node)?;
        let mut buffer = vec![0; octets];
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        buffer.truncate(filled);
        if self.still(node) { Ok(buffer) } else { Err(gone()) }
    }

    fn floppy_is_protected(&mut self, node: &Node) -> bool {
        let opened = OpenOptions::new().write(true).open(self.root.join("dev").join(&node.name));
        opened.is_err_and(|error| matches!(error.kind(), ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied))
    }

    fn mount(&mut self, node: &Node, slot: u8, write: bool) -> io::Result<()> {
        let place = place(slot);
        fs::create_dir_all(&place)?;
        let flags = if write { hardened() } else { hardened() | MountFlags::RDONLY };
        // Nothing of this comes from outside. The ceremony's user owns all files; names are UTF-8.
        let options = format!("uid={USER},gid={USER},umask=0077,codepage=437,utf8,errors=remount-ro,flush");
        let options = CString::new(options).map_err(io::Error::from)?;
        mount(self.root.join("dev").join(&node.name), &place, "vfat", flags, options.as_c_str())?;
        let device = rustix::fs::stat(&place).map(|facts| facts.st_dev).unwrap_or_default();
        if (rustix::fs::major(device), rustix::fs::minor(device)) == node.number && self.still(node) {
            return Ok(());
        }
        self.unmount(slot, true)?;
        Err(gone())
    }

    fn remount_to_write(&mut self, slot: u8) -> io::Result<()> {
        Ok(mount_remount(place(slot), hardened(), "")?)
    }

    fn unmount(&mut self, slot: u8, gone: bool) -> io::Result<()> {
        let flags = if gone { UnmountFlags::DETACH } else { UnmountFlags::empty() };
        match unmount(place(slot), flags | UnmountFlags::NOFOLLOW) {
            Ok(()) | Err(Errno::INVAL | Errno::NOENT) => Ok(()), // nothing was mounted there
            Err(errno) => Err(errno.into()),
        }
    }

    fn usb_devices(&mut self) -> Vec<UsbDevice> {
        // `usb1` is a root hub, `1-2:1.0` an interface, `1-2` or `1-2.1` a device.
        let devices = names(&self.usb()).into_iter().filter(|name| !name.starts_with("usb") && !name.contains(':'));
        let device = |name: String| {
            let folder = self.usb().join(name);
            let text = |name| fact(&folder.join(name)).unwrap_or_default();
            let mut descriptors = Vec::new();
            let file = File::open(folder.join("descriptors"));
            // Without descriptors it is refused.
            let _ = file.and_then(|file| file.take(MAX_DESCRIPTORS).read_to_end(&mut descriptors));
            Some(UsbDevice {
                id: usb_id(&folder)?,
                product: render::escape(&format!("{}:{}", text("idVendor"), text("idProduct")), MAX_NAME),
                serial: render::escape(&text("serial"), MAX_NAME),
                name: render::escape(format!("{} {}", text("manufacturer"), text("product")).trim(), MAX_NAME),
                descriptors,
                authorized: text("authorized") != "0",
            })
        };
        devices.filter_map(device).collect()
    }

    fn usb_rules(&mut self) -> String {
        fs::read_to_string(self.root.join(USB_RULES)).unwrap_or_default()
    }

    fn keyboards(&mut self) -> u32 {
        let folder = self.root.join("sys/class/input");
        let inputs = names(&folder).into_iter().filter(|name| name.starts_with("input"));
        let keys = inputs.filter_map(|name| fact(&folder.join(name).join("capabilities/key")));
        u32::try_from(keys.filter(|keys| is_keyboard(keys)).count()).unwrap_or(u32::MAX)
    }

    fn authorize_usb(&mut self, id: u32, allow: bool) -> io::Result<()> {
        let folders = names(&self.usb()).into_iter().map(|name| self.usb().join(name));
        let folder = folders.into_iter().find(|folder| usb_id(folder) == Some(id)).ok_or_else(gone)?;
        fs::write(folder.join("authorized"), if allow { "1" } else { "0" })
    }

    fn boot_candidates(&mut self) -> Vec<Node> {
        let names = names(&self.block()).into_iter();
        names
            .filter(|name| name.starts_with("sd") || name.starts_with("sr"))
            .filter_map(|name| self.whole(&name))
            .collect()
    }

    fn load_keymap(&mut self, name: &str) -> io::Result<()> {
        match run(Path::new(LOADKEYS), &keymap_arguments(name)) {
            Ok(true) => Ok(()),
            Ok(false) => Err(io::Error::other(format!("the layout {name} cannot be loaded"))),
            Err(error) => Err(error),
        }
    }

    fn set_clock(&mut self, unix: u32) -> io::Result<()> {
        Ok(clock_settime(ClockId::Realtime, Timespec { tv_sec: i64::from(unix), tv_nsec: 0 })?)
    }

    fn door(&mut self) -> Option<Vec<String>> {
        door::report()
    }
}

/// What loads keyboard layouts.
pub(super) const LOADKEYS: &str = "/usr/bin/loadkeys";

/// What it is told to load the layout of this name.
pub(super) fn keymap_arguments(name: &str) -> [String; 3] {
    let path = |name: &str| format!("/usr/share/claviger/keymaps/{name}.map");
    ["--quiet".to_owned(), path(name), path("every")]
}

/// From now on a new USB device gets no driver until it is let in, on a host controller that comes later as well; returns
/// on how many root hubs.
///
/// # Errors
/// When one of them cannot be told so.
pub(super) fn hold_new_usb(root: &Path) -> io::Result<usize> {
    match fs::write(root.join("sys/module/usbcore/parameters/authorized_default"), "0") {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error), // not found: a computer without USB
        _ => {}
    }
    let folder = root.join("sys/bus/usb/devices");
    let hubs: Vec<String> = names(&folder).into_iter().filter(|name| name.starts_with("usb")).collect();
    for hub in &hubs {
        fs::write(folder.join(hub).join("authorized_default"), "0")?;
    }
    Ok(hubs.len())
}

/// Unmounts all media, whoever mounted them.
pub(super) fn unmount_all() {
    for slot in 1..=SLOTS {
        // At the end of all nothing is left to be told; what is in use is let go when its user ends.
        let _ = unmount(place(slot), UnmountFlags::DETACH | UnmountFlags::NOFOLLOW);
    }
}

/// A medium brings neither programs nor devices.
fn hardened() -> MountFlags {
    MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC | MountFlags::NOSYMFOLLOW | MountFlags::NOATIME
}

fn place(slot: u8) -> PathBuf {
    Path::new(MEDIA_FOLDER).join(slot.to_string())
}

fn is_floppy(name: &str) -> bool {
    name.starts_with("fd")
}

/// Whether the keys of an input device are those of a keyboard, by the rule that udev has for it: all of the first 31,
/// from Esc to D. The kernel shows them as hexadecimal words, the lowest last.
fn is_keyboard(keys: &str) -> bool {
    const FIRST: u64 = 0xffff_fffe;
    let lowest = keys.split_whitespace().next_back().and_then(|word| u64::from_str_radix(word, 16).ok());
    lowest.is_some_and(|word| word & FIRST == FIRST)
}

fn gone() -> io::Error {
    Errno::NODEV.into()
}

/// The names in a folder of sysfs, sorted; none if there is no such folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_unstable();
    names
}

/// A fact in sysfs, without its line end.
fn fact(path: &Path) -> Option<String> {
    let mut octets = vec![0; MAX_FACT];
    let count = File::open(path).ok()?.read_at(&mut octets, 0).ok()?;
    Some(String::from_utf8_lossy(octets.get(..count)?).trim().to_owned())
}

/// The USB device that a block device is on.
fn usb_folder(block: &Path) -> Option<PathBuf> {
    let real = fs::canonicalize(block).ok()?;
    real.ancestors().find(|folder| folder.join("idVendor").is_file()).map(Path::to_owned)
}

/// Bus and device number in one: unique for as long as it stays plugged in.
fn usb_id(folder: &Path) -> Option<u32> {
    let number = |name| fact(&folder.join(name))?.parse::<u32>().ok();
    number("busnum")?.checked_mul(1000)?.checked_add(number("devnum")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that plays `/`, with a stick of one partition, a floppy drive, a disk inside and a refused modem.
    fn root() -> (tempfile::TempDir, SystemDevices) {
        let root = tempfile::tempdir().unwrap();
        let usb = "sys/devices/pci/usb1/1-2";
        let files = [
            (format!("{usb}/idVendor"), "1234"),
            (format!("{usb}/serial"), "AB\u{1b}[2J"),
            (format!("{usb}/host/block/sda/size"), "4096"),
            (format!("{usb}/host/block/sda/dev"), "8:0"),
            (format!("{usb}/host/block/sda/ro"), "1"),
            (format!("{usb}/host/block/sda/diskseq"), "17"),
            (format!("{usb}/host/block/sda/sda1/partition"), "1"),
            (format!("{usb}/host/block/sda/sda1/size"), "2048"),
            (format!("{usb}/host/block/sda/sda1/dev"), "8:1"),
            ("sys/devices/ata/block/sdb/size".to_owned(), "4096"),
            ("sys/devices/ata/block/sdb/dev".to_owned(), "8:16"),
            ("sys/devices/ata/block/sdb/diskseq".to_owned(), "3"),
            ("sys/devices/floppy/block/fd0/size".to_owned(), "2880"),
            ("sys/devices/floppy/block/fd0/dev".to_owned(), "2:0"),
            ("sys/bus/usb/devices/1-3/authorized".to_owned(), "0"),
            ("sys/bus/usb/devices/1-3/idVendor".to_owned(), "0525"),
            ("sys/bus/usb/devices/1-3/idProduct".to_owned(), "a4a2"),
            ("sys/bus/usb/devices/1-3/product".to_owned(), "Network"),
            ("sys/bus/usb/devices/1-3/descriptors".to_owned(), "raw"),
            ("sys/bus/usb/devices/1-3:1.0/authorized".to_owned(), "1"),
            ("sys/bus/usb/devices/usb1/authorized".to_owned(), "1"),
            ("sys/bus/usb/devices/usb1/authorized_default".to_owned(), "1"),
            (
                "sys/class/input/input0/capabilities/key".to_owned(),
                "402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe",
            ),
            ("sys/class/input/input1/capabilities/key".to_owned(), "1f0000 0 0 0 0"),
            ("sys/class/input/event0/device/capabilities/key".to_owned(), "fffffffffffffffe"),
            ("sys/module/usbcore/parameters/authorized_default".to_owned(), "-1"),
            ("sys/bus/usb/devices/1-3/busnum".to_owned(), "1"),
            ("sys/bus/usb/devices/1-3/devnum".to_owned(), "9"),
            ("sys/bus/usb/devices/1-2/authorized".to_owned(), "1"),
            ("dev/sda1".to_owned(), "0123456789"),
        ];
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("{text}\n")).unwrap();
        }
        fs::create_dir_all(root.path().join("sys/block")).unwrap();
        for (name, of) in
            [("sda", format!("{usb}/host")), ("sdb", "sys/devices/ata".into()), ("fd0", "sys/devices/floppy".into())]
        {
            let target = root.path().join(of).join("block").join(name);
            std::os::unix::fs::symlink(target, root.path().join("sys/block").join(name)).unwrap();
        }
        let devices = SystemDevices { root: root.path().to_owned() };
        (root, devices)
    }

    #[test]
    fn sees_sticks_and_floppies_and_no_disk_inside_the_computer() {
        let (_root, mut devices) = root();
        let disks = devices.disks().unwrap();
        assert_eq!(disks.iter().map(|disk| disk.whole.name.as_str()).collect::<Vec<_>>(), ["fd0", "sda"]);
        assert!(disks[0].floppy && disks[0].serial == "none");
        let part = Node { name: "sda1".into(), number: (8, 1), sequence: 17, size: 1 << 20 };
        assert_eq!((&disks[1].partitions, disks[1].read_only), (&vec![part], true));
        assert_eq!(disks[1].serial, "AB\\u{1b}[2J");
        let names: Vec<_> = devices.boot_candidates().into_iter().map(|node| node.name).collect();
        assert_eq!(names, ["sda", "sdb"]);
    }

    #[test]
    fn reads_a_device_only_while_its_medium_is_the_same() {
        let (root, mut devices) = root();
        let part = devices.disks().unwrap()[1].partitions[0].clone();
        assert_eq!(devices.read(&part, 2, 4).unwrap(), b"2345");
        assert_eq!(devices.read(&part, 8, 40).unwrap(), b"89\n");
        fs::write(root.path().join("sys/block/sda/diskseq"), "18\n").unwrap();
        assert!(devices.read(&part, 2, 4).is_err());
    }

    #[test]
    fn names_usb_devices_and_lets_one_in_by_its_number() {
        let (root, mut devices) = root();
        let modem = UsbDevice {
            id: 1009,
            product: "0525:a4a2".into(),
            serial: String::new(),
            name: "Network".into(),
            descriptors: b"raw\n".to_vec(),
            authorized: false,
        };
        assert_eq!(devices.usb_devices(), [modem]);
        assert!(devices.authorize_usb(1010, true).is_err());
        devices.authorize_usb(1009, true).unwrap();
        assert_eq!(fs::read(root.path().join("sys/bus/usb/devices/1-3/authorized")).unwrap(), b"1");
        assert!(devices.usb_devices()[0].authorized);
    }

    #[test]
    fn a_keyboard_is_what_has_the_keys_of_one() {
        let (_root, mut devices) = root();
        assert_eq!(devices.keyboards(), 1, "a mouse is none");
        // Keyboard on PS/2; power button; mouse; nothing.
        let keys =
            ["402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe", "10000000000000 0", "1f0000 0 0 0 0", ""];
        assert_eq!(keys.map(is_keyboard), [true, false, false, false]);
    }

    #[test]
    fn once_the_door_is_shut_every_new_usb_device_waits() {
        let (root, _) = root();
        assert_eq!(hold_new_usb(root.path()).unwrap(), 1);
        let hub = root.path().join("sys/bus/usb/devices/usb1");
        assert_eq!(fs::read(hub.join("authorized_default")).unwrap(), b"0");
        let later = root.path().join("sys/module/usbcore/parameters/authorized_default");
        assert_eq!(fs::read(later).unwrap(), b"0");
        assert_eq!(hold_new_usb(tempfile::tempdir().unwrap().path()).unwrap(), 0, "a computer without USB");
    }
}
