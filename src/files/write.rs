//! Rows → one CSV file a table: blocks generated on every core, written in order by one thread, with checksums.

use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, ensure};
use xxhash_rust::xxh3::Xxh3;

use crate::dataset::{Amount, Dataset, Part, RowPlan};
use crate::files::folder::{ExistingFiles, Staging, ensure_can_write, ensure_room};
use crate::files::manifest::{DatasetId, Manifest, TableFile, checksum};
use crate::files::parts;
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
    /// How many rows.
    pub amount: Amount,
    /// The seed.
    pub seed: u64,
    /// The part of these rows that is written; `None` for all.
    pub part: Option<Part>,
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
        let mut manifest = self.manifest();
        self.ensure_can_write(&manifest)?;
        ensure_room(&self.out, self.least_bytes()?)?;
        let parts = self.part.map_or(1, |part| part.of);
        let plan = RowPlan::in_parts(&self.dataset, self.amount, self.seed, &self.tables, parts);
        let makers = self.makers(&plan)?;
        let blocks = self.blocks(&plan);
        let sizes = makers
            .iter()
            .zip(&self.tables)
            .map(|(maker, &table)| estimate::file_bytes(maker, &plan, table, &blocks))
            .collect::<Result<Vec<u64>>>()?;
        let total: u64 = sizes.iter().sum();
        let rows = self.tables.iter();
        let rows = rows.map(|&table| plan.rows_in(table, &blocks)).sum();
        self.announce(rows, total, progress);
        ensure_room(&self.out, total + total / 50)?;

        let staging = Staging::new(&self.out, &manifest)?;
        let whole = progress.phase_of("generate", total, Some(rows));
        manifest.tables = self.write_files(&plan, &makers, &sizes, &staging, progress, stop)?;
        drop(whole);
        staging.finish(&manifest)?;
        Ok(manifest)
    }

    /// The manifest of the files to come.
    fn manifest(&self) -> Manifest {
        let dataset = DatasetId {
            name: self.dataset.name.clone(),
            hash: self.dataset.hash.clone(),
        };
        Manifest {
            part: self.part,
            ..Manifest::new(dataset, self.amount, self.seed)
        }
    }

    fn ensure_can_write(&self, manifest: &Manifest) -> Result<()> {
        if self.part.is_some() {
            return parts::ensure_can_write(&self.out, manifest, self.existing);
        }
        ensure_can_write(&self.out, self.existing)?;
        let parts = parts::manifests(&self.out)?;
        ensure!(
            parts.is_empty(),
            "{} holds parts of these or other rows; choose another --out",
            self.out.display()
        );
        Ok(())
    }

    /// The blocks that are written of each table.
    fn blocks(&self, plan: &RowPlan) -> Range<usize> {
        self.part.unwrap_or(Part::WHOLE).blocks(plan.blocks())
    }

    /// The name of a table's file.
    fn file_name(&self, table: usize) -> String {
        let table = &self.dataset.tables[table];
        let name = table.file.as_deref().unwrap_or(&table.name);
        match self.part {
            None => name.to_owned(),
            Some(part) => part.file_name(name),
        }
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
        let few = self.amount.at_most(FEW);
        let plan = RowPlan::new(&self.dataset, few, self.seed, &self.tables);
        let mut least = 0;
        for &table in &self.tables {
            // So few rows may leave a table empty that others refer to.
            let Ok(maker) = TableMaker::new(&self.dataset, &plan, table) else {
                continue;
            };
            let blocks = 0..plan.blocks();
            let bytes = u128::from(estimate::file_bytes(&maker, &plan, table, &blocks)?);
            // Another sample of 500 may be a little leaner.
            least += match self.dataset.lineage(table).last() {
                Some(&first) if first == self.dataset.root() => {
                    bytes * u128::from(self.amount.root_rows) / u128::from(few.root_rows) * 4 / 5
                }
                _ => bytes * 4 / 5,
            };
        }
        least /= u128::from(self.part.unwrap_or(Part::WHOLE).of);
        Ok(u64::try_from(least).unwrap_or(u64::MAX))
    }

    fn announce(&self, rows: u64, bytes: u64, progress: &Progress) {
        let Dataset { name, tables, .. } = &*self.dataset;
        let part = self.part.map(|part| format!(", part {part}"));
        progress.note(format!(
            "generate: {name}, {}, seed {}{}: {} in {}, about {}, to {}",
            rows_of(self.amount.root_rows, &tables[self.dataset.root()].name),
            self.seed,
            part.unwrap_or_default(),
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
        let blocks = self.blocks(plan);
        let (first, count) = (blocks.start, blocks.len());
        let open_file = |index: usize| -> Result<OpenFile> {
            let table = self.tables[index];
            let name = format!("generate {}", self.dataset.tables[table].name);
            let task = progress.task(name, sizes[index], Unit::Bytes);
            let mut file = OpenFile::new(staging.path(&self.file_name(table)), task)?;
            if self.part.is_none_or(Part::is_first) {
                file.append(&makers[index].header()?, 0)?;
            }
            Ok(file)
        };
        let finish = |file: OpenFile, index: usize| {
            let table = self.tables[index];
            file.finish(&self.dataset.tables[table].name, self.file_name(table))
        };
        if count == 0 {
            let files = (0..makers.len()).map(|index| finish(open_file(index)?, index));
            return files.collect();
        }
        let mut files = Vec::new();
        let mut open: Option<OpenFile> = None;
        let make = |task: usize, out: &mut Vec<u8>| {
            makers[task / count].write_block(first + task % count, out)
        };
        let consume = |task: usize, chunk: pipeline::Chunk| {
            let index = task / count;
            let mut file = match open.take() {
                Some(file) => file,
                None => open_file(index)?,
            };
            file.append(&chunk.bytes, chunk.rows)?;
            match task % count == count - 1 {
                true => files.push(finish(file, index)?),
                false => open = Some(file),
            }
            Ok(chunk.bytes)
        };
        let jobs = self.jobs.min(MOST_THREADS);
        pipeline::run(jobs, count * makers.len(), stop, make, consume)?;
        Ok(files)
    }
}

impl OpenFile {
    fn new(path: PathBuf, task: Task) -> Result<OpenFile> {
        let file =
            File::create(&path).with_context(|| format!("could not make {}", path.display()))?;
        Ok(OpenFile {
            path,
            file,
            hash: Xxh3::new(),
            rows: 0,
            bytes: 0,
            task,
        })
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

    fn finish(self, table: &str, file_name: String) -> Result<TableFile> {
        self.file
            .sync_all()
            .with_context(|| format!("could not sync {}", self.path.display()))?;
        self.task.finish();
        Ok(TableFile {
            name: table.to_owned(),
            file: file_name,
            rows: self.rows,
            bytes: self.bytes,
            checksum: checksum(self.hash.digest()),
        })
    }
}
