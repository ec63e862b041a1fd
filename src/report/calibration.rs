//! How near the rows of a dataset come to the statistics of its source, as `init` reports it.

use anyhow::Result;
use serde::Serialize;

use crate::init::calibrate::{Figure, TableFit};
use crate::report::table::{Align, table};

/// What is listed of each figure.
const COLUMNS: &[(&str, Align)] = &[
    ("table", Align::Left),
    ("column", Align::Left),
    ("figure", Align::Left),
    ("source", Align::Right),
    ("made", Align::Right),
];

/// More figures than this are counted, not listed.
const LISTED: usize = 20;

/// A table in the JSON.
#[derive(Serialize)]
pub(super) struct TableAccount<'a> {
    name: &'a str,
    columns: usize,
    near: usize,
    off: Vec<FigureAccount<'a>>,
}

#[derive(Serialize)]
struct FigureAccount<'a> {
    column: &'a str,
    figure: &'static str,
    source: f64,
    made: f64,
}

/// What was made and compared; `None` where nothing was.
pub(super) type Calibration = Option<Result<Vec<TableFit>>>;

pub(super) fn json(calibration: &Calibration) -> Option<Vec<TableAccount<'_>>> {
    let Some(Ok(fits)) = calibration else {
        return None;
    };
    Some(fits.iter().map(account).collect())
}

fn account(fit: &TableFit) -> TableAccount<'_> {
    TableAccount {
        name: &fit.name,
        columns: fit.columns,
        near: fit.near,
        off: lines(&fit.off).collect(),
    }
}

fn lines(off: &[(String, Vec<Figure>)]) -> impl Iterator<Item = FigureAccount<'_>> {
    off.iter().flat_map(|(column, figures)| {
        figures.iter().map(|it| FigureAccount {
            column,
            figure: it.name,
            source: it.wanted,
            made: it.made,
        })
    })
}

pub(super) fn text(calibration: &Calibration) -> String {
    let fits = match calibration {
        None => return String::new(),
        Some(Err(error)) => {
            return format!("calibration: the figures are as they were read: {error:#}\n");
        }
        Some(Ok(fits)) => fits,
    };
    let near: usize = fits.iter().map(|it| it.near).sum();
    let columns: usize = fits.iter().map(|it| it.columns).sum();
    let mut text = format!(
        "calibration: rows were made and analysed; {near} of {columns} columns have the source's statistics, within a tenth\n"
    );
    let figures = fits
        .iter()
        .flat_map(|fit| lines(&fit.off).map(move |it| (fit, it)));
    let mut rows: Vec<Vec<String>> = figures
        .map(|(fit, it)| {
            vec![
                fit.name.clone(),
                it.column.to_owned(),
                it.figure.to_owned(),
                number(it.source),
                number(it.made),
            ]
        })
        .collect();
    let more = rows.len().saturating_sub(LISTED);
    rows.truncate(LISTED);
    if !rows.is_empty() {
        text.push_str(&table(COLUMNS, rows));
    }
    if more > 0 {
        text.push_str(&format!("and {more} more figures; --format json has all\n"));
    }
    text
}

fn number(of: f64) -> String {
    match of.abs() {
        ..10.0 => format!("{of:.3}"),
        _ => format!("{of:.0}"),
    }
}
