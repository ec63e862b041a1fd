//! Integers, booleans and floating-point numbers: read from text as Postgres' input functions do, and written as its
//! output functions do.

use std::io::Write;

/// Digits, a sign before them, blanks around them.
#[inline]
pub fn integer(bytes: &[u8]) -> Result<i64, &'static str> {
    const NONE: &str = "is not an integer";
    let text = bytes.trim_ascii();
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() {
        return Err(NONE);
    }
    let mut value: i64 = 0;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return Err(NONE);
        }
        // Downwards: the least number has no positive counterpart.
        value = value
            .checked_mul(10)
            .and_then(|tens| tens.checked_sub(i64::from(digit)))
            .ok_or("is out of range for bigint")?;
    }
    if negative {
        return Ok(value);
    }
    value.checked_neg().ok_or("is out of range for bigint")
}

/// The spellings that Postgres takes, in any case: whole words, their beginnings, 1 and 0; blanks around them.
pub fn boolean(text: &[u8]) -> Option<bool> {
    const TRUE: [&[u8]; 3] = [b"true", b"yes", b"on"];
    const FALSE: [&[u8]; 3] = [b"false", b"no", b"off"];
    let text = text.trim_ascii();
    let begins = |words: &[&[u8]; 3], least: [usize; 3]| {
        words.iter().zip(least).any(|(word, least)| {
            (least..=word.len()).contains(&text.len())
                && word[..text.len()].eq_ignore_ascii_case(text)
        })
    };
    // `o` could begin either.
    if text == b"1" || begins(&TRUE, [1, 1, 2]) {
        Some(true)
    } else if text == b"0" || begins(&FALSE, [1, 1, 2]) {
        Some(false)
    } else {
        None
    }
}

/// `real`.
pub fn float4(text: &[u8]) -> Result<f32, &'static str> {
    let value: f32 = float(text)?;
    match lost(value == 0.0, value.is_infinite(), text) {
        true => Err("is out of range for real"),
        false => Ok(value),
    }
}

/// `double precision`.
pub fn float8(text: &[u8]) -> Result<f64, &'static str> {
    let value: f64 = float(text)?;
    match lost(value == 0.0, value.is_infinite(), text) {
        true => Err("is out of range for double precision"),
        false => Ok(value),
    }
}

fn float<T: std::str::FromStr>(text: &[u8]) -> Result<T, &'static str> {
    let text = str::from_utf8(text.trim_ascii()).ok();
    text.and_then(|text| text.parse().ok())
        .ok_or("is not a number")
}

/// Whether a number became 0 or infinite only because it is too small or too large.
fn lost(zero: bool, infinite: bool, text: &[u8]) -> bool {
    let mantissa = text.split(|byte| matches!(byte, b'e' | b'E')).next();
    let mut mantissa = mantissa.into_iter().flatten();
    match (zero, infinite) {
        (true, _) => mantissa.any(|byte| (b'1'..=b'9').contains(byte)),
        (_, true) => mantissa.any(u8::is_ascii_digit),
        _ => false,
    }
}

/// Appends a `real`: shortest digits that read back, an exponent from 10⁶ on.
pub fn write_float4(value: f32, out: &mut Vec<u8>) {
    match special(value.is_nan(), value.is_infinite(), value < 0.0) {
        Some(word) => out.extend_from_slice(word),
        None => write_shortest(&format!("{value:e}"), 6, out),
    }
}

/// Appends a `double precision`: shortest digits that read back, an exponent from 10¹⁵ on.
pub fn write_float8(value: f64, out: &mut Vec<u8>) {
    match special(value.is_nan(), value.is_infinite(), value < 0.0) {
        Some(word) => out.extend_from_slice(word),
        None => write_shortest(&format!("{value:e}"), 15, out),
    }
}

fn special(nan: bool, infinite: bool, negative: bool) -> Option<&'static [u8]> {
    match (nan, infinite, negative) {
        (true, _, _) => Some(b"NaN"),
        (_, true, false) => Some(b"Infinity"),
        (_, true, true) => Some(b"-Infinity"),
        _ => None,
    }
}

/// `1.5e-7` as Postgres lays it out (src/common/d2s.c): plain for exponents from -4 up to a limit, else with two digits
/// of exponent at least.
fn write_shortest(scientific: &str, limit: i32, out: &mut Vec<u8>) {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..limit).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        // Writing to memory cannot fail.
        let _ = write!(out, "{mantissa}e{sign}{:02}", exponent.abs());
        return;
    }
    if let Some(rest) = mantissa.strip_prefix('-') {
        out.push(b'-');
        write_plain(rest, exponent, out);
    } else {
        write_plain(mantissa, exponent, out);
    }
}

fn write_plain(mantissa: &str, exponent: i32, out: &mut Vec<u8>) {
    let digits = mantissa.bytes().filter(u8::is_ascii_digit);
    match usize::try_from(exponent) {
        Ok(exponent) => {
            let count = digits.clone().count();
            let padded = digits.chain(std::iter::repeat_n(
                b'0',
                (exponent + 1).saturating_sub(count),
            ));
            for (place, digit) in padded.enumerate() {
                if place == exponent + 1 {
                    out.push(b'.');
                }
                out.push(digit);
            }
        }
        Err(_) => {
            out.extend_from_slice(b"0.");
            let zeros = usize::try_from(-exponent - 1).unwrap_or(0);
            out.extend(std::iter::repeat_n(b'0', zeros).chain(digits));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integer_of(text: &str) -> Result<i64, &'static str> {
        integer(text.as_bytes())
    }

    #[test]
    fn integers_have_blanks_and_signs_and_nothing_else() {
        for (text, value) in [("0", 0), (" 42 ", 42), ("+7", 7), ("-7", -7), ("007", 7)] {
            assert_eq!(integer_of(text), Ok(value), "{text}");
        }
        assert_eq!(integer_of("9223372036854775807"), Ok(i64::MAX));
        assert_eq!(integer_of("-9223372036854775808"), Ok(i64::MIN));
        for text in [
            "", " ", "-", "1 2", "1.0", "1e3", "0x1F", "1_000", "--1", "٣",
        ] {
            assert_eq!(integer_of(text), Err("is not an integer"), "{text}");
        }
        for text in ["9223372036854775808", "-9223372036854775809"] {
            assert_eq!(
                integer_of(text),
                Err("is out of range for bigint"),
                "{text}"
            );
        }
    }

    #[test]
    fn booleans_are_spelled_as_postgres_takes_them() {
        for text in ["t", "TRUE", "tr", "yes", "y", "on", "1"] {
            assert_eq!(boolean(text.as_bytes()), Some(true), "{text}");
        }
        for text in ["f", "False", "no", "n", "OFF", "of", "0"] {
            assert_eq!(boolean(text.as_bytes()), Some(false), "{text}");
        }
        for text in ["", "o", "2", "truee", "-1", "null"] {
            assert_eq!(boolean(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn floats_that_lose_their_size_are_out_of_range() {
        assert_eq!(
            float8(b"1e-400"),
            Err("is out of range for double precision")
        );
        assert_eq!(
            float8(b"1e400"),
            Err("is out of range for double precision")
        );
        assert_eq!(float4(b"1e-50"), Err("is out of range for real"));
        assert_eq!(float8(b"0e-400"), Ok(0.0));
        assert_eq!(float8(b"4.9e-324"), Ok(4.9e-324));
        assert_eq!(float8(b" -infinity "), Ok(f64::NEG_INFINITY));
        assert_eq!(float8(b"1,5"), Err("is not a number"));
    }

    #[test]
    fn floats_are_written_as_postgres_writes_them() {
        let cases = [
            (0.0, "0"),
            (-0.0, "-0"),
            (1500.0, "1500"),
            (0.1, "0.1"),
            (-12.375, "-12.375"),
            (0.000_123, "0.000123"),
            (0.000_012_3, "1.23e-05"),
            (123_456_789_012_345.0, "123456789012345"),
            (1e15, "1e+15"),
            (1.5e300, "1.5e+300"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (value, expected) in cases {
            let mut out = Vec::new();
            write_float8(value, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
        let mut out = Vec::new();
        write_float4(1_234_567.0, &mut out);
        assert_eq!(out, b"1.234567e+06");
    }
}
