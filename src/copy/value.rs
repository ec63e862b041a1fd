//! A scalar value, and how it is written: in COPY's binary format as the type's `recv` function reads it (PostgreSQL,
//! src/backend/utils/adt), or as text as its output function writes it.

use std::io::Write;

use crate::copy::bits::{self, Bits};
use crate::copy::decimal::Decimal;
use crate::copy::format::{escape_text, field, fixed};
use crate::copy::interval::{Interval, write_interval};
use crate::copy::network::{Network, write_mac_address};
use crate::copy::number;
use crate::copy::time;

/// A value as its column's type has it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// `boolean`.
    Bool(bool),
    /// `smallint`.
    Int2(i16),
    /// `integer`.
    Int4(i32),
    /// `bigint`.
    Int8(i64),
    /// `real`.
    Float4(f32),
    /// `double precision`.
    Float8(f64),
    /// `numeric`.
    Decimal(Decimal),
    /// UTF-8 without NUL, for texts and for what the server reads from text in either format.
    Text(&'a [u8]),
    /// `jsonb`, as text.
    Jsonb(&'a [u8]),
    /// `bytea`, as text that [`bits::write_bytea`] has read before.
    Bytea(&'a [u8]),
    /// `bit` and `bit varying`.
    Bits(Bits<'a>),
    /// `uuid`.
    Uuid([u8; 16]),
    /// `inet` and `cidr`.
    Network(Network),
    /// `macaddr`.
    Macaddr([u8; 6]),
    /// `macaddr8`.
    Macaddr8([u8; 8]),
    /// `date`: days since 2000-01-01; the least and the greatest number are the infinities.
    Date(i32),
    /// `time`: microseconds since midnight.
    Time(i64),
    /// `time with time zone`: microseconds since midnight, and seconds east of UTC.
    Timetz(i64, i32),
    /// `timestamp`: microseconds since 2000-01-01; the least and the greatest number are the infinities.
    Timestamp(i64),
    /// `timestamp with time zone`, in UTC; as above.
    Timestamptz(i64),
    /// `interval`, no part of it negative.
    Interval(Interval),
}

impl Value<'_> {
    /// Appends a binary field.
    #[inline]
    pub fn write_binary(&self, out: &mut Vec<u8>) {
        match self {
            Value::Text(text) => field(out, |out| out.extend_from_slice(text)),
            Value::Bool(value) => fixed([u8::from(*value)], out),
            Value::Int2(value) => fixed(value.to_be_bytes(), out),
            Value::Int4(value) | Value::Date(value) => fixed(value.to_be_bytes(), out),
            Value::Int8(value) => fixed(value.to_be_bytes(), out),
            Value::Time(value) | Value::Timestamp(value) | Value::Timestamptz(value) => {
                fixed(value.to_be_bytes(), out);
            }
            Value::Float4(value) => fixed(value.to_be_bytes(), out),
            Value::Float8(value) => fixed(value.to_be_bytes(), out),
            Value::Decimal(decimal) => decimal.write_binary(out),
            Value::Uuid(uuid) => fixed(*uuid, out),
            Value::Macaddr(bytes) => fixed(*bytes, out),
            Value::Macaddr8(bytes) => fixed(*bytes, out),
            _ => field(out, |out| self.write_variable(out)),
        }
    }

    /// The formats that are made of several parts.
    fn write_variable(&self, out: &mut Vec<u8>) {
        match self {
            // The version of the format precedes it.
            Value::Jsonb(text) => {
                out.push(1);
                out.extend_from_slice(text);
            }
            Value::Bytea(text) => bits::write_bytea(text, out).unwrap_or_default(),
            Value::Bits(bits) => {
                let length = i32::try_from(bits.count()).unwrap_or(i32::MAX);
                out.extend_from_slice(&length.to_be_bytes());
                bits.write_packed(out);
            }
            Value::Network(network) => network.write_binary(out),
            // Zones are counted westward.
            Value::Timetz(micros, east) => {
                out.extend_from_slice(&micros.to_be_bytes());
                out.extend_from_slice(&(-east).to_be_bytes());
            }
            Value::Interval(interval) => {
                out.extend_from_slice(&interval.micros.to_be_bytes());
                out.extend_from_slice(&interval.days.to_be_bytes());
                out.extend_from_slice(&interval.months.to_be_bytes());
            }
            _ => {}
        }
    }

    /// Appends the value as its cast to text does in Postgres, with times in UTC.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        // Writing to memory cannot fail.
        let mut put = |text: std::fmt::Arguments| out.write_fmt(text).unwrap_or_default();
        match self {
            Value::Text(text) | Value::Jsonb(text) => out.extend_from_slice(text),
            Value::Bool(value) => put(format_args!("{value}")),
            Value::Int2(value) => put(format_args!("{value}")),
            Value::Int4(value) => put(format_args!("{value}")),
            Value::Int8(value) => put(format_args!("{value}")),
            Value::Float4(value) => number::write_float4(*value, out),
            Value::Float8(value) => number::write_float8(*value, out),
            Value::Decimal(decimal) => decimal.write_text(out),
            Value::Bytea(text) => {
                let mut bytes = Vec::new();
                bits::write_bytea(text, &mut bytes).unwrap_or_default();
                out.extend_from_slice(b"\\x");
                bits::write_hex(&bytes, out);
            }
            Value::Bits(bits) => bits.write_digits(out),
            Value::Uuid(uuid) => bits::write_uuid(uuid, out),
            Value::Network(network) => network.write_text(out),
            Value::Macaddr(bytes) => write_mac_address(bytes, out),
            Value::Macaddr8(bytes) => write_mac_address(bytes, out),
            Value::Date(number) => time::write_date(*number, out),
            Value::Time(micros) => time::write_clock(*micros, out),
            Value::Timetz(micros, east) => {
                time::write_clock(*micros, out);
                time::write_zone((*east).into(), out);
            }
            Value::Timestamp(number) => time::write_timestamp(*number, false, out),
            Value::Timestamptz(number) => time::write_timestamp(*number, true, out),
            Value::Interval(interval) => write_interval(*interval, out),
        }
    }

    /// Appends the value as a field of COPY's text format.
    pub fn write_copy_text(&self, out: &mut Vec<u8>) {
        match self {
            Value::Text(text) | Value::Jsonb(text) | Value::Bytea(text) => escape_text(text, out),
            _ => self.write_text(out),
        }
    }
}
