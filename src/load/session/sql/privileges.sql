-- May this role fill the tables, and what must it be granted?
-- $1: the tables
SELECT
    t.oid,
    row_security_active(t.oid) AS hidden,
    quote_ident(current_user) AS role,
    has_table_privilege(t.oid, 'SELECT')
        AND has_table_privilege(t.oid, 'INSERT')
        AND has_table_privilege(t.oid, 'TRUNCATE') AS may_write,
    ARRAY(
        SELECT format('%s ON SEQUENCE %I.%I', string_agg(filling.needed, ', ' ORDER BY filling.needed), n.nspname, s.relname)
        FROM (
            SELECT d.objid AS oid, 'UPDATE' AS needed
            FROM pg_depend AS d
            WHERE d.classid = 'pg_class'::regclass
                AND d.refclassid = 'pg_class'::regclass
                AND d.refobjid = t.oid
                AND d.deptype IN ('a', 'i')
            UNION
            SELECT d.refobjid, both_needed.needed
            FROM pg_attrdef AS f
            JOIN pg_depend AS d ON d.objid = f.oid
            -- Others may use it, too: it is looked where it is before it is set.
            CROSS JOIN (VALUES ('UPDATE'), ('SELECT')) AS both_needed (needed)
            WHERE f.adrelid = t.oid
                AND d.classid = 'pg_attrdef'::regclass
                AND d.refclassid = 'pg_class'::regclass
                AND NOT EXISTS (
                    SELECT
                    FROM pg_depend AS own
                    WHERE own.classid = 'pg_class'::regclass
                        AND own.objid = d.refobjid
                        AND own.refclassid = 'pg_class'::regclass
                        AND own.deptype IN ('a', 'i')
                )
        ) AS filling
        JOIN pg_class AS s ON s.oid = filling.oid
        JOIN pg_namespace AS n ON n.oid = s.relnamespace
        -- CASE: asked of anything but a sequence it fails, and conditions have no order.
        WHERE CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege(s.oid, filling.needed) END
        GROUP BY n.nspname, s.relname
    ) AS closed_sequences
FROM pg_class AS t
WHERE t.oid = ANY ($1)
