//! The event loop, and what it needs of a ceremony.

use std::io;
use std::sync::mpsc::Receiver;

use ratatui::Terminal;
use ratatui::backend::{Backend, ClearType};
use ratatui::crossterm::event::Event;

use super::App;
use crate::ceremony::{Input, View};
use crate::steps::Moment;

/// Messages that are taken before the screen is drawn again, however fast workers post.
const BATCH: usize = 1024;

/// What the screen is for: a ceremony with its workers.
pub trait Driver {
    /// What workers post.
    type Work: Send;

    /// The state to draw.
    fn view(&self) -> &View;

    /// Takes what people did.
    ///
    /// Whatever can be refused without a worker is refused before this returns: then [`View::refusal`] says why, and
    /// what was typed stays on the screen.
    fn input(&mut self, input: Input);

    /// Takes what a worker did.
    fn work(&mut self, work: Self::Work);

    /// Agreed time and uptime.
    fn now(&self) -> Moment;

    /// The exit code, once it is over.
    fn finished(&self) -> Option<u8>;
}

/// What can happen.
#[derive(Debug)]
pub enum Message<W> {
    /// A key, or another size of the terminal.
    Terminal(Event),
    /// The terminal can no longer be read.
    Lost(io::Error),
    /// A second has passed.
    Tick,
    /// A worker did something.
    Work(W),
}

/// Draws and takes messages until the driver has finished; returns its exit code.
///
/// # Errors
/// The terminal cannot be drawn or read, or nobody posts any more. The driver is as it was; the caller decides.
pub fn run<D, B>(driver: &mut D, terminal: &mut Terminal<B>, messages: &Receiver<Message<D::Work>>) -> io::Result<u8>
where
    D: Driver,
    B: Backend<Error = io::Error>,
{
    let mut app = App::new(driver.view());
    // A Linux console has no alternate screen: what stood there before would shine through.
    clear(terminal)?;
    loop {
        app.update(driver.view());
        if app.take_redraw() {
            clear(terminal)?;
        }
        let (view, now) = (driver.view(), driver.now());
        terminal.draw(|frame| app.draw(frame, view, now))?;
        let mut changed = false;
        while !changed {
            if let Some(code) = driver.finished() {
                return Ok(code);
            }
            let lost = |_| io::Error::new(io::ErrorKind::BrokenPipe, "nothing posts to the screen any more");
            changed = app.handle(driver, messages.recv().map_err(lost)?)?;
            for message in messages.try_iter().take(BATCH) {
                changed |= app.handle(driver, message)?;
            }
        }
    }
}

/// Erases the screen, so that the next drawing draws every cell.
///
/// `Terminal::clear` asks the terminal where its cursor is; the answer would be read by the thread that listens.
fn clear<B: Backend>(terminal: &mut Terminal<B>) -> Result<(), B::Error> {
    terminal.backend_mut().clear_region(ClearType::All)?;
    terminal.swap_buffers();
    Ok(())
}
