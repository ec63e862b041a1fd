
-- Said before anything is read: the tables whose statistics this role doesn't see.
DO $rights$
DECLARE
    all_tables integer;
    hidden text[];
    message text;
    help text;
BEGIN
    SELECT count(*),
        array_agg(format('%I.%I', n.nspname, t.relname) ORDER BY t.relname) FILTER (
            WHERE NOT has_schema_privilege(n.oid, 'USAGE') OR NOT has_any_column_privilege(t.oid, 'SELECT')
                OR row_security_active(t.oid)
        )
    INTO all_tables, hidden
    FROM pg_class AS t
    JOIN pg_namespace AS n ON n.oid = t.relnamespace
    WHERE n.nspname = current_setting('seedrow.schema') AND t.relkind IN ('r', 'p') AND NOT t.relispartition
        AND t.relpersistence <> 't'
        AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = t.oid AND deptype = 'e');
    IF hidden IS NOT NULL THEN
        message := format(
            '%I doesn''t see the statistics of %s of %s tables: pg_stats shows those of tables with the right to SELECT and'
                || ' without row security; pg_monitor and pg_read_all_stats don''t give it',
            current_user, cardinality(hidden), all_tables
        );
        help := format('GRANT SELECT ON %s TO %I;', array_to_string(hidden, ', '), current_user);
        IF cardinality(hidden) = all_tables THEN
            RAISE EXCEPTION USING MESSAGE = message, HINT = help, ERRCODE = 'insufficient_privilege';
        END IF;
        RAISE WARNING USING MESSAGE = message, HINT = help;
    END IF;
END
$rights$;
