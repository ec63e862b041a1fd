//! A load in parts, each loaded by a command of its own: which parts of which tables are there, and what is to be typed for the
//! others.

use anyhow::{Context, Result, ensure};
use tokio_postgres::types::Type;
use tokio_postgres::{GenericClient, Row};

use crate::dataset::Part;
use crate::dataset::part::listed;
use crate::load::account::Account;
use crate::suggestion::{TARGET, finishing};

/// So many commands of missing parts are proposed.
const PROPOSED: usize = 3;

/// How far a load in parts has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartsProgress {
    /// How many parts there are.
    pub of: u32,
    /// The parts that some table lacks.
    pub missing: Vec<u32>,
    /// The command that loaded one of them.
    command: String,
}

impl PartsProgress {
    /// Of a schema's unfinished load in so many parts, of these tables, that `command` began.
    pub async fn read(
        client: &impl GenericClient,
        schema: &str,
        of: u32,
        tables: &[String],
        command: &str,
    ) -> Result<PartsProgress> {
        let sql = "SELECT part FROM seedrow.parts
            WHERE schema_name = $1 AND table_name = ANY ($2)
            GROUP BY part
            HAVING count(*) = cardinality($2)";
        let rows = client
            .query_typed(sql, &[(&schema, Type::TEXT), (&tables, Type::TEXT_ARRAY)])
            .await
            .context("could not read the ledger")?;
        let loaded = rows.iter().map(number).collect::<Result<Vec<u32>>>()?;
        Ok(PartsProgress {
            of,
            missing: (1..=of).filter(|part| !loaded.contains(part)).collect(),
            command: finishing(command),
        })
    }

    /// `in 7 parts, of which 2, 5 to 7 are missing`.
    pub fn described(&self) -> String {
        let of = self.of;
        let missing = listed(&self.missing);
        match self.missing.len() {
            0 => format!("in {of} parts, all of which are loaded"),
            1 => format!("in {of} parts, of which {missing} is missing"),
            _ => format!("in {of} parts, of which {missing} are missing"),
        }
    }

    /// What is to be typed to finish the load: commands of missing parts, and the one that follows when all are there.
    pub fn next_commands(&self) -> Vec<String> {
        let missing = self.missing.iter().take(PROPOSED);
        let command = |&number: &u32| {
            let part = Part {
                number,
                of: self.of,
            };
            let command = command_of_part(&self.command, part);
            format!("to load part {number}, run: {command}")
        };
        let when = match self.missing.is_empty() {
            true => "",
            false => ", once no part is missing",
        };
        let finish = format!("to build keys and indexes{when}, run: seedrow finish{TARGET}");
        missing.map(command).chain([finish]).collect()
    }
}

/// The command of one part as that of another.
fn command_of_part(command: &str, part: Part) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut found = false;
    for word in command.split(' ') {
        let follows = words.last().is_some_and(|last| last == "--part");
        let word = match (follows, word.strip_prefix("--part=")) {
            (true, _) => part.to_string(),
            (false, Some(_)) => format!("--part={part}"),
            (false, None) => word.to_owned(),
        };
        found |= word.starts_with("--part");
        words.push(word);
    }
    if !found {
        words.push(format!("--part {part}"));
    }
    words.join(" ")
}

/// The tables that a part is loaded of.
pub async fn tables_of_part(
    client: &impl GenericClient,
    schema: &str,
    part: Part,
) -> Result<Vec<String>> {
    let sql = "SELECT table_name FROM seedrow.parts WHERE schema_name = $1 AND part = $2";
    let number = i32::try_from(part.number)?;
    let rows = client
        .query_typed(sql, &[(&schema, Type::TEXT), (&number, Type::INT4)])
        .await
        .context("could not read the ledger")?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Records that no part of the tables is loaded yet.
pub async fn start_parts(
    client: &impl GenericClient,
    schema: &str,
    tables: &[String],
) -> Result<()> {
    // The position says that rows are to come.
    let sql = "INSERT INTO seedrow.tables
            (schema_name, table_name, file, read, loaded, rejected, dropped, repaired, position, line)
        SELECT $1, of_load.name, '', 0, 0, 0, 0, 0, 0, 0
        FROM unnest($2::text[]) AS of_load (name)";
    client
        .execute_typed(sql, &[(&schema, Type::TEXT), (&tables, Type::TEXT_ARRAY)])
        .await
        .context("could not write the ledger")?;
    Ok(())
}

/// Records a part of a table, with the account of its rows, in the transaction that loads them.
pub async fn save_part(
    client: &impl GenericClient,
    schema: &str,
    part: Part,
    account: &Account,
) -> Result<()> {
    let number = i32::try_from(part.number)?;
    let (read, loaded) = (account.read.cast_signed(), account.loaded.cast_signed());
    let sql =
        "INSERT INTO seedrow.parts (schema_name, table_name, part, loaded) VALUES ($1, $2, $3, $4)";
    let context = || {
        format!(
            "could not save part {part} of {} in the ledger",
            account.name
        )
    };
    client
        .execute(sql, &[&schema, &account.name, &number, &loaded])
        .await
        .with_context(context)?;
    // Last, since other parts of the table wait for it until this transaction ends.
    let sql = "UPDATE seedrow.tables
        SET file = $3, read = read + $4, loaded = loaded + $5, loaded_at = clock_timestamp()
        WHERE schema_name = $1 AND table_name = $2";
    let updated = client
        .execute(
            sql,
            &[&schema, &account.name, &account.file, &read, &loaded],
        )
        .await
        .with_context(context)?;
    ensure!(
        updated == 1,
        "the ledger of schema {schema} has no load of {} any more; its part {part} was rolled back",
        account.name
    );
    Ok(())
}

/// Records that all parts of the schema's load are there: from now on it is one load, whose tables have their rows, and that
/// `command` finishes.
pub async fn join_parts(client: &impl GenericClient, schema: &str, command: &str) -> Result<()> {
    let context = || "could not write the ledger".to_owned();
    let sql = "UPDATE seedrow.tables AS t SET position = NULL, line = NULL
        FROM seedrow.loads AS l
        WHERE l.target_schema = $1 AND t.schema_name = $1 AND t.table_name = ANY (l.tables)";
    client
        .execute_typed(sql, &[(&schema, Type::TEXT)])
        .await
        .with_context(context)?;
    let sql = "DELETE FROM seedrow.parts WHERE schema_name = $1";
    client
        .execute_typed(sql, &[(&schema, Type::TEXT)])
        .await
        .with_context(context)?;
    let sql = "UPDATE seedrow.loads SET parts = NULL, command = $2 WHERE target_schema = $1";
    client
        .execute_typed(sql, &[(&schema, Type::TEXT), (&command, Type::TEXT)])
        .await
        .with_context(context)?;
    Ok(())
}

fn number(row: &Row) -> Result<u32> {
    Ok(row.try_get::<_, i32>(0)?.try_into()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_of_one_part_becomes_that_of_another() {
        let part = Part { number: 5, of: 7 };
        for (command, other) in [
            (
                "seedrow run --part 1/7 --quiet",
                "seedrow run --part 5/7 --quiet",
            ),
            ("seedrow run --part=1/7", "seedrow run --part=5/7"),
            (
                "seedrow run --url 'host=a b'",
                "seedrow run --url 'host=a b' --part 5/7",
            ),
        ] {
            assert_eq!(command_of_part(command, part), other);
        }
    }

    #[test]
    fn missing_parts_are_listed_with_their_commands() {
        let mut progress = PartsProgress {
            of: 7,
            missing: vec![2, 5, 6, 7],
            command: "seedrow run --part 1/7".into(),
        };
        assert_eq!(
            progress.described(),
            "in 7 parts, of which 2, 5 to 7 are missing"
        );
        let next = progress.next_commands();
        assert_eq!(next.len(), 4);
        assert_eq!(next[1], "to load part 5, run: seedrow run --part 5/7");
        progress.missing.clear();
        let finish = format!("to build keys and indexes, run: seedrow finish{TARGET}");
        assert_eq!(progress.next_commands(), [finish]);
    }
}
