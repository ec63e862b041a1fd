//! Arrays, tsvectors and documents in the order of their numbers.

use super::{Letters, length, letters_up_to, small};
use crate::dataset::makers::ranked::{Elements, Form, Lengths};
use crate::dataset::permutation::mix;
use crate::generate::compiled::{RowText, ValueContext};
use crate::generate::pool::TextTraits;

/// So many subsets are kept at most.
const MOST_SETS: u64 = 1 << 16;

/// Values of several elements.
#[derive(Debug)]
pub(super) struct RankedList {
    elements: Elements,
    /// Of an element's text.
    lengths: Lengths,
    letters: Letters,
    values: u64,
    /// The common elements of each value, where these alone tell all values apart.
    sets: Option<Vec<u32>>,
}

impl RankedList {
    pub fn new(elements: &Elements, lengths: Lengths) -> RankedList {
        let lengths = Lengths {
            mean: lengths.mean.map(|it| elements.bytes_each(it)),
            most: None,
        };
        RankedList {
            letters: Letters::enough(u64::MAX, lengths),
            elements: elements.clone(),
            lengths,
            values: u64::MAX,
            sets: None,
        }
    }

    /// The numbers of a value's elements: the common ones count from 0, and those of its own follow.
    fn numbers(&self, number: u64) -> Vec<u64> {
        let common = self.elements.common.iter().enumerate();
        let count = self.elements.common.len() as u64;
        let set = usize::try_from(number).unwrap_or(usize::MAX);
        if let Some(mask) = self.sets.as_ref().and_then(|it| it.get(set)) {
            return (0..count).filter(|it| mask >> it & 1 == 1).collect();
        }
        let chance = |place: u64| (mix(number ^ mix(place ^ 0xE1E)) >> 32) as f64 / 4_294_967_296.0;
        let mut numbers = vec![count + number];
        let shared = common.filter(|(place, share)| chance(*place as u64) < **share);
        numbers.extend(shared.map(|(place, _)| place as u64));
        let own = self.elements.count - self.elements.common.iter().sum::<f64>() - 1.0;
        let mut left = own - chance(count);
        let mut place = count;
        while left >= 0.0 {
            place += 1;
            numbers.push(count + mix(number ^ mix(place)) % self.values.max(1));
            left -= 1.0;
        }
        numbers
    }

    fn write_element(&self, number: u64, out: &mut Vec<u8>) {
        if self.elements.form == Form::Numbers {
            out.extend_from_slice(itoa::Buffer::new().format(number + 1).as_bytes());
            return;
        }
        self.letters.write(number, out);
        letters_up_to(length(self.lengths, number), self.letters, number, out);
    }
}

impl RowText for RankedList {
    fn prepare(&mut self, values: u64) {
        let common = self.elements.common.len() as u64;
        self.values = values;
        self.letters = Letters::enough(values.saturating_add(common), self.lengths);
        self.sets = subsets(&self.elements.common, values);
    }

    fn write(&self, value: &mut ValueContext, out: &mut Vec<u8>) {
        self.write_index(u128::from(value.row.id.saturating_sub(1)), value, out);
    }

    fn write_index(&self, index: u128, _: &mut ValueContext, out: &mut Vec<u8>) {
        let (open, between, close): (&[u8], &[u8], &[u8]) = match self.elements.form {
            Form::Texts | Form::Numbers => (b"{", b",", b"}"),
            Form::Words => (b"", b" ", b""),
            Form::Json => (b"{\"value\": \"", b" ", b"\"}"),
        };
        out.extend_from_slice(open);
        for (place, number) in self.numbers(small(index)).into_iter().enumerate() {
            if place > 0 {
                out.extend_from_slice(between);
            }
            self.write_element(number, out);
            if self.elements.form == Form::Words {
                out.push(b':');
                out.extend_from_slice(itoa::Buffer::new().format(place + 1).as_bytes());
            }
        }
        out.extend_from_slice(close);
    }

    fn traits(&self) -> TextTraits {
        TextTraits {
            special: true,
            empty: false,
        }
    }
}

/// The likeliest sets of common elements, in the order of the arrays that have them; `None` where there aren't as many.
fn subsets(common: &[f64], values: u64) -> Option<Vec<u32>> {
    let all = 1_u64.checked_shl(u32::try_from(common.len()).unwrap_or(u32::MAX))?;
    if common.is_empty() || values >= all || all > MOST_SETS {
        return None;
    }
    let chance = |mask: u32| {
        let each = common.iter().enumerate();
        each.fold(1.0, |product, (place, share)| match mask >> place & 1 {
            1 => product * share,
            _ => product * (1.0 - share),
        })
    };
    let masks = 1..u32::try_from(all).unwrap_or(u32::MAX);
    let mut sets: Vec<(f64, u32)> = masks.map(|it| (chance(it), it)).collect();
    sets.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    sets.truncate(usize::try_from(values).unwrap_or(usize::MAX));
    let mut sets: Vec<u32> = sets.into_iter().map(|(_, mask)| mask).collect();
    sets.sort_by_key(|mask| elements_of(*mask));
    Some(sets)
}

fn elements_of(mask: u32) -> Vec<u32> {
    (0..u32::BITS).filter(|it| mask >> it & 1 == 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(form: Form, common: &[f64], count: f64, bytes: f64, values: u64) -> RankedList {
        let elements = Elements {
            form,
            common: common.to_vec(),
            count,
        };
        let lengths = Lengths {
            mean: Some(bytes),
            most: None,
        };
        let mut list = RankedList::new(&elements, lengths);
        list.prepare(values);
        list
    }

    #[test]
    fn few_values_are_the_likeliest_sets_of_the_common_elements() {
        let list = list(Form::Texts, &[0.5, 0.4], 1.5, 40.0, 3);
        assert_eq!(list.sets, Some(vec![0b01, 0b11, 0b10]));
        assert_eq!(list.numbers(1), [0, 1]);
    }

    #[test]
    fn other_values_have_an_element_of_their_own_and_as_many_as_are_asked_for() {
        let list = list(Form::Numbers, &[0.5, 0.25], 3.0, 40.0, 10_000);
        let all: Vec<Vec<u64>> = (0..10_000).map(|it| list.numbers(it)).collect();
        let elements = all.iter().map(Vec::len).sum::<usize>() as f64;
        assert!((29_000.0..31_000.0).contains(&elements), "{elements}");
        let first = all.iter().filter(|it| it.contains(&0)).count();
        assert!((4_800..5_200).contains(&first), "{first}");
        assert!(
            all.iter()
                .enumerate()
                .all(|(place, it)| it[0] == 2 + place as u64)
        );
    }
}
