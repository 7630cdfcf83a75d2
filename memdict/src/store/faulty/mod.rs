//! A store that passes operations on to another one and makes some of them fail. Tests use it, and a
//! `memory:` URL with rates of faults.
//!
//! `fault` is what can happen to an operation, `plan` decides to which one, and `rates` are the
//! chances. `lives` shows the tokens of a store as those of a server that restarts. `blocking` is the
//! store for calls that block, and `tasks` that for tasks.

mod blocking;
pub(crate) mod fault;
pub(crate) mod lives;
mod plan;
pub(crate) mod rates;
#[cfg(feature = "tokio")]
mod tasks;

use std::{sync::Arc, time::Instant};

use fault::Fault;
use lives::{Lived, Lives, delete};
use plan::{Faults, Plan};
use rates::Rates;

use crate::store::Store;

/// Passes operations on to another store, and makes some of them fail: chosen ones, and others by
/// chance ([`Rates`]).
///
/// It is a [`Store`] over every `Store`, and an [`AsyncStore`](crate::AsyncStore) over every
/// `AsyncStore`. A cache may change from one face to the other if the inner store can.
///
/// Operations are counted from 0, loads and changes alike, in the order in which they arrive. They
/// are passed on one at a time, so a batch takes as many round trips as it has operations. The keys
/// that were stored are remembered, and with rates the number of operations on each key.
///
#[cfg_attr(feature = "testing", doc = "```")]
#[cfg_attr(not(feature = "testing"), doc = "```ignore")]
/// use std::sync::Arc;
/// use memdict::{Cache, MemoryStore};
/// use memdict::testing::{Fault, FaultyStore};
///
/// let store = Arc::new(FaultyStore::new(MemoryStore::new()));
/// let cache = Cache::builder().open_store(store.clone())?;
/// store.fail_once_writing(0, Fault::Down);
/// let ((), report) = cache.transaction_with_report(|session| {
///     session.dict("hits").insert("a", 1_u64)
/// })?;
/// assert_eq!((report.written, report.lost.len()), (0, 1));
/// # Ok::<_, memdict::Error>(())
/// ```
#[derive(Debug)]
pub struct FaultyStore<S: ?Sized> {
    faults: Arc<Faults>,
    /// The end of the call that this is for.
    ends: Option<Instant>,
    inner: Arc<S>,
}

impl<S> FaultyStore<S> {
    /// Makes a store that does not fail yet.
    pub fn new(inner: S) -> Self {
        Self { inner: Arc::new(inner), faults: Arc::default(), ends: None }
    }

    /// Makes operations fail by chance.
    #[must_use]
    pub fn with_rates(self, rates: Rates) -> Self {
        self.set_rates(rates);
        self
    }
}

impl<S: Store + 'static> FaultyStore<S> {
    /// Makes a store that can [restart](Self::restart), over an empty store of one server that
    /// counts versions one by one, such as the embedded one. If the inner store returns no tokens,
    /// a restart only empties it.
    ///
    /// It counts as memcached does, from 1 in each of its lives. So soon after a restart, another
    /// client's value has the number of an earlier one.
    pub fn with_lives(inner: S, lives: Lives) -> Self {
        let inner = Arc::new(inner);
        let lived = Lived::begin(lives, Arc::clone(&inner) as _);
        let faults = Arc::new(Faults::of(lived));
        Self { inner, faults, ends: None }
    }
}

impl<S: Store + ?Sized> FaultyStore<S> {
    /// Begins a new life: everything stored through it is gone. If it was made [with
    /// lives](Self::with_lives), versions are counted from 1 again.
    pub fn restart(&self) {
        match &self.faults.lived {
            Some(lived) => lived.restart(self.faults.take_keys()),
            None => self.evict_all(),
        }
    }

    /// Evicts a value.
    pub fn evict(&self, key: &[u8]) {
        delete(&*self.inner, key);
    }

    /// Evicts all values stored through it.
    pub fn evict_all(&self) {
        for key in self.faults.take_keys() {
            self.evict(&key);
        }
    }
}

impl<S: ?Sized> FaultyStore<S> {
    /// Goes on over another connection to the same life. Tokens of the former one prove nothing, if
    /// it was made with lives that look [alike](Lives::Alike); otherwise nothing happens.
    pub fn reconnect(&self) {
        if let Some(lived) = &self.faults.lived {
            lived.numbering().reconnect();
        }
    }

    /// Sets the chances of faults, from now on.
    pub fn set_rates(&self, rates: Rates) {
        self.faults.plan().rates = rates;
    }

    /// Makes the operation fail that comes `n` operations from now. 0 is the next one.
    pub fn fail_in(&self, n: usize, fault: Fault) {
        self.faults.plan().fail_in(n, fault);
    }

    /// Makes the operation fail that comes `n` operations after the next change. 0 is that change.
    /// Looks before it are not counted.
    pub fn fail_once_writing(&self, n: usize, fault: Fault) {
        self.faults.plan().once_writing.insert(n, fault);
    }

    /// Makes every operation fail that has no other planned fault. `None` ends this.
    pub fn fail_always(&self, fault: Option<Fault>) {
        self.faults.plan().always = fault;
    }

    /// Removes all planned faults, and sets all rates to 0.
    pub fn clear(&self) {
        self.faults.plan().clear();
    }

    /// Returns how many loads there were.
    #[must_use]
    pub fn loads(&self) -> usize {
        self.counted(|plan| plan.loads)
    }

    /// Returns how many batches of loads there were.
    #[must_use]
    pub fn load_batches(&self) -> usize {
        self.counted(|plan| plan.load_batches)
    }

    /// Returns how many batches of changes there were.
    #[must_use]
    pub fn change_batches(&self) -> usize {
        self.counted(|plan| plan.change_batches)
    }

    /// Returns how many changes there were.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.counted(|plan| plan.changes)
    }

    fn counted(&self, what: fn(&Plan) -> usize) -> usize {
        what(&self.faults.plan())
    }

    /// Returns the inner store.
    #[must_use]
    pub fn inner(&self) -> &S {
        &self.inner
    }
}
