//! Rows drawn within limits and relations, without any of the makers: what the constraints' reader promises is tested by
//! itself.

use seedrow::copy::{DataType, Scalar, TypeKind};
use seedrow::dataset::calendar::{date_from_days, parse_date};
use seedrow::dataset::choices::Choices;
use seedrow::dataset::draw::Key;
use seedrow::dataset::formula::{Amount, Formula};
use seedrow::dataset::values::{Pattern, Values};
use seedrow::infer::checks::CheckReading;
use seedrow::infer::domain::{Case, JsonKind, Limits, Relation, compare};
use seedrow::postgres::catalog::Column;

type Row = Vec<Option<String>>;

/// Draws rows.
pub struct Drawn<'a> {
    columns: &'a [Column],
    reading: &'a CheckReading,
    values: Vec<Vec<String>>,
}

impl<'a> Drawn<'a> {
    /// For columns with what is read of their constraint.
    pub fn new(columns: &'a [Column], reading: &'a CheckReading) -> Drawn<'a> {
        let values = columns.iter().map(|column| {
            let limits = reading.limits.iter().find(|(name, _)| *name == column.name);
            let limits = limits.map(|(_, limits)| limits.clone()).unwrap_or_default();
            let mut values = values(&column.data_type, &limits);
            // Values that conditions name.
            for relation in &reading.relations {
                if let Relation::OnlyIf {
                    by, values: them, ..
                }
                | Relation::NeededIf {
                    by, values: them, ..
                }
                | Relation::LimitedIf {
                    by, values: them, ..
                } = relation
                    && *by == column.name
                {
                    values.extend(them.iter().filter(|it| allows(&limits, it)).cloned());
                }
                if let Relation::LimitedIf {
                    column: of,
                    limits: more,
                    ..
                } = relation
                    && *of == column.name
                {
                    let mut both = limits.clone();
                    both.narrow(more);
                    values.extend(self::values(&column.data_type, &both));
                }
            }
            values
        });
        Drawn {
            columns,
            reading,
            values: values.collect(),
        }
    }

    /// So many rows that keep the relations, or fewer.
    pub fn rows(&self, count: usize) -> Vec<Row> {
        let drawn = (0..count as u64 * 400).map(|number| self.row(number));
        drawn.filter(|row| self.keeps(row)).take(count).collect()
    }

    fn row(&self, number: u64) -> Row {
        let mut draws = Key::fixed().row(number);
        let mut value = |(column, values): (&Column, &Vec<String>)| {
            let limits = self
                .reading
                .limits
                .iter()
                .find(|(name, _)| *name == column.name);
            let not_null = column.not_null || limits.is_some_and(|(_, it)| it.not_null);
            let null = draws.below(3) == 0 && !not_null;
            (!null && !values.is_empty()).then(|| values[draws.index(values.len())].clone())
        };
        let drawn = self.columns.iter().zip(&self.values).map(&mut value);
        let mut row: Row = drawn.collect();
        for relation in &self.reading.relations {
            if let Relation::Computed {
                column, formula, ..
            } = relation
            {
                let position = self.position(column);
                row[position] = Some(self.computed(&row, formula));
            }
        }
        row
    }

    fn position(&self, column: &str) -> usize {
        let mut columns = self.columns.iter();
        columns.position(|it| it.name == column).unwrap()
    }

    /// A formula's value, in which NULL counts as 0.
    fn computed(&self, row: &Row, formula: &str) -> String {
        let formula = Formula::parse(formula, &|name| Ok(self.position(name))).unwrap();
        let value = formula.value(&mut |column| amount(row[column].as_deref().unwrap_or("0")));
        match value.decimals {
            0 => value.units.to_string(),
            decimals => format!("{}e-{decimals}", value.units),
        }
    }

    fn value<'r>(&self, row: &'r Row, column: &str) -> Option<&'r str> {
        row[self.position(column)].as_deref()
    }

    fn keeps(&self, row: &Row) -> bool {
        self.reading
            .relations
            .iter()
            .all(|it| self.keeps_one(row, it))
    }

    fn keeps_one(&self, row: &Row, relation: &Relation) -> bool {
        let value = |column: &String| self.value(row, column);
        let count = |columns: &[String]| columns.iter().filter(|it| value(it).is_some()).count();
        let is_one = |by: &String, values: &[String]| {
            value(by).is_some_and(|it| values.iter().any(|own| own == it))
        };
        let both =
            |a: &String, b: &String, holds: &dyn Fn(&str, &str) -> bool| match (value(a), value(b))
            {
                (Some(a), Some(b)) => holds(a, b),
                _ => true,
            };
        match relation {
            Relation::Less {
                smaller,
                larger,
                strict,
            } => both(smaller, larger, &|a, b| {
                let order = compare(a, b);
                order.is_lt() || (order.is_eq() && !strict)
            }),
            Relation::AtLeastApart {
                smaller,
                larger,
                gap,
            } => both(smaller, larger, &|a, b| {
                number(b) >= number(a) + number(gap)
            }),
            Relation::AtMostApart {
                smaller,
                larger,
                gap,
            } => both(smaller, larger, &|a, b| {
                number(b) <= number(a) + number(gap)
            }),
            Relation::NotEqual { a, b } => both(a, b, &|a, b| a != b),
            Relation::Equal { a, b } => both(a, b, &|a, b| a == b),
            Relation::ExactlyOne(columns) => count(columns) == 1,
            Relation::AtMostOne(columns) => count(columns) <= 1,
            Relation::AtLeastOne(columns) => count(columns) >= 1,
            Relation::AllOrNone(columns) => [0, columns.len()].contains(&count(columns)),
            Relation::NullWith { column, by } => value(by).is_some() || value(column).is_none(),
            Relation::OnlyIf { column, by, values } => {
                value(column).is_none() || is_one(by, values)
            }
            Relation::NeededIf { column, by, values } => {
                value(column).is_some() || !is_one(by, values)
            }
            Relation::Computed { .. } => true,
            Relation::LimitedIf {
                column,
                by,
                values,
                limits,
            } => !is_one(by, values) || value(column).is_none_or(|it| allows(limits, it)),
        }
    }
}

/// Whether a value is among those that limits list, and within their bounds.
fn allows(limits: &Limits, value: &str) -> bool {
    let listed = |them: &Vec<String>| them.iter().any(|it| it == value);
    limits.values.as_ref().is_none_or(listed) && limits.is_within(value)
}

/// A number with its decimals.
fn amount(text: &str) -> Amount {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    Amount {
        units: format!("{whole}{fraction}").parse().unwrap(),
        decimals: u32::try_from(fraction.len()).unwrap(),
    }
}

/// A number, the days of a date, the seconds of a timestamp.
fn number(text: &str) -> f64 {
    if let Ok(number) = text.parse() {
        return number;
    }
    let days = |text: &str| parse_date(text).map(|it| f64::from(i32::try_from(it).unwrap()));
    match text.split_once(' ') {
        Some((day, clock)) => {
            let parts: Vec<f64> = clock.split(':').map(|it| it.parse().unwrap()).collect();
            days(day).unwrap() * 86_400.0 + parts[0] * 3600.0 + parts[1] * 60.0 + parts[2]
        }
        None => days(text).unwrap(),
    }
}

fn values(data_type: &DataType, limits: &Limits) -> Vec<String> {
    if let Some(values) = limits.allowed_values() {
        return values.into_iter().map(str::to_owned).collect();
    }
    let all = match &data_type.base().kind {
        TypeKind::Enum(labels) => labels.clone(),
        TypeKind::Array(..) => arrays(limits),
        TypeKind::Range(of) => ranges(of, limits),
        TypeKind::Scalar(scalar) => scalars(*scalar, limits),
        _ => Vec::new(),
    };
    all.into_iter()
        .filter(|it| limits.is_within(it) || matches!(data_type.base().kind, TypeKind::Range(_)))
        .collect()
}

fn scalars(scalar: Scalar, limits: &Limits) -> Vec<String> {
    let bounds = || {
        [&limits.min, &limits.max]
            .into_iter()
            .flatten()
            .map(|it| it.value.clone())
    };
    match scalar {
        Scalar::Bool => vec!["true".into(), "false".into()],
        Scalar::Int2
        | Scalar::Int4
        | Scalar::Int8
        | Scalar::Numeric
        | Scalar::Float4
        | Scalar::Float8 => numbers(scalar, limits),
        Scalar::Date => days().chain(bounds()).collect(),
        Scalar::Timestamp | Scalar::Timestamptz => {
            let clock = ["00:00:00", "00:00:01", "12:34:56", "23:59:59"];
            let moments = days().flat_map(|day| clock.map(|it| format!("{day} {it}")));
            moments
                .chain(bounds().filter(|it| it.contains(' ') && !it.contains('+')))
                .collect()
        }
        Scalar::Time => (0..48)
            .map(|it| format!("{:02}:{:02}:00", it / 2, it % 2 * 30))
            .chain(bounds())
            .collect(),
        Scalar::Interval => [
            0, 1, 59, 60, 61, 3599, 3600, 90_000, 172_800, 172_801, 1_000_000,
        ]
        .map(|it: i64| it.to_string())
        .into_iter()
        .chain(bounds())
        .collect(),
        Scalar::Bytea => {
            let length = limits.min_length.unwrap_or(5);
            vec![format!("\\x{}", "0a".repeat(length as usize))]
        }
        Scalar::Json | Scalar::Jsonb => json(limits),
        _ => texts(limits),
    }
}

fn numbers(scalar: Scalar, limits: &Limits) -> Vec<String> {
    let whole =
        matches!(scalar, Scalar::Int2 | Scalar::Int4 | Scalar::Int8) || limits.scale == Some(0);
    let centres = [&limits.min, &limits.max]
        .into_iter()
        .flatten()
        .map(|it| it.value.parse::<f64>().unwrap_or(0.0));
    let mut values: Vec<String> = Vec::new();
    for centre in centres.chain([0.0]) {
        for step in -150..=150 {
            let near = centre.round() + f64::from(step);
            let is_small = (f64::from(i16::MIN)..=f64::from(i16::MAX)).contains(&near);
            if is_small || scalar != Scalar::Int2 {
                values.push(near.to_string());
            }
            if !whole && step % 10 == 0 {
                let digits = limits.scale.unwrap_or(2) as usize;
                values.push(format!("{:.digits$}", near + 0.25));
                values.push(format!("{:.digits$}", centre + f64::from(step) / 1000.0));
            }
        }
        values.push(centre.to_string());
    }
    values.retain(|it| it != "-0");
    values
}

fn days() -> impl Iterator<Item = String> {
    // A day about every month from 1990 to 2110, and all days of a few weeks.
    let months = (7_305..51_134).step_by(29);
    let weeks = [10_957, 11_448, 18_628, 19_000, 47_482]
        .into_iter()
        .flat_map(|it| it - 9..it + 9);
    months.chain(weeks).map(|days| {
        let (year, month, day) = date_from_days(days);
        format!("{year:04}-{month:02}-{day:02}")
    })
}

fn texts(limits: &Limits) -> Vec<String> {
    let (least, most) = (limits.min_length.unwrap_or(0), limits.max_length);
    if let Some(pattern) = limits.patterns.first() {
        let pattern = Pattern::new(pattern, least, most)
            .unwrap_or_else(|error| panic!("{pattern}: {error:#}"));
        let values = Values::Pattern(pattern);
        let text = |number: u64| {
            let mut out = Vec::new();
            values.write(Choices::drawn(number, Key::fixed().row(number)), &mut out);
            String::from_utf8(out).unwrap()
        };
        return (0..60)
            .map(text)
            .filter(|it| !(limits.not_empty && it.is_empty()))
            .map(|it| cased(limits, it))
            .collect();
    }
    let lengths = least..=most.unwrap_or(least + 12).min(least + 12);
    let each = lengths.chain(most).flat_map(|length| {
        let text = |filler: &str| {
            filler
                .chars()
                .cycle()
                .take(length as usize)
                .collect::<String>()
        };
        ["Abc Def", " x ", "é-Ö", "1Aa"].map(text)
    });
    each.map(|it| cased(limits, it)).collect()
}

/// In the case that is asked for, with other characters in the place of blanks at the ends.
fn cased(limits: &Limits, text: String) -> String {
    let text = match limits.case {
        Some(Case::Lower) => text.to_lowercase(),
        Some(Case::Upper) => text.to_uppercase(),
        None => text,
    };
    if limits.trimmed && text.trim() != text {
        return text.replace(' ', "_");
    }
    text
}

fn json(limits: &Limits) -> Vec<String> {
    if !limits.json_keys.is_empty() {
        let value =
            |key: &seedrow::infer::domain::JsonKey| match (key.values.first(), key.kinds.first()) {
                (Some(text), _) => format!("\"{text}\""),
                (None, Some(JsonKind::Number)) => "1".to_owned(),
                _ => "\"a\"".to_owned(),
            };
        let keys: Vec<String> = limits
            .json_keys
            .iter()
            .map(|it| format!("\"{}\": {}", it.name, value(it)))
            .collect();
        return vec![format!("{{{}}}", keys.join(", "))];
    }
    let of = |kind: &JsonKind| match kind {
        JsonKind::Object => vec!["{\"a\": 1}", "{}"],
        JsonKind::Array if limits.min_length.is_some() => vec!["[1]", "[1, 2]"],
        JsonKind::Array => vec!["[]", "[1]"],
        JsonKind::String => vec!["\"a\""],
        JsonKind::Number => vec!["1"],
        JsonKind::Boolean => vec!["true"],
        JsonKind::Null => vec!["null"],
    };
    let all = [JsonKind::Object, JsonKind::Array, JsonKind::Number];
    let kinds = if limits.json_kinds.is_empty() {
        &all[..]
    } else {
        &limits.json_kinds
    };
    kinds.iter().flat_map(of).map(str::to_owned).collect()
}

fn arrays(limits: &Limits) -> Vec<String> {
    let least = limits.min_length.unwrap_or(0);
    let lengths = least..=limits.max_length.unwrap_or(least + 3);
    lengths
        .map(|it| format!("{{{}}}", vec!["a"; it as usize].join(",")))
        .collect()
}

fn ranges(of: &DataType, limits: &Limits) -> Vec<String> {
    let mut ends: Vec<String> = values(of, limits);
    ends.sort_by(|a, b| compare(a, b));
    ends.dedup_by(|a, b| compare(a, b).is_eq());
    ends.windows(2)
        .map(|it| format!("[\"{}\",\"{}\")", it[0], it[1]))
        .take(40)
        .collect()
}
