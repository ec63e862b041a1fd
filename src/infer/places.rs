//! A foreign key to a list of countries, beside a city: the country is that of the city. Pure.

use super::domain::{MakerToml, Value};
use super::model::ModelTable;

/// The lists of places.
const PLACES: &[&str] = &["places", "us-places"];
/// A field of the list of countries, and the same of the lists of places: the code in two letters, and in three.
const CODES: &[(i64, i64)] = &[(2, 6), (3, 7)];

/// A column that is to follow from another one.
struct Follower {
    table: usize,
    column: String,
    maker: MakerToml,
}

/// Has countries follow from the places that their rows name.
pub fn apply(tables: &mut [ModelTable]) {
    let found: Vec<Follower> = (0..tables.len())
        .flat_map(|it| followers(tables, it))
        .collect();
    for follower in found {
        if let Some(column) = tables[follower.table].column_mut(&follower.column) {
            column.maker = follower.maker;
        }
    }
}

fn followers(tables: &[ModelTable], table: usize) -> Vec<Follower> {
    let own = &tables[table];
    let place = own.columns.iter().find(|it| {
        let list = it.maker.option("list");
        it.maker.make == "word" && PLACES.iter().any(|name| list == Some(&(*name).into()))
    });
    let Some(place) = place else {
        return Vec::new();
    };
    let follower = |column: &super::model::ModelColumn| {
        let options = &column.maker.options;
        let is_plain = options
            .iter()
            .all(|(name, _)| ["to", "null"].contains(&name.as_str()));
        let of = country_field(tables, &column.maker).filter(|_| is_plain)?;
        let (_, number) = CODES.iter().find(|(field, _)| *field == of)?;
        let is_known = codes_are_known(tables, own, &place.maker, (of, *number));
        let maker = MakerToml::new("field")
            .with("of", place.name.as_str())
            .with("field", *number);
        let null = column.maker.option("null").cloned();
        is_known.then(|| Follower {
            table,
            column: column.name.clone(),
            maker: null
                .into_iter()
                .fold(maker, |it, null| it.with("null", null)),
        })
    };
    let in_a_set = |name: &String| own.unique.iter().any(|set| set.contains(name));
    let columns = own.columns.iter().filter(|it| !in_a_set(&it.name));
    columns.filter_map(follower).collect()
}

/// The field of the list of countries that a reference's key is, in a table that has each of them.
fn country_field(tables: &[ModelTable], reference: &MakerToml) -> Option<i64> {
    let Some(Value::Text(to)) = reference
        .option("to")
        .filter(|_| reference.make == "reference")
    else {
        return None;
    };
    let (name, key) = to.rsplit_once('.')?;
    let table = tables.iter().find(|it| it.name == name)?;
    let key = &table.column(key)?.maker;
    let has_all = table.fixed && table.rows >= entries(table, "countries").count() as u64;
    let is_each = key.option("list") == Some(&"countries".into())
        && key.option("unique") == Some(&true.into())
        && key.option("max-length").is_none()
        && key.option("case").is_none();
    match key.option("field") {
        Some(Value::Integer(field)) if is_each && has_all => Some(*field),
        _ => None,
    }
}

fn entries<'m>(
    table: &'m ModelTable,
    list: &'m str,
) -> impl Iterator<Item = Vec<&'static str>> + 'm {
    let lists = table.lists.iter().filter(move |it| it.name == list).take(1);
    lists.flat_map(|it| it.entries())
}

/// Whether the countries of all places are among the countries.
fn codes_are_known(
    tables: &[ModelTable],
    own: &ModelTable,
    place: &MakerToml,
    fields: (i64, i64),
) -> bool {
    let Some(Value::Text(list)) = place.option("list") else {
        return false;
    };
    let at = |entry: &Vec<&'static str>, field: i64| {
        let place = usize::try_from(field - 1).ok()?;
        entry.get(place).copied()
    };
    let countries = tables
        .iter()
        .find(|it| entries(it, "countries").next().is_some());
    let Some(countries) = countries else {
        return false;
    };
    let known: Vec<_> = entries(countries, "countries")
        .map(|it| at(&it, fields.0))
        .collect();
    let mut places = entries(own, list).map(|it| at(&it, fields.1)).peekable();
    places.peek().is_some() && places.all(|it| known.contains(&it))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::domain::WordList;

    fn table(name: &str, rows: u64, list: WordList, columns: &[(&str, MakerToml)]) -> ModelTable {
        ModelTable {
            rows,
            fixed: true,
            lists: vec![list],
            ..ModelTable::of_columns(name, columns)
        }
    }

    /// The maker of `country` in a table of addresses, where the countries are so many of these.
    fn country(rows: u64, countries: &'static str) -> String {
        let list = |name, text| WordList { name, text };
        let code = MakerToml::new("word")
            .with("list", "countries")
            .with("field", 2_i64)
            .with("unique", true);
        let city = MakerToml::new("word").with("list", "places");
        let country = MakerToml::new("reference")
            .with("to", "countries.code")
            .with("null", 0.1);
        let mut tables = [
            table(
                "countries",
                rows,
                list("countries", countries),
                &[("code", code)],
            ),
            table(
                "addresses",
                9,
                list("places", "Bonn | NRW | NW | 53111 | Germany | DE | DEU\n"),
                &[("city", city), ("country", country)],
            ),
        ];
        apply(&mut tables);
        crate::infer::toml::column_line(tables[1].column("country").unwrap())
    }

    #[test]
    fn a_city_s_country_is_its_own() {
        let both = "Germany | DE\nFrance | FR\n";
        let follows = "country = { make = \"field\", of = \"city\", field = 6, null = 0.1 }";
        assert_eq!(country(2, both), follows);
        let picked = "country = { make = \"reference\", to = \"countries.code\", null = 0.1 }";
        assert_eq!(country(1, both), picked);
        assert_eq!(country(1, "France | FR\n"), picked);
    }
}
