//! Quantities as users write and read them: counts, durations, sizes, shares and rates.
//!
//! Options and the headers of query files are read by the same functions, so that `10ms` means the same everywhere;
//! counts are printed by the same functions, so that they look the same everywhere.

use std::time::Duration;

use indicatif::HumanCount;

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

/// Reads a length of time: a number and one of us, ms, s, m or h; a bare number is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    const EXPECTED: &str = "expected a time such as 500ms, 10s or 2m";
    let split = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds = match unit.trim() {
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(EXPECTED.into()),
    };
    let number: f64 = number.parse().map_err(|_| EXPECTED.to_string())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| EXPECTED.into())
}

/// Reads a size: a whole number and one of kB, MB, GB or TB, which are powers of 1024 as in Postgres' settings.
pub fn bytes(text: &str) -> Result<u64, String> {
    const EXPECTED: &str = "expected a size such as 512MB or 16GB";
    let split = text.find(|c: char| !c.is_ascii_digit());
    let (number, unit) = text.split_at(split.ok_or(EXPECTED)?);
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

/// Reads a share between 0 (excluded) and 1: `10%` or `0.1`.
pub fn percent(text: &str) -> Result<f64, String> {
    const EXPECTED: &str = "expected a share above 0 and up to 100%, such as 10% or 0.1";
    let share = match text.strip_suffix('%') {
        Some(number) => number.trim().parse::<f64>().map(|n| n / 100.0),
        None => text.parse(),
    };
    match share {
        Ok(share) if share > 0.0 && share <= 1.0 => Ok(share),
        _ => Err(EXPECTED.into()),
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
const RATED: u64 = 10_000;

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

/// 1234567.4 → `1,234,567`; for counts that are means or medians.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts are at least 0, and `as` saturates"
)]
pub fn whole(number: f64) -> String {
    grouped(number.round() as u64)
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
        assert_eq!(duration("1.5"), Ok(Duration::from_millis(1500)));
        for text in ["", "ms", "10 parsecs", "-1s", "1e999s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_as_in_postgres_settings() {
        assert_eq!(bytes("512MB"), Ok(512 << 20));
        assert_eq!(bytes("1 GiB"), Ok(1 << 30));
        for text in ["", "1", "MB", "0GB", "1.5GB", "-1GB", "99999999999TB"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn shares_are_percent_or_fraction() {
        assert_eq!(percent("10%"), Ok(0.1));
        assert_eq!(percent("0.5"), Ok(0.5));
        for text in ["0", "0%", "101%", "ten", "-3%"] {
            assert!(percent(text).is_err(), "{text}");
        }
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
    }
}
