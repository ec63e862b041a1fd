-- May the server reject a row whose values fit the types of their columns?
-- $1: the table. CHECK constraints, those of domains, and triggers before or after INSERT.
SELECT
    EXISTS (
        SELECT FROM pg_constraint AS c
        WHERE c.conrelid = $1 AND c.contype = 'c'
    ) OR EXISTS (
        SELECT FROM pg_attribute AS a
        JOIN pg_type AS t ON t.oid = a.atttypid
        WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND t.typtype = 'd'
    ) OR EXISTS (
        -- The bit is that of TRIGGER_TYPE_INSERT.
        SELECT FROM pg_trigger AS g
        WHERE g.tgrelid = $1 AND NOT g.tgisinternal AND g.tgtype & 4 = 4
    ) OR EXISTS (
        SELECT FROM pg_class AS r
        WHERE r.oid = $1 AND (r.relkind = 'p' OR r.relispartition)
    )
