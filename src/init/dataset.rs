//! A dataset for the tables found: its name, folder and tables as asked for, decided, tried and written.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use tokio_postgres::Client;

use super::calibrate::{TableFit, calibrate};
use super::ddl::Ddl;
use super::files::{Contents, Overwriting, Plan, Written};
use super::fit::fit;
use super::followed::ensure_followed;
use super::kept;
use super::read::{Found, read};
use super::settle::{Attempts, Tried};
use crate::dataset::document::did_you_mean;
use crate::infer::model::Model;
use crate::infer::names::Naming;
use crate::infer::source::{Source, WhyLeftOut};
use crate::infer::{self, Readings, Wish};
use crate::profile::{Profile, WhatIf};

/// Which dataset is asked for.
#[derive(Debug)]
pub struct Request<'p> {
    /// Its name; else the database's, schema's or file's.
    pub name: Option<String>,
    /// Its folder; else one of its name.
    pub out: Option<PathBuf>,
    /// The tables; else all.
    pub tables: Option<Vec<String>>,
    /// Tables that it leaves out.
    pub exclude: Vec<String>,
    /// Its sizes.
    pub wish: Wish,
    /// The language of its values, and the rules of a team.
    pub naming: Naming,
    /// What is done with files that are there.
    pub overwriting: Overwriting,
    /// Why no rows are tried; `None` where they are.
    pub untried: Option<String>,
    /// What is done with tables that hold rows.
    pub existing: ExistingRows,
    /// The statistics that the rows are to have; those tables of a scratch database have no rows.
    pub profile: Option<&'p Profile>,
    /// What is to differ from that.
    pub what_if: WhatIf,
    /// Whether rows are made and analysed to see how near they come to the profile.
    pub calibration: bool,
}

/// What is done with tables that hold rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExistingRows {
    /// They keep their rows where they are fewer than half of the tables: what a schema's DDL inserts.
    KeepFew,
    /// They are among the dataset's tables, as if they were empty.
    Ignore,
    /// They keep their rows, which others refer to.
    Keep,
}

/// What came of it.
#[derive(Debug)]
pub struct Initialized {
    /// What was decided.
    pub model: Model,
    /// Whether it was tried.
    pub tried: Tried,
    /// The files; `None` where no table can be filled.
    pub written: Option<Written>,
    /// Other schemas that hold tables, each with their number.
    pub others: Vec<(String, usize)>,
    /// How near the rows come to the profile, where that was tried.
    pub calibration: Option<Result<Vec<TableFit>>>,
}

impl Initialized {
    /// The files, or an error where no table can be filled.
    pub fn ensure_written(&self) -> Result<&Written> {
        match &self.written {
            Some(written) => Ok(written),
            None => bail!(
                "none of the tables can be filled; the account says why, and nothing was written"
            ),
        }
    }
}

impl Request<'_> {
    /// Decides what makes the tables found, tries it and writes the dataset.
    pub async fn write(
        &self,
        client: &mut Client,
        found: &Found,
        ddl: Option<&Ddl>,
    ) -> Result<Initialized> {
        let name = self.dataset_name(found, ddl);
        let folder = self.folder(&name);
        Plan::ensure_can_write(&folder, &name, self.overwriting)?;
        let source = self.source_with_rows(client, found).await?;
        let about = format!("The tables of schema {} of {name}", found.schema);
        let plan = |model: &Model, contents: Contents| {
            let plan = Plan::new(&folder, &name, &about, &source, model, ddl, contents)?;
            match self.profile {
                Some(profile) if contents == Contents::Everything => {
                    let json = serde_json::to_string(profile)?;
                    Ok(plan.with_file("profile.json", format!("{json}\n")))
                }
                _ => Ok(plan),
            }
        };
        let readings = Readings::of(&source);
        let wanted = self
            .profile
            .map(|it| self.what_if.applied(it))
            .transpose()?;
        let attempts = Attempts {
            build: &|lessons| {
                let mut model = infer::model(&source, &readings, self.wish, &self.naming, lessons);
                if let Some(profile) = &wanted {
                    infer::apply_profile(&mut model, &source, profile, lessons);
                }
                model
            },
            plan: &plan,
        };
        let (mut model, tried) = match &self.untried {
            None => attempts.settle(client, &found.schema).await?,
            Some(why) => attempts.untried(why)?,
        };
        ensure_followed(&self.what_if, &model)?;
        let calibration = match &wanted {
            Some(wanted) if self.calibration && !model.tables.is_empty() => {
                let open = |model: &Model| {
                    let opened = fit(&mut model.clone(), &|it| plan(it, Contents::Rows));
                    opened.map(Arc::new)
                };
                Some(calibrate(client, &mut model, wanted, &open).await)
            }
            _ => None,
        };
        let written = match model.tables.is_empty() {
            true => None,
            false => Some(plan(&model, Contents::Everything)?.write(self.overwriting)?),
        };
        Ok(Initialized {
            model,
            tried,
            written,
            others: found.others.clone(),
            calibration,
        })
    }

    /// The tables that are meant, with the rows that are to stay.
    async fn source_with_rows(&self, client: &mut Client, found: &Found) -> Result<Source> {
        let mut source = self.source(found)?;
        let holding = match self.existing {
            ExistingRows::Ignore => Vec::new(),
            ExistingRows::Keep | ExistingRows::KeepFew => kept::holding(client, &source).await?,
        };
        let are_few = holding.len() * 2 < source.tables.len();
        if self.existing == ExistingRows::Keep || are_few {
            kept::keep(client, &mut source, &holding).await?;
            ensure!(
                source.tables.iter().any(|it| it.kept.is_none()),
                "every table holds rows, and --keep-rows leaves those as they are; nothing is left to fill"
            );
        }
        kept::add_elsewhere(client, &mut source).await?;
        Ok(source)
    }

    /// The TOML file that [`Request::write`] writes.
    pub fn dataset_file(&self, found: &Found) -> PathBuf {
        let name = self.dataset_name(found, None);
        self.folder(&name).join(format!("{name}.toml"))
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.out.clone().unwrap_or_else(|| PathBuf::from(name))
    }

    fn dataset_name(&self, found: &Found, ddl: Option<&Ddl>) -> String {
        let named = self.name.clone().or_else(|| match ddl {
            Some(ddl) => ddl.name(),
            None if found.schema != "public" => Some(found.schema.clone()),
            None => Some(found.database.clone()),
        });
        file_stem(&named.unwrap_or_default())
    }

    /// The tables that are meant.
    fn source(&self, found: &Found) -> Result<Source> {
        let known: Vec<&str> = found
            .rows
            .tables
            .iter()
            .filter(|it| it.name.schema == found.schema && it.root_oid.is_none())
            .map(|it| it.name.name.as_str())
            .collect();
        let named = |option: &'static str, names: &[String]| {
            let missing = names.iter().find(|it| !known.contains(&it.as_str()));
            match missing {
                Some(name) => bail!(
                    "{option}: schema {} has no table `{name}`; {}",
                    found.schema,
                    did_you_mean(name, known.iter().copied())
                ),
                None => Ok(()),
            }
        };
        named("--tables", self.tables.as_deref().unwrap_or_default())?;
        named("--exclude", &self.exclude)?;
        let is_wanted = |name: &str| {
            let names = |list: &[String]| list.iter().any(|it| it == name);
            self.tables.as_deref().is_none_or(names) && !names(&self.exclude)
        };
        let mut source = Source::new(&found.schema, &found.rows, is_wanted);
        source.leave_out_migrations(self.tables.as_deref().unwrap_or_default());
        if self.tables.is_some() {
            // What wasn't asked for goes without saying.
            source.left_out.retain(|it| it.why != WhyLeftOut::Asked);
        }
        Ok(source)
    }
}

/// What DDL has created.
pub async fn find_in_ddl(client: &mut Client, home: Option<&str>, ddl: &Ddl) -> Result<Found> {
    let context = || format!("could not read the tables of {}", ddl.path.display());
    let schema = home.unwrap_or("public");
    let found = read(client, Some(schema)).await.with_context(context)?;
    if has_tables(&found) {
        return Ok(found);
    }
    match found.others.as_slice() {
        [(only, _)] if home.is_none() => read(client, Some(only)).await.with_context(context),
        _ => {
            let where_ = format!("schema {schema} that {} creates", ddl.path.display());
            bail!(no_tables(&where_, &found.others))
        }
    }
}

impl Found {
    /// An error that names the schemas with tables, where this one has none.
    pub fn ensure_has_tables(&self, server: &str) -> Result<()> {
        if has_tables(self) {
            return Ok(());
        }
        let place = format!("schema {} of {server}", self.schema);
        bail!(no_tables(&place, &self.others))
    }
}

fn has_tables(found: &Found) -> bool {
    let source = Source::new(&found.schema, &found.rows, |_| true);
    !source.tables.is_empty()
}

fn no_tables(place: &str, others: &[(String, usize)]) -> String {
    if others.is_empty() {
        return format!(
            "{place} has no tables, nor has any other; views, foreign tables and those of extensions don't count"
        );
    }
    let others: Vec<String> = others
        .iter()
        .map(|(name, count)| format!("{name} has {count}"))
        .collect();
    format!(
        "{place} has no tables; choose another with --target-schema: {}",
        others.join(", ")
    )
}

/// A name for files: of letters, digits, `_`, `-` and `.`.
fn file_stem(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let plain: String = name
        .chars()
        .map(|c| if is_plain(c) { c } else { '_' })
        .collect();
    let plain = plain.trim_start_matches('.');
    match Path::new(plain).file_name() {
        Some(_) => plain.to_owned(),
        None => "dataset".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_datasets_are_names_of_files() {
        for (name, stem) in [
            ("shop", "shop"),
            ("my shop/2", "my_shop_2"),
            ("..", "dataset"),
            ("", "dataset"),
            (".hidden", "hidden"),
        ] {
            assert_eq!(file_stem(name), stem, "{name}");
        }
    }
}
