//! What a table's CHECKs and its columns' domains say, column by column, and between columns. Pure.

use std::collections::BTreeMap;

use super::domain::{Limits, Relation};
use super::model::Doubt;
use super::source::{SourceCheck, SourceColumn, SourceTable};
use crate::copy::DataType;
use crate::postgres::catalog::{Partitioning, Strategy};

mod bounds;

/// What the constraints of a table say.
#[derive(Debug, Clone, Default)]
pub struct TableReading {
    limits: BTreeMap<String, Limits>,
    reasons: BTreeMap<String, String>,
    /// Between columns, with the constraint's name.
    pub relations: Vec<(String, Relation)>,
    /// What isn't understood.
    pub doubts: Vec<Doubt>,
}

impl TableReading {
    /// Reads them.
    pub fn of(table: &SourceTable) -> TableReading {
        let mut reading = TableReading::default();
        for column in &table.columns {
            for check in &column.domain_checks {
                reading.domain(table, column, check);
            }
        }
        for check in &table.checks {
            reading.check(table, check);
        }
        if let Some(partitioning) = &table.partitioning {
            reading.partitions(partitioning);
        }
        reading
    }

    /// What a column may be.
    pub fn limits(&self, column: &SourceColumn) -> Limits {
        let mut limits = self.limits.get(&column.name).cloned().unwrap_or_default();
        limits.not_null |= column.not_null;
        limits
    }

    /// The constraint that limits a column, in a few words.
    pub fn reason(&self, column: &str) -> Option<&str> {
        self.reasons.get(column).map(String::as_str)
    }

    /// Whether a relation says something of a column.
    pub fn is_related(&self, column: &str) -> bool {
        let mut relations = self.relations.iter();
        relations.any(|(_, relation)| relation.columns().contains(&column))
    }

    fn domain(&mut self, table: &SourceTable, column: &SourceColumn, check: &SourceCheck) {
        let columns = [("VALUE", &column.data_type)];
        match read(&check.definition, &columns) {
            Ok(read) => {
                for (_, limits) in read.limits {
                    self.narrow(&column.name, &limits, &check.definition);
                }
            }
            Err(_) => self.doubt(table, check),
        }
    }

    fn check(&mut self, table: &SourceTable, check: &SourceCheck) {
        let columns: Vec<_> = table
            .columns
            .iter()
            .map(|it| (it.name.as_str(), &it.data_type))
            .collect();
        match read(&check.definition, &columns) {
            Ok(read) => {
                for (column, limits) in read.limits {
                    self.narrow(&column, &limits, &check.definition);
                }
                for relation in read.relations {
                    self.relations.push((check.name.clone(), relation));
                }
            }
            Err(_) => self.doubt(table, check),
        }
    }

    fn doubt(&mut self, table: &SourceTable, check: &SourceCheck) {
        self.doubts.push(Doubt {
            table: table.name.clone(),
            constraint: check.name.clone(),
            definition: check.definition.clone(),
        });
    }

    fn narrow(&mut self, column: &str, limits: &Limits, reason: &str) {
        let mine = self.limits.entry(column.to_owned()).or_default();
        mine.narrow(limits);
        let reasons = self.reasons.entry(column.to_owned()).or_default();
        if !reasons.is_empty() {
            reasons.push_str(", ");
        }
        reasons.push_str(&shortened(reason));
    }

    fn partitions(&mut self, partitioning: &Partitioning) {
        let Some(column) = partitioning.columns.first() else {
            return;
        };
        let limits = match partitioning.strategy {
            Strategy::Hash => None,
            Strategy::List => bounds::of_lists(&partitioning.bounds),
            Strategy::Range => bounds::of_ranges(&partitioning.bounds),
        };
        if let Some(limits) = limits {
            self.narrow(column, &limits, "its partitions");
        }
    }
}

/// What a constraint says, where it is understood.
struct CheckReading {
    limits: Vec<(String, Limits)>,
    relations: Vec<Relation>,
}

fn read(_definition: &str, _columns: &[(&str, &DataType)]) -> Result<CheckReading, ()> {
    Err(())
}

/// A constraint's text for a comment: without the outer parentheses, cut where it is long.
fn shortened(definition: &str) -> String {
    const LONGEST: usize = 60;
    let plain = match definition.strip_prefix("CHECK ((") {
        Some(inner) => format!("CHECK ({}", inner.strip_suffix(')').unwrap_or(inner)),
        None => definition.to_owned(),
    };
    let one_line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if one_line.chars().count() <= LONGEST {
        return one_line;
    }
    one_line.chars().take(LONGEST - 1).chain(['…']).collect()
}

impl Relation {
    /// The columns that it is between.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Relation::Less {
                smaller, larger, ..
            } => vec![smaller, larger],
            Relation::NotEqual { a, b } | Relation::Equal { a, b } => vec![a, b],
            Relation::ExactlyOne(columns)
            | Relation::AtMostOne(columns)
            | Relation::AtLeastOne(columns)
            | Relation::AllOrNone(columns) => columns.iter().map(String::as_str).collect(),
            Relation::NullWith { column, by }
            | Relation::OnlyIf { column, by, .. }
            | Relation::NeededIf { column, by, .. }
            | Relation::LimitedIf { column, by, .. } => vec![column, by],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_are_shortened_for_comments() {
        assert_eq!(shortened("CHECK ((price > 0))"), "CHECK (price > 0)");
        let long = format!("CHECK (({}))", "price > 0 AND ".repeat(9));
        assert_eq!(shortened(&long).chars().count(), 60);
    }
}
