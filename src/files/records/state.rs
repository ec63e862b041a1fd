//! The states of the reader of a record.

/// Where in a record the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Start,
    Bare,
    Quoted,
    /// Behind the closing quote.
    Behind,
}

impl State {
    /// The state behind bytes that mean nothing.
    #[inline]
    pub(super) fn behind_text(self) -> State {
        match self {
            State::Start => State::Bare,
            state => state,
        }
    }
}
