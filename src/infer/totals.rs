//! What an order comes to: the total of its lines. Pure.

use super::domain::{MakerToml, Value};
use super::model::{ModelColumn, ModelTable};
use super::names::words_of;

/// Columns that may be the total of the lines; the first that a table has is it.
const TOTALS: &[&str] = &[
    "subtotal",
    "sub total",
    "net",
    "net amount",
    "total",
    "total amount",
    "amount total",
    "total price",
    "grand total",
];
/// The bounds that names give an amount of which nothing else is known.
const FREE: (i64, i64) = (1, 10_000);

/// Has amounts be the totals of the lines that refer to them.
pub fn apply(tables: &mut [ModelTable]) {
    for table in 0..tables.len() {
        let Some(name) = total_of(&tables[table]) else {
            continue;
        };
        if let Some(maker) = tables.iter().find_map(|it| total(it, &tables[table]))
            && let Some(column) = tables[table].column_mut(&name)
        {
            let null = column.maker.option("null").cloned();
            column.maker = null
                .into_iter()
                .fold(maker, |it, null| it.with("null", null));
            column.reason = "what its lines come to".to_owned();
            share_below(&mut tables[table], &name);
        }
    }
}

/// A discount below the total: a share of it, since a total may be 0.
fn share_below(table: &mut ModelTable, total: &str) {
    let is_below = |it: &&mut ModelColumn| {
        it.maker.make == "below" && it.maker.option("of") == Some(&total.into())
    };
    for column in table.columns.iter_mut().filter(is_below) {
        let share = MakerToml::new("formula").with("of", format!("{total} * 0.1"));
        let null = column.maker.option("null").cloned();
        column.maker = null
            .into_iter()
            .fold(share, |it, null| it.with("null", null));
    }
}

/// The column that may be a total.
fn total_of(table: &ModelTable) -> Option<String> {
    let is = |column: &&ModelColumn, words: &str| words_of(&column.name).join(" ") == words;
    let mut known = TOTALS.iter();
    let column = known.find_map(|words| table.columns.iter().find(|it| is(it, words)))?;
    let has = |option: &str, value: i64| column.maker.option(option) == Some(&value.into());
    let is_plain = column
        .name
        .chars()
        .all(|it| it.is_ascii_lowercase() || it == '_');
    let is_free =
        is_plain && column.maker.make == "decimal" && column.maker.option("scale").is_none();
    (is_free && has("min", FREE.0) && has("max", FREE.1)).then(|| column.name.clone())
}

/// The total of a table's lines, where they refer to the other and lie together.
fn total(lines: &ModelTable, of: &ModelTable) -> Option<MakerToml> {
    let by = lines.columns.iter().find(|it| {
        let to = it.maker.option("to");
        let is_to = |to: &Value| matches!(to, Value::Text(to) if to.rsplit_once('.').is_some_and(|(table, _)| table == of.name));
        it.maker.make == "reference"
            && it.maker.option("spread").is_some()
            && it.maker.option("null").is_none()
            && to.is_some_and(is_to)
    })?;
    let amount = lines.columns.iter().find(|it| {
        let product = matches!(it.maker.option("of"), Some(Value::Text(of)) if of.contains(" * "));
        let is_share =
            matches!(it.maker.option("of"), Some(Value::Text(of)) if of.contains("* 0."));
        it.maker.make == "formula" && it.maker.option("scale").is_none() && product && !is_share
    })?;
    let of = format!("{}.{}", lines.name, amount.name);
    Some(
        MakerToml::new("total")
            .with("of", of)
            .with("by", by.name.as_str()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_comes_to_what_its_lines_do() {
        let amount = |max: i64| {
            MakerToml::new("decimal")
                .with("min", 1_i64)
                .with("max", max)
        };
        let formula = |of: &str| MakerToml::new("formula").with("of", of);
        let by = MakerToml::new("reference")
            .with("to", "orders.id")
            .with("spread", "skewed");
        let lines = ModelTable::of_columns(
            "lines",
            &[
                ("order_id", by),
                ("tax", formula("net * 0.08")),
                ("amount", formula("quantity * price")),
            ],
        );
        for (max, expected) in [(10_000, "total"), (99, "decimal")] {
            let orders = ModelTable::of_columns(
                "orders",
                &[
                    ("total", formula("subtotal + tax")),
                    ("subtotal", amount(max)),
                ],
            );
            let mut tables = [orders, lines.clone()];
            apply(&mut tables);
            let maker = &tables[0].column("subtotal").unwrap().maker;
            assert_eq!(maker.make, expected);
            let of = (expected == "total").then(|| "lines.amount".into());
            assert_eq!(maker.option("of"), of.as_ref());
        }
    }
}
