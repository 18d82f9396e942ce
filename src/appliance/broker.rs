//! The broker: knows the media, and does the few things that need root, for the ceremony alone.

use std::io::{self, ErrorKind};

use sha2::{Digest as _, Sha256};

use crate::dns::Sha256Digest;
use crate::process::{Answer, BootMedium, KEYMAPS, Plugged, Refused, Request, SLOTS, Seen};
use crate::steps::{UsbState, VolumeFacts, VolumeId};

use super::devices::{Devices, Disk, Node};
use super::fat::{self, Content};
use super::guard::Guard;

/// Media labelled so are read and never written: shares and profiles.
///
/// These are the image's own words and not those of a profile: a profile reaches this program only through the ceremony,
/// which this list is there to stand against; one that was taken over would name other labels. Where a profile's
/// `share-label` begins otherwise, the ceremony alone keeps from writing there.
const NEVER_WRITTEN: [&str; 2] = ["SHARE", "CLAVIGER"];
/// Of so many looks one goes to floppy drives: they whirr, and do not tell by themselves.
const FLOPPY_TURN: u32 = 4;
/// The earliest time that a clock is set to: 2020-01-01.
const EARLIEST: u32 = 1_577_836_800;
/// Looks that pass at most between two at a medium that cannot be read, as a power of two: each may take minutes.
const MOST_PATIENCE: u32 = 6;
/// Octets of a boot medium that are read at once.
const PIECE: usize = 1 << 20;
/// Octets that an image of ours has at most.
const MAX_IMAGE: u64 = 1 << 30;

/// The state of the broker.
#[derive(Debug)]
pub(super) struct Broker<D> {
    devices: D,
    guard: Guard,
    volumes: Vec<Volume>,
    next: u32,
    turn: u32,
    looks: u32,
}

/// A medium for as long as it is plugged in.
#[derive(Clone, Debug)]
struct Volume {
    id: VolumeId,
    node: Node,
    partitions: usize,
    floppy: bool,
    seen: Seen,
    read: bool,
    /// How often it could not be read, and the look at which that is tried again.
    failed: u32,
    due: u32,
    hidden: bool,
    mounted: Option<Mounted>,
}

#[derive(Clone, Copy, Debug)]
struct Mounted {
    slot: u8,
    write: bool,
}

impl<D: Devices> Broker<D> {
    /// A broker that has seen nothing yet, and numbers media from `first` on.
    pub(super) fn new(devices: D, first: u32) -> Self {
        Self { devices, guard: Guard::default(), volumes: Vec::new(), next: first, turn: 0, looks: 0 }
    }

    /// Does what is asked, or says why not.
    pub(super) fn answer(&mut self, request: Request) -> Answer {
        let done = match request {
            Request::Volumes => self.plugged(false),
            Request::ProbeFloppy => self.plugged(true),
            Request::Mount { volume, write } => self.mount(volume, write).map(|slot| Answer::Mounted { slot }),
            Request::Unmount { volume } => self.unmount(volume),
            Request::HashBootMedium => self.boot_medium().map(Answer::BootMedium),
            Request::UsbDevices => self.usb_devices(),
            Request::Usb { device, allow } => {
                self.guard.decide(device, allow, &mut self.devices).map(|()| Answer::Done)
            }
            Request::Keymap { number } => self.keymap(number),
            Request::SetClock { unix } => self.set_clock(unix),
            Request::PowerOff => {
                self.let_go();
                Ok(Answer::Done)
            }
        };
        done.unwrap_or_else(Answer::Refused)
    }

    /// Unmounts whatever is mounted: the ceremony is gone, or it is all over.
    pub(super) fn let_go(&mut self) {
        for volume in &mut self.volumes {
            if let Some(mounted) = volume.mounted.take() {
                let _ = self.devices.unmount(mounted.slot, true); // who would be told is gone
            }
        }
    }

    fn plugged(&mut self, floppies: bool) -> Result<Answer, Refused> {
        let Some(report) = self.devices.door() else {
            return Ok(Answer::Plugged(Plugged::default())); // nothing is touched before
        };
        let floppies = floppies || self.turn == 0;
        self.turn = (self.turn + 1) % FLOPPY_TURN;
        self.look(floppies).map_err(|error| Refused::Because(format!("the media cannot be looked at: {error}")))?;
        let shown = self.volumes.iter().filter(|volume| !volume.hidden);
        let volumes = shown.map(|volume| volume.seen.clone()).collect();
        Ok(Answer::Plugged(Plugged { started: Some(report), volumes }))
    }

    /// Brings the list of media up to what is there now.
    fn look(&mut self, floppies: bool) -> io::Result<()> {
        let mut found = Vec::new();
        self.looks = self.looks.saturating_add(1);
        let looks = self.looks;
        for disk in self.devices.disks()? {
            let known = self.volumes.iter().position(|volume| is_same(volume, &disk));
            let known = known.map(|at| self.volumes.remove(at));
            let look_again = |volume: &Volume| {
                let unread = !volume.read && looks >= volume.due;
                volume.mounted.is_none() && (unread || (disk.floppy && floppies))
            };
            match known {
                Some(volume) if !look_again(&volume) => found.push(volume),
                None if disk.floppy && !floppies => {}
                before => found.extend(self.identify(&disk, before)),
            }
        }
        for gone in std::mem::replace(&mut self.volumes, found) {
            if let Some(mounted) = gone.mounted {
                let _ = self.devices.unmount(mounted.slot, true); // it is not there any more
            }
        }
        self.volumes.sort_by_key(|volume| volume.id);
        Ok(())
    }

    /// Looks what is on a medium; none if there is no medium, or if it cannot be read yet.
    fn identify(&mut self, disk: &Disk, before: Option<Volume>) -> Option<Volume> {
        let node = chosen(disk);
        if node.size == 0 {
            return None;
        }
        let content = self.content(disk, node);
        let read = content.is_ok();
        let (fat, fault) = match content {
            Ok(Content::Fat(fat)) => (Some(fat), None),
            Ok(Content::OurImage) => (None, None),
            Ok(Content::Other(name)) => (None, Some(name.to_owned())),
            Err(_) if disk.floppy => return None, // the drive is empty
            Err(error) => (None, Some(format!("unreadable: {error}"))),
        };
        let hidden = fat.is_none() && fault.is_none();
        let before_failed = before.as_ref().map_or(0, |volume| volume.failed);
        let failed = if read { 0 } else { before_failed.saturating_add(1) };
        let due = self.looks.saturating_add(1 << before_failed.min(MOST_PATIENCE));
        let read_only = disk.read_only || (disk.floppy && self.devices.floppy_is_protected(node));
        let facts = VolumeFacts {
            id: VolumeId(self.next),
            label: fat.as_ref().map(|fat| fat.label.clone()).unwrap_or_default(),
            serial: disk.serial.clone(),
            uuid: fat.as_ref().map(|fat| fat.serial.clone()).unwrap_or_default(),
            size: fat.as_ref().map_or(node.size, |fat| fat.size),
            free: fat.as_ref().and_then(|fat| fat.free).unwrap_or(VolumeFacts::UNKNOWN),
            writable: fat.is_some() && !read_only,
        };
        // The same medium as before, as far as can be told.
        let same = |old: &Volume| VolumeFacts { id: facts.id, free: facts.free, ..old.seen.facts.clone() } == facts;
        if let Some(before) = before.filter(same) {
            let facts = VolumeFacts { id: before.id, ..facts };
            return Some(Volume { read, failed, due, seen: Seen { facts, fault }, ..before });
        }
        self.next = self.next.saturating_add(1);
        Some(Volume {
            id: facts.id,
            node: node.clone(),
            partitions: disk.partitions.len(),
            floppy: disk.floppy,
            seen: Seen { facts, fault },
            read,
            failed,
            due,
            hidden,
            mounted: None,
        })
    }

    fn content(&mut self, disk: &Disk, node: &Node) -> io::Result<Content> {
        let devices = &mut self.devices;
        if disk.partitions.len() > 1 {
            // Our own image has two partitions; a stick of two is refused whatever they hold.
            let whole = fat::probe(&mut |offset, octets| devices.read(&disk.whole, offset, octets), disk.whole.size)?;
            return Ok(match whole {
                Content::OurImage => whole,
                _ => Content::Other("two or more partitions"),
            });
        }
        let size = if disk.floppy { u64::MAX } else { node.size };
        fat::probe(&mut |offset, octets| devices.read(node, offset, octets), size)
    }

    fn volume(&mut self, id: VolumeId) -> Result<&mut Volume, Refused> {
        self.volumes.iter_mut().find(|volume| volume.id == id && !volume.hidden).ok_or(Refused::Gone)
    }

    fn mount(&mut self, id: VolumeId, write: bool) -> Result<u8, Refused> {
        let used: Vec<u8> =
            self.volumes.iter().filter_map(|volume| volume.mounted).map(|mounted| mounted.slot).collect();
        let volume = self.volume(id)?.clone();
        if let Some(fault) = volume.seen.fault {
            return Err(Refused::Because(format!("found {fault}; expected one FAT file system")));
        }
        let facts = &volume.seen.facts;
        if write && !facts.writable {
            return Err(Refused::ReadOnly);
        }
        if write && NEVER_WRITTEN.iter().any(|label| facts.label.starts_with(label)) {
            return Err(Refused::Because(format!("a medium labelled {} is only read", facts.label)));
        }
        let mounted = match volume.mounted {
            Some(mounted) if mounted.write || !write => mounted,
            Some(Mounted { slot, .. }) => {
                self.devices.remount_to_write(slot).map_err(|error| refused(&error))?;
                Mounted { slot, write }
            }
            None => {
                let slot = (1..=SLOTS).find(|slot| !used.contains(slot));
                let slot = slot.ok_or_else(|| Refused::Because(format!("{SLOTS} media are in use already")))?;
                self.expect_unchanged(&volume)?;
                self.devices.mount(&volume.node, slot, write).map_err(|error| refused(&error))?;
                Mounted { slot, write }
            }
        };
        self.volume(id)?.mounted = Some(mounted);
        Ok(mounted.slot)
    }

    /// What is mounted is what was listed: the file system is read once more.
    fn expect_unchanged(&mut self, volume: &Volume) -> Result<(), Refused> {
        let devices = &mut self.devices;
        let size = if volume.floppy { u64::MAX } else { volume.node.size };
        let found = fat::probe(&mut |offset, octets| devices.read(&volume.node, offset, octets), size);
        let facts = &volume.seen.facts;
        match found {
            Ok(Content::Fat(fat)) if (&fat.label, &fat.serial, fat.size) == (&facts.label, &facts.uuid, facts.size) => {
                Ok(())
            }
            _ => Err(Refused::Gone),
        }
    }

    fn unmount(&mut self, id: VolumeId) -> Result<Answer, Refused> {
        // One that is gone was let go when that was seen.
        let Some(volume) = self.volumes.iter_mut().find(|volume| volume.id == id) else { return Ok(Answer::Done) };
        if let Some(mounted) = volume.mounted {
            self.devices.unmount(mounted.slot, false).map_err(|error| refused(&error))?;
            volume.mounted = None;
            volume.read &= !mounted.write; // what is free on it may have changed
        }
        Ok(Answer::Done)
    }

    fn usb_devices(&mut self) -> Result<Answer, Refused> {
        if self.devices.door().is_none() {
            return Ok(Answer::Usb(UsbState::default())); // udev judges until then
        }
        Ok(Answer::Usb(self.guard.look(&mut self.devices)))
    }

    fn keymap(&mut self, number: u8) -> Result<Answer, Refused> {
        let name = KEYMAPS.get(usize::from(number)).ok_or(Refused::Gone)?;
        self.devices.load_keymap(name).map(|()| Answer::Done).map_err(|error| Refused::Because(error.to_string()))
    }

    fn set_clock(&mut self, unix: u32) -> Result<Answer, Refused> {
        if unix < EARLIEST {
            return Err(Refused::Because("a time before 2020 is not set".to_owned()));
        }
        self.devices.set_clock(unix).map(|()| Answer::Done).map_err(|error| refused(&error))
    }

    /// Hashes the first medium that holds an image of ours, from its first octet to the last that its own tables name.
    fn boot_medium(&mut self) -> Result<Option<BootMedium>, Refused> {
        if self.devices.door().is_none() {
            return Err(Refused::Because("the appliance is still starting".to_owned()));
        }
        for node in self.devices.boot_candidates() {
            let devices = &mut self.devices;
            let content = fat::probe(&mut |offset, octets| devices.read(&node, offset, octets), node.size);
            if matches!(content, Ok(Content::OurImage)) {
                return self.hash(&node).map(Some).map_err(|error| refused(&error));
            }
        }
        Ok(None)
    }

    fn hash(&mut self, node: &Node) -> io::Result<BootMedium> {
        let size = fat::image_size(&mut |offset, octets| self.devices.read(node, offset, octets))?;
        let size = size.filter(|size| *size <= node.size.min(MAX_IMAGE)).ok_or(ErrorKind::InvalidData)?;
        let (mut hash, mut done) = (Sha256::new(), 0_u64);
        while done < size {
            let wanted = usize::try_from(size - done).unwrap_or(PIECE).min(PIECE);
            let piece = self.devices.read(node, done, wanted)?;
            if piece.len() != wanted {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            hash.update(&piece);
            done += piece.len() as u64;
        }
        Ok(BootMedium { sha256: Sha256Digest::from(<[u8; 32]>::from(hash.finalize())), size })
    }
}

/// Where the one file system of a disk must be.
fn chosen(disk: &Disk) -> &Node {
    match disk.partitions.as_slice() {
        [only] => only,
        _ => &disk.whole,
    }
}

/// Whether a disk is the one that a volume was found on, with the same medium in it.
fn is_same(volume: &Volume, disk: &Disk) -> bool {
    if disk.floppy {
        return disk.whole.name == volume.node.name;
    }
    *chosen(disk) == volume.node && disk.partitions.len() == volume.partitions
}

fn refused(error: &io::Error) -> Refused {
    const NODEV: i32 = 19;
    const NXIO: i32 = 6;
    const NOMEDIUM: i32 = 123;
    match (error.kind(), error.raw_os_error()) {
        (_, Some(NODEV | NXIO | NOMEDIUM)) | (ErrorKind::NotFound, _) => Refused::Gone,
        (ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied, _) => Refused::ReadOnly,
        (ErrorKind::ResourceBusy, _) => Refused::Because("it is still in use".to_owned()),
        _ => Refused::Because(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
