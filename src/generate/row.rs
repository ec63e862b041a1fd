//! A row that is being generated: all that a value is made from, besides its column.

/// A row that is being generated.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Its id.
    pub id: u64,
    /// Ids of its parent, the parent's parent and so on.
    pub ancestors: &'a [u64],
    /// Its position among its siblings, from 0.
    pub place: u64,
    /// How many siblings there are, itself included.
    pub siblings: u64,
    /// The partner row of the first sibling, where there is one child for each row of another table.
    pub partner: u64,
}

impl<'a> Row<'a> {
    /// The row of an ancestor, 0 for the parent: its number and its own ancestors are known.
    pub fn ancestor(&self, level: usize) -> Option<Row<'a>> {
        let (&id, ancestors) = self.ancestors.get(level..)?.split_first()?;
        Some(Row {
            ancestors,
            ..Row::numbered(id)
        })
    }

    /// A row of which only the number is known.
    pub fn numbered(id: u64) -> Row<'static> {
        Row {
            id,
            ancestors: &[],
            place: 0,
            siblings: 1,
            partner: 0,
        }
    }

    /// The parent's id, 0 where there is none.
    #[inline]
    pub fn parent(&self) -> u64 {
        self.ancestors.first().copied().unwrap_or(0)
    }
}
