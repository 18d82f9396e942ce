//! What the checks say, worst first.

use std::rc::Rc;

use ratatui::text::Line;

use super::super::page::Page;
use super::super::text::pages;
use super::super::theme::Tone;
use crate::policy::Finding;
use crate::render;
use crate::steps::Verdict;

/// Columns of `FAIL  `.
const MARK: usize = 6;

/// The mark and the tone of a verdict.
pub(crate) const fn mark(verdict: Verdict) -> (&'static str, Tone) {
    match verdict {
        Verdict::Pass => ("OK", Tone::Good),
        Verdict::Skipped => ("SKIP", Tone::Quiet),
        Verdict::Warn => ("WARN", Tone::Warn),
        Verdict::Fail => ("FAIL", Tone::Bad),
    }
}

/// How many failed, warn, were skipped and passed.
pub(crate) fn count(findings: &[Finding]) -> [usize; 4] {
    [Verdict::Fail, Verdict::Warn, Verdict::Skipped, Verdict::Pass]
        .map(|verdict| findings.iter().filter(|finding| finding.verdict == verdict).count())
}

/// The rows of one finding.
pub(crate) fn lines(finding: &Finding, width: usize) -> Vec<Line<'static>> {
    let (sign, tone) = mark(finding.verdict);
    let mut name = finding.check.clone();
    if let Some(bundle) = &finding.bundle {
        name.push_str(&format!("  {}", pages::bundle(bundle)));
        if let Some(id) = bundle.id.as_ref().filter(|id| name.len() + id.len() + MARK + 2 <= width) {
            name.push_str(&format!("  {id}"));
        }
    }
    let gap = " ".repeat(MARK.saturating_sub(sign.len()));
    let mut lines = vec![Line::from(vec![tone.span(sign), Tone::Text.span(format!("{gap}{name}"))])];
    let indented = |lines: &mut Vec<Line<'static>>, label: &str, text: &str| {
        let room = width.saturating_sub(MARK + label.len());
        for (index, line) in render::wrap(text, room).into_iter().enumerate() {
            let label = if index == 0 { label.to_owned() } else { " ".repeat(label.len()) };
            let start = Tone::Quiet.span(format!("{}{label}", " ".repeat(MARK)));
            lines.push(Line::from(vec![start, Tone::Quiet.span(line)]));
        }
    };
    let [expected, found, reason] = pages::FINDING;
    let mut rest = vec![(expected, &finding.expected), (found, &finding.found)];
    // What was skipped for a reason is told in one line, since there are many of them.
    match finding.reason.as_ref().filter(|_| finding.verdict == Verdict::Skipped) {
        Some(why) => indented(&mut lines, "", &pages::skipped(&finding.message, why)),
        None => {
            indented(&mut lines, "", &finding.message);
            rest.push((reason, &finding.reason));
        }
    }
    for (label, text) in rest {
        if let Some(text) = text {
            indented(&mut lines, label, text);
        }
    }
    lines
}

/// The row at which each finding ends.
pub(crate) fn ends(findings: &[Finding], width: usize) -> Vec<usize> {
    let mut end = 0;
    let row = |finding| {
        end += lines(finding, width).len();
        end
    };
    findings.iter().map(row).collect()
}

/// Adds all findings, formatted when they are seen.
pub(crate) fn page<'a>(page: &mut Page<'a>, findings: &'a [Finding], ends: Rc<Vec<usize>>) {
    let width = page.width();
    page.many(ends.last().copied().unwrap_or(0), move |row| {
        let index = ends.partition_point(|end| *end <= row);
        let start = index.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
        let lines = findings.get(index).map(|finding| lines(finding, width)).unwrap_or_default();
        lines.into_iter().nth(row - start).unwrap_or_default()
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::BundleRef;

    fn finding(verdict: Verdict) -> Finding {
        Finding {
            check: "KSR-BUNDLE-POP".into(),
            verdict,
            reason: None,
            bundle: Some(BundleRef { index: 3, id: None }),
            expected: Some("a signature by key 14796".into()),
            found: Some("none".into()),
            message: "The bundle is not signed by each of its keys.".into(),
        }
    }

    #[test]
    fn shows_expected_and_found() {
        let lines: Vec<String> = lines(&finding(Verdict::Fail), 40).iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "FAIL  KSR-BUNDLE-POP  bundle 3",
                "      The bundle is not signed by each",
                "      of its keys.",
                "      expected a signature by key 14796",
                "      found    none",
            ]
        );
    }

    #[test]
    fn finds_the_row_of_any_finding() {
        let all = vec![finding(Verdict::Fail); 1000];
        let ends = Rc::new(ends(&all, 40));
        assert_eq!(ends.last(), Some(&5000)); // five rows each
        let mut shown = Page::new(40);
        page(&mut shown, &all, ends);
        let area = ratatui::layout::Rect::new(0, 0, 40, 1);
        let mut buffer = ratatui::buffer::Buffer::empty(area);
        shown.draw(&mut buffer, area, 4999);
        assert_eq!(buffer.cell((6, 0)).unwrap().symbol(), "f");
    }
}
