//! Constraints on a real server: that it prints them as the reader's table has them, that rows within what is read satisfy
//! them, and that it judges candidates for the others.

use seedrow::copy::DataType;
use seedrow::infer::checks::pool::{PoolColumn, candidates, pool};
use seedrow::infer::checks::{Check, CheckReading, CheckedColumn, read_table};
use seedrow::infer::domain::Limits;
use seedrow::postgres::catalog::{self, Scope};
use seedrow::postgres::judge::{Candidates, base_types, condition, judge};
use seedrow::postgres::name::literal;
use tokio_postgres::{Client, NoTls};

use crate::support::{Db, block_on};

mod draw;

use draw::Drawn;

/// A form of constraint: its columns, and how Postgres prints it.
struct Form {
    table: String,
    declared: &'static str,
    check: &'static str,
}

fn forms() -> Vec<Form> {
    let text = include_str!("../fixtures/checks/forms.txt");
    let lines: Vec<&str> = text
        .lines()
        .filter(|it| !it.is_empty() && !it.starts_with('#'))
        .collect();
    let form = |(at, lines): (usize, &[&'static str])| Form {
        table: format!("t{at}"),
        declared: lines[0],
        check: lines[1],
    };
    lines.chunks(3).enumerate().map(form).collect()
}

impl Form {
    /// What creates the table; an enum is named after its column.
    fn ddl(&self) -> String {
        let mut types = String::new();
        let column = |declared: &str| {
            let (name, kind) = declared.split_once(' ').unwrap();
            let (kind, not_null) = match kind.strip_suffix('!') {
                Some(kind) => (kind, " NOT NULL"),
                None => (kind, ""),
            };
            let kind = match kind.strip_prefix("enum(") {
                Some(labels) => {
                    let labels = labels.trim_end_matches(')').replace('|', "', '");
                    types += &format!(
                        "CREATE TYPE {}.{name}_kind AS ENUM ('{labels}'); ",
                        self.table
                    );
                    format!("{}.{name}_kind", self.table)
                }
                None => kind.replace("float", "double precision"),
            };
            format!("\"{name}\" {kind}{not_null}")
        };
        let columns: Vec<String> = self.declared.split(", ").map(column).collect();
        let (table, check) = (&self.table, self.check);
        format!(
            "CREATE SCHEMA {table}; SET search_path = {table}, public; {types}CREATE TABLE {table} ({}, CONSTRAINT \"check\" {check});",
            columns.join(", ")
        )
    }
}

/// A table's columns as the catalog has them.
struct Columns(Vec<catalog::Column>);

impl Columns {
    fn checked(&self) -> Vec<CheckedColumn<'_>> {
        let mut checked = Vec::new();
        for column in &self.0 {
            checked.push(CheckedColumn {
                name: &column.name,
                data_type: &column.data_type,
                not_null: column.not_null,
                limits: Limits::default(),
                is_key: false,
            });
        }
        checked
    }

    fn reading(&self, check: &str) -> CheckReading {
        let check = Check {
            name: "check",
            definition: check,
        };
        read_table(&[check], &self.checked())
    }
}

async fn connected(db: &Db) -> Client {
    let (client, connection) = tokio_postgres::connect(&db.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn columns_of(client: &Client, table: &str) -> Columns {
    let found = catalog::tables(client, Scope::Schema(table)).await.unwrap();
    let oids: Vec<u32> = found.iter().map(|it| it.oid).collect();
    Columns(
        catalog::columns(client, Scope::Tables(&oids))
            .await
            .unwrap(),
    )
}

#[test]
fn rows_within_what_is_read_satisfy_the_constraint() {
    let db = Db::new("rows_within_what_is_read_satisfy_the_constraint");
    let forms = forms();
    let ddl: String = forms.iter().map(Form::ddl).collect();
    db.execute(&ddl);
    block_on(async {
        let client = connected(&db).await;
        for form in &forms {
            let table = &form.table;
            let columns = columns_of(&client, table).await;
            let reading = columns.reading(form.check);
            let again = columns.reading(&printed(&client, table).await);
            let found = |it: &CheckReading| (it.limits.clone(), it.relations.clone());
            assert_eq!(found(&again), found(&reading), "{}", form.check);
            if !reading.unread.is_empty() {
                continue;
            }
            let rows = Drawn::new(&columns.0, &reading).rows(60);
            assert!(rows.len() >= 20, "{} rows for {}", rows.len(), form.check);
            let insert = format!("INSERT INTO {table}.{table} VALUES {}", values(&rows));
            let inserted = client.batch_execute(&insert).await;
            inserted.unwrap_or_else(|error| panic!("{}\n{error:?}", form.check));
        }
    });
}

/// How the server prints the constraint: as the form has it, or so that the same is read from it.
async fn printed(client: &Client, table: &str) -> String {
    let path = format!("SET search_path = {table}, public");
    client.batch_execute(&path).await.unwrap();
    let sql = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = $1::text::regclass AND contype = 'c'";
    client.query_one(sql, &[&table]).await.unwrap().get(0)
}

fn values(rows: &[Vec<Option<String>>]) -> String {
    let value = |it: &Option<String>| match it {
        Some(text) => literal(text),
        None => "NULL".to_owned(),
    };
    let row = |it: &Vec<Option<String>>| {
        format!("({})", it.iter().map(value).collect::<Vec<_>>().join(", "))
    };
    rows.iter().map(row).collect::<Vec<_>>().join(", ")
}

#[test]
fn candidates_that_the_server_accepts_satisfy_a_constraint_that_is_not_understood() {
    let db =
        Db::new("candidates_that_the_server_accepts_satisfy_a_constraint_that_is_not_understood");
    db.execute(
        "CREATE FUNCTION is_plain(t text) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN t !~ '\\s{2}' AND length(t) > 2;
         CREATE FUNCTION fails(i integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
           $$ BEGIN IF i % 7 = 0 THEN RAISE 'seven'; END IF; RETURN i > 5; END $$;
         CREATE DOMAIN plain AS varchar(9) CHECK (is_plain(VALUE));
         CREATE TABLE t0 (label text, CHECK (is_plain(label)));
         CREATE TABLE t1 (a integer, b integer, c integer, CHECK (a + b = c));
         CREATE TABLE t2 (a integer, CHECK (100 / a > 5));
         CREATE TABLE t3 (a integer, CHECK (fails(a)));
         CREATE TABLE t4 (kind text, size integer, CHECK (strpos(concat(kind, size), ' | ') > 0));
         CREATE TABLE t5 (label text NOT NULL, CHECK (reverse(label) <> label));
         CREATE TABLE t6 (code text NOT NULL, CHECK (md5(code) = 'x'))",
    );
    block_on(async {
        let mut client = connected(&db).await;
        let tables = catalog::tables(&client, Scope::Schema("public"))
            .await
            .unwrap();
        for table in tables {
            let accepted = pooled(&mut client, &table).await;
            assert_eq!(accepted, table.name.name != "t6", "{}", table.name.name);
        }
        assert_eq!(domain(&mut client).await, [false, true, false]);
    });
}

/// Whether there is a pool of what a table's only constraint accepts; its entries are inserted.
async fn pooled(client: &mut Client, table: &catalog::Table) -> bool {
    let columns = catalog::columns(client, Scope::Tables(&[table.oid]))
        .await
        .unwrap();
    let sql =
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = $1 AND contype = 'c'";
    let definition: String = client.query_one(sql, &[&table.oid]).await.unwrap().get(0);
    let types: Vec<(u32, i32)> = columns
        .iter()
        .map(|it| (it.data_type.oid, it.data_type.modifier))
        .collect();
    let types = base_types(client, &types).await.unwrap();
    let named: Vec<(&str, String)> = columns
        .iter()
        .map(|it| it.name.as_str())
        .zip(types)
        .collect();
    let pool_columns: Vec<PoolColumn> = columns.iter().map(pool_column).collect();
    let rows = candidates(&definition, &pool_columns);
    let tried = Candidates {
        columns: &named,
        condition: condition(&definition),
        rows: &rows,
    };
    let accepted = judge(client, &tried).await.unwrap().accepted;
    let Some(pool) = pool(&pool_columns, &rows, &accepted) else {
        return false;
    };
    let entries: Vec<Vec<Option<String>>> = pool
        .entries
        .iter()
        .map(|it| it.iter().cloned().map(Some).collect())
        .collect();
    let sql = format!(
        "INSERT INTO {} ({}) VALUES {}",
        table.name.name,
        pool.columns.join(", "),
        values(&entries)
    );
    client
        .batch_execute(&sql)
        .await
        .unwrap_or_else(|error| panic!("{definition}\n{error:?}"));
    true
}

/// What the domain accepts of three values: its base type checks nothing, so that none of them ends the query.
async fn domain(client: &mut Client) -> Vec<bool> {
    let sql = "SELECT t.oid, pg_get_constraintdef(c.oid) FROM pg_type AS t JOIN pg_constraint AS c ON c.contypid = t.oid \
               WHERE t.typname = 'plain'";
    let row = client.query_one(sql, &[]).await.unwrap();
    let types = base_types(client, &[(row.get(0), -1)]).await.unwrap();
    assert_eq!(types, ["character varying(9)"]);
    let definition: String = row.get(1);
    let rows = ["x", "plain", "two  blanks"].map(|it| vec![Some(it.to_owned())]);
    let tried = Candidates {
        columns: &[("value", types[0].clone())],
        condition: condition(&definition),
        rows: &rows,
    };
    judge(client, &tried).await.unwrap().accepted
}

fn pool_column(column: &catalog::Column) -> PoolColumn<'_> {
    let data_type: &DataType = &column.data_type;
    let limits = Limits {
        not_null: column.not_null,
        ..Limits::default()
    };
    PoolColumn {
        name: &column.name,
        data_type,
        limits,
        made: Vec::new(),
        only_made: false,
    }
}
