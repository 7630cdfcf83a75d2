//! How long things may take with a server.

use std::time::Duration;

#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    /// Until a connection stands, the look-up of the server's name included.
    pub(super) connect: Duration,
    /// Each time that nothing moves while an answer is due.
    pub(super) exchange: Duration,
}
