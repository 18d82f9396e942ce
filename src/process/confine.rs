//! What a child gives up as its first act, before any thread and before it loads foreign code.

use std::collections::BTreeMap;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use landlock::{ABI, Access as _, AccessFs, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetStatus};
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

    fn done<E: std::fmt::Display>(result: Result<(), E>, detail: &str) -> Self {
        match result {
            Ok(()) => Self::new(Extent::Full, detail),
            Err(error) => Self::new(Extent::None, format!("{detail}: {error}")),
        }
    }
}

/// What a child gave up, as facts for the transcript.
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
    /// Landlock: which files it reads and writes.
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

/// The files that a child keeps.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Access {
    /// May be read and executed; paths that do not exist are left out.
    pub read: Vec<PathBuf>,
    /// May be read and written. Where none is named, files are not restricted at all: a foreign library writes where
    /// it must, and only the profile can know where.
    pub write: Vec<PathBuf>,
}

/// Gives up what a child does not need. To be called before any thread is started: most of it holds for the calling
/// thread and those that it starts.
///
/// Nothing of it fails: what this kernel lacks is reported, and people decide. `client` is the socket of whoever started
/// it, from whose user it should be apart.
#[must_use]
pub fn confine(access: &Access, client: Option<&UnixStream>) -> Confinement {
    let core = Rlimit { current: Some(0), maximum: Some(0) };
    Confinement {
        user: user(client),
        no_new_privileges: Measure::done(rustix::thread::set_no_new_privs(true), "set for good"),
        no_core: Measure::done(setrlimit(Resource::Core, core), "RLIMIT_CORE is 0"),
        not_dumpable: Measure::done(set_dumpable_behavior(DumpableBehavior::NotDumpable), "PR_SET_DUMPABLE is 0"),
        memory_locked: lock_memory(),
        files: restrict_files(access),
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

fn restrict_files(access: &Access) -> Measure {
    if access.write.is_empty() {
        return Measure::new(Extent::None, "not restricted: no writable path is named");
    }
    // ABI 3 is the last whose rights concern files only; later ones would refuse ioctl, which every driver needs.
    let abi = ABI::V3;
    let restricted = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))
        .and_then(Ruleset::create)
        .and_then(|rules| rules.add_rules(landlock::path_beneath_rules(&access.read, AccessFs::from_read(abi))))
        .and_then(|rules| rules.add_rules(landlock::path_beneath_rules(&access.write, AccessFs::from_all(abi))))
        .and_then(landlock::RulesetCreated::restrict_self);
    let named = access.write.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    match restricted.map(|status| status.ruleset) {
        Ok(RulesetStatus::FullyEnforced) => Measure::new(Extent::Full, format!("Landlock; writes only {named}")),
        Ok(RulesetStatus::PartiallyEnforced) => {
            Measure::new(Extent::Partial, format!("Landlock of an older kernel; writes only {named}"))
        }
        Ok(RulesetStatus::NotEnforced) => Measure::new(Extent::None, "this kernel has no Landlock"),
        Err(error) => Measure::new(Extent::None, format!("Landlock: {error}")),
    }
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
    fn a_restricted_thread_writes_where_it_may() {
        let folder = tempfile::tempdir().unwrap();
        let (inside, outside) = (folder.path().join("in"), folder.path().join("out"));
        std::fs::create_dir(&inside).unwrap();
        std::fs::create_dir(&outside).unwrap();
        let access = Access { read: vec!["/usr".into(), "/nowhere".into()], write: vec![inside.clone()] };
        let thread = std::thread::spawn(move || {
            let measure = restrict_files(&access);
            let written = std::fs::write(inside.join("a"), "a").is_ok() && std::fs::read(inside.join("a")).is_ok();
            (measure, written, std::fs::write(outside.join("a"), "a").is_err(), std::fs::read_dir("/usr").is_ok())
        });
        let (measure, written, refused, readable) = thread.join().unwrap();
        assert!(written && readable);
        assert_eq!(refused, measure.extent != Extent::None, "{}", measure.detail);
    }

    #[test]
    fn without_a_writable_path_files_are_left_alone_and_the_report_says_so() {
        let measure = restrict_files(&Access { read: vec!["/usr".into()], write: vec![] });
        assert_eq!((measure.extent, measure.detail.contains("not restricted")), (Extent::None, true));
    }
}
