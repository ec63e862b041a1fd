-- Which other sessions hold the advisory lock of a load, exclusively or, while they load a part, shared, and may this role read
-- the ledger?
-- $1, $2: the halves of the lock's key; $3: the upper half of the keys that those hold that load a part
SELECT
    a.pid,
    a.usename::text AS role,
    host(a.client_addr) AS address,
    COALESCE(a.application_name, '') AS application,
    to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')
        || CASE
            WHEN clock_timestamp() - a.backend_start < interval '2 minutes'
                THEN ', ' || floor(EXTRACT(epoch FROM clock_timestamp() - a.backend_start)) || ' s ago'
            WHEN clock_timestamp() - a.backend_start < interval '2 hours'
                THEN ', ' || floor(EXTRACT(epoch FROM clock_timestamp() - a.backend_start) / 60) || ' min ago'
            ELSE ', ' || floor(EXTRACT(epoch FROM clock_timestamp() - a.backend_start) / 3600) || ' h ago'
        END AS since,
    EXISTS (
        SELECT
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = 'seedrow' AND c.relname = 'loads'
            AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
    ) AS ledger,
    EXISTS (
        SELECT
        FROM pg_locks AS p
        WHERE p.pid = l.pid AND p.granted AND p.locktype = 'advisory' AND p.classid = $3::oid AND p.objsubid = 1
    ) AS part
FROM pg_locks AS l
JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.granted
    AND l.locktype = 'advisory'
    AND l.pid <> pg_backend_pid()
    AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
    AND l.classid = $1::oid
    AND l.objid = $2::oid
    AND l.objsubid = 1
ORDER BY a.backend_start, a.pid
