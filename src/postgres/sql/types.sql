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
wanted (oid) AS (
    SELECT unnest($1::oid[])
    UNION
    SELECT d.part
    FROM wanted AS w
    JOIN described AS d ON d.oid = w.oid
    WHERE d.part IS NOT NULL
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
    ) AS labels
FROM wanted AS w
JOIN described AS d ON d.oid = w.oid
