//! Which of a constraint's columns are always NULL and which never: what is tried before other values are, since the
//! makers stay as they are then.

use super::pool::{MOST_ROWS, Row};

/// A choice for each of a constraint's columns.
pub type Choice = Vec<Nulls>;

/// How often a column is NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    /// As its maker has it.
    AsMade,
    /// Never, though its maker would have it NULL at times.
    Never,
    /// Always.
    Always,
}

/// What may be chosen for a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum May {
    /// Nothing.
    Stay,
    /// That it is never NULL.
    BeNeverNull,
    /// That, or that it always is.
    BeNull,
}

/// More choices than that aren't looked at.
const MOST_CHOICES: usize = 200;

/// The choices for columns, those first that change least.
pub fn choices(rows: &[Row], may: &[May]) -> Vec<Choice> {
    let of_column = |(place, may): (usize, &May)| {
        let mut nulls = vec![Nulls::AsMade];
        if *may != May::Stay && rows.iter().any(|row| row[place].is_none()) {
            nulls.push(Nulls::Never);
        }
        if *may == May::BeNull {
            nulls.push(Nulls::Always);
        }
        nulls
    };
    let mut choices: Vec<Choice> = vec![Vec::new()];
    for nulls in may.iter().enumerate().map(of_column) {
        let with = |choice: &Choice| {
            let choice = choice.clone();
            nulls
                .clone()
                .into_iter()
                .map(move |it| [choice.clone(), vec![it]].concat())
        };
        choices = choices.iter().flat_map(with).collect();
        choices.sort_by_key(cost);
        choices.truncate(MOST_CHOICES);
    }
    choices.retain(|it| cost(it) > 0);
    choices
}

/// A column that has no value any more costs more than one that always has one.
fn cost(choice: &Choice) -> usize {
    let of = |it: &Nulls| match it {
        Nulls::AsMade => 0,
        Nulls::Never => 1,
        Nulls::Always => 3,
    };
    choice.iter().map(of).sum()
}

/// The rows as a choice leaves them, at most so many.
pub fn rows(made: &[Row], choice: &[Nulls], most: usize) -> Vec<Row> {
    let is_left = |row: &&Row| {
        let mut pairs = row.iter().zip(choice);
        pairs.all(|(value, nulls)| *nulls != Nulls::Never || value.is_some())
    };
    let changed = |row: &Row| -> Row {
        let pairs = row.iter().zip(choice);
        pairs
            .map(|(value, nulls)| value.clone().filter(|_| *nulls != Nulls::Always))
            .collect()
    };
    made.iter()
        .filter(is_left)
        .map(changed)
        .take(most)
        .collect()
}

/// How many rows of each choice are judged, so that all choices together aren't too many.
pub fn rows_each(choices: usize) -> usize {
    MOST_ROWS / choices.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(texts: [&str; 2]) -> Row {
        let value = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        texts.map(value).to_vec()
    }

    #[test]
    fn the_choices_that_change_least_come_first() {
        use Nulls::{Always, AsMade, Never};
        let made = [row(["a", "x"]), row(["", "y"])];
        let found = choices(&made, &[May::BeNull; 2]);
        assert_eq!(
            found,
            [
                [Never, AsMade],
                [AsMade, Always],
                [Always, AsMade],
                [Never, Always],
                [Always, Always],
            ]
        );
        let never = choices(&made, &[May::BeNeverNull; 2]);
        assert_eq!(never, [[Never, AsMade]]);
        assert!(choices(&made, &[May::Stay; 2]).is_empty());
    }

    #[test]
    fn rows_of_a_choice_are_without_those_that_it_rules_out() {
        let made = [row(["a", "x"]), row(["", "y"]), row(["b", "z"])];
        let found = rows(&made, &[Nulls::Never, Nulls::Always], 9);
        assert_eq!(found, [row(["a", ""]), row(["b", ""])]);
        assert_eq!(rows(&made, &[Nulls::AsMade, Nulls::AsMade], 2).len(), 2);
    }

    #[test]
    fn choices_for_many_columns_are_bounded() {
        let made: Vec<Row> = (0..2)
            .map(|it| vec![(it == 0).then(String::new); 12])
            .collect();
        let found = choices(&made, &[May::BeNull; 12]);
        assert!(found.len() <= MOST_CHOICES && found.len() > 100);
        assert!(rows_each(found.len()) >= 50);
    }
}
