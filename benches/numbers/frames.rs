//! The screen: from a pressed key to the drawn frame, and what an idle program costs.

use std::fs;
use std::io::Read as _;
use std::sync::Arc;
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use claviger::ceremony::{
    BundleView, DocumentView, JobState, JobView, PlanView, PlannedView, Question, TwoPeople, View,
};
use claviger::dns::{Algorithm, Dnskey, Sha256Digest, Time, sha256};
use claviger::exchange::Format;
use claviger::steps::{Mode, Moment, Step};
use claviger::tui::App;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::stand::{NOW, PROGRAM};
use crate::table::{Table, median, ms};

const BUNDLES: usize = 10_000;
const KEYS: usize = 200;
const IDLE: Duration = Duration::from_secs(5);

pub(crate) fn measure(table: &mut Table) {
    for (what, view) in [("request", request()), ("plan", plan())] {
        let (first, mut frames) = frames(&view);
        table.at_most(&format!("{what} of {BUNDLES} bundles, 240x67: first frame"), ms(first), 16.0, " ms");
        frames.sort_unstable();
        let slowest = frames.last().copied().unwrap_or_default();
        table.note(&format!("{what}: key to frame, median of {KEYS}"), format!("{:.3} ms", ms(median(frames))));
        table.at_most(&format!("{what}: key to frame, slowest of {KEYS}"), ms(slowest), 16.0, " ms");
    }
    table.at_most("rehearsal in a terminal, idle for 5 s: processor time", ms(idle()), 10.0, " ms");
}

/// The first frame, and each of many from the key on.
fn frames(view: &View) -> (Duration, Vec<Duration>) {
    let now = Moment { time: NOW.parse().expect("a time"), uptime: 0 };
    let mut terminal = Terminal::new(TestBackend::new(240, 67)).expect("a screen in memory");
    let mut app = App::new(view);
    let mut draw = |app: &mut App| {
        app.update(view);
        terminal.draw(|frame| app.draw(frame, view, now)).expect("a frame");
    };
    let start = Instant::now();
    draw(&mut app);
    let first = start.elapsed();
    let keys = [KeyCode::PageDown, KeyCode::PageDown, KeyCode::Tab, KeyCode::PageUp, KeyCode::Char('x')];
    let pressed = keys.iter().cycle().take(KEYS).map(|key| {
        let start = Instant::now();
        let _ = app.key(KeyEvent::new(*key, KeyModifiers::NONE), view);
        draw(&mut app);
        start.elapsed()
    });
    (first, pressed.collect())
}

fn key(seed: u8) -> (Dnskey, Sha256Digest) {
    let octets =
        [sha256(&[seed]), sha256(&[seed, seed])].iter().flat_map(|digest| digest.as_bytes().to_vec()).collect();
    let key = Dnskey { flags: Dnskey::ZSK, ..Dnskey::ksk(Algorithm::EcdsaP256Sha256, octets) };
    (key.clone(), sha256(&key.rdata()))
}

fn request() -> View {
    let keys = [key(1), key(2)];
    let start: Time = NOW.parse().expect("a time");
    let bundles = (0..BUNDLES).map(|index| BundleView {
        number: index + 1,
        id: None,
        inception: Time::from_unix(i64::from(start.unix()) + index as i64 * 86_400).expect("a time"),
        expiration: None,
        keys: keys[..1 + index % 2].to_vec(),
    });
    let mut view = View::new(Mode::Ceremony, Question::Judged { job: 1, failed: false });
    view.step = Step::Request;
    view.jobs.push(JobView {
        number: 1,
        zone: "example.".parse().expect("a zone"),
        format: Format::Bind,
        request: DocumentView { file: "ksr.txt".to_owned(), sha256: sha256(b"ksr"), octets: 4_000_000 },
        previous: None,
        bundles: Arc::new(bundles.collect()),
        findings: Arc::new(Vec::new()),
        schema: None,
        state: JobState::Open,
    });
    view
}

fn plan() -> View {
    let mut view = request();
    let sha256 = sha256(b"plan");
    view.step = Step::Plan;
    view.question = Question::TwoPeople(TwoPeople { subject: "plan".to_owned(), sha256, first: None, reason: None });
    let line = |index: usize| format!("{index:>6}  2026-11-01T00:00:00Z  2026-11-15T00:00:00Z  20326*  14796  31406");
    let job = PlannedView {
        number: 1,
        zone: "example.".parse().expect("a zone"),
        schema: None,
        keys: Vec::new(),
        table: (0..BUNDLES).map(line).collect(),
        difference: Vec::new(),
        covered_until: NOW.parse().expect("a time"),
    };
    view.plan = Some(Arc::new(PlanView { sha256, signatures: 3 * BUNDLES, jobs: vec![job], findings: Vec::new() }));
    view
}

/// Processor time of the real program while nothing happens.
fn idle() -> Duration {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let size = PtySize { rows: 67, cols: 240, pixel_width: 0, pixel_height: 0 };
    let pty = native_pty_system().openpty(size).expect("a pseudo terminal");
    let mut command = CommandBuilder::new(PROGRAM);
    command.args(["rehearse", "--dir"]);
    command.arg(folder.path().join("rehearsal"));
    let mut child = pty.slave.spawn_command(command).expect("the program");
    let mut output = pty.master.try_clone_reader().expect("its screen");
    spawn(move || {
        let mut buffer = [0; 65_536];
        while output.read(&mut buffer).is_ok_and(|count| count > 0) {}
    });
    sleep(Duration::from_secs(3));
    let pid = child.process_id().expect("a process");
    let before = processor_time(pid);
    sleep(IDLE);
    let after = processor_time(pid);
    child.kill().expect("the program is still there");
    let _ = child.wait();
    after - before
}

/// User and system time of a process, in ticks of 10 ms.
fn processor_time(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("a process that runs");
    // The name in parentheses may hold spaces; behind it utime and stime are the 12th and 13th.
    let (_, fields) = stat.rsplit_once(')').expect("a name");
    let ticks = fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("ticks"));
    Duration::from_millis(ticks.sum::<u64>() * 10)
}
