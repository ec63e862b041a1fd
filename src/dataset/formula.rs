//! Sums and products of a row's numbers: `quantity * unit_price - discount`.
//!
//! Exact, as Postgres computes `numeric`: a CHECK that two columns add up to a third holds to the last digit.

use crate::dataset::spec::Kind;

/// The most decimals that a value in between may have.
const MOST_DECIMALS: u32 = 18;

/// A number with decimals: `units` of the last of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// Units of the last decimal.
    pub units: i128,
    /// How many decimals.
    pub decimals: u32,
}

/// A formula over columns, by their positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Formula {
    /// A constant.
    Constant(Amount),
    /// The value of a column.
    Column(usize),
    /// Of two others.
    Both(Box<Formula>, Operator, Box<Formula>),
}

/// What is done with two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Times,
}

impl Amount {
    /// What a column of a kind holds.
    pub fn of(kind: Kind, number: i64) -> Amount {
        Amount {
            units: i128::from(number),
            decimals: decimals(kind).unwrap_or(0),
        }
    }

    /// In units of the last of so many decimals; halves are rounded away from zero.
    pub fn rounded(self, decimals: u32) -> i128 {
        match decimals.checked_sub(self.decimals) {
            Some(more) => self.units.saturating_mul(10_i128.pow(more)),
            None => {
                let unit = 10_i128.pow(self.decimals - decimals);
                let half = unit / 2 * self.units.signum();
                self.units.saturating_add(half) / unit
            }
        }
    }
}

/// How many decimals the numbers of a kind have; `None` for those that aren't numbers to count with.
pub fn decimals(kind: Kind) -> Option<u32> {
    match kind {
        Kind::Integer | Kind::Boolean => Some(0),
        Kind::Cents => Some(2),
        Kind::Decimal(scale) => Some(scale.into()),
        _ => None,
    }
}

impl Operator {
    fn apply(self, a: Amount, b: Amount) -> Amount {
        if self == Operator::Times {
            return Amount {
                units: a.units.saturating_mul(b.units),
                decimals: a.decimals + b.decimals,
            };
        }
        let decimals = a.decimals.max(b.decimals);
        let (a, b) = (a.rounded(decimals), b.rounded(decimals));
        let units = match self {
            Operator::Minus => a.saturating_sub(b),
            _ => a.saturating_add(b),
        };
        Amount { units, decimals }
    }
}

impl Formula {
    /// Reads a formula; `position` knows the columns by their names.
    pub fn parse(
        text: &str,
        position: &dyn Fn(&str) -> Result<usize, String>,
    ) -> Result<Formula, String> {
        let tokens = tokens(text)?;
        let mut parser = Parser {
            tokens: &tokens,
            position,
        };
        let formula = parser.sum()?;
        match parser.tokens.first() {
            None => Ok(formula),
            Some(token) => Err(format!("`{token}` isn't expected there")),
        }
    }

    /// The columns that it names, some more than once.
    pub fn columns(&self) -> Vec<usize> {
        match self {
            Formula::Constant(_) => Vec::new(),
            Formula::Column(column) => vec![*column],
            Formula::Both(a, _, b) => [a.columns(), b.columns()].concat(),
        }
    }

    /// With other positions.
    pub fn with_columns(&self, position: &mut dyn FnMut(usize) -> usize) -> Formula {
        match self {
            Formula::Constant(amount) => Formula::Constant(*amount),
            Formula::Column(column) => Formula::Column(position(*column)),
            Formula::Both(a, operator, b) => {
                let (a, b) = (a.with_columns(position), b.with_columns(position));
                Formula::Both(Box::new(a), *operator, Box::new(b))
            }
        }
    }

    /// Its value, by those of the columns.
    pub fn value(&self, of: &mut dyn FnMut(usize) -> Amount) -> Amount {
        match self {
            Formula::Constant(amount) => *amount,
            Formula::Column(column) => of(*column),
            Formula::Both(a, operator, b) => operator.apply(a.value(of), b.value(of)),
        }
    }

    /// The least and greatest value, by those of the columns, as if these were independent.
    pub fn bounds(&self, of: &dyn Fn(usize) -> (Amount, Amount)) -> (Amount, Amount) {
        match self {
            Formula::Constant(amount) => (*amount, *amount),
            Formula::Column(column) => of(*column),
            Formula::Both(a, operator, b) => {
                let ((a, b), (c, d)) = (a.bounds(of), b.bounds(of));
                let ends = [(a, c), (a, d), (b, c), (b, d)].map(|(x, y)| operator.apply(x, y));
                let key = |it: &Amount| it.units;
                let least = ends.iter().copied().min_by_key(key).unwrap_or(a);
                let greatest = ends.iter().copied().max_by_key(key).unwrap_or(b);
                (least, greatest)
            }
        }
    }

    /// The most decimals of its value and of those in between.
    pub fn decimals(&self, of: &dyn Fn(usize) -> u32) -> u32 {
        match self {
            Formula::Constant(amount) => amount.decimals,
            Formula::Column(column) => of(*column),
            Formula::Both(a, Operator::Times, b) => a.decimals(of) + b.decimals(of),
            Formula::Both(a, _, b) => a.decimals(of).max(b.decimals(of)),
        }
    }

    /// Refuses what can't be computed exactly.
    pub fn ensure_exact(&self, of: &dyn Fn(usize) -> u32) -> Result<(), String> {
        match self.decimals(of) {
            0..=MOST_DECIMALS => Ok(()),
            more => Err(format!(
                "values in between have {more} decimals; {MOST_DECIMALS} are possible"
            )),
        }
    }
}

/// Names, numbers, and signs of one character.
fn tokens(text: &str) -> Result<Vec<&str>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
        let length = match first {
            '+' | '-' | '*' | '(' | ')' => 1,
            '"' => rest[1..].find('"').map_or(rest.len(), |end| end + 2),
            _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            other => return Err(format!("`{other}` isn't one of + - * ( )")),
        };
        let (token, others) = rest.split_at(length);
        tokens.push(token);
        rest = others.trim_start();
    }
    Ok(tokens)
}

struct Parser<'a> {
    tokens: &'a [&'a str],
    position: &'a dyn Fn(&str) -> Result<usize, String>,
}

impl Parser<'_> {
    fn take(&mut self, signs: &[&str]) -> Option<String> {
        let (first, rest) = self.tokens.split_first()?;
        signs.contains(first).then(|| {
            self.tokens = rest;
            (*first).to_owned()
        })
    }

    fn sum(&mut self) -> Result<Formula, String> {
        let mut sum = self.product()?;
        while let Some(sign) = self.take(&["+", "-"]) {
            let operator = match sign.as_str() {
                "+" => Operator::Plus,
                _ => Operator::Minus,
            };
            sum = Formula::Both(Box::new(sum), operator, Box::new(self.product()?));
        }
        Ok(sum)
    }

    fn product(&mut self) -> Result<Formula, String> {
        let mut product = self.factor()?;
        while self.take(&["*"]).is_some() {
            let factor = Box::new(self.factor()?);
            product = Formula::Both(Box::new(product), Operator::Times, factor);
        }
        Ok(product)
    }

    fn factor(&mut self) -> Result<Formula, String> {
        if self.take(&["("]).is_some() {
            let inner = self.sum()?;
            return match self.take(&[")"]) {
                Some(_) => Ok(inner),
                None => Err("a `)` is missing".to_owned()),
            };
        }
        let Some((first, rest)) = self.tokens.split_first() else {
            return Err("it ends where a column or a number is expected".to_owned());
        };
        self.tokens = rest;
        if first.starts_with(|c: char| c.is_ascii_digit()) {
            return constant(first);
        }
        match first.starts_with(['+', '-', '*', ')']) {
            true => Err(format!(
                "`{first}` is where a column or a number is expected"
            )),
            false => (self.position)(first.trim_matches('"')).map(Formula::Column),
        }
    }
}

fn constant(text: &str) -> Result<Formula, String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let decimals = u32::try_from(fraction.len()).unwrap_or(u32::MAX);
    let units = format!("{whole}{fraction}").parse::<i64>().ok();
    match units.filter(|_| decimals <= MOST_DECIMALS) {
        Some(units) => Ok(Formula::Constant(Amount {
            units: units.into(),
            decimals,
        })),
        None => Err(format!("`{text}` is not a number such as 1 or 0.19")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[(&str, i128, u32)] =
        &[("quantity", 3, 0), ("price", 1_999, 2), ("net price", 5, 1)];

    fn parsed(text: &str) -> Result<Formula, String> {
        Formula::parse(text, &|name| {
            let known = COLUMNS.iter().position(|(it, ..)| *it == name);
            known.ok_or_else(|| format!("no `{name}`"))
        })
    }

    fn value(text: &str, decimals: u32) -> i128 {
        let of = |column: usize| Amount {
            units: COLUMNS[column].1,
            decimals: COLUMNS[column].2,
        };
        parsed(text).unwrap().value(&mut { of }).rounded(decimals)
    }

    #[test]
    fn values_are_exact_and_rounded_as_numeric_is() {
        for (text, decimals, expected) in [
            ("quantity * price", 2, 5_997),
            ("price + price * 0.19", 2, 2_379),
            ("price * 0.5", 2, 1_000),
            ("0 - price * 0.5", 2, -1_000),
            ("(quantity + 2) * price - quantity", 2, 9_695),
            ("quantity - 1 - 1", 0, 1),
            ("\"net price\" + 1", 2, 150),
        ] {
            assert_eq!(value(text, decimals), expected, "{text}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, message) in [
            ("quantity * cost", "no `cost`"),
            ("quantity / 2", "`/` isn't one of + - * ( )"),
            (
                "quantity *",
                "it ends where a column or a number is expected",
            ),
            (
                "* quantity",
                "`*` is where a column or a number is expected",
            ),
            ("(quantity", "a `)` is missing"),
            ("quantity quantity", "`quantity` isn't expected there"),
            ("1.2.3", "`1.2.3` is not a number such as 1 or 0.19"),
        ] {
            assert_eq!(parsed(text), Err(message.to_owned()), "{text}");
        }
    }

    #[test]
    fn bounds_cover_every_value() {
        let of = |column: usize| {
            let ends = [(1, 20, 0), (100, 200_000, 2), (0, 9, 1)][column];
            let at = |units| Amount {
                units,
                decimals: ends.2,
            };
            (at(ends.0), at(ends.1))
        };
        let (least, greatest) = parsed("quantity * price - price").unwrap().bounds(&of);
        assert_eq!(
            (least.rounded(2), greatest.rounded(2)),
            (-199_900, 3_999_900)
        );
    }
}
