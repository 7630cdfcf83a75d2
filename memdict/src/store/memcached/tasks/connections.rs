//! The connections of tasks to one server.

use std::{sync::Arc, time::Instant};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time,
};

use super::super::pool::Pool;

/// How many connections to one server tasks use at once.
const MAX_CONNECTIONS: usize = 16;

/// The connections of tasks to one server.
#[derive(Debug)]
pub(in crate::store::memcached) struct Connections {
    pub(in crate::store::memcached) pool: Pool,
    /// One for each connection that may be in use. Tasks that wait for one get it in turn.
    pub(super) permits: Arc<Semaphore>,
}

impl Default for Connections {
    fn default() -> Self {
        Self { pool: Pool::by(now), permits: Arc::new(Semaphore::new(MAX_CONNECTIONS)) }
    }
}

/// A connection that may be in use.
pub(super) type Permit = OwnedSemaphorePermit;

/// Returns the time of tokio's clock, which tests may pause.
pub(super) fn now() -> Instant {
    time::Instant::now().into_std()
}
