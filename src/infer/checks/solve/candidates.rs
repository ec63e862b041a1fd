//! The search for rules that leave no bad combination.

use super::rule::Rule;
use super::space::{Combination, Space};

/// Rounds of taking a rule that costs freedom before one combination is fixed.
const MOST_ROUNDS: usize = 12;

impl Space {
    /// Rules that together leave only good combinations, and at least one; `None` where there is no good one.
    pub fn rules(&self) -> Option<Vec<Rule>> {
        let (mut good, all_bad) = self.judged();
        if good.is_empty() {
            return None;
        }
        let mut bad: Vec<&Combination> = all_bad.iter().collect();
        let mut rules = Vec::new();
        for round in 0.. {
            for rule in self.implied(&good) {
                let before = bad.len();
                bad.retain(|it| self.keeps(&rule, it));
                if bad.len() < before {
                    rules.push(rule);
                }
            }
            if bad.is_empty() {
                break;
            }
            let cheapest = self.cheapest(&good, &bad).filter(|_| round < MOST_ROUNDS);
            let Some(rule) = cheapest else {
                rules.extend(self.fixed(&good));
                return Some(rules);
            };
            bad.retain(|it| self.keeps(&rule, it));
            good.retain(|it| self.keeps(&rule, it));
            rules.push(rule);
        }
        Some(self.without_needless(rules, &good, &all_bad))
    }

    /// Rules without those that the others make needless, and with what a column can't be any more: a state that no good
    /// combination has would leave another column without one.
    fn without_needless(
        &self,
        mut rules: Vec<Rule>,
        good: &[Combination],
        bad: &[Combination],
    ) -> Vec<Rule> {
        let single = (0..self.columns.len()).flat_map(|it| self.single(it, good));
        let fixed: Vec<Rule> = single.collect();
        rules.retain(|it| !fixed.contains(it));
        for place in (0..rules.len()).rev() {
            let others = || {
                rules
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| *at != place)
                    .map(|(_, it)| it)
            };
            let is_met =
                |it: &Combination| others().chain(&fixed).any(|rule| !self.keeps(rule, it));
            if bad.iter().all(is_met) {
                rules.remove(place);
            }
        }
        fixed.into_iter().chain(rules).collect()
    }

    /// Rules that every good combination keeps, the plainest first.
    fn implied(&self, good: &[Combination]) -> Vec<Rule> {
        let all: Vec<usize> = (0..self.columns.len()).collect();
        let mut rules: Vec<Rule> = all.iter().flat_map(|it| self.single(*it, good)).collect();
        let ordered = || {
            let pairs = all.iter().flat_map(|a| all.iter().map(move |b| (*a, *b)));
            pairs.filter(|(a, b)| a != b)
        };
        let nullable = |place: usize| self.columns[place].nullable;
        let nullable_pairs: Vec<(usize, usize)> = ordered()
            .filter(|(a, b)| nullable(*a) && nullable(*b))
            .collect();
        for (place, by) in ordered() {
            rules.extend(self.only_if(place, by, good));
        }
        for (place, by) in ordered() {
            rules.extend(self.needed_if(place, by, good));
        }
        rules.extend(self.sets.iter().cloned().map(Rule::ExactlyOne));
        rules.extend(self.sets.iter().cloned().map(Rule::AllOrNone));
        rules.extend(
            nullable_pairs
                .iter()
                .map(|(place, by)| Rule::NullWith(*place, *by)),
        );
        rules.extend(self.sets.iter().cloned().map(Rule::AtMostOne));
        rules.extend(self.sets.iter().cloned().map(Rule::AtLeastOne));
        let once = nullable_pairs.iter().filter(|(a, b)| a < b);
        for (a, b) in once {
            rules.push(Rule::AtMostOne(vec![*a, *b]));
            rules.push(Rule::AtLeastOne(vec![*a, *b]));
        }
        rules.extend((0..self.pairs.len()).map(Rule::Pair));
        rules.retain(|rule| good.iter().all(|it| self.keeps(rule, it)));
        rules
    }

    /// What good combinations say of one column.
    fn single(&self, place: usize, good: &[Combination]) -> Vec<Rule> {
        let states = &self.columns[place];
        let seen = |state: usize| good.iter().any(|it| usize::from(it[place]) == state);
        let classes: Vec<usize> = (0..states.classes.len()).filter(|it| seen(*it)).collect();
        let mut rules = Vec::new();
        if states.nullable && !seen(states.classes.len()) {
            rules.push(Rule::NotNull(place));
        }
        // A key's values can't be chosen, but that it has none can.
        let is_free = !states.is_key || !states.nullable || !seen(states.classes.len());
        if classes.is_empty() {
            rules.push(Rule::Null(place));
        } else if classes.len() < states.classes.len() && is_free {
            rules.push(Rule::Around(place, classes));
        }
        rules
    }

    /// Whether a good combination has a column in a state (`None`: any but NULL) and another in a class.
    fn occurs(
        &self,
        good: &[Combination],
        place: usize,
        null: bool,
        by: usize,
        state: usize,
    ) -> bool {
        good.iter().any(|it| {
            usize::from(it[by]) == state && self.columns[place].is_null(it[place].into()) == null
        })
    }

    fn only_if(&self, place: usize, by: usize, good: &[Combination]) -> Option<Rule> {
        let states = &self.columns[by];
        if !self.columns[place].nullable || states.is_key {
            return None;
        }
        let fits = |state: &usize| self.occurs(good, place, false, by, *state);
        let classes: Vec<usize> = (0..states.classes.len()).filter(fits).collect();
        let listed = classes.iter().all(|it| states.listed(*it).is_some());
        let useful = !classes.is_empty() && classes.len() < states.len();
        (listed && useful).then_some(Rule::OnlyIf(place, by, classes))
    }

    fn needed_if(&self, place: usize, by: usize, good: &[Combination]) -> Option<Rule> {
        let states = &self.columns[by];
        if !self.columns[place].nullable {
            return None;
        }
        let fits = |state: &usize| {
            states.listed(*state).is_some()
                && self.occurs(good, place, false, by, *state)
                && !self.occurs(good, place, true, by, *state)
        };
        let classes: Vec<usize> = (0..states.classes.len()).filter(fits).collect();
        (!classes.is_empty()).then_some(Rule::NeededIf(place, by, classes))
    }

    /// The rule that removes most of what is bad for the least of what is good.
    fn cheapest(&self, good: &[Combination], bad: &[&Combination]) -> Option<Rule> {
        let weigh = |them: &mut dyn Iterator<Item = &Combination>, rule: &Rule| -> f64 {
            let broken = them.filter(|it| !self.keeps(rule, it));
            broken.map(|it| self.weight(it)).sum()
        };
        let total: f64 = good.iter().map(|it| self.weight(it)).sum();
        let mut best: Option<(f64, Rule)> = None;
        for rule in self.costly(good) {
            let lost = weigh(&mut good.iter(), &rule);
            let won = weigh(&mut bad.iter().copied(), &rule);
            let score = won / (lost * self.penalty(&rule, good) + 1.0);
            let keeps_some = lost < total && good.iter().any(|it| self.keeps(&rule, it));
            if won > 0.0 && keeps_some && best.as_ref().is_none_or(|(other, _)| score > *other) {
                best = Some((score, rule));
            }
        }
        best.map(|(_, rule)| rule)
    }

    /// A value that never occurs is worse than one that occurs less, and a column that is always NULL worst.
    fn penalty(&self, rule: &Rule, good: &[Combination]) -> f64 {
        let kept: Vec<&Combination> = good.iter().filter(|it| self.keeps(rule, it)).collect();
        // That two columns compare as in other rows is little to ask.
        let mut penalty = if matches!(rule, Rule::Pair(_)) {
            0.1
        } else {
            1.0
        };
        for (place, states) in self.columns.iter().enumerate() {
            let occurs =
                |state: u8, them: &[&Combination]| them.iter().any(|it| it[place] == state);
            let value = |it: &&Combination| !states.is_null(it[place].into());
            if good.iter().any(|it| value(&it)) && !kept.iter().any(value) {
                penalty += 6.0;
            }
            for state in 0..states.classes.len() {
                let worth = if states.listed(state).is_some() {
                    5.0
                } else {
                    1.0
                };
                let state = u8::try_from(state).unwrap_or(u8::MAX);
                if good.iter().any(|it| it[place] == state) && !occurs(state, &kept) {
                    penalty += worth;
                }
            }
        }
        if let Rule::Around(place, _) = rule
            && self.columns[*place].is_key
        {
            // No maker keeps a key to some of its values.
            penalty += 40.0;
        }
        if let Rule::OnlyIf(place, by, _) = rule {
            let value = |at: usize, it: &Combination| !self.columns[at].is_null(it[at].into());
            let lost =
                |it: &Combination| value(*place, it) && value(*by, it) && !self.keeps(rule, it);
            if good.iter().any(lost) {
                penalty += 8.0;
            }
        }
        penalty
    }

    /// Rules that may cost freedom.
    fn costly(&self, good: &[Combination]) -> Vec<Rule> {
        let mut rules = Vec::new();
        for (place, states) in self.columns.iter().enumerate() {
            if states.nullable {
                rules.push(Rule::NotNull(place));
                rules.push(Rule::Null(place));
            }
            if states.is_key && states.nullable {
                continue;
            }
            rules.extend((0..states.classes.len()).map(|it| Rule::Around(place, vec![it])));
            let listed = (0..states.classes.len()).filter(|it| states.listed(*it).is_some());
            rules.push(Rule::Around(place, listed.collect()));
            for facet in 0..states.facets.len() {
                for wanted in [true, false] {
                    let classes = states.classes.iter().enumerate();
                    let with = classes.filter(|(_, it)| it.holds[facet] == Some(wanted));
                    rules.push(Rule::Around(place, with.map(|(at, _)| at).collect()));
                }
            }
        }
        for set in &self.sets {
            rules.push(Rule::ExactlyOne(set.clone()));
            rules.push(Rule::AllOrNone(set.clone()));
            rules.push(Rule::AtMostOne(set.clone()));
            rules.push(Rule::AtLeastOne(set.clone()));
        }
        rules.extend((0..self.pairs.len()).map(Rule::Pair));
        let places = 0..self.columns.len();
        for (place, by) in places
            .clone()
            .flat_map(|a| places.clone().map(move |b| (a, b)))
        {
            if place == by || !self.columns[place].nullable {
                continue;
            }
            let states = &self.columns[by];
            if !states.is_key {
                let listed = (0..states.classes.len()).filter(|it| states.listed(*it).is_some());
                rules.extend(listed.map(|it| Rule::OnlyIf(place, by, vec![it])));
            }
            rules.extend(self.only_if(place, by, good));
            if states.nullable {
                rules.push(Rule::NullWith(place, by));
            }
        }
        rules.retain(|rule| !matches!(rule, Rule::Around(_, classes) if classes.is_empty()));
        rules
    }

    /// Every column in the state that it has in the freest good combination.
    fn fixed(&self, good: &[Combination]) -> Vec<Rule> {
        let freest = good
            .iter()
            .max_by(|a, b| self.weight(a).total_cmp(&self.weight(b)));
        let Some(combination) = freest else {
            return Vec::new();
        };
        let state = |(place, states): (usize, &super::states::States)| {
            let state = usize::from(combination[place]);
            match states.is_null(state) {
                true => vec![Rule::Null(place)],
                false => {
                    let mut rules = vec![Rule::Around(place, vec![state])];
                    if states.nullable {
                        rules.push(Rule::NotNull(place));
                    }
                    rules
                }
            }
        };
        let mut rules: Vec<Rule> = self.columns.iter().enumerate().flat_map(state).collect();
        let pairs = (0..self.pairs.len()).filter(|it| combination[self.columns.len() + it] == 1);
        rules.extend(pairs.map(Rule::Pair));
        rules
    }
}
