//! Kernel modules: those of a list with all that they need, in the order of `modules.dep`.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

use rustix::io::Errno;
use rustix::system::{finit_module, uname};

/// Loads the modules of a list file: one a line, with its parameters behind it; `#` begins a comment.
///
/// Returns what could not be loaded, one line each, for people: a driver that finds no device on this computer fails,
/// and that is no reason to stop.
///
/// # Errors
/// When the list or the kernel's own lists cannot be read.
pub(super) fn load_listed(list: &Path) -> io::Result<Vec<String>> {
    let folder = Path::new("/lib/modules").join(uname().release().to_string_lossy().as_ref());
    let needs = fs::read_to_string(folder.join("modules.dep"))?;
    let order = Order::read(&needs);
    let built_in = fs::read_to_string(folder.join("modules.builtin")).unwrap_or_default();
    let built_in: Vec<String> = built_in.lines().map(plain_name).collect();
    let mut faults = Vec::new();
    for (name, parameters) in listed(&fs::read_to_string(list)?) {
        if built_in.contains(&name) {
            continue;
        }
        for path in order.paths(&name) {
            let own = plain_name(path) == name;
            if let Err(error) = load(&folder.join(path), if own { &parameters } else { "" }) {
                faults.push(format!("module {}: {error}", plain_name(path)));
            }
        }
        if order.paths(&name).is_empty() {
            faults.push(format!("module {name}: there is none of this name"));
        }
    }
    Ok(faults)
}

/// What a driver says that has nothing to drive.
const NO_DEVICE: &str = "no such device in this computer";

fn load(path: &Path, parameters: &str) -> io::Result<()> {
    let parameters = CString::new(parameters).map_err(|_| io::Error::from(ErrorKind::InvalidInput))?;
    match finit_module(File::open(path)?, &parameters, 0) {
        Ok(()) | Err(Errno::EXIST) => Ok(()), // loaded already
        Err(Errno::NODEV) => Err(io::Error::other(NO_DEVICE)),
        Err(errno) => Err(errno.into()),
    }
}

/// Names, plain, with parameters.
fn listed(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let named = lines.filter(|line| !line.is_empty()).map(|line| line.split_once(' ').unwrap_or((line, "")));
    named.map(|(name, parameters)| (plain_name(name), parameters.trim().to_owned())).collect()
}

/// `kernel/drivers/usb/usb-storage.ko` and `usb-storage` are `usb_storage`.
fn plain_name(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split('.').next().unwrap_or(file).replace('-', "_")
}

/// `modules.dep`: each module's file, and what it needs, what comes last first.
struct Order<'t>(BTreeMap<String, Vec<&'t str>>);

impl<'t> Order<'t> {
    fn read(text: &'t str) -> Self {
        let lines = text.lines().filter_map(|line| line.split_once(':'));
        let entry = |(path, needs): (&'t str, &'t str)| {
            let mut paths: Vec<&str> = needs.split_whitespace().rev().collect();
            paths.push(path);
            (plain_name(path), paths)
        };
        Self(lines.map(entry).collect())
    }

    /// The files to load for a module, in order; none for an unknown one.
    fn paths(&self, name: &str) -> &[&'t str] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_module_needs_comes_first() {
        let order =
            Order::read("k/usb/usb-storage.ko: k/scsi/scsi_mod.ko k/scsi/scsi_common.ko\nk/scsi/scsi_common.ko:\n");
        assert_eq!(order.paths("usb_storage"), ["k/scsi/scsi_common.ko", "k/scsi/scsi_mod.ko", "k/usb/usb-storage.ko"]);
        assert_eq!(order.paths("scsi_common"), ["k/scsi/scsi_common.ko"]);
        assert!(order.paths("e1000").is_empty());
    }

    #[test]
    fn a_list_has_names_parameters_and_comments() {
        let modules = listed("# storage\nusb-storage delay_use=0 # no wait\n\nvfat\n");
        let text = |name: &str, parameters: &str| (name.to_owned(), parameters.to_owned());
        assert_eq!(modules, [text("usb_storage", "delay_use=0"), text("vfat", "")]);
    }
}
