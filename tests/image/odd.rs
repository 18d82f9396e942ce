//! Machines as one would rather not have them: the screen says what is the matter.
//!
//! Too slow for every day: `make image-test-full`.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crate::ceremony::{Brought, FIRST, Requester, whole_ceremony};
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

/// The initramfs has no room: what was unpacked of it says why.
#[test]
#[ignore = "make image-test-full"]
fn memory_too_little_for_the_image_is_told() {
    for memory in ["144", "112"] {
        let machine = Machine::with(&iso("rehearsal"), Firmware::Bios, Medium::Cd, &["-m", memory]);
        machine.see("This computer has too little memory.");
    }
}

/// Not even the first process has room: the kernel says so itself.
#[test]
#[ignore = "make image-test-full"]
fn far_too_little_memory_is_told_by_the_kernel() {
    let machine = Machine::with(&iso("rehearsal"), Firmware::Bios, Medium::Cd, &["-m", "96"]);
    machine.see("Unable to mount root fs");
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
fn without_a_hardware_clock_people_are_told_so() {
    let mut machine = Machine::direct("rehearsal", "initcall_blacklist=cmos_init", "qemu64");
    let requester = Requester::new();
    let mut crew = requester.crew();
    let told = crew.until(&mut machine, "by their own watches. The first one");
    assert!(told.has("no hardware clock is known here"), "{told}");
    crew.until(&mut machine, "Which 2 media take the record?");
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
    let screen = machine.see("The boot medium was not read whole");
    assert!(screen.has("Compare the medium's hash with the published one"), "{screen}");
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

/// Too little memory for a frame buffer: the console is VGA text, as on firmware that knows no other mode.
#[test]
#[ignore = "make image-test-full"]
fn a_ceremony_in_text_mode_from_floppies() {
    let small = ["-global", "VGA.vgamem_mb=1"];
    whole_ceremony(Firmware::Bios, Medium::Usb, Brought::FullFloppy, &small);
}

#[test]
#[ignore = "make image-test-full"]
fn a_serial_console_that_is_not_there_is_told_on_the_screen() {
    let mut machine = Machine::with(&iso("ceremony"), Firmware::Bios, Medium::Cd, &["-serial", "none"]);
    machine.see("serial console");
    machine.press("\x1b[B\r");
    machine.see("Claviger stops here.");
    machine.press("\r");
    machine.is_off();
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
