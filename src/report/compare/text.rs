//! A line a read, then what changed.

use super::counts::counts;
use crate::compare::{Comparison, Direction, ReadComparison};
use crate::printable;
use crate::report::colour::Colour;
use crate::report::figures::{arrow, milliseconds};
use crate::report::table::{Align, table};
use crate::units::whole;

/// For people.
pub fn text(comparison: &Comparison, colour: Colour) -> String {
    let sections = [
        reads(comparison, colour),
        settings(comparison),
        differences(comparison, colour),
        format!(
            "{}: {}\n",
            painted(comparison.direction(), colour),
            counts(comparison)
        ),
    ];
    let sections: Vec<String> = sections.into_iter().filter(|it| !it.is_empty()).collect();
    sections.join("\n")
}

fn reads(comparison: &Comparison, colour: Colour) -> String {
    let columns = [
        ("query", Align::Left),
        ("explain ms", Align::Right),
        ("buffers", Align::Right),
        ("rows", Align::Right),
        ("what changed", Align::Left),
    ];
    let row = |read: &ReadComparison| {
        vec![
            printable::text(read.name),
            arrow(&read.ms, milliseconds),
            arrow(&read.buffers, whole),
            arrow(&read.rows, whole),
            painted(read.direction(), colour),
        ]
    };
    let rows: Vec<Vec<String>> = comparison.reads.iter().map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    table(&columns, rows)
}

fn settings(comparison: &Comparison) -> String {
    let line =
        |(name, before, after): &(String, String, String)| format!("{name}: {before} → {after}\n");
    comparison.settings.iter().map(line).collect()
}

fn differences(comparison: &Comparison, colour: Colour) -> String {
    let changed = comparison
        .reads
        .iter()
        .filter(|it| it.direction() != Direction::Same);
    let section = |read: &ReadComparison| {
        let lines = read
            .differences
            .iter()
            .map(|it| format!("    {}\n", printable::text(&it.message)));
        let lines: String = lines.collect();
        format!(
            "{}  {}\n{lines}",
            painted(read.direction(), colour),
            printable::text(read.name)
        )
    };
    changed.map(section).collect::<Vec<_>>().join("\n")
}

fn painted(direction: Direction, colour: Colour) -> String {
    match direction {
        Direction::Worse => colour.red(direction.name()),
        Direction::Better => colour.green(direction.name()),
        Direction::Changed | Direction::Unchecked => colour.yellow(direction.name()),
        Direction::Same => direction.name().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::compare;
    use crate::report::compare::sample::{after, before};

    #[test]
    fn text_has_a_line_a_read_and_what_changed() {
        assert_eq!(
            text(&compare(&before(), &after()), Colour::Off),
            "\
query     explain ms    buffers  rows  what changed
styles    812 → 0.10  6,155 → 6     6  better
products        0.05          3     1  no change

work_mem: 4MB → 64MB

better  styles
    skus: Seq Scan → Index Scan by skus_style_id_idx
    812.00 → 0.10 ms
    6,155 → 6 buffers

better: 1 better, 1 no change
"
        );
    }

    #[test]
    fn the_other_way_round_it_is_a_regression() {
        let text = text(&compare(&after(), &before()), Colour::Off);
        assert!(
            text.ends_with("regression: 1 regression, 1 no change\n"),
            "{text}"
        );
    }
}
