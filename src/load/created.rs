//! `load --create`: files whose tables are created where they don't exist, as their records want them.
//!
//! A table that exists is used as it is. A file goes to the table of its name, and never by its header, so that the same
//! command means the same tables whether they exist yet or not.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anyhow::{Result, bail, ensure};
use xxhash_rust::xxh3::Xxh3;

use crate::dataset::spec::SchemaScope;
use crate::dataset::{Dataset, TableSpec};
use crate::files::manifest::checksum;
use crate::files::parts;
use crate::infer::new_table::NewTable;
use crate::infer::{self, SchemaTables};
use crate::load::config::Load;
use crate::load::ledger::{self, TableProgress};
use crate::load::own_tables::OwnTables;
use crate::load::source::folder::ensure_is_folder;
use crate::load::source::input::Input;
use crate::load::source::matching::name_files;
use crate::load::source::new_header::LONGEST_NAME;
use crate::load::source::overrides::{NamedBy, Overrides};
use crate::load::source::profile::Profiling;
use crate::load::source::table_source::OpenedFiles;
use crate::load::table::target;
use crate::postgres::catalog::{self, TableKind};
use crate::postgres::{TableName, locks};
use crate::progress::Progress;
use crate::script::Script;

/// Files and the tables there are.
pub struct Creation<'a> {
    /// The target's tables; none where there is no target.
    pub there: SchemaTables,
    /// The folder of the files.
    pub folder: Option<&'a Path>,
    /// The only tables wanted.
    pub names: Option<&'a [String]>,
    /// How files are read, and which are named.
    pub overrides: Overrides,
    /// Receives the progress.
    pub progress: &'a Progress,
    /// Stops it when it is set.
    pub stop: &'a AtomicBool,
}

/// Tables with their files, some of them to be created.
pub struct CreatedTables {
    /// All tables with their files.
    pub own: OwnTables,
    /// Those that exist and those to be created, as the catalog has them.
    pub schema: SchemaTables,
    /// Those that are to be created.
    pub new: Vec<NewTable>,
    /// The names of those that exist.
    pub existing: Vec<String>,
}

impl Creation<'_> {
    /// Finds the tables of all files, and the columns of those that don't exist.
    pub fn find(mut self) -> Result<CreatedTables> {
        let names = self.table_names()?;
        let mut opened = OpenedFiles::default();
        let (mut new, mut existing) = (Vec::new(), Vec::new());
        for name in &names {
            match self.is_there(name)? {
                true => existing.push(name.clone()),
                false => new.push(self.profile(name, &mut opened)?),
            }
        }
        let schema = self.schema(&existing, &new);
        let dataset = dataset(&schema, &new)?;
        self.overrides.ensure_known(&dataset)?;
        // A manifest describes a dataset's tables, and these are none.
        let folder = self.folder.filter(|folder| !parts::is_described(folder));
        let tables = dataset.real_tables();
        let input = Input::find_opened(&dataset, folder, &tables, &self.overrides, &opened)?;
        Ok(CreatedTables {
            own: OwnTables {
                dataset,
                tables,
                input,
            },
            schema,
            new,
            existing,
        })
    }

    /// The tables that files are named for, those of the folder included.
    fn table_names(&mut self) -> Result<BTreeSet<String>> {
        if let Some(folder) = self.folder {
            ensure_is_folder(folder)?;
            let there: Vec<&str> = self.there.tables.iter().map(|it| &*it.name.name).collect();
            name_files(folder, &there, &mut self.overrides)?;
        }
        if let Some(names) = self.names {
            let is_wanted = |table: &String| names.iter().any(|name| name.trim() == table);
            let files = &mut self.overrides.files;
            files.retain(|file| file.named_by != NamedBy::Folder || is_wanted(&file.table));
            if let Some(name) = names
                .iter()
                .find(|name| files.iter().all(|file| file.table != name.trim()))
            {
                bail!("--tables: no file goes to a table `{name}`; --file {name}=PATH names one");
            }
        }
        let files = self.overrides.files.iter();
        let names: BTreeSet<String> = files.map(|file| file.table.clone()).collect();
        let folder = self.folder.unwrap_or(Path::new("")).display();
        ensure!(!names.is_empty(), "{folder} has no .csv file");
        Ok(names)
    }

    fn is_there(&self, name: &str) -> Result<bool> {
        let mut tables = self.there.tables.iter();
        let Some(table) = tables.find(|table| table.name.name == name) else {
            ensure!(
                !name.is_empty() && name.len() <= LONGEST_NAME,
                "a table cannot be called `{name}`: a name has 1 to {LONGEST_NAME} bytes; --file TABLE=PATH names another"
            );
            return Ok(false);
        };
        let is_filled = matches!(table.kind, TableKind::Ordinary | TableKind::Partitioned);
        ensure!(
            is_filled && table.root_oid.is_none(),
            "{} exists already and is a view, a partition or the like, which rows cannot be loaded into; --file \
             TABLE=PATH names another table",
            table.name
        );
        Ok(true)
    }

    fn profile(&self, name: &str, opened: &mut OpenedFiles) -> Result<NewTable> {
        let spec = infer::new_table_spec(name, &[]);
        let paths: Vec<PathBuf> = self.overrides.files_of(&spec)?;
        let kinds = paths.iter().map(|path| opened.open(path));
        let kinds = kinds.collect::<Result<Vec<_>>>()?;
        let profiling = Profiling {
            table: name,
            overrides: &self.overrides,
            progress: self.progress,
            stop: self.stop,
        };
        profiling.run(&kinds)
    }

    /// The tables wanted, as the catalog has them or will.
    fn schema(&self, existing: &[String], new: &[NewTable]) -> SchemaTables {
        let there = &self.there;
        let mut schema = SchemaTables {
            schema: there.schema.clone(),
            tables: there.tables.clone(),
            columns: there.columns.clone(),
            foreign_keys: there.foreign_keys.clone(),
        };
        schema
            .tables
            .retain(|table| existing.contains(&table.name.name));
        for (index, table) in (0..).zip(new) {
            let (table, columns) = table.catalog(&there.schema, u32::MAX - index);
            schema.tables.push(table);
            schema.columns.extend(columns);
        }
        schema
    }
}

/// Drops those of the tables created for a load that it has no rows of, once it has failed: the next one infers their columns
/// anew. What another session has written into or locked stays.
pub async fn drop_empty(load: &Load<'_>, created: &[String]) -> Result<()> {
    let mut client = load.server.connect().await?;
    locks::limit_waits(&client, load.lock_timeout).await?;
    let schema = load.schema(&client).await?;
    let started = ledger::progress(&client, &schema, created).await?;
    for name in created {
        let has_rows = |it: &TableProgress| it.account.name == *name && it.account.loaded > 0;
        let is_there = catalog::find(&client, Some(&schema), name).await?.is_some();
        if !is_there || started.iter().any(has_rows) {
            continue;
        }
        let table = TableName::new(&schema, name);
        let transaction = client.transaction().await?;
        transaction
            .batch_execute(&format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
            .await?;
        if target::holds_rows(&transaction, &table).await? {
            continue;
        }
        transaction
            .batch_execute(&format!("DROP TABLE {table}"))
            .await?;
        ledger::forget_table(&transaction, &schema, name).await?;
        ledger::prune_dropped(&transaction, &schema).await?;
        transaction.commit().await?;
    }
    Ok(())
}

/// The dataset of tables of which some are to be created.
fn dataset(schema: &SchemaTables, new: &[NewTable]) -> Result<Dataset> {
    let ddl: Vec<String> = new.iter().map(NewTable::ddl).collect();
    let path = Path::new("the tables inferred from the files");
    let no_file = |path: &Path| bail!("there is no file {}", path.display());
    let ddl = Script::read(path, ddl.join("\n"), &no_file)?;
    let dataset = infer::dataset(schema, ddl);
    Ok(Dataset {
        hash: hash(&dataset.tables),
        schema_scope: SchemaScope::Missing,
        ..dataset
    })
}

/// Over the names of tables and columns: the same before the tables are created and after.
fn hash(tables: &[TableSpec]) -> String {
    let mut hash = Xxh3::new();
    hash.update(b"--create");
    for table in tables {
        hash.update(format!("\0{}", table.name).as_bytes());
        for column in &table.columns {
            hash.update(format!("\0\0{}", column.name).as_bytes());
        }
    }
    checksum(hash.digest())
}
