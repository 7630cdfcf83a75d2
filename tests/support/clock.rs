//! A clock that stands still.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use memdict::Clock;

/// A clock that moves only on command. Its clones are the same clock.
#[derive(Debug, Clone, Default)]
pub struct ByHand(Arc<Mutex<Duration>>);

impl ByHand {
    /// Moves the clock.
    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Clock for ByHand {
    fn now(&self) -> Duration {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
