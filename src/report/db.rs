//! The output of `seedrow db`.

use std::fmt::Write;

use anyhow::{Error, Result};

use crate::postgres::embedded::control::{Database, Destroyed, Keep, Started, Status, Stopped};
use crate::postgres::embedded::{Home, Running};
use crate::postgres::error::describe;
use crate::progress;
use crate::report::{print, print_text};
use crate::suggestion::{HOME, Suggestions};
use crate::units::size;

/// `db start`
pub fn started(
    home: &Home,
    started: Started,
    running: &Running,
    suggestions: &Suggestions,
) -> Result<()> {
    let folder = home.folder().display();
    let server = format!("PostgreSQL {} in {folder}", running.version);
    print_text(&suggestions.complete(&match started {
        Started::Now => format!("started {server}; it stays up until `seedrow db stop{HOME}`\n"),
        Started::ForUsers => {
            format!(
                "{server} was up for its users; now it stays up until `seedrow db stop{HOME}`\n"
            )
        }
        Started::Already => format!("{server} is up already\n"),
    }))
}

/// `db stop`
pub fn stopped(home: &Home, stopped: Stopped) -> Result<()> {
    let folder = home.folder().display();
    print_text(&match stopped {
        Stopped::Now => format!("stopped the server in {folder}\n"),
        Stopped::WasDown => format!("the server in {folder} is not running\n"),
        Stopped::WithLastUser(users) => format!(
            "the server in {folder} is in use{}: it stops when the last one has ended\n",
            by(users)
        ),
    })
}

/// `db destroy`
pub fn destroyed(home: &Home, destroyed: Destroyed) -> Result<()> {
    let folder = home.folder().display();
    print_text(&match destroyed {
        Destroyed::Now => format!("removed the databases in {folder}\n"),
        Destroyed::WasEmpty => format!("there are no databases in {folder}\n"),
        Destroyed::InUse(users) => format!("the server in {folder} is in use{}\n", by(users)),
    })
}

/// The question of `db destroy`.
pub fn ask_to_destroy(home: &Home) {
    let folder = home.folder().display();
    progress::ask(&format!("remove every database in {folder}? [y/N]"));
}

/// The answer to `db destroy` was no.
pub fn spared() -> Result<()> {
    print("nothing was removed\n")
}

/// `db url`
pub fn url(url: &str) -> Result<()> {
    print(&format!("{url}\n"))
}

/// The URL's server isn't up; on stderr, because stdout is the URL.
pub fn url_of_nothing(suggestions: &Suggestions) -> Result<()> {
    let message =
        format!("the embedded Postgres is not running: `seedrow db start{HOME}` starts it");
    progress::note(&suggestions.complete(&message));
    Ok(())
}

/// The URL's database doesn't exist yet, as this error says.
pub fn url_of_no_database(missing: &Error, suggestions: &Suggestions) -> Result<()> {
    let described = describe(missing);
    let mut message = described.text;
    for note in described.notes {
        message.push_str(&format!("\n  {note}"));
    }
    progress::note(&suggestions.complete(&message));
    Ok(())
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
pub fn status(
    home: &Home,
    status: &Status,
    databases: &[Database],
    suggestions: &Suggestions,
) -> Result<()> {
    print_text(&suggestions.complete(&status_lines(home, status, databases)))
}

fn status_lines(home: &Home, status: &Status, databases: &[Database]) -> String {
    let mut lines = String::new();
    let mut line = |label: &str, value: &dyn std::fmt::Display| {
        // Writing to a string can't fail.
        let _ = writeln!(lines, "{label:<10} {value}");
    };
    line("home", &home.folder().display());
    let Some(lease) = &status.lease else {
        line(
            "server",
            &format!(
                "not running; `seedrow db start{HOME}` starts it, and so does a command without --url"
            ),
        );
        if status.data.is_empty() {
            line("data", &"none yet");
        }
        for folder in &status.data {
            line("data", &folder.display());
        }
        return lines;
    };
    let running = lease.running();
    let until = match status.keep {
        Keep::UntilStopped => format!("until `seedrow db stop{HOME}`"),
        Keep::WhileUsed => "until its last user has ended".to_owned(),
    };
    line(
        "server",
        &format!("PostgreSQL {}, up {until}", running.version),
    );
    line("data", &running.data);
    for folder in home.other_data(running) {
        let shown = folder.display();
        line("not used", &format!("{shown}, another version's data"));
    }
    line("socket", &running.socket);
    if let Some(users) = status.users {
        line("users", &users);
    }
    for (at, database) in databases.iter().enumerate() {
        let label = if at == 0 { "databases" } else { "" };
        line(
            label,
            &format!("{:<20} {:>10}", database.name, size(database.bytes)),
        );
    }
    lines
}
