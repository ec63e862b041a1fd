//! What follows the rows of a distributed table: statistics, counts, and the questions that a check asks its nodes.

use super::Cluster;
use crate::support::{execute_at, value_at};

#[test]
fn rows_that_another_session_adds_before_the_end_are_counted() {
    let Some(cluster) = Cluster::new("citus_written") else {
        return;
    };
    let run = "run --dataset shop.toml --samples 1";
    cluster.seedrow(run).exits(0);
    cluster.value("UPDATE seedrow.loads SET finished_at = NULL; SELECT 1");
    cluster.value("INSERT INTO shops VALUES (99999, 'x'); SELECT 1");
    let counted = "shops holds 2001 rows, and 2000 were loaded into it";
    cluster.seedrow(run).exits(2).stderr_has(counted);
    // VACUUM has set the all-visible bits of all pages.
    execute_at(&cluster.url, "VACUUM citus_written.shops");
    cluster.seedrow(run).exits(2).stderr_has(counted);
    cluster.value("DELETE FROM shops WHERE id = 99999; SELECT 1");
    cluster.seedrow(run).exits(0);
}

#[test]
fn shards_share_one_table_s_sample_whichever_way_their_rows_came() {
    let Some(cluster) = Cluster::new("citus_statistics") else {
        return;
    };
    let parts = format!(
        "SELECT min(result) || ' ' || max(result) FROM run_command_on_shards('{}.orders', $$
            SELECT array_length(histogram_bounds::text::text[], 1) FROM pg_stats
            WHERE schemaname || '.' || tablename = '%1$s' AND attname = 'note'$$)",
        cluster.schema
    );
    for way in ["table", "segment"] {
        let run = format!("run --dataset shop.toml --samples 1 --replace --commit {way}");
        cluster.seedrow(&run).exits(0);
        assert_eq!(value_at(&cluster.url, &parts), "26 26", "--commit {way}");
        let visible = format!(
            "SELECT bool_and(result = 't') FROM run_command_on_shards('{}.orders', $$
                SELECT relpages = relallvisible FROM pg_class WHERE oid = '%1$s'::regclass$$)",
            cluster.schema
        );
        assert_eq!(value_at(&cluster.url, &visible), "t", "--commit {way}");
    }
}

#[test]
fn a_check_keeps_its_connections_to_the_nodes() {
    let Some(cluster) = Cluster::new("citus_connections") else {
        return;
    };
    cluster
        .seedrow("run --dataset shop.toml --samples 1")
        .exits(0);
    let sessions = || -> i64 {
        let sql = "SELECT sum(result::bigint) FROM run_command_on_workers(
            'SELECT sessions FROM pg_stat_database WHERE datname = current_database()')";
        value_at(&cluster.url, sql).parse().unwrap()
    };
    // Each statement that asks all shards asks each by a connection of its own.
    let url = format!(
        "{}?options=-ccitus.force_max_query_parallelization=on",
        cluster.url
    );
    let before = sessions();
    let check = "check --dataset shop.toml --only coverage,schema --url";
    let target = [url.as_str(), "--target-schema", cluster.schema];
    cluster
        .dir
        .seedrow(check.split_whitespace().chain(target))
        .exits(0);
    let opened = sessions() - before;
    // One to each shard of a table, and those that are asked for sizes and by the questions here.
    assert!(opened <= 8 + 6, "{opened} connections");
}
