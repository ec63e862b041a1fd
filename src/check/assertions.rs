//! What a query's header asserts of its plans and its executions.

use super::finding::{Finding, Severity};
use super::header::Uses;
use super::query::Query;
use super::report::Sample;
use super::rules::stands_alone;
use crate::postgres::explain::{Node, Plan};
use crate::postgres::name::quoted;
use crate::progress::grouped;

/// Each plan searches an index of the table by the columns (`index-not-used`).
pub fn uses(query: &Query, plans: &[Plan]) -> Vec<Finding> {
    let missing = |uses: &&Uses| !plans.iter().all(|plan| searches(&plan.root, uses));
    let finding = |uses: &Uses| {
        let lacking = plans.iter().filter(|plan| !searches(&plan.root, uses));
        let columns: Vec<String> = uses.columns.iter().map(|name| quoted(name)).collect();
        Finding {
            rule: "index-not-used",
            severity: Severity::Fail,
            on: None,
            message: format!(
                "no index of {uses} is searched, in {} of {} samples; the header says that one is",
                lacking.count(),
                plans.len()
            ),
            help: format!(
                "CREATE INDEX ON {}{} ({});   -- or take `-- uses: {uses}` out of {}",
                uses.schema
                    .as_ref()
                    .map(|schema| format!("{}.", quoted(schema)))
                    .unwrap_or_default(),
                quoted(&uses.table),
                columns.join(", "),
                query.path
            ),
        }
    };
    query.uses.iter().filter(missing).map(finding).collect()
}

/// Whether a scan of a table searches an index, or several by a bitmap, for all of the columns.
pub fn is_searched_for(scan: &Node, columns: &[&str]) -> bool {
    let found = |node: &Node| {
        let condition = node.index_cond.as_deref().unwrap_or_default();
        columns
            .iter()
            .all(|column| names(condition, &quoted(column)))
    };
    found(scan) || bitmaps(scan).any(found)
}

/// Whether the node or one beneath it searches an index of the table by all of the columns.
fn searches(node: &Node, uses: &Uses) -> bool {
    let is_table = node.relation.as_ref() == Some(&uses.table)
        && (uses.schema.is_none() || node.schema == uses.schema);
    let columns: Vec<&str> = uses.columns.iter().map(String::as_str).collect();
    // A bitmap's index scans stand beneath the scan that names the table.
    (is_table && is_searched_for(node, &columns))
        || node.plans.iter().any(|below| searches(below, uses))
}

/// The bitmap nodes beneath a node.
fn bitmaps(node: &Node) -> impl Iterator<Item = &Node> {
    let mut open: Vec<&Node> = vec![node];
    std::iter::from_fn(move || {
        let next = open.pop()?;
        open.extend(
            next.plans
                .iter()
                .filter(|below| below.node_type.starts_with("Bitmap")),
        );
        Some(next)
    })
}

/// Whether a condition speaks of a column, with the table's alias before it or without.
fn names(condition: &str, column: &str) -> bool {
    condition.match_indices(column).any(|(at, found)| {
        let start = match condition[..at].strip_suffix('.') {
            Some(_) => return stands_alone(condition, 0, at + found.len()),
            None => at,
        };
        stands_alone(condition, start, at + found.len())
    })
}

/// No execution touches more pages (`over-buffers`) or gives more rows (`over-rows`) than the header allows.
pub fn bounds(query: &Query, samples: &[Sample]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let most = samples.iter().max_by_key(|sample| sample.buffers);
    if let (Some(bound), Some(sample)) = (query.max_buffers, most)
        && sample.buffers > bound
    {
        findings.push(over(
            query,
            "over-buffers",
            format!("{} pages are touched", grouped(sample.buffers)),
            bound,
            sample,
        ));
    }
    let most = samples.iter().max_by(|a, b| a.rows.total_cmp(&b.rows));
    if let (Some(bound), Some(sample)) = (query.max_rows, most)
        && sample.rows > bound as f64
    {
        findings.push(over(
            query,
            "over-rows",
            format!("{:.0} rows come", sample.rows),
            bound,
            sample,
        ));
    }
    findings
}

fn over(query: &Query, rule: &'static str, seen: String, bound: u64, sample: &Sample) -> Finding {
    let parameters = sample.parameters.iter();
    let with: Vec<String> = parameters
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    let header = rule.replace("over", "max");
    Finding {
        rule,
        severity: Severity::Fail,
        on: None,
        message: format!(
            "{seen} with {}, and the header allows {}",
            with.join(", "),
            grouped(bound)
        ),
        help: format!(
            "see the plan with --format json, or allow more: `-- {header}:` in {}",
            query.path
        ),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can't go on panics")]
mod tests {
    use super::*;
    use crate::check::QueryFile;

    const UNINDEXED: &str = include_str!("../../tests/fixtures/plans/styles-unindexed.json");
    const INDEXED: &str = include_str!("../../tests/fixtures/plans/styles-indexed.json");

    fn query(header: &str) -> Query {
        Query::parse(&QueryFile {
            name: "q".into(),
            path: "q.sql".into(),
            text: format!("{header}\nSELECT 1"),
        })
        .unwrap()
    }

    #[test]
    fn an_index_is_known_by_what_it_is_searched_for() {
        let indexed = [Plan::parse(INDEXED).unwrap()];
        for used in [
            "styles(product_id)",
            "photos(style_id)",
            "public.skus(style_id)",
        ] {
            let query = query(&format!("-- uses: {used}"));
            assert_eq!(uses(&query, &indexed), [], "{used}");
            let unindexed = [Plan::parse(UNINDEXED).unwrap(), indexed[0].clone()];
            let findings = uses(&query, &unindexed);
            assert_eq!(findings.len(), 1, "{used}");
            assert!(
                findings[0].message.contains("in 1 of 2 samples"),
                "{findings:?}"
            );
        }
        for unused in [
            "styles(id)",
            "styles(product)",
            "other.skus(style_id)",
            "skus(style_id, size)",
        ] {
            assert_eq!(
                uses(&query(&format!("-- uses: {unused}")), &indexed).len(),
                1,
                "{unused}"
            );
        }
    }

    #[test]
    fn a_bitmap_s_index_counts_for_its_table() {
        let plan = r#"[{"Plan": {"Node Type": "Bitmap Heap Scan", "Schema": "public", "Relation Name": "skus", "Plans": [
            {"Node Type": "BitmapAnd", "Plans": [
                {"Node Type": "Bitmap Index Scan", "Index Cond": "(skus.style_id = $1)"},
                {"Node Type": "Bitmap Index Scan", "Index Cond": "(skus.\"Size\" = 'M'::text)"}]}]}}]"#;
        let plans = [Plan::parse(plan).unwrap()];
        assert_eq!(
            uses(
                &query("-- uses: skus(style_id)\n-- uses: skus(\"Size\")"),
                &plans
            ),
            []
        );
        assert_eq!(uses(&query("-- uses: skus(size)"), &plans).len(), 1);
    }

    #[test]
    fn bounds_name_the_sample_that_breaks_them() {
        let sample = |id: i64, buffers, rows| Sample {
            parameters: vec![("id".into(), id.into())],
            execution_ms: 1.0,
            planning_ms: 1.0,
            buffers,
            rows,
            indexes: Vec::new(),
            plan: serde_json::Value::Null,
        };
        let samples = [sample(1, 5, 9.0), sample(2, 51, 1.0)];
        let findings = bounds(&query("-- max-buffers: 50\n-- max-rows: 8"), &samples);
        let messages: Vec<&str> = findings
            .iter()
            .map(|finding| finding.message.as_str())
            .collect();
        assert_eq!(
            messages,
            [
                "51 pages are touched with id = 2, and the header allows 50",
                "9 rows come with id = 1, and the header allows 8"
            ]
        );
        assert_eq!(
            bounds(&query("-- max-buffers: 51\n-- max-rows: 9"), &samples),
            []
        );
        assert_eq!(bounds(&query("--"), &samples), []);
    }
}
