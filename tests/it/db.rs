//! `seedrow db` and the embedded server: shared, private, and none the worse for whoever gets killed.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{PrivateHome, SEEDROW, eventually, is_root, not_run, seedrow, value_at};
use rustix::process::{Pid, Signal, kill_process};
use seedrow::postgres::embedded::{Arrival, Home, url};

#[test]
fn starts_tells_and_stops() {
    let home = PrivateHome::new("starts_tells_and_stops");
    home.seedrow(["status"])
        .exits(0)
        .stdout_has("not running")
        .stdout_has("none yet");
    home.seedrow(["stop"]).exits(0).stdout_has("is not running");
    home.seedrow(["url"])
        .exits(0)
        .stdout_has("postgresql:///catalog?host=")
        .stderr_has("seedrow db start");

    home.seedrow(["start"])
        .exits(0)
        .stdout_has("started PostgreSQL");
    home.seedrow(["start"]).exits(0).stdout_has("is up already");
    home.seedrow(["status"])
        .exits(0)
        .stdout_has("until `seedrow db stop --home ")
        .stdout_has("postgres ");
    let url = home.seedrow(["url", "--dataset", "postgres"]).exits(0);
    assert_eq!(url.stderr, "");
    assert_eq!(value_at(url.stdout.trim(), "SELECT 1"), "1");
    home.seedrow(["url"])
        .exits(0)
        .stdout_has("postgresql:///catalog?host=")
        .stderr_has("has no database \"catalog\" yet")
        .stderr_has("seedrow run --home ");
    for quiet in [&["url"][..], &["start"], &["stop"], &["start"]] {
        let run = home.seedrow(quiet.iter().chain(&["--quiet"])).exits(0);
        let says_nothing = run.stdout.is_empty() || quiet == ["url"];
        assert!(
            says_nothing && run.stderr.is_empty(),
            "{}{}",
            run.stdout,
            run.stderr
        );
    }
    // The options behind its own are psql's, with and without `--`.
    for arguments in [&["-Atc", "SELECT 7"][..], &["--", "-Atc", "SELECT 7"]] {
        let folder = home.home().folder().to_str().unwrap().to_owned();
        let psql = ["db", "psql", "--home", &folder, "--dataset", "postgres"];
        let run = seedrow(psql.iter().chain(arguments));
        assert_eq!(run.exits(0).stdout, "7\n");
    }

    home.seedrow(["stop"]).exits(0).stdout_has("stopped");
    home.seedrow(["status"])
        .exits(0)
        .stdout_has("not running")
        .stdout_has("postgres-");
    home.seedrow(["start"])
        .exits(0)
        .stdout_has("started PostgreSQL");
}

#[test]
fn is_private_and_set_up_for_loading() {
    let home = PrivateHome::used("is_private");
    let altered = home.home().finished_data()[0].join("postgresql.auto.conf");
    fs::write(
        altered,
        "work_mem = '5MB'\nshared_buffers = '9MB'\nlisten_addresses = '*'\n",
    )
    .unwrap();
    let lease = home.lease();
    let setting = |name: &str| value_at(&lease.url("postgres"), &format!("SHOW {name}"));
    assert_eq!(setting("work_mem"), "5MB");
    assert_eq!(setting("shared_buffers"), "9MB", "as ALTER SYSTEM set it");
    assert_eq!(setting("listen_addresses"), "");
    assert_eq!(setting("wal_level"), "minimal");
    assert_eq!(setting("fsync"), "on");
    for folder in [&lease.running().socket, &lease.running().data] {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            fs::metadata(folder).unwrap().permissions().mode() & 0o777,
            0o700,
            "{folder}"
        );
    }
}

#[test]
fn lives_as_long_as_its_users() {
    let home = PrivateHome::used("lives_as_long_as_its_users");
    let first = home.lease();
    let second = home.lease();
    assert_eq!(
        (first.arrival(), second.arrival()),
        (Arrival::Started, Arrival::Joined)
    );
    drop(first);
    assert_eq!(value_at(&second.url("postgres"), "SELECT 1"), "1");
    drop(second);
    home.wait_until_down();
}

#[test]
fn a_kept_server_stops_with_its_last_user() {
    let home = PrivateHome::used("a_kept_server");
    home.seedrow(["start"]).exits(0);
    let lease = home.lease();
    let stop = home
        .seedrow(["stop"])
        .exits(0)
        .stdout_has("it stops when the last one has ended");
    if cfg!(target_os = "linux") {
        stop.stdout_has("in use by another process");
    }
    home.seedrow(["destroy", "--yes"])
        .exits(2)
        .stderr_has("in use");
    assert_eq!(value_at(&lease.url("postgres"), "SELECT 1"), "1");
    drop(lease);
    home.wait_until_down();
}

#[test]
fn a_killed_user_counts_no_more() {
    let home = PrivateHome::used("a_killed_user");
    let mut user = user(home.home());
    home.seedrow(["status"])
        .stdout_has("until its last user has ended");
    user.kill().unwrap();
    user.wait().unwrap();
    home.wait_until_down();
}

#[test]
#[cfg(target_os = "linux")]
fn a_killed_supervisor_takes_postgres_with_it() {
    let home = PrivateHome::used("a_killed_supervisor");
    let lease = home.lease();
    kill(lease.running().supervisor);
    eventually("postgres' end", || !lives(lease.running().postgres));
    // While the first user holds on.
    let next = home.lease();
    assert_eq!(next.arrival(), Arrival::Started);
    assert_eq!(value_at(&next.url("postgres"), "SELECT 1"), "1");
}

#[test]
#[cfg(target_os = "linux")]
fn what_a_killed_server_left_does_not_hinder_a_start() {
    let home = PrivateHome::used("what_a_killed_server_left");
    let lease = home.lease();
    // Commits are asynchronous: without the checkpoint, the last moments' are lost when the server is killed.
    for sql in ["CREATE TABLE kept AS SELECT 7 AS id", "CHECKPOINT"] {
        crate::support::execute_at(&lease.url("postgres"), sql);
    }
    kill(lease.running().postgres);
    home.wait_until_down();
    let pid_file = Path::new(&lease.running().data).join("postmaster.pid");
    assert!(
        pid_file.exists(),
        "postgres should have had no time to remove its pid file"
    );
    // As after a restart of a container: the number belongs to another process now.
    let stale = fs::read_to_string(&pid_file).unwrap();
    let rest = stale.split_once('\n').unwrap().1;
    fs::write(&pid_file, format!("{}\n{rest}", std::process::id())).unwrap();
    let next = home.lease();
    assert_eq!(value_at(&next.url("postgres"), "SELECT id FROM kept"), "7");
}

#[test]
fn a_server_that_recovers_from_a_crash_is_stopped_soon() {
    let home = PrivateHome::used("a_server_that_recovers");
    home.seedrow(["start"]).exits(0);
    let running = home.home().running().unwrap().unwrap();
    let url = url(&running.socket, "postgres");
    let sql = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'background writer'";
    let writer = value_at(&url, sql);
    // Log to recover from, since the last checkpoint.
    for sql in [
        "CREATE TABLE numbers (id int)",
        "INSERT INTO numbers SELECT generate_series(1, 500000)",
    ] {
        crate::support::execute_at(&url, sql);
    }
    kill(writer.parse().unwrap());
    let since = Instant::now();
    home.seedrow(["stop"]).exits(0).stdout_has("stopped");
    home.wait_until_down();
    assert!(since.elapsed() < Duration::from_secs(60));
}

#[test]
fn eight_starts_at_once_make_one_server() {
    let home = PrivateHome::new("eight_starts_at_once");
    let start = || {
        home.command(["start"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let starts: Vec<_> = (0..8).map(|_| start()).collect();
    let outputs: Vec<_> = starts
        .into_iter()
        .map(|start| start.wait_with_output().unwrap())
        .collect();
    assert!(
        outputs.iter().all(|output| output.status.success()),
        "{outputs:?}"
    );
    let occurrences = |text: &str| {
        outputs
            .iter()
            .filter(|output| String::from_utf8_lossy(&output.stdout).contains(text))
            .count()
    };
    assert_eq!(
        (
            occurrences("started PostgreSQL"),
            occurrences("is up already") + occurrences("was up for its users")
        ),
        (1, 7),
        "{outputs:?}"
    );
}

#[test]
fn users_that_come_while_it_stops_find_it_anew() {
    let home = PrivateHome::used("users_that_come_while_it_stops");
    let come_and_go = || {
        for _ in 0..4 {
            let lease = home.lease();
            assert_eq!(value_at(&lease.url("postgres"), "SELECT 1"), "1");
        }
    };
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(come_and_go);
        }
    });
    home.wait_until_down();
}

#[test]
fn a_long_home_has_its_socket_elsewhere() {
    let home = PrivateHome::used(&format!("a_long_home/{}", "x".repeat(120)));
    let lease = home.lease();
    let socket = lease.running().socket.clone();
    assert!(
        !socket.starts_with(home.home().folder().to_str().unwrap()),
        "{socket}"
    );
    assert_eq!(value_at(&lease.url("postgres"), "SELECT 1"), "1");
    home.seedrow(["url", "--dataset", "postgres"])
        .exits(0)
        .stdout_has(&lease.url("postgres"));
    drop(lease);
    home.wait_until_down();
    assert!(!Path::new(&socket).exists());
}

#[test]
fn an_interrupted_initdb_does_not_hinder_a_start() {
    let home = PrivateHome::new("an_interrupted_initdb");
    for major in 10..30 {
        let half_made = home.home().data(major).with_extension("new");
        fs::create_dir_all(&half_made).unwrap();
        fs::write(half_made.join("PG_VERSION"), "half").unwrap();
    }
    home.seedrow(["start"]).exits(0).stdout_has("started");
}

#[test]
fn without_programs_says_how_to_get_them() {
    let home = PrivateHome::new("without_programs");
    let mut start = home.command(["start"]);
    start.env("PATH", "").env("PGBINDIR", "/nonexistent");
    crate::support::run(start)
        .exits(2)
        .stderr_has("found no Postgres to run")
        .stderr_has("/nonexistent (PGBINDIR)")
        .stderr_has("apt-get install postgresql")
        .stderr_has("--url postgresql://");
}

#[test]
fn a_start_that_fails_shows_the_log() {
    let home = PrivateHome::used("a_start_that_fails");
    let lease = home.lease();
    let configuration = Path::new(&lease.running().data).join("postgresql.conf");
    drop(lease);
    home.wait_until_down();
    fs::write(&configuration, "nonesuch = on\n").unwrap();
    home.seedrow(["start"])
        .exits(2)
        .stderr_has("could not start the embedded Postgres: postgres ended with exit status: 1")
        .stderr_has("unrecognized configuration parameter \"nonesuch\"");
}

#[test]
fn a_home_that_the_server_cannot_enter_is_refused() {
    if !is_root() {
        not_run("not root: the server runs as the same user, who can enter its own folders");
        return;
    }
    use std::os::unix::fs::PermissionsExt;
    let home = PrivateHome::new("closed/home");
    let closed = home.home().folder().parent().unwrap().to_path_buf();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    home.seedrow(["start"])
        .exits(2)
        .stderr_has("cannot enter")
        .stderr_has(closed.to_str().unwrap())
        .stderr_has("--home");
}

#[test]
fn destroy_asks_and_leaves_nothing() {
    let home = PrivateHome::new("destroy");
    home.seedrow(["destroy"])
        .exits(0)
        .stdout_has("there are no databases");
    home.seedrow(["start"]).exits(0);
    home.seedrow(["destroy"]).exits(2).stderr_has("add --yes");
    home.seedrow(["status"]).stdout_has("up until");
    home.seedrow(["destroy", "--yes"])
        .exits(0)
        .stdout_has("removed");
    assert!(!home.home().folder().exists());
    home.seedrow(["start"]).exits(0).stdout_has("started");
}

#[test]
fn psql_passes_its_exit_on_and_names_what_is_missing() {
    let home = PrivateHome::used("psql");
    let psql = |sql: &str| {
        let mut command = home.command(["psql", "--dataset", "postgres"]);
        // A stray variable must not lead it elsewhere.
        command.env("PGPORT", "1").args(["--", "-XAtc", sql]);
        crate::support::run(command)
    };
    let run = psql("SELECT 1 + 1");
    if run.stderr.contains("found no psql") {
        not_run("there is no psql");
        return;
    }
    assert_eq!(run.exits(0).stdout, "2\n");
    psql("SELECT 1 / 0").exits(1);
    home.seedrow(["psql", "--dataset", "images"])
        .exits(2)
        .stderr_has("no database \"images\" yet")
        .stderr_has("`seedrow run --home ")
        .stderr_has(" --dataset images` makes and fills it");
    home.seedrow(["psql", "--dataset", "shop"])
        .exits(2)
        .stderr_has("there is no built-in dataset `shop`")
        .lacks("seedrow run");
    home.wait_until_down();
}

#[test]
fn each_command_shows_an_example() {
    for verb in ["start", "stop", "status", "url", "psql", "destroy"] {
        crate::support::seedrow(["db", verb, "--help"])
            .exits(0)
            .stdout_has("Example:");
    }
    crate::support::seedrow(["db", "--help"])
        .exits(0)
        .lacks("supervise");
}

/// A process that uses the server until it is killed, or until the test ends and its standard input with it: `db psql`
/// becomes psql and keeps the lock that counts users.
fn user(home: &Home) -> Child {
    let mut user = Command::new(SEEDROW)
        .args(["db", "psql", "--home"])
        .arg(home.folder())
        .args(["--dataset", "postgres", "--", "-X", "-q"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = user.stdin.as_mut().unwrap();
    stdin.write_all(b"\\echo holding\n").unwrap();
    let stdout = BufReader::new(user.stdout.take().unwrap());
    let holding = stdout
        .lines()
        .map_while(Result::ok)
        .any(|line| line == "holding");
    assert!(holding, "the process ended");
    user
}

fn pid(number: u32) -> Pid {
    Pid::from_raw(i32::try_from(number).unwrap()).unwrap()
}

fn kill(number: u32) {
    kill_process(pid(number), Signal::KILL).unwrap();
}

/// Whether a process lives; a zombie, whose parent hasn't taken note of its end, doesn't.
fn lives(number: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| {
        rest.trim_start()
            .starts_with(|state: char| !"ZX".contains(state))
    })
}

/// The server outlives the command that started it, and what is in its processes' environment shows in the system.
#[test]
#[cfg(target_os = "linux")]
fn its_processes_know_no_passwords_of_other_servers() {
    let home = PrivateHome::used("its_processes_know_no_passwords");
    let mut start = home.command(["start"]);
    start
        .env("DATABASE_URL", "postgresql://shop:hunter2@db/shop")
        .env("PGPASSWORD", "hunter2");
    crate::support::run(start).exits(0);
    let running = home.home().running().unwrap().unwrap();
    for process in [running.supervisor, running.postgres] {
        for file in ["environ", "cmdline"] {
            let bytes = std::fs::read(format!("/proc/{process}/{file}")).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains("hunter2"), "{file}: {text}");
        }
    }
}
