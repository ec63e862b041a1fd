//! What a table's CHECKs and its columns' domains say, column by column, and between columns. Pure.

use std::collections::BTreeMap;

use super::checks::{self, Check, CheckedColumn, UnreadCheck};
use super::domain::{Limits, Relation};
use super::model::Doubt;
use super::source::{Partitions, Source, SourceCheck, SourceColumn, SourceTable};
use crate::copy::Scalar;

mod bounds;
mod generated;

pub use bounds::range_ends;
pub use generated::is_operand;

/// What the constraints of a table say.
#[derive(Debug, Clone, Default)]
pub struct TableReading {
    limits: BTreeMap<String, Limits>,
    reasons: BTreeMap<String, String>,
    /// Between columns.
    pub relations: Vec<Relation>,
    /// What isn't understood.
    pub doubts: Vec<Doubt>,
}

/// The constraints of all tables, read once: it takes longer than what is decided by them.
#[derive(Debug)]
pub struct Readings<'s>(BTreeMap<&'s str, TableReading>);

impl<'s> Readings<'s> {
    /// Reads those of a source.
    pub fn of(source: &'s Source) -> Readings<'s> {
        let tables = source.tables.iter();
        Readings(
            tables
                .map(|it| (it.name.as_str(), TableReading::of(it)))
                .collect(),
        )
    }

    /// What those of a table say.
    pub fn table(&self, table: &SourceTable) -> &TableReading {
        &self.0[table.name.as_str()]
    }
}

impl TableReading {
    /// Reads them.
    pub fn of(table: &SourceTable) -> TableReading {
        let mut reading = TableReading::default();
        for column in &table.columns {
            reading.domains(table, column);
        }
        if let Some(partitions) = &table.partitions {
            reading.partitions(partitions);
        }
        reading.checks(table);
        reading.generated(table);
        reading
    }

    /// What a column may be.
    pub fn limits(&self, column: &SourceColumn) -> Limits {
        let mut limits = self.limits.get(&column.name).cloned().unwrap_or_default();
        limits.not_null |= column.not_null;
        match column.data_type.scalar() {
            Some(Scalar::Date) => limits.to_days(0),
            Some(Scalar::Timestamp | Scalar::Timestamptz) => limits.to_days(1),
            _ => {}
        }
        limits
    }

    /// Whether a column can be nothing but NULL.
    pub fn is_always_null(&self, column: &str) -> bool {
        let limits = self.limits.get(column);
        limits.is_some_and(|it| it.allowed_values().is_some_and(|values| values.is_empty()))
    }

    /// The constraint that limits a column, in a few words.
    pub fn reason(&self, column: &str) -> Option<&str> {
        self.reasons.get(column).map(String::as_str)
    }

    /// Whether a relation says something of a column.
    pub fn is_related(&self, column: &str) -> bool {
        let mut relations = self.relations.iter();
        relations.any(|relation| relation.columns().contains(&column))
    }

    /// The constraint that a relation comes from, as far as its columns say so.
    pub fn origin<'t>(
        &self,
        table: &'t SourceTable,
        relation: &Relation,
    ) -> Option<&'t SourceCheck> {
        let columns = relation.columns();
        let holds = |check: &&SourceCheck| {
            columns
                .iter()
                .all(|it| check.columns.iter().any(|own| own == it))
        };
        table.checks.iter().find(holds)
    }

    fn domains(&mut self, table: &SourceTable, column: &SourceColumn) {
        if column.domain_checks.is_empty() {
            return;
        }
        let checks: Vec<Check> = column.domain_checks.iter().map(check).collect();
        let (limits, unread) = checks::read_domain(&checks, column.data_type.base());
        if limits != Limits::default() {
            self.narrow(&column.name, &limits);
            let reason = format!("domain {}", column.type_name);
            self.reasons.insert(column.name.clone(), reason);
        }
        self.doubt(table, unread);
    }

    fn checks(&mut self, table: &SourceTable) {
        let columns: Vec<CheckedColumn> = table
            .columns
            .iter()
            .map(|it| CheckedColumn {
                name: &it.name,
                data_type: &it.data_type,
                not_null: it.not_null,
                limits: self.limits.get(&it.name).cloned().unwrap_or_default(),
                is_key: table.is_in_foreign_key(&it.name),
            })
            .collect();
        let checks: Vec<Check> = table.checks.iter().map(check).collect();
        let read = checks::read_table(&checks, &columns);
        for (column, limits) in read.limits {
            self.narrow(&column, &limits);
            self.explain(table, &column);
        }
        for relation in read.relations {
            self.relate(table, relation);
        }
        self.doubt(table, read.unread);
    }

    /// What holds in some rows alone is kept in all where that leaves a value.
    fn relate(&mut self, table: &SourceTable, relation: Relation) {
        if let Relation::LimitedIf { column, limits, .. } = &relation {
            let mut narrowed = self.limits.get(column).cloned().unwrap_or_default();
            narrowed.narrow(limits);
            let is_possible = narrowed
                .allowed_values()
                .is_none_or(|values| !values.is_empty());
            if is_possible && narrowed.patterns.len() <= 1 {
                self.limits.insert(column.clone(), narrowed);
                self.explain(table, column);
                return;
            }
        }
        self.relations.push(relation);
    }

    fn doubt(&mut self, table: &SourceTable, unread: Vec<UnreadCheck>) {
        self.doubts.extend(unread.into_iter().map(|it| Doubt {
            table: table.name.clone(),
            constraint: it.name,
            definition: it.definition,
        }));
    }

    /// The constraints on a column alone are the reason of its limits, else those on it and others.
    fn explain(&mut self, table: &SourceTable, column: &str) {
        let names = |check: &&SourceCheck| check.columns.iter().any(|it| it == column);
        let mut checks: Vec<&SourceCheck> = table.checks.iter().filter(names).collect();
        if checks.iter().any(|it| it.columns.len() == 1) {
            checks.retain(|it| it.columns.len() == 1);
        }
        let reasons = self.reasons.get(column).cloned();
        let checks = checks.iter().map(|it| shortened(&it.definition));
        let all: Vec<String> = reasons.into_iter().chain(checks).collect();
        self.reasons.insert(column.to_owned(), all.join(", "));
    }

    fn narrow(&mut self, column: &str, limits: &Limits) {
        let mine = self.limits.entry(column.to_owned()).or_default();
        mine.narrow(limits);
    }

    fn generated(&mut self, table: &SourceTable) {
        for (column, limits) in generated::read(table) {
            self.narrow(&column, &limits);
            let reason = "a generated column is computed from it".to_owned();
            self.reasons.entry(column).or_insert(reason);
        }
    }

    fn partitions(&mut self, partitions: &Partitions) {
        for (column, limits) in bounds::read(partitions) {
            self.narrow(&column, &limits);
            self.reasons.insert(column, "its partitions".to_owned());
        }
    }
}

fn check(check: &SourceCheck) -> Check<'_> {
    Check {
        name: &check.name,
        definition: &check.definition,
    }
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
            }
            | Relation::AtLeastApart {
                smaller, larger, ..
            }
            | Relation::AtMostApart {
                smaller, larger, ..
            } => vec![smaller, larger],
            Relation::NotEqual { a, b } | Relation::Equal { a, b } => vec![a, b],
            Relation::ExactlyOne(columns)
            | Relation::AtMostOne(columns)
            | Relation::AtLeastOne(columns)
            | Relation::AllOrNone(columns) => columns.iter().map(String::as_str).collect(),
            Relation::Computed { column, of, .. } => {
                let of = of.iter().map(String::as_str);
                std::iter::once(column.as_str()).chain(of).collect()
            }
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
