-- What occurs in public schemas, a few columns for each form: keys, uniqueness, constraints, types, sources of primary keys.

-- Keys: composite, of the own table (NULL and NOT NULL), in circles (NULL and NOT NULL), deferrable, NOT VALID, to unique
-- indexes, keys that share a column, tables without a primary key, primary keys of several columns.
CREATE TABLE tenants (id serial PRIMARY KEY, code varchar(12) NOT NULL UNIQUE, name text NOT NULL);
CREATE TABLE projects (tenant_id integer NOT NULL REFERENCES tenants, number integer NOT NULL, name text NOT NULL, PRIMARY KEY (tenant_id, number));
CREATE TABLE tasks (
    id bigserial PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    project integer NOT NULL,
    parent_id bigint REFERENCES tasks,
    root_id bigint NOT NULL REFERENCES tasks,
    FOREIGN KEY (tenant_id, project) REFERENCES projects
);
CREATE TABLE labels (tenant_code varchar(12) NOT NULL REFERENCES tenants (code), label text NOT NULL);
CREATE TABLE shared (
    tenant_id integer NOT NULL,
    project integer NOT NULL,
    task_tenant integer,
    PRIMARY KEY (tenant_id, project),
    FOREIGN KEY (tenant_id, project) REFERENCES projects DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (tenant_id) REFERENCES tenants DEFERRABLE
);
CREATE TABLE later (id serial PRIMARY KEY, tenant_id integer);
ALTER TABLE later ADD CONSTRAINT later_tenant FOREIGN KEY (tenant_id) REFERENCES tenants NOT VALID;
CREATE TABLE circle_a (id serial PRIMARY KEY, b_id integer);
CREATE TABLE circle_b (id serial PRIMARY KEY, a_id integer NOT NULL REFERENCES circle_a);
ALTER TABLE circle_a ADD FOREIGN KEY (b_id) REFERENCES circle_b;
CREATE TABLE concepts (id integer PRIMARY KEY, vocabulary_id varchar(20) NOT NULL, domain_id varchar(20) NOT NULL);
CREATE TABLE vocabularies (id varchar(20) PRIMARY KEY, concept_id integer NOT NULL REFERENCES concepts);
CREATE TABLE concept_domains (id varchar(20) PRIMARY KEY, concept_id integer NOT NULL REFERENCES concepts);
ALTER TABLE concepts ADD FOREIGN KEY (vocabulary_id) REFERENCES vocabularies, ADD FOREIGN KEY (domain_id) REFERENCES concept_domains;
CREATE SCHEMA other;
CREATE TABLE other.things (id serial PRIMARY KEY);
CREATE TABLE events (id bigserial, at timestamptz NOT NULL, kind text NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE events_2023 PARTITION OF events FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE by_month (id bigserial, on_day date NOT NULL, "when" timestamptz NOT NULL, PRIMARY KEY (id, "when")) PARTITION BY RANGE ("when");
CREATE TABLE by_month_01 PARTITION OF by_month FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE by_month_02 PARTITION OF by_month FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
CREATE TABLE by_kind (kind text NOT NULL, n integer) PARTITION BY LIST (kind);
CREATE TABLE by_kind_a PARTITION OF by_kind FOR VALUES IN ('a', 'b');
CREATE TABLE by_kind_b PARTITION OF by_kind FOR VALUES IN ('c');
CREATE TABLE by_hash (id integer NOT NULL, v text) PARTITION BY HASH (id);
CREATE TABLE by_hash_0 PARTITION OF by_hash FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE by_hash_1 PARTITION OF by_hash FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE by_two (tenant integer, on_day date NOT NULL, v text) PARTITION BY RANGE (tenant, on_day);
CREATE TABLE by_two_1 PARTITION OF by_two FOR VALUES FROM (7, '2024-01-01') TO (7, '2024-07-01');
CREATE TABLE by_two_2 PARTITION OF by_two FOR VALUES FROM (7, '2024-07-01') TO (7, '2025-01-01');
CREATE TABLE by_region (region text, at timestamp) PARTITION BY LIST (region);
CREATE TABLE by_region_eu PARTITION OF by_region FOR VALUES IN ('eu') PARTITION BY RANGE (at);
CREATE TABLE by_region_eu_1 PARTITION OF by_region_eu FOR VALUES FROM ('2021-03-01') TO ('2021-04-01');
CREATE TABLE by_region_us PARTITION OF by_region FOR VALUES IN ('us') PARTITION BY RANGE (at);
CREATE TABLE by_region_us_1 PARTITION OF by_region_us FOR VALUES FROM ('2021-03-01') TO ('2021-04-01');
CREATE TABLE by_expression (kind text NOT NULL, n integer) PARTITION BY LIST (lower(kind));
CREATE TABLE by_expression_1 PARTITION OF by_expression FOR VALUES IN ('a', 'b');
CREATE TABLE by_expression_2 PARTITION OF by_expression FOR VALUES IN ('c');

-- Uniqueness: single, several columns, partial, on expressions, exclusion; generated columns.
CREATE TABLE accounts (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL,
    login varchar(30) NOT NULL CHECK (login = lower(login)),
    state text NOT NULL CHECK (state IN ('open', 'closed')),
    full_text tsvector GENERATED ALWAYS AS (to_tsvector('simple', login)) STORED,
    UNIQUE (login, state)
);
CREATE UNIQUE INDEX accounts_email ON accounts (lower(email));
CREATE UNIQUE INDEX accounts_open ON accounts (login) WHERE state = 'open';
CREATE TABLE bookings (room integer NOT NULL, during tstzrange NOT NULL, CHECK (NOT isempty(during)), EXCLUDE USING gist (during WITH &&));
CREATE TABLE stays (
    id serial PRIMARY KEY, bed integer NOT NULL, code integer NOT NULL, begins date NOT NULL, ends date NOT NULL, CHECK (begins < ends),
    EXCLUDE USING btree (bed WITH =), EXCLUDE USING gist (int4range(code, code, '[]') WITH =, daterange(begins, ends) WITH &&)
);
-- One of several rows is the current one, the default one, or none of all is the only one.
CREATE TABLE addresses (id serial PRIMARY KEY, tenant_id integer NOT NULL REFERENCES tenants, is_default boolean NOT NULL);
CREATE UNIQUE INDEX addresses_default ON addresses (tenant_id) WHERE is_default;
CREATE TABLE versions (id serial PRIMARY KEY, tenant_id integer NOT NULL REFERENCES tenants, replaced_at timestamptz);
CREATE UNIQUE INDEX versions_current ON versions (tenant_id) WHERE replaced_at IS NULL;
CREATE TABLE settings (id serial PRIMARY KEY, is_only boolean NOT NULL);
CREATE UNIQUE INDEX settings_only ON settings (is_only) WHERE is_only;
CREATE TABLE lists (id serial PRIMARY KEY, words text[] NOT NULL UNIQUE, numbers integer[] NOT NULL UNIQUE, more jsonb NOT NULL UNIQUE);

-- Enums, domains and theirs with CHECKs.
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN year AS integer CHECK (VALUE >= 1901 AND VALUE <= 2155);
CREATE DOMAIN short_text AS text CHECK (length(trim(both from VALUE)) > 2);
CREATE DOMAIN digest AS bytea CHECK (octet_length(VALUE) = 20);
CREATE DOMAIN moment AS timestamptz;
CREATE DOMAIN small AS smallint CHECK (VALUE BETWEEN 0 AND 9);
CREATE DOMAIN flag AS boolean;
CREATE DOMAIN amount AS bigint CHECK (VALUE >= 0);
CREATE DOMAIN tag AS varchar(20) CHECK (VALUE ~ '^[a-z]+$');

-- Column types, each NOT NULL without a default.
CREATE TABLE types (
    a integer NOT NULL, b varchar(20) NOT NULL, c text NOT NULL, d timestamp NOT NULL, e uuid NOT NULL, f bigint NOT NULL,
    g short_text NOT NULL, h boolean NOT NULL, i timestamptz NOT NULL, j digest NOT NULL, k smallint NOT NULL, l moment NOT NULL,
    m numeric(10, 2) NOT NULL, n mood NOT NULL, o jsonb NOT NULL, p date NOT NULL, q bytea NOT NULL, r amount NOT NULL,
    s double precision NOT NULL, t char(2) NOT NULL, u tag NOT NULL, v text[] NOT NULL, w polygon NOT NULL,
    x varchar(10)[] NOT NULL, y tstzrange NOT NULL, z inet NOT NULL, aa small NOT NULL, ab integer[] NOT NULL, ac json NOT NULL,
    ad year NOT NULL, ae tsvector NOT NULL, af real NOT NULL, ag flag NOT NULL, ah bigint[] NOT NULL, ai xml NOT NULL,
    aj interval NOT NULL, ak time NOT NULL, al smallint[] NOT NULL, am inet[] NOT NULL, an uuid[] NOT NULL, ao real[] NOT NULL,
    ap jsonb[] NOT NULL, aq name NOT NULL, ar timetz NOT NULL, "as" point NOT NULL
);

-- Where the values of primary keys come from: a sequence, a default, a foreign key, or nothing, by type.
CREATE TABLE key_uuid_default (id uuid PRIMARY KEY DEFAULT gen_random_uuid());
CREATE TABLE key_foreign (tenant_id integer PRIMARY KEY REFERENCES tenants, v text);
CREATE TABLE key_text_domain (id short_text PRIMARY KEY, v integer);
CREATE TABLE key_text (id text PRIMARY KEY, v integer);
CREATE TABLE key_varchar (id varchar(8) PRIMARY KEY, v integer);
CREATE TABLE key_bytea_domain (id digest PRIMARY KEY, v integer);
CREATE TABLE key_uuid (id uuid PRIMARY KEY, v integer);
CREATE TABLE key_int4 (id integer PRIMARY KEY, v integer);
CREATE TABLE key_int8 (id bigint PRIMARY KEY, v integer);
CREATE TABLE key_int2 (id smallint PRIMARY KEY, v integer);
CREATE TABLE key_bpchar (id char(6) PRIMARY KEY, v integer);
CREATE TABLE key_bytea (id bytea PRIMARY KEY, v integer);
CREATE TABLE key_date (id date PRIMARY KEY, v integer);
CREATE TABLE key_moment (id moment PRIMARY KEY, v integer);
CREATE TABLE key_bool (id boolean PRIMARY KEY CHECK (id), v integer);

-- CHECKs by their form.
CREATE FUNCTION is_trimmed(v text) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN v <> '' AND v !~ '(^\s|\s$)';
CREATE TABLE checks (
    id serial PRIMARY KEY,
    above integer NOT NULL CHECK (above >= 0),
    trimmed text NOT NULL CHECK (is_trimmed(trimmed)),
    described text CHECK (length(described) <= 255),
    plan_id integer,
    subscription_id integer,
    method text NOT NULL CHECK (method IN ('OAUTH2', 'OIDC', 'LDAP')),
    code varchar(40) NOT NULL CHECK (code ~ '^[a-z0-9_]{1,30}$'),
    number numeric NOT NULL CHECK (number <> 'NaN'::numeric),
    title text NOT NULL CHECK (title <> ''),
    percent integer NOT NULL CHECK (percent BETWEEN 0 AND 100),
    start_date date NOT NULL,
    end_date date NOT NULL,
    deleted boolean,
    approved boolean,
    remaining integer CHECK (remaining >= 0 OR remaining IS NULL),
    lock char(1) NOT NULL DEFAULT 'X' CHECK (lock = 'X'),
    name text NOT NULL CHECK (name = lower(name)),
    role text NOT NULL CHECK (length(trim(both from role)) > 10 OR role IN ('u_anon', 'u_auth')),
    kind text NOT NULL CHECK (kind IN ('person', 'instance', 'both')),
    person_id integer,
    instance_id integer,
    value jsonb NOT NULL CHECK (jsonb_typeof(value) = 'object'),
    CHECK ((plan_id IS NOT NULL) <> (subscription_id IS NOT NULL)),
    CHECK (start_date < end_date),
    CHECK (deleted IS NOT TRUE OR approved IS NOT TRUE),
    CHECK ((kind = 'both' AND num_nonnulls(person_id, instance_id) = 2) OR (kind <> 'both' AND num_nonnulls(person_id, instance_id) = 1))
);

-- Amounts that add up, and JSON with keys.
CREATE TABLE goods (id serial PRIMARY KEY, price numeric(10, 2) NOT NULL);
CREATE TABLE bills (
    id serial PRIMARY KEY, net numeric(10, 2) NOT NULL, vat numeric(10, 2) NOT NULL, discount numeric(10, 2),
    total numeric(10, 2) NOT NULL, state text NOT NULL CHECK (state IN ('open', 'paid', 'void')), paid_at timestamptz,
    CHECK (total = net + vat - COALESCE(discount, 0)), CHECK (net >= 0)
);
CREATE TABLE bill_lines (
    bill_id integer REFERENCES bills, line integer, goods_id integer NOT NULL REFERENCES goods, quantity integer NOT NULL,
    unit_price numeric(10, 2) NOT NULL, line_total numeric(12, 2) NOT NULL, tax numeric(12, 2) NOT NULL,
    points integer NOT NULL, PRIMARY KEY (bill_id, line), CHECK (line_total = quantity * unit_price),
    CHECK (tax = round(line_total * 0.19, 2)), CHECK (points = quantity * (2 + 1))
);
CREATE TABLE documents (
    id serial PRIMARY KEY, of jsonb NOT NULL CHECK (of ? 'kind'), tags jsonb NOT NULL CHECK (jsonb_array_length(tags) > 1),
    body jsonb NOT NULL CHECK (body ?& ARRAY['a', 'b'])
);

-- Triggers before and after INSERT, and policies that the owner passes.
CREATE TABLE logged (id serial PRIMARY KEY, name text NOT NULL, updated_at timestamptz NOT NULL);
CREATE TABLE log (logged_id integer NOT NULL, at timestamptz NOT NULL DEFAULT now());
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at := now(); RETURN NEW; END $$;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log (logged_id) VALUES (NEW.id); RETURN NULL; END $$;
CREATE TRIGGER touch BEFORE INSERT ON logged FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER note AFTER INSERT ON logged FOR EACH ROW EXECUTE FUNCTION note();
CREATE TABLE guarded (id serial PRIMARY KEY, owner text NOT NULL);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON guarded USING (owner = current_user);

-- Two columns that each say when the other may be NULL; a range of a type that ranges seldom have; one statement for times.
CREATE TYPE pausing AS ENUM ('queue', 'drop');
CREATE TABLE flows (
    id serial PRIMARY KEY,
    paused boolean DEFAULT false,
    on_timer pausing,
    on_schedule pausing,
    ttl interval,
    since timestamp NOT NULL CHECK (since >= '2021-03-01 12:00' AND since < '2021-04-01'),
    CHECK ((paused = false AND on_timer IS NULL AND on_schedule IS NULL AND ttl IS NULL)
        OR (paused = true AND on_timer IS NOT NULL AND on_schedule IS NOT NULL AND ttl IS NOT NULL))
);
CREATE TYPE uuid_range AS RANGE (subtype = uuid);
CREATE TABLE blocks (id serial PRIMARY KEY, ids uuid_range NOT NULL);
