//! What a definition says about lifetimes.

use std::time::{Duration, SystemTime};

use super::{DictDef, ttl::Ttl};
use crate::track::Tracked;

impl<T: Tracked> DictDef<T> {
    /// Sets how long a value lives after its last write: at least this long, unless it is evicted,
    /// and at most about a second longer, because stores count whole seconds. Without it, a value
    /// lives until the store needs the room. Neither a read nor a commit that finds the value
    /// unchanged extends its life, unless the dictionary is [`sliding`](Self::sliding).
    #[must_use]
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.options.lifetime.ttl = Ttl::For(ttl);
        self
    }

    /// Sets [`ttl`](Self::ttl), in seconds.
    #[must_use]
    pub const fn ttl_secs(self, secs: u64) -> Self {
        self.ttl(Duration::from_secs(secs))
    }

    /// Sets that each value lives until this time, by this machine's clock.
    #[must_use]
    pub const fn expires_at(mut self, end: SystemTime) -> Self {
        self.options.lifetime.ttl = Ttl::Until(end);
        self
    }

    /// Sets that each load that finds a value begins its [`ttl`](Self::ttl) anew, in the same round
    /// trip: what is used stays. A session loads a key once, so it extends a life once. Following a
    /// [`Link`](crate::Link) extends none.
    ///
    /// A load from a store that cannot do this fails with
    /// [`Unsupported`](crate::Error::Unsupported).
    ///
    /// ```
    /// use memdict::{Cache, DictDef};
    ///
    /// static VISITS: DictDef<u64> = DictDef::new("visits").ttl_secs(1_800).sliding();
    ///
    /// let cache = Cache::open("memory:")?;
    /// cache.transaction(|session| session.dict(&VISITS).insert("ann", 1))?;
    /// let session = cache.session();
    /// // Half an hour begins anew. A visit that is longer ago is a miss.
    /// if let Some(visits) = session.dict(&VISITS).get("ann")? {
    ///     assert_eq!(*visits, 1);
    /// }
    /// # Ok::<_, memdict::Error>(())
    /// ```
    #[must_use]
    pub const fn sliding(mut self) -> Self {
        self.options.lifetime.slides = true;
        self
    }

    /// Sets that a write keeps the end of life of the value that it replaces ([`Ttl::Keep`]); the
    /// [`ttl`](Self::ttl) is that of a value which is created. This is what a rate limiter and a
    /// one-time code need: however often they are written, they end when they were to.
    ///
    /// The value has to be read in the session. An [`insert`](crate::MemcachedDict::insert) without
    /// a read begins a new life. A commit to a store that does not tell how much life a value has
    /// left fails with [`Unsupported`](crate::Error::Unsupported), and sends nothing.
    ///
    /// ```
    /// use memdict::{Cache, DictDef};
    ///
    /// static TRIES: DictDef<u32> = DictDef::new("tries").ttl_secs(60).keep_ttl();
    ///
    /// let cache = Cache::open("memory:")?;
    /// // A minute after the first try, the count is gone, whatever happened since.
    /// let may_try = cache.transaction(|session| {
    ///     let mut tries = session.dict(&TRIES).entry("ann")?.or_default();
    ///     *tries += 1;
    ///     Ok(*tries <= 5)
    /// })?;
    /// assert!(may_try);
    /// # Ok::<_, memdict::Error>(())
    /// ```
    #[must_use]
    pub const fn keep_ttl(mut self) -> Self {
        self.options.lifetime.keeps = true;
        self
    }
}
