//! Which tables are read from end to end, though an index would do.

use std::collections::BTreeMap;

use super::facts::{Facts, Purpose};
use super::large_scans::{LargeScan, large_scans};
use super::wording::{in_samples, is_whole_name};
use crate::check::finding::{Finding, Severity};
use crate::check::index_advice::build_help;
use crate::check::measurement::AccessPath;
use crate::index::IndexCoverage;
use crate::postgres::TableName;
use crate::postgres::explain::{Node, Plan};
use crate::postgres::name::quoted;
use crate::units::grouped;

/// No plan reads a table that isn't small from end to end (`seq-scan`); one finding a table. `capability` is what the
/// planner could do.
pub fn seq_scans(
    plans: &[Plan],
    purpose: Purpose,
    capability: AccessPath,
    facts: Facts<'_>,
) -> Vec<Finding> {
    let mut seen: BTreeMap<&TableName, (LargeScan, &Plan, usize)> = BTreeMap::new();
    for plan in plans {
        let mut in_this_plan: Vec<&TableName> = Vec::new();
        for scan in large_scans(plan, purpose, facts) {
            let name = &scan.whole.name;
            if !in_this_plan.contains(&name) {
                in_this_plan.push(name);
                seen.entry(name).or_insert((scan, plan, 0)).2 += 1;
            }
        }
    }
    let seen = seen.into_values();
    seen.map(|(scan, plan, count)| Finding {
        rule: "seq-scan",
        severity: Severity::Fail,
        on: None,
        message: format!(
            "a sequential scan reads {}{}",
            what(scan, facts),
            in_samples(count, plans.len())
        ),
        help: scan_help(scan, plan, capability, facts),
    })
    .collect()
}

/// How the plan reaches the tables that aren't small.
pub fn access(plan: &Plan, purpose: Purpose, facts: Facts<'_>) -> AccessPath {
    if !large_scans(plan, purpose, facts).is_empty() {
        AccessPath::Scan
    } else if plan.nodes().iter().any(|node| node.is_opaque()) {
        AccessPath::Unknown
    } else {
        AccessPath::Index
    }
}

/// The plan made without knowing the values reads no large table from end to end (`generic-plan`).
pub fn generic_plan(generic: &Plan, purpose: Purpose, facts: Facts<'_>) -> Option<Finding> {
    let scan = large_scans(generic, purpose, facts).into_iter().next()?;
    let what = what(scan, facts);
    Some(Finding {
        rule: "generic-plan",
        severity: Severity::Warn,
        on: None,
        message: format!("planned once for all values, a sequential scan reads {what}"),
        help:
            "Postgres takes such a plan after five executions where it expects it to cost no more; \
               `SET plan_cache_mode = force_custom_plan` plans for the values each time"
                .to_owned(),
    })
}

/// `all 6,155 pages of skus for the rows where (…)`
fn what(scan: LargeScan, facts: Facts<'_>) -> String {
    let filter = match &scan.node.filter {
        Some(filter) => format!(" for the rows where {filter}"),
        None => String::new(),
    };
    let parts = match scan.parts {
        1 => String::new(),
        parts => format!("{} partitions of ", grouped(parts as u64)),
    };
    format!(
        "all {} pages of {parts}{}{filter}",
        grouped(scan.pages),
        scan.whole.name.within(&facts.survey.home),
    )
}

fn scan_help(scan: LargeScan, plan: &Plan, capability: AccessPath, facts: Facts<'_>) -> String {
    let (node, table) = (scan.node, scan.whole);
    let owner = table.root_oid.unwrap_or(table.oid);
    let asked_for = |key: &&IndexCoverage| {
        let columns = &key.foreign_key.columns;
        key.foreign_key.table_oid == owner && columns.iter().any(|c| compares(plan, node, &c.name))
    };
    let keys: Vec<&IndexCoverage> = facts.survey.keys.iter().filter(asked_for).collect();
    if let Some(key) = keys.iter().find(|key| key.verdict.is_missing()) {
        return build_help(facts.survey, &key.foreign_key);
    }
    if let Some(key) = keys.first() {
        return format!(
            "ANALYZE {};   -- {}, but the planner expects too many rows",
            table.name,
            key.verdict.reason()
        );
    }
    if capability == AccessPath::Index {
        return format!(
            "ANALYZE {};   -- an index could serve it, but the planner expects the scan to cost less",
            table.name
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

/// Whether any condition of the plan is about this column of the scanned table, as VERBOSE writes it: `alias.column`.
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
            .any(|(at, found)| is_whole_name(condition, at, at + found.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::rules::facts::SMALL_PAGES;
    use crate::index::{CoverageVerdict, Survey, propose, samples};
    use crate::postgres::catalog::{ForeignKey, KeyColumn, Table, TableKind};
    use crate::suggestion::TARGET;

    const UNINDEXED: &str = include_str!("../../../tests/fixtures/plans/styles-unindexed.json");
    const INDEXED: &str = include_str!("../../../tests/fixtures/plans/styles-indexed.json");
    const LIMIT: &str = include_str!("../../../tests/fixtures/plans/limit.json");
    const HASH_JOIN: &str = include_str!("../../../tests/fixtures/plans/hash-join.json");
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

    fn survey(verdict: &CoverageVerdict) -> Survey {
        let keys = [
            key(2, "styles", "product_id"),
            key(3, "photos", "style_id"),
            key(4, "skus", "style_id"),
        ];
        let missing: Vec<&ForeignKey> = keys.iter().filter(|_| !verdict.is_covered()).collect();
        Survey {
            proposals: propose(&missing, &[], &[], &mut Default::default()),
            useless: Vec::new(),
            home: "public".into(),
            keys: keys
                .iter()
                .map(|key| IndexCoverage {
                    foreign_key: key.clone(),
                    verdict: verdict.clone(),
                    index_bytes: None,
                })
                .collect(),
        }
    }

    fn found(plan: &str, tables: &[Table], survey: &Survey) -> Vec<Finding> {
        let plans = [Plan::parse(plan).unwrap()];
        let facts = facts(tables, survey);
        seq_scans(&plans, Purpose::Query, AccessPath::Scan, facts)
    }

    fn facts<'a>(tables: &'a [Table], survey: &'a Survey) -> Facts<'a> {
        Facts {
            tables,
            indexes: &[],
            survey,
            block_bytes: PAGE,
        }
    }

    #[test]
    fn a_scan_of_a_large_table_fails_and_names_the_index() {
        let findings = found(UNINDEXED, &tables(), &survey(&CoverageVerdict::Uncovered));
        let helps: Vec<&str> = findings.iter().map(|f| f.help.as_str()).collect();
        assert_eq!(
            helps,
            [
                format!(
                    "`seedrow index{TARGET}`, or: CREATE INDEX photos_style_id_idx ON public.photos (style_id);"
                ),
                format!(
                    "`seedrow index{TARGET}`, or: CREATE INDEX skus_style_id_idx ON public.skus (style_id);"
                ),
                format!(
                    "`seedrow index{TARGET}`, or: CREATE INDEX styles_product_id_idx ON public.styles (product_id);"
                ),
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
        let (tables, survey) = (tables(), survey(&CoverageVerdict::Uncovered));
        let findings = seq_scans(
            &plans,
            Purpose::Query,
            AccessPath::Scan,
            facts(&tables, &survey),
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
        assert_eq!(
            found(UNINDEXED, &tables, &survey(&CoverageVerdict::Uncovered)),
            []
        );
    }

    #[test]
    fn index_scans_and_limits_pass() {
        assert_eq!(
            found(INDEXED, &tables(), &survey(&CoverageVerdict::Uncovered)),
            []
        );
        assert_eq!(
            found(LIMIT, &tables(), &survey(&CoverageVerdict::Uncovered)),
            []
        );
    }

    #[test]
    fn advice_fits_what_is_there() {
        let covered = survey(&CoverageVerdict::Covered { index: "x".into() });
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
                .any(|(at, f)| is_whole_name(text, at, at + f.len()))
        };
        assert!(alone("(a.id = 1)") && alone("((a.id_2 = 1) AND (a.id = 2))"));
        for text in ["(a.id_2 = 1)", "(aa.id = 1)", "(x.a.id = 1)", "(a.id$ = 1)"] {
            assert!(!alone(text), "{text}");
        }
    }

    #[test]
    fn a_lookup_that_wants_much_of_a_table_may_read_it_all() {
        let scan = |rows: f64| {
            let node = format!(
                r#"{{"Node Type": "Seq Scan", "Schema": "public", "Relation Name": "skus", "Filter": "(style_id = 1)", "Actual Rows": {rows}, "Actual Loops": 1, "Shared Hit Blocks": 1000}}"#
            );
            Plan::parse(&format!(r#"[{{"Plan": {node}}}]"#)).unwrap()
        };
        let (tables, survey) = (tables(), survey(&CoverageVerdict::Uncovered));
        let access = |rows, purpose| access(&scan(rows), purpose, facts(&tables, &survey));
        assert_eq!(access(249.0, Purpose::Lookup), AccessPath::Scan);
        assert_eq!(access(250.0, Purpose::Lookup), AccessPath::Index);
        assert_eq!(access(250.0, Purpose::Query), AccessPath::Scan);
    }

    #[test]
    fn a_plan_without_values_warns() {
        let (tables, survey) = (tables(), survey(&CoverageVerdict::Uncovered));
        let plan = Plan::parse(UNINDEXED).unwrap();
        let finding = generic_plan(&plan, Purpose::Query, facts(&tables, &survey)).unwrap();
        assert_eq!(finding.severity, Severity::Warn);
        assert!(
            finding.message.contains("reads all 1,000 pages of"),
            "{finding:?}"
        );
        let plan = Plan::parse(INDEXED).unwrap();
        assert_eq!(
            generic_plan(&plan, Purpose::Query, facts(&tables, &survey)),
            None
        );
    }
}
