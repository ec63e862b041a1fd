//! Codes: so many characters of an alphabet.

use anyhow::{Result, bail};

use crate::dataset::choices::{Choices, LARGEST_DOMAIN};
use crate::dataset::values::bytes::{length, lengths};

/// Characters of an alphabet, as many as a length allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The fewest.
    pub min: u32,
    /// The most.
    pub max: u32,
    /// Distinct.
    pub alphabet: Vec<char>,
}

impl Code {
    pub(super) fn domain(&self) -> u128 {
        let sizes = lengths(self.min, self.max, self.alphabet.len() as u128);
        sizes.fold(0, u128::saturating_add).min(LARGEST_DOMAIN)
    }

    pub(super) fn may_hold(&self, byte: u8) -> bool {
        self.alphabet.contains(&char::from(byte))
    }

    pub(super) fn write(&self, mut choices: Choices, out: &mut Vec<u8>) {
        let length = length(
            self.min,
            self.max,
            self.alphabet.len() as u128,
            &mut choices,
        );
        for _ in 0..length {
            let character = self.alphabet[choices.index(self.alphabet.len())];
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
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
