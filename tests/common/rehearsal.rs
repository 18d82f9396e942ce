//! Rehearsals played by the real binary, and their records.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use claviger::dns::Sha256Digest;
use claviger::media::{Access, FolderVolumes, Volumes as _, read_record};
use claviger::paper::report;
use claviger::steps::Moment;
use claviger::transcript::{Body, CeremonyKey, Chain, Ending, Entry, names, read, seal};
use tempfile::TempDir;

/// The files of a record by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What a run of a program gave.
pub struct Run {
    /// The exit status.
    pub code: i32,
    /// Stdout.
    pub out: String,
    /// Stderr.
    pub err: String,
}

/// Runs a program in a folder.
pub fn run(program: &str, words: &[&str], folder: &Path) -> Run {
    let output = Command::new(program).args(words).current_dir(folder).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    let text = |octets| String::from_utf8(octets).expect("UTF-8");
    Run { code: output.status.code().expect("an exit status"), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs the program in a folder.
pub fn claviger(words: &[&str], folder: &Path) -> Run {
    run(env!("CARGO_BIN_EXE_claviger"), words, folder)
}

/// A folder in which one or more rehearsals were played.
pub struct Rehearsals {
    folder: TempDir,
    /// The records on the first medium, in order.
    pub records: Vec<PathBuf>,
}

impl Rehearsals {
    /// Plays one after another in the same folder; `seed` and the dates make them what they are.
    pub fn play(seed: u8, days: &[&str]) -> Self {
        Self::play_with(seed, days, &[])
    }

    /// The same with further options.
    pub fn play_with(seed: u8, days: &[&str], options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let seed = format!("{seed:02x}").repeat(32);
        let mut records = Vec::new();
        for day in days {
            let clock = format!("{day}T03:00:00Z");
            let words = ["rehearse", "--auto", "--dir", "R", "--clock", &clock, "--seed", &seed];
            let run = claviger(&[&words, options].concat(), folder.path());
            assert_eq!((run.code, run.err.as_str()), (0, ""), "{day}: {}", run.out);
            assert_eq!(run.out.matches('\n').count(), 1, "the folder alone is printed: {}", run.out);
            records.push(PathBuf::from(run.out.trim_end()));
        }
        Self { folder, records }
    }

    /// Where the rehearsals were played.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().join("R")
    }
}

/// The files of a record, read as the program reads them.
pub fn files(folder: &Path) -> Files {
    let mut volumes = FolderVolumes::new(vec![folder.to_owned()], None);
    let id = volumes.list().expect("the folder")[0].id;
    let folder = volumes.open(id, Access::Read).expect("the folder");
    read_record(&folder, names::COSIGNATURES, 1 << 30).expect("the record")
}

/// The files in a folder of their own; a path with a `/` at its end is a folder that nothing is in.
pub fn on_disk(files: &Files) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, octets) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        let bare = path.to_string_lossy().ends_with('/');
        if bare { fs::create_dir_all(path).expect("a folder") } else { fs::write(path, octets).expect("a file") }
    }
    folder
}

/// A text file with its lines changed.
pub fn with_lines(files: &Files, path: &str, change: impl FnOnce(&mut Vec<String>)) -> Files {
    let text = String::from_utf8(files[path].clone()).expect("UTF-8");
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    change(&mut lines);
    with(files, path, lines.concat().into_bytes())
}

/// The files with one of them replaced or added.
pub fn with(files: &Files, path: &str, octets: Vec<u8>) -> Files {
    let mut files = files.clone();
    files.insert(path.to_owned(), octets);
    files
}

/// The files without one of them.
pub fn without(files: &Files, path: &str) -> Files {
    let mut files = files.clone();
    files.remove(path).expect("it was there");
    files
}

/// `SHA256SUMS` made again, as whoever changes files can.
pub fn summed_again(files: &Files) -> Files {
    let outside = |path: &str| path.starts_with("SHA256SUMS") || path.starts_with("delivery.");
    let inside = files.iter().filter(|(path, _)| !outside(path)).map(|(path, octets)| (path.clone(), octets.clone()));
    let inside: Files = inside.collect();
    let sums = claviger::transcript::sums(&inside);
    with(files, "SHA256SUMS", sums.into_bytes())
}

/// The entries of a record's transcript.
pub fn entries(files: &Files) -> Vec<Entry> {
    read(&files["transcript.jsonl"], Sha256Digest::ZERO).expect("a transcript")
}

/// A forger with a key of their own seals again what they changed.
pub fn forged(good: &Files, change: impl FnOnce(&mut Vec<Entry>, &mut Files)) -> Files {
    let (mut said, mut sealed) = (entries(good), good.clone());
    let Some(Body::Seal(original)) = said.pop().map(|entry| entry.body) else { panic!("no seal") };
    sealed.retain(|path, _| original.files.contains_key(path));
    change(&mut said, &mut sealed);
    let key = CeremonyKey::from_seed(&[9; 32]);
    let mut chain = Chain::new();
    let mut mode = None;
    let mut last = None;
    for mut entry in said {
        if let Body::Opened(opened) = &mut entry.body {
            (opened.ceremony_key, opened.key_fingerprint) = (key.public().base64(), key.public().fingerprint());
            mode = Some(opened.mode.clone());
        }
        let moment = Moment { time: entry.time, uptime: entry.uptime };
        chain.append(moment, entry.step, &entry.actor, entry.body).expect("an entry");
        last = Some(moment);
    }
    let (mode, last) = (mode.expect("a mode"), last.expect("an entry"));
    seal(&mut chain, &key, &mode, sealed, Ending::Complete, last, report).expect("a record").files
}
