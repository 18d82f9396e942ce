//! One of several.

use super::super::keys::Action;
use super::super::reply::Reply;

/// One that can be chosen.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    /// The key that moves to it.
    pub(crate) key: char,
    /// What it is.
    pub(crate) label: String,
    /// What it does.
    pub(crate) reply: Reply,
}

/// A list of choices. A key or an arrow moves to one; only Enter takes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choices {
    /// What stands before them.
    pub(crate) label: String,
    items: Vec<Choice>,
    chosen: Option<usize>,
}

impl Choices {
    /// A list without a choice made.
    pub(crate) const fn new(items: Vec<Choice>) -> Self {
        Self { label: String::new(), items, chosen: None }
    }

    /// A list numbered from 1; the first is chosen.
    pub(crate) fn numbered(items: impl IntoIterator<Item = (String, Reply)>) -> Self {
        let key = |index: usize| u32::try_from(index + 1).ok().and_then(|number| char::from_digit(number, 10));
        let item = |(index, (label, reply))| Choice { key: key(index).unwrap_or(' '), label, reply };
        let items: Vec<_> = items.into_iter().enumerate().map(item).collect();
        let chosen = (!items.is_empty()).then_some(0);
        Self { label: String::new(), items, chosen }
    }

    /// Adds one at the end that is never chosen by itself.
    pub(crate) fn push(&mut self, key: char, label: impl Into<String>, reply: Reply) {
        self.items.push(Choice { key, label: label.into(), reply });
    }

    /// All of them.
    pub(crate) fn items(&self) -> &[Choice] {
        &self.items
    }

    /// The one that Enter takes.
    pub(crate) fn chosen(&self) -> Option<&Choice> {
        self.items.get(self.chosen?)
    }

    /// Its index.
    pub(crate) const fn index(&self) -> Option<usize> {
        self.chosen
    }

    /// Moves to the choice that does this, if there is one.
    pub(crate) fn choose(&mut self, reply: &Reply) {
        if let Some(index) = self.items.iter().position(|item| item.reply == *reply) {
            self.chosen = Some(index);
        }
    }

    /// Stays on the choice that was made before the list changed; where it is gone, nothing is chosen.
    pub(crate) fn stay(&mut self, old: &Self) {
        if let Some(old) = old.chosen() {
            self.chosen = self.items.iter().position(|item| item.reply == old.reply);
        }
    }

    /// Moves to the first, or the last, where none is chosen.
    pub(crate) fn enter(&mut self, from_above: bool) {
        let end = if from_above { Some(0) } else { self.items.len().checked_sub(1) };
        if self.chosen.is_none() {
            self.chosen = end.filter(|_| !self.items.is_empty());
        }
    }

    /// Moves; `false` for what it cannot do with this key.
    pub(crate) fn key(&mut self, action: Action) -> bool {
        let last = self.items.len().saturating_sub(1);
        let next = match (action, self.chosen) {
            (Action::Up, Some(chosen)) if chosen > 0 => chosen - 1,
            (Action::Down, Some(chosen)) if chosen < last => chosen + 1,
            (Action::Down, None) => 0,
            (Action::Up, None) => last,
            (Action::Sign(sign), _) => {
                let same = |item: &Choice| item.key != ' ' && item.key.eq_ignore_ascii_case(&sign);
                let Some(index) = self.items.iter().position(same) else { return false };
                index
            }
            _ => return false,
        };
        self.chosen = (!self.items.is_empty()).then_some(next);
        true
    }

    /// The part of the list that is seen in `height` rows: the first index, so that the chosen one is among them.
    pub(crate) fn first_seen(&self, height: usize) -> usize {
        let chosen = self.chosen.unwrap_or(0);
        (chosen + 1).saturating_sub(height).min(self.items.len().saturating_sub(height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yes_no() -> Choices {
        let item = |key, reply| Choice { key, label: String::new(), reply };
        Choices::new(vec![item('Y', Reply::Yes), item('N', Reply::No)])
    }

    #[test]
    fn has_no_answer_before_a_key_is_pressed() {
        let mut choices = yes_no();
        assert!(choices.chosen().is_none());
        assert!(!choices.key(Action::Sign('x')));
        assert!(choices.chosen().is_none());
        assert!(choices.key(Action::Sign('n')));
        assert_eq!(choices.chosen().map(|choice| &choice.reply), Some(&Reply::No));
    }

    #[test]
    fn never_slips_to_another_choice_when_the_list_changes() {
        let list = |ids: &[usize]| Choices::numbered(ids.iter().map(|id| (id.to_string(), Reply::Choose(*id))));
        let mut old = list(&[1, 2, 3]);
        old.key(Action::Down);
        let mut new = list(&[2, 3]);
        new.stay(&old);
        assert_eq!(new.index(), Some(0));
        let mut gone = list(&[1, 3]);
        gone.stay(&old);
        assert_eq!(gone.index(), None);
    }

    #[test]
    fn moves_within_its_ends() {
        let mut choices = Choices::numbered((0..20).map(|index| (index.to_string(), Reply::Choose(index))));
        assert!(!choices.key(Action::Up));
        assert!(choices.key(Action::Sign('3')) && choices.index() == Some(2));
        assert!((3..20).all(|_| choices.key(Action::Down)) && !choices.key(Action::Down));
        assert_eq!((choices.index(), choices.first_seen(5)), (Some(19), 15));
        assert!(!Choices::default().key(Action::Sign('1')));
    }
}
