//! The makers that follow a column's figures where its own can't: `ranked`, or a histogram or a list at the levels that have
//! values.

use super::enough::number_of_values;
use super::lists;
use super::numbers::{self, Kind};
use crate::copy::{DataType, Scalar, TypeKind};
use crate::infer::domain::{Limits, MakerToml, Value};
use crate::infer::source::SourceColumn;
use crate::infer::types;
use crate::profile::ColumnStatistics;

/// Days and seconds of three years: as long as the times that `init` makes.
const DAYS: f64 = 1_096.0;
const SPAN: f64 = DAYS * 86_400.0;

/// What a column is to the profile.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Role {
    /// What others decide: nothing is said of it.
    Untouched,
    /// It may be NULL as often as in the source; its values are made as they were.
    NullOnly,
    /// It picks rows of another table.
    Reference,
    /// Its maker stays and follows the figures.
    Follows,
    /// Another maker makes its values.
    Replaced(MakerToml),
}

impl Role {
    /// Whether another maker makes its values, and not that of times.
    pub fn is_by_rank(&self) -> bool {
        matches!(self, Role::Replaced(maker) if maker.make != "timestamp" && maker.make != "date")
    }

    /// Whether another maker makes its values.
    pub fn is_replaced(&self) -> bool {
        matches!(self, Role::Replaced(_))
    }
}

/// The maker of a column with such statistics and so many values; `None` for types that none is for.
pub(super) fn maker(
    source: &SourceColumn,
    statistics: &ColumnStatistics,
    distinct: f64,
) -> Option<MakerToml> {
    if let Some(list) = lists::maker(source, statistics, distinct) {
        return Some(list);
    }
    let kind = kind(&source.data_type, &source.base_type, statistics)?;
    if let Some(list) = list(source, statistics) {
        return Some(list);
    }
    // Rounded bounds may lie too close together for the source's values.
    let least = (distinct / 2.0).max(statistics.shares.len() as f64);
    let is_wide = |it: &MakerToml| number_of_values(it).is_none_or(|values| values >= least);
    if let Some(histogram) = histogram(kind, statistics).filter(is_wide) {
        return Some(histogram);
    }
    let maker = with_scale(MakerToml::new("ranked").with("as", kind.name), kind);
    Some(
        match (kind.name, source.data_type.scalar().unwrap_or(Scalar::Text)) {
            ("integer" | "decimal", _) => {
                numbers::ranked(maker, kind, source, statistics, distinct)
            }
            ("timestamp", _) if distinct < SPAN => MakerToml::new("timestamp")
                .with("min", "2022-01-01")
                .with("max", "2024-12-31"),
            ("date", _) if distinct < DAYS => MakerToml::new("date")
                .with("min", "2022-01-01")
                .with("max", "2024-12-31"),
            ("date", _) => maker.with("min", "1950-01-01"),
            ("text", _) => match longest(source) {
                Some(longest) => maker.with("max-length", i64::from(longest)),
                None => maker,
            },
            _ => maker,
        },
    )
}

/// How many characters a column's type holds.
pub(super) fn longest(source: &SourceColumn) -> Option<u32> {
    types::max_length(&source.data_type, &Limits::default())
}

fn with_scale(maker: MakerToml, kind: Kind) -> MakerToml {
    match kind.scale {
        Some(scale) => maker.with("scale", scale),
        None => maker,
    }
}

fn kind(data_type: &DataType, type_name: &str, statistics: &ColumnStatistics) -> Option<Kind> {
    let plain = |name| Kind { name, scale: None };
    let decimal = |scale| Kind {
        name: "decimal",
        scale: Some(scale),
    };
    if data_type.base().kind == TypeKind::Other {
        return type_name.ends_with("citext").then(|| plain("text"));
    }
    Some(match data_type.scalar()? {
        Scalar::Int2 | Scalar::Int4 | Scalar::Int8 | Scalar::Oid => plain("integer"),
        Scalar::Numeric => match numbers::scale(type_name, statistics.width) {
            0 => plain("integer"),
            scale => decimal(scale),
        },
        Scalar::Float4 | Scalar::Float8 | Scalar::Money => decimal(2),
        Scalar::Date => plain("date"),
        Scalar::Timestamp | Scalar::Timestamptz => plain("timestamp"),
        Scalar::Time => plain("time"),
        Scalar::Interval => plain("interval"),
        Scalar::Text | Scalar::Varchar | Scalar::Bpchar | Scalar::Name => plain("text"),
        Scalar::Uuid => plain("uuid"),
        Scalar::Bytea => plain("bytea"),
        Scalar::Inet => plain("inet"),
        _ => return None,
    })
}

/// The source's own texts, in their order, where the profile has all of them.
fn list(source: &SourceColumn, statistics: &ColumnStatistics) -> Option<MakerToml> {
    #[expect(clippy::cast_precision_loss, reason = "a few values")]
    let are_all =
        statistics.distinct > 0.0 && statistics.values.len() as f64 >= statistics.distinct;
    if !are_all || !source.data_type.is_text() || statistics.ranks.len() != statistics.values.len()
    {
        return None;
    }
    let mut values: Vec<(f64, &String)> = statistics
        .ranks
        .iter()
        .copied()
        .zip(&statistics.values)
        .collect();
    values.sort_by(|one, other| one.0.total_cmp(&other.0));
    let values: Vec<String> = values.into_iter().map(|(_, it)| it.clone()).collect();
    Some(MakerToml::new("one-of").with("values", values))
}

/// Draws from the source's histogram, where the profile has one.
fn histogram(kind: Kind, statistics: &ColumnStatistics) -> Option<MakerToml> {
    let bound = |text: &String| match kind.name {
        "integer" => text.parse::<f64>().ok().map(|it| Value::Integer(whole(it))),
        "decimal" => {
            let scale = libm::pow(10.0, kind.scale.map_or(0.0, |it| it as f64));
            text.parse::<f64>()
                .ok()
                .map(|it| Value::Float(libm::round(it * scale) / scale))
        }
        // Seconds, in UTC.
        "date" | "timestamp" => Some(Value::Text(text.get(..19).unwrap_or(text).to_owned())),
        _ => None,
    };
    let bounds: Option<Vec<Value>> = statistics.bounds.iter().map(bound).collect();
    let bounds = bounds.filter(|it| it.len() > 1)?;
    let maker = with_scale(MakerToml::new("histogram").with("as", kind.name), kind);
    Some(maker.with("bounds", Value::List(bounds)))
}

#[expect(clippy::cast_possible_truncation, reason = "saturating")]
fn whole(number: f64) -> i64 {
    libm::round(number) as i64
}
