//! A type with its limits → a maker, where neither key, constraint nor name says more: the last resort. Pure.

mod json;
mod numbers;

use super::domain::{Bound, Case, Limits, MakerToml, Value};
use crate::copy::{DataType, Scalar, TypeKind};
use json::json;
use numbers::{decimals, integer, numeric};
pub use numbers::{greatest, precision};

/// The days that dates without limits lie between.
const DAYS: (&str, &str) = ("2019-01-01", "2024-12-31");
/// Texts are this long where nothing limits them.
const TEXT_LENGTH: u32 = 40;
/// Shorter texts are codes rather than prose.
const SHORTEST_PROSE: u32 = 12;

/// What makes values of a type; `None` for types that nothing is known of. `name` is the type as DDL writes it.
pub fn maker(data_type: &DataType, name: &str, limits: &Limits) -> Option<MakerToml> {
    if let Some(values) = limits.allowed_values() {
        return (!values.is_empty()).then(|| one_of(data_type, &values));
    }
    match &data_type.kind {
        TypeKind::Domain(base) => maker(base, name, limits),
        TypeKind::Enum(labels) => (!labels.is_empty()).then(|| one_of(data_type, labels)),
        TypeKind::Array(element, _) => {
            let element = maker(
                element,
                name.strip_suffix("[]").unwrap_or(name),
                &Limits::default(),
            );
            let least = limits.min_length.unwrap_or(1);
            let Some(element) = element else {
                // Whatever its elements are, it may have none.
                return limits.min_length.is_none().then(|| constant("{}"));
            };
            let most = limits.max_length.unwrap_or(3).max(least);
            let array = MakerToml::new("array").with("of", table(element));
            Some(
                array
                    .with("min", i64::from(least))
                    .with("max", i64::from(most)),
            )
        }
        // A range that no value is in: any subtype has it.
        TypeKind::Range(of) => range(of).or_else(|| Some(constant("empty"))),
        TypeKind::Multirange(_) => Some(constant("{}")),
        TypeKind::Composite(attributes) => Some(composite(attributes)),
        TypeKind::Scalar(scalar) => scalar_maker(*scalar, data_type.modifier, limits),
        TypeKind::Other => other(name, limits),
    }
}

/// One of some values.
pub fn one_of<T: AsRef<str>>(data_type: &DataType, values: &[T]) -> MakerToml {
    let values = values.iter().map(AsRef::as_ref);
    let is_number = matches!(
        data_type.scalar(),
        Some(Scalar::Int2 | Scalar::Int4 | Scalar::Int8)
    );
    let value = |text: &str| match text.parse::<i64>() {
        Ok(number) if is_number => Value::Integer(number),
        _ => Value::Text(text.to_owned()),
    };
    if data_type.scalar() == Some(Scalar::Bool) {
        return boolean(values.map(str::to_owned).collect());
    }
    MakerToml::new("one-of").with("values", Value::List(values.map(value).collect()))
}

fn boolean(values: Vec<String>) -> MakerToml {
    let is = |word: &str| values.iter().any(|it| it.starts_with(word));
    match (is("t"), is("f")) {
        (true, false) => MakerToml::new("boolean").with("chance", 1.0),
        (false, true) => MakerToml::new("boolean").with("chance", 0.0),
        _ => MakerToml::new("boolean"),
    }
}

/// One value for all rows.
pub fn constant(value: &str) -> MakerToml {
    MakerToml::new("value").with("of", value)
}

/// The same row in all rows: of values where the types are the usual ones, of NULLs where they aren't.
fn composite(attributes: &[DataType]) -> MakerToml {
    let value = |data_type: &DataType| match &data_type.base().kind {
        TypeKind::Enum(labels) => labels.first().map(|it| format!("\"{it}\"")),
        TypeKind::Scalar(scalar) => Some(match scalar {
            Scalar::Bool => "true".to_owned(),
            Scalar::Int2 | Scalar::Int4 | Scalar::Int8 => "1".to_owned(),
            Scalar::Float4 | Scalar::Float8 | Scalar::Numeric => "1".to_owned(),
            Scalar::Text | Scalar::Varchar | Scalar::Bpchar | Scalar::Char => "a".to_owned(),
            Scalar::Date | Scalar::Timestamp | Scalar::Timestamptz => DAYS.1.to_owned(),
            _ => return None,
        }),
        _ => None,
    };
    let values = attributes.iter().map(|it| value(it).unwrap_or_default());
    constant(&format!("({})", values.collect::<Vec<_>>().join(",")))
}

/// A maker within another one's option.
fn table(maker: MakerToml) -> Value {
    let mut entries = vec![("make".to_owned(), Value::Text(maker.make))];
    entries.extend(maker.options);
    Value::Table(entries)
}

fn scalar_maker(scalar: Scalar, modifier: i32, limits: &Limits) -> Option<MakerToml> {
    Some(match scalar {
        Scalar::Bool => MakerToml::new("boolean"),
        Scalar::Int2 | Scalar::Int4 | Scalar::Int8 | Scalar::Oid => integer(scalar, limits),
        Scalar::Float4 | Scalar::Float8 => decimals("float", 2, None, limits),
        Scalar::Numeric => numeric(modifier, limits),
        Scalar::Money => decimals("decimal", 2, None, limits),
        Scalar::Text | Scalar::Varchar | Scalar::Name => text(scalar, modifier, limits),
        Scalar::Bpchar => code(length_of(modifier).unwrap_or(1), limits),
        Scalar::Char => code(1, limits),
        Scalar::Date => days("date", limits),
        Scalar::Timestamp | Scalar::Timestamptz => days("timestamp", limits),
        Scalar::Time | Scalar::Timetz => times(limits),
        Scalar::Interval => MakerToml::new("interval")
            .with("min", 60_i64)
            .with("max", 86_400_i64),
        Scalar::Uuid => MakerToml::new("uuid"),
        Scalar::Json | Scalar::Jsonb => json(limits),
        Scalar::Bytea => {
            let length = limits.min_length.or(limits.max_length).unwrap_or(16);
            MakerToml::new("bytea").with("length", i64::from(length))
        }
        Scalar::Inet => MakerToml::new("inet"),
        Scalar::Cidr => MakerToml::new("cidr"),
        Scalar::Macaddr => MakerToml::new("macaddr"),
        Scalar::Macaddr8 => constant("02:00:00:ff:fe:00:00:01"),
        Scalar::Bit => MakerToml::new("bit").with("length", i64::from(modifier.max(1))),
        Scalar::Varbit => {
            let length = if modifier > 0 { modifier } else { 8 };
            MakerToml::new("bit").with("length", i64::from(length))
        }
        Scalar::Xml => MakerToml::new("xml").with("of", "<item/>"),
        Scalar::Point => MakerToml::new("point"),
        Scalar::Tsvector => MakerToml::new("tsvector"),
        Scalar::Tsquery => constant("word"),
        Scalar::PgLsn => constant("0/16B3748"),
    })
}

/// What `varchar(n)` and `char(n)` allow.
pub fn length_of(modifier: i32) -> Option<u32> {
    u32::try_from(modifier - 4).ok()
}

/// The characters that a text column takes: its type's and its limits'.
pub fn max_length(data_type: &DataType, limits: &Limits) -> Option<u32> {
    let base = data_type.base();
    let typed = match base.kind {
        TypeKind::Scalar(Scalar::Varchar | Scalar::Bpchar) => length_of(base.modifier),
        TypeKind::Scalar(Scalar::Name) => Some(63),
        TypeKind::Scalar(Scalar::Char) => Some(1),
        _ => None,
    };
    typed.into_iter().chain(limits.max_length).min()
}

fn text(scalar: Scalar, modifier: i32, limits: &Limits) -> MakerToml {
    if let Some(pattern) = limits.patterns.first() {
        return MakerToml::new("pattern").with("of", pattern.as_str());
    }
    let typed = match scalar {
        Scalar::Varchar => length_of(modifier),
        Scalar::Name => Some(63),
        _ => None,
    };
    let most = typed.into_iter().chain(limits.max_length).min();
    let least = limits.min_length.unwrap_or(0).max(1);
    match most {
        Some(most) if most < SHORTEST_PROSE || least == most => code(most, limits),
        _ => {
            let most = most.unwrap_or(u32::MAX).min(TEXT_LENGTH.max(least * 2));
            let least = least.max(5).min(most);
            with_case(MakerToml::new("text"), limits)
                .with("min", i64::from(least))
                .with("max", i64::from(most))
        }
    }
}

fn with_case(maker: MakerToml, limits: &Limits) -> MakerToml {
    match limits.case {
        Some(Case::Lower) => maker.with("case", "lower"),
        Some(Case::Upper) => maker.with("case", "upper"),
        None => maker,
    }
}

/// Letters and digits, up to 12 of them.
pub fn code(most: u32, limits: &Limits) -> MakerToml {
    if let Some(pattern) = limits.patterns.first() {
        return MakerToml::new("pattern").with("of", pattern.as_str());
    }
    let length = most.min(12).max(limits.min_length.unwrap_or(1)).max(1);
    let maker = MakerToml::new("code").with("length", i64::from(length));
    match limits.case {
        Some(Case::Lower) => maker.with("alphabet", "a-z0-9"),
        _ => maker,
    }
}

/// Days within the limits, five years of them where only one end is bounded.
fn days(make: &str, limits: &Limits) -> MakerToml {
    let (mut min, mut max) = (DAYS.0.to_owned(), DAYS.1.to_owned());
    if let Some(first) = limits.min.as_ref().and_then(Bound::first_day) {
        if max <= first {
            max = five_years_later(&first);
        }
        min = first;
    }
    let last = limits.max.as_ref();
    if let Some(last) = last.and_then(|it| it.last_day(make == "date")) {
        if min > last {
            min = "1970-01-01".to_owned().min(last.clone());
        }
        max = last;
    }
    MakerToml::new(make).with("min", min).with("max", max)
}

fn five_years_later(day: &str) -> String {
    let year = day.get(..4).and_then(|year| year.parse::<u16>().ok());
    format!("{:04}-12-31", year.unwrap_or(2024) + 5)
}

/// Times of day within the limits.
fn times(limits: &Limits) -> MakerToml {
    let (mut min, mut max) = ("08:00:00".to_owned(), "20:00:00".to_owned());
    if let Some(bound) = limits.min.as_ref().filter(|it| it.value.contains(':')) {
        min.clone_from(&bound.value);
        if max <= min {
            "23:59:59".clone_into(&mut max);
        }
    }
    if let Some(bound) = limits.max.as_ref().filter(|it| it.value.contains(':')) {
        max.clone_from(&bound.value);
        if min >= max {
            "00:00:00".clone_into(&mut min);
        }
    }
    MakerToml::new("time").with("min", min).with("max", max)
}

fn range(of: &DataType) -> Option<MakerToml> {
    let maker = |ends: &str| MakerToml::new("range").with("of", ends);
    Some(match of.scalar()? {
        Scalar::Int4 | Scalar::Int8 => maker("integer")
            .with("min", 1_i64)
            .with("max", 1_000_000_i64),
        Scalar::Date => maker("date").with("min", DAYS.0).with("max", DAYS.1),
        Scalar::Timestamp | Scalar::Timestamptz => maker("timestamp")
            .with("min", DAYS.0)
            .with("max", DAYS.1)
            .with("length", 86_400_i64),
        Scalar::Numeric => constant("[0,1)"),
        _ => return None,
    })
}

/// Types of extensions, and those of Postgres' own that a table rarely has: known by name.
fn other(name: &str, limits: &Limits) -> Option<MakerToml> {
    let bare = name.rsplit('.').next().unwrap_or(name);
    let plain = bare.split('(').next().unwrap_or(bare);
    Some(match plain {
        "citext" => text(Scalar::Text, -1, limits),
        "polygon" | "ltree" => MakerToml::new(plain),
        "hstore" => {
            let pairs = Value::Table(vec![("key".to_owned(), "value".into())]);
            MakerToml::new("hstore").with("of", pairs)
        }
        "box" => constant("(1,1),(0,0)"),
        "circle" => constant("<(0,0),1>"),
        "line" => constant("{1,-1,0}"),
        "lseg" | "path" => constant("[(0,0),(1,1)]"),
        "jsonpath" => constant("$"),
        "cube" => constant("(1, 2, 3)"),
        "geometry" | "geography" => constant(&shape(bare)),
        "vector" | "halfvec" => {
            let count = bare.split(['(', ')']).nth(1)?.parse::<usize>().ok()?;
            constant(&format!("[{}]", vec!["1"; count].join(",")))
        }
        _ => return None,
    })
}

/// A shape for `geometry(Point,4326)`.
fn shape(name: &str) -> String {
    let inside = name.split(['(', ')']).nth(1).unwrap_or("");
    let (kind, system) = inside.split_once(',').unwrap_or((inside, ""));
    let shape = match kind.trim().to_ascii_lowercase().as_str() {
        "polygon" => "POLYGON((0 0,0 1,1 1,1 0,0 0))",
        "multipolygon" => "MULTIPOLYGON(((0 0,0 1,1 1,1 0,0 0)))",
        "linestring" => "LINESTRING(0 0,1 1)",
        _ => "POINT(0 0)",
    };
    match system.trim() {
        "" => shape.to_owned(),
        system => format!("SRID={system};{shape}"),
    }
}

#[cfg(test)]
mod tests;
