//! Formulas over all columns of a table → limits of single columns and relations between them that make them hold.
//!
//! Columns are abstract here: each has a few states, NULL among them, that the tests tell apart. All combinations of states
//! are judged; then relations are looked for that no good combination breaks, until none of the bad ones is left. Where no
//! such relations are enough, those are taken that cost the least freedom.

mod candidates;
mod rule;
mod space;
mod states;

use super::CheckedColumn;
use super::formula::{Count, Formula, Pair, PairKind, Test};
use crate::infer::domain::{Limits, Relation};
use space::Space;
use states::may_hold;

/// More combinations of states than this aren't looked at together.
const MOST_COMBINATIONS: usize = 40_000;

/// What makes formulas hold.
#[derive(Debug, Clone)]
pub struct Solution {
    /// By column: all that is known of it, what was known before included.
    pub limits: Vec<Limits>,
    /// Between columns.
    pub relations: Vec<Relation>,
}

/// Solves formulas together, each of which must hold. The error is the place of one that can't be met.
pub fn solve(formulas: &[Formula], columns: &[CheckedColumn]) -> Result<Solution, usize> {
    let mut solution = Solution {
        limits: columns.iter().map(known).collect(),
        relations: Vec::new(),
    };
    let mut open = Vec::new();
    for (place, formula) in formulas.iter().enumerate() {
        match formula {
            Formula::Test(test) => solution.apply(test).map_err(|()| place)?,
            Formula::All(parts) if parts.is_empty() => {}
            other => open.push((place, other)),
        }
    }
    for group in connected(&open) {
        solution.solve_group(&group, columns)?;
    }
    Ok(solution)
}

/// What is known of a column before any formula.
pub fn known(column: &CheckedColumn) -> Limits {
    let mut limits = states::of_type(column.data_type);
    limits.narrow(&column.limits);
    limits.not_null |= column.not_null;
    limits
}

/// A formula that isn't met yet, with its place among all.
type Placed<'f> = (usize, &'f Formula);

/// Formulas that share columns.
#[derive(Default)]
struct Group<'f> {
    columns: Vec<usize>,
    formulas: Vec<Placed<'f>>,
}

/// Formulas in groups that share columns.
fn connected<'f>(formulas: &[Placed<'f>]) -> Vec<Vec<Placed<'f>>> {
    let mut groups: Vec<Group> = Vec::new();
    for (place, formula) in formulas {
        let columns = formula.columns();
        let shares = |group: &Group| group.columns.iter().any(|it| columns.contains(it));
        let (joined, apart) = groups.into_iter().partition::<Vec<Group>, _>(shares);
        groups = apart;
        let mut group = Group::default();
        for other in joined {
            group.columns.extend(other.columns);
            group.formulas.extend(other.formulas);
        }
        group.columns.extend(columns);
        group.formulas.push((*place, *formula));
        groups.push(group);
    }
    groups.into_iter().map(|it| it.formulas).collect()
}

impl Solution {
    /// Narrows a column by a test that must hold.
    fn apply(&mut self, test: &Test) -> Result<(), ()> {
        let limits = &mut self.limits[test.column];
        match &test.limits {
            Some(more) => limits.narrow(more),
            None if test.null => limits.values = Some(Vec::new()),
            None => return Err(()),
        }
        limits.not_null |= !test.null;
        states::tidy(limits);
        match may_hold(limits) || !limits.not_null {
            true => Ok(()),
            false => Err(()),
        }
    }

    fn solve_group(
        &mut self,
        group: &[(usize, &Formula)],
        columns: &[CheckedColumn],
    ) -> Result<(), usize> {
        match group {
            [(_, Formula::Pair(pair))] => {
                self.relations.push(pair.relation(columns));
                return Ok(());
            }
            [(place, Formula::Count(count))]
                if self.apply_count(count, columns).map_err(|()| *place)? =>
            {
                return Ok(());
            }
            _ => {}
        }
        let formulas: Vec<&Formula> = group.iter().map(|(_, formula)| *formula).collect();
        if let Some(space) = Space::new(&formulas, &self.limits, columns, MOST_COMBINATIONS) {
            let found = space.rules().ok_or(group[0].0)?;
            return self.take(&space, found, columns).map_err(|()| group[0].0);
        }
        match group {
            [(place, formula)] => self.choose(*place, formula, columns),
            _ => {
                let mut one_by_one = group.to_vec();
                one_by_one.sort_by_key(|(_, formula)| formula.columns().len());
                one_by_one
                    .iter()
                    .try_for_each(|it| self.solve_group(&[*it], columns))
            }
        }
    }

    fn take(
        &mut self,
        space: &Space,
        rules: Vec<rule::Rule>,
        columns: &[CheckedColumn],
    ) -> Result<(), ()> {
        for rule in rules {
            match space.outcome(&rule, columns) {
                space::Outcome::Test(test) => self.apply(&test)?,
                space::Outcome::Relation(relation) => self.relations.push(relation),
            }
        }
        Ok(())
    }

    /// Of alternatives over too many columns, the first that can hold.
    fn choose(
        &mut self,
        place: usize,
        formula: &Formula,
        columns: &[CheckedColumn],
    ) -> Result<(), usize> {
        let alternatives = match formula {
            Formula::Any(alternatives) => alternatives.as_slice(),
            other => std::slice::from_ref(other),
        };
        for alternative in alternatives {
            let mut attempt = self.clone();
            let parts = match alternative {
                Formula::All(parts) => parts.as_slice(),
                other => std::slice::from_ref(other),
            };
            let taken = parts.iter().try_for_each(|part| match part {
                Formula::Test(test) => attempt.apply(test).map_err(|()| place),
                Formula::Any(_) if std::ptr::eq(part, formula) => Err(place),
                other => attempt.solve_group(&[(place, other)], columns),
            });
            if taken.is_ok() {
                *self = attempt;
                return Ok(());
            }
        }
        Err(place)
    }

    /// A count by itself, where it is one of the usual ones; `false` where it isn't.
    fn apply_count(&mut self, count: &Count, columns: &[CheckedColumn]) -> Result<bool, ()> {
        let is_null = |column: &usize| {
            self.limits[*column]
                .values
                .as_ref()
                .is_some_and(Vec::is_empty)
        };
        let (fixed, rest): (Vec<usize>, Vec<usize>) = count
            .columns
            .iter()
            .partition(|it| self.limits[**it].not_null);
        let rest: Vec<usize> = rest.into_iter().filter(|it| !is_null(it)).collect();
        let least = count.least.saturating_sub(fixed.len());
        let most = count
            .most
            .checked_sub(fixed.len())
            .ok_or(())?
            .min(rest.len());
        let names = || rest.iter().map(|it| columns[*it].name.to_owned()).collect();
        let all = rest.len();
        let each = |is_null: bool| {
            rest.iter().map(move |column| Test {
                column: *column,
                null: is_null,
                limits: (!is_null).then(Limits::default),
            })
        };
        match (least, most) {
            _ if least > all => return Err(()),
            (0, it) if it == all => {}
            (_, 0) => each(true).try_for_each(|test| self.apply(&test))?,
            (it, _) if it == all => each(false).try_for_each(|test| self.apply(&test))?,
            (1, 1) => self.relations.push(Relation::ExactlyOne(names())),
            (0, 1) => self.relations.push(Relation::AtMostOne(names())),
            (1, it) if it == all => self.relations.push(Relation::AtLeastOne(names())),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl Formula {
    /// The columns that it tests, each once.
    pub fn columns(&self) -> Vec<usize> {
        let mut found = Vec::new();
        self.each_column(&mut |column| {
            if !found.contains(&column) {
                found.push(column);
            }
        });
        found
    }

    fn each_column(&self, seen: &mut dyn FnMut(usize)) {
        match self {
            Formula::All(parts) | Formula::Any(parts) => {
                parts.iter().for_each(|part| part.each_column(seen));
            }
            Formula::Test(test) => seen(test.column),
            Formula::Pair(pair) => [pair.a, pair.b].into_iter().for_each(seen),
            Formula::Count(count) => count.columns.iter().copied().for_each(seen),
            Formula::Unread(_) => {}
        }
    }
}

impl Pair {
    /// As a relation between named columns.
    pub fn relation(&self, columns: &[CheckedColumn]) -> Relation {
        let name = |column: usize| columns[column].name.to_owned();
        let (a, b) = (name(self.a), name(self.b));
        match &self.kind {
            PairKind::Less { strict } => Relation::Less {
                smaller: a,
                larger: b,
                strict: *strict,
            },
            PairKind::NotEqual => Relation::NotEqual { a, b },
            PairKind::Equal => Relation::Equal { a, b },
            PairKind::AtLeastApart(gap) => Relation::AtLeastApart {
                smaller: a,
                larger: b,
                gap: gap.clone(),
            },
            PairKind::AtMostApart(gap) => Relation::AtMostApart {
                smaller: a,
                larger: b,
                gap: gap.clone(),
            },
        }
    }
}
