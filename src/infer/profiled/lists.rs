//! `ranked` arrays, tsvectors and documents: as many elements as the source's, and the common ones as often.

use crate::copy::{DataType, Scalar, TypeKind};
use crate::infer::domain::{MakerToml, Value};
use crate::infer::source::SourceColumn;
use crate::profile::ColumnStatistics;

/// More common elements say no more.
const MOST_COMMON: usize = 20;
/// Bytes of a lexeme with its entry and one position, in the mean: what a tsvector's width is divided by.
const LEXEME: f64 = 15.0;
/// Numbers of elements fit a smallint up to here.
const MOST_SMALL: f64 = 30_000.0;

/// The maker of a column whose values have elements, with so many distinct values.
pub(super) fn maker(
    source: &SourceColumn,
    statistics: &ColumnStatistics,
    distinct: f64,
) -> Option<MakerToml> {
    let ranked = MakerToml::new("ranked");
    match &source.data_type.base().kind {
        TypeKind::Array(element, _) => {
            let of = elements(element, distinct)?;
            let maker = ranked.with("as", "array");
            let maker = match of {
                "text" => maker,
                other => maker.with("of", other),
            };
            let count = statistics.element_counts.last().copied();
            Some(with_elements(maker, statistics, count))
        }
        TypeKind::Scalar(Scalar::Tsvector) => {
            let count = libm::round((statistics.width / LEXEME).max(1.0));
            Some(with_elements(
                ranked.with("as", "tsvector"),
                statistics,
                Some(count),
            ))
        }
        TypeKind::Scalar(Scalar::Json | Scalar::Jsonb) => Some(ranked.with("as", "json")),
        _ => None,
    }
}

fn with_elements(maker: MakerToml, statistics: &ColumnStatistics, count: Option<f64>) -> MakerToml {
    let shares = statistics.element_shares.iter().take(MOST_COMMON);
    let shares: Vec<Value> = shares.map(|it| Value::Float(rounded(*it))).collect();
    let maker = match shares.is_empty() {
        true => maker,
        false => maker.with("elements", Value::List(shares)),
    };
    match count {
        Some(count) => maker.with("count", rounded(count.max(1.0))),
        None => maker,
    }
}

/// What the elements are written as.
fn elements(element: &DataType, distinct: f64) -> Option<&'static str> {
    match element.scalar()? {
        Scalar::Text | Scalar::Varchar if length_is_open(element) => Some("text"),
        Scalar::Int4 | Scalar::Int8 | Scalar::Numeric if length_is_open(element) => Some("integer"),
        Scalar::Int2 if distinct < MOST_SMALL => Some("integer"),
        _ => None,
    }
}

/// Whether no modifier says how long an element may be.
fn length_is_open(element: &DataType) -> bool {
    element.base().modifier < 0
}

fn rounded(number: f64) -> f64 {
    libm::round(number * 1e6) / 1e6
}
