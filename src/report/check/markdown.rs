//! Markdown for a job's summary or a pull request.

use crate::check::{Check, CheckReport, Figures, Finding, Subject, Verdict};
use crate::progress::grouped;

/// The verdict, the findings, then a table of all checks, folded away.
pub fn markdown(report: &CheckReport) -> String {
    let verdict = report.verdict();
    let mut text = format!(
        "## {} seedrow check: {}\n\n{}, PostgreSQL {}\n\n",
        sign(verdict),
        verdict.name(),
        code(&report.target),
        report.server_version
    );
    for check in &report.checks {
        for finding in &check.findings {
            text.push_str(&finding_item(check, finding));
        }
    }
    for check in &report.checks {
        for waived in &check.waived {
            let Finding { rule, message, .. } = &waived.finding;
            text.push_str(&format!(
                "- waived, {}: {} ({})\n",
                plain(&waived.reason),
                plain(message),
                code(rule)
            ));
        }
    }
    text.push_str(&table(report));
    text
}

fn finding_item(check: &Check, finding: &Finding) -> String {
    let verdict = Verdict::from(finding.severity);
    format!(
        "- {} **{}**: {} ({})\n\n{}\n",
        sign(verdict),
        plain(finding.on.as_ref().unwrap_or(&check.name)),
        plain(&finding.message),
        code(finding.rule),
        block(&finding.help)
    )
}

fn table(report: &CheckReport) -> String {
    let mut text = format!(
        "\n<details><summary>{} checks, {} skipped</summary>\n\n\
         | check | verdict | ms | buffers | rows | indexes |\n|---|---|--:|--:|--:|---|\n",
        report.checks.len(),
        report.skipped.len()
    );
    for check in &report.checks {
        let verdict = check.verdict();
        let figures = match &check.subject {
            Subject::Query(Some(it)) | Subject::Lookup(Some(it)) => figures(&it.figures),
            Subject::ForeignKeys { covered, total, .. } => {
                format!("| | | {covered} of {total} have an index")
            }
            Subject::Schema { tables, .. } => format!("| | | {tables} tables"),
            Subject::Query(None) | Subject::Lookup(None) => "| | |".to_owned(),
        };
        text.push_str(&format!(
            "| {} | {} {} | {figures} |\n",
            plain(&check.name),
            sign(verdict),
            verdict.name()
        ));
    }
    for skipped in &report.skipped {
        text.push_str(&format!(
            "| {} | skipped | | | | {} |\n",
            plain(&skipped.name),
            plain(&skipped.reason)
        ));
    }
    text.push_str("\n</details>\n");
    text
}

fn figures(figures: &Figures) -> String {
    format!(
        "{:.2} | {} | {:.0} | {}",
        figures.p50_ms,
        grouped(figures.buffers),
        figures.rows,
        plain(&figures.indexes.join(", "))
    )
}

fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✅",
        Verdict::Warn => "⚠️",
        Verdict::Unchecked => "❔",
        Verdict::Unstable | Verdict::Fail => "❌",
    }
}

/// Text with what Markdown would take for its own marked as text.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '|' | '<' | '>' | '[' | ']' | '#' | '~'
        ) {
            plain.push('\\');
        }
        plain.push(if c == '\n' { ' ' } else { c });
    }
    plain
}

/// Between as many backticks as it takes.
fn code(text: &str) -> String {
    let ticks = "`".repeat(longest_run(text) + 1);
    format!("{ticks}{text}{ticks}")
}

/// A block of its own, within a list's item.
fn block(text: &str) -> String {
    let ticks = "`".repeat(longest_run(text).max(2) + 1);
    let lines: String = text.lines().map(|line| format!("  {line}\n")).collect();
    format!("  {ticks}\n{lines}  {ticks}\n")
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|c| c != '`').map(str::len);
    runs.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::check::sample::report;

    #[test]
    fn findings_come_before_the_table() {
        let text = markdown(&report());
        assert!(
            text.starts_with("## ❌ seedrow check: fail\n\n`db.example.com`, PostgreSQL 15.18\n")
        );
        assert!(
            text.contains("- ❌ **styles**: what (`seq-scan`)\n\n  ```\n  how\n  ```\n"),
            "{text}"
        );
        assert!(
            text.contains("- waived, never joined: what (`fk-not-indexed`)\n"),
            "{text}"
        );
        assert!(
            text.contains(
                "| skus(style\\_id) | ✅ pass | 0.10 | 6 | 6 | skus\\_style\\_id\\_idx |\n"
            ),
            "{text}"
        );
        assert!(
            text.contains("| related | skipped | | | | left out |\n"),
            "{text}"
        );
        let rows = text
            .lines()
            .filter(|line| line.starts_with("| ") && !line.contains("|---"));
        for row in rows {
            let cells = row.replace("\\|", "").matches('|').count();
            assert_eq!(cells, 7, "{row}");
        }
    }

    #[test]
    fn text_stays_text() {
        assert_eq!(plain("a|b_c*<x>"), "a\\|b\\_c\\*\\<x\\>");
        assert_eq!(code("a`b"), "``a`b``");
    }
}
