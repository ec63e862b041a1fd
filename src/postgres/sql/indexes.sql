-- Which indexes do the tables have, on what, and can they be used?
-- indkey lists the key columns (0 for an expression), then the included ones; classes and collations are the key's.
-- expressions: as Postgres writes them, in parentheses but for a function's call; NULL for a column.
-- Each class and each constraint by its table's index, and no scan of all for each index: pg_constraint has one on
-- conrelid and none on conindid.
-- $1: only on tables of this schema, or NULL; $2: only on these tables, or NULL
SELECT
    i.indexrelid AS oid,
    x.relname::text AS name,
    t.oid AS table_oid,
    n.nspname::text AS schema_name,
    t.relname::text AS table_name,
    m.amname::text AS method,
    i.indisunique AS is_unique,
    i.indisvalid AS valid,
    i.indisready AS ready,
    i.indislive AS live,
    i.indnkeyatts AS key_count,
    i.indkey::int2[] AS numbers,
    ARRAY(
        SELECT (SELECT o.opcfamily FROM pg_opclass AS o WHERE o.oid = class.oid)
        FROM unnest(i.indclass::oid[]) WITH ORDINALITY AS class (oid, place)
        ORDER BY class.place
    ) AS families,
    i.indcollation::oid[] AS collations,
    ARRAY(
        SELECT CASE WHEN number = 0 THEN pg_get_indexdef(i.indexrelid, place::int4, false) END
        FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS part (number, place)
        WHERE place <= i.indnkeyatts
        ORDER BY place
    ) AS expressions,
    pg_get_expr(i.indpred, i.indrelid) AS predicate,
    (
        SELECT k.conname::text
        FROM pg_constraint AS k
        WHERE k.conrelid = i.indrelid AND k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
        LIMIT 1
    ) AS backs,
    pg_relation_size(i.indexrelid)::int8 AS bytes,
    pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index AS i
JOIN pg_class AS x ON x.oid = i.indexrelid
JOIN pg_am AS m ON m.oid = x.relam
JOIN pg_class AS t ON t.oid = i.indrelid
JOIN pg_namespace AS n ON n.oid = t.relnamespace
WHERE n.nspname !~ '^pg_'
    AND n.nspname NOT IN ('information_schema', 'seedrow')
    AND ($1::text IS NULL OR n.nspname = $1)
    AND ($2::oid[] IS NULL OR t.oid = ANY ($2))
ORDER BY n.nspname, t.relname, x.relname
