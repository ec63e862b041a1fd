//! The options of `init` that have to do with a profile, and what is told of one.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::init::Found;
use crate::init::ddl::Ddl;
use crate::postgres::Server;
use crate::postgres::catalog;
use crate::profile::{self, Access, ColumnShare, Level, Profile, Reading, TableShare, WhatIf};
use crate::progress::Progress;
use crate::units::{counted, grouped, percent};

/// Which profile a dataset has.
#[derive(clap::Args, Debug, Clone)]
#[command(next_help_heading = "Profile")]
pub struct ProfileArgs {
    /// Have rows with the planner's statistics of the database (distinct values, frequencies, order on disk, children per
    /// parent), read in one read-only transaction; or those of FILE, which the script of --print-sql prints
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    profile: Option<Option<PathBuf>>,

    /// Print the SQL that reads a profile, for psql, and do nothing else
    #[arg(long, conflicts_with_all = ["ddl", "profile"])]
    print_sql: bool,

    /// How much of the values the profile has
    #[arg(long, value_enum, default_value = "shape", value_name = "LEVEL")]
    privacy: Level,

    /// The share of the database's pages that counting children may use; 10,000 of a small one
    #[arg(long, value_parser = percent, default_value = "1%", value_name = "SHARE")]
    sample: f64,

    /// Leave the figures as they are read; else rows are made on the embedded server, at most a million of a table, analysed,
    /// and the figures adjusted twice
    #[arg(long, requires = "profile")]
    no_calibrate: bool,

    /// What if one value, or one parent of a foreign key, had so many of the rows: orders.customer_id=30%
    #[arg(long, value_parser = column_share, value_name = "TABLE.COLUMN=SHARE", requires = "profile")]
    hot: Vec<ColumnShare>,

    /// What if a column were NULL in so many of the rows: orders.note=90%
    #[arg(long, value_parser = column_share, value_name = "TABLE.COLUMN=SHARE", requires = "profile")]
    nulls: Vec<ColumnShare>,

    /// What if the last tenth of a table's rows had come within so much of the time: orders=1%
    #[arg(long, value_parser = table_share, value_name = "TABLE=SHARE", requires = "profile")]
    burst: Vec<TableShare>,
}

fn table_share(text: &str) -> Result<TableShare, String> {
    let (table, share) = text
        .rsplit_once('=')
        .ok_or("expected a table and a share, such as orders=1%")?;
    Ok(TableShare {
        table: table.to_owned(),
        share: percent(share)?,
    })
}

fn column_share(text: &str) -> Result<ColumnShare, String> {
    let named = text.rsplit_once('=').and_then(|(place, share)| {
        let (table, column) = place.split_once('.')?;
        Some((table, column, share))
    });
    let (table, column, share) =
        named.ok_or("expected a column and a share, such as orders.customer_id=30%")?;
    Ok(ColumnShare {
        table: table.to_owned(),
        column: column.to_owned(),
        share: percent(share)?,
    })
}

/// Where a profile comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileSource<'a> {
    /// The database that the catalog is read of.
    Database,
    /// A script's output.
    File(&'a PathBuf),
}

impl ProfileArgs {
    /// Where it comes from; `None` where none is asked for.
    pub fn source(&self) -> Option<ProfileSource<'_>> {
        self.profile.as_ref().map(|it| match it {
            None => ProfileSource::Database,
            Some(path) => ProfileSource::File(path),
        })
    }

    /// The script, where it is asked for.
    pub fn sql(&self, schema: Option<&str>) -> Option<String> {
        let reading = self.reading(schema.unwrap_or("public"));
        self.print_sql.then(|| profile::script(&reading))
    }

    /// Whether rows are made to see how near they come.
    pub fn calibrates(&self) -> bool {
        self.profile.is_some() && !self.no_calibrate
    }

    /// What is to differ from the source.
    pub fn what_if(&self) -> WhatIf {
        WhatIf {
            hot: self.hot.clone(),
            nulls: self.nulls.clone(),
            bursts: self.burst.clone(),
        }
    }

    fn reading(&self, schema: &str) -> Reading {
        Reading {
            schema: schema.to_owned(),
            level: self.privacy,
            sample: self.sample,
        }
    }

    /// Reads it over a connection, after what it will lack is told.
    pub async fn read(&self, server: &Server, progress: &Progress) -> Result<Profile> {
        let client = server.connect().await?;
        let schema = match server.schema() {
            Some(schema) => schema.to_owned(),
            None => catalog::current_schema(&client)
                .await?
                .unwrap_or_else(|| "public".to_owned()),
        };
        tell_missing(&profile::access(&client, &schema).await?, progress)?;
        if self.privacy != Level::Shape {
            progress.note(format!(
                "profile: level {}: {} are written to the dataset's files",
                self.privacy.name(),
                match self.privacy {
                    Level::Values =>
                        "common values and histograms of the columns, values of this database,",
                    _ => "rounded numbers and dates of this database",
                }
            ));
        }
        let task = progress.step("profile: reading statistics");
        let read = profile::from_server(&client, &self.reading(&schema)).await;
        task.finish();
        read
    }

    /// Reads it from a file, and tells what it lacks.
    pub fn read_file(&self, path: &Path, progress: &Progress) -> Result<Profile> {
        let profile = profile::from_file(path)?;
        ensure!(
            self.privacy == Level::Shape || self.privacy == profile.level,
            "{} is of level {}; for another one, make it anew: seedrow init --print-sql --privacy {}",
            path.display(),
            profile.level.name(),
            self.privacy.name()
        );
        tell_missing(&Access::of(&profile), progress)?;
        Ok(profile)
    }
}

fn tell_missing(access: &Access, progress: &Progress) -> Result<()> {
    access.ensure_any()?;
    for message in access.messages() {
        progress.note(format!("profile: {message}"));
    }
    Ok(())
}

/// How many pages were used, beside those that there are: of a small database they are used more than once.
fn pages_used(used: u64, there: u64) -> String {
    let (pages, all) = (grouped(used), grouped(there));
    if used > there {
        return format!("{pages} pages used, some of the database's {all} more than once");
    }
    #[expect(clippy::cast_precision_loss, reason = "a share for a message")]
    let share = 100.0 * used as f64 / there.max(1) as f64;
    format!("{pages} of the database's {all} pages used ({share:.1}%)")
}

/// Tells what was read, and of what.
pub fn tell(profile: &Profile, progress: &Progress) {
    let keys = profile.tables.iter().flat_map(|it| &it.foreign_keys);
    let (counted_keys, derived): (Vec<_>, Vec<_>) = keys.partition(|it| it.sampled > 0.0);
    progress.note(format!(
        "profile: {} of schema {}, level {}; {}",
        counted(profile.tables.len() as u64, "table"),
        profile.schema,
        profile.level.name(),
        pages_used(profile.pages_read, profile.pages),
    ));
    if !counted_keys.is_empty() || !derived.is_empty() {
        progress.note(format!(
            "profile: children counted for {}, taken from pg_stats for {}",
            counted(counted_keys.len() as u64, "foreign key"),
            derived.len()
        ));
    }
    if !profile.left_out.is_empty() {
        progress.note(format!(
            "profile: schema.sql lacks {}",
            profile.left_out.join(", ")
        ));
    }
    progress.note(
        "profile: schema.sql has the schema's own literals: labels of enums, and those in CHECKs, indexes, bounds of partitions \
         and functions",
    );
}

/// The DDL that a profile has.
pub fn ddl(profile: &Profile) -> Result<Ddl> {
    Ddl::of_text("schema.sql".as_ref(), profile.script())
}

/// Has the tables found have the profile's rows.
pub fn with_rows(found: &mut Found, profile: &Profile) {
    let rows = profile.rows();
    for table in &mut found.rows.tables {
        if let Some(rows) = rows.get(table.name.name.as_str()) {
            table.rows = *rows;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_all_of_the_pages_are_said_to_be_used() {
        let share = pages_used(1_234, 10_000);
        assert_eq!(share, "1,234 of the database's 10,000 pages used (12.3%)");
        let small = pages_used(1_204, 400);
        assert_eq!(
            small,
            "1,204 pages used, some of the database's 400 more than once"
        );
    }
}
