//! The module of `tests/faults`: SoftHSM2, and wrong where it is told to be.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The variable that names the rules.
pub const VARIABLE: &str = "CLAVIGER_FAULT";

/// The module, built when a test asks for it first.
pub fn module() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        // A sibling of the folder of this build, wherever that is.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("faults");
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/Cargo.toml");
        let mut command = Command::new(env!("CARGO"));
        command.args(["build", "--quiet", "--locked", "--manifest-path"]).arg(manifest);
        command.arg("--target-dir").arg(&target).stdin(Stdio::null());
        let output = command.output().expect("cargo, which has built this test");
        assert!(output.status.success(), "tests/faults: {}", String::from_utf8_lossy(&output.stderr));
        target.join("debug/libclaviger_faults.so")
    })
}

/// The rules of one module.
pub struct Rules {
    folder: PathBuf,
    real: PathBuf,
}

impl Rules {
    /// No rules: everything is as with the module `real`. They lie in `folder`.
    pub fn new(folder: &Path, real: &Path) -> Self {
        let rules = Self { folder: folder.to_owned(), real: real.to_owned() };
        rules.set(&[]);
        rules
    }

    /// The same, and the module stands before the one that a profile names.
    pub fn before(profile: &Path, folder: &Path) -> Self {
        let text = fs::read_to_string(profile).expect("the profile");
        let real = text.lines().find_map(|line| line.strip_prefix("module = \"")?.strip_suffix('"'));
        let real = real.expect("a module in the profile");
        let rules = Self::new(folder, Path::new(real));
        let variable = format!("env = {{ {VARIABLE} = \"{}\", ", rules.file().display());
        let text = text.replace(real, &module().display().to_string()).replace("env = { ", &variable);
        // The log of logins, where a profile does not leave it to the default.
        let text = text.replace("writable = [", &format!("writable = [\"{}\", ", folder.display()));
        fs::write(profile, text).expect("the profile");
        rules
    }

    /// What goes wrong from the next start of a token host on; see `tests/faults/src/rules.rs`.
    pub fn set(&self, rules: &[&str]) {
        let log = format!("log = {}", self.log().display());
        let lines = [format!("module = {}", self.real.display()), log].into_iter();
        let lines: Vec<String> = lines.chain(rules.iter().map(|rule| (*rule).to_owned())).collect();
        fs::write(self.file(), lines.join("\n")).expect("the rules");
    }

    /// The file for [`VARIABLE`].
    pub fn file(&self) -> PathBuf {
        self.folder.join("fault.rules")
    }

    /// One line a C_Login since the beginning: user type and octets of the PIN.
    pub fn logins(&self) -> Vec<String> {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn log(&self) -> PathBuf {
        self.folder.join("logins.txt")
    }
}
