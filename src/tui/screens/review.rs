//! `review`: the finished responses.

use super::super::page::{Page, Pane};
use super::super::panel::{Panel, Shape};
use super::super::reply::Reply;
use super::super::text;
use super::super::theme::Tone;
use super::super::widgets::Choices;
use super::{Look, findings, plan};
use crate::ceremony::{ResultView, View};

pub(super) fn panes<'a>(look: &Look<'a>, width: usize) -> Vec<Pane<'a>> {
    let results = &look.view.results;
    let several = results.len() > 1;
    let mut panes = Vec::new();
    for result in results {
        let title = |what: &str| if several { format!("{what} {}", result.number) } else { what.to_owned() };
        panes.push(Pane::new(title("Response"), response(result, width)));
        panes.push(Pane::new(title("Checks"), checks(look, result, width)));
        panes.push(Pane { wide: true, ..Pane::new(title("Table"), plan::verbatim(&result.table, width)) });
    }
    if panes.is_empty() {
        let mut page = Page::new(width);
        page.say(Tone::Quiet, "The responses are being put together.");
        panes.push(Pane::new("Response", page));
    }
    panes
}

fn response<'a>(result: &ResultView, width: usize) -> Page<'a> {
    let mut page = Page::new(width);
    page.pair("Response", Tone::Text, &format!("{}  ({})", result.file, text::octets(result.octets)));
    page.pair("Zone", Tone::Text, &result.zone.to_string());
    page.digest("SHA-256 of the response", &result.sha256);
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
    let panel = Panel::new(text::review(failed), Shape::Choices);
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
