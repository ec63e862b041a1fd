-- Which shards does this node hold, how big are they and their indexes, and what does its planner believe of them?
SELECT COALESCE(
    json_agg(
        json_build_object(
            'shard', s.shardid,
            'pages', t.relpages,
            'rows', t.reltuples,
            'all_visible', t.relallvisible,
            'bytes', pg_relation_size(t.oid),
            'analysed', EXISTS (
                SELECT 1
                FROM pg_stats AS known
                WHERE known.schemaname = n.nspname AND known.tablename = t.relname
            ),
            'indexes', (
                SELECT COALESCE(json_object_agg(x.relname, pg_relation_size(x.oid)), '{}')
                FROM pg_index AS i
                JOIN pg_class AS x ON x.oid = i.indexrelid
                WHERE i.indrelid = t.oid
            )
        )
    ),
    '[]'
)
FROM pg_dist_shard AS s
JOIN pg_class AS t ON t.oid = to_regclass(shard_name(s.logicalrelid, s.shardid))
JOIN pg_namespace AS n ON n.oid = t.relnamespace
