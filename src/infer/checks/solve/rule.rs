//! Rules over the states of columns: what a solution may be made of.

/// A rule; columns and pairs are named by their place in the space.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// The column isn't NULL.
    NotNull(usize),
    /// The column is NULL.
    Null(usize),
    /// Where it isn't NULL, it is around some classes.
    Around(usize, Vec<usize>),
    /// Exactly one of the columns isn't NULL.
    ExactlyOne(Vec<usize>),
    /// One at most isn't NULL.
    AtMostOne(Vec<usize>),
    /// One at least isn't NULL.
    AtLeastOne(Vec<usize>),
    /// All are NULL or none is.
    AllOrNone(Vec<usize>),
    /// The first is NULL where the second is.
    NullWith(usize, usize),
    /// The first is NULL unless the second is in one of the classes.
    OnlyIf(usize, usize, Vec<usize>),
    /// The first isn't NULL where the second is in one of the classes.
    NeededIf(usize, usize, Vec<usize>),
    /// The pair compares as its constraint says, or a column of it is NULL.
    Pair(usize),
}
