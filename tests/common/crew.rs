//! People at the screen: they read a question, and press the keys that answer it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use claviger::dns::sha256;
use claviger::quorum::{Assembly, ShareFile};
use claviger::render;
use claviger::steps::Pin;
use tempfile::TempDir;

use super::profile;
use super::pty::{PATIENCE, SMALL, Screen, Terminal};

/// Who is there: role and name.
pub const PEOPLE: [(&str, &str); 2] = [("CA", "Ada Administrator"), ("IW", "Ivo Witness")];
/// The officers' PINs in a rehearsal.
pub const PINS: [&str; 3] = ["rehearse-CO1", "rehearse-CO2", "rehearse-CO3"];

/// The folder of a rehearsal.
pub struct Room {
    folder: TempDir,
    /// Options besides the folder.
    options: Vec<String>,
}

impl Room {
    /// A room that nothing is in yet, whose sample request for `example.` has so many bundles.
    pub fn new(bundles: u16) -> Self {
        let options = vec!["--bundles".to_owned(), bundles.to_string()];
        Self { folder: tempfile::tempdir().expect("a temporary folder"), options }
    }

    /// Its folder.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("rehearsal")
    }

    /// A stick.
    pub fn stick(&self, label: &str) -> PathBuf {
        self.path().join("sticks").join(label)
    }

    /// The one folder of a record, or of a journal, on a stick.
    pub fn record(&self, label: &str, journal: bool) -> PathBuf {
        let all = self.records(label);
        let mut found = all.into_iter().filter(|path| path.extension().is_some_and(|end| end == "journal") == journal);
        let record = found.next().unwrap_or_else(|| panic!("no record on {label}"));
        assert_eq!(found.next(), None, "another record on {label}");
        record
    }

    /// Every folder of a record, or of a journal, on a stick.
    pub fn records(&self, label: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.stick(label)).expect("the stick").map(|entry| entry.expect("an entry").path());
        entries.filter(|path| path.is_dir()).collect()
    }

    /// A room that is prepared already: whoever prepares it knows all PINs, and the ceremony is another process.
    pub fn prepared(bundles: u16) -> Self {
        let room = Self::new(bundles);
        room.open(SMALL).see("Is this the profile that was agreed on?");
        room
    }

    /// The profile.
    pub fn profile(&self) -> PathBuf {
        self.path().join("profile.toml")
    }

    /// A folder beside the rehearsal's own.
    pub fn beside(&self) -> &Path {
        self.folder.path()
    }

    /// What the officers' shares hold: the token's own PIN.
    pub fn token_pin(&self) -> String {
        let open = |(officer, pin): (&str, &str)| {
            let path = self.stick(&format!("SHARE-{officer}")).join(format!("share-{officer}.json"));
            let file = ShareFile::read(&fs::read(path).expect("a share")).expect("a share");
            let share = file.open(&Pin::from_octets(pin.as_bytes()).expect("a PIN")).expect("the officer's PIN");
            (file, share)
        };
        let [(file, first), (_, second)] = [("CO1", PINS[0]), ("CO2", PINS[1])].map(open);
        let mut assembly = Assembly::new(file.share_set(), 2, file.token_serial());
        assembly.add(first).expect("a share");
        assembly.add(second).expect("another share");
        String::from_utf8(assembly.unseal().expect("the PIN").expose().to_vec()).expect("UTF-8")
    }

    /// From now on the token is opened in another way, without officers.
    pub fn login(&self, how: &str) {
        let text = fs::read_to_string(self.profile()).expect("the profile");
        let (before, rest) = text.split_once("[quorum]").expect("a quorum");
        let (_, after) = rest.split_once("[roles]").expect("roles");
        let text = format!("{before}[roles]{after}").replace("login = \"shares\"", &format!("login = \"{how}\""));
        fs::write(self.profile(), text).expect("the profile");
    }

    /// Replaces a text of the profile, which must be there.
    pub fn change_profile(&self, from: &str, to: &str) {
        profile::change(&self.profile(), from, to);
    }

    /// The ceremony at the screen; begun, or gone on with.
    pub fn open(&self, size: (u16, u16)) -> Terminal {
        let folder = self.path();
        let words = ["rehearse", "--dir", folder.to_str().expect("UTF-8")].into_iter();
        let words: Vec<&str> = words.chain(self.options.iter().map(String::as_str)).collect();
        self.start(size, &words, "REHEARSAL")
    }

    /// The same profile, token and media for a ceremony that is none of the rehearsal's, with these options.
    pub fn ceremony(&self, options: &[&str], banner: &'static str) -> Terminal {
        let [profile, sticks, spool] = ["profile.toml", "sticks", "ceremony-spool"].map(|name| self.path().join(name));
        let [profile, sticks, spool] = [&profile, &sticks, &spool].map(|path| path.to_str().expect("UTF-8"));
        let words = ["ceremony", "--profile", profile, "--media", sticks, "--spool", spool];
        self.start(SMALL, &[&words, options].concat(), banner)
    }

    fn start(&self, size: (u16, u16), words: &[&str], banner: &'static str) -> Terminal {
        let mut terminal = Terminal::start(size, words, self.folder.path());
        terminal.expect_banner(banner);
        PINS.iter().for_each(|pin| terminal.never(pin));
        terminal
    }
}

/// A screen that people look at, and its keyboard.
pub trait Console {
    /// How long people wait for anything.
    fn patience(&self) -> Duration;
    /// Waits until `ask` finds something on a complete screen.
    fn wait<T>(&self, what: &str, ask: impl FnMut(&Screen) -> Option<T>) -> T;
    /// Presses keys.
    fn press(&mut self, keys: &str);
}

impl Console for Terminal {
    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn wait<T>(&self, what: &str, ask: impl FnMut(&Screen) -> Option<T>) -> T {
        Self::wait(self, what, ask)
    }

    fn press(&mut self, keys: &str) {
        Self::press(self, keys);
    }
}

/// People who answer whatever is asked, so that the ceremony comes to its end.
pub struct Crew {
    /// The request stick, in place of paper with the requests' words.
    requests: PathBuf,
    /// The label of the request medium.
    pub request: &'static str,
    /// The labels of the record media.
    pub records: &'static [&'static str],
    /// The files that become jobs, in order.
    pub jobs: Vec<&'static str>,
    /// The file that is the next job's previous response; none: the zone is new.
    pub previous: Option<&'static str>,
    /// The schema.
    pub schema: &'static str,
    /// UTC, where the computer's clock is wrong.
    pub time: Option<&'static str>,
    /// The time that they have set.
    set: Option<&'static str>,
    /// How many jobs were taken.
    taken: usize,
}

impl Crew {
    /// People who bring these requests.
    pub fn new(room: &Room, jobs: &[&'static str]) -> Self {
        Self::at(room.stick("KSR"), jobs)
    }

    /// People who bring these requests, on this stick.
    pub fn at(requests: PathBuf, jobs: &[&'static str]) -> Self {
        Self {
            requests,
            request: "KSR",
            records: &["RECORD-A", "RECORD-B", "HSMFD"],
            jobs: jobs.to_vec(),
            previous: None,
            schema: "normal",
            time: None,
            set: None,
            taken: 0,
        }
    }

    /// Answers questions until the screen shows this text.
    pub fn until(&mut self, terminal: &mut impl Console, text: &str) -> Screen {
        let start = Instant::now();
        loop {
            assert!(start.elapsed() < 2 * terminal.patience(), "`{text}` does not come");
            let next = terminal.wait(&format!("`{text}`, or a question"), |screen| {
                if screen.has(text) {
                    return Some(Err(screen.clone()));
                }
                Some(Ok(self.answer(screen)?))
            });
            let (keys, done) = match next {
                Ok(answer) => answer,
                Err(screen) => return screen,
            };
            terminal.press(&keys);
            terminal.wait(&format!("the answer to `{done}`"), |screen| (!screen.has(&done)).then_some(()));
        }
    }

    /// Answers one question, and waits for nothing.
    pub fn step(&mut self, terminal: &mut impl Console) {
        let (keys, _) = terminal.wait("a question", |screen| self.answer(screen));
        terminal.press(&keys);
    }

    /// The keys that answer a question, and the text that is gone when they were taken.
    fn answer(&mut self, screen: &Screen) -> Option<(String, String)> {
        let asked = &screen.question;
        let known = |title: &str| asked.contains(title);
        let keys = |keys: &str, title: &str| Some((keys.to_owned(), title.to_owned()));
        if let Some(time) = self.time.take_if(|_| known("What is UTC?")) {
            self.set = Some(time);
            return keys(&format!("{time}\r"), "What is UTC?");
        }
        if self.time.is_some() && known("by their own watches. The first one") {
            return keys("\t\t\ts\r", "by their own watches. The first one");
        }
        if let Some(file) = self.previous.filter(|_| known("which file is the previous response (SKR)?")) {
            let number = numbered(asked, file)?;
            self.previous = None;
            return keys(&format!("{number}\r"), "which file is the previous response (SKR)?");
        }
        if known(": which schema for ") {
            return keys(&format!("{}\r", numbered(asked, self.schema)?), ": which schema for ");
        }
        for (title, answer) in PLAIN {
            if known(title) {
                return keys(answer, title);
            }
        }
        if known("Who takes part?") {
            let missing = screen.between("Still missing: ", ". Type role");
            let Some(role) = missing.and_then(|roles| roles.split(", ").next()) else {
                return keys("\t\t\r", "Who takes part?");
            };
            let (_, name) = PEOPLE.iter().find(|(known, _)| *known == role)?;
            return keys(&format!("{role}\r{name}\r"), &format!("Still missing: {}.", missing?));
        }
        if let Some(media) = screen.between("Which ", " the record?").filter(|media| media.contains(" take")) {
            for label in self.records {
                if let Some(number) = numbered(asked, &format!("[ ] {label}")) {
                    return keys(&format!("{number}\r"), &format!("[ ] {label}"));
                }
            }
            return keys("d\r", &format!("Which {media} the record?"));
        }
        if known("Which medium holds the request?") {
            return keys(&format!("{}\r", numbered(asked, self.request)?), "Which medium holds the request?");
        }
        if known("which file is the request (KSR)?") {
            let number = numbered(asked, self.jobs.get(self.taken)?)?;
            self.taken += 1;
            return keys(&format!("{number}\r"), "which file is the request (KSR)?");
        }
        if known("Is there another request") {
            let answer = if self.taken < self.jobs.len() { "y\r" } else { "n\r" };
            return keys(answer, "Is there another request");
        }
        if known("Type its name, ") {
            let name = screen.between("Type its name, ", ", to acknowledge it")?;
            return keys(&format!("{name}\r"), &format!("Warning {}", screen.between("Warning ", " of ")?));
        }
        self.compare(screen).or_else(|| officer(screen))
    }

    /// Watches, words from paper, and two people.
    fn compare(&self, screen: &Screen) -> Option<(String, String)> {
        if let Some(which) = screen.between("by their own watches. The ", " one: who are you?") {
            // Their watches go as the computer's clock, which the top line shows, or as it was just set.
            let shown = || screen.rows.first()?.split_once("UTC ")?.1.get(11..16);
            let utc = self.set.map_or_else(shown, |time| time.get(11..16))?;
            let initials = if which == "first" { "AA" } else { "IW" };
            return Some((format!("1\r{initials}\r{utc}\r"), format!("watches. The {which} one")));
        }
        if let Some(words) = screen.between("From paper: which are words ", " of the ") {
            let file = self.jobs.get(self.taken.checked_sub(1)?)?;
            let title = format!("words {words} of the");
            return Some((format!("{}\r", from_paper(&self.requests.join(file), words)), title));
        }
        let subject = screen.between("Two people confirm ", ". The ")?;
        let which = screen.between(&format!("{subject}. The "), " one: who are you?")?;
        let word = screen.words("SHA-256 of the ")?.swap_remove(0);
        let initials = if which == "first" { "AA" } else { "IW" };
        Some((format!("1\r{initials}\r{word}\r"), format!("{subject}. The {which} one")))
    }
}

/// The words of a file's SHA-256 that are asked for, as the requester's paper has them.
pub fn from_paper(file: &Path, numbers: &str) -> String {
    let digest = sha256(&fs::read(file).expect("the request"));
    let words = numbers.split([',', ' ']).filter_map(|number| number.parse::<usize>().ok());
    words.map(|word| render::word(word - 1, digest.as_bytes()[word - 1])).collect::<Vec<_>>().join(" ")
}

/// Questions that have one answer: a part of the title, and the keys.
const PLAIN: [(&str, &str); 20] = [
    // What asks once more stands before its question.
    ("Declare that there is no record of an earlier ceremony?", "y\r"),
    ("Declare that the zone has no previous response?", "y\r"),
    ("Accept the responses? Two people", "y\r"),
    ("could not be written to ", "a\r"), // the medium may just be coming back
    ("Close the ceremony? The fingerprints", "y\r"),
    ("Which keyboard is this? Try it out below.", "d\r"),
    ("Is this the profile that was agreed on?", "y\r"),
    ("An interrupted ceremony was found. Go on with it?", "y\r"),
    ("Which record is the last ceremony's?", "n\r"),
    ("Why is there no previous record?", "the first one here\r"),
    ("Why is there no previous response", "the zone is new\r"),
    ("which file is the previous response (SKR)?", "n\r"),
    ("is this request part of the ceremony?", "y\r"),
    ("Which token signs? Read its serial aloud.", "1\r"),
    ("The token failed. Unlock it again and go on?", "y\r"),
    ("Is a record medium back? Unlock the token again and go on?", "y\r"),
    ("Pause. Is everybody back?", "y\r"),
    ("Are these the responses that were planned?", "y\r"),
    ("Does every witness have the transcript fingerprint on paper?", "y\r"),
    ("The ceremony is over: ", "l\r"),
];

/// The officers: whoever is first in the list, the own stick, the own PIN.
fn officer(screen: &Screen) -> Option<(String, String)> {
    if let Some(missing) = screen.between("Who enters a PIN next? ", " more") {
        return Some(("1\r".to_owned(), format!("Who enters a PIN next? {missing} more")));
    }
    let known = screen.question.split_once(": plug in your medium. Which one is it?");
    if let Some((role, asked)) = known {
        let number = numbered(asked, &format!("SHARE-{}", role.trim()))?;
        return Some((format!("{number}\r"), "plug in your medium. Which one is it?".to_owned()));
    }
    let (role, _) = screen.question.split_once(": type your PIN, for token")?;
    Some((format!("rehearse-{}\r", role.trim()), format!("{}: type your PIN", role.trim())))
}

/// The number in brackets before a choice.
pub fn numbered(asked: &str, choice: &str) -> Option<u32> {
    let (before, _) = asked.split_once(&format!("] {choice}"))?;
    before.rsplit_once('[')?.1.parse().ok()
}
