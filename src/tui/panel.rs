//! Where people answer: a question, its fields, and what the keys do to them.

use super::dialog;
use super::keys::Action;
use super::reply::Reply;
use super::text;
use super::theme::Tone;
use super::widgets::{Choice, Choices, PinField, TextField};
use crate::ceremony::{Answer, Input};
use crate::steps::Role;

/// What becomes of the fields when Enter is pressed in the last of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Shape {
    /// There are choices alone.
    Choices,
    /// Role and name.
    Person,
    /// A time.
    Time,
    /// A text.
    Text,
    /// Person, initials, and a word or a time.
    Confirm,
    /// A PIN.
    Pin,
    /// The four texts of an exception.
    Exception,
    /// Reason and the word.
    Stop,
    /// Who decides on this device, and the word.
    Keyboard(u32),
    /// Yes makes a pause.
    Pause,
    /// Yes does this.
    Sure(Reply),
    /// The word does this.
    Word(&'static str, Reply),
}

/// A part of a panel.
#[derive(Debug)]
pub(crate) enum Field {
    /// A text.
    Text(TextField),
    /// A PIN.
    Pin(PinField),
    /// A choice that goes with the other fields.
    Pick(Choices),
    /// Choices that answer by themselves.
    Act(Choices),
}

impl Field {
    const fn is_act(&self) -> bool {
        matches!(self, Self::Act(_))
    }

    fn is_blank(&self) -> bool {
        match self {
            Self::Text(field) => field.is_blank(),
            Self::Pin(field) => field.is_blank(),
            Self::Pick(choices) => choices.chosen().is_none(),
            Self::Act(_) => false,
        }
    }

    fn key(&mut self, action: Action) -> bool {
        match self {
            Self::Text(field) => field.key(action),
            Self::Pin(field) => field.key(action),
            Self::Pick(choices) | Self::Act(choices) => choices.key(action),
        }
    }

    fn label(&self) -> &str {
        match self {
            Self::Text(field) => &field.label,
            Self::Pin(field) => &field.label,
            Self::Pick(choices) | Self::Act(choices) => &choices.label,
        }
    }
}

/// What a key has done to a panel.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Nothing; the key may mean something elsewhere.
    Ignored,
    /// It looks different.
    Changed,
    /// It answers.
    Input(Input),
    /// Something else is to be asked first.
    Ask(Panel),
    /// It goes away.
    Close,
}

/// A question with its fields.
#[derive(Debug)]
pub(crate) struct Panel {
    /// The question in plain words.
    pub(crate) title: String,
    /// What explains it, and warnings.
    pub(crate) lines: Vec<(Tone, String)>,
    /// Its parts.
    pub(crate) fields: Vec<Field>,
    /// The one that takes the keys.
    pub(crate) focus: usize,
    /// What was missing at the last Enter.
    pub(crate) hint: Option<String>,
    shape: Shape,
    escape: bool,
}

impl Panel {
    /// A question without fields.
    pub(crate) fn new(title: impl Into<String>, shape: Shape) -> Self {
        let escape = false;
        Self { title: title.into(), lines: Vec::new(), fields: Vec::new(), focus: 0, hint: None, shape, escape }
    }

    /// Adds what explains it.
    pub(crate) fn explain(mut self, line: impl Into<String>) -> Self {
        self.lines.push((Tone::AskQuiet, line.into()));
        self
    }

    /// Adds a warning.
    pub(crate) fn warn(mut self, line: impl Into<String>) -> Self {
        self.lines.push((Tone::AskBad, line.into()));
        self
    }

    /// Adds a field.
    pub(crate) fn field(mut self, field: Field) -> Self {
        self.fields.push(field);
        self
    }

    /// Adds a line of text.
    pub(crate) fn text(self, label: &str) -> Self {
        self.field(Field::Text(TextField::new(label)))
    }

    /// Adds a line for a few signs.
    pub(crate) fn short(self, label: &str) -> Self {
        self.field(Field::Text(TextField::short(label)))
    }

    /// Adds choices that answer by themselves.
    pub(crate) fn act(self, choices: Choices) -> Self {
        self.field(Field::Act(choices))
    }

    /// Adds yes and no; neither is chosen before its key is pressed.
    pub(crate) fn yes_no(self, yes: (&str, Reply), no: (&str, Reply)) -> Self {
        let mut choices = Choices::default();
        choices.push('Y', yes.0, yes.1);
        choices.push('N', no.0, no.1);
        self.act(choices)
    }

    /// Escape answers No, which leads back.
    pub(crate) const fn back(mut self) -> Self {
        self.escape = true;
        self
    }

    /// What Escape does, where the keys are listed: it moves to N, it leads back, or nothing to speak of.
    pub(crate) fn escape_key(&self) -> Option<bool> {
        match (self.is_dialog(), self.no_choice()) {
            (false, Some((_, no))) => (no.key == 'N').then_some(true),
            (true, _) => Some(false),
            (false, None) => self.escape.then_some(false),
        }
    }

    /// Whether it is one of our own, which Escape closes.
    pub(crate) const fn is_dialog(&self) -> bool {
        let free = self.is_free();
        free || matches!(self.shape, Shape::Time | Shape::Sure(_) | Shape::Word(..))
    }

    /// Whether it goes with no question, so that it outlives the one behind it.
    pub(crate) const fn is_free(&self) -> bool {
        matches!(self.shape, Shape::Exception | Shape::Stop | Shape::Pause | Shape::Keyboard(_))
    }

    /// Takes over what was typed and chosen in the same question before it was made anew.
    pub(crate) fn adopt(&mut self, old: Self) {
        self.focus = old.focus.min(self.fields.len().saturating_sub(1));
        self.hint = old.hint;
        for (field, old) in self.fields.iter_mut().zip(old.fields) {
            match (field, old) {
                (Field::Text(field), Field::Text(old)) => *field = old,
                (Field::Pin(field), Field::Pin(old)) => *field = old,
                (Field::Pick(field), Field::Pick(old)) | (Field::Act(field), Field::Act(old)) => {
                    field.stay(&old);
                }
                _ => {}
            }
        }
    }

    /// The texts that were typed, PINs left out.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.fields
            .iter()
            .filter_map(|field| if let Field::Text(field) = field { Some(field.text()) } else { None })
            .collect()
    }

    /// Puts texts back.
    pub(crate) fn fill(&mut self, texts: &[String]) {
        let fields =
            self.fields.iter_mut().filter_map(|field| if let Field::Text(field) = field { Some(field) } else { None });
        for (field, text) in fields.zip(texts) {
            field.fill(text);
        }
    }

    /// Forgets every PIN.
    pub(crate) fn wipe(&mut self) {
        for field in &mut self.fields {
            if let Field::Pin(field) = field {
                field.wipe();
            }
        }
    }

    fn has_texts(&self) -> bool {
        self.fields.iter().any(|field| matches!(field, Field::Text(_)))
    }

    /// Its shape, by which a dialog that was closed is known again.
    pub(crate) const fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Whether text or a PIN stands in a field.
    pub(crate) fn is_started(&self) -> bool {
        self.fields.iter().any(|field| matches!(field, Field::Text(_) | Field::Pin(_)) && !field.is_blank())
    }

    /// Does what the key means here.
    pub(crate) fn key(&mut self, action: Action) -> Outcome {
        // A sign that was left out of what is typed, or pasted, stays told until the field is left.
        if !(matches!(action, Action::Sign(_)) && self.hint.as_deref() == Some(text::SIGN_REFUSED)) {
            self.hint = None;
        }
        match action {
            Action::Enter => return self.enter(),
            Action::Escape => return self.escape(),
            Action::NextField if self.fields.len() > 1 => return self.turn(true),
            Action::LastField if self.fields.len() > 1 => return self.turn(false),
            _ => {}
        }
        let last = self.fields.len().saturating_sub(1);
        let Some(field) = self.fields.get_mut(self.focus) else { return Outcome::Ignored };
        if field.key(action) {
            return Outcome::Changed;
        }
        match action {
            Action::Down if self.focus < last => self.turn(true),
            Action::Up if self.focus > 0 => self.turn(false),
            Action::Sign(_) => self.nowhere(),
            _ => Outcome::Ignored,
        }
    }

    /// Says why a sign went nowhere, where it was meant for something.
    fn nowhere(&mut self) -> Outcome {
        let hint = match self.fields.get(self.focus) {
            Some(Field::Text(_) | Field::Pin(_)) => text::SIGN_REFUSED,
            Some(Field::Pick(_)) => text::PICK_FIRST,
            Some(Field::Act(_)) if self.has_texts() => text::TO_THE_FIELDS,
            _ => return Outcome::Ignored,
        };
        self.missing(hint)
    }

    fn turn(&mut self, forward: bool) -> Outcome {
        let count = self.fields.len();
        self.focus = if forward { (self.focus + 1) % count } else { (self.focus + count - 1) % count };
        if let Some(Field::Act(choices) | Field::Pick(choices)) = self.fields.get_mut(self.focus) {
            choices.enter(forward);
        }
        Outcome::Changed
    }

    fn missing(&mut self, hint: impl Into<String>) -> Outcome {
        self.hint = Some(hint.into());
        Outcome::Changed
    }

    fn escape(&mut self) -> Outcome {
        if self.is_dialog() {
            return Outcome::Close;
        }
        if let Some((field, no)) = self.no_choice().map(|(field, no)| (field, no.reply.clone())) {
            self.focus = field;
            if let Some(Field::Act(choices)) = self.fields.get_mut(field) {
                choices.choose(&no);
            }
            return Outcome::Changed;
        }
        match (self.escape, self.is_started()) {
            (false, _) => Outcome::Ignored,
            (true, false) => Outcome::Input(Input::Answer(Answer::No)),
            (true, true) => Outcome::Ask(dialog::leave()),
        }
    }

    fn no_choice(&self) -> Option<(usize, &Choice)> {
        self.fields.iter().enumerate().find_map(|(index, field)| {
            let Field::Act(choices) = field else { return None };
            let no = choices.items().iter().find(|item| item.reply.is_no())?;
            Some((index, no))
        })
    }

    fn enter(&mut self) -> Outcome {
        let Some(field) = self.fields.get(self.focus) else { return Outcome::Ignored };
        if let Field::Act(choices) = field {
            return match choices.chosen().map(|choice| choice.reply.clone()) {
                Some(Reply::Done) if self.shape == Shape::Person && self.is_started() => {
                    self.focus = 0;
                    self.missing(text::PEOPLE_HALF)
                }
                Some(reply) => self.reply(reply),
                None => self.missing(text::press_first(choices)),
            };
        }
        if field.is_blank() {
            let hint = text::fill_in(field.label());
            return self.missing(hint);
        }
        if self.fields.get(self.focus + 1).is_some_and(|next| !next.is_act()) {
            self.focus += 1;
            return Outcome::Changed;
        }
        if let Some(blank) = self.fields.iter().position(Field::is_blank) {
            self.focus = blank;
            let hint = self.fields.get(blank).map_or_else(String::new, |field| text::fill_in(field.label()));
            return self.missing(hint);
        }
        self.submit()
    }

    fn reply(&mut self, reply: Reply) -> Outcome {
        match (&self.shape, reply) {
            (_, Reply::SetTime) => Outcome::Ask(dialog::set_time()),
            (_, Reply::Sure { question, reply }) => Outcome::Ask(dialog::sure(question, *reply)),
            (_, Reply::Word { question, word, reply }) => Outcome::Ask(dialog::word(question, word, *reply)),
            (Shape::Pause | Shape::Sure(_), Reply::No) => Outcome::Close,
            (Shape::Pause, _) => Outcome::Input(Input::Pause),
            (Shape::Sure(reply), _) => answer(&reply.clone()),
            (_, reply) => answer(&reply),
        }
    }

    fn submit(&mut self) -> Outcome {
        let texts = self.texts();
        let text = |index: usize| texts.get(index).map(|text| text.trim().to_owned()).unwrap_or_default();
        let answer = match &self.shape {
            Shape::Person => Answer::Person { role: text(0), name: text(1) },
            Shape::Time => Answer::Time(text(0)),
            Shape::Text => Answer::Text(text(0)),
            Shape::Confirm => {
                let Some(role) = self.person() else { return Outcome::Ignored };
                Answer::Confirm { role, initials: text(0), word: text(1) }
            }
            Shape::Pin => {
                let pin = self
                    .fields
                    .iter_mut()
                    .find_map(|field| if let Field::Pin(field) = field { Some(field.take()) } else { None });
                let Some(pin) = pin else { return Outcome::Ignored };
                Answer::Pin(pin)
            }
            Shape::Exception => {
                let (expected, happened, action, decided_by) = (text(0), text(1), text(2), text(3));
                return Outcome::Input(Input::Exception { expected, happened, action, decided_by });
            }
            Shape::Keyboard(device) => {
                let allow = match text(1).as_str() {
                    text::KEYBOARD_ALLOW => true,
                    text::KEYBOARD_REFUSE => false,
                    _ => return self.missing(text::KEYBOARD_WORDS),
                };
                return Outcome::Input(Input::Keyboard { device: *device, allow, decided_by: text(0) });
            }
            Shape::Stop if text(1) == text::STOP_WORD => return Outcome::Input(Input::Stop(text(0))),
            Shape::Stop => return self.missing(text::type_word(text::STOP_WORD)),
            Shape::Word(word, reply) if text(0) == *word => return self::answer(reply),
            Shape::Word(word, _) => return self.missing(text::type_word(word)),
            Shape::Choices | Shape::Pause | Shape::Sure(_) => return Outcome::Ignored,
        };
        Outcome::Input(Input::Answer(answer))
    }

    fn person(&self) -> Option<Role> {
        self.fields.iter().find_map(|field| match field {
            Field::Pick(choices) => match &choices.chosen()?.reply {
                Reply::Person(role) => Some(role.clone()),
                _ => None,
            },
            _ => None,
        })
    }
}

fn answer(reply: &Reply) -> Outcome {
    reply.answer().map_or(Outcome::Ignored, |answer| Outcome::Input(Input::Answer(answer)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(panel: &mut Panel, actions: &[Action]) -> Outcome {
        actions.iter().fold(Outcome::Ignored, |_, action| panel.key(*action))
    }

    fn type_text(panel: &mut Panel, text: &str) {
        for sign in text.chars() {
            assert!(matches!(panel.key(Action::Sign(sign)), Outcome::Changed));
        }
    }

    fn question() -> Panel {
        Panel::new("Is it?", Shape::Choices).yes_no(("It is", Reply::Yes), ("Drop it", Reply::No.sure("Really?")))
    }

    #[test]
    fn enter_alone_answers_nothing() {
        let mut panel = question();
        assert!(matches!(panel.key(Action::Enter), Outcome::Changed));
        assert!(panel.hint.is_some());
        assert!(matches!(
            press(&mut panel, &[Action::Sign('y'), Action::Enter]),
            Outcome::Input(Input::Answer(Answer::Yes))
        ));
    }

    #[test]
    fn escape_only_moves_to_a_no_that_has_consequences() {
        let mut panel = question();
        assert!(matches!(panel.key(Action::Escape), Outcome::Changed));
        let Outcome::Ask(mut sure) = panel.key(Action::Enter) else { panic!("not asked once more") };
        assert!(matches!(sure.key(Action::Escape), Outcome::Close));
        let yes = press(&mut sure, &[Action::Sign('y'), Action::Enter]);
        assert!(matches!(yes, Outcome::Input(Input::Answer(Answer::No))));
    }

    #[test]
    fn stops_only_with_reason_and_word() {
        let mut panel = dialog::stop();
        assert!(matches!(panel.key(Action::Enter), Outcome::Changed));
        type_text(&mut panel, "smoke");
        panel.key(Action::Enter);
        type_text(&mut panel, "stop");
        assert!(matches!(panel.key(Action::Enter), Outcome::Changed));
        panel.key(Action::Clear);
        type_text(&mut panel, "STOP");
        let Outcome::Input(Input::Stop(reason)) = panel.key(Action::Enter) else { panic!("not stopped") };
        assert_eq!(reason, "smoke");
    }

    #[test]
    fn asks_before_typed_text_is_left() {
        let mut panel = Panel::new("Why?", Shape::Text).text("Reason").back();
        assert!(matches!(panel.key(Action::Escape), Outcome::Input(Input::Answer(Answer::No))));
        type_text(&mut panel, "x");
        assert!(matches!(panel.key(Action::Escape), Outcome::Ask(_)));
    }

    #[test]
    fn says_so_when_signs_go_nowhere() {
        let mut people = Choices::numbered([("CA".to_owned(), Reply::Yes)]);
        people.push('S', "another", Reply::No);
        let mut panel =
            Panel::new("Who?", Shape::Confirm).field(Field::Pick(people.clone())).text("Initials").act(people);
        panel.key(Action::Sign('x'));
        assert_eq!(panel.hint.as_deref(), Some(text::PICK_FIRST));
        press(&mut panel, &[Action::NextField, Action::NextField, Action::Sign('x')]);
        assert_eq!(panel.hint.as_deref(), Some(text::TO_THE_FIELDS));
        assert!(matches!(question().key(Action::Sign('x')), Outcome::Ignored), "there is no field to type into");
    }

    #[test]
    fn a_sign_left_out_stays_told_while_more_is_pasted() {
        let mut panel = Panel::new("Who?", Shape::Person).text("Name").text("Role");
        for sign in "\u{141}ukasz".chars() {
            panel.key(Action::Sign(sign));
        }
        assert_eq!(panel.hint.as_deref(), Some(text::SIGN_REFUSED));
        panel.key(Action::NextField);
        assert_eq!(panel.hint, None);
    }

    #[test]
    fn nobody_is_lost_who_was_typed_and_not_entered() {
        let mut done = Choices::default();
        done.push(' ', "go on", Reply::Done);
        let mut panel = Panel::new("Who?", Shape::Person).text("Role").text("Name").act(done);
        type_text(&mut panel, "EW");
        press(&mut panel, &[Action::NextField, Action::NextField]);
        assert!(matches!(panel.key(Action::Enter), Outcome::Changed));
        assert_eq!((panel.focus, panel.hint.as_deref()), (0, Some(text::PEOPLE_HALF)));
        panel.key(Action::Clear);
        press(&mut panel, &[Action::NextField, Action::NextField]);
        assert!(matches!(panel.key(Action::Enter), Outcome::Input(Input::Answer(Answer::Done))));
    }

    #[test]
    fn keeps_what_was_typed_when_it_is_made_anew() {
        let mut panel = dialog::exception();
        type_text(&mut panel, "a seal");
        panel.key(Action::NextField);
        let mut anew = dialog::exception();
        anew.adopt(panel);
        assert_eq!((anew.focus, anew.texts().remove(0)), (1, "a seal".to_owned()));
    }
}
