//! The image's own code: PID 1 (`claviger init`), the broker's server side (`claviger broker`), and what starts token
//! hosts (`claviger launcher`).
//!
//! What the image must hold, besides this program as `/init` or `/usr/bin/claviger`:
//!
//! | path | what |
//! |---|---|
//! | `/etc/claviger/flavour` | one word: `ceremony`, `rehearsal` or `debug`; every flavour but the first is marked a rehearsal |
//! | `/etc/claviger/manifest` | every file with its hash; its SHA-256 is the build id |
//! | `/etc/claviger/modules` | kernel modules, one a line, parameters behind the name (`usb-storage delay_use=0`) |
//! | `/etc/claviger/profiles/*.toml` | profiles to choose from, unless a medium labelled `CLAVIGER` brings others |
//! | `/lib/modules/RELEASE/` | `modules.dep`, `modules.builtin`, and the modules, not compressed |
//! | `/etc/passwd`, `/etc/group` | users and groups `claviger` (900) and `claviger-token` (901); the groups that udev's own rules name |
//! | `/usr/lib/systemd/systemd-udevd`, `/usr/bin/udevadm` | devices; `udev/` of this repository in `/etc/udev/rules.d/`, where the broker reads the USB classes, too |
//! | `/usr/sbin/pcscd` | optional: smart-card readers |
//! | `/usr/lib/softhsm/libsofthsm2.so` | rehearsal and debug: keys, requests and folders that play sticks are made at start |
//! | `/usr/bin/loadkeys`, `/usr/share/claviger/keymaps/NAME.map` | keyboard layouts, by the names of [`KEYMAPS`](crate::process::KEYMAPS) |
//! | `/bin/busybox` | `debug` alone: shells on tty2 and ttyS0 (`setsid -c sh`) |
//! | `/proc /sys /dev /run /tmp` | folders; the root becomes read-only when the door is shut |
//!
//! The volume id of the ISO 9660 file system begins with `CLAVIGER`: so the boot medium is known, never offered as a
//! volume, and hashed from its first octet to the last that its GPT names.
//! Kernel command line: `claviger.console=tty1|ttyS0`, `claviger.keymap=NAME` (the layout to begin with; people choose
//! at `open`); `rdinit=` or `/init` starts `claviger
//! init`: a program called `init` takes that role.
//!
//! At run time: `/run/claviger/broker.sock` and `launcher.sock` (the ceremony's, 0600), `media/N` (mount points), `spool`
//! and `home` (the ceremony's, 0700), `token` (the token hosts', 0700), `door` (first line `shut` once the kernel takes no
//! more modules; then what holds).

mod broker;
mod console;
mod devices;
mod door;
mod fat;
mod guard;
mod init;
mod launcher;
mod modules;
mod prepare;
mod serve;
mod supervise;
mod usb;
mod user;

pub use self::init::run_init;

/// The argument that makes this program the broker.
pub const BROKER_ROLE: &str = "broker";
/// The argument that makes this program the launcher of token hosts.
pub const LAUNCHER_ROLE: &str = "launcher";
/// The argument, or the program's own name, that makes it PID 1.
pub const INIT_ROLE: &str = "init";

/// Runs the broker until the ceremony asks to switch off; returns the exit status.
///
/// Only root can: it says so with exit status 2. A failure ends it with status 1, and PID 1 starts it again.
#[must_use]
pub fn run_broker() -> u8 {
    if !rustix::process::geteuid().is_root() {
        let words = b"claviger: `broker` is started by PID 1 of the image, as root\n";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), words);
        return 2;
    }
    u8::from(serve::serve().is_err())
}

/// Runs the launcher of token hosts; returns the exit status, for it never ends by itself.
#[must_use]
pub fn run_launcher() -> u8 {
    u8::from(launcher::serve().is_err())
}
