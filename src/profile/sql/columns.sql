
-- The columns' statistics, by table. Common values that fewer than 10 rows have aren't listed one by one: 10 of them and
-- more have the mean of their shares, and ranks an even distance apart. The rank of a common value is its place among the
-- distinct values, from 0 to 1: the common values below it, and its place in the others' histogram.
DO $columns$
DECLARE
    level text := current_setting('seedrow.level');
    one record;
    ranks jsonb;
    bounds jsonb;
    by_table jsonb := '{}';
BEGIN
    FOR one IN
        SELECT t.relname::text AS table_name, a.attname::text AS name, format_type(a.atttypid, NULL) AS plain_type,
            b.typcategory AS category,
            CASE
                WHEN l.collname IS NULL OR l.collname = 'default' THEN ''
                ELSE format('COLLATE %I.%I', (SELECT nspname FROM pg_namespace WHERE oid = l.collnamespace), l.collname)
            END AS collation,
            s.null_frac, s.n_distinct, s.avg_width, s.correlation,
            -- Of both without the extremes.
            ARRAY(
                SELECT f
                FROM unnest(s.most_common_elem_freqs) WITH ORDINALITY AS f (f, place)
                WHERE f * t.reltuples >= 10 AND place <= cardinality(s.most_common_elem_freqs) - 3
                ORDER BY place
            ) AS element_shares,
            CASE WHEN s.elem_count_histogram IS NOT NULL THEN
                s.elem_count_histogram[2:cardinality(s.elem_count_histogram) - 2]
                    || s.elem_count_histogram[cardinality(s.elem_count_histogram)]
            END AS element_counts,
            COALESCE(s.most_common_vals::text, '{}') AS common, COALESCE(s.histogram_bounds::text, '{}') AS histogram,
            CASE WHEN s.n_distinct < 0 THEN -s.n_distinct * greatest(t.reltuples, 1) ELSE s.n_distinct END::float8
                AS distinct_values,
            COALESCE(m.shares, '{}') AS shares, m.parts, COALESCE(m.listed, 0) AS listed
        FROM pg_class AS t
        JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN pg_type AS y ON y.oid = a.atttypid
        JOIN pg_type AS b ON b.oid = COALESCE(NULLIF(y.typbasetype, 0), y.oid)
        JOIN pg_stats AS s
            ON s.schemaname = current_setting('seedrow.schema')
            AND s.tablename = t.relname
            AND s.attname = a.attname
            AND s.inherited = (t.relkind = 'p')
        LEFT JOIN pg_collation AS l ON l.oid = a.attcollation
        -- The common values' shares, and which part of those that few rows have each is in.
        CROSS JOIN LATERAL (
            SELECT array_agg(share ORDER BY place) AS shares, array_agg(part ORDER BY place) AS parts,
                count(*) FILTER (WHERE part IS NULL) AS listed
            FROM (
                SELECT place, part, CASE WHEN part IS NULL THEN f ELSE avg(f) OVER (PARTITION BY part) END AS share
                FROM (
                    SELECT place, f, few,
                        CASE WHEN f * t.reltuples < 10 THEN least((place - 1 - (all_common - few)) / 10, few / 10 - 1) END AS part
                    FROM (
                        SELECT place, f, count(*) OVER () AS all_common,
                            count(*) FILTER (WHERE f * t.reltuples < 10) OVER () AS few
                        FROM unnest(s.most_common_freqs) WITH ORDINALITY AS f (f, place)
                    ) AS each
                ) AS parts
                WHERE part IS NULL OR few >= 10
            ) AS kept
        ) AS m
        WHERE t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_setting('seedrow.schema'))
            AND t.relkind IN ('r', 'p')
            AND NOT t.relispartition
    LOOP
        ranks := NULL;
        bounds := NULL;
        BEGIN
            IF one.category <> 'A' AND cardinality(one.shares) > 0 THEN
                EXECUTE format(
                    $ranks$
                    WITH common AS (
                        SELECT v, place FROM unnest($1::%1$s[]) WITH ORDINALITY AS c (v, place)
                    ),
                    among AS (
                        SELECT c.place,
                            (SELECT count(*) FROM common AS o WHERE o.v < c.v %2$s) AS common_below,
                            (SELECT count(*) FROM unnest($2::%1$s[]) AS h (v) WHERE h.v < c.v %2$s) AS bounds_below,
                            cardinality($2::%1$s[]) AS bounds,
                            greatest($4 - cardinality($1::%1$s[]), 0) AS others
                        FROM common AS c
                        WHERE c.place <= $3
                    ),
                    placed AS (
                        SELECT place,
                            common_below + others * CASE
                                WHEN bounds_below = 0 THEN 0
                                WHEN bounds_below = bounds THEN 1
                                ELSE (bounds_below - 0.5) / (bounds - 1)
                            END AS below
                        FROM among
                    )
                    SELECT jsonb_agg(round(greatest(least(rank, 1), 0)::numeric, 6) ORDER BY place)
                    FROM (
                        SELECT place, CASE
                            WHEN $5[place] IS NULL THEN below / greatest($4 - 1, 1)
                            ELSE (
                                avg(below) OVER part
                                + stddev_pop(below) OVER part * 1.7 * (2 * row_number() OVER in_part - 1 - count(*) OVER part)
                                    / count(*) OVER part
                            ) / greatest($4 - 1, 1)
                        END AS rank
                        FROM placed
                        WINDOW part AS (PARTITION BY $5[place]), in_part AS (PARTITION BY $5[place] ORDER BY place)
                    ) AS ranked
                    $ranks$,
                    one.plain_type, one.collation
                )
                INTO ranks
                USING one.common, one.histogram, cardinality(one.shares),
                    greatest(one.distinct_values, cardinality(one.shares)), one.parts;
            END IF;
        EXCEPTION WHEN OTHERS THEN
            -- A type without an order, or one that this role may not use.
            ranks := NULL;
        END;
        BEGIN
            IF level <> 'shape' AND one.category IN ('N', 'D') AND one.histogram <> '{}' THEN
                EXECUTE format(
                    'SELECT jsonb_agg(%s::text ORDER BY place) FROM unnest($1::%s[]) WITH ORDINALITY AS h (v, place)'
                        || CASE level WHEN 'rounded' THEN ' WHERE place > 1 AND place < cardinality($1::%2$s[])' ELSE '' END,
                    CASE
                        WHEN level = 'values' THEN 'v'
                        WHEN one.category = 'D' THEN format('date_trunc(''month'', v)::%s', one.plain_type)
                        ELSE 'CASE WHEN v = 0 THEN 0 ELSE round(v::numeric, 1 - floor(log(abs(v::numeric)))::integer) END'
                    END,
                    one.plain_type
                )
                INTO bounds
                USING one.histogram;
            END IF;
        EXCEPTION WHEN OTHERS THEN
            -- Numbers that are none, and types that can't be rounded.
            bounds := NULL;
        END;
        by_table := by_table || jsonb_build_object(
            one.table_name,
            COALESCE(by_table -> one.table_name, '{}') || jsonb_build_object(
                one.name,
                jsonb_strip_nulls(jsonb_build_object(
                    'null', one.null_frac,
                    'distinct', one.n_distinct,
                    'width', one.avg_width,
                    'correlation', one.correlation,
                    'shares', one.shares,
                    'ranks', ranks,
                    'bounds', bounds,
                    'values', CASE
                        WHEN level = 'values' AND one.category <> 'A' THEN to_jsonb((one.common::text[])[1:one.listed])
                    END,
                    'element_shares', NULLIF(one.element_shares, '{}'),
                    'element_counts', one.element_counts
                ))
            )
        );
    END LOOP;
    PERFORM set_config('seedrow.columns', by_table::text, true);
END
$columns$;
