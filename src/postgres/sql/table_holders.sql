-- Which other sessions hold locks on these tables, and what are they at?
-- What a role may not see of another's session is NULL.
-- $1: the tables
SELECT
    a.pid,
    COALESCE(a.usename, '')::text AS role,
    COALESCE(a.application_name, '') AS application,
    COALESCE(host(a.client_addr), '') AS address,
    COALESCE(a.state, 'at work') AS state,
    COALESCE(extract(epoch FROM clock_timestamp() - COALESCE(a.xact_start, a.state_change)), 0)::int8 AS seconds,
    COALESCE(left(split_part(btrim(a.query, E' \n\t'), E'\n', 1), 80), '') AS query,
    string_agg(DISTINCT l.mode || ' on ' || l.relation::regclass::text, ', ') AS lock
FROM pg_locks AS l
JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.granted
    AND l.locktype = 'relation'
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.relation = ANY ($1::oid[])
    AND l.pid <> pg_backend_pid()
GROUP BY a.pid, a.usename, a.application_name, a.client_addr, a.state, a.xact_start, a.state_change, a.query
ORDER BY seconds DESC, a.pid
