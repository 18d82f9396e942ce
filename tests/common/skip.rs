//! Tests that cannot run here say so where people see it.

use std::fs::{OpenOptions, create_dir_all};
use std::io::Write;
use std::path::Path;

/// Prints `SKIPPED: reason` and notes it in `target/skipped.txt`, which `make test` shows at its end.
///
/// Where `CLAVIGER_SAMPLES` is set, everything is there that a test can need, and `make test` fails on any note.
pub fn skip(reason: &str) {
    let thread = std::thread::current();
    let note = format!("SKIPPED: {}: {reason}", thread.name().unwrap_or("a test").replace('\n', " "));
    eprintln!("{note}");
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
    create_dir_all(&target).expect("the folder target");
    let file = OpenOptions::new().append(true).create(true).open(target.join("skipped.txt"));
    // One write: lines of tests that run side by side do not mix.
    file.expect("target/skipped.txt").write_all((note + "\n").as_bytes()).expect("target/skipped.txt");
}
