//! A machine that boots an image: QEMU in software emulation, its screen, its keyboard, and what is plugged in.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::crew::Console;
use crate::common::pty::Screen;
use crate::keys;
use crate::line::Line;
use crate::qmp::Qmp;
use crate::screen::{Dump, Font};

/// How long anything on the screen is waited for: emulation is slow, and slower beside other work.
pub const PATIENCE: Duration = Duration::from_secs(400);
/// Between two looks at the screen.
const LOOK: Duration = Duration::from_millis(150);
/// Between two keys: the keyboard's own queue is short.
const STROKE: Duration = Duration::from_millis(45);
/// What the machine's clock says when it starts.
pub const CLOCK: &str = "2026-03-02T09:00:00";

/// What the machine's firmware is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Firmware {
    /// SeaBIOS.
    Bios,
    /// OVMF.
    Uefi,
    /// OVMF with Secure Boot and Microsoft's keys.
    Secure,
}

impl Firmware {
    /// QEMU's arguments; the firmware's variables lie in `folder`.
    fn arguments(self, folder: &Path) -> Vec<String> {
        let keys = match self {
            Self::Bios => return Vec::new(),
            Self::Uefi => "",
            Self::Secure => ".ms",
        };
        let variables = folder.join("variables");
        fs::copy(format!("/usr/share/OVMF/OVMF_VARS_4M{keys}.fd"), &variables).expect("OVMF (package ovmf)");
        let flash = |unit, more: String| format!("if=pflash,format=raw,unit={unit},{more}");
        let mut words =
            vec!["-drive".to_owned(), flash(0, format!("readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M{keys}.fd"))];
        words.extend(["-drive".to_owned(), flash(1, format!("file={}", variables.display()))]);
        if self == Self::Secure {
            words.extend(["-global".to_owned(), "driver=cfi.pflash01,property=secure,value=on".to_owned()]);
        }
        words
    }
}

/// What the machine starts from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Medium {
    /// A disc in a SATA drive.
    Cd,
    /// The same, in a machine without any USB.
    CdWithoutUsb,
    /// A stick.
    Usb,
}

/// Where `image/build` leaves what it makes.
pub fn built(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/image").join(name)
}

/// An image of this flavour.
pub fn iso(flavour: &str) -> PathBuf {
    let path = built(&format!("claviger-{}-{flavour}-amd64.iso", env!("CARGO_PKG_VERSION")));
    assert!(path.exists(), "{} is missing: `make image-test` builds it", path.display());
    path
}

/// QEMU's arguments for a stick whose every write is logged; by UAS, with which it is told when to keep what it has.
pub fn logged_stick(name: &str, image: &Path, log: &Path) -> Vec<String> {
    let node = json!({
        "driver": "blklogwrites", "node-name": name, "log-super-update-interval": 1,
        "file": { "driver": "file", "filename": image }, "log": { "driver": "file", "filename": log },
    });
    let words =
        ["-blockdev", &node.to_string(), "-device", &format!("usb-uas,id={name}-bridge,bus=xhci.0,serial={name}")];
    let disk = format!("scsi-hd,bus={name}-bridge.0,drive={name},removable=on");
    words.into_iter().chain(["-device", &disk]).map(str::to_owned).collect()
}

/// A machine; dropped, it is switched off.
pub struct Machine {
    qemu: Child,
    qmp: RefCell<Qmp>,
    /// The serial line.
    pub line: Line,
    font: Arc<Font>,
    text_font: Arc<Font>,
    /// What was read last.
    last: RefCell<Option<(Dump, Vec<String>)>>,
    folder: TempDir,
}

impl Machine {
    /// Switches it on.
    pub fn start(iso: &Path, firmware: Firmware, medium: Medium) -> Self {
        Self::with(iso, firmware, medium, &[])
    }

    /// Switches it on with more of QEMU's arguments; of two of a kind the later holds.
    pub fn with(iso: &Path, firmware: Firmware, medium: Medium, more: &[&str]) -> Self {
        let boot = format!("if=none,id=boot,readonly=on,format=raw,file={}", iso.display());
        let (boot, device) = match medium {
            Medium::Usb => (boot, "usb-storage,id=boot-stick,bus=xhci.0,drive=boot,bootindex=0,serial=BOOT"),
            Medium::Cd | Medium::CdWithoutUsb => (boot + ",media=cdrom", "ide-cd,drive=boot,bootindex=0"),
        };
        let words = ["-drive", &boot, "-device", device];
        Self::switch_on(firmware, medium != Medium::CdWithoutUsb, &[&words, more].concat())
    }

    /// Switches it on with the kernel and the initramfs of this flavour's image, without a boot loader: with the words of
    /// the menu's first entry, but for those that show the kernel's messages, and with more of them.
    pub fn direct(flavour: &str, more: &str) -> Self {
        let part = |name: &str| built(flavour).join(name).display().to_string();
        let (kernel, initrd) = (part("iso/boot/vmlinuz"), part("initrd"));
        let menu = fs::read_to_string(part("iso/boot/grub/grub.cfg")).expect("the boot menu");
        let words = |name: &str| {
            let value = menu.lines().find_map(|line| line.strip_prefix(&format!("set {name}=\"")));
            value.and_then(|value| value.strip_suffix('"')).expect("the menu's words").to_owned()
        };
        let menu = ["hardening", "iommu", "screen"].map(words).join(" ");
        let line = format!("{menu} vga=792 loglevel=1 quiet {more} -- init"); // 1024x768, as GRUB would set it
        Self::switch_on(Firmware::Bios, true, &["-kernel", &kernel, "-initrd", &initrd, "-append", &line])
    }

    fn switch_on(firmware: Firmware, usb: bool, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // However this test ends, QEMU ends with it.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "qemu-system-x86_64"]);
        command.args([
            "-nodefaults",
            "-display",
            "none",
            "-device",
            "VGA,id=screen",
            "-nic",
            "none",
            "-no-reboot",
            "-m",
            "384",
        ]);
        command.args(["-machine", "q35,smm=on", "-accel", "tcg,thread=multi", "-smp", "2"]);
        command.args(["-rtc", &format!("base={CLOCK},clock=host")]);
        if usb {
            command.args(["-device", "qemu-xhci,id=xhci,p2=15,p3=15"]);
        }
        command.args(["-device", "isa-fdc,id=fdc", "-device", "floppy,unit=0,id=floppy,drive-type=144"]);
        let line = folder.path().join("line");
        let chardev = format!("socket,id=serial,path={},server=on,wait=off", line.display());
        command.args(["-chardev", &chardev]);
        if !more.contains(&"-serial") {
            command.args(["-serial", "chardev:serial"]);
        }
        command.args(firmware.arguments(folder.path()));
        let socket = folder.path().join("qmp");
        command.args(["-qmp", &format!("unix:{},server=on,wait=off", socket.display())]);
        command.args(more);
        let log = fs::File::create(folder.path().join("qemu.log")).unwrap();
        let qemu = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        let qemu = qemu.expect("QEMU (package qemu-system-x86)");
        let qmp = RefCell::new(Qmp::connect(&socket));
        let line = Line::connect(&line);
        Self {
            qemu,
            qmp,
            line,
            font: Font::of_kernel(&built("rehearsal/iso/boot/vmlinuz")),
            text_font: Font::of_firmware(),
            last: RefCell::default(),
            folder,
        }
    }

    /// Runs a command of QEMU's monitor that must succeed.
    pub fn qmp(&self, command: &str, arguments: &Value) -> Value {
        self.qmp.borrow_mut().run(command, arguments)
    }

    /// The screen's pixels now.
    pub fn dump(&self) -> Dump {
        let path = self.folder.path().join("screen.ppm");
        self.qmp("screendump", &json!({ "filename": path }));
        Dump::parse(&fs::read(path).unwrap()).expect("a screen dump")
    }

    /// The screen's text now.
    pub fn rows(&self) -> Vec<String> {
        let dump = self.dump();
        let mut last = self.last.borrow_mut();
        let font = if dump.is_text_mode() { &self.text_font } else { &self.font };
        let rows = font.read(&dump, last.as_ref().map(|(dump, rows)| (dump, rows.as_slice())));
        *last = Some((dump, rows.clone()));
        rows
    }

    /// Waits until the screen shows this text, wherever its lines are broken.
    pub fn see(&self, text: &str) -> Screen {
        self.wait(&format!("`{text}`"), |screen| screen.has(text).then(|| screen.clone()))
    }

    /// Waits for a question, then presses keys.
    pub fn answer(&mut self, question: &str, keys: &str) {
        self.see(question);
        self.press(keys);
    }

    /// Plugs in a USB keyboard with this name and serial number; without any other it is what `press` presses.
    pub fn plug_keyboard(&self, name: &str, serial: &str) {
        let keyboard = json!({ "driver": "usb-kbd", "id": name, "bus": "xhci.0", "serial": serial });
        self.qmp("device_add", &keyboard);
    }

    /// Plugs in a keyboard beside the first one, which `press_other` presses.
    pub fn plug_other_keyboard(&self) {
        let keyboard = json!({ "driver": "usb-kbd", "id": "other", "bus": "xhci.0", "display": "screen" });
        self.qmp("device_add", &keyboard);
    }

    /// Presses keys of the other keyboard.
    pub fn press_other(&self, keys: &str) {
        keys::chords(keys).iter().for_each(|chord| self.strike(chord, &json!({ "device": "screen" })));
    }

    /// Presses keys together, by QEMU's names of them.
    pub fn press_chord(&self, keys: &[&str]) {
        self.strike(keys, &json!({}));
    }

    /// Presses keys together; `keyboard` is what QEMU is told of the keyboard, besides.
    fn strike(&self, chord: &[&str], keyboard: &Value) {
        let event = |key: &&str, down| json!({ "type": "key", "data": { "down": down, "key": { "type": "qcode", "data": key } } });
        let down: Vec<Value> = chord.iter().map(|key| event(key, true)).collect();
        let up: Vec<Value> = chord.iter().rev().map(|key| event(key, false)).collect();
        for events in [down, up] {
            let mut arguments = keyboard.clone();
            arguments["events"] = events.into();
            self.qmp("input-send-event", &arguments);
            thread::sleep(STROKE / 2);
        }
    }

    /// Plugs in a USB stick with this image; it has the name of the device.
    pub fn plug(&self, name: &str, image: &Path) {
        self.node(name, &json!({ "driver": "file", "filename": image }), false);
        self.plug_node(name, "usb-storage");
    }

    /// A block device of QEMU's, to be plugged in.
    pub fn node(&self, name: &str, file: &Value, read_only: bool) {
        self.qmp("blockdev-add", &json!({ "driver": "raw", "node-name": name, "file": file, "read-only": read_only }));
    }

    /// Plugs in a USB stick on a block device that was made.
    pub fn plug_node(&self, name: &str, driver: &str) {
        let stick = json!({
            "driver": driver, "id": format!("{name}-stick"), "bus": "xhci.0", "drive": name, "removable": true, "serial": name,
        });
        self.qmp("device_add", &stick);
    }

    /// Pulls a USB stick.
    pub fn pull(&self, name: &str) {
        self.unplug(&format!("{name}-stick"));
        self.qmp("blockdev-del", &json!({ "node-name": name }));
    }

    /// Takes a device away.
    pub fn unplug(&self, id: &str) {
        self.qmp("device_del", &json!({ "id": id }));
        self.qmp.borrow_mut().event("DEVICE_DELETED", Some(id));
    }

    /// Puts a floppy into the drive.
    pub fn insert(&self, image: &Path, protected: bool) {
        let mode = if protected { "read-only" } else { "read-write" };
        let medium = json!({ "id": "floppy", "filename": image, "format": "raw", "read-only-mode": mode });
        self.qmp("blockdev-change-medium", &medium);
    }

    /// Takes the floppy out of the drive.
    pub fn eject(&self) {
        self.qmp("eject", &json!({ "id": "floppy", "force": true }));
    }

    /// Waits until it has switched itself off.
    pub fn is_off(&mut self) {
        let start = Instant::now();
        while self.qemu.try_wait().expect("QEMU's status").is_none() {
            assert!(start.elapsed() < PATIENCE, "the machine is not switched off");
            thread::sleep(LOOK);
        }
    }

    /// Pulls the plug: QEMU is killed (SIGKILL).
    pub fn cut(&mut self) {
        self.qemu.kill().expect("QEMU runs");
        self.qemu.wait().expect("QEMU's status");
    }
}

impl Console for Machine {
    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn wait<T>(&self, what: &str, mut ask: impl FnMut(&Screen) -> Option<T>) -> T {
        let start = Instant::now();
        let mut last = Vec::new();
        loop {
            let rows = self.rows();
            // A screen that is being drawn is not complete; the first row has the clock.
            if rows.get(1..) == last.get(1..)
                && let Some(found) = ask(&Screen::new(rows.clone()))
            {
                return found;
            }
            assert!(start.elapsed() < PATIENCE, "waited for {what}; the screen is:\n{}", Screen::new(rows));
            last = rows;
            thread::sleep(LOOK);
        }
    }

    fn press(&mut self, keys: &str) {
        keys::chords(keys).iter().for_each(|chord| self.press_chord(chord));
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.qemu.kill(); // it may have ended by itself
        let _ = self.qemu.wait();
        if thread::panicking() {
            let said = fs::read_to_string(self.folder.path().join("qemu.log")).unwrap_or_default();
            eprintln!("QEMU said: {said}");
        }
    }
}
