//! `seedrow init`

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::check::schema::{ScratchServer, with_applied};
use crate::cli::{QuietArgs, TargetArgs};
use crate::commands::Outcome;
use crate::commands::context::{self, Context, DEFAULT_DATASET, target_options};
use crate::dataset::document::did_you_mean;
use crate::infer::model::Model;
use crate::infer::names::Locale;
use crate::infer::source::{Source, WhyLeftOut};
use crate::infer::{self, Wish};
use crate::init::ddl::{self, Ddl};
use crate::init::{self, Attempts, Found, Overwriting, Plan};
use crate::report::{self, OutputFormat};
use crate::suggestion::Suggestions;
use crate::units::rows;

/// Write a dataset for any schema: from a database's catalog, or from the DDL that creates it
///
/// Reads tables, keys, constraints and types in one read-only transaction, no row, and decides what makes each column. The
/// file says why, and how sure that is. `seedrow run` then fills the tables.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  seedrow init --url postgresql://app@db.example.com/shop && seedrow run --dataset shop/shop.toml
  seedrow init --ddl db/structure.sql --name shop --total 10M
  seedrow init --ddl db/migrations --out seeds --exclude schema_migrations
  seedrow init --url postgresql://app@db.example.com/shop --scale 0.1 --overwrite")]
pub struct Args {
    /// A file or a folder of migrations (.sql, in the order of their names) that creates the tables, in place of a
    /// database; it is applied to a scratch database on the embedded Postgres
    #[arg(long, value_name = "FILE|DIR", conflicts_with = "url")]
    ddl: Option<PathBuf>,

    /// Only these tables, separated by commas [default: all of the schema]
    #[arg(long, value_delimiter = ',', value_name = "TABLE,…")]
    tables: Option<Vec<String>>,

    /// Not these tables, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "TABLE,…")]
    exclude: Vec<String>,

    /// The folder that the files are written to [default: the dataset's name]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// The dataset's name [default: the database's, or the DDL file's]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// How many rows, as a multiple of the source's where it has rows, else of a modest size
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR", value_parser = factor)]
    scale: f64,

    /// How many rows all tables together have, about: 10M
    #[arg(long, value_parser = rows, value_name = "N", conflicts_with = "scale")]
    total: Option<u64>,

    /// How many rows each table has, where its keys allow them
    #[arg(long, value_parser = rows, value_name = "N", conflicts_with_all = ["scale", "total"])]
    rows: Option<u64>,

    /// The language of names, cities and the like: en, de, es, fr, it, ja, nl or pt
    #[arg(long, value_parser = Locale::of, default_value = "en", value_name = "CODE")]
    locale: &'static Locale,

    /// Replace the files of an earlier init
    #[arg(long)]
    overwrite: bool,

    /// Write into the files of an earlier init what changed in the schema since, and keep what was edited by hand
    #[arg(long, conflicts_with = "overwrite")]
    merge: bool,

    /// Write the dataset without trying rows; else 200 of each table are copied, with every constraint and trigger on,
    /// and rolled back
    #[arg(long)]
    no_trial: bool,

    /// How the account is printed
    #[arg(long, value_parser = report::text_or_json(), default_value = "text")]
    format: OutputFormat,

    #[command(flatten)]
    target: TargetArgs,

    #[command(flatten)]
    quiet: QuietArgs,
}

fn factor(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(factor) if factor > 0.0 && factor.is_finite() => Ok(factor),
        _ => Err("expected a number above 0, such as 10 or 0.1".to_owned()),
    }
}

/// Reads the catalog, decides, tries, writes, reports.
pub async fn run(args: &Args) -> Result<Outcome> {
    let context = Context::new(DEFAULT_DATASET, &args.target, args.quiet);
    match &args.ddl {
        Some(path) => args.of_ddl(&ddl::read(path)?, &context).await,
        None => args.of_database(&context).await,
    }
}

impl Args {
    pub(super) fn suggestions(&self) -> Suggestions {
        context::suggestions(&self.target, DEFAULT_DATASET)
    }

    fn overwriting(&self) -> Overwriting {
        match (self.overwrite, self.merge) {
            (true, _) => Overwriting::Replace,
            (false, true) => Overwriting::Merge,
            (false, false) => Overwriting::Refuse,
        }
    }

    fn wish(&self) -> Wish {
        match (self.rows, self.total) {
            (Some(rows), _) => Wish::Each(rows),
            (None, Some(total)) => Wish::Total(total),
            (None, None) => Wish::Scale(self.scale),
        }
    }

    async fn of_database(&self, context: &Context) -> Result<Outcome> {
        if !context.names_a_server()? {
            bail!(
                "which database? Name it with --url (or DATABASE_URL, or the PG* variables), or the file that creates its \
                 tables: `seedrow init --ddl schema.sql`"
            );
        }
        let server = context.open_server().await?;
        let mut client = server.connect().await?;
        let found = init::read(&mut client, server.schema()).await?;
        if !has_tables(&found) {
            let others = init::schemas_with_tables(&client).await?;
            let where_ = format!("schema {} of {}", found.schema, server.display_name());
            bail!(no_tables(&where_, &others));
        }
        self.write(&mut client, &found, None).await
    }

    async fn of_ddl(&self, ddl: &Ddl, context: &Context) -> Result<Outcome> {
        let server = ScratchServer {
            url: None,
            target: target_options(&self.target),
        };
        let home = self.target.target_schema.as_deref();
        let write = async |client: &mut tokio_postgres::Client| {
            let found = find_in_ddl(client, home, ddl).await?;
            self.write(client, &found, Some(ddl)).await
        };
        let scripts = [&ddl.script];
        with_applied(
            &server,
            &scripts,
            home.unwrap_or("public"),
            &context.progress,
            write,
        )
        .await
    }

    /// Decides what makes the tables found, tries it, writes the dataset and reports.
    async fn write(
        &self,
        client: &mut tokio_postgres::Client,
        found: &Found,
        ddl: Option<&Ddl>,
    ) -> Result<Outcome> {
        let name = self.dataset_name(found, ddl);
        let folder = self.out.clone().unwrap_or_else(|| PathBuf::from(&name));
        Plan::ensure_can_write(&folder, &name, self.overwriting())?;
        let source = self.source(found)?;
        let about = format!("The tables of schema {} of {name}", found.schema);
        let plan = |model: &Model| Plan::new(&folder, &name, &about, &source, model, ddl);
        let attempts = Attempts {
            build: &|lessons| infer::model(&source, self.wish(), self.locale, lessons),
            plan: &plan,
        };
        let (model, tried) = match self.no_trial {
            true => attempts.untried("--no-trial")?,
            false => attempts.settle(client, &found.schema).await?,
        };
        let written = match model.tables.is_empty() {
            true => None,
            false => Some(plan(&model)?.write(self.overwriting())?),
        };
        let target_schema = (ddl.is_some() && found.schema != "public").then_some(&*found.schema);
        report::init::account(
            &model,
            &tried,
            written.as_ref(),
            target_schema,
            self.format,
            &self.suggestions(),
        )?;
        match written {
            Some(_) => Ok(Outcome::Held),
            None => bail!(
                "none of the tables can be filled; the account says why, and nothing was written"
            ),
        }
    }

    fn dataset_name(&self, found: &Found, ddl: Option<&Ddl>) -> String {
        let named = self.name.clone().or_else(|| match ddl {
            Some(ddl) => ddl.name(),
            None if found.schema != "public" => Some(found.schema.clone()),
            None => Some(found.database.clone()),
        });
        file_stem(&named.unwrap_or_default())
    }

    /// The tables that are meant.
    fn source(&self, found: &Found) -> Result<Source> {
        let known: Vec<&str> = found
            .rows
            .tables
            .iter()
            .filter(|it| it.name.schema == found.schema && it.root_oid.is_none())
            .map(|it| it.name.name.as_str())
            .collect();
        let named = |option: &'static str, names: &[String]| {
            let missing = names.iter().find(|it| !known.contains(&it.as_str()));
            match missing {
                Some(name) => bail!(
                    "{option}: schema {} has no table `{name}`; {}",
                    found.schema,
                    did_you_mean(name, known.iter().copied())
                ),
                None => Ok(()),
            }
        };
        named("--tables", self.tables.as_deref().unwrap_or_default())?;
        named("--exclude", &self.exclude)?;
        let is_wanted = |name: &str| {
            let names = |list: &[String]| list.iter().any(|it| it == name);
            self.tables.as_deref().is_none_or(names) && !names(&self.exclude)
        };
        let mut source = Source::new(&found.schema, &found.rows, is_wanted);
        if self.tables.is_some() {
            // What wasn't asked for goes without saying.
            source.left_out.retain(|it| it.why != WhyLeftOut::Asked);
        }
        Ok(source)
    }
}

/// What DDL has created.
async fn find_in_ddl(
    client: &mut tokio_postgres::Client,
    home: Option<&str>,
    ddl: &Ddl,
) -> Result<Found> {
    let context = || format!("could not read the tables of {}", ddl.path.display());
    let schema = home.unwrap_or("public");
    let found = init::read(client, Some(schema))
        .await
        .with_context(context)?;
    if has_tables(&found) {
        return Ok(found);
    }
    let others = init::schemas_with_tables(client).await?;
    match others.as_slice() {
        [(only, _)] if home.is_none() => init::read(client, Some(only)).await.with_context(context),
        _ => {
            let where_ = format!("schema {schema} that {} creates", ddl.path.display());
            bail!(no_tables(&where_, &others))
        }
    }
}

fn has_tables(found: &Found) -> bool {
    let source = Source::new(&found.schema, &found.rows, |_| true);
    !source.tables.is_empty()
}

fn no_tables(place: &str, others: &[(String, usize)]) -> String {
    if others.is_empty() {
        return format!(
            "{place} has no tables, nor has any other; views, foreign tables and those of extensions don't count"
        );
    }
    let others: Vec<String> = others
        .iter()
        .map(|(name, count)| format!("{name} has {count}"))
        .collect();
    format!(
        "{place} has no tables; choose another with --target-schema: {}",
        others.join(", ")
    )
}

/// A name for files: of letters, digits, `_`, `-` and `.`.
fn file_stem(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let plain: String = name
        .chars()
        .map(|c| if is_plain(c) { c } else { '_' })
        .collect();
    let plain = plain.trim_start_matches('.');
    match Path::new(plain).file_name() {
        Some(_) => plain.to_owned(),
        None => "dataset".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_datasets_are_names_of_files() {
        for (name, stem) in [
            ("shop", "shop"),
            ("my shop/2", "my_shop_2"),
            ("..", "dataset"),
            ("", "dataset"),
            (".hidden", "hidden"),
        ] {
            assert_eq!(file_stem(name), stem, "{name}");
        }
    }
}
