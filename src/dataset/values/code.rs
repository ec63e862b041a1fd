//! Codes: so many characters of an alphabet.

use anyhow::{Result, bail};

use crate::dataset::choices::Choices;
use crate::dataset::values::lengths::Lengths;

/// Characters of an alphabet, as many as a length allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    lengths: Lengths,
    alphabet: Alphabet,
}

impl Code {
    /// So many characters.
    pub fn new(min: u32, max: u32, alphabet: Vec<char>) -> Code {
        let alphabet = Alphabet::new(alphabet);
        Code {
            lengths: Lengths::new(min, max, alphabet.distinct),
            alphabet,
        }
    }

    /// Codes of the same alphabet with so many characters.
    pub fn of_length(&self, length: f64) -> Code {
        let length = super::prose::whole(length);
        Code {
            lengths: Lengths::new(length, length, self.alphabet.distinct),
            alphabet: self.alphabet.clone(),
        }
    }

    pub(super) fn domain(&self) -> u128 {
        self.lengths.domain()
    }

    pub(super) fn longest(&self) -> u32 {
        self.lengths.max()
    }

    pub(super) fn may_be_empty(&self) -> bool {
        self.lengths.min() == 0
    }

    pub(super) fn may_hold(&self, byte: u8) -> bool {
        self.alphabet.may_hold(char::from(byte))
    }

    pub(super) fn write(&self, mut choices: Choices, out: &mut Vec<u8>) {
        for _ in 0..self.lengths.pick(&mut choices) {
            self.alphabet.write(&mut choices, out);
        }
    }
}

/// Characters, those first that differ whatever their case: what has an index is made from these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alphabet {
    characters: Vec<char>,
    distinct: usize,
}

impl Alphabet {
    /// Of some characters, each of which is there once.
    pub fn new(characters: Vec<char>) -> Alphabet {
        let (mut distinct, mut others): (Vec<char>, Vec<char>) = (Vec::new(), Vec::new());
        for character in characters {
            match distinct.iter().any(|&it| lower(it) == lower(character)) {
                true => others.push(character),
                false => distinct.push(character),
            }
        }
        let count = distinct.len();
        distinct.append(&mut others);
        Alphabet {
            characters: distinct,
            distinct: count,
        }
    }

    /// All of them.
    pub fn characters(&self) -> &[char] {
        &self.characters
    }

    /// How many differ whatever their case.
    pub fn distinct(&self) -> usize {
        self.distinct
    }

    /// Whether a character is one of them.
    pub fn may_hold(&self, character: char) -> bool {
        self.characters.contains(&character)
    }

    /// Appends one.
    #[inline]
    pub fn write(&self, choices: &mut Choices, out: &mut Vec<u8>) {
        let count = match choices.is_random() {
            true => self.characters.len(),
            false => self.distinct,
        };
        let character = self.characters[choices.index(count)];
        match u8::try_from(character) {
            Ok(byte @ ..=0x7f) => out.push(byte),
            _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// A character in lower case; of several, the first.
pub fn lower(character: char) -> char {
    character.to_lowercase().next().unwrap_or(character)
}

/// Reads `A-Z0-9`: characters, and ranges of them; a hyphen at an end is itself.
pub fn alphabet(text: &str) -> Result<Vec<char>> {
    let characters: Vec<char> = text.chars().collect();
    let mut alphabet = Vec::new();
    let mut rest = characters.as_slice();
    while let Some((&first, behind)) = rest.split_first() {
        let (last, behind) = match behind {
            ['-', last, behind @ ..] => (*last, behind),
            _ => (first, behind),
        };
        if last < first {
            bail!("`{first}-{last}` goes backwards");
        }
        alphabet.extend(first..=last);
        rest = behind;
    }
    alphabet.sort_unstable();
    alphabet.dedup();
    match alphabet.iter().find(|it| it.is_control()) {
        Some(control) => bail!("`{}` is a control character", control.escape_default()),
        None if alphabet.len() < 2 => bail!("it needs two characters at least, as \"A-Z0-9\" has"),
        None => Ok(alphabet),
    }
}
