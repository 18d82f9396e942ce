//! Plain text tables for screens and reports.

/// Columns between two columns.
const GAP: usize = 2;

/// What a cut cell ends with.
const CUT: &str = "...";

/// A column: its head and where its cells stand.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Column {
    head: String,
    right: bool,
}

impl Column {
    /// A column of text.
    pub fn left(head: impl Into<String>) -> Self {
        Self { head: head.into(), right: false }
    }

    /// A column of numbers.
    pub fn right(head: impl Into<String>) -> Self {
        Self { head: head.into(), right: true }
    }
}

/// A table of single-line cells, every character one column wide; the caller has escaped what came from outside.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
    max_width: Option<usize>,
}

impl Table {
    /// An empty table with these columns.
    #[must_use]
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new(), max_width: None }
    }

    /// Cuts cells, the widest columns first, so that no line is wider than `width` where three signs a column allow it.
    #[must_use]
    pub const fn max_width(mut self, width: usize) -> Self {
        self.max_width = Some(width);
        self
    }

    /// Adds a row; missing cells are empty, cells past the last column are left out.
    pub fn push<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        let mut row: Vec<String> = cells.into_iter().map(Into::into).collect();
        row.resize(self.columns.len(), String::new());
        self.rows.push(row);
    }

    /// The head, a rule, and the rows, without blanks at the ends of lines.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let widths = self.widths();
        let heads: Vec<_> = self.columns.iter().map(|column| column.head.clone()).collect();
        let rule: Vec<_> = widths.iter().map(|width| "-".repeat(*width)).collect();
        [&heads, &rule].into_iter().chain(&self.rows).map(|cells| self.line(cells, &widths)).collect()
    }

    /// The heads, each with whether its column stands to the right.
    pub fn heads(&self) -> impl Iterator<Item = (&str, bool)> {
        self.columns.iter().map(|column| (column.head.as_str(), column.right))
    }

    /// The cells, row by row.
    pub fn rows(&self) -> impl Iterator<Item = &[String]> {
        self.rows.iter().map(Vec::as_slice)
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, column), width) in cells.iter().zip(&self.columns).zip(widths) {
            if !line.is_empty() {
                line.push_str(&" ".repeat(GAP));
            }
            let cell = cut(cell, *width);
            line.push_str(&if column.right { format!("{cell:>width$}") } else { format!("{cell:width$}") });
        }
        line.truncate(line.trim_end().len());
        line
    }

    fn widths(&self) -> Vec<usize> {
        let widest = |index: usize, head: &str| {
            let cells = self.rows.iter().filter_map(|row| row.get(index)).map(|cell| cell.chars().count());
            cells.chain([head.chars().count()]).max().unwrap_or_default()
        };
        let columns = self.columns.iter().enumerate();
        let mut widths: Vec<usize> = columns.map(|(index, column)| widest(index, &column.head)).collect();
        let gaps = GAP * widths.len().saturating_sub(1);
        let room = self.max_width.map_or(usize::MAX, |width| width.saturating_sub(gaps));
        while widths.iter().sum::<usize>() > room {
            match widths.iter_mut().max() {
                Some(width) if *width > CUT.len() => *width -= 1,
                _ => break,
            }
        }
        widths
    }
}

/// `cell` in at most so many columns, with `...` at its end where it is cut.
#[must_use]
pub fn cut(cell: &str, width: usize) -> String {
    if cell.chars().count() <= width {
        return cell.to_owned();
    }
    cell.chars().take(width.saturating_sub(CUT.len())).chain(CUT.chars()).take(width).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Table {
        let mut table = Table::new([Column::left("Key"), Column::right("Tag"), Column::left("Use")]);
        table.push(["Klajeyz", "20326", "publish, sign"]);
        table.push(["ksk", "1"]);
        table
    }

    #[test]
    fn aligns_columns_under_their_heads() {
        assert_eq!(
            keys().lines(),
            ["Key        Tag  Use", "-------  -----  -------------", "Klajeyz  20326  publish, sign", "ksk          1",]
        );
    }

    #[test]
    fn cuts_the_widest_columns_to_the_width() {
        let lines = keys().max_width(24).lines();
        assert!(lines.iter().all(|line| line.chars().count() <= 24), "{lines:?}");
        assert_eq!(lines[2], "Klajeyz  20326  publi...");
    }

    #[test]
    fn stands_with_no_rows_and_no_room() {
        let empty = Table::new([Column::left("Key"), Column::left("Tag")]);
        assert_eq!(empty.clone().max_width(1).lines(), ["Key  Tag", "---  ---"]);
        assert_eq!(Table::new([]).lines(), ["", ""]);
    }
}
