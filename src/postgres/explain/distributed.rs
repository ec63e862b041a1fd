//! A node of Citus: the query that it sends to the shards, and the plans that came back.
//!
//! EXPLAIN prints the shards' plans in a form of their own, and with the shards' names. Here they become the node's inputs,
//! with the names of the tables that the shards belong to, so that every rule over plans reads them like any other.

use super::node::{DistributedQuery, Node};

impl DistributedQuery {
    /// The plans of its subplans and tasks, which it has no longer.
    fn take_plans(&mut self) -> Vec<Node> {
        let (subplans, tasks) = (&mut self.subplans, &mut self.job.tasks);
        let of_subplans = subplans.drain(..).flat_map(|it| it.plan);
        let mut plans: Vec<Node> = of_subplans.map(|it| it.plan).collect();
        let before = plans.len();
        for mut plan in tasks.drain(..).flat_map(|it| it.plan.into_iter().flatten()) {
            name_by_table(&mut plan.plan);
            plans.push(plan.plan);
        }
        self.hidden = self.job.count.saturating_sub((plans.len() - before) as u64);
        plans
    }
}

/// Pages that a node touched, over all loops, the nodes below included.
#[derive(Debug, Clone, Copy, Default)]
struct Pages {
    hit: u64,
    read: u64,
}

/// Makes the plans of tasks and subplans the inputs of the nodes that send them, and counts the pages that they touch in the
/// nodes above.
pub fn gather(node: &mut Node) {
    gather_below(node);
}

/// Returns what EXPLAIN counted of the node's pages.
fn gather_below(node: &mut Node) -> Pages {
    let counted = Pages {
        hit: node.shared_hit,
        read: node.shared_read,
    };
    let own_below = node.plans.iter_mut().map(gather_below);
    let below = own_below.fold(Pages::default(), |sum, it| Pages {
        hit: sum.hit + it.hit,
        read: sum.read + it.read,
    });
    let mut own = Pages {
        hit: counted.hit.saturating_sub(below.hit),
        read: counted.read.saturating_sub(below.read),
    };
    if let Some(query) = &mut node.distributed_query {
        let mut plans = query.take_plans();
        plans.iter_mut().for_each(gather);
        node.plans.append(&mut plans);
        // Pages of the coordinator's catalog.
        own = Pages::default();
    }
    node.shared_hit = own.hit + node.plans.iter().map(|it| it.shared_hit).sum::<u64>();
    node.shared_read = own.read + node.plans.iter().map(|it| it.shared_read).sum::<u64>();
    counted
}

/// Names the tables and indexes of a task's plan without their shard's number: `features_103365` → `features`.
fn name_by_table(node: &mut Node) {
    if let Some((table, shard)) = node.relation.as_deref().and_then(without_shard) {
        node.shard = Some(shard);
        node.relation = Some(table.to_owned());
    }
    if let Some((index, _)) = node.index.as_deref().and_then(without_shard) {
        node.index = Some(index.to_owned());
    }
    node.plans.iter_mut().for_each(name_by_table);
}

fn without_shard(name: &str) -> Option<(&str, u64)> {
    let (name, shard) = name.rsplit_once('_')?;
    Some((name, shard.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::explain::Plan;

    const ROUTER: &str = include_str!("../../../tests/fixtures/plans/citus/router.json");
    const MULTI_SHARD: &str = include_str!("../../../tests/fixtures/plans/citus/multi-shard.json");
    const REPARTITION: &str = include_str!("../../../tests/fixtures/plans/citus/repartition.json");

    fn plan(json: &str) -> Plan {
        Plan::parse(json).unwrap()
    }

    /// The tables that are read, with the index that each is searched by.
    fn reads(plan: &Plan) -> Vec<(&str, Option<&str>)> {
        let nodes = plan.nodes().into_iter();
        let read = nodes.filter_map(|it| Some((it.relation.as_deref()?, it.index.as_deref())));
        read.collect()
    }

    #[test]
    fn a_task_s_plan_is_read_with_the_names_of_its_tables() {
        let plan = plan(ROUTER);
        assert_eq!(
            reads(&plan),
            [
                ("shops", Some("shops_pkey")),
                ("orders", Some("orders_pkey"))
            ]
        );
        assert!(plan.opaque_nodes().is_empty());
        let query = plan.root.distributed_query.as_ref().unwrap();
        assert_eq!(query.tasks(), 1);
        // The coordinator's 74 pages of its catalog don't count.
        assert_eq!(plan.root.buffers(), 9);
    }

    #[test]
    fn every_task_is_an_input_of_its_node() {
        let plan = plan(MULTI_SHARD);
        assert_eq!(reads(&plan), [("orders", None), ("orders", None)]);
        assert!(plan.opaque_nodes().is_empty());
        let below: u64 = plan.root.plans[0].plans.iter().map(Node::buffers).sum();
        assert!(below > 100 && plan.root.buffers() == below, "{below}");
    }

    #[test]
    fn tasks_that_are_not_shown_leave_the_node_opaque() {
        assert_eq!(
            plan(REPARTITION).opaque_nodes(),
            ["Custom Scan (Citus Adaptive)"]
        );
        let one_of_two = MULTI_SHARD.replace(r#""Task Count": 2"#, r#""Task Count": 3"#);
        assert_eq!(plan(&one_of_two).opaque_nodes().len(), 1);
        let unreached = r#"[{"Plan": {"Node Type": "Custom Scan", "Custom Plan Provider": "Citus Adaptive",
            "Distributed Query": {"Job": {"Task Count": 1, "Tasks": [{"Error": "Could not get remote plan."}]}}}}]"#;
        assert_eq!(plan(unreached).opaque_nodes().len(), 1);
    }

    #[test]
    fn a_subplan_s_tasks_are_read_as_well() {
        let scan = r#"{"Plan": {"Node Type": "Seq Scan", "Relation Name": "shops_102008", "Schema": "s",
            "Actual Loops": 1, "Shared Hit Blocks": 7}}"#;
        let job =
            format!(r#"{{"Job": {{"Task Count": 1, "Tasks": [{{"Remote Plan": [[{scan}]]}}]}}"#);
        let citus = r#""Node Type": "Custom Scan", "Custom Plan Provider": "Citus Adaptive", "Shared Hit Blocks": 50"#;
        let subplan = format!(r#"{{"Plan": {{{citus}, "Distributed Query": {job}}}}}}}"#);
        let text = format!(
            r#"[{{"Plan": {{"Node Type": "Limit", "Shared Hit Blocks": 60, "Plans": [{{{citus},
                "Distributed Query": {job}, "Subplans": [{{"PlannedStmt": [{subplan}]}}]}}}}]}}}}]"#
        );
        let plan = plan(&text);
        assert_eq!(reads(&plan), [("shops", None), ("shops", None)]);
        let shards = plan.nodes().into_iter().filter_map(|it| it.shard);
        assert_eq!(shards.collect::<Vec<_>>(), [102_008, 102_008]);
        assert_eq!(plan.root.buffers(), 10 + 7 + 7);
    }

    #[test]
    fn a_shard_s_number_is_at_its_name_s_end() {
        assert_eq!(
            without_shard("features_103365"),
            Some(("features", 103_365))
        );
        assert_eq!(without_shard("a_1_103365"), Some(("a_1", 103_365)));
        assert_eq!(without_shard("features"), None);
        assert_eq!(without_shard("features_v2"), None);
    }
}
