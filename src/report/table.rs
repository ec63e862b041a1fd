//! Rows in aligned columns, without borders.

use std::io::IsTerminal;

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

/// How a column is aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// For names and sentences.
    Left,
    /// For numbers.
    Right,
}

/// The widest a table gets on a terminal; elsewhere each row keeps to one line.
const TERMINAL_WIDTH: u16 = 100;

/// The rows under the columns' titles, each line ended.
///
/// On a terminal, cells that don't fit a width of 100 are broken; in a pipe or file nothing is, so that one row stays
/// one line.
pub fn table(columns: &[(&str, Align)], rows: Vec<Vec<String>>) -> String {
    let width = std::io::stdout().is_terminal().then_some(TERMINAL_WIDTH);
    aligned(columns, rows, width)
}

fn aligned(columns: &[(&str, Align)], rows: Vec<Vec<String>>, width: Option<u16>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    match width {
        Some(width) => table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    table.set_header(columns.iter().map(|(title, align)| cell(*title, *align)));
    for row in rows {
        let cells = row.into_iter().zip(columns);
        table.add_row(cells.map(|(text, (_, align))| cell(text, *align)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let lines = table.lines().map(|line| format!("{}\n", line.trim_end()));
    lines.collect()
}

fn cell(text: impl ToString, align: Align) -> Cell {
    Cell::new(text).set_alignment(match align {
        Align::Left => CellAlignment::Left,
        Align::Right => CellAlignment::Right,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Vec<String>> {
        vec![
            vec!["photos".into(), "5,660,000".into()],
            vec!["größen".into(), "12".into()],
        ]
    }

    #[test]
    fn aligns_names_left_and_numbers_right() {
        let columns = [("table", Align::Left), ("rows", Align::Right)];
        assert_eq!(
            aligned(&columns, rows(), None),
            "table        rows\nphotos  5,660,000\ngrößen         12\n"
        );
    }

    #[test]
    fn breaks_long_cells_at_the_width_only() {
        let columns = [("a", Align::Left), ("b", Align::Left)];
        let long = || vec![vec!["x".to_owned(), "word ".repeat(30).trim().to_owned()]];
        assert_eq!(aligned(&columns, long(), None).lines().count(), 2);
        let broken = aligned(&columns, long(), Some(60));
        assert!(broken.lines().count() > 2, "{broken}");
        assert!(broken.lines().all(|line| line.len() <= 60), "{broken}");
    }
}
