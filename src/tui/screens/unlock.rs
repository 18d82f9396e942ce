//! `unlock`: the token and the officers.

use super::super::page::{Page, Pane};
use super::super::panel::{Field, Panel, Shape};
use super::super::reply::Reply;
use super::super::text;
use super::super::theme::Tone;
use super::super::widgets::{Choices, PinField};
use super::{Look, choose, transcript, volumes};
use crate::ceremony::{PinAsked, Question, View};
use crate::render;
use crate::steps::{Mode, Person, Role, TokenFacts};

pub(super) fn panes<'a>(look: &Look<'a>, width: usize) -> Vec<Pane<'a>> {
    let view = look.view;
    let mut page = Page::new(width);
    match (&view.question, &view.token) {
        (Question::Token(tokens), _) => {
            for token in tokens {
                facts(&mut page, token);
                page.blank();
            }
        }
        (Question::Pin(asked), _) => facts(&mut page, &asked.token),
        (_, Some(token)) => facts(&mut page, token),
        (_, None) => page.say(Tone::Quiet, "No token has been chosen yet."),
    }
    if !view.officers.is_empty() {
        page.blank();
        let count = view.officers.iter().filter(|(_, done)| *done).count();
        page.say(Tone::Head, &format!("Officers: {count} of {} needed", view.threshold));
        for (role, done) in &view.officers {
            let name = view.people.iter().find(|person| person.role == *role).map_or("", |person| &person.name);
            let (mark, tone) = if *done { ("[x]", Tone::Good) } else { ("[ ]", Tone::Text) };
            page.line(tone.line(format!("{mark} {:<8} {name}", role.as_str())));
        }
        page.say(Tone::Quiet, "This quorum is enforced by software.");
    }
    let mut panes = vec![Pane::new("Token", page)];
    panes.extend(transcript(look, width));
    panes
}

fn facts(page: &mut Page<'_>, token: &TokenFacts) {
    let shown = |text: &str| render::escape(text, 40);
    page.pair("Serial", Tone::Head, &shown(&token.serial));
    page.pair("Label", Tone::Text, &shown(&token.label));
    let made = format!("{} {}, firmware {}", shown(&token.manufacturer), shown(&token.model), shown(&token.firmware));
    page.pair("Made by", Tone::Text, &made);
    match text::pin_flags(token).first() {
        None => page.pair("PIN", Tone::Text, "OK: no warning reported"),
        Some(flag) => page.pair("PIN", Tone::Warn, flag),
    }
}

pub(super) fn token(tokens: &[TokenFacts]) -> Panel {
    let label = |token: &TokenFacts| {
        let flag = if text::pin_flags(token).is_empty() { "" } else { "  !! see above" };
        format!("serial {}  {}{flag}", render::escape(&token.serial, 20), render::escape(&token.label, 32))
    };
    let items = tokens.iter().enumerate().map(|(index, token)| (label(token), Reply::Choose(index)));
    let mut choices = Choices::numbered(items);
    choices.push('L', text::TOKENS_AGAIN, Reply::Done);
    choose(text::TOKEN, choices, text::NO_TOKENS)
}

pub(super) fn officer(choices: &[Role], missing: usize, people: &[Person]) -> Panel {
    let name = |role: &Role| people.iter().find(|person| person.role == *role).map_or("", |person| &person.name);
    let items = choices.iter().enumerate();
    let items = items.map(|(index, role)| (format!("{role:<8} {}", name(role)), Reply::Choose(index)));
    choose(text::officer(missing), Choices::numbered(items), "No officer is left.")
}

pub(super) fn share_volume(officer: &Role, view: &View) -> Panel {
    choose(text::share_volume(officer), volumes(view), text::NO_VOLUMES).explain(text::SHARE_VOLUME_HOW).back()
}

pub(super) fn pin(asked: &PinAsked, view: &View) -> Panel {
    let panel = Panel::new(text::pin(asked.officer.as_ref(), &asked.token.serial), Shape::Pin);
    let panel = text::pin_flags(&asked.token).into_iter().fold(panel, Panel::warn);
    let officer = asked.officer.as_ref().filter(|_| view.mode == Mode::Rehearsal);
    let panel = officer.into_iter().fold(panel, |panel, _| panel.explain(text::REHEARSAL_PIN));
    let locks = &view.computer.locks;
    let panel = match text::locks(locks) {
        None => panel.explain(text::PIN_HOW_BLIND),
        Some(state) if locks.caps == Some(true) => panel.explain(text::PIN_HOW).warn(state),
        Some(state) => panel.explain(text::PIN_HOW).explain(state),
    };
    panel.field(Field::Pin(PinField::new(text::PIN_FIELD))).back()
}
