//! What goes wrong while an image is built: one message that says what, and nothing is left that looks whole.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A copy of the folder `image` with what belongs to it, and a cache of packages, to be damaged.
struct Workshop {
    folder: TempDir,
}

impl Workshop {
    fn new() -> Self {
        let workshop = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let words = ["-r", "image", "udev", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml"];
        let copied = Command::new("cp").args(words).arg(workshop.folder.path()).current_dir(root).status();
        assert!(copied.unwrap().success());
        // The lock that the image was built by, wherever it is.
        if let Some(lock) = std::env::var_os("CLAVIGER_IMAGE_LOCK") {
            fs::copy(lock, workshop.lock()).unwrap();
        }
        fs::create_dir_all(workshop.cache().join("packages")).unwrap();
        // apt then asks only what is new.
        let _ = Command::new("cp").arg("-r").arg(own_cache().join("apt")).arg(workshop.cache()).status().unwrap();
        for package in fs::read_dir(own_cache().join("packages")).expect("the cache of packages").flatten() {
            symlink(package.path(), workshop.cache().join("packages").join(package.file_name())).unwrap();
        }
        workshop
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    fn lock(&self) -> PathBuf {
        self.folder.path().join("image/packages.lock")
    }

    /// Changes the line of a package in the lock: version and SHA-256. The package is no longer in the cache.
    fn change(&self, package: &str, change: impl FnOnce(&str, &str) -> (String, String)) -> [String; 2] {
        let text = fs::read_to_string(self.lock()).unwrap();
        let line = text.lines().find(|line| line.starts_with(&format!("{package} "))).expect("the package");
        let words: Vec<&str> = line.split(' ').collect();
        let (version, sha256) = change(words[1], words[2]);
        let _ = fs::remove_file(self.cache().join("packages").join(format!("{}.deb", words[2]))); // else it is found there
        fs::write(self.lock(), text.replace(line, &format!("{package} {version} {sha256}"))).unwrap();
        [words[1].to_owned(), words[2].to_owned()]
    }

    /// Runs a script of `image/`, which must say this and end with an error, or without one.
    fn run(&self, script: &str, prepare: impl FnOnce(&mut Command)) -> (bool, String) {
        let mut command = Command::new(self.folder.path().join("image").join(script));
        command.env("CLAVIGER_IMAGE_CACHE", self.cache()).env_remove("CLAVIGER_IMAGE_LOCK");
        command.env("CLAVIGER_IMAGE_OUT", self.folder.path().join("out")).env("CLAVIGER_PROGRAM", "/bin/true");
        prepare(&mut command);
        let output = command.stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), said)
    }

    /// A script that must stop, with this message.
    fn stops(&self, script: &str, message: &str, prepare: impl FnOnce(&mut Command)) {
        let (good, said) = self.run(script, prepare);
        assert!(!good && said.contains(message), "expected `{message}`; {script} said:\n{said}");
        let found = fs::read_dir(self.folder.path().join("out")).into_iter().flatten().flatten();
        let isos = found.filter(|entry| entry.file_name().to_string_lossy().ends_with(".iso"));
        assert_eq!(isos.count(), 0, "an image was left");
    }
}

fn own_cache() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME")).join(".cache");
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from);
    std::env::var_os("CLAVIGER_IMAGE_CACHE").map_or_else(|| cache.join("claviger/image"), PathBuf::from)
}

#[test]
fn a_package_that_debian_dropped_is_named() {
    let workshop = Workshop::new();
    workshop.change("kbd", |_, sha256| ("0:1.0-1".to_owned(), sha256.replace('0', "1")));
    workshop.stops("fetch", "image: kbd 0:1.0-1 is no longer in Debian trixie", |_| {});
}

#[test]
fn a_package_with_another_hash_is_not_taken() {
    let workshop = Workshop::new();
    let zeros = "0".repeat(64);
    let [version, sha256] = workshop.change("kbd", |version, _| (version.to_owned(), zeros.clone()));
    let message = format!("kbd {version}: expected SHA-256 {zeros}, found {sha256}");
    workshop.stops("fetch", &message, |_| {});
}

#[test]
fn a_damaged_package_of_the_cache_is_fetched_again() {
    let workshop = Workshop::new();
    let [_, sha256] = workshop.change("kbd", |version, sha256| (version.to_owned(), sha256.to_owned()));
    let package = workshop.cache().join("packages").join(format!("{sha256}.deb"));
    fs::write(&package, "not a package").unwrap();
    let (good, said) = workshop.run("fetch", |_| {});
    assert!(good && said.contains("in the cache is damaged; fetching it again"), "{said}");
    assert_eq!(claviger::dns::sha256(&fs::read(package).unwrap()).to_string(), sha256);
}

#[test]
fn a_renewed_lock_shows_what_changed() {
    let workshop = Workshop::new();
    let [version, sha256] = workshop.change("kbd", |_, sha256| ("0:1.0-1".to_owned(), sha256.to_owned()));
    let (good, said) = workshop.run("lock", |_| {});
    assert!(good && said.contains(&format!("-kbd 0:1.0-1 {sha256}")), "{said}");
    // Debian may have a newer one meanwhile; what is shown is what stands in the lock.
    let new = said.lines().find(|line| line.starts_with("+kbd ")).expect("the new line");
    assert!(new.ends_with(&sha256) || !new.contains(&version), "{said}");
    assert!(fs::read_to_string(workshop.lock()).unwrap().contains(&new[1..]), "{said}");
    let (good, said) = workshop.run("lock", |_| {});
    assert!(good && said.contains("packages.lock is up to date"), "{said}");
}

#[test]
fn a_missing_tool_is_named_with_its_package() {
    let workshop = Workshop::new();
    let bin = workshop.folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    for folder in ["/usr/bin", "/usr/sbin", "/bin", "/sbin"] {
        for program in fs::read_dir(folder).unwrap().flatten().filter(|program| program.file_name() != "readelf") {
            let _ = symlink(program.path(), bin.join(program.file_name())); // the first of a name is enough
        }
    }
    let message = "image: the program `readelf` is missing\nimage: install it (Debian: apt-get install binutils)";
    workshop.stops("build", message, |command| {
        command.env("PATH", &bin);
    });
}

#[test]
fn a_disk_without_room_is_told_before_anything_is_written() {
    let workshop = Workshop::new();
    let build = workshop.folder.path().join("image/build");
    let out = workshop.folder.path().join("small");
    fs::create_dir(&out).unwrap();
    let script = "mount -t tmpfs -o size=8m none \"$1\" && CLAVIGER_IMAGE_OUT=$1 \"$0\" ceremony; status=$?; ls -A \"$1\"; exit $status";
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", script]).arg(&build).arg(&out);
    let output = command.env("CLAVIGER_IMAGE_CACHE", workshop.cache()).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("unshare failed") {
        return crate::common::skip::skip("a user may not make name spaces here");
    }
    let message = format!("image: {} has 8 MiB free, 1500 MiB are needed", out.display());
    assert!(!output.status.success() && said.contains(&message), "{said}");
    assert!(output.stdout.is_empty(), "left behind: {}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn an_unknown_flavour_is_refused() {
    Workshop::new().stops("build", "image: no flavour is called festival", |command| {
        command.arg("festival");
    });
}
