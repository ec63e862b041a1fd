-- How does each foreign key compare its columns with those that they refer to?
-- By column: the operator families in which the key's operator means "equal" (strategy 3 of btree, 1 of hash; 403 and
-- 405 are these access methods on every server), either way round, and how Postgres' own lookup writes the comparison
-- (ri_GenerateQual in ri_triggers.c): both sides are cast to the operator's types. Its collation is the referring column's, unless that is the default one and
-- the referenced type brings its own (name, domains); the referenced column's where that one is nondeterministic. An
-- index serves it on the column where the cast changes no bytes, else on the cast as an expression, where that is
-- immutable; the default operator class is the right one only where the type has none of its own, and takes that of its
-- category's preferred type (varchar takes text's).
-- $1: the constraints
SELECT
    k.oid,
    (
        SELECT jsonb_agg(
            jsonb_build_object(
                'families', ARRAY(
                    SELECT o.amopfamily::int8
                    FROM pg_amop AS o
                    WHERE o.amopopr = ANY (ARRAY[p.oid, p.oprcom])
                        AND o.amopstrategy = CASE o.amopmethod WHEN 403 THEN 3 WHEN 405 THEN 1 END
                ),
                'collation', compared.collation::int8,
                'collate', CASE WHEN demanded.explicit THEN a.attcollation::regcollation::text END,
                'index_collate', CASE
                    WHEN compared.collation NOT IN (0, f.attcollation) THEN compared.collation::regcollation::text
                END,
                'operator', format('OPERATOR(%s.%s)', p.oprnamespace::regnamespace, p.oprname),
                'type', format_type(CASE
                    WHEN y.typtype = 'p' OR a.atttypid <> y.oid AND rt.typcollation <> y.typcollation THEN a.atttypid
                    ELSE y.oid
                END, NULL),
                'parameter_cast', CASE
                    WHEN y.oid <> a.atttypid AND y.typtype <> 'p' THEN format('%s.%I', y.typnamespace::regnamespace, y.typname)
                END,
                'cast', CASE WHEN is_cast THEN format('%s.%I', z.typnamespace::regnamespace, z.typname) END,
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
                    AND (p.oprnamespace, p.oprname) = ('pg_catalog'::regnamespace, '=')
                    AND (a.atttypid = f.atttypid OR NOT is_cast)
            )
            ORDER BY part.place
        )
        FROM unnest(k.conpfeqop, k.confkey, k.conkey) WITH ORDINALITY AS part (operator, number, own, place)
        JOIN pg_operator AS p ON p.oid = part.operator
        JOIN pg_type AS y ON y.oid = p.oprleft
        JOIN pg_type AS z ON z.oid = p.oprright
        JOIN pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = part.number
        JOIN pg_type AS rt ON rt.oid = a.atttypid
        JOIN pg_attribute AS f ON f.attrelid = k.conrelid AND f.attnum = part.own
        CROSS JOIN LATERAL (SELECT z.oid <> f.atttypid AND z.typtype <> 'p') AS own_cast (is_cast)
        CROSS JOIN LATERAL (
            -- LATERAL, OFFSET, LIMIT: each type by its index, and no scan of all types for each key.
            WITH RECURSIVE base AS (
                SELECT f.atttypid AS oid, 0 AS depth
                UNION ALL
                SELECT d.typbasetype, base.depth + 1
                FROM base
                CROSS JOIN LATERAL (
                    SELECT d.typbasetype
                    FROM pg_type AS d
                    WHERE d.oid = base.oid AND d.typtype = 'd'
                    OFFSET 0
                ) AS d
            )
            SELECT base.oid
            FROM base
            ORDER BY base.depth DESC
            LIMIT 1
        ) AS own_type (oid)
        LEFT JOIN pg_cast AS g ON g.castsource = own_type.oid AND g.casttarget = z.oid
        LEFT JOIN pg_proc AS cast_function ON cast_function.oid = g.castfunc
        CROSS JOIN LATERAL (
            SELECT a.attcollation <> f.attcollation AND EXISTS (
                SELECT
                FROM pg_collation AS c
                WHERE c.oid = a.attcollation AND NOT c.collisdeterministic
            ) AS explicit
            -- Keeps it from being planned once for each of its uses.
            OFFSET 0
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
    )::text AS comparisons
FROM pg_constraint AS k
WHERE k.oid = ANY ($1)
