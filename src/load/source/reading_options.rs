//! The options that read records which are rejected without them: a reason names one in backquotes.

use std::collections::BTreeSet;

use crate::suggestion::again;

/// The options, each as the words typed, that all of some rejects name; none where a reject names none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadingOptions(Option<BTreeSet<Vec<String>>>);

impl Default for ReadingOptions {
    fn default() -> ReadingOptions {
        ReadingOptions(Some(BTreeSet::new()))
    }
}

impl ReadingOptions {
    /// Of rejects that no option reads.
    pub const NONE: ReadingOptions = ReadingOptions(None);

    /// With one more reject, by its reason.
    pub fn add(&mut self, reason: &str) {
        let Some(options) = &mut self.0 else {
            return;
        };
        match option_of(reason) {
            Some(option) => drop(options.insert(option)),
            None => *self = ReadingOptions::NONE,
        }
    }

    /// With the rejects of another table.
    #[must_use]
    pub fn and(self, other: &ReadingOptions) -> ReadingOptions {
        let both = self.0.zip(other.0.as_ref());
        ReadingOptions(both.map(|(options, others)| &options | others))
    }

    /// The command that was typed, with these options; none without any.
    pub fn command(&self) -> Option<String> {
        let options = self.0.as_ref().filter(|options| !options.is_empty())?;
        let words: Vec<String> = options.iter().flatten().cloned().collect();
        Some(again(&words))
    }
}

/// The words of the option that a reason names: `` `--epoch s` counts it ``.
fn option_of(reason: &str) -> Option<Vec<String>> {
    let (_, rest) = reason.split_once("`--")?;
    let (option, _) = rest.split_once('`')?;
    let words = option
        .split(' ')
        .map(|word| word.trim_matches('\'').to_owned());
    let mut words: Vec<String> = words.collect();
    words[0].insert_str(0, "--");
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_those_of_all_rejects_or_none() {
        let mut options = ReadingOptions::default();
        assert_eq!(options, ReadingOptions::default(), "nothing is rejected");
        options.add("it is NULL; `--force-not-null` loads an empty text");
        options.add("no number; `--decimal ','` reads it");
        options.add("no number; `--decimal ','` reads it");
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let both = [words(&["--decimal", ","]), words(&["--force-not-null"])];
        assert_eq!(options, ReadingOptions(Some(both.into_iter().collect())));
        let with = |reason: &str| {
            let mut others = ReadingOptions::default();
            others.add(reason);
            options.clone().and(&others)
        };
        assert_eq!(with("no number; `--decimal ','` reads it"), options);
        assert_eq!(with("\"x\" is no integer"), ReadingOptions::NONE);
        options.add("\"x\" is no integer");
        options.add("no number; `--decimal ','` reads it");
        assert_eq!(options, ReadingOptions::NONE);
    }
}
