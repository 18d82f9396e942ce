//! Real name servers: where their programs are, how they are run, and what they serve.
//!
//! The programs are in a folder that `tests/peers/root.sh` makes and `chroot` enters, or else on the machine itself.
//! Everything stays on loopback, every wait is bounded, and a server ends with the test that started it.

use std::fs::{self, File};
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use tempfile::TempDir;

use super::rrsets::{Bundle, Record, records, sorted};

/// Where the programs are looked for, in the folder and on the machine.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";
/// Seconds that any one tool may take.
const TOOL_SECONDS: &str = "60";
/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// The algorithms that all peers know.
#[derive(Clone, Copy, Debug)]
pub enum Algorithm {
    /// RSA/SHA-256 with 2048 bits (RFC 5702).
    Rsa2048,
    /// RSA/SHA-512 with 2048 bits (RFC 5702).
    Rsa2048Sha512,
    /// ECDSA P-256 with SHA-256 (RFC 6605).
    P256,
    /// ECDSA P-384 with SHA-384 (RFC 6605).
    P384,
    /// Ed25519 (RFC 8080).
    Ed25519,
}

impl Algorithm {
    /// Its name in configurations of BIND and Knot.
    pub fn peer_name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "rsasha256",
            Self::Rsa2048Sha512 => "rsasha512",
            Self::P256 => "ecdsap256sha256",
            Self::P384 => "ecdsap384sha384",
            Self::Ed25519 => "ed25519",
        }
    }

    /// The size of a key, where it has to be said.
    pub fn bits(self) -> &'static str {
        if matches!(self, Self::Rsa2048 | Self::Rsa2048Sha512) { " 2048" } else { "" }
    }
}

/// A folder in which the peers' programs work.
pub struct Workplace {
    /// Words before a program's name.
    entry: Vec<String>,
    folder: TempDir,
    /// The folder as the programs see it.
    inside: PathBuf,
}

/// What a program left.
pub struct Ran {
    /// Whether it ended with 0.
    pub ok: bool,
    /// What it printed.
    pub stdout: String,
    /// Its messages.
    pub stderr: String,
}

impl Ran {
    /// What it printed; panics with its messages where it failed.
    pub fn expect(self, what: &str) -> String {
        assert!(self.ok, "{what}: {}{}", self.stdout, self.stderr);
        self.stdout
    }
}

impl Workplace {
    /// A fresh folder.
    ///
    /// # Errors
    ///
    /// A sentence saying why no peer can run here.
    pub fn new() -> Result<Self, String> {
        let folders = [
            Some(Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/peers")),
            std::env::var_os("XDG_CACHE_HOME").map(|cache| Path::new(&cache).join("claviger/peers")),
            std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache/claviger/peers")),
        ];
        let root = folders.into_iter().flatten().find(|folder| folder.join("usr/sbin/named").exists());
        let mut entry = Vec::new();
        if let Some(root) = &root {
            if !rustix::process::geteuid().is_root() {
                entry.extend(["unshare".to_owned(), "--map-root-user".to_owned()]);
            }
            entry.extend(["chroot".to_owned(), root.display().to_string()]);
        }
        let temporary = root.map_or_else(std::env::temp_dir, |root| root.join("tmp"));
        let folder = tempfile::Builder::new().prefix("claviger-").tempdir_in(&temporary);
        let folder = folder.map_err(|error| format!("no work folder in {}: {error}", temporary.display()))?;
        let inside = match folder.path().file_name() {
            Some(name) if !entry.is_empty() => Path::new("/tmp").join(name),
            _ => folder.path().to_owned(),
        };
        let place = Self { entry, folder, inside };
        place.has("named", &["-v"], "BIND", (9, 20))?;
        place.has("keymgr", &["--version"], "DNS", (3, 4))?;
        Ok(place)
    }

    /// Whether a program runs and the version that it prints after a word is no older.
    fn has(&self, program: &str, arguments: &[&str], word: &str, wanted: (u32, u32)) -> Result<(), String> {
        let ran = self.run(program, arguments);
        let version = ran.stdout.split_whitespace().skip_while(|found| *found != word).nth(1).unwrap_or_default();
        let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
        let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        if ran.ok && found >= wanted {
            return Ok(());
        }
        let messages = format!("{}{}", ran.stdout, ran.stderr);
        Err(format!(
            "`{program}` of version {}.{} or newer does not run here (`tests/setup` installs it): {}",
            wanted.0,
            wanted.1,
            messages.trim()
        ))
    }

    /// A file of the folder, from outside.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file of the folder, as the programs see it.
    pub fn inside(&self, name: &str) -> String {
        self.inside.join(name).display().to_string()
    }

    /// Writes a file, and the folders it needs.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder of a file");
        fs::write(path, text).expect("a file in the work folder");
    }

    /// Reads a file.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Runs a program to its end.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Ran {
        let words = self.entry.iter().map(String::as_str).chain([program]).chain(arguments.iter().copied());
        let output = Command::new("timeout")
            .args(["-k", "5", TOOL_SECONDS])
            .args(words)
            .env("PATH", PATH)
            .stdin(Stdio::null())
            .output()
            .expect("`timeout` of coreutils");
        Ran {
            ok: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Starts a server that writes its log to a file of the folder.
    pub fn start(&self, program: &str, arguments: &[&str], log: &str) -> Server {
        let file = File::create(self.path(log)).expect("a log");
        // The kernel ends the server with the thread that started it, whatever becomes of the test.
        let words = self.entry.iter().map(String::as_str).chain(["setpriv", "--pdeathsig", "KILL", program]);
        let mut words = words.chain(arguments.iter().copied());
        let child = Command::new(words.next().expect("a program"))
            .args(words)
            .env("PATH", PATH)
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("a log"))
            .stderr(file)
            .spawn()
            .expect("the server starts");
        Server { child, log: self.path(log) }
    }
}

/// A running server; dropped, it ends.
pub struct Server {
    child: Child,
    log: PathBuf,
}

impl Server {
    /// What it has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_none())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ =
            rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), rustix::process::Signal::TERM);
        for _ in 0..50 {
            if !self.runs() {
                return;
            }
            sleep(Duration::from_millis(100));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks again and again until there is an answer; none after [`PATIENCE`].
pub fn wait_for<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        sleep(Duration::from_millis(100));
    }
    None
}

/// A high port of 127.0.0.1 that is free for TCP and UDP.
pub fn free_port() -> u16 {
    let found = wait_for(|| {
        let listener = TcpListener::bind(("127.0.0.1", 0)).ok()?;
        let port = listener.local_addr().ok()?.port();
        UdpSocket::bind(("127.0.0.1", port)).ok().map(|_| port)
    });
    found.expect("a free port")
}

/// Unix time now.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock after 1970");
    i64::try_from(since.as_secs()).expect("seconds")
}

/// The zone that all peers serve.
pub const ZONE: &str = "peer.test.";
/// What the zone's operator has written.
pub const ZONE_FILE: &str = "$TTL 300\n@ IN SOA ns hostmaster 1 3600 900 1209600 300\n@ IN NS ns\n\
                             ns IN A 127.0.0.1\nwww IN A 192.0.2.1\n";

/// A server of [`ZONE`], seen from its clients.
pub struct Served<'a> {
    /// Where the tools are.
    pub place: &'a Workplace,
    /// Its port on 127.0.0.1.
    pub port: u16,
}

impl Served<'_> {
    /// What `dig` prints of an answer.
    fn dig(&self, words: &[&str]) -> String {
        let port = self.port.to_string();
        let mut arguments = vec!["@127.0.0.1", "-p", &port, "+norec", "+noall", "+answer", "+nosplit", "+tries=1"];
        arguments.extend(["+time=2", ZONE]);
        arguments.extend(words);
        self.place.run("dig", &arguments).stdout
    }

    /// The RRset of a type at the apex with its signatures, sorted.
    pub fn set(&self, rr_type: &str) -> Vec<Record> {
        let answer = records(&self.dig(&[rr_type, "+dnssec"]));
        sorted(answer.into_iter().filter(|record| record.is_of(rr_type)))
    }

    /// Waits until the DNSKEY RRset is signed.
    pub fn is_signed(&self) -> bool {
        wait_for(|| self.set("DNSKEY").iter().any(|record| record.rr_type == "RRSIG").then_some(())).is_some()
    }

    /// Whether what is served is the bundle, octet for octet.
    ///
    /// # Errors
    ///
    /// The first RRset that differs.
    pub fn serves(&self, bundle: &Bundle) -> Result<(), String> {
        for rr_type in ["DNSKEY", "CDNSKEY", "CDS"] {
            let (wanted, found) = (bundle.set(rr_type), self.set(rr_type));
            if wanted != found {
                return Err(format!("{rr_type}: in the response {wanted:#?}\nserved {found:#?}"));
            }
        }
        Ok(())
    }

    /// Whether `delv` validates keys, SOA and an address from this key alone (`257 3 13 …`).
    ///
    /// # Errors
    ///
    /// What `delv` said.
    pub fn validates_from(&self, key: &str) -> Result<(), String> {
        let (parameters, octets) = key.rsplit_once(' ').expect("a key");
        let anchor = format!("trust-anchors {{ \"{ZONE}\" static-key {parameters} \"{octets}\"; }};\n");
        self.place.write("anchor.conf", &anchor);
        let (port, anchor, zone) = (self.port.to_string(), self.place.inside("anchor.conf"), format!("+root={ZONE}"));
        let www = format!("www.{ZONE}");
        for (name, rr_type) in [(ZONE, "DNSKEY"), (ZONE, "SOA"), (&www, "A")] {
            let ran = self.place.run("delv", &["@127.0.0.1", "-p", &port, "-a", &anchor, &zone, name, rr_type]);
            let said = format!("{}{}", ran.stdout, ran.stderr);
            if !said.lines().any(|line| line.starts_with("; fully validated")) {
                return Err(format!("delv {name} {rr_type}: {said}"));
            }
        }
        Ok(())
    }

    /// Whether `ldns-verify-zone` accepts the zone as transferred.
    ///
    /// # Errors
    ///
    /// What it said.
    pub fn verifies_whole(&self) -> Result<(), String> {
        let zone = self.dig(&["AXFR", "+onesoa"]);
        self.place.write("axfr.zone", &zone);
        let ran = self.place.run("ldns-verify-zone", &[&self.place.inside("axfr.zone")]);
        if ran.ok && zone.contains("RRSIG") {
            return Ok(());
        }
        Err(format!("ldns-verify-zone: {}{}", ran.stdout, ran.stderr))
    }

    /// Everything of the above.
    pub fn is_right(&self, bundle: &Bundle, key: &str) {
        assert!(bundle.set("CDS").len() > 1 && bundle.set("CDNSKEY").len() > 1, "no CDS or CDNSKEY in the bundle");
        for checked in [self.serves(bundle), self.validates_from(key), self.verifies_whole()] {
            checked.unwrap_or_else(|difference| panic!("{difference}"));
        }
    }
}
