//! A parameter's text in a request → its value, or the error that says what is expected.

use super::refusal::{Refusal, one_of, wrong};
use crate::copy::{ColumnReader, DataType, Scalar, TypeKind, Unread};
use crate::dataset::spellings::Spellings;
use crate::queries::{Bounds, Parameter, ParameterType, ParameterValue, ValueSource};

/// Reads one parameter.
#[derive(Debug, Clone)]
pub struct Reader {
    /// Its name.
    pub name: String,
    /// Its value when the request gives none; a request has to give one without it.
    pub default: Option<ParameterValue>,
    /// Its type.
    pub ty: ParameterType,
    /// Its least and greatest value.
    pub bounds: Bounds,
    /// For a type without a reading of its own here.
    column: ColumnReader,
}

impl Reader {
    /// Refuses bounds on a type that isn't a number.
    pub fn new(parameter: &Parameter, ty: &ParameterType) -> Result<Reader, String> {
        let bounds = parameter.bounds;
        if bounds != Bounds::default() && !is_number(&ty.data_type) {
            return Err(format!(
                "parameter `{}` is of type {}; only numbers have bounds",
                parameter.name, ty.name
            ));
        }
        Ok(Reader {
            name: parameter.name.clone(),
            default: match &parameter.source {
                ValueSource::Fixed { value, .. } => Some(value.clone()),
                ValueSource::Column(_) => None,
            },
            column: ColumnReader::new(&ty.data_type, &Spellings::default()),
            ty: ty.clone(),
            bounds,
        })
    }

    /// A value that a request may give.
    pub fn example(&self) -> Option<ParameterValue> {
        let sampled = self.ty.example.as_ref();
        self.default.clone().or_else(|| self.read(sampled?).ok())
    }

    /// The value of a text without percent-encoding, spelled in one way.
    pub fn read(&self, text: &str) -> Result<ParameterValue, Refusal> {
        let refused =
            |reason: Option<&str>| wrong(&self.name, text.as_bytes(), &self.expected(), reason);
        let value = match self.ty.data_type.scalar() {
            Some(Scalar::Int2 | Scalar::Int4 | Scalar::Int8) => {
                self.read_integer(text).ok_or_else(|| refused(None))?
            }
            Some(Scalar::Float4 | Scalar::Float8) => {
                read_float(text).ok_or_else(|| refused(None))?
            }
            Some(Scalar::Bool) => read_boolean(text).ok_or_else(|| refused(None))?,
            _ => self
                .read_other(text)
                .map_err(|reason| refused(Some(&reason)))?,
        };
        match self.bounds.contain(&value) && self.contains_decimal(&value) {
            true => Ok(value),
            false => Err(refused(None)),
        }
    }

    fn read_integer(&self, text: &str) -> Option<ParameterValue> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let number: i64 = match digits.bytes().all(|byte| byte.is_ascii_digit()) {
            true => text.parse().ok()?,
            false => return None,
        };
        let (least, greatest) = self.range()?;
        (least..=greatest)
            .contains(&number)
            .then_some(ParameterValue::Integer(number))
    }

    /// A value that the server reads, spelled as it writes it where that is known.
    fn read_other(&self, text: &str) -> Result<ParameterValue, String> {
        if text.contains('\0') {
            return Err("holds a NUL byte, which Postgres cannot store".to_owned());
        }
        let mut written = Vec::with_capacity(text.len());
        match self.column.write_text(text.as_bytes(), &mut written) {
            Ok(()) => {
                let text = String::from_utf8(written).map_err(|_| "is not UTF-8".to_owned())?;
                Ok(ParameterValue::Text(text))
            }
            Err(Unread::Invalid(reason)) => Err(reason.into_owned()),
            Err(Unread::Undecided) => Ok(ParameterValue::Text(text.to_owned())),
        }
    }

    /// The bounds of a numeric, whose value is a text.
    fn contains_decimal(&self, value: &ParameterValue) -> bool {
        match (self.ty.data_type.scalar(), value) {
            (Some(Scalar::Numeric), ParameterValue::Text(text)) => {
                let number = text.parse().map(ParameterValue::Float);
                number.is_ok_and(|number| self.bounds.contain(&number))
            }
            _ => true,
        }
    }

    /// The least and the greatest number of the type and the bounds; `None` for other types than integers.
    pub fn range(&self) -> Option<(i64, i64)> {
        let (least, greatest) = self.type_range()?;
        let Bounds { min, max } = self.bounds;
        Some((
            min.map_or(least, |min| min.max(least)),
            max.map_or(greatest, |max| max.min(greatest)),
        ))
    }

    /// The least and the greatest number of the type; `None` for other types than integers.
    pub fn type_range(&self) -> Option<(i64, i64)> {
        match self.ty.data_type.scalar()? {
            Scalar::Int2 => Some((i16::MIN.into(), i16::MAX.into())),
            Scalar::Int4 => Some((i32::MIN.into(), i32::MAX.into())),
            Scalar::Int8 => Some((i64::MIN, i64::MAX)),
            _ => None,
        }
    }

    /// What values it takes, to be read behind "expected".
    pub fn expected(&self) -> String {
        if let Some((least, greatest)) = self.range() {
            return format!("a whole number from {least} to {greatest}");
        }
        let base = self.ty.data_type.base();
        match &base.kind {
            TypeKind::Enum(labels) => {
                let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
                one_of(&labels)
            }
            TypeKind::Scalar(scalar) => match scalar {
                Scalar::Float4 | Scalar::Float8 | Scalar::Numeric => {
                    let bounds = |word: &str, bound: Option<i64>| {
                        bound.map(|bound| format!(" {word} {bound}"))
                    };
                    let Bounds { min, max } = self.bounds;
                    let (from, to) = (bounds("from", min), bounds("to", max));
                    format!(
                        "a number{}{}",
                        from.unwrap_or_default(),
                        to.unwrap_or_default()
                    )
                }
                Scalar::Bool => "true or false".to_owned(),
                Scalar::Text | Scalar::Varchar | Scalar::Bpchar | Scalar::Name => {
                    "a text".to_owned()
                }
                Scalar::Uuid => "a UUID such as 123e4567-e89b-12d3-a456-426614174000".to_owned(),
                Scalar::Date => "a date such as 2024-01-31".to_owned(),
                Scalar::Timestamp => "a time such as 2024-01-31T12:30:00".to_owned(),
                Scalar::Timestamptz => "a time such as 2024-01-31T12:30:00Z".to_owned(),
                _ => format!("a value of type {}", self.ty.name),
            },
            _ => format!("a value of type {}", self.ty.name),
        }
    }
}

fn read_float(text: &str) -> Option<ParameterValue> {
    let is_decimal = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let number: f64 = match is_decimal {
        true => text.parse().ok()?,
        false => return None,
    };
    number.is_finite().then_some(ParameterValue::Float(number))
}

fn read_boolean(text: &str) -> Option<ParameterValue> {
    match text {
        "true" | "1" => Some(ParameterValue::Boolean(true)),
        "false" | "0" => Some(ParameterValue::Boolean(false)),
        _ => None,
    }
}

fn is_number(data_type: &DataType) -> bool {
    use Scalar::{Float4, Float8, Int2, Int4, Int8, Numeric};
    let scalar = data_type.scalar();
    scalar.is_some_and(|scalar| [Int2, Int4, Int8, Float4, Float8, Numeric].contains(&scalar))
}
