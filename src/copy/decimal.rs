//! Numbers of any length, exact: read from text, rounded, and written as Postgres' `numeric`.

use crate::copy::format::field;

/// A decimal number, an infinity or not a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal {
    class: Class,
    negative: bool,
    /// 0 to 9 each, the most significant first, without zeros before it.
    digits: Vec<u8>,
    /// How many of the digits are behind the point; may be more than there are.
    scale: usize,
}

/// Whether a numeric has digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Finite,
    Infinite,
    NotANumber,
}

/// A number in units of 10⁻ⁿ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scaled {
    units: i64,
    /// Whether nothing was left behind the units, and whether a half or more was.
    exact: bool,
    half: bool,
}

/// Postgres' limits: 131,072 digits before the point, 16,383 behind it (documentation, 8.1.2).
const BEFORE: usize = 131_072;
const BEHIND: usize = 16_383;

impl Decimal {
    /// Reads `-12.50`, `.5`, `1.6e12`, `-Infinity` and `NaN`.
    pub fn parse(text: &[u8]) -> Option<Decimal> {
        let (negative, number) = match text.split_first()? {
            (b'-', rest) => (true, rest),
            (b'+', rest) => (false, rest),
            _ => (false, text),
        };
        let special = |class| Decimal {
            class,
            negative,
            digits: Vec::new(),
            scale: 0,
        };
        if text.eq_ignore_ascii_case(b"nan") {
            return Some(special(Class::NotANumber));
        }
        if number.eq_ignore_ascii_case(b"infinity") || number.eq_ignore_ascii_case(b"inf") {
            return Some(special(Class::Infinite));
        }
        let exponent_at = number.iter().position(|byte| matches!(byte, b'e' | b'E'));
        let (mantissa, exponent) = match exponent_at {
            Some(at) => (&number[..at], exponent(&number[at + 1..])?),
            None => (number, 0),
        };
        let point = mantissa.iter().position(|&byte| byte == b'.');
        let (whole, fraction) = match point {
            Some(at) => (&mantissa[..at], &mantissa[at + 1..]),
            None => (mantissa, &[][..]),
        };
        let mut digits: Vec<u8> = whole.iter().chain(fraction).copied().collect();
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        digits.iter_mut().for_each(|digit| *digit -= b'0');
        let scale = i64::try_from(fraction.len()).ok()? - exponent;
        let scale = match usize::try_from(scale) {
            Ok(scale) => scale,
            Err(_) => {
                let zeros = usize::try_from(-scale).ok()?;
                digits.resize(digits.len() + zeros, 0);
                0
            }
        };
        let zeros = digits.iter().take_while(|&&digit| digit == 0).count();
        digits.drain(..zeros);
        let decimal = Decimal {
            class: Class::Finite,
            negative,
            digits,
            scale,
        };
        (decimal.before() <= BEFORE && scale <= BEHIND).then_some(decimal)
    }

    fn is_zero(&self) -> bool {
        self.digits.iter().all(|&digit| digit == 0)
    }

    /// Digits before the point.
    fn before(&self) -> usize {
        self.digits.len().saturating_sub(self.scale)
    }

    /// Rounded to so many digits behind the point, halves away from zero; `None` when more than `before` precede it.
    pub fn fitted(mut self, before: usize, behind: usize) -> Option<Decimal> {
        match self.class {
            Class::Finite => {}
            Class::Infinite => return None,
            Class::NotANumber => return Some(self),
        }
        if self.scale > behind {
            let cut = self.scale - behind;
            let kept = self.digits.len().saturating_sub(cut);
            let up = self.digits.len() >= cut && self.digits[kept] >= 5;
            self.digits.truncate(kept);
            self.scale = behind;
            if up {
                self.increment();
            }
        }
        (self.before() <= before).then_some(self)
    }

    /// Adds one to the last digit.
    fn increment(&mut self) {
        for digit in self.digits.iter_mut().rev() {
            *digit += 1;
            if *digit < 10 {
                return;
            }
            *digit = 0;
        }
        self.digits.insert(0, 1);
    }

    /// In units of 10 to the power of minus `places`; `None` when there are too many.
    pub fn scaled(&self, places: usize) -> Option<Scaled> {
        let kept = (self.digits.len() + places).checked_sub(self.scale);
        let (zeros, kept) = match kept {
            Some(kept) => (
                kept.saturating_sub(self.digits.len()),
                kept.min(self.digits.len()),
            ),
            None => (0, 0),
        };
        let mut units: i64 = 0;
        for &digit in self.digits[..kept]
            .iter()
            .chain(std::iter::repeat_n(&0, zeros))
        {
            units = units.checked_mul(10)?.checked_add(i64::from(digit))?;
        }
        let rest = &self.digits[kept..];
        // A digit is right behind the units only when none is missing between.
        let adjoins = self.digits.len() + places >= self.scale;
        (self.class == Class::Finite).then_some(Scaled {
            units: if self.negative { -units } else { units },
            exact: rest.iter().all(|&digit| digit == 0),
            half: adjoins && rest.first().is_some_and(|&digit| digit >= 5),
        })
    }

    /// Appends the number as text.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        if self.class == Class::NotANumber {
            return out.extend_from_slice(b"NaN");
        }
        // Postgres' zero has no sign.
        if self.negative && (self.class == Class::Infinite || !self.is_zero()) {
            out.push(b'-');
        }
        if self.class == Class::Infinite {
            return out.extend_from_slice(b"Infinity");
        }
        let digit = |&digit: &u8| digit + b'0';
        match self.before() {
            0 => out.push(b'0'),
            before => out.extend(self.digits[..before].iter().map(digit)),
        }
        if self.scale > 0 {
            out.push(b'.');
            let zeros = self.scale.saturating_sub(self.digits.len());
            out.extend(std::iter::repeat_n(b'0', zeros));
            out.extend(self.digits[self.before()..].iter().map(digit));
        }
    }

    /// Appends the number as `numeric_recv` reads it: digits to base 10,000.
    pub fn write_binary(&self, out: &mut Vec<u8>) {
        const NEGATIVE: u16 = 0x4000;
        const NOT_A_NUMBER: u16 = 0xC000;
        const INFINITY: u16 = 0xD000;
        const NEGATIVE_INFINITY: u16 = 0xF000;
        // A digit's place, counted from the point: 0 is the first before it.
        let place = |index: usize| {
            self.digits.len().cast_signed() - self.scale.cast_signed() - 1 - index.cast_signed()
        };
        let group = |index: usize| place(index).div_euclid(4);
        let mut groups: Vec<u16> = Vec::new();
        let first = self.digits.iter().position(|&digit| digit > 0);
        let first_group = first.map_or(0, group);
        for (index, &digit) in self
            .digits
            .iter()
            .enumerate()
            .skip(first.unwrap_or(self.digits.len()))
        {
            let at = usize::try_from(first_group - group(index)).unwrap_or(0);
            groups.resize(groups.len().max(at + 1), 0);
            let power = u32::try_from(place(index).rem_euclid(4)).unwrap_or(0);
            groups[at] += u16::from(digit) * 10u16.pow(power);
        }
        while groups.last() == Some(&0) {
            groups.pop();
        }
        let sign = match (self.class, self.negative) {
            (Class::NotANumber, _) => NOT_A_NUMBER,
            (Class::Infinite, false) => INFINITY,
            (Class::Infinite, true) => NEGATIVE_INFINITY,
            (Class::Finite, true) if !groups.is_empty() => NEGATIVE,
            (Class::Finite, _) => 0,
        };
        field(out, |out| {
            let mut put = |number: u16| out.extend_from_slice(&number.to_be_bytes());
            put(u16::try_from(groups.len()).unwrap_or(u16::MAX));
            put(i16::try_from(first_group)
                .unwrap_or(i16::MAX)
                .cast_unsigned());
            put(sign);
            put(u16::try_from(self.scale).unwrap_or(u16::MAX));
            groups.into_iter().for_each(put);
        });
    }
}

impl Scaled {
    /// The number, when it is a whole one.
    pub fn exact(self) -> Option<i64> {
        self.exact.then_some(self.units)
    }

    /// The nearest whole number, halves away from zero.
    pub fn rounded(self) -> i64 {
        let up = i64::from(self.half);
        match self.units < 0 {
            true => self.units - up,
            false => self.units + up,
        }
    }
}

fn exponent(text: &[u8]) -> Option<i64> {
    let text = str::from_utf8(text).ok()?;
    let value: i64 = text.parse().ok()?;
    let most = i64::try_from(BEFORE).ok()?;
    (-most..=most).contains(&value).then_some(value)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can't go on panics")]
mod tests {
    use super::*;

    fn text(decimal: &Decimal) -> String {
        let mut out = Vec::new();
        decimal.write_text(&mut out);
        String::from_utf8(out).unwrap()
    }

    fn parsed(number: &str) -> Option<String> {
        Decimal::parse(number.as_bytes()).map(|decimal| text(&decimal))
    }

    #[test]
    fn numbers_are_read_exactly() {
        let cases = [
            ("0", "0"),
            ("-12.50", "-12.50"),
            ("007.", "7"),
            (".5", "0.5"),
            ("+0.050", "0.050"),
            ("1.6e12", "1600000000000"),
            ("12E-3", "0.012"),
            (
                "123456789012345678901234567890.1",
                "123456789012345678901234567890.1",
            ),
            ("nan", "NaN"),
            ("-0.00", "0.00"),
            ("infinity", "Infinity"),
            ("-Inf", "-Infinity"),
        ];
        for (number, expected) in cases {
            assert_eq!(parsed(number).as_deref(), Some(expected), "{number}");
        }
        for number in [
            "", "-", ".", "1,5", "1 2", "0x1", "1e", "e5", "1e999999", "--1", "1.2.3",
        ] {
            assert_eq!(parsed(number), None, "{number}");
        }
    }

    #[test]
    fn numbers_are_rounded_to_a_column_s_scale() {
        let fitted = |number: &str, before, behind| {
            let decimal = Decimal::parse(number.as_bytes()).unwrap();
            decimal.fitted(before, behind).map(|decimal| text(&decimal))
        };
        assert_eq!(fitted("12.345", 4, 2).as_deref(), Some("12.35"));
        assert_eq!(fitted("-0.994", 1, 2).as_deref(), Some("-0.99"));
        assert_eq!(
            fitted("9.995", 1, 2),
            None,
            "it has two digits before the point now"
        );
        assert_eq!(fitted("9.995", 2, 2).as_deref(), Some("10.00"));
        assert_eq!(fitted("0.004", 1, 2).as_deref(), Some("0.00"));
        assert_eq!(fitted("0.0004", 1, 2).as_deref(), Some("0.00"));
        assert_eq!(fitted("123", 2, 2), None);
        assert_eq!(fitted("12", 2, 2).as_deref(), Some("12"));
    }

    #[test]
    fn units_are_exact_or_rounded() {
        let scaled =
            |number: &str, places| Decimal::parse(number.as_bytes()).unwrap().scaled(places);
        assert_eq!(
            scaled("1596080481467", 3).unwrap().exact(),
            Some(1_596_080_481_467_000)
        );
        assert_eq!(
            scaled("1.59608e12", 0).unwrap().exact(),
            Some(1_596_080_000_000)
        );
        assert_eq!(scaled("84.00", 0).unwrap().exact(), Some(84));
        assert_eq!(scaled("84.50", 0).unwrap().exact(), None);
        assert_eq!(scaled("-84.50", 0).unwrap().rounded(), -85);
        assert_eq!(scaled("0.0000005", 6).unwrap().rounded(), 1);
        assert_eq!(scaled("0.00000005", 6).unwrap().rounded(), 0);
        assert_eq!(scaled("99999999999999999999", 0), None);
    }
}
