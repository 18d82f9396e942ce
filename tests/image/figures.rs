//! Figures that the machines gave: noted for people, and nothing is judged by them.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::Duration;

use crate::machine::built;

/// Notes one; `tests/image/run` prints them all at its end.
pub fn note(figure: &str) {
    let file = OpenOptions::new().create(true).append(true).open(built("figures.txt"));
    let written = file.and_then(|mut file| file.write_all(format!("{figure}\n").as_bytes()));
    written.expect("target/image/figures.txt");
}

/// Notes how long something took each time: the middle and the longest.
pub fn note_times(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    if let [.., longest] = times.as_slice() {
        let (middle, count) = (times[times.len() / 2].as_secs_f32(), times.len());
        note(&format!("{what}: {middle:.1} s in the middle of {count}, {:.1} s at most", longest.as_secs_f32()));
    }
}
