//! Which shards of a cluster a read asks, and whether rows are sent between the nodes.

use super::facts::{Facts, Purpose};
use super::opaque::UNKNOWN_NODE;
use super::wording::in_samples;
use crate::check::finding::{Finding, Severity};
use crate::postgres::explain::{DistributedQuery, Plan};
use crate::postgres::name::quoted;
use crate::queries::{Query, Tasks};
use crate::units::grouped;

/// A query asks one shard, unless its header allows all (`multi-shard`). A foreign key's lookup may ask all: Postgres looks
/// the key up within a shard.
pub fn multi_shard(query: &Query, plans: &[Plan], purpose: Purpose) -> Vec<Finding> {
    if purpose == Purpose::Lookup || query.header.tasks == Some(Tasks::All) {
        return Vec::new();
    }
    let asked = |plan: &Plan| {
        let queries = distributed(plan);
        queries.map(DistributedQuery::tasks).max().unwrap_or(0)
    };
    let several: Vec<u64> = plans.iter().map(asked).filter(|it| *it > 1).collect();
    let Some(most) = several.iter().max() else {
        return Vec::new();
    };
    vec![Finding {
        rule: "multi-shard",
        severity: Severity::Fail,
        on: None,
        message: format!(
            "it asks {} shards for what one may have{}",
            grouped(*most),
            in_samples(several.len(), plans.len())
        ),
        help: format!(
            "compare the distribution column of every table with the parameter, in each subquery, too; where all shards are \
             to be asked: `-- tasks: all` in {}",
            query.path
        ),
    }]
}

/// No rows are sent from node to node before they are joined (`repartition`).
pub fn repartition(plans: &[Plan]) -> Vec<Finding> {
    let repartitions = |plan: &&Plan| distributed(plan).any(DistributedQuery::repartitions);
    let count = plans.iter().filter(repartitions).count();
    if count == 0 {
        return Vec::new();
    }
    vec![Finding {
        rule: "repartition",
        severity: Severity::Fail,
        on: None,
        message: format!(
            "rows are sent between the nodes before they are joined{}",
            in_samples(count, plans.len())
        ),
        help: "join tables on their distribution columns, distribute them alike (`colocate_with`), or make the smaller one a \
               reference table"
            .to_owned(),
    }]
}

/// Every shard that is read belongs to a table that is known (`unknown-node`).
pub fn unknown_shards(plans: &[Plan], facts: Facts<'_>) -> Vec<Finding> {
    let nodes = plans.iter().flat_map(Plan::nodes);
    let mut unknown: Vec<String> = nodes
        .filter(|node| node.shard.is_some() && facts.table(node).is_none())
        .filter_map(|node| node.relation.as_deref().map(quoted))
        .collect();
    unknown.sort();
    unknown.dedup();
    let finding = |table: String| Finding {
        rule: UNKNOWN_NODE,
        severity: Severity::Unchecked,
        on: None,
        message: format!(
            "it reads shards of {table}, and there is no table of that name: names of over 45 characters are cut short"
        ),
        help: "give the table a shorter name".to_owned(),
    };
    unknown.into_iter().map(finding).collect()
}

fn distributed(plan: &Plan) -> impl Iterator<Item = &DistributedQuery> {
    let nodes = plan.nodes().into_iter();
    nodes.filter_map(|node| node.distributed_query.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::Survey;
    use crate::queries::QueryFile;

    const ROUTER: &str = include_str!("../../../tests/fixtures/plans/citus/router.json");
    const MULTI_SHARD: &str = include_str!("../../../tests/fixtures/plans/citus/multi-shard.json");
    const REPARTITION: &str = include_str!("../../../tests/fixtures/plans/citus/repartition.json");

    fn query(header: &str) -> Query {
        let text = format!("{header}\nSELECT 1");
        let (name, path) = ("q".to_owned(), "q.sql".to_owned());
        Query::parse(&QueryFile { name, path, text }).unwrap()
    }

    fn plans(texts: &[&str]) -> Vec<Plan> {
        texts.iter().map(|it| Plan::parse(it).unwrap()).collect()
    }

    #[test]
    fn a_query_of_several_shards_fails_unless_its_header_allows_them() {
        let found = |header: &str, purpose| {
            multi_shard(&query(header), &plans(&[ROUTER, MULTI_SHARD]), purpose)
        };
        let findings = found("", Purpose::Query);
        assert_eq!(
            findings[0].message,
            "it asks 2 shards for what one may have, in 1 of 2 samples"
        );
        assert_eq!(found("-- tasks: one", Purpose::Query).len(), 1);
        assert_eq!(found("-- tasks: all", Purpose::Query), []);
        assert_eq!(found("", Purpose::Lookup), []);
        let router = plans(&[ROUTER]);
        assert_eq!(multi_shard(&query(""), &router, Purpose::Query), []);
    }

    #[test]
    fn rows_that_are_sent_between_nodes_fail() {
        assert_eq!(repartition(&plans(&[ROUTER, MULTI_SHARD])), []);
        assert_eq!(repartition(&plans(&[REPARTITION])).len(), 1);
    }

    #[test]
    fn shards_of_no_known_table_are_unchecked() {
        let survey = Survey {
            keys: vec![],
            proposals: vec![],
            useless: vec![],
            home: "fx".into(),
        };
        let facts = Facts {
            tables: &[],
            indexes: &[],
            survey: &survey,
            block_bytes: 8192,
        };
        let findings = unknown_shards(&plans(&[ROUTER]), facts);
        assert_eq!(findings.len(), 2);
        assert!(
            findings[0]
                .message
                .starts_with("it reads shards of orders,")
        );
    }
}
