//! Masks what differs from run to run in an output: times, rates, sizes, buffers, and the widths of columns.

/// Columns of tables whose values differ from run to run.
const VARYING: &[&str] = &[
    "explain ms",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "max ms",
    "buffers",
    "size",
    "seconds",
    "rows/s",
    "req/s",
    "mean",
    "p50",
    "p75",
    "p90",
    "p95",
    "p99",
    "p99.9",
    "max",
];

/// What a number that varies counts.
const UNITS: &[&str] = &[
    "ms", "s", "rows/s", "B", "KiB", "MiB", "GiB", "kB", "MB", "buffers",
];

/// The lines with `~` for what varies.
pub fn mask(lines: &[String]) -> Vec<String> {
    let mut columns: Vec<bool> = Vec::new();
    let masked = lines.iter().map(|line| {
        let cells = cells(line);
        if cells.iter().any(|cell| VARYING.contains(cell)) {
            columns = cells.iter().map(|cell| VARYING.contains(cell)).collect();
            return cells.join("  ");
        }
        if cells.is_empty() {
            columns.clear();
        }
        let masked = cells.iter().enumerate().map(|(at, cell)| {
            let varies = match columns.len() == cells.len() {
                true => columns[at],
                // Under no heading, as `grep` prints it: counts are whole numbers.
                false if columns.is_empty() => is_number(cell) && cell.contains('.'),
                // A row with an empty cell: which one it is doesn't show.
                false => at > 0 && is_number(cell),
            };
            if varies { "~".to_owned() } else { units(cell) }
        });
        masked.collect::<Vec<_>>().join("  ")
    });
    masked.collect()
}

/// The parts separated by two blanks or more.
fn cells(line: &str) -> Vec<&str> {
    let cells = line.split("  ").map(str::trim);
    cells.filter(|cell| !cell.is_empty()).collect()
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ',' | '.' | '~'))
}

/// Which read is the slowest of several that take microseconds.
const SLOWEST: &str = "the slowest of them is ";

/// `212.18 MiB in 1.5 s` → `~ MiB in ~ s`
fn units(text: &str) -> String {
    if let Some((before, rest)) = text.split_once(SLOWEST) {
        let (_, after) = rest.split_once(", ").unwrap_or_default();
        return format!("{}{SLOWEST}~, {}", units(before), units(after));
    }
    let words: Vec<&str> = text.split(' ').collect();
    let bare = |word: &str| -> String { word.trim_matches(['(', ')', ',', ';', '.', ':']).into() };
    let counts = |at: usize| {
        let unit = words.get(at + 1).map(|word| bare(word));
        // `16.8 → 0.01 ms`: the unit is the second's.
        let arrow = words.get(at + 1) == Some(&"→");
        let later = words.get(at + 3).map(|word| bare(word));
        unit.is_some_and(|unit| UNITS.contains(&unit.as_str()))
            || arrow && later.is_none_or(|unit| UNITS.contains(&unit.as_str()))
    };
    let masked = words.iter().enumerate().map(|(at, word)| {
        let number = bare(word);
        let is_version = at > 0 && words[at - 1] == "PostgreSQL";
        let after_arrow = at > 0 && words[at - 1] == "→" && words.len() == at + 1;
        if is_number(&number) && (counts(at) || after_arrow || is_version) {
            word.replace(&number, "~")
        } else {
            (*word).to_owned()
        }
    });
    masked.collect::<Vec<_>>().join(" ")
}

#[test]
fn times_and_sizes_are_masked_and_counts_are_not() {
    let masked = |text: &str| mask(&text.lines().map(String::from).collect::<Vec<_>>()).join("\n");
    assert_eq!(
        masked("2,666,570 rows, 212.18 MiB in 1.5 s (1,768,112 rows/s) in shop"),
        "2,666,570 rows, ~ MiB in ~ s (~ rows/s) in shop"
    );
    assert_eq!(
        masked("reads: 10 of 10 pass, the slowest of them is styles, 0.07 ms  pass"),
        "reads: 10 of 10 pass, the slowest of them is ~, ~ ms  pass"
    );
    assert_eq!(
        masked(
            "query   explain ms  buffers  rows  verdict\nstyles        0.09       20     1  pass\n\nx  5"
        ),
        "query  explain ms  buffers  rows  verdict\nstyles  ~  ~  1  pass\n\nx  5"
    );
    assert_eq!(
        masked(
            "phase   rows  seconds  rows/s\nload  26,314      0.7  39,050\nindex              0.0"
        ),
        "phase  rows  seconds  rows/s\nload  26,314  ~  ~\nindex  ~"
    );
    assert_eq!(
        masked("query  explain ms   buffers  rows\nstyles  531 → 0.10  57,429 → 20  1"),
        "query  explain ms  buffers  rows\nstyles  ~  ~  1"
    );
    assert_eq!(
        masked("0.01 ms → 25.7 ms, 4 → 1,503 buffers; line 3"),
        "~ ms → ~ ms, ~ → ~ buffers; line 3"
    );
}
