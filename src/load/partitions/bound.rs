//! The bound of a partition, as `pg_get_expr(relpartbound)` writes it: the catalog has it in no other readable form.

use std::iter::Peekable;
use std::str::Chars;

use anyhow::{Context, Result, bail, ensure};

/// Which rows a partition takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound<T> {
    /// Those that no other partition takes.
    Default,
    /// Those whose key's hash leaves this remainder.
    Hash {
        /// What the hash is divided by.
        modulus: usize,
        /// What is left.
        remainder: usize,
    },
    /// Those whose key is one of these; `None` is NULL.
    List(Vec<Option<T>>),
    /// Those whose key is at least `from` and below `to`.
    Range {
        /// The lower bound, a value for each column of the key.
        from: Vec<Limit<T>>,
        /// The upper bound.
        to: Vec<Limit<T>>,
    },
}

/// One column of a range's bound, in their order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit<T> {
    /// MINVALUE: below all values.
    Min,
    /// A value.
    Value(T),
    /// MAXVALUE: above all values.
    Max,
}

impl Bound<String> {
    /// Reads `FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')` and its like.
    pub fn parse(text: &str) -> Result<Bound<String>> {
        let mut words = Words(text.chars().peekable());
        let bound = words
            .bound()
            .with_context(|| format!("could not read the partition bound {text}"))?;
        ensure!(
            words.next().is_none(),
            "could not read the end of the partition bound {text}"
        );
        Ok(bound)
    }
}

impl<T> Bound<T> {
    /// The same with other values; `value` gets each with its position in the key, and the first failure is returned.
    pub fn try_map<U, E>(
        self,
        mut value: impl FnMut(usize, T) -> Result<U, E>,
    ) -> Result<Bound<U>, E> {
        Ok(match self {
            Bound::Default => Bound::Default,
            Bound::Hash { modulus, remainder } => Bound::Hash { modulus, remainder },
            Bound::List(list) => {
                let one = |it: Option<T>| it.map(|it| value(0, it)).transpose();
                Bound::List(list.into_iter().map(one).collect::<Result<_, E>>()?)
            }
            Bound::Range { from, to } => Bound::Range {
                from: try_map_limits(from, &mut value)?,
                to: try_map_limits(to, &mut value)?,
            },
        })
    }
}

fn try_map_limits<T, U, E>(
    limits: Vec<Limit<T>>,
    value: &mut impl FnMut(usize, T) -> Result<U, E>,
) -> Result<Vec<Limit<U>>, E> {
    let limits = limits.into_iter().enumerate();
    let one = |(position, limit)| {
        Ok(match limit {
            Limit::Min => Limit::Min,
            Limit::Max => Limit::Max,
            Limit::Value(it) => Limit::Value(value(position, it)?),
        })
    };
    limits.map(one).collect()
}

/// A word of a bound.
#[derive(Debug, PartialEq, Eq)]
enum Word {
    /// A keyword or a bare number.
    Bare(String),
    /// A quoted literal.
    Quoted(String),
    /// A parenthesis or a comma.
    Mark(char),
}

/// The words of a bound.
struct Words<'a>(Peekable<Chars<'a>>);

impl Words<'_> {
    fn bound(&mut self) -> Result<Bound<String>> {
        match self.bare()?.as_str() {
            "DEFAULT" => return Ok(Bound::Default),
            "FOR" => self.expect("VALUES")?,
            other => bail!("it begins with {other}"),
        }
        match self.bare()?.as_str() {
            "IN" => {
                let value = |word| match word {
                    Word::Bare(word) if word == "NULL" => None,
                    Word::Bare(word) | Word::Quoted(word) => Some(word),
                    Word::Mark(mark) => Some(mark.to_string()),
                };
                Ok(Bound::List(self.list()?.into_iter().map(value).collect()))
            }
            "FROM" => {
                let from = self.limits()?;
                self.expect("TO")?;
                let to = self.limits()?;
                Ok(Bound::Range { from, to })
            }
            "WITH" => self.hash(),
            other => bail!("it is of an unknown kind, {other}"),
        }
    }

    /// `(modulus 4, remainder 0)`.
    fn hash(&mut self) -> Result<Bound<String>> {
        self.mark('(')?;
        self.expect("modulus")?;
        let modulus = self.bare()?.parse()?;
        self.mark(',')?;
        self.expect("remainder")?;
        let remainder = self.bare()?.parse()?;
        self.mark(')')?;
        Ok(Bound::Hash { modulus, remainder })
    }

    fn limits(&mut self) -> Result<Vec<Limit<String>>> {
        let limit = |word| match word {
            Word::Bare(word) if word == "MINVALUE" => Limit::Min,
            Word::Bare(word) if word == "MAXVALUE" => Limit::Max,
            Word::Bare(word) | Word::Quoted(word) => Limit::Value(word),
            Word::Mark(mark) => Limit::Value(mark.to_string()),
        };
        Ok(self.list()?.into_iter().map(limit).collect())
    }

    /// Words in parentheses, with commas between.
    fn list(&mut self) -> Result<Vec<Word>> {
        self.mark('(')?;
        let mut list = Vec::new();
        loop {
            list.push(self.next().context("it ends within a list")?);
            match self.next() {
                Some(Word::Mark(',')) => {}
                Some(Word::Mark(')')) => return Ok(list),
                other => bail!("a list goes on with {other:?}"),
            }
        }
    }

    fn expect(&mut self, keyword: &str) -> Result<()> {
        let word = self.bare()?;
        ensure!(word == keyword, "it has {word} in place of {keyword}");
        Ok(())
    }

    fn bare(&mut self) -> Result<String> {
        match self.next() {
            Some(Word::Bare(word)) => Ok(word),
            other => bail!("it has {other:?} in place of a keyword"),
        }
    }

    fn mark(&mut self, mark: char) -> Result<()> {
        let word = self.next();
        ensure!(
            word == Some(Word::Mark(mark)),
            "it has {word:?} in place of {mark}"
        );
        Ok(())
    }

    /// The text of a quoted literal, its first quote being read.
    fn quoted(&mut self) -> Option<Word> {
        let mut text = String::new();
        loop {
            match self.0.next()? {
                '\'' if self.0.next_if_eq(&'\'').is_none() => return Some(Word::Quoted(text)),
                other => text.push(other),
            }
        }
    }

    fn next(&mut self) -> Option<Word> {
        while self.0.next_if_eq(&' ').is_some() {}
        match self.0.next()? {
            '\'' => self.quoted(),
            mark @ ('(' | ')' | ',') => Some(Word::Mark(mark)),
            first => {
                let mut word = String::from(first);
                while let Some(more) = self.0.next_if(|it| !matches!(it, ' ' | '(' | ')' | ',')) {
                    word.push(more);
                }
                Some(Word::Bare(word))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read_as_postgres_writes_them() {
        let texts = |texts: &[&str]| -> Vec<Option<String>> {
            texts.iter().map(|text| Some((*text).to_owned())).collect()
        };
        let value = |text: &str| Limit::Value(text.to_owned());
        let mut list = texts(&["it's", "a, (b)", "-1", "true"]);
        list.push(None);
        for (text, bound) in [
            ("DEFAULT", Bound::Default),
            (
                "FOR VALUES WITH (modulus 8, remainder 3)",
                Bound::Hash {
                    modulus: 8,
                    remainder: 3,
                },
            ),
            (
                "FOR VALUES IN ('it''s', 'a, (b)', '-1', true, NULL)",
                Bound::List(list),
            ),
            (
                "FOR VALUES FROM ('2024-01-01 00:00:00+00', MINVALUE) TO (7, MAXVALUE)",
                Bound::Range {
                    from: vec![value("2024-01-01 00:00:00+00"), Limit::Min],
                    to: vec![value("7"), Limit::Max],
                },
            ),
        ] {
            assert_eq!(Bound::parse(text).unwrap(), bound, "{text}");
        }
    }

    #[test]
    fn another_text_is_an_error() {
        for text in [
            "",
            "FOR VALUES",
            "FOR VALUES IN (1",
            "FOR VALUES IN (1) x",
            "FOR VALUES IN ('a",
            "FOR VALUES FROM (1)",
            "FOR VALUES WITH (modulus x, remainder 0)",
        ] {
            assert!(Bound::parse(text).is_err(), "{text}");
        }
    }
}
