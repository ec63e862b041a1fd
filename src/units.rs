//! Quantities as users write and read them: counts, durations, sizes, shares and rates.
//!
//! Options and the headers of query files are read by the same functions, so that `10ms` means the same everywhere;
//! counts are printed by the same functions, so that they look the same everywhere.

use std::time::Duration;

use indicatif::{HumanBytes, HumanCount};

/// Reads a count of rows: digits, `_` between them, and one of k, M or G behind.
pub fn rows(text: &str) -> Result<u64, String> {
    const EXPECTED: &str = "expected a whole number above 0 such as 250k, 1_000_000 or 10M";
    let (digits, unit) = match text.chars().last() {
        Some('k' | 'K') => (&text[..text.len() - 1], 1_000),
        Some('m' | 'M') => (&text[..text.len() - 1], 1_000_000),
        Some('g' | 'G') => (&text[..text.len() - 1], 1_000_000_000),
        _ => (text, 1),
    };
    let plain: String = digits.chars().filter(|&c| c != '_').collect();
    let number: u64 = match plain.parse() {
        Ok(0) | Err(_) => return Err(EXPECTED.into()),
        Ok(_) if !plain.bytes().all(|b| b.is_ascii_digit()) => return Err(EXPECTED.into()),
        Ok(number) => number,
    };
    number
        .checked_mul(unit)
        .ok_or_else(|| format!("too many rows; {EXPECTED}"))
}

/// Reads a length of time: a number and one of us, ms, s, m or h. Zero needs no unit; another number without one is refused,
/// since it would be read in two ways.
pub fn duration(text: &str) -> Result<Duration, String> {
    const EXPECTED: &str = "expected a time such as 500ms, 10s or 2m";
    let split = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds = match unit.trim() {
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "" if number.bytes().any(|b| b.is_ascii_digit()) => {
            return match number.parse::<f64>() {
                Ok(0.0) => Ok(Duration::ZERO),
                _ => Err(without_unit(
                    number,
                    [&format!("{number}ms"), &format!("{number}s")],
                )),
            };
        }
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(EXPECTED.into()),
    };
    let number: f64 = number.parse().map_err(|_| EXPECTED.to_string())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| EXPECTED.into())
}

/// Why a number without a unit is refused: the two readings.
fn without_unit(number: &str, readings: [&str; 2]) -> String {
    let [one, other] = readings;
    format!("{number} has no unit: type {one} or {other}")
}

/// Reads a size: a whole number and one of KiB, MiB, GiB or TiB; kB, MB, GB and TB are the same, as in Postgres' settings.
pub fn bytes(text: &str) -> Result<u64, String> {
    const EXPECTED: &str = "expected a size such as 512MiB or 16GiB";
    let split = text.find(|c: char| !c.is_ascii_digit());
    let (number, unit) = match split {
        Some(split) => text.split_at(split),
        None if text.is_empty() => return Err(EXPECTED.into()),
        None => {
            let readings = [&*format!("{text}MiB"), &*format!("{text}GiB")];
            return Err(without_unit(text, readings));
        }
    };
    let power = match unit.trim().to_ascii_lowercase().as_str() {
        "kb" | "kib" => 10,
        "mb" | "mib" => 20,
        "gb" | "gib" => 30,
        "tb" | "tib" => 40,
        _ => return Err(EXPECTED.into()),
    };
    let number: u64 = number.parse().map_err(|_| EXPECTED)?;
    let bytes = number.checked_mul(1 << power).filter(|&bytes| bytes > 0);
    bytes.ok_or_else(|| EXPECTED.into())
}

/// Reads a share above 0 and up to 1, in percent: `10%`. A number without the sign is refused: `0.1` would be read as
/// 0.1% and as 10%.
pub fn percent(text: &str) -> Result<f64, String> {
    const EXPECTED: &str = "expected a share above 0% and up to 100%, such as 10%";
    let Some(number) = text.strip_suffix('%') else {
        return Err(match text.parse::<f64>() {
            Ok(number) if number > 0.0 && number <= 1.0 => {
                let share = format!("{}%", number * 100.0);
                without_unit(text, [&format!("{text}%"), &share])
            }
            Ok(number) if number > 1.0 && number <= 100.0 => {
                format!("{text} has no unit: type {text}%")
            }
            _ => EXPECTED.to_owned(),
        });
    };
    match number.trim().parse::<f64>() {
        Ok(percent) if percent > 0.0 && percent <= 100.0 => Ok(percent / 100.0),
        _ => Err(EXPECTED.into()),
    }
}

/// A size in the unit that suits it, of 1024: `212.18 MiB`.
pub fn size(bytes: u64) -> String {
    HumanBytes(bytes).to_string()
}

/// The value of a setting of Postgres: what is a size there, in units of 1024 called kB, MB and GB, is written as [`size`].
pub fn setting(value: &str) -> String {
    let is_size = value.ends_with('B') && value.starts_with(|c: char| c.is_ascii_digit());
    match bytes(value) {
        Ok(bytes) if is_size => size(bytes),
        _ => value.to_owned(),
    }
}

/// A rate, rounded down; times under a millisecond count as one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count divided by a positive time is positive, and `as` saturates"
)]
pub fn per_second(count: u64, seconds: f64) -> u64 {
    (count as f64 / seconds.max(1e-3)) as u64
}

/// Fewer rows than these have no rate: what it takes to begin and end decides their time.
pub const RATED: u64 = 10_000;

/// ` (78,083 rows/s)`; nothing for few rows.
pub fn rate(rows: u64, seconds: f64) -> String {
    match rows {
        RATED.. => format!(" ({} rows/s)", grouped(per_second(rows, seconds))),
        _ => String::new(),
    }
}

/// 1234567 → `1,234,567`.
pub fn grouped(number: u64) -> String {
    HumanCount(number).to_string()
}

/// `1 row`, `1,234 rows`.
pub fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number))
}

/// A dataset's size by its root table: `20,000 products`, `1 row of products`.
pub fn rows_of(rows: u64, table: &str) -> String {
    match rows {
        1 => format!("1 row of {table}"),
        rows => format!("{} {table}", grouped(rows)),
    }
}

/// 1234567.4 → `1,234,567`; for counts that are means or medians.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts are at least 0, and `as` saturates"
)]
pub fn whole(number: f64) -> String {
    grouped(number.round() as u64)
}

/// Up to four names, with commas between; of more the first two: `photos_0_pkey, photos_1_pkey and 30 more`.
pub fn shortened(names: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.as_slice() {
        [first, second, rest @ ..] if rest.len() > 2 => {
            format!("{first}, {second} and {} more", grouped(rest.len() as u64))
        }
        all => all.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_take_units_and_underscores() {
        assert_eq!(rows("1"), Ok(1));
        assert_eq!(rows("250k"), Ok(250_000));
        assert_eq!(rows("1_000_000"), Ok(1_000_000));
        assert_eq!(rows("10M"), Ok(10_000_000));
    }

    #[test]
    fn long_lists_are_shortened() {
        let names: Vec<String> = (0..32).map(|part| format!("photos_{part}_pkey")).collect();
        assert_eq!(
            shortened(&names),
            "photos_0_pkey, photos_1_pkey and 30 more"
        );
        assert_eq!(shortened(&["a", "b", "c", "d"]), "a, b, c, d");
        assert_eq!(shortened(&[""; 0]), "");
    }

    #[test]
    fn rows_refuse_what_is_no_count() {
        for text in [
            "",
            "0",
            "-5",
            "+5",
            "10X",
            "M",
            "1.5M",
            "99999999999999999999",
            "99999999999G",
        ] {
            assert!(rows(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_take_units() {
        assert_eq!(duration("10ms"), Ok(Duration::from_millis(10)));
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        for text in ["", "ms", "10 parsecs", "-1s", "1e999s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_as_in_postgres_settings() {
        assert_eq!(bytes("512MB"), Ok(512 << 20));
        assert_eq!(bytes("1 GiB"), Ok(1 << 30));
        for text in ["", "MB", "0GB", "1.5GB", "-1GB", "99999999999TB"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_of_settings_are_written_as_others() {
        for (value, expected) in [
            ("1GB", "1.00 GiB"),
            ("4472MB", "4.37 GiB"),
            ("64kB", "64.00 KiB"),
            ("0", "0"),
            ("on", "on"),
            ("8B", "8B"),
        ] {
            assert_eq!(setting(value), expected);
        }
    }

    #[test]
    fn shares_are_percents() {
        assert_eq!(percent("10%"), Ok(0.1));
        assert_eq!(percent("0.5%"), Ok(0.005));
        for text in ["0", "0%", "101%", "ten", "-3%"] {
            assert!(percent(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_has_no_unit_is_refused_with_its_readings() {
        let refused = |text: &str| duration(text).unwrap_err();
        assert_eq!(refused("10"), "10 has no unit: type 10ms or 10s");
        assert_eq!(refused("1.5"), "1.5 has no unit: type 1.5ms or 1.5s");
        let refused = |text: &str| percent(text).unwrap_err();
        assert_eq!(refused("0.1"), "0.1 has no unit: type 0.1% or 10%");
        assert_eq!(refused("10"), "10 has no unit: type 10%");
        let refused = |text: &str| bytes(text).unwrap_err();
        assert_eq!(refused("512"), "512 has no unit: type 512MiB or 512GiB");
    }

    #[test]
    fn few_rows_have_no_rate() {
        assert_eq!(rate(20_000, 2.0), " (10,000 rows/s)");
        assert_eq!(rate(6, 1.3), "");
    }

    #[test]
    fn groups_thousands() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(26_700_123), "26,700,123");
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(counted(0, "row"), "0 rows");
        assert_eq!(counted(1_234, "record"), "1,234 records");
        assert_eq!(rows_of(1, "products"), "1 row of products");
        assert_eq!(rows_of(20_000, "products"), "20,000 products");
    }
}
