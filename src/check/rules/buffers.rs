//! How many pages the scans of a plan touch, beside how many they need.
//!
//! Pages are steadier than milliseconds: a bound from the index' height and the rows fetched holds on any machine, on
//! the first run.

use std::collections::BTreeMap;

use super::facts::{Facts, Purpose};
use super::large_scans::{LargeScan, large_scans};
use super::wording::{distinct, in_samples};
use crate::check::finding::{Finding, Severity};
use crate::postgres::catalog::{Index, Table};
use crate::postgres::explain::{Node, NodeKind, NodeRole, Plan};
use crate::postgres::name::quoted;
use crate::units::grouped;

/// Children that a btree page points to at the least, in any key that is likely: 8 KiB by about 80 bytes.
const FAN_OUT: f64 = 100.0;
/// Entries that a leaf page holds at the least.
const LEAF_ENTRIES: f64 = 50.0;
/// Pages beyond the bound that say nothing, and how many times the bound may be touched before it is a failure.
const SLACK: (u64, u64) = (16, 10);

/// The pages that an executed plan's rows need: for each scan the index' height each time it is searched, its leaf pages, and
/// a page of the table for each row. A table that is read from end to end though it is large is counted as if an index were
/// searched; a small one by its pages. `None` where a node's pages aren't known.
pub fn bound(plan: &Plan, purpose: Purpose, facts: Facts<'_>) -> Option<u64> {
    let large = large_scans(plan, purpose, facts);
    needed(&plan.root, None, &large, facts)
}

/// The pages that a node and those below it need; `join` is the join that the node is an input of.
fn needed(node: &Node, join: Option<&Node>, large: &[LargeScan], facts: Facts<'_>) -> Option<u64> {
    let own = match large.iter().find(|scan| std::ptr::eq(scan.node, node)) {
        Some(scan) if node.loops > 0.0 => indexed_bound(node, join, scan.table, facts),
        _ if is_scan(node) => node_bound(node, facts)?,
        _ => 0,
    };
    let join = match node.kind.role() {
        NodeRole::Join => Some(node),
        // It stands between a join and the rows that it joins.
        _ if node.kind == NodeKind::Hash => join,
        _ => None,
    };
    let below = node.plans.iter();
    let below: Option<u64> = below.map(|it| needed(it, join, large, facts)).sum();
    Some(own + below?)
}

/// What the rows of a whole scan would cost through an index on what its filter, or else its join, compares; at most the
/// table.
fn indexed_bound(node: &Node, join: Option<&Node>, table: &Table, facts: Facts<'_>) -> u64 {
    let whole = facts.pages(table) as f64 * node.loops;
    let height = height_of(table.rows.max(node.rows) / LEAF_ENTRIES);
    let searched =
        |searches: f64, rows: f64| searches * (height + 2.0) + rows * (1.0 + 1.0 / LEAF_ENTRIES);
    let by_filter = node.filter.as_ref();
    let by_filter = by_filter.map(|_| searched(node.loops, node.rows * node.loops));
    let by_join = join.and_then(|join| {
        let is_other = |it: &&Node| {
            !std::ptr::eq(*it, node) && !it.plans.iter().any(|it| std::ptr::eq(it, node))
        };
        let other = join.inputs().find(is_other)?;
        Some(searched(other.rows * other.loops, join.rows * join.loops))
    });
    whole_pages(by_filter.into_iter().chain(by_join).fold(whole, f64::min))
}

/// A search of an index, by one node of a sample's plan.
struct Search<'p> {
    sample: usize,
    node: &'p Node,
    pages: u64,
    bound: u64,
}

/// No index scan touches more than twice the pages it needs (`over-bound`) in more than half of the samples: dead rows,
/// or a bloated index.
pub fn over_bound(plans: &[Plan], facts: Facts<'_>) -> Vec<Finding> {
    let mut by_index: BTreeMap<&str, Vec<Search>> = BTreeMap::new();
    for (sample, plan) in plans.iter().enumerate() {
        let searches = plan.nodes().into_iter().filter(|node| node.index.is_some());
        for node in searches.filter(|node| node.loops > 0.0) {
            if let (Some(name), Some(bound)) = (node.index.as_deref(), node_bound(node, facts)) {
                by_index.entry(name).or_default().push(Search {
                    sample,
                    node,
                    pages: node.own_buffers(),
                    bound,
                });
            }
        }
    }
    let (slack, far) = SLACK;
    let finding = |(name, seen): (&str, Vec<Search>)| {
        let over = |times: u64| {
            let searches = seen.iter();
            searches.filter(move |it| it.pages > it.bound * times + slack)
        };
        if over(2).count() * 2 <= seen.len() {
            return None;
        }
        let severity = match over(far).count() * 2 > seen.len() {
            true => Severity::Fail,
            false => Severity::Warn,
        };
        let samples = distinct(over(2).map(|it| it.sample));
        let worst = seen.iter().max_by_key(|it| it.pages / it.bound.max(1))?;
        let index = index(worst.node, facts)?;
        Some(Finding {
            rule: "over-bound",
            severity,
            on: None,
            message: format!(
                "a search of {} touches {} pages for {} rows, where {} would do{}",
                quoted(name),
                grouped(worst.pages),
                fetched(worst.node).round(),
                grouped(worst.bound),
                in_samples(samples, plans.len())
            ),
            help: format!(
                "VACUUM {0};   -- dead rows; if that doesn't help, the index is bloated: REINDEX TABLE CONCURRENTLY {0};",
                index.table
            ),
        })
    };
    by_index.into_iter().filter_map(finding).collect()
}

fn is_scan(node: &Node) -> bool {
    node.loops > 0.0 && (node.relation.is_some() || node.index.is_some() || node.is_opaque())
}

/// Rows that the node looks at, over all loops.
fn fetched(node: &Node) -> f64 {
    (node.rows + node.removed_by_filter + node.removed_by_recheck) * node.loops
}

fn node_bound(node: &Node, facts: Facts<'_>) -> Option<u64> {
    let loops = node.loops;
    let rows = fetched(node);
    // Each element of a list is searched for by itself, and how many there are doesn't show.
    let listed = |node: &Node| {
        node.index_cond
            .as_ref()
            .is_some_and(|it| it.contains(" ANY ("))
    };
    let pages = match node.kind.role() {
        NodeRole::WholeScan | NodeRole::SampleScan => {
            facts.pages(facts.table(node)?) as f64 * loops
        }
        NodeRole::IndexScan if !listed(node) => {
            // The mean of rows is rounded before version 18: a row more for each loop.
            loops * (height(index(node, facts)?, facts)? + 2.0) + rows * (1.0 + 1.0 / LEAF_ENTRIES)
        }
        NodeRole::Bitmap if !listed(node) => {
            loops * (height(index(node, facts)?, facts)? + 2.0) + rows / LEAF_ENTRIES
        }
        NodeRole::BitmapHeapScan => loops + rows,
        NodeRole::RowSource => 0.0,
        _ => return None,
    };
    Some(whole_pages(pages))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pages are few and above 0"
)]
fn whole_pages(pages: f64) -> u64 {
    pages.ceil() as u64
}

fn index<'a>(node: &Node, facts: Facts<'a>) -> Option<&'a Index> {
    let name = node.index.as_deref()?;
    let schema = node.schema.as_deref();
    let mut indexes = facts.indexes.iter();
    // A bitmap's search names no schema.
    indexes.find(|index| index.name == name && schema.is_none_or(|it| it == index.table.schema))
}

/// Pages from the root to a leaf.
fn height(index: &Index, facts: Facts<'_>) -> Option<f64> {
    let pages = (index.bytes / facts.block_bytes.max(1)).max(1);
    match index.method.as_str() {
        "btree" => Some(height_of(pages as f64)),
        "hash" => Some(3.0),
        _ => None,
    }
}

/// Pages from the root of a btree of so many pages to a leaf.
fn height_of(pages: f64) -> f64 {
    1.0 + pages.max(1.0).log(FAN_OUT).ceil()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{Survey, samples};
    use crate::postgres::TableName;
    use crate::postgres::catalog::TableKind;

    const PAGE: u64 = 8192;

    /// The findings for a search of an index of 2,000 pages that touched `hit` pages for `rows` rows.
    fn plan(hit: u64, rows: f64, loops: f64) -> Plan {
        let node = format!(
            r#"{{"Node Type": "Index Scan", "Schema": "public", "Relation Name": "child", "Index Name": "x",
                "Index Cond": "(c1 = 1)", "Actual Rows": {rows}, "Actual Loops": {loops}, "Shared Hit Blocks": {hit}}}"#
        );
        Plan::parse(&format!(r#"[{{"Plan": {node}}}]"#)).unwrap()
    }

    /// A table of 1,000 pages and 100,000 rows, and one of few.
    fn tables() -> [Table; 2] {
        let table = |oid, name, pages, rows| Table {
            oid,
            name: TableName::new("public", name),
            kind: TableKind::Ordinary,
            root_oid: None,
            pages,
            rows,
            all_visible: 0,
            bytes: pages * PAGE,
        };
        [table(1, "large", 1_000, 1e5), table(2, "small", 10, 1e3)]
    }

    fn with_facts<T>(then: impl FnOnce(Facts<'_>) -> T) -> T {
        let survey = Survey {
            keys: vec![],
            proposals: vec![],
            useless: vec![],
            home: "public".into(),
        };
        let indexes = [Index {
            bytes: 2_000 * PAGE,
            ..samples::index("x", &[1])
        }];
        then(Facts {
            tables: &tables(),
            indexes: &indexes,
            survey: &survey,
            block_bytes: PAGE,
        })
    }

    #[test]
    fn an_index_of_three_levels_needs_few_pages() {
        let bound =
            |rows, loops| with_facts(|facts| bound(&plan(0, rows, loops), Purpose::Query, facts));
        assert_eq!(bound(0.0, 1.0), Some(5), "three levels and two to spare");
        assert_eq!(bound(6.0, 1.0), Some(12));
        assert_eq!(bound(6.0, 10.0), Some(112));
    }

    #[test]
    fn twice_the_bound_warns_and_ten_times_fails() {
        let severity = |hit| {
            let plans = [plan(hit, 6.0, 1.0), plan(hit, 6.0, 1.0), plan(9, 6.0, 1.0)];
            let found = with_facts(|facts| over_bound(&plans, facts));
            found.first().map(|finding| finding.severity)
        };
        assert_eq!(severity(9), None);
        assert_eq!(severity(40), None, "twice the bound and the slack");
        assert_eq!(severity(41), Some(Severity::Warn));
        assert_eq!(severity(137), Some(Severity::Fail));
    }

    #[test]
    fn a_minority_of_the_samples_says_nothing() {
        let plans = [plan(500, 6.0, 1.0), plan(9, 6.0, 1.0)];
        assert_eq!(with_facts(|facts| over_bound(&plans, facts)), []);
    }

    #[test]
    fn a_sample_counts_once_however_many_shards_it_searches() {
        let mut sample = plan(4_000, 48.0, 1.0);
        sample.root.plans = vec![plan(500, 6.0, 1.0).root; 8];
        let plans = [sample.clone(), sample];
        let message = &with_facts(|facts| over_bound(&plans, facts))[0].message;
        assert!(message.ends_with(", in all 2 samples"), "{message}");
    }

    #[test]
    fn a_large_table_needs_what_an_index_would_read() {
        let scan = |table: &str, more: &str| {
            format!(
                r#"{{"Node Type": "Seq Scan", "Schema": "public", "Relation Name": "{table}", "Actual Loops": 1, {more}}}"#
            )
        };
        let bound = |node: &str| {
            let plan = Plan::parse(&format!(r#"[{{"Plan": {node}}}]"#)).unwrap();
            with_facts(|facts| bound(&plan, Purpose::Query, facts))
        };
        let few = r#""Filter": "(a = 1)", "Actual Rows": 6"#;
        assert_eq!(bound(&scan("large", few)), Some(12), "as through an index");
        assert_eq!(bound(&scan("small", few)), Some(10), "its pages");
        let all = scan(
            "large",
            r#""Actual Rows": 100000, "Shared Hit Blocks": 1000"#,
        );
        assert_eq!(bound(&all), Some(1_000), "it asks for every row");
        let join = format!(
            r#"{{"Node Type": "Hash Join", "Actual Rows": 30, "Actual Loops": 1, "Plans": [{all},
                {{"Node Type": "Hash", "Actual Rows": 5, "Actual Loops": 1, "Plans": [{}]}}]}}"#,
            scan("small", r#""Filter": "(b = 1)", "Actual Rows": 5"#)
        );
        assert_eq!(
            bound(&join),
            Some(10 + 56),
            "a search for each of five rows, and thirty pages"
        );
    }

    #[test]
    fn what_can_t_be_told_has_no_bound() {
        let plan = |text: &str| Plan::parse(&format!(r#"[{{"Plan": {text}}}]"#)).unwrap();
        let bound = |text| with_facts(|facts| bound(&plan(text), Purpose::Query, facts));
        let unknown = r#"{"Node Type": "Index Scan", "Index Name": "y", "Relation Name": "child", "Actual Loops": 1}"#;
        assert_eq!(bound(unknown), None);
        let listed = r#"{"Node Type": "Index Scan", "Index Name": "x", "Relation Name": "child", "Schema": "public",
            "Index Cond": "(c1 = ANY ('{1,2}'::integer[]))", "Actual Loops": 1}"#;
        assert_eq!(bound(listed), None);
        assert_eq!(
            bound(r#"{"Node Type": "Result", "Actual Loops": 1}"#),
            Some(0)
        );
    }
}
