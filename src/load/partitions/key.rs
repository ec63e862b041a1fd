//! A column of a partition key: its value in COPY's binary format, compared and hashed as Postgres does.

use crate::copy::hash;
use crate::copy::{ColumnReader, DataType, Scalar, TypeKind};
use crate::dataset::spellings::Spellings;

/// The types whose values are compared and hashed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    /// Whole numbers of up to 32 bits, dates and booleans.
    Int4,
    /// Whole numbers of 64 bits and timestamps.
    Int8,
    /// Floating-point numbers: ordered here, but hashed by the server alone.
    Float,
    /// Texts, uuids and bytes.
    Bytes,
    /// `character(n)`: blanks at its end don't count.
    Padded,
    /// The label of an enum, which is equal to another but has neither their order nor their hash.
    Label,
}

/// A value of a key column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyValue<'a> {
    /// A number, or what is one in the binary format.
    Whole(i64),
    /// Bytes.
    Bytes(&'a [u8]),
}

/// The same, owned: of a bound.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OwnedValue {
    /// See [`KeyValue::Whole`].
    Whole(i64),
    /// See [`KeyValue::Bytes`].
    Bytes(Vec<u8>),
}

impl OwnedValue {
    /// Borrows it.
    pub fn borrowed(&self) -> KeyValue<'_> {
        match self {
            OwnedValue::Whole(number) => KeyValue::Whole(*number),
            OwnedValue::Bytes(bytes) => KeyValue::Bytes(bytes),
        }
    }
}

impl KeyValue<'_> {
    /// Owns it.
    pub fn owned(self) -> OwnedValue {
        match self {
            KeyValue::Whole(number) => OwnedValue::Whole(number),
            KeyValue::Bytes(bytes) => OwnedValue::Bytes(bytes.to_vec()),
        }
    }
}

impl KeyType {
    /// Of a column's type; `None` where only the server compares its values.
    pub fn of(data_type: &DataType) -> Option<KeyType> {
        if let TypeKind::Enum(_) = data_type.base().kind {
            return Some(KeyType::Label);
        }
        Some(match data_type.scalar()? {
            Scalar::Bool | Scalar::Int2 | Scalar::Int4 | Scalar::Date => KeyType::Int4,
            Scalar::Int8 | Scalar::Time | Scalar::Timestamp | Scalar::Timestamptz => KeyType::Int8,
            Scalar::Float4 | Scalar::Float8 => KeyType::Float,
            Scalar::Text | Scalar::Varchar | Scalar::Uuid | Scalar::Bytea => KeyType::Bytes,
            Scalar::Bpchar => KeyType::Padded,
            _ => return None,
        })
    }

    /// Whether values have a collation, on which their order depends.
    pub fn is_collated(self, data_type: &DataType) -> bool {
        match self {
            KeyType::Int4 | KeyType::Int8 | KeyType::Float | KeyType::Label => false,
            KeyType::Padded => true,
            KeyType::Bytes => matches!(data_type.scalar(), Some(Scalar::Text | Scalar::Varchar)),
        }
    }

    /// Whether rows are sorted by such values in partitions by hash.
    pub fn is_hashed_here(self) -> bool {
        !matches!(self, KeyType::Float | KeyType::Label)
    }

    /// A value in COPY's binary format; `None` where it isn't one of the type.
    #[inline]
    pub fn value(self, binary: &[u8]) -> Option<KeyValue<'_>> {
        Some(match self {
            KeyType::Int4 | KeyType::Int8 => KeyValue::Whole(match *binary {
                // A boolean.
                [byte] => i64::from(byte),
                [a, b] => i64::from(i16::from_be_bytes([a, b])),
                [a, b, c, d] => i64::from(i32::from_be_bytes([a, b, c, d])),
                _ => i64::from_be_bytes(binary.try_into().ok()?),
            }),
            KeyType::Float => KeyValue::Whole(match binary.len() {
                4 => ordered(f32::from_be_bytes(binary.try_into().ok()?).into()),
                _ => ordered(f64::from_be_bytes(binary.try_into().ok()?)),
            }),
            KeyType::Bytes | KeyType::Label => KeyValue::Bytes(binary),
            KeyType::Padded => {
                let blanks = binary.iter().rev().take_while(|byte| **byte == b' ');
                KeyValue::Bytes(&binary[..binary.len() - blanks.count()])
            }
        })
    }

    /// A value of a bound, as Postgres writes it.
    pub fn parse(self, data_type: &DataType, text: &str) -> Option<OwnedValue> {
        let mut binary = Vec::new();
        let reader = ColumnReader::new(data_type, &Spellings::default());
        reader.write_binary(text.as_bytes(), &mut binary).ok()?;
        // A field of the binary format begins with its length.
        Some(self.value(binary.get(4..)?)?.owned())
    }

    /// The hash of a value in its partition key.
    #[inline]
    pub fn hash(self, value: KeyValue) -> u64 {
        match (self, value) {
            (KeyType::Int4, KeyValue::Whole(number)) => {
                hash::of_uint32(i32::try_from(number).unwrap_or_default().cast_unsigned())
            }
            (_, KeyValue::Whole(number)) => hash::of_int8(number),
            (_, KeyValue::Bytes(bytes)) => hash::of_bytes(bytes),
        }
    }
}

/// A number with the place of a floating-point one in Postgres' order: the two zeros are equal, and NaN is above all others.
fn ordered(float: f64) -> i64 {
    if float.is_nan() {
        return i64::MAX;
    }
    // Both zeros become the positive one.
    let bits = (float + 0.0).to_bits().cast_signed();
    match bits < 0 {
        true => bits ^ i64::MAX,
        false => bits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floating_point_numbers_are_in_the_order_of_postgres() {
        let ascending = [
            f64::NEG_INFINITY,
            -1.5,
            -f64::MIN_POSITIVE,
            0.0,
            f64::MIN_POSITIVE,
            2.0,
            f64::INFINITY,
            f64::NAN,
        ];
        assert!(ascending.map(ordered).is_sorted_by(|a, b| a < b));
        assert_eq!(ordered(-0.0), ordered(0.0));
        assert_eq!(ordered(-f64::NAN), ordered(f64::NAN));
        let (real, double) = (2.5_f32.to_be_bytes(), 2.5_f64.to_be_bytes());
        assert_eq!(
            KeyType::Float.value(&real),
            KeyType::Float.value(&double),
            "a real is compared as a double"
        );
        assert_eq!(KeyType::Float.value(&[0; 3]), None);
    }
}
