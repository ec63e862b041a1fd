//! A database of one test's own on the shared server.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use seedrow::postgres::name::quoted;

use super::{execute_at, rows_at, server, subject, value_at};

/// One test's database on the shared server. It stays for a look, until the next run: a file system that has just
/// deleted hundreds of files makes new ones slowly (ext4 passes over inodes freed in the last seconds).
pub struct Db {
    name: String,
}

impl Db {
    /// An empty database. `test` is the test's name: unique within its file, and the same from run to run, so that
    /// what a failed run left is replaced.
    #[track_caller]
    pub fn new(test: &str) -> Db {
        let db = Db {
            name: database_name(test),
        };
        db.create("template0");
        db
    }

    /// A copy of a database that `fill` has filled for the first test that asked, for tests that start from the same
    /// rows. The original, named `sample`, stays until the next run.
    #[track_caller]
    pub fn copy_of(sample: &str, test: &str, fill: impl FnOnce(&Db)) -> Db {
        static MADE: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
        let original = format!("sample_{sample}");
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        if !made.contains(&original) {
            let db = Db {
                name: original.clone(),
            };
            db.create("template0");
            fill(&db);
            made.insert(original.clone());
        }
        drop(made);
        let db = Db {
            name: database_name(test),
        };
        db.create(&original);
        db
    }

    fn create(&self, template: &str) {
        self.drop_database();
        let (name, template) = (quoted(&self.name), quoted(template));
        let create = format!("CREATE DATABASE {name} TEMPLATE {template}");
        execute_at(&server().url("postgres"), &create);
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

    fn drop_database(&self) {
        let drop = format!(
            "DROP DATABASE IF EXISTS {} WITH (FORCE)",
            quoted(&self.name)
        );
        execute_at(&server().url("postgres"), &drop);
    }
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
