//! Work done for nothing: rows fetched and thrown away, rows that didn't fit into memory.

use std::collections::BTreeMap;

use super::facts::Facts;
use super::wording::{distinct, in_samples};
use crate::check::finding::{Finding, Severity};
use crate::postgres::explain::{Node, NodeKind, Plan};
use crate::postgres::name::quoted;
use crate::units::{grouped, whole};

/// So many rows thrown away, and so many times those kept, are worth a warning.
const REMOVED: (f64, f64) = (1_000.0, 10.0);

/// No node writes rows to disk because `work_mem` is too small for them (`spill`).
pub fn spills(plans: &[Plan], facts: Facts<'_>) -> Vec<Finding> {
    let mut seen: BTreeMap<&NodeKind, (u64, Vec<usize>)> = BTreeMap::new();
    for (sample, plan) in plans.iter().enumerate() {
        for node in plan.nodes() {
            let below: u64 = node.plans.iter().map(|below| below.temp_written).sum();
            let pages = node.temp_written.saturating_sub(below);
            if pages > 0 {
                let (most, samples) = seen.entry(&node.kind).or_default();
                *most = pages.max(*most);
                samples.push(sample);
            }
        }
    }
    let finding = |(kind, (pages, samples)): (&NodeKind, (u64, Vec<usize>))| {
        let megabytes = (pages * facts.block_bytes).div_ceil(1 << 20);
        Finding {
            rule: "spill",
            severity: Severity::Warn,
            on: None,
            message: format!(
                "its {kind} writes {} pages to disk, {} MiB{}",
                grouped(pages),
                grouped(megabytes),
                in_samples(distinct(samples), plans.len())
            ),
            // In memory rows take more room than on disk.
            help: format!(
                "SET work_mem = '{}MB', or have the query take fewer rows",
                (megabytes * 3).next_power_of_two()
            ),
        }
    };
    seen.into_iter().map(finding).collect()
}

/// No index scan fetches rows only to throw most of them away (`rows-removed`) in more than half of the samples.
pub fn rows_removed(plans: &[Plan], facts: Facts<'_>) -> Vec<Finding> {
    let mut seen: BTreeMap<(&str, &str), (&Node, Vec<usize>)> = BTreeMap::new();
    for (sample, plan) in plans.iter().enumerate() {
        for node in plan.nodes().into_iter().filter(|node| throws_away(node)) {
            if let (Some(relation), Some(filter)) = (&node.relation, &node.filter) {
                let none = || (node, Vec::new());
                let (worst, samples) = seen.entry((relation, filter)).or_insert_with(none);
                samples.push(sample);
                if removed(node) > removed(worst) {
                    *worst = node;
                }
            }
        }
    }
    let finding = |((relation, filter), (node, samples)): ((&str, &str), (&Node, Vec<usize>))| {
        let table = facts.table(node)?;
        let count = distinct(samples);
        (count * 2 > plans.len()).then(|| Finding {
            rule: "rows-removed",
            severity: Severity::Warn,
            on: None,
            message: format!(
                "the {} of {} throws {} of {} rows away by {filter}{}",
                node.kind,
                quoted(relation),
                whole(removed(node)),
                whole(removed(node) + node.rows * node.loops),
                in_samples(count, plans.len())
            ),
            help: format!(
                "CREATE INDEX ON {} (…);   -- on the columns that the filter compares, too",
                table.name
            ),
        })
    };
    seen.into_iter().filter_map(finding).collect()
}

fn throws_away(node: &Node) -> bool {
    let (rows, times) = REMOVED;
    node.fetches_by_index()
        && removed(node) >= rows
        && removed(node) >= times * node.rows * node.loops
}

fn removed(node: &Node) -> f64 {
    node.removed_by_filter * node.loops
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::Survey;
    use crate::postgres::TableName;
    use crate::postgres::catalog::{Table, TableKind};

    fn plan(text: &str) -> Plan {
        Plan::parse(&format!(r#"[{{"Plan": {text}}}]"#)).unwrap()
    }

    fn with_facts<T>(then: impl FnOnce(Facts<'_>) -> T) -> T {
        let survey = Survey {
            keys: vec![],
            proposals: vec![],
            useless: vec![],
            home: "public".into(),
        };
        let tables = [Table {
            oid: 1,
            name: TableName::new("public", "t"),
            kind: TableKind::Ordinary,
            root_oid: None,
            pages: 0,
            rows: 0.0,
            all_visible: 0,
            bytes: 0,
        }];
        then(Facts {
            tables: &tables,
            indexes: &[],
            survey: &survey,
            block_bytes: 8192,
        })
    }

    #[test]
    fn a_sort_on_disk_warns_with_the_memory_it_needs() {
        let sort = r#"{"Node Type": "Aggregate", "Temp Written Blocks": 1280, "Actual Loops": 1, "Plans": [
            {"Node Type": "Sort", "Temp Written Blocks": 1280, "Actual Loops": 1}]}"#;
        let found = with_facts(|facts| spills(&[plan(sort)], facts));
        assert_eq!(found.len(), 1, "the sort's own, not the aggregate's");
        assert_eq!(
            found[0].message,
            "its Sort writes 1,280 pages to disk, 10 MiB"
        );
        assert!(
            found[0].help.starts_with("SET work_mem = '32MB'"),
            "{}",
            found[0].help
        );
    }

    #[test]
    fn rows_thrown_away_warn() {
        let scan = |kept: u64, removed: u64| {
            plan(&format!(
                r#"{{"Node Type": "Index Scan", "Schema": "public", "Relation Name": "t", "Filter": "(a = 1)",
                    "Actual Rows": {kept}, "Rows Removed by Filter": {removed}, "Actual Loops": 1}}"#
            ))
        };
        let found = |plans: &[Plan]| with_facts(|facts| rows_removed(plans, facts));
        assert_eq!(found(&[scan(5, 999)]), []);
        assert_eq!(found(&[scan(500, 4_000)]), []);
        let findings = found(&[scan(5, 2_000), scan(5, 3_000), scan(5, 10)]);
        assert_eq!(
            findings[0].message,
            "the Index Scan of t throws 3,000 of 3,005 rows away by (a = 1), in 2 of 3 samples"
        );
        assert_eq!(found(&[scan(5, 2_000), scan(5, 10)]), []);
        // Of the shards of one table: a sample is counted once.
        let shards = |count: usize| {
            let shard = r#"{"Node Type": "Index Scan", "Schema": "public", "Relation Name": "t", "Filter": "(a = 1)",
                "Actual Rows": 1, "Rows Removed by Filter": 2000, "Actual Loops": 1}"#;
            let shards = vec![shard; count].join(", ");
            plan(&format!(
                r#"{{"Node Type": "Append", "Actual Loops": 1, "Plans": [{shards}]}}"#
            ))
        };
        let message = &found(&[shards(8), shards(8), scan(5, 10)])[0].message;
        assert!(message.ends_with(", in 2 of 3 samples"), "{message}");
        assert_eq!(found(&[shards(8), scan(5, 10), scan(5, 10)]), []);
    }
}
