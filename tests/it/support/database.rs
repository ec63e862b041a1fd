//! A database of one test's own on the shared server.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use seedrow::postgres::name::quoted;
use tokio_postgres::SimpleQueryMessage;

use super::statements::{Connection, close, last_kept};
use super::{eventually, execute_at, rows_at, server, subject, value_at};

/// Ends the sessions that a test leaves, those that are about to end included.
const LEFT_SESSIONS: &str = "
    SELECT pg_terminate_backend(pid, 5000)
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()";

/// What brings a database back to what `template0` is, the parts that tests change.
const EMPTY: &str = "
    DO $$ DECLARE statement text; BEGIN
        FOR statement IN
            SELECT format('DROP EVENT TRIGGER %I', evtname) FROM pg_event_trigger
            UNION ALL SELECT format('DROP PUBLICATION %I', pubname) FROM pg_publication
            UNION ALL SELECT format('DROP EXTENSION %I CASCADE', extname) FROM pg_extension WHERE extname <> 'plpgsql'
            UNION ALL
            SELECT format('DROP SCHEMA %I CASCADE', nspname)
            FROM pg_namespace
            WHERE nspname <> 'information_schema' AND nspname !~ '^pg_'
        LOOP
            EXECUTE statement;
        END LOOP;
    END $$;
    CREATE SCHEMA public AUTHORIZATION pg_database_owner;
    GRANT USAGE ON SCHEMA public TO PUBLIC;
    COMMENT ON SCHEMA public IS 'standard public schema'";

/// How much there is of everything in a database, its settings and its sessions: what an emptied one is compared with.
const INVENTORY: &str = "
    SELECT concat_ws(' ',
        (
            SELECT string_agg(concat_ws(':', nspname, nspowner::regrole, nspacl, obj_description(oid)), ',' ORDER BY nspname)
            FROM pg_namespace
            WHERE nspname !~ '^pg_(toast_)?temp_'
        ),
        (SELECT count(*) || '/' || count(relacl) FROM pg_class),
        (SELECT count(*) || '/' || count(proacl) FROM pg_proc),
        (SELECT count(*) || '/' || count(typacl) FROM pg_type),
        (SELECT count(*) || '/' || count(attacl) FROM pg_attribute),
        (SELECT count(*) || '/' || count(lanacl) FROM pg_language),
        (SELECT count(*) FROM pg_constraint),
        (SELECT count(*) FROM pg_operator),
        (SELECT count(*) FROM pg_cast),
        (SELECT count(*) FROM pg_collation),
        (SELECT count(*) FROM pg_extension),
        (SELECT count(*) FROM pg_foreign_data_wrapper),
        (SELECT count(*) FROM pg_default_acl),
        (SELECT count(*) FROM pg_description),
        (SELECT count(*) FROM pg_largeobject_metadata),
        (SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database()),
        (
            SELECT concat_ws('/', datdba, datacl, datconnlimit, datallowconn, datistemplate, dattablespace)
            FROM pg_database
            WHERE datname = current_database()
        ),
        (
            SELECT count(*)
            FROM pg_db_role_setting AS s
            JOIN pg_database AS d ON d.oid = s.setdatabase
            WHERE d.datname = current_database()
        ),
        (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database())
    )";

/// After so many tests the catalog's tables hold many dead rows.
const MOST_TESTS: u32 = 12;

/// Emptied databases, for the tests to come.
static EMPTIED: Mutex<Vec<Db>> = Mutex::new(Vec::new());

/// One test's database on the shared server. A test that fails leaves it for a look, until the next run. That of one
/// that passes is emptied and given to another, which costs a third of a new one's hundreds of files.
pub struct Db {
    name: String,
    origin: Origin,
}

/// What a database began as.
#[derive(Clone, Copy)]
enum Origin {
    /// Nothing; it has served so many tests before.
    Empty(u32),
    /// A copy of another, or that one.
    Sample,
}

impl Db {
    /// An empty database. `test` is the test's name: unique within its file, and the same from run to run, so that
    /// what a failed run left is replaced.
    #[track_caller]
    pub fn new(test: &str) -> Db {
        let name = database_name(test);
        let emptied = lock(&EMPTIED).pop();
        match emptied {
            Some(db) => db.renamed(name),
            None => {
                let db = Db {
                    name,
                    origin: Origin::Empty(0),
                };
                db.create("template0");
                db
            }
        }
    }

    /// A copy of a database that `fill` has filled for the first test that asked, for tests that start from the same
    /// rows. The original, named `sample`, stays until the next run.
    #[track_caller]
    pub fn copy_of(sample: &str, test: &str, fill: impl FnOnce(&Db)) -> Db {
        static MADE: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
        let original = Db {
            name: format!("sample_{sample}"),
            origin: Origin::Sample,
        };
        let mut made = lock(&MADE);
        if !made.contains(&original.name) {
            original.create("template0");
            fill(&original);
            close(&original.url());
            made.insert(original.name.clone());
        }
        drop(made);
        let db = Db {
            name: database_name(test),
            origin: Origin::Sample,
        };
        db.create(&original.name);
        db
    }

    fn create(&self, template: &str) {
        self.drop_database();
        let (name, template) = (quoted(&self.name), quoted(template));
        administrate(&format!("CREATE DATABASE {name} TEMPLATE {template}"));
    }

    /// The same database under another name.
    fn renamed(mut self, name: String) -> Db {
        if self.name == name {
            return self;
        }
        let (old, new) = (quoted(&self.name), quoted(&name));
        administrate(&format!("DROP DATABASE IF EXISTS {new} WITH (FORCE)"));
        administrate(&format!("ALTER DATABASE {old} RENAME TO {new}"));
        self.name = name;
        self
    }

    /// Empties it; whether nothing is left of what a test did to it.
    fn is_emptied(&self) -> bool {
        static NEW: OnceLock<String> = OnceLock::new();
        let fresh = NEW.get_or_init(|| {
            let db = Db {
                name: "new".to_owned(),
                origin: Origin::Sample,
            };
            db.create("template0");
            let connection = Connection::open(&db.url()).unwrap();
            inventory(&connection).unwrap()
        });
        let Ok(connection) = last_kept(&self.url()) else {
            return false;
        };
        connection.run(LEFT_SESSIONS).is_ok()
            && connection.run(EMPTY).is_ok()
            && inventory(&connection).as_ref() == Ok(fresh)
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

    /// Vacuums and analyses all tables, as a load leaves them, until all their pages are visible to all: a transaction
    /// elsewhere keeps the rows of a moment ago hidden, and so does an asynchronous commit next to theirs that isn't on
    /// the disk yet.
    #[track_caller]
    pub fn settle(&self) {
        const HIDDEN: &str = "SELECT count(*) FROM pg_class
            WHERE relkind = 'r' AND relallvisible < relpages AND oid >= 16384";
        eventually("all pages are visible to all", || {
            self.execute("CHECKPOINT");
            self.execute("VACUUM (ANALYZE)");
            self.value(HIDDEN) == "0"
        });
    }

    fn drop_database(&self) {
        let name = quoted(&self.name);
        administrate(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        let Origin::Empty(before) = self.origin else {
            return;
        };
        if before < MOST_TESTS && !thread::panicking() && self.is_emptied() {
            lock(&EMPTIED).push(Db {
                name: std::mem::take(&mut self.name),
                origin: Origin::Empty(before + 1),
            });
        }
    }
}

/// Runs a statement about databases.
fn administrate(sql: &str) {
    static CONNECTION: Mutex<Option<Connection>> = Mutex::new(None);
    let mut connection = lock(&CONNECTION);
    let connection =
        connection.get_or_insert_with(|| Connection::open(&server().url("postgres")).unwrap());
    let result = connection.run(sql);
    result.unwrap_or_else(|error| panic!("{sql}\n{error:?}"));
}

fn inventory(connection: &Connection) -> Result<String, String> {
    let messages = connection
        .run(INVENTORY)
        .map_err(|error| error.to_string())?;
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    row.map(str::to_owned).ok_or_else(|| "no row".to_owned())
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
