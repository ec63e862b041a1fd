-- How many rows has this transaction inserted into and deleted from each table, what was rolled back included?
-- $1: the tables; what is in their partitions counts for them
SELECT
    coalesce(pg_partition_root(t.oid)::oid, t.oid) AS table_oid,
    sum(pg_stat_get_xact_tuples_inserted(t.oid))::bigint AS inserted,
    sum(pg_stat_get_xact_tuples_deleted(t.oid))::bigint AS deleted
FROM pg_class AS t
WHERE t.relkind = 'r'
    AND coalesce(pg_partition_root(t.oid)::oid, t.oid) = ANY ($1)
    AND pg_stat_get_xact_tuples_inserted(t.oid) + pg_stat_get_xact_tuples_deleted(t.oid) > 0
GROUP BY 1
