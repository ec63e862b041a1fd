//! The catalog's rows, by oid, as tables by name.

use std::collections::{BTreeMap, HashMap};

use super::{
    CatalogRows, KeyPart, LeftOut, Partition, Partitions, RowSecurity, Source, SourceCheck,
    SourceColumn, SourceKey, SourceTable, UniqueSet, WhyLeftOut, columns_in,
};
use crate::copy::TypeKind;
use crate::postgres::catalog::{
    Column, Constraint, ConstraintKind, Domain, ForeignKey, Index, Partitioning, Table, TableKind,
    TableTraits, Trigger,
};

impl Source {
    /// The tables of a schema. `wanted` decides by name which of them are meant.
    pub fn new(schema: &str, rows: &CatalogRows, wanted: impl Fn(&str) -> bool) -> Source {
        let traits: HashMap<u32, &TableTraits> =
            rows.traits.iter().map(|it| (it.table, it)).collect();
        let mut source = Source {
            schema: schema.to_owned(),
            ..Source::default()
        };
        let mut kept = Vec::new();
        for table in rows.tables.iter().filter(|it| it.name.schema == schema) {
            if table.root_oid.is_some() {
                continue;
            }
            match why_left_out(table, traits.get(&table.oid).copied(), &wanted) {
                Some(why) => source.left_out.push(LeftOut {
                    name: table.name.name.clone(),
                    why,
                }),
                None => kept.push(table),
            }
        }
        let by_oid = Grouped::new(rows);
        let names: HashMap<u32, &str> = kept
            .iter()
            .map(|it| (it.oid, it.name.name.as_str()))
            .collect();
        source.tables = kept
            .iter()
            .map(|table| by_oid.table(table, &traits, &names))
            .collect();
        source.tables.sort_by(|a, b| a.name.cmp(&b.name));
        source.left_out.sort_by(|a, b| a.name.cmp(&b.name));
        source
    }
}

fn why_left_out(
    table: &Table,
    traits: Option<&TableTraits>,
    wanted: impl Fn(&str) -> bool,
) -> Option<WhyLeftOut> {
    match table.kind {
        TableKind::View | TableKind::MaterializedView => return Some(WhyLeftOut::View),
        TableKind::Foreign => return Some(WhyLeftOut::Foreign),
        TableKind::Ordinary | TableKind::Partitioned => {}
    }
    if let Some(extension) = traits.and_then(|it| it.extension.clone()) {
        return Some(WhyLeftOut::Extension(extension));
    }
    (!wanted(&table.name.name)).then_some(WhyLeftOut::Asked)
}

/// A table's partitions, without those that have none of their own.
fn partitions(partitioning: &Partitioning, traits: &HashMap<u32, &TableTraits>) -> Partitions {
    let partition = |(oid, bounds): &(u32, String)| {
        let own = traits.get(oid).and_then(|it| it.partitioning.as_ref());
        Partition {
            bounds: bounds.clone(),
            within: own.map(|it| partitions(it, traits)),
        }
    };
    let all = partitioning.partitions.iter().map(partition);
    let takes_rows = |it: &Partition| it.within.as_ref().is_none_or(|it| !it.each.is_empty());
    Partitions {
        strategy: partitioning.strategy,
        columns: partitioning.columns.clone(),
        each: all.filter(takes_rows).collect(),
    }
}

/// The catalog's rows by their table.
struct Grouped<'r> {
    columns: BTreeMap<u32, Vec<&'r Column>>,
    foreign_keys: BTreeMap<u32, Vec<&'r ForeignKey>>,
    constraints: BTreeMap<u32, Vec<&'r Constraint>>,
    indexes: BTreeMap<u32, Vec<&'r Index>>,
    triggers: BTreeMap<u32, Vec<&'r Trigger>>,
    domains: HashMap<u32, &'r Domain>,
    /// The partitions of tables, and theirs.
    partitions: BTreeMap<u32, Vec<u32>>,
}

fn grouped<T>(rows: &[T], table: impl Fn(&T) -> u32) -> BTreeMap<u32, Vec<&T>> {
    let mut groups: BTreeMap<u32, Vec<&T>> = BTreeMap::new();
    for row in rows {
        groups.entry(table(row)).or_default().push(row);
    }
    groups
}

fn partitions_by_root(rows: &CatalogRows) -> BTreeMap<u32, Vec<u32>> {
    let mut by_root: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for table in &rows.tables {
        if let Some(root) = table.root_oid {
            by_root.entry(root).or_default().push(table.oid);
        }
    }
    by_root
}

fn of<'g, 'r, T>(groups: &'g BTreeMap<u32, Vec<&'r T>>, table: u32) -> &'g [&'r T] {
    groups.get(&table).map_or(&[], Vec::as_slice)
}

impl<'r> Grouped<'r> {
    fn new(rows: &'r CatalogRows) -> Grouped<'r> {
        Grouped {
            columns: grouped(&rows.columns, |it| it.table),
            foreign_keys: grouped(&rows.foreign_keys, |it| it.table_oid),
            constraints: grouped(&rows.constraints, |it| it.table_oid),
            indexes: grouped(&rows.indexes, |it| it.table_oid),
            triggers: grouped(&rows.triggers, |it| it.table),
            domains: rows.domains.iter().map(|it| (it.oid, it)).collect(),
            partitions: partitions_by_root(rows),
        }
    }

    fn table(
        &self,
        table: &Table,
        all_traits: &HashMap<u32, &TableTraits>,
        names: &HashMap<u32, &str>,
    ) -> SourceTable {
        let traits = all_traits.get(&table.oid).copied();
        let partitioning = traits.and_then(|it| it.partitioning.as_ref());
        let columns = of(&self.columns, table.oid);
        let uniques = self.all_uniques(table.oid);
        let checks = |kind: ConstraintKind| self.checks(table.oid, kind);
        let triggers = of(&self.triggers, table.oid).iter().copied();
        let mut table = SourceTable {
            name: table.name.name.clone(),
            rows: rows(table.rows),
            columns: columns.iter().map(|it| self.column(it)).collect(),
            uniques,
            foreign_keys: self.all_keys(table.oid, names),
            checks: checks(ConstraintKind::Check),
            exclusions: checks(ConstraintKind::Exclusion),
            triggers: triggers.cloned().collect(),
            row_security: match traits {
                Some(it) if it.under_policies && it.forces_policies => RowSecurity::Forced,
                Some(it) if it.under_policies => RowSecurity::Applies,
                _ => RowSecurity::Passed,
            },
            may_insert: traits.is_none_or(|it| it.may_insert),
            partitions: partitioning.map(|it| partitions(it, all_traits)),
            kept: None,
        };
        if let Some(rule) = partitioning.and_then(|it| it.rule.as_deref()) {
            let columns = columns_in(&table, rule);
            table.checks.push(SourceCheck {
                name: "its partitions".to_owned(),
                definition: format!("CHECK ({rule})"),
                columns,
            });
        }
        table
    }

    fn column(&self, column: &Column) -> SourceColumn {
        let mut domain_checks = Vec::new();
        let mut not_null = column.not_null;
        let (mut data_type, mut base_type) = (&column.data_type, &column.type_name);
        while let TypeKind::Domain(base) = &data_type.kind {
            if let Some(domain) = self.domains.get(&data_type.oid) {
                not_null |= domain.not_null;
                base_type = &domain.base;
                let checks = domain.checks.iter();
                domain_checks.extend(checks.map(|(name, definition)| SourceCheck {
                    name: format!("{} of domain {}", name, domain.name),
                    definition: definition.clone(),
                    columns: Vec::new(),
                }));
            }
            data_type = base;
        }
        SourceColumn {
            name: column.name.clone(),
            type_name: column.type_name.clone(),
            base_type: base_type.clone(),
            data_type: column.data_type.clone(),
            not_null,
            default: column.default.clone(),
            domain_checks,
        }
    }

    /// A table's unique sets, and those that its partitions have by themselves: kept in all of them, they are kept in each.
    fn all_uniques(&self, table: u32) -> Vec<UniqueSet> {
        let mut sets = self.uniques(table);
        let partitions = self.partitions.get(&table).into_iter().flatten();
        for set in partitions.flat_map(|it| self.uniques(*it)) {
            let is_same = |it: &UniqueSet| it.parts == set.parts && it.predicate == set.predicate;
            if !sets.iter().any(is_same) {
                sets.push(UniqueSet {
                    primary: false,
                    ..set
                });
            }
        }
        sets
    }

    fn uniques(&self, table: u32) -> Vec<UniqueSet> {
        let columns = of(&self.columns, table);
        let name = |number: i16| {
            let found = columns.iter().find(|it| it.number == number);
            found.map(|it| it.name.clone())
        };
        let primary: Vec<&str> = of(&self.constraints, table)
            .iter()
            .filter(|it| it.kind == ConstraintKind::PrimaryKey)
            .map(|it| it.name.as_str())
            .collect();
        let indexes = of(&self.indexes, table).iter().filter(|it| it.unique);
        let mut sets: Vec<UniqueSet> = indexes
            .map(|index| {
                let parts = index.key_columns.iter().zip(&index.expressions);
                let part = |(number, expression): (&i16, &Option<String>)| match expression {
                    Some(text) => KeyPart::Expression(text.clone()),
                    None => KeyPart::Column(name(*number).unwrap_or_default()),
                };
                UniqueSet {
                    name: index.name.clone(),
                    primary: index
                        .backs
                        .as_deref()
                        .is_some_and(|it| primary.contains(&it)),
                    parts: parts.map(part).collect(),
                    predicate: index.predicate.clone(),
                    nulls_not_distinct: index.definition.contains("NULLS NOT DISTINCT"),
                }
            })
            .collect();
        sets.sort_by(|a, b| b.primary.cmp(&a.primary).then(a.name.cmp(&b.name)));
        sets
    }

    /// A table's foreign keys, and those that its partitions have by themselves: kept in all of them, they are kept in each.
    fn all_keys(&self, table: u32, names: &HashMap<u32, &str>) -> Vec<SourceKey> {
        let mut keys = self.keys(table, names);
        let partitions = self.partitions.get(&table).into_iter().flatten();
        for key in partitions.flat_map(|it| self.keys(*it, names)) {
            let is_same = |it: &SourceKey| {
                (&it.columns, &it.referenced, &it.table_shown)
                    == (&key.columns, &key.referenced, &key.table_shown)
            };
            if !keys.iter().any(is_same) {
                keys.push(key);
            }
        }
        keys
    }

    fn keys(&self, table: u32, names: &HashMap<u32, &str>) -> Vec<SourceKey> {
        let keys = of(&self.foreign_keys, table).iter();
        let mut keys: Vec<SourceKey> = keys
            .filter(|key| key.enforced)
            .map(|key| SourceKey {
                name: key.name.clone(),
                columns: key.columns.iter().map(|it| it.name.clone()).collect(),
                table: names
                    .get(&key.referenced_oid)
                    .map(|name| (*name).to_owned()),
                table_shown: key.referenced.within(&key.table.schema),
                elsewhere: (key.referenced.schema != key.table.schema)
                    .then(|| key.referenced.clone()),
                referenced: key
                    .referenced_columns
                    .iter()
                    .map(|it| it.name.clone())
                    .collect(),
            })
            .collect();
        keys.sort_by(|a, b| (&a.columns, &a.name).cmp(&(&b.columns, &b.name)));
        keys
    }

    fn checks(&self, table: u32, kind: ConstraintKind) -> Vec<SourceCheck> {
        let constraints = of(&self.constraints, table).iter();
        let mut checks: Vec<SourceCheck> = constraints
            .filter(|it| it.kind == kind)
            .map(|it| SourceCheck {
                name: it.name.clone(),
                definition: it.definition.clone(),
                columns: it.columns.clone(),
            })
            .collect();
        checks.sort_by(|a, b| a.name.cmp(&b.name));
        checks
    }
}

/// `reltuples` as a number of rows.
fn rows(estimate: f64) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate of 0 or more; the cast saturates"
    )]
    (estimate >= 0.0).then_some(estimate as u64)
}
