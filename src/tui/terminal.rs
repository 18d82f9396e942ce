//! The terminal: raw mode, and back again whatever happens; and the threads that listen to it.

use std::io::{self, Stdout, Write as _};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{MoveTo, Show};
use ratatui::crossterm::event;
use ratatui::crossterm::execute;
use ratatui::crossterm::style::{Print, ResetColor};
use ratatui::crossterm::terminal::{self, Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen};
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

use super::driver::Message;
use super::screens::frame::SMALLEST;
use super::text;
use crate::crew::STEWARD;
use crate::steps::Mode;

/// The terminal in raw mode; it is restored when this goes, and when the program panics.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    /// Takes the terminal over. A console that does not know its size, as a serial line, is taken as 80x24.
    ///
    /// # Errors
    /// Standard output is no terminal, or it cannot be set up.
    pub fn open() -> io::Result<Self> {
        let size = terminal::size()?;
        terminal::enable_raw_mode()?;
        restore_on_panic();
        let opened = Self::take_over(size);
        if opened.is_err() {
            restore();
        }
        opened
    }

    /// What is drawn on.
    pub const fn terminal(&mut self) -> &mut Terminal<CrosstermBackend<Stdout>> {
        &mut self.terminal
    }

    fn take_over((width, height): (u16, u16)) -> io::Result<Self> {
        let mut out = io::stdout();
        execute!(out, EnterAlternateScreen)?;
        let backend = CrosstermBackend::new(out);
        let viewport = if width == 0 || height == 0 {
            Viewport::Fixed(Rect::new(0, 0, SMALLEST.0, SMALLEST.1))
        } else {
            Viewport::Fullscreen
        };
        Ok(Self { terminal: Terminal::with_options(backend, TerminalOptions { viewport })? })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Whether there is a terminal that [`Screen::open`] could take over; it stays as it is.
///
/// # Errors
/// As of [`Screen::open`].
pub fn expect_terminal() -> io::Result<()> {
    terminal::size()?;
    terminal::enable_raw_mode()?;
    terminal::disable_raw_mode()
}

/// Shows what is waited for before there is a ceremony to show.
///
/// # Errors
/// Standard output cannot be written to.
pub fn announce(mode: &Mode) -> io::Result<()> {
    let mut out = io::stdout();
    execute!(out, ResetColor, Clear(ClearType::All), MoveTo(0, 0))?;
    let lines = text::banner(mode).into_iter().chain(text::GATHERING.map(str::to_owned));
    for (line, row) in lines.zip(0..) {
        execute!(out, MoveTo(0, row), Print(line))?;
    }
    out.flush()
}

/// Gives the terminal back; failures have nobody left to be told to.
fn restore() {
    let _ = terminal::disable_raw_mode();
    let _ = execute!(io::stdout(), ResetColor, LeaveAlternateScreen, Show);
}

/// A panic restores the terminal and prints its place. What it says may hold a secret and is never printed.
///
/// Threads that work for others report their own failure, and the screen stays; without the steward nothing goes on.
fn restore_on_panic() {
    let face = thread::current().id();
    std::panic::set_hook(Box::new(move |info| {
        let failing = thread::current();
        if failing.id() != face && failing.name() != Some(STEWARD) {
            return;
        }
        restore();
        let place = info.location().map_or_else(|| "unknown place".to_owned(), ToString::to_string);
        let _ = writeln!(io::stderr(), "claviger: internal error at {place}; nothing more is done");
    }));
}

/// Posts keys and sizes as they come, and a tick a second; the threads end when nobody takes them any more.
pub fn listen<W: Send + 'static>(sender: &Sender<Message<W>>) {
    let keys = sender.clone();
    thread::spawn(move || {
        loop {
            let (message, lost) = match event::read() {
                Ok(event) => (Message::Terminal(event), false),
                Err(error) => (Message::Lost(error), true),
            };
            if keys.send(message).is_err() || lost {
                return;
            }
        }
    });
    let ticks = sender.clone();
    thread::spawn(move || {
        while ticks.send(Message::Tick).is_ok() {
            thread::sleep(Duration::from_secs(1));
        }
    });
}
