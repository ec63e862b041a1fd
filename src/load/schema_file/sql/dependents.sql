-- Which foreign keys and views of others refer to these tables, and which statement removes each? In the order in which they
-- can be removed.
-- $1: the tables
WITH RECURSIVE views AS (
    SELECT r.ev_class AS oid, 1 AS depth
    FROM pg_depend AS d
    JOIN pg_rewrite AS r ON r.oid = d.objid
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
        AND d.refobjid = ANY ($1) AND r.ev_class <> ALL ($1)
    UNION
    SELECT r.ev_class, v.depth + 1
    FROM views AS v
    JOIN pg_depend AS d ON d.refobjid = v.oid
    JOIN pg_rewrite AS r ON r.oid = d.objid
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND r.ev_class <> v.oid
), dependents AS (
    SELECT
        format('%I.%I (%I)', n.nspname, t.relname, k.conname) AS name,
        format('ALTER TABLE %I.%I DROP CONSTRAINT %I', n.nspname, t.relname, k.conname) AS statement,
        0 AS depth
    FROM pg_constraint AS k
    JOIN pg_class AS t ON t.oid = k.conrelid
    JOIN pg_namespace AS n ON n.oid = t.relnamespace
    WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid = ANY ($1) AND k.conrelid <> ALL ($1)
    UNION ALL
    SELECT
        format('the view %I.%I', n.nspname, c.relname),
        format(
            'DROP %sVIEW %I.%I', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED ' ELSE '' END, n.nspname, c.relname
        ),
        max(v.depth)
    FROM views AS v
    JOIN pg_class AS c ON c.oid = v.oid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    GROUP BY n.nspname, c.relname, c.relkind
)
SELECT name, statement
FROM dependents
ORDER BY depth DESC, name
