//! A primary whose changes are replicated, and a standby: a copy of its data folder that replays its log.

use std::fs;
use std::process::Command;

use crate::shop::SCHEMA;
use crate::stress::dataset;
use crate::support::{PrivateHome, Workdir, execute_at, rows_at, seedrow, value_at};

/// A home whose server keeps a log for subscribers and standbys.
fn replicated(test: &str) -> PrivateHome {
    let home = PrivateHome::used(test);
    for folder in home.home().finished_data() {
        let path = folder.join("postgresql.auto.conf");
        let tuning = fs::read_to_string(&path).unwrap();
        fs::write(
            &path,
            format!("{tuning}wal_level = 'logical'\nmax_wal_senders = '4'\n"),
        )
        .unwrap();
    }
    home
}

/// A home with a copy of another one's data, which is down, as a standby of it.
fn standby_of(primary: &PrivateHome, test: &str) -> PrivateHome {
    let standby = PrivateHome::new(test);
    standby.home().prepare().unwrap();
    for folder in primary.home().finished_data() {
        let copy = Command::new("cp")
            .arg("-a")
            .arg(&folder)
            .arg(standby.home().folder())
            .status();
        assert!(copy.unwrap().success());
    }
    for folder in standby.home().finished_data() {
        fs::write(folder.join("standby.signal"), "").unwrap();
    }
    standby
}

#[test]
fn what_is_published_is_announced_and_truncated_together() {
    let dir = Workdir::new("published");
    dir.write("data/owners.csv", "id,name\n1,Ann\n2,Bob\n");
    dir.write(
        "data/pets.csv",
        "id,owner_id,name,weight\n1,1,Rex,30\n2,2,Mia,4\n",
    );
    let home = replicated("published");
    let lease = home.lease();
    let url = lease.url("postgres");
    execute_at(&url, SCHEMA);
    execute_at(
        &url,
        "INSERT INTO owners VALUES (7, 'Old'); INSERT INTO pets VALUES (7, 7, 'Old', 1);
        CREATE PUBLICATION changes FOR TABLE owners, pets;
        CREATE PUBLICATION everything FOR ALL TABLES",
    );
    let slot = "SELECT pg_create_logical_replication_slot('subscriber', 'pgoutput')";
    execute_at(&url, slot);
    let load = ["load", "data", "--url", &url, "--replace"];
    dir.seedrow(load)
        .exits(0)
        .stderr_has("load: publication changes replicates 2 of 2 tables: every row that is loaded into them, to 1 replication slot")
        .stderr_has("publication everything is FOR ALL TABLES and replicates seedrow's ledger, too");
    // Of pgoutput's messages: T is a TRUNCATE with the number of its tables, I an inserted row.
    let sent = rows_at(
        &url,
        "SELECT convert_from(substr(data, 1, 1), 'UTF8'), count(*), max(get_byte(substr(data, 2, 4), 3))
        FROM pg_logical_slot_get_binary_changes('subscriber', NULL, NULL, 'proto_version', '1', 'publication_names', 'changes')
        WHERE substr(data, 1, 1) IN ('T', 'I')
        GROUP BY 1
        ORDER BY 1",
    );
    let sent: Vec<String> = sent
        .into_iter()
        .map(|row| row.into_iter().flatten().collect::<Vec<_>>().join(" "))
        .collect();
    assert!(sent[0].starts_with("I 4 "), "{sent:?}");
    assert_eq!(sent[1], "T 1 2", "both tables at once");
}

#[test]
fn a_standby_is_checked_and_what_writes_is_refused_in_a_line() {
    let primary = replicated("primary");
    let lease = primary.lease();
    execute_at(
        &lease.url("postgres"),
        "CREATE TABLE shops (id int PRIMARY KEY);
        CREATE TABLE orders (id int PRIMARY KEY, shop_id int REFERENCES shops, pad text);
        INSERT INTO shops SELECT generate_series(1, 10000);
        INSERT INTO orders SELECT i, 1 + i % 10000, repeat('p', 100) FROM generate_series(1, 40000) AS i;
        CREATE INDEX orders_shop_id_idx ON orders (shop_id)",
    );
    let settled = [
        "check",
        "--settle",
        "--only",
        "plans",
        "--url",
        &lease.url("postgres"),
    ];
    seedrow(settled).exits(0);
    drop(lease);
    primary.wait_until_down();
    let standby = standby_of(&primary, "standby");
    let (first, second) = (primary.lease(), standby.lease());
    let (url, replica) = (first.url("postgres"), second.url("postgres"));
    assert_eq!(value_at(&replica, "SELECT pg_is_in_recovery()"), "t");
    let dir = dataset("standby");
    dir.write("data/shops.csv", "id\n1\n");
    dir.seedrow(["check", "--url", &replica]).exits(0);
    dir.seedrow(["index", "--url", &replica]).exits(0);
    dir.seedrow(["init", "--ignore-rows", "--url", &replica])
        .exits(0)
        .stdout_has("no trial: ")
        .stdout_has("is a standby, which is read-only");
    let rate = ["--rate", "20", "--duration", "500ms", "--connections", "1"];
    let stress = ["stress", "--dataset", "shop.toml", "--url", &replica];
    dir.seedrow(stress.into_iter().chain(rate)).exits(0);
    for args in [
        &["run"][..],
        &["load", "data"],
        &["check", "--prove", "--allow-locks"],
        &["check", "--settle"],
        &["index", "--build"],
        &["index", "--concurrently"],
        &["compare", "--without-indexes", "--allow-locks"],
        &["forget"],
    ] {
        let refused = dir
            .seedrow(args.iter().copied().chain(["--quiet", "--url", &replica]))
            .exits(2)
            .stderr_has("is a standby, which is read-only");
        assert_eq!(
            refused.stderr.trim_end().lines().count(),
            1,
            "{args:?}: {}",
            refused.stderr
        );
    }
    let also = ["check", "--url", &url, "--also", &replica];
    dir.seedrow(also).exits(0).lacks("other-plan");
    execute_at(&url, "ALTER SYSTEM SET enable_indexscan = off");
    execute_at(&url, "ALTER SYSTEM SET enable_bitmapscan = off");
    execute_at(&url, "SELECT pg_reload_conf()");
    let reversed = ["check", "--url", &replica, "--also", &url];
    dir.seedrow(reversed)
        .exits(1)
        .stdout_has("other-plan")
        .stdout_has("enable_indexscan on → off");
}
