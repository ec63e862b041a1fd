//! References whose rows agree in a column, as rows of one tenant do: which rows these are, in closed form.
//!
//! The rows of a table that belong to one row of another lie together where their reference says `spread`: they are a run.

use crate::dataset::makers::Maker;
use crate::dataset::makers::references::{Copy, Pick, Reference};
use crate::dataset::spread::SpreadShape;
use crate::dataset::tables::Siblings;

/// How the run of rows that agree with a row is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// The columns that lead from the row to the one it has in common: each a table and a reference of it.
    pub path: Vec<(usize, usize)>,
    /// The spreads that lead from there to the run.
    pub chain: Vec<Link>,
}

/// A table whose rows are spread over another's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The table.
    pub children: usize,
    /// The other.
    pub parents: usize,
    /// How.
    pub shape: SpreadShape,
}

impl Agreement {
    /// The row's own column that decides, where its value follows from the row picked.
    pub fn group(&self) -> Option<usize> {
        match self.path.as_slice() {
            [(_, column)] => Some(*column),
            _ => None,
        }
    }
}

impl Siblings<'_> {
    /// How the rows that a `same` reference may pick are found; an error says what is missing.
    pub fn agreement(&self, reference: &Reference) -> Result<Agreement, String> {
        let Pick::Same(pairs) = &reference.pick else {
            return Err("the reference has no `same`".into());
        };
        let other = self.of(reference.table);
        let mut found: Option<(Agreement, (usize, usize))> = None;
        for &(own, referenced) in pairs {
            let (Some((above, path)), Some((common, chain))) =
                (self.ascend(own), other.descend(referenced))
            else {
                continue;
            };
            // The nearest row in common decides; what is above it follows.
            let is_nearer = found
                .as_ref()
                .is_none_or(|(it, _)| chain.len() < it.chain.len());
            if above == common && is_nearer {
                found = Some((Agreement { path, chain }, (own, referenced)));
            }
        }
        let Some((agreement, decides)) = found else {
            let (own, referenced) = (self.name(pairs[0].0), other.name(pairs[0].1));
            return Err(format!(
                "`same` needs `{}.{referenced}` to be a reference with `spread` to the table that `{own}` refers to, or a \
                 `copy` by such a reference; write {referenced} = {{ make = \"reference\", to = …, spread = \"even\" }} there",
                other.table_name()
            ));
        };
        let follows = |&(own, referenced): &(usize, usize)| {
            (own, referenced) == decides
                || match (self.maker(own), other.maker(referenced)) {
                    (Maker::Copy(own), Maker::Copy(referenced)) => {
                        (own.by, referenced.by) == decides && own.column == referenced.column
                    }
                    _ => false,
                }
        };
        match pairs.iter().find(|pair| !follows(pair)) {
            None => Ok(agreement),
            Some((own, _)) => Err(format!(
                "`{}` doesn't follow from `{}`; in `same`, one column decides, and the others are a `copy` by it",
                self.name(*own),
                self.name(decides.0)
            )),
        }
    }

    /// The references from a row up to the one that a column's value is taken from, and that row's table.
    fn ascend(&self, column: usize) -> Option<(usize, Vec<(usize, usize)>)> {
        match self.maker(column) {
            Maker::Reference(Reference { table, .. }) => {
                Some((*table, vec![(self.position(), column)]))
            }
            Maker::Parent(parent) => Some((parent.table, vec![(self.position(), column)])),
            Maker::Copy(Copy { by, table, column }) => {
                let (above, rest) = self.of(*table).ascend(*column)?;
                let mut path = vec![(self.position(), *by)];
                path.extend(rest);
                Some((above, path))
            }
            _ => None,
        }
    }

    /// The spreads from the row that a column's value is taken from down to the rows that have it, and that row's table.
    fn descend(&self, column: usize) -> Option<(usize, Vec<Link>)> {
        let link = |column: usize| match self.maker(column) {
            Maker::Reference(Reference {
                table,
                pick: Pick::Spread(shape),
                ..
            }) => Some(Link {
                children: self.position(),
                parents: *table,
                shape: shape.clone(),
            }),
            _ => None,
        };
        match self.maker(column) {
            Maker::Copy(Copy { by, table, column }) => {
                let (above, mut chain) = self.of(*table).descend(*column)?;
                chain.push(link(*by)?);
                Some((above, chain))
            }
            _ => link(column).map(|link| (link.parents, vec![link])),
        }
    }
}
