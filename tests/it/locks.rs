//! Messages about lock holders when a command waits for a lock.

use std::fs;

use crate::shop::Session;
use crate::support::{Db, PrivateHome, block_on, execute_at, seedrow, value_at};
use seedrow::postgres::locks::{Holder, HolderIdentity, advisory_holders, holders};
use tokio_postgres::{Client, NoTls};

const KEY: i64 = 0x5EED_0000_0000_0001;

/// Asks on a connection of its own.
fn ask<T>(url: &str, question: impl AsyncFn(&Client) -> anyhow::Result<T>) -> T {
    block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        tokio::spawn(connection);
        question(&client).await.unwrap()
    })
}

fn holders_of(url: &str, tables: &[&str]) -> Vec<Holder> {
    let oids: Vec<u32> = tables
        .iter()
        .map(|table| {
            let oid = value_at(url, &format!("SELECT '{table}'::regclass::oid"));
            oid.parse().unwrap()
        })
        .collect();
    ask(url, async |client| holders(client, &oids).await)
}

#[test]
fn a_session_that_holds_a_table_is_named_with_what_it_does() {
    let db = Db::new("named");
    db.execute(
        "CREATE TABLE products (id int); CREATE TABLE styles (id int); CREATE TABLE skus (id int)",
    );
    let other = Session::new(&format!("{}&application_name=till", db.url()));
    other.execute("BEGIN; INSERT INTO skus VALUES (1); SELECT * FROM styles");
    other.execute("UPDATE products\nSET id = 2");
    let [holder] = &holders_of(&db.url(), &["products", "styles"])[..] else {
        panic!("one session holds them");
    };
    let HolderIdentity::Session(pid) = holder.identity else {
        panic!("{holder:?}");
    };
    let line = holder.to_string();
    let start = format!("pid {pid} (app \"till\", role postgres, idle in transaction, started ");
    assert!(line.starts_with(&start), "{line}");
    let end = " s ago): UPDATE products, holds RowExclusiveLock on public.products, AccessShareLock on public.styles";
    assert!(line.ends_with(end), "{line}");
    other.execute("COMMIT");
    assert_eq!(holders_of(&db.url(), &["products", "styles"]), []);
}

#[test]
fn the_strongest_lock_comes_first() {
    let db = Db::new("strongest");
    db.execute("CREATE TABLE products (id int)");
    let (reader, writer) = (Session::new(&db.url()), Session::new(&db.url()));
    reader.execute("BEGIN; SELECT * FROM products");
    writer.execute("BEGIN; INSERT INTO products VALUES (1)");
    let held = holders_of(&db.url(), &["products"]);
    let modes: Vec<&str> = held
        .iter()
        .map(|holder| holder.locks[0].mode.as_str())
        .collect();
    assert_eq!(modes, ["RowExclusiveLock", "AccessShareLock"]);
}

#[test]
fn a_role_that_may_not_see_what_others_do_still_learns_who_it_is() {
    let db = Db::new("hidden");
    db.execute("CREATE TABLE products (id int)");
    db.execute(
        "DO $$ BEGIN CREATE ROLE unprivileged; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    );
    let other = Session::new(&db.url());
    other.execute("BEGIN; LOCK TABLE products");
    let url = format!("{}&options=-c%20role%3Dunprivileged", db.url());
    let held = holders_of(&url, &["products"]);
    let line = held[0].to_string();
    let end = "(role postgres, its state is hidden from this role), holds AccessExclusiveLock on public.products";
    assert!(line.ends_with(end), "{line}");
}

#[test]
fn those_who_hold_an_advisory_lock_of_this_database_are_named() {
    let (db, elsewhere) = (Db::new("advisory"), Db::new("advisory_elsewhere"));
    let held = || {
        ask(&db.url(), async |client| {
            advisory_holders(client, KEY).await
        })
    };
    let (one, two) = (Session::new(&db.url()), Session::new(&db.url()));
    let far = Session::new(&elsewhere.url());
    far.execute(&format!("SELECT pg_advisory_lock({KEY})"));
    // The same bits as two integers make another lock.
    one.execute("SELECT pg_advisory_lock(1592590336, 1)");
    assert_eq!(held(), []);
    one.execute(&format!("SELECT pg_advisory_lock_shared({KEY})"));
    two.execute(&format!("SELECT pg_advisory_lock_shared({KEY})"));
    let found = held();
    assert_eq!(found.len(), 2);
    let line = found[0].to_string();
    assert!(
        line.contains("(role postgres, idle for 0 s): SELECT pg_advisory_lock_shared("),
        "{line}"
    );
    assert!(
        line.ends_with(", holds ShareLock on the advisory lock"),
        "{line}"
    );
}

#[test]
fn a_prepared_transaction_holds_its_locks_without_a_session() {
    let home = PrivateHome::used("prepared");
    let url = {
        let lease = home.lease();
        let url = lease.url("postgres");
        execute_at(&url, "ALTER SYSTEM SET max_prepared_transactions = 2");
        url
    };
    home.wait_until_down();
    let _lease = home.lease();
    execute_at(&url, "CREATE TABLE products (id int)");
    execute_at(
        &url,
        "BEGIN; LOCK TABLE products; PREPARE TRANSACTION 'order 7'",
    );
    let held = holders_of(&url, &["products"]);
    let line = held[0].to_string();
    let start = "prepared transaction \"order 7\" (role postgres, prepared, started ";
    assert!(line.starts_with(start), "{line}");
    let end = "holds AccessExclusiveLock on public.products";
    assert!(line.ends_with(end), "{line}");
    execute_at(&url, "ROLLBACK PREPARED 'order 7'");
}

#[test]
fn more_relations_than_a_transaction_can_lock_are_checked() {
    let home = PrivateHome::used("few_locks");
    for folder in home.home().finished_data() {
        let path = folder.join("postgresql.auto.conf");
        let tuning = fs::read_to_string(&path).unwrap();
        let few = format!("{tuning}max_locks_per_transaction = '10'\n");
        fs::write(&path, few).unwrap();
    }
    let lease = home.lease();
    let url = lease.url("postgres");
    // 4,500 indexes: with 10 locks for each of 100 connections, and what memory the server has to spare, fewer are locked.
    execute_at(
        &url,
        "DO $$ BEGIN
            FOR t IN 1 .. 45 LOOP
                EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, parent_id int REFERENCES t%1$s)', t);
                FOR i IN 1 .. 99 LOOP
                    EXECUTE format('CREATE INDEX ON t%s (parent_id)', t);
                END LOOP;
                COMMIT;
            END LOOP;
        END $$",
    );
    seedrow(["check", "--only", "coverage", "--url", &url])
        .exits(0)
        .stdout_has("foreign keys: 45 of 45 have an index");
}
