//! A PIN, unseen.

use super::super::keys::Action;
use crate::steps::Pin;

/// A PIN that is typed. Only the count of its signs is ever shown; it is wiped when it is taken, cleared or dropped.
#[derive(Debug, Default)]
pub(crate) struct PinField {
    /// What stands before it.
    pub(crate) label: String,
    pin: Pin,
}

impl PinField {
    /// An empty field.
    pub(crate) fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), pin: Pin::new() }
    }

    /// Whether nothing was typed.
    pub(crate) const fn is_blank(&self) -> bool {
        self.pin.is_empty()
    }

    /// Edits; `false` for what it cannot do with this key or sign.
    pub(crate) fn key(&mut self, action: Action) -> bool {
        match action {
            Action::Sign(sign) => return self.pin.push(sign),
            Action::Backspace => self.pin.pop(),
            Action::Clear => self.wipe(),
            _ => return false,
        }
        true
    }

    /// Hands the PIN over and leaves the field empty.
    pub(crate) fn take(&mut self) -> Pin {
        std::mem::take(&mut self.pin)
    }

    /// Forgets the PIN.
    pub(crate) fn wipe(&mut self) {
        drop(self.take());
    }

    /// An asterisk a sign.
    pub(crate) fn mask(&self) -> String {
        "*".repeat(self.pin.signs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_only_how_many_signs_there_are() {
        let mut field = PinField::new("PIN");
        assert!("s3cr\u{e9}t".chars().all(|sign| field.key(Action::Sign(sign))));
        field.key(Action::Backspace);
        assert_eq!(field.mask(), "*****");
        assert!(!format!("{field:?}").contains("s3cr"));
        assert_eq!(field.take().expose(), "s3cr\u{e9}".as_bytes());
        assert!(field.is_blank());
    }
}
