//! Rows that belong to one owner together: an order's address is the customer's, an invoice's appointment the patient's,
//! though no key says so. Pure.

use super::domain::{MakerToml, Value};
use super::model::ModelTable;
use super::names::words_of;

/// Whose things are not referred to by others: not people who write, like or follow.
const OWNERS: &[&str] = &[
    "account",
    "client",
    "clinic",
    "company",
    "customer",
    "household",
    "merchant",
    "organization",
    "patient",
    "project",
    "property",
    "school",
    "shop",
    "store",
    "tenant",
    "workspace",
];

/// A table that refers to an owner, and to a thing of that owner's.
struct Belonging {
    table: usize,
    /// The column that refers to the owner, in both tables.
    owner: String,
    /// The column that refers to the thing.
    thing: String,
    /// The thing's table.
    things: usize,
}

/// Has such rows agree.
pub fn apply(tables: &mut [ModelTable]) {
    for table in 0..tables.len() {
        while let Some(found) = find(tables, table) {
            agree(tables, &found);
        }
    }
}

fn find(tables: &[ModelTable], table: usize) -> Option<Belonging> {
    let own = &tables[table];
    let columns = |is: &dyn Fn(&str) -> bool| -> Vec<&String> {
        let columns = own.columns.iter().map(|it| &it.name);
        columns.filter(|it| is_plain(own, it) && is(it)).collect()
    };
    let owners = columns(&|it| is_owner(it));
    owners.into_iter().find_map(|owner| {
        let of = referred(own, owner)?;
        let others = columns(&|it| it != owner && !is_named(own, it));
        others.into_iter().find_map(|thing| {
            let name = referred(own, thing)?;
            let things = tables.iter().position(|it| it.name == name)?;
            let other = &tables[things];
            let is_theirs = things != table
                && !other.kept
                && !other.fixed
                && is_free(other, owner)
                && referred(other, owner) == Some(of);
            let found = Belonging {
                table,
                owner: owner.clone(),
                thing: thing.clone(),
                things,
            };
            let can_agree = match found.nulls(tables) {
                (true, false) => true,
                (false, false) => !is_named(own, owner),
                (_, true) => false,
            };
            (is_theirs && can_agree).then_some(found)
        })
    })
}

impl Belonging {
    /// Whether the thing may be NULL, and whether one of the owners may be.
    fn nulls(&self, tables: &[ModelTable]) -> (bool, bool) {
        let may_be_null = |table: usize, column: &str| {
            let column = tables[table].column(column);
            column.is_some_and(|it| it.maker.option("null").is_some())
        };
        let owners = [self.table, self.things];
        let owner = owners.into_iter().any(|it| may_be_null(it, &self.owner));
        (may_be_null(self.table, &self.thing), owner)
    }
}

/// The owner is the thing's, or the thing is one of the owner's where there may be none.
fn agree(tables: &mut [ModelTable], found: &Belonging) {
    let maker =
        |table: usize, column: &str| tables[table].column(column).map(|it| it.maker.clone());
    let (Some(thing), Some(theirs)) = (
        maker(found.table, &found.thing),
        maker(found.things, &found.owner),
    ) else {
        return;
    };
    if found.nulls(tables).0 {
        let mut picked = thing.with("same", vec![found.owner.as_str()]);
        // The share of NULLs is written last.
        picked.options.sort_by_key(|(name, _)| name == "null");
        set(tables, found.table, &found.thing, picked);
        if theirs.option("spread").is_none() {
            set(
                tables,
                found.things,
                &found.owner,
                theirs.with("spread", "skewed"),
            );
        }
        return;
    }
    let copy = MakerToml::new("copy")
        .with("by", found.thing.as_str())
        .with("column", found.owner.as_str());
    set(tables, found.table, &found.owner, copy);
}

fn set(tables: &mut [ModelTable], table: usize, column: &str, maker: MakerToml) {
    if let Some(column) = tables[table].column_mut(column) {
        column.maker = maker;
    }
}

/// `customer_id`, `customer`.
fn is_owner(column: &str) -> bool {
    let words = words_of(column);
    match words
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        [noun] | [noun, "id" | "uuid" | "code"] => OWNERS.contains(noun),
        _ => false,
    }
}

/// The table that a reference is to.
fn referred<'m>(table: &'m ModelTable, column: &str) -> Option<&'m str> {
    match table.column(column)?.maker.option("to") {
        Some(Value::Text(to)) => to.rsplit_once('.').map(|(table, _)| table),
        _ => None,
    }
}

/// A reference to any row, which no set asks anything of.
fn is_plain(table: &ModelTable, column: &str) -> bool {
    is_reference(table, column, &["to", "null"]) && is_outside_sets(table, column)
}

/// Whether another column agrees with it, or differs from it.
fn is_named(table: &ModelTable, column: &str) -> bool {
    table.columns.iter().any(|it| names(&it.maker, column))
}

/// A reference whose rows may lie together.
fn is_free(table: &ModelTable, column: &str) -> bool {
    is_reference(table, column, &["to", "null", "spread"]) && is_outside_sets(table, column)
}

fn is_reference(table: &ModelTable, column: &str, known: &[&str]) -> bool {
    table.column(column).is_some_and(|it| {
        let mut options = it.maker.options.iter();
        it.maker.make == "reference" && options.all(|(name, _)| known.contains(&name.as_str()))
    })
}

fn is_outside_sets(table: &ModelTable, column: &str) -> bool {
    let is_in = |set: &Vec<String>| set.iter().any(|it| it == column);
    !table.unique.iter().any(is_in) && !table.exclusive.iter().any(|(columns, _)| is_in(columns))
}

/// Whether a maker agrees with a column, or differs from it.
fn names(maker: &MakerToml, column: &str) -> bool {
    ["same", "other-than", "null-with"]
        .iter()
        .any(|option| match maker.option(option) {
            Some(Value::Text(name)) => name == column,
            Some(Value::List(all)) => all.contains(&column.into()),
            Some(Value::Table(all)) => all.iter().any(|(name, _)| name == column),
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, columns: &[(&'static str, &str, f64)]) -> ModelTable {
        let column = |(name, to, null): &(&'static str, &str, f64)| {
            let maker = MakerToml::new("reference").with("to", *to);
            let maker = match *null > 0.0 {
                true => maker.with("null", *null),
                false => maker,
            };
            (*name, maker)
        };
        let columns: Vec<(&str, MakerToml)> = columns.iter().map(column).collect();
        ModelTable::of_columns(name, &columns)
    }

    #[test]
    fn what_an_order_refers_to_is_its_customers() {
        let mut tables = [
            table("addresses", &[("customer_id", "customers.id", 0.0)]),
            table(
                "orders",
                &[
                    ("customer_id", "customers.id", 0.0),
                    ("address_id", "addresses.id", 0.1),
                ],
            ),
            table(
                "invoices",
                &[
                    ("customer_id", "customers.id", 0.0),
                    ("order_id", "orders.id", 0.0),
                ],
            ),
            table("posts", &[("user_id", "users.id", 0.0)]),
            table(
                "likes",
                &[("user_id", "users.id", 0.0), ("post_id", "posts.id", 0.0)],
            ),
        ];
        apply(&mut tables);
        let written = |table: usize, column: &str| {
            crate::infer::toml::column_line(tables[table].column(column).unwrap())
        };
        assert!(written(0, "customer_id").contains("spread = \"skewed\""));
        assert!(written(1, "address_id").contains("same = [\"customer_id\"]"));
        assert!(
            written(2, "customer_id")
                .contains("make = \"copy\", by = \"order_id\", column = \"customer_id\"")
        );
        assert!(written(4, "user_id").contains("make = \"reference\""));
    }
}
