-- Which foreign keys are there, which columns do they join, and do all rows satisfy them?
-- A partition's copy of its parent's constraint (conparentid) is left out as a row: the parent's represents all, and
-- lists the copies on tables that hold rows. conenforced is there from version 18.
-- $1: only on tables of this schema, or NULL; $2: only on these tables, or NULL
SELECT
    k.oid,
    k.conname::text AS name,
    t.oid AS table_oid,
    n.nspname::text AS schema_name,
    t.relname::text AS table_name,
    k.conkey AS numbers,
    ARRAY(
        SELECT a.attname::text
        FROM unnest(k.conkey) WITH ORDINALITY AS part (number, place)
        JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = part.number
        ORDER BY part.place
    ) AS columns,
    r.oid AS referenced_oid,
    rn.nspname::text AS referenced_schema,
    r.relname::text AS referenced_table,
    k.confkey AS referenced_numbers,
    ARRAY(
        SELECT a.attname::text
        FROM unnest(k.confkey) WITH ORDINALITY AS part (number, place)
        JOIN pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = part.number
        ORDER BY part.place
    ) AS referenced_columns,
    (
        WITH RECURSIVE copies AS (
            SELECT c.oid, c.conrelid, c.conkey
            FROM pg_constraint AS c
            WHERE c.conparentid = k.oid AND c.confrelid = k.confrelid AND c.conrelid <> k.conrelid
            UNION ALL
            SELECT c.oid, c.conrelid, c.conkey
            FROM copies
            JOIN pg_constraint AS c ON c.conparentid = copies.oid AND c.confrelid = k.confrelid
        )
        SELECT jsonb_agg(
            jsonb_build_object('oid', c.conrelid::int8, 'schema', s.nspname, 'name', l.relname, 'numbers', c.conkey)
            ORDER BY s.nspname, l.relname
        )
        FROM copies AS c
        JOIN pg_class AS l ON l.oid = c.conrelid AND l.relkind <> 'p'
        JOIN pg_namespace AS s ON s.oid = l.relnamespace
    )::text AS partitions,
    COALESCE((to_jsonb(k) ->> 'conenforced')::boolean, true) AS enforced,
    k.convalidated AS validated,
    k.confdeltype::text AS on_delete,
    pg_get_constraintdef(k.oid) AS definition
FROM pg_constraint AS k
JOIN pg_class AS t ON t.oid = k.conrelid
JOIN pg_namespace AS n ON n.oid = t.relnamespace
JOIN pg_class AS r ON r.oid = k.confrelid
JOIN pg_namespace AS rn ON rn.oid = r.relnamespace
WHERE k.contype = 'f'
    AND k.conparentid = 0
    AND n.nspname !~ '^pg_'
    AND n.nspname NOT IN ('information_schema', 'seedrow')
    AND ($1::text IS NULL OR n.nspname = $1)
    AND ($2::oid[] IS NULL OR t.oid = ANY ($2))
ORDER BY n.nspname, t.relname, k.conkey, k.conname
