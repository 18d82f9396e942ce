//! Machines as one would rather not have them: the screen says what is the matter.
//!
//! Too slow for every day: `make image-test-full`.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crate::ceremony::FIRST;
use crate::common::crew::Console as _;
use crate::machine::{Firmware, Machine, Medium, PATIENCE, built, iso};
use crate::sticks::Drawer;

#[test]
#[ignore = "make image-test-full"]
fn secure_boot_with_microsofts_keys_reaches_open() {
    Machine::start(&iso("ceremony"), Firmware::Secure, Medium::Usb).see(FIRST);
}

#[test]
#[ignore = "make image-test-full"]
fn a_machine_with_256_mib_reaches_open() {
    Machine::with(&iso("rehearsal"), Firmware::Uefi, Medium::Cd, &["-m", "256"]).see(FIRST);
}

#[test]
#[ignore = "make image-test-full"]
fn too_little_memory_is_told() {
    let machine = Machine::with(&iso("rehearsal"), Firmware::Bios, Medium::Cd, &["-m", "160"]);
    let screen = machine.see("This computer has too little memory.");
    assert!(screen.has("Expected: 192 MiB, better 256 MiB."), "{screen}");
}

#[test]
#[ignore = "make image-test-full"]
fn without_usb_it_starts_and_offers_no_medium() {
    Machine::start(&iso("rehearsal"), Firmware::Bios, Medium::CdWithoutUsb).see(FIRST);
}

#[test]
#[ignore = "make image-test-full"]
fn a_clock_that_lost_its_battery_is_shown_as_it_is() {
    let machine = Machine::with(&iso("rehearsal"), Firmware::Bios, Medium::Cd, &["-rtc", "base=2000-01-01T00:00:00"]);
    assert!(machine.see(FIRST).has("UTC 2000-01-01"));
}

#[test]
#[ignore = "make image-test-full"]
fn a_damaged_initramfs_stops_the_start_with_a_word() {
    let drawer = Drawer::new();
    let damaged = drawer.path("damaged.iso");
    let mut octets = fs::read(iso("ceremony")).unwrap();
    let initrd = fs::read(built("ceremony/initrd")).unwrap();
    let place = octets.windows(64).position(|window| window == &initrd[..64]).expect("the initramfs on the medium");
    octets[place + initrd.len() / 2] ^= 0x10;
    fs::write(&damaged, octets).unwrap();
    let machine = Machine::start(&damaged, Firmware::Bios, Medium::Usb);
    machine.see("Initramfs unpacking failed");
}

#[test]
#[ignore = "make image-test-full"]
fn the_serial_console_shows_the_same() {
    let machine = Machine::start(&iso("rehearsal"), Firmware::Bios, Medium::Cd);
    let wait = |text: &str| {
        let start = Instant::now();
        while !machine.line.rows().join(" ").contains(text) {
            assert!(start.elapsed() < PATIENCE, "`{text}` does not come:\n{}", machine.line.rows().join("\n"));
            thread::sleep(Duration::from_millis(200));
        }
    };
    wait("serial console");
    machine.line.send("\x1b[B\r");
    wait("Is this the profile that was agreed on?");
}

#[test]
#[ignore = "make image-test-full"]
fn the_closed_menu_of_a_ceremony_cannot_be_edited() {
    let mut machine = Machine::start(&iso("ceremony"), Firmware::Bios, Medium::Usb);
    machine.see("Use the");
    machine.press("e");
    machine.see("Enter username:");
}

/// The images are small enough to be written to anything.
#[test]
fn the_published_images_have_at_most_32_mib() {
    for flavour in ["ceremony", "rehearsal"] {
        let path: PathBuf = iso(flavour);
        assert!(fs::metadata(&path).unwrap().len() <= 32 << 20, "{}", path.display());
    }
}
