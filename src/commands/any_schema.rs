//! `run --any`: the dataset of the target's own tables, written as `init` does, or the one that was written before.

use std::path::PathBuf;

use anyhow::Result;

use crate::cli::{QuietArgs, TargetArgs};
use crate::commands::context::{Context, DEFAULT_DATASET};
use crate::infer::Wish;
use crate::infer::names::Naming;
use crate::init::{self, ExistingRows, Initialized, Overwriting, Request, Tried};
use crate::load::ensure_finished;
use crate::postgres::error::ErrorWithNotes;
use crate::profile::WhatIf;
use crate::progress::Progress;
use crate::suggestion::again;

/// The dataset's file.
pub async fn dataset_file(
    target: &TargetArgs,
    existing: ExistingRows,
    quiet: QuietArgs,
) -> Result<PathBuf> {
    let context = Context::new(DEFAULT_DATASET, target, quiet);
    if !context.names_a_server()? {
        let message = "which database? --any fills the tables of the one that --url (or DATABASE_URL, or the PG* variables) \
                       names; for a file that creates them there is `seedrow init --ddl FILE`";
        let note = format!(
            "to fill the tables of a built-in dataset on the embedded Postgres, run: {}",
            again(&["!--any", "!--keep-rows"])
        );
        return Err(ErrorWithNotes::of(message.to_owned(), vec![note]));
    }
    let server = context.open_server_to("load rows").await?;
    let mut client = server.connect().await?;
    let found = init::read(&mut client, server.schema()).await?;
    found.ensure_has_tables(server.display_name())?;
    let request = Request {
        name: None,
        out: None,
        tables: None,
        exclude: Vec::new(),
        wish: Wish::Scale(1.0),
        naming: Naming::default(),
        overwriting: Overwriting::Refuse,
        untried: None,
        existing,
        profile: None,
        what_if: WhatIf::default(),
        calibration: false,
    };
    let file = request.dataset_file(&found);
    if file.exists() {
        context.progress.note(format!(
            "run: {} is there already and is used; after a change of the schema, `seedrow init --merge` brings it up to date",
            file.display()
        ));
        return Ok(file);
    }
    ensure_finished(&client, server.schema()).await?;
    let initialized = request.write(&mut client, &found, None).await?;
    report(&initialized, &context.progress);
    Ok(initialized.ensure_written()?.dataset.clone())
}

/// What was written and what wasn't.
fn report(initialized: &Initialized, progress: &Progress) {
    let model = &initialized.model;
    for refusal in &model.refused {
        progress.note(format!(
            "run: {} is left out: {}{}",
            refusal.table,
            match refusal.what.as_str() {
                "" => String::new(),
                what => format!("{what}: "),
            },
            refusal.reason
        ));
    }
    if let Some(written) = &initialized.written {
        progress.note(format!(
            "run: {} written, {} tables; change what you like in it",
            written.dataset.display(),
            model.tables.iter().filter(|it| !it.kept).count()
        ));
    }
    if let Tried::Not(why) = &initialized.tried {
        progress.note(format!("run: no trial: {why}"));
    }
}
