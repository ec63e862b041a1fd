//! The sequential scans of a plan that need an index: those of a table that isn't small, its partitions taken together.

use super::facts::{Facts, Purpose, SMALL_PAGES};
use crate::postgres::catalog::Table;
use crate::postgres::explain::{Node, Plan};

/// A sequential scan that needs an index.
#[derive(Debug, Clone, Copy)]
pub(super) struct LargeScan<'a, 'p> {
    /// The scan.
    pub node: &'p Node,
    /// What it scans.
    pub table: &'a Table,
    /// The partitioned table, where several partitions of one are scanned; else what it scans.
    pub whole: &'a Table,
    /// The pages of all that the plan scans of the whole.
    pub pages: u64,
    /// How many partitions that is.
    pub parts: usize,
}

/// The scans of an ordinary table or of one table's partitions.
struct Group<'a, 'p> {
    scans: Vec<(&'p Node, &'a Table)>,
}

/// The sequential scans of a plan that need an index, in the plan's order.
pub(super) fn large_scans<'a, 'p>(
    plan: &'p Plan,
    purpose: Purpose,
    facts: Facts<'a>,
) -> Vec<LargeScan<'a, 'p>> {
    let mut groups: Vec<Group> = Vec::new();
    for node in plan.nodes() {
        if !node.reads_whole_relation() {
            continue;
        }
        let Some(table) = facts.table(node) else {
            continue;
        };
        match groups
            .iter_mut()
            .find(|it| it.is_of_partitions_of(table.root_oid))
        {
            Some(group) => group.scans.push((node, table)),
            None => groups.push(Group {
                scans: vec![(node, table)],
            }),
        }
    }
    let large = groups.iter().flat_map(|it| it.large(purpose, facts));
    large.collect()
}

impl<'a, 'p> Group<'a, 'p> {
    fn is_of_partitions_of(&self, root: Option<u32>) -> bool {
        let own = self.scans.first().and_then(|(_, table)| table.root_oid);
        root.is_some() && own == root
    }

    /// The scans, where they read too much together; those of partitions that were pruned when it ran read nothing.
    fn large(&self, purpose: Purpose, facts: Facts<'a>) -> Vec<LargeScan<'a, 'p>> {
        let carried_out = self.scans.iter().any(|(node, _)| node.loops > 0.0);
        let is_read = |node: &Node| node.loops > 0.0 || !carried_out;
        let read: Vec<_> = self
            .scans
            .iter()
            .filter(|(node, _)| is_read(node))
            .collect();
        let mut tables: Vec<&'a Table> = read.iter().map(|(_, table)| *table).collect();
        tables.sort_by_key(|table| table.oid);
        tables.dedup_by_key(|table| table.oid);
        let pages = tables.iter().map(|table| facts.pages(table)).sum();
        // Without a filter, a scan that a LIMIT stopped early reads as little for any value. With one, it was luck.
        let buffers: u64 = read.iter().map(|(node, _)| node.buffers()).sum();
        let stopped_early = read.iter().all(|(node, _)| node.filter.is_none())
            && carried_out
            && buffers > 0
            && buffers <= SMALL_PAGES;
        // By an index each row may be on a page of its own, at four times the cost (random_page_cost).
        let rows = |node: &Node| {
            if carried_out {
                node.rows
            } else {
                node.plan_rows
            }
        };
        let rows: f64 = read.iter().map(|(node, _)| rows(node)).sum();
        let wanted = purpose == Purpose::Lookup && rows * 4.0 >= pages as f64;
        if pages <= SMALL_PAGES || stopped_early || wanted {
            return Vec::new();
        }
        let parts = tables.len();
        let scan = |(node, table): &&(&'p Node, &'a Table)| LargeScan {
            node,
            table,
            whole: if parts > 1 { facts.whole(table) } else { table },
            pages,
            parts,
        };
        read.iter().map(scan).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{Survey, propose};
    use crate::postgres::TableName;
    use crate::postgres::catalog::TableKind;

    const PAGE: u64 = 8192;

    fn table(oid: u32, name: &str, root_oid: Option<u32>, pages: u64) -> Table {
        Table {
            oid,
            name: TableName::new("public", name),
            kind: TableKind::Ordinary,
            root_oid,
            pages,
            rows: 0.0,
            all_visible: 0,
            bytes: pages * PAGE,
        }
    }

    /// A plan that scans these partitions of `events`, each so often.
    fn plan(loops: &[u64]) -> Plan {
        let scan = |(number, loops): (usize, &u64)| {
            format!(
                r#"{{"Node Type": "Seq Scan", "Schema": "public", "Relation Name": "events_{number}",
                    "Filter": "(user_id = 1)", "Actual Rows": 1, "Actual Loops": {loops}, "Shared Hit Blocks": 38}}"#
            )
        };
        let scans: Vec<String> = loops.iter().enumerate().map(scan).collect();
        let append = format!(
            r#"{{"Node Type": "Append", "Actual Loops": 1, "Plans": [{}]}}"#,
            scans.join(", ")
        );
        Plan::parse(&format!(r#"[{{"Plan": {append}}}]"#)).unwrap()
    }

    #[test]
    fn pages_are_summed_over_the_partitions_that_are_read() {
        let mut tables = vec![table(1, "events", None, 8 * 38)];
        for number in 0..8 {
            tables.push(table(10 + number, &format!("events_{number}"), Some(1), 38));
        }
        let survey = Survey {
            proposals: propose(&[], &[], &[], &mut Default::default()),
            useless: Vec::new(),
            home: "public".into(),
            keys: Vec::new(),
        };
        let facts = Facts {
            tables: &tables,
            indexes: &[],
            survey: &survey,
            block_bytes: PAGE,
        };
        for (loops, parts, pages) in [
            (&[1; 8][..], 8, 304),
            (&[0; 8], 8, 304),
            (&[1, 0, 1, 0, 1, 0, 1, 0], 4, 152),
            (&[1, 1, 1, 0, 0, 0, 0, 0], 0, 0),
        ] {
            let plan = plan(loops);
            let large = large_scans(&plan, Purpose::Query, facts);
            assert_eq!(large.len(), parts, "{loops:?}");
            for scan in large {
                assert_eq!((scan.pages, scan.parts), (pages, parts), "{loops:?}");
                assert_eq!(scan.whole.name.name, "events");
            }
        }
    }
}
