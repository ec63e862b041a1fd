//! Sizes that the dataset's unique sets allow, as the code that keeps them counts.

use std::path::Path;

use anyhow::{Context, Result};

use super::files::Plan;
use crate::dataset::Dataset;
use crate::dataset::spec::Size;
use crate::dataset::unique::{capacity, indexes};
use crate::infer::model::{Doubt, Model};

/// A table's limit depends on others' rows, in circles too: as many passes settle it, or are enough.
const PASSES: usize = 5;

/// Lowers tables' rows to what fits, and returns the dataset. `plan` gives the files of a model.
pub fn fit(model: &mut Model, plan: &dyn Fn(&Model) -> Result<Plan>) -> Result<Dataset> {
    let folder = tempfile::tempdir().context("could not make a temporary folder")?;
    for _ in 0..PASSES {
        let dataset = open(&plan(model)?, folder.path())?;
        if !lower(model, &dataset) {
            return Ok(dataset);
        }
    }
    open(&plan(model)?, folder.path())
}

/// Reads what would be written.
fn open(plan: &Plan, folder: &Path) -> Result<Dataset> {
    let path = plan.write_to(folder)?;
    Dataset::open(&path.to_string_lossy()).with_context(|| {
        format!(
            "the dataset that was written can't be read; its file is as the message says, with {} in place of its \
             folder. Correct that line, and report it with the schema's table",
            folder.display()
        )
    })
}

/// Whether a table has fewer rows, or a set less, than before.
fn lower(model: &mut Model, dataset: &Dataset) -> bool {
    let sizes: Vec<u64> = dataset
        .tables
        .iter()
        .map(|table| match table.size {
            Size::Rows(rows) => rows,
            Size::Per { .. } | Size::Loaded => 0,
        })
        .collect();
    let mut lowered = false;
    for (place, spec) in dataset.tables.iter().enumerate() {
        if spec.unique.is_empty() {
            continue;
        }
        // Asked first: most tables fit, and the search for how many do takes fifty times as long.
        if indexes(dataset, place, &|table| sizes[table], 0).is_ok() {
            continue;
        }
        let fits = capacity(dataset, place, &|table| sizes[table]);
        let Some(table) = model.tables.iter_mut().find(|it| it.name == spec.name) else {
            continue;
        };
        if fits >= table.rows {
            continue;
        }
        lowered = true;
        // Where the others' rows leave it no more, it doesn't grow with them.
        let doubled = |table: usize| match &dataset.tables[table] {
            it if it.fixed => sizes[table],
            _ => sizes[table].saturating_mul(2),
        };
        table.fixed |= capacity(dataset, place, &doubled) <= fits;
        if fits == 0 && table.rows > 1 {
            // Not even two rows: one has no other to be the same as.
            table.rows = 1;
            table.rows_reason = "its unique sets can't be kept for more".to_owned();
            model.doubts.extend(table.unique.iter().map(|set| Doubt {
                table: table.name.clone(),
                constraint: "unique".to_owned(),
                definition: format!("UNIQUE ({})", set.join(", ")),
            }));
        } else {
            table.rows = fits.max(1);
            table.rows_reason = "no more combinations of its unique columns".to_owned();
        }
    }
    lowered
}
