//! The real program in a pseudo terminal: what its screen shows, and the keys that people press.
//!
//! Every wait is bounded and says what stood on the screen; the program and its token host end with the test.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use claviger::render::is_cp437;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

/// How long anything is waited for; the machine may have a lot to do.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// A screen to which nothing has been added for so long is complete.
const QUIET: Duration = Duration::from_millis(25);

/// Columns and rows of the console that everything has to fit on.
pub const SMALL: (u16, u16) = (80, 25);
/// Columns and rows of a larger one.
pub const LARGE: (u16, u16) = (128, 48);

/// F2.
pub const EXCEPTION: &str = "\x1bOQ";
/// F3.
pub const PAUSE: &str = "\x1bOR";
/// F10.
pub const STOP: &str = "\x1b[21~";

/// What the program has written so far.
struct Output {
    parser: vt100::Parser,
    octets: Vec<u8>,
    last: Instant,
    over: bool,
}

/// The program in its terminal; dropped, it ends.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    output: Arc<(Mutex<Output>, Condvar)>,
    /// What every screen has to say.
    banner: &'static str,
    /// Texts that no screen may show.
    secrets: Vec<String>,
    plain: String,
}

impl Terminal {
    /// Starts `claviger` with these words in a terminal of this many columns and rows.
    pub fn start(size: (u16, u16), words: &[&str], folder: &Path) -> Self {
        let (cols, rows) = size;
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_claviger"));
        command.args(words);
        command.cwd(folder);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        let plain = modes(pair.master.as_ref());
        let child = pair.slave.spawn_command(command).expect("the program");
        drop(pair.slave);
        let reader = pair.master.try_clone_reader().expect("the terminal's output");
        let keys = pair.master.take_writer().expect("the terminal's keyboard");
        let count = |number: u16| number.try_into().expect("a terminal has rows and columns");
        let parser = vt100::Parser::new(count(rows), count(cols), 0);
        let output = Output { parser, octets: Vec::new(), last: Instant::now(), over: false };
        let output = Arc::new((Mutex::new(output), Condvar::new()));
        let sink = Arc::clone(&output);
        thread::spawn(move || listen(reader, &sink));
        Self { master: pair.master, keys, child, output, banner: "", secrets: Vec::new(), plain }
    }

    /// From now on every screen that is looked at has to say this.
    pub fn expect_banner(&mut self, text: &'static str) {
        self.banner = text;
    }

    /// No screen may ever show this.
    pub fn never(&mut self, secret: &str) {
        self.secrets.push(secret.to_owned());
    }

    /// The rows of the screen as they are now.
    pub fn rows(&self) -> Vec<String> {
        rows(&locked(&self.output.0))
    }

    /// Everything that was written to the terminal.
    pub fn octets(&self) -> Vec<u8> {
        locked(&self.output.0).octets.clone()
    }

    /// Waits until `ask` finds something on a complete screen, and looks at the screen as witnesses do.
    pub fn wait<T>(&self, what: &str, mut ask: impl FnMut(&Screen) -> Option<T>) -> T {
        let start = Instant::now();
        let mut output = locked(&self.output.0);
        loop {
            let quiet = output.last.elapsed();
            if quiet >= QUIET {
                let screen = Screen::new(rows(&output));
                if let Some(found) = ask(&screen) {
                    drop(output);
                    self.inspect(&screen);
                    return found;
                }
                assert!(!output.over, "waited for {what}; the program has ended:\n{screen}");
            }
            assert!(start.elapsed() < PATIENCE, "waited for {what}; the screen is:\n{}", Screen::new(rows(&output)));
            let nap = if quiet < QUIET { QUIET } else { Duration::from_millis(250) };
            output = self.output.1.wait_timeout(output, nap).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until the screen shows this text, wherever its lines are broken.
    pub fn see(&self, text: &str) -> Screen {
        self.wait(&format!("`{text}`"), |screen| screen.has(text).then(|| screen.clone()))
    }

    /// Waits until a screen that is still being drawn shows this text: for what is gone in a moment.
    pub fn glimpse(&self, what: &str, ask: impl Fn(&Screen) -> bool) {
        let start = Instant::now();
        let mut output = locked(&self.output.0);
        while !ask(&Screen::new(rows(&output))) {
            let late = output.over || start.elapsed() > PATIENCE;
            assert!(!late, "waited for {what}; the screen is:\n{}", Screen::new(rows(&output)));
            output = self.output.1.wait_timeout(output, QUIET).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the terminal's keyboard");
        self.keys.flush().expect("the terminal's keyboard");
    }

    /// Waits for a question, then presses keys.
    pub fn answer(&mut self, question: &str, keys: &str) {
        self.see(question);
        self.press(keys);
    }

    /// The process id.
    pub fn pid(&self) -> Pid {
        let number = self.child.process_id().expect("a process id");
        Pid::from_raw(number.try_into().expect("a process id")).expect("a process id")
    }

    /// Sends a signal to the program alone.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("the program runs");
    }

    /// The processes that the program has started, as its token host.
    pub fn children(&self) -> Vec<Pid> {
        children(self.pid())
    }

    /// Waits until the program has ended; its exit code, and 0x100 and more where a signal ended it.
    pub fn exit(&mut self) -> u32 {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the program's status") {
                while !locked(&self.output.0).over && start.elapsed() < PATIENCE {
                    thread::sleep(Duration::from_millis(5));
                }
                return status.signal().map_or_else(|| status.exit_code(), |_| 0x100);
            }
            assert!(start.elapsed() < PATIENCE, "the program does not end:\n{}", Screen::new(self.rows()));
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whether the terminal is as it was before: its modes, the ordinary screen, the cursor.
    pub fn is_restored(&self) -> bool {
        let output = locked(&self.output.0);
        let screen = output.parser.screen();
        modes(self.master.as_ref()) == self.plain && !screen.alternate_screen() && !screen.hide_cursor()
    }

    /// What holds for every screen.
    fn inspect(&self, screen: &Screen) {
        let text = screen.to_string();
        let foreign: Vec<char> = text.chars().filter(|sign| *sign != '\n' && !is_cp437(*sign)).collect();
        assert!(foreign.is_empty(), "signs {foreign:?} that the console has no glyphs for:\n{text}");
        assert!(text.contains(self.banner), "the screen does not say {}:\n{text}", self.banner);
        let shown = self.secrets.iter().find(|secret| text.contains(secret.as_str()));
        assert_eq!(shown, None, "a PIN on the screen:\n{text}");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let over = self.child.try_wait().is_ok_and(|status| status.is_some());
        if !over {
            let all = self.children().into_iter().chain([self.pid()]);
            for process in all {
                let _ = kill_process(process, Signal::KILL);
            }
            let _ = self.child.wait();
        }
    }
}

/// A complete screen.
#[derive(Clone)]
pub struct Screen {
    /// Its rows, blanks at the ends left out.
    pub rows: Vec<String>,
    flat: String,
    /// The rows above the rule, without the steps at their left and the bar at their right.
    page: String,
    /// The rows below the rule: the question, and the keys.
    pub question: String,
}

impl Screen {
    /// A screen with these rows.
    pub fn new(rows: Vec<String>) -> Self {
        let flatten = |rows: &[String]| rows.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
        let rule = rows.iter().rposition(|row| row.contains("──┴──")).map_or(0, |rule| rule + 1);
        let question = flatten(&rows[rule..]);
        // Where a page is longer than its room, a bar stands at its right.
        let bar = ['▲', '█', '░', '▼'];
        let right = |row: &String| row.split_once('│').map_or_else(String::new, |(_, right)| right.replace(bar, ""));
        let page = flatten(&rows[..rule].iter().map(right).collect::<Vec<_>>());
        Self { flat: flatten(&rows), page, question, rows }
    }

    /// Whether it shows this text, wherever its lines are broken.
    pub fn has(&self, text: &str) -> bool {
        [&self.flat, &self.page, &self.question].into_iter().any(|part| part.contains(text))
    }

    /// What stands between two texts of the question.
    pub fn between(&self, before: &str, after: &str) -> Option<&str> {
        let (_, rest) = self.question.split_once(before)?;
        Some(rest.split_once(after)?.0)
    }

    /// The words of the digest below a heading, as far as its rows are seen.
    pub fn words(&self, heading: &str) -> Option<Vec<String>> {
        let places = self.rows.iter().enumerate().filter_map(|(number, row)| {
            let octet = row.find(heading)?;
            Some((number, row[..octet].chars().count()))
        });
        let mut digests: Vec<_> = places.map(|(row, column)| digest(&self.rows[row + 1..], column)).collect();
        digests.reverse(); // of several that are whole, the first one on the screen
        digests.into_iter().max_by_key(Vec::len).filter(|words| !words.is_empty())
    }
}

/// Words in numbered rows, as they stand from a column on.
fn digest(rows: &[String], column: usize) -> Vec<String> {
    let mut words = Vec::new();
    for (number, row) in rows.iter().enumerate().take(8) {
        let row: String = row.chars().skip(column).collect();
        let cells: Vec<&str> = row.split_whitespace().take(7).collect();
        let [index, _, _, found @ ..] = cells.as_slice() else { break };
        if *index != (number + 1).to_string() || found.len() != 4 {
            break;
        }
        words.extend(found.iter().map(|word| (*word).to_owned()));
    }
    words
}

impl std::fmt::Display for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.rows.iter().try_for_each(|row| writeln!(f, "{row}"))
    }
}

fn listen(mut reader: Box<dyn Read + Send>, sink: &(Mutex<Output>, Condvar)) {
    let mut buffer = [0; 65_536];
    loop {
        // A terminal whose program has ended answers with an error.
        let count = reader.read(&mut buffer).unwrap_or(0);
        let mut output = locked(&sink.0);
        output.parser.process(&buffer[..count]);
        output.octets.extend_from_slice(&buffer[..count]);
        output.last = Instant::now();
        output.over = count == 0;
        drop(output);
        sink.1.notify_all();
        if count == 0 {
            return;
        }
    }
}

fn locked(output: &Mutex<Output>) -> MutexGuard<'_, Output> {
    output.lock().unwrap_or_else(PoisonError::into_inner)
}

fn rows(output: &Output) -> Vec<String> {
    let screen = output.parser.screen();
    let (_, columns) = screen.size();
    screen.rows(0, columns.get()).map(|row| row.trim_end().to_owned()).collect()
}

fn children(parent: Pid) -> Vec<Pid> {
    let tasks = format!("/proc/{}/task", parent.as_raw_nonzero());
    let mut found = Vec::new();
    for task in fs::read_dir(tasks).into_iter().flatten().flatten() {
        let text = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        found.extend(text.split_whitespace().filter_map(|number| Pid::from_raw(number.parse().ok()?)));
    }
    found
}

fn modes(master: &dyn MasterPty) -> String {
    let mut text = String::new();
    write!(text, "{:?}", master.get_termios().expect("a terminal's modes")).expect("text takes everything");
    text
}
