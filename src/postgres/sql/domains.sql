-- What do the domains demand of their values?
-- checks: pg_get_constraintdef, by name.
SELECT
    y.oid,
    y.typname::text AS name,
    y.typnotnull AS not_null,
    format_type(y.typbasetype, y.typtypmod) AS base,
    ARRAY(
        SELECT k.conname::text
        FROM pg_constraint AS k
        WHERE k.contypid = y.oid AND k.contype = 'c'
        ORDER BY k.conname
    ) AS check_names,
    ARRAY(
        SELECT pg_get_constraintdef(k.oid)
        FROM pg_constraint AS k
        WHERE k.contypid = y.oid AND k.contype = 'c'
        ORDER BY k.conname
    ) AS checks
FROM pg_type AS y
JOIN pg_namespace AS n ON n.oid = y.typnamespace
WHERE y.typtype = 'd' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY y.oid
