//! Markdown for a job's summary or a pull request.

use super::finding_groups::{FindingGroup, SharedFinding, finding_groups};
use crate::check::{CheckReport, Finding, SampleFigures, Subject, Verdict};
use crate::report::markdown::{block, code, plain};
use crate::units::{counted, grouped, shortened};

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
    text.extend(finding_groups(report).iter().map(finding_items));
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

fn finding_items(group: &FindingGroup) -> String {
    let sign = sign(Verdict::from(group.severity));
    let item = |it: &SharedFinding| {
        let Finding { rule, message, .. } = it.finding;
        format!(
            "- {sign} **{}**: {} ({})\n",
            plain(&it.about()),
            plain(message),
            code(rule)
        )
    };
    let items: String = group.findings.iter().map(item).collect();
    format!("{items}\n{}\n", block(group.help))
}

fn table(report: &CheckReport) -> String {
    let mut text = format!(
        "\n<details><summary>{}, {} skipped</summary>\n\n\
         | check | verdict | ms | buffers | rows | indexes |\n|---|---|--:|--:|--:|---|\n",
        counted(report.cases().len() as u64, "check"),
        report.left_out().len()
    );
    for check in &report.checks {
        let verdict = check.verdict();
        let figures = match &check.subject {
            Subject::Query(Some(it)) | Subject::Lookup(Some(it)) => figures(&it.figures),
            Subject::ForeignKeys { covered, total, .. } => {
                format!("| | | {covered} of {total} have an index")
            }
            Subject::Schema { tables, .. } => format!("| | | {}", counted(*tables as u64, "table")),
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

fn figures(figures: &SampleFigures) -> String {
    format!(
        "{:.2} | {} | {:.0} | {}",
        figures.p50_ms,
        grouped(figures.buffers),
        figures.rows,
        plain(&shortened(&figures.indexes))
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
}
