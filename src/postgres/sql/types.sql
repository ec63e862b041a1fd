-- What are these types made of, and the types that they are made of?
-- $1: their oids
WITH RECURSIVE described (oid, kind, part, delimiter, modifier) AS (
    SELECT
        y.oid,
        CASE WHEN e.oid IS NULL THEN y.typtype::text ELSE 'array' END,
        COALESCE(e.oid, NULLIF(y.typbasetype, 0), s.rngsubtype, m.rngtypid),
        e.typdelim::text,
        y.typtypmod
    FROM pg_type AS y
    LEFT JOIN pg_type AS e ON e.oid = y.typelem AND e.typarray = y.oid
    LEFT JOIN pg_range AS s ON s.rngtypid = y.oid
    LEFT JOIN pg_range AS m ON m.rngmultitypid = y.oid
),
attributes (oid, place, part, modifier) AS (
    SELECT y.oid, a.attnum, a.atttypid, a.atttypmod
    FROM pg_type AS y
    JOIN pg_attribute AS a ON a.attrelid = y.typrelid
    WHERE y.typtype = 'c' AND a.attnum > 0 AND NOT a.attisdropped
),
parts (oid, part) AS (
    SELECT d.oid, d.part
    FROM described AS d
    WHERE d.part IS NOT NULL
    UNION ALL
    SELECT a.oid, a.part
    FROM attributes AS a
),
wanted (oid) AS (
    SELECT unnest($1::oid[])
    UNION
    SELECT p.part
    FROM wanted AS w
    JOIN parts AS p ON p.oid = w.oid
)
SELECT
    d.oid,
    d.kind,
    d.part,
    d.delimiter,
    d.modifier,
    ARRAY(
        SELECT l.enumlabel::text
        FROM pg_enum AS l
        WHERE l.enumtypid = d.oid
        ORDER BY l.enumsortorder
    ) AS labels,
    ARRAY(
        SELECT a.part
        FROM attributes AS a
        WHERE a.oid = d.oid
        ORDER BY a.place
    ) AS attributes,
    ARRAY(
        SELECT a.modifier
        FROM attributes AS a
        WHERE a.oid = d.oid
        ORDER BY a.place
    ) AS modifiers
FROM wanted AS w
JOIN described AS d ON d.oid = w.oid
