//! The target's own tables, or those of a file of DDL, as a dataset: what a load without a dataset fills.

use std::path::Path;

use anyhow::{Context, Error, Result, bail};
use tokio_postgres::GenericClient;

use crate::dataset::Dataset;
use crate::infer::{self, SchemaTables};
use crate::load::schema_file::run_all;
use crate::load::source::folder::is_for_rows;
use crate::load::source::input::Input;
use crate::load::source::matching::{assign, table_of_name};
use crate::load::source::overrides::{NamedBy, NamedFile, Overrides};
use crate::postgres::catalog::{self, Scope};
use crate::postgres::error::{ErrorText, ErrorWithNotes, describe};
use crate::postgres::name::quoted;
use crate::postgres::{Server, locks};
use crate::script::Script;
use crate::suggestion::again;

/// The schema that DDL is applied in to see what it creates, in a transaction that is rolled back.
const TRIAL: &str = "seedrow_trial";

/// So many other schemas are proposed.
const SCHEMAS_PROPOSED: usize = 3;

/// Tables that are no dataset's, with the files that they are loaded from.
pub struct OwnTables {
    /// The tables.
    pub dataset: Dataset,
    /// The positions of those that have a file, in load order.
    pub tables: Vec<usize>,
    /// Their rows.
    pub input: Input,
}

impl OwnTables {
    /// Finds the files of a dataset's tables in a folder and among those named. `None` where no table has one.
    ///
    /// `names` are the tables wanted, all of which need a file.
    pub fn find(
        dataset: Dataset,
        folder: Option<&Path>,
        names: Option<&[String]>,
        mut overrides: Overrides,
    ) -> Result<Option<OwnTables>> {
        let mut tables = assign(&dataset, folder, &mut overrides)?;
        if names.is_some() {
            tables = dataset.select(names)?;
        }
        if tables.is_empty() {
            return Ok(None);
        }
        let wanted = |file: &NamedFile| {
            let table = dataset.position(&file.table);
            file.named_by != NamedBy::Folder || table.is_some_and(|table| tables.contains(&table))
        };
        overrides.files.retain(wanted);
        let input = Input::find(&dataset, folder, &tables, &overrides)?;
        // One of a table's name whose rows come from another file is left out because the command line says so.
        let is_replaced = |name: &&String| {
            let table = table_of_name(&dataset, Path::new(name));
            table.is_some_and(|table| tables.contains(&table))
        };
        let unmatched = input.ignored.iter().filter(|name| is_for_rows(name));
        let unmatched = unmatched.filter(|name| !is_replaced(name));
        let unmatched: Vec<&str> = unmatched.map(String::as_str).collect();
        if names.is_none() && !unmatched.is_empty() {
            return Err(no_table(&dataset, &tables, &input.label, &unmatched));
        }
        Ok(Some(OwnTables {
            dataset,
            tables,
            input,
        }))
    }
}

/// The error of files in the folder that are no table's: one of another name is else left out without an error.
fn no_table(dataset: &Dataset, tables: &[usize], folder: &str, files: &[&str]) -> Error {
    let found = tables
        .iter()
        .map(|&table| dataset.tables[table].name.as_str());
    let found: Vec<&str> = found.collect();
    let message = format!(
        "{folder}: neither name nor header of {} is a table's; --file TABLE=PATH names the table of a file",
        files.join(", ")
    );
    let note = format!(
        "to load the others, run: {}",
        again(&["--tables", &found.join(",")])
    );
    ErrorWithNotes::of(message, vec![note])
}

/// Whether all tables of a dataset are among these.
pub fn holds(own: &Dataset, other: &Dataset) -> bool {
    let mut real = other.real_tables().into_iter();
    real.all(|table| own.position(&other.tables[table].name).is_some())
}

/// The tables of the target's schema as a dataset; none where it doesn't exist.
pub async fn of_target(server: &Server) -> Result<Dataset> {
    let found = tables_of_target(server).await?;
    let ddl = Script {
        path: format!("the tables of schema {}", found.schema).into(),
        text: String::new(),
        included: Vec::new(),
        steps: Vec::new(),
    };
    Ok(infer::dataset(&found, ddl))
}

/// The tables of the target's schema; none where it doesn't exist.
pub async fn tables_of_target(server: &Server) -> Result<SchemaTables> {
    match read_target(server).await {
        Err(error) => Err(locks::explain_timeout(server, error).await),
        found => found,
    }
}

async fn read_target(server: &Server) -> Result<SchemaTables> {
    let client = server.connect().await?;
    locks::limit_waits(&client, locks::PATIENCE).await?;
    let schema = match server.schema() {
        Some(schema) => Some(schema.to_owned()),
        None => catalog::current_schema(&client).await?,
    };
    let schema = schema.unwrap_or_else(|| "public".to_owned());
    let found = read(&client, Scope::Schema(&schema), &schema).await?;
    server.keep(client);
    Ok(found)
}

/// The schema and the table that a name with a point means: there is such a schema, and no table of the whole name.
pub async fn with_schema<'n>(server: &Server, name: &'n str) -> Result<Option<(&'n str, &'n str)>> {
    let Some((schema, table)) = name.split_once('.') else {
        return Ok(None);
    };
    let client = server.connect().await?;
    let is_meant = catalog::schema_exists(&client, schema).await?
        && catalog::find(&client, server.schema(), name)
            .await?
            .is_none();
    server.keep(client);
    Ok(is_meant.then_some((schema, table)))
}

/// The error of files whose tables aren't in the target's schema, with the other schemas that have tables.
pub async fn in_other_schemas(server: &Server, error: Error) -> Error {
    let schemas = schemas_with_tables(server).await.unwrap_or_default();
    if schemas.is_empty() {
        return error;
    }
    let ErrorText { text, mut notes } = describe(&error);
    let schemas = schemas.iter().take(SCHEMAS_PROPOSED);
    notes.extend(schemas.map(|schema| {
        let again = again(&["--target-schema", schema]);
        format!("to load into the tables of schema {schema}, run: {again}")
    }));
    ErrorWithNotes::of(text, notes)
}

/// The schemas of the database that have tables, by name.
async fn schemas_with_tables(server: &Server) -> Result<Vec<String>> {
    let client = server.connect().await?;
    let tables = catalog::tables(&client, Scope::Database).await?;
    server.keep(client);
    let mut schemas: Vec<String> = tables.into_iter().map(|table| table.name.schema).collect();
    schemas.dedup();
    Ok(schemas)
}

/// The tables that a dataset's are loaded into: the target's, where those are there that have the schema's columns; else
/// those that its schema creates.
pub async fn for_dataset(server: &Server, dataset: &Dataset) -> Result<SchemaTables> {
    let found = tables_of_target(server).await?;
    let mut loaded = dataset.tables.iter().filter(|table| table.is_loaded());
    match loaded.all(|table| found.columns_of(&table.name).is_some()) {
        true => Ok(found),
        false => try_ddl(server, &dataset.schema).await,
    }
}

/// The dataset of the tables that DDL creates. Nothing stays of them.
pub async fn of_ddl(server: &Server, ddl: Script) -> Result<Dataset> {
    let found = try_ddl(server, &ddl).await?;
    Ok(infer::dataset(&found, ddl))
}

/// The tables that DDL creates, in a transaction that is rolled back.
pub async fn try_ddl(server: &Server, ddl: &Script) -> Result<SchemaTables> {
    let mut client = server.connect().await?;
    let transaction = client.transaction().await?;
    let trial = quoted(TRIAL);
    transaction
        .batch_execute(&format!(
            "CREATE SCHEMA {trial}; SET LOCAL search_path = {trial}, public"
        ))
        .await
        .context("could not create a schema to try the DDL in")?;
    let before = catalog::tables(&transaction, Scope::Database).await?;
    let name = ddl.path.display().to_string();
    run_all(&transaction, ddl)
        .await
        .with_context(|| format!("could not apply {name}"))?;
    let mut created = catalog::tables(&transaction, Scope::Database).await?;
    created.retain(|table| before.iter().all(|it| it.oid != table.oid));
    if created.is_empty() {
        bail!("{name} creates no table");
    }
    let oids: Vec<u32> = created.iter().map(|table| table.oid).collect();
    let found = read(&transaction, Scope::Tables(&oids), &name).await?;
    transaction
        .rollback()
        .await
        .context("could not undo the DDL")?;
    server.keep(client);
    Ok(found)
}

async fn read(client: &impl GenericClient, scope: Scope<'_>, name: &str) -> Result<SchemaTables> {
    Ok(SchemaTables {
        schema: name.to_owned(),
        tables: catalog::tables(client, scope).await?,
        columns: catalog::columns(client, scope).await?,
        foreign_keys: catalog::foreign_keys(client, scope).await?,
    })
}
