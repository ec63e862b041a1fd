-- What does the index of seedrow's copy of a table consist of: the columns it needs, its key columns or expressions, the
-- operators of an exclusion constraint, and its predicate?
SELECT
    ARRAY(
        SELECT a.attname::text
        FROM pg_attribute AS a
        WHERE a.attrelid = i.indrelid AND a.attnum > 0 AND NOT a.attisdropped
            AND (a.attnum = ANY (i.indkey) OR EXISTS (
                SELECT FROM pg_depend AS d
                WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum
                    AND ((d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid)
                        OR (d.classid = 'pg_constraint'::regclass AND d.objid = k.oid))
            ))
        ORDER BY a.attnum
    ) AS needed,
    ARRAY(
        SELECT a.attname::text
        FROM pg_attribute AS a
        WHERE a.attrelid = i.indrelid AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attnum
    ) AS columns,
    ARRAY(
        SELECT pg_get_indexdef(i.indexrelid, n, false)
        FROM generate_series(1, i.indnkeyatts) AS n
        ORDER BY n
    ) AS items,
    ARRAY(
        SELECT format('OPERATOR(%I.%s)', s.nspname, o.oprname)
        FROM unnest(k.conexclop) WITH ORDINALITY AS x (operator, place)
        JOIN pg_operator AS o ON o.oid = x.operator
        JOIN pg_namespace AS s ON s.oid = o.oprnamespace
        ORDER BY x.place
    ) AS operators,
    pg_get_expr(i.indpred, i.indrelid) AS predicate
FROM pg_index AS i
LEFT JOIN pg_constraint AS k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
WHERE i.indrelid = 'pg_temp.seedrow_kept'::regclass
