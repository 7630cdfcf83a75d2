//! Clocks, which measure lifetimes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// A source of time for a [`MemoryStore`](crate::MemoryStore).
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use std::time::Duration;
/// use memdict::{Clock, MemoryStore};
///
/// #[derive(Default)]
/// struct ByHand(Mutex<Duration>);
///
/// impl Clock for ByHand {
///     fn now(&self) -> Duration {
///         *self.0.lock().unwrap()
///     }
/// }
///
/// let clock = Arc::new(ByHand::default());
/// let store = MemoryStore::new().clock(Arc::clone(&clock));
/// *clock.0.lock().unwrap() += Duration::from_secs(60);
/// # drop(store);
/// ```
pub trait Clock: Send + Sync {
    /// Returns the time since a fixed point of this clock's own choice. It never goes back.
    fn now(&self) -> Duration;
}

/// A shared clock, which its owner can move.
impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Duration {
        (**self).now()
    }
}

/// The system's monotonic clock.
pub(crate) struct SystemClock(Instant);

impl SystemClock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}
