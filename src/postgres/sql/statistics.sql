-- The statistics of tables and their columns; of a partitioned table those over all of its partitions, which themselves
-- are left out. A table whose columns this role may not read has one row without a column.
SELECT n.nspname::text, c.relname::text, c.reltuples, c.relpages,
    s.attname::text, s.null_frac, s.n_distinct, s.avg_width, s.most_common_freqs,
    COALESCE(array_length(s.histogram_bounds, 1), 0), s.correlation
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_stats AS s
    ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.inherited = (c.relkind = 'p')
LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = s.attname
WHERE c.relkind IN ('r', 'p')
    AND NOT c.relispartition
    AND c.relpersistence <> 't'
    AND n.nspname <> 'information_schema'
    AND n.nspname NOT LIKE 'pg\_%'
    AND n.nspname <> 'seedrow'
    AND ($1::text IS NULL OR n.nspname = $1)
ORDER BY n.nspname, c.relname, a.attnum
