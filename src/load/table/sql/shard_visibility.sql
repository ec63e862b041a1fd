-- Are the all-visible bits of all pages of these shards ($1) set, and was none ever vacuumed? COPY FREEZE sets the bit of each
-- page that it writes, every write clears its page's bit, only VACUUM sets it again, and ANALYZE has just counted the bits.
-- Before version 15 VACUUM's times may come late, or get lost.
SELECT
    wanted.shard,
    c.relpages = c.relallvisible AS all_visible,
    current_setting('server_version_num')::int >= 150000
        AND current_setting('track_counts')::bool
        AND s.last_vacuum IS NULL
        AND s.last_autovacuum IS NULL AS never_vacuumed
FROM unnest($1::text[]) AS wanted (shard)
JOIN pg_class AS c ON c.oid = wanted.shard::regclass
JOIN pg_stat_all_tables AS s ON s.relid = c.oid
