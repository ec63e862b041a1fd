//! `seedrow init`

mod profile;

use std::path::PathBuf;

use anyhow::{Context as _, Error, Result, ensure};

use crate::check::schema::{ScratchServer, with_applied};
use crate::cli::{QuietArgs, TargetArgs};
use crate::commands::Outcome;
use crate::commands::context::{self, Context, DEFAULT_DATASET, target_options};
use crate::infer::Wish;
use crate::infer::names::{Field, Locale, Naming, TeamRules};
use crate::init::ddl::{self, Ddl};
use crate::init::{self, ExistingRows, Found, Overwriting, Request};
use crate::load::ensure_finished;
use crate::postgres::error::ErrorWithNotes;
use crate::profile::Profile;
use crate::report::{self, OutputFormat};
use crate::suggestion::{Suggestions, TARGET};
use crate::units::rows;

use profile::ProfileSource;

/// Write a dataset for any schema: from a database's catalog, or from the DDL that creates it
///
/// Reads tables, keys, constraints and types in one read-only transaction, no row, and decides what makes each column. The
/// file says why, and how sure that is. `seedrow run` then fills the tables.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  seedrow init --url postgresql://app@db.example.com/shop
  seedrow init --ddl db/structure.sql --name shop --total 10M
  seedrow init --ddl db/migrations --out seeds --exclude audit_log
  seedrow init --url postgresql://app@db.example.com/shop --scale 0.1
  seedrow init --url postgresql://app@db.example.com/shop --profile
  seedrow init --print-sql > profile.sql
  seedrow init --profile profile.json --out twin")]
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

    /// A TOML file of your own rules, from names to makers; they come before the built-in ones
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,

    /// Replace the files of an earlier init
    #[arg(long)]
    overwrite: bool,

    /// Write into the files of an earlier init what changed in the schema since, and keep what was edited by hand
    #[arg(long, conflicts_with = "overwrite")]
    merge: bool,

    /// Leave tables that hold rows as they are, and have the rows of the others refer to them: up to 10,000 keys of each are
    /// read
    #[arg(long, conflicts_with_all = ["ddl", "profile"])]
    keep_rows: bool,

    /// Have tables that hold rows in the dataset as if they were empty, for `run --replace` [default: as with --keep-rows
    /// where fewer than half of the tables hold rows]
    #[arg(long, conflicts_with = "keep_rows")]
    ignore_rows: bool,

    /// Write the dataset without trying rows; else 200 of each table are copied, with every constraint and trigger on,
    /// and rolled back
    #[arg(long)]
    no_trial: bool,

    #[command(flatten)]
    profile: profile::ProfileArgs,

    #[command(flatten)]
    target: TargetArgs,

    /// How the account is printed
    #[arg(long, value_parser = report::text_or_json(), default_value = "text", help_heading = "Output")]
    format: OutputFormat,

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
    if let Some(sql) = args.profile.sql(args.target.target_schema.as_deref()) {
        report::print(&sql)?;
        return Ok(Outcome::Held);
    }
    match (args.profile.source(), &args.ddl) {
        (Some(source), _) => args.of_profile(&source, &context).await,
        (None, Some(path)) => args.of_ddl(&ddl::read(path)?, None, &context).await,
        (None, None) => args.of_database(&context).await,
    }
}

/// The error of the embedded server's database, which nobody named and which has no tables.
fn with_other_sources(error: &Error) -> Error {
    let notes = vec![
        "to read another one, name it: --url URL, or DATABASE_URL, or the PG* variables; to read the file that creates the \
         tables: --ddl FILE"
            .to_owned(),
        format!("to fill this one with a built-in dataset first, run: seedrow run --rows 10k{TARGET}"),
    ];
    ErrorWithNotes::of(error.to_string(), notes)
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

    /// The language and the team's own rules.
    fn naming(&self) -> Result<Naming> {
        let rules = match &self.rules {
            None => TeamRules::default(),
            Some(path) => {
                let shown = path.display().to_string();
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("could not read {shown}"))?;
                TeamRules::read(&shown, &text, self.locale)?
            }
        };
        Ok(Naming {
            field: Field::Any,
            locale: self.locale,
            rules,
        })
    }

    fn wish(&self) -> Wish {
        match (self.rows, self.total) {
            (Some(rows), _) => Wish::Each(rows),
            (None, Some(total)) => Wish::Total(total),
            (None, None) => Wish::Scale(self.scale),
        }
    }

    async fn of_database(&self, context: &Context) -> Result<Outcome> {
        let server = context.open_server().await?;
        let mut client = server.connect().await?;
        // What it dropped would be missing in the dataset.
        ensure_finished(&client, server.schema()).await?;
        let found = init::read(&mut client, server.schema()).await?;
        if let Err(error) = found.ensure_has_tables(server.display_name()) {
            return Err(match context.names_a_server()? {
                true => error,
                false => with_other_sources(&error),
            });
        }
        let writes = server.capabilities().writes;
        let request = Request {
            untried: self.untried(writes.refusal(server.display_name())),
            ..self.request(None)?
        };
        self.write(&mut client, &found, &request, None, None).await
    }

    /// The tables are made from the profile's statements, or the DDL that is named, on a scratch database: nothing is tried
    /// on the source.
    async fn of_profile(&self, source: &ProfileSource<'_>, context: &Context) -> Result<Outcome> {
        let progress = &context.progress;
        let profile = match source {
            ProfileSource::File(path) => self.profile.read_file(path, progress)?,
            ProfileSource::Database => {
                ensure!(
                    self.ddl.is_none(),
                    "--profile reads the database's tables, too; with --ddl it takes a FILE, the output of the script that \
                     `seedrow init --print-sql` prints"
                );
                let server = context.open_server().await?;
                self.profile.read(&server, progress).await?
            }
        };
        profile::tell(&profile, progress);
        let ddl = match &self.ddl {
            Some(path) => ddl::read(path)?,
            None => profile::ddl(&profile)?,
        };
        self.of_ddl(&ddl, Some(&profile), context).await
    }

    async fn of_ddl(
        &self,
        ddl: &Ddl,
        profile: Option<&Profile>,
        context: &Context,
    ) -> Result<Outcome> {
        let server = ScratchServer {
            url: None,
            target: target_options(&self.target),
        };
        let typed = self.target.target_schema.as_deref();
        let home = profile.map(|it| it.schema.as_str()).or(typed);
        let write = async |client: &mut tokio_postgres::Client| {
            let mut found = init::find_in_ddl(client, home, ddl).await?;
            if let Some(profile) = profile {
                profile::with_rows(&mut found, profile);
            }
            self.write(client, &found, &self.request(profile)?, Some(ddl), profile)
                .await
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

    /// Writes the dataset of the tables found, and reports.
    async fn write(
        &self,
        client: &mut tokio_postgres::Client,
        found: &Found,
        request: &Request<'_>,
        ddl: Option<&Ddl>,
        profile: Option<&Profile>,
    ) -> Result<Outcome> {
        let initialized = request.write(client, found, ddl).await?;
        let target_schema = (ddl.is_some() && found.schema != "public").then_some(&*found.schema);
        // Never the source: the rows are for another server.
        let suggestions = match profile {
            Some(_) => context::home_suggestions(&self.target.home),
            None => self.suggestions(),
        };
        report::init::account(&initialized, target_schema, self.format, &suggestions)?;
        initialized.ensure_written()?;
        Ok(Outcome::Held)
    }

    /// Why no rows are tried: they aren't to be, or the server takes none.
    fn untried(&self, refusal: Option<String>) -> Option<String> {
        match self.no_trial {
            true => Some("--no-trial".to_owned()),
            false => refusal,
        }
    }

    fn request<'p>(&self, profile: Option<&'p Profile>) -> Result<Request<'p>> {
        let of_profile = profile.map(|it| match it.schema.as_str() {
            "public" => it.database.clone(),
            schema => schema.to_owned(),
        });
        Ok(Request {
            name: self.name.clone().or(of_profile),
            out: self.out.clone(),
            tables: self.tables.clone(),
            exclude: self.exclude.clone(),
            wish: self.wish(),
            naming: self.naming()?,
            overwriting: self.overwriting(),
            untried: self.untried(None),
            profile,
            what_if: self.profile.what_if(),
            calibration: self.profile.calibrates(),
            existing: match (self.keep_rows, self.ignore_rows) {
                (true, _) => ExistingRows::Keep,
                (false, true) => ExistingRows::Ignore,
                (false, false) => ExistingRows::KeepFew,
            },
        })
    }
}
