//! Values of every column type: what `copy` makes of a text, in COPY's binary format, beside what the server makes of
//! it.

use std::collections::HashSet;
use std::fmt::Write;

use bytes::Bytes;
use futures_util::SinkExt;
use seedrow::copy::encode::write_binary;
use seedrow::copy::format::{begin_row, fixed};
use seedrow::copy::{ColumnReader, CopyFormat, DataType, ParserCoverage, Scalar, Unread};
use seedrow::dataset::spellings::Spellings;
use seedrow::postgres::catalog::{self, Scope};
use tokio_postgres::Client;

use crate::shop::{DATASET, SCHEMA, Shop};
use crate::support::{Db, block_on, connect};

/// Types that columns are given, with modifiers and without.
pub const TYPES: &[&str] = &[
    "boolean",
    "smallint",
    "integer",
    "bigint",
    "real",
    "double precision",
    "numeric",
    "numeric(6,2)",
    "numeric(2,-1)",
    "text",
    "varchar",
    "varchar(4)",
    "char(4)",
    "bpchar",
    "name",
    "\"char\"",
    "bytea",
    "date",
    "time",
    "time(2)",
    "timetz",
    "timestamp",
    "timestamp(1)",
    "timestamptz",
    "timestamptz(0)",
    "interval",
    "interval(1)",
    "interval hour to minute",
    "uuid",
    "json",
    "jsonb",
    "inet",
    "cidr",
    "macaddr",
    "macaddr8",
    "bit",
    "bit(3)",
    "varbit",
    "varbit(5)",
    "money",
    "oid",
    "point",
    "tsvector",
    "tsquery",
    "pg_lsn",
    "mood",
    "small",
    "moods",
    "pair",
    "integer[]",
    "text[]",
    "varchar(4)[]",
    "numeric(6,2)[]",
    "date[]",
    "mood[]",
    "small[]",
    "jsonb[]",
    "box[]",
    "int4range",
    "int8range",
    "numrange",
    "daterange",
    "tsrange",
    "tstzrange",
    "textrange",
    "int4multirange",
    "datemultirange",
    "textmultirange",
    "int4range[]",
    "bytea[]",
];

pub const SETUP: &str = "
    CREATE TYPE mood AS ENUM ('sad', 'ok', 'so, so', '1');
    CREATE DOMAIN small AS numeric(4,1) CHECK (VALUE < 100);
    CREATE DOMAIN moods AS mood[];
    CREATE TYPE pair AS (a integer, b text);
    CREATE TYPE textrange AS RANGE (subtype = text, collation = \"C\");
    CREATE FUNCTION takes(relation text, number integer, value text) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
        EXECUTE format('INSERT INTO %I VALUES (%s, %L)', relation, number, value);
        RETURN true;
    EXCEPTION WHEN OTHERS THEN
        RETURN false;
    END $$";

/// Each of them goes into a column of each type.
pub const TEXTS: &[&str] = &[
    "",
    " ",
    "x",
    "abcd",
    "abcde",
    "ab     ",
    "é",
    "Grün",
    "a\\b",
    "a'b",
    "a\"b",
    "so, so",
    "sad",
    "OK",
    "ok",
    " ok",
    // booleans and numbers
    "t",
    "TRUE",
    "y",
    "off",
    "o",
    "0",
    "1",
    "2",
    "-1",
    "+7",
    " 42 ",
    "\t7\n",
    "007",
    "32767",
    "32768",
    "-32768",
    "2147483647",
    "2147483648",
    "-2147483649",
    "9223372036854775807",
    "9223372036854775808",
    "1.5",
    "-0.05",
    ".5",
    "5.",
    "1e3",
    "1E-3",
    "1e400",
    "1e-400",
    "4.9e-324",
    "1e-50",
    "3.4028235e38",
    "3.5e38",
    "0.1",
    "123456.789",
    "1234.565",
    "99.95",
    "-99.94",
    "99.96",
    "9999.994",
    "9999.995",
    "15",
    "1e15",
    "1e14",
    "123456789012345678",
    "1e-5",
    "0.0001",
    "1234567",
    "16777217",
    "NaN",
    "nan",
    "-NaN",
    "Infinity",
    "-infinity",
    "inf",
    "+inf",
    "infinite",
    "1,5",
    "$1.50",
    "0.00000000000000000000000000000000001",
    "-0",
    "-0.0",
    "1_000",
    "1 2",
    "--1",
    "1e",
    "e5",
    ".",
    // times
    "2024-02-29",
    "2023-02-29",
    "0001-01-01",
    "0044-03-15 BC",
    "4714-11-24 BC",
    "4714-11-23 BC",
    "10000-01-01",
    "5874897-12-31",
    "5874898-01-01",
    "294276-12-31 23:59:59.999999",
    "294277-01-01",
    "2024-03-01T00:30:00+02:00",
    "2024-03-01 00:30:00.123456-03:30",
    "2024-02-29 12:00:00.1234565",
    "2024-02-29 12:00:00.9999995",
    "2024-02-29 12:00:00.99999949999999999",
    "2024-02-29 24:00:00",
    "2024-02-29 23:59:60",
    "2024-02-29 24:00:01",
    "2024-02-29 12:00 UTC",
    "2024-02-29T12:00:00Z",
    "2024-02-29 12:00:00 BC",
    "2024-02-29T12:00:00-00:44:30",
    "2024-02-29 12:00+16:00",
    " 2024-02-29 ",
    "12:00",
    "12:00:00.5",
    "23:59:60",
    "24:00:00",
    "24:00:01",
    "12:00:61",
    "12:60",
    "12:00+02",
    "12:00:00.123456789Z",
    "12:00 -05:30",
    "12:00-15:59:59",
    "04:05 PM",
    "allballs",
    "1 year",
    "1 year 2 mons 3 days 04:05:06.789",
    "14 months",
    "100:00:00",
    "3 days 04:05:06",
    "1 day ago",
    "-1 day",
    "P1Y2M",
    "0 days",
    "1 day 1 day",
    "2147483648 days",
    "999999999:59:59.9999999",
    // bits, bytes, addresses
    "0101",
    "101",
    "B101",
    "xF",
    "x1f",
    "b2",
    "\\x00ff",
    "\\xDE ad",
    "\\x0",
    "\\xzz",
    "\\000a\\\\",
    "\\400",
    "\\",
    "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    "{A0EEBC999C0B4EF8BB6D6BB9BD380A11}",
    " a0eebc999c0b4ef8bb6d6bb9bd380a11",
    "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11",
    "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11-",
    "1.2.3.4",
    "1.2.3.4/24",
    "10.0.0.0/8",
    "10/8",
    "0.0.0.0/0",
    "1.2.3.4/33",
    "192.168.0.0/16",
    "1.2.3.4/032",
    "::1",
    "::/0",
    "2001:DB8::/32",
    "2001:db8::1/32",
    "::ffff:1.2.3.4",
    "::1.2.3.4",
    "1:0:0:2::3",
    "fe80::1%eth0",
    "01.02.03.04",
    "08:00:2b:01:02:03",
    "08-00-2B-01-02-03",
    "8:0:2b:1:2:3",
    "0800.2b01.0203",
    "08:00:2b:ff:fe:01:02:03",
    "16/B374D848",
    "(1,2)",
    // JSON
    "{}",
    "[]",
    "null",
    "\"x\"",
    "{\"a\": [1, 2.50, null]}",
    "{\"a\": 1, \"a\": 2}",
    "{a:1}",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\\u00e9\"",
    "[1,]",
    "01",
    "1e1000000",
    " { } ",
    "\"a\tb\"",
    // arrays, ranges
    "{1,2,3}",
    "{1,NULL,3}",
    "{ 1 , 2 }",
    "{\"1\",\"null\"}",
    "{sad,\"so, so\"}",
    "{null}",
    "{a\\,b}",
    "{{1},{2}}",
    "[0:1]={1,2}",
    "{1,}",
    "{",
    "{}x",
    "{abcde}",
    "{2024-02-29}",
    "{\"{}\"}",
    "{\"a\\\"b\"}",
    "{(1,1),(0,0);(2,2),(1,1)}",
    "[1,5)",
    "(1,5]",
    "[1,1)",
    "[5,1]",
    "(,5]",
    "[1,)",
    "(,)",
    "empty",
    " EMPTY ",
    "[ 1 , 5 )",
    "[1,5",
    "[a,b]",
    "[\"a,b\",\"c\"\"d\"]",
    "[2024-01-01,2024-02-01)",
    "[2024-01-01,infinity]",
    "[\"2024-01-01 12:00\",)",
    "{[1,5),[7,9)}",
    "{[1,5), [3,9),empty}",
    "{[1,5)",
    "{[2024-01-01,2024-02-01)}",
    "{\"[1,5)\"}",
    "{\\\\x00}",
    "{\"\\\\x00\"}",
];

/// Types that accept fewer spellings here than on the server: dates are never guessed.
fn is_stricter(data_type: &DataType) -> bool {
    let base = match &data_type.base().kind {
        seedrow::copy::TypeKind::Array(inner, _)
        | seedrow::copy::TypeKind::Range(inner)
        | seedrow::copy::TypeKind::Multirange(inner) => return is_stricter(inner),
        _ => data_type.scalar(),
    };
    matches!(
        base,
        Some(Scalar::Date | Scalar::Timestamp | Scalar::Timestamptz)
    )
}

/// A column's tables: one filled by the server from text, one with what was written here in binary.
struct Twins<'a> {
    client: &'a Client,
    name: String,
    data_type: DataType,
}

impl Twins<'_> {
    async fn copy(&self, rows: &[u8]) -> Result<u64, tokio_postgres::Error> {
        let statement = format!("COPY {}_binary FROM STDIN (FORMAT binary)", self.name);
        let sink = self.client.copy_in(&statement).await?;
        let mut sink = std::pin::pin!(sink);
        let format = CopyFormat::Binary;
        let bytes = [format.prologue(), rows, format.epilogue()].concat();
        // An error is reported at the end.
        let _ = sink.send(Bytes::from(bytes)).await;
        sink.finish().await
    }

    /// The texts that the server takes, by their position.
    async fn taken(&self) -> HashSet<usize> {
        let sql = "SELECT takes($1, n::integer, value) FROM unnest($2::text[]) WITH ORDINALITY AS all_texts (value, n)";
        let relation = format!("{}_text", self.name);
        let rows = self.client.query(sql, &[&relation, &TEXTS]).await.unwrap();
        let taken = rows.iter().enumerate().filter(|(_, row)| row.get(0));
        taken.map(|(at, _)| at).collect()
    }

    /// Values that aren't the same in both tables.
    async fn differences(&self) -> Vec<String> {
        let sql = format!(
            "SELECT concat_ws(' | ', b.n, b.v::text, t.v::text)
            FROM {0}_binary AS b
            LEFT JOIN {0}_text AS t USING (n)
            WHERE b.v::text IS DISTINCT FROM t.v::text",
            self.name
        );
        let rows = self.client.query(&sql, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    async fn values(&self) -> Vec<(usize, String)> {
        let sql = format!("SELECT n, v::text FROM {}_binary", self.name);
        let rows = self.client.query(&sql, &[]).await.unwrap();
        let value = |row: &tokio_postgres::Row| {
            (
                usize::try_from(row.get::<_, i32>(0)).unwrap() - 1,
                row.get(1),
            )
        };
        rows.iter().map(value).collect()
    }
}

fn row(number: usize, data_type: &DataType, text: &str) -> Result<Vec<u8>, Unread> {
    let mut out = Vec::new();
    begin_row(2, &mut out);
    fixed(i32::try_from(number + 1).unwrap().to_be_bytes(), &mut out);
    write_binary(data_type, text.as_bytes(), &mut out)?;
    Ok(out)
}

/// What differs from the server for a column of a type, and how many texts were written in binary.
async fn compare(client: &Client, number: usize, type_name: &str) -> (Vec<String>, usize) {
    let name = format!("t{number}");
    let create = format!(
        "CREATE TABLE {name}_text (n integer, v {type_name}); CREATE TABLE {name}_binary (n integer, v {type_name})"
    );
    client.batch_execute(&create).await.unwrap();
    let oid = catalog::find(client, None, &format!("{name}_binary")).await;
    let oid = oid.unwrap().unwrap();
    let columns = catalog::columns(client, Scope::Tables(&[oid]))
        .await
        .unwrap();
    let twins = Twins {
        client,
        name,
        data_type: columns[1].data_type.clone(),
    };
    let taken = twins.taken().await;
    let mut wrong = Vec::new();
    let (mut rows, mut written) = (Vec::new(), 0);
    for (at, text) in TEXTS.iter().enumerate() {
        match row(at, &twins.data_type, text) {
            Ok(bytes) if taken.contains(&at) => {
                rows.extend(bytes);
                written += 1;
            }
            // What the server judges itself it must reject in binary too.
            Ok(bytes) => {
                if twins.copy(&bytes).await.is_ok() {
                    wrong.push(format!(
                        "{type_name}: {text:?} is written, and the server rejects the text"
                    ));
                }
            }
            Err(Unread::Invalid(reason)) => {
                if taken.contains(&at) && !is_stricter(&twins.data_type) {
                    wrong.push(format!(
                        "{type_name}: {text:?} {reason}, and the server takes it"
                    ));
                }
            }
            Err(Unread::Undecided) => {
                if twins.data_type.coverage() == ParserCoverage::Complete {
                    wrong.push(format!("{type_name}: {text:?} is undecided"));
                }
            }
        }
    }
    if let Err(error) = twins.copy(&rows).await {
        wrong.push(format!("{type_name}: {error:?}"));
    }
    let differences = twins.differences().await.into_iter();
    wrong.extend(differences.map(|it| format!("{type_name}: {it}")));
    wrong.extend(written_otherwise(&twins).await);
    if written > 0 && twins.data_type.coverage() == ParserCoverage::None {
        wrong.push(format!("{type_name}: written without coverage"));
    }
    (wrong, written)
}

/// The values whose text here isn't the server's: of scalars without modifier, whose text is the same in and out.
async fn written_otherwise(twins: &Twins<'_>) -> Vec<String> {
    let scalar = match twins.data_type.scalar() {
        None | Some(Scalar::Jsonb | Scalar::Bpchar) => return Vec::new(),
        Some(scalar) => scalar,
    };
    if twins.data_type.base().modifier != -1 {
        return Vec::new();
    }
    let reader = ColumnReader::new(&twins.data_type, &Spellings::default());
    let mut wrong = Vec::new();
    for (at, servers) in twins.values().await {
        let mut out = Vec::new();
        let read = reader.write_text(TEXTS[at].as_bytes(), &mut out);
        let own = String::from_utf8(out).unwrap();
        // Bare numbers mean nothing in columns of times.
        if read.is_ok() && own != servers {
            wrong.push(format!("{scalar:?}: {own:?} here, {servers:?} there"));
        }
    }
    wrong
}

#[test]
fn values_of_every_type_are_the_servers_own() {
    let db = Db::new("column_types");
    let (wrong, unwritten) = block_on(async {
        let client = connect(&db.url()).await;
        client.batch_execute("SET TimeZone = 'UTC'").await.unwrap();
        client.batch_execute(SETUP).await.unwrap();
        let (mut wrong, mut unwritten) = (Vec::new(), Vec::new());
        for (number, type_name) in TYPES.iter().enumerate() {
            let (differences, written) = compare(&client, number, type_name).await;
            wrong.extend(differences);
            if written == 0 {
                unwritten.push(*type_name);
            }
        }
        (wrong, unwritten)
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let only_text = [
        "\"char\"",
        "interval hour to minute",
        "money",
        "oid",
        "point",
        "tsvector",
        "tsquery",
        "pg_lsn",
        "pair",
        "box[]",
    ];
    assert_eq!(unwritten, only_text, "types that only the server reads");
}

/// A shop whose pets have columns of types that are read here in their usual spellings only.
fn ages(test: &str) -> Shop {
    let shop = Shop::new(test);
    let columns = "name text, age interval, tags text[], wakes time,";
    shop.dir.write(
        "schema.sql",
        SCHEMA.replace("name text,\n    weight", &format!("{columns}\n    weight")),
    );
    let name = "name = { make = \"phrase\", of = \"Rex\" }";
    let others = ["age", "tags", "wakes"].map(|it| name.replace("name", it));
    let dataset = DATASET.replace(name, &format!("{name}\n{}", others.join("\n")));
    shop.dir.write("shop.toml", dataset);
    shop
}

#[test]
fn values_that_only_the_server_reads_go_as_text_among_others() {
    const ROWS: usize = 60_000;
    let shop = ages("server_reads");
    let mut pets = "id,owner_id,name,age,tags,wakes,weight\n".to_owned();
    for id in 1..=ROWS {
        // Early, late and in the middle of what is sent at once.
        let (age, tags, wakes) = match id {
            5 | 50_000 => ("1 hour ago", "\"{a,b}\"", "06:30"),
            30_000 => ("1 day 02:00:00", "\"[0:1]={a,b}\"", "06:30"),
            ROWS => ("1 day 02:00:00", "\"{a,b}\"", "06:00 PM"),
            _ => ("1 day 02:00:00", "\"{a,b}\"", "06:30"),
        };
        writeln!(
            pets,
            "{id},1,Rex the\tdog\\,{age},{tags},{wakes},{}",
            id % 90
        )
        .unwrap();
    }
    shop.pets(&pets);
    shop.load(&[]).exits(0);
    let counts = shop.db.value(
        "SELECT concat_ws(' ', count(*), sum(id), count(*) FILTER (WHERE name = E'Rex the\\tdog\\\\'),
            count(*) FILTER (WHERE age = '26 hours'), count(*) FILTER (WHERE age = '-1 hour'),
            count(*) FILTER (WHERE tags = '{a,b}'), count(*) FILTER (WHERE array_lower(tags, 1) = 0),
            count(*) FILTER (WHERE wakes = '06:30'), count(*) FILTER (WHERE wakes = '18:00'))
        FROM pets",
    );
    let sum = ROWS * (ROWS + 1) / 2;
    let (usual, all_but_one) = (ROWS - 2, ROWS - 1);
    assert_eq!(
        counts,
        format!("{ROWS} {sum} {ROWS} {usual} 2 {all_but_one} 1 {all_but_one} 1")
    );
}

#[test]
fn values_that_the_server_rejects_as_text_name_their_line() {
    let shop = ages("server_rejects_text");
    shop.pets(
        "id,owner_id,name,age,tags,wakes,weight\n\
        1,1,a,1 day,{},12:00,1\n\
        2,1,b,1 day,{},noonish,1\n\
        3,1,c,1 day ago,{},12:00,1\n\
        4,1,d,soon,{},12:00,1\n\
        5,1,e,1 day,{},12:00,1\n",
    );
    shop.load(&[])
        .exits(2)
        .stderr_has("data/pets.csv, line 3: wakes \"noonish\": invalid input syntax for type time");
    shop.load(&["--max-rejects", "2"]).exits(0);
    assert_eq!(
        shop.db
            .value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM pets"),
        "1 3 5"
    );
    let rejects = shop.dir.read("rejects/pets.csv");
    assert!(
        rejects.contains("\n3,wakes,") || rejects.contains("noonish"),
        "{rejects}"
    );
    assert_eq!(rejects.lines().count(), 3, "{rejects}");
}
