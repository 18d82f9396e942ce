//! The full-screen program: draws the view, turns keys into inputs.
//!
//! [`run`] is the event loop; it blocks on one channel that keyboard, clock and workers post to. What is shown follows
//! from the [`View`](crate::ceremony::View) alone, what is typed stays here until it is an answer.

mod app;
mod cache;
mod dialog;
mod driver;
#[cfg(test)]
mod fixture;
mod help;
mod keys;
mod page;
mod panel;
mod reply;
mod screens;
#[cfg(test)]
mod snapshots;
mod spoken;
mod terminal;
mod text;
mod theme;
mod widgets;

pub use self::app::App;
pub use self::driver::{Driver, Message, run};
pub use self::spoken::Spoken;
pub use self::terminal::{Screen, announce, expect_terminal, listen};
