//! Clocks, which measure lifetimes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

#[cfg(feature = "testing")]
use parking_lot::Mutex;

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

/// A clock that moves only on command, so that a test need not wait for the end of a lifetime. Its
/// clones are the same clock.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use memdict::{Cache, DictDef, MemoryStore};
/// use memdict::testing::ManualClock;
///
/// static CODES: DictDef<u32> = DictDef::new("codes").ttl_secs(60);
///
/// let clock = ManualClock::default();
/// let cache = Cache::builder().open_store(Arc::new(MemoryStore::new().clock(clock.clone())))?;
/// cache.transaction(|session| session.dict(&CODES).insert("ann", 1234))?;
/// assert!(cache.session().dict(&CODES).contains_key("ann")?);
/// clock.advance(Duration::from_secs(61));
/// assert!(!cache.session().dict(&CODES).contains_key("ann")?);
/// # Ok::<_, memdict::Error>(())
/// ```
#[cfg(feature = "testing")]
#[derive(Debug, Clone, Default)]
pub struct ManualClock(Arc<Mutex<Duration>>);

#[cfg(feature = "testing")]
impl ManualClock {
    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock();
        *now = now.saturating_add(by);
    }
}

#[cfg(feature = "testing")]
impl Clock for ManualClock {
    fn now(&self) -> Duration {
        *self.0.lock()
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
