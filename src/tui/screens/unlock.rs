//! `unlock`: the token and the officers.

use super::super::page::{Page, Pane};
use super::super::panel::{Field, Panel, Shape};
use super::super::reply::Reply;
use super::super::text::{NO_VOLUMES, pages, unlock as text};
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
                page.blank();
                facts(&mut page, token);
            }
        }
        (Question::Pin(asked), _) => facts(&mut page, &asked.token),
        (_, Some(token)) => facts(&mut page, token),
        (_, None) => page.say(Tone::Quiet, pages::TOKEN_NONE),
    }
    if !view.officers.is_empty() {
        page.blank();
        let count = view.officers.iter().filter(|(_, done)| *done).count();
        page.say(Tone::Head, &pages::officers(count, view.threshold));
        for (role, done) in &view.officers {
            let (mark, tone) = if *done { ("[x]", Tone::Good) } else { ("[ ]", Tone::Text) };
            page.line(tone.line(format!("{mark} {}", named(role, &view.people))));
        }
        page.say(Tone::Quiet, if view.officers_at_token { text::QUORUM_AT_TOKEN } else { text::QUORUM_BY_SOFTWARE });
    }
    let mut panes = vec![Pane::new(pages::TOKEN, page)];
    panes.extend(transcript(look, width));
    panes
}

fn facts(page: &mut Page<'_>, token: &TokenFacts) {
    let shown = |text: &str| render::escape(text, 40);
    page.pair(pages::LABEL_SERIAL, Tone::Head, &shown(&token.serial));
    page.pair(pages::LABEL_LABEL, Tone::Text, &shown(&token.label));
    let made = pages::made_by(&shown(&token.manufacturer), &shown(&token.model), &shown(&token.firmware));
    page.pair(pages::LABEL_MADE_BY, Tone::Text, &made);
    match text::pin_flags(token).first() {
        None => page.pair(pages::LABEL_PIN, Tone::Text, pages::PIN_GOOD),
        Some(flag) => page.pair(pages::LABEL_PIN, Tone::Warn, flag),
    }
}

pub(super) fn token(tokens: &[TokenFacts]) -> Panel {
    let label = |token: &TokenFacts| {
        let flag = if text::pin_flags(token).is_empty() { "" } else { text::TOKEN_FLAGGED };
        let (serial, label) = (render::escape(&token.serial, 20), render::escape(&token.label, 32));
        format!("{}  {label}{flag}", pages::serial(&serial))
    };
    let items = tokens.iter().enumerate().map(|(index, token)| (label(token), Reply::Choose(index)));
    let mut choices = Choices::numbered(items);
    choices.push('L', text::TOKENS_AGAIN, Reply::Done);
    choose(text::TOKEN, choices, text::NO_TOKENS)
}

/// An officer with the name, where it was entered.
fn named(role: &Role, people: &[Person]) -> String {
    let person = people.iter().find(|person| person.role == *role);
    pages::officer(role, person.map(|person| person.name.as_str()))
}

pub(super) fn officer(choices: &[Role], missing: usize, view: &View) -> Panel {
    let items = choices.iter().enumerate();
    let items = items.map(|(index, role)| (named(role, &view.people), Reply::Choose(index)));
    let mut choices = Choices::numbered(items);
    // A wrong token, or the share of another one, leads back to the question.
    let entered = view.officers.iter().any(|(_, done)| *done);
    let token = view.token.iter().map(|token| text::token_else(&render::escape(&token.serial, 20), entered));
    token.for_each(|label| choices.push('T', label, Reply::No));
    let panel = choose(text::officer(missing), choices, text::NO_OFFICER);
    // Where the token asks for the PINs itself, nobody has a medium.
    let done: Vec<&Role> = view.officers.iter().filter(|(_, done)| *done).map(|(role, _)| role).collect();
    let done = text::officers_done(&done).filter(|_| !view.officers_at_token);
    done.into_iter().fold(panel, Panel::explain)
}

pub(super) fn share_volume(officer: &Role, view: &View) -> Panel {
    let label = &view.labels.share;
    let mut choices = volumes(view, label);
    // The officer's own medium, where its label says so.
    let own = view
        .volumes
        .iter()
        .find(|volume| volume.label.strip_prefix(label.as_str()).is_some_and(|rest| rest.ends_with(officer.as_str())));
    if let Some(own) = own {
        choices.choose(&Reply::Volume(own.id));
    }
    choose(text::share_volume(officer), choices, NO_VOLUMES).explain(text::share_volume_how(label)).back()
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
