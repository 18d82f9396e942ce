//! The image's first screen beside the kernel's own time to PID 1, in one and the same start of a machine.
//!
//! Kernel and initramfs are those of the flavour `debug`, which differs from `rehearsal` in its shell alone: that tells
//! what the kernel has noted. The machine is emulated; its clock goes as this computer's.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::machine::{Machine, built};
use crate::table::{Table, median};

/// Starts, of which the middle one counts.
const STARTS: usize = 3;
/// Processors, by QEMU's names. Without RDRAND the kernel gathers randomness for seconds before it gives any: the first
/// screen then says so, and the ceremony's follows.
const PROCESSORS: [(&str, &str); 2] = [("qemu64,+rdrand", ""), ("qemu64", ", without RDRAND")];
/// The flavour with a shell.
const FLAVOUR: &str = "debug";
/// What stands on the first screen: a step of the list at its left, or what is waited for before.
const DRAWN: [&str; 2] = ["6   execute", "gathers randomness"];
/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// One start.
struct Start {
    /// From the kernel's first moment until it started PID 1, by its own stamp.
    kernel: Duration,
    /// From the same moment until the first screen was drawn.
    screen: Duration,
}

pub(crate) fn measure(table: &mut Table) {
    const WHAT: &str = "image: first screen over the kernel's own time to PID 1";
    if let Some(missing) = missing() {
        return table.note(WHAT, format!("not measured: {missing}"));
    }
    for (processor, named) in PROCESSORS {
        let mut starts: Vec<Start> = (0..STARTS).map(|_| start(processor)).collect();
        let ratio = |start: &Start| start.screen.as_secs_f64() / start.kernel.as_secs_f64();
        let seconds = |time: fn(&Start) -> Duration| median(starts.iter().map(time).collect()).as_secs_f64();
        let (kernel, screen) = (seconds(|start| start.kernel), seconds(|start| start.screen));
        table.note(
            &format!("image: kernel to PID 1, to the first screen{named}"),
            format!("{kernel:.2} s, {screen:.2} s"),
        );
        starts.sort_by(|a, b| ratio(a).total_cmp(&ratio(b)));
        table.at_most(&format!("{WHAT}{named}"), ratio(&starts[STARTS / 2]), 1.5, "");
    }
}

/// What is not there to be measured.
fn missing() -> Option<String> {
    let version = Command::new("qemu-system-x86_64").arg("--version").stdout(Stdio::null()).status();
    if version.is_err() {
        return Some("no qemu-system-x86_64".to_owned());
    }
    let parts = [format!("{FLAVOUR}/initrd"), format!("{FLAVOUR}/iso/boot/vmlinuz")];
    let part = parts.iter().find(|part| !built(part).exists())?;
    Some(format!("no target/image/{part} (make image)"))
}

fn start(processor: &str) -> Start {
    let machine = Machine::direct(FLAVOUR, "", processor);
    let begun = Instant::now();
    let drawn = loop {
        if machine.rows().iter().any(|row| DRAWN.iter().any(|drawn| row.contains(drawn))) {
            break Instant::now();
        }
        assert!(begun.elapsed() < PATIENCE, "no screen after {PATIENCE:?}:\n{}", machine.rows().join("\n"));
        std::thread::sleep(Duration::from_millis(50));
    };
    let noted = machine.line.run("dmesg");
    let first = noted.lines().find(|line| line.contains("Run /init as init process")).expect("the kernel's note");
    // The kernel's clock was at 0 so long before a moment that it stamps: by the tightest of several.
    let zero = (0..5).map(|number| {
        let mark = format!("claviger: mark {number}");
        let sent = Instant::now();
        let noted = machine.line.run(&format!("echo '{mark}' >/dev/kmsg; dmesg"));
        let line = noted.lines().find(|line| line.ends_with(&mark)).expect("the mark");
        sent.checked_sub(stamp(line)).expect("a moment after this computer's start")
    });
    let zero = zero.max().expect("several moments");
    Start { kernel: stamp(first), screen: drawn - zero }
}

/// A line's stamp, `[   12.345678] …`.
fn stamp(line: &str) -> Duration {
    let (stamp, _) = line.trim_start().trim_start_matches('[').split_once(']').expect("a stamp");
    Duration::from_secs_f64(stamp.trim().parse().expect("seconds"))
}
