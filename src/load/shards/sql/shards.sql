-- Which shards does a table have that is distributed by a hash, which hashes does each hold, and on which node is it?
-- A shard's table of the schema public has no schema in its name.
-- $1: the table's oid
SELECT
    a.attname::text AS column_name,
    COALESCE(c.collisdeterministic, true) AS deterministic,
    s.shardid AS shard,
    s.shardminvalue::int4 AS low,
    s.shardmaxvalue::int4 AS high,
    CASE WHEN z.nspname = 'public' THEN 'public.' ELSE '' END || shard_name(t.logicalrelid, s.shardid) AS name,
    n.nodename::text AS host,
    n.nodeport AS port
FROM pg_dist_partition AS t
JOIN pg_class AS k ON k.oid = t.logicalrelid
JOIN pg_namespace AS z ON z.oid = k.relnamespace
JOIN pg_attribute AS a ON a.attrelid = t.logicalrelid
    AND a.attname = column_to_column_name(t.logicalrelid, t.partkey)
LEFT JOIN pg_collation AS c ON c.oid = a.attcollation
JOIN pg_dist_shard AS s ON s.logicalrelid = t.logicalrelid
JOIN pg_dist_placement AS p ON p.shardid = s.shardid
JOIN pg_dist_node AS n ON n.groupid = p.groupid AND n.noderole = 'primary'
WHERE t.logicalrelid = $1 AND t.partmethod = 'h'
ORDER BY 4, 3
