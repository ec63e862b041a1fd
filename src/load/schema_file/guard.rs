//! What the database held before the schema was applied, compared with what it holds after it.
//!
//! A script may drop, empty or change what it doesn't own. None of its statements is interpreted: what became of tables and
//! their rows is seen in the catalog, before anything is committed.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use tokio_postgres::GenericClient;

/// All relations, columns, constraints, triggers, functions and the values of sequences.
#[derive(Debug, Clone)]
pub struct Snapshot {
    objects: BTreeMap<(u32, String), Object>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Object {
    kind: String,
    file: u32,
    changed: i64,
    name: String,
    /// Its definition, where what is made anew to the letter is no change.
    state: Option<String>,
    /// How far a sequence is, that is in use.
    value: Option<i64>,
}

/// Something that a script did to what it found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// What it did and to what: `drops public.users`.
    pub text: String,
    /// The query that says whether anything was there; `None` when it was.
    pub held: Option<String>,
}

impl Snapshot {
    /// Reads the catalog.
    pub async fn read(client: &impl GenericClient) -> Result<Snapshot> {
        let rows = client
            .query_typed(include_str!("sql/snapshot.sql"), &[])
            .await
            .context("could not read what the database holds")?;
        let mut objects = BTreeMap::new();
        for row in rows {
            let object = Object {
                kind: row.try_get("kind")?,
                file: row.try_get("file")?,
                changed: row.try_get("changed")?,
                name: row.try_get("name")?,
                state: row.try_get("state")?,
                value: row.try_get("value")?,
            };
            objects.insert((row.try_get("oid")?, row.try_get("part")?), object);
        }
        Ok(Snapshot { objects })
    }

    /// The names of the tables, quoted.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        let tables = self.objects.values();
        let tables = tables.filter(|it| matches!(&*it.kind, "r" | "p"));
        tables.map(|it| it.name.as_str())
    }

    /// Sets sequences that were set back to where they were: that is the one thing that isn't rolled back.
    pub async fn restore_sequences(&self, client: &impl GenericClient) -> Result<()> {
        let now = Snapshot::read(client).await?;
        for ((oid, part), object) in &self.objects {
            let now = now.objects.get(&(*oid, part.clone()));
            if now.is_none_or(|now| now.value >= object.value) {
                continue;
            }
            let sql = "SELECT setval($1::oid::regclass, sign(seqincrement)::bigint * $2) FROM pg_sequence WHERE seqrelid = $1";
            client
                .query(sql, &[oid, &object.value])
                .await
                .with_context(|| format!("could not set the sequence {} again", object.name))?;
        }
        Ok(())
    }

    /// What is gone, was made anew, emptied or changed in `after`.
    pub fn changes(&self, after: &Snapshot) -> BTreeSet<Change> {
        let objects = self.objects.iter();
        let change = |((oid, part), object): (&(u32, String), &Object)| {
            let now = after.objects.get(&(*oid, part.clone()));
            let table_is_there = after.objects.contains_key(&(*oid, String::new()));
            match now {
                Some(now) => object.changed_to(now),
                None if object.kind == "function" => object.function_dropped(),
                None if part.is_empty() => {
                    let mut others = after.objects.values();
                    let anew = others.any(|it| it.kind == object.kind && it.name == object.name);
                    object.dropped(anew)
                }
                None if table_is_there => {
                    let table = &self.objects[&(*oid, String::new())];
                    object.part_dropped(table)
                }
                None => None,
            }
        };
        objects.filter_map(change).collect()
    }
}

impl Object {
    fn holds_rows(&self) -> String {
        format!("SELECT EXISTS (SELECT 1 FROM {})", self.name)
    }

    fn dropped(&self, anew: bool) -> Option<Change> {
        let (what, held) = match &*self.kind {
            "v" if anew => return None,
            "v" => ("the view ", None),
            "S" => (
                "the sequence ",
                Some(format!("SELECT is_called FROM {}", self.name)),
            ),
            "f" if anew => return None,
            "f" => ("the foreign table ", None),
            _ => ("", Some(self.holds_rows())),
        };
        Some(Change {
            text: format!("drops {what}{}", self.name),
            held,
        })
    }

    fn function_dropped(&self) -> Option<Change> {
        Some(Change {
            text: format!("drops {}", self.name),
            held: None,
        })
    }

    fn part_dropped(&self, table: &Object) -> Option<Change> {
        Some(Change {
            text: format!("drops {}", self.name),
            held: (self.kind == "column").then(|| table.holds_rows()),
        })
    }

    fn changed_to(&self, now: &Object) -> Option<Change> {
        let is_same_sequence = now.file == self.file && now.state == self.state;
        if self.kind == "value" {
            let is_set = self.value.is_some() && (now.value < self.value || !is_same_sequence);
            return is_set.then(|| Change {
                text: format!("sets or alters the sequence {}", self.name),
                held: None,
            });
        }
        if now.state != self.state {
            return Some(Change {
                text: format!("changes {}", self.name),
                held: None,
            });
        }
        if now.changed > self.changed {
            return Some(Change {
                text: format!("changes or deletes rows of {}", self.name),
                held: None,
            });
        }
        if matches!(&*self.kind, "r" | "p" | "m") && now.name != self.name {
            return Some(Change {
                text: format!("renames {} to {}", self.name, now.name),
                held: Some(self.holds_rows()),
            });
        }
        // A sequence that was set keeps its name; a materialized view that was refreshed keeps its rows.
        (self.kind == "r" && now.file != self.file).then(|| Change {
            text: format!("empties or rewrites {}", self.name),
            held: Some(self.holds_rows()),
        })
    }
}
