-- Which columns do the tables have, of which types, and who fills them?
-- $1: only this schema, or NULL; $2: only these tables, or NULL
SELECT
    a.attrelid AS table_oid,
    a.attname::text AS name,
    a.attnum AS number,
    format_type(a.atttypid, a.atttypmod) AS type_name,
    a.atttypid AS type_oid,
    a.atttypmod AS modifier,
    a.attnotnull AS not_null,
    a.attidentity::text AS identity,
    a.attgenerated::text AS generated,
    -- A domain may have a default of its own.
    COALESCE(pg_get_expr(d.adbin, d.adrelid), CASE WHEN a.attidentity = '' THEN y.typdefault END) AS expression
FROM pg_attribute AS a
JOIN pg_class AS t ON t.oid = a.attrelid
JOIN pg_namespace AS n ON n.oid = t.relnamespace
JOIN pg_type AS y ON y.oid = a.atttypid
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0
    AND NOT a.attisdropped
    AND t.relkind IN ('r', 'p', 'f', 'v', 'm')
    AND n.nspname !~ '^pg_'
    AND n.nspname NOT IN ('information_schema', 'seedrow')
    AND ($1::text IS NULL OR n.nspname = $1)
    AND ($2::oid[] IS NULL OR t.oid = ANY ($2))
ORDER BY a.attrelid, a.attnum
