//! The colours, all of them, by what they mean: the 16 ANSI ones, foreground and background always set together.
//!
//! Backgrounds are of the eight dark colours, which every console has; only the QR code stands on bright white.

use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};

use crate::render::is_cp437;

/// What a piece of the screen means; what it looks like follows from that. No meaning is told by colour alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tone {
    /// What is read.
    Text,
    /// What explains it.
    Quiet,
    /// Headings.
    Head,
    /// As it must be.
    Good,
    /// To be looked at.
    Warn,
    /// Not as it must be.
    Bad,
    /// Lines of the frame.
    Rule,
    /// The top line, and the words of the bottom line.
    Bar,
    /// The keys of the bottom line.
    BarKey,
    /// REHEARSAL.
    Banner,
    /// The panel where people answer.
    Ask,
    /// The question itself.
    AskTitle,
    /// What explains the question.
    AskQuiet,
    /// Why an answer was not taken.
    AskBad,
    /// The field that is typed into, and the choice that Enter takes.
    Field,
    /// Another field.
    Idle,
    /// QR codes: ink on paper.
    Ink,
}

impl Tone {
    /// Both colours.
    pub(crate) const fn style(self) -> Style {
        let (ink, ground) = match self {
            Self::Text => (Color::White, Color::Black),
            Self::Quiet => (Color::Gray, Color::Black),
            Self::Head => (Color::LightCyan, Color::Black),
            Self::Good => (Color::LightGreen, Color::Black),
            Self::Warn => (Color::LightYellow, Color::Black),
            Self::Bad => (Color::White, Color::Red),
            Self::Rule => (Color::Cyan, Color::Black),
            Self::Bar => (Color::Black, Color::Cyan),
            Self::BarKey => (Color::LightYellow, Color::Black),
            Self::Banner => (Color::Black, Color::Yellow),
            Self::Ask => (Color::White, Color::Blue),
            Self::AskTitle => (Color::LightYellow, Color::Blue),
            Self::AskQuiet => (Color::Gray, Color::Blue),
            Self::AskBad => (Color::White, Color::Red),
            Self::Field => (Color::Black, Color::Gray),
            Self::Idle => (Color::White, Color::Black),
            Self::Ink => (Color::Black, Color::White),
        };
        Style::new().fg(ink).bg(ground)
    }

    /// Text in this tone.
    pub(crate) fn span(self, text: impl AsRef<str>) -> Span<'static> {
        Span::styled(plain(text.as_ref()), self.style())
    }

    /// A line in this tone.
    pub(crate) fn line(self, text: impl AsRef<str>) -> Line<'static> {
        Line::from(self.span(text))
    }
}

/// `text` with `?` for everything that the console's font has no glyph for.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|sign| if is_cp437(sign) { sign } else { '?' }).collect()
}
