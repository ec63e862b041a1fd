-- A hospital's database as three teams left it over ten years: fifteen foreign keys, most of them with a trap in their
-- indexes.
CREATE SCHEMA ward;
CREATE SCHEMA "Labor";

CREATE TABLE departments (id smallint PRIMARY KEY, name text NOT NULL);

-- A tree: refers to itself.
CREATE TABLE staff (
    id int PRIMARY KEY,
    department_id smallint NOT NULL REFERENCES departments,
    manager_id int REFERENCES staff,
    licence varchar(12) UNIQUE NOT NULL,
    left_on date
);
-- Covers: one whole index whose second column doesn't matter.
CREATE INDEX staff_by_department ON staff (department_id, left_on);
-- Covers: nobody without a manager is ever looked up by manager.
CREATE INDEX staff_by_manager ON staff (manager_id) WHERE manager_id IS NOT NULL;

CREATE TABLE patients (
    id uuid PRIMARY KEY,
    born date NOT NULL,
    -- Covers: hash finds equal values.
    doctor_id int REFERENCES staff
);
CREATE INDEX patients_by_doctor ON patients USING hash (doctor_id);

CREATE TABLE ward.rooms (building char(2), number int, beds int NOT NULL, PRIMARY KEY (building, number));

CREATE TABLE ward.stays (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    patient_id uuid NOT NULL REFERENCES patients,
    building char(2) NOT NULL,
    number int NOT NULL,
    admitted timestamptz NOT NULL,
    discharged timestamptz,
    FOREIGN KEY (building, number) REFERENCES ward.rooms
);
-- Covers: both columns, the other way round, and one more behind them.
CREATE INDEX stays_by_room ON ward.stays (number, building, admitted);
-- PARTIAL: most stays are over.
CREATE INDEX stays_open ON ward.stays (patient_id) WHERE discharged IS NULL;

-- UNCOVERED: the patient is only included, and the index begins with the day.
CREATE TABLE appointments (
    id bigint PRIMARY KEY,
    patient_id uuid NOT NULL REFERENCES patients,
    doctor_id int NOT NULL REFERENCES staff,
    day date NOT NULL
);
CREATE INDEX appointments_by_day ON appointments (day) INCLUDE (patient_id);
-- NON_LEADING: sorted by day first.
CREATE INDEX appointments_of_doctor ON appointments (day, doctor_id);

-- A pattern's operator class has the plain "=", too: covers.
CREATE TABLE prescriptions (
    id bigint PRIMARY KEY,
    licence varchar(12) NOT NULL REFERENCES staff (licence),
    stay_id bigint NOT NULL REFERENCES ward.stays,
    drug text NOT NULL
);
CREATE INDEX prescriptions_by_licence ON prescriptions (licence varchar_pattern_ops);
-- UNCOVERED: an expression is not the column.
CREATE INDEX prescriptions_by_stay ON prescriptions ((stay_id + 0));

-- Partitioned by year; each part has an index of its own, and the whole has none: covers.
CREATE TABLE "Labor"."Proben" (
    id bigint NOT NULL,
    stay_id bigint NOT NULL REFERENCES ward.stays,
    "Prüfer" int REFERENCES staff,
    genommen date NOT NULL,
    PRIMARY KEY (id, genommen)
) PARTITION BY RANGE (genommen);
CREATE TABLE "Labor"."Proben_2023" PARTITION OF "Labor"."Proben" FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
-- Its columns stand in another order.
CREATE TABLE "Labor"."Proben_2024" (
    genommen date NOT NULL, "Prüfer" int, gone text, stay_id bigint NOT NULL, id bigint NOT NULL
);
ALTER TABLE "Labor"."Proben_2024" DROP COLUMN gone;
ALTER TABLE "Labor"."Proben" ATTACH PARTITION "Labor"."Proben_2024" FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE INDEX ON "Labor"."Proben_2023" (stay_id);
CREATE INDEX ON "Labor"."Proben_2024" (stay_id);
-- INVALID: made on the whole only, and never attached.
CREATE INDEX "Proben_Prüfer" ON ONLY "Labor"."Proben" ("Prüfer");

-- UNCOVERED: a list of tags is searched otherwise.
CREATE TABLE notes (
    id bigint PRIMARY KEY,
    stay_id bigint NOT NULL,
    words text[] NOT NULL,
    author text COLLATE "C"
);
CREATE INDEX notes_by_stay ON notes USING brin (stay_id);
-- NOT VALID: a stay that nobody knows of.
INSERT INTO notes VALUES (1, -1, '{}', 'x');
ALTER TABLE notes ADD CONSTRAINT notes_stay FOREIGN KEY (stay_id) REFERENCES ward.stays NOT VALID;

-- UNCOVERED: the index is sorted by another collation than the key's own column.
CREATE TABLE wards (code text COLLATE "POSIX" PRIMARY KEY);
CREATE TABLE visits (ward_code text COLLATE "C" REFERENCES wards, visitor text);
CREATE INDEX visits_by_ward ON visits (ward_code COLLATE "POSIX");

-- A check that nobody validated, and a sequence that was left behind.
ALTER TABLE staff ADD CONSTRAINT licensed CHECK (licence <> '') NOT VALID;

-- Rows
-- They refer to each other by construction: looking up each reference would take most of the time.
SET session_replication_role = replica;
INSERT INTO departments SELECT i, 'd' || i FROM generate_series(1, 20) AS i;
INSERT INTO staff SELECT i, 1 + i % 20, NULLIF(i / 10, 0), 'L' || i FROM generate_series(1, 2000) AS i;
INSERT INTO patients SELECT md5(i::text)::uuid, '1980-01-01', 1 + i % 2000 FROM generate_series(1, 30000) AS i;
INSERT INTO ward.rooms SELECT 'B' || i % 5, i, 2 FROM generate_series(1, 400) AS i;
INSERT INTO ward.stays (id, patient_id, building, number, admitted, discharged)
OVERRIDING SYSTEM VALUE
SELECT i, md5((1 + i % 30000)::text)::uuid, 'B' || (1 + i % 400) % 5, 1 + i % 400, now(), CASE WHEN i % 50 > 0 THEN now() END
FROM generate_series(1, 60000) AS i;
INSERT INTO appointments
SELECT i, md5((1 + i % 30000)::text)::uuid, 1 + i % 2000, date '2024-01-01' + i % 300 FROM generate_series(1, 60000) AS i;
INSERT INTO prescriptions SELECT i, 'L' || 1 + i % 2000, 1 + i % 60000, 'd' FROM generate_series(1, 60000) AS i;
INSERT INTO "Labor"."Proben" SELECT i, 1 + i % 60000, 1 + i % 2000, date '2023-01-01' + i % 700 FROM generate_series(1, 60000) AS i;
RESET session_replication_role;
