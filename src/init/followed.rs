//! Whether what is asked to differ from a source's profile does: a column that a constraint decides keeps its maker.

use anyhow::{Result, bail};

use crate::dataset::profile::ColumnProfile;
use crate::infer::model::{Model, ModelTable};
use crate::profile::{ColumnShare, WhatIf};

/// Refuses what the makers can't follow, with the reason why each is as it is.
pub(super) fn ensure_followed(wishes: &WhatIf, model: &Model) -> Result<()> {
    for wish in &wishes.nulls {
        ensure_share(model, wish, "--nulls", |it| it.null.is_some())?;
    }
    for wish in &wishes.hot {
        ensure_share(model, wish, "--hot", |it| {
            !it.shares.is_empty() || !it.counts.is_empty()
        })?;
    }
    for wish in &wishes.bursts {
        let Some(table) = model.table(&wish.table) else {
            bail!(
                "--burst: {} is not among the tables that are filled",
                wish.table
            );
        };
        if !has_bounds(table) {
            bail!(
                "--burst: {} has no time that rises with its rows and that no constraint decides",
                wish.table
            );
        }
    }
    Ok(())
}

/// Whether a time is drawn between bounds.
fn has_bounds(table: &ModelTable) -> bool {
    let mut profiles = table.profile.columns.iter();
    let mut columns = table.columns.iter();
    profiles.any(|(_, it)| !it.bounds.is_empty()) || columns.any(|it| it.maker.make == "histogram")
}

fn ensure_share(
    model: &Model,
    wish: &ColumnShare,
    option: &str,
    follows: fn(&ColumnProfile) -> bool,
) -> Result<()> {
    let (table, column) = (&wish.table, &wish.column);
    let Some(made) = model.table(table) else {
        bail!("{option}: {table} is not among the tables that are filled");
    };
    let mut profiles = made.profile.columns.iter();
    if profiles.any(|(name, it)| name == column && follows(it)) {
        return Ok(());
    }
    let reason = made
        .column(column)
        .map_or("it is left to Postgres", |it| it.reason.as_str());
    bail!(
        "{option}: {table}.{column} doesn't follow its statistics, since its maker is decided: {reason}"
    )
}
