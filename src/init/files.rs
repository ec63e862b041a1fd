//! A dataset's files, written all or none.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::ddl::Ddl;
use super::merge::{Change, merge};
use super::queries::{self, MARK};
use crate::infer::model::Model;
use crate::infer::source::Source;
use crate::infer::toml::{self, Head};

/// What is done with files that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwriting {
    /// Refused.
    Refuse,
    /// Replaced.
    Replace,
    /// What was edited in them stays.
    Merge,
}

/// Which files of a dataset are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents {
    /// Those that rows are made by.
    Rows,
    /// Its queries, too.
    Everything,
}

/// What is to be written.
#[derive(Debug)]
pub struct Plan {
    folder: PathBuf,
    name: String,
    /// By path within the folder.
    files: Vec<(PathBuf, String)>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The TOML file.
    pub dataset: PathBuf,
    /// How many queries.
    pub queries: usize,
    /// All files, the TOML file first.
    pub files: Vec<PathBuf>,
    /// What merging did; `None` where nothing was merged.
    pub changes: Option<Vec<Change>>,
}

impl Plan {
    /// The files of a model, in a folder.
    pub fn new(
        folder: &Path,
        name: &str,
        about: &str,
        source: &Source,
        model: &Model,
        ddl: Option<&Ddl>,
        contents: Contents,
    ) -> Result<Plan> {
        let queries = match contents {
            Contents::Rows => Vec::new(),
            Contents::Everything => queries::queries(source, model),
        };
        let (schema, schema_file) = match ddl {
            None => (None, None),
            Some(Ddl {
                text: Some(text), ..
            }) => (Some("schema.sql".to_owned()), Some(text.clone())),
            // The files that it includes stay where they are.
            Some(ddl) => {
                let path = std::path::absolute(&ddl.path)
                    .with_context(|| format!("could not resolve {}", ddl.path.display()))?;
                (Some(path.to_string_lossy().into_owned()), None)
            }
        };
        let head = Head {
            about: about.to_owned(),
            schema: schema.as_deref(),
            queries: !queries.is_empty(),
        };
        let mut files = vec![(
            PathBuf::from(format!("{name}.toml")),
            toml::write(model, &head),
        )];
        files.extend(schema_file.map(|text| (PathBuf::from("schema.sql"), text)));
        let lists = model.lists();
        files.extend(lists.iter().map(|list| {
            (
                PathBuf::from(toml::list_file(list.name)),
                list.text.to_owned(),
            )
        }));
        files.extend(model.pools().map(|pool| {
            (
                PathBuf::from(toml::pool_file(&pool.name)),
                pool.text.clone(),
            )
        }));
        files.extend(
            queries
                .into_iter()
                .map(|query| (Path::new("queries").join(query.name), query.text)),
        );
        Ok(Plan {
            folder: folder.to_owned(),
            name: name.to_owned(),
            files,
        })
    }

    /// With another file.
    #[must_use]
    pub fn with_file(mut self, path: &str, text: String) -> Plan {
        self.files.push((PathBuf::from(path), text));
        self
    }

    /// Writes the files to another folder, over what is there; returns the TOML file.
    pub fn write_to(&self, folder: &Path) -> Result<PathBuf> {
        for (path, text) in &self.files {
            let path = folder.join(path);
            let parent = path.parent().unwrap_or(folder);
            fs::create_dir_all(parent)
                .with_context(|| format!("could not make {}", parent.display()))?;
            fs::write(&path, text)
                .with_context(|| format!("could not write {}", path.display()))?;
        }
        Ok(folder.join(format!("{}.toml", self.name)))
    }

    /// The TOML file.
    pub fn dataset(&self) -> PathBuf {
        self.folder.join(format!("{}.toml", self.name))
    }

    /// Refuses before anything is read that takes time: a folder that is none, and one that holds the dataset's file.
    pub fn ensure_can_write(folder: &Path, name: &str, overwriting: Overwriting) -> Result<()> {
        ensure!(
            !folder.exists() || folder.is_dir(),
            "{} is a file; --out takes a folder",
            folder.display()
        );
        let dataset = folder.join(format!("{name}.toml"));
        if overwriting == Overwriting::Refuse && dataset.exists() {
            bail!(
                "{} exists already; --overwrite replaces it, --merge keeps what was edited in it, or choose another --out",
                dataset.display()
            );
        }
        Ok(())
    }

    /// Writes the files.
    pub fn write(&self, overwriting: Overwriting) -> Result<Written> {
        let paths = || self.files.iter().map(|(path, _)| self.folder.join(path));
        if overwriting == Overwriting::Refuse
            && let Some(taken) = paths().find(|path| path.exists())
        {
            bail!(
                "{} exists already; --overwrite replaces it, or choose another --out",
                taken.display()
            );
        }
        if overwriting != Overwriting::Refuse {
            self.remove_old_queries()?;
        }
        let changes = match overwriting {
            Overwriting::Merge => self.merge()?,
            Overwriting::Refuse | Overwriting::Replace => None,
        };
        let (merged, changes) = changes.unzip();
        let last = (self.last_written(), self.files[0].1.clone());
        let files = self.files.iter().cloned().chain([last]);
        for (place, (path, text)) in files.enumerate() {
            let text = match &merged {
                Some(merged) if place == 0 => merged,
                _ => &text,
            };
            let path = self.folder.join(path);
            let is_query = path.starts_with(self.folder.join("queries"));
            if overwriting == Overwriting::Merge && is_query && path.exists() {
                continue;
            }
            let folder = path.parent().unwrap_or(&self.folder);
            fs::create_dir_all(folder)
                .with_context(|| format!("could not make {}", folder.display()))?;
            fs::write(&path, text)
                .with_context(|| format!("could not write {}", path.display()))?;
        }
        let is_query = |path: &&PathBuf| path.starts_with(self.folder.join("queries"));
        let files: Vec<PathBuf> = paths().collect();
        Ok(Written {
            dataset: self.dataset(),
            queries: files.iter().filter(is_query).count(),
            files,
            changes,
        })
    }

    /// What `init` wrote the last time, from which it sees what was edited since.
    fn last_written(&self) -> PathBuf {
        PathBuf::from(format!(".{}.init.toml", self.name))
    }

    /// The merged text and the changes; `None` where there is no file yet.
    fn merge(&self) -> Result<Option<(String, Vec<Change>)>> {
        let path = self.dataset();
        if !path.exists() {
            return Ok(None);
        }
        let mine = fs::read_to_string(&path)
            .with_context(|| format!("could not read {}", path.display()))?;
        let base = fs::read_to_string(self.folder.join(self.last_written())).ok();
        let merged = merge(base.as_deref(), &mine, &self.files[0].1)
            .with_context(|| format!("could not merge {}", path.display()))?;
        Ok(Some(merged))
    }

    /// Removes the queries that an earlier `init` wrote and this one doesn't: their tables may be gone.
    fn remove_old_queries(&self) -> Result<()> {
        let folder = self.folder.join("queries");
        if !folder.is_dir() {
            return Ok(());
        }
        let kept: BTreeSet<PathBuf> = self
            .files
            .iter()
            .map(|(path, _)| self.folder.join(path))
            .collect();
        let context = || format!("could not read {}", folder.display());
        for entry in fs::read_dir(&folder).with_context(context)? {
            let path = entry.with_context(context)?.path();
            if kept.contains(&path) || path.extension().is_none_or(|it| it != "sql") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap_or_default();
            if text.lines().next().is_some_and(|line| line.ends_with(MARK)) {
                fs::remove_file(&path)
                    .with_context(|| format!("could not remove {}", path.display()))?;
            }
        }
        Ok(())
    }
}
