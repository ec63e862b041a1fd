//! The report as text: the verdict, what is wrong with what helps, then a line for what holds; with all details on demand.

use super::finding_groups::{FindingGroup, SharedFinding, finding_groups};
use crate::check::{
    Check, CheckReport, FailingCheck, Finding, IndexProof, Latency, Measurements, SampleCost,
    Subject, Verdict, WaivedFinding,
};
use crate::printable;
use crate::report::TextStyle;
use crate::report::colour::Colour;
use crate::report::figures::milliseconds;
use crate::report::table::{Align, table_with_spare};
use crate::units::{counted, grouped, shortened};

/// More reads that were skipped are summed up, unless all is wanted.
const FEW: usize = 12;

/// The columns that a narrow terminal can do without, the first one first.
const SPARE: [&str; 7] = [
    "p99 ms",
    "max ms",
    "explain ms",
    "rows",
    "p95 ms",
    "buffers",
    "indexes",
];

/// The report: sections separated by empty lines.
pub fn text(report: &CheckReport, style: TextStyle) -> String {
    let colour = style.colour;
    let mut sections = vec![summary(report, colour)];
    sections.extend(findings(report, style));
    sections.push(reads(report, style));
    if style.is_verbose() {
        sections.push(statements(report));
    }
    sections.push(proofs(report, colour));
    sections.push(notes(report, style));
    sections.retain(|section| !section.is_empty());
    sections.join("\n")
}

/// A line for each read that doesn't pass, or for all.
fn reads(report: &CheckReport, style: TextStyle) -> String {
    let columns = [
        ("query", Align::Left),
        ("explain ms", Align::Right),
        ("p50 ms", Align::Right),
        ("p95 ms", Align::Right),
        ("p99 ms", Align::Right),
        ("max ms", Align::Right),
        ("buffers", Align::Right),
        ("rows", Align::Right),
        ("indexes", Align::Left),
        ("verdict", Align::Left),
    ];
    let shown = report
        .checks
        .iter()
        .filter(|check| style.is_verbose() || check.verdict() != Verdict::Pass);
    let rows: Vec<Vec<String>> = shown
        .filter_map(|check| match &check.subject {
            Subject::Query(measured) | Subject::Lookup(measured) => {
                Some(row(check, measured.as_ref(), style.colour))
            }
            Subject::ForeignKeys { .. } | Subject::Schema { .. } => None,
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    table_with_spare(&columns, &SPARE, rows)
}

/// The SQL of each read that was run.
fn statements(report: &CheckReport) -> String {
    let reads = report.checks.iter().filter_map(|check| {
        let sql = check.subject.measured()?.sql.trim();
        let lines: String = sql.lines().map(|line| format!("    {line}\n")).collect();
        (!sql.is_empty()).then(|| printable::lines(&format!("{}:\n{lines}", check.name)))
    });
    reads.collect()
}

fn row(check: &Check, measured: Option<&Measurements>, colour: Colour) -> Vec<String> {
    let mut row = vec![printable::text(&check.name)];
    match measured.filter(|measured| !measured.samples.is_empty()) {
        Some(Measurements {
            figures, latency, ..
        }) => row.extend([
            format!("{:.2}", figures.p50_ms),
            at_client(latency, |latency| Some(latency.p50_ms)),
            at_client(latency, Latency::reported_p95),
            at_client(latency, Latency::reported_p99),
            at_client(latency, |latency| Some(latency.max_ms)),
            grouped(figures.buffers),
            format!("{:.0}", figures.rows),
            match figures.indexes.is_empty() {
                true => "none".to_owned(),
                false => printable::text(&shortened(&figures.indexes)),
            },
        ]),
        None => row.extend(["-"; 8].map(str::to_owned)),
    }
    row.push(painted(check.verdict(), colour));
    row
}

/// A figure over the executions at the client, where there are enough of them.
fn at_client(latency: &Option<Latency>, figure: fn(&Latency) -> Option<f64>) -> String {
    let figure = latency.as_ref().and_then(figure);
    figure.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.2}"))
}

/// One line each: queries whose sampling ended early, waived findings, queries left out, and last what holds.
fn notes(report: &CheckReport, style: TextStyle) -> String {
    let of_check = |check: &Check| {
        let stopped = check.subject.measured().and_then(|it| it.stopped.as_ref());
        let name = printable::text(&check.name);
        let stopped = stopped.map(|why| format!("{name}: {why}\n"));
        let waived = check.waived.iter().map(|waived| {
            let WaivedFinding { finding, reason } = waived;
            let Finding { rule, message, .. } = finding;
            format!("{name}: {rule} is waived, {reason}: {message}\n")
        });
        stopped.into_iter().chain(waived).collect::<String>()
    };
    let checks = report.checks.iter().map(of_check);
    let most = match style.is_verbose() {
        true => usize::MAX,
        false => FEW,
    };
    let shown = report.skipped.iter().take(most);
    let shown = shown.map(|skipped| {
        let name = printable::text(&skipped.name);
        format!("{name}: skipped, {}\n", skipped.reason)
    });
    let more = report.skipped.len().saturating_sub(most);
    let more = (more > 0).then(|| format!("and {more} more skipped\n"));
    checks
        .chain(shown)
        .chain(more)
        .map(|line| style.wrapped(&line))
        .chain(report.checks.iter().map(|it| coverage(it, style.colour)))
        .chain(reads_that_pass(report, style))
        .collect()
}

/// A line for the foreign keys, and one for the schema.
fn coverage(check: &Check, colour: Colour) -> String {
    let verdict = painted(check.verdict(), colour);
    match &check.subject {
        Subject::ForeignKeys { covered, total, .. } => {
            let have = if *covered == 1 { "has" } else { "have" };
            match total {
                0 => format!("foreign keys: none  {verdict}\n"),
                _ => format!("foreign keys: {covered} of {total} {have} an index  {verdict}\n"),
            }
        }
        Subject::Schema { against, tables } => {
            let tables = counted(*tables as u64, "table");
            let against = against.as_ref().map(|it| format!(", compared with {it}"));
            format!(
                "schema: {tables}{}  {verdict}\n",
                against.unwrap_or_default()
            )
        }
        Subject::Query(_) | Subject::Lookup(_) => String::new(),
    }
}

/// One line for all reads that pass: lookups of foreign keys, and queries.
fn reads_that_pass(report: &CheckReport, style: TextStyle) -> Option<String> {
    let checks = report.checks.iter();
    let reads = checks.filter_map(|it| Some((it, it.subject.measured()?.figures.p50_ms)));
    let reads: Vec<(&Check, f64)> = reads.collect();
    let passing = reads.iter().filter(|it| it.0.verdict() == Verdict::Pass);
    let passing: Vec<&(&Check, f64)> = passing.collect();
    let slowest = passing.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let worst = reads.iter().map(|it| it.0.verdict()).max()?;
    Some(style.wrapped(&format!(
        "reads: {} of {} pass, the slowest of them is {}, {:.2} ms  {}\n",
        passing.len(),
        reads.len(),
        printable::text(&slowest.0.name),
        slowest.1,
        painted(worst, style.colour)
    )))
}

/// What dropping indexes does, a line each.
fn proofs(report: &CheckReport, colour: Colour) -> String {
    let line = |check: &Check, proof: &IndexProof| {
        let (ms, buffers) = match proof.without {
            Some(SampleCost { p50_ms, buffers }) => {
                (format!("{} ms", milliseconds(p50_ms)), grouped(buffers))
            }
            None => ("cut off".to_owned(), "many".to_owned()),
        };
        let end = match proof.fails {
            Some(FailingCheck::Plan) => {
                format!("the check {}, as it should", colour.green("fails"))
            }
            Some(FailingCheck::Coverage) => {
                format!("its coverage {}, as it should", colour.green("fails"))
            }
            None => format!("the check {}", colour.red("stays green")),
        };
        format!(
            "{} without {}: {} ms → {ms}, {} → {buffers} buffers; {end}\n",
            printable::text(&check.name),
            printable::text(&proof.index),
            milliseconds(proof.with.p50_ms),
            grouped(proof.with.buffers)
        )
    };
    let of_check = |check: &Check| {
        let proofs = check
            .subject
            .measured()
            .map(|it| &it.proofs[..])
            .unwrap_or_default();
        proofs
            .iter()
            .map(|proof| line(check, proof))
            .collect::<String>()
    };
    report.checks.iter().map(of_check).collect()
}

/// Each group of findings, with the suggested command on its own line: that isn't broken, for it to be copied.
fn findings(report: &CheckReport, style: TextStyle) -> Vec<String> {
    let section = |group: FindingGroup| {
        let line = |it: &SharedFinding| {
            let Finding { rule, message, .. } = it.finding;
            let verdict = painted(Verdict::from(it.finding.severity), style.colour);
            let about = printable::text(&it.about());
            style.wrapped(&format!("{verdict}  {about}: {message}  [{rule}]\n"))
        };
        let lines: String = group.findings.iter().map(line).collect();
        format!("{lines}      {}\n", group.help)
    };
    finding_groups(report).into_iter().map(section).collect()
}

/// The verdict and how many cases have which.
fn summary(report: &CheckReport, colour: Colour) -> String {
    let cases = report.cases();
    let mut counts: Vec<String> = Verdict::WORST_FIRST
        .into_iter()
        .map(|verdict| (report.count(verdict), verdict.name()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    let left_out = report.left_out().len();
    if left_out > 0 {
        counts.push(format!("{left_out} skipped"));
    }
    let checks = counted(cases.len() as u64, "check");
    if counts.is_empty() {
        counts.push("nothing was looked at".to_owned());
    }
    format!(
        "{}: {checks}: {}\n",
        painted(report.verdict(), colour),
        counts.join(", ")
    )
}

fn painted(verdict: Verdict, colour: Colour) -> String {
    match verdict {
        Verdict::Pass => colour.green(verdict.name()),
        Verdict::Fail | Verdict::Unstable => colour.red(verdict.name()),
        Verdict::Warn | Verdict::Unchecked => colour.yellow(verdict.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Detail;
    use crate::report::check::sample::report;

    #[test]
    fn the_verdict_and_the_findings_come_first() {
        assert_eq!(
            text(&report(), TextStyle::plain()),
            "\
fail: 9 checks: 1 fail, 1 unchecked, 7 pass, 1 skipped

fail  styles: what  [seq-scan]
      how

unchecked  empty: what  [no-rows]
      how

query   explain ms  p50 ms  p95 ms  p99 ms  max ms  buffers  rows  indexes        verdict
styles      812.34       -       -       -       -   73,529     1  products_pkey  fail
empty            -       -       -       -       -        -     -  -              unchecked

skus(style_id) without skus(style_id): 0.10 ms → 812 ms, 6 → 73,529 buffers; the check fails, as it should

foreign-keys: fk-not-indexed is waived, never joined: what
styles: its time was used up after 1 of 20 samples
related: skipped, left out
foreign keys: 5 of 6 have an index  pass
schema: 6 tables, compared with catalog  pass
reads: 1 of 2 pass, the slowest of them is skus(style_id), 0.10 ms  fail
"
        );
    }

    #[test]
    fn everything_has_a_line_a_read_and_its_sql() {
        let all = TextStyle {
            detail: Detail::All,
            ..TextStyle::plain()
        };
        let text = text(&report(), all);
        let expected = "\
query           explain ms  p50 ms  p95 ms  p99 ms  max ms  buffers  rows  indexes            verdict
skus(style_id)        0.10    0.20    0.30    0.40    0.50        6     6  skus_style_id_idx  pass
styles              812.34       -       -       -       -   73,529     1  products_pkey      fail
empty                    -       -       -       -       -        -     -  -                  unchecked

skus(style_id):
    SELECT * FROM skus
    WHERE style_id = $1
";
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn colours_are_kept_to_the_verdicts() {
        let coloured = text(
            &report(),
            TextStyle {
                colour: Colour::On,
                ..TextStyle::plain()
            },
        );
        assert!(
            coloured.contains("\x1b[31mfail\x1b[0m: 9 checks"),
            "{coloured}"
        );
        assert_eq!(coloured.matches("\x1b[0m").count(), 9, "{coloured}");
    }

    #[test]
    fn what_is_found_alike_is_told_once() {
        let mut report = report();
        report.checks[2].findings = report.checks[4].findings.clone();
        let text = text(&report, TextStyle::plain());
        assert!(
            text.contains("unchecked  skus(style_id), empty: what  [no-rows]\n      how\n"),
            "{text}"
        );
        assert_eq!(text.matches("[no-rows]").count(), 1);
    }

    #[test]
    fn what_helps_is_printed_once() {
        let mut report = report();
        let sample = report.checks[3].findings[0].clone();
        let finding = |message: &str, help: &str| Finding {
            message: message.to_owned(),
            help: help.to_owned(),
            ..sample.clone()
        };
        report.checks[3].findings = vec![
            finding("no index", "`seedrow index`, or: CREATE INDEX a;"),
            finding("no other", "`seedrow index`, or: CREATE INDEX b;"),
            finding("a scan", "`seedrow index`, or: CREATE INDEX a;"),
        ];
        let text = text(&report, TextStyle::plain());
        let expected = "\
fail  styles: no index  [seq-scan]
fail  styles: a scan  [seq-scan]
      `seedrow index`, or: CREATE INDEX a;

fail  styles: no other  [seq-scan]
      CREATE INDEX b;
";
        assert!(text.contains(expected), "{text}");
    }
}
