//! A value that is a function of a sibling's, in a share of the rows.

use std::sync::Arc;

use crate::dataset::draw::{Chance, Key};
use crate::dataset::profile::draw::ProfileDraw;

/// How the position of a column's value follows from a sibling's.
///
/// Both columns' values lie in order over the same rows, and a value of the one leads to that of the other at the middle of its
/// rows: so the other's values keep their shares as far as the sibling's values are fine enough.
#[derive(Debug, Clone)]
pub struct Dependence {
    /// The sibling's draws.
    pub sibling: Arc<ProfileDraw>,
    /// How often it is followed.
    pub degree: Chance,
    /// The draws that decide.
    pub key: Key,
}

impl Dependence {
    /// The position of a row's value in a column with so many places, where it follows from the sibling's.
    #[inline]
    pub fn place(&self, row: u64, places: u64) -> Option<u64> {
        let follows = self.key.row(row).happens(self.degree);
        follows.then(|| {
            let position = self.sibling.position(row);
            self.sibling.middle_of(position, places)
        })
    }
}
