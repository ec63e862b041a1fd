-- Which keys do the tables have, which foreign keys reference them, and what prevents dropping one for the load and
-- restoring it exactly? pg_get_constraintdef does not hold storage parameters, tablespace, comments,
-- statistics targets, CLUSTER ON and REPLICA IDENTITY.
-- Read under search_path = pg_catalog, so that definitions have qualified names.
-- $1: the tables, with their partitions
WITH RECURSIVE copies AS (
    -- A foreign key's copies on the partitions of its two tables.
    SELECT c.oid, c.conname, c.confrelid, c.conparentid AS root
    FROM pg_constraint AS c
    WHERE c.contype = 'f' AND c.conparentid <> 0
    UNION ALL
    SELECT c.oid, c.conname, c.confrelid, p.conparentid
    FROM copies AS c
    JOIN pg_constraint AS p ON p.oid = c.root
    WHERE p.conparentid <> 0
)
SELECT
    k.oid,
    k.conname::text AS name,
    -- F: a foreign key with a partitioned table on either side, which is restored validated.
    CASE WHEN k.contype = 'f' AND 'p' IN (t.relkind, r.relkind) THEN 'F' ELSE k.contype::text END AS kind,
    t.oid AS table_oid,
    n.nspname::text AS schema_name,
    t.relname::text AS table_name,
    k.confrelid AS referenced_oid,
    k.conindid AS index_oid,
    -- The index of the topmost table, of which this one is a part; 0 for a foreign key.
    CASE WHEN k.contype = 'f' THEN 0::oid ELSE COALESCE(pg_partition_root(k.conindid)::oid, k.conindid) END AS root_index_oid,
    k.convalidated AS validated,
    pg_get_constraintdef(k.oid) AS definition,
    CASE
        WHEN NOT pg_has_role(t.relowner, 'USAGE') THEN 'its table belongs to another role'
        -- Its owner may drop it nevertheless.
        WHEN k.contype <> 'f' AND NOT has_schema_privilege(n.oid, 'CREATE')
            THEN 'this role may not recreate its index in schema ' || quote_ident(n.nspname)
        WHEN k.contype = 'f' AND NOT has_table_privilege(k.confrelid, 'REFERENCES')
            THEN 'this role may not recreate it without REFERENCES on ' || k.confrelid::regclass::text
        WHEN k.contype = 'f' AND (t.relispartition OR r.relispartition) THEN 'it is on or references a partition'
        WHEN t.relispartition AND (k.conparentid = 0 OR NOT pg_partition_root(t.oid)::oid = ANY ($1::oid[]))
            THEN 'it is on a partition alone'
        WHEN NOT t.relispartition AND (
            k.coninhcount > 0
            OR (t.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits AS h WHERE t.oid IN (h.inhrelid, h.inhparent)))
        ) THEN 'its table inherits or is inherited'
        WHEN k.contype <> 'f' AND NOT i.indisvalid THEN 'its index is invalid'
        -- The index of the whole would find either as its part.
        WHEN (t.relispartition OR t.relkind = 'p') AND EXISTS (
            SELECT FROM pg_index AS o
            WHERE o.indrelid = i.indrelid AND o.indexrelid <> i.indexrelid AND o.indkey::text = i.indkey::text
        ) THEN 'another index has the same columns'
        WHEN k.contype = 'f' AND EXISTS (
            SELECT FROM copies AS c
            WHERE c.root = k.oid AND c.conname <> k.conname AND c.confrelid = k.confrelid
        ) THEN 'a partition has another name for it'
        WHEN EXISTS (
            SELECT FROM copies AS c
            WHERE c.root = k.oid AND obj_description(c.oid, 'pg_constraint') IS NOT NULL
        ) THEN 'its copy on a partition has a comment'
        WHEN obj_description(k.oid, 'pg_constraint') IS NOT NULL THEN 'it has a comment'
        WHEN k.contype <> 'f' AND obj_description(k.conindid, 'pg_class') IS NOT NULL THEN 'its index has a comment'
        WHEN k.contype <> 'f' AND x.reloptions IS NOT NULL THEN 'its index has storage parameters'
        WHEN k.contype <> 'f' AND x.reltablespace <> 0 THEN 'its index has a tablespace of its own'
        WHEN k.contype <> 'f' AND i.indisclustered THEN 'its table is clustered on it'
        WHEN k.contype <> 'f' AND i.indisreplident THEN 'it is the replica identity'
        WHEN k.contype <> 'f' AND EXISTS (
            SELECT FROM pg_attribute AS a
            WHERE a.attrelid = k.conindid AND COALESCE(a.attstattarget, -1) <> -1
        ) THEN 'its index has statistics targets'
        WHEN EXISTS (
            SELECT FROM pg_depend AS d
            WHERE d.refclassid = 'pg_constraint'::regclass AND d.refobjid = k.oid AND d.deptype NOT IN ('i', 'P', 'S')
        ) THEN 'something depends on it, such as a view that groups by it'
        WHEN k.contype <> 'f' AND EXISTS (
            SELECT FROM pg_depend AS d
            WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = k.conindid AND d.deptype NOT IN ('i', 'P', 'S')
                AND d.classid <> 'pg_constraint'::regclass
        ) THEN 'something depends on its index'
        WHEN EXISTS (
            SELECT FROM pg_trigger AS g
            WHERE (g.tgconstraint = k.oid OR g.tgconstraint IN (SELECT c.oid FROM copies AS c WHERE c.root = k.oid))
                AND g.tgenabled <> 'O'
        ) THEN 'its triggers are not enabled in the usual way'
    END AS obstacle
FROM pg_constraint AS k
JOIN pg_class AS t ON t.oid = k.conrelid
JOIN pg_namespace AS n ON n.oid = t.relnamespace
LEFT JOIN pg_class AS r ON r.oid = NULLIF(k.confrelid, 0)
LEFT JOIN pg_class AS x ON x.oid = NULLIF(k.conindid, 0)
LEFT JOIN pg_index AS i ON i.indexrelid = x.oid
WHERE (k.contype IN ('p', 'u', 'x') AND k.conrelid = ANY ($1::oid[]))
    OR (k.contype = 'f' AND k.conparentid = 0 AND (k.conrelid = ANY ($1::oid[]) OR k.confrelid = ANY ($1::oid[])))
ORDER BY n.nspname, t.relname, k.contype, k.conname
