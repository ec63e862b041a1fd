-- Which columns are a table's constraints, unique indexes and partition keys about? An error of the server names the
-- constraint alone, and of a row that fits no partition the table.
-- $1: the table, whose partitions have constraints of their own
WITH tables AS (
    SELECT $1::oid AS oid
    UNION
    SELECT relid::oid FROM pg_partition_tree($1::oid::regclass)
), constraints AS (
    SELECT k.conname::text AS name, k.conrelid AS table_oid, k.oid, 'pg_constraint'::regclass AS class
    FROM pg_constraint AS k
    WHERE k.conrelid IN (SELECT oid FROM tables) AND k.contype IN ('c', 'f', 'p', 'u', 'x', 'n')
    UNION ALL
    SELECT x.relname::text, i.indrelid, x.oid, 'pg_class'::regclass
    FROM pg_index AS i
    JOIN pg_class AS x ON x.oid = i.indexrelid
    WHERE i.indrelid IN (SELECT oid FROM tables) AND i.indisunique AND NOT EXISTS (
        -- Such an index depends on its constraint, and not on the columns.
        SELECT FROM pg_constraint AS k
        WHERE k.conindid = x.oid AND k.contype IN ('p', 'u', 'x')
    )
), partition_keys AS (
    -- The key of a partitioned table decides on a row's partition; those of all tables above a partition on its rows.
    SELECT t.oid AS table_oid, k.partrelid
    FROM tables AS t
    JOIN pg_partitioned_table AS k ON k.partrelid = t.oid
    UNION ALL
    SELECT t.oid, a.relid
    FROM tables AS t
    CROSS JOIN LATERAL pg_partition_ancestors(t.oid) AS a
    WHERE a.relid <> t.oid AND NOT EXISTS (SELECT FROM pg_partitioned_table AS k WHERE k.partrelid = t.oid)
)
SELECT false AS is_partition_key, c.name, ARRAY(
        SELECT a.attname::text
        FROM pg_attribute AS a
        WHERE a.attrelid = c.table_oid AND EXISTS (
            SELECT FROM pg_depend AS d
            WHERE d.classid = c.class AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass
                AND d.refobjid = c.table_oid AND d.refobjsubid = a.attnum
        )
        ORDER BY a.attnum
    ) AS columns
FROM constraints AS c
UNION ALL
SELECT true, x.relname::text, ARRAY(
        SELECT DISTINCT a.attname::text
        FROM partition_keys AS k
        -- Each column of the key depends on the table.
        JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = k.partrelid AND d.objsubid > 0
            AND d.refclassid = 'pg_class'::regclass AND d.refobjid = k.partrelid AND d.refobjsubid = 0 AND d.deptype = 'i'
        JOIN pg_attribute AS a ON a.attrelid = k.partrelid AND a.attnum = d.objsubid
        WHERE k.table_oid = x.oid
        ORDER BY 1
    )
FROM pg_class AS x
WHERE x.oid IN (SELECT table_oid FROM partition_keys)
ORDER BY is_partition_key, name
