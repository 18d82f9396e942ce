//! Which key does what. Every function key has a control key beside it, for terminals that have none.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Action {
    /// What people should see and do.
    Help,
    /// Record an exception.
    Exception,
    /// Make a pause.
    Pause,
    /// The next page.
    NextPage,
    /// The page before.
    LastPage,
    /// Decide on a new keyboard.
    Keyboard,
    /// Stop the ceremony.
    Stop,
    /// Draw everything anew.
    Redraw,
    /// Scroll up by a screen.
    PageUp,
    /// Scroll down by a screen.
    PageDown,
    /// Take the answer.
    Enter,
    /// No; or back.
    Escape,
    /// The next field.
    NextField,
    /// The field before.
    LastField,
    /// Up.
    Up,
    /// Down.
    Down,
    /// One sign to the left.
    Left,
    /// One sign to the right.
    Right,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// Remove the sign before the cursor.
    Backspace,
    /// Remove the sign under the cursor, or the chosen entry.
    Delete,
    /// Empty the field.
    Clear,
    /// A sign was typed.
    Sign(char),
}

/// What `key` does; none for keys without a meaning.
pub(crate) fn action(key: KeyEvent) -> Option<Action> {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return control(key.code);
    }
    if key.modifiers.contains(KeyModifiers::ALT) {
        return None;
    }
    Some(match key.code {
        KeyCode::F(1) => Action::Help,
        KeyCode::F(2) => Action::Exception,
        KeyCode::F(3) => Action::Pause,
        KeyCode::F(4) => Action::NextPage,
        KeyCode::F(5) => Action::Keyboard,
        KeyCode::F(10) => Action::Stop,
        KeyCode::PageUp => Action::PageUp,
        KeyCode::PageDown => Action::PageDown,
        KeyCode::Enter => Action::Enter,
        KeyCode::Esc => Action::Escape,
        KeyCode::Tab => Action::NextField,
        KeyCode::BackTab => Action::LastField,
        KeyCode::Up => Action::Up,
        KeyCode::Down => Action::Down,
        KeyCode::Left => Action::Left,
        KeyCode::Right => Action::Right,
        KeyCode::Home => Action::Home,
        KeyCode::End => Action::End,
        KeyCode::Backspace => Action::Backspace,
        KeyCode::Delete => Action::Delete,
        KeyCode::Char(sign) => Action::Sign(sign),
        _ => return None,
    })
}

const fn control(code: KeyCode) -> Option<Action> {
    let KeyCode::Char(letter) = code else { return None };
    Some(match letter {
        'g' => Action::Help,
        'e' => Action::Exception,
        'p' => Action::Pause,
        't' => Action::NextPage,
        'r' => Action::LastPage,
        'k' => Action::Keyboard,
        'x' | 'c' => Action::Stop,
        'l' => Action::Redraw,
        'b' => Action::PageUp,
        'f' => Action::PageDown,
        'u' => Action::Clear,
        // What a serial line sends for Backspace, Enter and Tab.
        'h' => Action::Backspace,
        'j' | 'm' => Action::Enter,
        'i' => Action::NextField,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_key_has_a_control_key() {
        for (number, letter) in [(1, 'g'), (2, 'e'), (3, 'p'), (4, 't'), (5, 'k'), (10, 'x')] {
            let function = action(KeyEvent::from(KeyCode::F(number)));
            let control = action(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL));
            assert!(function.is_some());
            assert_eq!(function, control);
        }
    }

    #[test]
    fn other_keys_do_nothing() {
        assert_eq!(action(KeyEvent::from(KeyCode::F(7))), None);
        assert_eq!(action(KeyEvent::new(KeyCode::Char('y'), KeyModifiers::ALT)), None);
        assert_eq!(action(KeyEvent::new(KeyCode::Char('q'), KeyModifiers::CONTROL)), None);
    }
}
