//! Groups of types, by which rules say what columns they are about. Pure.

use crate::copy::DataType;
use crate::copy::types::{Scalar, TypeKind};

/// A set of groups of types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Types(pub u32);

macro_rules! type_sets {
    ($($(#[$doc:meta])* $name:ident = $bit:literal $example:literal;)*) => {
        $($(#[$doc])* pub const $name: Types = Types(1 << $bit);)*

        /// Every group with the name of a type in it.
        pub const GROUPS: &[(Types, &str)] = &[$(($name, $example)),*];
    };
}

type_sets! {
    /// Texts.
    TEXT = 0 "text";
    /// Whole numbers.
    INT = 1 "integer";
    /// Numbers with a fixed number of decimals.
    DECIMAL = 2 "numeric";
    /// Binary fractions.
    FLOAT = 3 "double precision";
    /// `boolean`.
    BOOL = 4 "boolean";
    /// `date`.
    DATE = 5 "date";
    /// Timestamps with and without a time zone.
    STAMP = 6 "timestamp with time zone";
    /// Times of day.
    TIME = 7 "time without time zone";
    /// `interval`.
    INTERVAL = 8 "interval";
    /// `uuid`.
    UUID = 9 "uuid";
    /// `json` and `jsonb`.
    JSON = 10 "jsonb";
    /// `inet` and `cidr`.
    INET = 11 "inet";
    /// MAC addresses.
    MAC = 12 "macaddr";
    /// `bytea`.
    BYTES = 13 "bytea";
    /// Arrays of texts.
    TEXTS = 14 "text[]";
}

/// Numbers of any kind.
pub const NUMBER: Types = INT.or(DECIMAL).or(FLOAT);
/// Numbers with a fraction.
pub const FRACTION: Types = DECIMAL.or(FLOAT);
/// Days and points in time.
pub const WHEN: Types = DATE.or(STAMP);

impl Types {
    /// Either.
    pub const fn or(self, other: Types) -> Types {
        Types(self.0 | other.0)
    }

    /// Whether all of the other's are in it.
    pub const fn has(self, other: Types) -> bool {
        other.0 != 0 && self.0 & other.0 == other.0
    }

    /// The group of a column's type; none for types that no rule is about.
    pub fn of(data_type: &DataType) -> Types {
        match &data_type.base().kind {
            TypeKind::Scalar(scalar) => of_scalar(*scalar),
            TypeKind::Array(element, _) if Types::of(element) == TEXT => TEXTS,
            _ => Types(0),
        }
    }

    /// The group of a type's name, as SQL has it; sizes in parentheses don't count.
    pub fn named(name: &str) -> Types {
        let is = |(_, known): &&(Types, &str)| *known == name;
        GROUPS.iter().find(is).map_or(Types(0), |(types, _)| *types)
    }
}

fn of_scalar(scalar: Scalar) -> Types {
    match scalar {
        Scalar::Text | Scalar::Varchar | Scalar::Bpchar | Scalar::Name | Scalar::Char => TEXT,
        Scalar::Int2 | Scalar::Int4 | Scalar::Int8 => INT,
        Scalar::Numeric | Scalar::Money => DECIMAL,
        Scalar::Float4 | Scalar::Float8 => FLOAT,
        Scalar::Bool => BOOL,
        Scalar::Date => DATE,
        Scalar::Timestamp | Scalar::Timestamptz => STAMP,
        Scalar::Time | Scalar::Timetz => TIME,
        Scalar::Interval => INTERVAL,
        Scalar::Uuid => UUID,
        Scalar::Json | Scalar::Jsonb => JSON,
        Scalar::Inet | Scalar::Cidr => INET,
        Scalar::Macaddr | Scalar::Macaddr8 => MAC,
        Scalar::Bytea => BYTES,
        _ => Types(0),
    }
}
