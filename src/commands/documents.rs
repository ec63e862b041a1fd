//! Documents for `generate --format ndjson` and `compare --documents`: which query, and where they go.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};

use crate::commands::context::Context;
use crate::dataset::Dataset;
use crate::dataset::document::did_you_mean;
use crate::documents::{DocumentQuery, FormComparison, FormMeasurement, export};
use crate::files::folder::ExistingFiles;
use crate::load::ensure_finished;
use crate::postgres::Server;
use crate::queries::{Query, QueryFile};
use crate::report;

/// Writes a query's documents as `OUT/QUERY.ndjson`, which appears as a whole.
pub async fn write(
    context: &Context,
    query: &str,
    out: &Path,
    existing: ExistingFiles,
    connections: usize,
) -> Result<()> {
    let dataset = context.open_dataset()?;
    let query = named_query(&dataset, query)?;
    let file = out.join(format!("{}.ndjson", query.name));
    ensure!(
        existing == ExistingFiles::Overwrite || !file.exists(),
        "{} exists already; --overwrite replaces it, or choose another --out",
        file.display()
    );
    let server = context.open_server().await?;
    let documents = documents_of(&server, query).await?;
    std::fs::create_dir_all(out)
        .with_context(|| format!("could not make the folder {}", out.display()))?;
    let could_not = || format!("could not write {}", file.display());
    let staged = tempfile::NamedTempFile::new_in(out).with_context(could_not)?;
    let start = Instant::now();
    let exported = {
        let mut lines = BufWriter::new(staged.as_file());
        let exported = export(&server, &documents, connections, &mut lines).await?;
        lines.flush().with_context(could_not)?;
        exported
    };
    staged.as_file().sync_all().with_context(could_not)?;
    make_readable(staged.as_file()).with_context(could_not)?;
    staged
        .persist(&file)
        .map_err(|error| error.error)
        .with_context(could_not)?;
    report::documents::exported(&file, &exported, start.elapsed())
}

/// As other files are, for everybody; a temporary file is its owner's.
fn make_readable(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

/// Measures the forms that a query's documents can have.
pub async fn measure(
    context: &Context,
    query: &str,
    count: u64,
    reads: u64,
    allowed: bool,
) -> Result<FormComparison> {
    let dataset = context.open_dataset()?;
    let query = named_query(&dataset, query)?;
    let change = change_of(&dataset, &query)?;
    let server = context
        .open_server_to("make tables for --documents in a schema of their own")
        .await?;
    ensure!(
        allowed || server.capabilities().lock_tables_unasked,
        "--documents makes tables of {count} documents in a schema of its own, changes rows in transactions that are rolled \
         back, and drops the schema; where that is acceptable, add --allow-scratch"
    );
    let documents = documents_of(&server, query).await?;
    let measurement = FormMeasurement {
        server: &server,
        documents: &documents,
        count,
        reads,
        change,
        progress: &context.progress,
    };
    measurement.run().await
}

async fn documents_of(server: &Server, query: Query) -> Result<DocumentQuery> {
    let client = server.connect().await?;
    ensure_finished(&client, server.schema()).await?;
    let documents = DocumentQuery::of(&client, query, server.schema()).await?;
    server.keep(client);
    Ok(documents)
}

fn named_query(dataset: &Dataset, name: &str) -> Result<Query> {
    let files: Vec<QueryFile> = dataset.queries.iter().map(QueryFile::from).collect();
    match files.iter().find(|file| file.name == name) {
        Some(file) => Query::parse(file),
        None => {
            let advice = did_you_mean(name, files.iter().map(|file| file.name.as_str()));
            bail!("{} has no query `{name}`; {advice}", dataset.path.display())
        }
    }
}

/// The statement that changes a row of one document: `changes/QUERY.sql` beside the folder of queries.
fn change_of(dataset: &Dataset, query: &Query) -> Result<Option<Query>> {
    let mut changes = dataset.changes.iter().map(QueryFile::from);
    let Some(file) = changes.find(|file| file.name == query.name) else {
        return Ok(None);
    };
    let change = Query::parse(&file)?;
    ensure!(
        change.header.parameters.len() == 1,
        "{}: a change has one parameter, the document's value",
        change.path
    );
    Ok(Some(change))
}
