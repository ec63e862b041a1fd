//! Foreign keys → which columns refer to a row, which copy its values, and which keys no row can satisfy. Pure.
//!
//! A composite key is one reference and copies from the row that it picks. A key that another one implies, as
//! (tenant_id) is by (tenant_id, user_id) where users refer to tenants, needs nothing of its own. Keys that share columns
//! agree by `same`.

mod agree;
mod place;

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, SourceKey};

/// How foreign keys fill columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyPlan {
    /// By table and column.
    pub roles: BTreeMap<(String, String), KeyRole>,
    /// Columns that keys refer to: they must be made, and never NULL.
    pub referenced: BTreeSet<(String, String)>,
    /// Tables that can't be filled, each with its reasons.
    pub refused: BTreeMap<String, Vec<KeyRefusal>>,
}

/// What a key makes of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyRole {
    /// The value of a row that is picked.
    Reference(Reference),
    /// The value of another column in the row that a sibling has picked.
    Copy {
        /// The sibling, a reference.
        by: String,
        /// The other table's column.
        column: String,
        /// The constraint.
        key: String,
        /// The other table.
        table: String,
    },
    /// NULL: its key can't be satisfied otherwise.
    Null {
        /// Why.
        reason: String,
    },
}

/// A column that picks a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The constraint.
    pub key: String,
    /// The other table.
    pub table: String,
    /// Its column.
    pub column: String,
    /// Own columns in which the picked row agrees, each with the other's.
    pub same: Vec<(String, String)>,
    /// Whether the picked rows lie in the other table's order, so that others can agree with it.
    pub spread: bool,
    /// How many columns the key has.
    pub columns: usize,
    /// Whether every column of the key takes NULL.
    pub nullable: bool,
}

/// Why a table can't be filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRefusal {
    /// The constraint.
    pub constraint: String,
    /// What is wrong with it.
    pub reason: String,
    /// What to do.
    pub advice: String,
}

/// Columns of keys that are NULL in every row, by table and column, each with the reason.
pub type NullColumns = BTreeMap<(String, String), String>;

/// Plans every table's keys. `refused` are the tables that can't be filled for other reasons, `nulls` the columns that are
/// NULL for others.
pub fn plan(source: &Source, refused: &BTreeSet<String>, nulls: &NullColumns) -> KeyPlan {
    let mut out = refused.clone();
    let mut reasons: BTreeMap<String, Vec<KeyRefusal>> = BTreeMap::new();
    let mut nulls = nulls.clone();
    // Each pass refuses a table or empties a column more than the one before, or is the last.
    loop {
        let planner = place::Planner {
            source,
            out: &out,
            nulls: &nulls,
        };
        let mut plan = planner.run();
        agree::settle(source, &mut plan);
        let before = (out.len(), nulls.len());
        for (table, refusals) in &plan.refused {
            out.insert(table.clone());
            reasons.insert(table.clone(), refusals.clone());
        }
        for ((table, column), role) in &plan.roles {
            if let KeyRole::Null { reason } = role {
                nulls.insert((table.clone(), column.clone()), reason.clone());
            }
        }
        if before == (out.len(), nulls.len()) {
            plan.refused = reasons;
            return plan;
        }
    }
}

impl KeyPlan {
    /// What a key makes of a column.
    pub fn role(&self, table: &str, column: &str) -> Option<&KeyRole> {
        self.roles.get(&(table.to_owned(), column.to_owned()))
    }

    fn set(&mut self, table: &str, column: &str, role: KeyRole) {
        self.roles
            .insert((table.to_owned(), column.to_owned()), role);
    }

    fn refuse(&mut self, table: &str, refusal: KeyRefusal) {
        let refusals = self.refused.entry(table.to_owned()).or_default();
        if !refusals.contains(&refusal) {
            refusals.push(refusal);
        }
    }
}

/// The column that a key's column refers to.
fn partner<'k>(key: &'k SourceKey, column: &str) -> Option<&'k str> {
    let place = key.columns.iter().position(|it| it == column)?;
    key.referenced.get(place).map(String::as_str)
}

#[cfg(test)]
mod tests;
