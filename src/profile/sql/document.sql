
-- The document, one line.
SELECT jsonb_build_object(
    'format', 1,
    'level', current_setting('seedrow.level'),
    'server', current_setting('server_version_num')::integer,
    'statistics_target', current_setting('default_statistics_target')::integer,
    'database', current_database(),
    'schema', current_setting('seedrow.schema'),
    'pages', (SELECT sum(relpages) FROM pg_class WHERE relkind IN ('r', 'i', 'm', 't')),
    -- Of the schema's tables and indexes, each time a page is used.
    'pages_read', (
        SELECT COALESCE(sum(pg_stat_get_xact_blocks_fetched(c.oid)), 0)
        FROM pg_class AS c
        WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'i')
    ),
    'ddl', current_setting('seedrow.ddl')::jsonb,
    'left_out', current_setting('seedrow.left_out')::jsonb,
    -- Foreign keys that no index begins with; partitions' own keys, too.
    'unindexed', (
        SELECT COALESCE(jsonb_agg(jsonb_build_object(
            'table', c.relname,
            'columns', (
                SELECT jsonb_agg(a.attname ORDER BY u.place)
                FROM unnest(k.conkey) WITH ORDINALITY AS u (number, place)
                JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.number
            )
        ) ORDER BY c.relname, k.conname), '[]')
        FROM pg_constraint AS k
        JOIN pg_class AS c ON c.oid = k.conrelid
        WHERE c.relnamespace = n.oid AND k.contype = 'f' AND k.conparentid = 0
            AND NOT EXISTS (
                SELECT
                FROM pg_index AS x
                WHERE x.indrelid = k.conrelid AND x.indisvalid AND x.indpred IS NULL
                    AND k.conkey @> (x.indkey::int2[])[0:cardinality(k.conkey) - 1]
                    AND (x.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
            )
    ),
    'tables', COALESCE(
        (
            SELECT jsonb_agg(jsonb_build_object(
                'name', t.relname,
                'rows', t.reltuples,
                'pages', t.relpages,
                'readable', has_any_column_privilege(t.oid, 'SELECT') AND NOT row_security_active(t.oid),
                'dead', COALESCE(
                    (
                        SELECT round(n_dead_tup / greatest(n_live_tup + n_dead_tup, 1)::numeric, 4)
                        FROM pg_stat_all_tables
                        WHERE relid = t.oid
                    ),
                    0
                ),
                'columns', (
                    SELECT COALESCE(jsonb_agg(jsonb_build_object(
                        'name', a.attname,
                        'type', format_type(a.atttypid, a.atttypmod),
                        'not_null', a.attnotnull,
                        'unique', EXISTS (
                            SELECT
                            FROM pg_index AS x
                            WHERE x.indrelid = t.oid AND x.indisunique AND x.indpred IS NULL AND x.indnkeyatts = 1
                                AND x.indkey[0] = a.attnum
                        ),
                        'statistics', current_setting('seedrow.columns')::jsonb -> t.relname::text -> a.attname::text
                    ) ORDER BY a.attnum), '[]')
                    FROM pg_attribute AS a
                    WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
                ),
                'indexes', (
                    SELECT COALESCE(jsonb_agg(jsonb_build_object(
                        'name', i.relname,
                        'pages', i.relpages,
                        'rows', i.reltuples,
                        'clustered', x.indisclustered,
                        -- Pages beside those of a btree of such keys that is 90% full; null for others, and for expressions.
                        'bloat', CASE
                            WHEN m.amname = 'btree' AND i.reltuples > 0 AND w.width IS NOT NULL THEN round((
                                greatest(i.relpages - 1, 1)
                                / greatest(ceil(i.reltuples * (16 + 8 * ceil(w.width / 8)) / (8152 * 0.9)), 1))::numeric, 2)
                        END
                    ) ORDER BY i.oid), '[]')
                    FROM pg_index AS x
                    JOIN pg_class AS i ON i.oid = x.indexrelid
                    JOIN pg_am AS m ON m.oid = i.relam,
                    LATERAL (
                        SELECT CASE WHEN x.indexprs IS NULL THEN sum((
                            current_setting('seedrow.columns')::jsonb -> t.relname::text -> a.attname::text ->> 'width'
                        )::float8) END AS width
                        FROM pg_attribute AS a
                        WHERE a.attrelid = t.oid AND a.attnum = ANY (x.indkey::int2[])
                    ) AS w
                    WHERE x.indrelid = t.oid
                ),
                'foreign_keys', (
                    SELECT COALESCE(jsonb_agg(jsonb_build_object(
                        'name', k.conname,
                        'columns', (
                            SELECT jsonb_agg(a.attname ORDER BY u.place)
                            FROM unnest(k.conkey) WITH ORDINALITY AS u (number, place)
                            JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.number
                        ),
                        'parent', p.relname
                    ) || COALESCE(current_setting('seedrow.fan_outs')::jsonb -> k.oid::text, '{"counts": [], "sampled": 0}')
                    ORDER BY k.oid), '[]')
                    FROM pg_constraint AS k
                    JOIN pg_class AS p ON p.oid = k.confrelid
                    WHERE k.conrelid = t.oid AND k.contype = 'f' AND k.conparentid = 0
                ),
                'partitions', (
                    SELECT COALESCE(jsonb_agg(jsonb_build_object(
                        'bounds', pg_get_expr(c.relpartbound, c.oid),
                        'rows', CASE WHEN l.rows >= 10 THEN l.rows ELSE 0 END
                    ) ORDER BY c.relname), '[]')
                    FROM pg_inherits AS h
                    JOIN pg_class AS c ON c.oid = h.inhrelid,
                    LATERAL (
                        SELECT sum(greatest(leaf.reltuples, 0)) AS rows
                        FROM pg_partition_tree(c.oid) AS r
                        JOIN pg_class AS leaf ON leaf.oid = r.relid AND r.isleaf
                    ) AS l
                    WHERE h.inhparent = t.oid AND t.relkind = 'p'
                ),
                'extended', (
                    SELECT COALESCE(jsonb_agg(jsonb_build_object(
                        'name', e.statistics_name,
                        'columns', to_jsonb(e.attnames::text[]),
                        'dependencies', COALESCE((
                            SELECT jsonb_agg(jsonb_build_object(
                                'given', (
                                    SELECT jsonb_agg(a.attname ORDER BY a.attnum)
                                    FROM pg_attribute AS a
                                    WHERE a.attrelid = t.oid
                                        AND a.attnum = ANY (string_to_array(split_part(d.key, ' => ', 1), ', ')::int2[])
                                ),
                                'column', (
                                    SELECT a.attname
                                    FROM pg_attribute AS a
                                    WHERE a.attrelid = t.oid AND a.attnum = split_part(d.key, ' => ', 2)::int2
                                ),
                                'degree', d.value::float8
                            ) ORDER BY d.key)
                            FROM jsonb_each_text(e.dependencies::text::jsonb) AS d
                            WHERE d.key !~ '-'
                        ), '[]'),
                        'distinct', COALESCE((
                            SELECT jsonb_agg(jsonb_build_object(
                                'columns', (
                                    SELECT jsonb_agg(a.attname ORDER BY a.attnum)
                                    FROM pg_attribute AS a
                                    WHERE a.attrelid = t.oid AND a.attnum = ANY (string_to_array(d.key, ', ')::int2[])
                                ),
                                'distinct', d.value::float8
                            ) ORDER BY d.key)
                            FROM jsonb_each_text(e.n_distinct::text::jsonb) AS d
                            WHERE d.key !~ '-'
                        ), '[]'),
                        -- Common values together, each as its place among the common values of its column.
                        'joint', CASE WHEN e.exprs IS NULL THEN COALESCE((
                            SELECT jsonb_agg(jsonb_build_object('values', j.places, 'share', j.share) ORDER BY j.place)
                            FROM (
                                SELECT c.place, c.share, (
                                    SELECT jsonb_agg(CASE
                                        WHEN e.most_common_val_nulls[c.place][v.place] THEN NULL
                                        ELSE COALESCE(array_position(
                                            (
                                                SELECT s.most_common_vals::text::text[]
                                                FROM pg_stats AS s
                                                WHERE s.schemaname = n.nspname AND s.tablename = t.relname
                                                    AND s.attname = v.name AND s.inherited = (t.relkind = 'p')
                                            ),
                                            e.most_common_vals[c.place][v.place]
                                        ), 0) - 1
                                    END ORDER BY v.place)
                                    FROM unnest(e.attnames::text[]) WITH ORDINALITY AS v (name, place)
                                ) AS places, (
                                    SELECT bool_or(y.typcategory = 'A')
                                    FROM unnest(e.attnames) AS v (name)
                                    JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attname = v.name
                                    JOIN pg_type AS y ON y.oid = a.atttypid
                                ) AS has_arrays
                                FROM unnest(e.most_common_freqs) WITH ORDINALITY AS c (share, place)
                                WHERE c.share * t.reltuples >= 10
                            ) AS j
                            WHERE NOT has_arrays AND NOT places @> '-1'
                        ), '[]') ELSE '[]' END
                    ) ORDER BY e.statistics_name), '[]')
                    FROM pg_stats_ext AS e
                    WHERE e.schemaname = n.nspname AND e.tablename = t.relname AND e.attnames IS NOT NULL
                        AND e.inherited = (t.relkind = 'p')
                )
            ) ORDER BY t.relname)
            FROM pg_class AS t
            WHERE t.relnamespace = n.oid AND t.relkind IN ('r', 'p') AND NOT t.relispartition AND t.relpersistence <> 't'
                AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = t.oid AND deptype = 'e')
        ),
        '[]'
    )
)
FROM pg_namespace AS n
WHERE n.nspname = current_setting('seedrow.schema');
ROLLBACK;
