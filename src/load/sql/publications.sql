-- Which publications replicate the tables' rows, and to how many logical replication slots of this database?
-- $1: the tables, with their partitions
SELECT
    p.pubname::text AS name,
    p.puballtables AS all_tables,
    p.pubtruncate AS truncates,
    array_agg(t.relid::oid ORDER BY t.relid) AS tables,
    (
        SELECT count(*)
        FROM pg_replication_slots AS s
        WHERE s.slot_type = 'logical' AND s.database = current_database()
    ) AS slots
FROM pg_publication AS p
CROSS JOIN LATERAL pg_get_publication_tables(p.pubname::text) AS t
WHERE current_setting('wal_level') = 'logical' AND p.pubinsert AND t.relid = ANY ($1::oid[])
GROUP BY p.oid, p.pubname, p.puballtables, p.pubtruncate
ORDER BY p.pubname
