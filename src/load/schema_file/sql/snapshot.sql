-- What stands in the database: relations, columns and constraints, and how many rows this transaction has changed.
WITH relations AS (
    SELECT c.oid, c.relkind, c.relfilenode, format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        AND n.nspname <> 'information_schema'
        AND n.nspname !~ '^pg_'
)
SELECT
    r.oid,
    '' AS part,
    r.relkind::text AS kind,
    r.relfilenode AS file,
    pg_stat_get_xact_tuples_updated(r.oid) + pg_stat_get_xact_tuples_deleted(r.oid) AS changed,
    r.name
FROM relations AS r
WHERE r.relkind <> 'S'
    -- A sequence that a column owns goes with its table.
    OR NOT EXISTS (
        SELECT
        FROM pg_depend AS d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.deptype IN ('a', 'i')
    )
UNION ALL
SELECT r.oid, 'column ' || a.attnum, 'column', 0::oid, 0, format('column %s.%I', r.name, a.attname)
FROM relations AS r
JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE r.relkind IN ('r', 'p')
UNION ALL
SELECT r.oid, 'constraint ' || k.conname, 'constraint', 0::oid, 0, format('constraint %I of %s', k.conname, r.name)
FROM relations AS r
JOIN pg_constraint AS k ON k.conrelid = r.oid
WHERE r.relkind IN ('r', 'p', 'f') AND k.contype <> 'n'
