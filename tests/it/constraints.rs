//! What a load drops is restored exactly: `pg_dump --schema-only` is the same before and after, whatever a
//! schema has on it; what could not be restored exactly is kept, and the report says why.

use crate::shop::{DATASET, OWNERS, PETS, SCHEMA, Shop};
use crate::support::{not_run, schema_dump, seedrow};

/// A case: its name, the DDL behind the shop's schema, and what is reported as kept, nothing where all is dropped.
type Case = (&'static str, &'static str, &'static str);

/// One of each.
const CASES: [Case; 27] = [
    ("plain", "CREATE INDEX ON pets (owner_id)", ""),
    ("table_fillfactor", "ALTER TABLE pets SET (fillfactor = 70, autovacuum_enabled = off)", ""),
    ("index_fillfactor", "CREATE INDEX ON pets (name) WITH (fillfactor = 60)", ""),
    (
        "key_fillfactor",
        "ALTER TABLE pets ADD CONSTRAINT tight UNIQUE (name) WITH (fillfactor = 60)",
        "tight of public.pets: its index has storage parameters",
    ),
    (
        "cluster_on_key",
        "ALTER TABLE pets CLUSTER ON pets_pkey",
        "pets_pkey of public.pets: its table is clustered on it",
    ),
    (
        "cluster_on_index",
        "CREATE INDEX by_name ON pets (name); ALTER TABLE pets CLUSTER ON by_name",
        "by_name of public.pets: its table is clustered on it",
    ),
    (
        "replica_identity",
        "CREATE UNIQUE INDEX ident ON owners (id); ALTER TABLE owners REPLICA IDENTITY USING INDEX ident",
        "ident of public.owners: it is the replica identity",
    ),
    (
        "comments",
        "COMMENT ON CONSTRAINT pets_pkey ON pets IS 'the key'; COMMENT ON TABLE pets IS 'animals';
        COMMENT ON COLUMN pets.name IS 'as called'",
        "pets_pkey of public.pets: it has a comment",
    ),
    (
        "comment_on_index",
        "CREATE INDEX commented ON pets (name); COMMENT ON INDEX commented IS 'for searching'",
        "commented of public.pets: it has a comment",
    ),
    (
        "comment_on_foreign_key",
        "COMMENT ON CONSTRAINT pets_owner_id_fkey ON pets IS 'whose'",
        "pets_owner_id_fkey of public.pets: it has a comment",
    ),
    (
        "statistics_target",
        "CREATE INDEX short ON pets ((lower(name))); ALTER INDEX short ALTER COLUMN 1 SET STATISTICS 500",
        "short of public.pets: it has statistics targets",
    ),
    ("column_statistics", "ALTER TABLE pets ALTER name SET STATISTICS 500, ALTER name SET STORAGE EXTERNAL", ""),
    (
        "deferred",
        "ALTER TABLE pets ADD CONSTRAINT late UNIQUE (id, name) DEFERRABLE INITIALLY DEFERRED;
        ALTER TABLE pets ALTER CONSTRAINT pets_owner_id_fkey DEFERRABLE INITIALLY DEFERRED",
        "",
    ),
    (
        "exclusion",
        "ALTER TABLE pets ADD CONSTRAINT apart EXCLUDE USING gist (int4range(id, id, '[]') WITH &&)",
        "",
    ),
    (
        "grouped_view",
        "CREATE VIEW counted AS SELECT o.*, count(*) FROM owners AS o JOIN pets AS p ON p.owner_id = o.id GROUP BY o.id",
        "owners_pkey of public.owners: something depends on it, such as a view that groups by it",
    ),
    (
        "foreign_key_on_bare_index",
        "CREATE UNIQUE INDEX bare ON owners (id); ALTER TABLE pets ADD CONSTRAINT leans
            FOREIGN KEY (owner_id) REFERENCES owners (id) ON UPDATE CASCADE ON DELETE SET NULL (owner_id);
        ALTER TABLE owners DROP CONSTRAINT owners_pkey CASCADE",
        "",
    ),
    (
        "foreign_key_from_outside",
        "CREATE TABLE visits (id bigint PRIMARY KEY, pet_id integer REFERENCES pets ON DELETE CASCADE)",
        "",
    ),
    (
        "self_reference",
        "ALTER TABLE owners ADD boss integer REFERENCES owners; ALTER TABLE pets ADD mother integer REFERENCES pets MATCH FULL",
        "",
    ),
    (
        "indexes_of_all_kinds",
        "ALTER TABLE pets ADD tags text[], ADD seen daterange;
        CREATE INDEX part ON pets (weight DESC NULLS LAST) WHERE weight > 10;
        CREATE INDEX expr ON pets (lower(name) COLLATE \"C\" text_pattern_ops, (weight * 2));
        CREATE INDEX incl ON pets (owner_id) INCLUDE (name, weight);
        CREATE UNIQUE INDEX uniq ON pets (owner_id, id) INCLUDE (name);
        CREATE INDEX hashed ON pets USING hash (name);
        CREATE INDEX ranges ON pets USING brin (id) WITH (pages_per_range = 4);
        CREATE INDEX tagged ON pets USING gin (tags) WITH (fastupdate = off);
        CREATE INDEX when_seen ON pets USING gist (seen);
        CREATE INDEX nodedup ON pets (weight) WITH (deduplicate_items = off)",
        "",
    ),
    (
        "identity_and_generated",
        "ALTER TABLE pets ADD heavy boolean GENERATED ALWAYS AS (weight > 20) STORED, ADD nth bigserial,
            ADD other integer GENERATED ALWAYS AS IDENTITY (START 100 INCREMENT 5);
        CREATE INDEX ON pets (heavy)",
        "",
    ),
    (
        "checks_and_defaults",
        "ALTER TABLE pets ADD CONSTRAINT light CHECK (weight < 100) NO INHERIT,
            ADD CONSTRAINT later CHECK (id > 0) NOT VALID, ADD born date NOT NULL DEFAULT '2020-01-01'",
        "",
    ),
    (
        "triggers",
        "CREATE FUNCTION upper_name() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN NEW.name := upper(NEW.name); RETURN NEW; END $$;
        CREATE TRIGGER up BEFORE INSERT ON pets FOR EACH ROW EXECUTE FUNCTION upper_name();
        CREATE TRIGGER off BEFORE INSERT ON pets FOR EACH ROW EXECUTE FUNCTION upper_name();
        ALTER TABLE pets DISABLE TRIGGER off",
        "",
    ),
    (
        "disabled_key_triggers",
        "ALTER TABLE pets DISABLE TRIGGER ALL",
        "pets_owner_id_fkey of public.pets: its triggers are not enabled in the usual way",
    ),
    (
        "inherited",
        "CREATE TABLE cats (claws integer) INHERITS (pets)",
        "pets_pkey of public.pets: its table inherits or is inherited",
    ),
    (
        "rules_and_grants",
        "CREATE RULE quiet AS ON DELETE TO pets DO INSTEAD NOTHING; GRANT SELECT ON pets TO PUBLIC;
        CREATE STATISTICS together ON owner_id, name FROM pets",
        "",
    ),
    (
        "a_name_of_a_constraint_and_an_index",
        "CREATE INDEX pets_owner_id_fkey ON pets (owner_id)",
        "",
    ),
    (
        "publication",
        "CREATE PUBLICATION changes FOR TABLE pets",
        "",
    ),
];

/// The tables of all cases are in one database, each with its case's name, so that few loads and dumps compare them all.
#[test]
fn one_of_each_is_restored_exactly() {
    let shop = Shop::new("one_of_each");
    // SET NULL takes a list of columns from version 15 on.
    let version: u32 = shop.db.value("SHOW server_version_num").parse().unwrap();
    for (case, ddl, _) in CASES {
        let ddl = match version < 150_000 {
            true => ddl.replace("SET NULL (owner_id)", "SET NULL"),
            false => ddl.to_owned(),
        };
        shop.db.execute(&of_case(case, &format!("{SCHEMA}; {ddl}")));
    }
    let (dropped, kept): (Vec<Case>, Vec<Case>) =
        CASES.into_iter().partition(|(.., stays)| stays.is_empty());
    let inputs = [("dropped", dropped), ("kept", kept)];
    for (name, cases) in &inputs {
        write_input(&shop, name, cases);
    }
    let url = shop.db.url();
    let before = schema_dump(&url);
    for more in [[].as_slice(), &["--replace"]] {
        for (name, cases) in &inputs {
            are_loaded(&shop, name, cases, more);
        }
        assert_eq!(schema_dump(&url), before, "{more:?}");
    }
}

/// The shop's DDL, dataset or messages with the case's name before the tables' names.
fn of_case(case: &str, text: &str) -> String {
    let owners = text.replace("owners", &format!("{case}_owners"));
    owners.replace("pets", &format!("{case}_pets"))
}

/// A dataset of these cases' tables, and the files of each.
fn write_input(shop: &Shop, name: &str, cases: &[Case]) {
    let (head, tables) = DATASET.split_at(DATASET.find("[tables").unwrap());
    let mut dataset = head.replace("schema.sql", &format!("{name}.sql"));
    let mut schema = String::new();
    for (case, ..) in cases {
        dataset.push_str(&of_case(case, &tables.replace("owner.csv", "owners.csv")));
        schema.push_str(&of_case(case, SCHEMA));
        shop.dir.write(&format!("{name}/{case}_owners.csv"), OWNERS);
        shop.dir.write(&format!("{name}/{case}_pets.csv"), PETS);
    }
    shop.dir.write(&format!("{name}.toml"), dataset);
    shop.dir.write(&format!("{name}.sql"), schema);
}

/// Loads the cases' tables; nothing is left undone.
#[track_caller]
fn are_loaded(shop: &Shop, name: &str, cases: &[Case], more: &[&str]) {
    let (dataset, url) = (format!("{name}.toml"), shop.db.url());
    let load = ["load", name, "--dataset", &dataset, "--url", &url];
    let mut run = shop.dir.seedrow([&load, more].concat()).exits(0);
    for (case, _, stays) in cases {
        run = match stays.is_empty() {
            true => run.lacks("not dropped for the load"),
            false => {
                let stays = of_case(case, stays);
                run.stdout_has(&format!("not dropped for the load: {stays}"))
            }
        };
        ensure_complete(shop, &of_case(case, "owners"), &of_case(case, "pets"));
    }
}

/// All rows are loaded, and nothing is left undone.
#[track_caller]
fn ensure_complete(shop: &Shop, owners: &str, pets: &str) {
    let state = format!(
        "SELECT concat_ws(' ', (SELECT count(*) FROM {owners}), (SELECT count(*) FROM {pets}),
            (SELECT count(*) FROM seedrow.lifted), (SELECT count(*) FROM pg_index WHERE NOT indisvalid))"
    );
    assert_eq!(shop.db.value(&state), "2 3 0 0", "{pets}");
}

#[test]
fn nulls_not_distinct_is_restored() {
    let shop = Shop::new("not_distinct");
    shop.db.execute(SCHEMA);
    if shop
        .db
        .value("SELECT current_setting('server_version_num')::int >= 150000")
        == "f"
    {
        not_run("PostgreSQL 14 lacks NULLS NOT DISTINCT");
        return;
    }
    shop.db
        .execute("CREATE UNIQUE INDEX strict ON pets (name, weight) NULLS NOT DISTINCT");
    let before = schema_dump(&shop.db.url());
    for more in [[].as_slice(), &["--replace"]] {
        shop.load(more).exits(0).lacks("not dropped for the load");
        ensure_complete(&shop, "owners", "pets");
        assert_eq!(schema_dump(&shop.db.url()), before, "{more:?}");
    }
}

#[test]
fn keys_and_foreign_keys_of_partitioned_tables_are_restored() {
    let shop = Shop::new("partitioned");
    shop.db.execute(
        "CREATE TABLE owners (id integer PRIMARY KEY, name text NOT NULL);
        CREATE TABLE pets (
            id integer, owner_id integer REFERENCES owners, name text, weight integer, PRIMARY KEY (id)
        ) PARTITION BY RANGE (id);
        CREATE TABLE pets_low PARTITION OF pets FOR VALUES FROM (0) TO (3);
        CREATE TABLE pets_high PARTITION OF pets FOR VALUES FROM (3) TO (1000);
        CREATE INDEX ON pets (owner_id); CREATE INDEX only_here ON pets_low (name);
        ALTER INDEX pets_low_owner_id_idx RENAME TO \"Low owners\";
        CREATE TABLE visits (pet_id integer REFERENCES pets ON DELETE CASCADE)",
    );
    let url = shop.db.url();
    let before = schema_dump(&url);
    for more in [[].as_slice(), &["--replace"]] {
        shop.load(more).exits(0).lacks("not dropped for the load");
        assert_eq!(schema_dump(&url), before);
        assert_eq!(shop.counts(), "2 3");
    }
    assert_eq!(shop.db.value("SELECT count(*) FROM pets_high"), "1");
    let not_valid = "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND NOT convalidated";
    assert_eq!(shop.db.value(not_valid), "0", "the partitions' copies");
    shop.db.execute(
        "COMMENT ON CONSTRAINT pets_owner_id_fkey ON pets_low IS 'kept'; ALTER TABLE visits DISABLE TRIGGER ALL;
        COMMENT ON INDEX \"Low owners\" IS 'kept'",
    );
    let before = schema_dump(&url);
    shop.load(&["--replace"])
        .exits(0)
        .stdout_has(
            "pets_owner_id_idx of public.pets: of its part on public.pets_low, it has a comment",
        )
        .stdout_has("pets_owner_id_fkey of public.pets: its copy on a partition has a comment")
        .stdout_has(
            "visits_pet_id_fkey of public.visits: its triggers are not enabled in the usual way",
        )
        .stderr_has("rows of public.pets go through the partitioned table");
    assert_eq!(schema_dump(&url), before);
}

#[test]
fn quoted_names_in_another_schema_are_restored() {
    let shop = Shop::new("quoted");
    shop.db
        .execute("CREATE SCHEMA \"My Shop\"; SET search_path = \"My Shop\"");
    let schema = SCHEMA
        .replace("CREATE TABLE ", "CREATE TABLE \"My Shop\".")
        .replace("REFERENCES owners", "REFERENCES \"My Shop\".owners");
    shop.db.execute(&schema);
    shop.db.execute(
        "ALTER TABLE \"My Shop\".pets RENAME CONSTRAINT pets_pkey TO \"the \"\"Key\"\"\";
        CREATE INDEX \"Größe\" ON \"My Shop\".pets (weight);
        ALTER TABLE \"My Shop\".pets ADD CONSTRAINT \"One Name\" UNIQUE (owner_id, name)",
    );
    let before = schema_dump(&shop.db.url());
    for more in [[].as_slice(), &["--replace"]] {
        let target = ["--target-schema", "My Shop"];
        let args: Vec<&str> = target.into_iter().chain(more.iter().copied()).collect();
        shop.load(&args).exits(0).lacks("not dropped for the load");
        assert_eq!(schema_dump(&shop.db.url()), before);
    }
}

#[test]
fn row_level_security_refuses_the_load_and_changes_nothing() {
    let shop = Shop::new("rls");
    shop.db.execute(SCHEMA);
    shop.db.execute(
        "ALTER TABLE pets ENABLE ROW LEVEL SECURITY; ALTER TABLE pets FORCE ROW LEVEL SECURITY;
        CREATE POLICY own ON pets USING (true)",
    );
    let url = shop.url_as("constraints_rls");
    shop.db.execute(
        "GRANT CREATE ON DATABASE constraints_rls TO constraints_rls;
        ALTER TABLE owners OWNER TO constraints_rls; ALTER TABLE pets OWNER TO constraints_rls",
    );
    let before = schema_dump(&shop.db.url());
    shop.load_at(&url, &[])
        .exits(2)
        .stderr_has("public.pets has row-level security");
    assert_eq!(schema_dump(&shop.db.url()), before);
}

#[test]
fn a_role_that_owns_nothing_drops_nothing() {
    let shop = Shop::new("owns_nothing");
    shop.db.execute(SCHEMA);
    shop.db.execute("CREATE INDEX by_name ON pets (name)");
    let url = shop.url_as("constraints_guest");
    let database = shop.db.name();
    shop.db.execute(&format!(
        "GRANT CREATE ON DATABASE {database} TO constraints_guest;
        GRANT SELECT, INSERT, TRUNCATE ON owners, pets TO constraints_guest;
        GRANT UPDATE ON SEQUENCE owners_id_seq, pets_id_seq TO constraints_guest"
    ));
    let before = schema_dump(&shop.db.url());
    let run = shop.load_at(&url, &[]).exits(0);
    run.stdout_has("by_name of public.pets: its table belongs to another role")
        .stdout_has("pets_pkey of public.pets: its table belongs to another role");
    assert_eq!(schema_dump(&shop.db.url()), before);
    assert_eq!(shop.counts(), "2 3");
}

#[test]
fn what_a_role_could_drop_and_not_recreate_is_kept() {
    let shop = Shop::new("no_create");
    shop.db.execute(SCHEMA);
    shop.db.execute("CREATE INDEX by_name ON pets (name)");
    let url = shop.url_as("constraints_owner");
    let database = shop.db.name();
    // It owns the pets and may make nothing in the schema, nor refer to the owners.
    shop.db.execute(&format!(
        "GRANT CREATE ON DATABASE {database} TO constraints_owner; ALTER TABLE pets OWNER TO constraints_owner;
        GRANT SELECT, INSERT, TRUNCATE ON owners TO constraints_owner;
        GRANT UPDATE ON SEQUENCE owners_id_seq TO constraints_owner;
        REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    ));
    let before = schema_dump(&shop.db.url());
    shop.load_at(&url, &[])
        .exits(0)
        .stdout_has("by_name of public.pets: this role may not recreate it in schema public")
        .stdout_has("pets_pkey of public.pets: this role may not recreate its index in schema public")
        .stdout_has("pets_owner_id_fkey of public.pets: this role may not recreate it without REFERENCES on public.owners");
    assert_eq!(schema_dump(&shop.db.url()), before);
    assert_eq!(shop.counts(), "2 3");
}

#[test]
fn plain_indexes_are_really_dropped_and_recorded_in_the_ledger() {
    let shop = Shop::new("really");
    shop.db.execute(SCHEMA);
    shop.db.execute("CREATE INDEX by_name ON pets (name)");
    let before = schema_dump(&shop.db.url());
    shop.pets("id,owner_id,name,weight\n1,1,Rex,heavy\n");
    shop.load(&[]).exits(2);
    assert_eq!(
        shop.db
            .value("SELECT string_agg(definition, ',') FROM seedrow.lifted WHERE kind = 'i'"),
        "CREATE INDEX by_name ON public.pets USING btree (name)"
    );
    assert_eq!(shop.db.value("SELECT to_regclass('by_name') IS NULL"), "t");
    seedrow(["forget", "--abandon", "--url", &shop.db.url()]).exits(0);
    assert_eq!(schema_dump(&shop.db.url()), before);
}

/// A unique rule that isn't one of plain columns, with the lines of the records that break it.
struct Rule {
    sql: &'static str,
    pets: &'static str,
    /// Line, column and reason of each.
    broken: &'static [&'static str],
    stay: &'static [&'static str],
}

const RULES: &[Rule] = &[
    Rule {
        sql: "CREATE UNIQUE INDEX one ON pets (lower(name))",
        pets: "1,1,Rex,\n2,1,rex,\n3,1,,\n4,1,,\n5,1,REX,\n6,1,rex,\n",
        broken: &[
            "line 3: name \"rex\" conflicts with line 2 in one",
            "line 6: name \"REX\" conflicts with line 2 in one",
            "line 7: name \"rex\" conflicts with line 2 in one",
        ],
        stay: &["1|1|Rex|-", "3|1|-|-", "4|1|-|-"],
    },
    Rule {
        sql: "CREATE UNIQUE INDEX one ON pets (owner_id) INCLUDE (name) WHERE weight > 10",
        pets: "1,1,Rex,20\n2,1,Tom,5\n3,1,Bo,30\n4,2,Mia,30\n",
        broken: &["line 4: owner_id, name, weight \"1, Bo, 30\" conflicts with line 2 in one"],
        stay: &["1|1|Rex|20", "2|1|Tom|5", "4|2|Mia|30"],
    },
    Rule {
        sql: "ALTER TABLE pets ADD CONSTRAINT one UNIQUE (name) INITIALLY DEFERRED,
            ALTER name TYPE numeric USING NULL",
        pets: "1,1,1.0,\n2,1,1.00,\n3,1,,\n4,1,,\n",
        broken: &["line 3: name \"1.00\" conflicts with line 2 in one"],
        stay: &["1|1|1.0|-", "3|1|-|-", "4|1|-|-"],
    },
    Rule {
        sql: "CREATE EXTENSION btree_gist;
            ALTER TABLE pets ALTER name TYPE int4range USING NULL,
            ADD CONSTRAINT one EXCLUDE USING gist (owner_id WITH =, name WITH &&)",
        pets: "1,1,\"[1,4]\",\n2,1,\"[4,6]\",\n3,1,\"[5,9)\",\n4,2,\"[1,3]\",\n5,1,\"[1,4]\",\n",
        broken: &[
            "line 3: owner_id, name \"1, [4,7)\" conflicts with line 2 in one",
            "line 6: owner_id, name \"1, [1,5)\" conflicts with line 2 in one",
        ],
        stay: &["1|1|[1,5)|-", "3|1|[5,9)|-", "4|2|[1,4)|-"],
    },
];

#[test]
fn unique_rules_of_any_form_name_the_lines_that_break_them_and_reject_these() {
    for (number, rule) in RULES.iter().enumerate() {
        let shop = Shop::new(&format!("unique_rule_{number}"));
        shop.db.execute(SCHEMA);
        shop.db.execute(rule.sql);
        let before = schema_dump(&shop.db.url());
        shop.pets(format!("id,owner_id,name,weight\n{}", rule.pets));
        let mut failed = shop
            .load(&[])
            .exits(2)
            .stderr_has("one cannot be created on public.pets")
            .stderr_has("--duplicates reject");
        for broken in rule.broken {
            failed = failed.stderr_has(broken);
        }
        let max = rule.broken.len().to_string();
        shop.load(&["--duplicates", "reject", "--max-rejects", &max])
            .exits(0);
        assert_eq!(shop.loaded_pets(), rule.stay, "{}", rule.sql);
        let rejects = shop.dir.read("rejects/pets.csv");
        assert_eq!(rejects.lines().count(), rule.broken.len() + 1, "{rejects}");
        assert_eq!(schema_dump(&shop.db.url()), before);
    }
}

#[test]
fn nulls_not_distinct_name_the_lines_that_break_them() {
    let shop = Shop::new("nulls_equal");
    shop.db.execute(SCHEMA);
    if shop
        .db
        .value("SELECT current_setting('server_version_num')::int >= 150000")
        == "f"
    {
        not_run("PostgreSQL 14 lacks NULLS NOT DISTINCT");
        return;
    }
    shop.db
        .execute("ALTER TABLE pets ADD CONSTRAINT one UNIQUE NULLS NOT DISTINCT (owner_id, name)");
    shop.pets("id,owner_id,name,weight\n1,1,,\n2,1,,\n3,1,Rex,\n");
    shop.load(&["--duplicates", "reject", "--max-rejects", "1"])
        .exits(0)
        .stdout_has("line 3: owner_id, name \"1, NULL\" conflicts with ");
    assert_eq!(shop.loaded_pets(), ["1|1|-|-", "3|1|Rex|-"]);
}
