//! What the integration tests build on: one embedded server a test run, a database and a folder a test, and the
//! binary run with a clean environment.
//!
//! ```ignore
//! use crate::support::{Db, Workdir};
//!
//! #[test]
//! fn refuses_a_table_that_holds_rows() {
//!     let db = Db::new("refuses_a_table_that_holds_rows");
//!     db.execute("CREATE TABLE products (id int); INSERT INTO products VALUES (1)");
//!     let dir = Workdir::new("refuses_a_table_that_holds_rows");
//!     dir.write("products.csv", "id\n2\n");
//!     dir.seedrow(["load", ".", "--url", &db.url()])
//!         .exits(2)
//!         .stderr_has("products holds rows");
//!     assert_eq!(db.value("SELECT count(*) FROM products"), "1");
//! }
//! ```
//!
//! The server needs Postgres' programs (`initdb` and `postgres`); without them the tests fail and say so.

mod ask;
mod database;
mod dump;
mod front;
mod home;
mod pooler;
mod pty;
mod schema;
mod server;
mod service;
mod statements;

pub use ask::{Given, ask, ask_url, assert_says, refusal};
pub use database::Db;
pub use dump::{contents, schema_dump};
pub use front::{Answer, front};
pub use home::PrivateHome;
pub use pooler::pooler;
pub use pty::{Terminal, on_terminal};
pub use schema::assert_schema;
pub use server::{server, shared_home, start_from_template};
pub use service::{AT_ONCE, Reply, Service, ask as ask_http};
pub use statements::{execute_at, rows_at};

use std::ffi::{OsStr, OsString};
use std::fs;
use std::future::Future;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use seedrow::suggestion::{AGAIN, HOME, TARGET};
use tokio_postgres::NoTls;

/// seedrow's own executable.
pub const SEEDROW: &str = env!("CARGO_BIN_EXE_seedrow");

/// The longest a command or a state may take to come about, on a busy machine; tests end long before.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// Where tests leave what they make: in the target folder; as root elsewhere when that is closed to the user that the
/// server has to run as.
pub fn scratch() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let closed = |folder: &Path| fs::metadata(folder).is_ok_and(|it| it.mode() & 0o001 == 0);
    if is_root() && folder.ancestors().any(closed) {
        let elsewhere = std::env::temp_dir().join("seedrow-tests");
        fs::create_dir_all(&elsewhere).unwrap();
        fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o755)).unwrap();
        return elsewhere;
    }
    folder
}

/// Where the servers' homes are: in memory, where `scripts/test` has found enough of it, else with everything else.
pub fn homes() -> PathBuf {
    match std::env::var_os("SEEDROW_TEST_HOMES").filter(|folder| !folder.is_empty()) {
        Some(folder) => folder.into(),
        None => scratch(),
    }
}

/// The name of the caller's file without its extension: what names of databases and folders begin with, so that they
/// need to be unique within a file alone.
#[track_caller]
fn subject() -> &'static str {
    let file = Path::new(Location::caller().file());
    file.file_stem().unwrap().to_str().unwrap()
}

/// Whether the tests run as root, where the server runs as another user.
pub fn is_root() -> bool {
    seedrow::postgres::account::is_root()
}

/// Reports what a test leaves out on this machine and why: on stderr, and at the end of `scripts/test`.
pub fn not_run(what: &str) {
    let test = thread::current();
    let line = format!("not run: {}: {what}\n", test.name().unwrap_or("main"));
    eprint!("{line}");
    if let Some(path) = std::env::var_os("SEEDROW_NOT_RUN") {
        let file = fs::File::options().append(true).create(true).open(path);
        file.unwrap().write_all(line.as_bytes()).unwrap();
    }
}

/// A connection to any server, for tests that need more than rows as text.
pub async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The one value of a query on any server, as text.
pub fn value_at(url: &str, sql: &str) -> String {
    match rows_at(url, sql).as_slice() {
        [row] => match row.as_slice() {
            [Some(value)] => value.clone(),
            other => panic!("not one value but {other:?} from\n{sql}"),
        },
        other => panic!("not one row but {other:?} from\n{sql}"),
    }
}

/// Runs a future to its end.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(future)
}

/// One test's folder, empty at its start; it stays after it for a look.
pub struct Workdir {
    folder: PathBuf,
}

impl Workdir {
    /// An empty folder. `test` is the test's name, unique within its file.
    #[track_caller]
    pub fn new(test: &str) -> Workdir {
        let folder = scratch().join("work").join(subject()).join(test);
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir_all(&folder).unwrap();
        Workdir { folder }
    }

    /// The path of an entry, there or not; `""` for the folder itself.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file, making the folders above it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// A file's text.
    pub fn read(&self, name: &str) -> String {
        let path = self.path(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Runs seedrow in this folder.
    pub fn seedrow(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
        self.seedrow_with(args, &[])
    }

    /// Runs a command line in this folder as a user types it, `seedrow` being the one that is tested.
    pub fn shell(&self, line: &str) -> Run {
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(&self.folder);
        for (name, value) in command([""; 0]).get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        let folder = Path::new(SEEDROW).parent().unwrap().display();
        let others = std::env::var("PATH").unwrap_or_default();
        shell.env("PATH", format!("{folder}:{others}"));
        run(shell)
    }

    /// Runs seedrow in this folder, with these variables set.
    pub fn seedrow_with(
        &self,
        args: impl IntoIterator<Item = impl AsRef<OsStr>>,
        variables: &[(&str, &str)],
    ) -> Run {
        let mut command = command(args);
        command
            .current_dir(&self.folder)
            .envs(variables.iter().copied());
        run(command)
    }
}

/// Runs seedrow; where it is run doesn't matter.
pub fn seedrow(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
    run(command(args))
}

/// How many executions of each query say enough where their number isn't what a test is about: timing 20 of each is most
/// of what a check costs.
const FEW_SAMPLES: [&str; 2] = ["--samples", "2"];

/// Whether seedrow would time the default number of executions with these arguments. [`EVERY_SAMPLE`] asks for that.
fn takes_samples(args: &[OsString]) -> bool {
    let has = |name: &str| args.iter().any(|arg| arg == name);
    let verb = args.first().and_then(|verb| verb.to_str());
    let checks = match verb {
        Some("run" | "check" | "finish") => true,
        Some("compare") => has("--without-indexes"),
        _ => false,
    };
    checks && !has("--samples")
}

/// The default of seedrow, for tests that need so many.
pub const EVERY_SAMPLE: [&str; 2] = ["--samples", "20"];

/// seedrow with these arguments and without what surrounds the tests: no DATABASE_URL, no PG* variables, and the
/// shared server as its embedded one. A check takes few samples unless they are among the arguments.
pub fn command(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let args: Vec<OsString> = args
        .into_iter()
        .map(|arg| arg.as_ref().to_owned())
        .collect();
    let few = takes_samples(&args).then_some(FEW_SAMPLES);
    let mut command = Command::new(SEEDROW);
    command
        .args(args)
        .args(few.into_iter().flatten())
        .current_dir(scratch())
        .stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        // PGBINDIR says where the programs are, not where a server is.
        if name.as_encoded_bytes().starts_with(b"PG") && name != "PGBINDIR" {
            command.env_remove(name);
        }
    }
    command
        .env_remove("DATABASE_URL")
        .env_remove("GITHUB_STEP_SUMMARY")
        .env_remove("RUST_BACKTRACE")
        .env("SEEDROW_HOME", shared_home());
    command
}

/// Runs a command to its end, collecting its streams; panics with them when it takes longer than [`DEADLINE`].
pub fn run(mut command: Command) -> Run {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = collect(child.stdout.take().unwrap());
    let stderr = collect(child.stderr.take().unwrap());
    let pid = Pid::from_child(&child);
    let (ended, end) = mpsc::channel();
    let status = thread::spawn(move || {
        let status = child.wait().unwrap();
        // No receiver is left after the deadline.
        let _ = ended.send(());
        status
    });
    let late = end.recv_timeout(DEADLINE).is_err();
    if late {
        kill_process(pid, Signal::KILL).unwrap();
    }
    let run = Run {
        command: format!("{command:?}"),
        status: status.join().unwrap(),
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
    };
    assert!(!late, "took longer than {DEADLINE:?}\n{}", run.output());
    let printed = [&run.stdout, &run.stderr];
    let placeholders = [TARGET, HOME, &AGAIN.to_string()];
    let is_complete = |text: &&String| !placeholders.iter().any(|it| text.contains(it));
    assert!(
        printed.iter().all(is_complete),
        "a suggested command has a placeholder\n{}",
        run.output()
    );
    run
}

fn collect(mut stream: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// How a command ended. The assertions print the command, its status and both streams when they fail, and give the
/// value back to be chained.
pub struct Run {
    command: String,
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: String,
    /// What it remarked.
    pub stderr: String,
}

impl Run {
    /// Asserts the exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Run {
        assert_eq!(
            self.status.code(),
            Some(code),
            "exit code\n{}",
            self.output()
        );
        self
    }

    /// Asserts that stdout contains a text.
    #[track_caller]
    pub fn stdout_has(self, text: &str) -> Run {
        assert!(
            self.stdout.contains(text),
            "no {text:?} on stdout\n{}",
            self.output()
        );
        self
    }

    /// Asserts that stderr contains a text.
    #[track_caller]
    pub fn stderr_has(self, text: &str) -> Run {
        assert!(
            self.stderr.contains(text),
            "no {text:?} on stderr\n{}",
            self.output()
        );
        self
    }

    /// Asserts that neither stream contains a text.
    #[track_caller]
    pub fn lacks(self, text: &str) -> Run {
        assert!(
            !self.stdout.contains(text) && !self.stderr.contains(text),
            "{text:?} on a stream\n{}",
            self.output()
        );
        self
    }

    /// Stdout as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        let parsed = serde_json::from_str(&self.stdout);
        parsed.unwrap_or_else(|error| panic!("stdout is no JSON: {error}\n{}", self.output()))
    }

    fn output(&self) -> String {
        let Run {
            command,
            status,
            stdout,
            stderr,
        } = self;
        format!(
            "command: {command}\nstatus: {status}\n--- stdout\n{stdout}\n--- stderr\n{stderr}\n---"
        )
    }
}

/// Waits until something has come about.
#[track_caller]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    let mut pause = Duration::from_millis(5);
    while !holds() {
        assert!(Instant::now() < deadline, "not within {DEADLINE:?}: {what}");
        thread::sleep(pause);
        // Most questions cost a connection, and take the time from what is awaited.
        pause = (pause * 3 / 2).min(Duration::from_millis(40));
    }
}
