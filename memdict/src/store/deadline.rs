//! The deadline of a call.

use std::time::{Duration, Instant};

/// The time for a call that has begun, with all of its batches.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Deadline {
    pub(in crate::store) ends: Instant,
    /// How long it is, for the error of a call that does not meet it.
    pub(in crate::store) whole: Duration,
    /// The clock that it is measured by.
    now: fn() -> Instant,
}

impl Deadline {
    pub(in crate::store) fn begin(whole: Duration) -> Self {
        Self::begin_by(Instant::now, whole)
    }

    /// Begins a call whose time is that of this clock.
    pub(in crate::store) fn begin_by(now: fn() -> Instant, whole: Duration) -> Self {
        Self { ends: now() + whole, whole, now }
    }

    pub(in crate::store) fn now(&self) -> Instant {
        (self.now)()
    }

    pub(in crate::store) fn is_over(&self) -> bool {
        self.now() >= self.ends
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
