//! What makes each column of a table, in the order of decision: key, sequence, values listed, name, type; else left out.
//! Pure.

use std::collections::BTreeMap;

use super::constraints::TableReading;
use super::domain::{Bound, Choice, Confidence, Limits, MakerToml};
use super::keys::{KeyPlan, KeyRole, Reference};
use super::model::{ModelColumn, ModelTable, Refusal};
use super::names::{NamedColumn, ParentTime, TableNames, words_of};
use super::source::{SourceColumn, SourceTable};
use super::types;
use super::unique::WantedSet;
use crate::copy::{DataType, Scalar, TypeKind};
use crate::postgres::catalog::ColumnDefault;
use crate::postgres::name::{quoted, quoted_list};

/// How often a column is NULL that may be, and that nothing more is known of.
pub const NULL_SHARE: f64 = 0.1;
/// How many rows of a tree are roots.
const ROOTS: f64 = 0.1;

/// What is decided for a column.
enum Decision {
    Make(Box<Choice>),
    /// Left to Postgres, with the reason.
    Skip(String),
    Refuse(Refusal),
}

/// Why a column isn't made that Postgres fills.
pub const BY_DEFAULT: &str = "its default fills it";

/// What the columns of a table are decided by.
pub struct Columns<'a> {
    /// The table.
    pub table: &'a SourceTable,
    /// Every table's keys.
    pub keys: &'a KeyPlan,
    /// Its constraints.
    pub reading: &'a TableReading,
    /// Its unique sets.
    pub sets: &'a [WantedSet],
    /// What the names of its columns say.
    pub names: &'a TableNames<'a>,
    /// The tables' columns that say when a row was made, never NULL.
    pub created: &'a BTreeMap<String, SourceColumn>,
    /// The tables' places, parents first.
    pub places: &'a BTreeMap<String, usize>,
    /// The tables' columns that say what a row costs, never NULL.
    pub prices: &'a BTreeMap<String, SourceColumn>,
    /// Whether types and constraints alone decide, and what may be NULL is left out.
    pub is_plain: bool,
}

/// Whether a table has a column that nothing can fill.
pub fn refusals(table: &SourceTable, reading: &TableReading) -> Vec<Refusal> {
    let columns = table.columns.iter();
    let columns = columns.filter(|it| !table.is_in_foreign_key(&it.name));
    columns
        .filter_map(|column| impossible(table, column, &reading.limits(column)))
        .collect()
}

fn impossible(table: &SourceTable, column: &SourceColumn, limits: &Limits) -> Option<Refusal> {
    let can_be_left_out = !column.not_null || column.has_default();
    if can_be_left_out {
        return None;
    }
    let refusal = |reason: String, advice: String| Refusal {
        table: table.name.clone(),
        what: format!("column {}", quoted(&column.name)),
        reason,
        advice,
    };
    let is_empty_enum =
        matches!(&column.data_type.base().kind, TypeKind::Enum(labels) if labels.is_empty());
    let none_left = limits
        .allowed_values()
        .is_some_and(|values| values.is_empty());
    if none_left || is_empty_enum {
        let reason = match is_empty_enum {
            true => format!("its type {} has no labels", column.type_name),
            false => "its constraints leave no value".to_owned(),
        };
        return Some(refusal(
            reason,
            "change the type or the constraint".to_owned(),
        ));
    }
    if types::maker(&column.data_type, &column.base_type, limits).is_some() {
        return None;
    }
    Some(refusal(
        format!(
            "there is no maker for type {}, and the column takes no NULL and has no default",
            column.type_name
        ),
        format!(
            "{} = {{ make = \"value\", of = \"…\" }} with a text that the type's input takes",
            super::toml::key(&column.name)
        ),
    ))
}

/// The first number that limits allow with all that follow it: `CHECK (id <> 1 OR …)` keeps a row for itself.
fn first_number(limits: &Limits) -> i64 {
    let whole = |text: &str| text.parse::<i64>().ok();
    let excluded = limits
        .excluded
        .iter()
        .filter_map(|it| whole(it)?.checked_add(1));
    let least = limits.min.as_ref().and_then(|bound| {
        let number = whole(&bound.value)?;
        number.checked_add(i64::from(!bound.inclusive))
    });
    excluded.chain(least).max().unwrap_or(1).max(1)
}

fn reading_is_enum(column: &SourceColumn) -> bool {
    matches!(column.data_type.base().kind, TypeKind::Enum(_))
}

impl Columns<'_> {
    /// Fills the table's columns; returns what can't be made.
    pub fn decide(&self, model: &mut ModelTable) -> Vec<Refusal> {
        let mut refused = Vec::new();
        for column in &self.table.columns {
            match self.column(column) {
                Decision::Make(choice) => self.add(model, column, *choice),
                Decision::Skip(reason) => model.skipped.push((column.name.clone(), reason)),
                Decision::Refuse(refusal) => refused.push(refusal),
            }
        }
        refused
    }

    fn column(&self, column: &SourceColumn) -> Decision {
        if column.is_generated() {
            return Decision::Skip("generated by Postgres".to_owned());
        }
        let make = |choice: Choice| Decision::Make(Box::new(choice));
        match self.keys.role(&self.table.name, &column.name) {
            Some(KeyRole::Null { reason }) => {
                return Decision::Skip(format!("NULL: {reason}"));
            }
            Some(KeyRole::Reference(reference)) => return make(self.reference(reference)),
            Some(KeyRole::Copy {
                by, column, table, ..
            }) => {
                let maker = MakerToml::new("copy")
                    .with("by", by.as_str())
                    .with("column", column.as_str());
                let reason = format!("of the same key to {}", quoted(table));
                return make(Choice::new(maker, reason, Confidence::Sure));
            }
            None => {}
        }
        if column.is_serial() && column.data_type.scalar().is_some() {
            let reason = match &column.default {
                ColumnDefault::Expression(_) => "a sequence fills it",
                _ => "an identity column",
            };
            let maker = match first_number(&self.reading.limits(column)) {
                1 => MakerToml::new("serial"),
                start => MakerToml::new("sequence").with("start", start),
            };
            return make(Choice::new(maker, reason, Confidence::Sure));
        }
        self.plain(column)
    }

    /// A column that is no key.
    fn plain(&self, column: &SourceColumn) -> Decision {
        let limits = self.reading.limits(column);
        if self.reading.is_always_null(&column.name) && !column.not_null {
            return Decision::Skip("NULL: a CHECK asks for it".to_owned());
        }
        let needed = self.is_needed(column);
        let takes_null = !column.not_null && !limits.not_null;
        if self.is_plain && takes_null && !column.has_default() && !needed {
            return Decision::Skip("NULL: rows with other values were not accepted".to_owned());
        }
        if let Some(choice) = self.best(column, &limits) {
            let unsure = choice.confidence == Confidence::Guess;
            if !(unsure && column.has_default() && !needed) {
                return Decision::Make(Box::new(choice));
            }
        }
        if column.has_default() && !needed {
            return Decision::Skip(BY_DEFAULT.to_owned());
        }
        if !column.not_null {
            return Decision::Skip(format!("NULL: no maker for type {}", column.type_name));
        }
        match impossible(
            self.table,
            &SourceColumn {
                default: ColumnDefault::Nothing,
                ..column.clone()
            },
            &limits,
        ) {
            Some(refusal) => Decision::Refuse(refusal),
            None => Decision::Skip(BY_DEFAULT.to_owned()),
        }
    }

    /// By the values listed, by name, by type.
    fn best(&self, column: &SourceColumn, limits: &Limits) -> Option<Choice> {
        let by_type = types::maker(&column.data_type, &column.base_type, limits);
        let is_enum = reading_is_enum(column);
        if let Some(choice) = self.gender(column, limits) {
            return Some(choice);
        }
        if limits.values.is_some() || is_enum {
            let reason = match self.reading.reason(&column.name) {
                Some(reason) if reason.starts_with("CHECK") => "a CHECK lists them".to_owned(),
                Some(reason) => reason.to_owned(),
                None => format!("enum {}", column.type_name),
            };
            return by_type.map(|maker| Choice::new(maker, reason, Confidence::Sure));
        }
        if let Some(choice) = self.by_name(column, limits) {
            return Some(choice);
        }
        let (reason, confidence) = match self.reading.reason(&column.name) {
            Some(reason) => (reason.to_owned(), Confidence::Likely),
            None => (
                format!("by its type, {}", column.type_name),
                Confidence::Guess,
            ),
        };
        by_type.map(|maker| Choice::new(maker, reason, confidence))
    }

    /// That of the first name, where it is spelled as the values are.
    fn gender(&self, column: &SourceColumn, limits: &Limits) -> Option<Choice> {
        let words = words_of(&column.name);
        let values: Vec<&str> = match &column.data_type.base().kind {
            TypeKind::Enum(labels) => labels.iter().map(String::as_str).collect(),
            _ => limits.allowed_values()?,
        };
        let spellings = [
            ("M", "F", 3, None),
            ("m", "f", 3, Some("lower")),
            ("male", "female", 4, None),
            ("MALE", "FEMALE", 4, Some("upper")),
        ];
        let is_so = |(one, other, ..): &&(&str, &str, i64, Option<&str>)| {
            values.contains(one) && values.contains(other)
        };
        let (_, _, number, case) = spellings.iter().find(is_so)?;
        let is_gender = words.last().is_some_and(|it| it == "gender" || it == "sex");
        if self.is_plain || !is_gender {
            return None;
        }
        let mut choice = self.names.choose(&NamedColumn {
            name: &column.name,
            data_type: &DataType::from(Scalar::Text),
            limits: &Limits::default(),
            unique: false,
            parent: None,
        })?;
        if choice.maker.make != "field" {
            return None;
        }
        choice.maker = choice.maker.with("field", *number);
        choice.maker = case
            .iter()
            .fold(choice.maker, |it, case| it.with("case", *case));
        choice.reason = "that of the first name".to_owned();
        Some(choice)
    }

    fn by_name(&self, column: &SourceColumn, limits: &Limits) -> Option<Choice> {
        if self.is_plain {
            return None;
        }
        let text = DataType::from(Scalar::Text);
        let (is_citext, unique) = (
            column.base_type.ends_with("citext"),
            self.is_alone(&column.name),
        );
        if let Some(price) = self.parents_price(column, limits) {
            return Some(price);
        }
        self.names.choose(&NamedColumn {
            name: &column.name,
            data_type: if is_citext { &text } else { &column.data_type },
            limits,
            unique,
            parent: self.parent_time(),
        })
    }

    /// An item costs what its product does, where the row refers to one with a price of the same type.
    fn parents_price(&self, column: &SourceColumn, limits: &Limits) -> Option<Choice> {
        let names = ["price", "unit_price", "item_price", "price_each"];
        let is_bounded = |it: &Bound| it.value.parse::<f64>().map_or(true, |it| it > 0.0);
        if !names.contains(&column.name.as_str())
            || self.prices.contains_key(&self.table.name) && column.name == "price"
            || limits.max.is_some()
            || limits.min.as_ref().is_some_and(is_bounded)
        {
            return None;
        }
        let (by, reference, price) = self.table.columns.iter().find_map(|by| {
            let Some(KeyRole::Reference(reference)) = self.keys.role(&self.table.name, &by.name)
            else {
                return None;
            };
            let price = self.prices.get(&reference.table)?;
            let fits = by.not_null
                && reference.columns == 1
                && self.is_behind(&reference.table)
                && price.data_type == column.data_type;
            fits.then_some((by, reference, price))
        })?;
        let maker = MakerToml::new("copy")
            .with("by", by.name.as_str())
            .with("column", price.name.as_str());
        let reason = format!("the price in {}", quoted(&reference.table));
        Some(Choice::new(maker, reason, Confidence::Likely))
    }

    /// The time that a row of a parent was made at, of the first parent that has one.
    fn parent_time(&self) -> Option<ParentTime<'_>> {
        self.table.columns.iter().find_map(|by| {
            let Some(KeyRole::Reference(reference)) = self.keys.role(&self.table.name, &by.name)
            else {
                return None;
            };
            let created = self.created.get(&reference.table)?;
            let fits = by.not_null && reference.columns == 1 && self.is_behind(&reference.table);
            fits.then_some(ParentTime {
                by: &by.name,
                column: &created.name,
                data_type: &created.data_type,
            })
        })
    }

    /// Whether another table's values may be used: its own aren't made from this one's.
    fn is_behind(&self, other: &str) -> bool {
        self.places.get(other) < self.places.get(&self.table.name)
    }

    /// Whether a unique set is this column alone.
    fn is_alone(&self, column: &str) -> bool {
        self.sets.iter().any(|it| it.columns == [column])
    }

    fn is_needed(&self, column: &SourceColumn) -> bool {
        self.sets.iter().any(|it| it.columns.contains(&column.name))
            || self.is_referenced(&column.name)
            || self.reading.is_related(&column.name)
    }

    fn is_referenced(&self, column: &str) -> bool {
        let place = (self.table.name.clone(), column.to_owned());
        self.keys.referenced.contains(&place)
    }

    fn reference(&self, reference: &Reference) -> Choice {
        let to = format!("{}.{}", reference.table, reference.column);
        let mut maker = MakerToml::new("reference").with("to", to);
        if !reference.same.is_empty() {
            maker = maker.with("same", same(&reference.same));
        }
        if reference.spread {
            maker = maker.with("spread", "skewed");
        }
        if reference.table == self.table.name
            && reference.same.is_empty()
            && !self.is_unique(reference)
        {
            maker = maker.with("earlier", true).with("roots", ROOTS);
            if !reference.nullable {
                maker = maker.with("roots-self", true);
            }
        }
        let key = match reference.columns {
            1 => "foreign key",
            _ => "composite foreign key",
        };
        let reason = format!("{key} to {}", quoted_list(&[&reference.table]));
        Choice::new(maker, reason, Confidence::Sure)
    }

    /// Whether the key's column is a unique set by itself.
    fn is_unique(&self, reference: &Reference) -> bool {
        let mut keys = self.table.foreign_keys.iter();
        let Some(key) = keys.find(|it| it.name == reference.key) else {
            return false;
        };
        let mut sets = self.table.uniques.iter();
        sets.any(|set| {
            set.plain_columns()
                .all(|it| key.columns.iter().any(|own| own == it))
        })
    }

    /// Adds a column with what NULLs and limits ask for.
    fn add(&self, model: &mut ModelTable, column: &SourceColumn, choice: Choice) {
        let mut maker = choice.maker;
        if let Some(share) = self.null_share(column, &maker, choice.null) {
            maker = maker.with("null", share);
        }
        for (name, hidden) in choice.hidden {
            if model.column(&name).is_none() {
                model.columns.push(ModelColumn {
                    name,
                    maker: hidden,
                    reason: format!("for {}", column.name),
                    confidence: choice.confidence,
                    hidden: true,
                });
            }
        }
        model.lists.extend(choice.lists);
        model.columns.push(ModelColumn {
            name: column.name.clone(),
            maker,
            reason: choice.reason,
            confidence: choice.confidence,
            hidden: false,
        });
    }

    fn null_share(
        &self,
        column: &SourceColumn,
        maker: &MakerToml,
        opinion: Option<f64>,
    ) -> Option<f64> {
        let never = column.not_null
            || self.reading.limits(column).not_null
            || self.is_referenced(&column.name);
        if never || maker.make == "copy" || maker.option("roots").is_some() {
            return None;
        }
        if let Some(KeyRole::Reference(reference)) = self.keys.role(&self.table.name, &column.name)
            && !reference.nullable
        {
            return None;
        }
        let share = opinion.unwrap_or(NULL_SHARE);
        (share > 0.0).then_some(share)
    }
}

/// Own columns with the others', shorter where the names are the same.
fn same(pairs: &[(String, String)]) -> super::domain::Value {
    use super::domain::Value;
    if pairs.iter().all(|(own, other)| own == other) {
        let names = pairs.iter().map(|(own, _)| own.as_str().into());
        return Value::List(names.collect());
    }
    let pairs = pairs
        .iter()
        .map(|(own, other)| (own.clone(), other.as_str().into()));
    Value::Table(pairs.collect())
}
