-- Which indexes that back no constraint do the tables have, and what prevents dropping one for the load and
-- restoring it exactly? pg_get_indexdef holds everything but tablespace, comments, statistics targets, CLUSTER ON
-- and REPLICA IDENTITY.
-- Read under search_path = pg_catalog, so that definitions have qualified names.
-- $1: the tables
SELECT
    x.oid,
    x.relname::text AS name,
    'i' AS kind,
    t.oid AS table_oid,
    n.nspname::text AS schema_name,
    t.relname::text AS table_name,
    0::oid AS referenced_oid,
    x.oid AS index_oid,
    true AS validated,
    pg_get_indexdef(x.oid) AS definition,
    CASE
        WHEN NOT pg_has_role(t.relowner, 'USAGE') THEN 'its table belongs to another role'
        -- Its owner may drop it nevertheless.
        WHEN NOT has_schema_privilege(n.oid, 'CREATE')
            THEN 'this role may not recreate it in schema ' || quote_ident(n.nspname)
        WHEN t.relkind <> 'r' OR t.relispartition OR x.relispartition THEN 'it is on a partitioned table'
        WHEN NOT i.indisvalid THEN 'it is invalid'
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
            WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = x.oid AND d.deptype <> 'i'
                AND d.classid <> 'pg_constraint'::regclass
        ) THEN 'something depends on it'
    END AS obstacle
FROM pg_index AS i
JOIN pg_class AS x ON x.oid = i.indexrelid
JOIN pg_class AS t ON t.oid = i.indrelid
JOIN pg_namespace AS n ON n.oid = t.relnamespace
WHERE t.oid = ANY ($1::oid[])
    AND NOT EXISTS (
        SELECT FROM pg_constraint AS k
        WHERE k.conindid = x.oid AND k.contype IN ('p', 'u', 'x')
    )
ORDER BY n.nspname, t.relname, x.relname
