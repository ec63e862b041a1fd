//! Prose within bounds of length, and its words alone: labels of an `ltree`, lexemes of a `tsvector`.

use crate::dataset::choices::{Choices, power, product};
use crate::dataset::values::lengths::Lengths;
use crate::dataset::values::words::{ADJECTIVES, LONGEST, NOUNS, PREPOSITIONS, VERBS};

/// Sentences, words or syllables, as the length allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prose {
    /// The fewest characters.
    pub min: u32,
    /// The most characters.
    pub max: u32,
}

/// Places of a sentence.
const SENTENCE: [&[&str]; 10] = [
    &["The"],
    &ADJECTIVES,
    &NOUNS,
    &VERBS,
    &["the"],
    &ADJECTIVES,
    &NOUNS,
    &PREPOSITIONS,
    &["the"],
    &NOUNS,
];

/// Behind which of them a sentence may be cut.
const NOUN_PLACES: [usize; 2] = [2, 6];

/// Texts that are shorter than this are syllables.
const SHORTEST_SENTENCE: u32 = 24;

/// The length of texts whose first sentence has an index in it.
const WITH_INDEX: u32 = 90;

/// Twice the characters that are cut off a text behind its last noun, in the mean; fewer off a short one.
const CUT: f64 = 12.0;

const CONSONANTS: &[u8; 16] = b"bdfghklmnprstvwz";
const VOWELS: &[u8; 4] = b"aeio";

impl Prose {
    /// Texts of so many bytes in the mean: with an index all have as many.
    pub fn of_bytes(bytes: f64, with_index: bool) -> Prose {
        let length = whole(bytes);
        if with_index || length < SHORTEST_SENTENCE {
            return Prose {
                min: length,
                max: length,
            };
        }
        // A text ends with a word, up to which it is as long as it may be.
        Prose {
            min: whole(bytes * 0.75),
            max: whole(bytes * 1.25 + CUT.min(bytes / 3.0 - 3.0)),
        }
    }

    /// The places of the first sentence that are never cut off.
    fn whole_places(&self) -> usize {
        let mut length = 0;
        let fits = |place: &&[&str]| {
            let longest = place.iter().map(|word| word.len()).max().unwrap_or(LONGEST);
            length += longest + 1;
            length <= self.max as usize
        };
        SENTENCE.iter().copied().take_while(fits).count()
    }

    pub(super) fn domain(&self) -> u128 {
        if self.max < SHORTEST_SENTENCE {
            return syllables(self.max);
        }
        let whole = &SENTENCE[..self.whole_places()];
        product(whole.iter().map(|words| words.len() as u128))
    }

    pub(super) fn write(&self, mut choices: Choices, out: &mut Vec<u8>) {
        if self.max < SHORTEST_SENTENCE {
            return match choices.is_random() {
                true => self.write_words(&mut choices, out),
                false => self.write_syllables(&mut choices, out),
            };
        }
        let least = self.min.max(SHORTEST_SENTENCE - 4).min(self.max);
        let length = match choices.is_random() {
            true => {
                least + u32::try_from(choices.below(u64::from(self.max - least) + 1)).unwrap_or(0)
            }
            false => self.max.min(WITH_INDEX.max(self.min)),
        };
        self.write_sentences(length as usize, &mut choices, out);
    }

    /// Words up to a length, in sentences; a sentence that is cut ends with a noun, where that makes the text long enough.
    fn write_sentences(&self, length: usize, choices: &mut Choices, out: &mut Vec<u8>) {
        let (start, may_cut) = (out.len(), choices.is_random());
        let mut noun_end = start;
        'text: loop {
            for (place, words) in SENTENCE.iter().enumerate() {
                let word = words[choices.index(words.len())];
                let space = usize::from(out.len() > start);
                // A full stop comes behind the last word.
                if out.len() - start + space + word.len() + 1 > length {
                    break 'text;
                }
                if space > 0 {
                    out.push(b' ');
                }
                out.extend_from_slice(word.as_bytes());
                if NOUN_PLACES.contains(&place) {
                    noun_end = out.len();
                }
            }
            out.push(b'.');
            noun_end = out.len();
        }
        if may_cut && noun_end > start && noun_end - start >= self.min as usize {
            out.truncate(noun_end);
        }
        if out.last() != Some(&b'.') && out.len() - start < length {
            out.push(b'.');
        }
        // What no word was short enough for.
        let missing = (self.min as usize).saturating_sub(out.len() - start);
        out.resize(out.len() + missing, b'.');
    }

    /// One word or two, where they are neither too short nor too long.
    fn write_words(&self, choices: &mut Choices, out: &mut Vec<u8>) {
        let words = [&ADJECTIVES, &NOUNS].map(|list| list[choices.index(list.len())]);
        let fits = |length: usize| (self.min as usize..=self.max as usize).contains(&length);
        if fits(words[0].len() + 1 + words[1].len()) {
            out.extend_from_slice(words[0].as_bytes());
            out.push(b' ');
            out.extend_from_slice(words[1].as_bytes());
        } else if let Some(word) = words.iter().rev().find(|word| fits(word.len())) {
            out.extend_from_slice(word.as_bytes());
        } else {
            self.write_syllables(choices, out);
        }
    }

    fn write_syllables(&self, choices: &mut Choices, out: &mut Vec<u8>) {
        let length = match choices.is_random() {
            true => {
                let least = self.min.max(self.max.min(4));
                least + u32::try_from(choices.below(u64::from(self.max - least) + 1)).unwrap_or(0)
            }
            false => self.max,
        };
        for place in 0..length {
            let letters = letters(place);
            out.push(letters[choices.index(letters.len())]);
        }
    }
}

/// The nearest whole number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "lengths are positive and below 2^32"
)]
pub(super) fn whole(length: f64) -> u32 {
    libm::round(length) as u32
}

/// The letters that may be at a place.
fn letters(place: u32) -> &'static [u8] {
    match place % 2 {
        0 => CONSONANTS,
        _ => VOWELS,
    }
}

fn syllables(length: u32) -> u128 {
    product((0..length).map(|place| letters(place).len() as u128))
}

/// Nouns with dots between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels(Lengths);

impl Labels {
    /// So many labels, at least 1.
    pub fn new(min: u32, max: u32) -> Labels {
        Labels(Lengths::new(min, max, NOUNS.len()))
    }

    pub(super) fn domain(&self) -> u128 {
        self.0.domain()
    }

    pub(super) fn write(&self, mut choices: Choices, out: &mut Vec<u8>) {
        for place in 0..self.0.pick(&mut choices) {
            if place > 0 {
                out.push(b'.');
            }
            out.extend_from_slice(NOUNS[choices.index(NOUNS.len())].as_bytes());
        }
    }
}

/// Words with their positions, in the order in which Postgres keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lexemes {
    /// How many words, 1 to 16.
    pub count: u32,
}

impl Lexemes {
    /// Each word is one of its share of the sorted list.
    fn share(&self) -> usize {
        NOUNS.len() / self.count as usize
    }

    pub(super) fn domain(&self) -> u128 {
        power(self.share() as u128, self.count)
    }

    pub(super) fn write(&self, mut choices: Choices, out: &mut Vec<u8>) {
        let (count, share) = (self.count as usize, self.share());
        let first = usize::try_from(choices.random_below(self.count.into())).unwrap_or(0);
        for place in 0..count {
            if place > 0 {
                out.push(b' ');
            }
            let word = NOUNS[place * share + choices.index(share)];
            out.push(b'\'');
            out.extend_from_slice(word.as_bytes());
            out.extend_from_slice(b"':");
            let position = (place + first) % count + 1;
            out.extend_from_slice(itoa::Buffer::new().format(position).as_bytes());
        }
    }
}
