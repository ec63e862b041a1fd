-- Which sequences fill columns, what are their bounds, and which columns does each fill?
-- $1: only those that fill a column of these tables or of their partitions, or NULL
WITH all_fed AS MATERIALIZED (
    -- From the sequences, of which there are few, to what depends on them, by indexes: pg_depend has an entry for
    -- everything. OFFSET: no other order of conditions finds them by these indexes alone, whatever the statistics are.
    SELECT q.seqrelid AS sequence, f.*
    FROM pg_sequence AS q
    CROSS JOIN LATERAL (
        SELECT d.classid, d.objid
        FROM pg_depend AS d
        WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = q.seqrelid
        OFFSET 0
    ) AS d
    CROSS JOIN LATERAL (
        -- Named by a column's default.
        SELECT f.adrelid AS table_oid, f.adnum AS number, false AS owned, f.oid AS default_oid, NULL AS expression
        FROM pg_attrdef AS f
        WHERE d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
        UNION ALL
        -- Named by the default of the column's domain.
        SELECT a.attrelid, a.attnum, false, NULL, y.typdefault
        FROM pg_type AS y
        JOIN pg_attribute AS a ON a.atttypid = y.oid AND NOT a.atthasdef AND NOT a.attisdropped
        WHERE d.classid = 'pg_type'::regclass AND y.oid = d.objid AND y.typtype = 'd'
    ) AS f
    UNION ALL
    -- Owned by a column: serial, identity, OWNED BY.
    SELECT q.seqrelid, d.refobjid, d.refobjsubid, true, NULL, NULL
    FROM pg_sequence AS q
    JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = q.seqrelid
    WHERE d.refclassid = 'pg_class'::regclass
        AND d.deptype IN ('a', 'i')
        AND d.refobjsubid > 0
), fed AS MATERIALIZED (
    SELECT *
    FROM all_fed
    WHERE $1::oid[] IS NULL
        OR sequence IN (
            SELECT sequence
            FROM all_fed
            WHERE table_oid = ANY ($1)
                OR table_oid IN (
                    SELECT part.relid
                    FROM unnest($1) AS wanted (oid)
                    CROSS JOIN LATERAL pg_partition_tree(wanted.oid) AS part
                )
        )
), of_partitions AS (
    -- A partition's values are its parent's.
    SELECT DISTINCT i.inhrelid AS table_oid, parent.sequence
    FROM pg_inherits AS i
    JOIN pg_class AS part ON part.oid = i.inhrelid AND part.relispartition
    JOIN fed AS parent ON parent.table_oid = i.inhparent
), columns AS (
    SELECT
        fed.sequence,
        fed.table_oid,
        n.nspname,
        t.relname,
        a.attname,
        a.attnum,
        bool_or(fed.owned) AS owned,
        has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(t.oid, a.attnum, 'SELECT') AS readable,
        y.typcategory = 'N' AND a.atttypid NOT IN ('money'::regtype, 'oid'::regtype) AS numeric,
        -- Text that is the sequence's value and nothing else.
        y.typcategory = 'S'
            AND bool_or(COALESCE(fed.expression, pg_get_expr(f.adbin, f.adrelid))
                ~ '^\(?nextval\(''[^'']*''::regclass\)\)?(::[a-z ]+)?$') AS digits
    FROM fed
    JOIN pg_class AS t ON t.oid = fed.table_oid AND t.relkind IN ('r', 'p')
    JOIN pg_namespace AS n ON n.oid = t.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = fed.number
    JOIN pg_type AS y ON y.oid = a.atttypid
    LEFT JOIN pg_attrdef AS f ON f.oid = fed.default_oid AND y.typcategory = 'S'
    WHERE n.nspname NOT IN ('information_schema', 'seedrow')
        AND n.nspname !~ '^pg_'
        AND (fed.table_oid, fed.sequence) NOT IN (SELECT table_oid, sequence FROM of_partitions)
    GROUP BY fed.sequence, fed.table_oid, n.oid, n.nspname, t.oid, t.relname, a.attname, a.attnum, a.atttypid, y.typcategory
)
SELECT
    s.oid,
    n.nspname::text AS schema_name,
    s.relname::text AS name,
    q.seqstart AS start,
    q.seqincrement AS increment,
    q.seqmin AS minimum,
    q.seqmax AS maximum,
    q.seqcycle AS cycles,
    bool_or(c.owned) AS owned,
    -- CASE: asked of anything but a sequence it fails, and conditions have no order.
    has_schema_privilege(n.oid, 'USAGE')
        AND CASE s.relkind WHEN 'S' THEN has_sequence_privilege(s.oid, 'SELECT') END AS readable,
    json_agg(
        json_build_object(
            'schema', c.nspname,
            'table', c.relname,
            'column', c.attname,
            'readable', c.readable,
            'values', CASE WHEN c.numeric THEN 'Numbers' WHEN c.digits THEN 'Digits' ELSE 'Others' END
        )
        ORDER BY c.nspname, c.relname, c.attnum
    )::text AS columns
FROM columns AS c
JOIN pg_class AS s ON s.oid = c.sequence AND s.relkind = 'S'
JOIN pg_namespace AS n ON n.oid = s.relnamespace
JOIN pg_sequence AS q ON q.seqrelid = s.oid
GROUP BY s.oid, n.oid, n.nspname, s.relname, s.relkind, q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcycle
ORDER BY min(c.nspname), min(c.relname), min(c.attnum), n.nspname, s.relname
