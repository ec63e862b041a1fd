//! One of N parts of every table, for N hosts that know nothing of each other: whole blocks, so that no family of rows is
//! split, and all parts one after the other are the whole.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// So many parts at most: each has a row a table in the ledger.
pub const MOST: u32 = 100_000;

/// Part `number` of `of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Part {
    /// From 1.
    pub number: u32,
    /// How many there are.
    pub of: u32,
}

impl Part {
    /// Everything.
    pub const WHOLE: Part = Part { number: 1, of: 1 };

    /// Whether there is such a part.
    pub fn exists(self) -> bool {
        (1..=self.of).contains(&self.number) && self.of <= MOST
    }

    /// Whether it begins with the first row of each table.
    pub fn is_first(self) -> bool {
        self.number == 1
    }

    /// The part's blocks of all that there are. A part has none where there are fewer blocks than parts.
    pub fn blocks(self, blocks: usize) -> Range<usize> {
        let end = |parts: u32| {
            let end = blocks as u128 * u128::from(parts) / u128::from(self.of);
            usize::try_from(end).unwrap_or(blocks)
        };
        end(self.number - 1)..end(self.number)
    }

    /// All parts of so many.
    pub fn all(of: u32) -> impl Iterator<Item = Part> {
        (1..=of).map(move |number| Part { number, of })
    }

    /// The name that a file of the whole has as a part's: `products.part-03-of-10.csv`. Sorted by name, the parts are in
    /// their order.
    pub fn file_name(self, whole: &str) -> String {
        let width = self.of.to_string().len();
        let part = format!("part-{:0width$}-of-{}", self.number, self.of);
        match whole.rsplit_once('.') {
            Some((stem, extension)) => format!("{stem}.{part}.{extension}"),
            None => format!("{whole}.{part}"),
        }
    }
}

/// `3/10`, as it is typed.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Part, String> {
        let expected =
            || format!("expected a part and how many there are, such as 3/10, up to {MOST}");
        let (number, of) = text.split_once('/').ok_or_else(expected)?;
        let whole = |text: &str| text.parse::<u32>().map_err(|_| expected());
        let part = Part {
            number: whole(number)?,
            of: whole(of)?,
        };
        match part.exists() {
            true => Ok(part),
            false => Err(expected()),
        }
    }
}

/// Numbers of parts as a message lists them: `2, 5 to 9`.
pub fn listed(numbers: &[u32]) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let run = |(first, last): &(u32, u32)| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first} to {last}"),
    };
    runs.iter().map(run).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts_are_all_blocks_in_order() {
        for (of, blocks) in [(1, 0), (1, 9), (7, 3), (7, 7), (7, 1_000), (10, 3_276)] {
            let parts: Vec<Range<usize>> = Part::all(of).map(|part| part.blocks(blocks)).collect();
            let joined: Vec<usize> = parts.iter().cloned().flatten().collect();
            assert_eq!(joined, (0..blocks).collect::<Vec<_>>(), "{of} {blocks}");
            let sizes = parts.iter().map(ExactSizeIterator::len);
            let (least, most) = (sizes.clone().min(), sizes.max());
            assert!(most <= least.map(|least| least + 1), "{of} {blocks}");
        }
    }

    #[test]
    fn is_typed_as_two_numbers() {
        let part: Part = "3/10".parse().unwrap();
        assert_eq!(part, Part { number: 3, of: 10 });
        assert_eq!(part.to_string(), "3/10");
        for text in [
            "", "3", "0/10", "11/10", "1/0", "-1/3", "1/100001", "a/b", "1/2/3",
        ] {
            let error = text.parse::<Part>().unwrap_err();
            assert!(error.contains("such as 3/10"), "{text}: {error}");
        }
    }

    #[test]
    fn files_of_parts_sort_by_name() {
        let names: Vec<String> = Part::all(10)
            .map(|it| it.file_name("product.csv"))
            .collect();
        assert_eq!(names[2], "product.part-03-of-10.csv");
        assert!(names.is_sorted());
        assert_eq!(
            Part { number: 1, of: 2 }.file_name("rows"),
            "rows.part-1-of-2"
        );
    }

    #[test]
    fn long_lists_of_parts_are_folded() {
        assert_eq!(listed(&[2, 5, 6, 7, 9, 10]), "2, 5 to 7, 9, 10");
        assert_eq!(listed(&[]), "");
    }
}
