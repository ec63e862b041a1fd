//! Rows → one CSV file a table: blocks generated on every core, written in order by one thread, with checksums.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use xxhash_rust::xxh3::Xxh3;

use crate::dataset::{Dataset, RowPlan};
use crate::files::folder::{ExistingFiles, Staging, ensure_can_write, ensure_room};
use crate::files::manifest::{DatasetId, Manifest, TableFile, checksum};
use crate::generate::{TableMaker, estimate, pipeline};
use crate::progress::{Progress, Task, Unit};
use crate::units::{counted, rows_of, size};

/// More threads would outrun the one that writes, and each has buffers of some MB: 256 MB must hold them all.
const MOST_THREADS: usize = 32;

/// What is to be written.
#[derive(Debug)]
pub struct WriteJob {
    /// The dataset.
    pub dataset: Arc<Dataset>,
    /// The positions of its tables to write, in load order.
    pub tables: Vec<usize>,
    /// Rows of the root table.
    pub rows: u64,
    /// The seed.
    pub seed: u64,
    /// Threads that make rows, of which 32 are used.
    pub jobs: usize,
    /// The folder.
    pub out: PathBuf,
    /// What may be replaced there.
    pub existing: ExistingFiles,
}

/// A file that is being written.
struct OpenFile {
    path: PathBuf,
    file: File,
    hash: Xxh3,
    rows: u64,
    bytes: u64,
    task: Task,
}

impl WriteJob {
    /// Announces the files, writes them and the manifest, and returns the manifest. Blocks the thread.
    ///
    /// When it fails or `stop` is set, it leaves nothing in the folder.
    pub fn run(&self, progress: &Progress, stop: &AtomicBool) -> Result<Manifest> {
        ensure_can_write(&self.out, self.existing)?;
        ensure_room(&self.out, self.least_bytes()?)?;
        let plan = RowPlan::new(&self.dataset, self.rows, self.seed, &self.tables);
        let makers = self.makers(&plan)?;
        let sizes = makers
            .iter()
            .zip(&self.tables)
            .map(|(maker, &table)| estimate::file_bytes(maker, &plan, table))
            .collect::<Result<Vec<u64>>>()?;
        let total: u64 = sizes.iter().sum();
        let rows = self.tables.iter().map(|&table| plan.rows(table)).sum();
        self.announce(rows, total, progress);
        ensure_room(&self.out, total + total / 50)?;

        let staging = Staging::new(&self.out)?;
        let whole = progress.phase_of("generate", total, Some(rows));
        let files = self.write_files(&plan, &makers, &sizes, &staging, progress, stop)?;
        drop(whole);
        let dataset = DatasetId {
            name: self.dataset.name.clone(),
            hash: self.dataset.hash.clone(),
        };
        let manifest = Manifest::new(dataset, self.rows, self.seed, files);
        staging.finish(&manifest)?;
        Ok(manifest)
    }

    fn makers<'p>(&'p self, plan: &'p RowPlan) -> Result<Vec<TableMaker<'p>>> {
        self.tables
            .iter()
            .map(|&table| TableMaker::new(&self.dataset, plan, table))
            .collect()
    }

    /// A lower bound of the bytes to come, from so few rows that it costs nothing: counting the rows of files that no
    /// disk could hold would take hours.
    fn least_bytes(&self) -> Result<u64> {
        const FEW: u64 = 500;
        let few = self.rows.min(FEW);
        let plan = RowPlan::new(&self.dataset, few, self.seed, &self.tables);
        let mut least = 0;
        for &table in &self.tables {
            // So few rows may leave a table empty that others refer to.
            let Ok(maker) = TableMaker::new(&self.dataset, &plan, table) else {
                continue;
            };
            let bytes = u128::from(estimate::file_bytes(&maker, &plan, table)?);
            // Another sample of 500 may be a little leaner.
            least += match self.dataset.lineage(table).last() {
                Some(&first) if first == self.dataset.root() => {
                    bytes * u128::from(self.rows) / u128::from(few) * 4 / 5
                }
                _ => bytes * 4 / 5,
            };
        }
        Ok(u64::try_from(least).unwrap_or(u64::MAX))
    }

    fn announce(&self, rows: u64, bytes: u64, progress: &Progress) {
        let Dataset { name, tables, .. } = &*self.dataset;
        progress.note(format!(
            "generate: {name}, {}, seed {}: {} in {}, about {}, to {}",
            rows_of(self.rows, &tables[self.dataset.root()].name),
            self.seed,
            counted(rows, "row"),
            counted(self.tables.len() as u64, "file"),
            size(bytes),
            self.out.display()
        ));
    }

    fn write_files(
        &self,
        plan: &RowPlan,
        makers: &[TableMaker],
        sizes: &[u64],
        staging: &Staging,
        progress: &Progress,
        stop: &AtomicBool,
    ) -> Result<Vec<TableFile>> {
        let blocks = plan.blocks();
        let mut files = Vec::new();
        let mut open: Option<OpenFile> = None;
        let make =
            |task: usize, out: &mut Vec<u8>| makers[task / blocks].write_block(task % blocks, out);
        pipeline::run(
            self.jobs.min(MOST_THREADS),
            blocks * makers.len(),
            stop,
            make,
            |task, chunk| {
                let index = task / blocks;
                let table = &self.dataset.tables[self.tables[index]];
                let file_name = table.file.as_deref().unwrap_or(&table.name);
                if open.is_none() {
                    let task = progress.task(
                        format!("generate {}", table.name),
                        sizes[index],
                        Unit::Bytes,
                    );
                    open = Some(OpenFile::new(
                        staging.path(file_name),
                        &makers[index].header()?,
                        task,
                    )?);
                }
                if let Some(file) = &mut open {
                    file.append(&chunk.bytes, chunk.rows)?;
                }
                if task % blocks == blocks - 1
                    && let Some(file) = open.take()
                {
                    files.push(file.finish(&table.name, file_name)?);
                }
                Ok(chunk.bytes)
            },
        )?;
        Ok(files)
    }
}

impl OpenFile {
    fn new(path: PathBuf, header: &[u8], task: Task) -> Result<OpenFile> {
        let file =
            File::create(&path).with_context(|| format!("could not make {}", path.display()))?;
        let mut open = OpenFile {
            path,
            file,
            hash: Xxh3::new(),
            rows: 0,
            bytes: 0,
            task,
        };
        open.append(header, 0)?;
        Ok(open)
    }

    fn append(&mut self, bytes: &[u8], rows: u64) -> Result<()> {
        self.file
            .write_all(bytes)
            .with_context(|| format!("could not write {}", self.path.display()))?;
        self.hash.update(bytes);
        self.rows += rows;
        self.bytes += bytes.len() as u64;
        self.task.add(rows, bytes.len() as u64);
        Ok(())
    }

    fn finish(self, table: &str, file_name: &str) -> Result<TableFile> {
        self.file
            .sync_all()
            .with_context(|| format!("could not sync {}", self.path.display()))?;
        self.task.finish();
        Ok(TableFile {
            name: table.to_owned(),
            file: file_name.to_owned(),
            rows: self.rows,
            bytes: self.bytes,
            checksum: checksum(self.hash.digest()),
        })
    }
}
