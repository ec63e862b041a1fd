//! Datasets whose tables refer to each other in every way: rows that the server takes with all constraints in the DDL.

use crate::support::{Db, Run, Workdir};

/// A dataset's files in a directory of their own.
fn workdir(test: &str, toml: &str, ddl: &str) -> Workdir {
    let dir = Workdir::new(test);
    let toml = format!("schema = \"schema.sql\"\nqueries = \"queries\"\n{toml}");
    dir.write("own.toml", toml);
    dir.write("schema.sql", ddl);
    dir.write("queries/one.sql", "-- One row.\nSELECT 1;\n");
    dir
}

/// Loads a dataset, all constraints checked by the server.
fn load(dir: &Workdir, db: &Db, args: &[&str]) -> Run {
    let dataset = dir.path("own.toml");
    let dataset = dataset.to_str().unwrap();
    let url = db.url();
    let given = ["run", "--dataset", dataset, "--url", &url, "--quiet"];
    dir.seedrow(given.iter().chain(args))
}

/// The rows of a query as one text a row.
fn rows(db: &Db, sql: &str) -> Vec<String> {
    let rows = db.rows(sql).into_iter();
    rows.map(|row| {
        let fields: Vec<String> = row.into_iter().map(|it| it.unwrap_or("∅".into())).collect();
        fields.join(" ")
    })
    .collect()
}

/// A schema of keys: text, composite, shared, of the own table, in circles, one to one.
const KEYS: (&str, &str) = (
    r##"
scale = "all"
init = { version = "0.2.0", source = "ddl" }

[tables.countries]
rows = 4
fixed = true
columns.code = { make = "one-of", values = ["DE", "FR", "IT", "de", "ES"], unique = true }
columns.name = { make = "phrase", of = "Country of {code}" }

[tables.tenants]
rows = 20
columns.id = "serial"
columns.slug = { make = "phrase", of = "tenant {{no. {id}}}", unique = true }
columns.owner_id = { make = "reference", to = "users" }
columns.country = { make = "reference", to = "countries" }

[tables.users]
rows = 400
unique = [["tenant_id", "nick"]]
columns.id = "serial"
columns.tenant_id = { make = "reference", to = "tenants", spread = "skewed" }
columns.nick = { make = "integer", min = 1, max = 400 }
columns.manager_id = { make = "reference", to = "users", earlier = true, roots = 0.1, depth = 4 }
columns.email = { make = "phrase", of = "somebody.with.a.long.name_{id}@example.com", max-length = 30, unique = true }
columns.referrer = { make = "reference", to = "users.email", null = 0.5 }

[tables.profiles]
rows = 400
columns.user_id = { make = "reference", to = "users", unique = true }
columns.bio = { make = "hex", digits = 4 }

[tables.badges]
rows = 100
columns.profile_id = { make = "reference", to = "profiles.user_id" }
columns.code = { make = "hex", digits = 2, unique = true, case = "upper" }

[tables.projects]
rows = 100
columns.tenant_id = { make = "reference", to = "tenants", spread = "even" }
columns.number = { make = "integer", min = 1, max = 50 }
unique = [["tenant_id", "number"]]

[tables.tasks]
rows = 900
columns.id = "serial"
columns.project = { make = "reference", to = "projects.number" }
columns.tenant_id = { make = "copy", by = "project", column = "tenant_id" }
columns.assignee = { make = "reference", to = "users", same = ["tenant_id"] }
columns.reviewer = { make = "reference", to = "users", same = { tenant_id = "tenant_id" }, null = 0.3 }

[tables.members]
rows = 300
unique = [["project", "tenant_id", "user_id"]]
columns.tenant_id = { make = "reference", to = "tenants" }
columns.project = { make = "reference", to = "projects.number", same = ["tenant_id"] }
columns.user_id = { make = "reference", to = "users", same = ["tenant_id"] }

[tables.left]
rows = 50
columns.id = "serial"
columns.right_id = { make = "reference", to = "right" }

[tables.right]
rows = 50
columns.id = "serial"
columns.left_id = { make = "reference", to = "left", unique = true }
"##,
    "CREATE TABLE countries (code char(2) PRIMARY KEY, name text NOT NULL);
CREATE UNIQUE INDEX ON countries (lower(code));
CREATE TABLE tenants (id int PRIMARY KEY, slug text NOT NULL UNIQUE, owner_id int NOT NULL,
    country char(2) NOT NULL REFERENCES countries);
CREATE TABLE users (id int PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenants, nick int NOT NULL,
    manager_id int REFERENCES users, email varchar(30) NOT NULL UNIQUE, referrer text REFERENCES users (email),
    UNIQUE (tenant_id, nick), UNIQUE (id, tenant_id), CHECK (manager_id < id));
ALTER TABLE tenants ADD FOREIGN KEY (owner_id) REFERENCES users;
CREATE TABLE profiles (user_id int PRIMARY KEY REFERENCES users, bio text NOT NULL);
CREATE TABLE badges (profile_id int NOT NULL REFERENCES profiles, code text PRIMARY KEY CHECK (code = upper(code)));
CREATE TABLE projects (tenant_id int NOT NULL REFERENCES tenants, number int NOT NULL,
    PRIMARY KEY (tenant_id, number));
CREATE TABLE tasks (id int PRIMARY KEY, tenant_id int NOT NULL, project int NOT NULL, assignee int NOT NULL,
    reviewer int, FOREIGN KEY (tenant_id, project) REFERENCES projects,
    FOREIGN KEY (tenant_id, assignee) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, reviewer) REFERENCES users (tenant_id, id));
CREATE TABLE members (tenant_id int NOT NULL REFERENCES tenants, project int NOT NULL, user_id int NOT NULL,
    PRIMARY KEY (tenant_id, project, user_id), FOREIGN KEY (tenant_id, project) REFERENCES projects,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id));
CREATE TABLE \"left\" (id int PRIMARY KEY, right_id int NOT NULL);
CREATE TABLE \"right\" (id int PRIMARY KEY, left_id int NOT NULL UNIQUE REFERENCES \"left\");
ALTER TABLE \"left\" ADD FOREIGN KEY (right_id) REFERENCES \"right\";",
);

#[test]
fn keys_of_every_kind_hold_on_the_server() {
    let dir = workdir(
        "any-keys",
        KEYS.0,
        &KEYS
            .1
            .replace("UNIQUE (id, tenant_id)", "UNIQUE (tenant_id, id)"),
    );
    let db = Db::new("any-keys");
    load(&dir, &db, &[]).exits(0);
    let value = |sql| rows(&db, sql).join(", ");
    assert_eq!(
        value("SELECT count(*), count(DISTINCT slug) FROM tenants"),
        "20 20"
    );
    assert_eq!(
        value("SELECT slug FROM tenants WHERE id = 3"),
        "tenant {no. 3}"
    );
    assert_eq!(value("SELECT count(DISTINCT tenant_id) FROM users"), "20");
    let roots = value("SELECT count(*) FROM users WHERE manager_id IS NULL");
    assert!((20..70).contains(&roots.parse().unwrap()), "{roots}");
    let deepest = value(
        "WITH RECURSIVE tree AS (SELECT id, 1 AS depth FROM users WHERE manager_id IS NULL UNION ALL \
         SELECT u.id, depth + 1 FROM users u JOIN tree t ON u.manager_id = t.id) SELECT max(depth), count(*) FROM tree",
    );
    assert_eq!(deepest, "4 400");
    assert_eq!(
        value(
            "SELECT min(length(email)), max(length(email)), bool_and(email LIKE '%\\_' || id || '@example.com') FROM users"
        ),
        "30 30 t"
    );
    assert_eq!(value("SELECT count(DISTINCT project) > 20 FROM tasks"), "t");
}

#[test]
fn rows_scale_with_the_root_or_by_a_factor_but_for_fixed_tables() {
    let dir = workdir("any-scale", KEYS.0, KEYS.1);
    let of_root = dir.read("own.toml").replace("scale = \"all\"", "");
    dir.write("root.toml", of_root);
    let generate = |file: &str, size: &[&str]| {
        let args = [
            "generate",
            "--dataset",
            file,
            "--overwrite",
            "--out",
            size[1],
        ];
        dir.seedrow(args.iter().chain(size))
    };
    let counts = |folder: &str| {
        let rows = |table: &str| dir.read(&format!("{folder}/{table}.csv")).lines().count() - 1;
        ["countries", "tenants", "users", "tasks"].map(rows)
    };
    generate("own.toml", &["--rows", "40"]).exits(0);
    assert_eq!(counts("40"), [4, 40, 800, 1_800]);
    for file in ["own.toml", "root.toml"] {
        generate(file, &["--scale", "0.5"]).exits(0);
        assert_eq!(counts("0.5"), [4, 10, 200, 450], "{file}");
        assert!(dir.read("0.5/manifest.json").contains("\"scale\": 0.5"));
    }
    generate("own.toml", &["--scale", "0"])
        .exits(2)
        .stderr_has("expected a factor from 0.000001 to 1000000, such as 0.1 or 10");
    generate("own.toml", &["--scale", "2", "--rows", "9"])
        .exits(2)
        .stderr_has("cannot be used with '--rows");
}

#[test]
fn bytes_are_the_same_for_any_number_of_threads() {
    let dir = workdir("any-threads", KEYS.0, KEYS.1);
    let dataset = dir.path("own.toml");
    let made = |jobs: &str| {
        let out = dir.path(jobs);
        let args = [
            "generate",
            "--dataset",
            dataset.to_str().unwrap(),
            "--jobs",
            jobs,
            "--out",
            out.to_str().unwrap(),
        ];
        dir.seedrow(args).exits(0);
        ["users", "tasks", "members"].map(|table| dir.read(&format!("{jobs}/{table}.csv")))
    };
    assert_eq!(made("1"), made("4"));
}

/// Sets that never repeat, and columns that are NULL by others.
#[test]
fn unique_sets_and_conditions_hold_on_the_server() {
    let toml = r#"
lists.sizes = ["small | S", "large | L", "huge | XL"]
[tables.groups]
rows = 40
columns.id = "serial"
[tables.users]
rows = 60
columns.id = "serial"
columns.code = { make = "hex", digits = 2, unique = true }
[tables.members]
rows = 1200
unique = [["group_id", "user_id"]]
columns.group_id = { make = "reference", to = "groups" }
columns.user_id = { make = "reference", to = "users" }
[tables.slots]
rows = 400
unique = [["group_id", "place"], ["group_id", "user_id"], ["day"]]
columns.group_id = { make = "reference", to = "groups" }
columns.user_id = { make = "reference", to = "users" }
columns.place = { make = "integer", min = 1, max = 10 }
columns.day = { make = "date", min = "2024-01-01", max = "2025-12-31" }
[tables.votes]
rows = 24000
unique = [["a", "b", "c"]]
columns.a = { make = "reference", to = "groups" }
columns.b = { make = "reference", to = "users" }
columns.c = { make = "one-of", values = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89] }
[tables.sizes]
rows = 3
columns.name = { make = "word", list = "sizes", unique = true, max-length = 5, case = "upper", null = 0.0 }
columns.short = { make = "field", of = "name", field = 2 }
[tables.orders]
rows = 500
exclusive = [{ columns = ["user_id", "group_id", "note"], none = 0.2 }]
columns.id = "serial"
columns.status = { make = "one-of", values = ["open", "shipped", "delivered"], weights = [1, 2, 3] }
columns.shipped_on = { make = "date", min = "2024-01-01", max = "2024-12-31", only-if = { status = ["shipped", "delivered"] } }
columns.paid = "boolean"
columns.paid_by = { make = "one-of", values = ["card", "cash"], only-if = { paid = true }, null = 0.1 }
columns.started = { make = "timestamp", min = "2024-01-01", max = "2024-12-31", null = 0.4 }
columns.ended = { make = "after", of = "started", min = 1, max = 3600, null-with = "started" }
columns.user_id = { make = "reference", to = "users" }
columns.group_id = { make = "reference", to = "groups" }
columns.note = { make = "hex", digits = 8 }
"#;
    let ddl = "CREATE TABLE groups (id int PRIMARY KEY);
CREATE TABLE users (id int PRIMARY KEY, code text NOT NULL UNIQUE);
CREATE TABLE members (group_id int REFERENCES groups, user_id int REFERENCES users, PRIMARY KEY (group_id, user_id));
CREATE TABLE slots (group_id int NOT NULL REFERENCES groups, user_id int NOT NULL REFERENCES users, place int NOT NULL,
    day date NOT NULL UNIQUE, UNIQUE (group_id, place), UNIQUE (group_id, user_id));
CREATE TABLE votes (a int REFERENCES groups, b int REFERENCES users, c int, PRIMARY KEY (a, b, c));
CREATE TABLE sizes (name varchar(5) PRIMARY KEY, short text NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, status text NOT NULL, shipped_on date, paid boolean NOT NULL, paid_by text,
    started timestamptz, ended timestamptz, user_id int REFERENCES users, group_id int REFERENCES groups, note text,
    CHECK ((status = 'open') = (shipped_on IS NULL)), CHECK (paid OR paid_by IS NULL),
    CHECK ((started IS NULL) = (ended IS NULL)), CHECK (started < ended),
    CHECK (num_nonnulls(user_id, group_id, note) <= 1));";
    let dir = workdir("any-unique", toml, ddl);
    let db = Db::new("any-unique");
    load(
        &dir,
        &db,
        &["--tables", "groups,users,members,slots,votes,sizes,orders"],
    )
    .exits(0);
    let value = |sql| rows(&db, sql).join(", ");
    assert_eq!(
        value("SELECT name, short FROM sizes ORDER BY 1"),
        "HUGE XL, LARGE L, SMALL S"
    );
    assert_eq!(value("SELECT count(*) FROM votes"), "24000");
    let none = value("SELECT count(*) FROM orders WHERE num_nonnulls(user_id, group_id, note) = 0");
    assert!((60..140).contains(&none.parse().unwrap()), "{none}");
    assert_eq!(value("SELECT count(DISTINCT group_id) FROM members"), "40");
}

/// Keys that are uuids and texts, by parents, partners and references, in a circle of NOT NULL.
#[test]
fn rows_have_parents_with_keys_of_any_type() {
    let toml = r#"
[tables.shops]
rows = 30
columns.id = "uuid"
columns.newest_order = { make = "reference", to = "orders" }
[tables.tills]
per = { table = "shops", distribution = "uniform", mean = 2, max = 3 }
columns.id = { make = "phrase", of = "till-{number}" }
columns.number = { make = "serial", hidden = true }
columns.shop_id = "parent"
[tables.orders]
per = { table = "shops", distribution = "uniform", mean = 3, max = 5 }
columns.id = "uuid"
columns.shop_id = "parent"
columns.shop_newest = { make = "copy", by = "shop_id", column = "newest_order" }
[tables.receipts]
per = { table = "orders", each = "tills" }
columns.order_id = "parent"
columns.till = { make = "each", column = "id" }
[tables.lines]
per = { table = "orders", distribution = "uniform", mean = 3, max = 5 }
unique = [["order_id", "number"]]
columns.order_id = "parent"
columns.number = { make = "integer", min = 1, max = 5 }
[tables.notes]
rows = 200
columns.order_id = { make = "reference", to = "orders", unique = true, null = 0.2 }
columns.order_copy = { make = "copy", by = "order_id", column = "id" }
"#;
    let ddl = "CREATE TABLE shops (id uuid PRIMARY KEY, newest_order uuid NOT NULL);
CREATE TABLE tills (id text PRIMARY KEY, shop_id uuid NOT NULL REFERENCES shops);
CREATE TABLE orders (id uuid PRIMARY KEY, shop_id uuid NOT NULL REFERENCES shops, shop_newest uuid NOT NULL);
ALTER TABLE shops ADD FOREIGN KEY (newest_order) REFERENCES orders;
CREATE TABLE receipts (order_id uuid REFERENCES orders, till text REFERENCES tills, PRIMARY KEY (order_id, till));
CREATE TABLE lines (order_id uuid REFERENCES orders, number int, PRIMARY KEY (order_id, number));
CREATE TABLE notes (order_id uuid UNIQUE REFERENCES orders, order_copy uuid,
    CHECK (order_id IS NOT DISTINCT FROM order_copy));";
    let dir = workdir("any-parents", toml, ddl);
    let db = Db::new("any-parents");
    load(&dir, &db, &[])
        .exits(2)
        .stderr_has("table `notes`: 200 rows, but unique (order_id) allows fewer");
    let toml = toml.replace("rows = 200", "rows = 60");
    let dir = workdir("any-parents", &toml, ddl);
    load(&dir, &db, &[]).exits(0);
    let value = |sql| rows(&db, sql).join(", ");
    assert_eq!(
        value(
            "SELECT count(*) FROM receipts r JOIN orders o ON o.id = order_id JOIN tills t ON t.id = till WHERE o.shop_id <> t.shop_id"
        ),
        "0"
    );
    assert_eq!(
        value(
            "SELECT count(*) FROM orders o JOIN shops s ON s.id = shop_id WHERE shop_newest <> newest_order"
        ),
        "0"
    );
    assert_eq!(value("SELECT count(DISTINCT number) FROM lines"), "5");
}

/// A mistake, and what the message says.
#[test]
fn what_cannot_hold_is_refused_with_what_fits() {
    let users = "[tables.users]\nrows = 10\ncolumns.id = \"serial\"\n";
    for (what, toml, says) in [
        (
            "more rows than pairs",
            format!("[tables.t]\nrows = 201\nunique = [[\"a\", \"b\"]]\ncolumns.a = {{ make = \"reference\", to = \"users\" }}\ncolumns.b = {{ make = \"integer\", min = 1, max = 20 }}\n{users}"),
            vec!["own.toml, line 5: table `t`: 201 rows, but unique (a, b) allows fewer: 200 fit; give the table fewer rows"],
        ),
        (
            "more rows than texts",
            "[tables.t]\nrows = 5\ncolumns.a = { make = \"one-of\", values = [\"a\", \"b\", \"A\"], unique = true }\n".into(),
            vec!["own.toml, line 5: table `t`: 5 rows, but unique (a) allows fewer: 2 fit"],
        ),
        (
            "texts that may repeat",
            "[tables.t]\nrows = 5\ncolumns.id = \"serial\"\ncolumns.a = { make = \"fake\", faker = \"name\", unique = true }\n".into(),
            vec!["texts of `a` may repeat; let the row's number be part of them"],
        ),
        (
            "columns that define each other",
            "[tables.a]\nrows = 3\ncolumns.id = { make = \"reference\", to = \"b\", unique = true }\n[tables.b]\nrows = 3\ncolumns.id = { make = \"reference\", to = \"a\", unique = true }\n".into(),
            vec!["own.toml, line 5: table `a`, column `id`: its value depends on itself: a.id → b.id → a.id"],
        ),
        (
            "an unknown column of a reference",
            format!("{users}[tables.t]\nrows = 3\ncolumns.a = {{ make = \"reference\", to = \"users.nme\" }}\n"),
            vec!["line 8: table `t`, column `a`, `to`: `users` has no column `nme`; there is id"],
        ),
        (
            "a copy by what refers to nothing",
            format!("{users}[tables.t]\nrows = 3\ncolumns.x = \"serial\"\ncolumns.a = {{ make = \"copy\", by = \"x\", column = \"id\" }}\n"),
            vec!["line 9: table `t`, column `a`, `by`: `x` refers to no row"],
        ),
        (
            "a reference that agrees in what isn't spread",
            format!("{users}[tables.p]\nrows = 9\ncolumns.id = \"serial\"\ncolumns.u = {{ make = \"reference\", to = \"users\" }}\n[tables.t]\nrows = 3\ncolumns.u = {{ make = \"reference\", to = \"users\" }}\ncolumns.p = {{ make = \"reference\", to = \"p\", same = [\"u\"] }}\n"),
            vec!["line 13: table `t`, column `p`: `same` needs `p.u` to be a reference with `spread`"],
        ),
        (
            "rows that agree with none",
            format!("{users}[tables.p]\nrows = 9\ncolumns.id = \"serial\"\ncolumns.u = {{ make = \"reference\", to = \"users\", spread = \"even\" }}\n[tables.t]\nrows = 3\ncolumns.u = {{ make = \"reference\", to = \"users\" }}\ncolumns.p = {{ make = \"reference\", to = \"p\", same = [\"u\"] }}\n"),
            vec!["t.p: some rows of users have none in p, which has 9 rows for 10; give p at least 10 rows"],
        ),
        (
            "a key that follows from its row's parent",
            "[tables.a]\nrows = 3\ncolumns.id = \"serial\"\n[tables.b]\nper = { table = \"a\", mean = 1.5, max = 2 }\ncolumns.id = \"parent\"\n[tables.c]\nrows = 3\ncolumns.b = { make = \"reference\", to = \"b\" }\n".into(),
            vec!["line 11: table `c`, column `b`: `b.id` follows from its row's parent"],
        ),
        (
            "a condition on a value that never is",
            "[tables.t]\nrows = 3\ncolumns.s = { make = \"one-of\", values = [\"open\", \"shut\"] }\ncolumns.a = { make = \"hex\", digits = 3, only-if = { s = [\"opne\"] } }\n".into(),
            vec!["line 6: table `t`, column `a`: `only-if`: `s` is never `opne`; did you mean `open`?"],
        ),
        (
            "a set of one level",
            "[tables.t]\nrows = 3\nunique = [\"a\"]\ncolumns.a = \"serial\"\n".into(),
            vec!["line 5: table `t`, `unique`: a set of columns is a list, too"],
        ),
        (
            "an unknown scale",
            "scale = \"every\"\n[tables.t]\nrows = 3\ncolumns.a = \"serial\"\n".into(),
            vec!["line 3: `scale`: unknown scale `every`; there is root, all"],
        ),
        (
            "earlier rows of another table",
            format!("{users}[tables.t]\nrows = 3\ncolumns.a = {{ make = \"reference\", to = \"users\", earlier = true }}\n"),
            vec!["line 8: table `t`, column `a`, `to`: `earlier` is for references to the own table"],
        ),
        (
            "a maximal length that the row's number doesn't fit into",
            "[tables.t]\nrows = 1000\ncolumns.id = \"serial\"\ncolumns.a = { make = \"phrase\", of = \"x_{id}@example.com\", max-length = 14, unique = true }\n".into(),
            vec!["t.a: its texts never repeat by the row's number, which takes 17 characters"],
        ),
        (
            "an exclusive column that may be NULL",
            format!("{users}[tables.t]\nrows = 3\nexclusive = [{{ columns = [\"a\", \"b\"] }}]\ncolumns.id = \"serial\"\ncolumns.a = {{ make = \"hex\", digits = 3, null = 0.1 }}\ncolumns.b = {{ make = \"hex\", digits = 3 }}\n"),
            vec!["line 10: table `t`, column `a`: an exclusive column is NULL where another one isn't"],
        ),
    ] {
        let dir = workdir("any-refused", &toml, "CREATE TABLE t (a int);");
        let dataset = dir.path("own.toml");
        let out = dir.path("out");
        let args = ["generate", "--dataset", dataset.to_str().unwrap(), "--out", out.to_str().unwrap()];
        let run = dir.seedrow(args).exits(2);
        for part in says {
            assert!(run.stderr.contains(part), "{what}: {part}\n{}", run.stderr);
        }
    }
}
