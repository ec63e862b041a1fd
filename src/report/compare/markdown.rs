//! A comparison for a pull request.

use super::counts::counts;
use crate::compare::{Comparison, Direction, ReadComparison};
use crate::report::figures::{arrow, milliseconds};
use crate::report::markdown::plain;
use crate::units::whole;

/// What changed, then all reads, folded away.
pub fn markdown(comparison: &Comparison) -> String {
    let mut text = format!(
        "## {} seedrow compare: {}\n\n",
        sign(comparison.direction()),
        counts(comparison)
    );
    for read in comparison
        .reads
        .iter()
        .filter(|it| it.direction() != Direction::Same)
    {
        text.push_str(&format!(
            "- {} **{}**\n",
            sign(read.direction()),
            plain(read.name)
        ));
        for difference in &read.differences {
            text.push_str(&format!("  - {}\n", plain(&difference.message)));
        }
    }
    for (name, before, after) in &comparison.settings {
        text.push_str(&format!(
            "- {}: {} → {}\n",
            plain(name),
            plain(before),
            plain(after)
        ));
    }
    text.push_str(&format!(
        "\n<details><summary>{} reads</summary>\n\n| query | ms | buffers | rows | |\n|---|--:|--:|--:|---|\n",
        comparison.reads.len()
    ));
    text.extend(comparison.reads.iter().map(row));
    text.push_str("\n</details>\n");
    text
}

fn row(read: &ReadComparison) -> String {
    format!(
        "| {} | {} | {} | {} | {} {} |\n",
        plain(read.name),
        arrow(&read.ms, milliseconds),
        arrow(&read.buffers, whole),
        arrow(&read.rows, whole),
        sign(read.direction()),
        read.direction().name()
    )
}

fn sign(direction: Direction) -> &'static str {
    match direction {
        Direction::Worse => "🔴",
        Direction::Better => "🟢",
        Direction::Changed => "🟡",
        Direction::Unchecked => "❔",
        Direction::Same => "⚪",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::compare;
    use crate::report::compare::sample::{after, before};

    #[test]
    fn what_changed_comes_first() {
        let text = markdown(&compare(&before(), &after()));
        assert!(
            text.starts_with("## 🟢 seedrow compare: 1 better, 1 no change\n\n- 🟢 **styles**\n"),
            "{text}"
        );
        assert!(
            text.contains("  - skus: Seq Scan → Index Scan by skus\\_style\\_id\\_idx\n"),
            "{text}"
        );
        assert!(
            text.contains("| styles | 812 → 0.10 | 6,155 → 6 | 6 | 🟢 better |\n"),
            "{text}"
        );
    }
}
