
-- How many children parents have, by foreign key: counts with the share of the parents that have so many. A table of no more
-- pages than may be used is counted whole; else children are counted by index for parents of a few pages, at most so many as the
-- pages allow; where that can't be, and for the parents with the most, it follows from the referring column's statistics. Of a key of one column also where the referring
-- column's common values and the bounds of its histogram lie among the parents' keys, from 0 to 1.
DO $fan_outs$
DECLARE
    began timestamptz := clock_timestamp();
    one record;
    sampled jsonb;
    parents float8;
    children_total float8;
    budget float8;
    own_budget float8;
    wanted float8;
    average float8;
    cap float8;
    frequency float8;
    classes jsonb;
    class jsonb;
    merged jsonb;
    class_children float8;
    class_parents float8;
    common_children float8;
    common_parents float8;
    others float8;
    rest float8;
    with_children float8;
    hot integer;
    is_whole boolean;
    ranks jsonb;
    quantiles jsonb;
    others_classes jsonb;
    by_key jsonb := '{}';
BEGIN
    PERFORM set_config('enable_seqscan', 'off', true);
    PERFORM set_config('enable_bitmapscan', 'off', true);
    SELECT greatest(sum(relpages) * current_setting('seedrow.sample')::float8, current_setting('seedrow.pages')::float8)
    INTO budget
    FROM pg_class
    WHERE relkind IN ('r', 'i', 'm', 't');
    SELECT greatest(sum(greatest(t.reltuples, 1)), 1)
    INTO children_total
    FROM pg_constraint AS k
    JOIN pg_class AS t ON t.oid = k.conrelid
    WHERE k.contype = 'f' AND k.conparentid = 0
        AND t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_setting('seedrow.schema'));
    FOR one IN
        SELECT k.oid AS key_oid, k.conname::text AS key_name, t.relname::text AS table_name,
            greatest(t.reltuples, 0)::float8 AS children, greatest(p.reltuples, 0)::float8 AS parents,
            k.conrelid::regclass::text AS child,
            greatest(t.relpages, 1)::float8 AS child_pages, t.relkind = 'r' AS is_plain,
            (
                SELECT string_agg(format('%I', ca.attname), ', ')
                FROM unnest(k.conkey) AS u (own)
                JOIN pg_attribute AS ca ON ca.attrelid = k.conrelid AND ca.attnum = u.own
            ) AS columns,
            (
                SELECT string_agg(format('%I IS NOT NULL', ca.attname), ' AND ')
                FROM unnest(k.conkey) AS u (own)
                JOIN pg_attribute AS ca ON ca.attrelid = k.conrelid AND ca.attnum = u.own
            ) AS is_filled, k.confrelid::regclass::text AS parent,
            greatest((SELECT sum(l.relpages) FROM pg_partition_tree(p.oid) AS r JOIN pg_class AS l ON l.oid = r.relid), p.relpages, 1)::float8
                AS parent_pages,
            (
                SELECT string_agg(format('c.%I OPERATOR(pg_catalog.=) p.%I', ca.attname, pa.attname), ' AND ')
                FROM unnest(k.conkey, k.confkey) AS u (own, other)
                JOIN pg_attribute AS ca ON ca.attrelid = k.conrelid AND ca.attnum = u.own
                JOIN pg_attribute AS pa ON pa.attrelid = k.confrelid AND pa.attnum = u.other
            ) AS condition,
            EXISTS (
                SELECT
                FROM pg_index AS x
                JOIN pg_class AS i ON i.oid = x.indexrelid
                JOIN pg_am AS m ON m.oid = i.relam
                WHERE x.indrelid = k.conrelid AND x.indisvalid AND x.indpred IS NULL AND m.amname = 'btree'
                    AND k.conkey @> (x.indkey::int2[])[0:cardinality(k.conkey) - 1]
                    AND (x.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
            ) AS is_indexed,
            has_table_privilege(k.conrelid, 'SELECT') AND has_table_privilege(k.confrelid, 'SELECT') AS is_readable,
            COALESCE(s.most_common_vals::text, '{}') AS common, COALESCE(s.histogram_bounds::text, '{}') AS histogram,
            s.histogram_bounds::text::text[] AS bounds,
            COALESCE(ps.histogram_bounds::text, '{}') AS keys, format_type(pa.atttypid, NULL) AS key_type,
            b.typcategory = 'N' AS is_number,
            jsonb_array_length(current_setting('seedrow.columns')::jsonb -> t.relname::text -> s.attname::text -> 'shares') AS known,
            s.null_frac, s.most_common_freqs, s.most_common_freqs IS NOT NULL AND s.histogram_bounds IS NULL AS are_all_common,
            CASE WHEN s.n_distinct < 0 THEN -s.n_distinct * t.reltuples ELSE s.n_distinct END::float8 AS distinct_values
        FROM pg_constraint AS k
        JOIN pg_class AS t ON t.oid = k.conrelid
        JOIN pg_class AS p ON p.oid = k.confrelid
        LEFT JOIN pg_stats AS s
            ON cardinality(k.conkey) = 1
            AND s.schemaname = current_setting('seedrow.schema')
            AND s.tablename = t.relname
            AND s.inherited = (t.relkind = 'p')
            AND s.attname = (SELECT attname FROM pg_attribute WHERE attrelid = t.oid AND attnum = k.conkey[1])
        JOIN pg_attribute AS pa ON pa.attrelid = p.oid AND pa.attnum = k.confkey[1]
        JOIN pg_type AS y ON y.oid = pa.atttypid
        JOIN pg_type AS b ON b.oid = COALESCE(NULLIF(y.typbasetype, 0), y.oid)
        LEFT JOIN pg_stats AS ps
            ON ps.schemaname = (SELECT nspname FROM pg_namespace WHERE oid = p.relnamespace)
            AND ps.tablename = p.relname
            AND ps.inherited = (p.relkind = 'p')
            AND ps.attname = pa.attname
        WHERE k.contype = 'f' AND k.conparentid = 0
            AND t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_setting('seedrow.schema'))
            AND t.reltuples > 0
            AND p.reltuples > 0
        ORDER BY k.oid
    LOOP
        sampled := NULL;
        parents := 0;
        average := one.children * (1 - COALESCE(one.null_frac, 0)) / one.parents;
        own_budget := budget * greatest(one.children, 1) / children_total;
        -- Four pages of the index and the page of each child's row, at worst.
        wanted := least(2000, one.parents, floor(own_budget / (5 + average)));
        -- Parents with more are known by pg_stats, or among the few that have most.
        cap := least(
            ceil((SELECT min(f) FROM unnest(one.most_common_freqs) AS f WHERE f * one.children >= 10) * one.children),
            ceil(20 * average + 100)
        );
        is_whole := one.is_readable AND one.is_plain AND one.child_pages <= own_budget;
        IF is_whole THEN
            BEGIN
                EXECUTE format(
                    $whole$
                    WITH counted AS (
                        -- Without the parents that pg_stats has.
                        SELECT count(*) AS children FROM %1$s WHERE %2$s GROUP BY %3$s ORDER BY children DESC OFFSET %5$s
                    ),
                    classes AS (
                        SELECT children, count(*)::float8 AS parents FROM counted GROUP BY children
                        UNION ALL
                        SELECT 0, greatest(%4$s - %5$s - (SELECT count(*) FROM counted), 0)
                    )
                    SELECT jsonb_agg(jsonb_build_array(children, parents) ORDER BY children), COALESCE(sum(parents), 0)
                    FROM classes
                    WHERE parents > 0
                    $whole$,
                    one.child, one.is_filled, one.columns, one.parents,
                    COALESCE(one.known, 0)
                )
                INTO sampled, parents;
            EXCEPTION WHEN OTHERS THEN
                sampled := NULL;
                parents := 0;
            END;
        ELSIF one.is_readable AND one.is_indexed AND one.are_all_common IS DISTINCT FROM true
            AND wanted >= least(20, one.parents) AND own_budget > cap
            AND clock_timestamp() < began + make_interval(secs => current_setting('seedrow.seconds')::float8)
        THEN
            BEGIN
                EXECUTE format(
                    $children$
                    WITH counted AS (
                        SELECT (SELECT count(*) FROM (SELECT FROM %1$s AS c WHERE %3$s LIMIT %4$s) AS few) AS children
                        FROM %2$s AS p TABLESAMPLE SYSTEM (%5$s) REPEATABLE (42)
                        WHERE (p.ctid::text::point)[1]::bigint %% %6$s = 0
                        LIMIT %7$s
                    ),
                    classes AS (
                        SELECT children, count(*) AS parents FROM counted GROUP BY children
                    )
                    SELECT jsonb_agg(jsonb_build_array(children, parents) ORDER BY children), COALESCE(sum(parents), 0)
                    FROM classes
                    WHERE children < %8$s
                    $children$,
                    one.child, one.parent, one.condition, cap::bigint,
                    -- Five of a page, so that they come from many.
                    CASE
                        WHEN one.parent_pages <= 20 THEN 100
                        ELSE least(100, 100 * wanted / least(5, greatest(one.parents / one.parent_pages, 1)) / one.parent_pages)
                    END,
                    CASE WHEN one.parent_pages <= 20 THEN 1 ELSE greatest(1, floor(one.parents / one.parent_pages / 5)::bigint) END,
                    (wanted * 2)::bigint,
                    -- Parents that are common are known already.
                    CASE WHEN one.most_common_freqs IS NULL THEN cap::bigint + 1 ELSE cap::bigint END
                )
                INTO sampled, parents;
            EXCEPTION WHEN OTHERS THEN
                sampled := NULL;
                parents := 0;
            END;
        END IF;
        -- The parents known by pg_stats, each a class; then the others, by the sample, else evenly.
        classes := '[]';
        common_children := 0;
        common_parents := 0;
        FOREACH frequency IN ARRAY COALESCE(one.most_common_freqs, '{}') LOOP
            CONTINUE WHEN (frequency * one.children)::real < 10;
            classes := classes || jsonb_build_array(jsonb_build_array(frequency * one.children, 1));
            common_children := common_children + frequency * one.children;
            common_parents := common_parents + 1;
        END LOOP;
        -- Of parents that are sampled those with few children are known better than as groups.
        hot := CASE WHEN parents >= 10 AND NOT is_whole THEN common_parents ELSE COALESCE(one.known, 0) END;
        ranks := '[]';
        quantiles := '[]';
        BEGIN
            IF one.keys <> '{}' THEN
                EXECUTE format(
                    $ranks$
                    WITH keys AS (
                        SELECT v, place, lead(v) OVER (ORDER BY place) AS next, count(*) OVER () AS keys
                        FROM unnest($1::%1$s[]) WITH ORDINALITY AS k (v, place)
                    ),
                    points AS (
                        SELECT 0 AS list, v, place FROM unnest($2::%1$s[]) WITH ORDINALITY AS c (v, place)
                        UNION ALL
                        SELECT 1, v, place FROM unnest($3::%1$s[]) WITH ORDINALITY AS c (v, place)
                    ),
                    ranked AS (
                        SELECT p.list, p.place, p.place > $4 AND p.list = 0 AS is_few, COALESCE(
                            (
                                SELECT (k.place - 1 + CASE WHEN k.v = p.v OR k.next IS NULL THEN 0 ELSE %2$s END)
                                    / greatest(k.keys - 1, 1)::float8
                                FROM keys AS k
                                WHERE k.v <= p.v
                                ORDER BY k.place DESC
                                LIMIT 1
                            ),
                            0
                        ) AS rank
                        FROM points AS p
                    ),
                    placed AS (
                        SELECT list, place, greatest(least(CASE
                            WHEN is_few THEN avg(rank) OVER part
                                + stddev_pop(rank) OVER part * 1.7 * (2 * row_number() OVER in_part - 1 - count(*) OVER part)
                                    / count(*) OVER part
                            ELSE rank
                        END, 1), 0) AS rank
                        FROM ranked
                        WINDOW part AS (PARTITION BY list, is_few), in_part AS (PARTITION BY list, is_few ORDER BY place)
                    ),
                    -- Rows of the others: common values that few rows have, and the buckets of the histogram.
                    sums AS (
                        SELECT rank, sum(weight) OVER (ORDER BY rank ROWS UNBOUNDED PRECEDING) AS upto, sum(weight) OVER () AS total,
                            count(*) OVER () AS points
                        FROM (
                            SELECT rank, CASE WHEN list = 0 THEN $6[place] WHEN place = 1 THEN 0 ELSE $7 END::float8 AS weight
                            FROM placed
                            WHERE list = 1 OR place > $5
                        ) AS masses
                    )
                    SELECT
                        (SELECT COALESCE(jsonb_agg(round(rank::numeric, 6) ORDER BY place), '[]') FROM placed WHERE list = 0 AND place <= $5),
                        (
                            SELECT COALESCE(jsonb_agg(round(rank::numeric, 6) ORDER BY k), '[]')
                            FROM generate_series(0, 100) AS k,
                                LATERAL (
                                    SELECT min(rank) AS rank
                                    FROM sums
                                    WHERE upto >= total * (k / 100.0 - 1e-9) AND points >= 10
                                ) AS place
                            WHERE rank IS NOT NULL
                        )
                    $ranks$,
                    one.key_type,
                    CASE WHEN one.is_number THEN '(p.v - k.v)::float8 / (k.next - k.v)::float8' ELSE '0.5' END
                )
                INTO ranks, quantiles
                USING one.keys, one.common, one.histogram, common_parents, hot, one.most_common_freqs,
                    (1 - one.null_frac - COALESCE((SELECT sum(f) FROM unnest(one.most_common_freqs) AS f), 0))
                        / greatest(cardinality(one.bounds) - 1, 1);
            END IF;
        EXCEPTION WHEN OTHERS THEN
            -- A type without an order, or one that this role may not use.
            ranks := '[]';
            quantiles := '[]';
        END;
        others := greatest(one.parents - CASE WHEN is_whole THEN hot ELSE common_parents END, 0);
        others_classes := '[]';
        IF parents >= 10 THEN
            -- Classes of fewer than 10 parents go together with their neighbours.
            merged := '[]';
            class_children := 0;
            class_parents := 0;
            rest := parents;
            FOR class IN SELECT c FROM jsonb_array_elements(sampled) AS c LOOP
                class_children := class_children + (class ->> 0)::float8 * (class ->> 1)::float8;
                class_parents := class_parents + (class ->> 1)::float8;
                rest := rest - (class ->> 1)::float8;
                IF class_parents >= 10 AND (rest >= 10 OR rest = 0) THEN
                    merged := merged || jsonb_build_array(
                        jsonb_build_array(class_children / class_parents, others * class_parents / parents));
                    class_children := 0;
                    class_parents := 0;
                END IF;
            END LOOP;
            classes := classes || merged;
            others_classes := merged;
        ELSIF one.distinct_values IS NOT NULL THEN
            with_children := greatest(least(one.distinct_values - common_parents, others), 0);
            IF with_children >= 1 THEN
                classes := classes || jsonb_build_array(jsonb_build_array(
                    greatest(one.children * (1 - one.null_frac) - common_children, 0) / with_children, with_children));
            END IF;
            classes := classes || jsonb_build_array(jsonb_build_array(0, others - with_children));
            -- The same without the parents that are known in groups.
            SELECT jsonb_build_array(
                jsonb_build_array(0, others - with_children),
                jsonb_build_array(
                    greatest(one.children * (1 - one.null_frac - COALESCE(sum(f), 0)), 0) / greatest(with_children - few.parents, 1),
                    greatest(with_children - few.parents, 0)
                )
            )
            INTO others_classes
            FROM (SELECT greatest(hot - common_parents, 0) AS parents) AS few
            LEFT JOIN LATERAL unnest(one.most_common_freqs[:hot]) AS f ON true
            GROUP BY few.parents;
        ELSE
            classes := '[]';
        END IF;
        -- Counts within a twentieth of each other are one.
        SELECT
            jsonb_agg(jsonb_build_array(children, round((weight / one.parents)::numeric, 9)) ORDER BY children)
                FILTER (WHERE list = 'all'),
            jsonb_agg(jsonb_build_array(children, round((weight / all_weight)::numeric, 9)) ORDER BY children)
                FILTER (WHERE list = 'others')
        INTO classes, others_classes
        FROM (
            SELECT list, round((sum(number * weight) / sum(weight))::numeric) AS children, sum(weight) AS weight,
                sum(sum(weight)) OVER (PARTITION BY list) AS all_weight
            FROM (
                SELECT 'all' AS list, (c ->> 0)::float8 AS number, (c ->> 1)::float8 AS weight
                FROM jsonb_array_elements(classes) AS c
                UNION ALL
                SELECT 'others', (c ->> 0)::float8, (c ->> 1)::float8
                FROM jsonb_array_elements(others_classes) AS c
            ) AS c
            WHERE weight > 0
            GROUP BY list, CASE WHEN number < 20 THEN round(number::numeric) ELSE 20 + floor(20 * ln(number::numeric)) END
        ) AS c;
        by_key := by_key || jsonb_build_object(
            one.key_oid::text,
            jsonb_build_object(
                'counts', COALESCE(classes, '[]'), 'sampled', parents, 'ranks', ranks, 'others', COALESCE(others_classes, '[]'),
                'quantiles', quantiles
            )
        );
    END LOOP;
    PERFORM set_config('seedrow.fan_outs', by_key::text, true);
END
$fan_outs$;
