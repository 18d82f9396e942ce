//! `review`: the finished responses.

use super::super::page::{Page, Pane};
use super::super::panel::{Panel, Shape};
use super::super::reply::Reply;
use super::super::text::{self, pages};
use super::super::theme::Tone;
use super::super::widgets::Choices;
use super::{Look, findings, plan};
use crate::ceremony::{Question, ResultView, View};

pub(super) fn panes<'a>(look: &Look<'a>, width: usize) -> Vec<Pane<'a>> {
    let results = &look.view.results;
    let several = results.len() > 1;
    let failed = matches!(look.view.question, Question::Review { failed: true });
    let mut panes = Vec::new();
    for result in results {
        let title = |what: &str| pages::of_job(what, result.number, several);
        let [response, checks] = [
            Pane::new(title(pages::RESPONSE), response(result, width)),
            Pane::new(title(pages::CHECKS), checks(look, result, width)),
        ];
        // What failed is read first.
        panes.extend(if failed { [checks, response] } else { [response, checks] });
        panes.push(Pane { wide: true, ..Pane::new(title(pages::TABLE), plan::verbatim(&result.table, width)) });
    }
    if panes.is_empty() {
        let mut page = Page::new(width);
        page.say(Tone::Quiet, pages::RESPONSES_NONE);
        panes.push(Pane::new(pages::RESPONSE, page));
    }
    panes
}

fn response<'a>(result: &ResultView, width: usize) -> Page<'a> {
    let mut page = Page::new(width);
    page.pair(pages::RESPONSE, Tone::Text, &pages::file(&result.file, &text::octets(result.octets)));
    page.pair(pages::LABEL_ZONE, Tone::Text, &result.zone.to_string());
    page.blank();
    page.digest(pages::RESPONSE_SHA256, &result.sha256);
    page
}

fn checks<'a>(look: &Look<'a>, result: &'a ResultView, width: usize) -> Page<'a> {
    let mut page = Page::new(width);
    findings::page(&mut page, &result.findings, look.cache.findings(&result.findings, width));
    page
}

pub(super) fn accept(view: &View, failed: bool) -> Panel {
    let sum = view.results.iter().fold([0; 4], |mut sum, result| {
        for (sum, count) in sum.iter_mut().zip(findings::count(&result.findings)) {
            *sum += count;
        }
        sum
    });
    let [fail, warn, skipped, pass] = sum;
    let verdicts = text::verdicts(fail, warn, skipped, pass);
    let panel = Panel::new(text::review(failed), Shape::Choices).explain(text::review_made(view.signatures));
    let no = Reply::No.word(text::REVIEW_NO_SURE, text::REFUSE_WORD);
    if failed {
        let mut choices = Choices::default();
        choices.push('N', text::REVIEW_NO, no);
        return panel.warn(verdicts).act(choices);
    }
    let yes = Reply::Yes.sure(text::REVIEW_YES_SURE);
    // Said before anything is written, while another medium can still be fetched.
    let needed = view.results.iter().map(|result| result.octets).sum();
    let full = view.request_volume.as_ref().filter(|volume| volume.free < needed);
    let panel = full.into_iter().fold(panel, |panel, volume| panel.warn(text::review_room(volume, needed)));
    panel.explain(verdicts).yes_no((text::REVIEW_YES, yes), (text::REVIEW_NO, no))
}
