//! The planner's statistics of two databases, column by column.

use crate::postgres::statistics::{ColumnStatistics, TableStatistics};

/// Figures are close when they are no further apart than this share of the greater one …
const SHARE: f64 = 0.1;
/// … or no further than this, for shares of rows: ANALYZE itself, which reads 30,000 rows, is as far off.
const SAMPLING: f64 = 0.01;
/// The mean width of values is a whole number of bytes.
const BYTE: f64 = 1.0;

/// One column of both databases.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnComparison<'a> {
    /// The table with its schema.
    pub table: String,
    /// The column, unquoted.
    pub column: &'a str,
    /// Its figures.
    pub figures: Vec<ColumnFigure>,
}

/// A figure of both, and whether they are close.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColumnFigure {
    /// Which.
    pub name: FigureName,
    /// Of the source.
    pub source: f64,
    /// Of the twin, in the source's unit.
    pub twin: f64,
    /// How far apart they are: of the most common values all of them by rank, together.
    pub apart: f64,
    /// Whether they are within the tolerance.
    pub is_close: bool,
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureName {
    /// The share of NULL.
    NullShare,
    /// Distinct values: how many, or, below 0, their share of the rows.
    Distinct,
    /// The share of the rows that have the most common value; the shares of the other common ones are compared, too.
    Common,
    /// How far the order on disk is the values' order.
    Correlation,
    /// Bytes of a value.
    Width,
}

impl FigureName {
    /// Its name in text and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            FigureName::NullShare => "null share",
            FigureName::Distinct => "distinct values",
            FigureName::Common => "most common values",
            FigureName::Correlation => "correlation",
            FigureName::Width => "width",
        }
    }
}

impl ColumnFigure {
    /// How far apart they are: the difference of shares of rows, of others in percent of the source's.
    pub fn error(&self) -> String {
        let apart = self.apart;
        match self.name {
            FigureName::NullShare | FigureName::Common | FigureName::Correlation => {
                format!("{apart:.3}")
            }
            FigureName::Distinct | FigureName::Width if apart == 0.0 => "0%".to_owned(),
            FigureName::Distinct | FigureName::Width => {
                format!("{:.0}%", 100.0 * apart / self.source.abs())
            }
        }
    }
}

impl ColumnComparison<'_> {
    /// Whether all figures are close.
    pub fn is_close(&self) -> bool {
        self.figures.iter().all(|it| it.is_close)
    }
}

/// The size of a table of both.
#[derive(Debug, Clone, PartialEq)]
pub struct TableComparison {
    /// The table with its schema.
    pub table: String,
    /// `reltuples`: source, twin.
    pub rows: (f64, f64),
    /// `relpages`: source, twin.
    pub pages: (f64, f64),
}

impl TableComparison {
    /// Whether the planner takes it for as large: pages within the tolerance, or one apart.
    pub fn is_close(&self) -> bool {
        let (source, twin) = self.pages;
        (source - twin).abs() <= (SHARE * source.max(twin)).max(1.0)
    }
}

/// The sizes of the tables of both, in the source's order.
pub(super) fn tables(source: &[TableStatistics], twin: &[TableStatistics]) -> Vec<TableComparison> {
    let of_both = source.iter().filter_map(|table| {
        let is_same = |it: &&TableStatistics| it.schema == table.schema && it.table == table.table;
        Some((table, twin.iter().find(is_same)?))
    });
    of_both
        .map(|(source, twin)| TableComparison {
            table: source.qualified(),
            rows: (source.rows, twin.rows),
            pages: (source.pages.into(), twin.pages.into()),
        })
        .collect()
}

/// The columns of tables of both, and the tables of one alone.
pub(super) fn compare<'a>(
    source: &'a [TableStatistics],
    twin: &'a [TableStatistics],
) -> (Vec<ColumnComparison<'a>>, Vec<String>) {
    let find = |tables: &'a [TableStatistics], like: &TableStatistics| {
        let mut tables = tables.iter();
        tables.find(|it| it.schema == like.schema && it.table == like.table)
    };
    let mut columns = Vec::new();
    let mut lone = Vec::new();
    for table in source {
        let Some(other) = find(twin, table) else {
            lone.push(table.qualified());
            continue;
        };
        for column in &table.columns {
            let found = other.columns.iter().find(|it| it.name == column.name);
            columns.push(ColumnComparison {
                table: table.qualified(),
                column: &column.name,
                figures: found.map_or_else(Vec::new, |it| figures(column, it, table, other)),
            });
        }
    }
    lone.extend(
        twin.iter()
            .filter(|it| find(source, it).is_none())
            .map(TableStatistics::qualified),
    );
    // A column of which one side has no statistics has no figures to compare.
    columns.retain(|it| !it.figures.is_empty());
    (columns, lone)
}

fn figures(
    source: &ColumnStatistics,
    twin: &ColumnStatistics,
    source_table: &TableStatistics,
    twin_table: &TableStatistics,
) -> Vec<ColumnFigure> {
    let figure = |name, source: f64, twin: f64, slack: f64| {
        let apart = (source - twin).abs();
        let is_close = apart <= slack.max(SHARE * source.abs().max(twin.abs()));
        ColumnFigure {
            name,
            source,
            twin,
            apart,
            is_close,
        }
    };
    let twin_distinct = in_unit_of(source.distinct, twin.distinct, twin_table.rows);
    // A share of as many values as the sample has is known as well as the sample's other shares.
    let slack = match source.distinct < 0.0 {
        true => SAMPLING,
        false => 0.0,
    };
    let mut figures = vec![
        figure(
            FigureName::NullShare,
            source.null_share,
            twin.null_share,
            SAMPLING,
        ),
        figure(FigureName::Distinct, source.distinct, twin_distinct, slack),
        common(source, twin),
        figure(
            FigureName::Width,
            source.width.into(),
            twin.width.into(),
            BYTE,
        ),
    ];
    if let (Some(a), Some(b)) = (source.correlation, twin.correlation)
        && source_table.rows.min(twin_table.rows) > 1.0
    {
        let slack = SHARE;
        figures.push(figure(FigureName::Correlation, a.into(), b.into(), slack));
    }
    figures
}

/// `n_distinct` in the unit of the source's: below 0 it is a share of the rows and scales with them.
fn in_unit_of(source: f64, distinct: f64, rows: f64) -> f64 {
    match (source < 0.0, distinct < 0.0) {
        (true, false) if rows > 0.0 => -distinct / rows,
        (false, true) => -distinct * rows,
        _ => distinct,
    }
}

/// The share of the most common value; close when rank by rank the shares are, all their differences taken together.
fn common(source: &ColumnStatistics, twin: &ColumnStatistics) -> ColumnFigure {
    let at =
        |it: &ColumnStatistics, rank: usize| f64::from(it.common.get(rank).copied().unwrap_or(0.0));
    let ranks = source.common.len().max(twin.common.len());
    let total = |it| (0..ranks).map(|rank| at(it, rank)).sum::<f64>();
    let apart: f64 = (0..ranks)
        .map(|rank| (at(source, rank) - at(twin, rank)).abs())
        .sum();
    ColumnFigure {
        name: FigureName::Common,
        source: at(source, 0),
        twin: at(twin, 0),
        apart,
        is_close: apart <= SAMPLING.max(SHARE * total(source).max(total(twin))),
    }
}
