//! The ceremony's terminal, chosen on the kernel's command line, and the last screen.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::OFlags;

use super::user::USER;
use crate::process::KEYMAPS;

/// The terminal, unless the command line names another: the first virtual one.
const DEFAULT: &str = "tty1";
/// What names it.
const CONSOLE: &str = "claviger.console=";
/// What names a keyboard layout.
const KEYMAP: &str = "claviger.keymap=";
/// How long the last screen stands where nobody can press a key.
const LAST_LOOK: Duration = Duration::from_secs(60);

/// What the kernel's command line says to us.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct CommandLine {
    /// Name of the terminal below `/dev`.
    pub(super) console: String,
    /// Name of a keyboard layout, one of [`KEYMAPS`].
    pub(super) keymap: Option<String>,
}

impl CommandLine {
    /// The kernel's own.
    pub(super) fn read() -> Self {
        Self::parse(&fs::read_to_string("/proc/cmdline").unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let value = |key: &str| {
            let found = text.split_whitespace().filter_map(|word| word.strip_prefix(key)).next_back()?;
            // It becomes a path: letters, digits and hyphens lead nowhere else.
            let plain = found.bytes().all(|sign| sign.is_ascii_alphanumeric() || sign == b'-');
            (plain && !found.is_empty()).then(|| found.to_owned())
        };
        let console = value(CONSOLE).filter(|name| name.starts_with("tty") || name.starts_with("hvc"));
        let keymap = value(KEYMAP).filter(|name| KEYMAPS.contains(&name.as_str()));
        Self { console: console.unwrap_or_else(|| DEFAULT.to_owned()), keymap }
    }

    /// Whether the terminal is a screen, with keyboards whose layout this computer decides.
    pub(super) fn has_keyboard(&self) -> bool {
        self.console.strip_prefix("tty").is_some_and(|number| number.bytes().all(|sign| sign.is_ascii_digit()))
    }

    /// The terminal's device.
    pub(super) fn device(&self) -> PathBuf {
        Path::new("/dev").join(&self.console)
    }
}

/// Opens the terminal and gives it to the ceremony's user; it becomes nobody's controlling terminal.
pub(super) fn open(device: &Path) -> io::Result<File> {
    let flags = i32::try_from((OFlags::NOCTTY | OFlags::CLOEXEC).bits()).unwrap_or_default();
    let terminal = OpenOptions::new().read(true).write(true).custom_flags(flags).open(device)?;
    std::os::unix::fs::chown(device, Some(USER), Some(USER))?;
    fs::set_permissions(device, fs::Permissions::from_mode(0o600))?;
    Ok(terminal)
}

/// Writes lines on the terminal, from the top of an empty screen.
pub(super) fn show(device: &Path, lines: &[&str]) {
    if let Ok(mut terminal) = open(device) {
        // Attributes off, erase, home; it may still be in raw mode.
        let _ = write!(terminal, "\x1b[0m\x1b[2J\x1b[H{}\r\n", lines.join("\r\n"));
    }
}

/// Writes what went wrong below what stands there, and waits for somebody to have read it.
///
/// A terminal that takes nothing, as a serial line that this computer lacks, is told of on the screen.
pub(super) fn show_last(device: &Path, message: &str) {
    let missing = format!(
        "The terminal that was chosen, {}, takes nothing: this computer may not have it.\r\nTake the boot menu's entry \
         for the screen.",
        device.display()
    );
    let screen = Path::new("/dev").join(DEFAULT);
    let shown = tell(device, message).or_else(|_| tell(&screen, &format!("{message}\r\n\r\n{missing}")));
    let Ok(mut terminal) = shown else { return thread::sleep(LAST_LOOK) };
    let mut key = [0];
    loop {
        match terminal.read(&mut key) {
            Ok(1..) if matches!(key, [b'\r' | b'\n']) => return,
            Ok(1..) => {}
            Ok(0) | Err(_) => return thread::sleep(LAST_LOOK),
        }
    }
}

fn tell(device: &Path, message: &str) -> io::Result<File> {
    let mut terminal = open(device)?;
    let text = format!(
        "\x1b[0m\r\n\r\nClaviger stops here.\r\n\r\n{message}\r\n\r\nWhat was written to media stays there; nothing \
         more is done.\r\nPress Enter to switch off.\r\n"
    );
    terminal.write_all(text.as_bytes())?;
    Ok(terminal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_names_terminal_and_keyboard_and_no_other_path() {
        let parse = |text: &str| {
            let CommandLine { console, keymap } = CommandLine::parse(text);
            (console, keymap)
        };
        assert_eq!(parse("quiet ro"), ("tty1".into(), None));
        let serial = "console=ttyS0,115200 claviger.console=ttyS0 claviger.keymap=de-ch\n";
        assert_eq!(parse(serial), ("ttyS0".into(), Some("de-ch".into())));
        let bad = ["console=../etc/passwd", "console=sda", "console=", "keymap=a/b", "keymap=klingon"];
        for bad in bad.map(|bad| format!("claviger.{bad}")) {
            assert_eq!(parse(&bad), ("tty1".into(), None), "{bad}");
        }
        assert!(CommandLine::parse("").has_keyboard() && !CommandLine::parse(serial).has_keyboard());
    }
}
