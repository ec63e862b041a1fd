-- Which tables and views are there, how big are they, and what does the planner believe of them?
-- $1: only this schema, or NULL; $2: only these tables, or NULL
SELECT
    t.oid,
    n.nspname::text AS schema_name,
    t.relname::text AS table_name,
    t.relkind::text AS kind,
    CASE WHEN t.relispartition THEN pg_partition_root(t.oid)::oid END AS root_oid,
    t.relpages::int8 AS pages,
    t.reltuples::float8 AS rows,
    t.relallvisible::int8 AS all_visible,
    CASE t.relkind
        WHEN 'p' THEN (
            SELECT COALESCE(sum(pg_relation_size(part.relid)), 0)
            FROM pg_partition_tree(t.oid) AS part
            WHERE part.isleaf
        )
        ELSE pg_relation_size(t.oid)
    END::int8 AS bytes
FROM pg_class AS t
JOIN pg_namespace AS n ON n.oid = t.relnamespace
WHERE t.relkind IN ('r', 'p', 'f', 'v', 'm')
    AND n.nspname !~ '^pg_'
    AND n.nspname NOT IN ('information_schema', 'seedrow')
    AND ($1::text IS NULL OR n.nspname = $1)
    AND ($2::oid[] IS NULL OR t.oid = ANY ($2))
ORDER BY n.nspname, t.relname
