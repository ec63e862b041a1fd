//! Schema × schema → findings, each with the DDL that fixes it; pure.

use super::ddl::{alter, column as column_ddl, create_table, set_default};
use super::model::{Schema, TableDefinition};
use crate::check::finding::{Finding, Severity};
use crate::postgres::TableName;
use crate::postgres::catalog::{
    Column, ColumnDefault, Constraint, ConstraintKind, ForeignKey, Index,
};
use crate::postgres::name::quoted;

/// How `live` differs from `wanted`. Tables that `wanted` lacks are a warning where `all` of it is compared; indexes that it
/// lacks are no finding.
pub fn compare(wanted: &Schema, live: &Schema, home: &str, all: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in parents_first(&wanted.tables) {
        match live.table(&table.name) {
            Some(there) => TableComparison {
                wanted: table,
                live: there,
                label: table.name.within(home),
            }
            .compare(&mut findings),
            None => findings.push(missing_table(table, home)),
        }
    }
    if all {
        let schemas: Vec<&String> = wanted.tables.iter().map(|it| &it.name.schema).collect();
        let extra = live.tables.iter().filter(|table| {
            schemas.contains(&&table.name.schema) && wanted.table(&table.name).is_none()
        });
        findings.extend(extra.map(|table| Finding {
            rule: "table-extra",
            severity: Severity::Warn,
            on: Some(table.name.within(home)),
            message: format!("table {} isn't in the DDL", table.name.within(home)),
            help: format!("DROP TABLE {};   -- or add it to the DDL", table.name),
        }));
    }
    findings
}

/// In an order in which their DDL can be executed; those that refer to one another in a cycle come last.
fn parents_first(tables: &[TableDefinition]) -> Vec<&TableDefinition> {
    let mut left: Vec<&TableDefinition> = tables.iter().collect();
    let mut ordered: Vec<&TableDefinition> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waits = |table: &TableDefinition| {
            let mut parents = table.foreign_keys.iter().map(|key| &key.referenced);
            parents.any(|parent| *parent != table.name && left.iter().any(|it| it.name == *parent))
        };
        let (free, waiting): (Vec<_>, Vec<_>) = left.iter().partition(|table| !waits(table));
        if free.is_empty() {
            ordered.extend(waiting);
            break;
        }
        ordered.extend(free);
        left = waiting;
    }
    ordered
}

fn missing_table(table: &TableDefinition, home: &str) -> Finding {
    let foreign_keys = table.foreign_keys.iter().map(|key| {
        alter(
            &table.name,
            format!("ADD CONSTRAINT {} {}", quoted(&key.name), key.definition),
        )
    });
    let indexes = plain_indexes(table).map(|index| format!("{};", index.definition));
    let statements: Vec<String> = [create_table(table)]
        .into_iter()
        .chain(foreign_keys)
        .chain(indexes)
        .collect();
    Finding {
        rule: "table-missing",
        severity: Severity::Fail,
        on: Some(table.name.within(home)),
        message: format!("table {} is missing", table.name.within(home)),
        help: statements.join(" "),
    }
}

/// Indexes that aren't a constraint's.
fn plain_indexes(table: &TableDefinition) -> impl Iterator<Item = &Index> {
    table.indexes.iter().filter(|index| index.backs.is_none())
}

/// One table on both sides.
struct TableComparison<'a> {
    wanted: &'a TableDefinition,
    live: &'a TableDefinition,
    /// The table for messages.
    label: String,
}

impl TableComparison<'_> {
    fn compare(&self, findings: &mut Vec<Finding>) {
        for column in &self.wanted.columns {
            match self.live.columns.iter().find(|it| it.name == column.name) {
                Some(there) => findings.extend(self.column(column, there)),
                None => findings.push(self.finding(
                    "column-missing",
                    &column.name,
                    format!("column {} is missing", self.named(&column.name)),
                    self.alter(format!("ADD COLUMN {}", column_ddl(column))),
                )),
            }
        }
        for column in &self.live.columns {
            if !self.wanted.columns.iter().any(|it| it.name == column.name) {
                findings.push(self.finding(
                    "column-extra",
                    &column.name,
                    format!("column {} isn't in the DDL", self.named(&column.name)),
                    self.alter(format!("DROP COLUMN {}", quoted(&column.name))),
                ));
            }
        }
        self.constraints(findings);
        self.indexes(findings);
    }

    fn column(&self, wanted: &Column, live: &Column) -> Vec<Finding> {
        let mut findings = Vec::new();
        let (name, named) = (quoted(&wanted.name), self.named(&wanted.name));
        if wanted.type_name != live.type_name {
            let ty = &wanted.type_name;
            findings.push(self.finding(
                "column-type",
                &wanted.name,
                format!(
                    "column {named} is of type {}, and should be {ty}",
                    live.type_name
                ),
                self.alter(format!("ALTER COLUMN {name} TYPE {ty} USING {name}::{ty}")),
            ));
        }
        if !same_default(&wanted.default, &live.default) {
            findings.push(self.finding(
                "column-default",
                &wanted.name,
                format!(
                    "column {named} has {}, and should have {}",
                    describe_default(&live.default),
                    describe_default(&wanted.default)
                ),
                self.alter(set_default(wanted)),
            ));
        }
        if wanted.not_null != live.not_null {
            let (message, action) = match wanted.not_null {
                true => ("accepts NULL, and shouldn't", "SET NOT NULL"),
                false => ("rejects NULL, and should accept it", "DROP NOT NULL"),
            };
            findings.push(self.finding(
                "column-null",
                &wanted.name,
                format!("column {named} {message}"),
                self.alter(format!("ALTER COLUMN {name} {action}")),
            ));
        }
        findings
    }

    /// Constraints are equal when their definitions are; their names don't matter.
    fn constraints(&self, findings: &mut Vec<Finding>) {
        let (wanted, live) = (constraints_of(self.wanted), constraints_of(self.live));
        let missing = wanted
            .iter()
            .filter(|it| !live.iter().any(|there| there.is_equal(it)));
        let mut extra: Vec<&ConstraintText> = live
            .iter()
            .filter(|it| !wanted.iter().any(|there| there.is_equal(it)))
            .collect();
        for constraint in missing {
            let add = format!(
                "ADD CONSTRAINT {} {}",
                quoted(constraint.name),
                constraint.definition
            );
            // The one of the same name, or on the same columns, is what it was changed from.
            match extra
                .iter()
                .position(|it| it.name == constraint.name || it.is_about(constraint))
            {
                Some(at) => {
                    let there = extra.remove(at);
                    findings.push(self.finding(
                        "constraint-differs",
                        there.name,
                        format!(
                            "constraint {} of {} is {}, and should be {}",
                            quoted(there.name),
                            self.label,
                            there.definition,
                            constraint.definition
                        ),
                        self.alter(format!("DROP CONSTRAINT {}, {add}", quoted(there.name))),
                    ));
                }
                None => findings.push(self.finding(
                    "constraint-missing",
                    constraint.name,
                    format!("{} lacks {}", self.label, constraint.definition),
                    self.alter(add),
                )),
            }
        }
        for constraint in extra {
            findings.push(self.finding(
                "constraint-extra",
                constraint.name,
                format!(
                    "constraint {} of {} isn't in the DDL: {}",
                    quoted(constraint.name),
                    self.label,
                    constraint.definition
                ),
                self.alter(format!("DROP CONSTRAINT {}", quoted(constraint.name))),
            ));
        }
    }

    fn indexes(&self, findings: &mut Vec<Finding>) {
        for index in plain_indexes(self.wanted) {
            let is_there =
                |it: &&Index| it.unique == index.unique && without_name(it) == without_name(index);
            if plain_indexes(self.live).any(|it| is_there(&it)) {
                continue;
            }
            let same_name = plain_indexes(self.live).find(|it| it.name == index.name);
            findings.push(match same_name {
                Some(there) => self.finding(
                    "index-differs",
                    &index.name,
                    format!(
                        "index {} is on {}, and should be on {}",
                        quoted(&index.name),
                        without_name(there),
                        without_name(index)
                    ),
                    format!(
                        "DROP INDEX {}; {};",
                        TableName::new(&index.table.schema, &index.name),
                        index.definition
                    ),
                ),
                None => self.finding(
                    "index-missing",
                    &index.name,
                    format!("index {} of {} is missing", quoted(&index.name), self.label),
                    format!("{};", index.definition),
                ),
            });
        }
    }

    fn named(&self, column: &str) -> String {
        format!("{}.{}", self.label, quoted(column))
    }

    fn alter(&self, action: String) -> String {
        alter(&self.wanted.name, action)
    }

    fn finding(&self, rule: &'static str, part: &str, message: String, help: String) -> Finding {
        Finding {
            rule,
            severity: Severity::Fail,
            on: Some(self.named(part)),
            message,
            help,
        }
    }
}

/// A constraint of any kind, as its definition.
struct ConstraintText<'a> {
    name: &'a str,
    kind: &'static str,
    columns: Vec<&'a str>,
    definition: String,
}

impl ConstraintText<'_> {
    fn is_equal(&self, other: &ConstraintText) -> bool {
        self.definition == other.definition
    }

    /// Whether both are of one kind and on the same columns. Checks never are: a table may have many on one column.
    fn is_about(&self, other: &ConstraintText) -> bool {
        self.kind == other.kind && self.kind != "check" && self.columns == other.columns
    }
}

fn constraints_of(table: &TableDefinition) -> Vec<ConstraintText<'_>> {
    let plain = table
        .constraints
        .iter()
        .map(|it: &Constraint| ConstraintText {
            name: &it.name,
            kind: match it.kind {
                ConstraintKind::PrimaryKey => "primary key",
                ConstraintKind::Unique => "unique",
                ConstraintKind::Check => "check",
                ConstraintKind::Exclusion => "exclusion",
            },
            columns: it.columns.iter().map(String::as_str).collect(),
            definition: without_validity(&it.definition),
        });
    let foreign = table
        .foreign_keys
        .iter()
        .map(|it: &ForeignKey| ConstraintText {
            name: &it.name,
            kind: "foreign key",
            columns: it.column_names(),
            definition: without_validity(&it.definition),
        });
    plain.chain(foreign).collect()
}

/// The definition without NOT VALID, which has a finding of its own.
fn without_validity(definition: &str) -> String {
    let whole = definition.strip_suffix(" NOT VALID");
    whole.unwrap_or(definition).to_owned()
}

/// `shop.orders USING btree (placed_at)`: the definition without the index' name.
fn without_name(index: &Index) -> &str {
    let behind = index.definition.split_once(" ON ");
    behind.map_or(&index.definition, |(_, behind)| behind)
}

/// A serial's sequence may be called anything.
fn same_default(wanted: &ColumnDefault, live: &ColumnDefault) -> bool {
    let is_serial = |it: &ColumnDefault| matches!(it, ColumnDefault::Expression(expression) if expression.starts_with("nextval("));
    wanted == live || (is_serial(wanted) && is_serial(live))
}

fn describe_default(default: &ColumnDefault) -> String {
    match default {
        ColumnDefault::Nothing => "no default".to_owned(),
        ColumnDefault::Expression(expression) => format!("the default {expression}"),
        ColumnDefault::IdentityAlways => "GENERATED ALWAYS AS IDENTITY".to_owned(),
        ColumnDefault::IdentityByDefault => "GENERATED BY DEFAULT AS IDENTITY".to_owned(),
        ColumnDefault::Generated(expression) => format!("GENERATED ALWAYS AS ({expression})"),
    }
}

#[cfg(test)]
mod tests;
