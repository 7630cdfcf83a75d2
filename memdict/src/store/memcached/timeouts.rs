//! The limits of how long a server may take.

use std::time::Duration;

#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    /// The time until a connection is made, including the look-up of the server's name.
    pub(super) connect: Duration,
    /// The time in which nothing may move while an answer is due.
    pub(super) exchange: Duration,
}
