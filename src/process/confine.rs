//! What a process gives up as its first act, before any thread and before it loads foreign code.

use std::collections::BTreeMap;
use std::fs::{self, DirEntry};
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use landlock::{ABI, AccessFs, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetStatus, Scope};
use rustix::mm::{MlockAllFlags, mlockall};
use rustix::net::sockopt::socket_peercred;
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, getuid, set_dumpable_behavior, setrlimit};
use seccompiler::{
    SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};
use serde::{Deserialize, Serialize};

use super::syscalls;

/// How far a measure took effect.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Extent {
    /// As asked for.
    Full,
    /// As far as this kernel can.
    Partial,
    /// Not at all.
    None,
}

/// One measure of a [`Confinement`].
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Measure {
    /// How far it took effect.
    pub extent: Extent,
    /// What that means, or why it did not; for people.
    pub detail: String,
}

impl Measure {
    /// `full: …`, for people and transcript.
    #[must_use]
    pub fn text(&self) -> String {
        let extent = match self.extent {
            Extent::Full => "full",
            Extent::Partial => "partial",
            Extent::None => "none",
        };
        format!("{extent}: {}", self.detail)
    }

    fn new(extent: Extent, detail: impl Into<String>) -> Self {
        Self { extent, detail: detail.into() }
    }

    fn unrestricted() -> Self {
        Self::new(Extent::None, "not restricted")
    }

    fn done<E: std::fmt::Display>(result: Result<(), E>, detail: &str) -> Self {
        match result {
            Ok(()) => Self::new(Extent::Full, detail),
            Err(error) => Self::new(Extent::None, format!("{detail}: {error}")),
        }
    }
}

/// What a process gave up, as facts for the transcript.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Confinement {
    /// Which user it runs as.
    pub user: Measure,
    /// No new privileges through exec.
    pub no_new_privileges: Measure,
    /// No core file.
    pub no_core: Measure,
    /// Not dumpable: no other process of this user reads its memory.
    pub not_dumpable: Measure,
    /// Memory is never swapped out.
    pub memory_locked: Measure,
    /// Landlock: which files it writes.
    pub files: Measure,
    /// seccomp: which system calls are refused.
    pub system_calls: Measure,
}

impl Confinement {
    /// The measures by name, in the order in which they were taken.
    #[must_use]
    pub fn measures(&self) -> [(&'static str, &Measure); 7] {
        [
            ("user", &self.user),
            ("no new privileges", &self.no_new_privileges),
            ("no core file", &self.no_core),
            ("not dumpable", &self.not_dumpable),
            ("memory locked", &self.memory_locked),
            ("files", &self.files),
            ("system calls", &self.system_calls),
        ]
    }
}

/// Gives up what a process does not need. To be called before any thread is started: most of it holds for the calling
/// thread and those that it starts, and for its children.
///
/// `writable` is what it writes besides devices, files or folders with all below; without it, nothing is given up there.
/// `client` is the socket of whoever started it, from whose user it should be apart. Nothing of it fails: what this
/// kernel lacks is reported, and people decide.
#[must_use]
pub fn confine(writable: Option<&[PathBuf]>, client: Option<&UnixStream>) -> Confinement {
    let core = Rlimit { current: Some(0), maximum: Some(0) };
    Confinement {
        user: user(client),
        no_new_privileges: Measure::done(rustix::thread::set_no_new_privs(true), "set for good"),
        no_core: Measure::done(setrlimit(Resource::Core, core), "RLIMIT_CORE is 0"),
        not_dumpable: Measure::done(set_dumpable_behavior(DumpableBehavior::NotDumpable), "PR_SET_DUMPABLE is 0"),
        memory_locked: lock_memory(),
        files: writable.map_or_else(Measure::unrestricted, restrict_writing),
        system_calls: filter_system_calls(),
    }
}

/// A process of another user can neither look into its client nor end it, nor ask in its name.
fn user(client: Option<&UnixStream>) -> Measure {
    let own = getuid();
    match client.map(socket_peercred) {
        None if own.is_root() => Measure::new(Extent::None, "uid 0, root"),
        None => Measure::new(Extent::Full, format!("uid {own}")),
        Some(Ok(peer)) if peer.uid != own => {
            Measure::new(Extent::Full, format!("uid {own}, apart from its client's {}", peer.uid))
        }
        Some(_) => Measure::new(Extent::None, format!("uid {own}, the same as its client's")),
    }
}

/// Keeps all memory of this process, present and future, out of swap, where the limit allows it.
///
/// Under a small limit it is not even tried: a lock on future memory would make later allocations fail.
#[must_use]
pub fn lock_memory() -> Measure {
    let limit = getrlimit(Resource::Memlock).current;
    let capable = rustix::thread::capabilities(None)
        .is_ok_and(|sets| sets.effective.contains(rustix::thread::CapabilitySet::IPC_LOCK));
    if let Some(octets) = limit.filter(|_| !capable) {
        return Measure::new(Extent::None, format!("RLIMIT_MEMLOCK is {octets} octets"));
    }
    // On fault: a page is locked when it is first used, so that unused stacks and arenas cost nothing.
    let flags = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    Measure::done(mlockall(flags), "present and future pages")
}

/// Reading stays free: a vendor's library has its configuration where its vendor likes.
fn restrict_writing(writable: &[PathBuf]) -> Measure {
    // What ABI 3 adds, to cut a file short without opening it to write, has the kernel look at the whole path whenever a
    // file is opened, to read as well: 4 in 100 of the time that SoftHSM2 takes for a signature with P-256. Later ones
    // would refuse ioctl, which every driver needs.
    let writing = AccessFs::from_write(ABI::V2);
    let (there, missing): (Vec<&PathBuf>, Vec<&PathBuf>) = writable.iter().partition(|path| path.exists());
    let devices = devices();
    let restricted = Ruleset::default()
        .handle_access(writing)
        .and_then(|rules| rules.scope(Scope::Signal))
        .and_then(Ruleset::create)
        .and_then(|rules| {
            rules.add_rules(landlock::path_beneath_rules(devices.iter().chain(there.iter().copied()), writing))
        })
        .and_then(landlock::RulesetCreated::restrict_self);
    let listed =
        |paths: &[&PathBuf]| paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    let mut kept = format!("writes devices{}{}", if there.is_empty() { " only" } else { ", " }, listed(&there));
    if !missing.is_empty() {
        kept = format!("{kept}; not there: {}", listed(&missing));
    }
    match restricted.map(|status| status.ruleset) {
        Ok(RulesetStatus::FullyEnforced) => Measure::new(Extent::Full, format!("Landlock; {kept}; signals nobody")),
        Ok(RulesetStatus::PartiallyEnforced) => {
            Measure::new(Extent::Partial, format!("Landlock of an older kernel; {kept}"))
        }
        Ok(RulesetStatus::NotEnforced) => Measure::new(Extent::None, "this kernel has no Landlock"),
        Err(error) => Measure::new(Extent::None, format!("Landlock: {error}")),
    }
}

/// What a driver talks through: no disks, and not the memory that is shared below /dev as well, where the ceremony has
/// its spool.
fn devices() -> Vec<PathBuf> {
    let talks = |entry: &DirEntry| {
        entry.file_type().is_ok_and(|kind| kind.is_char_device() || (kind.is_dir() && entry.file_name() != "shm"))
    };
    let entries = fs::read_dir(Path::new("/dev")).into_iter().flatten().flatten();
    entries.filter(talks).map(|entry| entry.path()).collect()
}

fn filter_system_calls() -> Measure {
    let detail =
        "seccomp: sockets other than AF_UNIX, io_uring, ptrace, bpf, mount, modules, clock and the like refused";
    match install_filter() {
        Ok(()) => Measure::new(Extent::Full, detail),
        Err(error) => Measure::new(Extent::None, format!("seccomp: {error}")),
    }
}

fn install_filter() -> Result<(), seccompiler::Error> {
    const AF_UNIX: u64 = 1;
    const EPERM: u32 = 1;
    let other_family = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, AF_UNIX)?;
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = syscalls::denied().map(|number| (number, Vec::new())).collect();
    for number in syscalls::SOCKET {
        rules.insert(*number, vec![SeccompRule::new(vec![other_family.clone()])?]);
    }
    // A call under another architecture's numbers kills: seccompiler puts that check first.
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::Errno(EPERM), arch)?;
    let program: seccompiler::BpfProgram = filter.try_into()?;
    seccompiler::apply_filter(&program)
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::UdpSocket;
    use std::os::unix::net::UnixStream;

    use super::super::spawn::Starter;
    use super::*;

    #[test]
    fn a_filtered_thread_has_unix_sockets_only() {
        // seccomp and Landlock hold for the calling thread, so that a test can try them in one.
        let refused = std::thread::spawn(|| {
            let measure = filter_system_calls();
            assert_eq!(measure.extent, Extent::Full, "{}", measure.detail);
            UnixStream::pair().unwrap();
            UdpSocket::bind("127.0.0.1:0").unwrap_err().kind()
        });
        assert_eq!(refused.join().unwrap(), ErrorKind::PermissionDenied);
    }

    #[test]
    fn a_restricted_thread_writes_where_it_may_reads_everything_and_signals_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let (inside, outside) = (folder.path().join("in"), folder.path().join("out"));
        for path in [&inside, &outside] {
            fs::create_dir(path).unwrap();
            fs::write(path.join("old"), "old").unwrap();
        }
        let (mut child, _socket) = Starter::Program("/bin/sh".into()).start("-s", &BTreeMap::new()).unwrap();
        let thread = std::thread::spawn(move || {
            let measure = restrict_writing(&[inside.clone(), "/nowhere".into()]);
            fs::write(inside.join("new"), "new").unwrap();
            fs::remove_file(inside.join("old")).unwrap();
            fs::write("/dev/null", "gone").unwrap();
            assert_eq!(fs::read(outside.join("old")).unwrap(), b"old");
            let refused = [
                fs::write(outside.join("new"), "new"),
                fs::rename(inside.join("new"), outside.join("new")),
                fs::write(outside.join("old"), "new"),
                fs::remove_file(outside.join("old")),
            ];
            let refused = refused.map(|result| result.is_err());
            let signalled = child.kill().is_ok();
            // An older kernel can less, and the report says so.
            assert_eq!(refused, [measure.extent != Extent::None; 4], "{}", measure.detail);
            assert_eq!(signalled, measure.extent != Extent::Full, "{}", measure.detail);
            assert!(measure.extent == Extent::None || measure.detail.contains("; not there: /nowhere"));
        });
        thread.join().unwrap();
    }

    #[test]
    fn what_the_memory_below_dev_shares_is_no_device() {
        let devices = devices();
        assert!(devices.contains(&"/dev/null".into()) && !devices.contains(&"/dev/shm".into()), "{devices:?}");
    }
}
