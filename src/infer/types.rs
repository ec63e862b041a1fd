//! A type with its limits → a maker, where neither key, constraint nor name says more: the last resort. Pure.

use super::domain::{Bound, Case, JsonKey, JsonKind, Limits, MakerToml, Value};
use crate::copy::{DataType, Scalar, TypeKind};

/// The days that dates without limits lie between.
const DAYS: (&str, &str) = ("2019-01-01", "2024-12-31");
/// How wide a range of numbers is that has one bound or none.
const WIDTH: i128 = 1_000;
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
            )?;
            let least = limits.min_length.unwrap_or(1);
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

/// The greatest value of an integer type.
pub fn greatest(scalar: Scalar) -> i64 {
    match scalar {
        Scalar::Int2 => i64::from(i16::MAX),
        Scalar::Int4 | Scalar::Oid => i64::from(i32::MAX),
        _ => i64::MAX,
    }
}

fn integer(scalar: Scalar, limits: &Limits) -> MakerToml {
    let whole = |bound: &Bound, inward: i128| {
        let number = bound.value.split('.').next()?.parse::<i128>().ok()?;
        Some(if bound.inclusive {
            number
        } else {
            number + inward
        })
    };
    let min = limits.min.as_ref().and_then(|it| whole(it, 1));
    let max = limits.max.as_ref().and_then(|it| whole(it, -1));
    let (min, max) = match (min, max) {
        (Some(min), Some(max)) => (min, max),
        (Some(min), None) => (min, min + WIDTH),
        (None, Some(max)) if max < 1 => (max - WIDTH, max),
        (None, Some(max)) => (1, max.min(1 + WIDTH)),
        (None, None) => (1, WIDTH),
    };
    let within = |number: i128| {
        let top = i128::from(greatest(scalar));
        i64::try_from(number.clamp(-top, top)).unwrap_or(0)
    };
    MakerToml::new("integer")
        .with("min", within(min))
        .with("max", within(max))
}

/// `numeric(p, s)`: the modifier packs both.
fn numeric(modifier: i32, limits: &Limits) -> MakerToml {
    let (precision, scale) = match modifier - 4 {
        packed if packed >= 0 => ((packed >> 16) & 0xffff, ((packed & 0x7ff) ^ 1024) - 1024),
        _ => (12, 2),
    };
    let digits = u32::try_from((precision - scale).clamp(0, 9)).unwrap_or(0);
    let top = 10_i64.pow(digits);
    let scale = i64::from(scale.max(0));
    let maker = decimals("decimal", scale, Some(top), limits);
    match scale {
        2 => maker,
        other => maker.with("scale", other),
    }
}

/// Numbers with a fraction. `below` is what every value must be less than.
fn decimals(make: &str, scale: i64, below: Option<i64>, limits: &Limits) -> MakerToml {
    #[expect(clippy::cast_precision_loss, reason = "bounds are small numbers")]
    let below = below.map(|it| it as f64);
    let step = 0.1_f64.powi(i32::try_from(scale.clamp(0, 9)).unwrap_or(2));
    let number = |bound: &Bound, inward: f64| {
        let number = bound.value.parse::<f64>().ok()?;
        Some(if bound.inclusive {
            number
        } else {
            number + inward
        })
    };
    let min = limits.min.as_ref().and_then(|it| number(it, step));
    let max = limits.max.as_ref().and_then(|it| number(it, -step));
    let (min, mut max) = match (min, max) {
        (Some(min), Some(max)) => (min, max),
        (Some(min), None) => (min, min + 1000.0),
        (None, Some(max)) if max < 0.0 => (max - 1000.0, max),
        (None, Some(max)) => (0.0, max.min(1000.0)),
        (None, None) => (0.0, 1000.0),
    };
    if let Some(below) = below {
        max = max.min(below - step);
    }
    MakerToml::new(make)
        .with("min", rounded(min, scale))
        .with("max", rounded(max, scale))
}

/// Rounded to so many digits, so that what is written is short.
fn rounded(number: f64, scale: i64) -> Value {
    let text = format!("{number:.*}", usize::try_from(scale).unwrap_or(2));
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    match text.parse::<i64>() {
        Ok(whole) => Value::Integer(whole),
        Err(_) => Value::Float(text.parse().unwrap_or(number)),
    }
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

fn json(limits: &Limits) -> MakerToml {
    let kind = match limits.json_kinds.first() {
        None if limits.json_keys.is_empty() && limits.min_length.is_some() => JsonKind::Array,
        None => JsonKind::Object,
        Some(kind) => *kind,
    };
    let template = match kind {
        JsonKind::Object => {
            let keys: Vec<String> = limits.json_keys.iter().map(json_entry).collect();
            format!("{{{{{}}}}}", keys.join(", "))
        }
        JsonKind::Array => {
            let count = limits
                .min_length
                .unwrap_or(0)
                .min(limits.max_length.unwrap_or(u32::MAX));
            let elements: Vec<String> = (1..=count.min(100)).map(|it| it.to_string()).collect();
            format!("[{}]", elements.join(", "))
        }
        other => json_value(other).to_owned(),
    };
    MakerToml::new("json").with("of", template)
}

/// `"key": value`, in a template.
fn json_entry(key: &JsonKey) -> String {
    let in_template = |text: String| text.replace('{', "{{").replace('}', "}}");
    let quoted = |text: &str| in_template(serde_json::Value::from(text).to_string());
    let kind = key.kinds.first().copied();
    let value = match (key.values.first(), kind) {
        (Some(value), Some(JsonKind::Number | JsonKind::Boolean)) => value.clone(),
        (Some(value), _) => quoted(value),
        (None, kind) => json_value(kind.unwrap_or(JsonKind::String)).to_owned(),
    };
    format!("{}: {value}", quoted(&key.name))
}

/// A value of a kind, in a template.
fn json_value(kind: JsonKind) -> &'static str {
    match kind {
        JsonKind::Object => "{{}}",
        JsonKind::Array => "[]",
        JsonKind::String => "\"text\"",
        JsonKind::Number => "1",
        JsonKind::Boolean => "true",
        JsonKind::Null => "null",
    }
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
mod tests {
    use super::*;

    fn made(scalar: Scalar, modifier: i32, limits: &Limits) -> String {
        let data_type = DataType {
            modifier,
            ..scalar.into()
        };
        let maker = maker(&data_type, "", limits).unwrap();
        let option = |(name, value): &(String, Value)| match value {
            Value::Text(text) => format!("{name}={text}"),
            Value::Integer(number) => format!("{name}={number}"),
            Value::Float(number) => format!("{name}={number}"),
            other => format!("{name}={other:?}"),
        };
        let options: Vec<String> = maker.options.iter().map(option).collect();
        format!("{} {}", maker.make, options.join(" "))
    }

    #[test]
    fn every_scalar_type_has_a_maker() {
        for &scalar in Scalar::ALL {
            assert!(
                maker(&scalar.into(), scalar.name(), &Limits::default()).is_some(),
                "{}",
                scalar.name()
            );
        }
    }

    #[test]
    fn numbers_stay_within_type_and_limits() {
        let none = Limits::default();
        let above_zero = Limits {
            min: Some(Bound::exclusive("0")),
            ..Limits::default()
        };
        assert_eq!(made(Scalar::Int4, -1, &none), "integer min=1 max=1000");
        assert_eq!(
            made(Scalar::Int4, -1, &above_zero),
            "integer min=1 max=1001"
        );
        // numeric(5, 2)
        let packed = ((5 << 16) | 2) + 4;
        assert_eq!(
            made(Scalar::Numeric, packed, &none),
            "decimal min=0 max=999.99"
        );
        let share = Limits {
            min: Some(Bound::inclusive("0")),
            max: Some(Bound::inclusive("1")),
            ..Limits::default()
        };
        assert_eq!(made(Scalar::Numeric, packed, &share), "decimal min=0 max=1");
    }

    #[test]
    fn days_lie_within_the_bounds_of_partitions() {
        let month = Limits {
            min: Some(Bound::inclusive("2024-02-01 00:00:00+00")),
            max: Some(Bound::exclusive("2024-03-01 00:00:00+00")),
            ..Limits::default()
        };
        let days = "min=2024-02-01 max=2024-02-29";
        assert_eq!(made(Scalar::Date, -1, &month), format!("date {days}"));
        let times = made(Scalar::Timestamptz, -1, &month);
        assert_eq!(times, format!("timestamp {days}"));
    }

    #[test]
    fn json_has_the_keys_that_constraints_ask_for() {
        let key = |name: &str, kinds: &[JsonKind], values: &[&str]| JsonKey {
            kinds: kinds.to_vec(),
            values: values.iter().map(|it| (*it).to_owned()).collect(),
            ..JsonKey::named(name)
        };
        let limits = Limits {
            json_keys: vec![
                key("kind", &[], &["a{b"]),
                key("n", &[JsonKind::Number], &[]),
                key("x", &[], &[]),
            ],
            ..Limits::default()
        };
        let expected = r#"json of={{"kind": "a{{b", "n": 1, "x": "text"}}"#;
        assert_eq!(made(Scalar::Jsonb, -1, &limits), expected);
        let array = Limits {
            json_kinds: vec![JsonKind::Array],
            min_length: Some(2),
            ..Limits::default()
        };
        assert_eq!(made(Scalar::Jsonb, -1, &array), "json of=[1, 2]");
    }

    #[test]
    fn short_texts_are_codes() {
        let none = Limits::default();
        assert_eq!(made(Scalar::Varchar, 4 + 3, &none), "code length=3");
        assert_eq!(made(Scalar::Varchar, 4 + 30, &none), "text min=5 max=30");
        assert_eq!(made(Scalar::Text, -1, &none), "text min=5 max=40");
        assert_eq!(made(Scalar::Bpchar, 4 + 2, &none), "code length=2");
    }
}
