-- Which indexes that back no constraint do the tables have, and what prevents dropping one for the load and
-- restoring it exactly? pg_get_indexdef holds everything but tablespace, comments, statistics targets, CLUSTER ON
-- and REPLICA IDENTITY.
-- Read under search_path = pg_catalog, so that definitions have qualified names.
-- $1: the tables, with their partitions
SELECT
    x.oid,
    x.relname::text AS name,
    'i' AS kind,
    t.oid AS table_oid,
    n.nspname::text AS schema_name,
    t.relname::text AS table_name,
    0::oid AS referenced_oid,
    x.oid AS index_oid,
    COALESCE(pg_partition_root(x.oid)::oid, x.oid) AS root_index_oid,
    true AS validated,
    CASE x.relkind
        -- Of a partitioned table: without ONLY, its partitions' indexes become its parts.
        WHEN 'I' THEN overlay(
            pg_get_indexdef(x.oid) PLACING ' ON '
            FROM length(created.head) + 1 FOR length(' ON ONLY ')
        )
        ELSE pg_get_indexdef(x.oid)
    END AS definition,
    CASE
        WHEN NOT pg_has_role(t.relowner, 'USAGE') THEN 'its table belongs to another role'
        -- Its owner may drop it nevertheless.
        WHEN NOT has_schema_privilege(n.oid, 'CREATE')
            THEN 'this role may not recreate it in schema ' || quote_ident(n.nspname)
        WHEN t.relispartition AND (
            (i.indisunique AND NOT x.relispartition) OR NOT pg_partition_root(t.oid)::oid = ANY ($1::oid[])
        ) THEN 'it is on a partition alone'
        WHEN NOT i.indisvalid THEN 'it is invalid'
        -- The index of the whole would find either as its part.
        WHEN (t.relispartition OR t.relkind = 'p') AND EXISTS (
            SELECT FROM pg_index AS o
            WHERE o.indrelid = t.oid AND o.indexrelid <> x.oid AND o.indkey::text = i.indkey::text
        ) THEN 'another index has the same columns'
        WHEN obj_description(x.oid, 'pg_class') IS NOT NULL THEN 'it has a comment'
        WHEN x.reltablespace <> 0 THEN 'it has a tablespace of its own'
        WHEN i.indisclustered THEN 'its table is clustered on it'
        WHEN i.indisreplident THEN 'it is the replica identity'
        WHEN EXISTS (
            SELECT FROM pg_attribute AS a
            WHERE a.attrelid = x.oid AND COALESCE(a.attstattarget, -1) <> -1
        ) THEN 'it has statistics targets'
        WHEN EXISTS (
            SELECT FROM pg_depend AS d
            WHERE d.classid = 'pg_class'::regclass AND d.objid = x.oid AND d.deptype IN ('e', 'x')
        ) THEN 'it belongs to an extension'
        -- A foreign key may reference a unique index; whether that is kept is decided by DropPlan.
        WHEN EXISTS (
            SELECT FROM pg_depend AS d
            WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = x.oid AND d.deptype NOT IN ('i', 'P', 'S')
                AND d.classid <> 'pg_constraint'::regclass
        ) THEN 'something depends on it'
    END AS obstacle
FROM pg_index AS i
JOIN pg_class AS x ON x.oid = i.indexrelid
JOIN pg_class AS t ON t.oid = i.indrelid
JOIN pg_namespace AS n ON n.oid = t.relnamespace
CROSS JOIN LATERAL (
    SELECT format('CREATE %sINDEX %I', CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END, x.relname) AS head
) AS created
WHERE t.oid = ANY ($1::oid[])
    AND NOT EXISTS (
        SELECT FROM pg_constraint AS k
        WHERE k.conindid = x.oid AND k.contype IN ('p', 'u', 'x')
    )
-- In the order that they were created in: of two that cost the same the planner takes the older.
ORDER BY n.nspname, t.relname, x.oid
