//! The order of tables: those that are referred to before those that refer to them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::source::Source;
use crate::postgres::catalog::{ForeignKey, Table};

/// Parents first, by name where nothing decides; of a circle, the first by name comes first.
pub fn parents_first<'t>(tables: &[&'t Table], foreign_keys: &[ForeignKey]) -> Vec<&'t Table> {
    let mut left: Vec<&Table> = tables.to_vec();
    left.sort_by(|a, b| a.name.name.cmp(&b.name.name));
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let is_left = |oid: u32| left.iter().any(|table| table.oid == oid);
        let waits = |table: &Table| {
            let mut keys = foreign_keys.iter().filter(|key| key.table_oid == table.oid);
            keys.any(|key| key.referenced_oid != table.oid && is_left(key.referenced_oid))
        };
        let next = left.iter().position(|table| !waits(table)).unwrap_or(0);
        ordered.push(left.remove(next));
    }
    ordered
}

/// The order that reads well: parents first, children soon after the last of their parents, tables of a circle together; by
/// name where nothing decides.
pub fn reading(source: &Source, names: &[String]) -> Vec<String> {
    let graph = Graph::new(source, names);
    let circles = graph.circles();
    let places = circles.iter().enumerate();
    let circle_of: BTreeMap<&str, usize> = places
        .flat_map(|(place, circle)| circle.iter().map(move |name| (name.as_str(), place)))
        .collect();
    let parents: Vec<BTreeSet<usize>> = circles
        .iter()
        .enumerate()
        .map(|(own, circle)| {
            let parents = circle.iter().flat_map(|it| graph.parents(it));
            let circles = parents.filter_map(|it| circle_of.get(it).copied());
            circles.filter(|it| *it != own).collect()
        })
        .collect();
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); circles.len()];
    for (circle, parents) in parents.iter().enumerate() {
        parents.iter().for_each(|it| children[*it].push(circle));
    }
    // The one whose last parent came last is next; among those the first by name.
    let key = |circle: usize, last_parent: Option<usize>| {
        (Reverse(last_parent), &circles[circle][0], circle)
    };
    let without_parents = (0..circles.len()).filter(|it| parents[*it].is_empty());
    let mut ready: BTreeSet<(Reverse<Option<usize>>, &String, usize)> =
        without_parents.map(|it| key(it, None)).collect();
    let mut missing: Vec<usize> = parents.iter().map(BTreeSet::len).collect();
    let mut order = Vec::new();
    for place in 0..circles.len() {
        let Some((_, _, next)) = ready.pop_first() else {
            break;
        };
        order.extend(circles[next].iter().cloned());
        for &child in &children[next] {
            missing[child] -= 1;
            if missing[child] == 0 {
                ready.insert(key(child, Some(place)));
            }
        }
    }
    order
}

/// Parents before children, circles in any order.
pub fn level(source: &Source, names: &[String]) -> Vec<String> {
    let graph = Graph::new(source, names);
    graph.circles().into_iter().flatten().collect()
}

/// Which tables refer to which, all by name.
struct Graph<'s> {
    parents: BTreeMap<&'s str, BTreeSet<&'s str>>,
}

impl<'s> Graph<'s> {
    fn new(source: &'s Source, names: &[String]) -> Graph<'s> {
        let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        let is_in = |name: &str| names.contains(name);
        let tables = source.tables.iter().filter(|it| is_in(&it.name));
        let parents = tables.map(|table| {
            let keys = table
                .foreign_keys
                .iter()
                .filter_map(|it| it.table.as_deref());
            let others = keys.filter(|it| *it != table.name && is_in(it));
            (table.name.as_str(), others.collect())
        });
        Graph {
            parents: parents.collect(),
        }
    }

    fn parents(&self, name: &str) -> impl Iterator<Item = &'s str> + use<'s, '_> {
        self.parents.get(name).into_iter().flatten().copied()
    }

    /// The strongly connected components, parents first, each by name (Tarjan's algorithm; its own stack, since chains of
    /// keys may be long).
    fn circles(&self) -> Vec<Vec<String>> {
        let mut search = Search::default();
        for name in self.parents.keys() {
            if !search.found.contains_key(name) {
                search.from(self, name);
            }
        }
        search.circles
    }
}

#[derive(Default)]
struct Search<'s> {
    /// The order of discovery, and the earliest that can be reached.
    found: BTreeMap<&'s str, (usize, usize)>,
    open: Vec<&'s str>,
    circles: Vec<Vec<String>>,
}

impl<'s> Search<'s> {
    fn from(&mut self, graph: &Graph<'s>, start: &'s str) {
        let mut path = vec![(start, self.enter(graph, start))];
        while let Some((name, left)) = path.last_mut() {
            let name = *name;
            match left.pop() {
                Some(parent) if !self.found.contains_key(parent) => {
                    let parents = self.enter(graph, parent);
                    path.push((parent, parents));
                }
                Some(parent) if self.open.contains(&parent) => {
                    self.reach(name, self.found[parent].0)
                }
                Some(_) => {}
                None => {
                    path.pop();
                    let (own, earliest) = self.found[name];
                    if let Some((child, _)) = path.last() {
                        self.reach(child, earliest);
                    }
                    if own == earliest {
                        self.close(name);
                    }
                }
            }
        }
    }

    fn enter(&mut self, graph: &Graph<'s>, name: &'s str) -> Vec<&'s str> {
        let number = self.found.len();
        self.found.insert(name, (number, number));
        self.open.push(name);
        let mut parents: Vec<&str> = graph.parents(name).collect();
        parents.reverse();
        parents
    }

    fn reach(&mut self, name: &'s str, number: usize) {
        if let Some((_, earliest)) = self.found.get_mut(name) {
            *earliest = number.min(*earliest);
        }
    }

    fn close(&mut self, name: &str) {
        let start = self.open.iter().position(|it| *it == name).unwrap_or(0);
        let mut circle: Vec<String> = self.open.drain(start..).map(str::to_owned).collect();
        circle.sort();
        self.circles.push(circle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::sample::{source, table};

    #[test]
    fn children_come_soon_after_their_parents_and_circles_together() {
        let source = source(vec![
            table("accounts"),
            table("addresses").key(&["a"], "accounts", &["id"]),
            table("categories"),
            table("products").key(&["c"], "categories", &["id"]),
            table("images").key(&["p"], "products", &["id"]),
            table("orders").key(&["a"], "accounts", &["id"]),
            table("order_items")
                .key(&["o"], "orders", &["id"])
                .key(&["p"], "products", &["id"]),
            table("hens").key(&["e"], "eggs", &["id"]),
            table("eggs").key(&["h"], "hens", &["id"]),
        ]);
        let names: Vec<String> = source.tables.iter().map(|it| it.name.clone()).collect();
        assert_eq!(
            reading(&source, &names).join(" "),
            "accounts addresses orders categories products images order_items eggs hens"
        );
    }
}
