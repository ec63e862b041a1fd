-- What decides whether rows can be put into a table: the extension that it belongs to, policies and privileges.
-- row_security_active: whether policies apply to this role, which an owner escapes unless they are forced.
-- $1: only this schema, or NULL; $2: only these tables, or NULL
SELECT
    t.oid,
    (
        SELECT e.extname::text
        FROM pg_depend AS d
        JOIN pg_extension AS e ON e.oid = d.refobjid
        WHERE d.classid = 'pg_class'::regclass
            AND d.objid = t.oid
            AND d.refclassid = 'pg_extension'::regclass
            AND d.deptype = 'e'
        LIMIT 1
    ) AS extension,
    t.relforcerowsecurity AS forces_policies,
    CASE WHEN t.relrowsecurity THEN row_security_active(t.oid) ELSE false END AS under_policies,
    has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(t.oid, 'INSERT') AS may_insert,
    p.partstrat::text AS strategy,
    ARRAY(
        SELECT a.attname::text
        FROM unnest(p.partattrs::int2[]) WITH ORDINALITY AS part (number, place)
        LEFT JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = part.number
        ORDER BY part.place
    ) AS partition_columns,
    ARRAY(
        SELECT c.oid
        FROM pg_inherits AS i
        JOIN pg_class AS c ON c.oid = i.inhrelid AND c.relispartition
        WHERE i.inhparent = t.oid
        ORDER BY pg_get_expr(c.relpartbound, c.oid), c.relname
    ) AS partitions,
    ARRAY(
        SELECT pg_get_expr(c.relpartbound, c.oid)
        FROM pg_inherits AS i
        JOIN pg_class AS c ON c.oid = i.inhrelid AND c.relispartition
        WHERE i.inhparent = t.oid
        ORDER BY 1, c.relname
    ) AS bounds,
    -- What the rows of a partition must satisfy, where the key is an expression: OR makes it the table's own rule.
    CASE
        WHEN NOT t.relispartition AND 0 = ANY (p.partattrs::int2[]) THEN (
            SELECT string_agg(format('(%s)', pg_get_partition_constraintdef(leaf.relid)), ' OR ' ORDER BY 1)
            FROM pg_partition_tree(t.oid) AS leaf
            WHERE leaf.isleaf AND leaf.level > 0
        )
    END AS partition_rule
FROM pg_class AS t
JOIN pg_namespace AS n ON n.oid = t.relnamespace
LEFT JOIN pg_partitioned_table AS p ON p.partrelid = t.oid
WHERE t.relkind IN ('r', 'p', 'f', 'v', 'm')
    AND n.nspname !~ '^pg_'
    AND n.nspname NOT IN ('information_schema', 'seedrow')
    AND ($1::text IS NULL OR n.nspname = $1)
    AND ($2::oid[] IS NULL OR t.oid = ANY ($2))
ORDER BY n.nspname, t.relname
