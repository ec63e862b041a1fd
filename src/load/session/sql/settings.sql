-- The settings that decide how fast rows are loaded.
-- Settings that this version lacks are omitted.
SELECT name, current_setting(name) AS value, source = 'session' AS is_ours
FROM pg_settings
WHERE name IN (
    'shared_buffers', 'maintenance_work_mem', 'max_parallel_maintenance_workers', 'wal_level', 'max_wal_size',
    'synchronous_commit', 'fsync'
)
ORDER BY name
