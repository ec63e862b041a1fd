//! Columns that are made from each other in a circle: their values would never be known.

use anyhow::{Result, bail};

use crate::dataset::document::Document;
use crate::dataset::makers::Needed;
use crate::dataset::spec::TableSpec;

/// A table's position and a column's in it.
type Place = (usize, usize);

/// Refuses columns whose values are made from themselves, however long the way; the first is named, and the others on it.
pub fn ensure_no_circle(tables: &[TableSpec], document: &Document) -> Result<()> {
    let mut search = Search {
        tables,
        state: tables
            .iter()
            .map(|table| vec![State::Unseen; table.columns.len()])
            .collect(),
        path: Vec::new(),
    };
    for table in 0..tables.len() {
        for column in 0..tables[table].columns.len() {
            if let Some(circle) = search.visit((table, column)) {
                let (table, column) = circle[0];
                let line = tables[table].columns[column].line;
                bail!(document.error(line, message(tables, &circle)));
            }
        }
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unseen,
    Open,
    Done,
}

struct Search<'a> {
    tables: &'a [TableSpec],
    state: Vec<Vec<State>>,
    path: Vec<Place>,
}

impl Search<'_> {
    /// The places of a circle that can be reached from one, the earliest in the file first.
    fn visit(&mut self, place: Place) -> Option<Vec<Place>> {
        match self.state[place.0][place.1] {
            State::Done => return None,
            State::Open => {
                let start = self.path.iter().position(|it| *it == place)?;
                let mut circle = self.path[start..].to_vec();
                let first = (0..circle.len()).min_by_key(|&it| circle[it])?;
                circle.rotate_left(first);
                return Some(circle);
            }
            State::Unseen => self.state[place.0][place.1] = State::Open,
        }
        self.path.push(place);
        for next in needed(self.tables, place) {
            if let Some(circle) = self.visit(next) {
                return Some(circle);
            }
        }
        self.path.pop();
        self.state[place.0][place.1] = State::Done;
        None
    }
}

fn needed(tables: &[TableSpec], (table, column): Place) -> Vec<Place> {
    let mut places = Vec::new();
    let spec = &tables[table].columns[column];
    let conditions = spec.conditions.columns();
    places.extend(conditions.into_iter().map(|column| (table, column)));
    spec.maker.spec().needs(&mut |needed| {
        places.push(match needed {
            Needed::Sibling(column) => (table, column),
            Needed::Foreign { table, column } => (table, column),
        });
    });
    places
}

fn message(tables: &[TableSpec], circle: &[Place]) -> String {
    let (table, column) = circle[0];
    let table = &tables[table];
    let what = format!(
        "table `{}`, column `{}`",
        table.name, table.columns[column].name
    );
    if circle.iter().all(|(other, _)| *other == circle[0].0) {
        return format!(
            "{what}: its value depends on itself (in a template, a column comes before a list of the same name)"
        );
    }
    let name = |&(table, column): &Place| {
        let table: &TableSpec = &tables[table];
        format!("{}.{}", table.name, table.columns[column].name)
    };
    let way: Vec<String> = circle.iter().chain([&circle[0]]).map(name).collect();
    format!(
        "{what}: its value depends on itself: {}; give one of them a maker of its own",
        way.join(" → ")
    )
}
