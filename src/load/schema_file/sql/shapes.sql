-- What is each table of a schema like? Read with that schema first in the search path, so that names are alike in any.
-- `shape` is what two tables of the same DDL have in common, `rest` what a statement may change besides.
-- $1: the schema
SELECT
    c.relname::text AS name,
    (
        SELECT COALESCE(string_agg(
            format(
                'column %s %s%s%s%s%s',
                quote_ident(a.attname),
                format_type(a.atttypid, a.atttypmod),
                CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END,
                ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid),
                CASE WHEN a.attidentity <> '' THEN ' identity ' || a.attidentity::text ELSE '' END,
                CASE WHEN a.attgenerated <> '' THEN ' generated' ELSE '' END
            ),
            E'\n' ORDER BY a.attname
        ), '')
        FROM pg_attribute AS a
        LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ) || (
        SELECT COALESCE(string_agg(E'\n' || pg_get_constraintdef(k.oid), '' ORDER BY pg_get_constraintdef(k.oid)), '')
        FROM pg_constraint AS k
        -- NOT NULL is a constraint from version 18 on, and is told with its column.
        WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'f', 'c', 'x')
    ) AS shape,
    concat_ws(
        ' ',
        c.relacl,
        c.reloptions,
        c.relowner,
        (SELECT string_agg(i.indexrelid::text, ',') FROM pg_index AS i WHERE i.indrelid = c.oid),
        (SELECT string_agg(t.oid::text, ',') FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal),
        (SELECT string_agg(m.objsubid || m.description, ',') FROM pg_description AS m WHERE m.objoid = c.oid),
        (SELECT string_agg(p.oid::text, ',') FROM pg_policy AS p WHERE p.polrelid = c.oid),
        c.relrowsecurity,
        pg_stat_get_xact_tuples_inserted(c.oid),
        pg_stat_get_xact_tuples_updated(c.oid),
        pg_stat_get_xact_tuples_deleted(c.oid)
    ) AS rest
FROM pg_class AS c
WHERE c.relnamespace = (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = $1)
    AND c.relkind IN ('r', 'p')
ORDER BY c.relname
