//! Which of the existing values are drawn.

/// Which of a column's existing values are drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// How many, at most.
    pub count: u32,
    /// Where from.
    pub spread: Spread,
    /// What the draws depend on: the same seed gives the same values of the same rows.
    pub seed: u64,
}

/// How the draws are spread over a column's values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spread {
    /// One in each of equal parts of the last `share` of the values.
    Tail {
        /// Above 0, up to 1.
        share: f64,
    },
}
