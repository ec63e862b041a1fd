-- What seedrow writes a twin by: the planner's statistics of a schema, as JSON.
--
-- Run it with: psql -XAtq -v ON_ERROR_STOP=1 -f FILE DATABASE > profile.json
-- It reads in one read-only transaction, and of the tables no more pages than :pages, or a share of :sample of the
-- database's where that is more; foreign keys whose children can't be counted within that are described by pg_stats.
-- At level "shape" it prints no value of a column: frequencies, ranks, widths and counts alone.
BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL statement_timeout = :timeout;
SET LOCAL lock_timeout = '2s';
SET LOCAL search_path = pg_catalog;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL jit = off;
SET LOCAL standard_conforming_strings = on;
SET LOCAL TimeZone = 'UTC';
SET LOCAL DateStyle = 'ISO, YMD';
SET LOCAL IntervalStyle = 'postgres';
SET LOCAL extra_float_digits = 1;
SET LOCAL seedrow.schema = :schema;
SET LOCAL seedrow.level = :level;
SET LOCAL seedrow.sample = :sample;
SET LOCAL seedrow.pages = :pages;
SET LOCAL seedrow.seconds = :seconds;
SET LOCAL seedrow.columns = '{}';
SET LOCAL seedrow.fan_outs = '{}';
