//! Rows in aligned columns, without borders, no wider than the terminal.
//!
//! In a pipe or file each row is one line. On a terminal that is too narrow, columns that can be spared are left out, then
//! texts are broken between words. Neither a word nor an escape of a colour is ever broken: a name can be copied.

use crate::terminal::{self, width_of};

/// How a column is aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// For names and sentences.
    Left,
    /// For numbers.
    Right,
}

/// Between two columns.
const GAP: usize = 2;

/// The rows under the columns' titles, each line ended.
pub fn table(columns: &[(&str, Align)], rows: Vec<Vec<String>>) -> String {
    table_with_spare(columns, &[], rows)
}

/// As [`table`]. Where the terminal is too narrow, the columns with the titles in `spare` are left out one by one, the first
/// one first.
pub fn table_with_spare(
    columns: &[(&str, Align)],
    spare: &[&str],
    rows: Vec<Vec<String>>,
) -> String {
    let mut table = Table::new(columns, rows);
    if let Some(width) = terminal::width(&std::io::stdout()) {
        table.fit(usize::from(width), spare);
    }
    table.text()
}

struct Table<'a> {
    columns: Vec<Column<'a>>,
}

struct Column<'a> {
    title: &'a str,
    align: Align,
    /// The title, and a cell a row.
    cells: Vec<String>,
    width: usize,
}

impl<'a> Table<'a> {
    fn new(columns: &[(&'a str, Align)], rows: Vec<Vec<String>>) -> Table<'a> {
        let mut cells: Vec<Vec<String>> = columns
            .iter()
            .map(|(title, _)| vec![(*title).into()])
            .collect();
        for row in rows {
            for (column, cell) in cells.iter_mut().zip(row) {
                column.push(cell);
            }
        }
        let column = |(&(title, align), cells): (&(&'a str, Align), Vec<String>)| Column {
            title,
            align,
            width: cells.iter().map(|cell| width_of(cell)).max().unwrap_or(0),
            cells,
        };
        Table {
            columns: columns.iter().zip(cells).map(column).collect(),
        }
    }

    fn width(&self) -> usize {
        let widths: usize = self.columns.iter().map(|column| column.width).sum();
        widths + GAP * self.columns.len().saturating_sub(1)
    }

    /// Narrows the table, as far as words allow.
    fn fit(&mut self, width: usize, spare: &[&str]) {
        for title in spare {
            if self.width() > width {
                self.columns.retain(|column| column.title != *title);
            }
        }
        while self.width() > width {
            let columns = self.columns.iter_mut();
            let breakable = columns.filter(|column| column.width > column.longest_word());
            let Some(widest) = breakable.max_by_key(|column| column.width) else {
                return;
            };
            widest.width -= 1;
        }
    }

    fn text(&self) -> String {
        let count = self.columns.iter().map(|column| column.cells.len()).max();
        (0..count.unwrap_or(0)).map(|row| self.row(row)).collect()
    }

    /// A row's lines: as many as its highest cell has.
    fn row(&self, row: usize) -> String {
        let cells = self.columns.iter().map(|column| {
            let cell = column.cells.get(row).map_or("", String::as_str);
            broken(cell, column.width)
        });
        let cells: Vec<Vec<String>> = cells.collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        let line = |number: usize| {
            let mut line = String::new();
            for (column, cell) in self.columns.iter().zip(&cells) {
                let part = cell.get(number).map_or("", String::as_str);
                let blanks = " ".repeat(column.width.saturating_sub(width_of(part)));
                match column.align {
                    Align::Left => line.push_str(&format!("{part}{blanks}")),
                    Align::Right => line.push_str(&format!("{blanks}{part}")),
                }
                line.push_str(&" ".repeat(GAP));
            }
            format!("{}\n", line.trim_end())
        };
        (0..height).map(line).collect()
    }
}

impl Column<'_> {
    /// Numbers are never broken.
    fn longest_word(&self) -> usize {
        match self.align {
            Align::Right => self.width,
            Align::Left => {
                let words = self.cells.iter().flat_map(|cell| cell.split(' '));
                words.map(width_of).max().unwrap_or(0)
            }
        }
    }
}

/// A text in lines of a width, broken between words.
fn broken(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            if !line.is_empty() && width_of(&line) + 1 + width_of(word) > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(columns: &[(&str, Align)], rows: &[&[&str]], width: usize, spare: &[&str]) -> String {
        let rows = rows
            .iter()
            .map(|row| row.iter().map(|cell| (*cell).to_owned()).collect());
        let mut table = Table::new(columns, rows.collect());
        table.fit(width, spare);
        table.text()
    }

    #[test]
    fn names_are_aligned_left_and_numbers_right() {
        let columns = [("table", Align::Left), ("rows", Align::Right)];
        let rows: [&[&str]; 3] = [&["photos", "5,660,000"], &["größen", "12"], &["写真", "7"]];
        assert_eq!(
            fitted(&columns, &rows, 200, &[]),
            "table        rows\nphotos  5,660,000\ngrößen         12\n写真            7\n"
        );
    }

    #[test]
    fn a_narrow_terminal_costs_spare_columns_first_and_then_breaks_texts_between_words() {
        let columns = [
            ("query", Align::Left),
            ("p99 ms", Align::Right),
            ("why", Align::Left),
            ("verdict", Align::Left),
        ];
        let rows: [&[&str]; 1] = [&[
            "styles_of_a_product",
            "0.52",
            "some words that say why",
            "\x1b[32mpass\x1b[0m",
        ]];
        let narrow = |width| fitted(&columns, &rows, width, &["p99 ms"]);
        assert!(narrow(61).contains("p99 ms"));
        assert_eq!(
            narrow(60),
            "query                why                      verdict\n\
             styles_of_a_product  some words that say why  \x1b[32mpass\x1b[0m\n"
        );
        assert_eq!(
            narrow(44),
            "query                why             verdict\n\
             styles_of_a_product  some words      \x1b[32mpass\x1b[0m\n\
             \x20                    that say why\n"
        );
        // What has no blank isn't broken, however narrow the terminal is.
        assert!(
            narrow(5).contains("styles_of_a_product  some   \x1b[32mpass\x1b[0m\n"),
            "{}",
            narrow(5)
        );
    }
}
