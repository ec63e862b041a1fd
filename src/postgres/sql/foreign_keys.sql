-- Which foreign keys are there, which columns do they join, and do all rows satisfy them?
-- A partition's copy of its parent's constraint (conparentid) is left out as a row: the parent's stands for all, and
-- lists the copies on tables that hold rows. conenforced is there from version 18.
-- comparisons: by column, the operator families in which the key's operator means "equal" (strategy 3 of btree, 1 of
-- hash), either way round, and how Postgres' own lookup writes the comparison (ri_GenerateQual in ri_triggers.c): both
-- sides are cast to the operator's types. Its collation is the referring column's, unless that is the default one and
-- the referenced type brings its own (name, domains); the referenced column's where that one is nondeterministic. An
-- index serves it on the column where the cast changes no bytes, else on the cast as an expression, where that is
-- immutable; the default operator class is the right one only where the type has none of its own, and takes that of its
-- category's preferred type (varchar takes text's).
-- $1: only on tables of this schema, or NULL; $2: only on these tables, or NULL
SELECT
    k.oid,
    k.conname::text AS name,
    t.oid AS table_oid,
    n.nspname::text AS schema_name,
    t.relname::text AS table_name,
    k.conkey AS numbers,
    ARRAY(
        SELECT a.attname::text
        FROM unnest(k.conkey) WITH ORDINALITY AS part (number, place)
        JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = part.number
        ORDER BY part.place
    ) AS columns,
    r.oid AS referenced_oid,
    rn.nspname::text AS referenced_schema,
    r.relname::text AS referenced_table,
    k.confkey AS referenced_numbers,
    ARRAY(
        SELECT a.attname::text
        FROM unnest(k.confkey) WITH ORDINALITY AS part (number, place)
        JOIN pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = part.number
        ORDER BY part.place
    ) AS referenced_columns,
    (
        SELECT jsonb_agg(
            jsonb_build_object(
                'families', COALESCE((
                    SELECT jsonb_agg(DISTINCT o.amopfamily::int8)
                    FROM pg_amop AS o
                    JOIN pg_am AS m ON m.oid = o.amopmethod
                    WHERE o.amopopr IN (p.oid, p.oprcom)
                        AND (m.amname, o.amopstrategy) IN (('btree', 3), ('hash', 1))
                ), '[]'),
                'collation', compared.collation::int8,
                'collate', CASE WHEN demanded.explicit THEN a.attcollation::regcollation::text END,
                'index_collate', CASE
                    WHEN compared.collation NOT IN (0, f.attcollation) THEN compared.collation::regcollation::text
                END,
                'operator', format('OPERATOR(%I.%s)', s.nspname, p.oprname),
                'type', format_type(CASE
                    WHEN y.typtype = 'p' OR a.atttypid <> y.oid AND rt.typcollation <> y.typcollation THEN a.atttypid
                    ELSE y.oid
                END, NULL),
                'parameter_cast', CASE
                    WHEN y.oid <> a.atttypid AND y.typtype <> 'p' THEN format('%I.%I', ys.nspname, y.typname)
                END,
                'cast', CASE WHEN is_cast THEN format('%I.%I', zs.nspname, z.typname) END,
                'by_expression', is_cast AND COALESCE(g.castmethod, 'b') <> 'b',
                'needs_expression', is_cast AND own_type.oid <> z.oid AND NOT (
                    COALESCE(g.castmethod, 'b') = 'b'
                    AND z.typispreferred
                    AND NOT EXISTS (
                        SELECT
                        FROM pg_opclass AS o
                        JOIN pg_am AS m ON m.oid = o.opcmethod AND m.amname = 'btree'
                        WHERE o.opcintype = own_type.oid AND o.opcdefault
                    )
                ),
                'expressions', CASE
                    WHEN is_cast AND cast_function.provolatile <> 'i' THEN '[]'
                    WHEN is_cast AND g.castfunc <> 0 THEN jsonb_build_array(
                        format('(%I)::%s', f.attname, format_type(z.oid, -1)),
                        format('%I(%I)', cast_function.proname, f.attname)
                    )
                    WHEN is_cast THEN jsonb_build_array(format('(%I)::%s', f.attname, format_type(z.oid, -1)))
                    ELSE '[]'
                END,
                'plain', NOT demanded.explicit
                    AND (s.nspname, p.oprname) = ('pg_catalog', '=')
                    AND (a.atttypid = f.atttypid OR NOT is_cast)
            )
            ORDER BY part.place
        )
        FROM unnest(k.conpfeqop, k.confkey, k.conkey) WITH ORDINALITY AS part (operator, number, own, place)
        JOIN pg_operator AS p ON p.oid = part.operator
        JOIN pg_namespace AS s ON s.oid = p.oprnamespace
        JOIN pg_type AS y ON y.oid = p.oprleft
        JOIN pg_namespace AS ys ON ys.oid = y.typnamespace
        JOIN pg_type AS z ON z.oid = p.oprright
        JOIN pg_namespace AS zs ON zs.oid = z.typnamespace
        JOIN pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = part.number
        JOIN pg_type AS rt ON rt.oid = a.atttypid
        JOIN pg_attribute AS f ON f.attrelid = k.conrelid AND f.attnum = part.own
        CROSS JOIN LATERAL (SELECT z.oid <> f.atttypid AND z.typtype <> 'p') AS own_cast (is_cast)
        CROSS JOIN LATERAL (
            WITH RECURSIVE base AS (
                SELECT f.atttypid AS oid
                UNION ALL
                SELECT d.typbasetype
                FROM base
                JOIN pg_type AS d ON d.oid = base.oid AND d.typtype = 'd'
            )
            SELECT base.oid
            FROM base
            JOIN pg_type AS t ON t.oid = base.oid AND t.typtype <> 'd'
        ) AS own_type (oid)
        LEFT JOIN pg_cast AS g ON g.castsource = own_type.oid AND g.casttarget = z.oid
        LEFT JOIN pg_proc AS cast_function ON cast_function.oid = g.castfunc
        CROSS JOIN LATERAL (
            SELECT a.attcollation <> f.attcollation AND EXISTS (
                SELECT
                FROM pg_collation AS c
                WHERE c.oid = a.attcollation AND NOT c.collisdeterministic
            ) AS explicit
        ) AS demanded
        CROSS JOIN LATERAL (
            SELECT
                -- 100 is the database's own collation, which gives way to any other; two others contradict.
                CASE
                    WHEN demanded.explicit THEN a.attcollation
                    WHEN f.attcollation NOT IN (0, 100) AND rt.typcollation NOT IN (0, 100, f.attcollation) THEN 0
                    WHEN f.attcollation IN (0, 100) AND rt.typcollation <> 0 THEN rt.typcollation
                    ELSE f.attcollation
                END AS collation
        ) AS compared
    )::text AS comparisons,
    (
        WITH RECURSIVE copies AS (
            SELECT c.oid, c.conrelid, c.conkey
            FROM pg_constraint AS c
            WHERE c.conparentid = k.oid AND c.confrelid = k.confrelid AND c.conrelid <> k.conrelid
            UNION ALL
            SELECT c.oid, c.conrelid, c.conkey
            FROM copies
            JOIN pg_constraint AS c ON c.conparentid = copies.oid AND c.confrelid = k.confrelid
        )
        SELECT jsonb_agg(
            jsonb_build_object('oid', c.conrelid::int8, 'schema', s.nspname, 'name', l.relname, 'numbers', c.conkey)
            ORDER BY s.nspname, l.relname
        )
        FROM copies AS c
        JOIN pg_class AS l ON l.oid = c.conrelid AND l.relkind <> 'p'
        JOIN pg_namespace AS s ON s.oid = l.relnamespace
    )::text AS partitions,
    COALESCE((to_jsonb(k) ->> 'conenforced')::boolean, true) AS enforced,
    k.convalidated AS validated,
    k.confdeltype::text AS on_delete,
    pg_get_constraintdef(k.oid) AS definition
FROM pg_constraint AS k
JOIN pg_class AS t ON t.oid = k.conrelid
JOIN pg_namespace AS n ON n.oid = t.relnamespace
JOIN pg_class AS r ON r.oid = k.confrelid
JOIN pg_namespace AS rn ON rn.oid = r.relnamespace
WHERE k.contype = 'f'
    AND k.conparentid = 0
    AND n.nspname !~ '^pg_'
    AND n.nspname NOT IN ('information_schema', 'seedrow')
    AND ($1::text IS NULL OR n.nspname = $1)
    AND ($2::oid[] IS NULL OR t.oid = ANY ($2))
ORDER BY n.nspname, t.relname, k.conkey, k.conname
