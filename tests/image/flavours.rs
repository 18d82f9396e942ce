//! What an image holds and does not hold, from its manifest and from inside.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::ceremony::{FIRST, RECORDS, REQUEST, Requester, confined, record};
use crate::common::crew::Console as _;
use crate::common::pty::STOP;
use crate::common::rehearsal::claviger;
use crate::machine::{Firmware, Machine, Medium, PATIENCE, built, iso};
use crate::sticks::{Drawer, copy_off, copy_onto};

/// The module of the flavour `ceremony`.
const MODULE: &str = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so";

/// The files that an image's manifest names.
fn manifest(flavour: &str) -> String {
    let name = format!("claviger-{}-{flavour}-amd64.manifest", env!("CARGO_PKG_VERSION"));
    fs::read_to_string(built(&name)).expect("the manifest")
}

#[test]
fn the_ceremony_image_has_no_shell_no_software_token_and_no_network() {
    let text = manifest("ceremony");
    let held =
        |part: &str| text.lines().find(|line| line.split(" /").skip(1).any(|path| format!("/{path}").contains(part)));
    for part in [
        "busybox",
        "softhsm",
        "/bin/sh",
        "/bin/bash",
        "/bin/dash",
        "perl",
        "python",
        "/drivers/net/",
        "/kernel/net/",
        "bluetooth",
    ] {
        assert_eq!(held(part), None, "{part}");
    }
    // The same search finds what is there.
    for part in ["/usr/bin/claviger", "opensc-pkcs11.so", "/drivers/usb/storage/usb-storage.ko"] {
        assert!(held(part).is_some(), "{part}");
    }
    let rehearsal = manifest("rehearsal");
    assert!(rehearsal.contains("libsofthsm2.so") && !rehearsal.contains("busybox"));
}

#[test]
fn each_package_and_crate_stands_once_among_the_components() {
    let name = format!("claviger-{}-rehearsal-amd64.cdx.json", env!("CARGO_PKG_VERSION"));
    let papers: Value = serde_json::from_slice(&fs::read(built(&name)).unwrap()).unwrap();
    let components = papers["components"].as_array().unwrap();
    let is_crate = |component: &&Value| component["purl"].as_str().unwrap().starts_with("pkg:cargo/");
    assert!(components.iter().filter(is_crate).count() > 100, "crates");
    for component in components.iter().filter(is_crate) {
        let licence = component["licenses"][0]["expression"].as_str().unwrap();
        let words = licence.split(['(', ')', ' ']).filter(|word| !word.is_empty());
        let sign = |sign: char| sign.is_ascii_alphanumeric() || ".-+".contains(sign);
        assert!(!licence.is_empty() && words.clone().all(|word| word.chars().all(sign)), "{component}");
    }
    let mut names: Vec<&str> = components.iter().map(|component| component["purl"].as_str().unwrap()).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "components stand twice");
}

#[test]
fn the_images_program_knows_no_sign() {
    let program = built("ceremony/root/usr/bin/claviger");
    let says =
        |word: &str| crate::common::rehearsal::run(program.to_str().unwrap(), &[word, "--help"], &built("")).code;
    assert_eq!((says("audit"), says("ceremony"), says("sign")), (0, 0, 2));
    assert_eq!(claviger(&["sign", "--help"], &built("")).code, 0);
}

/// The profile of the host's rehearsal, for a smart card in place of the software token.
fn profile(requester: &Requester, drawer: &Drawer) -> PathBuf {
    let text = fs::read_to_string(requester.profile()).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("env = ")).map(|line| match line {
        line if line.starts_with("module = ") => format!("module = {MODULE:?}\n"),
        line if line.starts_with("name = ") => "name = \"Image test\"\n".to_owned(),
        line => format!("{line}\n"),
    });
    let path = drawer.path("profile.toml");
    fs::write(&path, lines.collect::<String>()).unwrap();
    path
}

#[test]
fn a_ceremony_on_its_own_image_goes_as_far_as_the_token() {
    let drawer = Drawer::new();
    let requester = Requester::new();
    let own = drawer.fat("CLAVIGER");
    copy_onto(&own, &profile(&requester, &drawer));
    let request = drawer.fat(REQUEST);
    copy_onto(&request, &requester.request());
    let records = RECORDS.map(|label| drawer.fat(label));
    let mut machine = Machine::start(&iso("ceremony"), Firmware::Uefi, Medium::Cd);
    let mut crew = requester.crew();
    crew.until(&mut machine, "No profile was found. Plug in the medium with the profile; it appears here by itself.");
    machine.plug("own", &own);
    machine.see("Image test (CLAVIGER (");
    machine.press("1\r");
    machine.see("Is this the profile that was agreed on?");
    machine.pull("own");
    machine.plug("request", &request);
    machine.plug("first", &records[0]);
    machine.plug("second", &records[1]);
    let screen = crew.until(&mut machine, "The token failed. Unlock it again and go on?");
    assert!(!screen.has("REHEARSAL"), "{screen}");
    machine.see("none; connect it or choose another");
    machine.press(STOP);
    machine.answer("Stop the ceremony?", "no card reader here\rSTOP\r");
    crew.until(&mut machine, "The ceremony is over: stopped.");
    machine.press("l\r");
    machine.is_off();

    let folder = drawer.path("off");
    copy_off(&records[0], &folder);
    let record = record(&folder);
    let audit = claviger(&["audit", record.to_str().unwrap()], &folder);
    assert!(audit.code == 0 && audit.out.contains("consistent"), "{}{}", audit.out, audit.err);
    let transcript = fs::read_to_string(record.join("transcript.jsonl")).unwrap();
    assert!(transcript.contains("no card reader here"));
    confined(transcript.as_bytes());
    let names: Vec<_> = fs::read_dir(&record).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!record.file_name().unwrap().to_string_lossy().contains("REHEARSAL"), "{record:?} {names:?}");
}

/// What the kernel says from inside: the flavour `debug` has the same kernel and modules, and a shell to ask with.
#[test]
fn from_inside_no_module_can_be_loaded_and_there_is_no_network() {
    let flavours = ["ceremony", "rehearsal", "debug"];
    let modules = flavours.map(|flavour| {
        let lines = manifest(flavour);
        let mut found: Vec<String> = lines.lines().filter(|line| line.contains(".ko")).map(str::to_owned).collect();
        found.sort();
        found
    });
    assert!(modules[0].len() > 20 && modules.iter().all(|list| *list == modules[0]), "the flavours' modules differ");

    let machine = Machine::start(&iso("debug"), Firmware::Bios, Medium::Usb);
    machine.see(FIRST);
    let said = |command: &str| machine.line.run(command);
    assert_eq!(said("cat /proc/sys/kernel/modules_disabled"), "1");
    assert_eq!(said("ls /sys/class/net"), "lo");
    assert!(said("cat /sys/kernel/security/lockdown").contains("[confidentiality]"));
    assert_eq!(said("cat /proc/sys/kernel/sysrq"), "0");
    assert!(said("echo x 2>&1 >/usr/bin/x").contains("Read-only file system"));
    let loaded = said("ls -1 /sys/module");
    assert!(loaded.contains("usb_storage") && loaded.contains("vfat"), "{loaded}");
    for driver in ["e1000", "virtio_net", "usbnet", "cdc_ether", "bluetooth", "cfg80211", "ahci", "nvme"] {
        assert!(!loaded.lines().any(|name| name == driver), "{driver} is loaded");
    }
    // A reader of smart cards is let in, and the daemon takes it.
    machine.qmp("device_add", &json!({ "driver": "usb-ccid", "id": "reader", "bus": "xhci.0" }));
    let start = Instant::now();
    while !said("ls -l /proc/$(busybox pidof pcscd)/fd").contains("/dev/bus/usb/") {
        assert!(start.elapsed() < PATIENCE, "no reader for pcscd: {}", said("ls -l /proc/$(busybox pidof pcscd)/fd"));
        thread::sleep(Duration::from_secs(1));
    }
    machine.unplug("reader");
    // Each process of ours: no right is left, no new one can be had, no other system call than the listed ones.
    // The broker keeps what it mounts, sets the clock and loads layouts with (SYS_ADMIN, SYS_TIME, SYS_TTY_CONFIG).
    let processes = [("ceremony", "900", 0, "2"), ("broker", "0", 0x0620_0000, "0"), ("launcher", "901", 0, "2")];
    for (role, uid, rights, filter) in processes {
        let status =
            said(&format!("for p in /proc/[0-9]*; do case $(cat $p/cmdline) in *{role}*) cat $p/status;; esac; done"));
        let fact = |name: &str| {
            let line =
                status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {status}"));
            line.trim().to_owned()
        };
        let own = |name: &str| u64::from_str_radix(&fact(name), 16).unwrap();
        assert_eq!(fact("NoNewPrivs:"), "1", "{role}");
        assert!(fact("Uid:").starts_with(uid), "{role}: {status}");
        assert_eq!((own("CapEff:"), own("CapPrm:")), (rights, rights), "{role}");
        assert_eq!(fact("Seccomp:"), filter, "{role}");
    }
}
