//! Statements on any server, over connections that are kept: one for each would cost the server more than most
//! statements do.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, NoTls, SimpleQueryMessage};

/// What statements begin with that may change their session, or what new ones begin with: each gets a connection of its
/// own.
const CHANGE_SESSIONS: [&str; 12] = [
    "SET ",
    "RESET ",
    "ALTER ROLE",
    "ALTER DATABASE",
    "ALTER SYSTEM",
    "BEGIN",
    "START ",
    "LOCK ",
    "CREATE TEMP",
    "PREPARE",
    "DECLARE",
    "LISTEN",
];

/// Words of statements that do so by functions, and of views of what sessions have done, which they report at their end.
const DEPEND_ON_SESSIONS: [&str; 5] = [
    "SET_CONFIG",
    "RELOAD_CONF",
    "PG_ADVISORY_LOCK",
    "PG_TRY_ADVISORY_LOCK",
    "PG_STAT_",
];

/// A view of what sessions do at the moment.
const OF_THE_MOMENT: &str = "PG_STAT_ACTIVITY";

/// Connections without a statement, by URL, the latest last. More than a few would count among those that a server
/// allows.
static KEPT: Mutex<Vec<(String, Connection)>> = Mutex::new(Vec::new());
const MOST_KEPT: usize = 12;

/// A connection and the runtime that it is served by while a statement runs.
pub struct Connection {
    runtime: Runtime,
    client: Option<Client>,
    served: Option<JoinHandle<Result<(), Error>>>,
}

impl Connection {
    /// Connects.
    pub fn open(url: &str) -> Result<Connection, Error> {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (client, connection) = runtime.block_on(tokio_postgres::connect(url, NoTls))?;
        let served = runtime.spawn(connection);
        Ok(Connection {
            runtime,
            client: Some(client),
            served: Some(served),
        })
    }

    /// Runs statements, several if separated by `;`.
    pub fn run(&self, sql: &str) -> Result<Vec<SimpleQueryMessage>, Error> {
        let client = self.client.as_ref().expect("it is there until the drop");
        self.runtime.block_on(client.simple_query(sql))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        drop(self.client.take());
        if let Some(served) = self.served.take() {
            // It says goodbye; a server that has ended meanwhile is no failure.
            let _ = self.runtime.block_on(served);
        }
    }
}

/// Runs statements on any server.
pub fn execute_at(url: &str, sql: &str) {
    rows_at(url, sql);
}

/// The rows of a query on any server, each value as text, NULL as `None`.
pub fn rows_at(url: &str, sql: &str) -> Vec<Vec<Option<String>>> {
    let messages = run(url, sql).unwrap_or_else(|error| panic!("{url}\n{sql}\n{error:?}"));
    let rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    rows.map(|row| {
        (0..row.len())
            .map(|at| row.get(at).map(String::from))
            .collect()
    })
    .collect()
}

/// Closes the connections to a database, for what needs it to have none.
pub fn close(url: &str) {
    while take(url).is_some() {}
}

fn run(url: &str, sql: &str) -> Result<Vec<SimpleQueryMessage>, Error> {
    if depends_on_sessions(sql) {
        return Connection::open(url)?.run(sql);
    }
    let kept = take(url).map(|kept| (kept.run(sql), kept));
    let (result, connection) = match kept {
        Some((result, kept)) if !result.as_ref().is_err_and(was_closed) => (result, kept),
        _ => {
            let connection = Connection::open(url)?;
            (connection.run(sql), connection)
        }
    };
    if result.is_ok() {
        keep(url, connection);
    }
    result
}

fn depends_on_sessions(sql: &str) -> bool {
    let words = sql.to_uppercase().replace(OF_THE_MOMENT, "");
    let begins = |statement: &str| {
        let statement = statement.trim_start();
        CHANGE_SESSIONS.iter().any(|it| statement.starts_with(it))
    };
    DEPEND_ON_SESSIONS.iter().any(|it| words.contains(it)) || words.split(';').any(begins)
}

fn take(url: &str) -> Option<Connection> {
    let mut kept = kept();
    let place = kept.iter().position(|(to, _)| to == url)?;
    Some(kept.remove(place).1)
}

fn keep(url: &str, connection: Connection) {
    let mut kept = kept();
    kept.push((url.to_owned(), connection));
    let oldest = (kept.len() > MOST_KEPT).then(|| kept.remove(0));
    // Closing waits for the server.
    drop(kept);
    drop(oldest);
}

fn kept() -> MutexGuard<'static, Vec<(String, Connection)>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the server had ended the connection before it was asked.
fn was_closed(error: &Error) -> bool {
    error.is_closed()
        || error.code() == Some(&SqlState::ADMIN_SHUTDOWN)
        || error.code() == Some(&SqlState::CRASH_SHUTDOWN)
        || error.as_db_error().is_none()
}
