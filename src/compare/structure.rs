//! The structure of a plan: how it reads each table and joins them, comparable with another plan's.

use std::collections::BTreeMap;

use crate::postgres::explain::{Node, Plan};
use crate::postgres::name::quoted;

/// A table within a statement: a self-join has two of one table, and two schemas may have tables of one name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scanned {
    /// The schema, unquoted.
    pub schema: String,
    /// The table, unquoted.
    pub relation: String,
    /// Its name within the statement.
    pub alias: String,
}

impl std::fmt::Display for Scanned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", quoted(&self.relation))?;
        if self.alias != self.relation {
            write!(f, " AS {}", quoted(&self.alias))?;
        }
        Ok(())
    }
}

/// How a table is reached.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// Seq Scan, Index Scan, …
    pub node: String,
    /// Whether the table is read from its first page to its last.
    pub whole: bool,
    /// The indexes that are searched, by name.
    pub indexes: Vec<String>,
    /// The index conditions, without values.
    pub condition: String,
}

impl std::fmt::Display for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.node)?;
        match self.indexes.as_slice() {
            [] => Ok(()),
            indexes => write!(f, " by {}", indexes.join(" and ")),
        }
    }
}

/// A node of a plan, for its picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its kind, table and index.
    pub words: String,
    /// Its condition as EXPLAIN wrote it.
    pub condition: Option<String>,
    /// How often it ran; 0 when it was only planned, or never reached.
    pub loops: f64,
    /// Rows expected over all loops; for one, when it didn't run.
    pub expected: f64,
    /// Rows over all loops.
    pub rows: f64,
    /// Rows removed by its filter or a recheck, over all loops.
    pub removed: f64,
    /// Whether it reads its table from the first page to the last.
    pub whole: bool,
    /// Whether its reads aren't known.
    pub opaque: bool,
    /// Pages, children's left out.
    pub buffers: u64,
    /// Milliseconds over all loops, children's included.
    pub ms: f64,
    /// Milliseconds over all loops, children's left out.
    pub own_ms: f64,
    /// The steps that it takes rows from.
    pub below: Vec<Step>,
}

/// The comparable parts of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Structure {
    /// How each table is reached, each time that it is.
    pub scans: BTreeMap<Scanned, Vec<Access>>,
    /// How tables are joined: the sorted aliases beneath a join, and its type.
    pub joins: BTreeMap<Vec<String>, String>,
    /// How many nodes there are of each other kind.
    pub others: BTreeMap<String, usize>,
    /// The nodes whose reads aren't known, by name.
    pub opaque: Vec<String>,
}

impl Structure {
    /// The structure of a plan.
    pub fn of(plan: &Plan) -> Structure {
        let mut structure = Structure {
            opaque: plan.opaque_nodes(),
            ..Structure::default()
        };
        structure.add(&plan.root);
        for accesses in structure.scans.values_mut() {
            accesses.sort();
        }
        structure
    }

    /// Adds a node and those below it; returns the aliases that it reads.
    fn add(&mut self, node: &Node) -> Vec<String> {
        let mut aliases = Vec::new();
        if let Some(relation) = &node.relation {
            let scanned = Scanned {
                schema: node.schema.clone().unwrap_or_default(),
                relation: relation.clone(),
                alias: node.alias.clone().unwrap_or_else(|| relation.clone()),
            };
            aliases.push(scanned.alias.clone());
            self.scans.entry(scanned).or_default().push(access(node));
        }
        // The nodes that build a bitmap are a part of the scan above them.
        for below in node.inputs() {
            aliases.extend(self.add(below));
        }
        aliases.sort();
        aliases.dedup();
        if node.is_join() {
            let kind = node.join_type.as_deref().filter(|kind| *kind != "Inner");
            let kind = kind.map(|kind| format!("{kind} ")).unwrap_or_default();
            self.joins
                .insert(aliases.clone(), format!("{kind}{}", node.kind));
        } else if node.relation.is_none() {
            *self.others.entry(node.label()).or_default() += 1;
        }
        aliases
    }
}

fn access(node: &Node) -> Access {
    let searches = node.searches().into_iter();
    let mut conditions: Vec<String> = searches
        .filter_map(|it| it.index_cond.as_deref())
        .map(without_values)
        .collect();
    conditions.sort();
    Access {
        node: node.label(),
        whole: node.reads_whole_relation(),
        indexes: node
            .searched_indexes()
            .into_iter()
            .map(str::to_owned)
            .collect(),
        condition: conditions.join(" AND "),
    }
}

/// `(child.product_id = 900017)` → `(child.product_id = ?)`: numbers and quoted texts, but not parts of names.
fn without_values(condition: &str) -> String {
    let mut masked = String::with_capacity(condition.len());
    let mut rest = condition.chars().peekable();
    let mut before = ' ';
    while let Some(c) = rest.next() {
        if c == '"' {
            // A name, which may hold anything.
            masked.push(c);
            for c in rest.by_ref() {
                masked.push(c);
                if c == '"' {
                    break;
                }
            }
        } else if c == '\'' {
            while let Some(c) = rest.next() {
                if c == '\'' && rest.next_if_eq(&'\'').is_none() {
                    break;
                }
            }
            masked.push('?');
        } else if c.is_ascii_digit() && !(before.is_alphanumeric() || matches!(before, '_' | '$')) {
            while rest.next_if(|c| c.is_ascii_digit() || *c == '.').is_some() {}
            masked.push('?');
        } else {
            masked.push(c);
        }
        before = c;
    }
    masked
}

impl Step {
    /// A plan as a tree of steps.
    pub fn of(node: &Node) -> Step {
        let mut words = node.label();
        if let Some(kind) = node.join_type.as_deref().filter(|kind| *kind != "Inner") {
            words = format!("{kind} {words}");
        }
        if let Some(index) = &node.index {
            words.push_str(&format!(" by {}", quoted(index)));
        }
        if let Some(relation) = &node.relation {
            words.push_str(&format!(" on {}", quoted(relation)));
            if let Some(alias) = node.alias.as_ref().filter(|alias| *alias != relation) {
                words.push_str(&format!(" AS {}", quoted(alias)));
            }
        }
        let below: Vec<Step> = node.plans.iter().map(Step::of).collect();
        let ms = node.total_ms * node.loops;
        let ms_below: f64 = below.iter().map(|it| it.ms).sum();
        Step {
            words,
            condition: node.conditions().next().map(str::to_owned),
            loops: node.loops,
            expected: node.plan_rows * node.loops.max(1.0),
            rows: node.rows * node.loops,
            removed: (node.removed_by_filter + node.removed_by_recheck) * node.loops,
            whole: node.reads_whole_relation(),
            opaque: node.is_opaque(),
            buffers: node.own_buffers(),
            ms,
            // A CTE's time is counted where it is read, too.
            own_ms: (ms - ms_below).max(0.0),
            below,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn structure(node: &str) -> Structure {
        Structure::of(&Plan::parse(&format!(r#"[{{"Plan": {node}}}]"#)).unwrap())
    }

    #[test]
    fn values_are_no_part_of_a_condition() {
        assert_eq!(without_values("(a.id = 900017)"), "(a.id = ?)");
        assert_eq!(without_values("(t2.x1 = 1.5)"), "(t2.x1 = ?)");
        assert_eq!(without_values("(a.b = 'it''s 5'::text)"), "(a.b = ?::text)");
        assert_eq!(without_values("(a.\"col 5\" = $1)"), "(a.\"col 5\" = $1)");
    }

    #[test]
    fn self_joins_and_namesakes_stay_apart() {
        let scan = |schema: &str, alias: &str| {
            format!(
                r#"{{"Node Type": "Seq Scan", "Schema": "{schema}", "Relation Name": "t", "Alias": "{alias}"}}"#
            )
        };
        let join = format!(
            r#"{{"Node Type": "Hash Join", "Join Type": "Inner", "Plans": [{}, {{"Node Type": "Hash", "Plans": [
                {{"Node Type": "Nested Loop", "Join Type": "Semi", "Plans": [{}, {}]}}]}}]}}"#,
            scan("a", "x"),
            scan("a", "y"),
            scan("b", "t")
        );
        let structure = structure(&join);
        assert_eq!(structure.scans.len(), 3);
        let joins: Vec<(String, &str)> = structure
            .joins
            .iter()
            .map(|(on, kind)| (on.join(" "), kind.as_str()))
            .collect();
        assert_eq!(
            joins,
            [
                ("t x y".into(), "Hash Join"),
                ("t y".into(), "Semi Nested Loop")
            ]
        );
        assert_eq!(structure.others, BTreeMap::from([("Hash".into(), 1)]));
    }

    #[test]
    fn a_step_s_own_time_is_without_what_is_below() {
        let node = r#"{"Node Type": "Nested Loop", "Actual Rows": 12, "Actual Loops": 1, "Actual Total Time": 50.0,
            "Plan Rows": 4, "Plans": [{"Node Type": "Seq Scan", "Relation Name": "t", "Actual Rows": 2,
                "Plan Rows": 5, "Actual Loops": 6, "Actual Total Time": 8.0, "Rows Removed by Filter": 100}]}"#;
        let step = Step::of(&serde_json::from_str(node).unwrap());
        assert_eq!((step.own_ms, step.loops), (2.0, 1.0));
        let scan = &step.below[0];
        assert_eq!((scan.own_ms, scan.loops), (48.0, 6.0));
        assert_eq!(
            (scan.rows, scan.expected, scan.removed),
            (12.0, 30.0, 600.0)
        );
    }

    #[test]
    fn a_bitmap_is_one_access() {
        let bitmap = r#"{"Node Type": "Bitmap Heap Scan", "Relation Name": "t", "Alias": "t", "Schema": "a", "Plans": [
            {"Node Type": "BitmapAnd", "Plans": [
                {"Node Type": "Bitmap Index Scan", "Index Name": "y", "Index Cond": "(b = 2)"},
                {"Node Type": "Bitmap Index Scan", "Index Name": "x", "Index Cond": "(a = 1)"}]}]}"#;
        let structure = structure(bitmap);
        let access = &structure.scans.values().next().unwrap()[0];
        assert_eq!(access.to_string(), "Bitmap Heap Scan by x and y");
        assert_eq!(access.condition, "(a = ?) AND (b = ?)");
        assert!(structure.others.is_empty());
    }
}
