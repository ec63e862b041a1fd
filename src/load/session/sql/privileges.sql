-- May this role fill the table, and what must it be granted?
-- $1: the table
SELECT
    row_security_active(t.oid) AS hidden,
    quote_ident(current_user) AS role,
    has_table_privilege(t.oid, 'SELECT')
        AND has_table_privilege(t.oid, 'INSERT')
        AND has_table_privilege(t.oid, 'TRUNCATE') AS may_write,
    ARRAY(
        SELECT format('%I.%I', n.nspname, s.relname)
        FROM pg_depend AS d
        JOIN pg_class AS s ON s.oid = d.objid
        JOIN pg_namespace AS n ON n.oid = s.relnamespace
        WHERE d.refclassid = 'pg_class'::regclass
            AND d.refobjid = t.oid
            AND d.deptype IN ('a', 'i')
            -- CASE: asked of anything but a sequence it fails, and conditions have no order.
            AND CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege(s.oid, 'UPDATE') END
    ) AS closed_sequences
FROM pg_class AS t
WHERE t.oid = $1
