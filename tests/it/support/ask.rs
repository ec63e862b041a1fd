//! A server asked through the library, with an environment of the test's own.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use seedrow::postgres::Server;
use seedrow::postgres::environment::{Environment, FileAccess};
use seedrow::postgres::error::describe;
use seedrow::postgres::target::{Target, TargetOptions};
use seedrow::progress::Progress;

use super::{block_on, shared_home};

/// What a user may set.
#[derive(Default)]
pub struct Given<'a> {
    /// `--url`
    pub url: Option<&'a str>,
    /// The environment.
    pub variables: &'a [(&'a str, &'a str)],
    /// `--wait`
    pub wait: Duration,
    /// `--target-schema`
    pub schema: Option<&'a str>,
}

/// Opens the server and asks it one thing.
pub fn ask(given: &Given, sql: &str) -> Result<String> {
    block_on(async {
        let variables: HashMap<_, _> = given.variables.iter().copied().collect();
        let env = |name: &str| variables.get(name).map(|value| value.to_string());
        let read = |path: &Path| fs::read_to_string(path);
        let environment = Environment {
            variable: &env,
            read_file: &read,
            file_access: &FileAccess::of,
            user: Some("postgres".into()),
        };
        let target = Target::resolve(given.url, &environment)?;
        let options = TargetOptions {
            schema: given.schema.map(String::from),
            wait: given.wait,
            home: Some(shared_home()),
            ..TargetOptions::default()
        };
        let server =
            Server::reach(&target, &options, "connect_embedded", &Progress::new(true)).await?;
        let client = server.connect().await?;
        Ok(client.query_one(sql, &[]).await?.get(0))
    })
}

/// The same, with a URL alone.
pub fn ask_url(url: &str, sql: &str) -> Result<String> {
    ask(
        &Given {
            url: Some(url),
            ..Given::default()
        },
        sql,
    )
}

/// The message and the notes of an attempt that must fail.
#[track_caller]
pub fn refusal(given: &Given) -> String {
    let error = ask(given, "SELECT 'in'").expect_err("this should not connect");
    let described = describe(&error);
    format!("{}\n{}", described.text, described.notes.join("\n"))
}

/// Asserts that a message has these parts, and no password.
#[track_caller]
pub fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "no {part:?} in\n{message}");
    }
    assert!(!message.contains("hunter2"), "a password in\n{message}");
}
