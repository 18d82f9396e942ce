//! The power fails: what a record stick holds at every moment of a ceremony, from the log of its writes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use claviger::dns::sha256;

use crate::blklog::{Log, Replay};
use crate::common::rehearsal::{Run, claviger};
use crate::sticks::{Drawer, copy_off_what_can_be};

/// Moments besides those at which the stick was told to keep what it has.
const RANDOM: usize = 200;
/// Where the random moments begin.
const SEED: u64 = 0x636c_6176_6967_6572;

/// What a stick holds, the most of it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum State {
    /// Nothing that looks like a record, nor any entry.
    Nothing,
    /// The journal of an interrupted ceremony, good as far as it goes.
    Journal,
    /// A record that passes the audit, which says that the log of its delivery was not finished.
    Delivering,
    /// A record that passes the audit.
    Record,
}

/// Looks at the stick as it was at every flush and at random moments; how many moments of each state there were.
///
/// `base` is the stick's image before the first write, `transcript` the one that was sealed in the end.
pub fn states(drawer: &Drawer, log: &Log, base: &Path, transcript: &[u8]) -> BTreeMap<State, usize> {
    let mut moments: BTreeSet<usize> = log.flushes().into_iter().chain([log.len()]).collect();
    let mut random = SEED;
    for _ in 0..RANDOM {
        // Knuth's linear congruential generator: the upper half is random enough.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        moments.insert(usize::try_from(random >> 33).unwrap() % (log.len() + 1));
    }
    let mut replay = Replay::begin(log, base, drawer.path("replay"));
    let mut known = BTreeMap::new();
    let mut count = BTreeMap::new();
    for moment in moments {
        let folder = drawer.path("moment");
        let _ = fs::remove_dir_all(&folder); // of the moment before
        copy_off_what_can_be(replay.to(moment), &folder);
        let state = *known.entry(contents(&folder)).or_insert_with(|| judge(&folder, moment, transcript));
        *count.entry(state).or_insert(0) += 1;
    }
    count
}

/// All that is in a folder, as one hash.
fn contents(folder: &Path) -> String {
    let mut all = String::new();
    let mut left = vec![folder.to_owned()];
    while let Some(path) = left.pop() {
        let mut entries: Vec<PathBuf> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for entry in entries {
            let digest = if entry.is_dir() { String::new() } else { sha256(&fs::read(&entry).unwrap()).to_string() };
            all += &format!("{} {digest}\n", entry.display());
            if entry.is_dir() {
                left.push(entry);
            }
        }
    }
    sha256(all.as_bytes()).to_string()
}

/// What the auditor finds in the folders of a stick.
fn judge(stick: &Path, moment: usize, transcript: &[u8]) -> State {
    let folders = fs::read_dir(stick).unwrap().map(|entry| entry.unwrap().path());
    folders.map(|folder| judge_folder(&folder, moment, transcript)).max().unwrap_or(State::Nothing)
}

fn judge_folder(folder: &Path, moment: usize, transcript: &[u8]) -> State {
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    let lines = fs::read(folder.join("transcript.jsonl")).unwrap_or_default();
    let audit = audit(folder);
    if audit.code == 0 {
        // Whatever it is called: what an auditor takes for a record is the one that was sealed.
        assert!(lines == transcript, "moment {moment}: {name} passes the audit and is another record");
        let delivering = audit.out.contains("WARN    AUDIT-DELIVERY: DELIVERY.TMP: ");
        return if delivering { State::Delivering } else { State::Record };
    }
    let wrong = || panic!("moment {moment}: {name}: {}{}", audit.out, audit.err);
    if name.ends_with(".part") || name.ends_with(".done") {
        return State::Nothing;
    }
    if !name.ends_with(".journal") {
        return wrong();
    }
    if lines.iter().all(|octet| *octet != b'\n') {
        return State::Nothing;
    }
    if audit.out.contains("INTERRUPTED") { State::Journal } else { wrong() }
}

fn audit(folder: &Path) -> Run {
    claviger(&["audit", folder.to_str().unwrap()], folder)
}
