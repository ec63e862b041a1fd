//! The rules over plans and their figures, pure functions that give findings with what to type.

use std::collections::BTreeMap;
use std::time::Duration;

use super::coverage::build_help;
use super::finding::{Figures, Finding, Severity};
use super::measure::{STATEMENT_TIMEOUT, Stopped};
use super::query::Query;
use crate::index::{Coverage, Survey};
use crate::postgres::TableName;
use crate::postgres::catalog::Table;
use crate::postgres::explain::{Node, Plan};
use crate::postgres::name::quoted;
use crate::progress::grouped;

/// Up to here, reading a table from end to end is right: 128 pages are 1 MiB, read in well under a millisecond, and
/// the planner prefers it whatever indexes there are.
const SMALL_PAGES: u64 = 128;

/// What the rules know of the database beside the plans.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// All tables.
    pub tables: &'a [Table],
    /// The foreign keys and what would cover them.
    pub survey: &'a Survey,
    /// Bytes of one page.
    pub block_bytes: u64,
    /// See [`Settings::target_options`](super::Settings::target_options).
    pub target_options: &'a str,
}

/// No plan reads a table that isn't small from end to end (`seq-scan`); one finding a table.
pub fn seq_scans(plans: &[Plan], facts: Facts<'_>) -> Vec<Finding> {
    let mut seen: BTreeMap<&TableName, (&Table, &Node, &Plan, usize)> = BTreeMap::new();
    for plan in plans {
        let mut in_this_plan: Vec<&TableName> = Vec::new();
        for node in plan.nodes() {
            let Some(table) = large_scan(node, facts) else {
                continue;
            };
            if !in_this_plan.contains(&&table.name) {
                in_this_plan.push(&table.name);
                seen.entry(&table.name).or_insert((table, node, plan, 0)).3 += 1;
            }
        }
    }
    seen.into_values()
        .map(|(table, node, plan, count)| seq_scan(table, node, plan, (count, plans.len()), facts))
        .collect()
}

/// The table of a sequential scan that needs an index.
fn large_scan<'a>(node: &Node, facts: Facts<'a>) -> Option<&'a Table> {
    if node.node_type != "Seq Scan" {
        return None;
    }
    let (schema, relation) = (node.schema.as_deref()?, node.relation.as_deref()?);
    let table = facts
        .tables
        .iter()
        .find(|table| table.name.schema == schema && table.name.name == relation)?;
    // Without a filter, a scan that a LIMIT stopped early reads as little for any value. With one, it was luck.
    let stopped_early = node.filter.is_none()
        && node.loops > 0.0
        && node.buffers() > 0
        && node.buffers() <= SMALL_PAGES;
    (pages(table, facts) > SMALL_PAGES && !stopped_early).then_some(table)
}

fn pages(table: &Table, facts: Facts<'_>) -> u64 {
    table.bytes / facts.block_bytes.max(1)
}

fn seq_scan(
    table: &Table,
    node: &Node,
    plan: &Plan,
    (count, of): (usize, usize),
    facts: Facts<'_>,
) -> Finding {
    let filter = match &node.filter {
        Some(filter) => format!(" for the rows where {filter}"),
        None => String::new(),
    };
    let samples = match (count, of) {
        (_, 1) => String::new(),
        (count, of) if count == of => format!(", in all {of} samples"),
        (count, of) => format!(", in {count} of {of} samples"),
    };
    Finding {
        rule: "seq-scan",
        severity: Severity::Fail,
        message: format!(
            "a sequential scan reads all {} pages of {}{filter}{samples}",
            grouped(pages(table, facts)),
            table.name.within(&facts.survey.home),
        ),
        help: scan_help(table, node, plan, facts),
    }
}

fn scan_help(table: &Table, node: &Node, plan: &Plan, facts: Facts<'_>) -> String {
    let owner = table.root_oid.unwrap_or(table.oid);
    let asked_for = |key: &&Coverage| {
        let columns = &key.foreign_key.columns;
        key.foreign_key.table_oid == owner && columns.iter().any(|c| compares(plan, node, &c.name))
    };
    let keys: Vec<&Coverage> = facts.survey.keys.iter().filter(asked_for).collect();
    if let Some(key) = keys.iter().find(|key| !key.verdict.is_covered()) {
        return build_help(facts.survey, &key.foreign_key, facts.target_options);
    }
    if let Some(key) = keys.first() {
        return format!(
            "ANALYZE {};   -- {}, but the planner expects too many rows",
            table.name,
            key.verdict.reason()
        );
    }
    match &node.filter {
        Some(_) => format!(
            "CREATE INDEX ON {} (…);   -- on the columns that the filter compares",
            table.name
        ),
        None => "give the query a WHERE that an index serves, or a LIMIT: it asks for every row"
            .to_owned(),
    }
}

/// Whether any condition of the plan speaks of this column of the scanned table, as VERBOSE writes it: `alias.column`.
fn compares(plan: &Plan, scan: &Node, column: &str) -> bool {
    let Some(alias) = scan.alias.as_deref() else {
        return false;
    };
    let written = format!("{}.{}", quoted(alias), quoted(column));
    let nodes = plan.nodes();
    let mut conditions = nodes.iter().flat_map(|node| node.conditions());
    conditions.any(|condition| {
        condition
            .match_indices(&written)
            .any(|(at, found)| stands_alone(condition, at, at + found.len()))
    })
}

pub fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '"' | '.');
    !text[..start].ends_with(part_of_name) && !text[end..].starts_with(part_of_name)
}

/// The median keeps to the budget, and so, nearly always, does the 95th percentile (`over-budget`). What else was found
/// is mended first.
pub fn over_budget(
    query: &Query,
    figures: &Figures,
    budget: Duration,
    stopped: Option<Stopped>,
    else_found: &[Finding],
    target_options: &str,
) -> Option<Finding> {
    let budget_ms = milliseconds(budget);
    let over =
        |what: &str, ms: f64| format!("{what}, {ms:.2} ms, is over the budget of {budget_ms} ms");
    let (severity, message) = if stopped == Some(Stopped::CutOff) {
        let message = format!("it had not ended after {} s", STATEMENT_TIMEOUT.as_secs());
        let over = budget < STATEMENT_TIMEOUT;
        (
            if over {
                Severity::Fail
            } else {
                Severity::Unchecked
            },
            message,
        )
    } else if figures.p50_ms > budget_ms {
        (Severity::Fail, over("the median", figures.p50_ms))
    } else if figures.p95_ms > budget_ms {
        (Severity::Warn, over("the 95th percentile", figures.p95_ms))
    } else {
        return None;
    };
    let first = match else_found.is_empty() {
        true => "",
        false => "mend what else is found; ",
    };
    Some(Finding {
        rule: "over-budget",
        severity,
        message,
        help: format!(
            "{first}`seedrow check{target_options} --format json` shows the plan, `-- budget:` in {} allows more",
            query.path
        ),
    })
}

/// A duration in milliseconds.
pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::QueryFile;
    use crate::index::{Verdict, propose, samples};
    use crate::postgres::catalog::{ForeignKey, KeyColumn, TableKind};

    const UNINDEXED: &str = include_str!("../../tests/fixtures/plans/styles-unindexed.json");
    const INDEXED: &str = include_str!("../../tests/fixtures/plans/styles-indexed.json");
    const LIMIT: &str = include_str!("../../tests/fixtures/plans/limit.json");
    const HASH_JOIN: &str = include_str!("../../tests/fixtures/plans/hash-join.json");
    const PAGE: u64 = 8192;

    fn table(oid: u32, name: &str, pages: u64) -> Table {
        Table {
            oid,
            name: TableName::new("public", name),
            kind: TableKind::Ordinary,
            root_oid: None,
            pages,
            rows: 0.0,
            all_visible: 0,
            bytes: pages * PAGE,
        }
    }

    fn tables() -> Vec<Table> {
        let names = ["products", "styles", "photos", "skus"];
        let sized = (1..).zip(names).map(|(oid, name)| table(oid, name, 1_000));
        sized.collect()
    }

    fn key(oid: u32, table: &str, column: &str) -> ForeignKey {
        ForeignKey {
            name: format!("{table}_{column}_fkey"),
            table: TableName::new("public", table),
            table_oid: oid,
            columns: vec![KeyColumn {
                name: column.into(),
                number: 2,
            }],
            ..samples::foreign_key(&[2])
        }
    }

    fn survey(verdict: &Verdict) -> Survey {
        let keys = [
            key(2, "styles", "product_id"),
            key(3, "photos", "style_id"),
            key(4, "skus", "style_id"),
        ];
        let missing: Vec<&ForeignKey> = keys.iter().filter(|_| !verdict.is_covered()).collect();
        Survey {
            proposals: propose(&missing, &[], &mut Default::default()),
            home: "public".into(),
            keys: keys
                .iter()
                .map(|key| Coverage {
                    foreign_key: key.clone(),
                    verdict: verdict.clone(),
                })
                .collect(),
        }
    }

    fn found(plan: &str, tables: &[Table], survey: &Survey) -> Vec<Finding> {
        let plans = [Plan::parse(plan).unwrap()];
        seq_scans(
            &plans,
            Facts {
                tables,
                survey,
                block_bytes: PAGE,
                target_options: "",
            },
        )
    }

    #[test]
    fn a_scan_of_a_large_table_fails_and_names_the_index() {
        let findings = found(UNINDEXED, &tables(), &survey(&Verdict::Uncovered));
        let helps: Vec<&str> = findings.iter().map(|f| f.help.as_str()).collect();
        assert_eq!(
            helps,
            [
                "`seedrow index`, or: CREATE INDEX photos_style_id_idx ON public.photos (style_id);",
                "`seedrow index`, or: CREATE INDEX skus_style_id_idx ON public.skus (style_id);",
                "`seedrow index`, or: CREATE INDEX styles_product_id_idx ON public.styles (product_id);",
            ]
        );
        assert_eq!(
            findings[1].message,
            "a sequential scan reads all 1,000 pages of skus for the rows where (sku.style_id = style.id)"
        );
    }

    #[test]
    fn samples_that_agree_are_one_finding() {
        let plans = [UNINDEXED, INDEXED, UNINDEXED].map(|plan| Plan::parse(plan).unwrap());
        let (tables, survey) = (tables(), survey(&Verdict::Uncovered));
        let findings = seq_scans(
            &plans,
            Facts {
                tables: &tables,
                survey: &survey,
                block_bytes: PAGE,
                target_options: "",
            },
        );
        assert_eq!(findings.len(), 3);
        assert!(
            findings[0].message.ends_with(", in 2 of 3 samples"),
            "{}",
            findings[0].message
        );
    }

    #[test]
    fn a_scan_of_a_small_table_is_right() {
        let mut tables = tables();
        for table in &mut tables {
            table.bytes = SMALL_PAGES * PAGE;
        }
        assert_eq!(found(UNINDEXED, &tables, &survey(&Verdict::Uncovered)), []);
    }

    #[test]
    fn index_scans_and_limits_pass() {
        assert_eq!(found(INDEXED, &tables(), &survey(&Verdict::Uncovered)), []);
        assert_eq!(found(LIMIT, &tables(), &survey(&Verdict::Uncovered)), []);
    }

    #[test]
    fn advice_fits_what_is_there() {
        let covered = survey(&Verdict::Covered { index: "x".into() });
        let findings = found(HASH_JOIN, &tables(), &covered);
        let help = |table: &str| {
            let of_table = findings
                .iter()
                .find(|f| f.message.contains(&format!("of {table}")));
            of_table.map(|f| f.help.as_str()).unwrap_or_default()
        };
        assert!(
            help("styles").starts_with("ANALYZE public.styles;"),
            "{}",
            help("styles")
        );
        assert!(
            help("products").starts_with("CREATE INDEX ON public.products"),
            "{}",
            help("products")
        );
    }

    #[test]
    fn columns_are_not_found_within_other_names() {
        let alone = |text: &str| {
            text.match_indices("a.id")
                .any(|(at, f)| stands_alone(text, at, at + f.len()))
        };
        assert!(alone("(a.id = 1)") && alone("((a.id_2 = 1) AND (a.id = 2))"));
        for text in ["(a.id_2 = 1)", "(aa.id = 1)", "(x.a.id = 1)", "(a.id$ = 1)"] {
            assert!(!alone(text), "{text}");
        }
    }

    fn query() -> Query {
        let file = QueryFile {
            name: "q".into(),
            path: "q.sql".into(),
            text: "SELECT 1".into(),
        };
        Query::parse(&file).unwrap()
    }

    fn figures(p50_ms: f64, p95_ms: f64) -> Figures {
        Figures {
            p50_ms,
            p95_ms,
            max_ms: p95_ms,
            buffers: 0,
            rows: 1.0,
            indexes: vec![],
        }
    }

    #[test]
    fn the_budget_is_for_the_median_and_warns_of_the_rest() {
        let query = query();
        let severity = |p50, p95, stopped| {
            let budget = Duration::from_millis(10);
            let found = over_budget(&query, &figures(p50, p95), budget, stopped, &[], "");
            found.map(|f| f.severity)
        };
        assert_eq!(severity(1.0, 10.0, None), None);
        assert_eq!(severity(1.0, 10.1, None), Some(Severity::Warn));
        assert_eq!(severity(10.1, 11.0, None), Some(Severity::Fail));
        assert_eq!(
            severity(0.0, 0.0, Some(Stopped::CutOff)),
            Some(Severity::Fail)
        );
        assert_eq!(severity(1.0, 1.0, Some(Stopped::Cap { of: 20 })), None);
    }
    #[test]
    fn over_budget_speaks_of_other_findings_only_when_there_are_some() {
        let query = query();
        let help = |else_found: &[Finding]| {
            let (budget, options) = (Duration::from_millis(1), " --url postgresql:///shop");
            let figures = figures(2.0, 2.0);
            let found = over_budget(&query, &figures, budget, None, else_found, options);
            found.unwrap().help
        };
        let alone = "`seedrow check --url postgresql:///shop --format json` shows the plan, `-- budget:` in q.sql allows more";
        assert_eq!(help(&[]), alone);
        let scans = found(UNINDEXED, &tables(), &survey(&Verdict::Uncovered));
        assert_eq!(help(&scans), format!("mend what else is found; {alone}"));
    }
}
