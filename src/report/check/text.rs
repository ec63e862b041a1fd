//! The report as text: a line per query, the findings with suggested commands, the verdict.

use super::finding_groups::{FindingGroup, SharedFinding, finding_groups};
use crate::check::{
    Check, CheckReport, FailingCheck, Finding, IndexProof, Latency, Measurements, SampleCost,
    Subject, Verdict, WaivedFinding,
};
use crate::printable;
use crate::report::colour::Colour;
use crate::report::figures::milliseconds;
use crate::report::table::{Align, table_with_spare};
use crate::units::{counted, grouped};

/// More lookups that pass, or reads that were skipped, are summed up.
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
pub fn text(report: &CheckReport, colour: Colour) -> String {
    let mut sections = vec![
        queries(report, colour),
        notes(report, colour),
        proofs(report, colour),
    ];
    sections.extend(findings(report, colour));
    sections.push(summary(report, colour));
    sections.retain(|section| !section.is_empty());
    sections.join("\n")
}

fn queries(report: &CheckReport, colour: Colour) -> String {
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
    let many = report
        .checks
        .iter()
        .filter(|it| passing_lookup(it).is_some())
        .count()
        > FEW;
    let rows: Vec<Vec<String>> = report
        .checks
        .iter()
        .filter(|check| !(many && passing_lookup(check).is_some()))
        .filter_map(|check| match &check.subject {
            Subject::Query(measured) | Subject::Lookup(measured) => {
                Some(row(check, measured.as_ref(), colour))
            }
            Subject::ForeignKeys { .. } | Subject::Schema { .. } => None,
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    table_with_spare(&columns, &SPARE, rows)
}

/// The measurements of a lookup without findings.
fn passing_lookup(check: &Check) -> Option<&Measurements> {
    match &check.subject {
        Subject::Lookup(measured) if check.verdict() == Verdict::Pass => measured.as_ref(),
        _ => None,
    }
}

fn row(check: &Check, measured: Option<&Measurements>, colour: Colour) -> Vec<String> {
    let mut row = vec![printable::text(&check.name)];
    match measured.filter(|measured| !measured.samples.is_empty()) {
        Some(Measurements {
            figures, latency, ..
        }) => row.extend([
            format!("{:.2}", figures.p50_ms),
            at_client(latency, |latency| latency.p50_ms),
            at_client(latency, |latency| latency.p95_ms),
            at_client(latency, |latency| latency.p99_ms),
            at_client(latency, |latency| latency.max_ms),
            grouped(figures.buffers),
            format!("{:.0}", figures.rows),
            match figures.indexes.is_empty() {
                true => "none".to_owned(),
                false => printable::text(&figures.indexes.join(", ")),
            },
        ]),
        None => row.extend(["-"; 8].map(str::to_owned)),
    }
    row.push(painted(check.verdict(), colour));
    row
}

fn at_client(latency: &Option<Latency>, figure: fn(&Latency) -> f64) -> String {
    latency
        .as_ref()
        .map_or_else(|| "-".to_owned(), |it| format!("{:.2}", figure(it)))
}

/// One line each: the foreign keys, the schema, queries whose sampling ended early, queries left out.
fn notes(report: &CheckReport, colour: Colour) -> String {
    let of_check = |check: &Check| match &check.subject {
        Subject::ForeignKeys { covered, total, .. } => {
            let verdict = painted(check.verdict(), colour);
            let have = if *covered == 1 { "has" } else { "have" };
            Some(match total {
                0 => format!("foreign keys: none  {verdict}\n"),
                _ => format!("foreign keys: {covered} of {total} {have} an index  {verdict}\n"),
            })
        }
        Subject::Schema { against, tables } => {
            let verdict = painted(check.verdict(), colour);
            let tables = counted(*tables as u64, "table");
            let against = against.as_ref().map(|it| format!(", compared with {it}"));
            Some(format!(
                "schema: {tables}{}  {verdict}\n",
                against.unwrap_or_default()
            ))
        }
        Subject::Query(measured) | Subject::Lookup(measured) => {
            let why = measured.as_ref()?.stopped.as_ref()?;
            Some(format!("{}: {why}\n", printable::text(&check.name)))
        }
    };
    let waived = |check: &Check| {
        let line = |waived: &WaivedFinding| {
            let WaivedFinding { finding, reason } = waived;
            let Finding { rule, message, .. } = finding;
            let name = printable::text(&check.name);
            format!("{name}: {rule} is waived, {reason}: {message}\n")
        };
        check.waived.iter().map(line).collect::<String>()
    };
    let checks = report
        .checks
        .iter()
        .map(|check| of_check(check).unwrap_or_default() + &waived(check));
    let shown = report.skipped.iter().take(FEW);
    let shown = shown.map(|skipped| {
        let name = printable::text(&skipped.name);
        format!("{name}: skipped, {}\n", skipped.reason)
    });
    let more = report.skipped.len().saturating_sub(FEW);
    let more = (more > 0).then(|| format!("and {more} more skipped\n"));
    checks
        .chain(passing_lookups(report))
        .chain(shown)
        .chain(more)
        .collect()
}

/// One line for all lookups that pass, where they are many.
fn passing_lookups(report: &CheckReport) -> Option<String> {
    let passing = report
        .checks
        .iter()
        .filter_map(|it| Some((it, passing_lookup(it)?)));
    let passing: Vec<(&Check, &Measurements)> = passing.collect();
    let slowest = passing.iter().max_by(|a, b| {
        let time = |it: &Measurements| it.figures.p50_ms;
        time(a.1).total_cmp(&time(b.1))
    })?;
    (passing.len() > FEW).then(|| {
        format!(
            "{} lookups of foreign keys pass; the slowest is {}, {:.2} ms\n",
            passing.len(),
            printable::text(&slowest.0.name),
            slowest.1.figures.p50_ms
        )
    })
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

/// Each group of findings, with the suggested command on its own line.
fn findings(report: &CheckReport, colour: Colour) -> Vec<String> {
    let section = |group: FindingGroup| {
        let verdict = painted(Verdict::from(group.severity), colour);
        let line = |it: &SharedFinding| {
            let Finding { rule, message, .. } = it.finding;
            let names = printable::text(&it.checks.join(", "));
            format!("{verdict}  {names}: {message}  [{rule}]\n")
        };
        let lines: String = group.findings.iter().map(line).collect();
        format!("{lines}      {}\n", group.help)
    };
    finding_groups(report).into_iter().map(section).collect()
}

fn summary(report: &CheckReport, colour: Colour) -> String {
    let verdicts = [
        Verdict::Fail,
        Verdict::Unstable,
        Verdict::Unchecked,
        Verdict::Warn,
        Verdict::Pass,
    ];
    let mut counts: Vec<String> = verdicts
        .into_iter()
        .map(|verdict| (report.count(verdict), verdict.name()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    if !report.skipped.is_empty() {
        counts.push(format!("{} skipped", report.skipped.len()));
    }
    let checks = counted(report.checks.len() as u64, "check");
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
    use crate::report::check::sample::report;

    #[test]
    fn text_has_a_line_a_query_and_every_finding() {
        assert_eq!(
            text(&report(), Colour::Off),
            "\
query           explain ms  p50 ms  p95 ms  p99 ms  max ms  buffers  rows  indexes            verdict
skus(style_id)        0.10    0.20    0.30    0.40    0.50        6     6  skus_style_id_idx  pass
styles              812.34       -       -       -       -   73,529     1  products_pkey      fail
empty                    -       -       -       -       -        -     -  -                  unchecked

foreign keys: 5 of 6 have an index  pass
foreign-keys: fk-not-indexed is waived, never joined: what
schema: 6 tables, compared with catalog  pass
styles: its time was used up after 1 of 20 samples
related: skipped, left out

skus(style_id) without skus(style_id): 0.10 ms → 812 ms, 6 → 73,529 buffers; the check fails, as it should

fail  styles: what  [seq-scan]
      how

unchecked  empty: what  [no-rows]
      how

fail: 5 checks: 1 fail, 1 unchecked, 3 pass, 1 skipped
"
        );
    }

    #[test]
    fn colours_are_kept_to_the_verdicts() {
        let coloured = text(&report(), Colour::On);
        assert!(
            coloured.contains("\x1b[31mfail\x1b[0m: 5 checks"),
            "{coloured}"
        );
        assert_eq!(coloured.matches("\x1b[0m").count(), 9, "{coloured}");
    }

    #[test]
    fn what_is_found_alike_is_told_once() {
        let mut report = report();
        report.checks[2].findings = report.checks[4].findings.clone();
        let text = text(&report, Colour::Off);
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
        let text = text(&report, Colour::Off);
        let expected = "\
fail  styles: no index  [seq-scan]
fail  styles: a scan  [seq-scan]
      `seedrow index`, or: CREATE INDEX a;

fail  styles: no other  [seq-scan]
      CREATE INDEX b;
";
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn many_lookups_that_pass_are_one_line() {
        let mut report = report();
        let lookup = report.checks[2].clone();
        report.checks = vec![lookup; FEW + 1];
        let text = text(&report, Colour::Off);
        assert!(
            text.starts_with(
                "13 lookups of foreign keys pass; the slowest is skus(style_id), 0.10 ms\n"
            ),
            "{text}"
        );
    }
}
