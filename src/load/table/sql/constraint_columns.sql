-- Which columns are a table's constraints and unique indexes about? An error of the server names the constraint alone.
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
)
SELECT c.name, ARRAY(
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
ORDER BY c.name, c.table_oid
