//! Which tables a load fills and which files they are filled from: a dataset's, the target's own, those of a file of DDL, or
//! tables that are created for the files.

use std::path::Path;

use anyhow::{Context as _, Error, Result};

use crate::commands::context::Context;
use crate::commands::interrupt::stoppable;
use crate::commands::load::args::{Args, INTO};
use crate::dataset::Dataset;
use crate::dataset::source::Source;
use crate::files::parts;
use crate::infer::{self, SchemaTables};
use crate::load::Input;
use crate::load::created::{CreatedTables, Creation};
use crate::load::own_tables::{self, OwnTables};
use crate::postgres::error::ErrorWithNotes;
use crate::progress;
use crate::script::Script;
use crate::suggestion::again;

/// Tables and their files.
pub struct FoundInput {
    /// The tables and their files.
    pub own: OwnTables,
    /// The tables as the catalog has them or will, where that is known without the schema.
    pub schema: Option<SchemaTables>,
    /// The tables that are created for their files, with their DDL.
    pub created: Vec<(String, String)>,
}

/// Finds the tables and their files.
pub async fn find(args: &Args, context: &Context) -> Result<FoundInput> {
    ensure_without_schema(args, context).await?;
    if args.create {
        return find_created(args, context).await;
    }
    find_input(args, context).await
}

/// Refuses a table that is named with its schema: no table has that name, and `--create` would create one.
async fn ensure_without_schema(args: &Args, context: &Context) -> Result<()> {
    let named = args.tables_with_points();
    if named.is_empty() || args.check_only {
        return Ok(());
    }
    let server = context.open_server().await?;
    for (option, name) in named {
        let Some((schema, table)) = own_tables::with_schema(&server, &name).await? else {
            continue;
        };
        let message = format!("{option}: `{name}` is named with a schema");
        let target = ["--target-schema", schema];
        let note = match option {
            INTO => format!(
                "to load into table {table} of schema {schema}, run: {}",
                again(&[&[INTO, table][..], &target].concat())
            ),
            _ => format!("write `{table}`, and --target-schema {schema} for where the tables are"),
        };
        return Err(ErrorWithNotes::of(message, vec![note]));
    }
    Ok(())
}

/// The files' tables, created where they don't exist; the DDL is shown.
async fn find_created(args: &Args, context: &Context) -> Result<FoundInput> {
    let there = match args.check_only {
        true => SchemaTables::none("public"),
        false => {
            let server = context.open_server_to("load rows").await?;
            own_tables::tables_of_target(&server).await?
        }
    };
    let (folder, names) = (args.folder().map(Path::to_owned), args.tables.clone());
    let (overrides, progress) = (args.overrides()?, context.progress.clone());
    let found = stoppable(move |stop| {
        let creation = Creation {
            there,
            folder: folder.as_deref(),
            names: names.as_deref(),
            overrides,
            progress: &progress,
            stop,
        };
        creation.find()
    });
    let CreatedTables {
        own,
        schema,
        new,
        existing,
    } = found.await?;
    for name in existing {
        context.progress.note(format!(
            "load: {name} exists, and is used as it is, with its own columns and types; to have them inferred, drop it first"
        ));
    }
    for table in &new {
        let ddl = format!("-- {}\n{}", table.files, table.ddl());
        match args.check_only {
            // What was asked for, and no remark.
            true => progress::note(&ddl),
            false => context.progress.note(&ddl),
        }
        for advice in table.advice() {
            context.progress.note(format!("load: {advice}"));
        }
    }
    let created = new.iter().map(|table| (table.name.clone(), table.ddl()));
    Ok(FoundInput {
        own,
        schema: Some(schema),
        created: created.collect(),
    })
}

/// The files of the dataset's tables; without a dataset, where the files aren't those of the default one, of the tables of
/// the DDL named or of the target.
async fn find_input(args: &Args, context: &Context) -> Result<FoundInput> {
    if let Some(path) = &args.schema {
        let read = |path: &Path| Source::Disk.read(path);
        let ddl = Script::read(path, read(path)?, &read)?;
        let server = context.open_server_to("load rows").await?;
        return find_own(args, own_tables::of_ddl(&server, ddl).await?);
    }
    let mut dataset = context.open_dataset()?;
    let schema = complete(args, context, &mut dataset).await?;
    let error = match of_dataset(args, &dataset) {
        Ok((tables, input)) => {
            let own = OwnTables {
                dataset,
                tables,
                input,
            };
            return Ok(FoundInput {
                own,
                schema,
                created: Vec::new(),
            });
        }
        Err(error) => error,
    };
    if let Some(table) = args
        .read_table()
        .filter(|it| dataset.position(it).is_none())
    {
        return Err(not_read(&dataset, table));
    }
    let is_ours = args.folder().is_some_and(parts::is_described);
    if args.dataset.is_some() || args.check_only || is_ours || !context.names_a_server()? {
        return Err(error);
    }
    let server = context.open_server().await?;
    let own = own_tables::of_target(&server).await?;
    // Where the default dataset's tables are, its files are meant, unless none of them is there.
    let is_meant = own_tables::holds(&own, &dataset) && args.names_any_of(&dataset);
    if own.tables.is_empty() {
        return Err(own_tables::in_other_schemas(&server, error).await);
    }
    if is_meant {
        return Err(error);
    }
    find_own(args, own)
}

/// The error of a file that is only read, for a table of no dataset.
fn not_read(dataset: &Dataset, table: &str) -> Error {
    let message = format!(
        "--check-only reads a file by a dataset's tables, and {} has no table `{table}`",
        dataset.name
    );
    let again = again(&["--create"]);
    let note = format!("to read it by the types that its own records have, run: {again}");
    ErrorWithNotes::of(message, vec![note])
}

/// Gives the dataset's tables that are only loaded the columns of the schema. Returns the tables where a file is only read.
async fn complete(
    args: &Args,
    context: &Context,
    dataset: &mut Dataset,
) -> Result<Option<SchemaTables>> {
    if !dataset.has_loaded_tables() {
        return Ok(None);
    }
    let found = match args.check_only {
        true => {
            let server = context.open_embedded("postgres").await?;
            own_tables::try_ddl(&server, &dataset.schema).await?
        }
        false => {
            let server = context.open_server_to("load rows").await?;
            own_tables::for_dataset(&server, dataset).await?
        }
    };
    infer::loaded::complete(dataset, &found)?;
    Ok(args.check_only.then_some(found))
}

fn of_dataset(args: &Args, dataset: &Dataset) -> Result<(Vec<usize>, Input)> {
    args.overrides()?.ensure_known(dataset)?;
    let tables = dataset.select(args.tables().as_deref())?;
    let input = Input::find(dataset, args.folder(), &tables, &args.overrides()?)?;
    Ok((tables, input))
}

fn find_own(args: &Args, dataset: Dataset) -> Result<FoundInput> {
    args.overrides()?.ensure_known(&dataset)?;
    let names: Vec<&str> = dataset.tables.iter().map(|it| it.name.as_str()).collect();
    let nothing = format!(
        "no file has the name or the header of a table; the tables are {}. --file TABLE=PATH names a table's file",
        names.join(", ")
    );
    let names = args.tables();
    let found = OwnTables::find(dataset, args.folder(), names.as_deref(), args.overrides()?)?;
    let own = found.context(nothing)?;
    Ok(FoundInput {
        own,
        schema: None,
        created: Vec::new(),
    })
}
