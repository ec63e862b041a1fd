//! The types a column can have: Postgres' own scalar types in one table, and what the catalog builds from them.
//!
//! Adding a type is one line of `scalars!`, with the function that reads it. What has no such function is sent as text
//! and read by the server.

use crate::copy::parsed::Parsed;
use crate::copy::scalar;

/// A column's type, as the catalog resolves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataType {
    /// `pg_type.oid`.
    pub oid: u32,
    /// `pg_attribute.atttypmod`, or a domain's own: a length or precision, packed; -1 for none.
    pub modifier: i32,
    /// What the type is made of.
    pub kind: TypeKind,
}

/// What a type is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeKind {
    /// One of Postgres' own scalar types.
    Scalar(Scalar),
    /// An enum with its labels, in order.
    Enum(Vec<String>),
    /// A domain over another type, which carries the domain's modifier.
    Domain(Box<DataType>),
    /// An array of elements, which carry the array's modifier; the delimiter is between elements in text.
    Array(Box<DataType>, u8),
    /// A range of a subtype.
    Range(Box<DataType>),
    /// A multirange; the type is its range's.
    Multirange(Box<DataType>),
    /// A composite of these.
    Composite(Vec<DataType>),
    /// Anything else: types of extensions.
    Other,
}

/// Whether a type's reader reads or rejects each text as the server does, or leaves some texts to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParserCoverage {
    /// Never [`Unread::Undecided`](crate::copy::Unread::Undecided).
    Complete,
    /// The usual spellings are read; others are left to the server.
    Common,
    /// Every text is left to the server.
    None,
}

macro_rules! scalars {
    ($($scalar:ident = $oid:literal $name:literal $coverage:ident $parse:path;)*) => {
        /// A scalar type of Postgres.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Scalar {
            $(#[doc = concat!("`", $name, "`.")] $scalar,)*
        }

        impl Scalar {
            /// All of them.
            pub const ALL: &[Scalar] = &[$(Scalar::$scalar,)*];

            /// The type with a `pg_type.oid`.
            pub fn from_oid(oid: u32) -> Option<Scalar> {
                match oid {
                    $($oid => Some(Scalar::$scalar),)*
                    _ => None,
                }
            }

            /// Its `pg_type.oid`, which is the same in every database.
            pub const fn oid(self) -> u32 {
                match self {
                    $(Scalar::$scalar => $oid,)*
                }
            }

            /// Its name in SQL.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Scalar::$scalar => $name,)*
                }
            }

            /// Which texts are read here.
            pub const fn coverage(self) -> ParserCoverage {
                match self {
                    $(Scalar::$scalar => ParserCoverage::$coverage,)*
                }
            }

            /// Reads a value, as the type's input function in PostgreSQL does, with the column's type modifier.
            #[inline]
            pub fn parse(self, text: &[u8], modifier: i32) -> Parsed<'_> {
                match self {
                    $(Scalar::$scalar => $parse(text, modifier),)*
                }
            }
        }
    };
}

scalars! {
    Bool = 16 "boolean" Complete scalar::boolean;
    Int2 = 21 "smallint" Complete scalar::int2;
    Int4 = 23 "integer" Complete scalar::int4;
    Int8 = 20 "bigint" Complete scalar::int8;
    Float4 = 700 "real" Complete scalar::float4;
    Float8 = 701 "double precision" Complete scalar::float8;
    Numeric = 1700 "numeric" Complete scalar::numeric;
    Text = 25 "text" Complete scalar::text;
    Varchar = 1043 "character varying" Complete scalar::bounded_text;
    Bpchar = 1042 "character" Complete scalar::bounded_text;
    Name = 19 "name" Complete scalar::name;
    Char = 18 "\"char\"" None scalar::undecided;
    Date = 1082 "date" Common scalar::date;
    Time = 1083 "time without time zone" Common scalar::time;
    Timetz = 1266 "time with time zone" Common scalar::timetz;
    Timestamp = 1114 "timestamp without time zone" Common scalar::timestamp;
    Timestamptz = 1184 "timestamp with time zone" Common scalar::timestamptz;
    Interval = 1186 "interval" Common scalar::interval;
    Uuid = 2950 "uuid" Complete scalar::uuid;
    Json = 114 "json" Complete scalar::json;
    Jsonb = 3802 "jsonb" Complete scalar::jsonb;
    Bytea = 17 "bytea" Complete scalar::bytea;
    Inet = 869 "inet" Common scalar::inet;
    Cidr = 650 "cidr" Common scalar::cidr;
    Macaddr = 829 "macaddr" Common scalar::macaddr;
    Macaddr8 = 774 "macaddr8" Common scalar::macaddr8;
    Bit = 1560 "bit" Complete scalar::bit;
    Varbit = 1562 "bit varying" Complete scalar::varbit;
    Money = 790 "money" None scalar::undecided;
    Oid = 26 "oid" None scalar::undecided;
    Xml = 142 "xml" None scalar::undecided;
    Point = 600 "point" None scalar::undecided;
    Tsvector = 3614 "tsvector" None scalar::undecided;
    Tsquery = 3615 "tsquery" None scalar::undecided;
    PgLsn = 3220 "pg_lsn" None scalar::undecided;
}

impl From<Scalar> for DataType {
    fn from(scalar: Scalar) -> DataType {
        DataType {
            oid: scalar.oid(),
            modifier: -1,
            kind: TypeKind::Scalar(scalar),
        }
    }
}

impl DataType {
    /// A type that nothing is known of.
    pub const UNRESOLVED: DataType = DataType {
        oid: 0,
        modifier: -1,
        kind: TypeKind::Other,
    };

    /// The type below any domains.
    pub fn base(&self) -> &DataType {
        match &self.kind {
            TypeKind::Domain(base) => base.base(),
            _ => self,
        }
    }

    /// The scalar type below any domains.
    pub fn scalar(&self) -> Option<Scalar> {
        match self.base().kind {
            TypeKind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// Whether its values are texts, in which blanks count.
    pub fn is_text(&self) -> bool {
        let scalar = self.scalar();
        matches!(
            scalar,
            Some(Scalar::Text | Scalar::Varchar | Scalar::Bpchar | Scalar::Name | Scalar::Char)
        ) || self.base().kind == TypeKind::Other
    }

    /// Whether an empty text can be a value: of texts and of bytes, and of no number or date.
    pub fn takes_empty(&self) -> bool {
        match &self.base().kind {
            TypeKind::Scalar(scalar) => {
                self.is_text()
                    || matches!(
                        scalar,
                        Scalar::Bytea
                            | Scalar::Bit
                            | Scalar::Varbit
                            | Scalar::Xml
                            | Scalar::Tsvector
                            | Scalar::Tsquery
                    )
            }
            TypeKind::Enum(labels) => labels.iter().any(String::is_empty),
            TypeKind::Other => true,
            TypeKind::Domain(_)
            | TypeKind::Array(..)
            | TypeKind::Range(_)
            | TypeKind::Multirange(_)
            | TypeKind::Composite(_) => false,
        }
    }

    /// Which texts are read here and which are left to the server.
    pub fn coverage(&self) -> ParserCoverage {
        match &self.kind {
            TypeKind::Scalar(scalar) => scalar.coverage(),
            TypeKind::Enum(_) => ParserCoverage::Complete,
            TypeKind::Domain(base) => base.coverage(),
            TypeKind::Array(inner, _) | TypeKind::Range(inner) | TypeKind::Multirange(inner) => {
                match inner.coverage() {
                    ParserCoverage::None => ParserCoverage::None,
                    ParserCoverage::Complete | ParserCoverage::Common => ParserCoverage::Common,
                }
            }
            TypeKind::Composite(_) | TypeKind::Other => ParserCoverage::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scalar_has_its_own_oid_and_name() {
        for &scalar in Scalar::ALL {
            assert_eq!(Scalar::from_oid(scalar.oid()), Some(scalar));
            let same = Scalar::ALL.iter().filter(|it| it.name() == scalar.name());
            assert_eq!(same.count(), 1, "{}", scalar.name());
        }
    }

    #[test]
    fn a_reader_keeps_to_its_coverage() {
        let texts = [
            "",
            "1",
            "x",
            "2024-02-29",
            "12:00",
            "{}",
            "\\x00",
            "NaN",
            "::1",
        ];
        for &scalar in Scalar::ALL {
            for text in texts {
                let parsed = scalar.parse(text.as_bytes(), -1);
                let undecided = matches!(parsed, Err(crate::copy::Unread::Undecided));
                match scalar.coverage() {
                    ParserCoverage::Complete => assert!(!undecided, "{} {text}", scalar.name()),
                    ParserCoverage::None => assert!(undecided, "{} {text}", scalar.name()),
                    ParserCoverage::Common => {}
                }
            }
        }
    }

    #[test]
    fn containers_cover_what_their_elements_do() {
        let array = |element: Scalar| DataType {
            oid: 1,
            modifier: -1,
            kind: TypeKind::Array(Box::new(element.into()), b','),
        };
        assert_eq!(array(Scalar::Int4).coverage(), ParserCoverage::Common);
        assert_eq!(array(Scalar::Money).coverage(), ParserCoverage::None);
    }
}
