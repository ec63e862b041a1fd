//! `seedrow datasets`: the built-in datasets; with a name, its files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cli::QuietArgs;
use crate::commands::Outcome;
use crate::dataset::Dataset;
use crate::dataset::source::{self, Source};
use crate::report;

/// List the built-in datasets, or print one's files
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Example:\n  seedrow datasets catalog --out mine   # copy, change, then:\n  \
                        seedrow run --dataset mine/data/catalog.toml --target-schema mine"
)]
pub struct Args {
    /// Print this dataset's TOML file, schema and queries
    name: Option<String>,

    /// Copy all of its files, word lists included, into this folder
    #[arg(long, value_name = "DIR", requires = "name")]
    out: Option<PathBuf>,

    #[command(flatten)]
    quiet: QuietArgs,
}

/// Lists, prints or copies.
pub fn run(args: &Args) -> Result<Outcome> {
    let Some(name) = &args.name else {
        let all: Result<Vec<Dataset>> = source::built_in_names()
            .iter()
            .map(|name| Dataset::open(name))
            .collect();
        report::generate::datasets(&all?)?;
        return Ok(Outcome::Held);
    };
    let dataset = Dataset::open(name)?;
    match &args.out {
        Some(out) => copy(&dataset, out, args.quiet)?,
        None => report::generate::dataset_files(&dataset)?,
    }
    Ok(Outcome::Held)
}

/// Copies every file, or none when one exists already.
fn copy(dataset: &Dataset, out: &Path, quiet: QuietArgs) -> Result<()> {
    if dataset.source == Source::Disk {
        bail!(
            "--out copies built-in datasets, and {} is a file",
            dataset.path.display()
        );
    }
    let paths = || std::iter::once(&dataset.path).chain(&dataset.files);
    if let Some(taken) = paths().map(|path| out.join(path)).find(|to| to.exists()) {
        bail!("{} exists already; choose another --out", taken.display());
    }
    for path in paths() {
        let to = out.join(path);
        let folder = to.parent().unwrap_or(out);
        std::fs::create_dir_all(folder)
            .with_context(|| format!("could not make {}", folder.display()))?;
        std::fs::write(&to, dataset.source.read(path)?)
            .with_context(|| format!("could not write {}", to.display()))?;
    }
    match quiet.quiet {
        true => Ok(()),
        false => report::generate::copied(dataset, &out.join(&dataset.path)),
    }
}
