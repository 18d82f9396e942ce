//! A sheet as HTML: one file that needs no other, to be read on any screen and printed on A4.

use std::fmt::Write as _;

use super::sheet::{Act, Block};
use crate::exchange::escaped;
use crate::render::{self, Table};

/// Signs for the eye only; nothing is loaded, nothing runs.
const STYLE: &str = include_str!("style.css");
/// What a browser may do with the page: apply its own style, and nothing else.
const NOTHING: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The page of a sheet.
pub(super) fn html(title: &str, blocks: &[Block]) -> String {
    let mut page = Page(String::new());
    page.acts(blocks);
    let title = escaped(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{NOTHING}\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
        page.0
    )
}

/// HTML that grows block by block.
struct Page(String);

impl Page {
    /// Acts that follow one another stand in one table, and fields in one list.
    fn acts(&mut self, blocks: &[Block]) {
        for run in blocks.chunk_by(|before, block| kind(before) == kind(block)) {
            let (begin, end) = match run.first() {
                Some(Block::Act(_)) => (
                    "<table class=\"acts\">\n<thead><tr><th></th><th>No.</th><th>Who</th><th>What is done and said</th>\
                     <th>UTC</th><th>Initials</th></tr></thead>\n<tbody>\n",
                    "</tbody>\n</table>\n",
                ),
                Some(Block::Field { .. } | Block::Digest { .. } | Block::Blank { .. }) => {
                    ("<table class=\"fields\">\n", "</table>\n")
                }
                Some(Block::Item { .. }) => ("<div class=\"items\">\n", "</div>\n"),
                _ => ("", ""),
            };
            self.0.push_str(begin);
            run.iter().for_each(|block| self.block(block));
            self.0.push_str(end);
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Title { title, notes } => {
                let _ = writeln!(self.0, "<h1>{}</h1>", escaped(title));
                notes.iter().for_each(|note| self.element("p", "note", note));
            }
            Block::Heading(title) => self.element("h2", "", title),
            Block::Field { name, value } => self.row(name, &escaped(value)),
            Block::Digest { name, digest } => self.row(name, &preformatted("hash", &render::lines(digest))),
            Block::Blank { name } => self.row(name, &blank()),
            Block::Text(text) => self.element("p", "", text),
            Block::Item { mark, text } => {
                let _ = writeln!(self.0, "<p><b>{}</b> {}</p>", escaped(mark.trim()), escaped(text));
            }
            Block::Table(table) => self.table(table),
            Block::Verbatim(lines) => {
                let _ = writeln!(self.0, "{}", preformatted("screen", lines));
            }
            Block::Files(files) => {
                self.0.push_str("<table class=\"files\">\n");
                for (path, digest) in files {
                    let _ = writeln!(self.0, "<tr><td>{}<br><code>{digest}</code></td></tr>", escaped(path));
                }
                self.0.push_str("</table>\n");
            }
            Block::Act(act) => self.act(act),
            Block::Form(fields) => self.form(fields),
            Block::People { roles, free } => self.people(roles, *free),
            Block::Framed(blocks) => {
                self.0.push_str("<div class=\"frame\">\n");
                self.acts(blocks);
                self.0.push_str("</div>\n");
            }
        }
    }

    fn element(&mut self, name: &str, class: &str, text: &str) {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        let _ = writeln!(self.0, "<{name}{class}>{}</{name}>", escaped(text));
    }

    /// A name and what belongs to it, which is HTML already.
    fn row(&mut self, name: &str, value: &str) {
        let _ = writeln!(self.0, "<tr><th>{}</th><td>{value}</td></tr>", escaped(name));
    }

    fn table(&mut self, table: &Table) {
        self.0.push_str("<table class=\"grid\">\n<thead><tr>");
        let sides: Vec<&str> = table.heads().map(|(_, right)| if right { " class=\"right\"" } else { "" }).collect();
        for ((head, _), side) in table.heads().zip(&sides) {
            let _ = write!(self.0, "<th{side}>{}</th>", escaped(head));
        }
        self.0.push_str("</tr></thead>\n<tbody>\n");
        for row in table.rows() {
            self.0.push_str("<tr>");
            for (cell, side) in row.iter().zip(&sides) {
                let _ = write!(self.0, "<td{side}>{}</td>", escaped(cell));
            }
            self.0.push_str("</tr>\n");
        }
        self.0.push_str("</tbody>\n</table>\n");
    }

    fn act(&mut self, act: &Act) {
        let Act { number, who, text, shows } = act;
        let _ = writeln!(
            self.0,
            "<tr><td class=\"box\"><span></span></td><td>{number}</td><td>{who}</td><td>{}</td>\
             <td class=\"hand\"></td><td class=\"hand\"></td></tr>",
            escaped(text)
        );
        if !shows.is_empty() {
            self.0.push_str("<tr class=\"shows\"><td colspan=\"3\"></td><td colspan=\"3\">\n");
            self.acts(shows);
            self.0.push_str("</td></tr>\n");
        }
    }

    fn form(&mut self, fields: &[(&str, usize)]) {
        self.0.push_str("<table class=\"form\">\n");
        for (name, lines) in fields {
            let _ = writeln!(self.0, "<tr><th>{}</th><td>{}</td></tr>", escaped(name), "<br>".repeat(*lines));
        }
        self.0.push_str("</table>\n");
    }

    fn people(&mut self, roles: &[String], free: usize) {
        self.0.push_str(
            "<table class=\"form people\">\n<thead><tr><th>Role</th><th>Name</th><th>Signature</th><th>UTC</th></tr>\
             </thead>\n<tbody>\n",
        );
        for role in roles.iter().map(String::as_str).chain(std::iter::repeat_n("", free)) {
            let _ = writeln!(self.0, "<tr><th>{}</th><td><br></td><td></td><td></td></tr>", escaped(role));
        }
        self.0.push_str("</tbody>\n</table>\n");
    }
}

/// Which blocks stand together.
fn kind(block: &Block) -> usize {
    match block {
        Block::Act(_) => 1,
        Block::Field { .. } | Block::Digest { .. } | Block::Blank { .. } => 2,
        Block::Item { .. } => 3,
        _ => 0,
    }
}

fn preformatted(class: &str, lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| escaped(line)).collect();
    format!("<pre class=\"{class}\">{}</pre>", lines.join("\n"))
}

/// Eight rows, each with a place for two groups of digits and four words.
fn blank() -> String {
    let cells = "<td class=\"group\"></td><td class=\"group\"></td><td></td><td></td><td></td><td></td>";
    let rows: String = (1..=8).map(|number| format!("<tr><th>{number}</th>{cells}</tr>")).collect();
    format!("<table class=\"blank\">{rows}</table>")
}

#[cfg(test)]
mod tests {
    use super::super::sheet::Sheet;
    use super::*;
    use crate::render::Column;

    #[test]
    fn nothing_is_more_than_text_and_nothing_is_loaded() {
        let mut sheet = Sheet::default();
        let evil = "<script src=\"http://x\">&</script>";
        sheet.title(evil, &[evil]);
        sheet.heading(evil);
        sheet.field(evil, evil);
        sheet.text(evil);
        sheet.item(evil, evil);
        let mut table = Table::new([Column::left(evil)]);
        table.push([evil]);
        sheet.table(table);
        sheet.add(Block::Verbatim(vec![evil.to_owned()]));
        sheet.add(Block::Act(Act {
            number: String::new(),
            who: String::new(),
            text: evil.to_owned(),
            shows: Vec::new(),
        }));
        sheet.add(Block::People { roles: vec![evil.to_owned()], free: 0 });
        let page = html(evil, &sheet.finish());
        assert_eq!(page.matches("&lt;script src=&quot;http://x&quot;&gt;&amp;&lt;/script&gt;").count(), 14, "{page}");
        for part in ["<script", "<link", "<img", "url(", "@import", "src=\"", "href="] {
            assert!(!page.contains(part), "{part}");
        }
    }

    #[test]
    fn every_element_is_closed() {
        let mut sheet = Sheet::default();
        sheet.add(Block::Blank { name: "a".to_owned() });
        sheet.add(Block::Form(vec![("Happened", 2)]));
        sheet.add(Block::People { roles: Vec::new(), free: 2 });
        let act = |shows| Block::Act(Act { number: "1".to_owned(), who: "CA".to_owned(), text: "x".to_owned(), shows });
        sheet.add(Block::Framed(vec![act(vec![Block::Verbatim(vec!["a".to_owned()])]), act(Vec::new())]));
        let page = html("x", &sheet.finish());
        for name in ["table", "tr", "td", "th", "tbody", "thead", "div", "pre", "span", "p", "h2"] {
            let opened = page.matches(&format!("<{name}>")).count() + page.matches(&format!("<{name} ")).count();
            assert_eq!(opened, page.matches(&format!("</{name}>")).count(), "{name}: {page}");
        }
    }
}
