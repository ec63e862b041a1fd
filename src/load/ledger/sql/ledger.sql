-- seedrow's ledger: what was loaded, from what, and what must still be restored.
CREATE SCHEMA IF NOT EXISTS seedrow;

-- One row a load, the last one per target schema.
CREATE TABLE IF NOT EXISTS seedrow.loads (
    target_schema text PRIMARY KEY,
    identity text NOT NULL,
    command text NOT NULL,
    dataset text NOT NULL,
    dataset_hash text NOT NULL,
    seedrow_version text NOT NULL,
    root_rows bigint,
    seed numeric,
    tables text[] NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz
);
-- Whether rows that its tables held before may be deleted, and the indexes that it builds besides the dropped ones:
-- abandoning the load drops these.
ALTER TABLE seedrow.loads
    ADD COLUMN IF NOT EXISTS replaced boolean NOT NULL DEFAULT false,
    ADD COLUMN IF NOT EXISTS indexes text[] NOT NULL DEFAULT '{}';

-- The account of each table: read = loaded + rejected + dropped.
CREATE TABLE IF NOT EXISTS seedrow.tables (
    schema_name text NOT NULL,
    table_name text NOT NULL,
    file text NOT NULL,
    read bigint NOT NULL,
    loaded bigint NOT NULL,
    rejected bigint NOT NULL,
    dropped bigint NOT NULL,
    repaired bigint NOT NULL,
    loaded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (schema_name, table_name),
    CHECK (read = loaded + rejected + dropped)
);
-- The size and time of the table's file; and where the next segment begins while a table is loaded in several
-- transactions: a byte of its file and the line there, or a block of generated rows. NULL once the table is
-- complete.
ALTER TABLE seedrow.tables
    ADD COLUMN IF NOT EXISTS source text NOT NULL DEFAULT '',
    ADD COLUMN IF NOT EXISTS position bigint,
    ADD COLUMN IF NOT EXISTS line bigint;

-- Constraints and indexes dropped for the load; each row is deleted in the transaction that restores it.
CREATE TABLE IF NOT EXISTS seedrow.lifted (
    target_schema text NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    definition text NOT NULL,
    validated boolean NOT NULL,
    PRIMARY KEY (schema_name, table_name, kind, name)
);

-- Foreign keys that were valid and were restored NOT VALID: not validated yet, or violated by rows. The next load of their
-- tables validates them again.
CREATE TABLE IF NOT EXISTS seedrow.unvalidated (
    schema_name text NOT NULL,
    table_name text NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (schema_name, table_name, name)
);

-- How many records each rule of the dataset dropped, as JSON, and the committed length of the rejects file.
ALTER TABLE seedrow.tables
    ADD COLUMN IF NOT EXISTS dropped_by text NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS rejects bigint NOT NULL DEFAULT 0;

-- Whether the load adds its rows to existing ones: abandoning it cannot delete them again.
ALTER TABLE seedrow.loads
    ADD COLUMN IF NOT EXISTS appended boolean NOT NULL DEFAULT false;

-- The lines of records whose rows were deleted again while the load is unfinished, since they violated a key.
CREATE TABLE IF NOT EXISTS seedrow.removed (
    schema_name text NOT NULL,
    table_name text NOT NULL,
    line bigint NOT NULL,
    PRIMARY KEY (schema_name, table_name, line)
);

-- The account of each of a table's files, as JSON, where there are several, and the one that the next segment begins in.
ALTER TABLE seedrow.tables
    ADD COLUMN IF NOT EXISTS files text NOT NULL DEFAULT '[]',
    ADD COLUMN IF NOT EXISTS file_number integer NOT NULL DEFAULT 0;
-- The file that the line is in.
ALTER TABLE seedrow.removed
    ADD COLUMN IF NOT EXISTS file_number integer NOT NULL DEFAULT 0,
    DROP CONSTRAINT IF EXISTS removed_pkey,
    ADD CONSTRAINT removed_pkey PRIMARY KEY (schema_name, table_name, file_number, line);

-- A digest of how the table's file is read: what another command reads in the same way is kept.
ALTER TABLE seedrow.tables
    ADD COLUMN IF NOT EXISTS reading text NOT NULL DEFAULT '';

-- The indexes that are built besides the dropped ones, as the command that planned them reads them.
ALTER TABLE seedrow.loads ADD COLUMN IF NOT EXISTS index_plan text NOT NULL DEFAULT '';

-- How many parts the rows are loaded in, each by a command of its own; NULL where one command loads them all, and once no
-- part is missing.
ALTER TABLE seedrow.loads ADD COLUMN IF NOT EXISTS parts integer;

-- The parts that are loaded of each table while some are missing: a row is written in the transaction that loads the rows.
CREATE TABLE IF NOT EXISTS seedrow.parts (
    schema_name text NOT NULL,
    table_name text NOT NULL,
    part integer NOT NULL,
    loaded bigint NOT NULL,
    loaded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (schema_name, table_name, part)
);

-- What the rows of every table were multiplied by; NULL where they follow from those of the root.
ALTER TABLE seedrow.loads ADD COLUMN IF NOT EXISTS scale numeric;
