-- Whether nobody has written to a table ($1, $2), or to one of its partitions, since COPY FREEZE filled it. FREEZE sets each
-- page's all-visible bit in the visibility map, every write clears its page's bit, only VACUUM sets it again, and ANALYZE has
-- just counted the bits. Before version 15 VACUUM's times may come late, or get lost.
SELECT current_setting('server_version_num')::int >= 150000
    AND current_setting('track_counts')::bool
    AND NOT EXISTS (
        SELECT FROM pg_class AS c
        JOIN pg_stat_all_tables AS s ON s.relid = c.oid
        WHERE c.relkind = 'r'
            AND (c.oid = t.oid OR c.oid IN (SELECT relid FROM pg_partition_tree(t.oid)))
            AND (c.relpages <> c.relallvisible OR greatest(s.last_vacuum, s.last_autovacuum) >= l.started_at))
FROM pg_class AS t
JOIN pg_namespace AS n ON n.oid = t.relnamespace
JOIN seedrow.loads AS l ON l.target_schema = n.nspname
WHERE n.nspname = $1 AND t.relname = $2
