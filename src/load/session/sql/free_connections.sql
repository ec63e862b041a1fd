-- How many connections may this role still open: by the server's limit, the database's and the role's own?
-- Settings that this version lacks count as 0.
WITH taken AS (
    SELECT
        count(*) AS in_all,
        count(*) FILTER (WHERE datname = current_database()) AS of_database,
        count(*) FILTER (WHERE usename = current_user) AS of_role
    FROM pg_stat_activity
    WHERE backend_type = 'client backend'
)
SELECT least(
    current_setting('max_connections')::int8
        - COALESCE(current_setting('superuser_reserved_connections', true)::int8, 0)
        - COALESCE(current_setting('reserved_connections', true)::int8, 0)
        - taken.in_all,
    CASE WHEN d.datconnlimit >= 0 THEN d.datconnlimit - taken.of_database END,
    CASE WHEN r.rolconnlimit >= 0 THEN r.rolconnlimit - taken.of_role END
)
FROM taken
JOIN pg_database AS d ON d.datname = current_database()
JOIN pg_roles AS r ON r.rolname = current_user
