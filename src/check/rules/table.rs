//! All rules in one table: id, severity, finding and remedy.
//!
//! The ids in JSON's schema, those that a waiver may name, and the documentation's table are all made from it.

use super::facts::PlanSet;
use super::{buffers, estimates, opaque, scans, shards, work};
use crate::check::assertions;
use crate::check::finding::{Finding, Severity, Verdict};

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleScope {
    /// A query or a foreign key's lookup; a query's header can waive it.
    Read,
    /// A foreign key.
    ForeignKey,
    /// The schema.
    Schema,
}

/// One rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// A stable kebab-case id.
    pub id: &'static str,
    /// What it is about.
    pub scope: RuleScope,
    /// How severe its findings are as a rule; the summary says when they are not.
    pub severity: Severity,
    /// What it finds, in Markdown.
    pub summary: &'static str,
    /// What helps, in Markdown.
    pub help: &'static str,
    /// Finds it in measured plans; `None` for a rule that needs something else.
    judge: Option<fn(&PlanSet<'_>) -> Vec<Finding>>,
}

impl Rule {
    const fn new(
        id: &'static str,
        scope: RuleScope,
        severity: Severity,
        summary: &'static str,
        help: &'static str,
    ) -> Rule {
        Rule {
            id,
            scope,
            severity,
            summary,
            help,
            judge: None,
        }
    }

    const fn over_plans(mut self, judge: fn(&PlanSet<'_>) -> Vec<Finding>) -> Rule {
        self.judge = Some(judge);
        self
    }
}

use RuleScope::{ForeignKey, Read, Schema};
use Severity::{Fail, Unchecked, Unstable, Warn};

/// The rules, those over plans in the order in which they are applied.
#[rustfmt::skip]
pub const RULES: &[Rule] = &[
    Rule::new("fk-not-indexed", ForeignKey, Fail,
        "no usable index leads with a foreign key's columns (a warning for a key that is `NOT ENFORCED`)",
        "`seedrow index` builds it"),
    Rule::new("fk-index-unused", ForeignKey, Fail,
        "an index covers the key, but the planner doesn't use it for Postgres' own lookup",
        "compare operator classes and collations with those of the referenced columns"),
    Rule::new("fk-not-valid", ForeignKey, Fail,
        "rows violate a foreign key, or it was never validated: it is `NOT VALID`",
        "correct the rows, then `ALTER TABLE … VALIDATE CONSTRAINT …`"),
    Rule::new("nothing-to-judge", ForeignKey, Unchecked,
        "there is no foreign key, no table and no query at all: perhaps another database was meant",
        "name that database, or `--allow-empty`"),
    Rule::new("unknown-node", Read, Unchecked,
        "a plan has a node whose reads aren't known: `Custom Scan`, `Foreign Scan`, or one of a newer PostgreSQL",
        "read the plan, then waive it with the reason")
        .over_plans(|it| {
            let mut findings = opaque::unknown_nodes(it.plans);
            findings.extend(shards::unknown_shards(it.plans, it.facts));
            findings
        }),
    Rule::new("multi-shard", Read, Fail,
        "in a Citus cluster, a query asks more than one shard, and its header doesn't say `-- tasks: all`",
        "compare the distribution column with a parameter in every subquery and join")
        .over_plans(|it| shards::multi_shard(it.query, it.plans, it.purpose)),
    Rule::new("repartition", Read, Fail,
        "in a Citus cluster, rows are sent between the nodes before they are joined",
        "join on distribution columns of tables that are distributed alike, or on a reference table")
        .over_plans(|it| shards::repartition(it.plans)),
    Rule::new("seq-scan", Read, Fail,
        "a table of more than 128 pages (1 MiB) is read from its first page to its last; a lookup may, where it returns a good part of the rows",
        "build the index that the finding names")
        .over_plans(|it| scans::seq_scans(it.plans, it.purpose, it.capability, it.facts)),
    Rule::new("index-not-used", Read, Fail,
        "the index that the query's header asserts with `-- uses:` isn't searched",
        "build the index, or change the header")
        .over_plans(|it| assertions::uses(it.query, it.plans)),
    Rule::new("over-buffers", Read, Fail,
        "an execution touches more pages than `-- max-buffers:` allows",
        "read the plan, or allow more")
        .over_plans(|it| assertions::over_buffers(it.query, it.samples)),
    Rule::new("over-rows", Read, Fail,
        "an execution returns more rows than `-- max-rows:` allows",
        "give the query a `LIMIT`, or allow more")
        .over_plans(|it| assertions::over_rows(it.query, it.samples)),
    Rule::new("over-bound", Read, Warn,
        "index searches touch more than twice the pages they need (a failure from ten times on): dead rows, or a bloated index",
        "`VACUUM`, then `REINDEX TABLE CONCURRENTLY`")
        .over_plans(|it| buffers::over_bound(it.plans, it.facts)),
    Rule::new("row-estimate", Read, Warn,
        "a scan or join returns 10 times more or fewer rows than the planner expected, by at least 100 rows (a failure from 100 times and 1,000 rows on)",
        "`ANALYZE`, a higher statistics target, or `CREATE STATISTICS`")
        .over_plans(|it| estimates::row_estimates(it.plans)),
    Rule::new("rows-removed", Read, Warn,
        "rows are fetched by an index, and nearly all of them are removed by a filter",
        "an index on the columns that the filter compares, too")
        .over_plans(|it| work::rows_removed(it.plans, it.facts)),
    Rule::new("spill", Read, Warn,
        "rows are sorted or hashed on disk",
        "more `work_mem`, or fewer rows")
        .over_plans(|it| work::spills(it.plans, it.facts)),
    Rule::new("generic-plan", Read, Warn,
        "planned once for all values, a large table is read from end to end",
        "`SET plan_cache_mode = force_custom_plan`"),
    Rule::new("over-budget", Read, Fail,
        "the median of warm executions is over the budget (a warning when only the 95th percentile is), 10 ms unless the query says otherwise, by EXPLAIN's clock and by the client's",
        "correct what else is found, or allow more with `-- budget:`"),
    Rule::new("plan-flips", Read, Unstable,
        "with `--settle`: the plan is another one when statistics are taken again",
        "a higher statistics target, or an index that answers the whole query"),
    Rule::new("not-proven", Read, Fail,
        "with `--prove`: the check stays green without its index (a warning when another index serves the same foreign key, unchecked when the table is too small to tell, or locked)",
        "drop the superfluous index, or tighten the query's header"),
    Rule::new("other-plan", Read, Warn,
        "with `--also`: the other server's plan is another one (a failure when the check fails there and not here, unchecked when it couldn't be measured there)",
        "make the settings that the finding names the same"),
    Rule::new("not-settled", Read, Unchecked,
        "a table that is read was never analysed or vacuumed, or is being so just now",
        "`--settle`"),
    Rule::new("no-rows", Read, Unchecked,
        "a table that is read holds no rows",
        "fill it"),
    Rule::new("no-tail", Read, Unchecked,
        "a column that ids are taken from has no last values",
        "take the ids from another column"),
    Rule::new("statement-unchecked", Read, Unchecked,
        "with `--statements`: a statement can't be run with existing values: a parameter is compared with no column, or the server rejects it",
        "write it as a query file, with `-- param`"),
    Rule::new("not-allowed", Read, Unchecked,
        "the role may not read a table",
        "`GRANT SELECT`"),
    Rule::new("not-supported", Read, Unchecked,
        "in a Citus cluster, a query isn't supported, or not with its settings: such as a join whose rows have to be sent between the nodes",
        "the setting that the finding names, or a join on the distribution columns"),
    Rule::new("outside-schema", Read, Unchecked,
        "a query reads a table of another schema than the one asked for",
        "name that schema with `--target-schema`"),
    Rule::new("table-missing", Schema, Fail,
        "a table that the DDL has doesn't exist", "create it"),
    Rule::new("table-extra", Schema, Warn,
        "a table exists that the DDL doesn't have", "drop it, or add it to the DDL"),
    Rule::new("column-missing", Schema, Fail,
        "a column that the DDL has doesn't exist", "add it"),
    Rule::new("column-extra", Schema, Fail,
        "a column exists that the DDL doesn't have", "drop it, or add it to the DDL"),
    Rule::new("column-type", Schema, Fail,
        "a column's type isn't the DDL's", "change the type"),
    Rule::new("column-default", Schema, Fail,
        "a column's default isn't the DDL's", "change the default"),
    Rule::new("column-null", Schema, Fail,
        "a column is `NOT NULL` where the DDL's isn't, or the other way round", "change it"),
    Rule::new("constraint-missing", Schema, Fail,
        "a constraint that the DDL has doesn't exist", "add it"),
    Rule::new("constraint-extra", Schema, Fail,
        "a constraint exists that the DDL doesn't have", "drop it, or add it to the DDL"),
    Rule::new("constraint-differs", Schema, Fail,
        "a constraint isn't the DDL's", "replace it"),
    Rule::new("check-not-valid", Schema, Fail,
        "a check constraint is `NOT VALID`: it was never validated", "`ALTER TABLE … VALIDATE CONSTRAINT …`"),
    Rule::new("index-missing", Schema, Fail,
        "an index that the DDL has doesn't exist", "create it"),
    Rule::new("index-differs", Schema, Fail,
        "an index isn't the DDL's", "replace it"),
    Rule::new("index-invalid", Schema, Fail,
        "an index is invalid: a concurrent build failed", "`REINDEX INDEX CONCURRENTLY`"),
    Rule::new("sequence-behind", Schema, Fail,
        "a sequence is behind the values of a column that it fills: the next insert fails", "`setval`"),
    Rule::new("not-compared", Schema, Unchecked,
        "the DDL couldn't be applied anywhere", "`--scratch-url`"),
];

/// The ids of all rules.
pub fn all_rules() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|rule| rule.id)
}

/// The ids of the rules that a query's header can waive.
pub fn query_rules() -> impl Iterator<Item = &'static str> {
    let of_reads = RULES.iter().filter(|rule| rule.scope == RuleScope::Read);
    of_reads.map(|rule| rule.id)
}

/// What the rules over plans find, in the table's order.
pub fn judge_plans(plans: &PlanSet<'_>) -> Vec<Finding> {
    let judges = RULES.iter().filter_map(|rule| rule.judge);
    judges.flat_map(|judge| judge(plans)).collect()
}

/// The table in Markdown, for the documentation.
pub fn markdown_table() -> String {
    let row = |rule: &Rule| {
        format!(
            "| `{}` | {} | {} | {} |\n",
            rule.id,
            Verdict::from(rule.severity).name(),
            rule.summary,
            rule.help
        )
    };
    let rows: String = RULES.iter().map(row).collect();
    format!("| rule | verdict | what it finds | what helps |\n|---|---|---|---|\n{rows}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_in_kebab_case() {
        let mut ids: Vec<&str> = all_rules().collect();
        let kebab = |id: &str| id.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        assert!(ids.iter().all(|id| kebab(id)));
        ids.sort_unstable();
        let count = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn texts_fit_into_a_cell_of_a_table() {
        for rule in RULES {
            for text in [rule.summary, rule.help] {
                assert!(!text.is_empty() && !text.contains(['|', '\n']), "{text}");
            }
        }
    }
}
