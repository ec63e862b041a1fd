-- Which other sessions of this database hold the advisory lock of a bigint key, and what are they at?
-- What a role may not see of another's session is NULL.
-- $1: the key; pg_locks shows its halves
SELECT
    a.pid,
    COALESCE(a.usename, '')::text AS role,
    COALESCE(a.application_name, '') AS application,
    COALESCE(host(a.client_addr), '') AS address,
    COALESCE(a.state, 'at work') AS state,
    COALESCE(extract(epoch FROM clock_timestamp() - COALESCE(a.xact_start, a.state_change)), 0)::int8 AS seconds,
    COALESCE(left(split_part(btrim(a.query, E' \n\t'), E'\n', 1), 80), '') AS query,
    '' AS lock
FROM pg_locks AS l
JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.granted
    AND l.locktype = 'advisory'
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.classid::int8 = $1::int8 >> 32
    AND l.objid::int8 = $1::int8 & 4294967295
    AND l.objsubid = 1
    AND l.pid <> pg_backend_pid()
ORDER BY seconds DESC, a.pid
