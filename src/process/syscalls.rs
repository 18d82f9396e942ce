//! Numbers of the system calls that a child of ours never needs.
//!
//! From the kernel's tables (`syscall_64.tbl`, `asm-generic/unistd.h`); the numbers are part of the kernel's promise
//! to user space and do not change. Besides x86-64 this is the generic table of aarch64 and riscv64; for any other
//! architecture no filter is built at all, and the report says so.

/// socket(2), which is judged by its first argument.
#[cfg(target_arch = "x86_64")]
pub(super) const SOCKET: &[i64] = &[41, X32 | 41];
/// socket(2), which is judged by its first argument.
#[cfg(not(target_arch = "x86_64"))]
pub(super) const SOCKET: &[i64] = &[198];

/// x32 calls carry this bit and pass the same architecture check.
#[cfg(target_arch = "x86_64")]
const X32: i64 = 0x4000_0000;

/// Refused whatever the arguments.
#[cfg(target_arch = "x86_64")]
pub(super) fn denied() -> impl Iterator<Item = i64> {
    // ptrace, process_vm_readv, process_vm_writev, kexec_load under their x32 numbers
    let x32_only = [521, 539, 540, 528].map(|number| X32 | number);
    DENIED.iter().flat_map(|number| [*number, X32 | number]).chain(x32_only)
}

#[cfg(target_arch = "x86_64")]
const DENIED: &[i64] = &[
    101, 310, 311, 312, 438, // ptrace, process_vm_readv, process_vm_writev, kcmp, pidfd_getfd
    425, 426, 427, // io_uring_setup, io_uring_enter, io_uring_register
    321, 298, 323, // bpf, perf_event_open, userfaultfd
    165, 166, 155, 161, // mount, umount2, pivot_root, chroot
    428, 429, 430, 431, 432, 433, 442, // open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr
    272, 308, // unshare, setns
    246, 320, 175, 313, 176, // kexec_load, kexec_file_load, init_module, finit_module, delete_module
    169, 167, 168, // reboot, swapon, swapoff
    164, 227, 159, 305, // settimeofday, clock_settime, adjtimex, clock_adjtime
    248, 249, 250, // add_key, request_key, keyctl
    172, 173, 304, // iopl, ioperm, open_by_handle_at
    163, 103, 170, 171, // acct, syslog, sethostname, setdomainname
];

/// Refused whatever the arguments.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn denied() -> impl Iterator<Item = i64> {
    DENIED.iter().copied()
}

#[cfg(not(target_arch = "x86_64"))]
const DENIED: &[i64] = &[
    117, 270, 271, 272, 438, // ptrace, process_vm_readv, process_vm_writev, kcmp, pidfd_getfd
    425, 426, 427, // io_uring_setup, io_uring_enter, io_uring_register
    280, 241, 282, // bpf, perf_event_open, userfaultfd
    40, 39, 41, 51, // mount, umount2, pivot_root, chroot
    428, 429, 430, 431, 432, 433, 442, // open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr
    97, 268, // unshare, setns
    104, 294, 105, 273, 106, // kexec_load, kexec_file_load, init_module, finit_module, delete_module
    142, 224, 225, // reboot, swapon, swapoff
    170, 112, 171, 266, // settimeofday, clock_settime, adjtimex, clock_adjtime
    217, 218, 219, // add_key, request_key, keyctl
    265, // open_by_handle_at
    89, 116, 161, 162, // acct, syslog, sethostname, setdomainname
];
