//! The statistics that a profile asks for are those that ANALYZE finds.

use std::fmt::Write;

use crate::support::{Db, Workdir};

/// So few that ANALYZE reads them all.
const ROWS: usize = 20_000;

/// A column.
struct Column {
    data_type: &'static str,
    maker: &'static str,
    profile: &'static str,
    /// Of `pg_stats`, where more distinct values than a tenth of the rows are a share of these; correlation and width where they
    /// are given.
    nulls: f64,
    distinct: f64,
    first_share: f64,
    correlation: Option<f64>,
    width: Option<f64>,
}

const COLUMN: Column = Column {
    data_type: "",
    maker: "",
    profile: "",
    nulls: 0.0,
    distinct: -1.0,
    first_share: 0.0,
    correlation: None,
    width: None,
};

const COLUMNS: &[Column] = &[
    Column {
        data_type: "integer",
        maker: r#"{ make = "integer", min = -50, max = 1_000_000 }"#,
        profile: "{ distinct = 1_000, shares = [0.2, 0.1], ranks = [0.9, 0.1], correlation = 0.5 }",
        distinct: 1_000.0,
        first_share: 0.2,
        correlation: Some(0.5),
        ..COLUMN
    },
    Column {
        data_type: "numeric(8,2)",
        maker: r#"{ make = "decimal", min = 0, max = 5000, distribution = "log-normal", median = 40 }"#,
        profile: "{ distinct = 1_000, null = 0.3, correlation = -0.6 }",
        nulls: 0.3,
        distinct: 1_000.0,
        first_share: 0.0007,
        correlation: Some(-0.6),
        ..COLUMN
    },
    Column {
        data_type: "date",
        maker: r#"{ make = "date", min = "2020-01-01", max = "2024-12-31" }"#,
        profile: r#"{ bounds = ["2020-01-01", "2023-01-01", "2024-12-31"], correlation = 0.97 }"#,
        distinct: 1_827.0,
        first_share: 0.0007,
        correlation: Some(0.97),
        ..COLUMN
    },
    Column {
        data_type: "timestamptz",
        maker: r#"{ make = "timestamp", min = "2020-01-01", max = "2024-12-31" }"#,
        profile: "{ distinct = -1, correlation = 0.999 }",
        correlation: Some(0.999),
        ..COLUMN
    },
    Column {
        data_type: "time",
        maker: r#"{ make = "histogram", as = "time", bounds = ["00:00", "08:00", "09:00", "23:00"] }"#,
        profile: "{ distinct = 500 }",
        distinct: 500.0,
        first_share: 0.002,
        correlation: Some(0.002),
        ..COLUMN
    },
    Column {
        data_type: "boolean",
        maker: r#""boolean""#,
        profile: "{ shares = [0.9, 0.1], ranks = [0, 1], correlation = 0.95 }",
        distinct: 2.0,
        first_share: 0.9,
        correlation: Some(0.95),
        ..COLUMN
    },
    Column {
        data_type: "text COLLATE \"C\"",
        maker: r#"{ make = "one-of", values = ["a", "b", "c", "d", "e"] }"#,
        profile: "{ null = 0.1, shares = [0.5, 0.2, 0.1], ranks = [0.5, 0, 1], correlation = 0.6 }",
        nulls: 0.1,
        distinct: 5.0,
        first_share: 0.5,
        correlation: Some(0.6),
        width: Some(2.0),
    },
    Column {
        data_type: "text",
        maker: r#"{ make = "fake", faker = "city" }"#,
        profile: "{ distinct = 300, shares = [0.3] }",
        distinct: 300.0,
        first_share: 0.3,
        ..COLUMN
    },
    Column {
        data_type: "text",
        maker: r#""text""#,
        profile: "{ width = 140 }",
        width: Some(140.0),
        ..COLUMN
    },
    Column {
        data_type: "text",
        maker: r#"{ make = "text", max = 200 }"#,
        profile: "{ distinct = 4_000, width = 61 }",
        distinct: -0.2,
        first_share: 0.0003,
        width: Some(61.0),
        ..COLUMN
    },
    Column {
        data_type: "varchar(40)",
        maker: r#"{ make = "ranked", as = "text", max-length = 40 }"#,
        profile: "{ null = 0.2, distinct = 300, shares = [0.2, 0.1], ranks = [0.5, 0.2], correlation = 0.3, width = 17.5 }",
        nulls: 0.2,
        distinct: 300.0,
        first_share: 0.2,
        correlation: Some(0.3),
        width: Some(17.5),
    },
    Column {
        data_type: "uuid",
        maker: r#"{ make = "ranked", as = "uuid" }"#,
        profile: "{ correlation = 0.8 }",
        correlation: Some(0.8),
        ..COLUMN
    },
    Column {
        data_type: "bytea",
        maker: r#"{ make = "ranked", as = "bytea" }"#,
        profile: "{ distinct = 2_000, correlation = -0.95, width = 33 }",
        distinct: 2_000.0,
        first_share: 0.0005,
        correlation: Some(-0.95),
        width: Some(33.0),
        ..COLUMN
    },
    Column {
        data_type: "inet",
        maker: r#"{ make = "ranked", as = "inet" }"#,
        profile: "{ distinct = 700, shares = [0.1, 0.1], correlation = 0.1 }",
        distinct: 700.0,
        first_share: 0.1,
        correlation: Some(0.1),
        ..COLUMN
    },
    Column {
        data_type: "bigint",
        maker: r#"{ make = "ranked", as = "integer", min = 10, step = 5 }"#,
        profile: "{ distinct = -0.25 }",
        distinct: -0.25,
        first_share: 0.0002,
        ..COLUMN
    },
    Column {
        // As many as fit, the type's greatest among them.
        data_type: "numeric(5,2)",
        maker: r#"{ make = "ranked", as = "decimal", min = 990, max = 999.99 }"#,
        profile: "{ distinct = -0.9 }",
        distinct: 1_000.0,
        first_share: 0.001,
        ..COLUMN
    },
    Column {
        data_type: "text[]",
        maker: r#"{ make = "ranked", as = "array", elements = [0.54, 0.53, 0.5, 0.5], count = 2.1 }"#,
        profile: "{ distinct = 15, correlation = 0.1, width = 59 }",
        distinct: 15.0,
        first_share: 0.067,
        correlation: Some(0.1),
        width: Some(59.0),
        ..COLUMN
    },
    Column {
        data_type: "integer[]",
        maker: r#"{ make = "ranked", as = "array", of = "integer", count = 3 }"#,
        profile: "{ distinct = 1_500, null = 0.1 }",
        nulls: 0.1,
        distinct: 1_500.0,
        width: Some(33.0),
        ..COLUMN
    },
    Column {
        data_type: "jsonb",
        maker: r#"{ make = "ranked", as = "json" }"#,
        profile: "{ distinct = 500, width = 80 }",
        distinct: 500.0,
        first_share: 0.002,
        width: Some(80.0),
        ..COLUMN
    },
    Column {
        data_type: "tsvector",
        maker: r#"{ make = "ranked", as = "tsvector", elements = [0.4, 0.3], count = 11 }"#,
        profile: "{ null = 0.5, width = 177 }",
        nulls: 0.5,
        distinct: -0.5,
        width: Some(177.0),
        ..COLUMN
    },
    Column {
        data_type: "integer UNIQUE",
        maker: r#"{ make = "integer", min = 1, max = 90_000, unique = true }"#,
        profile: "{ distinct = 40, correlation = 0.7 }",
        correlation: Some(0.7),
        ..COLUMN
    },
    Column {
        data_type: "macaddr",
        maker: r#""macaddr""#,
        profile: "{ distinct = 150, shares = [0.25] }",
        distinct: 150.0,
        first_share: 0.25,
        ..COLUMN
    },
];

#[test]
fn analyze_finds_the_statistics_that_a_profile_asks_for() {
    let (dir, db) = (Workdir::new("statistics"), Db::new("column_statistics"));
    let mut sql = String::from("CREATE TABLE t (id integer PRIMARY KEY");
    let mut toml = format!(
        "schema = \"schema.sql\"\n[tables.t]\nrows = {ROWS}\n[tables.t.columns]\nid = \"serial\"\n"
    );
    let mut profile = String::from("[tables.t.profile]\n");
    for (place, column) in COLUMNS.iter().enumerate() {
        write!(sql, ", c{place} {}", column.data_type).unwrap();
        writeln!(toml, "c{place} = {}", column.maker).unwrap();
        writeln!(profile, "c{place} = {}", column.profile).unwrap();
    }
    dir.write("schema.sql", sql + ");");
    dir.write("t.toml", toml + &profile);
    dir.seedrow(["generate", "--dataset", "t.toml", "--out", "rows"])
        .exits(0);
    dir.seedrow(["load", "rows", "--dataset", "t.toml", "--url", &db.url()])
        .exits(0);
    db.execute("ANALYZE t");
    let statistics = db.rows(
        "SELECT null_frac, n_distinct, coalesce(most_common_freqs[1], 0), correlation, avg_width FROM pg_stats
         WHERE tablename = 't' AND attname <> 'id' ORDER BY substr(attname, 2)::int",
    );
    for (place, column) in COLUMNS.iter().enumerate() {
        let found: Vec<f64> = statistics[place]
            .iter()
            .map(|it| it.as_deref().unwrap_or("nan").parse().unwrap())
            .collect();
        let near = |which: usize, wanted: f64, within: f64| {
            assert!(
                (found[which] - wanted).abs() <= within,
                "{} {}: {wanted} wanted, found {found:?}",
                column.maker,
                column.profile
            );
        };
        near(0, column.nulls, 0.01);
        near(1, column.distinct, column.distinct.abs() * 0.02);
        if column.first_share > 0.0 {
            near(2, column.first_share, 0.01);
        }
        if let Some(correlation) = column.correlation {
            near(3, correlation, 0.02);
        }
        if let Some(width) = column.width {
            near(4, width, width * 0.05);
        }
    }
    references_have_measured_fan_outs(&dir, &db);
}

/// A parent with keys of three types, and rows that refer to it, to each other, and to pairs of columns.
const FAN_OUTS: (&str, &str) = (
    r#"
schema = "fan_outs.sql"

[tables.customers]
rows = 2_000
unique = [["region", "number"]]
columns.id = "serial"
columns.code = "uuid"
columns.region = { make = "integer", min = 1, max = 9 }
columns.number = { make = "integer", min = 1, max = 900 }

[tables.orders]
rows = 12_000

[tables.orders.columns]
id = "serial"
customer_id = { make = "reference", to = "customers" }
code = { make = "reference", to = "customers.code", null = 0.5 }
region = { make = "reference", to = "customers.region", counts = [[1, 0.5], [11, 0.5]], correlation = 1 }
number = { make = "copy", by = "region", column = "number" }
earlier_id = { make = "reference", to = "orders" }
city = { make = "fake", faker = "city", distinct = 90, shares = [0.2] }
country = { make = "one-of", values = ["DE", "FR", "IT"], given = "city" }
before_id = { make = "reference", to = "orders", earlier = true }
kind = { make = "one-of", values = ["a", "b", "c"], shares = [0.5, 0.3, 0.2], ranks = [0, 1, 0.5], correlation = 0.6 }
channel = { make = "one-of", values = ["app", "web"], shares = [0.6, 0.4], ranks = [1, 0] }

[tables.orders.profile]
before_id = { null = 0.4, shares = [0.1], ranks = [0], counts = [[0, 0.5], [1, 0.5]], quantiles = [0, 0.2, 1], correlation = 0.4 }
joint = [{ columns = ["kind", "channel"], values = [[0, 0], [1, 1]], shares = [0.45, 0.3] }]
customer_id = { counts = [[0, 0.4], [1, 0.3], [10, 0.25], [60, 0.04], [80, 0.01]], correlation = 0.3 }
code = { counts = [[0, 0.4], [5, 0.6]] }
earlier_id = { null = 0.25, counts = [[0, 0.5], [1, 0.25], [2, 0.25]], correlation = 0.95 }

[tables.items]
rows = 24_000
unique = [["order_id", "product"], ["order_id", "position"]]

[tables.items.columns]
order_id = { make = "reference", to = "orders", counts = [[1, 0.5], [2, 0.25], [4, 0.25]], correlation = 0.5 }
product = { make = "integer", min = 1, max = 50 }
position = { make = "integer", min = 1, max = 9 }

[tables.tags]
rows = 100
columns.id = "serial"

[tables.tagged]
rows = 9_000
unique = [["order_id", "tag_id"]]

[tables.tagged.columns]
order_id = { make = "reference", to = "orders", counts = [[0, 0.75], [3, 0.25]], correlation = 1 }
tag_id = { make = "reference", to = "tags", shares = [0.2, 0.1], ranks = [0.5, 1], counts = [[0, 0.3], [1, 0.7]] }

[tables.notes]
per = { table = "customers", distribution = "measured", counts = [[0, 0.5], [3, 0.25], [400, 0.25]] }
columns.id = "serial"
columns.customer_id = "parent"
"#,
    "CREATE TABLE customers (
        id int PRIMARY KEY, code uuid UNIQUE NOT NULL, region int NOT NULL, number int NOT NULL, UNIQUE (region, number)
    );
    CREATE TABLE orders (
        id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, code uuid REFERENCES customers (code),
        region int NOT NULL, number int NOT NULL, earlier_id int REFERENCES orders,
        city text NOT NULL, country text NOT NULL,
        before_id int REFERENCES orders CHECK (before_id < id), kind text NOT NULL, channel text NOT NULL,
        FOREIGN KEY (region, number) REFERENCES customers (region, number)
    );
    CREATE TABLE items (
        order_id int NOT NULL REFERENCES orders, product int NOT NULL, position int NOT NULL, PRIMARY KEY (order_id, product),
        UNIQUE (order_id, position)
    );
    CREATE TABLE tags (id int PRIMARY KEY);
    CREATE TABLE tagged (order_id int NOT NULL REFERENCES orders, tag_id int NOT NULL REFERENCES tags, PRIMARY KEY (order_id, tag_id));
    CREATE TABLE notes (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers);",
);

fn references_have_measured_fan_outs(dir: &Workdir, db: &Db) {
    dir.write("fan_outs.toml", FAN_OUTS.0);
    dir.write("fan_outs.sql", FAN_OUTS.1);
    let target = ["--target-schema", "fan_outs", "--url", &db.url()];
    let run = ["run", "--dataset", "fan_outs.toml", "--quiet"];
    dir.seedrow(run.iter().chain(&target)).exits(0);
    db.execute("SET search_path = fan_outs; ANALYZE");
    // How many parents have how many children.
    let counts = |parents: &str, children: &str, on: &str| {
        db.value(&format!(
            "SELECT string_agg(children || ':' || parents, ' ' ORDER BY children) FROM (
                SELECT children, count(*) AS parents FROM (
                    SELECT count(c.tableoid) AS children
                    FROM fan_outs.{parents} AS p LEFT JOIN fan_outs.{children} AS c ON {on} GROUP BY p.id
                ) AS each GROUP BY children
            ) AS all_counts"
        ))
    };
    for (parents, children, on, expected) in [
        (
            "customers",
            "orders",
            "c.customer_id = p.id",
            "0:800 1:600 10:500 60:80 80:20",
        ),
        ("customers", "orders", "c.code = p.code", "0:800 5:1200"),
        (
            "customers",
            "orders",
            "(c.region, c.number) = (p.region, p.number)",
            "1:1000 11:1000",
        ),
        (
            "orders",
            "orders",
            "c.earlier_id = p.id",
            "0:6000 1:3000 2:3000",
        ),
        (
            "orders",
            "items",
            "c.order_id = p.id",
            "1:6000 2:3000 4:3000",
        ),
    ] {
        assert_eq!(counts(parents, children, on), expected, "{on}");
    }
    let notes = counts("customers", "notes", "c.customer_id = p.id");
    assert!(
        notes.starts_with("0:") && notes.contains(" 3:") && notes.contains(" 400:"),
        "{notes}"
    );
    let countries = "SELECT max(number) || ' ' || sum(number) FROM (
            SELECT count(DISTINCT country) AS number FROM fan_outs.orders GROUP BY city
        ) AS of_city";
    assert_eq!(db.value(countries), "1 90");
    // Parents at their ranks, and values that come up together.
    for (query, least, most) in [
        (
            "SELECT count(*) FROM fan_outs.orders WHERE before_id = 1",
            1_150,
            1_250,
        ),
        (
            "SELECT count(*) FROM fan_outs.orders WHERE before_id IS NULL",
            4_800,
            4_801,
        ),
        (
            "SELECT count(*) FROM fan_outs.orders WHERE before_id BETWEEN 2 AND 2400",
            2_500,
            4_500,
        ),
        (
            "SELECT count(*) FROM fan_outs.orders WHERE (kind, channel) = ('a', 'web')",
            5_650,
            5_870,
        ),
        (
            "SELECT count(*) FROM fan_outs.orders WHERE (kind, channel) = ('c', 'app')",
            3_599,
            3_601,
        ),
        (
            "SELECT count(*) FROM fan_outs.orders WHERE channel = 'web'",
            7_090,
            7_310,
        ),
        (
            "SELECT count(*) FROM fan_outs.tagged WHERE tag_id = 51",
            1_700,
            1_900,
        ),
        (
            "SELECT count(*) FROM fan_outs.tagged WHERE tag_id = 100",
            850,
            950,
        ),
        ("SELECT count(DISTINCT tag_id) FROM fan_outs.tagged", 70, 73),
    ] {
        let found: u32 = db.value(query).parse().unwrap();
        assert!((least..=most).contains(&found), "{query}: {found}");
    }
    // The most common share, and the order on disk.
    for (column, nulls, distinct, share, correlation) in [
        ("customer_id", 0.0, 1_200.0, 80.0 / 12_000.0, 0.3),
        ("earlier_id", 0.25, -0.5, 2.0 / 12_000.0, 0.95),
    ] {
        let holds = db.value(&format!(
            "SELECT abs(null_frac - {nulls}) < 0.001 AND abs(correlation - {correlation}) < 0.03
                AND abs(n_distinct / {distinct} - 1) < 0.1 AND coalesce(most_common_freqs[1], {share}) BETWEEN {share} * 0.99 AND {share} * 1.01
            FROM pg_stats WHERE schemaname = 'fan_outs' AND tablename = 'orders' AND attname = '{column}'"
        ));
        assert_eq!(holds, "t", "{column}");
    }
}
