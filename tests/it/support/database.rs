//! A database of one test's own on the shared server.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use seedrow::postgres::name::quoted;
use tokio_postgres::Error;

use super::statements::{Connection, close};
use super::{eventually, execute_at, rows_at, server, subject, value_at};

/// One test's database on the shared server. A test that fails leaves it for a look, until the next run.
pub struct Db {
    name: String,
    lifetime: Lifetime,
}

/// How long a database is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lifetime {
    /// As long as its value.
    Test,
    /// Until the next run.
    Run,
}

impl Db {
    /// An empty database. `test` is the test's name: unique within its file, and the same from run to run, so that
    /// what a failed run left is replaced.
    #[track_caller]
    pub fn new(test: &str) -> Db {
        Db::of_test(test, empty())
    }

    #[track_caller]
    fn of_test(test: &str, template: &str) -> Db {
        let db = Db {
            name: database_name(test),
            lifetime: Lifetime::Test,
        };
        db.create(template);
        db
    }

    /// A copy of a database that `fill` has filled for the first test that asked, for tests that start from the same
    /// rows. The original, named `sample`, stays until the next run.
    #[track_caller]
    pub fn copy_of(sample: &str, test: &str, fill: impl FnOnce(&Db)) -> Db {
        static MADE: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
        let original = Db {
            name: format!("sample_{sample}"),
            lifetime: Lifetime::Run,
        };
        let mut made = lock(&MADE);
        if !made.contains(&original.name) {
            original.create(empty());
            fill(&original);
            original.prepare_as_template();
            made.insert(original.name.clone());
        }
        drop(made);
        Db::of_test(test, &original.name)
    }

    /// A session at its start writes down what every session has to know of the catalogs, in a file that is copied with the
    /// database; in a copy of template0, which takes no sessions, the first one has to find that out.
    fn prepare_as_template(&self) {
        close(&self.url());
        self.value("SELECT 1");
        close(&self.url());
    }

    /// Copies the template's files, which takes a third of the CPU time of writing each page to the WAL, the default since
    /// version 15.
    fn create(&self, template: &str) {
        administrate(&self.drop_statement());
        let (name, template) = (quoted(&self.name), quoted(template));
        let strategy = match server().running().version.starts_with("14.") {
            true => "",
            false => " STRATEGY file_copy",
        };
        administrate(&format!(
            "CREATE DATABASE {name} TEMPLATE {template}{strategy}"
        ));
    }

    /// For `--url`.
    pub fn url(&self) -> String {
        server().url(&self.name)
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs statements, several if separated by `;`.
    pub fn execute(&self, sql: &str) {
        execute_at(&self.url(), sql);
    }

    /// The rows of a query, each value as text, NULL as `None`.
    pub fn rows(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        rows_at(&self.url(), sql)
    }

    /// The one value of a query, as text.
    pub fn value(&self, sql: &str) -> String {
        value_at(&self.url(), sql)
    }

    /// Vacuums and analyses all tables but the catalogs, as a load leaves them, until all their pages are visible to all: a transaction
    /// elsewhere keeps the rows of a moment ago hidden, and so does an asynchronous commit next to theirs that isn't on
    /// the disk yet.
    #[track_caller]
    pub fn settle(&self) {
        const HIDDEN: &str = "SELECT count(*) FROM pg_class
            WHERE relkind = 'r' AND relallvisible < relpages AND oid >= 16384";
        const TABLES: &str = "SELECT string_agg(oid::regclass::text, ', ') FROM pg_class
            WHERE relkind = 'r' AND oid >= 16384";
        let vacuum = format!("VACUUM (ANALYZE) {}", self.value(TABLES));
        eventually("all pages are visible to all", || {
            self.execute("CHECKPOINT");
            self.execute(&vacuum);
            self.value(HIDDEN) == "0"
        });
    }

    fn drop_statement(&self) -> String {
        let name = quoted(&self.name);
        format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        close(&self.url());
        if self.lifetime == Lifetime::Test && !thread::panicking() {
            // What a prepared transaction keeps goes with the server.
            let _ = try_to_administrate(&self.drop_statement());
        }
    }
}

/// The template of empty databases.
fn empty() -> &'static str {
    static MADE: OnceLock<Db> = OnceLock::new();
    let template = MADE.get_or_init(|| {
        let template = Db {
            name: "empty".to_owned(),
            lifetime: Lifetime::Run,
        };
        template.create("template0");
        template.prepare_as_template();
        template
    });
    template.name()
}

/// Runs a statement about databases.
fn administrate(sql: &str) {
    try_to_administrate(sql).unwrap_or_else(|error| panic!("{sql}\n{error:?}"));
}

fn try_to_administrate(sql: &str) -> Result<(), Error> {
    static CONNECTION: Mutex<Option<Connection>> = Mutex::new(None);
    let mut connection = lock(&CONNECTION);
    let connection =
        connection.get_or_insert_with(|| Connection::open(&server().url("postgres")).unwrap());
    connection.run(sql).map(|_| ())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The name of a test's database.
#[track_caller]
fn database_name(test: &str) -> String {
    let mut name = format!("{}_{test}", subject());
    // Postgres cuts names at 63 bytes; two long ones must not become one.
    if name.len() > 63 {
        let hash = name.bytes().fold(0_u32, |hash, byte| {
            hash.wrapping_mul(31).wrapping_add(byte.into())
        });
        name.truncate(54);
        name.push_str(&format!("_{hash:08x}"));
    }
    name
}
