//! The limits of how long a server may take.

use std::time::Duration;

use crate::store::limits;

#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    /// The time until a connection is made, including the look-up of the server's name.
    pub(super) connect: Duration,
    /// The time in which nothing may move while an answer is due.
    pub(super) exchange: Duration,
    /// The time for a whole call, if it is set.
    pub(super) deadline: Option<Duration>,
}

impl Timeouts {
    /// Returns the time for a whole call.
    pub(super) fn deadline(&self) -> Duration {
        self.deadline.unwrap_or(self.exchange * limits::DEADLINE_IN_TIMEOUTS)
    }
}
