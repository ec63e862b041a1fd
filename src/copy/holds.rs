//! Which types can hold values of a kind, judged by their names alone: before any row is made or read.

use crate::copy::generated::read;
use crate::copy::types::{DataType, Scalar, TypeKind};
use crate::dataset::Kind;

/// Whether a column of this type can hold some value of a kind, written as text. Of texts and of types that nothing is known
/// of, yes.
pub fn may_hold(data_type: &DataType, kind: Kind) -> bool {
    if matches!(kind, Kind::Text | Kind::Literal) {
        return true;
    }
    match &data_type.base().kind {
        TypeKind::Scalar(scalar) => scalar_may_hold(*scalar, kind),
        TypeKind::Enum(labels) => labels.iter().any(|label| is_label(label, kind)),
        TypeKind::Array(..)
        | TypeKind::Range(_)
        | TypeKind::Multirange(_)
        | TypeKind::Composite(_) => false,
        TypeKind::Domain(_) | TypeKind::Other => true,
    }
}

/// Whether an enum's label is a value of a kind.
fn is_label(label: &str, kind: Kind) -> bool {
    match kind {
        Kind::Boolean => matches!(label, "true" | "false"),
        _ => read(kind, label.as_bytes()).is_ok(),
    }
}

fn scalar_may_hold(scalar: Scalar, kind: Kind) -> bool {
    match scalar {
        Scalar::Text | Scalar::Varchar | Scalar::Bpchar | Scalar::Name | Scalar::Char => true,
        Scalar::Bytea | Scalar::Xml | Scalar::Tsvector | Scalar::Tsquery => true,
        Scalar::Json | Scalar::Jsonb => {
            matches!(
                kind,
                Kind::Integer | Kind::Cents | Kind::Decimal(_) | Kind::Boolean
            )
        }
        Scalar::Bool => matches!(kind, Kind::Boolean | Kind::Integer),
        Scalar::Int2 | Scalar::Int4 | Scalar::Int8 | Scalar::Oid => kind == Kind::Integer,
        // Zeros and ones alone.
        Scalar::Bit | Scalar::Varbit => kind == Kind::Integer,
        Scalar::Float4 | Scalar::Float8 | Scalar::Numeric | Scalar::Money => {
            matches!(kind, Kind::Integer | Kind::Cents | Kind::Decimal(_))
        }
        Scalar::Interval => {
            matches!(
                kind,
                Kind::Interval | Kind::Time | Kind::Integer | Kind::Cents | Kind::Decimal(_)
            )
        }
        Scalar::Date | Scalar::Timestamp | Scalar::Timestamptz => {
            matches!(kind, Kind::Date | Kind::Timestamp)
        }
        Scalar::Time | Scalar::Timetz => matches!(kind, Kind::Time | Kind::Timestamp),
        Scalar::Uuid => kind == Kind::Uuid,
        Scalar::Inet | Scalar::Cidr | Scalar::Macaddr | Scalar::Macaddr8 => false,
        Scalar::Point | Scalar::PgLsn => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_type_is_refused_that_reads_a_value_of_the_kind() {
        let values = [
            (Kind::Integer, "1"),
            (Kind::Cents, "1.25"),
            (Kind::Date, "2024-02-29"),
            (Kind::Timestamp, "2024-02-29T12:00:00Z"),
            (Kind::Boolean, "true"),
            (Kind::Decimal(4), "1.2500"),
            (Kind::Time, "12:00:00"),
            (Kind::Interval, "3 days 12:00:00"),
            (Kind::Uuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ];
        for &scalar in Scalar::ALL {
            for (kind, text) in values {
                let reads = scalar.parse(text.as_bytes(), -1).is_ok();
                // An integer type takes 1.00 from a file, and 1.25 never.
                assert!(
                    !reads || scalar_may_hold(scalar, kind),
                    "{} {kind:?}",
                    scalar.name()
                );
            }
        }
    }

    #[test]
    fn labels_of_an_enum_may_be_numbers() {
        let of = |label: &str| DataType {
            kind: TypeKind::Enum(vec![label.into()]),
            ..DataType::UNRESOLVED
        };
        assert!(may_hold(&of("5"), Kind::Integer) && !may_hold(&of("five"), Kind::Integer));
        assert!(may_hold(&of("five"), Kind::Text) && may_hold(&of("true"), Kind::Boolean));
    }
}
