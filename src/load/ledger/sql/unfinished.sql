-- Which load has not come to its end, what was typed for it, and how many constraints it has still to put back?
-- $1: the schema, or NULL for all; a schema that was dropped since has nothing left to put back.
SELECT
    l.target_schema,
    l.command,
    (SELECT count(*) FROM seedrow.lifted AS c WHERE c.target_schema = l.target_schema)
FROM seedrow.loads AS l
JOIN pg_namespace AS n ON n.nspname = l.target_schema
WHERE l.finished_at IS NULL AND ($1::text IS NULL OR l.target_schema = $1)
ORDER BY l.started_at
LIMIT 1
