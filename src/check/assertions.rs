//! What a query's header asserts of its plans and its executions.

use super::finding::{Finding, Severity};
use super::measurement::SampleRun;
use super::rules::is_whole_name;
use crate::postgres::explain::{Node, Plan};
use crate::postgres::name::quoted;
use crate::queries::{IndexUse, Query};
use crate::units::grouped;

/// Each plan searches an index of the table by the columns (`index-not-used`). A plan with an opaque node may do so out of
/// sight.
pub fn uses(query: &Query, plans: &[Plan]) -> Vec<Finding> {
    let lacks = |plan: &Plan, uses: &IndexUse| {
        !searches(&plan.root, uses) && plan.opaque_nodes().is_empty()
    };
    let missing = |uses: &&IndexUse| plans.iter().any(|plan| lacks(plan, uses));
    let finding = |uses: &IndexUse| {
        let lacking = plans.iter().filter(|plan| lacks(plan, uses));
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
                "CREATE INDEX ON {} ({});   -- or remove `-- uses: {uses}` from {}",
                uses.quoted_table(),
                columns.join(", "),
                query.path
            ),
        }
    };
    query
        .header
        .uses
        .iter()
        .filter(missing)
        .map(finding)
        .collect()
}

/// Whether a scan of a table searches an index, its own or one of its bitmap, for all of the columns.
pub fn is_searched_for(scan: &Node, columns: &[&str]) -> bool {
    scan.searches().into_iter().any(|node| {
        let condition = node.index_cond.as_deref().unwrap_or_default();
        columns
            .iter()
            .all(|column| names(condition, &quoted(column)))
    })
}

/// Whether the node or one beneath it searches an index of the table by all of the columns.
fn searches(node: &Node, uses: &IndexUse) -> bool {
    let is_table = node.relation.as_ref() == Some(&uses.table)
        && (uses.schema.is_none() || node.schema == uses.schema);
    let columns: Vec<&str> = uses.columns.iter().map(String::as_str).collect();
    (is_table && is_searched_for(node, &columns))
        || node.plans.iter().any(|below| searches(below, uses))
}

/// Whether a condition is about a column, with the table's alias before it or without.
fn names(condition: &str, column: &str) -> bool {
    condition.match_indices(column).any(|(at, found)| {
        let start = match condition[..at].strip_suffix('.') {
            Some(_) => return is_whole_name(condition, 0, at + found.len()),
            None => at,
        };
        is_whole_name(condition, start, at + found.len())
    })
}

/// No execution touches more pages than the header allows (`over-buffers`).
pub fn over_buffers(query: &Query, samples: &[SampleRun]) -> Vec<Finding> {
    let most = samples.iter().max_by_key(|sample| sample.buffers);
    let (Some(bound), Some(sample)) = (query.header.max_buffers, most) else {
        return Vec::new();
    };
    let message = format!("{} pages are touched", grouped(sample.buffers));
    let finding = over(query, "over-buffers", message, bound, sample);
    Vec::from_iter((sample.buffers > bound).then_some(finding))
}

/// No execution returns more rows than the header allows (`over-rows`).
pub fn over_rows(query: &Query, samples: &[SampleRun]) -> Vec<Finding> {
    let most = samples.iter().max_by(|a, b| a.rows.total_cmp(&b.rows));
    let (Some(bound), Some(sample)) = (query.header.max_rows, most) else {
        return Vec::new();
    };
    let message = format!("{:.0} rows are returned", sample.rows);
    let finding = over(query, "over-rows", message, bound, sample);
    Vec::from_iter((sample.rows > bound as f64).then_some(finding))
}

fn over(
    query: &Query,
    rule: &'static str,
    what: String,
    bound: u64,
    sample: &SampleRun,
) -> Finding {
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
            "{what} with {}, and the header allows {}",
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
    use crate::queries::QueryFile;

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
        let sample = |id: i64, buffers, rows| SampleRun {
            parameters: serde_json::Map::from_iter([("id".into(), id.into())]),
            execution_ms: 1.0,
            planning_ms: 1.0,
            buffers,
            rows,
            indexes: Vec::new(),
            plan: None,
        };
        let samples = [sample(1, 5, 9.0), sample(2, 51, 1.0)];
        let bounds = |header: &str| {
            let query = query(header);
            [over_buffers(&query, &samples), over_rows(&query, &samples)].concat()
        };
        let findings = bounds("-- max-buffers: 50\n-- max-rows: 8");
        let messages: Vec<&str> = findings
            .iter()
            .map(|finding| finding.message.as_str())
            .collect();
        assert_eq!(
            messages,
            [
                "51 pages are touched with id = 2, and the header allows 50",
                "9 rows are returned with id = 1, and the header allows 8"
            ]
        );
        assert_eq!(bounds("-- max-buffers: 51\n-- max-rows: 9"), []);
        assert_eq!(bounds("--"), []);
    }
}
