//! Words and units that several rules use in their messages.

use std::collections::BTreeSet;

/// How many samples these are, each counted once: a plan may have many nodes that a rule finds, as of the shards or
/// partitions of a table.
pub fn distinct(samples: impl IntoIterator<Item = usize>) -> usize {
    samples.into_iter().collect::<BTreeSet<_>>().len()
}

/// In how many of the samples something was seen: nothing for one, `, in all 20 samples`, `, in 3 of 20 samples`.
pub fn in_samples(count: usize, of: usize) -> String {
    match (count, of) {
        (_, 1) => String::new(),
        (count, of) if count == of => format!(", in all {of} samples"),
        (count, of) => format!(", in {count} of {of} samples"),
    }
}

/// Whether the text from `start` to `end` is a whole name.
pub fn is_whole_name(text: &str, start: usize, end: usize) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '"' | '.');
    !text[..start].ends_with(part_of_name) && !text[end..].starts_with(part_of_name)
}
