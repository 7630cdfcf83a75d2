//! The deadline of a call.

use std::time::{Duration, Instant};

/// The time for a call that has begun, with all of its batches.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Deadline {
    pub(in crate::store) ends: Instant,
    /// How long it is, for the error of a call that does not meet it.
    pub(in crate::store) whole: Duration,
}

impl Deadline {
    pub(in crate::store) fn begin(whole: Duration) -> Self {
        Self { ends: Instant::now() + whole, whole }
    }

    pub(in crate::store) fn is_over(&self) -> bool {
        Instant::now() >= self.ends
    }

    /// The reason for an operation that was not done in time, as a text that follows the server's
    /// name.
    pub(in crate::store) fn missed(&self) -> String {
        format!(
            "was not done within the deadline of {:?} for the whole call: ask for less at once, or \
             raise the deadline (`deadline=`)",
            self.whole
        )
    }
}
