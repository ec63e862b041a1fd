-- What the database holds: relations, columns, constraints, triggers, functions and the values of sequences, and how many
-- rows this transaction has changed. `state` is a definition that replaces nothing where it is the same; `value` is where a
-- sequence is, negated where it descends.
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
    r.name,
    NULL AS state,
    NULL::bigint AS value
FROM relations AS r
WHERE r.relkind <> 'S'
    -- A sequence that a column owns goes with its table.
    OR NOT EXISTS (
        SELECT
        FROM pg_depend AS d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.deptype IN ('a', 'i')
    )
UNION ALL
SELECT r.oid, 'column ' || a.attnum, 'column', 0::oid, 0, format('column %s.%I', r.name, a.attname), NULL, NULL
FROM relations AS r
JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE r.relkind IN ('r', 'p')
UNION ALL
SELECT r.oid, 'constraint ' || k.conname, 'constraint', 0::oid, 0, format('constraint %I of %s', k.conname, r.name), NULL, NULL
FROM relations AS r
JOIN pg_constraint AS k ON k.conrelid = r.oid
WHERE r.relkind IN ('r', 'p', 'f') AND k.contype <> 'n'
UNION ALL
SELECT
    r.oid,
    'value',
    'value',
    r.relfilenode,
    0,
    r.name,
    concat_ws(' ', q.seqtypid, q.seqincrement, q.seqmin, q.seqmax, q.seqcycle),
    CASE WHEN has_sequence_privilege(r.oid, 'USAGE, SELECT') THEN sign(q.seqincrement) * pg_sequence_last_value(r.oid) END::bigint
FROM relations AS r
JOIN pg_sequence AS q ON q.seqrelid = r.oid
UNION ALL
SELECT
    r.oid,
    'trigger ' || t.tgname,
    'trigger',
    0::oid,
    0,
    format('trigger %I of %s', t.tgname, r.name),
    concat_ws(' ', t.tgenabled, pg_get_triggerdef(t.oid)),
    NULL
FROM relations AS r
JOIN pg_trigger AS t ON t.tgrelid = r.oid AND NOT t.tgisinternal
UNION ALL
SELECT
    0::oid,
    'function ' || p.oid::regprocedure,
    'function',
    0::oid,
    0,
    format('function %s', p.oid::regprocedure),
    CASE WHEN p.prokind = 'a' THEN 'aggregate' ELSE pg_get_functiondef(p.oid) END,
    NULL
FROM pg_proc AS p
JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname <> 'information_schema'
    AND n.nspname !~ '^pg_'
    AND NOT EXISTS (
        SELECT
        FROM pg_depend AS d
        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    )
