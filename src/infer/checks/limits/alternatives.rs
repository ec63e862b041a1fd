//! Limits of which one is enough.

use crate::infer::domain::Limits;

/// Each of them satisfies a comparison; an error says what isn't understood.
pub type Alternatives = Result<Vec<Limits>, String>;

/// Alternatives that are changed all alike.
pub(super) fn with_each(
    mut alternatives: Vec<Limits>,
    change: impl Fn(&mut Limits),
) -> Alternatives {
    alternatives.iter_mut().for_each(change);
    Ok(alternatives)
}
