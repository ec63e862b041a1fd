//! The states of one column that tests tell apart: NULL, and classes of values.

use crate::copy::{DataType, Scalar, TypeKind};
use crate::infer::domain::{Bound, JsonKind, Limits, compare};

/// A column's values are told apart by this many properties at most; more are read as never held.
const MOST_CLASSES: usize = 24;

/// The states of a column.
#[derive(Debug, Clone)]
pub struct States {
    /// The column.
    pub column: usize,
    /// Whether NULL is the last state.
    pub nullable: bool,
    /// The classes of values, the states before it.
    pub classes: Vec<Class>,
    /// What tells them apart, one property each.
    pub facets: Vec<Limits>,
    /// Whether a foreign key gives its values, so that none of the classes can be chosen.
    pub is_key: bool,
}

/// Values that all tests treat alike.
#[derive(Debug, Clone)]
pub struct Class {
    /// What they are.
    pub limits: Limits,
    /// Whether they have each facet; `None`: some have, some don't.
    pub holds: Vec<Option<bool>>,
}

impl States {
    /// Splits what is known of a column by the limits that tests name.
    pub fn new(column: usize, known: &Limits, tests: &[&Limits]) -> States {
        let mut facets: Vec<Limits> = Vec::new();
        for limits in tests {
            for facet in facets_of(limits) {
                if !facets.contains(&facet) {
                    facets.push(facet);
                }
            }
        }
        let mut classes = vec![Class {
            limits: Limits {
                not_null: false,
                ..known.clone()
            },
            holds: Vec::new(),
        }];
        classes.retain(|it| may_hold(&it.limits));
        for facet in &facets {
            classes = classes.iter().flat_map(|it| it.split(facet)).collect();
            if classes.len() > MOST_CLASSES {
                classes.truncate(MOST_CLASSES);
            }
        }
        States {
            column,
            nullable: !known.not_null,
            classes,
            facets,
            is_key: false,
        }
    }

    /// The states of a column that a foreign key gives its values: keys count from 1, and no text is empty.
    pub fn of_key(mut self) -> States {
        let is_always_met = |facet: &Limits| {
            let least = facet.min.as_ref();
            let first = |it: &Bound| Some(it.value.parse::<i64>().ok()? + i64::from(!it.inclusive));
            least.and_then(first).is_some_and(|it| it <= 1) || facet.not_empty
        };
        let met: Vec<usize> = (0..self.facets.len())
            .filter(|it| is_always_met(&self.facets[*it]))
            .collect();
        let is_usual = |class: &Class| met.iter().all(|it| class.holds[*it] != Some(false));
        if self.classes.iter().any(is_usual) {
            self.classes.retain(is_usual);
        }
        self.is_key = true;
        self
    }

    /// How many states there are.
    pub fn len(&self) -> usize {
        self.classes.len() + usize::from(self.nullable)
    }

    /// Whether a state is NULL.
    pub fn is_null(&self, state: usize) -> bool {
        state >= self.classes.len()
    }

    /// Whether all values of a state are within limits that the column was split by.
    pub fn meets(&self, state: usize, limits: &Limits) -> bool {
        let Some(class) = self.classes.get(state) else {
            return false;
        };
        let has = |facet: &Limits| {
            let place = self.facets.iter().position(|it| it == facet);
            place.is_some_and(|place| class.holds[place] == Some(true))
        };
        facets_of(limits).iter().all(has)
    }

    /// The values of a class that has a few.
    pub fn listed(&self, state: usize) -> Option<&[String]> {
        self.classes.get(state)?.limits.values.as_deref()
    }

    /// How much freedom a state leaves.
    pub fn weight(&self, state: usize) -> f64 {
        match self.classes.get(state) {
            // A kind that isn't known is rarely meant.
            None if self.classes.iter().all(|it| it.limits.values.is_some()) => 0.5,
            None => 3.0,
            Some(_) => match self.listed(state) {
                #[expect(clippy::cast_precision_loss, reason = "a list's length")]
                Some(values) => values.len().min(10) as f64,
                None => 12.0,
            },
        }
    }

    /// Limits that hold all of some classes, and as little else as they can; `None` where they would hold everything.
    pub fn around(&self, classes: &[usize]) -> Option<Limits> {
        let (first, rest) = classes.split_first()?;
        if rest.is_empty() {
            return Some(self.classes[*first].limits.clone());
        }
        let lists: Option<Vec<&[String]>> = classes.iter().map(|it| self.listed(*it)).collect();
        if let Some(lists) = lists {
            return Some(Limits::of_values(lists.concat()));
        }
        let mut around = Limits::default();
        for (place, facet) in self.facets.iter().enumerate() {
            let mut answers = classes.iter().map(|it| self.classes[*it].holds[place]);
            let first = answers.next()?;
            if !answers.all(|it| it == first) {
                continue;
            }
            match first {
                Some(true) => around.narrow(facet),
                Some(false) => {
                    if let Some(other) = complement(facet) {
                        around.narrow(&other);
                    }
                }
                None => {}
            }
        }
        (around != Limits::default()).then_some(around)
    }

    /// Whether limits that came from [`States::around`] hold a state.
    pub fn is_around(&self, classes: &[usize], state: usize) -> bool {
        if classes.contains(&state) {
            return true;
        }
        if classes.len() < 2 || classes.iter().all(|it| self.listed(*it).is_some()) {
            return false;
        }
        (0..self.facets.len()).all(|place| {
            let first = self.classes[classes[0]].holds[place];
            let common = first.is_some()
                && classes
                    .iter()
                    .all(|it| self.classes[*it].holds[place] == first);
            !common
                || self
                    .classes
                    .get(state)
                    .is_some_and(|it| it.holds[place] == first)
        })
    }
}

impl Class {
    /// The values with a property and those without it; those of which it isn't known where it can't be told.
    fn split(&self, facet: &Limits) -> Vec<Class> {
        let with = |more: &Limits, holds: Option<bool>| {
            let mut class = self.clone();
            class.limits.narrow(more);
            tidy(&mut class.limits);
            class.holds.push(holds);
            may_hold(&class.limits).then_some(class)
        };
        let without = match complement(facet) {
            Some(other) => with(&other, Some(false)),
            None => with(&Limits::default(), None),
        };
        with(facet, Some(true)).into_iter().chain(without).collect()
    }
}

/// What a type allows by itself.
pub fn of_type(data_type: &DataType) -> Limits {
    match &data_type.base().kind {
        TypeKind::Enum(labels) => Limits::of_values(labels.iter().cloned()),
        TypeKind::Scalar(Scalar::Bool) => Limits::of_values(["true", "false"]),
        _ => Limits::default(),
    }
}

/// Removes values that the other limits refuse.
pub fn tidy(limits: &mut Limits) {
    let Some(values) = limits.values.take() else {
        return;
    };
    let length_fits = |it: &String| {
        let length = u32::try_from(it.chars().count()).unwrap_or(u32::MAX);
        // The text of an array or of bytes is longer than what is counted.
        it.starts_with(['{', '\\', '['])
            || (limits.min_length.is_none_or(|least| length >= least)
                && limits.max_length.is_none_or(|most| length <= most))
    };
    let fits = |it: &String| limits.is_within(it) && length_fits(it);
    let values: Vec<String> = values.into_iter().filter(fits).collect();
    limits.values = Some(values);
    limits.excluded.clear();
}

/// Whether limits allow any value, as far as can be told.
pub fn may_hold(limits: &Limits) -> bool {
    if limits.values.as_ref().is_some_and(Vec::is_empty) {
        return false;
    }
    let crossed = match (&limits.min, &limits.max) {
        (Some(min), Some(max)) => match compare(&min.value, &max.value) {
            std::cmp::Ordering::Equal => {
                !min.inclusive || !max.inclusive || limits.excluded.contains(&min.value)
            }
            order => order.is_gt(),
        },
        _ => false,
    };
    let lengths = match (limits.min_length, limits.max_length) {
        (Some(least), Some(most)) => least <= most,
        (None, Some(0)) => !limits.not_empty,
        _ => true,
    };
    !crossed && lengths
}

/// Limits as single properties.
fn facets_of(limits: &Limits) -> Vec<Limits> {
    let mut facets = Vec::new();
    let mut add = |set: &dyn Fn(&mut Limits)| {
        let mut facet = Limits::default();
        set(&mut facet);
        if facet != Limits::default() {
            facets.push(facet);
        }
    };
    add(&|it| it.values.clone_from(&limits.values));
    add(&|it| it.min.clone_from(&limits.min));
    add(&|it| it.max.clone_from(&limits.max));
    add(&|it| it.min_length = limits.min_length);
    add(&|it| it.max_length = limits.max_length);
    for pattern in &limits.patterns {
        add(&|it| it.patterns = vec![pattern.clone()]);
    }
    add(&|it| it.case = limits.case);
    add(&|it| it.trimmed = limits.trimmed);
    add(&|it| it.not_empty = limits.not_empty);
    add(&|it| it.json_kinds.clone_from(&limits.json_kinds));
    for value in &limits.excluded {
        add(&|it| it.excluded = vec![value.clone()]);
    }
    add(&|it| it.scale = limits.scale);
    for key in &limits.json_keys {
        add(&|it| it.json_keys = vec![key.clone()]);
    }
    facets
}

/// The values without a property, where limits can say so.
fn complement(facet: &Limits) -> Option<Limits> {
    let none = Limits::default();
    let flipped = |bound: &Bound| Bound {
        value: bound.value.clone(),
        inclusive: !bound.inclusive,
    };
    if let Some(values) = &facet.values {
        return Some(Limits {
            excluded: values.clone(),
            ..none
        });
    }
    if let Some(bound) = &facet.min {
        return Some(Limits::below(flipped(bound)));
    }
    if let Some(bound) = &facet.max {
        return Some(Limits::above(flipped(bound)));
    }
    if let Some(least) = facet.min_length {
        return Some(Limits {
            max_length: Some(least.checked_sub(1)?),
            ..none
        });
    }
    if let Some(most) = facet.max_length {
        return Some(Limits {
            min_length: Some(most + 1),
            ..none
        });
    }
    if let [value] = facet.excluded.as_slice() {
        return Some(Limits::of_values([value.clone()]));
    }
    if facet.not_empty {
        return Some(Limits::of_values([""]));
    }
    if !facet.json_kinds.is_empty() {
        let all = [
            JsonKind::Object,
            JsonKind::Array,
            JsonKind::String,
            JsonKind::Number,
            JsonKind::Boolean,
            JsonKind::Null,
        ];
        let others = all.into_iter().filter(|it| !facet.json_kinds.contains(it));
        return Some(Limits {
            json_kinds: others.collect(),
            ..none
        });
    }
    None
}
