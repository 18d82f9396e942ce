//! The broker on devices that are values.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::*;
use crate::appliance::devices::UsbDevice;
use crate::appliance::fat::fixture;

/// Devices in memory, shared between the test, which plugs, and the broker.
#[derive(Clone, Default)]
struct Fake(Rc<RefCell<State>>);

#[derive(Default)]
struct State {
    disks: Vec<Disk>,
    contents: BTreeMap<String, Vec<u8>>,
    mounts: BTreeMap<u8, (String, bool)>,
    reads: usize,
    door_is_open: bool,
    busy: bool,
    clock: u32,
    keymap: String,
    usb: Vec<UsbDevice>,
    /// Those that the kernel has; a real one counts what was let in a moment later.
    keyboards: u32,
}

impl Devices for Fake {
    fn disks(&mut self) -> io::Result<Vec<Disk>> {
        Ok(self.0.borrow().disks.clone())
    }

    fn read(&mut self, node: &Node, offset: u64, octets: usize) -> io::Result<Vec<u8>> {
        let mut state = self.0.borrow_mut();
        state.reads += 1;
        let content = state.contents.get(&node.name).ok_or_else(|| io::Error::from_raw_os_error(6))?;
        let start = usize::try_from(offset).unwrap().min(content.len());
        Ok(content[start..content.len().min(start + octets)].to_vec())
    }

    fn floppy_is_protected(&mut self, _: &Node) -> bool {
        true
    }

    fn mount(&mut self, node: &Node, slot: u8, write: bool) -> io::Result<()> {
        assert!(self.0.borrow_mut().mounts.insert(slot, (node.name.clone(), write)).is_none());
        Ok(())
    }

    fn remount_to_write(&mut self, slot: u8) -> io::Result<()> {
        self.0.borrow_mut().mounts.get_mut(&slot).unwrap().1 = true;
        Ok(())
    }

    fn unmount(&mut self, slot: u8, gone: bool) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        if state.busy && !gone {
            return Err(ErrorKind::ResourceBusy.into());
        }
        state.mounts.remove(&slot).unwrap();
        Ok(())
    }

    fn usb_devices(&mut self) -> Vec<UsbDevice> {
        self.0.borrow().usb.clone()
    }

    fn usb_rules(&mut self) -> String {
        crate::appliance::usb::tests::RULES.to_owned()
    }

    fn keyboards(&mut self) -> u32 {
        self.0.borrow().keyboards
    }

    fn authorize_usb(&mut self, id: u32, allow: bool) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        let device = state.usb.iter_mut().find(|device| device.id == id);
        device.ok_or_else(|| io::Error::from_raw_os_error(19))?.authorized = allow;
        Ok(())
    }

    fn boot_candidates(&mut self) -> Vec<Node> {
        self.0.borrow().disks.iter().map(|disk| disk.whole.clone()).collect()
    }

    fn load_keymap(&mut self, name: &str) -> io::Result<()> {
        self.0.borrow_mut().keymap = name.to_owned();
        Ok(())
    }

    fn set_clock(&mut self, unix: u32) -> io::Result<()> {
        self.0.borrow_mut().clock = unix;
        Ok(())
    }

    fn door(&mut self) -> Option<Vec<String>> {
        (!self.0.borrow().door_is_open).then(|| vec!["lockdown: none".to_owned()])
    }
}

fn node(name: &str, sequence: u64, size: u64) -> Node {
    Node { name: name.to_owned(), number: (8, u32::from(*name.as_bytes().last().unwrap())), sequence, size }
}

impl Fake {
    /// Plugs in a stick without partitions.
    fn plug(&self, name: &str, sequence: u64, content: Vec<u8>) {
        let mut state = self.0.borrow_mut();
        let whole = node(name, sequence, content.len() as u64);
        let floppy = name.starts_with("fd");
        let serial = if floppy { "none" } else { "AB12" }.to_owned();
        state.disks.retain(|disk| disk.whole.name != name);
        state.disks.push(Disk { whole, partitions: Vec::new(), floppy, read_only: false, serial });
        state.contents.insert(name.to_owned(), content);
    }

    fn pull(&self, name: &str) {
        self.0.borrow_mut().disks.retain(|disk| disk.whole.name != name);
    }

    fn mounts(&self) -> Vec<(u8, String, bool)> {
        self.0.borrow().mounts.iter().map(|(slot, (name, write))| (*slot, name.clone(), *write)).collect()
    }
}

fn stick(label: &[u8; 11]) -> Vec<u8> {
    fixture::floppy(label, 0x1234_abcd)
}

fn listed(broker: &mut Broker<Fake>) -> Vec<Seen> {
    match broker.answer(Request::Volumes) {
        Answer::Plugged(plugged) => plugged.volumes,
        other => panic!("{other:?}"),
    }
}

fn mount(broker: &mut Broker<Fake>, id: u32, write: bool) -> Answer {
    broker.answer(Request::Mount { volume: VolumeId(id), write })
}

fn started() -> (Fake, Broker<Fake>) {
    let fake = Fake::default();
    (fake.clone(), Broker::new(fake, 1))
}

#[test]
fn a_stick_is_listed_with_label_serial_and_uuid_and_read_once() {
    let (fake, mut broker) = started();
    assert!(listed(&mut broker).is_empty());
    fake.plug("sda", 5, stick(b"RECORD-A   "));
    let facts = VolumeFacts {
        id: VolumeId(1),
        label: "RECORD-A".into(),
        serial: "AB12".into(),
        uuid: "1234-ABCD".into(),
        size: 1_474_560,
        free: 2847 * 512,
        writable: true,
    };
    assert_eq!(listed(&mut broker), [Seen { facts, fault: None }]);
    let reads = fake.0.borrow().reads;
    assert_eq!((listed(&mut broker).len(), fake.0.borrow().reads), (1, reads));
}

#[test]
fn a_medium_that_comes_back_or_is_exchanged_has_another_number() {
    let (fake, mut broker) = started();
    fake.plug("sda", 5, stick(b"KSR        "));
    listed(&mut broker);
    assert_eq!(mount(&mut broker, 1, false), Answer::Mounted { slot: 1 });
    fake.plug("sda", 6, stick(b"KSR        "));
    assert_eq!(listed(&mut broker)[0].facts.id, VolumeId(2));
    assert!(fake.mounts().is_empty(), "what is gone is let go");
    assert_eq!(mount(&mut broker, 1, false), Answer::Refused(Refused::Gone));
    assert_eq!(broker.answer(Request::Unmount { volume: VolumeId(1) }), Answer::Done);
    fake.pull("sda");
    assert!(listed(&mut broker).is_empty());
}

#[test]
fn a_mount_for_reading_becomes_one_for_writing_and_ends_when_nobody_uses_it() {
    let (fake, mut broker) = started();
    fake.plug("sda", 5, stick(b"RECORD-A   "));
    fake.plug("sdb", 6, stick(b"RECORD-B   "));
    listed(&mut broker);
    assert_eq!(mount(&mut broker, 2, true), Answer::Mounted { slot: 1 });
    assert_eq!(mount(&mut broker, 1, false), Answer::Mounted { slot: 2 });
    assert_eq!(mount(&mut broker, 1, true), Answer::Mounted { slot: 2 });
    assert_eq!(mount(&mut broker, 1, false), Answer::Mounted { slot: 2 });
    assert_eq!(fake.mounts(), [(1, "sdb".into(), true), (2, "sda".into(), true)]);
    fake.0.borrow_mut().busy = true;
    let unmount = Request::Unmount { volume: VolumeId(2) };
    assert_eq!(broker.answer(unmount), Answer::Refused(Refused::Because("it is still in use".into())));
    fake.0.borrow_mut().busy = false;
    assert_eq!(broker.answer(unmount), Answer::Done);
    assert_eq!(broker.answer(unmount), Answer::Done);
    assert_eq!(broker.answer(Request::PowerOff), Answer::Done);
    assert!(fake.mounts().is_empty());
}

#[test]
fn what_was_rewritten_since_it_was_listed_is_not_mounted() {
    let (fake, mut broker) = started();
    fake.plug("sda", 5, stick(b"KSR        "));
    listed(&mut broker);
    fake.plug("sda", 5, fixture::floppy(b"KSR        ", 7));
    assert_eq!(mount(&mut broker, 1, false), Answer::Refused(Refused::Gone));
    // An officer's floppy may have no serial either: its label alone says that it is never written.
    let (fake, mut broker) = started();
    fake.plug("sda", 5, stick(b"KSR        "));
    listed(&mut broker);
    fake.plug("sda", 5, stick(b"SHARE-CO1  "));
    assert_eq!(mount(&mut broker, 1, true), Answer::Refused(Refused::Gone));
}

#[test]
fn what_is_no_single_fat_is_listed_by_name_and_never_mounted() {
    let (fake, mut broker) = started();
    let mut exfat = vec![0; 64 << 10];
    exfat[3..11].copy_from_slice(b"EXFAT   ");
    fake.plug("sda", 1, exfat);
    fake.plug("sdb", 2, stick(b"KSR        "));
    fake.0.borrow_mut().disks[1].partitions = vec![node("sdb1", 2, 10), node("sdb2", 2, 10)];
    let faults: Vec<_> = listed(&mut broker).into_iter().filter_map(|seen| seen.fault).collect();
    assert_eq!(faults, ["exFAT", "two or more partitions"]);
    for id in [1, 2] {
        let Answer::Refused(Refused::Because(why)) = mount(&mut broker, id, false) else { panic!() };
        assert!(why.ends_with("expected one FAT file system"), "{why}");
    }
}

#[test]
fn one_partition_is_taken_for_the_stick() {
    let (fake, mut broker) = started();
    fake.plug("sda", 1, vec![0; 64]);
    fake.0.borrow_mut().disks[0].partitions = vec![node("sda1", 1, 1_474_560)];
    fake.0.borrow_mut().contents.insert("sda1".into(), stick(b"KSR        "));
    assert_eq!(listed(&mut broker)[0].facts.label, "KSR");
    mount(&mut broker, 1, false);
    assert_eq!(fake.mounts(), [(1, "sda1".into(), false)]);
}

#[test]
fn what_could_not_be_read_yet_is_looked_at_again() {
    let (fake, mut broker) = started();
    fake.plug("sda", 1, stick(b"KSR        "));
    fake.0.borrow_mut().contents.clear();
    assert!(listed(&mut broker)[0].fault.as_ref().unwrap().starts_with("unreadable"));
    assert_eq!(listed(&mut broker)[0].facts.id, VolumeId(1));
    assert_eq!(fake.0.borrow().reads, 2);
    // A look at a stick that stalls may take minutes, in which no other medium is served: it becomes rare.
    (0..200).for_each(|_| assert_eq!(listed(&mut broker)[0].facts.id, VolumeId(1)));
    assert_eq!(fake.0.borrow().reads, 2 + 5 + 2);
    fake.0.borrow_mut().contents.insert("sda".into(), stick(b"KSR        "));
    let seen = (0..64).map(|_| listed(&mut broker).remove(0)).last().unwrap();
    assert_eq!((seen.facts.label.as_str(), seen.facts.id, seen.fault), ("KSR", VolumeId(2), None));
}

#[test]
fn shares_and_profiles_are_only_read() {
    let (fake, mut broker) = started();
    fake.plug("sda", 1, stick(b"SHARE-CO1  "));
    fake.plug("sdb", 2, stick(b"CLAVIGER   "));
    listed(&mut broker);
    for id in [1, 2] {
        assert!(matches!(mount(&mut broker, id, true), Answer::Refused(Refused::Because(_))));
        assert!(matches!(mount(&mut broker, id, false), Answer::Mounted { .. }));
    }
}

#[test]
fn a_write_protected_stick_is_mounted_for_reading_alone() {
    let (fake, mut broker) = started();
    fake.plug("sda", 1, stick(b"KSR        "));
    fake.0.borrow_mut().disks[0].read_only = true;
    assert!(!listed(&mut broker)[0].facts.writable);
    assert_eq!(mount(&mut broker, 1, true), Answer::Refused(Refused::ReadOnly));
    assert_eq!(mount(&mut broker, 1, false), Answer::Mounted { slot: 1 });
}

#[test]
fn a_floppy_shows_on_demand_or_at_its_turn_and_keeps_its_number_while_it_is_the_same() {
    let (fake, mut broker) = started();
    fake.plug("fd0", 0, stick(b"KSR        "));
    fake.0.borrow_mut().contents.clear();
    assert!(listed(&mut broker).is_empty(), "the drive is empty");
    fake.plug("fd0", 0, stick(b"KSR        "));
    assert!(listed(&mut broker).is_empty(), "it is not its turn");
    let Answer::Plugged(plugged) = broker.answer(Request::ProbeFloppy) else { panic!() };
    assert_eq!((plugged.volumes[0].facts.id, plugged.volumes[0].facts.writable), (VolumeId(1), false));
    for _ in 0..8 {
        assert_eq!(listed(&mut broker)[0].facts.id, VolumeId(1));
    }
    fake.plug("fd0", 0, stick(b"RECORD     "));
    broker.answer(Request::ProbeFloppy);
    assert_eq!(listed(&mut broker)[0].facts.id, VolumeId(2));
    fake.0.borrow_mut().contents.clear();
    broker.answer(Request::ProbeFloppy);
    assert!(listed(&mut broker).is_empty());
}

#[test]
fn before_the_door_is_shut_no_medium_is_touched() {
    let (fake, mut broker) = started();
    fake.plug("sda", 1, stick(b"KSR        "));
    fake.0.borrow_mut().door_is_open = true;
    assert!(listed(&mut broker).is_empty());
    assert!(matches!(broker.answer(Request::HashBootMedium), Answer::Refused(Refused::Because(_))));
    assert_eq!(fake.0.borrow().reads, 0);
}

#[test]
fn the_boot_medium_is_hashed_to_its_last_octet_and_is_no_volume() {
    let (fake, mut broker) = started();
    assert_eq!(broker.answer(Request::HashBootMedium), Answer::BootMedium(None));
    let image = fixture::our_image(300);
    let mut medium = image.clone();
    medium.resize(image.len() + 8192, 0xff);
    fake.plug("sda", 1, medium);
    fake.0.borrow_mut().disks[0].partitions = vec![node("sda1", 1, 10), node("sda2", 1, 10)];
    let hashed = BootMedium { sha256: crate::dns::sha256(&image), size: image.len() as u64 };
    assert_eq!(broker.answer(Request::HashBootMedium), Answer::BootMedium(Some(hashed)));
    assert!(listed(&mut broker).is_empty());
    assert_eq!(mount(&mut broker, 1, false), Answer::Refused(Refused::Gone));
}

#[test]
fn the_clock_is_not_set_back_to_before_this_program() {
    let (fake, mut broker) = started();
    assert!(matches!(broker.answer(Request::SetClock { unix: 0 }), Answer::Refused(Refused::Because(_))));
    assert_eq!(broker.answer(Request::SetClock { unix: 1_800_000_000 }), Answer::Done);
    assert_eq!(fake.0.borrow().clock, 1_800_000_000);
}

/// A device with interfaces of these classes; its name is its serial number, too.
fn usb(id: u32, name: &str, classes: &[u8]) -> UsbDevice {
    UsbDevice {
        id,
        product: "0627:0001".into(),
        serial: name.into(),
        name: name.into(),
        descriptors: crate::appliance::usb::tests::device(classes),
        authorized: false,
    }
}

impl Fake {
    fn plug_usb(&self, device: UsbDevice) {
        self.0.borrow_mut().usb.push(device);
    }

    fn pull_usb(&self, id: u32) {
        self.0.borrow_mut().usb.retain(|device| device.id != id);
    }

    fn inside(&self) -> Vec<u32> {
        self.0.borrow().usb.iter().filter(|device| device.authorized).map(|device| device.id).collect()
    }
}

fn usb_state(broker: &mut Broker<Fake>) -> UsbState {
    match broker.answer(Request::UsbDevices) {
        Answer::Usb(state) => state,
        other => panic!("{other:?}"),
    }
}

fn ids(devices: &[crate::steps::UsbFacts]) -> Vec<u32> {
    devices.iter().map(|device| device.id).collect()
}

/// A broker whose door was shut while one keyboard was there.
fn guarded() -> (Fake, Broker<Fake>) {
    let fake = Fake::default();
    fake.plug_usb(UsbDevice { authorized: true, ..usb(1, "first", &[3]) });
    let mut broker = Broker::new(fake.clone(), 1);
    assert_eq!(usb_state(&mut broker), UsbState { keyboards: 1, ..UsbState::default() });
    (fake, broker)
}

#[test]
fn sticks_come_in_by_themselves_and_other_classes_stay_out() {
    let (fake, mut broker) = guarded();
    fake.plug_usb(usb(2, "stick", &[8]));
    fake.plug_usb(usb(3, "modem", &[2, 10]));
    let state = usb_state(&mut broker);
    assert_eq!((fake.inside(), ids(&state.refused)), (vec![1, 2], vec![3]));
    assert_eq!(state.refused[0].classes, "02 0a");
    let refused = broker.answer(Request::Usb { device: 3, allow: true });
    assert!(matches!(refused, Answer::Refused(Refused::Because(_))), "no person lets a modem in");
    assert_eq!(broker.answer(Request::Usb { device: 4, allow: true }), Answer::Refused(Refused::Gone));
    fake.pull_usb(3);
    assert_eq!(usb_state(&mut broker).refused, []);
}

#[test]
fn the_same_keyboard_comes_back_and_a_new_one_waits_for_a_person() {
    let (fake, mut broker) = guarded();
    fake.pull_usb(1);
    assert_eq!(usb_state(&mut broker).keyboards, 0);
    fake.plug_usb(usb(2, "first", &[3]));
    assert_eq!((usb_state(&mut broker).keyboards, fake.inside()), (1, vec![2]));
    fake.plug_usb(usb(3, "first", &[3])); // a second one that says it is the first
    fake.plug_usb(usb(4, "second", &[3]));
    fake.plug_usb(usb(5, "first", &[3, 8])); // the same names, other descriptors
    assert_eq!((ids(&usb_state(&mut broker).waiting), fake.inside()), (vec![3, 4, 5], vec![2]));
    assert_eq!(broker.answer(Request::Usb { device: 4, allow: true }), Answer::Done);
    assert_eq!(broker.answer(Request::Usb { device: 3, allow: false }), Answer::Done);
    let state = usb_state(&mut broker);
    assert_eq!((ids(&state.waiting), ids(&state.refused), state.keyboards), (vec![5], vec![3], 2));
    assert_eq!(fake.inside(), [2, 4]);
}

#[test]
fn what_types_and_was_not_let_in_before_the_door_was_shut_waits() {
    let fake = Fake::default();
    fake.plug_usb(usb(1, "late", &[3]));
    fake.plug_usb(UsbDevice { authorized: true, ..usb(2, "camera", &[14]) });
    fake.0.borrow_mut().door_is_open = true;
    let mut broker = Broker::new(fake.clone(), 1);
    assert_eq!(usb_state(&mut broker), UsbState::default());
    fake.0.borrow_mut().door_is_open = false;
    let state = usb_state(&mut broker);
    assert_eq!((ids(&state.waiting), ids(&state.refused)), (vec![1], vec![2]));
    assert_eq!(fake.inside(), [] as [u32; 0], "what udev let in against the list is put out");
}

#[test]
fn what_was_let_in_is_a_keyboard_for_long_only_if_the_kernel_has_one() {
    let (fake, mut broker) = guarded();
    let looks: Vec<u32> = (0..12).map(|_| usb_state(&mut broker).keyboards).collect();
    assert_eq!((looks[0], looks[11]), (1, 0), "a mouse: nobody could let in a keyboard");
    fake.0.borrow_mut().keyboards = 1;
    assert_eq!(usb_state(&mut broker).keyboards, 1, "on PS/2");
}

#[test]
fn a_keyboard_layout_is_named_by_its_place_in_the_list() {
    let fake = Fake::default();
    let mut broker = Broker::new(fake.clone(), 1);
    assert_eq!(broker.answer(Request::Keymap { number: 2 }), Answer::Done);
    assert_eq!(fake.0.borrow().keymap, "de");
    let beyond = u8::try_from(KEYMAPS.len()).unwrap();
    assert_eq!(broker.answer(Request::Keymap { number: beyond }), Answer::Refused(Refused::Gone));
}
