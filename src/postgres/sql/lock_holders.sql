-- Which other sessions hold locks on these tables, or this advisory lock, and what are they doing?
-- A prepared transaction holds its locks without a session. A parallel worker's are its leader's.
-- $1: the tables' oids; $2, $3: the halves of an advisory lock's key, or NULL; the second alone is NULL for any
WITH held AS (
    SELECT
        l.pid,
        l.virtualtransaction,
        l.locktype,
        n.nspname::text AS schema_name,
        t.relname::text AS table_name,
        l.mode,
        array_position(
            ARRAY[
                'AccessShareLock', 'RowShareLock', 'RowExclusiveLock', 'ShareUpdateExclusiveLock',
                'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'
            ],
            l.mode
        ) AS strength
    FROM pg_locks AS l
    LEFT JOIN pg_class AS t ON l.locktype = 'relation' AND t.oid = l.relation
    LEFT JOIN pg_namespace AS n ON n.oid = t.relnamespace
    WHERE l.granted
        AND l.pid IS DISTINCT FROM pg_backend_pid()
        AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
        AND (
            (l.locktype = 'relation' AND l.relation = ANY ($1::oid[]))
            OR (l.locktype = 'advisory' AND l.classid = $2::oid AND l.objid = COALESCE($3::oid, l.objid) AND l.objsubid = 1)
        )
)
SELECT
    h.pid,
    h.virtualtransaction AS owner,
    h.mode,
    h.schema_name,
    h.table_name,
    p.gid,
    COALESCE(a.usename, p.owner)::text AS role,
    NULLIF(a.application_name, '') AS application,
    host(a.client_addr) AS address,
    a.backend_type,
    a.state,
    EXTRACT(epoch FROM clock_timestamp() - COALESCE(a.xact_start, p.prepared))::float8 AS transaction_age,
    EXTRACT(epoch FROM clock_timestamp() - a.state_change)::float8 AS state_age,
    NULLIF(a.query, '<insufficient privilege>') AS query
FROM held AS h
LEFT JOIN pg_stat_activity AS a ON a.pid = h.pid
-- A prepared transaction holds the lock of its own number, too, which leads to its name.
LEFT JOIN pg_locks AS x ON h.pid IS NULL
    AND x.pid IS NULL
    AND x.locktype = 'transactionid'
    AND x.granted
    AND x.virtualtransaction = h.virtualtransaction
LEFT JOIN pg_prepared_xacts AS p ON p.transaction = x.transactionid
WHERE a.backend_type IS DISTINCT FROM 'parallel worker'
ORDER BY
    max(h.strength) OVER (PARTITION BY h.pid, h.virtualtransaction) DESC,
    h.pid,
    h.virtualtransaction,
    h.strength DESC,
    h.schema_name,
    h.table_name
