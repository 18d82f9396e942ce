//! Media that are plugged in: file systems in image files, made and read with the tools of Debian.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A drawer of sticks.
pub struct Drawer {
    folder: TempDir,
}

impl Drawer {
    /// An empty one.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// Where a stick's image lies.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A FAT stick of 16 MiB without a partition table.
    pub fn fat(&self, label: &str) -> PathBuf {
        let path = self.empty(label, 16 << 20);
        tool("mkfs.vfat", &["-n", label, "-i", &serial(label), text(&path)]);
        path
    }

    /// A FAT floppy of 1440 KiB.
    pub fn floppy(&self, label: &str) -> PathBuf {
        let path = self.empty(label, 1440 << 10);
        tool("mkfs.vfat", &["-n", label, "-i", &serial(label), text(&path)]);
        path
    }

    /// A stick with two partitions, both FAT.
    pub fn halves(&self, name: &str) -> PathBuf {
        let path = self.empty(name, 16 << 20);
        let script = self.path("script");
        fs::write(&script, "label: dos\nstart=2048, size=14336, type=e\nstart=16384, size=16384, type=e\n").unwrap();
        tool("sh", &["-c", "sfdisk -q \"$0\" <\"$1\"", text(&path), text(&script)]);
        for (label, sector, blocks) in [("RECORD-L", "2048", "7168"), ("RECORD-R", "16384", "8192")] {
            tool("mkfs.vfat", &["--offset", sector, "-n", label, text(&path), blocks]);
        }
        path
    }

    /// A stick with another file system, by the tool that makes it.
    pub fn foreign(&self, name: &str, tool_and_words: &[&str]) -> PathBuf {
        let path = self.empty(name, 16 << 20);
        let [name, words @ ..] = tool_and_words else { panic!("no tool") };
        tool(name, &[words, &[text(&path)]].concat());
        path
    }

    /// A file of zeros.
    pub fn empty(&self, name: &str, octets: u64) -> PathBuf {
        let path = self.path(name);
        fs::File::create(&path).and_then(|file| file.set_len(octets)).unwrap();
        path
    }
}

/// A serial number that is the stick's own.
fn serial(label: &str) -> String {
    let sum = label.bytes().fold(0x811c_9dc5_u32, |sum, octet| (sum ^ u32::from(octet)).wrapping_mul(0x0100_0193));
    format!("{sum:08x}")
}

/// Copies a file onto a FAT stick.
pub fn copy_onto(stick: &Path, file: &Path) {
    tool("mcopy", &["-i", text(stick), text(file), "::"]);
}

/// Fills a FAT stick with a file, but for so many octets.
pub fn fill(stick: &Path, but: usize) {
    // `mdir` ends with a line as `   1 456 128 bytes free`.
    let said = tool("mdir", &["-i", text(stick), "::"]);
    let free = said.lines().find_map(|line| line.strip_suffix(" bytes free")).expect("what is free");
    let free: usize = free.split_whitespace().collect::<String>().parse().expect("octets");
    let filling = stick.with_file_name("photos.zip");
    fs::write(&filling, vec![0x5a; free - but]).unwrap();
    copy_onto(stick, &filling);
}

/// Copies everything off a FAT stick into a new folder.
pub fn copy_off(stick: &Path, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    tool("mcopy", &["-s", "-n", "-i", text(stick), "::", text(folder)]);
}

/// Copies everything off a FAT stick that may be damaged, as far as it can be read.
pub fn copy_off_what_can_be(stick: &Path, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    run("mcopy", &["-s", "-n", "-i", text(stick), "::", text(folder)]);
}

/// Runs a tool that must succeed; what it says.
pub fn tool(name: &str, words: &[&str]) -> String {
    let (good, said) = run(name, words);
    assert!(good, "{name} {words:?}: {said}");
    said
}

fn run(name: &str, words: &[&str]) -> (bool, String) {
    let mut command = Command::new(name);
    command.args(words).stdin(Stdio::null()).env("MTOOLS_SKIP_CHECK", "1").env("MTOOLSRC", "/dev/null");
    command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    let output = command.output().unwrap_or_else(|error| panic!("{name}: {error} (tests/setup installs it)"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said)
}

/// A path as a word of a command.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
