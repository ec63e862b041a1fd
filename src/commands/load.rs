//! `seedrow load DIR`: CSV files into Postgres, every row accounted for.

mod args;
mod input;
mod rejecting_args;

use std::sync::Arc;

use anyhow::{Error, Result};

use crate::commands::Outcome;
use crate::commands::context::{
    Context, commit_unit, ensure_may_recreate, tables_found, typed_command,
};
use crate::commands::interrupt::stoppable;
use crate::commands::load::input::FoundInput;
use crate::dataset::{Dataset, waivers_with};
use crate::index::IndexHook;
use crate::infer::SchemaTables;
use crate::load::created;
use crate::load::own_tables::{self, OwnTables};
use crate::load::{self, Commits, Input, Load, NoHook, Rejects, StageTracker};
use crate::postgres::error::describe;
use crate::report;
use crate::report::load::InputReport;
pub use args::Args;

/// Loads the folder and reports the account of every table.
pub async fn run(args: &Args, stage: &StageTracker) -> Result<Outcome> {
    let context = Context::new(args.dataset_name(), &args.target, args.quiet);
    let FoundInput {
        own: OwnTables {
            dataset,
            tables,
            input,
        },
        schema,
        created,
    } = input::find(args, &context).await?;
    let dataset = Arc::new(dataset);
    let rejects = Rejects::new(&args.rejecting.rejects, args.max_rejects(), input.paths());
    let listed = InputReport {
        ignored: input.ignored.clone(),
        created,
    };
    if args.check_only {
        return check_only(args, &dataset, schema, input, rejects, context, &listed).await;
    }
    let server = context.open_server_to("load rows").await?;
    ensure_may_recreate(&args.loading, &server)?;
    let load = Load {
        server: &server,
        dataset: &dataset,
        tables: &tables,
        part: args.part,
        jobs: args.jobs.count(),
        replace: args.loading.replace || args.loading.recreate,
        tables_found: tables_found(&args.loading),
        policy: args.policy(),
        rejects: Arc::new(rejects),
        commit: args.loading.commit.map(commit_unit),
        commits: Commits::of(args.part),
        lock_timeout: args.loading.lock_timeout,
        command: typed_command(),
        stage,
    };
    if args.part.is_some() {
        return load_part(args, &load, &input, &context).await;
    }
    let finished = match load::run(&load, &input, &NoHook, &context.progress).await {
        Ok(finished) => finished,
        Err(error) => return Err(without_created(&load, &listed, error).await),
    };
    report::load::loaded(
        &finished,
        &listed,
        server.display_name(),
        &args.suggestions(),
        args.format,
    )?;
    Ok(match finished.report().broken_keys.is_empty() {
        true => Outcome::Held,
        false => Outcome::Found,
    })
}

/// Loads a part of the rows, and says what is missing then.
async fn load_part(
    args: &Args,
    load: &Load<'_>,
    input: &Input,
    context: &Context,
) -> Result<Outcome> {
    let waivers = waivers_with(Some(load.dataset))?;
    let hook = IndexHook::new(load.server, &waivers, load.jobs, &context.progress);
    let outcome = load::run_part(load, input, &hook, &context.progress).await?;
    report::part::loaded(&outcome, &args.suggestions())?;
    Ok(Outcome::Held)
}

/// The error of a load, the tables that were created for it and have no rows dropped again.
async fn without_created(load: &Load<'_>, listed: &InputReport, error: Error) -> Error {
    let names = listed.created.iter().map(|(name, _)| name.clone());
    let names: Vec<String> = names.collect();
    if names.is_empty() {
        return error;
    }
    // Where they stay, the next load uses them as they are and says so: the first error is the one that counts.
    let _ = created::drop_empty(load, &names).await;
    error
}

/// Reads the files and accounts for their records.
async fn check_only(
    args: &Args,
    dataset: &Arc<Dataset>,
    schema: Option<SchemaTables>,
    input: Input,
    rejects: Rejects,
    context: Context,
    listed: &InputReport,
) -> Result<Outcome> {
    let schema = match schema {
        Some(schema) => Some(schema),
        None => schema_tables(dataset, &context).await,
    };
    let (dataset, progress) = (Arc::clone(dataset), context.progress.clone());
    let (accounts, rejects) = stoppable(move |stop| {
        let schema = schema.as_ref();
        let accounts = load::check_only(&dataset, &input, schema, &rejects, &progress, stop)?;
        Ok((accounts, rejects))
    })
    .await?;
    report::load::read(
        &accounts,
        listed,
        &rejects,
        &args.suggestions(),
        args.format,
    )?;
    let read = accounts.iter().map(|account| account.read).sum();
    Ok(
        match args.rejecting.max_rejects.allows(rejects.count(), read) {
            true => Outcome::Held,
            false => Outcome::Found,
        },
    )
}

/// The tables of the dataset's schema, as the embedded server sees it; without a server, why its types don't count.
async fn schema_tables(dataset: &Dataset, context: &Context) -> Option<SchemaTables> {
    let tried = async {
        let server = context.open_embedded("postgres").await?;
        own_tables::try_ddl(&server, &dataset.schema).await
    };
    match tried.await {
        Ok(schema) => Some(schema),
        Err(error) => {
            let why = describe(&error).text;
            context.progress.note(format!(
                "load: values are read as the dataset's makers write them, and not as its schema's types: {why}"
            ));
            None
        }
    }
}
