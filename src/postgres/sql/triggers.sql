-- Which triggers of users fire for an inserted row, and when?
-- tgtype: bit 0 for each row, bit 1 before, bit 2 insert. tgenabled: D disabled, R on replicas only.
-- $1: only on tables of this schema, or NULL; $2: only on these tables, or NULL
SELECT
    t.oid AS table_oid,
    g.tgname::text AS name,
    (g.tgtype & 2) <> 0 AS before,
    (g.tgtype & 1) <> 0 AS for_each_row,
    g.tgenabled = 'A' AS always,
    g.tginitdeferred AS deferred,
    f.proname::text AS function
FROM pg_trigger AS g
JOIN pg_class AS t ON t.oid = g.tgrelid
JOIN pg_namespace AS n ON n.oid = t.relnamespace
JOIN pg_proc AS f ON f.oid = g.tgfoid
WHERE NOT g.tgisinternal
    AND (g.tgtype & 4) <> 0
    AND g.tgenabled NOT IN ('D', 'R')
    AND t.relkind IN ('r', 'p')
    AND n.nspname !~ '^pg_'
    AND n.nspname NOT IN ('information_schema', 'seedrow')
    AND ($1::text IS NULL OR n.nspname = $1)
    AND ($2::oid[] IS NULL OR t.oid = ANY ($2))
ORDER BY n.nspname, t.relname, g.tgname
