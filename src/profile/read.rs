//! A profile from a live database, in one read-only transaction, or from a file that the script's output was written to.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use tokio_postgres::{Client, SimpleQueryMessage};

use super::model::{FORMAT, Profile};
use super::script::{Reading, script};

/// What psql is called with.
const COMMANDS: &str =
    "seedrow init --print-sql > profile.sql\n  psql -XAtq -f profile.sql DATABASE > profile.json";

/// Reads it over a connection.
pub async fn from_server(client: &Client, reading: &Reading) -> Result<Profile> {
    let messages = client
        .simple_query(&script(reading))
        .await
        .context("could not read the profile")?;
    let row = messages.iter().find_map(|it| match it {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    let Some(text) = row else {
        bail!("there is no schema {}", reading.schema);
    };
    parse(text).context("the server's profile isn't as expected")
}

/// Reads it from the script's output.
pub fn from_file(path: &Path) -> Result<Profile> {
    let shown = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("could not read {shown}"))?;
    ensure!(
        !text.trim().is_empty(),
        "{shown} is empty: the script had an error, or the schema doesn't exist; its output is made by\n  {COMMANDS}"
    );
    parse(&text).with_context(|| format!("{shown} is no profile; one is made by\n  {COMMANDS}"))
}

fn parse(text: &str) -> Result<Profile> {
    let json: serde_json::Value = serde_json::from_str(text)?;
    let format = json.get("format").and_then(serde_json::Value::as_u64);
    ensure!(
        format == Some(FORMAT.into()),
        "its format is {}, and this version of seedrow reads {FORMAT}",
        format.map_or("unknown".to_owned(), |it| it.to_string())
    );
    Ok(serde_json::from_value(json)?)
}
