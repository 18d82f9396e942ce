//! What the screen itself asks, whatever the ceremony asks meanwhile.

use super::panel::{Panel, Shape};
use super::reply::Reply;
use super::text;
use crate::steps::UsbFacts;

/// Asks once more before `reply` is given.
pub(crate) fn sure(question: impl Into<String>, reply: Reply) -> Panel {
    Panel::new(question, Shape::Sure(reply)).yes_no((text::SURE_YES, Reply::Yes), (text::SURE_NO, Reply::No))
}

/// Asks before what was typed is left behind.
pub(crate) fn leave() -> Panel {
    let choices = ((text::LEAVE_YES, Reply::Yes), (text::LEAVE_NO, Reply::No));
    Panel::new(text::LEAVE, Shape::Sure(Reply::No)).yes_no(choices.0, choices.1)
}

/// Asks for a word to be typed before `reply` is given.
pub(crate) fn word(question: impl Into<String>, word: &'static str, reply: Reply) -> Panel {
    Panel::new(question, Shape::Word(word, reply)).explain(text::type_word(word)).short(text::WORD)
}

/// Asks for an exception.
pub(crate) fn exception() -> Panel {
    let panel = Panel::new(text::EXCEPTION, Shape::Exception).explain(text::EXCEPTION_HOW);
    text::EXCEPTION_FIELDS.iter().fold(panel, |panel, label| panel.text(label))
}

/// Asks whether a new keyboard may type.
pub(crate) fn keyboard(device: &UsbFacts) -> Panel {
    let panel = Panel::new(text::keyboard_new(device), Shape::Keyboard(device.id)).explain(text::KEYBOARD_NEW_HOW);
    text::KEYBOARD_NEW_FIELDS.iter().fold(panel, |panel, label| panel.short(label))
}

/// Asks for the time that is the right one.
pub(crate) fn set_time() -> Panel {
    Panel::new(text::TIME_SET, Shape::Time).explain(text::TIME_SET_HOW).text(text::TIME_SET_FIELD)
}

/// Asks why the ceremony is stopped.
pub(crate) fn stop() -> Panel {
    Panel::new(text::STOP, Shape::Stop).explain(text::STOP_HOW).text(text::REASON).short(text::STOP_FIELD)
}

/// Asks whether a pause is made.
pub(crate) fn pause() -> Panel {
    let (yes, no) = ((text::PAUSE_YES, Reply::Yes), (text::PAUSE_NO, Reply::No));
    Panel::new(text::PAUSE, Shape::Pause).explain(text::PAUSE_HOW).yes_no(yes, no)
}
