//! What is looked at behind a ceremony: its records, and where a secret may have stayed.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Error, ErrorKind, Read as _, copy};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::Pid;

use super::crew::{PINS, Room};
use super::pty::Terminal;

/// Runs `claviger audit`; its exit code and what it says.
pub fn audit(record: &Path, fingerprint: Option<&str>) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_claviger"));
    command.arg("audit").stdin(Stdio::null());
    if let Some(fingerprint) = fingerprint {
        command.args(["--fingerprint", fingerprint]);
    }
    let output = command.arg(record).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap(), said)
}

/// The lines of a record's transcript with entries of this kind.
pub fn entries(record: &Path, file: &str, kind: &str) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(record.join(file)).unwrap();
    let all = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    all.filter(|entry| entry["kind"] == kind).collect()
}

/// No officer's PIN in any file of the room but the one that is there to show them, nor in what a terminal was sent.
pub fn holds_no_pin(room: &Room, terminals: &[&Terminal]) {
    let mut folders = vec![room.path()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("PINS.txt") {
                let found = pins_in(&fs::read(&path).unwrap());
                assert!(found.is_empty(), "{found:?} in {}", path.display());
            }
        }
    }
    for terminal in terminals {
        assert!(pins_in(&terminal.octets()).is_empty(), "a PIN was written to the terminal");
    }
}

/// The officers' PINs that stand in these octets.
pub fn pins_in(octets: &[u8]) -> Vec<&'static str> {
    PINS.into_iter().filter(|pin| holds(octets, pin.as_bytes())).collect()
}

/// Whether octets stand somewhere in others.
pub fn holds(octets: &[u8], wanted: &[u8]) -> bool {
    octets.windows(wanted.len()).any(|window| window == wanted)
}

/// Whether memory can be looked at here; where not, the test is noted as skipped.
pub fn can_look_into_memory() -> bool {
    let there = ["/usr/bin/gcore", "/bin/gcore", "/usr/local/bin/gcore"].iter().any(|path| Path::new(path).exists());
    if !there {
        super::skip::skip("gcore is not installed (apt-get install gdb)");
    }
    there
}

/// The memory of a process, as a file.
pub fn core_of(pid: Pid, folder: &Path, name: &str) -> PathBuf {
    let pid = pid.as_raw_nonzero().to_string();
    let prefix = folder.join(name);
    let mut command = Command::new("gcore");
    let output = command.arg("-o").arg(&prefix).arg(&pid).stdin(Stdio::null()).output().unwrap();
    let core = PathBuf::from(format!("{}.{pid}", prefix.display()));
    assert!(core.exists(), "gcore: {}", String::from_utf8_lossy(&output.stderr));
    core
}

/// What a process has for itself in memory, as a file; none, noted as skipped, where the system lets nobody read it.
///
/// Without a debugger: the process runs on and should be waiting.
pub fn memory_of(pid: Pid, folder: &Path, name: &str) -> Option<PathBuf> {
    let process = PathBuf::from(format!("/proc/{}", pid.as_raw_nonzero()));
    let memory = match fs::File::open(process.join("mem")) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            super::skip::skip("the memory of another process cannot be read here");
            return None;
        }
        memory => memory.unwrap(),
    };
    let path = folder.join(name);
    // Whoever is not waiting yet gives memory back while it is read: then all is read anew.
    let mut left = 20;
    while let Err(range) = copy_all(&process, &memory, &path) {
        left -= 1;
        assert!(left > 0, "{range}");
        sleep(Duration::from_millis(100));
    }
    Some(path)
}

/// Copies what a process has for itself; the range that could not be read, where it has just been given back.
fn copy_all(process: &Path, memory: &fs::File, path: &Path) -> Result<(), String> {
    let mut file = fs::File::create(path).unwrap();
    for line in fs::read_to_string(process.join("maps")).unwrap().lines() {
        let mut words = line.split(' ');
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        if !(rights.starts_with('r') && rights.ends_with('p')) {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] = [start, end].map(|digits| u64::from_str_radix(digits, 16).unwrap());
        let copied = copy_range(memory, start, end, &mut file);
        // The kernel's own pages may refuse; whatever the process has written can be read.
        if let Err(error) = copied
            && rights.contains('w')
        {
            return Err(format!("{line}: {error}"));
        }
    }
    Ok(())
}

fn copy_range(memory: &fs::File, start: u64, end: u64, file: &mut fs::File) -> Result<(), Error> {
    let mut chunk = vec![0; 1 << 20];
    let mut place = start;
    while place < end {
        let length = usize::try_from(end - place).unwrap().min(chunk.len());
        memory.read_exact_at(&mut chunk[..length], place)?;
        copy(&mut &chunk[..length], file)?;
        place += length as u64;
    }
    Ok(())
}

/// Where a file as large as a core holds one of these.
pub fn places(core: &Path, wanted: &[impl AsRef<[u8]>]) -> Vec<usize> {
    const CHUNK: usize = 16 << 20;
    let overlap = wanted.iter().map(|octets| octets.as_ref().len()).max().unwrap_or(1) - 1;
    let mut file = fs::File::open(core).unwrap();
    let (mut chunk, mut start, mut found) = (Vec::new(), 0, BTreeSet::new());
    loop {
        let length = file.by_ref().take(CHUNK as u64).read_to_end(&mut chunk).unwrap();
        for octets in wanted {
            found.extend(memchr::memmem::find_iter(&chunk, octets.as_ref()).map(|place| start + place));
        }
        if length == 0 {
            return found.into_iter().collect();
        }
        let done = chunk.len().saturating_sub(overlap);
        chunk.drain(..done);
        start += done;
    }
}
