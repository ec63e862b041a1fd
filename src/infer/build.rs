//! A source → a model: the order in which everything is decided. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::Columns;
use super::constraints::{Readings, TableReading};
use super::domain::{Confidence, MakerToml, Sibling, Value};
use super::keys::{self, KeyPlan};
use super::model::{Doubt, Lessons, Model, ModelColumn, ModelTable, Refusal, TriedCheck};
use super::names::{Naming, TableNames};
use super::question::{Answer, Question};
use super::sizes::{self, Wish};
use super::source::{
    LeftOut, RowSecurity, Source, SourceCheck, SourceColumn, SourceTable, WhyLeftOut,
};
use super::{
    belongs, doubts, exclusions, kept, order, places, relations, states, totals, types, unfillable,
    unique,
};
use crate::copy::Scalar;

/// The dataset of a source, with sizes as wished.
pub fn model(
    source: &Source,
    readings: &Readings,
    wish: Wish,
    naming: &Naming,
    lessons: &Lessons,
) -> Model {
    let naming = &naming.about(source.tables.iter().map(|it| it.name.as_str()));
    let mut refused: Vec<Refusal> = lessons.refused.clone();
    for table in source.tables.iter().filter(|it| it.kept.is_none()) {
        refused.extend(unfillable::columns(table, readings.table(table)));
        refused.extend(closed(table));
    }
    let out = refused.iter().map(|it| &it.table);
    let out = out.chain(&lessons.filled_by_triggers).cloned().collect();
    let keys = keys::plan(source, &out, &null_keys(source, readings));
    refused.extend(refused_by_keys(&keys));
    let mut model = without_tables(source, lessons);
    let with = DecisionContext {
        keys: &keys,
        naming,
        lessons,
        created: created(source, &keys, naming),
        prices: prices(source, &keys),
        places: places(source),
    };
    for table in &source.tables {
        let is_filled = lessons.filled_by_triggers.contains(&table.name);
        if !is_filled && !refused.iter().any(|it| it.table == table.name) {
            match &table.kept {
                Some(rows) => model.tables.push(kept::table(&table.name, rows)),
                None => {
                    let reading = readings.table(table);
                    decide(table, reading, &with, &mut model, &mut refused);
                }
            }
        }
    }
    refused.sort();
    refused.dedup();
    model.refused = refused;
    if model.tables.iter().all(|it| it.kept) {
        // Nothing refers to their rows.
        model.tables.clear();
    }
    sizes::choose(source, &keys, &mut model.tables, wish);
    belongs::apply(&mut model.tables);
    places::apply(&mut model.tables);
    totals::apply(&mut model.tables);
    shorten_references(&mut model.tables);
    sort(source, &mut model);
    model
}

/// A model that has no table yet.
fn without_tables(source: &Source, lessons: &Lessons) -> Model {
    let closed = source.tables.iter();
    let closed = closed.filter(|it| !it.may_insert && it.kept.is_none());
    Model {
        schema: source.schema.clone(),
        left_out: left_out(source, lessons),
        read_only: closed.map(|it| it.name.clone()).collect(),
        ..Model::default()
    }
}

/// What is in the schema beside the dataset's tables, and those that get their rows from others' triggers.
fn left_out(source: &Source, lessons: &Lessons) -> Vec<LeftOut> {
    let by_triggers = lessons.filled_by_triggers.iter().map(|name| LeftOut {
        name: name.clone(),
        why: WhyLeftOut::FilledByTriggers,
    });
    source.left_out.iter().cloned().chain(by_triggers).collect()
}

/// The columns of foreign keys that CHECKs leave nothing but NULL.
fn null_keys(source: &Source, readings: &Readings) -> keys::NullColumns {
    let mut nulls = keys::NullColumns::new();
    for table in &source.tables {
        let reading = readings.table(table);
        let columns = table.columns.iter().filter(|it| {
            !it.not_null && table.is_in_foreign_key(&it.name) && reading.is_always_null(&it.name)
        });
        let reason = "a CHECK asks for it";
        nulls.extend(columns.map(|it| {
            let place = (table.name.clone(), it.name.clone());
            (place, reason.to_owned())
        }));
    }
    nulls
}

/// The tables whose keys can't be kept.
fn refused_by_keys(keys: &KeyPlan) -> impl Iterator<Item = Refusal> {
    keys.refused.iter().flat_map(|(table, reasons)| {
        reasons.iter().map(|it| Refusal {
            table: table.clone(),
            what: it.constraint.clone(),
            reason: it.reason.clone(),
            advice: it.advice.clone(),
        })
    })
}

/// Puts the tables in the order in which they are read.
fn sort(source: &Source, model: &mut Model) {
    let names: Vec<String> = model.tables.iter().map(|it| it.name.clone()).collect();
    let order = order::reading(source, &names);
    let place: BTreeMap<&str, usize> = order
        .iter()
        .enumerate()
        .map(|(place, name)| (name.as_str(), place))
        .collect();
    model
        .tables
        .sort_by_key(|it| place.get(it.name.as_str()).copied());
}

/// `to = "orders"` where the key is the table's `serial` column.
fn shorten_references(tables: &mut [ModelTable]) {
    let serials: BTreeMap<String, String> = tables
        .iter()
        .filter_map(|table| {
            let mut columns = table.columns.iter();
            let serial = columns.find(|it| it.maker.make == "serial")?;
            Some((
                format!("{}.{}", table.name, serial.name),
                table.name.clone(),
            ))
        })
        .collect();
    let columns = tables.iter_mut().flat_map(|it| &mut it.columns);
    for column in columns.filter(|it| it.maker.make == "reference") {
        if let Some(Value::Text(to)) = column.maker.option("to")
            && let Some(table) = serials.get(to)
        {
            column.maker = column.maker.clone().with("to", table.as_str());
        }
    }
}

/// What keeps every row out of a table.
fn closed(table: &SourceTable) -> Vec<Refusal> {
    let refusal = |what: &str, reason: &str, advice: &str| Refusal {
        table: table.name.clone(),
        what: what.to_owned(),
        reason: reason.to_owned(),
        advice: advice.to_owned(),
    };
    let mut refused = Vec::new();
    match table.row_security {
        RowSecurity::Passed => {}
        RowSecurity::Applies => refused.push(refusal(
            "ROW LEVEL SECURITY",
            "COPY can't write a table whose policies apply to the role",
            "connect as its owner, or as a role with BYPASSRLS",
        )),
        RowSecurity::Forced => refused.push(refusal(
            "FORCE ROW LEVEL SECURITY",
            "COPY can't write a table whose policies apply to the role, and they apply to its owner, too",
            "connect as a role with BYPASSRLS, or ALTER TABLE … NO FORCE ROW LEVEL SECURITY",
        )),
    }
    if table
        .partitions
        .as_ref()
        .is_some_and(|it| it.each.is_empty())
    {
        refused.push(refusal(
            "partitions",
            "it is partitioned and has no partition",
            "create its partitions first",
        ));
    }
    if table.columns.is_empty() {
        refused.push(refusal(
            "columns",
            "it has none",
            "leave it out with --exclude",
        ));
    }
    refused
}

/// What the columns of all tables are decided by.
struct DecisionContext<'a> {
    keys: &'a KeyPlan,
    naming: &'a Naming,
    lessons: &'a Lessons,
    created: BTreeMap<String, SourceColumn>,
    prices: BTreeMap<String, SourceColumn>,
    places: BTreeMap<String, usize>,
}

/// The columns that names can describe: neither keys nor generated.
fn siblings<'t>(table: &'t SourceTable, keys: &KeyPlan) -> Vec<Sibling<'t>> {
    let columns = table.columns.iter();
    columns
        .filter(|it| keys.role(&table.name, &it.name).is_none() && !it.is_generated())
        .map(|it| Sibling {
            name: &it.name,
            data_type: &it.data_type,
            not_null: it.not_null,
        })
        .collect()
}

/// The types of days and times.
const WHEN: [Scalar; 3] = [Scalar::Date, Scalar::Timestamp, Scalar::Timestamptz];

/// The columns that say when a row was made, never NULL, by table.
fn created(source: &Source, keys: &KeyPlan, naming: &Naming) -> BTreeMap<String, SourceColumn> {
    let of = |table: &SourceTable| {
        let siblings = siblings(table, keys);
        let name = TableNames::new(&table.name, &siblings, naming).created()?;
        let column = table.column(name).filter(|it| it.not_null)?;
        WHEN.contains(&column.data_type.scalar()?)
            .then(|| column.clone())
    };
    let tables = source.tables.iter();
    tables
        .filter_map(|table| Some((table.name.clone(), of(table)?)))
        .collect()
}

/// The tables' places in an order with parents first, by which no two are made from each other.
fn places(source: &Source) -> BTreeMap<String, usize> {
    let names: Vec<String> = source.tables.iter().map(|it| it.name.clone()).collect();
    let order = order::level(source, &names).into_iter().enumerate();
    order.map(|(place, name)| (name, place)).collect()
}

/// The columns that say what a row costs, never NULL, by table.
fn prices(source: &Source, keys: &KeyPlan) -> BTreeMap<String, SourceColumn> {
    let of = |table: &SourceTable| {
        let mut names = ["price", "unit_price", "list_price"].into_iter();
        let column = names.find_map(|name| table.column(name))?;
        let is_free = !column.is_generated() && keys.role(&table.name, &column.name).is_none();
        (is_free && column.not_null).then(|| column.clone())
    };
    let tables = source.tables.iter().filter(|it| it.kept.is_none());
    tables
        .filter_map(|table| Some((table.name.clone(), of(table)?)))
        .collect()
}

fn decide(
    table: &SourceTable,
    reading: &TableReading,
    with: &DecisionContext,
    model: &mut Model,
    refused: &mut Vec<Refusal>,
) {
    let keys = with.keys;
    let (mut sets, unread) = unique::wanted(table, keys);
    sets.extend(exclusions::wanted(table));
    let siblings = siblings(table, with.keys);
    let alone: Vec<&str> = sets
        .iter()
        .filter_map(|set| match set.columns.as_slice() {
            [one] => Some(one.as_str()),
            _ => None,
        })
        .collect();
    let names = TableNames::new(&table.name, &siblings, with.naming).unique(&alone);
    let mut made = ModelTable {
        name: table.name.clone(),
        parents: table
            .foreign_keys
            .iter()
            .filter_map(|it| it.table.clone())
            .collect(),
        triggers: table.triggers.clone(),
        silenced: with.lessons.silenced.get(&table.name).cloned(),
        ..ModelTable::default()
    };
    let columns = Columns {
        table,
        keys,
        reading,
        sets: &sets,
        names: &names,
        created: &with.created,
        prices: &with.prices,
        places: &with.places,
        is_plain: with.lessons.plain.contains(&table.name),
    };
    refused.extend(columns.decide(&mut made));
    let pooled = with.take_pools(&mut made, &alone);
    let mut found = reading.doubts.clone();
    found.extend(with.broken(table));
    found.extend(unread);
    found.extend(relations::apply(table, &mut made, reading, &pooled));
    found.extend(unique::apply(table, &mut made, &sets));
    found.extend(exclusions::apply(table, &mut made));
    states::apply(&mut made);
    ensure_a_column(table, reading, keys, &mut made);
    found.sort();
    found.dedup();
    for doubt in found {
        let questions = doubts::of_doubt(table, keys, reading, &made, &doubt);
        with.settle(doubt, questions, model);
    }
    model.tables.push(made);
}

impl DecisionContext<'_> {
    /// Has the columns be made as answers say that constraints accept them; returns the constraints.
    fn take_pools(&self, made: &mut ModelTable, alone: &[&str]) -> BTreeSet<String> {
        let mut taken = BTreeSet::new();
        for (key, answer) in &self.lessons.answers {
            if key.table != made.name {
                continue;
            }
            match answer {
                Answer::Held(_) => continue,
                Answer::Pool(pool) => doubts::apply(made, key, pool, alone),
                Answer::Nulls { always, never } => doubts::apply_nulls(made, key, always, never),
            }
            taken.insert(key.constraint.clone());
        }
        taken
    }

    /// The table's CHECKs that rows have broken.
    fn broken(&self, table: &SourceTable) -> Vec<Doubt> {
        let is_broken = |check: &&SourceCheck| {
            let broken = (table.name.clone(), check.name.clone());
            self.lessons.broken.contains(&broken)
        };
        let checks = table.checks.iter().filter(is_broken);
        checks.map(|check| Doubt::of(&table.name, check)).collect()
    }

    /// A doubt is settled when all of its questions are answered; else it stays, with them.
    fn settle(&self, doubt: Doubt, questions: Vec<Question>, model: &mut Model) {
        let answers = questions.iter().map(|it| self.lessons.answers.get(&it.key));
        let answers: Vec<Option<&Answer>> = answers.collect();
        if answers.is_empty() || answers.contains(&None) {
            model.questions.extend(questions);
            model.doubts.push(doubt);
            return;
        }
        for answer in answers.into_iter().flatten() {
            if let Answer::Held(rows) = answer {
                model.tried.push(TriedCheck {
                    table: doubt.table.clone(),
                    constraint: doubt.constraint.clone(),
                    definition: doubt.definition.clone(),
                    rows: *rows,
                });
            }
        }
    }
}

/// A dataset's table has a column at least, one that is left to Postgres otherwise; an only one is never NULL, since a
/// record of one NULL is a blank line.
fn ensure_a_column(
    table: &SourceTable,
    reading: &TableReading,
    keys: &KeyPlan,
    made: &mut ModelTable,
) {
    if made.written().next().is_none() {
        let is_free =
            |it: &&SourceColumn| !it.is_generated() && keys.role(&table.name, &it.name).is_none();
        let mut columns = table.columns.iter().filter(is_free);
        let column = columns.find_map(|it| Some((it, made_by_type(it, reading)?)));
        if let Some((column, maker)) = column {
            made.skipped.retain(|(name, _)| *name != column.name);
            made.columns.push(ModelColumn {
                name: column.name.clone(),
                maker,
                reason: "a table needs a column".to_owned(),
                confidence: Confidence::Guess,
                hidden: false,
            });
        }
    }
    let written: Vec<String> = made.written().map(|it| it.name.clone()).collect();
    if let [only] = written.as_slice()
        && let Some(column) = made.column_mut(only)
    {
        column.maker.options.retain(|(name, _)| name != "null");
    }
}

/// A maker by type and limits alone.
fn made_by_type(column: &SourceColumn, reading: &TableReading) -> Option<MakerToml> {
    let limits = reading.limits(column);
    types::maker(&column.data_type, &column.base_type, &limits)
}
