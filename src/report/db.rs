//! What `seedrow db` says about the embedded server.

use crate::postgres::embedded::control::{Database, Destroyed, Keep, Started, Status, Stopped};
use crate::postgres::embedded::{Home, Running};

/// `db start`
pub fn started(home: &Home, started: Started, running: &Running) {
    let folder = home.folder().display();
    let server = format!("PostgreSQL {} in {folder}", running.version);
    match started {
        Started::Now => println!("started {server}; it stays up until `seedrow db stop`"),
        Started::ForUsers => {
            println!("{server} was up for its users; now it stays up until `seedrow db stop`")
        }
        Started::Already => println!("{server} is up already"),
    }
}

/// `db stop`
pub fn stopped(home: &Home, stopped: Stopped) {
    let folder = home.folder().display();
    match stopped {
        Stopped::Now => println!("stopped the server in {folder}"),
        Stopped::WasDown => println!("the server in {folder} is not running"),
        Stopped::WithLastUser(users) => {
            println!(
                "the server in {folder} is in use{}: it stops when the last one has ended",
                by(users)
            );
        }
    }
}

/// `db destroy`
pub fn destroyed(home: &Home, destroyed: Destroyed) {
    let folder = home.folder().display();
    match destroyed {
        Destroyed::Now => println!("removed the databases in {folder}"),
        Destroyed::WasEmpty => println!("there are no databases in {folder}"),
        Destroyed::InUse(users) => println!("the server in {folder} is in use{}", by(users)),
    }
}

/// The answer to `db destroy` was no.
pub fn spared() {
    println!("nothing was removed");
}

/// `db url`
pub fn url(url: &str) {
    println!("{url}");
}

/// The URL's server isn't up; on stderr, because stdout is the URL.
pub fn url_of_nothing() {
    eprintln!("the embedded Postgres is not running: `seedrow db start` starts it");
}

/// ` by 2 processes`, where they could be counted.
pub fn by(users: Option<usize>) -> String {
    match users {
        None | Some(0) => String::new(),
        Some(1) => " by another process".into(),
        Some(users) => format!(" by {users} processes"),
    }
}

/// `db status`
pub fn status(home: &Home, status: &Status, databases: &[Database]) {
    line("home", home.folder().display());
    let Some(lease) = &status.lease else {
        line(
            "server",
            "not running; `seedrow db start` starts it, and so does a command without --url",
        );
        if status.data.is_empty() {
            line("data", "none yet");
        }
        for folder in &status.data {
            line("data", folder.display());
        }
        return;
    };
    let running = lease.running();
    let until = match status.keep {
        Keep::UntilStopped => "until `seedrow db stop`",
        Keep::WhileUsed => "until its last user has ended",
    };
    line(
        "server",
        format_args!("PostgreSQL {}, up {until}", running.version),
    );
    line("data", &running.data);
    for folder in home.other_data(running) {
        let shown = folder.display();
        line("not used", format_args!("{shown}, another version's data"));
    }
    line("socket", &running.socket);
    if let Some(users) = status.users {
        line("users", users);
    }
    for (at, database) in databases.iter().enumerate() {
        let label = if at == 0 { "databases" } else { "" };
        line(
            label,
            format_args!("{:<20} {:>10}", database.name, database.size),
        );
    }
}

fn line(label: &str, value: impl std::fmt::Display) {
    println!("{label:<10} {value}");
}
