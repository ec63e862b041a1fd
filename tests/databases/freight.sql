-- A forwarder's database: keys of several columns, of types of its own, and the indexes that were meant to serve them.
CREATE TYPE carrier_kind AS ENUM ('road', 'rail', 'sea', 'air');
CREATE DOMAIN container_no AS text CHECK (VALUE ~ '^[A-Z]{4}[0-9]{7}$');

CREATE TABLE carriers (kind carrier_kind, code text, name text, PRIMARY KEY (kind, code));
CREATE TABLE ports (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE statuses (id int PRIMARY KEY, name text NOT NULL);

-- Three foreign keys, two indexes that would do: (kind, code) and (kind, code, from_port) share one.
CREATE TABLE routes (
    id bigint PRIMARY KEY,
    kind carrier_kind NOT NULL,
    code text NOT NULL,
    from_port int NOT NULL REFERENCES ports,
    to_port int NOT NULL REFERENCES ports,
    UNIQUE (kind, code, from_port, to_port),
    FOREIGN KEY (kind, code) REFERENCES carriers
);
-- PREFIX_ONLY isn't reached: the unique key covers (kind, code), and is NON_LEADING for from_port.

CREATE TABLE legs (
    route_id bigint NOT NULL REFERENCES routes,
    leg int NOT NULL,
    mode carrier_kind NOT NULL,
    PRIMARY KEY (route_id, leg)
);

-- PREFIX_ONLY: the key has two columns, the index one of them.
CREATE TABLE stops (
    id bigint PRIMARY KEY,
    route_id bigint NOT NULL,
    leg int NOT NULL,
    port_id bigint NOT NULL,
    FOREIGN KEY (route_id, leg) REFERENCES legs
);
CREATE INDEX stops_by_route ON stops (route_id);
-- Covers though the types differ: bigint refers to integer within one operator family.
ALTER TABLE stops ADD FOREIGN KEY (port_id) REFERENCES ports;
CREATE INDEX stops_by_port ON stops (port_id);

CREATE TABLE containers (
    no container_no PRIMARY KEY,
    owner_kind carrier_kind,
    owner_code text,
    FOREIGN KEY (owner_kind, owner_code) REFERENCES carriers MATCH FULL
);
-- Covers: owners are null together.
CREATE INDEX containers_by_owner ON containers (owner_code, owner_kind)
WHERE (owner_kind IS NOT NULL) AND (owner_code IS NOT NULL);

-- A small table that much refers to: reading all of it is right for most values.
CREATE TABLE shipments (
    id bigint PRIMARY KEY,
    container container_no NOT NULL REFERENCES containers DEFERRABLE INITIALLY DEFERRED,
    route_id bigint NOT NULL REFERENCES routes,
    status_id int NOT NULL REFERENCES statuses,
    booked timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX shipments_by_container ON shipments (container);
CREATE INDEX shipments_by_route ON shipments (route_id DESC NULLS LAST) INCLUDE (status_id);
CREATE INDEX shipments_by_status ON shipments (status_id);

-- The same key twice, one of the indexes unique and partial.
CREATE TABLE invoices (
    id bigint PRIMARY KEY,
    shipment_id bigint NOT NULL REFERENCES shipments ON DELETE CASCADE,
    corrects bigint REFERENCES invoices,
    paid boolean NOT NULL
);
CREATE UNIQUE INDEX invoices_open ON invoices (shipment_id) WHERE NOT paid;

-- Inherits the column, not the key's index; its own key is its own.
CREATE TABLE events (id bigint PRIMARY KEY, shipment_id bigint NOT NULL REFERENCES shipments, at timestamptz);
CREATE TABLE scans (scanner int, FOREIGN KEY (shipment_id) REFERENCES shipments) INHERITS (events);
CREATE INDEX events_by_shipment ON events (shipment_id);

-- Rows
-- They refer to each other by construction: looking up each reference would take most of the time.
SET session_replication_role = replica;
INSERT INTO carriers SELECT (ARRAY['road', 'rail', 'sea', 'air'])[1 + i % 4]::carrier_kind, 'c' || i FROM generate_series(1, 200) AS i;
INSERT INTO ports SELECT i, 'p' || i FROM generate_series(1, 300) AS i;
INSERT INTO statuses SELECT i, 's' || i FROM generate_series(1, 4) AS i;
INSERT INTO routes
SELECT i, (ARRAY['road', 'rail', 'sea', 'air'])[1 + (1 + i % 200) % 4]::carrier_kind, 'c' || 1 + i % 200, 1 + i % 300, 1 + i / 300
FROM generate_series(1, 30000) AS i;
INSERT INTO legs SELECT 1 + i / 2, i % 2, 'road' FROM generate_series(0, 59999) AS i;
INSERT INTO stops SELECT i, 1 + i % 30000, i % 2, 1 + i % 300 FROM generate_series(1, 60000) AS i;
INSERT INTO containers
SELECT 'ABCD' || lpad(i::text, 7, '0'), CASE WHEN i % 3 > 0 THEN 'rail'::carrier_kind END, CASE WHEN i % 3 > 0 THEN 'c' || 1 + 4 * (i % 50) END
FROM generate_series(1, 20000) AS i;
INSERT INTO shipments
SELECT i, 'ABCD' || lpad((1 + i % 20000)::text, 7, '0'), 1 + i % 30000, 1 + i % 4 FROM generate_series(1, 80000) AS i;
INSERT INTO invoices SELECT i, i, NULL, i % 5 > 0 FROM generate_series(1, 80000) AS i;
INSERT INTO events SELECT i, 1 + i % 80000, now() FROM generate_series(1, 40000) AS i;
INSERT INTO scans SELECT i, 1 + i % 80000, now(), 1 FROM generate_series(40001, 80000) AS i;
RESET session_replication_role;
