-- Which partitions does a table have, on all levels, and what prevents sorting its rows into them before COPY?
-- $1: the table, which is partitioned
WITH tree AS (
    SELECT relid::oid AS oid, parentrelid::oid AS parent, isleaf AS is_leaf, level
    FROM pg_partition_tree($1::oid::regclass)
), keys AS (
    SELECT
        p.partrelid AS oid,
        array_agg(a.attname::text ORDER BY k.place) AS columns,
        array_agg(
            k.collation_oid = 0 OR k.collation_oid IN (950, 951) OR (k.collation_oid = 100 AND d.is_c)
            ORDER BY k.place
        ) AS by_bytes,
        bool_and(o.opcdefault AND o.oid < 16384) AS is_usual,
        bool_and(COALESCE(l.collisdeterministic, true)) AS is_deterministic
    FROM pg_partitioned_table AS p
    CROSS JOIN LATERAL unnest(p.partattrs::int2[], p.partclass::oid[], p.partcollation::oid[])
        WITH ORDINALITY AS k (number, class, collation_oid, place)
    CROSS JOIN (
        -- The database's own collation, which has the oid 100, compares bytes where it is C.
        SELECT datcollate IN ('C', 'POSIX') AND COALESCE(to_jsonb(b) ->> 'datlocprovider', 'c') = 'c' AS is_c
        FROM pg_database AS b
        WHERE datname = current_database()
    ) AS d
    LEFT JOIN pg_attribute AS a ON a.attrelid = p.partrelid AND a.attnum = k.number AND k.number > 0
    LEFT JOIN pg_opclass AS o ON o.oid = k.class
    LEFT JOIN pg_collation AS l ON l.oid = k.collation_oid
    WHERE p.partrelid IN (SELECT oid FROM tree)
    GROUP BY p.partrelid
)
SELECT
    t.oid,
    t.parent,
    t.is_leaf,
    t.level,
    n.nspname::text AS schema_name,
    c.relname::text AS table_name,
    pg_get_expr(c.relpartbound, c.oid) AS bound,
    p.partstrat::text AS strategy,
    k.columns AS key_columns,
    k.by_bytes,
    -- A row that goes straight into a partition gets the partition's own defaults.
    ARRAY(
        SELECT a.attname::text
        FROM pg_attribute AS a
        JOIN pg_attribute AS r ON r.attrelid = $1 AND r.attname = a.attname
        LEFT JOIN pg_attrdef AS ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum
        LEFT JOIN pg_attrdef AS rd ON rd.adrelid = r.attrelid AND rd.adnum = r.attnum
        WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND t.is_leaf
            AND (pg_get_expr(ad.adbin, ad.adrelid) IS DISTINCT FROM pg_get_expr(rd.adbin, rd.adrelid)
                OR a.attidentity <> r.attidentity OR a.attgenerated <> r.attgenerated)
        ORDER BY a.attnum
    ) AS other_defaults,
    CASE
        WHEN c.relkind NOT IN ('r', 'p') THEN 'is a foreign table'
        WHEN NOT pg_has_role(c.relowner, 'USAGE') THEN 'belongs to another role'
        WHEN c.relrowsecurity THEN 'has row-level security'
        WHEN EXISTS (
            SELECT FROM pg_trigger AS g
            -- The bit is that of TRIGGER_TYPE_INSERT.
            WHERE g.tgrelid = t.oid AND NOT g.tgisinternal AND g.tgtype & 4 = 4 AND g.tgenabled <> 'D'
        ) THEN 'has a trigger'
        WHEN EXISTS (SELECT FROM pg_rewrite AS w WHERE w.ev_class = t.oid) THEN 'has a rule'
        WHEN array_position(k.columns, NULL) IS NOT NULL THEN 'is partitioned by an expression'
        WHEN NOT k.is_usual THEN 'is partitioned by an operator class of its own'
        WHEN NOT k.is_deterministic THEN 'is partitioned by a nondeterministic collation'
    END AS obstacle
FROM tree AS t
JOIN pg_class AS c ON c.oid = t.oid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_partitioned_table AS p ON p.partrelid = t.oid
LEFT JOIN keys AS k ON k.oid = t.oid
ORDER BY t.level, n.nspname, c.relname
