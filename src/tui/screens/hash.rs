//! Digests that are compared, and the questions about them, whatever the step.

use super::super::page::{Page, Pane};
use super::super::panel::{Field, Panel, Shape};
use super::super::reply::Reply;
use super::super::text::{self, pages};
use super::super::theme::Tone;
use super::super::widgets::Choices;
use crate::ceremony::{ReadBackAsked, TwoPeople, View};
use crate::render;
use crate::steps::{Person, Role};

/// What stands in place of a word that has to come from paper: its number.
const HOLES: [&str; 32] = [
    "..1..", "..2..", "..3..", "..4..", "..5..", "..6..", "..7..", "..8..", "..9..", "..10..", "..11..", "..12..",
    "..13..", "..14..", "..15..", "..16..", "..17..", "..18..", "..19..", "..20..", "..21..", "..22..", "..23..",
    "..24..", "..25..", "..26..", "..27..", "..28..", "..29..", "..30..", "..31..", "..32..",
];

/// The digest, the asked words and their digits left out.
pub(super) fn holes<'a>(asked: &ReadBackAsked, width: usize) -> Pane<'a> {
    let mut page = Page::new(width);
    page.has_digests();
    page.say(Tone::Head, &pages::holes(&asked.subject));
    for (row, mut shown) in render::rows(&asked.sha256).into_iter().enumerate() {
        for column in 0..shown.words.len() {
            let word = row * shown.words.len() + column;
            if !asked.words.contains(&(word + 1)) {
                continue;
            }
            if let (Some(shown), Some(hole)) = (shown.words.get_mut(column), HOLES.get(word)) {
                *shown = hole;
            }
            if let Some(group) = shown.hex.get_mut(column / 2) {
                let first = column % 2 * 2;
                group.replace_range(first..first + 2, "..");
            }
        }
        page.line(Tone::Text.line(shown.to_string()));
    }
    Pane::new(pages::COMPARE, page)
}

/// The digest that two people confirm, and what else they should know: a reason, or what the digest is made of.
pub(super) fn confirmed<'a>(view: &View, asked: &TwoPeople, width: usize) -> Pane<'a> {
    let mut page = Page::new(width);
    page.digest(&text::confirmed_hash(&asked.subject), &asked.sha256);
    if let Some(reason) = &asked.reason {
        page.blank();
        page.pair(pages::LABEL_REASON, Tone::Text, reason);
    }
    if let [_, _, ..] = view.results.as_slice() {
        page.blank();
        page.say(Tone::Quiet, pages::RESPONSES_LIST);
        for result in &view.results {
            page.verbatim(Tone::Text, &format!("{}  {}", result.sha256, result.file));
        }
    }
    Pane::new(pages::CONFIRM, page)
}

/// Asks for words from paper.
pub(super) fn read_back(asked: &ReadBackAsked) -> Panel {
    let title = text::read_back(&asked.subject, &asked.words);
    let panel = Panel::new(title, Shape::Text).explain(text::READ_BACK_HOW).text(text::READ_BACK_FIELD);
    let mut choices = Choices::default();
    choices.push('D', text::READ_BACK_DIFFERS, Reply::Done.sure(text::READ_BACK_DIFFERS_SURE));
    choices.push('N', text::READ_BACK_NO, Reply::No.sure(text::READ_BACK_SURE));
    panel.act(choices)
}

/// Asks why there is no predecessor.
pub(super) fn reason(subject: &str, typed: &str) -> Panel {
    let mut panel = Panel::new(text::reason(subject), Shape::Text).explain(text::REASON_HOW).text(text::REASON).back();
    panel.fill(&[typed.to_owned()]);
    panel
}

/// Asks the first or the second of two people.
pub(super) fn two_people(asked: &TwoPeople, people: &[Person]) -> Panel {
    let panel = Panel::new(text::two_people(&asked.subject, asked.first.is_some()), Shape::Confirm);
    let panel = match &asked.first {
        Some(first) => panel.explain(text::confirmed_by(first)),
        None => panel,
    };
    let panel = panel.explain(text::TWO_PEOPLE_HOW);
    let [initials, word] = text::TWO_PEOPLE_FIELDS;
    panel.field(pick_person(people, asked.first.as_ref())).short(initials).short(word).back()
}

/// A list where people choose themselves, without the one who was first.
pub(super) fn pick_person(people: &[Person], first: Option<&Role>) -> Field {
    let others = people.iter().filter(|person| first != Some(&person.role));
    let mut choices = Choices::numbered(
        others.map(|person| (format!("{:<8} {}", person.role, person.name), Reply::Person(person.role.clone()))),
    );
    text::OWN_NAME.clone_into(&mut choices.label);
    Field::Pick(choices)
}
