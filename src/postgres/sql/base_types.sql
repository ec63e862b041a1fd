-- The types below domains, in the order they are asked for, as DDL writes them: by oid and modifier.
WITH RECURSIVE
asked AS (
    SELECT *
    FROM unnest($1::oid[], $2::integer[]) WITH ORDINALITY AS a (type, modifier, place)
),
below AS (
    SELECT place, type, modifier
    FROM asked
    UNION ALL
    SELECT b.place, t.typbasetype, t.typtypmod
    FROM below AS b
    JOIN pg_catalog.pg_type AS t ON t.oid = b.type
    WHERE t.typtype = 'd'
)
SELECT pg_catalog.format_type(b.type, nullif(b.modifier, -1))
FROM below AS b
JOIN pg_catalog.pg_type AS t ON t.oid = b.type
WHERE t.typtype <> 'd'
ORDER BY b.place
