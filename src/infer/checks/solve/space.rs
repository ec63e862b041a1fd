//! All combinations of the states of some columns, judged by formulas.

use super::rule::Rule;
use super::states::States;
use crate::infer::checks::CheckedColumn;
use crate::infer::checks::formula::{Formula, Pair, Test};
use crate::infer::domain::{Limits, Relation};

/// The columns that formulas test, with their states, and the pairs that are compared.
#[derive(Debug)]
pub struct Space {
    /// The columns.
    pub columns: Vec<States>,
    /// The pairs: behind the columns, each with two states, of which the second is that it compares as it should.
    pub pairs: Vec<Pair>,
    /// Sets of columns of which it matters how many are NULL.
    pub sets: Vec<Vec<usize>>,
    formula: Node,
    combinations: usize,
}

/// A state for each column and pair.
pub type Combination = Vec<u8>;

/// What a rule means.
pub enum Outcome {
    /// For one column.
    Test(Test),
    /// Between columns.
    Relation(Relation),
}

#[derive(Debug)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    /// By the state of a column.
    Test(usize, Vec<bool>),
    /// A pair, and its columns.
    Pair(usize, usize, usize),
    Count(Vec<usize>, usize, usize),
}

impl Space {
    /// `None` where there are more combinations than that.
    pub fn new(
        formulas: &[&Formula],
        known: &[Limits],
        described: &[CheckedColumn],
        most: usize,
    ) -> Option<Space> {
        let mut places: Vec<usize> = Vec::new();
        let mut tests: Vec<&Test> = Vec::new();
        let mut pairs: Vec<Pair> = Vec::new();
        for formula in formulas {
            formula.columns().into_iter().for_each(|it| {
                if !places.contains(&it) {
                    places.push(it);
                }
            });
            leaves(formula, &mut tests, &mut pairs);
        }
        let states = |column: &usize| {
            let of = tests.iter().filter(|it| it.column == *column);
            let limits: Vec<&Limits> = of.filter_map(|it| it.limits.as_ref()).collect();
            let states = States::new(*column, &known[*column], &limits);
            match described[*column].is_key {
                true => states.of_key(),
                false => states,
            }
        };
        let columns: Vec<States> = places.iter().map(states).collect();
        let mut combinations = 1_usize;
        for count in columns
            .iter()
            .map(States::len)
            .chain(pairs.iter().map(|_| 2))
        {
            combinations = combinations.checked_mul(count).filter(|it| *it <= most)?;
        }
        let mut space = Space {
            columns,
            pairs,
            sets: Vec::new(),
            formula: Node::All(Vec::new()),
            combinations,
        };
        space.formula = Node::All(formulas.iter().map(|it| space.node(it)).collect());
        for formula in formulas {
            space.add_sets(formula);
        }
        Some(space)
    }

    fn place(&self, column: usize) -> usize {
        let found = self.columns.iter().position(|it| it.column == column);
        found.unwrap_or(usize::MAX)
    }

    fn node(&self, formula: &Formula) -> Node {
        match formula {
            Formula::All(parts) => Node::All(parts.iter().map(|it| self.node(it)).collect()),
            Formula::Any(parts) => Node::Any(parts.iter().map(|it| self.node(it)).collect()),
            Formula::Test(test) => {
                let place = self.place(test.column);
                let states = &self.columns[place];
                let holds = |state: usize| match states.is_null(state) {
                    true => test.null,
                    false => test
                        .limits
                        .as_ref()
                        .is_some_and(|it| states.meets(state, it)),
                };
                Node::Test(place, (0..states.len()).map(holds).collect())
            }
            Formula::Pair(pair) => {
                let at = self.pairs.iter().position(|it| it == pair).unwrap_or(0);
                let place = self.columns.len() + at;
                Node::Pair(place, self.place(pair.a), self.place(pair.b))
            }
            Formula::Count(count) => {
                let places = count.columns.iter().map(|it| self.place(*it)).collect();
                Node::Count(places, count.least, count.most)
            }
            Formula::Unread(_) => Node::Any(Vec::new()),
        }
    }

    /// The sets of columns that are tested for NULL together, smaller ones first.
    fn add_sets(&mut self, formula: &Formula) {
        let mut set = Vec::new();
        match formula {
            Formula::All(parts) | Formula::Any(parts) => {
                parts.iter().for_each(|part| self.add_sets(part));
                for part in parts {
                    if let Formula::Test(Test { limits, column, .. }) = part
                        && limits.as_ref().is_none_or(|it| *it == Limits::default())
                    {
                        set.push(self.place(*column));
                    }
                }
            }
            Formula::Count(count) => set = count.columns.iter().map(|it| self.place(*it)).collect(),
            Formula::Test(_) | Formula::Pair(_) | Formula::Unread(_) => {}
        }
        set.retain(|place| self.columns[*place].nullable);
        set.sort_unstable();
        set.dedup();
        if set.len() > 1 && !self.sets.contains(&set) {
            self.sets.push(set);
        }
    }

    /// The combinations that the formulas accept, and the others.
    pub fn judged(&self) -> (Vec<Combination>, Vec<Combination>) {
        let sizes: Vec<usize> = self
            .columns
            .iter()
            .map(States::len)
            .chain(self.pairs.iter().map(|_| 2))
            .collect();
        let all = (0..self.combinations).map(|mut number| {
            let digit = |size: &usize| {
                let digit = number % size;
                number /= size;
                u8::try_from(digit).unwrap_or(u8::MAX)
            };
            sizes.iter().map(digit).collect::<Combination>()
        });
        all.partition(|it| self.holds(&self.formula, it))
    }

    fn is_null(&self, combination: &[u8], place: usize) -> bool {
        self.columns[place].is_null(combination[place].into())
    }

    fn holds(&self, node: &Node, combination: &[u8]) -> bool {
        match node {
            Node::All(parts) => parts.iter().all(|it| self.holds(it, combination)),
            Node::Any(parts) => parts.iter().any(|it| self.holds(it, combination)),
            Node::Test(place, states) => states[usize::from(combination[*place])],
            Node::Pair(place, a, b) => self.pair_holds(combination, *place, *a, *b),
            Node::Count(places, least, most) => {
                let counted = places
                    .iter()
                    .filter(|it| !self.is_null(combination, **it))
                    .count();
                (*least..=*most).contains(&counted)
            }
        }
    }

    fn pair_holds(&self, combination: &[u8], place: usize, a: usize, b: usize) -> bool {
        combination[place] == 1 || self.is_null(combination, a) || self.is_null(combination, b)
    }

    /// How much freedom a combination leaves.
    pub fn weight(&self, combination: &[u8]) -> f64 {
        let states = self.columns.iter().zip(combination);
        states
            .map(|(states, state)| states.weight((*state).into()))
            .product()
    }

    /// Whether a combination keeps to a rule.
    pub fn keeps(&self, rule: &Rule, combination: &[u8]) -> bool {
        let is_null = |place: usize| self.is_null(combination, place);
        let state = |place: usize| usize::from(combination[place]);
        let count = |places: &[usize]| places.iter().filter(|it| !is_null(**it)).count();
        match rule {
            Rule::NotNull(place) => !is_null(*place),
            Rule::Null(place) => is_null(*place),
            Rule::Around(place, classes) => {
                is_null(*place) || self.columns[*place].is_around(classes, state(*place))
            }
            Rule::ExactlyOne(places) => count(places) == 1,
            Rule::AtMostOne(places) => count(places) <= 1,
            Rule::AtLeastOne(places) => count(places) >= 1,
            Rule::AllOrNone(places) => [0, places.len()].contains(&count(places)),
            Rule::NullWith(place, by) => !is_null(*by) || is_null(*place),
            Rule::OnlyIf(place, by, classes) => is_null(*place) || classes.contains(&state(*by)),
            Rule::NeededIf(place, by, classes) => {
                !is_null(*place) || !classes.contains(&state(*by))
            }
            Rule::Pair(pair) => {
                let Pair { a, b, .. } = self.pairs[*pair];
                self.pair_holds(
                    combination,
                    self.columns.len() + pair,
                    self.place(a),
                    self.place(b),
                )
            }
        }
    }

    /// A rule in terms of the table's columns.
    pub fn outcome(&self, rule: &Rule, columns: &[CheckedColumn]) -> Outcome {
        let column = |place: usize| self.columns[place].column;
        let name = |place: usize| columns[column(place)].name.to_owned();
        let names = |places: &[usize]| places.iter().map(|it| name(*it)).collect();
        let values = |place: usize, classes: &[usize]| {
            let lists = classes
                .iter()
                .filter_map(|it| self.columns[place].listed(*it));
            lists.flatten().cloned().collect::<Vec<String>>()
        };
        let test = |place: usize, null: bool, limits: Option<Limits>| {
            Outcome::Test(Test {
                column: column(place),
                null,
                limits,
            })
        };
        Outcome::Relation(match rule {
            Rule::NotNull(place) => return test(*place, false, Some(Limits::default())),
            Rule::Null(place) => return test(*place, true, None),
            Rule::Around(place, classes) => {
                return test(
                    *place,
                    true,
                    self.columns[*place]
                        .around(classes)
                        .or(Some(Limits::default())),
                );
            }
            Rule::ExactlyOne(places) => Relation::ExactlyOne(names(places)),
            Rule::AtMostOne(places) => Relation::AtMostOne(names(places)),
            Rule::AtLeastOne(places) => Relation::AtLeastOne(names(places)),
            Rule::AllOrNone(places) => Relation::AllOrNone(names(places)),
            Rule::NullWith(place, by) => Relation::NullWith {
                column: name(*place),
                by: name(*by),
            },
            Rule::OnlyIf(place, by, classes) => Relation::OnlyIf {
                column: name(*place),
                by: name(*by),
                values: values(*by, classes),
            },
            Rule::NeededIf(place, by, classes) => Relation::NeededIf {
                column: name(*place),
                by: name(*by),
                values: values(*by, classes),
            },
            Rule::Pair(pair) => self.pairs[*pair].relation(columns),
        })
    }
}

fn leaves<'f>(formula: &'f Formula, tests: &mut Vec<&'f Test>, pairs: &mut Vec<Pair>) {
    match formula {
        Formula::All(parts) | Formula::Any(parts) => {
            parts.iter().for_each(|part| leaves(part, tests, pairs));
        }
        Formula::Test(test) => tests.push(test),
        Formula::Pair(pair) if !pairs.contains(pair) => pairs.push(pair.clone()),
        Formula::Pair(_) | Formula::Count(_) | Formula::Unread(_) => {}
    }
}
