//! One thing that changed between two checks, and its direction.

/// The direction of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// Nothing to report.
    Same,
    /// The plans can't be compared.
    Unchecked,
    /// Neither better nor worse.
    Changed,
    /// For the better.
    Better,
    /// For the worse.
    Worse,
}

impl Direction {
    /// Whether something is another way than it was.
    pub fn is_change(self) -> bool {
        self > Direction::Unchecked
    }

    /// Its name in text and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Direction::Same => "no change",
            Direction::Unchecked => "unchecked",
            Direction::Changed => "changed",
            Direction::Better => "better",
            Direction::Worse => "regression",
        }
    }
}

/// One thing that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Better, worse or neither.
    pub direction: Direction,
    /// What, in one sentence.
    pub message: String,
}

impl Difference {
    /// A change that is neither better nor worse.
    pub(super) fn changed(message: impl Into<String>) -> Difference {
        Difference {
            direction: Direction::Changed,
            message: message.into(),
        }
    }
}
