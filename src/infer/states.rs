//! What a row's state says of its other columns: how often it is seen, and which times it has had. Pure.

use super::domain::Value;
use super::model::ModelTable;
use super::names::words_of;

/// States that most rows end in.
const COMMON: &[&str] = &[
    "active",
    "approved",
    "available",
    "complete",
    "completed",
    "confirmed",
    "delivered",
    "done",
    "finished",
    "paid",
    "published",
    "succeeded",
    "success",
];
/// States that few rows come to, and values for what nothing else fits.
const RARE: &[&str] = &[
    "aborted",
    "archived",
    "banned",
    "blocked",
    "canceled",
    "cancelled",
    "critical",
    "declined",
    "deleted",
    "discontinued",
    "disputed",
    "error",
    "expired",
    "failed",
    "failure",
    "lost",
    "noshow",
    "other",
    "overdue",
    "refunded",
    "rejected",
    "returned",
    "spam",
    "suspended",
    "timeout",
    "unknown",
    "void",
    "voided",
    "x",
];
/// How states follow each other, one way of several.
const WAYS: &[&[&str]] = &[
    &[
        "created",
        "pending",
        "confirmed",
        "paid",
        "processing",
        "packed",
        "shipped",
        "delivered",
        "returned",
    ],
    &["paid", "refunded"],
    &["draft", "sent", "paid"],
    &["draft", "submitted", "approved", "published", "archived"],
    &["open", "assigned", "started", "resolved", "closed"],
    &["queued", "started", "running", "finished"],
    &["started", "in_progress", "completed"],
    &["scheduled", "confirmed", "started", "completed"],
    &["started", "succeeded"],
    &["started", "failed"],
    &["invited", "accepted", "active"],
    &["activated", "active", "suspended"],
];
/// Columns that hold a row's state.
const STATES: &[&str] = &["status", "state", "stage", "phase"];
/// How often a value of a kind is seen, beside others.
const WEIGHTS: (i64, i64, i64) = (8, 3, 1);

/// Blood groups, with how many of a hundred people have each.
const BLOOD: &[(&str, i64)] = &[
    ("O+", 38),
    ("A+", 34),
    ("B+", 9),
    ("O-", 7),
    ("A-", 6),
    ("AB+", 3),
    ("B-", 2),
    ("AB-", 1),
];

/// Gives states weights, and times to the states that have them.
pub fn apply(model: &mut ModelTable) {
    let names: Vec<String> = model.columns.iter().map(|it| it.name.clone()).collect();
    for name in &names {
        weigh(model, name);
    }
    for name in &names {
        if let Some((state, values)) = states_with(model, name)
            && let Some(column) = model.column_mut(name)
        {
            column.maker.options.retain(|(option, _)| option != "null");
            let condition = Value::Table(vec![(state, values.into())]);
            column.maker = column.maker.clone().with("only-if", condition);
        }
    }
}

/// The texts that a column is one of.
fn values_of(model: &ModelTable, name: &str) -> Option<Vec<String>> {
    let maker = &model.column(name)?.maker;
    let Some(Value::List(values)) = maker.option("values").filter(|_| maker.make == "one-of")
    else {
        return None;
    };
    let text = |value: &Value| match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    };
    values.iter().map(text).collect()
}

/// Weights for values that aren't as common as others.
fn weigh(model: &mut ModelTable, name: &str) {
    let is_unique = model
        .unique
        .iter()
        .any(|set| set.iter().any(|it| it == name));
    let Some(values) = values_of(model, name).filter(|_| !is_unique) else {
        return;
    };
    let weights: Vec<i64> = values.iter().map(|it| weight(it)).collect();
    if let Some(column) = model.column_mut(name)
        && weights.iter().any(|it| *it != weights[0])
        && ["weights", "unique"]
            .iter()
            .all(|it| column.maker.option(it).is_none())
    {
        let mut options = column.maker.options.clone();
        let place = options
            .iter()
            .position(|(it, _)| it == "values")
            .map_or(0, |it| it + 1);
        options.insert(place, ("weights".to_owned(), weights.into()));
        column.maker.options = options;
    }
}

fn weight(value: &str) -> i64 {
    if let Some((_, weight)) = BLOOD.iter().find(|(it, _)| *it == value) {
        return *weight;
    }
    let word = word(value);
    let (common, usual, rare) = WEIGHTS;
    match (
        COMMON.contains(&word.as_str()),
        RARE.contains(&word.as_str()),
    ) {
        (true, _) => common,
        (_, true) => rare,
        _ => usual,
    }
}

/// `NO_SHOW` and `no-show` as `noshow`, `in progress` as `in_progress`.
fn word(value: &str) -> String {
    let word = value.to_lowercase().replace([' ', '-'], "_");
    match word.as_str() {
        "no_show" => "noshow".to_owned(),
        _ => word,
    }
}

/// The column of the state in which a time is known, and the values that it has then: `shipped_at` where the state is
/// `shipped` or `delivered`.
fn states_with(model: &ModelTable, name: &str) -> Option<(String, Vec<String>)> {
    let column = model.column(name)?;
    let is_time = matches!(column.maker.make.as_str(), "date" | "timestamp" | "after");
    let has = |option: &str| column.maker.option(option).is_some();
    let is_needed = model
        .columns
        .iter()
        .any(|it| needs(&it.maker.options, name));
    if !is_time || column.hidden || !has("null") || has("null-with") || has("only-if") || is_needed
    {
        return None;
    }
    let words = words_of(name);
    let [done, "at" | "on" | "date" | "time"] =
        words.iter().map(String::as_str).collect::<Vec<_>>()[..]
    else {
        return None;
    };
    let state = model.columns.iter().find(|it| {
        STATES.contains(&it.name.as_str()) && !it.hidden && it.maker.option("null").is_none()
    })?;
    let values = values_of(model, &state.name)?;
    let then: Vec<String> = values
        .iter()
        .filter(|it| has_been(&word(it), done))
        .cloned()
        .collect();
    let is_part = !then.is_empty() && then.len() < values.len();
    is_part.then(|| (state.name.clone(), then))
}

/// Whether options name a column.
fn needs(options: &[(String, Value)], name: &str) -> bool {
    let names = |value: &Value| matches!(value, Value::Text(text) if text == name);
    options.iter().any(|(_, value)| names(value))
}

/// Whether a row of a state has been in another.
fn has_been(state: &str, before: &str) -> bool {
    let same = |a: &str, b: &str| {
        a == b
            || [a, b]
                .iter()
                .all(|it| ["canceled", "cancelled"].contains(it))
    };
    let comes_later = |way: &&[&str]| {
        let place = |of: &str| way.iter().position(|it| same(it, of));
        place(before)
            .zip(place(state))
            .is_some_and(|(first, then)| first < then)
    };
    same(state, before) || WAYS.iter().any(comes_later)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::domain::MakerToml;

    fn one_of(values: &[&str]) -> MakerToml {
        MakerToml::new("one-of").with("values", values.to_vec())
    }

    #[test]
    fn times_are_known_in_the_states_that_have_had_them() {
        let after = || {
            MakerToml::new("after")
                .with("of", "placed_at")
                .with("null", 0.3)
        };
        let states = ["pending", "paid", "shipped", "delivered", "cancelled"];
        let columns = [
            ("status", one_of(&states)),
            ("paid_at", after()),
            ("shipped_at", after()),
            ("canceled_at", after()),
            ("seen_at", after()),
        ];
        let mut table = ModelTable::of_columns("orders", &columns);
        apply(&mut table);
        let states = |name: &str| match table.column(name).unwrap().maker.option("only-if") {
            Some(Value::Table(entries)) => Some(entries[0].1.clone()),
            _ => None,
        };
        assert_eq!(
            states("paid_at"),
            Some(vec!["paid", "shipped", "delivered"].into())
        );
        assert_eq!(
            states("shipped_at"),
            Some(vec!["shipped", "delivered"].into())
        );
        assert_eq!(states("canceled_at"), Some(vec!["cancelled"].into()));
        assert_eq!(states("seen_at"), None);
        assert_eq!(table.column("paid_at").unwrap().maker.option("null"), None);
        let weights = table.column("status").unwrap().maker.option("weights");
        assert_eq!(weights, Some(&vec![3, 8, 3, 8, 1].into()));
    }

    #[test]
    fn values_of_one_kind_are_left_without_weights() {
        let columns = [("size", one_of(&["S", "M", "L"]))];
        let mut table = ModelTable::of_columns("skus", &columns);
        apply(&mut table);
        assert_eq!(table.column("size").unwrap().maker.option("weights"), None);
    }
}
