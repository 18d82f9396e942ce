//! The numbers to reach, measured on this machine: `make bench`, or `cargo bench -- NAME…` for some of the sections.
//!
//! Two sides of a ratio are measured in turns within one run, so that what else the machine does falls on both. It ends
//! with 0 whatever the numbers are: a figure says something about a machine, not about a commit.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a measurement prints, reads the clock, starts programs, may panic, and shares modules with tests"
)]

mod bare;
mod boot;
mod frames;
mod gate;
mod pair;
mod peers;
mod rate;
mod read;
mod sign;
mod stand;
mod table;

#[path = "../../tests/common/mod.rs"]
mod common;

// The machine of the image's tests.
#[path = "../../tests/image/keys.rs"]
mod keys;
#[allow(dead_code, reason = "tests press keys and plug media, too")]
#[path = "../../tests/image/line.rs"]
mod line;
#[allow(dead_code, reason = "as above")]
#[path = "../../tests/image/machine.rs"]
mod machine;
#[allow(dead_code, reason = "as above")]
#[path = "../../tests/image/qmp.rs"]
mod qmp;
#[allow(dead_code, reason = "as above")]
#[path = "../../tests/image/screen.rs"]
mod screen;

use table::Table;

/// A section's name, and what measures it.
type Section = (&'static str, fn(&mut Table));

const SECTIONS: [Section; 5] = [
    ("rate", rate::measure),
    ("sign", sign::measure),
    ("read", read::measure),
    ("screen", frames::measure),
    ("boot", boot::measure),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if let [role, module, serial] = arguments.as_slice()
        && role == bare::ROLE
    {
        return bare::serve(module, serial);
    }
    let mut table = Table::default();
    let before = Ticks::now();
    for (name, measure) in SECTIONS {
        if arguments.is_empty() || arguments.iter().any(|argument| argument == name) {
            println!("{name}");
            measure(&mut table);
        }
    }
    println!("\n{table}");
    let stolen = Ticks::now().stolen_since(&before);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("cores: {cores}; load of the last minutes: {}; taken by other machines: {stolen:.1} %", load.trim());
}

/// Ticks of all cores since the start of this machine, from the first line of `/proc/stat`.
struct Ticks(Vec<f64>);

impl Ticks {
    fn now() -> Self {
        let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
        let fields = stat.lines().next().unwrap_or_default().split_whitespace().skip(1);
        Self(fields.take(8).filter_map(|field| field.parse().ok()).collect())
    }

    /// Per cent of the time that this machine wanted and did not get (the eighth field, `steal`) or had.
    fn stolen_since(&self, before: &Self) -> f64 {
        let since: Vec<f64> = self.0.iter().zip(&before.0).map(|(now, before)| now - before).collect();
        let [user, nice, system, _idle, _wait, irq, soft, steal] = since[..] else { return 0.0 };
        100.0 * steal / (user + nice + system + irq + soft + steal).max(1.0)
    }
}
