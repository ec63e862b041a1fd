-- Queries for a database of any schema, from its foreign keys and its columns: lookups, ranges, top-N, aggregates, and joins
-- of two to six tables. A query a line: its name, a tab, and the text of its file, with \n for the ends of lines.
--
-- Read by scripts/twin. Needs statistics: which columns have few values is taken from pg_stats.
WITH RECURSIVE keys AS (
    SELECT
        c.conrelid AS child,
        c.confrelid AS parent,
        a.attname AS column,
        b.attname AS referenced
    FROM pg_constraint AS c
    JOIN pg_class AS t ON t.oid = c.conrelid AND NOT t.relispartition AND t.reltuples > 0
    JOIN pg_class AS p ON p.oid = c.confrelid AND NOT p.relispartition AND p.reltuples > 0
    JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    JOIN pg_attribute AS b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1]
    WHERE c.contype = 'f' AND cardinality(c.conkey) = 1 AND c.conparentid = 0
        AND c.connamespace = 'public'::regnamespace
),
columns AS (
    SELECT
        t.oid AS tab,
        t.relname,
        a.attname AS column,
        y.typcategory AS category,
        y.typname AS type,
        -- As many values as there are rows, or a number of them.
        CASE WHEN s.n_distinct < 0 THEN -s.n_distinct * t.reltuples ELSE s.n_distinct END AS values,
        EXISTS (SELECT FROM keys WHERE keys.child = t.oid AND keys.column = a.attname) AS is_reference,
        EXISTS (
            SELECT FROM pg_index AS i
            WHERE i.indrelid = t.oid AND i.indisprimary AND i.indkey[0] = a.attnum
        ) AS is_key
    FROM pg_class AS t
    JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type AS y ON y.oid = a.atttypid
    JOIN pg_stats AS s ON s.schemaname = 'public' AND s.tablename = t.relname AND s.attname = a.attname
    WHERE t.relkind IN ('r', 'p') AND NOT t.relispartition AND t.relnamespace = 'public'::regnamespace AND t.reltuples > 0
),
-- Columns that a report would group by, those that have an order of time, and those that a top list would sort by.
few AS (SELECT * FROM columns WHERE values BETWEEN 2 AND 60 AND NOT is_key AND category IN ('S', 'E', 'B', 'N') AND NOT is_reference),
times AS (SELECT * FROM columns WHERE category = 'D' AND type <> 'interval'),
amounts AS (SELECT * FROM columns WHERE category = 'N' AND values > 60 AND NOT is_key AND NOT is_reference),
-- From a table to those that it refers to, and so on: tables of a path, none twice.
paths AS (
    SELECT
        child AS first,
        parent AS last,
        ARRAY[child, parent] AS tables,
        format('%I AS t1 JOIN %I AS t2 ON t2.%I = t1.%I', child::regclass::text, parent::regclass::text, referenced, keys.column) AS joined,
        ARRAY[keys.column::text] AS by
    FROM keys
    WHERE child <> parent
    UNION ALL
    SELECT
        first,
        parent,
        tables || parent,
        joined || format(
            ' JOIN %1$I AS t%2$s ON t%2$s.%3$I = t%4$s.%5$I',
            parent::regclass::text, cardinality(tables) + 1, referenced, cardinality(tables), keys.column
        ),
        by || keys.column::text
    FROM paths
    JOIN keys ON keys.child = paths.last
    WHERE parent <> ALL (tables) AND cardinality(tables) < 6
),
-- Of each length some paths a table, those that end elsewhere first.
picked AS (
    SELECT *
    FROM (
        SELECT
            paths.*,
            cardinality(tables) AS length,
            row_number() OVER (PARTITION BY first, cardinality(tables) ORDER BY md5(joined)) AS place
        FROM paths
    ) AS ranked
    WHERE place <= CASE length WHEN 2 THEN 9 ELSE 1 END
),
queries AS (
    -- The children of one row, with its own columns.
    SELECT
        format('join2_%s_%s', child::regclass, keys.column) AS name,
        format('-- param id: %s.%I', parent::regclass, referenced) AS header,
        format('SELECT c.* FROM %s AS c JOIN %s AS p ON p.%I = c.%I WHERE p.%I = :id', child::regclass, parent::regclass, referenced, keys.column, referenced) AS sql
    FROM keys
    WHERE child <> parent
    UNION ALL
    -- The parents with the most children.
    SELECT
        format('most_%s_%s', child::regclass, keys.column),
        NULL,
        format('SELECT c.%1$I, count(*) FROM %2$s AS c GROUP BY c.%1$I ORDER BY count(*) DESC, c.%1$I LIMIT 10', keys.column, child::regclass)
    FROM keys
    UNION ALL
    -- What a report joins, for one row at the far end, or for all.
    SELECT
        format('path%s_%s_%s', length, first::regclass, array_to_string(by, '_')),
        format('-- param id: %s.%I', last::regclass, k.column),
        format('SELECT count(*) FROM %s WHERE t%s.%I = :id', joined, length, k.column)
    FROM picked
    JOIN columns AS k ON k.tab = last AND k.is_key
    WHERE length > 2
    UNION ALL
    SELECT
        format('group%s_%s_%s', length, first::regclass, array_to_string(by, '_')),
        NULL,
        format('SELECT t%1$s.%2$I, count(*) FROM %3$s GROUP BY 1 ORDER BY 2 DESC', length, f.column, joined)
    FROM picked
    JOIN LATERAL (SELECT * FROM few WHERE few.tab = last ORDER BY few.column LIMIT 1) AS f ON true
    WHERE length BETWEEN 2 AND 4 AND place <= 2
    UNION ALL
    SELECT format('equal_%s_%s', relname, few.column), format('-- param v: %I.%I', relname, few.column),
        format('SELECT * FROM %I WHERE %I = :v', relname, few.column)
    FROM few
    UNION ALL
    SELECT format('share_%s_%s', relname, few.column), NULL, format('SELECT %2$I, count(*) FROM %1$I GROUP BY 1', relname, few.column)
    FROM few
    UNION ALL
    SELECT format('null_%s_%s', relname, c.column), NULL, format('SELECT count(*) FROM %I WHERE %I IS NULL', relname, c.column)
    FROM columns AS c
    JOIN pg_stats AS s ON s.schemaname = 'public' AND s.tablename = relname AND s.attname = c.column
    WHERE s.null_frac > 0 AND NOT c.is_reference
    UNION ALL
    SELECT format('since_%s_%s', relname, times.column), format('-- param since: %I.%I', relname, times.column),
        format('SELECT count(*) FROM %I WHERE %I >= :since', relname, times.column)
    FROM times
    UNION ALL
    SELECT format('newest_%s_%s', relname, times.column), NULL, format('SELECT * FROM %I ORDER BY %I DESC LIMIT 20', relname, times.column)
    FROM times
    UNION ALL
    SELECT format('top_%s_%s', relname, amounts.column), NULL, format('SELECT * FROM %I ORDER BY %I DESC LIMIT 20', relname, amounts.column)
    FROM amounts
    UNION ALL
    -- The newest of one parent, and two conditions on one table.
    SELECT format('newest_of_%s_%s', relname, keys.column), format('-- param id: %s.%I', parent::regclass, referenced),
        format('SELECT * FROM %I WHERE %I = :id ORDER BY %I DESC LIMIT 10', relname, keys.column, t.column)
    FROM keys
    JOIN LATERAL (SELECT * FROM times WHERE tab = child ORDER BY times.column LIMIT 1) AS t ON true
    UNION ALL
    SELECT format('both_%s_%s_%s', a.relname, a.column, b.column),
        format(E'-- param a: %1$I.%2$I\n-- param b: %1$I.%3$I', a.relname, a.column, b.column),
        format('SELECT count(*) FROM %1$I WHERE %2$I = :a AND %3$I = :b', a.relname, a.column, b.column)
    FROM few AS a
    JOIN few AS b ON b.tab = a.tab AND b.column > a.column
)
SELECT replace(name, '"', '') || E'\t' || replace(concat_ws(E'\n', header, sql || E';\n'), E'\n', '\n')
FROM queries
ORDER BY name;
