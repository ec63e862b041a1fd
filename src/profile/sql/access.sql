-- For each table of a schema: whether this role sees its statistics, and whether it has any.
SELECT current_user::text, t.relname::text,
    has_schema_privilege(t.relnamespace, 'USAGE') AND has_any_column_privilege(t.oid, 'SELECT') AND NOT row_security_active(t.oid),
    t.reltuples = 0 OR EXISTS (
        SELECT
        FROM pg_stats AS s
        WHERE s.schemaname = n.nspname AND s.tablename = t.relname AND s.inherited = (t.relkind = 'p')
    )
FROM pg_class AS t
JOIN pg_namespace AS n ON n.oid = t.relnamespace
WHERE n.nspname = $1
    AND t.relkind IN ('r', 'p')
    AND NOT t.relispartition
    AND t.relpersistence <> 't'
    AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = t.oid AND d.deptype = 'e')
ORDER BY t.relname
