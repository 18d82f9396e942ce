//! What PID 1 does by itself: pseudo file systems, folders, settings of the kernel, the door.

use std::ffi::CString;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, chown};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::mount::{MountFlags, mount, mount_remount};
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::system::{RebootCommand, reboot};

use crate::process::SOFT_TOKEN;

use super::user::{TOKEN_USER, USER};
use super::{devices, door};

/// Usable memory in KiB below which nothing is begun: of 192 MiB the kernel leaves 148.
const LEAST_MEMORY: u64 = 144 << 10;
/// The kernel's own log, a record at each reading.
const KERNEL_LOG: &str = "/dev/kmsg";
/// Octets that hold any record: the kernel refuses to cut one to a shorter buffer.
const LONGEST_RECORD: usize = 8192;
/// Where the software token of a rehearsal is kept.
const TOKENS: &str = "/run/claviger/token/tokens";

/// `(type, place, flags, options)` of the pseudo file systems, in order.
const PSEUDO: [(&str, &str, MountFlags, &str); 5] = [
    ("proc", "/proc", NOTHING, "hidepid=2"),
    ("sysfs", "/sys", NOTHING, ""),
    // Not `nodev`: the devices are what it is for.
    ("devtmpfs", "/dev", MountFlags::NOSUID.union(MountFlags::NOEXEC), "mode=0755"),
    ("tmpfs", "/run", NOTHING, "mode=0755,size=64m"),
    ("tmpfs", "/tmp", NOTHING, "mode=1777,size=16m"),
];

const NOTHING: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV).union(MountFlags::NOEXEC);

/// Folders below `/run`: path, mode, whose they are.
const FOLDERS: [(&str, u32, u32); 6] = [
    ("/run/claviger", 0o755, 0),
    ("/run/claviger/media", 0o755, 0),
    ("/run/claviger/spool", 0o700, USER),
    ("/run/claviger/home", 0o700, USER),
    ("/run/claviger/token", 0o700, TOKEN_USER),
    (TOKENS, 0o700, TOKEN_USER),
];

/// Settings of the kernel below `/proc/sys` and `/sys`; one that this kernel lacks is passed over.
const SETTINGS: [(&str, &str); 11] = [
    ("/proc/sys/kernel/sysrq", "0"),
    ("/proc/sys/kernel/printk", "1 1 1 1"), // nothing of the kernel's on the ceremony's screen
    ("/proc/sys/kernel/dmesg_restrict", "1"),
    ("/proc/sys/kernel/kptr_restrict", "2"),
    ("/proc/sys/kernel/yama/ptrace_scope", "3"),
    ("/proc/sys/kernel/kexec_load_disabled", "1"),
    ("/proc/sys/kernel/unprivileged_bpf_disabled", "1"),
    ("/proc/sys/kernel/io_uring_disabled", "2"),
    ("/proc/sys/user/max_user_namespaces", "0"),
    ("/proc/sys/kernel/core_pattern", "|/bin/false"),
    ("/sys/module/block/parameters/events_dfl_poll_msecs", "1000"), // card readers tell what is put in
];

/// Mounts the pseudo file systems.
///
/// # Errors
/// The first that cannot be mounted.
pub(super) fn mount_pseudo() -> Result<(), String> {
    for (kind, place, flags, options) in PSEUDO {
        let failed = |error: io::Error| format!("{kind} cannot be mounted at {place}: {error}");
        fs::create_dir_all(place).map_err(failed)?;
        let options = CString::new(options).map_err(|error| failed(error.into()))?;
        mount(kind, place, kind, flags, options.as_c_str()).map_err(|errno| failed(errno.into()))?;
    }
    Ok(())
}

/// Makes the folders, and gives each user what is its own.
///
/// # Errors
/// The first that cannot be made.
pub(super) fn make_folders() -> Result<(), String> {
    for (path, mode, owner) in FOLDERS {
        let made = fs::create_dir_all(path)
            .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(mode)))
            .and_then(|()| chown(path, Some(owner), Some(owner)));
        made.map_err(|error| format!("{path} cannot be made: {error}"))?;
    }
    Ok(())
}

/// Says where the software token of a rehearsal is kept.
///
/// # Errors
/// When that cannot be written.
pub(super) fn configure_soft_token() -> Result<(), String> {
    let written = fs::write(SOFT_TOKEN, format!("directories.tokendir = {TOKENS}\n"));
    written.map_err(|error| format!("{SOFT_TOKEN} cannot be written: {error}"))
}

/// Settings of the kernel that hold from the start; children may lock their memory.
pub(super) fn settle_kernel() {
    let _ = reboot(RebootCommand::CadOff); // without it Ctrl-Alt-Del would restart
    let _ = setrlimit(Resource::Memlock, Rlimit { current: None, maximum: None });
    for (path, value) in SETTINGS {
        let _ = fs::write(path, value); // what a kernel lacks it cannot do either
    }
}

/// Refuses a computer with too little memory.
///
/// # Errors
/// What was expected and found.
pub(super) fn expect_memory() -> Result<(), String> {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    match total_memory(&text) {
        Some(found) if found < LEAST_MEMORY => Err(format!(
            "This computer has too little memory.\r\nExpected: 192 MiB, better 256 MiB. Found: {} MiB to be used.\r\n\
             Take another computer.",
            found >> 10
        )),
        _ => Ok(()),
    }
}

fn total_memory(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Refuses an initramfs that the kernel could not unpack whole: it keeps what it had until then, and starts all the same.
///
/// # Errors
/// What the kernel told, or that its log cannot be read.
pub(super) fn expect_whole_image() -> Result<(), String> {
    let failed = |error: io::Error| format!("Whether the image was read whole is not known: {KERNEL_LOG}: {error}.");
    let options = OFlags::NONBLOCK.bits().cast_signed();
    let mut log = OpenOptions::new().read(true).custom_flags(options).open(KERNEL_LOG).map_err(failed)?;
    let mut record = [0; LONGEST_RECORD];
    loop {
        let length = match log.read(&mut record) {
            Ok(0) => return Ok(()),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            // Records were overwritten meanwhile: it goes on with the oldest that is left.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => continue,
            Err(error) => return Err(failed(error)),
        };
        let text = String::from_utf8_lossy(record.get(..length).unwrap_or_default());
        if let Some(reason) = unpacking_failed(&text) {
            return Err(format!(
                "The boot medium was not read whole: it is damaged, or its image is.\r\n\
                 The kernel says: {}.\r\n\
                 Compare the medium's hash with the published one, and write another medium.",
                reason.escape_debug()
            ));
        }
    }
}

/// The reason that a record of the kernel's log (`priority,number,time,flags;text`, then lines of facts) gives.
fn unpacking_failed(record: &str) -> Option<&str> {
    let (_, text) = record.split_once(';')?;
    text.lines().next()?.strip_prefix("Initramfs unpacking failed: ")
}

/// Shuts the door: no module, no kernel memory, no writing to the root; and reports it, with what was told before.
///
/// # Errors
/// When modules could still be loaded: that is never left so.
pub(super) fn shut_door(mut told: Vec<String>) -> Result<(), String> {
    const MODULES: &str = "/proc/sys/kernel/modules_disabled";
    if Path::new(MODULES).exists() {
        let shut = fs::write(MODULES, "1").and_then(|()| fs::read_to_string(MODULES));
        if !shut.as_ref().is_ok_and(|state| state.trim() == "1") {
            return Err(format!("The kernel can still load modules: {MODULES} cannot be set ({shut:?})."));
        }
    }
    told.push("modules: none can be loaded any more".to_owned());
    told.push(match devices::hold_new_usb(Path::new("/")) {
        Ok(hubs) => format!("usb: new devices wait, on {hubs} root hubs"),
        Err(error) => return Err(format!("New USB devices cannot be kept out: {error}.")),
    });
    told.push(format!("lockdown: {}", lock_down()));
    let root = match mount_remount("/", MountFlags::RDONLY, "") {
        Ok(()) => "read-only".to_owned(),
        Err(errno) => format!("still writable: {errno}"),
    };
    told.push(format!("root file system: {root}"));
    door::report_shut(&told).map_err(|error| format!("The state of the appliance cannot be written: {error}"))
}

/// The kernel's lockdown; what holds now.
fn lock_down() -> String {
    const LOCKDOWN: &str = "/sys/kernel/security/lockdown";
    let _ = mount("securityfs", "/sys/kernel/security", "securityfs", NOTHING, c""); // mounted already is as good
    let state = || fs::read_to_string(LOCKDOWN).unwrap_or_else(|_| "this kernel has none".to_owned());
    if !state().contains("[confidentiality]") {
        let _ = fs::write(LOCKDOWN, "confidentiality"); // the state below says whether it was taken
    }
    state().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_as_the_kernel_tells_it() {
        assert_eq!(total_memory("MemTotal:         230144 kB\nMemFree: 1 kB\n"), Some(230_144));
        assert_eq!(total_memory("MemFree: 1 kB\n"), None);
    }

    #[test]
    fn an_initramfs_that_was_not_unpacked_is_read_from_the_kernels_log() {
        let record = "0,312,2829353,-;Initramfs unpacking failed: write error\n SUBSYSTEM=none\n";
        assert_eq!(unpacking_failed(record), Some("write error"));
        assert_eq!(unpacking_failed("6,300,2000000,-;Unpacking initramfs...\n"), None);
        assert_eq!(unpacking_failed("12,400,9,-;init: Initramfs unpacking failed: not the kernel's\n"), None);
    }
}
