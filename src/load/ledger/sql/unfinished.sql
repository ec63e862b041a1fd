-- Which load is unfinished, which command started it, how many constraints has it still to restore, and in how many parts is
-- it loaded?
-- $1: the schema, or NULL for all; a schema that was dropped since has nothing left to restore.
SELECT
    l.target_schema,
    l.command,
    (SELECT count(*) FROM seedrow.lifted AS c WHERE c.target_schema = l.target_schema),
    l.tables,
    (to_jsonb(l) ->> 'parts')::integer
FROM seedrow.loads AS l
JOIN pg_namespace AS n ON n.nspname = l.target_schema
WHERE l.finished_at IS NULL AND ($1::text IS NULL OR l.target_schema = $1)
ORDER BY l.started_at
LIMIT 1
