
-- The statements that create the schema's tables, indexes in the order of their OIDs: plans of equal cost are decided by it.
-- Left out: views, triggers, comments, rights, and the defaults that hold a literal other than 0, 1 or an enum's label.
DO $ddl$
DECLARE
    home oid := (SELECT oid FROM pg_namespace WHERE nspname = current_setting('seedrow.schema'));
    empty text := $$''(\{\}|\[\])?''$$;
    literal text := '''(?!'')|\m[0-9]*[2-9][0-9]*\M|\m[0-9]{2,}\M|[0-9]\.[0-9]';
    tables oid[] := (
        SELECT array_agg(oid ORDER BY oid)
        FROM pg_class AS t
        WHERE relnamespace = home AND relkind IN ('r', 'p') AND relpersistence <> 't'
            AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = t.oid AND deptype = 'e')
    );
    statements text[] := '{}';
    left_out text[] := '{}';
BEGIN
    -- Names are written with their schemas.
    IF current_setting('seedrow.schema') <> 'public' THEN
        statements := statements || format('CREATE SCHEMA IF NOT EXISTS %I', current_setting('seedrow.schema'));
    END IF;
    statements := statements || ARRAY(
        SELECT format('CREATE EXTENSION IF NOT EXISTS %I', e.extname)
        FROM pg_extension AS e
        WHERE EXISTS (
            SELECT
            FROM pg_depend AS d
            JOIN pg_depend AS m
                ON m.classid = d.refclassid AND m.objid = d.refobjid AND m.deptype = 'e' AND m.refobjid = e.oid
            LEFT JOIN pg_index AS x ON d.classid = 'pg_class'::regclass AND x.indexrelid = d.objid
            LEFT JOIN pg_constraint AS k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
            LEFT JOIN pg_attrdef AS v ON d.classid = 'pg_attrdef'::regclass AND v.oid = d.objid
            WHERE COALESCE(x.indrelid, k.conrelid, v.adrelid, CASE d.classid WHEN 'pg_class'::regclass THEN d.objid END)
                = ANY (tables)
        )
        ORDER BY e.oid
    );
    statements := statements || ARRAY(
        SELECT format('CREATE TYPE %s AS ENUM (%s)', y.oid::regtype, string_agg(quote_literal(l.enumlabel), ', ' ORDER BY l.enumsortorder))
        FROM pg_type AS y
        JOIN pg_enum AS l ON l.enumtypid = y.oid
        WHERE y.typnamespace = home
        GROUP BY y.oid
        ORDER BY y.oid
    );
    statements := statements || ARRAY(
        SELECT format('CREATE TYPE %s AS (%s)', y.oid::regtype,
            string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum))
        FROM pg_type AS y
        JOIN pg_class AS c ON c.oid = y.typrelid AND c.relkind = 'c'
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE y.typnamespace = home
        GROUP BY y.oid
        ORDER BY y.oid
    );
    -- Functions that constraints, indexes and generated columns call.
    statements := statements || ARRAY(
        SELECT DISTINCT pg_get_functiondef(p.oid)
        FROM pg_depend AS d
        JOIN pg_proc AS p ON p.oid = d.refobjid AND p.prokind = 'f'
        LEFT JOIN pg_index AS x ON d.classid = 'pg_class'::regclass AND x.indexrelid = d.objid
        LEFT JOIN pg_constraint AS k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
        LEFT JOIN pg_attrdef AS v ON d.classid = 'pg_attrdef'::regclass AND v.oid = d.objid
        LEFT JOIN pg_type AS y ON y.oid = k.contypid
        WHERE d.refclassid = 'pg_proc'::regclass
            AND (COALESCE(x.indrelid, k.conrelid, v.adrelid) = ANY (tables) OR y.typnamespace = home)
            AND p.pronamespace = home
            AND NOT EXISTS (SELECT FROM pg_depend AS e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')
    );
    statements := statements || ARRAY(
        SELECT format('CREATE DOMAIN %s AS %s%s%s', y.oid::regtype, format_type(y.typbasetype, y.typtypmod),
            CASE WHEN y.typnotnull THEN ' NOT NULL' ELSE '' END,
            (
                SELECT string_agg(format(' CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)), '' ORDER BY k.oid)
                FROM pg_constraint AS k
                WHERE k.contypid = y.oid AND k.contype = 'c'
            ))
        FROM pg_type AS y
        WHERE y.typtype = 'd' AND y.typnamespace = home
        ORDER BY y.oid
    );
    statements := statements || ARRAY(
        SELECT format('CREATE SEQUENCE %s AS %s', s.seqrelid::regclass, s.seqtypid::regtype)
        FROM pg_sequence AS s
        JOIN pg_class AS c ON c.oid = s.seqrelid
        WHERE c.relnamespace = home
            AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'i')
        ORDER BY c.oid
    );
    left_out := ARRAY(
        SELECT format('the default of %s.%s', t.relname, a.attname)
        FROM pg_attrdef AS v
        JOIN pg_attribute AS a ON a.attrelid = v.adrelid AND a.attnum = v.adnum
        JOIN pg_class AS t ON t.oid = v.adrelid
        JOIN pg_type AS y ON y.oid = a.atttypid
        WHERE v.adrelid = ANY (tables) AND NOT t.relispartition AND a.attgenerated = '' AND y.typtype <> 'e'
            AND pg_get_expr(v.adbin, v.adrelid) !~ '^nextval\('
            AND regexp_replace(pg_get_expr(v.adbin, v.adrelid), empty, '', 'g') ~ literal
        ORDER BY t.oid, a.attnum
    );
    statements := statements || ARRAY(
        SELECT CASE
                WHEN t.relispartition THEN format(
                    'CREATE TABLE %s PARTITION OF %s %s', t.oid::regclass,
                    (SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = t.oid), pg_get_expr(t.relpartbound, t.oid))
                ELSE format('CREATE%s TABLE %s (%s)', CASE t.relpersistence WHEN 'u' THEN ' UNLOGGED' ELSE '' END, t.oid::regclass, (
                    SELECT string_agg(E'\n    ' || format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
                        || CASE WHEN a.attcollation <> y.typcollation THEN (
                            SELECT format(' COLLATE %I.%I', n.nspname, l.collname)
                            FROM pg_collation AS l
                            JOIN pg_namespace AS n ON n.oid = l.collnamespace
                            WHERE l.oid = a.attcollation
                        ) ELSE '' END
                        || CASE WHEN a.attidentity = 'a' THEN ' GENERATED ALWAYS AS IDENTITY'
                            WHEN a.attidentity = 'd' THEN ' GENERATED BY DEFAULT AS IDENTITY'
                            WHEN a.attgenerated <> '' THEN format(
                                ' GENERATED ALWAYS AS (%s) %s', pg_get_expr(v.adbin, v.adrelid),
                                CASE a.attgenerated WHEN 's' THEN 'STORED' ELSE 'VIRTUAL' END)
                            WHEN v.oid IS NOT NULL AND (y.typtype = 'e' OR pg_get_expr(v.adbin, v.adrelid) ~ '^nextval\('
                                OR regexp_replace(pg_get_expr(v.adbin, v.adrelid), empty, '', 'g') !~ literal)
                                THEN ' DEFAULT ' || pg_get_expr(v.adbin, v.adrelid)
                            ELSE '' END
                        || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END, ',' ORDER BY a.attnum) || E'\n'
                    FROM pg_attribute AS a
                    JOIN pg_type AS y ON y.oid = a.atttypid
                    LEFT JOIN pg_attrdef AS v ON v.adrelid = a.attrelid AND v.adnum = a.attnum
                    WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
                ))
            END
            || CASE t.relkind WHEN 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(t.oid) ELSE '' END
            || CASE WHEN t.reloptions IS NULL THEN '' ELSE format(' WITH (%s)', array_to_string(t.reloptions, ', ')) END
        FROM pg_class AS t
        WHERE t.oid = ANY (tables)
        -- A partition that was attached may be older than its table.
        ORDER BY (SELECT count(*) FROM pg_partition_ancestors(t.oid)), t.oid
    );
    statements := statements || ARRAY(
        SELECT format('ALTER SEQUENCE %s OWNED BY %s.%I', d.objid::regclass, d.refobjid::regclass, a.attname)
        FROM pg_depend AS d
        JOIN pg_class AS c ON c.oid = d.objid AND c.relkind = 'S'
        JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'a'
            AND d.refobjid = ANY (tables)
        ORDER BY c.oid
    );
    statements := statements || ARRAY(
        SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid))
        FROM pg_constraint AS k
        WHERE k.conrelid = ANY (tables) AND k.contype = 'c' AND k.coninhcount = 0
        ORDER BY k.oid
    );
    statements := statements || ARRAY(
        SELECT CASE
                WHEN k.oid IS NULL THEN pg_get_indexdef(x.indexrelid)
                ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', x.indrelid::regclass, k.conname, pg_get_constraintdef(k.oid))
            END
        FROM pg_index AS x
        LEFT JOIN pg_constraint AS k ON k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x')
        WHERE x.indrelid = ANY (tables) AND x.indislive
            AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = x.indexrelid)
        ORDER BY x.indexrelid
    );
    statements := statements || ARRAY(
        SELECT format('ALTER TABLE %s CLUSTER ON %I', x.indrelid::regclass, i.relname)
        FROM pg_index AS x
        JOIN pg_class AS i ON i.oid = x.indexrelid
        WHERE x.indrelid = ANY (tables) AND x.indisclustered
        ORDER BY x.indexrelid
    );
    statements := statements || ARRAY(
        SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid))
        FROM pg_constraint AS k
        WHERE k.conrelid = ANY (tables) AND k.contype = 'f' AND k.conparentid = 0 AND k.confrelid = ANY (tables)
        ORDER BY k.oid
    );
    left_out := left_out || ARRAY(
        SELECT format('foreign key %s of %s, to a table of another schema', k.conname, t.relname)
        FROM pg_constraint AS k
        JOIN pg_class AS t ON t.oid = k.conrelid
        WHERE k.conrelid = ANY (tables) AND k.contype = 'f' AND k.conparentid = 0 AND k.confrelid <> ALL (tables)
        ORDER BY k.oid
    );
    statements := statements || ARRAY(
        SELECT pg_get_statisticsobjdef(s.oid) FROM pg_statistic_ext AS s WHERE s.stxrelid = ANY (tables) ORDER BY s.oid
    );
    statements := statements || ARRAY(
        SELECT format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', a.attrelid::regclass, a.attname, a.attstattarget)
        FROM pg_attribute AS a
        WHERE a.attrelid = ANY (tables) AND a.attnum > 0 AND NOT a.attisdropped AND a.attstattarget >= 0
        ORDER BY a.attrelid, a.attnum
    );
    statements := statements || ARRAY(
        SELECT format('ALTER TABLE %s ALTER COLUMN %I SET (%s)', a.attrelid::regclass, a.attname, o.option)
        FROM pg_attribute AS a, unnest(a.attoptions) AS o (option)
        WHERE a.attrelid = ANY (tables) AND a.attnum > 0 AND NOT a.attisdropped AND o.option LIKE 'n\_distinct%'
        ORDER BY a.attrelid, a.attnum
    );
    PERFORM set_config('seedrow.ddl', to_jsonb(statements)::text, true);
    PERFORM set_config('seedrow.left_out', to_jsonb(left_out)::text, true);
END
$ddl$;
