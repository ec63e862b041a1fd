-- Which partitions of a table get its foreign key by themselves first? None where the table's own wouldn't adopt them as they
-- are, and none of an ordinary table.
-- $1: the table's schema, $2: its name
SELECT oid, schema_name, table_name
FROM (
    SELECT
        c.oid,
        n.nspname::text AS schema_name,
        c.relname::text AS table_name,
        bool_and(c.relkind = 'r' AND pg_has_role(c.relowner, 'USAGE')) OVER () AS are_owned
    FROM pg_partition_tree(to_regclass(format('%I.%I', $1::text, $2::text))) AS t
    JOIN pg_class AS c ON c.oid = t.relid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE t.isleaf AND t.level > 0
) AS leaves
CROSS JOIN (SELECT current_setting('server_version_num')::integer AS number) AS v
WHERE are_owned AND (
    -- Before these, an adopted key to a partitioned table kept superfluous copies of its own.
    v.number >= 170001
    OR v.number BETWEEN 160005 AND 169999
    OR v.number BETWEEN 150009 AND 159999
    OR v.number BETWEEN 140014 AND 149999
)
ORDER BY schema_name, table_name
